/* check_digits.c -- drawn digits repeat, look like pixels, and can be told apart. */
#include "core/digits.h"
#include "core/mem.h"
#include "scratch.h"

#include <check.h>
#include <math.h>
#include <string.h>

START_TEST(same_seed_same_digits)
{
    struct bp_dataset a, b;
    ck_assert_int_eq(bp_digits_dataset(&a, 30, 5, BP_TARGETS_01), BP_OK);
    ck_assert_int_eq(bp_digits_dataset(&b, 30, 5, BP_TARGETS_01), BP_OK);
    ck_assert_mem_eq(a.x, b.x, a.n * a.n_in * sizeof *a.x);
    ck_assert_mem_eq(a.t, b.t, a.n * a.n_out * sizeof *a.t);
    bp_dataset_release(&b);
    ck_assert_int_eq(bp_digits_dataset(&b, 30, 6, BP_TARGETS_01), BP_OK);
    ck_assert_int_ne(memcmp(a.x, b.x, a.n * a.n_in * sizeof *a.x), 0);
    bp_dataset_release(&a);
    bp_dataset_release(&b);
}
END_TEST

/* More digits with the same seed begin with the same ones. */
START_TEST(a_longer_set_begins_like_a_shorter_one)
{
    struct bp_dataset a, b;
    ck_assert_int_eq(bp_digits_dataset(&a, 10, 5, BP_TARGETS_01), BP_OK);
    ck_assert_int_eq(bp_digits_dataset(&b, 20, 5, BP_TARGETS_01), BP_OK);
    ck_assert_mem_eq(a.x, b.x, a.n * a.n_in * sizeof *a.x);
    bp_dataset_release(&a);
    bp_dataset_release(&b);
}
END_TEST

START_TEST(values_are_bytes_over_255_and_mostly_0)
{
    struct bp_dataset data;
    ck_assert_int_eq(bp_digits_dataset(&data, 200, 1, BP_TARGETS_01), BP_OK);
    size_t zeros = 0;
    const size_t n = data.n * data.n_in;
    for (size_t i = 0; i < n; i++) {
        const double byte = data.x[i] * 255.0;
        ck_assert(byte >= 0.0 && byte <= 255.0 && fabs(byte - floor(byte + 0.5)) <= 1e-12);
        zeros += data.x[i] == 0.0;
    }
    ck_assert_double_ge((double)zeros / (double)n, 0.7);
    ck_assert_double_le((double)zeros / (double)n, 0.9);
    bp_dataset_release(&data);
}
END_TEST

/* Strokes stay on the paper: hardly any ink in the outermost pixels. */
START_TEST(digits_are_inside_the_frame)
{
    struct bp_dataset data;
    double edge = 0.0, all = 0.0;
    ck_assert_int_eq(bp_digits_dataset(&data, 300, 2, BP_TARGETS_01), BP_OK);
    for (size_t i = 0; i < data.n * data.n_in; i++) {
        const size_t row = i % BP_DIGIT_PIXELS / BP_DIGIT_SIDE;
        const size_t column = i % BP_DIGIT_SIDE;
        all += data.x[i];
        if (row == 0 || column == 0 || row == BP_DIGIT_SIDE - 1 || column == BP_DIGIT_SIDE - 1)
            edge += data.x[i];
    }
    ck_assert_double_gt(all, 0.0);
    ck_assert_double_le(edge / all, 0.01);
    bp_dataset_release(&data);
}
END_TEST

enum { TRAIN = 1500, TEST = 500 };

/* The class whose mean image is nearest. */
static size_t nearest(double mean[BP_DIGIT_CLASSES][BP_DIGIT_PIXELS], const double *x)
{
    size_t best = 0;
    double least = HUGE_VAL;
    for (size_t k = 0; k < BP_DIGIT_CLASSES; k++) {
        double d2 = 0.0;
        for (size_t j = 0; j < BP_DIGIT_PIXELS; j++)
            d2 += (x[j] - mean[k][j]) * (x[j] - mean[k][j]);
        if (d2 < least) {
            least = d2;
            best = k;
        }
    }
    return best;
}

/* Learnable, but not by the simplest means: ten mean images get most digits
 * right and are far from all. */
START_TEST(mean_images_tell_most_digits_apart_and_not_all)
{
    static double mean[BP_DIGIT_CLASSES][BP_DIGIT_PIXELS];
    size_t count[BP_DIGIT_CLASSES] = {0};
    struct bp_dataset data;
    memset(mean, 0, sizeof mean);
    ck_assert_int_eq(bp_digits_dataset(&data, TRAIN + TEST, 3, BP_TARGETS_01), BP_OK);
    for (size_t i = 0; i < TRAIN; i++) {
        const size_t k = bp_dataset_label(&data, i);
        count[k]++;
        for (size_t j = 0; j < BP_DIGIT_PIXELS; j++)
            mean[k][j] += data.x[i * BP_DIGIT_PIXELS + j];
    }
    for (size_t k = 0; k < BP_DIGIT_CLASSES; k++) {
        ck_assert_uint_gt(count[k], TRAIN / BP_DIGIT_CLASSES / 2);
        for (size_t j = 0; j < BP_DIGIT_PIXELS; j++)
            mean[k][j] /= (double)count[k];
    }
    size_t right = 0;
    for (size_t i = TRAIN; i < data.n; i++)
        right += nearest(mean, data.x + i * BP_DIGIT_PIXELS) == bp_dataset_label(&data, i);
    ck_assert_uint_ge(right, TEST * 60 / 100);
    ck_assert_uint_le(right, TEST * 95 / 100);
    bp_dataset_release(&data);
}
END_TEST

static enum bp_status draw(void *self, struct bp_error *error)
{
    struct bp_dataset data;
    (void)self;
    const enum bp_status status = bp_digits_dataset(&data, 3, 1, BP_TARGETS_01);
    bp_dataset_release(&data);
    return bp_error_set(error, status, "%s", bp_status_text(status));
}

START_TEST(every_failed_allocation_is_reported_and_nothing_is_kept)
{
    ck_assert_uint_eq(scratch_fail_every(draw, NULL), 2);
}
END_TEST

Suite *digits_suite(void);
Suite *digits_suite(void)
{
    Suite *suite = suite_create("digits");
    TCase *tcase = tcase_create("digits");
    tcase_add_test(tcase, same_seed_same_digits);
    tcase_add_test(tcase, a_longer_set_begins_like_a_shorter_one);
    tcase_add_test(tcase, values_are_bytes_over_255_and_mostly_0);
    tcase_add_test(tcase, digits_are_inside_the_frame);
    tcase_add_test(tcase, mean_images_tell_most_digits_apart_and_not_all);
    tcase_add_test(tcase, every_failed_allocation_is_reported_and_nothing_is_kept);
    suite_add_tcase(suite, tcase);
    return suite;
}
