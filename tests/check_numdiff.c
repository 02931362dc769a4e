/* check_numdiff.c -- numeric derivatives are right, within the error that they state. */
#include "core/init.h"
#include "core/mem.h"
#include "diag/numdiff.h"
#include "diag/numdiff_steps.h"

#include <check.h>
#include <math.h>
#include <string.h>

/* ---- functions whose derivative is known ---------------------------------- */

static enum bp_status polynomial(void *self, const double *theta, double *loss,
                                 struct bp_error *error)
{
    (void)self, (void)error;
    *loss = theta[0] * theta[0] * theta[0] + 2.0 * theta[1] * theta[1] - theta[0] * theta[1];
    return BP_OK;
}

static enum bp_status corner(void *self, const double *theta, double *loss, struct bp_error *error)
{
    (void)error;
    *loss = fabs(theta[0] - *(double *)self);
    return BP_OK;
}

static enum bp_status stairs(void *self, const double *theta, double *loss, struct bp_error *error)
{
    (void)self, (void)error;
    *loss = floor(theta[0] * 1e3) / 1e3;
    return BP_OK;
}

static enum bp_status refuses(void *self, const double *theta, double *loss, struct bp_error *error)
{
    (void)self, (void)theta;
    *loss = 0.0;
    return bp_error_set(error, BP_ESUBJECT, "it said no");
}

static enum bp_status not_a_number(void *self, const double *theta, double *loss,
                                   struct bp_error *error)
{
    (void)self, (void)error;
    *loss = sqrt(theta[0]);
    return BP_OK;
}

static const enum bp_tier_id NAIVE[] = {BP_TIER_CENTRAL, BP_TIER_RICHARDSON};

START_TEST(derivatives_of_a_polynomial_are_right_within_their_error)
{
    const double theta[] = {0.7, -1.3};
    const double right[] = {3.0 * 0.7 * 0.7 + 1.3, -4.0 * 1.3 - 0.7};
    const struct bp_loss_at at = {.call = polynomial, .n_theta = 2, .theta = theta};
    struct bp_numdiff d;
    ck_assert_int_eq(bp_numdiff_run(&d, &at, &(struct bp_numdiff_options){.tier = NAIVE[_i]}, NULL),
                     BP_OK);
    for (int k = 0; k < 2; k++) {
        ck_assert_double_le(fabs(d.value[k] - right[k]), 3.0 * d.error[k]);
        ck_assert_double_le(d.error[k], 1e-8);
        ck_assert_uint_eq(d.flags[k], 0);
    }
    bp_numdiff_release(&d);
}
END_TEST

START_TEST(corner_at_the_point_is_a_kink)
{
    double place = 0.5;
    const double theta[] = {0.5};
    const struct bp_loss_at at = {.call = corner, .self = &place, .n_theta = 1, .theta = theta};
    struct bp_numdiff d;
    ck_assert_int_eq(bp_numdiff_run(&d, &at, &(struct bp_numdiff_options){.tier = NAIVE[_i]}, NULL),
                     BP_OK);
    ck_assert_uint_eq(d.flags[0], BP_NUM_KINK);
    bp_numdiff_release(&d);
}
END_TEST

START_TEST(corner_nearby_is_stepped_past)
{
    double place = 0.5 + 1e-6;
    const double theta[] = {0.5};
    const struct bp_loss_at at = {.call = corner, .self = &place, .n_theta = 1, .theta = theta};
    struct bp_numdiff d;
    ck_assert_int_eq(bp_numdiff_run(&d, &at, &(struct bp_numdiff_options){.tier = NAIVE[_i]}, NULL),
                     BP_OK);
    ck_assert_uint_eq(d.flags[0] & BP_NUM_KINK, 0);
    ck_assert_double_le(fabs(d.value[0] + 1.0), fmin(10.0 * d.error[0], 1e-6));
    bp_numdiff_release(&d);
}
END_TEST

