/* confusion_trial.c -- see confusion_trial.h. */
#include "confusion_trial.h"

#include "core/mem.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void must(enum bp_status status)
{
    if (status != BP_OK)
        abort();
}

/* ---- a random network ------------------------------------------------------ */

static void draw_widths(struct bp_spec *spec, size_t most, struct bp_rng *rng)
{
    const bool square = bp_rng_unit(rng) < 0.35;
    const size_t width = 1 + bp_rng_below(rng, most);
    for (size_t l = 0; l <= spec->layers; l++)
        spec->layer[l].width = square ? width : 1 + bp_rng_below(rng, most);
    if (!square && spec->layers >= 2 && bp_rng_unit(rng) < 0.3) {
        const size_t l = bp_rng_below(rng, spec->layers);
        spec->layer[l + 1].width = spec->layer[l].width;
    }
}

static void draw_activations(struct bp_spec *spec, bool relu, struct bp_rng *rng)
{
    static const enum bp_activation HIDDEN[] = {BP_SIGMOID, BP_SIGMOID,    BP_SIGMOID, BP_TANH,
                                                BP_TANH,    BP_TANH,       BP_RELU,    BP_RELU,
                                                BP_RELU,    BP_LEAKY_RELU, BP_IDENTITY};
    const enum bp_activation base = HIDDEN[bp_rng_below(rng, 11)];
    for (size_t l = 1; l < spec->layers; l++) {
        const enum bp_activation other = HIDDEN[bp_rng_below(rng, 11)];
        spec->layer[l].activation = relu ? BP_RELU : bp_rng_unit(rng) < 0.75 ? base : other;
    }
}

static void draw_output(struct bp_spec *spec, struct bp_rng *rng)
{
    static const struct {
        enum bp_activation f;
        enum bp_loss loss;
    } END[] = {{BP_SIGMOID, BP_SQUARED_ERROR},        {BP_TANH, BP_SQUARED_ERROR},
               {BP_IDENTITY, BP_SQUARED_ERROR},       {BP_RELU, BP_SQUARED_ERROR},
               {BP_SIGMOID, BP_BINARY_CROSS_ENTROPY}, {BP_SOFTMAX, BP_SOFTMAX_CROSS_ENTROPY}};
    struct bp_layer *out = &spec->layer[spec->layers];
    const size_t end = bp_rng_below(rng, 6);
    out->activation = END[end].f;
    spec->loss = END[end].loss;
    if (out->activation == BP_SOFTMAX && bp_rng_unit(rng) < 0.15)
        spec->loss = BP_SQUARED_ERROR;
    if (out->activation == BP_SOFTMAX && out->width < 2)
        out->width = 2 + bp_rng_below(rng, 6);
}

static void draw_loss(struct bp_spec *spec, struct bp_rng *rng)
{
    const double n_out = (double)spec->layer[spec->layers].width;
    const double factor[] = {1.0, 1.0, 2.0, 1.0 / n_out, 2.0 / n_out};
    spec->reduction = bp_rng_unit(rng) < 0.7 ? BP_MEAN : BP_SUM;
    if (spec->loss == BP_SQUARED_ERROR)
        spec->factor = factor[bp_rng_below(rng, 5)];
    if (bp_rng_unit(rng) < 0.4)
        spec->l2 = 0.001 + 0.3 * bp_rng_unit(rng) * bp_rng_unit(rng);
    const bool biases = bp_rng_unit(rng) < 0.9;
    for (size_t l = 1; l <= spec->layers; l++)
        spec->layer[l].has_bias = biases;
}

/* ---- opening --------------------------------------------------------------- */

static void draw_probe(struct trial *trial, size_t k, size_t n, const struct trial_wish *wish)
{
    struct bp_probe *probe = &trial->probe[k];
    must(bp_probe_init(probe, &trial->net, n));
    must(bp_probe_draw(probe, &trial->net, &trial->rng));
    probe->rate = bp_rng_uniform(&trial->rng, 0.01, 0.5);
    if (wish->masked)
        bp_probe_mask(probe, &trial->net, 0.5, &trial->rng);
    for (size_t j = 0; j < trial->net.n_theta; j++)
        probe->theta[j] *= trial->scale;
}

void trial_open(struct trial *trial, uint64_t seed, const struct trial_wish *wish)
{
    static const size_t BATCH[] = {7, 1, 5};
    *trial = (struct trial){.epsilon = wish->single ? 0x1p-24 : 0x1p-53, .scale = wish->scale};
    bp_rng_seed(&trial->rng, seed);
    struct bp_spec spec;
    const size_t least = wish->masked ? 2 : 1;
    const size_t most = wish->wide ? 6 : 4;
    must(bp_spec_init(&spec, least + bp_rng_below(&trial->rng, most + 1 - least)));
    draw_widths(&spec, wish->wide ? 40 : 12, &trial->rng);
    draw_activations(&spec, wish->relu, &trial->rng);
    draw_output(&spec, &trial->rng);
    draw_loss(&spec, &trial->rng);
    must(bp_mlp_init(&trial->net, &spec));
    bp_spec_release(&spec);
    trial->ops = bp_mem_new(trial->net.spec.layers + 1, sizeof *trial->ops);
    if (trial->ops == NULL)
        abort();
    trial->n_probes = TRIAL_PROBES;
    for (size_t k = 0; k < 3; k++)
        draw_probe(trial, k, BATCH[k], wish);
    draw_probe(trial, 3, 1 + bp_rng_below(&trial->rng, 16), wish);
    draw_probe(trial, 4, 6, wish);
    draw_probe(trial, 5, 6, wish);
    bp_probe_stretch(&trial->probe[5], &trial->net);
    const size_t own = trial->probe[3].n;
    trial->setting = (struct bp_setting){
        .net = &trial->net, .n = own > 7 ? own : 7, .rate = 0.1, .masked = wish->masked};
    trial_uproot(trial);
}

