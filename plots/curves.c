/* curves.c -- thinning, ends, and what is not finite. */
#include "plots/curves.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { STRETCHES = 320, PLAIN_STRETCHES = 60, NAME_LETTERS = 14, NAME_LINES = 4 };

static const double PANEL_TALL = 0.72; /* a panel's share of the figure, if none is said */
static const double LINE = 16.0;       /* of a name, in points */

static void put_point(struct bp_script *to, const struct bp_curves *curves, double x, double y)
{
    bp_script_number(to, bp_axis_clip(&curves->x, x));
    bp_script_print(to, " ");
    bp_script_number(to, isfinite(y) ? bp_axis_clip(&curves->y, y) : NAN);
    bp_script_print(to, "\n");
}

/* From first up to, not including, end: its least and greatest, in their order. */
static void put_stretch(struct bp_script *to, const struct bp_curves *curves,
                        const struct bp_stroke *curve, size_t first, size_t end)
{
    size_t least = first, most = first;
    for (size_t i = first; i < end; i++) {
        if (!isfinite(curve->y[i])) {
            least = most = i; /* the gap is what must be seen */
            break;
        }
        if (curve->y[i] < curve->y[least])
            least = i;
        if (curve->y[i] > curve->y[most])
            most = i;
    }
    const size_t one = least < most ? least : most, two = least < most ? most : least;
    put_point(to, curves, curve->x[one], curve->y[one]);
    if (two != one)
        put_point(to, curves, curve->x[two], curve->y[two]);
}

static void put_curve(struct bp_script *to, const struct bp_curves *curves, size_t which)
{
    const struct bp_stroke *curve = &curves->curve[which];
    const size_t most = to->plain ? PLAIN_STRETCHES : STRETCHES;
    const size_t stretches = curve->n <= 2 * most ? curve->n : most;
    bp_script_print(to, "$curve%zu << EOD\n", which);
    for (size_t i = 0; i < stretches; i++)
        put_stretch(to, curves, curve, i * curve->n / stretches, (i + 1) * curve->n / stretches);
    bp_script_print(to, "EOD\n");
}

static size_t last_finite(const struct bp_stroke *curve)
{
    size_t i = curve->n;
    while (i > 0 && !isfinite(curve->y[i - 1]))
        i--;
    return i;
}

/* How many bytes of a name its next line takes: up to the last blank that fits and
 * does not stand in "(0, 1)". */
static size_t line_of(const char *name)
{
    const size_t n = strlen(name);
    size_t at = 0;
    int inside = 0;
    if (n <= NAME_LETTERS)
        return n;
    for (size_t i = 1; i <= NAME_LETTERS; i++) {
        inside += (name[i] == '(') - (name[i] == ')');
        if (name[i] == ' ' && inside == 0)
            at = i;
    }
    return at > 0 ? at : n; /* a long word: cut where it is written */
}

/* The lines that a name is broken into; the last one has what is left. */
static size_t break_name(const char *name, bool plain, const char *line[NAME_LINES],
                         size_t size[NAME_LINES])
{
    size_t n = 0;
    if (name == NULL)
        return 0;
    for (const char *s = name; *s != '\0' && n < NAME_LINES; n++) {
        line[n] = s;
        size[n] = plain || n + 1 == NAME_LINES ? strlen(s) : line_of(s);
        s += size[n];
        s += strspn(s, " ");
    }
    return n;
}

static void put_name(struct bp_script *to, const struct bp_stroke *curve, double place, double tall)
{
    const char *line[NAME_LINES];
    size_t size[NAME_LINES];
    const size_t n = break_name(curve->name, to->plain, line, size);
    for (size_t i = 0; i < n; i++) {
        char text[100];
        const size_t kept = size[i] < sizeof text - 1 ? size[i] : sizeof text - 1;
        memcpy(text, line[i], kept);
        text[kept] = '\0';
        bp_ink_label(to, 1.02, place + tall * ((double)(n - 1) / 2 - (double)i), "left", curve->ink,
                     text, to->plain ? 12 : NAME_LETTERS);
    }
}

/* Names at the right ends, moved apart where ends are close, and none of them out of
 * the panel by more than half a line. */
