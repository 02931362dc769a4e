/* numdiff_tiers.h -- the rows of the table in numdiff.c: what each tier defines. */
#ifndef BP_NUMDIFF_TIERS_H
#define BP_NUMDIFF_TIERS_H

#include "diag/numdiff.h"

extern const struct bp_tier bp_tier_central;
extern const struct bp_tier bp_tier_richardson;
extern const struct bp_tier bp_tier_complex;
extern const struct bp_tier bp_tier_structured;
extern const struct bp_tier bp_tier_delta_form;
extern const struct bp_tier bp_tier_node;

#endif
