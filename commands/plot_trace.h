/* plot_trace.h -- backprobe plot FILE.tsv: the figures of a trace, of a run or of somebody's
 * own program. */
#ifndef BP_PLOT_TRACE_H
#define BP_PLOT_TRACE_H

#include "core/status.h"

#include <stdbool.h>

enum bp_plot_to { BP_PLOT_FILES, BP_PLOT_WINDOW, BP_PLOT_LETTERS };

/* A name that ends as traces do: .tsv, or .tsv.part. */
bool bp_plot_is_trace(const char *path);

/* figure: "loss" or "delta", or NULL: both into files, or the loss (deltas where there is
 * none). Files are FILE-loss.svg and so on, beside it. BP_EUNSUPPORTED: no gnuplot, or no
 * window. */
enum bp_status bp_plot_trace(const char *path, const char *figure, enum bp_plot_to to,
                             struct bp_error *error);

#endif
