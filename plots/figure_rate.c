/* figure_rate.c -- is the learning rate right? Loss after a trial at each
 * rate, beside the loss before it; both axes logarithmic. A trial that diverged
 * stands on the upper edge.
 */
#include "plots/figure.h"

#include "plots/curves.h"
#include "plots/room.h"

#include <math.h>
#include <stdio.h>

static const double LEFT = 0.17, RIGHT = 0.96, BOTTOM = 0.16, TOP = 0.88;

/* A dashed upright at a rate, and its words beside it where there is room. */
static void mark_rate(struct bp_script *to, struct bp_room *room, const struct bp_axis *x,
                      double rate, enum bp_ink ink, const char *what)
{
    static const double HEIGHT[] = {0.06, 0.16, 0.28, 0.42, 0.6, 0.75, 0.93};
    enum { HEIGHTS = sizeof HEIGHT / sizeof HEIGHT[0] };
    struct bp_room_place offer[2 * HEIGHTS];
    char words[40];
    if (!(rate > 0.0))
        return;
    const double place = bp_axis_place(x, rate);
    bp_script_print(to,
                    "set arrow from graph %.4f, graph 0 to graph %.4f, graph 1 nohead dashtype 2 "
                    "linecolor rgb \"%s\" linewidth 1.5\n",
                    place, place, bp_ink_colour(ink));
    snprintf(words, sizeof words, "%s %.3g", what, rate);
    for (int i = 0; i < HEIGHTS; i++) {
        offer[2 * i] = (struct bp_room_place){place + 0.015, HEIGHT[i], false};
        offer[2 * i + 1] = (struct bp_room_place){place - 0.015, HEIGHT[i], true};
    }
    bp_room_write(room, to, offer, 2 * HEIGHTS, ink, words, true);
    bp_ink_alt(to, "%s. ", words);
}

/* A level line at the loss that every trial starts from. */
static void mark_start(struct bp_script *to, struct bp_room *room, const struct bp_axis *y,
                       double start)
{
    if (!isfinite(start))
        return;
    const double place = bp_axis_place(y, start);
    const struct bp_room_place offer[] = {
        {0.985, place + 0.045, true}, {0.985, place - 0.05, true},  {0.015, place + 0.045, false},
        {0.015, place - 0.05, false}, {0.35, place + 0.045, false}, {0.35, place - 0.05, false}};
    bp_script_print(to,
                    "set arrow from graph 0, graph %.4f to graph 1, graph %.4f nohead "
                    "linecolor rgb \"%s\" linewidth 1\n",
                    place, place, bp_ink_colour(BP_INK_GREY));
    bp_room_write(room, to, offer, sizeof offer / sizeof offer[0], BP_INK_GREY, "before training",
                  true);
}

/* Where the trials and the rates' uprights are drawn. */
static void take_room(struct bp_room *room, const struct bp_figure_rate *figure,
                      const struct bp_axis *x, const struct bp_axis *y)
{
    const double upright[] = {figure->used, figure->better};
    for (size_t i = 0; i + 1 < figure->n; i++)
        if (isfinite(figure->loss[i]) && isfinite(figure->loss[i + 1]))
            bp_room_line(room, bp_axis_place(x, figure->rate[i]), bp_axis_place(y, figure->loss[i]),
                         bp_axis_place(x, figure->rate[i + 1]),
                         bp_axis_place(y, figure->loss[i + 1]));
    for (int i = 0; i < 2; i++)
        if (upright[i] > 0.0)
            bp_room_line(room, bp_axis_place(x, upright[i]), 0.0, bp_axis_place(x, upright[i]),
                         1.0);
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
    struct bp_room room = {.wide = RIGHT - LEFT, .tall = TOP - BOTTOM};
    fit(figure, &x, &y);
    bp_axis_set(to, 'x', &x);
    bp_axis_set(to, 'y', &y);
    take_room(&room, figure, &x, &y);
    put_trials(to, figure, y.hi);
    const size_t diverged = put_diverged(to, figure, y.hi);
    if (diverged > 0) {
        bp_ink_note(to, 0.985, 0.93, "right", BP_INK_VERMILION, "%zu diverged", diverged);
        bp_ink_alt(to, "%zu trials diverged. ", diverged);
        bp_room_line(&room, 0.7, 0.93, 0.985, 0.93);
    }
    mark_start(to, &room, &y, figure->start);
    mark_rate(to, &room, &x, figure->used, BP_INK_VERMILION, "used");
    mark_rate(to, &room, &x, figure->better, BP_INK_GREEN, "better");
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
    bp_ink_panel(to, LEFT, RIGHT, BOTTOM, TOP);
    snprintf(words, sizeof words, "%.24s after %zu epoch%s",
             figure->loss_unit == NULL ? "loss" : figure->loss_unit, figure->epochs,
             figure->epochs == 1 ? "" : "s");
    bp_ink_axis(to, 'x', "learning rate");
    bp_ink_axis(to, 'y', words);
    bp_ink_alt(to, "loss after %zu epochs at %zu learning rates. ", figure->epochs, figure->n);
    if (figure->n == 0)
        bp_ink_empty(to, "no trial was made");
    else
        plot(to, figure);
    bp_ink_end(to);
}
