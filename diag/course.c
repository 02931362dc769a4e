/* course.c -- see course.h. */
#include "diag/course.h"

#include "core/mem.h"

#include <math.h>
#include <string.h>

/* Every k-th sample, so that sorted classes are all there. */
static void choose_probe(struct bp_course *course)
{
    const struct bp_dataset *data = course->data;
    for (size_t k = 0; k < course->n_probe; k++) {
        const size_t s = k * data->n / course->n_probe;
        memcpy(course->x + k * data->n_in, data->x + s * data->n_in, data->n_in * sizeof *data->x);
        memcpy(course->t + k * data->n_out, data->t + s * data->n_out,
               data->n_out * sizeof *data->t);
    }
}

enum bp_status bp_course_init(struct bp_course *course, const struct bp_mlp *net,
                              const struct bp_dataset *data)
{
    *course = (struct bp_course){.net = net, .data = data, .stride = 1};
    course->n_probe = data->n < BP_COURSE_PROBE ? data->n : BP_COURSE_PROBE;
    const size_t states = BP_COURSE_POINTS * (net->spec.layers + 1);
    course->x = bp_mem_new(course->n_probe * data->n_in, sizeof *course->x);
    course->t = bp_mem_new(course->n_probe * data->n_out, sizeof *course->t);
    course->point = bp_mem_new(BP_COURSE_POINTS, sizeof *course->point);
    course->state = bp_mem_new(states, sizeof *course->state);
    course->start = bp_mem_new(2 * net->n_theta, sizeof *course->start);
    course->moved = bp_mem_new(net->n_tensors, sizeof *course->moved);
    course->losses = bp_mem_new(2 * BP_COURSE_LOSSES, sizeof *course->losses);
    course->unit_delta =
        bp_mem_new(2 * BP_COURSE_POINTS * net->n_units, sizeof *course->unit_delta);
    if (course->x == NULL || course->t == NULL || course->point == NULL || course->state == NULL ||
        course->start == NULL || course->moved == NULL || course->losses == NULL ||
        course->unit_delta == NULL || bp_pass_init(&course->pass, net, course->n_probe) != BP_OK) {
        bp_course_release(course);
        return BP_ENOMEM;
    }
    course->unit_flat = course->unit_delta + BP_COURSE_POINTS * net->n_units;
    course->accuracies = course->losses + BP_COURSE_LOSSES;
    /* a gradient of its own: the network's belongs to the run */
    course->pass.grad = course->start + net->n_theta;
    course->pass.direction = course->pass.grad;
    memcpy(course->start, net->theta, net->n_theta * sizeof *net->theta);
    choose_probe(course);
    return BP_OK;
}

void bp_course_release(struct bp_course *course)
{
    bp_pass_release(&course->pass);
    bp_mem_free(course->x);
    bp_mem_free(course->t);
    bp_mem_free(course->point);
    bp_mem_free(course->state);
    bp_mem_free(course->start);
    bp_mem_free(course->moved);
    bp_mem_free(course->losses);
    bp_mem_free(course->unit_delta);
    *course = (struct bp_course){0};
}

/* ---- one checkpoint -------------------------------------------------------- */

static double norm(const double *v, size_t n)
{
    double sum = 0.0;
    for (size_t k = 0; k < n; k++)
        sum += v[k] * v[k];
    return sqrt(sum);
}

/* The largest slope that the activation has: sigmoid 1/4, the others 1. */
static double steepest(enum bp_activation f)
{
    return f == BP_SIGMOID || f == BP_SOFTMAX ? 0.25 : 1.0;
}

