/* run.c -- backprobe run SCENARIO ...: train, watch, diagnose; a report each, and a
 * table for more than one. */
#include "commands/command.h"
#include "commands/origin.h"

#include "diag/gradreport.h"
#include "diag/report.h"
#include "plots/dossier.h"
#include "plots/live.h"
#include "diag/public.h"
#include "scenarios/runner.h"
#include "scenarios/scenario_report.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
    const char *out;
    bool plots, all, quiet, live;
    const char *term;
    const char *plant[16];
    size_t n_plant;
    const char *format;
    int jobs;
};

enum {
    OPT_OUT = 256,
    OPT_PLOTS,
    OPT_ALL,
    OPT_QUIET,
    OPT_PLANT,
    OPT_LIVE,
    OPT_TERM,
    OPT_FORMAT,
    OPT_JOBS
};

static const struct option LONG[] = {
    {"out", required_argument, NULL, OPT_OUT},     {"plots", no_argument, NULL, OPT_PLOTS},
    {"all", no_argument, NULL, OPT_ALL},           {"quiet", no_argument, NULL, OPT_QUIET},
    {"plant", required_argument, NULL, OPT_PLANT}, {"live", no_argument, NULL, OPT_LIVE},
    {"term", required_argument, NULL, OPT_TERM},   {"format", required_argument, NULL, OPT_FORMAT},
    {"jobs", required_argument, NULL, OPT_JOBS},   {NULL, 0, NULL, 0}};

/* ---- while it runs -------------------------------------------------------------------- */

/* Who looks on: a line of progress, or a figure. One window for all runs. */
struct onlooker {
    FILE *terminal; /* stderr, if it is a terminal; else NULL */
    bool line;      /* of progress, is there */
    bool figure;
    struct bp_live live;
};

static void clear_line(struct onlooker *onlooker)
{
    if (onlooker->line)
        fputs("\r\033[K", onlooker->terminal);
    onlooker->line = false;
}

static void show_line(struct onlooker *onlooker, const struct bp_runner_view *view)
{
    const struct bp_course *course = &view->record->course;
    const double rate = (double)view->epoch / (view->seconds > 0.0 ? view->seconds : 1e-9);
    const double left = (double)(view->epochs - view->epoch) / rate;
    if (view->seconds < 1.0)
        return;
    bp_command_progress(onlooker->terminal,
                        "%s: epoch %zu of %zu, loss %.4g, %.*f epochs/s, %.0f s left",
                        view->record->name, view->epoch, view->epochs,
                        course->n_losses > 0 ? course->losses[course->n_losses - 1] : 0.0,
                        rate < 9.95 ? 1 : 0, rate, left);
    onlooker->line = true;
}

static void look(void *self, const struct bp_runner_view *view)
{
    struct onlooker *onlooker = self;
    const struct bp_record *record = view->record;
    struct bp_error note = {""};
    const bool letters = onlooker->figure && onlooker->live.terminal != NULL;
    if (onlooker->figure &&
        bp_live_course(&onlooker->live, record->title, &record->course,
                       (double)record->steps / (double)record->epochs, view->epochs,
                       view->epoch == view->epochs, &note) != BP_OK) {
        clear_line(onlooker);
        fprintf(stderr, "backprobe: note: %s\n", note.text);
    }
    if (onlooker->terminal != NULL && !letters)
        show_line(onlooker, view);
}

/* What is trained again takes its time too. */
static void show_trial(void *self, const struct bp_runner_view *view)
{
    struct onlooker *onlooker = self;
    if (view->seconds < 1.0)
        return;
    char of[32] = "";
    if (view->epochs > 0)
        snprintf(of, sizeof of, " of %zu", view->epochs);
    bp_command_progress(onlooker->terminal, "%s: again, %s: epoch %zu%s", view->record->name,
                        view->trial, view->epoch, of);
    onlooker->line = true;
}

/* Without a display the figure is letters on the terminal; without either, a note. */
static void begin_look(struct onlooker *onlooker, const struct options *options)
{
    struct bp_error note = {""};
    FILE *terminal = isatty(STDERR_FILENO) ? stderr : NULL;
    *onlooker = (struct onlooker){.terminal = options->quiet ? NULL : terminal};
    if (!options->live)
        return;
    onlooker->figure =
        bp_live_open(&onlooker->live, terminal, options->term != NULL, &note) == BP_OK;
    if (!onlooker->figure)
        fprintf(stderr, "backprobe: note: %s\n", note.text);
}

