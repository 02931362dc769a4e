/* locate_view.c -- a subject's wrong entries (see locate.h). Its twin's loss is used where
 * the twin answers as it does: in double, and with the signs of z to see corners by.
 */
#include "diag/locate.h"

#include "core/mem.h"

#include <math.h>
#include <string.h>

struct scene {
    struct bp_view *view; /* borrowed */
    struct bp_batch batch;
    double *theta, *x, *t; /* one block, owned: as the subject can hold them */
    double *g;             /* owned */
};

static enum bp_status own_loss(void *self, const double *theta, double *loss,
                               struct bp_error *error)
{
    struct scene *scene = self;
    return bp_view_loss(scene->view, theta, &scene->batch, loss, error);
}

static enum bp_status start(struct scene *scene, struct bp_view *view, const double *theta,
                            const struct bp_batch *batch)
{
    const size_t n_x = batch->n * view->n_in, n_t = batch->n * view->n_out;
    *scene = (struct scene){.view = view};
    scene->theta = bp_mem_new(view->n_theta + n_x + n_t, sizeof *scene->theta);
    scene->g = bp_mem_new(view->n_theta, sizeof *scene->g);
    if (scene->theta == NULL || scene->g == NULL)
        return BP_ENOMEM;
    scene->x = scene->theta + view->n_theta;
    scene->t = scene->x + n_x;
    memcpy(scene->theta, theta, view->n_theta * sizeof *theta);
    memcpy(scene->x, batch->x, n_x * sizeof *scene->x);
    memcpy(scene->t, batch->t, n_t * sizeof *scene->t);
    bp_view_round(view, scene->theta);
    bp_view_round_data(view, n_x, scene->x);
    bp_view_round_data(view, n_t, scene->t);
    scene->batch = (struct bp_batch){batch->n, scene->x, scene->t};
    return BP_OK;
}

/* What rounding may do to an output or a loss, for numbers of about 1. */
static double may_round(const struct bp_view *view)
{
    const struct bp_spec *spec = &view->twin.spec;
    double fan = 1.0;
    for (size_t l = 0; l < spec->layers; l++)
        fan = fmax(fan, (double)spec->layer[l].width);
    return 64.0 * view->epsilon * sqrt(fan) * (double)spec->layers;
}

static enum bp_status compare_outputs(const struct scene *scene, const struct bp_pass *pass,
                                      bool *same, struct bp_error *error)
{
    const size_t count = scene->batch.n * scene->view->n_out;
    double *y = bp_mem_new(count, sizeof *y);
    if (y == NULL)
        return BP_ENOMEM;
    const enum bp_status status =
        bp_view_predict(scene->view, scene->theta, &scene->batch, y, error);
    const double *a = pass->a[scene->view->twin.spec.layers];
    for (size_t k = 0; status == BP_OK && k < count; k++)
        *same = *same && fabs(y[k] - a[k]) <= may_round(scene->view) * fmax(1.0, fabs(a[k]));
    bp_mem_free(y);
    return status;
}

/* Whether predictions and, where its size means something, the loss are the twin's. */
static enum bp_status compare(const struct scene *scene, bool any_factor, bool *same,
                              struct bp_error *error)
{
    struct bp_view *view = scene->view;
    struct bp_pass pass;
    if (bp_pass_init(&pass, &view->twin, scene->batch.n) != BP_OK)
        return BP_ENOMEM;
    pass.theta = scene->theta;
    bp_pass_forward(&pass, scene->batch.n, scene->x);
    const double twins = bp_pass_loss(&pass, scene->t);
    enum bp_status status = BP_OK;
    *same = view->can_predict || view->can_lose;
    if (view->can_predict)
        status = compare_outputs(scene, &pass, same, error);
    if (status == BP_OK && view->subject->loss != NULL && !any_factor) {
        double loss;
        status = bp_view_loss(view, scene->theta, &scene->batch, &loss, error);
        *same = *same && fabs(loss - twins) <= 8.0 * may_round(view) * fabs(twins);
    }
    bp_pass_release(&pass);
    return status;
}

static enum bp_status choose(const struct scene *scene, const struct bp_claim *claim,
                             const struct bp_locate_options *options, bool *twin,
                             struct bp_error *error)
{
    *twin = false;
    if (!scene->view->described || options->own_loss)
        return BP_OK;
    return compare(scene, claim->any_factor, twin, error);
}

static enum bp_status locate(struct bp_locate *result, struct scene *scene,
                             const struct bp_locate_options *options, struct bp_error *error)
{
    struct bp_view *view = scene->view;
    struct bp_claim claim = {.g = scene->g};
    struct bp_locate_options own = *options;
    bool twin = false;
    enum bp_status status = bp_view_gradient(view, scene->theta, &scene->batch, 0.0, &claim, error);
    if (status == BP_OK)
        status = choose(scene, &claim, options, &twin, error);
    if (status != BP_OK)
        return status;
    const struct bp_loss_at at = {.net = twin ? &view->twin : NULL,
                                  .n = scene->batch.n,
                                  .x = scene->x,
                                  .t = scene->t,
                                  .call = own_loss,
                                  .self = scene,
                                  .n_theta = view->n_theta,
                                  .epsilon = view->epsilon,
                                  .theta = scene->theta};
    own.narrow = !twin && view->narrow;
    status = bp_locate_run(result, &at, view->described ? &view->twin : NULL, &claim, &own, error);
    result->twin = status == BP_OK && twin;
    return status;
}

enum bp_status bp_locate_view(struct bp_locate *result, struct bp_view *view, const double *theta,
                              const struct bp_batch *batch, const struct bp_locate_options *options,
                              struct bp_error *error)
{
    const struct bp_locate_options none = {0};
    struct scene scene;
    *result = (struct bp_locate){0};
    enum bp_status status = start(&scene, view, theta, batch);
    if (status == BP_OK)
        status = locate(result, &scene, options != NULL ? options : &none, error);
    bp_mem_free(scene.theta);
    bp_mem_free(scene.g);
    return status == BP_ENOMEM ? bp_error_set(error, status, "locate: out of memory") : status;
}
