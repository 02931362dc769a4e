/* check_csv.c -- tables of numbers are read as written, or refused with the place. */
#include "core/csv.h"
#include "core/mem.h"
#include "scratch.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum bp_status read_bytes(struct bp_dataset *data, const char *text, size_t n,
                                 struct bp_error *error)
{
    return bp_csv_read(data, scratch_write("t.csv", text, n), 2, 1, error);
}

/* Three columns: two inputs and a target. */
static void expect_rows(const char *text, size_t rows)
{
    struct bp_dataset data;
    struct bp_error error = {""};
    ck_assert_msg(read_bytes(&data, text, strlen(text), &error) == BP_OK, "%s", error.text);
    ck_assert_uint_eq(data.n, rows);
    ck_assert_double_eq(data.x[0], 1.0);
    ck_assert_double_eq(data.x[1], -2.5);
    ck_assert_double_eq(data.t[0], 300.0);
    bp_dataset_release(&data);
}

/* The line without the folder, and nothing kept. */
static void expect_line(const char *text, size_t n, const char *line)
{
    struct bp_dataset data;
    struct bp_error error = {""};
    const size_t held = bp_mem_held();
    ck_assert_int_eq(read_bytes(&data, text, n, &error), BP_EINPUT);
    const char *name = strrchr(error.text, '/');
    while (name != NULL && strncmp(name, "/t.csv", 6) != 0 && name > error.text)
        for (name--; name > error.text && *name != '/'; name--)
            ;
    ck_assert_ptr_nonnull(name);
    ck_assert_str_eq(name + 1, line);
    ck_assert_uint_eq(bp_mem_held(), held);
    ck_assert_ptr_null(data.x);
}

static void expect(const char *text, const char *line)
{
    expect_line(text, strlen(text), line);
}

START_TEST(inputs_come_before_targets)
{
    expect_rows("1,-2.5,3e2\n4,5,6\n", 2);
}
END_TEST

START_TEST(last_line_needs_no_newline)
{
    expect_rows("1,-2.5,3e2\n4,5,6", 2);
}
END_TEST

START_TEST(crlf_and_blanks_are_accepted)
{
    expect_rows("1, -2.5 ,\t300\r\n4,5,6\r\n", 2);
    expect_rows("1, -2.5 ,\t300\r\n4,5,6\r", 2);
}
END_TEST

START_TEST(line_of_names_is_skipped)
{
    expect_rows("height,\"weight\",adult\n1,-2.5,300\n", 1);
}
END_TEST

START_TEST(byte_order_mark_is_skipped)
{
    expect_rows("\xef\xbb\xbf"
                "1,-2.5,300\n",
                1);
    expect_rows("\xef\xbb\xbf"
                "x,y,z\n1,-2.5,300\n",
                1);
}
END_TEST

START_TEST(empty_lines_at_the_end_are_accepted)
{
    expect_rows("1,-2.5,300\n\n \r\n\n", 1);
}
END_TEST

START_TEST(many_rows_all_arrive)
{
    enum { ROWS = 1000 };
    char *text = malloc(ROWS * 32);
    size_t n = 0;
    for (int i = 0; i < ROWS; i++)
        n += (size_t)sprintf(text + n, "%d,%d.5,%d\n", i, i, -i);
    struct bp_dataset data;
    ck_assert_int_eq(read_bytes(&data, text, n, NULL), BP_OK);
    ck_assert_uint_eq(data.n, ROWS);
    for (size_t i = 0; i < ROWS; i++)
        ck_assert(data.x[2 * i] == (double)i && data.x[2 * i + 1] == (double)i + 0.5 &&
                  data.t[i] == -(double)i);
    bp_dataset_release(&data);
    free(text);
}
END_TEST

START_TEST(targets_of_0_and_1_are_classes)
{
    struct bp_dataset data;
    ck_assert_int_eq(read_bytes(&data, "1,2,0\n3,4,1\n", 12, NULL), BP_OK);
    ck_assert_uint_eq(data.classes, 2);
    ck_assert_str_eq(data.title, "t.csv");
    ck_assert_str_eq(data.source, "2 lines of t.csv");
    bp_dataset_release(&data);
}
END_TEST

START_TEST(wrong_number_of_columns_is_refused)
{
    expect("1,2,3\n1,2\n", "t.csv:2:4: 2 columns, expected 3");
    expect("1,2,3\n1,2,3,4\n", "t.csv:2:7: 4 columns, expected 3");
    expect("1;2;3\n", "t.csv:1:6: 1 columns, expected 3 (separated by commas, not ';')");
    expect("1\t2\t3\n", "t.csv:1:6: 1 columns, expected 3 (separated by commas, not tabs)");
}
END_TEST

START_TEST(text_is_refused)
{
    expect("1,2,3\n1,two,3\n", "t.csv:2:3: 'two': expected a number");
    expect("1,2,three\n", "t.csv:1:5: 'three': expected a number");
    expect("1,2,3\na,b,c\n", "t.csv:2:1: 'a': expected a number");
    expect("1,,3\n", "t.csv:1:3: '': expected a number");
    expect("1,2 3,4\n", "t.csv:1:3: '2 3': expected a number");
    expect("1,0x10,4\n", "t.csv:1:3: '0x10': expected a number");
    expect("1,1e,4\n", "t.csv:1:3: '1e': expected a number");
}
END_TEST

