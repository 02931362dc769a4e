/* check_dataset.c -- examples stay whole, classes mean what they say. */
#include "core/dataset.h"
#include "core/mem.h"
#include "scratch.h"

#include <check.h>
#include <math.h>

/* Row i: inputs i, i + 0.5 and target -i; so that a torn pair shows. */
static void make_numbered(struct bp_dataset *data, size_t n)
{
    ck_assert_int_eq(bp_dataset_init(data, n, 2, 1), BP_OK);
    for (size_t i = 0; i < n; i++) {
        data->x[2 * i] = (double)i;
        data->x[2 * i + 1] = (double)i + 0.5;
        data->t[i] = -(double)i;
    }
}

/* How many rows have inputs that do not belong to their target. */
static size_t torn_rows(const struct bp_dataset *data)
{
    size_t torn = 0;
    for (size_t i = 0; i < data->n; i++)
        torn += !(data->x[2 * i] == -data->t[i] && data->x[2 * i + 1] == 0.5 - data->t[i]);
    return torn;
}

static size_t rows_in_place(const struct bp_dataset *data)
{
    size_t n = 0;
    for (size_t i = 0; i < data->n; i++)
        n += data->t[i] == -(double)i;
    return n;
}

START_TEST(shuffle_keeps_inputs_and_targets_together)
{
    struct bp_dataset data;
    struct bp_rng rng;
    make_numbered(&data, 500);
    bp_rng_seed(&rng, 4);
    ck_assert_int_eq(bp_dataset_shuffle(&data, &rng), BP_OK);
    ck_assert_uint_eq(torn_rows(&data), 0);
    ck_assert_uint_lt(rows_in_place(&data), 10);
    double sum = 0.0;
    for (size_t i = 0; i < data.n; i++)
        sum += data.x[2 * i];
    ck_assert_double_eq(sum, 499.0 * 500.0 / 2.0);
    bp_dataset_release(&data);
}
END_TEST

/* The check above can fail: targets shuffled on their own are seen. */
START_TEST(shuffle_of_the_targets_alone_is_seen)
{
    struct bp_dataset data;
    struct bp_rng rng;
    make_numbered(&data, 500);
    struct bp_dataset targets = {.n = 500, .n_in = 0, .n_out = 1, .x = data.x, .t = data.t};
    bp_rng_seed(&rng, 4);
    ck_assert_int_eq(bp_dataset_shuffle(&targets, &rng), BP_OK);
    ck_assert_uint_gt(torn_rows(&data), 400);
    bp_dataset_release(&data);
}
END_TEST

START_TEST(reorder_puts_row_order_i_at_i)
{
    static const size_t ORDER[] = {3, 0, 4, 1, 2, 5};
    struct bp_dataset data;
    make_numbered(&data, 6);
    bp_dataset_reorder(&data, ORDER);
    for (size_t i = 0; i < 6; i++)
        ck_assert_double_eq(data.x[2 * i], (double)ORDER[i]);
    ck_assert_uint_eq(torn_rows(&data), 0);
    bp_dataset_release(&data);
}
END_TEST

START_TEST(same_seed_same_shuffle)
{
    struct bp_dataset a, b;
    struct bp_rng rng;
    make_numbered(&a, 50);
    make_numbered(&b, 50);
    bp_rng_seed(&rng, 9);
    ck_assert_int_eq(bp_dataset_shuffle(&a, &rng), BP_OK);
    bp_rng_seed(&rng, 9);
    ck_assert_int_eq(bp_dataset_shuffle(&b, &rng), BP_OK);
    ck_assert_mem_eq(a.t, b.t, 50 * sizeof *a.t);
    bp_dataset_release(&a);
    bp_dataset_release(&b);
}
END_TEST

START_TEST(subset_and_split_copy_whole_rows)
{
    static const size_t PICK[] = {4, 4, 1};
    struct bp_dataset data, some, first, rest;
    make_numbered(&data, 6);
    ck_assert_int_eq(bp_dataset_subset(&some, &data, 3, PICK), BP_OK);
    ck_assert_double_eq(some.x[2], 4.0);
    ck_assert_double_eq(some.t[2], -1.0);
    ck_assert_uint_eq(torn_rows(&some), 0);
    ck_assert_int_eq(bp_dataset_split(&data, 4, &first, &rest), BP_OK);
    ck_assert_uint_eq(first.n, 4);
    ck_assert_uint_eq(rest.n, 2);
    ck_assert_double_eq(rest.t[0], -4.0);
    ck_assert_uint_eq(torn_rows(&first) + torn_rows(&rest), 0);
    bp_dataset_release(&first);
    bp_dataset_release(&rest);
    ck_assert_int_eq(bp_dataset_split(&data, 6, &first, &rest), BP_ESHAPE);
    ck_assert_int_eq(bp_dataset_split(&data, 0, &first, &rest), BP_ESHAPE);
    bp_dataset_release(&some);
    bp_dataset_release(&data);
}
END_TEST

