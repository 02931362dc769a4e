/* peel_story.c -- see peel_story.h, and bp_story_distance() in peel.h. */
#include "diag/peel_story.h"

#include "core/mem.h"

#include <math.h>
#include <string.h>

/* ---- merging --------------------------------------------------------------- */

static const double COST_OF_THE_UNEXPLAINED = 16.0;
static const double COST_OF_AN_ODD_PLACE = 1.0; /* where the catalogue knows none */

static bool same_kind(const struct bp_hypothesis *a, const struct bp_hypothesis *b)
{
    return a->fault == b->fault && a->variant == b->variant && a->neuron == b->neuron;
}

static bool is_everywhere(const struct bp_hypothesis *h)
{
    return h->layer == BP_ALL_LAYERS || h->layer == BP_HIDDEN_LAYERS;
}

static bool has_part_at(const struct bp_story *story, const struct bp_hypothesis *h, size_t layer)
{
    for (size_t i = 0; i < story->n_parts; i++)
        if (same_kind(&story->part[i], h) && story->part[i].layer == layer)
            return true;
    return false;
}

/* Whether the story has h's stages at exactly the layers that h would. */
static bool covers(const struct bp_story *story, const struct bp_hypothesis *h,
                   const struct bp_setting *setting)
{
    for (size_t l = 1; l <= setting->net->spec.layers; l++)
        if (bp_fault_applies(h, setting, l) != has_part_at(story, h, l))
            return false;
    return true;
}

static void tell(struct bp_story *story, const struct bp_hypothesis *h, double extra)
{
    if (story->n == BP_STORY_MAX)
        return;
    story->h[story->n++] = *h;
    story->cost += BP_COST_OF_A_FAULT + h->cost + extra;
}

/* Part i as the catalogue has it at its own layer. */
static void tell_part(struct bp_story *story, size_t i, const struct bp_hypothesis *list, size_t n)
{
    const struct bp_hypothesis *part = &story->part[i];
    for (size_t k = 0; k < n; k++)
        if (same_kind(&list[k], part) && list[k].layer == part->layer) {
            tell(story, &list[k], 0.0);
            return;
        }
    tell(story, part, COST_OF_AN_ODD_PLACE);
}

void bp_story_merge(struct bp_story *story, const struct bp_setting *setting,
                    const struct bp_hypothesis *list, size_t n)
{
    bool told[BP_STORY_MAX] = {false};
    story->n = 0;
    story->cost = COST_OF_THE_UNEXPLAINED * (double)story->n_unexplained;
    for (size_t i = 0; i < story->n_parts; i++) {
        for (size_t k = 0; k < n && !told[i]; k++) {
            if (!same_kind(&list[k], &story->part[i]) || !is_everywhere(&list[k]) ||
                !covers(story, &list[k], setting))
                continue;
            tell(story, &list[k], 0.0);
            for (size_t j = i; j < story->n_parts; j++)
                told[j] = told[j] || same_kind(&story->part[j], &list[k]);
        }
        if (!told[i])
            tell_part(story, i, list, n);
    }
    for (size_t i = 0; i < story->n_factors; i++)
        tell(story, &story->factor[i], story->free_factor[i] ? BP_COST_OF_ANY_FACTOR : 0.0);
    if (story->world.fault != NULL)
        tell(story, &story->world, 0.0);
}

/* ---- predicting ------------------------------------------------------------ */

struct telling {
    struct bp_predictor *p;
    const struct bp_setting *setting;
    struct bp_ops *ops, *one; /* the story's tables; those of one hypothesis */
    double *pattern;          /* n_tensors */
    double *offset;           /* n_theta */
};

static bool differs(const struct bp_stage *a, const struct bp_stage *b)
{
    return a->run != b->run || a->params != b->params;
}

/* What is replaced at layer l in the one into the story's; false when something
 * there is replaced already. */
static bool merge_stages(const struct telling *t, size_t l)
{
    bool free = true;
    for (size_t slot = 0; slot < BP_SLOTS; slot++) {
        const struct bp_stage *base = &t->p->base[l].stage[slot];
        if (!differs(&t->one[l].stage[slot], base))
            continue;
        free = free && !differs(&t->ops[l].stage[slot], base);
        t->ops[l].stage[slot] = t->one[l].stage[slot];
    }
    return free;
}

static void plant_slots(const struct telling *t, const struct bp_hypothesis *part)
{
    memcpy(t->one, t->p->base, (t->p->net->spec.layers + 1) * sizeof *t->one);
    part->fault->plant(part, part->layer, t->one);
    (void)merge_stages(t, part->layer);
}

static void multiply(const struct telling *t, double *out, bool is_free, double size)
{
    for (size_t i = 0; i < t->p->net->n_tensors; i++) {
        const struct bp_tensor *tensor = &t->p->net->tensor[i];
        double c = t->pattern[i];
        if (is_free && c != 1.0)
            c = size;
        for (size_t j = tensor->offset; j < tensor->offset + tensor->count; j++)
            out[j] = c == 0.0 ? 0.0 : c * out[j];
    }
}

