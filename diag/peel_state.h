/* peel_state.h -- a story while it is being told: which stages were chosen in the
 * layers done so far, what each tensor was a multiple of, and the e and delta
 * that go with it at every probe. And the beam: the cheapest few of them. */
#ifndef BP_PEEL_STATE_H
#define BP_PEEL_STATE_H

#include "diag/peel.h"

struct bp_peel_state {
    double cost;
    size_t n_parts;
    size_t part[BP_STORY_MAX];  /* indices into bp_parts.part */
    unsigned use;               /* probes at which delta is known, one bit each */
    unsigned char *unexplained; /* [L + 1]: enum bp_unexplained */
    struct bp_fit *fit;         /* [n_tensors] */
    double *arrays;             /* for each probe: e, then delta, of all layers */
};

struct bp_peel_beam {
    struct bp_peel_state state[BP_BEAM];
    size_t order[BP_BEAM]; /* cheapest first */
    size_t n;
    void *block; /* owned */
};

/* How many numbers of e and delta a state holds. */
size_t bp_peel_array_count(const struct bp_predictor *p);

/* Where e (which 0) or delta (1) of layer l at probe k is. */
size_t bp_peel_array_at(const struct bp_predictor *p, size_t k, int which, size_t l);

enum bp_status bp_peel_beam_init(struct bp_peel_beam *beam, const struct bp_predictor *p);
void bp_peel_beam_release(struct bp_peel_beam *beam);

/* A copy of from with this cost in its place; NULL when it is too dear to keep. */
struct bp_peel_state *bp_peel_beam_add(struct bp_peel_beam *beam, const struct bp_predictor *p,
                                       const struct bp_peel_state *from, double cost);

#endif
