/* check_columns.c -- from the two columns that a check prints, the mistake of the check
 * is named; a right check, and a right check of a wrong gradient, are not blamed. */
#include "core/mem.h"
#include "diag/checkup.h"
#include "diag/columns.h"
#include "diag/faults/fault.h"
#include "diag/files.h"
#include "planted.h"
#include "scratch.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct printed {
    struct bench bench;
    double *backprop, *numeric;
    struct bp_findings findings;
    bool explained;
};

/* What a check with these habits prints of bench k, six digits or all. */
static void print_columns(struct printed *printed, const struct bp_usercheck *check, int k,
                          bool six)
{
    *printed = (struct printed){0};
    bench_open(&printed->bench, k);
    const size_t n = printed->bench.net.n_theta;
    printed->backprop = bp_mem_new(2 * n, sizeof *printed->backprop);
    printed->numeric = printed->backprop + n;
    ck_assert_int_eq(bp_usercheck_run(check, &printed->bench.net, BENCH_BATCH, printed->bench.x,
                                      printed->bench.t, printed->backprop, printed->numeric),
                     BP_OK);
    for (size_t i = 0; six && i < 2 * n; i++) {
        char text[32];
        snprintf(text, sizeof text, "%.6g", printed->backprop[i]);
        printed->backprop[i] = strtod(text, NULL);
    }
}

static void judge(struct printed *printed)
{
    const struct bp_columns columns = {.net = &printed->bench.net,
                                       .n = BENCH_BATCH,
                                       .x = printed->bench.x,
                                       .t = printed->bench.t,
                                       .backprop = printed->backprop,
                                       .numeric = printed->numeric};
    ck_assert_int_eq(bp_columns_run(&columns, &printed->findings, &printed->explained), BP_OK);
}

static void put_away(struct printed *printed)
{
    bp_findings_release(&printed->findings);
    bp_mem_free(printed->backprop);
    bench_close(&printed->bench);
}

static bool names(const struct printed *printed, const char *name)
{
    for (size_t k = 0; k < printed->findings.n; k++)
        if (strcmp(printed->findings.item[k].name, name) == 0)
            return true;
    return false;
}

/* The only thing that is named. */
static void expect_one(struct printed *printed, const char *name)
{
    judge(printed);
    ck_assert_msg(names(printed, name), "%s is not named, but %s", name,
                  printed->findings.n > 0 ? printed->findings.item[0].name : "nothing");
    ck_assert_uint_eq(printed->findings.n, 1);
    ck_assert(printed->explained);
    ck_assert_uint_ge(printed->findings.item[0].n_because, 1);
    put_away(printed);
}

/* ---- each fault of the check ------------------------------------------------------- */

static const char *const FAULT[] = {
    "check-prints-weights",   "check-on-other-scale", "check-step-too-small",
    "check-step-too-large",   "check-one-sided",      "check-compares-magnitudes",
    "check-does-not-restore", "check-on-other-data",  "check-drowns-in-rounding"};
enum { FAULTS = sizeof FAULT / sizeof FAULT[0] };

static const int SMOOTH[] = {0, 1, 5, 8};

START_TEST(a_fault_of_the_check_is_named)
{
    for (size_t k = 0; k < sizeof SMOOTH / sizeof SMOOTH[0]; k++) {
        struct printed printed;
        struct bp_usercheck check = {0};
        const struct bp_hypothesis h = {.fault = bp_fault_find(FAULT[_i]), .factor = 1.0};
        const bool sum = strstr(bench_network(SMOOTH[k]), " sum") != NULL;
        if (sum && _i == 1)
            continue; /* there the cost is a sum and so is the gradient */
        h.fault->plant_check(&h, &check);
        print_columns(&printed, &check, SMOOTH[k], k % 2 == 1);
        expect_one(&printed, FAULT[_i]);
    }
}
END_TEST

