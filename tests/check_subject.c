/* check_subject.c -- a subject's parameters reach it in its own layout, and what
 * it can do becomes a loss and a claimed gradient. */
#include "diag/subject.h"

#include "core/init.h"
#include "core/mem.h"
#include "diag/layout.h"

#include <check.h>
#include <math.h>
#include <string.h>

enum { N = 5, IN = 3, HIDDEN = 4, OUT = 2, PARAMETERS = HIDDEN * (IN + 1) + OUT * (HIDDEN + 1) };

static const char NETWORK[] = "3-4-2 tanh,sigmoid squared-error";

struct world {
    struct bp_mlp net;
    struct bp_pass pass;
    double x[N * IN], t[N * OUT];
    struct bp_batch batch;
};

static void world_init(struct world *world)
{
    struct bp_spec spec;
    ck_assert_int_eq(bp_spec_parse(&spec, NETWORK, NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&world->net, &spec), BP_OK);
    bp_spec_release(&spec);
    const struct bp_init init = {.weights = {.scheme = BP_INIT_NORMAL, .sd = 1.0},
                                 .biases = {.scheme = BP_INIT_NORMAL, .sd = 1.0},
                                 .seed = 1};
    bp_init_run(&init, &world->net);
    ck_assert_int_eq(bp_pass_init(&world->pass, &world->net, N), BP_OK);
    struct bp_rng rng;
    bp_rng_seed(&rng, 2);
    for (int k = 0; k < N * IN; k++)
        world->x[k] = bp_rng_normal(&rng);
    for (int k = 0; k < N * OUT; k++)
        world->t[k] = bp_rng_unit(&rng);
    world->batch = (struct bp_batch){N, world->x, world->t};
}

static void world_release(struct world *world)
{
    bp_pass_release(&world->pass);
    bp_mlp_release(&world->net);
}

/* The right gradient at net.theta. */
static const double *right_gradient(struct world *world)
{
    bp_pass_forward(&world->pass, N, world->x);
    bp_pass_backward(&world->pass, world->t);
    return world->net.grad;
}

/* ---- a program with arrays of its own, in loops ------------------------------- */

static struct {
    double w1[IN + 1][HIDDEN]; /* in x out, the bias as the first input */
    float w2[OUT][HIDDEN + 1]; /* out x in, the bias as the last input */
    double d1[IN + 1][HIDDEN];
    float d2[OUT][HIDDEN + 1];
    double velocity;
    int samples_per_call;
} own;

static void own_pass(const struct bp_batch *batch, double *y, int train)
{
    memset(own.d1, 0, sizeof own.d1);
    memset(own.d2, 0, sizeof own.d2);
    for (size_t s = 0; s < batch->n; s++) {
        const double *x = batch->x + s * IN;
        double h[HIDDEN], d[OUT];
        for (int i = 0; i < HIDDEN; i++) {
            double z = own.w1[0][i];
            for (int j = 0; j < IN; j++)
                z += own.w1[j + 1][i] * x[j];
            h[i] = tanh(z);
        }
        for (int k = 0; k < OUT; k++) {
            double z = own.w2[k][HIDDEN];
            for (int i = 0; i < HIDDEN; i++)
                z += own.w2[k][i] * h[i];
            const double a = 1.0 / (1.0 + exp(-z));
            if (y != NULL)
                y[s * OUT + (size_t)k] = a;
            if (!train)
                continue;
            d[k] = (a - batch->t[s * OUT + (size_t)k]) * a * (1 - a) / (double)batch->n;
            for (int i = 0; i < HIDDEN; i++)
                own.d2[k][i] += (float)(d[k] * h[i]);
            own.d2[k][HIDDEN] += (float)d[k];
        }
        for (int i = 0; train && i < HIDDEN; i++) {
            double e = 0;
            for (int k = 0; k < OUT; k++)
                e += d[k] * own.w2[k][i];
            e *= 1 - h[i] * h[i];
            for (int j = 0; j < IN; j++)
                own.d1[j + 1][i] += e * x[j];
            own.d1[0][i] += e;
        }
    }
}

static int own_predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    (void)self, (void)theta;
    own_pass(batch, y, 0);
    return 0;
}

static int own_gradient(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    (void)self, (void)theta, (void)g;
    own_pass(batch, NULL, 1);
    return 0;
}

