/* check_fault_words.c -- every fault has its words, its name reads back, a slip gets a
 * suggestion, and every row of the catalogue's list has its names. */
#include "core/input.h"
#include "core/mem.h"
#include "diag/faults/explain.h"
#include "diag/health.h"
#include "planted.h"

#include <check.h>
#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- all faults ------------------------------------------------------------- */

static void for_every_fault(void (*look)(const struct bp_fault *fault))
{
    size_t tables;
    const struct bp_fault_table *const *table = bp_fault_tables(&tables);
    for (size_t i = 0; i < tables; i++)
        for (size_t k = 0; k < table[i]->n; k++)
            look(&table[i]->fault[k]);
}

static bool is_name(const char *text)
{
    const size_t n = strlen(text);
    return n > 3 && n < BP_HYPOTHESIS_TEXT_MAX / 4 && islower((unsigned char)text[0]) &&
           islower((unsigned char)text[n - 1]) &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz-") == n && strstr(text, "--") == NULL;
}

static void check_name(const struct bp_fault *fault)
{
    ck_assert_msg(is_name(fault->name), "'%s' is not words with hyphens", fault->name);
    ck_assert_ptr_eq(bp_fault_find(fault->name), fault); /* also: it is the only one */
}

START_TEST(names_are_words_with_hyphens_and_unique)
{
    for_every_fault(check_name);
    ck_assert_ptr_null(bp_fault_find("no-such-name"));
}
END_TEST

/* A line of a report: lower case, no full stop, short enough. */
static void check_line(const char *name, const char *line, size_t max)
{
    ck_assert_msg(line != NULL && *line != '\0', "%s lacks a line", name);
    const size_t n = strlen(line);
    ck_assert_msg(n <= max, "%s: '%s' is %zu long", name, line, n);
    ck_assert_msg(line[n - 1] != '.', "%s: '%s' ends with a full stop", name, line);
    ck_assert_msg(!isupper((unsigned char)line[0]) || !islower((unsigned char)line[1]) ||
                      strncmp(line, "NaN", 3) == 0,
                  "%s: '%s' begins with a capital", name, line);
}

/* Every name in the list is in the catalogue. */
static void check_also(const struct bp_fault *fault, const char *names)
{
    while (names != NULL && *names != '\0') {
        char name[64];
        const size_t n = strcspn(names, " ");
        snprintf(name, sizeof name, "%.*s", (int)n, names);
        ck_assert_msg(bp_fault_find(name) != NULL, "%s: also '%s'", fault->name, name);
        names += n + strspn(names + n, " ");
    }
}

static void check_lines(const struct bp_fault *fault)
{
    check_line(fault->name, fault->title, 100);
    check_line(fault->name, fault->help, 120);
    ck_assert_int_ge(fault->variants, 1);
    ck_assert_msg((fault->variants > 1) == (fault->variant != NULL), "%s: variants without words",
                  fault->name);
    for (int v = 0; fault->variant != NULL && v < fault->variants; v++)
        check_line(fault->name, fault->variant[v], 70);
    ck_assert_msg(fault->plant == NULL || fault->extent != 0, "%s is planted nowhere", fault->name);
    ck_assert_msg(fault->kind != BP_KIND_GRADIENT || fault->plant != NULL, "%s cannot be planted",
                  fault->name);
    for (int v = 0; fault->also != NULL && v < fault->variants; v++)
        check_also(fault, fault->also[v]);
}

START_TEST(titles_and_helps_are_lines_of_a_report)
{
    for_every_fault(check_lines);
}
END_TEST

/* ---- pages ----------------------------------------------------------------- */

static void check_code(const char *name, const char *code)
{
    ck_assert_msg(code != NULL && *code != '\0', "%s: a piece of code is missing", name);
    for (; *code != '\0'; code += strcspn(code, "\n") + (code[strcspn(code, "\n")] == '\n'))
        ck_assert_msg(strcspn(code, "\n") <= 74, "%s: code too wide: %s", name, code);
}

