/* calls.h -- a program over a pipe is slow: how far is it?
 *
 * A line on stderr, only where that is a terminal, once more than a second has
 * passed: calls answered, calls per second, seconds so far. How many there will be is
 * not known before the end (what is found decides what is asked next), so no time
 * left is claimed.
 */
#ifndef BP_CALLS_H
#define BP_CALLS_H

#include "diag/pipe.h"

#include <stdbool.h>
#include <stdio.h>

struct bp_calls {
    const char *what; /* "check" */
    FILE *terminal;   /* NULL: nothing is shown */
    double began, shown;
    bool line; /* is there */
};

/* Watches the pipe's calls. quiet: nothing is shown. */
void bp_calls_begin(struct bp_calls *calls, const char *what, bool quiet, struct bp_pipe *pipe);

/* Takes the line away, as other words follow; self is a struct bp_calls. */
void bp_calls_clear(void *self);

#endif
