/* ladder_look.c -- the looks of a rung that need no training: calls, forward pass,
 * gradient. The step is in ladder_step.c, those that train are in ladder_lesson.c.
 */
#include "diag/ladder_climb.h"

#include "core/mem.h"
#include "diag/contract.h"
#include "diag/diagnose.h"
#include "diag/gradcheck.h"
#include "diag/gradreport.h"
#include "diag/separable.h"
#include "diag/stepper.h"
#include "diag/trace.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

/* ---- a look ----------------------------------------------------------------- */

bool bp_climb_broke(const struct bp_climb *climb)
{
    return climb->rung->outcome == BP_RUNG_BROKE;
}

struct bp_rung_look *bp_climb_look(struct bp_climb *climb, const char *format, ...)
{
    struct bp_rung *rung = climb->rung;
    /* the last place is overwritten rather than missed: no rung comes near it */
    const size_t at = rung->n_looks < BP_RUNG_LOOKS ? rung->n_looks++ : BP_RUNG_LOOKS - 1;
    struct bp_rung_look *look = &rung->look[at];
    va_list args;
    va_start(args, format);
    vsnprintf(look->what, sizeof look->what, format, args);
    va_end(args);
    look->outcome = BP_RUNG_PASSED;
    look->seen[0] = '\0';
    return look;
}

void bp_rung_see(struct bp_rung_look *look, enum bp_rung_outcome outcome, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(look->seen, sizeof look->seen, format, args);
    va_end(args);
    look->outcome = outcome;
}

const char *bp_climb_title(const struct bp_climb *climb)
{
    static const char *const GATE[][2] = {{"and", "AND"}, {"or", "OR"}, {"xor", "XOR"}};
    for (size_t k = 0; k < sizeof GATE / sizeof GATE[0]; k++)
        if (strcmp(climb->data->title, GATE[k][0]) == 0)
            return GATE[k][1];
    return climb->data->title;
}

void bp_climb_break(struct bp_climb *climb, const char *means, const char *next)
{
    climb->rung->outcome = BP_RUNG_BROKE;
    snprintf(climb->rung->means, sizeof climb->rung->means, "%s", means);
    snprintf(climb->rung->next, sizeof climb->rung->next, "%s", next);
}

/* Once, whatever it was seen on. */
static enum bp_status keep_note(const struct bp_finding *note, struct bp_findings *to)
{
    for (size_t k = 0; k < to->n; k++)
        if (strcmp(to->item[k].name, note->name) == 0)
            return BP_OK;
    struct bp_finding *finding = bp_findings_add(to, note->look, note->name);
    if (finding == NULL)
        return BP_ENOMEM;
    *finding = *note;
    return BP_OK;
}

void bp_rung_see_more(struct bp_rung_look *look, const char *format, ...)
{
    const size_t used = strlen(look->seen);
    va_list args;
    va_start(args, format);
    vsnprintf(look->seen + used, sizeof look->seen - used, format, args);
    va_end(args);
}

static bool is_forward_note(const struct bp_finding *finding)
{
    return finding->note && finding->look == BP_LOOK_FORWARD;
}

/* Which stage does it; whatever can be named goes to the findings, notes of the forward
 * pass again, and with what is known now. */
static enum bp_status diagnose(struct bp_climb *climb)
{
    const struct bp_diagnose_options options = {.seed = climb->options.seed};
    struct bp_findings *findings = &climb->ladder->findings;
    while (findings->n > 0 && is_forward_note(&findings->item[findings->n - 1]))
        findings->n--;
    return bp_diagnose_run(climb->view, &options, findings, climb->error);
}

enum bp_status bp_climb_name_at_least(struct bp_climb *climb, enum bp_look look, const char *name,
                                      const char *seen)
{
    if (bp_findings_count(&climb->ladder->findings) > 0)
        return BP_OK;
    struct bp_finding *finding = bp_findings_add(&climb->ladder->findings, look, name);
    if (finding == NULL)
        return BP_ENOMEM;
    finding->certainty = BP_CERTAIN;
    bp_finding_title(finding, "%s", climb->rung->means);
    bp_finding_because(finding, "%s", seen);
    bp_finding_help(finding, "%s", climb->rung->next);
    return BP_OK;
}

