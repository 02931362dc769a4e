/* unseen_trial.c -- see unseen_trial.h: which look is asked, what it said, and the runs. */
#include "unseen_trial.h"

#include "diag/health.h"
#include "scenarios/runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- what was said --------------------------------------------------------- */

/* Planted in the same way, the one is the other. */
static bool is_same_plant(const struct bp_fault *a, const struct bp_fault *b)
{
    return (a->plant != NULL && a->plant == b->plant) ||
           (a->plant_check != NULL && a->plant_check == b->plant_check);
}

/* What is no fault, but must be known, is said in a note. */
static bool is_remark(const struct bp_fault *fault)
{
    static const char *const REMARK[] = {"gradient-clipped", "sign-like-step",
                                         "weight-decay-undeclared", "too-few-epochs"};
    for (size_t k = 0; k < sizeof REMARK / sizeof *REMARK; k++)
        if (strcmp(fault->name, REMARK[k]) == 0)
            return true;
    return false;
}

static bool means(const struct bp_fault *fault, const char *name)
{
    const struct bp_fault *named = bp_fault_find(name);
    return named != NULL && (named == fault || is_same_plant(named, fault));
}

void unseen_judge(const struct bp_fault *fault, const struct bp_findings *findings,
                  struct unseen_outcome *outcome)
{
    outcome->result = UNSEEN_MISSED;
    for (size_t k = 0; k < findings->n; k++) {
        const struct bp_finding *finding = &findings->item[k];
        const size_t used = strlen(outcome->said);
        snprintf(outcome->said + used, sizeof outcome->said - used, " %s%s%s", finding->name,
                 finding->note ? "(note)" : "", finding->follows >= 0 ? "(beneath)" : "");
        if (fault == NULL || !means(fault, finding->name) || (finding->note && !is_remark(fault)))
            continue;
        if (finding->follows < 0)
            outcome->result = UNSEEN_NAMED;
        else if (outcome->result != UNSEEN_NAMED)
            outcome->result = UNSEEN_BENEATH;
    }
}

bool unseen_counts(const struct bp_fault *fault)
{
    switch (fault->kind) {
    case BP_KIND_CALL:
        return true; /* those without a stage have a program here */
    case BP_KIND_UPDATE:
    case BP_KIND_START:
    case BP_KIND_DATA:
    case BP_KIND_RATE:
    case BP_KIND_NETWORK:
    case BP_KIND_CHECK:
        return bp_fault_plantable(fault);
    default:
        return strcmp(fault->name, "update-before-backprop") == 0; /* steps alone show it */
    }
}

void unseen_try(const struct bp_hypothesis *h, uint64_t seed, struct unseen_outcome *outcome)
{
    *outcome = (struct unseen_outcome){.result = UNSEEN_NO_TRIAL};
    switch (h->fault->kind) {
    case BP_KIND_GRADIENT:
    case BP_KIND_UPDATE:
    case BP_KIND_CALL:
        unseen_try_program(h, seed, outcome);
        return;
    case BP_KIND_CHECK:
        unseen_try_columns(h, seed, outcome);
        return;
    default:
        unseen_try_run(h, seed, outcome);
    }
}

/* ---- a run that can succeed ------------------------------------------------- */

struct draw {
    struct bp_rng rng;
    struct bp_scenario scenario;
    char table[64]; /* the file of points, or empty */
};

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "unseen: %s\n", what);
    abort();
}

/* Clouds around separated centres, as a table of comma-separated values. */
static void write_clouds(struct draw *draw, size_t n, size_t n_in, size_t classes)
{
    snprintf(draw->table, sizeof draw->table, "/tmp/unseen-XXXXXX.csv");
    const int file = mkstemps(draw->table, 4);
    FILE *out = file < 0 ? NULL : fdopen(file, "w");
    must(out != NULL, "a table of points cannot be written");
    for (size_t s = 0; s < n; s++) {
        for (size_t k = 0; k < n_in; k++)
            fprintf(out, "%.6f,",
                    (k % classes == s % classes ? 1.0 : -0.5) + 0.3 * bp_rng_normal(&draw->rng));
        for (size_t k = 0; classes > 2 && k < classes; k++)
            fprintf(out, "%d%s", k == s % classes, k + 1 < classes ? "," : "\n");
        if (classes == 2)
            fprintf(out, "%zu\n", s % 2);
    }
    must(fclose(out) == 0, "a table of points cannot be written");
}

