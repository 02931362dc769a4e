/* tracefigure.h -- what does a trace (diag/trace.h) look like?
 *
 *     loss    loss, and accuracy where it is there, over the steps
 *     delta   mean |delta| of every neuron over the steps, one panel a layer
 *
 * The file is read twice: once for how much there is, once for the numbers. Steps that are
 * more than a figure has columns for are averaged, so that memory is that of the figure,
 * whatever the length of the file. Rows of steps are shown where there are any, else those
 * of epochs.
 */
#ifndef BP_TRACEFIGURE_H
#define BP_TRACEFIGURE_H

#include "core/spec.h"
#include "core/status.h"
#include "plots/script.h"

enum { BP_TRACEFIGURE_TIMES = 240, BP_TRACEFIGURE_UNITS = 100000, BP_TRACEFIGURE_LOSSES = 4000 };

struct bp_tracefigure {
    size_t layers, units;
    size_t width[BP_LAYERS_MAX + 1]; /* neurons that have a delta, from layer 1 */
    size_t times;                    /* at which there are deltas */
    double *time;                    /* [times] the steps; owned, as are: */
    double *mean;                    /* layer after layer [times][width]; NaN: none there */
    size_t losses;
    double *loss_time, *loss, *accuracy; /* [losses] */
    bool has_accuracy;
};

/* BP_EFILE, BP_EINPUT with the file, the line and what was expected; BP_ENOMEM. */
enum bp_status bp_tracefigure_read(struct bp_tracefigure *figure, const char *path,
                                   struct bp_error *error);

/* Whether "loss" or "delta" has anything to show. */
bool bp_tracefigure_has(const struct bp_tracefigure *figure, const char *name);

/* Fills the script with the figure "loss" or "delta". False when there is no memory. */
bool bp_tracefigure_draw(const struct bp_tracefigure *figure, const char *name, const char *title,
                         struct bp_script *script);

void bp_tracefigure_release(struct bp_tracefigure *figure);

#endif
