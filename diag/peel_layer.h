/* peel_layer.h -- one layer more of a story: every way to get its delta, every way
 * to get dW and db of it, that the claims bear out (see peel.h). */
#ifndef BP_PEEL_LAYER_H
#define BP_PEEL_LAYER_H

#include "diag/peel_witness.h"

/* One layer of one world. */
struct bp_peel_level {
    struct bp_peel *peel;
    size_t l;
    struct bp_peel_beam *next; /* where the longer stories go */
    double explained;          /* cost of the cheapest story without anything unexplained so far */
    double own;                /* the same, of the story that is being told on */
    bool thorough;             /* look for two wrong stages in one delta too */
    bool all;                  /* and for those beside a wrong outer product or bias sum */
};

/* Tells a story on by layer level->l. */
void bp_peel_expand(struct bp_peel_level *level, const struct bp_peel_state *from);

#endif
