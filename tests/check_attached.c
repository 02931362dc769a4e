/* check_attached.c -- parameters that the program does not use are said before anything is
 * looked for in them; thresholds are biases with the other sign. */
#include "diag/attached.h"

#include "core/mem.h"

#include <check.h>
#include <math.h>
#include <string.h>

/* A neuron with two inputs that keeps its parameters in pairs of arrays. */
static double w[2][2], b[2][1];
static int at_w, at_b; /* the pair's one that is in use */
static int swaps_w, swaps_b;
static double sign; /* of the bias; 0: the parameters do not matter */
static const double
    *said; /* one output a call, whatever the parameters; NULL: those of the neuron */

static double output(const double *x)
{
    const double z = w[at_w][0] * x[0] + w[at_w][1] * x[1] + sign * b[at_b][0];
    return sign == 0.0 ? 0.5 : z / (1.0 + fabs(z));
}

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    (void)self;
    (void)theta;
    for (size_t s = 0; s < batch->n; s++)
        y[s] = said != NULL ? *said : output(batch->x + 2 * s);
    said += said != NULL;
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *batch, double rate,
                double *next)
{
    (void)self;
    (void)theta;
    (void)batch;
    (void)rate;
    (void)next;
    at_w = swaps_w ? 1 - at_w : at_w;
    at_b = swaps_b ? 1 - at_b : at_b;
    return 0;
}

static struct bp_array arrays[] = {{1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, w[0], NULL},
                                   {1, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, b[0], NULL}};
static const struct bp_subject neuron = {.abi = BACKPROBE_ABI,
                                         .name = "neuron",
                                         .network = "2-1 tanh squared-error",
                                         .arrays = arrays,
                                         .n_arrays = 2,
                                         .predict = predict,
                                         .step = step};

static const double x[] = {0.5, -1.0, 1.5, 0.25}, t[] = {0.0, 1.0, 0.0, 1.0, 0.0, 0.0};
static const struct bp_batch batch = {2, x, t};
static const double theta[] = {0.1, -0.2, 0.3};

static enum bp_status look(struct bp_error *error)
{
    struct bp_view view;
    at_w = at_b = 0;
    enum bp_status status = bp_view_open(&view, &neuron, error);
    if (status == BP_OK) {
        status = bp_attached_run(&view, theta, &batch, error);
        bp_view_close(&view);
    }
    return status;
}

static void set(int swap_w, int swap_b, double bias_sign)
{
    swaps_w = swap_w;
    swaps_b = swap_b;
    sign = bias_sign;
}

START_TEST(parameters_that_are_used_pass)
{
    struct bp_error error = {""};
    set(0, 0, 1.0);
    ck_assert_int_eq(look(&error), BP_OK);
}
END_TEST

START_TEST(an_array_that_the_step_replaces_is_named)
{
    static const struct {
        int w, b;
        const char *says;
    } cases[] = {{1, 0, "no longer uses W1 where"}, {0, 1, "no longer uses b1 where"}};
    for (size_t k = 0; k < 2; k++) {
        struct bp_error error = {""};
        set(cases[k].w, cases[k].b, 1.0);
        ck_assert_int_eq(look(&error), BP_ESUBJECT);
        ck_assert_msg(strstr(error.text, cases[k].says) != NULL, "%s", error.text);
        ck_assert_ptr_nonnull(strstr(error.text, "name it by the object that holds both"));
    }
}
END_TEST

/* After the step the two moves change nothing; but neither does theta give what it gave. */
START_TEST(outputs_that_hang_on_earlier_calls_are_not_taken_for_a_replaced_array)
{
    static const double remembered[] = {0.0, 1.0, 1.0, 0.5, 0.5, 0.5, 1.0};
    static const double forgotten[] = {0.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5};
    struct bp_error error = {""};
    set(0, 0, 1.0);
    said = remembered;
    ck_assert_msg(look(&error) == BP_OK, "%s", error.text);
    said = forgotten;
    ck_assert_int_eq(look(&error), BP_ESUBJECT);
    ck_assert_ptr_nonnull(strstr(error.text, "no longer uses W1 where"));
    said = NULL;
}
END_TEST

