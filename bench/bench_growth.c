/* bench_growth.c -- how do time and memory of the node tier grow with the parameters P and
 * the samples N?
 *
 * Memory is the growth of the largest resident set of a child process that does
 * nothing else; exponents are slopes of least squares in logarithms. Time and
 * memory are O(P) for N fixed, and O(N) for P fixed: an exponent of 1, and a little for
 * caches that are left.
 */
#include "bench/bench.h"

#include <math.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { POINTS = 4 };

struct measure {
    double seconds, bytes;
};

static double resident(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return 1024.0 * (double)usage.ru_maxrss;
}

static struct measure in_this_process(const char *text, size_t n)
{
    struct bench_net b;
    struct measure m;
    bench_net_of_noise(&b, text, n); /* reading digits leaves memory behind that is used again */
    struct bench_tier tier = {.b = &b, .tier = BP_TIER_NODE, .deltas = true};
    const double before = resident();
    m.seconds = bench_run_tier(&tier);
    m.bytes = resident() - before;
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

void bench_growth(void)
{
    static const char *const NETWORK[POINTS] = {
        "784-500-10 sigmoid squared-error", "784-1000-10 sigmoid squared-error",
        "784-2000-10 sigmoid squared-error", "784-4000-10 sigmoid squared-error"};
    static const size_t SAMPLES[POINTS] = {500, 1000, 2000, 4000};
    double p[POINTS], n[POINTS], seconds[POINTS], bytes[POINTS];
    for (int k = 0; k < POINTS; k++) {
        const struct measure m = measure(NETWORK[k], 20);
        p[k] = 500.0 * (double)(1 << k) * 795.0 + 10.0;
        seconds[k] = m.seconds;
        bytes[k] = m.bytes;
        bench_note("    P = %-9.0f N = 20     %8.3g s  %8.3g MB", p[k], m.seconds, m.bytes / 1e6);
    }
    bench_row("node_time_exponent_of_P", exponent(p, seconds), "<=", 1.2);
    bench_row("node_memory_exponent_of_P", exponent(p, bytes), "<=", 1.1);
    for (int k = 0; k < POINTS; k++) {
        const struct measure m = measure("784-300-10 sigmoid squared-error", SAMPLES[k]);
        n[k] = (double)SAMPLES[k];
        seconds[k] = m.seconds;
        bytes[k] = m.bytes;
        bench_note("    P = 238510    N = %-6.0f %8.3g s  %8.3g MB", n[k], m.seconds,
                   m.bytes / 1e6);
    }
    bench_row("node_time_exponent_of_N", exponent(n, seconds), "<=", 1.2);
    bench_row("node_memory_exponent_of_N", exponent(n, bytes), "<=", 1.1);
}
