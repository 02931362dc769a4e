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

/* Trains again with every cause among the record's findings put right, adds the
 * curve and the words. Nothing is added when no cause can be repaired here.
 * BP_ENOMEM. */
enum bp_status bp_repair_run(struct bp_record *record, const struct bp_scenario *scenario,
                             struct bp_error *error);

#endif
