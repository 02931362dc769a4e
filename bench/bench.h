/* bench.h -- how fast is it, beside what else there is?
 *
 * A job is anything that can be run once and says how many seconds that took. Two
 * jobs are set side by side by running them in turn, one thread each, by the
 * processor time that they take; what is told is the ratio of their medians, which
 * holds on a busy machine where seconds do not. A row is such
 * a number with its goal, on the screen and in out/bench.tsv.
 *
 * Measuring never fails a build: a peer that is not installed is a line that says so.
 */
#ifndef BENCH_H
#define BENCH_H

#include "core/mlp.h"
#include "diag/numdiff.h"

#include <stdbool.h>
#include <stdio.h>

struct bench_job {
    double (*seconds)(void *self); /* runs once; negative: it could not */
    void *self;
};

/* Seconds of processor time that this process took: others on the machine do not count. */
double bench_now(void);

/* median(a) / median(b) over `turns` turns of one run each; NaN when one could not. */
double bench_ratio(const struct bench_job *a, const struct bench_job *b, int turns);

/* Median seconds of `turns` runs. */
double bench_median(const struct bench_job *job, int turns);

/* A row of the table; sense is ">=" or "<=". Not written when value is NaN. */
void bench_row(const char *name, double value, const char *sense, double goal);

/* A number beside the rows that has no goal: on the screen alone. */
void bench_further(const char *name, double value);

/* A line on the screen that is no row. */
void bench_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- a network on digits -------------------------------------------------- */

struct bench_net {
    struct bp_mlp net;
    struct bp_pass pass;
    double *x, *t; /* owned: n digits */
    size_t n;
    struct bp_loss_at at;
};

/* "784-30-10 sigmoid squared-error", Glorot start, n digits (MNIST's where it is at
 * hand, drawn ones otherwise). Ends the program when it cannot. */
void bench_net_init(struct bench_net *b, const char *text, size_t n);
/* The same with random inputs, four of five 0. */
void bench_net_of_noise(struct bench_net *b, const char *text, size_t n);
void bench_net_release(struct bench_net *b);

/* Jobs: self is a struct bench_net (backprop) or a struct bench_tier. */
double bench_backprop(void *self);

struct bench_tier {
    struct bench_net *b;
    enum bp_tier_id tier;
    size_t sample; /* measure this many parameters and scale; 0: all */
    bool deltas;
};
double bench_run_tier(void *self);

/* ---- a program beside ours ------------------------------------------------ */

/* A peer is a process that prints its name and version, then answers each line "job
 * arguments" with the seconds that it took. */
struct bench_peer {
    int pid; /* 0: not there */
    FILE *to, *from;
    char version[128];
};

/* command[0] is looked for in PATH; false, with a note, when it is not there or does
 * not get as far as its first line. */
bool bench_peer_open(struct bench_peer *peer, const char *what, const char *const *command);
void bench_peer_close(struct bench_peer *peer);

struct bench_asked {
    struct bench_peer *peer;
    const char *question; /* "gradcheck-full 784 30 10 10" */
};
double bench_ask(void *self); /* self: a struct bench_asked */

/* The two peers in Python, and those built beside this program. */
bool bench_open_python(struct bench_peer *peer, const char *what, const char *script);
bool bench_open_built(struct bench_peer *peer, const char *what, const char *name);

/* ---- groups of rows ------------------------------------------------------- */

void bench_tiers(void);
void bench_training(void);
void bench_locating(void);
void bench_growth(void);

#endif
