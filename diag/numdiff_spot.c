/* numdiff_spot.c -- see numdiff_spot.h. */
#include "diag/numdiff_spot.h"

#include "core/kernel.h"
#include "core/mem.h"
#include "core/rng.h"
#include "diag/numdiff_inputs.h"
#include "diag/numdiff_steps.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { SPOT_SEED = 31 }; /* any will do; fixed, so that reports repeat */

/* A few samples, and theta on its way along a direction. */
struct probe {
    const struct bp_exact *exact; /* borrowed */
    size_t n;                     /* samples */
    size_t sample[BP_SPOT_SAMPLES];
    struct bp_pass pass;
    struct bp_rng rng;
    double *theta; /* owned: a copy */
    double *v;     /* owned: a direction, of the largest tensor */
    double *x, *t; /* owned: the samples' */
    double *va;    /* owned: n x widest: V a, or a sample's mask */
    double *mask;  /* owned: the samples' rows of all masks, or NULL */
    const struct bp_tensor *tensor;
    size_t entry; /* the only one that moves, or SIZE_MAX */
    struct bp_line line;
    double f0, noise, value, error;
    uint64_t side0;
    unsigned char flags;
};

/* ---- along a direction ---------------------------------------------------- */

static void move(struct probe *probe, double h)
{
    const struct bp_tensor *tensor = probe->tensor;
    const double *from = probe->exact->theta + tensor->offset;
    double *to = probe->theta + tensor->offset;
    if (probe->entry != SIZE_MAX) {
        to[probe->entry] = from[probe->entry] + h;
        return;
    }
    for (size_t k = 0; k < tensor->count; k++)
        to[k] = from[k] + h * probe->v[k];
}

static double losses(const struct probe *probe)
{
    double sum = 0.0;
    for (size_t s = 0; s < probe->n; s++)
        sum += bp_pass_sample_loss(&probe->pass, probe->t, s);
    return sum;
}

