/* mlp.c -- the network: its parameters, their names, and the order of a pass.
 * What each stage computes is in stages.c. */
#include "core/mlp.h"

#include "core/loss.h"
#include "core/mem.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* ---- parameters ----------------------------------------------------------- */

static void add_tensor(struct bp_mlp *net, enum bp_role role, size_t layer, size_t rows,
                       size_t cols, size_t *offset)
{
    net->tensor[net->n_tensors++] = (struct bp_tensor){.role = role,
                                                       .layer = layer,
                                                       .rows = rows,
                                                       .cols = cols,
                                                       .offset = *offset,
                                                       .count = rows * cols};
    *offset += rows * cols;
}

static void lay_out(struct bp_mlp *net)
{
    const struct bp_layer *layer = net->spec.layer;
    size_t offset = 0;
    net->n_tensors = 0;
    for (size_t l = 1; l <= net->spec.layers; l++) {
        net->weights[l] = net->n_tensors;
        add_tensor(net, BP_WEIGHTS, l, layer[l].width, layer[l - 1].width, &offset);
        net->biases[l] = SIZE_MAX;
        if (layer[l].has_bias) {
            net->biases[l] = net->n_tensors;
            add_tensor(net, BP_BIASES, l, layer[l].width, 1, &offset);
        }
        net->unit[l] = l == 1 ? 0 : net->unit[l - 1] + layer[l - 1].width;
    }
    assert(offset == net->n_theta);
}

enum bp_status bp_mlp_init(struct bp_mlp *net, const struct bp_spec *spec)
{
    *net = (struct bp_mlp){0};
    if (bp_spec_check(spec, NULL) != BP_OK)
        return BP_EINPUT;
    if (bp_spec_copy(&net->spec, spec) != BP_OK)
        return BP_ENOMEM;
    const size_t slots = spec->layers + 1;
    net->n_theta = bp_spec_parameters(spec);
    net->n_units = bp_spec_units(spec);
    net->theta = bp_mem_new(2 * net->n_theta, sizeof *net->theta);
    net->tensor = bp_mem_new(2 * slots, sizeof *net->tensor);
    net->weights = bp_mem_new(3 * slots, sizeof *net->weights);
    net->ops = bp_mem_new(slots, sizeof *net->ops);
    if (net->theta == NULL || net->tensor == NULL || net->weights == NULL || net->ops == NULL) {
        bp_mlp_release(net);
        return BP_ENOMEM;
    }
    net->grad = net->theta + net->n_theta;
    net->biases = net->weights + slots;
    net->unit = net->biases + slots;
    lay_out(net);
    bp_mlp_restore(net);
    return BP_OK;
}

void bp_mlp_release(struct bp_mlp *net)
{
    bp_spec_release(&net->spec);
    bp_mem_free(net->theta);
    bp_mem_free(net->tensor);
    bp_mem_free(net->weights);
    bp_mem_free(net->ops);
    *net = (struct bp_mlp){0};
}

void bp_mlp_restore(struct bp_mlp *net)
{
    for (size_t l = 0; l <= net->spec.layers; l++)
        net->ops[l] = *bp_ops_right();
}

const struct bp_tensor *bp_mlp_weights(const struct bp_mlp *net, size_t layer)
{
    assert(layer >= 1 && layer <= net->spec.layers);
    return &net->tensor[net->weights[layer]];
}

const struct bp_tensor *bp_mlp_biases(const struct bp_mlp *net, size_t layer)
{
    assert(layer >= 1 && layer <= net->spec.layers);
    return net->spec.layer[layer].has_bias ? &net->tensor[net->biases[layer]] : NULL;
}

const struct bp_tensor *bp_mlp_tensor_of(const struct bp_mlp *net, size_t k)
{
    assert(k < net->n_theta);
    size_t low = 0;
    size_t high = net->n_tensors - 1;
    while (low < high) {
        const size_t middle = (low + high + 1) / 2;
        if (net->tensor[middle].offset <= k)
            low = middle;
        else
            high = middle - 1;
    }
    return &net->tensor[low];
}

void bp_tensor_name(const struct bp_tensor *tensor, char name[BP_NAME_MAX])
{
    snprintf(name, BP_NAME_MAX, "%c%zu", tensor->role == BP_WEIGHTS ? 'W' : 'b', tensor->layer);
}