static void check_page(const struct bp_fault *fault)
{
    const struct bp_page_text *page = &fault->page;
    ck_assert_msg(page->right != NULL && page->wrong != NULL, "%s: no formula", fault->name);
    ck_assert_msg(strcmp(page->right, page->wrong) != 0, "%s: right is wrong", fault->name);
    ck_assert_msg(page->shows != NULL && strlen(page->shows) > 60, "%s: how it shows", fault->name);
    ck_assert_msg(page->confused != NULL && strlen(page->confused) > 10, "%s: confused with",
                  fault->name);
    check_code(fault->name, page->c_wrong);
    check_code(fault->name, page->c_right);
    check_code(fault->name, page->py_wrong);
    check_code(fault->name, page->py_right);
    ck_assert_str_ne(page->c_wrong, page->c_right);
    ck_assert_str_ne(page->py_wrong, page->py_right);
}

START_TEST(every_fault_has_a_whole_page)
{
    for_every_fault(check_page);
}
END_TEST

/* What a function writes, in memory. */
static char *written(void (*write)(const struct bp_fault *fault, FILE *out),
                     const struct bp_fault *fault)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(out);
    write(fault, out);
    fclose(out);
    return text;
}

static void check_columns(const char *name, const char *text)
{
    size_t column = 0;
    for (; *text != '\0'; text++) {
        ck_assert_msg((unsigned char)*text < 128, "%s: not ASCII", name);
        column = *text == '\n' ? 0 : column + 1;
        ck_assert_msg(column <= BP_PAGE_COLUMNS, "%s: wider than %d", name, BP_PAGE_COLUMNS);
        ck_assert_msg(*text != '\n' || text[-1] != ' ', "%s: space at the end of a line", name);
    }
}

static void check_text(const struct bp_fault *fault)
{
    char *text = written(bp_fault_explain, fault);
    check_columns(fault->name, text);
    ck_assert_msg(strncmp(text, fault->name, strlen(fault->name)) == 0, "%s", text);
    ck_assert(strstr(text, "{l}") == NULL);
    ck_assert(strstr(text, "in numpy") != NULL);
    free(text);
}

START_TEST(pages_fit_80_columns)
{
    for_every_fault(check_text);
}
END_TEST

static size_t count_of(const char *text, const char *part)
{
    size_t n = 0;
    for (; (text = strstr(text, part)) != NULL; text += strlen(part))
        n++;
    return n;
}

static void check_html(const struct bp_fault *fault)
{
    static const char *const ELEMENT[] = {"section", "h2", "p", "dl", "dt", "dd", "pre", "code"};
    char *text = written(bp_fault_explain_html, fault);
    size_t tags = 0;
    for (size_t k = 0; k < sizeof ELEMENT / sizeof ELEMENT[0]; k++) {
        char open[16], spaced[16], close[16];
        snprintf(open, sizeof open, "<%s>", ELEMENT[k]);
        snprintf(spaced, sizeof spaced, "<%s ", ELEMENT[k]);
        snprintf(close, sizeof close, "</%s>", ELEMENT[k]);
        ck_assert_uint_eq(count_of(text, open) + count_of(text, spaced), count_of(text, close));
        tags += 2 * count_of(text, close);
    }
    ck_assert_uint_eq(count_of(text, "<"), tags); /* nothing else opens */
    free(text);
}

START_TEST(html_pages_are_closed_and_safe)
{
    for_every_fault(check_html);
}
END_TEST

/* Words with hyphens in a page are names, or plain English. */
static bool is_english(const char *word)
{
    static const char *const ENGLISH[] = {"cross-entropy",    "mini-batch", "well-known",
                                          "update-to-weight", "full-batch", "floating-point",
                                          "learning-rate",    "one-hot",    "non-zero",
                                          "right-hand",       "half-way",   "mini-batches"};
    for (size_t k = 0; k < sizeof ENGLISH / sizeof ENGLISH[0]; k++)
        if (strcmp(word, ENGLISH[k]) == 0)
            return true;
    return false;
}

