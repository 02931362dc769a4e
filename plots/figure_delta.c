/* figure_delta.c -- which neurons get a signal, when? Mean |delta| of each
 * neuron (rows) over the epochs (columns), one panel a layer, all on one
 * logarithmic scale; a neuron whose delta is exactly 0 is orange.
 */
#include "plots/figure.h"

#include "core/mem.h"
#include "plots/axis.h"
#include "plots/colours.h"
#include "plots/ink.h"

#include <math.h>
#include <stdio.h>

enum {
    LAYERS_MAX = 10,
    TALL = 100,
    MANY = 4,
    TALL_OF_MANY = 70,
    ROWS_MAX = 48,
    COLUMNS_MAX = 120,
    PLAIN_ROWS = 7,
    PLAIN_COLUMNS = 130
};

/* A layer thinned to the figure: rows x columns of means. */
struct thin {
    size_t rows, columns;
    double *mean; /* owned */
};

/* The mean of a block; not finite if any entry is, 0 only if all are. */
static double block(const struct bp_figure_delta_layer *layer, size_t t0, size_t t1, size_t n0,
                    size_t n1)
{
    double sum = 0.0;
    for (size_t t = t0; t < t1; t++)
        for (size_t n = n0; n < n1; n++)
            sum += layer->mean[t * layer->neurons + n];
    return sum / (double)((t1 - t0) * (n1 - n0));
}

/* The times that a column stands for: those recorded in its part of the epochs, or
 * the last one before it. Times may lie as they like, as long as they rise. */
static void span(const struct bp_figure_delta *figure, size_t column, size_t columns, size_t *t0,
                 size_t *t1)
{
    const double first = figure->epoch[0], end = figure->epoch[figure->times - 1];
    const double wide = (end - first) / (double)columns;
    const double from = first + wide * (double)column, to = from + wide;
    *t0 = 0;
    while (*t0 + 1 < figure->times && figure->epoch[*t0] < from)
        ++*t0;
    *t1 = *t0;
    while (*t1 < figure->times && (figure->epoch[*t1] < to || column + 1 == columns))
        ++*t1;
    if (*t1 == *t0) { /* none: the one before */
        *t0 = *t0 > 0 ? *t0 - 1 : 0;
        *t1 = *t0 + 1;
    }
}

static size_t columns_for(const struct bp_figure_delta *figure, bool plain)
{
    const size_t most = plain ? PLAIN_COLUMNS : COLUMNS_MAX;
    if (!(figure->epoch[figure->times - 1] > figure->epoch[0]))
        return 1;
    return figure->times < most / 2 ? most / 2 : most;
}

static enum bp_status thin_out(struct thin *thin, const struct bp_figure_delta *figure, size_t l,
                               bool plain)
{
    const struct bp_figure_delta_layer *layer = &figure->layer[l];
    const size_t rows_max = plain ? PLAIN_ROWS : ROWS_MAX;
    thin->rows = layer->neurons < rows_max ? layer->neurons : rows_max;
    thin->columns = columns_for(figure, plain);
    thin->mean = bp_mem_new(thin->rows * thin->columns, sizeof *thin->mean);
    if (thin->mean == NULL)
        return BP_ENOMEM;
    for (size_t c = 0; c < thin->columns; c++) {
        size_t t0, t1;
        span(figure, c, thin->columns, &t0, &t1);
        for (size_t r = 0; r < thin->rows; r++)
            thin->mean[r * thin->columns + c] =
                block(layer, t0, t1, r * layer->neurons / thin->rows,
                      (r + 1) * layer->neurons / thin->rows);
    }
    return BP_OK;
}

/* Tics at the first and the last neuron; the row is in the middle of what it stands for. */
static void set_rows(struct bp_script *to, const struct bp_figure_delta_layer *layer,
                     const struct thin *thin)
{
    bp_script_print(to, "set yrange [%zu.5:-0.5]\nset ytics (\"0\" 0", thin->rows - 1);
    if (layer->neurons > 1)
        bp_script_print(to, ", \"%zu\" %zu", layer->neurons - 1, thin->rows - 1);
    bp_script_print(to, ")\n");
}

