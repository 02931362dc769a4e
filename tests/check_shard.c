/* check_shard.c -- a check in parts is the check in one, byte for byte. */
#include "diag/shard.h"

#include "shell.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- which share --------------------------------------------------------------------- */

START_TEST(shares_cover_every_parameter_once)
{
    static const size_t TOTAL[] = {1, 5, 57, 23860};
    for (size_t i = 0; i < 4; i++)
        for (size_t n = 1; n <= 9; n++) {
            size_t next = 0;
            for (size_t k = 1; k <= n; k++) {
                size_t first, count;
                bp_shard_range(k, n, TOTAL[i], &first, &count);
                ck_assert_uint_eq(first, next);
                next += count;
            }
            ck_assert_uint_eq(next, TOTAL[i]);
        }
}
END_TEST

START_TEST(a_share_is_read_or_refused)
{
    static const char *const BAD[] = {"0/3", "4/3",     "3",    "/3",  "3/",
                                      "a/b", "1/99999", "-1/3", "auto"};
    struct bp_error error;
    size_t k, n;
    unsetenv("SLURM_ARRAY_TASK_ID");
    unsetenv("OMPI_COMM_WORLD_RANK");
    ck_assert_int_eq(bp_shard_parse("2/7", &k, &n, &error), BP_OK);
    ck_assert_uint_eq(k, 2);
    ck_assert_uint_eq(n, 7);
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        ck_assert_int_eq(bp_shard_parse(BAD[i], &k, &n, &error), BP_EINPUT);
        ck_assert_ptr_nonnull(strstr(error.text, "expected K/N"));
    }
}
END_TEST

START_TEST(a_share_comes_from_slurm_and_from_open_mpi)
{
    size_t k, n;
    setenv("SLURM_ARRAY_TASK_ID", "10", 1);
    setenv("SLURM_ARRAY_TASK_MIN", "8", 1);
    setenv("SLURM_ARRAY_TASK_COUNT", "5", 1);
    ck_assert_int_eq(bp_shard_parse("auto", &k, &n, NULL), BP_OK);
    ck_assert_uint_eq(k, 3);
    ck_assert_uint_eq(n, 5);
    setenv("OMPI_COMM_WORLD_RANK", "0", 1);
    setenv("OMPI_COMM_WORLD_SIZE", "4", 1);
    ck_assert_int_eq(bp_shard_parse("auto", &k, &n, NULL), BP_OK);
    ck_assert_uint_eq(k, 1);
    ck_assert_uint_eq(n, 4);
}
END_TEST

/* ---- the program ----------------------------------------------------------------------- */

#define CHECK "$B check --network '4-5-3-2 tanh,sigmoid mse' --plant sign-flipped"
#define PART(k) CHECK " --shard " #k "/3 --out p" #k ".json"

START_TEST(parts_make_the_report_of_one_run)
{
    ck_assert_int_eq(shell(CHECK " --own-loss > whole.txt"), 1);
    ck_assert_int_eq(shell(PART(1)), 1);
    ck_assert_int_eq(shell(PART(2)), 0);
    ck_assert_int_eq(shell(PART(3)), 0);
    ck_assert_int_eq(shell("$B merge p3.json p1.json p2.json > merged.txt"), 1);
    ck_assert_int_eq(shell("cmp whole.txt merged.txt"), 0);
}
END_TEST

START_TEST(a_killed_shard_is_run_again_alone)
{
    ck_assert_int_eq(shell(CHECK " --own-loss > whole.txt"), 1);
    ck_assert_int_eq(shell(PART(1) "; " PART(2) "; " PART(3)), 0);
    ck_assert_int_eq(shell("rm p2.json; $B merge p*.json 2> line"), 2);
    ck_assert_int_eq(shell("grep -q 'shard 2 of 3 is missing' line"), 0);
    ck_assert_int_eq(shell(PART(2) "; $B merge p*.json > merged.txt"), 1);
    ck_assert_int_eq(shell("cmp whole.txt merged.txt"), 0);
}
END_TEST

