/* check_checkup.c -- all that is asked of a subject, together: one cause, one message. */
#include "diag/checkup.h"

#include "core/init.h"
#include "diag/faults/fault.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static struct {
    struct bp_mlp net;
    struct bp_core_subject core;
    struct bp_view view;
    struct bp_checkup checkup;
    bool looked;
} w;

static struct bp_subject subject;

static void set_up(void)
{
    memset(&w, 0, sizeof w);
    struct bp_spec spec;
    ck_assert_int_eq(bp_spec_parse(&spec, "4-5-3-2 tanh,sigmoid squared-error", NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&w.net, &spec), BP_OK);
    bp_spec_release(&spec);
    ck_assert_int_eq(bp_core_subject_init(&w.core, &w.net, 8), BP_OK);
    subject = w.core.subject;
}

static void tear_down(void)
{
    if (w.looked)
        bp_checkup_release(&w.checkup);
    bp_view_close(&w.view);
    bp_core_subject_release(&w.core);
    bp_mlp_release(&w.net);
}

static void plant(const char *text, double rate)
{
    static struct bp_hypothesis h[4];
    static size_t n;
    const struct bp_setting setting = {.net = &w.net, .n = 7, .rate = rate};
    struct bp_error error = {""};
    struct bp_hypothesis *here = &h[n++ % 4];
    ck_assert_msg(bp_fault_parse(text, &setting, here, &error) == BP_OK, "%s", error.text);
    bp_fault_plant(here, &setting, w.net.ops);
}

static void look(void)
{
    struct bp_error error = {""};
    ck_assert_int_eq(bp_view_open(&w.view, &subject, &error), BP_OK);
    ck_assert_msg(bp_checkup_run(&w.checkup, &w.view, NULL, &error) == BP_OK, "%s", error.text);
    w.looked = true;
}

/* Findings that are neither notes nor follow from another, by name, in one line. */
static const char *causes(void)
{
    static char text[256];
    text[0] = '\0';
    for (size_t k = 0; k < w.checkup.findings.n; k++) {
        const struct bp_finding *finding = &w.checkup.findings.item[k];
        const size_t used = strlen(text);
        if (!finding->note && finding->follows < 0)
            snprintf(text + used, sizeof text - used, "%s%s", used == 0 ? "" : " ", finding->name);
    }
    return text;
}

static void only_steps(void)
{
    subject.gradient = NULL;
    subject.loss = NULL;
    subject.trace = NULL;
}

START_TEST(a_right_subject_is_silent)
{
    if (_i == 1)
        only_steps();
    look();
    ck_assert_str_eq(causes(), "");
    ck_assert(w.checkup.checked);
}
END_TEST

START_TEST(updated_too_early_is_the_only_cause)
{
    only_steps();
    plant("update-before-backprop", 0.1);
    look();
    ck_assert_str_eq(causes(), "update-before-backprop");
}
END_TEST

START_TEST(a_rate_multiplied_in_twice_hides_no_other_cause)
{
    only_steps();
    plant("rate-misapplied/1", 0.1);
    plant("missing-activation-derivative:1", 0.1);
    look();
    ck_assert_ptr_nonnull(strstr(causes(), "rate-misapplied"));
    ck_assert_ptr_nonnull(strstr(causes(), "missing-activation-derivative"));
    ck_assert_ptr_null(strstr(causes(), "unexplained"));
}
END_TEST

START_TEST(samples_that_mix_follow_from_the_cause_that_is_named)
{
    plant("labels-shifted-by-one", 0.0);
    look();
    ck_assert_str_eq(causes(), "labels-shifted-by-one");
    bool follows = false;
    for (size_t k = 0; k < w.checkup.findings.n; k++)
        follows =
            follows || (strcmp(w.checkup.findings.item[k].name, "sample-depends-on-others") == 0 &&
                        w.checkup.findings.item[k].follows >= 0);
    ck_assert(follows);
}
END_TEST

/* theta' = theta - rate (sign(g) + 0.01 theta), uphill where told. */
static double uphill = 1.0;

