/* columns_fit.c -- see columns_fit.h. */
#include "diag/columns_fit.h"

#include "core/mem.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLES_MOST = 256 };

/* ---- the right gradient, of the batch and of each sample ------------------------- */

static void sample_gradients(struct bp_columns_work *work)
{
    const struct bp_spec *spec = &work->columns->net->spec;
    const size_t in = spec->layer[0].width;
    const size_t out = spec->layer[spec->layers].width;
    for (size_t s = 0; s < work->columns->n; s++) {
        work->pass.grad = work->other;
        bp_pass_forward(&work->pass, 1, work->columns->x + s * in);
        bp_pass_backward(&work->pass, work->columns->t + s * out);
        memcpy(work->sample + s * work->count, work->pass.scaled, work->count * sizeof(double));
    }
}

/* Whether the column was printed with so many digits, or fewer. */
static bool has_digits(const struct bp_columns_work *work, int digits)
{
    char text[40];
    for (size_t k = 0; k < work->count; k++) {
        snprintf(text, sizeof text, "%.*g", digits, work->columns->numeric[k]);
        if (strtod(text, NULL) != work->columns->numeric[k])
            return false;
    }
    return true;
}

/* A number of d digits is off by up to half of 10^(1 - d) of itself. */
static double tolerance(const struct bp_columns_work *work)
{
    double tol = 1e-2;
    for (int digits = 3; digits < 8; digits++, tol /= 10.0)
        if (has_digits(work, digits))
            return tol;
    return 2e-7;
}

enum bp_status bp_columns_open(struct bp_columns_work *work, const struct bp_columns *columns)
{
    const size_t n = columns->n;
    const size_t count = columns->net->n_theta;
    *work = (struct bp_columns_work){.columns = columns, .count = count};
    work->status = bp_pass_init(&work->pass, columns->net, n);
    work->g = bp_mem_new(3 * count, sizeof *work->g);
    work->sample = bp_mem_new(n * count, sizeof *work->sample);
    work->system = bp_mem_new(n > SAMPLES_MOST ? n : n * (n + 2), sizeof *work->system);
    if (work->status != BP_OK || work->g == NULL || work->sample == NULL || work->system == NULL) {
        bp_columns_close(work);
        return BP_ENOMEM;
    }
    work->tried = work->g + count;
    work->other = work->tried + count;
    work->tol = tolerance(work);
    sample_gradients(work);
    work->pass.grad = work->g;
    bp_pass_forward(&work->pass, n, columns->x);
    work->loss = bp_pass_loss(&work->pass, columns->t);
    bp_pass_backward(&work->pass, columns->t);
    return BP_OK;
}

void bp_columns_close(struct bp_columns_work *work)
{
    bp_pass_release(&work->pass);
    bp_mem_free(work->g);
    bp_mem_free(work->sample);
    bp_mem_free(work->system);
    *work = (struct bp_columns_work){0};
}

/* ---- multiples --------------------------------------------------------------------- */

static double largest(size_t count, const double *column)
{
    double most = 0.0;
    for (size_t k = 0; k < count; k++)
        most = fmax(most, fabs(column[k]));
    return most;
}

double bp_columns_factor(size_t count, const double *base, const double *column, double *off)
{
    double dot = 0.0;
    double square = 0.0;
    double worst = 0.0;
    for (size_t k = 0; k < count; k++) {
        dot += base[k] * column[k];
        square += base[k] * base[k];
    }
    const double factor = square == 0.0 ? 0.0 : dot / square;
    for (size_t k = 0; k < count; k++) {
        const double apart = fabs(column[k] - factor * base[k]);
        worst = apart <= worst ? worst : apart; /* a NaN is the worst */
    }
    const double most = largest(count, column);
    *off = most == 0.0 || factor == 0.0 ? (double)INFINITY : worst / most;
    return factor;
}

/* ---- a sum over samples --------------------------------------------------------------- */

