/* check_pipe.c -- whatever a program does, it is described in one line, in time. */
#include "diag/pipe.h"

#include "core/mem.h"
#include "diag/sharedobject.h"
#include "diag/subject.h"
#include "tests/scratch.h"

#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HELLO                                                                                      \
    "read l; echo '{\"id\":0,\"backprobe\":1,\"name\":\"it\",\"can\":[\"loss\",\"gradient\"],"     \
    "\"n_theta\":2,\"n_in\":1,\"n_out\":1}'\n"

static char command[512];

/* A program that the shell runs. */
static const char *script(const char *name, const char *text)
{
    snprintf(command, sizeof command, "sh %s", scratch_text(name, text));
    return command;
}

static enum bp_status ask_loss(struct bp_pipe *pipe, double *loss, struct bp_error *error)
{
    struct bp_view view;
    const double theta[2] = {0.5, -1.0}, x[1] = {3.0}, t[1] = {1.0};
    const struct bp_batch batch = {1, x, t};
    ck_assert_int_eq(bp_view_open(&view, &pipe->subject, error), BP_OK);
    const enum bp_status status = bp_view_loss(&view, theta, &batch, loss, error);
    bp_view_close(&view);
    return status;
}

/* What is said of a program that shakes hands and then does this. */
static void says(const char *does, double timeout, const char *line)
{
    char text[4096];
    snprintf(text, sizeof text, HELLO "%s\n", does);
    struct bp_pipe pipe;
    struct bp_error error = {""};
    ck_assert_msg(bp_pipe_open(&pipe, script("does", text), timeout, NULL, &error) == BP_OK, "%s",
                  error.text);
    double loss;
    ck_assert_int_eq(ask_loss(&pipe, &loss, &error), BP_ESUBJECT);
    ck_assert_msg(strstr(error.text, line) != NULL, "'%s' in '%s'", line, error.text);
    ck_assert_ptr_null(strchr(error.text, '\n'));
    bp_pipe_close(&pipe);
}

/* ---- the table of docs/protocol.md ---------------------------------------------------- */

static const struct {
    const char *does;
    double timeout;
    const char *line;
} table[] = {
    {"read l; echo oops >&2; exit 3", 5,
     "it: loss: it exited with status 3 (request 1); the end of its standard error: oops"},
    {"exit 0", 5, "it: loss: it exited with status 0 (request 1)"},
    {"read l; kill -SEGV $$", 5, "it was killed by signal 11 (Segmentation fault) (request 1)"},
    {"read l; echo; echo A >&2; sleep 20", 5, "it printed a line that is no answer: ''"},
    {"read l; echo A >&2; echo B >&2; sleep 20", 0.3,
     "no answer within 0.3 s (request 1); the end of its standard error: A | B"},
    {"read l; printf '{\"id\":1,\"lo'; sleep 20", 0.3,
     "half a line within 0.3 s: 11 bytes and no newline: {\"id\":1,\"lo"},
    {"read l; printf '{\"id\":1,'; exit 1", 5, "it exited with status 1 in the middle of a line"},
    {"read l; head -c 3000000 /dev/zero | tr '\\0' 'x'; sleep 20", 20,
     "without a newline, more "
     "than an answer can have: xxx"},
    {"exec <&-; sleep 20", 0.3, "it closed its standard input"},
    {"read l; exec >&-; sleep 20", 5, "it closed its standard output (request 1)"},
    {"read l; echo 'epoch 1, loss 0.25'", 5,
     "it printed a line that is no answer: 'epoch 1, loss 0.25': what a program prints for people "
     "belongs on standard error"},
    {"read l; echo 0.25", 5, "it printed a line that is no answer: '0.25'"},
    {"read l; echo '{\"id\":1,\"loss\":NaN}'", 5,
     "it wrote a bare NaN, which is not JSON: non-finite numbers travel as \"nan\""},
    {"read l; echo '{\"id\":1,\"loss\":-Infinity}'", 5, "it wrote a bare Infinity"},
    {"read l; echo '{\"id\":1,\"loss\":0.5'", 5, "it wrote a line that is not JSON"},
    {"read l; echo '{\"id\":7,\"loss\":0.5}'", 5, "its answer has id 7, expected 1"},
    {"read l; echo '{\"loss\":0.5}'", 5, "its answer has no 'id', expected 1"},
    {"read l; echo '{\"id\":1,\"los\":0.5}'", 5, "its answer has no 'loss'"},
    {"read l; echo '{\"id\":1,\"loss\":[1,2]}'", 5, "'loss' holds 2 numbers, expected 1"},
    {"read l; echo '{\"id\":1,\"loss\":true}'", 5, "'loss' is not an array of numbers"},
    {"read l; echo '{\"id\":1,\"loss\":\"????????????\"}'", 5, "'loss' is not an array of numbers"},
    {"read l; echo '{\"id\":1,\"loss\":\"AAAA*AAAAAA=\"}'", 5, "'loss' is not base64"},
    {"read l; echo '{\"id\":1,\"error\":\"no such layer\"}'", 5,
     "it says: no such layer (request 1)"},
};

