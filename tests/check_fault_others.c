/* check_fault_others.c -- the faults that a gradient at one point does not show: each
 * is planted in what it is a fault of, and seen where it should be seen. */
#include "core/mem.h"
#include "diag/faults/usercheck.h"
#include "planted.h"

#include <check.h>
#include <math.h>
#include <string.h>

static struct bp_hypothesis of(const char *name, int variant)
{
    const struct bp_hypothesis h = {
        .fault = bp_fault_find(name), .variant = variant, .neuron = BP_NO_NEURON, .factor = 1.0};
    ck_assert_msg(h.fault != NULL, "%s", name);
    return h;
}

static void for_every(enum bp_kind kind, void (*look)(const struct bp_hypothesis *h))
{
    size_t tables;
    const struct bp_fault_table *const *table = bp_fault_tables(&tables);
    for (size_t i = 0; i < tables; i++)
        for (size_t k = 0; k < table[i]->n; k++)
            for (int v = 0; v < table[i]->fault[k].variants; v++) {
                const struct bp_hypothesis h = of(table[i]->fault[k].name, v);
                if (h.fault->kind == kind)
                    look(&h);
            }
}

/* ---- update ----------------------------------------------------------------- */

/* theta after one step along a velocity that is not the gradient, with decay. */
static void step(struct bench *bench, const struct bp_ops *ops, double *velocity)
{
    bench_gradient(bench, bench->net.ops, bench->right);
    for (size_t k = 0; k < bench->net.n_theta; k++)
        velocity[k] = bench->right[k] + 0.5 * cos((double)k);
    bench->pass.ops = ops;
    bench->pass.direction = velocity;
    bench->pass.decay = 0.1;
    bp_pass_update(&bench->pass, BENCH_RATE);
}

static void check_update(const struct bp_hypothesis *h)
{
    struct bench bench;
    bench_open(&bench, 0);
    double *velocity = bp_mem_new(3 * bench.net.n_theta, sizeof *velocity);
    double *right = velocity + bench.net.n_theta;
    double *wrong = right + bench.net.n_theta;
    step(&bench, bench.net.ops, velocity);
    memcpy(right, bench.pass.next, bench.net.n_theta * sizeof *right);
    bench_plant(&bench, h);
    step(&bench, bench.ops, velocity);
    memcpy(wrong, bench.pass.next, bench.net.n_theta * sizeof *wrong);
    ck_assert_msg(bench_difference(&bench, right, wrong) > 1e-6, "%s/%d updates right",
                  h->fault->name, h->variant);
    bench_gradient(&bench, bench.ops, bench.wrong);
    ck_assert_msg(memcmp(bench.right, bench.wrong, bench.net.n_theta * sizeof(double)) == 0,
                  "%s changes the gradient", h->fault->name);
    bp_mem_free(velocity);
    bench_close(&bench);
}

START_TEST(update_faults_change_the_step_and_not_the_gradient)
{
    for_every(BP_KIND_UPDATE, check_update);
}
END_TEST

/* theta' - theta is factor times minus rate times gradient. */
static void steps_by(const char *name, int variant, double factor)
{
    struct bench bench;
    const struct bp_hypothesis h = of(name, variant);
    bench_open(&bench, 0);
    bench_plant(&bench, &h);
    bench_gradient(&bench, bench.ops, bench.right);
    bench.pass.direction = bench.right;
    bp_pass_update(&bench.pass, BENCH_RATE);
    for (size_t k = 0; k < bench.net.n_theta; k++)
        ck_assert_double_eq_tol(bench.pass.next[k] - bench.net.theta[k],
                                -factor * BENCH_RATE * bench.right[k], 1e-14);
    bench_close(&bench);
}

START_TEST(update_faults_are_what_they_say)
{
    steps_by("update-skipped", 0, 0.0);
    steps_by("update-doubled", 0, 2.0);
    steps_by("update-uphill", 0, -1.0);
    steps_by("rate-misapplied", 0, 1.0 / BENCH_RATE);
    steps_by("rate-misapplied", 1, BENCH_RATE);
    steps_by("momentum-misapplied", 1, 2.0); /* the velocity is the gradient here */
}
END_TEST

