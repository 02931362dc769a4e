/* buffer.h -- text that grows while it is written.
 *
 * Trouble is remembered, not returned: after the first failed allocation the
 * status stays BP_ENOMEM and everything more is dropped, so that code which
 * writes a page reads like the page; the one who uses the text looks at status
 * once.
 */
#ifndef BP_BUFFER_H
#define BP_BUFFER_H

#include "core/status.h"

#include <stddef.h>

struct bp_buffer {
    char *text; /* owned; NULL while empty, else ends with 0 */
    size_t n, room;
    enum bp_status status;
};

/* Accepts {0}, which is an empty buffer ready for use. */
void bp_buffer_release(struct bp_buffer *buffer);

void bp_buffer_add(struct bp_buffer *buffer, const char *bytes, size_t n);

/* A whole text. */
void bp_buffer_put(struct bp_buffer *buffer, const char *text);

void bp_buffer_print(struct bp_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Text from outside, for HTML and SVG: & < > " ' as entities, control
 * characters (but newline and tab) and broken UTF-8 as '?'. NULL is "". */
void bp_buffer_escape(struct bp_buffer *buffer, const char *text);

/* The length in bytes of the UTF-8 character at s: 1 to 4, or 0 if it is none. */
size_t bp_utf8_length(const char *s);

#endif