static int own_step(void *self, const double *theta, const struct bp_batch *batch, double rate,
                    double *next)
{
    (void)self, (void)theta, (void)next;
    if (own.samples_per_call != 0 && batch->n != (size_t)own.samples_per_call)
        return 7;
    own_pass(batch, NULL, 1);
    for (int j = 0; j <= IN; j++)
        for (int i = 0; i < HIDDEN; i++)
            own.w1[j][i] -= rate * own.d1[j][i];
    for (int k = 0; k < OUT; k++)
        for (int i = 0; i <= HIDDEN; i++)
            own.w2[k][i] -= (float)rate * own.d2[k][i];
    return 0;
}

/* An epoch: a step a sample, in order. */
static int own_epoch(void *self, const double *theta, const struct bp_batch *batch, double rate,
                     double *next)
{
    for (size_t s = 0; s < batch->n; s++) {
        const struct bp_batch one = {1, batch->x + s * IN, batch->t + s * OUT};
        own_step(self, theta, &one, rate, next);
    }
    return 0;
}

static const struct bp_array OWN_ARRAYS[] = {
    {2, BP_ARRAY_BIAS_LAST, BP_OUT_IN, BP_FLOAT, own.w2, own.d2},
    {1, BP_ARRAY_BIAS_FIRST, BP_IN_OUT, BP_DOUBLE, own.w1, own.d1}};

static struct bp_subject own_subject(void)
{
    memset(&own, 0, sizeof own);
    return (struct bp_subject){.abi = BACKPROBE_ABI,
                               .network = NETWORK,
                               .arrays = OWN_ARRAYS,
                               .n_arrays = 2,
                               .predict = own_predict,
                               .gradient = own_gradient};
}

static void assert_near(const double *a, const double *b, size_t n, double tol)
{
    for (size_t k = 0; k < n; k++)
        ck_assert_double_le(fabs(a[k] - b[k]), tol);
}

/* ---- tests ---------------------------------------------------------------------- */

START_TEST(in_place_arrays_of_another_layout_agree_with_the_twin)
{
    struct world w;
    world_init(&w);
    const struct bp_subject subject = own_subject();
    struct bp_view view;
    ck_assert_int_eq(bp_view_open(&view, &subject, NULL), BP_OK);
    ck_assert(view.described);
    ck_assert(view.narrow);
    bp_view_round(&view, w.net.theta);
    double y[N * OUT], loss, g[PARAMETERS];
    ck_assert_int_eq(bp_view_predict(&view, w.net.theta, &w.batch, y, NULL), BP_OK);
    const double *right = right_gradient(&w);
    assert_near(y, w.pass.a[2], N * OUT, 1e-14);
    ck_assert_int_eq(bp_view_loss(&view, w.net.theta, &w.batch, &loss, NULL), BP_OK);
    ck_assert_double_eq_tol(loss, bp_pass_loss(&w.pass, w.t), 1e-14);
    struct bp_claim claim = {.g = g};
    ck_assert_int_eq(bp_view_gradient(&view, w.net.theta, &w.batch, 0, &claim, NULL), BP_OK);
    assert_near(g, right, PARAMETERS, 1e-6);
    ck_assert(!claim.inferred);
    bp_view_close(&view);
    world_release(&w);
}
END_TEST

START_TEST(a_wrong_order_is_seen_in_the_predictions)
{
    struct world w;
    world_init(&w);
    struct bp_subject subject = own_subject();
    struct bp_array arrays[2] = {OWN_ARRAYS[0], OWN_ARRAYS[1]};
    arrays[1].order = BP_OUT_IN;
    subject.arrays = arrays;
    struct bp_view view;
    ck_assert_int_eq(bp_view_open(&view, &subject, NULL), BP_OK);
    double y[N * OUT];
    ck_assert_int_eq(bp_view_predict(&view, w.net.theta, &w.batch, y, NULL), BP_OK);
    bp_pass_forward(&w.pass, N, w.x);
    double apart = 0;
    for (int k = 0; k < N * OUT; k++)
        apart = fmax(apart, fabs(y[k] - w.pass.a[2][k]));
    ck_assert_double_gt(apart, 0.01);
    bp_view_close(&view);
    world_release(&w);
}
END_TEST

