/* subject.c -- see subject.h. What a step says of the gradient is in inferred.c. */
#include "diag/subject.h"

#include "core/loss.h"
#include "core/mem.h"
#include "diag/layout.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum side { VALUES, GRADIENT };

static void exchange(const struct bp_view *view, enum side side, bool write, double *own);

/* ---- opening ---------------------------------------------------------------- */

static enum bp_status check_calls(const struct bp_subject *subject, struct bp_error *error)
{
    if (subject->abi != BACKPROBE_ABI)
        return bp_error_set(error, BP_EINPUT, "subject: abi is %u, expected %u (BACKPROBE_ABI)",
                            subject->abi, BACKPROBE_ABI);
    if (subject->loss == NULL && subject->predict == NULL && subject->gradient == NULL &&
        subject->step == NULL)
        return bp_error_set(error, BP_EINPUT,
                            "subject: none of loss, predict, gradient and step is set");
    if (subject->rate_kind == BP_RATE_FIXED && !(isfinite(subject->rate) && subject->rate != 0.0))
        return bp_error_set(error, BP_EINPUT,
                            "subject: its rate is fixed at %g, expected a number that is not 0",
                            subject->rate);
    if (subject->theta_fixed && subject->theta == NULL)
        return bp_error_set(error, BP_EINPUT, "subject: theta is fixed, but not given");
    if (subject->data != NULL &&
        (subject->data->n == 0 || subject->data->x == NULL || subject->data->t == NULL))
        return bp_error_set(error, BP_EINPUT, "subject: its data has no samples");
    return BP_OK;
}

static bool sizes_agree(size_t given, size_t found)
{
    return given == 0 || given == found;
}

/* Which parameters lie in the arrays with the other sign. */
static enum bp_status find_thresholds(struct bp_view *view, struct bp_error *error)
{
    const struct bp_subject *subject = view->subject;
    for (size_t i = 0; i < subject->n_arrays; i++) {
        if (!bp_layout_subtracts(&subject->arrays[i]))
            continue;
        if (view->negative == NULL)
            view->negative = bp_mem_new(view->n_theta, sizeof *view->negative);
        if (view->negative == NULL)
            return bp_error_set(error, BP_ENOMEM, "subject: out of memory");
        const struct bp_tensor *b = bp_mlp_biases(&view->twin, (size_t)subject->arrays[i].layer);
        for (size_t k = 0; k < b->count; k++)
            view->negative[b->offset + k] = true;
    }
    return BP_OK;
}

/* The twin, from the description. */
static enum bp_status describe(struct bp_view *view, struct bp_error *error)
{
    const struct bp_subject *subject = view->subject;
    struct bp_spec spec;
    enum bp_status status = bp_spec_parse(&spec, subject->network, error);
    if (status != BP_OK)
        return status;
    status = bp_layout_check(subject, &spec, error);
    if (status == BP_OK) {
        status = bp_mlp_init(&view->twin, &spec);
        if (status != BP_OK)
            bp_error_set(error, status, "subject: %s", bp_status_text(status));
    }
    view->n_in = spec.layer[0].width;
    view->n_out = spec.layer[spec.layers].width;
    bp_spec_release(&spec);
    if (status != BP_OK)
        return status;
    view->n_theta = view->twin.n_theta;
    if (!sizes_agree(subject->n_theta, view->n_theta) || !sizes_agree(subject->n_in, view->n_in) ||
        !sizes_agree(subject->n_out, view->n_out))
        return bp_error_set(error, BP_EINPUT,
                            "subject: says %zu parameters, %zu inputs, %zu outputs; its network "
                            "has %zu, %zu, %zu",
                            subject->n_theta, subject->n_in, subject->n_out, view->n_theta,
                            view->n_in, view->n_out);
    view->place = bp_mem_new(view->n_theta, sizeof *view->place);
    if (view->place == NULL)
        return bp_error_set(error, BP_ENOMEM, "subject: out of memory");
    bp_layout_places(&view->twin, subject->arrays, subject->n_arrays, view->place);
    view->described = true;
    return find_thresholds(view, error);
}

