/* forward_fit.c -- see forward_fit.h. */
#include "diag/forward_fit.h"

#include "core/loss.h"
#include "core/mem.h"

#include <math.h>
#include <string.h>

enum { MOST_UNKNOWNS = 48, ITERATIONS = 60 };

/* ---- stages ------------------------------------------------------------------------ */

static bool has_scale(enum bp_activation f)
{
    return f == BP_SIGMOID || f == BP_TANH || f == BP_SOFTMAX;
}

static void activate_scaled(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                            double *out)
{
    const struct bp_forward_fit *fit = self->params;
    const struct bp_layer *layer = &pass->net->spec.layer[l];
    const size_t count = pass->n * layer->width;
    for (size_t k = 0; k < count; k++)
        out[k] = fit->value[1] * pass->z[l][k];
    bp_activation_value(layer->activation, layer->slope, pass->n, layer->width, out, out);
    for (size_t k = 0; k < count; k++)
        out[k] *= fit->value[0] * (pass->mask[l] == NULL ? 1.0 : pass->mask[l][k]);
}

static double inner(const struct bp_forward_fit *fit)
{
    return fit->bare ? 1.0 : fit->value[0] * fit->value[1];
}

/* e A k f'(k z), or e f'(k z) */
static void derivative_scaled(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                              double *out)
{
    const struct bp_forward_fit *fit = self->params;
    const struct bp_layer *layer = &pass->net->spec.layer[l];
    for (size_t k = 0; k < pass->n * layer->width; k++) {
        const double z = fit->value[1] * pass->z[l][k];
        const double f = bp_activation_at(layer->activation, layer->slope, z);
        const double slope = bp_activation_slope(layer->activation, layer->slope, z, f);
        out[k] =
            pass->e[l][k] * slope * inner(fit) * (pass->mask[l] == NULL ? 1.0 : pass->mask[l][k]);
    }
}

/* Where the right one goes by a alone: a - t, and softmax's Jacobian. */
static void output_scaled(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                          double *out)
{
    const struct bp_spec *spec = &pass->net->spec;
    if (!bp_loss_is_matched(spec->loss, spec->layer[l].activation) &&
        spec->layer[l].activation != BP_SOFTMAX) {
        derivative_scaled(pass, l, self, out);
        return;
    }
    self->right->run(pass, l, self->right, out);
    for (size_t k = 0; k < pass->n * spec->layer[l].width; k++)
        out[k] *= inner(self->params);
}

static void affine_with_constant(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                                 double *out)
{
    const struct bp_forward_fit *fit = self->params;
    const size_t width = pass->net->spec.layer[l].width;
    self->right->run(pass, l, self->right, out);
    for (size_t k = 0; k < pass->n * width; k++)
        out[k] += fit->constant[pass->net->unit[l] + k % width];
}

static void put(struct bp_ops *ops, enum bp_slot slot,
                void (*run)(const struct bp_pass *, size_t, const struct bp_stage *, double *),
                const struct bp_forward_fit *fit)
{
    ops->stage[slot] =
        (struct bp_stage){.run = run, .params = fit, .right = &bp_ops_right()->stage[slot]};
}

static bool has_constant(const struct bp_mlp *net, size_t l)
{
    return bp_mlp_biases(net, l) == NULL;
}

static void plant(const struct bp_forward_fit *fit, const struct bp_mlp *net, struct bp_ops *ops)
{
    memcpy(ops, net->ops, (net->spec.layers + 1) * sizeof *ops);
    for (size_t l = 1; l <= net->spec.layers; l++) {
        if (fit->kind == BP_NUMBER_SCALED && has_scale(net->spec.layer[l].activation)) {
            put(&ops[l], BP_ACTIVATE, activate_scaled, fit);
            put(&ops[l], BP_DERIVATIVE, derivative_scaled, fit);
            put(&ops[l], BP_OUTPUT_DELTA, output_scaled, fit);
        }
        if (fit->kind == BP_NUMBER_CONSTANT && has_constant(net, l))
            put(&ops[l], BP_AFFINE, affine_with_constant, fit);
    }
}

/* ---- solving ------------------------------------------------------------------------ */

struct solving {
    struct bp_predictor *p; /* borrowed, as are: */
    struct bp_forward_fit *fit;
    const struct bp_ops *ops;
    size_t m, rows;
    double unknown[MOST_UNKNOWNS];
    double *r, *jacobian; /* owned, one block: rows; m x rows */
};

