/* arrayfile.h -- an array of numbers in a file: numpy's .npy, or text.
 *
 * .npy (formats 1.0, 2.0, 3.0): floats and integers of 1 to 8 bytes, either byte
 * order, C or Fortran order, up to 8 dimensions. Numbers come in C order, whatever
 * the file's. Pickled objects are refused.
 *
 * Text: numbers separated by commas or blanks, a row a line; # starts a comment.
 * Numbers may be nan or inf: what is dumped may be ill.
 */
#ifndef BP_ARRAYFILE_H
#define BP_ARRAYFILE_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

enum { BP_ARRAYFILE_DIMS = 8, BP_ARRAYFILE_BYTES_MAX = 1 << 30 };

struct bp_arrayfile {
    double *numbers; /* n, owned */
    size_t n;
    size_t dims; /* 0 for a single number */
    size_t shape[BP_ARRAYFILE_DIMS];
    bool narrow; /* they were floats of 4 bytes (or 2) */
};

/* BP_EFILE, BP_EINPUT, BP_ENOMEM with one line in error; array is then empty. */
enum bp_status bp_arrayfile_read(struct bp_arrayfile *array, const char *path,
                                 struct bp_error *error);
void bp_arrayfile_release(struct bp_arrayfile *array);

/* "(30, 784)" */
void bp_arrayfile_shape_text(const struct bp_arrayfile *array, char *text, size_t size);

#endif
