/* symmetry_watch.c -- what becomes of the copies while the network trains. */
#include "diag/symmetry.h"

#include "core/mem.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* A neuron's parameters within an array laid out as theta. */
struct threads {
    const double *row, *bias, *out;
    size_t n_row, n_bias, n_out, out_stride;
};

static struct threads threads_of(const struct bp_mlp *net, const double *theta, size_t l, size_t i)
{
    const struct bp_tensor *w = bp_mlp_weights(net, l);
    const struct bp_tensor *b = bp_mlp_biases(net, l);
    struct threads t = {.row = theta + w->offset + i * w->cols, .n_row = w->cols};
    if (b != NULL) {
        t.bias = theta + b->offset + i;
        t.n_bias = 1;
    }
    if (l < net->spec.layers) {
        const struct bp_tensor *next = bp_mlp_weights(net, l + 1);
        t.out = theta + next->offset + i;
        t.n_out = next->rows;
        t.out_stride = next->cols;
    }
    return t;
}

static double gap(const double *x, const double *y, size_t n, size_t stride, double sign,
                  double *size)
{
    double sum = 0.0;
    for (size_t k = 0; k < n; k++) {
        const double d = x[k * stride] - sign * y[k * stride];
        sum += d * d;
        *size += x[k * stride] * x[k * stride];
    }
    return sum;
}

/* |x - sign y| beside |x|; 0 only when they are equal bit for bit. */
static double apart(const struct threads *x, const struct threads *y, double sign)
{
    double size = 0.0;
    const double sum = gap(x->row, y->row, x->n_row, 1, sign, &size) +
                       gap(x->bias, y->bias, x->n_bias, 1, sign, &size) +
                       gap(x->out, y->out, x->n_out, x->out_stride, sign, &size);
    return sum == 0.0 ? 0.0 : sqrt(sum / size);
}

/* How far the class's neurons are from its first one; for flipped copies with the
 * sign that brings them nearer. */
static double class_apart(const struct bp_mlp *net, const double *theta, size_t l,
                          const struct bp_layer_look *look, const struct bp_copies *class)
{
    const struct threads x = threads_of(net, theta, l, look->member[class->first]);
    double top = 0.0;
    for (size_t k = 1; k < class->count; k++) {
        const struct threads y = threads_of(net, theta, l, look->member[class->first + k]);
        double d = apart(&x, &y, 1.0);
        if (class->flipped)
            d = fmin(d, apart(&x, &y, -1.0));
        top = d <= top ? top : d;
    }
    return top;
}

/* Exact copies part at the first bit that differs. */
static double allowed_gap(const struct bp_copies *class)
{
    return class->exact ? 0.0 : BP_PARTED;
}

/* Calls look at each class that has not parted; at the start, those whose parameters
 * are not alike (they only act alike) are left out of it. */
static void look_at_classes(struct bp_symmetry_watch *watch, const struct bp_mlp *net,
                            const double *theta, long step)
{
    size_t c = 0;
    for (size_t l = 1; l <= watch->start->layers; l++) {
        const struct bp_layer_look *look = &watch->start->layer[l];
        for (size_t k = 0; k < look->n_copies; k++, c++)
            if (watch->parted[c] == BP_NO_STEP &&
                !(class_apart(net, theta, l, look, &look->copies[k]) <=
                  allowed_gap(&look->copies[k])))
                watch->parted[c] = step;
    }
}

static void look_at_tensors(struct bp_symmetry_watch *watch, const struct bp_mlp *net,
                            const double *theta, long step)
{
    for (size_t k = 0; k < watch->n_tensors; k++) {
        const struct bp_tensor *tensor = &net->tensor[k];
        if (watch->moved[k] == BP_NO_STEP &&
            memcmp(theta + tensor->offset, watch->first + tensor->offset,
                   tensor->count * sizeof *theta) != 0)
            watch->moved[k] = step;
    }
}

static void after_step(void *self, const struct bp_step_view *view)
{
    struct bp_symmetry_watch *watch = self;
    const long step = (long)++watch->steps;
    look_at_tensors(watch, view->net, view->pass->next, step);
    look_at_classes(watch, view->net, view->pass->next, step);
}

enum bp_status bp_symmetry_watch_init(struct bp_symmetry_watch *watch,
                                      const struct bp_symmetry *start, const struct bp_mlp *net)
{
    *watch = (struct bp_symmetry_watch){.start = start, .n_tensors = net->n_tensors};
    watch->observer = (struct bp_observer){watch, after_step, NULL};
    for (size_t l = 1; l <= start->layers; l++)
        watch->n_classes += start->layer[l].n_copies;
    watch->first = bp_mem_new(net->n_theta, sizeof *watch->first);
    watch->moved = bp_mem_new(watch->n_tensors, sizeof *watch->moved);
    watch->parted = bp_mem_new(watch->n_classes, sizeof *watch->parted);
    if (watch->first == NULL || watch->moved == NULL || watch->parted == NULL) {
        bp_symmetry_watch_release(watch);
        return BP_ENOMEM;
    }
    memcpy(watch->first, net->theta, net->n_theta * sizeof *watch->first);
    for (size_t k = 0; k < watch->n_tensors; k++)
        watch->moved[k] = BP_NO_STEP;
    for (size_t c = 0; c < watch->n_classes; c++)
        watch->parted[c] = BP_NO_STEP;
    look_at_classes(watch, net, net->theta, BP_UNLIKE);
    return BP_OK;
}

void bp_symmetry_watch_release(struct bp_symmetry_watch *watch)
{
    bp_mem_free(watch->first);
    bp_mem_free(watch->moved);
    bp_mem_free(watch->parted);
    *watch = (struct bp_symmetry_watch){0};
}
