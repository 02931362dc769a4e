/* check_peel.c -- several faults together are told apart, layer by layer. */
#include "confusion_trial.h"
#include "core/mem.h"

#include <check.h>
#include <string.h>

/* A network with a description of one's own, at the points of a trial. */
static void open_trial(struct trial *trial, const char *network)
{
    static const size_t BATCH[] = {7, 1, 5, 3, 6};
    struct bp_spec spec;
    *trial = (struct trial){.epsilon = 0x1p-53, .scale = 1.0, .n_probes = TRIAL_PROBES};
    bp_rng_seed(&trial->rng, 11);
    ck_assert_int_eq(bp_spec_parse(&spec, network, NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&trial->net, &spec), BP_OK);
    bp_spec_release(&spec);
    trial->ops = bp_mem_new(trial->net.spec.layers + 1, sizeof *trial->ops);
    for (size_t k = 0; k <= TRIAL_PROBES; k++) {
        ck_assert_int_eq(bp_probe_init(&trial->probe[k], &trial->net, BATCH[k]), BP_OK);
        ck_assert_int_eq(bp_probe_draw(&trial->probe[k], &trial->net, &trial->rng), BP_OK);
        trial->probe[k].rate = 0.1 + 0.05 * (double)k;
    }
    trial->setting = (struct bp_setting){.net = &trial->net, .n = 7, .rate = 0.1};
    trial_uproot(trial);
}

static void plant(struct trial *trial, const char *key)
{
    struct bp_hypothesis h;
    struct bp_error error = {""};
    ck_assert_msg(bp_fault_parse(key, &trial->setting, &h, &error) == BP_OK, "%s", error.text);
    if (h.fault->own_rate)
        h.factor = 1.0; /* that of each probe */
    ck_assert(trial_plant(trial, &h));
}

static bool names(const struct bp_diagnosis *diagnosis, const struct bp_hypothesis *h)
{
    for (size_t i = 0; i < bp_diagnosis_count(diagnosis); i++) {
        const struct bp_hypothesis *said = bp_diagnosis_fault(diagnosis, i);
        if (said->fault == h->fault && said->layer == h->layer && said->neuron == h->neuron)
            return true;
    }
    return false;
}

static const struct {
    const char *network;
    const char *key[3];
} TOGETHER[] = {
    {"4-6-5-3 sigmoid squared-error", {"missing-activation-derivative:3", "sum-one-short:2", NULL}},
    {"4-6-5-3 sigmoid squared-error", {"bias-sign-flipped:2", "batch-mean-missing", NULL}},
    {"4-6-5-3 tanh,sigmoid binary-cross-entropy",
     {"weights-not-transposed:1", "derivative-formula-on-z:2", "bias-gradient-missing:3"}},
    {"4-6-5-3 tanh,softmax softmax-cross-entropy l2=0.05",
     {"regulariser-missing", "error-propagated-for-delta:1", NULL}},
    {"4-6-5-3 sigmoid squared-error l2=0.05",
     {"rate-folded-in", "outer-product-transposed:2", NULL}},
    {"4-6-5-3 sigmoid squared-error",
     {"regulariser-not-in-cost=0.2", "squared-error-as-error", NULL}},
    {"4-6-5-3 tanh,sigmoid squared-error sum",
     {"sum-overwritten:1", "one-minus-a-as-derivative:1", "factor-two:3"}},
    {"4-6-5-3 sigmoid squared-error", {"skipped-layer:2", "derivative-squared:1", NULL}},
    {"4-6-5-3 sigmoid squared-error no-bias",
     {"neuron-delta-zero:2:1", "activation-left-out:1", NULL}},
    {"4-6-5-3 relu,sigmoid squared-error", {"one-sample-only", "sign-flipped", NULL}},
};

