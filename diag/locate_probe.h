/* locate_probe.h -- one probe: what is left of g.d - D_d f along a direction within
 * part of a tensor? Shared by the files of locate.h.
 */
#ifndef BP_LOCATE_PROBE_H
#define BP_LOCATE_PROBE_H

#include "diag/locate.h"
#include "diag/numdiff_eval.h"

/* Rows and columns of one tensor. */
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
    const struct bp_located_tensor *tensor; /* borrowed */
    const double *theta, *g;                /* borrowed */
    double scale;                           /* g is multiplied by this */
    double claim_rtol;                      /* 16 p sqrt(N + fan-in) */
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
    bool kink; /* a corner at every h: the rest means nothing */
};

enum bp_status bp_prober_init(struct bp_prober *prober, const struct bp_loss_at *at,
                              const struct bp_located_tensor *tensor, const struct bp_claim *claim,
                              bool narrow, struct bp_error *error);
void bp_prober_release(struct bp_prober *prober);

/* d_k */
double bp_prober_direction(const struct bp_prober *prober, size_t k);

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

/* What error is to be expected with so many step sizes. */
double bp_residual_error(const struct bp_residual *r, int levels);

/* Whether an average entry that is quite wrong would go unseen. */
bool bp_residual_is_blind(const struct bp_residual *r, const struct bp_region *region);

static inline bool bp_residual_fails(const struct bp_residual *r)
{
    return !(r->value <= r->tolerance && -r->value <= r->tolerance);
}

/* The search for what is wrong in one tensor whose probe failed (locate_search.c). */
enum bp_status bp_locate_search(struct bp_locate *locate, struct bp_prober *prober, size_t tensor,
                                const struct bp_residual *seen,
                                const struct bp_locate_options *options, struct bp_error *error);

/* The slope test of one tensor (locate_slope.c). */
enum bp_status bp_locate_slope(struct bp_slope_line *line, struct bp_prober *prober, size_t tensor,
                               double step, struct bp_error *error);

#endif