START_TEST(stepwise_loss_has_a_large_error_estimate)
{
    const double theta[] = {0.50003};
    const struct bp_loss_at at = {.call = stairs, .n_theta = 1, .theta = theta};
    struct bp_numdiff d;
    ck_assert_int_eq(bp_numdiff_run(&d, &at, &(struct bp_numdiff_options){.tier = NAIVE[_i]}, NULL),
                     BP_OK);
    const bool flat = d.value[0] == 0.0;
    ck_assert(flat || (d.flags[0] & BP_NUM_KINK) || d.error[0] > 1e-3 * fabs(d.value[0]));
    bp_numdiff_release(&d);
}
END_TEST

START_TEST(loss_that_fails_hands_its_line_on)
{
    const double theta[] = {1.0};
    const struct bp_loss_at at = {.call = refuses, .n_theta = 1, .theta = theta};
    struct bp_numdiff d;
    struct bp_error error = {""};
    ck_assert_int_eq(bp_numdiff_run(&d, &at, NULL, &error), BP_ESUBJECT);
    ck_assert_str_eq(error.text, "it said no");
    ck_assert_ptr_null(d.value);
}
END_TEST

START_TEST(nan_stays_a_nan)
{
    const double theta[] = {-1.0};
    const struct bp_loss_at at = {.call = not_a_number, .n_theta = 1, .theta = theta};
    struct bp_numdiff d;
    ck_assert_int_eq(bp_numdiff_run(&d, &at, NULL, NULL), BP_OK);
    ck_assert(isnan(d.value[0]));
    bp_numdiff_release(&d);
}
END_TEST

/* ---- networks ------------------------------------------------------------- */

static const char *const NETWORKS[] = {
    "3-4-2 sigmoid squared-error",
    "3-4-2 tanh,identity squared-error sum factor=2",
    "3-5-4-2 tanh,sigmoid binary-cross-entropy",
    "3-4-3 tanh,softmax softmax-cross-entropy l2=0.01",
    "3-4-3 sigmoid,softmax squared-error",
    "2-1 sigmoid binary-cross-entropy",
    "3-6-2 relu,identity squared-error",
    "3-6-5-2 leaky-relu,identity squared-error sum",
    "3-4-2 sigmoid,tanh squared-error no-bias",
    "4-3-3-3-2 tanh squared-error",
};
enum { N_NETWORKS = sizeof NETWORKS / sizeof NETWORKS[0], SAMPLES = 5 };

struct sick_bed {
    struct bp_mlp net;
    struct bp_pass pass;
    double x[SAMPLES * 8], t[SAMPLES * 8];
    struct bp_loss_at at;
};

static void set_up(struct sick_bed *bed, const char *text, double sd)
{
    struct bp_spec spec;
    struct bp_rng rng;
    ck_assert_int_eq(bp_spec_parse(&spec, text, NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&bed->net, &spec), BP_OK);
    bp_rng_seed(&rng, 42);
    for (size_t k = 0; k < bed->net.n_theta; k++)
        bed->net.theta[k] = sd * bp_rng_normal(&rng);
    const size_t out = spec.layer[spec.layers].width;
    for (size_t k = 0; k < SAMPLES * 8; k++)
        bed->x[k] = bp_rng_normal(&rng);
    for (size_t k = 0; k < SAMPLES * 8; k++)
        bed->t[k] = 0.0;
    for (size_t s = 0; s < SAMPLES; s++)
        bed->t[s * out + bp_rng_below(&rng, out)] = 1.0;
    ck_assert_int_eq(bp_pass_init(&bed->pass, &bed->net, SAMPLES), BP_OK);
    bp_pass_forward(&bed->pass, SAMPLES, bed->x);
    bp_pass_backward(&bed->pass, bed->t);
    bed->at = (struct bp_loss_at){.net = &bed->net, .n = SAMPLES, .x = bed->x, .t = bed->t};
    bp_spec_release(&spec);
}

static void tear_down(struct sick_bed *bed)
{
    bp_pass_release(&bed->pass);
    bp_mlp_release(&bed->net);
}

