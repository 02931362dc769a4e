/* numdiff_node.c -- see numdiff_node.h. */
#include "core/kernel.h"
#include "core/mem.h"
#include "diag/numdiff_inputs.h"
#include "diag/numdiff_node.h"
#include "diag/numdiff_spot.h"
#include "diag/numdiff_tiers.h"

#include <math.h>
#include <string.h>

#define EPSILON 0x1p-53

/* ---- errors --------------------------------------------------------------- */

static void roots(size_t width, double *norm)
{
    for (size_t k = 0; k < width; k++)
        norm[k] = sqrt(norm[k]);
}

/* |wrong[:,i]| with the rounding of the sum over the batch. */
static void row_norms(struct bp_node *node, size_t l)
{
    const struct bp_exact *exact = &node->exact;
    const size_t n = exact->at->n, width = exact->at->net->spec.layer[l].width;
    const size_t block = n * exact->at->net->unit[l];
    const double *wrong = exact->wrong + block, *delta = exact->delta + block;
    const double rounding = ((double)n + 4.0) * EPSILON;
    for (size_t k = 0; k < n * width; k++)
        exact->bound[k] = wrong[k] + rounding * fabs(delta[k]);
    bp_kernel_column_squares(n, width, exact->bound, node->rows);
    roots(width, node->rows);
}

/* ---- flags ---------------------------------------------------------------- */

/* On a corner, being stepped past another no longer counts. */
static void pass_on(unsigned char *flags, unsigned char more)
{
    *flags = (*flags | more) & BP_NUM_KINK ? BP_NUM_KINK : *flags | more;
}

/* A neuron that stands on a corner in a sample passes that on to its weights with an
 * input in it. (The corner is in wrong already.) */
static void mark_kinks(struct bp_node *node, size_t l)
{
    const struct bp_exact *exact = &node->exact;
    const struct bp_mlp *net = exact->at->net;
    const struct bp_tensor *w = bp_mlp_weights(net, l), *b = bp_mlp_biases(net, l);
    const unsigned char *flags = exact->flags + exact->at->n * net->unit[l];
    for (size_t k = 0; k < exact->at->n * w->rows; k++) {
        if (flags[k] == 0)
            continue;
        const size_t i = k % w->rows;
        const double *a = exact->pass.a[l - 1] + k / w->rows * w->cols;
        for (size_t j = 0; j < w->cols; j++)
            if (a[j] != 0.0)
                pass_on(&node->numdiff->flags[w->offset + i * w->cols + j], flags[k]);
        if (b != NULL)
            pass_on(&node->numdiff->flags[b->offset + i], flags[k]);
    }
}

/* ---- one layer ------------------------------------------------------------ */

static void errors_of(struct bp_node *node, size_t l)
{
    const struct bp_exact *exact = &node->exact;
    const struct bp_tensor *w = bp_mlp_weights(exact->at->net, l);
    const double n = bp_exact_divisor(exact);
    for (size_t i = 0; i < w->rows; i++) {
        bp_kernel_scaled(w->cols, node->columns, node->rows[i] / n,
                         node->numdiff->error + w->offset + i * w->cols);
    }
}

static void add_penalty(struct bp_node *node, size_t l)
{
    const struct bp_exact *exact = &node->exact;
    const struct bp_tensor *w = bp_mlp_weights(exact->at->net, l);
    const double lambda = exact->at->net->spec.l2;
    for (size_t k = w->offset; k < w->offset + w->count && lambda != 0.0; k++) {
        const double penalty = lambda * exact->theta[k];
        node->numdiff->value[k] += penalty;
        node->numdiff->error[k] += 4.0 * EPSILON * fabs(penalty);
    }
}

static void flags_of(struct bp_node *node, size_t l)
{
    const struct bp_tensor *w = bp_mlp_weights(node->exact.at->net, l);
    unsigned char *flags = node->numdiff->flags + w->offset;
    for (size_t j = 0; j < w->cols; j++)
        flags[j] = node->columns[j] == 0.0 ? BP_NUM_SKIPPED : 0;
    for (size_t i = 1; i < w->rows; i++)
        memcpy(flags + i * w->cols, flags, w->cols);
}

