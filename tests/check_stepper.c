/* check_stepper.c -- what a training step does beyond following its gradient is named;
 * plain steps are silent, in double and in float, at rates given and fixed. */
#include "diag/stepper.h"

#include "core/mem.h"
#include "tests/bed.h"

#include <check.h>
#include <math.h>
#include <string.h>

enum { N = 5, MAX = 64 };

/* Steps by hand around the core's gradient. */
enum how {
    PLAIN,
    EARLY,
    NO_RATE,
    RATE_TWICE,
    DECOUPLED,
    UNDECLARED_DECAY,
    DECAY_ON_BIASES,
    GROWING_DECAY,
    UPHILL,
    MOMENTUM,
    MOMENTUM_AND_GRADIENT,
    ECHO,
    ADAM,
    ADAM_AND_DECAY,
    CLIP_NORM,
    CLIP_ENTRIES,
    SKIPPED,
    FLIPPED_LAYER
};

static struct {
    struct bp_core_subject *core;
    enum how how;
    double own_rate;
    double v[MAX];
} hand;

static struct {
    struct bed_call bed;
    struct bp_stepper stepper;
} w;

static bool is_bias(size_t k)
{
    return bp_mlp_tensor_of(&w.bed.net, k)->role == BP_BIASES;
}

static double norm(const double *g, size_t n)
{
    double square = 0.0;
    for (size_t k = 0; k < n; k++)
        square += g[k] * g[k];
    return sqrt(square);
}

/* Layer 2 first, then layer 1 with what layer 2 has become. */
static void early_step(const double *theta, const struct bp_batch *batch, double rate, double *next)
{
    const struct bp_hypothesis h = {
        .fault = bp_fault_find("update-before-backprop"), .neuron = BP_NO_NEURON, .factor = 1.0};
    const struct bp_setting setting = {.net = &w.bed.net, .n = batch->n, .rate = rate};
    bp_fault_plant(&h, &setting, w.bed.net.ops);
    hand.core->subject.step(hand.core, theta, batch, rate, next);
    bp_mlp_restore(&w.bed.net);
}

static double change(size_t k, double g, double theta, double rate, double length)
{
    const size_t layer = bp_mlp_tensor_of(&w.bed.net, k)->layer;
    switch (hand.how) {
    case NO_RATE:
        return 0.1 * g;
    case RATE_TWICE:
        return rate * rate * g;
    case DECOUPLED:
        return rate * g + (is_bias(k) ? 0.0 : 1e-3 * theta);
    case UNDECLARED_DECAY:
        return rate * (g + (is_bias(k) ? 0.0 : 0.05 * theta));
    case DECAY_ON_BIASES:
        return rate * (g + 0.05 * theta);
    case GROWING_DECAY:
        return rate * (g - 0.05 * theta);
    case UPHILL:
        return -rate * g;
    case MOMENTUM:
        hand.v[k] = 0.9 * hand.v[k] + g;
        return rate * hand.v[k];
    case MOMENTUM_AND_GRADIENT:
        hand.v[k] = 0.9 * hand.v[k] + g;
        return rate * (hand.v[k] + g);
    case ECHO: {
        const double last = hand.v[k];
        hand.v[k] = g;
        return rate * g + 0.1 * last;
    }
    case ADAM:
        return rate * g / (fabs(g) + 1e-8);
    case ADAM_AND_DECAY:
        return rate * (g / (fabs(g) + 1e-8) + (is_bias(k) ? 0.0 : 0.02 * theta));
    case CLIP_NORM:
        return rate * g * (length > 0.02 ? 0.02 / length : 1.0);
    case CLIP_ENTRIES:
        return rate * fmin(fmax(g, -0.01), 0.01);
    case SKIPPED:
        return 0.0;
    case FLIPPED_LAYER:
        return layer == 1 ? -rate * g : rate * g;
    default:
        return rate * g;
    }
}

static int step(void *self, const double *theta, const struct bp_batch *batch, double rate,
                double *next)
{
    (void)self;
    const double used = hand.own_rate != 0.0 ? hand.own_rate : rate;
    double g[MAX] = {0};
    if (hand.how == EARLY) {
        early_step(theta, batch, used, next);
        return 0;
    }
    hand.core->subject.gradient(hand.core, theta, batch, g);
    for (size_t k = 0; k < w.bed.net.n_theta; k++)
        next[k] = theta[k] - change(k, g[k], theta[k], used, norm(g, w.bed.net.n_theta));
    return 0;
}

/* The same in single precision. */
static int float_step(void *self, const double *theta, const struct bp_batch *batch, double rate,
                      double *next)
{
    step(self, theta, batch, rate, next);
    for (size_t k = 0; k < w.bed.net.n_theta; k++)
        next[k] = (double)(float)next[k];
    return 0;
}

