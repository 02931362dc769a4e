/* check_selftrace.c -- a program's own z, a and delta while it trains are rows of a trace;
 * whatever it does on the way, the last good file and the steps until then are kept. */
#include "diag/selftrace.h"

#include "core/init.h"
#include "core/mem.h"
#include "core/sgd.h"
#include "diag/pipe.h"
#include "tests/scratch.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One linear neuron at w = 0.5, b = 0.25 with one sample, x = 3 and t = 1, in a shell: the
 * k-th trace is k. What it does instead is put in at the sixth. */
#define SHELL                                                                                      \
    "read l; echo '{\"id\":0,\"backprobe\":1,\"name\":\"it\",\"can\":[%s],"                        \
    "\"network\":\"1-1 identity squared-error\",\"arrays\":[{\"layer\":1,\"role\":\"weights\"},"   \
    "{\"layer\":1,\"role\":\"biases\"}],\"theta\":[0.5,0.25],"                                     \
    "\"data\":{\"n\":1,\"x\":[3],\"t\":[1]}}'\n"                                                   \
    "i=0; k=0; z='\"z\":[1.75],\"a\":[1.75],\"delta\"'\n"                                          \
    "while read l; do i=$((i+1)); case $l in\n"                                                    \
    "*predict*) echo \"{\\\"id\\\":$i,\\\"y\\\":[1.75]}\";;\n"                                     \
    "*step*) echo \"{\\\"id\\\":$i,\\\"next\\\":[0.5,0.25]}\";;\n"                                 \
    "*trace*) k=$((k+1)); d=$k\n"                                                                  \
    "if [ $k = 6 ]; then :; %s\nfi\n"                                                              \
    "echo \"{\\\"id\\\":$i,$z:[$d]}\";;\n"                                                         \
    "esac; done\n"

#define ALL_CALLS "\"predict\",\"step\",\"trace\""

static char trace_path[300];

static void set_up(void)
{
    scratch_open();
    snprintf(trace_path, sizeof trace_path, "%s", scratch_path("t.tsv"));
}

static void open_shell(struct bp_pipe *pipe, const char *can, const char *does)
{
    char text[4096], command[400];
    struct bp_error error = {""};
    snprintf(text, sizeof text, SHELL, can, does);
    snprintf(command, sizeof command, "sh %s", scratch_text("it", text));
    ck_assert_msg(bp_pipe_open(pipe, command, 5, NULL, &error) == BP_OK, "%s", error.text);
}

/* Traces some steps of the subject, and says how that went. */
static enum bp_status trace_of(const struct bp_subject *subject, size_t steps, char text[],
                               struct bp_error *error)
{
    static const double theta[64], zero[64];
    const struct bp_batch drawn = {1, zero, zero};
    const struct bp_selftrace_options options = {.path = trace_path, .steps = steps};
    struct bp_selftrace self;
    struct bp_view view;
    ck_assert_msg(bp_view_open(&view, subject, error) == BP_OK, "%s", error->text);
    enum bp_status status = bp_selftrace_open(&self, &view, &options, error);
    if (status == BP_OK)
        status =
            bp_selftrace_run(&self, theta, subject->data != NULL ? subject->data : &drawn, error);
    if (status == BP_OK && text != NULL)
        bp_selftrace_text(&self, text);
    bp_selftrace_close(&self);
    bp_view_close(&view);
    return status;
}

/* ---- reading back --------------------------------------------------------------------- */

static struct bp_trace_row rows[2000];
static size_t n_rows;

static bool keep_row(void *self, const struct bp_trace_row *row)
{
    (void)self;
    ck_assert_uint_lt(n_rows, sizeof rows / sizeof *rows);
    rows[n_rows++] = *row;
    return true;
}

