/* check_unseen.c -- a short version of what `make confusion` counts: faults that no
 * gradient at one point shows are named where they do harm, and healthy runs are not
 * alarmed about. */
#include "small.h"
#include "unseen_trial.h"

#include <check.h>
#include <string.h>

/* Which of the settings drawn from these seeds counts is up to the draw: the first. */
static void expect_named(const struct bp_fault *fault, int variant)
{
    const struct bp_hypothesis h = {
        .fault = fault, .variant = variant, .neuron = BP_NO_NEURON, .factor = 1.0};
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct unseen_outcome outcome;
        unseen_try(&h, seed, &outcome);
        if (outcome.result == UNSEEN_HARMLESS || outcome.result == UNSEEN_NO_TRIAL)
            continue;
        ck_assert_msg(outcome.result != UNSEEN_MISSED, "%s/%d: %s %s:%s", fault->name, variant,
                      outcome.network, outcome.data, outcome.said);
        return;
    }
}

static void expect_kind_named(enum bp_kind kind)
{
    size_t tables, tried = 0;
    const struct bp_fault_table *const *table = bp_fault_tables(&tables);
    for (size_t i = 0; i < tables; i++)
        for (size_t k = 0; k < table[i]->n; k++)
            if (table[i]->fault[k].kind == kind && unseen_counts(&table[i]->fault[k])) {
                expect_named(&table[i]->fault[k], 0);
                tried++;
            }
    ck_assert_uint_gt(tried, 0);
}

START_TEST(faults_of_updates_calls_and_checks_are_named)
{
    static const enum bp_kind KIND[] = {BP_KIND_UPDATE, BP_KIND_CALL, BP_KIND_CHECK};
    expect_kind_named(KIND[_i]);
}
END_TEST

START_TEST(faults_around_a_run_are_named)
{
    static const char *const NAME[] = {"zero-weights",         "symmetric-weights",
                                       "near-equal-weights",   "start-badly-scaled",
                                       "inputs-unscaled",      "targets-contradict",
                                       "targets-out-of-range", "data-not-finite",
                                       "rate-too-small",       "loss-and-activation-mismatch"};
    for (size_t k = 0; k < sizeof NAME / sizeof *NAME; k++)
        expect_named(bp_fault_find(NAME[k]), 0);
}
END_TEST

START_TEST(a_start_in_which_all_outputs_are_equal_is_looked_at)
{
    /* a softmax from zero weights: once refused as a program that keeps copies */
    const struct bp_hypothesis h = {
        .fault = bp_fault_find("zero-weights"), .neuron = BP_NO_NEURON, .factor = 1.0};
    size_t named = 0;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct unseen_outcome outcome;
        unseen_try(&h, seed, &outcome);
        named += outcome.result == UNSEEN_NAMED && strstr(outcome.network, "softmax") != NULL;
    }
    ck_assert_uint_gt(named, 0);
}
END_TEST

START_TEST(drawn_healthy_runs_are_silent)
{
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct unseen_outcome outcome;
        ck_assert_msg(unseen_healthy(seed, &outcome) == 0, "%s %s:%s", outcome.network,
                      outcome.data, outcome.said);
    }
}
END_TEST

Suite *unseen_suite(void);
Suite *unseen_suite(void)
{
    Suite *suite = suite_create("unseen");
    TCase *tcase = tcase_create("unseen");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_start_in_which_all_outputs_are_equal_is_looked_at);
    if (!small_only()) {
        tcase_add_loop_test(tcase, faults_of_updates_calls_and_checks_are_named, 0, 3);
        tcase_add_test(tcase, faults_around_a_run_are_named);
        tcase_add_test(tcase, drawn_healthy_runs_are_silent);
    }
    suite_add_tcase(suite, tcase);
    return suite;
}
