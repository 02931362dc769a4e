/* harness.c -- jobs in turn, medians, rows, and the network that most jobs need. */
#include "bench/bench.h"

#include "core/dataset_open.h"
#include "core/init.h"
#include "core/mem.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TURNS_MOST = 64 };

double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *x, int n)
{
    qsort(x, (size_t)n, sizeof *x, ascending);
    return n % 2 == 1 ? x[n / 2] : 0.5 * (x[n / 2 - 1] + x[n / 2]);
}

double bench_ratio(const struct bench_job *a, const struct bench_job *b, int turns)
{
    double first[TURNS_MOST], second[TURNS_MOST];
    turns = turns < TURNS_MOST ? turns : TURNS_MOST;
    for (int k = 0; k < turns; k++) {
        first[k] = a->seconds(a->self);
        second[k] = b->seconds(b->self);
        if (first[k] < 0.0 || second[k] < 0.0)
            return NAN;
    }
    return median(first, turns) / median(second, turns);
}

double bench_median(const struct bench_job *job, int turns)
{
    double seconds[TURNS_MOST];
    turns = turns < TURNS_MOST ? turns : TURNS_MOST;
    for (int k = 0; k < turns; k++)
        seconds[k] = job->seconds(job->self);
    return median(seconds, turns);
}

/* ---- the table ------------------------------------------------------------ */

void bench_row(const char *name, double value, const char *sense, double goal)
{
    if (!isfinite(value))
        return;
    const bool met = sense[0] == '>' ? value >= goal : value <= goal;
    printf("  %-44s %10.4g   %s %-8g %s\n", name, value, sense, goal, met ? "" : "missed");
    fflush(stdout);
    FILE *file = fopen("out/bench.tsv.tmp", "a");
    if (file == NULL)
        return;
    fprintf(file, "%s\t%.4g\t%s\t%g\n", name, value, sense, goal);
    fclose(file);
}

void bench_further(const char *name, double value)
{
    if (isfinite(value))
        bench_note("  %-44s %10.4g   (no goal)", name, value);
}

void bench_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

/* ---- the network ---------------------------------------------------------- */

static void die(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(2);
}

static void make_room(struct bench_net *b)
{
    const struct bp_spec *spec = &b->net.spec;
    b->x = bp_mem_new(b->n * spec->layer[0].width, sizeof(double));
    b->t = bp_mem_new(b->n * spec->layer[spec->layers].width, sizeof(double));
    if (b->x == NULL || b->t == NULL)
        die("out of memory");
}

static void read_digits(struct bench_net *b)
{
    struct bp_dataset_request request = {.name = "mnist", .train = b->n, .test = 1};
    struct bp_dataset_pair pair;
    struct bp_error error;
    if (bp_dataset_open(&pair, &request, &error) != BP_OK)
        die(error.text);
    const struct bp_spec *spec = &b->net.spec;
    const size_t in = spec->layer[0].width, out = spec->layer[spec->layers].width;
    if (pair.train.n_in != in || pair.train.n_out != out)
        die("the network does not fit digits");
    memcpy(b->x, pair.train.x, b->n * in * sizeof(double));
    memcpy(b->t, pair.train.t, b->n * out * sizeof(double));
    static bool told;
    if (!told)
        bench_note("data: %s%s%s", pair.train.source, pair.note[0] == '\0' ? "" : "; ", pair.note);
    told = true;
    bp_dataset_close(&pair);
}

static void read_noise(struct bench_net *b)
{
    const struct bp_spec *spec = &b->net.spec;
    const size_t in = spec->layer[0].width, out = spec->layer[spec->layers].width;
    struct bp_rng rng;
    bp_rng_seed(&rng, 2);
    for (size_t k = 0; k < b->n * in; k++)
        b->x[k] = bp_rng_below(&rng, 5) == 0 ? bp_rng_unit(&rng) : 0.0;
    for (size_t s = 0; s < b->n; s++)
        b->t[s * out + bp_rng_below(&rng, out)] = 1.0;
}

static void make_net(struct bench_net *b, const char *text, size_t n)
{
    struct bp_spec spec;
    struct bp_error error;
    *b = (struct bench_net){.n = n};
    if (bp_spec_parse(&spec, text, &error) != BP_OK)
        die(error.text);
    if (bp_mlp_init(&b->net, &spec) != BP_OK || bp_pass_init(&b->pass, &b->net, n) != BP_OK)
        die("out of memory");
    bp_spec_release(&spec);
    const struct bp_init init = {.weights = {.scheme = BP_INIT_GLOROT}, .seed = 1};
    bp_init_run(&init, &b->net);
    make_room(b);
    b->at = (struct bp_loss_at){.net = &b->net, .n = n, .x = b->x, .t = b->t};
}

void bench_net_init(struct bench_net *b, const char *text, size_t n)
{
    make_net(b, text, n);
    read_digits(b);
}

void bench_net_of_noise(struct bench_net *b, const char *text, size_t n)
{
    make_net(b, text, n);
    read_noise(b);
}

void bench_net_release(struct bench_net *b)
{
    bp_pass_release(&b->pass);
    bp_mlp_release(&b->net);
    bp_mem_free(b->x);
    bp_mem_free(b->t);
    *b = (struct bench_net){0};
}

double bench_backprop(void *self)
{
    struct bench_net *b = self;
    enum { TIMES = 8 };
    const double start = bench_now();
    for (int k = 0; k < TIMES; k++) {
        bp_pass_forward(&b->pass, b->n, b->x);
        bp_pass_backward(&b->pass, b->t);
    }
    return (bench_now() - start) / TIMES;
}

/* A sample is taken from the middle of the parameters: naive's work does not depend on
 * which. */
double bench_run_tier(void *self)
{
    const struct bench_tier *job = self;
    const size_t all = job->b->net.n_theta;
    const bool part = job->sample > 0 && job->sample < all;
    const struct bp_numdiff_options options = {.tier = job->tier,
                                               .no_deltas = !job->deltas,
                                               .first = part ? (all - job->sample) / 2 : 0,
                                               .count = part ? job->sample : 0};
    struct bp_numdiff d;
    const double start = bench_now();
    if (bp_numdiff_run(&d, &job->b->at, &options, NULL) != BP_OK)
        return -1.0;
    const double seconds = bench_now() - start;
    bp_numdiff_release(&d);
    return part ? seconds * (double)all / (double)job->sample : seconds;
}
