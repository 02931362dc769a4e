/* symmetry_findings.c -- what a look at the copies means, in the names of causes. */
#include "diag/symmetry.h"

#include "diag/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEXT = 160, NAMES = 6 };

/* What a look is turned into findings with. */
struct bench {
    const struct bp_symmetry *symmetry;
    const struct bp_mlp *net;
    const struct bp_symmetry_watch *watch; /* or NULL */
    struct bp_findings *findings;
};

static const struct bp_layer_look *look_at(const struct bench *bench, size_t l)
{
    return &bench->symmetry->layer[l];
}

/* ---- what a layer is --------------------------------------------------------- */

/* Nothing tells its neurons apart, and nothing ever will: its weights are 0, and
 * they are copies, or its answers are 0 and so is what they are multiplied by. */
static bool is_stuck_at_zero(const struct bench *bench, size_t l)
{
    const struct bp_layer_look *look = look_at(bench, l);
    if (!look->hidden || !look->weights.zero)
        return false;
    const bool copies = look->distinct == 1 && look->width > 1;
    return copies || (look->silent && look->blameless && look_at(bench, l + 1)->weights.zero);
}

enum kind { EXACT, FLIPPED, NEAR };

static enum kind kind_of(const struct bp_copies *class)
{
    return !class->exact ? NEAR : class->flipped ? FLIPPED : EXACT;
}

static bool has_kind(const struct bench *bench, size_t l, enum kind kind)
{
    const struct bp_layer_look *look = look_at(bench, l);
    if (!look->hidden || is_stuck_at_zero(bench, l))
        return false;
    for (size_t k = 0; k < look->n_copies; k++)
        if (kind_of(&look->copies[k]) == kind)
            return true;
    return false;
}

static bool is_one_signed(const struct bench *bench, size_t l)
{
    const struct bp_layer_look *look = look_at(bench, l);
    return look->weights.sign != 0 && bench->net->spec.layer[l - 1].width >= BP_ONE_SIGNED_INPUTS &&
           look->saturated >= 0.5;
}

/* ---- what became of it ------------------------------------------------------- */

/* The step at which the last class of this kind in layer l came apart; BP_NO_STEP
 * when one never did. */
static long parted_at(const struct bench *bench, size_t l, enum kind kind)
{
    long last = 0;
    size_t c = 0;
    for (size_t m = 1; m <= bench->symmetry->layers; m++) {
        const struct bp_layer_look *look = look_at(bench, m);
        for (size_t k = 0; k < look->n_copies; k++, c++) {
            if (m != l || (kind_of(&look->copies[k]) != kind && !is_stuck_at_zero(bench, l)))
                continue;
            if (bench->watch->parted[c] < 0)
                return BP_NO_STEP;
            last = bench->watch->parted[c] > last ? bench->watch->parted[c] : last;
        }
    }
    return last > 0 ? last : BP_NO_STEP;
}

/* "b2 at step 1, W2 at step 1, W1 at step 2"; how many tensors moved. */
static size_t moved_text(const struct bench *bench, char *text)
{
    size_t moved = 0;
    text[0] = '\0';
    for (size_t k = 0; k < bench->watch->n_tensors; k++) {
        char name[BP_NAME_MAX];
        if (bench->watch->moved[k] == BP_NO_STEP)
            continue;
        bp_tensor_name(&bench->net->tensor[k], name);
        if (moved++ < NAMES)
            bp_report_add(text, TEXT, "%s%s at step %ld", moved == 1 ? "" : ", ", name,
                          bench->watch->moved[k]);
    }
    return moved;
}

static bool anything_moved(const struct bench *bench)
{
    for (size_t k = 0; k < bench->watch->n_tensors; k++)
        if (bench->watch->moved[k] != BP_NO_STEP)
            return true;
    return false;
}

static void say_moved(const struct bench *bench, struct bp_finding *finding)
{
    char text[TEXT];
    const size_t moved = moved_text(bench, text);
    if (moved == 0)
        bp_finding_because(finding, "nothing changed in %zu steps", bench->watch->steps);
    else if (moved < bench->watch->n_tensors)
        bp_finding_because(finding, "in %zu steps only these ever changed: %s", bench->watch->steps,
                           text);
    else
        bp_finding_because(finding, "first change: %s", text);
}

/* Adds what became of the copies; those that came apart did no lasting harm. */
static void say_parted(const struct bench *bench, struct bp_finding *finding, size_t l,
                       enum kind kind)
{
    if (bench->watch == NULL || bench->watch->steps == 0)
        return;
    const long step = parted_at(bench, l, kind);
    if (step != BP_NO_STEP) {
        bp_finding_because(finding, "layer %zu: its copies came apart at step %ld", l, step);
        finding->note = true;
    } else if (kind != NEAR || bench->watch->steps >= 100) {
        bp_finding_because(finding, "layer %zu: its copies did not part in %zu steps", l,
                           bench->watch->steps);
        finding->note = false;
        if (kind == NEAR)
            finding->certainty = BP_CERTAIN;
    }
}

