/* check_faults.c -- every entry of the catalogue that is seen in the gradient plants,
 * predicts something else than the right gradient, and is undone to the bit. The
 * loops run over the whole table and over networks of every kind, so that a new
 * entry is tested the moment it exists. */
#include "core/mem.h"
#include "planted.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- a list of everything that applies in a bench --------------------------- */

struct tried {
    struct bench bench;
    struct bp_hypothesis *list;
    size_t n;
};

static void tried_open(struct tried *tried, int k)
{
    bench_open(&tried->bench, k);
    bench_gradient(&tried->bench, tried->bench.net.ops, tried->bench.right);
    ck_assert_int_eq(bp_fault_hypotheses(&tried->bench.setting, true, &tried->list, &tried->n),
                     BP_OK);
    ck_assert_uint_gt(tried->n, 20);
    for (size_t i = 0; i < tried->n; i++)
        bench_give_factor(&tried->list[i]);
}

static void tried_close(struct tried *tried)
{
    bp_mem_free(tried->list);
    bench_close(&tried->bench);
}

static const char *key_of(const struct bp_hypothesis *h)
{
    static char key[BP_HYPOTHESIS_TEXT_MAX];
    bp_fault_key(h, key, sizeof key);
    return key;
}

/* ---- planting -------------------------------------------------------------- */

START_TEST(every_hypothesis_differs_from_right)
{
    struct tried tried;
    tried_open(&tried, _i);
    for (size_t i = 0; i < tried.n; i++) {
        if (_i == 2 * BENCH_NETWORKS && tried.list[i].layer != BP_ALL_LAYERS)
            continue; /* half of that data is 0: a single unit may be off for all of it */
        bench_predict(&tried.bench, &tried.list[i]);
        ck_assert_msg(bench_difference(&tried.bench, tried.bench.right, tried.bench.wrong) > 1e-6,
                      "%s: %s is right", bench_network(_i), key_of(&tried.list[i]));
    }
    tried_close(&tried);
}
END_TEST

START_TEST(undone_the_gradient_is_right_to_the_bit)
{
    struct tried tried;
    tried_open(&tried, _i);
    struct bench *bench = &tried.bench;
    for (size_t i = 0; i < tried.n; i++) {
        bench_predict(bench, &tried.list[i]);
        bench_gradient(bench, bench->net.ops, bench->wrong);
        ck_assert_msg(memcmp(bench->right, bench->wrong, bench->net.n_theta * sizeof(double)) == 0,
                      "%s: %s leaves something behind", bench_network(_i), key_of(&tried.list[i]));
    }
    tried_close(&tried);
}
END_TEST

START_TEST(only_stages_of_the_place_are_replaced)
{
    struct tried tried;
    tried_open(&tried, _i);
    for (size_t i = 0; i < tried.n; i++) {
        size_t replaced = 0;
        bench_plant(&tried.bench, &tried.list[i]);
        for (size_t l = 1; l <= tried.bench.net.spec.layers; l++)
            for (int slot = 0; slot < BP_SLOTS; slot++) {
                const struct bp_stage *stage = &tried.bench.ops[l].stage[slot];
                if (bp_ops_is_right(tried.bench.ops, l, (enum bp_slot)slot))
                    continue;
                replaced++;
                ck_assert_ptr_eq(stage->params, &tried.list[i]);
                ck_assert_ptr_eq(stage->right, &bp_ops_right()->stage[slot]);
            }
        ck_assert_msg(replaced > 0, "%s replaces nothing", key_of(&tried.list[i]));
    }
    tried_close(&tried);
}
END_TEST

START_TEST(a_network_without_a_fault_has_right_stages)
{
    struct bench bench;
    struct bp_hypothesis h = {
        .fault = bp_fault_find("chain-cut"), .layer = 1, .neuron = BP_NO_NEURON};
    bench_open(&bench, 0);
    bench_plant(&bench, &h); /* does not apply in layer 1 */
    bench_gradient(&bench, bench.net.ops, bench.right);
    bench_gradient(&bench, bench.ops, bench.wrong);
    ck_assert_mem_eq(bench.right, bench.wrong, bench.net.n_theta * sizeof(double));
    bench_close(&bench);
}
END_TEST

/* ---- stages write out, and nothing else ------------------------------------- */

enum { GUARD = 64 };
static const double MARK = -12345.678;

