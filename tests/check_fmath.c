/* check_fmath.c -- our exponentials and logarithms against long double libm. */
#include "core/fmath.h"
#include "core/kernel.h"
#include "core/rng.h"

#include <check.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef double one(double x);
typedef long double reference(long double x);
typedef void each(size_t count, const double *x, double *y);

static long double sigmoid_reference(long double x)
{
    return x < 0 ? expl(x) / (1 + expl(x)) : 1 / (1 + expl(-x));
}

/* The arguments: uniform in [low, high], or +- e^u of them. */
enum spread { UNIFORM, POWERS, BOTH_SIGNS };

static const struct trial {
    const char *name;
    one *own;
    each *own_each;
    reference *right;
    double bound; /* as fmath.h states */
    double low, high;
    enum spread spread;
} TRIAL[] = {
    {"exp", bp_exp, bp_kernel_exp, expl, 0.8, -1, 1, UNIFORM},
    {"exp", bp_exp, bp_kernel_exp, expl, 0.8, -745.2, 709.8, UNIFORM},
    {"exp", bp_exp, bp_kernel_exp, expl, 0.8, -740, 6.5, BOTH_SIGNS},
    {"expm1", bp_expm1, bp_kernel_expm1, expm1l, 1.3, -1, 1, UNIFORM},
    {"expm1", bp_expm1, bp_kernel_expm1, expm1l, 1.3, -50, 709.8, UNIFORM},
    {"expm1", bp_expm1, bp_kernel_expm1, expm1l, 1.3, -744, 6.5, BOTH_SIGNS},
    {"log", bp_log, bp_kernel_log, logl, 0.9, 0.5, 2, UNIFORM},
    {"log", bp_log, bp_kernel_log, logl, 0.9, 0.999, 1.001, UNIFORM},
    {"log", bp_log, bp_kernel_log, logl, 0.9, -744, 709.7, POWERS},
    {"log1p", bp_log1p, bp_kernel_log1p, log1pl, 1.0, -1, 2, UNIFORM},
    {"log1p", bp_log1p, bp_kernel_log1p, log1pl, 1.0, -744, 0, BOTH_SIGNS},
    {"log1p", bp_log1p, bp_kernel_log1p, log1pl, 1.0, -5, 709.7, POWERS},
    {"tanh", bp_tanh, bp_kernel_tanh, tanhl, 1.0, -1, 1, UNIFORM},
    {"tanh", bp_tanh, bp_kernel_tanh, tanhl, 1.0, -25, 25, UNIFORM},
    {"tanh", bp_tanh, bp_kernel_tanh, tanhl, 1.0, -744, 700, BOTH_SIGNS},
    {"sigmoid", bp_sigmoid, bp_kernel_sigmoid, sigmoid_reference, 0.8, -40, 40, UNIFORM},
    {"sigmoid", bp_sigmoid, bp_kernel_sigmoid, sigmoid_reference, 0.8, -745.5, -30, UNIFORM},
    {"sigmoid", bp_sigmoid, bp_kernel_sigmoid, sigmoid_reference, 0.8, -744, 6.6, BOTH_SIGNS},
};
enum { TRIALS = sizeof TRIAL / sizeof TRIAL[0], DRAWS = 40000 };

static double draw(struct bp_rng *rng, const struct trial *t)
{
    const double u = bp_rng_uniform(rng, t->low, t->high);
    if (t->spread == UNIFORM)
        return u;
    const double x = (double)expl((long double)u);
    return t->spread == BOTH_SIGNS && bp_rng_unit(rng) < 0.5 ? -x : x;
}

/* The distance of y from right in units of the last place that right has. */
static double ulps(double y, long double right)
{
    const double magnitude = fabs((double)right);
    int exponent = 0;
    (void)frexp(magnitude < DBL_MIN ? DBL_MIN : magnitude, &exponent);
    if (y == (double)right) /* both infinite, too */
        return isinf(y) ? 0.0 : (double)(fabsl(right - y) / ldexpl(1, exponent - 53));
    return (double)(fabsl(right - y) / ldexpl(1, exponent - 53));
}

/* Not everywhere, and not under valgrind, which works it out in double. */
static bool long_double_is_longer(void)
{
    volatile long double unit = 1.0L;
    return unit + 0x1p-60L != unit;
}

