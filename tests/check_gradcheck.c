/* check_gradcheck.c -- right gradients agree, wrong ones do not, and nothing passes
 * because it was NaN, below the noise, or not looked at. */
#include "diag/gradcheck.h"

#include "tests/bed.h"
#include "tests/small.h"

#include "core/digits.h"
#include "core/fmath.h"
#include "core/init.h"
#include "core/mem.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- one parameter: L = x^2, and a claim ---------------------------------- */

static enum bp_status square(void *self, const double *theta, double *loss, struct bp_error *error)
{
    (void)self, (void)error;
    *loss = theta[0] * theta[0];
    return BP_OK;
}

static void check_square(struct bp_gradcheck *check, double x, double claimed)
{
    const struct bp_loss_at at = {.call = square, .n_theta = 1, .theta = &x};
    const struct bp_claim claim = {.g = &claimed, .precision = 0x1p-53};
    struct bp_numdiff numeric;
    ck_assert_int_eq(bp_numdiff_run(&numeric, &at, NULL, NULL), BP_OK);
    ck_assert_int_eq(bp_gradcheck_compare(check, NULL, &numeric, &claim, NULL, NULL, NULL), BP_OK);
}

static enum bp_verdict verdict_on_square(double x, double claimed)
{
    struct bp_gradcheck check;
    check_square(&check, x, claimed);
    const enum bp_verdict verdict = bp_gradcheck_entry(&check, &check.tensor[0], 0).verdict;
    bp_gradcheck_release(&check);
    return verdict;
}

START_TEST(right_gradient_agrees)
{
    ck_assert_int_eq(verdict_on_square(1.0, 2.0), BP_AGREE);
}
END_TEST

START_TEST(negated_gradient_disagrees)
{
    ck_assert_int_eq(verdict_on_square(1.0, -2.0), BP_DISAGREE);
}
END_TEST

START_TEST(small_relative_error_disagrees)
{
    ck_assert_int_eq(verdict_on_square(1.0, 2.0 * (1.0 + 1e-8)), BP_DISAGREE);
}
END_TEST

START_TEST(claim_that_is_no_number_is_not_finite)
{
    ck_assert_int_eq(verdict_on_square(1.0, NAN), BP_NOT_FINITE);
    ck_assert_int_eq(verdict_on_square(1.0, INFINITY), BP_NOT_FINITE);
}
END_TEST

START_TEST(loss_that_is_no_number_is_not_finite)
{
    ck_assert_int_eq(verdict_on_square(NAN, 2.0), BP_NOT_FINITE);
    ck_assert_int_eq(verdict_on_square(1e200, 2e200), BP_NOT_FINITE);
}
END_TEST

START_TEST(derivative_of_0_is_not_tested)
{
    struct bp_gradcheck check;
    check_square(&check, 0.0, 0.0);
    ck_assert_int_eq(check.outcome, BP_OUTCOME_NOT_TESTED);
    bp_gradcheck_release(&check);
}
END_TEST

static enum bp_status noisy(void *self, const double *theta, double *loss, struct bp_error *error)
{
    (void)error;
    *loss = theta[0] + *(double *)self * (double)((float)theta[1]);
    *loss = (double)(float)(*loss * 1e6) / 1e6;
    return BP_OK;
}

START_TEST(entry_beneath_the_noise_is_undecided)
{
    /* a slope of 1e-9 in a loss of 1 that is rounded to float */
    double slope = 1e-9;
    const double theta[] = {1.0, 0.5};
    double g[] = {1.0, -1e-9};
    const struct bp_loss_at at = {
        .call = noisy, .self = &slope, .n_theta = 2, .epsilon = 0x1p-24, .theta = theta};
    const struct bp_claim claim = {.g = g, .precision = 0x1p-24};
    struct bp_numdiff numeric;
    struct bp_gradcheck check;
    ck_assert_int_eq(bp_numdiff_run(&numeric, &at, NULL, NULL), BP_OK);
    ck_assert_int_eq(bp_gradcheck_compare(&check, NULL, &numeric, &claim, NULL, NULL, NULL), BP_OK);
    /* beside an entry of 1 it is negligible ... */
    ck_assert_int_eq(bp_gradcheck_entry(&check, &check.tensor[0], 1).verdict, BP_AGREE);
    bp_gradcheck_release(&check);
    /* ... but not where it is the largest there is */
    const struct bp_loss_at alone = {
        .call = noisy, .self = &slope, .n_theta = 2, .epsilon = 0x1p-24, .theta = theta};
    g[0] = 0.0;
    ck_assert_int_eq(bp_numdiff_run(&numeric, &alone,
                                    &(struct bp_numdiff_options){.first = 1, .count = 1}, NULL),
                     BP_OK);
    ck_assert_int_eq(bp_gradcheck_compare(&check, NULL, &numeric, &claim, NULL, NULL, NULL), BP_OK);
    ck_assert_int_eq(bp_gradcheck_entry(&check, &check.tensor[0], 0).verdict, BP_LEFT_OUT);
    ck_assert_int_eq(bp_gradcheck_entry(&check, &check.tensor[0], 1).verdict, BP_UNDECIDED);
    ck_assert_int_eq(check.outcome, BP_OUTCOME_NOT_TESTED);
    bp_gradcheck_release(&check);
}
END_TEST

