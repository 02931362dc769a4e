/* diagnose_blackbox.h -- what can be said of a gradient whose parameters have no
 * names?
 *
 * Without a description there is no network to compare with, only the claimed
 * gradient g beside the numeric one n of the subject's own loss, at its own point
 * and at two more nearby, with all of a batch and with half of it:
 *
 *     g = theta                the parameters are returned
 *     g = 0                    nothing is
 *     g = c n                  c = -1, N, 1/N, 2, 1/2 by name, else a constant
 *     g = c n + lambda theta   an L2 term that the loss has not
 *     else                     which entries are wrong: runs of them, and how many
 *                              are exactly zero
 *
 * Cost: 2 n_theta losses a point (see numdiff.h).
 */
#ifndef BP_DIAGNOSE_BLACKBOX_H
#define BP_DIAGNOSE_BLACKBOX_H

#include "diag/diagnose.h"

/* Needs the subject's loss, theta and data (options or its own); without them
 * BP_EUNSUPPORTED says which. BP_ENOMEM, BP_ESUBJECT. */
enum bp_status bp_blackbox_look(struct bp_view *view, const struct bp_diagnose_options *options,
                                struct bp_findings *out, struct bp_error *error);

#endif