/* The rows of a kind, of steps. */
static size_t read_steps(const char *path, enum bp_trace_kind kind)
{
    const struct bp_trace_filter filter = {.kinds = BP_TRACE_BIT(kind),
                                           .spans = 1u << BP_SPAN_STEP,
                                           .neuron = -1,
                                           .sample = -1,
                                           .from = -1,
                                           .to = -1};
    struct bp_error error = {""};
    n_rows = 0;
    ck_assert_msg(bp_trace_read(path, &filter, NULL, keep_row, &error) == BP_OK, "%s", error.text);
    return n_rows;
}

static char *text_of(const char *path)
{
    FILE *file = fopen(path, "r");
    char *text = NULL;
    size_t size = 0;
    ck_assert_msg(file != NULL, "no %s", path);
    ck_assert(getdelim(&text, &size, '\0', file) > 0);
    fclose(file);
    return text;
}

/* ---- a program that does as it should --------------------------------------------------- */

START_TEST(steps_of_a_program_are_rows)
{
    struct bp_pipe pipe;
    struct bp_error error = {""};
    char text[BP_SELFTRACE_TEXT], expected[BP_SELFTRACE_TEXT];
    open_shell(&pipe, ALL_CALLS, "");
    ck_assert_msg(trace_of(&pipe.subject, 8, text, &error) == BP_OK, "%s", error.text);
    bp_pipe_close(&pipe);
    snprintf(expected, sizeof expected,
             "8 steps at rate 0.1 on its own data: z, a, delta in %s; loss 0.2812 to 0.2812",
             trace_path);
    ck_assert_str_eq(text, expected);
    ck_assert_uint_eq(read_steps(trace_path, BP_TRACE_Z), 8);
    ck_assert_double_eq(rows[0].mean, 1.75);
    ck_assert_uint_eq(read_steps(trace_path, BP_TRACE_DELTA), 8);
    for (long k = 0; k < 8; k++) {
        ck_assert_int_eq(rows[k].step, k);
        ck_assert_int_eq(rows[k].layer, 1);
        ck_assert_int_eq(rows[k].neuron, 0);
        ck_assert_double_eq(rows[k].mean, (double)(k + 1));
    }
}
END_TEST

START_TEST(what_it_does_not_give_is_not_there)
{
    struct bp_pipe pipe;
    struct bp_error error = {""};
    char text[BP_SELFTRACE_TEXT];
    open_shell(&pipe, ALL_CALLS, "\n:; fi; z='\"delta\"'; if false; then :");
    ck_assert_msg(trace_of(&pipe.subject, 2, text, &error) == BP_OK, "%s", error.text);
    bp_pipe_close(&pipe);
    ck_assert_ptr_nonnull(strstr(text, ": delta in "));
    ck_assert_uint_eq(read_steps(trace_path, BP_TRACE_DELTA), 2);
    ck_assert_uint_eq(read_steps(trace_path, BP_TRACE_Z), 0);
}
END_TEST

START_TEST(nan_is_data)
{
    struct bp_pipe pipe;
    struct bp_error error = {""};
    open_shell(&pipe, ALL_CALLS, "d='\"nan\"'");
    ck_assert_msg(trace_of(&pipe.subject, 8, NULL, &error) == BP_OK, "%s", error.text);
    bp_pipe_close(&pipe);
    ck_assert_uint_eq(read_steps(trace_path, BP_TRACE_DELTA), 8);
    ck_assert(rows[4].mean == 5.0 && isnan(rows[5].mean) && rows[6].mean == 7.0);
}
END_TEST

START_TEST(deltas_that_are_all_nan_are_deltas)
{
    struct bp_pipe pipe;
    struct bp_error error = {""};
    open_shell(&pipe, ALL_CALLS, ":; fi; d='\"nan\"'; if false; then :");
    ck_assert_msg(trace_of(&pipe.subject, 2, NULL, &error) == BP_OK, "%s", error.text);
    bp_pipe_close(&pipe);
    ck_assert_uint_eq(read_steps(trace_path, BP_TRACE_DELTA), 2);
}
END_TEST

/* ---- the built-in network, as a subject ---------------------------------------------------- */

enum { N = 5 };

static struct {
    struct bp_mlp net;
    struct bp_core_subject core;
    double x[N * 3], t[N * 2], start[64];
    struct bp_batch batch;
} w;

