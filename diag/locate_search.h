/* locate_search.h -- one wrong entry: which is it, and is it wrong? The parts that the
 * quick way (locate_together.c) and the thorough one (locate_search.c) share.
 *
 *     decode    R(d weighed by a digit of k) / R(d) is that digit of the only wrong k
 *               (locate_decode.c)
 *     confirm   entry k alone, beside its own derivative (locate_confirm.c)
 */
#ifndef BP_LOCATE_SEARCH_H
#define BP_LOCATE_SEARCH_H

#include "diag/locate_probe.h"

/* What is left over in a region, and where its one wrong entry is asked for. */
struct bp_decode {
    const struct bp_locate *locate; /* borrowed */
    struct bp_prober *p;            /* borrowed */
    struct bp_region region;
    double value;                   /* R(d), without what is named already */
    const struct bp_residual *like; /* borrowed: a probe that was settled */
};

/* What a probe with so many step sizes would say, at the best step for them. */
struct bp_residual bp_residual_tuned(const struct bp_residual *like, int levels);

/* What the entries that are named already leave in a region. */
double bp_decode_known(const struct bp_locate *locate, const struct bp_prober *p,
                       const struct bp_region *region, struct bp_digit digit);

/* The cheapest number of step sizes to do it with, least or more, and its evaluations; 0 and
 * SIZE_MAX where noise allows none. */
int bp_decode_levels(const struct bp_decode *decode, int least, size_t *cost);

/* The entry (of the region's tensor) that the digits spell; found is false when they
 * spell none. */
enum bp_status bp_decode_run(const struct bp_decode *decode, int least, size_t *entry, bool *found,
                             struct bp_error *error);

/* Entry i of a tensor by itself; reach: a step that all of the tensor takes well. */
enum bp_status bp_entry_try(struct bp_locate *locate, struct bp_prober *p, size_t tensor, size_t i,
                            double reach, struct bp_wrong_entry *entry, bool *wrong,
                            struct bp_error *error);

bool bp_entry_is_named(const struct bp_locate *locate, size_t k);

/* The same; whether it was wrong, and is on the list now (or was there, or there is no
 * room). */
enum bp_status bp_entry_confirm(struct bp_locate *locate, struct bp_prober *p, size_t tensor,
                                size_t i, double reach, bool *wrong, struct bp_error *error);

#endif
