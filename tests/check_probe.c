/* check_probe.c -- the points at which a gradient is looked at, and what is predicted
 * there. */
#include "core/mem.h"
#include "diag/probe_predict.h"

#include <check.h>
#include <math.h>
#include <string.h>

static struct bp_mlp net;

static void open_net(const char *text)
{
    struct bp_spec spec;
    ck_assert_int_eq(bp_spec_parse(&spec, text, NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&net, &spec), BP_OK);
    bp_spec_release(&spec);
}

static void draw(struct bp_probe *probe, size_t n, uint64_t seed)
{
    struct bp_rng rng;
    bp_rng_seed(&rng, seed);
    ck_assert_int_eq(bp_probe_init(probe, &net, n), BP_OK);
    ck_assert_int_eq(bp_probe_draw(probe, &net, &rng), BP_OK);
}

static void close_all(struct bp_probe *probe)
{
    bp_probe_release(probe);
    bp_mlp_release(&net);
}

START_TEST(a_drawn_point_has_biases_and_targets_that_differ)
{
    struct bp_probe probe;
    open_net("3-4-2 sigmoid binary-cross-entropy");
    draw(&probe, 7, 3);
    const struct bp_tensor *b = bp_mlp_biases(&net, 1);
    for (size_t k = 0; k < b->count; k++)
        ck_assert_double_ne(probe.theta[b->offset + k], 0.0);
    bool zero = false;
    bool one = false;
    for (size_t s = 0; s < 7; s++) {
        zero = zero || probe.t[2 * s] == 0.0;
        one = one || probe.t[2 * s] == 1.0;
    }
    ck_assert(zero && one);
    close_all(&probe);
}
END_TEST

START_TEST(targets_of_softmax_are_one_hot)
{
    struct bp_probe probe;
    open_net("3-4-3 tanh,softmax softmax-cross-entropy");
    draw(&probe, 5, 4);
    for (size_t s = 0; s < 5; s++)
        ck_assert_double_eq(probe.t[3 * s] + probe.t[3 * s + 1] + probe.t[3 * s + 2], 1.0);
    close_all(&probe);
}
END_TEST

START_TEST(the_same_seed_draws_the_same_point)
{
    struct bp_probe a;
    struct bp_probe b;
    open_net("3-4-2 tanh squared-error");
    draw(&a, 5, 9);
    draw(&b, 5, 9);
    ck_assert_mem_eq(a.theta, b.theta, net.n_theta * sizeof(double));
    ck_assert_mem_eq(a.x, b.x, 15 * sizeof(double));
    bp_probe_release(&b);
    close_all(&a);
}
END_TEST

/* One relu unit is dead at every other point; a draw with a gradient is preferred. */
START_TEST(a_drawn_point_shows_a_gradient_in_every_tensor)
{
    struct bp_probe probe;
    open_net("2-1-1-1 relu,relu,identity squared-error");
    for (uint64_t seed = 1; seed <= 20; seed++) {
        draw(&probe, 7, seed);
        ck_assert_int_eq(bp_probe_ask_net(&probe, &net, net.ops, 0x1p-53), BP_OK);
        for (size_t i = 0; i < net.n_tensors; i++)
            ck_assert_double_ne(probe.g[net.tensor[i].offset], 0.0);
        bp_probe_release(&probe);
    }
    bp_mlp_release(&net);
}
END_TEST

START_TEST(right_stages_are_at_distance_zero_and_a_wrong_claim_is_not)
{
    struct bp_probe probe;
    struct bp_predictor p;
    open_net("3-4-2 sigmoid squared-error l2=0.1");
    draw(&probe, 7, 5);
    ck_assert_int_eq(bp_probe_ask_net(&probe, &net, net.ops, 0x1p-53), BP_OK);
    ck_assert_int_eq(bp_predictor_init(&p, &net, net.ops, &probe, 1), BP_OK);
    for (size_t i = 0; i < net.n_tensors; i++)
        ck_assert_double_eq(bp_predictor_distance(&p, 0, i), 0.0);
    probe.g[0] *= 1.001;
    ck_assert_double_gt(bp_predictor_distance(&p, 0, 0), p.tol);
    probe.g[0] = NAN;
    ck_assert(isinf(bp_predictor_distance(&p, 0, 0)));
    bp_predictor_release(&p);
    close_all(&probe);
}
END_TEST

