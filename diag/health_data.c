/* health_data.c -- rules about the examples themselves. */
#define _GNU_SOURCE /* qsort_r() */
#include "diag/health_rules.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RULE(name)                                                                                 \
    static bool name(const struct bp_health *health, const struct bp_rule *rule,                   \
                     struct bp_finding *finding)

RULE(data_not_finite)
{
    (void)rule;
    const struct bp_dataset *data = health->data;
    size_t bad = 0, first = 0;
    for (size_t k = 0; k < data->n * data->n_in; k++)
        if (!isfinite(data->x[k]) && bad++ == 0)
            first = k / data->n_in;
    for (size_t k = 0; k < data->n * data->n_out; k++)
        if (!isfinite(data->t[k]) && bad++ == 0)
            first = k / data->n_out;
    if (bad == 0)
        return false;
    finding->number = (double)bad;
    bp_finding_because(finding, "%zu numbers are NaN or infinite, the first in sample %zu", bad,
                       first);
    return true;
}

RULE(inputs_unscaled)
{
    const struct bp_dataset *data = health->data;
    const size_t count = data->n * data->n_in;
    double squares = 0.0, top = 0.0;
    for (size_t k = 0; k < count; k++) {
        squares += data->x[k] * data->x[k];
        top = fabs(data->x[k]) > top ? fabs(data->x[k]) : top;
    }
    finding->number = sqrt(squares / (double)count);
    if (!(finding->number > rule->threshold))
        return false;
    bp_finding_because(finding,
                       "root mean square of the inputs is %.4g, largest %.4g (usual: about 1)",
                       finding->number, top);
    return true;
}

RULE(targets_out_of_range)
{
    (void)rule;
    const struct bp_dataset *data = health->data;
    const struct bp_layer *last = &health->net->spec.layer[health->net->spec.layers];
    double low = -INFINITY, high = INFINITY;
    if (last->activation == BP_SIGMOID || last->activation == BP_SOFTMAX ||
        last->activation == BP_TANH)
        high = 1.0;
    if (last->activation == BP_TANH)
        low = -1.0;
    else if (last->activation == BP_SIGMOID || last->activation == BP_SOFTMAX ||
             last->activation == BP_RELU)
        low = 0.0;
    size_t outside = 0;
    double least = data->t[0], most = data->t[0];
    for (size_t k = 0; k < data->n * data->n_out; k++) {
        outside += data->t[k] < low || data->t[k] > high;
        least = data->t[k] < least ? data->t[k] : least;
        most = data->t[k] > most ? data->t[k] : most;
    }
    if (outside == 0)
        return false;
    finding->number = (double)outside;
    bp_finding_because(finding, "%zu of %zu targets cannot be reached: targets are %.4g to %.4g",
                       outside, data->n * data->n_out, least, most);
    bp_finding_because(finding, "the output is %s, which gives %.4g to %.4g",
                       bp_activation_name(last->activation), low, high);
    return true;
}

RULE(classes_imbalanced)
{
    const struct bp_dataset *data = health->data;
    enum { MOST = 256 };
    size_t count[MOST] = {0};
    if (data->classes < 2 || data->classes > MOST || data->n < 50)
        return false;
    for (size_t s = 0; s < data->n; s++)
        count[bp_dataset_label(data, s) % MOST]++;
    size_t most = 0;
    for (size_t c = 1; c < data->classes; c++)
        most = count[c] > count[most] ? c : most;
    finding->number = (double)count[most] / (double)data->n;
    if (!(finding->number > rule->threshold))
        return false;
    bp_finding_because(finding, "class %zu is %.1f %% of the samples (%zu of %zu)", most,
                       100.0 * finding->number, count[most], data->n);
    return true;
}

/* ---- the same inputs with other targets --------------------------------------------- */

static int by_inputs(const void *p, const void *q, void *context)
{
    const struct bp_dataset *data = context;
    const size_t n = data->n_in;
    return memcmp(data->x + *(const size_t *)p * n, data->x + *(const size_t *)q * n,
                  n * sizeof(double));
}

