/* merge.c -- backprobe merge PART.json ...: the parts of one check, as one report. */
#include "commands/command.h"

#include "diag/public.h"
#include "diag/shard.h"

static int run(int argc, char **argv)
{
    struct bp_merged merged;
    struct bp_error error = {""};
    if (argc < 2 || argv[1][0] == '-')
        return bp_command_misused(&bp_command_merge, "expected the parts of one check");
    if (bp_shard_merge(&merged, (const char *const *)argv + 1, (size_t)argc - 1, &error) != BP_OK)
        return bp_command_failed(&error);
    const struct bp_check_options options = {.format = "text"};
    int answer =
        bp_findings_count(&merged.checkup.findings) == 0 ? BP_EXIT_HEALTHY : BP_EXIT_FINDINGS;
    if (bp_check_print(&merged.checkup, merged.name, &options) != BP_OK)
        answer = bp_command_failed(&(struct bp_error){"merge: out of memory"});
    bp_merged_release(&merged);
    return answer;
}

const struct bp_command bp_command_merge = {
    .name = "merge",
    .usage = "PART.json ...",
    .about = "one report from the parts of a sharded check",
    .run = run,
};
