/* probe.c -- see probe.h. */
#include "diag/probe.h"

#include "core/mem.h"

#include <math.h>
#include <string.h>

static size_t mask_count(const struct bp_mlp *net)
{
    return net->n_units - net->spec.layer[net->spec.layers].width;
}

enum bp_status bp_probe_init(struct bp_probe *probe, const struct bp_mlp *net, size_t n)
{
    const size_t n_in = net->spec.layer[0].width;
    const size_t n_out = net->spec.layer[net->spec.layers].width;
    *probe = (struct bp_probe){.n = n, .epsilon = 0x1p-53};
    probe->theta = bp_mem_new(2 * net->n_theta, sizeof *probe->theta);
    probe->x = bp_mem_new(n * (n_in + 2 * n_out + mask_count(net)), sizeof *probe->x);
    if (probe->theta == NULL || probe->x == NULL) {
        bp_probe_release(probe);
        return BP_ENOMEM;
    }
    probe->g = probe->theta + net->n_theta;
    probe->t = probe->x + n * n_in;
    probe->y = probe->t + n * n_out;
    probe->mask = probe->y + n * n_out;
    for (size_t k = 0; k < n * mask_count(net); k++)
        probe->mask[k] = 1.0;
    return BP_OK;
}

void bp_probe_release(struct bp_probe *probe)
{
    bp_mem_free(probe->theta);
    bp_mem_free(probe->x);
    *probe = (struct bp_probe){0};
}

/* ---- drawing --------------------------------------------------------------- */

static void draw_theta(struct bp_probe *probe, const struct bp_mlp *net, struct bp_rng *rng)
{
    for (size_t i = 0; i < net->n_tensors; i++) {
        const struct bp_tensor *tensor = &net->tensor[i];
        const double sd = tensor->role == BP_BIASES ? 0.5 : 1.0 / sqrt((double)tensor->cols);
        for (size_t k = 0; k < tensor->count; k++)
            probe->theta[tensor->offset + k] = sd * bp_rng_normal(rng);
    }
}

/* Classes of a batch: not all the same where there are two samples or more. */
static void draw_classes(struct bp_probe *probe, size_t n_out, struct bp_rng *rng)
{
    memset(probe->t, 0, probe->n * n_out * sizeof *probe->t);
    for (size_t s = 0; s < probe->n; s++)
        probe->t[s * n_out + bp_rng_below(rng, n_out)] = 1.0;
}

static void draw_labels(struct bp_probe *probe, size_t n_out, struct bp_rng *rng)
{
    for (size_t k = 0; k < probe->n * n_out; k++)
        probe->t[k] = bp_rng_unit(rng) < 0.5 ? 0.0 : 1.0;
    for (size_t k = 0; probe->n > 1 && k < n_out; k++)
        probe->t[(probe->n - 1) * n_out + k] = 1.0 - probe->t[k];
}

static void draw_values(struct bp_probe *probe, size_t n_out, enum bp_activation f,
                        struct bp_rng *rng)
{
    for (size_t k = 0; k < probe->n * n_out; k++)
        probe->t[k] = f == BP_IDENTITY ? bp_rng_normal(rng)
                      : f == BP_TANH   ? bp_rng_uniform(rng, -1.0, 1.0)
                                       : bp_rng_unit(rng);
}

static void draw_data(struct bp_probe *probe, const struct bp_mlp *net, struct bp_rng *rng)
{
    const struct bp_spec *spec = &net->spec;
    const size_t n_out = spec->layer[spec->layers].width;
    for (size_t k = 0; k < probe->n * spec->layer[0].width; k++)
        probe->x[k] = bp_rng_normal(rng);
    if (spec->loss == BP_SOFTMAX_CROSS_ENTROPY)
        draw_classes(probe, n_out, rng);
    else if (spec->loss == BP_BINARY_CROSS_ENTROPY)
        draw_labels(probe, n_out, rng);
    else
        draw_values(probe, n_out, spec->layer[spec->layers].activation, rng);
}

/* Whether every tensor has something to show at this point. */
static bool tells(const struct bp_probe *probe, const struct bp_mlp *net, struct bp_pass *pass,
                  double *grad)
{
    bp_probe_load(probe, pass);
    pass->grad = grad;
    bp_pass_forward(pass, probe->n, probe->x);
    bp_pass_backward(pass, probe->t);
    for (size_t i = 0; i < net->n_tensors; i++) {
        bool zero = true;
        for (size_t k = 0; k < net->tensor[i].count; k++)
            zero = zero && grad[net->tensor[i].offset + k] == 0.0;
        if (zero)
            return false;
    }
    return true;
}

