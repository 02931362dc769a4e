/* trace_read.c -- reads back what trace.c wrote, line by line. */
#include "diag/trace.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 1024, FIELDS = 12 };

static const char *const COLUMN[FIELDS] = {"span",   "kind", "epoch",    "step", "layer", "neuron",
                                           "sample", "mean", "mean_abs", "max",  "zeros", "flips"};

/* A file, where in it, and who is told. */
struct reader {
    const char *path;
    FILE *file;
    size_t line;
    struct bp_error *error;
};

static enum bp_status bad_line(const struct reader *reader, const char *column, const char *field,
                               const char *expected)
{
    return bp_error_set(reader->error, BP_EINPUT, "%s:%zu: %s is '%.40s': expected %s",
                        reader->path, reader->line, column, field, expected);
}

/* ---- fields ----------------------------------------------------------------- */

static size_t split(char *line, char *field[FIELDS + 1])
{
    size_t n = 0;
    for (char *at = line; n <= FIELDS; at++) {
        field[n++] = at;
        at = strchr(at, '\t');
        if (at == NULL)
            break;
        *at = '\0';
    }
    return n;
}

/* A whole number from 0, or - (which is -1). */
static bool read_place(const char *field, long *value)
{
    char *end;
    *value = -1;
    if (strcmp(field, "-") == 0)
        return true;
    if (!isdigit((unsigned char)field[0]))
        return false;
    errno = 0;
    *value = strtol(field, &end, 10);
    return *end == '\0' && errno == 0;
}

static bool read_value(const char *field, double *value)
{
    char *end;
    *value = NAN;
    if (strcmp(field, "-") == 0)
        return true;
    if (field[0] == '\0' || isspace((unsigned char)field[0]))
        return false;
    *value = strtod(field, &end);
    return *end == '\0';
}

static bool read_span(const char *field, enum bp_trace_span *span)
{
    for (int k = 0; k < BP_SPANS; k++)
        if (strcmp(field, bp_trace_span_text((enum bp_trace_span)k)) == 0) {
            *span = (enum bp_trace_span)k;
            return true;
        }
    return false;
}

static bool read_kind(const char *field, enum bp_trace_kind *kind)
{
    for (int k = 0; k < BP_TRACE_KINDS; k++)
        if (strcmp(field, bp_trace_kind_text((enum bp_trace_kind)k)) == 0) {
            *kind = (enum bp_trace_kind)k;
            return true;
        }
    return false;
}

static enum bp_status read_row(const struct reader *reader, char *line, struct bp_trace_row *row)
{
    char *field[FIELDS + 1];
    const size_t n = split(line, field);
    if (n != FIELDS)
        return bp_error_set(reader->error, BP_EINPUT, "%s:%zu: %s%zu field%s: expected %d",
                            reader->path, reader->line, n > FIELDS ? "more than " : "",
                            n > FIELDS ? (size_t)FIELDS : n, n == 1 ? "" : "s", FIELDS);
    if (!read_span(field[0], &row->span))
        return bad_line(reader, COLUMN[0], field[0], "step, epoch or sample");
    if (!read_kind(field[1], &row->kind))
        return bad_line(reader, COLUMN[1], field[1], "z, a, delta, loss or accuracy");
    long *const place[] = {&row->epoch, &row->step, &row->layer, &row->neuron, &row->sample};
    for (size_t k = 0; k < 5; k++)
        if (!read_place(field[2 + k], place[k]))
            return bad_line(reader, COLUMN[2 + k], field[2 + k], "a whole number from 0, or -");
    const bool of_neuron = (int)row->kind < BP_TRACE_NEURON_KINDS;
    if (of_neuron && row->layer < 1)
        return bad_line(reader, COLUMN[4], field[4], "the number of a layer, from 1");
    if (of_neuron && row->neuron < 0)
        return bad_line(reader, COLUMN[5], field[5], "the number of a neuron, from 0");
    double *const value[] = {&row->mean, &row->mean_abs, &row->max, &row->zeros, &row->flips};
    for (size_t k = 0; k < 5; k++)
        if (!read_value(field[7 + k], value[k]))
            return bad_line(reader, COLUMN[7 + k], field[7 + k], "a number, or -");
    return BP_OK;
}

/* ---- lines ------------------------------------------------------------------ */

static enum bp_status bad_text(const struct reader *reader, const char *why)
{
    return bp_error_set(reader->error, BP_EINPUT, "%s:%zu: %s", reader->path, reader->line, why);
}

/* As fgets(), but a zero byte is seen: the length, without the end of the line; -1 at the
 * end of the file, or with a status. */
static long take_line(struct reader *reader, char line[LINE], enum bp_status *status)
{
    long n = 0;
    int c;
    while ((c = getc_unlocked(reader->file)) != EOF && c != '\n') {
        if (c == '\0' || n == LINE - 1) {
            *status = bad_text(reader, c == '\0' ? "a zero byte: expected text"
                                                 : "the line is too long for a trace");
            return -1;
        }
        line[n++] = (char)c;
    }
    line[n] = '\0';
    if (c == '\n')
        return n;
    if (ferror(reader->file))
        *status = bp_error_set(reader->error, BP_EFILE, "%s: cannot be read: %s", reader->path,
                               strerror(errno));
    else if (n > 0)
        *status = bad_text(reader, "the line is cut short: the trace was not finished");
    return -1;
}

