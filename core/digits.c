/* digits.c -- see digits.h. */
#include "core/digits.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

struct point {
    double x, y;
};

/* A chain of curves: on, control, on, control, on ... in a box from (0, 0) at
 * the upper left to (1, 1). */
struct stroke {
    size_t points;
    struct point at[17];
};

enum { STROKES_MAX = 2, CURVE_STEPS = 6 };

struct glyph {
    size_t strokes;
    struct stroke stroke[STROKES_MAX];
};

/* clang-format off */
static const struct glyph GLYPH[BP_DIGIT_CLASSES] = {
    [0] = {1, {{9, {{.5, 0}, {.92, 0}, {.92, .5}, {.92, 1}, {.5, 1}, {.08, 1}, {.08, .5}, {.08, 0},
                    {.5, 0}}}}},
    [1] = {1, {{5, {{.3, .22}, {.45, .15}, {.55, 0}, {.55, .5}, {.55, 1}}}}},
    [2] = {1, {{9, {{.12, .28}, {.15, 0}, {.5, 0}, {.9, 0}, {.85, .3}, {.8, .6}, {.1, 1}, {.5, .97},
                    {.92, 1}}}}},
    [3] = {1, {{13, {{.12, .1}, {.3, 0}, {.5, 0}, {.88, 0}, {.85, .25}, {.8, .48}, {.42, .48},
                     {.92, .5}, {.9, .75}, {.85, 1}, {.5, 1}, {.2, 1}, {.08, .86}}}}},
    [4] = {2, {{5, {{.55, 0}, {.4, .35}, {.08, .65}, {.5, .65}, {.95, .63}}},
               {3, {{.72, .3}, {.7, .65}, {.68, 1}}}}},
    [5] = {1, {{11, {{.85, 0}, {.5, .02}, {.22, .02}, {.18, .2}, {.17, .45}, {.5, .33}, {.72, .4},
                     {.98, .5}, {.86, .78}, {.6, 1.1}, {.1, .9}}}}},
    [6] = {1, {{11, {{.75, .02}, {.25, .15}, {.15, .65}, {.12, 1}, {.5, 1}, {.88, 1}, {.88, .72},
                     {.85, .45}, {.5, .46}, {.2, .48}, {.15, .72}}}}},
    [7] = {1, {{5, {{.08, .05}, {.5, .02}, {.92, .02}, {.6, .4}, {.4, 1}}}}},
    [8] = {1, {{17, {{.5, .47}, {.15, .42}, {.18, .2}, {.2, 0}, {.5, 0}, {.8, 0}, {.82, .2},
                     {.85, .42}, {.5, .47}, {.1, .55}, {.12, .78}, {.15, 1}, {.5, 1}, {.85, 1},
                     {.88, .78}, {.9, .55}, {.5, .47}}}}},
    [9] = {1, {{11, {{.85, .28}, {.8, .54}, {.5, .54}, {.13, .54}, {.13, .27}, {.15, 0}, {.5, 0},
                     {.85, 0}, {.85, .28}, {.88, .7}, {.65, 1}}}}},
};
/* clang-format on */

/* How one digit is written: drawn anew for each. */
struct hand {
    double a, b, c, d; /* pixel = centre + (a b; c d) (point - middle) */
    struct point centre;
    double wobble; /* of a control point, as a share of the box */
    double radius; /* of the pen, in pixels */
    double ink;
    double grain; /* how much ink varies from pixel to pixel */
};

static void choose_hand(struct hand *hand, struct bp_rng *rng)
{
    const double width = bp_rng_uniform(rng, 9.0, 15.0);
    const double height = bp_rng_uniform(rng, 15.0, 20.0);
    const double slant = bp_rng_uniform(rng, -0.25, 0.25);
    /* a turn by an angle of which h is the tangent of the half: up to 0.3 rad */
    const double h = bp_rng_uniform(rng, -0.15, 0.15);
    const double cosine = (1.0 - h * h) / (1.0 + h * h);
    const double sine = 2.0 * h / (1.0 + h * h);
    hand->a = cosine * width;
    hand->b = (-cosine * slant - sine) * height;
    hand->c = sine * width;
    hand->d = (-sine * slant + cosine) * height;
    hand->centre.x = BP_DIGIT_SIDE / 2.0 + bp_rng_uniform(rng, -2.5, 2.5);
    hand->centre.y = BP_DIGIT_SIDE / 2.0 + bp_rng_uniform(rng, -2.5, 2.5);
    hand->wobble = bp_rng_uniform(rng, 0.02, 0.09);
    hand->radius = bp_rng_uniform(rng, 0.7, 1.7);
    hand->ink = bp_rng_uniform(rng, 0.75, 1.0);
    hand->grain = bp_rng_uniform(rng, 0.0, 0.25);
}

static struct point place(const struct hand *hand, struct point p, struct bp_rng *rng)
{
    const double x = p.x - 0.5 + bp_rng_uniform(rng, -hand->wobble, hand->wobble);
    const double y = p.y - 0.5 + bp_rng_uniform(rng, -hand->wobble, hand->wobble);
    return (struct point){hand->centre.x + hand->a * x + hand->b * y,
                          hand->centre.y + hand->c * x + hand->d * y};
}

