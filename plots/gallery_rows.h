/* gallery_rows.h -- the table of the gallery: a row a figure, from a record to a script. */
#ifndef BP_GALLERY_ROWS_H
#define BP_GALLERY_ROWS_H

#include "diag/record.h"
#include "plots/script.h"

struct bp_gallery_row {
    const char *name;    /* of the files: "loss" */
    const char *title;   /* what it shows: "loss and accuracy" */
    const char *caption; /* how to read it */
    bool (*applies)(const struct bp_record *record);
    /* Fills the script; false when there is no memory. Called only where it applies. */
    bool (*draw)(const struct bp_record *record, const char *title, struct bp_script *script);
};

extern const struct bp_gallery_row BP_GALLERY_ROW[];
extern const size_t BP_GALLERY_ROWS; /* at most BP_GALLERY_MAX */

#endif