/* ---- networks ------------------------------------------------------------- */

static struct bp_gradcheck check_bed(struct bed *bed, enum bp_tier_id tier)
{
    struct bp_gradcheck check;
    const struct bp_gradcheck_options options = {.numeric = {.tier = tier}};
    double before[512];
    memcpy(before, bed->net.theta, bed->net.n_theta * sizeof(double));
    ck_assert_int_eq(
        bp_gradcheck_run(&check, &bed->net, BED_SAMPLES, bed->x, bed->t, &options, NULL), BP_OK);
    ck_assert_mem_eq(before, bed->net.theta, bed->net.n_theta * sizeof(double));
    return check;
}

START_TEST(healthy_networks_agree_in_every_tensor)
{
    static const char *const NETWORKS[] = {
        "3-5-4-2 tanh,sigmoid squared-error",     "4-6-3 sigmoid,softmax softmax-cross-entropy",
        "3-5-2 sigmoid binary-cross-entropy sum", "3-7-5-2 relu,identity squared-error l2=0.1",
        "2-4-1 leaky-relu,tanh squared-error",
    };
    struct bed bed;
    bed_set_up(&bed, NETWORKS[_i], 11);
    struct bp_gradcheck check = check_bed(&bed, BP_TIER_AUTO);
    for (size_t k = 0; k < check.n_tensors + check.n_deltas; k++) {
        ck_assert_int_eq(check.tensor[k].outcome, BP_OUTCOME_AGREES);
        ck_assert_uint_eq(check.tensor[k].verdicts[BP_AGREE], check.tensor[k].count);
        ck_assert_double_le(check.tensor[k].scaled, 1e-9);
        ck_assert_double_le(fabs(check.tensor[k].ratio_median - 1.0), 1e-6);
        ck_assert_double_le(fabs(check.tensor[k].cosine - 1.0), 1e-6);
    }
    ck_assert_uint_eq(check.n_deltas, bed.net.spec.layers);
    bp_gradcheck_release(&check);
    bp_mlp_release(&bed.net);
}
END_TEST

START_TEST(a_hundred_relu_networks_are_silent)
{
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct bed bed;
        bed_set_up(&bed, "3-6-5-2 relu,identity squared-error", seed);
        struct bp_gradcheck check = check_bed(&bed, BP_TIER_AUTO);
        ck_assert_uint_eq(check.verdicts[BP_DISAGREE] + check.delta_verdicts[BP_DISAGREE], 0);
        ck_assert_uint_eq(check.verdicts[BP_UNDECIDED] + check.delta_verdicts[BP_UNDECIDED], 0);
        bp_gradcheck_release(&check);
        bp_mlp_release(&bed.net);
    }
}
END_TEST

/* A network of 1 to 4 layers, 1 to 12 wide, of any kind; data with it. */
struct random_net {
    struct bp_mlp net;
    size_t n;
    double x[16 * 12], t[16 * 12];
};

static const char *pick(struct bp_rng *rng, const char *const *list, size_t n)
{
    return list[bp_rng_below(rng, n)];
}

static void describe(struct bp_rng *rng, char *text, size_t size, bool *classes)
{
    static const char *const HIDDEN[] = {"sigmoid", "tanh", "relu", "leaky-relu", "identity"};
    static const char *const OUTPUT[] = {"sigmoid", "tanh", "identity", "sigmoid", "softmax"};
    static const char *const LOSS[] = {"squared-error", "squared-error", "squared-error",
                                       "binary-cross-entropy", "softmax-cross-entropy"};
    const size_t layers = 1 + bp_rng_below(rng, 4), kind = bp_rng_below(rng, 5);
    size_t used = 0;
    *classes = kind >= 3;
    for (size_t l = 0; l <= layers; l++)
        used += (size_t)snprintf(text + used, size - used, l == 0 ? "%zu" : "-%zu",
                                 1 + bp_rng_below(rng, 12));
    for (size_t l = 1; l <= layers; l++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", l == 1 ? " " : ",",
                                 l < layers ? pick(rng, HIDDEN, 5) : OUTPUT[kind]);
    snprintf(text + used, size - used, " %s %s%s", LOSS[kind],
             bp_rng_below(rng, 2) == 0 ? "mean" : "sum",
             bp_rng_below(rng, 4) == 0 ? " l2=0.01" : "");
}