/* The sides on which relu's z lie, in one number. */
static uint64_t sides(const struct probe *probe)
{
    const struct bp_spec *spec = &probe->pass.net->spec;
    uint64_t hash = 0;
    for (size_t l = 1; l <= spec->layers; l++)
        for (size_t k = 0; k < probe->n * spec->layer[l].width; k++)
            if (bp_activation_has_kink(spec->layer[l].activation) && probe->pass.z[l][k] > 0.0)
                hash += (k + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ (l * UINT64_C(0xd1342543de82ef95));
    return hash;
}

static enum bp_status at(void *self, double h, double *f, uint64_t *side, struct bp_error *error)
{
    (void)error;
    struct probe *probe = self;
    move(probe, h);
    bp_pass_forward_from(&probe->pass, probe->tensor->layer);
    *f = losses(probe);
    if (side != NULL)
        *side = sides(probe);
    return BP_OK;
}

/* ---- what the deltas say -------------------------------------------------- */

/* V a of one sample, for the tensor in work. */
static void along(struct probe *probe, size_t s)
{
    const struct bp_tensor *tensor = probe->tensor;
    const double *a =
        probe->pass.a[tensor->layer - 1] + s * probe->pass.net->spec.layer[tensor->layer - 1].width;
    if (probe->entry != SIZE_MAX) {
        memset(probe->va, 0, tensor->rows * sizeof *probe->va);
        probe->va[probe->entry / tensor->cols] =
            tensor->role == BP_BIASES ? 1.0 : a[probe->entry % tensor->cols];
    } else if (tensor->role == BP_BIASES) {
        memcpy(probe->va, probe->v, tensor->rows * sizeof *probe->va);
    } else {
        bp_kernel_affine(1, tensor->cols, tensor->rows, a, probe->v, NULL, probe->va);
    }
}

/* The derivative that they say, and the size of its terms. */
static double foretold(struct probe *probe, double *size)
{
    const struct bp_exact *exact = probe->exact;
    const size_t width = probe->tensor->rows;
    const double *delta = exact->delta + exact->at->n * exact->at->net->unit[probe->tensor->layer];
    double sum = 0.0;
    *size = 0.0;
    for (size_t s = 0; s < probe->n; s++) {
        along(probe, s);
        for (size_t i = 0; i < width; i++) {
            const double term = delta[probe->sample[s] * width + i] * probe->va[i];
            sum += term;
            *size += fabs(term);
        }
    }
    return sum;
}

/* ---- one direction -------------------------------------------------------- */

/* z changes by about h at h times this. */
static double unit_of(const struct probe *probe)
{
    const struct bp_mlp *net = probe->exact->at->net;
    const struct bp_tensor *tensor = probe->tensor;
    const size_t width = net->spec.layer[tensor->layer - 1].width;
    double unit = 1.0, top = 0.0;
    for (size_t i = 0; i < tensor->rows; i++)
        unit = fmin(unit, bp_inputs_unit(net, probe->exact->theta, tensor->layer, i));
    for (size_t s = 0; s < probe->n && tensor->role == BP_WEIGHTS; s++) {
        double squares = 0.0;
        for (size_t j = 0; j < width; j++) {
            const double a = probe->pass.a[tensor->layer - 1][s * width + j];
            squares += a * a;
        }
        top = fmax(top, sqrt(squares));
    }
    return tensor->role == BP_WEIGHTS ? unit * bp_inputs_inverse(top) : unit;
}

static double tensor_size(const struct probe *probe)
{
    double top = 0.0;
    for (size_t k = 0; k < probe->tensor->count; k++)
        top = fmax(top, fabs(probe->exact->theta[probe->tensor->offset + k]));
    return top;
}

static enum bp_status one_direction(struct probe *probe, struct bp_spot *spot,
                                    struct bp_error *error)
{
    double size;
    char name[BP_NAME_MAX];
    probe->line.unit = unit_of(probe);
    probe->line.argument = 0x1p-53 * tensor_size(probe);
    (void)bp_line_run(&probe->line, NULL);
    move(probe, 0.0);
    bp_pass_forward_from(&probe->pass, probe->tensor->layer);
    const double said = foretold(probe, &size);
    const double off = fabs(said - probe->value);
    const double tolerance = 30.0 * probe->error + 1e-5 * size; /* what is not affine is far off */
    if ((probe->flags & BP_NUM_KINK) != 0 || !isfinite(off) || !isfinite(tolerance)) {
        spot->unclear++;
        return BP_OK;
    }
    spot->tried++;
    spot->farthest = fmax(spot->farthest, tolerance > 0.0 ? off / tolerance : 0.0);
    if (off <= tolerance)
        return BP_OK;
    bp_tensor_name(probe->tensor, name);
    return bp_error_set(error, BP_EUNSUPPORTED,
                        "numeric derivatives: node cannot be used here: along %s the loss changes "
                        "by %.6g, its deltas say %.6g: is z affine in %s?",
                        name, probe->value, said, name);
}

/* An entry that some sample has an input for, if a few draws find one. */
static size_t draw_entry(struct probe *probe)
{
    const struct bp_tensor *tensor = probe->tensor;
    size_t entry = 0;
    for (int draw = 0; draw < 20; draw++) {
        entry = bp_rng_below(&probe->rng, tensor->count);
        for (size_t s = 0; s < probe->n; s++)
            if (tensor->role == BP_BIASES ||
                probe->pass.a[tensor->layer - 1][s * tensor->cols + entry % tensor->cols] != 0.0)
                return entry;
    }
    return entry;
}

static enum bp_status one_tensor(struct probe *probe, struct bp_spot *spot, struct bp_error *error)
{
    for (size_t k = 0; k < probe->tensor->count; k++)
        probe->v[k] = bp_rng_next(&probe->rng) >> 63 ? 1.0 : -1.0;
    probe->entry = SIZE_MAX;
    enum bp_status status = one_direction(probe, spot, error);
    if (status == BP_OK) {
        probe->entry = draw_entry(probe);
        status = one_direction(probe, spot, error);
    }
    return status;
}

/* ---- the samples ---------------------------------------------------------- */

static void pick_masks(struct probe *probe)
{
    const struct bp_loss_at *loss = probe->exact->at;
    const struct bp_spec *spec = &loss->net->spec;
    double *to = probe->mask;
    for (size_t l = 1; loss->mask != NULL && l <= spec->layers; l++) {
        const size_t width = spec->layer[l].width;
        if (loss->mask[l] == NULL)
            continue;
        probe->pass.mask[l] = to;
        for (size_t s = 0; s < probe->n; s++, to += width)
            memcpy(to, loss->mask[l] + probe->sample[s] * width, width * sizeof *to);
    }
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
    }
    pick_masks(probe);
}

