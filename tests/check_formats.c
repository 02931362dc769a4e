/* check_formats.c -- what other programs read of a search and of a climb: JSON that parses
 * and keeps every number, TSV with as many columns in every row, whatever the texts hold
 * (docs/formats.md).
 */
#include "core/mem.h"
#include "diag/ladder.h"
#include "diag/locate.h"
#include "diag/report.h"

#include <check.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char HOSTILE[] = "a\tb\nc\"\\</script>\x01\xff\xfe";

/* ---- reading it back ------------------------------------------------------------- */

static char *written(void (*write)(FILE *, const void *), const void *what)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    write(out, what);
    fclose(out);
    return text;
}

/* Every row has as many columns as the header, and nothing that moves a terminal. */
static void assert_rows(const char *text, size_t rows, size_t columns)
{
    size_t tabs = 0, lines = 0;
    for (const char *c = text; *c != '\0'; c++) {
        ck_assert_msg((unsigned char)*c >= 0x20 || *c == '\t' || *c == '\n', "byte %d", *c);
        tabs += *c == '\t';
        if (*c != '\n')
            continue;
        ck_assert_uint_eq(tabs + 1, columns);
        tabs = 0;
        lines++;
    }
    ck_assert_uint_eq(lines, rows + 1);
}

static json_t *read_back(json_t *object)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    json_error_t error;
    ck_assert_int_eq(bp_report_json_write(out, object), BP_OK);
    fclose(out);
    json_t *again = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    ck_assert_msg(again != NULL, "%s in %s", error.text, text);
    free(text);
    return again;
}

static const char *text_at(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    ck_assert_msg(text != NULL, "no text '%s'", key);
    return text;
}

static double number_at(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    ck_assert_msg(json_is_number(value), "no number '%s'", key);
    return json_number_value(value);
}

/* ---- a search --------------------------------------------------------------------- */

static struct bp_located_tensor tensors[] = {
    {.name = "W1",
     .layer = 1,
     .rows = 3,
     .cols = 4,
     .outcome = BP_OUTCOME_DISAGREES,
     .slope = 1.0 / 3.0,
     .residual = 0.1,
     .error = 1e-12,
     .tolerance = NAN,
     .not_finite_at = 12},
    {.name = "b1",
     .layer = 1,
     .first = 12,
     .rows = 3,
     .cols = 1,
     .outcome = BP_OUTCOME_NOT_FINITE,
     .slope = INFINITY,
     .not_finite_at = 2},
};

static struct bp_locate a_search(void)
{
    struct bp_locate locate = {.n_theta = 15,
                               .n_tensors = 2,
                               .tensor = tensors,
                               .outcome = BP_OUTCOME_NOT_FINITE,
                               .factor = 1.0,
                               .noise = 1e-17,
                               .seed = 7,
                               .n_wrong = 1,
                               .n_blocks = 2,
                               .detecting = 15,
                               .locating = 8,
                               .confirming = 12};
    locate.wrong[0] = (struct bp_wrong_entry){
        .k = 6, .name = "W1[1,2]", .backprop = -0.1, .numeric = 0.1, .error = 1e-13};
    locate.block[0] = (struct bp_wrong_block){
        .row = 2, .rows = 1, .cols = 4, .tried = 4, .wrong = 3, .ratio_low = NAN, .ratio_high = 2};
    locate.block[1] = (struct bp_wrong_block){.rows = 1, .cols = 2, .more = true};
    return locate;
}

static void write_search(FILE *out, const void *what)
{
    bp_locate_tsv(out, what);
}

START_TEST(a_search_has_a_row_for_each_tensor_entry_and_block)
{
    const struct bp_locate locate = a_search();
    char *text = written(write_search, &locate);
    assert_rows(text, 5, 13);
    ck_assert_ptr_nonnull(strstr(text, "\ntensor\tW1\tW1\t1\t0\t3\t0\t4\t0.33333333333333331\t"));
    ck_assert_ptr_nonnull(strstr(text, "\tnan\tdisagrees\n"));
    ck_assert_ptr_nonnull(strstr(
        text, "\nentry\tW1[1,2]\tW1\t1\t1\t1\t2\t1\t-0.10000000000000001\t0.10000000000000001\t"));
    ck_assert_ptr_nonnull(strstr(text, "\tW1\t1\t2\t1\t0\t4\t\t\t\t\tdisagrees\n"));
    ck_assert_ptr_nonnull(strstr(text, "\tW1\t1\t0\t1\t0\t2\t\t\t\t\tnot tested\n"));
    free(text);
}
END_TEST

