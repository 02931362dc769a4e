/* gradcheck.h -- does backpropagation return the gradient of the loss?
 *
 * Each derivative from backpropagation, a, is set beside a numeric one, n, and
 * the numeric one's own error estimate, e (truncation + rounding):
 *
 *     not-finite  a or n is NaN or infinite
 *     kink        an activation changed sides between theta - h and theta + h,
 *                 for every h tried
 *     disagree    |a - n| > 10 e + rtol max(|a|, |n|) + r
 *     undecided   10 e + r > 0.1 max(|a|, |n|), and the entry is not negligible
 *                 (1/1000) beside the tensor's largest: the noise would hide a
 *                 fault
 *     agree       otherwise
 *
 * rtol = 16 p and r are what a right backprop may be off by rounding alone, for a
 * claim that is precise to p (2^-53, 2^-24, or that of a step). Where the network
 * is known, r comes from a running error analysis of it (gradcheck_rounding.h),
 * which sees that 1 - a has lost its digits in a saturated neuron; else r is rtol
 * times the tensor's largest |n|. The claim's own noise is added.
 *
 * A tensor whose numeric derivatives all lie below the noise, |n| <= 10 e, is *not
 * tested*: at a zero start on balanced data a sign flip would agree too.
 *
 * The entries are all parameters, and the delta of every neuron for every sample
 * where the subject shows them. The numeric side is the core's network itself;
 * or the subject's twin, where its predictions and losses are the subject's and
 * the slopes along random directions are too; or the subject's own loss.
 *
 * theta is left bit for bit as it was found. Cost: that of numdiff.h's tier.
 */
#ifndef BP_GRADCHECK_H
#define BP_GRADCHECK_H

#include "diag/numdiff.h"
#include "diag/subject.h"

#define BP_VERDICT_LIST(X)                                                                         \
    X(BP_AGREE, "agree")                                                                           \
    X(BP_UNDECIDED, "undecided")                                                                   \
    X(BP_KINK, "kink")                                                                             \
    X(BP_DISAGREE, "disagree")                                                                     \
    X(BP_NOT_FINITE, "not-finite")                                                                 \
    X(BP_LEFT_OUT, "left-out")

#define BP_VERDICT_ENUM(name, text) name,
enum bp_verdict { BP_VERDICT_LIST(BP_VERDICT_ENUM) BP_VERDICTS };
#undef BP_VERDICT_ENUM

const char *bp_verdict_text(enum bp_verdict verdict);

/* Of a tensor, or of the whole. */
#define BP_OUTCOME_LIST(X)                                                                         \
    X(BP_OUTCOME_AGREES, "agrees")                                                                 \
    X(BP_OUTCOME_NOT_TESTED, "not tested") /* nothing above the noise, or nothing decided */       \
    X(BP_OUTCOME_DISAGREES, "disagrees")                                                           \
    X(BP_OUTCOME_NOT_FINITE, "not finite")

#define BP_OUTCOME_ENUM(name, text) name,
enum bp_outcome { BP_OUTCOME_LIST(BP_OUTCOME_ENUM) BP_OUTCOMES };
#undef BP_OUTCOME_ENUM

const char *bp_outcome_text(enum bp_outcome outcome);

/* One entry, in full. */
struct bp_entry {
    double backprop, numeric, error; /* a, n, e */
    double rounding;                 /* r */
    double tolerance;                /* 10 e + rtol max(|a|, |n|) + r */
    enum bp_verdict verdict;
};

/* What is known of one tensor's entries. */
struct bp_tensor_check {
    char name[BP_NAME_MAX]; /* "W1", "b1", "delta1"; "theta" when not described */
    bool is_delta;          /* entries are [sample, neuron], n x width */
    size_t layer;           /* 0 when not described */
    size_t first, count;    /* within the parameters, or within the deltas */
    size_t cols;            /* of the tensor as a matrix */
    size_t verdicts[BP_VERDICTS];
    enum bp_outcome outcome;
    double largest;     /* |n| */
    double rounding;    /* the largest r */
    double relative;    /* largest |a - n| / max(|a|, |n|) of entries above the noise; NaN: none */
    size_t relative_at; /* where (from 0 within the tensor) */
    double scaled;      /* largest |a - n| / largest |n|; NaN: none */
    size_t worst;       /* the gravest entry */
    size_t not_finite_at; /* the first entry that is not finite, or count */
    size_t ratios;        /* entries above the noise, whose a / n counts below */
    double ratio_median, ratio_low, ratio_high; /* NaN when there are none */
    double cosine;                              /* of a and n; NaN when either is 0 */
    size_t zeros_backprop;                      /* a = 0 exactly */
    size_t zeros_numeric;                       /* |n| <= e: not told from 0 */
    size_t zeros_wrong;                         /* a = 0 where n is above the noise */
};

