/* numdiff_inputs.h -- what the fast tiers ask of a layer: which inputs are not 0, how
 * large a step may be, which parameters of a neuron are wanted; and of the machine:
 * how many threads.
 */
#ifndef BP_NUMDIFF_INPUTS_H
#define BP_NUMDIFF_INPUTS_H

#include "diag/numdiff.h"

/* The inputs a_{l-1} of one layer, over the batch. Pictures have few different numbers in
 * them: changes of a neuron's z that are the same to the bit are worked out once. */
struct bp_inputs {
    size_t width;
    size_t n;
    const double *a; /* borrowed: n x width */
    size_t *count;   /* owned: [n]: inputs of sample s that are not 0 */
    size_t *list;    /* owned: n x width: which; the first count[s] of a row count */
    double *largest; /* owned: [width]: max |a| over the samples; 0 for an input always 0 */
    double *scale;   /* owned by largest: [width]: a power of two, about 1 / largest */
    size_t *same;    /* owned: n x width: in the order of list: which number of scaled it is */
    size_t *kinds;   /* owned by count: [n]: how many different ones sample s has */
    double *scaled;  /* owned: n x (width + 1): 1, as of a bias, and every different a scale */
    size_t *live;    /* owned: those that are not always 0 */
    size_t *rank;    /* owned by live: [width + 1]: how many of them come before */
    size_t slots;    /* a power of two, more than twice the widest */
    size_t *table;   /* owned: [slots]: those of a sample's scaled by their bits, from 1 */
};

/* Room for any layer of net. BP_ENOMEM. */
enum bp_status bp_inputs_init(struct bp_inputs *inputs, const struct bp_mlp *net, size_t n);
void bp_inputs_release(struct bp_inputs *inputs);

/* Layer l's inputs, after a forward pass. */
void bp_inputs_read(struct bp_inputs *inputs, const struct bp_pass *pass, size_t l);

/* A power of two by which z of this neuron may be changed so that neither it nor the
 * layer after it changes by much more than 1. */
double bp_inputs_unit(const struct bp_mlp *net, const double *theta, size_t layer, size_t neuron);

/* 1 / size, as a power of two; 1 where size is 0 or not finite. */
double bp_inputs_inverse(double size);

/* sum over k of |dL/da_k a_k| of one sample: times 2^-53, what the rounding of the outputs
 * does to its loss; much, where 1 - a is small. scratch: an output row. */
double bp_output_noise(const struct bp_spec *spec, const double *a, const double *t,
                       double *scratch);

/* The parameters of a neuron that options ask for. */
struct bp_slice {
    size_t first, weights; /* inputs first .. first + weights - 1 */
    size_t at;             /* in theta, of the first */
    bool bias;
    size_t bias_at; /* in theta */
};

struct bp_slice bp_slice_of(const struct bp_numdiff *numdiff, const struct bp_mlp *net,
                            const struct bp_numdiff_options *options, size_t layer, size_t neuron);

/* Threads to use when `wanted` are asked for: at least 1, never more than the machine has
 * processors, or OMP_NUM_THREADS allows. */
size_t bp_threads(int wanted);

/* Which of them this is. */
size_t bp_thread(void);

/* A core network whose forward pass is the right one. */
bool bp_fits_right_forward(const struct bp_loss_at *at);

#endif
