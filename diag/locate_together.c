/* locate_together.c -- one wrong entry, whatever tensor it is in: found by moving all of
 * theta at once, so that its cost does not grow with the number of tensors.
 *
 *     d_k = +-(1/2 .. 3/2) u_T, T the tensor that k is in
 *
 * where u_T makes every tensor's share of |g d| alike: none swamps another. Where R(d)
 * fails, the digits of the one wrong entry's number in theta are asked for
 * (locate_decode.c), and it is confirmed by itself. Then all of theta moves once more,
 * along other signs, with what that entry leaves taken out: only when that agrees is the
 * search over. A tensor counts as right then when an average entry of it that is off by
 * half would have shown; one in which it would not is probed by itself.
 *
 * Nothing found here says that a gradient is right: where nothing fails, where several
 * entries are wrong, or corners are in the way, each tensor is probed along a direction of
 * its own as if this had not been.
 *
 * Cost: 6 evaluations where all is right and the first step does, 18 at most. For one
 * wrong entry 6 to 18, 4 to 18 for its digits, 6 to confirm it, 6 along the other signs.
 */
#include "diag/locate_search.h"

#include "core/mem.h"

#include <math.h>

enum { TURNS = 3, FEW = 12, MORE = 18, SPREAD = 32 };

struct together {
    struct bp_locate *locate;
    struct bp_prober *p;
    struct bp_region all;
    uint64_t *side;  /* of the prober, which looks for corners without it at times */
    double *unit;    /* owned, by tensor: u_T; */
    double *length;  /* |g|; */
    double *average; /* |g d| of an average entry */
    double least;    /* of those, that are not 0 */
    double precise;  /* an error that is good enough, in parts of least */
    bool corners;    /* there may be some */
    struct bp_residual r;
};

/* ---- all of theta as one tensor ---------------------------------------------- */

static bool is_finite(const struct together *all)
{
    bool finite = true;
    for (size_t k = 0; k < all->locate->n_theta; k++)
        finite = finite && isfinite(all->p->g[k]);
    return finite;
}

static double length_of(const struct together *all, const struct bp_located_tensor *tensor)
{
    double squares = 0.0;
    for (size_t k = tensor->first; k < tensor->first + tensor->rows * tensor->cols; k++)
        squares += all->p->g[k] * all->p->g[k];
    return all->p->scale * sqrt(squares);
}

/* The share of |g d| that every tensor is to have: the smallest one's at its first step.
 * A black box's first steps are guesses, too small for weights by about 2^6 and right for
 * biases, which have the largest share: 2^-4 of that. */
static double share_of(const struct together *all, bool guessed)
{
    double share = guessed ? 0.0 : INFINITY;
    for (size_t t = 0; t < all->locate->n_tensors; t++) {
        const double own = all->unit[t] * all->length[t];
        if (own > 0.0)
            share = guessed ? fmax(share, 0x1p-4 * own) : fmin(share, own);
    }
    return share;
}

static void even_out(struct together *all)
{
    const bool guessed = all->p->eval.at->net == NULL;
    const double share = share_of(all, guessed), most = guessed ? SPREAD * SPREAD : 1.0;
    for (size_t t = 0; t < all->locate->n_tensors; t++) {
        const double own = all->unit[t] * all->length[t];
        if (own > 0.0)
            all->unit[t] *= fmin(fmax(share / own, 1.0 / SPREAD), most);
    }
}

/* One vector holds many tensors: its first step is as if each had sqrt(n) columns. */
static void widen(struct together *all)
{
    int exponent;
    frexp(sqrt(sqrt((double)all->locate->n_theta)), &exponent);
    all->unit[0] = ldexp(all->unit[0], exponent);
}

/* The base in which n has three digits. */
static size_t base_of(size_t n)
{
    size_t base = 2;
    while (base * base * base < n)
        base++;
    return base;
}

static void measure(struct together *all)
{
    for (size_t t = 0; t < all->locate->n_tensors; t++) {
        const struct bp_located_tensor *tensor = &all->p->tensor[t];
        const struct bp_region region = {t, 0, tensor->rows, 0, tensor->cols};
        all->unit[t] = bp_probe_first(all->p, &region);
        all->length[t] = length_of(all, tensor);
    }
    if (all->locate->n_tensors > 1)
        even_out(all);
    else
        widen(all);
    for (size_t t = 0; t < all->locate->n_tensors; t++) {
        const struct bp_located_tensor *tensor = &all->p->tensor[t];
        all->average[t] =
            all->unit[t] * all->length[t] / sqrt((double)tensor->rows * (double)tensor->cols);
        if (all->average[t] > 0.0)
            all->least = fmin(all->least, all->average[t]);
    }
    all->p->unit = all->unit;
    all->precise = 1e-4 / (double)base_of(all->locate->n_theta);
}

