/* live.c -- a figure that is sent again and again. */
#include "plots/live.h"

#include "core/mem.h"
#include "plots/curves.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

static const double GAP = 0.045; /* between panels */
static const double LEFT = 0.17, RIGHT = 0.83;

enum { BETWEEN_MS = 250, SEND_MS = 500, LAST_SEND_MS = 3000, CLOSE_MS = 5000 };

/* Where the panels stand, from the top down. */
struct grid {
    double top, bottom, each;
    struct bp_axis x; /* of all */
};

static void plot_panel(struct bp_script *to, const struct grid *grid, int row, bool last,
                       struct bp_curves *curves, bool want_log)
{
    const double top = grid->top - row * grid->each;
    const double bottom = last ? grid->bottom : top - grid->each + GAP;
    bp_ink_panel(to, LEFT, RIGHT, bottom, top);
    curves->x = grid->x;
    curves->tall = top - bottom;
    for (size_t i = 0; i < curves->n; i++)
        bp_axis_see(&curves->y, curves->curve[i].n, curves->curve[i].y);
    bp_axis_fit(&curves->y, want_log);
    if (to->plain) { /* letters have no room beside the tics: within, where no curve ends */
        bp_ink_note(to, 0.98, curves->what[0] == 'a' ? 0.1 : 0.95, "right", BP_INK_BLACK, "%s",
                    curves->y_words);
        curves->y_words = "";
    }
    bp_curves_plot(to, curves);
}

/* Loss or accuracy: its last value stands at its end. */
static void plot_one(struct bp_script *to, const struct grid *grid, int row, size_t n,
                     const double *epoch, const double *y, const char *what)
{
    char end[BP_INK_SHORT_MAX] = "";
    if (n > 0)
        bp_ink_short(end, y[n - 1]);
    const struct bp_stroke curve = {.name = end, .n = n, .x = epoch, .y = y};
    struct bp_curves curves = {.n = 1, .curve = &curve, .y_words = what, .what = what};
    plot_panel(to, grid, row, false, &curves, what[0] == 'l');
}

static void plot_layers(struct bp_script *to, const struct grid *grid, int row,
                        const struct bp_figure_live *figure)
{
    struct bp_stroke curve[BP_LIVE_LAYERS_MAX];
    char name[BP_LIVE_LAYERS_MAX][16];
    struct bp_curves curves = {
        .curve = curve, .x_words = "epoch", .y_words = "mean |delta|", .what = "delta"};
    for (size_t l = 0; l < figure->layers && l < BP_LIVE_LAYERS_MAX; l++) {
        snprintf(name[l], sizeof name[l], "layer %zu", l + 1);
        curve[curves.n++] = (struct bp_stroke){.name = name[l],
                                               .n = figure->times,
                                               .x = figure->time,
                                               .y = figure->delta[l],
                                               .ink = (enum bp_ink)(l % BP_INK_CURVES)};
    }
    plot_panel(to, grid, row, true, &curves, true);
}

void bp_figure_live(struct bp_script *to, const struct bp_figure_live *figure)
{
    const int panels = figure->accuracy == NULL ? 2 : 3;
    struct grid grid = {.top = to->plain ? 0.92 : 0.9,
                        .bottom = to->plain ? 3.1 / to->height : 0.14};
    int row = 0;
    grid.each = (grid.top - grid.bottom + GAP) / panels;
    if (!to->plain)
        to->height = 420;
    bp_axis_see(&grid.x, figure->n, figure->epoch);
    bp_axis_see(&grid.x, figure->times, figure->time);
    if (figure->epochs > 0.0)
        bp_axis_see(&grid.x, 1, &figure->epochs);
    bp_axis_fit(&grid.x, false);
    if (figure->epochs > 0.0 && grid.x.lo >= 0.0) /* epochs end where they end */
        grid.x.hi = figure->epochs;
    bp_ink_begin(to, figure->title);
    bp_ink_alt(to, "loss, accuracy and mean |delta| of each layer so far. ");
    plot_one(to, &grid, row++, figure->n, figure->epoch, figure->loss, "loss");
    if (figure->accuracy != NULL)
        plot_one(to, &grid, row++, figure->n, figure->epoch, figure->accuracy, "accuracy (share)");
    plot_layers(to, &grid, row, figure);
    bp_ink_end(to);
}