/* ---- files ------------------------------------------------------------------------------ */

/* One file of a record, whole or not there. */
static enum bp_status write_file(const char *folder, const char *file,
                                 const struct bp_record *record,
                                 enum bp_status (*write)(FILE *, const struct bp_record *),
                                 struct bp_error *error)
{
    char path[BP_PATH_MAX];
    struct bp_output output;
    enum bp_status status = bp_command_join(path, folder, file, error);
    if (status == BP_OK)
        status = bp_output_open(&output, path, error);
    if (status != BP_OK)
        return status;
    status = write(output.file, record);
    if (status != BP_OK) {
        bp_output_drop(&output);
        return bp_error_set(error, status, "%s: %s", path, bp_status_text(status));
    }
    return bp_output_keep(&output, error);
}

static enum bp_status write_text(FILE *out, const struct bp_record *record)
{
    const struct bp_scenario_style style = {.all = false, .colour = false};
    return bp_scenario_report(out, record, &style);
}

static enum bp_status write_losses(FILE *out, const struct bp_record *record)
{
    bp_scenario_losses(out, record);
    return BP_OK;
}

static enum bp_status write_findings(FILE *out, const struct bp_record *record)
{
    bp_report_tsv(out, &record->findings);
    return BP_OK;
}

static enum bp_status write_gradients(const char *folder, const char *name,
                                      const struct bp_gradcheck *check, struct bp_error *error)
{
    char tsv[BP_PATH_MAX], json[BP_PATH_MAX], file[40];
    snprintf(file, sizeof file, "%s.tsv", name);
    enum bp_status status = bp_command_join(tsv, folder, file, error);
    snprintf(file, sizeof file, "%s.json", name);
    if (status == BP_OK)
        status = bp_command_join(json, folder, file, error);
    if (status != BP_OK)
        return status;
    return bp_gradreport_save(check, tsv, json, error);
}

static enum bp_status write_checks(const char *folder, const struct bp_record *record,
                                   struct bp_error *error)
{
    const enum bp_status status =
        record->checked ? write_gradients(folder, "gradients", &record->check, error) : BP_OK;
    if (status != BP_OK || !record->checked_end)
        return status;
    return write_gradients(folder, "gradients-end", &record->check_end, error);
}

/* Where the run came from, for "backprobe plot FOLDER": the scenario's file, then
 * what was planted beside it, a line each. */
static enum bp_status write_origin(const char *folder, const char *path,
                                   const struct options *options, struct bp_error *error)
{
    char file[BP_PATH_MAX], *whole = realpath(path, NULL);
    struct bp_output output;
    enum bp_status status = bp_command_join(file, folder, BP_RUN_ORIGIN, error);
    if (status == BP_OK)
        status = bp_output_open(&output, file, error);
    if (status == BP_OK) {
        fprintf(output.file, "%s\n", whole == NULL ? path : whole);
        for (size_t k = 0; k < options->n_plant; k++)
            fprintf(output.file, "%s\n", options->plant[k]);
        status = bp_output_keep(&output, error);
    }
    free(whole);
    return status;
}

static enum bp_status write_all(const char *folder, const struct bp_record *record,
                                struct bp_error *error)
{
    static const struct {
        const char *file;
        enum bp_status (*write)(FILE *, const struct bp_record *);
    } FILES[] = {{"report.txt", write_text},
                 {"report.json", bp_scenario_json},
                 {"findings.tsv", write_findings},
                 {"losses.tsv", write_losses}};
    for (size_t k = 0; k < sizeof FILES / sizeof FILES[0]; k++) {
        const enum bp_status status =
            write_file(folder, FILES[k].file, record, FILES[k].write, error);
        if (status != BP_OK)
            return status;
    }
    return write_checks(folder, record, error);
}

/* ---- one scenario -------------------------------------------------------------------------- */

static int verdict(const struct bp_record *record)
{
    if (record->expects)
        return record->as_expected ? BP_EXIT_HEALTHY : BP_EXIT_FINDINGS;
    return bp_findings_count(&record->findings) == 0 ? BP_EXIT_HEALTHY : BP_EXIT_FINDINGS;
}

