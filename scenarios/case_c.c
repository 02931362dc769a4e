/* case_c.c -- XOR, one sample at a time, as written by its asker, and as rewritten
 * for them in the answer.
 *
 * C1  delta is built from the cost 1/2 (y - t)^2, which is never negative
 * C2  the step is added
 * C3  the derivative is taken at the network's input x: f'(x) where f'(z) was needed
 * C4  what goes back is the output's weight step (rate x gradient x h), not its delta
 * C5  one number goes back for all hidden units: the sum over all of them
 * C6  no biases (not in the code as a fault of a line; the repair adds them)
 * C7  the output weights are updated before they are used to go back
 *
 * With the start and rate of the question the asker's twenty printed costs come out.
 * The rewritten one has C1 to C6 repaired and C7 left.
 */
#include "scenarios/case.h"

#include "core/fmath.h"
#include "core/mem.h"

enum { C1 = 1, C2 = 2, C3 = 4, C4 = 8, C5 = 16, C6 = 32, C7 = 64, HIDDEN = 2 };

struct xor_net {
    unsigned repaired;
    double h[HIDDEN][2], o[HIDDEN]; /* h[unit][input] */
    double h_bias[HIDDEN], o_bias[1];
};

static double slope(double z)
{
    const double f = bp_sigmoid(z);
    return f * (1.0 - f);
}

/* z and h of the hidden units, z of the output; returns y. */
static double answer(const struct xor_net *net, const double *x, double *z, double *h,
                     double *z_out)
{
    const bool biases = net->repaired & C6;
    *z_out = biases ? net->o_bias[0] : 0.0;
    for (int j = 0; j < HIDDEN; j++) {
        z[j] = (biases ? net->h_bias[j] : 0.0) + x[0] * net->h[j][0] + x[1] * net->h[j][1];
        h[j] = bp_sigmoid(z[j]);
        *z_out += h[j] * net->o[j];
    }
    return bp_sigmoid(*z_out);
}

/* What comes back to each hidden unit, before its derivative. The weights are those
 * from before this sample's step, or after it (C7). */
static void go_back(const struct xor_net *net, const double *delta, const double *step,
                    const double *o_before, double *back)
{
    double sum = 0.0;
    for (int j = 0; j < HIDDEN; j++) {
        const double weight = net->repaired & C7 ? o_before[j] : net->o[j];
        back[j] = (net->repaired & C4 ? delta[j] : step[j]) * weight;
        sum += back[j];
    }
    if (!(net->repaired & C5))
        for (int j = 0; j < HIDDEN; j++)
            back[j] = sum;
}

static int train(void *self, const double *theta, const struct bp_batch *batch, double rate,
                 double *next)
{
    struct xor_net *net = self;
    const double *x = batch->x;
    const double sign = net->repaired & C2 ? -1.0 : 1.0;
    double z[HIDDEN], h[HIDDEN], z_out, delta[HIDDEN], step[HIDDEN], before[HIDDEN], back[HIDDEN];
    (void)theta;
    (void)next;
    const double y = answer(net, x, z, h, &z_out);
    const double error =
        net->repaired & C1 ? y - batch->t[0] : 0.5 * (y - batch->t[0]) * (y - batch->t[0]);
    for (int j = 0; j < HIDDEN; j++) {
        delta[j] = error * slope(net->repaired & C3 ? z_out : x[j]);
        step[j] = rate * delta[j] * h[j];
        before[j] = net->o[j];
        net->o[j] += sign * step[j];
    }
    if (net->repaired & C6)
        net->o_bias[0] += sign * rate * delta[0];
    go_back(net, delta, step, before, back);
    for (int j = 0; j < HIDDEN; j++) {
        /* with one number for all units, the derivative at x goes by the input */
        const bool by_input = !(net->repaired & (C3 | C5));
        for (int i = 0; i < 2; i++) {
            const double at = net->repaired & C3 ? z[j] : by_input ? x[i] : x[j];
            net->h[j][i] += sign * rate * back[j] * slope(at) * x[i];
        }
        if (net->repaired & C6)
            net->h_bias[j] += sign * rate * back[j] * slope(net->repaired & C3 ? z[j] : x[j]);
    }
    return 0;
}

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    double z[HIDDEN], h[HIDDEN], z_out;
    (void)theta;
    for (size_t s = 0; s < batch->n; s++)
        y[s] = answer(self, batch->x + 2 * s, z, h, &z_out);
    return 0;
}

static enum bp_status open_as(struct bp_case_program *program, const struct bp_spec *spec,
                              unsigned repaired, struct bp_error *error)
{
    if (spec->layers != 2 || spec->layer[0].width != 2 || spec->layer[1].width != HIDDEN ||
        spec->layer[2].width != 1)
        return bp_error_set(error, BP_EINPUT, "case-c: this program is 2-2-1 and nothing else");
    struct xor_net *net = bp_mem_new(1, sizeof *net);
    if (net == NULL)
        return BP_ENOMEM;
    net->repaired = repaired;
    program->self = net;
    program->release = bp_mem_free;
    const bool biases = repaired & C6;
    bp_case_array(program, 1, BP_ARRAY_WEIGHTS, BP_OUT_IN, &net->h[0][0]);
    if (biases)
        bp_case_array(program, 1, BP_ARRAY_BIASES, BP_OUT_IN, net->h_bias);
    bp_case_array(program, 2, BP_ARRAY_WEIGHTS, BP_OUT_IN, net->o);
    if (biases)
        bp_case_array(program, 2, BP_ARRAY_BIASES, BP_OUT_IN, net->o_bias);
    struct bp_spec own;
    if (bp_spec_copy(&own, spec) != BP_OK)
        return BP_ENOMEM;
    for (size_t l = 1; l <= 2; l++) {
        own.layer[l].activation = BP_SIGMOID;
        own.layer[l].has_bias = biases;
    }
    own.loss = BP_SQUARED_ERROR;
    bp_spec_text(&own, program->network, sizeof program->network);
    bp_spec_release(&own);
    program->subject.self = net;
    program->subject.predict = predict;
    program->subject.step = train;
    program->subject.step_kind = BP_STEP_SAMPLE;
    return BP_OK;
}

static enum bp_status open_asked(struct bp_case_program *program, const struct bp_spec *spec,
                                 struct bp_error *error)
{
    return open_as(program, spec, program->repaired, error);
}

/* One fault, C7, in bit 0. */
static enum bp_status open_rewritten(struct bp_case_program *program, const struct bp_spec *spec,
                                     struct bp_error *error)
{
    const unsigned all = C1 | C2 | C3 | C4 | C5 | C6;
    return open_as(program, spec, all | (program->repaired & 1u ? C7 : 0), error);
}

const struct bp_case bp_case_c = {
    .name = "c",
    .title = "case C: XOR, one sample at a time",
    .fault = {{"C1", "delta is built from the cost, not its derivative"},
              {"C2", "the step is added"},
              {"C3", "the derivative is taken at the input x"},
              {"C4", "the weight step is propagated, not delta"},
              {"C5", "one number goes back for all hidden units"},
              {"C6", "no biases"},
              {"C7", "the output weights are updated before they are used"}},
    .n_faults = 7,
    .open = open_asked,
};

const struct bp_case bp_case_c_rewritten = {
    .name = "c-rewritten",
    .title = "case C, as rewritten in the answer",
    .fault = {{"C7", "the output weights are updated before they are used"}},
    .n_faults = 1,
    .open = open_rewritten,
};
