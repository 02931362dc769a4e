/* unseen_trial.h -- faults that no gradient at one point shows, planted where they do
 * harm: what `make confusion` and its short version in the tests share.
 *
 *     start, data, rate, network    a run on data that can be learned, from a random
 *                                   start, with and without the plant
 *     update, call                  a training program around the built-in network, with
 *                                   velocity and decay of its own
 *     check                         the two columns that a check of somebody's own prints
 *
 * A setting counts where the run without the plant reaches its end, and the one with it
 * does not (a run that does has nothing wrong with it), or where the plant changes what
 * is printed or stepped.
 */
#ifndef BP_UNSEEN_TRIAL_H
#define BP_UNSEEN_TRIAL_H

#include "core/rng.h"
#include "core/spec.h"
#include "diag/faults/fault.h"
#include "diag/finding.h"
#include "scenarios/scenario.h"

enum unseen_result {
    UNSEEN_NAMED,    /* a cause of its own */
    UNSEEN_BENEATH,  /* named, but as what follows from another cause */
    UNSEEN_MISSED,   /* not named */
    UNSEEN_HARMLESS, /* the run reached its end all the same: silent by design */
    UNSEEN_NO_TRIAL  /* the plant changes nothing here */
};

struct unseen_outcome {
    enum unseen_result result;
    char network[BP_SPEC_TEXT_MAX], data[80];
    char said[300]; /* the findings, by name */
};

/* Whether it is a fault to be planted and named here: no gradient's, no symptom. */
bool unseen_counts(const struct bp_fault *fault);

/* One setting, drawn from seed. */
void unseen_try(const struct bp_hypothesis *h, uint64_t seed, struct unseen_outcome *outcome);

/* A healthy run of random shape and usual rate; how many findings that are no notes, the
 * verdict on tried rates left out. */
size_t unseen_healthy(uint64_t seed, struct unseen_outcome *outcome);

/* ---- for the files of unseen_*.c ------------------------------------------------ */

/* Fills said and result from what was found. */
void unseen_judge(const struct bp_fault *fault, const struct bp_findings *findings,
                  struct unseen_outcome *outcome);
void unseen_try_run(const struct bp_hypothesis *h, uint64_t seed, struct unseen_outcome *outcome);
void unseen_try_program(const struct bp_hypothesis *h, uint64_t seed,
                        struct unseen_outcome *outcome);
void unseen_try_columns(const struct bp_hypothesis *h, uint64_t seed,
                        struct unseen_outcome *outcome);

#endif
