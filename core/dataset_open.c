/* dataset_open.c -- see dataset_open.h. */
#include "core/dataset_open.h"

#include "core/csv.h"
#include "core/digits.h"
#include "core/idx.h"
#include "core/nearest.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Where the test examples' seeds begin: nobody types such a seed. */
#define TEST_SEEDS ((uint64_t)1 << 63)

struct set {
    const char *name;
    size_t n_in, n_out;
    size_t train, test; /* how many unless asked otherwise; 0: they cannot be chosen */
    enum bp_status (*open)(const struct set *set, struct bp_dataset_pair *pair,
                           const struct bp_dataset_request *request, struct bp_error *error);
};

static uint64_t seed_of(const struct bp_dataset_request *request)
{
    return request->seeded ? request->seed : 1;
}

static size_t n_train(const struct set *set, const struct bp_dataset_request *request)
{
    return request->train == 0 ? set->train : request->train;
}

static size_t n_test(const struct set *set, const struct bp_dataset_request *request)
{
    return request->test == 0 ? set->test : request->test;
}

static enum bp_status open_gate(const struct set *set, struct bp_dataset_pair *pair,
                                const struct bp_dataset_request *request, struct bp_error *error)
{
    (void)error;
    const enum bp_gate gate = set->name[0] == 'a' ? BP_AND : set->name[0] == 'o' ? BP_OR : BP_XOR;
    return bp_dataset_gate(&pair->train, gate, request->targets);
}

static enum bp_status open_sign(const struct set *set, struct bp_dataset_pair *pair,
                                const struct bp_dataset_request *request, struct bp_error *error)
{
    (void)error;
    const uint64_t seed = seed_of(request);
    const enum bp_status status =
        bp_dataset_sign(&pair->train, n_train(set, request), seed, request->targets);
    if (status != BP_OK)
        return status;
    return bp_dataset_sign(&pair->test, n_test(set, request), seed + TEST_SEEDS, request->targets);
}

static enum bp_status open_digits(const struct set *set, struct bp_dataset_pair *pair,
                                  const struct bp_dataset_request *request, struct bp_error *error)
{
    (void)error;
    const uint64_t seed = seed_of(request);
    const enum bp_status status =
        bp_digits_dataset(&pair->train, n_train(set, request), seed, request->targets);
    if (status != BP_OK)
        return status;
    return bp_digits_dataset(&pair->test, n_test(set, request), seed + TEST_SEEDS,
                             request->targets);
}

static enum bp_status open_mnist(const struct set *set, struct bp_dataset_pair *pair,
                                 const struct bp_dataset_request *request, struct bp_error *error)
{
    const char *folder = bp_mnist_folder();
    if (!bp_mnist_present(folder)) {
        snprintf(pair->note, sizeof pair->note,
                 "mnist is not in %.200s: drawn digits in its place (make mnist downloads it)",
                 folder);
        return open_digits(set, pair, request, error);
    }
    struct bp_idx_pick pick = {
        .n = n_train(set, request), .drawn = request->seeded, .seed = request->seed};
    const enum bp_status status =
        bp_mnist_read(&pair->train, folder, BP_MNIST_TRAIN, &pick, request->targets, error);
    if (status != BP_OK)
        return status;
    pick.n = n_test(set, request);
    return bp_mnist_read(&pair->test, folder, BP_MNIST_TEST, &pick, request->targets, error);
}

static const struct set SETS[] = {
    {"and", 2, 1, 0, 0, open_gate},
    {"or", 2, 1, 0, 0, open_gate},
    {"xor", 2, 1, 0, 0, open_gate},
    {"sign", 1, 1, 200, 1000, open_sign},
    {"digits", BP_DIGIT_PIXELS, BP_DIGIT_CLASSES, 5000, 1000, open_digits},
    {"mnist", BP_DIGIT_PIXELS, BP_DIGIT_CLASSES, 5000, 1000, open_mnist},
};

enum { N_SETS = sizeof SETS / sizeof *SETS };

static const struct set *find(const char *name)
{
    for (size_t i = 0; i < N_SETS; i++)
        if (strcmp(name, SETS[i].name) == 0)
            return &SETS[i];
    return NULL;
}

