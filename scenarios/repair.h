/* repair.h -- the counterfactual: the same run with only the named thing put right.
 *
 * One table: the name of a finding, what is changed, and how. What is planted in
 * the stages, and what a program's own code does, is repaired by running core's
 * right stages from the same start.
 */
#ifndef BP_REPAIR_H
#define BP_REPAIR_H

#include "diag/record.h"
#include "scenarios/setup.h"

/* Who sees that it goes on: trial is "with the right backprop", or "other rates", of which
 * the epochs of each are not known (0). */
struct bp_repair_watch {
    void *self;
    void (*epoch)(void *self, const char *trial, size_t epoch, size_t epochs);
};

/* A run that did not reach its end is trained again with every cause among the
 * record's findings put right. When even that (or, without any cause, the run itself)
 * does not get there and has not come to rest in a local minimum, other rates are
 * tried: rate-too-small or rate-too-large is added to the findings, and put right too.
 * Adds the curve and the words; nothing when there is nothing to put right here.
 * watch: NULL for nobody. BP_ENOMEM. */
enum bp_status bp_repair_run(struct bp_record *record, const struct bp_scenario *scenario,
                             const struct bp_repair_watch *watch, struct bp_error *error);

#endif
