/* gradreport_files.c -- a gradient check in full, for other programs. */
#include "diag/gradreport.h"

#include "diag/report.h"

#include <math.h>

/* ---- TSV -------------------------------------------------------------------- */

static void tsv_row(FILE *out, const struct bp_gradcheck *check,
                    const struct bp_tensor_check *tensor, size_t i)
{
    const struct bp_entry entry = bp_gradcheck_entry(check, tensor, i);
    char name[BP_NAME_MAX];
    bp_gradcheck_name(check, tensor, i, name);
    fprintf(out, "%s\t%s\t%zu\t%zu\t%zu\t%.17g\t%.17g\t%.17g\t%.17g\t%s\n", tensor->name, name,
            tensor->layer, i / tensor->cols, i % tensor->cols, entry.backprop, entry.numeric,
            entry.error, entry.tolerance, bp_verdict_text(entry.verdict));
}

void bp_gradreport_tsv(FILE *out, const struct bp_gradcheck *check)
{
    fputs("tensor\tentry\tlayer\trow\tcol\tbackprop\tnumeric\terror\tallowed\tverdict\n", out);
    for (size_t k = 0; k < check->n_tensors + check->n_deltas; k++)
        for (size_t i = 0; i < check->tensor[k].count; i++)
            tsv_row(out, check, &check->tensor[k], i);
}

/* ---- JSON ------------------------------------------------------------------- */

/* Writes object and lets go of it; false when it could not be made. */
static bool dump(FILE *out, json_t *object)
{
    const bool good =
        object != NULL &&
        json_dumpf(object, out, bp_report_json_flags() | JSON_COMPACT | JSON_ENCODE_ANY) == 0;
    json_decref(object);
    return good || ferror(out); /* a full disk is seen when the file is closed */
}

static json_t *verdicts_of(const size_t verdicts[BP_VERDICTS])
{
    json_t *object = json_object();
    for (int v = 0; v < BP_VERDICTS; v++)
        json_object_set_new(object, bp_verdict_text((enum bp_verdict)v),
                            json_integer((json_int_t)verdicts[v]));
    return object;
}

static json_t *place_of(const struct bp_gradcheck *check, const struct bp_tensor_check *tensor,
                        size_t i)
{
    char name[BP_NAME_MAX];
    if (i >= tensor->count)
        return json_null();
    bp_gradcheck_name(check, tensor, i, name);
    return json_string(name);
}

static json_t *tensor_object(const struct bp_gradcheck *check, const struct bp_tensor_check *t)
{
    json_t *o = json_object();
    int bad = o == NULL;
    bad |= json_object_set_new(o, "name", json_string(t->name));
    bad |= json_object_set_new(o, "layer", json_integer((json_int_t)t->layer));
    bad |= json_object_set_new(o, "count", json_integer((json_int_t)t->count));
    bad |= json_object_set_new(o, "outcome", json_string(bp_outcome_text(t->outcome)));
    bad |= json_object_set_new(o, "verdicts", verdicts_of(t->verdicts));
    bad |= json_object_set_new(o, "largest", bp_report_number(t->largest));
    bad |= json_object_set_new(o, "relative", bp_report_number(t->relative));
    bad |= json_object_set_new(
        o, "relative_at", isnan(t->relative) ? json_null() : place_of(check, t, t->relative_at));
    bad |= json_object_set_new(o, "scaled", bp_report_number(t->scaled));
    bad |= json_object_set_new(o, "worst", place_of(check, t, t->worst));
    bad |= json_object_set_new(o, "not_finite_at", place_of(check, t, t->not_finite_at));
    bad |= json_object_set_new(o, "ratio_median", bp_report_number(t->ratio_median));
    bad |= json_object_set_new(o, "ratio_low", bp_report_number(t->ratio_low));
    bad |= json_object_set_new(o, "ratio_high", bp_report_number(t->ratio_high));
    bad |= json_object_set_new(o, "cosine", bp_report_number(t->cosine));
    bad |= json_object_set_new(o, "zeros_backprop", json_integer((json_int_t)t->zeros_backprop));
    bad |= json_object_set_new(o, "zeros_numeric", json_integer((json_int_t)t->zeros_numeric));
    bad |= json_object_set_new(o, "zeros_wrong", json_integer((json_int_t)t->zeros_wrong));
    if (bad == 0)
        return o;
    json_decref(o);
    return NULL;
}

