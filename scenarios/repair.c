/* repair.c -- see repair.h. */
#include "scenarios/repair.h"

#include "core/mem.h"
#include "diag/faults/fault.h"
#include "diag/health.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A run that can still be changed. */
struct plan {
    struct bp_spec spec; /* owned */
    struct bp_init init;
    struct bp_train train;
    struct bp_dataset_pair data; /* owned */
    bool own_start;              /* theta is drawn anew; else that of the record is kept */
    const struct bp_record *record;
    const struct bp_repair_watch *watch; /* borrowed; or NULL */
};

/* ---- what puts what right --------------------------------------------------------- */

static void draw_glorot(struct plan *plan)
{
    plan->init.weights = (struct bp_fill){.scheme = BP_INIT_GLOROT};
    plan->own_start = true;
}

static void draw_normal(struct plan *plan)
{
    plan->init.weights = (struct bp_fill){.scheme = BP_INIT_NORMAL, .sd = 1.0};
    plan->own_start = true;
}

static void more_units(struct plan *plan)
{
    struct bp_spec wider;
    const struct bp_spec *spec = &plan->spec;
    if (bp_spec_init(&wider, 2) != BP_OK)
        return;
    struct bp_layer *layer = wider.layer;
    wider.loss = spec->loss;
    wider.factor = spec->factor;
    wider.reduction = spec->reduction;
    wider.l2 = spec->l2;
    layer[0].width = spec->layer[0].width;
    layer[1].width = 4;
    layer[1].activation = BP_SIGMOID;
    layer[2] = spec->layer[spec->layers];
    bp_spec_release(&plan->spec);
    plan->spec = wider;
    plan->init.weights = (struct bp_fill){.scheme = BP_INIT_NORMAL, .sd = 1.0};
    plan->own_start = true;
}

static void non_linear(struct plan *plan)
{
    for (size_t l = 1; l < plan->spec.layers; l++)
        plan->spec.layer[l].activation = BP_TANH;
}

static void with_biases(struct plan *plan)
{
    for (size_t l = 1; l <= plan->spec.layers; l++)
        plan->spec.layer[l].has_bias = true;
    plan->own_start = true;
}

static void matching_loss(struct plan *plan)
{
    struct bp_layer *last = &plan->spec.layer[plan->spec.layers];
    last->activation = plan->spec.loss == BP_SOFTMAX_CROSS_ENTROPY ? BP_SOFTMAX : BP_SIGMOID;
}

static void reachable_targets(struct plan *plan)
{
    const enum bp_activation f = plan->spec.layer[plan->spec.layers].activation;
    struct bp_dataset *data = &plan->data.train;
    const double low = f == BP_TANH ? -1.0 : 0.0;
    for (size_t k = 0; k < data->n * data->n_out; k++)
        data->t[k] = data->t[k] < low ? low : data->t[k] > 1.0 ? 1.0 : data->t[k];
    data->coding = BP_TARGETS_01;
}

static void scaled_inputs(struct plan *plan)
{
    struct bp_dataset *data = &plan->data.train;
    double top = 0.0;
    for (size_t k = 0; k < data->n * data->n_in; k++)
        top = fabs(data->x[k]) > top ? fabs(data->x[k]) : top;
    for (size_t k = 0; k < data->n * data->n_in && top > 0.0; k++)
        data->x[k] /= top;
}

static const struct {
    const char *finding, *how;
    void (*change)(struct plan *plan);
} REPAIR[] = {
    {"zero-weights", "normal(0, 1) weights", draw_normal},
    {"symmetric-weights", "normal(0, 1) weights", draw_normal},
    {"sign-flipped-copies", "normal(0, 1) weights", draw_normal},
    {"near-equal-weights", "normal(0, 1) weights", draw_normal},
    {"one-signed-weights", "Glorot's weights", draw_glorot},
    {"start-badly-scaled", "Glorot's weights", draw_glorot},
    {"too-few-hidden-units", "four hidden units", more_units},
    {"hidden-layers-linear", "tanh in the hidden layers", non_linear},
    {"biases-missing", "a bias for every neuron", with_biases},
    {"loss-and-activation-mismatch", "the activation that the loss needs", matching_loss},
    {"targets-out-of-range", "targets that the output can reach", reachable_targets},
    {"inputs-unscaled", "inputs divided by their largest", scaled_inputs},
};