START_TEST(faults_together_are_all_named)
{
    struct trial trial;
    struct bp_diagnosis diagnosis;
    open_trial(&trial, TOGETHER[_i].network);
    for (size_t i = 0; i < 3 && TOGETHER[_i].key[i] != NULL; i++)
        plant(&trial, TOGETHER[_i].key[i]);
    trial_ask(&trial);
    ck_assert(trial_shows(&trial));
    trial_diagnose(&trial, NULL, &diagnosis);
    for (size_t i = 0; i < trial.n_planted; i++)
        ck_assert_msg(names(&diagnosis, &trial.planted[i]), "%s is not named", TOGETHER[_i].key[i]);
    ck_assert_uint_eq(bp_diagnosis_count(&diagnosis), trial.n_planted);
    ck_assert(diagnosis.proven);
    bp_diagnosis_release(&diagnosis);
    trial_close(&trial);
}
END_TEST

/* A fault that is in no list: agreement ends at its layer, and goes on below. */
static void one_half_at_odd(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                            double *out)
{
    self->right->run(pass, l, self->right, out);
    const size_t width = pass->net->spec.layer[l].width;
    for (size_t k = 0; k < pass->n * width; k++)
        if (k % width % 2 == 1)
            out[k] = 0.5 * out[k] + 0.01;
}

START_TEST(what_no_fault_explains_is_said_with_its_layer)
{
    struct trial trial;
    struct bp_diagnosis diagnosis;
    open_trial(&trial, "8-7-7-3 sigmoid squared-error");
    trial.ops[2].stage[BP_DERIVATIVE].run = one_half_at_odd;
    plant(&trial, "derivative-squared:1");
    trial_ask(&trial);
    trial_diagnose(&trial, NULL, &diagnosis);
    ck_assert(diagnosis.peeled);
    ck_assert_uint_gt(diagnosis.peeling.n, 0);
    const struct bp_story *story = &diagnosis.peeling.story[0];
    ck_assert_uint_eq(story->n_unexplained, 1);
    ck_assert_uint_eq(story->unexplained_layer[0], 2);
    ck_assert_int_eq(story->unexplained[0], BP_DELTA_UNEXPLAINED);
    ck_assert_uint_eq(story->n, 1);
    ck_assert_str_eq(story->h[0].fault->name, "derivative-squared");
    ck_assert_uint_eq(story->h[0].layer, 1);
    ck_assert(!diagnosis.proven);
    bp_diagnosis_release(&diagnosis);
    trial_close(&trial);
}
END_TEST

START_TEST(a_faulty_bias_sum_of_no_known_kind_leaves_the_weights_explained)
{
    struct trial trial;
    struct bp_diagnosis diagnosis;
    open_trial(&trial, "4-6-5-3 sigmoid squared-error");
    trial.ops[2].stage[BP_BIAS_SUM].run = one_half_at_odd; /* of one row: also wrong */
    trial.probe[0].n = 1;
    for (size_t k = 0; k <= TRIAL_PROBES; k++)
        trial.probe[k].n = 1;
    plant(&trial, "error-propagated-for-delta:1");
    trial_ask(&trial);
    trial_diagnose(&trial, NULL, &diagnosis);
    ck_assert_uint_gt(diagnosis.peeling.n, 0);
    ck_assert_uint_eq(diagnosis.peeling.story[0].n_unexplained, 1);
    ck_assert_int_eq(diagnosis.peeling.story[0].unexplained[0], BP_BIASES_UNEXPLAINED);
    ck_assert_uint_eq(diagnosis.peeling.story[0].unexplained_layer[0], 2);
    bp_diagnosis_release(&diagnosis);
    trial_close(&trial);
}
END_TEST

