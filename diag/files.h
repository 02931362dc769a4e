/* files.h -- a gradient that was dumped to files, as a subject: for the person who can
 * neither call nor be called.
 *
 *     theta     .npy or text (arrayfile.h): one file with all parameters, or one an
 *               array, separated by commas: W1.npy,b1.npy,W2.npy,b2.npy
 *     gradient  the same for the gradient there; or
 *     after     the parameters after one step at rate, theta being those before
 *     data      inputs and targets: a .csv (core/csv.h), or two arrays x.npy,t.npy
 *     outputs   what the program predicts for data; optional, but without it a wrong
 *               forward pass or layout cannot be told from a wrong gradient
 *     numeric   what a check of the program's own gave for the gradient; optional: then
 *               that check is judged, too (columns.h)
 *     network   as in core/spec.h
 *     layout    the arrays in the order of theta, separated by blanks:
 *               W1  b1  W1+b (bias as the last input)  b+W1 (as the first), each with
 *               :in-out where it is not out x in. "W1 b1 W2 b2 ..." unless said.
 *               Where a file has a shape that fits in one order only, it is that.
 *
 * Everything is known at this one theta and with this data only.
 */
#ifndef BP_FILES_H
#define BP_FILES_H

#include "backprobe.h"
#include "core/dataset.h"
#include "core/status.h"

struct bp_files_options {
    const char *network, *layout, *theta, *gradient, *after, *data, *outputs, *numeric;
    double rate; /* of the step to after */
};

struct bp_files {
    struct bp_subject subject; /* borrows from here: do not move */
    struct bp_array *arrays;
    double *theta, *g, *next, *y, *numeric; /* as dumped; NULL where not given */
    struct bp_dataset data;
    struct bp_batch batch;
};

/* The texts of options are borrowed. BP_EINPUT, BP_EFILE, BP_ENOMEM with a line in error that names
 * the file, or the option that is missing; files is then empty. */
enum bp_status bp_files_open(struct bp_files *files, const struct bp_files_options *options,
                             struct bp_error *error);

/* Accepts an empty one. */
void bp_files_close(struct bp_files *files);

#endif