/* A parameter stays bit for bit. */
START_TEST(a_frozen_weight_does_not_move)
{
    struct bench bench;
    struct bp_hypothesis h = of("parameter-never-changes", 0);
    h.layer = 2;
    bench_open(&bench, 0);
    bench_plant(&bench, &h);
    bench_gradient(&bench, bench.ops, bench.right);
    bench.pass.direction = bench.right;
    bp_pass_update(&bench.pass, BENCH_RATE);
    const size_t at = bp_mlp_weights(&bench.net, 2)->offset;
    for (size_t k = 0; k < bench.net.n_theta; k++)
        ck_assert_int_eq(bench.pass.next[k] == bench.net.theta[k], k == at);
    bench_close(&bench);
}
END_TEST

/* ---- calls ------------------------------------------------------------------ */

static double second_call(const char *name)
{
    struct bench bench;
    const struct bp_hypothesis h = of(name, 0);
    bench_open(&bench, 0);
    bench_plant(&bench, &h);
    bench_gradient(&bench, bench.ops, bench.right);
    bench_gradient(&bench, bench.ops, bench.wrong);
    const double difference = bench_difference(&bench, bench.right, bench.wrong);
    bench_close(&bench);
    return difference;
}

START_TEST(call_faults_make_two_calls_differ)
{
    ck_assert_double_eq_tol(second_call("accumulator-not-reset"), 0.5, 1e-12); /* g, then 2 g */
    ck_assert_double_gt(second_call("stale-forward-state"), 1e-3);
    ck_assert_double_gt(second_call("dropout-left-on"), 1e-3);
    ck_assert_double_gt(second_call("calls-differ"), 1e-3);
    ck_assert_double_eq(second_call("sample-depends-on-others"), 0.0);
}
END_TEST

START_TEST(a_forgotten_entry_keeps_what_was_there)
{
    struct bench bench;
    struct bp_hypothesis h = of("gradient-entry-forgotten", 0);
    h.layer = 1;
    bench_open(&bench, 0);
    bench_plant(&bench, &h);
    const size_t last = bp_mlp_weights(&bench.net, 1)->count - 1;
    bench.pass.sum[last] = 77.0 * BENCH_BATCH;
    bench_gradient(&bench, bench.ops, bench.wrong);
    ck_assert_double_eq(bench.wrong[last], 77.0);
    bench_close(&bench);
}
END_TEST

/* The batch's gradient beside the mean of its samples' gradients. */
START_TEST(a_sample_that_depends_on_others_is_seen)
{
    struct bench bench;
    const struct bp_hypothesis h = of("sample-depends-on-others", 0);
    bench_open(&bench, 0);
    bench_plant(&bench, &h);
    const struct bp_spec *spec = &bench.net.spec;
    double *mean = bp_mem_new(bench.net.n_theta, sizeof *mean);
    for (size_t s = 0; s < BENCH_BATCH; s++) {
        bench.pass.ops = bench.ops;
        bench.pass.grad = bench.right;
        bp_pass_forward(&bench.pass, 1, bench.x + s * spec->layer[0].width);
        bp_pass_backward(&bench.pass, bench.t + s * spec->layer[spec->layers].width);
        for (size_t k = 0; k < bench.net.n_theta; k++)
            mean[k] += bench.right[k] / BENCH_BATCH;
    }
    bench_gradient(&bench, bench.ops, bench.wrong);
    ck_assert_double_gt(bench_difference(&bench, mean, bench.wrong), 1e-3);
    bp_mem_free(mean);
    bench_close(&bench);
}
END_TEST

/* ---- start, data, rate, network ---------------------------------------------- */

static const struct bp_init USUAL = {.weights = {.scheme = BP_INIT_NORMAL, .sd = 1.0},
                                     .biases = {.scheme = BP_INIT_ZERO},
                                     .seed = 3};

