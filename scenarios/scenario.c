/* scenario.c -- see scenario.h. */
#include "scenarios/scenario.h"

#include "core/input.h"
#include "core/mem.h"
#include "scenarios/guard.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* What the table fills: a scenario, and what is put together from several keys. */
struct draft {
    struct bp_scenario scenario;
    struct bp_key_numbers widths, hidden;
    unsigned output, loss, reduction, targets, check_at;
    double slope;
    bool bias;
    unsigned scheme[2]; /* of weights and biases */
};

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

static const struct bp_words reduction_words = {"a reduction", reduction_word, reduction_read};
static const struct bp_words check_at_words = {"a time to check", check_at_word, check_at_read};

/* ---- the table ------------------------------------------------------------ */

#define AT(member) .at = offsetof(struct draft, member)
#define SIZED(member) AT(member), .size = sizeof((struct draft *)NULL)->member
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
static const struct bp_key KEYS[] = {
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
     .about = "when, both where not said"},
    {"check.method", BP_KEY_TEXT, SIZED(scenario.check.method),
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

enum { N_KEYS = sizeof KEYS / sizeof *KEYS };

static void set_defaults(struct draft *draft)
{
    *draft = (struct draft){
        .scenario = {.network = {.factor = 1.0},
                     .init = {.weights = {.sd = 1.0}, .biases = {.sd = 1.0}, .seed = 1},
                     .train = {.shuffle = true, .seed = 1},
                     .check = {.method = "auto", .seed = 1},
                     .goal = {.accuracy = NAN, .loss = NAN},
                     .runs = 1},
        .hidden = {.n = 1, .value = {BP_SIGMOID}},
        .output = BP_SIGMOID,
        .loss = BP_SQUARED_ERROR,
        .slope = BP_LEAKY_SLOPE,
        .bias = true,
        .check_at = BP_CHECK_BOTH,
        .scheme = {BP_INIT_GLOROT, BP_INIT_ZERO},
    };
}

/* ---- put together -------------------------------------------------------------- */

/* Where a group is there, these keys of it must be too. */
static enum bp_status check_missing(const struct bp_keys *keys)
{
    static const char *const NEED[][2] = {{"data", "data.name"},
                                          {"network", "network.widths"},
                                          {"train", "train.rate"},
                                          {"train", "train.epochs"}};
    for (size_t i = 0; i < sizeof NEED / sizeof *NEED; i++)
        if (bp_keys_line(keys, NEED[i][0]) != 0 && bp_keys_line(keys, NEED[i][1]) == 0)
            return bp_keys_refuse(keys, NEED[i][1], "missing, expected it in %s", NEED[i][0]);
    if (bp_keys_line(keys, "subject") != 0)
        return BP_OK;
    if (bp_keys_line(keys, "data") == 0)
        return bp_keys_refuse(keys, "data", "missing, expected data = \"xor\"; or the like");
    if (bp_keys_line(keys, "network") == 0)
        return bp_keys_refuse(keys, "network",
                              "missing, expected network = { widths = [2, 2, 1]; }; or the like");
    return BP_OK;
}

/* Numbers of one scheme beside the name of another are a mistake, not a wish. */
static enum bp_status check_scheme(const struct bp_keys *keys, const char *group,
                                   enum bp_scheme scheme)
{
    static const struct {
        const char *key;
        enum bp_scheme scheme;
        bool needed;
    } NUMBER[] = {{"value", BP_INIT_CONSTANT, true},
                  {"low", BP_INIT_UNIFORM, true},
                  {"high", BP_INIT_UNIFORM, true},
                  {"mean", BP_INIT_NORMAL, false},
                  {"sd", BP_INIT_NORMAL, false}};
    for (size_t i = 0; i < sizeof NUMBER / sizeof *NUMBER; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s.%s", group, NUMBER[i].key);
        const bool given = bp_keys_line(keys, path) != 0;
        if (given && NUMBER[i].scheme != scheme)
            return bp_keys_refuse(keys, path, "belongs to scheme %s, and the scheme is %s",
                                  bp_scheme_name(NUMBER[i].scheme), bp_scheme_name(scheme));
        if (!given && NUMBER[i].scheme == scheme && NUMBER[i].needed)
            return bp_keys_refuse(keys, path, "missing, scheme %s needs it",
                                  bp_scheme_name(scheme));
    }
    return BP_OK;
}

static enum bp_status finish_init(const struct bp_keys *keys, struct draft *draft)
{
    struct bp_fill *fill[] = {&draft->scenario.init.weights, &draft->scenario.init.biases};
    static const char *const GROUP[] = {"init", "init.bias"};
    for (int i = 0; i < 2; i++) {
        fill[i]->scheme = (enum bp_scheme)draft->scheme[i];
        const enum bp_status status = check_scheme(keys, GROUP[i], fill[i]->scheme);
        if (status != BP_OK)
            return status;
        if (fill[i]->scheme == BP_INIT_UNIFORM && !(fill[i]->low < fill[i]->high))
            return bp_keys_refuse(keys, i == 0 ? "init.high" : "init.bias.high",
                                  "%.10g, expected above low, which is %.10g", fill[i]->high,
                                  fill[i]->low);
    }
    return BP_OK;
}

static enum bp_status check_layers(const struct bp_keys *keys, const struct draft *draft)
{
    const size_t layers = draft->widths.n - 1;
    if (draft->widths.n < 2)
        return bp_keys_refuse(keys, "network.widths",
                              "%zu widths, expected 2 or more: inputs, "
                              "hidden layers, outputs",
                              draft->widths.n);
    if (draft->hidden.n != 1 && draft->hidden.n != layers - 1)
        return bp_keys_refuse(keys, "network.hidden",
                              "%zu activations, expected 1 or as many as hidden layers, %zu",
                              draft->hidden.n, layers - 1);
    for (size_t i = 0; i < draft->hidden.n; i++)
        if (draft->hidden.value[i] == BP_SOFTMAX)
            return bp_keys_refuse(keys, "network.hidden",
                                  "'softmax' is for the output only, expected another activation");
    return BP_OK;
}

static enum bp_status build_network(const struct bp_keys *keys, struct draft *draft)
{
    struct bp_spec *spec = &draft->scenario.network;
    const double factor = spec->factor;
    const double l2 = spec->l2;
    const size_t layers = draft->widths.n - 1;
    if (bp_spec_init(spec, layers) != BP_OK)
        return bp_error_set(keys->error, BP_ENOMEM, "%.300s: out of memory", keys->path);
    spec->factor = factor;
    spec->l2 = l2;
    spec->loss = (enum bp_loss)draft->loss;
    spec->reduction = (enum bp_reduction)draft->reduction;
    for (size_t l = 0; l <= layers; l++) {
        spec->layer[l].width = draft->widths.value[l];
        spec->layer[l].slope = draft->slope;
        if (l == 0)
            continue;
        const size_t hidden = draft->hidden.value[draft->hidden.n == 1 ? 0 : l - 1];
        spec->layer[l].activation = (enum bp_activation)(l == layers ? draft->output : hidden);
        spec->layer[l].has_bias = draft->bias;
    }
    struct bp_error why;
    if (bp_spec_check(spec, &why) != BP_OK)
        return bp_keys_refuse(keys, "network", "%s", why.text);
    return BP_OK;
}

static enum bp_status finish_network(const struct bp_keys *keys, struct draft *draft)
{
    draft->scenario.has_network = bp_keys_line(keys, "network") != 0;
    if (!draft->scenario.has_network)
        return BP_OK;
    const enum bp_status status = check_layers(keys, draft);
    return status == BP_OK ? build_network(keys, draft) : status;
}

/* A path is meant from the folder that the scenario is in. */
static enum bp_status place_table(const struct bp_keys *keys, struct bp_dataset_request *data)
{
    char beside[BP_PATH_MAX];
    const char *slash = strrchr(keys->path, '/');
    if (slash == NULL || data->name[0] == '/')
        return BP_OK;
    const int n = snprintf(beside, sizeof beside, "%.*s%s", (int)(slash + 1 - keys->path),
                           keys->path, data->name);
    if (n < 0 || n >= BP_PATH_MAX)
        return bp_keys_refuse(keys, "data.name", "the path is too long, expected at most %d bytes",
                              BP_PATH_MAX - 1);
    memcpy(data->name, beside, (size_t)n + 1);
    return BP_OK;
}

static enum bp_status check_width(const struct bp_keys *keys, const struct bp_scenario *scenario,
                                  size_t n_in, size_t n_out)
{
    const struct bp_spec *spec = &scenario->network;
    const size_t first = spec->layer[0].width;
    const size_t last = spec->layer[spec->layers].width;
    if (first != n_in)
        return bp_keys_refuse(keys, "network.widths",
                              "the first is %zu, expected %zu: the inputs of %s", first, n_in,
                              scenario->data.name);
    if (last != n_out)
        return bp_keys_refuse(keys, "network.widths",
                              "the last is %zu, expected %zu: the outputs of %s", last, n_out,
                              scenario->data.name);
    return BP_OK;
}

static enum bp_status finish_data(const struct bp_keys *keys, struct draft *draft)
{
    struct bp_scenario *scenario = &draft->scenario;
    struct bp_dataset_request *data = &scenario->data;
    scenario->has_data = bp_keys_line(keys, "data") != 0;
    if (!scenario->has_data)
        return BP_OK;
    data->targets = (enum bp_targets)draft->targets;
    data->seeded = bp_keys_line(keys, "data.seed") != 0;
    if (scenario->has_network) {
        data->n_in = scenario->network.layer[0].width;
        data->n_out = scenario->network.layer[scenario->network.layers].width;
    }
    if (bp_dataset_is_table(data->name))
        return place_table(keys, data);
    struct bp_error why;
    size_t n_in = 0, n_out = 0;
    if (bp_dataset_shape(data->name, &n_in, &n_out, &why) != BP_OK)
        return bp_keys_refuse(keys, "data.name", "%s", why.text);
    return scenario->has_network ? check_width(keys, scenario, n_in, n_out) : BP_OK;
}

/* "name", "name/variant", each with ":layer" and ":neuron". */
static bool is_finding(const char *text)
{
    static const char LETTERS[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    size_t n = strspn(text, LETTERS);
    const char *c = text + n;
    if (n == 0)
        return false;
    if (*c == '/') {
        n = strspn(c + 1, LETTERS);
        c += n + 1;
    }
    for (int i = 0; i < 2 && n > 0 && *c == ':'; i++) {
        n = strspn(c + 1, "0123456789");
        c += n + 1;
    }
    return n > 0 && *c == '\0';
}

static enum bp_status check_findings(const struct bp_keys *keys, const char *path,
                                     const struct bp_key_texts *texts)
{
    for (size_t i = 0; i < texts->n; i++) {
        if (!is_finding(texts->text[i]))
            return bp_keys_refuse(keys, path,
                                  "'%s', expected NAME, NAME:LAYER or "
                                  "NAME:LAYER:NEURON in small letters",
                                  texts->text[i]);
        for (size_t k = 0; k < i; k++)
            if (strcmp(texts->text[i], texts->text[k]) == 0)
                return bp_keys_refuse(keys, path, "'%s' twice, expected each once", texts->text[i]);
    }
    return BP_OK;
}

static enum bp_status finish_goal(const struct bp_keys *keys, struct bp_scenario *scenario)
{
    if (bp_keys_line(keys, "goal.least") == 0)
        scenario->goal.least = scenario->runs;
    if (bp_keys_line(keys, "goal.most") == 0)
        scenario->goal.most = scenario->runs;
    if (scenario->goal.most > scenario->runs)
        return bp_keys_refuse(keys, "goal.most", "%zu, expected at most the %zu runs",
                              scenario->goal.most, scenario->runs);
    if (scenario->goal.least > scenario->goal.most)
        return bp_keys_refuse(keys, "goal.least", "%zu, expected at most %zu", scenario->goal.least,
                              scenario->goal.most);
    return BP_OK;
}

/* The file's name without folder and .conf; it names a folder of results. */
static void take_name(struct bp_scenario *scenario, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const char *end = strrchr(name, '.');
    const size_t n = end == NULL || strcmp(end, ".conf") != 0 ? strlen(name) : (size_t)(end - name);
    const size_t kept = n < BP_SCENARIO_NAME_MAX - 1 ? n : BP_SCENARIO_NAME_MAX - 1;
    memcpy(scenario->name, name, kept);
    scenario->name[kept] = '\0';
    for (char *c = scenario->name; *c != '\0'; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    if (scenario->name[strspn(scenario->name, ".")] == '\0')
        memcpy(scenario->name, "scenario", sizeof "scenario");
    if (scenario->title[0] == '\0')
        memcpy(scenario->title, scenario->name, strlen(scenario->name) + 1);
}

static enum bp_status finish(const struct bp_keys *keys, struct draft *draft)
{
    struct bp_scenario *scenario = &draft->scenario;
    take_name(scenario, keys->path);
    scenario->trains = bp_keys_line(keys, "train") != 0;
    scenario->expects = bp_keys_line(keys, "expect") != 0;
    scenario->check.at = (enum bp_check_at)draft->check_at;
    enum bp_status status = check_missing(keys);
    if (status == BP_OK)
        status = finish_init(keys, draft);
    if (status == BP_OK)
        status = finish_network(keys, draft);
    if (status == BP_OK)
        status = finish_data(keys, draft);
    if (status == BP_OK)
        status = finish_goal(keys, scenario);
    if (status == BP_OK)
        status = check_findings(keys, "expect", &scenario->expect);
    if (status == BP_OK)
        status = check_findings(keys, "fault", &scenario->fault);
    return status;
}

/* ---- calls ----------------------------------------------------------------- */

static enum bp_status read_config(struct draft *draft, const config_t *config, const char *path,
                                  struct bp_error *error)
{
    unsigned line[N_KEYS];
    const struct bp_keys keys = {
        .path = path, .key = KEYS, .n = N_KEYS, .target = draft, .line = line, .error = error};
    const enum bp_status status = bp_keys_read(&keys, config_root_setting(config));
    return status == BP_OK ? finish(&keys, draft) : status;
}

/* The library names a line; what it stumbled over may be at the end of the one before. */
static enum bp_status refuse_grammar(const config_t *config, const char *path,
                                     struct bp_error *error)
{
    const char *what = config_error_text(config);
    const char *expected = "";
    if (strcmp(what, "syntax error") == 0)
        expected = ", expected NAME = VALUE; in this line or the one before";
    else if (strcmp(what, "duplicate setting name") == 0)
        expected = ", expected each name once";
    return bp_error_set(error, BP_EINPUT, "%.300s:%d: %s%s", path, config_error_line(config), what,
                        expected);
}

static enum bp_status parse(struct draft *draft, const char *text, const char *path,
                            struct bp_error *error)
{
    config_t config;
    enum bp_status status;
    config_init(&config);
    if (config_read_string(&config, text) == CONFIG_TRUE)
        status = read_config(draft, &config, path, error);
    else
        status = refuse_grammar(&config, path, error);
    config_destroy(&config);
    return status;
}

enum bp_status bp_scenario_read(struct bp_scenario *scenario, const char *path,
                                struct bp_error *error)
{
    *scenario = (struct bp_scenario){0};
    struct bp_input input;
    enum bp_status status = bp_input_read(&input, path, BP_SCENARIO_BYTES_MAX, error);
    if (status != BP_OK)
        return status;
    struct draft *draft = bp_mem_new(1, sizeof *draft);
    if (draft == NULL) {
        bp_input_release(&input);
        return bp_error_set(error, BP_ENOMEM, "%.300s: out of memory", path);
    }
    set_defaults(draft);
    /* a byte order mark may come first */
    const size_t mark = input.n >= 3 && memcmp(input.bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    status = bp_guard_check(path, input.bytes + mark, input.n - mark, error);
    if (status == BP_OK)
        status = parse(draft, input.bytes + mark, path, error);
    if (status == BP_OK)
        *scenario = draft->scenario;
    else
        bp_spec_release(&draft->scenario.network);
    bp_mem_free(draft);
    bp_input_release(&input);
    return status;
}

void bp_scenario_release(struct bp_scenario *scenario)
{
    bp_spec_release(&scenario->network);
    *scenario = (struct bp_scenario){0};
}

void bp_scenario_keys_print(FILE *out)
{
    bp_keys_print(KEYS, N_KEYS, out);
}
