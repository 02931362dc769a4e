/* attached_page.h -- the page of a program that was checked, beside those of the scenarios.
 *
 *     OUT/NAME/report.html   verdict, cause and proof, every derivative beside its numeric
 *                            one; of a program that is described also the figures, one
 *                            sample drawn as the network and worked out by hand
 *     OUT/index.html         with its card
 *     OUT/explain/           a page on each cause that was found
 *
 * NAME is the program's own name with what is no letter, digit, '.', '_' or '-' as '-': it
 * stays in OUT, and is whole in the title.
 */
#ifndef BP_ATTACHED_PAGE_H
#define BP_ATTACHED_PAGE_H

#include "core/input.h"
#include "diag/checkup.h"
#include "diag/subject.h"

/* Fills folder (at least 64 bytes) with such a name: never empty, "." or "..". */
void bp_attached_folder(const char *name, char folder[64]);

/* Writes them; path is of the page. A figure that cannot be drawn is a note on the page.
 * BP_ENOMEM, BP_EFILE. */
enum bp_status bp_attached_page(const char *out, const struct bp_checkup *checkup,
                                const struct bp_view *view, char path[BP_PATH_MAX],
                                struct bp_error *error);

#endif
