/* symmetry.h -- which neurons are copies of each other, and will they ever part?
 *
 * Neurons i and j of a hidden layer are *copies* when they answer alike on every
 * sample and are blamed alike:
 *
 *     a_i = a_j and delta_i = delta_j for all samples
 *
 * Then the gradients of their rows, biases and outgoing columns are the same too,
 * whatever the step, and they stay copies for ever: the layer is narrower than it
 * looks. Where all their deltas are 0 (which says nothing) their incoming weights
 * must be equal as well. With tanh or identity, a_i = -a_j and delta_i = -delta_j
 * is the same thing with the sign turned. Random biases part neurons whose weights
 * are all 0, and then nothing is said.
 *
 *     exact       bit for bit, found by hashing
 *     near        incoming row, bias and outgoing column differ by at most
 *                 BP_NEAR_EQUAL of their norm, found by sorting along a random
 *                 direction
 *
 * The threshold of near: XOR from 0.5 everywhere with normal noise of 1e-3 starts
 * with neurons 2e-3 to 3e-3 apart and is not learned (0 of 16 runs, 10,000 steps
 * at rate 0.5, 1 and 5); noise of 1e-2, 3e-2 apart, is cured. Those that were
 * learned ended 1.5 apart, the others below 0.8.
 *
 * The effective width of a layer is the numeric rank of its activations over the
 * data: singular values above BP_RANK_TOLERANCE of the largest (one-sided Jacobi:
 * Hestenes 1958). Layers of more than BP_RANK_MAX neurons are sketched down to that
 * many by random signs, which keeps any rank up to it (Halko, Martinsson and
 * Tropp 2011).
 *
 * Cost: O(n_theta + samples * n_units), times a logarithm for the sorting.
 */
#ifndef BP_SYMMETRY_H
#define BP_SYMMETRY_H

#include "core/sgd.h"
#include "diag/finding.h"

#define BP_NEAR_EQUAL 8e-3
#define BP_PARTED 1.0 /* near ones have parted when they are this far apart */
#define BP_RANK_TOLERANCE 1e-10

enum {
    BP_RANK_MAX = 64,
    BP_SYMMETRY_SAMPLES = 256, /* at most, spread evenly over the data */
    BP_ONE_SIGNED_INPUTS = 16, /* fewer inputs than this do no harm */
    BP_NO_STEP = -1,           /* never */
    BP_UNLIKE = -2             /* a class whose parameters were never alike: not followed */
};

/* A saturated neuron's slope is below this share of the steepest. */
#define BP_FLAT_SLOPE 0.01

/* A class of copies: member[first .. first + count - 1] of its layer. */
struct bp_copies {
    size_t first, count;
    bool exact;   /* else near */
    bool flipped; /* some are the others with the sign turned */
};

/* What is seen of one tensor. */
struct bp_tensor_look {
    bool zero;     /* every entry is exactly 0 */
    bool constant; /* every entry is the same */
    double value;  /* of the first entry */
    int sign;      /* 1 or -1: all entries are above or all below 0 */
};

struct bp_layer_look {
    size_t width;
    struct bp_tensor_look weights, biases; /* biases: zero where there are none */
    bool hidden;
    size_t n_copies;          /* classes of two and more */
    struct bp_copies *copies; /* owned */
    size_t *member;           /* owned: neurons, class after class */
    size_t distinct;          /* neurons, a class counted once */
    size_t rank;              /* effective width */
    double effective;         /* exp of the singular values' entropy (Roy and Vetterli 2007) */
    double spread;    /* how far apart the neurons are: rms of a_i - mean a, beside rms of a */
    double saturated; /* share of (sample, neuron) whose slope is small */
    bool silent;      /* a = 0 everywhere */
    bool blameless;   /* delta = 0 everywhere */
};

struct bp_symmetry {
    size_t layers;
    size_t samples;              /* looked at */
    struct bp_layer_look *layer; /* [1 .. layers], owned */
};

/* Looks at net->theta on n samples. BP_ENOMEM. */
enum bp_status bp_symmetry_look(struct bp_symmetry *symmetry, const struct bp_mlp *net, size_t n,
                                const double *x, const double *t);
void bp_symmetry_release(struct bp_symmetry *symmetry);

/* ---- over training ---------------------------------------------------------- */

/* Follows the classes of a look at the start. Steps are counted from 1: the first
 * update is step 1. */
struct bp_symmetry_watch {
    const struct bp_symmetry *start; /* borrowed */
    struct bp_observer observer;     /* hand this to bp_sgd_run() */
    size_t steps;                    /* seen */
    size_t n_tensors;
    double *first; /* owned: theta as it was */
    long *moved;   /* [n_tensors], owned: step at which a tensor first changed; BP_NO_STEP */
    size_t n_classes;
    long *parted; /* [n_classes], owned, layer after layer: step at which a class came apart
                     (near ones: by BP_PARTED); BP_NO_STEP,
                     BP_UNLIKE */
};

/* net is that which will be trained, as it is at the start. BP_ENOMEM. */
enum bp_status bp_symmetry_watch_init(struct bp_symmetry_watch *watch,
                                      const struct bp_symmetry *start, const struct bp_mlp *net);
void bp_symmetry_watch_release(struct bp_symmetry_watch *watch);

/* ---- findings --------------------------------------------------------------- */

/* zero-weights, symmetric-weights, sign-flipped-copies, near-equal-weights,
 * one-signed-weights. watch may be NULL (not trained), else tells what became of
 * them: what came apart is a note. BP_ENOMEM. */
enum bp_status bp_symmetry_findings(const struct bp_symmetry *symmetry, const struct bp_mlp *net,
                                    const struct bp_symmetry_watch *watch,
                                    struct bp_findings *findings);

/* ---- rank ------------------------------------------------------------------- */

/* Numeric rank of m (rows x cols, row-major, overwritten); effective may be NULL. */
size_t bp_numeric_rank(size_t rows, size_t cols, double *m, double *effective);

#endif
