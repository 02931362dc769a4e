/* health_network.c -- rules about the network's description and its start. */
#include "diag/health_rules.h"

#include "core/fmath.h"
#include "diag/separable.h"

#include <math.h>

#define RULE(name)                                                                                 \
    static bool name(const struct bp_health *health, const struct bp_rule *rule,                   \
                     struct bp_finding *finding)

static const struct bp_layer *layer_of(const struct bp_health *health, size_t l)
{
    return &health->net->spec.layer[l];
}

static const struct bp_layer *output_of(const struct bp_health *health)
{
    return layer_of(health, health->net->spec.layers);
}

/* ---- network ------------------------------------------------------------------- */

RULE(loss_and_activation_mismatch)
{
    (void)rule;
    const enum bp_activation f = output_of(health)->activation;
    const enum bp_loss loss = health->net->spec.loss;
    const char *why = NULL;
    if (f == BP_SOFTMAX && output_of(health)->width == 1)
        why = "softmax over one output is always 1";
    else if (loss == BP_BINARY_CROSS_ENTROPY && f != BP_SIGMOID && f != BP_SOFTMAX)
        why = "the logarithm needs outputs between 0 and 1";
    else if (loss == BP_SOFTMAX_CROSS_ENTROPY && f != BP_SOFTMAX)
        why = "only the target's own output is asked for, so nothing pushes the others down";
    if (why == NULL)
        return false;
    bp_finding_because(finding, "the output is %s, the loss %s: %s", bp_activation_name(f),
                       bp_loss_name(loss), why);
    return true;
}

static bool hidden_is_linear(const struct bp_health *health)
{
    for (size_t l = 1; l < health->net->spec.layers; l++)
        if (layer_of(health, l)->activation != BP_IDENTITY)
            return false;
    return true;
}

/* All that the inputs say goes through one number, or through sums alone: whatever
 * follows, the two classes are parted by one hyperplane at best. */
static bool is_one_neuron(const struct bp_health *health)
{
    return output_of(health)->width == 1 &&
           (hidden_is_linear(health) || layer_of(health, 1)->width == 1);
}

RULE(too_few_hidden_units)
{
    (void)rule;
    enum { MOST_SAMPLES = 2000, MOST_INPUTS = 1000 };
    const struct bp_dataset *data = health->data;
    if (!is_one_neuron(health) || data->classes != 2 || data->n > MOST_SAMPLES ||
        data->n_in > MOST_INPUTS || bp_separable_run(data, health->scratch) != BP_SEPARABLE_NO)
        return false;
    finding->number = 1.0; /* neuron that all goes through */
    if (health->net->spec.layers > 1 && hidden_is_linear(health) && layer_of(health, 1)->width > 1)
        bp_finding_because(finding,
                           "the hidden layers are linear, so that the network is one neuron");
    else if (health->net->spec.layers == 1)
        bp_finding_because(finding,
                           "the network is one neuron: its answer changes across one hyperplane");
    else
        bp_finding_because(finding, "layer 1 is one neuron: all that follows sees one number");
    bp_finding_because(
        finding,
        "no hyperplane parts the two classes: 0 lies in the convex hull of the signed samples");
    return true;
}

RULE(hidden_layers_linear)
{
    (void)rule;
    if (health->net->spec.layers < 2 || !hidden_is_linear(health) || !bp_health_failing(health))
        return false;
    finding->number = (double)(health->net->spec.layers - 1);
    bp_finding_because(finding, "all %zu hidden layers are identity: together they are one matrix",
                       health->net->spec.layers - 1);
    return true;
}

RULE(biases_missing)
{
    (void)rule;
    for (size_t l = 1; l <= health->net->spec.layers; l++)
        if (layer_of(health, l)->has_bias)
            return false;
    if (!bp_health_failing(health))
        return false;
    finding->number = 0.0; /* biases */
    bp_finding_because(finding,
                       "for inputs of 0 every unit of layer 1 has z = 0 whatever its weights");
    return true;
}

/* ---- start --------------------------------------------------------------------- */

static double rms_of_start(const struct bp_health *health, size_t l)
{
    const struct bp_tensor *weights = bp_mlp_weights(health->net, l);
    double squares = 0.0;
    for (size_t k = 0; k < weights->count; k++)
        squares +=
            health->course->start[weights->offset + k] * health->course->start[weights->offset + k];
    return sqrt(squares / (double)weights->count);
}

/* Glorot and Bengio 2010: sd sqrt(2 / (fan_in + fan_out)); He's is at most sqrt(2)
 * of it off for square layers. */
