/* numdiff_node.c -- each neuron's delta numerically, then every weight by one product:
 *
 *     dL / dW_l[i,j] = sum over s of delta_l[s,i] a_{l-1}[s,j] [/ N] + lambda W
 *
 * The deltas and their errors are those of numdiff_exact.h: n_units numbers a
 * sample instead of n_theta, which is what makes an exhaustive check cost little
 * more than one backpropagation. The product is exact as z is affine in W; that
 * it is, is tried on the network's own stages (numdiff_spot.h) before the result
 * is given.
 *
 * The error of a weight is bounded by Cauchy and Schwarz,
 *
 *     sum over s of wrong[s,i] |a[s,j]|  <=  |wrong[:,i]| |a[:,j]|
 */
#include "core/kernel.h"
#include "core/mem.h"
#include "diag/numdiff_exact.h"
#include "diag/numdiff_inputs.h"
#include "diag/numdiff_spot.h"
#include "diag/numdiff_tiers.h"

#include <math.h>
#include <string.h>

#define EPSILON 0x1p-53

struct node {
    struct bp_numdiff *numdiff; /* borrowed */
    struct bp_exact exact;
    double *rows, *columns; /* owned by rows: |wrong[:,i]| and |a[:,j]| of a layer */
};

/* ---- errors --------------------------------------------------------------- */

/* |x[:,k]| over n rows. A kink's delta is left out: it has its own error. */
static void column_norms(size_t n, size_t width, const double *x, double *norm)
{
    memset(norm, 0, width * sizeof *norm);
    for (size_t s = 0; s < n; s++, x += width)
        for (size_t k = 0; k < width; k++)
            norm[k] += x[k] * x[k];
    for (size_t k = 0; k < width; k++)
        norm[k] = sqrt(norm[k]);
}

static void row_norms(struct node *node, size_t l)
{
    const struct bp_exact *exact = &node->exact;
    const size_t n = exact->at->n, width = exact->at->net->spec.layer[l].width;
    const size_t block = n * exact->at->net->unit[l];
    const double *wrong = exact->wrong + block, *delta = exact->delta + block;
    const double rounding = ((double)n + 4.0) * EPSILON;
    memset(node->rows, 0, width * sizeof *node->rows);
    for (size_t s = 0; s < n; s++, wrong += width, delta += width)
        for (size_t k = 0; k < width; k++) {
            const double off = wrong[k] + rounding * fabs(delta[k]);
            node->rows[k] += off * off;
        }
    for (size_t k = 0; k < width; k++)
        node->rows[k] = sqrt(node->rows[k]);
}

/* ---- flags ---------------------------------------------------------------- */

/* A neuron that stands on a corner in a sample passes that on to its weights with an
 * input in it. (The corner is in wrong already.) */
static void mark_kinks(struct node *node, size_t l)
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
                node->numdiff->flags[w->offset + i * w->cols + j] |= flags[k];
        if (b != NULL)
            node->numdiff->flags[b->offset + i] |= flags[k];
    }
}

/* As in the other tiers: on a corner, being stepped past another no longer counts. */
static void settle_flags(struct bp_numdiff *numdiff)
{
    for (size_t k = 0; k < numdiff->n_theta; k++)
        if ((numdiff->flags[k] & BP_NUM_KINK) != 0)
            numdiff->flags[k] = BP_NUM_KINK;
}

/* ---- one layer ------------------------------------------------------------ */

static void weights_of(struct node *node, size_t l)
{
    const struct bp_exact *exact = &node->exact;
    const struct bp_tensor *w = bp_mlp_weights(exact->at->net, l);
    const double n = bp_exact_divisor(exact), lambda = exact->at->net->spec.l2;
    for (size_t i = 0; i < w->rows; i++) {
        const size_t at = w->offset + i * w->cols;
        double *value = node->numdiff->value + at, *wrong = node->numdiff->error + at;
        const double *theta = exact->theta + at, row = node->rows[i] / n;
        for (size_t j = 0; j < w->cols; j++) {
            value[j] /= n;
            wrong[j] = row * node->columns[j];
        }
        for (size_t j = 0; j < w->cols && lambda != 0.0; j++) {
            value[j] += lambda * theta[j];
            wrong[j] += 4.0 * EPSILON * fabs(lambda * theta[j]);
        }
    }
}

