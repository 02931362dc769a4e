/* public.h -- the check of one subject from a command line: what backprobe_main()
 * (backprobe.h) and the command "backprobe check" share. */
#ifndef BP_PUBLIC_H
#define BP_PUBLIC_H

#include "diag/checkup.h"
#include "diag/selftrace.h"

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

struct bp_check_options {
    struct bp_checkup_options checkup;
    bool all, quiet;
    const char *format;                /* text, json or tsv */
    const char *part;                  /* --out: where a shard's part goes */
    struct bp_selftrace_options trace; /* path NULL: none */
    /* NULL, or called after the report, with what was seen */
    enum bp_status (*seen)(void *self, const struct bp_checkup *checkup, const struct bp_view *view,
                           struct bp_error *error);
    void *self;
    void (*before_words)(void *watcher); /* called before anything is printed; NULL: nothing is */
    void *watcher;                       /* borrowed */
};

/* Prints as the options say. BP_ENOMEM. */
enum bp_status bp_check_print(const struct bp_checkup *checkup, const char *name,
                              const struct bp_check_options *options);

/* The options that both have, for --help: a line each. */
#define BP_CHECK_HELP                                                                              \
    "  --own-loss        differentiate your loss, not the described network's\n"                   \
    "  --locate          search for wrong entries by few calls (tsv: its rows)\n"                  \
    "  --shard K/N       look at a share of the entries, leave it in --out; see merge\n"           \
    "  --method M        central, richardson, complex, structured, delta-form, node;\n"            \
    "                    auto: the best that fits (the default)\n"                                 \
    "  --jobs N          threads for it (1), no more than there are; the same bits\n"              \
    "  --trace FILE      train it; leave its own z, a and delta of each step there\n"              \
    "  --steps N         of that training (100); --rate R: its rate (0.1)\n"                       \
    "  --rate R          of the steps that are tried; --seed N: of what is drawn\n"                \
    "  --all             list every entry; --format F: text, json or tsv\n"                        \
    "  --quiet           print nothing: the exit status says it\n"

/* Those options; values from 256 on. */
const struct option *bp_check_long_options(void);

/* A number of threads for --jobs: a whole number above 0. What is more than the machine has
 * is cut to that. False with a line in error. */
bool bp_jobs_parse(const char *text, int *jobs, struct bp_error *error);

/* Of --format: is it one? False with a line in error. */
bool bp_format_known(const char *text, struct bp_error *error);

/* "rate" of the option whose getopt value this is. */
const char *bp_option_name(const struct option *list, int value);

/* A line in error on the option for which getopt_long() returned '?'. */
void bp_option_unread(char **argv, struct bp_error *error);

/* Takes one of these options; false with a line in error. */
bool bp_check_option(struct bp_check_options *options, int option, const char *value,
                     struct bp_error *error);

/* Checks and prints to stdout. 0 healthy, 1 findings, 2 with a line in error. */
int bp_check_subject(const struct bp_subject *subject, const struct bp_check_options *options,
                     struct bp_error *error);

#endif
