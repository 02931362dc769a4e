/* csv.c -- see csv.h. */
#include "core/csv.h"

#include "core/input.h"
#include "core/mem.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const char *path;       /* borrowed */
    const char *begin;      /* of the line */
    const char *end;        /* of the line, its LF or CRLF left out */
    const char *limit;      /* of the file */
    size_t line;            /* from 1 */
    size_t columns;         /* expected */
    struct bp_error *error; /* borrowed */
};

/* ---- lines and fields ---------------------------------------------------- */

/* The line that begins here; its end is found, the file's last needs none. */
static void measure_line(struct reader *r, const char *begin)
{
    const char *newline = memchr(begin, '\n', (size_t)(r->limit - begin));
    r->begin = begin;
    r->end = newline == NULL ? r->limit : newline;
    if (r->end > begin && r->end[-1] == '\r')
        r->end--;
    r->line++;
}

/* Where the next line begins: behind the LF. NULL after the last. */
static const char *next_line(const struct reader *r)
{
    const char *c = r->end;
    while (c < r->limit && *c != '\n')
        c++;
    return c + 1 < r->limit ? c + 1 : NULL;
}

static const char *field_end(const struct reader *r, const char *field)
{
    const char *comma = memchr(field, ',', (size_t)(r->end - field));
    return comma == NULL ? r->end : comma;
}

static bool is_blank(const char *from, const char *to)
{
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    return from == to;
}

/* Copies a field without the blanks around it; false when it does not fit. */
static bool trim(const char *from, const char *to, char *text)
{
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    const size_t n = (size_t)(to - from);
    const size_t kept = n < BP_CSV_NUMBER_MAX ? n : BP_CSV_NUMBER_MAX;
    memcpy(text, from, kept);
    text[kept] = '\0';
    return n == kept && memchr(text, '\0', n) == NULL;
}

/* Only what a decimal number is written with: strtod() alone would also take
 * nan, infinity and 0x1p3. */
static bool is_number(const char *text, double *value)
{
    char *end = NULL;
    if (text[0] == '\0' || text[strspn(text, "0123456789+-.eE")] != '\0')
        return false;
    *value = strtod(text, &end);
    return *end == '\0';
}

/* ---- one line ---------------------------------------------------------------- */

static enum bp_status refuse(const struct reader *r, const char *field, const char *text,
                             const char *why)
{
    return bp_error_set(r->error, BP_EINPUT, "%.300s:%zu:%zu: '%.40s'%s: %s", r->path, r->line,
                        (size_t)(field - r->begin) + 1, text, strlen(text) > 40 ? "..." : "", why);
}

static enum bp_status read_number(const struct reader *r, const char *field, double *value)
{
    char text[BP_CSV_NUMBER_MAX + 1];
    const char *end = field_end(r, field);
    if (memchr(field, '\0', (size_t)(end - field)) != NULL)
        return refuse(r, field, "\\0", "a zero byte, expected a number");
    if (!trim(field, end, text))
        return refuse(r, field, text, "longer than any number, expected one of at most 400 bytes");
    if (!is_number(text, value))
        return refuse(r, field, text, "expected a number");
    if (!isfinite(*value))
        return refuse(r, field, text, "too large for a double, expected a finite number");
    return BP_OK;
}

static size_t count_fields(const struct reader *r)
{
    size_t n = 1;
    for (const char *c = r->begin; c < r->end; c++)
        n += *c == ',';
    return n;
}

static const char *other_separator(const struct reader *r)
{
    for (const char *c = r->begin; c < r->end; c++)
        if (*c == ';' || *c == '\t')
            return *c == ';' ? " (separated by commas, not ';')"
                             : " (separated by commas, not tabs)";
    return "";
}

static enum bp_status check_columns(const struct reader *r)
{
    const size_t n = count_fields(r);
    if (is_blank(r->begin, r->end))
        return bp_error_set(r->error, BP_EINPUT, "%.300s:%zu:1: empty line, expected %zu numbers",
                            r->path, r->line, r->columns);
    if (n == r->columns)
        return BP_OK;
    const char *hint = n == 1 && r->columns > 1 ? other_separator(r) : "";
    /* the place: the first field too many, or the end where fields are missing */
    const char *place = r->begin;
    for (size_t k = 0; k < r->columns && place < r->end; k++)
        place = field_end(r, place) + (k + 1 < n);
    return bp_error_set(r->error, BP_EINPUT, "%.300s:%zu:%zu: %zu columns, expected %zu%s", r->path,
                        r->line, (size_t)(place - r->begin) + 1, n, r->columns, hint);
}