START_TEST(gates_are_the_truth_tables_in_order)
{
    static const double WANT[][4] = {
        [BP_AND] = {0, 0, 0, 1}, [BP_OR] = {0, 1, 1, 1}, [BP_XOR] = {0, 1, 1, 0}};
    static const double INPUTS[] = {0, 0, 0, 1, 1, 0, 1, 1};
    struct bp_dataset data;
    for (int gate = BP_AND; gate <= BP_XOR; gate++) {
        ck_assert_int_eq(bp_dataset_gate(&data, (enum bp_gate)gate, BP_TARGETS_01), BP_OK);
        ck_assert_mem_eq(data.x, INPUTS, sizeof INPUTS);
        ck_assert_mem_eq(data.t, WANT[gate], sizeof WANT[gate]);
        ck_assert_uint_eq(data.classes, 2);
        bp_dataset_release(&data);
    }
}
END_TEST

START_TEST(gate_with_plus_minus_targets_has_no_zero)
{
    static const double WANT[] = {-1, 1, 1, -1};
    struct bp_dataset data;
    ck_assert_int_eq(bp_dataset_gate(&data, BP_XOR, BP_TARGETS_PM1), BP_OK);
    ck_assert_mem_eq(data.t, WANT, sizeof WANT);
    ck_assert_uint_eq(bp_dataset_label(&data, 0), 0);
    ck_assert_uint_eq(bp_dataset_label(&data, 1), 1);
    bp_dataset_release(&data);
}
END_TEST

START_TEST(sign_targets_follow_the_inputs)
{
    struct bp_dataset data;
    size_t above = 0;
    ck_assert_int_eq(bp_dataset_sign(&data, 2000, 5, BP_TARGETS_PM1), BP_OK);
    for (size_t i = 0; i < data.n; i++) {
        ck_assert(data.x[i] >= -1.0 && data.x[i] <= 1.0 && data.x[i] != 0.0);
        ck_assert_double_eq(data.t[i], data.x[i] > 0.0 ? 1.0 : -1.0);
        above += data.x[i] > 0.0;
    }
    /* five standard errors of a fair coin */
    ck_assert_double_le(fabs((double)above - 1000.0), 5.0 * sqrt(500.0));
    bp_dataset_release(&data);
}
END_TEST

START_TEST(class_of_one_column_is_above_the_middle)
{
    struct bp_dataset data = {.n_out = 1, .classes = 2, .coding = BP_TARGETS_01};
    ck_assert_uint_eq(bp_dataset_class(&data, (double[]){0.5}), 0);
    ck_assert_uint_eq(bp_dataset_class(&data, (double[]){0.51}), 1);
    data.coding = BP_TARGETS_PM1;
    ck_assert_uint_eq(bp_dataset_class(&data, (double[]){-0.1}), 0);
    ck_assert_uint_eq(bp_dataset_class(&data, (double[]){0.1}), 1);
}
END_TEST

START_TEST(class_of_several_columns_is_the_first_largest)
{
    struct bp_dataset data = {.n_out = 3, .classes = 3};
    ck_assert_uint_eq(bp_dataset_class(&data, (double[]){0.1, 0.7, 0.7}), 1);
    ck_assert_uint_eq(bp_dataset_class(&data, (double[]){-1.0, -2.0, -0.5}), 2);
}
END_TEST

START_TEST(nan_outputs_are_no_class)
{
    struct bp_dataset data = {.n_out = 3, .classes = 3};
    ck_assert_uint_eq(bp_dataset_class(&data, (double[]){0.1, NAN, 0.7}), 3);
    data = (struct bp_dataset){.n_out = 1, .classes = 2};
    ck_assert_uint_eq(bp_dataset_class(&data, (double[]){NAN}), 2);
}
END_TEST

static size_t classes_found(size_t n_out, size_t n, double *t, enum bp_targets *coding)
{
    struct bp_dataset data = {.n = n, .n_in = 1, .n_out = n_out, .t = t};
    bp_dataset_find_classes(&data);
    *coding = data.coding;
    return data.classes;
}