START_TEST(each_misbehaviour_is_said)
{
    says(table[_i].does, table[_i].timeout, table[_i].line);
}
END_TEST

/* ---- the first exchange ---------------------------------------------------------------- */

static const struct {
    const char *answer, *line;
} hellos[] = {
    {"{\"id\":0}", "'backprobe' is nothing, expected 1, the version of the protocol"},
    {"{\"id\":0,\"backprobe\":2}", "'backprobe' is 2.0, expected 1"},
    {"{\"id\":0,\"backprobe\":1}",
     "neither 'network' and 'arrays' nor 'n_theta', 'n_in' and 'n_out'"},
    {"{\"id\":0,\"backprobe\":1,\"n_theta\":2.5}",
     "'n_theta' is 2.5, expected a whole number from 1"},
    {"{\"id\":0,\"backprobe\":1,\"n_theta\":2,\"n_in\":1,\"n_out\":1}", "'can' is no list"},
    {"{\"id\":0,\"backprobe\":1,\"n_theta\":2,\"n_in\":1,\"n_out\":1,\"can\":[\"fly\"]}",
     "'can' holds 'fly', expected loss, predict, gradient, step, trace or reset"},
    {"{\"id\":0,\"backprobe\":1,\"network\":\"2-1 sigmoid squared-error\"}", "go together"},
    {"{\"id\":0,\"backprobe\":1,\"network\":\"2-1 sigmoid\",\"arrays\":[{\"layer\":1,\"role\":"
     "\"weights\"}]}",
     "network: expected WIDTHS ACTIVATION LOSS"},
    {"{\"id\":0,\"backprobe\":1,\"network\":\"2-1 sigmoid "
     "squared-error\",\"arrays\":[{\"layer\":1}]}",
     "'arrays'[0] has no 'role'"},
    {"{\"id\":0,\"backprobe\":1,\"network\":\"2-1 sigmoid squared-error\",\"arrays\":[{\"layer\":1,"
     "\"role\":\"bias\"}]}",
     "'role' is \"bias\", expected weights, biases, bias-first, bias-last, thresholds, "
     "threshold-first or threshold-last"},
    {"{\"id\":0,\"backprobe\":1,\"network\":\"2-1 sigmoid squared-error\",\"arrays\":[{\"layer\":1,"
     "\"role\":\"biases\"}]}",
     "arrays: W1 is in 0 of them, expected 1"},
    {"{\"id\":0,\"backprobe\":1,\"n_theta\":2,\"n_in\":1,\"n_out\":1,\"rate\":\"slow\"}",
     "'rate' is \"slow\", expected given, a number or unknown"},
    {"{\"id\":0,\"backprobe\":1,\"n_theta\":2,\"n_in\":1,\"n_out\":1,\"theta\":[1]}",
     "'theta' holds 1 numbers, expected 2"},
    {"{\"id\":0,\"backprobe\":1,\"n_theta\":2,\"n_in\":1,\"n_out\":1,\"data\":{\"n\":2,\"x\":[1,2],"
     "\"t\":[1]}}",
     "'t' holds 1 numbers, expected 2"},
    {"hello, world", "it printed a line that is no answer: 'hello, world'"},
    {"[1,2]", "it printed a line that is no answer: '[1,2]'"},
};