/* Rounding in z reaches the loss through the deltas. */
static double noise_of(struct probe *probe)
{
    const struct bp_exact *exact = probe->exact;
    const struct bp_spec *spec = &exact->at->net->spec;
    const size_t outputs = spec->layer[spec->layers].width;
    double sum = fabs(probe->f0);
    for (size_t s = 0; s < probe->n; s++)
        sum += bp_output_noise(spec, probe->pass.a[spec->layers] + s * outputs,
                               probe->t + s * outputs, probe->va);
    for (size_t l = 1; l <= spec->layers; l++) {
        const size_t width = spec->layer[l].width;
        const double *delta = exact->delta + exact->at->n * exact->at->net->unit[l];
        for (size_t s = 0; s < probe->n; s++)
            for (size_t i = 0; i < width; i++)
                sum += fabs(delta[probe->sample[s] * width + i] * probe->pass.z[l][s * width + i]);
    }
    return 8.0 * 0x1p-53 * sum;
}

static enum bp_status probe_init(struct probe *probe, const struct bp_exact *exact)
{
    const struct bp_mlp *net = exact->at->net;
    const struct bp_spec *spec = &net->spec;
    size_t widest = 0, largest = 0;
    for (size_t l = 0; l <= spec->layers; l++)
        widest = spec->layer[l].width > widest ? spec->layer[l].width : widest;
    for (size_t k = 0; k < net->n_tensors; k++)
        largest = net->tensor[k].count > largest ? net->tensor[k].count : largest;
    probe->exact = exact;
    probe->n = exact->at->n < BP_SPOT_SAMPLES ? exact->at->n : BP_SPOT_SAMPLES;
    probe->theta = bp_mem_new(net->n_theta, sizeof(double));
    probe->v = bp_mem_new(largest + widest, sizeof(double));
    probe->x = bp_mem_new(2 * probe->n * widest, sizeof(double));
    probe->mask = bp_mem_new(probe->n * net->n_units, sizeof(double));
    if (probe->theta == NULL || probe->v == NULL || probe->x == NULL || probe->mask == NULL ||
        bp_pass_init(&probe->pass, net, probe->n) != BP_OK ||
        bp_line_init(&probe->line, 1) != BP_OK)
        return BP_ENOMEM;
    probe->va = probe->v + largest;
    probe->t = probe->x + probe->n * widest;
    memcpy(probe->theta, exact->theta, net->n_theta * sizeof(double));
    probe->pass.theta = probe->theta;
    return BP_OK;
}

static void set_line(struct probe *probe)
{
    struct bp_line *line = &probe->line;
    line->self = probe;
    line->at = at;
    line->bits = 53;
    line->least = 0x1p-1000;
    line->f0 = &probe->f0;
    line->noise = &probe->noise;
    line->side0 = &probe->side0;
    line->value = &probe->value;
    line->error = &probe->error;
    line->flags = &probe->flags;
}

static void probe_release(struct probe *probe)
{
    bp_mem_free(probe->theta);
    bp_mem_free(probe->v);
    bp_mem_free(probe->x);
    bp_mem_free(probe->mask);
    bp_pass_release(&probe->pass);
    bp_line_release(&probe->line);
}

enum bp_status bp_spot_run(struct bp_spot *spot, const struct bp_exact *exact,
                           struct bp_error *error)
{
    struct probe probe = {0};
    *spot = (struct bp_spot){0};
    enum bp_status status = probe_init(&probe, exact);
    if (status == BP_OK) {
        pick_samples(&probe);
        bp_pass_forward(&probe.pass, probe.n, probe.x);
        probe.f0 = losses(&probe);
        probe.noise = noise_of(&probe);
        probe.side0 = sides(&probe);
        set_line(&probe);
        bp_rng_seed(&probe.rng, SPOT_SEED);
    }
    for (size_t k = 0; k < exact->at->net->n_tensors && status == BP_OK; k++) {
        probe.tensor = &exact->at->net->tensor[k];
        status = one_tensor(&probe, spot, error);
    }
    probe_release(&probe);
    return status;
}
