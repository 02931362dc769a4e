/* live.h -- how does it look while it trains? Loss, accuracy and mean |delta|
 * of each layer in one window, or as letters in a terminal without a display.
 *
 * At most four drawings a second, whatever the number of updates, and none while
 * gnuplot is busy with the last one: a slow gnuplot does not slow the run. A window
 * that is closed, or a gnuplot that dies, ends the drawing with a note, not the run.
 * The last drawing is waited for, and the window stays when the program ends.
 *
 * Letters go over the last ones, line by line, and leave the rest of the terminal alone.
 */
#ifndef BP_LIVE_H
#define BP_LIVE_H

#include "diag/course.h"
#include "plots/gnuplot.h"

enum { BP_LIVE_LAYERS_MAX = 8 };

struct bp_figure_live {
    const char *title;
    double epochs; /* there will be, so that the axis stays as it is; 0: not known */
    size_t n;
    const double *epoch, *loss; /* [n] */
    const double *accuracy;     /* [n]; NULL: none */
    size_t times;               /* at which the deltas were looked at */
    const double *time;         /* [times] in epochs */
    size_t layers;
    const double *const *delta; /* [layers] of [times] mean |delta| */
};

void bp_figure_live(struct bp_script *to, const struct bp_figure_live *figure);

struct bp_live {
    struct bp_program pipe; /* to the window */
    char window[BP_GNUPLOT_NAME_MAX];
    bool drawn;          /* the window is there */
    FILE *terminal;      /* borrowed; letters go there when there is no window */
    struct bp_error why; /* there is none; empty if letters were asked for */
    size_t lines;        /* of letters, that the next drawing goes over */
    int columns;
    long long last_ms;
    bool open;
};

/* Opens a window; or, where there is none or letters are wanted, writes letters to
 * terminal. terminal NULL: no letters; then BP_EUNSUPPORTED says why there is no
 * window. */
enum bp_status bp_live_open(struct bp_live *live, FILE *terminal, bool letters,
                            struct bp_error *note);

/* Another run follows: its figure takes the window, or stands below the last letters. */
void bp_live_next(struct bp_live *live);

/* Draws, unless the last drawing is less than 250 ms old and `now` is false.
 * BP_EUNSUPPORTED with a note, once, when drawing has ended. */
enum bp_status bp_live_update(struct bp_live *live, const struct bp_figure_live *figure, bool now,
                              struct bp_error *note);

/* The same from the course of a run that is going on. */
enum bp_status bp_live_course(struct bp_live *live, const char *title,
                              const struct bp_course *course, double steps_per_epoch, size_t epochs,
                              bool now, struct bp_error *note);

/* Lets the window stay. BP_EUNSUPPORTED: it did not get that far, and why, if that was
 * not said before. Accepts one that was not opened. */
enum bp_status bp_live_close(struct bp_live *live, struct bp_error *note);

#endif
