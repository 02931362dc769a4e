/* check_trace.c -- what each neuron did is recorded right, costs the run nothing of
 * its bits, and is read back; the worksheet's sums are those of the pass. */
#include "core/mem.h"
#include "diag/gradcheck.h"
#include "diag/symmetry.h"
#include "diag/trace.h"
#include "diag/trace_number.h"
#include "tests/small.h"

#include <check.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct bp_dataset data;
static struct bp_mlp net;
static char folder[64], path[96];

static void set_up(void)
{
    struct bp_spec spec;
    struct bp_rng rng;
    snprintf(folder, sizeof folder, "/tmp/bp-trace-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/t.tsv", folder);
    ck_assert_int_eq(bp_dataset_gate(&data, BP_XOR, BP_TARGETS_01), BP_OK);
    ck_assert_int_eq(bp_spec_parse(&spec, "2-3-1 relu,sigmoid squared-error", NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&net, &spec), BP_OK);
    bp_spec_release(&spec);
    bp_rng_seed(&rng, 4);
    for (size_t k = 0; k < net.n_theta; k++)
        net.theta[k] = bp_rng_normal(&rng);
}

static void tear_down(void)
{
    bp_mlp_release(&net);
    bp_dataset_release(&data);
    unlink(path);
    rmdir(folder);
}

static void train(const struct bp_observer *observer, size_t batch, size_t epochs)
{
    struct bp_sgd sgd;
    const struct bp_train how = {
        .rate = 0.5, .momentum = 0.5, .batch = batch, .epochs = epochs, .shuffle = true, .seed = 3};
    ck_assert_int_eq(bp_sgd_init(&sgd, &net, &how, data.n, data.x, data.t), BP_OK);
    bp_sgd_run(&sgd, observer);
    bp_sgd_release(&sgd);
}

static void train_traced(const struct bp_trace_options *options, size_t batch, size_t epochs)
{
    struct bp_trace trace;
    struct bp_error error = {""};
    ck_assert_msg(bp_trace_init(&trace, &net, options, &error) == BP_OK, "%s", error.text);
    train(&trace.observer, batch, epochs);
    ck_assert_msg(bp_trace_finish(&trace, &error) == BP_OK, "%s", error.text);
    bp_trace_release(&trace);
}

static const struct bp_trace_filter ALL = {.neuron = -1, .sample = -1, .from = -1, .to = -1};

enum { ROWS = 20000 };
static struct bp_trace_row rows[ROWS];
static size_t n_rows;

static bool keep_row(void *self, const struct bp_trace_row *row)
{
    (void)self;
    ck_assert_uint_lt(n_rows, ROWS);
    rows[n_rows++] = *row;
    return true;
}

static void read_all(const struct bp_trace_filter *filter)
{
    struct bp_error error = {""};
    n_rows = 0;
    ck_assert_msg(bp_trace_read(path, filter, NULL, keep_row, &error) == BP_OK, "%s", error.text);
}

static char *text_of(const char *name)
{
    FILE *file = fopen(name, "r");
    char *text = NULL;
    size_t size = 0;
    ck_assert_ptr_nonnull(file);
    ck_assert(getdelim(&text, &size, '\0', file) > 0);
    fclose(file);
    return text;
}

/* ---- statistics -------------------------------------------------------------- */

START_TEST(statistics_of_an_epoch_are_those_of_its_samples)
{
    struct bp_trace trace;
    struct bp_pass pass;
    ck_assert_int_eq(bp_trace_init(&trace, &net, &(struct bp_trace_options){.data = &data}, NULL),
                     BP_OK);
    ck_assert_int_eq(bp_pass_init(&pass, &net, 4), BP_OK);
    bp_pass_forward(&pass, 4, data.x);
    bp_pass_backward(&pass, data.t);
    size_t right = 0;
    for (int s = 0; s < 4; s++)
        right += (pass.a[2][s] > 0.5) == (data.t[s] > 0.5);
    train(&trace.observer, 4, 1);
    for (size_t i = 0; i < 3; i++) {
        double sum = 0.0, size = 0.0, max = 0.0, zeros = 0.0;
        for (size_t s = 0; s < 4; s++) {
            const double v = pass.delta[1][s * 3 + i];
            sum += v, size += fabs(v), zeros += v == 0.0, max = fmax(max, fabs(v));
        }
        const struct bp_neuron_stats stats = bp_trace_stats(&trace, BP_TRACE_DELTA, 1, i);
        ck_assert_double_eq_tol(stats.mean, sum / 4, 1e-16);
        ck_assert_double_eq_tol(stats.mean_abs, size / 4, 1e-16);
        ck_assert_double_eq(stats.max, max);
        ck_assert_double_eq(stats.zeros, zeros / 4);
        ck_assert_uint_eq(stats.flips, 0);
    }
    ck_assert_double_eq(trace.accuracy, (double)right / 4);
    bp_pass_release(&pass);
    bp_trace_release(&trace);
}
END_TEST

