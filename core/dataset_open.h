/* dataset_open.h -- which examples does a name mean?
 *
 *     and or xor    the four rows of the truth table; trained and tested on alike
 *     sign          numbers from [-1, 1]: 200 to train, 1000 to test
 *     digits        drawn digits: 5000 and 1000
 *     mnist         5000 and 1000 of the 60,000 and 10,000, the first ones or (with
 *                   a seed) drawn; where MNIST is not at hand, digits in their
 *                   place, and note says so
 *     PATH.csv      a table: inputs, then targets; its last lines test, when asked
 *
 * Training and test examples of sign and digits come from different seeds.
 */
#ifndef BP_DATASET_OPEN_H
#define BP_DATASET_OPEN_H

#include "core/dataset.h"
#include "core/input.h"

struct bp_dataset_request {
    char name[BP_PATH_MAX];
    size_t train, test; /* how many; 0: as above (csv: all, none) */
    bool seeded;
    uint64_t seed; /* 1 where not seeded; csv: shuffled when seeded */
    enum bp_targets targets;
    size_t n_in, n_out; /* csv: its columns */
};

struct bp_dataset_pair {
    struct bp_dataset train;
    struct bp_dataset test;             /* empty: test on the training examples */
    char note[2 * BP_DATASET_TEXT_MAX]; /* for the report, or empty */
};

/* BP_EINPUT for an unknown name, with the nearest one; the readers' errors. */
enum bp_status bp_dataset_open(struct bp_dataset_pair *pair,
                               const struct bp_dataset_request *request, struct bp_error *error);
void bp_dataset_close(struct bp_dataset_pair *pair);

/* The examples to test on. */
const struct bp_dataset *bp_dataset_tested(const struct bp_dataset_pair *pair);

/* Whether the name is that of a table, whose columns are as many as the network
 * has inputs and outputs. */
bool bp_dataset_is_table(const char *name);

/* How wide a set that is no table is, without opening it. BP_EINPUT as above. */
enum bp_status bp_dataset_shape(const char *name, size_t *n_in, size_t *n_out,
                                struct bp_error *error);

#endif
