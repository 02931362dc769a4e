/* sums.h -- what dW_l = sum of delta_l a_{l-1}^T and db_l = sum of delta_l, both sums over
 * the batch, get wrong alike: stages that go by the shape of the slot that they are put
 * into, and the settings in which it shows.
 *
 * For bias.c and outer_part.c.
 */
#ifndef BP_FAULT_SUMS_H
#define BP_FAULT_SUMS_H

#include "diag/faults/stage.h"

/* How many numbers the stage writes. */
static inline size_t count_of(const struct bp_pass *pass, size_t l, const struct bp_stage *self)
{
    const size_t slot = (size_t)(self->right - bp_ops_right()->stage);
    size_t block;
    if (slot == BP_BIAS_SUM)
        return width_of(pass, l);
    if (slot == BP_OUTER_PRODUCT)
        return width_of(pass, l) * width_of(pass, l - 1);
    bp_mlp_block(pass->net, l, &block);
    return block;
}

/* ---- stages ---------------------------------------------------------------- */

#define SHARED_STAGE(name)                                                                         \
    static inline void name(const struct bp_pass *pass, size_t l, const struct bp_stage *self,     \
                            double *out)

SHARED_STAGE(zero)
{
    fill(out, count_of(pass, l, self), 0.0);
}

SHARED_STAGE(times_n)
{
    run_right(pass, l, self, out);
    multiply(out, count_of(pass, l, self), (double)pass->n);
}

SHARED_STAGE(over_n)
{
    run_right(pass, l, self, out);
    multiply(out, count_of(pass, l, self), 1.0 / (double)pass->n);
}

SHARED_STAGE(negated)
{
    run_right(pass, l, self, out);
    multiply(out, count_of(pass, l, self), -1.0);
}

/* The last sample (variants 0, 1) or the first (2, 3). */
static inline size_t chosen_sample(const struct bp_pass *pass, int variant)
{
    return variant < 2 ? pass->n - 1 : 0;
}

/* 1 and 3 are without the 1/N of the mean, which scale will divide by. */
static inline double undo_mean(const struct bp_pass *pass, int variant)
{
    return variant % 2 == 1 && pass->net->spec.reduction == BP_MEAN ? (double)pass->n : 1.0;
}

SHARED_STAGE(one_sample_of_bias)
{
    const int variant = planted(self)->variant;
    const size_t width = width_of(pass, l);
    const double *delta = pass->delta[l] + chosen_sample(pass, variant) * width;
    for (size_t i = 0; i < width; i++)
        out[i] = delta[i] * undo_mean(pass, variant);
}

static const char *const SAMPLE_VARIANT[] = {"the last, divided by N", "the last, not divided by N",
                                             "the first, divided by N",
                                             "the first, not divided by N"};

/* ---- where ----------------------------------------------------------------- */

#define SHARED_APPLIES(name)                                                                       \
    static inline bool name(const struct bp_setting *setting, int variant, size_t layer)

SHARED_APPLIES(biased)
{
    (void)variant;
    return has_bias(setting, layer);
}

SHARED_APPLIES(sampled)
{
    (void)layer;
    return is_batch(setting) && (variant % 2 == 0 || is_mean(setting));
}

SHARED_APPLIES(averaged_with_biases)
{
    (void)variant;
    return has_bias(setting, layer) && is_batch(setting) && is_mean(setting);
}

SHARED_APPLIES(summed_with_biases)
{
    (void)variant;
    return has_bias(setting, layer) && is_batch(setting) && !is_mean(setting);
}

#endif
