/* numdiff_eval.c -- see numdiff_eval.h. */
#include "diag/numdiff_eval.h"

#include "core/mem.h"
#include "core/rng.h"
#include "diag/numdiff_steps.h"

#include <math.h>
#include <string.h>

enum { NOISE_SEED = 8125 }; /* any will do; fixed, so that reports repeat */

static int bits_of(const struct bp_loss_at *at)
{
    const double epsilon = at->net != NULL || !(at->epsilon > 0.0) ? 0x1p-53 : at->epsilon;
    const int bits = -ilogb(epsilon);
    return bits < 8 ? 8 : bits > 53 ? 53 : bits;
}

/* ---- evaluating ----------------------------------------------------------- */

enum bp_status bp_eval_loss(struct bp_eval *eval, double *loss, struct bp_error *error)
{
    const struct bp_loss_at *at = eval->at;
    eval->evaluations++;
    if (at->net == NULL)
        return at->call(at->self, eval->theta, loss, error);
    bp_pass_forward(&eval->pass, at->n, at->x);
    *loss = bp_pass_loss(&eval->pass, at->t);
    return BP_OK;
}

void bp_eval_samples(const struct bp_eval *eval, double *loss)
{
    for (size_t s = 0; s < eval->at->n; s++)
        loss[s] = bp_pass_sample_loss(&eval->pass, eval->at->t, s);
}

static bool has_corners(const struct bp_mlp *net)
{
    for (size_t l = 1; l <= net->spec.layers; l++)
        if (bp_activation_has_kink(net->spec.layer[l].activation))
            return true;
    return false;
}

static uint64_t mix(uint64_t hash, uint64_t bits)
{
    hash = (hash ^ bits) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ (hash >> 29);
}

static uint64_t row_sides(uint64_t hash, const double *z, size_t width)
{
    uint64_t bits = 1;
    for (size_t i = 0; i < width; i++) {
        bits = bits << 1 | (z[i] > 0.0);
        if (i % 32 == 31) {
            hash = mix(hash, bits);
            bits = 1;
        }
    }
    return mix(hash, bits);
}

void bp_eval_sides(const struct bp_eval *eval, uint64_t *side)
{
    const struct bp_spec *spec = &eval->at->net->spec;
    memset(side, 0, eval->at->n * sizeof *side);
    for (size_t l = 1; l <= spec->layers; l++) {
        const struct bp_layer *layer = &spec->layer[l];
        if (!bp_activation_has_kink(layer->activation))
            continue;
        for (size_t s = 0; s < eval->at->n; s++)
            side[s] = row_sides(side[s], eval->pass.z[l] + s * layer->width, layer->width);
    }
}

uint64_t bp_eval_all_sides(const uint64_t *side, size_t n)
{
    uint64_t hash = 1;
    for (size_t s = 0; s < n; s++)
        hash = mix(hash, side[s]);
    return hash;
}

/* ---- noise ---------------------------------------------------------------- */

/* One spacing for each parameter: 1024 of its last bits, up or down. */
static void draw_direction(const struct bp_eval *eval, double *direction)
{
    struct bp_rng rng;
    double squares = 0.0;
    for (size_t k = 0; k < eval->n_theta; k++)
        squares += eval->theta[k] * eval->theta[k];
    const double usual = squares > 0.0 ? sqrt(squares / (double)eval->n_theta) : 1.0;
    const double spacing = ldexp(1.0, 10 - eval->bits);
    bp_rng_seed(&rng, NOISE_SEED);
    for (size_t k = 0; k < eval->n_theta; k++) {
        const double size = spacing * fmax(fabs(eval->theta[k]), usual);
        direction[k] = bp_rng_next(&rng) >> 63 ? size : -size;
    }
}

/* Fills rows of [loss | sample losses], one a point. */
static enum bp_status noise_table(struct bp_eval *eval, double *table, const double *saved,
                                  const double *direction, struct bp_error *error)
{
    const size_t columns = eval->at->net == NULL ? 1 : 1 + eval->at->n;
    for (size_t r = 0; r < BP_NOISE_POINTS; r++) {
        double *row = table + r * columns;
        for (size_t k = 0; k < eval->n_theta; k++)
            eval->theta[k] = saved[k] + (double)r * direction[k];
        const enum bp_status status = bp_eval_loss(eval, row, error);
        if (status != BP_OK)
            return status;
        if (eval->at->net != NULL)
            bp_eval_samples(eval, row + 1);
    }
    return BP_OK;
}

