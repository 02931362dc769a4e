/* planted.h -- for tests of the catalogue: networks at a general point (random
 * weights and biases, data that is not symmetric, unequal targets), where a wrong
 * gradient cannot be right by accident, and a fault planted in one.
 */
#ifndef BP_PLANTED_H
#define BP_PLANTED_H

#include "core/mlp.h"
#include "diag/faults/fault.h"

enum { BENCH_BATCH = 16, BENCH_NETWORKS = 9, BENCHES = 2 * BENCH_NETWORKS + 1 };
#define BENCH_RATE 0.3

struct bench {
    struct bp_mlp net;
    struct bp_pass pass;
    struct bp_ops *ops; /* [0 .. L]: stages with a fault in them */
    double *x, *t, *mask;
    double *right, *wrong; /* gradients */
    struct bp_setting setting;
};

/* Number k of BENCHES: the networks, the same with dropout masks, and one in which
 * some z are exactly 0. */
void bench_open(struct bench *bench, int k);
void bench_close(struct bench *bench);

/* As bench_open(), for a network that is none of them. */
void bench_open_network(struct bench *bench, const char *network, bool masked);

/* The description of bench k's network. */
const char *bench_network(int k);

/* One forward and one backward pass with these stages. */
void bench_gradient(struct bench *bench, const struct bp_ops *ops, double *grad);

/* bench->ops become the right ones, with the fault in them. */
void bench_plant(struct bench *bench, const struct bp_hypothesis *h);

/* bench->wrong becomes the gradient with the fault planted. */
void bench_predict(struct bench *bench, const struct bp_hypothesis *h);

/* The largest difference of a tensor's entries, beside the tensor's largest; infinite
 * when either is not finite. */
double bench_difference(const struct bench *bench, const double *g, const double *h);

/* Factors that are solved for are 1 in a list, which is right: gives another. */
void bench_give_factor(struct bp_hypothesis *h);

#endif
