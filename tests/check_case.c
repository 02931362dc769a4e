/* check_case.c -- the four programs behave as their askers saw them behave. */
#include "core/mem.h"
#include "core/rng.h"
#include "diag/subject.h"
#include "scenarios/case.h"
#include "tests/small.h"

#include <check.h>
#include <math.h>
#include <string.h>

static const double XOR_X[] = {0, 0, 0, 1, 1, 0, 1, 1};
static const double XOR_T[] = {0, 1, 1, 0};

static void open_case(struct bp_case_program *program, const char *name, const char *network,
                      unsigned repaired)
{
    struct bp_spec spec;
    struct bp_error error = {""};
    const struct bp_case *which = bp_case_find(name);
    ck_assert_ptr_nonnull(which);
    ck_assert_int_eq(bp_spec_parse(&spec, network, NULL), BP_OK);
    ck_assert_msg(bp_case_open(program, which, &spec, repaired, &error) == BP_OK, "%s", error.text);
    bp_spec_release(&spec);
}

/* Puts theta (in the program's own order) where the program keeps it. */
static void put(const struct bp_case_program *program, size_t array, const double *values, size_t n)
{
    memcpy(program->array[array].values, values, n * sizeof *values);
}

/* One call of step() a sample, in order. */
static void iterate(struct bp_case_program *program, size_t iterations, double rate)
{
    for (size_t i = 0; i < iterations; i++)
        for (int s = 0; s < 4; s++) {
            const struct bp_batch one = {1, XOR_X + 2 * s, XOR_T + s};
            ck_assert_int_eq(program->subject.step(program->subject.self, NULL, &one, rate, NULL),
                             0);
        }
}

/* ---- case C ------------------------------------------------------------------------- */

static const double C_HIDDEN[] = {0.5697085562539655, 0.6446657916987187, 0.5439850967379014,
                                  0.36582203013586984};
static const double C_OUTPUT[] = {0.8091456883495236, 0.9578391532272982};

/* The four costs of one iteration, each before its own step. */
static void costs_of_an_iteration(struct bp_case_program *program, double rate, double *cost)
{
    for (int s = 0; s < 4; s++) {
        const struct bp_batch one = {1, XOR_X + 2 * s, XOR_T + s};
        double y;
        program->subject.predict(program->subject.self, NULL, &one, &y);
        cost[s] = 0.5 * (y - XOR_T[s]) * (y - XOR_T[s]);
        program->subject.step(program->subject.self, NULL, &one, rate, NULL);
    }
}

START_TEST(case_c_prints_the_costs_of_the_question)
{
    static const double AT_0[] = {0.25031025599858575, 0.031344966778714914, 0.030109871312169207,
                                  0.30974627646512554};
    static const double AT_8000[] = {0.49998771962960453, 6.768e-14, 3.953e-14,
                                     0.49999998306930477};
    struct bp_case_program program;
    double cost[4];
    open_case(&program, "case-c", "2-2-1 sigmoid mse", 0);
    put(&program, 0, C_HIDDEN, 4);
    put(&program, 1, C_OUTPUT, 2);
    costs_of_an_iteration(&program, 0.01, cost);
    for (int s = 0; s < 4; s++)
        ck_assert_double_eq_tol(cost[s], AT_0[s], 4e-14);
    iterate(&program, 7999, 0.01);
    costs_of_an_iteration(&program, 0.01, cost);
    for (int s = 0; s < 4; s++)
        ck_assert_double_eq_tol(cost[s], AT_8000[s], 1e-14 + 4e-14 * AT_8000[s]);
    /* C5: both hidden units have moved alike */
    const double *h = program.array[0].values;
    ck_assert_double_eq_tol(h[0] - C_HIDDEN[0], h[2] - C_HIDDEN[2], 2e-13);
    ck_assert_double_eq_tol(h[1] - C_HIDDEN[1], h[3] - C_HIDDEN[3], 2e-13);
    bp_case_close(&program);
}
END_TEST

