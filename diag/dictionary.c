/* dictionary.c -- see dictionary.h. */
#include "diag/dictionary.h"

#include "core/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a search carries along. */
struct search {
    struct bp_predictor *p;
    const struct bp_setting *setting;
    struct bp_ops *ops; /* [L + 1] */
    double *above;      /* [L + 1]: the right stages' distance over tensors of layers above l */
    double *one;        /* n_theta: a prediction at factor 1 */
    double limit;       /* nearest known not to match; INFINITY at first */
};

static void plant(const struct search *s, const struct bp_hypothesis *h)
{
    memcpy(s->ops, s->p->base, (s->p->net->spec.layers + 1) * sizeof *s->ops);
    bp_fault_plant(h, s->setting, s->ops);
}

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* The distance of layer l's tensors at probe k, and where the largest is. */
static double layer_distance(const struct bp_predictor *p, size_t k, size_t l,
                             struct bp_match *match)
{
    const size_t first = p->net->weights[l];
    const size_t end = p->net->spec.layer[l].has_bias ? first + 2 : first + 1;
    for (size_t i = first; i < end; i++) {
        const double distance = bp_predictor_distance(p, k, i);
        if (distance > match->distance) {
            match->distance = distance;
            match->tensor = i;
        }
    }
    return match->distance;
}

/* ---- the right stages ------------------------------------------------------ */

/* Predicts with base at every probe, so that all layers are right. */
static void run_right(struct bp_predictor *p)
{
    for (size_t k = 0; k < p->n; k++) {
        bp_predictor_rewind(p, k);
        bp_predictor_run(p, k, p->base, p->net->spec.layers);
    }
}

static double measure_right(struct search *s)
{
    const size_t layers = s->p->net->spec.layers;
    run_right(s->p);
    double so_far = 0.0;
    s->above[layers] = 0.0;
    for (size_t l = layers; l >= 1; l--) {
        struct bp_match match = {.distance = so_far};
        for (size_t k = 0; k < s->p->n; k++)
            so_far = layer_distance(s->p, k, l, &match);
        s->above[l - 1] = so_far;
    }
    return so_far;
}

/* ---- one hypothesis -------------------------------------------------------- */

/* Lowest layer first is no use: a layer needs those above. Stops where the
 * distance is beyond the limit. */
static void backward_distance(struct search *s, size_t top, struct bp_match *match)
{
    struct bp_predictor *p = s->p;
    match->distance = s->above[top];
    for (size_t k = 0; k < p->n; k++) {
        p->pass[k].ops = s->ops;
        p->backwards++;
        for (size_t l = top; l >= 1; l--) {
            bp_pass_backward_layer(&p->pass[k], l);
            if (layer_distance(p, k, l, match) > s->limit)
                return;
        }
    }
}

/* A hypothesis with forward stages must predict the outputs too. */
static void forward_distance(struct search *s, struct bp_match *match)
{
    struct bp_predictor *p = s->p;
    const size_t layers = p->net->spec.layers;
    match->distance = 0.0;
    for (size_t k = 0; k < p->n; k++) {
        bp_predictor_forward(p, k, s->ops);
        if (p->probe[k].predicted)
            match->forward = larger(match->forward, bp_predictor_output_distance(p, k));
        p->backwards++;
        for (size_t l = layers; l >= 1; l--) {
            bp_pass_backward_layer(&p->pass[k], l);
            (void)layer_distance(p, k, l, match);
        }
        bp_predictor_rewind(p, k);
    }
}

/* Adds to (num, den) what tensor i at probe k says of the factor, given the
 * predictions at factors 1 and 2: p(f) = p(1) + (f - 1) d, weighted so that each
 * tensor counts alike. */
static void add_tensor(const struct bp_predictor *p, size_t k, size_t i, const double *one,
                       double *num, double *den)
{
    const struct bp_tensor *tensor = &p->net->tensor[i];
    const double *u = p->probe[k].g;
    const double *two = p->grad[k];
    double ud = 0.0;
    double dd = 0.0;
    double uu = 0.0;
    for (size_t j = tensor->offset; j < tensor->offset + tensor->count; j++) {
        const double d = two[j] - one[j];
        ud += (u[j] - one[j]) * d;
        dd += d * d;
        uu += u[j] * u[j];
    }
    if (dd > 0.0 && uu > 0.0) {
        *num += ud / uu;
        *den += dd / uu;
    }
}

/* The factor that fits best; 1 where the hypothesis does not depend on it. */
static double solve_factor(struct search *s, struct bp_hypothesis *h, size_t top)
{
    struct bp_predictor *p = s->p;
    double num = 0.0;
    double den = 0.0;
    for (size_t k = 0; k < p->n; k++) {
        for (int factor = 1; factor <= 2; factor++) {
            h->factor = (double)factor;
            bp_predictor_run(p, k, s->ops, top);
            if (factor == 1)
                memcpy(s->one, p->grad[k], p->net->n_theta * sizeof *s->one);
        }
        for (size_t i = 0; i < p->net->n_tensors; i++)
            if (p->net->tensor[i].layer <= top)
                add_tensor(p, k, i, s->one, &num, &den);
    }
    return den > 0.0 ? 1.0 + num / den : 1.0;
}

