/* contract_look.h -- between the files of the contract checks: what they look at,
 * and room for it.
 */
#ifndef BP_CONTRACT_LOOK_H
#define BP_CONTRACT_LOOK_H

#include "diag/contract.h"

enum { BP_LOOK_GRADIENTS = 4 };

struct bp_look_at {
    struct bp_view *view; /* borrowed, as are: */
    const double *theta;  /* rounded to what the subject can hold */
    const struct bp_batch *batch;
    struct bp_contract *contract;
    struct bp_findings *findings;
    struct bp_error *error;
    double *g[BP_LOOK_GRADIENTS]; /* n_theta each */
    double *y[2];                 /* outputs of the batch each */
    bool adds;                    /* gradients are added to those of the call before */
    double precision;             /* of the last gradient, relative to the largest */
};

/* The subject's gradient, or what its step implies. */
enum bp_status bp_look_gradient(struct bp_look_at *look, const struct bp_batch *batch, double *g);

/* A finding with the catalogue's words; NULL without memory. */
struct bp_finding *bp_look_add(struct bp_look_at *look, const char *name);

/* Sets the finding's layer where all of the parameters marked by differs() lie in one;
 * names the first of them, and returns how many there are. */
size_t bp_look_place(struct bp_look_at *look, struct bp_finding *finding, const double *a,
                     const double *b, double tol, char first[BP_NAME_MAX]);

/* The largest |number|. */
double bp_look_largest(const double *numbers, size_t n);

/* The parts, in order. Each adds its findings. */
enum bp_status bp_look_repeats(struct bp_look_at *look);
enum bp_status bp_look_samples(struct bp_look_at *look);

#endif
