/* check_contract.c -- calls that do not keep what a gradient check takes for granted
 * are named, and healthy ones of every kind are not. */
#include "diag/contract.h"

#include "core/init.h"
#include "core/mem.h"
#include "tests/bed.h"

#include <check.h>
#include <math.h>
#include <string.h>

enum { N = 5 };

struct world {
    struct bed_call bed;
    struct bp_contract contract;
};

static void world_init(struct world *w, const char *network, uint64_t seed)
{
    *w = (struct world){0};
    bed_call_open(&w->bed, network, N, seed);
}

static void world_release(struct world *w)
{
    bed_call_close(&w->bed);
}

static void look(struct world *w, const struct bp_subject *subject)
{
    struct bp_error error = {""};
    ck_assert_int_eq(bp_view_open(&w->bed.view, subject, &error), BP_OK);
    const enum bp_status status = bp_contract_run(&w->bed.view, w->bed.net.theta, &w->bed.batch,
                                                  &w->contract, &w->bed.findings, &error);
    ck_assert_msg(status == BP_OK, "%s", error.text);
}

static void assert_silent(const struct world *w)
{
    for (size_t k = 0; k < w->bed.findings.n; k++)
        ck_abort_msg("%s: %s", w->bed.findings.item[k].name, w->bed.findings.item[k].because[0]);
}

/* ---- healthy ------------------------------------------------------------------------ */

static const char *const healthy[] = {"2-2-1 sigmoid squared-error",
                                      "3-5-4-2 tanh,sigmoid binary-cross-entropy sum",
                                      "4-6-3 relu,softmax softmax-cross-entropy mean l2=0.1",
                                      "4-6-3 relu,softmax softmax-cross-entropy sum l2=0.1",
                                      "3-4-2 leaky-relu,identity squared-error factor=2 no-bias"};

START_TEST(healthy_networks_are_silent)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct world w;
        world_init(&w, healthy[_i], seed);
        look(&w, &w.bed.core.subject);
        assert_silent(&w);
        ck_assert(w.contract.looked_repeats && w.contract.looked_writes &&
                  w.contract.looked_theta && w.contract.looked_samples && w.contract.repeats);
        const enum bp_reduces reduces =
            w.bed.net.spec.reduction == BP_SUM ? BP_REDUCES_SUM : BP_REDUCES_MEAN;
        ck_assert_int_eq(w.contract.loss, reduces);
        ck_assert_int_eq(w.contract.gradient, reduces);
        world_release(&w);
    }
}
END_TEST

START_TEST(healthy_steps_are_silent)
{
    struct world w;
    world_init(&w, healthy[_i], 3);
    struct bp_subject subject = w.bed.core.subject;
    subject.gradient = NULL;
    subject.loss = NULL;
    look(&w, &subject);
    assert_silent(&w);
    ck_assert(w.contract.looked_samples);
    world_release(&w);
}
END_TEST

/* ---- planted ---------------------------------------------------------------------------- */

static const struct {
    const char *plant, *name;
    int layer;
} plants[] = {{"accumulator-not-reset", "accumulator-not-reset", 0},
              {"accumulator-not-reset:2", "accumulator-not-reset", 2},
              {"stale-forward-state:1", "stale-forward-state", BP_FINDING_NOWHERE},
              {"stale-forward-state", "stale-forward-state", BP_FINDING_NOWHERE},
              {"dropout-left-on:1", "dropout-left-on", BP_FINDING_NOWHERE},
              {"gradient-entry-forgotten:2", "gradient-entry-forgotten", 2},
              {"sample-depends-on-others:1", "sample-depends-on-others", 1}};

START_TEST(each_planted_breach_is_named)
{
    struct world w;
    world_init(&w, "3-6-4-2 tanh,sigmoid squared-error", 5);
    struct bp_hypothesis h;
    bed_plant_key(&w.bed.net, N, 0.0, plants[_i].plant, &h);
    look(&w, &w.bed.core.subject);
    ck_assert_uint_ge(w.bed.findings.n, 1);
    ck_assert_str_eq(w.bed.findings.item[0].name, plants[_i].name);
    ck_assert_int_eq(w.bed.findings.item[0].layer, plants[_i].layer);
    ck_assert_uint_ge(w.bed.findings.item[0].n_because, 1);
    ck_assert_uint_eq(w.bed.findings.n, 1);
    world_release(&w);
}
END_TEST

/* ---- by hand: one breach around the core's own calls ------------------------------------- */

static struct {
    struct bp_core_subject *core;
    struct bp_rng rng;
    double velocity[64], momentum, w[8], dw[8];
} hand;

