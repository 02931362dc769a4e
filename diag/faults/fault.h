/* fault.h -- one entry of the catalogue: a way in which backpropagation is got
 * wrong.
 *
 * The same entry plants a fault (a copy of the right table of stages with an
 * entry replaced), predicts the gradient that it would produce (a backward pass
 * over that table), and is undone to prove it. It holds the words too: name,
 * title, the formula right and wrong, how it shows, code with the mistake and
 * the correction, and what it is confused with.
 *
 * A hypothesis is a fault with its variant and place filled in. A stage that a
 * fault puts in gets the hypothesis as its params, and the right stage beside.
 */
#ifndef BP_FAULT_H
#define BP_FAULT_H

#include "core/mlp.h"

#include <stdint.h>

struct bp_fault;

enum { BP_ALL_LAYERS = 0, BP_HYPOTHESIS_TEXT_MAX = 160 };
#define BP_NO_NEURON SIZE_MAX

/* A fault at a place. */
struct bp_hypothesis {
    const struct bp_fault *fault; /* borrowed */
    int variant;                  /* 0 .. fault->variants - 1 */
    size_t layer;                 /* 1 .. L, or BP_ALL_LAYERS: wherever it applies */
    size_t neuron;                /* or BP_NO_NEURON */
    double factor;                /* for faults whose factor is solved for; else 1 */
    double cost;                  /* prior: lower is commoner */
};

/* What is known of where a fault is tried. */
struct bp_setting {
    const struct bp_mlp *net; /* borrowed */
    size_t n;                 /* the largest batch among the probes */
    double rate;              /* of the steps; 0 when not known */
    bool masked;              /* a dropout mask is in use */
};

/* Where a fault can be. */
enum bp_extent {
    BP_AT_OUTPUT = 1, /* layer L */
    BP_AT_HIDDEN = 2, /* one of 1 .. L-1 */
    BP_AT_ANY = 4,    /* one of 1 .. L */
    BP_AT_ALL = 8,    /* everywhere at once */
    BP_AT_NEURON = 16 /* one neuron of a layer that the other bits allow */
};

/* The words of "backprobe explain NAME". */
struct bp_page_text {
    const char *right, *wrong;       /* the formula */
    const char *shows;               /* in the numbers, and in training */
    const char *c_wrong, *c_right;   /* a few lines of C */
    const char *py_wrong, *py_right; /* the same in numpy */
    const char *confused;            /* with what, and what parts them */
};

struct bp_fault {
    const char *name;           /* after what is wrong: "missing-activation-derivative" */
    const char *title;          /* one line */
    const char *help;           /* what to change, one line; may hold {l} for the layer */
    enum bp_slot slot;          /* the (first) stage that it replaces */
    double cost;                /* prior */
    int variants;               /* >= 1 */
    const char *const *variant; /* [variants]: what each does; NULL for one */
    const double *variant_cost; /* [variants]: added to cost; NULL: nothing */
    unsigned extent;            /* of enum bp_extent */
    /* Whether this variant at this layer (never BP_ALL_LAYERS: every layer is
     * asked) makes sense there and differs from right; NULL: always. */
    bool (*applies)(const struct bp_setting *setting, int variant, size_t layer);
    /* Replaces stages at one layer in ops[layer]; h is borrowed by the stages. */
    void (*plant)(const struct bp_hypothesis *h, size_t layer, struct bp_ops *ops);
    struct bp_page_text page;
};

/* A table of faults, one a file of this folder. */
struct bp_fault_table {
    const char *title; /* "output delta" */
    size_t n;
    const struct bp_fault *fault;
};

/* All tables, in the order of the stages; n is set. */
const struct bp_fault_table *const *bp_fault_tables(size_t *n);

/* By name; NULL when there is none. */
const struct bp_fault *bp_fault_find(const char *name);

/* Every hypothesis that applies in the setting, by cost. with_neurons: also those
 * at single neurons. BP_ENOMEM. The list is owned by the caller: bp_mem_free(). */
enum bp_status bp_fault_hypotheses(const struct bp_setting *setting, bool with_neurons,
                                   struct bp_hypothesis **list, size_t *n);

/* Puts the fault into a table of tables ops[1 .. L] (the right one, or one with
 * faults in it already). h must outlive ops. */
void bp_fault_plant(const struct bp_hypothesis *h, const struct bp_setting *setting,
                    struct bp_ops *ops);

/* Reads "name", "name:layer", "name:layer:neuron", each with an optional
 * "/variant" after the name. BP_EINPUT names the nearest. */
enum bp_status bp_fault_parse(const char *text, const struct bp_setting *setting,
                              struct bp_hypothesis *h, struct bp_error *error);

/* "sign-flipped:2", "...:2:1"; the inverse of bp_fault_parse(). */
void bp_fault_key(const struct bp_hypothesis *h, char *text, size_t size);

#endif
