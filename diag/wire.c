/* wire.c -- see wire.h. */
#include "diag/wire.h"

#include "core/mem.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* ---- a line ---------------------------------------------------------------------- */

void bp_message_release(struct bp_message *message)
{
    bp_mem_free(message->text);
    *message = (struct bp_message){0};
}

/* Room for n more bytes. */
static bool make_room(struct bp_message *message, size_t n)
{
    if (message->failed || n <= message->room - message->n)
        return !message->failed;
    size_t room = message->room == 0 ? 256 : message->room;
    while (room - message->n < n)
        room *= 2;
    char *text = bp_mem_grow(message->text, message->room, room, 1);
    if (text == NULL) {
        message->failed = true;
        return false;
    }
    message->text = text;
    message->room = room;
    return true;
}

void bp_message_add(struct bp_message *message, const char *bytes, size_t n)
{
    if (!make_room(message, n))
        return;
    memcpy(message->text + message->n, bytes, n);
    message->n += n;
}

void bp_message_format(struct bp_message *message, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n > 0)
        bp_message_add(message, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

/* Bytes of the UTF-8 character at text, 0 when it is none. */
static size_t character(const unsigned char *text)
{
    const size_t n = text[0] < 0x80    ? 1
                     : text[0] < 0xc2  ? 0
                     : text[0] < 0xe0  ? 2
                     : text[0] < 0xf0  ? 3
                     : text[0] <= 0xf4 ? 4
                                       : 0;
    for (size_t k = 1; k < n; k++)
        if ((text[k] & 0xc0) != 0x80)
            return 0;
    /* what is too long for its value, a surrogate, or beyond U+10FFFF */
    const bool none = (text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
                      (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f);
    return none ? 0 : n;
}

void bp_message_string(struct bp_message *message, const char *text)
{
    bp_message_add(message, "\"", 1);
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0';) {
        const size_t n = character(c);
        if (*c == '"' || *c == '\\')
            bp_message_format(message, "\\%c", *c);
        else if (*c < 0x20 || *c == 0x7f)
            bp_message_format(message, "\\u%04x", *c);
        else if (n == 0)
            bp_message_add(message, "?", 1);
        else
            bp_message_add(message, (const char *)c, n);
        c += n == 0 ? 1 : n;
    }
    bp_message_add(message, "\"", 1);
}

void bp_message_number(struct bp_message *message, double value)
{
    if (isfinite(value))
        bp_message_format(message, "%.17g", value);
    else
        bp_message_format(message, "\"%s\"", isnan(value) ? "nan" : value > 0.0 ? "inf" : "-inf");
}

/* ---- base64 (RFC 4648, section 4) --------------------------------------------------- */

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The bytes of a double, lowest first, whatever this machine's order is. */
static void to_bytes(double value, unsigned char bytes[8])
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (int k = 0; k < 8; k++)
        bytes[k] = (unsigned char)(bits >> 8 * k);
}

