/* catalogue.c -- backprobe faults, backprobe explain NAME: what can be named, and a
 * page on one of them. */
#include "commands/command.h"

#include "diag/faults/explain.h"
#include "diag/faults/fault.h"

#include <string.h>

static int faults(int argc, char **argv)
{
    (void)argv;
    if (argc != 1)
        return bp_command_misused(&bp_command_faults, "expected no words");
    bp_fault_list(stdout);
    return BP_EXIT_HEALTHY;
}

static int explain(int argc, char **argv)
{
    if (argc != 2)
        return bp_command_misused(&bp_command_explain, "expected one name");
    const struct bp_fault *fault = bp_fault_find(argv[1]);
    if (fault == NULL) {
        const char *nearest = bp_fault_nearest(argv[1]);
        struct bp_error error;
        bp_error_set(&error, BP_EINPUT,
                     "explain: '%.60s' is no name%s%s%s; backprobe faults lists all", argv[1],
                     nearest == NULL ? "" : ", did you mean '", nearest == NULL ? "" : nearest,
                     nearest == NULL ? "" : "'");
        return bp_command_failed(&error);
    }
    bp_fault_explain(fault, stdout);
    return BP_EXIT_HEALTHY;
}

const struct bp_command bp_command_faults = {
    .name = "faults", .usage = "", .about = "list what can be named, by stage", .run = faults};

const struct bp_command bp_command_explain = {
    .name = "explain", .usage = "NAME", .about = "a page on one cause", .run = explain};
