/* numdiff_exact.h -- the numeric delta of every neuron in every sample, by exact finite
 * differences, and how far off each can be.
 *
 *     delta_l[s,i] = (L_s(z + h u) - L_s(z)) / (h u),              h = 2^-80
 *     delta_l[s,i] = (L_s(z + h u) - L_s(z - h u)) / (2 h u),      h = 2^-40
 *
 * with u a power of two at which z changes by a lot: the first where every activation
 * is smooth, the second where one has a corner, which may lie on either side. The
 * differences are carried up without subtracting (ripple.h, exact), so that h can be
 * tiny, and what is left out, h u f'' / 2 or (h u)^2 f''' / 6, lies far below the
 * rounding of the differences themselves (or, where a = t = 0, is bounded by
 * c width h). The rounding is bounded from the top layer down,
 *
 *     wrong_l = (|f'| + 2 / G) |W_{l+1}|^T (wrong_{l+1} + G 2^-53 |delta_{l+1}|)
 *
 * with G = width + 32 for a sum and the operations on the way (Higham 2002, 3.1);
 * 2 / G is for s (1 - s) where s has rounded to 1.
 *
 * Where a relu changes sides between the ends, h is shrunk by 2^-20, three times;
 * who still does stands on the corner: a kink.
 */
#ifndef BP_NUMDIFF_EXACT_H
#define BP_NUMDIFF_EXACT_H

#include "diag/numdiff.h"
#include "diag/ripple.h"

#define BP_EXACT_STEP 0x1p-40
#define BP_EXACT_FORWARD 0x1p-80 /* the step where there is only one end */

enum { BP_EXACT_TRIES = 4 };

struct bp_exact {
    const struct bp_loss_at *at;       /* borrowed */
    const double *theta;               /* borrowed: the point */
    struct bp_pass pass;               /* passed forward at the point; has room for z and a only */
    double *memory;                    /* owned: z and a of the pass, then the arrays below */
    double *loss;                      /* [n] at the point */
    double *unit;                      /* [n_units]: a power of two: much for z of this neuron */
    double *delta, *wrong;             /* laid out as in struct bp_numdiff; maybe its own */
    unsigned char *flags;              /* likewise */
    unsigned char *own_flags;          /* owned, or NULL */
    double *absolute, *spread, *bound; /* |W_l| of the largest l > 1; n x widest, twice */
    bool smooth;                       /* no activation has a corner */
    size_t n_workers;
    struct bp_exact_worker *worker; /* owned */
    size_t evaluations;
};

/* One thread's room: columns for differences. */
struct bp_exact_worker {
    struct bp_ripple ripple;
    double *d, *change, *crossed; /* [room]; d owns all three */
    double *sum, *bend, *unit;    /* [functions]: sum owns all three */
    bool *open, *hit;             /* [functions]: open owns both */
    size_t first;                 /* the neuron whose steps d begins with; SIZE_MAX: others */
};

/* Room for at's batch; deltas go straight into numdiff (borrowed) where it wants any.
 * BP_ENOMEM. */
enum bp_status bp_exact_init(struct bp_exact *exact, const struct bp_loss_at *at,
                             struct bp_numdiff *numdiff, int threads);

/* Passes forward, and finds delta, wrong and flags of every neuron; as often as wanted,
 * and without allocating. */
void bp_exact_run(struct bp_exact *exact);
void bp_exact_release(struct bp_exact *exact);

/* A pass for n samples with z and a only, in memory of 2 n n_units numbers (borrowed);
 * its pointers are owned. BP_ENOMEM. */
enum bp_status bp_exact_pass(struct bp_pass *pass, const struct bp_mlp *net, const double *theta,
                             size_t n, double *memory);

/* The loss of the batch, with its regulariser. */
double bp_exact_loss(const struct bp_exact *exact);

/* n for the mean, 1 for the sum. */
double bp_exact_divisor(const struct bp_exact *exact);

/* The step that it takes first. */
double bp_exact_step(const struct bp_exact *exact);

/* loss, noise, step and evaluations. */
void bp_exact_tell(const struct bp_exact *exact, struct bp_numdiff *numdiff);

#endif
