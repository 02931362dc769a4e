/* mem.c -- aligned, zeroed, counted, and able to fail on demand. */
#include "core/mem.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

static atomic_size_t fail_at;
static atomic_size_t tried;
static atomic_size_t held;

/* Pages of 2 MB, for blocks that have several. */
enum { LARGE_PAGE = 1 << 21, LARGE_BLOCK = 1 << 23 };

/* Whole lines: aligned_alloc() wants a multiple of the alignment, and never 0 bytes. */
static size_t bytes_of(size_t n, size_t size)
{
    return (n * size / BP_MEM_ALIGN + 1) * BP_MEM_ALIGN;
}

/* A block of many pages, in large ones where the system has them: rows picked in a mixed
 * order would otherwise be looked up in the page table, each time anew. */
static void *new_block(size_t bytes)
{
    if (bytes < LARGE_BLOCK)
        return aligned_alloc(BP_MEM_ALIGN, bytes);
    void *block = NULL;
    if (posix_memalign(&block, LARGE_PAGE, bytes) != 0)
        return NULL;
#if defined(MADV_HUGEPAGE)
    (void)madvise(block, bytes / LARGE_PAGE * LARGE_PAGE, MADV_HUGEPAGE);
#endif
    return block;
}

void *bp_mem_room(size_t n, size_t size)
{
    const size_t turn = atomic_fetch_add(&tried, 1) + 1;
    if (turn == atomic_load(&fail_at))
        return NULL;
    if (size != 0 && n > (SIZE_MAX - BP_MEM_ALIGN) / size)
        return NULL;
    void *block = new_block(bytes_of(n, size));
    if (block != NULL)
        atomic_fetch_add(&held, 1);
    return block;
}

void *bp_mem_new(size_t n, size_t size)
{
    void *block = bp_mem_room(n, size);
    if (block != NULL)
        memset(block, 0, bytes_of(n, size));
    return block;
}

void *bp_mem_grow(void *block, size_t old_n, size_t new_n, size_t size)
{
    void *grown = bp_mem_new(new_n, size);
    if (grown == NULL)
        return NULL;
    if (block != NULL) {
        memcpy(grown, block, (old_n < new_n ? old_n : new_n) * size);
        bp_mem_free(block);
    }
    return grown;
}

char *bp_mem_text(const char *text)
{
    const size_t n = strlen(text) + 1;
    char *copy = bp_mem_new(n, 1);
    if (copy != NULL)
        memcpy(copy, text, n);
    return copy;
}

void bp_mem_free(void *block)
{
    if (block == NULL)
        return;
    atomic_fetch_sub(&held, 1);
    free(block);
}

void bp_mem_fail_at(size_t n)
{
    atomic_store(&tried, 0);
    atomic_store(&fail_at, n);
}

size_t bp_mem_tried(void)
{
    return atomic_load(&tried);
}

size_t bp_mem_held(void)
{
    return atomic_load(&held);
}