static void check_steps(struct bp_subject *subject, double rate, double tol)
{
    struct world w;
    world_init(&w);
    subject->gradient = NULL;
    struct bp_view view;
    ck_assert_int_eq(bp_view_open(&view, subject, NULL), BP_OK);
    bp_view_round(&view, w.net.theta);
    double g[PARAMETERS];
    struct bp_claim claim = {.g = g};
    struct bp_error error = {""};
    ck_assert_msg(bp_view_gradient(&view, w.net.theta, &w.batch, rate, &claim, &error) == BP_OK,
                  "%s", error.text);
    assert_near(g, right_gradient(&w), PARAMETERS, tol);
    ck_assert(claim.inferred);
    ck_assert_double_gt(claim.noise, 0.0);
    /* the stated error covers what is really lost */
    double top = 0, lost = 0;
    for (int k = 0; k < PARAMETERS; k++) {
        top = fmax(top, fabs(g[k]));
        lost = fmax(lost, fabs(g[k] - w.net.grad[k]));
    }
    ck_assert_double_le(lost, 10 * claim.precision * top);
    bp_view_close(&view);
    world_release(&w);
}

START_TEST(a_float_step_gives_the_gradient_at_a_rate_of_our_choice)
{
    struct bp_subject subject = own_subject();
    subject.step = own_step;
    check_steps(&subject, 0, 3e-7);
}
END_TEST

START_TEST(a_float_step_at_a_small_rate_says_how_much_was_lost)
{
    struct bp_subject subject = own_subject();
    subject.step = own_step;
    check_steps(&subject, 0x1p-10, 1e-3);
}
END_TEST

START_TEST(steps_of_one_sample_are_averaged)
{
    struct bp_subject subject = own_subject();
    subject.step = own_step;
    subject.step_kind = BP_STEP_SAMPLE;
    own.samples_per_call = 1;
    check_steps(&subject, 0, 1e-6);
}
END_TEST

START_TEST(a_fixed_rate_is_divided_out)
{
    struct bp_subject subject = own_subject();
    subject.step = own_step;
    subject.rate_kind = BP_RATE_FIXED;
    subject.rate = 0.5;
    check_steps(&subject, 0.5, 1e-6);
}
END_TEST

START_TEST(an_epoch_gives_the_direction)
{
    struct world w;
    world_init(&w);
    struct bp_subject subject = own_subject();
    subject.gradient = NULL;
    subject.step = own_epoch;
    subject.step_kind = BP_STEP_EPOCH;
    struct bp_view view;
    ck_assert_int_eq(bp_view_open(&view, &subject, NULL), BP_OK);
    bp_view_round(&view, w.net.theta);
    double g[PARAMETERS];
    struct bp_claim claim = {.g = g};
    ck_assert_int_eq(bp_view_gradient(&view, w.net.theta, &w.batch, 0, &claim, NULL), BP_OK);
    ck_assert(claim.any_factor);
    const double *right = right_gradient(&w);
    double top = 0;
    for (int k = 0; k < PARAMETERS; k++)
        top = fmax(top, fabs(g[k]));
    for (int k = 0; k < PARAMETERS; k++)
        ck_assert_double_le(fabs(g[k] - N * right[k]), 4 * claim.precision * top);
    ck_assert_double_le(claim.precision, 1e-3);
    bp_view_close(&view);
    world_release(&w);
}
END_TEST

START_TEST(a_call_that_fails_says_why)
{
    struct world w;
    world_init(&w);
    struct bp_subject subject = own_subject();
    subject.gradient = NULL;
    subject.step = own_step;
    own.samples_per_call = 2;
    struct bp_view view;
    struct bp_error error;
    ck_assert_int_eq(bp_view_open(&view, &subject, &error), BP_OK);
    double next[PARAMETERS];
    ck_assert_int_eq(bp_view_step(&view, w.net.theta, &w.batch, 0.1, next, &error), BP_ESUBJECT);
    ck_assert_str_eq(error.text, "subject: step() returned 7, expected 0");
    bp_view_close(&view);
    world_release(&w);
}
END_TEST

static int meddle(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    own_gradient(self, theta, batch, g);
    own.w1[2][1] += 1e-9;
    return 0;
}

START_TEST(a_gradient_call_that_changes_theta_is_seen)
{
    struct world w;
    world_init(&w);
    struct bp_subject subject = own_subject();
    subject.gradient = meddle;
    struct bp_view view;
    ck_assert_int_eq(bp_view_open(&view, &subject, NULL), BP_OK);
    view.watch = true;
    double g[PARAMETERS];
    struct bp_claim claim = {.g = g};
    ck_assert_int_eq(bp_view_gradient(&view, w.net.theta, &w.batch, 0, &claim, NULL), BP_OK);
    ck_assert_uint_eq(view.changed, 1);
    char name[BP_NAME_MAX];
    bp_view_name(&view, view.changed_at, name);
    ck_assert_str_eq(name, "W1[1,1]");
    bp_view_close(&view);
    world_release(&w);
}
END_TEST

