/* bench_tiers.c -- the ways to check every derivative, beside each other, beside one
 * backpropagation, and beside what others offer. */
#include "bench/bench.h"

#include "core/mem.h"
#include "diag/numdiff_node.h"

#include <math.h>

#define SMALL_NET "784-30-10 sigmoid squared-error"
#define LARGE_NET "784-300-100-10 sigmoid squared-error"

static struct bench_job tier_job(struct bench_tier *tier)
{
    return (struct bench_job){bench_run_tier, tier};
}

/* Both with Richardson: 6 evaluations a parameter, on the same kernels. */
static void against_naive(const char *text, size_t n, size_t sample, int turns, const char *name,
                          double goal)
{
    struct bench_net b;
    char more[64];
    bench_net_init(&b, text, n);
    struct bench_tier naive = {.b = &b, .tier = BP_TIER_RICHARDSON, .sample = sample};
    struct bench_tier structured = {.b = &b, .tier = BP_TIER_STRUCTURED};
    struct bench_tier delta = {.b = &b, .tier = BP_TIER_DELTA_FORM};
    const struct bench_job slow = tier_job(&naive), fast = tier_job(&structured);
    const struct bench_job exact = tier_job(&delta);
    const double ratio = bench_ratio(&slow, &fast, turns);
    bench_row(name, ratio, ">=", goal);
    bench_note("    (naive on %zu of %zu parameters, scaled)", sample, b.net.n_theta);
    snprintf(more, sizeof more, "delta form, the same");
    bench_note("    %-42s %10.4g", more, bench_ratio(&slow, &exact, turns));
    bench_net_release(&b);
}

/* ---- the node tier -------------------------------------------------------- */

struct node_job {
    struct bp_node node;
    struct bp_numdiff d;
};

static double run_node(void *self)
{
    enum { TIMES = 4 };
    struct node_job *job = self;
    const double start = bench_now();
    for (int k = 0; k < TIMES; k++)
        bp_node_run(&job->node);
    return (bench_now() - start) / TIMES;
}

/* The core of the tier, on memory that is there already as backpropagation has it; then
 * the tier as it is called, with its spot checks and its memory. */
static void against_backprop(const char *text, size_t n, const char *core, const char *whole,
                             double goal)
{
    struct bench_net b;
    struct node_job node = {0};
    bench_net_init(&b, text, n);
    const struct bp_numdiff_options options = {.tier = BP_TIER_NODE};
    if (bp_numdiff_run(&node.d, &b.at, &options, NULL) != BP_OK ||
        bp_node_init(&node.node, &b.at, &node.d, 1) != BP_OK)
        return;
    const struct bench_job one = {run_node, &node}, backprop = {bench_backprop, &b};
    bench_row(core, bench_ratio(&one, &backprop, 63), "<=", goal);
    struct bench_tier tier = {.b = &b, .tier = BP_TIER_NODE, .deltas = true};
    const struct bench_job called = tier_job(&tier);
    bench_row(whole, bench_ratio(&called, &backprop, 63), "<=", goal);
    bp_node_release(&node.node);
    bp_numdiff_release(&node.d);
    bench_net_release(&b);
}

static void against_blas(struct bench_peer *blas, const char *text, size_t n, const char *question,
                         const char *name)
{
    struct bench_net b;
    bench_net_init(&b, text, n);
    struct bench_asked asked = {blas, question};
    const struct bench_job own = {bench_backprop, &b}, peer = {bench_ask, &asked};
    bench_row(name, bench_ratio(&own, &peer, 31), "<=", 1.2);
    bench_net_release(&b);
}

/* ---- accuracy ------------------------------------------------------------- */

/* Largest difference from backprop, over the largest gradient. */
static double off(struct bench_net *b, enum bp_tier_id tier)
{
    const struct bp_numdiff_options options = {.tier = tier};
    struct bp_numdiff d;
    double worst = 0.0, top = 0.0;
    if (bp_numdiff_run(&d, &b->at, &options, NULL) != BP_OK)
        return NAN;
    for (size_t k = 0; k < d.n_theta; k++) {
        worst = fmax(worst, fabs(d.value[k] - b->net.grad[k]));
        top = fmax(top, fabs(b->net.grad[k]));
    }
    bp_numdiff_release(&d);
    return worst / top;
}

