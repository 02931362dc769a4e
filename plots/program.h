/* program.h -- what does a program answer to this text, and does it end in time?
 *
 * The program is started without a shell, in a process group of its own, with
 * its input on a socket (so that writing to one that died is an error that we
 * see, and no SIGPIPE) and its output and errors on pipes. Input is written
 * and both outputs are read in one poll() loop, so neither side can block the
 * other. When the time limit passes, the whole group is killed.
 *
 * It is over when the program itself has ended: a window that gnuplot leaves
 * behind keeps our pipes open, and is not waited for.
 */
#ifndef BP_PROGRAM_H
#define BP_PROGRAM_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { BP_PROGRAM_OUTPUT_MAX = 64 << 20, BP_PROGRAM_ERRORS_MAX = 4096 };

/* What it said. Both texts end with 0; errors beyond BP_PROGRAM_ERRORS_MAX are
 * dropped, output beyond BP_PROGRAM_OUTPUT_MAX is BP_ENOMEM. */
struct bp_program_answer {
    char *output; /* owned */
    size_t output_n;
    char errors[BP_PROGRAM_ERRORS_MAX];
    bool hung;  /* killed at the time limit */
    int status; /* as from waitpid() */
};

void bp_program_answer_release(struct bp_program_answer *answer);

/* Runs argv[0] (looked for on PATH unless it has a slash) with n bytes of
 * input. BP_EFILE: it cannot be started; BP_ENOMEM. A bad end of the program
 * is data in the answer, under BP_OK. */
enum bp_status bp_program_run(struct bp_program_answer *answer, const char *const argv[],
                              const char *input, size_t n, int limit_ms, struct bp_error *error);

/* A program that stays: input only, its output goes to /dev/null. */
struct bp_program {
    pid_t pid; /* 0: none */
    int in;
};

enum bp_status bp_program_open(struct bp_program *to, const char *const argv[],
                               struct bp_error *error);

/* Sends all n bytes. BP_EFILE when the program is gone or takes no more for limit_ms. */
enum bp_status bp_program_send(struct bp_program *to, const char *input, size_t n, int limit_ms);

/* Whether it has not read all that was sent. */
bool bp_program_busy(const struct bp_program *to);

/* Ends the input, waits up to limit_ms for the program, then kills it. Returns how it
 * ended, as from waitpid(). Accepts {0}: 0. */
int bp_program_close(struct bp_program *to, int limit_ms);

#endif
