/* check_gradreport.c -- a gradient check in words and in full. Whole reports are
 * compared with tests/expected/; UPDATE_EXPECTED=1 writes them anew, to be read. */
#include "diag/gradreport.h"

#include "core/rng.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const double X[] = {0, 0, 0, 1, 1, 0, 1, 1};
static const double T[] = {0, 1, 1, 0};

static void without_slope(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                          double *out)
{
    (void)self;
    memcpy(out, pass->e[l], pass->n * pass->net->spec.layer[l].width * sizeof *out);
}

static void zeros(const struct bp_pass *pass, size_t l, const struct bp_stage *self, double *out)
{
    (void)self;
    memset(out, 0, bp_mlp_weights(pass->net, l)->count * sizeof *out);
}

static void nan_first(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                      double *out)
{
    self->right->run(pass, l, self->right, out);
    out[0] = NAN;
}

static const struct {
    const char *name, *network;
    double sd;
    void (*run)(const struct bp_pass *, size_t, const struct bp_stage *, double *);
    size_t layer;
    enum bp_slot slot;
    bool all;
} CASES[] = {
    {"gradcheck-healthy", "2-2-1 sigmoid squared-error", 1.0, NULL, 0, BP_AFFINE, false},
    {"gradcheck-missing-slope", "2-2-1 sigmoid squared-error", 1.0, without_slope, 1, BP_DERIVATIVE,
     false},
    {"gradcheck-zero-start", "2-2-1 sigmoid squared-error", 0.0, NULL, 0, BP_AFFINE, false},
    {"gradcheck-skipped-all", "2-3-2-1 tanh,sigmoid squared-error", 1.0, zeros, 1, BP_OUTER_PRODUCT,
     true},
    {"gradcheck-nan", "2-2-1 tanh,sigmoid squared-error", 1.0, nan_first, 2, BP_BIAS_SUM, false},
};
enum { N_CASES = sizeof CASES / sizeof CASES[0] };

static struct bp_mlp net;
static struct bp_gradcheck check;

static void run_case(int k)
{
    struct bp_spec spec;
    struct bp_rng rng;
    ck_assert_int_eq(bp_spec_parse(&spec, CASES[k].network, NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&net, &spec), BP_OK);
    bp_rng_seed(&rng, 1);
    for (size_t i = 0; i < net.n_theta; i++)
        net.theta[i] = CASES[k].sd * bp_rng_normal(&rng);
    if (CASES[k].run != NULL)
        net.ops[CASES[k].layer].stage[CASES[k].slot].run = CASES[k].run;
    ck_assert_int_eq(bp_gradcheck_run(&check, &net, 4, X, T, NULL, NULL), BP_OK);
    bp_spec_release(&spec);
}

static void end_case(void)
{
    bp_gradcheck_release(&check);
    bp_mlp_release(&net);
}

static char *report_of(const struct bp_gradreport_style *style)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    ck_assert_int_eq(bp_gradreport_text(out, &check, style), BP_OK);
    fclose(out);
    return text;
}

static char *file_text(const char *path)
{
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s is missing", path);
    char *text = calloc(1, 1 << 20);
    text[fread(text, 1, (1 << 20) - 1, file)] = '\0';
    fclose(file);
    return text;
}

START_TEST(reports_are_as_expected)
{
    char path[128];
    snprintf(path, sizeof path, "tests/expected/%s.txt", CASES[_i].name);
    run_case(_i);
    char *text = report_of(&(struct bp_gradreport_style){.all = CASES[_i].all});
    if (getenv("UPDATE_EXPECTED") != NULL) {
        FILE *file = fopen(path, "w");
        fputs(text, file);
        fclose(file);
    }
    char *expected = file_text(path);
    ck_assert_str_eq(text, expected);
    free(expected);
    free(text);
    end_case();
}
END_TEST

static size_t columns_of(const char *line)
{
    size_t n = 0;
    for (; *line != '\n' && *line != '\0'; line++)
        n += ((unsigned char)*line & 0xc0) != 0x80;
    return n;
}

START_TEST(reports_fit_80_columns)
{
    run_case(_i);
    char *text = report_of(&(struct bp_gradreport_style){.all = true});
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
        ck_assert_msg(columns_of(line) <= 80, "%.*s", (int)strcspn(line, "\n"), line);
    free(text);
    end_case();
}
END_TEST

START_TEST(nothing_is_coloured_unless_asked_for)
{
    run_case(1);
    char *plain = report_of(NULL);
    char *coloured = report_of(&(struct bp_gradreport_style){.colour = true});
    ck_assert_ptr_null(strchr(plain, '\033'));
    ck_assert_ptr_nonnull(strchr(coloured, '\033'));
    free(plain);
    free(coloured);
    end_case();
}
END_TEST

START_TEST(files_hold_every_entry_and_read_back)
{
    char folder[] = "/tmp/bp-gradreport-XXXXXX", tsv[64], json[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(tsv, sizeof tsv, "%s/c.tsv", folder);
    snprintf(json, sizeof json, "%s/c.json", folder);
    run_case(_i);
    ck_assert_int_eq(bp_gradreport_save(&check, tsv, json, NULL), BP_OK);
    const size_t entries = check.n_theta + check.n * check.n_units;
    char *text = file_text(tsv);
    size_t rows = 0;
    for (const char *c = text; *c != '\0'; c++)
        rows += *c == '\n';
    ck_assert_uint_eq(rows, 1 + entries);
    json_error_t trouble;
    json_t *all = json_load_file(json, JSON_REJECT_DUPLICATES, &trouble);
    ck_assert_msg(all != NULL, "%s", trouble.text);
    const json_t *list = json_object_get(all, "entries");
    ck_assert_uint_eq(json_array_size(list), entries);
    for (size_t k = 0; k < check.n_theta; k++) {
        const json_t *value = json_array_get(json_array_get(list, k), 2);
        ck_assert(json_real_value(value) == check.numeric.value[k]);
    }
    ck_assert_str_eq(json_string_value(json_object_get(all, "outcome")),
                     bp_outcome_text(check.outcome));
    json_decref(all);
    free(text);
    unlink(tsv);
    unlink(json);
    rmdir(folder);
    end_case();
}
END_TEST

START_TEST(unwritable_file_is_one_line)
{
    struct bp_error error = {""};
    run_case(0);
    ck_assert_int_eq(bp_gradreport_save(&check, "/nowhere/c.tsv", NULL, &error), BP_EFILE);
    ck_assert_str_eq(error.text, "/nowhere/c.tsv: cannot be written: No such file or directory");
    end_case();
}
END_TEST

Suite *gradreport_suite(void);
Suite *gradreport_suite(void)
{
    Suite *suite = suite_create("gradreport");
    TCase *tcase = tcase_create("gradreport");
    tcase_add_loop_test(tcase, reports_are_as_expected, 0, N_CASES);
    tcase_add_loop_test(tcase, reports_fit_80_columns, 0, N_CASES);
    tcase_add_test(tcase, nothing_is_coloured_unless_asked_for);
    tcase_add_loop_test(tcase, files_hold_every_entry_and_read_back, 0, N_CASES);
    tcase_add_test(tcase, unwritable_file_is_one_line);
    suite_add_tcase(suite, tcase);
    return suite;
}
