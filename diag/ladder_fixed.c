/* ladder_fixed.c -- a subject as it is climbs the rungs that fit; the others are left out,
 * with the reason (see ladder.h).
 */
#include "core/mem.h"
#include "diag/ladder_climb.h"

#include <stdio.h>

static bool takes_gates(const struct bp_view *view)
{
    return view->subject->data == NULL && !view->subject->theta_fixed && view->n_in == 2 &&
           view->n_out == 1 &&
           view->twin.spec.layer[view->twin.spec.layers].activation != BP_SOFTMAX;
}

static enum bp_status own_data(struct bp_dataset *data, const struct bp_view *view)
{
    const struct bp_batch *own = view->subject->data;
    if (own == NULL)
        return bp_climb_no_task(data, &view->twin.spec);
    const enum bp_status status =
        bp_dataset_copy(data, own->n, view->n_in, view->n_out, own->x, own->t);
    if (status != BP_OK)
        return status;
    snprintf(data->title, sizeof data->title, "its own data");
    return BP_OK;
}

static enum bp_status choose_data(struct bp_dataset *data, const struct bp_view *view,
                                  enum bp_gate gate)
{
    return takes_gates(view) ? bp_dataset_gate(data, gate, bp_climb_coding(&view->twin.spec))
                             : own_data(data, view);
}

static void skip(struct bp_climb *climb, const char *what, const char *why)
{
    bp_rung_see(bp_climb_look(climb, "%s", what), BP_RUNG_LEFT_OUT, "%s", why);
}

static enum bp_status fixed_small(struct bp_climb *climb)
{
    if (climb->view->twin.spec.layers > 1)
        skip(climb, "AND with one neuron",
             "its network is fixed and has hidden layers: a version with one neuron would show "
             "more at less");
    else if (takes_gates(climb->view))
        LOOK(bp_rung_separable(climb));
    else
        skip(climb, "AND with one neuron", "it takes no data but its own shape's");
    LOOK(bp_rung_contract(climb));
    return BP_OK;
}

static enum bp_status fixed_forward(struct bp_climb *climb)
{
    double *theta = bp_mem_new(climb->view->n_theta, sizeof *theta);
    if (theta == NULL)
        return BP_ENOMEM;
    bp_climb_point(climb, 0, theta);
    const enum bp_status status = bp_rung_forward(climb, theta);
    bp_mem_free(theta);
    LOOK(status);
    if (takes_gates(climb->view))
        LOOK(bp_rung_numeric(climb, AND_BUDGET));
    else
        skip(climb, "training by the numeric gradient alone",
             "whether its own data can be learned is not known; AND does not fit its network");
    return BP_OK;
}

static enum bp_status fixed_backward(struct bp_climb *climb)
{
    LOOK(bp_rung_gradient(climb));
    if (takes_gates(climb->view))
        LOOK(bp_rung_beside(climb, BESIDE));
    LOOK(bp_rung_step(climb));
    if (takes_gates(climb->view))
        LOOK(bp_rung_learns(climb, AND_BUDGET, AND_LEAST));
    return BP_OK;
}

static enum bp_status fixed_hidden(struct bp_climb *climb)
{
    skip(climb, "one hidden layer on AND",
         climb->view->twin.spec.layers > 1 ? "rungs 2 and 3 were climbed with its hidden layers"
                                           : "its network is fixed, and has no hidden layer");
    return BP_OK;
}

static enum bp_status fixed_harder(struct bp_climb *climb)
{
    struct bp_view *view = climb->view;
    if (takes_gates(view) && view->twin.spec.layers > 1 && view->twin.spec.layer[1].width > 2)
        LOOK(bp_rung_learns(climb, XOR_BUDGET, XOR_LEAST));
    else
        skip(climb, "XOR",
             view->twin.spec.layers < 2 ? "one neuron cannot learn it"
             : takes_gates(view) ? "with two hidden units a right program often ends in a local "
                                   "minimum: it would prove nothing"
                                 : "it does not fit its network");
    LOOK(bp_rung_as_twin(climb, BESIDE_TWIN));
    skip(climb, "unequal widths, several outputs",
         "its network is fixed; faults that it hides stay hidden");
    return BP_OK;
}

static enum bp_status climb_view(struct bp_ladder *ladder, struct bp_view *view,
                                 const struct bp_ladder_options *options, bool one_hot,
                                 struct bp_error *error)
{
    static enum bp_status (*const LOOKS[BP_RUNGS])(struct bp_climb *) = {
        fixed_small, fixed_forward, fixed_backward, fixed_hidden, fixed_harder};
    struct bp_climb climb;
    struct bp_error unread;
    bp_climb_begin(&climb, ladder, view->subject->name, options, error != NULL ? error : &unread);
    climb.one_hot = one_hot;
    if (!view->described)
        return bp_error_set(error, BP_EUNSUPPORTED,
                            "ladder: %s: it does not say what its network is (network, arrays); "
                            "backprobe check does without",
                            ladder->name);
    if (view->subject->rate_kind == BP_RATE_FIXED) {
        climb.options.rate = ladder->rate = view->subject->rate;
        climb.rate_given = true;
    }
    const size_t before = view->calls;
    enum bp_status status = BP_OK;
    for (int k = 0; k < BP_RUNGS && status == BP_OK && ladder->broke == 0; k++) {
        struct bp_dataset data = {0};
        climb.rung = &ladder->rung[k];
        climb.view = view;
        climb.data = &data;
        status = choose_data(&data, view, k + 1 == BP_RUNGS ? BP_XOR : BP_AND);
        if (status == BP_OK)
            status = LOOKS[k](&climb);
        bp_dataset_release(&data);
        bp_climb_end_rung(&climb);
    }
    ladder->calls = view->calls - before;
    return bp_climb_finish(&climb, status);
}

enum bp_status bp_ladder_view(struct bp_ladder *ladder, struct bp_view *view,
                              const struct bp_ladder_options *options, struct bp_error *error)
{
    const enum bp_status status = climb_view(ladder, view, options, false, error);
    if (status != BP_ESUBJECT || view->subject->data != NULL || view->n_out < 2)
        return status;
    struct bp_error unread; /* the first says more */
    return climb_view(ladder, view, options, true, &unread) == BP_OK ? BP_OK : status;
}
