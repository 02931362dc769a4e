/* epoch.h -- a step that is a whole epoch, at a rate that cannot be chosen: is it the
 * epoch that the described network would make?
 *
 * No gradient can be read off such a step: it is several updates, each from where the
 * one before led. So the epoch itself is made by the twin, over the subject's data in
 * order, in batches of 1, 2, ... all samples:
 *
 *     the right network makes the same       it is right (a note says in what batches)
 *     one with a fault of the catalogue does, here and at another point   that fault
 *     none does                              a note: it could not be tested
 *
 * Cost: two calls; (faults + 1) x batch sizes epochs of the twin.
 */
#ifndef BP_EPOCH_H
#define BP_EPOCH_H

#include "diag/finding.h"
#include "diag/subject.h"

/* Does nothing for other subjects. theta: a point; batch: the subject's data. BP_ENOMEM,
 * BP_ESUBJECT. */
enum bp_status bp_epoch_run(struct bp_view *view, const double *theta, const struct bp_batch *batch,
                            struct bp_findings *findings, struct bp_error *error);

#endif
