/* owntrace.c -- see owntrace.h. */
#include "diag/owntrace.h"

#include "core/mem.h"

#include <math.h>
#include <string.h>

struct own {
    const struct bp_view *view; /* borrowed, as are: */
    const struct bp_batch *batch;
    struct bp_pass pass;   /* the twin's */
    double *z, *a, *delta; /* the subject's, layer after layer */
    struct bp_finding *finding;
};

/* One layer's numbers, the subject's beside the twin's. */
struct part {
    const char *name; /* "z" */
    size_t layer;
    const double *own, *right;
    size_t count;
};

static struct part part_of(const struct own *own, const char *name, const double *numbers,
                           double **right, size_t layer)
{
    const struct bp_mlp *twin = &own->view->twin;
    const size_t n = own->batch->n;
    return (struct part){name, layer, numbers + n * twin->unit[layer], right[layer],
                         n * twin->spec.layer[layer].width};
}

static double largest(const double *numbers, size_t n)
{
    double top = 0.0;
    for (size_t k = 0; k < n; k++)
        top = fmax(top, fabs(numbers[k]));
    return top;
}

/* The first entry that is off, or count. scale: what the right one is multiplied by. */
static size_t first_off(const struct own *own, const struct part *part, double scale)
{
    const double tol =
        4096.0 * own->view->epsilon * scale * (1e-3 + largest(part->right, part->count));
    for (size_t k = 0; k < part->count; k++)
        if (!(fabs(part->own[k] - scale * part->right[k]) <= tol))
            return k;
    return part->count;
}

static void say_off(struct own *own, const struct part *part, size_t at, double scale)
{
    const size_t width = own->view->twin.spec.layer[part->layer].width;
    own->finding->layer = (int)part->layer;
    bp_finding_title(own->finding, "of its own trace, %s of layer %zu is the first that is wrong",
                     part->name, part->layer);
    bp_finding_because(own->finding, "%s of neuron %zu:%zu, sample %zu, is %.6g, expected %.6g",
                       part->name, part->layer, at % width, at / width, part->own[at],
                       scale * part->right[at]);
}

/* z_1, a_1, ... in order; false where one is wrong. */
static bool forward_agrees(struct own *own)
{
    const size_t layers = own->view->twin.spec.layers;
    for (size_t l = 1; l <= layers; l++) {
        const struct part parts[] = {part_of(own, "z", own->z, own->pass.z, l),
                                     part_of(own, "a", own->a, own->pass.a, l)};
        for (size_t k = 0; k < 2; k++) {
            if (!bp_view_is_given(parts[k].own, parts[k].count))
                continue;
            const size_t at = first_off(own, &parts[k], 1.0);
            if (at < parts[k].count) {
                say_off(own, &parts[k], at, 1.0);
                return false;
            }
        }
    }
    bp_finding_because(own->finding, "z and a, where given, agree in every layer");
    return true;
}

/* delta_L ... delta_1, each a sample's own or its share of the mean. */
static void look_back(struct own *own)
{
    const size_t layers = own->view->twin.spec.layers;
    if (!bp_view_is_given(own->delta, own->batch->n * own->view->twin.n_units)) {
        bp_finding_title(own->finding, "its own z and a are right; its deltas it does not show");
        return;
    }
    const struct part last = part_of(own, "delta", own->delta, own->pass.delta, layers);
    const double share = 1.0 / (double)own->batch->n;
    const bool shared = own->batch->n > 1 && first_off(own, &last, 1.0) < last.count &&
                        first_off(own, &last, share) == last.count;
    const double scale = shared ? share : 1.0;
    if (shared)
        bp_finding_because(own->finding, "its deltas have the 1/N of the mean in them");
    for (size_t l = layers; l >= 1; l--) {
        const struct part part = part_of(own, "delta", own->delta, own->pass.delta, l);
        const size_t at = first_off(own, &part, scale);
        if (at < part.count) {
            say_off(own, &part, at, scale);
            return;
        }
    }
    bp_finding_because(own->finding, "delta agrees in every layer: what is wrong in a gradient "
                                     "comes after it, in the products and sums");
}

static enum bp_status compare(struct own *own, struct bp_findings *findings)
{
    own->finding = bp_findings_add(findings, BP_LOOK_GRADIENT, "own-trace");
    if (own->finding == NULL)
        return BP_ENOMEM;
    own->finding->note = true;
    own->finding->certainty = BP_CERTAIN;
    own->finding->layer = 0;
    bp_finding_title(own->finding, "all of its own trace is right");
    if (forward_agrees(own))
        look_back(own);
    return BP_OK;
}

enum bp_status bp_owntrace_run(struct bp_view *view, const double *theta,
                               const struct bp_batch *batch, struct bp_findings *findings,
                               struct bp_error *error)
{
    if (view->subject->trace == NULL || !view->described)
        return BP_OK;
    const size_t n = view->n_theta, units = batch->n * view->twin.n_units;
    struct own own = {.view = view, .batch = batch};
    double *block = bp_mem_new(2 * n + 3 * units, sizeof *block);
    enum bp_status status = block == NULL ? BP_ENOMEM : BP_OK;
    if (status == BP_OK)
        status = bp_pass_init(&own.pass, &view->twin, batch->n);
    if (status == BP_OK) {
        memcpy(block, theta, n * sizeof *block);
        bp_view_round(view, block);
        own.z = block + 2 * n;
        own.a = own.z + units;
        own.delta = own.a + units;
        status = bp_view_trace(view, block, batch, own.z, own.a, own.delta, error);
    }
    if (status == BP_OK) {
        own.pass.theta = block;
        own.pass.grad = block + n;
        bp_pass_forward(&own.pass, batch->n, batch->x);
        bp_pass_backward(&own.pass, batch->t);
        status = compare(&own, findings);
    }
    bp_pass_release(&own.pass);
    bp_mem_free(block);
    return status == BP_ENOMEM ? bp_error_set(error, status, "trace: out of memory") : status;
}
