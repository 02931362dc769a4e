/* checkup.h -- everything that can be asked of a subject without training it, in
 * the order in which the answers depend on each other:
 *
 *     contract    do its calls keep what every check takes for granted?
 *     gradcheck   backprop beside numeric, entry by entry
 *     diagnosis   which stage does what in place of what
 *     columns     is a check of their own right, where its numbers are given?
 *     steps       what only more than one step, or rate, can show
 *
 * The point and the data are the caller's, or the subject's own, or drawn. Where the
 * given point leaves a tensor untested (a zero start on balanced data), another is
 * drawn and said.
 */
#ifndef BP_CHECKUP_H
#define BP_CHECKUP_H

#include "diag/contract.h"
#include "diag/gradcheck.h"
#include "diag/locate.h"
#include "diag/stepper.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct bp_checkup_options {
    const double *theta;          /* in core's order; NULL: the subject's own, or drawn */
    const struct bp_batch *batch; /* NULL: the subject's own, or drawn */
    const double *numeric;        /* what a check of the subject's own gave for the gradient at its
                                     theta on its data, in its order; NULL: nothing */
    enum bp_tier_id tier;
    int threads;   /* of the tiers that can; 0: one */
    double rate;   /* of steps; 0: one at which rounding does not drown g */
    uint64_t seed; /* of what is drawn; 0: a fixed one */
    bool own_loss; /* numeric derivatives of the subject's own loss, never of its twin; at one
                      point only */
    bool locate;   /* find wrong entries by random probes of the loss, in place of trying each:
                      also where there is no twin and trying each would take over ten seconds */
    size_t shard, shards; /* own_loss: only this share of the parameters (shard.h); 0: all */
};

struct bp_checkup {
    char contract_text[300];
    struct bp_contract contract;
    struct bp_stepper stepper;
    bool checked;
    bool drawn; /* the gradient check is at a drawn point */
    struct bp_gradcheck check;
    bool located; /* in place of checked */
    struct bp_locate locate;
    struct bp_findings findings;
    size_t calls; /* of the subject */
    /* owned: where it looked */
    double *theta;
    double *x, *t;
    size_t n;
};

/* view stays open and is the caller's. options may be NULL. BP_ENOMEM, BP_ESUBJECT,
 * BP_EUNSUPPORTED. */
enum bp_status bp_checkup_run(struct bp_checkup *checkup, struct bp_view *view,
                              const struct bp_checkup_options *options, struct bp_error *error);
void bp_checkup_release(struct bp_checkup *checkup);

struct bp_checkup_style {
    const char *name;
    bool all, colour;
};

/* The report on one screen. BP_ENOMEM. */
enum bp_status bp_checkup_text(FILE *out, const struct bp_checkup *checkup,
                               const struct bp_checkup_style *style);

#endif
