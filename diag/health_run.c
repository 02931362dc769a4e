/* health_run.c -- rules about what happened while training. */
#include "diag/health_rules.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define RULE(name)                                                                                 \
    static bool name(const struct bp_health *health, const struct bp_rule *rule,                   \
                     struct bp_finding *finding)

static size_t layers_of(const struct bp_health *health)
{
    return health->net->spec.layers;
}

/* ---- loss ------------------------------------------------------------------------ */

RULE(loss_not_finite)
{
    (void)rule;
    if (health->course == NULL || !health->course->not_finite)
        return false;
    const struct bp_course *course = health->course;
    finding->step = (long)course->bad_step;
    finding->number = (double)course->bad_step;
    finding->note = health->done; /* it came back: an output that was 0 or 1 for a while */
    if (course->bad_layer > 0) {
        finding->layer = (int)course->bad_layer;
        bp_finding_because(finding, "at step %zu, first in z of layer %zu", course->bad_step,
                           course->bad_layer);
    } else {
        bp_finding_because(finding, "at step %zu, in the loss itself: every z was finite",
                           course->bad_step);
    }
    return true;
}

RULE(loss_rising)
{
    if (health->course == NULL || health->done || health->course->not_finite)
        return false;
    double least = INFINITY;
    size_t at = 0;
    for (size_t p = 0; p < health->course->n_points; p++)
        if (health->course->point[p].loss < least) {
            least = health->course->point[p].loss;
            at = p;
        }
    const double end = bp_health_last(health)->loss;
    finding->number = end / least;
    if (!(finding->number > rule->threshold && end > bp_health_first(health)->loss &&
          end > health->baseline))
        return false;
    finding->step = (long)health->course->point[at].step;
    bp_finding_because(finding,
                       "from %.4g at step %ld to %.4g at the end; a constant answer has %.4g",
                       least, finding->step, end, health->baseline);
    return true;
}

/* Changes of direction from epoch to epoch over the last half, and their size. */
RULE(loss_oscillating)
{
    if (!bp_health_failing(health) || health->course->not_finite || health->course->stride != 1)
        return false;
    const double *loss = health->course->losses;
    const size_t n = health->course->n_losses;
    if (n < 20 || health->train->batch != 0)
        return false;
    size_t turns = 0;
    double size = 0.0, sum = 0.0;
    for (size_t k = n / 2 + 1; k + 1 < n; k++) {
        const bool turn = (loss[k] - loss[k - 1]) * (loss[k + 1] - loss[k]) < 0.0;
        if (turn && turns++ == 0)
            finding->step = (long)k; /* an epoch is a step here */
        size += fabs(loss[k] - loss[k - 1]);
        sum += loss[k];
    }
    const double count = (double)(n - 2 - n / 2);
    finding->number = size / sum;
    if (!((double)turns > 0.5 * count && finding->number > rule->threshold))
        return false;
    bp_finding_because(
        finding, "full batch, and yet the loss turns in %zu of %.0f epochs, by %.1f %% a time",
        turns, count, 100.0 * finding->number);
    return true;
}

/* The stop that is nobody's fault, and so is noted only where no cause is known: the
 * loss came down from the base rate, then the gradient vanished at a loss that is not
 * the end. */
static bool is_local_minimum(const struct bp_health *health)
{
    const struct bp_checkpoint *last = bp_health_last(health);
    return last->loss < 0.95 * health->baseline && last->grad < 0.1 * bp_health_first(health)->grad;
}

/* The loss lies within this much of its end. */
static bool at_rest(const struct bp_health *health, size_t p, size_t l, double threshold)
{
    (void)l;
    return fabs(health->course->point[p].loss - bp_health_last(health)->loss) <= threshold;
}

/* Since when the loss has been within 1 % of where it ends. */
static long rest_since(const struct bp_health *health)
{
    return bp_health_since(health, 0, at_rest, 0.01 * fabs(bp_health_last(health)->loss));
}

