/* check_owntrace.c -- of a subject's own z, a and delta, the first wrong one is found. */
#include "diag/owntrace.h"

#include "core/mem.h"
#include "tests/bed.h"

#include <check.h>
#include <math.h>
#include <string.h>

enum { N = 4 };

static struct {
    struct bed_call bed;
    bool no_z, share;
} w;

static struct bp_subject subject;

static int trace(void *self, const double *theta, const struct bp_batch *batch, double *z,
                 double *a, double *delta)
{
    const int result = w.bed.core.subject.trace(self, theta, batch, w.no_z ? NULL : z, a, delta);
    for (size_t k = 0; w.share && k < batch->n * w.bed.net.n_units; k++)
        delta[k] /= (double)batch->n;
    return result;
}

static void set_up(void)
{
    memset(&w, 0, sizeof w);
    bed_call_open(&w.bed, "3-5-4-2 tanh,sigmoid squared-error", N, 3);
    subject = w.bed.core.subject;
    subject.trace = trace;
}

static void tear_down(void)
{
    bed_call_close(&w.bed);
}

/* The note on a subject with this planted. */
static const struct bp_finding *look(const char *plant)
{
    static struct bp_hypothesis h;
    struct bp_view view;
    struct bp_error error = {""};
    if (plant != NULL)
        bed_plant_key(&w.bed.net, N, 0.0, plant, &h);
    ck_assert_int_eq(bp_view_open(&view, &subject, &error), BP_OK);
    ck_assert_int_eq(bp_owntrace_run(&view, w.bed.net.theta, &w.bed.batch, &w.bed.findings, &error),
                     BP_OK);
    bp_view_close(&view);
    ck_assert_uint_eq(w.bed.findings.n, 1);
    ck_assert(w.bed.findings.item[0].note);
    return &w.bed.findings.item[0];
}

START_TEST(a_right_trace_is_right)
{
    w.no_z = _i == 1;
    w.share = _i == 2;
    const struct bp_finding *finding = look(NULL);
    ck_assert_str_eq(finding->title, "all of its own trace is right");
    ck_assert_int_eq(finding->layer, 0);
    if (w.share)
        ck_assert_str_eq(finding->because[1], "its deltas have the 1/N of the mean in them");
}
END_TEST

static const struct {
    const char *plant, *title;
} cases[] = {
    {"missing-activation-derivative:1",
     "of its own trace, delta of layer 1 is the first that is wrong"},
    {"missing-activation-derivative:3",
     "of its own trace, delta of layer 3 is the first that is wrong"},
    {"weights-left-out:2", "of its own trace, delta of layer 2 is the first that is wrong"},
    {"bias-left-out-of-forward:2", "of its own trace, z of layer 2 is the first that is wrong"},
    {"bias-gradient-missing:2", "all of its own trace is right"},
};

START_TEST(the_first_wrong_part_is_named)
{
    ck_assert_str_eq(look(cases[_i].plant)->title, cases[_i].title);
}
END_TEST

START_TEST(no_memory_is_said)
{
    struct bp_view view;
    struct bp_error error;
    ck_assert_int_eq(bp_view_open(&view, &subject, &error), BP_OK);
    const size_t held = bp_mem_held();
    for (size_t n = 1; n < 50; n++) {
        bp_mem_fail_at(n);
        const enum bp_status status =
            bp_owntrace_run(&view, w.bed.net.theta, &w.bed.batch, &w.bed.findings, &error);
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

Suite *owntrace_suite(void);
Suite *owntrace_suite(void)
{
    Suite *suite = suite_create("owntrace");
    TCase *tcase = tcase_create("owntrace");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, a_right_trace_is_right, 0, 3);
    tcase_add_loop_test(tcase, the_first_wrong_part_is_named, 0, sizeof cases / sizeof *cases);
    tcase_add_test(tcase, no_memory_is_said);
    suite_add_tcase(suite, tcase);
    return suite;
}
