/* figure_ratios.c -- how long does it take, against others? A point and its
 * spread for each, on an axis of ratios; the line at 1 is ours, a small bar is
 * the goal.
 */
#include "plots/figure.h"

#include "plots/axis.h"
#include "plots/ink.h"

#include <math.h>

static void fit(const struct bp_figure_ratios *figure, struct bp_axis *x)
{
    const double one = 1.0;
    bp_axis_see(x, 1, &one);
    for (size_t i = 0; i < figure->n; i++) {
        const struct bp_figure_ratio *r = &figure->ratio[i];
        bp_axis_see(x, 1, &r->ratio);
        bp_axis_see(x, 1, &r->low);
        bp_axis_see(x, 1, &r->high);
        if (r->goal > 0.0)
            bp_axis_see(x, 1, &r->goal);
    }
    bp_axis_fit(x, true);
}

static void put_names(struct bp_script *to, const struct bp_figure_ratios *figure)
{
    bp_script_print(to, "set ytics (");
    for (size_t i = 0; i < figure->n; i++) {
        bp_script_print(to, i == 0 ? "" : ", ");
        bp_script_text(to, figure->ratio[i].name, to->plain ? 22 : 24);
        bp_script_print(to, " %zu", figure->n - i);
    }
    bp_script_print(to, ") scale 0 noenhanced\n");
}

static void put_ratios(struct bp_script *to, const struct bp_figure_ratios *figure,
                       const struct bp_axis *x)
{
    bp_script_print(to, "$ratios << EOD\n");
    for (size_t i = 0; i < figure->n; i++) {
        const struct bp_figure_ratio *r = &figure->ratio[i];
        const double value[3] = {r->ratio, r->low, r->high};
        for (int k = 0; k < 3; k++) {
            bp_script_number(to, bp_axis_clip(x, value[k]));
            bp_script_print(to, " ");
        }
        bp_script_number(to, r->goal > 0.0 ? r->goal : NAN);
        bp_script_print(to, " %zu\n", figure->n - i);
    }
    bp_script_print(to, "EOD\n");
}

static void name_values(struct bp_script *to, const struct bp_figure_ratios *figure)
{
    for (size_t i = 0; i < figure->n; i++) {
        const struct bp_figure_ratio *r = &figure->ratio[i];
        const double row = ((double)(figure->n - i) - 0.4) / ((double)figure->n + 0.2);
        if (isfinite(r->ratio))
            bp_ink_note(to, 1.02, row, "left", BP_INK_BLACK, r->ratio < 1000 ? "%.3g" : "%.0f",
                        r->ratio);
        else
            bp_ink_note(to, 1.02, row, "left", BP_INK_GREY, "not run");
        bp_ink_alt(to, "%s: %.3g. ", r->name, r->ratio);
    }
}

static void plot(struct bp_script *to, const struct bp_figure_ratios *figure)
{
    struct bp_axis x = {0};
    fit(figure, &x);
    bp_axis_set(to, 'x', &x);
    bp_script_print(to, "set yrange [0.4:%.1f]\n", (double)figure->n + 0.6);
    put_names(to, figure);
    put_ratios(to, figure, &x);
    name_values(to, figure);
    bp_ink_note(to, 1.0, 1.0 + 14.0 / to->height, "right", BP_INK_VERMILION, "bar: the goal");
    const double one = bp_axis_place(&x, 1.0);
    bp_script_print(to,
                    "set arrow from graph %.4f, graph 0 to graph %.4f, graph 1 nohead "
                    "linecolor rgb \"black\" linewidth 1\n",
                    one, one);
    bp_script_print(to,
                    "plot $ratios using 1:5:2:3 with xerrorbars pointtype 7 pointsize 0.9 "
                    "linewidth 2 linecolor rgb \"%s\"",
                    bp_ink_colour(BP_INK_BLUE));
    bp_script_print(to,
                    ", $ratios using 4:5:(0):(0.3) with vectors nohead linewidth 3 "
                    "linecolor rgb \"%s\", $ratios using 4:5:(0):(-0.3) with vectors nohead "
                    "linewidth 3 linecolor rgb \"%s\"\n",
                    bp_ink_colour(BP_INK_VERMILION), bp_ink_colour(BP_INK_VERMILION));
}

void bp_figure_ratios(struct bp_script *to, const struct bp_figure_ratios *figure)
{
    if (!to->plain)
        to->height = 150 + 34 * (int)(figure->n < 40 ? figure->n : 40);
    bp_ink_begin(to, figure->title);
    bp_ink_panel(to, 0.40, 0.87, 65.0 / to->height, 1.0 - 55.0 / to->height);
    if (to->plain)
        bp_ink_panel(to, 0.35, 0.90, 0.16, 0.9);
    bp_ink_axis(to, 'x', figure->axis);
    if (figure->n == 0)
        bp_ink_empty(to, "nothing was measured");
    else
        plot(to, figure);
    bp_ink_end(to);
}