RULE(start_badly_scaled)
{
    const bool failing = bp_health_failing(health);
    if (health->course == NULL || health->done)
        return false;
    for (size_t l = 1; l <= health->net->spec.layers; l++) {
        const struct bp_tensor *weights = bp_mlp_weights(health->net, l);
        const double usual = sqrt(2.0 / (double)(weights->rows + weights->cols));
        const double ratio = rms_of_start(health, l) / usual;
        if (ratio == 0.0 || (ratio <= rule->threshold && ratio >= 1.0 / (10.0 * rule->threshold)))
            continue;
        /* a run that still gets better is blamed for what no usual scheme draws, only */
        if (!failing && ratio <= 20.0 * rule->threshold && ratio >= 1e-4 / rule->threshold)
            continue;
        finding->layer = (int)l;
        finding->step = 0;
        finding->number = ratio;
        bp_finding_because(finding,
                           "W%zu starts with a root mean square of %.3g, %.3g times Glorot's %.3g",
                           l, rms_of_start(health, l), ratio, usual);
        bp_finding_because(finding, "so |z| of layer %zu is %.3g (root mean square) at the start",
                           l, bp_course_at(health->course, 0, l)->rms_z);
        return true;
    }
    return false;
}

RULE(loss_at_start_off)
{
    const struct bp_spec *spec = &health->net->spec;
    if (!bp_health_failing(health) || spec->loss == BP_SQUARED_ERROR)
        return false;
    const double width = (double)output_of(health)->width;
    const double usual = spec->factor * (spec->loss == BP_SOFTMAX_CROSS_ENTROPY && width > 1.0
                                             ? bp_log(width)
                                             : width * bp_log(2.0));
    finding->number = bp_health_first(health)->loss / usual;
    if (!(finding->number > rule->threshold))
        return false;
    finding->step = 0;
    bp_finding_because(finding, "the first loss is %.4g, where indifferent outputs give %.4g",
                       bp_health_first(health)->loss, usual);
    return true;
}

RULE(activations_alike_at_start)
{
    if (!bp_health_failing(health) || health->course->n_probe < 2)
        return false;
    for (size_t l = 1; l < health->net->spec.layers; l++) {
        const struct bp_layer_state *state = bp_course_at(health->course, 0, l);
        finding->number = state->sd_a / state->rms_a;
        if (!(finding->number < rule->threshold))
            continue;
        finding->layer = (int)l;
        finding->step = 0;
        bp_finding_because(
            finding, "activations of layer %zu differ between samples by %.3g, and are %.3g large",
            l, state->sd_a, state->rms_a);
        return true;
    }
    return false;
}

static const struct bp_rule RULE_TABLE[] = {
    {"loss-and-activation-mismatch", BP_RANK_NETWORK, BP_LOOK_NETWORK, 0.0,
     "definition of the loss", "the output activation and the loss do not belong together",
     "pair sigmoid with binary cross-entropy, softmax with softmax cross-entropy",
     loss_and_activation_mismatch},
    {"too-few-hidden-units", BP_RANK_NETWORK, BP_LOOK_NETWORK, 0.0, "Gordan's theorem",
     "this network cannot represent this data, whatever its weights",
     "add a hidden layer of two or more non-linear units", too_few_hidden_units},
    {"hidden-layers-linear", BP_RANK_NETWORK, BP_LOOK_NETWORK, 0.0, "composition of linear maps",
     "the hidden layers compute nothing that one layer could not",
     "use a non-linear activation in the hidden layers", hidden_layers_linear},
    {"biases-missing", BP_RANK_NETWORK, BP_LOOK_NETWORK, 0.0, "definition of the layer",
     "no neuron has a bias", "add a bias to every neuron", biases_missing},
    {"start-badly-scaled", BP_RANK_START, BP_LOOK_HEALTH, 8.0,
     "eight times Glorot's scale (Glorot and Bengio 2010), or an eightieth",
     "the starting weights are of the wrong size for this layer",
     "draw weights with standard deviation sqrt(2 / (fan_in + fan_out))", start_badly_scaled},
    {"loss-at-start-off", BP_RANK_START, BP_LOOK_HEALTH, 5.0,
     "ln C is expected (Stanford CS231n); five times it", "the first loss is far above chance",
     "smaller starting weights in the last layer", loss_at_start_off},
    {"activations-alike-at-start", BP_RANK_START, BP_LOOK_HEALTH, 1e-3,
     "a thousandth of their own size", "a hidden layer says nearly the same for every input",
     "larger starting weights, or scaled inputs", activations_alike_at_start},
};

const struct bp_rule_table bp_health_network_rules = {sizeof RULE_TABLE / sizeof RULE_TABLE[0],
                                                      RULE_TABLE};
