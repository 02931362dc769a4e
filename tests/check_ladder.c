/* check_ladder.c -- a right program climbs all five rungs; a wrong one stops at the rung
 * that shows its fault, with the words for it.
 */
#include "diag/ladder.h"

#include "core/init.h"
#include "core/mem.h"
#include "scenarios/case.h"
#include "small.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const RIGHT[] = {"2-2-1 sigmoid squared-error",
                                    "2-2-1 tanh squared-error",
                                    "2-2-1 sigmoid binary-cross-entropy",
                                    "2-2-1 relu,sigmoid binary-cross-entropy",
                                    "2-2-1 tanh,softmax softmax-cross-entropy",
                                    "2-2-1 sigmoid squared-error sum factor=2"};
enum { N_RIGHT = sizeof RIGHT / sizeof RIGHT[0] };

static struct bp_ladder_options options_for_test(void)
{
    return (struct bp_ladder_options){.starts = small_only() ? 1 : 24, .slow = small_only()};
}

static struct bp_ladder climb(const char *network, const char *fault)
{
    struct bp_ladder ladder;
    struct bp_error error = {.text = ""};
    struct bp_spec like;
    struct bp_ladder_options options = options_for_test();
    if (strcmp(network, RIGHT[0]) != 0)
        options.starts = 8;
    ck_assert_int_eq(bp_spec_parse(&like, network, NULL), BP_OK);
    ck_assert_msg(bp_ladder_core(&ladder, &like, &fault, fault != NULL, &options, &error) == BP_OK,
                  "%s", error.text);
    bp_spec_release(&like);
    return ladder;
}

static bool has_finding(const struct bp_ladder *ladder, const char *name)
{
    for (size_t k = 0; k < ladder->findings.n; k++)
        if (strcmp(ladder->findings.item[k].name, name) == 0)
            return true;
    return false;
}

/* What was seen of the first look of a rung whose words hold this. */
static const char *seen(const struct bp_ladder *ladder, int rung, const char *words)
{
    const struct bp_rung *r = &ladder->rung[rung - 1];
    for (size_t k = 0; k < r->n_looks; k++)
        if (strstr(r->look[k].what, words) != NULL)
            return r->look[k].seen;
    ck_abort_msg("rung %d has no look '%s'", rung, words);
    return "";
}

static void assert_words(const char *text, const char *words)
{
    ck_assert_msg(strstr(text, words) != NULL, "'%s' is not in '%s'", words, text);
}

/* ---- right programs --------------------------------------------------------------- */

START_TEST(a_right_program_climbs_all_rungs)
{
    if (small_only() && _i > 0)
        return;
    struct bp_ladder ladder = climb(RIGHT[_i], NULL);
    ck_assert_int_eq(ladder.broke, 0);
    ck_assert_uint_eq(bp_findings_count(&ladder.findings), 0);
    for (int k = 0; k < BP_RUNGS; k++)
        ck_assert_int_eq(ladder.rung[k].outcome, BP_RUNG_PASSED);
    bp_ladder_release(&ladder);
}
END_TEST

START_TEST(the_forward_pass_by_hand_has_the_numbers_of_the_worksheet)
{
    struct bp_ladder ladder = climb(RIGHT[0], NULL);
    ck_assert_str_eq(seen(&ladder, 2, "forward pass of AND"),
                     "a = 0.524979 0.462570 0.645656 0.586618, as by hand");
    ck_assert_ptr_nonnull(ladder.worksheet);
    assert_words(ladder.worksheet, "sigmoid(");
    bp_ladder_release(&ladder);
}
END_TEST

START_TEST(training_by_either_gradient_ends_in_the_same_place)
{
    if (small_only())
        return;
    struct bp_ladder ladder = climb(RIGHT[0], NULL);
    for (int rung = 3; rung <= 4; rung++) {
        double apart = NAN;
        const char *words = seen(&ladder, rung, "the same start by each gradient");
        ck_assert_int_eq(sscanf(words, "no parameter ends more than %lf apart", &apart), 1);
        ck_assert_double_lt(apart, 1e-9);
    }
    ck_assert_str_eq(seen(&ladder, 2, "by the numeric gradient alone"),
                     "learned from 24 of 24 starts, by epoch 383");
    assert_words(seen(&ladder, 5, "XOR"), "learned from 23 of 24 starts");
    assert_words(seen(&ladder, 5, "XOR"), "no fault");
    bp_ladder_release(&ladder);
}
END_TEST