/* The unknowns into the numbers of the stages. */
static void spread(const struct solving *s)
{
    const struct bp_mlp *net = s->p->net;
    if (s->fit->kind == BP_NUMBER_SCALED) {
        s->fit->value[1] = s->unknown[0];
        s->fit->value[0] = s->m > 1 ? s->unknown[1] : 1.0;
        return;
    }
    size_t next = 0;
    for (size_t l = 1; l <= net->spec.layers; l++) {
        if (!has_constant(net, l))
            continue;
        for (size_t i = 0; i < net->spec.layer[l].width; i++)
            s->fit->constant[net->unit[l] + i] = s->unknown[s->fit->by_layer ? next : next + i];
        next += s->fit->by_layer ? 1 : net->spec.layer[l].width;
    }
}

/* r = predicted - claimed; returns |r|^2. */
static double residuals(const struct solving *s, double *r)
{
    const struct bp_predictor *p = s->p;
    const size_t layers = p->net->spec.layers;
    double square = 0.0;
    size_t row = 0;
    spread(s);
    for (size_t k = 0; k < p->n; k++) {
        const size_t count = p->probe[k].n * p->net->spec.layer[layers].width;
        bp_predictor_forward(s->p, k, s->ops);
        for (size_t j = 0; j < count; j++, row++) {
            r[row] = p->pass[k].a[layers][j] - p->probe[k].y[j];
            square += r[row] * r[row];
        }
    }
    return square;
}

static void differentiate(struct solving *s)
{
    for (size_t i = 0; i < s->m; i++) {
        const double here = s->unknown[i], h = 1e-5;
        double *column = s->jacobian + i * s->rows;
        s->unknown[i] = here + h;
        residuals(s, column);
        s->unknown[i] = here - h;
        residuals(s, s->r);
        s->unknown[i] = here;
        for (size_t row = 0; row < s->rows; row++)
            column[row] = (column[row] - s->r[row]) / (2.0 * h);
    }
}

/* Solves (J^T J + damping diag) d = -J^T r by Cholesky; false: not positive. */
static bool solve(const struct solving *s, double damping, double *d)
{
    double a[MOST_UNKNOWNS][MOST_UNKNOWNS];
    for (size_t i = 0; i < s->m; i++) {
        d[i] = 0.0;
        for (size_t row = 0; row < s->rows; row++)
            d[i] -= s->jacobian[i * s->rows + row] * s->r[row];
        for (size_t j = 0; j <= i; j++) {
            a[i][j] = 0.0;
            for (size_t row = 0; row < s->rows; row++)
                a[i][j] += s->jacobian[i * s->rows + row] * s->jacobian[j * s->rows + row];
        }
        a[i][i] = a[i][i] * (1.0 + damping) + 1e-30;
    }
    for (size_t i = 0; i < s->m; i++)
        for (size_t j = 0; j <= i; j++) {
            for (size_t k = 0; k < j; k++)
                a[i][j] -= a[i][k] * a[j][k];
            if (i == j && !(a[i][i] > 0.0))
                return false;
            a[i][j] = i == j ? sqrt(a[i][i]) : a[i][j] / a[j][j];
        }
    for (size_t i = 0; i < s->m; i++) {
        for (size_t k = 0; k < i; k++)
            d[i] -= a[i][k] * d[k];
        d[i] /= a[i][i];
    }
    for (size_t i = s->m; i-- > 0;) {
        for (size_t k = i + 1; k < s->m; k++)
            d[i] -= a[k][i] * d[k];
        d[i] /= a[i][i];
    }
    return true;
}

static void descend(struct solving *s)
{
    double damping = 1e-3;
    for (int round = 0; round < ITERATIONS; round++) {
        double d[MOST_UNKNOWNS], before[MOST_UNKNOWNS];
        differentiate(s);
        const double square = residuals(s, s->r);
        if (!(square > 0.0) || !solve(s, damping, d))
            break;
        memcpy(before, s->unknown, sizeof before);
        for (size_t i = 0; i < s->m; i++)
            s->unknown[i] += d[i];
        if (residuals(s, s->r) < square) {
            damping *= 0.1;
            continue;
        }
        memcpy(s->unknown, before, sizeof before);
        damping *= 10.0;
        if (damping > 1e9)
            break;
    }
    spread(s);
}