static int case_c_learns(unsigned repaired, uint64_t seed, double *total_apart)
{
    static const double SHOWN[] = {0.0479, 0.9559, 0.9455, 0.0421};
    struct bp_case_program program;
    struct bp_rng rng;
    const bool rewritten = repaired == 0;
    open_case(&program, rewritten ? "case-c-rewritten" : "case-c", "2-2-1 sigmoid mse", repaired);
    bp_rng_seed(&rng, seed);
    for (size_t a = 0; a < program.subject.n_arrays; a++) {
        const size_t rows = program.array[a].layer == 1 ? 2 : 1;
        const size_t count = program.array[a].role == BP_ARRAY_WEIGHTS ? 2 * rows : rows;
        for (size_t k = 0; k < count; k++)
            ((double *)program.array[a].values)[k] = bp_rng_normal(&rng);
    }
    iterate(&program, 98000, 0.01);
    const struct bp_batch all = {4, XOR_X, XOR_T};
    double y[4];
    program.subject.predict(program.subject.self, NULL, &all, y);
    *total_apart = 0.0;
    int right = 1;
    for (int s = 0; s < 4; s++) {
        *total_apart += fabs(y[s] - SHOWN[s]);
        right = right && fabs(y[s] - XOR_T[s]) < 0.2;
    }
    bp_case_close(&program);
    return right;
}

START_TEST(case_c_rewritten_ends_where_its_answer_says)
{
    int close = 0;
    for (uint64_t seed = 1; seed <= 48; seed++) {
        double apart;
        case_c_learns(0, seed, &apart);
        close += apart <= 0.1;
    }
    ck_assert_int_ge(close, 20);
}
END_TEST

START_TEST(case_c_needs_c1_to_c5_repaired_together)
{
    double apart;
    int one_at_a_time = 0, together = 0;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        for (unsigned bit = 0; bit < 5; bit++)
            one_at_a_time += case_c_learns(1u << bit, seed, &apart);
        together += case_c_learns(1u | 2u | 4u | 8u | 16u | 32u, seed, &apart);
    }
    ck_assert_int_eq(one_at_a_time, 0);
    ck_assert_int_ge(together, 2);
}
END_TEST

/* ---- case B -------------------------------------------------------------------------- */

START_TEST(case_b_gives_every_printed_digit)
{
    static const double THETA[] = {0.0756102610697, 0.261814503398, 0.0292734023876};
    static const double NUMERIC[] = {0.0530221063, 0.0416095560, 0.0246847342};
    static const double OUTPUT[] = {0.49317733, 0.49294556, 0.50489004, 0.50465824};
    struct bp_case_program program;
    const struct bp_batch all = {4, XOR_X, XOR_T};
    double cost, g[3], next[3], y[4];
    open_case(&program, "case-b", "2-1 sigmoid mse", 0);
    put(&program, 0, THETA, 3);
    program.subject.loss(program.subject.self, NULL, &all, &cost);
    ck_assert_double_eq_tol(cost, 0.508019225507, 5e-13);
    program.subject.gradient(program.subject.self, NULL, &all, g);
    for (int k = 0; k < 3; k++)
        ck_assert_double_eq(g[k], THETA[k]); /* B1 */
    for (int i = 0; i < 10000; i++) {
        program.subject.step(program.subject.self, NULL, &all, 0.01, next);
        if (i == 0) /* B2: the step is a quarter of the numeric gradient's */
            for (int k = 0; k < 3; k++)
                ck_assert_double_eq_tol((THETA[k] - ((double *)program.array[0].values)[k]) / 0.01,
                                        NUMERIC[k] / 4.0, 1e-10);
    }
    program.subject.loss(program.subject.self, NULL, &all, &cost);
    ck_assert_double_eq_tol(cost, 0.50007095103, 5e-12);
    program.subject.predict(program.subject.self, NULL, &all, y);
    for (int s = 0; s < 4; s++)
        ck_assert_double_eq_tol(y[s], OUTPUT[s], 5e-9);
    bp_case_close(&program);
}
END_TEST

/* ---- repaired, they are right ----------------------------------------------------------- */

static const struct {
    const char *name, *network;
} REPAIRED[] = {
    {"case-a", "3-4-2 sigmoid mse"},   {"case-a", "2-2-2-1 sigmoid mse"},
    {"case-b", "3-4-2 sigmoid mse"},   {"case-c", "2-2-1 sigmoid mse"},
    {"case-d", "3-4-2 tanh,relu mse"}, {"case-c-rewritten", "2-2-1 sigmoid mse"},
};