/* ---- wrong programs ----------------------------------------------------------------- */

static const struct {
    const char *fault;
    int rung;
    const char *means, *finding;
} WRONG[] = {{"bias-left-out-of-forward", 2, "the forward pass is not", "bias-left-out-of-forward"},
             {"rate-too-large", 2, "the rate is too large", "rate-too-large"},
             {"sign-flipped", 3, "the deltas are wrong already", "sign-flipped"},
             {"batch-mean-missing", 3, "what is made of the deltas", "batch-mean-missing"},
             {"update-skipped", 3, "the step is not", "update-skipped"},
             {"weights-left-out", 4, "the deltas are wrong already", "weights-left-out"},
             {"update-before-backprop", 4, "the step is not", "update-before-backprop"},
             {"mean-for-sum-in-propagation", 5, "the deltas are wrong already",
              "mean-for-sum-in-propagation"},
             {"zero-weights", 5, "the start is at fault", "zero-weights"},
             {"symmetric-weights", 5, "the start is at fault", "symmetric-weights"}};
enum { N_WRONG = sizeof WRONG / sizeof WRONG[0] };

START_TEST(a_wrong_program_stops_at_the_rung_that_shows_it)
{
    if (small_only() && WRONG[_i].rung > 3)
        return;
    struct bp_ladder ladder = climb(RIGHT[0], WRONG[_i].fault);
    ck_assert_int_eq(ladder.broke, WRONG[_i].rung);
    const struct bp_rung *rung = &ladder.rung[ladder.broke - 1];
    ck_assert_int_eq(rung->outcome, BP_RUNG_BROKE);
    assert_words(rung->means, WRONG[_i].means);
    ck_assert_str_ne(rung->next, "");
    ck_assert_msg(has_finding(&ladder, WRONG[_i].finding), "%s is not named", WRONG[_i].finding);
    for (int k = 0; k < BP_RUNGS; k++)
        ck_assert_int_eq(ladder.rung[k].outcome, k + 1 < ladder.broke    ? BP_RUNG_PASSED
                                                 : k + 1 == ladder.broke ? BP_RUNG_BROKE
                                                                         : BP_RUNG_NOT_REACHED);
    bp_ladder_release(&ladder);
}
END_TEST

/* ---- a subject of one's own that can be any network ------------------------------------ */

static struct {
    struct bp_mlp net;
    struct bp_core_subject core;
    int (*gradient)(void *, const double *, const struct bp_batch *, double *);
    unsigned calls;
    bool refuses_hidden;
} mine;

static int drifting(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    const int result = mine.gradient(self, theta, batch, g);
    mine.calls++;
    for (size_t k = 0; k < mine.net.n_theta; k++)
        g[k] *= 1.0 + 1e-3 * (double)(mine.calls % 3);
    return result;
}

static enum bp_status make_mine(void *self, const struct bp_spec *spec,
                                const struct bp_subject **subject, struct bp_error *error)
{
    if (mine.refuses_hidden && spec->layers > 1)
        return bp_error_set(error, BP_EUNSUPPORTED, "it is one neuron and nothing else");
    ck_assert_int_eq(bp_mlp_init(&mine.net, spec), BP_OK);
    ck_assert_int_eq(bp_core_subject_init(&mine.core, &mine.net, 8), BP_OK);
    if (self != NULL) {
        mine.gradient = mine.core.subject.gradient;
        mine.core.subject.gradient = drifting;
    }
    *subject = &mine.core.subject;
    return BP_OK;
}

static void drop_mine(void *self)
{
    (void)self;
    bp_core_subject_release(&mine.core);
    bp_mlp_release(&mine.net);
}

