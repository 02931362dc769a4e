/* hypotheses.c -- every fault at every place where it can be, the commonest first.
 *
 * The prior cost of a hypothesis is 1, and what the fault and its variant add,
 * and what the place adds: a programmer's mistake is more often made everywhere
 * (one loop) than in one layer, and least often in one neuron.
 */
#include "diag/faults/fault.h"

#include "core/mem.h"
#include "diag/faults/tables.h"

#include <stdlib.h>

static const double COST_OF_ONE_HIDDEN = 0.05; /* all hidden layers, the output apart */
static const double COST_OF_ONE_LAYER = 0.5;
static const double COST_OF_ONE_NEURON = 1.5;

struct list {
    struct bp_hypothesis *item;
    size_t n, room;
    bool failed;
};

static void add(struct list *list, struct bp_hypothesis h, double place)
{
    const struct bp_fault *fault = h.fault;
    if (list->n == list->room) {
        const size_t room = list->room == 0 ? 256 : 2 * list->room;
        struct bp_hypothesis *item = bp_mem_grow(list->item, list->room, room, sizeof *item);
        if (item == NULL) {
            list->failed = true;
            return;
        }
        list->item = item;
        list->room = room;
    }
    h.cost = 1.0 + fault->cost + place;
    if (fault->variant_cost != NULL)
        h.cost += fault->variant_cost[h.variant];
    h.rank = list->n;
    list->item[list->n++] = h;
}

/* How many layers 1 .. last the fault applies to. */
static size_t reach(struct bp_hypothesis h, const struct bp_setting *setting, size_t last)
{
    size_t n = 0;
    h.layer = BP_ALL_LAYERS;
    for (size_t l = 1; l <= last; l++)
        n += bp_fault_applies(&h, setting, l);
    return n;
}

static void add_neurons(struct list *list, struct bp_hypothesis h, const struct bp_setting *setting)
{
    for (h.layer = 1; h.layer <= setting->net->spec.layers; h.layer++)
        for (h.neuron = 0; h.neuron < setting->net->spec.layer[h.layer].width; h.neuron++)
            if (bp_fault_applies(&h, setting, h.layer))
                add(list, h, COST_OF_ONE_NEURON);
}

/* Everywhere, where that is more than one layer or the whole network. */
static bool add_everywhere(struct list *list, struct bp_hypothesis h,
                           const struct bp_setting *setting)
{
    const size_t layers = setting->net->spec.layers;
    const unsigned extent = h.fault->extent;
    const bool only = (extent & (BP_AT_OUTPUT | BP_AT_HIDDEN | BP_AT_ANY)) == 0;
    const size_t all = reach(h, setting, layers);
    const size_t hidden = reach(h, setting, layers - 1);
    const bool everywhere =
        (extent & BP_AT_ALL) != 0 && (all > 1 || all == layers || (only && all > 0));
    if (everywhere) {
        h.layer = BP_ALL_LAYERS;
        add(list, h, 0.0);
    }
    if ((extent & BP_AT_ALL_HIDDEN) != 0 && hidden > 1 && all > hidden) {
        h.layer = BP_HIDDEN_LAYERS;
        add(list, h, COST_OF_ONE_HIDDEN);
    }
    return only || (everywhere && layers == 1);
}

static void add_layers(struct list *list, struct bp_hypothesis h, const struct bp_setting *setting)
{
    const bool output_only = (h.fault->extent & (BP_AT_HIDDEN | BP_AT_ANY)) == 0;
    for (h.layer = 1; h.layer <= setting->net->spec.layers; h.layer++)
        if (bp_fault_applies(&h, setting, h.layer))
            add(list, h, output_only ? 0.0 : COST_OF_ONE_LAYER);
}

static void add_fault(struct list *list, const struct bp_fault *fault,
                      const struct bp_setting *setting, bool with_neurons)
{
    struct bp_hypothesis h = {.fault = fault, .neuron = BP_NO_NEURON, .factor = 1.0};
    const bool single = (fault->extent & BP_AT_NEURON) != 0;
    if (fault->kind != BP_KIND_GRADIENT || fault->plant == NULL || (single && !with_neurons))
        return;
    for (h.variant = 0; h.variant < fault->variants; h.variant++)
        if (single)
            add_neurons(list, h, setting);
        else if (!add_everywhere(list, h, setting))
            add_layers(list, h, setting);
}

static int by_cost(const void *left, const void *right)
{
    const struct bp_hypothesis *a = left;
    const struct bp_hypothesis *b = right;
    if (a->cost != b->cost)
        return a->cost < b->cost ? -1 : 1;
    return a->rank < b->rank ? -1 : a->rank > b->rank;
}

enum bp_status bp_fault_hypotheses(const struct bp_setting *setting, bool with_neurons,
                                   struct bp_hypothesis **list, size_t *n)
{
    struct list found = {0};
    size_t tables;
    const struct bp_fault_table *const *table = bp_fault_tables(&tables);
    for (size_t i = 0; i < tables && !found.failed; i++)
        for (size_t k = 0; k < table[i]->n && !found.failed; k++)
            add_fault(&found, &table[i]->fault[k], setting, with_neurons);
    *list = NULL;
    *n = 0;
    if (found.failed) {
        bp_mem_free(found.item);
        return BP_ENOMEM;
    }
    if (found.n > 0)
        qsort(found.item, found.n, sizeof *found.item, by_cost);
    *list = found.item;
    *n = found.n;
    return BP_OK;
}
