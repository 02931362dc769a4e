/* input.h -- what is in this file?
 *
 * A whole file in memory, so that a reader can look at all of it before it
 * believes any of it. Regular files only: a directory, a pipe or a device is
 * refused instead of waited for. Memory: the file's size and one byte.
 */
#ifndef BP_INPUT_H
#define BP_INPUT_H

#include "core/status.h"

/* The longest path that is taken. */
enum { BP_PATH_MAX = 4096 };

struct bp_input {
    char *bytes; /* n of them and a 0 after the last; the file may hold zeros too */
    size_t n;
};

/* Reads path, which may hold max bytes at most. BP_EFILE when it cannot be
 * read, BP_EINPUT when it is too large, BP_ENOMEM; one line in error. */
enum bp_status bp_input_read(struct bp_input *input, const char *path, size_t max,
                             struct bp_error *error);
void bp_input_release(struct bp_input *input);

#endif