START_TEST(a_search_is_an_object_with_every_number_in_full)
{
    const struct bp_locate locate = a_search();
    json_t *root = read_back(bp_locate_json(&locate));
    ck_assert_str_eq(text_at(root, "outcome"), "not finite");
    ck_assert_str_eq(text_at(root, "loss_of"), "subject");
    ck_assert_double_eq(number_at(json_object_get(root, "evaluations"), "all"), 35.0);
    const json_t *all = json_object_get(root, "tensors");
    ck_assert_uint_eq(json_array_size(all), 2);
    const json_t *first = json_array_get(all, 0), *second = json_array_get(all, 1);
    ck_assert_double_eq(number_at(first, "slope"), 1.0 / 3.0);
    ck_assert_str_eq(text_at(first, "allowed"), "nan");
    ck_assert(json_is_null(json_object_get(first, "not_finite_at")));
    ck_assert_str_eq(text_at(second, "slope"), "inf");
    ck_assert_double_eq(number_at(second, "not_finite_at"), 2.0);
    const json_t *wrong = json_array_get(json_object_get(root, "wrong"), 0);
    ck_assert_str_eq(text_at(wrong, "tensor"), "W1");
    ck_assert_double_eq(number_at(wrong, "row"), 1.0);
    ck_assert_double_eq(number_at(wrong, "col"), 2.0);
    ck_assert_double_eq(number_at(wrong, "backprop"), -0.1);
    const json_t *blocks = json_object_get(root, "blocks");
    ck_assert_uint_eq(json_array_size(blocks), 2);
    ck_assert_str_eq(text_at(json_array_get(blocks, 0), "ratio_low"), "nan");
    ck_assert(json_is_false(json_object_get(json_array_get(blocks, 1), "looked_into")));
    json_decref(root);
}
END_TEST

/* ---- a climb ------------------------------------------------------------------------ */

static void a_climb(struct bp_ladder *ladder)
{
    *ladder = (struct bp_ladder){.broke = 2, .rate = 0.1, .starts = 3, .seed = 9, .calls = 77};
    snprintf(ladder->name, sizeof ladder->name, "%s", HOSTILE);
    for (int k = 0; k < BP_RUNGS; k++) {
        ladder->rung[k].title = "start small";
        ladder->rung[k].proves = "it does";
    }
    struct bp_rung *rung = &ladder->rung[1];
    rung->outcome = BP_RUNG_BROKE;
    rung->n_looks = 2;
    for (size_t k = 0; k < 2; k++) {
        snprintf(rung->look[k].what, sizeof rung->look[k].what, "%s", HOSTILE);
        snprintf(rung->look[k].seen, sizeof rung->look[k].seen, "%s", HOSTILE);
        rung->look[k].outcome = k == 0 ? BP_RUNG_PASSED : BP_RUNG_BROKE;
    }
    snprintf(rung->means, sizeof rung->means, "%s", HOSTILE);
    ladder->worksheet = bp_mem_text(HOSTILE);
}

static void write_climb(FILE *out, const void *what)
{
    bp_ladder_tsv(out, what);
}

START_TEST(a_climb_has_a_row_for_each_look_whatever_the_texts_hold)
{
    struct bp_ladder ladder;
    a_climb(&ladder);
    char *text = written(write_climb, &ladder);
    assert_rows(text, 2 + BP_RUNGS - 1, 6);
    ck_assert_ptr_nonnull(strstr(text, "\n1\tstart small\tnot reached\t\t\t\n"));
    ck_assert_ptr_nonnull(strstr(text, "\n2\tstart small\tbroke\ta b c\""));
    free(text);
    bp_ladder_release(&ladder);
}
END_TEST

