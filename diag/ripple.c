/* ripple.c -- see ripple.h. */
#include "diag/ripple.h"

#include "core/changes.h"
#include "core/kernel.h"
#include "core/mem.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

/* Numbers in a block: both blocks of a run stay in a second-level cache. */
enum { BLOCK = 16384, NEAR = 2048, ROOM_MOST = 512 };

static const struct bp_layer *layer_of(const struct bp_ripple *ripple, size_t l)
{
    return &ripple->pass->net->spec.layer[l];
}

static size_t last_layer(const struct bp_ripple *ripple)
{
    return ripple->pass->net->spec.layers;
}

/* ---- memory --------------------------------------------------------------- */

static size_t widest_from(const struct bp_mlp *net, size_t l)
{
    size_t width = 0;
    for (; l <= net->spec.layers; l++)
        width = net->spec.layer[l].width > width ? net->spec.layer[l].width : width;
    return width;
}

/* Rows of a block: layers above the first; the first, too, where it may have to
 * change as a whole. */
static size_t rows_needed(const struct bp_mlp *net)
{
    const bool whole = net->spec.layers == 1 || net->spec.layer[1].activation == BP_SOFTMAX;
    const size_t rows = widest_from(net, whole ? 1 : 2);
    return rows > 0 ? rows : 1;
}

static size_t columns_for(size_t rows)
{
    const size_t fit = BLOCK / rows / (2 * BP_CHANGES_STEP) * (2 * BP_CHANGES_STEP);
    if (fit < 2 * BP_CHANGES_STEP)
        return 2 * BP_CHANGES_STEP;
    return fit > ROOM_MOST ? ROOM_MOST : fit;
}

enum bp_status bp_ripple_init(struct bp_ripple *ripple, const struct bp_pass *pass, const double *t,
                              const double *loss, bool exact)
{
    const size_t rows = rows_needed(pass->net);
    const size_t room = columns_for(rows);
    const size_t widest = (widest_from(pass->net, 1) + 7) / 8 * 8;
    *ripple = (struct bp_ripple){.pass = pass, .t = t, .loss = loss, .exact = exact, .room = room};
    if (rows > SIZE_MAX / 4 / room)
        return BP_ENOMEM;
    ripple->memory = bp_mem_room(2 * rows * room + 5 * room + widest, sizeof(double));
    if (ripple->memory == NULL)
        return BP_ENOMEM;
    ripple->first = ripple->memory;
    for (size_t k = 0; k < 4; k++)
        ripple->by_column[k] = ripple->first + (k + 1) * room;
    ripple->z = ripple->first + 5 * room;
    ripple->a = ripple->z + rows * room;
    ripple->row = ripple->a + rows * room;
    return BP_OK;
}

void bp_ripple_release(struct bp_ripple *ripple)
{
    bp_mem_free(ripple->memory);
    *ripple = (struct bp_ripple){0};
}

/* ---- the sample's own numbers --------------------------------------------- */

/* One layer at the point: z, f(z), mask and target of what the rows (or the
 * columns) of a block are. */
struct here {
    struct bp_base z, f, mask, t;
    bool has_mask;
};

/* f(z) without the mask that is in a. */
static const double *unmasked(struct bp_ripple *ripple, size_t l, size_t s)
{
    const struct bp_layer *layer = layer_of(ripple, l);
    if (ripple->pass->mask[l] == NULL)
        return ripple->pass->a[l] + s * layer->width;
    bp_activation_value(layer->activation, layer->slope, 1, layer->width,
                        ripple->pass->z[l] + s * layer->width, ripple->row);
    return ripple->row;
}

/* The whole of layer l, or from neuron `from` on. */
static struct here by_row(struct bp_ripple *ripple, size_t l, size_t s, size_t from)
{
    const size_t at = s * layer_of(ripple, l)->width + from;
    const double *mask = ripple->pass->mask[l];
    struct here here = {.has_mask = mask != NULL};
    here.z.x = ripple->pass->z[l] + at;
    here.f.x = unmasked(ripple, l, s) + from;
    here.mask.x = mask == NULL ? NULL : mask + at;
    here.t.x = l == last_layer(ripple) ? ripple->t + at : NULL;
    return here;
}

/* The columns' own neurons, in all parts; numbers that are missing are 0. */
static void spread_out(const struct bp_ripple_at *at, const double *from, double *to)
{
    const size_t part = at->cols / at->sides;
    memset(to, 0, at->cols * sizeof *to);
    for (size_t side = 0; side < at->sides && from != NULL; side++)
        memcpy(to + side * part, from, at->each * sizeof *to);
}

