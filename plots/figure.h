/* figure.h -- which pictures tell a stuck person what is going on?
 *
 * Each takes plain arrays (borrowed, never changed) and fills a script for
 * plots/gnuplot.h, its title and its text alternative. One idea each:
 *
 *     training    is it learning, and from when on not?
 *     delta       which neurons get a signal, when?
 *     gradients   backprop against numeric: which entries are wrong, how?
 *     weights     which neurons of a layer are copies of each other?
 *     surface     what does a network with two inputs compute?
 *     images      what does each neuron of the first layer look for?
 *     rate        is the learning rate right?
 *     slope       is the gradient the loss's gradient? (Taylor test)
 *     ratios      how long does it take, against others?
 *
 * Axes are labelled with their units, curves by name at their ends; loss and
 * magnitudes are logarithmic where they span a factor of 20. Magnitudes use
 * cividis (Nunez, Anderton and Renslow 2018), signed values ColorBrewer's RdBu,
 * curves Okabe and Ito's colours (plots/ink.h): all safe for colour blindness.
 * NaN, infinity and empty data are said in the figure. Long data is thinned:
 * extremes of each stretch are kept. Texts may come from anywhere.
 */
#ifndef BP_FIGURE_H
#define BP_FIGURE_H

#include "plots/script.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    BP_FIGURE_RUNS_MAX = 8, /* curves in one figure; what is more is left out and said */
    BP_FIGURE_NAMED_MAX = 6 /* points that get their name */
};

/* One run: loss and accuracy by epoch. Two or more show before and after a
 * repair, or two runs compared. */
struct bp_figure_run {
    const char *name;       /* "as given", "repaired" */
    size_t n;               /* how many epochs were recorded */
    const double *epoch;    /* [n] rising */
    const double *loss;     /* [n] */
    const double *accuracy; /* [n] share of 1; NULL: none */
    double end;             /* accuracy in the end, over all data; 0: the last of those */
};

/* A moment worth a line: "neuron 1:3 dead". */
struct bp_figure_mark {
    double epoch;
    const char *text;
};

struct bp_figure_training {
    const char *title;
    const char *loss_unit; /* "squared error", "nats"; NULL: none said */
    size_t of;             /* how many samples an accuracy is the share of; 0: not said */
    size_t runs;
    const struct bp_figure_run *run;
    size_t marks;
    const struct bp_figure_mark *mark;
    const char *unit; /* of epoch: "step"; NULL: "epoch" */
};

/* Mean |delta| of every neuron by epoch, one panel a layer. */
struct bp_figure_delta_layer {
    size_t neurons;
    const double *mean; /* [times][neurons], mean |delta| of the epoch */
};

struct bp_figure_delta {
    const char *title;
    size_t times;
    const double *epoch; /* [times] */
    size_t layers;       /* the input not counted */
    const struct bp_figure_delta_layer *layer;
    const char *unit; /* of epoch: "step"; NULL: "epoch" */
};

enum bp_figure_verdict { BP_FIGURE_AGREES, BP_FIGURE_DISAGREES, BP_FIGURE_UNDECIDED };

struct bp_figure_gradients {
    const char *title;
    size_t n;
    const double *backprop, *numeric; /* [n] */
    const unsigned char *verdict;     /* [n] enum bp_figure_verdict */
    const char *const *name;          /* [n] "W1[0,3]", each or all may be NULL */
    size_t left_out[3];               /* by verdict: not among the n, but counted */
};

/* Rows of a layer's weights; copies are drawn next to each other and named. */
struct bp_figure_weights {
    const char *title;
    size_t rows, columns;
    const double *weight; /* [rows][columns] */
    const double *bias;   /* [rows]; NULL: none */
    const size_t *copy;   /* [rows] rows of equal number are copies; NULL: not known */
};

/* Output of a network over its two inputs, with the examples. */
struct bp_figure_surface {
    const char *title;
    size_t columns, rows; /* of the grid */
    double x0, x1, y0, y1;
    const double *output; /* [rows][columns], row 0 at y0 */
    double low, high;     /* the outputs of the two classes, 0 and 1 or -1 and 1 */
    size_t n;             /* examples */
    const double *x, *y, *target;
};

struct bp_figure_images {
    const char *title;
    size_t rows, width, height; /* a row of width * height weights for each neuron */
    const double *weight;
};

/* Short trials at several rates. */
struct bp_figure_rate {
    const char *title;
    size_t n;
    const double *rate;  /* [n] rising */
    const double *loss;  /* [n] after the trial; not finite: diverged */
    double start;        /* loss before each trial */
    double used, better; /* the run's rate, and the one advised; 0: none */
    size_t epochs;       /* of each trial */
    const char *loss_unit;
};

/* |f(x+h d) - f(x-h d) - 2h g.d| by h: falls as h^3 when g is right, as h when wrong. */
struct bp_figure_slope_line {
    const char *name; /* "all parameters", "layer 1" */
    const double *residual;
    bool right;
};

struct bp_figure_slope {
    const char *title;
    size_t n;
    const double *h; /* [n] rising */
    size_t lines;
    const struct bp_figure_slope_line *line;
};

/* Times of others, as multiples of ours; low and high are the spread. */
struct bp_figure_ratio {
    const char *name;
    double ratio, low, high;
    double goal; /* 0: none */
};

struct bp_figure_ratios {
    const char *title, *axis; /* "how many times as long" */
    size_t n;
    const struct bp_figure_ratio *ratio;
};

void bp_figure_training(struct bp_script *to, const struct bp_figure_training *figure);
void bp_figure_delta(struct bp_script *to, const struct bp_figure_delta *figure);
void bp_figure_gradients(struct bp_script *to, const struct bp_figure_gradients *figure);
void bp_figure_weights(struct bp_script *to, const struct bp_figure_weights *figure);
void bp_figure_surface(struct bp_script *to, const struct bp_figure_surface *figure);
void bp_figure_images(struct bp_script *to, const struct bp_figure_images *figure);
void bp_figure_rate(struct bp_script *to, const struct bp_figure_rate *figure);
void bp_figure_slope(struct bp_script *to, const struct bp_figure_slope *figure);
void bp_figure_ratios(struct bp_script *to, const struct bp_figure_ratios *figure);

#endif
