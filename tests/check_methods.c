/* check_methods.c -- whichever method differentiates, the report is the same: verdicts,
 * causes and their order; only the numeric column, its error and the method's name differ. */
#include "small.h"

#include <check.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE = 400 };

/* ---- what may differ ------------------------------------------------------ */

/* Numbers of the method, not of the subject: from these words to the line that ends them. */
static bool is_of_method(const char *line)
{
    return strncmp(line, "  numeric: ", 11) == 0 || strncmp(line, "  twin:    ", 11) == 0;
}

static bool goes_on(const char *line)
{
    return strncmp(line, "           ", 11) == 0;
}

/* A line without them; false at the end. */
static bool next_line(FILE *file, char *line)
{
    bool skipping = false;
    while (fgets(line, LINE, file) != NULL) {
        skipping = is_of_method(line) || (skipping && goes_on(line));
        if (!skipping)
            return true;
    }
    line[0] = '\0';
    return false;
}

/* An error ("2e-13", "1.3e-12") may be any other; else numbers are the same to a
 * thousandth, whole ones exactly. */
static bool same_word(const char *a, const char *b)
{
    char *a_end, *b_end;
    const double x = strtod(a, &a_end), y = strtod(b, &b_end);
    if (strcmp(a, b) == 0)
        return true;
    if (a_end == a || b_end == b || strcmp(a_end, b_end) != 0)
        return false;
    if (strchr(a, 'e') != NULL && strchr(b, 'e') != NULL && fabs(x) < 1e-8 && fabs(y) < 1e-8)
        return true;
    return strchr(a, '.') != NULL && strchr(b, '.') != NULL &&
           fabs(x - y) <= 1e-3 * fmax(fabs(x), fabs(y));
}

static bool same_line(char *a, char *b)
{
    char *a_rest, *b_rest;
    char *x = strtok_r(a, " \n", &a_rest), *y = strtok_r(b, " \n", &b_rest);
    while (x != NULL && y != NULL && same_word(x, y)) {
        x = strtok_r(NULL, " \n", &a_rest);
        y = strtok_r(NULL, " \n", &b_rest);
    }
    return x == NULL && y == NULL;
}

/* ---- reports -------------------------------------------------------------- */

/* method: "" for the default. */
static FILE *checked(const char *what, const char *method, const char *more)
{
    char command[1000];
    snprintf(command, sizeof command, "\"$BACKPROBE\" check %s %s %s%s", what, more,
             method[0] == '\0' ? "" : "--method ", method);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    return pipe;
}

/* The two reports line by line, and the two exit statuses. */
static void same_reports(const char *what, const char *method, const char *more_of_it)
{
    char a[LINE], b[LINE], show[2 * LINE + 10];
    size_t lines = 0;
    FILE *naive = checked(what, "richardson", more_of_it);
    FILE *fast = checked(what, method, more_of_it);
    for (;; lines++) {
        const bool more = next_line(naive, a), also = next_line(fast, b);
        snprintf(show, sizeof show, "%s  %s", a, b);
        ck_assert_msg(more == also, "%s, %s: one report is longer: %s", what, method, show);
        if (!more)
            break;
        ck_assert_msg(same_line(a, b), "%s, %s:\n  %s", what, method, show);
    }
    ck_assert_uint_ge(lines, 20);
    ck_assert_int_eq(pclose(naive), pclose(fast));
}

static const char *const SUBJECT[] = {
    "--network '4-5-3-2 relu,sigmoid squared-error' --plant relu-derivative-inverted:1",
    "--network '4-5-3-2 relu,sigmoid squared-error'",
    "--network '4-5-3-2 tanh,softmax softmax-cross-entropy' --plant sign-flipped",
    "--network '4-5-3-2 leaky-relu,identity squared-error l2=0.1' --plant neuron-delta-zero:2:1",
    "--network '6-4-3 sigmoid binary-cross-entropy' --plant missing-activation-derivative:1",
    "--network '6-4-4-3 sigmoid squared-error sum' --plant bias-gradient-missing:2 "
    "--plant factor-two:1",
    "--network '4-5-3-2 tanh squared-error' --plant skipped-layer:1",
    "--network '4-5-3-2 relu,sigmoid squared-error' --plant bias-left-out-of-forward:1",
};
enum { SUBJECTS = sizeof SUBJECT / sizeof SUBJECT[0] };