static void check_words(const struct bp_fault *fault)
{
    const char *at = fault->page.confused;
    while (*at != '\0') {
        char word[64] = "";
        const size_t n = strspn(at, "abcdefghijklmnopqrstuvwxyz-");
        if (n > 0 && n < sizeof word)
            memcpy(word, at, n);
        if (strchr(word, '-') != NULL && word[0] != '-')
            ck_assert_msg(bp_fault_find(word) != NULL || is_english(word),
                          "%s: confused with '%s', which is no name", fault->name, word);
        at += n > 0 ? n : 1;
    }
}

START_TEST(names_in_pages_exist)
{
    for_every_fault(check_words);
}
END_TEST

static const char *list_text;

static void check_listed(const struct bp_fault *fault)
{
    ck_assert_msg(strstr(list_text, fault->name) != NULL, "%s is not listed", fault->name);
}

START_TEST(the_list_holds_every_name)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    bp_fault_list(out);
    fclose(out);
    check_columns("list", text);
    list_text = text;
    for_every_fault(check_listed);
    free(text);
}
END_TEST

START_TEST(help_names_the_layer)
{
    char text[256];
    struct bp_hypothesis h = {.fault = bp_fault_find("missing-activation-derivative"), .layer = 2};
    bp_fault_help(&h, text, sizeof text);
    ck_assert_str_eq(text, "multiply the error of layer 2 by f'(z), elementwise");
    h.layer = BP_ALL_LAYERS;
    bp_fault_help(&h, text, sizeof text);
    ck_assert_str_eq(text, "multiply the error of each layer by f'(z), elementwise");
    h.layer = BP_HIDDEN_LAYERS;
    bp_fault_help(&h, text, sizeof text);
    ck_assert_str_eq(text, "multiply the error of each hidden layer by f'(z), elementwise");
}
END_TEST

/* ---- what reports print ------------------------------------------------------- */

/* The next string literal of C after *at, into text; *at moves behind it. adds: whether the
 * statement that it is in adds a finding. */
static bool next_literal(const char **at, char *text, size_t size, bool *adds)
{
    for (const char *c = *at; *c != '\0'; c++) {
        if (strncmp(c, "/*", 2) == 0) {
            const char *end = strstr(c, "*/");
            c = end == NULL ? c + strlen(c) - 1 : end + 1;
        } else if (*c == '\'' && c[1] != '\0') {
            c += c[1] == '\\' ? 3 : 2;
        } else if (*c == ';' || *c == '{' || *c == '}') {
            *adds = false;
        } else if (strncmp(c, "findings_add(", 13) == 0 || strncmp(c, "look_add(", 9) == 0 ||
                   strncmp(c, "step_add(", 9) == 0) {
            *adds = true;
        } else if (*c == '"') {
            const char *end = c + 1;
            while (*end != '"' && *end != '\0')
                end += *end == '\\' ? 2 : 1;
            snprintf(text, size, "%.*s", (int)(end - c - 1), c + 1);
            *at = end + (*end == '"');
            return true;
        }
    }
    return false;
}

/* Words with hyphens that are no names of findings. */
static bool is_other_word(const char *word)
{
    static const char *const OTHER[] = {
        "backprobe-part", "bias-first",    "bias-last",       "in-out",       "out-in",
        "delta-form",     "own-loss",      "threshold-first", "theta-before", "threshold-last",
        "theta-after",    "gradients-end", "c-rewritten"};
    for (size_t k = 0; k < sizeof OTHER / sizeof OTHER[0]; k++)
        if (strcmp(word, OTHER[k]) == 0)
            return true;
    return false;
}

