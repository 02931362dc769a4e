/* expect.h -- did the scenario show exactly what it says it shows?
 *
 * An expectation is the exact set of causes: findings that are no notes and follow
 * from no other. One too many fails like one too few. "name" stands for a finding
 * of that name anywhere; "name:2" and "name:2:0" say where.
 */
#ifndef BP_EXPECT_H
#define BP_EXPECT_H

#include "diag/record.h"
#include "scenarios/scenario.h"

/* Fills expects, as_expected, missing and unexpected of the record. A scenario with
 * a goal must reach it too. */
void bp_expect_judge(struct bp_record *record, const struct bp_scenario *scenario);

#endif
