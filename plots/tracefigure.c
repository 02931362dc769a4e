/* tracefigure.c -- see tracefigure.h. */
#include "plots/tracefigure.h"

#include "core/mem.h"
#include "diag/trace.h"
#include "plots/figure.h"

#include <math.h>
#include <string.h>

/* What one reading of the file knows. */
struct reading {
    struct bp_tracefigure *figure;
    const char *path;
    struct bp_error *error;
    enum bp_status status;
    enum bp_trace_span span;              /* of the rows of neurons that are shown */
    bool spans[BP_SPANS];                 /* of which there are deltas */
    long first[BP_SPANS], last[BP_SPANS]; /* steps */
    size_t n_losses;
    size_t seen, loss_room; /* of the losses */
    size_t columns;
    size_t start[BP_LAYERS_MAX + 1];   /* of a layer in sum and count */
    double *sum, *count, *time, *rows; /* owned with one block; [columns] the last two */
};

static const struct bp_trace_filter ALL = {.neuron = -1, .sample = -1, .from = -1, .to = -1};

/* ---- how much there is ------------------------------------------------------------------ */

static bool measure_delta(struct reading *reading, const struct bp_trace_row *row)
{
    struct bp_tracefigure *figure = reading->figure;
    if (row->layer > BP_LAYERS_MAX || row->neuron >= BP_TRACEFIGURE_UNITS) {
        reading->status = bp_error_set(reading->error, BP_EINPUT,
                                       "%s: neuron %ld:%ld is more than a figure can show",
                                       reading->path, row->layer, row->neuron);
        return false;
    }
    const size_t layer = (size_t)row->layer, neurons = (size_t)row->neuron + 1;
    figure->layers = layer > figure->layers ? layer : figure->layers;
    figure->width[layer] = neurons > figure->width[layer] ? neurons : figure->width[layer];
    if (!reading->spans[row->span] || row->step < reading->first[row->span])
        reading->first[row->span] = row->step;
    if (!reading->spans[row->span] || row->step > reading->last[row->span])
        reading->last[row->span] = row->step;
    reading->spans[row->span] = true;
    return true;
}

static bool measure(void *self, const struct bp_trace_row *row)
{
    struct reading *reading = self;
    reading->n_losses += row->kind == BP_TRACE_LOSS;
    if (row->kind != BP_TRACE_DELTA || row->span == BP_SPAN_SAMPLE || row->step < 0)
        return true;
    return measure_delta(reading, row);
}

/* ---- the numbers -------------------------------------------------------------------------- */

static size_t column_of(const struct reading *reading, long step)
{
    const double first = (double)reading->first[reading->span];
    const double wide = (double)reading->last[reading->span] - first + 1.0;
    const double column = ((double)step - first) * (double)reading->columns / wide;
    const size_t last = reading->columns - 1;
    return column < (double)last ? (size_t)column : last;
}

static void take_delta(struct reading *reading, const struct bp_trace_row *row)
{
    const size_t column = column_of(reading, row->step), layer = (size_t)row->layer;
    const size_t at =
        reading->start[layer] + column * reading->figure->width[layer] + (size_t)row->neuron;
    reading->sum[at] += row->mean_abs;
    reading->count[at] += 1.0;
    reading->time[column] += (double)row->step;
    reading->rows[column] += 1.0;
}

/* Every k-th loss; its accuracy is the row behind it. */
static void take_loss(struct reading *reading, const struct bp_trace_row *row)
{
    struct bp_tracefigure *figure = reading->figure;
    const size_t every = reading->n_losses / BP_TRACEFIGURE_LOSSES + 1;
    if (row->kind == BP_TRACE_ACCURACY && figure->losses > 0 && (reading->seen - 1) % every == 0) {
        figure->accuracy[figure->losses - 1] = row->mean;
        figure->has_accuracy = true;
    }
    if (row->kind != BP_TRACE_LOSS || reading->seen++ % every != 0 ||
        figure->losses == reading->loss_room)
        return;
    figure->loss_time[figure->losses] = (double)row->step;
    figure->accuracy[figure->losses] = NAN;
    figure->loss[figure->losses++] = row->mean;
}

/* The file may be another one by now: what was not there before is left out. */
static bool was_there(const struct reading *reading, const struct bp_trace_row *row)
{
    const struct bp_tracefigure *figure = reading->figure;
    return row->layer <= (long)figure->layers && row->neuron < (long)figure->width[row->layer] &&
           row->step >= reading->first[reading->span] && row->step <= reading->last[reading->span];
}

static bool take(void *self, const struct bp_trace_row *row)
{
    struct reading *reading = self;
    if (row->kind == BP_TRACE_LOSS || row->kind == BP_TRACE_ACCURACY)
        take_loss(reading, row);
    else if (row->kind == BP_TRACE_DELTA && row->span == reading->span && was_there(reading, row))
        take_delta(reading, row);
    return true;
}

