/* example.c -- a command that shows a fault: a scenario, or a network, in which it
 * applies, and the place. */
#include "diag/faults/explain.h"

#include "core/mlp.h"

#include <string.h>

/* Where examples are looked for. The first is that of the scenario; without a rate,
 * the command must give one. */
static const struct {
    const char *network, *command;
    double rate;
} PLACE[] = {
    {"2-4-1 sigmoid squared-error", "run scenarios/xor.conf", 5.0},
    {"4-5-3-2 tanh,sigmoid squared-error", "check", 0.0},
    {"4-4-4-4 relu,relu,sigmoid squared-error", "check", 0.0},
    {"4-4-4-4 sigmoid binary-cross-entropy", "check", 0.0},
    {"4-4-4-3 tanh,softmax softmax-cross-entropy", "check", 0.0},
    {"4-4-4-3 tanh,softmax squared-error", "check", 0.0},
    {"4-4-4-4 sigmoid squared-error sum l2=0.1", "check", 0.0},
    {"4-5-3-2 tanh,sigmoid squared-error", "check --rate 0.3", 0.3},
};

static const char *const SUFFIX[] = {"", "=0.5", ":1", ":2", ":1:0"};

/* The key of a hypothesis that applies in the network, so that something is wrong. */
static bool find_key(const struct bp_fault *fault, const struct bp_setting *setting, char *key,
                     size_t size)
{
    for (size_t k = 0; k < sizeof SUFFIX / sizeof SUFFIX[0]; k++) {
        struct bp_hypothesis h;
        const bool factor = strcmp(SUFFIX[k], "=0.5") == 0;
        snprintf(key, size, "%s%s", fault->name, SUFFIX[k]);
        if (factor == fault->solved && bp_fault_parse(key, setting, &h, NULL) == BP_OK)
            return true;
    }
    return false;
}

static bool find_in(const struct bp_fault *fault, size_t place, char *key, size_t size)
{
    struct bp_spec spec;
    struct bp_mlp net;
    if (bp_spec_parse(&spec, PLACE[place].network, NULL) != BP_OK)
        return false;
    bool found = bp_mlp_init(&net, &spec) == BP_OK;
    if (found) {
        const struct bp_setting setting = {.net = &net, .n = 4, .rate = PLACE[place].rate};
        found = find_key(fault, &setting, key, size);
        bp_mlp_release(&net);
    }
    bp_spec_release(&spec);
    return found;
}

bool bp_fault_example(const struct bp_fault *fault, char *text, size_t size)
{
    char key[BP_HYPOTHESIS_TEXT_MAX];
    if (fault->example != NULL) {
        snprintf(text, size, "%s", fault->example);
        return fault->example[0] != '\0';
    }
    if (!bp_fault_plantable(fault) || fault->plant_check != NULL)
        return false;
    const size_t places = fault->kind == BP_KIND_GRADIENT ? sizeof PLACE / sizeof PLACE[0] : 1;
    for (size_t k = 0; k < places; k++) {
        if (!find_in(fault, k, key, sizeof key))
            continue;
        if (k == 0)
            snprintf(text, size, "backprobe %s --plant %s", PLACE[k].command, key);
        else
            snprintf(text, size, "backprobe %s --network '%s' --plant %s", PLACE[k].command,
                     PLACE[k].network, key);
        return true;
    }
    return false;
}
