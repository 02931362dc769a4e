/* nearest.h -- which valid name did they mean?
 *
 * The distance of two words is the number of letters put in, left out, changed
 * or swapped with their neighbour to make one of the other (Damerau 1964, in
 * the form of optimal string alignment); capitals count as small letters, and
 * '_' as '-'. The nearest name is offered when a third of the word or less is
 * wrong. Cost: the product of the lengths a name; no memory.
 *
 *     struct bp_nearest nearest;
 *     bp_nearest_begin(&nearest, "epcohs");
 *     bp_nearest_offer(&nearest, "epochs");      for each valid name
 *     bp_nearest_name(&nearest)                  "epochs", or NULL
 */
#ifndef BP_NEAREST_H
#define BP_NEAREST_H

#include <stddef.h>

enum { BP_NEAREST_WORD_MAX = 64 }; /* longer words are compared up to here */

struct bp_nearest {
    const char *word; /* borrowed */
    const char *name; /* borrowed: the nearest so far */
    size_t distance;
};

void bp_nearest_begin(struct bp_nearest *nearest, const char *word);
void bp_nearest_offer(struct bp_nearest *nearest, const char *name);

/* The first of the nearest, or NULL when none is near. */
const char *bp_nearest_name(const struct bp_nearest *nearest);

/* The number of letters that are wrong. */
size_t bp_nearest_distance(const char *a, const char *b);

#endif
