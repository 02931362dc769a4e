/* check_runner.c -- scenarios show what they say they show; looking changes nothing. */
#include "core/mem.h"
#include "scenarios/runner.h"
#include "scenarios/scenario_report.h"
#include "scenarios/setup.h"
#include "tests/scratch.h"
#include "tests/small.h"

#include <check.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

static const struct bp_runner_options PLAIN = {0};

static void read_scenario(struct bp_scenario *scenario, const char *path)
{
    struct bp_error error = {""};
    ck_assert_msg(bp_scenario_read(scenario, path, &error) == BP_OK, "%s", error.text);
}

static enum bp_status run_text(struct bp_record *record, const char *text, struct bp_error *error)
{
    struct bp_scenario scenario;
    enum bp_status status = bp_scenario_read(&scenario, scratch_text("a.conf", text), error);
    if (status != BP_OK)
        return status;
    status = bp_runner_run(record, &scenario, &PLAIN, error);
    bp_scenario_release(&scenario);
    return status;
}

/* ---- every scenario -------------------------------------------------------------------- */

static glob_t files;

static bool is_large(const struct bp_scenario *scenario)
{
    return bp_spec_parameters(&scenario->network) > 1000 || scenario->runs > 1 ||
           scenario->train.epochs > 5000;
}

START_TEST(a_scenario_shows_what_it_expects)
{
    struct bp_scenario scenario;
    struct bp_record record;
    struct bp_error error = {""};
    read_scenario(&scenario, files.gl_pathv[_i]);
    ck_assert_msg(scenario.expects, "%s expects nothing", files.gl_pathv[_i]);
    if (!small_only() || !is_large(&scenario)) {
        ck_assert_msg(bp_runner_run(&record, &scenario, &PLAIN, &error) == BP_OK, "%s", error.text);
        ck_assert_msg(record.as_expected, "%s: missing '%s', unexpected '%s'%s", files.gl_pathv[_i],
                      record.missing, record.unexpected,
                      record.has_goal && !record.goal_met ? ", goal missed" : "");
        bp_record_release(&record);
    }
    bp_scenario_release(&scenario);
}
END_TEST

/* ---- looking changes nothing -------------------------------------------------------------- */

static const char *const WATCHED =
    "data = \"xor\"; network = { widths = [2, 3, 1]; hidden = \"tanh\"; };"
    "init = { scheme = \"normal\"; seed = 3; };"
    "train = { rate = 0.5; batch = 2; epochs = 200; momentum = 0.5; };"
    "trace = { samples = [0, 1, 2, 3]; steps = [0, 10]; }; check = \"both\";";

START_TEST(training_with_every_look_ends_in_the_same_bits_as_without)
{
    struct bp_scenario scenario;
    struct bp_record record;
    struct bp_rig rig;
    struct bp_sgd sgd;
    struct bp_error error = {""};
    read_scenario(&scenario, scratch_text("a.conf", WATCHED));
    ck_assert_msg(bp_runner_run(&record, &scenario, &PLAIN, &error) == BP_OK, "%s", error.text);
    ck_assert_int_eq(bp_rig_build(&rig, &scenario, NULL, 0, &error), BP_OK);
    ck_assert_int_eq(bp_rig_start(&rig, &scenario, rig.init.seed, &error), BP_OK);
    const struct bp_dataset *data = &rig.data.train;
    ck_assert_int_eq(bp_sgd_init(&sgd, &rig.net, &rig.train, data->n, data->x, data->t), BP_OK);
    bp_sgd_run(&sgd, NULL);
    ck_assert_mem_eq(rig.net.theta, record.net.theta, rig.net.n_theta * sizeof(double));
    bp_sgd_release(&sgd);
    bp_rig_release(&rig);
    bp_record_release(&record);
    bp_scenario_release(&scenario);
}
END_TEST

/* ---- what the counterfactual proves ------------------------------------------------------- */

