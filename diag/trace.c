/* trace.c -- the statistics of each neuron. See trace.h; the file's rows are in trace_rows.c. */
#include "diag/trace.h"

#include "core/kernel.h"
#include "core/mem.h"
#include "diag/trace_rows.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* Over samples, of every neuron, layer after layer. */
struct sums {
    double *sum, *abs, *zero, *max;
};

/* Of one kind. */
struct course {
    struct sums epoch;
    double *flips;              /* in this epoch */
    double *sign;               /* of the last sum of a step that was not 0 */
    struct bp_trace_stats last; /* of the epoch done last */
};

/* A step touches as little memory as it can: what is of one step is there once, for all
 * kinds. One block, owned by its first array. */
struct bp_trace_sums {
    struct sums step;
    struct bp_trace_stats stats; /* of the step; max is that of its sums */
    struct course kind[BP_TRACE_NEURON_KINDS];
};
enum { STEP_ARRAYS = 8, KIND_ARRAYS = 11 };

const char *bp_trace_kind_text(enum bp_trace_kind kind)
{
#define BP_TRACE_KIND_TEXT(name, text) text,
    static const char *const TEXT[] = {BP_TRACE_KIND_LIST(BP_TRACE_KIND_TEXT)};
#undef BP_TRACE_KIND_TEXT
    assert((unsigned)kind < BP_TRACE_KINDS);
    return TEXT[kind];
}

const char *bp_trace_span_text(enum bp_trace_span span)
{
    static const char *const TEXT[] = {"step", "epoch", "sample"};
    assert((unsigned)span < BP_SPANS);
    return TEXT[span];
}

static bool is_traced(const struct bp_trace *trace, int kind)
{
    return (trace->options.kinds & BP_TRACE_BIT(kind)) != 0;
}

/* ---- a step ----------------------------------------------------------------- */

static void add_to(size_t n, double *restrict total, const double *restrict x)
{
    for (size_t i = 0; i < n; i++)
        total[i] += x[i];
}

static void raise_to(size_t n, double *restrict top, const double *restrict x)
{
    for (size_t i = 0; i < n; i++)
        top[i] = x[i] > top[i] ? x[i] : top[i];
}

/* flipped: where a sum has another sign than the last one that was not 0. Without branches:
 * the signs of deltas are anybody's guess. */
static void turn(size_t n, double *restrict sign, double *restrict flipped,
                 const double *restrict sum)
{
    for (size_t i = 0; i < n; i++) {
        const double up = sum[i] > 0.0 ? 1.0 : 0.0, down = sum[i] < 0.0 ? 1.0 : 0.0;
        const double now = up - down, was = sign[i];
        flipped[i] = now * was < 0.0 ? 1.0 : 0.0;
        sign[i] = now + was * (1.0 - now * now); /* now, or where that is 0 what it was */
    }
}

/* Sums of one kind over the samples of a step, and into those of the epoch. shown: the
 * step's own zeros and largest are wanted, too. */
static void take_step(struct bp_trace *trace, struct course *course, size_t n, double *const *array,
                      bool shown)
{
    const size_t units = trace->n_units;
    const struct sums *step = &trace->sums->step, *epoch = &course->epoch;
    double *zero = shown ? step->zero : epoch->zero, *max = shown ? step->max : epoch->max;
    memset(step->sum, 0, (shown ? 4 : 2) * units * sizeof *step->sum);
    for (size_t l = 1; l <= trace->layers; l++) {
        const size_t at = trace->unit[l];
        bp_kernel_column_tally(n, trace->width[l], array[l], step->sum + at, step->abs + at,
                               max + at, zero + at);
    }
    turn(units, course->sign, trace->sums->stats.flips, step->sum);
    add_to(units, course->flips, trace->sums->stats.flips);
    add_to(units, epoch->sum, step->sum);
    add_to(units, epoch->abs, step->abs);
    if (shown) {
        add_to(units, epoch->zero, step->zero);
        raise_to(units, epoch->max, step->max);
    }
}

