/* check_faults.c -- every entry of the catalogue plants, predicts, and is undone;
 * its name reads back; its words are there. The loops run over the whole table, so
 * that a new entry is tested the moment it exists. */
#include "core/init.h"
#include "core/mem.h"
#include "core/rng.h"
#include "diag/faults/fault.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- a network at a general point ------------------------------------------ */

enum { BATCH = 16 };
static const double RATE = 0.3;

struct bench {
    struct bp_mlp net;
    struct bp_pass pass;
    struct bp_ops *ops; /* [0 .. L]: stages with a fault in them */
    double *x, *t, *mask;
    double *right, *wrong; /* gradients */
    struct bp_setting setting;
};

static const char *const NETWORK[] = {
    "3-4-3-2 sigmoid squared-error",
    "4-4-4-4-4 tanh squared-error sum l2=0.03",
    "3-5-3-3 relu,relu,sigmoid binary-cross-entropy l2=0.02",
    "3-3-3-3 leaky-relu,leaky-relu,softmax softmax-cross-entropy slope=0.1",
    "4-3-4-3 tanh,identity,softmax squared-error factor=2",
    "3-4-4-1 sigmoid,tanh,identity squared-error sum",
    "5-3-3-2 sigmoid squared-error no-bias l2=0.1",
    "2-1 sigmoid squared-error",
    "2-3-1 tanh,sigmoid binary-cross-entropy sum",
};
enum { NETWORKS = sizeof NETWORK / sizeof NETWORK[0] };

static void fill_targets(struct bench *bench, struct bp_rng *rng)
{
    const struct bp_spec *spec = &bench->net.spec;
    const size_t width = spec->layer[spec->layers].width;
    for (size_t k = 0; k < BATCH * width; k++)
        bench->t[k] = spec->loss == BP_SQUARED_ERROR          ? bp_rng_unit(rng)
                      : spec->loss == BP_BINARY_CROSS_ENTROPY ? (double)(bp_rng_unit(rng) < 0.5)
                                                              : 0.0;
    if (spec->loss == BP_SOFTMAX_CROSS_ENTROPY)
        for (size_t s = 0; s < BATCH; s++)
            bench->t[s * width + bp_rng_below(rng, width)] = 1.0;
}

/* Inverted dropout at every hidden layer, with one rate of staying: 0.5. */
static void set_masks(struct bench *bench, struct bp_rng *rng)
{
    double *at = bench->mask;
    for (size_t l = 1; l < bench->net.spec.layers; l++) {
        const size_t count = BATCH * bench->net.spec.layer[l].width;
        bench->pass.mask[l] = at;
        for (size_t k = 0; k < count; k++)
            *at++ = bp_rng_unit(rng) < 0.7 ? 2.0 : 0.0;
    }
    bench->setting.masked = true;
}

static void bench_open(struct bench *bench, const char *network, bool masked)
{
    struct bp_spec spec;
    struct bp_rng rng;
    *bench = (struct bench){0};
    ck_assert_int_eq(bp_spec_parse(&spec, network, NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&bench->net, &spec), BP_OK);
    ck_assert_int_eq(bp_pass_init(&bench->pass, &bench->net, BATCH), BP_OK);
    bp_rng_seed(&rng, 5);
    bench->ops = bp_mem_new(spec.layers + 1, sizeof *bench->ops);
    bench->x = bp_mem_new(BATCH * spec.layer[0].width, sizeof(double));
    bench->t = bp_mem_new(BATCH * spec.layer[spec.layers].width, sizeof(double));
    bench->mask = bp_mem_new(BATCH * bench->net.n_units, sizeof(double));
    bench->right = bp_mem_new(bench->net.n_theta, sizeof(double));
    bench->wrong = bp_mem_new(bench->net.n_theta, sizeof(double));
    for (size_t k = 0; k < bench->net.n_theta; k++)
        bench->net.theta[k] = bp_rng_normal(&rng) *
                              (bp_mlp_tensor_of(&bench->net, k)->role == BP_WEIGHTS ? 0.8 : 0.3);
    for (size_t k = 0; k < BATCH * spec.layer[0].width; k++)
        bench->x[k] = 2.0 * bp_rng_normal(&rng);
    fill_targets(bench, &rng);
    bench->setting = (struct bp_setting){.net = &bench->net, .n = BATCH, .rate = RATE};
    if (masked)
        set_masks(bench, &rng);
    bp_spec_release(&spec);
}

