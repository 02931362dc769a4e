/* check_diagnose.c -- what is said of a subject: names, places, certainty, numbers;
 * the forward pass, the layout, a black box; and, over random networks, how much is
 * named (the short form of `make confusion`). */
#include "confusion_trial.h"
#include "core/init.h"
#include "core/mem.h"
#include "diag/diagnose.h"
#include "diag/diagnose_words.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static struct bp_mlp net;
static struct bp_hypothesis planted[4];
static size_t n_planted;
static struct bp_findings findings;

static void open_net(const char *text)
{
    struct bp_spec spec;
    const struct bp_init init = {.weights = {.scheme = BP_INIT_GLOROT},
                                 .biases = {.scheme = BP_INIT_NORMAL, .sd = 0.3},
                                 .seed = 7};
    ck_assert_int_eq(bp_spec_parse(&spec, text, NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&net, &spec), BP_OK);
    bp_spec_release(&spec);
    bp_init_run(&init, &net);
    findings = (struct bp_findings){0};
    n_planted = 0;
}

static void plant(const char *key)
{
    const struct bp_setting setting = {.net = &net, .n = 7};
    struct bp_error error = {""};
    struct bp_hypothesis *h = &planted[n_planted++];
    ck_assert_msg(bp_fault_parse(key, &setting, h, &error) == BP_OK, "%s", error.text);
    bp_fault_plant(h, &setting, net.ops);
}

static void diagnose(void)
{
    struct bp_error error = {""};
    ck_assert_msg(bp_diagnose_net(&net, NULL, &findings, &error) == BP_OK, "%s", error.text);
}

static void close_net(void)
{
    bp_findings_release(&findings);
    bp_mlp_release(&net);
}

static bool says(const char *words)
{
    for (size_t i = 0; i < findings.n; i++) {
        const struct bp_finding *finding = &findings.item[i];
        if (strstr(finding->title, words) != NULL || strstr(finding->help, words) != NULL)
            return true;
        for (size_t k = 0; k < finding->n_because; k++)
            if (strstr(finding->because[k], words) != NULL)
                return true;
    }
    return false;
}

/* ---- what is said ----------------------------------------------------------- */

START_TEST(a_right_network_gets_no_findings)
{
    open_net("3-4-2 sigmoid squared-error l2=0.01");
    diagnose();
    ck_assert_uint_eq(findings.n, 0);
    close_net();
}
END_TEST

START_TEST(a_fault_is_named_with_its_place_and_proof)
{
    open_net("3-5-4-2 sigmoid squared-error");
    plant("missing-activation-derivative:1");
    diagnose();
    ck_assert_uint_eq(findings.n, 1);
    const struct bp_finding *finding = &findings.item[0];
    ck_assert_str_eq(finding->name, "missing-activation-derivative");
    ck_assert_int_eq(finding->layer, 1);
    ck_assert_int_eq(finding->neuron, BP_FINDING_NOWHERE);
    ck_assert_int_eq(finding->certainty, BP_CERTAIN);
    ck_assert(says("wrong: W1, b1"));
    ck_assert(says("right: W2, b2, W3, b3"));
    ck_assert(says("layer 1 is the first wrong one from the output down"));
    ck_assert(says("all 6 tensors at 3 probes"));
    ck_assert(says("at one drawn after the match"));
    ck_assert(says("the nearest of the other"));
    ck_assert(says("multiply the error of layer 1 by f'(z)"));
    close_net();
}
END_TEST

START_TEST(one_neuron_is_named)
{
    open_net("3-5-4-2 tanh squared-error");
    plant("neuron-delta-sign-flipped:2:3");
    diagnose();
    ck_assert_uint_eq(findings.n, 1);
    ck_assert_int_eq(findings.item[0].layer, 2);
    ck_assert_int_eq(findings.item[0].neuron, 3);
    close_net();
}
END_TEST

