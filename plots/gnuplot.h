/* gnuplot.h -- how does a script become a picture, without a temporary file
 * and without anybody's crash becoming ours?
 *
 * gnuplot is started without a shell (plots/program.h), with -d so that nobody's
 * start-up file changes the figures, and gives pictures back on its output:
 * no path is ever part of a script. We write the files, beside and renamed, so
 * that a figure is whole or is not there.
 *
 * It is looked for on PATH; the environment's BACKPROBE_GNUPLOT names another.
 * A gnuplot that is missing, dies, complains, hangs, or gives half a picture
 * is BP_EUNSUPPORTED with one line for a person, a note and never a failure:
 * nothing but the figure is lost. Cost: about 20 ms a figure for SVG, 100 for PNG.
 */
#ifndef BP_GNUPLOT_H
#define BP_GNUPLOT_H

#include "plots/program.h"
#include "plots/script.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { BP_GNUPLOT_LIMIT_MS = 20000, BP_GNUPLOT_NAME_MAX = 32 };

enum bp_gnuplot_form { BP_GNUPLOT_SVG = 1, BP_GNUPLOT_PNG = 2 };

/* A figure drawn: what it must be called, and its forms in memory. */
struct bp_gnuplot_picture {
    char *svg; /* owned; tidied for pages (plots/svg.h); NULL if not asked for */
    char *png; /* owned */
    size_t png_n;
};

void bp_gnuplot_picture_release(struct bp_gnuplot_picture *picture);

/* Draws into memory. forms: BP_GNUPLOT_SVG | BP_GNUPLOT_PNG. name makes the
 * svg's ids unique in a page. */
enum bp_status bp_gnuplot_draw(struct bp_gnuplot_picture *picture, const struct bp_script *script,
                               unsigned forms, const char *name, int limit_ms,
                               struct bp_error *note);

/* The same for n figures in one gnuplot, which takes half the time. All of them or
 * none: after a failure it is worth trying them one by one. */
enum bp_status bp_gnuplot_draw_all(struct bp_gnuplot_picture *picture,
                                   const struct bp_script *script, const char *const *name,
                                   size_t n, unsigned forms, int limit_ms, struct bp_error *note);

/* Writes base.svg and base.png, those that the picture has. BP_EFILE. */
enum bp_status bp_gnuplot_save(const struct bp_gnuplot_picture *picture, const char *base,
                               struct bp_error *error);

/* Makes a plain script as small as the terminal asks for, less some lines for other
 * text; where `to` is no terminal it stays. BP_EUNSUPPORTED: under 40 x 12. */
enum bp_status bp_gnuplot_fit(struct bp_script *script, FILE *to, int lines, struct bp_error *note);

/* Prints a plain script's figure as letters. */
enum bp_status bp_gnuplot_print(const struct bp_script *script, FILE *to, int limit_ms,
                                struct bp_error *note);

/* The window terminal that can be used here (qt, wxt or x11). BP_EUNSUPPORTED
 * says why there is none: no display, or a gnuplot without windows. */
enum bp_status bp_gnuplot_window(char name[BP_GNUPLOT_NAME_MAX], int limit_ms,
                                 struct bp_error *note);

/* Shows the figure in a window that stays when we end. */
enum bp_status bp_gnuplot_show(const struct bp_script *script, const char *window, int limit_ms,
                               struct bp_error *note);

/* Opens a gnuplot that stays, for figures that change while one looks. */
enum bp_status bp_gnuplot_open(struct bp_program *to, struct bp_error *note);

/* The `set terminal` line of a window of the script's size, which does not come to the
 * front with each drawing, and whose gnuplot ends when it is closed. */
void bp_gnuplot_window_line(struct bp_buffer *to, const struct bp_script *script,
                            const char *window);

#endif