START_TEST(error_is_within_the_stated_bound)
{
    if (!long_double_is_longer())
        return;
    const struct trial *t = &TRIAL[_i];
    struct bp_rng rng;
    bp_rng_seed(&rng, 11);
    static double x[DRAWS], y[DRAWS];
    for (size_t k = 0; k < DRAWS; k++)
        x[k] = draw(&rng, t);
    t->own_each(DRAWS, x, y);
    double worst = 0.0;
    for (size_t k = 0; k < DRAWS; k++) {
        const double error = ulps(y[k], t->right(x[k]));
        worst = error <= worst ? worst : error;
        ck_assert_msg(error <= t->bound, "%s(%a) is %.3f ulp off", t->name, x[k], error);
    }
    ck_assert_msg(worst >= 0.4, "%s: %.3f ulp at worst: were they compared?", t->name, worst);
}
END_TEST

START_TEST(alone_and_in_an_array_are_the_same)
{
    const struct trial *t = &TRIAL[_i];
    struct bp_rng rng;
    bp_rng_seed(&rng, 12);
    double x[37], y[37];
    for (size_t n = 1; n <= 37; n++) {
        for (size_t k = 0; k < n; k++)
            x[k] = draw(&rng, t);
        t->own_each(n, x, y);
        for (size_t k = 0; k < n; k++) {
            const double alone = t->own(x[k]);
            ck_assert_mem_eq(&alone, &y[k], sizeof alone);
        }
    }
}
END_TEST

/* Where the reduction passes from one n to the next, and near 0 and the ends,
 * neighbours must not change order by more than the last place. */
START_TEST(neighbours_keep_their_order)
{
    const struct trial *t = &TRIAL[_i];
    struct bp_rng rng;
    bp_rng_seed(&rng, 13);
    for (int k = 0; k < 300; k++) {
        const double seam = (floor(draw(&rng, t) / M_LN2) + 0.5) * M_LN2;
        double x = k % 2 == 0 && seam >= t->low && seam <= t->high ? seam : draw(&rng, t);
        for (int step = 0; step < 20; step++) {
            const double next = nextafter(x, INFINITY);
            const double y = t->own(x), y_next = t->own(next);
            ck_assert_msg(y_next >= nextafter(y, -INFINITY), "%s falls from %a to %a", t->name, x,
                          next);
            x = next;
        }
    }
}
END_TEST

static bool same(double a, double b)
{
    return (isnan(a) && isnan(b)) || (a == b && signbit(a) == signbit(b));
}

START_TEST(special_values_are_those_of_annex_f)
{
    static const struct {
        one *f;
        double x, y;
    } SPECIAL[] = {
        {bp_exp, -INFINITY, 0.0},
        {bp_exp, INFINITY, INFINITY},
        {bp_exp, NAN, NAN},
        {bp_exp, 0.0, 1.0},
        {bp_exp, -0.0, 1.0},
        {bp_exp, 709.79, INFINITY},
        {bp_exp, -745.14, 0.0},
        {bp_exp, -745.13, 0x1p-1074},
        {bp_exp, DBL_MAX, INFINITY},
        {bp_exp, -DBL_MAX, 0.0},
        {bp_expm1, -INFINITY, -1.0},
        {bp_expm1, INFINITY, INFINITY},
        {bp_expm1, NAN, NAN},
        {bp_expm1, 0.0, 0.0},
        {bp_expm1, -0.0, -0.0},
        {bp_expm1, 0x1p-1074, 0x1p-1074},
        {bp_expm1, -0x1p-1073, -0x1p-1073},
        {bp_log, 0.0, -INFINITY},
        {bp_log, -0.0, -INFINITY},
        {bp_log, -0x1p-1074, NAN},
        {bp_log, -1.0, NAN},
        {bp_log, -INFINITY, NAN},
        {bp_log, INFINITY, INFINITY},
        {bp_log, NAN, NAN},
        {bp_log, 1.0, 0.0},
        {bp_log1p, -1.0, -INFINITY},
        {bp_log1p, -1.0000000000000002, NAN},
        {bp_log1p, -INFINITY, NAN},
        {bp_log1p, INFINITY, INFINITY},
        {bp_log1p, NAN, NAN},
        {bp_log1p, 0.0, 0.0},
        {bp_log1p, -0.0, -0.0},
        {bp_log1p, -0x1p-1074, -0x1p-1074},
        {bp_tanh, INFINITY, 1.0},
        {bp_tanh, -INFINITY, -1.0},
        {bp_tanh, NAN, NAN},
        {bp_tanh, 0.0, 0.0},
        {bp_tanh, -0.0, -0.0},
        {bp_tanh, 0x1p-1074, 0x1p-1074},
        {bp_sigmoid, -INFINITY, 0.0},
        {bp_sigmoid, INFINITY, 1.0},
        {bp_sigmoid, NAN, NAN},
        {bp_sigmoid, 0.0, 0.5},
        {bp_sigmoid, -1000.0, 0.0},
        {bp_sigmoid, 1000.0, 1.0},
    };
    for (size_t k = 0; k < sizeof SPECIAL / sizeof SPECIAL[0]; k++) {
        const double y = SPECIAL[k].f(SPECIAL[k].x);
        ck_assert_msg(same(y, SPECIAL[k].y), "row %zu: f(%a) = %a, not %a", k, SPECIAL[k].x, y,
                      SPECIAL[k].y);
    }
}
END_TEST

