/* ladder.c -- the order of the rungs, and what is run on each (see ladder.h). */
#include "diag/ladder.h"

#include "core/digits.h"
#include "core/mem.h"
#include "diag/ladder_climb.h"

#include <assert.h>
#include <string.h>

enum { STARTS = 24, STARTS_SLOW = 3, DIGITS = 200 };

const char *bp_rung_outcome_text(enum bp_rung_outcome outcome)
{
    static const char *const TEXT[] = {
#define BP_RUNG_OUTCOME_TEXT(name, text) text,
        BP_RUNG_OUTCOME_LIST(BP_RUNG_OUTCOME_TEXT)
#undef BP_RUNG_OUTCOME_TEXT
    };
    assert((unsigned)outcome < BP_RUNG_OUTCOMES);
    return TEXT[outcome];
}

static const struct {
    const char *title, *proves;
} RUNG[BP_RUNGS] = {
    {"start small", "there is a task that one neuron learns, and calls that can be trusted"},
    {"forward", "the forward pass and the loss are right, and rate and start let it train"},
    {"backward", "one layer's gradient is right: each delta, then each weight; and so is the step"},
    {"one hidden layer", "what goes from one layer to the one below is right"},
    {"harder", "several layers, several outputs and batches are right, and it learns"}};

void bp_climb_begin(struct bp_climb *climb, struct bp_ladder *ladder, const char *name,
                    const struct bp_ladder_options *options, struct bp_error *error)
{
    *ladder = (struct bp_ladder){0};
    *climb = (struct bp_climb){.ladder = ladder, .error = error};
    if (options != NULL)
        climb->options = *options;
    climb->rate_given = climb->options.rate > 0.0;
    if (!climb->rate_given)
        climb->options.rate = 1.0;
    if (climb->options.seed == 0)
        climb->options.seed = 1;
    if (climb->options.starts == 0)
        climb->options.starts = climb->options.slow ? STARTS_SLOW : STARTS;
    for (int k = 0; k < BP_RUNGS; k++) {
        ladder->rung[k].title = RUNG[k].title;
        ladder->rung[k].proves = RUNG[k].proves;
    }
    snprintf(ladder->name, sizeof ladder->name, "%s", name != NULL ? name : "subject");
    ladder->rate = climb->options.rate;
    ladder->seed = climb->options.seed;
    ladder->starts = climb->options.starts;
}

/* After a rung: passed, unless it broke; left out, when no look of it was possible. */
void bp_climb_end_rung(struct bp_climb *climb)
{
    struct bp_rung *rung = climb->rung;
    size_t passed = 0;
    for (size_t k = 0; k < rung->n_looks; k++)
        passed += rung->look[k].outcome == BP_RUNG_PASSED;
    if (rung->outcome == BP_RUNG_BROKE)
        climb->ladder->broke = (int)(rung - climb->ladder->rung) + 1;
    else
        rung->outcome = passed > 0 ? BP_RUNG_PASSED : BP_RUNG_LEFT_OUT;
}

/* A look that this subject does not allow is left out with its own words. */
enum bp_status bp_climb_pardon(struct bp_climb *climb, enum bp_status status)
{
    if (status != BP_EUNSUPPORTED)
        return status;
    struct bp_rung *rung = climb->rung;
    struct bp_rung_look *look =
        rung->n_looks > 0 ? &rung->look[rung->n_looks - 1] : bp_climb_look(climb, "this rung");
    bp_rung_see(look, BP_RUNG_LEFT_OUT, "%.300s",
                climb->error != NULL ? climb->error->text : "it cannot do this");
    return BP_OK;
}

/* ---- what is looked at on each rung ------------------------------------------- */

static enum bp_status small(struct bp_climb *climb)
{
    LOOK(bp_rung_separable(climb));
    LOOK(bp_rung_contract(climb));
    return BP_OK;
}

/* w = (0.5, -0.25), b = 0.1: a = 0.524979 0.462570 0.645656 0.586618 with a sigmoid. */
static enum bp_status forward(struct bp_climb *climb)
{
    static const double BY_HAND[] = {0.5, -0.25, 0.1};
    double *theta = bp_mem_new(climb->view->n_theta, sizeof *theta);
    if (theta == NULL)
        return BP_ENOMEM;
    bp_climb_point(climb, 0, theta);
    if (climb->maker != NULL && climb->view->n_theta == 3)
        memcpy(theta, BY_HAND, sizeof BY_HAND);
    const enum bp_status status = bp_rung_forward(climb, theta);
    bp_mem_free(theta);
    LOOK(status);
    LOOK(bp_rung_numeric(climb, AND_BUDGET));
    return BP_OK;
}

static enum bp_status backward(struct bp_climb *climb)
{
    LOOK(bp_rung_gradient(climb));
    LOOK(bp_rung_beside(climb, BESIDE));
    LOOK(bp_rung_step(climb));
    return BP_OK;
}

