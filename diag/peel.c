/* peel.c -- see peel.h. */
#include "diag/peel.h"

#include "core/mem.h"
#include "diag/peel_layer.h"
#include "diag/peel_story.h"

#include <math.h>

#include <string.h>

static const double ENOUGH = 10.0; /* a story this cheap needs no second look */

/* ---- one world ------------------------------------------------------------- */

static void start(struct bp_peel_beam *beam, const struct bp_predictor *p, double cost)
{
    beam->n = 1;
    beam->order[0] = 0;
    beam->state[0].n_parts = 0;
    beam->state[0].cost = cost;
    beam->state[0].use = (1u << p->n) - 1u;
    memset(beam->state[0].unexplained, 0, p->net->spec.layers + 1);
}

struct telling {
    struct bp_peel *peel;
    struct bp_peeling *peeling;
    const struct bp_hypothesis *list;
    size_t n;
    struct bp_peel_beam beam[2];
    bool thorough;
    bool *begun; /* owned, [n_worlds]: a quick look explained the output layer in this world */
    bool any_begun;
};

static void insert(struct bp_peeling *peeling, const struct bp_story *story)
{
    size_t at = peeling->n;
    if (at == BP_STORIES_MAX) {
        if (story->cost >= peeling->story[at - 1].cost)
            return;
        at--;
    } else {
        peeling->n++;
    }
    while (at > 0 && peeling->story[at - 1].cost > story->cost) {
        peeling->story[at] = peeling->story[at - 1];
        at--;
    }
    peeling->story[at] = *story;
}

static bool same_faults(const struct bp_story *a, const struct bp_story *b)
{
    if (a->n != b->n || a->n_unexplained != b->n_unexplained)
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (a->h[i].fault != b->h[i].fault || a->h[i].variant != b->h[i].variant ||
            a->h[i].layer != b->h[i].layer || a->h[i].neuron != b->h[i].neuron)
            return false;
    return true;
}

static void read_state(struct bp_story *story, const struct bp_peel *peel,
                       const struct bp_peel_state *state)
{
    for (size_t i = 0; i < state->n_parts; i++)
        story->part[story->n_parts++] = peel->parts->part[state->part[i]].h;
    for (size_t l = peel->p->net->spec.layers; l >= 1; l--)
        if (state->unexplained[l] != BP_EXPLAINED && story->n_unexplained < BP_STORY_MAX) {
            story->unexplained_layer[story->n_unexplained] = l;
            story->unexplained[story->n_unexplained++] = (enum bp_unexplained)state->unexplained[l];
        }
}

/* Where the size of a claim means nothing: ratios beside that of the output
 * layer's, or of the first tensor from there that has one. */
static void take_out_size(const struct bp_predictor *p, struct bp_fit *fit)
{
    for (size_t k = 0; k < p->n; k++) {
        double size = 0.0;
        for (size_t i = p->net->n_tensors; i-- > 0;) {
            if (fit[i].kind != BP_FIT_RATIO || !fit[i].seen[k])
                continue;
            if (size == 0.0)
                size = fabs(fit[i].ratio[k]);
            fit[i].ratio[k] /= size;
        }
    }
}

/* Where a world takes the claim to be 0 there is nothing to be named. */
static void leave_out_nothing(const struct bp_predictor *p, const struct bp_world *world,
                              struct bp_fit *fit)
{
    for (size_t i = 0; i < p->net->n_tensors; i++) {
        bool seen = false;
        bool out = false;
        for (size_t k = 0; k < p->n; k++) {
            if (world->pattern[k * p->net->n_tensors + i] == 0.0) {
                fit[i].seen[k] = false;
                out = true;
            }
            seen = seen || fit[i].seen[k];
        }
        if (out && !seen)
            fit[i].kind = BP_FIT_FREE;
    }
}

/* Multiples that no known factors leave behind: the first from the output down. */
static void say_size(struct bp_story *story, const struct bp_predictor *p, const struct bp_fit *fit)
{
    if (story->n_unexplained == BP_STORY_MAX)
        return;
    for (size_t i = p->net->n_tensors; i-- > 0;) {
        const bool plain = fit[i].kind == BP_FIT_NONE || fit[i].kind == BP_FIT_FREE ||
                           (fit[i].kind == BP_FIT_RATIO && bp_fit_is_one(&fit[i], p->n, p->tol));
        if (plain)
            continue;
        story->unexplained_layer[story->n_unexplained] = p->net->tensor[i].layer;
        story->unexplained[story->n_unexplained++] = BP_SIZE_UNEXPLAINED;
        return;
    }
}

