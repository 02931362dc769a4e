/* status.h -- why could a call not do its job?
 *
 * A status is about the world (memory, files, input). What a check *saw* is
 * data that comes back under BP_OK: a sick network is a successful diagnosis.
 * Where a person must be told a place ("xor.conf:4: ..."), the call also takes
 * a struct bp_error and leaves one line in it.
 */
#ifndef BP_STATUS_H
#define BP_STATUS_H

#include <stddef.h>

#define BP_STATUS_LIST(X)                                                                          \
    X(BP_OK, "ok")                                                                                 \
    X(BP_ENOMEM, "out of memory")                                                                  \
    X(BP_ESHAPE, "array sizes do not agree")                                                       \
    X(BP_EINPUT, "bad input")                                                                      \
    X(BP_EFILE, "file cannot be read or written")                                                  \
    X(BP_ERANGE, "number out of range")                                                            \
    X(BP_ESUBJECT, "the program under test did not answer right")                                  \
    X(BP_EUNSUPPORTED, "not possible here")

#define BP_STATUS_ENUM(name, text) name,
enum bp_status { BP_STATUS_LIST(BP_STATUS_ENUM) BP_STATUS_COUNT };
#undef BP_STATUS_ENUM

enum { BP_ERROR_MAX = 1024 };

/* One line for a person: the file, the place, what was expected. */
struct bp_error {
    char text[BP_ERROR_MAX];
};

/* The text of a status; never NULL, also for a number that is none. */
const char *bp_status_text(enum bp_status status);

/* Writes the line (cut to fit, control characters made harmless) and returns
 * status, so that "return bp_error_set(error, BP_EINPUT, ...)" reads well.
 * error may be NULL. */
enum bp_status bp_error_set(struct bp_error *error, enum bp_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
