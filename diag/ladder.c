/* ladder.c -- the order of the rungs, and what is run on each (see ladder.h). */
#include "diag/ladder.h"

#include "core/digits.h"
#include "core/mem.h"
#include "diag/faults/fault.h"
#include "diag/ladder_climb.h"

#include <assert.h>
#include <string.h>

/* Epochs: ten times and more what the slowest of many right starts took. */
enum { AND_BUDGET = 2000, XOR_BUDGET = 5000, SIGN_BUDGET = 2000, BESIDE = 500, BESIDE_TWIN = 100 };
/* so many of 24 starts must learn it; a relu that is dead at the start never does */
enum { AND_LEAST = 12, XOR_LEAST = 6, SIGN_LEAST = 6 };
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

static void begin(struct bp_climb *climb, struct bp_ladder *ladder, const char *name,
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
static void end_rung(struct bp_climb *climb)
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
static enum bp_status pardon(struct bp_climb *climb, enum bp_status status)
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

typedef enum bp_status rung_looks(struct bp_climb *climb);

#define LOOK(call)                                                                                 \
    do {                                                                                           \
        const enum bp_status status_ = pardon(climb, call);                                        \
        if (status_ != BP_OK || bp_climb_broke(climb))                                             \
            return status_;                                                                        \
    } while (0)

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
    rung_looks *looks;
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

static enum bp_targets coding_of(const struct bp_spec *spec)
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
static enum bp_status no_task(struct bp_dataset *data, const struct bp_spec *spec)
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
    const enum bp_targets coding = coding_of(spec);
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
    return no_task(data, spec);
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

static enum bp_status default_like(struct bp_spec *spec, const struct bp_spec *like)
{
    return like != NULL ? bp_spec_copy(spec, like) : bp_spec_init(spec, 1);
}

static enum bp_status climb_all(struct bp_climb *climb)
{
    enum bp_status status = BP_OK;
    for (int rung = 1; rung <= BP_RUNGS && status == BP_OK && climb->ladder->broke == 0; rung++) {
        climb->rung = &climb->ladder->rung[rung - 1];
        for (size_t k = 0; k < N_SCENES && status == BP_OK && !bp_climb_broke(climb); k++)
            if (SCENES[k].rung == rung)
                status = run_scene(climb, &SCENES[k]);
        end_rung(climb);
    }
    return status;
}

static enum bp_status finish(struct bp_climb *climb, enum bp_status status)
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
    begin(&climb, ladder, maker->name, options, error != NULL ? error : &unread);
    climb.maker = maker;
    enum bp_status status = default_like(&climb.like, like);
    if (status == BP_OK)
        status = climb_all(&climb);
    return finish(&climb, status);
}

/* ---- the built-in network ------------------------------------------------------- */

struct core_maker {
    struct bp_hypothesis fault[BP_CLIMB_FAULTS];
    struct bp_hypothesis planted[BP_CLIMB_FAULTS]; /* of the network that stands now */
    size_t n_faults;
    const char *const *key;
    struct bp_mlp net;
    struct bp_core_subject core;
};

static void drop_core(void *self)
{
    struct core_maker *maker = self;
    bp_core_subject_release(&maker->core);
    bp_mlp_release(&maker->net);
}

static enum bp_status make_core(void *self, const struct bp_spec *spec,
                                const struct bp_subject **subject, struct bp_error *error)
{
    struct core_maker *maker = self;
    enum bp_status status = bp_mlp_init(&maker->net, spec);
    if (status == BP_OK)
        status = bp_core_subject_init(&maker->core, &maker->net, 8);
    if (status != BP_OK) {
        drop_core(maker);
        return bp_error_set(error, status, "ladder: %s", bp_status_text(status));
    }
    const struct bp_setting setting = {.net = &maker->net, .n = 8, .rate = 1.0};
    for (size_t k = 0; k < maker->n_faults; k++) {
        struct bp_error ignored;
        /* a place that this network does not have: not planted here */
        if (bp_fault_parse(maker->key[k], &setting, &maker->planted[k], &ignored) == BP_OK &&
            maker->planted[k].fault->plant != NULL)
            bp_fault_plant(&maker->planted[k], &setting, maker->net.ops);
    }
    *subject = &maker->core.subject;
    return BP_OK;
}

/* In a network of this shape. */
static enum bp_status read_key(const char *key, const char *network, struct bp_hypothesis *h,
                               struct bp_error *error)
{
    struct bp_spec spec;
    struct bp_mlp net;
    enum bp_status status = bp_spec_parse(&spec, network, error);
    if (status != BP_OK)
        return status;
    status = bp_mlp_init(&net, &spec);
    bp_spec_release(&spec);
    if (status != BP_OK)
        return status;
    const struct bp_setting setting = {.net = &net, .n = 8, .rate = 1.0};
    status = bp_fault_parse(key, &setting, h, error);
    bp_mlp_release(&net);
    return status;
}

