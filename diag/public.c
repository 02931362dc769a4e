/* public.c -- backprobe_main(): a subject of somebody's own program, checked as the
 * command line says. The command "backprobe check" ends here too. */
#include "diag/public.h"

#include "diag/gradreport.h"
#include "diag/report.h"
#include "diag/serve.h"
#include "diag/shard.h"

#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    OPT_ALL = 256,
    OPT_QUIET,
    OPT_FORMAT,
    OPT_METHOD,
    OPT_RATE,
    OPT_SEED,
    OPT_OWN_LOSS,
    OPT_SHARD,
    OPT_PART,
    OPT_LOCATE,
    OPT_TRACE,
    OPT_STEPS,
    OPT_JOBS
};

static const struct option LONG[] = {{"all", no_argument, NULL, OPT_ALL},
                                     {"quiet", no_argument, NULL, OPT_QUIET},
                                     {"format", required_argument, NULL, OPT_FORMAT},
                                     {"method", required_argument, NULL, OPT_METHOD},
                                     {"rate", required_argument, NULL, OPT_RATE},
                                     {"seed", required_argument, NULL, OPT_SEED},
                                     {"own-loss", no_argument, NULL, OPT_OWN_LOSS},
                                     {"locate", no_argument, NULL, OPT_LOCATE},
                                     {"shard", required_argument, NULL, OPT_SHARD},
                                     {"trace", required_argument, NULL, OPT_TRACE},
                                     {"steps", required_argument, NULL, OPT_STEPS},
                                     {"jobs", required_argument, NULL, OPT_JOBS},
                                     {"out", required_argument, NULL, OPT_PART},
                                     {NULL, 0, NULL, 0}};

/* ---- options -------------------------------------------------------------------------- */

static bool parse_positive(const char *text, double *value)
{
    char *end = NULL;
    *value = strtod(text, &end);
    return end != text && *end == '\0' && isfinite(*value) && *value > 0.0;
}

static bool parse_whole(const char *text, double *value)
{
    return parse_positive(text, value) && *value <= 0x1p53 && floor(*value) == *value;
}

/* The value of --name, or one line. */
static bool take_whole(const char *name, const char *text, double *value, struct bp_error *error)
{
    if (parse_whole(text, value))
        return true;
    bp_error_set(error, BP_EINPUT, "--%s '%.40s': expected a whole number above 0", name, text);
    return false;
}

bool bp_jobs_parse(const char *text, int *jobs, struct bp_error *error)
{
    double number;
    if (!take_whole("jobs", text, &number, error))
        return false;
    *jobs = number < 1e6 ? (int)number : 1000000;
    return true;
}

bool bp_format_known(const char *text, struct bp_error *error)
{
    if (strcmp(text, "text") == 0 || strcmp(text, "json") == 0 || strcmp(text, "tsv") == 0)
        return true;
    bp_error_set(error, BP_EINPUT, "--format '%.40s': expected text, json or tsv", text);
    return false;
}

const char *bp_option_name(const struct option *list, int value)
{
    while (list->name != NULL && list->val != value)
        list++;
    return list->name == NULL ? "" : list->name;
}

/* optopt is set where the option is known and its value is one too few, or one too many. */
void bp_option_unread(char **argv, struct bp_error *error)
{
    const char *word = argv[optind - 1];
    if (optopt > 0 && optopt < 256)
        bp_error_set(error, BP_EINPUT, "'-%c': no such option", optopt);
    else if (optopt == 0)
        bp_error_set(error, BP_EINPUT, "'%.60s': no such option", word);
    else
        bp_error_set(error, BP_EINPUT, "'%.60s': expected %s value", word,
                     strchr(word, '=') != NULL ? "no" : "a");
}

