/* check_symmetry.c -- copies are found, healthy starts are not, and what becomes of
 * them is said. */
#include "core/init.h"
#include "core/mem.h"
#include "diag/report.h"
#include "diag/symmetry.h"
#include "tests/bed.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double GATE[] = {0, 0, 0, 1, 1, 0, 1, 1};
static const double XOR[] = {0, 1, 1, 0};
static const double AND[] = {0, 0, 0, 1};

static void fill(struct bp_mlp *net, double value)
{
    for (size_t k = 0; k < net->n_theta; k++)
        net->theta[k] = value;
}

static void fill_normal(struct bp_mlp *net, double mean, double sd, uint64_t seed)
{
    struct bp_rng rng;
    bp_rng_seed(&rng, seed);
    for (size_t k = 0; k < net->n_theta; k++)
        net->theta[k] = mean + sd * bp_rng_normal(&rng);
}

static void zero_biases(struct bp_mlp *net)
{
    for (size_t l = 1; l <= net->spec.layers; l++) {
        const struct bp_tensor *b = bp_mlp_biases(net, l);
        memset(net->theta + b->offset, 0, b->count * sizeof *net->theta);
    }
}

/* ---- looking at a start ------------------------------------------------------ */

static struct bp_findings findings;
static struct bp_symmetry start;
static struct bp_symmetry_watch watch;

static void forget(struct bp_mlp *net)
{
    bp_findings_release(&findings);
    bp_symmetry_watch_release(&watch);
    bp_symmetry_release(&start);
    bp_mlp_release(net);
}

static void look(struct bp_mlp *net, const double *t)
{
    ck_assert_int_eq(bp_symmetry_look(&start, net, 4, GATE, t), BP_OK);
    ck_assert_int_eq(bp_symmetry_findings(&start, net, NULL, &findings), BP_OK);
}

/* Trains for a number of full-batch steps, watched. */
static void train(struct bp_mlp *net, const double *t, size_t steps)
{
    struct bp_sgd sgd;
    const struct bp_train how = {.rate = 1.0, .epochs = steps};
    ck_assert_int_eq(bp_symmetry_look(&start, net, 4, GATE, t), BP_OK);
    ck_assert_int_eq(bp_symmetry_watch_init(&watch, &start, net), BP_OK);
    ck_assert_int_eq(bp_sgd_init(&sgd, net, &how, 4, GATE, t), BP_OK);
    bp_sgd_run(&sgd, &watch.observer);
    bp_sgd_release(&sgd);
    ck_assert_int_eq(bp_symmetry_findings(&start, net, &watch, &findings), BP_OK);
}

static const struct bp_finding *only_finding(void)
{
    ck_assert_uint_eq(findings.n, 1);
    return &findings.item[0];
}

static bool says(const struct bp_finding *finding, const char *text)
{
    for (size_t k = 0; k < finding->n_because; k++)
        if (strstr(finding->because[k], text) != NULL)
            return true;
    return false;
}

START_TEST(random_starts_are_silent)
{
    static const char *const NETWORKS[] = {
        "2-2-1 sigmoid squared-error", "2-16-1 tanh,sigmoid squared-error",
        "2-8-8-1 relu,sigmoid squared-error", "2-1 sigmoid squared-error"};
    static const double SD[] = {1e-6, 0.1, 1.0, 30.0};
    for (uint64_t seed = 1; seed <= 25; seed++)
        for (int k = 0; k < 4; k++) {
            struct bp_mlp net;
            bed_net(&net, NETWORKS[_i]);
            fill_normal(&net, 0.0, SD[k], seed);
            look(&net, XOR);
            ck_assert_uint_eq(findings.n, 0);
            forget(&net);
        }
}
END_TEST

START_TEST(equal_weights_make_one_class_of_copies)
{
    struct bp_mlp net;
    bed_net(&net, "2-5-1 sigmoid squared-error");
    fill(&net, 0.5);
    look(&net, XOR);
    const struct bp_finding *finding = only_finding();
    ck_assert_str_eq(finding->name, "symmetric-weights");
    ck_assert_int_eq(finding->certainty, BP_CERTAIN);
    ck_assert_int_eq(finding->layer, 0);
    ck_assert_uint_eq(start.layer[1].n_copies, 1);
    ck_assert_uint_eq(start.layer[1].copies[0].count, 5);
    ck_assert(start.layer[1].copies[0].exact);
    ck_assert_uint_eq(start.layer[1].distinct, 1);
    ck_assert_uint_eq(start.layer[1].rank, 1);
    ck_assert_double_eq_tol(start.layer[1].effective, 1.0, 1e-12);
    ck_assert(says(finding, "W1: every one of its 10 entries is 0.5"));
    forget(&net);
}
END_TEST

