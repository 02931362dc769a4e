/* check_mem.c -- the one place that allocates: blocks of every size keep its promises. */
#include "core/mem.h"
#include "tests/small.h"

#include <check.h>
#include <stdint.h>
#include <string.h>

/* About a line, a page, and on both sides of where large pages are asked for. */
static const size_t SIZE[] = {0,       1,       64,      4095,    4096,     1 << 21,      8388544,
                              8388607, 8388608, 8388609, 9000001, 10485760, (1 << 24) + 1};
enum { SIZES = sizeof SIZE / sizeof SIZE[0] };

static void is_all(const unsigned char *block, size_t from, size_t to, unsigned char value)
{
    for (size_t k = from; k < to; k++)
        if (block[k] != value)
            ck_abort_msg("byte %zu is %d, not %d", k, block[k], value);
}

START_TEST(blocks_of_every_size_are_aligned_zeroed_and_counted)
{
    const size_t held = bp_mem_held(), size = SIZE[_i];
    for (int turn = 0; turn < 2; turn++) { /* the second is where the first was, written to */
        unsigned char *block = bp_mem_new(size, 1);
        ck_assert_ptr_nonnull(block);
        ck_assert_uint_eq((uintptr_t)block % BP_MEM_ALIGN, 0);
        ck_assert_uint_eq(bp_mem_held(), held + 1);
        is_all(block, 0, size, 0);
        memset(block, 7, size);
        is_all(block, 0, size, 7);
        bp_mem_free(block);
        ck_assert_uint_eq(bp_mem_held(), held);
    }
}
END_TEST

START_TEST(a_block_grows_past_a_large_page_with_what_is_in_it)
{
    const size_t held = bp_mem_held(), before = 5000, after = (1 << 23) + 77;
    unsigned char *block = bp_mem_new(before, 1);
    ck_assert_ptr_nonnull(block);
    memset(block, 9, before);
    bp_mem_fail_at(1);
    ck_assert_ptr_null(bp_mem_grow(block, before, after, 1));
    bp_mem_fail_at(0);
    unsigned char *grown = bp_mem_grow(block, before, after, 1);
    ck_assert_ptr_nonnull(grown);
    is_all(grown, 0, before, 9);
    is_all(grown, before, after, 0);
    ck_assert_uint_eq(bp_mem_held(), held + 1);
    bp_mem_free(grown);
    ck_assert_uint_eq(bp_mem_held(), held);
}
END_TEST

/* The last of them is more than any machine has, though no product overflows; sanitizers end
 * the program at such a size. */
START_TEST(what_cannot_be_had_is_null_and_not_held)
{
    const size_t held = bp_mem_held();
    ck_assert_ptr_null(bp_mem_new(SIZE_MAX / 4, 8));
    ck_assert_ptr_null(bp_mem_new(SIZE_MAX, 1));
    ck_assert_ptr_null(bp_mem_room(SIZE_MAX / 2, 3));
    if (!small_only())
        ck_assert_ptr_null(bp_mem_room(SIZE_MAX / 4, 2));
    ck_assert_uint_eq(bp_mem_held(), held);
}
END_TEST

Suite *mem_suite(void);
Suite *mem_suite(void)
{
    Suite *suite = suite_create("mem");
    TCase *tcase = tcase_create("mem");
    tcase_add_loop_test(tcase, blocks_of_every_size_are_aligned_zeroed_and_counted, 0, SIZES);
    tcase_add_test(tcase, a_block_grows_past_a_large_page_with_what_is_in_it);
    tcase_add_test(tcase, what_cannot_be_had_is_null_and_not_held);
    suite_add_tcase(suite, tcase);
    return suite;
}