/* ---- data to look at -------------------------------------------------------- */

static double draw_target(const struct bp_climb *climb, struct bp_rng *rng, size_t k, size_t hot)
{
    const struct bp_spec *spec = &climb->view->twin.spec;
    if (climb->one_hot || spec->loss == BP_SOFTMAX_CROSS_ENTROPY ||
        spec->layer[spec->layers].activation == BP_SOFTMAX)
        return k == hot ? 1.0 : 0.0;
    if (spec->loss == BP_BINARY_CROSS_ENTROPY)
        return bp_rng_unit(rng) < 0.5 ? 0.0 : 1.0;
    return bp_rng_uniform(rng, 0.1, 0.9);
}

enum bp_status bp_climb_draw(const struct bp_climb *climb, size_t n, struct bp_dataset *data)
{
    const struct bp_view *view = climb->view;
    if (view->subject->data != NULL)
        return bp_dataset_slice(data, climb->data, 0, climb->data->n);
    const enum bp_status status = bp_dataset_init(data, n, view->n_in, view->n_out);
    struct bp_rng rng;
    bp_rng_seed(&rng, climb->options.seed + 1000 + n);
    for (size_t s = 0; status == BP_OK && s < n; s++) {
        const size_t hot = bp_rng_below(&rng, view->n_out);
        for (size_t j = 0; j < view->n_in; j++)
            data->x[s * view->n_in + j] = bp_rng_normal(&rng);
        for (size_t k = 0; k < view->n_out; k++)
            data->t[s * view->n_out + k] = draw_target(climb, &rng, k, hot);
    }
    return status;
}

static struct bp_batch batch_of(const struct bp_dataset *data)
{
    return (struct bp_batch){data->n, data->x, data->t};
}

/* ---- rung 1 ----------------------------------------------------------------- */

enum bp_status bp_rung_separable(struct bp_climb *climb)
{
    struct bp_rung_look *look =
        bp_climb_look(climb, "%s, %zu samples", bp_climb_title(climb), climb->data->n);
    double *scratch = bp_mem_new(climb->data->n_in + 1, sizeof *scratch);
    if (scratch == NULL)
        return BP_ENOMEM;
    const enum bp_separable separable = bp_separable_run(climb->data, scratch);
    bp_mem_free(scratch);
    if (separable == BP_SEPARABLE_UNKNOWN)
        return BP_ENOMEM; /* four points at the corners of a square leave no other doubt */
    if (separable == BP_SEPARABLE_YES)
        bp_rung_see(look, BP_RUNG_PASSED,
                    "a straight line parts its classes: one neuron is enough");
    else
        bp_rung_see(look, BP_RUNG_LEFT_OUT, "no straight line parts its classes");
    return BP_OK;
}

enum bp_status bp_rung_contract(struct bp_climb *climb)
{
    struct bp_view *view = climb->view;
    struct bp_dataset data = {0};
    struct bp_contract contract = {0};
    double *theta = bp_mem_new(view->n_theta, sizeof *theta);
    enum bp_status status = theta == NULL ? BP_ENOMEM : bp_climb_draw(climb, 5, &data);
    const struct bp_batch batch = batch_of(&data);
    const size_t before = bp_findings_count(&climb->ladder->findings);
    struct bp_rung_look *look = bp_climb_look(climb, "its calls, each more than once");
    if (status == BP_OK) {
        bp_climb_point(climb, 1, theta);
        status =
            bp_contract_run(view, theta, &batch, &contract, &climb->ladder->findings, climb->error);
    }
    if (status == BP_OK) {
        bp_contract_text(&contract, look->seen, sizeof look->seen);
        view->carries = contract.velocity > 0.0;
        if (bp_findings_count(&climb->ladder->findings) > before) {
            look->outcome = BP_RUNG_BROKE;
            bp_climb_break(climb,
                           "its calls do not keep what every check takes for granted: nothing "
                           "above this rung could be trusted",
                           "repair what is named below, then climb again");
        }
    }
    bp_dataset_release(&data);
    bp_mem_free(theta);
    return status;
}

/* ---- the forward pass ------------------------------------------------------- */

