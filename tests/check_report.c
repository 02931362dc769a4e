/* check_report.c -- findings in words, TSV and JSON, and files that are whole or not there. */
#include "diag/report.h"

#include <check.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a writer wrote; freed by the next call. */
static char *text;
static size_t text_size;
static FILE *listen_to(void)
{
    free(text);
    text = NULL;
    return open_memstream(&text, &text_size);
}

static struct bp_findings two_and_a_note(void)
{
    struct bp_findings list = {0};
    struct bp_finding *f = bp_findings_add(&list, BP_LOOK_HEALTH, "slow");
    f->note = true;
    bp_finding_title(f, "it takes its time");
    f = bp_findings_add(&list, BP_LOOK_GRADIENT, "missing-activation-derivative");
    f->certainty = BP_CERTAIN;
    f->layer = 1;
    bp_finding_title(f, "the hidden delta is not multiplied by the slope of its activation, which "
                        "leaves it too large");
    bp_finding_because(f, "layer 1 is wrong while layer 2, which feeds it, is right");
    bp_finding_because(f, "with a * (1 - a) put back, all 9 agree");
    bp_finding_help(f, "multiply the hidden delta by a * (1 - a)");
    f = bp_findings_add(&list, BP_LOOK_HEALTH, "exploding-deltas");
    f->certainty = BP_LIKELY;
    f->layer = 1;
    f->neuron = 2;
    f->step = 12;
    f->number = 3.5;
    f->threshold = 1.0;
    f->follows = 1;
    bp_finding_title(f, "mean |delta| is 3.5");
    return list;
}

START_TEST(findings_name_show_explain_and_help)
{
    struct bp_findings list = two_and_a_note();
    FILE *out = listen_to();
    bp_report_text(out, &list, false);
    bp_report_summary(out, "xor", &list, false);
    fclose(out);
    ck_assert_str_eq(
        text, "cause: missing-activation-derivative in layer 1 (certain)\n"
              "  shows: the hidden delta is not multiplied by the slope of its activation,\n"
              "         which leaves it too large\n"
              "  because: layer 1 is wrong while layer 2, which feeds it, is right\n"
              "  because: with a * (1 - a) put back, all 9 agree\n"
              "  help: multiply the hidden delta by a * (1 - a)\n"
              "  follows: exploding-deltas in layer 1, neuron 2 (likely) since step 12\n"
              "    mean |delta| is 3.5\n"
              "note: slow\n"
              "  shows: it takes its time\n"
              "summary: xor: missing-activation-derivative in layer 1 (certain); 1 follows from "
              "it\n");
    bp_findings_release(&list);
}
END_TEST

START_TEST(nothing_found_is_healthy)
{
    const struct bp_findings none = {0};
    FILE *out = listen_to();
    bp_report_text(out, &none, false);
    bp_report_summary(out, "and", &none, false);
    fclose(out);
    ck_assert_str_eq(text, "summary: and: healthy\n");
}
END_TEST

START_TEST(colour_comes_only_when_asked_for)
{
    struct bp_findings list = two_and_a_note();
    for (int colour = 0; colour < 2; colour++) {
        FILE *out = listen_to();
        bp_report_text(out, &list, colour == 1);
        bp_report_summary(out, "xor", &list, colour == 1);
        fclose(out);
        ck_assert_int_eq(strchr(text, '\033') != NULL, colour);
    }
    bp_findings_release(&list);
}
END_TEST

START_TEST(control_characters_from_outside_do_no_harm)
{
    struct bp_findings list = {0};
    struct bp_finding *f = bp_findings_add(&list, BP_LOOK_DATA, "odd\033[2J");
    bp_finding_title(f, "a\nb\tc\033]0;x\007");
    FILE *out = listen_to();
    bp_report_text(out, &list, false);
    bp_report_summary(out, "two\nlines", &list, false);
    fclose(out);
    ck_assert_str_eq(text, "cause: odd?[2J (possible)\n"
                           "  shows: a?b?c?]0;x?\n"
                           "summary: two?lines: odd?[2J (possible)\n");
    out = listen_to();
    bp_report_tsv(out, &list);
    fclose(out);
    const char *row = strchr(text, '\n') + 1;
    ck_assert_ptr_eq(strchr(row, '\n'), row + strlen(row) - 1);
    ck_assert_ptr_null(strchr(row, '\033'));
    bp_findings_release(&list);
}
END_TEST