static const char *words_of(const char *key, const char *network)
{
    static char text[BP_HYPOTHESIS_TEXT_MAX];
    struct bp_hypothesis h;
    struct bp_spec spec;
    struct bp_mlp other;
    ck_assert_int_eq(bp_spec_parse(&spec, network, NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&other, &spec), BP_OK);
    bp_spec_release(&spec);
    const struct bp_setting setting = {.net = &other, .n = 5, .rate = 1.0};
    ck_assert_int_eq(bp_fault_parse(key, &setting, &h, NULL), BP_OK);
    bp_say_hypothesis(&h, other.spec.layers, text, sizeof text);
    bp_mlp_release(&other);
    return text;
}

START_TEST(a_hypothesis_for_every_layer_says_so_where_there_are_several)
{
    ck_assert_str_eq(words_of("sum-overwritten:1", "3-4-2 tanh squared-error"),
                     "sum-overwritten in layer 1");
    ck_assert_str_eq(words_of("weights-not-transposed", "3-3-3-3 tanh squared-error"),
                     "weights-not-transposed in every hidden layer");
    ck_assert_str_eq(words_of("missing-activation-derivative", "3-4-2 tanh squared-error"),
                     "missing-activation-derivative in every layer");
    ck_assert_str_eq(words_of("missing-activation-derivative", "3-2 tanh squared-error"),
                     "missing-activation-derivative");
}
END_TEST

START_TEST(several_faults_are_listed_from_the_output_down)
{
    open_net("4-5-4-3 sigmoid squared-error");
    plant("derivative-squared:1");
    plant("bias-sign-flipped:3");
    diagnose();
    ck_assert_uint_eq(findings.n, 2);
    ck_assert_str_eq(findings.item[0].name, "bias-sign-flipped");
    ck_assert_int_eq(findings.item[0].layer, 3);
    ck_assert_str_eq(findings.item[1].name, "derivative-squared");
    ck_assert_int_eq(findings.item[1].layer, 1);
    ck_assert(says("2 together: no single fault"));
    close_net();
}
END_TEST

START_TEST(the_gradient_of_another_loss_is_said_to_be_that)
{
    open_net("3-4-2 sigmoid squared-error");
    plant("missing-activation-derivative:2");
    diagnose();
    ck_assert(says("this is the gradient of binary-cross-entropy; the loss here is squared-error"));
    close_net();
}
END_TEST

/* In a hidden layer the same fault is no other loss's gradient. */
START_TEST(a_hidden_derivative_is_no_other_loss)
{
    open_net("3-4-2 sigmoid squared-error");
    plant("missing-activation-derivative:1");
    diagnose();
    ck_assert(!says("this is the gradient of"));
    close_net();
}
END_TEST

START_TEST(what_cannot_be_told_apart_is_listed)
{
    open_net("3-4-2 sigmoid binary-cross-entropy"); /* its deltas are below 1 */
    plant("bias-gradient-missing");
    diagnose();
    ck_assert_uint_eq(findings.n, 1);
    ck_assert_int_eq(findings.item[0].certainty, BP_LIKELY);
    ck_assert(says("cannot be told from"));
    close_net();
}
END_TEST

/* db = 0, and db cut to a whole number: the same for deltas below 1. */
START_TEST(large_errors_part_what_small_ones_do_not)
{
    static const char *const names[] = {"bias-gradient-missing", "bias-integer-division"};
    open_net("3-4-2 sigmoid squared-error");
    plant(names[_i]);
    diagnose();
    ck_assert_uint_eq(findings.n, 1);
    ck_assert_str_eq(findings.item[0].name, names[_i]);
    ck_assert_int_eq(findings.item[0].certainty, BP_CERTAIN);
    close_net();
}
END_TEST

static void odd_delta(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                      double *out)
{
    self->right->run(pass, l, self->right, out);
    const size_t width = pass->net->spec.layer[l].width;
    for (size_t k = 0; k < pass->n * width; k++)
        out[k] += 0.01 * (double)(k % width);
}

