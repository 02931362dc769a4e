/* owntrace.h -- a subject that shows its own z, a and delta (level 3): which of them is
 * the first that is not right?
 *
 * Forward:  z_1, a_1, z_2, ... a_L, beside the twin's.
 * Backward: delta_L, ... delta_1, where the forward pass is right. A delta may be a
 *           sample's own or its share of the mean (1/N): which of the two is said.
 *
 * What comes after the first wrong one is wrong because of it. Said in a note: the cause
 * is the gradient check's to name, this is where to look.
 */
#ifndef BP_OWNTRACE_H
#define BP_OWNTRACE_H

#include "diag/finding.h"
#include "diag/subject.h"

/* Does nothing where there is no trace. BP_ENOMEM, BP_ESUBJECT. */
enum bp_status bp_owntrace_run(struct bp_view *view, const double *theta,
                               const struct bp_batch *batch, struct bp_findings *findings,
                               struct bp_error *error);

#endif