RULE(loss_stuck)
{
    (void)rule;
    if (!bp_health_failing(health) || health->course->not_finite)
        return false;
    const struct bp_checkpoint *last = bp_health_last(health);
    const double share = last->loss / health->baseline;
    if (!(health->baseline > 0.0) || is_local_minimum(health) || !(share < 1.5))
        return false;
    finding->number = share;
    finding->step = rest_since(health);
    bp_finding_because(finding,
                       "the loss ends at %.4g and no longer falls; a constant answer has %.4g",
                       last->loss, health->baseline);
    return true;
}

RULE(local_minimum)
{
    (void)rule;
    if (!bp_health_failing(health) || health->explained || health->course->not_finite ||
        !is_local_minimum(health))
        return false;
    const struct bp_checkpoint *last = bp_health_last(health);
    finding->note = true;
    finding->step = rest_since(health);
    finding->number = last->loss / health->baseline;
    bp_finding_because(finding, "the loss came to rest at %.4g, %.2f of a constant answer's %.4g",
                       last->loss, finding->number, health->baseline);
    bp_finding_because(finding, "the gradient there is %.2g, it was %.2g at the start", last->grad,
                       bp_health_first(health)->grad);
    return true;
}

/* ---- answers ----------------------------------------------------------------------- */

static double spread_of_targets(const struct bp_health *health)
{
    const struct bp_dataset *data = health->data;
    double low = data->t[0], high = data->t[0];
    for (size_t k = 0; k < data->n * data->n_out; k++) {
        low = data->t[k] < low ? data->t[k] : low;
        high = data->t[k] > high ? data->t[k] : high;
    }
    return high - low;
}

static bool alike_at(const struct bp_health *health, size_t p, size_t l, double spread)
{
    (void)l;
    return health->course->point[p].spread < spread;
}

static bool one_class_at(const struct bp_health *health, size_t p, size_t l, double classes)
{
    (void)l;
    return (double)health->course->point[p].classes <= classes;
}

RULE(outputs_alike)
{
    if (!bp_health_failing(health) || health->course->n_probe < 2)
        return false;
    const double targets = spread_of_targets(health);
    finding->number = bp_health_last(health)->spread / targets;
    if (!(targets > 0.0 && finding->number < rule->threshold))
        return false;
    finding->step = bp_health_since(health, 0, alike_at, rule->threshold * targets);
    bp_finding_because(finding, "outputs differ by at most %.3g between samples; targets by %.3g",
                       bp_health_last(health)->spread, targets);
    return true;
}

RULE(one_class_predicted)
{
    (void)rule;
    if (!bp_health_failing(health) || health->data->classes < 2 || health->course->n_probe < 4 ||
        bp_health_last(health)->classes != 1)
        return false;
    finding->step = bp_health_since(health, 0, one_class_at, 1.0);
    finding->number = (double)bp_health_last(health)->classes;
    bp_finding_because(finding, "all %zu samples looked at are given the same class of %zu",
                       health->course->n_probe, health->data->classes);
    return true;
}

RULE(generalises_badly)
{
    finding->number = health->training - health->validation;
    if (!(finding->number > rule->threshold))
        return false;
    bp_finding_because(finding, "%.1f %% right on the training data, %.1f %% on other data",
                       100.0 * health->training, 100.0 * health->validation);
    return true;
}

/* ---- activations --------------------------------------------------------------------- */

static bool saturated_at(const struct bp_health *health, size_t p, size_t l, double threshold)
{
    return bp_course_at(health->course, p, l)->saturated > threshold;
}

static bool dead_at(const struct bp_health *health, size_t p, size_t l, double threshold)
{
    return bp_course_at(health->course, p, l)->dead > threshold;
}

/* The first layer for which test() holds from some step to the end; 0 for none. */
static size_t layer_since(const struct bp_health *health, size_t top,
                          bool (*test)(const struct bp_health *, size_t, size_t, double),
                          double threshold, long *since)
{
    for (size_t l = 1; l <= top; l++) {
        *since = bp_health_since(health, l, test, threshold);
        if (*since >= 0)
            return l;
    }
    return 0;
}

