/* numdiff_spot.c -- see numdiff_spot.h. */
#include "diag/numdiff_spot.h"

#include "core/changes.h"
#include "core/kernel.h"
#include "core/mem.h"
#include "core/rng.h"
#include "diag/numdiff_inputs.h"
#include "diag/numdiff_steps.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { SPOT_SEED = 31, FUNCTIONS = BP_SPOT_WEIGHTS + 1 }; /* any seed will do; reports repeat */

#define SMALL_STEP 0x1p-25 /* of z: rounding and curvature spoil a quotient about alike */
#define CLOSE 1e-5         /* what is not affine is far off */

/* A few samples, and theta on its way along a direction. */
struct probe {
    const struct bp_exact *exact; /* borrowed */
    struct bp_spot *spot;         /* borrowed */
    size_t n;                     /* samples */
    size_t sample[BP_SPOT_SAMPLES];
    struct bp_pass pass; /* of these samples; owns its pointers */
    struct bp_rng rng;
    double *memory;    /* owned: the arrays below, and z and a of the pass */
    double *theta;     /* borrowed: a copy, from the layer in work up */
    double *x, *t;     /* the samples' */
    double *mask;      /* the samples' rows of all masks */
    double *row, *col; /* [widest]: a direction's r and c; of biases r only */
    double *scratch;   /* [widest] */
    struct bp_line line;
    struct bp_ripple ripple; /* borrowed: exact's own, made to recompute */

    const struct bp_tensor *tensor; /* whose direction is in work */
    size_t layer, neuron;           /* whose weights are */
    size_t input[BP_SPOT_WEIGHTS];
    double unit[FUNCTIONS];

    double f0[FUNCTIONS], noise[FUNCTIONS], value[FUNCTIONS], error[FUNCTIONS];
    uint64_t side0[FUNCTIONS];
    unsigned char flags[FUNCTIONS];
};

static const struct bp_mlp *net_of(const struct probe *probe)
{
    return probe->exact->at->net;
}

static size_t width_of(const struct probe *probe, size_t l)
{
    return net_of(probe)->spec.layer[l].width;
}

/* Where layer l of the s-th of the samples stands in the deltas. */
static size_t place_of(const struct probe *probe, size_t l, size_t s)
{
    return probe->exact->at->n * net_of(probe)->unit[l] + probe->sample[s] * width_of(probe, l);
}

/* A derivative by the deltas: its value, the size of its terms, and what may be wrong. */
struct said {
    double value, size, wrong;
};

/* The term of a delta, at its place, times x. */
static void add_term(struct said *said, const struct bp_exact *exact, size_t place, double x)
{
    const double term = exact->delta[place] * x;
    said->value += term;
    said->size += fabs(term);
    said->wrong += exact->wrong[place] * fabs(x);
}

/* ---- along a direction ---------------------------------------------------- */

/* theta + h r c^T in the tensor in work. */
static void move(struct probe *probe, double h)
{
    const struct bp_tensor *tensor = probe->tensor;
    const double *from = probe->exact->theta + tensor->offset;
    double *to = probe->theta + tensor->offset;
    if (tensor->role == BP_BIASES) {
        bp_kernel_step(tensor->rows, from, -h, probe->row, to);
        return;
    }
    for (size_t i = 0; i < tensor->rows; i++, from += tensor->cols, to += tensor->cols)
        bp_kernel_step(tensor->cols, from, -h * probe->row[i], probe->col, to);
}

static void move_back(struct probe *probe)
{
    const struct bp_tensor *tensor = probe->tensor;
    if (tensor == NULL)
        return;
    memcpy(probe->theta + tensor->offset, probe->exact->theta + tensor->offset,
           tensor->count * sizeof *probe->theta);
}

