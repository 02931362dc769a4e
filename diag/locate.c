/* locate.c -- detection, tensor by tensor; the search in one of them is in
 * locate_search.c, the words in locate_text.c. See locate.h.
 */
#include "diag/locate.h"

#include "core/mem.h"
#include "diag/locate_probe.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BUDGET = 4000, PARTS = 4 };

static void name_tensor(struct bp_located_tensor *tensor, const struct bp_tensor *from)
{
    bp_tensor_name(from, tensor->name);
    tensor->layer = from->layer;
    tensor->first = from->offset;
    tensor->rows = from->rows;
    tensor->cols = from->cols;
}

/* One vector; in parts where the parts must tell the claim's size. */
static void name_part(struct bp_located_tensor *tensor, size_t n_theta, size_t part, size_t parts)
{
    tensor->first = part * (n_theta / parts);
    tensor->rows = 1;
    tensor->cols = part + 1 == parts ? n_theta - tensor->first : n_theta / parts;
    if (parts == 1)
        snprintf(tensor->name, sizeof tensor->name, "theta");
    else
        snprintf(tensor->name, sizeof tensor->name, "theta[%zu..%zu]", tensor->first,
                 tensor->first + tensor->cols - 1);
}

static enum bp_status make_room(struct bp_locate *locate, bool any_factor, bool slopes)
{
    const size_t parts = any_factor && locate->n_theta >= PARTS ? PARTS : 1;
    locate->n_tensors = locate->net != NULL ? locate->net->n_tensors : parts;
    locate->tensor = bp_mem_new(locate->n_tensors + 1, sizeof *locate->tensor);
    if (locate->tensor == NULL)
        return BP_ENOMEM;
    if (slopes) {
        locate->line = bp_mem_new(locate->n_tensors, sizeof *locate->line);
        if (locate->line == NULL)
            return BP_ENOMEM;
    }
    for (size_t k = 0; k < locate->n_tensors; k++)
        if (locate->net != NULL)
            name_tensor(&locate->tensor[k], &locate->net->tensor[k]);
        else
            name_part(&locate->tensor[k], locate->n_theta, k, parts);
    name_part(&locate->tensor[locate->n_tensors], locate->n_theta, 0, 1);
    return BP_OK;
}

/* ---- detect ----------------------------------------------------------------- */

static size_t find_not_finite(const struct bp_located_tensor *tensor, const double *g)
{
    const size_t count = tensor->rows * tensor->cols;
    size_t i = 0;
    while (i < count && isfinite(g[tensor->first + i]))
        i++;
    return i;
}

static void judge(struct bp_located_tensor *tensor, const struct bp_residual *r,
                  const struct bp_region *all)
{
    tensor->slope = r->slope;
    tensor->residual = r->value;
    tensor->error = r->error;
    tensor->tolerance = r->tolerance;
    tensor->step = r->step;
    tensor->kink = r->kink;
    if (r->kink)
        tensor->outcome = BP_OUTCOME_NOT_TESTED;
    else if (bp_residual_fails(r))
        tensor->outcome = BP_OUTCOME_DISAGREES;
    else if (bp_residual_is_blind(r, all))
        tensor->outcome = BP_OUTCOME_NOT_TESTED;
    else
        tensor->outcome = BP_OUTCOME_AGREES;
}

enum bp_status bp_locate_detect(struct bp_locate *locate, struct bp_prober *prober, size_t tensor,
                                struct bp_residual *seen, struct bp_error *error)
{
    struct bp_located_tensor *t = &locate->tensor[tensor];
    const struct bp_region all = {tensor, 0, t->rows, 0, t->cols};
    t->not_finite_at = find_not_finite(t, prober->g);
    if (t->not_finite_at < t->rows * t->cols) {
        t->outcome = BP_OUTCOME_NOT_FINITE;
        return BP_OK;
    }
    const double first = bp_probe_first(prober, &all);
    const enum bp_status status = bp_probe_settle(prober, &all, first, seen, error);
    if (status == BP_OK)
        judge(t, seen, &all);
    return status;
}