static size_t repair_of(const char *finding)
{
    size_t k = 0;
    while (k < sizeof REPAIR / sizeof *REPAIR && strcmp(REPAIR[k].finding, finding) != 0)
        k++;
    return k;
}

/* Whether running the right stages cures it: a fault of backpropagation itself. */
static bool is_in_the_stages(const struct bp_finding *finding)
{
    const struct bp_fault *fault = bp_fault_find(finding->name);
    return fault != NULL && (fault->kind == BP_KIND_GRADIENT || fault->kind == BP_KIND_UPDATE);
}

/* ---- the plan --------------------------------------------------------------------- */

static void add_words(char *text, size_t size, const char *how)
{
    const size_t used = strlen(text);
    if (strstr(text, how) == NULL)
        snprintf(text + used, size - used, "%s%s", used == 0 ? "" : ", ", how);
}

/* Applies what the causes call for; false when none of them can be put right here. */
static bool make_changes(struct plan *plan, char *words, size_t size)
{
    const struct bp_findings *findings = &plan->record->findings;
    words[0] = '\0';
    for (size_t k = 0; k < findings->n; k++) {
        const struct bp_finding *finding = &findings->item[k];
        const size_t r = repair_of(finding->name);
        if (finding->note || finding->follows >= 0)
            continue;
        if (is_in_the_stages(finding)) {
            add_words(words, size, "the right backprop");
        } else if (r < sizeof REPAIR / sizeof *REPAIR) {
            REPAIR[r].change(plan);
            add_words(words, size, REPAIR[r].how);
        }
    }
    return words[0] != '\0';
}

static enum bp_status make_plan(struct plan *plan, const struct bp_record *record)
{
    *plan = (struct plan){.init = record->init, .train = record->train, .record = record};
    enum bp_status status = bp_spec_copy(&plan->spec, &record->net.spec);
    if (status != BP_OK)
        return status;
    const struct bp_dataset *from = &record->data.train;
    status = bp_dataset_init(&plan->data.train, from->n, from->n_in, from->n_out);
    if (status != BP_OK)
        return status;
    struct bp_dataset *data = &plan->data.train;
    memcpy(data->x, from->x, from->n * from->n_in * sizeof *data->x);
    memcpy(data->t, from->t, from->n * from->n_out * sizeof *data->t);
    data->classes = from->classes;
    data->coding = from->coding;
    return BP_OK;
}

static void drop_plan(struct plan *plan)
{
    bp_spec_release(&plan->spec);
    bp_dataset_close(&plan->data);
}

/* ---- the run ---------------------------------------------------------------------- */

struct collector {
    struct bp_course course;
    const struct plan *plan;
    const char *trial;
};

static void report(const struct collector *collector, size_t epoch, size_t epochs)
{
    const struct bp_repair_watch *watch = collector->plan->watch;
    if (watch != NULL)
        watch->epoch(watch->self, collector->trial, epoch + 1, epochs);
}

static void on_step(void *self, const struct bp_step_view *view)
{
    bp_course_step(&((struct collector *)self)->course, view);
}

static bool on_epoch(void *self, const struct bp_epoch_view *view)
{
    struct collector *collector = self;
    bp_course_epoch(&collector->course, view);
    report(collector, view->epoch, collector->plan->train.epochs);
    return true;
}

/* Nobody keeps the course of these; some are longer than the run was. */
static bool on_epoch_of_rate(void *self, const struct bp_epoch_view *view)
{
    report(self, view->epoch, 0);
    return true;
}

static bool at_rest(const struct bp_findings *findings)
{
    for (size_t k = 0; k < findings->n; k++)
        if (strcmp(findings->item[k].name, "local-minimum") == 0)
            return true;
    return false;
}