START_TEST(flips_count_changes_of_sign_from_step_to_step)
{
    /* means over the batch: + + - 0 - + : two changes */
    static const double VALUE[] = {1.0, 2.0, -1.0, 0.0, -3.0, 0.5};
    struct bp_trace trace;
    double z[1][8] = {{0}}, d[8] = {0};
    double *layers[] = {NULL, d, z[0]};
    ck_assert_int_eq(bp_trace_init(&trace, &net, &(struct bp_trace_options){.path = path}, NULL),
                     BP_OK);
    for (size_t step = 0; step < 6; step++) {
        d[0] = VALUE[step];
        bp_trace_step(&trace, step, 0, 1, layers, layers, layers, 0);
    }
    bp_trace_epoch(&trace, 0, 6, 0.25);
    const struct bp_neuron_stats stats = bp_trace_stats(&trace, BP_TRACE_DELTA, 1, 0);
    ck_assert_uint_eq(stats.flips, 2);
    ck_assert_double_eq_tol(stats.zeros, 1.0 / 6.0, 1e-15);
    ck_assert_double_eq(stats.max, 3.0);
    bp_trace_release(&trace);
    ck_assert_int_ne(access(path, F_OK), 0); /* not finished: dropped */
}
END_TEST

START_TEST(nan_is_not_lost_in_a_mean)
{
    struct bp_trace trace;
    double d[8] = {NAN};
    double *layers[] = {NULL, d, d};
    ck_assert_int_eq(bp_trace_init(&trace, &net, &(struct bp_trace_options){0}, NULL), BP_OK);
    bp_trace_step(&trace, 0, 0, 1, layers, layers, layers, 0);
    bp_trace_epoch(&trace, 0, 1, NAN);
    ck_assert(isnan(bp_trace_stats(&trace, BP_TRACE_Z, 1, 0).mean));
    bp_trace_release(&trace);
}
END_TEST

/* ---- observation changes nothing --------------------------------------------- */

/* Everything that looks, in one observer. */
struct everything {
    struct bp_trace trace;
    struct bp_symmetry_watch watch;
    size_t checks;
};

static void look_at_step(void *self, const struct bp_step_view *view)
{
    struct everything *all = self;
    struct bp_gradcheck check;
    struct bp_symmetry symmetry;
    all->trace.observer.step(all->trace.observer.self, view);
    all->watch.observer.step(all->watch.observer.self, view);
    if (view->step % 7 != 0)
        return;
    const struct bp_gradcheck_options options = {.numeric.tier = BP_TIER_CENTRAL};
    ck_assert_int_eq(bp_gradcheck_run(&check, view->net, view->pass->n, view->pass->x,
                                      view->pass->t, &options, NULL),
                     BP_OK);
    bp_gradcheck_release(&check);
    ck_assert_int_eq(bp_symmetry_look(&symmetry, view->net, 4, data.x, data.t), BP_OK);
    bp_symmetry_release(&symmetry);
    all->checks++;
}

static bool look_at_epoch(void *self, const struct bp_epoch_view *view)
{
    struct everything *all = self;
    return all->trace.observer.epoch(all->trace.observer.self, view);
}

START_TEST(training_with_every_look_ends_in_the_same_bits)
{
    static const size_t SAMPLE[] = {0, 3}, AT[] = {0, 5, 20};
    const struct bp_trace_options options = {.path = path,
                                             .every_step = 1,
                                             .data = &data,
                                             .n_samples = 2,
                                             .sample = SAMPLE,
                                             .n_at = 3,
                                             .at = AT};
    double start[64], plain[64];
    struct everything all = {0};
    struct bp_symmetry symmetry;
    const struct bp_observer observer = {&all, look_at_step, look_at_epoch};
    memcpy(start, net.theta, net.n_theta * sizeof(double));
    train(NULL, 3, 20);
    memcpy(plain, net.theta, net.n_theta * sizeof(double));
    memcpy(net.theta, start, net.n_theta * sizeof(double));
    ck_assert_int_eq(bp_symmetry_look(&symmetry, &net, 4, data.x, data.t), BP_OK);
    ck_assert_int_eq(bp_symmetry_watch_init(&all.watch, &symmetry, &net), BP_OK);
    ck_assert_int_eq(bp_trace_init(&all.trace, &net, &options, NULL), BP_OK);
    train(&observer, 3, 20);
    ck_assert_uint_ge(all.checks, 5);
    ck_assert_mem_eq(net.theta, plain, net.n_theta * sizeof(double));
    ck_assert_mem_ne(net.theta, start, net.n_theta * sizeof(double));
    ck_assert_int_eq(bp_trace_finish(&all.trace, NULL), BP_OK);
    bp_trace_release(&all.trace);
    bp_symmetry_watch_release(&all.watch);
    bp_symmetry_release(&symmetry);
}
END_TEST

/* ---- the file ---------------------------------------------------------------- */

