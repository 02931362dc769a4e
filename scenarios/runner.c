/* runner.c -- see runner.h. */
#include "scenarios/runner.h"

#include "core/mem.h"
#include "diag/checkup.h"
#include "diag/follow.h"
#include "diag/health.h"
#include "diag/trace.h"
#include "scenarios/expect.h"
#include "scenarios/repair.h"
#include "scenarios/setup.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* One run under way. */
struct runner {
    struct bp_record *record;
    const struct bp_scenario *scenario;
    const struct bp_runner_options *options;
    struct bp_rig rig;
    struct bp_symmetry_watch watch; /* whether copies part */
    bool watching;
    struct bp_trace trace;
    bool tracing;
    struct timespec began, shown;
    struct bp_error *error;
};

static double seconds_since(const struct timespec *then)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - then->tv_sec) + 1e-9 * (double)(now.tv_nsec - then->tv_nsec);
}

/* ---- settings ------------------------------------------------------------------------ */

static void fill_text(const struct bp_fill *fill, char *text, size_t size)
{
    switch (fill->scheme) {
    case BP_INIT_CONSTANT:
        snprintf(text, size, "constant %g", fill->value);
        break;
    case BP_INIT_UNIFORM:
        snprintf(text, size, "uniform in [%g, %g)", fill->low, fill->high);
        break;
    case BP_INIT_NORMAL:
        snprintf(text, size, "normal, mean %g, sd %g", fill->mean, fill->sd);
        break;
    default:
        snprintf(text, size, "%s", bp_scheme_name(fill->scheme));
    }
}

static void describe_start(struct bp_record *record, const struct bp_scenario *scenario)
{
    char weights[80], biases[80];
    if (scenario->theta.n > 0) {
        bp_record_set(record, "start", "as given, %zu numbers", scenario->theta.n);
        return;
    }
    fill_text(&record->init.weights, weights, sizeof weights);
    fill_text(&record->init.biases, biases, sizeof biases);
    bp_record_set(record, "start", "weights %s; biases %s; seed %llu", weights, biases,
                  (unsigned long long)record->init.seed);
}

static void describe_training(struct bp_record *record, size_t n)
{
    const struct bp_train *train = &record->train;
    char batch[40];
    if (train->batch == 0 || train->batch >= n)
        snprintf(batch, sizeof batch, "full batch of %zu", n);
    else if (train->batch == 1)
        snprintf(batch, sizeof batch, "one sample a step");
    else
        snprintf(batch, sizeof batch, "batches of %zu", train->batch);
    bp_record_set(record, "training", "rate %g, %s, %zu epochs%s", train->rate, batch,
                  train->epochs,
                  train->shuffle && train->batch != 0 && train->batch < n ? ", shuffled" : "");
    if (train->momentum != 0.0 || train->weight_decay != 0.0)
        bp_record_set(record, "", "momentum %g, weight decay %g", train->momentum,
                      train->weight_decay);
}

static void describe(struct runner *run)
{
    struct bp_record *record = run->record;
    const struct bp_spec *spec = &run->rig.net.spec;
    char network[BP_SPEC_TEXT_MAX];
    bp_spec_text(spec, network, sizeof network);
    if (run->rig.is_case)
        bp_record_set(record, "program", "%s", run->rig.program.subject.name);
    bp_record_set(record, "network", "%s, %zu parameters", network, run->rig.net.n_theta);
    bp_record_set(record, "data", "%s",
                  run->rig.data.train.source[0] != '\0' ? run->rig.data.train.source
                                                        : run->rig.data.train.title);
    if (run->rig.data.note[0] != '\0')
        bp_record_set(record, "note", "%s", run->rig.data.note);
    describe_start(record, run->scenario);
    if (run->scenario->trains)
        describe_training(record, run->rig.data.train.n);
    if (run->scenario->trains && run->scenario->check.at == BP_CHECK_END)
        bp_record_set(record, "checked", "the gradient at the end, not at the start");
    if (run->scenario->trains && run->scenario->check.at == BP_CHECK_BOTH)
        bp_record_set(record, "checked", "the gradient at the start, and at the end");
    for (size_t k = 0; k < run->rig.n_faults; k++) {
        char key[BP_HYPOTHESIS_TEXT_MAX];
        bp_fault_key(&run->rig.fault[k], key, sizeof key);
        bp_record_set(record, "planted", "%s", key);
    }
}

/* ---- looks -------------------------------------------------------------------------- */

