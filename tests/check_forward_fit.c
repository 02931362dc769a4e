/* check_forward_fit.c -- forward passes with numbers that are in no description: scales,
 * constants and decisions are solved for and named, and the gradient is looked at with
 * them in place; what none of them explains stays unexplained. */
#include "core/init.h"
#include "core/mem.h"
#include "diag/diagnose.h"
#include "diag/forward_fit.h"
#include "diag/ladder.h"

#include <check.h>
#include <math.h>
#include <string.h>

enum { MOST = 64 };

/* A program by hand: one hidden layer, a = A f(k (W a + c)), f' with A k or without. */
static struct {
    double scale, inner;
    bool bare;
    double constant[2];
    bool bent;    /* a^3 in place of a: no number makes it right */
    bool flipped; /* the hidden delta's sign */
    double (*decide)(double);
} hand;

static struct {
    struct bp_mlp net;
    struct bp_core_subject core;
    struct bp_view view;
    struct bp_findings findings;
} w;

static double squash(enum bp_activation f, double z)
{
    const double a = bp_activation_at(f, 0.01, hand.inner * z);
    return hand.scale * (hand.bent ? a * a * a : a);
}

static double slope(enum bp_activation f, double z)
{
    const double a = bp_activation_at(f, 0.01, hand.inner * z);
    return bp_activation_slope(f, 0.01, hand.inner * z, a) *
           (hand.bare ? 1.0 : hand.scale * hand.inner);
}

static double affine(const double *theta, size_t l, size_t i, const double *below)
{
    const struct bp_tensor *W = bp_mlp_weights(&w.net, l), *b = bp_mlp_biases(&w.net, l);
    double z = hand.constant[l - 1] + (b == NULL ? 0.0 : theta[b->offset + i]);
    for (size_t j = 0; j < W->cols; j++)
        z += theta[W->offset + i * W->cols + j] * below[j];
    return z;
}

static void forward(const double *theta, const double *x, double z[2][MOST], double a[2][MOST])
{
    for (size_t l = 1; l <= 2; l++)
        for (size_t i = 0; i < w.net.spec.layer[l].width; i++) {
            z[l - 1][i] = affine(theta, l, i, l == 1 ? x : a[0]);
            a[l - 1][i] = squash(w.net.spec.layer[l].activation, z[l - 1][i]);
        }
}

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    const size_t in = w.net.spec.layer[0].width, out = w.net.spec.layer[2].width;
    (void)self;
    for (size_t s = 0; s < batch->n; s++) {
        double z[2][MOST], a[2][MOST];
        forward(theta, batch->x + s * in, z, a);
        for (size_t k = 0; k < out; k++)
            y[s * out + k] = hand.decide != NULL ? hand.decide(a[1][k]) : a[1][k];
    }
    return 0;
}

static void add(double *g, size_t l, const double *delta, const double *below, size_t n)
{
    const struct bp_tensor *W = bp_mlp_weights(&w.net, l), *b = bp_mlp_biases(&w.net, l);
    for (size_t i = 0; i < W->rows; i++) {
        if (b != NULL)
            g[b->offset + i] += delta[i] / (double)n;
        for (size_t j = 0; j < W->cols; j++)
            g[W->offset + i * W->cols + j] += delta[i] * below[j] / (double)n;
    }
}

static int gradient(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    const size_t in = w.net.spec.layer[0].width, mid = w.net.spec.layer[1].width;
    const size_t out = w.net.spec.layer[2].width;
    const struct bp_tensor *W = bp_mlp_weights(&w.net, 2);
    (void)self;
    memset(g, 0, w.net.n_theta * sizeof *g);
    for (size_t s = 0; s < batch->n; s++) {
        double z[2][MOST], a[2][MOST], top[MOST], low[MOST];
        forward(theta, batch->x + s * in, z, a);
        for (size_t k = 0; k < out; k++)
            top[k] =
                (a[1][k] - batch->t[s * out + k]) * slope(w.net.spec.layer[2].activation, z[1][k]);
        for (size_t j = 0; j < mid; j++) {
            low[j] = 0.0;
            for (size_t k = 0; k < out; k++)
                low[j] += top[k] * theta[W->offset + k * mid + j];
            low[j] *= slope(w.net.spec.layer[1].activation, z[0][j]) * (hand.flipped ? -1.0 : 1.0);
        }
        add(g, 2, top, a[0], batch->n);
        add(g, 1, low, batch->x + s * in, batch->n);
    }
    return 0;
}

static struct bp_subject subject;

static void open_net(const char *text)
{
    struct bp_spec spec;
    ck_assert_int_eq(bp_spec_parse(&spec, text, NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&w.net, &spec), BP_OK);
    bp_spec_release(&spec);
    ck_assert_int_eq(bp_core_subject_init(&w.core, &w.net, 16), BP_OK);
    subject = w.core.subject;
    subject.loss = NULL;
    subject.trace = NULL;
    subject.predict = predict;
    subject.gradient = gradient;
}