START_TEST(two_copies_among_many_are_named)
{
    struct bp_mlp net;
    bed_net(&net, "2-16-1 sigmoid squared-error");
    fill_normal(&net, 0.0, 1.0, 3);
    const size_t w1 = bp_mlp_weights(&net, 1)->offset, b1 = bp_mlp_biases(&net, 1)->offset;
    const size_t w2 = bp_mlp_weights(&net, 2)->offset;
    memcpy(&net.theta[w1 + 2 * 11], &net.theta[w1 + 2 * 4], 2 * sizeof(double));
    net.theta[b1 + 11] = net.theta[b1 + 4];
    net.theta[w2 + 11] = net.theta[w2 + 4];
    look(&net, XOR);
    const struct bp_finding *finding = only_finding();
    ck_assert_str_eq(finding->name, "symmetric-weights");
    ck_assert(says(finding, "neurons 4, 11: answer alike bit for bit on all 4 samples"));
    ck_assert_uint_eq(start.layer[1].distinct, 15);
    forget(&net);
}
END_TEST

START_TEST(same_rows_with_other_outgoing_weights_are_no_copies)
{
    struct bp_mlp net;
    bed_net(&net, "2-2-1 sigmoid squared-error");
    fill(&net, 0.5);
    net.theta[bp_mlp_weights(&net, 2)->offset] = -0.3;
    look(&net, XOR);
    ck_assert_uint_eq(findings.n, 0);
    ck_assert_uint_eq(start.layer[1].rank, 1); /* for now */
    forget(&net);
}
END_TEST

START_TEST(sign_flipped_copies_are_seen_under_tanh_only)
{
    static const char *const NETWORKS[] = {"2-2-1 tanh,sigmoid squared-error",
                                           "2-2-1 sigmoid squared-error"};
    struct bp_mlp net;
    bed_net(&net, NETWORKS[_i]);
    static const double THETA[] = {0.7, -0.4, -0.7, 0.4, 0.2, -0.2, 1.1, -1.1, 0.3};
    memcpy(net.theta, THETA, sizeof THETA);
    look(&net, XOR);
    if (_i == 0) {
        ck_assert_str_eq(only_finding()->name, "sign-flipped-copies");
        ck_assert(start.layer[1].copies[0].flipped);
    } else {
        ck_assert_uint_eq(findings.n, 0);
    }
    forget(&net);
}
END_TEST

START_TEST(nearly_equal_weights_are_near_and_less_equal_ones_are_not)
{
    static const double NOISE[] = {1e-6, 1e-3, 3e-2};
    struct bp_mlp net;
    bed_net(&net, "2-4-1 sigmoid squared-error");
    fill_normal(&net, 0.5, NOISE[_i], 7);
    look(&net, XOR);
    if (_i < 2)
        ck_assert_str_eq(only_finding()->name, "near-equal-weights");
    else
        ck_assert_uint_eq(findings.n, 0);
    forget(&net);
}
END_TEST

START_TEST(zero_weights_with_random_biases_are_silent)
{
    struct bp_mlp net;
    bed_net(&net, "2-3-1 sigmoid squared-error");
    fill_normal(&net, 0.0, 1.0, 5);
    for (size_t l = 1; l <= 2; l++) {
        const struct bp_tensor *w = bp_mlp_weights(&net, l);
        memset(net.theta + w->offset, 0, w->count * sizeof(double));
    }
    look(&net, XOR);
    ck_assert_uint_eq(findings.n, 0);
    ck_assert(start.layer[1].weights.zero);
    forget(&net);
}
END_TEST

START_TEST(zero_output_weights_alone_are_silent)
{
    struct bp_mlp net;
    bed_net(&net, "2-3-1 tanh,sigmoid squared-error");
    fill_normal(&net, 0.0, 1.0, 5);
    const struct bp_tensor *w = bp_mlp_weights(&net, 2);
    memset(net.theta + w->offset, 0, w->count * sizeof(double));
    look(&net, XOR);
    ck_assert_uint_eq(findings.n, 0);
    forget(&net);
}
END_TEST

START_TEST(one_neuron_from_zero_is_silent)
{
    struct bp_mlp net;
    bed_net(&net, "2-1 sigmoid squared-error");
    look(&net, AND);
    ck_assert_uint_eq(findings.n, 0);
    forget(&net);
}
END_TEST