START_TEST(a_gradient_that_nothing_explains_is_said_to_be_that)
{
    open_net("9-8-7-3 sigmoid squared-error");
    net.ops[2].stage[BP_DERIVATIVE].run = odd_delta;
    diagnose();
    ck_assert_uint_eq(findings.n, 1);
    ck_assert_str_eq(findings.item[0].name, "unexplained-gradient");
    ck_assert_int_eq(findings.item[0].layer, 2);
    ck_assert(says("agreement ends at layer 2"));
    ck_assert(says("ruled out:"));
    close_net();
}
END_TEST

static void odd_biases(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                       double *out)
{
    self->right->run(pass, l, self->right, out);
    for (size_t k = 0; k < pass->net->spec.layer[l].width; k++)
        out[k] += 0.01 * (double)(k + 1);
}

START_TEST(help_on_the_unexplained_leaves_out_what_is_right)
{
    open_net("9-8-7-3 sigmoid squared-error");
    net.ops[2].stage[BP_BIAS_SUM].run = odd_biases;
    diagnose();
    ck_assert_str_eq(findings.item[0].name, "unexplained-gradient");
    ck_assert_ptr_nonnull(strstr(findings.item[0].help, "delta is right here"));
    close_net();
}
END_TEST

static void not_a_number(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                         double *out)
{
    self->right->run(pass, l, self->right, out);
    out[1] = NAN;
}

START_TEST(the_first_number_that_is_not_finite_is_named)
{
    open_net("3-4-2 sigmoid squared-error");
    net.ops[2].stage[BP_REGULARISE].run = not_a_number;
    diagnose();
    ck_assert_uint_eq(findings.n, 1);
    ck_assert_str_eq(findings.item[0].name, "gradient-not-finite");
    ck_assert(says("W2[0,1] is"));
    close_net();
}
END_TEST

/* ---- the forward pass, the layout, a black box -------------------------------- */

START_TEST(a_fault_of_the_forward_pass_is_named_with_the_gradient_right_for_it)
{
    open_net("3-4-2 tanh,sigmoid squared-error");
    plant("bias-subtracted-in-forward:1");
    diagnose();
    ck_assert_uint_eq(findings.n, 1);
    ck_assert_str_eq(findings.item[0].name, "bias-subtracted-in-forward");
    ck_assert_int_eq(findings.item[0].look, BP_LOOK_FORWARD);
    ck_assert(says("with that in place the gradient is right too"));
    close_net();
}
END_TEST

START_TEST(a_forward_fault_does_not_hide_one_of_the_gradient)
{
    open_net("3-4-3-2 tanh,sigmoid squared-error");
    plant("bias-left-out-of-forward:3");
    plant("derivative-formula-on-z:1");
    diagnose();
    ck_assert_uint_eq(findings.n, 2);
    ck_assert_str_eq(findings.item[0].name, "bias-left-out-of-forward");
    ck_assert_str_eq(findings.item[1].name, "derivative-formula-on-z");
    close_net();
}
END_TEST

/* The core network as a subject whose arrays are described in another way. */
static void diagnose_as(enum bp_array_order order)
{
    struct bp_core_subject core;
    struct bp_view view;
    struct bp_array arrays[4];
    struct bp_error error = {""};
    ck_assert_int_eq(bp_core_subject_init(&core, &net, 16), BP_OK);
    memcpy(arrays, core.subject.arrays, sizeof arrays);
    for (size_t i = 0; i < 4; i++)
        arrays[i].order = order;
    core.subject.arrays = arrays;
    ck_assert_int_eq(bp_view_open(&view, &core.subject, &error), BP_OK);
    ck_assert_msg(bp_diagnose_run(&view, NULL, &findings, &error) == BP_OK, "%s", error.text);
    bp_view_close(&view);
    bp_core_subject_release(&core);
}