static void set_up(void)
{
    memset(&w, 0, sizeof w);
    memset(&hand, 0, sizeof hand);
    hand.scale = hand.inner = 1.0;
}

static void tear_down(void)
{
    bp_findings_release(&w.findings);
    bp_core_subject_release(&w.core);
    bp_mlp_release(&w.net);
}

static enum bp_status look(void)
{
    struct bp_error error = {""};
    enum bp_status status = bp_view_open(&w.view, &subject, &error);
    if (status == BP_OK)
        status = bp_diagnose_run(&w.view, NULL, &w.findings, &error);
    bp_view_close(&w.view);
    return status;
}

static const struct bp_finding *find(const char *name)
{
    for (size_t k = 0; k < w.findings.n; k++)
        if (strcmp(w.findings.item[k].name, name) == 0)
            return &w.findings.item[k];
    return NULL;
}

static void assert_says(const char *name, bool note, const char *words)
{
    const struct bp_finding *finding = find(name);
    bool says = false;
    ck_assert_msg(finding != NULL, "%s is not named", name);
    ck_assert_int_eq(finding->note, note);
    for (size_t k = 0; k < finding->n_because; k++)
        says = says || strstr(finding->because[k], words) != NULL;
    ck_assert_msg(says, "%s does not say '%s'", name, words);
}

START_TEST(the_right_forward_pass_has_nothing_said)
{
    open_net("3-4-2 tanh,sigmoid squared-error");
    ck_assert_int_eq(look(), BP_OK);
    ck_assert_uint_eq(w.findings.n, 0);
}
END_TEST

START_TEST(a_rounded_e_is_a_note_and_does_no_harm)
{
    open_net("3-4-2 sigmoid squared-error");
    hand.inner = log(2.71828);
    hand.bare = true;
    ck_assert_int_eq(look(), BP_OK);
    assert_says("activation-scaled", true, "2.71828 to the power of z");
    assert_says("activation-scaled", true, "the gradient is right too");
    ck_assert_uint_eq(bp_findings_count(&w.findings), 0);
}
END_TEST

START_TEST(a_steeper_unit_is_named_with_the_derivative_that_it_has)
{
    open_net("3-4-2 sigmoid squared-error");
    hand.inner = 2.0;
    hand.bare = _i == 1;
    ck_assert_int_eq(look(), BP_OK);
    assert_says("activation-scaled", false, "f(2 z) for f(z)");
    assert_says("activation-scaled", false, "the gradient is right too");
    if (hand.bare)
        assert_says("activation-scaled", false, "without the factor 2");
    ck_assert_uint_eq(bp_findings_count(&w.findings), 1);
}
END_TEST

START_TEST(a_scaled_tanh_is_named_with_both_numbers)
{
    open_net("3-4-2 tanh squared-error");
    hand.scale = 1.7159;
    hand.inner = 2.0 / 3.0;
    ck_assert_int_eq(look(), BP_OK);
    assert_says("activation-scaled", false, "1.7159 f(0.6666667 z)");
    ck_assert_uint_eq(bp_findings_count(&w.findings), 1);
}
END_TEST

START_TEST(constants_in_place_of_biases_are_solved_for)
{
    open_net("3-4-2 sigmoid squared-error no-bias");
    hand.constant[0] = 0.35;
    hand.constant[1] = -0.6;
    ck_assert_int_eq(look(), BP_OK);
    assert_says("fixed-biases", true, "layer 1 adds 0.35");
    assert_says("fixed-biases", true, "layer 2 adds -0.6");
    ck_assert_uint_eq(bp_findings_count(&w.findings), 0);
}
END_TEST

static double above_half(double a)
{
    return a > 0.5 ? 1.0 : 0.0;
}

START_TEST(decisions_are_no_outputs_and_the_gradient_is_looked_at)
{
    open_net("3-4-2 sigmoid squared-error");
    hand.decide = above_half;
    hand.flipped = _i == 1;
    ck_assert_int_eq(look(), BP_OK);
    assert_says("predictions-are-decisions", true, "by one rule");
    ck_assert_uint_eq(bp_findings_count(&w.findings), hand.flipped ? 1 : 0);
}
END_TEST

static double to_hundredths(double a)
{
    return floor(a * 100.0 + 0.5) / 100.0;
}

START_TEST(outputs_in_steps_are_said_to_be)
{
    open_net("3-4-2 sigmoid squared-error");
    hand.decide = to_hundredths;
    ck_assert_int_eq(look(), BP_OK);
    assert_says("unexplained-predictions", false, "a table of values, or a rounding");
}
END_TEST

START_TEST(a_fault_is_found_beside_a_scale)
{
    open_net("3-4-2 sigmoid squared-error");
    hand.inner = 1.5;
    hand.flipped = true;
    ck_assert_int_eq(look(), BP_OK);
    ck_assert_ptr_nonnull(find("activation-scaled"));
    ck_assert_uint_eq(bp_findings_count(&w.findings), 2);
}
END_TEST

