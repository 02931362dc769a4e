/* check_nearest.c -- a slip of the fingers finds its word, nonsense finds none. */
#include "core/nearest.h"

#include <check.h>
#include <string.h>

static const char *nearest_of(const char *word)
{
    static const char *const NAMES[] = {"rate", "batch", "epochs", "momentum", "weight-decay"};
    struct bp_nearest nearest;
    bp_nearest_begin(&nearest, word);
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        bp_nearest_offer(&nearest, NAMES[i]);
    return bp_nearest_name(&nearest);
}

START_TEST(distance_counts_letters_that_are_wrong)
{
    ck_assert_uint_eq(bp_nearest_distance("rate", "rate"), 0);
    ck_assert_uint_eq(bp_nearest_distance("rat", "rate"), 1);
    ck_assert_uint_eq(bp_nearest_distance("ratte", "rate"), 1);
    ck_assert_uint_eq(bp_nearest_distance("rafe", "rate"), 1);
    ck_assert_uint_eq(bp_nearest_distance("rtae", "rate"), 1);
    ck_assert_uint_eq(bp_nearest_distance("", "rate"), 4);
    ck_assert_uint_eq(bp_nearest_distance("kitten", "sitting"), 3);
}
END_TEST

START_TEST(slips_find_their_word)
{
    ck_assert_str_eq(nearest_of("epcohs"), "epochs");
    ck_assert_str_eq(nearest_of("epoch"), "epochs");
    ck_assert_str_eq(nearest_of("Momentun"), "momentum");
    ck_assert_str_eq(nearest_of("WEIGHT_DECAY"), "weight-decay");
}
END_TEST

START_TEST(nonsense_finds_none)
{
    ck_assert_ptr_null(nearest_of("xyz"));
    ck_assert_ptr_null(nearest_of(""));
}
END_TEST

START_TEST(very_long_words_are_compared_up_to_a_limit)
{
    static char a[100001], b[100001];
    memset(a, 'a', 100000);
    memset(b, 'b', 100000);
    ck_assert_uint_eq(bp_nearest_distance(a, b), BP_NEAREST_WORD_MAX);
    ck_assert_uint_eq(bp_nearest_distance(a, a), 0);
}
END_TEST

Suite *nearest_suite(void);
Suite *nearest_suite(void)
{
    Suite *suite = suite_create("nearest");
    TCase *tcase = tcase_create("nearest");
    tcase_add_test(tcase, distance_counts_letters_that_are_wrong);
    tcase_add_test(tcase, slips_find_their_word);
    tcase_add_test(tcase, nonsense_finds_none);
    tcase_add_test(tcase, very_long_words_are_compared_up_to_a_limit);
    suite_add_tcase(suite, tcase);
    return suite;
}
