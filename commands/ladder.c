/* ladder.c -- backprobe ladder: the five rungs, for the built-in network (with faults
 * planted) or for a program; stops at the first one that breaks. */
#include "commands/calls.h"
#include "commands/command.h"

#include "core/spec.h"
#include "diag/ladder.h"
#include "diag/public.h"
#include "diag/report.h"
#include "diag/sharedobject.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OPT_SUBJECT = 256,
    OPT_NETWORK,
    OPT_PLANT,
    OPT_RATE,
    OPT_SEED,
    OPT_STARTS,
    OPT_TIMEOUT,
    OPT_FORMAT,
    OPT_QUIET,
    OPT_JOBS,
    PLANTS_MOST = 16
};

static const struct option LONG[] = {{"subject", required_argument, NULL, OPT_SUBJECT},
                                     {"network", required_argument, NULL, OPT_NETWORK},
                                     {"plant", required_argument, NULL, OPT_PLANT},
                                     {"rate", required_argument, NULL, OPT_RATE},
                                     {"seed", required_argument, NULL, OPT_SEED},
                                     {"starts", required_argument, NULL, OPT_STARTS},
                                     {"timeout", required_argument, NULL, OPT_TIMEOUT},
                                     {"format", required_argument, NULL, OPT_FORMAT},
                                     {"quiet", no_argument, NULL, OPT_QUIET},
                                     {"jobs", required_argument, NULL, OPT_JOBS},
                                     {NULL, 0, NULL, 0}};

struct options {
    const char *subject, *network;
    const char *plant[PLANTS_MOST];
    size_t n_plant;
    double timeout;
    const char *format; /* text, json or tsv */
    bool quiet;
    struct bp_ladder_options ladder;
};

/* A number in (0, most], whole where asked. */
static bool number(const char *text, double most, bool whole, double *value)
{
    char *end = NULL;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && *value > 0.0 && *value <= most &&
           (!whole || *value == (double)(unsigned long long)*value);
}

static bool take(struct options *options, int option, const char *value, struct bp_error *error)
{
    double x = 0.0;
    bool ok = true;
    const char *expected = "a number above 0 and at most 1e6";
    switch (option) {
    case OPT_FORMAT:
        options->format = value;
        return bp_format_known(value, error);
    case OPT_QUIET:
        options->quiet = true;
        break;
    case OPT_JOBS:
        return bp_jobs_parse(value, &options->ladder.threads, error);
    case OPT_SUBJECT:
        options->subject = value;
        break;
    case OPT_NETWORK:
        options->network = value;
        break;
    case OPT_PLANT:
        expected = "no more faults";
        ok = options->n_plant < PLANTS_MOST;
        if (ok)
            options->plant[options->n_plant++] = value;
        break;
    case OPT_RATE:
        ok = number(value, 1e6, false, &options->ladder.rate);
        break;
    case OPT_SEED:
        expected = "a whole number above 0";
        ok = number(value, 0x1p53, true, &x);
        options->ladder.seed = (uint64_t)x;
        break;
    case OPT_STARTS:
        expected = "a whole number from 1 to 1000";
        ok = number(value, 1000.0, true, &x);
        options->ladder.starts = (size_t)x;
        break;
    case OPT_TIMEOUT:
        ok = number(value, 1e6, false, &options->timeout);
        break;
    default:
        ok = false;
    }
    if (!ok)
        bp_error_set(error, BP_EINPUT, "--%s '%.40s': expected %s", bp_option_name(LONG, option),
                     value, expected);
    return ok;
}

