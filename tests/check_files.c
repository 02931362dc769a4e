/* check_files.c -- arrays dumped to files become a subject; whatever is wrong with a file
 * is said in one line. */
#include "diag/files.h"

#include "core/mem.h"
#include "diag/arrayfile.h"
#include "diag/subject.h"
#include "tests/scratch.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- .npy by hand ------------------------------------------------------------------- */

static char bytes[4096];
static size_t n_bytes;

static void put(const void *from, size_t n)
{
    memcpy(bytes + n_bytes, from, n);
    n_bytes += n;
}

static void put_header(int major, const char *header)
{
    const size_t n = strlen(header);
    const char magic[] = {'\x93', 'N', 'U', 'M', 'P', 'Y', (char)major, 0};
    const char length[] = {(char)(n & 255), (char)(n >> 8), 0, 0};
    n_bytes = 0;
    put(magic, sizeof magic);
    put(length, major == 1 ? 2 : 4);
    put(header, n);
}

static const char *write_bytes(const char *name)
{
    return scratch_write(name, bytes, n_bytes);
}

/* A matrix of doubles in C order. */
static const char *write_npy(const char *name, const char *shape, size_t n, const double *numbers)
{
    char header[128];
    snprintf(header, sizeof header, "{'descr': '<f8', 'fortran_order': False, 'shape': %s, }\n",
             shape);
    put_header(1, header);
    put(numbers, n * sizeof *numbers);
    return write_bytes(name);
}

static void refused(const char *path, const char *line)
{
    struct bp_arrayfile array;
    struct bp_error error = {""};
    const size_t held = bp_mem_held();
    const enum bp_status status = bp_arrayfile_read(&array, path, &error);
    ck_assert_int_ne(status, BP_OK);
    ck_assert_msg(strstr(error.text, line) != NULL, "'%s' in '%s'", line, error.text);
    ck_assert_ptr_null(array.numbers);
    ck_assert_uint_eq(bp_mem_held(), held);
}

START_TEST(every_type_order_and_version_is_read)
{
    static const struct {
        int major;
        const char *header;
        const char *data;
        size_t n;
    } files[] = {{1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }",
                  "\0\0\0\0\0\0\xf0\x3f\0\0\0\0\0\0\0\xc0", 16},
                 {2, "{'shape': (2, 1), 'fortran_order': True, 'descr': '>f8'}",
                  "\x3f\xf0\0\0\0\0\0\0\xc0\0\0\0\0\0\0\0", 16},
                 {3, "{\"descr\": \"<f4\", \"fortran_order\": False, \"shape\": (1, 2)}",
                  "\0\0\x80\x3f\0\0\0\xc0", 8},
                 {1, "{'descr': '<f2', 'fortran_order': False, 'shape': (2,)}", "\0\x3c\0\xc0", 4},
                 {1, "{'descr': '<i8', 'fortran_order': False, 'shape': (2,)}",
                  "\1\0\0\0\0\0\0\0\xfe\xff\xff\xff\xff\xff\xff\xff", 16},
                 {1, "{'descr': '|i1', 'fortran_order': False, 'shape': (2,)}", "\1\xfe", 2},
                 {1, "{'descr': '>i2', 'fortran_order': False, 'shape': (2,)}", "\0\1\xff\xfe", 4}};
    for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
        put_header(files[k].major, files[k].header);
        put(files[k].data, files[k].n);
        struct bp_arrayfile array;
        struct bp_error error = {""};
        ck_assert_msg(bp_arrayfile_read(&array, write_bytes("a.npy"), &error) == BP_OK, "%s",
                      error.text);
        ck_assert_uint_eq(array.n, 2);
        ck_assert_double_eq(array.numbers[0], 1.0);
        ck_assert_double_eq(array.numbers[1], -2.0);
        bp_arrayfile_release(&array);
    }
}
END_TEST

START_TEST(fortran_order_comes_in_c_order)
{
    const double columns[] = {1, 4, 2, 5, 3, 6};
    put_header(1, "{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3)}");
    put(columns, sizeof columns);
    struct bp_arrayfile array;
    ck_assert_int_eq(bp_arrayfile_read(&array, write_bytes("f.npy"), NULL), BP_OK);
    for (int k = 0; k < 6; k++)
        ck_assert_double_eq(array.numbers[k], k + 1);
    bp_arrayfile_release(&array);
}
END_TEST

