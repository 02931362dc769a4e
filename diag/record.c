/* record.c -- see record.h. */
#include "diag/record.h"

#include "core/mem.h"
#include "diag/report.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *bp_record_point_text(enum bp_record_point point)
{
    return point == BP_POINT_START   ? "the start"
           : point == BP_POINT_DRAWN ? "a drawn point"
                                     : "the end";
}

void bp_record_release(struct bp_record *record)
{
    bp_dataset_close(&record->data);
    bp_mlp_release(&record->net);
    bp_mem_free(record->start);
    if (record->checked)
        bp_gradcheck_release(&record->check);
    if (record->checked_end)
        bp_gradcheck_release(&record->check_end);
    bp_symmetry_release(&record->symmetry);
    bp_course_release(&record->course);
    bp_findings_release(&record->findings);
    for (size_t k = 0; k < record->n_curves; k++)
        bp_curve_release(&record->curve[k]);
    bp_mem_free(record->worksheet);
    *record = (struct bp_record){0};
}

void bp_record_set(struct bp_record *record, const char *key, const char *format, ...)
{
    if (record->n_settings == BP_RECORD_SETTINGS)
        return;
    struct bp_record_setting *setting = &record->setting[record->n_settings++];
    snprintf(setting->key, sizeof setting->key, "%s", key);
    va_list args;
    va_start(args, format);
    vsnprintf(setting->value, sizeof setting->value, format, args);
    va_end(args);
}

/* A run that gets there all the same proves nothing by its loss. */
static void say_end(const struct bp_record *record, char *text, size_t size)
{
    const struct bp_curve *before = &record->curve[0], *after = &record->curve[1];
    if (before->done && after->done)
        bp_report_add(text, size, "; both get there: what is wrong does no harm in this run");
    else if (after->minimum)
        bp_report_add(text, size, " (at rest in a minimum that is not the best)");
    else if (!after->done)
        bp_report_add(text, size, " (not at its end yet)");
    if (record->starts > 0)
        bp_report_add(text, size, "; with this put right, %zu of %zu other starts get there",
                      record->starts_done, record->starts);
    if (record->starts_done > 0)
        bp_report_add(text, size, " (loss %.4g)", record->curve[2].end_loss);
}

void bp_record_proof(const struct bp_record *record, char *text, size_t size)
{
    text[0] = '\0';
    if (record->n_curves < 2)
        return;
    const struct bp_curve *before = &record->curve[0], *after = &record->curve[1];
    bp_report_add(text, size, "the same run %s:", after->name);
    if (record->proof_layer > 0)
        bp_report_add(text, size, " layer %zu is %zu wide in place of %zu,", record->proof_layer,
                      record->proof_width[1], record->proof_width[0]);
    bp_report_add(text, size, " loss %.4g in place of %.4g", after->end_loss, before->end_loss);
    if (!isnan(after->end_accuracy))
        bp_report_add(text, size, ", accuracy %.1f %% in place of %.1f %%",
                      100.0 * after->end_accuracy, 100.0 * before->end_accuracy);
    say_end(record, text, size);
}

enum bp_status bp_curve_init(struct bp_curve *curve, const char *name, size_t n)
{
    *curve = (struct bp_curve){.n = n, .end_loss = NAN, .end_accuracy = NAN};
    snprintf(curve->name, sizeof curve->name, "%s", name);
    curve->epoch = bp_mem_new(3 * n, sizeof *curve->epoch);
    if (curve->epoch == NULL)
        return BP_ENOMEM;
    curve->loss = curve->epoch + n;
    curve->accuracy = curve->loss + n;
    return BP_OK;
}

void bp_curve_release(struct bp_curve *curve)
{
    bp_mem_free(curve->epoch);
    *curve = (struct bp_curve){0};
}

enum bp_status bp_curve_from(struct bp_curve *curve, const char *name,
                             const struct bp_course *course)
{
    const enum bp_status status = bp_curve_init(curve, name, course->n_losses);
    if (status != BP_OK)
        return status;
    for (size_t k = 0; k < course->n_losses; k++) {
        curve->epoch[k] = (double)(k * course->stride + 1);
        curve->loss[k] = course->losses[k];
        curve->accuracy[k] = course->accuracies[k];
    }
    return BP_OK;
}

enum bp_status bp_record_score(const struct bp_mlp *net, const struct bp_dataset *data,
                               double *loss, double *accuracy)
{
    enum { CHUNK = 256 };
    struct bp_pass pass;
    const size_t room = data->n < CHUNK ? data->n : CHUNK;
    const enum bp_status status = bp_pass_init(&pass, net, room);
    if (status != BP_OK)
        return status;
    const double *a = pass.a[net->spec.layers];
    size_t right = 0;
    *loss = 0.0;
    for (size_t first = 0; first < data->n; first += room) {
        const size_t n = data->n - first < room ? data->n - first : room;
        const double *t = data->t + first * data->n_out;
        bp_pass_forward(&pass, n, data->x + first * data->n_in);
        for (size_t s = 0; s < n; s++) {
            *loss += bp_pass_sample_loss(&pass, t, s);
            right += data->classes > 0 && bp_dataset_class(data, a + s * data->n_out) ==
                                              bp_dataset_class(data, t + s * data->n_out);
        }
    }
    *loss = isnan(*loss) ? NAN : *loss / (double)data->n; /* a NaN's sign means nothing */
    *accuracy = data->classes > 0 ? (double)right / (double)data->n : NAN;
    bp_pass_release(&pass);
    return BP_OK;
}
