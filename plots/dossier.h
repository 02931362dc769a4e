/* dossier.h -- the pages of a set of runs, made from their records.
 *
 *     out/NAME/report.html    each run's own (plots/page.h)
 *     out/explain/CAUSE.html  a page on each cause that was found in any
 *     out/NAME/card.html      its part of the index
 *     out/index.html          all of them, and those that earlier runs left in out
 *
 * A run's record may go once it is in: the dossier keeps a line of it.
 */
#ifndef BP_DOSSIER_H
#define BP_DOSSIER_H

#include "diag/record.h"
#include "plots/gallery.h"
#include "plots/page.h"

enum { BP_DOSSIER_NAME = 64 };

/* A run, and its part of the index. */
struct bp_dossier_item {
    char name[BP_DOSSIER_NAME];
    struct bp_page_card card;
};

struct bp_dossier {
    size_t n;
    struct bp_dossier_item *item; /* owned */
};

/* Accepts {0}, which is an empty dossier ready for use. */
void bp_dossier_release(struct bp_dossier *dossier);

/* Writes the run's page to the folder out/NAME, which must be there, and its
 * causes' pages. gallery: as drawn, or with fewer figures and why in note (both may
 * be NULL). report: the whole report as text, or NULL. BP_ENOMEM, BP_EFILE. */
enum bp_status bp_dossier_add(struct bp_dossier *dossier, const struct bp_record *record,
                              const struct bp_gallery *gallery, const char *note,
                              const char *report, const char *out, struct bp_error *error);

/* A run that could not be made: why. BP_ENOMEM. */
enum bp_status bp_dossier_fail(struct bp_dossier *dossier, const char *name, const char *why);

/* Writes out/index.html, with the cards of runs that were made before. BP_ENOMEM,
 * BP_EFILE. */
enum bp_status bp_dossier_close(const struct bp_dossier *dossier, const char *out,
                                struct bp_error *error);

#endif
