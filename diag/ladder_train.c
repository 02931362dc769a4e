/* ladder_train.c -- training on the ladder: by the numeric gradient, by the subject's own,
 * by its own steps, or by the right gradient of its twin.
 *
 * The numeric gradient is the plainest there is, that a reader can write down too:
 * (f(theta + h) - f(theta - h)) / 2h in each parameter, h = 2^-17 (float: 2^-8), near the
 * cube root of the precision.
 */
#include "diag/ladder_climb.h"

#include "core/init.h"
#include "core/mem.h"
#include "diag/faults/fault.h"

#include <math.h>
#include <string.h>

/* ---- a start ---------------------------------------------------------------- */

static void plant_in_init(const struct bp_climb *climb, struct bp_init *init)
{
    for (size_t k = 0; k < climb->n_faults; k++)
        if (climb->fault[k].fault->plant_init != NULL)
            climb->fault[k].fault->plant_init(&climb->fault[k], init);
}

static void draw(const struct bp_climb *climb, size_t k, double sd, bool planted, double *theta)
{
    struct bp_mlp *twin = &climb->view->twin;
    struct bp_init init = {.weights = {.scheme = BP_INIT_NORMAL, .sd = sd},
                           .biases = {.scheme = BP_INIT_NORMAL, .sd = sd},
                           .seed = climb->options.seed + k};
    if (twin->spec.layer[0].width > 16)
        init.weights = (struct bp_fill){.scheme = BP_INIT_GLOROT};
    if (planted)
        plant_in_init(climb, &init);
    bp_init_run(&init, twin);
    for (size_t i = 0; planted && i < climb->n_faults; i++)
        if (climb->fault[i].fault->plant_start != NULL)
            climb->fault[i].fault->plant_start(&climb->fault[i], twin);
    memcpy(theta, twin->theta, twin->n_theta * sizeof *theta);
    bp_view_round(climb->view, theta);
}

void bp_climb_start(const struct bp_climb *climb, size_t start, double *theta)
{
    if (climb->maker == NULL && start == 0 && bp_view_start(climb->view, theta))
        return;
    draw(climb, start, 1.0, true, theta);
}

void bp_climb_point(const struct bp_climb *climb, size_t k, double *theta)
{
    if (climb->maker == NULL && bp_view_start(climb->view, theta) &&
        (k == 0 || climb->view->subject->theta_fixed))
        return;
    draw(climb, k, 0.5, false, theta);
}

/* ---- one step --------------------------------------------------------------- */

enum bp_status bp_climb_numeric(struct bp_climb *climb, const double *theta,
                                const struct bp_batch *batch, double *g)
{
    struct bp_view *view = climb->view;
    const double h = view->narrow ? 0x1p-8 : 0x1p-17;
    double *point = bp_mem_new(view->n_theta, sizeof *point);
    enum bp_status status = point == NULL ? BP_ENOMEM : BP_OK;
    if (status == BP_OK)
        memcpy(point, theta, view->n_theta * sizeof *point);
    for (size_t k = 0; k < view->n_theta && status == BP_OK; k++) {
        double up = NAN, down = NAN;
        point[k] = theta[k] + h;
        status = bp_view_loss(view, point, batch, &up, climb->error);
        point[k] = theta[k] - h;
        if (status == BP_OK)
            status = bp_view_loss(view, point, batch, &down, climb->error);
        point[k] = theta[k];
        g[k] = (up - down) / (2.0 * h);
    }
    bp_mem_free(point);
    return status;
}

static enum bp_status twin_gradient(struct bp_climb *climb, const double *theta,
                                    const struct bp_batch *batch, double *g)
{
    struct bp_pass pass;
    if (bp_pass_init(&pass, &climb->view->twin, batch->n) != BP_OK)
        return BP_ENOMEM;
    pass.theta = theta;
    pass.grad = g;
    bp_pass_forward(&pass, batch->n, batch->x);
    bp_pass_backward(&pass, batch->t);
    bp_pass_release(&pass);
    return BP_OK;
}

