/* page.h -- can a newcomer tell, from one page, what is ill, of what, since
 * when, and what to do?
 *
 *     out/index.html            every scenario on one page: state, cause, help
 *     out/NAME/report.html      verdict, cause and proof first; then figures, every
 *                               derivative beside its numeric one, one sample's
 *                               trace drawn as the network itself, the worksheet
 *     out/explain/NAME.html     a page on each cause
 *
 * A page is one file: styles, scripts, figures and data are inside, and its
 * content security policy forbids it to load anything. It reads on a phone, on
 * paper, light and dark, by keyboard, and without scripts (the worst rows and
 * every number of the trace are in it as text). Everything that comes from
 * outside is escaped (plots/buffer.h). The table's numbers are carried whole, as
 * base64 of their bits: 28 bytes an entry, for the worst 40,000 of them.
 *
 * All pointers are borrowed; every part may be absent (NULL, or 0 of them).
 */
#ifndef BP_PAGE_H
#define BP_PAGE_H

#include "core/mlp.h"
#include "core/status.h"
#include "diag/finding.h"
#include "diag/gradcheck.h"

#include <stdbool.h>
#include <stddef.h>

/* What a scenario came to. */
enum bp_page_state {
    BP_PAGE_HEALTHY, /* nothing was found */
    BP_PAGE_ILL,     /* there are findings */
    BP_PAGE_FAILED   /* it could not be run */
};

/* A line of "what was run": "network", "2-2-1 sigmoid squared-error". */
struct bp_page_fact {
    const char *name, *value;
};

struct bp_page_figure {
    const char *title;
    const char *svg;  /* as bp_gnuplot_draw() gives it; NULL: not drawn, then */
    const char *note; /* says why */
    const char *text; /* what it shows, in words */
};

/* A sample that went forward and back. */
struct bp_page_trace {
    const struct bp_pass *pass;
    size_t sample;    /* its row in the pass */
    const char *name; /* "sample 3 after epoch 2000" */
};

struct bp_page {
    const char *name;  /* the scenario's short name: "xor-zero" */
    const char *title; /* its title */
    enum bp_page_state state;
    const char *verdict;  /* where there are no findings: their causes say more */
    const char *outcome;  /* "loss 0.155 to 0.25, accuracy 50.0 %"; NULL */
    const char *proof;    /* what putting the cause right does; NULL */
    const char *proves;   /* what that is: "proof", "put right, to compare" */
    const char *expected; /* "as its file expects", "not as its file expects: missing ..." */
    const struct bp_findings *findings;
    size_t steps; /* of the run; 0: none */
    size_t facts;
    const struct bp_page_fact *fact;
    size_t figures;
    const struct bp_page_figure *figure;
    const struct bp_gradcheck *check;
    const char *where; /* the check is made: "at the start"; NULL */
    const char *table; /* the file beside the page that has all of its entries; NULL */
    size_t traces;
    const struct bp_page_trace *trace;
    const char *worksheet; /* plain text */
    const char *report;    /* the whole report, plain text */
};

/* Writes folder/report.html; the index is looked for one folder above. */
enum bp_status bp_page_write(const struct bp_page *page, const char *folder,
                             struct bp_error *error);

/* One scenario on the index: what it is ill of, since when, and what to do. */
struct bp_page_item {
    const char *name, *title;
    enum bp_page_state state;
    bool odd;             /* not what its file expects: it comes first */
    bool program;         /* an attached one that was checked, no scenario that was run */
    const char *verdict;  /* shown where there are no findings */
    const char *outcome;  /* "loss 0.155 to 0.25, accuracy 50.0 %"; NULL */
    const char *expected; /* as in struct bp_page; NULL */
    const struct bp_findings *findings;
    size_t steps; /* of the run; 0: none */
    size_t n;     /* epochs of the small curve */
    const double *loss;
};

/* Its part of the index as text: what indexes are made of, this run's and later ones'. */
struct bp_page_card {
    enum bp_page_state state;
    bool odd, program;
    char *text; /* owned */
};

/* BP_ENOMEM. */
enum bp_status bp_page_card_make(struct bp_page_card *card, const struct bp_page_item *item);

/* Writes folder/card.html, and reads such a text: false when it is no whole card. The
 * card then owns the text. */
enum bp_status bp_page_card_write(const struct bp_page_card *card, const char *folder,
                                  struct bp_error *error);
bool bp_page_card_read(struct bp_page_card *card, char *text);

void bp_page_card_release(struct bp_page_card *card);

/* Writes folder/index.html. */
enum bp_status bp_page_index_write(const char *title, size_t n, const struct bp_page_card *card,
                                   const char *folder, struct bp_error *error);

/* Writes folder/NAME.html (folder: "out/explain"), the page on a cause: from the
 * catalogue, from the health rules, or, for a name in neither, from the finding
 * (which may be NULL). */
enum bp_status bp_page_explain_write(const char *name, const struct bp_finding *finding,
                                     const char *folder, struct bp_error *error);

#endif
