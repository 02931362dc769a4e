/* script.c -- a growing text, and the one quoting that lets outside text in. */
#include "plots/script.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void bp_script_init(struct bp_script *script, bool plain)
{
    *script =
        (struct bp_script){.plain = plain, .width = plain ? 79 : 480, .height = plain ? 24 : 340};
}

void bp_script_release(struct bp_script *script)
{
    bp_buffer_release(&script->words);
    bp_buffer_release(&script->title);
    bp_buffer_release(&script->alt);
    *script = (struct bp_script){0};
}

void bp_script_print(struct bp_script *script, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start(args, format);
    const int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    assert(n >= 0 && (size_t)n < sizeof line);
    bp_buffer_add(&script->words, line, (size_t)n);
}

static bool harmless(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr(" .,:;+-=/()[]_", c) != NULL);
}

/* Writes one character that is n bytes long (0: not a character). */
static void put_character(struct bp_script *script, const char *s, size_t n)
{
    const unsigned char first = (unsigned char)s[0];
    if (n == 0 || (n == 1 && (first < 0x20 || first == 0x7f)))
        bp_script_print(script, "?");
    else if (n == 1 && harmless(first))
        bp_script_print(script, "%c", first);
    else
        for (size_t i = 0; i < n; i++)
            bp_script_print(script, "\\%03o", (unsigned char)s[i]);
}

/* Goes to the next character. */
static const char *next(const char *s)
{
    const size_t n = bp_utf8_length(s);
    return s + (n == 0 ? 1 : n);
}

static size_t letters_in(const char *s)
{
    size_t count = 0;
    for (; *s != '\0'; s = next(s))
        count++;
    return count;
}

void bp_script_text(struct bp_script *script, const char *text, size_t letters)
{
    const char *s = text == NULL ? "" : text;
    const bool cut = letters_in(s) > letters;
    const size_t keep = cut && letters > 3 ? letters - 3 : letters;
    bp_script_print(script, "\"");
    for (size_t i = 0; i < keep && *s != '\0'; i++, s = next(s))
        put_character(script, s, bp_utf8_length(s));
    bp_script_print(script, cut ? "...\"" : "\"");
}

void bp_script_number(struct bp_script *script, double value)
{
    if (isfinite(value))
        bp_script_print(script, "%.9g", value);
    else
        bp_script_print(script, "NaN");
}
