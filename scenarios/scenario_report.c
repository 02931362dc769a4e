/* scenario_report.c -- see scenario_report.h. */
#include "scenarios/scenario_report.h"

#include "diag/gradreport.h"
#include "diag/report.h"

#include <math.h>
#include <string.h>

static const char *when(bool colour, const char *code)
{
    return colour ? code : "";
}

/* ---- the report ------------------------------------------------------------------- */

static void settings(FILE *out, const struct bp_record *record)
{
    for (size_t k = 0; k < record->n_settings; k++) {
        char label[BP_RECORD_KEY + 4];
        snprintf(label, sizeof label, "%-9s ", record->setting[k].key);
        bp_report_wrap(out, 2, label, record->setting[k].value);
    }
}

static void training(FILE *out, const struct bp_record *record)
{
    char text[400];
    if (!record->trained)
        return;
    int n = snprintf(text, sizeof text, "loss %.4g", record->loss);
    if (!isnan(record->accuracy))
        n += snprintf(text + n, sizeof text - (size_t)n, ", accuracy %.1f %%",
                      100.0 * record->accuracy);
    if (!isnan(record->tested))
        n += snprintf(text + n, sizeof text - (size_t)n, " (%.1f %% on %zu others)",
                      100.0 * record->tested, record->data.test.n);
    n += snprintf(text + n, sizeof text - (size_t)n, " after %zu epochs, %zu steps", record->epochs,
                  record->steps);
    if (record->runs > 1)
        snprintf(text + n, sizeof text - (size_t)n, "; %zu of %zu seeds reach the goal",
                 record->reached, record->runs);
    else if (record->has_goal)
        snprintf(text + n, sizeof text - (size_t)n, "; the goal is %s",
                 record->goal_met ? "reached" : "missed");
    bp_report_wrap(out, 0, "training    ", text);
}

/* ---- where the gradient was checked ------------------------------------------------ */

static void say_end(FILE *out, const struct bp_record *record)
{
    char text[80];
    snprintf(text, sizeof text, "at the end, theta after %zu epochs", record->epochs);
    bp_report_wrap(out, 0, "gradcheck   ", text);
}

static void say_point(FILE *out, const struct bp_record *record)
{
    if (record->checked && record->check_at == BP_POINT_END)
        say_end(out, record);
    if (record->checked && record->check_at == BP_POINT_DRAWN)
        bp_report_wrap(out, 0, "gradcheck   ",
                       "at the start some derivatives are below the noise, so that nothing is "
                       "told; this is at a drawn point");
    else if (record->checked_end)
        bp_report_wrap(out, 0, "gradcheck   ", "at the start");
}

/* What putting the causes right did to the same run. */
static void proof(FILE *out, const struct bp_record *record)
{
    char text[2 * BP_RECORD_LINE];
    bp_record_proof(record, text, sizeof text);
    if (text[0] != '\0')
        bp_report_wrap(out, 0, "proof       ", text);
}

static void outcome(FILE *out, const struct bp_record *record, bool colour)
{
    bp_report_summary(out, record->name, &record->findings, colour);
    if (!record->expects)
        return;
    if (record->as_expected) {
        fprintf(out, "expected: %syes%s\n", when(colour, BP_HUE_GREEN), when(colour, BP_HUE_PLAIN));
        return;
    }
    fprintf(out, "expected: %sno%s\n", when(colour, BP_HUE_RED), when(colour, BP_HUE_PLAIN));
    if (record->missing[0] != '\0')
        bp_report_wrap(out, 2, "missing: ", record->missing);
    if (record->unexpected[0] != '\0')
        bp_report_wrap(out, 2, "not expected: ", record->unexpected);
    if (record->has_goal && !record->goal_met)
        fprintf(out, "  the goal was missed: %zu of %zu runs reach it\n", record->reached,
                record->runs);
}

enum bp_status bp_scenario_report(FILE *out, const struct bp_record *record,
                                  const struct bp_scenario_style *style)
{
    const struct bp_gradreport_style gradient = {.all = style->all, .colour = style->colour};
    fprintf(out, "%s%s: %s%s\n", when(style->colour, BP_HUE_BOLD), record->name, record->title,
            when(style->colour, BP_HUE_PLAIN));
    settings(out, record);
    fputc('\n', out);
    say_point(out, record);
    if (record->checked)
        bp_gradreport_brief(out, &record->check, &gradient);
    if (record->checked_end) {
        say_end(out, record);
        bp_gradreport_brief(out, &record->check_end, &gradient);
    }
    training(out, record);
    if (record->findings.n > 0) {
        fputc('\n', out);
        bp_report_text(out, &record->findings, style->colour);
    }
    proof(out, record);
    if (record->checked) {
        const enum bp_status status = bp_gradreport_details(out, &record->check, &gradient);
        if (status != BP_OK)
            return status;
    }
    if (record->checked_end) {
        fputc('\n', out);
        say_end(out, record);
        const enum bp_status status = bp_gradreport_details(out, &record->check_end, &gradient);
        if (status != BP_OK)
            return status;
    }
    fputc('\n', out);
    outcome(out, record, style->colour);
    return BP_OK;
}

/* ---- the table ----------------------------------------------------------------------- */

enum { VERDICT_MAX = 37 }; /* what 80 columns leave */