static json_t *entry_row(const struct bp_gradcheck *check, const struct bp_tensor_check *tensor,
                         size_t i)
{
    const struct bp_entry entry = bp_gradcheck_entry(check, tensor, i);
    json_t *row = json_array();
    int bad = row == NULL;
    bad |= json_array_append_new(row, place_of(check, tensor, i));
    bad |= json_array_append_new(row, bp_report_number(entry.backprop));
    bad |= json_array_append_new(row, bp_report_number(entry.numeric));
    bad |= json_array_append_new(row, bp_report_number(entry.error));
    bad |= json_array_append_new(row, bp_report_number(entry.tolerance));
    bad |= json_array_append_new(row, json_string(bp_verdict_text(entry.verdict)));
    if (bad == 0)
        return row;
    json_decref(row);
    return NULL;
}

static bool dump_field(FILE *out, const char *name, json_t *value)
{
    fprintf(out, "\"%s\":", name);
    const bool good = dump(out, value);
    fputs(",\n", out);
    return good;
}

static bool dump_head(FILE *out, const struct bp_gradcheck *check)
{
    const struct bp_numdiff *d = &check->numeric;
    bool good = dump_field(out, "outcome", json_string(bp_outcome_text(check->outcome)));
    good = dump_field(out, "verdicts", verdicts_of(check->verdicts)) && good;
    good = dump_field(out, "delta_verdicts", verdicts_of(check->delta_verdicts)) && good;
    good = dump_field(out, "method", json_string(d->tier->name)) && good;
    good = dump_field(out, "assumes", json_string(d->tier->assumes)) && good;
    good = dump_field(out, "numeric_of", json_string(bp_numeric_text(check->of))) && good;
    good = dump_field(out, "evaluations", json_integer((json_int_t)d->evaluations)) && good;
    good = dump_field(out, "loss", bp_report_number(d->loss)) && good;
    good = dump_field(out, "loss_noise", bp_report_number(d->noise)) && good;
    good = dump_field(out, "precision", bp_report_number(check->precision)) && good;
    good = dump_field(out, "rtol", bp_report_number(check->rtol)) && good;
    good = dump_field(out, "step_noise", bp_report_number(check->noise)) && good;
    return dump_field(out, "factor", bp_report_number(check->factor)) && good;
}

enum bp_status bp_gradreport_json(FILE *out, const struct bp_gradcheck *check)
{
    const size_t tensors = check->n_tensors + check->n_deltas;
    fputs("{", out);
    bool good = dump_head(out, check);
    fputs("\"tensors\":[", out);
    for (size_t k = 0; k < tensors; k++) {
        fputs(k == 0 ? "\n" : ",\n", out);
        good = dump(out, tensor_object(check, &check->tensor[k])) && good;
    }
    fputs(
        "],\n\"columns\":[\"entry\",\"backprop\",\"numeric\",\"error\",\"allowed\",\"verdict\"],\n"
        "\"entries\":[",
        out);
    bool first = true;
    for (size_t k = 0; k < tensors; k++)
        for (size_t i = 0; i < check->tensor[k].count && good; i++, first = false) {
            fputs(first ? "\n" : ",\n", out);
            good = dump(out, entry_row(check, &check->tensor[k], i));
        }
    fputs("]}\n", out);
    return good ? BP_OK : BP_ENOMEM;
}

/* ---- files ------------------------------------------------------------------ */

static enum bp_status save_one(const struct bp_gradcheck *check, const char *path, bool json,
                               struct bp_error *error)
{
    struct bp_output output;
    enum bp_status status = bp_output_open(&output, path, error);
    if (status != BP_OK)
        return status;
    if (json)
        status = bp_gradreport_json(output.file, check);
    else
        bp_gradreport_tsv(output.file, check);
    if (status != BP_OK) {
        bp_output_drop(&output);
        return bp_error_set(error, status, "%s: out of memory", path);
    }
    return bp_output_keep(&output, error);
}

enum bp_status bp_gradreport_save(const struct bp_gradcheck *check, const char *tsv_path,
                                  const char *json_path, struct bp_error *error)
{
    enum bp_status status = BP_OK;
    if (tsv_path != NULL)
        status = save_one(check, tsv_path, false, error);
    if (status == BP_OK && json_path != NULL)
        status = save_one(check, json_path, true, error);
    return status;
}
