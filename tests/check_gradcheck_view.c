/* check_gradcheck_view.c -- subjects: the twin is trusted where it is the same function,
 * floats and steps are judged by what they can hold. */
#include "diag/gradcheck.h"

#include "core/rng.h"
#include "tests/bed.h"

#include <check.h>
#include <math.h>
#include <string.h>

/* 2-3-1, sigmoid, in float loops of its own; factor spoils its gradient. */
struct floats {
    float w1[6], b1[3], w2[3], b2[1];
    float g1[6], c1[3], g2[3], c2[1];
    double spoil;
};

static float squash(float z)
{
    return (float)(1.0 / (1.0 + exp((double)-z)));
}

static float float_forward(const struct floats *f, const double *x, float *hidden)
{
    float out = f->b2[0];
    for (int i = 0; i < 3; i++) {
        hidden[i] = squash(f->b1[i] + f->w1[2 * i] * (float)x[0] + f->w1[2 * i + 1] * (float)x[1]);
        out += f->w2[i] * hidden[i];
    }
    return squash(out);
}

static int float_predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    (void)theta;
    float hidden[3];
    for (size_t s = 0; s < batch->n; s++)
        y[s] = float_forward(self, batch->x + 2 * s, hidden);
    return 0;
}

static int float_gradient(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    (void)theta, (void)g;
    struct floats *f = self;
    memset(f->g1, 0, sizeof f->g1), memset(f->c1, 0, sizeof f->c1);
    memset(f->g2, 0, sizeof f->g2), memset(f->c2, 0, sizeof f->c2);
    for (size_t s = 0; s < batch->n; s++) {
        float hidden[3];
        const float y = float_forward(f, batch->x + 2 * s, hidden);
        const float delta = (y - (float)batch->t[s]) * y * (1.0f - y) / (float)batch->n;
        f->c2[0] += delta;
        for (int i = 0; i < 3; i++) {
            const float d = delta * f->w2[i] * hidden[i] * (1.0f - hidden[i]) * (float)f->spoil;
            f->g2[i] += delta * hidden[i];
            f->c1[i] += d;
            f->g1[2 * i] += d * (float)batch->x[2 * s];
            f->g1[2 * i + 1] += d * (float)batch->x[2 * s + 1];
        }
    }
    return 0;
}

static struct bp_gradcheck check_floats(double spoil, bool own_loss, struct bp_view *view)
{
    static const double X[] = {0, 0, 0, 1, 1, 0, 1, 1};
    static const double T[] = {0, 1, 1, 0};
    static struct floats f;
    f.spoil = spoil;
    const struct bp_array arrays[] = {
        {1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_FLOAT, f.w1, f.g1},
        {1, BP_ARRAY_BIASES, BP_OUT_IN, BP_FLOAT, f.b1, f.c1},
        {2, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_FLOAT, f.w2, f.g2},
        {2, BP_ARRAY_BIASES, BP_OUT_IN, BP_FLOAT, f.b2, f.c2},
    };
    const struct bp_subject subject = {.abi = BACKPROBE_ABI,
                                       .name = "floats",
                                       .network = "2-3-1 sigmoid squared-error",
                                       .arrays = arrays,
                                       .n_arrays = 4,
                                       .precision = BP_FLOAT,
                                       .self = &f,
                                       .predict = float_predict,
                                       .gradient = float_gradient};
    struct bp_error error = {""};
    struct bp_gradcheck check;
    struct bp_rng rng;
    double theta[13];
    bp_rng_seed(&rng, 9);
    for (int k = 0; k < 13; k++)
        theta[k] = bp_rng_normal(&rng);
    const struct bp_gradcheck_options options = {.own_loss = own_loss};
    const struct bp_batch batch = {4, X, T};
    ck_assert_msg(bp_view_open(view, &subject, &error) == BP_OK, "%s", error.text);
    ck_assert_msg(bp_gradcheck_view(&check, view, theta, &batch, &options, &error) == BP_OK, "%s",
                  error.text);
    return check;
}

START_TEST(float_program_agrees_with_its_twin)
{
    struct bp_view view;
    struct bp_gradcheck check = check_floats(1.0, false, &view);
    ck_assert_int_eq(check.of, BP_NUMERIC_TWIN);
    ck_assert_uint_eq(check.verdicts[BP_AGREE], 13);
    ck_assert_double_le(check.apart, 1e-6);
    bp_gradcheck_release(&check);
    bp_view_close(&view);
}
END_TEST

START_TEST(float_program_off_by_a_thousandth_disagrees)
{
    struct bp_view view;
    struct bp_gradcheck check = check_floats(1.001, false, &view);
    ck_assert_int_eq(check.tensor[0].outcome, BP_OUTCOME_DISAGREES);
    ck_assert_int_eq(check.tensor[1].outcome, BP_OUTCOME_DISAGREES);
    ck_assert_int_eq(check.tensor[2].outcome, BP_OUTCOME_AGREES);
    ck_assert_int_eq(check.tensor[3].outcome, BP_OUTCOME_AGREES);
    bp_gradcheck_release(&check);
    bp_view_close(&view);
}
END_TEST

