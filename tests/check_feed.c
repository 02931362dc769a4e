/* check_feed.c -- the samples of an epoch: none twice, none left out, each with its target. */
#include "core/feed.h"
#include "core/mem.h"

#include <check.h>

enum { N = 10, N_IN = 3 };

/* Sample k is (k, k, k) with target -k. */
static void numbered(double *x, double *t)
{
    for (int k = 0; k < N; k++) {
        for (int j = 0; j < N_IN; j++)
            x[k * N_IN + j] = k;
        t[k] = -k;
    }
}

static struct bp_feed feed_of(const double *x, const double *t, size_t batch, bool shuffle)
{
    struct bp_feed feed = {.x = x,
                           .t = t,
                           .n = N,
                           .n_in = N_IN,
                           .n_out = 1,
                           .batch = batch,
                           .shuffle = shuffle,
                           .in_place = true};
    return feed;
}

/* The samples of an epoch in the order in which they come. */
static void epoch(struct bp_feed *feed, int *order)
{
    int count = 0;
    bp_feed_begin(feed);
    for (size_t first = 0; first < N; first += feed->batch) {
        const double *x, *t;
        const size_t n = bp_feed_batch(feed, first, &x, &t);
        ck_assert_uint_eq(n, N - first < feed->batch ? N - first : feed->batch);
        for (size_t s = 0; s < n; s++) {
            for (int j = 0; j < N_IN; j++)
                ck_assert(x[s * N_IN + (size_t)j] == -t[s]);
            order[count++] = (int)-t[s];
        }
    }
    ck_assert_int_eq(count, N);
}

START_TEST(every_epoch_has_each_sample_once_in_an_order_of_its_own)
{
    double x[N * N_IN], t[N];
    int order[2][N], seen[N] = {0}, same = 0;
    numbered(x, t);
    struct bp_feed feed = feed_of(x, t, 4, true);
    ck_assert_int_eq(bp_feed_init(&feed, 4), BP_OK);
    for (int e = 0; e < 2; e++) {
        epoch(&feed, order[e]);
        for (int k = 0; k < N; k++)
            seen[order[e][k]]++;
    }
    for (int k = 0; k < N; k++) {
        ck_assert_int_eq(seen[k], 2);
        same += order[0][k] == order[1][k];
    }
    ck_assert_int_lt(same, N);
    bp_feed_release(&feed);
}
END_TEST

START_TEST(the_rows_ahead_are_those_of_the_next_batch)
{
    double x[N * N_IN], t[N];
    const double *from, *to;
    numbered(x, t);
    struct bp_feed feed = feed_of(x, t, 4, true);
    ck_assert_int_eq(bp_feed_init(&feed, 4), BP_OK);
    bp_feed_begin(&feed);
    for (size_t first = 0; first < N; first += 4) {
        double next[4];
        (void)bp_feed_batch(&feed, first, &from, &to);
        const size_t n_ahead = feed.n_ahead;
        ck_assert_uint_eq(n_ahead, first == 0 ? 4 : first == 4 ? 2 : 0);
        for (size_t k = 0; k < n_ahead; k++)
            next[k] = feed.ahead[k][0];
        if (n_ahead > 0)
            (void)bp_feed_batch(&feed, first + 4, &from, &to);
        for (size_t k = 0; k < n_ahead; k++)
            ck_assert(from[k * N_IN] == next[k]);
    }
    bp_feed_release(&feed);
}
END_TEST

START_TEST(what_is_not_mixed_comes_in_its_order)
{
    double x[N * N_IN], t[N];
    int order[N];
    numbered(x, t);
    for (int copies = 0; copies < 2; copies++) {
        const double *from, *to;
        struct bp_feed feed = feed_of(x, t, 0, false);
        feed.in_place = !copies;
        ck_assert_int_eq(bp_feed_init(&feed, 4), BP_OK);
        ck_assert_uint_eq(feed.batch, N); /* 0: all of them */
        epoch(&feed, order);
        for (int k = 0; k < N; k++)
            ck_assert_int_eq(order[k], k);
        ck_assert_uint_eq(bp_feed_batch(&feed, 0, &from, &to), N);
        ck_assert((from == x) == !copies && (to == t) == !copies);
        bp_feed_release(&feed);
    }
}
END_TEST

START_TEST(every_failed_allocation_is_a_status)
{
    double x[N * N_IN], t[N];
    numbered(x, t);
    const size_t held = bp_mem_held();
    for (size_t n = 1; n <= 5; n++) {
        struct bp_feed feed = feed_of(x, t, 4, true);
        bp_mem_fail_at(n);
        const enum bp_status status = bp_feed_init(&feed, 4);
        bp_mem_fail_at(0);
        ck_assert_int_eq(status, n <= 4 ? BP_ENOMEM : BP_OK);
        bp_feed_release(&feed);
        ck_assert_uint_eq(bp_mem_held(), held);
    }
}
END_TEST

Suite *feed_suite(void);
Suite *feed_suite(void)
{
    Suite *suite = suite_create("feed");
    TCase *tcase = tcase_create("feed");
    tcase_add_test(tcase, every_epoch_has_each_sample_once_in_an_order_of_its_own);
    tcase_add_test(tcase, the_rows_ahead_are_those_of_the_next_batch);
    tcase_add_test(tcase, what_is_not_mixed_comes_in_its_order);
    tcase_add_test(tcase, every_failed_allocation_is_a_status);
    suite_add_tcase(suite, tcase);
    return suite;
}
