/* table.c -- see table.h. */
#include "table.h"

#include "core/mem.h"
#include "diag/shard.h"
#include "diag/shard_part.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

const struct measure *const table_measure[MEASURES] = {
    &measure_singles, &measure_single_precision, &measure_pairs,
    &measure_triples, &measure_held_out,         &measure_healthy,
    &measure_unseen,  &measure_healthy_runs,     &measure_programs};

/* What came of a share of a measure's items. */
struct share {
    size_t first, count, most; /* outcomes of an item: most, the used ones first */
    struct outcome *outcome;   /* [count * most] */
};

static enum bp_status share_open(struct share *share, const struct measure *measure,
                                 const struct plan *plan, size_t shard, size_t shards,
                                 struct bp_error *error)
{
    bp_shard_range(shard, shards, measure->items(plan), &share->first, &share->count);
    share->most = measure->most(plan);
    share->outcome = bp_mem_new(share->count * share->most + 1, sizeof *share->outcome);
    return share->outcome == NULL
               ? bp_error_set(error, BP_ENOMEM, "confusion: out of memory for %s", measure->name)
               : BP_OK;
}

/* Seen on a terminal where it takes over a second. */
struct progress {
    FILE *terminal; /* NULL: nobody sees it */
    const char *name;
    size_t done, count;
    double began, shown;
};

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* One more item is done, by whichever thread. */
static void progress_add(struct progress *progress)
{
    if (progress->terminal == NULL)
        return;
#pragma omp critical(progress)
    {
        const double now = seconds_now();
        progress->done++;
        if (now - progress->began >= 1.0 && now - progress->shown >= 0.2) {
            fprintf(progress->terminal, "\r\033[K%s: %zu of %zu, %.0f s", progress->name,
                    progress->done, progress->count, now - progress->began);
            progress->shown = now;
        }
    }
}

static void progress_end(const struct progress *progress)
{
    if (progress->shown > 0.0)
        fputs("\r\033[K", progress->terminal);
}

static void share_run(struct share *share, const struct measure *measure, const struct plan *plan)
{
    struct progress progress = {.terminal = isatty(STDERR_FILENO) ? stderr : NULL,
                                .name = measure->name,
                                .count = share->count,
                                .began = seconds_now()};
#pragma omp parallel for schedule(dynamic) if (!measure->alone)
    for (size_t i = 0; i < share->count; i++) {
        measure->run(plan, share->first + i, share->outcome + i * share->most);
        progress_add(&progress);
    }
    progress_end(&progress);
}

/* ---- in one ------------------------------------------------------------------------ */

enum bp_status table_run(const struct plan *plan, const bool wanted[MEASURES],
                         struct bp_error *error)
{
    for (size_t m = 0; m < MEASURES; m++) {
        struct share share;
        if (!wanted[m])
            continue;
        const enum bp_status status = share_open(&share, table_measure[m], plan, 1, 1, error);
        if (status != BP_OK)
            return status;
        share_run(&share, table_measure[m], plan);
        table_measure[m]->print(plan, share.outcome, share.count);
        bp_mem_free(share.outcome);
    }
    return BP_OK;
}

/* ---- a part --------------------------------------------------------------------------- */

static void hash_catalogue(char text[17])
{
    size_t tables;
    uint64_t h = BP_SHARD_HASH;
    const struct bp_fault_table *const *table = bp_fault_tables(&tables);
    for (size_t i = 0; i < tables; i++)
        for (size_t k = 0; k < table[i]->n; k++) {
            const struct bp_fault *fault = &table[i]->fault[k];
            h = bp_shard_part_hash(h, fault->name, strlen(fault->name) + 1);
            h = bp_shard_part_hash(h, &fault->variants, sizeof fault->variants);
        }
    snprintf(text, 17, "%016llx", (unsigned long long)h);
}

static json_t *identity_json(const struct plan *plan, const bool wanted[MEASURES])
{
    char catalogue[17];
    hash_catalogue(catalogue);
    json_t *measures = json_array();
    for (size_t m = 0; m < MEASURES; m++)
        if (wanted[m])
            (void)json_array_append_new(measures, json_string(table_measure[m]->name));
    json_t *identity = json_pack("{s:s, s:s, s:o}", "version", VERSION, "catalogue", catalogue,
                                 "measures", measures);
#define PUT(name, option, usual, what)                                                             \
    (void)json_object_set_new(identity, option, json_integer((json_int_t)plan->name));
    PLAN_NUMBERS(PUT)
#undef PUT
    return identity;
}

static json_t *item_json(const struct outcome *outcome, size_t most)
{
    json_t *list = json_array();
    for (size_t k = 0; k < most && (outcome[k].done || outcome[k].said[0] != '\0'); k++)
        (void)json_array_append_new(list, outcome_json(&outcome[k]));
    return list;
}

static json_t *share_json(const struct share *share)
{
    json_t *list = json_array();
    for (size_t i = 0; i < share->count; i++)
        (void)json_array_append_new(list, item_json(share->outcome + i * share->most, share->most));
    return list;
}

