/* unseen_program.c -- training programs with a fault in a call or in the update, and
 * gradient checks with a habit: see unseen_trial.h. */
#include "unseen_trial.h"

#include "core/mem.h"
#include "confusion_trial.h"
#include "diag/checkup.h"
#include "diag/columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 64 };

/* The built-in network as somebody's program: it steps with a velocity and decay. */
struct program {
    struct bp_core_subject core;
    struct bp_subject subject;
    double momentum, decay;
    double *velocity;
    bool writes; /* gradient() moves theta */
    bool drawn;  /* noise in each gradient */
    struct bp_rng rng;
};

static int call_loss(void *self, const double *theta, const struct bp_batch *batch, double *loss)
{
    struct program *program = self;
    return program->core.subject.loss(&program->core, theta, batch, loss);
}

static int call_predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    struct program *program = self;
    return program->core.subject.predict(&program->core, theta, batch, y);
}

static int call_gradient(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    struct program *program = self;
    const size_t n = program->core.net->n_theta;
    const int failed = program->core.subject.gradient(&program->core, theta, batch, g);
    for (size_t k = 0; program->drawn && k < n; k++)
        g[k] *= 1.0 + 0.1 * bp_rng_normal(&program->rng);
    for (size_t k = 0; program->writes && k < n; k++)
        ((double *)theta)[k] -= 0.01 * g[k]; /* the update, where none is wanted */
    return failed;
}

static int call_step(void *self, const double *theta, const struct bp_batch *batch, double rate,
                     double *next)
{
    struct program *program = self;
    struct bp_pass *pass = &program->core.pass;
    const size_t n = program->core.net->n_theta;
    if (batch->n > pass->capacity)
        return 1;
    pass->ops = program->core.net->ops;
    pass->theta = theta;
    pass->grad = program->core.net->grad;
    pass->rate = rate;
    pass->decay = program->decay;
    bp_pass_forward(pass, batch->n, batch->x);
    bp_pass_backward(pass, batch->t);
    for (size_t k = 0; k < n; k++)
        program->velocity[k] = program->momentum * program->velocity[k] + pass->grad[k];
    pass->direction = program->velocity;
    bp_pass_update(pass, rate);
    memcpy(next, pass->next, n * sizeof *next);
    return 0;
}

static int call_reset(void *self)
{
    struct program *program = self;
    memset(program->velocity, 0, program->core.net->n_theta * sizeof *program->velocity);
    return 0;
}

static void must(bool good)
{
    if (!good)
        abort();
}

static void open_program(struct program *program, struct trial *trial, const char *name)
{
    *program = (struct program){.writes = strcmp(name, "theta-changed-by-gradient") == 0,
                                .drawn = strcmp(name, "calls-differ") == 0};
    if (strcmp(name, "momentum-misapplied") == 0)
        program->momentum = 0.5 + 0.4 * bp_rng_unit(&trial->rng);
    if (strcmp(name, "weight-decay-misapplied") == 0)
        program->decay = 0.01 + 0.1 * bp_rng_unit(&trial->rng);
    bp_rng_seed(&program->rng, 7);
    must(bp_core_subject_init(&program->core, &trial->net, ROOM) == BP_OK);
    program->velocity = bp_mem_new(trial->net.n_theta, sizeof *program->velocity);
    must(program->velocity != NULL);
    program->subject = program->core.subject;
    program->subject.self = program;
    program->subject.loss = call_loss;
    program->subject.predict = call_predict;
    program->subject.gradient = call_gradient;
    program->subject.step = call_step;
    program->subject.reset = call_reset;
    program->subject.trace = NULL;
}

static void close_program(struct program *program)
{
    bp_core_subject_release(&program->core);
    bp_mem_free(program->velocity);
}

/* Nothing says what was meant: these steps are plain descent, or have a decay that may
 * be so on purpose, which a note says. */
static bool is_undeclared(const struct bp_hypothesis *h)
{
    return (strcmp(h->fault->name, "momentum-misapplied") == 0 && h->variant == 0) ||
           (strcmp(h->fault->name, "weight-decay-misapplied") == 0 &&
            (h->variant == 1 || h->variant == 3));
}

static bool plant(const struct bp_hypothesis *h, struct trial *trial)
{
    bool applies = false;
    for (size_t l = 1; l <= trial->net.spec.layers; l++)
        applies = applies || bp_fault_applies(h, &trial->setting, l);
    const bool stage = h->fault->plant != NULL && strcmp(h->fault->name, "calls-differ") != 0;
    if (stage && applies)
        bp_fault_plant(h, &trial->setting, trial->net.ops);
    return applies || !stage;
}