static int sign_step(void *self, const double *theta, const struct bp_batch *batch, double rate,
                     double *next)
{
    double g[64];
    ck_assert_uint_le(w.net.n_theta, 64);
    const int status = w.core.subject.gradient(self, theta, batch, g);
    for (size_t k = 0; k < w.net.n_theta; k++) {
        const double up = k < 3 ? uphill : 1.0;
        next[k] = theta[k] - rate * (up * (g[k] > 0.0 ? 1.0 : -1.0) + 0.01 * theta[k]);
    }
    return status;
}

START_TEST(a_step_that_tells_signs_is_asked_for_signs)
{
    uphill = 1.0;
    only_steps();
    subject.step = sign_step;
    look();
    ck_assert_str_eq(causes(), "");
    ck_assert(!w.checkup.checked);
    ck_assert_ptr_null(strstr(w.checkup.contract_text, "samples"));
    ck_assert_uint_eq(w.checkup.findings.n, 1);
    ck_assert_str_eq(w.checkup.findings.item[0].name, "sign-like-step");
}
END_TEST

START_TEST(a_sign_that_is_wrong_is_seen_in_such_a_step)
{
    uphill = -1.0;
    only_steps();
    subject.step = sign_step;
    look();
    ck_assert(w.checkup.checked);
    ck_assert_ptr_nonnull(strstr(causes(), "unexplained-gradient"));
}
END_TEST

/* Takes the first of the largest targets for the class. */
static int class_gradient(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    double t[64] = {0.0};
    ck_assert_uint_le(2 * batch->n, 64);
    for (size_t s = 0; s < batch->n; s++) {
        const double *row = &batch->t[2 * s];
        if (row[0] == 0.0 && row[1] == 0.0)
            return 1;
        t[2 * s + (row[1] > row[0] ? 1 : 0)] = 1.0;
    }
    const struct bp_batch classes = {batch->n, batch->x, t};
    return w.core.subject.gradient(self, theta, &classes, g);
}

START_TEST(a_program_that_takes_classes_is_checked_with_classes)
{
    struct bp_spec spec;
    tear_down();
    memset(&w, 0, sizeof w);
    ck_assert_int_eq(bp_spec_parse(&spec, "4-3-2 sigmoid binary-cross-entropy", NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&w.net, &spec), BP_OK);
    bp_spec_release(&spec);
    ck_assert_int_eq(bp_core_subject_init(&w.core, &w.net, 8), BP_OK);
    subject = w.core.subject;
    subject.gradient = class_gradient;
    subject.loss = NULL;
    subject.step = NULL;
    subject.trace = NULL;
    look();
    ck_assert_str_eq(causes(), "");
    ck_assert(w.checkup.checked);
    ck_assert_int_eq(w.checkup.check.outcome, BP_OUTCOME_AGREES);
}
END_TEST

/* Units that are 0 or 1 learn nothing, and are no relu. */
static int decided(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    const int status = w.core.subject.predict(self, theta, batch, y);
    for (size_t k = 0; k < 2 * batch->n; k++)
        y[k] = y[k] > 0.5 ? 1.0 : 0.0;
    return status;
}

static int stand_still(void *self, const double *theta, const struct bp_batch *batch, double rate,
                       double *next)
{
    (void)self;
    (void)batch;
    (void)rate;
    memcpy(next, theta, w.net.n_theta * sizeof *next);
    return 0;
}

START_TEST(of_steps_that_never_move_no_gradient_is_certain)
{
    only_steps();
    subject.predict = decided;
    subject.step = stand_still;
    look();
    for (size_t k = 0; k < w.checkup.findings.n; k++) {
        const struct bp_finding *finding = &w.checkup.findings.item[k];
        const bool still = strcmp(finding->name, "update-skipped") == 0 ||
                           strcmp(finding->name, "unexplained-predictions") == 0;
        ck_assert_msg(finding->note || still || finding->certainty < BP_CERTAIN, "%s",
                      finding->name);
    }
}
END_TEST

