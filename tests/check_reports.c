/* check_reports.c -- the whole reports of small scenarios, word for word. A change that is
 * meant is taken over with UPDATE_EXPECTED=1 make test SUITE=reports, and then read. */
#include "tests/scratch.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MOST = 1 << 18 };

/* Healthy; nothing moves; copies; a case as published; a fault planted. */
static const struct {
    const char *file, *words;
} REPORT[] = {{"scenario-and", "run --out $OUT scenarios/and.conf"},
              {"scenario-xor-zero", "run --out $OUT scenarios/xor-zero.conf"},
              {"scenario-xor-constant", "run --out $OUT scenarios/xor-constant.conf"},
              {"scenario-case-b", "run --out $OUT scenarios/case-b.conf"},
              {"check-planted", "check --plant missing-activation-derivative:1"}};
enum { N_REPORTS = sizeof REPORT / sizeof REPORT[0] };

static void read_all(char text[TEXT_MOST], FILE *from, const char *what)
{
    ck_assert_msg(from != NULL, "%s: cannot be read", what);
    text[fread(text, 1, TEXT_MOST - 1, from)] = '\0';
}

/* The first line in which they differ is in the message: reports are long. */
static void assert_same(const char *report, const char *expected, const char *path)
{
    size_t line = 1, at = 0;
    for (size_t k = 0; report[k] != '\0' && report[k] == expected[k]; k++)
        if (report[k] == '\n') {
            line++;
            at = k + 1;
        }
    ck_assert_msg(strcmp(report, expected) == 0, "%s:%zu: expected '%.*s', is '%.*s'", path, line,
                  (int)strcspn(expected + at, "\n"), expected + at, (int)strcspn(report + at, "\n"),
                  report + at);
}

START_TEST(whole_reports_are_as_expected)
{
    static char report[TEXT_MOST], expected[TEXT_MOST];
    char path[128], command[512];
    snprintf(path, sizeof path, "tests/expected/%s.txt", REPORT[_i].file);
    snprintf(command, sizeof command, "OUT=%s; \"$BACKPROBE\" %s", scratch_path("out"),
             REPORT[_i].words);
    FILE *from = popen(command, "r");
    read_all(report, from, command);
    const int status = pclose(from);
    ck_assert_msg(status == 0 || status == 1 << 8, "%s: status %d", command, status);
    if (getenv("UPDATE_EXPECTED") != NULL) {
        FILE *file = fopen(path, "w");
        ck_assert_ptr_nonnull(file);
        fputs(report, file);
        fclose(file);
    }
    FILE *file = fopen(path, "r");
    read_all(expected, file, path);
    fclose(file);
    ck_assert_uint_gt(strlen(report), 100);
    assert_same(report, expected, path);
}
END_TEST

Suite *reports_suite(void);
Suite *reports_suite(void)
{
    Suite *suite = suite_create("reports");
    TCase *tcase = tcase_create("reports");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, scratch_open, scratch_close);
    suite_add_tcase(suite, tcase);
    if (getenv("BACKPROBE") == NULL) {
        fputs("check_reports: skipped: BACKPROBE does not name the program\n", stderr);
        return suite;
    }
    tcase_add_loop_test(tcase, whole_reports_are_as_expected, 0, N_REPORTS);
    return suite;
}
