/* selftrace.c -- see selftrace.h. */
#include "diag/selftrace.h"

#include "core/mem.h"

#include <math.h>
#include <string.h>

/* What a run needs beside the trace. */
struct run {
    struct bp_selftrace *self;
    struct bp_batch batch; /* all samples */
    double *theta, *next;  /* owned with one block, as are: */
    double *numbers[3];    /* z, a, delta of a batch, layer after layer */
    double **layer[3];     /* [1 .. L]: into numbers; owned by the first */
    double loss;           /* sum over the samples of this epoch */
    size_t seen;           /* samples of this epoch */
    struct bp_error *error;
};

static const char *name_of(const struct bp_view *view)
{
    return view->subject->name != NULL ? view->subject->name : "subject";
}

/* ---- can it be traced? --------------------------------------------------------------- */

static enum bp_status refuse(const struct bp_view *view, const char *why, struct bp_error *error)
{
    return bp_error_set(error, BP_EUNSUPPORTED, "%s: it cannot be traced: %s", name_of(view), why);
}

static enum bp_status look_at_calls(const struct bp_view *view, struct bp_error *error)
{
    if (view->subject->trace == NULL)
        return refuse(view, "it does not answer 'trace' with its z, a and delta", error);
    if (!view->described)
        return refuse(view, "its network and arrays are not described", error);
    if (view->subject->step == NULL && view->subject->gradient == NULL)
        return refuse(view, "it answers neither 'step' nor 'gradient', so it cannot train", error);
    if (view->subject->theta_fixed)
        return refuse(view, "it can be looked at only at its own theta", error);
    return BP_OK;
}

enum bp_status bp_selftrace_open(struct bp_selftrace *self, struct bp_view *view,
                                 const struct bp_selftrace_options *options, struct bp_error *error)
{
    *self = (struct bp_selftrace){.options = *options, .view = view, .first = NAN, .last = NAN};
    if (self->options.steps == 0)
        self->options.steps = BP_SELFTRACE_STEPS;
    if (!(self->options.rate > 0.0))
        self->options.rate = BP_SELFTRACE_RATE;
    const struct bp_trace_options trace = {.path = options->path, .every_step = 1};
    const enum bp_status status = look_at_calls(view, error);
    return status != BP_OK ? status : bp_trace_init(&self->trace, &view->twin, &trace, error);
}

void bp_selftrace_close(struct bp_selftrace *self)
{
    bp_trace_release(&self->trace);
    *self = (struct bp_selftrace){0};
}

/* ---- a step ---------------------------------------------------------------------------- */

static struct bp_batch batch_of(const struct run *run, size_t step)
{
    const struct bp_view *view = run->self->view;
    const bool one = view->subject->step_kind == BP_STEP_SAMPLE && view->subject->data == NULL;
    const size_t s = step % run->batch.n;
    return one ? (struct bp_batch){1, run->batch.x + s * view->n_in, run->batch.t + s * view->n_out}
               : run->batch;
}

/* Which of z, a and delta there are is known after the first answer. */
static enum bp_status find_kinds(struct run *run, size_t n)
{
    struct bp_trace *trace = &run->self->trace;
    trace->options.kinds = 0;
    for (int k = 0; k < BP_TRACE_NEURON_KINDS; k++)
        if (bp_view_is_given(run->numbers[k], n * trace->n_units))
            trace->options.kinds |= BP_TRACE_BIT(k);
    return trace->options.kinds != 0
               ? BP_OK
               : refuse(run->self->view, "its answer to 'trace' holds none of z, a and delta",
                        run->error);
}

static enum bp_status look(struct run *run, const struct bp_batch *batch)
{
    struct bp_selftrace *self = run->self;
    double **of = run->numbers;
    enum bp_status status =
        bp_view_trace(self->view, run->theta, batch, of[0], of[1], of[2], run->error);
    if (status == BP_OK && self->steps == 0)
        status = find_kinds(run, batch->n);
    if (status != BP_OK || !self->view->can_lose)
        return status;
    status = bp_view_loss(self->view, run->theta, batch, &self->last, run->error);
    if (self->steps == 0)
        self->first = self->last;
    return status;
}

static enum bp_status move(struct run *run, const struct bp_batch *batch)
{
    struct bp_view *view = run->self->view;
    const double rate = run->self->options.rate;
    if (view->subject->step != NULL)
        return bp_view_step(view, run->theta, batch, rate, run->next, run->error);
    const enum bp_status status =
        bp_view_own_gradient(view, run->theta, batch, run->next, run->error);
    for (size_t k = 0; status == BP_OK && k < view->n_theta; k++)
        run->next[k] = run->theta[k] - rate * run->next[k];
    return status;
}

static void record(struct run *run, const struct bp_batch *batch)
{
    struct bp_selftrace *self = run->self;
    const bool sum = self->view->twin.spec.reduction == BP_SUM;
    const size_t n = batch->n, epoch = self->steps * n / run->batch.n;
    for (int k = 0; k < BP_TRACE_NEURON_KINDS; k++)
        for (size_t l = 1; l <= self->trace.layers; l++)
            run->layer[k][l] = run->numbers[k] + n * self->trace.unit[l];
    bp_trace_step(&self->trace, self->steps++, epoch, n, run->layer[0], run->layer[1],
                  run->layer[2], 0);
    run->loss += self->last * (sum ? 1.0 : (double)n);
    run->seen += n;
    if (run->seen < run->batch.n)
        return;
    bp_trace_epoch(&self->trace, epoch, self->steps, run->loss / (double)run->seen);
    run->loss = 0.0;
    run->seen = 0;
}