/* Names what is left over, and keeps the story if it holds. */
static enum bp_status finish(struct telling *t, struct bp_peel_state *state,
                             const struct bp_world *world, const struct bp_hypothesis *h)
{
    struct bp_peel *peel = t->peel;
    struct bp_factoring found;
    struct bp_story story = {.world = *h, .distance = INFINITY};
    leave_out_nothing(peel->p, world, state->fit);
    if (peel->p->any_factor)
        take_out_size(peel->p, state->fit);
    const bool sized = bp_factor_search(peel->parts, peel->p, state->fit, 1e9, &found);
    if (!sized)
        found.n = 0;
    read_state(&story, peel, state);
    if (!sized)
        say_size(&story, peel->p, state->fit);
    for (size_t i = 0; i < found.n; i++) {
        const struct bp_factor *factor = &peel->parts->factor[found.factor[i]];
        story.factor[story.n_factors] = factor->h;
        story.free_factor[story.n_factors] = factor->free;
        if (factor->free)
            story.factor[story.n_factors].factor = found.size[i];
        story.n_factors++;
    }
    bp_story_merge(&story, peel->setting, t->list, t->n);
    for (size_t i = 0; i < t->peeling->n; i++)
        if (same_faults(&t->peeling->story[i], &story))
            return BP_OK;
    if (story.n_unexplained == 0) {
        const enum bp_status status =
            bp_story_distance(&story, peel->p, peel->setting, &story.distance);
        if (status != BP_OK)
            return status;
        if (!(story.distance <= 16.0 * peel->p->tol))
            return BP_OK;
    }
    insert(t->peeling, &story);
    return BP_OK;
}

static enum bp_status peel_world(struct telling *t, const struct bp_world *world, double size)
{
    struct bp_peel *peel = t->peel;
    struct bp_peel_beam *now = &t->beam[0];
    struct bp_peel_beam *next = &t->beam[1];
    struct bp_hypothesis h = world->h;
    if (!bp_peel_enter(peel, world, size))
        return BP_OK;
    if (world->free)
        h.factor = size;
    start(now, peel->p, h.fault == NULL ? 0.0 : BP_COST_OF_A_FAULT + h.cost);
    for (size_t l = peel->p->net->spec.layers; l >= 1; l--) {
        struct bp_peel_level level = {
            .peel = peel, .l = l, .next = next, .explained = INFINITY, .thorough = t->thorough};
        next->n = 0;
        for (size_t i = 0; i < now->n; i++)
            bp_peel_expand(&level, &now->state[now->order[i]]);
        const bool begun = isfinite(level.explained);
        if (l == peel->p->net->spec.layers && !t->thorough) {
            t->begun[world - peel->parts->world] = begun;
            t->any_begun = t->any_begun || begun;
        }
        /* what is not even declared must explain the beginning at least */
        if (h.fault != NULL && l == peel->p->net->spec.layers && !begun)
            return BP_OK;
        struct bp_peel_beam *swap = now;
        now = next;
        next = swap;
    }
    enum bp_status status = BP_OK;
    for (size_t i = 0; i < now->n && status == BP_OK; i++)
        status = finish(t, &now->state[now->order[i]], world, &h);
    return status;
}

/* ---- a world whose offset has a size of its own ----------------------------- */

/* f and c with claim = c data + f offset, over the numbers of W_L at probe k;
 * false when that does not fit. Data are in scaled, the offset in offset. */
static bool two_parameters(const struct bp_peel *peel, size_t k, double *f)
{
    const struct bp_predictor *p = peel->p;
    const struct bp_tensor *w = bp_mlp_weights(p->net, p->net->spec.layers);
    const double *u = p->probe[k].g + w->offset;
    const double *d = peel->scaled + w->offset;
    const double *o = peel->offset + w->offset;
    double dd = 0.0;
    double oo = 0.0;
    double d_o = 0.0;
    double du = 0.0;
    double ou = 0.0;
    double uu = 0.0;
    for (size_t j = 0; j < w->count; j++) {
        dd += d[j] * d[j];
        oo += o[j] * o[j];
        d_o += d[j] * o[j];
        du += d[j] * u[j];
        ou += o[j] * u[j];
        uu += u[j] * u[j];
    }
    const double det = dd * oo - d_o * d_o;
    if (w->count < 3 || !(det > 1e-12 * dd * oo))
        return false;
    const double c = (oo * du - d_o * ou) / det;
    *f = (dd * ou - d_o * du) / det;
    double rest = 0.0;
    for (size_t j = 0; j < w->count; j++) {
        const double r = u[j] - c * d[j] - *f * o[j];
        rest += r * r;
    }
    return sqrt(rest) <= 100.0 * p->tol * sqrt(uu);
}