START_TEST(calls_that_differ_end_the_climb_at_the_first_rung)
{
    struct bp_ladder ladder;
    const struct bp_maker maker = {"mine", &mine, make_mine, drop_mine};
    const struct bp_ladder_options options = options_for_test();
    ck_assert_int_eq(bp_ladder_run(&ladder, &maker, NULL, &options, NULL), BP_OK);
    ck_assert_int_eq(ladder.broke, 1);
    assert_words(ladder.rung[0].means, "do not keep what every check takes for granted");
    ck_assert_uint_gt(bp_findings_count(&ladder.findings), 0);
    bp_ladder_release(&ladder);
}
END_TEST

START_TEST(what_cannot_be_made_is_left_out_with_the_reason)
{
    struct bp_ladder ladder;
    const struct bp_maker maker = {"mine", NULL, make_mine, drop_mine};
    const struct bp_ladder_options options = options_for_test();
    mine.refuses_hidden = true;
    ck_assert_int_eq(bp_ladder_run(&ladder, &maker, NULL, &options, NULL), BP_OK);
    mine.refuses_hidden = false;
    ck_assert_int_eq(ladder.broke, 0);
    ck_assert_int_eq(ladder.rung[2].outcome, BP_RUNG_PASSED);
    ck_assert_int_eq(ladder.rung[3].outcome, BP_RUNG_LEFT_OUT);
    ck_assert_str_eq(seen(&ladder, 4, "a network of 2-2-1"), "it is one neuron and nothing else");
    bp_ladder_release(&ladder);
}
END_TEST

static struct {
    struct bp_case_program program;
    const struct bp_case *which;
    unsigned repaired;
} program;

static enum bp_status make_case(void *self, const struct bp_spec *spec,
                                const struct bp_subject **subject, struct bp_error *error)
{
    (void)self;
    const enum bp_status status =
        bp_case_open(&program.program, program.which, spec, program.repaired, error);
    *subject = &program.program.subject;
    return status;
}

static void drop_case(void *self)
{
    (void)self;
    bp_case_close(&program.program);
}

/* The published programs stop; repaired, they climb as far as their shape lets them. */
START_TEST(the_four_cases_stop_below_the_top_and_their_repaired_selves_do_not)
{
    static const char *const CASE[] = {"a", "b", "c", "d"};
    const struct bp_maker maker = {CASE[_i], NULL, make_case, drop_case};
    struct bp_ladder_options options = options_for_test();
    struct bp_ladder ladder;
    if (small_only())
        return;
    program.which = bp_case_find(CASE[_i]);
    options.slow = true;
    program.repaired = ~0u;
    ck_assert_int_eq(bp_ladder_run(&ladder, &maker, NULL, &options, NULL), BP_OK);
    ck_assert_msg(ladder.broke == 0, "repaired, it stops at rung %d: %s", ladder.broke,
                  ladder.rung[ladder.broke - 1].means);
    bp_ladder_release(&ladder);
    program.repaired = 0;
    ck_assert_int_eq(bp_ladder_run(&ladder, &maker, NULL, &options, NULL), BP_OK);
    if (_i == 3) /* its start is at fault, not its code */
        ck_assert_int_eq(ladder.broke, 0);
    else
        ck_assert_int_ne(ladder.broke, 0);
    bp_ladder_release(&ladder);
}
END_TEST

/* ---- a subject as it is -------------------------------------------------------------------- */

struct fixed {
    struct bp_mlp net;
    struct bp_core_subject core;
    struct bp_view view;
    struct bp_ladder ladder;
};

static void fixed_init(struct fixed *fixed, const char *network)
{
    struct bp_spec spec;
    *fixed = (struct fixed){0};
    ck_assert_int_eq(bp_spec_parse(&spec, network, NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&fixed->net, &spec), BP_OK);
    bp_spec_release(&spec);
    ck_assert_int_eq(bp_core_subject_init(&fixed->core, &fixed->net, 8), BP_OK);
}

static void fixed_climb(struct fixed *fixed)
{
    const struct bp_ladder_options options = {.starts = small_only() ? 1 : 6};
    struct bp_error error = {.text = ""};
    ck_assert_int_eq(bp_view_open(&fixed->view, &fixed->core.subject, NULL), BP_OK);
    ck_assert_msg(bp_ladder_view(&fixed->ladder, &fixed->view, &options, &error) == BP_OK, "%s",
                  error.text);
}

