/* check_taylor.c -- the remainder falls as h^3 for a right gradient, and as h for a
 * wrong one, in the layer where it is wrong and in no other.
 */
#include "core/fmath.h"
#include "core/init.h"
#include "core/mem.h"
#include "plots/taylor.h"

#include <check.h>
#include <string.h>

static struct bp_mlp net;
static struct bp_taylor taylor;
static double grad[64];
static const double X[] = {0.3, -0.8, 0.9, 0.4, -0.5, 0.2}, T[] = {1, 0, 1};

static void enter(void)
{
    struct bp_spec spec;
    struct bp_pass pass;
    const struct bp_init init = {.weights = {.scheme = BP_INIT_NORMAL, .sd = 1.0},
                                 .biases = {.scheme = BP_INIT_NORMAL, .sd = 1.0},
                                 .seed = 3};
    ck_assert_int_eq(bp_spec_parse(&spec, "2-4-1 tanh,sigmoid squared-error", NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&net, &spec), BP_OK);
    bp_spec_release(&spec);
    bp_init_run(&init, &net);
    ck_assert_int_eq(bp_pass_init(&pass, &net, 3), BP_OK);
    bp_pass_forward(&pass, 3, X);
    bp_pass_backward(&pass, T);
    memcpy(grad, net.grad, net.n_theta * sizeof *grad);
    bp_pass_release(&pass);
}

static void leave(void)
{
    bp_mlp_release(&net);
}

/* The slope over two decades well above rounding: h from 0.01 to 1 (indices 6 to 10). */
static double slope(size_t layer)
{
    const double *r = taylor.residual[layer - 1];
    return bp_log(r[9] / r[6]) / bp_log(taylor.h[9] / taylor.h[6]);
}

static void run(void)
{
    ck_assert_int_eq(bp_taylor_run(&taylor, &net, net.theta, grad, 3, X, T), BP_OK);
    ck_assert_uint_eq(taylor.layers, 2);
}

START_TEST(a_right_gradient_leaves_h_cubed)
{
    run();
    for (size_t l = 1; l <= 2; l++) {
        ck_assert_double_gt(slope(l), 2.7);
        ck_assert_double_lt(slope(l), 3.3);
    }
}
END_TEST

START_TEST(a_wrong_layer_leaves_h_there_only)
{
    size_t count;
    const size_t first = bp_mlp_block(&net, 1, &count);
    for (size_t k = first; k < first + count; k++)
        grad[k] *= -1.0;
    run();
    ck_assert_double_lt(slope(1), 1.3);
    ck_assert_double_gt(slope(2), 2.7);
}
END_TEST

START_TEST(the_network_is_left_as_it_was)
{
    double theta[64];
    memcpy(theta, net.theta, net.n_theta * sizeof *theta);
    run();
    ck_assert_mem_eq(theta, net.theta, net.n_theta * sizeof *theta);
    ck_assert_mem_eq(grad, net.grad, net.n_theta * sizeof *grad);
}
END_TEST

START_TEST(no_memory_is_said_and_nothing_is_held)
{
    const size_t held = bp_mem_held();
    enum bp_status status = BP_ENOMEM;
    for (size_t n = 1; status != BP_OK; n++) {
        bp_mem_fail_at(n);
        status = bp_taylor_run(&taylor, &net, net.theta, grad, 3, X, T);
        bp_mem_fail_at(0);
        ck_assert(status == BP_OK || status == BP_ENOMEM);
        ck_assert_uint_eq(bp_mem_held(), held);
        ck_assert_uint_lt(n, 50);
    }
}
END_TEST

Suite *taylor_suite(void);

Suite *taylor_suite(void)
{
    Suite *suite = suite_create("taylor");
    TCase *tcase = tcase_create("taylor");
    tcase_add_checked_fixture(tcase, enter, leave);
    tcase_add_test(tcase, a_right_gradient_leaves_h_cubed);
    tcase_add_test(tcase, a_wrong_layer_leaves_h_there_only);
    tcase_add_test(tcase, the_network_is_left_as_it_was);
    tcase_add_test(tcase, no_memory_is_said_and_nothing_is_held);
    suite_add_tcase(suite, tcase);
    return suite;
}
