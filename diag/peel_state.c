/* peel_state.c -- see peel_state.h. */
#include "diag/peel_state.h"

#include "core/mem.h"

#include <string.h>

size_t bp_peel_array_count(const struct bp_predictor *p)
{
    size_t samples = 0;
    for (size_t k = 0; k < p->n; k++)
        samples += p->probe[k].n;
    return 2 * samples * p->net->n_units;
}

size_t bp_peel_array_at(const struct bp_predictor *p, size_t k, int which, size_t l)
{
    size_t at = 0;
    for (size_t j = 0; j < k; j++)
        at += 2 * p->probe[j].n * p->net->n_units;
    const size_t half = p->probe[k].n * p->net->n_units;
    return at + (which == 0 ? 0 : half) + p->probe[k].n * p->net->unit[l];
}

enum bp_status bp_peel_beam_init(struct bp_peel_beam *beam, const struct bp_predictor *p)
{
    *beam = (struct bp_peel_beam){0};
    const size_t arrays = bp_peel_array_count(p) * sizeof(double);
    const size_t fits = p->net->n_tensors * sizeof(struct bp_fit);
    const size_t flags = (p->net->spec.layers + 8) / 8 * 8;
    const size_t each = arrays + fits + flags;
    char *at = bp_mem_new(BP_BEAM, each);
    if (at == NULL)
        return BP_ENOMEM;
    beam->block = at;
    for (size_t i = 0; i < BP_BEAM; i++, at += each) {
        beam->state[i].arrays = (void *)at;
        beam->state[i].fit = (void *)(at + arrays);
        beam->state[i].unexplained = (unsigned char *)(at + arrays + fits);
    }
    return BP_OK;
}

void bp_peel_beam_release(struct bp_peel_beam *beam)
{
    bp_mem_free(beam->block);
    *beam = (struct bp_peel_beam){0};
}

static void copy_state(struct bp_peel_state *to, const struct bp_peel_state *from,
                       const struct bp_predictor *p)
{
    to->n_parts = from->n_parts;
    memcpy(to->part, from->part, sizeof to->part);
    to->use = from->use;
    memcpy(to->unexplained, from->unexplained, p->net->spec.layers + 1);
    memcpy(to->fit, from->fit, p->net->n_tensors * sizeof *to->fit);
    memcpy(to->arrays, from->arrays, bp_peel_array_count(p) * sizeof *to->arrays);
}

struct bp_peel_state *bp_peel_beam_add(struct bp_peel_beam *beam, const struct bp_predictor *p,
                                       const struct bp_peel_state *from, double cost)
{
    size_t slot = beam->n;
    if (beam->n == BP_BEAM) {
        slot = beam->order[BP_BEAM - 1];
        if (cost >= beam->state[slot].cost)
            return NULL;
        beam->n--;
    }
    size_t at = beam->n;
    while (at > 0 && beam->state[beam->order[at - 1]].cost > cost) {
        beam->order[at] = beam->order[at - 1];
        at--;
    }
    beam->order[at] = slot;
    beam->n++;
    copy_state(&beam->state[slot], from, p);
    beam->state[slot].cost = cost;
    return &beam->state[slot];
}