void bp_trace_step(struct bp_trace *trace, size_t step, size_t epoch, size_t n, double *const *z,
                   double *const *a, double *const *delta, size_t right)
{
    double *const *const array[] = {z, a, delta};
    const size_t every = trace->options.every_step;
    const bool shown = trace->rows != NULL && every > 0 && step % every == 0;
    const struct bp_trace_moment moment = {BP_SPAN_STEP, epoch, step};
    struct bp_trace_sums *sums = trace->sums;
    for (int kind = 0; kind < BP_TRACE_NEURON_KINDS; kind++) {
        if (!is_traced(trace, kind))
            continue;
        take_step(trace, &sums->kind[kind], n, array[kind], shown);
        if (!shown)
            continue;
        bp_kernel_divide(3 * trace->n_units, sums->step.sum, (double)n, sums->stats.mean);
        bp_trace_rows_stats(trace->rows, &moment, (enum bp_trace_kind)kind, &sums->stats);
    }
    trace->samples += n;
    trace->right += right;
}

/* ---- an epoch --------------------------------------------------------------- */

static void over(size_t n, double *restrict mean, const double *restrict sum, double samples)
{
    for (size_t i = 0; i < n; i++)
        mean[i] = sum[i] / samples;
}

static void close_epoch(struct course *course, size_t n_units, double samples)
{
    const struct sums *epoch = &course->epoch;
    const struct bp_trace_stats *last = &course->last;
    over(n_units, last->mean, epoch->sum, samples);
    over(n_units, last->mean_abs, epoch->abs, samples);
    over(n_units, last->zeros, epoch->zero, samples);
    memcpy(last->max, epoch->max, n_units * sizeof(double));
    memcpy(last->flips, course->flips, n_units * sizeof(double));
    memset(epoch->sum, 0, 5 * n_units * sizeof(double)); /* and its flips */
}

static void epoch_rows(struct bp_trace *trace, const struct bp_trace_moment *moment)
{
    static const long NOWHERE[] = {-1, -1, -1};
    bp_trace_rows_value(trace->rows, moment, BP_TRACE_LOSS, NOWHERE, trace->loss);
    if (!isnan(trace->accuracy))
        bp_trace_rows_value(trace->rows, moment, BP_TRACE_ACCURACY, NOWHERE, trace->accuracy);
    for (int kind = 0; kind < BP_TRACE_NEURON_KINDS; kind++)
        if (is_traced(trace, kind) && !trace->options.course_only)
            bp_trace_rows_stats(trace->rows, moment, (enum bp_trace_kind)kind,
                                &trace->sums->kind[kind].last);
}

void bp_trace_epoch(struct bp_trace *trace, size_t epoch, size_t steps, double loss)
{
    const bool classes = trace->options.data != NULL && trace->options.data->classes > 0;
    trace->loss = loss;
    trace->accuracy = classes ? (double)trace->right / (double)trace->samples : NAN;
    for (int kind = 0; kind < BP_TRACE_NEURON_KINDS; kind++)
        if (is_traced(trace, kind))
            close_epoch(&trace->sums->kind[kind], trace->n_units, (double)trace->samples);
    if (trace->rows != NULL && epoch % trace->options.every_epoch == 0)
        epoch_rows(trace, &(struct bp_trace_moment){BP_SPAN_EPOCH, epoch, steps});
    trace->samples = trace->right = 0;
}

struct bp_neuron_stats bp_trace_stats(const struct bp_trace *trace, enum bp_trace_kind kind,
                                      size_t layer, size_t neuron)
{
    assert(kind <= BP_TRACE_DELTA && layer >= 1 && layer <= trace->layers);
    const struct bp_trace_stats *last = &trace->sums->kind[kind].last;
    const size_t u = trace->unit[layer] + neuron;
    return (struct bp_neuron_stats){last->mean[u], last->mean_abs[u], last->max[u], last->zeros[u],
                                    (size_t)last->flips[u]};
}

/* ---- samples in full -------------------------------------------------------- */