static void biases_of(struct bp_node *node, size_t l)
{
    const struct bp_exact *exact = &node->exact;
    const struct bp_tensor *b = bp_mlp_biases(exact->at->net, l);
    const double n = bp_exact_divisor(exact), samples = sqrt((double)exact->at->n);
    for (size_t i = 0; b != NULL && i < b->rows; i++) {
        node->numdiff->error[b->offset + i] = samples * node->rows[i] / n;
        node->numdiff->flags[b->offset + i] = 0;
    }
}

static void one_layer(struct bp_node *node, size_t l)
{
    const struct bp_exact *exact = &node->exact;
    const struct bp_mlp *net = exact->at->net;
    const struct bp_tensor *w = bp_mlp_weights(net, l), *b = bp_mlp_biases(net, l);
    const size_t n = exact->at->n;
    const double *delta = exact->delta + n * net->unit[l];
    const double divisor = bp_exact_divisor(exact);
    row_norms(node, l);
    bp_kernel_column_squares(n, w->cols, exact->pass.a[l - 1], node->columns);
    roots(w->cols, node->columns);
    bp_kernel_divide(n * w->rows, delta, divisor, exact->spread); /* while there are few */
    bp_kernel_outer(n, w->cols, w->rows, exact->spread, exact->pass.a[l - 1],
                    node->numdiff->value + w->offset);
    if (b != NULL)
        bp_kernel_column_sum(n, w->rows, exact->spread, node->numdiff->value + b->offset);
    errors_of(node, l);
    add_penalty(node, l);
    flags_of(node, l);
    biases_of(node, l);
    mark_kinks(node, l);
}

/* ---- in one piece --------------------------------------------------------- */

enum bp_status bp_node_init(struct bp_node *node, const struct bp_loss_at *at,
                            struct bp_numdiff *numdiff, int threads)
{
    const struct bp_spec *spec = &at->net->spec;
    size_t widest = 0;
    *node = (struct bp_node){.numdiff = numdiff};
    for (size_t l = 0; l <= spec->layers; l++)
        widest = spec->layer[l].width > widest ? spec->layer[l].width : widest;
    node->rows = bp_mem_new(2 * widest, sizeof *node->rows);
    node->columns = node->rows + widest;
    if (node->rows != NULL && bp_exact_init(&node->exact, at, numdiff, threads) == BP_OK)
        return BP_OK;
    bp_node_release(node);
    return BP_ENOMEM;
}

void bp_node_release(struct bp_node *node)
{
    bp_mem_free(node->rows);
    bp_exact_release(&node->exact);
    *node = (struct bp_node){0};
}

static void all_layers(struct bp_node *node)
{
    for (size_t l = 1; l <= node->exact.at->net->spec.layers; l++)
        one_layer(node, l);
}

void bp_node_run(struct bp_node *node)
{
    bp_exact_run(&node->exact);
    all_layers(node);
}

/* ---- the tier ------------------------------------------------------------- */

static void leave_out(struct bp_numdiff *numdiff, const struct bp_numdiff_options *options)
{
    size_t first;
    const size_t end = bp_numdiff_range(numdiff, options, &first);
    if (first == 0 && end == numdiff->n_theta)
        return;
    for (size_t k = 0; k < numdiff->n_theta; k++)
        if (k < first || k >= end) {
            numdiff->value[k] = numdiff->error[k] = 0.0;
            numdiff->flags[k] = BP_NUM_LEFT_OUT;
        }
}

static enum bp_status run(struct bp_numdiff *numdiff, const struct bp_loss_at *at,
                          const struct bp_numdiff_options *options, struct bp_error *error)
{
    struct bp_node node;
    struct bp_spot spot;
    enum bp_status status = bp_node_init(&node, at, numdiff, options->threads);
    if (status != BP_OK)
        return status;
    bp_exact_run(&node.exact);
    status = bp_spot_run(&spot, &node.exact, numdiff->value, error); /* not written yet */
    if (status == BP_OK) {
        all_layers(&node);
        bp_exact_tell(&node.exact, numdiff);
        leave_out(numdiff, options);
        numdiff->spots = spot.tried;
    }
    bp_node_release(&node);
    return status;
}

const struct bp_tier bp_tier_node = {
    .id = BP_TIER_NODE,
    .name = "node",
    .assumes =
        "the forward pass of every layer is the right one; z is affine in W, which is spot-checked",
    .fits = bp_fits_right_forward,
    .run = run,
};