static void apply_pattern(const struct telling *t, const struct bp_hypothesis *h, size_t k,
                          bool is_free, double *out)
{
    struct bp_hypothesis planted = *h;
    if (is_free)
        planted.factor = 2.0;
    memcpy(t->one, t->p->base, (t->p->net->spec.layers + 1) * sizeof *t->one);
    bp_fault_plant(&planted, t->setting, t->one);
    bool forward;
    const size_t top = bp_predictor_top(t->p, t->one, &forward);
    (void)bp_factor_pattern(t->p, k, t->one, top, t->pattern, t->offset);
    multiply(t, out, is_free, h->factor);
}

/* Layers above a later hypothesis' top must be right again. */
static void predict_by_patterns(const struct telling *t, const struct bp_story *story, size_t k,
                                double *out)
{
    struct bp_predictor *p = t->p;
    const size_t layers = p->net->spec.layers;
    const size_t n_theta = p->net->n_theta;
    memcpy(t->ops, p->base, (layers + 1) * sizeof *t->ops);
    for (size_t i = 0; i < story->n_parts; i++)
        plant_slots(t, &story->part[i]);
    bp_predictor_run(p, k, t->ops, layers);
    memcpy(out, p->grad[k], n_theta * sizeof *out);
    (void)bp_factor_pattern(p, k, p->base, 0, t->pattern, t->offset);
    for (size_t j = 0; j < n_theta; j++)
        out[j] -= t->offset[j];
    bp_predictor_run(p, k, p->base, layers);
    for (size_t i = 0; i < story->n_factors; i++) {
        apply_pattern(t, &story->factor[i], k, story->free_factor[i], out);
        bp_predictor_run(p, k, p->base, layers);
    }
    if (story->world.fault != NULL)
        apply_pattern(t, &story->world, k, false, out);
    else
        (void)bp_factor_pattern(p, k, p->base, 0, t->pattern, t->offset);
    for (size_t j = 0; j < n_theta; j++)
        out[j] += t->offset[j];
    bp_predictor_run(p, k, p->base, layers);
}

/* All of it planted at once; false when two of it replace the same stage. */
static bool plant_all(const struct telling *t, const struct bp_story *story)
{
    const size_t layers = t->p->net->spec.layers;
    const struct bp_hypothesis *h[BP_STORY_MAX + BP_FACTORS_MAX + 1];
    size_t n = 0;
    for (size_t i = 0; i < story->n_parts; i++)
        h[n++] = &story->part[i];
    for (size_t i = 0; i < story->n_factors; i++)
        h[n++] = &story->factor[i];
    if (story->world.fault != NULL)
        h[n++] = &story->world;
    memcpy(t->ops, t->p->base, (layers + 1) * sizeof *t->ops);
    for (size_t i = 0; i < n; i++) {
        memcpy(t->one, t->p->base, (layers + 1) * sizeof *t->one);
        if (i < story->n_parts)
            h[i]->fault->plant(h[i], h[i]->layer, t->one);
        else
            bp_fault_plant(h[i], t->setting, t->one);
        for (size_t l = 1; l <= layers; l++)
            if (!merge_stages(t, l))
                return false;
    }
    return true;
}

/* Stage by stage where that can be; else factors are multiplied in afterwards. */
static void predict(const struct telling *t, const struct bp_story *story, size_t k, double *out)
{
    struct bp_predictor *p = t->p;
    if (!plant_all(t, story)) {
        predict_by_patterns(t, story, k, out);
        return;
    }
    bp_predictor_run(p, k, t->ops, p->net->spec.layers);
    memcpy(out, p->grad[k], p->net->n_theta * sizeof *out);
    bp_predictor_run(p, k, p->base, p->net->spec.layers);
}

static enum bp_status open_telling(struct telling *t, struct bp_predictor *p,
                                   const struct bp_setting *setting)
{
    const size_t slots = p->net->spec.layers + 1;
    *t = (struct telling){.p = p, .setting = setting};
    t->ops = bp_mem_new(2 * slots, sizeof *t->ops);
    t->pattern = bp_mem_new(p->net->n_tensors + p->net->n_theta, sizeof *t->pattern);
    if (t->ops == NULL || t->pattern == NULL) {
        bp_mem_free(t->ops);
        bp_mem_free(t->pattern);
        return BP_ENOMEM;
    }
    t->one = t->ops + slots;
    t->offset = t->pattern + p->net->n_tensors;
    return BP_OK;
}

static void close_telling(struct telling *t)
{
    bp_mem_free(t->ops);
    bp_mem_free(t->pattern);
}

enum bp_status bp_story_distance(const struct bp_story *story, struct bp_predictor *p,
                                 const struct bp_setting *setting, double *distance)
{
    double *out = bp_mem_new(p->net->n_theta, sizeof *out);
    struct telling t;
    if (out == NULL || open_telling(&t, p, setting) != BP_OK) {
        bp_mem_free(out);
        return BP_ENOMEM;
    }
    *distance = 0.0;
    for (size_t k = 0; k < p->n; k++) {
        predict(&t, story, k, out);
        for (size_t i = 0; i < p->net->n_tensors; i++) {
            const double d = bp_predictor_between(p, k, i, out, p->probe[k].g);
            *distance = d > *distance ? d : *distance;
        }
    }
    close_telling(&t);
    bp_mem_free(out);
    return BP_OK;
}
