/* gallery_rows.c -- each figure: when it applies to a record, and its data from there. */
#include "plots/gallery_rows.h"

#include "core/mem.h"
#include "plots/figure.h"
#include "plots/taylor.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { GRID = 61, POINTS_MOST = 100000, ROWS_MOST = 512, NAMED_MOST = 2000 };

/* ---- loss ------------------------------------------------------------------------- */

static const char *loss_unit(const struct bp_record *record)
{
    return record->net.spec.loss == BP_SQUARED_ERROR ? "squared error" : "nats";
}

static bool has_curve(const struct bp_record *record)
{
    return record->n_curves > 0;
}

static bool draw_loss(const struct bp_record *record, const char *title, struct bp_script *script)
{
    struct bp_figure_run run[BP_RECORD_CURVES];
    for (size_t k = 0; k < record->n_curves; k++)
        run[k] = (struct bp_figure_run){
            .name = record->curve[k].name,
            .n = record->curve[k].n,
            .epoch = record->curve[k].epoch,
            .loss = record->curve[k].loss,
            .accuracy = record->data.train.classes > 0 ? record->curve[k].accuracy : NULL,
            .end = isfinite(record->curve[k].end_accuracy) ? record->curve[k].end_accuracy : 0.0};
    const size_t of = record->trained ? record->course.n_probe : 0;
    const struct bp_figure_training figure = {.title = title,
                                              .loss_unit = loss_unit(record),
                                              .of = of < record->data.train.n ? of : 0,
                                              .runs = record->n_curves,
                                              .run = run};
    bp_figure_training(script, &figure);
    return true;
}

/* ---- delta -------------------------------------------------------------------------- */

static bool has_course(const struct bp_record *record)
{
    return record->trained && record->course.n_points > 2;
}

/* Checkpoints may share an epoch: steps per epoch make it a fraction. */
static void epochs_of_points(const struct bp_record *record, double *epoch)
{
    const double per = record->epochs > 0 ? (double)record->steps / (double)record->epochs : 1.0;
    for (size_t p = 0; p < record->course.n_points; p++)
        epoch[p] = (double)record->course.point[p].step / per;
}

static bool draw_delta(const struct bp_record *record, const char *title, struct bp_script *script)
{
    const struct bp_course *course = &record->course;
    const struct bp_mlp *net = &record->net;
    const size_t times = course->n_points, layers = net->spec.layers;
    double *block = bp_mem_new(times * (net->n_units + 1), sizeof *block);
    struct bp_figure_delta_layer *layer = bp_mem_new(layers, sizeof *layer);
    if (block != NULL && layer != NULL) {
        double *at = block + times;
        epochs_of_points(record, block);
        for (size_t l = 1; l <= layers; l++) {
            const size_t width = net->spec.layer[l].width;
            layer[l - 1] = (struct bp_figure_delta_layer){.neurons = width, .mean = at};
            for (size_t p = 0; p < times; p++, at += width)
                memcpy(at, course->unit_delta + p * net->n_units + net->unit[l],
                       width * sizeof *at);
        }
        const struct bp_figure_delta figure = {
            .title = title, .times = times, .epoch = block, .layers = layers, .layer = layer};
        bp_figure_delta(script, &figure);
    }
    const bool ok = block != NULL && layer != NULL;
    bp_mem_free(block);
    bp_mem_free(layer);
    return ok;
}

/* ---- gradients ------------------------------------------------------------------------ */

static bool was_checked(const struct bp_record *record)
{
    return record->checked;
}

static unsigned char figure_verdict(enum bp_verdict verdict)
{
    if (verdict == BP_AGREE)
        return BP_FIGURE_AGREES;
    return verdict == BP_DISAGREE || verdict == BP_NOT_FINITE ? BP_FIGURE_DISAGREES
                                                              : BP_FIGURE_UNDECIDED;
}

/* What the figure of gradients points to; owned. */
struct points {
    size_t n, named;
    double *backprop, *numeric;
    unsigned char *verdict;
    char (*text)[BP_NAME_MAX];
    const char **name;
};

static void points_release(struct points *points)
{
    bp_mem_free(points->backprop);
    bp_mem_free(points->numeric);
    bp_mem_free(points->verdict);
    bp_mem_free(points->text);
    bp_mem_free(points->name);
}

