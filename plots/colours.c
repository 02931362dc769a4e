/* colours.c -- colours as numbers, letters where there are none, and the bar. */
#include "plots/colours.h"

#include "plots/axis.h"
#include "plots/ink.h"

#include <math.h>
#include <string.h>

struct rgb {
    int r, g, b;
};

static const struct rgb CIVIDIS[] = {
    {0, 34, 78},     {18, 53, 112},   {59, 73, 108},   {87, 93, 109},  {112, 113, 115},
    {138, 134, 120}, {165, 156, 116}, {195, 179, 105}, {225, 204, 85}, {254, 232, 56}};
static const struct rgb RDBU[] = {{5, 48, 97},     {33, 102, 172},  {67, 147, 195},
                                  {146, 197, 222}, {209, 229, 240}, {247, 247, 247},
                                  {253, 219, 199}, {244, 165, 130}, {214, 96, 77},
                                  {178, 24, 43},   {103, 0, 31}};
static const struct rgb ZERO = {213, 94, 0}, NOT_FINITE = {0, 158, 115};

struct bp_scale bp_scale_fit(enum bp_scale_kind kind, size_t n, const double *value)
{
    struct bp_scale scale = {.kind = kind};
    for (size_t i = 0; i < n; i++) {
        const double v = kind == BP_SCALE_BETWEEN ? value[i] : fabs(value[i]);
        if (!isfinite(v) || (kind == BP_SCALE_LOG && v == 0.0))
            continue;
        if (scale.hi == 0.0 || v > scale.hi)
            scale.hi = v;
        if (scale.lo == 0.0 || v < scale.lo)
            scale.lo = v;
    }
    if (kind == BP_SCALE_SIGNED)
        scale.lo = -scale.hi;
    if (kind == BP_SCALE_LOG && scale.hi > 0.0) {
        if (scale.lo < 1e-12 * scale.hi)
            scale.lo = 1e-12 * scale.hi;
        if (scale.lo > 0.1 * scale.hi)
            scale.lo = 0.1 * scale.hi;
    }
    return scale;
}

/* Where the value lies on its scale, 0 to 1. */
static double position(const struct bp_scale *scale, double value)
{
    double place;
    if (!(scale->hi > scale->lo))
        place = 0.5;
    else if (scale->kind == BP_SCALE_LOG)
        place = value <= scale->lo
                    ? 0.0
                    : bp_axis_log10(value / scale->lo) / bp_axis_log10(scale->hi / scale->lo);
    else
        place = (value - scale->lo) / (scale->hi - scale->lo);
    return place < 0.0 ? 0.0 : place > 1.0 ? 1.0 : place;
}

static struct rgb blend(const struct rgb *stop, size_t stops, double place)
{
    const double at = place * (double)(stops - 1);
    const size_t i = at >= (double)(stops - 1) ? stops - 2 : (size_t)at;
    const double f = at - (double)i;
    const struct rgb a = stop[i], b = stop[i + 1];
    return (struct rgb){(int)(a.r + f * (b.r - a.r) + 0.5), (int)(a.g + f * (b.g - a.g) + 0.5),
                        (int)(a.b + f * (b.b - a.b) + 0.5)};
}

static struct rgb colour(const struct bp_scale *scale, double value)
{
    if (!isfinite(value))
        return NOT_FINITE;
    if (scale->kind == BP_SCALE_LOG)
        return value == 0.0
                   ? ZERO
                   : blend(CIVIDIS, sizeof CIVIDIS / sizeof CIVIDIS[0], position(scale, value));
    return blend(RDBU, sizeof RDBU / sizeof RDBU[0], position(scale, value));
}

static char letter(const struct bp_scale *scale, double value)
{
    static const char MAGNITUDE[] = ".:-=+*#%@", SIGNED[] = "=-.+#";
    if (!isfinite(value))
        return '!';
    if (value == 0.0 && scale->kind == BP_SCALE_LOG)
        return '0';
    const char *letters = scale->kind == BP_SCALE_LOG ? MAGNITUDE : SIGNED;
    const double n = (double)strlen(letters), at = position(scale, value) * n;
    return letters[(size_t)(at >= n ? n - 1 : at)];
}

void bp_scale_put(struct bp_script *to, const struct bp_scale *scale, double value)
{
    if (to->plain) {
        bp_script_print(to, "\"%c\"", letter(scale, value));
        return;
    }
    const struct rgb c = colour(scale, value);
    bp_script_print(to, "%d %d %d", c.r, c.g, c.b);
}

