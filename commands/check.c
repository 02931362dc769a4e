/* check.c -- backprobe check: is the gradient right? where not, and why? Of a program
 * (--subject), of arrays dumped to files (--gradient), or of the built-in network with
 * faults planted. */
#include "commands/attached_page.h"
#include "commands/calls.h"
#include "commands/command.h"

#include "core/init.h"
#include "diag/faults/fault.h"
#include "diag/files.h"
#include "diag/public.h"
#include "diag/sharedobject.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OPT_SUBJECT = 512,
    OPT_TIMEOUT,
    OPT_NETWORK,
    OPT_PLANT,
    OPT_LAYOUT,
    OPT_THETA,
    OPT_GRADIENT,
    OPT_AFTER,
    OPT_DATA,
    OPT_OUTPUTS,
    OPT_NUMERIC,
    OPT_PAGE,
    PLANTS_MOST = 16,
    LONG_MOST = 40
};

struct options {
    struct bp_check_options check;
    const char *subject, *network;
    struct bp_files_options files;
    double timeout;
    const char *plant[PLANTS_MOST];
    size_t n_plant;
    const char *page; /* the folder of the pages; NULL: none */
};

static const struct option OWN[] = {{"subject", required_argument, NULL, OPT_SUBJECT},
                                    {"timeout", required_argument, NULL, OPT_TIMEOUT},
                                    {"network", required_argument, NULL, OPT_NETWORK},
                                    {"plant", required_argument, NULL, OPT_PLANT},
                                    {"layout", required_argument, NULL, OPT_LAYOUT},
                                    {"theta", required_argument, NULL, OPT_THETA},
                                    {"theta-before", required_argument, NULL, OPT_THETA},
                                    {"theta-after", required_argument, NULL, OPT_AFTER},
                                    {"gradient", required_argument, NULL, OPT_GRADIENT},
                                    {"data", required_argument, NULL, OPT_DATA},
                                    {"outputs", required_argument, NULL, OPT_OUTPUTS},
                                    {"numeric", required_argument, NULL, OPT_NUMERIC},
                                    {"page", required_argument, NULL, OPT_PAGE}};

/* ---- its page ------------------------------------------------------------------------------ */

static enum bp_status write_page(void *self, const struct bp_checkup *checkup,
                                 const struct bp_view *view, struct bp_error *error)
{
    const struct options *options = self;
    char path[BP_PATH_MAX];
    const enum bp_status status = bp_attached_page(options->page, checkup, view, path, error);
    if (status == BP_OK && !options->check.quiet && strcmp(options->check.format, "text") == 0)
        printf("page        %s\n", path);
    return status;
}

/* ---- a program -------------------------------------------------------------------------- */

static int check_program(const struct options *options)
{
    struct bp_pipe pipe;
    struct bp_error error = {""};
    FILE *echo = isatty(STDERR_FILENO) ? stderr : NULL;
    const enum bp_status status =
        bp_sharedobject_is(options->subject)
            ? bp_sharedobject_open(&pipe, options->subject, options->timeout, echo, &error)
            : bp_pipe_open(&pipe, options->subject, options->timeout, echo, &error);
    if (status != BP_OK)
        return bp_command_failed(&error);
    struct bp_calls calls;
    struct bp_check_options check = options->check;
    bp_calls_begin(&calls, "check", check.quiet, &pipe);
    check.before_words = bp_calls_clear;
    check.watcher = &calls;
    const int answer = bp_check_subject(&pipe.subject, &check, &error);
    bp_calls_clear(&calls);
    bp_pipe_close(&pipe);
    return answer == BP_EXIT_FAILED ? bp_command_failed(&error) : answer;
}

/* ---- files ------------------------------------------------------------------------------ */

static bool has_files(const struct bp_files_options *files)
{
    return files->theta != NULL || files->gradient != NULL || files->after != NULL ||
           files->data != NULL || files->outputs != NULL || files->layout != NULL ||
           files->numeric != NULL;
}