START_TEST(float_program_by_its_own_loss_is_silent_or_undecided)
{
    struct bp_view view;
    struct bp_gradcheck check = check_floats(1.0, true, &view);
    ck_assert_int_eq(check.of, BP_NUMERIC_OWN_LOSS);
    ck_assert_uint_eq(check.verdicts[BP_DISAGREE], 0);
    ck_assert_uint_eq(check.verdicts[BP_NOT_FINITE], 0);
    bp_gradcheck_release(&check);
    bp_view_close(&view);
}
END_TEST

/* steps_only: 0: it has a gradient; 1: only steps at a rate that is given; 2: at a rate
 * that nobody knows. */
static int steps_only;

static int trace_without_delta(void *self, const double *theta, const struct bp_batch *batch,
                               double *z, double *a, double *delta)
{
    (void)self, (void)theta, (void)batch, (void)z, (void)a, (void)delta;
    return 0;
}

static bool deltas_not_shown;

static struct bp_gradcheck check_core(struct bed *bed, struct bp_core_subject *core,
                                      struct bp_view *view, bool constant_undeclared)
{
    struct bp_gradcheck check;
    struct bp_error error = {""};
    const struct bp_batch batch = {BED_SAMPLES, bed->x, bed->t};
    ck_assert_int_eq(bp_core_subject_init(core, &bed->net, BED_SAMPLES), BP_OK);
    core->subject.constant_undeclared = constant_undeclared;
    if (deltas_not_shown)
        core->subject.trace = trace_without_delta;
    if (steps_only > 0)
        core->subject.gradient = NULL;
    if (steps_only == 2)
        core->subject.rate_kind = BP_RATE_UNKNOWN;
    ck_assert_msg(bp_view_open(view, &core->subject, &error) == BP_OK, "%s", error.text);
    ck_assert_msg(bp_gradcheck_view(&check, view, bed->net.theta, &batch, NULL, &error) == BP_OK,
                  "%s", error.text);
    return check;
}

static void close_core(struct bed *bed, struct bp_core_subject *core, struct bp_view *view)
{
    bp_view_close(view);
    bp_core_subject_release(core);
    bp_mlp_release(&bed->net);
}

START_TEST(core_as_a_subject_agrees_with_its_twin_deltas_too)
{
    struct bed bed;
    struct bp_core_subject core;
    struct bp_view view;
    bed_set_up(&bed, "3-5-4-2 tanh,sigmoid squared-error", 5);
    struct bp_gradcheck check = check_core(&bed, &core, &view, false);
    ck_assert_int_eq(check.of, BP_NUMERIC_TWIN);
    ck_assert_uint_eq(check.slopes, 3);
    ck_assert_double_le(check.slope_apart, 1.0);
    ck_assert_int_eq(check.outcome, BP_OUTCOME_AGREES);
    ck_assert_uint_eq(check.n_deltas, 3);
    bp_gradcheck_release(&check);
    close_core(&bed, &core, &view);
}
END_TEST

START_TEST(deltas_that_a_trace_leaves_out_are_not_compared)
{
    struct bed bed;
    struct bp_core_subject core;
    struct bp_view view;
    bed_set_up(&bed, "3-5-4-2 tanh,sigmoid squared-error", 5);
    deltas_not_shown = true;
    struct bp_gradcheck check = check_core(&bed, &core, &view, false);
    deltas_not_shown = false;
    ck_assert_int_eq(check.outcome, BP_OUTCOME_AGREES);
    ck_assert_uint_eq(check.n_deltas, 0);
    bp_gradcheck_release(&check);
    close_core(&bed, &core, &view);
}
END_TEST

static void without_bias(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                         double *out)
{
    self->right->run(pass, l, self->right, out);
    const size_t width = pass->net->spec.layer[l].width;
    const double *b = pass->theta + bp_mlp_biases(pass->net, l)->offset;
    for (size_t k = 0; k < pass->n * width; k++)
        out[k] -= b[k % width];
}

START_TEST(wrong_forward_pass_is_checked_by_its_own_loss)
{
    struct bed bed;
    struct bp_core_subject core;
    struct bp_view view;
    bed_set_up(&bed, "3-5-2 tanh,sigmoid squared-error", 5);
    bed_plant(&bed.net, 1, BP_AFFINE, without_bias);
    struct bp_gradcheck check = check_core(&bed, &core, &view, false);
    ck_assert_int_eq(check.of, BP_NUMERIC_OWN_LOSS);
    ck_assert_double_ge(check.apart, 1e-3);
    /* the bias does nothing in this network, and backprop says it does */
    ck_assert_int_eq(check.tensor[0].outcome, BP_OUTCOME_AGREES);
    ck_assert_int_eq(check.tensor[1].outcome, BP_OUTCOME_DISAGREES);
    bp_gradcheck_release(&check);
    close_core(&bed, &core, &view);
}
END_TEST