START_TEST(a_repair_that_does_not_get_there_is_tried_from_other_starts)
{
    struct bp_record record;
    char proof[800], json[12000];
    ck_assert_int_eq(run_text(&record,
                              "data = \"xor\"; network = { widths = [2, 2, 1]; };"
                              "init = { scheme = \"constant\"; value = 0.5; };"
                              "train = { rate = 1.0; epochs = 2000; };",
                              NULL),
                     BP_OK);
    bp_record_proof(&record, proof, sizeof proof);
    ck_assert(!record.curve[1].done);
    ck_assert_uint_eq(record.starts, 10);
    ck_assert_uint_ge(record.starts_done, 5);
    ck_assert(record.curve[2].done && record.n_curves == 3);
    ck_assert_ptr_nonnull(strstr(proof, "layer 1 is 2 wide in place of 1"));
    ck_assert_ptr_nonnull(strstr(proof, "8 of 10 other starts get there (loss 0.003795)"));
    FILE *out = fmemopen(json, sizeof json, "w");
    ck_assert_int_eq(bp_scenario_json(out, &record), BP_OK);
    fclose(out);
    ck_assert_ptr_nonnull(strstr(json, "8 of 10 other starts get there"));
    bp_record_release(&record);
}
END_TEST

#define CONSTANT_AND                                                                               \
    "data = \"and\"; network = { widths = [2, 2, 1]; hidden = \"tanh\"; };"                        \
    "train = { rate = 1.0; epochs = 500; };"

START_TEST(a_run_that_gets_there_all_the_same_is_said_to)
{
    struct bp_record record;
    char proof[800];
    ck_assert_int_eq(
        run_text(&record, CONSTANT_AND "init = { scheme = \"constant\"; value = 0.5; };", NULL),
        BP_OK);
    bp_record_proof(&record, proof, sizeof proof);
    ck_assert(record.curve[0].done && record.curve[1].done);
    ck_assert_uint_eq(record.starts, 0);
    ck_assert_ptr_nonnull(strstr(proof, "layer 1 is 2 wide in place of 1"));
    ck_assert_ptr_nonnull(strstr(proof, "what is wrong does no harm in this run"));
    bp_record_release(&record);
}
END_TEST

START_TEST(a_repair_that_gets_there_says_only_that)
{
    struct bp_record record;
    char proof[800];
    ck_assert_int_eq(run_text(&record, CONSTANT_AND "init = \"zero\";", NULL), BP_OK);
    bp_record_proof(&record, proof, sizeof proof);
    ck_assert(!record.curve[0].done && record.curve[1].done);
    ck_assert_ptr_null(strstr(proof, "other starts"));
    ck_assert_ptr_null(strstr(proof, "no harm"));
    bp_record_release(&record);
}
END_TEST

/* ---- what is trained again is seen -------------------------------------------------------- */

static size_t trials_seen[2]; /* of the repaired run, of other rates */

static void count_trial(void *self, const struct bp_runner_view *view)
{
    (void)self;
    ck_assert(view->epoch >= 1 && (view->epochs == 0 || view->epoch <= view->epochs));
    trials_seen[0] += strncmp(view->trial, "with ", 5) == 0;
    trials_seen[1] += strcmp(view->trial, "other rates") == 0;
}

START_TEST(every_epoch_of_a_trial_is_seen_and_changes_nothing)
{
    static const struct {
        const char *text;
        size_t which;
    } RUN[] = {{CONSTANT_AND "init = \"zero\";", 0},
               {"data = \"and\"; network = { widths = [2, 3, 1]; hidden = \"sigmoid\"; };"
                "init = { scheme = \"normal\"; seed = 1; }; train = { rate = 1e-5; epochs = 50; };",
                1}};
    struct bp_scenario scenario;
    struct bp_record seen, unseen;
    const struct bp_runner_options options = {.trial = count_trial};
    trials_seen[0] = trials_seen[1] = 0;
    ck_assert_int_eq(bp_scenario_read(&scenario, scratch_text("a.conf", RUN[_i].text), NULL),
                     BP_OK);
    ck_assert_int_eq(bp_runner_run(&seen, &scenario, &options, NULL), BP_OK);
    ck_assert_int_eq(bp_runner_run(&unseen, &scenario, &PLAIN, NULL), BP_OK);
    ck_assert_uint_gt(trials_seen[RUN[_i].which], 0);
    ck_assert_uint_eq(seen.n_curves, unseen.n_curves);
    for (size_t k = 0; k < seen.n_curves; k++)
        ck_assert(memcmp(&seen.curve[k].end_loss, &unseen.curve[k].end_loss, sizeof(double)) == 0);
    bp_record_release(&seen);
    bp_record_release(&unseen);
    bp_scenario_release(&scenario);
}
END_TEST

/* ---- where the gradient is checked --------------------------------------------------------- */