/* what each may be off, relative to the largest gradient */
static const struct {
    enum bp_tier_id tier;
    double accuracy;
} TIERS[] = {{BP_TIER_CENTRAL, 1e-8},     {BP_TIER_RICHARDSON, 1e-10}, {BP_TIER_COMPLEX, 1e-14},
             {BP_TIER_STRUCTURED, 1e-10}, {BP_TIER_DELTA_FORM, 1e-14}, {BP_TIER_NODE, 1e-14}};
enum { N_TIERS = sizeof TIERS / sizeof TIERS[0] };

static void compare(size_t n, const double *backprop, const double *value, const double *error,
                    const unsigned char *flags, double accuracy)
{
    double top = 0.0;
    for (size_t k = 0; k < n; k++)
        top = fmax(top, fabs(backprop[k]));
    for (size_t k = 0; k < n; k++) {
        ck_assert_uint_eq(flags[k] & BP_NUM_KINK, 0);
        ck_assert_double_le(fabs(value[k] - backprop[k]),
                            10.0 * error[k] + 0x1p-48 * top); /* and what backprop rounds */
        ck_assert_double_le(fabs(value[k] - backprop[k]), accuracy * top);
    }
}

START_TEST(every_tier_agrees_with_right_backprop_on_every_network)
{
    struct sick_bed bed;
    const struct bp_numdiff_options options = {.tier = TIERS[_i % N_TIERS].tier};
    set_up(&bed, NETWORKS[_i / N_TIERS], 1.0);
    struct bp_numdiff d;
    ck_assert_int_eq(bp_numdiff_run(&d, &bed.at, &options, NULL), BP_OK);
    compare(d.n_theta, bed.net.grad, d.value, d.error, d.flags, TIERS[_i % N_TIERS].accuracy);
    for (size_t l = 1; l <= bed.net.spec.layers; l++) {
        const size_t at = SAMPLES * bed.net.unit[l];
        compare(SAMPLES * bed.net.spec.layer[l].width, bed.pass.delta[l], d.delta + at,
                d.delta_error + at, d.delta_flags + at, TIERS[_i % N_TIERS].accuracy);
    }
    bp_numdiff_release(&d);
    tear_down(&bed);
}
END_TEST

START_TEST(theta_is_left_bit_for_bit)
{
    struct sick_bed bed;
    double before[256];
    set_up(&bed, NETWORKS[3], 1.0);
    memcpy(before, bed.net.theta, bed.net.n_theta * sizeof(double));
    struct bp_numdiff d;
    ck_assert_int_eq(
        bp_numdiff_run(&d, &bed.at, &(struct bp_numdiff_options){.tier = TIERS[_i].tier}, NULL),
        BP_OK);
    ck_assert_mem_eq(before, bed.net.theta, bed.net.n_theta * sizeof(double));
    bp_numdiff_release(&d);
    tear_down(&bed);
}
END_TEST

START_TEST(steps_suit_tiny_and_huge_scales)
{
    static const double SCALE[] = {1e-8, 1e-4, 1e4, 1e8};
    struct sick_bed bed;
    set_up(&bed, "3-4-2 tanh,identity squared-error", 1.0);
    for (size_t k = 0; k < SAMPLES * 3; k++)
        bed.x[k] *= SCALE[_i];
    const struct bp_tensor *w = bp_mlp_weights(&bed.net, 1);
    for (size_t k = 0; k < w->count; k++)
        bed.net.theta[w->offset + k] /= SCALE[_i];
    bp_pass_forward(&bed.pass, SAMPLES, bed.x);
    bp_pass_backward(&bed.pass, bed.t);
    struct bp_numdiff d;
    ck_assert_int_eq(bp_numdiff_run(&d, &bed.at, NULL, NULL), BP_OK);
    compare(w->count, bed.net.grad, d.value, d.error, d.flags, 1e-9);
    bp_numdiff_release(&d);
    tear_down(&bed);
}
END_TEST