static void put_cell(struct bp_script *to, const struct bp_scale *scale, double x, double y,
                     double value)
{
    bp_script_print(to, "%.9g %.9g ", x, y);
    bp_scale_put(to, scale, value);
    bp_script_print(to, "\n");
}

/* gnuplot draws no image that is one cell wide or high: such a one is written
 * twice, each half as wide or high. */
void bp_map_put(struct bp_script *to, const struct bp_map *map, const struct bp_scale *scale)
{
    const size_t down = map->rows == 1 && !to->plain ? 2 : 1;
    const size_t across = map->columns == 1 && !to->plain ? 2 : 1;
    bp_script_print(to, "$%s << EOD\n", map->name);
    for (size_t r = 0; r < map->rows * down; r++)
        for (size_t c = 0; c < map->columns * across; c++) {
            const double y = down == 1 ? (double)r : 0.5 * (double)r - 0.25;
            const double x = across == 1 ? (double)c : 0.5 * (double)c - 0.25;
            put_cell(to, scale, map->x0 + map->x_step * x, y,
                     map->value[r / down * map->columns + c / across]);
        }
    bp_script_print(to, "EOD\n");
}

void bp_map_plot(struct bp_script *to, const char *name)
{
    if (to->plain)
        bp_script_print(to, "$%s using 1:2:3 with labels", name);
    else
        bp_script_print(to, "$%s using 1:2:3:4:5 with rgbimage", name);
}

/* The value at a fraction of the scale. */
static double at(const struct bp_scale *scale, double f)
{
    if (scale->kind != BP_SCALE_LOG || !(scale->lo > 0.0))
        return scale->lo + f * (scale->hi - scale->lo);
    double v = scale->lo; /* lo (hi/lo)^f for f in quarters, without pow() */
    const double quarter = sqrt(sqrt(scale->hi / scale->lo));
    for (double k = 0.125; k < f; k += 0.25)
        v *= quarter;
    return v;
}

static void put_end(struct bp_script *to, double place, double value)
{
    char text[BP_INK_SHORT_MAX];
    bp_ink_short(text, value);
    bp_ink_note(to, 1.35, place, "left", BP_INK_BLACK, "%s", text);
}

void bp_scale_odd(struct bp_script *to, const struct bp_scale *scale, size_t n, const double *value,
                  double x, double y)
{
    bool zero = false, not_finite = false;
    for (size_t i = 0; i < n; i++) {
        zero |= scale->kind == BP_SCALE_LOG && value[i] == 0.0;
        not_finite |= !isfinite(value[i]);
    }
    if (zero)
        bp_ink_note(to, x, y, "right", BP_INK_VERMILION,
                    to->plain ? "0: exactly 0" : "orange: exactly 0");
    if (not_finite)
        bp_ink_note(to, zero ? x - 0.45 : x, y, "right", BP_INK_GREEN,
                    to->plain ? "!: not finite" : "green: not finite");
}

void bp_scale_bar(struct bp_script *to, const struct bp_scale *scale, double left, double bottom,
                  double top, const char *words)
{
    enum { STEPS = 64 };
    if (to->plain)
        return;
    bp_ink_panel(to, left, left + 0.03, bottom, top);
    bp_script_print(to, "$bar << EOD\n");
    for (int i = 0; i < STEPS; i++) {
        const double f = (i + 0.5) / STEPS;
        const struct rgb c = scale->kind == BP_SCALE_LOG
                                 ? blend(CIVIDIS, sizeof CIVIDIS / sizeof CIVIDIS[0], f)
                                 : blend(RDBU, sizeof RDBU / sizeof RDBU[0], f);
        for (int x = 0; x < 2; x++)
            bp_script_print(to, "%d %.5f %d %d %d\n", x, f, c.r, c.g, c.b);
    }
    bp_script_print(to, "EOD\nset xrange [-0.5:1.5]\nset yrange [0:1]\nset border 0\nunset xtics\n"
                        "unset ytics\nunset grid\n");
    for (int i = 0; i <= 4; i += 2)
        if (scale->hi > scale->lo || i == 2)
            put_end(to, 0.02 + 0.24 * i, at(scale, i / 4.0));
    bp_ink_label(to, 1.0, 1.09, "center", BP_INK_BLACK, words, 24);
    bp_script_print(to, "plot $bar using 1:2:3:4:5 with rgbimage\nunset label\nset border 3\n"
                        "set xtics\nset ytics\n");
}
