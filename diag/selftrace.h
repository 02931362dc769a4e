/* selftrace.h -- what does each neuron of somebody's own program do while it trains? By
 * what the program itself says: its trace() (level 3) before each of its step()s.
 *
 *     theta_0   the program's own start, or the point that was looked at
 *     a step    trace(theta, batch): z, a, delta; then theta <- step(theta, batch, rate),
 *               or theta - rate gradient(theta, batch) where it has no step
 *     batch     its own data, or what was looked at; one sample after the other where
 *               that is what it steps on. Once through the samples is an epoch
 *
 * The rows are those of trace.h, and are read by the same reader. What the program does
 * not give is not there. NaN is data: it is a row like others, and when a step leaves
 * parameters that are not finite the trace ends there, complete.
 *
 * The file is written beside its place (PATH.tmp) and renamed at the end. Where the
 * program fails on the way (it exits, hangs, floods, answers with a wrong length), the
 * file that was there stays, and the steps up to then go to PATH.part.
 *
 * Cost: three calls a step: trace, step, and its loss.
 */
#ifndef BP_SELFTRACE_H
#define BP_SELFTRACE_H

#include "diag/subject.h"
#include "diag/trace.h"

enum { BP_SELFTRACE_STEPS = 100, BP_SELFTRACE_TEXT = 400 };
#define BP_SELFTRACE_RATE 0.1

struct bp_selftrace_options {
    const char *path; /* of the file; borrowed */
    size_t steps;     /* 0: BP_SELFTRACE_STEPS */
    double rate;      /* where the program takes one; 0: BP_SELFTRACE_RATE */
    bool drawn;       /* the samples are drawn, not the program's own: said in the text */
};

struct bp_selftrace {
    struct bp_selftrace_options options;
    struct bp_view *view; /* borrowed */
    struct bp_trace trace;
    size_t steps;       /* done */
    bool not_finite;    /* ended early: its parameters are NaN or infinite */
    double first, last; /* loss before the first and the last step; NaN: it cannot say */
};

/* Opens the file. BP_EUNSUPPORTED when the program cannot be traced, with the call that
 * is missing; BP_EFILE, BP_ENOMEM. */
enum bp_status bp_selftrace_open(struct bp_selftrace *self, struct bp_view *view,
                                 const struct bp_selftrace_options *options,
                                 struct bp_error *error);

/* Trains and puts the file in its place. theta is where to start unless the program says
 * so, batch what to train on; both as for bp_view_step(). BP_ESUBJECT with what the program
 * did, and where the steps until then are; BP_EFILE. */
enum bp_status bp_selftrace_run(struct bp_selftrace *self, const double *theta,
                                const struct bp_batch *batch, struct bp_error *error);

/* "100 steps at rate 0.1 on its own data: z, a, delta in t.tsv; loss 0.25 to 0.01" */
void bp_selftrace_text(const struct bp_selftrace *self, char text[BP_SELFTRACE_TEXT]);

/* A file that is not in its place is removed. Accepts an empty one. */
void bp_selftrace_close(struct bp_selftrace *self);

#endif
