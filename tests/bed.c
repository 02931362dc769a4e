/* bed.c -- see bed.h. */
#include "tests/bed.h"

#include "core/init.h"
#include "core/rng.h"

#include <check.h>

void bed_net(struct bp_mlp *net, const char *text)
{
    struct bp_spec spec;
    struct bp_error error = {""};
    ck_assert_msg(bp_spec_parse(&spec, text, &error) == BP_OK, "%s", error.text);
    ck_assert_int_eq(bp_mlp_init(net, &spec), BP_OK);
    bp_spec_release(&spec);
}

void bed_set_up(struct bed *bed, const char *text, uint64_t seed)
{
    struct bp_rng rng;
    bed_net(&bed->net, text);
    const struct bp_spec *spec = &bed->net.spec;
    const size_t out = spec->layer[spec->layers].width;
    bp_rng_seed(&rng, seed);
    for (size_t k = 0; k < bed->net.n_theta; k++)
        bed->net.theta[k] = bp_rng_normal(&rng);
    for (size_t k = 0; k < BED_SAMPLES * 8; k++) {
        bed->x[k] = bp_rng_normal(&rng);
        bed->t[k] = 0.0;
    }
    for (size_t s = 0; s < BED_SAMPLES; s++)
        bed->t[s * out + bp_rng_below(&rng, out)] = 1.0;
}

void bed_negated(const struct bp_pass *pass, size_t l, const struct bp_stage *self, double *out)
{
    self->right->run(pass, l, self->right, out);
    for (size_t k = 0; k < pass->n * pass->net->spec.layer[l].width; k++)
        out[k] = -out[k];
}

void bed_plant(struct bp_mlp *net, size_t layer, enum bp_slot slot,
               void (*run)(const struct bp_pass *, size_t, const struct bp_stage *, double *))
{
    struct bp_stage *stage = &net->ops[layer].stage[slot];
    *stage = (struct bp_stage){run, NULL, stage->right};
}

void bed_plant_key(struct bp_mlp *net, size_t n, double rate, const char *key,
                   struct bp_hypothesis *h)
{
    const struct bp_setting setting = {.net = net, .n = n, .rate = rate};
    struct bp_error error = {""};
    ck_assert_msg(bp_fault_parse(key, &setting, h, &error) == BP_OK, "%s", error.text);
    bp_fault_plant(h, &setting, net->ops);
}

/* ---- as a subject ----------------------------------------------------------- */

void bed_call_open(struct bed_call *call, const char *text, size_t n, uint64_t seed)
{
    *call = (struct bed_call){0};
    bed_net(&call->net, text);
    const struct bp_spec *spec = &call->net.spec;
    const size_t in = spec->layer[0].width, out = spec->layer[spec->layers].width;
    ck_assert(n <= BED_CALL_MOST && in <= 16 && out <= 16);
    const struct bp_fill normal = {.scheme = BP_INIT_NORMAL, .sd = 0.7};
    const struct bp_init init = {.weights = normal, .biases = normal, .seed = seed};
    struct bp_rng rng;
    bp_init_run(&init, &call->net);
    bp_rng_seed(&rng, seed + 1);
    for (size_t k = 0; k < n * in; k++)
        call->x[k] = bp_rng_normal(&rng);
    for (size_t s = 0; s < n; s++)
        call->t[s * out + s % out] = 1.0;
    call->batch = (struct bp_batch){n, call->x, call->t};
    ck_assert_int_eq(bp_core_subject_init(&call->core, &call->net, n), BP_OK);
}

void bed_call_close(struct bed_call *call)
{
    bp_view_close(&call->view);
    bp_findings_release(&call->findings);
    bp_core_subject_release(&call->core);
    bp_mlp_release(&call->net);
}
