/* plot.c -- backprobe plot FOLDER ...: the figures of a run again. The run itself is
 * made again too, from the scenario that the folder names: the same bits. Those of a trace
 * are in plot_trace.c. */
#include "commands/command.h"

#include "diag/public.h"
#include "commands/origin.h"
#include "commands/plot_trace.h"

#include "plots/gallery.h"

#include <getopt.h>
#include <string.h>

enum { OPT_FIGURE = 256, OPT_WINDOW, OPT_TERM };

struct options {
    const char *figure; /* this one alone; NULL: all, or loss where one is shown */
    bool window, letters;
};

static const struct option LONG[] = {{"figure", required_argument, NULL, OPT_FIGURE},
                                     {"window", no_argument, NULL, OPT_WINDOW},
                                     {"term", required_argument, NULL, OPT_TERM},
                                     {NULL, 0, NULL, 0}};

/* Files beside the run's own, or in out/NAME for a scenario's file. */
static enum bp_status draw_files(const struct bp_record *record, const char *path,
                                 const struct bp_origin *origin, const char *figure,
                                 struct bp_error *error)
{
    char folder[BP_PATH_MAX];
    struct bp_gallery gallery;
    struct bp_error note = {""};
    enum bp_status status = bp_command_join(folder, "out", record->name, error);
    if (status == BP_OK && origin->text != NULL)
        snprintf(folder, sizeof folder, "%s", path);
    for (size_t n = strlen(folder); n > 1 && folder[n - 1] == '/'; n--)
        folder[n - 1] = '\0';
    if (status == BP_OK)
        status = bp_command_folder(folder, error);
    if (status != BP_OK)
        return status;
    status = bp_gallery_draw(&gallery, record, BP_GNUPLOT_SVG | BP_GNUPLOT_PNG, &note);
    if (status == BP_OK && figure != NULL && gallery.n > 0)
        status = bp_gallery_keep(&gallery, figure, error);
    if (status == BP_OK)
        status = bp_gallery_save(&gallery, folder, error);
    if (status == BP_OK)
        printf("%s: %zu figure%s in %s\n", record->name, gallery.n, gallery.n == 1 ? "" : "s",
               folder);
    if (note.text[0] != '\0')
        fprintf(stderr, "backprobe: note: %s\n", note.text);
    bp_gallery_release(&gallery);
    return status;
}

static enum bp_status show(const struct bp_record *record, const char *path,
                           const struct bp_origin *origin, const struct options *options,
                           struct bp_error *error)
{
    const char *figure = options->figure == NULL ? "loss" : options->figure;
    enum bp_status status = BP_OK;
    if (options->window)
        status = bp_gallery_show(record, figure, error);
    else if (options->letters)
        status = bp_gallery_print(record, figure, stdout, error);
    else
        return draw_files(record, path, origin, options->figure, error);
    if (status != BP_EUNSUPPORTED)
        return status;
    fprintf(stderr, "backprobe: note: %s\n", error->text); /* no gnuplot, or no window */
    return BP_OK;
}

static int plot_one(const char *path, const struct options *options)
{
    struct bp_origin origin;
    struct bp_record record = {0};
    struct bp_error error = {""};
    enum bp_status status = bp_origin_find(&origin, path, &error);
    if (status == BP_OK)
        status = bp_origin_run(&origin, NULL, &record, &error);
    if (status == BP_OK)
        status = show(&record, path, &origin, options, &error);
    bp_record_release(&record);
    bp_origin_release(&origin);
    if (status == BP_OK)
        return BP_EXIT_HEALTHY;
    if (error.text[0] == '\0')
        bp_error_set(&error, status, "%s: %s", path, bp_status_text(status));
    return bp_command_failed(&error);
}

static int plot_trace(const char *path, const struct options *options)
{
    struct bp_error error = {""};
    const enum bp_plot_to to = options->window    ? BP_PLOT_WINDOW
                               : options->letters ? BP_PLOT_LETTERS
                                                  : BP_PLOT_FILES;
    const enum bp_status status = bp_plot_trace(path, options->figure, to, &error);
    if (status != BP_OK && status != BP_EUNSUPPORTED)
        return bp_command_failed(&error);
    if (status == BP_EUNSUPPORTED)
        fprintf(stderr, "backprobe: note: %s\n", error.text);
    return BP_EXIT_HEALTHY;
}

static bool parse(struct options *options, int argc, char **argv, struct bp_error *error)
{
    int c;
    *options = (struct options){0};
    optind = 1;
    while ((c = getopt_long(argc, argv, "", LONG, NULL)) != -1)
        switch (c) {
        case OPT_FIGURE:
            options->figure = optarg;
            break;
        case OPT_WINDOW:
            options->window = true;
            break;
        case OPT_TERM:
            options->letters = true;
            if (!bp_command_term(optarg, error))
                return false;
            break;
        default:
            bp_option_unread(argv, error);
            return false;
        }
    return true;
}

static int plot(int argc, char **argv)
{
    struct options options;
    struct bp_error error = {""};
    int worst = BP_EXIT_HEALTHY;
    if (!parse(&options, argc, argv, &error))
        return bp_command_misused(&bp_command_plot, "%s", error.text);
    if (optind == argc)
        return bp_command_misused(&bp_command_plot, "expected the folder of a run");
    if (options.figure != NULL && bp_gallery_known(options.figure, &error) != BP_OK)
        return bp_command_failed(&error);
    for (int k = optind; k < argc; k++) {
        const int status =
            bp_plot_is_trace(argv[k]) ? plot_trace(argv[k], &options) : plot_one(argv[k], &options);
        worst = status > worst ? status : worst;
    }
    return worst;
}

const struct bp_command bp_command_plot = {
    .name = "plot",
    .usage = "[--figure NAME] [--window | --term dumb]\n       FOLDER|SCENARIO|TRACE.tsv ...",
    .about = "the figures of a run again: files, a window, or letters",
    .options = "  --figure NAME  this one alone: loss, delta, gradients, slope, weights,\n"
               "                 surface, images or rate; a trace has loss and delta\n"
               "  --window       show it (loss); --term dumb: print it as letters\n",
    .run = plot};
