/* healthy.c -- networks with nothing wrong: a word about any of them is a false
 * alarm. And the time of one diagnosis. */
#include "measure.h"

#include "core/init.h"
#include "core/mem.h"
#include "diag/diagnose.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- false alarms ---------------------------------------------------------- */

#define SORT_LIST(X)                                                                               \
    X(PLAIN, "random")                                                                             \
    X(RELU, "relu")                                                                                \
    X(RELU_AT_KINK, "relu, z exactly 0")                                                           \
    X(RELU_DEAD, "relu, dead units")                                                               \
    X(SINGLE, "single precision")                                                                  \
    X(TINY, "weights of 1e-8")                                                                     \
    X(HUGE_, "weights of 1e8")                                                                     \
    X(SCALED, "weights of 1e-8 to 1e8")                                                            \
    X(SINGLE_SCALED, "the same in single precision")                                               \
    X(MINIMUM, "almost no error left")                                                             \
    X(ORDERED, "sums taken in another order")

#define SORT_ENUM(name, text) name,
enum sort { SORT_LIST(SORT_ENUM) SORTS };
#undef SORT_ENUM

#define SORT_TEXT(name, text) text,
static const char *const SORT_NAME[] = {SORT_LIST(SORT_TEXT)};
#undef SORT_TEXT

/* A third of them relu. */
static enum sort sort_of(size_t i)
{
    static const enum sort TURN[] = {RELU,    PLAIN,     SINGLE,       RELU,
                                     TINY,    HUGE_,     RELU_AT_KINK, SCALED,
                                     MINIMUM, RELU_DEAD, ORDERED,      SINGLE_SCALED};
    return TURN[i % (sizeof TURN / sizeof TURN[0])];
}

static double scale_of(enum sort sort, size_t i)
{
    switch (sort) {
    case TINY:
        return 1e-8;
    case HUGE_:
        return 1e8;
    case SCALED:
    case SINGLE_SCALED:
        return pow(10.0, (double)(i / 12 % 17) - 8.0);
    default:
        return 1.0;
    }
}

static void set_biases(struct trial *trial, struct bp_probe *probe, double value)
{
    for (size_t i = 0; i < trial->net.n_tensors; i++)
        for (size_t k = 0; k < trial->net.tensor[i].count; k++)
            if (trial->net.tensor[i].role == BP_BIASES)
                probe->theta[trial->net.tensor[i].offset + k] = value;
}

/* Inputs of zero and no biases put every z of layer 1 at the kink. */
static void make_special(struct trial *trial, enum sort sort)
{
    const size_t n_in = trial->net.spec.layer[0].width;
    const size_t n_out = trial->net.spec.layer[trial->net.spec.layers].width;
    for (size_t k = 0; k <= TRIAL_PROBES; k++) {
        struct bp_probe *probe = &trial->probe[k];
        if (sort == RELU_AT_KINK) {
            set_biases(trial, probe, 0.0);
            memset(probe->x, 0, (probe->n + 1) / 2 * n_in * sizeof *probe->x);
        } else if (sort == RELU_DEAD) {
            set_biases(trial, probe, -2.0);
        } else if (sort == MINIMUM) {
            trial_ask(trial);
            for (size_t j = 0; j < probe->n * n_out; j++)
                if (trial->net.spec.loss == BP_SQUARED_ERROR)
                    probe->t[j] = probe->y[j] * (1.0 + 1e-7 * bp_rng_normal(&trial->rng));
        }
    }
}

/* What another order of summation does: a few units in the last place. */
static void disturb(struct trial *trial)
{
    for (size_t k = 0; k <= TRIAL_PROBES; k++)
        for (size_t j = 0; j < trial->net.n_theta; j++)
            trial->probe[k].g[j] *= 1.0 + 4e-16 * bp_rng_normal(&trial->rng);
}

static void try_healthy(const struct plan *plan, size_t i, struct outcome *outcome)
{
    const enum sort sort = sort_of(i);
    const struct trial_wish wish = {.scale = scale_of(sort, i),
                                    .relu =
                                        sort == RELU || sort == RELU_AT_KINK || sort == RELU_DEAD,
                                    .single = sort == SINGLE || sort == SINGLE_SCALED,
                                    .wide = i % 7 == 6};
    struct trial trial;
    struct bp_diagnosis diagnosis;
    trial_open(&trial, plan->seed * 4000037 + i, &wish);
    make_special(&trial, sort);
    trial_ask(&trial);
    if (sort == ORDERED)
        disturb(&trial);
    trial_diagnose(&trial, NULL, &diagnosis);
    bool finite = true;
    for (size_t k = 0; k < trial.n_probes; k++)
        for (size_t j = 0; j < trial.net.n_theta; j++)
            finite = finite && isfinite(trial.probe[k].g[j]);
    outcome->done = true;
    outcome->alarms = !diagnosis.healthy && finite;
    bp_spec_text(&trial.net.spec, outcome->network, sizeof outcome->network);
    bp_diagnosis_release(&diagnosis);
    trial_close(&trial);
}

