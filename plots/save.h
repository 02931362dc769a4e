/* save.h -- a file is whole or is not there: written beside (name.tmp), then
 * renamed into place.
 */
#ifndef BP_SAVE_H
#define BP_SAVE_H

#include "core/status.h"

#include <stddef.h>

/* Writes n bytes to the file base + ending ("out/xor/loss" ".svg"). BP_EFILE
 * names the file and the reason; the old file, if any, is then as it was, and
 * no .tmp is left. */
enum bp_status bp_save_file(const char *base, const char *ending, const char *bytes, size_t n,
                            struct bp_error *error);

#endif
