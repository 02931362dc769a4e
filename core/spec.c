/* spec.c -- see spec.h. */
#include "core/spec.h"

#include "core/mem.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum bp_status bp_spec_init(struct bp_spec *spec, size_t layers)
{
    *spec = (struct bp_spec){.layers = layers, .factor = 1.0};
    spec->layer = bp_mem_new(layers + 1, sizeof *spec->layer);
    if (spec->layer == NULL) {
        spec->layers = 0;
        return BP_ENOMEM;
    }
    for (size_t l = 0; l <= layers; l++)
        spec->layer[l] = (struct bp_layer){.width = 1,
                                           .activation = l == 0 ? BP_IDENTITY : BP_SIGMOID,
                                           .slope = BP_LEAKY_SLOPE,
                                           .has_bias = l > 0};
    return BP_OK;
}

enum bp_status bp_spec_copy(struct bp_spec *spec, const struct bp_spec *from)
{
    struct bp_layer *layer = bp_mem_new(from->layers + 1, sizeof *layer);
    if (layer == NULL) {
        *spec = (struct bp_spec){0};
        return BP_ENOMEM;
    }
    memcpy(layer, from->layer, (from->layers + 1) * sizeof *layer);
    *spec = *from;
    spec->layer = layer;
    return BP_OK;
}

void bp_spec_release(struct bp_spec *spec)
{
    bp_mem_free(spec->layer);
    *spec = (struct bp_spec){0};
}

enum bp_status bp_spec_check(const struct bp_spec *spec, struct bp_error *error)
{
    if (spec->layers < 1 || spec->layers > BP_LAYERS_MAX)
        return bp_error_set(error, BP_EINPUT, "network: %zu layers, expected 1 to %d", spec->layers,
                            BP_LAYERS_MAX);
    for (size_t l = 0; l <= spec->layers; l++) {
        const struct bp_layer *layer = &spec->layer[l];
        if (layer->width < 1 || layer->width > BP_WIDTH_MAX)
            return bp_error_set(error, BP_EINPUT,
                                "network: layer %zu is %zu wide, expected 1 to %d", l, layer->width,
                                BP_WIDTH_MAX);
        if (!isfinite(layer->slope))
            return bp_error_set(error, BP_EINPUT, "network: slope of layer %zu is not finite", l);
        if (layer->activation == BP_SOFTMAX && l != spec->layers)
            return bp_error_set(error, BP_EINPUT,
                                "network: softmax at layer %zu, expected at the output only", l);
    }
    if (!(isfinite(spec->factor) && spec->factor > 0.0))
        return bp_error_set(error, BP_EINPUT, "network: factor is %g, expected above 0",
                            spec->factor);
    if (!(isfinite(spec->l2) && spec->l2 >= 0.0))
        return bp_error_set(error, BP_EINPUT, "network: l2 is %g, expected 0 or more", spec->l2);
    if (bp_spec_parameters(spec) == 0)
        return bp_error_set(error, BP_EINPUT, "network: more parameters than fit in memory");
    return BP_OK;
}

size_t bp_spec_parameters(const struct bp_spec *spec)
{
    size_t n = 0;
    for (size_t l = 1; l <= spec->layers; l++) {
        const size_t in = spec->layer[l - 1].width + (spec->layer[l].has_bias ? 1u : 0u);
        const size_t out = spec->layer[l].width;
        if (out != 0 && in > (SIZE_MAX / 64 - n) / out)
            return 0;
        n += in * out;
    }
    return n;
}

size_t bp_spec_units(const struct bp_spec *spec)
{
    size_t n = 0;
    for (size_t l = 1; l <= spec->layers; l++)
        n += spec->layer[l].width;
    return n;
}

/* ---- text ---------------------------------------------------------------- */

static enum bp_status parse_widths(struct bp_spec *spec, const char *word, struct bp_error *error)
{
    size_t dashes = 0;
    for (const char *c = word; *c != '\0'; c++)
        dashes += *c == '-';
    if (dashes < 1 || dashes > BP_LAYERS_MAX)
        return bp_error_set(error, BP_EINPUT,
                            "network: '%.60s': expected widths such as 2-2-1 (1 to %d layers)",
                            word, BP_LAYERS_MAX);
    if (bp_spec_init(spec, dashes) != BP_OK)
        return bp_error_set(error, BP_ENOMEM, "network: out of memory");
    const char *c = word;
    for (size_t l = 0; l <= dashes; l++) {
        char *end = NULL;
        errno = 0;
        const unsigned long width = *c >= '0' && *c <= '9' ? strtoul(c, &end, 10) : 0;
        if (width < 1 || errno != 0 || width > BP_WIDTH_MAX || *end != (l < dashes ? '-' : '\0'))
            return bp_error_set(error, BP_EINPUT, "network: '%.60s': width %zu: expected 1 to %d",
                                word, l, BP_WIDTH_MAX);
        spec->layer[l].width = width;
        c = end + 1;
    }
    return BP_OK;
}