enum { SIGMOID, TANH, RELU };
static const char *const HIDDEN[] = {"sigmoid", "tanh", "relu"};

static void draw_network(struct draw *draw, size_t n_in, size_t n_out, size_t depth, size_t least,
                         size_t spread, size_t f, const char *end)
{
    char text[160];
    int at = snprintf(text, sizeof text, "%zu", n_in);
    for (size_t l = 0; l < depth; l++)
        at += snprintf(text + at, sizeof text - (size_t)at, "-%zu",
                       least + bp_rng_below(&draw->rng, spread));
    snprintf(text + at, sizeof text - (size_t)at, "-%zu %s,%s", n_out, HIDDEN[f], end);
    must(bp_spec_parse(&draw->scenario.network, text, NULL) == BP_OK, text);
    draw->scenario.has_network = true;
}

static void draw_gate(struct draw *draw, const char *name)
{
    static const double RATE[] = {3.0, 1.0, 0.3};
    struct bp_train *train = &draw->scenario.train;
    const size_t f = bp_rng_below(&draw->rng, 3);
    snprintf(draw->scenario.data.name, sizeof draw->scenario.data.name, "%s", name);
    /* relu units die on four points: enough of them */
    draw_network(draw, 2, 1, 1, f == RELU ? 10 : 4, 5, f, "sigmoid bce");
    draw->scenario.init.weights = (struct bp_fill){.scheme = BP_INIT_NORMAL, .sd = 1.0};
    *train = (struct bp_train){.rate = RATE[f], .epochs = 3000, .seed = 1};
}

static void draw_clouds(struct draw *draw)
{
    static const double RATE[] = {1.0, 0.1, 0.05};
    struct bp_train *train = &draw->scenario.train;
    const size_t f = bp_rng_below(&draw->rng, 3);
    const size_t classes = 2 + bp_rng_below(&draw->rng, 3);
    const size_t n_in = classes + bp_rng_below(&draw->rng, 6);
    write_clouds(draw, 100 + bp_rng_below(&draw->rng, 100), n_in, classes);
    memcpy(draw->scenario.data.name, draw->table, sizeof draw->table);
    draw->scenario.data.n_in = n_in;
    draw->scenario.data.n_out = classes == 2 ? 1 : classes;
    draw_network(draw, n_in, draw->scenario.data.n_out, 1 + bp_rng_below(&draw->rng, 2), 4, 9, f,
                 classes == 2 ? "sigmoid bce" : "softmax cross-entropy");
    draw->scenario.init.weights =
        (struct bp_fill){.scheme = f == RELU ? BP_INIT_HE : BP_INIT_GLOROT};
    *train = (struct bp_train){.rate = RATE[f],
                               .batch = 1 + bp_rng_below(&draw->rng, 16),
                               .epochs = 30 + bp_rng_below(&draw->rng, 40),
                               .shuffle = true,
                               .seed = 1};
}

static void draw_digits(struct draw *draw)
{
    static const double RATE[] = {1.0, 0.1, 0.05};
    const size_t f = bp_rng_below(&draw->rng, 3);
    snprintf(draw->scenario.data.name, sizeof draw->scenario.data.name, "digits");
    draw->scenario.data.train = 500;
    draw->scenario.data.test = 100;
    draw->scenario.data.seeded = true;
    draw->scenario.data.seed = 1 + bp_rng_below(&draw->rng, 1000);
    draw_network(draw, 784, 10, 1, 8, 8, f, "softmax cross-entropy");
    draw->scenario.init.weights =
        (struct bp_fill){.scheme = f == RELU ? BP_INIT_HE : BP_INIT_GLOROT};
    draw->scenario.train =
        (struct bp_train){.rate = RATE[f], .batch = 10, .epochs = 20, .shuffle = true, .seed = 1};
}