bool bp_check_option(struct bp_check_options *options, int option, const char *value,
                     struct bp_error *error)
{
    double number = 0.0;
    switch (option) {
    case OPT_ALL:
        options->all = true;
        return true;
    case OPT_QUIET:
        options->quiet = true;
        return true;
    case OPT_FORMAT:
        options->format = value;
        return bp_format_known(value, error);
    case OPT_METHOD:
        if (!bp_tier_parse(value, &options->checkup.tier))
            return bp_error_set(error, BP_EINPUT,
                                "--method '%.40s': expected auto, central, richardson, complex, "
                                "structured, delta-form or node",
                                value) == BP_OK;
        return true;
    case OPT_RATE:
        if (!parse_positive(value, &options->checkup.rate))
            return bp_error_set(error, BP_EINPUT, "--rate '%.40s': expected a number above 0",
                                value) == BP_OK;
        return true;
    case OPT_OWN_LOSS:
        options->checkup.own_loss = true;
        return true;
    case OPT_LOCATE:
        options->checkup.locate = true;
        return true;
    case OPT_PART:
        options->part = value;
        return true;
    case OPT_SHARD:
        options->checkup.own_loss = true;
        return bp_shard_parse(value, &options->checkup.shard, &options->checkup.shards, error) ==
               BP_OK;
    case OPT_JOBS:
        return bp_jobs_parse(value, &options->checkup.threads, error);
    case OPT_TRACE:
        options->trace.path = value;
        return true;
    case OPT_STEPS:
        if (!take_whole("steps", value, &number, error))
            return false;
        options->trace.steps = (size_t)number;
        return true;
    case OPT_SEED:
        if (!take_whole("seed", value, &number, error))
            return false;
        options->checkup.seed = (uint64_t)number;
        return true;
    default:
        bp_error_set(error, BP_EINPUT, "no such option");
        return false;
    }
}

const struct option *bp_check_long_options(void)
{
    return LONG;
}

/* ---- what is printed -------------------------------------------------------------------- */

static enum bp_status print_json(const struct bp_checkup *checkup, const char *name)
{
    char headline[300] = "";
    if (checkup->checked)
        bp_gradreport_headline(&checkup->check, headline, sizeof headline);
    json_t *root = json_pack(
        "{s:o, s:s, s:o, s:I, s:o}", "name", bp_report_json_text(name), "gradcheck", headline,
        "locate", checkup->located ? bp_locate_json(&checkup->locate) : json_null(), "calls",
        (json_int_t)checkup->calls, "findings", bp_report_json(&checkup->findings));
    return bp_report_json_write(stdout, root);
}

enum bp_status bp_check_print(const struct bp_checkup *checkup, const char *name,
                              const struct bp_check_options *options)
{
    const struct bp_checkup_style style = {
        .name = name, .all = options->all, .colour = bp_report_colour(stdout)};
    if (options->quiet)
        return BP_OK;
    if (strcmp(options->format, "json") == 0)
        return print_json(checkup, name);
    if (strcmp(options->format, "tsv") == 0) {
        if (options->checkup.locate && checkup->located)
            bp_locate_tsv(stdout, &checkup->locate);
        else
            bp_report_tsv(stdout, &checkup->findings);
        return BP_OK;
    }
    return bp_checkup_text(stdout, checkup, &style);
}

/* ---- the check ------------------------------------------------------------------------ */

static enum bp_status look_at_options(const struct bp_check_options *options,
                                      struct bp_error *error)
{
    if ((options->checkup.shards > 0) != (options->part != NULL))
        return bp_error_set(error, BP_EINPUT,
                            "--shard and --out go together: the part goes to a file");
    if (options->checkup.shards > 0 && options->trace.path != NULL)
        return bp_error_set(error, BP_EINPUT, "--trace does not go with --shard");
    if (options->trace.steps > 0 && options->trace.path == NULL)
        return bp_error_set(error, BP_EINPUT, "--steps is of --trace FILE, which is missing");
    return BP_OK;
}

/* The report, or a shard's part. 0 healthy, 1 findings. */
static enum bp_status tell(const struct bp_checkup *checkup, const struct bp_view *view,
                           const struct bp_check_options *options, struct bp_error *error)
{
    const char *name = view->subject->name == NULL ? "subject" : view->subject->name;
    const enum bp_status status =
        options->checkup.shards > 0
            ? bp_shard_write(options->part, checkup, view, &options->checkup, error)
            : bp_check_print(checkup, name, options);
    if (status != BP_OK && error->text[0] == '\0')
        bp_error_set(error, status, "%s: %s", name, bp_status_text(status));
    return status;
}