START_TEST(dead_relus_are_no_copies)
{
    struct bp_mlp net;
    bed_net(&net, "2-3-1 relu,sigmoid squared-error");
    fill_normal(&net, 0.0, 1.0, 5);
    for (size_t i = 0; i < 3; i++) {
        net.theta[2 * i] = -0.5 - (double)i;
        net.theta[2 * i + 1] = -0.25 - (double)i;
        net.theta[bp_mlp_biases(&net, 1)->offset + i] = -1.0 - (double)i;
    }
    look(&net, XOR);
    ck_assert_uint_eq(findings.n, 0);
    ck_assert(start.layer[1].silent);
    forget(&net);
}
END_TEST

/* ---- case D: what zero and equal starts do over training --------------------- */

static bool equal_rows(const struct bp_mlp *net)
{
    return memcmp(net->theta, net->theta + 2, 2 * sizeof(double)) == 0 &&
           net->theta[4] == net->theta[5] && net->theta[6] == net->theta[7];
}

START_TEST(zero_tanh_and_relu_move_the_output_bias_only)
{
    static const char *const NETWORKS[] = {"2-2-1 tanh,sigmoid squared-error",
                                           "2-2-1 relu,sigmoid squared-error"};
    struct bp_mlp net;
    bed_net(&net, NETWORKS[_i]);
    train(&net, AND, 200);
    const struct bp_finding *finding = only_finding();
    ck_assert_str_eq(finding->name, "zero-weights");
    ck_assert(!finding->note);
    for (size_t k = 0; k < net.n_tensors; k++)
        ck_assert_int_eq(watch.moved[k], k == 3 ? 1 : BP_NO_STEP);
    ck_assert(says(finding, "in 200 steps only these ever changed: b2 at step 1"));
    ck_assert(says(finding, "layer 1 answers 0 to all 4 samples"));
    for (size_t k = 0; k < 8; k++)
        ck_assert(net.theta[k] == 0.0);
    ck_assert(net.theta[8] != 0.0);
    forget(&net);
}
END_TEST

START_TEST(zero_sigmoid_on_and_moves_and_stays_equal)
{
    struct bp_mlp net;
    bed_net(&net, "2-2-1 sigmoid squared-error");
    train(&net, AND, 200);
    const struct bp_finding *finding = only_finding();
    ck_assert_str_eq(finding->name, "zero-weights");
    ck_assert_int_eq(watch.moved[2], 1); /* W2 */
    ck_assert_int_eq(watch.moved[0], 2); /* W1 */
    ck_assert(
        says(finding, "first change: W1 at step 2, b1 at step 2, W2 at step 1, b2 at step 1"));
    ck_assert(says(finding, "its copies did not part in 200 steps"));
    ck_assert(net.theta[0] != 0.0);
    ck_assert(equal_rows(&net));
    forget(&net);
}
END_TEST

START_TEST(zero_sigmoid_on_full_batch_xor_does_not_move_at_all)
{
    struct bp_mlp net;
    bed_net(&net, "2-2-1 sigmoid squared-error");
    train(&net, XOR, 1000);
    const struct bp_finding *finding = only_finding();
    ck_assert_str_eq(finding->name, "zero-weights");
    ck_assert(says(finding, "nothing changed in 1000 steps"));
    forget(&net);
}
END_TEST

START_TEST(equal_weights_never_part)
{
    struct bp_mlp net;
    bed_net(&net, "2-2-1 sigmoid squared-error");
    fill(&net, 0.5);
    train(&net, XOR, 2000);
    const struct bp_finding *finding = only_finding();
    ck_assert_str_eq(finding->name, "symmetric-weights");
    ck_assert(says(finding, "its copies did not part in 2000 steps"));
    ck_assert(equal_rows(&net));
    forget(&net);
}
END_TEST

static void nudge(const struct bp_pass *pass, size_t l, const struct bp_stage *self, double *out)
{
    self->right->run(pass, l, self->right, out);
    if (pass->theta[8] != 0.5)
        out[0] += 1e-3; /* from the second step on, neuron 0 is pushed by something else */
}

START_TEST(copies_that_part_are_a_note_with_the_step)
{
    struct bp_mlp net;
    bed_net(&net, "2-2-1 sigmoid squared-error");
    fill(&net, 0.5);
    net.ops[1].stage[BP_UPDATE].run = nudge;
    train(&net, AND, 10);
    const struct bp_finding *finding = only_finding();
    ck_assert_str_eq(finding->name, "symmetric-weights");
    ck_assert(finding->note);
    ck_assert(says(finding, "its copies came apart at step 2"));
    ck_assert_uint_eq(bp_findings_count(&findings), 0);
    forget(&net);
}
END_TEST