START_TEST(findings_that_follow_each_other_in_a_circle_are_each_said_once)
{
    struct bp_findings list = {0};
    bp_findings_add(&list, BP_LOOK_DATA, "first")->follows = 1;
    bp_findings_add(&list, BP_LOOK_DATA, "second")->follows = 0;
    bp_findings_add(&list, BP_LOOK_DATA, "third")->follows = 77;
    FILE *out = listen_to();
    bp_report_text(out, &list, false);
    fclose(out);
    ck_assert_str_eq(text, "cause: first (possible)\ncause: second (possible)\n"
                           "cause: third (possible)\n");
    bp_findings_release(&list);
}
END_TEST

START_TEST(a_consequence_listed_before_its_cause_stands_beneath_it)
{
    struct bp_findings list = {0};
    bp_findings_add(&list, BP_LOOK_DATA, "late")->follows = 1;
    bp_findings_add(&list, BP_LOOK_DATA, "early");
    FILE *out = listen_to();
    bp_report_text(out, &list, false);
    fclose(out);
    ck_assert_str_eq(text, "cause: early (possible)\n  follows: late (possible)\n");
    bp_findings_release(&list);
}
END_TEST

static size_t fields_of(const char *row)
{
    size_t n = 1;
    for (; *row != '\n' && *row != '\0'; row++)
        n += *row == '\t';
    return n;
}

START_TEST(every_row_of_tsv_has_as_many_fields_as_the_header)
{
    struct bp_findings list = two_and_a_note();
    FILE *out = listen_to();
    bp_report_tsv(out, &list);
    fclose(out);
    size_t rows = 0;
    for (const char *row = text; *row != '\0'; row = strchr(row, '\n') + 1, rows++)
        ck_assert_uint_eq(fields_of(row), fields_of(text));
    ck_assert_uint_eq(rows, 4);
    bp_findings_release(&list);
}
END_TEST

START_TEST(json_has_everything_and_no_nan)
{
    struct bp_findings list = two_and_a_note();
    snprintf(list.item[2].title, sizeof list.item[2].title, "latin \xe9 and 'quotes\"");
    json_t *all = bp_report_json(&list);
    ck_assert_uint_eq(json_array_size(all), 3);
    const json_t *last = json_array_get(all, 2);
    ck_assert_str_eq(json_string_value(json_object_get(last, "name")), "exploding-deltas");
    ck_assert_double_eq(json_real_value(json_object_get(last, "number")), 3.5);
    ck_assert_str_eq(json_string_value(json_object_get(json_array_get(all, 1), "number")), "nan");
    ck_assert_str_eq(json_string_value(json_object_get(last, "shows")), "latin ? and 'quotes\"");
    ck_assert_int_eq(json_integer_value(json_object_get(last, "follows")), 1);
    json_decref(all);
    json_t *infinite = bp_report_number(-INFINITY);
    ck_assert_str_eq(json_string_value(infinite), "-inf");
    json_decref(infinite);
    bp_findings_release(&list);
}
END_TEST

START_TEST(long_words_and_long_names_lose_nothing)
{
    char word[121];
    memset(word, 'x', 120);
    word[120] = '\0';
    FILE *out = listen_to();
    bp_report_wrap(out, 2, "shows: ", word);
    bp_report_wrap(out, 0, "", "");
    fclose(out);
    ck_assert_uint_eq(strspn(strchr(text, 'x'), "x"), 120);
}
END_TEST

/* ---- files ------------------------------------------------------------------ */

static char folder[64];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/bp-report-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/r", folder);
    unlink(path);
    rmdir(folder);
}

static void read_back(const char *path, char *into, size_t size)
{
    FILE *file = fopen(path, "r");
    ck_assert_ptr_nonnull(file);
    into[fread(into, 1, size - 1, file)] = '\0';
    fclose(file);
}

START_TEST(file_is_whole_or_not_there)
{
    struct bp_output output;
    char path[128], beside[136], seen[64];
    snprintf(path, sizeof path, "%s/r", folder);
    snprintf(beside, sizeof beside, "%s.tmp", path);
    ck_assert_int_eq(bp_output_open(&output, path, NULL), BP_OK);
    fputs("first", output.file);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_eq(bp_output_keep(&output, NULL), BP_OK);
    read_back(path, seen, sizeof seen);
    ck_assert_str_eq(seen, "first");
    ck_assert_int_eq(bp_output_open(&output, path, NULL), BP_OK);
    fputs("second", output.file);
    bp_output_drop(&output);
    bp_output_drop(&output);
    read_back(path, seen, sizeof seen);
    ck_assert_str_eq(seen, "first");
    ck_assert_int_ne(access(beside, F_OK), 0);
}
END_TEST

