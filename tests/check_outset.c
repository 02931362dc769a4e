/* check_outset.c -- a start and data that no gradient helps are named, where the subject
 * gives its own. */
#include "diag/outset.h"

#include "core/mem.h"

#include <check.h>
#include <stdint.h>
#include <string.h>

static double w1[3][2], b1[3], w2[1][3], b2[1];
static const struct bp_array arrays[] = {{1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, w1, NULL},
                                         {1, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, b1, NULL},
                                         {2, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, w2, NULL},
                                         {2, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, b2, NULL}};
static const double x[] = {0, 0, 0, 1, 1, 0, 1, 1},
                    xor[] =
                        {
                            0, 1, 1, 0},
                    signs[] = {-1, 1, 1, -1};

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    (void)self, (void)theta;
    memset(y, 0, batch->n * sizeof *y);
    return 0;
}

static void set(double low, double step)
{
    for (int k = 0; k < 6; k++)
        (&w1[0][0])[k] = low + step * k;
    for (int k = 0; k < 3; k++)
        w2[0][k] = low - step * (k + 1) * 0.7;
}

static size_t look(const double *t, bool own_data, struct bp_findings *findings)
{
    const struct bp_batch batch = {4, x, t};
    const struct bp_subject subject = {.abi = BACKPROBE_ABI,
                                       .network = "2-3-1 sigmoid squared-error",
                                       .arrays = arrays,
                                       .n_arrays = 4,
                                       .predict = predict,
                                       .data = own_data ? &batch : NULL};
    struct bp_view view;
    ck_assert_int_eq(bp_view_open(&view, &subject, NULL), BP_OK);
    *findings = (struct bp_findings){0};
    ck_assert_int_eq(bp_outset_run(&view, &batch, findings), BP_OK);
    bp_view_close(&view);
    return bp_findings_count(findings);
}

START_TEST(equal_weights_found_in_its_arrays_are_named)
{
    struct bp_findings findings;
    set(0.5, 0.0);
    ck_assert_uint_ge(look(xor, false, &findings), 1);
    ck_assert_str_eq(findings.item[0].name, "symmetric-weights");
    bp_findings_release(&findings);
}
END_TEST

START_TEST(a_start_that_differs_is_silent)
{
    struct bp_findings findings;
    set(-0.7, 0.4);
    ck_assert_uint_eq(look(xor, true, &findings), 0);
    bp_findings_release(&findings);
}
END_TEST

START_TEST(arrays_that_are_all_0_are_not_set_yet)
{
    struct bp_findings findings;
    set(0.0, 0.0);
    ck_assert_uint_eq(look(xor, false, &findings), 0);
    bp_findings_release(&findings);
}
END_TEST

static size_t fail_at; /* 0: no allocation fails */

/* Findings on a rate of its own, from a start that learns XOR at 2 and at 20. */
static size_t look_at_rate(double rate, bool own_data, enum bp_step_kind kind,
                           struct bp_findings *findings)
{
    const struct bp_batch batch = {4, x, xor};
    const struct bp_subject subject = {.abi = BACKPROBE_ABI,
                                       .network = "2-3-1 sigmoid squared-error",
                                       .arrays = arrays,
                                       .n_arrays = 4,
                                       .predict = predict,
                                       .rate_kind = BP_RATE_FIXED,
                                       .rate = rate,
                                       .step_kind = kind,
                                       .data = own_data ? &batch : NULL};
    struct bp_view view;
    set(-0.7, 0.4);
    ck_assert_int_eq(bp_view_open(&view, &subject, NULL), BP_OK);
    *findings = (struct bp_findings){0};
    bp_mem_fail_at(fail_at);
    const enum bp_status status = bp_outset_rate(&view, findings);
    bp_mem_fail_at(0);
    ck_assert(status == BP_OK || status == BP_ENOMEM);
    bp_view_close(&view);
    return status == BP_OK ? bp_findings_count(findings) : SIZE_MAX;
}

START_TEST(a_rate_that_overshoots_is_named)
{
    struct bp_findings findings;
    ck_assert_uint_eq(look_at_rate(500.0, true, BP_STEP_BATCH, &findings), 1);
    ck_assert_str_eq(findings.item[0].name, "rate-too-large");
    bp_findings_release(&findings);
}
END_TEST

START_TEST(a_rate_that_is_fit_or_small_or_cannot_be_tried_is_silent)
{
    static const struct {
        double rate;
        bool own_data;
        enum bp_step_kind kind;
    } cases[] = {{2.0, true, BP_STEP_BATCH},
                 {1e-6, true, BP_STEP_BATCH},
                 {500.0, false, BP_STEP_BATCH},
                 {500.0, true, BP_STEP_EPOCH}};
    struct bp_findings findings;
    ck_assert_uint_eq(look_at_rate(cases[_i].rate, cases[_i].own_data, cases[_i].kind, &findings),
                      0);
    bp_findings_release(&findings);
}
END_TEST

START_TEST(no_memory_for_trials_is_said)
{
    struct bp_findings findings;
    const size_t held = bp_mem_held();
    size_t found = SIZE_MAX;
    for (fail_at = 1; found == SIZE_MAX; fail_at++) {
        ck_assert_uint_lt(fail_at, 1000);
        found = look_at_rate(500.0, true, BP_STEP_BATCH, &findings);
        bp_findings_release(&findings);
        ck_assert_uint_eq(bp_mem_held(), held);
    }
    fail_at = 0;
    ck_assert_uint_eq(found, 1);
}
END_TEST

START_TEST(targets_out_of_reach_are_named)
{
    struct bp_findings findings;
    set(-0.7, 0.4);
    ck_assert_uint_ge(look(signs, true, &findings), 1);
    ck_assert_str_eq(findings.item[0].name, "targets-out-of-range");
    bp_findings_release(&findings);
    ck_assert_uint_eq(look(signs, false, &findings), 0); /* not its data */
    bp_findings_release(&findings);
}
END_TEST

Suite *outset_suite(void);
Suite *outset_suite(void)
{
    Suite *suite = suite_create("outset");
    TCase *tcase = tcase_create("outset");
    tcase_add_test(tcase, equal_weights_found_in_its_arrays_are_named);
    tcase_add_test(tcase, a_start_that_differs_is_silent);
    tcase_add_test(tcase, arrays_that_are_all_0_are_not_set_yet);
    tcase_add_test(tcase, targets_out_of_reach_are_named);
    tcase_add_test(tcase, a_rate_that_overshoots_is_named);
    tcase_add_loop_test(tcase, a_rate_that_is_fit_or_small_or_cannot_be_tried_is_silent, 0, 4);
    tcase_add_test(tcase, no_memory_for_trials_is_said);
    suite_add_tcase(suite, tcase);
    return suite;
}
