/* check_tracefigure.c -- the figures of a trace hold its numbers; a file of any size or kind
 * is a figure or a line. */
#include "plots/tracefigure.h"

#include "tests/scratch.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define HEADER "span\tkind\tepoch\tstep\tlayer\tneuron\tsample\tmean\tmean_abs\tmax\tzeros\tflips\n"
#define DELTA(span, step, place, mean_abs)                                                         \
    span "\tdelta\t0\t" step "\t" place "\t-\t0.5\t" mean_abs "\t1\t0\t0\n"
#define COURSE(kind, step, value) "epoch\t" kind "\t0\t" step "\t-\t-\t-\t" value "\t-\t-\t-\t-\n"

static struct bp_tracefigure figure;
static struct bp_error error;

static enum bp_status read_text(const char *text)
{
    error.text[0] = '\0';
    return bp_tracefigure_read(&figure, scratch_text("t.tsv", text), &error);
}

START_TEST(rows_become_arrays)
{
    static const char TEXT[] = HEADER DELTA("step", "0", "1\t0", "0.25")
        DELTA("step", "0", "1\t1", "0.5") DELTA("step", "0", "2\t0", "4")
            DELTA("step", "10", "1\t0", "1") DELTA("step", "10", "1\t1", "nan")
                DELTA("step", "10", "2\t0", "0") DELTA("epoch", "11", "1\t0", "99")
                    DELTA("sample", "3", "1\t0", "77") COURSE("loss", "11", "0.75")
                        COURSE("accuracy", "11", "0.5") COURSE("loss", "22", "0.5");
    ck_assert_msg(read_text(TEXT) == BP_OK, "%s", error.text);
    ck_assert_uint_eq(figure.layers, 2);
    ck_assert_uint_eq(figure.width[1], 2);
    ck_assert_uint_eq(figure.width[2], 1);
    ck_assert_uint_eq(figure.times, 2);
    ck_assert_double_eq(figure.time[0], 0.0);
    ck_assert_double_eq(figure.time[1], 10.0);
    ck_assert_double_eq(figure.mean[0], 0.25);
    ck_assert_double_eq(figure.mean[1], 0.5);
    ck_assert_double_eq(figure.mean[2], 1.0);
    ck_assert(isnan(figure.mean[3])); /* not hidden */
    ck_assert_double_eq(figure.mean[4], 4.0);
    ck_assert_double_eq(figure.mean[5], 0.0);
    ck_assert_uint_eq(figure.losses, 2);
    ck_assert_double_eq(figure.loss_time[1], 22.0);
    ck_assert_double_eq(figure.loss[0], 0.75);
    ck_assert(figure.has_accuracy && figure.accuracy[0] == 0.5 && isnan(figure.accuracy[1]));
    bp_tracefigure_release(&figure);
}
END_TEST

START_TEST(without_steps_epochs_are_shown)
{
    ck_assert_int_eq(read_text(HEADER DELTA("epoch", "11", "1\t0", "99")), BP_OK);
    ck_assert_uint_eq(figure.times, 1);
    ck_assert_double_eq(figure.mean[0], 99.0);
    ck_assert(bp_tracefigure_has(&figure, "delta") && !bp_tracefigure_has(&figure, "loss"));
    bp_tracefigure_release(&figure);
}
END_TEST

START_TEST(many_steps_are_averaged)
{
    enum { STEPS = 10 * BP_TRACEFIGURE_TIMES };
    FILE *file = fopen(scratch_path("long.tsv"), "w");
    fputs(HEADER, file);
    for (int step = 0; step < STEPS; step++) {
        fprintf(file, "step\tdelta\t0\t%d\t1\t0\t-\t0\t%d\t0\t0\t0\n", step, step % 10);
        fprintf(file, "epoch\tloss\t%d\t%d\t-\t-\t-\t%d\t-\t-\t-\t-\n", step, step + 1, step);
    }
    for (int step = STEPS; step < 3 * BP_TRACEFIGURE_LOSSES; step++)
        fprintf(file, "epoch\tloss\t%d\t%d\t-\t-\t-\t1\t-\t-\t-\t-\n", step, step + 1);
    fclose(file);
    ck_assert_int_eq(bp_tracefigure_read(&figure, scratch_path("long.tsv"), &error), BP_OK);
    ck_assert_uint_eq(figure.times, BP_TRACEFIGURE_TIMES);
    for (size_t k = 0; k < figure.times; k++) {
        ck_assert_double_eq(figure.mean[k], 4.5);
        ck_assert_double_eq(figure.time[k], 10.0 * (double)k + 4.5);
    }
    ck_assert_uint_le(figure.losses, BP_TRACEFIGURE_LOSSES);
    ck_assert_uint_ge(figure.losses, BP_TRACEFIGURE_LOSSES / 2);
    bp_tracefigure_release(&figure);
}
END_TEST