static void sample_rows(struct bp_trace *trace, const struct bp_trace_moment *moment)
{
    double *const *const array[] = {trace->pass.z, trace->pass.a, trace->pass.delta};
    for (size_t s = 0; s < trace->options.n_samples; s++)
        for (size_t l = 1; l <= trace->layers; l++)
            for (size_t i = 0; i < trace->width[l]; i++)
                for (int kind = 0; kind < BP_TRACE_NEURON_KINDS; kind++)
                    if (is_traced(trace, kind))
                        bp_trace_rows_value(
                            trace->rows, moment, (enum bp_trace_kind)kind,
                            (const long[]){(long)l, (long)i, (long)trace->options.sample[s]},
                            array[kind][l][s * trace->width[l] + i]);
}

static void show_samples(struct bp_trace *trace, const struct bp_step_view *view)
{
    struct bp_trace_options *o = &trace->options;
    while (trace->next_at < o->n_at && o->at[trace->next_at] < view->step)
        trace->next_at++;
    if (o->n_samples == 0 || trace->next_at == o->n_at || o->at[trace->next_at] != view->step)
        return;
    trace->pass.net = view->net;
    trace->pass.ops = view->pass->ops;
    trace->pass.theta = view->pass->theta;
    bp_pass_forward(&trace->pass, o->n_samples, trace->x);
    bp_pass_backward(&trace->pass, trace->t);
    sample_rows(trace, &(struct bp_trace_moment){BP_SPAN_SAMPLE, view->epoch, view->step});
}

/* ---- watching core ---------------------------------------------------------- */

static size_t count_right(const struct bp_trace *trace, const struct bp_pass *pass)
{
    const struct bp_dataset *data = trace->options.data;
    const size_t width = trace->width[trace->layers];
    size_t right = 0;
    if (data == NULL || data->classes == 0)
        return 0;
    for (size_t s = 0; s < pass->n; s++)
        right += bp_dataset_class(data, pass->a[trace->layers] + s * width) ==
                 bp_dataset_class(data, pass->t + s * width);
    return right;
}

static void after_step(void *self, const struct bp_step_view *view)
{
    struct bp_trace *trace = self;
    const struct bp_pass *pass = view->pass;
    if (trace->rows != NULL)
        show_samples(trace, view);
    bp_trace_step(trace, view->step, view->epoch, pass->n, pass->z, pass->a, pass->delta,
                  count_right(trace, pass));
}

static bool after_epoch(void *self, const struct bp_epoch_view *view)
{
    bp_trace_epoch(self, view->epoch, view->steps, view->loss);
    return true;
}

/* ---- init ------------------------------------------------------------------- */

/* The next n arrays of the block. */
static double *deal(double *block, size_t n_units, double **const *array, size_t n)
{
    for (size_t k = 0; k < n; k++, block += n_units)
        *array[k] = block;
    return block;
}

static enum bp_status make_sums(struct bp_trace *trace)
{
    struct bp_trace_sums *s = bp_mem_new(1, sizeof *s);
    trace->sums = s;
    if (s == NULL)
        return BP_ENOMEM;
    double *block = bp_mem_new(STEP_ARRAYS * trace->n_units +
                                   BP_TRACE_NEURON_KINDS * KIND_ARRAYS * trace->n_units,
                               sizeof *block);
    if (block == NULL)
        return BP_ENOMEM;
    double **const step[STEP_ARRAYS] = {&s->step.sum,    &s->step.abs,   &s->step.zero,
                                        &s->step.max,    &s->stats.mean, &s->stats.mean_abs,
                                        &s->stats.zeros, &s->stats.flips};
    block = deal(block, trace->n_units, step, STEP_ARRAYS);
    s->stats.max = s->step.max;
    for (int kind = 0; kind < BP_TRACE_NEURON_KINDS; kind++) {
        struct course *c = &s->kind[kind];
        double **const own[KIND_ARRAYS] = {&c->epoch.sum, &c->epoch.abs,     &c->epoch.zero,
                                           &c->epoch.max, &c->flips,         &c->sign,
                                           &c->last.mean, &c->last.mean_abs, &c->last.zeros,
                                           &c->last.max,  &c->last.flips};
        block = deal(block, trace->n_units, own, KIND_ARRAYS);
    }
    return BP_OK;
}

