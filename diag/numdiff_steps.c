/* numdiff_steps.c -- see numdiff_steps.h. */
#include "diag/numdiff_steps.h"

#include "core/mem.h"
#include "diag/numdiff.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { TRIES = 10, ENDS = 6 };

/* what is known of one of the m functions */
enum { DONE = 1, CLEAR = 2, CROSSED = 4, FLAT = 8 };

enum bp_status bp_line_init(struct bp_line *line, size_t m)
{
    *line = (struct bp_line){.m = m};
    line->f = bp_mem_new(ENDS * m, sizeof *line->f);
    line->side = bp_mem_new(m, sizeof *line->side);
    line->state = bp_mem_new(m, 1);
    line->wanted = bp_mem_new(m, sizeof *line->wanted);
    if (line->f != NULL && line->side != NULL && line->state != NULL && line->wanted != NULL)
        return BP_OK;
    bp_line_release(line);
    return BP_ENOMEM;
}

void bp_line_release(struct bp_line *line)
{
    bp_mem_free(line->f);
    bp_mem_free(line->side);
    bp_mem_free(line->state);
    bp_mem_free(line->wanted);
    *line = (struct bp_line){0};
}

/* ---- one step size -------------------------------------------------------- */

static int sizes(const struct bp_line *line)
{
    return line->extrapolate ? 3 : 2;
}

static double first_step(const struct bp_line *line)
{
    double unit = line->unit;
    if (!(unit >= 0x1p-900))
        unit = 0x1p-900;
    if (!(unit <= 0x1p900))
        unit = 0x1p900;
    const int power = line->extrapolate ? -line->bits / 5 : 1 - line->bits / 3;
    return ldexp(1.0, ilogb(unit) + power);
}

/* Row 2j of f: at h 2^j; row 2j + 1: at -h 2^j. */
static enum bp_status sample(struct bp_line *line, double h, struct bp_error *error)
{
    uint64_t *side = line->side0 == NULL ? NULL : line->side;
    for (size_t s = 0; s < line->m; s++)
        line->state[s] &= (unsigned char)~CROSSED;
    for (int end = 0; end < 2 * sizes(line); end++) {
        const double at = ldexp(end % 2 == 0 ? h : -h, end / 2);
        const enum bp_status status =
            line->at(line->self, at, line->f + (size_t)end * line->m, side, error);
        if (status != BP_OK)
            return status;
        line->evaluations++;
        for (size_t s = 0; side != NULL && s < line->m; s++)
            if (side[s] != line->side0[s])
                line->state[s] |= CROSSED;
    }
    return BP_OK;
}

struct estimate {
    double value, truncation, rounding;
    double bend; /* |f(h) - 2 f(0) + f(-h)| / h: the slopes' difference at a corner */
    bool corner;
    bool flat; /* f is the same at all ends */
};

/* A corner leaves the bend as it is when h is halved; a smooth function halves it. */
static bool is_bent(double bend, double bend2, double value, double rounding)
{
    return bend > 100.0 * rounding && bend > 1e-3 * fabs(value) && bend2 < 1.5 * bend;
}

static struct estimate estimate(const struct bp_line *line, size_t s, double h)
{
    const double *f = line->f + s;
    const size_t m = line->m;
    const double f0 = line->f0[s];
    const double d1 = (f[0] - f[m]) / (2.0 * h);
    const double d2 = (f[2 * m] - f[3 * m]) / (4.0 * h);
    const double size = fmax(fabs(f0), fmax(fabs(f[0]), fabs(f[m])));
    const double noise = fmax(line->noise[s], line->epsilon * size) / h;
    struct estimate e = {.value = d1, .truncation = fabs(d2 - d1) / 3.0, .rounding = noise};
    e.flat = f[0] == f0 && f[m] == f0 && f[2 * m] == f0 && f[3 * m] == f0;
    if (line->extrapolate) {
        const double d4 = (f[4 * m] - f[5 * m]) / (8.0 * h);
        const double a = (4.0 * d1 - d2) / 3.0;
        const double b = (4.0 * d2 - d4) / 3.0;
        e.value = a + (a - b) / 15.0;
        e.truncation = fabs(a - b) / 15.0;
        e.rounding = 2.0 * noise;
        e.flat = e.flat && f[4 * m] == f0 && f[5 * m] == f0;
    }
    e.rounding += (line->argument / h + 4.0 * line->epsilon) * fabs(e.value);
    e.bend = fabs(f[0] - 2.0 * f0 + f[m]) / h;
    const double bend2 = fabs(f[2 * m] - 2.0 * f0 + f[3 * m]) / (2.0 * h);
    e.corner = (line->state[s] & CROSSED) != 0 || is_bent(e.bend, bend2, e.value, e.rounding);
    return e;
}

/* ---- one function after the other ----------------------------------------- */