static void look_at_unit(struct bp_course *course, size_t l, size_t i, struct bp_layer_state *state)
{
    const struct bp_layer *layer = &course->net->spec.layer[l];
    double sum = 0.0, squares = 0.0;
    double delta = 0.0, flat = 0.0;
    bool active = false;
    for (size_t s = 0; s < course->n_probe; s++) {
        const size_t at = s * layer->width + i;
        const double z = course->pass.z[l][at];
        const double a = course->pass.a[l][at];
        const double slope = bp_activation_slope(layer->activation, layer->slope, z, a);
        /* a relu's flat side is counted as dead, not as saturated */
        const bool saturated = !bp_activation_has_kink(layer->activation) &&
                               slope < BP_SATURATED_SLOPE * steepest(layer->activation);
        state->saturated += saturated;
        flat += saturated || (layer->activation == BP_RELU && z <= 0.0);
        active = active || !(z <= 0.0);
        state->rms_z += z * z;
        delta += fabs(course->pass.delta[l][at]);
        sum += a;
        squares += a * a;
    }
    const double n = (double)course->n_probe;
    const size_t unit = course->n_points * course->net->n_units + course->net->unit[l] + i;
    course->unit_delta[unit] = delta / n;
    course->unit_flat[unit] = flat / n;
    state->delta += delta;
    const double variance = squares / n - sum / n * (sum / n);
    state->sd_a += variance > 0.0 ? sqrt(variance) : variance * 0.0;
    state->rms_a += squares;
    state->dead += layer->activation == BP_RELU && !active;
}

static void look_at_layer(struct bp_course *course, size_t l, struct bp_layer_state *state)
{
    const double units = (double)course->net->spec.layer[l].width;
    const double numbers = units * (double)course->n_probe;
    const double update = state->update;
    *state = (struct bp_layer_state){.update = update};
    for (size_t i = 0; i < course->net->spec.layer[l].width; i++)
        look_at_unit(course, l, i, state);
    state->delta /= numbers;
    state->saturated /= numbers;
    state->dead /= units;
    state->rms_z = sqrt(state->rms_z / numbers);
    state->rms_a = sqrt(state->rms_a / numbers);
    state->sd_a /= units;
}

static double spread_of_outputs(const struct bp_course *course)
{
    const size_t last = course->net->spec.layers;
    const size_t width = course->net->spec.layer[last].width;
    double spread = 0.0;
    for (size_t i = 0; i < width; i++) {
        double low = course->pass.a[last][i];
        double high = low;
        for (size_t s = 1; s < course->n_probe; s++) {
            const double a = course->pass.a[last][s * width + i];
            low = a < low ? a : low;
            high = a > high ? a : high;
        }
        spread = high - low > spread ? high - low : spread;
    }
    return spread;
}

/* Share of the probe set that is right; NaN without classes. After a forward pass. */
static double share_right(const struct bp_course *course)
{
    const struct bp_dataset *data = course->data;
    const double *a = course->pass.a[course->net->spec.layers];
    size_t right = 0;
    if (data->classes == 0)
        return NAN;
    for (size_t s = 0; s < course->n_probe; s++)
        right += bp_dataset_class(data, a + s * data->n_out) ==
                 bp_dataset_class(data, course->t + s * data->n_out);
    return (double)right / (double)course->n_probe;
}

static void look_at_answers(const struct bp_course *course, struct bp_checkpoint *point)
{
    const struct bp_dataset *data = course->data;
    const double *a = course->pass.a[course->net->spec.layers];
    bool seen[256] = {false};
    double loss = 0.0;
    for (size_t s = 0; s < course->n_probe; s++) {
        loss += bp_pass_sample_loss(&course->pass, course->t, s);
        if (data->classes == 0)
            continue;
        const size_t guess = bp_dataset_class(data, a + s * data->n_out);
        if (guess < 256 && !seen[guess]) {
            seen[guess] = true;
            point->classes++;
        }
    }
    point->loss = loss / (double)course->n_probe;
    point->accuracy = share_right(course);
}