/* Scales of weights and inputs from 1e-8 to 1e8. */
static void set_scales(struct random_net *r, struct bp_rng *rng)
{
    const size_t how = bp_rng_below(rng, 4);
    const double scale = bp_exp(18.4 * bp_rng_uniform(rng, -1.0, how == 1 ? 0.1 : 1.0));
    for (size_t k = 0; how == 1 && k < r->net.n_theta; k++)
        r->net.theta[k] *= scale;
    for (size_t k = 0; how == 2 && k < 16 * 12; k++)
        r->x[k] *= scale;
    const struct bp_tensor *w = bp_mlp_weights(&r->net, 1);
    for (size_t k = 0; how >= 2 && k < w->count; k++)
        r->net.theta[w->offset + k] *= how == 2 ? 1.0 / scale : scale;
}

static void draw_network(struct random_net *r, uint64_t seed)
{
    struct bp_rng rng;
    struct bp_spec spec;
    char text[256];
    bool classes;
    bp_rng_seed(&rng, seed);
    describe(&rng, text, sizeof text, &classes);
    ck_assert_int_eq(bp_spec_parse(&spec, text, NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&r->net, &spec), BP_OK);
    for (size_t k = 0; k < r->net.n_theta; k++)
        r->net.theta[k] = bp_rng_normal(&rng);
    for (size_t k = 0; k < 16 * 12; k++) {
        r->x[k] = bp_rng_normal(&rng);
        r->t[k] = classes ? 0.0 : bp_rng_normal(&rng);
    }
    r->n = 1 + bp_rng_below(&rng, 16);
    const size_t out = spec.layer[spec.layers].width;
    for (size_t s = 0; classes && s < r->n; s++)
        r->t[s * out + bp_rng_below(&rng, out)] = 1.0;
    set_scales(r, &rng);
    bp_spec_release(&spec);
}

START_TEST(random_healthy_networks_never_disagree)
{
    static const enum bp_tier_id TIER[] = {BP_TIER_AUTO, BP_TIER_CENTRAL, BP_TIER_RICHARDSON,
                                           BP_TIER_COMPLEX};
    for (uint64_t seed = 1; seed <= (small_only() ? 10 : 120); seed++) {
        struct random_net r;
        struct bp_gradcheck check;
        char text[BP_SPEC_TEXT_MAX];
        draw_network(&r, seed);
        const struct bp_gradcheck_options options = {.numeric.tier = TIER[_i]};
        ck_assert_int_eq(bp_gradcheck_run(&check, &r.net, r.n, r.x, r.t, &options, NULL), BP_OK);
        bp_spec_text(&r.net.spec, text, sizeof text);
        ck_assert_msg(check.verdicts[BP_DISAGREE] + check.delta_verdicts[BP_DISAGREE] == 0,
                      "seed %d: %s", (int)seed, text);
        bp_gradcheck_release(&check);
        bp_mlp_release(&r.net);
    }
}
END_TEST

START_TEST(negated_hidden_delta_disagrees_there_and_nowhere_else)
{
    struct bed bed;
    bed_set_up(&bed, "3-5-4-2 tanh,sigmoid squared-error", 3);
    bed_plant(&bed.net, 1, BP_DERIVATIVE, bed_negated);
    struct bp_gradcheck check = check_bed(&bed, _i == 0 ? BP_TIER_AUTO : BP_TIER_COMPLEX);
    for (size_t k = 0; k < check.n_tensors + check.n_deltas; k++) {
        const struct bp_tensor_check *tensor = &check.tensor[k];
        const bool wrong = tensor->layer == 1;
        ck_assert_int_eq(tensor->outcome, wrong ? BP_OUTCOME_DISAGREES : BP_OUTCOME_AGREES);
        if (wrong) {
            ck_assert_double_eq_tol(tensor->ratio_median, -1.0, 1e-6);
            ck_assert_double_eq_tol(tensor->cosine, -1.0, 1e-6);
            ck_assert_double_eq_tol(tensor->relative, 2.0, 1e-6);
        }
    }
    ck_assert_int_eq(check.outcome, BP_OUTCOME_DISAGREES);
    bp_gradcheck_release(&check);
    bp_mlp_release(&bed.net);
}
END_TEST