static void look(struct program *program, struct trial *trial, const struct bp_hypothesis *h,
                 struct unseen_outcome *outcome)
{
    struct bp_view view;
    struct bp_checkup checkup;
    struct bp_error error = {""};
    must(bp_view_open(&view, &program->subject, &error) == BP_OK);
    const struct bp_batch batch = {trial->probe[0].n, trial->probe[0].x, trial->probe[0].t};
    const struct bp_checkup_options options = {.theta = trial->probe[0].theta, .batch = &batch};
    must(bp_checkup_run(&checkup, &view, &options, &error) == BP_OK);
    unseen_judge(h->fault, &checkup.findings, outcome);
    bp_checkup_release(&checkup);
    bp_view_close(&view);
}

void unseen_try_program(const struct bp_hypothesis *h, uint64_t seed,
                        struct unseen_outcome *outcome)
{
    const struct trial_wish wish = {.scale = 1.0};
    struct trial trial;
    struct program program;
    trial_open(&trial, seed, &wish);
    if (plant(h, &trial)) {
        open_program(&program, &trial, h->fault->name);
        look(&program, &trial, h, outcome);
        bp_spec_text(&trial.net.spec, outcome->network, sizeof outcome->network);
        if (is_undeclared(h))
            outcome->result = UNSEEN_HARMLESS;
        close_program(&program);
        bp_mlp_restore(&trial.net);
    }
    trial_close(&trial);
}

/* ---- columns ---------------------------------------------------------------- */

static double largest(const double *a, const double *b, size_t n)
{
    double most = 0.0;
    for (size_t k = 0; k < n; k++)
        most = fmax(most, fabs(a[k] - (b == NULL ? 0.0 : b[k])));
    return most;
}

/* Whether the habit shows: a column differs from what a right check prints by more
 * than SHOWN of its largest number. */
#define SHOWN 1e-6

static bool shows(const double *columns, const double *right, size_t n)
{
    return !(largest(columns, right, n) <= SHOWN * largest(right, NULL, n)) ||
           !(largest(columns + n, right + n, n) <= SHOWN * largest(right + n, NULL, n));
}

static void print(const struct bp_usercheck *check, const struct trial *trial, double *columns)
{
    const struct bp_probe *probe = &trial->probe[0];
    must(bp_usercheck_run(check, &trial->net, probe->n, probe->x, probe->t, columns,
                          columns + trial->net.n_theta) == BP_OK);
}

static void judge_columns(const struct bp_hypothesis *h, struct trial *trial, double *columns,
                          struct unseen_outcome *outcome)
{
    const size_t n = trial->net.n_theta;
    struct bp_usercheck check = {0};
    struct bp_findings findings = {0};
    print(&check, trial, columns + 2 * n);
    h->fault->plant_check(h, &check);
    print(&check, trial, columns);
    if (!shows(columns, columns + 2 * n, n))
        return;
    const struct bp_columns asked = {.net = &trial->net,
                                     .n = trial->probe[0].n,
                                     .x = trial->probe[0].x,
                                     .t = trial->probe[0].t,
                                     .backprop = columns,
                                     .numeric = columns + n};
    must(bp_columns_run(&asked, &findings, NULL) == BP_OK);
    unseen_judge(h->fault, &findings, outcome);
    bp_findings_release(&findings);
}

void unseen_try_columns(const struct bp_hypothesis *h, uint64_t seed,
                        struct unseen_outcome *outcome)
{
    const struct trial_wish wish = {.scale = 1.0,
                                    .relu = strcmp(h->fault->name, "check-crosses-kink") == 0};
    struct trial trial;
    if (h->fault->plant_check == NULL)
        return; /* check-is-vacuous: of a start, and of no column */
    trial_open(&trial, seed, &wish);
    double *columns = bp_mem_new(4 * trial.net.n_theta, sizeof *columns);
    must(columns != NULL);
    memcpy(trial.net.theta, trial.probe[0].theta, trial.net.n_theta * sizeof(double));
    judge_columns(h, &trial, columns, outcome);
    bp_spec_text(&trial.net.spec, outcome->network, sizeof outcome->network);
    bp_mem_free(columns);
    trial_close(&trial);
}