static const struct {
    int major;
    const char *header;
    size_t n;
    const char *line;
} hostile[] = {
    {4, "{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}", 16,
     "expected .npy of format 1.0"},
    {1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}", 15,
     "15 bytes of numbers, expected 16"},
    {1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}", 24,
     "24 bytes of numbers, expected 16"},
    {1, "{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", 16, "numbers of type '|O'"},
    {1, "{'descr': '<f16', 'fortran_order': False, 'shape': (1,)}", 16, "numbers of type '<f16'"},
    {1, "{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}", 8, "structured types"},
    {1, "{'descr': '<f8', 'fortran_order': False, 'shape': (-2,)}", 16, "whole numbers"},
    {1, "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 16,
     "a shape that fits the file"},
    {1, "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999999,)}", 16,
     "whole numbers"},
    {1, "{'descr': '<f8', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", 8, "up to 8"},
    {1, "{'descr': '<f8', 'fortran_order': False}", 8, "'descr', 'fortran_order' and 'shape'"},
    {1, "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), 'more': 1}", 8, "each once"},
    {1, "{'descr': '<f8', 'fortran_order': None, 'shape': (1,)}", 8, "True or False"},
    {1, "{'descr': '<f8", 8, "a plain type"},
    {1, "", 8, "a dictionary"},
};

START_TEST(a_hostile_header_is_refused)
{
    put_header(hostile[_i].major, hostile[_i].header);
    const char zeros[32] = {0};
    put(zeros, hostile[_i].n);
    refused(write_bytes("h.npy"), hostile[_i].line);
}
END_TEST

START_TEST(a_file_cut_anywhere_is_refused)
{
    const double numbers[] = {1, 2};
    write_npy("whole.npy", "(2,)", 2, numbers);
    const size_t whole = n_bytes;
    for (size_t n = 7; n < whole; n++) {
        struct bp_arrayfile array;
        struct bp_error error = {""};
        ck_assert_int_eq(bp_arrayfile_read(&array, scratch_write("cut.npy", bytes, n), &error),
                         BP_EINPUT);
        ck_assert_ptr_nonnull(strstr(error.text, "cut.npy: "));
    }
}
END_TEST

START_TEST(text_is_read_with_its_shape)
{
    struct bp_arrayfile array;
    const char *path = scratch_text("a.csv", "# W1\n1, -2,3e-1\r\n\n4,nan,inf\n");
    ck_assert_int_eq(bp_arrayfile_read(&array, path, NULL), BP_OK);
    ck_assert_uint_eq(array.n, 6);
    ck_assert_uint_eq(array.shape[0], 2);
    ck_assert_uint_eq(array.shape[1], 3);
    ck_assert_double_eq(array.numbers[2], 0.3);
    ck_assert_double_nan(array.numbers[4]);
    bp_arrayfile_release(&array);
}
END_TEST

START_TEST(text_that_is_no_table_is_refused)
{
    refused(scratch_text("a.txt", "1 2\n3 x\n"), "a.txt:2: 'x': expected a number");
    refused(scratch_text("a.txt", "1 2\n3\n"), "a.txt:2: 1 numbers, expected 2 as above");
    refused(scratch_text("a.txt", "1,,2\n"), "a.txt:1: '': expected a number");
    refused(scratch_text("a.txt", "0x10\n"), "a.txt:1: '0x10': expected a number");
    refused(scratch_text("a.txt", "\n# nothing\n"),
            "a.txt: no numbers in it: expected at least one");
    refused(scratch_write("a.txt", "1\0002", 3), "a.txt: neither .npy nor text: expected numbers");
    refused(scratch_path("none.npy"), "none.npy");
}
END_TEST

/* ---- a subject of files ---------------------------------------------------------------- */

/* 2-3-1, theta as W1 in x out, b1, W2 with the bias first. */
static const double w1[] = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6}, b1[] = {0.7, 0.8, 0.9},
                    w2[] = {1.0, 1.1, 1.2, 1.3};
static const char NETWORK[] = "2-3-1 tanh,sigmoid squared-error";

