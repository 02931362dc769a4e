/* peel_part.c -- see peel_part.h. */
#include "diag/peel_part.h"

#include "core/mem.h"
#include "diag/peel_fit.h"

#include <math.h>
#include <string.h>

/* ---- factors --------------------------------------------------------------- */

void bp_world_offset(struct bp_predictor *p, size_t k, const struct bp_ops *ops, double *offset)
{
    struct bp_pass *pass = &p->pass[k];
    double *scaled = pass->scaled;
    memset(scaled, 0, p->net->n_theta * sizeof *scaled);
    pass->ops = ops;
    for (size_t l = p->net->spec.layers; l >= 1; l--) {
        size_t count;
        const size_t block = bp_mlp_block(p->net, l, &count);
        const struct bp_stage *stage = &ops[l].stage[BP_REGULARISE];
        stage->run(pass, l, stage, offset + block);
    }
}

/* The c with claimed = c right, of one tensor; false when there is none. Where
 * the right one is zero, c is 1. */
static bool multiple(const struct bp_predictor *p, size_t k, size_t i, const double *claimed,
                     const double *offset, const double *right, const double *right_offset,
                     double *c)
{
    const struct bp_tensor *tensor = &p->net->tensor[i];
    double bb = 0.0;
    double uu = 0.0;
    double bu = 0.0;
    for (size_t j = tensor->offset; j < tensor->offset + tensor->count; j++) {
        const double b = right[j] - right_offset[j];
        const double u = claimed[j] - offset[j];
        bb += b * b;
        uu += u * u;
        bu += b * u;
    }
    const double noise = p->noise[k * p->net->n_tensors + i];
    *c = 1.0;
    if (sqrt(bb) <= noise)
        return sqrt(uu) <= noise;
    *c = bu / bb;
    double rest = 0.0;
    for (size_t j = tensor->offset; j < tensor->offset + tensor->count; j++) {
        const double d = claimed[j] - offset[j] - *c * (right[j] - right_offset[j]);
        rest += d * d;
    }
    if (sqrt(uu) <= noise * 1e-3)
        *c = 0.0;
    return sqrt(rest) <= 1e-9 * sqrt(uu) + noise;
}

bool bp_factor_pattern(struct bp_predictor *p, size_t k, const struct bp_ops *ops, size_t top,
                       double *pattern, double *offset)
{
    const struct bp_mlp *net = p->net;
    if (top > 0)
        bp_predictor_run(p, k, ops, net->spec.layers);
    bp_world_offset(p, k, ops, offset);
    double *right_offset = p->pass[k].next; /* not used by a backward pass */
    bp_world_offset(p, k, p->base, right_offset);
    bool factor = true;
    for (size_t i = 0; i < net->n_tensors; i++) {
        pattern[i] = 1.0;
        if (net->tensor[i].layer <= top && factor)
            factor = multiple(p, k, i, p->grad[k], offset, p->right[k], right_offset, &pattern[i]);
    }
    return factor;
}

/* ---- taking apart ---------------------------------------------------------- */

struct taking {
    struct bp_predictor *p;
    const struct bp_setting *setting;
    struct bp_parts *parts;
    struct bp_ops *ops;
    double *pattern;           /* [probe x n_tensors] */
    double *offset, *declared; /* [probe x n_theta] */
    double *free_pattern;      /* where the next pattern goes */
};

static size_t pattern_count(const struct taking *t)
{
    return t->p->n * t->p->net->n_tensors;
}

static void plant(const struct taking *t, const struct bp_hypothesis *h)
{
    memcpy(t->ops, t->p->base, (t->p->net->spec.layers + 1) * sizeof *t->ops);
    bp_fault_plant(h, t->setting, t->ops);
}

static unsigned slots_at(const struct taking *t, size_t l)
{
    unsigned slots = 0;
    for (unsigned slot = BP_LOSS_GRADIENT; slot < BP_UPDATE; slot++) {
        const struct bp_stage *a = &t->ops[l].stage[slot];
        const struct bp_stage *b = &t->p->base[l].stage[slot];
        if (a->run != b->run || a->params != b->params)
            slots |= 1u << slot;
    }
    return slots;
}

static unsigned slots_anywhere(const struct taking *t)
{
    unsigned slots = 0;
    for (size_t l = 1; l <= t->p->net->spec.layers; l++)
        slots |= slots_at(t, l);
    return slots;
}

