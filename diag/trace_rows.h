/* trace_rows.h -- the rows of a trace's file: put together in memory, written in large
 * pieces.
 *
 * What rows have in common is made once: the place of a neuron when the file is opened,
 * span, kind, epoch and step for all neurons of a step. The rest is numbers
 * (trace_number.h). 784-30-10 has 120 rows of some 60 bytes a step.
 */
#ifndef BP_TRACE_ROWS_H
#define BP_TRACE_ROWS_H

#include "diag/trace.h"

struct bp_trace_moment {
    enum bp_trace_span span;
    size_t epoch, step;
};

/* Statistics of all neurons, layer after layer. */
struct bp_trace_stats {
    double *mean, *mean_abs, *zeros, *max, *flips;
};

struct bp_trace_rows;

/* width: of the layers 1 .. L, from [1] on. BP_ENOMEM; BP_EFILE with a line. */
enum bp_status bp_trace_rows_open(struct bp_trace_rows **rows, const char *path, size_t layers,
                                  const size_t *width, struct bp_error *error);

/* A row for each neuron. */
void bp_trace_rows_stats(struct bp_trace_rows *rows, const struct bp_trace_moment *moment,
                         enum bp_trace_kind kind, const struct bp_trace_stats *stats);

/* A row for one number in full; place: layer, neuron and sample, or -1 for -. */
void bp_trace_rows_value(struct bp_trace_rows *rows, const struct bp_trace_moment *moment,
                         enum bp_trace_kind kind, const long place[3], double value);

/* Puts the file in its place, once; BP_EFILE when some of it was lost. */
enum bp_status bp_trace_rows_keep(struct bp_trace_rows *rows, struct bp_error *error);

/* The same, but to PATH.part. */
enum bp_status bp_trace_rows_keep_part(struct bp_trace_rows *rows, struct bp_error *error);

/* A file that was not kept is removed. Accepts NULL. */
void bp_trace_rows_close(struct bp_trace_rows *rows);

#endif
