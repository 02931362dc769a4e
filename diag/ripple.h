/* ripple.h -- a neuron's z is changed a little: how much does the sample's loss
 * change?
 *
 *     z_l[i] + d  ->  a_l[i]  ->  z_{l+1} (a rank-1 change)  ->  a_{l+1} ... loss
 *
 * Only what lies downstream of the neuron is worked out, for many d side by side
 * (core/changes.h). Two ways:
 *
 *     recomputing  every value is computed anew by the forward formulas, and the
 *                  sample's loss before is taken off: nothing but the forward
 *                  pass is used, and what is left has its rounding in it
 *     exact        finite differences carried from layer to layer without any
 *                  subtraction of like numbers, so that d can be tiny; trusts
 *                  the identities in core/changes.h
 *
 * Either the columns are many changes of one neuron, or one change (or two)
 * of each of many neurons of a layer. Right for core's own forward stages
 * only.
 *
 * Cost a column, from layer l: the units above l once, and the weights from
 * layer l + 1 up. Memory: two blocks of the widest layer above x room columns.
 */
#ifndef BP_RIPPLE_H
#define BP_RIPPLE_H

#include "core/mlp.h"

#include <stdbool.h>
#include <stddef.h>

/* Room for one thread. */
struct bp_ripple {
    const struct bp_pass *pass; /* borrowed: passed forward at the point */
    const double *t;            /* borrowed: n x outputs */
    const double *loss;         /* borrowed: each sample's loss at the point */
    bool exact;
    size_t room;          /* columns in one run at most; a multiple of BP_CHANGES_STEP */
    double *memory;       /* owned: the arrays below */
    double *first;        /* [room]: the change of the neuron's a */
    double *z, *a;        /* [widest above][room] */
    double *row;          /* [widest]: f(z) of the sample where a mask hides it */
    double *by_column[4]; /* [room]: z, f(z), mask, t of the columns' own neurons */
};

/* What is changed. Either all columns change one neuron, or column c of each of
 * `sides` equal parts changes neuron + c for c < each, and nothing beyond. */
struct bp_ripple_at {
    size_t layer, sample;
    size_t neuron; /* the only one, or the first */
    size_t each;   /* 0: the only one */
    size_t sides;  /* with each: 1 or 2 */
    size_t cols;   /* a multiple of BP_CHANGES_STEP (a part, too) */
};

/* pass must outlive the ripple; its t, mask and n are used as they are. BP_ENOMEM. */
enum bp_status bp_ripple_init(struct bp_ripple *ripple, const struct bp_pass *pass, const double *t,
                              const double *loss, bool exact);
void bp_ripple_release(struct bp_ripple *ripple);

/* change[c] of the sample's loss when z changes by d[c] (0 in columns that are not
 * used). Where a corner was passed on the way, crossed[c] becomes 1. */
void bp_ripple_run(struct bp_ripple *ripple, const struct bp_ripple_at *at, const double *d,
                   double *change, double *crossed);

#endif
