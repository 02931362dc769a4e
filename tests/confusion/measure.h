/* measure.h -- how well are faults named? `make confusion` plants them in random
 * networks and counts.
 *
 * A trial plants what it draws, asks for the claims, diagnoses, and compares. A
 * plant that does not show (the claims are those of the right stages, or of fewer
 * faults) is no trial. A fault counts as named when it has the same name, layer
 * and neuron; "same" when what was named predicts the claims at a probe drawn
 * after the match, so that it is the same mathematics there.
 *
 * Everything comes from one seed; the trials run side by side and are counted in
 * order.
 */
#ifndef BP_MEASURE_H
#define BP_MEASURE_H

#include "../confusion_trial.h"

#include <stdio.h>

enum { SAID_MAX = 200 };

/* What came of one trial. */
struct outcome {
    bool done; /* it was a trial at all */
    size_t n_planted;
    const struct bp_fault *fault; /* the first one planted */
    size_t named;                 /* how many of the planted are among those named */
    bool first, top3, in_class;
    size_t class_size;
    bool unexplained;
    bool right_layer; /* unexplained, at a layer that a planted fault is in */
    bool proven;      /* what was named passed the proof */
    bool silent;      /* said to be healthy */
    size_t evaluations, witnesses;
    double seconds;
    char planted[SAID_MAX], said[SAID_MAX];
    char network[BP_SPEC_TEXT_MAX];
};

struct plan {
    uint64_t seed;
    size_t each;    /* networks for each fault */
    size_t several; /* pairs, and triples */
    size_t healthy;
    size_t held_out; /* trials */
    size_t unseen;   /* settings for each fault that a gradient does not show */
    size_t healthy_runs;
    bool verbose; /* prints what was not named */
    FILE *table;  /* of goals: name, value, relation, goal; or NULL */
    FILE *out;
};

/* A row of the table of goals, printed and written. */
void report_goal(const struct plan *plan, const char *name, double value, const char *relation,
                 double goal);

bool same_place(const struct bp_hypothesis *a, const struct bp_hypothesis *b);

/* Fills an outcome from a trial whose faults are planted; closes nothing. */
void run_trial(struct trial *trial, const struct bp_match_options *options,
               struct outcome *outcome);

void measure_singles(const struct plan *plan, bool single_precision);
void measure_several(const struct plan *plan, size_t faults);
void measure_held_out(const struct plan *plan);
void measure_healthy(const struct plan *plan);
void measure_time(const struct plan *plan);
void measure_programs(const struct plan *plan);
void measure_unseen(const struct plan *plan);
void measure_healthy_runs(const struct plan *plan);

#endif