START_TEST(file_reads_back_row_by_row)
{
    static const size_t SAMPLE[] = {1}, AT[] = {4};
    train_traced(&(struct bp_trace_options){.path = path,
                                            .every_step = 2,
                                            .data = &data,
                                            .n_samples = 1,
                                            .sample = SAMPLE,
                                            .n_at = 1,
                                            .at = AT},
                 2, 5);
    read_all(&ALL);
    /* 10 steps, every second of them; 4 neurons, 3 kinds; 5 epochs with loss and
     * accuracy; one sample once */
    ck_assert_uint_eq(n_rows, 5 * 12 + 5 * (12 + 2) + 12);
    read_all(&(struct bp_trace_filter){.kinds = BP_TRACE_BIT(BP_TRACE_DELTA),
                                       .spans = 1u << BP_SPAN_STEP,
                                       .layer = 1,
                                       .neuron = 2,
                                       .sample = -1,
                                       .from = 4,
                                       .to = 6});
    ck_assert_uint_eq(n_rows, 2);
    ck_assert_int_eq(rows[0].step, 4);
    ck_assert_int_eq(rows[1].step, 6);
    ck_assert_int_eq(rows[1].layer, 1);
    ck_assert_int_eq(rows[1].neuron, 2);
}
END_TEST

/* Row by row as printf would write it. */
START_TEST(rows_of_a_step_are_the_statistics_in_six_digits)
{
    double z[8] = {-1.0, 2.5, 0.0, 3.0, 0.0, 0.0}, a[8] = {1e-7, 0.25};
    double *of_z[] = {NULL, z, a}, *none[] = {NULL, NULL, NULL};
    struct bp_trace trace;
    const struct bp_trace_options options = {
        .path = path, .every_step = 3, .kinds = BP_TRACE_BIT(BP_TRACE_Z)};
    ck_assert_int_eq(bp_trace_init(&trace, &net, &options, NULL), BP_OK);
    for (size_t step = 0; step <= 3; step++, z[0] = 7.0)
        bp_trace_step(&trace, step, 1, 2, of_z, none, none, 0);
    ck_assert_int_eq(bp_trace_finish(&trace, NULL), BP_OK);
    bp_trace_release(&trace);
    char *text = text_of(path);
    ck_assert_str_eq(strchr(text, '\n') + 1,
                     "step\tz\t1\t0\t1\t0\t-\t1.00000e+00\t2.00000e+00\t3.00000e+00\t0\t0\n"
                     "step\tz\t1\t0\t1\t1\t-\t1.25000e+00\t1.25000e+00\t2.50000e+00\t"
                     "5.00000e-01\t0\n"
                     "step\tz\t1\t0\t1\t2\t-\t0\t0\t0\t1.00000e+00\t0\n"
                     "step\tz\t1\t0\t2\t0\t-\t1.25000e-01\t1.25000e-01\t2.50000e-01\t0\t0\n"
                     "step\tz\t1\t3\t1\t0\t-\t5.00000e+00\t5.00000e+00\t7.00000e+00\t0\t0\n"
                     "step\tz\t1\t3\t1\t1\t-\t1.25000e+00\t1.25000e+00\t2.50000e+00\t"
                     "5.00000e-01\t0\n"
                     "step\tz\t1\t3\t1\t2\t-\t0\t0\t0\t1.00000e+00\t0\n"
                     "step\tz\t1\t3\t2\t0\t-\t1.25000e-01\t1.25000e-01\t2.50000e-01\t0\t0\n");
    free(text);
}
END_TEST

START_TEST(sample_in_full_is_what_the_pass_computes)
{
    static const size_t SAMPLE[] = {2}, AT[] = {0};
    struct bp_pass pass;
    ck_assert_int_eq(bp_pass_init(&pass, &net, 1), BP_OK);
    bp_pass_forward(&pass, 1, data.x + 4);
    bp_pass_backward(&pass, data.t + 2);
    train_traced(
        &(struct bp_trace_options){
            .path = path, .data = &data, .n_samples = 1, .sample = SAMPLE, .n_at = 1, .at = AT},
        4, 2);
    read_all(&(struct bp_trace_filter){
        .spans = 1u << BP_SPAN_SAMPLE, .neuron = -1, .sample = 2, .from = -1, .to = -1});
    ck_assert_uint_eq(n_rows, 12);
    for (size_t k = 0; k < n_rows; k++) {
        const struct bp_trace_row *row = &rows[k];
        double *const *array = row->kind == BP_TRACE_Z   ? pass.z
                               : row->kind == BP_TRACE_A ? pass.a
                                                         : pass.delta;
        ck_assert_int_eq(row->step, 0);
        ck_assert(row->mean == array[row->layer][row->neuron]); /* 17 digits lose nothing */
    }
    bp_pass_release(&pass);
}
END_TEST

START_TEST(only_the_kinds_asked_for_are_written)
{
    train_traced(&(struct bp_trace_options){.path = path,
                                            .kinds = BP_TRACE_BIT(BP_TRACE_DELTA),
                                            .every_step = 1},
                 4, 3);
    read_all(&ALL);
    ck_assert_uint_eq(n_rows, 3 * 4 + 3 * (4 + 1));
    for (size_t k = 0; k < n_rows; k++)
        ck_assert(rows[k].kind == BP_TRACE_DELTA || rows[k].kind == BP_TRACE_LOSS);
}
END_TEST