START_TEST(a_layout_described_wrongly_is_said_to_be_that)
{
    open_net("3-4-2 sigmoid squared-error");
    diagnose_as(BP_OUT_IN);
    ck_assert_uint_eq(findings.n, 0);
    diagnose_as(BP_IN_OUT);
    ck_assert_uint_eq(findings.n, 1);
    ck_assert_str_eq(findings.item[0].name, "layout-described-wrongly");
    ck_assert(says("described as weights, in x out, fits as weights, out x in"));
    close_net();
}
END_TEST

/* The core network with nothing said about it but its loss and its gradient. */
static void diagnose_undescribed(struct bp_findings *out)
{
    static const double X[] = {0.1, -0.7, 1.2, 0.4, 0.9, -1.1, -0.3, 0.8, 0.5, 1.4, -0.6, 0.2};
    static const double T[] = {1, 0, 0, 1, 1, 1, 0, 0};
    const struct bp_batch batch = {4, X, T};
    const struct bp_diagnose_options options = {.theta = net.theta, .batch = &batch};
    struct bp_core_subject core;
    struct bp_view view;
    struct bp_error error = {""};
    ck_assert_int_eq(bp_core_subject_init(&core, &net, 16), BP_OK);
    core.subject.network = NULL;
    core.subject.arrays = NULL;
    core.subject.n_arrays = 0;
    core.subject.n_theta = net.n_theta;
    core.subject.n_in = 3;
    core.subject.n_out = 2;
    ck_assert_msg(bp_view_open(&view, &core.subject, &error) == BP_OK, "%s", error.text);
    ck_assert_msg(bp_diagnose_run(&view, &options, out, &error) == BP_OK, "%s", error.text);
    bp_view_close(&view);
    bp_core_subject_release(&core);
}

static const struct {
    const char *key, *name;
} BOX[] = {{NULL, NULL},
           {"sign-flipped", "sign-flipped"},
           {"batch-mean-missing", "batch-mean-missing"},
           {"batch-mean-extra", "batch-mean-extra"},
           {"factor-half", "factor-half"},
           {"constant-factor=0.3", "constant-factor"},
           {"weights-as-gradient", "weights-as-gradient"},
           {"integer-division-zero", "integer-division-zero"},
           {"regulariser-not-in-cost=0.2", "unexplained-gradient"},
           {"skipped-layer:1", "unexplained-gradient"}};

START_TEST(a_black_box_is_told_by_its_numbers)
{
    open_net("3-4-2 sigmoid squared-error");
    if (BOX[_i].key != NULL)
        plant(BOX[_i].key);
    diagnose_undescribed(&findings);
    if (BOX[_i].name == NULL) {
        ck_assert_uint_eq(findings.n, 0);
    } else {
        ck_assert_uint_eq(findings.n, 1);
        ck_assert_str_eq(findings.item[0].name, BOX[_i].name);
    }
    close_net();
}
END_TEST

START_TEST(without_memory_nothing_is_kept)
{
    open_net("2-3-1 sigmoid squared-error");
    plant("derivative-squared:1");
    const size_t held = bp_mem_held();
    for (size_t n = 1;; n++) {
        bp_mem_fail_at(n);
        const enum bp_status status = bp_diagnose_net(&net, NULL, &findings, NULL);
        const bool failed = bp_mem_tried() >= n;
        bp_mem_fail_at(0);
        bp_findings_release(&findings);
        ck_assert_uint_eq(bp_mem_held(), held);
        ck_assert_msg((status == BP_OK) == !failed, "allocation %zu", n);
        if (!failed)
            break;
    }
    close_net();
}
END_TEST

/* ---- the short measurement ----------------------------------------------------- */

/* Ten networks, every fourth hypothesis that applies: all are in their class, and
 * first where the class has one member. */
