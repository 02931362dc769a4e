/* feed.c -- see feed.h. */
#include "core/feed.h"

#include "core/mem.h"

#include <string.h>

/* 256 KB: more would push out of the cache what is worked on. */
enum { AHEAD_MOST = 32768 };

enum bp_status bp_feed_init(struct bp_feed *feed, uint64_t seed)
{
    if (feed->batch == 0 || feed->batch > feed->n)
        feed->batch = feed->n;
    bp_rng_seed(&feed->rng, seed);
    feed->order = bp_mem_new(feed->n, sizeof *feed->order);
    feed->batch_x = bp_mem_new(feed->batch * feed->n_in, sizeof *feed->batch_x);
    feed->batch_t = bp_mem_new(feed->batch * feed->n_out, sizeof *feed->batch_t);
    feed->ahead = bp_mem_new(feed->batch, sizeof *feed->ahead);
    if (feed->order == NULL || feed->batch_x == NULL || feed->batch_t == NULL ||
        feed->ahead == NULL) {
        bp_feed_release(feed);
        return BP_ENOMEM;
    }
    for (size_t k = 0; k < feed->n; k++)
        feed->order[k] = k;
    return BP_OK;
}

void bp_feed_release(struct bp_feed *feed)
{
    bp_mem_free(feed->order);
    bp_mem_free(feed->batch_x);
    bp_mem_free(feed->batch_t);
    bp_mem_free(feed->ahead);
    *feed = (struct bp_feed){0};
}

void bp_feed_begin(struct bp_feed *feed)
{
    if (feed->shuffle)
        bp_rng_permutation(&feed->rng, feed->n, feed->order);
}

static void gather(struct bp_feed *feed, size_t first, size_t n)
{
    const size_t n_in = feed->n_in, n_out = feed->n_out;
    for (size_t k = 0; k < n; k++) {
        const size_t s = feed->order[first + k];
        memcpy(feed->batch_x + k * n_in, feed->x + s * n_in, n_in * sizeof *feed->x);
        memcpy(feed->batch_t + k * n_out, feed->t + s * n_out, n_out * sizeof *feed->t);
    }
}

/* first: of the batch after the one that is handed out. */
static void look_ahead(struct bp_feed *feed, size_t first)
{
    feed->n_ahead = 0;
    if (feed->batch > AHEAD_MOST / feed->n_in)
        return;
    for (size_t k = first; k < feed->n && feed->n_ahead < feed->batch; k++)
        feed->ahead[feed->n_ahead++] = feed->x + feed->order[k] * feed->n_in;
}

size_t bp_feed_batch(struct bp_feed *feed, size_t first, const double **x, const double **t)
{
    const size_t n = feed->n - first < feed->batch ? feed->n - first : feed->batch;
    if (feed->in_place && !feed->shuffle) {
        *x = feed->x + first * feed->n_in;
        *t = feed->t + first * feed->n_out;
        return n;
    }
    gather(feed, first, n);
    look_ahead(feed, first + n);
    *x = feed->batch_x;
    *t = feed->batch_t;
    return n;
}