/* Biases of zero are regularised by nothing: right at the start, wrong at the end. */
#define LATER                                                                                      \
    "data = \"and\"; network = { widths = [2, 3, 1]; hidden = \"tanh\"; l2 = 0.01; };"             \
    "init = { scheme = \"normal\"; seed = 3; }; train = { rate = 0.5; epochs = 40; };"

static void report_of(const struct bp_record *record, char *text, size_t size)
{
    const struct bp_scenario_style style = {0};
    FILE *out = fmemopen(text, size, "w");
    ck_assert_int_eq(bp_scenario_report(out, record, &style), BP_OK);
    fclose(out);
}

static void run_later(struct bp_record *record, const char *rest, char *report, size_t size)
{
    char text[1000];
    struct bp_error error = {""};
    snprintf(text, sizeof text, "%s%s", LATER, rest);
    ck_assert_msg(run_text(record, text, &error) == BP_OK, "%s", error.text);
    report_of(record, report, size);
}

START_TEST(a_check_is_at_the_start_where_nothing_is_said)
{
    struct bp_record record;
    char report[8000];
    run_later(&record, "fault = \"regulariser-on-biases\";", report, sizeof report);
    ck_assert_int_eq(record.check_at, BP_POINT_START);
    ck_assert_int_eq(record.check.outcome, BP_OUTCOME_AGREES);
    ck_assert(!record.checked_end);
    ck_assert_ptr_null(strstr(report, "at the end"));
    bp_record_release(&record);
}
END_TEST

START_TEST(a_check_at_the_end_sees_what_is_wrong_there_and_says_where)
{
    struct bp_record record;
    char report[8000];
    run_later(&record, "fault = \"regulariser-on-biases\"; check = \"end\";", report,
              sizeof report);
    ck_assert_int_eq(record.check_at, BP_POINT_END);
    ck_assert_int_eq(record.check.outcome, BP_OUTCOME_DISAGREES);
    ck_assert_str_eq(record.findings.item[0].name, "regulariser-on-biases");
    ck_assert_ptr_nonnull(strstr(report, "at the end, theta after 40 epochs\ngradcheck   4 of 13"));
    bp_record_release(&record);
}
END_TEST

START_TEST(a_check_at_both_says_which_is_which)
{
    struct bp_record record;
    char report[12000], json[12000];
    run_later(&record, "fault = \"regulariser-on-biases\"; check = { at = \"both\"; };", report,
              sizeof report);
    ck_assert_int_eq(record.check.outcome, BP_OUTCOME_AGREES);
    ck_assert_int_eq(record.check_end.outcome, BP_OUTCOME_DISAGREES);
    ck_assert_ptr_nonnull(strstr(report, "at the start\ngradcheck   all 13"));
    ck_assert_ptr_nonnull(strstr(report, "at the end, theta after 40 epochs\ngradcheck   4 of 13"));
    FILE *out = fmemopen(json, sizeof json, "w");
    ck_assert_int_eq(bp_scenario_json(out, &record), BP_OK);
    fclose(out);
    ck_assert_ptr_nonnull(strstr(json, "\"gradcheck_at\": \"the start\""));
    ck_assert_ptr_nonnull(strstr(json, "\"gradcheck_end\": \"4 of 13"));
    bp_record_release(&record);
}
END_TEST

#define DIVERGES                                                                                   \
    "data = \"xor\"; network = { widths = [2, 3, 1]; hidden = \"relu\"; output = \"identity\"; };" \
    "init = { scheme = \"normal\"; seed = 1; }; train = { rate = 10.0; epochs = 300; };"

static bool names(const struct bp_record *record, enum bp_look look)
{
    for (size_t k = 0; k < record->findings.n; k++)
        if (record->findings.item[k].look == look)
            return true;
    return false;
}

START_TEST(the_gradient_after_a_run_that_diverged_is_not_finite_and_no_step_is_blamed)
{
    static const char *const CHECK[] = {"check = \"end\";", "check = { at = \"both\"; };"};
    struct bp_record record;
    struct bp_error error = {""};
    char text[1000], row[400];
    snprintf(text, sizeof text, "%s%s", DIVERGES, CHECK[_i]);
    ck_assert_msg(run_text(&record, text, &error) == BP_OK, "%s", error.text);
    FILE *out = fmemopen(row, sizeof row, "w");
    bp_scenario_table_row(out, &record, false);
    fclose(out);
    ck_assert_msg(strstr(row, " not finite ") != NULL, "%s", row);
    ck_assert(names(&record, BP_LOOK_HEALTH));
    ck_assert(!names(&record, BP_LOOK_UPDATE) && !names(&record, BP_LOOK_GRADIENT));
    bp_record_release(&record);
}
END_TEST

