/* dataset.h -- what is the network shown, and what should it answer?
 *
 * A data set is n examples, one a row: inputs x (n x n_in) and targets t
 * (n x n_out). Rows of x and t belong together, and everything here keeps them
 * together.
 *
 * Targets that stand for classes are two-valued: one column that is off or on
 * (two classes), or one column a class, of which exactly one is on (one-hot).
 * off and on are 0 and 1, or -1 and 1. Any other targets are plain numbers.
 */
#ifndef BP_DATASET_H
#define BP_DATASET_H

#include "core/rng.h"
#include "core/status.h"

#define BP_TARGETS_LIST(X)                                                                         \
    X(BP_TARGETS_01, "0/1")                                                                        \
    X(BP_TARGETS_PM1, "+-1")

#define BP_TARGETS_ENUM(name, text) name,
enum bp_targets { BP_TARGETS_LIST(BP_TARGETS_ENUM) BP_TARGETS_COUNT };
#undef BP_TARGETS_ENUM

enum { BP_DATASET_TEXT_MAX = 256 };

struct bp_dataset {
    size_t n, n_in, n_out;
    double *x;                        /* n x n_in */
    double *t;                        /* n x n_out */
    size_t classes;                   /* 0 when the targets are plain numbers */
    enum bp_targets coding;           /* how the targets write a class, when they do */
    char title[64];                   /* "xor" */
    char source[BP_DATASET_TEXT_MAX]; /* "first 5000 of 60000 images in train-images...gz" */
};

/* n examples of zeros; n, n_in and n_out at least 1. BP_ENOMEM. */
enum bp_status bp_dataset_init(struct bp_dataset *data, size_t n, size_t n_in, size_t n_out);
/* The same with these examples (x: n x n_in, t: n x n_out), and their classes found. */
enum bp_status bp_dataset_copy(struct bp_dataset *data, size_t n, size_t n_in, size_t n_out,
                               const double *x, const double *t);
void bp_dataset_release(struct bp_dataset *data);

/* Room for n examples in place of those there are; what is added is 0. BP_ENOMEM
 * leaves the data as it was. */
enum bp_status bp_dataset_resize(struct bp_dataset *data, size_t n);

/* A new set of the n examples whose numbers are in pick. BP_ENOMEM. */
enum bp_status bp_dataset_subset(struct bp_dataset *data, const struct bp_dataset *from, size_t n,
                                 const size_t *pick);

/* A new set of n examples from the one numbered first on; n at least 1. BP_ENOMEM. */
enum bp_status bp_dataset_slice(struct bp_dataset *data, const struct bp_dataset *from,
                                size_t first, size_t n);

/* The first n_first examples, and the others; each part needs one at least
 * (BP_ESHAPE). BP_ENOMEM. */
enum bp_status bp_dataset_split(const struct bp_dataset *from, size_t n_first,
                                struct bp_dataset *first, struct bp_dataset *rest);

/* Row i becomes the row that was order[i]: inputs and targets alike, in place.
 * order is a permutation of 0 .. n - 1. */
void bp_dataset_reorder(struct bp_dataset *data, const size_t *order);

/* The rows in a random order. BP_ENOMEM leaves them as they were. */
enum bp_status bp_dataset_shuffle(struct bp_dataset *data, struct bp_rng *rng);

/* ---- classes --------------------------------------------------------------- */

const char *bp_targets_name(enum bp_targets coding);
bool bp_targets_parse(const char *text, enum bp_targets *coding);

/* The two values: off is 0 or -1, on is 1. */
double bp_targets_off(enum bp_targets coding);
double bp_targets_on(enum bp_targets coding);

/* Writes class label into row i: one column off or on (classes = 2), or one-hot. */
void bp_dataset_label_set(struct bp_dataset *data, size_t i, size_t label);

/* The class that n_out numbers, targets or outputs, stand for: above the middle
 * of off and on for one column, otherwise the largest (the first of equals).
 * Numbers among which there is a NaN stand for none: data->classes. */
size_t bp_dataset_class(const struct bp_dataset *data, const double *values);

/* The class of example i. */
size_t bp_dataset_label(const struct bp_dataset *data, size_t i);

/* Sets classes and coding from the targets as they are. */
void bp_dataset_find_classes(struct bp_dataset *data);

/* ---- sets that need no file ---------------------------------------------- */

enum bp_gate { BP_AND, BP_OR, BP_XOR };

/* Four examples, in the order 00 01 10 11. BP_ENOMEM. */
enum bp_status bp_dataset_gate(struct bp_dataset *data, enum bp_gate gate, enum bp_targets coding);

/* n inputs drawn evenly from [-1, 1], 0 left out; the target says whether it is
 * above 0. BP_ENOMEM. */
enum bp_status bp_dataset_sign(struct bp_dataset *data, size_t n, uint64_t seed,
                               enum bp_targets coding);

#endif
