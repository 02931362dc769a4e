/* numdiff_inputs.c -- see numdiff_inputs.h. */
#include "diag/numdiff_inputs.h"

#include "core/loss.h"
#include "core/mem.h"

#include <math.h>
#include <omp.h>
#include <stdint.h>
#include <string.h>

/* ---- inputs --------------------------------------------------------------- */

static size_t widest_input(const struct bp_mlp *net)
{
    size_t width = 0;
    for (size_t l = 0; l < net->spec.layers; l++)
        width = net->spec.layer[l].width > width ? net->spec.layer[l].width : width;
    return width;
}

enum bp_status bp_inputs_init(struct bp_inputs *inputs, const struct bp_mlp *net, size_t n)
{
    const size_t width = widest_input(net);
    *inputs = (struct bp_inputs){.n = n};
    if (width >= SIZE_MAX / 4 / n)
        return BP_ENOMEM;
    for (inputs->slots = 2; inputs->slots <= 2 * (width + 1);)
        inputs->slots *= 2;
    inputs->count = bp_mem_new(2 * n, sizeof *inputs->count);
    inputs->same = bp_mem_new(n * width, sizeof *inputs->same);
    inputs->table = bp_mem_new(inputs->slots, sizeof *inputs->table);
    inputs->list = bp_mem_new(n * width, sizeof *inputs->list);
    inputs->largest = bp_mem_new(2 * width, sizeof *inputs->largest);
    inputs->scaled = bp_mem_new(n * (width + 1), sizeof *inputs->scaled);
    inputs->live = bp_mem_new(2 * width + 1, sizeof *inputs->live);
    if (inputs->count != NULL && inputs->list != NULL && inputs->largest != NULL &&
        inputs->scaled != NULL && inputs->live != NULL && inputs->same != NULL &&
        inputs->table != NULL) {
        inputs->kinds = inputs->count + n;
        inputs->scale = inputs->largest + width;
        inputs->rank = inputs->live + width;
        return BP_OK;
    }
    bp_inputs_release(inputs);
    return BP_ENOMEM;
}

void bp_inputs_release(struct bp_inputs *inputs)
{
    bp_mem_free(inputs->count);
    bp_mem_free(inputs->list);
    bp_mem_free(inputs->largest);
    bp_mem_free(inputs->scaled);
    bp_mem_free(inputs->live);
    bp_mem_free(inputs->same);
    bp_mem_free(inputs->table);
    *inputs = (struct bp_inputs){0};
}

/* A NaN is larger than all. */
static double larger(double top, double x)
{
    return isnan(top) || fabs(x) <= top ? top : fabs(x);
}

/* The inputs of each sample that are not 0, and the largest of each. */
static void list_inputs(struct bp_inputs *inputs)
{
    const size_t width = inputs->width;
    for (size_t j = 0; j < width; j++)
        inputs->largest[j] = 0.0;
    for (size_t s = 0; s < inputs->n; s++) {
        const double *a = inputs->a + s * width;
        size_t *list = inputs->list + s * width;
        size_t count = 0;
        for (size_t j = 0; j < width; j++)
            if (a[j] != 0.0) {
                list[count++] = j;
                inputs->largest[j] = larger(inputs->largest[j], a[j]);
            }
        inputs->count[s] = count;
    }
}

