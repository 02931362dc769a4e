/* layout.c -- see layout.h. */
#include "diag/layout.h"

#include <assert.h>

bool bp_layout_subtracts(const struct bp_array *array)
{
    return array->role >= BP_ARRAY_THRESHOLDS;
}

enum bp_array_role bp_layout_added(enum bp_array_role role)
{
    return role == BP_ARRAY_THRESHOLDS        ? BP_ARRAY_BIASES
           : role == BP_ARRAY_THRESHOLD_FIRST ? BP_ARRAY_BIAS_FIRST
           : role == BP_ARRAY_THRESHOLD_LAST  ? BP_ARRAY_BIAS_LAST
                                              : role;
}

static bool holds_weights(const struct bp_array *array)
{
    return bp_layout_added(array->role) != BP_ARRAY_BIASES;
}

static bool holds_biases(const struct bp_array *array)
{
    return array->role != BP_ARRAY_WEIGHTS;
}

static enum bp_status check_array(const struct bp_spec *spec, const struct bp_array *array,
                                  size_t at, struct bp_error *error)
{
    if (array->layer < 1 || (size_t)array->layer > spec->layers)
        return bp_error_set(error, BP_EINPUT, "array %zu: layer %d, expected 1 to %zu", at,
                            array->layer, spec->layers);
    if (array->role < BP_ARRAY_WEIGHTS || array->role > BP_ARRAY_THRESHOLD_LAST)
        return bp_error_set(error, BP_EINPUT, "array %zu: role %d is none of enum bp_array_role",
                            at, (int)array->role);
    if (array->order != BP_OUT_IN && array->order != BP_IN_OUT)
        return bp_error_set(error, BP_EINPUT,
                            "array %zu: order %d, expected BP_OUT_IN or BP_IN_OUT", at,
                            (int)array->order);
    if (array->type != BP_DOUBLE && array->type != BP_FLOAT)
        return bp_error_set(error, BP_EINPUT, "array %zu: type %d, expected BP_DOUBLE or BP_FLOAT",
                            at, (int)array->type);
    return BP_OK;
}

enum bp_status bp_layout_check(const struct bp_subject *subject, struct bp_spec *spec,
                               struct bp_error *error)
{
    for (size_t k = 0; k < subject->n_arrays; k++) {
        const enum bp_status status = check_array(spec, &subject->arrays[k], k, error);
        if (status != BP_OK)
            return status;
    }
    for (size_t l = 1; l <= spec->layers; l++) {
        size_t weights = 0;
        size_t biases = 0;
        spec->layer[l].subtracts = false;
        for (size_t k = 0; k < subject->n_arrays; k++) {
            const struct bp_array *array = &subject->arrays[k];
            weights += (size_t)array->layer == l && holds_weights(array);
            biases += (size_t)array->layer == l && holds_biases(array);
            if ((size_t)array->layer == l && holds_biases(array))
                spec->layer[l].subtracts = bp_layout_subtracts(array);
        }
        if (weights != 1)
            return bp_error_set(error, BP_EINPUT, "arrays: W%zu is in %zu of them, expected 1", l,
                                weights);
        if (biases > 1 || (biases == 1 && !spec->layer[l].has_bias))
            return bp_error_set(error, BP_EINPUT, "arrays: b%zu is in %zu of them, expected %d", l,
                                biases, spec->layer[l].has_bias ? 1 : 0);
        spec->layer[l].has_bias = biases == 1;
    }
    return BP_OK;
}

size_t bp_layout_count(const struct bp_spec *spec, const struct bp_array *array)
{
    const size_t out = spec->layer[array->layer].width;
    const size_t in = spec->layer[array->layer - 1].width;
    return out * ((holds_weights(array) ? in : 0) + (holds_biases(array) ? 1 : 0));
}

/* Where neuron i's weight from input j lies, when the array starts at start; the
 * array has columns inputs, the bias among them. */
static size_t entry(const struct bp_array *array, size_t start, size_t out, size_t columns,
                    size_t i, size_t j)
{
    return start + (array->order == BP_OUT_IN ? i * columns + j : j * out + i);
}

static void place_array(const struct bp_mlp *net, const struct bp_array *array, size_t start,
                        size_t *place)
{
    const struct bp_tensor *weights = bp_mlp_weights(net, (size_t)array->layer);
    const struct bp_tensor *biases = bp_mlp_biases(net, (size_t)array->layer);
    const size_t out = weights->rows;
    const size_t in = holds_weights(array) ? weights->cols : 0;
    const size_t columns = in + (holds_biases(array) ? 1 : 0);
    const size_t shift = bp_layout_added(array->role) == BP_ARRAY_BIAS_FIRST ? 1 : 0;
    for (size_t i = 0; i < out; i++) {
        for (size_t j = 0; j < in; j++)
            place[weights->offset + i * in + j] = entry(array, start, out, columns, i, j + shift);
        if (holds_biases(array))
            place[biases->offset + i] = entry(array, start, out, columns, i, shift == 1 ? 0 : in);
    }
}

void bp_layout_places(const struct bp_mlp *net, const struct bp_array *arrays, size_t n_arrays,
                      size_t *place)
{
    size_t start = 0;
    for (size_t k = 0; k < n_arrays; k++) {
        place_array(net, &arrays[k], start, place);
        start += bp_layout_count(&net->spec, &arrays[k]);
    }
    assert(start == net->n_theta);
}

const char *bp_layout_text(const struct bp_array *array)
{
    static const char *const text[7][2] = {{"weights, out x in", "weights, in x out"},
                                           {"biases", "biases"},
                                           {"weights, out x in, the bias as the first input",
                                            "weights, in x out, the bias as the first input"},
                                           {"weights, out x in, the bias as the last input",
                                            "weights, in x out, the bias as the last input"},
                                           {"thresholds", "thresholds"},
                                           {"weights, out x in, the threshold as the first input",
                                            "weights, in x out, the threshold as the first input"},
                                           {"weights, out x in, the threshold as the last input",
                                            "weights, in x out, the threshold as the last input"}};
    return text[array->role][array->order];
}
