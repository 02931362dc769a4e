/* fault.h -- one entry of the catalogue: a way in which a network that does not
 * train is got wrong.
 *
 * The same entry plants a fault (a copy of the right table of stages with an
 * entry replaced), predicts the gradient that it would produce (a backward pass
 * over that table), and is undone to prove it. It holds the words too: name,
 * title, the formula right and wrong, how it shows, code with the mistake and
 * the correction, and what it is confused with.
 *
 * A hypothesis is a fault with its variant and place filled in. A stage that a
 * fault puts in gets the hypothesis as its params, and the right stage beside.
 * It writes out only, and allocates nothing.
 *
 * Faults of kind gradient are seen in the gradient at a fixed theta. The others
 * are planted in what goes around the gradient (the start, the data, the rate,
 * the network), or only named and explained here: their evidence is gathered by
 * other looks.
 */
#ifndef BP_FAULT_H
#define BP_FAULT_H

#include "core/dataset.h"
#include "core/init.h"
#include "core/mlp.h"
#include "core/sgd.h"
#include "diag/faults/usercheck.h"

#include <stdint.h>

struct bp_fault;

enum { BP_ALL_LAYERS = 0, BP_HYPOTHESIS_TEXT_MAX = 160 };
#define BP_HIDDEN_LAYERS SIZE_MAX /* in place of a layer: every hidden one where it applies */
#define BP_NO_NEURON SIZE_MAX

/* What a fault is in; also what shows it. */
#define BP_KIND_LIST(X)                                                                            \
    X(BP_KIND_GRADIENT, "the gradient at a fixed theta")                                           \
    X(BP_KIND_UPDATE, "theta after a step, beside theta - rate * gradient")                        \
    X(BP_KIND_CALL, "the same call twice, and a batch beside its samples")                         \
    X(BP_KIND_START, "the parameters before training")                                             \
    X(BP_KIND_DATA, "the examples")                                                                \
    X(BP_KIND_RATE, "the loss beside the size of the steps")                                       \
    X(BP_KIND_NETWORK, "the description of the network")                                           \
    X(BP_KIND_CHECK, "the gradient check's own numbers")                                           \
    X(BP_KIND_RUN, "activations, deltas and loss over a run")                                      \
    X(BP_KIND_UNKNOWN, "what is left when everything known is ruled out")                          \
    X(BP_KIND_NOTE, "its own steps and trace, beside the right ones; no fault")

#define BP_KIND_ENUM(name, evidence) name,
enum bp_kind { BP_KIND_LIST(BP_KIND_ENUM) BP_KINDS };
#undef BP_KIND_ENUM

const char *bp_kind_evidence(enum bp_kind kind);

/* A fault at a place. */
struct bp_hypothesis {
    const struct bp_fault *fault; /* borrowed */
    int variant;                  /* 0 .. fault->variants - 1 */
    size_t layer;  /* 1 .. L, or BP_ALL_LAYERS, BP_HIDDEN_LAYERS: wherever it applies there */
    size_t neuron; /* or BP_NO_NEURON */
    double factor; /* for faults whose factor is solved for, or that have a rate; else 1 */
    double cost;   /* prior: lower is commoner */
    size_t rank;   /* order in the catalogue, for equal costs */
};

/* What is known of where a fault is tried. */
struct bp_setting {
    const struct bp_mlp *net; /* borrowed */
    size_t n;                 /* the largest batch among the probes */
    double rate;              /* of the steps; 0 when not known */
    bool masked;              /* a dropout mask is in use */
    bool zeros;               /* some z of the probes are exactly 0 */
};

