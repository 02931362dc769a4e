/* svg.h -- how does a picture from gnuplot fit a page that is light or dark?
 *
 * gnuplot draws text and axes in black, repeats the names of its point marks
 * in every file, and fixes the size in pixels. Tidied:
 *
 *     black                     ->  currentColor (the page's text colour)
 *     id="gpPt0", href="#gpPt0" ->  id="xor-loss-gpPt0", ... (one page, many pictures)
 *     width="480" height="340"  ->  left to the page; the viewBox stays
 *     <title>Gnuplot</title>    ->  the figure's own text alternative
 *     embedded images           ->  drawn with hard edges, not blurred
 *
 * It also carries a style, so that the file alone follows prefers-color-scheme.
 * gnuplot escapes the text it is given; still, a picture with a script or a
 * foreign object in it is refused.
 */
#ifndef BP_SVG_H
#define BP_SVG_H

#include "core/status.h"

/* Makes *tidy (owned by the caller, bp_mem_free) from gnuplot's svg. prefix
 * makes the ids unique: letters, digits and '-' of it are used. title and text
 * become <title> and <desc>, as text. BP_EINPUT: not a whole picture. */
enum bp_status bp_svg_tidy(char **tidy, const char *svg, const char *prefix, const char *title,
                           const char *text, struct bp_error *error);

#endif
