/* main.c -- `make confusion`: the whole measurement, a part of it, or a share.
 *
 *     confusion [--seed N] [--each N] ... [--table FILE] [--verbose] [MEASURE ...]
 *     confusion ... --shard K/N --out PART.json     a share (K/N, or auto: docs/scale.md)
 *     confusion merge [--table FILE] [--verbose] PART.json ...
 *
 * Exit status: 0, or 2 when it could not run, with one line that says why.
 */
#include "table.h"

#include "diag/report.h"
#include "diag/shard.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { FAILED = 2, OPT_TABLE = 512, OPT_VERBOSE, OPT_SHARD, OPT_OUT, OPT_NUMBER };

struct wish {
    struct plan plan;
    bool wanted[MEASURES], time, merge;
    const char *table, *part;
    size_t shard, shards;
    const char *const *paths; /* of the parts to merge */
    size_t n_paths;
};

static const struct {
    const char *option, *what;
    size_t usual, offset;
} NUMBER[] = {
#define ROW(name, option, usual, what) {option, what, usual, offsetof(struct plan, name)},
    PLAN_NUMBERS(ROW)
#undef ROW
};

enum { NUMBERS = sizeof NUMBER / sizeof NUMBER[0] };

static size_t *number_of(struct plan *plan, size_t k)
{
    return (size_t *)(void *)((char *)plan + NUMBER[k].offset);
}

static int fail(const char *text)
{
    fprintf(stderr, "confusion: %s\n", text);
    return FAILED;
}

/* ---- what is wanted -------------------------------------------------------- */

static enum bp_status take_number(struct plan *plan, size_t k, const char *text,
                                  struct bp_error *error)
{
    char *end = NULL;
    const unsigned long long value =
        text[0] >= '0' && text[0] <= '9' ? strtoull(text, &end, 10) : 0;
    const size_t most = strcmp(NUMBER[k].option, "seed") == 0 ? 1u << 30 : PLAN_MOST;
    if (end == NULL || *end != '\0' || value < 1 || value > most)
        return bp_error_set(error, BP_EINPUT, "--%s '%.40s': expected 1 to %zu, %s",
                            NUMBER[k].option, text, most, NUMBER[k].what);
    *number_of(plan, k) = (size_t)value;
    return BP_OK;
}

static enum bp_status take_option(struct wish *wish, int option, struct bp_error *error)
{
    switch (option) {
    case OPT_TABLE:
        wish->table = optarg;
        return BP_OK;
    case OPT_VERBOSE:
        wish->plan.verbose = true;
        return BP_OK;
    case OPT_OUT:
        wish->part = optarg;
        return BP_OK;
    case OPT_SHARD:
        return bp_shard_parse(optarg, &wish->shard, &wish->shards, error);
    case '?':
        return bp_error_set(error, BP_EINPUT,
                            "expected options as tests/confusion/main.c has them");
    default:
        return take_number(&wish->plan, (size_t)(option - OPT_NUMBER), optarg, error);
    }
}

static enum bp_status take_measure(struct wish *wish, const char *name, struct bp_error *error)
{
    for (size_t m = 0; m < MEASURES; m++)
        if (strcmp(name, table_measure[m]->name) == 0) {
            wish->wanted[m] = true;
            return BP_OK;
        }
    wish->time = wish->time || strcmp(name, "time") == 0;
    if (strcmp(name, "time") == 0)
        return BP_OK;
    char known[200] = "time";
    for (size_t m = 0; m < MEASURES; m++)
        bp_report_add(known, sizeof known, ", %s", table_measure[m]->name);
    return bp_error_set(error, BP_EINPUT, "'%.40s': expected %s", name, known);
}

static enum bp_status take_all(struct wish *wish, int argc, char **argv, struct bp_error *error)
{
    struct option list[NUMBERS + 5] = {{"table", required_argument, NULL, OPT_TABLE},
                                       {"verbose", no_argument, NULL, OPT_VERBOSE},
                                       {"shard", required_argument, NULL, OPT_SHARD},
                                       {"out", required_argument, NULL, OPT_OUT}};
    int option;
    for (int k = 0; k < NUMBERS; k++) {
        list[4 + k] = (struct option){NUMBER[k].option, required_argument, NULL, OPT_NUMBER + k};
        *number_of(&wish->plan, (size_t)k) = NUMBER[k].usual;
    }
    while ((option = getopt_long(argc, argv, "", list, NULL)) != -1)
        if (take_option(wish, option, error) != BP_OK) {
            if (option == '?')
                bp_error_set(error, BP_EINPUT, "'%.60s': no option, or without its value",
                             argv[optind - 1]);
            return BP_EINPUT;
        }
    wish->merge = optind < argc && strcmp(argv[optind], "merge") == 0;
    wish->paths = (const char *const *)argv + optind + wish->merge;
    wish->n_paths = (size_t)(argc - optind - wish->merge);
    for (size_t k = 0; k < wish->n_paths && !wish->merge; k++)
        if (take_measure(wish, wish->paths[k], error) != BP_OK)
            return BP_EINPUT;
    for (size_t m = 0; m < MEASURES && wish->n_paths == 0; m++)
        wish->wanted[m] = true;
    wish->time = wish->time || (wish->n_paths == 0 && wish->shards == 0);
    return BP_OK;
}

static enum bp_status check_all(const struct wish *wish, struct bp_error *error)
{
    if ((wish->shards > 0) != (wish->part != NULL))
        return bp_error_set(error, BP_EINPUT,
                            "--shard and --out go together: the part goes to a file");
    if (wish->shards > 0 && (wish->merge || wish->table != NULL))
        return bp_error_set(error, BP_EINPUT, "a shard has no table: merge makes it");
    if (wish->shards > 0 && wish->time)
        return bp_error_set(error, BP_EINPUT, "time is not shared out: it is one machine's");
    if (wish->merge && wish->n_paths == 0)
        return bp_error_set(error, BP_EINPUT, "merge: expected the parts of one table");
    return BP_OK;
}

/* ---- doing it ------------------------------------------------------------------ */

static enum bp_status print(const struct wish *wish, struct bp_error *error)
{
    enum bp_status status = wish->merge
                                ? table_merge(&wish->plan, wish->paths, wish->n_paths, error)
                                : table_run(&wish->plan, wish->wanted, error);
    if (status == BP_OK && wish->time && !wish->merge)
        measure_time(&wish->plan);
    return status;
}

static enum bp_status run(struct wish *wish, struct bp_error *error)
{
    struct bp_output output = {0};
    if (wish->shards > 0)
        return table_shard(&wish->plan, wish->wanted, wish->shard, wish->shards, wish->part, error);
    enum bp_status status =
        wish->table == NULL ? BP_OK : bp_output_open(&output, wish->table, error);
    if (status != BP_OK)
        return status;
    wish->plan.table = output.file;
    status = print(wish, error);
    if (status == BP_OK && wish->table != NULL)
        return bp_output_keep(&output, error);
    bp_output_drop(&output);
    return status;
}

int main(int argc, char **argv)
{
    struct wish wish = {.plan.out = stdout};
    struct bp_error error = {""};
    opterr = 0;
    if (take_all(&wish, argc, argv, &error) != BP_OK || check_all(&wish, &error) != BP_OK)
        return fail(error.text);
    if (run(&wish, &error) != BP_OK)
        return fail(error.text);
    return EXIT_SUCCESS;
}