START_TEST(a_right_check_is_not_blamed)
{
    struct printed printed;
    const struct bp_usercheck check = {.step = _i % 2 == 0 ? 1e-5 : 1e-4};
    print_columns(&printed, &check, _i, _i % 2 == 1);
    judge(&printed);
    ck_assert_msg(printed.findings.n == 0, "%s: %s", bench_network(_i),
                  printed.findings.n == 0 ? "" : printed.findings.item[0].name);
    ck_assert(printed.explained);
    put_away(&printed);
}
END_TEST

/* The gradient is wrong, the check is right: that is for the gradient check to say. */
START_TEST(a_right_check_of_a_wrong_gradient_is_not_blamed)
{
    struct printed printed;
    const struct bp_usercheck check = {0};
    const struct bp_hypothesis h = {.fault = bp_fault_find("missing-activation-derivative"),
                                    .layer = BP_ALL_LAYERS,
                                    .neuron = BP_NO_NEURON};
    print_columns(&printed, &check, 0, false);
    bench_predict(&printed.bench, &h);
    memcpy(printed.backprop, printed.bench.wrong,
           printed.bench.net.n_theta * sizeof *printed.backprop);
    judge(&printed);
    ck_assert_uint_eq(printed.findings.n, 0);
    put_away(&printed);
}
END_TEST

/* ---- together, and at the edges ------------------------------------------------------- */

/* The published table: theta in one column, the cost a sum, the gradient a mean. */
START_TEST(weights_printed_beside_a_summed_cost_are_both_named)
{
    struct printed printed;
    const struct bp_usercheck check = {.shows_theta = true, .loss_summed = true};
    print_columns(&printed, &check, 0, false);
    judge(&printed);
    ck_assert(names(&printed, "check-prints-weights"));
    ck_assert(names(&printed, "check-on-other-scale"));
    ck_assert_uint_eq(printed.findings.n, 2);
    ck_assert_double_eq_tol(printed.findings.item[1].number, BENCH_BATCH, 1e-3);
    put_away(&printed);
}
END_TEST

START_TEST(both_columns_on_another_scale_are_a_convention)
{
    struct printed printed;
    const struct bp_usercheck check = {.loss_factor = 2.0};
    print_columns(&printed, &check, 0, false);
    for (size_t k = 0; k < printed.bench.net.n_theta; k++)
        printed.backprop[k] *= 2.0;
    judge(&printed);
    ck_assert_uint_eq(printed.findings.n, 0);
    put_away(&printed);
}
END_TEST

/* A step at which a few units of relu change sides. */
START_TEST(a_kink_is_told_from_a_large_step)
{
    struct printed printed;
    const struct bp_usercheck check = {.step = 0.02};
    print_columns(&printed, &check, 2, false);
    expect_one(&printed, "check-crosses-kink");
}
END_TEST

START_TEST(at_a_point_without_gradient_nothing_can_be_seen)
{
    struct printed printed;
    const struct bp_usercheck check = {0};
    print_columns(&printed, &check, 1, false);
    memset(printed.bench.net.theta, 0, printed.bench.net.n_theta * sizeof(double));
    memset(printed.bench.t, 0, BENCH_BATCH * 4 * sizeof(double));
    expect_one(&printed, "check-is-vacuous");
}
END_TEST

START_TEST(what_nothing_explains_is_said_to_be_that)
{
    struct printed printed;
    const struct bp_usercheck check = {0};
    print_columns(&printed, &check, 0, false);
    for (size_t k = 0; k < printed.bench.net.n_theta; k++)
        printed.numeric[k] += 0.1 * sin((double)(k * k));
    judge(&printed);
    ck_assert(!printed.explained);
    ck_assert_uint_eq(printed.findings.n, 0);
    put_away(&printed);
}
END_TEST

START_TEST(a_column_that_is_not_finite_is_not_explained)
{
    struct printed printed;
    const struct bp_usercheck check = {0};
    print_columns(&printed, &check, 7, false);
    printed.numeric[0] = (double)NAN;
    judge(&printed);
    ck_assert(!printed.explained);
    ck_assert_uint_eq(printed.findings.n, 0);
    put_away(&printed);
}
END_TEST

/* A table that was once published, from its printed numbers alone: the column headed
 * gradient lists the parameters, the cost is a sum where the gradient is a mean, and
 * one neuron cannot learn XOR. */
