/* numdiff_steps.h -- differentiate a function of one number: which steps, and
 * how far off is the result?
 *
 * Central differences D at h and 2h (and 4h):
 *
 *     central      value D(h)                          truncation |D(2h) - D(h)| / 3
 *     richardson   A = (4 D(h) - D(2h)) / 3,
 *                  B = (4 D(2h) - D(4h)) / 3,
 *                  value A + (A - B) / 15              truncation |A - B| / 15
 *     both         rounding: noise / h (richardson 2 noise / h)
 *
 * Richardson's truncation is that of A, which is larger than its own. The first
 * h is unit * 2^(-p/3 + 1) or unit * 2^(-p/5) for a precision of 2^-p, a power
 * of two so that x + h and x - h are exact; h shrinks by 8 while the truncation
 * hides the answer, or while a corner lies between the ends, and grows by 16 while
 * the rounding does; the step with the smallest error is kept.
 *
 * A corner is seen in two ways: the sides of the corners (the signs of relu's z)
 * differ between the ends and the middle; or f(h) - 2 f(0) + f(-h) falls like h,
 * where a smooth function's falls like h^2.
 *
 * The noise of f is measured, not assumed: differences of order 3 to 5 of
 * f at 8 points close together hold nothing but noise (More and Wild 2011).
 */
#ifndef BP_NUMDIFF_STEPS_H
#define BP_NUMDIFF_STEPS_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BP_NOISE_POINTS = 8 };

/* m functions of one number, near 0, evaluated together. m may be made smaller
 * between runs. */
struct bp_line {
    size_t m;
    void *self; /* borrowed, handed to at() */
    /* writes f[0 .. m-1] and, where side is not NULL, a hash of the sides */
    enum bp_status (*at)(void *self, double h, double *f, uint64_t *side, struct bp_error *error);
    double unit;      /* a change by this much is a large one */
    double argument;  /* rounding of the argument inside f: epsilon |x| for float32, else 0 */
    double least;     /* the smallest h that is exact */
    int bits;         /* p: f is computed to 2^-p */
    bool extrapolate; /* richardson, else central */
    const double *f0, *noise; /* [m] */
    const uint64_t *side0;    /* [m], or NULL */

    double *value, *error; /* [m], results */
    unsigned char *flags;  /* [m], of enum bp_numdiff_flag */
    double step;           /* the first h */
    double epsilon;        /* 2^-bits */
    size_t evaluations;    /* added to */

    double *f;            /* owned: 6 x m */
    uint64_t *side;       /* owned: m */
    unsigned char *state; /* owned: m */
    bool *wanted;         /* owned: m; at() may leave f and side of the others as they are */
};

/* Room for m functions; the caller then fills the fields above. BP_ENOMEM. */
enum bp_status bp_line_init(struct bp_line *line, size_t m);
void bp_line_release(struct bp_line *line);

/* Writes value, error, flags. The status of at(), and its line in error. */
enum bp_status bp_line_run(struct bp_line *line, struct bp_error *error);

/* noise[m] from f: BP_NOISE_POINTS rows of m values at evenly spaced points; never
 * below 2^-bits |f|. f is overwritten. */
void bp_noise_estimate(size_t m, int bits, double *f, double *noise);

#endif