/* A story must predict what it explains: its prediction is the claim. */
START_TEST(a_story_predicts_the_claim)
{
    struct trial trial;
    struct bp_predictor p;
    struct bp_diagnosis diagnosis;
    open_trial(&trial, "4-6-5-3 sigmoid squared-error l2=0.1");
    plant(&trial, "update-before-backprop:1");
    plant(&trial, "factor-half");
    trial_ask(&trial);
    trial_diagnose(&trial, NULL, &diagnosis);
    ck_assert_int_eq(bp_predictor_init(&p, &trial.net, trial.net.ops, trial.probe, 4), BP_OK);
    double distance;
    ck_assert_int_eq(bp_story_distance(&diagnosis.peeling.story[0], &p, &trial.setting, &distance),
                     BP_OK);
    ck_assert_double_le(distance, p.tol);
    trial.probe[2].g[0] += 0.1;
    ck_assert_int_eq(bp_story_distance(&diagnosis.peeling.story[0], &p, &trial.setting, &distance),
                     BP_OK);
    ck_assert_double_gt(distance, 1e-3);
    bp_predictor_release(&p);
    bp_diagnosis_release(&diagnosis);
    trial_close(&trial);
}
END_TEST

START_TEST(a_ratio_that_follows_neither_batch_nor_rate_is_not_believed)
{
    struct bp_probe probe[3] = {
        {.n = 7, .rate = 0.1}, {.n = 1, .rate = 0.2}, {.n = 5, .rate = 0.4}};
    const bool seen[3] = {true, true, true};
    ck_assert(bp_fit_is_plausible((double[]){7, 1, 5}, seen, probe, 3, 1e-9));
    ck_assert(bp_fit_is_plausible((double[]){-0.1, -0.2, -0.4}, seen, probe, 3, 1e-9));
    ck_assert(bp_fit_is_plausible((double[]){3, 3, 3}, seen, probe, 3, 1e-9));
    ck_assert(bp_fit_is_plausible((double[]){0, 1, 0}, seen, probe, 3, 1e-9));
    ck_assert(!bp_fit_is_plausible((double[]){0, 1, 1}, seen, probe, 3, 1e-9));
    ck_assert(!bp_fit_is_plausible((double[]){1, 2, 1.5}, seen, probe, 3, 1e-9));
}
END_TEST

START_TEST(without_memory_nothing_is_kept)
{
    struct trial trial;
    struct bp_predictor p;
    struct bp_hypothesis *list;
    size_t n_list;
    open_trial(&trial, "2-3-2 sigmoid squared-error");
    plant(&trial, "bias-sign-flipped:2");
    plant(&trial, "derivative-squared:1");
    trial_ask(&trial);
    ck_assert_int_eq(bp_predictor_init(&p, &trial.net, trial.net.ops, trial.probe, 3), BP_OK);
    ck_assert_int_eq(bp_fault_hypotheses(&trial.setting, false, &list, &n_list), BP_OK);
    const size_t held = bp_mem_held();
    for (size_t n = 1;; n++) {
        struct bp_peeling peeling;
        bp_mem_fail_at(n);
        const enum bp_status status = bp_peel_run(&peeling, &p, &trial.setting, list, n_list);
        const bool failed = bp_mem_tried() >= n;
        bp_mem_fail_at(0);
        ck_assert_uint_eq(bp_mem_held(), held);
        ck_assert_int_eq(status, failed ? BP_ENOMEM : BP_OK);
        if (!failed)
            break;
    }
    bp_mem_free(list);
    bp_predictor_release(&p);
    trial_close(&trial);
}
END_TEST

Suite *peel_suite(void);

Suite *peel_suite(void)
{
    Suite *suite = suite_create("peel");
    TCase *tcase = tcase_create("peel");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, faults_together_are_all_named, 0,
                        (int)(sizeof TOGETHER / sizeof TOGETHER[0]));
    tcase_add_test(tcase, what_no_fault_explains_is_said_with_its_layer);
    tcase_add_test(tcase, a_faulty_bias_sum_of_no_known_kind_leaves_the_weights_explained);
    tcase_add_test(tcase, a_story_predicts_the_claim);
    tcase_add_test(tcase, a_ratio_that_follows_neither_batch_nor_rate_is_not_believed);
    tcase_add_test(tcase, without_memory_nothing_is_kept);
    suite_add_tcase(suite, tcase);
    return suite;
}
