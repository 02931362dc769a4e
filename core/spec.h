/* spec.h -- the description of a network, in a struct and in one line of text:
 *
 *     2-2-1 sigmoid squared-error
 *     784-30-10 tanh,softmax softmax-cross-entropy mean l2=0.001
 *     4-8-8-3 relu,tanh,identity squared-error sum factor=2 no-bias
 *
 * widths; activations (one for all layers, or hidden,output, or one a layer);
 * loss; then, in any order: mean | sum (mean unless said), factor=C (the loss's
 * constant, 1), l2=LAMBDA (0), slope=S (leaky relu, 0.01), no-bias.
 */
#ifndef BP_SPEC_H
#define BP_SPEC_H

#include "core/activation.h"
#include "core/loss.h"
#include "core/status.h"

enum { BP_SPEC_TEXT_MAX = 512, BP_WIDTH_MAX = 1 << 20, BP_LAYERS_MAX = 1000 };

/* A layer of neurons; layer[0] is the input and has a width only. */
struct bp_layer {
    size_t width;
    enum bp_activation activation;
    double slope; /* of leaky relu */
    bool has_bias;
    bool subtracts; /* what is described keeps -b, a threshold; core itself adds b all the same */
};

struct bp_spec {
    size_t layers;          /* L >= 1, the input not counted */
    struct bp_layer *layer; /* [0 .. L], owned */
    enum bp_loss loss;
    double factor; /* the loss's constant c */
    enum bp_reduction reduction;
    double l2; /* lambda: adds lambda/2 |W|^2 to the loss, biases not */
};

/* L layers of width 1, sigmoid, with biases; squared error, mean. BP_ENOMEM. */
enum bp_status bp_spec_init(struct bp_spec *spec, size_t layers);
enum bp_status bp_spec_copy(struct bp_spec *spec, const struct bp_spec *from);
void bp_spec_release(struct bp_spec *spec);

/* Reads the line above. BP_EINPUT names the word and what was expected. */
enum bp_status bp_spec_parse(struct bp_spec *spec, const char *text, struct bp_error *error);

/* Writes the line above, cut to size bytes; a fixed point of bp_spec_parse(). */
void bp_spec_text(const struct bp_spec *spec, char *text, size_t size);

/* All numbers in range, and everything finite: BP_EINPUT with the reason. */
enum bp_status bp_spec_check(const struct bp_spec *spec, struct bp_error *error);

/* Number of parameters; 0 when it does not fit a size_t. */
size_t bp_spec_parameters(const struct bp_spec *spec);

/* Number of neurons, the input's not counted. */
size_t bp_spec_units(const struct bp_spec *spec);

#endif