static bool is_words(const char *text)
{
    const size_t n = strlen(text);
    return n > 2 && islower((unsigned char)text[0]) && islower((unsigned char)text[n - 1]) &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

/* How many literals of a source were names. */
static size_t check_source(const char *path, const char *text)
{
    char word[100];
    bool adds = false;
    size_t names = 0;
    while (next_literal(&text, word, sizeof word, &adds)) {
        const bool hyphens = strchr(word, '-') != NULL;
        if (!is_words(word) || is_other_word(word) || !(hyphens || adds))
            continue;
        ck_assert_msg(bp_fault_find(word) != NULL, "%s: '%s' has no page (backprobe explain)", path,
                      word);
        names++;
    }
    return names;
}

START_TEST(every_name_that_a_report_can_print_has_a_page)
{
    static const char *const SOURCES[] = {"diag/*.c", "scenarios/*.c", "commands/*.c"};
    size_t names = 0;
    for (size_t i = 0; i < sizeof SOURCES / sizeof SOURCES[0]; i++) {
        glob_t files;
        ck_assert_int_eq(glob(SOURCES[i], 0, NULL, &files), 0);
        for (size_t k = 0; k < files.gl_pathc; k++) {
            struct bp_input input;
            ck_assert_int_eq(bp_input_read(&input, files.gl_pathv[k], 1 << 20, NULL), BP_OK);
            names += check_source(files.gl_pathv[k], input.bytes);
            bp_input_release(&input);
        }
        globfree(&files);
    }
    ck_assert_uint_ge(names, 60); /* it does find them */
}
END_TEST

START_TEST(a_name_without_a_page_is_found)
{
    const char *text = "/* \"not-this\" */ f('\"'); bp_findings_add(list, look, \"nothing\");";
    char word[40];
    bool adds = false;
    ck_assert(next_literal(&text, word, sizeof word, &adds));
    ck_assert_str_eq(word, "nothing");
    ck_assert(adds && is_words(word) && bp_fault_find(word) == NULL);
}
END_TEST

/* ---- keys ------------------------------------------------------------------ */

START_TEST(every_hypothesis_reads_back)
{
    struct bench bench;
    struct bp_hypothesis *list, h;
    struct bp_error error;
    size_t n;
    bench_open(&bench, _i);
    ck_assert_int_eq(bp_fault_hypotheses(&bench.setting, true, &list, &n), BP_OK);
    for (size_t i = 0; i < n; i++) {
        char key[BP_HYPOTHESIS_TEXT_MAX];
        bench_give_factor(&list[i]);
        bp_fault_key(&list[i], key, sizeof key);
        ck_assert_msg(bp_fault_parse(key, &bench.setting, &h, &error) == BP_OK, "%s: %s", key,
                      error.text);
        ck_assert_msg(h.fault == list[i].fault && h.variant == list[i].variant &&
                          h.layer == list[i].layer && h.neuron == list[i].neuron &&
                          (h.fault->own_rate || h.factor == list[i].factor),
                      "%s reads back as another", key);
    }
    bp_mem_free(list);
    bench_close(&bench);
}
END_TEST

static void reads(const char *text, size_t layer, size_t neuron)
{
    struct bench bench;
    struct bp_hypothesis h;
    struct bp_error error = {""};
    bench_open(&bench, 0); /* 3-4-3-2 */
    ck_assert_msg(bp_fault_parse(text, &bench.setting, &h, &error) == BP_OK, "%s", error.text);
    ck_assert_uint_eq(h.layer, layer);
    ck_assert_uint_eq(h.neuron, neuron);
    bench_close(&bench);
}

START_TEST(without_a_layer_it_is_where_it_can_be)
{
    reads("sign-flipped", 3, BP_NO_NEURON);
    reads("sign-flipped:3", 3, BP_NO_NEURON);
    reads("missing-activation-derivative", BP_ALL_LAYERS, BP_NO_NEURON);
    reads("missing-activation-derivative:hidden", BP_HIDDEN_LAYERS, BP_NO_NEURON);
    reads("chain-cut", 2, BP_NO_NEURON);
    reads("neuron-delta-zero:2:1", 2, 1);
    reads("zero-weights", BP_ALL_LAYERS, BP_NO_NEURON);
}
END_TEST

static void refuses(const char *text, const char *line)
{
    struct bench bench;
    struct bp_hypothesis h;
    struct bp_error error = {""};
    bench_open(&bench, 0);
    ck_assert_msg(bp_fault_parse(text, &bench.setting, &h, &error) == BP_EINPUT, "%s is taken",
                  text);
    ck_assert_str_eq(error.text, line);
    bench_close(&bench);
}

START_TEST(a_bad_key_gets_one_line)
{
    refuses("sign-fliped:2", "fault 'sign-fliped': no such name; did you mean 'sign-flipped'");
    refuses("xyzzy", "fault 'xyzzy': no such name; see backprobe faults");
    refuses("", "fault '': no such name; see backprobe faults");
    refuses("sign-flipped:9", "fault 'sign-flipped': layer expected from 1 to 3");
    refuses("sign-flipped:0", "fault 'sign-flipped': a layer from 1, or 'hidden', expected after "
                              "':'");
    refuses("sign-flipped:1", "fault 'sign-flipped': does not apply in layer 1 of this network (it "
                              "would be right, or have no meaning)");
    refuses("sign-flipped/1", "fault 'sign-flipped': variant expected from 0 to 0 after '/'");
    refuses("sign-flipped=2", "fault 'sign-flipped': takes no factor");
    refuses("constant-factor=nan", "fault 'constant-factor': a finite number expected after '='");
    refuses("constant-factor=1e999", "fault 'constant-factor': a finite number expected after '='");
    refuses("skipped-layer", "fault 'skipped-layer': is of one layer; expected "
                             "'skipped-layer:layer'");
    refuses("skipped-layer:1:0",
            "fault 'skipped-layer': is of a whole layer; expected 'skipped-layer:layer'");
    refuses("neuron-delta-zero:1",
            "fault 'neuron-delta-zero': is of one neuron; expected 'neuron-delta-zero:layer:"
            "neuron'");
    refuses("neuron-delta-zero:1:4",
            "fault 'neuron-delta-zero': does not apply in layer 1 of this network (it would be "
            "right, or have no meaning)");
    refuses("sign-flipped:3x", "fault 'sign-flipped': 'x' not understood; expected "
                               "name[/variant][=factor][:layer[:neuron]]");
    refuses("sign-flipped:99999999999999999999",
            "fault 'sign-flipped': a layer from 1, or 'hidden', expected after ':'");
    refuses("zero-weights:1", "fault 'zero-weights': has no place in a layer");
}
END_TEST

START_TEST(a_hostile_key_does_no_harm)
{
    struct bench bench;
    struct bp_hypothesis h;
    struct bp_error error;
    char long_name[4096];
    bench_open(&bench, 0);
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    ck_assert_int_eq(bp_fault_parse(long_name, &bench.setting, &h, &error), BP_EINPUT);
    ck_assert_int_eq(bp_fault_parse("\x1b[31m%n%s:1", &bench.setting, &h, &error), BP_EINPUT);
    ck_assert_ptr_null(strchr(error.text, '\x1b'));
    bench_close(&bench);
}
END_TEST

static const struct bp_fault *slipped;

/* One letter left out of any name finds it again. */
static void check_slip(const struct bp_fault *fault)
{
    char slip[64];
    snprintf(slip, sizeof slip, "%s", fault->name);
    memmove(slip + 4, slip + 5, strlen(slip + 4));
    slipped = fault;
    ck_assert_ptr_nonnull(bp_fault_nearest(slip));
    ck_assert_msg(strcmp(bp_fault_nearest(slip), fault->name) == 0, "%s finds %s", slip,
                  bp_fault_nearest(slip));
}

START_TEST(a_slip_of_one_letter_finds_the_name)
{
    for_every_fault(check_slip);
    ck_assert_ptr_null(bp_fault_nearest("qqqqqq"));
}
END_TEST

/* ---- the list of rows ------------------------------------------------------- */

enum { ROWS = 218 };

static char *read_rows(void)
{
    static char text[1 << 16];
    FILE *in = fopen("tests/catalogue.txt", "r");
    ck_assert_msg(in != NULL, "tests/catalogue.txt is missing");
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    return text;
}

START_TEST(every_row_of_the_catalogue_has_its_names)
{
    size_t rows = 0;
    char *rest = read_rows();
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        if (line[0] == '\0' || line[0] == '#')
            continue;
        rows++;
        char *names = strrchr(line, ':');
        ck_assert_msg(names != NULL, "%s: no names", line);
        size_t found = 0;
        for (char *name; (name = strsep(&names, ": ")) != NULL;)
            if (*name != '\0') {
                ck_assert_msg(bp_fault_find(name) != NULL, "%s: no such fault", name);
                found++;
            }
        ck_assert_msg(found > 0, "%s: no names", line);
    }
    ck_assert_uint_eq(rows, ROWS);
}
END_TEST