static int noisy(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    const int result = hand.core->subject.gradient(self, theta, batch, g);
    g[3] += 1e-12 * bp_rng_normal(&hand.rng);
    return result;
}

/* The last bits are those of a sum in another order. */
static int rounds_otherwise(void *self, const double *theta, const struct bp_batch *batch,
                            double *g)
{
    const int result = hand.core->subject.gradient(self, theta, batch, g);
    g[3] = nextafter(g[3], bp_rng_normal(&hand.rng) > 0.0 ? INFINITY : -INFINITY);
    return result;
}

/* momentum: the share of its rate that a step leaves to the next. */
static int with_decaying_rate(void *self, const double *theta, const struct bp_batch *batch,
                              double rate, double *next)
{
    double g[64] = {0};
    hand.core->subject.gradient(self, theta, batch, g);
    if (hand.velocity[0] == 0.0)
        hand.velocity[0] = 1.0;
    for (size_t k = 0; k < hand.core->net->n_theta; k++)
        next[k] = theta[k] - rate * hand.velocity[0] * g[k];
    hand.velocity[0] *= hand.momentum;
    return 0;
}

/* 1 / (1 + d k) of the rate at call k. */
static int with_inverse_decay(void *self, const double *theta, const struct bp_batch *batch,
                              double rate, double *next)
{
    hand.core->subject.step(self, theta, batch, rate / (1.0 + 0.01 * hand.velocity[0]), next);
    hand.velocity[0] += 1.0;
    return 0;
}

/* The velocity is still larger than steps of this size would make it. */
static int with_old_velocity(void *self, const double *theta, const struct bp_batch *batch,
                             double rate, double *next)
{
    double g[64] = {0};
    const bool first = hand.velocity[0] == 0.0;
    hand.core->subject.gradient(self, theta, batch, g);
    for (size_t k = 0; k < hand.core->net->n_theta; k++) {
        hand.velocity[k] = first ? 15.0 * g[k] : hand.momentum * hand.velocity[k] + g[k];
        next[k] = theta[k] - rate * hand.velocity[k];
    }
    return 0;
}

static int with_dropout(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    const int result = hand.core->subject.gradient(self, theta, batch, g);
    for (size_t k = 0; k < hand.core->net->n_theta; k++)
        g[k] *= bp_rng_normal(&hand.rng) > 0.0 ? 2.0 : 0.0;
    return result;
}

static int not_a_number(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    const int result = hand.core->subject.gradient(self, theta, batch, g);
    g[4] = 0.0 / (g[4] - g[4]);
    return result;
}

static int over_the_batch(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    const int result = hand.core->subject.predict(self, theta, batch, y);
    for (size_t s = 0; s < batch->n; s++)
        y[2 * s] /= (double)batch->n;
    return result;
}

static int with_velocity(void *self, const double *theta, const struct bp_batch *batch, double rate,
                         double *next)
{
    double g[64] = {0};
    hand.core->subject.gradient(self, theta, batch, g);
    for (size_t k = 0; k < hand.core->net->n_theta; k++) {
        hand.velocity[k] = hand.momentum * hand.velocity[k] + g[k];
        next[k] = theta[k] - rate * hand.velocity[k];
    }
    return 0;
}

/* A sample at a time, each with a part of the gradient of the one before. */
static int echoing_epoch(void *self, const double *theta, const struct bp_batch *batch, double rate,
                         double *next)
{
    const size_t n = hand.core->net->n_theta;
    memcpy(next, theta, n * sizeof *next);
    for (size_t s = 0; s < batch->n; s++) {
        const struct bp_batch one = {
            1, batch->x + s * hand.core->net->spec.layer[0].width,
            batch->t + s * hand.core->net->spec.layer[hand.core->net->spec.layers].width};
        double g[64] = {0};
        hand.core->subject.gradient(self, next, &one, g);
        for (size_t k = 0; k < n; k++) {
            next[k] -= rate * (g[k] + hand.momentum * hand.velocity[k]);
            hand.velocity[k] = g[k];
        }
    }
    return 0;
}

/* Weights that are drawn a little: this does not die away. */
static int trembling_epoch(void *self, const double *theta, const struct bp_batch *batch,
                           double rate, double *next)
{
    echoing_epoch(self, theta, batch, rate, next);
    hand.momentum = fmod(hand.momentum * 7.3 + 0.31, 1.0);
    for (size_t k = 0; k < hand.core->net->n_theta; k++)
        next[k] += 1e-3 * rate * hand.momentum;
    return 0;
}

