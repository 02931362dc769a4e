/* shard.h -- one gradient check on many machines: for programs whose loss is slow.
 *
 * An exhaustive check by a program's own loss is 2 to 6 calls a parameter, and no
 * call needs another. Shard K of N takes its share of the parameters and leaves a
 * part, a JSON file; the parts together make the very report that one run would have
 * made, byte for byte. Shard 1 also looks at the contract, the cause and the steps,
 * which are a few calls.
 *
 *     parameters of shard K:   floor(P (K-1) / N) .. floor(P K / N) - 1
 *
 * A part names what it is a part of: program, network, options, and a hash (FNV-1a,
 * 64 bits) of the point and the data. What does not fit together is refused, with the
 * file's name: a missing shard, the same one twice, one of another check.
 */
#ifndef BP_SHARD_H
#define BP_SHARD_H

#include "diag/checkup.h"

enum { BP_SHARDS_MAX = 10000 };

/* "3/8", or "auto": from SLURM_ARRAY_TASK_ID, _MIN and _COUNT, or from
 * OMPI_COMM_WORLD_RANK and _SIZE. BP_EINPUT. */
enum bp_status bp_shard_parse(const char *text, size_t *shard, size_t *shards,
                              struct bp_error *error);

/* The parameters of shard 1 <= shard <= shards. */
void bp_shard_range(size_t shard, size_t shards, size_t n_theta, size_t *first, size_t *count);

/* Writes the part to path, whole or not at all. options: as the checkup was run.
 * BP_EFILE, BP_ENOMEM. */
enum bp_status bp_shard_write(const char *path, const struct bp_checkup *checkup,
                              const struct bp_view *view, const struct bp_checkup_options *options,
                              struct bp_error *error);

/* A checkup made of parts: what bp_checkup_text() needs, with a network for the names. */
struct bp_merged {
    struct bp_checkup checkup;
    struct bp_mlp net; /* empty when the program is not described */
    char name[200];
};

/* Reads n files. BP_EFILE, BP_EINPUT (file, and what was expected), BP_ENOMEM. */
enum bp_status bp_shard_merge(struct bp_merged *merged, const char *const *paths, size_t n,
                              struct bp_error *error);
void bp_merged_release(struct bp_merged *merged);

#endif
