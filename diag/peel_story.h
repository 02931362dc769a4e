/* peel_story.h -- the ends of peeling: from stages at single layers to faults as
 * a person would count them. */
#ifndef BP_PEEL_STORY_H
#define BP_PEEL_STORY_H

#include "diag/peel.h"

/* Fills h[] and cost from part[], factor[] and world: what is the same at every
 * layer where it can be is one fault. list: the hypotheses of the setting. */
void bp_story_merge(struct bp_story *story, const struct bp_setting *setting,
                    const struct bp_hypothesis *list, size_t n);

#endif
