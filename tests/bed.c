/* bed.c -- see bed.h. */
#include "tests/bed.h"

#include "core/rng.h"

#include <check.h>

void bed_set_up(struct bed *bed, const char *text, uint64_t seed)
{
    struct bp_spec spec;
    struct bp_rng rng;
    ck_assert_int_eq(bp_spec_parse(&spec, text, NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&bed->net, &spec), BP_OK);
    const size_t out = spec.layer[spec.layers].width;
    bp_rng_seed(&rng, seed);
    for (size_t k = 0; k < bed->net.n_theta; k++)
        bed->net.theta[k] = bp_rng_normal(&rng);
    for (size_t k = 0; k < BED_SAMPLES * 8; k++) {
        bed->x[k] = bp_rng_normal(&rng);
        bed->t[k] = 0.0;
    }
    for (size_t s = 0; s < BED_SAMPLES; s++)
        bed->t[s * out + bp_rng_below(&rng, out)] = 1.0;
    bp_spec_release(&spec);
}

void bed_negated(const struct bp_pass *pass, size_t l, const struct bp_stage *self, double *out)
{
    self->right->run(pass, l, self->right, out);
    for (size_t k = 0; k < pass->n * pass->net->spec.layer[l].width; k++)
        out[k] = -out[k];
}

void bed_plant(struct bp_mlp *net, size_t layer, enum bp_slot slot,
               void (*run)(const struct bp_pass *, size_t, const struct bp_stage *, double *))
{
    struct bp_stage *stage = &net->ops[layer].stage[slot];
    *stage = (struct bp_stage){run, NULL, stage->right};
}
