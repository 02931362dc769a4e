/* shard_part.h -- a share of some work, left in a file, and all the shares put together again.
 *
 *     {"backprobe-part": 1,
 *      "work": "check",              what it is a share of
 *      "identity": {...},            where two differ, they are of different work
 *      "shard": 2, "of": 3,          1 <= shard <= of
 *      ...}                          what the shard found: the caller's
 *
 * A file that is not whole, not a part, of other work, or of a shard that was there before
 * is refused with its name; so is a set with a shard missing. Files are at most 1 GiB.
 * Which shard is ours, and its share: shard.h.
 */
#ifndef BP_SHARD_PART_H
#define BP_SHARD_PART_H

#include "core/status.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- writing -------------------------------------------------------------------- */

/* Writes body with the four entries above put into it, whole or not at all. Takes body and
 * identity; either may be NULL: no memory. BP_EFILE, BP_ENOMEM. */
enum bp_status bp_shard_part_write(const char *path, const char *work, size_t shard, size_t shards,
                                   json_t *identity, json_t *body, struct bp_error *error);

/* FNV-1a, 64 bits, for what is too long to be said in an identity. */
#define BP_SHARD_HASH 0xcbf29ce484222325u
uint64_t bp_shard_part_hash(uint64_t so_far, const void *bytes, size_t n);

/* ---- reading -------------------------------------------------------------------- */

/* What is known of the work so far. */
struct bp_shard_parts {
    const char *work;  /* borrowed */
    const char *first; /* borrowed: the file that identity is of; NULL before the first */
    json_t *identity;
    size_t shards;
    const char **seen; /* [shards] borrowed: the file that each came from */
};

/* Reads one part; *root is the caller's, to json_decref(). BP_EFILE, BP_EINPUT (file, and
 * what was expected), BP_ENOMEM. */
enum bp_status bp_shard_parts_read(struct bp_shard_parts *parts, const char *path, json_t **root,
                                   size_t *shard, struct bp_error *error);

/* BP_EINPUT when a shard is missing, with its number. */
enum bp_status bp_shard_parts_complete(const struct bp_shard_parts *parts, struct bp_error *error);
void bp_shard_parts_release(struct bp_shard_parts *parts);

/* BP_EINPUT: "path: a part, but WHAT". */
enum bp_status bp_shard_part_refuse(struct bp_error *error, const char *path, const char *what);

/* Entries of an object. False when absent or of another type; a number that is not finite
 * is a string. */
bool bp_shard_part_number(const json_t *object, const char *key, double *number);
bool bp_shard_part_size(const json_t *object, const char *key, size_t *size);
bool bp_shard_part_numbers(const json_t *object, const char *key, size_t n, double *to);
/* Empty when absent; cut to size, control characters become '?'. */
void bp_shard_part_text(const json_t *object, const char *key, char *to, size_t size);

#endif
