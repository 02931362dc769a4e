/* scratch.h -- for tests: a folder that goes away, files with given bytes, and
 * allocation that fails at every place in turn.
 */
#ifndef SCRATCH_H
#define SCRATCH_H

#include "core/status.h"

#include <stddef.h>

/* Checked fixtures: an empty folder before each test, gone after it. */
void scratch_open(void);
void scratch_close(void);

/* The path of name in the folder; good until the eighth call from now. */
const char *scratch_path(const char *name);

/* Writes n bytes there, plain or packed with gzip; returns the path. */
const char *scratch_write(const char *name, const void *bytes, size_t n);
const char *scratch_gzip(const char *name, const void *bytes, size_t n);
const char *scratch_text(const char *name, const char *text);

/* Makes the 1st, 2nd, ... allocation of run() fail until it succeeds. Each time
 * it must return BP_ENOMEM with a line in error, and hold what it held before;
 * on success it must release what it made. Returns how often it failed. */
size_t scratch_fail_every(enum bp_status (*run)(void *self, struct bp_error *error), void *self);

#endif
