/* check_epoch.c -- a step that is an epoch at a fixed rate is right, or has its fault
 * named, or is said not to be testable. */
#include "diag/epoch.h"

#include "core/init.h"
#include "core/mem.h"
#include "diag/faults/fault.h"

#include <check.h>
#include <string.h>

enum { N = 7, MAX = 64 };

static struct {
    struct bp_mlp net;
    struct bp_core_subject core;
    double x[N * 3], t[N * 2];
    struct bp_batch batch;
    struct bp_findings findings;
    size_t size;    /* of a batch */
    double stretch; /* of each update */
} w;

static struct bp_subject subject;

static int epoch(void *self, const double *theta, const struct bp_batch *batch, double rate,
                 double *next)
{
    (void)self, (void)rate;
    double from[MAX];
    memcpy(next, theta, w.net.n_theta * sizeof *next);
    for (size_t s = 0; s < batch->n; s += w.size) {
        const size_t n = s + w.size <= batch->n ? w.size : batch->n - s;
        const struct bp_batch part = {n, batch->x + 3 * s, batch->t + 2 * s};
        memcpy(from, next, w.net.n_theta * sizeof *from);
        w.core.subject.step(&w.core, from, &part, w.stretch * 0.3, next);
    }
    return 0;
}

static void set_up(void)
{
    memset(&w, 0, sizeof w);
    struct bp_spec spec;
    ck_assert_int_eq(bp_spec_parse(&spec, "3-5-2 tanh,sigmoid squared-error", NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&w.net, &spec), BP_OK);
    bp_spec_release(&spec);
    const struct bp_init init = {.weights = {.scheme = BP_INIT_NORMAL, .sd = 0.7},
                                 .biases = {.scheme = BP_INIT_NORMAL, .sd = 0.7},
                                 .seed = 3};
    bp_init_run(&init, &w.net);
    struct bp_rng rng;
    bp_rng_seed(&rng, 4);
    for (int k = 0; k < N * 3; k++)
        w.x[k] = bp_rng_normal(&rng);
    for (int k = 0; k < N * 2; k++)
        w.t[k] = bp_rng_unit(&rng);
    w.batch = (struct bp_batch){N, w.x, w.t};
    w.size = 1;
    w.stretch = 1.0;
    ck_assert_int_eq(bp_core_subject_init(&w.core, &w.net, N), BP_OK);
    subject = w.core.subject;
    subject.gradient = NULL;
    subject.loss = NULL;
    subject.step = epoch;
    subject.step_kind = BP_STEP_EPOCH;
    subject.rate_kind = BP_RATE_FIXED;
    subject.rate = 0.3;
    subject.data = &w.batch;
}

static void tear_down(void)
{
    bp_findings_release(&w.findings);
    bp_core_subject_release(&w.core);
    bp_mlp_release(&w.net);
}

static void look(void)
{
    struct bp_view view;
    struct bp_error error = {""};
    ck_assert_int_eq(bp_view_open(&view, &subject, &error), BP_OK);
    ck_assert_msg(bp_epoch_run(&view, w.net.theta, &w.batch, &w.findings, &error) == BP_OK, "%s",
                  error.text);
    bp_view_close(&view);
}

START_TEST(a_right_epoch_is_known_with_its_batches)
{
    static const size_t sizes[] = {1, 2, 5, 7};
    static const char *const words[] = {"after every 1 of 7", "after every 2 of 7",
                                        "after every 5 of 7", "after every 7 of 7"};
    w.size = sizes[_i];
    look();
    ck_assert_uint_eq(w.findings.n, 1);
    ck_assert_str_eq(w.findings.item[0].name, "epoch-is-right");
    ck_assert(w.findings.item[0].note);
    ck_assert_ptr_nonnull(strstr(w.findings.item[0].because[0], words[_i]));
}
END_TEST

static const char *const plants[] = {"missing-activation-derivative:1", "sign-flipped:2",
                                     "bias-gradient-missing:1", "sum-overwritten:1",
                                     "step-stored-for-parameters:2"};

START_TEST(a_fault_in_an_epoch_is_named)
{
    const struct bp_setting setting = {.net = &w.net, .n = N, .rate = 0.3};
    struct bp_hypothesis h;
    struct bp_error error = {""};
    ck_assert_msg(bp_fault_parse(plants[_i], &setting, &h, &error) == BP_OK, "%s", error.text);
    bp_fault_plant(&h, &setting, w.net.ops);
    w.size = 2;
    look();
    ck_assert_uint_eq(w.findings.n, 1);
    ck_assert(!w.findings.item[0].note);
    char key[128];
    bp_finding_key(&w.findings.item[0], key, sizeof key);
    ck_assert_str_eq(key, plants[_i]);
}
END_TEST

START_TEST(an_epoch_that_nothing_explains_is_a_note)
{
    w.stretch = 1.37;
    look();
    ck_assert_uint_eq(w.findings.n, 1);
    ck_assert_str_eq(w.findings.item[0].name, "epoch-not-tested");
    ck_assert(w.findings.item[0].note);
}
END_TEST

START_TEST(other_steps_are_not_looked_at)
{
    subject.rate_kind = BP_RATE_GIVEN;
    look();
    ck_assert_uint_eq(w.findings.n, 0);
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
            bp_epoch_run(&view, w.net.theta, &w.batch, &w.findings, &error);
        const bool failed = bp_mem_tried() >= n;
        bp_mem_fail_at(0);
        bp_findings_release(&w.findings);
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