START_TEST(watching_changes_nothing)
{
    struct bp_mlp net, other;
    struct bp_sgd sgd;
    const struct bp_train how = {.rate = 1.0, .epochs = 300};
    bed_net(&net, "2-3-1 tanh,sigmoid squared-error");
    bed_net(&other, "2-3-1 tanh,sigmoid squared-error");
    fill_normal(&net, 0.0, 1.0, 2);
    fill_normal(&other, 0.0, 1.0, 2);
    train(&net, XOR, 300);
    ck_assert_int_eq(bp_sgd_init(&sgd, &other, &how, 4, GATE, XOR), BP_OK);
    bp_sgd_run(&sgd, NULL);
    bp_sgd_release(&sgd);
    ck_assert_mem_eq(net.theta, other.theta, net.n_theta * sizeof(double));
    bp_mlp_release(&other);
    forget(&net);
}
END_TEST

/* ---- one-signed -------------------------------------------------------------- */

START_TEST(one_signed_weights_matter_on_many_inputs_only)
{
    struct bp_mlp net;
    struct bp_rng rng;
    static double x[8 * 400], t[8];
    bed_net(&net, _i == 0 ? "400-10-1 sigmoid squared-error" : "8-10-1 sigmoid squared-error");
    bp_rng_seed(&rng, 4);
    for (size_t k = 0; k < net.n_theta; k++)
        net.theta[k] = bp_rng_uniform(&rng, 0.0, 1.0);
    zero_biases(&net);
    for (size_t k = 0; k < 8 * 400; k++)
        x[k] = bp_rng_unit(&rng);
    ck_assert_int_eq(bp_symmetry_look(&start, &net, 8, x, t), BP_OK);
    ck_assert_int_eq(bp_symmetry_findings(&start, &net, NULL, &findings), BP_OK);
    if (_i == 0) {
        ck_assert_str_eq(only_finding()->name, "one-signed-weights");
        ck_assert_int_eq(findings.item[0].layer, 1);
        ck_assert_double_eq(start.layer[1].saturated, 1.0);
    } else {
        ck_assert_uint_eq(findings.n, 0);
        ck_assert_int_eq(start.layer[1].weights.sign, 1);
    }
    forget(&net);
}
END_TEST

/* ---- parts ------------------------------------------------------------------- */

START_TEST(rank_counts_directions)
{
    struct bp_rng rng;
    double m[20 * 7], u[20 * 3], v[3 * 7], effective;
    bp_rng_seed(&rng, 1);
    for (int k = 0; k < 60; k++)
        u[k] = bp_rng_normal(&rng);
    for (int k = 0; k < 21; k++)
        v[k] = bp_rng_normal(&rng);
    for (int r = 0; r < 20; r++)
        for (int c = 0; c < 7; c++) {
            m[r * 7 + c] = 0.0;
            for (int k = 0; k < 3; k++)
                m[r * 7 + c] += u[r * 3 + k] * v[k * 7 + c];
        }
    double wide[20 * 7];
    for (int r = 0; r < 20; r++)
        for (int c = 0; c < 7; c++)
            wide[c * 20 + r] = m[r * 7 + c];
    ck_assert_uint_eq(bp_numeric_rank(20, 7, m, &effective), 3);
    ck_assert_double_gt(effective, 1.0);
    ck_assert_double_le(effective, 3.0 + 1e-9);
    ck_assert_uint_eq(bp_numeric_rank(7, 20, wide, NULL), 3);
    double zero[6] = {0};
    ck_assert_uint_eq(bp_numeric_rank(3, 2, zero, &effective), 0);
    ck_assert_double_eq(effective, 0.0);
}
END_TEST

START_TEST(wide_layer_of_copies_is_one_neuron_wide)
{
    struct bp_mlp net;
    bed_net(&net, "2-5000-1 sigmoid squared-error");
    fill(&net, 0.001);
    look(&net, XOR);
    ck_assert_str_eq(only_finding()->name, "symmetric-weights");
    ck_assert_uint_eq(start.layer[1].distinct, 1);
    ck_assert_uint_eq(start.layer[1].rank, 1);
    forget(&net);
}
END_TEST