START_TEST(relu_at_exactly_0_is_a_kink)
{
    struct sick_bed bed;
    set_up(&bed, "2-2-1 relu,identity squared-error", 1.0);
    bed.net.theta[bp_mlp_weights(&bed.net, 1)->offset] = 0.0;
    bed.net.theta[bp_mlp_weights(&bed.net, 1)->offset + 1] = 0.0;
    bed.net.theta[bp_mlp_biases(&bed.net, 1)->offset] = 0.0;
    struct bp_numdiff d;
    ck_assert_int_eq(
        bp_numdiff_run(&d, &bed.at, &(struct bp_numdiff_options){.tier = TIERS[_i].tier}, NULL),
        BP_OK);
    ck_assert_uint_eq(d.flags[bp_mlp_biases(&bed.net, 1)->offset], BP_NUM_KINK);
    ck_assert_uint_eq(d.flags[bp_mlp_biases(&bed.net, 1)->offset + 1], 0);
    bp_numdiff_release(&d);
    tear_down(&bed);
}
END_TEST

static void doubled_affine(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                           double *out)
{
    self->right->run(pass, l, self->right, out);
    for (size_t k = 0; k < pass->n * pass->net->spec.layer[l].width; k++)
        out[k] *= 2.0;
}

START_TEST(planted_forward_stage_is_differentiated_as_it_stands)
{
    struct sick_bed bed;
    set_up(&bed, "2-1 identity squared-error", 1.0);
    struct bp_stage *affine = &bed.net.ops[1].stage[BP_AFFINE];
    *affine = (struct bp_stage){doubled_affine, NULL, affine->right};
    struct bp_numdiff d;
    ck_assert_int_eq(bp_numdiff_run(&d, &bed.at, NULL, NULL), BP_OK);
    double right = 0.0; /* 2 (2 (w x + b) - t) */
    for (size_t s = 0; s < SAMPLES; s++)
        right += 2.0 *
                 (2.0 * (bed.net.theta[0] * bed.x[2 * s] + bed.net.theta[1] * bed.x[2 * s + 1] +
                         bed.net.theta[2]) -
                  bed.t[s]) /
                 SAMPLES;
    ck_assert_double_eq_tol(d.value[2], right, 1e-10);
    bp_numdiff_release(&d);
    struct bp_error error;
    ck_assert_int_eq(
        bp_numdiff_run(&d, &bed.at, &(struct bp_numdiff_options){.tier = BP_TIER_COMPLEX}, &error),
        BP_EUNSUPPORTED);
    ck_assert_str_eq(error.text, "numeric derivatives: complex cannot be used here: the forward "
                                 "pass of every layer is the right one");
    tear_down(&bed);
}
END_TEST

START_TEST(infinite_loss_of_a_sample_has_no_derivative_in_any_tier)
{
    static const enum bp_tier_id TIER[] = {BP_TIER_CENTRAL,    BP_TIER_RICHARDSON, BP_TIER_COMPLEX,
                                           BP_TIER_STRUCTURED, BP_TIER_DELTA_FORM, BP_TIER_NODE};
    struct sick_bed bed;
    struct bp_numdiff d;
    set_up(&bed, "2-2-1 tanh,sigmoid binary-cross-entropy", 1.0);
    bed.net.theta[bed.net.n_theta - 1] = 2000.0; /* the output is 1 exactly */
    for (size_t s = 0; s < SAMPLES; s++)
        bed.t[s] = s == 3 ? 0.0 : 1.0;
    ck_assert_int_eq(
        bp_numdiff_run(&d, &bed.at, &(struct bp_numdiff_options){.tier = TIER[_i]}, NULL), BP_OK);
    ck_assert(isinf(d.loss));
    for (size_t k = 0; k < d.n_theta; k++)
        ck_assert(isnan(d.value[k]));
    for (size_t s = 0; s < SAMPLES; s++)
        ck_assert_int_eq(isnan(d.delta[2 * s]), s == 3);
    bp_numdiff_release(&d);
    tear_down(&bed);
}
END_TEST

