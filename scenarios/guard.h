/* guard.h -- may the library for settings files see this text?
 *
 * libconfig 1.5 opens any file that an @include names, wraps 4294967298 to 2,
 * turns 3000000000 negative, takes 1e999 for infinity and calls itself once for
 * each bracket that is open. So the text is first read here, token by token, and
 * refused with file and line for
 *
 *     @include, or any other @
 *     a whole number beyond 32 bits, a number that is not finite
 *     a word where a value belongs, such as nan, or a text without quotes
 *     more than BP_GUARD_DEPTH brackets open, or BP_GUARD_SETTINGS settings
 *     a text or comment without its end, a zero byte
 *
 * What else is wrong with the grammar is left to libconfig. One pass, no memory.
 */
#ifndef BP_GUARD_H
#define BP_GUARD_H

#include "core/status.h"

enum { BP_GUARD_DEPTH = 16, BP_GUARD_SETTINGS = 1000 };

/* path is for the line only. BP_OK, or BP_EINPUT with the line. */
enum bp_status bp_guard_check(const char *path, const char *text, size_t n, struct bp_error *error);

#endif