static enum bp_status take_shape(struct bp_trace *trace, const struct bp_mlp *net)
{
    trace->layers = net->spec.layers;
    trace->n_units = net->n_units;
    trace->width = bp_mem_new(2 * (trace->layers + 1), sizeof *trace->width);
    if (trace->width == NULL)
        return BP_ENOMEM;
    trace->unit = trace->width + trace->layers + 1;
    for (size_t l = 0; l <= trace->layers; l++)
        trace->width[l] = net->spec.layer[l].width;
    for (size_t l = 1; l <= trace->layers; l++)
        trace->unit[l] = net->unit[l];
    return make_sums(trace);
}

static enum bp_status take_samples(struct bp_trace *trace, const struct bp_mlp *net,
                                   struct bp_error *error)
{
    const struct bp_trace_options *o = &trace->options;
    if (o->n_samples == 0)
        return BP_OK;
    const size_t in = trace->width[0], out = trace->width[trace->layers];
    for (size_t k = 0; k < o->n_samples; k++)
        if (o->data == NULL || o->sample[k] >= o->data->n)
            return bp_error_set(error, BP_EINPUT, "trace: sample %zu: there are only %zu",
                                o->sample[k], o->data == NULL ? 0 : o->data->n);
    trace->x = bp_mem_new(o->n_samples * (in + out) + net->n_theta, sizeof(double));
    if (trace->x == NULL || bp_pass_init(&trace->pass, net, o->n_samples) != BP_OK)
        return BP_ENOMEM;
    trace->t = trace->x + o->n_samples * in;
    trace->grad = trace->t + o->n_samples * out;
    trace->pass.grad = trace->grad;
    for (size_t k = 0; k < o->n_samples; k++) {
        memcpy(trace->x + k * in, o->data->x + o->sample[k] * in, in * sizeof(double));
        memcpy(trace->t + k * out, o->data->t + o->sample[k] * out, out * sizeof(double));
    }
    return BP_OK;
}

enum bp_status bp_trace_init(struct bp_trace *trace, const struct bp_mlp *net,
                             const struct bp_trace_options *options, struct bp_error *error)
{
    *trace = (struct bp_trace){.options = *options, .loss = NAN, .accuracy = NAN};
    trace->observer = (struct bp_observer){trace, after_step, after_epoch};
    if (trace->options.kinds == 0)
        trace->options.kinds =
            BP_TRACE_BIT(BP_TRACE_Z) | BP_TRACE_BIT(BP_TRACE_A) | BP_TRACE_BIT(BP_TRACE_DELTA);
    if (trace->options.every_epoch == 0)
        trace->options.every_epoch = 1;
    enum bp_status status = take_shape(trace, net);
    if (status == BP_OK)
        status = take_samples(trace, net, error);
    if (status == BP_OK && options->path != NULL)
        status =
            bp_trace_rows_open(&trace->rows, options->path, trace->layers, trace->width, error);
    if (status == BP_ENOMEM)
        bp_error_set(error, status, "trace: out of memory");
    if (status != BP_OK)
        bp_trace_release(trace);
    return status;
}

enum bp_status bp_trace_finish(struct bp_trace *trace, struct bp_error *error)
{
    return trace->rows == NULL ? BP_OK : bp_trace_rows_keep(trace->rows, error);
}

enum bp_status bp_trace_finish_part(struct bp_trace *trace, struct bp_error *error)
{
    return trace->rows == NULL ? BP_OK : bp_trace_rows_keep_part(trace->rows, error);
}

void bp_trace_release(struct bp_trace *trace)
{
    bp_trace_rows_close(trace->rows);
    if (trace->sums != NULL)
        bp_mem_free(trace->sums->step.sum);
    bp_mem_free(trace->sums);
    bp_mem_free(trace->width);
    bp_mem_free(trace->x);
    bp_pass_release(&trace->pass);
    *trace = (struct bp_trace){0};
}
