/* confusion_trial.h -- a random network, points to look at it from, and faults to
 * plant in it: what `make confusion` and its short version in the tests share.
 *
 * Networks: 1 to 4 layers, 1 to 12 wide (a third of them square), sigmoid, tanh,
 * relu, leaky relu, identity; squared error with any of them or softmax, binary
 * cross-entropy with sigmoid, softmax cross-entropy; mean or sum; with and without
 * L2; one in ten without biases; batches of 1 to 16 beside those of 7, 1 and 5.
 */
#ifndef BP_CONFUSION_TRIAL_H
#define BP_CONFUSION_TRIAL_H

#include "core/rng.h"
#include "diag/diagnose_match.h"

enum { TRIAL_PROBES = 4, TRIAL_PLANTED_MAX = 3 };

struct trial {
    struct bp_mlp net;
    struct bp_setting setting;
    struct bp_probe probe[TRIAL_PROBES + 2]; /* the last two are for after the match: the second
                                                with large errors, where several fit */
    size_t n_probes;                         /* without that one */
    struct bp_rng rng;
    struct bp_ops *ops; /* with what is planted */
    size_t n_planted;
    struct bp_hypothesis planted[TRIAL_PLANTED_MAX];
    double epsilon; /* of the claims */
    double scale;   /* all weights are multiplied by it; 1 */
};

struct trial_wish {
    bool relu;    /* hidden layers of relu */
    bool masked;  /* with dropout */
    bool single;  /* claims in single precision */
    double scale; /* of the weights: 1 */
    bool wide;    /* up to 6 layers, up to 40 wide */
};

void trial_open(struct trial *trial, uint64_t seed, const struct trial_wish *wish);
void trial_close(struct trial *trial);

/* Plants h beside what is planted. False when a stage that it replaces is already
 * replaced. */
bool trial_plant(struct trial *trial, const struct bp_hypothesis *h);
void trial_uproot(struct trial *trial);

/* Asks for the claims. */
void trial_ask(struct trial *trial);

/* Whether the claims differ from those of the right stages, and from those with
 * each one of the planted faults left out. False too where a claim is not finite. */
bool trial_shows(struct trial *trial);

/* Diagnoses as the program does: match, then proof at the fresh probe. */
void trial_diagnose(struct trial *trial, const struct bp_match_options *options,
                    struct bp_diagnosis *diagnosis);

#endif