static long long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

enum bp_status bp_live_open(struct bp_live *live, FILE *terminal, bool letters,
                            struct bp_error *note)
{
    *live = (struct bp_live){.last_ms = -BETWEEN_MS};
    enum bp_status status = letters && terminal != NULL
                                ? BP_EUNSUPPORTED
                                : bp_gnuplot_window(live->window, BP_GNUPLOT_LIMIT_MS, &live->why);
    if (status == BP_OK)
        status = bp_gnuplot_open(&live->pipe, &live->why);
    if (status == BP_OK) {
        live->open = true;
        return BP_OK;
    }
    if (status == BP_ENOMEM)
        return bp_error_set(note, status, "%s", live->why.text);
    if (terminal == NULL)
        return bp_error_set(note, status, "%.200s; no live figure", live->why.text);
    if (live->why.text[0] != '\0')
        snprintf(live->why.text + strlen(live->why.text),
                 sizeof live->why.text - strlen(live->why.text), "; letters in its place");
    live->terminal = terminal;
    live->open = true;
    return BP_OK;
}

void bp_live_next(struct bp_live *live)
{
    live->lines = 0;
    live->last_ms = -BETWEEN_MS;
}

/* The first drawing opens the window, and later ones leave it as the user has it. */
static enum bp_status draw_window(struct bp_live *live, const struct bp_script *script, bool now,
                                  struct bp_error *note)
{
    struct bp_buffer input = {0};
    if (!live->drawn)
        bp_gnuplot_window_line(&input, script, live->window);
    if (script->words.status == BP_OK)
        bp_buffer_add(&input, script->words.text, script->words.n);
    else
        input.status = script->words.status;
    enum bp_status status = input.status;
    if (status == BP_OK &&
        bp_program_send(&live->pipe, input.text, input.n, now ? LAST_SEND_MS : SEND_MS) != BP_OK)
        status = bp_error_set(note, BP_EUNSUPPORTED,
                              "the window was closed, or gnuplot ended: no more live figures");
    bp_buffer_release(&input);
    live->drawn = true;
    return status;
}

/* A figure's lines in place of the last one's, without clearing anything in between,
 * and below it why there is no window. Counts them. */
static void put_lines(struct bp_live *live, const char *figure)
{
    const size_t before = live->lines;
    if (before > 0)
        fprintf(live->terminal, "\r\033[%zuA", before);
    live->lines = 0;
    for (const char *s = figure; *s != '\0';) {
        const size_t n = strcspn(s, "\n");
        fprintf(live->terminal, "%.*s\033[K\n", (int)n, s);
        live->lines++;
        s += s[n] == '\n' ? n + 1 : n;
    }
    if (live->why.text[0] != '\0') {
        fprintf(live->terminal, "%.*s\033[K\n", live->columns, live->why.text);
        live->lines++;
    }
    fflush(live->terminal);
}

static enum bp_status draw_letters(struct bp_live *live, struct bp_script *script,
                                   struct bp_error *note)
{
    char *figure = NULL;
    size_t size = 0;
    FILE *letters = open_memstream(&figure, &size);
    if (letters == NULL)
        return bp_error_set(note, BP_ENOMEM, "live figure: %s", bp_status_text(BP_ENOMEM));
    const enum bp_status status = bp_gnuplot_print(script, letters, 5000, note);
    fclose(letters);
    live->columns = script->width;
    if (status == BP_OK)
        put_lines(live, figure);
    free(figure);
    return status;
}