/* Where a fault can be. */
enum bp_extent {
    BP_AT_OUTPUT = 1,     /* layer L */
    BP_AT_HIDDEN = 2,     /* one of 1 .. L-1 */
    BP_AT_ANY = 4,        /* one of 1 .. L */
    BP_AT_ALL = 8,        /* everywhere at once, of the layers that the bits above allow; alone:
                             everywhere */
    BP_AT_NEURON = 16,    /* one neuron of a layer that the bits above allow, and only that */
    BP_AT_ALL_HIDDEN = 32 /* every hidden layer at once, the output layer not */
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
    const char *name;  /* after what is wrong: "missing-activation-derivative" */
    const char *title; /* one line */
    const char *help;  /* what to change, one line; may hold {l} for the layer */
    enum bp_kind kind;
    enum bp_slot slot;          /* the (first) stage replaced; of kinds gradient and update */
    double cost;                /* prior, added to 1 */
    int variants;               /* >= 1 */
    const char *const *variant; /* [variants]: what each does; NULL for one */
    const double *variant_cost; /* [variants]: added to cost; NULL: nothing */
    unsigned extent;            /* of enum bp_extent */
    bool solved;   /* h->factor is to be solved for; in the list it is 1, which is right */
    bool own_rate; /* once parsed, h->factor is the setting's rate, for every pass; in the list it
                      is 1, and the pass's rate counts */
    const char *const *also; /* [variants]: names of faults that the variant holds too, with
                                blanks between them; or NULL */
    /* Whether this variant at this layer (never BP_ALL_LAYERS: every layer is
     * asked) makes sense there and differs from right; NULL: always. */
    bool (*applies)(const struct bp_setting *setting, int variant, size_t layer);
    /* Replaces stages at one layer in ops[layer]; h is borrowed by the stages. */
    void (*plant)(const struct bp_hypothesis *h, size_t layer, struct bp_ops *ops);
    /* At the output layer: the loss whose right gradient this is, where there is
     * one (then it is no fault of backpropagation); NULL: never. */
    bool (*of_loss)(const struct bp_setting *setting, int variant, enum bp_loss *loss);
    /* Planting in what goes around the gradient; NULL: cannot be planted so. */
    void (*plant_init)(const struct bp_hypothesis *h, struct bp_init *init);
    void (*plant_start)(const struct bp_hypothesis *h, struct bp_mlp *net); /* theta, after init */
    void (*plant_data)(const struct bp_hypothesis *h, struct bp_dataset *data);
    void (*plant_train)(const struct bp_hypothesis *h, struct bp_train *train);
    void (*plant_network)(const struct bp_hypothesis *h, struct bp_spec *spec);
    void (*plant_check)(const struct bp_hypothesis *h, struct bp_usercheck *check);
    const char *example; /* a command that shows it; "": none does; NULL: one is looked for */
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

/* Whether it has a plant of any sort. */
bool bp_fault_plantable(const struct bp_fault *fault);

/* Whether h's variant makes sense at this layer, and h's place takes it in. */
bool bp_fault_applies(const struct bp_hypothesis *h, const struct bp_setting *setting,
                      size_t layer);

/* Every hypothesis of kind gradient that applies in the setting, by cost.
 * with_neurons: also those at single neurons. In a network of one layer "everywhere"
 * stands for that layer. BP_ENOMEM. The list is owned by the caller: bp_mem_free(). */
enum bp_status bp_fault_hypotheses(const struct bp_setting *setting, bool with_neurons,
                                   struct bp_hypothesis **list, size_t *n);

/* Puts the fault into a table of tables ops[1 .. L] (the right one, or one with
 * faults in it already). h must outlive ops. */
void bp_fault_plant(const struct bp_hypothesis *h, const struct bp_setting *setting,
                    struct bp_ops *ops);

/* Reads "name", "name:layer", "name:layer:neuron", with "hidden" or a number for the
 * layer, and after the name, each optional, "/variant" and "=factor":
 * "constant-factor/1=0.5:2". Without a layer it is everywhere, or at the only place
 * where it can be. BP_EINPUT says what was expected, and names the nearest. */
enum bp_status bp_fault_parse(const char *text, const struct bp_setting *setting,
                              struct bp_hypothesis *h, struct bp_error *error);

/* The name nearest to text, for a suggestion; NULL when none is near. */
const char *bp_fault_nearest(const char *text);

/* "sign-flipped:2", "...:2:1"; the inverse of bp_fault_parse(). The factor is
 * written so that it reads back the same. */
void bp_fault_key(const struct bp_hypothesis *h, char *text, size_t size);

#endif
