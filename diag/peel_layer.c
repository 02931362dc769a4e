/* peel_layer.c -- see peel_layer.h. */
#include "diag/peel_layer.h"

#include <math.h>
#include <string.h>

/* Prior costs of a step of a story; a fault's own comes from the catalogue. */
static const double COST_AGAIN = 0.15;        /* the same as at another layer */
static const double COST_OF_A_MULTIPLE = 0.7; /* a ratio that must be named later */
static const double COST_UNEXPLAINED = 12.0;
static const double COST_OF_TWO = 5.0; /* of two faults in one layer, at least */
enum { LAST_RESORT = 4 }; /* three wrong stages in one layer: only for the first few stories */
static const double HOPELESS = 7.0; /* a story this much dearer than the cheapest explained one of
                                       its layer is not told further */

/* ---- accepting ------------------------------------------------------------- */

static void load(const struct bp_peel *peel, const struct bp_peel_state *state, size_t above)
{
    const struct bp_predictor *p = peel->p;
    for (size_t k = 0; k < p->n; k++)
        for (size_t l = above + 1; l <= p->net->spec.layers; l++) {
            const size_t count = p->probe[k].n * p->net->spec.layer[l].width;
            memcpy(p->pass[k].e[l], state->arrays + bp_peel_array_at(p, k, 0, l),
                   count * sizeof(double));
            memcpy(p->pass[k].delta[l], state->arrays + bp_peel_array_at(p, k, 1, l),
                   count * sizeof(double));
        }
}

static void store(const struct bp_peel *peel, struct bp_peel_state *state, size_t l)
{
    const struct bp_predictor *p = peel->p;
    for (size_t k = 0; k < p->n; k++) {
        const size_t count = p->probe[k].n * p->net->spec.layer[l].width;
        memcpy(state->arrays + bp_peel_array_at(p, k, 0, l), p->pass[k].e[l],
               count * sizeof(double));
        memcpy(state->arrays + bp_peel_array_at(p, k, 1, l), p->pass[k].delta[l],
               count * sizeof(double));
    }
}

static double part_cost(const struct bp_peel *peel, const struct bp_peel_state *state,
                        const struct bp_part *part)
{
    for (size_t i = 0; i < state->n_parts; i++) {
        const struct bp_hypothesis *other = &peel->parts->part[state->part[i]].h;
        if (other->fault == part->h.fault && other->variant == part->h.variant &&
            other->neuron == part->h.neuron)
            return COST_AGAIN;
    }
    return BP_COST_OF_A_FAULT + part->h.cost;
}

/* What the ratios of this layer cost, beside those of the layer above. */
static double ratio_cost(const struct bp_peel_level *level, const struct bp_peel_state *state,
                         const struct bp_fit fit[2])
{
    const struct bp_predictor *p = level->peel->p;
    double cost = 0.0;
    struct bp_fit above = {.kind = BP_FIT_FREE};
    if (level->l < p->net->spec.layers)
        above = state->fit[p->net->weights[level->l + 1]];
    if (fit[0].kind == BP_FIT_RATIO && above.kind != BP_FIT_RATIO)
        cost += p->any_factor || bp_fit_is_one(&fit[0], p->n, p->tol) ? 0.0 : COST_OF_A_MULTIPLE;
    else if (fit[0].kind == BP_FIT_RATIO)
        cost += bp_fit_same(&fit[0], &above, p->n, p->tol) ? 0.0 : COST_OF_A_MULTIPLE;
    if (fit[1].kind == BP_FIT_RATIO && fit[0].kind == BP_FIT_RATIO)
        cost += bp_fit_same(&fit[1], &fit[0], p->n, p->tol) ? 0.0 : COST_OF_A_MULTIPLE;
    if (fit[0].kind == BP_FIT_ZERO || fit[1].kind == BP_FIT_ZERO)
        cost += COST_OF_A_MULTIPLE;
    return cost;
}

/* A story with this layer told by up to four parts. */
static void accept(struct bp_peel_level *level, const struct bp_peel_state *from,
                   const struct bp_part *const part[4], const struct bp_fit fit[2],
                   enum bp_unexplained unexplained, unsigned use)
{
    struct bp_peel *peel = level->peel;
    const struct bp_mlp *net = peel->p->net;
    size_t n_parts = from->n_parts;
    double cost = from->cost + ratio_cost(level, from, fit);
    if (unexplained != BP_EXPLAINED)
        cost += COST_UNEXPLAINED;
    for (size_t i = 0; i < 4; i++)
        if (part[i] != NULL) {
            cost += part_cost(peel, from, part[i]);
            n_parts++;
        }
    if (n_parts > BP_STORY_MAX)
        return;
    if (unexplained == BP_EXPLAINED) {
        level->explained = cost < level->explained ? cost : level->explained;
        level->own = cost < level->own ? cost : level->own;
    }
    struct bp_peel_state *state = bp_peel_beam_add(level->next, peel->p, from, cost);
    if (state == NULL)
        return;
    for (size_t i = 0; i < 4; i++)
        if (part[i] != NULL)
            state->part[state->n_parts++] = (size_t)(part[i] - peel->parts->part);
    state->fit[net->weights[level->l]] = fit[0];
    if (net->spec.layer[level->l].has_bias)
        state->fit[net->biases[level->l]] = fit[1];
    state->unexplained[level->l] = (unsigned char)unexplained;
    state->use = use;
    store(peel, state, level->l);
}

