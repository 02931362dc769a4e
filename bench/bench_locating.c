/* bench_locating.c -- one wrong entry, off by 0.1 %, among many: how many evaluations of
 * the loss until it is named and confirmed? */
#include "bench/bench.h"

#include "core/mem.h"
#include "core/rng.h"
#include "diag/locate.h"

#include <math.h>
#include <string.h>

enum { TRIALS = 5 };

/* An entry about as large as the average of its tensor, with a number of its own. */
static size_t draw_entry(const struct bench_net *b, struct bp_rng *rng, const struct bp_tensor *w)
{
    double sum = 0.0;
    for (size_t k = w->offset; k < w->offset + w->count; k++)
        sum += fabs(b->net.grad[k]);
    for (;;) {
        const size_t k = w->offset + bp_rng_below(rng, w->count);
        if (fabs(b->net.grad[k]) * (double)w->count >= sum)
            return k;
    }
}

/* The evaluations of one search; NaN when it named anything else. */
static double evaluations(struct bench_net *b, double *g, size_t k)
{
    const struct bp_claim claim = {.g = g, .precision = 0x1p-53};
    struct bp_locate found;
    memcpy(g, b->net.grad, b->net.n_theta * sizeof *g);
    g[k] *= 1.001;
    if (bp_locate_run(&found, &b->at, &b->net, &claim, NULL, NULL) != BP_OK)
        return NAN;
    const bool right = found.n_wrong == 1 && found.wrong[0].k == k;
    const double count = (double)bp_locate_evaluations(&found);
    bp_locate_release(&found);
    return right ? count : NAN;
}

static void among(const char *text, size_t n, int trials, const char *name)
{
    struct bench_net b;
    struct bp_rng rng;
    int named = 0;
    double most = 0.0;
    bench_net_init(&b, text, n);
    bp_rng_seed(&rng, 5);
    bp_pass_forward(&b.pass, n, b.x);
    bp_pass_backward(&b.pass, b.t);
    double *g = bp_mem_new(b.net.n_theta, sizeof *g);
    const double start = bench_now();
    for (int trial = 0; g != NULL && trial < trials; trial++) {
        const struct bp_tensor *w = bp_mlp_weights(&b.net, 1 + (size_t)trial % b.net.spec.layers);
        const double count = evaluations(&b, g, draw_entry(&b, &rng, w));
        named += !isnan(count);
        most = fmax(most, isnan(count) ? 0.0 : count);
    }
    bench_row(name, named > 0 ? most : NAN, "<=", 50);
    bench_note("    (%zu parameters: %d of %d entries named, the most evaluations of them; %.3g s "
               "each)",
               b.net.n_theta, named, trials, (bench_now() - start) / trials);
    bp_mem_free(g);
    bench_net_release(&b);
}

void bench_locating(void)
{
    among("784-30-10 sigmoid squared-error", 10, TRIALS, "locate_evaluations_24_thousand");
    among("784-300-100-10 sigmoid squared-error", 10, TRIALS, "locate_evaluations_267_thousand");
    among("784-3000-2500-10 sigmoid squared-error", 2, 3, "locate_evaluations_9.9_million");
}