/* match->h must stay where it is while the stages are planted. */
static void try_hypothesis(struct search *s, struct bp_match *match)
{
    plant(s, &match->h);
    bool forward;
    const size_t top = bp_predictor_top(s->p, s->ops, &forward);
    match->distance = 0.0;
    match->forward = 0.0;
    if (forward) {
        forward_distance(s, match);
        return;
    }
    if (s->above[top] > s->limit) {
        match->distance = s->above[top];
        return;
    }
    if (match->h.fault->solved)
        match->h.factor = solve_factor(s, &match->h, top);
    backward_distance(s, top, match);
}

static bool matches(const struct search *s, const struct bp_match *match)
{
    return match->distance <= s->p->tol && match->forward <= s->p->tol;
}

/* ---- all of them ----------------------------------------------------------- */

static void tear_down(struct search *s)
{
    bp_mem_free(s->ops);
    bp_mem_free(s->above);
    bp_mem_free(s->one);
}

static enum bp_status set_up(struct search *s, struct bp_predictor *p,
                             const struct bp_setting *setting)
{
    const size_t slots = p->net->spec.layers + 1;
    *s = (struct search){.p = p, .setting = setting, .limit = INFINITY};
    s->ops = bp_mem_new(slots, sizeof *s->ops);
    s->above = bp_mem_new(slots, sizeof *s->above);
    s->one = bp_mem_new(p->net->n_theta, sizeof *s->one);
    if (s->ops != NULL && s->above != NULL && s->one != NULL)
        return BP_OK;
    tear_down(s);
    return BP_ENOMEM;
}

static int cheaper(const void *a, const void *b)
{
    const struct bp_match *x = a;
    const struct bp_match *y = b;
    if (x->h.cost != y->h.cost)
        return x->h.cost < y->h.cost ? -1 : 1;
    return x->h.rank < y->h.rank ? -1 : x->h.rank > y->h.rank;
}

/* A hypothesis and the highest layer that it touches; forward ones are last. */
struct order {
    size_t index, top;
};

static int lower(const void *a, const void *b)
{
    const struct order *x = a;
    const struct order *y = b;
    if (x->top != y->top)
        return x->top < y->top ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

static void sort_by_top(const struct search *s, const struct bp_hypothesis *list, size_t n,
                        struct order *order)
{
    for (size_t i = 0; i < n; i++) {
        plant(s, &list[i]);
        bool forward;
        const size_t top = bp_predictor_top(s->p, s->ops, &forward);
        order[i] = (struct order){i, forward ? SIZE_MAX : top};
    }
    qsort(order, n, sizeof *order, lower);
}

static void keep(struct search *s, struct bp_dictionary *dictionary, const struct bp_match *match)
{
    if (matches(s, match)) {
        dictionary->match[dictionary->n++] = *match;
        return;
    }
    const double distance = larger(match->distance, match->forward);
    if (distance >= s->limit)
        return;
    s->limit = distance;
    dictionary->next = *match;
    dictionary->has_next = true;
}

enum bp_status bp_dictionary_search(struct bp_dictionary *dictionary, struct bp_predictor *p,
                                    const struct bp_setting *setting,
                                    const struct bp_hypothesis *list, size_t n)
{
    *dictionary = (struct bp_dictionary){.tried = n};
    struct search s;
    if (set_up(&s, p, setting) != BP_OK)
        return BP_ENOMEM;
    struct order *order = bp_mem_new(n, sizeof *order);
    dictionary->match = bp_mem_new(n, sizeof *dictionary->match);
    if (order == NULL || dictionary->match == NULL) {
        bp_mem_free(order);
        bp_dictionary_release(dictionary);
        tear_down(&s);
        return BP_ENOMEM;
    }
    sort_by_top(&s, list, n, order);
    dictionary->right = measure_right(&s);
    /* in this order the layers above a hypothesis are right when its turn comes */
    for (size_t i = 0; i < n; i++) {
        struct bp_match match = {.h = list[order[i].index]};
        try_hypothesis(&s, &match);
        keep(&s, dictionary, &match);
    }
    qsort(dictionary->match, dictionary->n, sizeof *dictionary->match, cheaper);
    run_right(p);
    bp_mem_free(order);
    tear_down(&s);
    return BP_OK;
}

void bp_dictionary_release(struct bp_dictionary *dictionary)
{
    bp_mem_free(dictionary->match);
    *dictionary = (struct bp_dictionary){0};
}

enum bp_status bp_dictionary_distance(struct bp_predictor *p, const struct bp_setting *setting,
                                      const struct bp_hypothesis *h, double *distance)
{
    struct search s;
    if (set_up(&s, p, setting) != BP_OK)
        return BP_ENOMEM;
    struct bp_match match = {.h = *h};
    plant(&s, &match.h);
    bool forward;
    const size_t top = bp_predictor_top(p, s.ops, &forward);
    (void)measure_right(&s);
    if (forward)
        forward_distance(&s, &match);
    else
        backward_distance(&s, top, &match);
    *distance = larger(match.distance, match.forward);
    run_right(p);
    tear_down(&s);
    return BP_OK;
}