static void check_start(const struct bp_hypothesis *h)
{
    struct bench right, wrong;
    struct bp_init init = USUAL;
    bench_open(&right, 0);
    bench_open(&wrong, 0);
    bp_init_run(&init, &right.net);
    ck_assert_msg(h->fault->plant_init != NULL || h->fault->plant_start != NULL, "%s",
                  h->fault->name);
    if (h->fault->plant_init != NULL)
        h->fault->plant_init(h, &init);
    bp_init_run(&init, &wrong.net);
    if (h->fault->plant_start != NULL)
        h->fault->plant_start(h, &wrong.net);
    ck_assert_msg(memcmp(right.net.theta, wrong.net.theta, right.net.n_theta * sizeof(double)) != 0,
                  "%s/%d starts as ever", h->fault->name, h->variant);
    bench_close(&right);
    bench_close(&wrong);
}

START_TEST(start_faults_change_the_start)
{
    for_every(BP_KIND_START, check_start);
}
END_TEST

/* Neurons 0 and 1 of layer 1 compute sign times the same, and go on doing so. */
static void stays_a_pair(const char *name, int variant, const char *network, double sign)
{
    struct bench bench;
    const struct bp_hypothesis h = of(name, variant);
    struct bp_init init = USUAL;
    bench_open_network(&bench, network, false);
    if (h.fault->plant_init != NULL)
        h.fault->plant_init(&h, &init);
    bp_init_run(&init, &bench.net);
    if (h.fault->plant_start != NULL)
        h.fault->plant_start(&h, &bench.net);
    for (int k = 0; k < 20; k++) {
        bench_gradient(&bench, bench.net.ops, bench.right);
        bench.pass.direction = bench.right;
        bp_pass_update(&bench.pass, BENCH_RATE);
        memcpy(bench.net.theta, bench.pass.next, bench.net.n_theta * sizeof(double));
    }
    const size_t in = bench.net.spec.layer[0].width;
    for (size_t j = 0; j < in; j++)
        ck_assert_double_eq_tol(bench.net.theta[j], sign * bench.net.theta[in + j], 1e-12);
    bench_close(&bench);
}

START_TEST(copies_stay_copies_in_training)
{
    stays_a_pair("symmetric-weights", 0, "3-2-1 sigmoid squared-error", 1.0);
    stays_a_pair("symmetric-weights", 1, "3-4-2 tanh squared-error", 1.0);
    stays_a_pair("sign-flipped-copies", 0, "3-4-2 tanh squared-error", -1.0);
}
END_TEST

static void open_data(struct bp_dataset *data)
{
    ck_assert_int_eq(bp_dataset_init(data, 40, 3, 1), BP_OK);
    for (size_t k = 0; k < data->n * data->n_in; k++)
        data->x[k] = sin(1.7 * (double)k);
    for (size_t s = 0; s < data->n; s++)
        data->t[s] = (double)(s % 3 == 0);
    bp_dataset_find_classes(data);
}

static void check_data(const struct bp_hypothesis *h)
{
    struct bp_dataset right, wrong;
    open_data(&right);
    open_data(&wrong);
    ck_assert_msg(h->fault->plant_data != NULL, "%s", h->fault->name);
    h->fault->plant_data(h, &wrong);
    ck_assert_uint_eq(wrong.n, right.n);
    ck_assert_msg(memcmp(right.x, wrong.x, right.n * right.n_in * sizeof(double)) != 0 ||
                      memcmp(right.t, wrong.t, right.n * sizeof(double)) != 0,
                  "%s leaves the data as it was", h->fault->name);
    bp_dataset_release(&right);
    bp_dataset_release(&wrong);
}

START_TEST(data_faults_change_the_data)
{
    for_every(BP_KIND_DATA, check_data);
}
END_TEST

START_TEST(shuffled_labels_are_the_same_labels)
{
    struct bp_dataset data;
    const struct bp_hypothesis h = of("labels-shuffled", 0);
    double sum = 0.0;
    open_data(&data);
    h.fault->plant_data(&h, &data);
    for (size_t s = 0; s < data.n; s++)
        sum += data.t[s];
    ck_assert_double_eq(sum, 14.0); /* 0, 3, ... 39 */
    bp_dataset_release(&data);
}
END_TEST