static bool points_init(struct points *points, size_t most)
{
    *points = (struct points){.backprop = bp_mem_new(most, sizeof(double)),
                              .numeric = bp_mem_new(most, sizeof(double)),
                              .verdict = bp_mem_new(most, 1),
                              .text = bp_mem_new(NAMED_MOST, BP_NAME_MAX),
                              .name = bp_mem_new(most, sizeof(char *))};
    return points->backprop != NULL && points->numeric != NULL && points->verdict != NULL &&
           points->text != NULL && points->name != NULL;
}

static void points_add(struct points *points, const struct bp_gradcheck *check, size_t k)
{
    const size_t n = points->n++;
    points->backprop[n] = check->backprop[k];
    points->numeric[n] = check->factor * check->numeric.value[k];
    points->verdict[n] = figure_verdict((enum bp_verdict)check->verdict[k]);
    if (points->verdict[n] != BP_FIGURE_DISAGREES || points->named == NAMED_MOST ||
        check->net == NULL)
        return;
    bp_mlp_name(check->net, k, points->text[points->named]);
    points->name[n] = points->text[points->named++];
}

/* Every k-th parameter of those that agree, all (up to a bound) that do not. */
static bool draw_gradients(const struct bp_record *record, const char *title,
                           struct bp_script *script)
{
    const struct bp_gradcheck *check = &record->check;
    const size_t every = check->n_theta / POINTS_MOST + 1, most = 2 * (size_t)POINTS_MOST;
    struct points points;
    size_t left_out[3] = {0};
    const bool ok = points_init(&points, most);
    for (size_t k = 0; ok && k < check->n_theta; k++) {
        const unsigned char verdict = figure_verdict((enum bp_verdict)check->verdict[k]);
        if (points.n < most && (k % every == 0 || verdict == BP_FIGURE_DISAGREES))
            points_add(&points, check, k);
        else
            left_out[verdict]++;
    }
    const struct bp_figure_gradients figure = {.title = title,
                                               .n = points.n,
                                               .backprop = points.backprop,
                                               .numeric = points.numeric,
                                               .verdict = points.verdict,
                                               .name = points.name,
                                               .left_out = {left_out[0], left_out[1], left_out[2]}};
    if (ok)
        bp_figure_gradients(script, &figure);
    points_release(&points);
    return ok;
}

/* ---- weights and images ---------------------------------------------------------------- */

static bool has_few_inputs(const struct bp_record *record)
{
    return record->net.spec.layer[0].width <= 64 && !record->attached;
}

/* Whether neurons i and k have the same weights and bias, bit for bit. */
static bool alike(const struct bp_tensor *weights, const double *w, const double *b, size_t i,
                  size_t k)
{
    const double *row = w + i * weights->cols;
    for (size_t c = 0; c < weights->cols; c++)
        if (!isfinite(row[c]))
            return false;
    return memcmp(row, w + k * weights->cols, weights->cols * sizeof *w) == 0 &&
           (b == NULL || memcmp(b + i, b + k, sizeof *b) == 0);
}

size_t bp_gallery_copy_of(const struct bp_mlp *net, size_t i)
{
    const struct bp_tensor *weights = bp_mlp_weights(net, 1);
    const struct bp_tensor *biases = bp_mlp_biases(net, 1);
    const double *b = biases == NULL ? NULL : net->theta + biases->offset;
    size_t k = 0;
    while (k < i && !alike(weights, net->theta + weights->offset, b, i, k))
        k++;
    return k;
}

/* Rows that are bit for bit alike get the number of the first of them. */
static bool draw_weights(const struct bp_record *record, const char *title,
                         struct bp_script *script)
{
    const struct bp_mlp *net = &record->net;
    const struct bp_tensor *weights = bp_mlp_weights(net, 1);
    const struct bp_tensor *biases = bp_mlp_biases(net, 1);
    const size_t rows = weights->rows < ROWS_MOST ? weights->rows : ROWS_MOST;
    const double *w = net->theta + weights->offset;
    const double *b = biases == NULL ? NULL : net->theta + biases->offset;
    size_t copy[ROWS_MOST];
    for (size_t i = 0; i < rows; i++)
        copy[i] = bp_gallery_copy_of(net, i);
    const struct bp_figure_weights figure = {.title = title,
                                             .rows = rows,
                                             .columns = weights->cols,
                                             .weight = w,
                                             .bias = b,
                                             .copy = copy};
    bp_figure_weights(script, &figure);
    return true;
}