/* The next line without its end; false at the end of the file, or with a status. */
static bool next_line(struct reader *reader, char line[LINE], enum bp_status *status)
{
    *status = BP_OK;
    reader->line++;
    const long n = take_line(reader, line, status);
    if (n > 0 && line[n - 1] == '\r')
        line[n - 1] = '\0';
    return n >= 0;
}

static enum bp_status read_header(struct reader *reader)
{
    char line[LINE], *field[FIELDS + 1];
    enum bp_status status;
    bool good = next_line(reader, line, &status);
    if (status == BP_EFILE)
        return status;
    if (!good && status == BP_OK)
        return bp_error_set(reader->error, BP_EINPUT,
                            "%s: empty, not a trace: expected its columns in line 1", reader->path);
    good = good && split(line, field) == FIELDS;
    for (size_t k = 0; good && k < FIELDS; k++)
        good = strcmp(field[k], COLUMN[k]) == 0;
    return good ? BP_OK
                : bad_text(reader, "not a trace: expected the columns span, kind, epoch, ...");
}

/* ---- the filter ------------------------------------------------------------- */

static bool passes(const struct bp_trace_filter *f, const struct bp_trace_row *row)
{
    return (f->kinds == 0 || (f->kinds & BP_TRACE_BIT(row->kind)) != 0) &&
           (f->spans == 0 || (f->spans & (1u << row->span)) != 0) &&
           (f->layer == 0 || row->layer == f->layer) &&
           (f->neuron < 0 || row->neuron == f->neuron) &&
           (f->sample < 0 || row->sample == f->sample) && (f->from < 0 || row->step >= f->from) &&
           (f->to < 0 || row->step <= f->to);
}

enum bp_status bp_trace_filter_neuron(struct bp_trace_filter *filter, const char *text,
                                      struct bp_error *error)
{
    char copy[48], *colon;
    long layer = 0, neuron = -1;
    snprintf(copy, sizeof copy, "%s", text);
    colon = strchr(copy, ':');
    if (colon != NULL)
        *colon = '\0';
    const bool good = strlen(text) < sizeof copy && strcmp(copy, "-") != 0 &&
                      read_place(copy, &layer) && layer >= 1 &&
                      (colon == NULL || (read_place(colon + 1, &neuron) && neuron >= 0));
    if (!good)
        return bp_error_set(error, BP_EINPUT,
                            "neuron '%.40s': expected LAYER:NEURON such as 1:3, or LAYER", text);
    filter->layer = layer;
    filter->neuron = neuron;
    return BP_OK;
}

enum bp_status bp_trace_read(const char *path, const struct bp_trace_filter *filter, void *self,
                             bool (*row)(void *self, const struct bp_trace_row *row),
                             struct bp_error *error)
{
    struct reader reader = {path, fopen(path, "r"), 0, error};
    char line[LINE];
    if (reader.file == NULL)
        return bp_error_set(error, BP_EFILE, "%s: cannot be read: %s", path, strerror(errno));
    enum bp_status status = read_header(&reader);
    bool wanted = status == BP_OK;
    while (wanted && next_line(&reader, line, &status)) {
        struct bp_trace_row r;
        status = read_row(&reader, line, &r);
        wanted = status == BP_OK && (!passes(filter, &r) || row(self, &r));
    }
    fclose(reader.file);
    return status;
}

/* ---- a table ---------------------------------------------------------------- */

struct table {
    FILE *out;
    size_t n;
};

static void print_place(const struct bp_trace_row *row, char text[64])
{
    if (row->layer < 0)
        snprintf(text, 64, "%s", bp_trace_kind_text(row->kind));
    else if (row->sample < 0)
        snprintf(text, 64, "%s %ld:%ld", bp_trace_kind_text(row->kind), row->layer, row->neuron);
    else
        snprintf(text, 64, "%s %ld:%ld, sample %ld", bp_trace_kind_text(row->kind), row->layer,
                 row->neuron, row->sample);
}

static void print_cell(FILE *out, double value)
{
    if (isnan(value))
        fprintf(out, "%11s", "-");
    else
        fprintf(out, "%11.3g", value);
}

static void print_numbers(FILE *out, const struct bp_trace_row *row)
{
    if (isnan(row->mean_abs)) {
        fprintf(out, " %.17g\n", row->mean);
        return;
    }
    print_cell(out, row->mean);
    print_cell(out, row->mean_abs);
    print_cell(out, row->max);
    fprintf(out, "%7.0f%%%5.0f\n", 100.0 * row->zeros, row->flips);
}

/* Until nobody takes it any more. */
static bool print_row(void *self, const struct bp_trace_row *row)
{
    struct table *table = self;
    char place[64];
    if (table->n++ == 0)
        fprintf(table->out, "%-6s%8s  %-18s%11s%11s%11s%7s%6s\n", "of", "step", "what", "mean",
                "mean |.|", "max |.|", "zeros", "flips");
    print_place(row, place);
    fprintf(table->out, "%-6s%8ld  %-18s", bp_trace_span_text(row->span), row->step, place);
    print_numbers(table->out, row);
    return ferror(table->out) == 0;
}

enum bp_status bp_trace_print(FILE *out, const char *path, const struct bp_trace_filter *filter,
                              size_t *n, struct bp_error *error)
{
    struct table table = {out, 0};
    const enum bp_status status = bp_trace_read(path, filter, &table, print_row, error);
    if (n != NULL)
        *n = table.n;
    return status;
}
