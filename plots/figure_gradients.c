/* figure_gradients.c -- backprop against numeric: which entries are wrong, and
 * how? Magnitudes of both on the same logarithmic scale, so that what agrees
 * lies on the diagonal; opposite signs are triangles; the worst are named.
 */
#include "plots/figure.h"

#include "plots/axis.h"
#include "plots/ink.h"
#include "plots/room.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum group { AGREES, WRONG, OPPOSITE, UNDECIDED, GROUPS };
enum { FEW = 24, CELLS = 128 }; /* points of a group in the same cell of this grid are drawn once */

static const double LEFT = 0.17, RIGHT = 0.76, BOTTOM = 0.15, TOP = 0.89;

static const struct style {
    const char *name, *words;
    enum bp_ink ink;
    int mark;
    double size;
} STYLE[GROUPS] = {
    [AGREES] = {"agrees", "agree", BP_INK_BLUE, 7, 0.45},
    [WRONG] = {"wrong", "disagree", BP_INK_VERMILION, 7, 0.8},
    [OPPOSITE] = {"opposite", "wrong sign", BP_INK_PURPLE, 9, 1.1},
    [UNDECIDED] = {"undecided", "undecided", BP_INK_GREY, 6, 0.6},
};

/* Few points must be seen, many must not run into each other. */
static double size_of(enum group group, size_t n)
{
    return group == AGREES ? n <= 60     ? 1.0
                             : n <= 1000 ? 0.7
                                         : STYLE[AGREES].size
           : n <= 60       ? 1.25 * STYLE[group].size
                           : STYLE[group].size;
}

static enum group group_of(const struct bp_figure_gradients *figure, size_t i)
{
    if (figure->verdict[i] == BP_FIGURE_UNDECIDED)
        return UNDECIDED;
    if (figure->verdict[i] == BP_FIGURE_AGREES)
        return AGREES;
    return figure->backprop[i] * figure->numeric[i] < 0.0 ? OPPOSITE : WRONG;
}

static bool finite_at(const struct bp_figure_gradients *figure, size_t i)
{
    return isfinite(figure->backprop[i]) && isfinite(figure->numeric[i]);
}

/* One axis for both; exact zeros get the lower edge for themselves. */
static void fit(const struct bp_figure_gradients *figure, struct bp_axis *axis)
{
    for (size_t i = 0; i < figure->n; i++) {
        if (!finite_at(figure, i))
            continue;
        const double size[2] = {fabs(figure->backprop[i]), fabs(figure->numeric[i])};
        bp_axis_see(axis, 2, size);
    }
    const bool zeros = axis->lo == 0.0;
    if (axis->least > 0.0 && axis->least < 1e-14 * axis->hi)
        axis->least = 1e-14 * axis->hi;
    bp_axis_fit(axis, true);
    if (axis->log && zeros)
        axis->lo /= 10.0;
}

static size_t cell(const struct bp_axis *axis, double value)
{
    return (size_t)(bp_axis_place(axis, fabs(value)) * (CELLS - 1));
}

/* Writes the points of one group; returns how many there are, though those that
 * lie on each other are drawn once. */
static size_t put_group(struct bp_script *to, const struct bp_figure_gradients *figure,
                        const struct bp_axis *axis, enum group group)
{
    uint8_t taken[CELLS * CELLS / 8] = {0};
    size_t count = 0;
    bp_script_print(to, "$%s << EOD\n", STYLE[group].name);
    for (size_t i = 0; i < figure->n; i++) {
        if (!finite_at(figure, i) || group_of(figure, i) != group)
            continue;
        count++;
        const size_t at = cell(axis, figure->backprop[i]) * CELLS + cell(axis, figure->numeric[i]);
        if (taken[at / 8] & (1u << at % 8))
            continue;
        taken[at / 8] = (uint8_t)(taken[at / 8] | (1u << at % 8));
        bp_script_print(to, "%.6g %.6g\n", bp_axis_clip(axis, fabs(figure->numeric[i])),
                        bp_axis_clip(axis, fabs(figure->backprop[i])));
    }
    bp_script_print(to, "EOD\n");
    return count;
}