static int reset(void *self)
{
    (void)self;
    memset(hand.v, 0, sizeof hand.v);
    return 0;
}

static struct bp_subject subject;

static void set_up(void)
{
    memset(&w, 0, sizeof w);
    memset(&hand, 0, sizeof hand);
    bed_call_open(&w.bed, "3-5-4-2 tanh,sigmoid squared-error", N, 11);
    hand.core = &w.bed.core;
    subject = w.bed.core.subject;
    subject.gradient = NULL;
    subject.loss = NULL;
    subject.step = step;
}

static void tear_down(void)
{
    bed_call_close(&w.bed);
}

static void run_looks(void)
{
    struct bp_error error = {""};
    ck_assert_int_eq(bp_view_open(&w.bed.view, &subject, &error), BP_OK);
    const enum bp_status status = bp_stepper_run(&w.bed.view, w.bed.net.theta, &w.bed.batch,
                                                 &w.stepper, &w.bed.findings, &error);
    ck_assert_msg(status == BP_OK, "%s", error.text);
}

static void look(void)
{
    run_looks();
    ck_assert(w.stepper.looked);
}

static void assert_silent(void)
{
    for (size_t k = 0; k < w.bed.findings.n; k++)
        ck_abort_msg("%s: %s", w.bed.findings.item[k].name, w.bed.findings.item[k].because[0]);
}

/* The one finding, with words that its evidence holds. */
static void assert_named(const char *name, bool note, const char *words)
{
    ck_assert_uint_eq(w.bed.findings.n, 1);
    const struct bp_finding *finding = &w.bed.findings.item[0];
    ck_assert_str_eq(finding->name, name);
    ck_assert_int_eq(finding->note, note);
    ck_assert_msg(strstr(finding->title, words) != NULL ||
                      strstr(finding->because[0], words) != NULL,
                  "'%s' in '%s' or '%s'", words, finding->title, finding->because[0]);
}

START_TEST(plain_steps_are_silent)
{
    subject.step = _i % 2 == 0 ? step : float_step;
    subject.precision = _i % 2 == 0 ? BP_DOUBLE : BP_FLOAT;
    if (_i >= 2) {
        subject.rate_kind = BP_RATE_FIXED;
        subject.rate = hand.own_rate = 0.3;
    }
    look();
    assert_silent();
    ck_assert(w.stepper.linear);
}
END_TEST

START_TEST(a_plain_step_beside_its_own_gradient_is_silent)
{
    subject.gradient = w.bed.core.subject.gradient;
    look();
    assert_silent();
}
END_TEST

/* As a run that diverged leaves them. */
START_TEST(nothing_is_said_of_steps_at_parameters_whose_squares_overflow)
{
    for (size_t k = 0; k < w.bed.net.n_theta; k++)
        w.bed.net.theta[k] *= 1e200;
    run_looks();
    assert_silent();
    ck_assert(!w.stepper.looked);
}
END_TEST

START_TEST(a_wrong_gradient_is_not_the_steps)
{
    hand.how = FLIPPED_LAYER;
    look();
    assert_silent();
}
END_TEST

static const struct {
    enum how how;
    const char *name;
    bool note;
    const char *words;
} cases[] = {
    {EARLY, "update-before-backprop", false, "differs by"},
    {NO_RATE, "rate-misapplied", false, "left out"},
    {RATE_TWICE, "rate-misapplied", false, "multiplied in twice"},
    {DECOUPLED, "weight-decay-misapplied", false, "rate * g + 0.001 theta"},
    {UNDECLARED_DECAY, "weight-decay-undeclared", true, "weight decay 0.05 beyond"},
    {DECAY_ON_BIASES, "weight-decay-undeclared", true, "on biases too"},
    {GROWING_DECAY, "weight-decay-misapplied", false, "(g - 0.05 theta)"},
    {UPHILL, "update-uphill", false, "-1 times it in W1, b1, W2, b2, W3, b3"},
    {MOMENTUM, "momentum", true, "momentum 0.9"},
    {MOMENTUM_AND_GRADIENT, "momentum-misapplied", false, "by 0.45 of it"},
    {ADAM, "sign-like-step", true, "every parameter moves equally far"},
    {ADAM_AND_DECAY, "sign-like-step", true, "all between 0.97"},
    {CLIP_NORM, "gradient-clipped", true, "a norm of 0.02"},
    {CLIP_ENTRIES, "gradient-clipped", true, "cut to +-0.01"},
    {SKIPPED, "update-skipped", false, "0 times it"},
};

