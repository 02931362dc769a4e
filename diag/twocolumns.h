/* twocolumns.h -- a program that shows a gradient and also trains: is what it shows
 * what it trains by?
 *
 * A check of somebody's own can be wrong while their backpropagation is right. Where
 * a subject has both calls, and gradient() is wrong, its step() is asked on its own:
 *
 *     gradient() is theta, steps are along the right gradient    check-prints-weights
 *     and the steps are a constant factor off                    check-on-other-scale
 *     steps are wrong in the same way                            nothing is changed
 */
#ifndef BP_TWOCOLUMNS_H
#define BP_TWOCOLUMNS_H

#include "diag/diagnose.h"

/* findings: of the subject as it is; those that the steps clear of blame are
 * renamed, those that the steps alone show are added. BP_ENOMEM, BP_ESUBJECT. */
enum bp_status bp_twocolumns_run(struct bp_view *view, const struct bp_diagnose_options *options,
                                 struct bp_findings *findings, struct bp_error *error);

#endif
