/* check_plotting.c -- the commands that draw: figures and pages of a run, the same
 * figures again, live ones, and what they say when they cannot.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char out[64], said[8192];

static void enter(void)
{
    snprintf(out, sizeof out, "/tmp/backprobe-plot-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(out));
}

static void leave(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", out);
    ck_assert_int_eq(system(command), 0);
}

/* Runs the program with these words (%s is the folder), and keeps all it says. */
static int backprobe(const char *words)
{
    char line[512], command[1024];
    const char *program = getenv("BACKPROBE");
    snprintf(line, sizeof line, words, out, out, out); /* words are ours */
    snprintf(command, sizeof command, "env -u DISPLAY -u WAYLAND_DISPLAY %s %s 2>&1 </dev/null",
             program == NULL ? "./backprobe" : program, line);
    FILE *pipe = popen(command, "r");
    const size_t n = fread(said, 1, sizeof said - 1, pipe);
    said[n] = '\0';
    return WEXITSTATUS(pclose(pipe));
}

static int shell(const char *words)
{
    char command[512];
    snprintf(command, sizeof command, words, out, out, out);
    const int status = system(command);
    return WEXITSTATUS(status);
}

START_TEST(figures_and_pages_of_a_run)
{
    ck_assert_int_eq(backprobe("run --quiet --plots --out %s scenarios/xor-zero.conf"), 0);
    if (strstr(said, "cannot be started") != NULL) {
        printf("note: skipped: %s", said);
        return;
    }
    ck_assert_int_eq(shell("cd %s && test -s index.html && test -s xor-zero/report.html && "
                           "test -s xor-zero/loss.svg && test -s xor-zero/loss.png && "
                           "grep -q '<svg' xor-zero/report.html"),
                     0);
    ck_assert_int_eq(shell("cd %s && ls xor-zero/*.tmp 2>/dev/null"), 2);
}
END_TEST

START_TEST(plot_draws_the_same_again)
{
    ck_assert_int_eq(backprobe("run --quiet --plots --out %s scenarios/xor-zero.conf"), 0);
    if (strstr(said, "cannot be started") != NULL)
        return;
    ck_assert_int_eq(shell("mkdir %s/kept && mv %s/xor-zero/*.svg %s/kept"), 0);
    ck_assert_int_eq(backprobe("plot %s/xor-zero/"), 0);
    ck_assert_ptr_nonnull(strstr(said, "figures in "));
    ck_assert_int_eq(
        shell("cd %s/kept && for f in *.svg; do cmp $f ../xor-zero/$f || exit 1; done"), 0);
    ck_assert_int_eq(shell("cd %s/xor-zero && test -s loss.png && test -s weights.png"), 0);
}
END_TEST

START_TEST(plot_in_letters)
{
    ck_assert_int_eq(backprobe("plot --term dumb scenarios/xor-zero.conf"), 0);
    if (strstr(said, "cannot be started") == NULL)
        ck_assert_ptr_nonnull(strstr(said, "accuracy"));
}
END_TEST

START_TEST(without_gnuplot_all_else_is_there)
{
    setenv("BACKPROBE_GNUPLOT", "/nowhere/gnuplot", 1);
    ck_assert_int_eq(backprobe("run --quiet --plots --out %s scenarios/xor-zero.conf"), 0);
    unsetenv("BACKPROBE_GNUPLOT");
    ck_assert_ptr_nonnull(strstr(said, "note: /nowhere/gnuplot cannot be started: no figures"));
    ck_assert_int_eq(shell("cd %s && test -s xor-zero/report.txt && test -s index.html && "
                           "grep -q 'cannot be started' xor-zero/report.html"),
                     0);
}
END_TEST

START_TEST(without_a_display_there_is_a_note_and_no_failure)
{
    ck_assert_int_eq(backprobe("plot --window scenarios/xor-zero.conf"), 0);
    ck_assert_ptr_nonnull(strstr(said, "note: no display (DISPLAY is not set): no window"));
    ck_assert_int_eq(backprobe("run --quiet --live --out %s scenarios/xor-zero.conf"), 0);
    ck_assert_ptr_nonnull(strstr(said, "note: no display (DISPLAY is not set): no window"));
}
END_TEST

/* xor-zero.conf with another title, as out/odd.conf. */
static void retitle(const char *title)
{
    char path[96], line[512];
    snprintf(path, sizeof path, "%s/odd.conf", out);
    FILE *from = fopen("scenarios/xor-zero.conf", "r"), *to = fopen(path, "w");
    ck_assert(from != NULL && to != NULL);
    while (fgets(line, sizeof line, from) != NULL)
        if (strncmp(line, "title", 5) != 0)
            fputs(line, to);
    fprintf(to, "title = \"%s\";\n", title);
    fclose(from);
    fclose(to);
}

START_TEST(a_title_full_of_commands_runs_none)
{
    retitle("`touch ran` $(touch ran) ' ; system('touch ran') \\\" ; system(\\\"touch ran\\\") "
            "<script>alert(1)</script>");
    ck_assert_msg(backprobe("run --quiet --plots --out %s %s/odd.conf") == 0, "%s", said);
    ck_assert_int_eq(shell("test -e ran"), 1);
    if (strstr(said, "cannot be started") == NULL)
        ck_assert_int_eq(shell("grep -q 'touch ran' %s/odd/report.html"), 0); /* it stayed text */
    ck_assert_int_eq(shell("cat %s/odd/*.svg %s/odd/report.html %s/index.html 2>/dev/null | grep "
                           "-q '<script>alert'"),
                     1);
}
END_TEST