static void check_rate(const struct bp_hypothesis *h)
{
    struct bp_train right = {.rate = 0.5, .batch = 4, .epochs = 1000};
    struct bp_train wrong = right;
    if (h->fault->plant_train == NULL)
        return;
    h->fault->plant_train(h, &wrong);
    ck_assert_msg(wrong.rate != right.rate || wrong.epochs != right.epochs, "%s", h->fault->name);
    ck_assert(wrong.rate > 0.0 && wrong.epochs > 0);
}

START_TEST(rate_faults_change_the_training)
{
    for_every(BP_KIND_RATE, check_rate);
}
END_TEST

static void check_network(const struct bp_hypothesis *h)
{
    struct bp_spec spec;
    char before[BP_SPEC_TEXT_MAX], after[BP_SPEC_TEXT_MAX];
    ck_assert_int_eq(bp_spec_parse(&spec, "3-4-1 tanh,sigmoid squared-error", NULL), BP_OK);
    bp_spec_text(&spec, before, sizeof before);
    h->fault->plant_network(h, &spec);
    bp_spec_text(&spec, after, sizeof after);
    ck_assert_str_ne(before, after);
    ck_assert_int_eq(bp_spec_check(&spec, NULL), BP_OK);
    bp_spec_release(&spec);
}

START_TEST(network_faults_change_the_description)
{
    for_every(BP_KIND_NETWORK, check_network);
}
END_TEST

/* ---- the check itself ---------------------------------------------------------- */

struct columns {
    struct bench bench;
    double *backprop, *numeric;
};

static void columns_open(struct columns *columns, const struct bp_usercheck *check, int k)
{
    bench_open(&columns->bench, k);
    const size_t n = columns->bench.net.n_theta;
    columns->backprop = bp_mem_new(2 * n, sizeof *columns->backprop);
    columns->numeric = columns->backprop + n;
    double *theta = bp_mem_new(n, sizeof *theta);
    memcpy(theta, columns->bench.net.theta, n * sizeof *theta);
    ck_assert_int_eq(bp_usercheck_run(check, &columns->bench.net, BENCH_BATCH, columns->bench.x,
                                      columns->bench.t, columns->backprop, columns->numeric),
                     BP_OK);
    ck_assert_mem_eq(theta, columns->bench.net.theta, n * sizeof *theta);
    bp_mem_free(theta);
}

static void columns_close(struct columns *columns)
{
    bp_mem_free(columns->backprop);
    bench_close(&columns->bench);
}

START_TEST(a_right_check_agrees)
{
    struct columns columns;
    const struct bp_usercheck right = {0};
    columns_open(&columns, &right, _i);
    ck_assert_double_lt(bench_difference(&columns.bench, columns.backprop, columns.numeric), 1e-6);
    columns_close(&columns);
}
END_TEST

static void check_check(const struct bp_hypothesis *h)
{
    struct columns right, wrong;
    struct bp_usercheck check = {0};
    if (h->fault->plant_check == NULL)
        return;
    columns_open(&right, &check, 0);
    h->fault->plant_check(h, &check);
    columns_open(&wrong, &check, 0);
    const double apart = bench_difference(&wrong.bench, wrong.backprop, wrong.numeric);
    if (strcmp(h->fault->name, "check-compares-magnitudes") == 0)
        ck_assert_double_lt(apart, 1e-6); /* it agrees, and that is its fault */
    else
        ck_assert_msg(apart > 1e-5, "%s/%d agrees", h->fault->name, h->variant);
    ck_assert_msg(bench_difference(&right.bench, right.backprop, wrong.backprop) > 1e-6 ||
                      bench_difference(&right.bench, right.numeric, wrong.numeric) > 1e-6,
                  "%s changes neither column", h->fault->name);
    columns_close(&right);
    columns_close(&wrong);
}