/* A key is read where every place that it may name is there; or, for faults that other
 * ones stand for there, in one layer. */
static enum bp_status read_faults(struct core_maker *maker, struct bp_error *error)
{
    enum bp_status status = BP_OK;
    for (size_t k = 0; k < maker->n_faults && status == BP_OK; k++) {
        struct bp_error second;
        struct bp_hypothesis *h = &maker->fault[k];
        status = read_key(maker->key[k], "4-4-4-4-4-4-4-4-4 sigmoid squared-error", h, error);
        if (status == BP_EINPUT &&
            read_key(maker->key[k], "4-1 sigmoid squared-error", h, &second) == BP_OK)
            status = BP_OK;
        if (status == BP_OK && !bp_fault_plantable(h->fault))
            status = bp_error_set(error, BP_EINPUT, "fault: %s is named only, it cannot be planted",
                                  h->fault->name);
    }
    return status;
}

static void plant_in_rate(struct bp_climb *climb)
{
    struct bp_train train = {.rate = climb->options.rate};
    for (size_t k = 0; k < climb->n_faults; k++)
        if (climb->fault[k].fault->plant_train != NULL)
            climb->fault[k].fault->plant_train(&climb->fault[k], &train);
    climb->rate_given = climb->rate_given || train.rate != climb->options.rate;
    climb->options.rate = climb->ladder->rate = train.rate;
}

enum bp_status bp_ladder_core(struct bp_ladder *ladder, const struct bp_spec *like,
                              const char *const *faults, size_t n_faults,
                              const struct bp_ladder_options *options, struct bp_error *error)
{
    struct bp_climb climb;
    struct bp_error unread;
    begin(&climb, ladder, "built-in network", options, error != NULL ? error : &unread);
    if (n_faults > BP_CLIMB_FAULTS)
        return bp_error_set(error, BP_EINPUT, "ladder: more than %d faults", BP_CLIMB_FAULTS);
    struct core_maker *core = bp_mem_new(1, sizeof *core);
    if (core == NULL)
        return bp_error_set(error, BP_ENOMEM, "ladder: out of memory");
    core->n_faults = n_faults;
    core->key = faults;
    const struct bp_maker maker = {"built-in network", core, make_core, drop_core};
    climb.maker = &maker;
    climb.fault = core->fault;
    climb.n_faults = n_faults;
    enum bp_status status = read_faults(core, climb.error);
    if (status == BP_OK) {
        plant_in_rate(&climb);
        status = default_like(&climb.like, like);
    }
    if (status == BP_OK)
        status = climb_all(&climb);
    status = finish(&climb, status);
    bp_mem_free(core);
    return status;
}

/* ---- a subject as it is --------------------------------------------------------- */

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
        return no_task(data, &view->twin.spec);
    const enum bp_status status = bp_dataset_init(data, own->n, view->n_in, view->n_out);
    if (status != BP_OK)
        return status;
    memcpy(data->x, own->x, own->n * view->n_in * sizeof *data->x);
    memcpy(data->t, own->t, own->n * view->n_out * sizeof *data->t);
    bp_dataset_find_classes(data);
    snprintf(data->title, sizeof data->title, "its own data");
    return BP_OK;
}

static enum bp_status choose_data(struct bp_dataset *data, const struct bp_view *view,
                                  enum bp_gate gate)
{
    return takes_gates(view) ? bp_dataset_gate(data, gate, coding_of(&view->twin.spec))
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
    if (view->subject->data != NULL)
        LOOK(bp_rung_as_twin(climb, BESIDE_TWIN));
    skip(climb, "unequal widths, several outputs",
         "its network is fixed; faults that it hides stay hidden");
    return BP_OK;
}

enum bp_status bp_ladder_view(struct bp_ladder *ladder, struct bp_view *view,
                              const struct bp_ladder_options *options, struct bp_error *error)
{
    static rung_looks *const LOOKS[BP_RUNGS] = {fixed_small, fixed_forward, fixed_backward,
                                                fixed_hidden, fixed_harder};
    struct bp_climb climb;
    struct bp_error unread;
    begin(&climb, ladder, view->subject->name, options, error != NULL ? error : &unread);
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
        end_rung(&climb);
    }
    ladder->calls = view->calls - before;
    return finish(&climb, status);
}

void bp_ladder_release(struct bp_ladder *ladder)
{
    bp_findings_release(&ladder->findings);
    bp_mem_free(ladder->worksheet);
    *ladder = (struct bp_ladder){0};
}