static enum bp_status unknown(const char *name, struct bp_error *error)
{
    struct bp_nearest nearest;
    bp_nearest_begin(&nearest, name);
    for (size_t i = 0; i < N_SETS; i++)
        bp_nearest_offer(&nearest, SETS[i].name);
    const char *meant = bp_nearest_name(&nearest);
    if (meant != NULL)
        return bp_error_set(error, BP_EINPUT, "'%.200s' is no data set, did you mean '%s'?", name,
                            meant);
    return bp_error_set(error, BP_EINPUT,
                        "'%.200s' is no data set, expected and, or, xor, sign, digits, mnist or a "
                        ".csv file",
                        name);
}

/* ---- tables -------------------------------------------------------------- */

bool bp_dataset_is_table(const char *name)
{
    const size_t n = strlen(name);
    return n > 4 && strcmp(name + n - 4, ".csv") == 0;
}

/* The last lines test; the first of the others train. */
static enum bp_status divide(struct bp_dataset_pair *pair, const struct bp_dataset *all,
                             const struct bp_dataset_request *request, struct bp_error *error)
{
    if (request->test >= all->n || request->train > all->n - request->test)
        return bp_error_set(
            error, BP_EINPUT,
            "%.300s: %zu lines, expected the %zu to train and %zu to test asked for", request->name,
            all->n, request->train == 0 ? 1 : request->train, request->test);
    const size_t left = all->n - request->test;
    const enum bp_status status =
        bp_dataset_slice(&pair->train, all, 0, request->train == 0 ? left : request->train);
    if (status != BP_OK || request->test == 0)
        return status;
    return bp_dataset_slice(&pair->test, all, left, request->test);
}

static enum bp_status open_table(struct bp_dataset_pair *pair,
                                 const struct bp_dataset_request *request, struct bp_error *error)
{
    struct bp_dataset all;
    enum bp_status status = bp_csv_read(&all, request->name, request->n_in, request->n_out, error);
    if (status != BP_OK)
        return status;
    if (request->seeded) {
        struct bp_rng rng;
        bp_rng_seed(&rng, request->seed);
        status = bp_dataset_shuffle(&all, &rng);
    }
    if (status == BP_OK)
        status = divide(pair, &all, request, error);
    bp_dataset_release(&all);
    return status;
}

/* ---- calls ----------------------------------------------------------------- */

static enum bp_status open_set(struct bp_dataset_pair *pair,
                               const struct bp_dataset_request *request, struct bp_error *error)
{
    const struct set *set = find(request->name);
    if (set == NULL)
        return unknown(request->name, error);
    if (set->train == 0 && (request->train != 0 || request->test != 0))
        return bp_error_set(error, BP_EINPUT,
                            "data: %s always has its four examples, expected no train or test",
                            set->name);
    return set->open(set, pair, request, error);
}

enum bp_status bp_dataset_open(struct bp_dataset_pair *pair,
                               const struct bp_dataset_request *request, struct bp_error *error)
{
    *pair = (struct bp_dataset_pair){0};
    const enum bp_status status = bp_dataset_is_table(request->name)
                                      ? open_table(pair, request, error)
                                      : open_set(pair, request, error);
    if (status == BP_ENOMEM)
        bp_error_set(error, status, "data: out of memory for %.200s", request->name);
    if (status != BP_OK)
        bp_dataset_close(pair);
    return status;
}

void bp_dataset_close(struct bp_dataset_pair *pair)
{
    bp_dataset_release(&pair->train);
    bp_dataset_release(&pair->test);
    pair->note[0] = '\0';
}

const struct bp_dataset *bp_dataset_tested(const struct bp_dataset_pair *pair)
{
    return pair->test.n > 0 ? &pair->test : &pair->train;
}

enum bp_status bp_dataset_shape(const char *name, size_t *n_in, size_t *n_out,
                                struct bp_error *error)
{
    const struct set *set = find(name);
    if (set == NULL)
        return unknown(name, error);
    *n_in = set->n_in;
    *n_out = set->n_out;
    return BP_OK;
}
