/* table.h -- the whole table, a share of it in a file, or the table from such files.
 *
 *     items of shard K of N, in each measure:   floor(n (K-1) / N) .. floor(n K / N) - 1
 *
 * A part holds what came of its items, trial by trial; the parts together print what one
 * run would have printed, byte for byte. What must agree between them: version, catalogue
 * (a hash of the faults' names and variants), measures, seed and sizes.
 */
#ifndef BP_TABLE_H
#define BP_TABLE_H

#include "measure.h"

enum { MEASURES = 9 };

/* In the order of the table. */
extern const struct measure *const table_measure[MEASURES];

/* Runs and prints what is wanted, one measure after another. BP_ENOMEM. */
enum bp_status table_run(const struct plan *plan, const bool wanted[MEASURES],
                         struct bp_error *error);

/* Runs this shard's share of what is wanted and leaves it at path. BP_EFILE, BP_ENOMEM. */
enum bp_status table_shard(const struct plan *plan, const bool wanted[MEASURES], size_t shard,
                           size_t shards, const char *path, struct bp_error *error);

/* Prints the table of n parts; plan says how. BP_EFILE, BP_EINPUT, BP_ENOMEM. */
enum bp_status table_merge(const struct plan *plan, const char *const *paths, size_t n,
                           struct bp_error *error);

#endif
