/* figure_training.c -- is it learning, and from when on not? Loss above
 * accuracy, over the epochs; the runs' names stand at the ends of their curves
 * of the loss, and what they came to at those of the accuracy.
 */
#include "plots/figure.h"

#include "plots/curves.h"

#include <math.h>
#include <stdio.h>

static const double LEFT = 0.17, RIGHT = 0.95, RIGHT_NAMED = 0.74;
static const double LOSS_BOTTOM = 0.46, ACCURACY_BOTTOM = 0.125, ACCURACY_TALL = 0.285;

static size_t runs_shown(const struct bp_figure_training *figure)
{
    return figure->runs < BP_FIGURE_RUNS_MAX ? figure->runs : BP_FIGURE_RUNS_MAX;
}

static const char *unit_of(const struct bp_figure_training *figure)
{
    return figure->unit == NULL ? "epoch" : figure->unit;
}

static bool has_accuracy(const struct bp_figure_training *figure)
{
    for (size_t i = 0; i < runs_shown(figure); i++)
        if (figure->run[i].accuracy != NULL && figure->run[i].n > 0)
            return true;
    return false;
}

/* A run of its own needs no name in the figure. */
static bool has_names(const struct bp_figure_training *figure)
{
    return figure->runs > 1;
}

static void add_marks(struct bp_script *to, const struct bp_figure_training *figure,
                      const struct bp_axis *x)
{
    for (size_t i = 0; i < figure->marks && i < 3; i++) {
        const double place = bp_axis_place(x, figure->mark[i].epoch);
        bp_script_print(to,
                        "set arrow from graph %.4f, graph 0 to graph %.4f, graph 1 nohead "
                        "linecolor rgb \"%s\" linewidth 1\n",
                        place, place, bp_ink_colour(BP_INK_GREY));
        bp_ink_label(to, place < 0.5 ? place + 0.02 : place - 0.02, 0.06 + 0.11 * (double)i,
                     place < 0.5 ? "left" : "right", BP_INK_BLACK, figure->mark[i].text, 36);
        bp_ink_alt(to, "at %g: %s. ", figure->mark[i].epoch, figure->mark[i].text);
    }
}

/* What stands at the end of an accuracy's curve: the names stand above already. */
static void end_of(const struct bp_figure_run *run, char text[BP_INK_SHORT_MAX])
{
    double end = run->end;
    for (size_t n = run->n; n > 0 && !(end > 0.0); n--)
        if (isfinite(run->accuracy[n - 1])) {
            end = run->accuracy[n - 1];
            break;
        }
    snprintf(text, BP_INK_SHORT_MAX, "%.3g %%", 100.0 * end);
}

/* A loss that explodes must not squeeze what is beside it: it is cut at the upper edge,
 * a million times where the lowest run starts. */
static double highest(const struct bp_figure_training *figure)
{
    double least = INFINITY;
    for (size_t i = 0; i < runs_shown(figure); i++)
        if (figure->run[i].n > 0 && figure->run[i].loss[0] < least)
            least = figure->run[i].loss[0];
    return 1e6 * fabs(least);
}

static void see_losses(struct bp_axis *axis, const struct bp_figure_run *run, double most)
{
    for (size_t i = 0; i < run->n; i++)
        if (!(fabs(run->loss[i]) > most))
            bp_axis_see(axis, 1, &run->loss[i]);
}

/* One of the two panels. */
static void plot_panel(struct bp_script *to, const struct bp_figure_training *figure, bool accuracy,
                       const struct bp_axis *x, const char *words)
{
    struct bp_stroke curve[BP_FIGURE_RUNS_MAX];
    char end[BP_FIGURE_RUNS_MAX][BP_INK_SHORT_MAX];
    struct bp_curves curves = {.curve = curve,
                               .x = *x,
                               .y_words = words,
                               .tall = accuracy               ? ACCURACY_TALL
                                       : has_accuracy(figure) ? 0.88 - LOSS_BOTTOM
                                                              : 0.0,
                               .what = accuracy ? "accuracy" : "loss"};
    for (size_t i = 0; i < runs_shown(figure); i++) {
        const struct bp_figure_run *run = &figure->run[i];
        const double *y = accuracy ? run->accuracy : run->loss;
        if (y == NULL)
            continue;
        if (accuracy)
            bp_axis_see(&curves.y, run->n, y);
        else
            see_losses(&curves.y, run, highest(figure));
        if (accuracy)
            end_of(run, end[i]);
        curve[curves.n++] = (struct bp_stroke){.name = !has_names(figure) ? NULL
                                                       : accuracy         ? end[i]
                                                                          : run->name,
                                               .n = run->n,
                                               .x = run->epoch,
                                               .y = y,
                                               .ink = (enum bp_ink)(i % BP_INK_CURVES)};
    }
    bp_axis_fit(&curves.y, !accuracy);
    if (accuracy && curves.y.seen > 0) {
        curves.y.lo = 0.0;
        curves.y.hi = 1.02;
    }
    if (accuracy || !has_accuracy(figure))
        curves.x_words = unit_of(figure);
    if (!accuracy)
        add_marks(to, figure, x);
    bp_curves_plot(to, &curves);
}

static void describe(struct bp_script *to, const struct bp_figure_run *run, const char *unit)
{
    if (run->n == 0) {
        bp_ink_alt(to, "%s: nothing recorded. ", run->name == NULL ? "loss" : run->name);
        return;
    }
    bp_ink_alt(to, "%s: loss from %.3g to %.3g by %s %g", run->name == NULL ? "" : run->name,
               run->loss[0], run->loss[run->n - 1], unit, run->epoch[run->n - 1]);
    if (run->accuracy != NULL)
        bp_ink_alt(to, ", accuracy from %.3g to %.3g", run->accuracy[0], run->accuracy[run->n - 1]);
    bp_ink_alt(to, ". ");
}

void bp_figure_training(struct bp_script *to, const struct bp_figure_training *figure)
{
    const bool two = has_accuracy(figure);
    const double right = has_names(figure) ? RIGHT_NAMED : RIGHT;
    char words[80], share[48] = "accuracy (share)";
    struct bp_axis x = {0};
    if (!to->plain)
        to->height = two ? 440 : 340;
    for (size_t i = 0; i < runs_shown(figure); i++) {
        bp_axis_see(&x, figure->run[i].n, figure->run[i].epoch);
        describe(to, &figure->run[i], unit_of(figure));
    }
    if (figure->runs > BP_FIGURE_RUNS_MAX)
        bp_ink_alt(to, "%zu more runs are left out. ", figure->runs - BP_FIGURE_RUNS_MAX);
    bp_axis_see(&x, x.seen > 0, &(double){0.0});
    bp_axis_fit(&x, false);
    if (x.seen > 0 && x.lo >= 0.0 && x.hi > 1.5)
        x.hi = x.lo + (x.hi - x.lo) / 1.05; /* epochs end where they end */
    snprintf(words, sizeof words, figure->loss_unit == NULL ? "loss" : "loss (%.40s)",
             figure->loss_unit);
    if (figure->of > 0)
        snprintf(share, sizeof share, "accuracy (of %zu)", figure->of);
    bp_ink_begin(to, figure->title);
    bp_ink_panel(to, LEFT, right, two ? LOSS_BOTTOM : 0.16, 0.88);
    plot_panel(to, figure, false, &x, words);
    if (two) {
        bp_ink_panel(to, LEFT, right, ACCURACY_BOTTOM, ACCURACY_BOTTOM + ACCURACY_TALL);
        plot_panel(to, figure, true, &x, share);
    }
    bp_ink_end(to);
}