static bool is_due(const struct bp_live *live, bool now)
{
    return live->open &&
           (now || (now_ms() - live->last_ms >= BETWEEN_MS && !bp_program_busy(&live->pipe)));
}

static enum bp_status update(struct bp_live *live, const struct bp_figure_live *figure, bool now,
                             struct bp_error *note)
{
    struct bp_script script;
    bp_script_init(&script, live->terminal != NULL);
    enum bp_status status = BP_OK;
    if (live->terminal != NULL)
        status = bp_gnuplot_fit(&script, live->terminal, 2, note);
    if (status == BP_OK) {
        bp_figure_live(&script, figure);
        status = live->terminal == NULL ? draw_window(live, &script, now, note)
                                        : draw_letters(live, &script, note);
    }
    bp_script_release(&script);
    live->last_ms = now_ms();
    live->open = status == BP_OK;
    return status;
}

enum bp_status bp_live_update(struct bp_live *live, const struct bp_figure_live *figure, bool now,
                              struct bp_error *note)
{
    return is_due(live, now) ? update(live, figure, now, note) : BP_OK;
}

enum bp_status bp_live_close(struct bp_live *live, struct bp_error *note)
{
    const bool expected = live->open && live->drawn;
    const int ended = bp_program_close(&live->pipe, CLOSE_MS);
    *live = (struct bp_live){0};
    if (!expected || (WIFEXITED(ended) && WEXITSTATUS(ended) == 0))
        return BP_OK;
    if (WIFSIGNALED(ended))
        return bp_error_set(note, BP_EUNSUPPORTED,
                            "gnuplot was ended by signal %d: the live figure is gone",
                            WTERMSIG(ended));
    return bp_error_set(note, BP_EUNSUPPORTED,
                        "gnuplot ended with status %d: no live figure; is DISPLAY right?",
                        WEXITSTATUS(ended));
}

/* ---- from a course ---------------------------------------------------------------- */

/* at: epochs of the losses, then times and deltas of the checkpoints. */
static void fill(struct bp_figure_live *figure, const struct bp_course *course,
                 double steps_per_epoch, double *at, const double **delta)
{
    double *time = at + course->n_losses;
    for (size_t i = 0; i < course->n_losses; i++)
        at[i] = (double)(i * course->stride + 1);
    for (size_t p = 0; p < course->n_points; p++)
        time[p] = (double)course->point[p].step / steps_per_epoch;
    for (size_t l = 0; l < figure->layers; l++) {
        double *mean = time + (l + 1) * course->n_points;
        for (size_t p = 0; p < course->n_points; p++)
            mean[p] = bp_course_at(course, p, l + 1)->delta;
        delta[l] = mean;
    }
    figure->n = course->n_losses;
    figure->epoch = at;
    figure->loss = course->losses;
    figure->accuracy = course->data->classes > 0 ? course->accuracies : NULL;
    figure->times = course->n_points;
    figure->time = time;
    figure->delta = delta;
}

enum bp_status bp_live_course(struct bp_live *live, const char *title,
                              const struct bp_course *course, double steps_per_epoch, size_t epochs,
                              bool now, struct bp_error *note)
{
    const double *delta[BP_LIVE_LAYERS_MAX];
    const size_t layers = course->net->spec.layers;
    struct bp_figure_live figure = {.title = title,
                                    .epochs = (double)epochs,
                                    .layers =
                                        layers < BP_LIVE_LAYERS_MAX ? layers : BP_LIVE_LAYERS_MAX};
    if (!is_due(live, now))
        return BP_OK;
    const size_t n = course->n_losses + (1 + figure.layers) * course->n_points;
    double *numbers = bp_mem_new(n, sizeof *numbers);
    if (numbers == NULL)
        return bp_error_set(note, BP_ENOMEM, "live figure: %s", bp_status_text(BP_ENOMEM));
    fill(&figure, course, steps_per_epoch, numbers, delta);
    const enum bp_status status = update(live, &figure, now, note);
    bp_mem_free(numbers);
    return status;
}