START_TEST(a_climb_is_an_object_that_parses_whatever_the_texts_hold)
{
    struct bp_ladder ladder;
    a_climb(&ladder);
    json_t *root = read_back(bp_ladder_json(&ladder));
    const char *shown = "a\tb\nc\"\\</script>\x01??";
    ck_assert_str_eq(text_at(root, "name"), shown);
    ck_assert_str_eq(text_at(root, "worksheet"), shown);
    ck_assert_double_eq(number_at(root, "stops_at"), 2.0);
    ck_assert_double_eq(number_at(root, "rate"), 0.1);
    ck_assert_double_eq(number_at(root, "calls"), 77.0);
    const json_t *rungs = json_object_get(root, "rungs");
    ck_assert_uint_eq(json_array_size(rungs), BP_RUNGS);
    const json_t *broke = json_array_get(rungs, 1);
    ck_assert_str_eq(text_at(broke, "outcome"), "broke");
    ck_assert_str_eq(text_at(broke, "means"), shown);
    const json_t *look = json_array_get(json_object_get(broke, "looks"), 0);
    ck_assert_str_eq(text_at(look, "seen"), shown);
    ck_assert_str_eq(text_at(look, "outcome"), "passed");
    ck_assert_uint_eq(json_array_size(json_object_get(root, "findings")), 0);
    json_decref(root);
    bp_ladder_release(&ladder);
}
END_TEST

/* ---- the program ---------------------------------------------------------------------- */

/* What it prints; static. */
static const char *printed(const char *words, int *status)
{
    static char text[1 << 18];
    char command[1024];
    snprintf(command, sizeof command, "'%s' %s 2>&1", getenv("BACKPROBE"), words);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    text[fread(text, 1, sizeof text - 1, pipe)] = '\0';
    *status = pclose(pipe) >> 8;
    return text;
}

/* Each key of value, and of what it holds, stands in backquotes in the text. The keys of
 * settings are the scenario's, those of verdicts are verdicts. */
static void assert_named(const json_t *value, const char *text)
{
    const char *key;
    json_t *inner;
    size_t at;
    char quoted[100];
    json_array_foreach(value, at, inner) assert_named(inner, text);
    json_object_foreach((json_t *)(uintptr_t)value, key, inner)
    {
        snprintf(quoted, sizeof quoted, "`%s`", key);
        ck_assert_msg(strstr(text, quoted) != NULL, "docs/formats.md does not name %s", quoted);
        if (strcmp(key, "settings") != 0 && strstr(key, "verdicts") == NULL)
            assert_named(inner, text);
    }
}

START_TEST(every_field_that_is_printed_is_in_the_docs)
{
    static const char *const WORDS[] = {
        "check --plant missing-activation-derivative:1 --format json",
        "check --locate --plant missing-activation-derivative:1 --format json",
        "ladder --starts 1 --plant bias-gradient-missing:1 --format json",
        "run --format json --out '" BUILD_FOLDER "/formats' scenarios/and.conf",
    };
    static char docs[1 << 16];
    int status;
    FILE *file = fopen("docs/formats.md", "r");
    ck_assert_ptr_nonnull(file);
    docs[fread(docs, 1, sizeof docs - 1, file)] = '\0';
    fclose(file);
    json_t *root = json_loads(printed(WORDS[_i], &status), 0, NULL);
    ck_assert_ptr_nonnull(root);
    assert_named(root, docs);
    json_decref(root);
    if (strncmp(WORDS[_i], "run", 3) != 0)
        return;
    root = json_load_file(BUILD_FOLDER "/formats/and/gradients.json", 0, NULL);
    ck_assert_ptr_nonnull(root);
    assert_named(root, docs);
    json_decref(root);
}
END_TEST

