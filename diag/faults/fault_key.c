/* fault_key.c -- a hypothesis as a word: "sign-flipped:2", "constant-factor/1=0.5:2",
 * "neuron-delta-zero:1:3"; reading it, and suggesting what was meant. */
#include "diag/faults/fault.h"

#include "core/nearest.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_LENGTH_MAX = 63 };

const char *bp_fault_nearest(const char *text)
{
    struct bp_nearest nearest;
    size_t tables;
    const struct bp_fault_table *const *table = bp_fault_tables(&tables);
    bp_nearest_begin(&nearest, text);
    for (size_t i = 0; i < tables; i++)
        for (size_t k = 0; k < table[i]->n; k++)
            bp_nearest_offer(&nearest, table[i]->fault[k].name);
    return bp_nearest_name(&nearest);
}

/* ---- reading --------------------------------------------------------------- */

static enum bp_status unknown(const char *name, struct bp_error *error)
{
    const char *nearest = bp_fault_nearest(name);
    if (nearest == NULL)
        return bp_error_set(error, BP_EINPUT, "fault '%.63s': no such name; see backprobe faults",
                            name);
    return bp_error_set(error, BP_EINPUT, "fault '%.63s': no such name; did you mean '%s'", name,
                        nearest);
}

/* A whole number after one mark; text moves behind it. */
static bool read_whole(const char **text, size_t *value)
{
    const char *at = *text + 1;
    if (*at < '0' || *at > '9')
        return false;
    char *end;
    errno = 0;
    const unsigned long long number = strtoull(at, &end, 10);
    if (errno != 0 || number > INT32_MAX)
        return false;
    *value = (size_t)number;
    *text = end;
    return true;
}

static bool read_factor(const char **text, double *value)
{
    const char *at = *text + 1;
    if (strchr("+-.0123456789", *at) == NULL || *at == '\0')
        return false;
    char *end;
    *value = strtod(at, &end);
    *text = end;
    return end != at && isfinite(*value);
}

static bool read_layer(const char **text, size_t *layer)
{
    if (strncmp(*text, ":hidden", 7) == 0) {
        *text += 7;
        *layer = BP_HIDDEN_LAYERS;
        return true;
    }
    return read_whole(text, layer) && *layer > 0;
}

static enum bp_status read_places(const char *name, const char *rest, struct bp_hypothesis *h,
                                  struct bp_error *error)
{
    size_t variant = 0;
    if (*rest == '/' && (!read_whole(&rest, &variant) || variant >= (size_t)h->fault->variants))
        return bp_error_set(error, BP_EINPUT, "fault '%s': variant expected from 0 to %d after '/'",
                            name, h->fault->variants - 1);
    h->variant = (int)variant;
    if (*rest == '=' && (!h->fault->solved || !read_factor(&rest, &h->factor)))
        return bp_error_set(error, BP_EINPUT,
                            h->fault->solved ? "fault '%s': a finite number expected after '='"
                                             : "fault '%s': takes no factor",
                            name);
    if (*rest == ':' && !read_layer(&rest, &h->layer))
        return bp_error_set(error, BP_EINPUT,
                            "fault '%s': a layer from 1, or 'hidden', expected after ':'", name);
    if (*rest == ':' && !read_whole(&rest, &h->neuron))
        return bp_error_set(error, BP_EINPUT, "fault '%s': a neuron from 0 expected after ':'",
                            name);
    if (*rest != '\0')
        return bp_error_set(error, BP_EINPUT,
                            "fault '%s': '%.40s' not understood; "
                            "expected name[/variant][=factor][:layer[:neuron]]",
                            name, rest);
    return BP_OK;
}

/* The only layer where it applies becomes its place; h's own stays otherwise. */
static size_t count_layers(struct bp_hypothesis *h, const struct bp_setting *setting)
{
    size_t n = 0;
    size_t at = 0;
    for (size_t l = 1; l <= setting->net->spec.layers; l++)
        if (bp_fault_applies(h, setting, l)) {
            n++;
            at = l;
        }
    const bool single = (h->fault->extent & BP_AT_ALL) == 0;
    if (n == 1 && single && h->layer == BP_ALL_LAYERS)
        h->layer = at;
    return n;
}