/* The default, then those that one can ask for; a forward pass that is not the right one
 * leaves the naive ones only. */
START_TEST(every_method_gives_the_report_of_the_naive_one)
{
    static const char *const METHOD[] = {"", "node", "delta-form"};
    const bool planted_forward = strstr(SUBJECT[_i], "of-forward") != NULL;
    ck_assert_ptr_nonnull(getenv("BACKPROBE"));
    if (small_only() && _i > 1)
        return;
    for (size_t m = 0; m < (planted_forward ? 1 : 3); m++) {
        same_reports(SUBJECT[_i], METHOD[m], ""); /* the worst, in their order */
        same_reports(SUBJECT[_i], METHOD[m], "--all");
    }
}
END_TEST

/* To the byte, whatever their number; more than the machine has are not an error. */
START_TEST(threads_change_no_byte_of_a_report)
{
    char command[2000];
    snprintf(command, sizeof command,
             "a=$(\"$BACKPROBE\" check %s --all --jobs 1 %s); "
             "b=$(\"$BACKPROBE\" check %s --all --jobs 100000 %s); "
             "[ -n \"$a\" ] && [ \"$a\" = \"$b\" ]",
             SUBJECT[_i], _i % 2 == 0 ? "" : "--method node", SUBJECT[_i],
             _i % 2 == 0 ? "" : "--method node");
    ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(jobs_that_are_no_number_are_refused)
{
    ck_assert_int_eq(system("\"$BACKPROBE\" check --jobs two 2>&1 | grep -q \"backprobe: --jobs "
                            "'two': expected a whole number above 0\""),
                     0);
    ck_assert_int_ne(system("\"$BACKPROBE\" check --jobs 0 >/dev/null 2>&1"), 0);
    ck_assert_int_ne(system("\"$BACKPROBE\" run --jobs -1 scenarios/xor.conf >/dev/null 2>&1"), 0);
}
END_TEST

static bool same(const char *a, const char *b)
{
    char x[LINE], y[LINE];
    snprintf(x, sizeof x, "%s\n", a);
    snprintf(y, sizeof y, "%s\n", b);
    return same_line(x, y);
}

START_TEST(a_report_that_differs_is_seen)
{
    ck_assert(same("W1[2,1] +0.5 -0.25 2e-13 3e-12 -2 disagree",
                   "W1[2,1] +0.5 -0.250001 7e-15 1e-14 -2 disagree"));
    ck_assert(!same("W1[2,1] +0.5 -0.25 2e-13 3e-12 -2 disagree",
                    "W1[1,2] +0.5 -0.25 2e-13 3e-12 -2 disagree"));
    ck_assert(!same("W1[2,1] +0.5 -0.25 2e-13 3e-12 -2 disagree",
                    "W1[2,1] +0.5 -0.25 2e-13 3e-12 -2 kink"));
    ck_assert(!same("W1[2,1] +0.5 -0.25 2e-13 3e-12 -2 disagree",
                    "W1[2,1] +0.5 -0.35 2e-13 3e-12 -2 disagree"));
    ck_assert(!same("W1 20 disagree", "W1 19 disagree"));
    ck_assert(!same("cause: sign-flipped", "cause: sign-flipped in layer 3"));
    ck_assert(!same("  because: off by 0.77", "  because: off by 2e-13"));
}
END_TEST

Suite *methods_suite(void);
Suite *methods_suite(void)
{
    Suite *suite = suite_create("methods");
    TCase *same_case = tcase_create("reports");
    tcase_add_test(same_case, a_report_that_differs_is_seen);
    tcase_add_loop_test(same_case, every_method_gives_the_report_of_the_naive_one, 0, SUBJECTS);
    tcase_add_loop_test(same_case, threads_change_no_byte_of_a_report, 0, 4);
    tcase_add_test(same_case, jobs_that_are_no_number_are_refused);
    suite_add_tcase(suite, same_case);
    return suite;
}
