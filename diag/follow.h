/* follow.h -- trains a subject by its own steps, with core's network as its shadow.
 *
 * The subject's step() makes theta' of theta, batch by batch. Before each step the
 * network of its description (the twin) is passed forward and back at the same
 * theta on the same batch, so that whoever watches sees z, a, delta and the right
 * gradient of every neuron along the subject's own path. pass->next is where the
 * subject went.
 *
 * The order of the samples is that of core/sgd.h for the same settings, so that a
 * right subject and core go the same way.
 */
#ifndef BP_FOLLOW_H
#define BP_FOLLOW_H

#include "core/sgd.h"
#include "diag/subject.h"

/* view: described, with a step. net: of the twin's shape; its theta is the start,
 * and the end. momentum and weight decay of train are not used: what the subject
 * does is its own. n samples. BP_ENOMEM, BP_ESUBJECT, BP_EUNSUPPORTED. */
enum bp_status bp_follow_run(struct bp_view *view, struct bp_mlp *net, const struct bp_train *train,
                             size_t n, const double *x, const double *t,
                             const struct bp_observer *observer, struct bp_error *error);

#endif
