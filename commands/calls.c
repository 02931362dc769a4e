/* calls.c -- one line of progress, rewritten five times a second at most. */
#include "commands/calls.h"

#include "commands/command.h"

#include <time.h>
#include <unistd.h>

static const double SILENT = 1.0, BETWEEN = 0.2; /* seconds */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void see(void *self, unsigned long answered)
{
    struct bp_calls *calls = self;
    const double t = now(), passed = t - calls->began;
    if (passed < SILENT || t - calls->shown < BETWEEN)
        return;
    bp_command_progress(calls->terminal, "%s: %lu calls answered, %.*f calls/s, %.0f s so far",
                        calls->what, answered, (double)answered < 9.95 * passed ? 1 : 0,
                        (double)answered / passed, passed);
    calls->shown = t;
    calls->line = true;
}

void bp_calls_begin(struct bp_calls *calls, const char *what, bool quiet, struct bp_pipe *pipe)
{
    *calls = (struct bp_calls){.what = what, .began = now()};
    if (quiet || !isatty(STDERR_FILENO))
        return;
    calls->terminal = stderr;
    pipe->watch = see;
    pipe->watcher = calls;
}

void bp_calls_clear(void *self)
{
    struct bp_calls *calls = self;
    if (!calls->line)
        return;
    fputs("\r\033[K", calls->terminal);
    fflush(calls->terminal);
    calls->line = false;
}