static int forget(void *self)
{
    (void)self;
    memset(hand.velocity, 0, sizeof hand.velocity);
    return 0;
}

static int meddling_loss(void *self, const double *theta, const struct bp_batch *batch,
                         double *loss)
{
    (void)self, (void)theta;
    *loss = 0.5 * (hand.w[0] * batch->x[0] - batch->t[0]) * (hand.w[0] * batch->x[0] - batch->t[0]);
    hand.w[0] += 1e-6;
    return 0;
}

static int one_gradient(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    (void)self, (void)theta, (void)g;
    hand.dw[0] = 0.0;
    for (size_t s = 0; s < batch->n; s++)
        hand.dw[0] += (hand.w[0] * batch->x[s] - batch->t[s]) * batch->x[s] / (double)batch->n;
    return 0;
}

static void hand_init(struct world *w, struct bp_subject *subject)
{
    world_init(w, "3-4-2 tanh,sigmoid squared-error", 7);
    memset(&hand, 0, sizeof hand);
    hand.core = &w->bed.core;
    bp_rng_seed(&hand.rng, 1);
    *subject = w->bed.core.subject;
}

START_TEST(noise_in_a_gradient_is_calls_differ)
{
    struct world w;
    struct bp_subject subject;
    hand_init(&w, &subject);
    subject.gradient = noisy;
    look(&w, &subject);
    ck_assert_uint_eq(w.bed.findings.n, 1);
    ck_assert_str_eq(w.bed.findings.item[0].name, "calls-differ");
    ck_assert_ptr_nonnull(strstr(w.bed.findings.item[0].because[0], "gradient: W1[1,0] is "));
    ck_assert(w.contract.random);
    world_release(&w);
}
END_TEST

START_TEST(a_gradient_that_is_no_number_is_named)
{
    struct world w;
    struct bp_subject subject;
    hand_init(&w, &subject);
    subject.gradient = not_a_number;
    look(&w, &subject);
    ck_assert_uint_eq(w.bed.findings.n, 1);
    ck_assert_str_eq(w.bed.findings.item[0].name, "gradient-not-finite");
    ck_assert_ptr_nonnull(
        strstr(w.bed.findings.item[0].because[0], "1 of 26 entries; the first is W1[1,1]"));
    world_release(&w);
}
END_TEST

START_TEST(outputs_that_depend_on_the_batch_are_named)
{
    struct world w;
    struct bp_subject subject;
    hand_init(&w, &subject);
    subject.predict = over_the_batch;
    look(&w, &subject);
    ck_assert_uint_eq(w.bed.findings.n, 1);
    ck_assert_str_eq(w.bed.findings.item[0].name, "sample-depends-on-others");
    world_release(&w);
}
END_TEST

/* The gradient is taken where the step would lead. */
static int too_early(void *self, const double *theta, const struct bp_batch *batch, double rate,
                     double *next)
{
    double g[64] = {0}, moved[64];
    const size_t n = hand.core->net->n_theta;
    hand.core->subject.gradient(self, theta, batch, g);
    for (size_t k = 0; k < n; k++)
        moved[k] = theta[k] - rate * g[k];
    hand.core->subject.gradient(self, moved, batch, g);
    for (size_t k = 0; k < n; k++)
        next[k] = theta[k] - rate * g[k];
    return 0;
}

START_TEST(weights_updated_too_early_do_not_mix_samples)
{
    for (int fixed = 0; fixed < 2; fixed++) {
        struct world w;
        struct bp_subject subject;
        hand_init(&w, &subject);
        subject.gradient = NULL;
        subject.step = too_early;
        subject.rate_kind = fixed ? BP_RATE_FIXED : BP_RATE_GIVEN;
        subject.rate = 0.5;
        look(&w, &subject);
        assert_silent(&w);
        world_release(&w);
    }
}
END_TEST

START_TEST(a_velocity_is_known_and_is_no_fault)
{
    struct world w;
    struct bp_subject subject;
    hand_init(&w, &subject);
    hand.momentum = 0.9;
    subject.gradient = NULL;
    subject.step = with_velocity;
    look(&w, &subject);
    assert_silent(&w);
    ck_assert_double_eq_tol(w.contract.velocity, 0.9, 1e-6);
    world_release(&w);
}
END_TEST