void bp_mlp_name(const struct bp_mlp *net, size_t k, char name[BP_NAME_MAX])
{
    const struct bp_tensor *tensor = bp_mlp_tensor_of(net, k);
    const size_t at = k - tensor->offset;
    if (tensor->role == BP_WEIGHTS)
        snprintf(name, BP_NAME_MAX, "W%zu[%zu,%zu]", tensor->layer, at / tensor->cols,
                 at % tensor->cols);
    else
        snprintf(name, BP_NAME_MAX, "b%zu[%zu]", tensor->layer, at);
}

size_t bp_mlp_block(const struct bp_mlp *net, size_t layer, size_t *count)
{
    const struct bp_tensor *weights = bp_mlp_weights(net, layer);
    const struct bp_tensor *biases = bp_mlp_biases(net, layer);
    *count = weights->count + (biases == NULL ? 0 : biases->count);
    return weights->offset;
}

/* ---- a pass --------------------------------------------------------------- */

/* Rows rounded up to a cache line, so that arrays start aligned. */
static size_t padded(size_t count)
{
    return (count + 7) / 8 * 8;
}

static void carve(struct bp_pass *pass, const struct bp_mlp *net)
{
    double *at = pass->block;
    double **array[] = {pass->z, pass->a, pass->e, pass->delta};
    for (size_t k = 0; k < 4; k++)
        for (size_t l = 1; l <= net->spec.layers; l++) {
            array[k][l] = at;
            at += padded(pass->capacity * net->spec.layer[l].width);
        }
    double **flat[] = {&pass->sum, &pass->scaled, &pass->next};
    for (size_t k = 0; k < 3; k++) {
        *flat[k] = at;
        at += padded(net->n_theta);
    }
}

enum bp_status bp_pass_init(struct bp_pass *pass, const struct bp_mlp *net, size_t capacity)
{
    assert(capacity > 0);
    *pass = (struct bp_pass){.net = net,
                             .ops = net->ops,
                             .theta = net->theta,
                             .grad = net->grad,
                             .direction = net->grad,
                             .capacity = capacity};
    const size_t slots = net->spec.layers + 1;
    size_t numbers = 3 * padded(net->n_theta);
    for (size_t l = 1; l <= net->spec.layers; l++) {
        if (net->spec.layer[l].width > SIZE_MAX / 64 / capacity)
            return BP_ENOMEM;
        numbers += 4 * padded(capacity * net->spec.layer[l].width);
    }
    pass->block = bp_mem_new(numbers, sizeof *pass->block);
    pass->pointers = bp_mem_new(5 * slots, sizeof(double *));
    if (pass->block == NULL || pass->pointers == NULL) {
        bp_pass_release(pass);
        return BP_ENOMEM;
    }
    pass->z = pass->pointers;
    pass->a = pass->z + slots;
    pass->e = pass->a + slots;
    pass->delta = pass->e + slots;
    pass->mask = (const double **)(pass->delta + slots);
    carve(pass, net);
    return BP_OK;
}

void bp_pass_release(struct bp_pass *pass)
{
    bp_mem_free(pass->block);
    bp_mem_free(pass->pointers);
    *pass = (struct bp_pass){0};
}

static void run(const struct bp_pass *pass, size_t l, enum bp_slot slot, double *out)
{
    const struct bp_stage *stage = &pass->ops[l].stage[slot];
    stage->run(pass, l, stage, out);
}

void bp_pass_forward_from(struct bp_pass *pass, size_t from)
{
    for (size_t l = from; l <= pass->net->spec.layers; l++) {
        run(pass, l, BP_AFFINE, pass->z[l]);
        run(pass, l, BP_ACTIVATE, pass->a[l]);
    }
}

void bp_pass_forward(struct bp_pass *pass, size_t n, const double *x)
{
    assert(n > 0 && n <= pass->capacity);
    pass->n = n;
    pass->x = x;
    /* only read: stages see a[0] through a const pass, and write out alone */
    pass->a[0] = (double *)(uintptr_t)x;
    bp_pass_forward_from(pass, 1);
}