START_TEST(faults_of_the_check_are_seen_in_its_columns)
{
    for_every(BP_KIND_CHECK, check_check);
}
END_TEST

START_TEST(the_columns_are_what_the_faults_say)
{
    struct columns columns;
    struct bp_usercheck check = {.shows_theta = true};
    columns_open(&columns, &check, 0);
    ck_assert_mem_eq(columns.backprop, columns.bench.net.theta,
                     columns.bench.net.n_theta * sizeof(double));
    columns_close(&columns);
    check = (struct bp_usercheck){.loss_summed = true};
    columns_open(&columns, &check, 0);
    for (size_t k = 0; k < columns.bench.net.n_theta; k++)
        ck_assert_double_eq_tol(columns.numeric[k], BENCH_BATCH * columns.backprop[k], 1e-6);
    columns_close(&columns);
    check = (struct bp_usercheck){.magnitudes = true};
    columns_open(&columns, &check, 0);
    for (size_t k = 0; k < columns.bench.net.n_theta; k++)
        ck_assert_double_ge(fmin(columns.backprop[k], columns.numeric[k]), 0.0);
    columns_close(&columns);
}
END_TEST

START_TEST(a_check_without_memory_leaves_nothing_held)
{
    struct columns columns;
    const struct bp_usercheck right = {0};
    columns_open(&columns, &right, 0);
    const size_t held = bp_mem_held();
    struct bench *bench = &columns.bench;
    for (size_t k = 1; k <= 3; k++) {
        bp_mem_fail_at(k);
        ck_assert_int_eq(bp_usercheck_run(&right, &bench->net, BENCH_BATCH, bench->x, bench->t,
                                          columns.backprop, columns.numeric),
                         BP_ENOMEM);
        ck_assert_uint_eq(bp_mem_held(), held);
    }
    bp_mem_fail_at(0);
    columns_close(&columns);
}
END_TEST

/* ---- kinds -------------------------------------------------------------------- */

static size_t without_plant;

static void count_plants(const struct bp_hypothesis *h)
{
    without_plant += !bp_fault_plantable(h->fault);
}

/* What cannot be planted in a network of ours is a matter of programs, or of luck. */
START_TEST(nearly_every_fault_can_be_planted)
{
    for (int kind = 0; kind < BP_KINDS; kind++)
        if (kind != BP_KIND_NOTE)
            for_every((enum bp_kind)kind, count_plants);
    ck_assert_uint_eq(without_plant, 8);
}
END_TEST

Suite *fault_others_suite(void);
Suite *fault_others_suite(void)
{
    Suite *suite = suite_create("fault_others");
    TCase *tcase = tcase_create("fault_others");
    tcase_add_test(tcase, update_faults_change_the_step_and_not_the_gradient);
    tcase_add_test(tcase, update_faults_are_what_they_say);
    tcase_add_test(tcase, a_frozen_weight_does_not_move);
    tcase_add_test(tcase, call_faults_make_two_calls_differ);
    tcase_add_test(tcase, a_forgotten_entry_keeps_what_was_there);
    tcase_add_test(tcase, a_sample_that_depends_on_others_is_seen);
    tcase_add_test(tcase, start_faults_change_the_start);
    tcase_add_test(tcase, copies_stay_copies_in_training);
    tcase_add_test(tcase, data_faults_change_the_data);
    tcase_add_test(tcase, shuffled_labels_are_the_same_labels);
    tcase_add_test(tcase, rate_faults_change_the_training);
    tcase_add_test(tcase, network_faults_change_the_description);
    tcase_add_loop_test(tcase, a_right_check_agrees, 0, 2);
    tcase_add_test(tcase, faults_of_the_check_are_seen_in_its_columns);
    tcase_add_test(tcase, the_columns_are_what_the_faults_say);
    tcase_add_test(tcase, a_check_without_memory_leaves_nothing_held);
    tcase_add_test(tcase, nearly_every_fault_can_be_planted);
    suite_add_tcase(suite, tcase);
    return suite;
}
