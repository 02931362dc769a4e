/* check_kernel.c -- the fast loops against the plainest ones that can be written,
 * bit for bit, on every instruction set that this machine has. */
#include "core/kernel.h"

#include "core/mem.h"
#include "core/rng.h"

#include <check.h>
#include <math.h>
#include <string.h>

static const char *const ISA[] = {"plain", "avx2", "avx512"};
enum { ISA_COUNT = 3 };

/* Samples, inputs, outputs: single rows and columns, sizes just around a vector,
 * a tile, a panel and a block of the depth, and rows 4 KB apart. */
static const struct shape {
    size_t n, in, out;
} SHAPE[] = {{1, 1, 1},    {1, 7, 1},     {1, 1, 9},    {7, 1, 1},    {2, 3, 4},    {5, 8, 8},
             {6, 9, 7},    {3, 16, 17},   {10, 31, 33}, {11, 32, 32}, {4, 33, 31},  {1, 127, 5},
             {2, 128, 65}, {13, 129, 6},  {5, 257, 12}, {7, 512, 5},  {6, 40, 512}, {7, 512, 20},
             {1, 784, 30}, {10, 784, 30}, {300, 3, 2},  {9, 1024, 3}, {16, 2, 1024}};
enum { SHAPES = sizeof SHAPE / sizeof SHAPE[0] };

/* Every array that a shape needs, filled with numbers and, here and there, 0. */
struct arrays {
    double *a, *w, *b, *d, *right, *own;
    size_t most; /* numbers in right and own */
};

static double *numbers(struct bp_rng *rng, size_t count)
{
    double *x = bp_mem_new(count, sizeof *x);
    ck_assert_ptr_nonnull(x);
    for (size_t k = 0; k < count; k++)
        x[k] = bp_rng_unit(rng) < 0.2 ? 0.0 : bp_rng_normal(rng);
    return x;
}

static void arrays_init(struct arrays *x, const struct shape *s)
{
    struct bp_rng rng;
    bp_rng_seed(&rng, 1000 * s->n + 10 * s->in + s->out);
    x->a = numbers(&rng, s->n * s->in);
    x->w = numbers(&rng, s->out * s->in);
    x->b = numbers(&rng, s->out);
    x->d = numbers(&rng, s->n * s->out);
    x->most = (s->n + s->in) * (s->in + s->out) + (s->n + 4) * s->out;
    x->right = numbers(&rng, x->most);
    x->own = numbers(&rng, x->most);
}

static void arrays_release(struct arrays *x)
{
    bp_mem_free(x->a);
    bp_mem_free(x->w);
    bp_mem_free(x->b);
    bp_mem_free(x->d);
    bp_mem_free(x->right);
    bp_mem_free(x->own);
}

/* The definition, as kernel.h states it. */
static double chain(double start, size_t n, const double *x, size_t x_step, const double *y,
                    size_t y_step)
{
    for (size_t k = 0; k < n; k++)
        start = fma(x[k * x_step], y[k * y_step], start);
    return start;
}

/* Fills both, so that what a kernel writes beyond its result is seen as well. */
static void same_start(struct arrays *x)
{
    for (size_t k = 0; k < x->most; k++)
        x->right[k] = x->own[k] = 0.5;
}

static void same_end(const struct arrays *x, const char *what, const struct shape *s)
{
    if (memcmp(x->right, x->own, x->most * sizeof(double)) == 0)
        return;
    for (size_t k = 0; k < x->most; k++)
        ck_assert_msg(memcmp(&x->right[k], &x->own[k], sizeof(double)) == 0,
                      "%s, %s, n %zu in %zu out %zu: number %zu is %a, not %a", what,
                      bp_kernel_name(), s->n, s->in, s->out, k, x->own[k], x->right[k]);
}

static void try_affine(struct arrays *x, const struct shape *s, const double *bias)
{
    same_start(x);
    for (size_t n = 0; n < s->n; n++)
        for (size_t i = 0; i < s->out; i++)
            x->right[n * s->out + i] = chain(bias == NULL ? 0.0 : bias[i], s->in, x->a + n * s->in,
                                             1, x->w + i * s->in, 1);
    bp_kernel_affine(s->n, s->in, s->out, x->a, x->w, bias, x->own);
    same_end(x, "affine", s);
    for (size_t n = 0; n < s->n && n < 6; n++) { /* each sample alone, too */
        bp_kernel_affine(1, s->in, s->out, x->a + n * s->in, x->w, bias, x->own + n * s->out);
        same_end(x, "affine, alone", s);
    }
}

