/* locate.h -- which entry of the gradient is wrong, when all that can be called is
 * the loss and there are too many parameters to try each?
 *
 * Along a direction d of random signs, the claimed gradient g and the loss f must
 * agree on one number. What is left over is a sum over the wrong entries alone:
 *
 *     R(d) = g.d - D_d f = sum_k d_k (g_k - df/dtheta_k)
 *
 *     together  one probe of all of theta, every tensor moved so far that none swamps
 *               another; one wrong entry is decoded from it at once, confirmed, and all
 *               of theta probed along other signs without it (locate_together.c)
 *     detect    where that did not explain all: one probe a tensor, with a step of its
 *               own. Only this says that a gradient is right
 *     decode    one wrong entry k: weigh d by its row and by its column, and R(row)
 *               / R(d) *is* the row of k. A row or column number too large for the
 *               noise is asked for digit by digit; all of theta counts as one row
 *     bisect    several: R(left) + R(right) = R(both), so a probe a level parts
 *               them: about 2 k log2(P/k) evaluations
 *     block     both halves of both halves keep failing, and entries tried in it are
 *               wrong: the block (layer, tensor, rows, columns) is named
 *     confirm   the named entry alone, beside its own derivative; then the tensor
 *               once more along other signs, the named entries taken out
 *
 * d_k has a random sign and a size between 1/2 and 3/2: with sizes all alike, two
 * wrong entries of opposite error would hide each other half of the time.
 *
 * A probe is taken at h, 2h and 4h and extrapolated (Richardson 1911); where less is
 * enough, at fewer. It fails when |R| > 10 e + tol, e = its own truncation estimate +
 * rounding (noise of f, measured, / h), tol = what a right g may round along d:
 * 16 p sqrt(N + largest fan-in) |g d|, with p the precision of g. A corner of relu
 * between the ends is seen by a hash of the signs of z where the network shows them,
 * by the second difference otherwise, and h is made smaller until there is none.
 * Nothing is called wrong that was not confirmed, and nothing right where an average entry
 * that is quite wrong would go unseen: that is *not tested*.
 *
 * Slope test: |f(x + h d) - f(x - h d) - 2h g.d| falls as h^3 when g is right, as h
 * when it is not (Taylor).
 *
 * What is promised: a gradient is called right after every tensor was probed by itself, in
 * addition to all together. When one entry is called wrong, the others were probed
 * together, along two sets of signs, finely enough that an average entry of each tensor
 * that is off by half would have shown; a tensor for which that is too coarse was probed by
 * itself, and is *not tested* where that is too.
 *
 * Cost: 9 evaluations for the noise of f. One wrong entry among 10 million, off by 0.1 %:
 * 6 or 12 to detect, 4 to 16 to decode, 12 to confirm; 50 at most where f is smooth. A
 * right gradient: 6 to 18 together, then at least 6 a tensor. Several wrong entries: that,
 * and about 2 k log2(P/k). Memory: O(P). theta is not changed.
 */
#ifndef BP_LOCATE_H
#define BP_LOCATE_H

#include "diag/gradcheck.h"
#include "diag/numdiff.h"
#include "diag/subject.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

enum { BP_SLOPE_STEPS = 16, BP_LOCATE_MOST = 16 };

/* One tensor: what its probe said. */
struct bp_located_tensor {
    char name[BP_NAME_MAX]; /* "W1", "b1"; "theta" when not described */
    size_t layer;           /* 0 when not described */
    size_t first, rows, cols;
    enum bp_outcome outcome;
    bool kink;       /* not tested: a corner lay between the ends for every h tried */
    double slope;    /* g.d */
    double residual; /* R(d) */
    double error;    /* e */
    double tolerance;
    double step;          /* h */
    size_t not_finite_at; /* the first entry of g that is not finite, or rows * cols */
};

/* A wrong entry, confirmed by itself. */
struct bp_wrong_entry {
    size_t k, tensor;
    char name[BP_NAME_MAX]; /* "W1[3,17]" */
    double backprop, numeric, error, tolerance;
};