/* The batch that the gradient is checked on: the first samples. */
static struct bp_batch check_batch(const struct runner *run)
{
    const struct bp_dataset *data = &run->rig.data.train;
    const size_t asked = run->scenario->check.samples == 0 ? 10 : run->scenario->check.samples;
    return (struct bp_batch){asked < data->n ? asked : data->n, data->x, data->t};
}

static enum bp_status check_at(struct runner *run, struct bp_gradcheck *check, const double *theta)
{
    const struct bp_batch batch = check_batch(run);
    const struct bp_gradcheck_options options = {
        .numeric = {.tier = run->scenario->check.method, .threads = run->options->threads}};
    if (run->rig.is_case)
        return bp_gradcheck_view(check, &run->rig.view, theta, &batch, &options, run->error);
    return bp_gradcheck_run(check, &run->rig.net, batch.n, batch.x, batch.t, &options, run->error);
}

/* A normal point with biases, where every tensor can be told: in net->theta. */
static void draw_point(struct runner *run)
{
    const struct bp_fill normal = {.scheme = BP_INIT_NORMAL, .sd = 1.0};
    const struct bp_fill glorot = {.scheme = BP_INIT_GLOROT};
    const struct bp_init init = {glorot, normal, run->scenario->check.seed + 1000};
    bp_init_run(&init, &run->rig.net);
}

/* At the start; and where that leaves a tensor untested, at a drawn point. theta is
 * the start again afterwards. */
static enum bp_status check_start(struct runner *run)
{
    struct bp_record *record = run->record;
    struct bp_mlp *net = &run->rig.net;
    enum bp_status status = check_at(run, &record->check, net->theta);
    if (status != BP_OK)
        return status;
    record->checked = true;
    if (record->check.outcome != BP_OUTCOME_DISAGREES &&
        bp_gradcheck_untested(&record->check) > 0) {
        struct bp_gradcheck other;
        draw_point(run);
        status = check_at(run, &other, net->theta);
        memcpy(net->theta, record->start, net->n_theta * sizeof *net->theta);
        if (status != BP_OK)
            return status;
        bp_gradcheck_release(&record->check);
        record->check = other;
        record->check_at = BP_POINT_DRAWN;
    }
    return BP_OK;
}

static bool nothing_to_name(const struct bp_record *record)
{
    return (!record->checked || record->check.outcome == BP_OUTCOME_AGREES) &&
           (!record->checked_end || record->check_end.outcome != BP_OUTCOME_DISAGREES);
}

/* What is wrong with the calls, the gradient and the steps, named. A network of core
 * with nothing planted whose gradient agrees has nothing to be named. */
static enum bp_status name_causes(struct runner *run)
{
    struct bp_record *record = run->record;
    struct bp_core_subject core = {0};
    struct bp_view own;
    struct bp_view *view = &run->rig.view;
    enum bp_status status = BP_OK;
    if (!run->rig.is_case) {
        if (run->rig.n_faults == 0 && nothing_to_name(record))
            return BP_OK;
        const struct bp_batch batch = check_batch(run);
        status = bp_core_subject_init(&core, &run->rig.net, batch.n < 16 ? 16 : batch.n);
        if (status == BP_OK)
            status = bp_view_open(&own, &core.subject, run->error);
        if (status != BP_OK) {
            bp_core_subject_release(&core);
            return status;
        }
        view = &own;
    }
    struct bp_checkup checkup;
    const struct bp_batch batch = check_batch(run);
    const struct bp_checkup_options options = {.threads = run->options->threads,
                                               .theta = run->rig.net.theta,
                                               .batch = &batch,
                                               .rate =
                                                   run->rig.is_case ? 0.0 : run->rig.train.rate};
    status = bp_checkup_run(&checkup, view, &options, run->error);
    if (status == BP_OK) {
        bp_findings_release(&record->findings);
        record->findings = checkup.findings; /* the first: earliest causes */
        checkup.findings = (struct bp_findings){0};
        bp_checkup_release(&checkup);
    }
    if (view == &own) {
        bp_view_close(&own);
        bp_core_subject_release(&core);
    }
    return status;
}

/* Whether the one check that there is waits for the end of the training. */
static bool checks_at_end_only(const struct runner *run)
{
    return run->scenario->check.at == BP_CHECK_END && run->scenario->trains;
}

/* Before training. Without any the end is the start. */
static enum bp_status look_at_start(struct runner *run)
{
    enum bp_status status = BP_OK;
    if (checks_at_end_only(run))
        return BP_OK;
    if (run->scenario->check.at != BP_CHECK_NEVER)
        status = check_start(run);
    return status == BP_OK ? name_causes(run) : status;
}