void trial_close(struct trial *trial)
{
    for (size_t k = 0; k < TRIAL_PROBES + 2; k++)
        bp_probe_release(&trial->probe[k]);
    bp_mem_free(trial->ops);
    bp_mlp_release(&trial->net);
}

/* ---- planting -------------------------------------------------------------- */

static bool is_planted(const struct bp_ops *ops, size_t l, size_t slot)
{
    const struct bp_stage *right = &bp_ops_right()->stage[slot];
    const struct bp_stage *stage = &ops[l].stage[slot];
    return stage->run != right->run || stage->params != right->params;
}

bool trial_plant(struct trial *trial, const struct bp_hypothesis *h)
{
    const size_t layers = trial->net.spec.layers;
    struct bp_ops *alone = bp_mem_new(layers + 1, sizeof *alone);
    if (alone == NULL || trial->n_planted == TRIAL_PLANTED_MAX)
        abort();
    struct bp_hypothesis *planted = &trial->planted[trial->n_planted];
    *planted = *h;
    for (size_t l = 0; l <= layers; l++)
        alone[l] = *bp_ops_right();
    bp_fault_plant(planted, &trial->setting, alone);
    bool clash = false;
    for (size_t l = 1; l <= layers; l++)
        for (size_t slot = 0; slot < BP_SLOTS; slot++)
            clash = clash || (is_planted(alone, l, slot) && is_planted(trial->ops, l, slot));
    if (!clash) {
        bp_fault_plant(planted, &trial->setting, trial->ops);
        trial->n_planted++;
    }
    bp_mem_free(alone);
    return !clash;
}

void trial_uproot(struct trial *trial)
{
    for (size_t l = 0; l <= trial->net.spec.layers; l++)
        trial->ops[l] = *bp_ops_right();
    trial->n_planted = 0;
}

void trial_ask(struct trial *trial)
{
    for (size_t k = 0; k < TRIAL_PROBES + 2; k++)
        if (trial->probe[k].n > 0)
            must(bp_probe_ask_net(&trial->probe[k], &trial->net, trial->ops, trial->epsilon));
}

/* ---- whether it shows ------------------------------------------------------ */

/* Whether these stages claim something else than what was claimed. */
static bool differs(struct trial *trial, struct bp_predictor *p, const struct bp_ops *ops)
{
    double worst = 0.0;
    bool finite = true;
    for (size_t k = 0; k < p->n; k++) {
        bp_predictor_forward(p, k, ops);
        bp_predictor_run(p, k, ops, trial->net.spec.layers);
        bp_predictor_rewind(p, k);
        for (size_t j = 0; j < trial->net.n_theta; j++)
            finite = finite && isfinite(p->probe[k].g[j]);
        for (size_t i = 0; i < trial->net.n_tensors; i++)
            worst = fmax(worst, bp_predictor_distance(p, k, i));
    }
    return finite && worst > 100.0 * p->tol;
}

bool trial_shows(struct trial *trial)
{
    const size_t layers = trial->net.spec.layers;
    struct bp_predictor p;
    struct bp_ops *ops = bp_mem_new(layers + 1, sizeof *ops);
    if (ops == NULL)
        abort();
    must(bp_predictor_init(&p, &trial->net, trial->net.ops, trial->probe, trial->n_probes));
    bool shows = differs(trial, &p, trial->net.ops);
    for (size_t out = 0; out < trial->n_planted && trial->n_planted > 1 && shows; out++) {
        for (size_t l = 0; l <= layers; l++)
            ops[l] = *bp_ops_right();
        for (size_t i = 0; i < trial->n_planted; i++)
            if (i != out)
                bp_fault_plant(&trial->planted[i], &trial->setting, ops);
        shows = differs(trial, &p, ops);
    }
    bp_predictor_release(&p);
    bp_mem_free(ops);
    return shows;
}

/* ---- diagnosing ------------------------------------------------------------ */

void trial_diagnose(struct trial *trial, const struct bp_match_options *options,
                    struct bp_diagnosis *diagnosis)
{
    struct bp_predictor p;
    struct bp_predictor fresh;
    must(bp_predictor_init(&p, &trial->net, trial->net.ops, trial->probe, trial->n_probes));
    must(bp_diagnosis_match(diagnosis, &p, &trial->setting, options));
    must(bp_predictor_init(&fresh, &trial->net, trial->net.ops, trial->probe + TRIAL_PROBES, 1));
    must(bp_diagnosis_prove(diagnosis, &fresh, &trial->setting));
    bp_predictor_release(&fresh);
    if (diagnosis->dictionary.n > 1 && trial->probe[TRIAL_PROBES + 1].n > 0) {
        must(bp_predictor_init(&fresh, &trial->net, trial->net.ops, trial->probe + TRIAL_PROBES + 1,
                               1));
        must(bp_diagnosis_part(diagnosis, &fresh, &trial->setting));
        bp_predictor_release(&fresh);
    }
    bp_predictor_release(&p);
}