static void open_core(void)
{
    struct bp_spec spec;
    ck_assert_int_eq(bp_spec_parse(&spec, "3-4-2 tanh,sigmoid squared-error", NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&w.net, &spec), BP_OK);
    bp_spec_release(&spec);
    const struct bp_init init = {.weights = {.scheme = BP_INIT_NORMAL, .sd = 0.7}, .seed = 3};
    bp_init_run(&init, &w.net);
    memcpy(w.start, w.net.theta, w.net.n_theta * sizeof *w.start);
    for (int k = 0; k < N * 3; k++)
        w.x[k] = 0.3 * k - 1.0;
    for (int k = 0; k < N; k++)
        w.t[2 * k + k % 2] = 1.0;
    w.batch = (struct bp_batch){N, w.x, w.t};
    ck_assert_int_eq(bp_core_subject_init(&w.core, &w.net, N), BP_OK);
    w.core.subject.data = &w.batch;
    w.core.subject.theta = w.start;
}

static void close_core(void)
{
    bp_core_subject_release(&w.core);
    bp_mlp_release(&w.net);
}

static double quick; /* the rate of step() */

/* A step that goes its own way. */
static int step(void *self, const double *theta, const struct bp_batch *batch, double rate,
                double *next)
{
    const int result = w.core.subject.gradient(self, theta, batch, next);
    for (size_t k = 0; k < w.net.n_theta; k++)
        next[k] = theta[k] - (quick > 0.0 ? quick : rate) * next[k];
    return result;
}

START_TEST(trace_of_the_built_in_network_is_that_of_its_training)
{
    struct bp_error error = {""};
    struct bp_trace trace;
    struct bp_sgd sgd;
    open_core();
    if (_i == 1)
        w.core.subject.step = step;
    ck_assert_msg(trace_of(&w.core.subject, 20, NULL, &error) == BP_OK, "%s", error.text);
    char *own = text_of(trace_path);
    memcpy(w.net.theta, w.start, w.net.n_theta * sizeof *w.start);
    const struct bp_train how = {.rate = BP_SELFTRACE_RATE, .epochs = 20};
    const struct bp_trace_options options = {
        .path = trace_path, .every_step = 1, .course_only = true};
    ck_assert_int_eq(bp_trace_init(&trace, &w.net, &options, NULL), BP_OK);
    ck_assert_int_eq(bp_sgd_init(&sgd, &w.net, &how, N, w.x, w.t), BP_OK);
    bp_sgd_run(&sgd, &trace.observer);
    ck_assert_int_eq(bp_trace_finish(&trace, NULL), BP_OK);
    bp_sgd_release(&sgd);
    bp_trace_release(&trace);
    char *right = text_of(trace_path);
    ck_assert_str_eq(own, right);
    free(right);
    free(own);
    close_core();
}
END_TEST

START_TEST(a_training_that_leaves_the_numbers_ends_there)
{
    struct bp_error error = {""};
    char text[BP_SELFTRACE_TEXT];
    open_core();
    quick = INFINITY;
    w.core.subject.step = step;
    w.core.subject.rate_kind = BP_RATE_UNKNOWN;
    ck_assert_msg(trace_of(&w.core.subject, 20, text, &error) == BP_OK, "%s", error.text);
    quick = 0.0;
    ck_assert_ptr_nonnull(strstr(text, " at its own rate on its own data: "));
    ck_assert_ptr_nonnull(strstr(text, "; its parameters are not finite after them"));
    ck_assert_uint_eq(read_steps(trace_path, BP_TRACE_DELTA), 6);
    close_core();
}
END_TEST

