/* stepper_beside.c -- a step beside the gradient that it should follow: the subject's
 * own, or the right one of the twin. See stepper.h. */
#include "diag/stepper_look.h"

#include "core/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- the reference --------------------------------------------------------------- */

enum bp_status bp_step_reference(struct bp_step_look *look)
{
    struct bp_view *view = look->view;
    if (view->subject->gradient != NULL) {
        look->has_g = look->own_g = true;
        look->g_error = view->epsilon;
        return bp_view_own_gradient(view, look->theta, look->batch, look->g, look->error);
    }
    if (!view->described)
        return BP_OK;
    struct bp_pass pass;
    const enum bp_status status = bp_pass_init(&pass, &view->twin, look->batch->n);
    if (status != BP_OK)
        return status;
    pass.theta = look->theta;
    pass.grad = look->g;
    pass.direction = look->g;
    bp_pass_forward(&pass, look->batch->n, look->batch->x);
    bp_pass_backward(&pass, look->batch->t);
    bp_pass_release(&pass);
    look->has_g = true;
    look->g_error = 64.0 * view->epsilon;
    return BP_OK;
}

/* One layer's gradient, from its delta. */
static void layer_gradient(struct bp_pass *pass, size_t l)
{
    const struct bp_stage *stage = pass->ops[l].stage;
    const struct bp_tensor *biases = bp_mlp_biases(pass->net, l);
    size_t count;
    const size_t block = bp_mlp_block(pass->net, l, &count);
    stage[BP_OUTER_PRODUCT].run(pass, l, &stage[BP_OUTER_PRODUCT], pass->sum + block);
    if (biases != NULL)
        stage[BP_BIAS_SUM].run(pass, l, &stage[BP_BIAS_SUM], pass->sum + biases->offset);
    stage[BP_SCALE].run(pass, l, &stage[BP_SCALE], pass->scaled + block);
    stage[BP_REGULARISE].run(pass, l, &stage[BP_REGULARISE], pass->grad + block);
}

/* Backward with each layer updated in theta as soon as its gradient is there. */
static void backward_early(struct bp_pass *pass, double *theta, const double *t, double rate)
{
    const size_t last = pass->net->spec.layers;
    pass->t = t;
    for (size_t l = last; l >= 1; l--) {
        const struct bp_stage *stage = pass->ops[l].stage;
        const enum bp_slot from = l == last ? BP_LOSS_GRADIENT : BP_PROPAGATE;
        const enum bp_slot to = l == last ? BP_OUTPUT_DELTA : BP_DERIVATIVE;
        stage[from].run(pass, l, &stage[from], pass->e[l]);
        stage[to].run(pass, l, &stage[to], pass->delta[l]);
        layer_gradient(pass, l);
        size_t count;
        const size_t block = bp_mlp_block(pass->net, l, &count);
        for (size_t k = block; k < block + count; k++)
            theta[k] -= rate * pass->grad[k];
    }
}

enum bp_status bp_step_is_early(struct bp_step_look *look, const double *a, bool *early)
{
    struct bp_view *view = look->view;
    const size_t n = view->n_theta;
    *early = false;
    if (!view->described)
        return BP_OK;
    double *moving = bp_mem_new(2 * n, sizeof *moving);
    struct bp_pass pass = {0};
    enum bp_status status = moving == NULL ? BP_ENOMEM : BP_OK;
    if (status == BP_OK)
        status = bp_pass_init(&pass, &view->twin, look->batch->n);
    if (status == BP_OK) {
        memcpy(moving, look->theta, n * sizeof *moving);
        pass.theta = moving;
        pass.grad = moving + n;
        bp_pass_forward(&pass, look->batch->n, look->batch->x);
        backward_early(&pass, moving, look->batch->t, look->rate);
        const double tol = 8.0 * look->noise + 1024.0 * view->epsilon * bp_step_largest(a, n);
        *early = true;
        for (size_t k = 0; k < n; k++)
            *early = *early && fabs(pass.grad[k] - a[k]) <= tol;
    }
    bp_pass_release(&pass);
    bp_mem_free(moving);
    return status;
}

/* ---- factors ----------------------------------------------------------------------- */

/* What G is beside g in one tensor. */
enum kind { SAME, NOTHING, TWICE, AGAINST, OTHER };

static double tolerance(const struct bp_step_look *look)
{
    const size_t n = look->view->n_theta;
    return 4.0 * look->noise + (8.0 * look->g_error + 64.0 * look->view->epsilon) *
                                   fmax(bp_step_largest(look->g, n), bp_step_largest(look->a, n));
}

static enum kind kind_of(const double *a, const double *g, size_t n, double tol)
{
    static const struct {
        double factor;
        enum kind kind;
    } kinds[] = {{1.0, SAME}, {0.0, NOTHING}, {2.0, TWICE}, {-1.0, AGAINST}};
    for (size_t j = 0; j < sizeof kinds / sizeof *kinds; j++) {
        double off = 0.0;
        for (size_t k = 0; k < n; k++)
            off = fmax(off, fabs(a[k] - kinds[j].factor * g[k]));
        if (off <= tol)
            return kinds[j].kind;
    }
    return OTHER;
}