static uint64_t bits_of(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Which of the numbers x is, by its bits; a new one is put at their end. */
static size_t kind_of(struct bp_inputs *inputs, double x, double *scaled, size_t *kinds)
{
    const uint64_t bits = bits_of(x);
    size_t slot = (size_t)(bits * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (inputs->slots - 1);
    while (inputs->table[slot] != 0 && bits_of(scaled[inputs->table[slot] - 1]) != bits)
        slot = (slot + 1) & (inputs->slots - 1);
    if (inputs->table[slot] == 0) {
        scaled[*kinds] = x;
        inputs->table[slot] = ++*kinds;
    }
    return inputs->table[slot] - 1;
}

static void sort_out(struct bp_inputs *inputs, size_t s)
{
    const size_t width = inputs->width;
    const double *a = inputs->a + s * width;
    double *scaled = inputs->scaled + s * (width + 1);
    size_t *kinds = &inputs->kinds[s];
    memset(inputs->table, 0, inputs->slots * sizeof *inputs->table);
    *kinds = 0;
    (void)kind_of(inputs, 1.0, scaled, kinds);
    for (size_t k = 0; k < inputs->count[s]; k++) {
        const size_t j = inputs->list[s * width + k];
        inputs->same[s * width + k] = kind_of(inputs, a[j] * inputs->scale[j], scaled, kinds);
    }
}

void bp_inputs_read(struct bp_inputs *inputs, const struct bp_pass *pass, size_t l)
{
    const size_t width = pass->net->spec.layer[l - 1].width;
    size_t live = 0;
    inputs->width = width;
    inputs->a = pass->a[l - 1];
    list_inputs(inputs);
    for (size_t j = 0; j < width; j++) {
        inputs->scale[j] = bp_inputs_inverse(inputs->largest[j]);
        inputs->rank[j] = live;
        if (inputs->largest[j] != 0.0)
            inputs->live[live++] = j;
    }
    inputs->rank[width] = live;
    for (size_t s = 0; s < inputs->n; s++)
        sort_out(inputs, s);
}

/* ---- units ---------------------------------------------------------------- */

static double power_of_two(double x)
{
    if (!(x >= 0x1p-900))
        return 0x1p-900;
    return x <= 0x1p900 ? ldexp(1.0, ilogb(x)) : 0x1p900;
}

double bp_inputs_inverse(double size)
{
    return size > 0.0 && isfinite(size) ? power_of_two(1.0 / size) : 1.0;
}

double bp_inputs_unit(const struct bp_mlp *net, const double *theta, size_t layer, size_t neuron)
{
    if (layer == net->spec.layers)
        return 1.0;
    const struct bp_tensor *w = bp_mlp_weights(net, layer + 1);
    double top = 0.0;
    for (size_t k = 0; k < w->rows; k++)
        top = larger(top, theta[w->offset + k * w->cols + neuron]);
    return top > 1.0 ? bp_inputs_inverse(top) : 1.0;
}

double bp_output_noise(const struct bp_spec *spec, const double *a, const double *t,
                       double *scratch)
{
    const size_t width = spec->layer[spec->layers].width;
    double sum = 0.0;
    bp_loss_gradient(spec->loss, spec->factor, width, a, t, scratch);
    for (size_t k = 0; k < width; k++)
        sum += a[k] == 0.0 ? 0.0 : fabs(scratch[k] * a[k]);
    return sum;
}

/* ---- what is asked for ---------------------------------------------------- */

struct bp_slice bp_slice_of(const struct bp_numdiff *numdiff, const struct bp_mlp *net,
                            const struct bp_numdiff_options *options, size_t layer, size_t neuron)
{
    size_t first;
    const size_t end = bp_numdiff_range(numdiff, options, &first);
    const struct bp_tensor *w = bp_mlp_weights(net, layer), *b = bp_mlp_biases(net, layer);
    const size_t row = w->offset + neuron * w->cols;
    const size_t from = first > row ? first : row;
    const size_t to = end < row + w->cols ? end : row + w->cols;
    struct bp_slice slice = {0};
    if (from < to)
        slice = (struct bp_slice){.first = from - row, .weights = to - from, .at = from};
    if (b != NULL) {
        slice.bias_at = b->offset + neuron;
        slice.bias = slice.bias_at >= first && slice.bias_at < end;
    }
    return slice;
}

size_t bp_threads(int wanted)
{
    const int processors = omp_get_num_procs(), allowed = omp_get_max_threads();
    const int most = allowed < processors ? allowed : processors;
    if (wanted < 1)
        return 1;
    return (size_t)(wanted < most ? wanted : most);
}

size_t bp_thread(void)
{
    return (size_t)omp_get_thread_num();
}

bool bp_fits_right_forward(const struct bp_loss_at *at)
{
    return at->net != NULL && bp_forward_is_right(at->net);
}
