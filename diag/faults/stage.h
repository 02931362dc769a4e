/* stage.h -- what the stages of the catalogue have in common: short ways to the
 * sizes and parameters of a layer, and to put a stage into a table.
 *
 * Only the files of this folder include it. A stage of a fault has the fault's
 * hypothesis as its params.
 */
#ifndef BP_FAULT_STAGE_H
#define BP_FAULT_STAGE_H

#include "diag/faults/fault.h"

#define STAGE(name)                                                                                \
    static void name(const struct bp_pass *pass, size_t l, const struct bp_stage *self, double *out)

#define APPLIES(name) static bool name(const struct bp_setting *setting, int variant, size_t layer)

#define PLANT(name)                                                                                \
    static void name(const struct bp_hypothesis *h, size_t layer, struct bp_ops *ops)

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static inline const struct bp_hypothesis *planted(const struct bp_stage *self)
{
    return self->params;
}

static inline const struct bp_layer *layer_of(const struct bp_pass *pass, size_t l)
{
    return &pass->net->spec.layer[l];
}

static inline size_t width_of(const struct bp_pass *pass, size_t l)
{
    return layer_of(pass, l)->width;
}

static inline size_t last_of(const struct bp_pass *pass)
{
    return pass->net->spec.layers;
}

static inline const double *weights_of(const struct bp_pass *pass, size_t l)
{
    return pass->theta + bp_mlp_weights(pass->net, l)->offset;
}

/* NULL when the layer has none. */
static inline const double *biases_of(const struct bp_pass *pass, size_t l)
{
    const struct bp_tensor *biases = bp_mlp_biases(pass->net, l);
    return biases == NULL ? NULL : pass->theta + biases->offset;
}

/* The program's own rate, where it was planted with one; otherwise that of the step
 * that this pass is for. */
static inline double rate_of(const struct bp_pass *pass, const struct bp_stage *self)
{
    const double own = planted(self)->factor;
    return own != 1.0 || pass->rate == 0.0 ? own : pass->rate;
}

/* The right stage's result, to be changed. */
static inline void run_right(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                             double *out)
{
    self->right->run(pass, l, self->right, out);
}

static inline void fill(double *out, size_t count, double value)
{
    for (size_t k = 0; k < count; k++)
        out[k] = value;
}

static inline void multiply(double *out, size_t count, double factor)
{
    for (size_t k = 0; k < count; k++)
        out[k] *= factor;
}

/* Puts run into the table; a NULL stage's right one stays. */
static inline void put(struct bp_ops *ops, size_t layer, enum bp_slot slot,
                       void (*run)(const struct bp_pass *, size_t, const struct bp_stage *,
                                   double *),
                       const struct bp_hypothesis *h)
{
    ops[layer].stage[slot] =
        (struct bp_stage){.run = run, .params = h, .right = &bp_ops_right()->stage[slot]};
}

/* ---- what a setting is like ------------------------------------------------ */

static inline const struct bp_spec *spec_of(const struct bp_setting *setting)
{
    return &setting->net->spec;
}

static inline size_t wide(const struct bp_setting *setting, size_t layer)
{
    return spec_of(setting)->layer[layer].width;
}

static inline enum bp_activation activation_at(const struct bp_setting *setting, size_t layer)
{
    return spec_of(setting)->layer[layer].activation;
}

static inline bool has_bias(const struct bp_setting *setting, size_t layer)
{
    return spec_of(setting)->layer[layer].has_bias;
}

static inline bool is_output(const struct bp_setting *setting, size_t layer)
{
    return layer == spec_of(setting)->layers;
}

/* Output and loss cancel to delta = c (a - t). */
static inline bool is_matched(const struct bp_setting *setting)
{
    const struct bp_spec *spec = spec_of(setting);
    return bp_loss_is_matched(spec->loss, spec->layer[spec->layers].activation);
}

static inline bool is_batch(const struct bp_setting *setting)
{
    return setting->n > 1;
}

static inline bool is_mean(const struct bp_setting *setting)
{
    return spec_of(setting)->reduction == BP_MEAN;
}

/* A derivative that is neither 1 nor a switch. */
static inline bool is_smooth(enum bp_activation f)
{
    return f == BP_SIGMOID || f == BP_TANH;
}

#endif