static enum bp_status one_step(struct bp_climb *climb, const struct bp_lesson *lesson,
                               const struct bp_batch *batch, double *theta, double *g)
{
    struct bp_view *view = climb->view;
    struct bp_claim claim = {.g = g};
    enum bp_status status = BP_OK;
    if (lesson->by == BP_BY_STEP)
        return bp_view_step(view, theta, batch, lesson->rate, theta, climb->error);
    if (lesson->by == BP_BY_NUMERIC)
        status = bp_climb_numeric(climb, theta, batch, g);
    else if (lesson->by == BP_BY_TWIN)
        status = twin_gradient(climb, theta, batch, g);
    else
        status = bp_view_gradient(view, theta, batch, 0.0, &claim, climb->error);
    for (size_t k = 0; k < view->n_theta && status == BP_OK; k++)
        theta[k] -= lesson->rate * g[k];
    return status;
}

/* ---- how far it is ---------------------------------------------------------- */

/* By its own predictions, or by the twin's where it has none. */
static enum bp_status predict(struct bp_climb *climb, const double *theta,
                              const struct bp_batch *batch, double *y)
{
    struct bp_view *view = climb->view;
    if (view->can_predict)
        return bp_view_predict(view, theta, batch, y, climb->error);
    struct bp_pass pass;
    if (bp_pass_init(&pass, &view->twin, batch->n) != BP_OK)
        return BP_ENOMEM;
    pass.theta = theta;
    bp_pass_forward(&pass, batch->n, batch->x);
    memcpy(y, pass.a[view->twin.spec.layers], batch->n * view->n_out * sizeof *y);
    bp_pass_release(&pass);
    return BP_OK;
}

static double loss_of(const struct bp_view *view, const struct bp_batch *batch, const double *y)
{
    const struct bp_spec *spec = &view->twin.spec;
    double sum = 0.0;
    for (size_t s = 0; s < batch->n; s++)
        sum += bp_loss_value(spec->loss, spec->factor, view->n_out, y + s * view->n_out,
                             batch->t + s * view->n_out);
    return sum / (double)batch->n;
}

static enum bp_status judge(struct bp_climb *climb, const double *theta,
                            const struct bp_batch *batch, double *y,
                            struct bp_outcome_of_training *outcome)
{
    const enum bp_status status = predict(climb, theta, batch, y);
    if (status != BP_OK)
        return status;
    outcome->right = 0;
    for (size_t s = 0; s < batch->n; s++)
        outcome->right += bp_dataset_class(climb->data, y + s * climb->view->n_out) ==
                          bp_dataset_label(climb->data, s);
    outcome->loss = loss_of(climb->view, batch, y);
    outcome->finite = isfinite(outcome->loss);
    outcome->learned = outcome->right == batch->n;
    return BP_OK;
}

/* ---- a run ------------------------------------------------------------------ */

static enum bp_status epoch(struct bp_climb *climb, const struct bp_lesson *lesson,
                            const struct bp_batch *all, double *theta, double *g)
{
    const size_t size = lesson->batch == 0 || lesson->batch > all->n ? all->n : lesson->batch;
    enum bp_status status = BP_OK;
    for (size_t first = 0; first < all->n && status == BP_OK; first += size) {
        const size_t n = all->n - first < size ? all->n - first : size;
        const struct bp_batch batch = {n, all->x + first * climb->view->n_in,
                                       all->t + first * climb->view->n_out};
        status = one_step(climb, lesson, &batch, theta, g);
    }
    return status;
}

enum bp_status bp_climb_train(struct bp_climb *climb, const struct bp_lesson *lesson, double *theta,
                              struct bp_outcome_of_training *outcome)
{
    const struct bp_batch all = {climb->data->n, climb->data->x, climb->data->t};
    const size_t n_theta = climb->view->n_theta;
    double *g = bp_mem_new(n_theta + all.n * climb->view->n_out, sizeof *g);
    if (g == NULL)
        return BP_ENOMEM;
    double *y = g + n_theta;
    *outcome = (struct bp_outcome_of_training){.epoch = lesson->budget};
    enum bp_status status = judge(climb, theta, &all, y, outcome);
    for (size_t k = 1; k <= lesson->budget && status == BP_OK; k++) {
        status = epoch(climb, lesson, &all, theta, g);
        const bool look = !lesson->to_the_end || k == lesson->budget;
        if (status == BP_OK && look)
            status = judge(climb, theta, &all, y, outcome);
        if (status == BP_OK && look && (outcome->learned || !outcome->finite)) {
            outcome->epoch = k;
            break;
        }
    }
    bp_mem_free(g);
    return status;
}