START_TEST(table_of_a_trace_fits_80_columns)
{
    static const size_t SAMPLE[] = {1}, AT[] = {1};
    char *text = NULL;
    size_t size, n;
    train_traced(&(struct bp_trace_options){.path = path,
                                            .every_step = 1,
                                            .data = &data,
                                            .n_samples = 1,
                                            .sample = SAMPLE,
                                            .n_at = 1,
                                            .at = AT},
                 4, 3);
    FILE *out = open_memstream(&text, &size);
    ck_assert_int_eq(bp_trace_print(out, path, &ALL, &n, NULL), BP_OK);
    fclose(out);
    size_t lines = 0;
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1, lines++)
        ck_assert_uint_le(strcspn(line, "\n"), 80);
    ck_assert_uint_eq(lines, n + 1);
    if (getenv("SHOW") != NULL)
        fprintf(stderr, "%s", text);
    free(text);
}
END_TEST

/* ---- bad input --------------------------------------------------------------- */

#define HEADER "span\tkind\tepoch\tstep\tlayer\tneuron\tsample\tmean\tmean_abs\tmax\tzeros\tflips\n"
#define GOOD "step\tdelta\t0\t1\t1\t0\t-\t1\t1\t1\t0\t0\n"

static const struct {
    const char *text, *line;
} BAD[] = {
    {"", "t.tsv: empty, not a trace: expected its columns in line 1"},
    {"a\tb\n", "t.tsv:1: not a trace: expected the columns span, kind, epoch, ..."},
    {HEADER GOOD "step\tdelta\t0\t1\n", "t.tsv:3: 4 fields: expected 12"},
    {HEADER "step\tdelta\t0\t1\t1\t0\t-\t1\t1\t1\t0\t0\t9\n",
     "t.tsv:2: more than 12 fields: expected 12"},
    {HEADER "stop\tdelta\t0\t1\t1\t0\t-\t1\t1\t1\t0\t0\n",
     "t.tsv:2: span is 'stop': expected step, epoch or sample"},
    {HEADER "step\tq\t0\t1\t1\t0\t-\t1\t1\t1\t0\t0\n",
     "t.tsv:2: kind is 'q': expected z, a, delta, loss or accuracy"},
    {HEADER "step\tz\t0\t-1\t1\t0\t-\t1\t1\t1\t0\t0\n",
     "t.tsv:2: step is '-1': expected a whole number from 0, or -"},
    {HEADER "step\tz\t0\t99999999999999999999\t1\t0\t-\t1\t1\t1\t0\t0\n",
     "t.tsv:2: step is '99999999999999999999': expected a whole number from 0, or -"},
    {HEADER "step\tz\t0\t1\t1\t0\t-\tx\t1\t1\t0\t0\n",
     "t.tsv:2: mean is 'x': expected a number, or -"},
    {HEADER "step\tz\t0\t1\t0\t0\t-\t1\t1\t1\t0\t0\n",
     "t.tsv:2: layer is '0': expected the number of a layer, from 1"},
    {HEADER "step\tz\t0\t1\t1\t-\t-\t1\t1\t1\t0\t0\n",
     "t.tsv:2: neuron is '-': expected the number of a neuron, from 0"},
    {HEADER "step\tz\t0\t1\t1\t0\t-\t1\t1\t1\t0\t\n",
     "t.tsv:2: flips is '': expected a number, or -"},
    {HEADER "step\tz\t0\t1\t1\t0\t-\t1\t1\t1\t0\t 0\n",
     "t.tsv:2: flips is ' 0': expected a number, or -"},
    {HEADER "\x1b[31mstep\tz\t0\t1\t1\t0\t-\t1\t1\t1\t0\t0\n",
     "t.tsv:2: span is '?[31mstep': expected step, epoch or sample"},
    {HEADER GOOD "\n", "t.tsv:3: 1 field: expected 12"},
    {HEADER GOOD HEADER, "t.tsv:3: span is 'span': expected step, epoch or sample"},
    {"{\"span\": \"step\"}\n", "t.tsv:1: not a trace: expected the columns span, kind, epoch, ..."},
    {"span\tkind\tepoch", "t.tsv:1: not a trace: expected the columns span, kind, epoch, ..."},
    {HEADER GOOD "step\tz\t0\t1\t1\t0\t-\t1\t1",
     "t.tsv:3: the line is cut short: the trace was not finished"},
};
enum { N_BAD = sizeof BAD / sizeof BAD[0] };

START_TEST(bad_file_is_one_line)
{
    struct bp_error error = {""};
    FILE *file = fopen(path, "w");
    fputs(BAD[_i].text, file);
    fclose(file);
    n_rows = 0;
    ck_assert_int_eq(bp_trace_read(path, &ALL, NULL, keep_row, &error), BP_EINPUT);
    ck_assert_str_eq(error.text + strlen(folder) + 1, BAD[_i].line);
    ck_assert_uint_eq(n_rows, strstr(BAD[_i].text, GOOD) != NULL);
}
END_TEST