/* ---- corners ------------------------------------------------------------------- */

static bool may_have_corners(const struct bp_locate *locate)
{
    const struct bp_mlp *net = locate->net;
    for (size_t l = 1; net != NULL && l <= net->spec.layers; l++)
        if (bp_activation_has_kink(net->spec.layer[l].activation))
            return true;
    return net == NULL;
}

/* Where signs of z cannot say, a corner is what the second difference holds beyond the
 * rest: much beyond it where it is not known that there are any. */
static bool has_corner(const struct together *all, const struct bp_residual *r)
{
    const double much = all->locate->net == NULL ? 4.0 : 1.0;
    return r->kink || (all->corners && all->side == NULL && r->crease > 4.0 * r->rounding &&
                       r->crease > much * r->truncation[1]);
}

static void take_error(const struct together *all, struct bp_residual *r)
{
    const double may_round = r->tolerance - 10.0 * r->error;
    r->error = bp_residual_error(r, 2) + (has_corner(all, r) ? r->crease : 0.0);
    r->tolerance = 10.0 * r->error + may_round;
}

/* ---- the entry ------------------------------------------------------------------ */

/* Evaluations that it takes to decode what failed; SIZE_MAX where nothing did, or noise
 * is in the way. */
static size_t cost_of(const struct together *all)
{
    const struct bp_decode decode = {all->locate, all->p, all->all, all->r.value, &all->r};
    size_t cost = SIZE_MAX;
    if (bp_residual_fails(&all->r))
        bp_decode_levels(&decode, 1, &cost);
    return cost;
}

static size_t tensor_of(const struct together *all, size_t k)
{
    size_t t = 0;
    while (t + 1 < all->locate->n_tensors && k >= all->p->tensor[t + 1].first)
        t++;
    return t;
}

/* A corner that only the digits' directions cross spoils a digit: no more steps for it. */
static enum bp_status name_entry(struct together *all, bool *found, struct bp_error *error)
{
    const struct bp_decode decode = {all->locate, all->p, all->all, all->r.value, &all->r};
    size_t k;
    all->p->spent = &all->locate->locating;
    all->p->side = NULL;
    const enum bp_status status = bp_decode_run(&decode, 1, &k, found, error);
    all->p->side = all->side;
    if (status != BP_OK || !*found)
        return status;
    const size_t t = tensor_of(all, k);
    return bp_entry_confirm(all->locate, all->p, t, k - all->p->tensor[t].first,
                            all->r.step * all->unit[t], found, error);
}

/* Along other signs, without what the named entry leaves: is that all? Once more at a
 * smaller step where there is a corner on the way. */
static enum bp_status look_again(struct together *all, bool *agrees, struct bp_error *error)
{
    const struct bp_digit none = {1, 1, 0};
    const struct bp_wrong_entry *wrong = &all->locate->wrong[0];
    double h = all->r.step;
    enum bp_status status = BP_OK;
    all->p->seed++;
    all->p->spent = &all->locate->confirming;
    const double d = bp_prober_direction(all->p, all->all.tensor, wrong->k);
    for (int turns = all->corners ? 2 : 1; turns > 0 && status == BP_OK && !*agrees; turns--) {
        status = bp_probe_three(all->p, &all->all, h, &all->r, error);
        take_error(all, &all->r);
        all->r.value -= bp_decode_known(all->locate, all->p, &all->all, none);
        all->r.tolerance += wrong->tolerance * fabs(d);
        *agrees = !bp_residual_fails(&all->r) && !all->r.kink &&
                  (turns == 1 || !has_corner(all, &all->r));
        h *= 0x1p-3;
    }
    all->p->seed--;
    return status;
}

static enum bp_status explain(struct together *all, bool *explained, struct bp_error *error)
{
    bool found = false;
    enum bp_status status = name_entry(all, &found, error);
    if (status == BP_OK && found)
        status = look_again(all, explained, error);
    if (!*explained)
        all->locate->n_wrong = 0;
    all->p->spent = &all->locate->detecting;
    return status;
}

/* ---- the step ------------------------------------------------------------------- */

/* Of thousands of units with a corner each some are near: a step that passes none is small. */
static bool has_corners_for_sure(const struct together *all)
{
    return all->corners && all->locate->net != NULL;
}

static double first_step(const struct together *all)
{
    return has_corners_for_sure(all) ? 0x1p-7 : 1.0;
}

