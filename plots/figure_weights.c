/* figure_weights.c -- which neurons of a layer are copies of each other? A row
 * for each neuron, copies next to each other and joined by a bracket that names
 * them; the bias stands apart on the right.
 */
#include "plots/figure.h"

#include "core/mem.h"
#include "plots/axis.h"
#include "plots/colours.h"
#include "plots/ink.h"

#include <math.h>
#include <stdio.h>

enum { ROWS_MAX = 40, COLUMNS_MAX = 98, PLAIN_ROWS = 16, PLAIN_COLUMNS = 44, BRACKETS_MAX = 8 };

struct layout {
    size_t rows, columns;
    size_t *order;  /* [rows] which neuron a drawn row is; owned */
    double *weight; /* [rows][columns], thinned; owned */
    double *bias;   /* [rows]; owned */
};

static void layout_release(struct layout *layout)
{
    bp_mem_free(layout->order);
    bp_mem_free(layout->weight);
    bp_mem_free(layout->bias);
}

static bool copies(const struct bp_figure_weights *figure, size_t a, size_t b)
{
    return figure->copy != NULL && figure->copy[a] == figure->copy[b];
}

static bool has_copy(const struct bp_figure_weights *figure, size_t row)
{
    for (size_t i = 0; i < figure->rows; i++)
        if (i != row && copies(figure, i, row))
            return true;
    return false;
}

static bool is_first(const struct bp_figure_weights *figure, size_t row)
{
    for (size_t i = 0; i < row; i++)
        if (copies(figure, i, row))
            return false;
    return true;
}

/* Groups of copies first, then single rows, each in the order of the neurons. */
static void fill_order(const struct bp_figure_weights *figure, struct layout *layout)
{
    size_t n = 0;
    for (int groups = 1; groups >= 0; groups--)
        for (size_t row = 0; row < figure->rows && n < layout->rows; row++) {
            if (!is_first(figure, row) || has_copy(figure, row) != groups)
                continue;
            layout->order[n++] = row;
            for (size_t i = row + 1; groups && i < figure->rows && n < layout->rows; i++)
                if (copies(figure, i, row))
                    layout->order[n++] = i;
        }
}

static double mean(const double *value, size_t first, size_t end)
{
    double sum = 0.0;
    for (size_t i = first; i < end; i++)
        sum += value[i];
    return sum / (double)(end - first);
}

static enum bp_status lay_out(const struct bp_figure_weights *figure, struct layout *layout,
                              bool plain)
{
    const size_t rows_max = plain ? PLAIN_ROWS : ROWS_MAX;
    const size_t columns_max = plain ? PLAIN_COLUMNS : COLUMNS_MAX;
    layout->rows = figure->rows < rows_max ? figure->rows : rows_max;
    layout->columns = figure->columns < columns_max ? figure->columns : columns_max;
    layout->order = bp_mem_new(layout->rows, sizeof *layout->order);
    layout->weight = bp_mem_new(layout->rows * layout->columns, sizeof *layout->weight);
    layout->bias = bp_mem_new(layout->rows, sizeof *layout->bias);
    if (layout->order == NULL || layout->weight == NULL || layout->bias == NULL)
        return BP_ENOMEM;
    fill_order(figure, layout);
    for (size_t r = 0; r < layout->rows; r++) {
        const double *row = figure->weight + layout->order[r] * figure->columns;
        for (size_t c = 0; c < layout->columns; c++)
            layout->weight[r * layout->columns + c] =
                mean(row, c * figure->columns / layout->columns,
                     (c + 1) * figure->columns / layout->columns);
        layout->bias[r] = figure->bias == NULL ? 0.0 : figure->bias[layout->order[r]];
    }
    return BP_OK;
}

static void set_rows(struct bp_script *to, const struct layout *layout)
{
    const size_t every = (layout->rows + 11) / 12;
    bp_script_print(to, "set yrange [%zu.5:-0.5]\nset ytics (", layout->rows - 1);
    for (size_t r = 0; r < layout->rows; r += every)
        bp_script_print(to, "%s\"%zu\" %zu", r == 0 ? "" : ", ", layout->order[r], r);
    bp_script_print(to, ") scale 0\n");
}

static void set_columns(struct bp_script *to, const struct bp_figure_weights *figure,
                        const struct layout *layout)
{
    bp_script_print(to, "set xrange [-0.5:%.1f]\nset xtics (\"0\" 0",
                    (double)layout->columns + (figure->bias == NULL ? -0.5 : 1.0));
    if (figure->columns > 1)
        bp_script_print(to, ", \"%zu\" %zu", figure->columns - 1, layout->columns - 1);
    bp_script_print(to, ") scale 0\n");
    if (figure->bias != NULL)
        bp_script_print(to, "set xtics add (\"b\" %.1f)\n", (double)layout->columns + 0.5);
}

