/* figure_surface.c -- what does a network with two inputs compute? Its output
 * as a map, the line half-way between the two classes, and the examples: dots
 * for the high class, triangles for the low one.
 */
#include "plots/figure.h"

#include "plots/axis.h"
#include "plots/colours.h"
#include "plots/ink.h"

#include <math.h>
#include <stdio.h>

enum { EXAMPLES_MAX = 400 };

static double x_at(const struct bp_figure_surface *figure, double column)
{
    return figure->x0 + (figure->x1 - figure->x0) * column / (double)(figure->columns - 1);
}

static double y_at(const struct bp_figure_surface *figure, double row)
{
    return figure->y0 + (figure->y1 - figure->y0) * row / (double)(figure->rows - 1);
}

/* The output as a map; letters are fewer than cells, and each stands for the one
 * that was written last at its place. */
static struct bp_map map_of(const struct bp_figure_surface *figure)
{
    return (struct bp_map){"output",
                           figure->rows,
                           figure->columns,
                           figure->x0,
                           (figure->x1 - figure->x0) / (double)(figure->columns - 1),
                           figure->y0,
                           (figure->y1 - figure->y0) / (double)(figure->rows - 1),
                           figure->output};
}

/* Where the output crosses `level` between two neighbours: 0 to 1, or -1 for nowhere. */
static double crossing(double a, double b, double level)
{
    if ((a < level) == (b < level) || !isfinite(a) || !isfinite(b))
        return -1.0;
    return (level - a) / (b - a);
}

/* Marching squares: the pieces of the line inside one cell of the grid. */
static void put_cell(struct bp_script *to, const struct bp_figure_surface *figure, size_t r,
                     size_t c, double level)
{
    const double *v = figure->output + r * figure->columns + c, *above = v + figure->columns;
    const double edge[4] = {crossing(v[0], v[1], level), crossing(v[1], above[1], level),
                            crossing(above[0], above[1], level), crossing(v[0], above[0], level)};
    const double x = (double)c, y = (double)r;
    const double px[4] = {x + edge[0], x + 1, x + edge[2], x};
    const double py[4] = {y, y + edge[1], y + 1, y + edge[3]};
    int ends = 0;
    for (int i = 0; i < 4; i++) {
        if (edge[i] < 0.0)
            continue;
        bp_script_print(to, "%.6g %.6g\n", x_at(figure, px[i]), y_at(figure, py[i]));
        if (++ends % 2 == 0)
            bp_script_print(to, "\n");
    }
    if (ends % 2 == 1) /* a neighbour is not finite: the line ends here */
        bp_script_print(to, "\n");
}

static void put_line(struct bp_script *to, const struct bp_figure_surface *figure)
{
    const double level = (figure->low + figure->high) / 2.0;
    bp_script_print(to, "$between << EOD\n");
    for (size_t r = 0; r + 1 < figure->rows; r++)
        for (size_t c = 0; c + 1 < figure->columns; c++)
            put_cell(to, figure, r, c, level);
    bp_script_print(to, "EOD\n");
}

/* The examples of one class; long data is thinned evenly. */
static size_t put_class(struct bp_script *to, const struct bp_figure_surface *figure, bool high)
{
    const double level = (figure->low + figure->high) / 2.0;
    const size_t every = (figure->n + EXAMPLES_MAX - 1) / EXAMPLES_MAX;
    size_t count = 0;
    bp_script_print(to, "$%s << EOD\n", high ? "high" : "low");
    for (size_t i = 0; i < figure->n; i += every == 0 ? 1 : every)
        if ((figure->target[i] > level) == high) {
            bp_script_number(to, figure->x[i]);
            bp_script_print(to, " ");
            bp_script_number(to, figure->y[i]);
            bp_script_print(to, "\n");
            count++;
        }
    bp_script_print(to, "EOD\n");
    return count;
}