/* Without a description the sizes must be said; a network alone gives them too. */
static enum bp_status take_sizes(struct bp_view *view, struct bp_error *error)
{
    const struct bp_subject *subject = view->subject;
    view->n_theta = subject->n_theta;
    view->n_in = subject->n_in;
    view->n_out = subject->n_out;
    if (subject->n_arrays != 0)
        return bp_error_set(error, BP_EINPUT,
                            "subject: it has arrays, but no network that they fit");
    if (view->n_theta == 0 || view->n_in == 0 || view->n_out == 0)
        return bp_error_set(error, BP_EINPUT,
                            "subject: %zu parameters, %zu inputs, %zu outputs: each must be at "
                            "least 1 where network and arrays do not say it",
                            view->n_theta, view->n_in, view->n_out);
    return BP_OK;
}

static void find_precision(struct bp_view *view)
{
    view->narrow = view->subject->precision == BP_FLOAT;
    for (size_t k = 0; k < view->subject->n_arrays; k++)
        view->narrow = view->narrow || view->subject->arrays[k].type == BP_FLOAT;
    view->epsilon = view->narrow ? 0.5 * (double)FLT_EPSILON : 0.5 * DBL_EPSILON;
}

static void find_abilities(struct bp_view *view)
{
    const struct bp_subject *subject = view->subject;
    view->can_predict = subject->predict != NULL;
    view->can_lose = subject->loss != NULL || (view->can_predict && view->described);
    if (subject->theta_fixed) /* no loss at any other point: nothing to differentiate */
        view->can_lose = false;
    view->can_step = subject->step != NULL;
    view->can_differ = subject->gradient != NULL || subject->step != NULL;
}

/* What lies in its arrays before anything is called. */
static enum bp_status find_start(struct bp_view *view, struct bp_error *error)
{
    const struct bp_subject *subject = view->subject;
    bool all = view->described && subject->theta == NULL;
    for (size_t k = 0; k < subject->n_arrays; k++)
        all = all && subject->arrays[k].values != NULL;
    if (!all)
        return BP_OK;
    view->found = bp_mem_new(view->n_theta, sizeof *view->found);
    if (view->found == NULL)
        return bp_error_set(error, BP_ENOMEM, "subject: out of memory");
    exchange(view, VALUES, false, view->found);
    bool zero = true;
    for (size_t k = 0; k < view->n_theta; k++)
        zero = zero && view->found[k] == 0.0;
    if (zero) {
        bp_mem_free(view->found);
        view->found = NULL;
    }
    return BP_OK;
}

enum bp_status bp_view_open(struct bp_view *view, const struct bp_subject *subject,
                            struct bp_error *error)
{
    *view = (struct bp_view){.subject = subject, .rate_power = 1};
    enum bp_status status = check_calls(subject, error);
    if (status == BP_OK)
        status = subject->network != NULL && subject->n_arrays != 0 ? describe(view, error)
                                                                    : take_sizes(view, error);
    if (status == BP_OK) {
        view->scratch = bp_mem_new(3 * view->n_theta, sizeof *view->scratch);
        if (view->scratch == NULL)
            status = bp_error_set(error, BP_ENOMEM, "subject: out of memory");
    }
    if (status == BP_OK)
        status = find_start(view, error);
    if (status != BP_OK) {
        bp_view_close(view);
        return status;
    }
    find_precision(view);
    find_abilities(view);
    return BP_OK;
}

void bp_view_close(struct bp_view *view)
{
    bp_mlp_release(&view->twin);
    bp_mem_free(view->place);
    bp_mem_free(view->negative);
    bp_mem_free(view->scratch);
    bp_mem_free(view->found);
    *view = (struct bp_view){0};
}

void bp_view_name(const struct bp_view *view, size_t k, char name[BP_NAME_MAX])
{
    if (view->described)
        bp_mlp_name(&view->twin, k, name);
    else
        snprintf(name, BP_NAME_MAX, "theta[%zu]", k);
}

/* ---- parameters in and out -------------------------------------------------- */

static double narrowed(double value)
{
    return (double)(float)value;
}

/* Rounds numbers in the subject's order to what its arrays hold. */
static void round_own(const struct bp_view *view, double *own)
{
    if (!view->narrow)
        return;
    const struct bp_subject *subject = view->subject;
    const bool all = subject->precision == BP_FLOAT;
    size_t k = 0;
    for (size_t array = 0; array < subject->n_arrays; array++) {
        const size_t end = k + bp_layout_count(&view->twin.spec, &subject->arrays[array]);
        const bool to_float = all || subject->arrays[array].type == BP_FLOAT;
        for (; k < end; k++)
            own[k] = to_float ? narrowed(own[k]) : own[k];
    }
    for (; k < view->n_theta; k++)
        own[k] = all ? narrowed(own[k]) : own[k];
}

