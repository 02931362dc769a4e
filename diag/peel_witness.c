/* peel_witness.c -- see peel_witness.h. */
#include "diag/peel_witness.h"

#include "core/mem.h"

#include <math.h>
#include <string.h>

/* ---- opening and closing --------------------------------------------------- */

static void order_probes(struct bp_peel *peel)
{
    for (size_t k = 0; k < peel->p->n; k++) {
        size_t at = k;
        while (at > 0 && peel->p->probe[peel->order[at - 1]].n > peel->p->probe[k].n) {
            peel->order[at] = peel->order[at - 1];
            at--;
        }
        peel->order[at] = k;
    }
}

enum bp_status bp_peel_open(struct bp_peel *peel, struct bp_predictor *p,
                            const struct bp_parts *parts, const struct bp_setting *setting)
{
    const size_t n_theta = p->net->n_theta;
    *peel = (struct bp_peel){.p = p, .parts = parts, .setting = setting};
    peel->block =
        bp_mem_new((2 * p->n + 3) * n_theta + p->n * p->net->n_tensors, sizeof *peel->block);
    peel->ops = bp_mem_new(p->net->spec.layers + 1, sizeof *peel->ops);
    if (peel->block == NULL || peel->ops == NULL) {
        bp_peel_close(peel);
        return BP_ENOMEM;
    }
    peel->work = peel->block;
    peel->scaled = peel->work + n_theta;
    peel->offset = peel->scaled + n_theta;
    for (size_t k = 0; k < p->n; k++) {
        peel->target[k] = peel->offset + (2 * k + 1) * n_theta;
        peel->sum[k] = peel->target[k] + n_theta;
    }
    peel->size = peel->offset + (2 * p->n + 1) * n_theta;
    order_probes(peel);
    return BP_OK;
}

void bp_peel_close(struct bp_peel *peel)
{
    bp_mem_free(peel->block);
    bp_mem_free(peel->ops);
    *peel = (struct bp_peel){0};
}

void bp_peel_offset(struct bp_peel *peel, const struct bp_world *world, double size, size_t k,
                    double *offset)
{
    struct bp_predictor *p = peel->p;
    struct bp_hypothesis h = world->h;
    memcpy(peel->ops, p->base, (p->net->spec.layers + 1) * sizeof *peel->ops);
    if (h.fault != NULL) {
        h.factor = world->free ? size : h.factor;
        bp_fault_plant(&h, peel->setting, peel->ops);
    }
    bp_world_offset(p, k, peel->ops, offset);
    p->pass[k].ops = p->base;
}

/* One tensor of one probe; false when what must be 0 is not. */
static bool enter_tensor(struct bp_peel *peel, size_t k, const struct bp_tensor *tensor, double c)
{
    const struct bp_predictor *p = peel->p;
    const bool mean = p->net->spec.reduction == BP_MEAN;
    const double n = mean ? (double)p->probe[k].n : 1.0;
    const size_t i = (size_t)(tensor - p->net->tensor);
    double rest = 0.0;
    for (size_t j = tensor->offset; j < tensor->offset + tensor->count; j++) {
        const double data = p->probe[k].g[j] - peel->offset[j];
        rest += data * data;
        peel->target[k][j] = c == 0.0 ? 0.0 : data / c;
        peel->sum[k][j] = n * peel->target[k][j];
    }
    peel->size[k * p->net->n_tensors + i] = c == 0.0 ? 0.0 : sqrt(rest) / fabs(c);
    return c != 0.0 || sqrt(rest) <= p->noise[k * p->net->n_tensors + i];
}

bool bp_peel_enter(struct bp_peel *peel, const struct bp_world *world, double size)
{
    const struct bp_mlp *net = peel->p->net;
    for (size_t k = 0; k < peel->p->n; k++) {
        bp_peel_offset(peel, world, size, k, peel->offset);
        for (size_t i = 0; i < net->n_tensors; i++) {
            double c = world->pattern[k * net->n_tensors + i];
            if (world->whole && c != 1.0)
                c = size;
            if (!enter_tensor(peel, k, &net->tensor[i], c))
                return false;
        }
    }
    return true;
}

/* ---- stages ---------------------------------------------------------------- */

static const struct bp_stage *stage_of(const struct bp_peel *peel, size_t l, enum bp_slot slot,
                                       const struct bp_part *one, const struct bp_part *two)
{
    if (one != NULL && (one->slots & 1u << slot) != 0)
        return &one->ops.stage[slot];
    if (two != NULL && (two->slots & 1u << slot) != 0)
        return &two->ops.stage[slot];
    return &peel->p->base[l].stage[slot];
}

static bool all_finite(const double *v, size_t n)
{
    double sum = 0.0;
    for (size_t k = 0; k < n; k++)
        sum += v[k] * 0.0;
    return sum == 0.0;
}

/* A stage that looks up gradients or sums of the layers above finds the claims. */
static void look_up_claims(struct bp_peel *peel, size_t k)
{
    struct bp_pass *pass = &peel->p->pass[k];
    pass->grad = peel->p->probe[k].g;
    pass->sum = peel->sum[k];
}