static struct here by_column(struct bp_ripple *ripple, const struct bp_ripple_at *at)
{
    struct here here = by_row(ripple, at->layer, at->sample, at->neuron);
    struct bp_base *part[4] = {&here.z, &here.f, &here.mask, &here.t};
    for (size_t k = 0; k < 4; k++) {
        spread_out(at, part[k]->x, ripple->by_column[k]);
        *part[k] = (struct bp_base){ripple->by_column[k], true};
    }
    return here;
}

/* ---- one layer ------------------------------------------------------------ */

/* In: z (recomputing) or its change (exact) in `in`. Out: a, or its change. */
static void activate(struct bp_ripple *ripple, size_t l, const struct here *here, size_t rows,
                     size_t cols, const double *in, double *out, double *crossed)
{
    const struct bp_layer *layer = layer_of(ripple, l);
    if (ripple->exact) {
        bp_changes_change(layer->activation, layer->slope, rows, cols, here->z, here->f, in, out,
                          crossed);
    } else {
        if (bp_activation_has_kink(layer->activation))
            bp_changes_sides(rows, cols, here->z, in, crossed);
        bp_changes_value(layer->activation, layer->slope, rows, cols, in, out);
    }
    if (here->has_mask)
        bp_changes_scale(rows, cols, here->mask, out);
}

/* a, or its change, is the output; before: the sample's loss, when recomputing. */
static void take_loss(struct bp_ripple *ripple, struct bp_base output, struct bp_base t,
                      size_t rows, size_t cols, const double *a, struct bp_base before,
                      double *change)
{
    const struct bp_spec *spec = &ripple->pass->net->spec;
    if (ripple->exact)
        bp_changes_loss_change(spec->loss, spec->factor, rows, cols, output, t, a, change);
    else
        bp_changes_loss(spec->loss, spec->factor, rows, cols, a, t, before, change);
}

/* z of layer l is in ripple->z: on to a. */
static void activate_layer(struct bp_ripple *ripple, size_t l, size_t s, size_t cols,
                           double *crossed)
{
    const struct here here = by_row(ripple, l, s, 0);
    activate(ripple, l, &here, layer_of(ripple, l)->width, cols, ripple->z, ripple->a, crossed);
}

/* a of layer l is in ripple->a: from there to the loss. */
static void climb(struct bp_ripple *ripple, size_t l, size_t s, size_t cols, double *change,
                  double *crossed)
{
    const struct bp_mlp *net = ripple->pass->net;
    const double *theta = ripple->pass->theta;
    for (; l < net->spec.layers; l++) {
        const struct bp_tensor *biases = bp_mlp_biases(net, l + 1);
        const bool has_bias = biases != NULL && !ripple->exact;
        bp_kernel_transform(layer_of(ripple, l)->width, layer_of(ripple, l + 1)->width, cols,
                            theta + bp_mlp_weights(net, l + 1)->offset, ripple->a,
                            has_bias ? theta + biases->offset : NULL, ripple->z);
        activate_layer(ripple, l + 1, s, cols, crossed);
    }
    const size_t width = layer_of(ripple, l)->width;
    const struct here here = by_row(ripple, l, s, 0);
    take_loss(ripple, (struct bp_base){ripple->pass->a[l] + s * width, false}, here.t, width, cols,
              ripple->a, (struct bp_base){&ripple->loss[s], false}, change);
}

/* ---- the layer that is changed -------------------------------------------- */

/* Its neurons are the rows: each column changes one of them. */
static void whole_layer(struct bp_ripple *ripple, const struct bp_ripple_at *at, const double *d)
{
    const size_t width = layer_of(ripple, at->layer)->width;
    const double *z = ripple->pass->z[at->layer] + at->sample * width;
    for (size_t k = 0; k < width; k++)
        for (size_t c = 0; c < at->cols; c++)
            ripple->z[k * at->cols + c] = ripple->exact ? 0.0 : z[k];
    for (size_t c = 0; c < at->cols; c++) {
        const size_t within = at->each > 0 ? c % (at->cols / at->sides) : 0;
        if (at->each == 0 || within < at->each)
            ripple->z[(at->neuron + within) * at->cols + c] += d[c];
    }
}

/* The changed neuron's a, or its change: one row. Recomputing, z goes first through
 * the columns themselves. */
