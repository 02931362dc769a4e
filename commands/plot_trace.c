/* plot_trace.c -- see plot_trace.h. */
#include "commands/plot_trace.h"

#include "core/input.h"
#include "plots/gnuplot.h"
#include "plots/tracefigure.h"

#include <stdio.h>
#include <string.h>

static const char *const FIGURE[] = {"loss", "delta"};
static const char *const SHOWS[] = {"loss over the steps", "mean |delta| of every neuron"};
enum { FIGURES = 2 };

/* The length of the name without its end; 0 when it is none of a trace. */
static size_t stem(const char *path)
{
    static const char *const END[] = {".tsv", ".tsv.part"};
    const size_t n = strlen(path);
    for (size_t k = 0; k < sizeof END / sizeof END[0]; k++)
        if (n > strlen(END[k]) && strcmp(path + n - strlen(END[k]), END[k]) == 0)
            return n - strlen(END[k]);
    return 0;
}

bool bp_plot_is_trace(const char *path)
{
    return stem(path) > 0;
}

/* "net: loss over the steps" */
static bool draw(const struct bp_tracefigure *trace, size_t k, const char *path,
                 struct bp_script *script)
{
    char title[120];
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    snprintf(title, sizeof title, "%.*s: %s", (int)(stem(name) < 40 ? stem(name) : 40), name,
             SHOWS[k]);
    return bp_tracefigure_draw(trace, FIGURE[k], title, script);
}

static enum bp_status save(const struct bp_script *script, size_t k, const char *path,
                           struct bp_error *error)
{
    struct bp_gnuplot_picture picture = {0};
    char base[BP_PATH_MAX];
    const int n = snprintf(base, sizeof base, "%.*s-%s", (int)stem(path), path, FIGURE[k]);
    if (n < 0 || (size_t)n >= sizeof base)
        return bp_error_set(error, BP_EFILE, "%.200s...: the path is too long", path);
    enum bp_status status = bp_gnuplot_draw(&picture, script, BP_GNUPLOT_SVG | BP_GNUPLOT_PNG,
                                            FIGURE[k], BP_GNUPLOT_LIMIT_MS, error);
    if (status == BP_OK)
        status = bp_gnuplot_save(&picture, base, error);
    if (status == BP_OK)
        printf("%s: %s.svg and .png\n", path, base);
    bp_gnuplot_picture_release(&picture);
    return status;
}

static enum bp_status put(const struct bp_script *script, size_t k, const char *path,
                          enum bp_plot_to to, struct bp_error *error)
{
    char window[BP_GNUPLOT_NAME_MAX];
    if (to == BP_PLOT_FILES)
        return save(script, k, path, error);
    if (to == BP_PLOT_LETTERS)
        return bp_gnuplot_print(script, stdout, BP_GNUPLOT_LIMIT_MS, error);
    const enum bp_status status = bp_gnuplot_window(window, BP_GNUPLOT_LIMIT_MS, error);
    return status != BP_OK ? status : bp_gnuplot_show(script, window, BP_GNUPLOT_LIMIT_MS, error);
}

static enum bp_status plot_one(const struct bp_tracefigure *trace, size_t k, const char *path,
                               enum bp_plot_to to, struct bp_error *error)
{
    struct bp_script script;
    enum bp_status status = BP_OK;
    bp_script_init(&script, to == BP_PLOT_LETTERS);
    if (to == BP_PLOT_LETTERS)
        status = bp_gnuplot_fit(&script, stdout, 1, error);
    if (status == BP_OK && !draw(trace, k, path, &script))
        status = bp_error_set(error, BP_ENOMEM, "%s: out of memory", path);
    if (status == BP_OK)
        status = put(&script, k, path, to, error);
    bp_script_release(&script);
    return status;
}

/* Those that are asked for and there; BP_EINPUT when there are none. */
static enum bp_status plot_some(const struct bp_tracefigure *trace, const char *path,
                                const char *figure, enum bp_plot_to to, struct bp_error *error)
{
    enum bp_status status = BP_OK;
    size_t done = 0;
    for (size_t k = 0; k < FIGURES && status == BP_OK; k++) {
        const bool asked = figure == NULL || strcmp(figure, FIGURE[k]) == 0;
        const bool enough = to != BP_PLOT_FILES && done > 0;
        if (!asked || enough || !bp_tracefigure_has(trace, FIGURE[k]))
            continue;
        status = plot_one(trace, k, path, to, error);
        done++;
    }
    if (done > 0)
        return status;
    return bp_error_set(error, BP_EINPUT, "%s: no rows of %s to plot", path,
                        figure == NULL ? "loss or delta" : figure);
}

enum bp_status bp_plot_trace(const char *path, const char *figure, enum bp_plot_to to,
                             struct bp_error *error)
{
    struct bp_tracefigure trace;
    if (figure != NULL && strcmp(figure, "loss") != 0 && strcmp(figure, "delta") != 0)
        return bp_error_set(error, BP_EINPUT, "figure '%.40s': a trace has loss and delta", figure);
    enum bp_status status = bp_tracefigure_read(&trace, path, error);
    if (status == BP_OK)
        status = plot_some(&trace, path, figure, to, error);
    bp_tracefigure_release(&trace);
    return status;
}
