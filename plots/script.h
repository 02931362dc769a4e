/* script.h -- how does text from outside become part of a gnuplot script
 * without ever becoming a command?
 *
 * A script is a growing block of text. Our own commands go in by
 * bp_script_print(). Everything that came from outside (titles, names) goes in
 * by bp_script_text() only, which writes a double-quoted string in which every
 * byte but letters, digits, blanks and a few harmless marks is an octal escape:
 *
 *     a "quote" and `date`   ->   "a \042quote\042 and \140date\140"
 *
 * so that no quote, backquote, $, @, brace, # or newline of theirs is ever seen
 * by gnuplot's reader (a newline inside a single-quoted title was seen to run
 * system()). Control characters and broken UTF-8 become '?'. Figures switch
 * enhanced text off, so _ ^ { } print as they are.
 *
 * Trouble is remembered, not returned (plots/buffer.h), so that figures read as
 * plain text.
 */
#ifndef BP_SCRIPT_H
#define BP_SCRIPT_H

#include "plots/buffer.h"

#include <stdbool.h>
#include <stddef.h>

struct bp_script {
    struct bp_buffer words;
    struct bp_buffer title, alt; /* what the figure is, and what it shows, in words */
    bool plain;        /* the figure will be letters in a terminal: no colours, no images */
    int width, height; /* of the figure: points (SVG), half pixels (PNG) or, if plain, letters */
};

/* An empty script for a figure of the usual size: 480 x 340, or 79 x 24 if plain. */
void bp_script_init(struct bp_script *script, bool plain);
void bp_script_release(struct bp_script *script);

/* Adds our own words: format and arguments must not hold text from outside. */
void bp_script_print(struct bp_script *script, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Adds text from outside as one gnuplot string, cut to at most `letters`
 * characters ("..." then says so); NULL counts as "". */
void bp_script_text(struct bp_script *script, const char *text, size_t letters);

/* Adds a number that gnuplot reads as the same number; NaN and infinities as NaN. */
void bp_script_number(struct bp_script *script, double value);

#endif
