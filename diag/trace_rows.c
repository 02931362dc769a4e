/* trace_rows.c -- see trace_rows.h. */
#include "diag/trace_rows.h"

#include "core/mem.h"
#include "diag/trace_number.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

/* PIECE is written at once; HEAD, PLACE and ROW are the longest that there can be. Heads
 * and places are copied whole, whatever their length. */
enum { PIECE = 1 << 18, HEAD = 64, PLACE = 32, ROW = 512 };

/* Columns that rows begin with, and how long they are. */
struct head {
    char text[HEAD];
    size_t size;
};
struct place {
    char text[PLACE];
    size_t size;
};

struct bp_trace_rows {
    struct bp_output output;
    char *buffer; /* owned, as are: */
    size_t used;
    int lost; /* why some of it could not be written; 0: all of it was */
    struct bp_numbers *numbers;
    struct place *place; /* of each neuron */
    size_t n_units;
};

/* ---- pieces ----------------------------------------------------------------- */

static void flush(struct bp_trace_rows *rows)
{
    if (rows->lost == 0 && fwrite(rows->buffer, 1, rows->used, rows->output.file) != rows->used)
        rows->lost = errno;
    rows->used = 0;
}

/* Where a row may be written. */
static char *room_for_row(struct bp_trace_rows *rows)
{
    if (rows->used + ROW > PIECE)
        flush(rows);
    return rows->buffer + rows->used;
}

static void row_done(struct bp_trace_rows *rows, char *end)
{
    *end++ = '\n';
    rows->used = (size_t)(end - rows->buffer);
    assert(rows->used <= PIECE);
}

/* ---- columns ---------------------------------------------------------------- */

static char *put_word(char *to, const char *word)
{
    while (*word != '\0')
        *to++ = *word++;
    *to++ = '\t';
    return to;
}

static char *put_count(char *to, size_t value)
{
    to = bp_number_put_count(to, value);
    *to++ = '\t';
    return to;
}

static char *put_place(char *to, long place)
{
    return place < 0 ? put_word(to, "-") : put_count(to, (size_t)place);
}

static char *put_head(char *to, const struct bp_trace_moment *moment, enum bp_trace_kind kind)
{
    to = put_word(to, bp_trace_span_text(moment->span));
    to = put_word(to, bp_trace_kind_text(kind));
    to = put_count(to, moment->epoch);
    return put_count(to, moment->step);
}

/* ---- rows ------------------------------------------------------------------- */

static void stats_row(struct bp_trace_rows *rows, const struct head *head,
                      const struct place *place, const double value[4], size_t flips)
{
    char *to = room_for_row(rows);
    memcpy(to, head->text, HEAD);
    to += head->size;
    memcpy(to, place->text, PLACE);
    to = bp_number_put_row(to + place->size, 4, value, rows->numbers);
    row_done(rows, bp_number_put_count(to, flips));
}

void bp_trace_rows_stats(struct bp_trace_rows *rows, const struct bp_trace_moment *moment,
                         enum bp_trace_kind kind, const struct bp_trace_stats *s)
{
    struct head head;
    head.size = (size_t)(put_head(head.text, moment, kind) - head.text);
    for (size_t u = 0; u < rows->n_units; u++) {
        const double value[] = {s->mean[u], s->mean_abs[u], s->max[u], s->zeros[u]};
        stats_row(rows, &head, &rows->place[u], value, (size_t)s->flips[u]);
    }
}

void bp_trace_rows_value(struct bp_trace_rows *rows, const struct bp_trace_moment *moment,
                         enum bp_trace_kind kind, const long place[3], double value)
{
    char *to = put_head(room_for_row(rows), moment, kind);
    for (int k = 0; k < 3; k++)
        to = put_place(to, place[k]);
    to += snprintf(to, BP_NUMBER_ROOM, "%.17g", value);
    row_done(rows, put_word(to, "\t-\t-\t-\t-") - 1);
}

/* ---- the file --------------------------------------------------------------- */

static const char COLUMNS[] =
    "span\tkind\tepoch\tstep\tlayer\tneuron\tsample\tmean\tmean_abs\tmax\t"
    "zeros\tflips\n";

static void make_places(struct bp_trace_rows *rows, size_t layers, const size_t *width)
{
    struct place *place = rows->place;
    for (size_t l = 1; l <= layers; l++)
        for (size_t i = 0; i < width[l]; i++, place++) {
            char *to = put_count(place->text, l);
            to = put_word(put_count(to, i), "-");
            place->size = (size_t)(to - place->text);
            assert(place->size <= PLACE);
        }
}

static enum bp_status make(struct bp_trace_rows *rows, size_t layers, const size_t *width)
{
    for (size_t l = 1; l <= layers; l++)
        rows->n_units += width[l];
    rows->buffer = bp_mem_new(PIECE, 1);
    rows->numbers = bp_mem_new(1, sizeof *rows->numbers);
    rows->place = bp_mem_new(rows->n_units, sizeof *rows->place);
    if (rows->buffer == NULL || rows->numbers == NULL || rows->place == NULL)
        return BP_ENOMEM;
    bp_numbers_init(rows->numbers);
    make_places(rows, layers, width);
    return BP_OK;
}

enum bp_status bp_trace_rows_open(struct bp_trace_rows **opened, const char *path, size_t layers,
                                  const size_t *width, struct bp_error *error)
{
    struct bp_trace_rows *rows = bp_mem_new(1, sizeof *rows);
    enum bp_status status = rows == NULL ? BP_ENOMEM : make(rows, layers, width);
    if (status == BP_OK)
        status = bp_output_open(&rows->output, path, error);
    if (status == BP_OK)
        fputs(COLUMNS, rows->output.file);
    else
        bp_trace_rows_close(rows);
    *opened = status == BP_OK ? rows : NULL;
    return status;
}

enum bp_status bp_trace_rows_keep(struct bp_trace_rows *rows, struct bp_error *error)
{
    if (rows->output.file == NULL)
        return BP_OK;
    flush(rows);
    const enum bp_status status = bp_output_keep(&rows->output, error);
    if (status == BP_OK || rows->lost == 0)
        return status;
    return bp_error_set(error, BP_EFILE, "%s: cannot be written: %s", rows->output.path,
                        strerror(rows->lost));
}

enum bp_status bp_trace_rows_keep_part(struct bp_trace_rows *rows, struct bp_error *error)
{
    char *path = rows->output.path;
    const size_t used = strlen(path);
    const size_t room = sizeof rows->output.path - used;
    if ((size_t)snprintf(path + used, room, ".part") >= room)
        return bp_error_set(error, BP_EFILE, "%.60s...: the path is too long", path);
    return bp_trace_rows_keep(rows, error);
}

void bp_trace_rows_close(struct bp_trace_rows *rows)
{
    if (rows == NULL)
        return;
    bp_output_drop(&rows->output);
    bp_mem_free(rows->buffer);
    bp_mem_free(rows->numbers);
    bp_mem_free(rows->place);
    bp_mem_free(rows);
}