static enum bp_status print(const struct bp_record *record, const struct options *options)
{
    const struct bp_scenario_style style = {.all = options->all,
                                            .colour = bp_report_colour(stdout)};
    if (options->quiet)
        return BP_OK;
    if (strcmp(options->format, "json") == 0)
        return bp_scenario_json(stdout, record);
    if (strcmp(options->format, "tsv") == 0)
        return write_findings(stdout, record);
    return bp_scenario_report(stdout, record, &style);
}

/* Figures, the run's page, and its line for the index. */
static enum bp_status draw(struct bp_dossier *dossier, const struct bp_record *record,
                           const char *folder, const char *out, struct bp_error *error)
{
    struct bp_error note = {""};
    struct bp_gallery gallery;
    char *report = NULL;
    size_t size = 0;
    FILE *text = open_memstream(&report, &size);
    enum bp_status status =
        bp_gallery_draw(&gallery, record, BP_GNUPLOT_SVG | BP_GNUPLOT_PNG, &note);
    if (status == BP_OK)
        status = text == NULL ? BP_ENOMEM : write_text(text, record);
    if (text != NULL)
        fclose(text);
    if (status == BP_OK)
        status = bp_gallery_save(&gallery, folder, error);
    if (status == BP_OK)
        status = bp_dossier_add(dossier, record, &gallery, note.text, report, out, error);
    bp_gallery_release(&gallery);
    free(report);
    if (note.text[0] != '\0')
        fprintf(stderr, "backprobe: note: %s\n", note.text);
    return status;
}

static enum bp_status keep(const struct bp_record *record, const char *path,
                           const struct options *options, struct bp_dossier *dossier,
                           struct bp_error *error)
{
    char folder[BP_PATH_MAX];
    enum bp_status status = bp_command_join(folder, options->out, record->name, error);
    if (status == BP_OK)
        status = write_all(folder, record, error);
    if (status == BP_OK)
        status = write_origin(folder, path, options, error);
    if (status == BP_OK && options->plots)
        status = draw(dossier, record, folder, options->out, error);
    return status;
}

/* Before the run: its trace is written while it goes on. */
static enum bp_status make_folder(const char *out, const char *name, struct bp_error *error)
{
    char folder[BP_PATH_MAX];
    const enum bp_status status = bp_command_join(folder, out, name, error);
    return status == BP_OK ? bp_command_folder(folder, error) : status;
}

static int run_file(const char *path, const struct options *options, struct onlooker *onlooker,
                    struct bp_record *record, struct bp_dossier *dossier)
{
    struct bp_scenario scenario;
    struct bp_error error = {""};
    *record = (struct bp_record){0};
    enum bp_status status = bp_scenario_read(&scenario, path, &error);
    if (status != BP_OK) {
        bp_dossier_fail(dossier, path, error.text);
        return bp_command_failed(&error);
    }
    if (options->n_plant > 0) /* what it then shows is not what the file expects */
        scenario.expects = false;
    const bool looks = onlooker->terminal != NULL || onlooker->figure;
    const struct bp_runner_options runner = {.folder = options->out,
                                             .seconds_between = 0.2,
                                             .watch = looks ? look : NULL,
                                             .trial =
                                                 onlooker->terminal != NULL ? show_trial : NULL,
                                             .self = onlooker,
                                             .plant = options->plant,
                                             .n_plant = options->n_plant,
                                             .threads = options->jobs};
    status = make_folder(options->out, scenario.name, &error);
    if (status == BP_OK)
        status = bp_runner_run(record, &scenario, &runner, &error);
    clear_line(onlooker);
    bp_live_next(&onlooker->live);
    bp_scenario_release(&scenario);
    if (status == BP_OK)
        status = print(record, options);
    if (status == BP_OK)
        status = keep(record, path, options, dossier, &error);
    if (status != BP_OK) {
        if (error.text[0] == '\0')
            bp_error_set(&error, status, "%s: %s", path, bp_status_text(status));
        bp_dossier_fail(dossier, path, error.text);
        return bp_command_failed(&error);
    }
    return verdict(record);
}

/* ---- the command ----------------------------------------------------------------------------- */

