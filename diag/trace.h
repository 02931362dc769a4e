/* trace.h -- what does each neuron do, at each step, for each sample?
 *
 * Three looks of growing detail:
 *
 *     statistics  per neuron and per epoch (or every k-th step): of z, a and delta
 *                 over the samples seen: mean, mean of the absolute value, largest
 *                 absolute value, share of exact zeros; and flips: how often the
 *                 mean over a batch changed sign from one step to the next
 *     samples     z, a and delta of every neuron for chosen samples, in full
 *     worksheet   each sum of one forward and backward pass with its numbers, to
 *                 check by hand
 *
 * All goes to a file of tab-separated values as it is seen; the memory is
 * O(n_units), whatever the length of the run. The run itself is not touched:
 * training with a trace ends in the same bits as without.
 *
 * Columns:
 *
 *     span    step, epoch or sample: what the row is of
 *     kind    z, a, delta; loss, accuracy (of an epoch: each sample at the theta it
 *             was seen with)
 *     epoch, step, layer, neuron, sample    from 0, layers from 1; - where it says
 *             nothing. The step of an epoch row is the number of steps done
 *     mean, mean_abs, max, zeros, flips     six digits; of a sample or a loss the
 *             value alone, under mean, with 17 digits
 */
#ifndef BP_TRACE_H
#define BP_TRACE_H

#include "core/dataset.h"
#include "core/sgd.h"
#include "diag/report.h"

#define BP_TRACE_KIND_LIST(X)                                                                      \
    X(BP_TRACE_Z, "z")                                                                             \
    X(BP_TRACE_A, "a")                                                                             \
    X(BP_TRACE_DELTA, "delta")                                                                     \
    X(BP_TRACE_LOSS, "loss")                                                                       \
    X(BP_TRACE_ACCURACY, "accuracy")

#define BP_TRACE_KIND_ENUM(name, text) name,
enum bp_trace_kind { BP_TRACE_KIND_LIST(BP_TRACE_KIND_ENUM) BP_TRACE_KINDS };
#undef BP_TRACE_KIND_ENUM

enum bp_trace_span { BP_SPAN_STEP, BP_SPAN_EPOCH, BP_SPAN_SAMPLE, BP_SPANS };

enum { BP_TRACE_NEURON_KINDS = 3 /* z, a, delta */ };

/* A bit for each kind. */
#define BP_TRACE_BIT(kind) (1u << (kind))

struct bp_neuron_stats {
    double mean, mean_abs, max;
    double zeros; /* share of exact zeros */
    size_t flips;
};

struct bp_trace_options {
    const char *path;              /* of the file; NULL: none, statistics in memory only */
    unsigned kinds;                /* BP_TRACE_BIT()s of z, a, delta; 0: all three */
    size_t every_step;             /* rows at step 0, k, 2k, ...; 0: none */
    size_t every_epoch;            /* rows at the end of each k-th epoch; 0: each */
    bool course_only;              /* of an epoch loss and accuracy alone: it is one step */
    const struct bp_dataset *data; /* borrowed, for accuracy and samples; may be NULL */
    size_t n_samples;
    const size_t *sample; /* borrowed: examples of data to show in full, at each of ... */
    size_t n_at;
    const size_t *at; /* borrowed: ... these steps (theta is that before the step), ascending */
};

struct bp_trace_sums;
struct bp_trace_rows;

struct bp_trace {
    struct bp_trace_options options;
    struct bp_observer observer; /* hand this to bp_sgd_run() */
    size_t layers, n_units;
    size_t *width, *unit;       /* [0 .. layers], owned with one block */
    struct bp_trace_sums *sums; /* owned */
    size_t samples;             /* seen in this epoch */
    size_t right;               /* of them, classified right */
    size_t next_at;             /* the next of options.at */
    double loss, accuracy;      /* of the epoch done last; NaN before, or without classes */
    struct bp_pass pass;        /* of the samples in full */
    double *x, *t, *grad;       /* owned with one block: the samples in full */
    struct bp_trace_rows *rows; /* owned: the file; NULL without one */
};