static bool fits(const struct solving *s)
{
    double worst = 0.0;
    for (size_t k = 0; k < s->p->n; k++) {
        bp_predictor_forward(s->p, k, s->ops);
        worst = fmax(worst, bp_predictor_output_distance(s->p, k));
    }
    return worst <= s->p->tol;
}

static size_t count_rows(const struct bp_predictor *p)
{
    size_t rows = 0;
    for (size_t k = 0; k < p->n; k++)
        rows += p->probe[k].n * p->net->spec.layer[p->net->spec.layers].width;
    return rows;
}

/* m unknowns, all of them start at this; more equations than those. */
static enum bp_status try_fit(struct bp_forward_fit *fit, struct bp_predictor *p,
                              struct bp_ops *ops, size_t m, double start, bool *found)
{
    struct solving s = {.p = p, .fit = fit, .ops = ops, .m = m, .rows = count_rows(p)};
    *found = false;
    if (m == 0 || m > MOST_UNKNOWNS || s.rows < m + 2)
        return BP_OK;
    s.r = bp_mem_new((m + 1) * s.rows, sizeof *s.r);
    if (s.r == NULL)
        return BP_ENOMEM;
    s.jacobian = s.r + s.rows;
    for (size_t i = 0; i < m; i++)
        s.unknown[i] = start;
    plant(fit, p->net, ops);
    descend(&s);
    *found = fits(&s);
    bp_mem_free(s.r);
    return BP_OK;
}

/* ---- what may be ------------------------------------------------------------------ */

enum bp_status bp_forward_makes_right(const struct bp_inquiry *q, const struct bp_ops *ops,
                                      bool *right)
{
    struct bp_predictor p;
    const enum bp_status status = bp_predictor_init(&p, q->net, ops, q->probe, q->n);
    if (status != BP_OK)
        return status;
    *right = true;
    for (size_t k = 0; k < p.n; k++)
        for (size_t i = 0; i < p.net->n_tensors; i++)
            *right = *right && bp_predictor_between(&p, k, i, p.right[k], p.probe[k].g) <= p.tol;
    bp_predictor_release(&p);
    return BP_OK;
}

static bool is_nearly_one(double k)
{
    return fabs(k - 1.0) < 1e-4;
}

static enum bp_status try_scaled(struct bp_forward_fit *fit, const struct bp_inquiry *q,
                                 struct bp_predictor *p, struct bp_ops *ops, bool *found)
{
    const struct bp_spec *spec = &p->net->spec;
    bool any = false, sure = spec->loss == BP_SQUARED_ERROR;
    for (size_t l = 1; l <= spec->layers; l++) {
        any = any || has_scale(spec->layer[l].activation);
        sure = sure && spec->layer[l].activation != BP_SOFTMAX;
    }
    *found = false;
    fit->kind = BP_NUMBER_SCALED;
    enum bp_status status = BP_OK;
    for (size_t m = 1; status == BP_OK && any && !*found && m <= (sure ? 2u : 1u); m++) {
        status = try_fit(fit, p, ops, m, 1.0, found);
        fit->scaled_output = m > 1;
    }
    if (status != BP_OK || !*found)
        return status;
    bool bare_is_right, is_right = false;
    fit->bare = true;
    status = bp_forward_makes_right(q, ops, &bare_is_right);
    fit->bare = false;
    if (status == BP_OK && !bare_is_right)
        status = bp_forward_makes_right(q, ops, &is_right);
    /* nobody who rounds e means to have its logarithm in the derivative */
    fit->bare =
        status == BP_OK &&
        (bare_is_right || (!is_right && is_nearly_one(fit->value[1]) && !fit->scaled_output));
    return status;
}

static enum bp_status try_constant(struct bp_forward_fit *fit, struct bp_predictor *p,
                                   struct bp_ops *ops, bool *found)
{
    const struct bp_mlp *net = p->net;
    size_t layers = 0, units = 0;
    for (size_t l = 1; l <= net->spec.layers; l++)
        if (has_constant(net, l)) {
            layers++;
            units += net->spec.layer[l].width;
        }
    *found = false;
    if (layers == 0)
        return BP_OK;
    fit->kind = BP_NUMBER_CONSTANT;
    fit->constant = bp_mem_new(net->n_units, sizeof *fit->constant);
    if (fit->constant == NULL)
        return BP_ENOMEM;
    fit->by_layer = true;
    enum bp_status status = try_fit(fit, p, ops, layers, 0.0, found);
    if (status == BP_OK && !*found) {
        fit->by_layer = false;
        status = try_fit(fit, p, ops, units, 0.0, found);
    }
    return status;
}

