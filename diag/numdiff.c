/* numdiff.c -- the table of tiers, and the results' memory. See numdiff.h. */
#include "diag/numdiff.h"

#include "core/mem.h"
#include "diag/numdiff_eval.h"
#include "diag/numdiff_tiers.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* In order of preference: the first that fits and pays is the default. */
static const struct bp_tier *const TIERS[] = {&bp_tier_structured, &bp_tier_node,
                                              &bp_tier_richardson, &bp_tier_central,
                                              &bp_tier_complex,    &bp_tier_delta_form};

enum { N_TIERS = sizeof TIERS / sizeof TIERS[0] };

static bool is_default(const struct bp_tier *tier, const struct bp_loss_at *at)
{
    return tier->fits(at) && (tier->pays == NULL || tier->pays(at));
}

const struct bp_tier *bp_tier_find(enum bp_tier_id id, const struct bp_loss_at *at)
{
    for (size_t k = 0; k < N_TIERS; k++)
        if (id == BP_TIER_AUTO ? is_default(TIERS[k], at) : TIERS[k]->id == id)
            return TIERS[k];
    return NULL;
}

bool bp_tier_parse(const char *text, enum bp_tier_id *id)
{
    *id = BP_TIER_AUTO;
    if (strcmp(text, "auto") == 0)
        return true;
    for (size_t k = 0; k < N_TIERS; k++)
        if (strcmp(text, TIERS[k]->name) == 0) {
            *id = TIERS[k]->id;
            return true;
        }
    return false;
}

bool bp_forward_is_right(const struct bp_mlp *net)
{
    for (size_t l = 1; l <= net->spec.layers; l++)
        if (!bp_ops_is_right(net->ops, l, BP_AFFINE) || !bp_ops_is_right(net->ops, l, BP_ACTIVATE))
            return false;
    return true;
}

static enum bp_status make_room(struct bp_numdiff *numdiff, const struct bp_loss_at *at,
                                const struct bp_numdiff_options *options)
{
    numdiff->n_theta = at->net != NULL ? at->net->n_theta : at->n_theta;
    numdiff->value = bp_mem_room(2 * numdiff->n_theta, sizeof *numdiff->value);
    numdiff->flags = bp_mem_new(numdiff->n_theta, 1);
    if (numdiff->value == NULL || numdiff->flags == NULL)
        return BP_ENOMEM;
    numdiff->error = numdiff->value + numdiff->n_theta;
    memset(numdiff->flags, BP_NUM_LEFT_OUT, numdiff->n_theta);
    if (options->count > 0 || options->no_parameters)
        memset(numdiff->value, 0, 2 * numdiff->n_theta * sizeof *numdiff->value);
    numdiff->n = at->n;
    if (at->net == NULL)
        return BP_OK;
    numdiff->n_units = at->net->n_units;
    if (options->no_deltas)
        return BP_OK;
    const size_t count = numdiff->n * numdiff->n_units;
    numdiff->delta = bp_mem_new(2 * count, sizeof *numdiff->delta);
    numdiff->delta_flags = bp_mem_new(count, 1);
    if (numdiff->delta == NULL || numdiff->delta_flags == NULL)
        return BP_ENOMEM;
    numdiff->delta_error = numdiff->delta + count;
    return BP_OK;
}

static void spoil_sample(struct bp_numdiff *numdiff, const struct bp_mlp *net, size_t s)
{
    for (size_t l = 1; l <= net->spec.layers; l++) {
        const size_t width = net->spec.layer[l].width;
        const size_t row = numdiff->n * net->unit[l] + s * width;
        for (size_t i = row; i < row + width; i++)
            numdiff->delta[i] = numdiff->delta_error[i] = NAN;
    }
}

/* Where the loss itself is infinite (a cross-entropy of an output that is exactly 0)
 * or NaN it has no derivative, whatever a tier that knows the formulas may find. */
static enum bp_status spoil_not_finite(struct bp_numdiff *numdiff, const struct bp_loss_at *at,
                                       struct bp_error *error)
{
    struct bp_eval eval;
    if (isfinite(numdiff->loss))
        return BP_OK;
    for (size_t k = 0; k < numdiff->n_theta; k++)
        if ((numdiff->flags[k] & BP_NUM_LEFT_OUT) == 0)
            numdiff->value[k] = numdiff->error[k] = NAN;
    if (numdiff->delta == NULL)
        return BP_OK;
    const enum bp_status status = bp_eval_init(&eval, at, error);
    for (size_t s = 0; status == BP_OK && s < at->n; s++)
        if (!isfinite(eval.sample_loss[s]))
            spoil_sample(numdiff, at->net, s);
    if (status == BP_OK)
        bp_eval_release(&eval);
    return status;
}

enum bp_status bp_numdiff_run(struct bp_numdiff *numdiff, const struct bp_loss_at *at,
                              const struct bp_numdiff_options *options, struct bp_error *error)
{
    static const struct bp_numdiff_options USUAL = {0};
    *numdiff = (struct bp_numdiff){0};
    options = options == NULL ? &USUAL : options;
    assert(at->net != NULL || (at->call != NULL && at->theta != NULL));
    numdiff->tier = bp_tier_find(options->tier, at);
    if (numdiff->tier == NULL || !numdiff->tier->fits(at))
        return bp_error_set(error, BP_EUNSUPPORTED,
                            "numeric derivatives: %s cannot be used here: %s",
                            numdiff->tier == NULL ? "this method" : numdiff->tier->name,
                            numdiff->tier == NULL ? "it is not known" : numdiff->tier->assumes);
    enum bp_status status = make_room(numdiff, at, options);
    if (status == BP_OK)
        status = numdiff->tier->run(numdiff, at, options, error);
    if (status == BP_EUNSUPPORTED && options->tier == BP_TIER_AUTO) {
        numdiff->tier = &bp_tier_richardson; /* what it assumes does not hold */
        status = numdiff->tier->run(numdiff, at, options, error);
    }
    if (status == BP_OK)
        status = spoil_not_finite(numdiff, at, error);
    if (status == BP_ENOMEM)
        bp_error_set(error, status, "numeric derivatives: out of memory");
    if (status != BP_OK)
        bp_numdiff_release(numdiff);
    return status;
}

void bp_numdiff_release(struct bp_numdiff *numdiff)
{
    bp_mem_free(numdiff->value);
    bp_mem_free(numdiff->flags);
    bp_mem_free(numdiff->delta);
    bp_mem_free(numdiff->delta_flags);
    *numdiff = (struct bp_numdiff){0};
}

size_t bp_numdiff_range(const struct bp_numdiff *numdiff, const struct bp_numdiff_options *options,
                        size_t *first)
{
    *first = 0;
    if (options->no_parameters)
        return 0;
    if (options->count == 0)
        return numdiff->n_theta;
    *first = options->first < numdiff->n_theta ? options->first : numdiff->n_theta;
    return options->count < numdiff->n_theta - *first ? *first + options->count : numdiff->n_theta;
}
