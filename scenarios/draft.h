/* draft.h -- the keys of a scenario file: what each accepts and where it goes.
 *
 * The table, draft.c, is the one place where a key is: a new one is a new row
 * (and, when it is to be more than a number, a few lines in scenario.c that put
 * it together with others).
 */
#ifndef BP_DRAFT_H
#define BP_DRAFT_H

#include "scenarios/scenario.h"

/* What the table fills: a scenario, and what is put together from several keys. */
struct bp_draft {
    struct bp_scenario scenario;
    struct bp_key_numbers widths, hidden;
    unsigned output, loss, reduction, targets, check_at, method;
    double slope;
    bool bias;
    unsigned scheme[2]; /* of weights and biases */
};

/* With everything that is not said as it then is. */
void bp_draft_init(struct bp_draft *draft);

enum { BP_DRAFT_KEYS_MAX = 100 };
extern const struct bp_key bp_draft_keys[];
extern const size_t bp_draft_n_keys;

#endif