static struct bp_files_options dumped(void)
{
    write_npy("w1.npy", "(2, 3)", 6, w1);
    write_npy("b1.npy", "(3,)", 3, b1);
    write_npy("w2.npy", "(4,)", 4, w2);
    static char list[512];
    snprintf(list, sizeof list, "%s,%s,%s", scratch_path("w1.npy"), scratch_path("b1.npy"),
             scratch_path("w2.npy"));
    return (struct bp_files_options){.network = NETWORK,
                                     .layout = "W1 b1 b+W2",
                                     .theta = list,
                                     .gradient = list,
                                     .data = scratch_text("d.csv", "0,1,1\n1,1,0\n")};
}

static void not_opened(const struct bp_files_options *options, const char *line)
{
    struct bp_files files;
    struct bp_error error = {""};
    const size_t held = bp_mem_held();
    ck_assert_int_ne(bp_files_open(&files, options, &error), BP_OK);
    ck_assert_msg(strstr(error.text, line) != NULL, "'%s' in '%s'", line, error.text);
    ck_assert_uint_eq(bp_mem_held(), held);
}

START_TEST(a_shape_that_fits_one_order_only_is_that_order)
{
    const struct bp_files_options options = dumped();
    struct bp_files files;
    struct bp_view view;
    struct bp_error error = {""};
    ck_assert_msg(bp_files_open(&files, &options, &error) == BP_OK, "%s", error.text);
    ck_assert_int_eq(files.arrays[0].order, BP_IN_OUT);
    ck_assert_msg(bp_view_open(&view, &files.subject, &error) == BP_OK, "%s", error.text);
    double theta[13], g[13];
    ck_assert(bp_view_start(&view, theta));
    /* core's order: W1[0] = its weights from input 0 and 1 */
    const double core[] = {0.1, 0.4, 0.2, 0.5, 0.3, 0.6, 0.7, 0.8, 0.9, 1.1, 1.2, 1.3, 1.0};
    ck_assert_mem_eq(theta, core, sizeof core);
    struct bp_claim claim = {.g = g};
    ck_assert_int_eq(bp_view_gradient(&view, theta, files.subject.data, 0, &claim, &error), BP_OK);
    ck_assert_mem_eq(g, core, sizeof core); /* here the gradient file is theta's */
    theta[3] += 1.0;
    ck_assert_int_eq(bp_view_gradient(&view, theta, files.subject.data, 0, &claim, &error),
                     BP_EUNSUPPORTED);
    bp_view_close(&view);
    bp_files_close(&files);
}
END_TEST

START_TEST(before_and_after_give_the_gradient)
{
    struct bp_files_options options = dumped();
    const double after[] = {0.05, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3};
    options.gradient = NULL;
    options.after = write_npy("after.npy", "(13, 1)", 13, after);
    options.rate = 0.1;
    options.outputs = scratch_text("y.txt", "0.5\n0.25\n");
    struct bp_files files;
    struct bp_view view;
    struct bp_error error = {""};
    ck_assert_msg(bp_files_open(&files, &options, &error) == BP_OK, "%s", error.text);
    ck_assert_int_eq(bp_view_open(&view, &files.subject, &error), BP_OK);
    double theta[13], g[13], y[2];
    bp_view_start(&view, theta);
    struct bp_claim claim = {.g = g};
    ck_assert_int_eq(bp_view_gradient(&view, theta, files.subject.data, 0, &claim, &error), BP_OK);
    ck_assert(claim.inferred);
    ck_assert_double_eq_tol(g[0], 0.5, 1e-14);
    for (int k = 1; k < 13; k++)
        ck_assert_double_eq(g[k], 0.0);
    ck_assert_int_eq(bp_view_predict(&view, theta, files.subject.data, y, &error), BP_OK);
    ck_assert_double_eq(y[1], 0.25);
    bp_view_close(&view);
    bp_files_close(&files);
}
END_TEST

START_TEST(floats_are_known_as_such)
{
    struct bp_files_options options = dumped();
    const float numbers[13] = {0.1f};
    put_header(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (13,)}");
    put(numbers, sizeof numbers);
    options.theta = options.gradient = write_bytes("all.npy");
    struct bp_files files;
    ck_assert_int_eq(bp_files_open(&files, &options, NULL), BP_OK);
    ck_assert_int_eq(files.subject.precision, BP_FLOAT);
    ck_assert_int_eq(files.arrays[2].type, BP_FLOAT);
    bp_files_close(&files);
}
END_TEST