static bool has_images(const struct bp_record *record)
{
    return record->net.spec.layer[0].width == 784 && !record->attached;
}

static bool draw_images(const struct bp_record *record, const char *title, struct bp_script *script)
{
    const struct bp_tensor *weights = bp_mlp_weights(&record->net, 1);
    const struct bp_figure_images figure = {.title = title,
                                            .rows = weights->rows,
                                            .width = 28,
                                            .height = 28,
                                            .weight = record->net.theta + weights->offset};
    bp_figure_images(script, &figure);
    return true;
}

/* ---- surface ----------------------------------------------------------------------------- */

static bool has_surface(const struct bp_record *record)
{
    return record->trained && record->net.spec.layer[0].width == 2 &&
           record->net.spec.layer[record->net.spec.layers].width == 1;
}

static void bounds(const struct bp_dataset *data, size_t column, double *low, double *high)
{
    *low = *high = data->x[column];
    for (size_t s = 1; s < data->n; s++) {
        const double x = data->x[s * data->n_in + column];
        *low = x < *low ? x : *low;
        *high = x > *high ? x : *high;
    }
    const double margin = *high > *low ? 0.25 * (*high - *low) : 1.0;
    *low -= margin;
    *high += margin;
}

static bool draw_surface(const struct bp_record *record, const char *title,
                         struct bp_script *script)
{
    const struct bp_dataset *data = &record->data.train;
    struct bp_figure_surface figure = {.title = title, .columns = GRID, .rows = GRID};
    struct bp_pass pass;
    double *grid = bp_mem_new(2 * (size_t)GRID * GRID, sizeof *grid);
    double *points = bp_mem_new(3 * data->n, sizeof *points);
    const bool room = bp_pass_init(&pass, &record->net, (size_t)GRID * GRID) == BP_OK;
    const bool ok = grid != NULL && points != NULL && room;
    if (ok) {
        bounds(data, 0, &figure.x0, &figure.x1);
        bounds(data, 1, &figure.y0, &figure.y1);
        for (size_t r = 0; r < GRID; r++)
            for (size_t c = 0; c < GRID; c++) {
                grid[2 * (r * GRID + c)] =
                    figure.x0 + (figure.x1 - figure.x0) * (double)c / (GRID - 1);
                grid[2 * (r * GRID + c) + 1] =
                    figure.y0 + (figure.y1 - figure.y0) * (double)r / (GRID - 1);
            }
        for (size_t s = 0; s < data->n; s++) {
            points[s] = data->x[2 * s];
            points[data->n + s] = data->x[2 * s + 1];
            points[2 * data->n + s] = data->t[s];
        }
        bp_pass_forward(&pass, (size_t)GRID * GRID, grid);
        figure.output = pass.a[record->net.spec.layers];
        figure.low = bp_targets_off(data->coding);
        figure.high = bp_targets_on(data->coding);
        figure.n = data->n;
        figure.x = points;
        figure.y = points + data->n;
        figure.target = points + 2 * data->n;
        bp_figure_surface(script, &figure);
    }
    bp_pass_release(&pass);
    bp_mem_free(grid);
    bp_mem_free(points);
    return ok;
}

/* ---- rate -------------------------------------------------------------------------------- */

static bool has_trials(const struct bp_record *record)
{
    return record->rate_tried;
}

static bool draw_rate(const struct bp_record *record, const char *title, struct bp_script *script)
{
    double rate[BP_TRIALS], loss[BP_TRIALS];
    for (size_t k = 0; k < record->rate.n; k++) {
        rate[k] = record->rate.trial[k].rate;
        loss[k] = record->rate.trial[k].loss;
    }
    const bool named = record->rate.verdict != BP_RATE_NEITHER;
    const struct bp_figure_rate figure = {
        .title = title,
        .n = record->rate.n,
        .rate = rate,
        .loss = loss,
        .start = record->course.n_points > 0 ? record->course.point[0].loss : NAN,
        .used = rate[record->rate.given],
        .better = named ? rate[record->rate.best] : 0.0,
        .epochs = record->rate.epochs,
        .loss_unit = loss_unit(record)};
    bp_figure_rate(script, &figure);
    return true;
}

