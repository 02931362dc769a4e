/* runner.h -- one scenario from its file to a record of everything that it showed.
 *
 *     set up        data, network, start; faults planted, or a program opened
 *     look          symmetry of the start; the gradient, numeric beside backprop, there
 *                   or where the training ends, or both (check.at)
 *     train         watched: course, trace, symmetry
 *     judge         health rules; the cause of a wrong gradient; trials of the rate
 *     prove         the same seed again with only the named thing put right
 *     compare       with what the scenario expects
 *
 * The run is bit for bit the same with and without any of the looks.
 */
#ifndef BP_RUNNER_H
#define BP_RUNNER_H

#include "diag/record.h"
#include "scenarios/scenario.h"

#include <stdio.h>

/* What somebody may see while a run goes on. */
struct bp_runner_view {
    const struct bp_record *record; /* course and settings so far */
    size_t epoch, epochs;
    double seconds;    /* since the training, or the trials, began */
    const char *trial; /* "with the right backprop": what is trained again; NULL: the run.
                          Of "other rates" epochs is 0: not known */
};

struct bp_runner_options {
    const char *folder;     /* traces are streamed to folder/NAME/; NULL: none */
    double seconds_between; /* calls of watch, at least; 0: every epoch */
    void (*watch)(void *self, const struct bp_runner_view *view); /* may be NULL */
    void (*trial)(void *self, const struct bp_runner_view *view); /* so often too; may be NULL */
    void (*step)(void *self, const struct bp_step_view *view);    /* each step; may be NULL */
    void *self;
    const char *const *plant; /* faults beside the scenario's, as keys; may be NULL */
    size_t n_plant;
    int threads; /* of numeric derivatives; 0: one */
};

/* BP_OK: the record is whole, whatever it shows. Otherwise error has the line, and
 * the record is empty. */
enum bp_status bp_runner_run(struct bp_record *record, const struct bp_scenario *scenario,
                             const struct bp_runner_options *options, struct bp_error *error);

#endif
