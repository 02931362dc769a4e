/* course.h -- the course of a training run: what the health rules look at.
 *
 * At steps that thin out geometrically (0, 1, 2, ... then every fifth part more,
 * about 80 in a million) a fixed probe set of samples is passed forward and back
 * at that step's theta, in a pass of the collector's own. The cost is bounded by
 * 80 passes of the probe set whatever the length of the run; so is the memory.
 * In between, each step's loss is looked at for being finite, and each epoch's is
 * kept with the accuracy on the probe set (every second, fourth, ... one when there
 * are more than BP_COURSE_LOSSES).
 *
 * The run is not touched: the collector reads const views and uses no random
 * number of the run's.
 */
#ifndef BP_COURSE_H
#define BP_COURSE_H

#include "core/dataset.h"
#include "core/sgd.h"

enum { BP_COURSE_POINTS = 128, BP_COURSE_LOSSES = 2048, BP_COURSE_PROBE = 100 };

/* Below this share of its largest value, f' counts as saturated. */
#define BP_SATURATED_SLOPE 0.01

/* One layer at one checkpoint; over the probe set. */
struct bp_layer_state {
    double delta;     /* mean |delta| */
    double saturated; /* share of unit x sample where f' < BP_SATURATED_SLOPE of its maximum */
    double dead;      /* share of units that are active for no sample (relu) */
    double rms_z;     /* root mean square of z */
    double sd_a;      /* standard deviation over samples of a, mean over units */
    double rms_a;
    double update; /* |change of W in this step| / |W|, Frobenius; NaN for W = 0 */
};

struct bp_checkpoint {
    size_t step, epoch;
    double loss;     /* mean over the probe set, no regulariser */
    double accuracy; /* NaN without classes */
    double spread;   /* largest, over outputs, of (max - min over samples) */
    double grad;     /* |gradient| over the probe set */
    size_t classes;  /* how many classes are predicted */
};

struct bp_course {
    const struct bp_mlp *net;      /* borrowed; for its shape only */
    const struct bp_dataset *data; /* borrowed */
    size_t n_probe;
    double *x, *t; /* the probe set: samples spread evenly over the data */
    struct bp_pass pass;
    size_t n_points;
    struct bp_checkpoint *point;  /* [BP_COURSE_POINTS] */
    struct bp_layer_state *state; /* [BP_COURSE_POINTS x (L + 1)], layer l at index l */
    double *unit_delta;           /* [BP_COURSE_POINTS x n_units]: mean |delta| of every neuron */
    double *unit_flat;            /* the same: share of samples with a flat f' (saturated, or a
                                     relu that is not active) */
    size_t next_step;
    double *start;               /* theta before the first step */
    bool *moved;                 /* per tensor: whether any number of it ever changed */
    size_t steps;                /* seen */
    size_t n_losses, stride;     /* of the epochs' losses kept */
    double *losses, *accuracies; /* the latter NaN without classes */
    bool not_finite;             /* a step's loss was NaN or infinite, first at bad_step */
    size_t bad_step;
    size_t bad_layer; /* the first layer whose z was not finite there, or 0 */
};

/* data with at least one sample. BP_ENOMEM. */
enum bp_status bp_course_init(struct bp_course *course, const struct bp_mlp *net,
                              const struct bp_dataset *data);
void bp_course_release(struct bp_course *course);

/* To be called at each step and epoch, as an observer's calls. */
void bp_course_step(struct bp_course *course, const struct bp_step_view *view);
void bp_course_epoch(struct bp_course *course, const struct bp_epoch_view *view);

/* After the run: the last checkpoint, at net->theta. */
void bp_course_end(struct bp_course *course, const struct bp_mlp *net);

/* Layer l at checkpoint p. */
const struct bp_layer_state *bp_course_at(const struct bp_course *course, size_t p, size_t l);

#endif