static void look_up_own(struct bp_peel *peel, size_t k, double *grad, double *sum)
{
    peel->p->pass[k].grad = grad;
    peel->p->pass[k].sum = sum;
}

bool bp_peel_delta(struct bp_peel *peel, unsigned use, size_t l, const struct bp_part *one,
                   const struct bp_part *two)
{
    const size_t last = peel->p->net->spec.layers;
    const struct bp_stage *first =
        stage_of(peel, l, l == last ? BP_LOSS_GRADIENT : BP_PROPAGATE, one, two);
    const struct bp_stage *second =
        stage_of(peel, l, l == last ? BP_OUTPUT_DELTA : BP_DERIVATIVE, one, two);
    bool finite = true;
    for (size_t k = 0; k < peel->p->n && finite; k++) {
        if ((use & 1u << k) == 0)
            continue;
        struct bp_pass *pass = &peel->p->pass[k];
        double *grad = pass->grad;
        double *sum = pass->sum;
        look_up_claims(peel, k);
        first->run(pass, l, first, pass->e[l]);
        second->run(pass, l, second, pass->delta[l]);
        look_up_own(peel, k, grad, sum);
        peel->effort += (double)(pass->n * peel->p->net->spec.layer[l].width * 40 + 1500);
        finite = all_finite(pass->delta[l], pass->n * peel->p->net->spec.layer[l].width);
    }
    return finite;
}

/* ---- witnesses ------------------------------------------------------------- */

/* dW_l and db_l before regularising: what they are, and what they are to be
 * multiplied by. The right scale stage only divides, and need not be run. */
static const double *run_block(struct bp_peel *peel, size_t k, size_t l, const struct bp_part *one,
                               const struct bp_part *two, double *factor)
{
    struct bp_pass *pass = &peel->p->pass[k];
    const struct bp_tensor *biases = bp_mlp_biases(peel->p->net, l);
    const size_t weights = bp_mlp_weights(peel->p->net, l)->offset;
    const struct bp_stage *outer = stage_of(peel, l, BP_OUTER_PRODUCT, one, two);
    const struct bp_stage *bias = stage_of(peel, l, BP_BIAS_SUM, one, two);
    const struct bp_stage *scale = stage_of(peel, l, BP_SCALE, one, two);
    outer->run(pass, l, outer, peel->work + weights);
    if (biases != NULL)
        bias->run(pass, l, bias, peel->work + biases->offset);
    if (scale->run == bp_ops_right()->stage[BP_SCALE].run) {
        *factor = peel->p->net->spec.reduction == BP_MEAN ? 1.0 / (double)pass->n : 1.0;
        return peel->work;
    }
    double *sum = pass->sum;
    pass->sum = peel->work;
    scale->run(pass, l, scale, peel->scaled + weights);
    pass->sum = sum;
    *factor = 1.0;
    return peel->scaled;
}

static struct bp_fit_pair pair_of(const struct bp_peel *peel, size_t k,
                                  const struct bp_tensor *tensor, const double *block,
                                  double factor)
{
    const struct bp_predictor *p = peel->p;
    const size_t at = k * p->net->n_tensors + (size_t)(tensor - p->net->tensor);
    return (struct bp_fit_pair){.count = tensor->count,
                                .predicted = block + tensor->offset,
                                .scale = factor,
                                .claimed = peel->target[k] + tensor->offset,
                                .size = peel->size[at],
                                .noise = p->noise[at]};
}

static const double TIRED = 3e9; /* a second or two */

bool bp_peel_tired(const struct bp_peel *peel)
{
    return peel->effort > TIRED;
}

bool bp_peel_biases_fit(struct bp_peel *peel, unsigned use, size_t l, const struct bp_part *part)
{
    const struct bp_predictor *p = peel->p;
    const struct bp_tensor *biases = bp_mlp_biases(p->net, l);
    const struct bp_stage *bias = stage_of(peel, l, BP_BIAS_SUM, part, NULL);
    struct bp_fitting fitting = {0};
    for (size_t i = 0; i < p->n && biases != NULL && !fitting.failed; i++) {
        const size_t k = peel->order[i];
        const bool mean = p->net->spec.reduction == BP_MEAN;
        if ((use & 1u << k) == 0)
            continue;
        bias->run(&p->pass[k], l, bias, peel->work + biases->offset);
        const struct bp_fit_pair pair =
            pair_of(peel, k, biases, peel->work, mean ? 1.0 / (double)p->pass[k].n : 1.0);
        bp_fitting_add(&fitting, k, &pair, p->tol);
    }
    return !fitting.failed;
}

