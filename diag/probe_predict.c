/* probe_predict.c -- see probe_predict.h. */
#include "diag/probe_predict.h"

#include "core/kernel.h"
#include "core/loss.h"
#include "core/mem.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- noise ----------------------------------------------------------------- */

static double norm(const double *v, size_t n)
{
    double sum = 0.0;
    for (size_t k = 0; k < n; k++)
        sum += v[k] * v[k];
    return sqrt(sum);
}

static void absolute(const double *from, size_t n, double *to)
{
    for (size_t k = 0; k < n; k++)
        to[k] = fabs(from[k]);
}

/* sum over the batch of |delta| |a|^T and of |delta|, scaled as the loss is: a
 * bound on what rounding in the sums can do. work holds a block of layer l and
 * |delta|, |a| of the batch. */
static void layer_magnitude(const struct bp_pass *pass, size_t l, double *work, double *weights,
                            double *biases)
{
    const struct bp_spec *spec = &pass->net->spec;
    const size_t in = spec->layer[l - 1].width;
    const size_t out = spec->layer[l].width;
    double *delta = work + in * out + out;
    double *a = delta + pass->n * out;
    absolute(pass->delta[l], pass->n * out, delta);
    absolute(pass->a[l - 1], pass->n * in, a);
    bp_kernel_outer(pass->n, in, out, delta, a, work);
    bp_kernel_column_sum(pass->n, out, delta, work + in * out);
    const double scale = spec->reduction == BP_MEAN ? (double)pass->n : 1.0;
    *weights = norm(work, in * out) / scale;
    *biases = norm(work + in * out, out) / scale;
}

static size_t work_count(const struct bp_mlp *net, size_t n)
{
    size_t most = 0;
    for (size_t l = 1; l <= net->spec.layers; l++) {
        const size_t in = net->spec.layer[l - 1].width;
        const size_t out = net->spec.layer[l].width;
        const size_t count = in * out + out + n * (in + out);
        most = count > most ? count : most;
    }
    return most;
}

static enum bp_status measure_noise(struct bp_predictor *p, size_t k)
{
    const struct bp_mlp *net = p->net;
    const struct bp_probe *probe = &p->probe[k];
    /* numbers that single precision takes for 0 */
    const double underflow = probe->epsilon > 0x1p-40 ? 1e-30 : 1e-290;
    double *work = bp_mem_new(work_count(net, probe->n), sizeof *work);
    if (work == NULL)
        return BP_ENOMEM;
    for (size_t l = 1; l <= net->spec.layers; l++) {
        const struct bp_tensor *tensor[2] = {bp_mlp_weights(net, l), bp_mlp_biases(net, l)};
        double magnitude[2];
        layer_magnitude(&p->pass[k], l, work, &magnitude[0], &magnitude[1]);
        magnitude[0] += net->spec.l2 * norm(probe->theta + tensor[0]->offset, tensor[0]->count);
        for (size_t j = 0; j < 2; j++)
            if (tensor[j] != NULL)
                p->noise[k * net->n_tensors + (size_t)(tensor[j] - net->tensor)] =
                    64.0 * probe->epsilon * magnitude[j] + underflow +
                    2.0 * probe->noise * sqrt((double)tensor[j]->count);
    }
    bp_mem_free(work);
    return BP_OK;
}

/* Stages that are off by a rounding. */
struct shaking {
    const struct bp_ops *base;
    struct bp_rng *rng;
    double epsilon;
};

static double shake(const struct shaking *shaking)
{
    return bp_rng_unit(shaking->rng) < 0.5 ? -4.0 * shaking->epsilon : 4.0 * shaking->epsilon;
}

static bool is_saturating(enum bp_activation f)
{
    return f == BP_SIGMOID || f == BP_TANH || f == BP_SOFTMAX;
}

/* f' = a (1 - a) is off by epsilon, however small it is. */
static void shaken_derivative(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                              double *out)
{
    const struct bp_layer *layer = &pass->net->spec.layer[l];
    const struct shaking *shaking = self->params;
    const struct bp_stage *base = &shaking->base[l].stage[BP_DERIVATIVE];
    base->run(pass, l, base, out);
    for (size_t k = 0; k < pass->n * layer->width && is_saturating(layer->activation); k++)
        out[k] += shake(shaking) * pass->e[l][k];
}