/* Runs what is planted at every probe; false when it is no factor at some. */
static bool take_pattern(struct taking *t, size_t top, double *pattern, double *offset)
{
    struct bp_predictor *p = t->p;
    bool factor = true;
    for (size_t k = 0; k < p->n && factor; k++)
        factor = bp_factor_pattern(p, k, t->ops, top, pattern + k * p->net->n_tensors,
                                   offset + k * p->net->n_theta);
    return factor;
}

/* Each tensor's multiples go over the probes as scale factors may. */
static bool is_scale(const struct taking *t, const double *pattern)
{
    const struct bp_predictor *p = t->p;
    bool seen[BP_PROBES_MAX];
    double ratio[BP_PROBES_MAX];
    for (size_t i = 0; i < p->net->n_tensors; i++) {
        for (size_t k = 0; k < p->n; k++) {
            ratio[k] = pattern[k * p->net->n_tensors + i];
            seen[k] = true;
        }
        if (!bp_fit_is_plausible(ratio, seen, p->probe, p->n, 1e-9))
            return false;
    }
    return true;
}

static bool close_to(const double *a, const double *b, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (!(fabs(a[k] - b[k]) <= 1e-9 * (fabs(a[k]) + fabs(b[k]))))
            return false;
    return true;
}

static bool all_one(const double *pattern, size_t n)
{
    for (size_t k = 0; k < n; k++)
        if (!(fabs(pattern[k] - 1.0) <= 1e-9))
            return false;
    return true;
}

static double *keep_pattern(struct taking *t, const double *pattern)
{
    double *kept = t->free_pattern;
    memcpy(kept, pattern, pattern_count(t) * sizeof *kept);
    t->free_pattern += pattern_count(t);
    return kept;
}

static void add_factor(struct taking *t, const struct bp_hypothesis *h, bool is_free)
{
    struct bp_parts *parts = t->parts;
    if (all_one(t->pattern, pattern_count(t)))
        return;
    for (size_t f = 0; f < parts->n_factors; f++)
        if (parts->factor[f].free == is_free &&
            close_to(parts->factor[f].pattern, t->pattern, pattern_count(t)))
            return;
    parts->factor[parts->n_factors++] =
        (struct bp_factor){.h = *h, .pattern = keep_pattern(t, t->pattern), .free = is_free};
}

static struct bp_world *add_world(struct taking *t, const struct bp_hypothesis *h)
{
    struct bp_world *world = &t->parts->world[t->parts->n_worlds++];
    *world = (struct bp_world){.pattern = keep_pattern(t, t->pattern)};
    if (h != NULL)
        world->h = *h;
    return world;
}

static bool has_part(const struct bp_parts *parts, const struct bp_hypothesis *h, size_t layer)
{
    for (size_t i = 0; i < parts->n_parts; i++) {
        const struct bp_hypothesis *other = &parts->part[i].h;
        if (other->fault == h->fault && other->variant == h->variant &&
            other->neuron == h->neuron && other->layer == layer)
            return true;
    }
    return false;
}

static void add_parts(struct taking *t, const struct bp_hypothesis *h)
{
    for (size_t l = 1; l <= t->p->net->spec.layers; l++) {
        const unsigned slots = slots_at(t, l);
        if (slots == 0 || has_part(t->parts, h, l))
            continue;
        struct bp_part *part = &t->parts->part[t->parts->n_parts++];
        part->h = *h;
        part->h.layer = l;
        part->slots = slots;
    }
}

/* Whether any of what the data do not claim is other than declared. */
static bool other_world(const struct taking *t)
{
    const size_t count = t->p->n * t->p->net->n_theta;
    for (size_t j = 0; j < count; j++)
        if (!(fabs(t->offset[j] - t->declared[j]) <=
              1e-12 * (fabs(t->offset[j]) + fabs(t->declared[j]))))
            return true;
    return false;
}

/* A factor that is solved for: its pattern is that at 2. */
static void take_solved(struct taking *t, const struct bp_hypothesis *given, size_t top)
{
    struct bp_hypothesis h = *given;
    h.factor = 2.0;
    plant(t, &h);
    if (!take_pattern(t, top, t->pattern, t->offset))
        return;
    if (!other_world(t)) {
        add_factor(t, given, true);
        return;
    }
    struct bp_world *world = add_world(t, given);
    world->free = true;
    world->whole = !all_one(t->pattern, pattern_count(t));
}

/* Nothing is left of the right sums; of others, from a wrong delta, there may be
 * (sums cut to whole numbers). */
