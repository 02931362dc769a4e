/* axis.c -- ranges, decades, and labels that do not lie on each other. */
#include "plots/axis.h"

#include "core/fmath.h"

#include <assert.h>
#include <math.h>

static const double LOG_FACTOR = 20.0; /* a span that deserves a logarithmic axis */
static const int DECADES_MAX = 18;
static const double FLAT = 0.02;      /* of a value: the least room around it */
static const double GREATEST = 1e300; /* leaves room for sums of ranges */

double bp_axis_log10(double value)
{
    return bp_log(value) / 2.302585092994046;
}

static double power10(int k)
{
    double p = 1.0;
    for (int i = 0; i < (k < 0 ? -k : k); i++)
        p *= 10.0;
    return k < 0 ? 1.0 / p : p;
}

static void see(struct bp_axis *axis, double value)
{
    if (!isfinite(value)) {
        axis->not_finite++;
        return;
    }
    const double v = value > GREATEST ? GREATEST : value < -GREATEST ? -GREATEST : value;
    if (axis->seen == 0 || v < axis->lo)
        axis->lo = v;
    if (axis->seen == 0 || v > axis->hi)
        axis->hi = v;
    if (v > 0.0 && (axis->least == 0.0 || v < axis->least))
        axis->least = v;
    axis->seen++;
}

void bp_axis_see(struct bp_axis *axis, size_t n, const double *value)
{
    for (size_t i = 0; i < n; i++)
        see(axis, value[i]);
}

static void fit_log(struct bp_axis *axis)
{
    int hi = (int)ceil(bp_axis_log10(axis->hi) - 1e-9);
    int lo = (int)floor(bp_axis_log10(axis->least) + 1e-9);
    if (lo == hi)
        hi++;
    if (hi > 300)
        hi = 300;
    if (lo < hi - DECADES_MAX)
        lo = hi - DECADES_MAX;
    if (lo < -300)
        lo = -300;
    axis->lo = power10(lo);
    axis->hi = power10(hi < -299 ? -299 : hi);
    axis->log = true;
}

void bp_axis_fit(struct bp_axis *axis, bool want_log)
{
    if (axis->seen == 0) {
        axis->lo = 0.0;
        axis->hi = 1.0;
        return;
    }
    if (want_log && axis->least > 0.0 && axis->hi / axis->least >= LOG_FACTOR) {
        fit_log(axis);
        return;
    }
    if (axis->lo > 0.0 && axis->lo < 0.7 * axis->hi)
        axis->lo = 0.0;
    double pad = 0.05 * (axis->hi - axis->lo);
    const double size = fabs(axis->hi) > fabs(axis->lo) ? fabs(axis->hi) : fabs(axis->lo);
    if (!(axis->hi - axis->lo > 1e-9 * size)) /* one value only */
        pad = size > 0.0 ? 0.1 * size : 0.5;
    else if (pad < FLAT * size) /* what hardly moves looks flat, and its tics are short */
        pad = FLAT * size;
    if (axis->lo != 0.0)
        axis->lo -= pad;
    axis->hi += pad;
}

double bp_axis_clip(const struct bp_axis *axis, double value)
{
    if (isnan(value))
        return value;
    return value < axis->lo ? axis->lo : value > axis->hi ? axis->hi : value;
}

double bp_axis_place(const struct bp_axis *axis, double value)
{
    const double v = isnan(value) ? axis->lo : bp_axis_clip(axis, value);
    if (!axis->log)
        return (v - axis->lo) / (axis->hi - axis->lo);
    return bp_log(v / axis->lo) / bp_log(axis->hi / axis->lo);
}

/* "0.001", "1", "1e-6": decades as a person writes them. */
static void set_decades(struct bp_script *to, char which, const struct bp_axis *axis)
{
    const int lo = (int)lround(bp_axis_log10(axis->lo)), hi = (int)lround(bp_axis_log10(axis->hi));
    const int most = to->plain ? 4 : 6, step = (hi - lo + most - 1) / most;
    bp_script_print(to, "set logscale %c\nset %ctics (", which, which);
    for (int k = lo; k <= hi; k += step < 1 ? 1 : step)
        if (k >= -3 && k <= 4)
            bp_script_print(to, "%s\"%.4g\" 1e%d", k == lo ? "" : ", ", power10(k), k);
        else
            bp_script_print(to, "%s\"1e%d\" 1e%d", k == lo ? "" : ", ", k, k);
    bp_script_print(to, ")\n");
}

/* The step between tics that gives at most five intervals: 1, 2 or 5 times a power of 10. */
static double nice_step(double range)
{
    const double least = range / 5.0;
    const double decade = power10((int)floor(bp_axis_log10(least)));
    for (int i = 0; i < 3; i++) {
        static const double NICE[] = {1.0, 2.0, 5.0};
        if (NICE[i] * decade >= least * (1.0 - 1e-9))
            return NICE[i] * decade;
    }
    return 10.0 * decade;
}

void bp_axis_set(struct bp_script *to, char which, const struct bp_axis *axis)
{
    bp_script_print(to, "set %crange [%.12g:%.12g]\n", which, axis->lo, axis->hi);
    if (axis->log)
        set_decades(to, which, axis);
    else
        bp_script_print(to, "unset logscale %c\nset %ctics %.6g\n", which, which,
                        nice_step(axis->hi - axis->lo));
}

void bp_axis_spread(double *place, size_t n, double gap)
{
    size_t order[16] = {0};
    assert(n <= 16);
    for (size_t i = 0; i < n; i++) { /* insertion sort by place */
        size_t j = i;
        for (; j > 0 && place[order[j - 1]] > place[i]; j--)
            order[j] = order[j - 1];
        order[j] = i;
    }
    for (size_t i = 1; i < n; i++)
        if (place[order[i]] < place[order[i - 1]] + gap)
            place[order[i]] = place[order[i - 1]] + gap;
    double top = 1.0;
    for (size_t i = n; i-- > 0; top -= gap)
        if (place[order[i]] > top)
            place[order[i]] = top;
        else
            top = place[order[i]];
}