/* At the start: where the gradient of the end is not finite nothing can be read off it. */
static enum bp_status name_causes_of_start(struct runner *run)
{
    const size_t bytes = run->rig.net.n_theta * sizeof(double);
    double *trained = bp_mem_new(run->rig.net.n_theta, sizeof *trained);
    if (trained == NULL)
        return BP_ENOMEM;
    memcpy(trained, run->rig.net.theta, bytes);
    memcpy(run->rig.net.theta, run->record->start, bytes);
    const enum bp_status status = name_causes(run);
    memcpy(run->rig.net.theta, trained, bytes);
    bp_mem_free(trained);
    return status;
}

static enum bp_status name_causes_of_end(struct runner *run, const struct bp_gradcheck *check)
{
    return check->outcome == BP_OUTCOME_NOT_FINITE ? name_causes_of_start(run) : name_causes(run);
}

/* After it: theta is as trained. What was named at the start is not named again. */
static enum bp_status look_at_end(struct runner *run)
{
    struct bp_record *record = run->record;
    if (checks_at_end_only(run)) {
        record->check_at = BP_POINT_END;
        const enum bp_status status = check_at(run, &record->check, run->rig.net.theta);
        record->checked = status == BP_OK;
        return status == BP_OK ? name_causes_of_end(run, &record->check) : status;
    }
    if (run->scenario->check.at != BP_CHECK_BOTH)
        return BP_OK;
    const enum bp_status status = check_at(run, &record->check_end, run->rig.net.theta);
    record->checked_end = status == BP_OK;
    return status == BP_OK && bp_findings_count(&record->findings) == 0
               ? name_causes_of_end(run, &record->check_end)
               : status;
}

/* ---- training ------------------------------------------------------------------------- */

static void on_step(void *self, const struct bp_step_view *view)
{
    struct runner *run = self;
    bp_course_step(&run->record->course, view);
    run->watch.observer.step(run->watch.observer.self, view);
    if (run->tracing)
        run->trace.observer.step(run->trace.observer.self, view);
    if (run->options->step != NULL)
        run->options->step(run->options->self, view);
}

static bool on_epoch(void *self, const struct bp_epoch_view *view)
{
    struct runner *run = self;
    const struct bp_runner_options *options = run->options;
    bp_course_epoch(&run->record->course, view);
    if (run->watch.observer.epoch != NULL)
        run->watch.observer.epoch(run->watch.observer.self, view);
    if (run->tracing)
        run->trace.observer.epoch(run->trace.observer.self, view);
    run->record->steps = view->steps;
    run->record->epochs = view->epoch + 1;
    if (options->watch == NULL)
        return true;
    const bool last = view->epoch + 1 == run->rig.train.epochs;
    if (!last && seconds_since(&run->shown) < options->seconds_between)
        return true;
    clock_gettime(CLOCK_MONOTONIC, &run->shown);
    const struct bp_runner_view seen = {.record = run->record,
                                        .epoch = view->epoch + 1,
                                        .epochs = run->rig.train.epochs,
                                        .seconds = seconds_since(&run->began)};
    options->watch(options->self, &seen);
    return true;
}

static enum bp_status descend(struct runner *run, const struct bp_observer *observer)
{
    const struct bp_dataset *data = &run->rig.data.train;
    if (run->rig.is_case)
        return bp_follow_run(&run->rig.view, &run->rig.net, &run->rig.train, data->n, data->x,
                             data->t, observer, run->error);
    struct bp_sgd sgd;
    const enum bp_status status =
        bp_sgd_init(&sgd, &run->rig.net, &run->rig.train, data->n, data->x, data->t);
    if (status == BP_OK)
        bp_sgd_run(&sgd, observer);
    bp_sgd_release(&sgd);
    return status;
}

/* Rows of about 500 epochs, whatever the number of epochs; samples as asked for. */
static enum bp_status open_trace(struct runner *run)
{
    const struct bp_scenario *scenario = run->scenario;
    char path[BP_PATH_MAX];
    if (run->options->folder == NULL)
        return BP_OK;
    const int n =
        snprintf(path, sizeof path, "%s/%s/trace.tsv", run->options->folder, scenario->name);
    if (n < 0 || n >= BP_PATH_MAX)
        return bp_error_set(run->error, BP_EFILE, "%.200s: the path is too long",
                            run->options->folder);
    const struct bp_trace_options options = {.path = path,
                                             .every_epoch = run->rig.train.epochs / 500 + 1,
                                             .data = &run->rig.data.train,
                                             .n_samples = scenario->trace.samples.n,
                                             .sample = scenario->trace.samples.value,
                                             .n_at = scenario->trace.steps.n,
                                             .at = scenario->trace.steps.value};
    const enum bp_status status = bp_trace_init(&run->trace, &run->rig.net, &options, run->error);
    run->tracing = status == BP_OK;
    return status;
}