/* The tensors of the twin, or all of theta as one. */
static size_t parts_of(const struct bp_view *view)
{
    return view->described ? view->twin.n_tensors : 1;
}

static void part_of(const struct bp_view *view, size_t part, size_t *offset, size_t *count)
{
    *offset = view->described ? view->twin.tensor[part].offset : 0;
    *count = view->described ? view->twin.tensor[part].count : view->n_theta;
}

static void add_name(const struct bp_view *view, size_t part, char text[160])
{
    char name[BP_NAME_MAX] = "theta";
    if (view->described)
        bp_tensor_name(&view->twin.tensor[part], name);
    const size_t used = strlen(text);
    snprintf(text + used, 160 - used, "%s%s", used == 0 ? "" : ", ", name);
}

/* A finding for the tensors whose kind is that one; the layer where all are of one. */
static enum bp_status say_kind(struct bp_step_look *look, const enum kind *kinds, enum kind kind,
                               const char *name)
{
    const struct bp_view *view = look->view;
    const size_t parts = parts_of(view);
    size_t n = 0;
    int layer = 0;
    char text[160] = "";
    for (size_t part = 0; part < parts; part++) {
        if (kinds[part] != kind)
            continue;
        const int here = view->described ? (int)view->twin.tensor[part].layer : 0;
        layer = n == 0 || layer == here ? here : 0;
        add_name(view, part, text);
        n++;
    }
    if (n == 0)
        return BP_OK;
    struct bp_finding *finding = bp_step_add(look, name);
    if (finding == NULL)
        return BP_ENOMEM;
    finding->layer = n == parts ? 0 : layer;
    bp_finding_because(finding, "(theta - theta') / rate beside the %s gradient: %s times it in %s",
                       look->own_g ? "program's own" : "right",
                       kind == NOTHING ? "0"
                       : kind == TWICE ? "2"
                                       : "-1",
                       text);
    return BP_OK;
}

static size_t count_kind(const enum kind *kinds, size_t parts, enum kind kind)
{
    size_t n = 0;
    for (size_t part = 0; part < parts; part++)
        n += kinds[part] == kind ? 1 : 0;
    return n;
}

/* Beside the twin's gradient, only what all tensors have in common is the step's: a
 * tensor alone may have a wrong gradient. */