/* One activation for all, or hidden,output, or one a layer. */
static enum bp_status parse_activations(struct bp_spec *spec, char *word, struct bp_error *error)
{
    enum bp_activation f[BP_LAYERS_MAX];
    size_t n = 0;
    char *next = NULL;
    for (char *name = strtok_r(word, ",", &next); name != NULL; name = strtok_r(NULL, ",", &next)) {
        if (n == spec->layers)
            return bp_error_set(error, BP_EINPUT, "network: more activations than the %zu layers",
                                spec->layers);
        if (!bp_activation_parse(name, &f[n]))
            return bp_error_set(error, BP_EINPUT,
                                "network: '%.40s': expected an activation: identity, sigmoid, "
                                "tanh, relu, leaky-relu or softmax",
                                name);
        n++;
    }
    if (n == 0)
        return bp_error_set(error, BP_EINPUT, "network: no activation");
    if (n != 1 && n != 2 && n != spec->layers)
        return bp_error_set(
            error, BP_EINPUT,
            "network: %zu activations for %zu layers: expected 1, 2 (hidden,output) "
            "or one a layer",
            n, spec->layers);
    for (size_t l = 1; l <= spec->layers; l++)
        spec->layer[l].activation = n == spec->layers   ? f[l - 1]
                                    : l == spec->layers ? f[n - 1]
                                                        : f[0];
    return BP_OK;
}

static bool parse_number(const char *text, double *value)
{
    char *end = NULL;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*value);
}

static enum bp_status parse_option(struct bp_spec *spec, const char *word, struct bp_error *error)
{
    double value = 0.0;
    if (strcmp(word, "mean") == 0)
        spec->reduction = BP_MEAN;
    else if (strcmp(word, "sum") == 0)
        spec->reduction = BP_SUM;
    else if (strcmp(word, "no-bias") == 0)
        for (size_t l = 1; l <= spec->layers; l++)
            spec->layer[l].has_bias = false;
    else if (strncmp(word, "factor=", 7) == 0 && parse_number(word + 7, &value))
        spec->factor = value;
    else if (strncmp(word, "l2=", 3) == 0 && parse_number(word + 3, &value))
        spec->l2 = value;
    else if (strncmp(word, "slope=", 6) == 0 && parse_number(word + 6, &value))
        for (size_t l = 1; l <= spec->layers; l++)
            spec->layer[l].slope = value;
    else
        return bp_error_set(error, BP_EINPUT,
                            "network: '%.40s': expected mean, sum, no-bias, factor=NUMBER, "
                            "l2=NUMBER or slope=NUMBER",
                            word);
    return BP_OK;
}

static enum bp_status parse_words(struct bp_spec *spec, char *text, struct bp_error *error)
{
    char *next = NULL;
    size_t n = 0;
    for (char *word = strtok_r(text, " \t", &next); word != NULL;
         word = strtok_r(NULL, " \t", &next), n++) {
        enum bp_status status = BP_OK;
        if (n == 0)
            status = parse_widths(spec, word, error);
        else if (n == 1)
            status = parse_activations(spec, word, error);
        else if (n == 2 && !bp_loss_parse(word, &spec->loss))
            status = bp_error_set(error, BP_EINPUT,
                                  "network: '%.40s': expected a loss: squared-error, "
                                  "binary-cross-entropy or softmax-cross-entropy",
                                  word);
        else if (n > 2)
            status = parse_option(spec, word, error);
        if (status != BP_OK)
            return status;
    }
    if (n < 3)
        return bp_error_set(error, BP_EINPUT,
                            "network: expected WIDTHS ACTIVATION LOSS, such as '2-2-1 sigmoid "
                            "squared-error'");
    return bp_spec_check(spec, error);
}

enum bp_status bp_spec_parse(struct bp_spec *spec, const char *text, struct bp_error *error)
{
    *spec = (struct bp_spec){0};
    if (strlen(text) >= 16u * BP_LAYERS_MAX)
        return bp_error_set(error, BP_EINPUT, "network: the description is too long");
    char *copy = bp_mem_text(text);
    if (copy == NULL)
        return bp_error_set(error, BP_ENOMEM, "network: out of memory");
    const enum bp_status status = parse_words(spec, copy, error);
    bp_mem_free(copy);
    if (status != BP_OK)
        bp_spec_release(spec);
    return status;
}

/* Appends to text, which holds size bytes; what does not fit is cut. */
__attribute__((format(printf, 3, 4))) static void append(char *text, size_t size,
                                                         const char *format, ...)
{
    const size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + used, size - used, format, args);
    va_end(args);
}

static bool hidden_alike(const struct bp_spec *spec)
{
    for (size_t l = 2; l < spec->layers; l++)
        if (spec->layer[l].activation != spec->layer[1].activation)
            return false;
    return true;
}

void bp_spec_text(const struct bp_spec *spec, char *text, size_t size)
{
    text[0] = '\0';
    bool leaky = false;
    bool biases = false;
    for (size_t l = 0; l <= spec->layers; l++) {
        append(text, size, l == 0 ? "%zu" : "-%zu", spec->layer[l].width);
        leaky = leaky || spec->layer[l].activation == BP_LEAKY_RELU;
        biases = biases || spec->layer[l].has_bias;
    }
    const struct bp_layer *last = &spec->layer[spec->layers];
    const char *output = bp_activation_name(last->activation);
    if (hidden_alike(spec)) {
        append(text, size, " %s", bp_activation_name(spec->layer[1].activation));
        if (spec->layers > 1 && last->activation != spec->layer[1].activation)
            append(text, size, ",%s", output);
    } else {
        for (size_t l = 1; l <= spec->layers; l++)
            append(text, size, l == 1 ? " %s" : ",%s",
                   bp_activation_name(spec->layer[l].activation));
    }
    append(text, size, " %s %s", bp_loss_name(spec->loss),
           spec->reduction == BP_SUM ? "sum" : "mean");
    if (spec->factor != 1.0)
        append(text, size, " factor=%.17g", spec->factor);
    if (spec->l2 != 0.0)
        append(text, size, " l2=%.17g", spec->l2);
    if (leaky && last->slope != BP_LEAKY_SLOPE)
        append(text, size, " slope=%.17g", last->slope);
    if (!biases)
        append(text, size, " no-bias");
}
