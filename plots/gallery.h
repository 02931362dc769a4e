/* gallery.h -- which figures does a run deserve, and where do they go?
 *
 *     loss        loss and accuracy, with the counterfactual beside it
 *     delta       mean |delta| of every neuron over the run
 *     gradients   backprop against numeric
 *     slope       the Taylor test, layer by layer, of the built-in network
 *     weights     the rows of the first hidden layer, copies next to each other
 *     surface     2 inputs, 1 output: what is computed, with the data
 *     images      784 inputs: what each neuron of layer 1 looks for
 *     rate        where trials at other rates were made
 *
 * One table of them in gallery.c; a new figure is a new row.
 */
#ifndef BP_GALLERY_H
#define BP_GALLERY_H

#include "diag/record.h"
#include "plots/gnuplot.h"

enum { BP_GALLERY_MAX = 10 };

/* A figure that was drawn; texts owned. */
struct bp_gallery_figure {
    const char *name;    /* "loss" */
    const char *caption; /* one line: how to read it */
    char *alt;           /* what it shows, in words */
    struct bp_gnuplot_picture picture;
};

struct bp_gallery {
    size_t n;
    struct bp_gallery_figure figure[BP_GALLERY_MAX];
};

/* Draws all that apply, in memory. Without gnuplot, or when it fails: fewer of them
 * (or none), BP_OK, and the reason in note. BP_ENOMEM. */
enum bp_status bp_gallery_draw(struct bp_gallery *gallery, const struct bp_record *record,
                               unsigned forms, struct bp_error *note);

/* Writes folder/NAME.svg and .png of each. BP_EFILE. */
enum bp_status bp_gallery_save(const struct bp_gallery *gallery, const char *folder,
                               struct bp_error *error);

/* Whether there is a figure of that name, of any run; BP_EINPUT names all. */
enum bp_status bp_gallery_known(const char *name, struct bp_error *error);

/* Drops every figure but the one of that name; BP_EINPUT when that was not drawn, and
 * names those that were. */
enum bp_status bp_gallery_keep(struct bp_gallery *gallery, const char *name,
                               struct bp_error *error);

/* One figure as letters to a terminal ("loss"); BP_EINPUT names those there are. */
enum bp_status bp_gallery_print(const struct bp_record *record, const char *name, FILE *to,
                                struct bp_error *note);

/* The same in a window that stays. BP_EUNSUPPORTED: there is none here, and why. */
enum bp_status bp_gallery_show(const struct bp_record *record, const char *name,
                               struct bp_error *note);

void bp_gallery_release(struct bp_gallery *gallery);

#endif
