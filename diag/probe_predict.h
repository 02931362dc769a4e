/* probe_predict.h -- what would a table of stages claim at the probes, and how
 * far is that from what was claimed?
 *
 * The distance of a predicted tensor p from a claimed one u is
 *
 *     |p - u| / (max(|p|, |u|) + noise / tol)          (Euclidean norms)
 *
 * where noise is what rounding alone can do to the tensor: it is small beside
 * max(|p|, |u|) unless the sum over the batch cancels, or the claim was inferred
 * from a step (theta - theta') / rate:
 *
 *     noise = 64 epsilon (|sum over the batch of |delta| |a|^T| / scale)
 *           + 8 |what the right gradient moves when theta, a - t and every f' of a
 *             saturating activation do by 4 epsilon|    (three times, at random)
 *           + 2 noise of an entry * sqrt(entries)      (for steps)
 *
 * A tensor matches at a distance of tol = max(1e-9, 2^14 epsilon) or less: about
 * 1e-9 for double, 1e-3 for single precision. A distance is never NaN: what is
 * not finite is infinitely far.
 *
 * Forward passes are made once, and used by all predictions; a prediction can
 * start at the highest layer whose stages differ. Cost: one backward pass.
 */
#ifndef BP_PROBE_PREDICT_H
#define BP_PROBE_PREDICT_H

#include "diag/probe.h"

enum { BP_PROBES_MAX = 8 };

struct bp_predictor {
    const struct bp_mlp *net;     /* borrowed: the described network */
    const struct bp_ops *base;    /* borrowed: the stages that count as right here */
    const struct bp_probe *probe; /* borrowed: [n] */
    size_t n;
    struct bp_pass pass[BP_PROBES_MAX]; /* forward done under base */
    double *grad[BP_PROBES_MAX];        /* n_theta each: what the last prediction was */
    double *right[BP_PROBES_MAX];       /* n_theta each: the prediction of base */
    double *noise;                      /* [n x n_tensors] */
    double *block;                      /* owned */
    bool any_factor; /* the size of a claim means nothing: predictions are compared at the size
                        that the output layer's has */
    double tol;
    size_t backwards; /* how many predictions were made */
};

/* Base: a table of tables [1 .. L] whose forward stages are used for all
 * predictions; usually net->ops. probe: at most BP_PROBES_MAX. BP_ENOMEM. */
enum bp_status bp_predictor_init(struct bp_predictor *p, const struct bp_mlp *net,
                                 const struct bp_ops *base, const struct bp_probe *probe, size_t n);
void bp_predictor_release(struct bp_predictor *p);

/* The gradient at probe k under ops, into p->grad[k], layers from .. 1; those above
 * must be there from an earlier call. */
void bp_predictor_run(struct bp_predictor *p, size_t k, const struct bp_ops *ops, size_t from);

/* Its forward pass is made again under ops, which then stays (a fault in the
 * forward stages); bp_predictor_rewind() puts that of base back. */
void bp_predictor_forward(struct bp_predictor *p, size_t k, const struct bp_ops *ops);
void bp_predictor_rewind(struct bp_predictor *p, size_t k);

/* The distance of tensor i of p->grad[k] from the claim. */
double bp_predictor_distance(const struct bp_predictor *p, size_t k, size_t i);

/* The same for any two arrays in the order of theta. */
double bp_predictor_between(const struct bp_predictor *p, size_t k, size_t i, const double *a,
                            const double *b);

/* The largest distance of the outputs of the last forward pass at probe k from
 * what the subject predicts there: |a - y| / max(|a|, |y|, 0.01); 0 where it does
 * not say. */
double bp_predictor_output_distance(const struct bp_predictor *p, size_t k);

/* The highest layer with a backward stage that is not base's; 0 when there is none.
 * *forward: whether a forward stage differs anywhere. */
size_t bp_predictor_top(const struct bp_predictor *p, const struct bp_ops *ops, bool *forward);

#endif