/* ---- evidence ---------------------------------------------------------------- */

static void say_tensor(struct bp_finding *finding, const struct bp_tensor *tensor,
                       const struct bp_tensor_look *look)
{
    char name[BP_NAME_MAX];
    if (tensor == NULL || !look->constant || tensor->count < 2)
        return;
    bp_tensor_name(tensor, name);
    bp_finding_because(finding, "%s: every one of its %zu entries is %.6g", name, tensor->count,
                       look->value);
}

/* "0, 1" or "0, 1, 2, ... (30 in all)" */
static void members_text(const struct bp_layer_look *look, const struct bp_copies *class,
                         char *text)
{
    text[0] = '\0';
    for (size_t k = 0; k < class->count && k < NAMES; k++)
        bp_report_add(text, TEXT, "%s%zu", k == 0 ? "" : ", ", look->member[class->first + k]);
    if (class->count > NAMES)
        bp_report_add(text, TEXT, ", ... (%zu in all)", class->count);
}

static void say_classes(const struct bench *bench, struct bp_finding *finding, size_t l,
                        enum kind kind)
{
    const struct bp_layer_look *look = look_at(bench, l);
    char members[TEXT], how[TEXT];
    size_t shown = 0;
    for (size_t k = 0; k < look->n_copies && shown < 3; k++) {
        if (kind_of(&look->copies[k]) != kind)
            continue;
        members_text(look, &look->copies[k], members);
        if (kind == NEAR)
            snprintf(how, sizeof how, "differ in their weights by less than %.1g of their size",
                     BP_NEAR_EQUAL);
        else
            snprintf(how, sizeof how, "%s on all %zu samples, and so are their deltas",
                     kind == EXACT ? "answer alike bit for bit" : "answer alike but for the sign",
                     bench->symmetry->samples);
        bp_finding_because(finding, "layer %zu, neurons %s: %s", l, members, how);
        shown++;
    }
}

static void say_width(const struct bench *bench, struct bp_finding *finding, size_t l)
{
    const struct bp_layer_look *look = look_at(bench, l);
    bp_finding_because(finding,
                       "layer %zu: distinct neurons: %zu of %zu; rank of their answers: %zu", l,
                       look->distinct, look->width, look->rank);
}

/* ---- findings ---------------------------------------------------------------- */

/* One finding for the network where all its hidden layers are so, else one a layer. */
typedef bool test_of_layer(const struct bench *bench, size_t l, int which);

static bool stuck(const struct bench *bench, size_t l, int which)
{
    (void)which;
    return is_stuck_at_zero(bench, l);
}

static bool of_kind(const struct bench *bench, size_t l, int which)
{
    return has_kind(bench, l, (enum kind)which);
}

static bool everywhere(const struct bench *bench, test_of_layer *test, int which)
{
    for (size_t l = 1; l < bench->symmetry->layers; l++)
        if (!test(bench, l, which))
            return false;
    return bench->symmetry->layers > 1;
}

static struct bp_finding *begin(struct bench *bench, const char *name, enum bp_certainty certainty,
                                size_t layer)
{
    struct bp_finding *finding = bp_findings_add(bench->findings, BP_LOOK_SYMMETRY, name);
    if (finding == NULL)
        return NULL;
    finding->certainty = certainty;
    finding->layer = (int)layer;
    finding->step = 0;
    return finding;
}

/* "all 8 entries of W1, b1, W2 are 0" */
static void say_zeros(const struct bench *bench, struct bp_finding *finding, size_t l)
{
    const struct bp_mlp *net = bench->net;
    const struct bp_layer_look *next = look_at(bench, l + 1);
    const struct bp_tensor *tensor[] = {
        bp_mlp_weights(net, l), look_at(bench, l)->biases.zero ? bp_mlp_biases(net, l) : NULL,
        next->weights.zero ? bp_mlp_weights(net, l + 1) : NULL};
    char names[TEXT] = "";
    size_t entries = 0;
    for (size_t k = 0; k < sizeof tensor / sizeof tensor[0]; k++) {
        char name[BP_NAME_MAX];
        if (tensor[k] == NULL)
            continue;
        bp_tensor_name(tensor[k], name);
        bp_report_add(names, sizeof names, "%s%s", names[0] == '\0' ? "" : ", ", name);
        entries += tensor[k]->count;
    }
    bp_finding_because(finding, "all %zu entries of %s are 0", entries, names);
}

static void fill_zero(const struct bench *bench, struct bp_finding *finding, size_t l)
{
    const struct bp_layer_look *look = look_at(bench, l);
    say_zeros(bench, finding, l);
    if (look->silent)
        bp_finding_because(finding, "layer %zu answers 0 to all %zu samples", l,
                           bench->symmetry->samples);
    if (look->blameless)
        bp_finding_because(finding, "layer %zu: at the start every delta is exactly 0", l);
}