static size_t out_count(const struct bench *bench, size_t l, int slot)
{
    const struct bp_spec *spec = &bench->net.spec;
    size_t block;
    bp_mlp_block(&bench->net, l, &block);
    if (slot == BP_OUTER_PRODUCT)
        return bp_mlp_weights(&bench->net, l)->count;
    if (slot == BP_BIAS_SUM)
        return spec->layer[l].has_bias ? spec->layer[l].width : 0;
    return slot >= BP_SCALE ? block : BENCH_BATCH * spec->layer[l].width;
}

static void run_guarded(struct bench *bench, size_t l, int slot, const char *key)
{
    const struct bp_stage *stage = &bench->ops[l].stage[slot];
    const size_t count = out_count(bench, l, slot);
    double *out = bp_mem_new(count + 2 * GUARD, sizeof *out);
    for (size_t k = 0; k < count + 2 * GUARD; k++)
        out[k] = MARK;
    if (count > 0)
        stage->run(&bench->pass, l, stage, out + GUARD);
    for (size_t k = 0; k < GUARD; k++)
        ck_assert_msg(out[k] == MARK && out[GUARD + count + k] == MARK, "%s writes outside", key);
    for (size_t k = 0; k < count; k++)
        ck_assert_msg(out[GUARD + k] != MARK, "%s leaves entry %zu of %s unwritten", key, k,
                      bp_slot_name((enum bp_slot)slot));
    bp_mem_free(out);
}

/* Everything a stage may read: a sum that changes when any bit of it does. */
static uint64_t seal(const double *number, size_t n, uint64_t sum)
{
    for (size_t k = 0; k < n; k++) {
        uint64_t bits;
        memcpy(&bits, &number[k], sizeof bits);
        sum = (sum ^ bits) * 0x100000001b3u;
    }
    return sum;
}

static uint64_t seal_all(const struct bench *bench)
{
    const struct bp_spec *spec = &bench->net.spec;
    const size_t count = bench->net.n_theta;
    uint64_t sum = seal(bench->net.theta, count, 0xcbf29ce484222325u);
    for (size_t l = 1; l <= spec->layers; l++) {
        const size_t n = BENCH_BATCH * spec->layer[l].width;
        sum = seal(bench->pass.z[l], n, seal(bench->pass.a[l], n, sum));
        sum = seal(bench->pass.e[l], n, seal(bench->pass.delta[l], n, sum));
    }
    sum = seal(bench->pass.sum, count, seal(bench->pass.scaled, count, sum));
    sum = seal(bench->wrong, count, sum);
    sum = seal(bench->x, BENCH_BATCH * spec->layer[0].width, sum);
    return seal(bench->t, BENCH_BATCH * spec->layer[spec->layers].width, sum);
}

START_TEST(stages_write_out_and_nothing_else)
{
    struct tried tried;
    tried_open(&tried, _i);
    for (size_t i = 0; i < tried.n; i++) {
        bench_predict(&tried.bench, &tried.list[i]);
        const uint64_t before = seal_all(&tried.bench);
        for (size_t l = 1; l <= tried.bench.net.spec.layers; l++)
            for (int slot = 0; slot < BP_UPDATE; slot++) {
                const bool last = l == tried.bench.net.spec.layers;
                const bool output = slot == BP_OUTPUT_DELTA || slot == BP_LOSS_GRADIENT;
                const bool hidden = slot == BP_PROPAGATE || slot == BP_DERIVATIVE;
                if ((output && !last) || (hidden && last) ||
                    bp_ops_is_right(tried.bench.ops, l, (enum bp_slot)slot))
                    continue;
                run_guarded(&tried.bench, l, slot, key_of(&tried.list[i]));
            }
        ck_assert_msg(seal_all(&tried.bench) == before, "%s writes into the pass",
                      key_of(&tried.list[i]));
    }
    tried_close(&tried);
}
END_TEST

START_TEST(a_batch_of_one_does_not_upset_a_stage)
{
    struct tried tried;
    tried_open(&tried, _i);
    struct bench *bench = &tried.bench;
    for (size_t i = 0; i < tried.n; i++) {
        bench_plant(bench, &tried.list[i]);
        bench->pass.ops = bench->ops;
        bench->pass.grad = bench->wrong;
        bp_pass_forward(&bench->pass, 1, bench->x);
        bp_pass_backward(&bench->pass, bench->t);
        if (strcmp(tried.list[i].fault->name, "gradient-not-finite") != 0)
            for (size_t k = 0; k < bench->net.n_theta; k++)
                ck_assert_msg(isfinite(bench->wrong[k]), "%s: not finite", key_of(&tried.list[i]));
    }
    tried_close(&tried);
}
END_TEST

/* ---- what a prediction is worth --------------------------------------------- */