START_TEST(every_failed_allocation_is_said_and_nothing_is_kept)
{
    struct bp_mlp net;
    bed_net(&net, "2-3-2-1 tanh,sigmoid squared-error");
    fill(&net, 0.5);
    const size_t held = bp_mem_held();
    for (size_t n = 1;; n++) {
        bp_mem_fail_at(n);
        enum bp_status status = bp_symmetry_look(&start, &net, 4, GATE, XOR);
        if (status == BP_OK)
            status = bp_symmetry_watch_init(&watch, &start, &net);
        if (status == BP_OK)
            status = bp_symmetry_findings(&start, &net, &watch, &findings);
        const bool reached = bp_mem_tried() >= n;
        bp_mem_fail_at(0);
        ck_assert_int_eq(status, reached ? BP_ENOMEM : BP_OK);
        bp_findings_release(&findings);
        bp_symmetry_watch_release(&watch);
        bp_symmetry_release(&start);
        ck_assert_uint_eq(bp_mem_held(), held);
        if (!reached)
            break;
    }
    bp_mlp_release(&net);
}
END_TEST

START_TEST(every_report_fits_80_columns_and_its_lines_are_whole)
{
    static const char *const NETWORKS[] = {"2-3-2-1 tanh,sigmoid squared-error",
                                           "2-3-1 sigmoid squared-error",
                                           "2-30-1 relu,sigmoid squared-error"};
    static const double VALUE[] = {0.0, 0.5, 0.25};
    struct bp_mlp net;
    char *text = NULL;
    size_t size;
    bed_net(&net, NETWORKS[_i]);
    fill(&net, VALUE[_i]);
    train(&net, AND, 50);
    FILE *out = open_memstream(&text, &size);
    bp_report_text(out, &findings, false);
    fclose(out);
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
        ck_assert_msg(strcspn(line, "\n") <= 80, "%.*s", (int)strcspn(line, "\n"), line);
    for (size_t k = 0; k < findings.n; k++)
        for (size_t i = 0; i < findings.item[k].n_because; i++)
            ck_assert_uint_lt(strlen(findings.item[k].because[i]), BP_FINDING_LINE_MAX - 1);
    if (getenv("SHOW") != NULL)
        fprintf(stderr, "%s\n", text);
    free(text);
    forget(&net);
}
END_TEST

Suite *symmetry_suite(void);
Suite *symmetry_suite(void)
{
    Suite *suite = suite_create("symmetry");
    TCase *starts = tcase_create("starts");
    tcase_add_loop_test(starts, random_starts_are_silent, 0, 4);
    tcase_add_test(starts, equal_weights_make_one_class_of_copies);
    tcase_add_test(starts, two_copies_among_many_are_named);
    tcase_add_test(starts, same_rows_with_other_outgoing_weights_are_no_copies);
    tcase_add_loop_test(starts, sign_flipped_copies_are_seen_under_tanh_only, 0, 2);
    tcase_add_loop_test(starts, nearly_equal_weights_are_near_and_less_equal_ones_are_not, 0, 3);
    tcase_add_test(starts, zero_weights_with_random_biases_are_silent);
    tcase_add_test(starts, zero_output_weights_alone_are_silent);
    tcase_add_test(starts, one_neuron_from_zero_is_silent);
    tcase_add_test(starts, dead_relus_are_no_copies);
    tcase_add_loop_test(starts, one_signed_weights_matter_on_many_inputs_only, 0, 2);
    tcase_add_test(starts, wide_layer_of_copies_is_one_neuron_wide);
    suite_add_tcase(suite, starts);
    TCase *runs = tcase_create("runs");
    tcase_add_loop_test(runs, zero_tanh_and_relu_move_the_output_bias_only, 0, 2);
    tcase_add_test(runs, zero_sigmoid_on_and_moves_and_stays_equal);
    tcase_add_test(runs, zero_sigmoid_on_full_batch_xor_does_not_move_at_all);
    tcase_add_test(runs, equal_weights_never_part);
    tcase_add_test(runs, copies_that_part_are_a_note_with_the_step);
    tcase_add_test(runs, watching_changes_nothing);
    tcase_add_loop_test(runs, every_report_fits_80_columns_and_its_lines_are_whole, 0, 3);
    suite_add_tcase(suite, runs);
    TCase *parts = tcase_create("parts");
    tcase_add_test(parts, rank_counts_directions);
    tcase_add_test(parts, every_failed_allocation_is_said_and_nothing_is_kept);
    suite_add_tcase(suite, parts);
    return suite;
}