START_TEST(nan_and_infinity_are_refused)
{
    expect("1,nan,3\n", "t.csv:1:3: 'nan': expected a number");
    expect("nan,nan,nan\n", "t.csv:1:1: 'nan': expected a number");
    expect("1,2,-inf\n", "t.csv:1:5: '-inf': expected a number");
    expect("1,1e999,3\n", "t.csv:1:3: '1e999': too large for a double, expected a finite number");
}
END_TEST

START_TEST(empty_line_in_the_middle_is_refused)
{
    expect("1,2,3\n\n4,5,6\n", "t.csv:2:1: empty line, expected 3 numbers");
}
END_TEST

START_TEST(file_without_examples_is_refused)
{
    expect("", "t.csv: no examples, expected lines of 3 numbers");
    expect("\n\n", "t.csv: no examples, expected lines of 3 numbers");
    expect("x,y,z\n", "t.csv: no examples, expected lines of 3 numbers");
}
END_TEST

START_TEST(zero_bytes_are_refused)
{
    expect_line("1,2,3\n4,\0,6\n", 12, "t.csv:2:3: '\\0': a zero byte, expected a number");
    expect_line("1,2,3\0\n", 7, "t.csv:1:5: '\\0': a zero byte, expected a number");
}
END_TEST

START_TEST(huge_field_is_refused_and_cut_in_the_line)
{
    enum { N = 1 << 20 };
    char *text = malloc(N);
    memset(text, '7', N);
    memcpy(text, "1,2,", 4);
    expect_line(text, N,
                "t.csv:1:5: '7777777777777777777777777777777777777777'...: longer than any number, "
                "expected one of at most 400 bytes");
    free(text);
}
END_TEST

START_TEST(control_characters_do_not_reach_the_terminal)
{
    struct bp_dataset data;
    struct bp_error error;
    ck_assert_int_eq(read_bytes(&data, "1,2,3\n1,\033[2J,3\n", 15, &error), BP_EINPUT);
    ck_assert_ptr_null(strchr(error.text, '\033'));
    ck_assert_ptr_nonnull(strstr(error.text, ":2:3: '?[2J': expected a number"));
}
END_TEST

START_TEST(missing_file_and_folder_are_refused)
{
    struct bp_dataset data;
    struct bp_error error;
    ck_assert_int_eq(bp_csv_read(&data, "no/such.csv", 2, 1, &error), BP_EFILE);
    ck_assert_str_eq(error.text, "no/such.csv: cannot be read: No such file or directory");
    ck_assert_int_eq(bp_csv_read(&data, "/tmp", 2, 1, &error), BP_EFILE);
    ck_assert_str_eq(error.text, "/tmp: not a file that can be read: expected a plain file");
}
END_TEST

static enum bp_status read_forty_rows(void *self, struct bp_error *error)
{
    struct bp_dataset data;
    const enum bp_status status = bp_csv_read(&data, self, 2, 1, error);
    bp_dataset_release(&data);
    return status;
}

START_TEST(every_failed_allocation_is_reported_and_nothing_is_kept)
{
    char text[1024] = "";
    for (int i = 0; i < 40; i++)
        strcat(text, "1,2,3\n");
    ck_assert_uint_ge(scratch_fail_every(read_forty_rows, (void *)scratch_text("t.csv", text)), 9);
}
END_TEST

Suite *csv_suite(void);
Suite *csv_suite(void)
{
    Suite *suite = suite_create("csv");
    TCase *tcase = tcase_create("csv");
    tcase_add_checked_fixture(tcase, scratch_open, scratch_close);
    tcase_add_test(tcase, inputs_come_before_targets);
    tcase_add_test(tcase, last_line_needs_no_newline);
    tcase_add_test(tcase, crlf_and_blanks_are_accepted);
    tcase_add_test(tcase, line_of_names_is_skipped);
    tcase_add_test(tcase, byte_order_mark_is_skipped);
    tcase_add_test(tcase, empty_lines_at_the_end_are_accepted);
    tcase_add_test(tcase, many_rows_all_arrive);
    tcase_add_test(tcase, targets_of_0_and_1_are_classes);
    tcase_add_test(tcase, wrong_number_of_columns_is_refused);
    tcase_add_test(tcase, text_is_refused);
    tcase_add_test(tcase, nan_and_infinity_are_refused);
    tcase_add_test(tcase, empty_line_in_the_middle_is_refused);
    tcase_add_test(tcase, file_without_examples_is_refused);
    tcase_add_test(tcase, zero_bytes_are_refused);
    tcase_add_test(tcase, huge_field_is_refused_and_cut_in_the_line);
    tcase_add_test(tcase, control_characters_do_not_reach_the_terminal);
    tcase_add_test(tcase, missing_file_and_folder_are_refused);
    tcase_add_test(tcase, every_failed_allocation_is_reported_and_nothing_is_kept);
    suite_add_tcase(suite, tcase);
    return suite;
}
