/* measure.h -- how well are faults named? `make confusion` plants them in random
 * networks and counts.
 *
 * A trial plants what it draws, asks for the claims, diagnoses, and compares. A
 * plant that does not show (the claims are those of the right stages, or of fewer
 * faults) is no trial. A fault counts as named when it has the same name, layer
 * and neuron; "same" when what was named predicts the claims at a probe drawn
 * after the match, so that it is the same mathematics there.
 *
 * Everything comes from one seed. A measure is a list of items, of which none needs
 * another: they run side by side, here or as shards elsewhere, and what came of them
 * is counted in order. Times go to stderr: they are no result.
 */
#ifndef BP_MEASURE_H
#define BP_MEASURE_H

#include "../confusion_trial.h"

#include <jansson.h>
#include <stdio.h>

enum { PLAN_MOST = 1000000 };

/* What came of one trial: flags, counts and texts, as a part of the table holds them. */
#define OUTCOME_FLAGS(X)                                                                           \
    X(done)  /* it was a trial at all */                                                           \
    X(first) /* the planted one is first among those that match */                                 \
    X(top3)                                                                                        \
    X(in_class)                                                                                    \
    X(unexplained)                                                                                 \
    X(right_layer) /* unexplained, at a layer that a planted fault is in */                        \
    X(proven)      /* what was named passed the proof */                                           \
    X(arrived)     /* a run reached its end */                                                     \
    X(broken)      /* a program by hand: not a healthy one */

#define OUTCOME_COUNTS(X)                                                                          \
    X(n_planted)                                                                                   \
    X(named)      /* how many of the planted are among those named */                              \
    X(class_size) /* how many match */                                                             \
    X(alarms)     /* findings where nothing was planted */                                         \
    X(result)     /* of a fault that no gradient shows: enum unseen_result */                      \
    X(evaluations)

#define OUTCOME_TEXTS(X) X(planted, 200) X(said, 400) X(network, 200)

struct outcome {
#define FIELD(name) bool name;
    OUTCOME_FLAGS(FIELD)
#undef FIELD
#define FIELD(name) size_t name;
    OUTCOME_COUNTS(FIELD)
#undef FIELD
#define FIELD(name, size) char name[size];
    OUTCOME_TEXTS(FIELD)
#undef FIELD
    double seconds;
};

/* What differs from an empty one; NULL when there is no memory. */
json_t *outcome_json(const struct outcome *outcome);

/* False when it is none. */
bool outcome_read(const json_t *from, struct outcome *outcome);

#define PLAN_NUMBERS(X)                                                                            \
    X(seed, "seed", 1, "what everything is drawn from")                                            \
    X(each, "each", 30, "networks for each fault")                                                 \
    X(several, "several", 400, "pairs, and triples")                                               \
    X(healthy, "healthy", 3000, "healthy networks")                                                \
    X(held_out, "held-out", 400, "trials with five faults out of the catalogue")                   \
    X(unseen, "unseen", 10, "settings for each fault that a gradient does not show")               \
    X(healthy_runs, "healthy-runs", 1000, "healthy runs")

struct plan {
#define FIELD(name, option, usual, what) size_t name;
    PLAN_NUMBERS(FIELD)
#undef FIELD
    bool verbose; /* prints what was not named */
    FILE *table;  /* of goals: name, value, relation, goal; or NULL */
    FILE *out;
};

/* A part of the table. */
struct measure {
    const char *name;
    bool alone; /* its items do not run side by side */
    size_t (*items)(const struct plan *plan);
    size_t (*most)(const struct plan *plan); /* outcomes of an item */
    void (*run)(const struct plan *plan, size_t item, struct outcome *outcome); /* [most], 0 */
    void (*print)(const struct plan *plan, const struct outcome *outcome, size_t items);
};

extern const struct measure measure_singles, measure_single_precision, measure_pairs,
    measure_triples, measure_held_out, measure_healthy, measure_unseen, measure_healthy_runs,
    measure_programs;

/* Seconds for one diagnosis: of this machine, so no measure and in no part. */
void measure_time(const struct plan *plan);

/* A row of the table of goals, printed and written. */
void report_goal(const struct plan *plan, const char *name, double value, const char *relation,
                 double goal);

bool same_place(const struct bp_hypothesis *a, const struct bp_hypothesis *b);

/* Fills an outcome from a trial whose faults are planted; closes nothing. */
void run_trial(struct trial *trial, const struct bp_match_options *options,
               struct outcome *outcome);

size_t one_outcome(const struct plan *plan);

#endif