static void try_transform(struct arrays *x, const struct shape *s, const double *bias)
{
    same_start(x); /* a is in x n here: its columns are the samples */
    for (size_t i = 0; i < s->out; i++)
        for (size_t n = 0; n < s->n; n++)
            x->right[i * s->n + n] =
                chain(bias == NULL ? 0.0 : bias[i], s->in, x->a + n, s->n, x->w + i * s->in, 1);
    bp_kernel_transform(s->in, s->out, s->n, x->w, x->a, bias, x->own);
    same_end(x, "transform", s);
}

static void try_propagate(struct arrays *x, const struct shape *s)
{
    same_start(x);
    for (size_t n = 0; n < s->n; n++)
        for (size_t j = 0; j < s->in; j++)
            x->right[n * s->in + j] = chain(0.0, s->out, x->d + n * s->out, 1, x->w + j, s->in);
    bp_kernel_propagate(s->n, s->in, s->out, x->d, x->w, x->own);
    same_end(x, "propagate", s);
}

static void try_outer(struct arrays *x, const struct shape *s)
{
    same_start(x);
    for (size_t i = 0; i < s->out; i++)
        for (size_t j = 0; j < s->in; j++)
            x->right[i * s->in + j] = chain(0.0, s->n, x->d + i, s->out, x->a + j, s->in);
    bp_kernel_outer(s->n, s->in, s->out, x->d, x->a, x->own);
    same_end(x, "outer", s);
}

/* next = w - 0.3 (sum / n), each of the three rounded; against bp_kernel_outer(), which
 * is tried above. */
static void try_descend(struct arrays *x, const struct shape *s)
{
    const size_t count = s->in * s->out;
    same_start(x);
    bp_kernel_outer(s->n, s->in, s->out, x->d, x->a, x->right);
    for (size_t k = 0; k < count; k++) {
        const volatile double g = x->right[k] / (double)s->n, change = 0.3 * g;
        x->right[k] = x->w[k] - change;
    }
    const double *const ahead[] = {x->a, x->a + (s->n - 1) * s->in, x->a};
    const struct bp_descent how = {
        .w = x->w, .rate = 0.3, .by = (double)s->n, .n_ahead = 3, .ahead = ahead};
    bp_kernel_descend(s->n, s->in, s->out, x->d, x->a, &how, x->own);
    same_end(x, "descend", s);
}

static void try_columns(struct arrays *x, const struct shape *s)
{
    same_start(x);
    for (size_t i = 0; i < s->out; i++) {
        x->right[i] = 0.0;
        for (size_t n = 0; n < s->n; n++)
            x->right[i] += x->d[n * s->out + i];
    }
    bp_kernel_column_sum(s->n, s->out, x->d, x->own);
    same_end(x, "column sum", s);
    same_start(x);
    for (size_t i = 0; i < s->out; i++)
        x->right[i] = chain(0.0, s->n, x->d + i, s->out, x->d + i, s->out);
    bp_kernel_column_squares(s->n, s->out, x->d, x->own);
    same_end(x, "column squares", s);
    same_start(x);
    for (size_t r = 0; r < s->n; r++)
        for (size_t i = 0; i < s->out; i++) {
            const double v = x->d[r * s->out + i];
            double *at = x->right + i;
            at[0] += v;
            at[s->out] += fabs(v);
            at[2 * s->out] = fmax(at[2 * s->out], fabs(v));
            at[3 * s->out] += v == 0.0;
        }
    bp_kernel_column_tally(s->n, s->out, x->d, x->own, x->own + s->out, x->own + 2 * s->out,
                           x->own + 3 * s->out);
    same_end(x, "column tally", s);
}

START_TEST(products_are_the_plain_sums_bit_for_bit)
{
    struct arrays x;
    arrays_init(&x, &SHAPE[_i]);
    for (size_t isa = 0; isa < ISA_COUNT; isa++) {
        if (!bp_kernel_choose(ISA[isa]))
            continue;
        ck_assert_str_eq(bp_kernel_name(), ISA[isa]);
        try_affine(&x, &SHAPE[_i], x.b);
        try_affine(&x, &SHAPE[_i], NULL);
        try_transform(&x, &SHAPE[_i], x.b);
        try_transform(&x, &SHAPE[_i], NULL);
        try_propagate(&x, &SHAPE[_i]);
        try_outer(&x, &SHAPE[_i]);
        try_descend(&x, &SHAPE[_i]);
        try_columns(&x, &SHAPE[_i]);
    }
    arrays_release(&x);
    (void)bp_kernel_choose(NULL);
}
END_TEST