static void flags_of(struct node *node, size_t l)
{
    const struct bp_tensor *w = bp_mlp_weights(node->exact.at->net, l);
    unsigned char *flags = node->numdiff->flags + w->offset;
    for (size_t j = 0; j < w->cols; j++)
        flags[j] = node->columns[j] == 0.0 ? BP_NUM_SKIPPED : 0;
    for (size_t i = 1; i < w->rows; i++)
        memcpy(flags + i * w->cols, flags, w->cols);
}

static void biases_of(struct node *node, size_t l)
{
    const struct bp_exact *exact = &node->exact;
    const struct bp_tensor *b = bp_mlp_biases(exact->at->net, l);
    const double n = bp_exact_divisor(exact), samples = sqrt((double)exact->at->n);
    for (size_t i = 0; b != NULL && i < b->rows; i++) {
        node->numdiff->value[b->offset + i] /= n;
        node->numdiff->error[b->offset + i] = samples * node->rows[i] / n;
        node->numdiff->flags[b->offset + i] = 0;
    }
}

static void one_layer(struct node *node, size_t l)
{
    const struct bp_exact *exact = &node->exact;
    const struct bp_mlp *net = exact->at->net;
    const struct bp_tensor *w = bp_mlp_weights(net, l), *b = bp_mlp_biases(net, l);
    const double *delta = exact->delta + exact->at->n * net->unit[l];
    bp_kernel_outer(exact->at->n, w->cols, w->rows, delta, exact->pass.a[l - 1],
                    node->numdiff->value + w->offset);
    if (b != NULL)
        bp_kernel_column_sum(exact->at->n, w->rows, delta, node->numdiff->value + b->offset);
    column_norms(exact->at->n, w->cols, exact->pass.a[l - 1], node->columns);
    row_norms(node, l);
    weights_of(node, l);
    flags_of(node, l);
    biases_of(node, l);
    mark_kinks(node, l);
}

/* ---- what was not asked for ----------------------------------------------- */

static void leave_out(struct bp_numdiff *numdiff, const struct bp_numdiff_options *options)
{
    size_t first;
    const size_t end = bp_numdiff_range(numdiff, options, &first);
    for (size_t k = 0; k < numdiff->n_theta; k++)
        if (k < first || k >= end) {
            numdiff->value[k] = numdiff->error[k] = 0.0;
            numdiff->flags[k] = BP_NUM_LEFT_OUT;
        }
}

/* ---- the tier ------------------------------------------------------------- */

static enum bp_status make_room(struct node *node)
{
    const struct bp_spec *spec = &node->exact.at->net->spec;
    size_t widest = 0;
    for (size_t l = 0; l <= spec->layers; l++)
        widest = spec->layer[l].width > widest ? spec->layer[l].width : widest;
    node->rows = bp_mem_new(2 * widest, sizeof *node->rows);
    node->columns = node->rows + widest;
    return node->rows == NULL ? BP_ENOMEM : BP_OK;
}

static enum bp_status run(struct bp_numdiff *numdiff, const struct bp_loss_at *at,
                          const struct bp_numdiff_options *options, struct bp_error *error)
{
    struct node node = {.numdiff = numdiff};
    struct bp_spot spot;
    enum bp_status status = bp_exact_init(&node.exact, at, options->threads);
    if (status == BP_OK)
        status = make_room(&node);
    if (status == BP_OK) {
        bp_exact_tell(&node.exact, numdiff);
        for (size_t l = 1; l <= at->net->spec.layers; l++)
            one_layer(&node, l);
        settle_flags(numdiff);
        leave_out(numdiff, options);
        status = bp_spot_run(&spot, &node.exact, error);
        numdiff->spots = spot.tried;
    }
    bp_mem_free(node.rows);
    bp_exact_release(&node.exact);
    return status;
}

const struct bp_tier bp_tier_node = {
    BP_TIER_NODE, "node",
    "the forward pass of every layer is the right one; z is affine in W, which is spot-checked",
    bp_fits_right_forward, run};