START_TEST(built_in_data_takes_no_other)
{
    struct world w;
    world_init(&w);
    struct bp_subject subject = own_subject();
    subject.data = &w.batch;
    struct bp_view view;
    struct bp_error error;
    ck_assert_int_eq(bp_view_open(&view, &subject, &error), BP_OK);
    double y[N * OUT];
    ck_assert_int_eq(bp_view_predict(&view, w.net.theta, &w.batch, y, &error), BP_OK);
    const struct bp_batch other = {N - 1, w.x, w.t};
    ck_assert_int_eq(bp_view_predict(&view, w.net.theta, &other, y, &error), BP_EUNSUPPORTED);
    ck_assert_str_eq(error.text, "subject: its data is built in; no other can be used");
    bp_view_close(&view);
    world_release(&w);
}
END_TEST

/* What is wrong with a description is said in one line. */
static void refused(struct bp_subject subject, const char *line)
{
    struct bp_view view;
    struct bp_error error = {""};
    ck_assert_int_eq(bp_view_open(&view, &subject, &error), BP_EINPUT);
    ck_assert_str_eq(error.text, line);
    ck_assert_ptr_null(view.scratch);
}

START_TEST(a_wrong_description_is_refused)
{
    struct bp_subject s = own_subject();
    s.abi = 0;
    refused(s, "subject: abi is 0, expected 1 (BACKPROBE_ABI)");
    s = own_subject();
    s.n_arrays = 1;
    refused(s, "arrays: W1 is in 0 of them, expected 1");
    s = own_subject();
    s.n_theta = 7;
    refused(s, "subject: says 7 parameters, 0 inputs, 0 outputs; its network has 26, 3, 2");
    s = own_subject();
    s.network = NULL;
    refused(s, "subject: it has arrays, but no network that they fit");
    s = own_subject();
    struct bp_array arrays[] = {OWN_ARRAYS[0], {3, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, 0, 0}};
    s.arrays = arrays;
    refused(s, "array 1: layer 3, expected 1 to 2");
    s = own_subject();
    s.predict = NULL;
    s.gradient = NULL;
    refused(s, "subject: none of loss, predict, gradient and step is set");
    s = own_subject();
    s.rate_kind = BP_RATE_FIXED;
    refused(s, "subject: its rate is fixed at 0, expected a number that is not 0");
    s = (struct bp_subject){.abi = BACKPROBE_ABI, .loss = NULL, .gradient = own_gradient};
    refused(s, "subject: 0 parameters, 0 inputs, 0 outputs: each must be at least 1 where network "
               "and arrays do not say it");
}
END_TEST

START_TEST(a_layer_whose_biases_are_in_no_array_has_none)
{
    struct bp_subject s = own_subject();
    struct bp_array arrays[] = {OWN_ARRAYS[0], OWN_ARRAYS[1]};
    arrays[1].role = BP_ARRAY_WEIGHTS;
    s.arrays = arrays;
    struct bp_view view;
    ck_assert_int_eq(bp_view_open(&view, &s, NULL), BP_OK);
    ck_assert(!view.twin.spec.layer[1].has_bias);
    ck_assert(view.twin.spec.layer[2].has_bias);
    ck_assert_uint_eq(view.n_theta, PARAMETERS - HIDDEN);
    bp_view_close(&view);
}
END_TEST

START_TEST(every_layout_is_a_permutation)
{
    struct bp_spec spec;
    bp_spec_parse(&spec, NETWORK, NULL);
    struct bp_mlp net;
    ck_assert_int_eq(bp_mlp_init(&net, &spec), BP_OK);
    for (int role = BP_ARRAY_BIAS_FIRST; role <= BP_ARRAY_BIAS_LAST; role++)
        for (int order = 0; order < 2; order++) {
            const struct bp_array arrays[] = {
                {2, (enum bp_array_role)role, (enum bp_array_order)order, BP_DOUBLE, NULL, NULL},
                {1, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, NULL, NULL},
                {1, BP_ARRAY_WEIGHTS, (enum bp_array_order)order, BP_DOUBLE, NULL, NULL}};
            size_t place[PARAMETERS];
            int seen[PARAMETERS] = {0};
            bp_layout_places(&net, arrays, 3, place);
            for (int k = 0; k < PARAMETERS; k++)
                seen[place[k]]++;
            for (int k = 0; k < PARAMETERS; k++)
                ck_assert_int_eq(seen[k], 1);
        }
    bp_mlp_release(&net);
    bp_spec_release(&spec);
}
END_TEST

