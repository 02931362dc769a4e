/* trace.c -- the statistics of each neuron, and the rows of the file. See trace.h. */
#include "diag/trace.h"

#include "core/kernel.h"
#include "core/mem.h"
#include "diag/trace_number.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

enum { BUFFER = 1 << 16, ROW = 400 };

/* Per unit, layer after layer; of the step, of the epoch, and (last) what remains of
 * the epoch before. One block, owned by its first array. */
struct bp_trace_sums {
    double *sum, *abs, *max, *zero;
    double *epoch_sum, *epoch_abs, *epoch_max, *epoch_zero;
    double *flips, *sign;
    struct bp_neuron_stats *last;
};

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

/* ---- rows ------------------------------------------------------------------- */

static void flush(struct bp_trace *trace)
{
    if (trace->used > 0)
        fwrite(trace->buffer, 1, trace->used, trace->output.file);
    trace->used = 0;
}

/* Where a row of at most ROW bytes may be written. */
static char *room_for_row(struct bp_trace *trace)
{
    if (trace->used + ROW > BUFFER)
        flush(trace);
    return trace->buffer + trace->used;
}

static void row_done(struct bp_trace *trace, char *end)
{
    *end++ = '\n';
    trace->used = (size_t)(end - trace->buffer);
    assert(trace->used <= BUFFER);
}

static char *put_word(char *to, const char *word)
{
    while (*word != '\0')
        *to++ = *word++;
    *to++ = '\t';
    return to;
}

static char *put_count(char *to, size_t value)
{
    to = bp_number_put_count(to, value);
    *to++ = '\t';
    return to;
}

struct moment {
    enum bp_trace_span span;
    size_t epoch, step;
};

static char *put_head(char *to, const struct moment *moment, enum bp_trace_kind kind)
{
    to = put_word(to, bp_trace_span_text(moment->span));
    to = put_word(to, bp_trace_kind_text(kind));
    to = put_count(to, moment->epoch);
    return put_count(to, moment->step);
}

static void stats_row(struct bp_trace *trace, const struct moment *moment, enum bp_trace_kind kind,
                      size_t layer, size_t neuron, const struct bp_neuron_stats *stats)
{
    const double value[] = {stats->mean, stats->mean_abs, stats->max, stats->zeros};
    char *to = put_head(room_for_row(trace), moment, kind);
    to = put_count(to, layer);
    to = put_count(to, neuron);
    to = put_word(to, "-");
    for (size_t k = 0; k < 4; k++) {
        to = bp_number_put(to, value[k], trace->power);
        *to++ = '\t';
    }
    row_done(trace, bp_number_put_count(to, stats->flips));
}

/* place: layer, neuron and sample, or -1 for -. */
static void value_row(struct bp_trace *trace, const struct moment *moment, enum bp_trace_kind kind,
                      const long place[3], double value)
{
    char *to = put_head(room_for_row(trace), moment, kind);
    for (int k = 0; k < 3; k++)
        to = place[k] < 0 ? put_word(to, "-") : put_count(to, (size_t)place[k]);
    to += snprintf(to, BP_NUMBER_ROOM, "%.17g", value);
    row_done(trace, put_word(to, "\t-\t-\t-\t-") - 1);
}

/* ---- a step ----------------------------------------------------------------- */

/* Adds the rows of a batch into the step's sums of one layer. */
static void add_rows(size_t n, size_t width, const double *value, const struct bp_trace_sums *into,
                     size_t at)
{
    bp_kernel_column_tally(n, width, value, into->sum + at, into->abs + at, into->max + at,
                           into->zero + at);
}

static struct bp_neuron_stats stats_of(double sum, double abs, double max, double zero, double n,
                                       double flips)
{
    return (struct bp_neuron_stats){sum / n, abs / n, max, zero / n, (size_t)flips};
}

