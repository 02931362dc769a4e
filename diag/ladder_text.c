/* ladder_text.c -- the climb in words (see ladder.h). */
#include "diag/ladder.h"
#include "diag/report.h"

#include <string.h>

static const char *hue_of(enum bp_rung_outcome outcome)
{
    return outcome == BP_RUNG_PASSED  ? BP_HUE_GREEN
           : outcome == BP_RUNG_BROKE ? BP_HUE_RED
                                      : BP_HUE_YELLOW;
}

static void print_look(FILE *out, const struct bp_rung_look *look)
{
    const char *mark = look->outcome == BP_RUNG_PASSED  ? "ok"
                       : look->outcome == BP_RUNG_BROKE ? "WRONG"
                                                        : "-";
    char label[16];
    snprintf(label, sizeof label, "%-7s", mark);
    bp_report_wrap(out, 2, label, look->what);
    if (look->seen[0] != '\0')
        bp_report_wrap(out, 11, "", look->seen);
}

static void print_rung(FILE *out, int number, const struct bp_rung *rung, bool colour)
{
    char head[128];
    const char *outcome = bp_rung_outcome_text(rung->outcome);
    snprintf(head, sizeof head, "rung %d  %s", number, rung->title);
    fprintf(out, "\n%-*s%s%s%s\n", BP_REPORT_WIDTH - 12, head, colour ? hue_of(rung->outcome) : "",
            outcome, colour ? BP_HUE_PLAIN : "");
    if (rung->outcome == BP_RUNG_NOT_REACHED)
        return;
    bp_report_wrap(out, 2, "proves ", rung->proves);
    for (size_t k = 0; k < rung->n_looks; k++)
        print_look(out, &rung->look[k]);
    if (rung->outcome != BP_RUNG_BROKE)
        return;
    bp_report_wrap(out, 2, "means  ", rung->means);
    bp_report_wrap(out, 2, "next   ", rung->next);
}

static size_t passed(const struct bp_ladder *ladder)
{
    size_t n = 0;
    for (int k = 0; k < BP_RUNGS; k++)
        n += ladder->rung[k].outcome == BP_RUNG_PASSED;
    return n;
}

static void print_headline(FILE *out, const struct bp_ladder *ladder)
{
    char text[200];
    if (ladder->broke != 0)
        snprintf(text, sizeof text, "%s: stops at rung %d, %s", ladder->name, ladder->broke,
                 ladder->rung[ladder->broke - 1].title);
    else
        snprintf(text, sizeof text, "%s: %zu of %d rungs passed%s", ladder->name, passed(ladder),
                 BP_RUNGS, passed(ladder) < BP_RUNGS ? ", the others left out" : "");
    bp_report_wrap(out, 0, "ladder      ", text);
    snprintf(text, sizeof text, "starts from normal(0, 1), %zu of each, seed %llu; %zu calls",
             ladder->starts, (unsigned long long)ladder->seed, ladder->calls);
    bp_report_wrap(out, 12, "", text);
}

/* Indented, line by line; of a large network the beginning. */
static void print_worksheet(FILE *out, const char *text)
{
    enum { MOST = 40 };
    size_t lines = 0;
    fputs("\nby hand     the forward pass of one sample\n", out);
    for (; *text != '\0'; lines++) {
        const size_t line = strcspn(text, "\n");
        if (lines < MOST)
            fprintf(out, "  %.*s\n", (int)line, text);
        text += line + (text[line] == '\n');
    }
    if (lines > MOST)
        fprintf(out, "  ... (%zu lines more)\n", lines - MOST);
}

void bp_ladder_text(FILE *out, const struct bp_ladder *ladder, bool colour)
{
    print_headline(out, ladder);
    for (int k = 0; k < BP_RUNGS; k++)
        print_rung(out, k + 1, &ladder->rung[k], colour);
    if (ladder->worksheet != NULL)
        print_worksheet(out, ladder->worksheet);
    if (ladder->findings.n > 0) {
        fputc('\n', out);
        bp_report_text(out, &ladder->findings, colour);
    }
    fputc('\n', out);
    bp_report_summary(out, ladder->name, &ladder->findings, colour);
}
