/* ladder_files.c -- a climb in full, for other programs; the fields are those of
 * docs/formats.md. */
#include "diag/ladder.h"
#include "diag/report.h"

#include <string.h>

/* ---- TSV -------------------------------------------------------------------- */

static void tsv_row(FILE *out, int number, const struct bp_rung *rung,
                    const struct bp_rung_look *look)
{
    fprintf(out, "%d\t", number);
    bp_report_field(out, rung->title);
    fprintf(out, "\t%s\t", bp_rung_outcome_text(rung->outcome));
    if (look != NULL)
        bp_report_field(out, look->what);
    fputc('\t', out);
    if (look != NULL)
        bp_report_field(out, look->seen);
    fprintf(out, "\t%s\n", look == NULL ? "" : bp_rung_outcome_text(look->outcome));
}

void bp_ladder_tsv(FILE *out, const struct bp_ladder *ladder)
{
    fputs("rung\ttitle\toutcome\tlook\tseen\tlook_outcome\n", out);
    for (int k = 0; k < BP_RUNGS; k++) {
        const struct bp_rung *rung = &ladder->rung[k];
        if (rung->n_looks == 0)
            tsv_row(out, k + 1, rung, NULL);
        for (size_t i = 0; i < rung->n_looks; i++)
            tsv_row(out, k + 1, rung, &rung->look[i]);
    }
}

/* ---- JSON ------------------------------------------------------------------- */

static json_t *look_object(const struct bp_rung_look *look)
{
    return json_pack("{s:o, s:o, s:s}", "look", bp_report_json_text(look->what), "seen",
                     bp_report_json_text(look->seen), "outcome",
                     bp_rung_outcome_text(look->outcome));
}

static json_t *rung_object(int number, const struct bp_rung *rung)
{
    json_t *looks = json_array();
    for (size_t k = 0; looks != NULL && k < rung->n_looks; k++)
        if (json_array_append_new(looks, look_object(&rung->look[k])) != 0) {
            json_decref(looks);
            looks = NULL;
        }
    return json_pack("{s:i, s:o, s:o, s:s, s:o, s:o, s:o}", "rung", number, "title",
                     bp_report_json_text(rung->title), "proves", bp_report_json_text(rung->proves),
                     "outcome", bp_rung_outcome_text(rung->outcome), "looks", looks, "means",
                     bp_report_json_text(rung->means), "next", bp_report_json_text(rung->next));
}

json_t *bp_ladder_json(const struct bp_ladder *ladder)
{
    json_t *rungs = json_array();
    for (int k = 0; rungs != NULL && k < BP_RUNGS; k++)
        if (json_array_append_new(rungs, rung_object(k + 1, &ladder->rung[k])) != 0) {
            json_decref(rungs);
            rungs = NULL;
        }
    return json_pack(
        "{s:o, s:i, s:o, s:I, s:I, s:I, s:o, s:o, s:o}", "name", bp_report_json_text(ladder->name),
        "stops_at", ladder->broke, "rate", bp_report_number(ladder->rate), "starts",
        (json_int_t)ladder->starts, "seed", (json_int_t)ladder->seed, "calls",
        (json_int_t)ladder->calls, "rungs", rungs, "worksheet",
        ladder->worksheet == NULL ? json_null() : bp_report_json_text(ladder->worksheet),
        "findings", bp_report_json(&ladder->findings));
}