/* Of eight runs two on a gate, five on clouds, one on digits. */
static void draw_open(struct draw *draw, uint64_t seed)
{
    *draw = (struct draw){0};
    bp_rng_seed(&draw->rng, seed);
    struct bp_scenario *scenario = &draw->scenario;
    const size_t which = bp_rng_below(&draw->rng, 8);
    snprintf(scenario->name, sizeof scenario->name, "drawn");
    if (which < 2)
        draw_gate(draw, which == 0 ? "xor" : "and");
    else if (which < 7)
        draw_clouds(draw);
    else
        draw_digits(draw);
    scenario->has_data = scenario->trains = true;
    scenario->runs = 1;
    scenario->goal.accuracy = scenario->goal.loss = (double)__builtin_nan("");
    scenario->check.at = BP_CHECK_NEVER;
    scenario->check.seed = 1;
    scenario->init.seed = bp_rng_next(&draw->rng);
}

static void draw_close(struct draw *draw)
{
    if (draw->table[0] != '\0')
        unlink(draw->table);
    bp_spec_release(&draw->scenario.network);
}

static void run(const struct draw *draw, const struct bp_hypothesis *h, struct bp_record *record)
{
    char key[BP_HYPOTHESIS_TEXT_MAX];
    const char *const plant[] = {key};
    struct bp_error error = {""};
    if (h != NULL)
        bp_fault_key(h, key, sizeof key);
    const struct bp_runner_options options = {.plant = plant, .n_plant = h != NULL};
    if (bp_runner_run(record, &draw->scenario, &options, &error) != BP_OK)
        fprintf(stderr, "%s: ", h == NULL ? "" : key), must(false, error.text);
}

static bool has_arrived(const struct bp_record *record)
{
    return bp_health_reached(record->loss, record->accuracy,
                             bp_health_baseline(&record->net, &record->data.train));
}

static void describe(const struct draw *draw, const struct bp_record *record,
                     struct unseen_outcome *outcome)
{
    const struct bp_train *train = &record->train;
    bp_spec_text(&record->net.spec, outcome->network, sizeof outcome->network);
    snprintf(outcome->data, sizeof outcome->data, "%.8s %zu, rate %g, batch %zu, epochs %zu",
             draw->table[0] != '\0' ? "clouds" : draw->scenario.data.name, record->data.train.n,
             train->rate, train->batch, train->epochs);
}

void unseen_try_run(const struct bp_hypothesis *h, uint64_t seed, struct unseen_outcome *outcome)
{
    struct draw draw;
    struct bp_record right, wrong;
    draw_open(&draw, seed);
    run(&draw, NULL, &right);
    const bool learns = has_arrived(&right);
    bp_record_release(&right);
    if (learns) {
        run(&draw, h, &wrong);
        describe(&draw, &wrong, outcome);
        unseen_judge(h->fault, &wrong.findings, outcome);
        if (outcome->result == UNSEEN_MISSED && has_arrived(&wrong))
            outcome->result = UNSEEN_HARMLESS;
        bp_record_release(&wrong);
    }
    draw_close(&draw);
}

size_t unseen_healthy(uint64_t seed, struct unseen_outcome *outcome)
{
    struct draw draw;
    struct bp_record record;
    *outcome = (struct unseen_outcome){.result = UNSEEN_NO_TRIAL};
    draw_open(&draw, seed);
    run(&draw, NULL, &record);
    describe(&draw, &record, outcome);
    unseen_judge(NULL, &record.findings, outcome);
    outcome->result = has_arrived(&record) ? UNSEEN_HARMLESS : UNSEEN_NO_TRIAL;
    size_t alarms = bp_findings_count(&record.findings);
    if (record.rate_tried && record.rate.verdict != BP_RATE_NEITHER)
        alarms--; /* tried and seen: a measurement, and no rule */
    bp_record_release(&record);
    draw_close(&draw);
    return alarms;
}