static enum bp_status look_factors(struct bp_step_look *look, enum kind *kinds, bool *all_same)
{
    const struct bp_view *view = look->view;
    const size_t parts = parts_of(view);
    const double tol = tolerance(look);
    size_t tested = 0;
    for (size_t part = 0; part < parts; part++) {
        size_t offset, count;
        part_of(view, part, &offset, &count);
        const bool flat = bp_step_largest(look->g + offset, count) <= 4.0 * tol;
        kinds[part] = kind_of(look->a + offset, look->g + offset, count, tol);
        if (flat)
            kinds[part] = SAME; /* nothing to be seen */
        tested += flat ? 0 : 1;
    }
    *all_same = count_kind(kinds, parts, SAME) == parts;
    static const struct {
        enum kind kind;
        const char *name;
        bool of_twin; /* also known beside the twin's gradient */
    } names[] = {{NOTHING, "update-skipped", true},
                 {TWICE, "update-doubled", false},
                 {AGAINST, "update-uphill", true}};
    for (size_t j = 0; j < 3; j++) {
        const size_t n = count_kind(kinds, parts, names[j].kind);
        if (n == 0 || (!look->own_g && (!names[j].of_twin || n < tested)))
            continue;
        const enum bp_status status = say_kind(look, kinds, names[j].kind, names[j].name);
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

/* ---- decay ---------------------------------------------------------------------------- */

static bool is_weight(const struct bp_view *view, size_t k)
{
    return !view->described || bp_mlp_tensor_of(&view->twin, k)->role == BP_WEIGHTS;
}

/* G - g = decay theta, on the weights, or on biases too? */
static bool fit_decay(const struct bp_step_look *look, bool on_biases, double tol, double *decay)
{
    const struct bp_view *view = look->view;
    double product = 0.0, square = 0.0;
    for (size_t k = 0; k < view->n_theta; k++)
        if (on_biases || is_weight(view, k)) {
            product += (look->a[k] - look->g[k]) * look->theta[k];
            square += look->theta[k] * look->theta[k];
        }
    if (!(square > 0.0))
        return false;
    *decay = product / square;
    for (size_t k = 0; k < view->n_theta; k++) {
        const double fit = on_biases || is_weight(view, k) ? *decay * look->theta[k] : 0.0;
        if (!(fabs(look->a[k] - look->g[k] - fit) <= tol))
            return false;
    }
    return true;
}

static enum bp_status look_decay(struct bp_step_look *look, bool *found)
{
    const double tol = tolerance(look);
    double decay;
    bool on_biases = false;
    *found = fit_decay(look, false, tol, &decay);
    if (!*found)
        *found = on_biases = fit_decay(look, true, tol, &decay);
    if (!*found)
        return BP_OK;
    look->stepper->decay = decay;
    look->stepper->decay_on_biases = on_biases;
    const bool wrong = decay < 0.0;
    struct bp_finding *finding =
        bp_step_add(look, wrong ? "weight-decay-misapplied" : "weight-decay-undeclared");
    if (finding == NULL)
        return BP_ENOMEM;
    finding->note = !wrong;
    if (wrong)
        bp_finding_title(finding, "weight decay makes the weights grow");
    else
        bp_finding_title(finding, "the step has weight decay %.4g%s beyond what is described",
                         decay, on_biases ? ", on biases too," : "");
    bp_finding_because(finding, "theta - theta' is rate * (g %c %.6g theta) in every entry",
                       wrong ? '-' : '+', fabs(decay));
    if (!wrong)
        bp_finding_help(finding, "add l2=%.4g to the description, where it is meant", decay);
    return BP_OK;
}

/* ---- clipping --------------------------------------------------------------------------- */

static double norm(const double *numbers, size_t n)
{
    double square = 0.0;
    for (size_t k = 0; k < n; k++)
        square += numbers[k] * numbers[k];
    return sqrt(square);
}

/* G_k = g_k cut to +-T, with some cut and some not. */
static bool is_cut(const struct bp_step_look *look, double tol, double *limit)
{
    const size_t n = look->view->n_theta;
    size_t cut = 0, whole = 0;
    *limit = bp_step_largest(look->a, n);
    for (size_t k = 0; k < n; k++) {
        const double clamped = fmin(fmax(look->g[k], -*limit), *limit);
        if (!(fabs(look->a[k] - clamped) <= tol))
            return false;
        cut += fabs(look->g[k]) > *limit + tol ? 1 : 0;
        whole += fabs(look->g[k]) < *limit - tol && fabs(look->g[k]) > tol ? 1 : 0;
    }
    return cut > 0 && whole > 0;
}

/* G = f g with f < 1, and at half of theta again with the same |G|. */
static enum bp_status is_shortened(struct bp_step_look *look, double tol, bool *shortened,
                                   double *limit)
{
    const size_t n = look->view->n_theta;
    double off;
    const double factor = bp_step_factor(look->a, look->g, n, &off);
    *shortened = false;
    *limit = norm(look->a, n);
    const double g_norm = norm(look->g, n);
    if (!(off <= tol) || !(factor > 0.0 && factor < 0.999) || look->view->subject->theta_fixed)
        return BP_OK;
    for (size_t k = 0; k < n; k++)
        look->theta[k] *= 0.75;
    bp_view_round(look->view, look->theta);
    enum bp_status status = bp_step_take(look, look->rate, false, look->b);
    if (status == BP_OK)
        status = bp_step_reference(look);
    const double now = norm(look->b, n), g_now = norm(look->g, n);
    const double loose = 1e-6 + 4.0 * sqrt((double)n) * tol / *limit;
    *shortened = fabs(now - *limit) <= loose * *limit &&
                 fabs(g_now - g_norm) > 4.0 * loose * g_norm && g_now > *limit;
    return status;
}

static enum bp_status look_clipping(struct bp_step_look *look)
{
    const double tol = tolerance(look);
    double limit;
    const bool cut = is_cut(look, tol, &limit);
    bool shortened = false;
    if (!cut) {
        const enum bp_status status = is_shortened(look, tol, &shortened, &limit);
        if (status != BP_OK || !shortened)
            return status;
    }
    look->stepper->clip = limit;
    struct bp_finding *finding = bp_step_add(look, "gradient-clipped");
    if (finding == NULL)
        return BP_ENOMEM;
    finding->note = true;
    bp_finding_title(finding,
                     cut ? "gradients are cut to +-%.4g"
                         : "gradients are shortened to "
                           "a norm of %.4g",
                     limit);
    bp_finding_because(finding,
                       cut ? "every entry is the gradient's, or +-%.6g"
                           : "at two points with gradients of another length the step's "
                             "is %.6g times the rate",
                       limit);
    bp_finding_help(finding, "switch clipping off while the gradient is checked");
    return BP_OK;
}

/* ---- all --------------------------------------------------------------------------------- */

enum bp_status bp_step_beside_gradient(struct bp_step_look *look)
{
    enum kind *kinds = bp_mem_new(parts_of(look->view), sizeof *kinds);
    if (kinds == NULL)
        return BP_ENOMEM;
    const size_t before = look->findings->n;
    bool same, decays = false;
    enum bp_status status = look_factors(look, kinds, &same);
    bp_mem_free(kinds);
    if (status != BP_OK || same || look->findings->n > before)
        return status;
    /* what becomes of a regulariser that is declared is the gradient's to say */
    if (look->own_g || !look->view->described || look->view->twin.spec.l2 == 0.0)
        status = look_decay(look, &decays);
    if (status == BP_OK && !decays)
        status = look_clipping(look);
    return status;
}
