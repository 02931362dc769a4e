/* scenario.h -- what is to be run, and what should come out?
 *
 * A scenario is a settings file (libconfig) that names data, a network, its
 * starting weights and a training run, and says what should be found:
 *
 *     title   = "XOR, every weight 0.5";
 *     data    = "xor";
 *     network = { widths = [2, 2, 1]; hidden = "sigmoid"; output = "sigmoid"; };
 *     init    = { scheme = "constant"; value = 0.5; };
 *     train   = { rate = 1.0; epochs = 2000; };
 *     expect  = ["symmetric-weights"];
 *
 * scenarios/README.md has all keys; bp_scenario_keys_print() prints them. The
 * file is read into memory (BP_SCENARIO_BYTES_MAX), looked through by guard.h,
 * and then read by a table, keys.h. A file with anything wrong in it is refused
 * as a whole, with one line: file, line, key and what was expected.
 */
#ifndef BP_SCENARIO_H
#define BP_SCENARIO_H

#include "core/dataset_open.h"
#include "core/init.h"
#include "core/sgd.h"
#include "core/spec.h"
#include "diag/numdiff.h"
#include "scenarios/keys.h"

enum { BP_SCENARIO_BYTES_MAX = 1 << 20, BP_SCENARIO_NAME_MAX = 64 };

enum bp_check_at { BP_CHECK_START, BP_CHECK_END, BP_CHECK_BOTH, BP_CHECK_NEVER };

struct bp_scenario {
    char name[BP_SCENARIO_NAME_MAX]; /* the file's, without folder and .conf */
    char title[200];                 /* the name where none is given */

    bool has_data;
    struct bp_dataset_request data;

    bool has_network;
    struct bp_spec network; /* owned */

    struct bp_init init; /* glorot, biases zero, seed 1 where not said */

    struct bp_key_reals theta; /* the start itself; n = 0: by init */

    bool trains;           /* whether there is a train group */
    struct bp_train train; /* epochs 0 when not */

    struct {
        enum bp_check_at at;    /* when the gradient is checked */
        enum bp_tier_id method; /* of the numeric derivatives; auto where not said */
        size_t samples;         /* 0: as many as the check thinks right */
        uint64_t seed;
    } check;

    struct {
        struct bp_key_numbers samples; /* to be written out in full */
        struct bp_key_numbers steps;   /* at these steps */
    } trace;

    struct bp_key_texts fault;  /* "sign-flipped:2": to be planted */
    char subject[512];          /* a program, or a subject that is built in; else empty */
    struct bp_key_texts repair; /* of a built-in program's faults: "A1" */

    /* What a run must reach, NaN and 0 where nothing is asked. */
    struct {
        double accuracy; /* at least, on the test examples */
        double loss;     /* at most, on the training examples */
        size_t least;    /* of the runs, how many must reach it at least */
        size_t most;     /* ... and at most; runs where not said */
    } goal;
    size_t runs; /* with seeds init.seed, init.seed + 1, ... */

    bool expects;               /* whether there is an expect list, empty ones too */
    struct bp_key_texts expect; /* the exact set: "name", "name:layer", "name:layer:neuron" */
};

/* Reads a file. BP_EFILE, BP_EINPUT, BP_ENOMEM with one line in error. */
enum bp_status bp_scenario_read(struct bp_scenario *scenario, const char *path,
                                struct bp_error *error);
void bp_scenario_release(struct bp_scenario *scenario);

/* All keys with what they accept. */
void bp_scenario_keys_print(FILE *out);

#endif