/* ---- one delta ------------------------------------------------------------- */

static bool fits(const struct bp_fit *fit)
{
    return fit->kind != BP_FIT_NONE;
}

static bool speaks(const struct bp_fit *fit)
{
    return fit->kind == BP_FIT_RATIO;
}

static bool agree(const struct bp_fit fit[2])
{
    return fits(&fit[0]) && fits(&fit[1]) && (speaks(&fit[0]) || speaks(&fit[1]));
}

/* The claims are zero: a skipped layer, a chain that is cut. */
static bool is_silent(const struct bp_fit fit[2])
{
    return fit[0].kind == BP_FIT_ZERO && (fit[1].kind == BP_FIT_ZERO || fit[1].kind == BP_FIT_FREE);
}

static bool is_only(const struct bp_part *part, size_t l, enum bp_slot slot)
{
    return part->h.layer == l && part->slots == 1u << slot;
}

/* A faulty outer product and a faulty bias sum of their own. Bias sums are cheap,
 * and so come first. */
static bool hear_two(struct bp_peel_level *level, const struct bp_peel_state *from,
                     const struct bp_part *one, const struct bp_part *two)
{
    struct bp_peel *peel = level->peel;
    const struct bp_parts *parts = peel->parts;
    bool hit = false;
    for (size_t i = 0; i < parts->n_parts; i++) {
        const struct bp_part *b = &parts->part[i];
        if (!is_only(b, level->l, BP_BIAS_SUM) || !bp_peel_biases_fit(peel, from->use, level->l, b))
            continue;
        for (size_t j = 0; j < parts->n_parts; j++) {
            const struct bp_part *w = &parts->part[j];
            struct bp_fit fit[2];
            if (!is_only(w, level->l, BP_OUTER_PRODUCT))
                continue;
            bp_peel_hear(peel, from->use, level->l, w, b, fit);
            if (speaks(&fit[0]) && agree(fit)) {
                accept(level, from, (const struct bp_part *[4]){one, two, w, b}, fit, BP_EXPLAINED,
                       from->use);
                hit = true;
            }
        }
    }
    return hit;
}

/* A part of the delta that is of dW or db too. */
static bool is_mixed(const struct bp_part *part)
{
    return part != NULL && (part->slots & (unsigned)BP_BLOCK_SLOTS) != 0;
}

/* What the two witnesses say of the delta that stages one and two (or none) give;
 * true when it is borne out. */
static bool consider(struct bp_peel_level *level, const struct bp_peel_state *from,
                     const struct bp_part *one, const struct bp_part *two)
{
    struct bp_peel *peel = level->peel;
    struct bp_fit none[2];
    if (!bp_peel_delta(peel, from->use, level->l, one, two))
        return false;
    if (two != NULL && !level->all && !bp_peel_biases_fit(peel, from->use, level->l, NULL))
        return false;
    const bool mixed = is_mixed(one) || is_mixed(two);
    bp_peel_hear(peel, from->use, level->l, one, two, none);
    const struct bp_part *parts[4] = {one, two, NULL, NULL};
    if (agree(none) || (one == NULL && fits(&none[0]) && fits(&none[1]))) {
        accept(level, from, parts, none, BP_EXPLAINED, from->use);
        return true;
    }
    if (fits(&none[0]) && fits(&none[1])) {
        /* nothing can be said here: what comes below may bear it out */
        if (!is_silent(none))
            return false;
        accept(level, from, parts, none, BP_EXPLAINED, from->use);
        return true;
    }
    if (mixed || (two != NULL && !level->all))
        return false;
    bool hit = false;
    for (size_t i = 0; i < peel->parts->n_parts; i++) {
        struct bp_fit fit[2];
        parts[2] = &peel->parts->part[i];
        /* one tensor that does not fit is not mended by a fault of the other */
        if (!bp_part_is_block(parts[2], level->l) ||
            (is_only(parts[2], level->l, BP_OUTER_PRODUCT) && !fits(&none[1])) ||
            (is_only(parts[2], level->l, BP_BIAS_SUM) && !fits(&none[0])))
            continue;
        bp_peel_hear(peel, from->use, level->l, parts[2], NULL, fit);
        if (agree(fit)) {
            accept(level, from, parts, fit, BP_EXPLAINED, from->use);
            hit = true;
        }
    }
    if (!hit)
        hit = hear_two(level, from, one, two);
    if (!hit && (speaks(&none[0]) || speaks(&none[1]))) {
        parts[2] = NULL;
        accept(level, from, parts, none,
               speaks(&none[0]) ? BP_BIASES_UNEXPLAINED : BP_WEIGHTS_UNEXPLAINED, from->use);
    }
    return hit;
}

