/* coresubject.c -- the built-in network as a subject, with whatever faults are
 * planted in its stages (see subject.h). */
#include "diag/subject.h"

#include "core/mem.h"

#include <stdio.h>
#include <string.h>

/* Room for the batch; the pass looks at theta and leaves the gradient in g. */
static int prepare(struct bp_core_subject *core, const double *theta, double *g, size_t n)
{
    if (n > core->pass.capacity) {
        bp_pass_release(&core->pass);
        if (bp_pass_init(&core->pass, core->net, n) != BP_OK)
            return 1;
    }
    core->pass.ops = core->net->ops;
    core->pass.theta = theta;
    core->pass.grad = g != NULL ? g : core->net->grad;
    core->pass.direction = core->pass.grad;
    core->pass.rate = 0.0;
    return 0;
}

static int loss(void *self, const double *theta, const struct bp_batch *batch, double *value)
{
    struct bp_core_subject *core = self;
    if (prepare(core, theta, NULL, batch->n) != 0)
        return 1;
    bp_pass_forward(&core->pass, batch->n, batch->x);
    *value = bp_pass_loss(&core->pass, batch->t);
    return 0;
}

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    struct bp_core_subject *core = self;
    if (prepare(core, theta, NULL, batch->n) != 0)
        return 1;
    bp_pass_forward(&core->pass, batch->n, batch->x);
    const size_t last = core->net->spec.layers;
    memcpy(y, core->pass.a[last], batch->n * core->net->spec.layer[last].width * sizeof *y);
    return 0;
}

/* A buffer that comes filled with one number is meant to show what is written: the
 * sums that the gradient is made of are filled with it too. */
static void fill_sums(struct bp_pass *pass, const double *g)
{
    const size_t n = pass->net->n_theta;
    if (memcmp(g, g + 1, (n - 1) * sizeof *g) != 0)
        return;
    memcpy(pass->sum, g, n * sizeof *g);
    memcpy(pass->scaled, g, n * sizeof *g);
}

static int gradient(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    struct bp_core_subject *core = self;
    if (prepare(core, theta, g, batch->n) != 0)
        return 1;
    fill_sums(&core->pass, g);
    bp_pass_forward(&core->pass, batch->n, batch->x);
    bp_pass_backward(&core->pass, batch->t);
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *batch, double rate,
                double *next)
{
    struct bp_core_subject *core = self;
    if (prepare(core, theta, NULL, batch->n) != 0)
        return 1;
    core->pass.rate = rate;
    bp_pass_forward(&core->pass, batch->n, batch->x);
    bp_pass_backward(&core->pass, batch->t);
    bp_pass_update(&core->pass, rate);
    memcpy(next, core->pass.next, core->net->n_theta * sizeof *next);
    return 0;
}

/* One layer after the other, each n x width. */
static void copy_layers(const struct bp_core_subject *core, double **layers, double *to)
{
    for (size_t l = 1; to != NULL && l <= core->net->spec.layers; l++) {
        const size_t count = core->pass.n * core->net->spec.layer[l].width;
        memcpy(to, layers[l], count * sizeof *to);
        to += count;
    }
}

static int trace(void *self, const double *theta, const struct bp_batch *batch, double *z,
                 double *a, double *delta)
{
    struct bp_core_subject *core = self;
    if (prepare(core, theta, NULL, batch->n) != 0)
        return 1;
    bp_pass_forward(&core->pass, batch->n, batch->x);
    bp_pass_backward(&core->pass, batch->t);
    copy_layers(core, core->pass.z, z);
    copy_layers(core, core->pass.a, a);
    copy_layers(core, core->pass.delta, delta);
    return 0;
}

static const char *complaint(void *self)
{
    (void)self;
    return bp_status_text(BP_ENOMEM); /* all that can go wrong here */
}

static void describe_arrays(struct bp_core_subject *core)
{
    for (size_t k = 0; k < core->net->n_tensors; k++)
        core->arrays[k] = (struct bp_array){
            .layer = (int)core->net->tensor[k].layer,
            .role = core->net->tensor[k].role == BP_WEIGHTS ? BP_ARRAY_WEIGHTS : BP_ARRAY_BIASES};
}

enum bp_status bp_core_subject_init(struct bp_core_subject *core, struct bp_mlp *net,
                                    size_t capacity)
{
    *core = (struct bp_core_subject){.net = net};
    core->arrays = bp_mem_new(net->n_tensors, sizeof *core->arrays);
    if (core->arrays == NULL || bp_pass_init(&core->pass, net, capacity) != BP_OK) {
        bp_core_subject_release(core);
        return BP_ENOMEM;
    }
    describe_arrays(core);
    bp_spec_text(&net->spec, core->network, sizeof core->network);
    core->subject = (struct bp_subject){.abi = BACKPROBE_ABI,
                                        .name = "built-in network",
                                        .network = core->network,
                                        .arrays = core->arrays,
                                        .n_arrays = net->n_tensors,
                                        .n_theta = net->n_theta,
                                        .self = core,
                                        .loss = loss,
                                        .predict = predict,
                                        .gradient = gradient,
                                        .step = step,
                                        .trace = trace,
                                        .complaint = complaint};
    return BP_OK;
}

void bp_core_subject_release(struct bp_core_subject *core)
{
    bp_pass_release(&core->pass);
    bp_mem_free(core->arrays);
    *core = (struct bp_core_subject){0};
}