/* The repaired programs' step is minus rate times core's gradient. */
START_TEST(a_repaired_program_steps_along_the_gradient)
{
    struct bp_case_program program;
    struct bp_view view;
    struct bp_error error = {""};
    struct bp_pass pass;
    double theta[64], g[64], x[4], t[4];
    open_case(&program, REPAIRED[_i].name, REPAIRED[_i].network, ~0u);
    ck_assert_msg(bp_view_open(&view, &program.subject, &error) == BP_OK, "%s", error.text);
    ck_assert(view.described);
    ck_assert_uint_le(view.n_theta, 64);
    struct bp_rng rng;
    bp_rng_seed(&rng, 4);
    for (size_t k = 0; k < view.n_theta; k++)
        theta[k] = bp_rng_normal(&rng);
    for (int k = 0; k < 4; k++) {
        x[k] = bp_rng_normal(&rng);
        t[k] = bp_rng_unit(&rng);
    }
    const double rate = 1e-3;
    ck_assert_msg(bp_view_step(&view, theta, &(struct bp_batch){1, x, t}, rate, g, &error) == BP_OK,
                  "%s", error.text);
    for (size_t k = 0; k < view.n_theta; k++)
        g[k] = (theta[k] - g[k]) / rate;
    ck_assert_int_eq(bp_pass_init(&pass, &view.twin, 1), BP_OK);
    pass.theta = theta;
    bp_pass_forward(&pass, 1, x);
    bp_pass_backward(&pass, t);
    for (size_t k = 0; k < view.n_theta; k++)
        ck_assert_double_eq_tol(g[k], pass.grad[k], 1e-12);
    bp_pass_release(&pass);
    bp_view_close(&view);
    bp_case_close(&program);
}
END_TEST

START_TEST(case_a_leaves_its_first_layer_alone)
{
    struct bp_case_program program;
    const struct bp_batch all = {4, XOR_X, XOR_T};
    static const double W1[] = {0.1, -0.2, 0.3, 0.4}, W2[] = {0.5, -0.6};
    open_case(&program, "case-a", "2-2-1 sigmoid mse", 0);
    put(&program, 0, W1, 4);
    put(&program, 2, W2, 2);
    program.subject.step(program.subject.self, NULL, &all, 1.0, NULL);
    ck_assert_mem_eq(program.array[0].values, W1, sizeof W1);
    ck_assert_mem_ne(program.array[2].values, W2, sizeof W2);
    bp_case_close(&program);
}
END_TEST

START_TEST(a_case_refuses_what_it_cannot_be)
{
    struct bp_spec spec;
    struct bp_case_program program;
    struct bp_error error = {""};
    ck_assert_int_eq(bp_spec_parse(&spec, "2-3-1 sigmoid mse", NULL), BP_OK);
    ck_assert_int_eq(bp_case_open(&program, bp_case_find("case-c"), &spec, 0, &error), BP_EINPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "2-2-1"));
    bp_spec_release(&spec);
    ck_assert_ptr_null(bp_case_find("case-z"));
}
END_TEST

START_TEST(every_failed_allocation_is_a_status)
{
    struct bp_spec spec;
    const char *const name[] = {"case-a", "case-b", "case-c", "case-d"};
    ck_assert_int_eq(bp_spec_parse(&spec, "2-2-1 sigmoid mse", NULL), BP_OK);
    for (int c = 0; c < 4; c++) {
        const size_t held = bp_mem_held();
        bool done = false;
        for (size_t n = 1; !done; n++) {
            struct bp_case_program program;
            bp_mem_fail_at(n);
            const enum bp_status status =
                bp_case_open(&program, bp_case_find(name[c]), &spec, 0, NULL);
            done = bp_mem_tried() < n;
            bp_mem_fail_at(0);
            ck_assert_int_eq(status, done ? BP_OK : BP_ENOMEM);
            bp_case_close(&program);
            ck_assert_uint_eq(bp_mem_held(), held);
        }
    }
    bp_spec_release(&spec);
}
END_TEST

Suite *case_suite(void);
Suite *case_suite(void)
{
    Suite *suite = suite_create("case");
    TCase *tcase = tcase_create("case");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, case_b_gives_every_printed_digit);
    tcase_add_loop_test(tcase, a_repaired_program_steps_along_the_gradient, 0,
                        sizeof REPAIRED / sizeof REPAIRED[0]);
    tcase_add_test(tcase, case_a_leaves_its_first_layer_alone);
    tcase_add_test(tcase, a_case_refuses_what_it_cannot_be);
    tcase_add_test(tcase, every_failed_allocation_is_a_status);
    tcase_add_test(tcase, case_c_prints_the_costs_of_the_question);
    if (!small_only()) {
        tcase_add_test(tcase, case_c_rewritten_ends_where_its_answer_says);
        tcase_add_test(tcase, case_c_needs_c1_to_c5_repaired_together);
    }
    suite_add_tcase(suite, tcase);
    return suite;
}