/* How many neurons of the layer that had copies are distinct now. */
static enum bp_status look_at_width(struct bp_record *record, const struct plan *plan,
                                    const struct bp_mlp *net)
{
    const struct bp_symmetry *start = &record->symmetry;
    const struct bp_dataset *data = &plan->data.train;
    struct bp_symmetry after;
    size_t l = 1;
    while (l < start->layers && start->layer[l].distinct == start->layer[l].width)
        l++;
    if (!plan->own_start || l >= start->layers || net->spec.layer[l].width != start->layer[l].width)
        return BP_OK;
    const enum bp_status status = bp_symmetry_look(&after, net, data->n, data->x, data->t);
    if (status != BP_OK)
        return status;
    record->proof_layer = l;
    record->proof_width[0] = start->layer[l].distinct;
    record->proof_width[1] = after.layer[l].distinct;
    bp_symmetry_release(&after);
    return BP_OK;
}

/* Whether this run stopped where no rate is to blame. */
static enum bp_status look_for_minimum(const struct plan *plan, const struct bp_mlp *net,
                                       const struct bp_course *course, bool *minimum)
{
    struct bp_findings findings = {0};
    struct bp_health health = {.net = net,
                               .data = &plan->data.train,
                               .course = course,
                               .train = &plan->train,
                               .training = NAN,
                               .validation = NAN};
    const enum bp_status status = bp_health_run(&health, &findings);
    *minimum = at_rest(&findings);
    bp_findings_release(&findings);
    return status;
}

static enum bp_status start_again(struct bp_mlp *net, const struct plan *plan)
{
    const enum bp_status status = bp_mlp_init(net, &plan->spec);
    if (status != BP_OK)
        return status;
    bp_init_run(&plan->init, net);
    if (!plan->own_start && net->n_theta == plan->record->net.n_theta)
        memcpy(net->theta, plan->record->start, net->n_theta * sizeof *net->theta);
    return BP_OK;
}

/* record: to note its width in; NULL: not to. */
static enum bp_status train_again(struct bp_curve *curve, const struct plan *plan, const char *name,
                                  struct bp_record *record)
{
    struct bp_mlp net = {0};
    struct bp_sgd sgd = {0};
    struct collector collector = {.plan = plan, .trial = name};
    const struct bp_dataset *data = &plan->data.train;
    enum bp_status status = start_again(&net, plan);
    if (status == BP_OK)
        status = bp_course_init(&collector.course, &net, data);
    if (status == BP_OK)
        status = bp_sgd_init(&sgd, &net, &plan->train, data->n, data->x, data->t);
    if (status == BP_OK) {
        const struct bp_observer observer = {&collector, on_step, on_epoch};
        bp_sgd_run(&sgd, &observer);
        bp_course_end(&collector.course, &net);
        status = bp_curve_from(curve, name, &collector.course);
    }
    if (status == BP_OK)
        status = bp_record_score(&net, data, &curve->end_loss, &curve->end_accuracy);
    if (status == BP_OK) {
        curve->done =
            bp_health_reached(curve->end_loss, curve->end_accuracy, bp_health_baseline(&net, data));
        status = look_for_minimum(plan, &net, &collector.course, &curve->minimum);
    }
    if (status == BP_OK && record != NULL)
        status = look_at_width(record, plan, &net);
    bp_course_release(&collector.course);
    bp_sgd_release(&sgd);
    bp_mlp_release(&net);
    return status;
}

/* ---- the rate ----------------------------------------------------------------------- */

/* What the run did, without another cause, it did because of the rate. */
static void put_beneath(struct bp_findings *findings, size_t cause)
{
    for (size_t k = 0; k < cause; k++) {
        struct bp_finding *finding = &findings->item[k];
        if (finding->look == BP_LOOK_HEALTH && !finding->note && finding->follows < 0)
            finding->follows = (int)cause;
    }
}

