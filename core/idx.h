/* idx.h -- which images and labels does an IDX file hold?
 *
 * IDX is the format in which MNIST is published (LeCun, Cortes and Burges):
 *
 *     0 0 8 d    two zeros, 8 for unsigned bytes, the number of dimensions
 *     d sizes    of 4 bytes each, the highest byte first
 *     bytes      as many as the sizes say, the last dimension fastest
 *
 * Images have d = 3 (count, rows, columns), labels d = 1. A file that begins as
 * gzip (RFC 1952) is unpacked, whatever its name, and its checksum verified.
 * Nothing in a file is believed before it is there: room grows with the bytes
 * that really come, and a file with more bytes than its sizes say is refused
 * at the first one.
 */
#ifndef BP_IDX_H
#define BP_IDX_H

#include "core/dataset.h"

/* Limits: bytes in a file as stored, and as unpacked. */
enum { BP_IDX_STORED_MAX = 1 << 30, BP_IDX_BYTES_MAX = 1 << 30 };

struct bp_idx {
    size_t dims;
    size_t size[3]; /* [0 .. dims - 1] */
    size_t n_bytes; /* their product */
    unsigned char *bytes;
};

/* Reads a file of unsigned bytes with dims dimensions (1 or 3), none of which
 * is 0. BP_EFILE, BP_EINPUT, BP_ENOMEM with one line in error. */
enum bp_status bp_idx_read(struct bp_idx *idx, const char *path, size_t dims,
                           struct bp_error *error);
void bp_idx_release(struct bp_idx *idx);

/* Which of the examples: the first n of them, or n drawn with a seed. */
struct bp_idx_pick {
    size_t n; /* 0: all */
    bool drawn;
    uint64_t seed; /* when drawn */
};

/* Images and labels as examples: a pixel is byte / 255, rows of an image one
 * after the other; the label is a class of ten. BP_EINPUT when the two files
 * do not hold as many, a label is above 9, or n is more than there are. */
enum bp_status bp_idx_dataset(struct bp_dataset *data, const char *images, const char *labels,
                              const struct bp_idx_pick *pick, enum bp_targets coding,
                              struct bp_error *error);

/* ---- MNIST ----------------------------------------------------------------- */

/* The folder: $MNIST_DIR, or data/mnist where that is not set. */
const char *bp_mnist_folder(void);

/* Whether the four files are there, each as published (.gz) or unpacked. */
bool bp_mnist_present(const char *folder);

enum bp_mnist_part { BP_MNIST_TRAIN, BP_MNIST_TEST };

/* The 60,000 training or 10,000 test digits in folder, or some of them. */
enum bp_status bp_mnist_read(struct bp_dataset *data, const char *folder, enum bp_mnist_part part,
                             const struct bp_idx_pick *pick, enum bp_targets coding,
                             struct bp_error *error);

#endif