START_TEST(a_published_table_is_explained)
{
    const struct bp_files_options options = {
        .network = "2-1 sigmoid squared-error mean",
        .layout = "b+W1",
        .theta = scratch_text("theta.txt", "0.0756102610697 0.261814503398 0.0292734023876\n"),
        .gradient = scratch_text("grad.txt", "0.0756102610697 0.261814503398 0.0292734023876\n"),
        .numeric = scratch_text("num.txt", "0.05302210631166 0.0416095559674 0.0246847342122\n"),
        .data = scratch_text("xor.csv", "0,0,0\n0,1,1\n1,0,1\n1,1,0\n")};
    struct bp_files files;
    struct bp_view view;
    struct bp_checkup checkup;
    struct bp_error error = {""};
    ck_assert_msg(bp_files_open(&files, &options, &error) == BP_OK, "%s", error.text);
    ck_assert_int_eq(bp_view_open(&view, &files.subject, &error), BP_OK);
    const struct bp_checkup_options how = {.numeric = files.numeric};
    ck_assert_msg(bp_checkup_run(&checkup, &view, &how, &error) == BP_OK, "%s", error.text);
    ck_assert_uint_eq(bp_findings_count(&checkup.findings), 3);
    ck_assert_str_eq(checkup.findings.item[0].name, "check-prints-weights");
    ck_assert_str_eq(checkup.findings.item[1].name, "check-on-other-scale");
    ck_assert_double_eq_tol(checkup.findings.item[1].number, 4.0, 1e-6);
    ck_assert_str_eq(checkup.findings.item[2].name, "too-few-hidden-units");
    bp_checkup_release(&checkup);
    bp_view_close(&view);
    bp_files_close(&files);
}
END_TEST

START_TEST(memory_that_fails_is_said_and_nothing_held)
{
    struct printed printed;
    const struct bp_usercheck check = {.one_sided = true, .step = 0.1};
    print_columns(&printed, &check, 7, false);
    const struct bp_columns columns = {.net = &printed.bench.net,
                                       .n = BENCH_BATCH,
                                       .x = printed.bench.x,
                                       .t = printed.bench.t,
                                       .backprop = printed.backprop,
                                       .numeric = printed.numeric};
    const size_t held = bp_mem_held();
    enum bp_status status = BP_ENOMEM;
    for (size_t k = 1; status == BP_ENOMEM; k++) {
        bp_mem_fail_at(k);
        status = bp_columns_run(&columns, &printed.findings, NULL);
        bp_findings_release(&printed.findings);
        ck_assert_uint_eq(bp_mem_held(), held);
        ck_assert_uint_lt(k, 10000);
    }
    ck_assert_int_eq(status, BP_OK);
    bp_mem_fail_at(0);
    put_away(&printed);
}
END_TEST

Suite *columns_suite(void);
Suite *columns_suite(void)
{
    Suite *suite = suite_create("columns");
    TCase *tcase = tcase_create("columns");
    tcase_set_timeout(tcase, 60.0);
    tcase_add_loop_test(tcase, a_fault_of_the_check_is_named, 0, FAULTS);
    tcase_add_loop_test(tcase, a_right_check_is_not_blamed, 0, 2);
    tcase_add_test(tcase, a_right_check_of_a_wrong_gradient_is_not_blamed);
    tcase_add_test(tcase, weights_printed_beside_a_summed_cost_are_both_named);
    tcase_add_test(tcase, both_columns_on_another_scale_are_a_convention);
    tcase_add_test(tcase, a_kink_is_told_from_a_large_step);
    tcase_add_test(tcase, at_a_point_without_gradient_nothing_can_be_seen);
    tcase_add_test(tcase, what_nothing_explains_is_said_to_be_that);
    tcase_add_test(tcase, a_column_that_is_not_finite_is_not_explained);
    tcase_add_checked_fixture(tcase, scratch_open, scratch_close);
    tcase_add_test(tcase, a_published_table_is_explained);
    tcase_add_test(tcase, memory_that_fails_is_said_and_nothing_held);
    suite_add_tcase(suite, tcase);
    return suite;
}