/* Which neurons of a layer have a flat f' for at least `share` of the samples, in the
 * end: a line that names up to eight. */
static void name_units(const struct bp_health *health, size_t l, double share,
                       struct bp_finding *finding)
{
    enum { NAMED = 8 };
    const struct bp_mlp *net = health->net;
    const size_t width = net->spec.layer[l].width;
    const double *flat =
        health->course->unit_flat + (health->course->n_points - 1) * net->n_units + net->unit[l];
    char list[NAMED * 8 + 1] = "";
    size_t n = 0;
    for (size_t i = 0; i < width; i++) {
        if (!(flat[i] >= share))
            continue;
        const size_t used = strlen(list);
        if (n++ < NAMED)
            snprintf(list + used, sizeof list - used, "%s%zu", used == 0 ? "" : ", ", i);
    }
    if (n > 0 && width > 1)
        bp_finding_because(finding, "neuron%s %s%s of layer %zu, in the end (%zu of %zu)",
                           n == 1 ? "" : "s", list, n > NAMED ? ", ..." : "", l, n, width);
}

RULE(units_saturated)
{
    if (!bp_health_failing(health))
        return false;
    const size_t l =
        layer_since(health, layers_of(health), saturated_at, rule->threshold, &finding->step);
    if (l == 0)
        return false;
    const struct bp_layer_state *state =
        bp_course_at(health->course, health->course->n_points - 1, l);
    finding->layer = (int)l;
    finding->number = state->saturated;
    bp_finding_because(
        finding,
        "in layer %zu, f' is below 1 %% of its largest value %.0f %% of the time, since step %ld",
        l, 100.0 * state->saturated, finding->step);
    bp_finding_because(finding, "|z| there is %.3g (root mean square)", state->rms_z);
    name_units(health, l, rule->threshold, finding);
    return true;
}

RULE(units_dead)
{
    if (!bp_health_failing(health))
        return false;
    const size_t l =
        layer_since(health, layers_of(health) - 1, dead_at, rule->threshold, &finding->step);
    if (l == 0)
        return false;
    const struct bp_layer_state *state =
        bp_course_at(health->course, health->course->n_points - 1, l);
    finding->layer = (int)l;
    finding->number = state->dead;
    bp_finding_because(
        finding,
        "%.0f of %zu units of layer %zu are active for none of %zu samples, since step %ld",
        state->dead * (double)health->net->spec.layer[l].width, health->net->spec.layer[l].width, l,
        health->course->n_probe, finding->step);
    name_units(health, l, 1.0, finding);
    return true;
}

/* ---- gradients ------------------------------------------------------------------------ */

/* Mean |delta| of layer 1 against the last layer's. */
static double delta_ratio(const struct bp_health *health, size_t p)
{
    return bp_course_at(health->course, p, 1)->delta /
           bp_course_at(health->course, p, layers_of(health))->delta;
}

static bool vanishing_at(const struct bp_health *health, size_t p, size_t l, double threshold)
{
    (void)l;
    return delta_ratio(health, p) < threshold;
}

static bool exploding_at(const struct bp_health *health, size_t p, size_t l, double threshold)
{
    (void)l;
    return delta_ratio(health, p) > threshold;
}

static bool delta_rule(const struct bp_health *health, const struct bp_rule *rule,
                       bool (*test)(const struct bp_health *, size_t, size_t, double),
                       struct bp_finding *finding)
{
    if (!bp_health_failing(health) || layers_of(health) < 2)
        return false;
    finding->step = bp_health_since(health, 1, test, rule->threshold);
    /* not what a run comes to near its end, where all deltas fade: from early on */
    const size_t p = health->course->n_points - 1;
    if (finding->step < 0 || (size_t)finding->step > health->course->point[p / 4].step)
        return false;
    finding->layer = 1;
    finding->number = delta_ratio(health, p);
    bp_finding_because(
        finding,
        "mean |delta| is %.3g in layer 1 and %.3g in layer %zu: ratio %.2g, since step %ld",
        bp_course_at(health->course, p, 1)->delta,
        bp_course_at(health->course, p, layers_of(health))->delta, layers_of(health),
        finding->number, finding->step);
    return true;
}

