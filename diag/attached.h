/* attached.h -- are the parameters that the subject is given those that it uses?
 *
 * A program whose step makes new arrays, or swaps two, uses others from then on than the
 * ones that were named when it was attached; a program of which a copy was named never
 * used them. Every finding after that would be wrong, so it is no finding:
 *
 *     y(theta) = y(theta + 1)                        no array matters: they are copies
 *     the same of one array alone, after a step,
 *     that mattered before                           the step put another in its place
 *
 * Cost: a step, and two predictions an array (one for all where it is not described).
 */
#ifndef BP_ATTACHED_H
#define BP_ATTACHED_H

#include "diag/subject.h"

/* BP_ESUBJECT with the name of the first array that is not used; BP_ENOMEM. A subject
 * that cannot predict, or whose parameters are fixed, is not looked at. */
enum bp_status bp_attached_run(struct bp_view *view, const double *theta,
                               const struct bp_batch *batch, struct bp_error *error);

#endif