static enum bp_status train(struct runner *run)
{
    struct bp_record *record = run->record;
    const struct bp_observer observer = {run, on_step, on_epoch};
    enum bp_status status = bp_course_init(&record->course, &run->rig.net, &run->rig.data.train);
    if (status == BP_OK)
        status = bp_symmetry_watch_init(&run->watch, &record->symmetry, &run->rig.net);
    if (status != BP_OK)
        return status;
    run->watching = true;
    status = open_trace(run);
    if (status != BP_OK)
        return status;
    record->trained = true;
    clock_gettime(CLOCK_MONOTONIC, &run->began);
    run->shown = run->began;
    status = descend(run, &observer);
    if (status != BP_OK)
        return status;
    bp_course_end(&record->course, &run->rig.net);
    if (run->tracing)
        status = bp_trace_finish(&run->trace, run->error);
    if (status != BP_OK)
        return status;
    status = bp_record_score(&run->rig.net, &run->rig.data.train, &record->loss, &record->accuracy);
    double loss;
    if (status == BP_OK && run->rig.data.test.n > 0)
        status = bp_record_score(&run->rig.net, &run->rig.data.test, &loss, &record->tested);
    return status;
}

/* ---- goal --------------------------------------------------------------------------- */

static bool reaches(const struct bp_scenario *scenario, double loss, double accuracy)
{
    return (isnan(scenario->goal.accuracy) || accuracy >= scenario->goal.accuracy) &&
           (isnan(scenario->goal.loss) || loss <= scenario->goal.loss);
}

/* The other seeds: trained without being watched, only to count. */
static enum bp_status other_seeds(struct runner *run)
{
    struct bp_record *record = run->record;
    for (size_t k = 1; k < run->scenario->runs; k++) {
        double loss, accuracy;
        enum bp_status status =
            bp_rig_start(&run->rig, run->scenario, run->rig.init.seed + k, run->error);
        if (status == BP_OK)
            status = descend(run, NULL);
        if (status == BP_OK)
            status =
                bp_record_score(&run->rig.net, bp_dataset_tested(&run->rig.data), &loss, &accuracy);
        if (status != BP_OK)
            return status;
        record->reached += reaches(run->scenario, loss, accuracy);
    }
    return BP_OK;
}

static enum bp_status judge_goal(struct runner *run)
{
    struct bp_record *record = run->record;
    const struct bp_scenario *scenario = run->scenario;
    record->runs = scenario->runs;
    record->has_goal = !isnan(scenario->goal.accuracy) || !isnan(scenario->goal.loss);
    const double accuracy = isnan(record->tested) ? record->accuracy : record->tested;
    record->reached = reaches(scenario, record->loss, accuracy);
    if (!record->has_goal)
        return BP_OK;
    double *trained = bp_mem_new(run->rig.net.n_theta, sizeof *trained);
    if (trained == NULL)
        return BP_ENOMEM;
    const size_t bytes = run->rig.net.n_theta * sizeof *trained;
    memcpy(trained, run->rig.net.theta, bytes);
    const enum bp_status status = other_seeds(run);
    memcpy(run->rig.net.theta, trained, bytes);
    bp_mem_free(trained);
    record->goal_met =
        record->reached >= scenario->goal.least && record->reached <= scenario->goal.most;
    return status;
}

/* ---- judgement ----------------------------------------------------------------------- */

static enum bp_status judge_run(struct runner *run)
{
    struct bp_record *record = run->record;
    const enum bp_status status = bp_symmetry_findings(
        &record->symmetry, &run->rig.net, run->watching ? &run->watch : NULL, &record->findings);
    if (status != BP_OK)
        return status;
    struct bp_health health = {.net = &run->rig.net,
                               .data = &run->rig.data.train,
                               .course = record->trained ? &record->course : NULL,
                               .train = record->trained ? &run->rig.train : NULL,
                               .training = record->accuracy,
                               .validation = record->tested};
    return bp_health_run(&health, &record->findings);
}

/* ---- all of it ------------------------------------------------------------------------- */

static enum bp_status keep_start(struct runner *run)
{
    struct bp_record *record = run->record;
    const size_t n = run->rig.net.n_theta;
    record->start = bp_mem_new(n, sizeof *record->start);
    if (record->start == NULL)
        return BP_ENOMEM;
    memcpy(record->start, run->rig.net.theta, n * sizeof *record->start);
    return BP_OK;
}