START_TEST(each_wrong_hello_is_refused)
{
    char text[4096];
    snprintf(text, sizeof text, "read l; echo '%s'\nread l\n", hellos[_i].answer);
    struct bp_pipe pipe;
    struct bp_error error = {""};
    const size_t held = bp_mem_held();
    ck_assert_int_eq(bp_pipe_open(&pipe, script("hello", text), 5, NULL, &error), BP_ESUBJECT);
    ck_assert_msg(strstr(error.text, hellos[_i].line) != NULL, "'%s' in '%s'", hellos[_i].line,
                  error.text);
    ck_assert_uint_eq(bp_mem_held(), held);
}
END_TEST

START_TEST(a_program_that_is_not_there_is_said)
{
    struct bp_pipe pipe;
    struct bp_error error;
    ck_assert_int_eq(bp_pipe_open(&pipe, "no-such-program-here -x", 1, NULL, &error), BP_ESUBJECT);
    ck_assert_str_eq(error.text,
                     "no-such-program-here: cannot be started: No such file or directory");
    ck_assert_int_eq(bp_pipe_open(&pipe, "sh 'x", 1, NULL, &error), BP_EINPUT);
    ck_assert_str_eq(error.text, "subject: 'sh 'x': a quote is not closed");
    ck_assert_int_eq(bp_pipe_open(&pipe, "  ", 1, NULL, &error), BP_EINPUT);
}
END_TEST

START_TEST(a_program_given_up_stays_given_up)
{
    struct bp_pipe pipe;
    struct bp_error error;
    double loss;
    ck_assert_int_eq(bp_pipe_open(&pipe, script("once", HELLO "exit 4\n"), 5, NULL, &error), BP_OK);
    for (int k = 0; k < 3; k++) {
        ck_assert_int_eq(ask_loss(&pipe, &loss, &error), BP_ESUBJECT);
        ck_assert_str_eq(error.text, "it: loss: it exited with status 4 (request 1)");
    }
    bp_pipe_close(&pipe);
}
END_TEST

START_TEST(a_program_that_answered_error_is_asked_again)
{
    struct bp_pipe pipe;
    struct bp_error error;
    double loss;
    ck_assert_int_eq(
        bp_pipe_open(&pipe,
                     script("again", HELLO "read l; echo '{\"id\":1,\"error\":\"no\"}'\n"
                                           "read l; echo '{\"id\":2,\"loss\":0.5}'\n"),
                     5, NULL, &error),
        BP_OK);
    ck_assert_int_eq(ask_loss(&pipe, &loss, &error), BP_ESUBJECT);
    ck_assert_int_eq(ask_loss(&pipe, &loss, &error), BP_OK);
    ck_assert_double_eq(loss, 0.5);
    bp_pipe_close(&pipe);
}
END_TEST

START_TEST(non_finite_numbers_that_travel_right_are_data)
{
    struct bp_pipe pipe;
    struct bp_error error;
    double loss;
    ck_assert_int_eq(
        bp_pipe_open(&pipe,
                     script("nan", HELLO "read l; echo '{\"id\":1,\"loss\":\"nan\"}'\n"
                                         "read l; echo '{\"id\":2,\"loss\":\"-inf\"}'\n"),
                     5, NULL, &error),
        BP_OK);
    ck_assert_int_eq(ask_loss(&pipe, &loss, &error), BP_OK);
    ck_assert_double_nan(loss);
    ck_assert_int_eq(ask_loss(&pipe, &loss, &error), BP_OK);
    ck_assert_double_eq(loss, -(double)INFINITY);
    bp_pipe_close(&pipe);
}
END_TEST