/* Bytes into the file, and the line on reading it. */
static const char *line_on(const void *bytes, size_t n)
{
    static struct bp_error error;
    FILE *file = fopen(path, "w");
    ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
    fclose(file);
    n_rows = 0;
    error.text[0] = '\0';
    const enum bp_status status = bp_trace_read(path, &ALL, NULL, keep_row, &error);
    ck_assert_int_eq(status, error.text[0] == '\0' ? BP_OK : BP_EINPUT);
    return error.text[0] == '\0' ? NULL : error.text + strlen(folder) + 1;
}

START_TEST(wherever_it_is_cut_is_said)
{
    static const char TEXT[] = HEADER GOOD GOOD;
    const size_t header = sizeof HEADER - 1, row = sizeof GOOD - 1;
    for (size_t n = 0; n < sizeof TEXT; n++) {
        const char *line = line_on(TEXT, n);
        const size_t whole = n < header ? 0 : (n - header) / row;
        ck_assert_uint_eq(n_rows, whole);
        if (n >= header && (n - header) % row == 0)
            ck_assert_ptr_null(line);
        else if (n == 0)
            ck_assert_str_eq(line, "t.tsv: empty, not a trace: expected its columns in line 1");
        else if (n < header)
            ck_assert_ptr_nonnull(strstr(line, "t.tsv:1: not a trace: expected the columns "));
        else
            ck_assert_ptr_nonnull(strstr(line, ": the line is cut short: "));
    }
}
END_TEST

START_TEST(bytes_that_are_no_text_are_one_line)
{
    static const char ZERO[] = HEADER "step\tz\0\t0\n";
    char bytes[5000];
    struct bp_rng rng;
    ck_assert_str_eq(line_on(ZERO, sizeof ZERO - 1), "t.tsv:2: a zero byte: expected text");
    bp_rng_seed(&rng, 3);
    for (int turn = 0; turn < 50; turn++) {
        for (size_t k = 0; k < sizeof bytes; k++)
            bytes[k] = (char)bp_rng_below(&rng, 256);
        ck_assert_str_eq(line_on(bytes, sizeof bytes),
                         "t.tsv:1: not a trace: expected the columns span, kind, epoch, ...");
    }
}
END_TEST

/* One byte of a good file is another: read as a trace or refused, never more. */
START_TEST(any_wrong_byte_is_a_row_or_a_line)
{
    char text[] = HEADER GOOD;
    struct bp_rng rng;
    bp_rng_seed(&rng, 4);
    for (int turn = 0; turn < (small_only() ? 200 : 4000); turn++) {
        const size_t at = (size_t)bp_rng_below(&rng, sizeof text - 1);
        const char held = text[at];
        text[at] = (char)bp_rng_below(&rng, 256);
        const char *line = line_on(text, sizeof text - 1);
        ck_assert(line == NULL ? n_rows == 1 : strchr(line, '\n') == NULL);
        text[at] = held;
    }
}
END_TEST

START_TEST(ends_of_lines_may_be_of_another_system)
{
    static const char TEXT[] = "span\tkind\tepoch\tstep\tlayer\tneuron\tsample\tmean\tmean_abs\tmax"
                               "\tzeros\tflips\r\nstep\tdelta\t0\t1\t1\t0\t-\t1\t1\t1\t0\t7\r\n";
    ck_assert_ptr_null(line_on(TEXT, sizeof TEXT - 1));
    ck_assert_uint_eq(n_rows, 1);
    ck_assert_double_eq(rows[0].flips, 7.0);
}
END_TEST

START_TEST(line_without_end_is_refused)
{
    struct bp_error error = {""};
    FILE *file = fopen(path, "w");
    fputs(HEADER, file);
    for (int k = 0; k < 100000; k++)
        fputs("step\t", file);
    fclose(file);
    ck_assert_int_eq(bp_trace_read(path, &ALL, NULL, keep_row, &error), BP_EINPUT);
    ck_assert_ptr_nonnull(strstr(error.text, "t.tsv:2: the line is too long for a trace"));
}
END_TEST

START_TEST(missing_file_and_folder_are_one_line)
{
    struct bp_error error = {""};
    struct bp_trace trace;
    ck_assert_int_eq(bp_trace_read("/nowhere/t.tsv", &ALL, NULL, keep_row, &error), BP_EFILE);
    ck_assert_str_eq(error.text, "/nowhere/t.tsv: cannot be read: No such file or directory");
    ck_assert_int_eq(bp_trace_read(folder, &ALL, NULL, keep_row, &error), BP_EFILE);
    ck_assert_str_eq(error.text + strlen(folder), ": cannot be read: Is a directory");
    ck_assert_int_eq(
        bp_trace_init(&trace, &net, &(struct bp_trace_options){.path = "/nowhere/t.tsv"}, &error),
        BP_EFILE);
    ck_assert_str_eq(error.text, "/nowhere/t.tsv: cannot be written: No such file or directory");
    bp_trace_release(&trace);
}
END_TEST

START_TEST(sample_that_is_not_there_is_one_line)
{
    static const size_t SAMPLE[] = {4};
    struct bp_error error = {""};
    struct bp_trace trace;
    ck_assert_int_eq(
        bp_trace_init(&trace, &net,
                      &(struct bp_trace_options){.data = &data, .n_samples = 1, .sample = SAMPLE},
                      &error),
        BP_EINPUT);
    ck_assert_str_eq(error.text, "trace: sample 4: there are only 4");
}
END_TEST

