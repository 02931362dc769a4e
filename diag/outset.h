/* outset.h -- what is there before the first step: is it fit to be trained at all?
 *
 * A subject's gradient may be right and its start, its data or its shape be such that
 * no gradient helps: hidden neurons that are copies of each other, targets that the
 * output cannot reach. Looked at where the subject gives its own: theta for the start
 * (symmetry.h), data for the rest (health.h, rules of data and network only), and a rate of its own
 * (rate.h).
 */
#ifndef BP_OUTSET_H
#define BP_OUTSET_H

#include "diag/finding.h"
#include "diag/subject.h"

/* batch: what the start is looked at with. Nothing is called. BP_ENOMEM. */
enum bp_status bp_outset_run(struct bp_view *view, const struct bp_batch *batch,
                             struct bp_findings *findings);

/* Where it gives a start, data and a rate: would the right program, its twin, end worse
 * than at a smaller rate? It is for a subject whose gradient agrees. Nothing is called; a
 * second of training at most. BP_ENOMEM. */
enum bp_status bp_outset_rate(struct bp_view *view, struct bp_findings *findings);

#endif