static void one_entry_off(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                          double *out)
{
    self->right->run(pass, l, self->right, out);
    out[7] *= 1.0 + *(const double *)self->params;
}

START_TEST(one_entry_off_is_found_by_name)
{
    static const double OFF[] = {1e-6, -1e-3, 0.1};
    struct bed bed;
    char name[BP_NAME_MAX];
    bed_set_up(&bed, "3-5-4-2 tanh,sigmoid squared-error", 3);
    bed_plant(&bed.net, 2, BP_SCALE, one_entry_off);
    bed.net.ops[2].stage[BP_SCALE].params = &OFF[_i];
    struct bp_gradcheck check = check_bed(&bed, BP_TIER_AUTO);
    ck_assert_uint_eq(check.verdicts[BP_DISAGREE], 1);
    const struct bp_tensor_check *tensor = &check.tensor[2];
    bp_gradcheck_name(&check, tensor, tensor->worst, name);
    ck_assert_str_eq(name, "W2[1,2]");
    ck_assert_uint_eq(tensor->relative_at, 7);
    ck_assert_uint_eq(check.delta_verdicts[BP_DISAGREE], 0);
    bp_gradcheck_release(&check);
    bp_mlp_release(&bed.net);
}
END_TEST

static void nan_at_4(const struct bp_pass *pass, size_t l, const struct bp_stage *self, double *out)
{
    self->right->run(pass, l, self->right, out);
    out[4] = NAN;
}

START_TEST(planted_nan_is_not_finite_with_its_place)
{
    struct bed bed;
    char name[BP_NAME_MAX];
    bed_set_up(&bed, "3-5-4-2 tanh,sigmoid squared-error", 3);
    bed_plant(&bed.net, 3, BP_OUTER_PRODUCT, nan_at_4);
    struct bp_gradcheck check = check_bed(&bed, BP_TIER_AUTO);
    ck_assert_int_eq(check.outcome, BP_OUTCOME_NOT_FINITE);
    ck_assert_uint_eq(check.verdicts[BP_NOT_FINITE], 1);
    const struct bp_tensor_check *tensor = &check.tensor[4];
    bp_gradcheck_name(&check, tensor, tensor->not_finite_at, name);
    ck_assert_str_eq(name, "W3[1,0]");
    ck_assert_uint_eq(tensor->worst, tensor->not_finite_at);
    bp_gradcheck_release(&check);
    bp_mlp_release(&bed.net);
}
END_TEST

START_TEST(skipped_layer_is_counted_as_zeros_where_there_are_none)
{
    struct bed bed;
    bed_set_up(&bed, "3-5-2 tanh,sigmoid squared-error", 3);
    struct bp_gradcheck check = check_bed(&bed, BP_TIER_AUTO);
    double g[64] = {0};
    const struct bp_tensor_check *w1 = &check.tensor[0];
    memcpy(g, check.backprop, check.n_theta * sizeof *g);
    memset(g, 0, w1->count * sizeof *g);
    struct bp_numdiff numeric = check.numeric;
    check.numeric = (struct bp_numdiff){0};
    struct bp_gradcheck skipped;
    const struct bp_claim claim = {.g = g, .precision = 0x1p-53};
    ck_assert_int_eq(bp_gradcheck_compare(&skipped, &bed.net, &numeric, &claim, NULL, NULL, NULL),
                     BP_OK);
    ck_assert_uint_eq(skipped.tensor[0].zeros_backprop, w1->count);
    ck_assert_uint_eq(skipped.tensor[0].zeros_wrong, w1->count);
    ck_assert_uint_eq(skipped.tensor[0].zeros_numeric, 0);
    ck_assert(isnan(skipped.tensor[0].cosine));
    ck_assert_int_eq(skipped.tensor[0].outcome, BP_OUTCOME_DISAGREES);
    bp_gradcheck_release(&skipped);
    bp_gradcheck_release(&check);
    bp_mlp_release(&bed.net);
}
END_TEST

START_TEST(zero_start_on_xor_is_not_tested)
{
    static const double X[] = {0, 0, 0, 1, 1, 0, 1, 1};
    static const double T[] = {0, 1, 1, 0};
    struct bp_spec spec;
    struct bp_mlp net;
    struct bp_gradcheck check;
    ck_assert_int_eq(bp_spec_parse(&spec, "2-2-1 sigmoid squared-error", NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&net, &spec), BP_OK);
    bed_plant(&net, 2, BP_OUTPUT_DELTA, bed_negated); /* would agree too: 0 is 0 */
    ck_assert_int_eq(bp_gradcheck_run(&check, &net, 4, X, T, NULL, NULL), BP_OK);
    for (size_t k = 0; k < check.n_tensors; k++)
        ck_assert_int_eq(check.tensor[k].outcome, BP_OUTCOME_NOT_TESTED);
    /* each sample's own delta at the output is not 0, and says it */
    ck_assert_int_eq(check.tensor[check.n_tensors + 1].outcome, BP_OUTCOME_DISAGREES);
    bp_gradcheck_release(&check);
    bp_mlp_release(&net);
    bp_spec_release(&spec);
}
END_TEST