/* And so is a - t. */
static void shaken_output(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                          double *out)
{
    const struct bp_spec *spec = &pass->net->spec;
    const struct bp_layer *layer = &spec->layer[l];
    const struct shaking *shaking = self->params;
    const struct bp_stage *base = &shaking->base[l].stage[BP_OUTPUT_DELTA];
    base->run(pass, l, base, out);
    const bool matched = bp_loss_is_matched(spec->loss, layer->activation);
    for (size_t k = 0; k < pass->n * layer->width; k++) {
        const double a = pass->a[l][k];
        const double slope =
            matched ? 1.0 : bp_activation_slope(layer->activation, layer->slope, pass->z[l][k], a);
        out[k] += shake(shaking) * spec->factor * (fabs(a) + fabs(pass->t[k])) * slope;
        if (!matched && is_saturating(layer->activation))
            out[k] += shake(shaking) * pass->e[l][k];
    }
}

/* What the right gradient does when every parameter and every derivative moves by
 * a rounding: saturated and steep places make much of a last bit. */
static void add_sensitivity(struct bp_predictor *p, size_t k, struct bp_ops *ops, double *work,
                            const struct shaking *shaking)
{
    const struct bp_mlp *net = p->net;
    struct bp_pass *pass = &p->pass[k];
    memcpy(ops, p->base, (net->spec.layers + 1) * sizeof *ops);
    for (size_t l = 1; l <= net->spec.layers; l++) {
        ops[l].stage[BP_DERIVATIVE] =
            (struct bp_stage){.run = shaken_derivative, .params = shaking};
        ops[l].stage[BP_OUTPUT_DELTA] = (struct bp_stage){.run = shaken_output, .params = shaking};
    }
    for (size_t j = 0; j < net->n_theta; j++)
        work[j] = p->probe[k].theta[j] * (1.0 + shake(shaking));
    pass->theta = work;
    bp_predictor_forward(p, k, p->base);
    bp_predictor_run(p, k, ops, net->spec.layers);
    for (size_t i = 0; i < net->n_tensors; i++) {
        const struct bp_tensor *tensor = &net->tensor[i];
        double moved = 0.0;
        for (size_t j = tensor->offset; j < tensor->offset + tensor->count; j++) {
            const double d = p->grad[k][j] - p->right[k][j];
            moved += d * d;
        }
        p->noise[k * net->n_tensors + i] += moved <= 1e300 ? 8.0 * sqrt(moved) : 0.0;
    }
}

enum { SHAKES = 3 };

static enum bp_status measure_sensitivity(struct bp_predictor *p, size_t k)
{
    struct bp_rng rng;
    const struct shaking shaking = {p->base, &rng, p->probe[k].epsilon};
    struct bp_ops *ops = bp_mem_new(p->net->spec.layers + 1, sizeof *ops);
    double *work = bp_mem_new(p->net->n_theta, sizeof *work);
    if (ops != NULL && work != NULL) {
        bp_rng_seed(&rng, 40 + k);
        for (int i = 0; i < SHAKES; i++)
            add_sensitivity(p, k, ops, work, &shaking);
        p->pass[k].theta = p->probe[k].theta;
        bp_predictor_rewind(p, k);
        bp_predictor_run(p, k, p->base, p->net->spec.layers);
    }
    const bool done = ops != NULL && work != NULL;
    bp_mem_free(ops);
    bp_mem_free(work);
    return done ? BP_OK : BP_ENOMEM;
}

/* ---- predicting ------------------------------------------------------------ */

static enum bp_status set_up(struct bp_predictor *p, size_t k)
{
    const struct bp_probe *probe = &p->probe[k];
    const enum bp_status status = bp_pass_init(&p->pass[k], p->net, probe->n);
    if (status != BP_OK)
        return status;
    p->grad[k] = p->block + 2 * k * p->net->n_theta;
    p->right[k] = p->grad[k] + p->net->n_theta;
    p->pass[k].grad = p->grad[k];
    bp_probe_load(probe, &p->pass[k]);
    bp_predictor_rewind(p, k);
    bp_predictor_run(p, k, p->base, p->net->spec.layers);
    memcpy(p->right[k], p->grad[k], p->net->n_theta * sizeof *p->right[k]);
    p->any_factor = p->any_factor || probe->any_factor;
    const double tol = 0x1p14 * probe->epsilon;
    p->tol = tol > p->tol ? tol : p->tol;
    const enum bp_status measured = measure_noise(p, k);
    return measured == BP_OK ? measure_sensitivity(p, k) : measured;
}

