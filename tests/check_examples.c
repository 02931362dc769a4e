/* check_examples.c -- every example, right and wrong, as a reader would run it; and the
 * public header on its own, in C and in C++. */
#include "tests/small.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static int exit_status(const char *command)
{
    const int result = system(command);
    return WIFEXITED(result) ? WEXITSTATUS(result) : -1;
}

START_TEST(wrong_examples_are_named_and_right_ones_are_silent)
{
    char command[4200];
    const char *backprobe = getenv("BACKPROBE");
    if (small_only() || backprobe == NULL) {
        puts("check_examples: skipped: needs the program, without sanitizers");
        return;
    }
    snprintf(command, sizeof command, "sh examples/run.sh '%s' '%s' > '%s/examples.txt' 2>&1",
             backprobe, BUILD_FOLDER, BUILD_FOLDER);
    if (exit_status(command) == 0)
        return;
    snprintf(command, sizeof command, "grep FAILED '%s/examples.txt'", BUILD_FOLDER);
    exit_status(command);
    ck_abort_msg("an example failed: see %s/examples.txt", BUILD_FOLDER);
}
END_TEST

START_TEST(the_public_header_stands_alone)
{
    static const char *const compilers[] = {"cc -std=c99 -x c", "cc -std=c11 -x c",
                                            "c++ -std=c++98 -x c++", "c++ -std=c++17 -x c++"};
    for (size_t k = 0; k < sizeof compilers / sizeof *compilers; k++) {
        char command[512];
        snprintf(command, sizeof command, "command -v %.3s > /dev/null", compilers[k]);
        if (exit_status(command) != 0) {
            printf("check_examples: skipped: no %.3s\n", compilers[k]);
            continue;
        }
        snprintf(command, sizeof command,
                 "%s -Wall -Wextra -pedantic -Werror -fsyntax-only backprobe.h 2>&1 | grep -v "
                 "'pragma once' | grep -q error",
                 compilers[k]);
        ck_assert_msg(exit_status(command) != 0, "%s", compilers[k]);
    }
}
END_TEST

Suite *examples_suite(void);
Suite *examples_suite(void)
{
    Suite *suite = suite_create("examples");
    TCase *tcase = tcase_create("examples");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, wrong_examples_are_named_and_right_ones_are_silent);
    tcase_add_test(tcase, the_public_header_stands_alone);
    suite_add_tcase(suite, tcase);
    return suite;
}