/* How far apart the two are, for the order of naming. */
static double distance(const struct bp_figure_gradients *figure, size_t i)
{
    const double a = figure->backprop[i], n = figure->numeric[i];
    return fabs(a - n);
}

/* A name as it would lie in the panel. */
struct label {
    double left, right, y;
    bool to_left; /* of its point */
};

static struct label label_for(const struct bp_figure_gradients *figure, const struct bp_axis *axis,
                              size_t i)
{
    const double x = bp_axis_place(axis, fabs(figure->numeric[i]));
    const double y = bp_axis_place(axis, fabs(figure->backprop[i]));
    const double wide = 0.032 * (double)strlen(figure->name[i]);
    const bool above = y > x + 0.01; /* of the diagonal */
    const bool to_left = x + 0.03 + wide > 1.0 || (above && x > 0.25);
    const double left = to_left ? x - 0.025 - wide : x + 0.03;
    return (struct label){left, left + wide, y < 0.1 ? 0.13 : y - (above ? 0.0 : 0.035), to_left};
}

/* Would it lie on one that is there already? */
static bool is_free(const struct label *label, size_t n, const struct label *here)
{
    for (size_t i = 0; i < n; i++)
        if (fabs(label[i].y - here->y) < 0.065 && label[i].left < here->right &&
            here->left < label[i].right)
            return false;
    return true;
}

/* The worst disagreeing entry whose name has room beside those that are there. */
static size_t worst(const struct bp_figure_gradients *figure, const struct bp_axis *axis,
                    const struct label *label, size_t labels)
{
    size_t best = figure->n;
    for (size_t i = 0; i < figure->n; i++) {
        if (figure->verdict[i] != BP_FIGURE_DISAGREES || figure->name[i] == NULL ||
            !finite_at(figure, i))
            continue;
        if (best < figure->n && !(distance(figure, i) > distance(figure, best)))
            continue;
        const struct label here = label_for(figure, axis, i);
        if (is_free(label, labels, &here))
            best = i;
    }
    return best;
}

/* Of a few points each has room of its own. */
static void name_few(struct bp_script *to, const struct bp_figure_gradients *figure,
                     const struct bp_axis *axis)
{
    struct bp_room room = {.wide = RIGHT - LEFT, .tall = TOP - BOTTOM};
    size_t named = 0;
    bp_room_line(&room, 0.0, 0.0, 1.0, 1.0);
    for (size_t i = 0; i < figure->n; i++)
        if (finite_at(figure, i)) {
            const double x = bp_axis_place(axis, fabs(figure->numeric[i]));
            const double y = bp_axis_place(axis, fabs(figure->backprop[i]));
            bp_room_line(&room, x - 0.01, y, x + 0.01, y);
        }
    for (size_t i = 0; i < figure->n && named < BP_FIGURE_NAMED_MAX; i++) {
        if (figure->verdict[i] != BP_FIGURE_DISAGREES || figure->name[i] == NULL ||
            !finite_at(figure, i))
            continue;
        const double x = bp_axis_place(axis, fabs(figure->numeric[i]));
        const double y = bp_axis_place(axis, fabs(figure->backprop[i]));
        const struct bp_room_place offer[] = {
            {x + 0.03, y, false},       {x - 0.03, y, true},         {x + 0.01, y + 0.06, false},
            {x - 0.01, y + 0.06, true}, {x + 0.01, y - 0.06, false}, {x - 0.01, y - 0.06, true}};
        if (!bp_room_write(&room, to, offer, sizeof offer / sizeof offer[0], BP_INK_BLACK,
                           figure->name[i], false))
            continue;
        bp_ink_alt(to, "%s: backprop %.4g, numeric %.4g. ", figure->name[i], figure->backprop[i],
                   figure->numeric[i]);
        named++;
    }
}