static void print_healthy(const struct plan *plan, const struct outcome *outcome, size_t n)
{
    size_t alarms[SORTS] = {0};
    size_t trials[SORTS] = {0};
    size_t all = 0;
    for (size_t i = 0; i < n; i++) {
        const enum sort sort = sort_of(i);
        trials[sort]++;
        alarms[sort] += outcome[i].alarms;
        all += outcome[i].alarms;
        if (outcome[i].alarms > 0)
            fprintf(plan->out, "    alarm: %s: %s (%zu)\n", SORT_NAME[sort], outcome[i].network, i);
    }
    fprintf(plan->out, "\nhealthy networks: %zu\n", n);
    for (size_t s = 0; s < SORTS; s++)
        fprintf(plan->out, "  %-34s %6zu networks %4zu alarms\n", SORT_NAME[s], trials[s],
                alarms[s]);
    report_goal(plan, "false_alarms_healthy_networks", (double)all, "<=", 0.0);
}

static size_t count_healthy(const struct plan *plan)
{
    return plan->healthy;
}

const struct measure measure_healthy = {.name = "healthy",
                                        .items = count_healthy,
                                        .most = one_outcome,
                                        .run = try_healthy,
                                        .print = print_healthy};

/* ---- time ------------------------------------------------------------------ */

/* Of the processor, not of the clock on the wall: others may be at work. */
static double processor_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double diagnose_digits(const struct plan *plan, const char *network, const char *keys[3])
{
    struct bp_spec spec;
    struct bp_mlp net;
    struct bp_hypothesis h[3];
    struct bp_findings findings = {0};
    if (bp_spec_parse(&spec, network, NULL) != BP_OK || bp_mlp_init(&net, &spec) != BP_OK)
        abort();
    bp_spec_release(&spec);
    const struct bp_setting setting = {.net = &net, .n = 7};
    for (size_t i = 0; i < 3 && keys[i] != NULL; i++) {
        if (bp_fault_parse(keys[i], &setting, &h[i], NULL) != BP_OK)
            abort();
        bp_fault_plant(&h[i], &setting, net.ops);
    }
    const double start = processor_seconds();
    if (bp_diagnose_net(&net, NULL, &findings, NULL) != BP_OK)
        abort();
    const double seconds = processor_seconds() - start;
    fprintf(plan->out, "  %.2f s, %zu findings: %s %s %s\n", seconds, findings.n,
            keys[0] == NULL ? "healthy" : keys[0],
            keys[0] == NULL || keys[1] == NULL ? "" : keys[1],
            keys[0] == NULL || keys[1] == NULL || keys[2] == NULL ? "" : keys[2]);
    bp_findings_release(&findings);
    bp_mlp_release(&net);
    return seconds;
}

void measure_time(const struct plan *plan)
{
    static const struct {
        const char *network;
        const char *keys[3];
    } CASE[] = {
        {"784-30-10 sigmoid squared-error", {NULL, NULL, NULL}},
        {"784-30-10 sigmoid squared-error", {"missing-activation-derivative:1", NULL, NULL}},
        {"784-30-10 sigmoid squared-error", {"neuron-delta-zero:1:7", NULL, NULL}},
        {"784-30-10 sigmoid squared-error", {"sum-one-short:1", "bias-sign-flipped:2", NULL}},
        {"784-30-10 sigmoid squared-error l2=0.01",
         {"derivative-squared:1", "sum-overwritten:1", "regulariser-doubled"}},
    };
    double longest = 0.0;
    fprintf(plan->out, "\none diagnosis of a 784-30-10 network\n");
    for (size_t i = 0; i < sizeof CASE / sizeof CASE[0]; i++)
        longest =
            fmax(longest, diagnose_digits(plan, CASE[i].network, (const char **)CASE[i].keys));
    report_goal(plan, "seconds_784_30_10", longest, "<=", 2.0);
}
