/* check_attached_page.c -- a program that was checked gets a page as a scenario does,
 * whatever it calls itself.
 */
#include "commands/attached_page.h"
#include "tests/bed.h"
#include "tests/scratch.h"

#include "core/mem.h"
#include "diag/subject.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PAGE_MOST = 1 << 21 };

static const char HOSTILE[] = "../../<script>alert(1)</script>&\"'\x01";

/* ---- a program, its check, its page ------------------------------------------------ */

static struct bed bed;
static struct bp_core_subject core;
static struct bp_view view;
static struct bp_checkup checkup;
static char page[PAGE_MOST], path[BP_PATH_MAX];

/* described: with its network and arrays. */
static void check_program(const char *name, bool ill, bool described, bool located)
{
    const struct bp_checkup_options options = {.locate = located};
    struct bp_error error = {""};
    bed_set_up(&bed, "3-4-2 tanh,sigmoid squared-error", 3);
    if (ill)
        bed_plant(&bed.net, 1, BP_DERIVATIVE, bed_negated);
    ck_assert_int_eq(bp_core_subject_init(&core, &bed.net, 16), BP_OK);
    core.subject.name = name;
    core.subject.theta = NULL;
    if (!described) {
        core.subject.network = NULL;
        core.subject.arrays = NULL;
        core.subject.n_arrays = 0;
        core.subject.n_theta = bed.net.n_theta;
        core.subject.n_in = 3;
        core.subject.n_out = 2;
    }
    ck_assert_msg(bp_view_open(&view, &core.subject, &error) == BP_OK, "%s", error.text);
    ck_assert_msg(bp_checkup_run(&checkup, &view, &options, &error) == BP_OK, "%s", error.text);
}

static void leave(void)
{
    bp_checkup_release(&checkup);
    bp_view_close(&view);
    bp_core_subject_release(&core);
    bp_mlp_release(&bed.net);
}

static bool read_page(const char *file)
{
    FILE *in = fopen(file, "rb");
    page[0] = '\0';
    if (in == NULL)
        return false;
    page[fread(page, 1, sizeof page - 1, in)] = '\0';
    fclose(in);
    return true;
}

static void write_page(const char *out)
{
    struct bp_error error = {""};
    ck_assert_msg(bp_attached_page(out, &checkup, &view, path, &error) == BP_OK, "%s", error.text);
    ck_assert_msg(read_page(path), "%s is not there", path);
}

static void assert_holds(const char *words)
{
    ck_assert_msg(strstr(page, words) != NULL, "the page does not hold %s", words);
}

/* ---- names ---------------------------------------------------------------------------- */

START_TEST(a_name_becomes_a_folder_that_stays_where_it_is)
{
    static const char *const NAMES[][2] = {
        {"xor", "xor"},         {"mine.so", "mine.so"},
        {"", "subject"},        {".", "-"},
        {"..", "-."},           {"../../etc/passwd", "-.-..-etc-passwd"},
        {"a b\tc\n", "a-b-c-"}, {"\xc3\xa9t\xc3\xa9", "--t--"},
    };
    char folder[64], longest[200];
    for (size_t k = 0; k < sizeof NAMES / sizeof NAMES[0]; k++) {
        bp_attached_folder(NAMES[k][0], folder);
        ck_assert_str_eq(folder, NAMES[k][1]);
    }
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    bp_attached_folder(longest, folder);
    ck_assert_uint_eq(strlen(folder), 63);
}
END_TEST

/* ---- what is on it --------------------------------------------------------------------- */

START_TEST(a_wrong_program_has_its_causes_derivatives_and_worksheet_on_a_page)
{
    check_program("mine", true, true, false);
    write_page(scratch_path("out"));
    ck_assert_ptr_nonnull(strstr(path, "/out/mine/report.html"));
    assert_holds("<h1>mine: 3-4-2");
    assert_holds(checkup.findings.item[0].name);
    assert_holds(checkup.findings.item[0].help);
    assert_holds("../explain/");
    assert_holds("W1[0,0]");
    assert_holds("neuron 1:0  z = ");
    assert_holds("as the description has it, with the right deltas");
    assert_holds("7 samples, drawn");
    ck_assert_ptr_null(strstr(page, "too little could be told at the start"));
    ck_assert(read_page(scratch_path("out/index.html")));
    assert_holds("mine/report.html");
    leave();
}
END_TEST

START_TEST(a_right_program_has_a_page_that_says_so)
{
    check_program("mine", false, true, false);
    write_page(scratch_path("out"));
    assert_holds("nothing found");
    ck_assert_ptr_null(strstr(page, "../explain/"));
    leave();
}
END_TEST

START_TEST(figures_are_on_it_where_gnuplot_is)
{
    if (system("command -v gnuplot >/dev/null 2>&1") != 0)
        return;
    check_program("mine", true, true, false);
    write_page(scratch_path("out"));
    assert_holds("<svg");
    assert_holds("backprop against numeric");
    assert_holds("Taylor series");
    ck_assert_ptr_null(strstr(page, "the weights into layer 1"));
    leave();
}
END_TEST

START_TEST(a_program_that_is_not_described_has_its_derivatives_by_number)
{
    check_program("mine", true, false, false);
    write_page(scratch_path("out"));
    assert_holds("<h1>mine: a program that is not described");
    assert_holds("theta[0]");
    assert_holds("figures need a description of the network");
    leave();
}
END_TEST

