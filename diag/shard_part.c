/* shard_part.c -- see shard_part.h. */
#include "diag/shard_part.h"

#include "core/input.h"
#include "core/mem.h"
#include "diag/report.h"
#include "diag/shard.h"

#include <math.h>
#include <string.h>

enum { PART_VERSION = 1, BYTES_MAX = 1 << 30 };

uint64_t bp_shard_part_hash(uint64_t so_far, const void *bytes, size_t n)
{
    const unsigned char *c = bytes;
    for (size_t k = 0; k < n; k++)
        so_far = (so_far ^ c[k]) * 0x100000001b3u;
    return so_far;
}

/* ---- writing ---------------------------------------------------------------------- */

static enum bp_status write_whole(const char *path, const json_t *root, struct bp_error *error)
{
    struct bp_output output;
    const enum bp_status status = bp_output_open(&output, path, error);
    if (status != BP_OK)
        return status;
    const int failed = json_dumpf(root, output.file, bp_report_json_flags());
    fputc('\n', output.file);
    if (failed == 0)
        return bp_output_keep(&output, error);
    bp_output_drop(&output);
    return bp_error_set(error, BP_EFILE, "%.300s: cannot be written", path);
}

enum bp_status bp_shard_part_write(const char *path, const char *work, size_t shard, size_t shards,
                                   json_t *identity, json_t *body, struct bp_error *error)
{
    json_t *root =
        json_pack("{s:i, s:s, s:o, s:I, s:I}", "backprobe-part", PART_VERSION, "work", work,
                  "identity", identity, "shard", (json_int_t)shard, "of", (json_int_t)shards);
    const bool made = root != NULL && body != NULL && json_object_update(root, body) == 0;
    const enum bp_status status =
        made ? write_whole(path, root, error)
             : bp_error_set(error, BP_ENOMEM, "%.300s: out of memory", path);
    json_decref(root);
    json_decref(body);
    return status;
}

/* ---- entries ------------------------------------------------------------------------ */

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

bool bp_shard_part_number(const json_t *object, const char *key, double *number)
{
    return number_of(json_object_get(object, key), number);
}

bool bp_shard_part_size(const json_t *object, const char *key, size_t *size)
{
    const json_t *value = json_object_get(object, key);
    const bool is_one = json_is_integer(value) && json_integer_value(value) >= 0;
    *size = is_one ? (size_t)json_integer_value(value) : 0;
    return is_one;
}

bool bp_shard_part_numbers(const json_t *object, const char *key, size_t n, double *to)
{
    const json_t *list = json_object_get(object, key);
    if (!json_is_array(list) || json_array_size(list) != n)
        return false;
    for (size_t k = 0; k < n; k++)
        if (!number_of(json_array_get(list, k), &to[k]))
            return false;
    return true;
}

void bp_shard_part_text(const json_t *object, const char *key, char *to, size_t size)
{
    const char *text = json_string_value(json_object_get(object, key));
    snprintf(to, size, "%s", text == NULL ? "" : text);
    for (char *c = to; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 127)
            *c = '?';
}

enum bp_status bp_shard_part_refuse(struct bp_error *error, const char *path, const char *what)
{
    return bp_error_set(error, BP_EINPUT, "%.300s: a part, but %s", path, what);
}

/* ---- reading ---------------------------------------------------------------------- */

static enum bp_status load(const char *path, json_t **root, struct bp_error *error)
{
    struct bp_input input;
    json_error_t where;
    const enum bp_status status = bp_input_read(&input, path, BYTES_MAX, error);
    if (status != BP_OK)
        return status;
    *root = json_loadb(input.bytes, input.n, JSON_REJECT_DUPLICATES, &where);
    bp_input_release(&input);
    if (*root == NULL)
        return bp_error_set(error, BP_EINPUT, "%.300s:%d: %.200s: expected a whole part", path,
                            where.line, where.text);
    return BP_OK;
}