START_TEST(each_kind_of_step_is_named)
{
    hand.how = cases[_i].how;
    subject.reset = reset;
    look();
    assert_named(cases[_i].name, cases[_i].note, cases[_i].words);
}
END_TEST

START_TEST(each_kind_of_step_is_named_in_float)
{
    static const enum how shown[] = {EARLY,  NO_RATE,  RATE_TWICE, UNDECLARED_DECAY,
                                     UPHILL, MOMENTUM, ADAM};
    for (size_t j = 0; j < sizeof shown / sizeof *shown; j++)
        if (cases[_i].how == shown[j]) {
            hand.how = cases[_i].how;
            subject.reset = reset;
            subject.step = float_step;
            subject.precision = BP_FLOAT;
            look();
            ck_assert_uint_eq(w.bed.findings.n, 1);
            ck_assert_str_eq(w.bed.findings.item[0].name, cases[_i].name);
        }
}
END_TEST

START_TEST(updated_too_early_is_seen_at_a_fixed_rate_too)
{
    hand.how = EARLY;
    subject.rate_kind = BP_RATE_FIXED;
    subject.rate = hand.own_rate = 0.3;
    look();
    assert_named("update-before-backprop", false, "off the right gradient");
    ck_assert_int_eq(w.bed.findings.item[0].certainty, BP_CERTAIN);
}
END_TEST

START_TEST(a_velocity_without_reset_asks_for_one)
{
    hand.how = MOMENTUM;
    look();
    assert_named("momentum", true, "momentum 0.9");
    ck_assert_ptr_nonnull(strstr(w.bed.findings.item[0].help, "reset()"));
    ck_assert(w.stepper.has_state);
    /* what its steps carry over is taken out of its gradient */
    double g[MAX], right[MAX] = {0};
    struct bp_claim claim = {.g = g};
    struct bp_error error;
    ck_assert_int_eq(
        bp_view_gradient(&w.bed.view, w.bed.net.theta, &w.bed.batch, 0.0, &claim, &error), BP_OK);
    hand.core->subject.gradient(hand.core, w.bed.net.theta, &w.bed.batch, right);
    double top = 0.0;
    for (size_t k = 0; k < w.bed.net.n_theta; k++)
        top = fmax(top, fabs(right[k]));
    for (size_t k = 0; k < w.bed.net.n_theta; k++)
        ck_assert_double_le(fabs(g[k] - right[k]), 4.0 * claim.precision * top);
    ck_assert_double_le(claim.precision, 1e-10);
}
END_TEST

/* theta' = theta - rate g - m g', g' the gradient of the step before. */
START_TEST(an_echo_of_the_last_gradient_is_no_fault_and_the_direction_is_seen)
{
    hand.how = ECHO;
    look();
    assert_named("momentum", true, "a part of the gradient before it");
    ck_assert(w.bed.view.echoes);
    double g[MAX], right[MAX] = {0}, product = 0.0, square = 0.0, top = 0.0;
    struct bp_claim claim = {.g = g};
    struct bp_error error;
    ck_assert_int_eq(
        bp_view_gradient(&w.bed.view, w.bed.net.theta, &w.bed.batch, 0.0, &claim, &error), BP_OK);
    hand.core->subject.gradient(hand.core, w.bed.net.theta, &w.bed.batch, right);
    ck_assert(claim.any_factor);
    for (size_t k = 0; k < w.bed.net.n_theta; k++) {
        product += g[k] * right[k];
        square += right[k] * right[k];
        top = fmax(top, fabs(g[k]));
    }
    for (size_t k = 0; k < w.bed.net.n_theta; k++)
        ck_assert_double_le(fabs(g[k] - product / square * right[k]), 4.0 * claim.precision * top);
    bp_view_forget_steps(&w.bed.view);
    ck_assert(!w.bed.view.echoes);
}
END_TEST

/* Planted in the core, whose step stands beside its own gradient. */
static const struct {
    const char *plant, *name;
    int layer;
} plants[] = {
    {"update-skipped", "update-skipped", 0},    {"update-skipped/1:2", "update-skipped", 2},
    {"update-skipped/2", "update-skipped", 0},  {"update-doubled:1", "update-doubled", 1},
    {"update-uphill:3", "update-uphill", 3},    {"rate-misapplied", "rate-misapplied", 0},
    {"rate-misapplied/1", "rate-misapplied", 0}};

START_TEST(each_planted_update_is_named)
{
    struct bp_hypothesis h;
    bed_plant_key(&w.bed.net, N, 0.1, plants[_i].plant, &h);
    subject = w.bed.core.subject;
    look();
    ck_assert_uint_eq(w.bed.findings.n, 1);
    ck_assert_str_eq(w.bed.findings.item[0].name, plants[_i].name);
    ck_assert_int_eq(w.bed.findings.item[0].layer, plants[_i].layer);
}
END_TEST