/* What rounding may do to numbers of about 1. */
static double may_round(const struct bp_view *view)
{
    const struct bp_spec *spec = &view->twin.spec;
    double fan = 1.0;
    for (size_t l = 0; l < spec->layers; l++)
        fan = fmax(fan, (double)spec->layer[l].width);
    return 64.0 * view->epsilon * sqrt(fan) * (double)spec->layers;
}

enum bp_status bp_climb_worksheet(struct bp_climb *climb, const double *theta)
{
    struct bp_mlp *twin = &climb->view->twin;
    char *text = NULL;
    memcpy(twin->theta, theta, twin->n_theta * sizeof *theta);
    const size_t sample = climb->data->n > 1 ? 1 : 0;
    const enum bp_status status =
        bp_worksheet_text(twin, climb->data->x + sample * twin->spec.layer[0].width,
                          climb->data->t + sample * climb->data->n_out, SIZE_MAX, &text);
    if (status != BP_OK)
        return status;
    bp_mem_free(climb->ladder->worksheet);
    climb->ladder->worksheet = text;
    return BP_OK;
}

static void compare(struct bp_climb *climb, struct bp_rung_look *look, const double *y,
                    const double *a, size_t count)
{
    double apart = 0.0;
    size_t worst = 0;
    for (size_t k = 0; k < count; k++) {
        const double off = fabs(y[k] - a[k]) / fmax(1.0, fabs(a[k]));
        if (!(off <= apart)) {
            apart = isnan(off) ? INFINITY : off;
            worst = k;
        }
    }
    const size_t n_out = climb->view->n_out;
    if (apart <= may_round(climb->view)) {
        bp_rung_see(look, BP_RUNG_PASSED, "a =");
        for (size_t k = 0; k < count && k < 4; k++)
            bp_rung_see_more(look, " %.6f", a[k]);
        bp_rung_see_more(look, "%s, as by hand", count > 4 ? " ..." : "");
        return;
    }
    bp_rung_see(look, BP_RUNG_BROKE, "sample %zu%s: it says %.6f, by hand it is %.6f",
                worst / n_out, n_out > 1 ? " (its worst output)" : "", y[worst], a[worst]);
    bp_climb_break(climb,
                   "the forward pass is not that of the network described: no gradient can be "
                   "right before it is",
                   "go down the worksheet with a pencil beside your own numbers; the first one "
                   "that differs is the place");
}

static void compare_loss(struct bp_climb *climb, double own, double by_hand)
{
    struct bp_rung_look *look = bp_climb_look(climb, "its loss of these samples, by hand");
    if (fabs(own - by_hand) <= 8.0 * may_round(climb->view) * fmax(1.0, fabs(by_hand))) {
        bp_rung_see(look, BP_RUNG_PASSED, "%.6f, as by hand", by_hand);
        return;
    }
    bp_rung_see(look, BP_RUNG_BROKE, "it says %.6f, by hand it is %.6f: %.4g times as much", own,
                by_hand, own / by_hand);
    bp_climb_break(climb,
                   "the loss is not the one described: the gradient of another loss, or of "
                   "another constant, would be compared",
                   "look for a missing or doubled constant, a sum where a mean is described, or "
                   "declare the loss that it is");
}

/* Scales, constants and decisions that are in no description, and are no fault, are said,
 * and break no rung. */
static enum bp_status allow_numbers(struct bp_climb *climb, struct bp_rung_look *look)
{
    const struct bp_diagnose_options options = {.seed = climb->options.seed, .forward_only = true};
    struct bp_findings found = {0};
    enum bp_status status = bp_diagnose_run(climb->view, &options, &found, climb->error);
    if (status == BP_OK && found.n == 1 && is_forward_note(&found.item[0])) {
        look->outcome = BP_RUNG_PASSED;
        climb->rung->outcome = BP_RUNG_NOT_REACHED;
        climb->rung->means[0] = climb->rung->next[0] = '\0';
        climb->has_numbers = true;
        climb->decides = strcmp(found.item[0].name, "predictions-are-decisions") == 0;
        bp_rung_see_more(look, "; %s, and that explains it", found.item[0].name);
        status = keep_note(&found.item[0], &climb->ladder->findings);
    }
    bp_findings_release(&found);
    return status;
}

