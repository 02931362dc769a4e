/* fault.c -- the catalogue as one list: its tables, where a fault applies, and
 * putting it into the stages. */
#include "diag/faults/fault.h"

#include "diag/faults/tables.h"

#include <assert.h>
#include <string.h>

static const struct bp_fault_table *const TABLE[] = {
#define BP_FAULT_TABLE_ENTRY(name) &name,
    BP_FAULT_TABLES(BP_FAULT_TABLE_ENTRY)
#undef BP_FAULT_TABLE_ENTRY
};

enum { TABLES = sizeof TABLE / sizeof TABLE[0] };

const struct bp_fault_table *const *bp_fault_tables(size_t *n)
{
    *n = TABLES;
    return TABLE;
}

const char *bp_kind_evidence(enum bp_kind kind)
{
#define BP_KIND_EVIDENCE(name, evidence) evidence,
    static const char *const EVIDENCE[] = {BP_KIND_LIST(BP_KIND_EVIDENCE)};
#undef BP_KIND_EVIDENCE
    assert((unsigned)kind < BP_KINDS);
    return EVIDENCE[kind];
}

const struct bp_fault *bp_fault_find(const char *name)
{
    for (size_t i = 0; i < TABLES; i++)
        for (size_t k = 0; k < TABLE[i]->n; k++)
            if (strcmp(TABLE[i]->fault[k].name, name) == 0)
                return &TABLE[i]->fault[k];
    return NULL;
}

bool bp_fault_plantable(const struct bp_fault *fault)
{
    return fault->plant != NULL || fault->plant_init != NULL || fault->plant_start != NULL ||
           fault->plant_data != NULL || fault->plant_train != NULL ||
           fault->plant_network != NULL || fault->plant_check != NULL;
}

/* ---- places ---------------------------------------------------------------- */

static bool in_extent(const struct bp_fault *fault, size_t layers, size_t layer)
{
    const unsigned bits = layer == layers ? BP_AT_OUTPUT : BP_AT_HIDDEN;
    if ((fault->extent & (BP_AT_OUTPUT | BP_AT_HIDDEN | BP_AT_ANY)) == 0)
        return (fault->extent & BP_AT_ALL) != 0;
    return (fault->extent & (bits | BP_AT_ANY)) != 0;
}

static bool in_place(const struct bp_hypothesis *h, size_t layers, size_t layer)
{
    if (h->layer == BP_ALL_LAYERS)
        return true;
    return h->layer == BP_HIDDEN_LAYERS ? layer < layers : h->layer == layer;
}

bool bp_fault_applies(const struct bp_hypothesis *h, const struct bp_setting *setting, size_t layer)
{
    const struct bp_fault *fault = h->fault;
    const size_t layers = setting->net->spec.layers;
    assert(layer >= 1 && layer <= layers);
    if (fault->plant == NULL || !in_extent(fault, layers, layer) || !in_place(h, layers, layer))
        return false;
    if (h->neuron != BP_NO_NEURON && h->neuron >= setting->net->spec.layer[layer].width)
        return false;
    return fault->applies == NULL || fault->applies(setting, h->variant, layer);
}

void bp_fault_plant(const struct bp_hypothesis *h, const struct bp_setting *setting,
                    struct bp_ops *ops)
{
    for (size_t l = 1; l <= setting->net->spec.layers; l++)
        if (bp_fault_applies(h, setting, l))
            h->fault->plant(h, l, ops);
}