/* ---- slope ------------------------------------------------------------------------------- */

/* A network that core can compute, its own or a program's twin, checked at its start,
 * with the right forward pass. */
static bool has_slope(const struct bp_record *record)
{
    for (size_t i = 0; i < record->findings.n; i++)
        if (record->findings.item[i].look == BP_LOOK_FORWARD)
            return false;
    return record->checked && (record->check_at == BP_POINT_START || record->attached) &&
           record->start != NULL && record->check.of != BP_NUMERIC_OWN_LOSS &&
           record->check.factor != 0.0 && record->data.train.n >= record->check.n;
}

bool bp_gallery_layer_right(const struct bp_gradcheck *check, size_t layer)
{
    for (size_t i = 0; i < check->n_tensors; i++)
        if (check->tensor[i].layer == layer && (check->tensor[i].outcome == BP_OUTCOME_DISAGREES ||
                                                check->tensor[i].outcome == BP_OUTCOME_NOT_FINITE))
            return false;
    return true;
}

/* The claimed gradient, as one of core's loss: without the factor that the program's
 * own loss has. Its first samples were checked. */
static enum bp_status run_taylor(struct bp_taylor *taylor, const struct bp_record *record)
{
    const struct bp_gradcheck *check = &record->check;
    const struct bp_dataset *data = &record->data.train;
    double *claimed = bp_mem_new(check->n_theta, sizeof *claimed);
    if (claimed == NULL)
        return BP_ENOMEM;
    for (size_t k = 0; k < check->n_theta; k++)
        claimed[k] = check->backprop[k] / check->factor;
    const enum bp_status status =
        bp_taylor_run(taylor, &record->net, record->start, claimed, check->n, data->x, data->t);
    bp_mem_free(claimed);
    return status;
}

static bool draw_slope(const struct bp_record *record, const char *title, struct bp_script *script)
{
    struct bp_taylor taylor;
    struct bp_figure_slope_line line[BP_TAYLOR_LAYERS];
    char name[BP_TAYLOR_LAYERS][32];
    if (run_taylor(&taylor, record) != BP_OK)
        return false;
    for (size_t l = 0; l < taylor.layers; l++) {
        snprintf(name[l], sizeof name[l], "layer %zu", l + 1);
        line[l] = (struct bp_figure_slope_line){name[l], taylor.residual[l],
                                                bp_gallery_layer_right(&record->check, l + 1)};
    }
    const struct bp_figure_slope figure = {
        .title = title, .n = BP_TAYLOR_STEPS, .h = taylor.h, .lines = taylor.layers, .line = line};
    bp_figure_slope(script, &figure);
    return true;
}

/* ---- the table ---------------------------------------------------------------------------- */

const struct bp_gallery_row BP_GALLERY_ROW[] = {
    {"loss", "loss and accuracy by epoch; the same run with the cause put right beside it",
     "loss and accuracy by epoch", has_curve, bp_gallery_say_loss, draw_loss},
    {"gradients", "each derivative: backprop against numeric; on the line is right", NULL,
     was_checked, bp_gallery_say_gradients, draw_gradients},
    {"slope",
     "is it the loss's gradient? what is left of the Taylor series falls as h^3 if so, as h if not",
     NULL, has_slope, bp_gallery_say_slope, draw_slope},
    {"delta", "mean |delta| of every neuron over the run: who gets a signal, and when", NULL,
     has_course, bp_gallery_say_delta, draw_delta},
    {"surface", "what the network computes over its two inputs, with the data", NULL, has_surface,
     bp_gallery_say_surface, draw_surface},
    {"weights", "the weights into layer 1 at the end, a row a neuron", NULL, has_few_inputs,
     bp_gallery_say_weights, draw_weights},
    {"images", "the weights into each neuron of layer 1, as images", NULL, has_images,
     bp_gallery_say_images, draw_images},
    {"rate", "the loss after trials at other rates", NULL, has_trials, bp_gallery_say_rate,
     draw_rate},
};
const size_t BP_GALLERY_ROWS = sizeof BP_GALLERY_ROW / sizeof BP_GALLERY_ROW[0];
