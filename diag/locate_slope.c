/* locate_slope.c -- the slope test of one tensor (see locate.h).
 *
 * h goes up by 2 from where the remainder of a wrong gradient would still stand out of
 * the rounding. The order is the slope of a straight line through log remainder by
 * log h, over the steps above 20 times the rounding (least squares).
 */
#include "diag/locate_probe.h"

#include "core/fmath.h"

#include <math.h>

static double slope_of(const double *x, const double *y, size_t n)
{
    double mx = 0.0, my = 0.0, xx = 0.0, xy = 0.0;
    for (size_t k = 0; k < n; k++) {
        mx += x[k] / (double)n;
        my += y[k] / (double)n;
    }
    for (size_t k = 0; k < n; k++) {
        xx += (x[k] - mx) * (x[k] - mx);
        xy += (x[k] - mx) * (y[k] - my);
    }
    return xy / xx;
}

/* Only the smallest steps above the rounding: there the first term rules. */
static void judge(struct bp_slope_line *line, const double *noise)
{
    enum { POINTS = 4 };
    double x[POINTS], y[POINTS];
    size_t n = 0;
    for (size_t k = 0; k < line->n && n < POINTS; k++)
        if (line->residual[k] > 20.0 * noise[k]) {
            x[n] = bp_log(line->h[k]);
            y[n++] = bp_log(line->residual[k]);
        } else
            n = 0;
    line->order = n < 3 ? NAN : slope_of(x, y, n);
    line->right = !(line->order <= 2.0);
}

enum bp_status bp_locate_slope(struct bp_slope_line *line, struct bp_prober *prober, size_t tensor,
                               double step, struct bp_error *error)
{
    const struct bp_located_tensor *t = &prober->tensor[tensor];
    const struct bp_region all = {tensor, 0, t->rows, 0, t->cols};
    double noise[BP_SLOPE_STEPS];
    *line = (struct bp_slope_line){.n = BP_SLOPE_STEPS};
    snprintf(line->name, sizeof line->name, "%s", t->name);
    for (size_t k = 0; k < line->n; k++) {
        line->h[k] = ldexp(step, (int)k - 8);
        const enum bp_status status =
            bp_probe_remainder(prober, &all, line->h[k], &line->residual[k], &noise[k], error);
        if (status != BP_OK)
            return status;
    }
    judge(line, noise);
    return BP_OK;
}