START_TEST(an_accumulator_is_the_only_cause)
{
    plant("accumulator-not-reset", 0.0);
    look();
    ck_assert_str_eq(causes(), "accumulator-not-reset");
}
END_TEST

START_TEST(an_undescribed_subject_is_checked_at_a_drawn_point)
{
    subject.network = NULL;
    subject.arrays = NULL;
    subject.n_arrays = 0;
    subject.n_in = 4;
    subject.n_out = 2;
    subject.trace = NULL;
    if (_i == 1)
        plant("missing-activation-derivative:2", 0.0);
    look();
    ck_assert_str_eq(causes(), _i == 0 ? "" : "unexplained-gradient");
}
END_TEST

/* ---- where each parameter is too dear to try -------------------------------------------- */

static void look_by_probes(void)
{
    struct bp_error error = {""};
    const struct bp_checkup_options options = {.locate = true};
    ck_assert_int_eq(bp_view_open(&w.view, &subject, &error), BP_OK);
    ck_assert_msg(bp_checkup_run(&w.checkup, &w.view, &options, &error) == BP_OK, "%s", error.text);
    w.looked = true;
}

START_TEST(probes_take_the_place_of_every_derivative)
{
    look_by_probes();
    ck_assert(w.checkup.located && !w.checkup.checked);
    ck_assert_int_eq(w.checkup.locate.outcome, BP_OUTCOME_AGREES);
    ck_assert_uint_eq(w.checkup.findings.n, 0);
}
END_TEST

START_TEST(what_probes_find_is_named_as_ever)
{
    plant("skipped-layer:1", 0.0);
    look_by_probes();
    ck_assert_int_eq(w.checkup.locate.outcome, BP_OUTCOME_DISAGREES);
    ck_assert_uint_eq(bp_findings_count(&w.checkup.findings), 1);
    ck_assert_str_eq(w.checkup.findings.item[0].name, "skipped-layer");
}
END_TEST

/* One entry of a black box, with nothing described: located, and said not to be known. */
static int (*right_gradient)(void *, const double *, const struct bp_batch *, double *);

static int one_entry_wrong(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    const int failed = right_gradient(self, theta, batch, g);
    g[17] *= 1.5;
    return failed;
}

START_TEST(a_wrong_entry_of_a_black_box_is_located)
{
    right_gradient = subject.gradient;
    subject.gradient = one_entry_wrong;
    subject.n_theta = w.net.n_theta;
    subject.n_in = 4;
    subject.n_out = 2;
    subject.network = NULL;
    subject.arrays = NULL;
    subject.n_arrays = 0;
    look_by_probes();
    ck_assert_uint_eq(w.checkup.locate.n_wrong, 1);
    ck_assert_uint_ge(bp_findings_count(&w.checkup.findings), 1);
}
END_TEST

Suite *checkup_suite(void);
Suite *checkup_suite(void)
{
    Suite *suite = suite_create("checkup");
    TCase *tcase = tcase_create("checkup");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, a_right_subject_is_silent, 0, 2);
    tcase_add_test(tcase, probes_take_the_place_of_every_derivative);
    tcase_add_test(tcase, what_probes_find_is_named_as_ever);
    tcase_add_test(tcase, a_wrong_entry_of_a_black_box_is_located);
    tcase_add_test(tcase, updated_too_early_is_the_only_cause);
    tcase_add_test(tcase, a_rate_multiplied_in_twice_hides_no_other_cause);
    tcase_add_test(tcase, samples_that_mix_follow_from_the_cause_that_is_named);
    tcase_add_test(tcase, an_accumulator_is_the_only_cause);
    tcase_add_test(tcase, a_step_that_tells_signs_is_asked_for_signs);
    tcase_add_test(tcase, a_sign_that_is_wrong_is_seen_in_such_a_step);
    tcase_add_test(tcase, a_program_that_takes_classes_is_checked_with_classes);
    tcase_add_test(tcase, of_steps_that_never_move_no_gradient_is_certain);
    tcase_add_loop_test(tcase, an_undescribed_subject_is_checked_at_a_drawn_point, 0, 2);
    suite_add_tcase(suite, tcase);
    return suite;
}