static bool jumps(const struct bp_fault *fault)
{
    return strcmp(fault->name, "rounded-prediction-in-error") == 0 ||
           strcmp(fault->name, "bias-integer-division") == 0 ||
           strcmp(fault->name, "gradient-not-finite") == 0;
}

/* A program that computes in float32 sees theta, x and t rounded: what is predicted
 * from theirs must be near what is predicted from ours. */
START_TEST(a_prediction_in_float_is_near_that_in_double)
{
    struct tried tried;
    tried_open(&tried, _i);
    struct bench *bench = &tried.bench;
    struct bench single;
    bench_open(&single, _i);
    for (size_t k = 0; k < bench->net.n_theta; k++)
        single.net.theta[k] = (double)(float)bench->net.theta[k];
    for (size_t k = 0; k < BENCH_BATCH * bench->net.spec.layer[0].width; k++)
        single.x[k] = (double)(float)bench->x[k];
    for (size_t i = 0; i < tried.n; i++) {
        bench_predict(bench, &tried.list[i]);
        bench_predict(&single, &tried.list[i]);
        ck_assert_msg(jumps(tried.list[i].fault) ||
                          bench_difference(bench, bench->wrong, single.wrong) < 1e-4,
                      "%s: %s is another in float", bench_network(_i), key_of(&tried.list[i]));
    }
    bench_close(&single);
    tried_close(&tried);
}
END_TEST

/* What is said to be the right gradient of another loss is that. */
static size_t check_other_loss(struct tried *tried, const struct bp_hypothesis *h)
{
    const size_t last = tried->bench.net.spec.layers;
    enum bp_loss loss;
    if (h->fault->of_loss == NULL || h->layer != last ||
        !h->fault->of_loss(&tried->bench.setting, h->variant, &loss))
        return 0;
    bench_predict(&tried->bench, h);
    const enum bp_loss own = tried->bench.net.spec.loss;
    ck_assert_int_ne(loss, own);
    tried->bench.net.spec.loss = loss;
    bench_gradient(&tried->bench, tried->bench.net.ops, tried->bench.right);
    tried->bench.net.spec.loss = own;
    /* softmax cross-entropy is exact for targets that add up to 1 only */
    if (loss == BP_SOFTMAX_CROSS_ENTROPY)
        return 1;
    ck_assert_msg(bench_difference(&tried->bench, tried->bench.right, tried->bench.wrong) < 1e-12,
                  "%s is not the gradient of %s", key_of(h), bp_loss_name(loss));
    return 1;
}

START_TEST(the_gradient_of_another_loss_is_that)
{
    size_t seen = 0;
    for (int k = 0; k < BENCH_NETWORKS; k++) {
        struct tried tried;
        tried_open(&tried, k);
        for (size_t i = 0; i < tried.n; i++)
            seen += check_other_loss(&tried, &tried.list[i]);
        tried_close(&tried);
    }
    ck_assert_uint_ge(seen, 5);
}
END_TEST

/* Names of stages in the whole that are known to be the same mathematics. */
START_TEST(a_wrong_sign_twice_is_right)
{
    struct bench bench;
    struct bp_hypothesis output = {
        .fault = bp_fault_find("sign-flipped"), .layer = 3, .neuron = BP_NO_NEURON};
    struct bp_hypothesis scale = {.fault = bp_fault_find("layer-sign-flipped"),
                                  .layer = BP_ALL_LAYERS,
                                  .neuron = BP_NO_NEURON};
    bench_open(&bench, 0);
    bench_gradient(&bench, bench.net.ops, bench.right);
    bench_plant(&bench, &output);
    bp_fault_plant(&scale, &bench.setting, bench.ops);
    bench_gradient(&bench, bench.ops, bench.wrong);
    ck_assert_mem_eq(bench.right, bench.wrong, bench.net.n_theta * sizeof(double));
    bench_close(&bench);
}
END_TEST

START_TEST(a_skipped_layer_is_zero_and_others_agree)
{
    struct bench bench;
    struct bp_hypothesis h = {
        .fault = bp_fault_find("skipped-layer"), .layer = 1, .neuron = BP_NO_NEURON};
    bench_open(&bench, 0);
    bench_gradient(&bench, bench.net.ops, bench.right);
    bench_predict(&bench, &h);
    size_t first;
    bp_mlp_block(&bench.net, 1, &first);
    for (size_t k = 0; k < bench.net.n_theta; k++)
        ck_assert_double_eq(bench.wrong[k], k < first ? 0.0 : bench.right[k]);
    bench_close(&bench);
}
END_TEST