static bool all_finite(const double *numbers, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (!isfinite(numbers[k]))
            return false;
    return true;
}

/* Its velocity begins at none, where it has a reset(), and is its own from then on. */
static enum bp_status train(struct run *run)
{
    struct bp_selftrace *self = run->self;
    const bool kept = self->view->keep;
    enum bp_status status = BP_OK;
    self->view->keep = false;
    self->trace.options.course_only = batch_of(run, 0).n == run->batch.n;
    while (status == BP_OK && self->steps < self->options.steps && !self->not_finite) {
        const struct bp_batch batch = batch_of(run, self->steps);
        status = look(run, &batch);
        if (status != BP_OK)
            break;
        record(run, &batch);
        status = move(run, &batch);
        if (status != BP_OK)
            break;
        memcpy(run->theta, run->next, self->view->n_theta * sizeof *run->theta);
        self->not_finite = !all_finite(run->theta, self->view->n_theta);
        self->view->keep = true;
    }
    self->view->keep = kept;
    return status;
}

/* ---- a run ------------------------------------------------------------------------------- */

static enum bp_status make(struct run *run, const double *theta)
{
    const struct bp_view *view = run->self->view;
    const size_t n = view->n_theta, numbers = run->batch.n * view->twin.n_units;
    const size_t layers = run->self->trace.layers + 1;
    double *block = bp_mem_new(2 * n + BP_TRACE_NEURON_KINDS * numbers, sizeof *block);
    double **layer = bp_mem_new(BP_TRACE_NEURON_KINDS * layers, sizeof *layer);
    run->theta = block;
    run->layer[0] = layer;
    if (block == NULL || layer == NULL)
        return bp_error_set(run->error, BP_ENOMEM, "trace: out of memory");
    run->next = block + n;
    for (size_t k = 0; k < BP_TRACE_NEURON_KINDS; k++) {
        run->numbers[k] = block + 2 * n + k * numbers;
        run->layer[k] = layer + k * layers;
    }
    if (!bp_view_start(view, run->theta))
        memcpy(run->theta, theta, n * sizeof *theta);
    bp_view_round(view, run->theta);
    return BP_OK;
}

/* What there is until the program failed goes beside the last good file. */
static void keep_part(struct bp_selftrace *self, struct bp_error *error)
{
    char where[BP_ERROR_MAX], why[BP_ERROR_MAX];
    struct bp_error lost = {""};
    if (self->steps == 0)
        return;
    if (bp_trace_finish_part(&self->trace, &lost) == BP_OK)
        snprintf(where, sizeof where, "the %zu step%s until then: %.300s.part", self->steps,
                 self->steps == 1 ? "" : "s", self->options.path);
    else
        snprintf(where, sizeof where, "%.400s", lost.text);
    if (error != NULL) {
        snprintf(why, sizeof why, "%.600s", error->text);
        bp_error_set(error, BP_ESUBJECT, "%s; %s", why, where);
    }
}

enum bp_status bp_selftrace_run(struct bp_selftrace *self, const double *theta,
                                const struct bp_batch *batch, struct bp_error *error)
{
    struct run run = {.self = self, .batch = *batch, .error = error};
    enum bp_status status = make(&run, theta);
    if (status == BP_OK)
        status = train(&run);
    if (status == BP_OK)
        status = bp_trace_finish(&self->trace, error);
    else if (status == BP_ESUBJECT)
        keep_part(self, error);
    bp_mem_free(run.theta);
    bp_mem_free(run.layer[0]);
    return status;
}

/* ---- words ------------------------------------------------------------------------------- */

static void add_kinds(const struct bp_selftrace *self, char *text, size_t size)
{
    const char *before = "";
    for (int k = 0; k < BP_TRACE_NEURON_KINDS; k++) {
        if ((self->trace.options.kinds & BP_TRACE_BIT(k)) == 0)
            continue;
        bp_report_add(text, size, "%s%s", before, bp_trace_kind_text((enum bp_trace_kind)k));
        before = ", ";
    }
}

void bp_selftrace_text(const struct bp_selftrace *self, char text[BP_SELFTRACE_TEXT])
{
    const struct bp_subject *subject = self->view->subject;
    const bool chosen = subject->step == NULL || subject->rate_kind == BP_RATE_GIVEN;
    snprintf(text, BP_SELFTRACE_TEXT, "%zu step%s ", self->steps, self->steps == 1 ? "" : "s");
    if (chosen)
        bp_report_add(text, BP_SELFTRACE_TEXT, "at rate %.4g", self->options.rate);
    else
        bp_report_add(text, BP_SELFTRACE_TEXT, "at its own rate");
    bp_report_add(text, BP_SELFTRACE_TEXT,
                  " on %s: ", self->options.drawn ? "drawn samples" : "its own data");
    add_kinds(self, text, BP_SELFTRACE_TEXT);
    bp_report_add(text, BP_SELFTRACE_TEXT, " in %.200s", self->options.path);
    if (!isnan(self->first))
        bp_report_add(text, BP_SELFTRACE_TEXT, "; loss %.4g to %.4g", self->first, self->last);
    if (self->not_finite)
        bp_report_add(text, BP_SELFTRACE_TEXT, "; its parameters are not finite after them");
}
