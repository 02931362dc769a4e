/* command.h -- what the program can be told to do, one file a command.
 *
 * A command parses its own options, runs, prints to stdout (chatter to stderr, and
 * only on a terminal) and returns the exit status. These files are main.c's hands:
 * with it, they alone see every folder.
 */
#ifndef BP_COMMAND_H
#define BP_COMMAND_H

#include "core/input.h"
#include "core/status.h"

#include <stdbool.h>
#include <stdio.h>

/* 0 healthy, or as the scenario expects; 1 findings; 2 could not run. */
enum bp_exit { BP_EXIT_HEALTHY, BP_EXIT_FINDINGS, BP_EXIT_FAILED };

struct bp_command {
    const char *name, *usage, *about;
    const char *options; /* what they mean, a line each, for --help; NULL: no more to say */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name */
};

/* One of each file of this folder. */
extern const struct bp_command bp_command_run, bp_command_check, bp_command_plot,
    bp_command_compare, bp_command_trace, bp_command_merge, bp_command_ladder, bp_command_faults,
    bp_command_explain;

/* "backprobe: LINE" on stderr; BP_EXIT_FAILED. */
int bp_command_failed(const struct bp_error *error);

/* The same for a wrong call: where its help is comes after it. */
int bp_command_misused(const struct bp_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Of --term: is it dumb? False with a line in error. */
bool bp_command_term(const char *value, struct bp_error *error);

/* One line of progress over the last one, no longer than the terminal is wide. */
void bp_command_progress(FILE *terminal, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "folder/file"; BP_EFILE when it is too long. */
enum bp_status bp_command_join(char path[BP_PATH_MAX], const char *folder, const char *file,
                               struct bp_error *error);

/* Makes the folder and those above it. BP_EFILE. */
enum bp_status bp_command_folder(const char *path, struct bp_error *error);

#endif
