/* wire.h -- numbers in lines of JSON, in and out: lists, or base64 of
 * little-endian doubles (docs/protocol.md).
 */
#ifndef BP_WIRE_H
#define BP_WIRE_H

#include "core/status.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* ---- out: a line that grows ---------------------------------------------------- */

struct bp_message {
    char *text; /* owned; not ended by a 0 */
    size_t n, room;
    bool failed; /* no memory: nothing is added any more */
};

void bp_message_release(struct bp_message *message);
void bp_message_add(struct bp_message *message, const char *bytes, size_t n);
void bp_message_format(struct bp_message *message, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A JSON string, with quotes and escapes; bytes that are not UTF-8 become '?'. */
void bp_message_string(struct bp_message *message, const char *text);
/* 0.5, or "nan", "inf", "-inf" */
void bp_message_number(struct bp_message *message, double value);
void bp_message_numbers(struct bp_message *message, const double *numbers, size_t n, bool base64);

/* ---- in -------------------------------------------------------------------------- */

/* How many numbers a value holds: a number 1, a list those of its items, a string
 * those of its base64. false when it holds something else. */
bool bp_wire_count(const json_t *value, size_t *n);

/* The numbers of a value that holds n of them (bp_wire_count()). false when its
 * base64 has bytes that are none. */
bool bp_wire_read(const json_t *value, double *numbers);

#endif