static double from_bytes(const unsigned char bytes[8])
{
    uint64_t bits = 0;
    for (int k = 0; k < 8; k++)
        bits |= (uint64_t)bytes[k] << 8 * k;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Up to three bytes as four digits. */
static void four_digits(const unsigned char *bytes, size_t n, char *out)
{
    const unsigned group = (unsigned)bytes[0] << 16 | (n > 1 ? (unsigned)bytes[1] << 8 : 0) |
                           (n > 2 ? (unsigned)bytes[2] : 0);
    out[0] = DIGITS[group >> 18];
    out[1] = DIGITS[group >> 12 & 63];
    out[2] = n > 1 ? DIGITS[group >> 6 & 63] : '=';
    out[3] = n > 2 ? DIGITS[group & 63] : '=';
}

/* Three doubles are 24 bytes, which are 32 digits. */
static void add_base64(struct bp_message *message, const double *numbers, size_t n)
{
    for (size_t k = 0; k < n; k += 3) {
        unsigned char bytes[24];
        char digits[32];
        const size_t here = n - k < 3 ? n - k : 3;
        for (size_t i = 0; i < here; i++)
            to_bytes(numbers[k + i], bytes + 8 * i);
        size_t used = 0;
        for (size_t i = 0; i < 8 * here; i += 3, used += 4)
            four_digits(bytes + i, 8 * here - i < 3 ? 8 * here - i : 3, digits + used);
        bp_message_add(message, digits, used);
    }
}

void bp_message_numbers(struct bp_message *message, const double *numbers, size_t n, bool base64)
{
    if (!make_room(message, base64 ? n * 11 + 8 : n))
        return;
    if (base64) {
        bp_message_add(message, "\"", 1);
        add_base64(message, numbers, n);
        bp_message_add(message, "\"", 1);
        return;
    }
    bp_message_add(message, "[", 1);
    for (size_t k = 0; k < n; k++) {
        if (k > 0)
            bp_message_add(message, ",", 1);
        bp_message_number(message, numbers[k]);
    }
    bp_message_add(message, "]", 1);
}

/* The value of each digit plus 1; 0: none. */
static void digit_values(unsigned char values[256])
{
    memset(values, 0, 256);
    for (unsigned k = 0; k < 64; k++)
        values[(unsigned char)DIGITS[k]] = (unsigned char)(k + 1);
}

static size_t padding(const char *text, size_t n)
{
    if (n > 0 && text[n - 1] == '=')
        return n > 1 && text[n - 2] == '=' ? 2 : 1;
    return 0;
}

/* Bytes that n digits of base64 stand for; false when it cannot be. */
static bool base64_bytes(const char *text, size_t n, size_t *bytes)
{
    if (n % 4 != 0)
        return false;
    *bytes = n / 4 * 3 - padding(text, n);
    return true;
}

static bool read_base64(const char *text, size_t n, double *numbers)
{
    unsigned char values[256];
    digit_values(values);
    const size_t digits = n - padding(text, n);
    unsigned char bytes[8];
    size_t have = 0;
    unsigned group = 0;
    unsigned bits = 0;
    for (size_t k = 0; k < digits; k++) {
        const unsigned value = values[(unsigned char)text[k]];
        if (value == 0)
            return false;
        group = (group << 6 | (value - 1)) & 0xffff;
        bits += 6;
        if (bits < 8)
            continue;
        bits -= 8;
        bytes[have++] = (unsigned char)(group >> bits);
        if (have == 8) {
            *numbers++ = from_bytes(bytes);
            have = 0;
        }
    }
    return true;
}

/* ---- values --------------------------------------------------------------------------- */

/* A number among others: 0.5 or "nan". */
static bool read_number(const json_t *value, double *number)
{
    static const struct {
        const char *text;
        double value;
    } words[] = {{"nan", (double)NAN}, {"inf", (double)INFINITY}, {"-inf", -(double)INFINITY}};
    if (json_is_number(value)) {
        *number = json_number_value(value);
        return true;
    }
    for (size_t k = 0; json_is_string(value) && k < 3; k++)
        if (strcmp(json_string_value(value), words[k].text) == 0) {
            *number = words[k].value;
            return true;
        }
    return false;
}

static bool count_list(const json_t *list, size_t *n)
{
    for (size_t k = 0; k < json_array_size(list); k++) {
        const json_t *item = json_array_get(list, k);
        double number;
        if (json_is_array(item)) {
            if (!count_list(item, n))
                return false;
        } else if (read_number(item, &number)) {
            ++*n;
        } else {
            return false;
        }
    }
    return true;
}

bool bp_wire_count(const json_t *value, size_t *n)
{
    double number;
    *n = 1;
    if (read_number(value, &number))
        return true;
    *n = 0;
    if (json_is_array(value))
        return count_list(value, n);
    size_t bytes;
    if (!json_is_string(value) ||
        !base64_bytes(json_string_value(value), json_string_length(value), &bytes) ||
        bytes % 8 != 0)
        return false;
    *n = bytes / 8;
    return true;
}

static double *read_list(const json_t *list, double *numbers)
{
    for (size_t k = 0; k < json_array_size(list); k++) {
        const json_t *item = json_array_get(list, k);
        if (json_is_array(item))
            numbers = read_list(item, numbers);
        else
            read_number(item, numbers++);
    }
    return numbers;
}

bool bp_wire_read(const json_t *value, double *numbers)
{
    if (read_number(value, numbers))
        return true;
    if (json_is_array(value)) {
        read_list(value, numbers);
        return true;
    }
    return read_base64(json_string_value(value), json_string_length(value), numbers);
}