static void name_worst(struct bp_script *to, const struct bp_figure_gradients *figure,
                       const struct bp_axis *axis)
{
    struct label label[BP_FIGURE_NAMED_MAX];
    for (size_t k = 0; k < BP_FIGURE_NAMED_MAX; k++) {
        const size_t i = worst(figure, axis, label, k);
        if (i == figure->n)
            return;
        label[k] = label_for(figure, axis, i);
        bp_ink_label(to, label[k].to_left ? label[k].right : label[k].left, label[k].y,
                     label[k].to_left ? "right" : "left", BP_INK_BLACK, figure->name[i], 16);
        bp_ink_alt(to, "%s: backprop %.4g, numeric %.4g. ", figure->name[i], figure->backprop[i],
                   figure->numeric[i]);
    }
}

/* A mark, what it means and how often: right of the panel. */
static void explain_group(struct bp_script *to, enum group group, size_t count, int line)
{
    const struct style *style = &STYLE[group];
    bp_script_print(to,
                    "set label \"%s\" at graph 1.09, graph %.3f left front point pointtype %d "
                    "pointsize %.2f linecolor rgb \"%s\" offset %g, 0\n",
                    style->words, 0.95 - 0.2 * line, style->mark, 1.0, bp_ink_colour(style->ink),
                    to->plain ? 1.0 : 0.3);
    bp_ink_note(to, 1.12, 0.95 - 0.2 * line - 0.075, "left", BP_INK_BLACK, "%zu", count);
    bp_ink_alt(to, "%zu %s. ", count, style->words);
}

static size_t left_out(const struct bp_figure_gradients *figure, enum group group)
{
    return group == AGREES      ? figure->left_out[BP_FIGURE_AGREES]
           : group == WRONG     ? figure->left_out[BP_FIGURE_DISAGREES]
           : group == UNDECIDED ? figure->left_out[BP_FIGURE_UNDECIDED]
                                : 0;
}

static void draw(struct bp_script *to, const struct bp_figure_gradients *figure)
{
    struct bp_axis axis = {0};
    size_t drawn[GROUPS], finite = 0;
    int line = 0;
    fit(figure, &axis);
    bp_axis_set(to, 'x', &axis);
    bp_axis_set(to, 'y', &axis);
    for (int g = 0; g < GROUPS; g++) {
        drawn[g] = put_group(to, figure, &axis, (enum group)g);
        finite += drawn[g];
        const size_t count = drawn[g] + left_out(figure, (enum group)g);
        if (count > 0)
            explain_group(to, (enum group)g, count, line++);
    }
    if (finite < figure->n) {
        bp_ink_note(to, 1.05, 0.95 - 0.2 * line, "left", BP_INK_GREEN, "not finite");
        bp_ink_note(to, 1.12, 0.875 - 0.2 * line, "left", BP_INK_BLACK, "%zu", figure->n - finite);
        bp_ink_alt(to, "%zu not finite, not drawn. ", figure->n - finite);
    }
    if (figure->name != NULL && figure->n <= FEW)
        name_few(to, figure, &axis);
    else if (figure->name != NULL)
        name_worst(to, figure, &axis);
    if (axis.log && axis.seen > 0 && axis.lo < axis.least / 10.0)
        bp_ink_note(to, 0.02, 0.96, "left", BP_INK_GREY, "on an edge: exactly 0");
    bp_script_print(to, "plot x with lines linetype 1 linewidth 1 linecolor rgb \"%s\"",
                    bp_ink_colour(BP_INK_GREY));
    for (int g = 0; g < GROUPS; g++)
        if (drawn[g] > 0)
            bp_script_print(to,
                            ", $%s using 1:2 with points pointtype %d pointsize %.2f "
                            "linecolor rgb \"%s\"",
                            STYLE[g].name, STYLE[g].mark, size_of((enum group)g, figure->n),
                            bp_ink_colour(STYLE[g].ink));
    bp_script_print(to, "\n");
}

void bp_figure_gradients(struct bp_script *to, const struct bp_figure_gradients *figure)
{
    if (!to->plain)
        to->height = 380;
    bp_ink_begin(to, figure->title);
    bp_ink_panel(to, LEFT, RIGHT, BOTTOM, TOP);
    bp_ink_axis(to, 'x', "|numeric derivative|");
    bp_ink_axis(to, 'y', "|backprop's derivative|");
    if (figure->n == 0)
        bp_ink_empty(to, "no derivative was compared");
    else
        draw(to, figure);
    bp_ink_end(to);
}