/* The step's sums go into the epoch's, and are emptied. */
static void fold(struct bp_trace_sums *sums, size_t n_units)
{
    for (size_t i = 0; i < n_units; i++) {
        const double sign = sums->sum[i] > 0.0 ? 1.0 : sums->sum[i] < 0.0 ? -1.0 : 0.0;
        sums->flips[i] += sign * sums->sign[i] < 0.0 ? 1.0 : 0.0;
        sums->sign[i] = sign != 0.0 ? sign : sums->sign[i];
        sums->epoch_sum[i] += sums->sum[i];
        sums->epoch_abs[i] += sums->abs[i];
        sums->epoch_max[i] = sums->max[i] > sums->epoch_max[i] ? sums->max[i] : sums->epoch_max[i];
        sums->epoch_zero[i] += sums->zero[i];
    }
    memset(sums->sum, 0, n_units * sizeof(double));
    memset(sums->abs, 0, n_units * sizeof(double));
    memset(sums->max, 0, n_units * sizeof(double));
    memset(sums->zero, 0, n_units * sizeof(double));
}

static void step_rows(struct bp_trace *trace, const struct moment *moment, size_t n)
{
    for (int kind = 0; kind < BP_TRACE_NEURON_KINDS; kind++) {
        const struct bp_trace_sums *s = &trace->sum[kind];
        if (!is_traced(trace, kind))
            continue;
        for (size_t l = 1; l <= trace->layers; l++)
            for (size_t i = 0; i < trace->width[l]; i++) {
                const size_t u = trace->unit[l] + i;
                const double flipped = s->sum[u] * s->sign[u] < 0.0 ? 1.0 : 0.0;
                const struct bp_neuron_stats stats =
                    stats_of(s->sum[u], s->abs[u], s->max[u], s->zero[u], (double)n, flipped);
                stats_row(trace, moment, (enum bp_trace_kind)kind, l, i, &stats);
            }
    }
}

void bp_trace_step(struct bp_trace *trace, size_t step, size_t epoch, size_t n, double *const *z,
                   double *const *a, double *const *delta, size_t right)
{
    double *const *const array[] = {z, a, delta};
    const size_t every = trace->options.every_step;
    for (int kind = 0; kind < BP_TRACE_NEURON_KINDS; kind++)
        for (size_t l = 1; l <= trace->layers && is_traced(trace, kind); l++)
            add_rows(n, trace->width[l], array[kind][l], &trace->sum[kind], trace->unit[l]);
    if (trace->output.file != NULL && every > 0 && step % every == 0)
        step_rows(trace, &(struct moment){BP_SPAN_STEP, epoch, step}, n);
    for (int kind = 0; kind < BP_TRACE_NEURON_KINDS; kind++)
        if (is_traced(trace, kind))
            fold(&trace->sum[kind], trace->n_units);
    trace->samples += n;
    trace->right += right;
}

/* ---- an epoch --------------------------------------------------------------- */

static void close_epoch(struct bp_trace *trace, struct bp_trace_sums *s)
{
    const double n = (double)trace->samples;
    for (size_t u = 0; u < trace->n_units; u++)
        s->last[u] = stats_of(s->epoch_sum[u], s->epoch_abs[u], s->epoch_max[u], s->epoch_zero[u],
                              n, s->flips[u]);
    memset(s->epoch_sum, 0, trace->n_units * sizeof(double));
    memset(s->epoch_abs, 0, trace->n_units * sizeof(double));
    memset(s->epoch_max, 0, trace->n_units * sizeof(double));
    memset(s->epoch_zero, 0, trace->n_units * sizeof(double));
    memset(s->flips, 0, trace->n_units * sizeof(double));
}

static void epoch_rows(struct bp_trace *trace, const struct moment *moment)
{
    static const long NOWHERE[] = {-1, -1, -1};
    value_row(trace, moment, BP_TRACE_LOSS, NOWHERE, trace->loss);
    if (!isnan(trace->accuracy))
        value_row(trace, moment, BP_TRACE_ACCURACY, NOWHERE, trace->accuracy);
    for (int kind = 0; kind < BP_TRACE_NEURON_KINDS; kind++)
        for (size_t l = 1; l <= trace->layers && is_traced(trace, kind); l++)
            for (size_t i = 0; i < trace->width[l]; i++)
                stats_row(trace, moment, (enum bp_trace_kind)kind, l, i,
                          &trace->sum[kind].last[trace->unit[l] + i]);
}

void bp_trace_epoch(struct bp_trace *trace, size_t epoch, size_t steps, double loss)
{
    const bool classes = trace->options.data != NULL && trace->options.data->classes > 0;
    trace->loss = loss;
    trace->accuracy = classes ? (double)trace->right / (double)trace->samples : NAN;
    for (int kind = 0; kind < BP_TRACE_NEURON_KINDS; kind++)
        if (is_traced(trace, kind))
            close_epoch(trace, &trace->sum[kind]);
    if (trace->output.file != NULL && epoch % trace->options.every_epoch == 0)
        epoch_rows(trace, &(struct moment){BP_SPAN_EPOCH, epoch, steps});
    trace->samples = trace->right = 0;
}