enum bp_status bp_rung_forward(struct bp_climb *climb, const double *theta)
{
    struct bp_view *view = climb->view;
    const struct bp_batch batch = batch_of(climb->data);
    struct bp_pass pass;
    double *y = bp_mem_new(batch.n * view->n_out, sizeof *y);
    if (y == NULL)
        return BP_ENOMEM;
    enum bp_status status = bp_pass_init(&pass, &view->twin, batch.n);
    if (status != BP_OK) {
        bp_mem_free(y);
        return status;
    }
    pass.theta = theta;
    bp_pass_forward(&pass, batch.n, batch.x);
    struct bp_rung_look *look = bp_climb_look(
        climb, "forward pass of %s (one sample is worked out below)", bp_climb_title(climb));
    if (!view->can_predict)
        bp_rung_see(look, BP_RUNG_LEFT_OUT, "it does not say what it predicts");
    else {
        status = bp_view_predict(view, theta, &batch, y, climb->error);
        if (status == BP_OK)
            compare(climb, look, y, pass.a[view->twin.spec.layers], batch.n * view->n_out);
    }
    if (status == BP_OK && bp_climb_broke(climb) && view->can_differ)
        status = allow_numbers(climb, look);
    if (status == BP_OK && view->subject->loss != NULL && !bp_climb_broke(climb) &&
        !climb->has_numbers && !view->subject->constant_undeclared) {
        double loss = NAN;
        status = bp_view_loss(view, theta, &batch, &loss, climb->error);
        if (status == BP_OK)
            compare_loss(climb, loss, bp_pass_loss(&pass, batch.t));
    }
    if (status == BP_OK)
        status = bp_climb_worksheet(climb, theta);
    if (status == BP_OK && bp_climb_broke(climb) && view->can_differ)
        status = diagnose(climb);
    if (status == BP_OK && bp_climb_broke(climb))
        status = bp_climb_name_at_least(climb, BP_LOOK_FORWARD, "unexplained-predictions",
                                        climb->rung->look[climb->rung->n_looks - 1].seen);
    bp_pass_release(&pass);
    bp_mem_free(y);
    return status;
}

/* ---- the gradient ----------------------------------------------------------- */

/* What was seen over several points. */
struct sight {
    size_t points, tried[2], wrong[2]; /* of deltas, of weights */
    size_t untested;
    size_t layer;             /* of deltas: the wrong one nearest the output */
    char first[BP_RUNG_LINE]; /* headline of the first check that disagreed */
    char tensors[BP_RUNG_LINE];
};

static void count(const struct bp_gradcheck *check, struct sight *sight)
{
    for (int v = 0; v < BP_VERDICTS; v++) {
        const bool wrong = v == BP_DISAGREE || v == BP_NOT_FINITE;
        sight->tried[0] += v == BP_LEFT_OUT ? 0 : check->delta_verdicts[v];
        sight->tried[1] += v == BP_LEFT_OUT ? 0 : check->verdicts[v];
        sight->wrong[0] += wrong ? check->delta_verdicts[v] : 0;
        sight->wrong[1] += wrong ? check->verdicts[v] : 0;
    }
    sight->points++;
    sight->untested += check->outcome == BP_OUTCOME_NOT_TESTED;
    for (size_t k = 0; k < check->n_tensors + check->n_deltas; k++) {
        const struct bp_tensor_check *tensor = &check->tensor[k];
        if (tensor->outcome < BP_OUTCOME_DISAGREES)
            continue;
        if (tensor->is_delta && tensor->layer > sight->layer)
            sight->layer = tensor->layer;
        if (!tensor->is_delta && sight->first[0] == '\0') {
            const size_t used = strlen(sight->tensors);
            snprintf(sight->tensors + used, sizeof sight->tensors - used, " %s", tensor->name);
        }
    }
    if (check->outcome >= BP_OUTCOME_DISAGREES && sight->first[0] == '\0')
        bp_gradreport_headline(check, sight->first, sizeof sight->first);
}