START_TEST(every_derivative_of_a_network_for_digits_agrees)
{
    if (small_only())
        return;
    struct bp_spec spec;
    struct bp_mlp net;
    struct bp_dataset data;
    struct bp_gradcheck check;
    const struct bp_init init = {.weights = {.scheme = BP_INIT_GLOROT}, .seed = 4};
    const struct bp_gradcheck_options options = {.numeric = {.tier = BP_TIER_COMPLEX}};
    ck_assert_int_eq(bp_spec_parse(&spec, "784-30-10 sigmoid squared-error", NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&net, &spec), BP_OK);
    bp_init_run(&init, &net);
    ck_assert_int_eq(bp_digits_dataset(&data, 10, 1, BP_TARGETS_01), BP_OK);
    ck_assert_int_eq(bp_gradcheck_run(&check, &net, 10, data.x, data.t, &options, NULL), BP_OK);
    ck_assert_uint_eq(check.verdicts[BP_AGREE], 23860);
    ck_assert_uint_eq(check.delta_verdicts[BP_AGREE], 400);
    for (size_t k = 0; k < check.n_tensors + check.n_deltas; k++)
        ck_assert_double_le(check.tensor[k].scaled, 1e-12);
    bp_gradcheck_release(&check);
    bp_dataset_release(&data);
    bp_mlp_release(&net);
    bp_spec_release(&spec);
}
END_TEST

START_TEST(every_failed_allocation_is_said_and_nothing_is_kept)
{
    struct bed bed;
    bed_set_up(&bed, "3-4-2 tanh,sigmoid squared-error", 5);
    const size_t held = bp_mem_held();
    for (size_t n = 1;; n++) {
        struct bp_gradcheck check;
        bp_mem_fail_at(n);
        const enum bp_status status =
            bp_gradcheck_run(&check, &bed.net, BED_SAMPLES, bed.x, bed.t, NULL, NULL);
        const bool reached = bp_mem_tried() >= n;
        bp_mem_fail_at(0);
        ck_assert_int_eq(status, reached ? BP_ENOMEM : BP_OK);
        bp_gradcheck_release(&check);
        ck_assert_uint_eq(bp_mem_held(), held);
        if (!reached)
            break;
    }
    bp_mlp_release(&bed.net);
}
END_TEST

Suite *gradcheck_suite(void);
Suite *gradcheck_suite(void)
{
    Suite *suite = suite_create("gradcheck");
    TCase *entries = tcase_create("entries");
    tcase_add_test(entries, right_gradient_agrees);
    tcase_add_test(entries, negated_gradient_disagrees);
    tcase_add_test(entries, small_relative_error_disagrees);
    tcase_add_test(entries, claim_that_is_no_number_is_not_finite);
    tcase_add_test(entries, loss_that_is_no_number_is_not_finite);
    tcase_add_test(entries, derivative_of_0_is_not_tested);
    tcase_add_test(entries, entry_beneath_the_noise_is_undecided);
    suite_add_tcase(suite, entries);
    TCase *nets = tcase_create("networks");
    tcase_set_timeout(nets, 60);
    tcase_add_loop_test(nets, healthy_networks_agree_in_every_tensor, 0, 5);
    tcase_add_test(nets, a_hundred_relu_networks_are_silent);
    tcase_add_loop_test(nets, random_healthy_networks_never_disagree, 0, 4);
    tcase_add_loop_test(nets, negated_hidden_delta_disagrees_there_and_nowhere_else, 0, 2);
    tcase_add_loop_test(nets, one_entry_off_is_found_by_name, 0, 3);
    tcase_add_test(nets, planted_nan_is_not_finite_with_its_place);
    tcase_add_test(nets, skipped_layer_is_counted_as_zeros_where_there_are_none);
    tcase_add_test(nets, zero_start_on_xor_is_not_tested);
    tcase_add_test(nets, every_derivative_of_a_network_for_digits_agrees);
    tcase_add_test(nets, every_failed_allocation_is_said_and_nothing_is_kept);
    suite_add_tcase(suite, nets);
    return suite;
}