START_TEST(a_flood_on_standard_error_blocks_nothing)
{
    struct bp_pipe pipe;
    struct bp_error error;
    double loss;
    ck_assert_int_eq(bp_pipe_open(&pipe,
                                  script("chat", HELLO "read l; head -c 1000000 /dev/zero >&2\n"
                                                       "echo '{\"id\":1,\"loss\":0.5}'\n"),
                                  20, NULL, &error),
                     BP_OK);
    ck_assert_int_eq(ask_loss(&pipe, &loss, &error), BP_OK);
    bp_pipe_close(&pipe);
}
END_TEST

START_TEST(standard_error_is_handed_on)
{
    char *text = NULL;
    size_t size = 0;
    FILE *echo = open_memstream(&text, &size);
    struct bp_pipe pipe;
    struct bp_error error;
    ck_assert_int_eq(
        bp_pipe_open(&pipe, script("echo", "echo loading >&2\n" HELLO), 5, echo, &error), BP_OK);
    bp_pipe_close(&pipe);
    fclose(echo);
    ck_assert_str_eq(text, "loading\n");
    free(text);
}
END_TEST

START_TEST(nothing_of_the_command_goes_to_a_shell)
{
    char **words;
    size_t n;
    ck_assert_int_eq(
        bp_process_split("a 'b c' \"d\\\"e\" f\\ g '$(touch x)' ;rm", &words, &n, NULL), BP_OK);
    static const char *const expected[] = {"a", "b c", "d\"e", "f g", "$(touch x)", ";rm"};
    ck_assert_uint_eq(n, 6);
    for (size_t k = 0; k < n; k++)
        ck_assert_str_eq(words[k], expected[k]);
    ck_assert_ptr_null(words[n]);
    bp_mem_free(words);
}
END_TEST

START_TEST(a_program_that_hangs_at_the_end_is_ended)
{
    struct bp_pipe pipe;
    struct bp_error error;
    ck_assert_int_eq(bp_pipe_open(&pipe,
                                  script("hang", "trap '' TERM\n" HELLO "sleep 100\nsleep 100\n"),
                                  5, NULL, &error),
                     BP_OK);
    const pid_t pid = pipe.process.pid;
    pipe.broken = true; /* no patience */
    bp_pipe_close(&pipe);
    ck_assert_int_eq(kill(pid, 0), -1);
}
END_TEST

/* ---- numbers ------------------------------------------------------------------------------ */

