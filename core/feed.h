/* feed.h -- the samples of an epoch, a batch at a time: in their order, or in a new one
 * for every epoch.
 *
 * An input and its target stay together, none is left out, and the last batch of an epoch
 * may be smaller. A batch in a mixed order is gathered into arrays of the feed's own: a
 * copy of N (inputs + outputs) numbers.
 */
#ifndef BP_FEED_H
#define BP_FEED_H

#include "core/rng.h"
#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

struct bp_feed {
    const double *x, *t; /* borrowed: n samples */
    size_t n, n_in, n_out;
    size_t batch;  /* samples at a time */
    bool shuffle;  /* a new order for every epoch */
    bool in_place; /* batches are handed out where they lie, while no order mixes them */
    size_t *order;
    double *batch_x, *batch_t; /* a batch, gathered */
    size_t n_ahead;            /* where the inputs of the batch after it are: who has time can */
    const double **ahead;      /* fetch them; none when they are many or lie in a row */
    struct bp_rng rng;
};

/* x, t, n, n_in, n_out, batch, shuffle and in_place are the caller's to fill in; batch is
 * taken for n where it is 0 or larger. seed is that of the orders. BP_ENOMEM. */
enum bp_status bp_feed_init(struct bp_feed *feed, uint64_t seed);
void bp_feed_release(struct bp_feed *feed);

/* To be called at the start of every epoch. */
void bp_feed_begin(struct bp_feed *feed);

/* The batch whose first sample is the first-th of the epoch; how many samples it has. It
 * stands until the next call. */
size_t bp_feed_batch(struct bp_feed *feed, size_t first, const double **x, const double **t);

#endif