START_TEST(a_nan_or_infinity_reaches_its_results_and_no_other)
{
    const double bad[2] = {NAN, INFINITY};
    for (size_t isa = 0; isa < ISA_COUNT; isa++) {
        if (!bp_kernel_choose(ISA[isa]))
            continue;
        double a[3 * 9], w[11 * 9], z[3 * 11];
        for (size_t k = 0; k < 27; k++)
            a[k] = 1.0;
        for (size_t k = 0; k < 99; k++)
            w[k] = 1.0;
        a[9 + 8] = bad[isa % 2];
        bp_kernel_affine(3, 9, 11, a, w, NULL, z);
        for (size_t k = 0; k < 33; k++)
            ck_assert_int_eq(isfinite(z[k]) != 0, k / 11 != 1);
    }
    (void)bp_kernel_choose(NULL);
}
END_TEST

typedef void each(size_t count, const double *x, double *y);

/* A tile in which one sum is infinite or not a number is made again with care: the others
 * must not know. */
START_TEST(a_step_along_infinity_is_that_of_its_parts)
{
    enum { N = 3, IN = 37, OUT = 11, COUNT = IN * OUT };
    static double a[N * IN], d[N * OUT], w[COUNT], sum[COUNT], g[COUNT], right[COUNT], own[COUNT];
    const double bad[] = {INFINITY, -INFINITY, NAN, 1e308, 0x1p-1074, -0.0};
    const struct bp_descent how = {.w = w, .rate = 0.7, .by = 3.0};
    struct bp_rng rng;
    bp_rng_seed(&rng, 8);
    for (size_t isa = 0; isa < ISA_COUNT; isa++)
        for (size_t b = 0; b < sizeof bad / sizeof bad[0]; b++) {
            if (!bp_kernel_choose(ISA[isa]))
                continue;
            for (size_t k = 0; k < N * IN; k++)
                a[k] = bp_rng_normal(&rng);
            for (size_t k = 0; k < N * OUT; k++)
                d[k] = bp_rng_normal(&rng);
            for (size_t k = 0; k < COUNT; k++)
                w[k] = bp_rng_normal(&rng);
            a[5 * b] = bad[b];
            d[4 * b] = 1e10;
            bp_kernel_outer(N, IN, OUT, d, a, sum);
            bp_kernel_divide(COUNT, sum, 3.0, g);
            bp_kernel_step(COUNT, w, 0.7, g, right);
            bp_kernel_descend(N, IN, OUT, d, a, &how, own);
            for (size_t k = 0; k < COUNT; k++)
                ck_assert_msg(memcmp(&own[k], &right[k], sizeof own[k]) == 0 ||
                                  (isnan(own[k]) && isnan(right[k])),
                              "%s, %g: number %zu is %a, not %a", ISA[isa], bad[b], k, own[k],
                              right[k]);
        }
    (void)bp_kernel_choose(NULL);
}
END_TEST

START_TEST(functions_have_the_same_bits_on_every_instruction_set)
{
    static each *const F[] = {bp_kernel_exp,   bp_kernel_expm1, bp_kernel_log,
                              bp_kernel_log1p, bp_kernel_tanh,  bp_kernel_sigmoid};
    enum { COUNT = 4099 };
    static double x[COUNT], right[COUNT], own[COUNT];
    struct bp_rng rng;
    bp_rng_seed(&rng, 5);
    for (size_t k = 0; k < COUNT; k++)
        x[k] = bp_rng_normal(&rng) * (k % 3 == 0 ? 1.0 : k % 3 == 1 ? 300.0 : 1e-9);
    for (size_t k = 0; k < COUNT && _i >= 2 && _i < 4; k++)
        x[k] = fabs(x[k]);
    ck_assert(bp_kernel_choose("plain"));
    F[_i](COUNT, x, right);
    for (size_t isa = 1; isa < ISA_COUNT; isa++) {
        if (!bp_kernel_choose(ISA[isa]))
            continue;
        F[_i](COUNT, x, own);
        ck_assert_mem_eq(own, right, sizeof own);
    }
    F[_i](COUNT, x, x); /* in place */
    ck_assert_mem_eq(x, right, sizeof x);
    (void)bp_kernel_choose(NULL);
}
END_TEST