static void tripled(const struct bp_pass *pass, size_t l, const struct bp_stage *self, double *out)
{
    self->right->run(pass, l, self->right, out);
    size_t count;
    bp_mlp_block(pass->net, l, &count);
    for (size_t k = 0; k < count; k++)
        out[k] *= 3.0;
}

START_TEST(program_that_only_steps_agrees_or_not_like_any_other)
{
    for (steps_only = 1; steps_only <= 2; steps_only++)
        for (int wrong = 0; wrong < 2; wrong++) {
            struct bed bed;
            struct bp_core_subject core;
            struct bp_view view;
            bed_set_up(&bed, "3-5-2 tanh,sigmoid squared-error", 5);
            if (wrong == 1)
                bed_plant(&bed.net, 1, BP_DERIVATIVE, bed_negated);
            struct bp_gradcheck check = check_core(&bed, &core, &view, false);
            ck_assert_int_eq(check.tensor[0].outcome,
                             wrong == 1 ? BP_OUTCOME_DISAGREES : BP_OUTCOME_AGREES);
            ck_assert_int_eq(check.tensor[2].outcome, BP_OUTCOME_AGREES);
            ck_assert_uint_eq(check.verdicts[BP_UNDECIDED], 0);
            ck_assert_double_gt(check.noise, 0.0);
            bp_gradcheck_release(&check);
            close_core(&bed, &core, &view);
        }
    steps_only = 0;
}
END_TEST

START_TEST(constant_factor_is_no_fault_where_the_constant_is_undeclared)
{
    struct bed bed;
    struct bp_core_subject core;
    struct bp_view view;
    bed_set_up(&bed, "3-5-2 tanh,sigmoid squared-error", 5);
    bed_plant(&bed.net, 1, BP_SCALE, tripled);
    bed_plant(&bed.net, 2, BP_SCALE, tripled);
    struct bp_gradcheck check = check_core(&bed, &core, &view, _i == 1);
    if (_i == 1) {
        ck_assert_double_eq_tol(check.factor, 3.0, 1e-9);
        ck_assert_int_eq(check.outcome, BP_OUTCOME_AGREES);
    } else {
        ck_assert_double_eq_tol(check.tensor[0].ratio_median, 3.0, 1e-6);
        ck_assert_int_eq(check.outcome, BP_OUTCOME_DISAGREES);
    }
    bp_gradcheck_release(&check);
    close_core(&bed, &core, &view);
}
END_TEST

START_TEST(fault_in_most_entries_does_not_hide_in_the_factor)
{
    struct bed bed;
    struct bp_core_subject core;
    struct bp_view view;
    bed_set_up(&bed, "3-5-2 tanh,sigmoid squared-error", 5);
    bed_plant(&bed.net, 1, BP_SCALE, tripled);
    bed_plant(&bed.net, 2, BP_SCALE, tripled);
    bed_plant(&bed.net, 1, BP_DERIVATIVE, bed_negated);
    struct bp_gradcheck check = check_core(&bed, &core, &view, true);
    ck_assert_double_eq_tol(check.factor, 3.0, 1e-9);
    ck_assert_int_eq(check.tensor[0].outcome, BP_OUTCOME_DISAGREES);
    ck_assert_int_eq(check.tensor[2].outcome, BP_OUTCOME_AGREES);
    ck_assert_int_eq(check.tensor[3].outcome, BP_OUTCOME_AGREES);
    bp_gradcheck_release(&check);
    close_core(&bed, &core, &view);
}
END_TEST

Suite *gradcheck_view_suite(void);
Suite *gradcheck_view_suite(void)
{
    Suite *suite = suite_create("gradcheck_view");
    TCase *subjects = tcase_create("subjects");
    tcase_add_test(subjects, float_program_agrees_with_its_twin);
    tcase_add_test(subjects, float_program_off_by_a_thousandth_disagrees);
    tcase_add_test(subjects, float_program_by_its_own_loss_is_silent_or_undecided);
    tcase_add_test(subjects, core_as_a_subject_agrees_with_its_twin_deltas_too);
    tcase_add_test(subjects, deltas_that_a_trace_leaves_out_are_not_compared);
    tcase_add_test(subjects, wrong_forward_pass_is_checked_by_its_own_loss);
    tcase_add_test(subjects, program_that_only_steps_agrees_or_not_like_any_other);
    tcase_add_loop_test(subjects, constant_factor_is_no_fault_where_the_constant_is_undeclared, 0,
                        2);
    tcase_add_test(subjects, fault_in_most_entries_does_not_hide_in_the_factor);
    suite_add_tcase(suite, subjects);
    return suite;
}