static enum bp_status learn_gate(struct bp_climb *climb)
{
    LOOK(backward(climb));
    LOOK(bp_rung_learns(climb, AND_BUDGET, AND_LEAST));
    return BP_OK;
}

static enum bp_status hidden(struct bp_climb *climb)
{
    LOOK(forward(climb));
    LOOK(learn_gate(climb));
    return BP_OK;
}

static enum bp_status learn_xor(struct bp_climb *climb)
{
    LOOK(bp_rung_learns(climb, XOR_BUDGET, XOR_LEAST));
    return BP_OK;
}

static enum bp_status only_gradient(struct bp_climb *climb)
{
    LOOK(bp_rung_gradient(climb));
    LOOK(bp_rung_step(climb));
    return BP_OK;
}

static enum bp_status learn_sign(struct bp_climb *climb)
{
    LOOK(bp_rung_learns(climb, SIGN_BUDGET, SIGN_LEAST));
    return BP_OK;
}

static enum bp_status learn_digits(struct bp_climb *climb)
{
    LOOK(bp_rung_digits(climb));
    return BP_OK;
}

/* ---- a subject that can be any network ---------------------------------------- */

enum task { TASK_AND, TASK_XOR, TASK_SIGN, TASK_DIGITS, TASK_NONE };

/* One network on one task, and the looks at it. */
struct scene {
    int rung; /* 1 .. 5 */
    size_t width[6];
    size_t layers;
    enum task task;
    enum bp_status (*looks)(struct bp_climb *climb);
};

static const struct scene SCENES[] = {
    {1, {2, 1}, 1, TASK_AND, small},
    {2, {2, 1}, 1, TASK_AND, forward},
    {3, {2, 1}, 1, TASK_AND, learn_gate},
    {4, {2, 2, 1}, 2, TASK_AND, hidden},
    {5, {2, 3, 1}, 2, TASK_XOR, learn_xor},
    {5, {3, 5, 4, 3}, 3, TASK_NONE, only_gradient},
    {5, {1, 3, 1}, 2, TASK_SIGN, learn_sign},
    {5, {BP_DIGIT_PIXELS, 12, BP_DIGIT_CLASSES}, 2, TASK_DIGITS, learn_digits},
};
enum { N_SCENES = sizeof SCENES / sizeof SCENES[0] };

enum bp_targets bp_climb_coding(const struct bp_spec *spec)
{
    return spec->layer[spec->layers].activation == BP_TANH ? BP_TARGETS_PM1 : BP_TARGETS_01;
}

static enum bp_status make_spec(struct bp_spec *spec, const struct bp_spec *like,
                                const struct scene *scene)
{
    const enum bp_status status = bp_spec_init(spec, scene->layers);
    if (status != BP_OK)
        return status;
    for (size_t l = 0; l <= scene->layers; l++) {
        const struct bp_layer *from =
            l == scene->layers ? &like->layer[like->layers] : &like->layer[1];
        if (l > 0)
            spec->layer[l] = *from;
        spec->layer[l].width = scene->width[l];
    }
    /* one output of softmax is always 1: a column a class */
    if (spec->layer[scene->layers].activation == BP_SOFTMAX && scene->width[scene->layers] == 1)
        spec->layer[scene->layers].width = 2;
    spec->loss = like->loss;
    spec->factor = like->factor;
    spec->reduction = like->reduction;
    return BP_OK;
}

/* Samples for looks that need no task: any will do, they draw their own. */
enum bp_status bp_climb_no_task(struct bp_dataset *data, const struct bp_spec *spec)
{
    const size_t n_out = spec->layer[spec->layers].width;
    const enum bp_status status = bp_dataset_init(data, 4, spec->layer[0].width, n_out);
    if (status != BP_OK)
        return status;
    for (size_t s = 0; s < data->n; s++) {
        for (size_t j = 0; j < data->n_in; j++)
            data->x[s * data->n_in + j] = (double)((3 * s + 5 * j) % 7) / 4.0 - 0.6;
        data->t[s * n_out + s % n_out] = 1.0;
    }
    snprintf(data->title, sizeof data->title, "drawn samples");
    return BP_OK;
}

/* Two columns, one a class, in place of one. */
static enum bp_status one_hot(struct bp_dataset *data)
{
    struct bp_dataset wide;
    const enum bp_status status = bp_dataset_init(&wide, data->n, data->n_in, 2);
    if (status != BP_OK)
        return status;
    memcpy(wide.x, data->x, data->n * data->n_in * sizeof *data->x);
    for (size_t s = 0; s < data->n; s++)
        wide.t[2 * s + bp_dataset_label(data, s)] = 1.0;
    bp_dataset_find_classes(&wide);
    memcpy(wide.title, data->title, sizeof wide.title);
    bp_dataset_release(data);
    *data = wide;
    return BP_OK;
}