enum bp_status bp_predictor_init(struct bp_predictor *p, const struct bp_mlp *net,
                                 const struct bp_ops *base, const struct bp_probe *probe, size_t n)
{
    assert(n <= BP_PROBES_MAX);
    *p = (struct bp_predictor){.net = net, .base = base, .probe = probe, .n = n, .tol = 1e-9};
    p->block = bp_mem_new(n * (2 * net->n_theta + net->n_tensors), sizeof *p->block);
    if (p->block == NULL)
        return BP_ENOMEM;
    p->noise = p->block + 2 * n * net->n_theta;
    enum bp_status status = BP_OK;
    for (size_t k = 0; k < n && status == BP_OK; k++)
        status = set_up(p, k);
    if (status != BP_OK)
        bp_predictor_release(p);
    return status;
}

void bp_predictor_release(struct bp_predictor *p)
{
    for (size_t k = 0; k < p->n; k++)
        bp_pass_release(&p->pass[k]);
    bp_mem_free(p->block);
    *p = (struct bp_predictor){0};
}

void bp_predictor_forward(struct bp_predictor *p, size_t k, const struct bp_ops *ops)
{
    p->pass[k].ops = ops;
    bp_pass_forward(&p->pass[k], p->probe[k].n, p->probe[k].x);
}

void bp_predictor_rewind(struct bp_predictor *p, size_t k)
{
    bp_predictor_forward(p, k, p->base);
}

void bp_predictor_run(struct bp_predictor *p, size_t k, const struct bp_ops *ops, size_t from)
{
    p->pass[k].ops = ops;
    for (size_t l = from; l >= 1; l--)
        bp_pass_backward_layer(&p->pass[k], l);
    p->backwards++;
}

/* ---- comparing ------------------------------------------------------------- */

static double block_norm(const struct bp_predictor *p, size_t l, const double *v)
{
    size_t count;
    const size_t block = bp_mlp_block(p->net, l, &count);
    return norm(v + block, count);
}

/* What a has to be multiplied by, where sizes mean nothing. */
static double size_of(const struct bp_predictor *p, const double *a, const double *b)
{
    if (!p->any_factor)
        return 1.0;
    const size_t last = p->net->spec.layers;
    const double size = block_norm(p, last, b) / block_norm(p, last, a);
    return isfinite(size) && size > 0.0 ? size : 1.0;
}

double bp_predictor_between(const struct bp_predictor *p, size_t k, size_t i, const double *a,
                            const double *b)
{
    const struct bp_tensor *tensor = &p->net->tensor[i];
    const double size = size_of(p, a, b);
    double aa = 0.0;
    double bb = 0.0;
    double dd = 0.0;
    for (size_t j = tensor->offset; j < tensor->offset + tensor->count; j++) {
        const double sized = size * a[j];
        const double d = sized - b[j];
        aa += sized * sized;
        bb += b[j] * b[j];
        dd += d * d;
    }
    if (dd == 0.0)
        return 0.0;
    const double most = sqrt(aa > bb ? aa : bb) + p->noise[k * p->net->n_tensors + i] / p->tol;
    const double distance = sqrt(dd) / most;
    return distance >= 0.0 ? distance : INFINITY;
}

double bp_predictor_distance(const struct bp_predictor *p, size_t k, size_t i)
{
    return bp_predictor_between(p, k, i, p->grad[k], p->probe[k].g);
}

double bp_predictor_output_distance(const struct bp_predictor *p, size_t k)
{
    const struct bp_probe *probe = &p->probe[k];
    const size_t layers = p->net->spec.layers;
    const size_t count = probe->n * p->net->spec.layer[layers].width;
    double worst = 0.0;
    for (size_t j = 0; j < count && probe->predicted; j++) {
        const double a = p->pass[k].a[layers][j];
        const double b = probe->y[j];
        const double distance = fabs(a - b) / fmax(1e-2, fmax(fabs(a), fabs(b)));
        worst = distance >= 0.0 ? fmax(worst, distance) : (double)INFINITY;
    }
    return worst;
}

static bool differs(const struct bp_stage *a, const struct bp_stage *b)
{
    return a->run != b->run || a->params != b->params;
}

size_t bp_predictor_top(const struct bp_predictor *p, const struct bp_ops *ops, bool *forward)
{
    size_t top = 0;
    *forward = false;
    for (size_t l = 1; l <= p->net->spec.layers; l++)
        for (size_t slot = 0; slot < BP_UPDATE; slot++)
            if (differs(&ops[l].stage[slot], &p->base[l].stage[slot])) {
                top = l;
                if (slot <= BP_ACTIVATE)
                    *forward = true;
            }
    return top;
}