/* The sides on which relu's z lie, in one number. */
static uint64_t sides(const struct probe *probe)
{
    const struct bp_spec *spec = &net_of(probe)->spec;
    uint64_t hash = 0;
    for (size_t l = 1; l <= spec->layers; l++) {
        if (!bp_activation_has_kink(spec->layer[l].activation))
            continue;
        for (size_t k = 0; k < probe->n * spec->layer[l].width; k++)
            if (probe->pass.z[l][k] > 0.0)
                hash += (k + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ (l * UINT64_C(0xd1342543de82ef95));
    }
    return hash;
}

static enum bp_status direction_at(void *self, double h, double *f, uint64_t *side,
                                   struct bp_error *error)
{
    (void)error;
    struct probe *probe = self;
    move(probe, h);
    bp_pass_forward_from(&probe->pass, probe->tensor->layer);
    *f = 0.0;
    for (size_t s = 0; s < probe->n; s++)
        *f += bp_pass_sample_loss(&probe->pass, probe->t, s);
    if (side != NULL)
        *side = sides(probe);
    return BP_OK;
}

static struct said foretold(const struct probe *probe)
{
    const struct bp_tensor *tensor = probe->tensor;
    struct said said = {0};
    for (size_t s = 0; s < probe->n; s++) {
        const size_t place = place_of(probe, tensor->layer, s);
        const double *a = probe->pass.a[tensor->layer - 1] + s * tensor->cols;
        double along = tensor->role == BP_BIASES ? 1.0 : 0.0;
        for (size_t j = 0; tensor->role == BP_WEIGHTS && j < tensor->cols; j++)
            along += probe->col[j] * a[j];
        for (size_t i = 0; i < tensor->rows; i++)
            add_term(&said, probe->exact, place + i, probe->row[i] * along);
    }
    return said;
}

static double largest(size_t count, const double *x)
{
    double top = 0.0;
    for (size_t k = 0; k < count; k++)
        top = fabs(x[k]) > top ? fabs(x[k]) : top;
    return top;
}

/* z changes by about h at h times this. */
static double unit_of(const struct probe *probe)
{
    const struct bp_tensor *tensor = probe->tensor;
    const double *own = probe->exact->unit + net_of(probe)->unit[tensor->layer];
    double unit = 1.0, top = 0.0;
    for (size_t i = 0; i < tensor->rows; i++)
        unit = fmin(unit, own[i]);
    for (size_t s = 0; s < probe->n && tensor->role == BP_WEIGHTS; s++) {
        const double *a = probe->pass.a[tensor->layer - 1] + s * tensor->cols;
        double squares = 0.0;
        for (size_t j = 0; j < tensor->cols; j++)
            squares += a[j] * a[j];
        top = fmax(top, sqrt(squares));
    }
    return tensor->role == BP_WEIGHTS ? unit * bp_inputs_inverse(top) : unit;
}

/* Between 1/2 and 1 in size, so that no sum of a few is 0 by chance. */
static void draw(struct probe *probe, size_t count, double *x)
{
    for (size_t k = 0; k < count; k++) {
        const uint64_t bits = bp_rng_next(&probe->rng);
        const double size = 0.5 + 0x1p-54 * (double)(bits >> 11);
        x[k] = bits & 1 ? size : -size;
    }
}

/* One step, or two, will do when what they say is what the deltas say. */
static bool agrees_at_once(struct probe *probe, double unit, const struct said *said)
{
    const double h = SMALL_STEP * unit, most = CLOSE * said->size;
    double up, down;
    if (!isfinite(most))
        return false;
    (void)direction_at(probe, h, &up, NULL, NULL);
    if (fabs((up - probe->f0[0]) / h - said->value) <= most)
        return true;
    (void)direction_at(probe, -h, &down, NULL, NULL);
    return fabs((up - down) / (2.0 * h) - said->value) <= most;
}

/* ---- the verdict ---------------------------------------------------------- */

/* Function k was differentiated; the deltas said something else, or not. */
static bool holds(const struct probe *probe, size_t k, const struct said *said)
{
    struct bp_spot *spot = probe->spot;
    const double off = fabs(said->value - probe->value[k]);
    const double tolerance = 30.0 * probe->error[k] + 10.0 * said->wrong + CLOSE * said->size;
    if ((probe->flags[k] & BP_NUM_KINK) != 0 || !isfinite(off) || !isfinite(tolerance)) {
        spot->unclear++;
        return true;
    }
    spot->tried++;
    spot->farthest = fmax(spot->farthest, tolerance > 0.0 ? off / tolerance : 0.0);
    return off <= tolerance;
}

static enum bp_status one_direction(struct probe *probe, const struct bp_tensor *tensor,
                                    struct bp_error *error)
{
    char name[BP_NAME_MAX];
    move_back(probe); /* the one before */
    probe->tensor = tensor;
    draw(probe, tensor->rows, probe->row);
    draw(probe, tensor->role == BP_WEIGHTS ? tensor->cols : 0, probe->col);
    const struct said said = foretold(probe);
    const double unit = unit_of(probe);
    bool right = agrees_at_once(probe, unit, &said);
    if (right) {
        probe->spot->tried++;
    } else {
        probe->line.m = 1;
        probe->line.at = direction_at;
        probe->line.unit = unit;
        probe->line.least = 0x1p-1000;
        probe->line.argument =
            0x1p-53 * largest(tensor->count, probe->exact->theta + tensor->offset);
        (void)bp_line_run(&probe->line, NULL);
        right = holds(probe, 0, &said);
    }
    if (right)
        return BP_OK;
    bp_tensor_name(tensor, name);
    return bp_error_set(error, BP_EUNSUPPORTED,
                        "numeric derivatives: node cannot be used here: along %s the loss changes "
                        "by %.6g, its deltas say %.6g: is z affine in %s?",
                        name, probe->value[0], said.value, name);
}

/* ---- a few weights -------------------------------------------------------- */

/* What stands before weight p of the neuron, or its bias, in the s-th sample. */
static double input_of(const struct probe *probe, size_t p, size_t s)
{
    if (p == BP_SPOT_WEIGHTS)
        return 1.0;
    return probe->pass.a[probe->layer - 1][s * width_of(probe, probe->layer - 1) + probe->input[p]];
}

static enum bp_status weights_at(void *self, double h, double *f, uint64_t *side,
                                 struct bp_error *error)
{
    (void)error;
    struct probe *probe = self;
    double d[FUNCTIONS], change[FUNCTIONS], crossed[FUNCTIONS] = {0.0};
    memset(f, 0, FUNCTIONS * sizeof *f);
    for (size_t s = 0; s < probe->n; s++) {
        const struct bp_ripple_at at = {.layer = probe->layer,
                                        .sample = probe->sample[s],
                                        .neuron = probe->neuron,
                                        .cols = FUNCTIONS};
        for (size_t p = 0; p < FUNCTIONS; p++)
            d[p] = h * probe->unit[p] * input_of(probe, p, s);
        bp_ripple_run(&probe->ripple, &at, d, change, crossed);
        for (size_t p = 0; p < FUNCTIONS; p++)
            f[p] += change[p];
    }
    for (size_t p = 0; p < FUNCTIONS; p++)
        side[p] = crossed[p] != 0.0;
    return BP_OK;
}

/* An input that is not 0 in some sample, if a few draws find one. */
static size_t draw_input(struct probe *probe, size_t l)
{
    const size_t width = width_of(probe, l - 1);
    size_t j = 0;
    for (int turn = 0; turn < 20; turn++) {
        j = bp_rng_below(&probe->rng, width);
        for (size_t s = 0; s < probe->n; s++)
            if (probe->pass.a[l - 1][s * width + j] != 0.0)
                return j;
    }
    return j;
}

static void pick_weights(struct probe *probe, size_t l)
{
    probe->layer = l;
    probe->neuron = bp_rng_below(&probe->rng, width_of(probe, l));
    const double own = probe->exact->unit[net_of(probe)->unit[l] + probe->neuron];
    for (size_t p = 0; p < FUNCTIONS; p++) {
        double top = 0.0;
        if (p < BP_SPOT_WEIGHTS)
            probe->input[p] = draw_input(probe, l);
        for (size_t s = 0; s < probe->n; s++)
            top = fmax(top, fabs(input_of(probe, p, s)));
        probe->unit[p] = own * bp_inputs_inverse(top);
    }
}

static enum bp_status say_weight(const struct probe *probe, size_t p, double said,
                                 struct bp_error *error)
{
    const struct bp_mlp *net = net_of(probe);
    const struct bp_tensor *w = bp_mlp_weights(net, probe->layer);
    const struct bp_tensor *b = bp_mlp_biases(net, probe->layer);
    char name[BP_NAME_MAX] = "a threshold"; /* one that the network does not have */
    if (p < BP_SPOT_WEIGHTS)
        bp_mlp_name(net, w->offset + probe->neuron * w->cols + probe->input[p], name);
    else if (b != NULL)
        bp_mlp_name(net, b->offset + probe->neuron, name);
    return bp_error_set(error, BP_EUNSUPPORTED,
                        "numeric derivatives: node cannot be used here: %s recomputed has the "
                        "derivative %.6g, its deltas say %.6g",
                        name, probe->value[p] / probe->unit[p], said / probe->unit[p]);
}

/* The line differentiates along h unit: what the deltas say is times the unit, too. */
static enum bp_status some_weights(struct probe *probe, size_t l, struct bp_error *error)
{
    static const double ZERO[FUNCTIONS];
    pick_weights(probe, l);
    probe->line.m = FUNCTIONS;
    probe->line.at = weights_at;
    probe->line.unit = 1.0;
    probe->line.least = 0x1p-45;
    probe->line.argument = 0.0;
    probe->line.f0 = ZERO;
    (void)bp_line_run(&probe->line, NULL);
    probe->line.f0 = probe->f0;
    for (size_t p = 0; p < FUNCTIONS; p++) {
        struct said said = {0};
        for (size_t s = 0; s < probe->n; s++)
            add_term(&said, probe->exact, place_of(probe, l, s) + probe->neuron,
                     probe->unit[p] * input_of(probe, p, s));
        if (!holds(probe, p, &said))
            return say_weight(probe, p, said.value, error);
    }
    return BP_OK;
}

/* ---- the samples ---------------------------------------------------------- */

/* z and a of the samples as exact has them: whoever ran the stages for it runs them here. */
static void copy_layer(struct probe *probe, size_t l)
{
    const struct bp_exact *exact = probe->exact;
    const double *const *mask = exact->at->mask;
    const size_t width = width_of(probe, l), bytes = width * sizeof(double);
    double *own_mask = probe->mask + probe->n * net_of(probe)->unit[l];
    for (size_t s = 0; s < probe->n; s++) {
        const size_t from = probe->sample[s] * width;
        memcpy(probe->pass.z[l] + s * width, exact->pass.z[l] + from, bytes);
        memcpy(probe->pass.a[l] + s * width, exact->pass.a[l] + from, bytes);
        if (mask != NULL && mask[l] != NULL)
            memcpy(own_mask + s * width, mask[l] + from, bytes);
    }
    probe->pass.mask[l] = mask != NULL && mask[l] != NULL ? own_mask : NULL;
}

static void pick_samples(struct probe *probe)
{
    const struct bp_loss_at *loss = probe->exact->at;
    const struct bp_spec *spec = &loss->net->spec;
    const size_t in = spec->layer[0].width, out = spec->layer[spec->layers].width;
    for (size_t s = 0; s < probe->n; s++) {
        const size_t from = s * loss->n / probe->n;
        probe->sample[s] = from;
        memcpy(probe->x + s * in, loss->x + from * in, in * sizeof *probe->x);
        memcpy(probe->t + s * out, loss->t + from * out, out * sizeof *probe->t);
        probe->f0[0] += probe->exact->loss[from];
    }
    for (size_t l = 1; l <= spec->layers; l++)
        copy_layer(probe, l);
}

/* Rounding in z reaches the loss through the deltas. */
static double noise_of(const struct probe *probe)
{
    const struct bp_spec *spec = &net_of(probe)->spec;
    const size_t outputs = spec->layer[spec->layers].width;
    double sum = fabs(probe->f0[0]);
    for (size_t s = 0; s < probe->n; s++)
        sum += bp_output_noise(spec, probe->pass.a[spec->layers] + s * outputs,
                               probe->t + s * outputs, probe->scratch);
    for (size_t l = 1; l <= spec->layers; l++)
        for (size_t s = 0; s < probe->n; s++) {
            const double *delta = probe->exact->delta + place_of(probe, l, s);
            const double *z = probe->pass.z[l] + s * spec->layer[l].width;
            for (size_t i = 0; i < spec->layer[l].width; i++)
                sum += fabs(delta[i] * z[i]);
        }
    return 8.0 * 0x1p-53 * sum;
}

static enum bp_status make_room(struct probe *probe)
{
    const struct bp_mlp *net = net_of(probe);
    const struct bp_spec *spec = &net->spec;
    const size_t n = probe->n;
    size_t widest = 0;
    for (size_t l = 0; l <= spec->layers; l++)
        widest = spec->layer[l].width > widest ? spec->layer[l].width : widest;
    const size_t sizes[] = {n * spec->layer[0].width,
                            n * spec->layer[spec->layers].width,
                            n * net->n_units,
                            widest,
                            widest,
                            widest};
    double **array[] = {&probe->x,   &probe->t,   &probe->mask,
                        &probe->row, &probe->col, &probe->scratch};
    size_t total = 2 * n * net->n_units;
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
        total += sizes[k];
    probe->memory = bp_mem_new(total, sizeof(double));
    if (probe->memory == NULL)
        return BP_ENOMEM;
    double *at = probe->memory + 2 * n * net->n_units;
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        *array[k] = at;
        at += sizes[k];
    }
    return bp_exact_pass(&probe->pass, net, probe->theta, n, probe->memory);
}