static int check_files(const struct options *options)
{
    struct bp_files files;
    struct bp_files_options from = options->files;
    struct bp_error error = {""};
    from.network = options->network;
    from.rate = options->check.checkup.rate;
    if (bp_files_open(&files, &from, &error) != BP_OK)
        return bp_command_failed(&error);
    struct bp_check_options check = options->check;
    check.checkup.numeric = files.numeric;
    const int answer = bp_check_subject(&files.subject, &check, &error);
    bp_files_close(&files);
    return answer == BP_EXIT_FAILED ? bp_command_failed(&error) : answer;
}

/* ---- the built-in network ------------------------------------------------------------------ */

static enum bp_status plant(struct bp_mlp *net, const struct options *options,
                            struct bp_hypothesis *h, struct bp_error *error)
{
    const struct bp_setting setting = {.net = net, .n = 7, .rate = options->check.checkup.rate};
    for (size_t k = 0; k < options->n_plant; k++) {
        struct bp_error why;
        if (bp_fault_parse(options->plant[k], &setting, &h[k], &why) != BP_OK)
            return bp_error_set(error, BP_EINPUT, "--plant: %s", why.text);
        if (h[k].fault->plant == NULL)
            return bp_error_set(error, BP_EINPUT,
                                "--plant: %s is not in the stages: plant it in a scenario (run)",
                                h[k].fault->name);
        bp_fault_plant(&h[k], &setting, net->ops);
    }
    return BP_OK;
}

static int check_network(const struct options *options)
{
    const char *text =
        options->network != NULL ? options->network : "4-5-3-2 tanh,sigmoid squared-error";
    struct bp_hypothesis h[PLANTS_MOST];
    struct bp_core_subject core = {0};
    struct bp_mlp net = {0};
    struct bp_spec spec;
    struct bp_error error = {""};
    enum bp_status status = bp_spec_parse(&spec, text, &error);
    if (status != BP_OK)
        return bp_command_failed(&error);
    status = bp_mlp_init(&net, &spec);
    bp_spec_release(&spec);
    int answer = BP_EXIT_FAILED;
    if (status == BP_OK)
        status = plant(&net, options, h, &error);
    if (status == BP_OK)
        status = bp_core_subject_init(&core, &net, 16);
    if (status == BP_OK) {
        core.subject.theta = NULL; /* drawn, not the zeros of a new network */
        answer = bp_check_subject(&core.subject, &options->check, &error);
    }
    bp_core_subject_release(&core);
    bp_mlp_release(&net);
    if (status != BP_OK && error.text[0] == '\0')
        bp_error_set(&error, status, "check: %s", bp_status_text(status));
    return answer == BP_EXIT_FAILED ? bp_command_failed(&error) : answer;
}

/* ---- the command ------------------------------------------------------------------------------
 */

static void all_options(struct option *list)
{
    const struct option *shared = bp_check_long_options();
    size_t n = sizeof OWN / sizeof OWN[0];
    memcpy(list, OWN, sizeof OWN);
    do
        list[n++] = *shared;
    while ((shared++)->name != NULL && n < LONG_MOST);
}

static bool take_file(struct bp_files_options *files, int option, const char *value)
{
    const char **place = option == OPT_LAYOUT     ? &files->layout
                         : option == OPT_THETA    ? &files->theta
                         : option == OPT_GRADIENT ? &files->gradient
                         : option == OPT_AFTER    ? &files->after
                         : option == OPT_DATA     ? &files->data
                         : option == OPT_OUTPUTS  ? &files->outputs
                         : option == OPT_NUMERIC  ? &files->numeric
                                                  : NULL;
    if (place != NULL)
        *place = value;
    return place != NULL;
}