static void look(struct bp_course *course, const double *theta, size_t step, size_t epoch)
{
    struct bp_checkpoint *point = &course->point[course->n_points];
    struct bp_layer_state *state =
        course->state + course->n_points * (course->net->spec.layers + 1);
    *point = (struct bp_checkpoint){.step = step, .epoch = epoch};
    course->pass.theta = theta;
    bp_pass_forward(&course->pass, course->n_probe, course->x);
    bp_pass_backward(&course->pass, course->t);
    look_at_answers(course, point);
    point->spread = spread_of_outputs(course);
    point->grad = norm(course->pass.grad, course->net->n_theta);
    for (size_t l = 1; l <= course->net->spec.layers; l++)
        look_at_layer(course, l, &state[l]);
    course->n_points++;
}

/* ---- the run ----------------------------------------------------------------- */

static double relative_update(const struct bp_step_view *view, size_t l)
{
    const struct bp_tensor *weights = bp_mlp_weights(view->net, l);
    const double *before = view->pass->theta + weights->offset;
    const double *after = view->pass->next + weights->offset;
    double change = 0.0;
    for (size_t k = 0; k < weights->count; k++)
        change += (after[k] - before[k]) * (after[k] - before[k]);
    return sqrt(change) / norm(before, weights->count); /* 0 / 0 is NaN, as said */
}

static void note_loss(struct bp_course *course, const struct bp_step_view *view)
{
    if (course->not_finite || isfinite(view->loss))
        return;
    course->not_finite = true;
    course->bad_step = view->step;
    for (size_t l = 1; l <= view->net->spec.layers && course->bad_layer == 0; l++)
        for (size_t k = 0; k < view->pass->n * view->net->spec.layer[l].width; k++)
            if (!isfinite(view->pass->z[l][k])) {
                course->bad_layer = l;
                break;
            }
}

void bp_course_step(struct bp_course *course, const struct bp_step_view *view)
{
    note_loss(course, view);
    course->steps = view->step + 1;
    if (view->step < course->next_step || course->n_points + 1 >= BP_COURSE_POINTS)
        return;
    struct bp_layer_state *state = course->state + course->n_points * (view->net->spec.layers + 1);
    for (size_t l = 1; l <= view->net->spec.layers; l++)
        state[l].update = relative_update(view, l);
    look(course, view->pass->theta, view->step, view->epoch);
    course->next_step = view->step + 1 + view->step / 5;
}

void bp_course_epoch(struct bp_course *course, const struct bp_epoch_view *view)
{
    if (view->epoch % course->stride != 0)
        return;
    if (course->n_losses == BP_COURSE_LOSSES) {
        for (size_t k = 0; k < BP_COURSE_LOSSES / 2; k++) {
            course->losses[k] = course->losses[2 * k];
            course->accuracies[k] = course->accuracies[2 * k];
        }
        course->n_losses = BP_COURSE_LOSSES / 2;
        course->stride *= 2;
        if (view->epoch % course->stride != 0)
            return;
    }
    course->pass.theta = view->net->theta;
    bp_pass_forward(&course->pass, course->n_probe, course->x);
    course->accuracies[course->n_losses] = share_right(course);
    course->losses[course->n_losses++] = view->loss;
}

void bp_course_end(struct bp_course *course, const struct bp_mlp *net)
{
    struct bp_layer_state *state = course->state + course->n_points * (net->spec.layers + 1);
    for (size_t l = 1; l <= net->spec.layers; l++)
        state[l].update = NAN; /* no step follows */
    look(course, net->theta, course->steps,
         course->n_points == 0 ? 0 : course->point[course->n_points - 1].epoch);
    for (size_t i = 0; i < net->n_tensors; i++) {
        const struct bp_tensor *tensor = &net->tensor[i];
        course->moved[i] = memcmp(net->theta + tensor->offset, course->start + tensor->offset,
                                  tensor->count * sizeof *net->theta) != 0;
    }
}

const struct bp_layer_state *bp_course_at(const struct bp_course *course, size_t p, size_t l)
{
    return &course->state[p * (course->net->spec.layers + 1) + l];
}
