/* check_confusion.c -- the table of `make confusion` in parts is the table in one, byte for
 * byte; what does not belong to it is refused by name. */
#include "shell.h"
#include "small.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define SIZES "--each 1 --several 3 --healthy 13 --held-out 2 --healthy-runs 3"
#define TABLE "OMP_NUM_THREADS=1 $C " SIZES " singles healthy"
#define PART(k) TABLE " --shard " #k "/3 --out p" #k ".json; "
#define PARTS "(" PART(1) PART(2) PART(3) ") 2>/dev/null"

START_TEST(parts_make_the_table_of_one_run)
{
    ck_assert_int_eq(shell(TABLE " --verbose --table whole.tsv > whole.txt 2>/dev/null"), 0);
    ck_assert_int_eq(shell(PARTS), 0);
    ck_assert_int_eq(shell("$C merge --verbose --table merged.tsv p3.json p1.json p2.json "
                           "> merged.txt 2>/dev/null"),
                     0);
    ck_assert_int_eq(shell("cmp whole.txt merged.txt && cmp whole.tsv merged.tsv"), 0);
    ck_assert_int_eq(shell("grep -q sign-flipped whole.txt && grep -q single_first whole.tsv"), 0);
}
END_TEST

START_TEST(progress_is_for_terminals_only)
{
    ck_assert_int_eq(shell(TABLE " > plain.txt 2> err.txt"), 0);
    ck_assert_int_eq(shell("grep -q diagnosis err.txt"), 0); /* times are there */
    ck_assert_int_ne(shell("tr '\\r' '#' < err.txt | grep -q '#'"), 0);
}
END_TEST

/* More shards than a measure has items, and two threads. */
START_TEST(every_measure_is_shared_out)
{
    static const char *const MEASURE[] = {"single-precision", "pairs", "triples", "held-out",
                                          "healthy-runs"};
    for (size_t k = 0; k < (small_only() ? 1 : sizeof MEASURE / sizeof *MEASURE); k++) {
        char line[700];
        snprintf(line, sizeof line,
                 "M='%s'; (OMP_NUM_THREADS=2 $C " SIZES " $M > whole.txt; for k in 1 2 3 4; do "
                 "$C " SIZES " $M --shard $k/4 --out p$k.json || exit 9; done; "
                 "$C merge p*.json > merged.txt) 2>/dev/null; cmp whole.txt merged.txt",
                 MEASURE[k]);
        ck_assert_msg(shell(line) == 0, "%s", MEASURE[k]);
    }
}
END_TEST

START_TEST(a_killed_shard_leaves_nothing_and_is_run_again_alone)
{
    ck_assert_int_eq(shell(TABLE " > whole.txt 2>/dev/null"), 0);
    ck_assert_int_eq(shell(PARTS), 0);
    ck_assert_int_eq(shell("rm p2.json; timeout -s KILL 0.2 $C --each 100000 singles "
                           "--shard 2/3 --out p2.json 2>/dev/null; ls p2.json* 2>/dev/null"),
                     2);
    ck_assert_int_eq(shell("$C merge p*.json 2> line"), 2);
    ck_assert_int_eq(shell("grep -q 'shard 2 of 3 is missing' line"), 0);
    ck_assert_int_eq(shell("(" PART(2) "$C merge p*.json > merged.txt) 2>/dev/null"), 0);
    ck_assert_int_eq(shell("cmp whole.txt merged.txt"), 0);
}
END_TEST

#define OTHER "> other.json; $C merge p1.json other.json p3.json"

START_TEST(what_does_not_belong_to_the_table_is_refused_by_name)
{
    static const struct {
        const char *line, *complaint;
    } BAD[] = {
        {"$C merge p1.json p2.json p3.json p2.json", "p2.json: shard 2 of 3, which p2.json is too"},
        {"$C merge p1.json p3.json", "shard 2 of 3 is missing"},
        {"sed 's/\"seed\": 1/\"seed\": 7/' p2.json " OTHER,
         "other.json: a part of another confusion than p1.json: 'seed' differs"},
        {"$C " SIZES " --each 2 singles healthy --shard 2/3 --out other.json 2>/dev/null; "
         "$C merge p1.json other.json p3.json",
         "other.json: a part of another confusion than p1.json: 'each' differs"},
        {"$C " SIZES " healthy --shard 2/3 --out other.json; $C merge p1.json other.json p3.json",
         "other.json: a part of another confusion than p1.json: 'measures' differs"},
        {"sed 's/\"version\": \"/\"version\": \"9/' p2.json " OTHER, "'version' differs"},
        {"sed 's/\"version\": \"/\"version\": \"9/' p2.json > other.json; $C merge other.json",
         "other.json: a part of version 9"},
        {"sed 's/\"catalogue\": \"./\"catalogue\": \"_/' p2.json > other.json; $C merge other.json",
         "other.json: a part, but its catalogue of faults is not this one"},
        {"sed 's/\"of\": 3/\"of\": 4/' p2.json " OTHER, "'of' differs"},
        {"sed 's/\"shard\": 2/\"shard\": 3/' p2.json > other.json; $C merge p1.json other.json",
         "other.json: a part, but its trials"},
        {"sed 's/\"healthy\": \\[/\"healthy\": [[],/' p2.json " OTHER,
         "other.json: a part, but its trials"},
        {"sed 's/\"singles\": \\[/\"singles\": [[7],/' p2.json " OTHER,
         "other.json: a part, but its trials"},
        {"sed 's/\"each\": 1/\"each\": 99999999999/' p2.json > other.json; $C merge other.json",
         "other.json: a part, but its sizes"},
        {"head -c 900 p2.json " OTHER, "expected a whole part"},
        {"echo '[1' > other.json; $C merge other.json", "expected a whole part"},
        {"echo '{}' > other.json; $C merge other.json", "other.json: expected a part"},
        {"mkdir folder; $C merge folder", "folder: not a file that can be read"},
        {"$C merge nowhere.json", "nowhere.json"},
        {"$C merge", "expected the parts"},
        {"$B merge p1.json", "p1.json: a part of a confusion, expected one of a check"},
        {"$B check --network '2-2-1 sigmoid mse' --shard 1/2 --out other.json; "
         "$C merge other.json",
         "other.json: a part of a check, expected one of a confusion"},
    };
    ck_assert_int_eq(shell(PARTS), 0);
    for (size_t k = 0; k < sizeof BAD / sizeof *BAD; k++) {
        char line[700];
        snprintf(line, sizeof line, "(%s) > out 2> line", BAD[k].line);
        ck_assert_msg(shell(line) == 2, "%s", BAD[k].line);
        snprintf(line, sizeof line, "grep -qFe \"%s\" line && test $(wc -l < line) = 1",
                 BAD[k].complaint);
        ck_assert_msg(shell(line) == 0, "%s: no one line with '%s'", BAD[k].line, BAD[k].complaint);
    }
}
END_TEST