static void fixed_release(struct fixed *fixed)
{
    bp_ladder_release(&fixed->ladder);
    bp_view_close(&fixed->view);
    bp_core_subject_release(&fixed->core);
    bp_mlp_release(&fixed->net);
}

START_TEST(a_fixed_network_climbs_the_rungs_that_fit)
{
    struct fixed fixed;
    fixed_init(&fixed, "2-3-1 sigmoid squared-error");
    fixed_climb(&fixed);
    ck_assert_int_eq(fixed.ladder.broke, 0);
    ck_assert_int_eq(fixed.ladder.rung[1].outcome, BP_RUNG_PASSED);
    ck_assert_int_eq(fixed.ladder.rung[2].outcome, BP_RUNG_PASSED);
    ck_assert_int_eq(fixed.ladder.rung[3].outcome, BP_RUNG_LEFT_OUT);
    assert_words(seen(&fixed.ladder, 4, "one hidden layer"), "rungs 2 and 3 were climbed");
    ck_assert_int_eq(fixed.ladder.rung[4].outcome, BP_RUNG_PASSED);
    fixed_release(&fixed);
}
END_TEST

START_TEST(its_own_data_is_trained_on_beside_the_right_gradient)
{
    static const double X[] = {0.5, -1, 2, 0.1, 0.2, 0.3, -0.4, 1, 0.6, 1.5, 0.2, -0.7};
    static const double T[] = {1, 0, 0, 1, 1, 0, 0, 1};
    static const struct bp_batch DATA = {4, X, T};
    struct fixed fixed;
    fixed_init(&fixed, "3-4-2 sigmoid squared-error");
    fixed.core.subject.data = &DATA;
    fixed_climb(&fixed);
    ck_assert_int_eq(fixed.ladder.broke, 0);
    assert_words(seen(&fixed.ladder, 5, "by the right one of its twin"), "at the end of both");
    assert_words(seen(&fixed.ladder, 2, "numeric gradient"), "AND does not fit its network");
    fixed_release(&fixed);
}
END_TEST

/* Small relu layers are off for some samples: what is compared is the one that is trained. */
START_TEST(a_step_of_one_sample_is_beside_that_samples_gradient)
{
    struct fixed fixed;
    fixed_init(&fixed, "5-2-1-2-1 relu,identity squared-error");
    fixed.core.subject.gradient = NULL;
    fixed.core.subject.trace = NULL;
    fixed.core.subject.step_kind = BP_STEP_SAMPLE;
    fixed_climb(&fixed);
    ck_assert_int_eq(fixed.ladder.broke, 0);
    fixed_release(&fixed);
}
END_TEST

static int takes_labels(void *self, const double *theta, const struct bp_batch *batch, double rate,
                        double *next)
{
    const struct bp_core_subject *core = self;
    for (size_t k = 0; k < 3 * batch->n; k++)
        if (batch->t[k] != 0.0 && batch->t[k] != 1.0)
            return 1;
    return core->subject.step(self, theta, batch, rate, next);
}

START_TEST(a_program_that_takes_labels_climbs_with_labels)
{
    struct fixed fixed;
    fixed_init(&fixed, "4-3-3 sigmoid squared-error");
    struct bp_subject labels = fixed.core.subject;
    labels.gradient = NULL;
    labels.trace = NULL;
    labels.step = takes_labels;
    const struct bp_ladder_options options = {.starts = 1};
    struct bp_error error = {.text = ""};
    ck_assert_int_eq(bp_view_open(&fixed.view, &labels, NULL), BP_OK);
    ck_assert_msg(bp_ladder_view(&fixed.ladder, &fixed.view, &options, &error) == BP_OK, "%s",
                  error.text);
    ck_assert_int_eq(fixed.ladder.broke, 0);
    ck_assert_int_eq(fixed.ladder.rung[2].outcome, BP_RUNG_PASSED);
    fixed_release(&fixed);
}
END_TEST