START_TEST(data_may_be_two_arrays)
{
    struct bp_files_options options = dumped();
    static char list[512];
    const double x[] = {0, 1, 1, 1}, t[] = {1, 0};
    write_npy("x.npy", "(2, 2)", 4, x);
    write_npy("t.npy", "(2,)", 2, t);
    snprintf(list, sizeof list, "%s,%s", scratch_path("x.npy"), scratch_path("t.npy"));
    options.data = list;
    struct bp_files files;
    ck_assert_int_eq(bp_files_open(&files, &options, NULL), BP_OK);
    ck_assert_uint_eq(files.batch.n, 2);
    ck_assert_double_eq(files.batch.x[1], 1.0);
    bp_files_close(&files);
    write_npy("t.npy", "(1,)", 1, t);
    not_opened(&options, "t.npy: 1 samples, but ");
}
END_TEST

START_TEST(what_does_not_fit_is_said)
{
    struct bp_files_options options = dumped();
    options.layout = "W1:out-in b1 b+W2";
    not_opened(&options, "w1.npy: shape (2, 3), expected (3, 2): weights, out x in of layer 1");
    options.layout = "W1 b1 W2";
    not_opened(&options, "w2.npy: 4 numbers, expected 3: weights, out x in of layer 2");
    options.layout = "W1 b1 W2 b2";
    not_opened(&options, "3 files, expected 1, or 4: one for each array");
    options.layout = "W1 b1 Z2";
    not_opened(&options, "layout: 'Z2': expected W1, b1, W1+b or b+W1");
    options.layout = "W1 b1";
    not_opened(&options, "arrays: W2 is in 0 of them, expected 1");
    options.layout = "W1 b1 b+W2:sideways";
    not_opened(&options, "layout: 'b+W2:sideways': expected");
    options = dumped();
    options.theta = options.gradient = scratch_path("w1.npy");
    not_opened(&options, "w1.npy: 6 numbers, expected 13, the network's parameters");
    options = dumped();
    options.layout = NULL;
    options.theta = scratch_text("t.txt", "1\n2\n3\n4\n5\n6\nnan\n8\n9\n10\n11\n12\n13\n");
    not_opened(&options, "t.txt: parameter 7 of 13 is nan, expected finite numbers");
    options = dumped();
    options.data = NULL;
    not_opened(&options, "--data is missing");
    options = dumped();
    options.after = options.theta;
    not_opened(&options, "either --gradient or --theta-after");
    options = dumped();
    options.gradient = NULL;
    options.after = options.theta;
    not_opened(&options, "--theta-after needs --rate");
    options = dumped();
    options.outputs = scratch_text("y.txt", "1\n2\n3\n");
    not_opened(&options, "y.txt: 3 numbers, expected 2: 1 outputs of 2 samples");
}
END_TEST

static enum bp_status open_and_close(void *self, struct bp_error *error)
{
    struct bp_files files;
    const enum bp_status status = bp_files_open(&files, self, error);
    if (status == BP_OK)
        bp_files_close(&files);
    return status;
}

START_TEST(no_memory_is_said)
{
    struct bp_files_options options = dumped();
    options.outputs = scratch_text("y.txt", "1\n2\n");
    ck_assert_uint_gt(scratch_fail_every(open_and_close, &options), 10);
}
END_TEST

Suite *files_suite(void);
Suite *files_suite(void)
{
    Suite *suite = suite_create("files");
    TCase *tcase = tcase_create("files");
    tcase_add_checked_fixture(tcase, scratch_open, scratch_close);
    tcase_add_test(tcase, every_type_order_and_version_is_read);
    tcase_add_test(tcase, fortran_order_comes_in_c_order);
    tcase_add_loop_test(tcase, a_hostile_header_is_refused, 0, sizeof hostile / sizeof *hostile);
    tcase_add_test(tcase, a_file_cut_anywhere_is_refused);
    tcase_add_test(tcase, text_is_read_with_its_shape);
    tcase_add_test(tcase, text_that_is_no_table_is_refused);
    tcase_add_test(tcase, a_shape_that_fits_one_order_only_is_that_order);
    tcase_add_test(tcase, before_and_after_give_the_gradient);
    tcase_add_test(tcase, floats_are_known_as_such);
    tcase_add_test(tcase, data_may_be_two_arrays);
    tcase_add_test(tcase, what_does_not_fit_is_said);
    tcase_add_test(tcase, no_memory_is_said);
    suite_add_tcase(suite, tcase);
    return suite;
}