static void first_row(struct bp_ripple *ripple, const struct bp_ripple_at *at,
                      const struct here *here, const double *d, double *crossed)
{
    const double *in = d;
    if (!ripple->exact) {
        for (size_t c = 0; c < at->cols; c++)
            ripple->first[c] = here->z.x[here->z.by_column ? c : 0] + d[c];
        in = ripple->first;
    }
    activate(ripple, at->layer, here, 1, at->cols, in, ripple->first, crossed);
}

static double base_of(struct bp_base base, size_t c)
{
    return base.x[base.by_column ? c : 0];
}

/* The neuron's own part of the loss, for an output without a mask. What it was
 * before comes from the same function, so that no change makes exactly 0. */
static void output_row(struct bp_ripple *ripple, const struct here *here, size_t cols,
                       double *change)
{
    static const double NOTHING = 0.0;
    double *before = ripple->z;
    if (!ripple->exact) {
        for (size_t c = 0; c < cols; c++)
            ripple->a[c] = base_of(here->f, c);
        take_loss(ripple, here->f, here->t, 1, cols, ripple->a, (struct bp_base){&NOTHING, false},
                  before);
    }
    take_loss(ripple, here->f, here->t, 1, cols, ripple->first, (struct bp_base){before, true},
              change);
}

/* z of rows of layer l, from the change of a of what was changed below. */
static void spread_rows(struct bp_ripple *ripple, const struct bp_ripple_at *at, size_t row,
                        size_t rows)
{
    const size_t l = at->layer + 1, in = layer_of(ripple, at->layer)->width;
    const double *w =
        ripple->pass->theta + bp_mlp_weights(ripple->pass->net, l)->offset + row * in + at->neuron;
    const double *z =
        ripple->exact ? NULL : ripple->pass->z[l] + at->sample * layer_of(ripple, l)->width + row;
    if (at->each == 0) {
        bp_changes_spread(rows, at->cols, z, w, in, ripple->first, ripple->z);
        return;
    }
    const size_t part = at->cols / at->sides;
    for (size_t side = 0; side < at->sides; side++)
        bp_changes_spread_each(rows, part, at->each, z, w, in, ripple->first + side * part,
                               ripple->z + side * part, at->cols);
}

/* first is the neuron's a (or its change): on to a of the layer above, a few rows at a
 * time, so that what is spread is activated while it is in the first-level cache. */
static void rank_one(struct bp_ripple *ripple, const struct bp_ripple_at *at,
                     const struct here *here, double *crossed)
{
    const size_t l = at->layer + 1, width = layer_of(ripple, l)->width;
    const size_t few = NEAR / at->cols > 0 ? NEAR / at->cols : 1;
    const size_t step = layer_of(ripple, l)->activation == BP_SOFTMAX ? width : few;
    for (size_t c = 0; c < at->cols && !ripple->exact; c++) {
        const double f = base_of(here->f, c);
        ripple->first[c] -= here->has_mask ? f * base_of(here->mask, c) : f;
    }
    for (size_t row = 0; row < width; row += step) {
        const size_t rows = width - row < step ? width - row : step;
        spread_rows(ripple, at, row, rows);
        const struct here above = by_row(ripple, l, at->sample, row);
        activate(ripple, l, &above, rows, at->cols, ripple->z, ripple->a + row * at->cols, crossed);
    }
}

void bp_ripple_run(struct bp_ripple *ripple, const struct bp_ripple_at *at, const double *d,
                   double *change, double *crossed)
{
    const size_t last = last_layer(ripple);
    assert(at->cols <= ripple->room && at->cols % BP_CHANGES_STEP == 0);
    const bool is_whole = layer_of(ripple, at->layer)->activation == BP_SOFTMAX ||
                          (at->layer == last && ripple->pass->mask[last] != NULL);
    if (is_whole) {
        whole_layer(ripple, at, d);
        activate_layer(ripple, at->layer, at->sample, at->cols, crossed);
        climb(ripple, at->layer, at->sample, at->cols, change, crossed);
        return;
    }
    const struct here here =
        at->each > 0 ? by_column(ripple, at) : by_row(ripple, at->layer, at->sample, at->neuron);
    first_row(ripple, at, &here, d, crossed);
    if (at->layer == last) {
        output_row(ripple, &here, at->cols, change);
        return;
    }
    rank_one(ripple, at, &here, crossed);
    climb(ripple, at->layer + 1, at->sample, at->cols, change, crossed);
}
