/* gallery_rows.h -- the table of the gallery: a row a figure, from a record to a script. */
#ifndef BP_GALLERY_ROWS_H
#define BP_GALLERY_ROWS_H

#include "diag/record.h"
#include "plots/script.h"

struct bp_gallery_row {
    const char *name;    /* of the files: "loss" */
    const char *caption; /* how to read it */
    const char *alone;   /* the same where nothing was put right; NULL: no other */
    bool (*applies)(const struct bp_record *record);
    /* What this run's figure shows, as its title. */
    void (*say)(const struct bp_record *record, char *title, size_t size);
    /* Fills the script; false when there is no memory. Called only where it applies. */
    bool (*draw)(const struct bp_record *record, const char *title, struct bp_script *script);
};

extern const struct bp_gallery_row BP_GALLERY_ROW[];
extern const size_t BP_GALLERY_ROWS; /* at most BP_GALLERY_MAX */

/* What each figure shows (plots/gallery_titles.c): the finding, in about 40 letters. */
void bp_gallery_say_loss(const struct bp_record *record, char *title, size_t size);
void bp_gallery_say_gradients(const struct bp_record *record, char *title, size_t size);
void bp_gallery_say_slope(const struct bp_record *record, char *title, size_t size);
void bp_gallery_say_delta(const struct bp_record *record, char *title, size_t size);
void bp_gallery_say_surface(const struct bp_record *record, char *title, size_t size);
void bp_gallery_say_weights(const struct bp_record *record, char *title, size_t size);
void bp_gallery_say_images(const struct bp_record *record, char *title, size_t size);
void bp_gallery_say_rate(const struct bp_record *record, char *title, size_t size);

/* No tensor of the layer disagrees. */
bool bp_gallery_layer_right(const struct bp_gradcheck *check, size_t layer);

/* Which of neuron i and those before it of layer 1 has, bit for bit, its weights and bias. */
size_t bp_gallery_copy_of(const struct bp_mlp *net, size_t i);

#endif
