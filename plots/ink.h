/* ink.h -- what do all figures have in common?
 *
 * The colours for curves and marks are Okabe and Ito's (2008), which stay
 * apart for every kind of colour blindness; each is also dark enough for a
 * white page and light enough for a dark one. Text, axes and frames are black,
 * which tidied SVG turns into the page's own text colour.
 *
 * Positions are fractions of the whole figure (panels) or of a panel (labels),
 * from the lower left.
 */
#ifndef BP_INK_H
#define BP_INK_H

#include "plots/script.h"

enum bp_ink {
    BP_INK_BLUE,
    BP_INK_VERMILION,
    BP_INK_GREEN,
    BP_INK_PURPLE,
    BP_INK_ORANGE,
    BP_INK_SKY,
    BP_INK_CURVES, /* how many for curves */
    BP_INK_GREY = BP_INK_CURVES,
    BP_INK_BLACK,
};

/* "#0072b2" */
const char *bp_ink_colour(enum bp_ink ink);

/* Starts a figure: shared style, and the title over the whole of it. */
void bp_ink_begin(struct bp_script *to, const char *title);
void bp_ink_end(struct bp_script *to);

/* The next plot fills this part of the figure; clears labels, arrows, ranges. */
void bp_ink_panel(struct bp_script *to, double left, double right, double bottom, double top);

/* Text from outside at a place of the panel; align: "left", "center", "right". */
void bp_ink_label(struct bp_script *to, double x, double y, const char *align, enum bp_ink ink,
                  const char *text, size_t letters);

/* Our own words, the same. */
void bp_ink_note(struct bp_script *to, double x, double y, const char *align, enum bp_ink ink,
                 const char *format, ...) __attribute__((format(printf, 6, 7)));

/* An axis' words: 'x' or 'y'. */
void bp_ink_axis(struct bp_script *to, char axis, const char *words);

enum { BP_INK_SHORT_MAX = 24 };

/* A number in few letters: "0.061", "250", "2.4e-4". */
void bp_ink_short(char text[BP_INK_SHORT_MAX], double value);

/* A whole panel that says why there is nothing to see. */
void bp_ink_empty(struct bp_script *to, const char *why);

/* Adds to the text alternative (our words; %s may be from outside). */
void bp_ink_alt(struct bp_script *to, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