/* How many samples share their inputs with one that has other targets. */
static size_t contradictions(const struct bp_dataset *data, size_t *order, size_t *example)
{
    const size_t x = data->n_in * sizeof *data->x;
    const size_t t = data->n_out * sizeof *data->t;
    size_t found = 0;
    for (size_t s = 0; s < data->n; s++)
        order[s] = s;
    struct bp_dataset view = *data;
    qsort_r(order, data->n, sizeof *order, by_inputs, &view);
    for (size_t first = 0, end; first < data->n; first = end) {
        bool differ = false;
        for (end = first + 1; end < data->n; end++) {
            if (memcmp(data->x + order[first] * data->n_in, data->x + order[end] * data->n_in, x) !=
                0)
                break;
            differ = differ || memcmp(data->t + order[first] * data->n_out,
                                      data->t + order[end] * data->n_out, t) != 0;
        }
        if (differ && found == 0)
            *example = order[first];
        found += differ ? end - first : 0;
    }
    return found;
}

RULE(targets_contradict)
{
    const struct bp_dataset *data = health->data;
    size_t example = 0;
    const size_t found = contradictions(data, health->scratch, &example);
    finding->number = (double)found / (double)data->n;
    if (!(finding->number > rule->threshold))
        return false;
    bp_finding_because(finding, "%zu of %zu samples have the inputs of another with other targets",
                       found, data->n);
    bp_finding_because(finding, "one of them is sample %zu", example);
    return true;
}

/* ---- columns that say nothing --------------------------------------------------------- */

/* Whether columns p and q are the same in every sample; p == q: whether it is one number. */
static bool is_repeated(const struct bp_dataset *data, size_t p, size_t q)
{
    for (size_t s = 0; s < data->n; s++) {
        const double *x = data->x + s * data->n_in;
        if (p == q ? x[p] != data->x[p] : x[p] != x[q])
            return false;
    }
    return true;
}

/* A constant column does no harm (image borders), unless what it should have told apart
 * now contradicts. */
static bool is_missed(const struct bp_health *health)
{
    size_t example = 0;
    return (double)contradictions(health->data, health->scratch, &example) >
           0.2 * (double)health->data->n;
}

RULE(inputs_constant)
{
    (void)rule;
    const struct bp_dataset *data = health->data;
    size_t constant = 0, first = 0;
    for (size_t k = data->n_in; k-- > 0;)
        if (is_repeated(data, k, k)) {
            constant++;
            first = k;
        }
    if (data->n < 2 || constant == 0)
        return false;
    finding->number = (double)constant; /* inputs */
    if (constant == data->n_in) {
        bp_finding_because(finding, "all %zu samples have the same inputs", data->n);
        return true;
    }
    if (!is_missed(health))
        return false;
    bp_finding_because(finding,
                       "input %zu is %.6g in all %zu samples, and without it some have "
                       "equal inputs and other targets",
                       first, data->x[first], data->n);
    return true;
}

RULE(inputs_duplicated)
{
    (void)rule;
    const struct bp_dataset *data = health->data;
    if (data->n < 2 || !is_missed(health))
        return false;
    for (size_t p = 0; p < data->n_in; p++)
        for (size_t q = p + 1; q < data->n_in; q++)
            if (is_repeated(data, p, q) && !is_repeated(data, p, p)) {
                finding->number = (double)data->n; /* samples in which they are equal */
                bp_finding_because(finding,
                                   "inputs %zu and %zu are equal in all %zu samples, and "
                                   "some have equal inputs and other targets",
                                   p, q, data->n);
                return true;
            }
    return false;
}

/* ---- labels shuffled apart from inputs ------------------------------------------------ */

static double distance(const struct bp_dataset *data, size_t p, size_t q)
{
    double sum = 0.0;
    for (size_t k = 0; k < data->n_in; k++) {
        const double d = data->x[p * data->n_in + k] - data->x[q * data->n_in + k];
        sum += d * d;
    }
    return sum;
}