struct bp_neuron_stats bp_trace_stats(const struct bp_trace *trace, enum bp_trace_kind kind,
                                      size_t layer, size_t neuron)
{
    assert(kind <= BP_TRACE_DELTA && layer >= 1 && layer <= trace->layers);
    return trace->sum[kind].last[trace->unit[layer] + neuron];
}

/* ---- samples in full -------------------------------------------------------- */

static void sample_rows(struct bp_trace *trace, const struct moment *moment)
{
    double *const *const array[] = {trace->pass.z, trace->pass.a, trace->pass.delta};
    for (size_t s = 0; s < trace->options.n_samples; s++)
        for (size_t l = 1; l <= trace->layers; l++)
            for (size_t i = 0; i < trace->width[l]; i++)
                for (int kind = 0; kind < BP_TRACE_NEURON_KINDS; kind++)
                    if (is_traced(trace, kind))
                        value_row(trace, moment, (enum bp_trace_kind)kind,
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
    sample_rows(trace, &(struct moment){BP_SPAN_SAMPLE, view->epoch, view->step});
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
    if (trace->output.file != NULL)
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

static enum bp_status make_sums(struct bp_trace *trace)
{
    trace->sum = bp_mem_new(BP_TRACE_NEURON_KINDS, sizeof *trace->sum);
    if (trace->sum == NULL)
        return BP_ENOMEM;
    for (int kind = 0; kind < BP_TRACE_NEURON_KINDS; kind++) {
        struct bp_trace_sums *s = &trace->sum[kind];
        s->sum = bp_mem_new(10 * trace->n_units, sizeof(double));
        s->last = bp_mem_new(trace->n_units, sizeof *s->last);
        if (s->sum == NULL || s->last == NULL)
            return BP_ENOMEM;
        double **const array[] = {&s->abs,        &s->max,       &s->zero,
                                  &s->epoch_sum,  &s->epoch_abs, &s->epoch_max,
                                  &s->epoch_zero, &s->flips,     &s->sign};
        for (size_t k = 0; k < sizeof array / sizeof array[0]; k++)
            *array[k] = s->sum + (k + 1) * trace->n_units;
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

static const char HEADER[] = "span\tkind\tepoch\tstep\tlayer\tneuron\tsample\tmean\tmean_abs\tmax\t"
                             "zeros\tflips\n";

static enum bp_status open_file(struct bp_trace *trace, struct bp_error *error)
{
    if (trace->options.path == NULL)
        return BP_OK;
    trace->buffer = bp_mem_new(BUFFER, 1);
    trace->power = bp_mem_new(BP_POWERS, sizeof *trace->power);
    if (trace->buffer == NULL || trace->power == NULL)
        return BP_ENOMEM;
    bp_number_powers(trace->power);
    const enum bp_status status = bp_output_open(&trace->output, trace->options.path, error);
    if (status == BP_OK)
        fputs(HEADER, trace->output.file);
    return status;
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
    if (status == BP_OK)
        status = open_file(trace, error);
    if (status == BP_ENOMEM)
        bp_error_set(error, status, "trace: out of memory");
    if (status != BP_OK)
        bp_trace_release(trace);
    return status;
}

enum bp_status bp_trace_finish(struct bp_trace *trace, struct bp_error *error)
{
    if (trace->output.file == NULL)
        return BP_OK;
    flush(trace);
    return bp_output_keep(&trace->output, error);
}

void bp_trace_release(struct bp_trace *trace)
{
    bp_output_drop(&trace->output);
    for (int kind = 0; trace->sum != NULL && kind < BP_TRACE_NEURON_KINDS; kind++) {
        bp_mem_free(trace->sum[kind].sum);
        bp_mem_free(trace->sum[kind].last);
    }
    bp_mem_free(trace->sum);
    bp_mem_free(trace->width);
    bp_mem_free(trace->x);
    bp_mem_free(trace->buffer);
    bp_mem_free(trace->power);
    bp_pass_release(&trace->pass);
    *trace = (struct bp_trace){0};
}
