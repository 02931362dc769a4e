/* page_trace.c -- one sample's way through the network, drawn as the network
 * itself: a circle for each neuron with its a, a line for each weight, z, a and
 * delta at the pointer, at the focus, and in a table.
 *
 * Wide layers show the neurons with the largest |delta| (inputs: the largest
 * |x|); all are in the table, up to ROWS_MAX. A drawing is one stop of the tab key;
 * the page's script moves between its neurons with the arrows.
 */
#include "plots/page_parts.h"

#include "core/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    SHOWN_MAX = 8,
    LAYERS_MAX = 12,
    ROWS_MAX = 400,
    ROWS_ON_PAPER = 20,
    RADIUS = 17,
    ACROSS = 130,
    DOWN = 66
};

/* The neurons of a layer that are drawn, in the layer's order. */
struct shown {
    size_t n, of;
    size_t neuron[SHOWN_MAX];
};

static size_t width_of(const struct bp_pass *pass, size_t layer)
{
    return pass->net->spec.layer[layer].width;
}

/* What a neuron is chosen by. */
static double weight_of(const struct bp_page_trace *trace, size_t layer, size_t i)
{
    const struct bp_pass *pass = trace->pass;
    const double *row = layer == 0 ? pass->x : pass->delta[layer];
    const double size = fabs(row[trace->sample * width_of(pass, layer) + i]);
    return isnan(size) ? INFINITY : size;
}

static void choose(struct shown *shown, const struct bp_page_trace *trace, size_t layer)
{
    shown->of = width_of(trace->pass, layer);
    shown->n = 0;
    for (size_t i = 0; i < shown->of; i++) {
        size_t least = 0;
        if (shown->n < SHOWN_MAX) {
            shown->neuron[shown->n++] = i;
            continue;
        }
        for (size_t k = 1; k < shown->n; k++)
            if (weight_of(trace, layer, shown->neuron[k]) <
                weight_of(trace, layer, shown->neuron[least]))
                least = k;
        if (!(weight_of(trace, layer, i) > weight_of(trace, layer, shown->neuron[least])))
            continue;
        for (size_t k = least; k + 1 < shown->n; k++)
            shown->neuron[k] = shown->neuron[k + 1];
        shown->neuron[shown->n - 1] = i;
    }
}

/* ---- places ------------------------------------------------------------------- */

struct plan {
    size_t layers, tall; /* tall: neurons of the widest layer as drawn */
    struct shown shown[LAYERS_MAX + 1];
};

static double x_of(size_t layer)
{
    return 50.0 + (double)layer * ACROSS;
}

static double y_of(const struct plan *plan, size_t layer, size_t at)
{
    const double spare = (double)(plan->tall - plan->shown[layer].n) / 2.0;
    return 48.0 + ((double)at + spare) * DOWN;
}

static const double *row_of(double *const *arrays, const struct bp_page_trace *trace, size_t layer)
{
    return arrays[layer] + trace->sample * width_of(trace->pass, layer);
}

/* ---- weights ------------------------------------------------------------------- */

static double weight_at(const struct bp_pass *pass, size_t layer, size_t to, size_t from)
{
    const struct bp_tensor *weights = bp_mlp_weights(pass->net, layer);
    return pass->theta[weights->offset + to * weights->cols + from];
}

static double largest_weight(const struct plan *plan, const struct bp_pass *pass, size_t layer)
{
    double most = 0.0;
    for (size_t i = 0; i < plan->shown[layer].n; i++)
        for (size_t j = 0; j < plan->shown[layer - 1].n; j++) {
            const double w = fabs(weight_at(pass, layer, plan->shown[layer].neuron[i],
                                            plan->shown[layer - 1].neuron[j]));
            most = w > most && isfinite(w) ? w : most;
        }
    return most;
}

static void put_edge(struct bp_buffer *out, const struct plan *plan, const struct bp_pass *pass,
                     size_t layer, size_t i, size_t j, double most)
{
    const size_t to = plan->shown[layer].neuron[i], from = plan->shown[layer - 1].neuron[j];
    const double w = weight_at(pass, layer, to, from);
    const double thick = isfinite(w) && most > 0.0 ? 0.4 + 4.6 * fabs(w) / most : 0.4;
    bp_buffer_print(out,
                    "<line class=\"edge %s\" data-from=\"%zu:%zu\" data-to=\"%zu:%zu\" "
                    "x1=\"%.0f\" y1=\"%.1f\" x2=\"%.0f\" y2=\"%.1f\" stroke-width=\"%.2f\">"
                    "<title>W%zu[%zu,%zu] = %.6g</title></line>\n",
                    w < 0.0 ? "minus" : "plus", layer - 1, from, layer, to, x_of(layer - 1),
                    y_of(plan, layer - 1, j), x_of(layer), y_of(plan, layer, i), thick, layer, to,
                    from, w);
}

