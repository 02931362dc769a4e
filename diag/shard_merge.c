/* shard_merge.c -- parts of one check, put together. See shard.h. */
#include "diag/shard.h"

#include "core/mem.h"
#include "core/spec.h"
#include "diag/shard_part.h"

#include <string.h>

/* ---- findings -------------------------------------------------------------------------- */

static bool look_of(const char *text, enum bp_look *look)
{
    for (unsigned k = 0; k < BP_LOOKS; k++)
        if (text != NULL && strcmp(text, bp_look_text((enum bp_look)k)) == 0) {
            *look = (enum bp_look)k;
            return true;
        }
    return false;
}

static enum bp_certainty certainty_of(const char *text)
{
    for (int k = BP_POSSIBLE; k <= BP_CERTAIN; k++)
        if (text != NULL && strcmp(text, bp_certainty_text((enum bp_certainty)k)) == 0)
            return (enum bp_certainty)k;
    return BP_POSSIBLE;
}

static long long_of(const json_t *object, const char *key)
{
    return (long)json_integer_value(json_object_get(object, key));
}

static enum bp_status take_finding(struct bp_findings *findings, const json_t *from)
{
    enum bp_look look;
    const char *name = json_string_value(json_object_get(from, "name"));
    if (name == NULL || !look_of(json_string_value(json_object_get(from, "look")), &look))
        return BP_EINPUT;
    struct bp_finding *finding = bp_findings_add(findings, look, name);
    if (finding == NULL)
        return BP_ENOMEM;
    finding->certainty = certainty_of(json_string_value(json_object_get(from, "certainty")));
    finding->layer = (int)long_of(from, "layer");
    finding->neuron = (int)long_of(from, "neuron");
    finding->step = long_of(from, "step");
    finding->follows = (int)long_of(from, "follows");
    finding->note = json_is_true(json_object_get(from, "note"));
    bp_shard_part_number(from, "number", &finding->number);
    bp_shard_part_number(from, "threshold", &finding->threshold);
    bp_shard_part_text(from, "shows", finding->title, sizeof finding->title);
    bp_shard_part_text(from, "help", finding->help, sizeof finding->help);
    const json_t *because = json_object_get(from, "because");
    for (size_t k = 0; k < json_array_size(because); k++) {
        const char *line = json_string_value(json_array_get(because, k));
        bp_finding_because(finding, "%s", line == NULL ? "" : line);
    }
    return BP_OK;
}

/* ---- parts -------------------------------------------------------------------------------- */

/* What all parts of one check have in common, and what they have given so far. */
struct whole {
    struct bp_merged *merged;
    struct bp_shard_parts parts;
    size_t n_theta;
    char network[BP_SPEC_TEXT_MAX], method[40];
    size_t shared;
    struct bp_numdiff numeric;
    struct bp_claim claim;
};

static enum bp_status make_room(struct whole *w)
{
    w->numeric.n_theta = w->n_theta;
    w->numeric.value = bp_mem_new(2 * w->n_theta, sizeof(double));
    w->numeric.error = w->numeric.value == NULL ? NULL : w->numeric.value + w->n_theta;
    w->numeric.flags = bp_mem_new(w->n_theta, 1);
    w->claim.g = bp_mem_new(w->n_theta, sizeof(double));
    return w->numeric.value == NULL || w->numeric.flags == NULL || w->claim.g == NULL ? BP_ENOMEM
                                                                                      : BP_OK;
}

static enum bp_status begin(struct whole *w, const json_t *root, const char *path,
                            struct bp_error *error)
{
    const json_t *identity = w->parts.identity;
    if (!bp_shard_part_size(identity, "parameters", &w->n_theta) || w->n_theta < 1 ||
        w->n_theta > (size_t)1 << 40 || !bp_shard_part_number(root, "loss", &w->numeric.loss) ||
        !bp_shard_part_number(root, "noise", &w->numeric.noise) ||
        !bp_shard_part_size(root, "shared", &w->shared))
        return bp_shard_part_refuse(error, path, "its sizes make no sense");
    bp_shard_part_text(identity, "name", w->merged->name, sizeof w->merged->name);
    bp_shard_part_text(identity, "network", w->network, sizeof w->network);
    bp_shard_part_text(identity, "method", w->method, sizeof w->method);
    w->numeric.evaluations = w->shared;
    return make_room(w);
}

static bool get_flags(const json_t *object, size_t n, unsigned char *to)
{
    const json_t *list = json_object_get(object, "flags");
    if (!json_is_array(list) || json_array_size(list) != n)
        return false;
    for (size_t k = 0; k < n; k++) {
        const json_t *flag = json_array_get(list, k);
        if (!json_is_integer(flag) || json_integer_value(flag) < 0 || json_integer_value(flag) > 15)
            return false;
        to[k] = (unsigned char)json_integer_value(flag);
    }
    return true;
}

