/* locate_probe.h -- one probe: what is left of g.d - D_d f along a direction within
 * part of a tensor? Shared by the files of locate.h.
 */
#ifndef BP_LOCATE_PROBE_H
#define BP_LOCATE_PROBE_H

#include "diag/locate.h"
#include "diag/numdiff_eval.h"

/* Rows and columns of one tensor. Tensor number n_tensors is all of theta: one row, in
 * which every entry moves by what fits its tensor. */
struct bp_region {
    size_t tensor, row, rows, col, cols;
};

/* Entry i of the tensor (from 0) is weighed by (2 digit + 1) / radix - 1, where digit =
 * (i mod modulo) / divisor mod radix. radix 0: by 1. */
struct bp_digit {
    size_t modulo, divisor, radix;
};

struct bp_prober {
    struct bp_eval eval;
    const struct bp_located_tensor *tensor; /* borrowed: n_tensors, and all of theta */
    size_t n_tensors;
    const double *unit;      /* borrowed: by tensor, for d of all of theta; NULL: not asked for */
    const double *theta, *g; /* borrowed */
    double scale;            /* g is multiplied by this */
    double claim_rtol;       /* 16 p sqrt(N + fan-in) */
    double claim_noise;
    uint64_t seed, side0;
    uint64_t *side; /* owned; NULL: no signs are shown */
    bool narrow, has_corners;
    size_t *spent; /* borrowed: evaluations are added to it */
};

/* What a probe said. */
struct bp_residual {
    double value, slope;  /* R; g.d */
    double size;          /* |g d| */
    double truncation[3]; /* with one, two and three step sizes */
    double rounding;
    double error;     /* of value */
    double tolerance; /* 10 error + what g may round */
    double step;
    double crease; /* what a corner would leave, with what smooth functions do taken out */
    bool kink;     /* a corner at every h: the rest means nothing */
};

enum bp_status bp_prober_init(struct bp_prober *prober, const struct bp_loss_at *at,
                              const struct bp_located_tensor *tensor, size_t n_tensors,
                              const struct bp_claim *claim, bool narrow, struct bp_error *error);
void bp_prober_release(struct bp_prober *prober);

/* d_k when tensor moves, or all of theta. */
double bp_prober_direction(const struct bp_prober *prober, size_t tensor, size_t k);

/* The weight of entry i of a tensor. */
double bp_digit_weight(struct bp_digit digit, size_t i);

/* Finds the step with the least error, from first on, and probes with three. */
enum bp_status bp_probe_settle(struct bp_prober *prober, const struct bp_region *region,
                               double first, struct bp_residual *r, struct bp_error *error);

/* Probes with levels (1 to 3) step sizes, like's step, and like's truncation. */
enum bp_status bp_probe_at(struct bp_prober *prober, const struct bp_region *region,
                           struct bp_digit digit, const struct bp_residual *like, int levels,
                           struct bp_residual *r, struct bp_error *error);

/* |f(x + h d) - f(x - h d) - 2h g.d| */
enum bp_status bp_probe_remainder(struct bp_prober *prober, const struct bp_region *region,
                                  double h, double *remainder, double *size,
                                  struct bp_error *error);

/* A first step for the entries of a region. */
double bp_probe_first(const struct bp_prober *prober, const struct bp_region *region);

/* Probes with three step sizes at h. */
enum bp_status bp_probe_three(struct bp_prober *prober, const struct bp_region *region, double h,
                              struct bp_residual *r, struct bp_error *error);

/* By how much h should change so that truncation meets rounding: a power of 2. */
double bp_residual_better_by(const struct bp_residual *r);

/* What error is to be expected with so many step sizes. */
double bp_residual_error(const struct bp_residual *r, int levels);

/* Whether an average entry that is quite wrong would go unseen. */
bool bp_residual_is_blind(const struct bp_residual *r, const struct bp_region *region);

static inline bool bp_residual_fails(const struct bp_residual *r)
{
    return !(r->value <= r->tolerance && -r->value <= r->tolerance);
}

/* What a probe along a direction of its own says of a tensor. */
enum bp_status bp_locate_detect(struct bp_locate *locate, struct bp_prober *prober, size_t tensor,
                                struct bp_residual *seen, struct bp_error *error);

/* One wrong entry among all, the quick way: done where it explains all that is wrong
 * (locate_together.c). */
enum bp_status bp_locate_together(struct bp_locate *locate, struct bp_prober *prober, bool *done,
                                  struct bp_error *error);

/* The search for what is wrong in one tensor whose probe failed (locate_search.c). */
enum bp_status bp_locate_search(struct bp_locate *locate, struct bp_prober *prober, size_t tensor,
                                const struct bp_residual *seen,
                                const struct bp_locate_options *options, struct bp_error *error);

/* The slope test of one tensor (locate_slope.c). */
enum bp_status bp_locate_slope(struct bp_slope_line *line, struct bp_prober *prober, size_t tensor,
                               double step, struct bp_error *error);

#endif
