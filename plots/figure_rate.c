/* figure_rate.c -- is the learning rate right? Loss after a short trial at each
 * rate, beside the loss before it; both axes logarithmic. A trial that diverged
 * stands on the upper edge.
 */
#include "plots/figure.h"

#include "plots/curves.h"

#include <math.h>
#include <stdio.h>

static void mark_rate(struct bp_script *to, const struct bp_axis *x, double rate, enum bp_ink ink,
                      double height, const char *words)
{
    if (!(rate > 0.0))
        return;
    const double place = bp_axis_place(x, rate);
    bp_script_print(to,
                    "set arrow from graph %.4f, graph 0 to graph %.4f, graph 1 nohead dashtype 2 "
                    "linecolor rgb \"%s\" linewidth 1.5\n",
                    place, place, bp_ink_colour(ink));
    bp_ink_note(to, place < 0.6 ? place + 0.015 : place - 0.015, height,
                place < 0.6 ? "left" : "right", ink, "%s %.3g", words, rate);
    bp_ink_alt(to, "%s %.3g. ", words, rate);
}

static void mark_start(struct bp_script *to, const struct bp_axis *y, double start)
{
    if (!isfinite(start))
        return;
    const double place = bp_axis_place(y, start);
    bp_script_print(to,
                    "set arrow from graph 0, graph %.4f to graph 1, graph %.4f nohead "
                    "linecolor rgb \"%s\" linewidth 1\n",
                    place, place, bp_ink_colour(BP_INK_GREY));
    bp_ink_note(to, 0.985, place + (place > 0.9 ? -0.05 : 0.05), "right", BP_INK_GREY,
                "before the trial");
}

/* The trials that diverged, as triangles on the upper edge. */
static size_t put_diverged(struct bp_script *to, const struct bp_figure_rate *figure, double top)
{
    size_t count = 0;
    bp_script_print(to, "$diverged << EOD\n");
    for (size_t i = 0; i < figure->n; i++)
        if (!isfinite(figure->loss[i]) || figure->loss[i] > top) {
            bp_script_print(to, "%.9g %.9g\n", figure->rate[i], top);
            count++;
        }
    bp_script_print(to, "EOD\n");
    return count;
}

static void put_trials(struct bp_script *to, const struct bp_figure_rate *figure, double top)
{
    bp_script_print(to, "$trials << EOD\n");
    for (size_t i = 0; i < figure->n; i++) {
        bp_script_number(to, figure->rate[i]);
        bp_script_print(to, " ");
        bp_script_number(to, figure->loss[i] <= top ? figure->loss[i] : NAN);
        bp_script_print(to, "\n");
    }
    bp_script_print(to, "EOD\n");
}

/* Ranges: a diverged loss of 1e200 must not squeeze the rest. */
static void fit(const struct bp_figure_rate *figure, struct bp_axis *x, struct bp_axis *y)
{
    bp_axis_see(x, figure->n, figure->rate);
    bp_axis_fit(x, true);
    for (size_t i = 0; i < figure->n; i++)
        if (figure->loss[i] <= 100.0 * fabs(figure->start))
            bp_axis_see(y, 1, &figure->loss[i]);
    bp_axis_see(y, 1, &figure->start);
    bp_axis_fit(y, true);
}

static void plot(struct bp_script *to, const struct bp_figure_rate *figure)
{
    struct bp_axis x = {0}, y = {0};
    fit(figure, &x, &y);
    bp_axis_set(to, 'x', &x);
    bp_axis_set(to, 'y', &y);
    mark_start(to, &y, figure->start);
    mark_rate(to, &x, figure->used, BP_INK_VERMILION, 0.17, "used");
    mark_rate(to, &x, figure->better, BP_INK_GREEN, 0.06, "better");
    put_trials(to, figure, y.hi);
    const size_t diverged = put_diverged(to, figure, y.hi);
    if (diverged > 0) {
        bp_ink_note(to, 0.985, 0.93, "right", BP_INK_VERMILION, "%zu diverged", diverged);
        bp_ink_alt(to, "%zu trials diverged. ", diverged);
    }
    bp_script_print(to,
                    "plot $trials using 1:2 with linespoints linetype 1 linewidth 2 pointtype 7 "
                    "pointsize 0.7 linecolor rgb \"%s\"",
                    bp_ink_colour(BP_INK_BLUE));
    if (diverged > 0)
        bp_script_print(to,
                        ", $diverged using 1:2 with points pointtype 9 pointsize 1.2 "
                        "linecolor rgb \"%s\"",
                        bp_ink_colour(BP_INK_VERMILION));
    bp_script_print(to, "\n");
}

void bp_figure_rate(struct bp_script *to, const struct bp_figure_rate *figure)
{
    char words[80];
    bp_ink_begin(to, figure->title);
    bp_ink_panel(to, 0.17, 0.96, 0.16, 0.88);
    snprintf(words, sizeof words, "loss after %zu steps", figure->steps);
    bp_ink_axis(to, 'x', "learning rate");
    bp_ink_axis(to, 'y', words);
    bp_ink_alt(to, "loss after %zu steps at %zu learning rates. ", figure->steps, figure->n);
    if (figure->n == 0)
        bp_ink_empty(to, "no trial was made");
    else
        plot(to, figure);
    bp_ink_end(to);
}
