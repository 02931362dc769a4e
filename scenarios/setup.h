/* setup.h -- what a scenario describes, built: data, network, start, faults, program.
 *
 * A rig is everything that a training run needs, once more than once: the
 * counterfactual builds a second one with a thing changed.
 */
#ifndef BP_SETUP_H
#define BP_SETUP_H

#include "diag/faults/fault.h"
#include "diag/subject.h"
#include "scenarios/case.h"
#include "scenarios/scenario.h"

enum { BP_RIG_FAULTS = 16 };

struct bp_rig {
    struct bp_spec spec; /* owned */
    struct bp_init init;
    struct bp_train train;
    struct bp_dataset_pair data; /* owned */
    struct bp_mlp net;           /* owned; with faults planted in its stages */
    size_t n_faults;
    struct bp_hypothesis fault[BP_RIG_FAULTS]; /* the net's stages point here */
    bool is_case;                              /* a program of case.h is what trains */
    struct bp_case_program program;
    struct bp_view view; /* of the program */
};

/* Builds it all; faults: keys beside the scenario's own. error names the file's
 * name and what was expected. A rig must not be moved once built. */
enum bp_status bp_rig_build(struct bp_rig *rig, const struct bp_scenario *scenario,
                            const char *const *faults, size_t n_faults, struct bp_error *error);
void bp_rig_release(struct bp_rig *rig);

/* theta from init (and from the scenario's own numbers), with planted starts. */
enum bp_status bp_rig_start(struct bp_rig *rig, const struct bp_scenario *scenario, uint64_t seed,
                            struct bp_error *error);

#endif
