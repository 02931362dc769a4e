/* init.c -- see init.h. */
#include "core/init.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const char *const NAME[] = {
#define BP_SCHEME_TEXT(name, text) text,
    BP_SCHEME_LIST(BP_SCHEME_TEXT)
#undef BP_SCHEME_TEXT
};

const char *bp_scheme_name(enum bp_scheme scheme)
{
    assert((unsigned)scheme < BP_SCHEME_COUNT);
    return NAME[scheme];
}

bool bp_scheme_parse(const char *text, enum bp_scheme *scheme)
{
    for (unsigned k = 0; k < BP_SCHEME_COUNT; k++)
        if (strcmp(text, NAME[k]) == 0) {
            *scheme = (enum bp_scheme)k;
            return true;
        }
    return false;
}

static double glorot_bound(size_t fan_in, size_t fan_out)
{
    return sqrt(6.0 / (double)(fan_in + fan_out));
}

static double draw(const struct bp_fill *fill, size_t fan_in, size_t fan_out, struct bp_rng *rng)
{
    switch (fill->scheme) {
    case BP_INIT_ZERO:
        return 0.0;
    case BP_INIT_CONSTANT:
        return fill->value;
    case BP_INIT_UNIFORM:
        return bp_rng_uniform(rng, fill->low, fill->high);
    case BP_INIT_NORMAL:
        return fill->mean + fill->sd * bp_rng_normal(rng);
    case BP_INIT_GLOROT:
        return glorot_bound(fan_in, fan_out) * bp_rng_uniform(rng, -1.0, 1.0);
    case BP_INIT_HE:
        return sqrt(2.0 / (double)fan_in) * bp_rng_normal(rng);
    case BP_SCHEME_COUNT:
        break;
    }
    assert(0 && "a scheme that is none");
    return NAN;
}

void bp_init_run(const struct bp_init *init, struct bp_mlp *net)
{
    struct bp_rng rng;
    bp_rng_seed(&rng, init->seed);
    for (size_t i = 0; i < net->n_tensors; i++) {
        const struct bp_tensor *tensor = &net->tensor[i];
        const struct bp_tensor *weights = bp_mlp_weights(net, tensor->layer);
        const struct bp_fill *fill = tensor->role == BP_WEIGHTS ? &init->weights : &init->biases;
        for (size_t k = 0; k < tensor->count; k++)
            net->theta[tensor->offset + k] = draw(fill, weights->cols, weights->rows, &rng);
    }
}

double bp_fill_sd(const struct bp_fill *fill, size_t fan_in, size_t fan_out)
{
    switch (fill->scheme) {
    case BP_INIT_ZERO:
    case BP_INIT_CONSTANT:
        return 0.0;
    case BP_INIT_UNIFORM:
        return (fill->high - fill->low) / sqrt(12.0);
    case BP_INIT_NORMAL:
        return fill->sd;
    case BP_INIT_GLOROT:
        return glorot_bound(fan_in, fan_out) / sqrt(3.0);
    case BP_INIT_HE:
        return sqrt(2.0 / (double)fan_in);
    case BP_SCHEME_COUNT:
        break;
    }
    assert(0 && "a scheme that is none");
    return NAN;
}