static void set_line(struct probe *probe)
{
    struct bp_line *line = &probe->line;
    line->self = probe;
    line->bits = 53;
    line->f0 = probe->f0;
    line->noise = probe->noise;
    line->side0 = probe->side0;
    line->value = probe->value;
    line->error = probe->error;
    line->flags = probe->flags;
}

static enum bp_status probe_init(struct probe *probe)
{
    const struct bp_exact *exact = probe->exact;
    probe->n = exact->at->n < BP_SPOT_SAMPLES ? exact->at->n : BP_SPOT_SAMPLES;
    if (make_room(probe) != BP_OK || bp_line_init(&probe->line, FUNCTIONS) != BP_OK)
        return BP_ENOMEM;
    set_line(probe);
    probe->ripple = exact->worker[0].ripple;
    probe->ripple.exact = false;
    probe->pass.n = probe->n;
    probe->pass.t = probe->t;
    probe->pass.x = probe->pass.a[0] = probe->x;
    pick_samples(probe);
    for (size_t k = 0; k < FUNCTIONS; k++)
        probe->noise[k] = k == 0 ? noise_of(probe) : probe->noise[0];
    bp_rng_seed(&probe->rng, SPOT_SEED);
    return BP_OK;
}

static void probe_release(struct probe *probe)
{
    bp_mem_free(probe->memory);
    bp_mem_free(probe->pass.pointers);
    bp_line_release(&probe->line);
}