RULE(delta_vanishing)
{
    return delta_rule(health, rule, vanishing_at, finding);
}

RULE(delta_exploding)
{
    return delta_rule(health, rule, exploding_at, finding);
}

/* ---- updates --------------------------------------------------------------------------- */

/* The middle one of the checkpoints' update-to-weight ratios of layer l. */
static double median_update(const struct bp_health *health, size_t l)
{
    double value[BP_COURSE_POINTS];
    size_t n = 0;
    for (size_t p = 0; p + 1 < health->course->n_points; p++) {
        const double update = bp_course_at(health->course, p, l)->update;
        if (!isfinite(update))
            continue;
        size_t k = n++;
        for (; k > 0 && value[k - 1] > update; k--)
            value[k] = value[k - 1];
        value[k] = update;
    }
    return n == 0 ? NAN : value[n / 2];
}

/* The last checkpoint has no step after it. */
static bool small_at(const struct bp_health *health, size_t p, size_t l, double threshold)
{
    return p + 1 == health->course->n_points ||
           bp_course_at(health->course, p, l)->update < threshold;
}

static bool large_at(const struct bp_health *health, size_t p, size_t l, double threshold)
{
    return p + 1 == health->course->n_points ||
           bp_course_at(health->course, p, l)->update > threshold;
}

RULE(updates_too_small)
{
    if (health->course == NULL || health->done || health->course->not_finite)
        return false;
    for (size_t l = 1; l <= layers_of(health); l++) {
        const double update = median_update(health, l);
        /* even if all steps had gone one way */
        const double travel = update * (double)health->course->steps;
        if (!(update > 0.0 && update < rule->threshold && travel < 0.1))
            continue;
        finding->layer = (int)l;
        finding->number = update;
        finding->step = bp_health_since(health, l, small_at, rule->threshold);
        bp_finding_because(
            finding, "a step changes W%zu by %.2g of its size (median): %.2g in all %zu steps", l,
            update, travel, health->course->steps);
        return true;
    }
    return false;
}

RULE(updates_too_large)
{
    if (!bp_health_failing(health))
        return false;
    for (size_t l = 1; l <= layers_of(health); l++) {
        const double update = median_update(health, l);
        if (!(update > rule->threshold))
            continue;
        finding->layer = (int)l;
        finding->number = update;
        finding->step = bp_health_since(health, l, large_at, rule->threshold);
        bp_finding_because(finding, "a step changes W%zu by %.2g of its size (median)", l, update);
        return true;
    }
    return false;
}

RULE(parameter_never_changes)
{
    (void)rule;
    if (!bp_health_failing(health) || health->course->steps == 0)
        return false;
    size_t still = 0, n = 0;
    char names[120] = "";
    for (size_t i = 0; i < health->net->n_tensors; i++)
        if (!health->course->moved[i]) {
            char name[BP_NAME_MAX];
            bp_tensor_name(&health->net->tensor[i], name);
            if (still++ == 0)
                finding->layer = (int)health->net->tensor[i].layer;
            if (n + strlen(name) + 2 < sizeof names)
                n +=
                    (size_t)snprintf(names + n, sizeof names - n, "%s%s", n == 0 ? "" : ", ", name);
        }
    if (still > 0)
        bp_finding_because(finding, "bit for bit what %s before the first of %zu steps: %s",
                           still == 1 ? "it was" : "they were", health->course->steps, names);
    finding->number = (double)still;
    finding->step = 0;
    return still > 0;
}