static enum bp_status make_room(struct reading *reading)
{
    struct bp_tracefigure *figure = reading->figure;
    for (size_t l = 1; l <= figure->layers; l++) {
        if (figure->width[l] == 0)
            return bp_error_set(reading->error, BP_EINPUT,
                                "%s: no delta of layer %zu, but of layer %zu", reading->path, l,
                                figure->layers);
        figure->units += figure->width[l];
    }
    if (figure->units > BP_TRACEFIGURE_UNITS)
        return bp_error_set(reading->error, BP_EINPUT,
                            "%s: %zu neurons are more than a figure can show", reading->path,
                            figure->units);
    const long wide = reading->last[reading->span] - reading->first[reading->span];
    reading->columns = figure->units == 0            ? 0
                       : wide < BP_TRACEFIGURE_TIMES ? (size_t)wide + 1
                                                     : BP_TRACEFIGURE_TIMES;
    for (size_t l = 2; l <= figure->layers; l++)
        reading->start[l] = reading->start[l - 1] + reading->columns * figure->width[l - 1];
    const size_t cells = reading->columns * figure->units;
    const size_t losses =
        reading->n_losses < BP_TRACEFIGURE_LOSSES ? reading->n_losses : BP_TRACEFIGURE_LOSSES;
    reading->loss_room = losses;
    reading->sum = bp_mem_new(2 * cells + 2 * reading->columns, sizeof *reading->sum);
    figure->time = bp_mem_new(cells + reading->columns, sizeof *figure->time);
    figure->loss_time = bp_mem_new(3 * losses, sizeof *figure->loss_time);
    if (reading->sum == NULL || figure->time == NULL || figure->loss_time == NULL)
        return BP_ENOMEM;
    reading->count = reading->sum + cells;
    reading->time = reading->count + cells;
    reading->rows = reading->time + reading->columns;
    figure->mean = figure->time + reading->columns;
    figure->loss = figure->loss_time + losses;
    figure->accuracy = figure->loss + losses;
    return BP_OK;
}

/* Sums become means; columns without a row go. */
static void close_columns(struct reading *reading)
{
    struct bp_tracefigure *figure = reading->figure;
    double *to = figure->mean;
    for (size_t c = 0; c < reading->columns; c++)
        if (reading->rows[c] > 0.0)
            figure->time[figure->times++] = reading->time[c] / reading->rows[c];
    for (size_t l = 1; l <= figure->layers; l++)
        for (size_t c = 0; c < reading->columns; c++)
            for (size_t i = 0; i < figure->width[l] && reading->rows[c] > 0.0; i++) {
                const size_t at = reading->start[l] + c * figure->width[l] + i;
                *to++ = reading->sum[at] / reading->count[at];
            }
}

static enum bp_status read_both(struct reading *reading, const char *path)
{
    enum bp_status status = bp_trace_read(path, &ALL, reading, measure, reading->error);
    if (status == BP_OK)
        status = reading->status;
    if (status != BP_OK)
        return status;
    reading->span = reading->spans[BP_SPAN_STEP] ? BP_SPAN_STEP : BP_SPAN_EPOCH;
    status = make_room(reading);
    if (status == BP_OK)
        status = bp_trace_read(path, &ALL, reading, take, reading->error);
    if (status == BP_OK)
        close_columns(reading);
    return status;
}

enum bp_status bp_tracefigure_read(struct bp_tracefigure *figure, const char *path,
                                   struct bp_error *error)
{
    *figure = (struct bp_tracefigure){0};
    struct reading *reading = bp_mem_new(1, sizeof *reading);
    enum bp_status status = BP_ENOMEM;
    if (reading != NULL) {
        *reading = (struct reading){.figure = figure, .path = path, .error = error};
        status = read_both(reading, path);
        bp_mem_free(reading->sum);
    }
    bp_mem_free(reading);
    if (status == BP_ENOMEM)
        bp_error_set(error, status, "%s: out of memory", path);
    if (status != BP_OK)
        bp_tracefigure_release(figure);
    return status;
}

void bp_tracefigure_release(struct bp_tracefigure *figure)
{
    bp_mem_free(figure->time);
    bp_mem_free(figure->loss_time);
    *figure = (struct bp_tracefigure){0};
}

/* ---- the figures ---------------------------------------------------------------------------- */

bool bp_tracefigure_has(const struct bp_tracefigure *figure, const char *name)
{
    return strcmp(name, "loss") == 0 ? figure->losses > 0 : figure->times > 0;
}

static void draw_loss(const struct bp_tracefigure *from, const char *title,
                      struct bp_script *script)
{
    const struct bp_figure_run run = {.n = from->losses,
                                      .epoch = from->loss_time,
                                      .loss = from->loss,
                                      .accuracy = from->has_accuracy ? from->accuracy : NULL};
    const struct bp_figure_training figure = {
        .title = title, .unit = "step", .runs = 1, .run = &run};
    bp_figure_training(script, &figure);
}

static bool draw_delta(const struct bp_tracefigure *from, const char *title,
                       struct bp_script *script)
{
    struct bp_figure_delta_layer *layer = bp_mem_new(from->layers, sizeof *layer);
    const double *mean = from->mean;
    if (layer == NULL)
        return false;
    for (size_t l = 1; l <= from->layers; mean += from->times * from->width[l++])
        layer[l - 1] = (struct bp_figure_delta_layer){.neurons = from->width[l], .mean = mean};
    const struct bp_figure_delta figure = {.title = title,
                                           .unit = "step",
                                           .times = from->times,
                                           .epoch = from->time,
                                           .layers = from->layers,
                                           .layer = layer};
    bp_figure_delta(script, &figure);
    bp_mem_free(layer);
    return true;
}

bool bp_tracefigure_draw(const struct bp_tracefigure *figure, const char *name, const char *title,
                         struct bp_script *script)
{
    if (strcmp(name, "loss") == 0)
        draw_loss(figure, title, script);
    else
        return draw_delta(figure, title, script);
    return true;
}