static bool is_settled(const struct estimate *e, double best)
{
    const double total = e->truncation + e->rounding;
    return e->truncation <= 8.0 * e->rounding || total <= 1e-10 * fabs(e->value) ||
           (total > best && e->truncation <= 1e-2 * fabs(e->value));
}

/* Takes what this h says of function s. */
static void take(struct bp_line *line, size_t s, double h)
{
    const struct estimate e = estimate(line, s, h);
    const double total = e.truncation + e.rounding;
    if (!isfinite(total))
        return;
    if (e.corner) {
        line->flags[s] |= BP_NUM_SHRUNK;
        if ((line->state[s] & CLEAR) == 0) {
            line->value[s] = e.value;
            line->error[s] = fmax(e.bend, total);
        }
        return;
    }
    if ((line->state[s] & CLEAR) == 0)
        line->error[s] = INFINITY;
    if (is_settled(&e, line->error[s]))
        line->state[s] |= DONE;
    line->state[s] |= CLEAR;
    if (e.flat)
        line->state[s] |= FLAT;
    if (total <= line->error[s]) {
        line->value[s] = e.value;
        line->error[s] = total;
    }
}

static bool wants_growth(const struct bp_line *line, size_t s)
{
    return (line->state[s] & CLEAR) != 0 && (line->state[s] & FLAT) == 0 &&
           (line->flags[s] & BP_NUM_SHRUNK) == 0 && 100.0 * line->error[s] > fabs(line->value[s]);
}

static enum bp_status grow(struct bp_line *line, struct bp_error *error)
{
    bool any = false;
    for (size_t s = 0; s < line->m; s++) {
        line->wanted[s] = wants_growth(line, s);
        any = any || line->wanted[s];
    }
    if (!any)
        return BP_OK;
    const double h = fmax(16.0 * line->step, line->least);
    const enum bp_status status = sample(line, h, error);
    for (size_t s = 0; status == BP_OK && s < line->m; s++)
        if (line->wanted[s]) {
            const unsigned char flags = line->flags[s];
            take(line, s, h);
            line->flags[s] = flags;
        }
    return status;
}

static size_t still_open(struct bp_line *line)
{
    size_t open = 0;
    for (size_t s = 0; s < line->m; s++) {
        line->wanted[s] = (line->state[s] & DONE) == 0;
        open += line->wanted[s];
    }
    return open;
}

enum bp_status bp_line_run(struct bp_line *line, struct bp_error *error)
{
    for (size_t s = 0; s < line->m; s++) {
        line->value[s] = line->error[s] = NAN;
        line->flags[s] = line->state[s] = 0;
    }
    line->epsilon = ldexp(1.0, -line->bits);
    double h = line->step = fmax(first_step(line), line->least);
    for (int turn = 0; turn < TRIES && still_open(line) > 0; turn++) {
        const enum bp_status status = sample(line, h, error);
        if (status != BP_OK)
            return status;
        for (size_t s = 0; s < line->m; s++)
            if (line->wanted[s])
                take(line, s, h);
        if (h <= line->least)
            break;
        h = fmax(h / 8.0, line->least);
    }
    for (size_t s = 0; s < line->m; s++)
        if ((line->state[s] & CLEAR) == 0 && (line->flags[s] & BP_NUM_SHRUNK) != 0)
            line->flags[s] = BP_NUM_KINK;
    return grow(line, error);
}

/* ---- noise ---------------------------------------------------------------- */

/* sqrt((k!)^2 / (2k)!): a k-th difference of white noise is that much larger. */
static double shrinkage(int k)
{
    static const double GAMMA[] = {1.0, 1.0 / 2.0, 1.0 / 6.0, 1.0 / 20.0, 1.0 / 70.0, 1.0 / 252.0};
    return sqrt(GAMMA[k]);
}

static double middle(double a, double b, double c)
{
    return fmax(fmin(a, b), fmin(fmax(a, b), c));
}

/* f: one column of the table, stride m. */
static double column_noise(size_t m, double *f)
{
    double level[6] = {0.0};
    for (int k = 1; k <= 5; k++) {
        double squares = 0.0;
        const int left = BP_NOISE_POINTS - k;
        for (int r = 0; r < left; r++) {
            f[(size_t)r * m] = f[(size_t)(r + 1) * m] - f[(size_t)r * m];
            squares += f[(size_t)r * m] * f[(size_t)r * m];
        }
        level[k] = shrinkage(k) * sqrt(squares / left);
    }
    return middle(level[3], level[4], level[5]);
}

void bp_noise_estimate(size_t m, int bits, double *f, double *noise)
{
    for (size_t s = 0; s < m; s++) {
        const double least = ldexp(fabs(f[s]), -bits);
        const double measured = column_noise(m, f + s);
        noise[s] = measured > least ? measured : least;
    }
}
