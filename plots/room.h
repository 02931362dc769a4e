/* room.h -- where in a panel is there room for a few words?
 *
 * What is drawn is told as points and lines, in fractions of the panel from its
 * lower left; of the places offered for some words, the one that is farthest from
 * all of it is taken, and counts as drawn from then on. Cost: places x drawn.
 */
#ifndef BP_ROOM_H
#define BP_ROOM_H

#include "plots/ink.h"

#include <stddef.h>

enum { BP_ROOM_MAX = 1024 };

struct bp_room {
    double wide, tall; /* of the panel, as shares of the figure's */
    size_t n;          /* points; what is more than BP_ROOM_MAX is not seen */
    double x[BP_ROOM_MAX], y[BP_ROOM_MAX];
};

/* A straight line. */
void bp_room_line(struct bp_room *room, double x0, double y0, double x1, double y1);

/* Where words start ("left") or end ("right"), at their middle height. */
struct bp_room_place {
    double x, y;
    bool to_left; /* of x */
};

/* Writes the words (bound to be short) at the best of n places; false, and nothing is
 * written, when none is free, unless they must be. */
bool bp_room_write(struct bp_room *room, struct bp_script *to, const struct bp_room_place *place,
                   size_t n, enum bp_ink ink, const char *words, bool must);

#endif
