/* check_rng.c -- random numbers repeat, and have the distribution they claim. */
#include "core/rng.h"

#include <check.h>
#include <math.h>

START_TEST(same_seed_same_numbers)
{
    struct bp_rng a, b;
    bp_rng_seed(&a, 7);
    bp_rng_seed(&b, 7);
    for (int i = 0; i < 1000; i++)
        ck_assert_uint_eq(bp_rng_next(&a), bp_rng_next(&b));
}
END_TEST

START_TEST(other_seed_other_numbers)
{
    struct bp_rng a, b;
    bp_rng_seed(&a, 7);
    bp_rng_seed(&b, 8);
    int same = 0;
    for (int i = 0; i < 1000; i++)
        same += bp_rng_next(&a) == bp_rng_next(&b);
    ck_assert_int_eq(same, 0);
}
END_TEST

START_TEST(normal_has_mean_0_and_sd_1)
{
    struct bp_rng rng;
    bp_rng_seed(&rng, 1);
    enum { N = 200000 };
    double sum = 0.0, squares = 0.0;
    for (int i = 0; i < N; i++) {
        const double x = bp_rng_normal(&rng);
        sum += x;
        squares += x * x;
    }
    /* five standard errors: sd / sqrt(N), and sqrt(2 / N) for the variance */
    ck_assert_double_le(fabs(sum / N), 5.0 / sqrt(N));
    ck_assert_double_le(fabs(squares / N - 1.0), 5.0 * sqrt(2.0 / N));
}
END_TEST

START_TEST(permutation_holds_each_number_once)
{
    struct bp_rng rng;
    bp_rng_seed(&rng, 3);
    size_t order[100];
    int seen[100] = {0};
    bp_rng_permutation(&rng, 100, order);
    for (int i = 0; i < 100; i++)
        seen[order[i]]++;
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(seen[i], 1);
}
END_TEST

Suite *rng_suite(void);
Suite *rng_suite(void)
{
    Suite *suite = suite_create("rng");
    TCase *tcase = tcase_create("rng");
    tcase_add_test(tcase, same_seed_same_numbers);
    tcase_add_test(tcase, other_seed_other_numbers);
    tcase_add_test(tcase, normal_has_mean_0_and_sd_1);
    tcase_add_test(tcase, permutation_holds_each_number_once);
    suite_add_tcase(suite, tcase);
    return suite;
}