void bp_view_forget_steps(struct bp_view *view)
{
    view->momentum = 0.0;
    view->weights_carry = false;
    view->echoes = false;
    view->carries = false;
    view->signs = false;
}

double bp_view_momentum(const struct bp_view *view, size_t k)
{
    const bool none = view->weights_carry && view->described &&
                      bp_mlp_tensor_of(&view->twin, k)->role != BP_WEIGHTS;
    return none ? 0.0 : view->momentum;
}

static double signed_as(const struct bp_view *view, size_t k, double number)
{
    return view->negative != NULL && view->negative[k] ? -number : number;
}

void bp_view_to_own(const struct bp_view *view, const double *numbers, double *own)
{
    for (size_t k = 0; k < view->n_theta; k++)
        own[view->described ? view->place[k] : k] = signed_as(view, k, numbers[k]);
}

void bp_view_from_own(const struct bp_view *view, const double *own, double *numbers)
{
    for (size_t k = 0; k < view->n_theta; k++)
        numbers[k] = signed_as(view, k, own[view->described ? view->place[k] : k]);
}

/* Numbers into one of the program's arrays, and out of it. */
static void write_array(void *array, enum bp_array_type type, size_t n, const double *numbers)
{
    if (type == BP_DOUBLE) {
        memcpy(array, numbers, n * sizeof *numbers);
        return;
    }
    float *to = array;
    for (size_t k = 0; k < n; k++)
        to[k] = (float)numbers[k];
}

static void read_array(const void *array, enum bp_array_type type, size_t n, double *numbers)
{
    if (type == BP_DOUBLE) {
        memcpy(numbers, array, n * sizeof *numbers);
        return;
    }
    const float *from = array;
    for (size_t k = 0; k < n; k++)
        numbers[k] = (double)from[k];
}

/* Copies between own and the program's arrays, where it has any. */
static void exchange(const struct bp_view *view, enum side side, bool write, double *own)
{
    for (size_t k = 0; view->described && k < view->subject->n_arrays; k++) {
        const struct bp_array *array = &view->subject->arrays[k];
        void *memory = side == VALUES ? array->values : array->gradient;
        const size_t count = bp_layout_count(&view->twin.spec, array);
        if (memory != NULL && write)
            write_array(memory, array->type, count, own);
        else if (memory != NULL)
            read_array(memory, array->type, count, own);
        own += count;
    }
}

static double *own_theta(const struct bp_view *view)
{
    return view->scratch;
}

static double *own_out(const struct bp_view *view)
{
    return view->scratch + view->n_theta;
}

static double *own_spare(const struct bp_view *view)
{
    return view->scratch + 2 * view->n_theta;
}

/* theta to where the program will look for it. */
static void put(const struct bp_view *view, const double *theta)
{
    bp_view_to_own(view, theta, own_theta(view));
    round_own(view, own_theta(view));
    exchange(view, VALUES, true, own_theta(view));
    if (view->watch)
        memcpy(own_spare(view), own_theta(view), view->n_theta * sizeof(double));
}

/* After a call that should leave theta alone: did it? own_spare is what was put. */
static void look_for_changes(struct bp_view *view)
{
    view->changed = 0;
    if (!view->watch)
        return;
    exchange(view, VALUES, false, own_theta(view));
    for (size_t k = 0; k < view->n_theta; k++) {
        const size_t at = view->described ? view->place[k] : k;
        const double now = own_theta(view)[at];
        if (memcmp(&now, &own_spare(view)[at], sizeof now) == 0)
            continue;
        if (view->changed++ == 0)
            view->changed_at = k;
    }
}

void bp_view_now(const struct bp_view *view, double *theta)
{
    bp_view_from_own(view, own_theta(view), theta);
}

void bp_view_round(const struct bp_view *view, double *theta)
{
    if (!view->narrow)
        return;
    bp_view_to_own(view, theta, own_theta(view));
    round_own(view, own_theta(view));
    bp_view_from_own(view, own_theta(view), theta);
}

void bp_view_round_data(const struct bp_view *view, size_t n, double *values)
{
    for (size_t k = 0; view->narrow && k < n; k++)
        values[k] = narrowed(values[k]);
}