/* A lane must not be changed by what stands in the lanes beside it. */
START_TEST(a_nan_stays_in_its_lane)
{
    const struct trial *t = &TRIAL[_i];
    struct bp_rng rng;
    bp_rng_seed(&rng, 14);
    double x[16], y[16];
    for (size_t k = 0; k < 16; k++)
        x[k] = k % 3 == 0 ? NAN : k % 3 == 1 ? INFINITY : draw(&rng, t);
    t->own_each(16, x, y);
    for (size_t k = 0; k < 16; k++)
        ck_assert(same(y[k], t->own(x[k])));
    ck_assert(isnan(y[0]) && !isnan(y[2]));
}
END_TEST

/* One number of each function, to the bit: any compiler, level and machine. */
START_TEST(bits_are_the_same_everywhere)
{
    static const struct {
        one *f;
        double x, y;
    } BITS[] = {
        {bp_exp, 1.0, 0x1.5bf0a8b145769p+1},     {bp_exp, -7.5, 0x1.21f9ba40f31d5p-11},
        {bp_expm1, 1.0, 0x1.b7e151628aed3p+0},   {bp_expm1, -0.3, -0x1.0966f2c7907f6p-2},
        {bp_log, 10.0, 0x1.26bb1bbb55516p+1},    {bp_log, 0.7, -0x1.6d3c324e13f5p-2},
        {bp_log1p, 0.5, 0x1.9f323ecbf984cp-2},   {bp_log1p, -0.3, -0x1.6d3c324e13f4ep-2},
        {bp_tanh, 0.5, 0x1.d9353d7568af3p-2},    {bp_tanh, -2.5, -0x1.f9258260a71c2p-1},
        {bp_sigmoid, 1.0, 0x1.764d4f5d5a2bdp-1}, {bp_sigmoid, -3.5, 0x1.e040681ccad94p-6},
    };
    for (size_t k = 0; k < sizeof BITS / sizeof BITS[0]; k++) {
        const double y = BITS[k].f(BITS[k].x);
        ck_assert_msg(y == BITS[k].y, "row %zu: f(%a) = %a, not %a", k, BITS[k].x, y, BITS[k].y);
    }
}
END_TEST

Suite *fmath_suite(void);
Suite *fmath_suite(void)
{
    Suite *suite = suite_create("fmath");
    TCase *tcase = tcase_create("fmath");
    tcase_add_loop_test(tcase, error_is_within_the_stated_bound, 0, TRIALS);
    tcase_add_loop_test(tcase, alone_and_in_an_array_are_the_same, 0, TRIALS);
    tcase_add_loop_test(tcase, neighbours_keep_their_order, 0, TRIALS);
    tcase_add_test(tcase, special_values_are_those_of_annex_f);
    tcase_add_loop_test(tcase, a_nan_stays_in_its_lane, 0, TRIALS);
    tcase_add_test(tcase, bits_are_the_same_everywhere);
    suite_add_tcase(suite, tcase);
    return suite;
}