START_TEST(what_does_not_belong_is_refused_by_name)
{
    static const struct {
        const char *line, *complaint;
    } BAD[] = {
        {"$B merge p1.json p2.json p3.json p2.json", "p2.json: shard 2 of 3, which p2.json is too"},
        {"$B check --network '4-5-3-2 tanh,sigmoid mse' --seed 7 --shard 2/3 --out other.json; "
         "$B merge p1.json other.json p3.json",
         "other.json: a part of another check than p1.json: 'point' differs"},
        {"$B check --network '4-4-3-2 tanh,sigmoid mse' --shard 2/3 --out other.json; "
         "$B merge p1.json other.json p3.json",
         "other.json: a part of another check than p1.json"},
        {"echo '{}' > other.json; $B merge other.json", "other.json: expected a part"},
        {"sed 's/\"work\": \"check\"/\"work\": \"soup\"/' p1.json > other.json; "
         "$B merge other.json",
         "other.json: a part of a soup, expected one of a check"},
        {"sed 's/\"backprobe-part\": 1/\"backprobe-part\": 9/' p1.json > other.json; "
         "$B merge other.json",
         "other.json: a part in format 9, expected 1"},
        {"mkdir folder; $B merge folder", "folder: not a file that can be read"},
        {"head -c 500 p1.json > other.json; $B merge other.json", "other.json:"},
        {"sed 's/\"shard\": 2/\"shard\": 9/' p2.json > other.json; $B merge p1.json other.json",
         "other.json: a part, but its shard is none"},
        {"sed 's/\"count\": [0-9]*/\"count\": 1/' p2.json > other.json; $B merge p1.json "
         "other.json",
         "other.json: a part, but its numbers"},
        {"$B merge nowhere.json", "nowhere.json"},
        {"$B merge", "expected the parts"},
    };
    ck_assert_int_eq(shell(PART(1) "; " PART(2) "; " PART(3)), 0);
    for (size_t k = 0; k < sizeof BAD / sizeof *BAD; k++) {
        char line[600];
        snprintf(line, sizeof line, "(%s) > out 2> line", BAD[k].line);
        ck_assert_msg(shell(line) == 2, "%s", BAD[k].line);
        snprintf(line, sizeof line, "grep -qF \"%s\" line", BAD[k].complaint);
        ck_assert_msg(shell(line) == 0, "%s: no '%s'", BAD[k].line, BAD[k].complaint);
    }
}
END_TEST

/* ---- with what others start shards with --------------------------------------------------- */

START_TEST(under_gnu_parallel)
{
    if (shell("parallel --version 2>/dev/null | grep -q GNU") != 0) {
        puts("shard: GNU parallel is not installed, left out");
        return;
    }
    ck_assert_int_eq(shell(CHECK " --own-loss > whole.txt"), 1);
    shell("parallel -j 2 \"" CHECK " --shard {}/4 --out p{}.json\" ::: 1 2 3 4 2>/dev/null");
    ck_assert_int_eq(shell("$B merge p*.json > merged.txt"), 1);
    ck_assert_int_eq(shell("cmp whole.txt merged.txt"), 0);
}
END_TEST

START_TEST(under_mpirun)
{
    if (shell("mpirun --version 2>/dev/null | grep -q 'Open MPI'") != 0) {
        puts("shard: Open MPI is not installed, left out");
        return;
    }
    ck_assert_int_eq(shell(CHECK " --own-loss > whole.txt"), 1);
    shell("mpirun --allow-run-as-root --oversubscribe -n 3 sh -c '$B check --network "
          "\"4-5-3-2 tanh,sigmoid mse\" --plant sign-flipped --shard auto --out "
          "p$OMPI_COMM_WORLD_RANK.json || true' 2>/dev/null");
    ck_assert_int_eq(shell("$B merge p*.json > merged.txt"), 1);
    ck_assert_int_eq(shell("cmp whole.txt merged.txt"), 0);
}
END_TEST

Suite *shard_suite(void);
Suite *shard_suite(void)
{
    Suite *suite = suite_create("shard");
    TCase *tcase = tcase_create("share");
    tcase_add_test(tcase, shares_cover_every_parameter_once);
    tcase_add_test(tcase, a_share_is_read_or_refused);
    tcase_add_test(tcase, a_share_comes_from_slurm_and_from_open_mpi);
    suite_add_tcase(suite, tcase);
    tcase = tcase_create("program");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, shell_open, shell_close);
    tcase_add_test(tcase, parts_make_the_report_of_one_run);
    tcase_add_test(tcase, a_killed_shard_is_run_again_alone);
    tcase_add_test(tcase, what_does_not_belong_is_refused_by_name);
    tcase_add_test(tcase, under_gnu_parallel);
    tcase_add_test(tcase, under_mpirun);
    suite_add_tcase(suite, tcase);
    return suite;
}