static bool take(struct options *options, int option, const char *value, struct bp_error *error)
{
    char *end = NULL;
    switch (option) {
    case OPT_SUBJECT:
        options->subject = value;
        return true;
    case OPT_NETWORK:
        options->network = value;
        return true;
    case OPT_PAGE:
        options->page = value;
        return true;
    case OPT_TIMEOUT:
        options->timeout = strtod(value, &end);
        if (end != value && *end == '\0' && options->timeout > 0.0 && options->timeout < 1e6)
            return true;
        bp_error_set(error, BP_EINPUT, "--timeout '%.40s': expected seconds above 0", value);
        return false;
    case OPT_PLANT:
        if (options->n_plant < PLANTS_MOST) {
            options->plant[options->n_plant++] = value;
            return true;
        }
        bp_error_set(error, BP_EINPUT, "--plant: at most %d faults", PLANTS_MOST);
        return false;
    default:
        return take_file(&options->files, option, value) ||
               bp_check_option(&options->check, option, value, error);
    }
}

static int run(int argc, char **argv)
{
    struct option list[LONG_MOST];
    struct options options = {.check.format = "text"};
    struct bp_error error = {""};
    int option;
    all_options(list);
    optind = 1;
    while ((option = getopt_long(argc, argv, "", list, NULL)) != -1) {
        if (option == '?') {
            bp_option_unread(argv, &error);
            return bp_command_misused(&bp_command_check, "%s", error.text);
        }
        if (!take(&options, option, optarg, &error))
            return bp_command_failed(&error);
    }
    if (optind < argc)
        return bp_command_misused(&bp_command_check, "'%.60s': expected an option", argv[optind]);
    if (options.subject != NULL && (options.network != NULL || options.n_plant > 0))
        return bp_command_misused(&bp_command_check,
                                  "--network and --plant are for the built-in network");
    if (options.page != NULL && options.check.checkup.shards > 0)
        return bp_command_misused(&bp_command_check, "--page does not go with --shard");
    if (options.page != NULL) {
        options.check.seen = write_page;
        options.check.self = &options;
    }
    if (has_files(&options.files)) {
        if (options.subject != NULL || options.n_plant > 0)
            return bp_command_misused(&bp_command_check,
                                      "--subject and --plant do not go with a check of files");
        return check_files(&options);
    }
    return options.subject != NULL ? check_program(&options) : check_network(&options);
}

const struct bp_command bp_command_check = {
    .name = "check",
    .usage = "[--subject 'PROGRAM' | --subject ./MINE.so] [--timeout S]\n"
             "       [--network 'WIDTHS ACTIVATION LOSS'] [--plant FAULT] ...\n"
             "       [--theta FILES --gradient FILES |\n"
             "        --theta-before FILES --theta-after FILES --rate R] [--data FILE]\n"
             "       [--outputs FILE] [--numeric FILES]\n"
             "       [--layout 'W1 b1 W2 b2']\n"
             "       [--own-loss] [--locate] [--shard K/N --out PART.json]\n"
             "       [--trace FILE.tsv [--steps N]] [--page OUT]\n"
             "       [--method M] [--jobs N] [--rate R] [--seed N]\n"
             "       [--all] [--format text|json|tsv] [--quiet]",
    .about = "is the gradient right? where not, and why",
    .options = "without a subject or files: the built-in network, 4-5-3-2 unless --network says\n\n"
               "  --subject S       a program that answers in JSON, or a shared object (.so)\n"
               "  --timeout S       seconds that a call may take (10)\n"
               "  --network TEXT    such as '3-5-4-2 tanh,sigmoid squared-error'\n"
               "  --plant FAULT     put NAME:LAYER:NEURON into it (see backprobe faults)\n"
               "  --theta FILES     the parameters: .npy or text; one file, or one an array\n"
               "  --gradient FILES  your gradient there\n"
               "  --theta-before, --theta-after  in its place: a step of training, --rate R\n"
               "  --data FILE       the examples: inputs, then targets, one a row\n"
               "  --outputs FILE    what your program predicts for them\n"
               "  --numeric FILES   the gradient that your own check printed\n"
               "  --layout TEXT     what one file for all holds, such as 'W1:in-out b1 W2+b'\n"
               "  --page OUT        a page to read: OUT/NAME/report.html, and OUT/index.html\n"
               "\n" BP_CHECK_HELP,
    .run = run,
};
