/* check_spec.c -- a network in one line of text, right and wrong. */
#include "core/mem.h"
#include "core/spec.h"

#include <check.h>
#include <string.h>

static const char *const GOOD[] = {
    "2-2-1 sigmoid squared-error mean",
    "784-30-10 tanh,softmax softmax-cross-entropy mean l2=0.001",
    "4-8-8-3 relu,tanh,identity squared-error sum factor=2 no-bias",
    "4-8-3 leaky-relu,identity squared-error mean slope=0.25",
    "5-1 sigmoid binary-cross-entropy sum",
};

START_TEST(text_is_a_fixed_point_of_parsing)
{
    struct bp_spec spec;
    char text[BP_SPEC_TEXT_MAX];
    struct bp_error error = {""};
    ck_assert_msg(bp_spec_parse(&spec, GOOD[_i], &error) == BP_OK, "%s", error.text);
    bp_spec_text(&spec, text, sizeof text);
    if (strstr(GOOD[_i], "0.001") == NULL)
        ck_assert_str_eq(text, GOOD[_i]);
    struct bp_spec again;
    char second[BP_SPEC_TEXT_MAX];
    ck_assert_int_eq(bp_spec_parse(&again, text, NULL), BP_OK);
    bp_spec_text(&again, second, sizeof second);
    ck_assert_str_eq(text, second);
    bp_spec_release(&again);
    bp_spec_release(&spec);
}
END_TEST

static const struct {
    const char *text, *complaint;
} BAD[] = {
    {"", "expected WIDTHS ACTIVATION LOSS"},
    {"2-2-1", "expected WIDTHS ACTIVATION LOSS"},
    {"2 sigmoid squared-error", "expected widths"},
    {"2--1 sigmoid squared-error", "width 1: expected 1 to"},
    {"2-0-1 sigmoid squared-error", "width 1: expected 1 to"},
    {"2--3-1 sigmoid squared-error", "expected 1 to"},
    {"2-99999999999999999999-1 sigmoid squared-error", "width 1: expected 1 to"},
    {"2-x-1 sigmoid squared-error", "width 1: expected 1 to"},
    {"2-2-1 sigmod squared-error", "'sigmod': expected an activation"},
    {"2-2-1 sigmoid,tanh,relu squared-error", "more activations than"},
    {"2-2-2-2-1 relu,tanh,relu squared-error", "3 activations for 4 layers"},
    {"2-2-1 softmax,sigmoid squared-error", "softmax at layer 1"},
    {"2-2-1 sigmoid squarederror", "'squarederror': expected a loss"},
    {"2-2-1 sigmoid squared-error average", "'average': expected mean, sum"},
    {"2-2-1 sigmoid squared-error l2=nan", "expected mean, sum"},
    {"2-2-1 sigmoid squared-error l2=-1", "l2 is -1"},
    {"2-2-1 sigmoid squared-error factor=0", "factor is 0"},
    {"2-2-1 sigmoid squared-error factor=1e999", "expected mean, sum"},
    {"1000000-1000000-1000000-1000000 sigmoid squared-error", NULL},
};

START_TEST(bad_text_is_refused_with_the_word_and_what_was_expected)
{
    struct bp_spec spec;
    struct bp_error error = {""};
    const size_t held = bp_mem_held();
    const enum bp_status status = bp_spec_parse(&spec, BAD[_i].text, &error);
    if (BAD[_i].complaint != NULL) {
        ck_assert_int_eq(status, BP_EINPUT);
        ck_assert_msg(strstr(error.text, BAD[_i].complaint) != NULL, "%s: %s", BAD[_i].text,
                      error.text);
    }
    if (status == BP_OK)
        bp_spec_release(&spec);
    ck_assert_uint_eq(bp_mem_held(), held);
}
END_TEST

START_TEST(hidden_and_output_activations_go_where_they_belong)
{
    struct bp_spec spec;
    ck_assert_int_eq(bp_spec_parse(&spec, "2-3-4-1 tanh,sigmoid mse", NULL), BP_OK);
    ck_assert_int_eq(spec.layer[1].activation, BP_TANH);
    ck_assert_int_eq(spec.layer[2].activation, BP_TANH);
    ck_assert_int_eq(spec.layer[3].activation, BP_SIGMOID);
    ck_assert_uint_eq(bp_spec_parameters(&spec), 3 * 2 + 3 + 4 * 3 + 4 + 4 + 1);
    ck_assert_uint_eq(bp_spec_units(&spec), 8);
    bp_spec_release(&spec);
}
END_TEST

Suite *spec_suite(void);
Suite *spec_suite(void)
{
    Suite *suite = suite_create("spec");
    TCase *tcase = tcase_create("spec");
    tcase_add_loop_test(tcase, text_is_a_fixed_point_of_parsing, 0, sizeof GOOD / sizeof GOOD[0]);
    tcase_add_loop_test(tcase, bad_text_is_refused_with_the_word_and_what_was_expected, 0,
                        sizeof BAD / sizeof BAD[0]);
    tcase_add_test(tcase, hidden_and_output_activations_go_where_they_belong);
    suite_add_tcase(suite, tcase);
    return suite;
}