/* net is that which will be trained, or any of its shape. BP_ENOMEM; BP_EFILE with a
 * line; BP_EINPUT when a sample is not in data. */
enum bp_status bp_trace_init(struct bp_trace *trace, const struct bp_mlp *net,
                             const struct bp_trace_options *options, struct bp_error *error);

/* Puts the file in its place; BP_EFILE when some of it was lost. */
enum bp_status bp_trace_finish(struct bp_trace *trace, struct bp_error *error);

/* A run that failed on the way: the rows up to there go to PATH.part, and what is at PATH
 * stays. In place of bp_trace_finish(). */
enum bp_status bp_trace_finish_part(struct bp_trace *trace, struct bp_error *error);

/* Without bp_trace_finish() before, the file is dropped. */
void bp_trace_release(struct bp_trace *trace);

/* A step of any program, not only of core: arrays per layer 1 .. L, n x width each;
 * those of kinds that are not traced may be NULL. right: how many were classified
 * right. */
void bp_trace_step(struct bp_trace *trace, size_t step, size_t epoch, size_t n, double *const *z,
                   double *const *a, double *const *delta, size_t right);

/* The end of an epoch; loss: mean over its samples. Statistics begin anew. */
void bp_trace_epoch(struct bp_trace *trace, size_t epoch, size_t steps, double loss);

/* Of the epoch done last. */
struct bp_neuron_stats bp_trace_stats(const struct bp_trace *trace, enum bp_trace_kind kind,
                                      size_t layer, size_t neuron);

const char *bp_trace_kind_text(enum bp_trace_kind kind);
const char *bp_trace_span_text(enum bp_trace_span span);

/* ---- worksheet -------------------------------------------------------------- */

/* Prints the forward pass of one sample, sum by sum; with t (its targets) the loss
 * and the deltas too. Long sums are cut to their largest terms; of each layer the first
 * `most` neurons are printed, and the others counted.
 *
 *     layer 1, neuron 0: z = 1*0.31 + 0*-0.22 + 0.1 = 0.41, a = sigmoid(0.41) = 0.601088
 */
enum bp_status bp_worksheet_print(FILE *out, const struct bp_mlp *net, const double *x,
                                  const double *t, size_t most);

/* The same as text, owned; NULL when there is no memory. BP_ENOMEM. */
enum bp_status bp_worksheet_text(const struct bp_mlp *net, const double *x, const double *t,
                                 size_t most, char **text);

enum { BP_WORKSHEET_NEURONS = 8 }; /* of a layer, in reports: more is not for a pencil */

/* ---- reading ---------------------------------------------------------------- */

struct bp_trace_row {
    enum bp_trace_span span;
    enum bp_trace_kind kind;
    long epoch, step, layer, neuron, sample;  /* -1: - */
    double mean, mean_abs, max, zeros, flips; /* NaN: - */
};

/* What is wanted; {0} with neuron, sample, from and to at -1 is all. */
struct bp_trace_filter {
    unsigned kinds; /* bits; 0: all */
    unsigned spans; /* bits 1 << span; 0: all */
    long layer;     /* 0: all */
    long neuron;    /* -1: all */
    long sample;    /* -1: all */
    long from, to;  /* steps, both included; -1: no end */
};

/* "1:3" (layer 1, neuron 3) or "1" into the filter. BP_EINPUT with a line. */
enum bp_status bp_trace_filter_neuron(struct bp_trace_filter *filter, const char *text,
                                      struct bp_error *error);

/* Calls row for each row of the file that the filter lets through, until it returns
 * false. BP_EFILE, BP_EINPUT with file, line and what was expected there: the rows
 * before have been handed out. */
enum bp_status bp_trace_read(const char *path, const struct bp_trace_filter *filter, void *self,
                             bool (*row)(void *self, const struct bp_trace_row *row),
                             struct bp_error *error);

/* The rows as a table of 80 columns; *n is how many there were. n may be NULL. */
enum bp_status bp_trace_print(FILE *out, const char *path, const struct bp_trace_filter *filter,
                              size_t *n, struct bp_error *error);

#endif