START_TEST(what_cannot_be_plotted_is_said)
{
    ck_assert_int_eq(backprobe("plot %s"), 2);
    ck_assert_ptr_nonnull(strstr(said, "expected the folder of a run"));
    ck_assert_int_eq(backprobe("plot"), 2);
    ck_assert_ptr_nonnull(strstr(said, "expected the folder of a run"));
    ck_assert_int_eq(backprobe("plot --term dumb --figure nix scenarios/xor-zero.conf"), 2);
    ck_assert_ptr_nonnull(strstr(said, "figure 'nix': expected one of loss"));
    ck_assert_int_eq(backprobe("plot /nowhere/x.conf"), 2);
    ck_assert_ptr_nonnull(strstr(said, "/nowhere/x.conf"));
}
END_TEST

START_TEST(two_runs_of_one_scenario_are_the_same_to_the_bit)
{
    ck_assert_int_eq(backprobe("compare --out %s scenarios/xor-zero.conf scenarios/xor-zero.conf"),
                     0);
    ck_assert_ptr_nonnull(strstr(said, "settings    the same"));
    ck_assert_ptr_nonnull(strstr(said, "never: all 2000 steps are the same, to the bit"));
}
END_TEST

START_TEST(runs_that_start_apart_part_at_the_start)
{
    ck_assert_int_eq(
        backprobe("compare --out %s scenarios/xor-zero.conf scenarios/xor-constant.conf"), 1);
    ck_assert_ptr_nonnull(strstr(said, "start       a: weights zero"));
    ck_assert_ptr_nonnull(strstr(said, "parted      at the start"));
}
END_TEST

START_TEST(a_planted_fault_parts_them_at_the_first_step)
{
    ck_assert_int_eq(backprobe("run --quiet --out %s --plant sign-flipped scenarios/and.conf"), 1);
    ck_assert_msg(backprobe("compare --out %s %s/and scenarios/and.conf") == 1, "%s", said);
    ck_assert_ptr_nonnull(strstr(said, "planted     a: sign-flipped"));
    ck_assert_ptr_nonnull(strstr(said, "at step 1: the parameters were the same"));
    ck_assert_ptr_nonnull(strstr(said, "3 of 3 parameters differ, most: "));
}
END_TEST

START_TEST(a_folder_whose_scenario_is_broken_is_named)
{
    char path[300];
    snprintf(path, sizeof path, "%s/broken", out);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/broken/scenario", out);
    static const char *const TEXT[] = {"garbage = \n", "\033[2J\n", ""};
    static const char *const SAYS[] = {
        "broken/scenario names what cannot be run again: garbage = :",
        "broken/scenario: expected the path of a scenario in its first line",
        "broken/scenario: expected the path of a scenario in its first line"};
    for (int i = 0; i < 3; i++) {
        FILE *file = fopen(path, "w");
        fputs(TEXT[i], file);
        fclose(file);
        ck_assert_int_eq(backprobe("compare --out %s %s/broken scenarios/and.conf"), 2);
        ck_assert_msg(strstr(said, SAYS[i]) != NULL, "%s", said);
    }
}
END_TEST

START_TEST(a_shorter_run_is_the_start_of_a_longer_one)
{
    char path[300], line[300];
    snprintf(path, sizeof path, "%s/short.conf", out);
    FILE *to = fopen(path, "w"), *from = fopen("scenarios/xor-zero.conf", "r");
    while (fgets(line, sizeof line, from) != NULL)
        if (strncmp(line, "train ", 6) != 0)
            fputs(line, to);
    fputs("train = { rate = 1.0; batch = 4; epochs = 700; };\n", to);
    fclose(from);
    fclose(to);
    ck_assert_msg(backprobe("compare --out %s %s/short.conf scenarios/xor-zero.conf") == 1, "%s",
                  said);
    ck_assert_msg(strstr(said, "parted      never while both ran (700 steps), to the bit; a ran "
                               "700, b 2000") != NULL,
                  "%s", said);
}
END_TEST

START_TEST(one_run_cannot_be_compared)
{
    ck_assert_int_eq(backprobe("compare scenarios/and.conf"), 2);
    ck_assert_ptr_nonnull(strstr(said, "expected two runs"));
}
END_TEST

Suite *plotting_suite(void);

Suite *plotting_suite(void)
{
    Suite *suite = suite_create("plotting");
    TCase *tcase = tcase_create("plotting");
    tcase_add_checked_fixture(tcase, enter, leave);
    tcase_set_timeout(tcase, 180);
    tcase_add_test(tcase, figures_and_pages_of_a_run);
    tcase_add_test(tcase, plot_draws_the_same_again);
    tcase_add_test(tcase, plot_in_letters);
    tcase_add_test(tcase, without_gnuplot_all_else_is_there);
    tcase_add_test(tcase, without_a_display_there_is_a_note_and_no_failure);
    tcase_add_test(tcase, a_title_full_of_commands_runs_none);
    tcase_add_test(tcase, what_cannot_be_plotted_is_said);
    tcase_add_test(tcase, two_runs_of_one_scenario_are_the_same_to_the_bit);
    tcase_add_test(tcase, runs_that_start_apart_part_at_the_start);
    tcase_add_test(tcase, a_planted_fault_parts_them_at_the_first_step);
    tcase_add_test(tcase, a_folder_whose_scenario_is_broken_is_named);
    tcase_add_test(tcase, a_shorter_run_is_the_start_of_a_longer_one);
    tcase_add_test(tcase, one_run_cannot_be_compared);
    suite_add_tcase(suite, tcase);
    return suite;
}