/* ---- the list -------------------------------------------------------------- */

START_TEST(the_commonest_come_first)
{
    struct tried tried;
    tried_open(&tried, _i);
    for (size_t i = 1; i < tried.n; i++)
        ck_assert_double_le(tried.list[i - 1].cost, tried.list[i].cost);
    tried_close(&tried);
}
END_TEST

static bool listed(const struct tried *tried, const struct bp_fault *fault, int variant)
{
    for (size_t i = 0; i < tried->n; i++)
        if (tried->list[i].fault == fault && tried->list[i].variant == variant)
            return true;
    return false;
}

START_TEST(every_variant_applies_somewhere)
{
    struct tried tried[BENCHES];
    size_t tables;
    const struct bp_fault_table *const *table = bp_fault_tables(&tables);
    for (int k = 0; k < BENCHES; k++)
        tried_open(&tried[k], k);
    for (size_t i = 0; i < tables; i++)
        for (size_t f = 0; f < table[i]->n; f++)
            for (int v = 0; v < table[i]->fault[f].variants; v++) {
                bool found = table[i]->fault[f].kind != BP_KIND_GRADIENT;
                for (int k = 0; k < BENCHES && !found; k++)
                    found = listed(&tried[k], &table[i]->fault[f], v);
                ck_assert_msg(found, "%s/%d applies in no network of the test",
                              table[i]->fault[f].name, v);
            }
    for (int k = 0; k < BENCHES; k++)
        tried_close(&tried[k]);
}
END_TEST

START_TEST(without_neurons_none_is_listed)
{
    struct bench bench;
    struct bp_hypothesis *list;
    size_t n;
    bench_open(&bench, 0);
    ck_assert_int_eq(bp_fault_hypotheses(&bench.setting, false, &list, &n), BP_OK);
    for (size_t i = 0; i < n; i++)
        ck_assert_uint_eq(list[i].neuron, BP_NO_NEURON);
    bp_mem_free(list);
    bench_close(&bench);
}
END_TEST

START_TEST(memory_that_fails_leaves_nothing_held)
{
    struct bench bench;
    struct bp_hypothesis *list;
    size_t n;
    bench_open(&bench, 1);
    const size_t held = bp_mem_held();
    bp_mem_fail_at(0);
    ck_assert_int_eq(bp_fault_hypotheses(&bench.setting, true, &list, &n), BP_OK);
    const size_t calls = bp_mem_tried();
    bp_mem_free(list);
    ck_assert_uint_gt(calls, 0);
    for (size_t k = 1; k <= calls; k++) {
        bp_mem_fail_at(k);
        ck_assert_int_eq(bp_fault_hypotheses(&bench.setting, true, &list, &n), BP_ENOMEM);
        ck_assert_ptr_null(list);
        ck_assert_uint_eq(bp_mem_held(), held);
    }
    bp_mem_fail_at(0);
    bench_close(&bench);
}
END_TEST

Suite *faults_suite(void);
Suite *faults_suite(void)
{
    Suite *suite = suite_create("faults");
    TCase *tcase = tcase_create("faults");
    tcase_set_timeout(tcase, 60.0);
    tcase_add_loop_test(tcase, every_hypothesis_differs_from_right, 0, BENCHES);
    tcase_add_loop_test(tcase, undone_the_gradient_is_right_to_the_bit, 0, BENCHES);
    tcase_add_loop_test(tcase, only_stages_of_the_place_are_replaced, 0, BENCHES);
    tcase_add_test(tcase, a_network_without_a_fault_has_right_stages);
    tcase_add_loop_test(tcase, stages_write_out_and_nothing_else, 0, BENCHES);
    tcase_add_loop_test(tcase, a_batch_of_one_does_not_upset_a_stage, 0, BENCHES);
    tcase_add_loop_test(tcase, a_prediction_in_float_is_near_that_in_double, 0, BENCH_NETWORKS);
    tcase_add_test(tcase, the_gradient_of_another_loss_is_that);
    tcase_add_test(tcase, a_wrong_sign_twice_is_right);
    tcase_add_test(tcase, a_skipped_layer_is_zero_and_others_agree);
    tcase_add_loop_test(tcase, the_commonest_come_first, 0, BENCHES);
    tcase_add_test(tcase, every_variant_applies_somewhere);
    tcase_add_test(tcase, without_neurons_none_is_listed);
    tcase_add_test(tcase, memory_that_fails_leaves_nothing_held);
    suite_add_tcase(suite, tcase);
    return suite;
}
