/* figure_slope.c -- is the gradient the loss's gradient? The remainder of the
 * Taylor test falls as h^3 when it is, and only as h when it is not, whatever
 * the network; two guides show both slopes.
 */
#include "plots/figure.h"

#include "plots/curves.h"
#include "plots/room.h"

enum { STEPS_MAX = 64 };

static const double LEFT = 0.17, RIGHT = 0.76, BOTTOM = 0.16, TOP = 0.88;

struct guide {
    double value[STEPS_MAX];
    size_t n, first; /* the first one inside the figure */
};

static size_t steps(const struct bp_figure_slope *figure)
{
    return figure->n < STEPS_MAX ? figure->n : STEPS_MAX;
}

static size_t lines(const struct bp_figure_slope *figure)
{
    return figure->lines < BP_FIGURE_RUNS_MAX ? figure->lines : BP_FIGURE_RUNS_MAX;
}

/* The greatest remainder at the greatest h, of the right or the wrong lines. */
static double end_of(const struct bp_figure_slope *figure, bool right)
{
    double most = 0.0;
    for (size_t i = 0; i < lines(figure); i++) {
        const double end = figure->line[i].residual[steps(figure) - 1];
        if (figure->line[i].right == right && end > most)
            most = end;
    }
    return most;
}

/* h^3 or h through 2.5 times the end of the lines that it explains. */
static void make_guide(struct guide *guide, const struct bp_figure_slope *figure, bool cube,
                       double lowest)
{
    const double own = end_of(figure, cube);
    const double top = 2.5 * (own > 0.0 ? own : end_of(figure, !cube));
    guide->n = steps(figure);
    for (size_t i = 0; i < guide->n; i++) {
        const double f = figure->h[i] / figure->h[guide->n - 1];
        guide->value[i] = top * (cube ? f * f * f : f);
        if (guide->value[i] < lowest)
            guide->first = i + 1;
    }
}

/* Where the lines and the guides are drawn. */
static void take_room(struct bp_room *room, const struct bp_curves *curves)
{
    for (size_t i = 0; i < curves->n; i++) {
        const struct bp_stroke *c = &curves->curve[i];
        for (size_t k = 0; k + 1 < c->n; k++)
            bp_room_line(room, bp_axis_place(&curves->x, c->x[k]),
                         bp_axis_place(&curves->y, c->y[k]), bp_axis_place(&curves->x, c->x[k + 1]),
                         bp_axis_place(&curves->y, c->y[k + 1]));
    }
}

/* Beside one of its points, above it or below. */
static void name_guide(struct bp_script *to, struct bp_room *room,
                       const struct bp_figure_slope *figure, const struct guide *guide,
                       const struct bp_curves *curves, const char *words)
{
    struct bp_room_place offer[2 * STEPS_MAX];
    size_t n = 0;
    if (guide->n - guide->first < 2)
        return;
    for (size_t i = guide->first; i < guide->n; i++) {
        const double x = bp_axis_place(&curves->x, figure->h[i]);
        const double y = bp_axis_place(&curves->y, guide->value[i]);
        offer[n++] = (struct bp_room_place){x - 0.02, y + 0.06, true};
        offer[n++] = (struct bp_room_place){x + 0.02, y - 0.06, false};
    }
    bp_room_write(room, to, offer, n, BP_INK_GREY, words, true);
}

static void add_guide(struct bp_curves *curves, struct bp_stroke *curve,
                      const struct bp_figure_slope *figure, const struct guide *guide)
{
    *curve = (struct bp_stroke){.n = guide->n - guide->first,
                                .x = figure->h + guide->first,
                                .y = guide->value + guide->first,
                                .ink = BP_INK_GREY,
                                .dashed = true};
    curves->n++;
}

static void plot(struct bp_script *to, const struct bp_figure_slope *figure)
{
    struct bp_stroke curve[BP_FIGURE_RUNS_MAX + 2];
    struct bp_curves curves = {.curve = curve,
                               .x_words = "h, the step along a random direction d",
                               .y_words = "|f(x+hd) - f(x-hd) - 2h g.d|",
                               .what = "remainder"};
    for (size_t i = 0; i < lines(figure); i++) {
        const struct bp_figure_slope_line *line = &figure->line[i];
        bp_axis_see(&curves.y, steps(figure), line->residual);
        curve[curves.n++] = (struct bp_stroke){.name = line->name,
                                               .n = steps(figure),
                                               .x = figure->h,
                                               .y = line->residual,
                                               .ink = line->right ? BP_INK_BLUE : BP_INK_VERMILION,
                                               .points = true};
    }
    bp_axis_see(&curves.x, steps(figure), figure->h);
    bp_axis_fit(&curves.x, true);
    bp_axis_fit(&curves.y, true);
    struct guide cube = {0}, line = {0};
    if (curves.y.log) {
        make_guide(&cube, figure, true, curves.y.lo);
        make_guide(&line, figure, false, curves.y.lo);
        add_guide(&curves, &curve[curves.n], figure, &cube);
        add_guide(&curves, &curve[curves.n], figure, &line);
        struct bp_room room = {.wide = RIGHT - LEFT, .tall = TOP - BOTTOM};
        take_room(&room, &curves);
        name_guide(to, &room, figure, &cube, &curves, "as h^3: right");
        name_guide(to, &room, figure, &line, &curves, "as h: wrong");
    }
    bp_curves_plot(to, &curves);
}

void bp_figure_slope(struct bp_script *to, const struct bp_figure_slope *figure)
{
    bp_ink_begin(to, figure->title);
    bp_ink_panel(to, LEFT, RIGHT, BOTTOM, TOP);
    for (size_t i = 0; i < figure->lines; i++)
        bp_ink_alt(to, "%s: %s. ", figure->line[i].name,
                   figure->line[i].right ? "falls as h^3, the gradient is right"
                                         : "falls as h, the gradient is wrong");
    if (figure->n == 0 || figure->lines == 0)
        bp_ink_empty(to, "no step was tried");
    else
        plot(to, figure);
    bp_ink_end(to);
}
