/* check_epoch.c -- a step that is an epoch at a fixed rate is right, or has its fault
 * named, or is said not to be testable. */
#include "diag/epoch.h"

#include "core/mem.h"
#include "tests/bed.h"

#include <check.h>
#include <string.h>

enum { N = 7, MAX = 64 };

static struct {
    struct bed_call bed;
    size_t size;    /* of a batch */
    double stretch; /* of each update */
} w;

static struct bp_subject subject;

static int epoch(void *self, const double *theta, const struct bp_batch *batch, double rate,
                 double *next)
{
    (void)self, (void)rate;
    double from[MAX];
    memcpy(next, theta, w.bed.net.n_theta * sizeof *next);
    for (size_t s = 0; s < batch->n; s += w.size) {
        const size_t n = s + w.size <= batch->n ? w.size : batch->n - s;
        const struct bp_batch part = {n, batch->x + 3 * s, batch->t + 2 * s};
        memcpy(from, next, w.bed.net.n_theta * sizeof *from);
        w.bed.core.subject.step(&w.bed.core, from, &part, w.stretch * 0.3, next);
    }
    return 0;
}

static void set_up(void)
{
    memset(&w, 0, sizeof w);
    bed_call_open(&w.bed, "3-5-2 tanh,sigmoid squared-error", N, 3);
    w.size = 1;
    w.stretch = 1.0;
    subject = w.bed.core.subject;
    subject.gradient = NULL;
    subject.loss = NULL;
    subject.step = epoch;
    subject.step_kind = BP_STEP_EPOCH;
    subject.rate_kind = BP_RATE_FIXED;
    subject.rate = 0.3;
    subject.data = &w.bed.batch;
}

static void tear_down(void)
{
    bed_call_close(&w.bed);
}

static void look(void)
{
    struct bp_view view;
    struct bp_error error = {""};
    ck_assert_int_eq(bp_view_open(&view, &subject, &error), BP_OK);
    ck_assert_msg(bp_epoch_run(&view, w.bed.net.theta, &w.bed.batch, &w.bed.findings, &error) ==
                      BP_OK,
                  "%s", error.text);
    bp_view_close(&view);
}

START_TEST(a_right_epoch_is_known_with_its_batches)
{
    static const size_t sizes[] = {1, 2, 5, 7};
    static const char *const words[] = {"after every 1 of 7", "after every 2 of 7",
                                        "after every 5 of 7", "after every 7 of 7"};
    w.size = sizes[_i];
    look();
    ck_assert_uint_eq(w.bed.findings.n, 1);
    ck_assert_str_eq(w.bed.findings.item[0].name, "epoch-is-right");
    ck_assert(w.bed.findings.item[0].note);
    ck_assert_ptr_nonnull(strstr(w.bed.findings.item[0].because[0], words[_i]));
}
END_TEST

static const char *const plants[] = {"missing-activation-derivative:1", "sign-flipped:2",
                                     "bias-gradient-missing:1", "sum-overwritten:1",
                                     "step-stored-for-parameters:2"};

START_TEST(a_fault_in_an_epoch_is_named)
{
    struct bp_hypothesis h;
    bed_plant_key(&w.bed.net, N, 0.3, plants[_i], &h);
    w.size = 2;
    look();
    ck_assert_uint_eq(w.bed.findings.n, 1);
    ck_assert(!w.bed.findings.item[0].note);
    char key[128];
    bp_finding_key(&w.bed.findings.item[0], key, sizeof key);
    ck_assert_str_eq(key, plants[_i]);
}
END_TEST

START_TEST(an_epoch_that_nothing_explains_is_a_note)
{
    w.stretch = 1.37;
    look();
    ck_assert_uint_eq(w.bed.findings.n, 1);
    ck_assert_str_eq(w.bed.findings.item[0].name, "epoch-not-tested");
    ck_assert(w.bed.findings.item[0].note);
}
END_TEST

START_TEST(other_steps_are_not_looked_at)
{
    subject.rate_kind = BP_RATE_GIVEN;
    look();
    ck_assert_uint_eq(w.bed.findings.n, 0);
}
END_TEST

START_TEST(no_memory_is_said)
{
    struct bp_view view;
    struct bp_error error;
    w.stretch = 1.37;
    ck_assert_int_eq(bp_view_open(&view, &subject, &error), BP_OK);
    const size_t held = bp_mem_held();
    for (size_t n = 1; n < 100; n++) {
        bp_mem_fail_at(n);
        const enum bp_status status =
            bp_epoch_run(&view, w.bed.net.theta, &w.bed.batch, &w.bed.findings, &error);
        const bool failed = bp_mem_tried() >= n;
        bp_mem_fail_at(0);
        bp_findings_release(&w.bed.findings);
        ck_assert_uint_eq(bp_mem_held(), held);
        ck_assert_int_eq(status, failed ? BP_ENOMEM : BP_OK);
        if (!failed)
            break;
    }
    bp_view_close(&view);
}
END_TEST

Suite *epoch_suite(void);
Suite *epoch_suite(void)
{
    Suite *suite = suite_create("epoch");
    TCase *tcase = tcase_create("epoch");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, a_right_epoch_is_known_with_its_batches, 0, 4);
    tcase_add_loop_test(tcase, a_fault_in_an_epoch_is_named, 0, sizeof plants / sizeof *plants);
    tcase_add_test(tcase, an_epoch_that_nothing_explains_is_a_note);
    tcase_add_test(tcase, other_steps_are_not_looked_at);
    tcase_add_test(tcase, no_memory_is_said);
    suite_add_tcase(suite, tcase);
    return suite;
}