static enum bp_status take(struct whole *w, const json_t *root, size_t shard, const char *path,
                           struct bp_error *error)
{
    size_t first, count, given_first, given_count, evaluations;
    bp_shard_range(shard, w->parts.shards, w->n_theta, &first, &count);
    if (!bp_shard_part_size(root, "first", &given_first) || given_first != first ||
        !bp_shard_part_size(root, "count", &given_count) || given_count != count ||
        !bp_shard_part_size(root, "evaluations", &evaluations) || evaluations < w->shared ||
        !bp_shard_part_numbers(root, "value", count, w->numeric.value + first) ||
        !bp_shard_part_numbers(root, "error", count, w->numeric.error + first) ||
        !get_flags(root, count, w->numeric.flags + first) ||
        !bp_shard_part_number(root, "step", &w->numeric.step))
        return bp_shard_part_refuse(error, path, "its numbers are not those of its shard");
    w->numeric.evaluations += evaluations - w->shared;
    return BP_OK;
}

static enum bp_status take_first(struct whole *w, const json_t *root, const char *path,
                                 struct bp_error *error)
{
    const json_t *first = json_object_get(root, "whole");
    struct bp_checkup *checkup = &w->merged->checkup;
    if (!bp_shard_part_numbers(first, "claim", w->n_theta, w->claim.g) ||
        !bp_shard_part_number(first, "precision", &w->claim.precision) ||
        !bp_shard_part_number(first, "noise", &w->claim.noise))
        return bp_shard_part_refuse(error, path, "shard 1 without the claimed gradient");
    w->claim.any_factor = json_is_true(json_object_get(first, "any_factor"));
    checkup->drawn = json_is_true(json_object_get(first, "drawn"));
    bp_shard_part_text(first, "contract", checkup->contract_text, sizeof checkup->contract_text);
    const json_t *list = json_object_get(first, "findings");
    for (size_t k = 0; k < json_array_size(list); k++) {
        const enum bp_status status = take_finding(&checkup->findings, json_array_get(list, k));
        if (status == BP_EINPUT)
            return bp_shard_part_refuse(error, path, "a finding of it cannot be read");
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

static enum bp_status read_part(struct whole *w, const char *path, struct bp_error *error)
{
    json_t *root;
    size_t shard;
    const bool is_first = w->parts.first == NULL;
    enum bp_status status = bp_shard_parts_read(&w->parts, path, &root, &shard, error);
    if (status == BP_OK && is_first)
        status = begin(w, root, path, error);
    if (status == BP_OK)
        status = take(w, root, shard, path, error);
    if (status == BP_OK && shard == 1)
        status = take_first(w, root, path, error);
    json_decref(root);
    return status;
}

/* ---- all of it ----------------------------------------------------------------------------- */

static enum bp_status compare(struct whole *w, struct bp_error *error)
{
    struct bp_merged *merged = w->merged;
    enum bp_tier_id tier;
    const struct bp_mlp *net = NULL;
    if (!bp_tier_parse(w->method, &tier) || bp_tier_find(tier, NULL) == NULL)
        return bp_error_set(error, BP_EINPUT, "merge: '%.40s' is no method", w->method);
    w->numeric.tier = bp_tier_find(tier, NULL);
    if (w->network[0] != '\0') {
        struct bp_spec spec;
        enum bp_status status = bp_spec_parse(&spec, w->network, error);
        if (status != BP_OK)
            return status;
        status = bp_mlp_init(&merged->net, &spec);
        bp_spec_release(&spec);
        if (status != BP_OK)
            return status;
        net = &merged->net;
        if (net->n_theta != w->n_theta)
            return bp_error_set(error, BP_EINPUT, "merge: the network has %zu parameters, not %zu",
                                net->n_theta, w->n_theta);
    }
    const enum bp_status status =
        bp_gradcheck_compare(&merged->checkup.check, net, &w->numeric, &w->claim, NULL, NULL, NULL);
    merged->checkup.checked = status == BP_OK;
    merged->checkup.check.of = BP_NUMERIC_OWN_LOSS;
    return status;
}

enum bp_status bp_shard_merge(struct bp_merged *merged, const char *const *paths, size_t n,
                              struct bp_error *error)
{
    struct whole w = {.merged = merged, .parts.work = "check"};
    *merged = (struct bp_merged){0};
    enum bp_status status = BP_OK;
    for (size_t k = 0; k < n && status == BP_OK; k++)
        status = read_part(&w, paths[k], error);
    if (status == BP_OK)
        status = bp_shard_parts_complete(&w.parts, error);
    if (status == BP_OK)
        status = compare(&w, error);
    if (status == BP_ENOMEM)
        bp_error_set(error, status, "merge: out of memory");
    bp_shard_parts_release(&w.parts);
    bp_mem_free(w.claim.g);
    bp_numdiff_release(&w.numeric);
    if (status != BP_OK)
        bp_merged_release(merged);
    return status;
}

void bp_merged_release(struct bp_merged *merged)
{
    bp_checkup_release(&merged->checkup);
    bp_mlp_release(&merged->net);
    *merged = (struct bp_merged){0};
}