/* Gauss and Jordan with the largest pivot, of the n rows of n + 1; false when singular. */
static bool solve(double *a, size_t n)
{
    const size_t row = n + 1;
    for (size_t c = 0; c < n; c++) {
        size_t pivot = c;
        for (size_t r = c + 1; r < n; r++)
            if (fabs(a[r * row + c]) > fabs(a[pivot * row + c]))
                pivot = r;
        if (!(fabs(a[pivot * row + c]) > 1e-10 * fabs(a[0])))
            return false;
        for (size_t k = 0; k < row; k++) {
            const double v = a[c * row + k];
            a[c * row + k] = a[pivot * row + k];
            a[pivot * row + k] = v;
        }
        for (size_t r = 0; r < n; r++) {
            const double f = r == c ? 0.0 : a[r * row + c] / a[c * row + c];
            for (size_t k = c; f != 0.0 && k < row; k++)
                a[r * row + k] -= f * a[c * row + k];
        }
    }
    for (size_t c = 0; c < n; c++)
        a[c * row + n] /= a[c * row + c];
    return true;
}

static double dot(const double *a, const double *b, size_t count)
{
    double sum = 0.0;
    for (size_t k = 0; k < count; k++)
        sum += a[k] * b[k];
    return sum;
}

/* The normal equations of column = sum of w_s g_s. */
static void set_up(struct bp_columns_work *work, const double *column)
{
    const size_t n = work->columns->n;
    const size_t count = work->count;
    for (size_t i = 0; i < n; i++) {
        double *row = work->system + i * (n + 1);
        for (size_t j = 0; j < n; j++)
            row[j] = dot(work->sample + i * count, work->sample + j * count, count);
        row[n] = dot(work->sample + i * count, column, count);
    }
}

/* The column without the L2 term's part. */
static void take_off_penalty(const struct bp_columns_work *work, double *column)
{
    const struct bp_mlp *net = work->columns->net;
    memcpy(column, work->columns->numeric, work->count * sizeof *column);
    for (size_t l = 1; net->spec.l2 != 0.0 && l <= net->spec.layers; l++) {
        const struct bp_tensor *w = bp_mlp_weights(net, l);
        for (size_t k = w->offset; k < w->offset + w->count; k++)
            column[k] -= net->spec.l2 * net->theta[k];
    }
}

static bool by_least_squares(struct bp_columns_work *work, const double *column, double *weight)
{
    const size_t n = work->columns->n;
    double worst = 0.0;
    if (n < 2 || n >= work->count || n > SAMPLES_MOST)
        return false;
    set_up(work, column);
    if (!solve(work->system, n))
        return false;
    for (size_t i = 0; i < n; i++)
        weight[i] = work->system[i * (n + 1) + n];
    for (size_t k = 0; k < work->count; k++) {
        double sum = 0.0;
        for (size_t i = 0; i < n; i++)
            sum += weight[i] * work->sample[i * work->count + k];
        worst = fmax(worst, fabs(sum - column[k]));
    }
    return worst <= work->tol * largest(work->count, column);
}

/* Too many samples to part them all: the first so many, or the last. */
static bool by_ranges(struct bp_columns_work *work, const double *column, double *weight)
{
    const size_t n = work->columns->n;
    for (int last = 0; last < 2; last++) {
        memset(work->tried, 0, work->count * sizeof *work->tried);
        for (size_t m = 0; m + 1 < n; m++) {
            const size_t s = last ? n - 1 - m : m;
            double off;
            for (size_t k = 0; k < work->count; k++)
                work->tried[k] += work->sample[s * work->count + k];
            const double factor = bp_columns_factor(work->count, work->tried, column, &off);
            if (!(off <= work->tol))
                continue;
            for (size_t i = 0; i < n; i++)
                weight[i] = (last ? i >= s : i <= s) ? factor : 0.0;
            return true;
        }
    }
    return false;
}

bool bp_columns_samples(struct bp_columns_work *work, double *weight)
{
    double *column = work->other;
    take_off_penalty(work, column);
    return by_least_squares(work, column, weight) || by_ranges(work, column, weight);
}

/* ---- whole numbers of the loss's last digit ---------------------------------------------- */

/* All numbers are whole multiples of quantum, and some of more than one size. */
static bool is_whole(const struct bp_columns_work *work, double quantum)
{
    const double *column = work->columns->numeric;
    const double most = largest(work->count, column);
    if (!(quantum > 2e-4 * most) || !(quantum <= 2.0 * most))
        return false;
    for (size_t k = 0; k < work->count; k++) {
        const double times = column[k] / quantum;
        if (!(fabs(times - rint(times)) <= 1e-3 + 2e-6 * fabs(times)))
            return false;
    }
    return true;
}