START_TEST(full_disk_does_not_stop_the_run_and_is_said_at_its_end)
{
    static const size_t EPOCHS[] = {1, 300}; /* lost at the end, and on the way */
    struct bp_trace trace;
    struct bp_error error = {""};
    char beside[128];
    snprintf(beside, sizeof beside, "%s.tmp", path);
    ck_assert_int_eq(symlink("/dev/full", beside), 0);
    ck_assert_int_eq(bp_trace_init(&trace, &net,
                                   &(struct bp_trace_options){.path = path, .every_step = 1}, NULL),
                     BP_OK);
    train(&trace.observer, 1, EPOCHS[_i]);
    ck_assert_int_eq(bp_trace_finish(&trace, &error), BP_EFILE);
    ck_assert_str_eq(error.text + strlen(folder),
                     "/t.tsv: cannot be written: No space left on device");
    bp_trace_release(&trace);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_ne(access(beside, F_OK), 0);
}
END_TEST

START_TEST(killed_half_way_the_last_trace_is_whole)
{
    const struct bp_trace_options options = {.path = path, .every_step = 1};
    char beside[128];
    struct stat about = {0};
    snprintf(beside, sizeof beside, "%s.tmp", path);
    train_traced(&options, 2, 5);
    char *before = text_of(path);
    const pid_t child = fork();
    if (child == 0) {
        train_traced(&options, 1, 100000000);
        _exit(0);
    }
    while (about.st_size == 0) /* until some of it is written */
        if (stat(beside, &about) != 0)
            usleep(1000);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert_int_eq(waitpid(child, NULL, 0), child);
    char *after = text_of(path);
    ck_assert_str_eq(before, after);
    free(after);
    free(before);
    train_traced(&options, 2, 5); /* what is left beside it is in nobody's way */
    read_all(&ALL);
    ck_assert_uint_eq(n_rows, 10 * 12 + 5 * 13);
}
END_TEST

START_TEST(neuron_is_layer_and_number)
{
    struct bp_trace_filter filter = ALL;
    struct bp_error error = {""};
    ck_assert_int_eq(bp_trace_filter_neuron(&filter, "2:13", NULL), BP_OK);
    ck_assert_int_eq(filter.layer, 2);
    ck_assert_int_eq(filter.neuron, 13);
    ck_assert_int_eq(bp_trace_filter_neuron(&filter, "3", NULL), BP_OK);
    ck_assert_int_eq(filter.layer, 3);
    ck_assert_int_eq(filter.neuron, -1);
    static const char *const BAD_NEURON[] = {"",    "0:1", "x",     "1:", "1:-",
                                             "1:x", "-",   "1:2:3", "-1"};
    for (size_t k = 0; k < sizeof BAD_NEURON / sizeof BAD_NEURON[0]; k++)
        ck_assert_int_eq(bp_trace_filter_neuron(&filter, BAD_NEURON[k], &error), BP_EINPUT);
    ck_assert_str_eq(error.text, "neuron '-1': expected LAYER:NEURON such as 1:3, or LAYER");
}
END_TEST

START_TEST(every_failed_allocation_is_said_and_nothing_is_kept)
{
    static const size_t SAMPLE[] = {0}, AT[] = {0};
    const struct bp_trace_options options = {
        .path = path, .data = &data, .n_samples = 1, .sample = SAMPLE, .n_at = 1, .at = AT};
    const size_t held = bp_mem_held();
    for (size_t n = 1;; n++) {
        struct bp_trace trace;
        bp_mem_fail_at(n);
        const enum bp_status status = bp_trace_init(&trace, &net, &options, NULL);
        const bool reached = bp_mem_tried() >= n;
        bp_mem_fail_at(0);
        ck_assert_int_eq(status, reached ? BP_ENOMEM : BP_OK);
        bp_trace_release(&trace);
        ck_assert_uint_eq(bp_mem_held(), held);
        if (!reached)
            break;
    }
}
END_TEST

/* ---- numbers ----------------------------------------------------------------- */

static struct bp_numbers numbers;

static void assert_as_printf(double value)
{
    char text[2 * BP_NUMBER_ROOM], expected[BP_NUMBER_ROOM];
    *bp_number_put(text, value, &numbers) = '\0';
    snprintf(expected, sizeof expected, isnan(value) ? "nan" : "%.5e", value);
    ck_assert_str_eq(text, value == 0.0 ? "0" : expected);
}

START_TEST(fast_numbers_are_those_of_printf)
{
    const int n = small_only() ? 5000 : 500000;
    struct bp_rng rng;
    bp_numbers_init(&numbers);
    bp_rng_seed(&rng, 1);
    for (int k = 0; k < n; k++) {
        const uint64_t bits = bp_rng_next(&rng);
        const int power = (int)bp_rng_below(&rng, 80) - 60;
        double any;
        memcpy(&any, &bits, sizeof any);
        assert_as_printf(any); /* subnormal, infinite, nan too */
        assert_as_printf(ldexp(bp_rng_normal(&rng), power));
    }
}
END_TEST