static double distance2(struct point p, struct point from, struct point to)
{
    const double dx = to.x - from.x;
    const double dy = to.y - from.y;
    const double length2 = dx * dx + dy * dy;
    double s = length2 > 0.0 ? ((p.x - from.x) * dx + (p.y - from.y) * dy) / length2 : 0.0;
    s = s < 0.0 ? 0.0 : s > 1.0 ? 1.0 : s;
    const double ex = p.x - from.x - s * dx;
    const double ey = p.y - from.y - s * dy;
    return ex * ex + ey * ey;
}

/* The pixels from low - reach to high + reach, as far as there are any. */
static void pixel_range(double low, double high, double reach, int *first, int *last)
{
    const double from = floor((low < high ? low : high) - reach);
    const double to = ceil((low < high ? high : low) + reach);
    *first = from < 0.0 ? 0 : (int)from;
    *last = to > BP_DIGIT_SIDE - 1 ? BP_DIGIT_SIDE - 1 : (int)to;
}

/* near2: squared distance from each pixel's middle to the nearest stroke. */
static void near_segment(double *near2, struct point from, struct point to, double reach)
{
    int row, row_last, column_first, column_last;
    pixel_range(from.y, to.y, reach, &row, &row_last);
    pixel_range(from.x, to.x, reach, &column_first, &column_last);
    for (; row <= row_last; row++)
        for (int column = column_first; column <= column_last; column++) {
            const struct point middle = {column + 0.5, row + 0.5};
            const double d2 = distance2(middle, from, to);
            double *nearest = &near2[row * BP_DIGIT_SIDE + column];
            if (d2 < *nearest)
                *nearest = d2;
        }
}

static struct point on_curve(const struct point *p, double s)
{
    const double u = 1.0 - s;
    return (struct point){u * u * p[0].x + 2.0 * u * s * p[1].x + s * s * p[2].x,
                          u * u * p[0].y + 2.0 * u * s * p[1].y + s * s * p[2].y};
}

static void near_stroke(double *near2, const struct stroke *stroke, const struct hand *hand,
                        struct bp_rng *rng)
{
    struct point p[17];
    for (size_t i = 0; i < stroke->points; i++)
        p[i] = place(hand, stroke->at[i], rng);
    for (size_t i = 0; i + 2 < stroke->points; i += 2) {
        struct point from = p[i];
        for (int step = 1; step <= CURVE_STEPS; step++) {
            const struct point to = on_curve(p + i, (double)step / CURVE_STEPS);
            near_segment(near2, from, to, hand->radius + 2.0);
            from = to;
        }
    }
}

static double clamp(double x)
{
    return x < 0.0 ? 0.0 : x > 1.0 ? 1.0 : x;
}

/* Ink where the pen went, grain in it, and a speck on one pixel in 250. */
static void ink_pixels(double *pixels, const double *near2, const struct hand *hand,
                       struct bp_rng *rng)
{
    static const double SOFT = 1.2; /* pixels from full ink to none */
    for (size_t i = 0; i < BP_DIGIT_PIXELS; i++) {
        const double cover = clamp((hand->radius - sqrt(near2[i])) / SOFT + 0.5);
        double value = cover * hand->ink * (1.0 - hand->grain * bp_rng_unit(rng));
        if (bp_rng_below(rng, 250) == 0)
            value += bp_rng_uniform(rng, 0.2, 0.8);
        pixels[i] = floor(255.0 * clamp(value) + 0.5) / 255.0;
    }
}

void bp_digits_draw(struct bp_rng *rng, size_t digit, double *pixels)
{
    assert(digit < BP_DIGIT_CLASSES);
    struct hand hand;
    double near2[BP_DIGIT_PIXELS];
    choose_hand(&hand, rng);
    for (size_t i = 0; i < BP_DIGIT_PIXELS; i++)
        near2[i] = 1e6;
    for (size_t i = 0; i < GLYPH[digit].strokes; i++)
        near_stroke(near2, &GLYPH[digit].stroke[i], &hand, rng);
    ink_pixels(pixels, near2, &hand, rng);
}

enum bp_status bp_digits_dataset(struct bp_dataset *data, size_t n, uint64_t seed,
                                 enum bp_targets coding)
{
    const enum bp_status status = bp_dataset_init(data, n, BP_DIGIT_PIXELS, BP_DIGIT_CLASSES);
    if (status != BP_OK)
        return status;
    data->classes = BP_DIGIT_CLASSES;
    data->coding = coding;
    snprintf(data->title, sizeof data->title, "digits");
    snprintf(data->source, sizeof data->source, "%zu digits drawn with seed %llu", n,
             (unsigned long long)seed);
    struct bp_rng rng;
    bp_rng_seed(&rng, seed);
    for (size_t i = 0; i < n; i++) {
        const size_t digit = bp_rng_below(&rng, BP_DIGIT_CLASSES);
        bp_digits_draw(&rng, digit, data->x + i * BP_DIGIT_PIXELS);
        bp_dataset_label_set(data, i, digit);
    }
    return BP_OK;
}
