/* check_helpers.c -- the helpers that are pasted beside a program, in Python and in
 * JavaScript: what they hand on, and what the program does wrong. One neuron,
 * L = 1/2 (w x + b - t)^2. */
#include "diag/contract.h"
#include "diag/pipe.h"
#include "tests/scratch.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char PYTHON[] =
    "import sys; sys.path.insert(0, sys.argv[1]); does = sys.argv[2]\n"
    "import backprobe\n"
    "class Net: pass\n"
    "net = Net(); net.w = [[0.5]]; net.b = 0.25; net.dw = [[0.0]]; net.db = [0.0]\n"
    "print('a print of its own')\n"
    "def y(x): return [[net.w[0][0] * r[0] + net.b] for r in x]\n"
    "def gradient(x, t):\n"
    "    if does == 'raises': raise ValueError('no such layer')\n"
    "    if does == 'meddles': net.w[0][0] += 1\n"
    "    if does != 'accumulates': net.dw[0][0] = net.db[0] = 0.0\n"
    "    for r, u, o in zip(x, t, y(x)):\n"
    "        net.dw[0][0] += (o[0] - u[0]) * r[0] / len(x)\n"
    "        net.db[0] += (o[0] - u[0]) / len(x)\n"
    "def trace(x, t):\n"
    "    return y(x), y(x), [[o[0] - u[0]] for o, u in zip(y(x), t)]\n"
    "probe = backprobe.Probe('1-1 identity squared-error', name='one')\n"
    "probe.weights(1, net, 'w', gradient='dw')\n"
    "probe.biases(1, net, 'b', gradient='db')\n"
    "probe.predict = lambda x: (print('another') or y(x))\n"
    "probe.gradient = gradient\n"
    "probe.trace = trace\n"
    "probe.serve()\n"
    "print('after')\n";

static const char NODE[] =
    "const { Probe } = require(process.argv[2] + '/backprobe.js'); const does = process.argv[3];\n"
    "const net = { w: [Float64Array.of(0.5)], b: 0.25, dw: [[0]], db: [0] };\n"
    "console.log('a print of its own');\n"
    "const y = (x) => x.map((r) => [net.w[0][0] * r[0] + net.b]);\n"
    "function gradient(x, t) {\n"
    "    if (does === 'raises') throw new Error('no such layer');\n"
    "    if (does === 'meddles') net.w[0][0] += 1;\n"
    "    if (does !== 'accumulates') net.dw[0][0] = net.db[0] = 0;\n"
    "    y(x).forEach((o, n) => {\n"
    "        net.dw[0][0] += ((o[0] - t[n][0]) * x[n][0]) / x.length;\n"
    "        net.db[0] += (o[0] - t[n][0]) / x.length;\n"
    "    });\n"
    "}\n"
    "const probe = new Probe('1-1 identity squared-error', { name: 'one' });\n"
    "probe.weights(1, net, 'w', { gradient: 'dw' });\n"
    "probe.biases(1, net, 'b', { gradient: 'db' });\n"
    "probe.predict = (x) => (console.log('another'), y(x));\n"
    "probe.gradient = gradient;\n"
    "probe.trace = (x, t) => [y(x), y(x), y(x).map((o, n) => [o[0] - t[n][0]])];\n"
    "probe.serve();\n"
    "console.log('after');\n";

static const struct {
    const char *program, *file, *text;
} languages[] = {{"python3", "one.py", PYTHON}, {"node", "one.js", NODE}};
enum { LANGUAGES = sizeof languages / sizeof *languages };

/* Opens the program that does this; false (with a note) when the language is not here. */
static bool open_program(struct bp_pipe *pipe, int language, const char *does,
                         struct bp_error *error)
{
    char command[1024], folder[512];
    snprintf(command, sizeof command, "%s --version > /dev/null 2>&1", languages[language].program);
    if (system(command) != 0) {
        printf("check_helpers: skipped: no %s\n", languages[language].program);
        return false;
    }
    ck_assert_ptr_nonnull(getcwd(folder, sizeof folder));
    snprintf(command, sizeof command, "%s %s '%s/examples' %s", languages[language].program,
             scratch_text(languages[language].file, languages[language].text), folder, does);
    error->text[0] = '\0';
    bp_pipe_open(pipe, command, 20, NULL, error);
    return true;
}

/* What the contract checks say of it: the first finding, or "". */
static const char *breach(int language, const char *does)
{
    static char name[BP_FINDING_NAME_MAX];
    struct bp_pipe pipe;
    struct bp_view view;
    struct bp_error error;
    if (!open_program(&pipe, language, does, &error))
        return NULL;
    ck_assert_str_eq(error.text, "");
    ck_assert_int_eq(bp_view_open(&view, &pipe.subject, &error), BP_OK);
    const double theta[] = {0.75, -0.5}, x[] = {1, 2, 3, -1}, t[] = {0, 1, 0.5, 2};
    const struct bp_batch batch = {4, x, t};
    struct bp_contract contract;
    struct bp_findings findings = {0};
    const enum bp_status status =
        bp_contract_run(&view, theta, &batch, &contract, &findings, &error);
    ck_assert_msg(status == BP_OK, "%s", error.text);
    snprintf(name, sizeof name, "%s", findings.n == 0 ? "" : findings.item[0].name);
    bp_findings_release(&findings);
    bp_view_close(&view);
    bp_pipe_close(&pipe);
    return name;
}