START_TEST(numbers_come_back_as_they_went)
{
    const double numbers[] = {0.0,
                              -0.0,
                              1.0 / 3.0,
                              5e-324,
                              -1.7976931348623157e308,
                              1e22,
                              (double)INFINITY,
                              -(double)INFINITY};
    const size_t total = sizeof numbers / sizeof *numbers;
    for (int base64 = 0; base64 < 2; base64++)
        for (size_t n = 0; n <= total; n++) {
            struct bp_message message = {0};
            bp_message_numbers(&message, numbers, n, base64 == 1);
            json_t *value = json_loadb(message.text, message.n,
                                       JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
            size_t found;
            double back[8];
            ck_assert(bp_wire_count(value, &found));
            ck_assert_uint_eq(found, n);
            ck_assert(bp_wire_read(value, back));
            ck_assert_mem_eq(back, numbers, n * sizeof *back);
            json_decref(value);
            bp_message_release(&message);
        }
}
END_TEST

START_TEST(text_of_any_bytes_becomes_json)
{
    struct bp_message message = {0};
    bp_message_string(&message, "a\"b\\c\n\x01 \xc3\xa9 \xff \xed\xa0\x80 \xe2\x82");
    json_t *value = json_loadb(message.text, message.n, JSON_DECODE_ANY, NULL);
    ck_assert_str_eq(json_string_value(value), "a\"b\\c\n\x01 \xc3\xa9 ? ??? ??");
    json_decref(value);
    bp_message_release(&message);
}
END_TEST

/* ---- shared objects ------------------------------------------------------------------------ */

static enum bp_status open_object(struct bp_pipe *pipe, const char *does, struct bp_error *error)
{
    setenv("OBJECT", does, 1);
    return bp_sharedobject_open(pipe, BUILD_FOLDER "/tests/objects/object.so", 2, NULL, error);
}

static enum bp_status ask_object(struct bp_view *view, double w, double *g, struct bp_error *error)
{
    static const double x[2] = {3.0, 1.0}, t[2] = {1.0, 0.0};
    const struct bp_batch batch = {2, x, t};
    double y[2];
    const enum bp_status status = bp_view_predict(view, &w, &batch, y, error);
    if (status != BP_OK)
        return status;
    ck_assert_double_eq(y[0], 3.0 * w);
    return bp_view_own_gradient(view, &w, &batch, g, error);
}

START_TEST(a_shared_object_answers_through_its_own_arrays)
{
    struct bp_pipe pipe;
    struct bp_view view;
    struct bp_error error = {""};
    double g;
    ck_assert_msg(open_object(&pipe, "right", &error) == BP_OK, "%s", error.text);
    ck_assert_int_eq(bp_view_open(&view, &pipe.subject, &error), BP_OK);
    view.watch = true;
    ck_assert_int_eq(ask_object(&view, 0.5, &g, &error), BP_OK);
    ck_assert_double_eq_tol(g, ((0.5 * 3 - 1) * 3 + 0.5) / 2, 1e-15);
    ck_assert_uint_eq(view.changed, 0);
    bp_view_close(&view);
    bp_pipe_close(&pipe);
}
END_TEST

START_TEST(what_a_shared_object_changes_is_seen)
{
    struct bp_pipe pipe;
    struct bp_view view;
    struct bp_error error = {""};
    double g;
    ck_assert_int_eq(open_object(&pipe, "meddles", &error), BP_OK);
    ck_assert_int_eq(bp_view_open(&view, &pipe.subject, &error), BP_OK);
    view.watch = true;
    ck_assert_int_eq(ask_object(&view, 0.5, &g, &error), BP_OK);
    ck_assert_uint_eq(view.changed, 1);
    bp_view_close(&view);
    bp_pipe_close(&pipe);
}
END_TEST

START_TEST(fill_reaches_the_gradient_of_a_shared_object)
{
    struct bp_pipe pipe;
    struct bp_view view;
    struct bp_error error = {""};
    double g, again;
    ck_assert_int_eq(open_object(&pipe, "accumulates", &error), BP_OK);
    ck_assert_int_eq(bp_view_open(&view, &pipe.subject, &error), BP_OK);
    ck_assert_int_eq(ask_object(&view, 0.5, &g, &error), BP_OK);
    ck_assert_int_eq(ask_object(&view, 0.5, &again, &error), BP_OK);
    ck_assert_double_eq(g, again); /* filled with 0 */
    view.fill = 1.0;
    ck_assert_int_eq(ask_object(&view, 0.5, &again, &error), BP_OK);
    ck_assert_double_eq(again, g + 1.0);
    bp_view_close(&view);
    bp_pipe_close(&pipe);
}
END_TEST

START_TEST(the_crash_of_a_shared_object_is_described)
{
    struct bp_pipe pipe;
    struct bp_view view;
    struct bp_error error = {""};
    double g;
    ck_assert_int_eq(open_object(&pipe, "crashes", &error), BP_OK);
    ck_assert_int_eq(bp_view_open(&view, &pipe.subject, &error), BP_OK);
    ck_assert_int_eq(ask_object(&view, 0.5, &g, &error), BP_ESUBJECT);
    ck_assert_ptr_nonnull(strstr(error.text,
                                 "object: gradient: it was killed by signal 6 (Aborted) "
                                 "(request 2)"));
    bp_view_close(&view);
    bp_pipe_close(&pipe);
}
END_TEST

START_TEST(the_hang_of_a_shared_object_is_described)
{
    struct bp_pipe pipe;
    struct bp_view view;
    struct bp_error error = {""};
    double g;
    ck_assert_int_eq(open_object(&pipe, "hangs", &error), BP_OK);
    pipe.timeout = 0.2;
    ck_assert_int_eq(bp_view_open(&view, &pipe.subject, &error), BP_OK);
    ck_assert_int_eq(ask_object(&view, 0.5, &g, &error), BP_ESUBJECT);
    ck_assert_ptr_nonnull(
        strstr(error.text, "object: gradient: no answer within 0.2 s (request 2)"));
    bp_view_close(&view);
    bp_pipe_close(&pipe);
}
END_TEST

START_TEST(an_object_that_is_none_is_said)
{
    struct bp_pipe pipe;
    struct bp_error error = {""};
    ck_assert_int_eq(open_object(&pipe, "refuses", &error), BP_ESUBJECT);
    ck_assert_ptr_nonnull(
        strstr(error.text, "it says: backprobe_subject() returned 5, expected 0"));
    ck_assert_int_eq(open_object(&pipe, "lies", &error), BP_ESUBJECT);
    ck_assert_ptr_nonnull(strstr(error.text, "network: '7': expected widths such as 2-2-1"));
    ck_assert_int_eq(
        bp_sharedobject_open(&pipe, BUILD_FOLDER "/tests/objects/empty.so", 2, NULL, &error),
        BP_ESUBJECT);
    ck_assert_ptr_nonnull(strstr(error.text, "does not export int backprobe_subject"));
    ck_assert_int_eq(bp_sharedobject_open(&pipe, "no/such.so", 2, NULL, &error), BP_ESUBJECT);
    ck_assert_ptr_nonnull(strstr(error.text, "no/such.so: cannot open shared object file"));
}
END_TEST

START_TEST(a_name_tells_object_from_program)
{
    ck_assert(bp_sharedobject_is("./mine.so"));
    ck_assert(bp_sharedobject_is("lib/libmine.so.1"));
    ck_assert(!bp_sharedobject_is("python3 mine.so"));
    ck_assert(!bp_sharedobject_is("./mine.sock"));
    ck_assert(!bp_sharedobject_is("node mine.js"));
}
END_TEST

Suite *pipe_suite(void);
Suite *pipe_suite(void)
{
    Suite *suite = suite_create("pipe");
    TCase *tcase = tcase_create("pipe");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, scratch_open, scratch_close);
    tcase_add_loop_test(tcase, each_misbehaviour_is_said, 0, sizeof table / sizeof *table);
    tcase_add_loop_test(tcase, each_wrong_hello_is_refused, 0, sizeof hellos / sizeof *hellos);
    tcase_add_test(tcase, a_program_that_is_not_there_is_said);
    tcase_add_test(tcase, a_program_given_up_stays_given_up);
    tcase_add_test(tcase, a_program_that_answered_error_is_asked_again);
    tcase_add_test(tcase, non_finite_numbers_that_travel_right_are_data);
    tcase_add_test(tcase, a_flood_on_standard_error_blocks_nothing);
    tcase_add_test(tcase, standard_error_is_handed_on);
    tcase_add_test(tcase, nothing_of_the_command_goes_to_a_shell);
    tcase_add_test(tcase, a_program_that_hangs_at_the_end_is_ended);
    tcase_add_test(tcase, numbers_come_back_as_they_went);
    tcase_add_test(tcase, text_of_any_bytes_becomes_json);
    tcase_add_test(tcase, a_shared_object_answers_through_its_own_arrays);
    tcase_add_test(tcase, what_a_shared_object_changes_is_seen);
    tcase_add_test(tcase, fill_reaches_the_gradient_of_a_shared_object);
    tcase_add_test(tcase, the_crash_of_a_shared_object_is_described);
    tcase_add_test(tcase, the_hang_of_a_shared_object_is_described);
    tcase_add_test(tcase, an_object_that_is_none_is_said);
    tcase_add_test(tcase, a_name_tells_object_from_program);
    suite_add_tcase(suite, tcase);
    return suite;
}
