/* ladder.h -- in which order does one find out why a network of one's own does not
 * train, without chasing faults that are not there? Five rungs; the first one that
 * breaks ends the climb:
 *
 *     1  start small   not MNIST, not XOR: AND, which one neuron learns; and calls that
 *                      keep what every check takes for granted
 *     2  forward       the forward pass by hand on a few examples; then training by the
 *                      *numeric* gradient alone. If that fails, the numeric gradient or
 *                      the training is at fault (too large a rate), not backpropagation
 *     3  backward      the analytic gradient: first each neuron's delta, then each
 *                      weight; then training by it ends where training by the numeric
 *                      one does; then its own step
 *     4  one layer     one hidden layer: 2 and 3 again, on AND
 *     5  harder        XOR; several layers, unequal widths, several outputs, batches of
 *                      1, 5 and 7; sign; drawn digits
 *
 * Rates and budgets are stated with every look. Measured on a right program (sigmoid,
 * squared error, mean over the batch) at rate 1 from normal(0, 1): AND with one neuron 24
 * of 24 starts, by epoch 383; 2-2-1 24 of 24, by epoch 799; training by the numeric and by
 * the analytic gradient differ by 4e-11 after 500 epochs; XOR with 2-3-1 23 of 24 (a start
 * that fails is a local minimum, no fault). At rate 0.01 AND with 2-2-1 fails, though right.
 * On AND alone, trained by one neuron, 13 of 19 faults pass unseen: so every rung looks
 * at numbers too (each tensor moves, a step is -rate g, a batch is its samples), and
 * rung 5 at shapes in which what AND hides is seen.
 *
 * A subject whose network or data is fixed climbs the rungs that fit; the others are
 * left out, with the reason.
 */
#ifndef BP_LADDER_H
#define BP_LADDER_H

#include "core/dataset.h"
#include "diag/finding.h"
#include "diag/subject.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

enum { BP_RUNGS = 5, BP_RUNG_LOOKS = 16, BP_RUNG_LINE = 400 };

#define BP_RUNG_OUTCOME_LIST(X)                                                                    \
    X(BP_RUNG_NOT_REACHED, "not reached")                                                          \
    X(BP_RUNG_LEFT_OUT, "left out")                                                                \
    X(BP_RUNG_PASSED, "passed")                                                                    \
    X(BP_RUNG_BROKE, "broke")

#define BP_RUNG_OUTCOME_ENUM(name, text) name,
enum bp_rung_outcome { BP_RUNG_OUTCOME_LIST(BP_RUNG_OUTCOME_ENUM) BP_RUNG_OUTCOMES };
#undef BP_RUNG_OUTCOME_ENUM

const char *bp_rung_outcome_text(enum bp_rung_outcome outcome);

/* One thing that was done on a rung. */
struct bp_rung_look {
    char what[BP_RUNG_LINE]; /* what was run, with rate and budget */
    char seen[BP_RUNG_LINE];
    enum bp_rung_outcome outcome;
};

struct bp_rung {
    const char *title, *proves;
    enum bp_rung_outcome outcome;
    size_t n_looks;
    struct bp_rung_look look[BP_RUNG_LOOKS];
    char means[BP_RUNG_LINE], next[BP_RUNG_LINE]; /* of a rung that broke */
};

struct bp_ladder {
    char name[BP_FINDING_NAME_MAX];
    struct bp_rung rung[BP_RUNGS];
    int broke;                   /* 1 .. 5; 0: none */
    struct bp_findings findings; /* of the rung that broke */
    char *worksheet; /* owned: the forward pass to check by hand (of the rung that broke, or
                        of rung 2); or NULL */
    double rate;
    uint64_t seed;
    size_t starts;
    size_t calls; /* of the subject */
};

struct bp_ladder_options {
    double rate;   /* 0: 1, or less where the right program needs less */
    size_t starts; /* seeds of each training; 0: 24, or 3 for a program over a pipe */
    uint64_t seed; /* 0: 1 */
    bool slow;     /* calls are dear: fewer starts, no digits */
    int threads;   /* for numeric derivatives; 0: one. The same bits with any */
};

/* Somebody who can be any network. */
struct bp_maker {
    const char *name;
    void *self;
    /* *subject is that of this network, until drop(); BP_EINPUT or BP_EUNSUPPORTED with a
     * line when there is none. */
    enum bp_status (*make)(void *self, const struct bp_spec *spec,
                           const struct bp_subject **subject, struct bp_error *error);
    void (*drop)(void *self);
};

/* like: its hidden and output activations and loss are taken (NULL: sigmoid and squared
 * error). BP_ENOMEM, BP_ESUBJECT. */
enum bp_status bp_ladder_run(struct bp_ladder *ladder, const struct bp_maker *maker,
                             const struct bp_spec *like, const struct bp_ladder_options *options,
                             struct bp_error *error);

/* The built-in network with faults planted by their keys ("sign-flipped:1", ...), at each
 * rung wherever they make sense there. BP_EINPUT for a key that is none. */
enum bp_status bp_ladder_core(struct bp_ladder *ladder, const struct bp_spec *like,
                              const char *const *faults, size_t n_faults,
                              const struct bp_ladder_options *options, struct bp_error *error);

/* A subject as it is, over a pipe or not. view stays open and is the caller's. */
enum bp_status bp_ladder_view(struct bp_ladder *ladder, struct bp_view *view,
                              const struct bp_ladder_options *options, struct bp_error *error);

void bp_ladder_release(struct bp_ladder *ladder);

/* The report, within 80 columns, with findings and worksheet. */
void bp_ladder_text(FILE *out, const struct bp_ladder *ladder, bool colour);

/* A row for each look, with a header; a rung without looks has one row. */
void bp_ladder_tsv(FILE *out, const struct bp_ladder *ladder);

/* Everything, as one object; NULL when there is no memory. */
json_t *bp_ladder_json(const struct bp_ladder *ladder);

#endif