static enum bp_status climb_program(struct bp_ladder *ladder, const struct options *options,
                                    struct bp_error *error)
{
    struct bp_pipe pipe;
    struct bp_view view;
    FILE *echo = isatty(STDERR_FILENO) ? stderr : NULL;
    enum bp_status status =
        bp_sharedobject_is(options->subject)
            ? bp_sharedobject_open(&pipe, options->subject, options->timeout, echo, error)
            : bp_pipe_open(&pipe, options->subject, options->timeout, echo, error);
    if (status != BP_OK)
        return status;
    status = bp_view_open(&view, &pipe.subject, error);
    if (status == BP_OK) {
        struct bp_ladder_options how = options->ladder;
        how.slow = true; /* every call goes through a pipe */
        struct bp_calls calls;
        bp_calls_begin(&calls, "ladder", options->quiet, &pipe);
        status = bp_ladder_view(ladder, &view, &how, error);
        bp_calls_clear(&calls);
        bp_view_close(&view);
    }
    bp_pipe_close(&pipe);
    return status;
}

static enum bp_status climb_network(struct bp_ladder *ladder, const struct options *options,
                                    struct bp_error *error)
{
    struct bp_spec spec = {0};
    enum bp_status status = BP_OK;
    if (options->network != NULL)
        status = bp_spec_parse(&spec, options->network, error);
    if (status == BP_OK)
        status = bp_ladder_core(ladder, options->network == NULL ? NULL : &spec, options->plant,
                                options->n_plant, &options->ladder, error);
    bp_spec_release(&spec);
    return status;
}

static enum bp_status print(const struct bp_ladder *ladder, const struct options *options)
{
    if (options->quiet)
        return BP_OK;
    if (strcmp(options->format, "json") == 0)
        return bp_report_json_write(stdout, bp_ladder_json(ladder));
    if (strcmp(options->format, "tsv") == 0)
        bp_ladder_tsv(stdout, ladder);
    else
        bp_ladder_text(stdout, ladder, bp_report_colour(stdout));
    return BP_OK;
}

static int run(int argc, char **argv)
{
    struct options options = {.format = "text"};
    struct bp_ladder ladder = {0};
    struct bp_error error = {""};
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "", LONG, NULL)) != -1) {
        if (option == '?') {
            bp_option_unread(argv, &error);
            return bp_command_misused(&bp_command_ladder, "%s", error.text);
        }
        if (!take(&options, option, optarg, &error))
            return bp_command_failed(&error);
    }
    if (optind < argc)
        return bp_command_misused(&bp_command_ladder, "'%.60s': expected an option", argv[optind]);
    if (options.subject != NULL && (options.network != NULL || options.n_plant > 0))
        return bp_command_misused(&bp_command_ladder,
                                  "--network and --plant are for the built-in network");
    enum bp_status status = options.subject != NULL ? climb_program(&ladder, &options, &error)
                                                    : climb_network(&ladder, &options, &error);
    if (status == BP_OK)
        status = print(&ladder, &options);
    const int answer = ladder.broke == 0 ? BP_EXIT_HEALTHY : BP_EXIT_FINDINGS;
    bp_ladder_release(&ladder);
    if (status != BP_OK) {
        if (error.text[0] == '\0')
            bp_error_set(&error, status, "ladder: %s", bp_status_text(status));
        return bp_command_failed(&error);
    }
    return answer;
}

const struct bp_command bp_command_ladder = {
    .name = "ladder",
    .usage = "[--subject 'PROGRAM' | --subject ./MINE.so]\n"
             "       [--timeout S] [--network 'WIDTHS ACTIVATION LOSS'] [--plant FAULT] ...\n"
             "       [--rate R] [--starts N] [--seed N] [--jobs N]\n"
             "       [--format text|json|tsv] [--quiet]",
    .about = "five rungs, from AND up; stops at the first that breaks",
    .options = "  --subject S     a program, or a shared object (.so); else the built-in network\n"
               "  --timeout S     seconds that a call may take (10)\n"
               "  --network TEXT  such as '2-2-1 sigmoid squared-error'\n"
               "  --plant FAULT   put NAME:LAYER:NEURON into it (see backprobe faults)\n"
               "  --rate R        of the trainings; --starts N: how many; --seed N: of the first\n"
               "  --jobs N        threads for numeric derivatives (1); the same bits\n"
               "  --format F      text, json or tsv; --quiet: the exit status alone says it\n",
    .run = run,
};