enum { NEIGHBOURS = 400 };

static size_t nearest(const struct bp_dataset *data, size_t n, size_t s)
{
    size_t best = s == 0 ? 1 : 0;
    double least = INFINITY;
    for (size_t k = 0; k < n; k++) {
        const double d = k == s ? INFINITY : distance(data, s * data->n / n, k * data->n / n);
        if (d < least) {
            least = d;
            best = k;
        }
    }
    return best;
}

/* The nearest other sample has the same class no more often than chance would
 * have it (chance + 2 standard errors), though the inputs are many. */
RULE(labels_shuffled)
{
    const struct bp_dataset *data = health->data;
    const size_t n = data->n < NEIGHBOURS ? data->n : NEIGHBOURS;
    double share[256] = {0.0};
    if (health->course == NULL || data->classes < 2 || data->classes > 256 || n < 100)
        return false;
    size_t alike = 0;
    for (size_t s = 0; s < n; s++) {
        const size_t label = bp_dataset_label(data, s * data->n / n);
        share[label % 256] += 1.0 / (double)n;
        alike += label == bp_dataset_label(data, nearest(data, n, s) * data->n / n);
    }
    double chance = 0.0;
    for (size_t c = 0; c < data->classes; c++)
        chance += share[c] * share[c];
    finding->number = (double)alike / (double)n;
    finding->certainty = BP_LIKELY;
    /* a run that learns what it is shown by heart, and nothing else, is ill too */
    if (!bp_health_failing(health) && !(health->validation <= chance + 0.05))
        return false;
    const double error = sqrt(chance * (1.0 - chance) / (double)n);
    if (!(finding->number <= chance + rule->threshold * error) || chance > 0.9)
        return false;
    bp_finding_because(
        finding,
        "the nearest other input has the same class %.1f %% of the time; chance is %.1f %%",
        100.0 * finding->number, 100.0 * chance);
    return true;
}

static const struct bp_rule RULE_TABLE[] = {
    {"data-not-finite", BP_RANK_DATA, BP_LOOK_DATA, 0.0, "any", "the data holds NaN or infinity",
     "clean the data before training", data_not_finite},
    {"inputs-unscaled", BP_RANK_DATA, BP_LOOK_DATA, 10.0,
     "ten times the unit size that LeCun et al. 1998 (Efficient BackProp, 4.3) ask for",
     "the inputs are far larger than 1",
     "divide the inputs by their largest value, or standardise them", inputs_unscaled},
    {"inputs-constant", BP_RANK_DATA, BP_LOOK_DATA, 0.0, "bit for bit",
     "an input is the same in every sample", "look at how the inputs are read", inputs_constant},
    {"inputs-duplicated", BP_RANK_DATA, BP_LOOK_DATA, 0.0, "bit for bit",
     "two inputs are the same in every sample", "look at how the columns are read",
     inputs_duplicated},
    {"targets-out-of-range", BP_RANK_DATA, BP_LOOK_DATA, 0.0, "the activation's own range",
     "targets lie outside what the output can give",
     "use targets that the output activation can reach, or another output activation",
     targets_out_of_range},
    {"classes-imbalanced", BP_RANK_DATA, BP_LOOK_DATA, 0.95,
     "a constant answer is then right 95 % of the time", "nearly all samples are of one class",
     "balance the classes, or weight the loss", classes_imbalanced},
    {"targets-contradict", BP_RANK_DATA, BP_LOOK_DATA, 0.2, "a fifth of the samples",
     "the same inputs come with different targets",
     "no network can learn both: look at how inputs and targets are paired", targets_contradict},
    {"labels-shuffled", BP_RANK_DATA, BP_LOOK_DATA, 2.0, "two standard errors of chance",
     "labels have nothing to do with their inputs",
     "shuffle inputs and targets with the same permutation", labels_shuffled},
};

const struct bp_rule_table bp_health_data_rules = {sizeof RULE_TABLE / sizeof RULE_TABLE[0],
                                                   RULE_TABLE};
