/* case.h -- the four programs that this project comes from, as subjects.
 *
 * Four public questions about hand-written backpropagation that "does not train":
 *
 *     a            mini-batch descent on digits; skips its first layer
 *     b            a vectorised full-batch class; its check prints the weights
 *     c            XOR one sample at a time, two hidden units, no library
 *     c-rewritten  the answer given to c: it trains, and updates before it propagates
 *     d            mini-batches, an activation per layer, every weight zero or equal
 *
 * Each is written anew here, in the style of the original and with its faults.
 * Every fault has a name (A1, A2, ...) and can be repaired on its own. The
 * programs share nothing with core's backpropagation: they are what is looked at.
 */
#ifndef BP_CASE_H
#define BP_CASE_H

#include "backprobe.h"
#include "core/spec.h"
#include "core/status.h"

enum { BP_CASE_FAULTS = 8, BP_CASE_ARRAYS = 16 };

/* A fault of the program's code. Faults of its start, data, rate or size are the
 * scenario's, which sets those. */
struct bp_case_fault {
    const char *name; /* "A1" */
    const char *what; /* one line */
};

/* A program with its parameters; owned by bp_case_open(). */
struct bp_case_program {
    struct bp_subject subject;
    struct bp_array array[BP_CASE_ARRAYS];
    char network[BP_SPEC_TEXT_MAX];
    unsigned repaired; /* bit k: fault k of the case is repaired */
    void *self;        /* owned, released by the case */
    void (*release)(void *self);
};

struct bp_case {
    const char *name, *title;
    struct bp_case_fault fault[BP_CASE_FAULTS];
    size_t n_faults;
    /* spec: the widths (and, where the program knows several, activations and loss);
     * BP_EINPUT when the program cannot be that. */
    enum bp_status (*open)(struct bp_case_program *program, const struct bp_spec *spec,
                           struct bp_error *error);
};

extern const struct bp_case bp_case_a, bp_case_b, bp_case_c, bp_case_c_rewritten, bp_case_d;

/* By name ("case-a" or "a"); NULL when there is none. */
const struct bp_case *bp_case_find(const char *name);

/* repaired: names of faults, one bit each as found by bp_case_fault_bit(). The
 * program's rate is the caller's. BP_ENOMEM, BP_EINPUT. */
enum bp_status bp_case_open(struct bp_case_program *program, const struct bp_case *which,
                            const struct bp_spec *spec, unsigned repaired, struct bp_error *error);
void bp_case_close(struct bp_case_program *program);

/* The bit of a fault's name in a case; 0 when it has none of that name. */
unsigned bp_case_fault_bit(const struct bp_case *which, const char *name);

/* Adds an array of the program's parameters to the subject. */
void bp_case_array(struct bp_case_program *program, size_t layer, enum bp_array_role role,
                   enum bp_array_order order, double *values);

#endif
