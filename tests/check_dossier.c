/* check_dossier.c -- a run's record becomes its page, its causes' pages and a line
 * of the index; the run itself is not touched.
 */
#include "core/mem.h"
#include "plots/dossier.h"
#include "scenarios/runner.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char out[64];
static struct bp_error error;
static struct bp_record record;

static void enter(void)
{
    char inside[128];
    struct bp_scenario scenario;
    const struct bp_runner_options options = {0};
    snprintf(out, sizeof out, "/tmp/backprobe-dossier-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(out));
    ck_assert_msg(bp_scenario_read(&scenario, "scenarios/xor-zero.conf", &error) == BP_OK, "%s",
                  error.text);
    ck_assert_msg(bp_runner_run(&record, &scenario, &options, &error) == BP_OK, "%s", error.text);
    bp_scenario_release(&scenario);
    snprintf(inside, sizeof inside, "%s/%s", out, record.name);
    ck_assert_int_eq(mkdir(inside, 0755), 0);
}

static void leave(void)
{
    char command[128];
    bp_record_release(&record);
    snprintf(command, sizeof command, "rm -r %s", out);
    ck_assert_int_eq(system(command), 0);
}

static bool holds(const char *name, const char *words)
{
    char path[256], *text = calloc(1 << 20, 1);
    snprintf(path, sizeof path, "%s/%s", out, name);
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s is not there", path);
    const size_t n = fread(text, 1, (1 << 20) - 1, file);
    fclose(file);
    const bool found = n > 0 && strstr(text, words) != NULL;
    free(text);
    return found;
}

START_TEST(a_run_is_on_its_page_and_in_the_index)
{
    struct bp_dossier dossier = {0};
    char words[200], page[200];
    ck_assert_int_eq(bp_dossier_add(&dossier, &record, NULL, "there is <no> gnuplot",
                                    "the report\n", out, &error),
                     BP_OK);
    ck_assert_int_eq(bp_dossier_fail(&dossier, "broken.conf", "broken.conf:3: no <such> key"),
                     BP_OK);
    ck_assert_int_eq(bp_dossier_close(&dossier, out, &error), BP_OK);
    bp_dossier_release(&dossier);
    ck_assert_uint_gt(bp_findings_count(&record.findings), 0);
    const char *cause = record.findings.item[0].name;
    ck_assert(holds("xor-zero/report.html", cause));
    ck_assert(holds("xor-zero/report.html", "there is &lt;no&gt; gnuplot"));
    ck_assert(holds("xor-zero/report.html", "at the start</h3>"));
    ck_assert(holds("index.html", "href=\"xor-zero/report.html\""));
    ck_assert(holds("index.html", "broken.conf:3: no &lt;such&gt; key"));
    ck_assert(holds("index.html", "1 of 2 ill, 0 healthy, 1 did not run"));
    snprintf(words, sizeof words, "href=\"explain/%s.html\"", cause);
    ck_assert(holds("index.html", words));
    snprintf(page, sizeof page, "explain/%s.html", cause);
    ck_assert(holds(page, cause));
}
END_TEST

START_TEST(the_index_keeps_earlier_runs_but_not_what_is_no_card)
{
    struct bp_dossier first = {0}, second = {0};
    ck_assert_int_eq(bp_dossier_add(&first, &record, NULL, NULL, NULL, out, &error), BP_OK);
    bp_dossier_release(&first);
    char command[400];
    snprintf(command, sizeof command,
             "cd %s && mkdir odd half && echo '<li class=\"card ill\"><script>x</script></li>' > "
             "odd/card.html && printf '<li class=\"card well\">' > half/card.html",
             out);
    ck_assert_int_eq(system(command), 0);
    ck_assert_int_eq(bp_dossier_fail(&second, "other.conf", "other.conf: no"), BP_OK);
    ck_assert_int_eq(bp_dossier_close(&second, out, &error), BP_OK);
    bp_dossier_release(&second);
    ck_assert(holds("index.html", "href=\"xor-zero/report.html\""));
    ck_assert(holds("index.html", "1 of 2 ill, 0 healthy, 1 did not run"));
    ck_assert(!holds("index.html", "<script>"));
}
END_TEST

START_TEST(every_finding_has_a_page_to_go_to)
{
    struct bp_dossier dossier = {0};
    char path[256];
    ck_assert_int_eq(bp_dossier_add(&dossier, &record, NULL, NULL, NULL, out, &error), BP_OK);
    for (size_t i = 0; i < record.findings.n; i++) {
        snprintf(path, sizeof path, "%s/explain/%s.html", out, record.findings.item[i].name);
        ck_assert_msg(access(path, R_OK) == 0, "%s is not there", path);
    }
    bp_dossier_release(&dossier);
}
END_TEST

START_TEST(a_page_leaves_the_network_as_it_was)
{
    struct bp_dossier dossier = {0};
    const size_t n = record.net.n_theta * sizeof(double);
    double *theta = malloc(n), *grad = malloc(n);
    memcpy(theta, record.net.theta, n);
    memcpy(grad, record.net.grad, n);
    ck_assert_int_eq(bp_dossier_add(&dossier, &record, NULL, NULL, NULL, out, &error), BP_OK);
    ck_assert_mem_eq(theta, record.net.theta, n);
    ck_assert_mem_eq(grad, record.net.grad, n);
    bp_dossier_release(&dossier);
    free(theta);
    free(grad);
}
END_TEST

START_TEST(every_failed_allocation_is_said_and_nothing_is_held)
{
    const size_t held = bp_mem_held();
    enum bp_status status = BP_ENOMEM;
    for (size_t n = 1; status != BP_OK; n++) {
        struct bp_dossier dossier = {0};
        bp_mem_fail_at(n);
        status = bp_dossier_add(&dossier, &record, NULL, NULL, "report", out, &error);
        if (status == BP_OK)
            status = bp_dossier_close(&dossier, out, &error);
        bp_mem_fail_at(0);
        ck_assert(status == BP_OK || status == BP_ENOMEM);
        bp_dossier_release(&dossier);
        ck_assert_uint_eq(bp_mem_held(), held);
        ck_assert_uint_lt(n, 400);
    }
}
END_TEST

/* A gnuplot that draws one figure at a time, and not the second that it is asked for. */
static void pretend(const char *script)
{
    char path[128];
    snprintf(path, sizeof path, "%s/gnuplot", out);
    FILE *file = fopen(path, "w");
    fprintf(file, "#!/bin/sh\n%s\n", script);
    fclose(file);
    ck_assert_int_eq(chmod(path, 0755), 0);
    setenv("BACKPROBE_GNUPLOT", path, 1);
}

static size_t drawn(const char *script)
{
    struct bp_gallery gallery;
    pretend(script);
    error.text[0] = '\0';
    ck_assert_int_eq(bp_gallery_draw(&gallery, &record, BP_GNUPLOT_SVG, &error), BP_OK);
    const size_t n = gallery.n;
    bp_gallery_release(&gallery);
    unsetenv("BACKPROBE_GNUPLOT");
    return n;
}

START_TEST(one_bad_figure_does_not_take_the_others_with_it)
{
    const size_t all = drawn("for i in $(seq $(grep -c '^set terminal')); do "
                             "echo '<svg viewBox=\"0 0 9 9\"><desc>d</desc></svg>'; done");
    ck_assert_uint_ge(all, 4);
    ck_assert_uint_eq(drawn("test $(grep -c '^set terminal') = 1 || exit 1; "
                            "echo '<svg viewBox=\"0 0 9 9\"><desc>d</desc></svg>'"),
                      all);
    ck_assert_uint_eq(drawn("cat > $0.$$; test $(grep -c '^set terminal' $0.$$) = 1 || exit 1; "
                            "grep -q 'accuracy (share)' $0.$$ && exit 1; "
                            "echo '<svg viewBox=\"0 0 9 9\"><desc>d</desc></svg>'"),
                      all - 1);
    ck_assert_ptr_nonnull(strstr(error.text, "gnuplot ended with status 1"));
    ck_assert_uint_eq(drawn("exit 1"), 0);
}
END_TEST

START_TEST(figures_fail_for_want_of_memory_and_nothing_is_held)
{
    const size_t held = bp_mem_held();
    enum bp_status status = BP_ENOMEM;
    pretend("for i in $(seq $(grep -c '^set terminal')); do "
            "echo '<svg viewBox=\"0 0 9 9\"><desc>d</desc></svg>'; done");
    for (size_t n = 1; status != BP_OK; n += 3) {
        struct bp_gallery gallery;
        bp_mem_fail_at(n);
        status = bp_gallery_draw(&gallery, &record, BP_GNUPLOT_SVG, &error);
        bp_mem_fail_at(0);
        ck_assert(status == BP_OK || status == BP_ENOMEM);
        bp_gallery_release(&gallery);
        ck_assert_uint_eq(bp_mem_held(), held);
        ck_assert_uint_lt(n, 400);
    }
    unsetenv("BACKPROBE_GNUPLOT");
}
END_TEST

Suite *dossier_suite(void);

Suite *dossier_suite(void)
{
    Suite *suite = suite_create("dossier");
    TCase *tcase = tcase_create("dossier");
    tcase_add_checked_fixture(tcase, enter, leave);
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, a_run_is_on_its_page_and_in_the_index);
    tcase_add_test(tcase, the_index_keeps_earlier_runs_but_not_what_is_no_card);
    tcase_add_test(tcase, every_finding_has_a_page_to_go_to);
    tcase_add_test(tcase, a_page_leaves_the_network_as_it_was);
    tcase_add_test(tcase, every_failed_allocation_is_said_and_nothing_is_held);
    tcase_add_test(tcase, one_bad_figure_does_not_take_the_others_with_it);
    tcase_add_test(tcase, figures_fail_for_want_of_memory_and_nothing_is_held);
    suite_add_tcase(suite, tcase);
    return suite;
}