static enum bp_status no_place(const struct bp_hypothesis *h, struct bp_error *error)
{
    char where[48] = "in any layer";
    if (h->layer == BP_HIDDEN_LAYERS)
        snprintf(where, sizeof where, "in the hidden layers");
    else if (h->layer != BP_ALL_LAYERS)
        snprintf(where, sizeof where, "in layer %zu", h->layer);
    return bp_error_set(error, BP_EINPUT,
                        "fault '%s': does not apply %s of this network (it would be right, or have "
                        "no meaning)",
                        h->fault->name, where);
}

static enum bp_status check_place(struct bp_hypothesis *h, const struct bp_setting *setting,
                                  struct bp_error *error)
{
    const char *name = h->fault->name;
    const size_t layers = setting->net->spec.layers;
    const bool single = (h->fault->extent & BP_AT_NEURON) != 0;
    if (h->layer != BP_HIDDEN_LAYERS && h->layer > layers)
        return bp_error_set(error, BP_EINPUT, "fault '%s': layer expected from 1 to %zu", name,
                            layers);
    if (single != (h->neuron != BP_NO_NEURON))
        return bp_error_set(error, BP_EINPUT,
                            single ? "fault '%s': is of one neuron; expected '%s:layer:neuron'"
                                   : "fault '%s': is of a whole layer; expected '%s:layer'",
                            name, name);
    if (count_layers(h, setting) == 0)
        return no_place(h, error);
    if (h->layer == BP_ALL_LAYERS && (h->fault->extent & BP_AT_ALL) == 0)
        return bp_error_set(error, BP_EINPUT, "fault '%s': is of one layer; expected '%s:layer'",
                            name, name);
    return BP_OK;
}

enum bp_status bp_fault_parse(const char *text, const struct bp_setting *setting,
                              struct bp_hypothesis *h, struct bp_error *error)
{
    char name[NAME_LENGTH_MAX + 1];
    const size_t length = strcspn(text, "/=:");
    snprintf(name, sizeof name, "%.*s", length > INT32_MAX ? INT32_MAX : (int)length, text);
    const struct bp_fault *fault = length > NAME_LENGTH_MAX ? NULL : bp_fault_find(name);
    *h = (struct bp_hypothesis){.fault = fault, .neuron = BP_NO_NEURON, .factor = 1.0};
    if (fault == NULL)
        return unknown(name, error);
    const enum bp_status status = read_places(name, text + length, h, error);
    if (status != BP_OK)
        return status;
    if (fault->own_rate)
        h->factor = setting->rate;
    h->cost = 1.0 + fault->cost;
    if (fault->plant == NULL) {
        if (h->layer != BP_ALL_LAYERS || h->neuron != BP_NO_NEURON)
            return bp_error_set(error, BP_EINPUT, "fault '%s': has no place in a layer", name);
        return BP_OK;
    }
    return check_place(h, setting, error);
}

/* ---- writing --------------------------------------------------------------- */

/* Shortest of 15 to 17 digits that reads back the same. */
static void write_factor(double factor, char text[32])
{
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, 32, "=%.*g", digits, factor);
        if (strtod(text + 1, NULL) == factor)
            return;
    }
}

void bp_fault_key(const struct bp_hypothesis *h, char *text, size_t size)
{
    char variant[16] = "";
    char factor[32] = "";
    char layer[32] = "";
    char neuron[32] = "";
    if (h->variant != 0)
        snprintf(variant, sizeof variant, "/%d", h->variant);
    if (h->fault->solved && h->factor != 1.0)
        write_factor(h->factor, factor);
    if (h->layer == BP_HIDDEN_LAYERS)
        snprintf(layer, sizeof layer, ":hidden");
    else if (h->layer != BP_ALL_LAYERS)
        snprintf(layer, sizeof layer, ":%zu", h->layer);
    if (h->neuron != BP_NO_NEURON)
        snprintf(neuron, sizeof neuron, ":%zu", h->neuron);
    snprintf(text, size, "%s%s%s%s%s", h->fault->name, variant, factor, layer, neuron);
}