static const struct {
    const char *text, *line;
} bad[] = {
    {"", "t.tsv: empty, not a trace: expected its columns in line 1"},
    {HEADER DELTA("step", "0", "1\t99999999", "1"),
     "t.tsv: neuron 1:99999999 is more than a figure can show"},
    {HEADER DELTA("step", "0", "99999999\t1", "1"),
     "t.tsv: neuron 99999999:1 is more than a figure can show"},
    {HEADER DELTA("step", "0", "1\t99990", "1") DELTA("step", "0", "2\t99990", "1"),
     "t.tsv: 199982 neurons are more than a figure can show"},
    {HEADER DELTA("step", "0", "3\t0", "1"), "t.tsv: no delta of layer 1, but of layer 3"},
    {HEADER DELTA("step", "0", "1\t0", "x"), "t.tsv:2: mean_abs is 'x': expected a number, or -"},
};

START_TEST(a_bad_trace_is_one_line)
{
    ck_assert_int_eq(read_text(bad[_i].text), BP_EINPUT);
    ck_assert_str_eq(strrchr(error.text, '/') + 1, bad[_i].line);
}
END_TEST

START_TEST(steps_from_one_end_of_the_numbers_to_the_other_are_a_figure)
{
    static const char TEXT[] = HEADER DELTA("step", "0", "1\t0", "1")
        DELTA("step", "9223372036854775807", "1\t0", "2") DELTA("step", "-", "1\t0", "3");
    ck_assert_msg(read_text(TEXT) == BP_OK, "%s", error.text);
    ck_assert_uint_eq(figure.times, 2);
    ck_assert_double_eq(figure.mean[0], 1.0);
    ck_assert_double_eq(figure.mean[1], 2.0);
    bp_tracefigure_release(&figure);
}
END_TEST

START_TEST(figures_are_drawn_by_step)
{
    struct bp_script script;
    static const char TEXT[] = HEADER DELTA("step", "0", "1\t0", "0.25")
        DELTA("step", "1", "1\t0", "0.5") COURSE("loss", "1", "0.75") COURSE("loss", "2", "0.5");
    ck_assert_int_eq(read_text(TEXT), BP_OK);
    bp_script_init(&script, false);
    ck_assert(bp_tracefigure_draw(&figure, "delta", "it", &script));
    ck_assert_ptr_nonnull(strstr(script.words.text, "step (a row is a neuron)"));
    bp_script_release(&script);
    bp_script_init(&script, false);
    ck_assert(bp_tracefigure_draw(&figure, "loss", "it", &script));
    ck_assert_ptr_nonnull(strstr(script.alt.text, "loss from 0.75 to 0.5 by step 2"));
    bp_script_release(&script);
    bp_tracefigure_release(&figure);
}
END_TEST

static enum bp_status read_and_release(void *self, struct bp_error *said)
{
    const enum bp_status status = bp_tracefigure_read(&figure, self, said);
    bp_tracefigure_release(&figure);
    return status;
}

START_TEST(no_memory_is_said)
{
    static char path[300];
    snprintf(
        path, sizeof path, "%s",
        scratch_text("t.tsv", HEADER DELTA("step", "0", "1\t0", "1") COURSE("loss", "1", "1")));
    ck_assert_uint_ge(scratch_fail_every(read_and_release, path), 3);
}
END_TEST

Suite *tracefigure_suite(void);
Suite *tracefigure_suite(void)
{
    Suite *suite = suite_create("tracefigure");
    TCase *tcase = tcase_create("tracefigure");
    tcase_add_checked_fixture(tcase, scratch_open, scratch_close);
    tcase_add_test(tcase, rows_become_arrays);
    tcase_add_test(tcase, without_steps_epochs_are_shown);
    tcase_add_test(tcase, many_steps_are_averaged);
    tcase_add_loop_test(tcase, a_bad_trace_is_one_line, 0, sizeof bad / sizeof *bad);
    tcase_add_test(tcase, steps_from_one_end_of_the_numbers_to_the_other_are_a_figure);
    tcase_add_test(tcase, figures_are_drawn_by_step);
    tcase_add_test(tcase, no_memory_is_said);
    suite_add_tcase(suite, tcase);
    return suite;
}
