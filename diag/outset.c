/* outset.c -- see outset.h. */
#include "diag/outset.h"

#include "core/dataset.h"
#include "core/mem.h"
#include "diag/health.h"
#include "diag/rate.h"
#include "diag/symmetry.h"

#include <math.h>
#include <string.h>

enum { EPOCHS = 1000 }; /* of each trial of a rate, or as many as bp_rate_run() has time for */

static enum bp_status look_at_start(struct bp_view *view, const struct bp_batch *batch,
                                    struct bp_findings *findings)
{
    struct bp_symmetry symmetry;
    if (!bp_view_start(view, view->twin.theta))
        return BP_OK;
    enum bp_status status = bp_symmetry_look(&symmetry, &view->twin, batch->n, batch->x, batch->t);
    if (status != BP_OK)
        return status;
    status = bp_symmetry_findings(&symmetry, &view->twin, NULL, findings);
    bp_symmetry_release(&symmetry);
    return status;
}

static enum bp_status take_data(struct bp_dataset *data, const struct bp_view *view)
{
    const struct bp_batch *own = view->subject->data;
    return bp_dataset_copy(data, own->n, view->n_in, view->n_out, own->x, own->t);
}

static enum bp_status look_at_data(struct bp_view *view, struct bp_findings *findings)
{
    struct bp_dataset data;
    if (view->subject->data == NULL)
        return BP_OK;
    enum bp_status status = take_data(&data, view);
    if (status != BP_OK)
        return status;
    struct bp_health health = {
        .net = &view->twin, .data = &data, .validation = NAN, .training = NAN};
    status = bp_health_run(&health, findings);
    bp_dataset_release(&data);
    return status;
}

/* How long it is to be trained is not known, so that a rate is never too small. */
static enum bp_status try_rates(struct bp_view *view, const struct bp_dataset *data,
                                const double *start, struct bp_findings *findings)
{
    const struct bp_subject *subject = view->subject;
    const struct bp_train train = {.rate = subject->rate,
                                   .batch = subject->step_kind == BP_STEP_SAMPLE ? 1 : data->n,
                                   .epochs = EPOCHS,
                                   .shuffle = subject->shuffles != 0};
    struct bp_rate rate;
    const enum bp_status status = bp_rate_run(&rate, &view->twin, start, data, &train, NULL);
    if (status != BP_OK || rate.verdict != BP_RATE_TOO_LARGE)
        return status;
    rate.enough = 0;
    return bp_rate_findings(&rate, findings);
}

enum bp_status bp_outset_rate(struct bp_view *view, struct bp_findings *findings)
{
    const struct bp_subject *subject = view->subject;
    struct bp_dataset data;
    if (!view->described || subject->data == NULL || subject->rate_kind != BP_RATE_FIXED ||
        !(subject->rate > 0.0) || subject->step_kind == BP_STEP_EPOCH)
        return BP_OK;
    double *start = bp_mem_new(view->n_theta, sizeof *start);
    if (start == NULL)
        return BP_ENOMEM;
    enum bp_status status = BP_OK;
    if (bp_view_start(view, start) && (status = take_data(&data, view)) == BP_OK) {
        status = try_rates(view, &data, start, findings);
        bp_dataset_release(&data);
    }
    bp_mem_free(start);
    return status;
}

enum bp_status bp_outset_run(struct bp_view *view, const struct bp_batch *batch,
                             struct bp_findings *findings)
{
    if (!view->described)
        return BP_OK;
    const enum bp_status status = look_at_start(view, batch, findings);
    return status == BP_OK ? look_at_data(view, findings) : status;
}