START_TEST(classes_are_found_in_targets)
{
    enum bp_targets coding;
    ck_assert_uint_eq(classes_found(1, 3, (double[]){0, 1, 1}, &coding), 2);
    ck_assert_int_eq(coding, BP_TARGETS_01);
    ck_assert_uint_eq(classes_found(1, 3, (double[]){-1, 1, 1}, &coding), 2);
    ck_assert_int_eq(coding, BP_TARGETS_PM1);
    ck_assert_uint_eq(classes_found(1, 3, (double[]){0, 0.5, 1}, &coding), 0);
    ck_assert_uint_eq(classes_found(3, 2, (double[]){0, 1, 0, 0, 0, 1}, &coding), 3);
    ck_assert_uint_eq(classes_found(3, 2, (double[]){-1, 1, -1, -1, -1, 1}, &coding), 3);
    ck_assert_int_eq(coding, BP_TARGETS_PM1);
    /* two on, or none: several yes-or-no answers, not one of three classes */
    ck_assert_uint_eq(classes_found(3, 2, (double[]){0, 1, 1, 0, 0, 1}, &coding), 0);
    ck_assert_uint_eq(classes_found(3, 2, (double[]){0, 0, 0, 0, 0, 1}, &coding), 0);
}
END_TEST

START_TEST(one_hot_label_lights_one_column)
{
    struct bp_dataset data;
    ck_assert_int_eq(bp_dataset_init(&data, 2, 1, 4), BP_OK);
    data.classes = 4;
    data.coding = BP_TARGETS_PM1;
    bp_dataset_label_set(&data, 1, 2);
    ck_assert_mem_eq(data.t + 4, ((double[]){-1, -1, 1, -1}), 4 * sizeof(double));
    ck_assert_mem_eq(data.t, ((double[]){0, 0, 0, 0}), 4 * sizeof(double));
    ck_assert_uint_eq(bp_dataset_label(&data, 1), 2);
    bp_dataset_release(&data);
}
END_TEST

START_TEST(targets_are_parsed_by_name)
{
    enum bp_targets coding = BP_TARGETS_01;
    ck_assert(bp_targets_parse("+-1", &coding));
    ck_assert_int_eq(coding, BP_TARGETS_PM1);
    ck_assert(!bp_targets_parse("both", &coding));
    ck_assert_str_eq(bp_targets_name(BP_TARGETS_01), "0/1");
}
END_TEST

static enum bp_status make_everything(void *self, struct bp_error *error)
{
    struct bp_dataset data = {0}, first = {0}, rest = {0};
    struct bp_rng rng;
    (void)self;
    bp_rng_seed(&rng, 1);
    enum bp_status status = bp_dataset_sign(&data, 20, 1, BP_TARGETS_01);
    if (status == BP_OK)
        status = bp_dataset_resize(&data, 30);
    if (status == BP_OK)
        status = bp_dataset_shuffle(&data, &rng);
    if (status == BP_OK)
        status = bp_dataset_split(&data, 10, &first, &rest);
    bp_dataset_release(&first);
    bp_dataset_release(&rest);
    bp_dataset_release(&data);
    return bp_error_set(error, status, "%s", bp_status_text(status));
}

START_TEST(every_failed_allocation_is_reported_and_nothing_is_kept)
{
    ck_assert_uint_eq(scratch_fail_every(make_everything, NULL), 9);
}
END_TEST

Suite *dataset_suite(void);
Suite *dataset_suite(void)
{
    Suite *suite = suite_create("dataset");
    TCase *tcase = tcase_create("dataset");
    tcase_add_test(tcase, shuffle_keeps_inputs_and_targets_together);
    tcase_add_test(tcase, shuffle_of_the_targets_alone_is_seen);
    tcase_add_test(tcase, reorder_puts_row_order_i_at_i);
    tcase_add_test(tcase, same_seed_same_shuffle);
    tcase_add_test(tcase, subset_and_split_copy_whole_rows);
    tcase_add_test(tcase, gates_are_the_truth_tables_in_order);
    tcase_add_test(tcase, gate_with_plus_minus_targets_has_no_zero);
    tcase_add_test(tcase, sign_targets_follow_the_inputs);
    tcase_add_test(tcase, class_of_one_column_is_above_the_middle);
    tcase_add_test(tcase, class_of_several_columns_is_the_first_largest);
    tcase_add_test(tcase, nan_outputs_are_no_class);
    tcase_add_test(tcase, classes_are_found_in_targets);
    tcase_add_test(tcase, one_hot_label_lights_one_column);
    tcase_add_test(tcase, targets_are_parsed_by_name);
    tcase_add_test(tcase, every_failed_allocation_is_reported_and_nothing_is_kept);
    suite_add_tcase(suite, tcase);
    return suite;
}
