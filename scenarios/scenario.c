/* scenario.c -- see scenario.h. */
#include "scenarios/scenario.h"

#include "core/input.h"
#include "core/mem.h"
#include "scenarios/draft.h"
#include "scenarios/guard.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

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

static enum bp_status finish_init(const struct bp_keys *keys, struct bp_draft *draft)
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

static enum bp_status check_layers(const struct bp_keys *keys, const struct bp_draft *draft)
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

static enum bp_status build_network(const struct bp_keys *keys, struct bp_draft *draft)
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

static enum bp_status finish_network(const struct bp_keys *keys, struct bp_draft *draft)
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

static enum bp_status finish_data(const struct bp_keys *keys, struct bp_draft *draft)
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

static enum bp_status finish(const struct bp_keys *keys, struct bp_draft *draft)
{
    struct bp_scenario *scenario = &draft->scenario;
    take_name(scenario, keys->path);
    scenario->trains = bp_keys_line(keys, "train") != 0;
    scenario->expects = bp_keys_line(keys, "expect") != 0;
    scenario->check.at = (enum bp_check_at)draft->check_at;
    scenario->check.method = (enum bp_tier_id)draft->method;
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

static enum bp_status read_config(struct bp_draft *draft, const config_t *config, const char *path,
                                  struct bp_error *error)
{
    unsigned line[BP_DRAFT_KEYS_MAX];
    const struct bp_keys keys = {.path = path,
                                 .key = bp_draft_keys,
                                 .n = bp_draft_n_keys,
                                 .target = draft,
                                 .line = line,
                                 .error = error};
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

static enum bp_status parse(struct bp_draft *draft, const char *text, const char *path,
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
    struct bp_draft *draft = bp_mem_new(1, sizeof *draft);
    if (draft == NULL) {
        bp_input_release(&input);
        return bp_error_set(error, BP_ENOMEM, "%.300s: out of memory", path);
    }
    bp_draft_init(draft);
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
    bp_keys_print(bp_draft_keys, bp_draft_n_keys, out);
}