/* The trace from where the check looked. Said in a line of the text report. */
static enum bp_status trace_training(struct bp_selftrace *trace, const struct bp_checkup *checkup,
                                     const struct bp_check_options *options, struct bp_error *error)
{
    char text[BP_SELFTRACE_TEXT];
    const struct bp_batch batch = {checkup->n, checkup->x, checkup->t};
    const enum bp_status status = bp_selftrace_run(trace, checkup->theta, &batch, error);
    if (status != BP_OK || options->quiet || strcmp(options->format, "text") != 0)
        return status;
    if (options->before_words != NULL)
        options->before_words(options->watcher);
    bp_selftrace_text(trace, text);
    bp_report_wrap(stdout, 0, "trace       ", text);
    putchar('\n');
    return BP_OK;
}

static enum bp_status check_and_trace(struct bp_view *view, const struct bp_check_options *options,
                                      size_t *findings, struct bp_error *error)
{
    struct bp_checkup checkup;
    struct bp_selftrace trace = {0};
    enum bp_status traced = BP_OK, status = BP_OK;
    struct bp_selftrace_options how = options->trace;
    how.rate = options->checkup.rate;
    how.drawn = view->subject->data == NULL;
    if (how.path != NULL)
        status = bp_selftrace_open(&trace, view, &how, error);
    if (status == BP_OK) {
        status = bp_checkup_run(&checkup, view, &options->checkup, error);
        if (status == BP_OK && how.path != NULL)
            traced = trace_training(&trace, &checkup, options, error);
        if (options->before_words != NULL)
            options->before_words(options->watcher);
        if (status == BP_OK)
            status = tell(&checkup, view, options, error);
        if (status == BP_OK && options->seen != NULL)
            status = options->seen(options->self, &checkup, view, error);
        if (status == BP_OK)
            *findings = bp_findings_count(&checkup.findings);
        bp_checkup_release(&checkup);
    }
    bp_selftrace_close(&trace);
    return status != BP_OK ? status : traced;
}

int bp_check_subject(const struct bp_subject *subject, const struct bp_check_options *options,
                     struct bp_error *error)
{
    struct bp_view view;
    size_t findings = 0;
    enum bp_status status = look_at_options(options, error);
    if (status == BP_OK)
        status = bp_view_open(&view, subject, error);
    if (status != BP_OK)
        return 2;
    status = check_and_trace(&view, options, &findings, error);
    bp_view_close(&view);
    return status != BP_OK ? 2 : findings == 0 ? 0 : 1;
}

/* Another backprobe asks, over a pipe. What the program prints goes to standard error. */
static bool is_asked(void)
{
    const char *asked = getenv("BACKPROBE");
    return asked != NULL && strcmp(asked, "1") == 0;
}

static int serve(const struct bp_subject *subject)
{
    const int in = dup(STDIN_FILENO), out = dup(STDOUT_FILENO);
    if (in < 0 || out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return 2;
    return bp_serve(subject, in, out);
}

static bool asks_for_help(int argc, char **argv)
{
    for (int k = 1; k < argc; k++)
        if (strcmp(argv[k], "--help") == 0)
            return true;
    return false;
}

static int help(const struct bp_subject *subject)
{
    printf("is the gradient of %s right? where not, and why\n\n" BP_CHECK_HELP
           "\nexit status: 0 healthy, 1 findings, 2 could not run\n",
           subject->name == NULL ? "this program" : subject->name);
    return 0;
}

/* false: one line is in error. */
static bool parse(struct bp_check_options *options, int argc, char **argv, struct bp_error *error)
{
    int option;
    optind = 1;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "", LONG, NULL)) != -1) {
        if (option == '?')
            bp_option_unread(argv, error);
        if (option == '?' || !bp_check_option(options, option, optarg, error))
            return false;
    }
    if (optind < argc)
        bp_error_set(error, BP_EINPUT, "'%.60s': expected an option", argv[optind]);
    return optind >= argc;
}

int backprobe_main(const struct bp_subject *subject, int argc, char **argv)
{
    struct bp_check_options options = {.format = "text"};
    struct bp_error error = {""};
    if (is_asked())
        return serve(subject);
    if (asks_for_help(argc, argv))
        return help(subject);
    const int answer =
        parse(&options, argc, argv, &error) ? bp_check_subject(subject, &options, &error) : 2;
    if (answer == 2)
        fprintf(stderr, "backprobe: %s\n", error.text);
    return fflush(stdout) == 0 ? answer : 2;
}