START_TEST(what_no_number_makes_right_stays_unexplained)
{
    open_net("3-4-2 sigmoid squared-error");
    hand.bent = true;
    ck_assert_int_eq(look(), BP_OK);
    ck_assert_ptr_nonnull(find("unexplained-predictions"));
    ck_assert_ptr_null(find("activation-scaled"));
}
END_TEST

/* ---- the ladder says the same -------------------------------------------------- */

static struct bp_ladder climb(void)
{
    const struct bp_ladder_options options = {.starts = 2, .slow = true};
    struct bp_ladder ladder;
    struct bp_error error = {""};
    ck_assert_int_eq(bp_view_open(&w.view, &subject, &error), BP_OK);
    ck_assert_msg(bp_ladder_view(&ladder, &w.view, &options, &error) == BP_OK, "%s", error.text);
    bp_view_close(&w.view);
    return ladder;
}

static const struct {
    const char *network;
    double inner, constant;
    double (*decide)(double);
    const char *note;
} ALLOWED[] = {{"2-3-1 sigmoid squared-error", 0.999999327, 0.0, NULL, "activation-scaled"},
               {"3-4-2 tanh squared-error no-bias", 1.0, 0.5, NULL, "fixed-biases"},
               {"3-4-2 sigmoid squared-error", 1.0, 0.0, above_half, "predictions-are-decisions"}};

START_TEST(the_ladder_says_the_same_number_and_climbs_on)
{
    open_net(ALLOWED[_i / 2].network);
    hand.inner = ALLOWED[_i / 2].inner;
    hand.bare = true;
    hand.constant[0] = hand.constant[1] = ALLOWED[_i / 2].constant;
    hand.decide = ALLOWED[_i / 2].decide;
    hand.flipped = _i % 2 == 1;
    struct bp_ladder ladder = climb();
    ck_assert_int_eq(ladder.broke, hand.flipped ? 3 : 0);
    ck_assert_str_eq(ladder.findings.item[0].name, ALLOWED[_i / 2].note);
    ck_assert_uint_eq(ladder.findings.n, hand.flipped ? 2 : 1);
    ck_assert_uint_eq(bp_findings_count(&ladder.findings), hand.flipped ? 1 : 0);
    ck_assert_int_eq(ladder.rung[1].outcome, BP_RUNG_PASSED);
    ck_assert_ptr_nonnull(strstr(ladder.rung[1].look[0].seen, ALLOWED[_i / 2].note));
    bp_ladder_release(&ladder);
}
END_TEST

START_TEST(the_ladder_stops_at_a_steeper_unit_by_its_name)
{
    open_net("3-4-2 sigmoid squared-error");
    hand.inner = 2.0;
    struct bp_ladder ladder = climb();
    ck_assert_int_eq(ladder.broke, 2);
    ck_assert_str_eq(ladder.findings.item[0].name, "activation-scaled");
    bp_ladder_release(&ladder);
}
END_TEST

START_TEST(without_memory_nothing_is_kept)
{
    open_net("2-2-1 sigmoid squared-error no-bias");
    hand.constant[0] = 0.4;
    const size_t held = bp_mem_held();
    for (size_t n = 1;; n++) {
        bp_mem_fail_at(n);
        const enum bp_status status = look();
        const bool failed = bp_mem_tried() >= n;
        bp_mem_fail_at(0);
        bp_findings_release(&w.findings);
        ck_assert_uint_eq(bp_mem_held(), held);
        ck_assert_msg((status == BP_OK) == !failed, "allocation %zu", n);
        if (!failed)
            break;
    }
}
END_TEST

Suite *forward_fit_suite(void);
Suite *forward_fit_suite(void)
{
    Suite *suite = suite_create("forward_fit");
    TCase *tcase = tcase_create("forward_fit");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, the_right_forward_pass_has_nothing_said);
    tcase_add_test(tcase, a_rounded_e_is_a_note_and_does_no_harm);
    tcase_add_loop_test(tcase, a_steeper_unit_is_named_with_the_derivative_that_it_has, 0, 2);
    tcase_add_test(tcase, a_scaled_tanh_is_named_with_both_numbers);
    tcase_add_test(tcase, constants_in_place_of_biases_are_solved_for);
    tcase_add_loop_test(tcase, decisions_are_no_outputs_and_the_gradient_is_looked_at, 0, 2);
    tcase_add_test(tcase, outputs_in_steps_are_said_to_be);
    tcase_add_test(tcase, a_fault_is_found_beside_a_scale);
    tcase_add_test(tcase, what_no_number_makes_right_stays_unexplained);
    tcase_add_loop_test(tcase, the_ladder_says_the_same_number_and_climbs_on, 0, 6);
    tcase_add_test(tcase, the_ladder_stops_at_a_steeper_unit_by_its_name);
    tcase_add_test(tcase, without_memory_nothing_is_kept);
    suite_add_tcase(suite, tcase);
    return suite;
}