START_TEST(a_subject_that_only_steps_climbs_too)
{
    struct fixed fixed;
    fixed_init(&fixed, "2-2-1 sigmoid squared-error");
    fixed.core.subject.gradient = NULL;
    fixed.core.subject.trace = NULL;
    fixed_climb(&fixed);
    ck_assert_int_eq(fixed.ladder.broke, 0);
    assert_words(seen(&fixed.ladder, 3, "delta"), "does not show its deltas");
    assert_words(seen(&fixed.ladder, 3, "steps of its own"), "every tensor moves");
    fixed_release(&fixed);
}
END_TEST

START_TEST(a_subject_of_floats_is_not_blamed_for_rounding)
{
    struct fixed fixed;
    fixed_init(&fixed, "2-3-1 sigmoid squared-error");
    fixed.core.subject.precision = BP_FLOAT;
    fixed_climb(&fixed);
    ck_assert_int_eq(fixed.ladder.broke, 0);
    fixed_release(&fixed);
}
END_TEST

static int half_loss(void *self, const double *theta, const struct bp_batch *batch, double *loss)
{
    struct bp_core_subject *core = self;
    struct bp_pass pass;
    if (bp_pass_init(&pass, core->net, batch->n) != BP_OK)
        return 1;
    pass.theta = theta;
    bp_pass_forward(&pass, batch->n, batch->x);
    *loss = 0.5 * bp_pass_loss(&pass, batch->t);
    bp_pass_release(&pass);
    return 0;
}

START_TEST(a_loss_with_another_constant_stops_at_the_second_rung)
{
    struct fixed fixed;
    fixed_init(&fixed, "2-2-1 sigmoid squared-error");
    fixed.core.subject.loss = half_loss;
    fixed_climb(&fixed);
    ck_assert_int_eq(fixed.ladder.broke, 2);
    assert_words(seen(&fixed.ladder, 2, "its loss"), "0.5 times as much");
    assert_words(fixed.ladder.rung[1].means, "the loss is not the one described");
    ck_assert_uint_gt(bp_findings_count(&fixed.ladder.findings), 0);
    fixed_release(&fixed);
}
END_TEST

/* ---- what is refused --------------------------------------------------------------------------
 */

START_TEST(a_subject_without_a_description_is_told_what_to_do)
{
    struct fixed fixed;
    struct bp_error error;
    fixed_init(&fixed, "2-2-1 sigmoid squared-error");
    fixed.core.subject.n_arrays = 0;
    fixed.core.subject.arrays = NULL;
    fixed.core.subject.n_in = 2;
    fixed.core.subject.n_out = 1;
    ck_assert_int_eq(bp_view_open(&fixed.view, &fixed.core.subject, NULL), BP_OK);
    ck_assert_int_eq(bp_ladder_view(&fixed.ladder, &fixed.view, NULL, &error), BP_EUNSUPPORTED);
    ck_assert_str_eq(error.text, "ladder: built-in network: it does not say what its network is "
                                 "(network, arrays); backprobe check does without");
    fixed_release(&fixed);
}
END_TEST

START_TEST(a_fault_that_is_none_is_refused)
{
    struct bp_ladder ladder;
    struct bp_error error;
    const char *const fault = "sign-fliped";
    ck_assert_int_eq(bp_ladder_core(&ladder, NULL, &fault, 1, NULL, &error), BP_EINPUT);
    assert_words(error.text, "did you mean 'sign-flipped'");
}
END_TEST

/* The first few hundred, then ever more apart: a climb makes many thousands. */
START_TEST(failed_allocations_are_reported_and_nothing_is_lost)
{
    struct bp_ladder ladder;
    struct bp_error error;
    const struct bp_ladder_options options = {.starts = 1, .slow = true};
    const size_t held = bp_mem_held();
    bp_mem_fail_at(0);
    ck_assert_int_eq(bp_ladder_core(&ladder, NULL, NULL, 0, &options, &error), BP_OK);
    const size_t tried = bp_mem_tried();
    bp_ladder_release(&ladder);
    ck_assert_uint_eq(bp_mem_held(), held);
    for (size_t n = 1; n <= tried; n += 1 + n / 100 * (small_only() ? 20 : 2)) {
        bp_mem_fail_at(n);
        ck_assert_msg(bp_ladder_core(&ladder, NULL, NULL, 0, &options, &error) == BP_ENOMEM,
                      "allocation %zu of %zu", n, tried);
        ck_assert_uint_eq(bp_mem_held(), held);
    }
    bp_mem_fail_at(0);
}
END_TEST