START_TEST(samples_one_after_the_other_make_an_epoch)
{
    struct bp_error error = {""};
    open_core();
    w.core.subject.data = NULL;
    w.core.subject.step_kind = BP_STEP_SAMPLE;
    const struct bp_selftrace_options options = {.path = trace_path, .steps = 12, .drawn = true};
    struct bp_selftrace self;
    struct bp_view view;
    char text[BP_SELFTRACE_TEXT];
    ck_assert_int_eq(bp_view_open(&view, &w.core.subject, &error), BP_OK);
    ck_assert_int_eq(bp_selftrace_open(&self, &view, &options, &error), BP_OK);
    ck_assert_msg(bp_selftrace_run(&self, w.start, &w.batch, &error) == BP_OK, "%s", error.text);
    bp_selftrace_text(&self, text);
    bp_selftrace_close(&self);
    bp_view_close(&view);
    ck_assert_ptr_nonnull(strstr(text, "12 steps at rate 0.1 on drawn samples: "));
    ck_assert_uint_eq(read_steps(trace_path, BP_TRACE_Z), 12 * 6);
    ck_assert_int_eq(rows[n_rows - 1].epoch, 2); /* 5 samples: steps 10 and 11 */
    close_core();
}
END_TEST

START_TEST(no_memory_is_said)
{
    struct bp_error error = {""};
    open_core();
    const size_t held = bp_mem_held();
    for (size_t n = 1;; n++) {
        struct bp_selftrace self;
        struct bp_view view;
        const struct bp_selftrace_options options = {.path = trace_path, .steps = 2};
        ck_assert_int_eq(bp_view_open(&view, &w.core.subject, &error), BP_OK);
        error.text[0] = '\0';
        bp_mem_fail_at(n);
        enum bp_status status = bp_selftrace_open(&self, &view, &options, &error);
        if (status == BP_OK)
            status = bp_selftrace_run(&self, w.start, &w.batch, &error);
        const bool failed = bp_mem_tried() >= n;
        bp_mem_fail_at(0);
        bp_selftrace_close(&self);
        bp_view_close(&view);
        ck_assert_uint_eq(bp_mem_held(), held);
        ck_assert_int_eq(status, failed ? BP_ENOMEM : BP_OK);
        ck_assert(!failed || strstr(error.text, "out of memory") != NULL);
        if (!failed)
            break;
    }
    close_core();
}
END_TEST

/* ---- one that does not -------------------------------------------------------------------- */

static const struct {
    const char *does, *line;
    double timeout;
} misbehaviours[] = {
    {"echo oops >&2; exit 3", "it: trace: it exited with status 3 (request ", 5},
    {"kill -KILL $$", "it: trace: it was killed by signal 9 (Killed) (request ", 5},
    {"sleep 20", "it: trace: no answer within 0.3 s (request ", 0.3},
    {"d=6,7", "it: trace: 'delta' holds 2 numbers, expected 1 (request ", 5},
    {"d=NaN", "it: trace: it wrote a bare NaN, which is not JSON", 5},
    {"d='\"x\"'", "it: trace: 'delta' is not ", 5},
    {"exec yes fast | tr -d '\\n'", "it: trace: it wrote ", 5},
    {"printf '{\"id\"'; exit 0", "it: trace: it exited with status 0 in the middle of a line", 5},
};

START_TEST(a_failing_program_leaves_the_last_trace_and_the_steps_until_then)
{
    struct bp_pipe pipe;
    struct bp_error error = {""};
    char part[310], words[400];
    snprintf(part, sizeof part, "%s.part", trace_path);
    open_shell(&pipe, ALL_CALLS, "");
    ck_assert_int_eq(trace_of(&pipe.subject, 7, NULL, &error), BP_OK);
    bp_pipe_close(&pipe);
    char *before = text_of(trace_path);
    open_shell(&pipe, ALL_CALLS, misbehaviours[_i].does);
    pipe.timeout = misbehaviours[_i].timeout;
    ck_assert_int_eq(trace_of(&pipe.subject, 8, NULL, &error), BP_ESUBJECT);
    bp_pipe_close(&pipe);
    ck_assert_msg(strstr(error.text, misbehaviours[_i].line) == error.text, "%s", error.text);
    ck_assert_ptr_null(strchr(error.text, '\n'));
    snprintf(words, sizeof words, "; the 5 steps until then: %s", part);
    ck_assert_msg(strstr(error.text, words) != NULL, "no '%s' in '%s'", words, error.text);
    char *after = text_of(trace_path);
    ck_assert_str_eq(before, after);
    ck_assert_uint_eq(read_steps(part, BP_TRACE_DELTA), 5);
    ck_assert_double_eq(rows[4].mean, 5.0);
    free(after);
    free(before);
    unlink(part);
}
END_TEST

