/* bed.h -- for tests of the gradient check: a network with random parameters and data,
 * and stages to plant in it.
 */
#ifndef BP_TESTS_BED_H
#define BP_TESTS_BED_H

#include "core/mlp.h"

#include <stdint.h>

enum { BED_SAMPLES = 6 };

struct bed {
    struct bp_mlp net;
    double x[BED_SAMPLES * 8], t[BED_SAMPLES * 8];
};

/* Normal parameters and inputs, one-hot targets. */
void bed_set_up(struct bed *bed, const char *text, uint64_t seed);

void bed_plant(struct bp_mlp *net, size_t layer, enum bp_slot slot,
               void (*run)(const struct bp_pass *, size_t, const struct bp_stage *, double *));

/* A stage that turns the sign of n x width numbers. */
void bed_negated(const struct bp_pass *pass, size_t l, const struct bp_stage *self, double *out);

#endif
