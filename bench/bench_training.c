/* bench_training.c -- one epoch of training: beside others, and with statistics of every
 * neuron at every step (mean, mean of the absolute value, largest, share of zeros), in
 * memory and to a file: of delta, which is the goal's, and of z, a and delta together. */
#include "bench/bench.h"

#include "core/sgd.h"
#include "diag/trace.h"

#include <stdlib.h>
#include <string.h>

#define TRACE "out/bench-trace.tsv"
#define NETWORK "784-30-10 sigmoid squared-error"

enum { DIGITS = 10000, BATCH = 10 };

struct epoch {
    struct bench_net *b;
    const char *path; /* of the trace's file, or NULL */
    bool traced;
    unsigned kinds; /* as of bp_trace_options */
    double *start;  /* theta to begin from: every run is the same one */
};

static double run_epoch(void *self)
{
    const struct epoch *job = self;
    const struct bp_train train = {.rate = 0.5, .batch = BATCH, .epochs = 1, .shuffle = true};
    const struct bp_trace_options options = {
        .path = job->path, .kinds = job->kinds, .every_step = 1};
    struct bp_sgd sgd;
    struct bp_trace trace;
    if (job->path != NULL)
        (void)remove(job->path); /* what the last run left is not this one's to clear away */
    memcpy(job->b->net.theta, job->start, job->b->net.n_theta * sizeof(double));
    if (bp_sgd_init(&sgd, &job->b->net, &train, job->b->n, job->b->x, job->b->t) != BP_OK)
        return -1.0;
    if (job->traced && bp_trace_init(&trace, &job->b->net, &options, NULL) != BP_OK)
        return -1.0;
    const double start = bench_now();
    (void)bp_sgd_epoch(&sgd, job->traced ? &trace.observer : NULL);
    if (job->traced)
        (void)bp_trace_finish(&trace, NULL);
    const double seconds = bench_now() - start;
    if (job->traced)
        bp_trace_release(&trace);
    bp_sgd_release(&sgd);
    return seconds;
}

static void beside(const struct bench_job *own, struct bench_peer *peer, const char *name,
                   double goal)
{
    struct bench_asked asked = {peer, "epoch 784 30 10 10 10000"};
    const struct bench_job other = {bench_ask, &asked};
    bench_row(name, bench_ratio(&other, own, 5), ">=", goal);
    bench_peer_close(peer);
}

/* How many times as long an epoch takes with statistics of these kinds. */
static double traced(struct epoch plain, unsigned kinds, const char *path)
{
    struct epoch watched = plain;
    watched.traced = true;
    watched.kinds = kinds;
    watched.path = path;
    const struct bench_job off = {run_epoch, &plain}, on = {run_epoch, &watched};
    return bench_ratio(&on, &off, path == NULL ? 15 : 9);
}

static void bench_tracing(struct epoch plain)
{
    const unsigned delta = BP_TRACE_BIT(BP_TRACE_DELTA);
    const unsigned all = delta | BP_TRACE_BIT(BP_TRACE_Z) | BP_TRACE_BIT(BP_TRACE_A);
    bench_row("delta_statistics_every_step_in_memory", traced(plain, delta, NULL), "<=", 1.03);
    bench_row("delta_statistics_every_step_to_file", traced(plain, delta, TRACE), "<=", 1.2);
    bench_further("z_a_delta_statistics_every_step_in_memory", traced(plain, all, NULL));
    bench_further("z_a_delta_statistics_every_step_to_file", traced(plain, all, TRACE));
    (void)remove(TRACE);
}

void bench_training(void)
{
    struct bench_net b;
    struct bench_peer peer;
    bench_net_init(&b, NETWORK, DIGITS);
    double *start = malloc(b.net.n_theta * sizeof *start);
    if (start == NULL)
        return;
    memcpy(start, b.net.theta, b.net.n_theta * sizeof *start);
    struct epoch plain = {.b = &b, .start = start};
    const struct bench_job off = {run_epoch, &plain};
    bench_tracing(plain);
    if (bench_open_python(&peer, "torch", "bench/peers/torch_peer.py"))
        beside(&off, &peer, "epoch_torch_nn_vs_own", 8);
    if (bench_open_python(&peer, "numpy", "bench/peers/numpy_peer.py"))
        beside(&off, &peer, "epoch_numpy_vs_own", 3);
    if (bench_open_built(&peer, "libfann-dev", "fann_peer"))
        beside(&off, &peer, "epoch_fann_vs_own", 10);
    free(start);
    bench_net_release(&b);
}