static void bench_close(struct bench *bench)
{
    bp_pass_release(&bench->pass);
    bp_mlp_release(&bench->net);
    bp_mem_free(bench->ops);
    bp_mem_free(bench->x);
    bp_mem_free(bench->t);
    bp_mem_free(bench->mask);
    bp_mem_free(bench->right);
    bp_mem_free(bench->wrong);
}

static void gradient(struct bench *bench, const struct bp_ops *ops, double *grad)
{
    bench->pass.ops = ops;
    bench->pass.grad = grad;
    bench->pass.rate = RATE;
    bp_pass_forward(&bench->pass, BATCH, bench->x);
    bp_pass_backward(&bench->pass, bench->t);
}

static void plant(struct bench *bench, const struct bp_hypothesis *h)
{
    for (size_t l = 0; l <= bench->net.spec.layers; l++)
        bench->ops[l] = *bp_ops_right();
    bp_fault_plant(h, &bench->setting, bench->ops);
}

/* The largest difference of a tensor, beside its largest entry. */
static double difference(const struct bench *bench, const double *g, const double *h)
{
    double worst = 0.0;
    for (size_t i = 0; i < bench->net.n_tensors; i++) {
        const struct bp_tensor *tensor = &bench->net.tensor[i];
        double size = 0.0;
        double apart = 0.0;
        for (size_t k = tensor->offset; k < tensor->offset + tensor->count; k++) {
            if (!isfinite(g[k]) || !isfinite(h[k]))
                return INFINITY;
            size = fmax(size, fmax(fabs(g[k]), fabs(h[k])));
            apart = fmax(apart, fabs(g[k] - h[k]));
        }
        worst = fmax(worst, size == 0.0 ? 0.0 : apart / size);
    }
    return worst;
}

/* ---- planting -------------------------------------------------------------- */

/* Factors that are solved for are 1 in the list, which is right. */
static void give_factor(struct bp_hypothesis *h)
{
    if (h->fault->solved)
        h->factor = 0.37;
}

START_TEST(every_hypothesis_differs_from_right)
{
    struct bench bench;
    struct bp_hypothesis *list;
    size_t n;
    char key[BP_HYPOTHESIS_TEXT_MAX];
    bench_open(&bench, NETWORK[_i % NETWORKS], _i >= NETWORKS);
    gradient(&bench, bench.net.ops, bench.right);
    ck_assert_int_eq(bp_fault_hypotheses(&bench.setting, true, &list, &n), BP_OK);
    ck_assert_uint_gt(n, 20);
    for (size_t i = 0; i < n; i++) {
        give_factor(&list[i]);
        plant(&bench, &list[i]);
        gradient(&bench, bench.ops, bench.wrong);
        bp_fault_key(&list[i], key, sizeof key);
        ck_assert_msg(difference(&bench, bench.right, bench.wrong) > 1e-6, "%s: %s is right",
                      NETWORK[_i % NETWORKS], key);
    }
    bp_mem_free(list);
    bench_close(&bench);
}
END_TEST

Suite *faults_suite(void);
Suite *faults_suite(void)
{
    Suite *suite = suite_create("faults");
    TCase *tcase = tcase_create("faults");
    tcase_add_loop_test(tcase, every_hypothesis_differs_from_right, 0, 2 * NETWORKS);
    suite_add_tcase(suite, tcase);
    return suite;
}