/* Where six digits end in a half, and where they become a digit more. */
START_TEST(fast_numbers_round_as_printf_does)
{
    struct bp_rng rng;
    bp_numbers_init(&numbers);
    bp_rng_seed(&rng, 2);
    for (int k = 0; k < (small_only() ? 2000 : 200000); k++) {
        const double half = 100000.5 + (double)bp_rng_below(&rng, 900000);
        assert_as_printf(ldexp(half, -(int)bp_rng_below(&rng, 3)));
    }
    for (int ten = -120; ten <= 120; ten++) {
        char text[32];
        snprintf(text, sizeof text, "9.999995e%d", ten);
        const double edge = strtod(text, NULL);
        assert_as_printf(edge);
        assert_as_printf(nextafter(edge, 0.0));
        assert_as_printf(-nextafter(edge, INFINITY));
        snprintf(text, sizeof text, "1e%d", ten);
        assert_as_printf(strtod(text, NULL));
        assert_as_printf(nextafter(strtod(text, NULL), 0.0));
    }
}
END_TEST

START_TEST(special_numbers_are_written_as_they_are_read)
{
    static const struct {
        double value;
        const char *text;
    } CASE[] = {{0.0, "0"},
                {-0.0, "0"},
                {NAN, "nan"},
                {INFINITY, "inf"},
                {-INFINITY, "-inf"},
                {1.0, "1.00000e+00"},
                {-0.1, "-1.00000e-01"},
                {999999.5, "1.00000e+06"},
                {9.999999e-5, "1.00000e-04"},
                {123456789.0, "1.23457e+08"},
                {1e100, "1.00000e+100"},
                {5e-324, "4.94066e-324"},
                {1.7976931348623157e308, "1.79769e+308"}};
    char text[3 * BP_NUMBER_ROOM];
    bp_numbers_init(&numbers);
    for (size_t k = 0; k < sizeof CASE / sizeof CASE[0]; k++) {
        *bp_number_put(text, CASE[k].value, &numbers) = '\0';
        ck_assert_str_eq(text, CASE[k].text);
    }
    *bp_number_put_count(text, 1234567890) = '\0';
    ck_assert_str_eq(text, "1234567890");
    *bp_number_put_row(text, 3, (const double[]){0.5, 0.0, -2.0}, &numbers) = '\0';
    ck_assert_str_eq(text, "5.00000e-01\t0\t-2.00000e+00\t");
}
END_TEST

/* ---- worksheet --------------------------------------------------------------- */

enum { SHEET_NEURONS = 5 };

static char *worksheet_of(const struct bp_mlp *of, const double *x, const double *t)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    ck_assert_int_eq(bp_worksheet_print(out, of, x, t, SHEET_NEURONS), BP_OK);
    fclose(out);
    return text;
}

START_TEST(worksheet_has_the_figures_worked_out_by_hand)
{
    static const char *const LINE[] = {
        "  neuron 1:0  z = 0*0.5 + 0*-0.25 + 0.1 = 0.1, a = sigmoid(0.1) = 0.52497919\n",
        "  neuron 1:0  z = 0*0.5 + 1*-0.25 + 0.1 = -0.15, a = sigmoid(-0.15) = 0.46257015\n",
        "  neuron 1:0  z = 1*0.5 + 0*-0.25 + 0.1 = 0.6, a = sigmoid(0.6) = 0.64565631\n",
        "  neuron 1:0  z = 1*0.5 + 1*-0.25 + 0.1 = 0.35, a = sigmoid(0.35) = 0.58661758\n"};
    struct bp_spec spec;
    struct bp_mlp one;
    ck_assert_int_eq(bp_spec_parse(&spec, "2-1 sigmoid squared-error", NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&one, &spec), BP_OK);
    memcpy(one.theta, (double[]){0.5, -0.25, 0.1}, 3 * sizeof(double));
    for (size_t s = 0; s < 4; s++) {
        char *text = worksheet_of(&one, data.x + 2 * s, NULL);
        ck_assert_str_eq(strchr(text, '\n') + 1, LINE[s]);
        free(text);
    }
    bp_mlp_release(&one);
    bp_spec_release(&spec);
}
END_TEST

START_TEST(worksheet_goes_back_too)
{
    struct bp_spec spec;
    struct bp_mlp two;
    ck_assert_int_eq(bp_spec_parse(&spec, "2-2-1 sigmoid squared-error", NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&two, &spec), BP_OK);
    memcpy(two.theta, (double[]){0.5, -0.25, 1.0, -1.0, 0.1, 0.0, 2.0, -1.0, 0.25},
           9 * sizeof(double));
    char *text = worksheet_of(&two, (const double[]){1.0, 1.0}, (const double[]){1.0});
    if (getenv("SHOW") != NULL)
        fprintf(stderr, "%s", text);
    /* z2 = 2*0.586618 - 0.5 + 0.25 = 0.923235, a2 = 0.715695; (a - 1) a (1 - a) = -0.0578498 */
    ck_assert_ptr_nonnull(strstr(text, "a = sigmoid(0.92323516) = 0.71570"));
    ck_assert_ptr_nonnull(strstr(text, "loss (squared-error): 0.04041"));
    ck_assert_ptr_nonnull(strstr(text, "target 1, dL/da = -0.284299,"));
    ck_assert_ptr_nonnull(strstr(text, "  neuron 1:1  e = -0.0578"));
    free(text);
    bp_mlp_release(&two);
    bp_spec_release(&spec);
}
END_TEST