static const struct bp_rule RULE_TABLE[] = {
    {"loss-not-finite", BP_RANK_RUN, BP_LOOK_HEALTH, 0.0, "any", "the loss became NaN or infinite",
     "a smaller rate or smaller weights; cross-entropy needs outputs inside (0, 1)",
     loss_not_finite},
    {"loss-rising", BP_RANK_RUN, BP_LOOK_HEALTH, 1.5, "half as much again as its least",
     "the loss goes up", "a smaller rate; if that does not help, the sign of the step",
     loss_rising},
    {"loss-oscillating", BP_RANK_RUN, BP_LOOK_HEALTH, 0.05,
     "full-batch descent with a small enough rate is monotone (Nesterov 2004, 1.2.3); 5 % a turn",
     "the loss jumps up and down", "a smaller rate", loss_oscillating},
    {"parameter-never-changes", BP_RANK_RUN, BP_LOOK_HEALTH, 0.0, "bit for bit",
     "parameters stay as they were",
     "follow delta down to this layer: where is it first exactly 0?", parameter_never_changes},
    {"units-saturated", BP_RANK_RUN, BP_LOOK_HEALTH, 0.5,
     "f' below 1 % of its largest: |z| > 6.0 (sigmoid), 3.0 (tanh); half of the time",
     "units are saturated: their slope is nearly 0", "smaller weights, or scaled inputs",
     units_saturated},
    {"units-dead", BP_RANK_RUN, BP_LOOK_HEALTH, 0.5,
     "more than half of a layer (Amazon SageMaker Debugger, DeadRelu)",
     "relu units are active for no sample", "a smaller rate, He's start, or leaky relu",
     units_dead},
    {"delta-vanishing", BP_RANK_RUN, BP_LOOK_HEALTH, 1e-3,
     "first layer to last below 1e-3 (Zhang et al. 2021, AutoTrainer)",
     "hardly any error reaches the first layer",
     "fewer layers, relu or tanh, Glorot's or He's start", delta_vanishing},
    {"delta-exploding", BP_RANK_RUN, BP_LOOK_HEALTH, 1e3, "the same ratio, the other way",
     "the error grows on its way to the first layer", "smaller starting weights (Glorot, He)",
     delta_exploding},
    {"updates-too-small", BP_RANK_RUN, BP_LOOK_HEALTH, 1e-4,
     "about 1e-3 is usual (Stanford CS231n); and less than a tenth in all steps together",
     "the weights hardly move", "a larger rate, or more epochs", updates_too_small},
    {"updates-too-large", BP_RANK_RUN, BP_LOOK_HEALTH, 0.5,
     "about 1e-3 is usual (Stanford CS231n); half of the weight at every step",
     "every step changes the weights beyond recognition", "a smaller rate", updates_too_large},
    {"outputs-alike", BP_RANK_RUN, BP_LOOK_HEALTH, 0.01, "1 % of the targets' spread",
     "the output is the same for every input",
     "look at the first hidden layer: do its units differ?", outputs_alike},
    {"one-class-predicted", BP_RANK_RUN, BP_LOOK_HEALTH, 1.0, "one class",
     "every sample is given the same class", "see what the loss is stuck at: the base rate?",
     one_class_predicted},
    {"generalises-badly", BP_RANK_RUN, BP_LOOK_HEALTH, 0.25,
     "a quarter of all samples; no test of significance below 100 samples",
     "right on the training data, wrong on other data",
     "more data, fewer units, L2, or an earlier stop", generalises_badly},
    {"loss-stuck", BP_RANK_RUN, BP_LOOK_HEALTH, 0.01,
     "less than 1 % in the last half of the epochs",
     "the loss stays where a constant answer would have it", "see the first cause above",
     loss_stuck},
    {"local-minimum", BP_RANK_RUN, BP_LOOK_HEALTH, 0.1,
     "gradient below a tenth of the first, loss below 95 % of a constant answer's",
     "the run came to rest short of its end; nothing is wrong with the backprop",
     "try another seed, or more hidden units", local_minimum},
};

const struct bp_rule_table bp_health_run_rules = {sizeof RULE_TABLE / sizeof RULE_TABLE[0],
                                                  RULE_TABLE};