bool bp_view_start(const struct bp_view *view, double *theta)
{
    const double *own = view->subject->theta != NULL ? view->subject->theta : view->found;
    if (own != NULL)
        bp_view_from_own(view, own, theta);
    return own != NULL;
}

/* ---- calls ------------------------------------------------------------------ */

static bool same_numbers(const double *a, const double *b, size_t n)
{
    return a == b || memcmp(a, b, n * sizeof *a) == 0;
}

static const char *name_of(const struct bp_view *view)
{
    return view->subject->name != NULL ? view->subject->name : "subject";
}

/* Built-in data and a fixed theta leave no choice. */
static enum bp_status check_point(const struct bp_view *view, const double *theta,
                                  const struct bp_batch *batch, struct bp_error *error)
{
    const struct bp_batch *data = view->subject->data;
    if (data != NULL &&
        (data->n != batch->n || !same_numbers(data->x, batch->x, batch->n * view->n_in) ||
         !same_numbers(data->t, batch->t, batch->n * view->n_out)))
        return bp_error_set(error, BP_EUNSUPPORTED,
                            "%s: its data is built in; no other can be used%s", name_of(view),
                            view->subject->step_kind == BP_STEP_SAMPLE
                                ? " (a step that is given its sample needs none)"
                                : "");
    if (view->subject->theta_fixed) {
        bp_view_to_own(view, theta, own_theta(view));
        if (!same_numbers(own_theta(view), view->subject->theta, view->n_theta))
            return bp_error_set(error, BP_EUNSUPPORTED,
                                "%s: it can be looked at only at its own theta", name_of(view));
    }
    return BP_OK;
}

static enum bp_status unable(const struct bp_view *view, const char *what, struct bp_error *error)
{
    return bp_error_set(error, BP_EUNSUPPORTED, "%s: it cannot %s", name_of(view), what);
}

/* A call said that it failed. */
static enum bp_status failed(const struct bp_view *view, const char *call, int result,
                             struct bp_error *error)
{
    const struct bp_subject *subject = view->subject;
    const char *why = subject->complaint != NULL ? subject->complaint(subject->self) : NULL;
    if (why == NULL || why[0] == '\0')
        return bp_error_set(error, BP_ESUBJECT, "%s: %s() returned %d, expected 0", name_of(view),
                            call, result);
    return bp_error_set(error, BP_ESUBJECT, "%s: %s: %s", name_of(view), call, why);
}

static void fill_with(double *numbers, size_t n, double value)
{
    for (size_t k = 0; k < n; k++)
        numbers[k] = value;
}

enum bp_status bp_view_predict(struct bp_view *view, const double *theta,
                               const struct bp_batch *batch, double *y, struct bp_error *error)
{
    const struct bp_subject *subject = view->subject;
    if (subject->predict == NULL)
        return unable(view, "predict", error);
    const enum bp_status status = check_point(view, theta, batch, error);
    if (status != BP_OK)
        return status;
    put(view, theta);
    fill_with(y, batch->n * view->n_out, NAN);
    view->calls++;
    const int result = subject->predict(subject->self, own_theta(view), batch, y);
    if (result != 0)
        return failed(view, "predict", result, error);
    look_for_changes(view);
    return BP_OK;
}

/* The described loss of predictions y. */
static double described_loss(const struct bp_view *view, const double *theta,
                             const struct bp_batch *batch, const double *y)
{
    const struct bp_spec *spec = &view->twin.spec;
    double sum = 0.0;
    for (size_t s = 0; s < batch->n; s++)
        sum += bp_loss_value(spec->loss, spec->factor, view->n_out, y + s * view->n_out,
                             batch->t + s * view->n_out);
    const struct bp_pass pass = {.net = &view->twin, .theta = theta};
    return (spec->reduction == BP_MEAN ? sum / (double)batch->n : sum) + bp_pass_penalty(&pass);
}

static enum bp_status loss_of_predictions(struct bp_view *view, const double *theta,
                                          const struct bp_batch *batch, double *loss,
                                          struct bp_error *error)
{
    double *y = bp_mem_new(batch->n * view->n_out, sizeof *y);
    double *rounded = bp_mem_new(view->n_theta, sizeof *rounded);
    enum bp_status status = y == NULL || rounded == NULL ? BP_ENOMEM : BP_OK;
    if (status == BP_OK)
        status = bp_view_predict(view, theta, batch, y, error);
    if (status == BP_OK) {
        bp_view_from_own(view, own_theta(view), rounded);
        *loss = described_loss(view, rounded, batch, y);
    }
    bp_mem_free(rounded);
    bp_mem_free(y);
    return status == BP_ENOMEM ? bp_error_set(error, status, "subject: out of memory") : status;
}