START_TEST(one_that_fails_at_once_leaves_nothing)
{
    struct bp_pipe pipe;
    struct bp_error error = {""};
    open_shell(&pipe, ALL_CALLS, ":; fi; exit 4; if false; then :");
    ck_assert_int_eq(trace_of(&pipe.subject, 8, NULL, &error), BP_ESUBJECT);
    bp_pipe_close(&pipe);
    ck_assert_ptr_null(strstr(error.text, "until then"));
    ck_assert_int_ne(access(trace_path, F_OK), 0);
    ck_assert_int_ne(access(scratch_path("t.tsv.tmp"), F_OK), 0);
    ck_assert_int_ne(access(scratch_path("t.tsv.part"), F_OK), 0);
}
END_TEST

static const struct {
    const char *can, *does, *line;
} lacking[] = {
    {"\"predict\",\"step\"", "",
     "it: it cannot be traced: it does not answer 'trace' with its z, a and delta"},
    {"\"predict\",\"trace\"", "",
     "it: it cannot be traced: it answers neither 'step' nor 'gradient', so it cannot train"},
    {ALL_CALLS, ":; fi; z='\"b\"'; if false; then :",
     "it: it cannot be traced: its answer to 'trace' holds none of z, a and delta"},
};

START_TEST(the_call_that_is_missing_is_named)
{
    struct bp_pipe pipe;
    struct bp_error error = {""};
    open_shell(&pipe, lacking[_i].can, lacking[_i].does);
    ck_assert_int_eq(trace_of(&pipe.subject, 8, NULL, &error), BP_EUNSUPPORTED);
    bp_pipe_close(&pipe);
    ck_assert_str_eq(error.text, lacking[_i].line);
    ck_assert_int_ne(access(trace_path, F_OK), 0);
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_said_before_anything_runs)
{
    struct bp_error error = {""};
    open_core();
    snprintf(trace_path, sizeof trace_path, "/nowhere/t.tsv");
    ck_assert_int_eq(trace_of(&w.core.subject, 8, NULL, &error), BP_EFILE);
    ck_assert_str_eq(error.text, "/nowhere/t.tsv: cannot be written: No such file or directory");
    close_core();
}
END_TEST

Suite *selftrace_suite(void);
Suite *selftrace_suite(void)
{
    Suite *suite = suite_create("selftrace");
    TCase *tcase = tcase_create("selftrace");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, set_up, scratch_close);
    tcase_add_test(tcase, steps_of_a_program_are_rows);
    tcase_add_test(tcase, what_it_does_not_give_is_not_there);
    tcase_add_test(tcase, nan_is_data);
    tcase_add_test(tcase, deltas_that_are_all_nan_are_deltas);
    tcase_add_loop_test(tcase, trace_of_the_built_in_network_is_that_of_its_training, 0, 2);
    tcase_add_test(tcase, a_training_that_leaves_the_numbers_ends_there);
    tcase_add_test(tcase, samples_one_after_the_other_make_an_epoch);
    tcase_add_test(tcase, no_memory_is_said);
    tcase_add_loop_test(tcase, a_failing_program_leaves_the_last_trace_and_the_steps_until_then, 0,
                        sizeof misbehaviours / sizeof *misbehaviours);
    tcase_add_test(tcase, one_that_fails_at_once_leaves_nothing);
    tcase_add_loop_test(tcase, the_call_that_is_missing_is_named, 0,
                        sizeof lacking / sizeof *lacking);
    tcase_add_test(tcase, a_file_that_cannot_be_written_is_said_before_anything_runs);
    suite_add_tcase(suite, tcase);
    return suite;
}