START_TEST(folder_that_is_not_there_is_one_line)
{
    struct bp_output output;
    struct bp_error error = {""};
    ck_assert_int_eq(bp_output_open(&output, "/nowhere/at/all", &error), BP_EFILE);
    ck_assert_str_eq(error.text, "/nowhere/at/all: cannot be written: No such file or directory");
    ck_assert_ptr_null(output.file);
    bp_output_drop(&output);
}
END_TEST

START_TEST(full_disk_is_said_and_the_old_file_stays)
{
    struct bp_output output;
    struct bp_error error = {""};
    char path[128], seen[64];
    snprintf(path, sizeof path, "%s/r", folder);
    ck_assert_int_eq(bp_output_open(&output, path, NULL), BP_OK);
    fputs("old", output.file);
    ck_assert_int_eq(bp_output_keep(&output, NULL), BP_OK);
    ck_assert_int_eq(bp_output_open(&output, path, NULL), BP_OK);
    FILE *full = freopen("/dev/full", "w", output.file);
    ck_assert_ptr_nonnull(full);
    output.file = full;
    fputs("new", output.file);
    ck_assert_int_eq(bp_output_keep(&output, &error), BP_EFILE);
    ck_assert_ptr_nonnull(strstr(error.text, "/r: cannot be written: No space left on device"));
    read_back(path, seen, sizeof seen);
    ck_assert_str_eq(seen, "old");
}
END_TEST

START_TEST(pipe_is_written_to_and_stays_a_pipe)
{
    struct bp_output output;
    struct stat there;
    char path[128], seen[8] = "";
    snprintf(path, sizeof path, "%s/p", folder);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    const int reader = open(path, O_RDONLY | O_NONBLOCK);
    ck_assert_int_eq(bp_output_open(&output, path, NULL), BP_OK);
    fputs("kept", output.file);
    ck_assert_int_eq(bp_output_keep(&output, NULL), BP_OK);
    ck_assert_int_eq(read(reader, seen, sizeof seen - 1), 4);
    ck_assert_str_eq(seen, "kept");
    ck_assert_int_eq(bp_output_open(&output, path, NULL), BP_OK);
    bp_output_drop(&output);
    ck_assert_int_eq(stat(path, &there), 0);
    ck_assert(S_ISFIFO(there.st_mode));
    close(reader);
    unlink(path);
}
END_TEST

START_TEST(folder_is_not_written_over)
{
    struct bp_output output;
    struct bp_error error = {""};
    char path[128];
    snprintf(path, sizeof path, "%s/f", folder);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(bp_output_open(&output, path, NULL), BP_OK);
    ck_assert_int_eq(bp_output_keep(&output, &error), BP_EFILE);
    ck_assert_ptr_nonnull(strstr(error.text, "/f: cannot be written: Is a directory"));
    ck_assert_int_eq(rmdir(path), 0);
}
END_TEST

Suite *report_suite(void);
Suite *report_suite(void)
{
    Suite *suite = suite_create("report");
    TCase *words = tcase_create("words");
    tcase_add_test(words, findings_name_show_explain_and_help);
    tcase_add_test(words, nothing_found_is_healthy);
    tcase_add_test(words, colour_comes_only_when_asked_for);
    tcase_add_test(words, control_characters_from_outside_do_no_harm);
    tcase_add_test(words, findings_that_follow_each_other_in_a_circle_are_each_said_once);
    tcase_add_test(words, a_consequence_listed_before_its_cause_stands_beneath_it);
    tcase_add_test(words, every_row_of_tsv_has_as_many_fields_as_the_header);
    tcase_add_test(words, json_has_everything_and_no_nan);
    tcase_add_test(words, long_words_and_long_names_lose_nothing);
    suite_add_tcase(suite, words);
    TCase *files = tcase_create("files");
    tcase_add_checked_fixture(files, make_folder, remove_folder);
    tcase_add_test(files, file_is_whole_or_not_there);
    tcase_add_test(files, folder_that_is_not_there_is_one_line);
    tcase_add_test(files, full_disk_is_said_and_the_old_file_stays);
    tcase_add_test(files, pipe_is_written_to_and_stays_a_pipe);
    tcase_add_test(files, folder_is_not_written_over);
    suite_add_tcase(suite, files);
    return suite;
}