static enum bp_status check_at(struct bp_climb *climb, size_t start, const struct bp_batch *batch,
                               double *theta, struct sight *sight)
{
    struct bp_gradcheck check;
    const struct bp_gradcheck_options options = {.numeric = {.threads = climb->options.threads}};
    bp_climb_point(climb, start, theta);
    const enum bp_status status =
        bp_gradcheck_view(&check, climb->view, theta, batch, &options, climb->error);
    if (status != BP_OK)
        return status;
    count(&check, sight);
    bp_gradcheck_release(&check);
    return BP_OK;
}

/* At the samples of the rung, at one of them, and at 5 and 7 in which nothing is balanced. */
static enum bp_status check_all(struct bp_climb *climb, double *theta, struct sight *sight)
{
    const struct bp_batch all = batch_of(climb->data);
    const bool free_data = climb->view->subject->data == NULL;
    enum bp_status status = check_at(climb, 0, &all, theta, sight);
    for (size_t n = 1; n <= 7 && free_data && status == BP_OK; n += n == 1 ? 4 : 2) {
        struct bp_dataset data = {0};
        status = bp_climb_draw(climb, n, &data);
        const struct bp_batch batch = batch_of(&data);
        if (status == BP_OK)
            status = check_at(climb, n, &batch, theta, sight);
        bp_dataset_release(&data);
    }
    if (!free_data && status == BP_OK && !climb->view->subject->theta_fixed)
        status = check_at(climb, 1, &all, theta, sight);
    return status;
}

static void say_deltas(struct bp_climb *climb, const struct sight *sight)
{
    struct bp_rung_look *look = bp_climb_look(
        climb, "each neuron's delta beside its numeric one, at %zu points", sight->points);
    if (sight->tried[0] == 0)
        bp_rung_see(look, BP_RUNG_LEFT_OUT,
                    "it does not show its deltas; a bias's gradient is "
                    "its neuron's delta, summed over the batch");
    else if (sight->wrong[0] == 0)
        bp_rung_see(look, BP_RUNG_PASSED, "all %zu agree", sight->tried[0]);
    else {
        bp_rung_see(look, BP_RUNG_BROKE, "%zu of %zu are wrong; nearest the output: layer %zu",
                    sight->wrong[0], sight->tried[0], sight->layer);
        bp_climb_break(climb,
                       "the deltas are wrong already, before any weight's gradient is formed "
                       "from them",
                       "repair the wrong layer nearest the output first: those below are built "
                       "on it");
    }
}

static void say_weights(struct bp_climb *climb, const struct sight *sight)
{
    struct bp_rung_look *look =
        bp_climb_look(climb, "each weight beside its numeric derivative, batches of %zu%s",
                      climb->data->n, sight->points > 2 ? ", 1, 5 and 7" : "");
    if (sight->wrong[1] > 0) {
        bp_rung_see(look, BP_RUNG_BROKE, "%zu of %zu are wrong, in%s; %s", sight->wrong[1],
                    sight->tried[1], sight->tensors, sight->first);
        if (!bp_climb_broke(climb))
            bp_climb_break(climb,
                           sight->tried[0] > 0
                               ? "the deltas are right and gradients are not: what is made of "
                                 "the deltas is wrong (outer product, bias sum, scale)"
                               : "the gradient is not that of the loss",
                           "look at what is named below; a bias wrong by a factor points to "
                           "its delta, a weight alone to the activation it is multiplied with");
    } else if (sight->untested == sight->points)
        bp_rung_see(look, BP_RUNG_LEFT_OUT, "nothing stands out of the noise at any of %zu points",
                    sight->points);
    else
        bp_rung_see(look, BP_RUNG_PASSED, "all %zu agree", sight->tried[1]);
}

/* What its steps carry over, and what they do with the rate, has to be known before a
 * gradient is read off them. */
static enum bp_status know_steps(struct bp_climb *climb, double *theta,
                                 struct bp_findings *findings)
{
    struct bp_stepper stepper;
    struct bp_dataset data = {0};
    if (climb->view->subject->gradient != NULL || !climb->view->can_step)
        return BP_OK;
    enum bp_status status = bp_climb_draw(climb, 5, &data);
    const struct bp_batch batch = batch_of(&data);
    if (status == BP_OK) {
        bp_climb_point(climb, 2, theta);
        status = bp_stepper_run(climb->view, theta, &batch, &stepper, findings, climb->error);
        if (stepper.looked)
            climb->view->carries = stepper.has_state && stepper.momentum == 0.0 &&
                                   !climb->view->echoes && bp_findings_count(findings) == 0;
    }
    bp_dataset_release(&data);
    return status;
}