/* ---- words
 * ---------------------------------------------------------------------------------------- */

START_TEST(the_report_fits_80_columns_and_says_where_it_stops)
{
    char *text = NULL;
    size_t size = 0, column = 0;
    struct bp_ladder ladder = climb(RIGHT[0], "missing-activation-derivative");
    FILE *out = open_memstream(&text, &size);
    bp_ladder_text(out, &ladder, false);
    fclose(out);
    assert_words(text, "ladder      built-in network: stops at rung 3, backward\n");
    assert_words(text, "rung 4  one hidden layer");
    assert_words(text, "not reached");
    assert_words(text, "\n  means  ");
    assert_words(text, "\n  next   ");
    assert_words(text, "\nby hand ");
    assert_words(text, "cause: missing-activation-derivative");
    assert_words(text, "summary: built-in network: missing-activation-derivative");
    for (const char *c = text; *c != '\0'; c++) {
        column = *c == '\n' ? 0 : column + (((unsigned char)*c & 0xc0) != 0x80);
        ck_assert_uint_le(column, 80);
    }
    free(text);
    bp_ladder_release(&ladder);
}
END_TEST

Suite *ladder_suite(void);

Suite *ladder_suite(void)
{
    Suite *suite = suite_create("ladder");
    TCase *right = tcase_create("right programs");
    tcase_set_timeout(right, 60);
    tcase_add_loop_test(right, a_right_program_climbs_all_rungs, 0, N_RIGHT);
    tcase_add_test(right, the_forward_pass_by_hand_has_the_numbers_of_the_worksheet);
    tcase_add_test(right, training_by_either_gradient_ends_in_the_same_place);
    suite_add_tcase(suite, right);
    TCase *wrong = tcase_create("wrong programs");
    tcase_set_timeout(wrong, 60);
    tcase_add_loop_test(wrong, a_wrong_program_stops_at_the_rung_that_shows_it, 0, N_WRONG);
    tcase_add_test(wrong, calls_that_differ_end_the_climb_at_the_first_rung);
    tcase_add_test(wrong, what_cannot_be_made_is_left_out_with_the_reason);
    tcase_add_loop_test(wrong, the_four_cases_stop_below_the_top_and_their_repaired_selves_do_not,
                        0, 4);
    suite_add_tcase(suite, wrong);
    TCase *fixed = tcase_create("subjects as they are");
    tcase_set_timeout(fixed, 60);
    tcase_add_test(fixed, a_fixed_network_climbs_the_rungs_that_fit);
    tcase_add_test(fixed, its_own_data_is_trained_on_beside_the_right_gradient);
    tcase_add_test(fixed, a_subject_that_only_steps_climbs_too);
    tcase_add_test(fixed, a_step_of_one_sample_is_beside_that_samples_gradient);
    tcase_add_test(fixed, a_program_that_takes_labels_climbs_with_labels);
    tcase_add_test(fixed, a_subject_of_floats_is_not_blamed_for_rounding);
    tcase_add_test(fixed, a_loss_with_another_constant_stops_at_the_second_rung);
    suite_add_tcase(suite, fixed);
    TCase *refused = tcase_create("refusals and words");
    tcase_set_timeout(refused, 60);
    tcase_add_test(refused, a_subject_without_a_description_is_told_what_to_do);
    tcase_add_test(refused, a_fault_that_is_none_is_refused);
    tcase_add_test(refused, failed_allocations_are_reported_and_nothing_is_lost);
    tcase_add_test(refused, the_report_fits_80_columns_and_says_where_it_stops);
    suite_add_tcase(suite, refused);
    return suite;
}