START_TEST(long_sums_are_cut_to_their_largest_terms)
{
    struct bp_spec spec;
    struct bp_mlp wide;
    double x[100];
    ck_assert_int_eq(bp_spec_parse(&spec, "100-1 identity squared-error", NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&wide, &spec), BP_OK);
    for (int k = 0; k < 100; k++) {
        x[k] = 1.0;
        wide.theta[k] = k % 10 == 3 ? k : 0.5;
    }
    char *text = worksheet_of(&wide, x, NULL);
    ck_assert_ptr_nonnull(strstr(text, "z = 1*23 + 1*33 + 1*43 + 1*53 + 1*63 + 1*73 + 1*83 +"));
    ck_assert_ptr_nonnull(strstr(text, "(92 smaller terms)"));
    ck_assert_ptr_nonnull(strstr(text, " = 525,"));
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
        ck_assert_uint_le(strcspn(line, "\n"), 80);
    free(text);
    bp_mlp_release(&wide);
    bp_spec_release(&spec);
}
END_TEST

START_TEST(neurons_beyond_the_most_asked_for_are_counted)
{
    struct bp_spec spec;
    struct bp_mlp wide;
    ck_assert_int_eq(bp_spec_parse(&spec, "2-9-6 tanh squared-error", NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&wide, &spec), BP_OK);
    char *text =
        worksheet_of(&wide, (const double[]){1.0, 2.0}, (const double[]){1, 0, 0, 0, 0, 0});
    ck_assert_ptr_nonnull(strstr(text, "  neuron 1:4  z ="));
    ck_assert_ptr_null(strstr(text, "neuron 1:5"));
    ck_assert_ptr_nonnull(strstr(text, "  and 4 more neurons of layer 1\n  neuron 2:0  z ="));
    ck_assert_ptr_nonnull(strstr(text, "  and 1 more neuron of layer 2\nloss"));
    ck_assert_ptr_nonnull(strstr(text, "  and 1 more neuron of layer 2\n  neuron 1:0  e ="));
    free(text);
    bp_mlp_release(&wide);
    bp_spec_release(&spec);
}
END_TEST

Suite *trace_suite(void);
Suite *trace_suite(void)
{
    Suite *suite = suite_create("trace");
    TCase *tcase = tcase_create("trace");
    tcase_add_checked_fixture(tcase, set_up, tear_down);
    tcase_add_test(tcase, statistics_of_an_epoch_are_those_of_its_samples);
    tcase_add_test(tcase, flips_count_changes_of_sign_from_step_to_step);
    tcase_add_test(tcase, nan_is_not_lost_in_a_mean);
    tcase_add_test(tcase, training_with_every_look_ends_in_the_same_bits);
    tcase_add_test(tcase, file_reads_back_row_by_row);
    tcase_add_test(tcase, rows_of_a_step_are_the_statistics_in_six_digits);
    tcase_add_test(tcase, sample_in_full_is_what_the_pass_computes);
    tcase_add_test(tcase, only_the_kinds_asked_for_are_written);
    tcase_add_test(tcase, table_of_a_trace_fits_80_columns);
    tcase_add_test(tcase, neurons_beyond_the_most_asked_for_are_counted);
    tcase_add_loop_test(tcase, bad_file_is_one_line, 0, N_BAD);
    tcase_add_test(tcase, wherever_it_is_cut_is_said);
    tcase_add_test(tcase, bytes_that_are_no_text_are_one_line);
    tcase_add_test(tcase, any_wrong_byte_is_a_row_or_a_line);
    tcase_add_test(tcase, ends_of_lines_may_be_of_another_system);
    tcase_add_test(tcase, line_without_end_is_refused);
    tcase_add_test(tcase, missing_file_and_folder_are_one_line);
    tcase_add_test(tcase, sample_that_is_not_there_is_one_line);
    tcase_add_loop_test(tcase, full_disk_does_not_stop_the_run_and_is_said_at_its_end, 0, 2);
    tcase_add_test(tcase, killed_half_way_the_last_trace_is_whole);
    tcase_add_test(tcase, neuron_is_layer_and_number);
    tcase_add_test(tcase, every_failed_allocation_is_said_and_nothing_is_kept);
    tcase_add_test(tcase, fast_numbers_are_those_of_printf);
    tcase_add_test(tcase, fast_numbers_round_as_printf_does);
    tcase_add_test(tcase, special_numbers_are_written_as_they_are_read);
    tcase_add_test(tcase, worksheet_has_the_figures_worked_out_by_hand);
    tcase_add_test(tcase, worksheet_goes_back_too);
    tcase_add_test(tcase, long_sums_are_cut_to_their_largest_terms);
    suite_add_tcase(suite, tcase);
    return suite;
}
