/* check_rate.c -- trials at other rates name a rate that is too small or too large. */
#include "core/init.h"
#include "core/mem.h"
#include "diag/rate.h"

#include <check.h>
#include <math.h>
#include <string.h>

static void try_on(struct bp_rate *rate, const char *network, enum bp_gate gate, double r,
                   size_t epochs, uint64_t seed)
{
    struct bp_spec spec;
    struct bp_mlp net;
    struct bp_dataset data;
    ck_assert_int_eq(bp_dataset_gate(&data, gate, BP_TARGETS_01), BP_OK);
    ck_assert_int_eq(bp_spec_parse(&spec, network, NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&net, &spec), BP_OK);
    bp_spec_release(&spec);
    const struct bp_init init = {.weights = {.scheme = BP_INIT_NORMAL, .sd = 1.0}, .seed = seed};
    bp_init_run(&init, &net);
    double before[64];
    ck_assert_uint_le(net.n_theta, 64);
    memcpy(before, net.theta, net.n_theta * sizeof *before);
    const struct bp_train train = {.rate = r, .epochs = epochs};
    ck_assert_int_eq(bp_rate_run(rate, &net, net.theta, &data, &train, NULL), BP_OK);
    ck_assert_mem_eq(before, net.theta, net.n_theta * sizeof *before);
    bp_mlp_release(&net);
    bp_dataset_release(&data);
}

START_TEST(a_small_rate_is_named_and_the_cure_is_larger)
{
    struct bp_rate rate;
    struct bp_findings findings = {0};
    try_on(&rate, "2-4-1 sigmoid mse", BP_XOR, 0.01, 5000, 1);
    ck_assert_int_eq(rate.verdict, BP_RATE_TOO_SMALL);
    ck_assert_int_eq(bp_rate_findings(&rate, &findings), BP_OK);
    ck_assert_str_eq(findings.item[0].name, "rate-too-small");
    ck_assert_double_gt(rate.trial[rate.best].rate, 0.01);
    bp_findings_release(&findings);
}
END_TEST

START_TEST(a_large_rate_is_named_and_the_cure_is_smaller)
{
    struct bp_rate rate;
    struct bp_findings findings = {0};
    try_on(&rate, "2-4-1 tanh,identity mse", BP_XOR, 3.0, 2000, 1);
    ck_assert_int_eq(rate.verdict, BP_RATE_TOO_LARGE);
    ck_assert_int_eq(bp_rate_findings(&rate, &findings), BP_OK);
    ck_assert_str_eq(findings.item[0].name, "rate-too-large");
    ck_assert_double_lt(rate.trial[rate.best].rate, 3.0);
    bp_findings_release(&findings);
}
END_TEST

/* Too short a trial to get done, but on its way where the run overshot. */
START_TEST(a_large_rate_is_named_before_a_smaller_one_gets_done)
{
    struct bp_rate rate;
    try_on(&rate, "2-4-1 tanh,identity mse", BP_XOR, 3.0, 29, 1);
    ck_assert(!rate.trial[rate.best].done);
    ck_assert_double_lt(rate.trial[rate.best].loss, 0.5 * rate.baseline);
    ck_assert_double_gt(rate.trial[rate.given].loss, 2.0 * rate.baseline);
    ck_assert_int_eq(rate.verdict, BP_RATE_TOO_LARGE);
}
END_TEST

START_TEST(a_good_rate_is_left_alone)
{
    struct bp_rate rate;
    struct bp_findings findings = {0};
    try_on(&rate, "2-4-1 sigmoid mse", BP_XOR, 5.0, 5000, 1);
    ck_assert_int_eq(rate.verdict, BP_RATE_NEITHER);
    ck_assert_int_eq(bp_rate_findings(&rate, &findings), BP_OK);
    ck_assert_uint_eq(findings.n, 0);
}
END_TEST

/* One neuron cannot learn XOR at any rate: the rate is not to blame. */
START_TEST(what_no_rate_cures_is_not_blamed_on_the_rate)
{
    struct bp_rate rate;
    try_on(&rate, "2-1 sigmoid mse", BP_XOR, 0.01, 2000, 1);
    ck_assert_int_eq(rate.verdict, BP_RATE_NEITHER);
}
END_TEST

/* L = 1/2 mean (w x + b - t)^2 along the gradient of a quadratic: by hand. */
START_TEST(curvature_of_a_quadratic_is_that_of_its_matrix)
{
    struct bp_rate rate;
    try_on(&rate, "2-1 identity mse", BP_AND, 0.1, 1, 3);
    /* X'X / 4 with rows (x0, x1, 1) over 00 01 10 11 has eigenvalues between 0.1 and 1.7 */
    ck_assert_double_gt(rate.curvature, 0.1);
    ck_assert_double_lt(rate.curvature, 1.7);
}
END_TEST

Suite *rate_suite(void);
Suite *rate_suite(void)
{
    Suite *suite = suite_create("rate");
    TCase *tcase = tcase_create("rate");
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, a_small_rate_is_named_and_the_cure_is_larger);
    tcase_add_test(tcase, a_large_rate_is_named_and_the_cure_is_smaller);
    tcase_add_test(tcase, a_large_rate_is_named_before_a_smaller_one_gets_done);
    tcase_add_test(tcase, a_good_rate_is_left_alone);
    tcase_add_test(tcase, what_no_rate_cures_is_not_blamed_on_the_rate);
    tcase_add_test(tcase, curvature_of_a_quadratic_is_that_of_its_matrix);
    suite_add_tcase(suite, tcase);
    return suite;
}
