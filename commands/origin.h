/* origin.h -- where did the run in this folder come from?
 *
 * A run leaves a file in its folder that names its scenario and what was planted
 * beside it. A run repeats bit for bit, so that is all it takes to see it again.
 */
#ifndef BP_ORIGIN_H
#define BP_ORIGIN_H

#include "scenarios/runner.h"

/* The file's name: the path of the scenario, then a planted fault a line. */
#define BP_RUN_ORIGIN "scenario"

enum { BP_ORIGIN_PLANTS = 16 };

struct bp_origin {
    char *text;         /* owned; NULL where a scenario's file was given, not a folder */
    const char *folder; /* borrowed: as asked for */
    const char *path;
    size_t n;
    const char *plant[BP_ORIGIN_PLANTS];
};

/* From a run's folder, or a scenario's file itself. BP_EFILE, BP_EINPUT. */
enum bp_status bp_origin_find(struct bp_origin *origin, const char *path, struct bp_error *error);
void bp_origin_release(struct bp_origin *origin);

/* Runs it again. options may be NULL; its plants are not used. */
enum bp_status bp_origin_run(const struct bp_origin *origin,
                             const struct bp_runner_options *options, struct bp_record *record,
                             struct bp_error *error);

#endif
