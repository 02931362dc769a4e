/* shard.c -- which share is ours, and the part that it leaves. Putting parts together
 * is in shard_merge.c. See shard.h. */
#include "diag/shard.h"

#include "diag/shard_part.h"
#include "diag/report.h"

#include <stdlib.h>
#include <string.h>

/* ---- which share ---------------------------------------------------------------- */

static bool whole(const char *text, size_t *value)
{
    char *end = NULL;
    const unsigned long long read = text[0] >= '0' && text[0] <= '9' ? strtoull(text, &end, 10) : 0;
    *value = (size_t)read;
    return end != NULL && *end == '\0' && read <= 1u << 30;
}

static bool from_environment(size_t *shard, size_t *shards)
{
    const char *rank = getenv("OMPI_COMM_WORLD_RANK"), *size = getenv("OMPI_COMM_WORLD_SIZE");
    const char *task = getenv("SLURM_ARRAY_TASK_ID"), *count = getenv("SLURM_ARRAY_TASK_COUNT");
    const char *least = getenv("SLURM_ARRAY_TASK_MIN");
    size_t first = 1;
    if (rank != NULL && size != NULL && whole(rank, shard) && whole(size, shards)) {
        *shard += 1;
        return true;
    }
    if (task == NULL || count == NULL || !whole(task, shard) || !whole(count, shards))
        return false;
    if (least != NULL && !whole(least, &first))
        return false;
    *shard = *shard + 1 - first;
    return true;
}

enum bp_status bp_shard_parse(const char *text, size_t *shard, size_t *shards,
                              struct bp_error *error)
{
    char k[16];
    const size_t n = strcspn(text, "/");
    bool ok = false;
    if (strcmp(text, "auto") == 0) {
        ok = from_environment(shard, shards);
    } else if (text[n] == '/' && n > 0 && n < sizeof k) {
        memcpy(k, text, n);
        k[n] = '\0';
        ok = whole(k, shard) && whole(text + n + 1, shards);
    }
    if (ok && *shard >= 1 && *shard <= *shards && *shards <= BP_SHARDS_MAX)
        return BP_OK;
    return bp_error_set(error, BP_EINPUT,
                        "--shard '%.40s': expected K/N with 1 <= K <= N <= %d, or auto under "
                        "SLURM or Open MPI",
                        text, BP_SHARDS_MAX);
}

/* floor(a k / n) without overflow. */
static size_t share(size_t a, size_t k, size_t n)
{
    return a / n * k + a % n * k / n;
}

void bp_shard_range(size_t shard, size_t shards, size_t n_theta, size_t *first, size_t *count)
{
    *first = share(n_theta, shard - 1, shards);
    *count = share(n_theta, shard, shards) - *first;
}

/* ---- the part --------------------------------------------------------------------- */

/* Of where was looked: theta, x and t, bit by bit. */
static void fingerprint(const struct bp_checkup *checkup, const struct bp_view *view, char text[17])
{
    uint64_t h = BP_SHARD_HASH;
    h = bp_shard_part_hash(h, checkup->theta, view->n_theta * sizeof(double));
    h = bp_shard_part_hash(h, checkup->x, checkup->n * view->n_in * sizeof(double));
    h = bp_shard_part_hash(h, checkup->t, checkup->n * view->n_out * sizeof(double));
    snprintf(text, 17, "%016llx", (unsigned long long)h);
}

static json_t *numbers(const double *value, size_t n)
{
    json_t *list = json_array();
    for (size_t k = 0; list != NULL && k < n; k++)
        if (json_array_append_new(list, bp_report_number(value[k])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

static json_t *flags(const unsigned char *flag, size_t n)
{
    json_t *list = json_array();
    for (size_t k = 0; list != NULL && k < n; k++)
        if (json_array_append_new(list, json_integer(flag[k])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}

/* What only shard 1 knows: the claim, and what was found beside the derivatives. */
static json_t *first_json(const struct bp_checkup *checkup)
{
    const struct bp_gradcheck *check = &checkup->check;
    return json_pack("{s:s, s:b, s:o, s:o, s:o, s:o, s:b}", "contract", checkup->contract_text,
                     "drawn", checkup->drawn, "findings", bp_report_json(&checkup->findings),
                     "claim", numbers(check->backprop, check->n_theta), "precision",
                     bp_report_number(check->precision), "noise", bp_report_number(check->noise),
                     "any_factor", check->any_factor);
}

static json_t *identity_json(const struct bp_checkup *checkup, const struct bp_view *view)
{
    char point[17];
    fingerprint(checkup, view, point);
    return json_pack("{s:s, s:s?, s:I, s:s, s:s}", "name",
                     view->subject->name == NULL ? "subject" : view->subject->name, "network",
                     view->described ? view->subject->network : NULL, "parameters",
                     (json_int_t)view->n_theta, "point", point, "method",
                     checkup->check.numeric.tier->name);
}

static json_t *part_json(const struct bp_checkup *checkup, const struct bp_view *view,
                         const struct bp_checkup_options *options)
{
    const struct bp_numdiff *numeric = &checkup->check.numeric;
    size_t first, count;
    bp_shard_range(options->shard, options->shards, view->n_theta, &first, &count);
    return json_pack(
        "{s:I, s:I, s:o, s:o, s:o, s:I, s:I, s:o, s:o, s:o, s:o?}", "first", (json_int_t)first,
        "count", (json_int_t)count, "loss", bp_report_number(numeric->loss), "noise",
        bp_report_number(numeric->noise), "step", bp_report_number(numeric->step), "shared",
        (json_int_t)numeric->shared, "evaluations", (json_int_t)numeric->evaluations, "value",
        numbers(numeric->value + first, count), "error", numbers(numeric->error + first, count),
        "flags", flags(numeric->flags + first, count), "whole",
        options->shard == 1 ? first_json(checkup) : NULL);
}

enum bp_status bp_shard_write(const char *path, const struct bp_checkup *checkup,
                              const struct bp_view *view, const struct bp_checkup_options *options,
                              struct bp_error *error)
{
    return bp_shard_part_write(path, "check", options->shard, options->shards,
                               identity_json(checkup, view), part_json(checkup, view, options),
                               error);
}