enum bp_status bp_view_loss(struct bp_view *view, const double *theta, const struct bp_batch *batch,
                            double *loss, struct bp_error *error)
{
    const struct bp_subject *subject = view->subject;
    *loss = NAN;
    if (!view->can_lose)
        return unable(view, "say its loss", error);
    if (subject->loss == NULL)
        return loss_of_predictions(view, theta, batch, loss, error);
    const enum bp_status status = check_point(view, theta, batch, error);
    if (status != BP_OK)
        return status;
    put(view, theta);
    view->calls++;
    const int result = subject->loss(subject->self, own_theta(view), batch, loss);
    if (result != 0)
        return failed(view, "loss", result, error);
    look_for_changes(view);
    return BP_OK;
}

static enum bp_status reset(struct bp_view *view, struct bp_error *error)
{
    const struct bp_subject *subject = view->subject;
    if (subject->reset == NULL || view->keep)
        return BP_OK;
    view->calls++;
    const int result = subject->reset(subject->self);
    return result == 0 ? BP_OK : failed(view, "reset", result, error);
}

enum bp_status bp_view_own_gradient(struct bp_view *view, const double *theta,
                                    const struct bp_batch *batch, double *g, struct bp_error *error)
{
    const struct bp_subject *subject = view->subject;
    enum bp_status status = check_point(view, theta, batch, error);
    if (status == BP_OK)
        status = reset(view, error);
    if (status != BP_OK)
        return status;
    put(view, theta);
    if (!view->keep_gradient) {
        fill_with(own_out(view), view->n_theta, view->fill);
        exchange(view, GRADIENT, true, own_out(view));
    }
    view->calls++;
    const int result = subject->gradient(subject->self, own_theta(view), batch, own_out(view));
    if (result != 0)
        return failed(view, "gradient", result, error);
    exchange(view, GRADIENT, false, own_out(view));
    bp_view_from_own(view, own_out(view), g);
    look_for_changes(view);
    return BP_OK;
}

enum bp_status bp_view_step(struct bp_view *view, const double *theta, const struct bp_batch *batch,
                            double rate, double *next, struct bp_error *error)
{
    const struct bp_subject *subject = view->subject;
    if (subject->step == NULL)
        return unable(view, "take a step", error);
    enum bp_status status = check_point(view, theta, batch, error);
    if (status == BP_OK)
        status = reset(view, error);
    if (status != BP_OK)
        return status;
    put(view, theta);
    fill_with(own_out(view), view->n_theta, NAN);
    view->calls++;
    const int result = subject->step(subject->self, own_theta(view), batch, rate, own_out(view));
    if (result != 0)
        return failed(view, "step", result, error);
    exchange(view, VALUES, false, own_out(view));
    bp_view_from_own(view, own_out(view), next);
    return BP_OK;
}

/* A NaN of these bits comes out of no computation. */
static double not_given(void)
{
    const uint64_t bits = 0x7ff8b4c4b960be00;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

bool bp_view_is_given(const double *numbers, size_t n)
{
    const double none = not_given();
    for (size_t k = 0; k < n; k++)
        if (memcmp(&numbers[k], &none, sizeof none) != 0)
            return true;
    return false;
}

enum bp_status bp_view_trace(struct bp_view *view, const double *theta,
                             const struct bp_batch *batch, double *z, double *a, double *delta,
                             struct bp_error *error)
{
    const struct bp_subject *subject = view->subject;
    if (subject->trace == NULL || !view->described)
        return unable(view, "show its z, a and delta", error);
    const enum bp_status status = check_point(view, theta, batch, error);
    if (status != BP_OK)
        return status;
    const size_t units = batch->n * view->twin.n_units;
    double *arrays[] = {z, a, delta};
    for (size_t k = 0; k < 3; k++)
        if (arrays[k] != NULL)
            fill_with(arrays[k], units, not_given());
    put(view, theta);
    view->calls++;
    const int result = subject->trace(subject->self, own_theta(view), batch, z, a, delta);
    if (result != 0)
        return failed(view, "trace", result, error);
    look_for_changes(view);
    return BP_OK;
}