static enum bp_status detect(struct bp_locate *locate, struct bp_prober *prober,
                             struct bp_residual *seen, struct bp_error *error)
{
    enum bp_status status = BP_OK;
    prober->spent = &locate->detecting;
    for (size_t k = 0; k < locate->n_tensors && status == BP_OK; k++)
        status = bp_locate_detect(locate, prober, k, &seen[k], error);
    return status;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The claim's size is a convention: the median over the tensors of g.d / D_d f. A wrong
 * tensor is then one that is off from the others. */
static enum bp_status find_factor(struct bp_locate *locate, struct bp_prober *prober,
                                  struct bp_residual *seen, struct bp_error *error)
{
    double *ratio = bp_mem_new(locate->n_tensors, sizeof *ratio);
    if (ratio == NULL)
        return BP_ENOMEM;
    const enum bp_status status = detect(locate, prober, seen, error);
    size_t n = 0;
    for (size_t k = 0; status == BP_OK && k < locate->n_tensors; k++) {
        const double numeric = seen[k].slope - seen[k].value;
        if (locate->tensor[k].outcome != BP_OUTCOME_NOT_FINITE && !seen[k].kink &&
            fabs(numeric) > 100.0 * seen[k].error)
            ratio[n++] = seen[k].slope / numeric;
    }
    qsort(ratio, n, sizeof *ratio, by_value);
    if (n > 0 && isfinite(ratio[n / 2]) && ratio[n / 2] != 0.0)
        locate->factor = ratio[n / 2];
    prober->scale = 1.0 / locate->factor;
    bp_mem_free(ratio);
    return status;
}

/* ---- the whole -------------------------------------------------------------- */

static bool has_findings(const struct bp_locate *locate, size_t tensor)
{
    for (size_t k = 0; k < locate->n_wrong; k++)
        if (locate->wrong[k].tensor == tensor)
            return true;
    for (size_t k = 0; k < locate->n_blocks; k++)
        if (locate->block[k].tensor == tensor && !locate->block[k].more)
            return true;
    return false;
}

/* The worst of the tensors; a failure that no entry confirmed is no verdict. */
static void conclude(struct bp_locate *locate)
{
    size_t tested = 0;
    locate->outcome = BP_OUTCOME_AGREES;
    for (size_t k = 0; k < locate->n_tensors; k++) {
        struct bp_located_tensor *tensor = &locate->tensor[k];
        if (tensor->outcome == BP_OUTCOME_DISAGREES && !has_findings(locate, k))
            tensor->outcome = BP_OUTCOME_NOT_TESTED;
        tested += tensor->outcome != BP_OUTCOME_NOT_TESTED;
        if (tensor->outcome > locate->outcome)
            locate->outcome = tensor->outcome;
    }
    if (tested == 0)
        locate->outcome = BP_OUTCOME_NOT_TESTED;
}

static enum bp_status search(struct bp_locate *locate, struct bp_prober *prober,
                             const struct bp_residual *seen,
                             const struct bp_locate_options *options, struct bp_error *error)
{
    enum bp_status status = BP_OK;
    for (size_t k = 0; k < locate->n_tensors && status == BP_OK; k++)
        if (locate->tensor[k].outcome == BP_OUTCOME_DISAGREES)
            status = bp_locate_search(locate, prober, k, &seen[k], options, error);
    return status;
}

static enum bp_status look_at_slopes(struct bp_locate *locate, struct bp_prober *prober,
                                     struct bp_error *error)
{
    enum bp_status status = BP_OK;
    prober->spent = &locate->sloping;
    for (size_t k = 0; k < locate->n_tensors && status == BP_OK; k++) {
        if (locate->tensor[k].outcome == BP_OUTCOME_NOT_FINITE)
            continue;
        status = bp_locate_slope(&locate->line[locate->n_lines], prober, k, locate->tensor[k].step,
                                 error);
        locate->n_lines += status == BP_OK;
    }
    return status;
}

static enum bp_status run(struct bp_locate *locate, struct bp_prober *prober,
                          const struct bp_claim *claim, const struct bp_locate_options *options,
                          struct bp_error *error)
{
    struct bp_residual *seen = bp_mem_new(locate->n_tensors, sizeof *seen);
    if (seen == NULL)
        return BP_ENOMEM;
    enum bp_status status = BP_OK;
    bool done = false;
    if (claim->any_factor)
        status = find_factor(locate, prober, seen, error);
    else if (!options->no_decode)
        status = bp_locate_together(locate, prober, &done, error);
    if (status == BP_OK && !done)
        status = detect(locate, prober, seen, error);
    if (status == BP_OK && !done)
        status = search(locate, prober, seen, options, error);
    if (status == BP_OK && options->slopes)
        status = look_at_slopes(locate, prober, error);
    if (status == BP_OK)
        conclude(locate);
    bp_mem_free(seen);
    return status;
}

/* A program that keeps theta is left with the right one. */
static enum bp_status leave(struct bp_locate *locate, struct bp_prober *prober,
                            struct bp_error *error)
{
    double loss;
    locate->detecting++;
    return bp_eval_loss(&prober->eval, &loss, error);
}

enum bp_status bp_locate_run(struct bp_locate *locate, const struct bp_loss_at *at,
                             const struct bp_mlp *net, const struct bp_claim *claim,
                             const struct bp_locate_options *options, struct bp_error *error)
{
    struct bp_locate_options chosen =
        options != NULL ? *options : (struct bp_locate_options){.seed = 1};
    if (chosen.seed == 0)
        chosen.seed = 1;
    chosen.budget = chosen.budget == 0 ? BUDGET : chosen.budget;
    *locate = (struct bp_locate){.net = net,
                                 .n_theta = at->net != NULL ? at->net->n_theta : at->n_theta,
                                 .factor = 1.0,
                                 .seed = chosen.seed};
    struct bp_prober prober = {0};
    enum bp_status status = make_room(locate, claim->any_factor, chosen.slopes);
    if (status == BP_OK)
        status = bp_prober_init(&prober, at, locate->tensor, locate->n_tensors, claim,
                                chosen.narrow, error);
    if (status == BP_OK) {
        prober.seed = chosen.seed;
        locate->noise = prober.eval.noise;
        locate->detecting = prober.eval.evaluations;
        status = run(locate, &prober, claim, &chosen, error);
        if (status == BP_OK && at->net == NULL)
            status = leave(locate, &prober, error);
    }
    bp_prober_release(&prober);
    if (status != BP_OK)
        bp_locate_release(locate);
    return status == BP_ENOMEM ? bp_error_set(error, status, "locate: out of memory") : status;
}

size_t bp_locate_evaluations(const struct bp_locate *locate)
{
    return locate->detecting + locate->locating + locate->confirming + locate->sloping;
}

void bp_locate_release(struct bp_locate *locate)
{
    bp_mem_free(locate->tensor);
    bp_mem_free(locate->line);
    *locate = (struct bp_locate){0};
}