static enum bp_status measure_noise(struct bp_eval *eval, struct bp_error *error)
{
    const size_t n = eval->at->net == NULL ? 0 : eval->at->n;
    double *direction = bp_mem_new(2 * eval->n_theta, sizeof *direction);
    double *table = bp_mem_new((BP_NOISE_POINTS + 1) * (n + 1), sizeof *table);
    enum bp_status status = BP_ENOMEM;
    if (direction != NULL && table != NULL) {
        double *saved = direction + eval->n_theta;
        double *noise = table + BP_NOISE_POINTS * (n + 1);
        memcpy(saved, eval->theta, eval->n_theta * sizeof *saved);
        draw_direction(eval, direction);
        status = noise_table(eval, table, saved, direction, error);
        memcpy(eval->theta, saved, eval->n_theta * sizeof *saved);
        bp_noise_estimate(n + 1, eval->bits, table, noise);
        eval->noise = noise[0];
        for (size_t s = 0; s < n; s++)
            eval->sample_noise[s] = noise[1 + s];
    }
    bp_mem_free(direction);
    bp_mem_free(table);
    return status;
}

/* What the last bit of each output does to a sample's loss: near a = 1 a cross-entropy
 * stands still while theta moves, and would seem to have no noise at all. */
static double output_noise(const struct bp_eval *eval, size_t s, double *e)
{
    const struct bp_spec *spec = &eval->at->net->spec;
    const size_t width = spec->layer[spec->layers].width;
    const double *a = eval->pass.a[spec->layers] + s * width;
    double sum = 0.0;
    bp_loss_gradient(spec->loss, spec->factor, width, a, eval->at->t + s * width, e);
    for (size_t k = 0; k < width; k++)
        sum += fabs(e[k] * a[k]);
    return ldexp(sum, 1 - eval->bits);
}

/* With the pass at the point. */
static enum bp_status raise_noise(struct bp_eval *eval)
{
    const struct bp_spec *spec = &eval->at->net->spec;
    double *e = bp_mem_new(spec->layer[spec->layers].width, sizeof *e);
    double squares = 0.0;
    if (e == NULL)
        return BP_ENOMEM;
    for (size_t s = 0; s < eval->at->n; s++) {
        const double least = output_noise(eval, s, e);
        squares += least * least;
        if (least > eval->sample_noise[s])
            eval->sample_noise[s] = least;
    }
    const double least = sqrt(squares) / (spec->reduction == BP_MEAN ? (double)eval->at->n : 1.0);
    if (least > eval->noise)
        eval->noise = least;
    bp_mem_free(e);
    return BP_OK;
}

/* ---- init ----------------------------------------------------------------- */

static enum bp_status init_pass(struct bp_eval *eval)
{
    const struct bp_loss_at *at = eval->at;
    if (bp_pass_init(&eval->pass, at->net, at->n) != BP_OK)
        return BP_ENOMEM;
    eval->pass.theta = eval->theta;
    eval->pass.t = at->t;
    for (size_t l = 1; at->mask != NULL && l <= at->net->spec.layers; l++)
        eval->pass.mask[l] = at->mask[l];
    eval->sample_loss = bp_mem_new(at->n, sizeof *eval->sample_loss);
    eval->sample_noise = bp_mem_new(at->n, sizeof *eval->sample_noise);
    if (has_corners(at->net)) {
        eval->side = bp_mem_new(at->n, sizeof *eval->side);
        if (eval->side == NULL)
            return BP_ENOMEM;
    }
    return eval->sample_loss == NULL || eval->sample_noise == NULL ? BP_ENOMEM : BP_OK;
}

static enum bp_status start(struct bp_eval *eval, struct bp_error *error)
{
    const double *theta = eval->at->theta != NULL ? eval->at->theta : eval->at->net->theta;
    eval->theta = bp_mem_new(eval->n_theta, sizeof *eval->theta);
    if (eval->theta == NULL)
        return BP_ENOMEM;
    memcpy(eval->theta, theta, eval->n_theta * sizeof *theta);
    if (eval->at->net != NULL && init_pass(eval) != BP_OK)
        return BP_ENOMEM;
    enum bp_status status = measure_noise(eval, error);
    if (status == BP_OK)
        status = bp_eval_loss(eval, &eval->loss, error);
    if (status == BP_OK && eval->at->net != NULL) {
        bp_eval_samples(eval, eval->sample_loss);
        status = raise_noise(eval);
    }
    if (status == BP_OK && eval->side != NULL)
        bp_eval_sides(eval, eval->side);
    return status;
}

enum bp_status bp_eval_init(struct bp_eval *eval, const struct bp_loss_at *at,
                            struct bp_error *error)
{
    *eval = (struct bp_eval){
        .at = at, .n_theta = at->net != NULL ? at->net->n_theta : at->n_theta, .bits = bits_of(at)};
    const enum bp_status status = start(eval, error);
    if (status != BP_OK)
        bp_eval_release(eval);
    return status;
}

void bp_eval_release(struct bp_eval *eval)
{
    bp_pass_release(&eval->pass);
    bp_mem_free(eval->theta);
    bp_mem_free(eval->sample_loss);
    bp_mem_free(eval->sample_noise);
    bp_mem_free(eval->side);
    *eval = (struct bp_eval){0};
}