static void put_edges(struct bp_buffer *out, const struct plan *plan, const struct bp_pass *pass)
{
    for (size_t layer = 1; layer <= plan->layers; layer++) {
        const double most = largest_weight(plan, pass, layer);
        for (size_t i = 0; i < plan->shown[layer].n; i++)
            for (size_t j = 0; j < plan->shown[layer - 1].n; j++)
                put_edge(out, plan, pass, layer, i, j, most);
    }
}

/* ---- neurons ------------------------------------------------------------------- */

/* "input 0: x = 1", "neuron 1:3: z = 0.41, a = 0.601, delta = -0.012". */
static void put_words(struct bp_buffer *out, const struct bp_page_trace *trace, size_t layer,
                      size_t i)
{
    const struct bp_pass *pass = trace->pass;
    if (layer == 0) {
        bp_buffer_print(out, "input %zu: x = %.6g", i,
                        pass->x[trace->sample * width_of(pass, 0) + i]);
        return;
    }
    bp_buffer_print(out, "neuron %zu:%zu: z = %.6g, a = %.6g, delta = %.6g", layer, i,
                    row_of(pass->z, trace, layer)[i], row_of(pass->a, trace, layer)[i],
                    row_of(pass->delta, trace, layer)[i]);
}

static double value_of(const struct bp_page_trace *trace, size_t layer, size_t i)
{
    const struct bp_pass *pass = trace->pass;
    return layer == 0 ? pass->x[trace->sample * width_of(pass, 0) + i]
                      : row_of(pass->a, trace, layer)[i];
}

/* Beneath the circle "x 406", or "1:3  delta 0.012"; beside an output its target. */
static void put_label(struct bp_buffer *out, const struct bp_page_trace *trace, size_t layer,
                      size_t i, double x, double y)
{
    const struct bp_pass *pass = trace->pass;
    bp_buffer_print(out, "<text class=\"small\" x=\"%.0f\" y=\"%.1f\">", x, y + RADIUS + 13);
    if (layer == 0)
        bp_buffer_print(out, "x %zu</text>", i);
    else
        bp_buffer_print(out, "<tspan class=\"which\">%zu:%zu</tspan> &delta; %.2g</text>", layer, i,
                        row_of(pass->delta, trace, layer)[i]);
    if (layer == pass->net->spec.layers && pass->t != NULL)
        bp_buffer_print(out, "<text class=\"small target\" x=\"%.0f\" y=\"%.1f\">t %.2g</text>",
                        x + RADIUS + 5, y + 4, pass->t[trace->sample * width_of(pass, layer) + i]);
}

static void put_neuron(struct bp_buffer *out, const struct plan *plan,
                       const struct bp_page_trace *trace, size_t layer, size_t at)
{
    char number[32];
    const size_t i = plan->shown[layer].neuron[at];
    const double x = x_of(layer), y = y_of(plan, layer, at), a = value_of(trace, layer, i);
    const double depth = isfinite(a) ? 0.55 * fabs(a) / (1.0 + fabs(a)) : 0.0;
    bp_buffer_print(out, "<g tabindex=\"%d\" role=\"img\" data-neuron=\"%zu:%zu\" aria-label=\"",
                    layer == 0 && at == 0 ? 0 : -1, layer, i);
    put_words(out, trace, layer, i);
    bp_buffer_put(out, "\"><title>");
    put_words(out, trace, layer, i);
    bp_buffer_print(out,
                    "</title><circle class=\"rim\" cx=\"%.0f\" cy=\"%.1f\" r=\"%d\"/>"
                    "<circle class=\"value %s\" cx=\"%.0f\" cy=\"%.1f\" r=\"%d\" "
                    "opacity=\"%.2f\"/>",
                    x, y, RADIUS, a < 0.0 ? "down" : "up", x, y, RADIUS - 1, depth);
    snprintf(number, sizeof number, "%.2g", a);
    bp_buffer_print(
        out, "<text x=\"%.0f\" y=\"%.1f\"%s>%s</text>", x, y + 4,
        strlen(number) > 4 ? " textLength=\"27\" lengthAdjust=\"spacingAndGlyphs\"" : "", number);
    put_label(out, trace, layer, i, x, y);
    bp_buffer_put(out, "</g>\n");
}

static void put_layer_name(struct bp_buffer *out, const struct plan *plan,
                           const struct bp_pass *pass, size_t layer)
{
    const struct shown *shown = &plan->shown[layer];
    bp_buffer_print(out, "<text x=\"%.0f\" y=\"14\">", x_of(layer));
    if (layer == 0)
        bp_buffer_put(out, "input");
    else
        bp_buffer_print(out, "%zu %s", layer,
                        bp_activation_name(pass->net->spec.layer[layer].activation));
    bp_buffer_put(out, "</text>\n");
    if (shown->n < shown->of)
        bp_buffer_print(out, "<text class=\"small\" x=\"%.0f\" y=\"27\">%zu of %zu</text>\n",
                        x_of(layer), shown->n, shown->of);
}

