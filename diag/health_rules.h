/* health_rules.h -- the tables of health rules, one a file, and what their
 * functions share. Only the health_*.c files include this. */
#ifndef BP_HEALTH_RULES_H
#define BP_HEALTH_RULES_H

#include "diag/health.h"

extern const struct bp_rule_table bp_health_data_rules;
extern const struct bp_rule_table bp_health_network_rules;
extern const struct bp_rule_table bp_health_run_rules;

/* The run was watched, and did not get where it should. */
bool bp_health_failing(const struct bp_health *health);

const struct bp_checkpoint *bp_health_first(const struct bp_health *health);
const struct bp_checkpoint *bp_health_last(const struct bp_health *health);

/* The step of the first checkpoint from which on holds() is true to the end, for
 * layer l; -1 when it is not at the end. */
long bp_health_since(const struct bp_health *health, size_t l,
                     bool (*holds)(const struct bp_health *, size_t point, size_t l,
                                   double threshold),
                     double threshold);

#endif
