/* mlp.h -- a multi-layer perceptron whose backpropagation is a chain of named
 * stages, so that each can be looked at, replaced and put back.
 *
 *     z_l = W_l a_{l-1} + b_l          affine         (l = 1 .. L, a_0 = x)
 *     a_l = f_l(z_l)                   activate       (times a dropout mask, where there is one)
 *     e_L = dL/da_L                    loss gradient
 *     delta_L = e_L through f_L        output delta
 *     e_l = W_{l+1}^T delta_{l+1}      propagate      (l = L-1 .. 1)
 *     delta_l = e_l * f_l'(z_l)        derivative
 *     sum W_l = delta_l a_{l-1}^T      outer product  (over the batch)
 *     sum b_l = delta_l                bias sum       (over the batch)
 *     scaled = sum / N, or sum         scale
 *     grad = scaled + lambda W         regularise     (biases not)
 *     theta' = theta - rate direction  update
 *
 * (Rumelhart, Hinton and Williams 1986, in the notation of Bishop 2006, 5.3.)
 *
 *      x --affine--> z1 --activate--> a1 --affine--> z2 ... aL   t
 *                    |                |                     |    |
 *                  delta1 <-deriv.- e1 <--propagate-- deltaL <-- eL
 *                    |  outer product, bias sum (with a0 = x)
 *                  sum -> scaled -> grad -> theta'
 *
 * A stage reads the whole pass (every layer's z, a, e, delta, sums, gradients,
 * theta, x, t, N, rate), writes one array that it was given and nothing else,
 * and never in place. Delta is per sample, without the 1/N. A network has one
 * table of stages *per layer*, struct bp_ops. The table of bp_ops_right() is
 * correct; whoever wants another stage copies a table and replaces an entry,
 * which receives its own parameters and, beside it, the right stage.
 *
 * No stage is inlined into another, and nothing here allocates once a network
 * and a pass stand.
 */
#ifndef BP_MLP_H
#define BP_MLP_H

#include "core/spec.h"
#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

/* ---- parameters ----------------------------------------------------------- */

enum bp_role { BP_WEIGHTS, BP_BIASES };

enum { BP_NAME_MAX = 64 };

/* A view of one tensor in theta (or in any array in the order of theta): W_l,
 * rows x cols = out x in, row-major; or b_l, rows x 1. A layer's block is its W,
 * then its b. */
struct bp_tensor {
    enum bp_role role;
    size_t layer; /* 1 .. L */
    size_t rows, cols;
    size_t offset; /* of its first number in theta */
    size_t count;  /* rows * cols */
};

struct bp_ops;

struct bp_mlp {
    struct bp_spec spec;
    size_t n_theta;
    size_t n_units; /* neurons of layers 1 .. L */
    double *theta;  /* one block with grad */
    double *grad;
    size_t n_tensors;
    struct bp_tensor *tensor;
    size_t *weights;    /* [1 .. L]: index of W_l in tensor */
    size_t *biases;     /* [1 .. L]: index of b_l, or n_tensors where layer l has none */
    size_t *unit;       /* [1 .. L]: units of the layers before l */
    struct bp_ops *ops; /* [1 .. L]: the stages, one table a layer */
};

/* Copies spec; theta is zero, stages are right. BP_ENOMEM, BP_EINPUT. */
enum bp_status bp_mlp_init(struct bp_mlp *net, const struct bp_spec *spec);
void bp_mlp_release(struct bp_mlp *net);

/* Puts the right stage back everywhere. */
void bp_mlp_restore(struct bp_mlp *net);

/* W_l and b_l (NULL when the layer has none) within an array laid out as theta. */
const struct bp_tensor *bp_mlp_weights(const struct bp_mlp *net, size_t layer);
const struct bp_tensor *bp_mlp_biases(const struct bp_mlp *net, size_t layer);

/* The tensor that holds parameter k < n_theta. */
const struct bp_tensor *bp_mlp_tensor_of(const struct bp_mlp *net, size_t k);

/* "W1" or "b2". */
void bp_tensor_name(const struct bp_tensor *tensor, char name[BP_NAME_MAX]);

/* "W1[3,17]" (neuron 3 of layer 1, its input 17) or "b2[0]". */
void bp_mlp_name(const struct bp_mlp *net, size_t k, char name[BP_NAME_MAX]);

/* Where layer l's block [W_l | b_l] starts in theta, and how long it is. */
size_t bp_mlp_block(const struct bp_mlp *net, size_t layer, size_t *count);

/* ---- a pass --------------------------------------------------------------- */

/* Everything that one forward and one backward pass sees. Arrays per layer are
 * indexed 1 .. L; a[0] is x. Batch-major: row n is sample n. */