START_TEST(what_cannot_be_asked_for_is_one_line)
{
    static const struct {
        const char *words, *complaint;
    } BAD[] = {
        {"--each x", "--each 'x': expected 1 to"},
        {"--each 0", "--each '0': expected 1 to"},
        {"--nothing", "'--nothing'"},
        {"soup", "'soup': expected time, singles"},
        {"--shard 4/3 --out p.json", "--shard '4/3': expected K/N"},
        {"--shard 1/3", "--shard and --out go together"},
        {"--shard 1/3 --out p.json --table t.tsv", "a shard has no table"},
        {"--shard 1/3 --out p.json time", "time is not shared out"},
        {"healthy --healthy 1 --shard 1/1 --out nowhere/p.json", "nowhere/p.json"},
        {"healthy --healthy 1 --table nowhere/t.tsv", "nowhere/t.tsv"},
    };
    for (size_t k = 0; k < sizeof BAD / sizeof *BAD; k++) {
        char line[300];
        snprintf(line, sizeof line, "$C %s 2> line", BAD[k].words);
        ck_assert_msg(shell(line) == 2, "%s", BAD[k].words);
        snprintf(line, sizeof line, "grep -qFe \"%s\" line && test $(wc -l < line) = 1",
                 BAD[k].complaint);
        ck_assert_msg(shell(line) == 0, "%s: no one line with '%s'", BAD[k].words,
                      BAD[k].complaint);
    }
}
END_TEST

/* ---- with what others start shards with ------------------------------------------------ */

START_TEST(a_table_under_gnu_parallel)
{
    if (shell("parallel --version 2>/dev/null | grep -q GNU") != 0) {
        puts("confusion: GNU parallel is not installed, left out");
        return;
    }
    ck_assert_int_eq(shell(TABLE " > whole.txt 2>/dev/null"), 0);
    ck_assert_int_eq(shell("parallel -j 2 \"" TABLE " --shard {}/4 --out p{}.json\" "
                           "::: 1 2 3 4 2>/dev/null"),
                     0);
    ck_assert_int_eq(shell("$C merge p*.json > merged.txt 2>/dev/null; cmp whole.txt merged.txt"),
                     0);
}
END_TEST

START_TEST(a_table_under_mpirun)
{
    if (shell("mpirun --version 2>/dev/null | grep -q 'Open MPI'") != 0) {
        puts("confusion: Open MPI is not installed, left out");
        return;
    }
    ck_assert_int_eq(shell(TABLE " > whole.txt 2>/dev/null"), 0);
    ck_assert_int_eq(shell("mpirun --allow-run-as-root --oversubscribe -n 3 sh -c '" TABLE
                           " --shard auto --out p$OMPI_COMM_WORLD_RANK.json' 2>/dev/null"),
                     0);
    ck_assert_int_eq(shell("$C merge p*.json > merged.txt 2>/dev/null; cmp whole.txt merged.txt"),
                     0);
}
END_TEST

START_TEST(a_table_as_a_slurm_array)
{
    ck_assert_int_eq(shell(TABLE " > whole.txt 2>/dev/null"), 0);
    ck_assert_int_eq(
        shell("export SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_COUNT=3; for k in 1 2 3; do "
              "SLURM_ARRAY_TASK_ID=$k; export SLURM_ARRAY_TASK_ID; " TABLE
              " --shard auto --out p$k.json 2>/dev/null; done; $C merge p*.json > merged.txt "
              "2>/dev/null; cmp whole.txt merged.txt"),
        0);
}
END_TEST

Suite *confusion_suite(void);
Suite *confusion_suite(void)
{
    Suite *suite = suite_create("confusion");
    TCase *tcase = tcase_create("shards");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, shell_open, shell_close);
    tcase_add_test(tcase, parts_make_the_table_of_one_run);
    tcase_add_test(tcase, progress_is_for_terminals_only);
    tcase_add_test(tcase, every_measure_is_shared_out);
    tcase_add_test(tcase, a_killed_shard_leaves_nothing_and_is_run_again_alone);
    tcase_add_test(tcase, what_does_not_belong_to_the_table_is_refused_by_name);
    tcase_add_test(tcase, what_cannot_be_asked_for_is_one_line);
    tcase_add_test(tcase, a_table_under_gnu_parallel);
    tcase_add_test(tcase, a_table_under_mpirun);
    tcase_add_test(tcase, a_table_as_a_slurm_array);
    suite_add_tcase(suite, tcase);
    return suite;
}