static const char *rows_text;

static void check_in_rows(const struct bp_fault *fault)
{
    for (const char *at = rows_text; (at = strstr(at, fault->name)) != NULL; at++)
        if (at[-1] == ' ' && strchr(" \n", at[strlen(fault->name)]) != NULL)
            return;
    ck_abort_msg("%s is in no row of tests/catalogue.txt", fault->name);
}

/* Whatever a rule over a run names has a page. */
START_TEST(every_health_rule_is_explained)
{
    size_t tables;
    const struct bp_rule_table *table = bp_health_rules(&tables);
    for (size_t i = 0; i < tables; i++)
        for (size_t k = 0; k < table[i].n; k++)
            ck_assert_msg(bp_fault_find(table[i].rule[k].name) != NULL, "%s has no page",
                          table[i].rule[k].name);
}
END_TEST

static size_t without_example;

static void count_examples(const struct bp_fault *fault)
{
    char text[512];
    without_example +=
        fault->kind == BP_KIND_GRADIENT && !bp_fault_example(fault, text, sizeof text);
}

/* The two without need a dropout mask, and a z of exactly 0. */
START_TEST(nearly_every_gradient_fault_has_an_example)
{
    for_every_fault(count_examples);
    ck_assert_uint_eq(without_example, 2);
}
END_TEST