START_TEST(single_faults_are_in_their_class_and_first_where_alone)
{
    const struct trial_wish wish = {.scale = 1.0};
    struct trial trial;
    struct bp_hypothesis *list;
    size_t n;
    trial_open(&trial, 900 + (uint64_t)_i, &wish);
    ck_assert_int_eq(bp_fault_hypotheses(&trial.setting, true, &list, &n), BP_OK);
    for (size_t i = (size_t)_i % 4; i < n; i += 4) {
        struct bp_diagnosis diagnosis;
        trial_uproot(&trial);
        if (list[i].fault->solved)
            list[i].factor = 0.3;
        ck_assert(trial_plant(&trial, &list[i]));
        trial_ask(&trial);
        if (!trial_shows(&trial))
            continue;
        trial_diagnose(&trial, NULL, &diagnosis);
        bool in_class = false;
        for (size_t k = 0; k < diagnosis.dictionary.n; k++)
            in_class = in_class || (diagnosis.dictionary.match[k].h.fault == list[i].fault &&
                                    diagnosis.dictionary.match[k].h.layer == list[i].layer);
        ck_assert_msg(in_class, "%s", list[i].fault->name);
        bp_diagnosis_release(&diagnosis);
    }
    bp_mem_free(list);
    trial_close(&trial);
}
END_TEST

START_TEST(healthy_networks_are_silent)
{
    const struct trial_wish wish = {
        .scale = pow(10.0, (double)(_i % 17) - 8.0), .relu = _i % 3 == 0, .single = _i % 5 == 1};
    struct trial trial;
    struct bp_diagnosis diagnosis;
    trial_open(&trial, 5000 + (uint64_t)_i, &wish);
    trial_ask(&trial);
    trial_diagnose(&trial, NULL, &diagnosis);
    ck_assert(diagnosis.healthy);
    bp_diagnosis_release(&diagnosis);
    trial_close(&trial);
}
END_TEST

Suite *diagnose_suite(void);

Suite *diagnose_suite(void)
{
    Suite *suite = suite_create("diagnose");
    TCase *tcase = tcase_create("diagnose");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_right_network_gets_no_findings);
    tcase_add_test(tcase, a_fault_is_named_with_its_place_and_proof);
    tcase_add_test(tcase, one_neuron_is_named);
    tcase_add_test(tcase, a_hypothesis_for_every_layer_says_so_where_there_are_several);
    tcase_add_test(tcase, several_faults_are_listed_from_the_output_down);
    tcase_add_test(tcase, the_gradient_of_another_loss_is_said_to_be_that);
    tcase_add_test(tcase, a_hidden_derivative_is_no_other_loss);
    tcase_add_test(tcase, what_cannot_be_told_apart_is_listed);
    tcase_add_loop_test(tcase, large_errors_part_what_small_ones_do_not, 0, 2);
    tcase_add_test(tcase, a_gradient_that_nothing_explains_is_said_to_be_that);
    tcase_add_test(tcase, help_on_the_unexplained_leaves_out_what_is_right);
    tcase_add_test(tcase, the_first_number_that_is_not_finite_is_named);
    tcase_add_test(tcase, a_fault_of_the_forward_pass_is_named_with_the_gradient_right_for_it);
    tcase_add_test(tcase, a_forward_fault_does_not_hide_one_of_the_gradient);
    tcase_add_test(tcase, a_layout_described_wrongly_is_said_to_be_that);
    tcase_add_loop_test(tcase, a_black_box_is_told_by_its_numbers, 0,
                        (int)(sizeof BOX / sizeof BOX[0]));
    tcase_add_test(tcase, without_memory_nothing_is_kept);
    tcase_add_loop_test(tcase, single_faults_are_in_their_class_and_first_where_alone, 0, 10);
    tcase_add_loop_test(tcase, healthy_networks_are_silent, 0, 102);
    suite_add_tcase(suite, tcase);
    return suite;
}