/* Of a gradient that is wrong what was seen in the steps is to be named too. */
static enum bp_status add_causes(const struct bp_findings *from, struct bp_findings *to)
{
    for (size_t k = 0; k < from->n; k++) {
        const struct bp_finding *cause = &from->item[k];
        struct bp_finding *finding =
            cause->note ? NULL : bp_findings_add(to, cause->look, cause->name);
        if (finding != NULL)
            *finding = *cause;
        else if (!cause->note)
            return BP_ENOMEM;
    }
    return BP_OK;
}

/* Of decisions there are no numeric derivatives, and a rounded e makes all of them differ
 * by as much as it is rounded: the network described, with its numbers, is the measure. */
static enum bp_status look_by_twin(struct bp_climb *climb, struct sight *sight)
{
    const struct bp_diagnose_options options = {.seed = climb->options.seed};
    struct bp_findings found = {0};
    struct bp_rung_look *look =
        bp_climb_look(climb, "its gradient beside that of the network described, with its numbers");
    const enum bp_status status = bp_diagnose_run(climb->view, &options, &found, climb->error);
    if (status == BP_OK && bp_findings_count(&found) > 0) {
        snprintf(sight->first, sizeof sight->first, "it is not that of the network described");
        bp_rung_see(look, BP_RUNG_BROKE, "%s", sight->first);
        bp_climb_break(climb, "the gradient is not that of the loss",
                       "look at what is named below");
    } else if (status == BP_OK) {
        bp_rung_see(look, BP_RUNG_PASSED, "the same%s",
                    climb->decides ? "; of decisions the numeric derivatives are 0" : "");
    }
    bp_findings_release(&found);
    return status;
}

enum bp_status bp_rung_gradient(struct bp_climb *climb)
{
    struct bp_view *view = climb->view;
    struct sight sight = {0};
    struct bp_findings steps = {0};
    const bool by_twin = climb->has_numbers;
    if (!view->can_differ) {
        bp_rung_see(bp_climb_look(climb, "its gradient"), BP_RUNG_LEFT_OUT,
                    "it has neither a gradient nor a step");
        return BP_OK;
    }
    double *theta = bp_mem_new(view->n_theta, sizeof *theta);
    if (theta == NULL)
        return BP_ENOMEM;
    enum bp_status status = know_steps(climb, theta, &steps);
    if (status == BP_OK && view->carries)
        bp_rung_see(bp_climb_look(climb, "its gradient, from its steps"), BP_RUNG_LEFT_OUT,
                    "a step holds more of those before it than a plain momentum: give it a "
                    "reset() that sets what it keeps to 0");
    else if (status == BP_OK && view->signs)
        bp_rung_see(bp_climb_look(climb, "its gradient, from its steps"), BP_RUNG_LEFT_OUT,
                    "every parameter moves equally far: a step tells only signs; attach "
                    "gradient(), or a plain step");
    else if (status == BP_OK && by_twin)
        status = look_by_twin(climb, &sight);
    else if (status == BP_OK)
        status = check_all(climb, theta, &sight);
    if (status == BP_OK && !view->carries && !view->signs && !by_twin) {
        say_deltas(climb, &sight);
        say_weights(climb, &sight);
    }
    if (status == BP_OK && bp_climb_broke(climb)) {
        bp_climb_point(climb, 0, theta);
        status = bp_climb_worksheet(climb, theta);
        if (status == BP_OK)
            status = add_causes(&steps, &climb->ladder->findings);
        if (status == BP_OK)
            status = diagnose(climb);
        if (status == BP_OK)
            status = bp_climb_name_at_least(climb, BP_LOOK_GRADIENT, "unexplained-gradient",
                                            sight.first);
    }
    bp_findings_release(&steps);
    bp_mem_free(theta);
    return status;
}