/* ---- one layer ------------------------------------------------------------- */

static bool consider_singles(struct bp_peel_level *level, const struct bp_peel_state *from,
                             bool neurons)
{
    const struct bp_parts *parts = level->peel->parts;
    bool hit = false;
    for (size_t i = 0; i < parts->n_parts; i++) {
        const struct bp_part *part = &parts->part[i];
        if (bp_part_is_delta(part, level->l) && bp_part_is_neuron(part) == neurons)
            hit = consider(level, from, part, NULL) || hit;
    }
    return hit;
}

/* Two stages of the delta, or one of them and a neuron's. */
static bool consider_pairs(struct bp_peel_level *level, const struct bp_peel_state *from,
                           bool neurons)
{
    const struct bp_parts *parts = level->peel->parts;
    bool hit = false;
    for (size_t i = 0; i < parts->n_parts; i++) {
        const struct bp_part *one = &parts->part[i];
        if (!bp_part_is_delta(one, level->l) || bp_part_is_neuron(one))
            continue;
        for (size_t j = neurons ? 0 : i + 1; j < parts->n_parts; j++) {
            const struct bp_part *two = &parts->part[j];
            if (bp_part_is_delta(two, level->l) && bp_part_is_neuron(two) == neurons &&
                (one->slots & two->slots) == 0)
                hit = (!bp_peel_tired(level->peel) && consider(level, from, one, two)) || hit;
        }
    }
    return hit;
}

/* Says so, and goes on with what can be recovered of delta, or else with what
 * delta should be. */
static void give_up(struct bp_peel_level *level, const struct bp_peel_state *from)
{
    struct bp_peel *peel = level->peel;
    const struct bp_part *none[4] = {NULL, NULL, NULL, NULL};
    const struct bp_fit unknown[2] = {{.kind = BP_FIT_NONE}, {.kind = BP_FIT_NONE}};
    const unsigned use = bp_peel_recover(peel, from->use, level->l);
    if (use != 0) {
        accept(level, from, none, unknown, BP_DELTA_UNEXPLAINED, use);
        return;
    }
    if (bp_peel_delta(peel, from->use, level->l, NULL, NULL))
        accept(level, from, none, unknown, BP_LAYER_UNEXPLAINED, from->use);
}

/* The delta as it should be, borne out by both tensors, with one multiple. */
static bool is_plain(const struct bp_peel_level *level, const struct bp_peel_state *from)
{
    struct bp_fit fit[2];
    const struct bp_predictor *p = level->peel->p;
    bp_peel_hear(level->peel, from->use, level->l, NULL, NULL, fit);
    return agree(fit) && ratio_cost(level, from, fit) == 0.0 && (fit[0].kind == BP_FIT_RATIO) &&
           p->net->tensor[p->net->weights[level->l]].count > 2;
}

void bp_peel_expand(struct bp_peel_level *level, const struct bp_peel_state *from)
{
    if (from->cost > level->explained + HOPELESS)
        return;
    level->own = INFINITY;
    load(level->peel, from, level->l);
    const bool right = consider(level, from, NULL, NULL);
    if (right && bp_peel_delta(level->peel, from->use, level->l, NULL, NULL) &&
        is_plain(level, from))
        return;
    if (bp_peel_tired(level->peel)) {
        if (!right)
            give_up(level, from);
        return;
    }
    bool hit = consider_singles(level, from, false) || right;
    if (!hit)
        hit = consider_singles(level, from, true);
    if (level->thorough && !(level->own <= from->cost + COST_OF_TWO) &&
        !bp_peel_tired(level->peel)) {
        hit = consider_pairs(level, from, false) || hit;
        if (!hit && level->peel->p->net->spec.layer[level->l].width <= 16)
            hit = consider_pairs(level, from, true);
        level->all = !hit && level->next->n < LAST_RESORT;
        if (level->all)
            hit = consider_pairs(level, from, false);
        level->all = false;
    }
    if (!hit)
        give_up(level, from);
}