START_TEST(a_right_program_keeps_the_contract_whatever_it_prints)
{
    const char *name = breach(_i, "right");
    if (name != NULL)
        ck_assert_str_eq(name, "");
}
END_TEST

START_TEST(what_it_changes_is_handed_on)
{
    const char *name = breach(_i, "meddles");
    if (name != NULL)
        ck_assert_str_eq(name, "theta-changed-by-gradient");
}
END_TEST

START_TEST(gradients_left_in_place_are_known_to_add_up)
{
    const char *name = breach(_i, "accumulates");
    if (name != NULL)
        ck_assert_str_eq(name, "accumulator-not-reset");
}
END_TEST

START_TEST(gradient_trace_and_start_come_through)
{
    struct bp_pipe pipe;
    struct bp_view view;
    struct bp_error error;
    if (!open_program(&pipe, _i, "right", &error))
        return;
    ck_assert_str_eq(error.text, "");
    ck_assert_int_eq(bp_view_open(&view, &pipe.subject, &error), BP_OK);
    double theta[2], g[2], z[2], delta[2];
    const double x[] = {2, 4}, t[] = {1, 0};
    const struct bp_batch batch = {2, x, t};
    ck_assert(bp_view_start(&view, theta));
    ck_assert_double_eq(theta[0], 0.5);
    ck_assert_double_eq(theta[1], 0.25);
    ck_assert_int_eq(bp_view_own_gradient(&view, theta, &batch, g, &error), BP_OK);
    ck_assert_double_eq(g[0], (0.25 * 2 + 2.25 * 4) / 2);
    ck_assert_double_eq(g[1], (0.25 + 2.25) / 2);
    ck_assert_int_eq(bp_view_trace(&view, theta, &batch, z, NULL, delta, &error), BP_OK);
    ck_assert_double_eq(z[1], 2.25);
    ck_assert_double_eq(delta[0], 0.25);
    bp_view_close(&view);
    bp_pipe_close(&pipe);
}
END_TEST

START_TEST(an_exception_is_reported_with_its_words)
{
    struct bp_pipe pipe;
    struct bp_view view;
    struct bp_error error;
    if (!open_program(&pipe, _i, "raises", &error))
        return;
    ck_assert_int_eq(bp_view_open(&view, &pipe.subject, &error), BP_OK);
    const double theta[] = {1, 0}, x[] = {1}, t[] = {0};
    const struct bp_batch batch = {1, x, t};
    double g[2];
    ck_assert_int_eq(bp_view_own_gradient(&view, theta, &batch, g, &error), BP_ESUBJECT);
    ck_assert_ptr_nonnull(strstr(error.text, "one: gradient: it says: "));
    ck_assert_ptr_nonnull(strstr(error.text, "no such layer (request "));
    bp_view_close(&view);
    bp_pipe_close(&pipe);
}
END_TEST

START_TEST(run_on_its_own_a_program_goes_on)
{
    char command[1024];
    snprintf(command, sizeof command, "%s --version > /dev/null 2>&1", languages[_i].program);
    if (system(command) != 0)
        return;
    snprintf(command, sizeof command,
             "env -u BACKPROBE %s %s \"$PWD/examples\" right | grep -q after",
             languages[_i].program, scratch_text(languages[_i].file, languages[_i].text));
    ck_assert_int_eq(system(command), 0);
}
END_TEST

Suite *helpers_suite(void);
Suite *helpers_suite(void)
{
    Suite *suite = suite_create("helpers");
    TCase *tcase = tcase_create("helpers");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, scratch_open, scratch_close);
    tcase_add_loop_test(tcase, a_right_program_keeps_the_contract_whatever_it_prints, 0, LANGUAGES);
    tcase_add_loop_test(tcase, what_it_changes_is_handed_on, 0, LANGUAGES);
    tcase_add_loop_test(tcase, gradients_left_in_place_are_known_to_add_up, 0, LANGUAGES);
    tcase_add_loop_test(tcase, gradient_trace_and_start_come_through, 0, LANGUAGES);
    tcase_add_loop_test(tcase, an_exception_is_reported_with_its_words, 0, LANGUAGES);
    tcase_add_loop_test(tcase, run_on_its_own_a_program_goes_on, 0, LANGUAGES);
    suite_add_tcase(suite, tcase);
    return suite;
}