START_TEST(a_search_by_few_calls_is_on_the_page_as_its_report)
{
    check_program("mine", true, true, true);
    ck_assert(checkup.located && !checkup.checked);
    write_page(scratch_path("out"));
    assert_holds("evaluations of the twin");
    leave();
}
END_TEST

START_TEST(a_hostile_name_stays_text_and_in_its_folder)
{
    check_program(HOSTILE, true, true, false);
    write_page(scratch_path("out"));
    assert_holds("&lt;script&gt;alert(1)");
    ck_assert_ptr_null(strstr(page, "<script>alert"));
    ck_assert(read_page(scratch_path("out/index.html")));
    ck_assert_ptr_null(strstr(page, "<script>alert"));
    struct stat about;
    ck_assert_int_eq(
        stat(scratch_path("out/-.-..--script-alert-1---script-----/report.html"), &about), 0);
    leave();
}
END_TEST

/* ---- what can go wrong ------------------------------------------------------------------ */

START_TEST(a_folder_that_cannot_be_made_is_one_line)
{
    struct bp_error error = {""};
    check_program("mine", true, false, false);
    const char *file = scratch_text("taken", "a file\n");
    ck_assert_int_eq(bp_attached_page(file, &checkup, &view, path, &error), BP_EFILE);
    ck_assert_ptr_nonnull(strstr(error.text, "taken"));
    ck_assert_ptr_null(strchr(error.text, '\n'));
    leave();
}
END_TEST

static enum bp_status write_again(void *self, struct bp_error *error)
{
    return bp_attached_page(self, &checkup, &view, path, error);
}

START_TEST(every_failed_allocation_of_a_page_is_reported)
{
    char out[256];
    check_program("mine", true, false, false);
    snprintf(out, sizeof out, "%s", scratch_path("out"));
    ck_assert_uint_gt(scratch_fail_every(write_again, out), 0);
    leave();
}
END_TEST

/* ---- the program ------------------------------------------------------------------------- */

static const char *printed(const char *words, int *status)
{
    static char text[1 << 16];
    char command[2048];
    snprintf(command, sizeof command, "PYTHONPATH=examples '%s' %s 2>&1", getenv("BACKPROBE"),
             words);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    text[fread(text, 1, sizeof text - 1, pipe)] = '\0';
    *status = pclose(pipe) >> 8;
    return text;
}

START_TEST(a_program_over_a_pipe_has_its_page_by_one_option)
{
    char words[1024];
    int status;
    if (system("command -v python3 >/dev/null 2>&1") != 0)
        return;
    snprintf(words, sizeof words,
             "check --subject 'python3 tests/subjects/tanh_lists.py' --page '%s'",
             scratch_path("out"));
    const char *text = printed(words, &status);
    ck_assert_msg(status == 1, "%s", text);
    const char *line = strstr(text, "\npage        ");
    ck_assert_ptr_nonnull(line);
    snprintf(path, sizeof path, "%.*s", (int)strcspn(line + 13, "\n"), line + 13);
    ck_assert_msg(read_page(path), "%s is not there", path);
    assert_holds("backprop beside numeric");
    snprintf(words, sizeof words, "check --format json --page '%s'", scratch_path("out"));
    ck_assert_ptr_null(strstr(printed(words, &status), "\npage "));
    ck_assert_int_eq(status, 0);
    ck_assert(read_page(scratch_path("out/built-in-network/report.html")));
    ck_assert(read_page(scratch_path("out/index.html"))); /* both are in it */
    assert_holds("built-in-network/report.html");
}
END_TEST

START_TEST(a_page_and_a_shard_do_not_go_together)
{
    int status;
    const char *text = printed("check --shard 1/2 --out part.json --page out", &status);
    ck_assert_ptr_nonnull(strstr(text, "backprobe check: --page does not go with --shard; "));
    ck_assert_int_eq(status, 2);
}
END_TEST

Suite *attached_page_suite(void);

Suite *attached_page_suite(void)
{
    Suite *suite = suite_create("attached_page");
    TCase *tcase = tcase_create("pages");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, scratch_open, scratch_close);
    tcase_add_test(tcase, a_name_becomes_a_folder_that_stays_where_it_is);
    tcase_add_test(tcase, a_wrong_program_has_its_causes_derivatives_and_worksheet_on_a_page);
    tcase_add_test(tcase, a_right_program_has_a_page_that_says_so);
    tcase_add_test(tcase, figures_are_on_it_where_gnuplot_is);
    tcase_add_test(tcase, a_program_that_is_not_described_has_its_derivatives_by_number);
    tcase_add_test(tcase, a_search_by_few_calls_is_on_the_page_as_its_report);
    tcase_add_test(tcase, a_hostile_name_stays_text_and_in_its_folder);
    tcase_add_test(tcase, a_folder_that_cannot_be_made_is_one_line);
    tcase_add_test(tcase, every_failed_allocation_of_a_page_is_reported);
    tcase_add_test(tcase, a_program_over_a_pipe_has_its_page_by_one_option);
    tcase_add_test(tcase, a_page_and_a_shard_do_not_go_together);
    suite_add_tcase(suite, tcase);
    return suite;
}