START_TEST(the_program_prints_both_of_a_search)
{
    int status;
    json_error_t error;
    const char *words = "check --locate --plant missing-activation-derivative:1 --format ";
    char command[200];
    snprintf(command, sizeof command, "%s%s", words, "json");
    json_t *root = json_loads(printed(command, &status), 0, &error);
    ck_assert_int_eq(status, 1);
    ck_assert_ptr_nonnull(root);
    const json_t *locate = json_object_get(root, "locate");
    ck_assert_str_eq(text_at(locate, "outcome"), "disagrees");
    ck_assert_str_eq(text_at(json_array_get(json_object_get(root, "findings"), 0), "name"),
                     "missing-activation-derivative");
    const size_t rows = json_array_size(json_object_get(locate, "tensors")) +
                        json_array_size(json_object_get(locate, "wrong")) +
                        json_array_size(json_object_get(locate, "blocks"));
    json_decref(root);
    snprintf(command, sizeof command, "%s%s", words, "tsv");
    assert_rows(printed(command, &status), rows, 13);
    ck_assert_int_eq(status, 1);
}
END_TEST

START_TEST(without_a_search_its_place_is_null_and_tsv_is_of_the_findings)
{
    int status;
    json_error_t error;
    json_t *root = json_loads(printed("check --format json", &status), 0, &error);
    ck_assert_int_eq(status, 0);
    ck_assert(json_is_null(json_object_get(root, "locate")));
    ck_assert_str_ne(text_at(root, "gradcheck"), "");
    json_decref(root);
    assert_rows(printed("check --format tsv", &status), 0, 13);
}
END_TEST

START_TEST(the_program_prints_both_of_a_climb_or_nothing)
{
    int status;
    json_error_t error;
    const char *words = "ladder --starts 1 --plant bias-gradient-missing:1 --format ";
    char command[200];
    snprintf(command, sizeof command, "%s%s", words, "json");
    json_t *root = json_loads(printed(command, &status), 0, &error);
    ck_assert_int_eq(status, 1);
    ck_assert_ptr_nonnull(root);
    const json_t *rungs = json_object_get(root, "rungs");
    size_t rows = 0;
    for (size_t k = 0; k < BP_RUNGS; k++) {
        const size_t looks = json_array_size(json_object_get(json_array_get(rungs, k), "looks"));
        rows += looks == 0 ? 1 : looks;
    }
    ck_assert_double_ge(number_at(root, "stops_at"), 1.0);
    json_decref(root);
    snprintf(command, sizeof command, "%s%s", words, "tsv");
    assert_rows(printed(command, &status), rows, 6);
    snprintf(command, sizeof command, "%s%s", words, "tsv --quiet");
    ck_assert_str_eq(printed(command, &status), "");
    ck_assert_int_eq(status, 1);
}
END_TEST

START_TEST(another_format_is_one_line)
{
    int status;
    ck_assert_str_eq(printed("ladder --format yaml", &status),
                     "backprobe: --format 'yaml': expected text, json or tsv\n");
    ck_assert_int_eq(status, 2);
}
END_TEST

Suite *formats_suite(void);

Suite *formats_suite(void)
{
    Suite *suite = suite_create("formats");
    TCase *search = tcase_create("a search");
    tcase_add_test(search, a_search_has_a_row_for_each_tensor_entry_and_block);
    tcase_add_test(search, a_search_is_an_object_with_every_number_in_full);
    suite_add_tcase(suite, search);
    TCase *climb = tcase_create("a climb");
    tcase_add_test(climb, a_climb_has_a_row_for_each_look_whatever_the_texts_hold);
    tcase_add_test(climb, a_climb_is_an_object_that_parses_whatever_the_texts_hold);
    suite_add_tcase(suite, climb);
    TCase *program = tcase_create("the program");
    tcase_set_timeout(program, 60);
    tcase_add_test(program, the_program_prints_both_of_a_search);
    tcase_add_loop_test(program, every_field_that_is_printed_is_in_the_docs, 0, 4);
    tcase_add_test(program, without_a_search_its_place_is_null_and_tsv_is_of_the_findings);
    tcase_add_test(program, the_program_prints_both_of_a_climb_or_nothing);
    tcase_add_test(program, another_format_is_one_line);
    suite_add_tcase(suite, program);
    return suite;
}
