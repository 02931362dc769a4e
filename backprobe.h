/* backprobe.h -- show backprobe your own backpropagation.
 *
 * This header includes nothing of backprobe and can be used from C and C++. You
 * fill one struct, bp_subject: what your program is (a network in one line of
 * text, the arrays that hold its parameters) and what it can do (predict, and a
 * gradient or a training step). Three levels, each optional beyond the first:
 *
 *   1  loss() or predict(), and gradient() or step()
 *   2  network and arrays: entries get names, causes can be named
 *   3  trace(): the program's own z, a and delta
 *
 * Then either link with -lbackprobe and end main() with
 *
 *     return backprobe_main(&subject, argc, argv);
 *
 * or build a shared object that exports
 *
 *     int backprobe_subject(struct bp_subject *subject);     (0 when it is filled)
 *
 * and run   backprobe check --subject ./mine.so
 */
#ifndef BACKPROBE_H
#define BACKPROBE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BACKPROBE_ABI 1

/* ---- parameters ------------------------------------------------------------ */

enum bp_array_role {
    BP_ARRAY_WEIGHTS,    /* W_l alone */
    BP_ARRAY_BIASES,     /* b_l alone */
    BP_ARRAY_BIAS_FIRST, /* W_l with the bias as input 0 */
    BP_ARRAY_BIAS_LAST,  /* W_l with the bias as the last input */
    /* The same with thresholds: biases that are subtracted, or have an input of -1 */
    BP_ARRAY_THRESHOLDS,
    BP_ARRAY_THRESHOLD_FIRST,
    BP_ARRAY_THRESHOLD_LAST
};

enum bp_array_order {
    BP_OUT_IN, /* w[neuron][input], row-major */
    BP_IN_OUT  /* w[input][neuron], row-major */
};

enum bp_array_type { BP_DOUBLE, BP_FLOAT };

/* One array of parameters. theta is all arrays, one after the other, each in its
 * own order. */
struct bp_array {
    int layer; /* 1 .. L: whose neurons it feeds; 1 is the first after the input */
    enum bp_array_role role;
    enum bp_array_order order;
    enum bp_array_type type;
    void *values;   /* where the program keeps it; NULL when the calls use theta */
    void *gradient; /* where gradient() leaves its gradient; NULL when it uses g */
};

/* ---- data ------------------------------------------------------------------- */

/* n samples, one a row. */
struct bp_batch {
    size_t n;
    const double *x; /* n x inputs */
    const double *t; /* n x outputs */
};

/* ---- the program ------------------------------------------------------------ */

enum bp_rate_kind {
    BP_RATE_GIVEN,  /* step() uses the rate that it is given */
    BP_RATE_FIXED,  /* step() has a rate of its own, in field rate */
    BP_RATE_UNKNOWN /* step() has a rate of its own, and nobody knows which */
};

enum bp_step_kind {
    BP_STEP_BATCH,  /* one call, one update from the whole batch */
    BP_STEP_SAMPLE, /* one call takes one sample */
    BP_STEP_EPOCH   /* one call goes over the data of the program, several updates */
};

/* Calls return 0, or anything else when they could not do it. theta (and g, and
 * next) hold n_theta numbers; y holds n x outputs. A call that finds the parameters
 * in its own arrays (values above) may ignore theta: they are put there before each
 * call, and read back after step(). g is set, not added to. */
struct bp_subject {
    unsigned abi;                  /* BACKPROBE_ABI */
    const char *name;              /* for the report */
    const char *network;           /* "2-2-1 sigmoid squared-error", or NULL: not described */
    const struct bp_array *arrays; /* in the order of theta; NULL: not described. A layer
                                      whose biases are in no array has none */
    size_t n_arrays;
    size_t n_theta;               /* needed only when there are no arrays */
    size_t n_in, n_out;           /* needed only when there is no network */
    enum bp_array_type precision; /* what it computes in */
    int constant_undeclared;      /* 1: the loss's constant factor and its reduction are
                                     not known: a constant factor is no fault */

    void *self; /* handed to every call */
    int (*loss)(void *self, const double *theta, const struct bp_batch *batch, double *loss);
    int (*predict)(void *self, const double *theta, const struct bp_batch *batch, double *y);
    int (*gradient)(void *self, const double *theta, const struct bp_batch *batch, double *g);
    int (*step)(void *self, const double *theta, const struct bp_batch *batch, double rate,
                double *next);
    /* z, a, delta of layers 1 .. L, one layer after the other, each n x width; any
     * pointer may be NULL */
    int (*trace)(void *self, const double *theta, const struct bp_batch *batch, double *z,
                 double *a, double *delta);
    int (*reset)(void *self);             /* velocity, accumulators: back to none */
    const char *(*complaint)(void *self); /* why the last call failed; may be NULL */

    enum bp_rate_kind rate_kind;
    double rate; /* for BP_RATE_FIXED */
    enum bp_step_kind step_kind;
    const struct bp_batch *data; /* built-in data: the only batch that it can use; or NULL */
    int shuffles;                /* 1: step() draws its own order */
    const double *theta;         /* its starting parameters, or NULL */
    int theta_fixed;             /* 1: theta is the only point at which it can be looked at */
};

/* Checks the subject as the command line says (--help); prints the report; returns 0
 * when it is healthy, 1 with findings, 2 when it could not run. Started by backprobe
 * itself (check --subject ./program, ladder --subject ./program), it answers that. */
int backprobe_main(const struct bp_subject *subject, int argc, char **argv);

#ifdef __cplusplus
}
#endif

#endif