bool bp_columns_quantum(const struct bp_columns_work *work, bool single, double *step,
                        double *quantum)
{
    int exponent;
    frexp(work->loss, &exponent);
    const double ulp = ldexp(1.0, exponent - (single ? FLT_MANT_DIG : DBL_MANT_DIG));
    double h = 1e-2;
    for (int k = 2; k <= 17; k++, h /= 10.0)
        for (int sides = 1; sides <= 2; sides++)
            /* losses beside a power of two have two sizes of ulp: try the smaller too */
            for (int half = 0; half < 2; half++) {
                *step = h;
                *quantum = ulp / (half ? 2.0 : 1.0) / ((double)sides * h);
                if (is_whole(work, *quantum))
                    return true;
            }
    return false;
}

/* ---- differences at some h --------------------------------------------------------------- */

static double off_at(struct bp_columns_work *work, struct bp_usercheck *habit, double h,
                     double *factor)
{
    const struct bp_columns *columns = work->columns;
    double off;
    habit->step = h;
    const enum bp_status status = bp_usercheck_run(habit, columns->net, columns->n, columns->x,
                                                   columns->t, work->other, work->tried);
    if (status != BP_OK) {
        work->status = status;
        return (double)INFINITY;
    }
    *factor = bp_columns_factor(work->count, work->tried, columns->numeric, &off);
    return off;
}

/* Narrows h around the best of a coarse search (golden section, Kiefer 1953). */
static double refine(struct bp_columns_work *work, struct bp_usercheck *habit, double low,
                     double high, double *factor)
{
    const double golden = 0.6180339887498949;
    for (int k = 0; k < 60 && high - low > 1e-9 * high && work->status == BP_OK; k++) {
        const double a = high - golden * (high - low);
        const double b = low + golden * (high - low);
        const double off = off_at(work, habit, a, factor);
        if (off <= 0.1 * work->tol)
            return a;
        if (off < off_at(work, habit, b, factor))
            high = b;
        else
            low = a;
    }
    return 0.5 * (low + high);
}

bool bp_columns_step(struct bp_columns_work *work, struct bp_usercheck *habit, double *factor)
{
    const double ratio = 1.5;
    double best = (double)INFINITY;
    double at = 0.0;
    for (double h = 1e-5; h < 4.0 && work->status == BP_OK; h *= ratio) {
        const double off = off_at(work, habit, h, factor);
        if (off < best) {
            best = off;
            at = h;
        }
    }
    if (at == 0.0 || work->status != BP_OK)
        return false;
    const double h = refine(work, habit, at / ratio, at * ratio, factor);
    return off_at(work, habit, h, factor) <= work->tol;
}

/* ---- kinks ----------------------------------------------------------------------------------- */

/* A unit with a kink is on one side for all the batch at theta - h and theta + h. */
static bool crosses(struct bp_columns_work *work, double *theta, size_t k, double h)
{
    const struct bp_columns *columns = work->columns;
    const struct bp_spec *spec = &columns->net->spec;
    const double keep = theta[k];
    uint64_t side[2] = {0xcbf29ce484222325u, 0xcbf29ce484222325u};
    for (int end = 0; end < 2; end++) {
        theta[k] = end == 0 ? keep - h : keep + h;
        bp_pass_forward(&work->pass, columns->n, columns->x);
        for (size_t l = 1; l <= spec->layers; l++)
            for (size_t i = 0; i < columns->n * spec->layer[l].width; i++)
                if (bp_activation_has_kink(spec->layer[l].activation))
                    side[end] = (side[end] ^ (uint64_t)(work->pass.z[l][i] > 0.0)) * 0x100000001b3u;
    }
    theta[k] = keep;
    return side[0] != side[1];
}

size_t bp_columns_crossed(struct bp_columns_work *work, double h, double factor, bool *others)
{
    const struct bp_columns *columns = work->columns;
    const double most = largest(work->count, columns->numeric);
    double *theta = work->tried;
    size_t n = 0;
    *others = true;
    memcpy(theta, columns->net->theta, work->count * sizeof *theta);
    work->pass.theta = theta;
    for (size_t k = 0; k < work->count; k++)
        if (crosses(work, theta, k, h))
            n++;
        else if (!(fabs(columns->numeric[k] - factor * work->g[k]) <= 1e-3 * most))
            *others = false;
    work->pass.theta = columns->net->theta;
    return n;
}
