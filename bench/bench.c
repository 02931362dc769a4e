/* bench.c -- the table of "make bench": every goal measured, in one run.
 *
 *     bench [GROUP ...]        tiers, training, locating, growth; all of them without
 *     bench --once JOB NETWORK N
 *                              one job once, for counting instructions: naive (40
 *                              parameters), structured, delta-form, node (as it is
 *                              called), node-core, backprop
 */
#include "bench/bench.h"

#include "core/kernel.h"
#include "diag/numdiff_node.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
    const char *name;
    void (*run)(void);
} GROUP[] = {{"tiers", bench_tiers},
             {"training", bench_training},
             {"locating", bench_locating},
             {"growth", bench_growth}};
enum { GROUPS = sizeof GROUP / sizeof GROUP[0], NAIVE_SAMPLE = 40 };

/* What callgrind collects in; nothing else is counted. */
__attribute__((noinline)) void bench_counted(void (*run)(void *self), void *self);
void bench_counted(void (*run)(void *self), void *self)
{
    run(self);
}

struct once {
    struct bench_net b;
    struct bench_tier tier;
    struct bp_node node;
    struct bp_numdiff d;
};

static void once_tier(void *self)
{
    struct once *once = self;
    (void)bench_run_tier(&once->tier);
}

static void once_node(void *self)
{
    struct once *once = self;
    bp_node_run(&once->node);
}

static void once_backprop(void *self)
{
    struct once *once = self;
    bp_pass_forward(&once->b.pass, once->b.n, once->b.x);
    bp_pass_backward(&once->b.pass, once->b.t);
}

static int count_once(const char *job, const char *network, size_t n)
{
    struct once once = {0};
    bench_net_init(&once.b, network, n);
    once.tier = (struct bench_tier){.b = &once.b, .deltas = strcmp(job, "node") == 0};
    if (strcmp(job, "backprop") == 0) {
        bench_counted(once_backprop, &once);
    } else if (strcmp(job, "node-core") == 0) {
        const struct bp_numdiff_options options = {.tier = BP_TIER_NODE};
        if (bp_numdiff_run(&once.d, &once.b.at, &options, NULL) != BP_OK ||
            bp_node_init(&once.node, &once.b.at, &once.d, 1) != BP_OK)
            return 2;
        bench_counted(once_node, &once);
        bp_node_release(&once.node);
        bp_numdiff_release(&once.d);
    } else {
        const bool naive = strcmp(job, "naive") == 0;
        once.tier.sample = naive ? NAIVE_SAMPLE : 0;
        if (!bp_tier_parse(naive ? "richardson" : job, &once.tier.tier))
            return 2;
        bench_counted(once_tier, &once);
    }
    printf("%zu of %zu parameters\n",
           strcmp(job, "naive") == 0 ? (size_t)NAIVE_SAMPLE : once.b.net.n_theta,
           once.b.net.n_theta);
    bench_net_release(&once.b);
    return 0;
}

static bool is_wanted(int argc, char **argv, const char *name)
{
    for (int k = 1; k < argc; k++)
        if (strcmp(argv[k], name) == 0)
            return true;
    return argc < 2;
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "--once") == 0)
        return count_once(argv[2], argv[3], (size_t)strtoul(argv[4], NULL, 10));
    (void)mkdir("out", 0777);
    (void)remove("out/bench.tsv.tmp");
    bench_note("kernels: %s; one thread; ratios of medians of runs in turn", bp_kernel_name());
    for (size_t k = 0; k < GROUPS; k++)
        if (is_wanted(argc, argv, GROUP[k].name)) {
            bench_note("\n%s", GROUP[k].name);
            GROUP[k].run();
        }
    if (rename("out/bench.tsv.tmp", "out/bench.tsv") != 0) {
        fprintf(stderr, "bench: out/bench.tsv cannot be written\n");
        return 2;
    }
    bench_note("\nout/bench.tsv");
    return 0;
}