static enum bp_status look_and_train(struct runner *run)
{
    struct bp_record *record = run->record;
    const struct bp_dataset *data = &run->rig.data.train;
    enum bp_status status =
        bp_symmetry_look(&record->symmetry, &run->rig.net, data->n, data->x, data->t);
    if (status == BP_OK)
        status = bp_worksheet_text(&run->rig.net, data->x, data->t, BP_WORKSHEET_NEURONS,
                                   &record->worksheet);
    if (status == BP_OK)
        status = look_at_start(run);
    if (status == BP_OK && run->scenario->trains)
        status = train(run);
    if (status == BP_OK && record->trained)
        status = look_at_end(run);
    if (status == BP_OK)
        status = judge_run(run);
    if (status == BP_OK && record->trained) {
        status = bp_curve_from(&record->curve[0], "as given", &record->course);
        record->n_curves = 1;
        record->curve[0].end_loss = record->loss;
        record->curve[0].end_accuracy = record->accuracy;
    }
    return status;
}

/* A trial goes on. */
static void on_trial(void *self, const char *trial, size_t epoch, size_t epochs)
{
    struct runner *run = self;
    const struct bp_runner_options *options = run->options;
    if (seconds_since(&run->shown) < options->seconds_between)
        return;
    clock_gettime(CLOCK_MONOTONIC, &run->shown);
    const struct bp_runner_view seen = {.record = run->record,
                                        .epoch = epoch,
                                        .epochs = epochs,
                                        .seconds = seconds_since(&run->began),
                                        .trial = trial};
    options->trial(options->self, &seen);
}

static enum bp_status repair(struct runner *run)
{
    const struct bp_repair_watch watch = {run, on_trial};
    clock_gettime(CLOCK_MONOTONIC, &run->began);
    run->shown = run->began;
    return bp_repair_run(run->record, run->scenario, run->options->trial != NULL ? &watch : NULL,
                         run->error);
}

/* The record takes over what the rig owns and somebody may want to see. The stages
 * of its network point to the rig's hypotheses, so they are put right. */
static void hand_over(struct runner *run)
{
    bp_mlp_restore(&run->rig.net);
    run->record->net = run->rig.net;
    run->rig.net = (struct bp_mlp){0};
    run->record->data = run->rig.data;
    run->rig.data = (struct bp_dataset_pair){0};
    run->record->check.net = &run->record->net;
    run->record->check_end.net = &run->record->net;
    run->record->course.net = &run->record->net;
    run->record->course.data = &run->record->data.train;
}

static enum bp_status run_scenario(struct runner *run)
{
    struct bp_record *record = run->record;
    enum bp_status status = bp_rig_start(&run->rig, run->scenario, run->rig.init.seed, run->error);
    record->init = run->rig.init;
    record->train = run->rig.train;
    if (status == BP_OK)
        status = keep_start(run);
    if (status != BP_OK)
        return status;
    describe(run);
    status = look_and_train(run);
    if (status == BP_OK && record->trained)
        status = judge_goal(run);
    hand_over(run);
    if (status == BP_OK)
        status = repair(run);
    if (status == BP_OK)
        bp_expect_judge(record, run->scenario);
    return status;
}

enum bp_status bp_runner_run(struct bp_record *record, const struct bp_scenario *scenario,
                             const struct bp_runner_options *options, struct bp_error *error)
{
    struct runner run = {
        .record = record, .scenario = scenario, .options = options, .error = error};
    *record = (struct bp_record){.loss = NAN, .accuracy = NAN, .tested = NAN, .runs = 1};
    snprintf(record->name, sizeof record->name, "%s", scenario->name);
    snprintf(record->title, sizeof record->title, "%s", scenario->title);
    enum bp_status status =
        bp_rig_build(&run.rig, scenario, options->plant, options->n_plant, error);
    if (status == BP_OK) {
        clock_gettime(CLOCK_MONOTONIC, &run.began);
        const struct timespec began = run.began;
        status = run_scenario(&run);
        record->seconds = seconds_since(&began);
    }
    if (run.tracing)
        bp_trace_release(&run.trace);
    if (run.watching)
        bp_symmetry_watch_release(&run.watch);
    bp_rig_release(&run.rig);
    if (status == BP_ENOMEM)
        bp_error_set(error, status, "%s: out of memory", scenario->name);
    if (status != BP_OK)
        bp_record_release(record);
    return status;
}