START_TEST(the_core_as_subject_says_what_core_computes)
{
    struct world w;
    world_init(&w);
    struct bp_core_subject core;
    ck_assert_int_eq(bp_core_subject_init(&core, &w.net, 2), BP_OK); /* grows to N */
    struct bp_view view;
    ck_assert_int_eq(bp_view_open(&view, &core.subject, NULL), BP_OK);
    double g[PARAMETERS], next[PARAMETERS], units[3][N * (HIDDEN + OUT)];
    struct bp_claim claim = {.g = g};
    ck_assert_int_eq(bp_view_gradient(&view, w.net.theta, &w.batch, 0, &claim, NULL), BP_OK);
    assert_near(g, right_gradient(&w), PARAMETERS, 0.0);
    ck_assert_int_eq(bp_view_step(&view, w.net.theta, &w.batch, 0.5, next, NULL), BP_OK);
    for (int k = 0; k < PARAMETERS; k++)
        ck_assert_double_eq_tol(next[k], w.net.theta[k] - 0.5 * g[k], 1e-15);
    ck_assert_int_eq(
        bp_view_trace(&view, w.net.theta, &w.batch, units[0], units[1], units[2], NULL), BP_OK);
    assert_near(units[2] + N * HIDDEN, w.pass.delta[2], N * OUT, 0.0);
    bp_view_close(&view);
    bp_core_subject_release(&core);
    world_release(&w);
}
END_TEST

START_TEST(no_memory_leaves_nothing_behind)
{
    struct world w;
    world_init(&w);
    struct bp_subject subject = own_subject();
    subject.gradient = NULL;
    subject.step = own_step;
    const size_t held = bp_mem_held();
    double g[PARAMETERS], loss;
    for (size_t n = 1; n < 100; n++) {
        struct bp_view view;
        struct bp_claim claim = {.g = g};
        bp_mem_fail_at(n);
        enum bp_status status = bp_view_open(&view, &subject, NULL);
        if (status == BP_OK)
            status = bp_view_gradient(&view, w.net.theta, &w.batch, 0, &claim, NULL);
        if (status == BP_OK)
            status = bp_view_loss(&view, w.net.theta, &w.batch, &loss, NULL);
        const size_t tried = bp_mem_tried();
        bp_mem_fail_at(0);
        bp_view_close(&view);
        ck_assert_uint_eq(bp_mem_held(), held);
        ck_assert_int_eq(status, tried < n ? BP_OK : BP_ENOMEM);
        if (tried < n)
            break;
    }
    world_release(&w);
}
END_TEST

Suite *subject_suite(void);
Suite *subject_suite(void)
{
    Suite *suite = suite_create("subject");
    TCase *tcase = tcase_create("subject");
    tcase_add_test(tcase, in_place_arrays_of_another_layout_agree_with_the_twin);
    tcase_add_test(tcase, a_wrong_order_is_seen_in_the_predictions);
    tcase_add_test(tcase, a_float_step_gives_the_gradient_at_a_rate_of_our_choice);
    tcase_add_test(tcase, a_float_step_at_a_small_rate_says_how_much_was_lost);
    tcase_add_test(tcase, steps_of_one_sample_are_averaged);
    tcase_add_test(tcase, a_fixed_rate_is_divided_out);
    tcase_add_test(tcase, an_epoch_gives_the_direction);
    tcase_add_test(tcase, a_call_that_fails_says_why);
    tcase_add_test(tcase, a_gradient_call_that_changes_theta_is_seen);
    tcase_add_test(tcase, built_in_data_takes_no_other);
    tcase_add_test(tcase, a_wrong_description_is_refused);
    tcase_add_test(tcase, a_layer_whose_biases_are_in_no_array_has_none);
    tcase_add_test(tcase, every_layout_is_a_permutation);
    tcase_add_test(tcase, the_core_as_subject_says_what_core_computes);
    tcase_add_test(tcase, no_memory_leaves_nothing_behind);
    suite_add_tcase(suite, tcase);
    return suite;
}
