/* attached.c -- see attached.h. */
#include "diag/attached.h"

#include "core/mem.h"
#include "core/rng.h"

#include <string.h>

/* Of the step, where it takes one. */
#define RATE 0x1p-20

struct attached {
    struct bp_view *view; /* borrowed, as are: */
    const struct bp_batch *batch;
    struct bp_error *error;
    const double *theta;
    double *moved;       /* theta with one array moved */
    double *y, *y_moved; /* n x outputs */
};

static size_t parts_of(const struct bp_view *view)
{
    return view->described ? view->twin.n_tensors : 1;
}

/* Whether moving parameters [first, first + count) by this moves an output. What is not a
 * number tells nothing, and is left to other checks. */
static enum bp_status matters(struct attached *a, size_t first, size_t count, double by, bool *does)
{
    const struct bp_view *view = a->view;
    const size_t outputs = a->batch->n * view->n_out;
    memcpy(a->moved, a->theta, view->n_theta * sizeof *a->moved);
    for (size_t k = first; k < first + count; k++)
        a->moved[k] += by * (1.0 + 0.125 * (double)(k % 7)); /* softmax does not see equal moves */
    const enum bp_status status =
        bp_view_predict(a->view, a->moved, a->batch, a->y_moved, a->error);
    *does = false;
    for (size_t k = 0; k < outputs; k++)
        *does = *does || !(a->y[k] == a->y_moved[k]);
    return status;
}

static enum bp_status which_matter(struct attached *a, bool *does)
{
    const struct bp_view *view = a->view;
    enum bp_status status = bp_view_predict(a->view, a->theta, a->batch, a->y, a->error);
    for (size_t part = 0; part < parts_of(view) && status == BP_OK; part++) {
        const struct bp_tensor *tensor = view->described ? &view->twin.tensor[part] : NULL;
        status = matters(a, tensor != NULL ? tensor->offset : 0,
                         tensor != NULL ? tensor->count : view->n_theta, 1.0, &does[part]);
    }
    return status;
}

/* From equal weights a softmax stays where it is however far they move alike, and from
 * weights of hundreds outputs stay at 0 and 1: small weights, each of its own. */
static enum bp_status elsewhere(struct attached *a, bool *some)
{
    const struct bp_view *view = a->view;
    struct bp_rng rng;
    bp_rng_seed(&rng, 1);
    for (size_t k = 0; k < view->n_theta; k++)
        a->moved[k] = bp_rng_unit(&rng) - 0.5;
    const enum bp_status status =
        bp_view_predict(a->view, a->moved, a->batch, a->y_moved, a->error);
    for (size_t k = 0; k < a->batch->n * view->n_out; k++)
        *some = *some || !(a->y[k] == a->y_moved[k]);
    return status;
}

/* Zeros, or units that are off, may hide an array alone, but not all of them. */
static enum bp_status some_matter(struct attached *a, const bool *does, bool *some)
{
    enum bp_status status = BP_OK;
    *some = false;
    for (size_t part = 0; part < parts_of(a->view); part++)
        *some = *some || does[part];
    for (int sign = 1; sign >= -1 && !*some && status == BP_OK; sign -= 2)
        status = matters(a, 0, a->view->n_theta, sign, some);
    if (!*some && status == BP_OK)
        status = elsewhere(a, some);
    return status;
}

static enum bp_status say_copies(const struct attached *a)
{
    return bp_error_set(a->error, BP_ESUBJECT,
                        "%s: predict() gives the same outputs whatever the parameters: they "
                        "are not the ones that it uses (copies?)",
                        a->view->subject->name);
}

static enum bp_status say_replaced(const struct attached *a, size_t part)
{
    char name[BP_NAME_MAX];
    bp_view_name(a->view, a->view->described ? a->view->twin.tensor[part].offset : 0, name);
    name[a->view->described ? strcspn(name, "[") : strlen(name)] = '\0';
    return bp_error_set(a->error, BP_ESUBJECT,
                        "%s: after a step, predict() no longer uses %s where it was said to be: "
                        "the step puts another array in its place; name it by the object that "
                        "holds both, as in weights(1, net, \"weights[0]\")",
                        a->view->subject->name, name);
}

/* Whether the outputs at theta are now others than they were: they hang on earlier calls,
 * so what moved them was not the parameters alone. The contract says more of it. */
static enum bp_status remembers(struct attached *a, bool *does)
{
    return matters(a, 0, 0, 0.0, does);
}

static enum bp_status step(struct attached *a, double *next)
{
    const struct bp_view *view = a->view;
    const bool one = view->subject->step_kind == BP_STEP_SAMPLE;
    const struct bp_batch batch = {one ? 1 : a->batch->n, a->batch->x, a->batch->t};
    return bp_view_step(a->view, a->theta, &batch, RATE, next, a->error);
}

static enum bp_status compare(struct attached *a, bool *before, bool *after, double *next)
{
    bool some = false, differs = false;
    enum bp_status status = which_matter(a, before);
    if (status == BP_OK)
        status = some_matter(a, before, &some);
    if (status != BP_OK || !some)
        return status != BP_OK ? status : say_copies(a);
    if (!a->view->can_step)
        return BP_OK;
    status = step(a, next);
    if (status == BP_OK)
        status = which_matter(a, after);
    for (size_t part = 0; part < parts_of(a->view) && status == BP_OK; part++)
        if (before[part] && !after[part]) {
            status = remembers(a, &differs);
            return status != BP_OK || differs ? status : say_replaced(a, part);
        }
    return status;
}

enum bp_status bp_attached_run(struct bp_view *view, const double *theta,
                               const struct bp_batch *batch, struct bp_error *error)
{
    if (!view->can_predict || view->subject->theta_fixed)
        return BP_OK;
    const size_t n = view->n_theta, outputs = batch->n * view->n_out;
    double *block = bp_mem_new(3 * n + 2 * outputs, sizeof *block);
    bool *does = bp_mem_new(2 * parts_of(view), sizeof *does);
    struct attached a = {.view = view, .batch = batch, .error = error};
    enum bp_status status = BP_ENOMEM;
    if (block != NULL && does != NULL) {
        memcpy(block, theta, n * sizeof *block);
        bp_view_round(view, block);
        a.theta = block;
        a.moved = block + n;
        a.y = block + 3 * n;
        a.y_moved = a.y + outputs;
        status = compare(&a, does, does + parts_of(view), block + 2 * n);
    }
    bp_mem_free(does);
    bp_mem_free(block);
    return status == BP_ENOMEM ? bp_error_set(error, status, "attached: out of memory") : status;
}
