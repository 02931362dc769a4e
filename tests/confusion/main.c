/* main.c -- `make confusion`: the whole measurement, or a part of it.
 *
 *     confusion [--each N] [--several N] [--healthy N] [--held-out N] [--seed N]
 *               [--unseen N] [--healthy-runs N] [--table FILE] [--verbose] [PART ...]
 *
 * parts: singles, single-precision, pairs, triples, held-out, healthy, unseen,
 * healthy-runs, time, programs
 */
#include "measure.h"

#include <stdlib.h>
#include <string.h>

static bool wants(int argc, char **argv, const char *part)
{
    bool any = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], part) == 0)
            return true;
        if (strncmp(argv[i], "--", 2) != 0)
            any = true;
        else if (strcmp(argv[i], "--verbose") != 0)
            i++;
    }
    return !any;
}

static const char *option(int argc, char **argv, const char *name, const char *otherwise)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return argv[i + 1];
    return otherwise;
}

static size_t number(int argc, char **argv, const char *name, const char *otherwise)
{
    return (size_t)strtoull(option(argc, argv, name, otherwise), NULL, 10);
}

static bool flag(int argc, char **argv, const char *name)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return true;
    return false;
}

int main(int argc, char **argv)
{
    struct plan plan = {.seed = number(argc, argv, "--seed", "1"),
                        .each = number(argc, argv, "--each", "30"),
                        .several = number(argc, argv, "--several", "400"),
                        .healthy = number(argc, argv, "--healthy", "3000"),
                        .held_out = number(argc, argv, "--held-out", "400"),
                        .unseen = number(argc, argv, "--unseen", "10"),
                        .healthy_runs = number(argc, argv, "--healthy-runs", "1000"),
                        .verbose = flag(argc, argv, "--verbose"),
                        .out = stdout};
    const char *table = option(argc, argv, "--table", NULL);
    if (table != NULL && (plan.table = fopen(table, "w")) == NULL) {
        fprintf(stderr, "confusion: %s cannot be written\n", table);
        return EXIT_FAILURE;
    }
    if (wants(argc, argv, "singles"))
        measure_singles(&plan, false);
    if (wants(argc, argv, "single-precision"))
        measure_singles(&plan, true);
    if (wants(argc, argv, "pairs"))
        measure_several(&plan, 2);
    if (wants(argc, argv, "triples"))
        measure_several(&plan, 3);
    if (wants(argc, argv, "held-out"))
        measure_held_out(&plan);
    if (wants(argc, argv, "healthy"))
        measure_healthy(&plan);
    if (wants(argc, argv, "unseen"))
        measure_unseen(&plan);
    if (wants(argc, argv, "healthy-runs"))
        measure_healthy_runs(&plan);
    if (wants(argc, argv, "time"))
        measure_time(&plan);
    if (wants(argc, argv, "programs"))
        measure_programs(&plan);
    if (plan.table != NULL && fclose(plan.table) != 0)
        return EXIT_FAILURE;
    return EXIT_SUCCESS;
}
