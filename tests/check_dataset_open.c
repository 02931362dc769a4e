/* check_dataset_open.c -- a name brings the examples that it means. */
#include "core/dataset_open.h"
#include "core/mem.h"
#include "scratch.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct bp_dataset_request request(const char *name)
{
    struct bp_dataset_request r = {.n_in = 2, .n_out = 1};
    snprintf(r.name, sizeof r.name, "%s", name);
    return r;
}

static void open_ok(struct bp_dataset_pair *pair, const struct bp_dataset_request *r)
{
    struct bp_error error = {""};
    ck_assert_msg(bp_dataset_open(pair, r, &error) == BP_OK, "%s", error.text);
}

static void expect_refused(const struct bp_dataset_request *r, const char *line)
{
    struct bp_dataset_pair pair;
    struct bp_error error = {""};
    const size_t held = bp_mem_held();
    ck_assert_int_eq(bp_dataset_open(&pair, r, &error), BP_EINPUT);
    ck_assert_str_eq(error.text, line);
    ck_assert_uint_eq(bp_mem_held(), held);
}

START_TEST(gate_is_tested_on_its_own_rows)
{
    struct bp_dataset_pair pair;
    const struct bp_dataset_request r = request("or");
    open_ok(&pair, &r);
    ck_assert_str_eq(pair.train.title, "or");
    ck_assert_ptr_eq(bp_dataset_tested(&pair), &pair.train);
    bp_dataset_close(&pair);
}
END_TEST

START_TEST(sign_is_tested_on_other_numbers)
{
    struct bp_dataset_pair pair;
    struct bp_dataset_request r = request("sign");
    r.test = 50;
    open_ok(&pair, &r);
    ck_assert_uint_eq(pair.train.n, 200);
    ck_assert_uint_eq(bp_dataset_tested(&pair)->n, 50);
    ck_assert_double_ne(pair.train.x[0], pair.test.x[0]);
    bp_dataset_close(&pair);
}
END_TEST

START_TEST(digits_in_place_of_mnist_are_noted)
{
    struct bp_dataset_pair pair;
    struct bp_dataset_request r = request("mnist");
    r.train = 20;
    r.test = 10;
    setenv("MNIST_DIR", "/no/such/folder", 1);
    open_ok(&pair, &r);
    ck_assert_str_eq(pair.train.title, "digits");
    ck_assert_str_eq(pair.note, "mnist is not in /no/such/folder: drawn digits in its place (make "
                                "mnist downloads it)");
    ck_assert_uint_eq(pair.train.n, 20);
    ck_assert_uint_eq(pair.test.n, 10);
    bp_dataset_close(&pair);
}
END_TEST

START_TEST(last_lines_of_a_table_test)
{
    struct bp_dataset_pair pair;
    struct bp_dataset_request r = request(scratch_text("t.csv", "1,2,0\n3,4,1\n5,6,0\n7,8,1\n"));
    r.test = 1;
    open_ok(&pair, &r);
    ck_assert_uint_eq(pair.train.n, 3);
    ck_assert_double_eq(pair.test.x[0], 7.0);
    bp_dataset_close(&pair);
    r.train = 2;
    open_ok(&pair, &r);
    ck_assert_uint_eq(pair.train.n, 2);
    ck_assert_double_eq(pair.test.x[0], 7.0);
    bp_dataset_close(&pair);
}
END_TEST

START_TEST(seed_shuffles_a_table_before_it_is_divided)
{
    struct bp_dataset_pair pair;
    struct bp_dataset_request r = request(scratch_text("t.csv", "1,2,1\n3,4,3\n5,6,5\n7,8,7\n"));
    r.test = 1;
    r.seeded = true;
    bool other = false;
    for (r.seed = 1; r.seed < 10; r.seed++) {
        open_ok(&pair, &r);
        ck_assert_double_eq(pair.test.x[0], pair.test.t[0]);
        other = other || pair.test.x[0] != 7.0;
        bp_dataset_close(&pair);
    }
    ck_assert(other);
}
END_TEST

START_TEST(unknown_names_are_refused_with_the_nearest)
{
    const struct bp_dataset_request slip = request("minst");
    const struct bp_dataset_request nonsense = request("iris.txt");
    expect_refused(&slip, "'minst' is no data set, did you mean 'mnist'?");
    expect_refused(&nonsense, "'iris.txt' is no data set, expected and, or, xor, sign, digits, "
                              "mnist or a .csv file");
}
END_TEST

START_TEST(counts_that_cannot_be_are_refused)
{
    char line[400];
    struct bp_dataset_request r = request("xor");
    r.train = 3;
    expect_refused(&r, "data: xor always has its four examples, expected no train or test");
    r = request(scratch_text("t.csv", "1,2,0\n3,4,1\n"));
    r.test = 2;
    snprintf(line, sizeof line, "%.200s: 2 lines, expected the 1 to train and 2 to test asked for",
             r.name);
    expect_refused(&r, line);
    r.test = 1;
    r.train = 2;
    snprintf(line, sizeof line, "%.200s: 2 lines, expected the 2 to train and 1 to test asked for",
             r.name);
    expect_refused(&r, line);
}
END_TEST

START_TEST(shapes_are_known_without_opening)
{
    size_t n_in = 0, n_out = 0;
    ck_assert_int_eq(bp_dataset_shape("mnist", &n_in, &n_out, NULL), BP_OK);
    ck_assert_uint_eq(n_in, 784);
    ck_assert_uint_eq(n_out, 10);
    ck_assert(bp_dataset_is_table("a.csv"));
    ck_assert(!bp_dataset_is_table(".csv"));
}
END_TEST

static enum bp_status open_it(void *self, struct bp_error *error)
{
    struct bp_dataset_pair pair;
    const enum bp_status status = bp_dataset_open(&pair, self, error);
    bp_dataset_close(&pair);
    return status;
}

START_TEST(every_failed_allocation_is_reported_and_nothing_is_kept)
{
    static const char *const NAMES[] = {"xor", "sign", "digits"};
    for (size_t i = 0; i < 3; i++) {
        struct bp_dataset_request r = request(NAMES[i]);
        r.train = r.test = i == 0 ? 0 : 5;
        ck_assert_uint_eq(scratch_fail_every(open_it, &r), i == 0 ? 2 : 4);
    }
    struct bp_dataset_request r = request(scratch_text("t.csv", "1,2,0\n3,4,1\n5,6,0\n"));
    r.test = 1;
    r.seeded = true;
    ck_assert_uint_eq(scratch_fail_every(open_it, &r), 10);
}
END_TEST

Suite *dataset_open_suite(void);
Suite *dataset_open_suite(void)
{
    Suite *suite = suite_create("dataset_open");
    TCase *tcase = tcase_create("dataset_open");
    tcase_add_checked_fixture(tcase, scratch_open, scratch_close);
    tcase_add_test(tcase, gate_is_tested_on_its_own_rows);
    tcase_add_test(tcase, sign_is_tested_on_other_numbers);
    tcase_add_test(tcase, digits_in_place_of_mnist_are_noted);
    tcase_add_test(tcase, last_lines_of_a_table_test);
    tcase_add_test(tcase, seed_shuffles_a_table_before_it_is_divided);
    tcase_add_test(tcase, unknown_names_are_refused_with_the_nearest);
    tcase_add_test(tcase, counts_that_cannot_be_are_refused);
    tcase_add_test(tcase, shapes_are_known_without_opening);
    tcase_add_test(tcase, every_failed_allocation_is_reported_and_nothing_is_kept);
    suite_add_tcase(suite, tcase);
    return suite;
}
