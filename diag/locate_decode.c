/* locate_decode.c -- which entry is the wrong one? Its digits say (see locate_search.h). */
#include "diag/locate_search.h"

#include <math.h>

enum { DIGITS = 64 };

/* ---- which step ------------------------------------------------------------- */

/* A smaller h is better with fewer step sizes than it was settled with: truncation goes
 * as h^2 (one), h^4 (two), rounding as 1/h. What the second difference holds beyond
 * both counts as rounding. */
struct bp_residual bp_residual_tuned(const struct bp_residual *like, int levels)
{
    const double noise = fmax(like->error - like->truncation[1], like->rounding);
    struct bp_residual best = *like;
    best.rounding = noise;
    for (int j = 1; j <= 6; j++) {
        struct bp_residual r = best;
        r.step = ldexp(like->step, -j);
        r.rounding = ldexp(noise, j);
        for (int k = 0; k < 3; k++)
            r.truncation[k] = ldexp(like->truncation[k], -2 * j * (k + 1));
        if (bp_residual_error(&r, levels) < bp_residual_error(&best, levels))
            best = r;
    }
    return best;
}

/* ---- the plan --------------------------------------------------------------- */

struct plan {
    int levels;
    size_t n;
    struct bp_digit digit[DIGITS];
};

static size_t digits_of(size_t size, size_t base)
{
    size_t n = 0;
    for (size_t reach = 1; reach<size; reach = reach> size / base + 1 ? size : reach * base)
        n++;
    return n;
}

/* The digits of a number below size, the most even ones with no base above most. */
static void add_digits(struct plan *plan, size_t modulo, size_t unit, size_t size, size_t most)
{
    const size_t n = digits_of(size, most);
    size_t base = most;
    while (base > 2 && digits_of(size, base - 1) == n)
        base--;
    size_t divisor = unit;
    for (size_t d = 0; d < n && plan->n < DIGITS; d++, divisor *= base)
        plan->digit[plan->n++] = (struct bp_digit){modulo, divisor, base};
}

/* The largest base that the noise allows at so many step sizes. */
static size_t base_for(const struct bp_decode *decode, int levels)
{
    const struct bp_residual like = bp_residual_tuned(decode->like, levels);
    /* truncation is that of another direction than the one it was seen in; with one step
     * size it is most of the error */
    const double margin = levels == 1 ? 0.01 : 0.1;
    const double base = margin * fabs(decode->value) / bp_residual_error(&like, levels);
    return base >= 4096.0 ? 4096 : base >= 2.0 ? (size_t)base : 0;
}

int bp_decode_levels(const struct bp_decode *decode, int least, size_t *cost)
{
    const struct bp_located_tensor *tensor = &decode->p->tensor[decode->region.tensor];
    int levels = 0;
    *cost = SIZE_MAX;
    for (int l = least; l <= 3; l++) {
        const size_t base = base_for(decode, l);
        if (base < 2)
            continue;
        const size_t n = digits_of(tensor->cols, base) + digits_of(tensor->rows, base);
        if (2 * (size_t)l * n < *cost && n <= DIGITS) {
            *cost = 2 * (size_t)l * n;
            levels = l;
        }
    }
    return levels;
}

static void make_plan(const struct bp_decode *decode, int levels, struct plan *plan)
{
    const struct bp_located_tensor *tensor = &decode->p->tensor[decode->region.tensor];
    const size_t rows = tensor->rows, cols = tensor->cols, base = base_for(decode, levels);
    *plan = (struct plan){.levels = levels};
    add_digits(plan, cols, 1, cols, base);
    add_digits(plan, rows * cols, cols, rows, base);
}

/* ---- asking ----------------------------------------------------------------- */

double bp_decode_known(const struct bp_locate *locate, const struct bp_prober *p,
                       const struct bp_region *region, struct bp_digit digit)
{
    const struct bp_located_tensor *tensor = &p->tensor[region->tensor];
    double sum = 0.0;
    for (size_t w = 0; w < locate->n_wrong; w++) {
        const struct bp_wrong_entry *wrong = &locate->wrong[w];
        const size_t i = wrong->k - tensor->first;
        if (i < tensor->rows * tensor->cols && i / tensor->cols - region->row < region->rows &&
            i % tensor->cols - region->col < region->cols)
            sum += (wrong->backprop - wrong->numeric) *
                   bp_prober_direction(p, region->tensor, wrong->k) * bp_digit_weight(digit, i);
    }
    return sum;
}

/* One digit; -1 when it is none. */
static enum bp_status ask_digit(const struct bp_decode *decode, struct bp_digit digit, int levels,
                                long *value, struct bp_error *error)
{
    const struct bp_residual like = bp_residual_tuned(decode->like, levels);
    struct bp_residual r;
    const enum bp_status status =
        bp_probe_at(decode->p, &decode->region, digit, &like, levels, &r, error);
    if (status != BP_OK)
        return status;
    const double known = bp_decode_known(decode->locate, decode->p, &decode->region, digit);
    const double ratio = (r.value - known) / decode->value;
    const double radix = (double)digit.radix;
    const double exact = 0.5 * ((ratio + 1.0) * radix - 1.0);
    const double nearest = floor(exact + 0.5);
    const double apart = fabs(exact - nearest);
    const double noise = radix * bp_residual_error(&like, levels) / fabs(decode->value);
    *value = -1;
    if (!r.kink && apart <= fmin(0.3, 0.1 + 3.0 * noise) && nearest >= 0.0 && nearest < radix)
        *value = (long)nearest;
    return BP_OK;
}

static bool is_new_within(const struct bp_decode *decode, size_t i)
{
    const struct bp_located_tensor *tensor = &decode->p->tensor[decode->region.tensor];
    const struct bp_region *region = &decode->region;
    return i < tensor->rows * tensor->cols && i / tensor->cols - region->row < region->rows &&
           i % tensor->cols - region->col < region->cols &&
           !bp_entry_is_named(decode->locate, tensor->first + i);
}

enum bp_status bp_decode_run(const struct bp_decode *decode, int least, size_t *entry, bool *found,
                             struct bp_error *error)
{
    struct plan plan;
    size_t i = 0, cost;
    const int levels = bp_decode_levels(decode, least, &cost);
    *found = false;
    if (levels == 0)
        return BP_OK;
    make_plan(decode, levels, &plan);
    for (size_t d = 0; d < plan.n; d++) {
        long value;
        const enum bp_status status = ask_digit(decode, plan.digit[d], plan.levels, &value, error);
        if (status != BP_OK || value < 0)
            return status;
        i += (size_t)value * plan.digit[d].divisor;
    }
    *entry = i;
    *found = is_new_within(decode, i);
    return BP_OK;
}