static bool parse(struct options *options, int argc, char **argv, int *first,
                  struct bp_error *error)
{
    int c;
    *options = (struct options){.out = "out", .format = "text"};
    optind = 1;
    while ((c = getopt_long(argc, argv, "", LONG, NULL)) != -1)
        switch (c) {
        case OPT_OUT:
            options->out = optarg;
            break;
        case OPT_PLOTS:
            options->plots = true;
            break;
        case OPT_ALL:
            options->all = true;
            break;
        case OPT_QUIET:
            options->quiet = true;
            break;
        case OPT_LIVE:
            options->live = true;
            break;
        case OPT_TERM:
            options->term = optarg;
            if (!bp_command_term(optarg, error))
                return false;
            break;
        case OPT_FORMAT:
            options->format = optarg;
            if (!bp_format_known(optarg, error))
                return false;
            break;
        case OPT_JOBS:
            if (!bp_jobs_parse(optarg, &options->jobs, error))
                return false;
            break;
        case OPT_PLANT:
            if (options->n_plant == sizeof options->plant / sizeof options->plant[0]) {
                bp_error_set(error, BP_EINPUT, "--plant: expected no more than %zu",
                             options->n_plant);
                return false;
            }
            options->plant[options->n_plant++] = optarg;
            break;
        default:
            bp_option_unread(argv, error);
            return false;
        }
    *first = optind;
    return true;
}

/* The rows of the table, kept until all reports are printed. */
static int run_all(int n, char **paths, const struct options *options)
{
    int worst = BP_EXIT_HEALTHY;
    char *table = NULL;
    size_t size = 0;
    FILE *rows = open_memstream(&table, &size);
    struct bp_dossier dossier = {0};
    struct onlooker onlooker;
    if (rows == NULL)
        return bp_command_failed(&(struct bp_error){"out of memory"});
    begin_look(&onlooker, options);
    for (int k = 0; k < n; k++) {
        struct bp_record record;
        const int status = run_file(paths[k], options, &onlooker, &record, &dossier);
        worst = status > worst ? status : worst;
        if (status == BP_EXIT_FAILED)
            fprintf(rows, "%-20.60s could not run\n", paths[k]);
        else
            bp_scenario_table_row(rows, &record, bp_report_colour(stdout));
        if (k + 1 < n && !options->quiet && strcmp(options->format, "text") == 0)
            putchar('\n');
        bp_record_release(&record);
    }
    struct bp_error error = {""};
    if (bp_live_close(&onlooker.live, &error) != BP_OK)
        fprintf(stderr, "backprobe: note: %s\n", error.text);
    fclose(rows);
    if (n > 1 && strcmp(options->format, "text") == 0) {
        putchar('\n');
        bp_scenario_table_head(stdout);
        fputs(table, stdout);
    }
    free(table);
    if (options->plots && bp_dossier_close(&dossier, options->out, &error) != BP_OK)
        worst = bp_command_failed(&error);
    bp_dossier_release(&dossier);
    return worst;
}

static int run(int argc, char **argv)
{
    struct options options;
    struct bp_error error = {""};
    int first;
    if (!parse(&options, argc, argv, &first, &error))
        return bp_command_misused(&bp_command_run, "%s", error.text);
    if (first == argc)
        return bp_command_misused(&bp_command_run, "expected a scenario file");
    return run_all(argc - first, argv + first, &options);
}

const struct bp_command bp_command_run = {
    .name = "run",
    .usage = "[--out DIR] [--plots] [--live [--term dumb]]\n"
             "       [--plant FAULT] ... [--all] [--format text|json|tsv] [--quiet]\n"
             "       [--jobs N] SCENARIO.conf ...",
    .about = "train a scenario, watch it, name what is wrong",
    .options = "  --out DIR      where each scenario gets a folder (out)\n"
               "  --plots        also draw every figure, as SVG and PNG, and make the pages\n"
               "  --live         show loss and accuracy while it trains; --term dumb: as letters\n"
               "  --plant FAULT  put NAME:LAYER:NEURON into the backprop (see backprobe faults)\n"
               "  --all          list every entry of the gradient check\n"
               "  --jobs N       threads for numeric derivatives (1); the same bits with any\n"
               "  --format F     text, json or tsv\n"
               "  --quiet        of several scenarios the table only, of one nothing\n",
    .run = run,
};