/* The key in which two identities differ, NULL when they are the same. */
static const char *difference(json_t *a, json_t *b)
{
    const char *key;
    json_t *value;
    json_object_foreach(a, key, value)
    {
        if (!json_equal(value, json_object_get(b, key)))
            return key;
    }
    return json_object_size(a) == json_object_size(b) ? NULL : "their number of entries";
}

static enum bp_status begin(struct bp_shard_parts *parts, json_t *identity, size_t shards,
                            const char *path, struct bp_error *error)
{
    parts->seen = bp_mem_new(shards, sizeof *parts->seen);
    if (parts->seen == NULL)
        return bp_error_set(error, BP_ENOMEM, "merge: out of memory");
    parts->identity = json_incref(identity);
    parts->shards = shards;
    parts->first = path;
    return BP_OK;
}

/* The entries that every part has. */
static enum bp_status look(struct bp_shard_parts *parts, const json_t *root, const char *path,
                           size_t *shard, struct bp_error *error)
{
    json_t *identity = json_object_get(root, "identity");
    const char *work = json_string_value(json_object_get(root, "work"));
    size_t version, shards;
    if (!bp_shard_part_size(root, "backprobe-part", &version) || work == NULL ||
        !json_is_object(identity))
        return bp_error_set(error, BP_EINPUT,
                            "%.300s: expected a part, made by --shard K/N --out FILE", path);
    if (version != PART_VERSION)
        return bp_error_set(error, BP_EINPUT, "%.300s: a part in format %zu, expected %d", path,
                            version, PART_VERSION);
    if (strcmp(work, parts->work) != 0)
        return bp_error_set(error, BP_EINPUT, "%.300s: a part of a %.40s, expected one of a %s",
                            path, work, parts->work);
    if (!bp_shard_part_size(root, "of", &shards) || shards < 1 || shards > BP_SHARDS_MAX ||
        !bp_shard_part_size(root, "shard", shard) || *shard < 1 || *shard > shards)
        return bp_shard_part_refuse(error, path, "its shard is none of 1/1 .. N/N");
    const enum bp_status status =
        parts->first == NULL ? begin(parts, identity, shards, path, error) : BP_OK;
    if (status != BP_OK)
        return status;
    const char *key = shards == parts->shards ? difference(parts->identity, identity) : "of";
    return key == NULL ? BP_OK
                       : bp_error_set(error, BP_EINPUT,
                                      "%.200s: a part of another %s than %.200s: '%.60s' differs",
                                      path, parts->work, parts->first, key);
}

enum bp_status bp_shard_parts_read(struct bp_shard_parts *parts, const char *path, json_t **root,
                                   size_t *shard, struct bp_error *error)
{
    *root = NULL;
    enum bp_status status = load(path, root, error);
    if (status == BP_OK)
        status = look(parts, *root, path, shard, error);
    if (status == BP_OK && parts->seen[*shard - 1] != NULL)
        status = bp_error_set(error, BP_EINPUT, "%.200s: shard %zu of %zu, which %.200s is too",
                              path, *shard, parts->shards, parts->seen[*shard - 1]);
    if (status == BP_OK) {
        parts->seen[*shard - 1] = path;
        return BP_OK;
    }
    json_decref(*root);
    *root = NULL;
    return status;
}

enum bp_status bp_shard_parts_complete(const struct bp_shard_parts *parts, struct bp_error *error)
{
    for (size_t k = 0; k < parts->shards; k++)
        if (parts->seen[k] == NULL)
            return bp_error_set(
                error, BP_EINPUT,
                "merge: shard %zu of %zu is missing: run it again with --shard %zu/%zu", k + 1,
                parts->shards, k + 1, parts->shards);
    return BP_OK;
}

void bp_shard_parts_release(struct bp_shard_parts *parts)
{
    json_decref(parts->identity);
    bp_mem_free(parts->seen);
    *parts = (struct bp_shard_parts){0};
}