START_TEST(a_check_at_both_ends_of_a_healthy_run_names_nothing)
{
    struct bp_record record;
    char report[12000];
    run_later(&record, "check = \"both\";", report, sizeof report);
    ck_assert_int_eq(record.check_end.outcome, BP_OUTCOME_AGREES);
    for (size_t k = 0; k < record.findings.n; k++)
        ck_assert_int_eq(record.findings.item[k].look, BP_LOOK_HEALTH);
    bp_record_release(&record);
}
END_TEST

/* ---- expectations can fail ------------------------------------------------------------------ */

#define ZERO                                                                                       \
    "data = \"xor\"; network = { widths = [2, 2, 1]; hidden = \"tanh\"; }; init = \"zero\";"       \
    "train = { rate = 1.0; epochs = 300; };"

START_TEST(a_missing_finding_fails_the_scenario)
{
    struct bp_record record;
    ck_assert_int_eq(run_text(&record, ZERO "expect = [\"zero-weights\", \"units-dead\"];", NULL),
                     BP_OK);
    ck_assert(!record.as_expected);
    ck_assert_str_eq(record.missing, "units-dead");
    ck_assert_str_eq(record.unexpected, "");
    bp_record_release(&record);
}
END_TEST

START_TEST(an_extra_finding_fails_the_scenario)
{
    struct bp_record record;
    ck_assert_int_eq(run_text(&record, ZERO "expect = [];", NULL), BP_OK);
    ck_assert(!record.as_expected);
    ck_assert_ptr_nonnull(strstr(record.unexpected, "zero-weights"));
    bp_record_release(&record);
}
END_TEST

START_TEST(a_missed_goal_fails_the_scenario)
{
    struct bp_record record;
    ck_assert_int_eq(
        run_text(&record, ZERO "goal = { accuracy = 1.0; }; expect = [\"zero-weights\"];", NULL),
        BP_OK);
    ck_assert(!record.as_expected);
    ck_assert(!record.goal_met);
    bp_record_release(&record);
}
END_TEST

/* ---- proof --------------------------------------------------------------------------------------
 */

START_TEST(a_planted_fault_is_named_and_the_right_backprop_trains)
{
    struct bp_record record;
    struct bp_error error = {""};
    ck_assert_msg(run_text(&record,
                           "data = \"xor\"; network = { widths = [2, 4, 1]; };"
                           "init = { scheme = \"normal\"; seed = 1; };"
                           "train = { rate = 5.0; epochs = 3000; };"
                           "fault = \"sign-flipped\"; expect = [\"sign-flipped\"];",
                           &error) == BP_OK,
                  "%s", error.text);
    ck_assert_msg(record.as_expected, "missing '%s', unexpected '%s'", record.missing,
                  record.unexpected);
    ck_assert_uint_eq(record.n_curves, 2);
    ck_assert(!record.curve[0].done);
    ck_assert(record.curve[1].done);
    ck_assert_double_lt(record.curve[1].end_loss, 0.1 * record.curve[0].end_loss);
    bp_record_release(&record);
}
END_TEST

/* ---- trouble
 * --------------------------------------------------------------------------------------- */

START_TEST(what_cannot_be_run_is_refused_with_one_line)
{
    static const struct {
        const char *text, *complaint;
    } BAD[] = {
        {"data = \"xor\"; network = { widths = [2, 2, 1]; }; fault = \"sign-fliped\";",
         "sign-flipped"},
        {"data = \"xor\"; network = { widths = [2, 2, 1]; }; fault = \"skipped-layer:9\";",
         "a.conf"},
        {"data = \"xor\"; network = { widths = [2, 2, 1]; }; subject = \"case-z\";",
         "expected case-a"},
        {"data = \"xor\"; network = { widths = [2, 3, 1]; }; subject = \"case-c\";", "2-2-1"},
        {"data = \"xor\"; network = { widths = [2, 2, 1]; }; subject = \"case-a\"; repair = "
         "[\"B1\"];",
         "B1"},
        {"data = \"xor\"; network = { widths = [2, 2, 1]; }; init = { theta = [1.0, 2.0]; };",
         "2 numbers, expected 9"},
    };
    for (size_t k = 0; k < sizeof BAD / sizeof *BAD; k++) {
        struct bp_record record;
        struct bp_error error = {""};
        const size_t held = bp_mem_held();
        const enum bp_status status = run_text(&record, BAD[k].text, &error);
        ck_assert_msg(status == BP_EINPUT, "%s: %s", BAD[k].text, bp_status_text(status));
        ck_assert_msg(k == 1 || strstr(error.text, BAD[k].complaint) != NULL, "%s: %s", BAD[k].text,
                      error.text);
        ck_assert_ptr_null(strchr(error.text, '\n'));
        ck_assert_uint_eq(bp_mem_held(), held);
    }
}
END_TEST