static enum bp_status read_line(const struct reader *r, double *x, size_t n_in, double *t)
{
    enum bp_status status = check_columns(r);
    const char *field = r->begin;
    for (size_t k = 0; status == BP_OK && k < r->columns; k++) {
        status = read_number(r, field, k < n_in ? &x[k] : &t[k - n_in]);
        field = field_end(r, field) + 1;
    }
    return status;
}

/* ---- the file ---------------------------------------------------------------- */

/* A line of names: as many as columns, none of them a number, nan or empty. */
static bool is_header(const struct reader *r)
{
    const char *field = r->begin;
    if (count_fields(r) != r->columns)
        return false;
    for (;;) {
        char text[BP_CSV_NUMBER_MAX + 1];
        const char *end = field_end(r, field);
        if (!trim(field, end, text) || text[0] == '\0')
            return false;
        char *rest = NULL;
        strtod(text, &rest); /* takes nan and infinity too: those are no names */
        if (*rest == '\0')
            return false;
        if (end == r->end)
            return true;
        field = end + 1;
    }
}

static bool only_blank_left(const struct reader *r)
{
    for (const char *c = r->begin; c < r->limit; c++)
        if (strchr(" \t\r\n", *c) == NULL || *c == '\0')
            return false;
    return true;
}

/* Rows as they come: a row's room is made when its line is there. */
static enum bp_status read_rows(struct reader *r, struct bp_dataset *data, const char *begin)
{
    size_t rows = 0;
    for (; begin != NULL; begin = next_line(r)) {
        measure_line(r, begin);
        if (only_blank_left(r) || (rows == 0 && r->line == 1 && is_header(r)))
            continue;
        if (rows == data->n && bp_dataset_resize(data, 2 * rows) != BP_OK)
            return bp_error_set(r->error, BP_ENOMEM, "%.300s:%zu: out of memory", r->path, r->line);
        const enum bp_status status =
            read_line(r, data->x + rows * data->n_in, data->n_in, data->t + rows * data->n_out);
        if (status != BP_OK)
            return status;
        rows++;
    }
    if (rows == 0)
        return bp_error_set(r->error, BP_EINPUT,
                            "%.300s: no examples, expected lines of %zu numbers", r->path,
                            r->columns);
    if (bp_dataset_resize(data, rows) != BP_OK)
        return bp_error_set(r->error, BP_ENOMEM, "%.300s: out of memory", r->path);
    return BP_OK;
}

static void describe(struct bp_dataset *data, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    bp_dataset_find_classes(data);
    snprintf(data->title, sizeof data->title, "%.60s", name);
    snprintf(data->source, sizeof data->source, "%zu lines of %.200s", data->n, name);
}

enum bp_status bp_csv_read(struct bp_dataset *data, const char *path, size_t n_in, size_t n_out,
                           struct bp_error *error)
{
    assert(n_in > 0 && n_out > 0);
    struct bp_input input;
    *data = (struct bp_dataset){0};
    enum bp_status status = bp_input_read(&input, path, BP_CSV_BYTES_MAX, error);
    if (status != BP_OK)
        return status;
    status = bp_dataset_init(data, 16, n_in, n_out);
    if (status == BP_OK) {
        /* a byte order mark may come first */
        const bool marked = input.n >= 3 && memcmp(input.bytes, "\xef\xbb\xbf", 3) == 0;
        const char *begin = input.bytes + (marked ? 3 : 0);
        struct reader r = {
            .path = path, .limit = input.bytes + input.n, .columns = n_in + n_out, .error = error};
        status = read_rows(&r, data, begin < r.limit ? begin : NULL);
    } else {
        bp_error_set(error, status, "%.300s: out of memory", path);
    }
    bp_input_release(&input);
    if (status == BP_OK)
        describe(data, path);
    else
        bp_dataset_release(data);
    return status;
}
