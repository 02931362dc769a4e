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
     .plant_init = zero,
     .page = {.right = "W drawn at random around 0",
              .wrong = "W = 0",
              .shows =
                  "With tanh or relu all hidden outputs and hidden deltas are 0: only the output "
                  "bias ever moves. With sigmoid hidden outputs are 0.5, all hidden units move "
                  "alike from the second step on; on full-batch XOR nothing moves at all.",
              .c_wrong = "double w[N] = {0};",
              .c_right = "for (k = 0; k < N; k++) w[k] = normal(&rng) / sqrt(fan_in);",
              .py_wrong = "W = np.zeros((n_out, n_in))",
              .py_right = "W = rng.normal(size=(n_out, n_in)) / np.sqrt(n_in)",
              .confused = "skipped-layer and chain-cut, where numeric is not 0; symmetric-weights, "
                          "what it becomes with sigmoid."}},
    {.name = "symmetric-weights",
     .title = "neurons of a layer start equal, and stay equal for ever",
     .help = "draw each neuron's weights at random",
     .kind = BP_KIND_START,
     .variants = 2,
     .variant = EQUAL_VARIANT,
     .plant_init = equal,
     .plant_start = pairs,
     .page = {.right = "every neuron starts with weights of its own",
              .wrong = "neurons of a layer start with the same weights in and out",
              .shows = "They compute the same, get the same delta and take the same step for ever: "
                       "rows equal bit for bit, effective width 1. XOR stays at cost 1/3, the best "
                       "of one hidden unit.",
              .c_wrong = "for (k = 0; k < N; k++) w[k] = 0.5;",
              .c_right = "for (k = 0; k < N; k++) w[k] = uniform(&rng, -1.0, 1.0);",
              .py_wrong = "W = np.full((n_out, n_in), 0.5)",
              .py_right = "W = rng.uniform(-1, 1, (n_out, n_in))",
              .confused = "one-delta-for-all-units, where neurons that start different take equal "
                          "steps; too-few-hidden-units."}},
    {.name = "near-equal-weights",
     .title = "neurons of a layer start almost equal, and part too slowly",
     .help = "draw the weights with a larger spread, around zero (Glorot, He)",
     .kind = BP_KIND_START,
     .variants = 1,
     .plant_init = near_equal,
     .page = {.right = "spread about 1/sqrt(fan_in)",
              .wrong = "spread far below that: 0.5 plus noise of 1e-4",
              .shows = "Neurons stay alike for thousands of steps: on XOR noise of 1e-4 is as bad "
                       "as none (0 of 32 runs), 1e-2 is cured (32 of 32). Outputs are almost the "
                       "same for all inputs.",
              .c_wrong = "w[k] = 0.1 + 1e-4 * normal(&rng);",
              .c_right = "w[k] = normal(&rng) / sqrt(fan_in);",
              .py_wrong = "W = rng.normal(0.1, 1e-4, (n_out, n_in))",
              .py_right = "W = rng.normal(0, 1 / np.sqrt(n_in), (n_out, n_in))",
              .confused = "rate-too-small, where neurons differ and hardly move."}},
    {.name = "one-signed-weights",
     .title = "all weights start with the same sign",
     .help = "draw the weights around zero: uniform(-a, a), or normal(0, sd)",
     .kind = BP_KIND_START,
     .variants = 1,
     .plant_init = one_signed,
     .example = "",
     .page = {.right = "both signs",
              .wrong = "all weights > 0, as uniform(0, 1)",
              .shows = "With many inputs every z is large: hidden units saturate (83 % of the time "
                       "at 784 inputs), outputs are 1 for every input, accuracy stays at chance "
                       "though the gradient is right.",
              .c_wrong = "w[k] = rand() / (double)RAND_MAX;",
              .c_right = "w[k] = (2.0 * rand() / RAND_MAX - 1.0) / sqrt(fan_in);",
              .py_wrong = "W = rng.random((n_out, n_in))",
              .py_right = "W = rng.uniform(-1, 1, (n_out, n_in)) / np.sqrt(n_in)",
              .confused =
                  "units-saturated, which follows from it; inputs-unscaled, which saturates too."}},
    {.name = "sign-flipped-copies",
     .title = "neurons start as each other's mirror image, which tanh keeps for ever",
     .help = "draw each neuron's weights at random",
     .kind = BP_KIND_START,
     .variants = 1,
     .plant_start = flipped_pairs,
     .example = "backprobe run scenarios/sign-tanh.conf --plant sign-flipped-copies",
     .page = {.right = "every neuron starts with weights of its own",
              .wrong = "neuron k is minus neuron j, in and out",
              .shows = "Under tanh both compute the same up to the sign, and stay each other's "
                       "mirror image for ever: two units do the work of one.",
              .c_wrong = "w[2 * i + 1][j] = -w[2 * i][j];",
              .c_right = "w[2 * i + 1][j] = normal(&rng);",
              .py_wrong = "W = np.concatenate([V, -V])",
              .py_right = "W = rng.normal(size=(2 * n, n_in))",
              .confused = "symmetric-weights, where the copies have one sign."}},
    {.name = "start-badly-scaled",
     .title = "the spread of the starting weights does not fit the number of inputs",
     .help = "use Glorot's (sigmoid, tanh) or He's (relu) spread for each layer",
     .kind = BP_KIND_START,
     .variants = 2,
     .variant = SCALE_VARIANT,
     .plant_init = badly_scaled,
     .page = {.right = "sd about sqrt(2 / (fan_in + fan_out)), or sqrt(2 / fan_in) for relu",
              .wrong = "far larger, or far smaller",
              .shows =
                  "Too large: units saturate and the first loss is far above a guess's. Too small: "
                  "activations are the same for every input, and deltas vanish on the way down.",
              .c_wrong = "w[k] = normal(&rng);                 /* 784 inputs: z has sd 28 */",
              .c_right = "w[k] = normal(&rng) / sqrt(fan_in);",
              .py_wrong = "W = rng.normal(size=(n_out, n_in))",
              .py_right = "W = rng.normal(size=(n_out, n_in)) / np.sqrt(n_in)",
              .confused = "inputs-unscaled: the product of inputs and weights is what counts."}},
};

const struct bp_fault_table bp_faults_start = {.title = "start", .n = COUNT(FAULT), .fault = FAULT};