/* ---- decisions and steps ------------------------------------------------------------ */

static double rounded(const double *a, size_t k, size_t width)
{
    (void)width;
    return floor(a[k] + 0.5);
}

static double above_half(const double *a, size_t k, size_t width)
{
    (void)width;
    return a[k] > 0.5 ? 1.0 : 0.0;
}

static double signed_one(const double *a, size_t k, size_t width)
{
    (void)width;
    return a[k] > 0.0 ? 1.0 : -1.0;
}

static double largest_one(const double *a, size_t k, size_t width)
{
    const size_t first = k - k % width;
    for (size_t i = first; i < first + width; i++)
        if (a[i] > a[k])
            return 0.0;
    return 1.0;
}

static bool decides(struct bp_predictor *p, double (*rule)(const double *, size_t, size_t))
{
    const size_t layers = p->net->spec.layers, width = p->net->spec.layer[layers].width;
    for (size_t k = 0; k < p->n; k++) {
        bp_predictor_forward(p, k, p->net->ops);
        for (size_t j = 0; j < p->probe[k].n * width; j++)
            if (rule(p->pass[k].a[layers], j, width) != p->probe[k].y[j])
                return false;
    }
    return true;
}

static bool try_decisions(struct bp_forward_fit *fit, struct bp_predictor *p)
{
    static const struct {
        double (*rule)(const double *, size_t, size_t);
        const char *words;
    } RULES[] = {{rounded, "rounded to whole numbers"},
                 {above_half, "1 above one half, else 0"},
                 {signed_one, "1 above 0, else -1"},
                 {largest_one, "1 for the largest of a sample, else 0"}};
    for (size_t k = 0; k < sizeof RULES / sizeof *RULES; k++)
        if (decides(p, RULES[k].rule)) {
            fit->kind = BP_NUMBER_DECISIONS;
            fit->decision = RULES[k].words;
            return true;
        }
    return false;
}

/* Parameters that move by 1e-9 of themselves move no output by a bit. */
static enum bp_status try_steps(struct bp_forward_fit *fit, const struct bp_inquiry *q)
{
    struct bp_error error;
    const struct bp_probe *probe = &q->probe[0];
    const struct bp_batch batch = {.n = probe->n, .x = probe->x, .t = probe->t};
    const size_t count = probe->n * q->net->spec.layer[q->net->spec.layers].width;
    if (q->view->narrow || q->view->subject->theta_fixed)
        return BP_OK;
    double *theta = bp_mem_new(q->net->n_theta + count, sizeof *theta);
    if (theta == NULL)
        return BP_ENOMEM;
    double *y = theta + q->net->n_theta;
    for (size_t k = 0; k < q->net->n_theta; k++)
        theta[k] = probe->theta[k] * (1.0 + 1e-9);
    if (bp_view_predict(q->view, theta, &batch, y, &error) == BP_OK &&
        memcmp(y, probe->y, count * sizeof *y) == 0)
        fit->kind = BP_NUMBER_STEPS;
    bp_mem_free(theta);
    return BP_OK;
}

enum bp_status bp_forward_fit(struct bp_forward_fit *fit, const struct bp_inquiry *q,
                              struct bp_predictor *p, struct bp_ops *ops)
{
    bool found;
    *fit = (struct bp_forward_fit){.value = {1.0, 1.0}};
    if (try_decisions(fit, p))
        return BP_OK;
    enum bp_status status = try_scaled(fit, q, p, ops, &found);
    if (status == BP_OK && !found)
        status = try_constant(fit, p, ops, &found);
    if (status != BP_OK || found)
        return status;
    fit->kind = BP_NUMBER_NONE;
    plant(fit, p->net, ops);
    return try_steps(fit, q);
}

void bp_forward_fit_release(struct bp_forward_fit *fit)
{
    bp_mem_free(fit->constant);
    *fit = (struct bp_forward_fit){0};
}
