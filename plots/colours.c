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

/* The palette's entries: LEVELS of the scale, then the two that are off it. */
enum { LEVELS = 64, AT_ZERO = LEVELS, AT_NOT_FINITE };

static int level(const struct bp_scale *scale, double value)
{
    if (!isfinite(value))
        return AT_NOT_FINITE;
    if (scale->kind == BP_SCALE_LOG && value == 0.0)
        return AT_ZERO;
    return (int)(position(scale, value) * (LEVELS - 1) + 0.5);
}

static struct rgb colour_of(const struct bp_scale *scale, int level_of)
{
    const double place = (double)level_of / (LEVELS - 1);
    if (level_of == AT_ZERO)
        return ZERO;
    if (level_of == AT_NOT_FINITE)
        return NOT_FINITE;
    return scale->kind == BP_SCALE_LOG ? blend(CIVIDIS, sizeof CIVIDIS / sizeof CIVIDIS[0], place)
                                       : blend(RDBU, sizeof RDBU / sizeof RDBU[0], place);
}

void bp_scale_palette(struct bp_script *to, const struct bp_scale *scale)
{
    if (to->plain)
        return;
    bp_script_print(to, "set cbrange [0:%d]\nset palette maxcolors %d defined (", AT_NOT_FINITE,
                    AT_NOT_FINITE + 1);
    for (int i = 0; i <= AT_NOT_FINITE; i++) {
        const struct rgb c = colour_of(scale, i);
        bp_script_print(to, "%s%d \"#%02x%02x%02x\"", i == 0 ? "" : ", ", i, (unsigned)c.r,
                        (unsigned)c.g, (unsigned)c.b);
    }
    bp_script_print(to, ")\n");
}

static const char MAGNITUDE[] = ".:-=+*#%@", SIGNED[] = "=-.+#";

static char letter(const struct bp_scale *scale, double value)
{
    if (!isfinite(value))
        return '!';
    if (value == 0.0 && scale->kind == BP_SCALE_LOG)
        return '0';
    const char *letters = scale->kind == BP_SCALE_LOG ? MAGNITUDE : SIGNED;
    const double n = (double)strlen(letters), at = position(scale, value) * n;
    return letters[(size_t)(at >= n ? n - 1 : at)];
}

/* A cell: its palette entry; a letter if plain. */
static void put_cell(struct bp_script *to, const struct bp_scale *scale, double value)
{
    if (to->plain)
        bp_script_print(to, "%c", letter(scale, value));
    else
        bp_script_print(to, "%d ", level(scale, value));
}

/* gnuplot draws no image that is one cell wide or high: such a one is written
 * twice, each half as wide or high. */
void bp_map_put(struct bp_script *to, const struct bp_map *map, const struct bp_scale *scale)
{
    const size_t down = map->rows == 1 && !to->plain ? 2 : 1;
    const size_t across = map->columns == 1 && !to->plain ? 2 : 1;
    bp_script_print(to, "$%s << EOD\n", map->name);
    for (size_t r = 0; r < map->rows * down; r++) {
        for (size_t c = 0; c < map->columns * across; c++) {
            const double value = map->value[r / down * map->columns + c / across];
            if (to->plain)
                bp_script_print(to, "%.9g %.9g \"", map->x0 + map->x_step * (double)c,
                                map->y0 + map->y_step * (double)r);
            put_cell(to, scale, value);
            if (to->plain)
                bp_script_print(to, "\"\n");
        }
        bp_script_print(to, "\n");
    }
    bp_script_print(to, "EOD\n");
}

void bp_map_plot(struct bp_script *to, const struct bp_map *map)
{
    if (to->plain) {
        bp_script_print(to, "$%s using 1:2:3 with labels", map->name);
        return;
    }
    const double half_x = map->columns == 1 ? 0.5 : 1.0, half_y = map->rows == 1 ? 0.5 : 1.0;
    const double x0 = map->x0 - (map->columns == 1 ? 0.25 * map->x_step : 0.0);
    const double y0 = map->y0 - (map->rows == 1 ? 0.25 * map->y_step : 0.0);
    bp_script_print(to, "$%s matrix using ($1*%.9g+%.9g):($2*%.9g+%.9g):3 with image", map->name,
                    map->x_step * half_x, x0, map->y_step * half_y, y0);
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

void bp_scale_letters(struct bp_script *to, const struct bp_scale *scale)
{
    char low[BP_INK_SHORT_MAX], high[BP_INK_SHORT_MAX];
    if (!to->plain)
        return;
    bp_ink_short(low, scale->lo);
    bp_ink_short(high, scale->hi);
    bp_script_print(to, "set label \"%s: %s to %s\" at screen 0.97, screen 0.93 right\n",
                    scale->kind == BP_SCALE_LOG ? MAGNITUDE : SIGNED, low, high);
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
    if (to->plain)
        return;
    bp_ink_panel(to, left, left + 0.03, bottom, top);
    bp_script_print(to, "$bar << EOD\n");
    for (int i = 0; i < LEVELS; i++)
        bp_script_print(to, "%d %d\n", i, i);
    bp_script_print(to,
                    "EOD\nset xrange [-0.5:1.5]\nset yrange [-0.5:%d.5]\nset border 0\n"
                    "unset xtics\nunset ytics\nunset grid\n",
                    LEVELS - 1);
    for (int i = 0; i <= 4; i += 2)
        if (scale->hi > scale->lo || i == 2)
            put_end(to, 0.02 + 0.24 * i, at(scale, i / 4.0));
    bp_ink_label(to, 1.0, 1.0 + 17.0 / ((top - bottom) * to->height), "center", BP_INK_BLACK, words,
                 24);
    bp_script_print(to, "plot $bar matrix with image\nunset label\nset border 3\n"
                        "set xtics\nset ytics\n");
}