static bool may_be_more(const struct taking *t)
{
    for (size_t j = 0; j < pattern_count(t); j++)
        if (t->pattern[j] == 0.0)
            return slots_anywhere(t) == 1u << BP_BIAS_SUM;
    return false;
}

static void take(struct taking *t, const struct bp_hypothesis *h)
{
    plant(t, h);
    bool forward;
    const size_t top = bp_predictor_top(t->p, t->ops, &forward);
    if (forward || top == 0)
        return;
    if (h->fault->solved) {
        take_solved(t, h, top);
    } else if (h->neuron == BP_NO_NEURON && take_pattern(t, top, t->pattern, t->offset) &&
               is_scale(t, t->pattern)) {
        if (other_world(t))
            add_world(t, h);
        else
            add_factor(t, h, false);
        if (!other_world(t) && may_be_more(t))
            add_parts(t, h);
    } else if ((slots_anywhere(t) & 1u << BP_REGULARISE) == 0) {
        add_parts(t, h);
    }
}

/* The stages of parts point at the parts' own hypotheses, which stay in place. */
static void plant_parts(struct taking *t)
{
    for (size_t i = 0; i < t->parts->n_parts; i++) {
        struct bp_part *part = &t->parts->part[i];
        memcpy(t->ops, t->p->base, (t->p->net->spec.layers + 1) * sizeof *t->ops);
        part->h.fault->plant(&part->h, part->h.layer, t->ops);
        part->ops = t->ops[part->h.layer];
    }
}

static enum bp_status make_room(struct taking *t, size_t n)
{
    const struct bp_mlp *net = t->p->net;
    const size_t theta = t->p->n * net->n_theta;
    const size_t patterns = pattern_count(t) * (n + 1);
    struct bp_parts *parts = t->parts;
    t->ops = bp_mem_new(net->spec.layers + 1, sizeof *t->ops);
    t->pattern = bp_mem_new(pattern_count(t) + 2 * theta, sizeof *t->pattern);
    parts->part = bp_mem_new(n * net->spec.layers + 1, sizeof *parts->part);
    parts->factor = bp_mem_new(n + 1, sizeof *parts->factor);
    parts->world = bp_mem_new(n + 1, sizeof *parts->world);
    parts->block = bp_mem_new(patterns, sizeof *parts->block);
    if (t->ops == NULL || t->pattern == NULL || parts->part == NULL || parts->factor == NULL ||
        parts->world == NULL || parts->block == NULL)
        return BP_ENOMEM;
    t->offset = t->pattern + pattern_count(t);
    t->declared = t->offset + theta;
    t->free_pattern = parts->block;
    return BP_OK;
}

enum bp_status bp_parts_init(struct bp_parts *parts, struct bp_predictor *p,
                             const struct bp_setting *setting, const struct bp_hypothesis *list,
                             size_t n)
{
    *parts = (struct bp_parts){0};
    struct taking t = {.p = p, .setting = setting, .parts = parts};
    const enum bp_status status = make_room(&t, n);
    if (status == BP_OK) {
        memcpy(t.ops, p->base, (p->net->spec.layers + 1) * sizeof *t.ops);
        (void)take_pattern(&t, p->net->spec.layers, t.pattern, t.offset);
        add_world(&t, NULL);
        memcpy(t.declared, t.offset, p->n * p->net->n_theta * sizeof *t.declared);
        for (size_t i = 0; i < n; i++)
            take(&t, &list[i]);
        plant_parts(&t);
    } else {
        bp_parts_release(parts);
    }
    bp_mem_free(t.ops);
    bp_mem_free(t.pattern);
    return status;
}

void bp_parts_release(struct bp_parts *parts)
{
    bp_mem_free(parts->part);
    bp_mem_free(parts->factor);
    bp_mem_free(parts->world);
    bp_mem_free(parts->block);
    *parts = (struct bp_parts){0};
}

bool bp_part_is_delta(const struct bp_part *part, size_t l)
{
    return part->h.layer == l && (part->slots & (unsigned)BP_DELTA_SLOTS) != 0 &&
           (part->slots & ~(unsigned)(BP_DELTA_SLOTS | BP_BLOCK_SLOTS)) == 0;
}

bool bp_part_is_block(const struct bp_part *part, size_t l)
{
    return part->h.layer == l && (part->slots & ~(unsigned)BP_BLOCK_SLOTS) == 0;
}

bool bp_part_is_neuron(const struct bp_part *part)
{
    return part->h.neuron != BP_NO_NEURON;
}