START_TEST(an_epochs_state_that_dies_away_is_no_fault_and_one_that_does_not_is)
{
    for (int trembles = 0; trembles < 2; trembles++) {
        struct world w;
        struct bp_subject subject;
        hand_init(&w, &subject);
        hand.momentum = 0.3;
        subject.gradient = NULL;
        subject.step = trembles ? trembling_epoch : echoing_epoch;
        subject.step_kind = BP_STEP_EPOCH;
        subject.rate_kind = BP_RATE_FIXED;
        subject.rate = 0.5;
        look(&w, &subject);
        if (trembles)
            ck_assert_str_eq(w.bed.findings.item[0].name, "calls-differ");
        else
            assert_silent(&w);
        ck_assert_int_eq(w.contract.velocity > 0.0, !trembles);
        world_release(&w);
    }
}
END_TEST

START_TEST(a_rate_that_decays_is_known_and_is_no_fault)
{
    struct world w;
    struct bp_subject subject;
    hand_init(&w, &subject);
    hand.momentum = 0.99;
    subject.gradient = NULL;
    subject.step = _i == 0 ? with_decaying_rate : with_inverse_decay;
    look(&w, &subject);
    assert_silent(&w);
    ck_assert(w.bed.view.decays);
    ck_assert_double_nan(w.contract.velocity);
    world_release(&w);
}
END_TEST

START_TEST(a_velocity_that_shrinks_is_no_rate_that_decays)
{
    struct world w;
    struct bp_subject subject;
    hand_init(&w, &subject);
    hand.momentum = 0.9;
    subject.gradient = NULL;
    subject.step = with_old_velocity;
    look(&w, &subject);
    assert_silent(&w);
    ck_assert(!w.bed.view.decays);
    ck_assert_double_eq_tol(w.contract.velocity, 0.9, 1e-6);
    world_release(&w);
}
END_TEST

START_TEST(a_sum_in_another_order_each_time_is_no_fault)
{
    struct world w;
    struct bp_subject subject;
    hand_init(&w, &subject);
    subject.gradient = rounds_otherwise;
    look(&w, &subject);
    assert_silent(&w);
    ck_assert(!w.contract.repeats && w.contract.rounds);
    world_release(&w);
}
END_TEST

START_TEST(units_dropped_in_training_are_asked_to_be_left_in)
{
    struct world w;
    struct bp_subject subject;
    struct bp_error error = {""};
    hand_init(&w, &subject);
    subject.gradient = with_dropout;
    ck_assert_int_eq(bp_view_open(&w.bed.view, &subject, &error), BP_OK);
    ck_assert_int_eq(bp_contract_run(&w.bed.view, w.bed.net.theta, &w.bed.batch, &w.contract,
                                     &w.bed.findings, &error),
                     BP_EUNSUPPORTED);
    ck_assert_msg(strstr(error.text, "gradient() drops units at random (dropout): switch it off") !=
                      NULL,
                  "%s", error.text);
    world_release(&w);
}
END_TEST

START_TEST(steps_that_add_up_are_an_accumulator)
{
    struct world w;
    struct bp_subject subject;
    hand_init(&w, &subject);
    hand.momentum = 1.0;
    subject.gradient = NULL;
    subject.step = with_velocity;
    look(&w, &subject);
    ck_assert_uint_ge(w.bed.findings.n, 1);
    ck_assert_str_eq(w.bed.findings.item[0].name, "accumulator-not-reset");
    world_release(&w);
}
END_TEST

START_TEST(a_velocity_that_can_be_reset_repeats)
{
    struct world w;
    struct bp_subject subject;
    hand_init(&w, &subject);
    hand.momentum = 0.9;
    subject.gradient = NULL;
    subject.step = with_velocity;
    subject.reset = forget;
    look(&w, &subject);
    assert_silent(&w);
    ck_assert_double_nan(w.contract.velocity);
    ck_assert(w.contract.repeats);
    world_release(&w);
}
END_TEST

START_TEST(a_loss_that_changes_theta_is_named)
{
    struct world w;
    struct bp_subject subject;
    hand_init(&w, &subject);
    const struct bp_array array = {1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, hand.w, hand.dw};
    subject = (struct bp_subject){.abi = BACKPROBE_ABI,
                                  .network = "1-1 identity squared-error",
                                  .arrays = &array,
                                  .n_arrays = 1,
                                  .loss = meddling_loss,
                                  .gradient = one_gradient};
    look(&w, &subject);
    ck_assert_uint_eq(w.bed.findings.n, 1);
    const struct bp_finding *finding = &w.bed.findings.item[0];
    ck_assert_str_eq(finding->name, "theta-changed-by-gradient");
    ck_assert_str_eq(finding->title, "computing the loss changes the parameters");
    ck_assert_str_eq(finding->because[0],
                     "after one loss(), 1 of 1 parameters are not what they were");
    world_release(&w);
}
END_TEST