/* Other rates on the plan as it is; a verdict becomes a finding and changes the plan. */
static enum bp_status try_rates(struct bp_record *record, struct plan *plan)
{
    struct bp_mlp net = {0};
    struct collector collector = {.plan = plan, .trial = "other rates"};
    const struct bp_observer observer = {.self = &collector, .epoch = on_epoch_of_rate};
    enum bp_status status = start_again(&net, plan);
    if (status == BP_OK)
        status =
            bp_rate_run(&record->rate, &net, net.theta, &plan->data.train, &plan->train, &observer);
    bp_mlp_release(&net);
    if (status != BP_OK)
        return status;
    record->rate_tried = true;
    const size_t before = record->findings.n;
    status = bp_rate_findings(&record->rate, &record->findings);
    if (record->rate.verdict == BP_RATE_NEITHER)
        return status;
    plan->train.rate = record->rate.trial[record->rate.best].rate;
    if (status == BP_OK)
        put_beneath(&record->findings, before);
    return status;
}

/* ---- other starts -------------------------------------------------------------------- */

enum { STARTS = 10 };

/* Trainings of a small network take no time; those of a large one are not repeated. */
static bool is_cheap(const struct plan *plan)
{
    const double work =
        (double)plan->record->net.n_theta * (double)plan->data.train.n * (double)plan->train.epochs;
    return work <= 5e6;
}

/* A repaired run can end in a minimum, or late: the same repair from other seeds, drawn as
 * it draws (normal where the start was given). The first that gets there is kept. */
static enum bp_status try_starts(struct bp_record *record, const struct plan *plan)
{
    struct plan other = *plan; /* borrows all of it */
    if (!other.own_start)
        draw_normal(&other);
    for (size_t k = 1; k <= STARTS; k++) {
        struct bp_curve curve = {0};
        char name[80];
        other.init.seed = plan->init.seed + k;
        snprintf(name, sizeof name, "with %.50s, seed %llu", record->repaired,
                 (unsigned long long)other.init.seed);
        const enum bp_status status = train_again(&curve, &other, name, NULL);
        record->starts += status == BP_OK;
        record->starts_done += curve.done;
        if (curve.done && record->starts_done == 1)
            record->curve[record->n_curves++] = curve;
        else
            bp_curve_release(&curve);
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

/* ---- all of it ------------------------------------------------------------------------ */

static bool is_over(const struct bp_record *record)
{
    return bp_health_reached(record->loss, record->accuracy,
                             bp_health_baseline(&record->net, &record->data.train));
}

static enum bp_status prove(struct bp_record *record, struct plan *plan)
{
    char words[BP_RECORD_LINE], name[80];
    struct bp_curve curve = {0};
    bool minimum = at_rest(&record->findings);
    bool done = is_over(record);
    record->curve[0].done = done;
    enum bp_status status = BP_OK;
    const bool changed = make_changes(plan, words, sizeof words);
    if (!changed && done)
        return BP_OK;
    if (changed) {
        snprintf(name, sizeof name, "with %.70s", words);
        status = train_again(&curve, plan, name, record);
        done = curve.done;
        minimum = curve.minimum;
    }
    if (status == BP_OK && !done && !minimum) {
        status = try_rates(record, plan);
        if (status == BP_OK && record->rate.verdict != BP_RATE_NEITHER) {
            bp_curve_release(&curve);
            add_words(words, sizeof words, "another rate");
            snprintf(name, sizeof name, "with %.70s", words);
            status = train_again(&curve, plan, name, record);
            done = curve.done;
        }
    }
    if (status != BP_OK || curve.epoch == NULL) {
        bp_curve_release(&curve);
        return status;
    }
    record->curve[record->n_curves++] = curve;
    snprintf(record->repaired, sizeof record->repaired, "%s", words);
    return done || !is_cheap(plan) ? BP_OK : try_starts(record, plan);
}

enum bp_status bp_repair_run(struct bp_record *record, const struct bp_scenario *scenario,
                             const struct bp_repair_watch *watch, struct bp_error *error)
{
    struct plan plan;
    enum bp_status status = make_plan(&plan, record);
    plan.watch = watch;
    if (status == BP_OK && record->trained && record->n_curves < BP_RECORD_CURVES)
        status = prove(record, &plan);
    drop_plan(&plan);
    if (status != BP_OK)
        bp_error_set(error, status, "%s: %s", scenario->name, bp_status_text(status));
    return status;
}