START_TEST(every_fault_is_in_a_row)
{
    rows_text = read_rows();
    for_every_fault(check_in_rows);
}
END_TEST

Suite *fault_words_suite(void);
Suite *fault_words_suite(void)
{
    Suite *suite = suite_create("fault_words");
    TCase *tcase = tcase_create("fault_words");
    tcase_add_test(tcase, names_are_words_with_hyphens_and_unique);
    tcase_add_test(tcase, titles_and_helps_are_lines_of_a_report);
    tcase_add_test(tcase, every_fault_has_a_whole_page);
    tcase_add_test(tcase, pages_fit_80_columns);
    tcase_add_test(tcase, html_pages_are_closed_and_safe);
    tcase_add_test(tcase, names_in_pages_exist);
    tcase_add_test(tcase, every_name_that_a_report_can_print_has_a_page);
    tcase_add_test(tcase, a_name_without_a_page_is_found);
    tcase_add_test(tcase, the_list_holds_every_name);
    tcase_add_test(tcase, help_names_the_layer);
    tcase_add_loop_test(tcase, every_hypothesis_reads_back, 0, BENCHES);
    tcase_add_test(tcase, without_a_layer_it_is_where_it_can_be);
    tcase_add_test(tcase, a_bad_key_gets_one_line);
    tcase_add_test(tcase, a_hostile_key_does_no_harm);
    tcase_add_test(tcase, a_slip_of_one_letter_finds_the_name);
    tcase_add_test(tcase, every_row_of_the_catalogue_has_its_names);
    tcase_add_test(tcase, every_fault_is_in_a_row);
    tcase_add_test(tcase, nearly_every_gradient_fault_has_an_example);
    tcase_add_test(tcase, every_health_rule_is_explained);
    suite_add_tcase(suite, tcase);
    return suite;
}