static const char ZERO_HELP[] =
    "start from random weights (Glorot, or normal with sd 1/sqrt(inputs)); biases may be 0";

static enum bp_status find_zero(struct bench *bench)
{
    const bool all = everywhere(bench, stuck, 0);
    for (size_t l = 1; l < bench->symmetry->layers; l++) {
        if (!is_stuck_at_zero(bench, l) || (all && l > 1))
            continue;
        struct bp_finding *finding = begin(bench, "zero-weights", BP_CERTAIN, all ? 0 : l);
        if (finding == NULL)
            return BP_ENOMEM;
        bp_finding_title(
            finding, "weights that are all 0 leave the neurons of a layer nothing to differ by");
        fill_zero(bench, finding, l);
        if (bench->watch != NULL && bench->watch->steps > 0) {
            say_moved(bench, finding);
            if (look_at(bench, l)->n_copies > 0 && anything_moved(bench))
                say_parted(bench, finding, l, EXACT);
        }
        bp_finding_help(finding, "%s", ZERO_HELP);
    }
    return BP_OK;
}

static const struct {
    const char *name, *title, *help;
    enum bp_certainty certainty;
} KIND[] = {
    [EXACT] = {"symmetric-weights", "copies compute, receive and learn the same for ever",
               "start from random weights, so that no two neurons begin alike", BP_CERTAIN},
    [FLIPPED] = {"sign-flipped-copies", "neurons that differ in sign only learn the same for ever",
                 "start from random weights, so that no two neurons begin alike", BP_CERTAIN},
    [NEAR] = {"near-equal-weights", "neurons that start almost alike stay so for long",
              "spread the starting weights: a standard deviation of 1/sqrt(inputs) or more about 0",
              BP_LIKELY},
};

static void fill_copies(const struct bench *bench, struct bp_finding *finding, size_t l,
                        enum kind kind)
{
    const struct bp_layer_look *look = look_at(bench, l);
    say_classes(bench, finding, l, kind);
    say_tensor(finding, bp_mlp_weights(bench->net, l), &look->weights);
    say_tensor(finding, bp_mlp_weights(bench->net, l + 1), &look_at(bench, l + 1)->weights);
    say_width(bench, finding, l);
    say_parted(bench, finding, l, kind);
}

static enum bp_status find_copies(struct bench *bench, enum kind kind)
{
    const bool all = everywhere(bench, of_kind, (int)kind);
    struct bp_finding *finding = NULL;
    for (size_t l = 1; l < bench->symmetry->layers; l++) {
        const struct bp_layer_look *look = look_at(bench, l);
        if (!has_kind(bench, l, kind))
            continue;
        if (finding == NULL || !all) {
            finding = begin(bench, KIND[kind].name, KIND[kind].certainty, all ? 0 : l);
            if (finding == NULL)
                return BP_ENOMEM;
            finding->number = (double)look->distinct;
            finding->threshold = (double)look->width;
            bp_finding_title(finding, "%s: layer %zu is %zu wide, not %zu", KIND[kind].title, l,
                             look->distinct, look->width);
            bp_finding_help(finding, "%s", KIND[kind].help);
        }
        fill_copies(bench, finding, l, kind);
    }
    return BP_OK;
}

static enum bp_status find_one_signed(struct bench *bench)
{
    for (size_t l = 1; l <= bench->symmetry->layers; l++) {
        const struct bp_layer_look *look = look_at(bench, l);
        if (!is_one_signed(bench, l))
            continue;
        struct bp_finding *finding = begin(bench, "one-signed-weights", BP_LIKELY, l);
        if (finding == NULL)
            return BP_ENOMEM;
        finding->number = look->saturated;
        finding->threshold = 0.5;
        bp_finding_title(finding,
                         "weights of one sign on many inputs add up, and saturate the layer");
        bp_finding_because(finding, "W%zu: all %zu entries are %s 0, on %zu inputs", l,
                           bp_mlp_weights(bench->net, l)->count,
                           look->weights.sign > 0 ? "above" : "below",
                           bench->net->spec.layer[l - 1].width);
        bp_finding_because(finding,
                           "layer %zu: %.0f %% of its answers are saturated (slope below %g of the "
                           "steepest)",
                           l, 100.0 * look->saturated, BP_FLAT_SLOPE);
        bp_finding_help(finding, "start from weights of both signs, such as Glorot's");
    }
    return BP_OK;
}

enum bp_status bp_symmetry_findings(const struct bp_symmetry *symmetry, const struct bp_mlp *net,
                                    const struct bp_symmetry_watch *watch,
                                    struct bp_findings *findings)
{
    struct bench bench = {symmetry, net, watch, findings};
    enum bp_status status = find_zero(&bench);
    for (int kind = EXACT; kind <= NEAR && status == BP_OK; kind++)
        status = find_copies(&bench, (enum kind)kind);
    return status == BP_OK ? find_one_signed(&bench) : status;
}
