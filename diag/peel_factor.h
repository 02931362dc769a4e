/* peel_factor.h -- which scale faults together leave these multiples behind?
 *
 * Peeling leaves a ratio for each tensor (peel_fit.h). A set of factors explains
 * them when the product of their patterns is that ratio, at every tensor and
 * probe where one was seen, and zero where the claim was zero. The cheapest such
 * set of at most BP_FACTORS_MAX is looked for, depth first: a set that fails at a
 * tensor can only be mended by a factor that touches that tensor.
 */
#ifndef BP_PEEL_FACTOR_H
#define BP_PEEL_FACTOR_H

#include "diag/peel_fit.h"
#include "diag/peel_part.h"

enum { BP_FACTORS_MAX = 3 };

struct bp_factoring {
    size_t n;                      /* how many */
    size_t factor[BP_FACTORS_MAX]; /* indices into parts->factor */
    double size[BP_FACTORS_MAX];   /* of a free one; else 1 */
    double cost;
};

/* What one fault more adds to a story, beside its own prior cost. */
#define BP_COST_OF_A_FAULT 2.0

/* And a factor of no known size: dearer than two known ones. */
#define BP_COST_OF_ANY_FACTOR 2.5

/* fit: [n_tensors]; those of kind BP_FIT_NONE are not explained, and not asked.
 * False when no set was found; found->n is 0 when none is needed. Takes nothing
 * dearer than most. */
bool bp_factor_search(const struct bp_parts *parts, const struct bp_predictor *p,
                      const struct bp_fit *fit, double most, struct bp_factoring *found);

#endif