void bp_peel_hear(struct bp_peel *peel, unsigned use, size_t l, const struct bp_part *one,
                  const struct bp_part *two, struct bp_fit fit[2])
{
    const struct bp_predictor *p = peel->p;
    const struct bp_tensor *tensor[2] = {bp_mlp_weights(p->net, l), bp_mlp_biases(p->net, l)};
    struct bp_fitting fitting[2] = {0};
    peel->witnesses++;
    for (size_t i = 0; i < p->n; i++) {
        const size_t k = peel->order[i];
        if ((use & 1u << k) == 0)
            continue;
        double factor;
        const double *block = run_block(peel, k, l, one, two, &factor);
        peel->effort += (double)(p->pass[k].n * tensor[0]->count + 3000);
        for (size_t j = 0; j < 2; j++)
            if (tensor[j] != NULL && !fitting[j].failed) {
                const struct bp_fit_pair pair = pair_of(peel, k, tensor[j], block, factor);
                bp_fitting_add(&fitting[j], k, &pair, p->tol);
            }
        if (fitting[0].failed && (tensor[1] == NULL || fitting[1].failed))
            break;
    }
    for (size_t j = 0; j < 2; j++)
        fit[j] = bp_fitting_end(&fitting[j], p);
}

void bp_peel_weights(struct bp_peel *peel, size_t k, const struct bp_part *block, double *out)
{
    const size_t last = peel->p->net->spec.layers;
    const struct bp_tensor *w = bp_mlp_weights(peel->p->net, last);
    double factor;
    const double *from = run_block(peel, k, last, block, NULL, &factor);
    for (size_t j = w->offset; j < w->offset + w->count; j++)
        out[j] = factor * from[j];
}

/* ---- recovering delta ------------------------------------------------------ */

/* Solves gram x = right in place (Cholesky), n x n and n x m; false when gram is
 * not positive definite to 1e-10 of its largest pivot. */
static bool solve(double *gram, double *right, size_t n, size_t m)
{
    double most = 0.0;
    for (size_t i = 0; i < n; i++)
        most = gram[i * n + i] > most ? gram[i * n + i] : most;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            double sum = gram[i * n + j];
            for (size_t q = 0; q < j; q++)
                sum -= gram[i * n + q] * gram[j * n + q];
            if (i == j && !(sum > 1e-10 * most))
                return false;
            gram[i * n + j] = i == j ? sqrt(sum) : sum / gram[j * n + j];
        }
    }
    for (size_t c = 0; c < m; c++) {
        for (size_t i = 0; i < n; i++) {
            for (size_t q = 0; q < i; q++)
                right[i * m + c] -= gram[i * n + q] * right[q * m + c];
            right[i * m + c] /= gram[i * n + i];
        }
        for (size_t i = n; i-- > 0;) {
            for (size_t q = i + 1; q < n; q++)
                right[i * m + c] -= gram[q * n + i] * right[q * m + c];
            right[i * m + c] /= gram[i * n + i];
        }
    }
    return true;
}

enum { RECOVER_MAX = 16 };

/* The normal equations of [a | 1] delta = [dW | db], for one probe. */
static bool recover_at(struct bp_peel *peel, size_t k, size_t l)
{
    struct bp_pass *pass = &peel->p->pass[k];
    const struct bp_tensor *weights = bp_mlp_weights(peel->p->net, l);
    const struct bp_tensor *biases = bp_mlp_biases(peel->p->net, l);
    const size_t n = pass->n;
    const size_t in = weights->cols;
    const size_t out = weights->rows;
    double gram[RECOVER_MAX * RECOVER_MAX];
    if (n > RECOVER_MAX || n > in)
        return false;
    const double *a = pass->a[l - 1];
    for (size_t r = 0; r < n; r++)
        for (size_t s = 0; s < n; s++) {
            double sum = biases != NULL ? 1.0 : 0.0;
            for (size_t j = 0; j < in; j++)
                sum += a[r * in + j] * a[s * in + j];
            gram[r * n + s] = sum;
        }
    for (size_t r = 0; r < n; r++)
        for (size_t i = 0; i < out; i++) {
            double sum = biases != NULL ? peel->sum[k][biases->offset + i] : 0.0;
            for (size_t j = 0; j < in; j++)
                sum += a[r * in + j] * peel->sum[k][weights->offset + i * in + j];
            pass->delta[l][r * out + i] = sum;
        }
    if (!solve(gram, pass->delta[l], n, out))
        return false;
    memcpy(pass->e[l], pass->delta[l], n * out * sizeof *pass->e[l]);
    return true;
}

/* What is recovered must give both tensors back. */
unsigned bp_peel_recover(struct bp_peel *peel, unsigned use, size_t l)
{
    const struct bp_predictor *p = peel->p;
    const struct bp_tensor *tensor[2] = {bp_mlp_weights(p->net, l), bp_mlp_biases(p->net, l)};
    unsigned done = 0;
    for (size_t k = 0; k < p->n; k++) {
        if ((use & 1u << k) == 0 || !recover_at(peel, k, l))
            continue;
        struct bp_fitting fitting[2] = {0};
        double factor;
        const double *block = run_block(peel, k, l, NULL, NULL, &factor);
        for (size_t j = 0; j < 2; j++)
            if (tensor[j] != NULL) {
                struct bp_fit_pair pair = pair_of(peel, k, tensor[j], block, factor);
                pair.noise = 0.0;
                bp_fitting_add(&fitting[j], k, &pair, 1e3 * p->tol);
            }
        if (!fitting[0].failed && !fitting[1].failed && fitting[0].nonzero)
            done |= 1u << k;
    }
    return done;
}