#define BP_NUMERIC_LIST(X)                                                                         \
    X(BP_NUMERIC_CORE, "the network itself")                                                       \
    X(BP_NUMERIC_TWIN, "the twin")                                                                 \
    X(BP_NUMERIC_OWN_LOSS, "the subject's own loss")

#define BP_NUMERIC_ENUM(name, text) name,
enum bp_numeric_of { BP_NUMERIC_LIST(BP_NUMERIC_ENUM) BP_NUMERIC_COUNT };
#undef BP_NUMERIC_ENUM

const char *bp_numeric_text(enum bp_numeric_of of);

struct bp_gradcheck {
    const struct bp_mlp *net; /* borrowed, for names and shapes; NULL when not described */
    struct bp_numdiff numeric;
    enum bp_numeric_of of;
    double *backprop;       /* [n_theta]: a */
    double *delta;          /* as numeric.delta; NULL when not seen */
    double *rounding;       /* [n_theta, then n n_units]: r; NULL when not described */
    unsigned char *verdict; /* [n_theta], enum bp_verdict */
    unsigned char *delta_verdict;
    size_t n_theta, n, n_units;
    size_t n_tensors, n_deltas; /* tensor[]: of the parameters, then of the deltas */
    struct bp_tensor_check *tensor;
    double precision, noise; /* of the claim */
    double rtol;
    bool any_factor;
    double
        factor; /* any_factor: the claim's size is a convention: n was multiplied by this; else 1 */
    double delta_factor;
    enum bp_outcome outcome;
    size_t verdicts[BP_VERDICTS]; /* of the parameters */
    size_t delta_verdicts[BP_VERDICTS];

    /* Subjects: what was compared before the twin was trusted; NaN where it was not. */
    double apart;       /* largest |prediction - twin's| */
    double loss_apart;  /* |loss - twin's| / |twin's| */
    double slope_apart; /* largest |slope - twin's|, in multiples of its error */
    size_t slopes;      /* directions tried on the subject itself */
};

struct bp_gradcheck_options {
    struct bp_numdiff_options numeric;
    double rtol;   /* 0: as above */
    double rate;   /* of the step of a subject that has no gradient; 0: chosen */
    bool own_loss; /* do not use the twin */
};

/* net's backprop, with whatever is planted, at net->theta. options may be NULL. */
enum bp_status bp_gradcheck_run(struct bp_gradcheck *check, const struct bp_mlp *net, size_t n,
                                const double *x, const double *t,
                                const struct bp_gradcheck_options *options, struct bp_error *error);

/* A subject at theta (in core's order) on a batch. */
enum bp_status bp_gradcheck_view(struct bp_gradcheck *check, struct bp_view *view,
                                 const double *theta, const struct bp_batch *batch,
                                 const struct bp_gradcheck_options *options,
                                 struct bp_error *error);

/* A claimed gradient (and deltas, or NULL) beside derivatives that were made already;
 * takes numeric over (it is emptied), copies the rest. net NULL: not described. claim
 * as in subject.h. rounding: r, n_theta numbers and then n n_units, or NULL. */
enum bp_status bp_gradcheck_compare(struct bp_gradcheck *check, const struct bp_mlp *net,
                                    struct bp_numdiff *numeric, const struct bp_claim *claim,
                                    const double *delta, const double *rounding,
                                    const struct bp_gradcheck_options *options);

/* How many tensors of the parameters are not tested: nothing is told of those. */
size_t bp_gradcheck_untested(const struct bp_gradcheck *check);

void bp_gradcheck_release(struct bp_gradcheck *check);

/* How grave an entry is, to put the gravest first: one that is not finite, then those that
 * disagree by their difference, then the undecided, kinks and those that agree by their
 * size, each relative to its tensor's largest and to three digits: the same order, whatever
 * method differentiated. */
double bp_gradcheck_gravity(const struct bp_tensor_check *tensor, const struct bp_entry *entry);

/* Entry i of a tensor, and its name: "W1[3,17]", "b2[0]", "delta1[4,3]" (sample 4,
 * neuron 3). */
struct bp_entry bp_gradcheck_entry(const struct bp_gradcheck *check,
                                   const struct bp_tensor_check *tensor, size_t i);
void bp_gradcheck_name(const struct bp_gradcheck *check, const struct bp_tensor_check *tensor,
                       size_t i, char name[BP_NAME_MAX]);

#endif
