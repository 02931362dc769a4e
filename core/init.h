/* init.h -- the starting weights.
 *
 *     zero
 *     constant  value
 *     uniform   in [low, high)
 *     normal    mean, sd
 *     glorot    uniform in +-sqrt(6 / (fan_in + fan_out))    (Glorot and Bengio 2010)
 *     he        normal, mean 0, sd sqrt(2 / fan_in)          (He et al. 2015)
 *
 * Weights and biases have a scheme each; all numbers come from one seed, in the
 * order of theta. For a bias, fan_in and fan_out are those of its layer's W.
 */
#ifndef BP_INIT_H
#define BP_INIT_H

#include "core/mlp.h"
#include "core/rng.h"

#define BP_SCHEME_LIST(X)                                                                          \
    X(BP_INIT_ZERO, "zero")                                                                        \
    X(BP_INIT_CONSTANT, "constant")                                                                \
    X(BP_INIT_UNIFORM, "uniform")                                                                  \
    X(BP_INIT_NORMAL, "normal")                                                                    \
    X(BP_INIT_GLOROT, "glorot")                                                                    \
    X(BP_INIT_HE, "he")

#define BP_SCHEME_ENUM(name, text) name,
enum bp_scheme { BP_SCHEME_LIST(BP_SCHEME_ENUM) BP_SCHEME_COUNT };
#undef BP_SCHEME_ENUM

struct bp_fill {
    enum bp_scheme scheme;
    double value;     /* constant */
    double low, high; /* uniform */
    double mean, sd;  /* normal */
};

struct bp_init {
    struct bp_fill weights;
    struct bp_fill biases;
    uint64_t seed;
};

const char *bp_scheme_name(enum bp_scheme scheme);
bool bp_scheme_parse(const char *text, enum bp_scheme *scheme);

/* Fills net->theta. */
void bp_init_run(const struct bp_init *init, struct bp_mlp *net);

/* The standard deviation that a fill gives to a tensor of this shape. */
double bp_fill_sd(const struct bp_fill *fill, size_t fan_in, size_t fan_out);

#endif