/* Light rims, so that marks are seen on every colour. */
static void plot_class(struct bp_script *to, const char *name, int mark, bool many, bool high)
{
    const double size = many ? 0.55 : 1.3;
    bp_script_print(to,
                    ", $%s using 1:2 with points pointtype %d pointsize %.2f linecolor rgb "
                    "\"#fefefe\", $%s using 1:2 with points pointtype %d pointsize %.2f "
                    "linecolor rgb \"%s\"",
                    name, mark, size * 1.5, name, mark, size, high ? "#b2182b" : "#2166ac");
}

static void explain(struct bp_script *to, const struct bp_figure_surface *figure)
{
    static const char *const COLOUR[] = {"#b2182b", "#2166ac"};
    for (int low = 0; low < 2 && !to->plain; low++)
        bp_script_print(to,
                        "set label \"target %g\" at graph 1.11, graph %.2f left front point "
                        "pointtype %d pointsize 1.2 linecolor rgb \"%s\" offset 0.3, 0\n",
                        low ? figure->low : figure->high, low ? 0.05 : 0.15, low ? 9 : 7,
                        COLOUR[low]);
}

static void plot(struct bp_script *to, const struct bp_figure_surface *figure,
                 const struct bp_scale *scale)
{
    const size_t high = put_class(to, figure, true), low = put_class(to, figure, false);
    const bool many = figure->n > 40;
    const struct bp_map map = map_of(figure);
    bp_scale_palette(to, scale);
    bp_scale_letters(to, scale);
    bp_map_put(to, &map, scale);
    put_line(to, figure);
    explain(to, figure);
    bp_script_print(to, "set xrange [%.9g:%.9g]\nset yrange [%.9g:%.9g]\nunset grid\n",
                    x_at(figure, -0.5), x_at(figure, (double)figure->columns - 0.5),
                    y_at(figure, -0.5), y_at(figure, (double)figure->rows - 0.5));
    bp_script_print(to, "plot ");
    bp_map_plot(to, &map);
    if (!to->plain)
        bp_script_print(to, ", $between using 1:2 with lines linetype 1 linewidth 2 "
                            "linecolor rgb \"#202020\"");
    if (low > 0 && !to->plain)
        plot_class(to, "low", 9, many, false);
    if (high > 0 && !to->plain)
        plot_class(to, "high", 7, many, true);
    bp_script_print(to, "\nunset label\n");
    bp_scale_bar(to, scale, 0.82, 0.36, 0.78, "output");
}

static size_t not_finite(const struct bp_figure_surface *figure)
{
    size_t count = 0;
    for (size_t i = 0; i < figure->rows * figure->columns; i++)
        count += isfinite(figure->output[i]) ? 0 : 1;
    return count;
}

void bp_figure_surface(struct bp_script *to, const struct bp_figure_surface *figure)
{
    const struct bp_scale scale = {BP_SCALE_BETWEEN, figure->low, figure->high};
    if (!to->plain)
        to->height = 360;
    bp_ink_begin(to, figure->title);
    bp_ink_panel(to, 0.14, 0.74, 0.15, 0.86);
    bp_ink_axis(to, 'x', "input 0");
    bp_ink_axis(to, 'y', "input 1");
    bp_ink_alt(to, "output over the two inputs, with %zu examples. ", figure->n);
    if (figure->rows < 2 || figure->columns < 2) {
        bp_ink_empty(to, "no output was computed");
    } else if (not_finite(figure) == figure->rows * figure->columns) {
        bp_ink_empty(to, "the output is not finite anywhere");
    } else {
        if (not_finite(figure) > 0) {
            bp_ink_note(to, 1.0, 1.04, "right", BP_INK_GREEN,
                        to->plain ? "!: output not finite" : "green: output not finite");
            bp_ink_alt(to, "the output is not finite at %zu of %zu points. ", not_finite(figure),
                       figure->rows * figure->columns);
        }
        plot(to, figure, &scale);
    }
    bp_ink_end(to);
}