START_TEST(epochs_and_unknown_rates_are_not_looked_at)
{
    struct bp_error error;
    subject.step_kind = BP_STEP_EPOCH;
    ck_assert_int_eq(bp_view_open(&w.bed.view, &subject, &error), BP_OK);
    ck_assert_int_eq(bp_stepper_run(&w.bed.view, w.bed.net.theta, &w.bed.batch, &w.stepper,
                                    &w.bed.findings, &error),
                     BP_OK);
    ck_assert(!w.stepper.looked);
}
END_TEST

/* An epoch of single samples in an order of its own; the targets go with it, or not. */
static struct {
    struct bp_rng rng;
    bool apart;
} epoch;

static int shuffled_epoch(void *self, const double *theta, const struct bp_batch *batch,
                          double rate, double *next)
{
    size_t order[N];
    bp_rng_permutation(&epoch.rng, batch->n, order);
    memcpy(next, theta, w.bed.net.n_theta * sizeof *next);
    for (size_t s = 0; s < batch->n; s++) {
        const struct bp_batch one = {1, batch->x + 3 * order[s],
                                     batch->t + 2 * (epoch.apart ? s : order[s])};
        double from[MAX];
        memcpy(from, next, sizeof from);
        step(self, from, &one, rate, next);
    }
    return 0;
}

START_TEST(targets_left_behind_by_a_shuffle_are_seen)
{
    epoch.apart = _i == 1;
    bp_rng_seed(&epoch.rng, 4);
    subject.step = shuffled_epoch;
    subject.step_kind = BP_STEP_EPOCH;
    subject.shuffles = 1;
    struct bp_error error;
    ck_assert_int_eq(bp_view_open(&w.bed.view, &subject, &error), BP_OK);
    ck_assert_int_eq(bp_stepper_run(&w.bed.view, w.bed.net.theta, &w.bed.batch, &w.stepper,
                                    &w.bed.findings, &error),
                     BP_OK);
    if (_i == 0)
        assert_silent();
    else
        assert_named("labels-shuffled", false, "epochs from the same parameters differ by");
}
END_TEST

START_TEST(no_memory_is_said)
{
    hand.how = EARLY;
    struct bp_error error;
    ck_assert_int_eq(bp_view_open(&w.bed.view, &subject, &error), BP_OK);
    const size_t held = bp_mem_held();
    for (size_t n = 1; n < 100; n++) {
        w.bed.view.rate = 0.0;
        bp_mem_fail_at(n);
        const enum bp_status status = bp_stepper_run(&w.bed.view, w.bed.net.theta, &w.bed.batch,
                                                     &w.stepper, &w.bed.findings, &error);
        const bool failed = bp_mem_tried() >= n;
        bp_mem_fail_at(0);
        bp_findings_release(&w.bed.findings);
        ck_assert_uint_eq(bp_mem_held(), held);
        ck_assert_int_eq(status, failed ? BP_ENOMEM : BP_OK);
        if (!failed)
            break;
    }
}
END_TEST

Suite *stepper_suite(void);
Suite *stepper_suite(void)
{
    Suite *suite = suite_create("stepper");
    TCase *tcase = tcase_create("stepper");
    const int n = sizeof cases / sizeof *cases;
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_loop_test(tcase, plain_steps_are_silent, 0, 4);
    tcase_add_test(tcase, a_plain_step_beside_its_own_gradient_is_silent);
    tcase_add_test(tcase, nothing_is_said_of_steps_at_parameters_whose_squares_overflow);
    tcase_add_test(tcase, a_wrong_gradient_is_not_the_steps);
    tcase_add_loop_test(tcase, each_kind_of_step_is_named, 0, n);
    tcase_add_loop_test(tcase, each_kind_of_step_is_named_in_float, 0, n);
    tcase_add_test(tcase, updated_too_early_is_seen_at_a_fixed_rate_too);
    tcase_add_test(tcase, a_velocity_without_reset_asks_for_one);
    tcase_add_test(tcase, an_echo_of_the_last_gradient_is_no_fault_and_the_direction_is_seen);
    tcase_add_loop_test(tcase, each_planted_update_is_named, 0, sizeof plants / sizeof *plants);
    tcase_add_test(tcase, epochs_and_unknown_rates_are_not_looked_at);
    tcase_add_loop_test(tcase, targets_left_behind_by_a_shuffle_are_seen, 0, 2);
    tcase_add_test(tcase, no_memory_is_said);
    suite_add_tcase(suite, tcase);
    return suite;
}
