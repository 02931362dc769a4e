/* bed.h -- for tests: a network with random parameters and data, stages and faults to plant
 * in it, and the network as a subject.
 */
#ifndef BP_TESTS_BED_H
#define BP_TESTS_BED_H

#include "core/mlp.h"
#include "diag/faults/fault.h"
#include "diag/finding.h"
#include "diag/subject.h"

#include <stdint.h>

enum { BED_SAMPLES = 6 };

struct bed {
    struct bp_mlp net;
    double x[BED_SAMPLES * 8], t[BED_SAMPLES * 8];
};

/* A network of that description, its parameters 0. */
void bed_net(struct bp_mlp *net, const char *text);

/* Normal parameters and inputs, one-hot targets. */
void bed_set_up(struct bed *bed, const char *text, uint64_t seed);

void bed_plant(struct bp_mlp *net, size_t layer, enum bp_slot slot,
               void (*run)(const struct bp_pass *, size_t, const struct bp_stage *, double *));

/* A stage that turns the sign of n x width numbers. */
void bed_negated(const struct bp_pass *pass, size_t l, const struct bp_stage *self, double *out);

/* Plants a fault by its key, as it would show in batches of n; h is borrowed by the stages. */
void bed_plant_key(struct bp_mlp *net, size_t n, double rate, const char *key,
                   struct bp_hypothesis *h);

/* ---- as a subject ----------------------------------------------------------- */

enum { BED_CALL_MOST = 7 };

/* A network as a subject, a batch to ask it with, and what was found. */
struct bed_call {
    struct bp_mlp net;
    struct bp_core_subject core;
    struct bp_view view; /* the test's to open */
    double x[BED_CALL_MOST * 16], t[BED_CALL_MOST * 16];
    struct bp_batch batch; /* n of them */
    struct bp_findings findings;
};

/* Parameters normal with sd 0.7, inputs normal, one-hot targets in turn. */
void bed_call_open(struct bed_call *call, const char *text, size_t n, uint64_t seed);
void bed_call_close(struct bed_call *call);

#endif
