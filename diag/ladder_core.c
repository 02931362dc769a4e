/* ladder_core.c -- the built-in network climbs, with faults planted (see ladder.h). */
#include "core/mem.h"
#include "diag/faults/fault.h"
#include "diag/ladder_climb.h"

struct core_maker {
    struct bp_hypothesis fault[BP_CLIMB_FAULTS];
    struct bp_hypothesis planted[BP_CLIMB_FAULTS]; /* of the network that stands now */
    size_t n_faults;
    const char *const *key;
    struct bp_mlp net;
    struct bp_core_subject core;
};

static void drop_core(void *self)
{
    struct core_maker *maker = self;
    bp_core_subject_release(&maker->core);
    bp_mlp_release(&maker->net);
}

static enum bp_status make_core(void *self, const struct bp_spec *spec,
                                const struct bp_subject **subject, struct bp_error *error)
{
    struct core_maker *maker = self;
    enum bp_status status = bp_mlp_init(&maker->net, spec);
    if (status == BP_OK)
        status = bp_core_subject_init(&maker->core, &maker->net, 8);
    if (status != BP_OK) {
        drop_core(maker);
        return bp_error_set(error, status, "ladder: %s", bp_status_text(status));
    }
    const struct bp_setting setting = {.net = &maker->net, .n = 8, .rate = 1.0};
    for (size_t k = 0; k < maker->n_faults; k++) {
        struct bp_error ignored;
        /* a place that this network does not have: not planted here */
        if (bp_fault_parse(maker->key[k], &setting, &maker->planted[k], &ignored) == BP_OK &&
            maker->planted[k].fault->plant != NULL)
            bp_fault_plant(&maker->planted[k], &setting, maker->net.ops);
    }
    *subject = &maker->core.subject;
    return BP_OK;
}

/* In a network of this shape. */
static enum bp_status read_key(const char *key, const char *network, struct bp_hypothesis *h,
                               struct bp_error *error)
{
    struct bp_spec spec;
    struct bp_mlp net;
    enum bp_status status = bp_spec_parse(&spec, network, error);
    if (status != BP_OK)
        return status;
    status = bp_mlp_init(&net, &spec);
    bp_spec_release(&spec);
    if (status != BP_OK)
        return status;
    const struct bp_setting setting = {.net = &net, .n = 8, .rate = 1.0};
    status = bp_fault_parse(key, &setting, h, error);
    bp_mlp_release(&net);
    return status;
}

/* A key is read where every place that it may name is there; or, for faults that other
 * ones stand for there, in one layer. */
static enum bp_status read_faults(struct core_maker *maker, struct bp_error *error)
{
    enum bp_status status = BP_OK;
    for (size_t k = 0; k < maker->n_faults && status == BP_OK; k++) {
        struct bp_error second;
        struct bp_hypothesis *h = &maker->fault[k];
        status = read_key(maker->key[k], "4-4-4-4-4-4-4-4-4 sigmoid squared-error", h, error);
        if (status == BP_EINPUT &&
            read_key(maker->key[k], "4-1 sigmoid squared-error", h, &second) == BP_OK)
            status = BP_OK;
        if (status == BP_OK && !bp_fault_plantable(h->fault))
            status = bp_error_set(error, BP_EINPUT, "fault: %s is named only, it cannot be planted",
                                  h->fault->name);
    }
    return status;
}

static void plant_in_rate(struct bp_climb *climb)
{
    struct bp_train train = {.rate = climb->options.rate};
    for (size_t k = 0; k < climb->n_faults; k++)
        if (climb->fault[k].fault->plant_train != NULL)
            climb->fault[k].fault->plant_train(&climb->fault[k], &train);
    climb->rate_given = climb->rate_given || train.rate != climb->options.rate;
    climb->options.rate = climb->ladder->rate = train.rate;
}

enum bp_status bp_ladder_core(struct bp_ladder *ladder, const struct bp_spec *like,
                              const char *const *faults, size_t n_faults,
                              const struct bp_ladder_options *options, struct bp_error *error)
{
    struct bp_climb climb;
    struct bp_error unread;
    bp_climb_begin(&climb, ladder, "built-in network", options, error != NULL ? error : &unread);
    if (n_faults > BP_CLIMB_FAULTS)
        return bp_error_set(error, BP_EINPUT, "ladder: more than %d faults", BP_CLIMB_FAULTS);
    struct core_maker *core = bp_mem_new(1, sizeof *core);
    if (core == NULL)
        return bp_error_set(error, BP_ENOMEM, "ladder: out of memory");
    core->n_faults = n_faults;
    core->key = faults;
    const struct bp_maker maker = {"built-in network", core, make_core, drop_core};
    climb.maker = &maker;
    climb.fault = core->fault;
    climb.n_faults = n_faults;
    enum bp_status status = read_faults(core, climb.error);
    if (status == BP_OK) {
        plant_in_rate(&climb);
        status = bp_climb_like(&climb.like, like);
    }
    if (status == BP_OK)
        status = bp_climb_all(&climb);
    status = bp_climb_finish(&climb, status);
    bp_mem_free(core);
    return status;
}
