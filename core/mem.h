/* mem.h -- the one place that allocates.
 *
 * Every block is aligned to BP_MEM_ALIGN bytes, and zeroed unless it says otherwise. Sizes are
 * counts times element sizes, checked for overflow. Tests can make the n-th allocation fail, and
 * count what is still held.
 */
#ifndef BP_MEM_H
#define BP_MEM_H

#include <stddef.h>

enum { BP_MEM_ALIGN = 64 };

/* n elements of size bytes, zeroed; NULL when there is no memory (or the
 * product overflows). n = 0 gives a valid block of no use. */
void *bp_mem_new(size_t n, size_t size);

/* The same, but nothing is known of what is in it: for results that are all written. */
void *bp_mem_room(size_t n, size_t size);

/* As realloc, for a block of old_n elements; the added part is zeroed. On
 * failure the old block stays valid and NULL is returned. */
void *bp_mem_grow(void *block, size_t old_n, size_t new_n, size_t size);

/* A copy of text that bp_mem_free() takes; NULL when there is no memory. */
char *bp_mem_text(const char *text);

/* Accepts NULL. */
void bp_mem_free(void *block);

/* Tests: the n-th allocation from now on fails (1 = the next one), and only
 * that; 0 switches it off. */
void bp_mem_fail_at(size_t n);

/* Tests: how many allocations were tried since the last bp_mem_fail_at(). */
size_t bp_mem_tried(void);

/* Tests: how many blocks are held now. */
size_t bp_mem_held(void);

#endif