START_TEST(single_precision_claims_are_right_to_a_wider_tolerance)
{
    struct bp_probe probe;
    struct bp_predictor p;
    open_net("5-8-8-3 tanh,tanh,sigmoid squared-error");
    draw(&probe, 7, 6);
    ck_assert_int_eq(bp_probe_ask_net(&probe, &net, net.ops, 0x1p-24), BP_OK);
    ck_assert_int_eq(bp_predictor_init(&p, &net, net.ops, &probe, 1), BP_OK);
    double worst = 0.0;
    for (size_t i = 0; i < net.n_tensors; i++)
        worst = fmax(worst, bp_predictor_distance(&p, 0, i));
    ck_assert_double_gt(worst, 1e-9);
    ck_assert_double_le(worst, p.tol);
    ck_assert_double_le(p.tol, 1.1e-3);
    bp_predictor_release(&p);
    close_all(&probe);
}
END_TEST

/* Where the size of a claim means nothing, three times the right gradient is right;
 * a layer on its own that is three times as large is not. */
START_TEST(a_claim_of_any_size_is_compared_by_its_direction)
{
    struct bp_probe probe;
    struct bp_predictor p;
    open_net("3-4-2 sigmoid squared-error");
    draw(&probe, 7, 5);
    ck_assert_int_eq(bp_probe_ask_net(&probe, &net, net.ops, 0x1p-53), BP_OK);
    probe.any_factor = true;
    for (size_t k = 0; k < net.n_theta; k++)
        probe.g[k] *= 3.0;
    ck_assert_int_eq(bp_predictor_init(&p, &net, net.ops, &probe, 1), BP_OK);
    for (size_t i = 0; i < net.n_tensors; i++)
        ck_assert_double_le(bp_predictor_distance(&p, 0, i), p.tol);
    for (size_t k = 0; k < net.tensor[0].count; k++)
        probe.g[k] *= 3.0;
    ck_assert_double_gt(bp_predictor_distance(&p, 0, 0), 0.1);
    bp_predictor_release(&p);
    close_all(&probe);
}
END_TEST

START_TEST(without_memory_nothing_is_kept)
{
    struct bp_probe probe;
    open_net("3-4-2 sigmoid squared-error");
    const size_t before = bp_mem_held();
    for (size_t n = 1; n < 3; n++) {
        bp_mem_fail_at(n);
        ck_assert_int_eq(bp_probe_init(&probe, &net, 7), BP_ENOMEM);
        ck_assert_uint_eq(bp_mem_held(), before);
    }
    bp_mem_fail_at(0);
    draw(&probe, 7, 1);
    ck_assert_int_eq(bp_probe_ask_net(&probe, &net, net.ops, 0x1p-53), BP_OK);
    const size_t held = bp_mem_held();
    for (size_t n = 1;; n++) {
        struct bp_predictor p;
        bp_mem_fail_at(n);
        const enum bp_status status = bp_predictor_init(&p, &net, net.ops, &probe, 1);
        const bool failed = bp_mem_tried() >= n;
        bp_mem_fail_at(0);
        if (!failed) {
            ck_assert_int_eq(status, BP_OK);
            bp_predictor_release(&p);
            break;
        }
        ck_assert_int_eq(status, BP_ENOMEM);
        ck_assert_uint_eq(bp_mem_held(), held);
    }
    close_all(&probe);
}
END_TEST

Suite *probe_suite(void);

Suite *probe_suite(void)
{
    Suite *suite = suite_create("probe");
    TCase *tcase = tcase_create("probe");
    tcase_add_test(tcase, a_drawn_point_has_biases_and_targets_that_differ);
    tcase_add_test(tcase, targets_of_softmax_are_one_hot);
    tcase_add_test(tcase, the_same_seed_draws_the_same_point);
    tcase_add_test(tcase, a_drawn_point_shows_a_gradient_in_every_tensor);
    tcase_add_test(tcase, right_stages_are_at_distance_zero_and_a_wrong_claim_is_not);
    tcase_add_test(tcase, single_precision_claims_are_right_to_a_wider_tolerance);
    tcase_add_test(tcase, a_claim_of_any_size_is_compared_by_its_direction);
    tcase_add_test(tcase, without_memory_nothing_is_kept);
    suite_add_tcase(suite, tcase);
    return suite;
}