enum bp_status bp_probe_draw(struct bp_probe *probe, const struct bp_mlp *net, struct bp_rng *rng)
{
    struct bp_pass pass;
    enum bp_status status = bp_pass_init(&pass, net, probe->n);
    if (status != BP_OK)
        return status;
    double *grad = bp_mem_new(net->n_theta, sizeof *grad);
    if (grad != NULL) {
        for (int draw = 0; draw < BP_PROBE_DRAWS; draw++) {
            draw_theta(probe, net, rng);
            draw_data(probe, net, rng);
            if (tells(probe, net, &pass, grad))
                break;
        }
    } else {
        status = BP_ENOMEM;
    }
    bp_mem_free(grad);
    bp_pass_release(&pass);
    return status;
}

void bp_probe_mask(struct bp_probe *probe, const struct bp_mlp *net, double keep,
                   struct bp_rng *rng)
{
    for (size_t k = 0; k < probe->n * mask_count(net); k++)
        probe->mask[k] = bp_rng_unit(rng) < keep ? 1.0 / keep : 0.0;
    probe->masked = true;
}

void bp_probe_load(const struct bp_probe *probe, struct bp_pass *pass)
{
    const struct bp_spec *spec = &pass->net->spec;
    const double *mask = probe->mask;
    pass->theta = probe->theta;
    pass->t = probe->t;
    pass->rate = probe->rate;
    for (size_t l = 1; l < spec->layers; l++) {
        pass->mask[l] = probe->masked ? mask : NULL;
        mask += probe->n * spec->layer[l].width;
    }
}

void bp_probe_stretch(struct bp_probe *probe, const struct bp_mlp *net)
{
    if (net->spec.loss == BP_SQUARED_ERROR)
        for (size_t k = 0; k < probe->n * net->spec.layer[net->spec.layers].width; k++)
            probe->t[k] *= 0x1p10;
}

/* ---- asking ---------------------------------------------------------------- */

static size_t slot_count(const struct bp_pass *pass, size_t l, enum bp_slot slot)
{
    size_t block;
    (void)bp_mlp_block(pass->net, l, &block);
    const size_t width = pass->net->spec.layer[l].width;
    switch (slot) {
    case BP_OUTER_PRODUCT:
        return bp_mlp_weights(pass->net, l)->count;
    case BP_BIAS_SUM:
        return width;
    case BP_SCALE:
    case BP_REGULARISE:
    case BP_UPDATE:
        return block;
    default:
        return pass->n * width;
    }
}

/* A stage, and then its result in single precision. */
static void run_single(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                       double *out)
{
    const struct bp_stage *inner = self->params;
    inner->run(pass, l, inner, out);
    enum bp_slot slot = BP_AFFINE;
    while (&pass->ops[l].stage[slot] != self)
        slot++;
    const size_t count = slot_count(pass, l, slot);
    for (size_t k = 0; k < count; k++)
        out[k] = (double)(float)out[k];
}

static struct bp_ops *single_ops(const struct bp_mlp *net, const struct bp_ops *ops)
{
    struct bp_ops *single = bp_mem_new(net->spec.layers + 1, sizeof *single);
    for (size_t l = 1; single != NULL && l <= net->spec.layers; l++)
        for (size_t slot = 0; slot < BP_SLOTS; slot++)
            single[l].stage[slot] = (struct bp_stage){.run = run_single,
                                                      .params = &ops[l].stage[slot],
                                                      .right = ops[l].stage[slot].right};
    return single;
}

static void round_all(double *number, size_t n)
{
    for (size_t k = 0; k < n; k++)
        number[k] = (double)(float)number[k];
}

enum bp_status bp_probe_ask_net(struct bp_probe *probe, const struct bp_mlp *net,
                                const struct bp_ops *ops, double epsilon)
{
    const size_t n_out = net->spec.layer[net->spec.layers].width;
    const bool single = epsilon > 0x1p-40;
    struct bp_pass pass;
    const enum bp_status status = bp_pass_init(&pass, net, probe->n);
    if (status != BP_OK)
        return status;
    struct bp_ops *rounding = single ? single_ops(net, ops) : NULL;
    if (single && rounding == NULL) {
        bp_pass_release(&pass);
        return BP_ENOMEM;
    }
    if (single) {
        round_all(probe->theta, net->n_theta);
        round_all(probe->x, probe->n * net->spec.layer[0].width);
        round_all(probe->t, probe->n * n_out);
    }
    bp_probe_load(probe, &pass);
    pass.ops = single ? rounding : ops;
    pass.grad = probe->g;
    bp_pass_forward(&pass, probe->n, probe->x);
    bp_pass_backward(&pass, probe->t);
    memcpy(probe->y, pass.a[net->spec.layers], probe->n * n_out * sizeof *probe->y);
    probe->predicted = true;
    probe->epsilon = epsilon;
    bp_mem_free(rounding);
    bp_pass_release(&pass);
    return BP_OK;
}
