/* bench_growth.c -- how do time and memory of the node tier grow with the parameters P and
 * the samples N?
 *
 * Memory is the growth of the largest resident set of a child process that does
 * nothing else; exponents are slopes of least squares in logarithms. Time and
 * memory are O(P) for N fixed, and O(N) for P fixed: an exponent of 1, and a little for
 * caches that are left.
 */
#include "bench/bench.h"

#include <malloc.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POINTS = 4 };

struct measure {
    double seconds, bytes;
};

/* A number of /proc/self/status, in bytes. */
static double status_of(const char *key)
{
    char line[256];
    double kilobytes = NAN;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, (int)sizeof line, file) != NULL)
        if (strncmp(line, key, strlen(key)) == 0)
            kilobytes = strtod(line + strlen(key), NULL);
    if (file != NULL)
        fclose(file);
    return 1024.0 * kilobytes;
}

/* What was freed goes back, and the largest so far is forgotten: it was another's. */
static void forget(void)
{
    malloc_trim(0);
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file != NULL) {
        fputs("5", file);
        fclose(file);
    }
}

static struct measure in_this_process(const char *text, size_t n)
{
    struct bench_net b;
    struct measure m;
    bench_net_of_noise(&b, text, n); /* reading digits leaves memory behind that is used again */
    struct bench_tier tier = {.b = &b, .tier = BP_TIER_NODE, .deltas = true};
    forget();
    const double before = status_of("VmRSS:");
    m.seconds = bench_run_tier(&tier);
    m.bytes = status_of("VmHWM:") - before;
    for (int k = 0; k < 4; k++)
        m.seconds = fmin(m.seconds, bench_run_tier(&tier));
    return m;
}

/* In a child, so that memory of an earlier one does not count. */
static struct measure measure(const char *text, size_t n)
{
    struct measure m = {NAN, NAN};
    int ends[2];
    if (pipe(ends) != 0)
        return m;
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        m = in_this_process(text, n);
        const ssize_t written = write(ends[1], &m, sizeof m);
        _exit(written == (ssize_t)sizeof m ? 0 : 1);
    }
    close(ends[1]);
    if (read(ends[0], &m, sizeof m) != (ssize_t)sizeof m)
        m.seconds = m.bytes = NAN;
    close(ends[0]);
    waitpid(child, NULL, 0);
    return m;
}

static double exponent(const double *x, const double *y)
{
    double mx = 0.0, my = 0.0, xy = 0.0, xx = 0.0;
    for (int k = 0; k < POINTS; k++) {
        mx += log(x[k]) / POINTS;
        my += log(y[k]) / POINTS;
    }
    for (int k = 0; k < POINTS; k++) {
        xy += (log(x[k]) - mx) * (log(y[k]) - my);
        xx += (log(x[k]) - mx) * (log(x[k]) - mx);
    }
    return xy / xx;
}

struct series {
    const char *network[POINTS];
    size_t n[POINTS];
    bool of_n; /* along N, else along P */
};

static size_t parameters_of(const char *text)
{
    struct bp_spec spec;
    size_t count = 0;
    if (bp_spec_parse(&spec, text, NULL) == BP_OK) {
        count = bp_spec_parameters(&spec);
        bp_spec_release(&spec);
    }
    return count;
}

/* Exponents of time and of memory. */
static struct measure grow(const struct series *series)
{
    double x[POINTS], seconds[POINTS], bytes[POINTS];
    for (int k = 0; k < POINTS; k++) {
        const struct measure m = measure(series->network[k], series->n[k]);
        const size_t p = parameters_of(series->network[k]);
        x[k] = (double)(series->of_n ? series->n[k] : p);
        seconds[k] = m.seconds;
        bytes[k] = m.bytes;
        bench_note("    P = %-9zu N = %-6zu %8.3g s  %8.3g MB", p, series->n[k], m.seconds,
                   m.bytes / 1e6);
    }
    return (struct measure){exponent(x, seconds), exponent(x, bytes)};
}

#define NODES(hidden) "784-" #hidden "-10 sigmoid squared-error"

/* Time along P while the parameters are in the cache: beyond it they cost more each. */
void bench_growth(void)
{
    static const struct series TIME_P = {
        {NODES(16), NODES(32), NODES(64), NODES(128)}, {100, 100, 100, 100}, false};
    static const struct series MEMORY_P = {
        {NODES(500), NODES(1000), NODES(2000), NODES(4000)}, {20, 20, 20, 20}, false};
    static const struct series ALONG_N = {
        {NODES(300), NODES(300), NODES(300), NODES(300)}, {500, 1000, 2000, 4000}, true};
    bench_row("node_time_exponent_of_P", grow(&TIME_P).seconds, "<=", 1.2);
    bench_row("node_memory_exponent_of_P", grow(&MEMORY_P).bytes, "<=", 1.1);
    const struct measure n = grow(&ALONG_N);
    bench_row("node_time_exponent_of_N", n.seconds, "<=", 1.2);
    bench_row("node_memory_exponent_of_N", n.bytes, "<=", 1.1);
}
