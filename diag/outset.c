/* outset.c -- see outset.h. */
#include "diag/outset.h"

#include "core/dataset.h"
#include "diag/health.h"
#include "diag/symmetry.h"

#include <math.h>
#include <string.h>

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

static enum bp_status look_at_data(struct bp_view *view, struct bp_findings *findings)
{
    const struct bp_batch *own = view->subject->data;
    struct bp_dataset data;
    if (own == NULL)
        return BP_OK;
    enum bp_status status = bp_dataset_init(&data, own->n, view->n_in, view->n_out);
    if (status != BP_OK)
        return status;
    memcpy(data.x, own->x, own->n * view->n_in * sizeof *data.x);
    memcpy(data.t, own->t, own->n * view->n_out * sizeof *data.t);
    bp_dataset_find_classes(&data);
    struct bp_health health = {
        .net = &view->twin, .data = &data, .validation = NAN, .training = NAN};
    status = bp_health_run(&health, findings);
    bp_dataset_release(&data);
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
