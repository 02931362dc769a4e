/* buffer.c -- growing text, and its one escape for HTML and SVG. */
#include "plots/buffer.h"

#include "core/mem.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void bp_buffer_release(struct bp_buffer *buffer)
{
    bp_mem_free(buffer->text);
    *buffer = (struct bp_buffer){0};
}

/* Makes room for `more` bytes and the closing 0. */
static bool reserve(struct bp_buffer *buffer, size_t more)
{
    if (buffer->status != BP_OK)
        return false;
    if (buffer->room > buffer->n && buffer->room - buffer->n > more)
        return true;
    const size_t room = 2 * (buffer->n + more) + 1024;
    char *text = bp_mem_grow(buffer->text, buffer->n, room, 1);
    if (text == NULL) {
        buffer->status = BP_ENOMEM;
        return false;
    }
    buffer->text = text;
    buffer->room = room;
    return true;
}

void bp_buffer_add(struct bp_buffer *buffer, const char *bytes, size_t n)
{
    if (!reserve(buffer, n))
        return;
    memcpy(buffer->text + buffer->n, bytes, n);
    buffer->n += n;
    buffer->text[buffer->n] = '\0';
}

void bp_buffer_put(struct bp_buffer *buffer, const char *text)
{
    bp_buffer_add(buffer, text, strlen(text));
}

void bp_buffer_print(struct bp_buffer *buffer, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    const int n = vsnprintf(NULL, 0, format, args);
    if (n >= 0 && reserve(buffer, (size_t)n)) {
        vsnprintf(buffer->text + buffer->n, (size_t)n + 1, format, again);
        buffer->n += (size_t)n;
    }
    va_end(again);
    va_end(args);
}

/* How many bytes the first one promises; 0 for one that starts no character. */
static size_t promised(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    return first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

size_t bp_utf8_length(const char *s)
{
    const unsigned char *byte = (const unsigned char *)s;
    const size_t n = promised(byte[0]);
    for (size_t i = 1; i < n; i++)
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
    const bool control = n == 2 && byte[0] == 0xc2 && byte[1] < 0xa0;
    const bool surrogate = n == 3 && byte[0] == 0xed && byte[1] > 0x9f;
    const bool overlong =
        (byte[0] == 0xe0 && byte[1] < 0xa0) || (byte[0] == 0xf0 && byte[1] < 0x90);
    const bool beyond = byte[0] == 0xf4 && byte[1] > 0x8f;
    return control || (n > 1 && (surrogate || overlong || beyond)) ? 0 : n;
}

/* What stands for a byte in HTML, or NULL if it stands for itself. */
static const char *entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return ((unsigned char)c < 0x20 && c != '\n' && c != '\t') || c == 0x7f ? "?" : NULL;
    }
}

void bp_buffer_escape(struct bp_buffer *buffer, const char *text)
{
    for (const char *s = text == NULL ? "" : text; *s != '\0';) {
        const size_t n = bp_utf8_length(s);
        const char *instead = n == 0 ? "?" : n == 1 ? entity(*s) : NULL;
        if (instead != NULL)
            bp_buffer_put(buffer, instead);
        else
            bp_buffer_add(buffer, s, n);
        s += n == 0 ? 1 : n;
    }
}
