/* planted.c -- see planted.h. */
#include "planted.h"

#include "core/mem.h"
#include "core/rng.h"

#include <check.h>
#include <math.h>

static const char *const NETWORK[BENCH_NETWORKS] = {
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

static void fill_targets(struct bench *bench, struct bp_rng *rng)
{
    const struct bp_spec *spec = &bench->net.spec;
    const size_t width = spec->layer[spec->layers].width;
    for (size_t k = 0; k < BENCH_BATCH * width; k++)
        bench->t[k] = spec->loss == BP_SQUARED_ERROR          ? bp_rng_unit(rng)
                      : spec->loss == BP_BINARY_CROSS_ENTROPY ? (double)(bp_rng_unit(rng) < 0.5)
                                                              : 0.0;
    if (spec->loss == BP_SOFTMAX_CROSS_ENTROPY)
        for (size_t s = 0; s < BENCH_BATCH; s++)
            bench->t[s * width + bp_rng_below(rng, width)] = 1.0;
}

/* Inverted dropout at every hidden layer, with one rate of staying: 0.5. */
static void set_masks(struct bench *bench, struct bp_rng *rng)
{
    double *at = bench->mask;
    for (size_t l = 1; l < bench->net.spec.layers; l++) {
        const size_t count = BENCH_BATCH * bench->net.spec.layer[l].width;
        bench->pass.mask[l] = at;
        for (size_t k = 0; k < count; k++)
            *at++ = bp_rng_unit(rng) < 0.7 ? 2.0 : 0.0;
    }
    bench->setting.masked = true;
}

void bench_open_network(struct bench *bench, const char *network, bool masked)
{
    struct bp_spec spec;
    struct bp_rng rng;
    *bench = (struct bench){0};
    ck_assert_int_eq(bp_spec_parse(&spec, network, NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&bench->net, &spec), BP_OK);
    ck_assert_int_eq(bp_pass_init(&bench->pass, &bench->net, BENCH_BATCH), BP_OK);
    bp_rng_seed(&rng, 5);
    bench->ops = bp_mem_new(spec.layers + 1, sizeof *bench->ops);
    bench->x = bp_mem_new(BENCH_BATCH * spec.layer[0].width, sizeof(double));
    bench->t = bp_mem_new(BENCH_BATCH * spec.layer[spec.layers].width, sizeof(double));
    bench->mask = bp_mem_new(BENCH_BATCH * bench->net.n_units, sizeof(double));
    bench->right = bp_mem_new(bench->net.n_theta, sizeof(double));
    bench->wrong = bp_mem_new(bench->net.n_theta, sizeof(double));
    for (size_t k = 0; k < bench->net.n_theta; k++)
        bench->net.theta[k] = bp_rng_normal(&rng) *
                              (bp_mlp_tensor_of(&bench->net, k)->role == BP_WEIGHTS ? 0.8 : 0.3);
    for (size_t k = 0; k < BENCH_BATCH * spec.layer[0].width; k++)
        bench->x[k] = 2.0 * bp_rng_normal(&rng);
    fill_targets(bench, &rng);
    bench->setting = (struct bp_setting){.net = &bench->net, .n = BENCH_BATCH, .rate = BENCH_RATE};
    if (masked)
        set_masks(bench, &rng);
    bp_spec_release(&spec);
}

void bench_close(struct bench *bench)
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

void bench_gradient(struct bench *bench, const struct bp_ops *ops, double *grad)
{
    bench->pass.ops = ops;
    bench->pass.grad = grad;
    bench->pass.rate = BENCH_RATE;
    bp_pass_forward(&bench->pass, BENCH_BATCH, bench->x);
    bp_pass_backward(&bench->pass, bench->t);
}

void bench_plant(struct bench *bench, const struct bp_hypothesis *h)
{
    for (size_t l = 0; l <= bench->net.spec.layers; l++)
        bench->ops[l] = *bp_ops_right();
    bp_fault_plant(h, &bench->setting, bench->ops);
}

/* The largest difference of a tensor, beside its largest entry. */
double bench_difference(const struct bench *bench, const double *g, const double *h)
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

/* ---- benches --------------------------------------------------------------- */

const char *bench_network(int k)
{
    return k == 2 * BENCH_NETWORKS ? "2-3-3-1 relu,relu,sigmoid squared-error"
                                   : NETWORK[k % BENCH_NETWORKS];
}

/* The first input is 0 where the first layer has no bias: z is 0 there. */
static void make_zeros(struct bench *bench)
{
    const struct bp_tensor *b = bp_mlp_biases(&bench->net, 1);
    for (size_t k = 0; k < b->count; k++)
        bench->net.theta[b->offset + k] = 0.0;
    for (size_t s = 0; s < BENCH_BATCH / 2; s++)
        for (size_t j = 0; j < bench->net.spec.layer[0].width; j++)
            bench->x[s * bench->net.spec.layer[0].width + j] = 0.0;
    bench->net.theta[bp_mlp_biases(&bench->net, 2)->offset] = 0.0;
    bench->setting.zeros = true;
}

void bench_open(struct bench *bench, int k)
{
    bench_open_network(bench, bench_network(k), k >= BENCH_NETWORKS && k < 2 * BENCH_NETWORKS);
    if (k == 2 * BENCH_NETWORKS)
        make_zeros(bench);
}

void bench_predict(struct bench *bench, const struct bp_hypothesis *h)
{
    bench_plant(bench, h);
    bench_gradient(bench, bench->ops, bench->wrong);
}

void bench_give_factor(struct bp_hypothesis *h)
{
    if (h->fault->solved)
        h->factor = 0.37;
}
