/* activation.h -- what a layer does to its pre-activations z: a = f(z).
 *
 *     identity    z
 *     sigmoid     1 / (1 + e^-z)                f' = a (1 - a)
 *     tanh        tanh z                        f' = 1 - a^2
 *     relu        max(0, z)                     f' = [z > 0]
 *     leaky-relu  z > 0 ? z : slope z           f' = z > 0 ? 1 : slope
 *     softmax     e^z_i / sum_k e^z_k           a row's outputs depend on all its z
 *
 * At z = 0, where relu has no derivative, 0 (or the slope) is taken, as most
 * programs do.
 */
#ifndef BP_ACTIVATION_H
#define BP_ACTIVATION_H

#include <stdbool.h>
#include <stddef.h>

#define BP_ACTIVATION_LIST(X)                                                                      \
    X(BP_IDENTITY, "identity")                                                                     \
    X(BP_SIGMOID, "sigmoid")                                                                       \
    X(BP_TANH, "tanh")                                                                             \
    X(BP_RELU, "relu")                                                                             \
    X(BP_LEAKY_RELU, "leaky-relu")                                                                 \
    X(BP_SOFTMAX, "softmax")

#define BP_ACTIVATION_ENUM(name, text) name,
enum bp_activation { BP_ACTIVATION_LIST(BP_ACTIVATION_ENUM) BP_ACTIVATION_COUNT };
#undef BP_ACTIVATION_ENUM

/* The slope of leaky relu below 0 where none is given (Maas et al. 2013). */
#define BP_LEAKY_SLOPE 0.01

const char *bp_activation_name(enum bp_activation f);

/* Also accepts usual other names (linear, logistic, leaky_relu); false when it
 * is none. */
bool bp_activation_parse(const char *text, enum bp_activation *f);

/* a = f(z) for n rows of width numbers; slope is leaky relu's. a may be z. */
void bp_activation_value(enum bp_activation f, double slope, size_t n, size_t width,
                         const double *z, double *a);

/* f'(z) of one number, from z and a = f(z). For softmax the diagonal of its
 * Jacobian, a (1 - a). */
double bp_activation_slope(enum bp_activation f, double slope, double z, double a);

/* The same of many; out may be z or a. */
void bp_activation_slopes(enum bp_activation f, double slope, size_t count, const double *z,
                          const double *a, double *out);

/* One number; not softmax (which is asserted). */
double bp_activation_at(enum bp_activation f, double slope, double z);

/* Whether f has a corner at 0, so that a numeric derivative can straddle it. */
bool bp_activation_has_kink(enum bp_activation f);

#endif