static void accuracy(void)
{
    struct bench_net b;
    bench_net_init(&b, SMALL_NET, 100);
    (void)bench_backprop(&b);
    bench_row("error_structured_784_30_10_n100", off(&b, BP_TIER_STRUCTURED), "<=", 1e-12);
    bench_row("error_delta_form_784_30_10_n100", off(&b, BP_TIER_DELTA_FORM), "<=", 1e-15);
    bench_row("error_node_784_30_10_n100", off(&b, BP_TIER_NODE), "<=", 1e-15);
    bench_net_release(&b);
}

/* ---- others --------------------------------------------------------------- */

static void against_torch(void)
{
    struct bench_peer torch;
    struct bench_net b;
    if (!bench_open_python(&torch, "torch", "bench/peers/torch_peer.py"))
        return;
    bench_net_init(&b, SMALL_NET, 10);
    struct bench_asked full = {&torch, "gradcheck-full 784 30 10 10"};
    struct bench_asked fast = {&torch, "gradcheck-fast 784 30 10 10"};
    struct bench_tier structured = {.b = &b, .tier = BP_TIER_STRUCTURED};
    struct bench_tier delta = {.b = &b, .tier = BP_TIER_DELTA_FORM};
    const struct bench_job full_job = {bench_ask, &full}, fast_job = {bench_ask, &fast};
    const struct bench_job own = tier_job(&structured), exact = tier_job(&delta);
    const struct bench_job once = {bench_ask, &full};
    const double seconds = bench_median(&once, 1); /* long: one run, ours many */
    (void)full_job;
    bench_note("    torch.autograd.gradcheck took %.3g s", seconds);
    bench_row("structured_vs_torch_full_784_30_10_n10", seconds / bench_median(&own, 9), ">=", 500);
    bench_row("delta_form_vs_torch_full_784_30_10_n10", seconds / bench_median(&exact, 15),
              ">=", 1400);
    bench_row("delta_form_vs_torch_fast_784_30_10_n10", bench_ratio(&fast_job, &exact, 9), ">=", 1);
    bench_net_release(&b);
    bench_peer_close(&torch);
}

static void against_numpy(void)
{
    struct bench_peer numpy;
    struct bench_net b;
    if (!bench_open_python(&numpy, "numpy", "bench/peers/numpy_peer.py"))
        return;
    bench_net_init(&b, SMALL_NET, 10);
    struct bench_asked loop = {&numpy, "gradcheck 784 30 10 10"};
    struct bench_tier naive = {.b = &b, .tier = BP_TIER_CENTRAL, .sample = 200};
    const struct bench_job peer = {bench_ask, &loop}, own = tier_job(&naive);
    bench_note("    %-42s %10.4g", "a central-difference loop / naive central here",
               bench_ratio(&peer, &own, 3));
    bench_net_release(&b);
    bench_peer_close(&numpy);
}

void bench_tiers(void)
{
    struct bench_peer blas;
    against_naive(SMALL_NET, 10, 600, 5, "structured_vs_naive_784_30_10_n10", 80);
    against_naive(SMALL_NET, 100, 200, 5, "structured_vs_naive_784_30_10_n100", 150);
    against_naive(LARGE_NET, 100, 24, 1, "structured_vs_naive_784_300_100_10_n100", 100);
    against_backprop(SMALL_NET, 100, "node_core_vs_backprop_784_30_10_n100",
                     "node_as_called_vs_backprop_784_30_10_n100", 1.5);
    against_backprop(LARGE_NET, 100, "node_core_vs_backprop_784_300_100_10_n100",
                     "node_as_called_vs_backprop_784_300_100_10_n100", 3);
    if (bench_open_built(&blas, "libopenblas-dev", "blas_peer")) {
        against_blas(&blas, SMALL_NET, 100, "backprop 784 30 10 100",
                     "backprop_vs_openblas_784_30_10_n100");
        against_blas(&blas, LARGE_NET, 100, "backprop 784 300 100 10 100",
                     "backprop_vs_openblas_784_300_100_10_n100");
        bench_peer_close(&blas);
    }
    accuracy();
    against_torch();
    against_numpy();
}