struct bp_pass {
    const struct bp_mlp *net;      /* borrowed */
    const struct bp_ops *ops;      /* borrowed: net->ops unless set otherwise */
    const double *theta;           /* borrowed: net->theta unless set otherwise */
    size_t capacity;               /* the largest batch that fits */
    size_t n;                      /* N: samples in this batch */
    const double *x;               /* borrowed: N x width of layer 0 */
    const double *t;               /* borrowed: N x width of layer L */
    double rate;                   /* of the step that this pass is for; 0 when it is for none */
    double **z, **a, **e, **delta; /* [l]: N x width; a[0] is x (borrowed) */
    const double **mask;        /* [l]: N x width of multipliers for dropout, borrowed, or NULL */
    double *sum;                /* as theta: sums over the batch */
    double *scaled;             /* as theta: after scale */
    double *grad;               /* as theta: the gradient; net->grad unless set otherwise */
    const double *direction;    /* as theta, borrowed: what update steps along; grad unless set */
    double decay;               /* decoupled weight decay of the update, 0 for none */
    double *next;               /* as theta: theta after the update */
    size_t n_ahead;             /* inputs that are wanted next, or 0: a step in one go */
    const double *const *ahead; /* fetches them from memory meanwhile; borrowed */
    double *block;              /* owned: all the arrays above */
    void *pointers;             /* owned: z, a, e, delta, mask */
};

/* Room for batches of up to capacity samples. BP_ENOMEM. */
enum bp_status bp_pass_init(struct bp_pass *pass, const struct bp_mlp *net, size_t capacity);
void bp_pass_release(struct bp_pass *pass);

/* Writes z and a of every layer. n <= capacity; x: n x inputs. */
void bp_pass_forward(struct bp_pass *pass, size_t n, const double *x);

/* Only layers from .. L, from the a[from - 1] that is there. */
void bp_pass_forward_from(struct bp_pass *pass, size_t from);

/* The loss of the batch that was passed forward, with its regulariser.
 * t: n x outputs. */
double bp_pass_loss(const struct bp_pass *pass, const double *t);

/* The loss of sample s alone (declared constant, no reduction, no regulariser). */
double bp_pass_sample_loss(const struct bp_pass *pass, const double *t, size_t s);

/* lambda/2 |W|^2 of the pass's theta. */
double bp_pass_penalty(const struct bp_pass *pass);

/* After forward: writes e, delta, sum, scaled, grad. t: n x outputs. */
void bp_pass_backward(struct bp_pass *pass, const double *t);

/* The part of it that belongs to layer l, from the layers above, which must be
 * there; pass->t too. */
void bp_pass_backward_layer(struct bp_pass *pass, size_t l);

/* After backward: writes next; the caller takes it over (or not). */
void bp_pass_update(struct bp_pass *pass, double rate);

/* After forward: backward and update in one go. e, delta and next come out with the same
 * bits, but sum, scaled and grad are not made. For networks of right stages without L2,
 * decay and a direction of their own; false, and nothing written, for others. */
bool bp_pass_descend(struct bp_pass *pass, const double *t, double rate);

/* Writes sum, scaled and grad from what is there, as backward does. */
void bp_pass_gradient(const struct bp_pass *pass);

/* Writes next of layer l's block only, from what is there (for a program that
 * updates while it goes back). */
void bp_pass_update_layer(struct bp_pass *pass, size_t l);

/* ---- stages --------------------------------------------------------------- */

#define BP_SLOT_LIST(X)                                                                            \
    X(BP_AFFINE, "affine")                                                                         \
    X(BP_ACTIVATE, "activate")                                                                     \
    X(BP_LOSS_GRADIENT, "loss gradient")                                                           \
    X(BP_OUTPUT_DELTA, "output delta")                                                             \
    X(BP_PROPAGATE, "propagate")                                                                   \
    X(BP_DERIVATIVE, "derivative")                                                                 \
    X(BP_OUTER_PRODUCT, "outer product")                                                           \
    X(BP_BIAS_SUM, "bias sum")                                                                     \
    X(BP_SCALE, "scale")                                                                           \
    X(BP_REGULARISE, "regularise")                                                                 \
    X(BP_UPDATE, "update")

#define BP_SLOT_ENUM(name, text) name,
enum bp_slot { BP_SLOT_LIST(BP_SLOT_ENUM) BP_SLOTS };
#undef BP_SLOT_ENUM

const char *bp_slot_name(enum bp_slot slot);

/* One stage. run() writes out, whose shape goes by the slot:
 *
 *     affine, activate, loss gradient, output delta,
 *     propagate, derivative                             N x width of layer l
 *     outer product                                     W_l: out x in
 *     bias sum                                          b_l: out
 *     scale, regularise, update                         the block [W_l | b_l]
 *
 * propagate is called for l = L-1 .. 1 and writes e_l; loss gradient and output
 * delta for l = L only. Layers are run from L down to 1, and a layer's gradient
 * is whole (outer product, bias sum, scale, regularise) before propagate goes
 * below it. */
struct bp_stage {
    void (*run)(const struct bp_pass *pass, size_t l, const struct bp_stage *self, double *out);
    const void *params;           /* borrowed: the stage's own, NULL for the right one */
    const struct bp_stage *right; /* borrowed: the right stage; itself for the right one */
};

/* The stages of one layer. */
struct bp_ops {
    struct bp_stage stage[BP_SLOTS];
};

/* The right table; it is the same for every layer. */
const struct bp_ops *bp_ops_right(void);

/* Whether layer l's slot is the right one in this table of tables. */
bool bp_ops_is_right(const struct bp_ops *ops, size_t layer, enum bp_slot slot);

/* What the right stages from the outer product to the update make of layer l, in one go:
 * next's block, with the same bits, where there is no L2, no decay and the direction is
 * the gradient. The biases' places of sum and scaled are used for it. */
void bp_ops_descend(const struct bp_pass *pass, size_t l);

#endif