/* The size of a free world's offset, from W_L under one way to get delta_L and one
 * to get dW_L of it. */
static bool offset_size(struct bp_peel *peel, const struct bp_world *world,
                        const struct bp_part *delta, const struct bp_part *block, double *size)
{
    const size_t last = peel->p->net->spec.layers;
    bool any = false;
    for (size_t k = 0; k < peel->p->n; k++) {
        double f;
        if (!bp_peel_delta(peel, 1u << k, last, delta, NULL))
            return false;
        bp_peel_weights(peel, k, block, peel->scaled);
        bp_peel_offset(peel, world, 1.0, k, peel->offset);
        if (!two_parameters(peel, k, &f) || (any && !(fabs(f - *size) <= 1e-5 * fabs(f))))
            return false;
        *size = f;
        any = true;
    }
    return any && fabs(*size) > 1e-12 && !(world->whole && fabs(*size - 1.0) <= 1e-9);
}

static enum bp_status peel_free_world(struct telling *t, const struct bp_world *world)
{
    const struct bp_parts *parts = t->peel->parts;
    const size_t last = t->peel->p->net->spec.layers;
    double size;
    if (offset_size(t->peel, world, NULL, NULL, &size))
        return peel_world(t, world, size);
    for (size_t i = 0; i < parts->n_parts; i++) {
        const struct bp_part *part = &parts->part[i];
        const bool delta = bp_part_is_delta(part, last) && !bp_part_is_neuron(part);
        if ((delta || bp_part_is_block(part, last)) &&
            offset_size(t->peel, world, delta ? part : NULL, delta ? NULL : part, &size))
            return peel_world(t, world, size);
    }
    return BP_OK;
}

/* ---- all worlds ------------------------------------------------------------ */

static bool is_explained(const struct bp_peeling *peeling)
{
    return peeling->n > 0 && peeling->story[0].n_unexplained == 0;
}

static enum bp_status peel_worlds(struct telling *t)
{
    enum bp_status status = BP_OK;
    for (size_t w = 0; w < t->peel->parts->n_worlds && status == BP_OK; w++) {
        const struct bp_world *world = &t->peel->parts->world[w];
        const double least = world->h.fault == NULL ? 0.0 : BP_COST_OF_A_FAULT + world->h.cost;
        if (is_explained(t->peeling) && t->peeling->story[0].cost <= least + BP_COST_OF_A_FAULT)
            break;
        if ((t->thorough && t->any_begun && !t->begun[w]) || (w > 0 && bp_peel_tired(t->peel)))
            continue;
        status = world->free ? peel_free_world(t, world) : peel_world(t, world, 1.0);
    }
    return status;
}

/* Quickly first; thoroughly where that does not explain everything. */
static enum bp_status peel_all(struct telling *t)
{
    enum bp_status status = peel_worlds(t);
    t->thorough = true;
    if (status == BP_OK && !(is_explained(t->peeling) && t->peeling->story[0].cost <= ENOUGH))
        status = peel_worlds(t);
    return status;
}

static void restore(struct bp_predictor *p)
{
    for (size_t k = 0; k < p->n; k++)
        bp_predictor_run(p, k, p->base, p->net->spec.layers);
}

enum bp_status bp_peel_run(struct bp_peeling *peeling, struct bp_predictor *p,
                           const struct bp_setting *setting, const struct bp_hypothesis *list,
                           size_t n)
{
    struct bp_parts parts;
    struct bp_peel peel = {0};
    struct telling t = {.peel = &peel, .peeling = peeling, .list = list, .n = n};
    *peeling = (struct bp_peeling){0};
    enum bp_status status = bp_parts_init(&parts, p, setting, list, n);
    if (status != BP_OK)
        return status;
    status = bp_peel_open(&peel, p, &parts, setting);
    if (status == BP_OK)
        status = bp_peel_beam_init(&t.beam[0], p);
    if (status == BP_OK)
        status = bp_peel_beam_init(&t.beam[1], p);
    t.begun = bp_mem_new(parts.n_worlds, sizeof *t.begun);
    if (status == BP_OK && t.begun == NULL)
        status = BP_ENOMEM;
    if (status == BP_OK)
        status = peel_all(&t);
    bp_mem_free(t.begun);
    peeling->witnesses = peel.witnesses;
    restore(p);
    bp_peel_beam_release(&t.beam[0]);
    bp_peel_beam_release(&t.beam[1]);
    bp_peel_close(&peel);
    bp_parts_release(&parts);
    return status;
}