static enum bp_status open_data(struct bp_dataset *data, const struct bp_climb *climb,
                                const struct bp_spec *spec, enum task task)
{
    const enum bp_targets coding = bp_climb_coding(spec);
    switch (task) {
    case TASK_AND:
        return bp_dataset_gate(data, BP_AND, coding);
    case TASK_XOR:
        return bp_dataset_gate(data, BP_XOR, coding);
    case TASK_SIGN:
        return bp_dataset_sign(data, 20, climb->options.seed, coding);
    case TASK_DIGITS:
        return bp_digits_dataset(data, DIGITS, climb->options.seed, coding);
    case TASK_NONE:
        break;
    }
    return bp_climb_no_task(data, spec);
}

static enum bp_status make_data(struct bp_dataset *data, const struct bp_climb *climb,
                                const struct bp_spec *spec, enum task task)
{
    const enum bp_status status = open_data(data, climb, spec, task);
    const bool two = task == TASK_AND || task == TASK_XOR || task == TASK_SIGN;
    if (status == BP_OK && two && spec->layer[spec->layers].width == 2)
        return one_hot(data);
    return status;
}

static void leave_out(struct bp_climb *climb, const struct scene *scene, const char *why)
{
    char widths[80] = "";
    for (size_t l = 0; l <= scene->layers; l++)
        snprintf(widths + strlen(widths), sizeof widths - strlen(widths), "%s%zu", l > 0 ? "-" : "",
                 scene->width[l]);
    bp_rung_see(bp_climb_look(climb, "a network of %s", widths), BP_RUNG_LEFT_OUT, "%s", why);
}

static enum bp_status open_and_look(struct bp_climb *climb, const struct scene *scene,
                                    const struct bp_subject *subject)
{
    struct bp_view view;
    struct bp_dataset data = {0};
    enum bp_status status = bp_view_open(&view, subject, climb->error);
    if (status != BP_OK)
        return status;
    if (!view.described)
        leave_out(climb, scene, "it does not say what its network is");
    else {
        status = make_data(&data, climb, &view.twin.spec, scene->task);
        climb->view = &view;
        climb->data = &data;
        if (status == BP_OK)
            status = scene->looks(climb);
    }
    climb->ladder->calls += view.calls;
    climb->view = NULL;
    climb->data = NULL;
    bp_dataset_release(&data);
    bp_view_close(&view);
    return status;
}

static enum bp_status run_scene(struct bp_climb *climb, const struct scene *scene)
{
    struct bp_spec spec;
    const struct bp_subject *subject = NULL;
    struct bp_error why = {.text = ""};
    if (climb->options.slow && scene->task == TASK_DIGITS) {
        leave_out(climb, scene, "it would take too long");
        return BP_OK;
    }
    enum bp_status status = make_spec(&spec, &climb->like, scene);
    if (status != BP_OK)
        return status;
    status = climb->maker->make(climb->maker->self, &spec, &subject, &why);
    bp_spec_release(&spec);
    if (status == BP_EINPUT || status == BP_EUNSUPPORTED) {
        leave_out(climb, scene, why.text);
        return BP_OK;
    }
    if (status != BP_OK)
        return status;
    status = open_and_look(climb, scene, subject);
    climb->maker->drop(climb->maker->self);
    return status;
}

enum bp_status bp_climb_like(struct bp_spec *spec, const struct bp_spec *like)
{
    return like != NULL ? bp_spec_copy(spec, like) : bp_spec_init(spec, 1);
}

enum bp_status bp_climb_all(struct bp_climb *climb)
{
    enum bp_status status = BP_OK;
    for (int rung = 1; rung <= BP_RUNGS && status == BP_OK && climb->ladder->broke == 0; rung++) {
        climb->rung = &climb->ladder->rung[rung - 1];
        for (size_t k = 0; k < N_SCENES && status == BP_OK && !bp_climb_broke(climb); k++)
            if (SCENES[k].rung == rung)
                status = run_scene(climb, &SCENES[k]);
        bp_climb_end_rung(climb);
    }
    return status;
}

enum bp_status bp_climb_finish(struct bp_climb *climb, enum bp_status status)
{
    bp_spec_release(&climb->like);
    if (status != BP_OK)
        bp_ladder_release(climb->ladder);
    return status == BP_ENOMEM ? bp_error_set(climb->error, status, "ladder: out of memory")
                               : status;
}

enum bp_status bp_ladder_run(struct bp_ladder *ladder, const struct bp_maker *maker,
                             const struct bp_spec *like, const struct bp_ladder_options *options,
                             struct bp_error *error)
{
    struct bp_climb climb;
    struct bp_error unread;
    bp_climb_begin(&climb, ladder, maker->name, options, error != NULL ? error : &unread);
    climb.maker = maker;
    enum bp_status status = bp_climb_like(&climb.like, like);
    if (status == BP_OK)
        status = bp_climb_all(&climb);
    return bp_climb_finish(&climb, status);
}

void bp_ladder_release(struct bp_ladder *ladder)
{
    bp_findings_release(&ladder->findings);
    bp_mem_free(ladder->worksheet);
    *ladder = (struct bp_ladder){0};
}