static void name_ends(struct bp_script *to, const struct bp_curves *curves)
{
    double place[16];
    size_t most = 1;
    const size_t n = curves->n < 16 ? curves->n : 16;
    for (size_t i = 0; i < n; i++) {
        const char *line[NAME_LINES];
        size_t size[NAME_LINES];
        const size_t last = last_finite(&curves->curve[i]);
        const size_t lines = break_name(curves->curve[i].name, to->plain, line, size);
        place[i] = last == 0 ? 0.5 : bp_axis_place(&curves->y, curves->curve[i].y[last - 1]);
        most = lines > most ? lines : most;
    }
    const double tall =
        to->plain ? 0.2 : LINE / ((curves->tall > 0.0 ? curves->tall : PANEL_TALL) * to->height);
    const double edge = tall * (double)(most - 1) / 2, room = 1.0 - 2.0 * edge;
    for (size_t i = 0; i < n; i++)
        place[i] = place[i] < edge ? 0.0 : place[i] > 1.0 - edge ? 1.0 : (place[i] - edge) / room;
    bp_axis_spread(place, n, tall * (double)most / room);
    for (size_t i = 0; i < n; i++)
        put_name(to, &curves->curve[i], edge + room * place[i], tall);
}

/* A dashed line where a curve first is not finite. */
static void mark_end(struct bp_script *to, const struct bp_curves *curves, size_t which)
{
    const struct bp_stroke *curve = &curves->curve[which];
    for (size_t i = 0; i < curve->n; i++) {
        if (isfinite(curve->y[i]))
            continue;
        const double x = bp_axis_place(&curves->x, curve->x[i]);
        bp_script_print(to,
                        "set arrow from graph %.4f, graph 0 to graph %.4f, graph 1 nohead "
                        "dashtype 2 linecolor rgb \"%s\"\n",
                        x, x, bp_ink_colour(curve->ink));
        const int side = x < 0.42 ? 1 : x > 0.58 ? -1 : 0;
        bp_ink_note(to, side == 0 ? 0.5 : x + 0.02 * side, 0.93 - 0.12 * (double)which,
                    side == 0  ? "center"
                    : side > 0 ? "left"
                               : "right",
                    curve->ink, "%s is %s from %g on", curves->what,
                    isnan(curve->y[i]) ? "nan" : "infinite", curve->x[i]);
        bp_ink_alt(to, "%s is not finite from %g on. ", curves->what, curve->x[i]);
        return;
    }
}

/* Earlier curves are thicker, so that one that lies under another is seen. */
static double thickness(const struct bp_curves *curves, size_t which)
{
    const size_t above = curves->n - 1 - which;
    return curves->curve[which].points || curves->curve[which].dashed
               ? 2.0
               : 2.0 + 1.4 * (double)(above < 2 ? above : 2);
}

static void plot_line(struct bp_script *to, const struct bp_stroke *curve, size_t which,
                      double width)
{
    bp_script_print(to,
                    "%s$curve%zu using 1:2 with %s linetype 1 linewidth %.1f dashtype %d "
                    "linecolor rgb \"%s\" pointtype 7 pointsize 0.6",
                    which == 0 ? "plot " : ", ", which,
                    curve->points || curve->n < 3 ? "linespoints" : "lines", width,
                    curve->dashed ? 2 : 1, bp_ink_colour(curve->ink));
}

void bp_curves_plot(struct bp_script *to, const struct bp_curves *curves)
{
    size_t points = 0;
    for (size_t i = 0; i < curves->n; i++)
        points += curves->curve[i].n;
    if (curves->x_words != NULL)
        bp_ink_axis(to, 'x', curves->x_words);
    bp_ink_axis(to, 'y', curves->y_words);
    if (points == 0 || curves->y.seen == 0) {
        char why[100];
        snprintf(why, sizeof why, "%s: %s", curves->what,
                 points == 0 ? "nothing was recorded" : "no value is finite");
        bp_ink_empty(to, why);
        return;
    }
    bp_axis_set(to, 'x', &curves->x);
    bp_axis_set(to, 'y', &curves->y);
    if (curves->x_words == NULL) /* the panel below has the numbers */
        bp_script_print(to, "set format x \"\"\n");
    for (size_t i = 0; i < curves->n; i++)
        put_curve(to, curves, i);
    for (size_t i = 0; i < curves->n; i++)
        mark_end(to, curves, i);
    name_ends(to, curves);
    for (size_t i = 0; i < curves->n; i++)
        plot_line(to, &curves->curve[i], i, thickness(curves, i));
    bp_script_print(to, "\nunset label\n");
}
