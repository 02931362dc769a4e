/* start.c -- starting weights from which a right gradient leads nowhere. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

#define PLANT_INIT(name) static void name(const struct bp_hypothesis *h, struct bp_init *init)
#define PLANT_START(name) static void name(const struct bp_hypothesis *h, struct bp_mlp *net)

/* ---- schemes --------------------------------------------------------------- */

PLANT_INIT(zero)
{
    (void)h;
    init->weights = (struct bp_fill){.scheme = BP_INIT_ZERO};
    init->biases = (struct bp_fill){.scheme = BP_INIT_ZERO};
}

/* Variant 0; the pairs of variant 1 are made after a start at random. */
PLANT_INIT(equal)
{
    if (h->variant != 0)
        return;
    init->weights = (struct bp_fill){.scheme = BP_INIT_CONSTANT, .value = 0.5};
    init->biases = (struct bp_fill){.scheme = BP_INIT_CONSTANT, .value = 0.5};
}

PLANT_INIT(near_equal)
{
    (void)h;
    init->weights = (struct bp_fill){.scheme = BP_INIT_NORMAL, .mean = 0.5, .sd = 1e-5};
    init->biases = (struct bp_fill){.scheme = BP_INIT_NORMAL, .mean = 0.5, .sd = 1e-5};
}

PLANT_INIT(one_signed)
{
    (void)h;
    init->weights = (struct bp_fill){.scheme = BP_INIT_UNIFORM, .low = 0.0, .high = 1.0};
}

PLANT_INIT(badly_scaled)
{
    init->weights =
        (struct bp_fill){.scheme = BP_INIT_NORMAL, .sd = h->variant == 0 ? 100.0 : 1e-8};
}

/* ---- copies ---------------------------------------------------------------- */

/* Neuron 2i + 1 of layer l becomes sign times neuron 2i: what comes in, its bias,
 * and what goes out. */
static void copy_pairs(struct bp_mlp *net, size_t l, double sign)
{
    const struct bp_tensor *w = bp_mlp_weights(net, l);
    const struct bp_tensor *b = bp_mlp_biases(net, l);
    const struct bp_tensor *above = bp_mlp_weights(net, l + 1);
    for (size_t i = 0; i + 1 < w->rows; i += 2) {
        double *row = net->theta + w->offset + i * w->cols;
        for (size_t j = 0; j < w->cols; j++)
            row[w->cols + j] = sign * row[j];
        if (b != NULL)
            net->theta[b->offset + i + 1] = sign * net->theta[b->offset + i];
        for (size_t k = 0; k < above->rows; k++) {
            double *out = net->theta + above->offset + k * above->cols + i;
            out[1] = sign * out[0];
        }
    }
}

static void copy_everywhere(struct bp_mlp *net, double sign)
{
    for (size_t l = 1; l < net->spec.layers; l++)
        copy_pairs(net, l, sign);
}

PLANT_START(pairs)
{
    if (h->variant == 1)
        copy_everywhere(net, 1.0);
}

PLANT_START(flipped_pairs)
{
    (void)h;
    copy_everywhere(net, -1.0);
}

/* ---- the table ------------------------------------------------------------- */

static const char *const EQUAL_VARIANT[] = {"all weights are equal", "pairs of neurons are equal"};
static const char *const SCALE_VARIANT[] = {"too large", "too small"};

static const struct bp_fault FAULT[] = {
    {.name = "zero-weights",
     .title = "all weights start at zero",
     .help = "draw the weights at random, with both signs; biases may be zero",
     .kind = BP_KIND_START,
     .variants = 1,
     .plant_init = zero},
    {.name = "symmetric-weights",
     .title = "neurons of a layer start equal, and stay equal for ever",
     .help = "draw each neuron's weights at random",
     .kind = BP_KIND_START,
     .variants = 2,
     .variant = EQUAL_VARIANT,
     .plant_init = equal,
     .plant_start = pairs},
    {.name = "near-equal-weights",
     .title = "neurons of a layer start almost equal, and part too slowly",
     .help = "draw the weights with a larger spread, around zero (Glorot, He)",
     .kind = BP_KIND_START,
     .variants = 1,
     .plant_init = near_equal},
    {.name = "one-signed-weights",
     .title = "all weights start with the same sign",
     .help = "draw the weights around zero: uniform(-a, a), or normal(0, sd)",
     .kind = BP_KIND_START,
     .variants = 1,
     .plant_init = one_signed},
    {.name = "sign-flipped-copies",
     .title = "neurons start as each other's mirror image, which tanh keeps for ever",
     .help = "draw each neuron's weights at random",
     .kind = BP_KIND_START,
     .variants = 1,
     .plant_start = flipped_pairs},
    {.name = "start-badly-scaled",
     .title = "the spread of the starting weights does not fit the number of inputs",
     .help = "use Glorot's (sigmoid, tanh) or He's (relu) spread for each layer",
     .kind = BP_KIND_START,
     .variants = 2,
     .variant = SCALE_VARIANT,
     .plant_init = badly_scaled},
};

const struct bp_fault_table bp_faults_start = {.title = "start", .n = COUNT(FAULT), .fault = FAULT};