static void put_drawing(struct bp_buffer *out, const struct plan *plan,
                        const struct bp_page_trace *trace, size_t which)
{
    const double wide = x_of(plan->layers) + 65.0, tall = 48.0 + (double)plan->tall * DOWN;
    bp_buffer_print(out,
                    "<svg viewBox=\"0 0 %.0f %.0f\" style=\"min-width:%.0fpx;max-width:%.0fpx\" "
                    "role=\"group\" aria-label=\"the network, drawing %zu: arrow keys go from "
                    "neuron to neuron\">\n",
                    wide, tall, 0.9 * wide, 1.6 * wide, which + 1);
    put_edges(out, plan, trace->pass);
    for (size_t layer = 0; layer <= plan->layers; layer++) {
        put_layer_name(out, plan, trace->pass, layer);
        for (size_t at = 0; at < plan->shown[layer].n; at++)
            put_neuron(out, plan, trace, layer, at);
    }
    bp_buffer_put(out, "</svg>\n");
}

/* ---- the table ------------------------------------------------------------------ */

static void put_row(struct bp_buffer *out, const struct bp_page_trace *trace, size_t layer,
                    size_t i)
{
    const struct bp_pass *pass = trace->pass;
    const double value[] = {row_of(pass->z, trace, layer)[i], row_of(pass->a, trace, layer)[i],
                            row_of(pass->delta, trace, layer)[i]};
    bp_buffer_print(out, "<tr><th scope=\"row\">%zu:%zu</th>", layer, i);
    for (size_t k = 0; k < 3; k++) {
        bp_buffer_put(out, "<td>");
        bp_part_number(out, value[k], 12);
        bp_buffer_put(out, "</td>");
    }
    if (layer == trace->pass->net->spec.layers && pass->t != NULL) {
        bp_buffer_put(out, "<td>");
        bp_part_number(out, pass->t[trace->sample * width_of(pass, layer) + i], 12);
        bp_buffer_put(out, "</td></tr>\n");
    } else {
        bp_buffer_put(out, "<td></td></tr>\n");
    }
}

static size_t neurons_of(const struct bp_mlp *net)
{
    size_t n = 0;
    for (size_t layer = 1; layer <= net->spec.layers; layer++)
        n += net->spec.layer[layer].width;
    return n;
}

static void put_table(struct bp_buffer *out, const struct bp_page_trace *trace)
{
    const size_t all = neurons_of(trace->pass->net);
    size_t rows = 0;
    bp_buffer_print(out,
                    "<details%s><summary>z, a and delta of every neuron</summary>\n"
                    "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"z, a and "
                    "delta\"><table><thead><tr><th scope=\"col\">neuron</th>"
                    "<th scope=\"col\">z</th><th scope=\"col\">a</th><th scope=\"col\">delta</th>"
                    "<th scope=\"col\">target</th></tr></thead>\n<tbody>\n",
                    all > ROWS_ON_PAPER ? " class=\"long\"" : "");
    for (size_t layer = 1; layer <= trace->pass->net->spec.layers; layer++)
        for (size_t i = 0; i < width_of(trace->pass, layer); i++)
            if (rows++ < ROWS_MAX)
                put_row(out, trace, layer, i);
    bp_buffer_put(out, "</tbody></table></div>\n");
    if (all > ROWS_MAX)
        bp_buffer_print(out, "<p class=\"soft\">the first %d of %zu neurons</p>\n", ROWS_MAX, all);
    bp_buffer_put(out, "</details>\n");
}

void bp_part_trace(struct bp_buffer *to, const struct bp_page_trace *trace, size_t which)
{
    struct plan plan = {.layers = trace->pass->net->spec.layers};
    bp_part_text(to, "h3", "", trace->name);
    if (plan.layers <= LAYERS_MAX) {
        for (size_t layer = 0; layer <= plan.layers; layer++) {
            choose(&plan.shown[layer], trace, layer);
            if (plan.shown[layer].n > plan.tall)
                plan.tall = plan.shown[layer].n;
        }
        bp_buffer_put(to, "<div class=\"network\">\n<div class=\"drawing\">\n");
        put_drawing(to, &plan, trace, which);
        bp_buffer_put(to, "</div>\n<output class=\"screen\" hidden>point at a neuron, or tab to it "
                          "and use the arrow keys</output>\n</div>\n");
    }
    put_table(to, trace);
}
