/* ladder_step.c -- the look at a step of the subject's own: does every tensor move, and is
 * what moves it rate times the gradient?
 */
#include "diag/ladder_climb.h"

#include "core/mem.h"
#include "diag/stepper.h"

#include <stdio.h>
#include <string.h>

static void add_tensor_name(const struct bp_tensor *tensor, char *text, size_t size)
{
    char name[BP_NAME_MAX];
    const size_t used = strlen(text);
    bp_tensor_name(tensor, name);
    snprintf(text + used, size - used, " %s", name);
}

/* Names of tensors that one step leaves as they were, though their derivatives are not 0
 * (which the gradient check has shown to be right by now). */
static enum bp_status find_still(struct bp_climb *climb, const struct bp_batch *batch,
                                 double *theta, char *still, size_t size)
{
    struct bp_view *view = climb->view;
    const struct bp_mlp *twin = &view->twin;
    double *next = bp_mem_new(2 * view->n_theta, sizeof *next);
    if (next == NULL)
        return BP_ENOMEM;
    const struct bp_batch one = {view->subject->step_kind == BP_STEP_SAMPLE ? 1 : batch->n,
                                 batch->x, batch->t};
    struct bp_pass pass;
    enum bp_status status = bp_pass_init(&pass, twin, one.n);
    if (status == BP_OK) {
        pass.theta = theta;
        pass.grad = next + view->n_theta;
        bp_pass_forward(&pass, one.n, one.x);
        bp_pass_backward(&pass, one.t);
        bp_pass_release(&pass);
        status = bp_view_step(view, theta, &one, climb->options.rate, next, climb->error);
    }
    for (size_t k = 0; k < twin->n_tensors && status == BP_OK; k++) {
        const struct bp_tensor *tensor = &twin->tensor[k];
        bool moved = false, has = false;
        for (size_t i = tensor->offset; i < tensor->offset + tensor->count; i++) {
            moved = moved || next[i] != theta[i];
            has = has || next[view->n_theta + i] != 0.0;
        }
        if (has && !moved)
            add_tensor_name(tensor, still, size);
    }
    bp_mem_free(next);
    return status;
}

static void say_step(struct bp_climb *climb, struct bp_rung_look *look,
                     const struct bp_stepper *stepper, const char *still, size_t found)
{
    if (still[0] == '\0' && found == 0) {
        bp_rung_see(look, BP_RUNG_PASSED, "every tensor moves");
        if (stepper->looked)
            bp_rung_see_more(look, "; %s%s", stepper->linear ? "the step goes with the rate" : "",
                             stepper->momentum > 0.0 ? ", with momentum" : "");
        return;
    }
    bp_rung_see(look, BP_RUNG_BROKE, "%s%s", still[0] != '\0' ? "never moved:" : "", still);
    if (found > 0)
        bp_rung_see_more(look, "%sa step is not theta - rate * gradient",
                         still[0] != '\0' ? "; " : "");
    bp_climb_break(climb,
                   "the gradient is right and the step is not: what is done with the gradient is "
                   "at fault, not backpropagation",
                   "compare theta before and after one step with theta - rate * gradient, "
                   "tensor by tensor");
}

enum bp_status bp_rung_step(struct bp_climb *climb)
{
    struct bp_view *view = climb->view;
    if (!view->can_step) {
        bp_rung_see(bp_climb_look(climb, "a step of its own"), BP_RUNG_LEFT_OUT,
                    "it has none: theta - rate * gradient is taken for it");
        return BP_OK;
    }
    struct bp_rung_look *look = bp_climb_look(climb, "steps of its own, at several rates");
    struct bp_dataset data = {0};
    struct bp_stepper stepper = {0};
    double *theta = bp_mem_new(view->n_theta, sizeof *theta);
    char still[BP_RUNG_LINE] = "";
    enum bp_status status = theta == NULL ? BP_ENOMEM : bp_climb_draw(climb, 5, &data);
    const struct bp_batch batch = {data.n, data.x, data.t};
    const size_t before = bp_findings_count(&climb->ladder->findings);
    if (status == BP_OK) {
        bp_climb_point(climb, 2, theta);
        bp_view_forget_steps(view);
        status = find_still(climb, &batch, theta, still, sizeof still);
    }
    if (status == BP_OK)
        status =
            bp_stepper_run(view, theta, &batch, &stepper, &climb->ladder->findings, climb->error);
    if (status == BP_OK) {
        say_step(climb, look, &stepper, still,
                 bp_findings_count(&climb->ladder->findings) - before);
        if (bp_climb_broke(climb))
            status = bp_climb_name_at_least(climb, BP_LOOK_UPDATE, "parameter-never-changes",
                                            look->seen);
    }
    bp_dataset_release(&data);
    bp_mem_free(theta);
    return status;
}