static int loss_over_the_largest(void *self, const double *theta, const struct bp_batch *batch,
                                 double *loss)
{
    double top = 0.0;
    for (size_t k = 0; k < 3 * batch->n; k++)
        top = fmax(top, fabs(batch->x[k]));
    const int result = hand.core->subject.loss(self, theta, batch, loss);
    *loss /= top; /* "normalised" over the batch */
    return result;
}

START_TEST(a_loss_that_mixes_samples_is_named)
{
    struct world w;
    struct bp_subject subject;
    hand_init(&w, &subject);
    subject.loss = loss_over_the_largest;
    look(&w, &subject);
    ck_assert_uint_eq(w.bed.findings.n, 1);
    ck_assert_str_eq(w.bed.findings.item[0].name, "sample-depends-on-others");
    ck_assert_str_eq(w.bed.findings.item[0].title,
                     "the loss of a sample depends on the others in its batch");
    world_release(&w);
}
END_TEST

static int infinite_loss(void *self, const double *theta, const struct bp_batch *batch,
                         double *loss)
{
    (void)self, (void)theta, (void)batch;
    *loss = (double)INFINITY;
    return 0;
}

START_TEST(a_loss_that_is_no_number_is_named)
{
    struct world w;
    struct bp_subject subject;
    hand_init(&w, &subject);
    subject.loss = infinite_loss;
    look(&w, &subject);
    ck_assert_uint_eq(w.bed.findings.n, 1);
    ck_assert_str_eq(w.bed.findings.item[0].name, "loss-not-finite");
    world_release(&w);
}
END_TEST

START_TEST(no_memory_is_said)
{
    struct world w;
    world_init(&w, healthy[0], 1);
    struct bp_view view;
    ck_assert_int_eq(bp_view_open(&view, &w.bed.core.subject, NULL), BP_OK);
    const size_t held = bp_mem_held();
    for (size_t n = 1; n < 1000; n++) {
        bp_mem_fail_at(n);
        struct bp_error error;
        const enum bp_status status = bp_contract_run(&view, w.bed.net.theta, &w.bed.batch,
                                                      &w.contract, &w.bed.findings, &error);
        const bool failed = bp_mem_tried() >= n;
        bp_mem_fail_at(0);
        ck_assert_uint_eq(bp_mem_held(), held);
        ck_assert_int_eq(status == BP_OK, !failed);
        if (!failed)
            break;
    }
    bp_view_close(&view);
    world_release(&w);
}
END_TEST

Suite *contract_suite(void);
Suite *contract_suite(void)
{
    Suite *suite = suite_create("contract");
    TCase *tcase = tcase_create("contract");
    tcase_add_loop_test(tcase, healthy_networks_are_silent, 0, sizeof healthy / sizeof *healthy);
    tcase_add_loop_test(tcase, healthy_steps_are_silent, 0, sizeof healthy / sizeof *healthy);
    tcase_add_loop_test(tcase, each_planted_breach_is_named, 0, sizeof plants / sizeof *plants);
    tcase_add_test(tcase, noise_in_a_gradient_is_calls_differ);
    tcase_add_test(tcase, a_gradient_that_is_no_number_is_named);
    tcase_add_test(tcase, outputs_that_depend_on_the_batch_are_named);
    tcase_add_test(tcase, weights_updated_too_early_do_not_mix_samples);
    tcase_add_test(tcase, a_velocity_is_known_and_is_no_fault);
    tcase_add_test(tcase, an_epochs_state_that_dies_away_is_no_fault_and_one_that_does_not_is);
    tcase_add_test(tcase, steps_that_add_up_are_an_accumulator);
    tcase_add_loop_test(tcase, a_rate_that_decays_is_known_and_is_no_fault, 0, 2);
    tcase_add_test(tcase, a_velocity_that_shrinks_is_no_rate_that_decays);
    tcase_add_test(tcase, a_sum_in_another_order_each_time_is_no_fault);
    tcase_add_test(tcase, units_dropped_in_training_are_asked_to_be_left_in);
    tcase_add_test(tcase, a_velocity_that_can_be_reset_repeats);
    tcase_add_test(tcase, a_loss_that_changes_theta_is_named);
    tcase_add_test(tcase, a_loss_that_mixes_samples_is_named);
    tcase_add_test(tcase, a_loss_that_is_no_number_is_named);
    tcase_add_test(tcase, no_memory_is_said);
    suite_add_tcase(suite, tcase);
    return suite;
}