static enum bp_status run_small(void *self, struct bp_error *error)
{
    struct bp_record record;
    const enum bp_status status = run_text(&record, self, error);
    if (status == BP_OK)
        bp_record_release(&record);
    return status;
}

START_TEST(every_failed_allocation_is_a_status_and_leaks_nothing)
{
    char text[] = "data = \"and\"; network = { widths = [2, 1]; }; init = \"zero\";"
                  "train = { rate = 1.0; epochs = 2; };";
    ck_assert_uint_gt(scratch_fail_every(run_small, text), 20);
}
END_TEST

/* ---- words
 * ------------------------------------------------------------------------------------------- */

START_TEST(the_report_fits_80_columns)
{
    struct bp_record record;
    const struct bp_scenario_style style = {0};
    char *text = NULL;
    size_t size = 0;
    ck_assert_int_eq(run_text(&record, ZERO "expect = [\"zero-weights\"];", NULL), BP_OK);
    FILE *out = open_memstream(&text, &size);
    ck_assert_int_eq(bp_scenario_report(out, &record, &style), BP_OK);
    bp_scenario_table_head(out);
    bp_scenario_table_row(out, &record, false);
    fclose(out);
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1) {
        size_t columns = 0;
        for (const char *c = line; *c != '\n'; c++)
            columns += ((unsigned char)*c & 0xc0) != 0x80;
        ck_assert_msg(columns <= 80, "%.*s", (int)strcspn(line, "\n"), line);
    }
    free(text);
    bp_record_release(&record);
}
END_TEST

Suite *runner_suite(void);
Suite *runner_suite(void)
{
    Suite *suite = suite_create("runner");
    TCase *tcase = tcase_create("scenarios");
    tcase_set_timeout(tcase, 120);
    if (glob("scenarios/*.conf", 0, NULL, &files) == 0)
        tcase_add_loop_test(tcase, a_scenario_shows_what_it_expects, 0, (int)files.gl_pathc);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("runner");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, scratch_open, scratch_close);
    tcase_add_test(tcase, training_with_every_look_ends_in_the_same_bits_as_without);
    tcase_add_test(tcase, a_repair_that_does_not_get_there_is_tried_from_other_starts);
    tcase_add_test(tcase, a_run_that_gets_there_all_the_same_is_said_to);
    tcase_add_test(tcase, a_repair_that_gets_there_says_only_that);
    tcase_add_loop_test(tcase, every_epoch_of_a_trial_is_seen_and_changes_nothing, 0, 2);
    tcase_add_test(tcase, a_check_is_at_the_start_where_nothing_is_said);
    tcase_add_test(tcase, a_check_at_the_end_sees_what_is_wrong_there_and_says_where);
    tcase_add_test(tcase, a_check_at_both_says_which_is_which);
    tcase_add_loop_test(
        tcase, the_gradient_after_a_run_that_diverged_is_not_finite_and_no_step_is_blamed, 0, 2);
    tcase_add_test(tcase, a_check_at_both_ends_of_a_healthy_run_names_nothing);
    tcase_add_test(tcase, a_missing_finding_fails_the_scenario);
    tcase_add_test(tcase, an_extra_finding_fails_the_scenario);
    tcase_add_test(tcase, a_missed_goal_fails_the_scenario);
    tcase_add_test(tcase, a_planted_fault_is_named_and_the_right_backprop_trains);
    tcase_add_test(tcase, what_cannot_be_run_is_refused_with_one_line);
    tcase_add_test(tcase, every_failed_allocation_is_a_status_and_leaks_nothing);
    tcase_add_test(tcase, the_report_fits_80_columns);
    suite_add_tcase(suite, tcase);
    return suite;
}