double bp_pass_sample_loss(const struct bp_pass *pass, const double *t, size_t s)
{
    const struct bp_spec *spec = &pass->net->spec;
    const size_t width = spec->layer[spec->layers].width;
    return bp_loss_value(spec->loss, spec->factor, width, pass->a[spec->layers] + s * width,
                         t + s * width);
}

double bp_pass_penalty(const struct bp_pass *pass)
{
    const struct bp_mlp *net = pass->net;
    if (net->spec.l2 == 0.0)
        return 0.0;
    double sum = 0.0;
    for (size_t l = 1; l <= net->spec.layers; l++) {
        const struct bp_tensor *weights = bp_mlp_weights(net, l);
        for (size_t k = 0; k < weights->count; k++)
            sum += pass->theta[weights->offset + k] * pass->theta[weights->offset + k];
    }
    return 0.5 * net->spec.l2 * sum;
}

double bp_pass_loss(const struct bp_pass *pass, const double *t)
{
    double sum = 0.0;
    for (size_t s = 0; s < pass->n; s++)
        sum += bp_pass_sample_loss(pass, t, s);
    if (pass->net->spec.reduction == BP_MEAN)
        sum /= (double)pass->n;
    return sum + bp_pass_penalty(pass);
}

static void layer_gradient(const struct bp_pass *pass, size_t l)
{
    const struct bp_mlp *net = pass->net;
    const struct bp_tensor *biases = bp_mlp_biases(net, l);
    size_t count;
    const size_t block = bp_mlp_block(net, l, &count);
    run(pass, l, BP_OUTER_PRODUCT, pass->sum + block);
    if (biases != NULL)
        run(pass, l, BP_BIAS_SUM, pass->sum + biases->offset);
    run(pass, l, BP_SCALE, pass->scaled + block);
    run(pass, l, BP_REGULARISE, pass->grad + block);
}

static void layer_delta(const struct bp_pass *pass, size_t l)
{
    const size_t last = pass->net->spec.layers;
    if (l == last) {
        run(pass, l, BP_LOSS_GRADIENT, pass->e[l]);
        run(pass, l, BP_OUTPUT_DELTA, pass->delta[l]);
    } else {
        run(pass, l, BP_PROPAGATE, pass->e[l]);
        run(pass, l, BP_DERIVATIVE, pass->delta[l]);
    }
}

void bp_pass_backward_layer(struct bp_pass *pass, size_t l)
{
    layer_delta(pass, l);
    layer_gradient(pass, l);
}

void bp_pass_gradient(const struct bp_pass *pass)
{
    for (size_t l = pass->net->spec.layers; l >= 1; l--)
        layer_gradient(pass, l);
}

void bp_pass_backward(struct bp_pass *pass, const double *t)
{
    pass->t = t;
    for (size_t l = pass->net->spec.layers; l >= 1; l--)
        bp_pass_backward_layer(pass, l);
}

void bp_pass_update_layer(struct bp_pass *pass, size_t l)
{
    size_t count;
    run(pass, l, BP_UPDATE, pass->next + bp_mlp_block(pass->net, l, &count));
}

void bp_pass_update(struct bp_pass *pass, double rate)
{
    pass->rate = rate;
    for (size_t l = 1; l <= pass->net->spec.layers; l++)
        bp_pass_update_layer(pass, l);
}

/* A replaced stage may read all that the others leave behind, so one is too many. */
static bool can_descend(const struct bp_pass *pass)
{
    if (pass->net->spec.l2 != 0.0 || pass->decay != 0.0 || pass->direction != pass->grad)
        return false;
    for (size_t l = 1; l <= pass->net->spec.layers; l++)
        for (int slot = 0; slot < BP_SLOTS; slot++)
            if (!bp_ops_is_right(pass->ops, l, (enum bp_slot)slot))
                return false;
    return true;
}

bool bp_pass_descend(struct bp_pass *pass, const double *t, double rate)
{
    if (!can_descend(pass))
        return false;
    pass->t = t;
    pass->rate = rate;
    for (size_t l = pass->net->spec.layers; l >= 1; l--) {
        layer_delta(pass, l);
        bp_ops_descend(pass, l);
    }
    return true;
}
