/* draft.c -- see draft.h. */
#include "scenarios/draft.h"

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ---- words ---------------------------------------------------------------- */

#define WORDS(noun, type, count, article)                                                          \
    static const char *noun##_word(unsigned i)                                                     \
    {                                                                                              \
        return i < count ? bp_##noun##_name((enum type)i) : NULL;                                  \
    }                                                                                              \
    static bool noun##_read(const char *text, unsigned *value)                                     \
    {                                                                                              \
        enum type word;                                                                            \
        if (!bp_##noun##_parse(text, &word))                                                       \
            return false;                                                                          \
        *value = word;                                                                             \
        return true;                                                                               \
    }                                                                                              \
    static const struct bp_words noun##_words = {article, noun##_word, noun##_read};

#define LOSS_COUNT (BP_SOFTMAX_CROSS_ENTROPY + 1)

WORDS(activation, bp_activation, BP_ACTIVATION_COUNT, "an activation")
WORDS(loss, bp_loss, LOSS_COUNT, "a loss")
WORDS(scheme, bp_scheme, BP_SCHEME_COUNT, "a scheme")
WORDS(targets, bp_targets, BP_TARGETS_COUNT, "a way to write targets")

static const char *const REDUCTION[] = {[BP_MEAN] = "mean", [BP_SUM] = "sum", NULL};
static const char *const CHECK_AT[] = {[BP_CHECK_START] = "start",
                                       [BP_CHECK_END] = "end",
                                       [BP_CHECK_BOTH] = "both",
                                       [BP_CHECK_NEVER] = "never",
                                       NULL};

static bool find_word(const char *const *words, const char *text, unsigned *value)
{
    for (*value = 0; words[*value] != NULL; ++*value)
        if (strcmp(words[*value], text) == 0)
            return true;
    return false;
}

static const char *reduction_word(unsigned i)
{
    return REDUCTION[i];
}

static bool reduction_read(const char *text, unsigned *value)
{
    return find_word(REDUCTION, text, value);
}

static const char *check_at_word(unsigned i)
{
    return CHECK_AT[i];
}

static bool check_at_read(const char *text, unsigned *value)
{
    return find_word(CHECK_AT, text, value);
}

/* "auto", then the tiers that there are. */
static const char *method_word(unsigned i)
{
    if (i == 0)
        return "auto";
    for (int id = BP_TIER_AUTO + 1; id < BP_TIER_IDS; id++) {
        const struct bp_tier *tier = bp_tier_find((enum bp_tier_id)id, NULL);
        if (tier != NULL && --i == 0)
            return tier->name;
    }
    return NULL;
}

static bool method_read(const char *text, unsigned *value)
{
    enum bp_tier_id id;
    const bool known = bp_tier_parse(text, &id);
    *value = id;
    return known;
}

static const struct bp_words method_words = {"a method", method_word, method_read};
static const struct bp_words reduction_words = {"a reduction", reduction_word, reduction_read};
static const struct bp_words check_at_words = {"a time to check", check_at_word, check_at_read};

/* ---- the table ------------------------------------------------------------ */

#define AT(member) .at = offsetof(struct bp_draft, member)
#define SIZED(member) AT(member), .size = sizeof((struct bp_draft *)NULL)->member
#define BETWEEN(from, to) .low = (from), .high = (to)
#define ABOVE(from) .low = (from), .high = HUGE_VAL, .above = true
#define ANY .low = -HUGE_VAL, .high = HUGE_VAL

#define FILL(path, member, scheme_place)                                                           \
    {path ".scheme", BP_KEY_WORD, AT(scheme_place), .words = &scheme_words,                        \
     .about = "how they start"},                                                                   \
        {path ".value", BP_KEY_REAL, AT(member.value), ANY, .about = "constant: the value"},       \
        {path ".low", BP_KEY_REAL, AT(member.low), ANY, .about = "uniform: from"},                 \
        {path ".high", BP_KEY_REAL, AT(member.high), ANY, .about = "uniform: to"},                 \
        {path ".mean", BP_KEY_REAL, AT(member.mean), ANY, .about = "normal: the mean, 0"},         \
    {                                                                                              \
        path ".sd", BP_KEY_REAL, AT(member.sd), BETWEEN(0, HUGE_VAL),                              \
            .about = "normal: the standard deviation, 1"                                           \
    }

#define EXAMPLES 1000000

/* clang-format off */
const struct bp_key bp_draft_keys[] = {
    {"title", BP_KEY_TEXT, SIZED(scenario.title), .about = "one line for the report"},

    {"data", BP_KEY_GROUP, .shorthand = "name", .about = "the examples"},
    {"data.name", BP_KEY_TEXT, SIZED(scenario.data.name),
     .about = "and, or, xor, sign, digits, mnist or a .csv file beside this one"},
    {"data.train", BP_KEY_COUNT, AT(scenario.data.train), BETWEEN(1, EXAMPLES),
     .about = "how many to train on"},
    {"data.test", BP_KEY_COUNT, AT(scenario.data.test), BETWEEN(1, EXAMPLES),
     .about = "how many to test on"},
    {"data.seed", BP_KEY_SEED, AT(scenario.data.seed), BETWEEN(0, INT32_MAX),
     .about = "of what is drawn; mnist: draw them; csv: shuffle"},
    {"data.targets", BP_KEY_WORD, AT(targets), .words = &targets_words,
     .about = "how a class is written"},

    {"network", BP_KEY_GROUP, .about = "the network"},
    {"network.widths", BP_KEY_COUNTS, AT(widths), BETWEEN(1, BP_WIDTH_MAX),
     .about = "inputs, hidden layers, outputs"},
    {"network.hidden", BP_KEY_WORDS, AT(hidden), .words = &activation_words,
     .about = "activation of the hidden layers, one for all or one each"},
    {"network.output", BP_KEY_WORD, AT(output), .words = &activation_words,
     .about = "activation of the outputs"},
    {"network.loss", BP_KEY_WORD, AT(loss), .words = &loss_words, .about = "what is minimised"},
    {"network.reduction", BP_KEY_WORD, AT(reduction), .words = &reduction_words,
     .about = "how the samples of a batch are put together"},
    {"network.factor", BP_KEY_REAL, AT(scenario.network.factor), ABOVE(0),
     .about = "the loss's constant, 1"},
    {"network.l2", BP_KEY_REAL, AT(scenario.network.l2), BETWEEN(0, HUGE_VAL),
     .about = "lambda: adds lambda/2 |W|^2, 0"},
    {"network.slope", BP_KEY_REAL, AT(slope), ANY, .about = "of leaky relu below 0, 0.01"},
    {"network.bias", BP_KEY_FLAG, AT(bias), .about = "whether there are biases, true"},

    {"init", BP_KEY_GROUP, .shorthand = "scheme", .about = "the starting weights"},
    FILL("init", scenario.init.weights, scheme[0]),
    {"init.seed", BP_KEY_SEED, AT(scenario.init.seed), BETWEEN(0, INT32_MAX),
     .about = "of the first run, 1"},
    {"init.bias", BP_KEY_GROUP, .shorthand = "scheme", .about = "the starting biases, zero"},
    FILL("init.bias", scenario.init.biases, scheme[1]),
    {"init.theta", BP_KEY_REALS, AT(scenario.theta), BETWEEN(-HUGE_VAL, HUGE_VAL),
     .about = "all of them, in the order W1, b1, W2, ... in place of a scheme"},

    {"train", BP_KEY_GROUP, .about = "the training run"},
    {"train.rate", BP_KEY_REAL, AT(scenario.train.rate), ABOVE(0), .about = "the step's factor"},
    {"train.batch", BP_KEY_COUNT, AT(scenario.train.batch), BETWEEN(0, INT32_MAX), .zero = "full",
     .about = "samples a step; all of them where not said"},
    {"train.epochs", BP_KEY_COUNT, AT(scenario.train.epochs), BETWEEN(1, 100000000),
     .about = "times through the examples"},
    {"train.momentum", BP_KEY_REAL, AT(scenario.train.momentum), BETWEEN(0, 0.999999),
     .about = "share of the last step, 0"},
    {"train.weight-decay", BP_KEY_REAL, AT(scenario.train.weight_decay), BETWEEN(0, HUGE_VAL),
     .about = "decoupled, 0"},
    {"train.shuffle", BP_KEY_FLAG, AT(scenario.train.shuffle),
     .about = "a new order for every epoch, true"},
    {"train.seed", BP_KEY_SEED, AT(scenario.train.seed), BETWEEN(0, INT32_MAX),
     .about = "of the order, 1"},

    {"check", BP_KEY_GROUP, .shorthand = "at", .about = "the gradient check"},
    {"check.at", BP_KEY_WORD, AT(check_at), .words = &check_at_words,
     .about = "when, start where not said"},
    {"check.method", BP_KEY_WORD, AT(method), .words = &method_words,
     .about = "of the numeric derivatives, auto"},
    {"check.samples", BP_KEY_COUNT, AT(scenario.check.samples), BETWEEN(1, EXAMPLES),
     .about = "how many samples it uses"},
    {"check.seed", BP_KEY_SEED, AT(scenario.check.seed), BETWEEN(0, INT32_MAX),
     .about = "of its probe points, 1"},

    {"trace", BP_KEY_GROUP, .about = "what is written out in full"},
    {"trace.samples", BP_KEY_COUNTS, AT(scenario.trace.samples), BETWEEN(0, EXAMPLES),
     .about = "these samples, from 0"},
    {"trace.steps", BP_KEY_COUNTS, AT(scenario.trace.steps), BETWEEN(0, INT32_MAX),
     .about = "at these steps, from 0"},

    {"fault", BP_KEY_TEXTS, AT(scenario.fault), .about = "to be planted: NAME:LAYER:NEURON"},
    {"subject", BP_KEY_TEXT, SIZED(scenario.subject),
     .about = "a program, or a subject that is built in"},

    {"repair", BP_KEY_TEXTS, AT(scenario.repair),
     .about = "of a built-in program: faults to put right, such as \"A1\""},

    {"goal", BP_KEY_GROUP, .about = "what a run must reach"},
    {"goal.accuracy", BP_KEY_REAL, AT(scenario.goal.accuracy), BETWEEN(0, 1),
     .about = "at least, on the test examples"},
    {"goal.loss", BP_KEY_REAL, AT(scenario.goal.loss), BETWEEN(0, HUGE_VAL),
     .about = "at most, on the training examples"},
    {"goal.least", BP_KEY_COUNT, AT(scenario.goal.least), BETWEEN(0, 10000),
     .about = "how many of the runs at least, all"},
    {"goal.most", BP_KEY_COUNT, AT(scenario.goal.most), BETWEEN(0, 10000),
     .about = "how many of the runs at most, all"},
    {"runs", BP_KEY_COUNT, AT(scenario.runs), BETWEEN(1, 10000),
     .about = "with seeds init.seed, init.seed + 1, ..., 1"},

    {"expect", BP_KEY_TEXTS, AT(scenario.expect),
     .about = "the exact set of findings: NAME:LAYER:NEURON"},
};
/* clang-format on */

const size_t bp_draft_n_keys = sizeof bp_draft_keys / sizeof *bp_draft_keys;

_Static_assert(sizeof bp_draft_keys / sizeof *bp_draft_keys <= BP_DRAFT_KEYS_MAX, "too many keys");

void bp_draft_init(struct bp_draft *draft)
{
    *draft = (struct bp_draft){
        .scenario = {.network = {.factor = 1.0},
                     .init = {.weights = {.sd = 1.0}, .biases = {.sd = 1.0}, .seed = 1},
                     .train = {.shuffle = true, .seed = 1},
                     .check = {.seed = 1},
                     .goal = {.accuracy = NAN, .loss = NAN},
                     .runs = 1},
        .hidden = {.n = 1, .value = {BP_SIGMOID}},
        .output = BP_SIGMOID,
        .loss = BP_SQUARED_ERROR,
        .slope = BP_LEAKY_SLOPE,
        .bias = true,
        .check_at = BP_CHECK_START,
        .method = BP_TIER_AUTO,
        .scheme = {BP_INIT_GLOROT, BP_INIT_ZERO},
    };
}