static double past_corners(const struct together *all, int turn)
{
    return turn == 1 && !has_corners_for_sure(all) ? 0x1p-7 : 0x1p-3;
}

/* What seems to be truncation below the rounding may be noise: a larger step shows. */
static double next_step(const struct together *all, int turn)
{
    const struct bp_residual *r = &all->r;
    if (has_corner(all, r))
        return past_corners(all, turn);
    if (has_corners_for_sure(all))
        return fmin(bp_residual_better_by(r), 1.0);
    return turn == 1 && r->truncation[1] < r->rounding ? 16.0 : bp_residual_better_by(r);
}

/* Evaluations that decoding may take here: more where no other step does better. */
static size_t worth(const struct together *all, bool precise, bool last)
{
    if (last)
        return SIZE_MAX - 1;
    return all->r.kink ? 0 : precise ? MORE : FEW;
}

/* Probes all of theta until a wrong entry has been named that explains what is wrong, or
 * one would have been seen. */
static enum bp_status look_for_one(struct together *all, bool *explained, struct bp_error *error)
{
    double h = first_step(all);
    for (int turn = 1; turn <= TURNS; turn++) {
        enum bp_status status = bp_probe_three(all->p, &all->all, h, &all->r, error);
        if (status != BP_OK)
            return status;
        take_error(all, &all->r);
        double by = next_step(all, turn);
        const size_t cost = cost_of(all);
        const bool precise = all->r.error <= all->precise * all->least;
        if (cost <= worth(all, precise, by == 1.0 || turn == TURNS)) {
            status = explain(all, explained, error);
            if (status != BP_OK || *explained || !all->corners)
                return status;
            by = past_corners(all, turn);
        } else if (cost == SIZE_MAX && (precise || by == 1.0))
            return BP_OK;
        h *= by;
    }
    return BP_OK;
}

/* ---- the verdicts --------------------------------------------------------------- */

static void judge(const struct together *all, size_t t, bool wrong)
{
    struct bp_located_tensor *tensor = &all->locate->tensor[t];
    tensor->not_finite_at = tensor->rows * tensor->cols;
    tensor->outcome = wrong ? BP_OUTCOME_DISAGREES : BP_OUTCOME_AGREES;
    tensor->slope = all->r.slope;
    tensor->residual = all->r.value;
    tensor->error = all->r.error;
    tensor->tolerance = all->r.tolerance;
    tensor->step = all->r.step * all->unit[t];
}

/* Another tensor's own probe may still fail: then this was not all. */
static enum bp_status conclude(struct together *all, bool *done, struct bp_error *error)
{
    const size_t wrong = all->locate->wrong[0].tensor;
    enum bp_status status = BP_OK;
    *done = true;
    for (size_t t = 0; t < all->locate->n_tensors && status == BP_OK && *done; t++)
        if (t == wrong || all->r.tolerance <= 0.5 * all->average[t])
            judge(all, t, t == wrong);
        else {
            struct bp_residual own;
            status = bp_locate_detect(all->locate, all->p, t, &own, error);
            *done = all->locate->tensor[t].outcome != BP_OUTCOME_DISAGREES;
        }
    if (!*done)
        all->locate->n_wrong = 0;
    return status;
}

static enum bp_status run(struct together *all, bool *done, struct bp_error *error)
{
    struct bp_prober *p = all->p;
    const bool had_corners = p->has_corners;
    bool explained = false;
    measure(all);
    p->has_corners = all->corners;
    p->spent = &all->locate->detecting;
    enum bp_status status = look_for_one(all, &explained, error);
    p->has_corners = had_corners;
    if (status == BP_OK && explained)
        status = conclude(all, done, error);
    p->unit = NULL;
    return status;
}

enum bp_status bp_locate_together(struct bp_locate *locate, struct bp_prober *prober, bool *done,
                                  struct bp_error *error)
{
    struct together all = {.locate = locate,
                           .p = prober,
                           .all = {locate->n_tensors, 0, 1, 0, locate->n_theta},
                           .side = prober->side,
                           .corners = may_have_corners(locate),
                           .least = INFINITY};
    *done = false;
    if (!is_finite(&all))
        return BP_OK;
    all.unit = bp_mem_new(3 * locate->n_tensors, sizeof *all.unit);
    if (all.unit == NULL)
        return BP_ENOMEM;
    all.length = all.unit + locate->n_tensors;
    all.average = all.length + locate->n_tensors;
    const enum bp_status status = run(&all, done, error);
    bp_mem_free(all.unit);
    return status;
}