START_TEST(copies_of_the_parameters_are_said)
{
    struct bp_error error = {""};
    set(0, 0, 0.0);
    ck_assert_int_eq(look(&error), BP_ESUBJECT);
    ck_assert_msg(strstr(error.text, "the same outputs whatever the parameters") != NULL, "%s",
                  error.text);
}
END_TEST

/* All zero, under relu and softmax: only b2 matters, and not where its entries move alike. */
START_TEST(a_start_at_zero_is_not_taken_for_copies)
{
    struct bp_spec spec;
    struct bp_mlp net;
    struct bp_core_subject core;
    struct bp_view view;
    struct bp_error error = {""};
    ck_assert_int_eq(bp_spec_parse(&spec, "2-4-3 relu,softmax softmax-cross-entropy", NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&net, &spec), BP_OK);
    ck_assert_int_eq(bp_core_subject_init(&core, &net, 2), BP_OK);
    ck_assert_int_eq(bp_view_open(&view, &core.subject, &error), BP_OK);
    ck_assert_msg(bp_attached_run(&view, net.theta, &batch, &error) == BP_OK, "%s", error.text);
    bp_view_close(&view);
    bp_core_subject_release(&core);
    bp_mlp_release(&net);
    bp_spec_release(&spec);
}
END_TEST

START_TEST(outputs_that_are_no_numbers_are_left_to_other_checks)
{
    struct bp_error error = {""};
    set(0, 0, NAN);
    ck_assert_int_eq(look(&error), BP_OK);
}
END_TEST

START_TEST(memory_that_runs_out_is_said)
{
    const size_t held = bp_mem_held();
    for (size_t n = 1;; n++) {
        struct bp_error error = {""};
        set(0, 0, 1.0);
        bp_mem_fail_at(n);
        const enum bp_status status = look(&error);
        bp_mem_fail_at(0);
        ck_assert_uint_eq(bp_mem_held(), held);
        if (status == BP_OK)
            break;
        ck_assert_int_eq(status, BP_ENOMEM);
    }
}
END_TEST

/* ---- thresholds ------------------------------------------------------------------- */

START_TEST(a_threshold_is_the_bias_with_the_other_sign)
{
    struct bp_view view;
    struct bp_error error = {""};
    double y[2], as_bias[2], next[3];
    set(0, 0, 1.0);
    at_w = at_b = 0;
    ck_assert_int_eq(bp_view_open(&view, &neuron, &error), BP_OK);
    ck_assert_int_eq(bp_view_predict(&view, theta, &batch, as_bias, &error), BP_OK);
    bp_view_close(&view);

    sign = -1.0;
    arrays[1].role = BP_ARRAY_THRESHOLDS;
    ck_assert_int_eq(bp_view_open(&view, &neuron, &error), BP_OK);
    ck_assert_int_eq(bp_view_predict(&view, theta, &batch, y, &error), BP_OK);
    ck_assert_double_eq(b[0][0], -0.3);
    ck_assert_mem_eq(y, as_bias, sizeof y);
    ck_assert_int_eq(bp_view_step(&view, theta, &batch, 0.1, next, &error), BP_OK);
    ck_assert_mem_eq(next, theta, sizeof next);
    bp_view_close(&view);
    arrays[1].role = BP_ARRAY_BIASES;
}
END_TEST

Suite *attached_suite(void);
Suite *attached_suite(void)
{
    Suite *suite = suite_create("attached");
    TCase *tcase = tcase_create("attached");
    tcase_add_test(tcase, parameters_that_are_used_pass);
    tcase_add_test(tcase, an_array_that_the_step_replaces_is_named);
    tcase_add_test(tcase, outputs_that_hang_on_earlier_calls_are_not_taken_for_a_replaced_array);
    tcase_add_test(tcase, copies_of_the_parameters_are_said);
    tcase_add_test(tcase, a_start_at_zero_is_not_taken_for_copies);
    tcase_add_test(tcase, outputs_that_are_no_numbers_are_left_to_other_checks);
    tcase_add_test(tcase, memory_that_runs_out_is_said);
    tcase_add_test(tcase, a_threshold_is_the_bias_with_the_other_sign);
    suite_add_tcase(suite, tcase);
    return suite;
}
