/* shard_merge.c -- parts of one check, put together. See shard.h. */
#include "diag/shard.h"

#include "core/input.h"
#include "core/mem.h"
#include "core/spec.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ------------------------------------------------------------------------ */

static bool number_of(const json_t *value, double *number)
{
    if (json_is_number(value)) {
        *number = json_number_value(value);
        return true;
    }
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    *number = strcmp(text, "nan") == 0 ? NAN : strcmp(text, "inf") == 0 ? INFINITY : -INFINITY;
    return strcmp(text, "nan") == 0 || strcmp(text, "inf") == 0 || strcmp(text, "-inf") == 0;
}

static bool get_number(const json_t *object, const char *key, double *number)
{
    return number_of(json_object_get(object, key), number);
}

static bool get_size(const json_t *object, const char *key, size_t *size)
{
    const json_t *value = json_object_get(object, key);
    *size = json_is_integer(value) && json_integer_value(value) >= 0
                ? (size_t)json_integer_value(value)
                : 0;
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool get_numbers(const json_t *object, const char *key, size_t n, double *to)
{
    const json_t *list = json_object_get(object, key);
    if (!json_is_array(list) || json_array_size(list) != n)
        return false;
    for (size_t k = 0; k < n; k++)
        if (!number_of(json_array_get(list, k), &to[k]))
            return false;
    return true;
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

static void copy_text(const json_t *object, const char *key, char *to, size_t size)
{
    const char *text = json_string_value(json_object_get(object, key));
    snprintf(to, size, "%s", text == NULL ? "" : text);
}

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
    get_number(from, "number", &finding->number);
    get_number(from, "threshold", &finding->threshold);
    copy_text(from, "shows", finding->title, sizeof finding->title);
    copy_text(from, "help", finding->help, sizeof finding->help);
    const json_t *because = json_object_get(from, "because");
    for (size_t k = 0; k < json_array_size(because); k++) {
        const char *line = json_string_value(json_array_get(because, k));
        bp_finding_because(finding, "%s", line == NULL ? "" : line);
    }
    return BP_OK;
}

/* ---- parts -------------------------------------------------------------------------------- */

/* What all parts of one check have in common. */
struct whole {
    struct bp_merged *merged;
    size_t shards, n_theta;
    char name[200], network[BP_SPEC_TEXT_MAX], point[20], method[40];
    double loss, noise;
    size_t shared;
    const char **seen; /* [shards]: the file that each came from */
    struct bp_numdiff numeric;
    struct bp_claim claim;
    const json_t *first; /* of shard 1, borrowed */
};

static enum bp_status refuse(struct bp_error *error, const char *path, const char *expected)
{
    return bp_error_set(error, BP_EINPUT, "%.300s: %s", path, expected);
}

static enum bp_status make_room(struct whole *w)
{
    w->seen = bp_mem_new(w->shards, sizeof *w->seen);
    w->numeric.n_theta = w->n_theta;
    w->numeric.value = bp_mem_new(2 * w->n_theta, sizeof(double));
    w->numeric.error = w->numeric.value == NULL ? NULL : w->numeric.value + w->n_theta;
    w->numeric.flags = bp_mem_new(w->n_theta, 1);
    w->claim.g = bp_mem_new(w->n_theta, sizeof(double));
    return w->seen == NULL || w->numeric.value == NULL || w->numeric.flags == NULL ||
                   w->claim.g == NULL
               ? BP_ENOMEM
               : BP_OK;
}

static enum bp_status begin(struct whole *w, const json_t *root, const char *path,
                            struct bp_error *error)
{
    if (!get_size(root, "of", &w->shards) || w->shards < 1 || w->shards > BP_SHARDS_MAX ||
        !get_size(root, "parameters", &w->n_theta) || w->n_theta < 1 ||
        w->n_theta > (size_t)1 << 40 || !get_number(root, "loss", &w->loss) ||
        !get_number(root, "noise", &w->noise) || !get_size(root, "shared", &w->shared))
        return refuse(error, path, "a part, but its sizes make no sense");
    copy_text(root, "name", w->name, sizeof w->name);
    copy_text(root, "network", w->network, sizeof w->network);
    copy_text(root, "point", w->point, sizeof w->point);
    copy_text(root, "method", w->method, sizeof w->method);
    w->numeric.loss = w->loss;
    w->numeric.noise = w->noise;
    w->numeric.evaluations = w->shared;
    return make_room(w);
}

static bool same_text(const json_t *root, const char *key, const char *text)
{
    const char *value = json_string_value(json_object_get(root, key));
    return strcmp(value == NULL ? "" : value, text) == 0;
}

static bool belongs(const struct whole *w, const json_t *root)
{
    size_t shards, n_theta;
    return get_size(root, "of", &shards) && shards == w->shards &&
           get_size(root, "parameters", &n_theta) && n_theta == w->n_theta &&
           same_text(root, "name", w->name) && same_text(root, "network", w->network) &&
           same_text(root, "point", w->point) && same_text(root, "method", w->method);
}

static enum bp_status take(struct whole *w, const json_t *root, const char *path,
                           struct bp_error *error)
{
    size_t shard, first, count, given_first, given_count, evaluations;
    if (!belongs(w, root))
        return refuse(error, path,
                      "a part of another check: name, network, point, method or number "
                      "of shards differ from the first file's");
    if (!get_size(root, "shard", &shard) || shard < 1 || shard > w->shards)
        return refuse(error, path, "a part, but its shard is none of the check's");
    if (w->seen[shard - 1] != NULL)
        return bp_error_set(error, BP_EINPUT, "%.200s: shard %zu of %zu, which %.200s is too", path,
                            shard, w->shards, w->seen[shard - 1]);
    bp_shard_range(shard, w->shards, w->n_theta, &first, &count);
    if (!get_size(root, "first", &given_first) || given_first != first ||
        !get_size(root, "count", &given_count) || given_count != count ||
        !get_size(root, "evaluations", &evaluations) || evaluations < w->shared ||
        !get_numbers(root, "value", count, w->numeric.value + first) ||
        !get_numbers(root, "error", count, w->numeric.error + first) ||
        !get_flags(root, count, w->numeric.flags + first) ||
        !get_number(root, "step", &w->numeric.step))
        return refuse(error, path, "a part, but its numbers are not those of its shard");
    w->numeric.evaluations += evaluations - w->shared;
    w->seen[shard - 1] = path;
    return BP_OK;
}

static enum bp_status take_first(struct whole *w, const json_t *root, const char *path,
                                 struct bp_error *error)
{
    const json_t *first = json_object_get(root, "whole");
    struct bp_checkup *checkup = &w->merged->checkup;
    if (!json_is_object(first))
        return BP_OK;
    if (!get_numbers(first, "claim", w->n_theta, w->claim.g) ||
        !get_number(first, "precision", &w->claim.precision) ||
        !get_number(first, "noise", &w->claim.noise))
        return refuse(error, path, "shard 1, but without the claimed gradient");
    w->claim.any_factor = json_is_true(json_object_get(first, "any_factor"));
    checkup->drawn = json_is_true(json_object_get(first, "drawn"));
    copy_text(first, "contract", checkup->contract_text, sizeof checkup->contract_text);
    const json_t *list = json_object_get(first, "findings");
    for (size_t k = 0; k < json_array_size(list); k++) {
        const enum bp_status status = take_finding(&checkup->findings, json_array_get(list, k));
        if (status == BP_EINPUT)
            return refuse(error, path, "shard 1, but a finding of it cannot be read");
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

static enum bp_status read_part(struct whole *w, const char *path, struct bp_error *error)
{
    json_error_t where;
    json_t *root = json_load_file(path, JSON_REJECT_DUPLICATES, &where);
    size_t version = 0;
    if (root == NULL && where.line < 0) /* not a place in it */
        return bp_error_set(error, BP_EFILE, "%.300s: cannot be read as a part", path);
    if (root == NULL)
        return bp_error_set(error, BP_EFILE, "%.300s:%d: %.200s", path, where.line, where.text);
    enum bp_status status = BP_OK;
    if (!get_size(root, "backprobe-part", &version) || version != 1)
        status = refuse(error, path, "expected a part, made by backprobe check --shard");
    if (status == BP_OK && w->seen == NULL)
        status = begin(w, root, path, error);
    if (status == BP_OK)
        status = take(w, root, path, error);
    if (status == BP_OK)
        status = take_first(w, root, path, error);
    json_decref(root);
    return status;
}

/* ---- all of it --------------------------------------------------------------------------------
 */

static enum bp_status check_complete(const struct whole *w, struct bp_error *error)
{
    for (size_t k = 0; k < w->shards; k++)
        if (w->seen[k] == NULL)
            return bp_error_set(
                error, BP_EINPUT,
                "merge: shard %zu of %zu is missing: run it again with --shard %zu/%zu", k + 1,
                w->shards, k + 1, w->shards);
    return BP_OK;
}

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
    struct whole w = {.merged = merged};
    *merged = (struct bp_merged){0};
    enum bp_status status = BP_OK;
    for (size_t k = 0; k < n && status == BP_OK; k++)
        status = read_part(&w, paths[k], error);
    if (status == BP_OK)
        status = check_complete(&w, error);
    if (status == BP_OK)
        status = compare(&w, error);
    snprintf(merged->name, sizeof merged->name, "%s", w.name);
    if (status == BP_ENOMEM)
        bp_error_set(error, status, "merge: out of memory");
    bp_mem_free(w.seen);
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
