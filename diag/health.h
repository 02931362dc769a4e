/* health.h -- when the gradient is right and the run still does not train: what
 * is unhealthy, where, since which step, and what follows from what?
 *
 * Rules in tables, one entry each: name, threshold, where the threshold comes
 * from, and the function that looks. There are four ranks, and what is found in
 * a later rank is listed under the first finding of an earlier one:
 *
 *     data     the examples themselves
 *     network  its shape, activations and loss
 *     start    the starting weights
 *     run      what happened while training
 *
 * A run that reached its end (see bp_health_reached) has nothing wrong with it:
 * start and run rules then stay silent, because a converged network saturates,
 * and its updates are small, for good reasons. A run whose loss was still going
 * down when its epochs were over is not ill either.
 */
#ifndef BP_HEALTH_H
#define BP_HEALTH_H

#include "core/dataset.h"
#include "core/sgd.h"
#include "diag/course.h"
#include "diag/finding.h"

/* What the rules look at; all pointers borrowed. */
struct bp_health {
    const struct bp_mlp *net; /* after the run */
    const struct bp_dataset *data;
    const struct bp_course *course; /* ended; NULL: only data and network rules */
    const struct bp_train *train;   /* NULL with course */
    double validation;              /* accuracy on other data, or NaN */
    double training;                /* accuracy on the training data, or NaN */
    /* filled by bp_health_run() */
    void *scratch;   /* while it runs: n indices, or n_in + 1 numbers */
    double baseline; /* loss of the best constant answer, per sample */
    bool done;       /* the run reached its end */
    bool stalled;    /* the loss no longer went down, or was never finite */
    bool explained;  /* a cause was found before the rules over the run */
};

enum bp_rank { BP_RANK_DATA, BP_RANK_NETWORK, BP_RANK_START, BP_RANK_RUN };

struct bp_rule {
    const char *name;
    enum bp_rank rank;
    enum bp_look look;
    double threshold;
    const char *source; /* of the threshold */
    const char *title, *help;
    /* Whether it holds; fills place, number, step and evidence of finding. */
    bool (*holds)(const struct bp_health *health, const struct bp_rule *rule,
                  struct bp_finding *finding);
};

struct bp_rule_table {
    size_t n;
    const struct bp_rule *rule;
};

/* All rules, by rank. n is set to the number of tables. */
const struct bp_rule_table *bp_health_rules(size_t *n);

/* Adds what holds to findings, earliest cause first, consequences pointing to
 * theirs; findings already there (of the start, the gradient, ...) count as
 * causes. BP_ENOMEM. */
enum bp_status bp_health_run(struct bp_health *health, struct bp_findings *findings);

/* Loss per sample of the best answer that does not look at the input: the base
 * rate. (Bishop 2006, 1.5; for K balanced one-hot classes 1/2 (1 - 1/K), or ln K.) */
double bp_health_baseline(const struct bp_mlp *net, const struct bp_dataset *data);

/* Whether a run is at its end: a loss below a tenth of the baseline, or 95 % right
 * (accuracy, NaN where there are no classes) and a loss below half of it. */
bool bp_health_reached(double loss, double accuracy, double baseline);

#endif