START_TEST(quotients_are_those_of_a_division)
{
    enum { COUNT = 1003 };
    static double x[COUNT], y[COUNT];
    static const double BY[] = {1.0, 3.0, 7.0, 10.0, 49.0, 60000.0, 0.1};
    struct bp_rng rng;
    bp_rng_seed(&rng, 6);
    for (size_t k = 0; k < COUNT; k++)
        x[k] = bp_rng_normal(&rng) * (k % 3 == 0 ? 1e-200 : k % 3 == 1 ? 1.0 : 1e250);
    x[0] = INFINITY;
    x[1] = -INFINITY;
    x[2] = 0.0;
    x[3] = -0.0;
    for (size_t isa = 0; isa < ISA_COUNT; isa++) {
        if (!bp_kernel_choose(ISA[isa]))
            continue;
        for (size_t n = 0; n < sizeof BY / sizeof BY[0]; n++) {
            bp_kernel_divide(COUNT, x, BY[n], y);
            for (size_t k = 0; k < COUNT; k++)
                ck_assert_msg(y[k] == x[k] / BY[n], "%a / %g is not %a", x[k], BY[n], y[k]);
        }
    }
    (void)bp_kernel_choose(NULL);
}
END_TEST

START_TEST(a_step_is_rounded_twice)
{
    enum { COUNT = 37 };
    double theta[COUNT], d[COUNT], out[COUNT], y[COUNT];
    struct bp_rng rng;
    bp_rng_seed(&rng, 7);
    for (size_t k = 0; k < COUNT; k++) {
        theta[k] = bp_rng_normal(&rng);
        d[k] = bp_rng_normal(&rng);
    }
    for (size_t isa = 0; isa < ISA_COUNT; isa++) {
        if (!bp_kernel_choose(ISA[isa]))
            continue;
        bp_kernel_step(COUNT, theta, 0.3, d, out);
        bp_kernel_scaled(COUNT, d, 0.3, y);
        for (size_t k = 0; k < COUNT; k++) {
            const volatile double change = 0.3 * d[k];
            ck_assert(y[k] == change && out[k] == theta[k] - change);
        }
    }
    (void)bp_kernel_choose(NULL);
}
END_TEST

START_TEST(an_unknown_instruction_set_changes_nothing)
{
    ck_assert(bp_kernel_choose("plain"));
    ck_assert(!bp_kernel_choose("abacus"));
    ck_assert_str_eq(bp_kernel_name(), "plain");
    ck_assert(bp_kernel_choose(NULL));
}
END_TEST

/* What the comparison above would say of a kernel that sums in another order. */
START_TEST(another_order_of_summation_is_seen)
{
    struct arrays x;
    const struct shape s = {10, 784, 30};
    arrays_init(&x, &s);
    const double forward = chain(0.0, s.in, x.a, 1, x.w, 1);
    double halves = chain(0.0, s.in / 2, x.a, 1, x.w, 1);
    halves += chain(0.0, s.in / 2, x.a + s.in / 2, 1, x.w + s.in / 2, 1);
    ck_assert(forward != halves);
    arrays_release(&x);
}
END_TEST

Suite *kernel_suite(void);
Suite *kernel_suite(void)
{
    Suite *suite = suite_create("kernel");
    TCase *tcase = tcase_create("kernel");
    tcase_add_loop_test(tcase, products_are_the_plain_sums_bit_for_bit, 0, SHAPES);
    tcase_add_test(tcase, a_nan_or_infinity_reaches_its_results_and_no_other);
    tcase_add_test(tcase, a_step_along_infinity_is_that_of_its_parts);
    tcase_add_loop_test(tcase, functions_have_the_same_bits_on_every_instruction_set, 0, 6);
    tcase_add_test(tcase, quotients_are_those_of_a_division);
    tcase_add_test(tcase, a_step_is_rounded_twice);
    tcase_add_test(tcase, an_unknown_instruction_set_changes_nothing);
    tcase_add_test(tcase, another_order_of_summation_is_seen);
    suite_add_tcase(suite, tcase);
    return suite;
}