/* The first cause and how many more; what does not fit is cut, with an ellipsis. */
static void short_verdict(const struct bp_findings *findings, char *text, size_t size)
{
    char first[2 * BP_FINDING_NAME_MAX] = "healthy", more[24] = "";
    size_t causes = 0;
    for (size_t k = 0; k < findings->n; k++) {
        if (findings->item[k].note || findings->item[k].follows >= 0)
            continue;
        if (causes++ == 0)
            bp_finding_text(&findings->item[k], first, sizeof first);
    }
    if (causes > 1)
        snprintf(more, sizeof more, " +%zu", causes - 1);
    const size_t room = VERDICT_MAX - strlen(more);
    if (strlen(first) > room)
        memcpy(first + room - 3, "...", 4);
    snprintf(text, size, "%s%s", first, more);
}

static const char *gradient_word(bool checked, const struct bp_gradcheck *check)
{
    return !checked                                  ? "-"
           : check->outcome == BP_OUTCOME_AGREES     ? "right"
           : check->outcome == BP_OUTCOME_NOT_TESTED ? "not tested"
           : check->outcome == BP_OUTCOME_NOT_FINITE ? "not finite"
                                                     : "wrong";
}

void bp_scenario_table_head(FILE *out)
{
    fprintf(out, "%-20s %-10s %-9s %s\n", "scenario", "gradient", "loss", "verdict");
}

void bp_scenario_table_row(FILE *out, const struct bp_record *record, bool colour)
{
    char verdict[2 * BP_FINDING_NAME_MAX + 32], loss[24] = "-";
    short_verdict(&record->findings, verdict, sizeof verdict);
    if (record->trained)
        snprintf(loss, sizeof loss, "%.3g", record->loss);
    const char *gradient = gradient_word(record->checked, &record->check);
    if (record->checked_end && strcmp(gradient, "right") == 0 &&
        record->check_end.outcome != BP_OUTCOME_NOT_TESTED)
        gradient = gradient_word(true, &record->check_end);
    const bool bad = record->expects && !record->as_expected;
    fprintf(out, "%s%-20s %-10s %-9s %s%s\n", when(colour && bad, BP_HUE_RED), record->name,
            gradient, loss, verdict, when(colour && bad, BP_HUE_PLAIN));
    if (bad)
        fprintf(out, "%-20s not as expected: see %s/report.txt\n", "", record->name);
    if (record->data.note[0] != '\0')
        bp_report_wrap(out, 21, "", record->data.note);
}

/* ---- for programs ---------------------------------------------------------------------- */

static json_t *curves_json(const struct bp_record *record)
{
    json_t *list = json_array();
    for (size_t k = 0; list != NULL && k < record->n_curves; k++) {
        const struct bp_curve *curve = &record->curve[k];
        json_t *one = json_pack("{s:s, s:o, s:o, s:b}", "name", curve->name, "loss",
                                bp_report_number(curve->end_loss), "accuracy",
                                bp_report_number(curve->end_accuracy), "done", curve->done);
        if (one == NULL || json_array_append_new(list, one) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *settings_json(const struct bp_record *record)
{
    json_t *object = json_object();
    for (size_t k = 0; object != NULL && k < record->n_settings; k++)
        if (json_object_set_new(object, record->setting[k].key,
                                json_string(record->setting[k].value)) != 0) {
            json_decref(object);
            return NULL;
        }
    return object;
}

enum bp_status bp_scenario_json(FILE *out, const struct bp_record *record)
{
    char headline[200] = "", end[200] = "", proven[2 * BP_RECORD_LINE];
    if (record->checked)
        bp_gradreport_headline(&record->check, headline, sizeof headline);
    if (record->checked_end)
        bp_gradreport_headline(&record->check_end, end, sizeof end);
    bp_record_proof(record, proven, sizeof proven);
    json_t *root = json_pack(
        "{s:s, s:s, s:o?, s:s, s:s*, s:s*, s:o, s:o, s:o, s:I, s:I, s:o?, s:o?, s:s, s:b, s:b}",
        "name", record->name, "title", record->title, "settings", settings_json(record),
        "gradcheck", headline, "gradcheck_at",
        record->checked ? bp_record_point_text(record->check_at) : NULL, "gradcheck_end",
        record->checked_end ? end : NULL, "loss", bp_report_number(record->loss), "accuracy",
        bp_report_number(record->accuracy), "tested", bp_report_number(record->tested), "epochs",
        (json_int_t)record->epochs, "steps", (json_int_t)record->steps, "findings",
        bp_report_json(&record->findings), "runs", curves_json(record), "proof", proven, "expects",
        record->expects, "as_expected", record->as_expected);
    if (root == NULL)
        return BP_ENOMEM;
    const int failed = json_dumpf(root, out, bp_report_json_flags());
    json_decref(root);
    fputc('\n', out);
    return failed == 0 ? BP_OK : BP_ENOMEM;
}

void bp_scenario_losses(FILE *out, const struct bp_record *record)
{
    fprintf(out, "run\tepoch\tloss\taccuracy\n");
    for (size_t k = 0; k < record->n_curves; k++)
        for (size_t i = 0; i < record->curve[k].n; i++) {
            bp_report_field(out, record->curve[k].name);
            fprintf(out, "\t%.17g\t%.17g\t%.17g\n", record->curve[k].epoch[i],
                    record->curve[k].loss[i], record->curve[k].accuracy[i]);
        }
}