static void plot_layer(struct bp_script *to, const struct bp_figure_delta *figure, size_t l,
                       const struct thin *thin, const struct bp_scale *scale, bool last)
{
    const double first = figure->epoch[0], end = figure->epoch[figure->times - 1];
    const double step = thin->columns > 1 ? (end - first) / (double)thin->columns : 1.0;
    const struct bp_map map = {"map", thin->rows, thin->columns, first + step / 2, step,
                               0,     1,          thin->mean};
    bp_map_put(to, &map, scale);
    set_rows(to, &figure->layer[l], thin);
    if (l == 0)
        bp_scale_letters(to, scale);
    if (!to->plain)
        bp_scale_odd(to, scale, thin->rows * thin->columns, thin->mean, 1.0,
                     1.0 + (l == 0 ? 12.0 : 10.0) / 100.0);
    struct bp_axis x = {.lo = first, .hi = first + step * (double)thin->columns};
    bp_axis_set(to, 'x', &x);
    char words[80];
    snprintf(words, sizeof words, "%.20s (a row is a neuron%s)",
             figure->unit == NULL ? "epoch" : figure->unit,
             l + 1 < figure->layers ? "; more layers follow" : "");
    if (last)
        bp_ink_axis(to, 'x', words);
    else
        bp_script_print(to, "set format x \"\"\n");
    snprintf(words, sizeof words, "layer %zu", l + 1);
    bp_ink_axis(to, 'y', words);
    bp_script_print(to, "plot ");
    bp_map_plot(to, &map);
    bp_script_print(to, "\nunset label\n");
}

static void describe(struct bp_script *to, const struct bp_figure_delta *figure)
{
    for (size_t l = 0; l < figure->layers; l++) {
        const struct bp_figure_delta_layer *layer = &figure->layer[l];
        const size_t t = figure->times - 1;
        size_t zero = 0;
        for (size_t n = 0; n < layer->neurons; n++)
            zero += layer->mean[t * layer->neurons + n] == 0.0;
        bp_ink_alt(to, "layer %zu: mean |delta| %.2g at the start, %.2g at the end", l + 1,
                   block(layer, 0, 1, 0, layer->neurons),
                   block(layer, t, t + 1, 0, layer->neurons));
        if (zero > 0)
            bp_ink_alt(to, ", %zu of %zu neurons exactly 0", zero, layer->neurons);
        bp_ink_alt(to, ". ");
    }
}

/* All panels, from the top down. */
static void plot(struct bp_script *to, const struct bp_figure_delta *figure,
                 const struct thin *thin, size_t shown, const struct bp_scale *scale)
{
    const double top = to->plain ? 0.88 : 1.0 - 52.0 / to->height,
                 bottom = to->plain ? 0.15 : 55.0 / to->height,
                 gap = to->plain ? 0.025 : 22.0 / to->height;
    const double each = (top - bottom + gap) / (double)shown;
    bp_scale_palette(to, scale);
    for (size_t l = 0; l < shown; l++) {
        bp_ink_panel(to, 0.14, to->plain ? 0.97 : 0.79, top - each * (double)(l + 1) + gap,
                     top - each * (double)l);
        plot_layer(to, figure, l, &thin[l], scale, l + 1 == shown);
    }
    bp_scale_bar(to, scale, 0.83, bottom, top - 18.0 / to->height, "|delta|");
}

static struct bp_scale fit(const struct bp_figure_delta *figure, size_t shown)
{
    struct bp_scale all = {.kind = BP_SCALE_LOG};
    for (size_t l = 0; l < shown; l++) {
        const struct bp_figure_delta_layer *layer = &figure->layer[l];
        const struct bp_scale own =
            bp_scale_fit(BP_SCALE_LOG, layer->neurons * figure->times, layer->mean);
        if (own.hi > all.hi)
            all.hi = own.hi;
        if (own.lo > 0.0 && (all.lo == 0.0 || own.lo < all.lo))
            all.lo = own.lo;
    }
    return all;
}

static void draw(struct bp_script *to, const struct bp_figure_delta *figure)
{
    struct thin thin[LAYERS_MAX] = {0};
    const size_t shown = figure->layers < LAYERS_MAX ? figure->layers : LAYERS_MAX;
    enum bp_status status = BP_OK;
    for (size_t l = 0; l < shown && status == BP_OK; l++)
        status = thin_out(&thin[l], figure, l, to->plain);
    const struct bp_scale scale = fit(figure, shown);
    if (status == BP_OK)
        plot(to, figure, thin, shown, &scale);
    else
        to->words.status = status;
    if (shown < figure->layers)
        bp_ink_alt(to, "%zu more layers are not shown. ", figure->layers - shown);
    for (size_t l = 0; l < shown; l++)
        bp_mem_free(thin[l].mean);
    describe(to, figure);
}

void bp_figure_delta(struct bp_script *to, const struct bp_figure_delta *figure)
{
    const size_t shown = figure->layers < LAYERS_MAX ? figure->layers : LAYERS_MAX;
    if (!to->plain)
        to->height = 150 + (shown > MANY ? TALL_OF_MANY : TALL) * (int)(shown == 0 ? 2 : shown);
    bp_ink_begin(to, figure->title);
    if (figure->times == 0 || figure->layers == 0) {
        bp_ink_panel(to, 0.14, 0.97, 0.15, 0.88);
        bp_ink_empty(to, "no delta was recorded");
    } else {
        draw(to, figure);
    }
    bp_ink_end(to);
}
