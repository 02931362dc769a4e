/* check_sgd.c -- gradient descent: the step, the order of samples, who watches. */
#include "core/init.h"
#include "core/mem.h"
#include "core/sgd.h"
#include "tests/small.h"

#include <check.h>
#include <math.h>
#include <string.h>

static const double XOR_X[] = {0, 0, 0, 1, 1, 0, 1, 1};
static const double XOR_T[] = {0, 1, 1, 0};

static void network(struct bp_mlp *net, const char *text, uint64_t seed)
{
    struct bp_spec spec;
    ck_assert_int_eq(bp_spec_parse(&spec, text, NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(net, &spec), BP_OK);
    bp_spec_release(&spec);
    const struct bp_init init = {.weights = {.scheme = BP_INIT_NORMAL, .sd = 1.0},
                                 .biases = {.scheme = BP_INIT_ZERO},
                                 .seed = seed};
    bp_init_run(&init, net);
}

static double full_loss(const struct bp_mlp *net)
{
    struct bp_pass pass;
    ck_assert_int_eq(bp_pass_init(&pass, net, 4), BP_OK);
    bp_pass_forward(&pass, 4, XOR_X);
    const double loss = bp_pass_loss(&pass, XOR_T);
    bp_pass_release(&pass);
    return loss;
}

/* Squared error 0.02 a sample: every output is on its target's side. */
static int solved(const char *text, uint64_t seed)
{
    struct bp_mlp net;
    struct bp_sgd sgd;
    network(&net, text, seed);
    const struct bp_train train = {.rate = 5.0, .epochs = 10000};
    ck_assert_int_eq(bp_sgd_init(&sgd, &net, &train, 4, XOR_X, XOR_T), BP_OK);
    bp_sgd_run(&sgd, NULL);
    const int ok = full_loss(&net) < 0.02;
    bp_sgd_release(&sgd);
    bp_mlp_release(&net);
    return ok;
}

START_TEST(xor_2_4_1_is_learned_from_every_one_of_48_starts)
{
    int n = 0;
    for (uint64_t seed = 1; seed <= 48; seed++)
        n += solved("2-4-1 sigmoid squared-error", seed);
    ck_assert_int_eq(n, 48);
}
END_TEST

START_TEST(xor_2_2_1_is_learned_from_33_to_42_of_48_starts)
{
    int n = 0;
    for (uint64_t seed = 1; seed <= 48; seed++)
        n += solved("2-2-1 sigmoid squared-error", seed);
    ck_assert_int_ge(n, 33);
    ck_assert_int_le(n, 42);
}
END_TEST

START_TEST(and_is_learned_by_one_neuron)
{
    static const double AND_T[] = {0, 0, 0, 1};
    struct bp_mlp net;
    struct bp_sgd sgd;
    network(&net, "2-1 sigmoid squared-error", 1);
    const struct bp_train train = {.rate = 1.0, .batch = 1, .epochs = 2000};
    ck_assert_int_eq(bp_sgd_init(&sgd, &net, &train, 4, XOR_X, AND_T), BP_OK);
    bp_sgd_run(&sgd, NULL);
    bp_pass_forward(&sgd.pass, 1, XOR_X + 6);
    ck_assert_double_gt(sgd.pass.a[1][0], 0.9);
    for (int s = 0; s < 3; s++) {
        bp_pass_forward(&sgd.pass, 1, XOR_X + 2 * s);
        ck_assert_double_lt(sgd.pass.a[1][0], 0.1);
    }
    bp_sgd_release(&sgd);
    bp_mlp_release(&net);
}
END_TEST

/* ---- the step ---------------------------------------------------------------- */

START_TEST(momentum_and_weight_decay_follow_the_formula)
{
    struct bp_mlp net, by_hand;
    struct bp_sgd sgd;
    struct bp_pass pass;
    network(&net, "2-2-1 tanh squared-error", 3);
    network(&by_hand, "2-2-1 tanh squared-error", 3);
    const struct bp_train train = {.rate = 0.1, .momentum = 0.9, .weight_decay = 0.01, .epochs = 5};
    ck_assert_int_eq(bp_sgd_init(&sgd, &net, &train, 4, XOR_X, XOR_T), BP_OK);
    bp_sgd_run(&sgd, NULL);
    ck_assert_int_eq(bp_pass_init(&pass, &by_hand, 4), BP_OK);
    double v[9] = {0};
    for (int e = 0; e < 5; e++) {
        bp_pass_forward(&pass, 4, XOR_X);
        bp_pass_backward(&pass, XOR_T);
        for (size_t k = 0; k < 9; k++) {
            const bool weight = bp_mlp_tensor_of(&by_hand, k)->role == BP_WEIGHTS;
            v[k] = 0.9 * v[k] + pass.grad[k];
            by_hand.theta[k] -= 0.1 * (v[k] + (weight ? 0.01 * by_hand.theta[k] : 0.0));
        }
    }
    for (size_t k = 0; k < 9; k++)
        ck_assert_double_eq_tol(net.theta[k], by_hand.theta[k], 1e-15);
    bp_pass_release(&pass);
    bp_sgd_release(&sgd);
    bp_mlp_release(&net);
    bp_mlp_release(&by_hand);
}
END_TEST

/* ---- order ------------------------------------------------------------------- */

struct watched {
    size_t steps, epochs, samples;
    int together; /* a sample's target was its own each time */
    int seen[10];
    size_t stop_after;
};

/* The data here is x = (k, 0), t = k: a pair that was torn apart shows. */
static void watch_step(void *self, const struct bp_step_view *view)
{
    struct watched *w = self;
    w->steps++;
    for (size_t s = 0; s < view->pass->n; s++) {
        const double x = view->pass->x[2 * s];
        w->together &= x == view->pass->t[s];
        w->seen[(int)x]++;
        w->samples++;
    }
}

static bool watch_epoch(void *self, const struct bp_epoch_view *view)
{
    struct watched *w = self;
    w->epochs++;
    return w->stop_after == 0 || view->epoch + 1 < w->stop_after;
}

static struct watched numbered_run(size_t batch, bool shuffle, size_t epochs, size_t stop_after)
{
    double x[20], t[10];
    for (int k = 0; k < 10; k++) {
        x[2 * k] = k;
        x[2 * k + 1] = 0;
        t[k] = k;
    }
    struct bp_mlp net;
    struct bp_sgd sgd;
    network(&net, "2-1 identity squared-error", 1);
    const struct bp_train train = {
        .rate = 1e-6, .batch = batch, .epochs = epochs, .shuffle = shuffle, .seed = 4};
    struct watched w = {.together = 1, .stop_after = stop_after};
    const struct bp_observer observer = {&w, watch_step, watch_epoch};
    ck_assert_int_eq(bp_sgd_init(&sgd, &net, &train, 10, x, t), BP_OK);
    bp_sgd_run(&sgd, &observer);
    bp_sgd_release(&sgd);
    bp_mlp_release(&net);
    return w;
}

START_TEST(shuffle_keeps_inputs_and_targets_together_and_leaves_none_out)
{
    const struct watched w = numbered_run(3, true, 2, 0);
    ck_assert_int_eq(w.together, 1);
    ck_assert_uint_eq(w.steps, 8); /* 3 + 3 + 3 + 1, twice */
    for (int k = 0; k < 10; k++)
        ck_assert_int_eq(w.seen[k], 2);
}
END_TEST

START_TEST(a_batch_larger_than_the_data_is_the_full_batch)
{
    const struct watched w = numbered_run(1000, false, 3, 0);
    ck_assert_uint_eq(w.steps, 3);
    ck_assert_uint_eq(w.samples, 30);
}
END_TEST

START_TEST(an_observer_can_end_a_run)
{
    const struct watched w = numbered_run(0, false, 100, 7);
    ck_assert_uint_eq(w.epochs, 7);
}
END_TEST

START_TEST(watching_changes_no_bit_of_theta)
{
    double theta[2][9];
    for (int watching = 0; watching < 2; watching++) {
        struct bp_mlp net;
        struct bp_sgd sgd;
        struct watched w = {.together = 1};
        const struct bp_observer observer = {&w, watch_step, watch_epoch};
        network(&net, "2-2-1 tanh squared-error", 3);
        const struct bp_train train = {.rate = 0.5, .batch = 2, .epochs = 50, .shuffle = true};
        ck_assert_int_eq(bp_sgd_init(&sgd, &net, &train, 4, XOR_X, XOR_T), BP_OK);
        bp_sgd_run(&sgd, watching ? &observer : NULL);
        memcpy(theta[watching], net.theta, sizeof theta[0]);
        bp_sgd_release(&sgd);
        bp_mlp_release(&net);
    }
    ck_assert_mem_eq(theta[0], theta[1], sizeof theta[0]);
}
END_TEST

/* A second network that goes the same way by the stages, one after the other. */
struct shadow {
    struct bp_mlp net;
    struct bp_pass pass;
    const double *home; /* the first one's theta, where it was at the start */
    size_t steps;
};

static void shadow_step(void *self, const struct bp_step_view *view)
{
    struct shadow *shadow = self;
    const struct bp_pass *pass = view->pass;
    const size_t bytes = shadow->net.n_theta * sizeof(double);
    ck_assert_ptr_eq(pass->theta, view->net->theta);
    ck_assert_mem_eq(pass->theta, shadow->net.theta, bytes);
    bp_pass_forward(&shadow->pass, pass->n, pass->x);
    ck_assert(bp_pass_loss(&shadow->pass, pass->t) == view->loss);
    bp_pass_backward(&shadow->pass, pass->t);
    bp_pass_update(&shadow->pass, view->rate);
    for (size_t l = 1; l <= 2; l++) {
        const size_t numbers = pass->n * shadow->net.spec.layer[l].width;
        ck_assert_mem_eq(pass->z[l], shadow->pass.z[l], numbers * sizeof(double));
        ck_assert_mem_eq(pass->a[l], shadow->pass.a[l], numbers * sizeof(double));
        ck_assert_mem_eq(pass->delta[l], shadow->pass.delta[l], numbers * sizeof(double));
    }
    bp_pass_gradient(pass);
    ck_assert_mem_eq(pass->sum, shadow->pass.sum, bytes);
    ck_assert_mem_eq(pass->grad, shadow->pass.grad, bytes);
    ck_assert_mem_eq(pass->next, shadow->pass.next, bytes);
    ck_assert_ptr_ne(pass->next, pass->theta);
    memcpy(shadow->net.theta, shadow->pass.next, bytes);
    shadow->steps++;
}

static bool shadow_epoch(void *self, const struct bp_epoch_view *view)
{
    const struct shadow *shadow = self;
    ck_assert_ptr_eq(view->net->theta, shadow->home);
    ck_assert_mem_eq(view->net->theta, shadow->net.theta, shadow->net.n_theta * sizeof(double));
    return true;
}

/* With an odd number of steps an epoch, and an even one. */
START_TEST(theta_before_and_after_a_step_lie_side_by_side)
{
    const size_t batch = _i == 0 ? 1 : 2;
    struct bp_mlp net;
    struct bp_sgd sgd;
    struct shadow shadow = {0};
    network(&net, "2-3-1 tanh squared-error", 5);
    network(&shadow.net, "2-3-1 tanh squared-error", 5);
    shadow.home = net.theta;
    ck_assert_int_eq(bp_pass_init(&shadow.pass, &shadow.net, batch), BP_OK);
    const struct bp_train train = {.rate = 0.5, .batch = batch, .epochs = 4, .shuffle = true};
    const struct bp_observer observer = {&shadow, shadow_step, shadow_epoch};
    ck_assert_int_eq(bp_sgd_init(&sgd, &net, &train, 3, XOR_X, XOR_T), BP_OK);
    bp_sgd_run(&sgd, &observer);
    ck_assert_uint_eq(shadow.steps, batch == 1 ? 12 : 8);
    ck_assert_ptr_eq(net.theta, shadow.home);
    ck_assert_ptr_eq(sgd.pass.theta, shadow.home);
    bp_sgd_release(&sgd);
    bp_pass_release(&shadow.pass);
    bp_mlp_release(&net);
    bp_mlp_release(&shadow.net);
}
END_TEST

START_TEST(bad_numbers_and_failed_allocations_are_statuses)
{
    static const struct bp_train BAD[] = {{.rate = NAN},
                                          {.rate = INFINITY},
                                          {.rate = 1, .momentum = 1.0},
                                          {.rate = 1, .momentum = NAN},
                                          {.rate = 1, .weight_decay = -1}};
    struct bp_mlp net;
    struct bp_sgd sgd;
    network(&net, "2-2-1 tanh squared-error", 3);
    for (size_t k = 0; k < sizeof BAD / sizeof BAD[0]; k++) {
        ck_assert_int_eq(bp_sgd_init(&sgd, &net, &BAD[k], 4, XOR_X, XOR_T), BP_EINPUT);
        bp_sgd_release(&sgd);
    }
    const struct bp_train train = {.rate = 1, .momentum = 0.5, .batch = 2};
    ck_assert_int_eq(bp_sgd_init(&sgd, &net, &train, 0, XOR_X, XOR_T), BP_EINPUT);
    const size_t held = bp_mem_held();
    size_t n = 1;
    for (;; n++) {
        bp_mem_fail_at(n);
        const enum bp_status status = bp_sgd_init(&sgd, &net, &train, 4, XOR_X, XOR_T);
        const bool done = bp_mem_tried() < n;
        bp_mem_fail_at(0);
        ck_assert_int_eq(status, done ? BP_OK : BP_ENOMEM);
        bp_sgd_release(&sgd);
        ck_assert_uint_eq(bp_mem_held(), held);
        if (done)
            break;
    }
    ck_assert_uint_gt(n, 4);
    bp_mlp_release(&net);
}
END_TEST

START_TEST(init_schemes_have_the_spread_they_claim)
{
    static const struct bp_fill FILL[] = {{.scheme = BP_INIT_UNIFORM, .low = -0.5, .high = 1.5},
                                          {.scheme = BP_INIT_NORMAL, .mean = 0.5, .sd = 2.0},
                                          {.scheme = BP_INIT_GLOROT},
                                          {.scheme = BP_INIT_HE}};
    static const double MEAN[] = {0.5, 0.5, 0.0, 0.0};
    struct bp_mlp net;
    network(&net, "200-100-1 tanh squared-error", 1);
    for (int i = 0; i < 4; i++) {
        const struct bp_init init = {.weights = FILL[i], .seed = 11};
        bp_init_run(&init, &net);
        const size_t n = 200 * 100;
        double sum = 0, squares = 0;
        for (size_t k = 0; k < n; k++)
            sum += net.theta[k];
        const double mean = sum / (double)n;
        for (size_t k = 0; k < n; k++)
            squares += (net.theta[k] - mean) * (net.theta[k] - mean);
        const double sd = bp_fill_sd(&FILL[i], 200, 100);
        ck_assert_double_eq_tol(mean, MEAN[i], 5 * sd / sqrt((double)n));
        ck_assert_double_eq_tol(sqrt(squares / (double)n) / sd, 1.0, 5 * sqrt(0.5 / (double)n));
        ck_assert_double_eq(net.theta[n], 0.0); /* biases: zero */
    }
    bp_mlp_release(&net);
}
END_TEST

Suite *sgd_suite(void);
Suite *sgd_suite(void)
{
    Suite *suite = suite_create("sgd");
    TCase *tcase = tcase_create("sgd");
    tcase_set_timeout(tcase, 120);
    if (!small_only()) {
        tcase_add_test(tcase, xor_2_4_1_is_learned_from_every_one_of_48_starts);
        tcase_add_test(tcase, xor_2_2_1_is_learned_from_33_to_42_of_48_starts);
    }
    tcase_add_test(tcase, and_is_learned_by_one_neuron);
    tcase_add_test(tcase, momentum_and_weight_decay_follow_the_formula);
    tcase_add_test(tcase, shuffle_keeps_inputs_and_targets_together_and_leaves_none_out);
    tcase_add_test(tcase, a_batch_larger_than_the_data_is_the_full_batch);
    tcase_add_test(tcase, an_observer_can_end_a_run);
    tcase_add_test(tcase, watching_changes_no_bit_of_theta);
    tcase_add_loop_test(tcase, theta_before_and_after_a_step_lie_side_by_side, 0, 2);
    tcase_add_test(tcase, bad_numbers_and_failed_allocations_are_statuses);
    tcase_add_test(tcase, init_schemes_have_the_spread_they_claim);
    suite_add_tcase(suite, tcase);
    return suite;
}
