/* bench_training.c -- one epoch of training: beside others, and with a trace of every
 * neuron at every step, in memory and to a file. */
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
    struct epoch memory = {.b = &b, .start = start, .traced = true};
    struct epoch file = {.b = &b, .start = start, .traced = true, .path = TRACE};
    struct epoch delta = file;
    delta.kinds = BP_TRACE_BIT(BP_TRACE_DELTA);
    const struct bench_job off = {run_epoch, &plain};
    const struct bench_job in_memory = {run_epoch, &memory}, to_file = {run_epoch, &file};
    const struct bench_job deltas = {run_epoch, &delta};
    bench_row("trace_every_step_in_memory", bench_ratio(&in_memory, &off, 15), "<=", 1.03);
    bench_row("trace_every_step_to_file", bench_ratio(&to_file, &off, 9), "<=", 1.2);
    bench_row("trace_delta_every_step_to_file", bench_ratio(&deltas, &off, 9), "<=", 1.2);
    (void)remove(TRACE);
    if (bench_open_python(&peer, "torch", "bench/peers/torch_peer.py"))
        beside(&off, &peer, "epoch_torch_nn_vs_own", 8);
    if (bench_open_python(&peer, "numpy", "bench/peers/numpy_peer.py"))
        beside(&off, &peer, "epoch_numpy_vs_own", 3);
    if (bench_open_built(&peer, "libfann-dev", "fann_peer"))
        beside(&off, &peer, "epoch_fann_vs_own", 10);
    free(start);
    bench_net_release(&b);
}
