/* ink.c -- colours, frame and labels of every figure. */
#include "plots/ink.h"

#include <float.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *bp_ink_colour(enum bp_ink ink)
{
    static const char *const COLOUR[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                         "#e69f00", "#56b4e9", "#808080", "black"};
    return COLOUR[ink];
}

void bp_ink_begin(struct bp_script *to, const char *title)
{
    bp_buffer_put(&to->title, title == NULL ? "" : title);
    bp_script_print(to, "set encoding utf8\nunset key\nunset colorbox\n"
                        "set multiplot\nset border 3 linecolor rgb \"black\"\n"
                        "set tics nomirror out scale 0.5\n");
    if (!to->plain)
        bp_script_print(to, "set xtics offset 0, 0.4\nset grid back linetype 1 linecolor rgb "
                            "\"#a0a0a0\" linewidth 0.3\n");
    bp_script_print(to, "set label 1 ");
    bp_script_text(to, title, to->plain ? 76 : 68);
    bp_script_print(to, " at screen 0.5, screen %.4f center noenhanced%s\n",
                    to->plain ? 0.97 : 1.0 - 17.0 / to->height,
                    to->plain                             ? ""
                    : title != NULL && strlen(title) > 56 ? " font \",13\""
                                                          : " font \",15\"");
}

void bp_ink_end(struct bp_script *to)
{
    bp_script_print(to, "unset multiplot\n");
}

void bp_ink_panel(struct bp_script *to, double left, double right, double bottom, double top)
{
    bp_script_print(to, "set lmargin at screen %.4f\nset rmargin at screen %.4f\n", left, right);
    bp_script_print(to, "set bmargin at screen %.4f\nset tmargin at screen %.4f\n", bottom, top);
    bp_script_print(to, "unset arrow\nunset object\nunset logscale\nset format \"%%g\"\n"
                        "set autoscale xy\nset xtics autofreq\nset ytics autofreq\n"
                        "unset xlabel\nunset ylabel\n");
}

static void place(struct bp_script *to, double x, double y, const char *align, enum bp_ink ink)
{
    bp_script_print(to, " at graph %.4f, graph %.4f %s front noenhanced textcolor rgb \"%s\"\n", x,
                    y, align, bp_ink_colour(ink));
}

void bp_ink_label(struct bp_script *to, double x, double y, const char *align, enum bp_ink ink,
                  const char *text, size_t letters)
{
    bp_script_print(to, "set label ");
    bp_script_text(to, text, letters);
    place(to, x, y, align, ink);
}

void bp_ink_note(struct bp_script *to, double x, double y, const char *align, enum bp_ink ink,
                 const char *format, ...)
{
    char words[256];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    bp_ink_label(to, x, y, align, ink, words, sizeof words);
}

/* Words along the y axis are a label of our own: gnuplot's would move with the
 * width of the tics' numbers, and out of the figure. Letters stand above the axis. */
static void y_words(struct bp_script *to, const char *words)
{
    bp_script_print(to, "set label ");
    bp_script_text(to, words, 40);
    if (to->plain) {
        bp_script_print(to, " at graph 0, graph 1 left offset 0, 1\n");
        return;
    }
    bp_script_print(to, " at screen %.4f, graph 0.5 center rotate by 90 noenhanced\n",
                    12.0 / to->width);
}

void bp_ink_axis(struct bp_script *to, char axis, const char *words)
{
    if (axis == 'y' && (!to->plain || strlen(words) > 8)) {
        y_words(to, words);
        return;
    }
    bp_script_print(to, "set %clabel ", axis);
    bp_script_text(to, words, 60);
    bp_script_print(to, " noenhanced%s\n", to->plain ? "" : " offset 0, 0.9");
}

void bp_ink_short(char text[BP_INK_SHORT_MAX], double value)
{
    const double size = value < 0.0 ? -value : value;
    if (!(size <= DBL_MAX)) { /* a NaN's sign means nothing */
        snprintf(text, BP_INK_SHORT_MAX, "%s",
                 value != value ? "nan"
                 : value < 0.0  ? "-inf"
                                : "inf");
        return;
    }
    if (!(size < 1e4 && (size >= 1e-3 || size == 0.0))) {
        char long_form[32];
        snprintf(long_form, sizeof long_form, "%.1e", value); /* "2.4e-04" */
        const char *e = strchr(long_form, 'e');
        const int mantissa = (int)(e - long_form), exponent = atoi(e + 1);
        snprintf(text, BP_INK_SHORT_MAX, "%.*se%d", mantissa, long_form, exponent);
        return;
    }
    snprintf(text, BP_INK_SHORT_MAX, size >= 100 ? "%.0f" : "%.2g", value);
}

void bp_ink_empty(struct bp_script *to, const char *why)
{
    bp_script_print(to, "unset xtics\nunset ytics\nset xrange [0:1]\nset yrange [0:1]\n");
    bp_ink_label(to, 0.5, 0.5, "center", BP_INK_BLACK, why, 60);
    bp_script_print(to, "plot NaN\nunset label\nset xtics\nset ytics\n");
    bp_ink_alt(to, "%s. ", why);
}

void bp_ink_alt(struct bp_script *to, const char *format, ...)
{
    char words[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    bp_buffer_put(&to->alt, words);
}
