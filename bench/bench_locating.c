/* bench_locating.c -- one wrong entry, off by 0.1 %, among many: how many evaluations of
 * the loss until it is detected, located and confirmed, all told?
 *
 * The loss is a function that is called and no more; shapes are known. The entry is an
 * average one of its tensor (between its mean |g| and twice that), each tensor in turn;
 * every trial has signs of its own. The row is the most that any trial took.
 */
#include "bench/bench.h"

#include "core/mem.h"
#include "core/rng.h"
#include "diag/locate.h"

#include <math.h>
#include <string.h>

/* An entry between the mean |g| of its tensor and twice that. */
static size_t draw_entry(const struct bench_net *b, struct bp_rng *rng, const struct bp_tensor *w)
{
    double sum = 0.0;
    for (size_t k = w->offset; k < w->offset + w->count; k++)
        sum += fabs(b->net.grad[k]);
    for (;;) {
        const size_t k = w->offset + bp_rng_below(rng, w->count);
        const double size = fabs(b->net.grad[k]) * (double)w->count;
        if (size >= sum && size <= 2.0 * sum)
            return k;
    }
}

static enum bp_status call(void *self, const double *theta, double *loss, struct bp_error *error)
{
    struct bench_net *b = self;
    (void)error;
    b->pass.theta = theta;
    bp_pass_forward(&b->pass, b->n, b->x);
    *loss = bp_pass_loss(&b->pass, b->t);
    return BP_OK;
}

/* One search for entry k; false when it named anything else. */
static bool search(struct bench_net *b, double *g, size_t k, uint64_t seed, struct bp_locate *found)
{
    const struct bp_claim claim = {.g = g, .precision = 0x1p-53};
    const struct bp_locate_options options = {.seed = seed};
    const struct bp_loss_at at = {
        .call = call, .self = b, .n = b->n, .n_theta = b->net.n_theta, .theta = b->net.theta};
    memcpy(g, b->net.grad, b->net.n_theta * sizeof *g);
    g[k] *= 1.001;
    if (bp_locate_run(found, &at, &b->net, &claim, &options, NULL) != BP_OK)
        return false;
    return found->n_wrong == 1 && found->n_blocks == 0 && found->wrong[0].k == k;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void among(const char *text, size_t n, size_t trials, const char *name)
{
    struct bench_net b;
    struct bp_rng rng;
    size_t named = 0, detecting = 0, locating = 0, confirming = 0, most = 0;
    bench_net_init(&b, text, n);
    bp_rng_seed(&rng, 5);
    bp_pass_forward(&b.pass, n, b.x);
    bp_pass_backward(&b.pass, b.t);
    double *g = bp_mem_new(b.net.n_theta, sizeof *g);
    const double start = bench_now();
    for (size_t trial = 0; g != NULL && trial < trials; trial++) {
        struct bp_locate found = {0};
        const struct bp_tensor *w = &b.net.tensor[trial % b.net.n_tensors];
        named += search(&b, g, draw_entry(&b, &rng, w), trial + 1, &found);
        detecting = larger(detecting, found.detecting);
        locating = larger(locating, found.locating);
        confirming = larger(confirming, found.confirming);
        most = larger(most, bp_locate_evaluations(&found));
        bp_locate_release(&found);
    }
    bench_row(name, named == trials ? (double)most : NAN, "<=", 50);
    bench_note("    (%zu parameters: %zu of %zu entries named; at most %zu to detect, %zu to "
               "locate,\n    %zu to confirm, %zu all told; %.3g s each)",
               b.net.n_theta, named, trials, detecting, locating, confirming, most,
               (bench_now() - start) / (double)trials);
    bp_mem_free(g);
    bench_net_release(&b);
}

void bench_locating(void)
{
    among("784-30-10 sigmoid squared-error", 10, 20, "locate_evaluations_24_thousand");
    among("784-300-100-10 sigmoid squared-error", 10, 20, "locate_evaluations_267_thousand");
    among("784-3000-2500-10 sigmoid squared-error", 2, 6, "locate_evaluations_9.9_million");
}