/* From the top: what lies below a layer is as it was, and its theta is not read. Moving W
 * writes all of it. */
static enum bp_status one_layer(struct probe *probe, size_t l, struct bp_error *error)
{
    const struct bp_mlp *net = net_of(probe);
    const struct bp_tensor *biases = bp_mlp_biases(net, l);
    if (biases != NULL)
        memcpy(probe->theta + biases->offset, probe->exact->theta + biases->offset,
               biases->count * sizeof *probe->theta);
    enum bp_status status = one_direction(probe, bp_mlp_weights(net, l), error);
    if (status == BP_OK && biases != NULL)
        status = one_direction(probe, biases, error);
    return status == BP_OK ? some_weights(probe, l, error) : status;
}

enum bp_status bp_spot_run(struct bp_spot *spot, const struct bp_exact *exact, double *theta,
                           struct bp_error *error)
{
    struct probe probe = {.exact = exact, .spot = spot, .theta = theta};
    *spot = (struct bp_spot){0};
    enum bp_status status = probe_init(&probe);
    if (status == BP_OK)
        probe.side0[0] = sides(&probe);
    for (size_t l = exact->at->net->spec.layers; l >= 1 && status == BP_OK; l--)
        status = one_layer(&probe, l, error);
    probe_release(&probe);
    return status;
}
