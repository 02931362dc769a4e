/* diagnose_inquiry.h -- the probes of one diagnosis: drawn as the subject allows,
 * and asked.
 *
 *     its own point and data, where it has both (at most 16 samples of them,
 *     unless it can use no other batch)
 *     three random points with batches of 7, 1 and 5; with its own data where that
 *     is all it can use; none where its theta is fixed
 *
 * A subject that refuses the drawn targets is asked again with one-hot ones.
 */
#ifndef BP_DIAGNOSE_INQUIRY_H
#define BP_DIAGNOSE_INQUIRY_H

#include "diag/diagnose.h"
#include "diag/diagnose_match.h"

enum { BP_OWN_SAMPLES = 16 };

struct bp_inquiry {
    struct bp_view *view;     /* borrowed */
    const struct bp_mlp *net; /* borrowed: the twin */
    double rate;
    struct bp_rng rng;
    struct bp_probe probe[BP_PROBES_MAX];
    size_t n;
    struct bp_probe fresh;      /* drawn later; n is 0 when there can be none */
    double size[BP_PROBES_MAX]; /* what a claim whose size means nothing was divided by */
    bool steady;                /* the first probe, asked twice, gave the same */
    bool one_hot;               /* targets must be */
    struct bp_setting setting;
};

/* Draws and asks. BP_ENOMEM, BP_ESUBJECT, BP_EUNSUPPORTED. */
enum bp_status bp_inquiry_init(struct bp_inquiry *inquiry, struct bp_view *view,
                               const struct bp_diagnose_options *options, struct bp_error *error);
void bp_inquiry_release(struct bp_inquiry *inquiry);

/* Draws and asks the probe of the proof. */
enum bp_status bp_inquiry_fresh(struct bp_inquiry *inquiry, struct bp_error *error);

/* In its place one with large errors, to part faults that are the same at small ones. It
 * stays where the gradient is not the subject's own; none where that takes no such targets. */
enum bp_status bp_inquiry_far(struct bp_inquiry *inquiry, struct bp_error *error);

#endif
