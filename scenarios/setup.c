/* setup.c -- see setup.h. */
#include "scenarios/setup.h"

#include <string.h>

/* ---- faults ------------------------------------------------------------------------ */

static enum bp_status add_fault(struct bp_rig *rig, const char *key, const char *name,
                                struct bp_error *error)
{
    struct bp_error why;
    const struct bp_setting setting = {
        .net = &rig->net, .n = rig->data.train.n, .rate = rig->train.rate};
    if (rig->n_faults == BP_RIG_FAULTS)
        return bp_error_set(error, BP_EINPUT, "%s: more than %d faults", name, BP_RIG_FAULTS);
    struct bp_hypothesis *h = &rig->fault[rig->n_faults];
    if (bp_fault_parse(key, &setting, h, &why) != BP_OK)
        return bp_error_set(error, BP_EINPUT, "%s: fault: %s", name, why.text);
    if (!bp_fault_plantable(h->fault))
        return bp_error_set(error, BP_EINPUT, "%s: fault: %s is named only, it cannot be planted",
                            name, h->fault->name);
    if (h->fault->plant_check != NULL)
        return bp_error_set(error, BP_EINPUT,
                            "%s: fault: %s is of a gradient check, not of a run; "
                            "backprobe check --numeric judges one",
                            name, h->fault->name);
    rig->n_faults++;
    return BP_OK;
}

/* What a fault changes before there is a network. */
static void plant_around(struct bp_rig *rig)
{
    for (size_t k = 0; k < rig->n_faults; k++) {
        const struct bp_hypothesis *h = &rig->fault[k];
        if (h->fault->plant_network != NULL)
            h->fault->plant_network(h, &rig->spec);
        if (h->fault->plant_init != NULL)
            h->fault->plant_init(h, &rig->init);
        if (h->fault->plant_train != NULL)
            h->fault->plant_train(h, &rig->train);
        if (h->fault->plant_data != NULL)
            h->fault->plant_data(h, &rig->data.train);
    }
}

static void plant_stages(struct bp_rig *rig)
{
    const struct bp_setting setting = {
        .net = &rig->net, .n = rig->data.train.n, .rate = rig->train.rate};
    for (size_t k = 0; k < rig->n_faults; k++)
        if (rig->fault[k].fault->plant != NULL)
            bp_fault_plant(&rig->fault[k], &setting, rig->net.ops);
}

/* Faults are read against the network as described, which they may then change. */
static enum bp_status build_network(struct bp_rig *rig, const struct bp_scenario *scenario,
                                    const char *const *faults, size_t n_faults,
                                    struct bp_error *error)
{
    enum bp_status status = bp_mlp_init(&rig->net, &rig->spec);
    for (size_t k = 0; k < scenario->fault.n && status == BP_OK; k++)
        status = add_fault(rig, scenario->fault.text[k], scenario->name, error);
    for (size_t k = 0; k < n_faults && status == BP_OK; k++)
        status = add_fault(rig, faults[k], scenario->name, error);
    if (status != BP_OK || rig->n_faults == 0)
        return status;
    plant_around(rig);
    bp_mlp_release(&rig->net);
    status = bp_mlp_init(&rig->net, &rig->spec);
    if (status == BP_OK)
        plant_stages(rig);
    return status;
}

/* ---- programs ------------------------------------------------------------------------ */

static enum bp_status open_program(struct bp_rig *rig, const struct bp_scenario *scenario,
                                   struct bp_error *error)
{
    const struct bp_case *which = bp_case_find(scenario->subject);
    unsigned repaired = 0;
    if (which == NULL)
        return bp_error_set(error, BP_EINPUT,
                            "%s: subject '%.60s': expected case-a, case-b, case-c, "
                            "case-c-rewritten or case-d (programs of your own: backprobe check)",
                            scenario->name, scenario->subject);
    for (size_t k = 0; k < scenario->repair.n; k++) {
        const unsigned bit = bp_case_fault_bit(which, scenario->repair.text[k]);
        if (bit == 0)
            return bp_error_set(error, BP_EINPUT, "%s: repair '%s': expected a fault of case-%s",
                                scenario->name, scenario->repair.text[k], which->name);
        repaired |= bit;
    }
    enum bp_status status = bp_case_open(&rig->program, which, &rig->spec, repaired, error);
    if (status == BP_OK)
        status = bp_view_open(&rig->view, &rig->program.subject, error);
    rig->is_case = status == BP_OK;
    if (status != BP_OK)
        return status;
    /* from here on the network is what the program says of itself */
    struct bp_spec own;
    status = bp_spec_copy(&own, &rig->view.twin.spec);
    if (status != BP_OK)
        return status;
    bp_spec_release(&rig->spec);
    rig->spec = own;
    bp_mlp_release(&rig->net);
    return bp_mlp_init(&rig->net, &rig->spec);
}

/* ---- the rig --------------------------------------------------------------------------- */

enum bp_status bp_rig_build(struct bp_rig *rig, const struct bp_scenario *scenario,
                            const char *const *faults, size_t n_faults, struct bp_error *error)
{
    *rig = (struct bp_rig){.init = scenario->init, .train = scenario->train};
    if (!scenario->has_data || !scenario->has_network)
        return bp_error_set(error, BP_EINPUT, "%s: expected data and network", scenario->name);
    enum bp_status status = bp_spec_copy(&rig->spec, &scenario->network);
    if (status == BP_OK)
        status = bp_dataset_open(&rig->data, &scenario->data, error);
    if (status == BP_OK)
        status = build_network(rig, scenario, faults, n_faults, error);
    if (status == BP_OK && scenario->subject[0] != '\0')
        status = open_program(rig, scenario, error);
    if (status == BP_ENOMEM)
        bp_error_set(error, status, "%s: out of memory", scenario->name);
    if (status != BP_OK)
        bp_rig_release(rig);
    return status;
}

void bp_rig_release(struct bp_rig *rig)
{
    if (rig->is_case)
        bp_view_close(&rig->view);
    bp_case_close(&rig->program);
    bp_mlp_release(&rig->net);
    bp_dataset_close(&rig->data);
    bp_spec_release(&rig->spec);
    *rig = (struct bp_rig){0};
}

enum bp_status bp_rig_start(struct bp_rig *rig, const struct bp_scenario *scenario, uint64_t seed,
                            struct bp_error *error)
{
    struct bp_init init = rig->init;
    init.seed = seed;
    bp_init_run(&init, &rig->net);
    if (scenario->theta.n > 0) {
        if (scenario->theta.n != rig->net.n_theta)
            return bp_error_set(error, BP_EINPUT, "%s: init.theta: %zu numbers, expected %zu",
                                scenario->name, scenario->theta.n, rig->net.n_theta);
        memcpy(rig->net.theta, scenario->theta.value, rig->net.n_theta * sizeof *rig->net.theta);
    }
    for (size_t k = 0; k < rig->n_faults; k++)
        if (rig->fault[k].fault->plant_start != NULL)
            rig->fault[k].fault->plant_start(&rig->fault[k], &rig->net);
    return BP_OK;
}