START_TEST(a_range_leaves_the_rest_out)
{
    struct sick_bed bed;
    set_up(&bed, NETWORKS[0], 1.0);
    struct bp_numdiff d;
    ck_assert_int_eq(
        bp_numdiff_run(&d, &bed.at, &(struct bp_numdiff_options){.first = 2, .count = 3}, NULL),
        BP_OK);
    for (size_t k = 0; k < d.n_theta; k++)
        ck_assert_uint_eq(d.flags[k] & BP_NUM_LEFT_OUT, k >= 2 && k < 5 ? 0 : BP_NUM_LEFT_OUT);
    bp_numdiff_release(&d);
    tear_down(&bed);
}
END_TEST

START_TEST(every_failed_allocation_is_said_and_nothing_is_kept)
{
    struct sick_bed bed;
    set_up(&bed, NETWORKS[6], 1.0);
    const struct bp_numdiff_options options = {.tier = TIERS[_i].tier};
    const size_t held = bp_mem_held();
    for (size_t n = 1;; n++) {
        struct bp_numdiff d;
        bp_mem_fail_at(n);
        const enum bp_status status = bp_numdiff_run(&d, &bed.at, &options, NULL);
        const bool reached = bp_mem_tried() >= n;
        bp_mem_fail_at(0);
        ck_assert_int_eq(status, reached ? BP_ENOMEM : BP_OK);
        bp_numdiff_release(&d);
        ck_assert_uint_eq(bp_mem_held(), held);
        if (!reached)
            break;
    }
    tear_down(&bed);
}
END_TEST

START_TEST(noise_is_measured)
{
    double f[BP_NOISE_POINTS], noise;
    struct bp_rng rng;
    double sum = 0.0;
    bp_rng_seed(&rng, 5);
    for (int run = 0; run < 200; run++) {
        for (int r = 0; r < BP_NOISE_POINTS; r++)
            f[r] = 1.0 + 1e-9 * r + 1e-10 * bp_rng_normal(&rng);
        bp_noise_estimate(1, 53, f, &noise);
        sum += noise;
    }
    ck_assert_double_ge(sum / 200, 0.5e-10);
    ck_assert_double_le(sum / 200, 2e-10);
}
END_TEST

Suite *numdiff_suite(void);
Suite *numdiff_suite(void)
{
    Suite *suite = suite_create("numdiff");
    TCase *calls = tcase_create("functions");
    tcase_add_loop_test(calls, derivatives_of_a_polynomial_are_right_within_their_error, 0, 2);
    tcase_add_loop_test(calls, corner_at_the_point_is_a_kink, 0, 2);
    tcase_add_loop_test(calls, corner_nearby_is_stepped_past, 0, 2);
    tcase_add_loop_test(calls, stepwise_loss_has_a_large_error_estimate, 0, 2);
    tcase_add_test(calls, loss_that_fails_hands_its_line_on);
    tcase_add_test(calls, nan_stays_a_nan);
    tcase_add_test(calls, noise_is_measured);
    suite_add_tcase(suite, calls);
    TCase *nets = tcase_create("networks");
    tcase_add_loop_test(nets, every_tier_agrees_with_right_backprop_on_every_network, 0,
                        N_NETWORKS * N_TIERS);
    tcase_add_loop_test(nets, theta_is_left_bit_for_bit, 0, N_TIERS);
    tcase_add_loop_test(nets, steps_suit_tiny_and_huge_scales, 0, 4);
    tcase_add_loop_test(nets, relu_at_exactly_0_is_a_kink, 0, N_TIERS);
    tcase_add_test(nets, planted_forward_stage_is_differentiated_as_it_stands);
    tcase_add_loop_test(nets, infinite_loss_of_a_sample_has_no_derivative_in_any_tier, 0, 6);
    tcase_add_test(nets, a_range_leaves_the_rest_out);
    tcase_add_loop_test(nets, every_failed_allocation_is_said_and_nothing_is_kept, 0, N_TIERS);
    suite_add_tcase(suite, nets);
    return suite;
}