/* A block of a tensor in which everything that was tried is wrong. */
struct bp_wrong_block {
    size_t tensor, row, rows, col, cols;
    size_t tried, wrong;          /* entries tried alone */
    double ratio_low, ratio_high; /* backprop / numeric of those; NaN where none stands out */
    bool more;                    /* not looked into: the budget of evaluations was used up */
};

/* A line of the slope test: along all of one tensor. */
struct bp_slope_line {
    char name[BP_NAME_MAX];
    size_t n;
    double h[BP_SLOPE_STEPS], residual[BP_SLOPE_STEPS]; /* rising h */
    double order; /* by how many powers of h it falls, above the rounding; NaN: all rounding */
    bool right;
};

struct bp_locate {
    const struct bp_mlp *net; /* borrowed, for names; NULL when not described */
    bool twin;                /* of a subject: the loss was its twin's */
    size_t n_theta, n_tensors;
    struct bp_located_tensor *tensor; /* owned: n_tensors, then all of theta as one */
    size_t n_wrong, n_blocks, n_lines;
    struct bp_wrong_entry wrong[BP_LOCATE_MOST];
    struct bp_wrong_block block[BP_LOCATE_MOST];
    struct bp_slope_line *line; /* owned: [n_tensors] when asked for */
    enum bp_outcome outcome;
    double factor; /* the claim's size is a convention: g was divided by this; else 1 */
    double noise;  /* of f */
    uint64_t seed;
    bool exhausted; /* the budget ended the search */
    /* evaluations of f: */
    size_t detecting; /* with those for the noise */
    size_t locating;  /* decode, bisect */
    size_t confirming;
    size_t sloping;
};

struct bp_locate_options {
    uint64_t seed;  /* of the signs; 0: 1 */
    size_t budget;  /* evaluations at most, about; 0: 4,000 */
    bool slopes;    /* the slope test too: 32 evaluations a tensor */
    bool no_decode; /* bisect only */
    bool narrow;    /* a black box that rounds theta to float */
    bool own_loss;  /* of a subject: never its twin's */
};

/* at: the loss; net: names and shapes, NULL when not described (one vector); claim:
 * the gradient in the order of theta, with its precision. options may be NULL. BP_ENOMEM,
 * or the black box's status. */
enum bp_status bp_locate_run(struct bp_locate *locate, const struct bp_loss_at *at,
                             const struct bp_mlp *net, const struct bp_claim *claim,
                             const struct bp_locate_options *options, struct bp_error *error);

/* A subject at theta (in core's order) on a batch: its twin's loss where it has a twin
 * that answers as it does, its own otherwise. */
enum bp_status bp_locate_view(struct bp_locate *locate, struct bp_view *view, const double *theta,
                              const struct bp_batch *batch, const struct bp_locate_options *options,
                              struct bp_error *error);

void bp_locate_release(struct bp_locate *locate);

/* All evaluations. */
size_t bp_locate_evaluations(const struct bp_locate *locate);

/* "row 3 of W1 (784 entries)", "W1[0..14,0..391]", "all of b1"; cut to size. */
void bp_locate_block_text(const struct bp_locate *locate, const struct bp_wrong_block *block,
                          char *text, size_t size);

/* The report, within 80 columns:
 *
 *     locate      1 of 101,770 derivatives is wrong
 *                 W1[37,412]  backprop +0.001234  numeric +0.001233 ± 2e-13  ratio 1.001
 *                 47 evaluations of the loss: 33 to detect, 8 to locate, 6 to confirm
 */
void bp_locate_text(FILE *out, const struct bp_locate *locate, bool colour);

/* The headline alone, without "locate". */
void bp_locate_headline(const struct bp_locate *locate, char *text, size_t size);

/* A row for each tensor, wrong entry and block, with a header. */
void bp_locate_tsv(FILE *out, const struct bp_locate *locate);

/* Everything, as one object; NULL when there is no memory. */
json_t *bp_locate_json(const struct bp_locate *locate);

#endif