enum bp_status table_shard(const struct plan *plan, const bool wanted[MEASURES], size_t shard,
                           size_t shards, const char *path, struct bp_error *error)
{
    json_t *body = json_object();
    for (size_t m = 0; m < MEASURES; m++) {
        struct share share;
        if (!wanted[m])
            continue;
        const enum bp_status status =
            share_open(&share, table_measure[m], plan, shard, shards, error);
        if (status != BP_OK) {
            json_decref(body);
            return status;
        }
        share_run(&share, table_measure[m], plan);
        (void)json_object_set_new(body, table_measure[m]->name, share_json(&share));
        bp_mem_free(share.outcome);
    }
    return bp_shard_part_write(path, "confusion", shard, shards, identity_json(plan, wanted), body,
                               error);
}

/* ---- parts -------------------------------------------------------------------------------- */

struct merger {
    struct plan plan;
    struct bp_shard_parts parts;
    bool wanted[MEASURES];
    struct share share[MEASURES];
};

static void read_wanted(struct merger *m)
{
    const json_t *list = json_object_get(m->parts.identity, "measures");
    for (size_t i = 0; i < json_array_size(list); i++)
        for (size_t k = 0; k < MEASURES; k++) {
            const char *name = json_string_value(json_array_get(list, i));
            m->wanted[k] =
                m->wanted[k] || (name != NULL && strcmp(name, table_measure[k]->name) == 0);
        }
}

/* A part of this very table, or of another version's? */
static enum bp_status check_identity(const struct merger *m, const char *path,
                                     struct bp_error *error)
{
    char catalogue[17];
    char theirs[40];
    hash_catalogue(catalogue);
    bp_shard_part_text(m->parts.identity, "version", theirs, sizeof theirs);
    if (strcmp(theirs, VERSION) != 0)
        return bp_error_set(error, BP_EINPUT, "%.300s: a part of version %s, this is " VERSION,
                            path, theirs);
    bp_shard_part_text(m->parts.identity, "catalogue", theirs, sizeof theirs);
    if (strcmp(theirs, catalogue) != 0)
        return bp_shard_part_refuse(error, path, "its catalogue of faults is not this one");
    return BP_OK;
}

static enum bp_status begin(struct merger *m, const char *path, struct bp_error *error)
{
    const json_t *identity = m->parts.identity;
    enum bp_status status = check_identity(m, path, error);
    bool ok = true;
#define GET(name, option, usual, what)                                                             \
    ok = bp_shard_part_size(identity, option, &m->plan.name) && ok;                                \
    ok = ok && (m->plan.name <= PLAN_MOST || strcmp(option, "seed") == 0);
    PLAN_NUMBERS(GET)
#undef GET
    if (status == BP_OK && !ok)
        status = bp_shard_part_refuse(error, path, "its sizes make no sense");
    read_wanted(m);
    for (size_t k = 0; k < MEASURES && status == BP_OK; k++)
        if (m->wanted[k])
            status = share_open(&m->share[k], table_measure[k], &m->plan, 1, 1, error);
    return status;
}

/* One measure's items of one part. */
static bool take(const struct share *all, const json_t *list, size_t first, size_t count)
{
    if (!json_is_array(list) || json_array_size(list) != count)
        return false;
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(list, i);
        struct outcome *outcome = all->outcome + (first + i) * all->most;
        if (!json_is_array(item) || json_array_size(item) > all->most)
            return false;
        for (size_t k = 0; k < json_array_size(item); k++)
            if (!outcome_read(json_array_get(item, k), &outcome[k]))
                return false;
    }
    return true;
}

static enum bp_status read_part(struct merger *m, const char *path, struct bp_error *error)
{
    json_t *root;
    size_t shard, first, count;
    const bool is_first = m->parts.first == NULL;
    enum bp_status status = bp_shard_parts_read(&m->parts, path, &root, &shard, error);
    if (status == BP_OK && is_first)
        status = begin(m, path, error);
    for (size_t k = 0; k < MEASURES && status == BP_OK; k++) {
        if (!m->wanted[k])
            continue;
        bp_shard_range(shard, m->parts.shards, m->share[k].count, &first, &count);
        if (!take(&m->share[k], json_object_get(root, table_measure[k]->name), first, count))
            status = bp_shard_part_refuse(error, path, "its trials are not those of its shard");
    }
    json_decref(root);
    return status;
}

enum bp_status table_merge(const struct plan *plan, const char *const *paths, size_t n,
                           struct bp_error *error)
{
    struct merger m = {.plan = *plan, .parts.work = "confusion"};
    enum bp_status status = BP_OK;
    for (size_t k = 0; k < n && status == BP_OK; k++)
        status = read_part(&m, paths[k], error);
    if (status == BP_OK)
        status = bp_shard_parts_complete(&m.parts, error);
    for (size_t k = 0; k < MEASURES; k++) {
        if (status == BP_OK && m.wanted[k])
            table_measure[k]->print(&m.plan, m.share[k].outcome, m.share[k].count);
        bp_mem_free(m.share[k].outcome);
    }
    bp_shard_parts_release(&m.parts);
    return status;
}