/* The bracket right of rows first .. end - 1, and how many they are. */
static void bracket(struct bp_script *to, const struct layout *layout, size_t first, size_t end,
                    enum bp_ink ink)
{
    const double n = (double)layout->rows;
    const double top = 1.0 - ((double)first + 0.12) / n, bottom = 1.0 - ((double)end - 0.12) / n;
    bp_script_print(to,
                    "set arrow from graph 1.02, graph %.4f to graph 1.02, graph %.4f nohead "
                    "linewidth 3 linecolor rgb \"%s\" front\n",
                    bottom, top, bp_ink_colour(ink));
    bp_ink_note(to, to->plain ? 1.06 : 1.035, (top + bottom) / 2, "left", ink, "%zu copies",
                end - first);
    bp_ink_alt(to, "neurons ");
    for (size_t r = first; r < end; r++)
        bp_ink_alt(to, "%s%zu", r == first ? "" : ", ", layout->order[r]);
    bp_ink_alt(to, " are copies. ");
}

static void put_brackets(struct bp_script *to, const struct bp_figure_weights *figure,
                         const struct layout *layout)
{
    size_t shown = 0;
    for (size_t first = 0, end; first < layout->rows; first = end) {
        end = first + 1;
        while (end < layout->rows && copies(figure, layout->order[end], layout->order[first]))
            end++;
        if (end - first > 1 && shown < BRACKETS_MAX)
            bracket(to, layout, first, end, (enum bp_ink)(shown++ % BP_INK_CURVES));
    }
    if (shown == 0 && figure->copy != NULL)
        bp_ink_alt(to, "no two neurons are copies. ");
    if (layout->rows < figure->rows) {
        bp_ink_note(to, 1.0, 1.04, "right", BP_INK_GREY, "%zu of %zu neurons", layout->rows,
                    figure->rows);
        bp_ink_alt(to, "%zu of %zu neurons are shown. ", layout->rows, figure->rows);
    }
}

/* A cell's number, light on dark and dark on light, whatever the page's own colours. */
static void put_number(struct bp_script *to, double x, size_t row, double value, double most)
{
    char text[BP_INK_SHORT_MAX];
    bp_ink_short(text, value);
    bp_script_print(to,
                    "set label \"%s\" at first %.1f, first %zu center front noenhanced "
                    "textcolor rgb \"%s\"\n",
                    text, x, row, fabs(value) > 0.6 * most ? "#ffffff" : "#101010");
}

/* Two cells of about one colour are told apart by their numbers. */
static void put_numbers(struct bp_script *to, const struct bp_figure_weights *figure,
                        const struct layout *layout, double most)
{
    if (to->plain || layout->rows > 8 || layout->columns > 4 || figure->columns > 4)
        return;
    for (size_t r = 0; r < layout->rows; r++) {
        for (size_t c = 0; c < layout->columns; c++)
            put_number(to, (double)c, r, layout->weight[r * layout->columns + c], most);
        if (figure->bias != NULL)
            put_number(to, (double)layout->columns + 0.5, r, layout->bias[r], most);
    }
}

static void plot(struct bp_script *to, const struct bp_figure_weights *figure,
                 const struct layout *layout)
{
    struct bp_scale scale =
        bp_scale_fit(BP_SCALE_SIGNED, layout->rows * layout->columns, layout->weight);
    const struct bp_scale bias = bp_scale_fit(BP_SCALE_SIGNED, layout->rows, layout->bias);
    if (bias.hi > scale.hi)
        scale = bias;
    bp_script_print(to, "unset grid\n");
    const struct bp_map map = {"map", layout->rows, layout->columns, 0, 1, 0, 1, layout->weight};
    const struct bp_map column = {"bias", layout->rows, 1, (double)layout->columns + 0.5, 1, 0,
                                  1,      layout->bias};
    bp_scale_palette(to, &scale);
    bp_scale_letters(to, &scale);
    bp_map_put(to, &map, &scale);
    bp_map_put(to, &column, &scale);
    set_rows(to, layout);
    set_columns(to, figure, layout);
    put_brackets(to, figure, layout);
    put_numbers(to, figure, layout, scale.hi);
    bp_script_print(to, "plot ");
    bp_map_plot(to, &map);
    if (figure->bias != NULL) {
        bp_script_print(to, ", ");
        bp_map_plot(to, &column);
    }
    bp_script_print(to, "\nunset label\nset xtics scale 0.5\nset ytics scale 0.5\n");
    bp_scale_bar(to, &scale, 0.8, 0.2, 0.78, "weight");
}

void bp_figure_weights(struct bp_script *to, const struct bp_figure_weights *figure)
{
    struct layout layout = {0};
    bp_ink_begin(to, figure->title);
    bp_ink_panel(to, 0.12, 0.61, 0.15, 0.86);
    bp_ink_alt(to, "incoming weights of %zu neuron%s with %zu input%s. ", figure->rows,
               figure->rows == 1 ? "" : "s", figure->columns, figure->columns == 1 ? "" : "s");
    bp_ink_axis(to, 'x', figure->bias == NULL ? "input" : "input, and bias b");
    bp_ink_axis(to, 'y', "neuron");
    if (figure->rows == 0 || figure->columns == 0) {
        bp_ink_empty(to, "the layer has no weights");
    } else if (lay_out(figure, &layout, to->plain) == BP_OK) {
        plot(to, figure, &layout);
    } else {
        to->words.status = BP_ENOMEM;
    }
    layout_release(&layout);
    bp_ink_end(to);
}
