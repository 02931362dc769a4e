/* process.h -- a child process that is asked questions: a line in, a line out.
 *
 * No shell is involved. The child's standard error is read all the while (so that
 * it never blocks), handed on, and its end is kept for the case that something
 * goes wrong. Whatever the child does (nothing at all, too much, half a line,
 * exit, crash), bp_process_ask() comes back within the time limit and says what.
 */
#ifndef BP_PROCESS_H
#define BP_PROCESS_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

enum { BP_PROCESS_TAIL = 2048 };

struct bp_process {
    pid_t pid;          /* 0: none */
    int to, from, chat; /* its standard input, output and error; -1: closed */
    FILE *echo;         /* borrowed: where its standard error goes, or NULL */
    char *buffer;       /* owned: what it wrote and nobody took yet */
    size_t n, room, taken;
    size_t searched;            /* bytes of it that are known to hold no end of line */
    char tail[BP_PROCESS_TAIL]; /* the end of its standard error */
    size_t n_tail;
    bool ended; /* it was waited for, with this result */
    int result;
};

/* What became of a question. */
enum bp_reply {
    BP_REPLY_LINE,       /* answered */
    BP_REPLY_SILENCE,    /* nothing within the time */
    BP_REPLY_HALF,       /* a line without its end within the time */
    BP_REPLY_FLOOD,      /* more bytes than an answer can have, and no end of line */
    BP_REPLY_EXIT,       /* it ended (result says how) */
    BP_REPLY_CLOSED_IN,  /* it closed its standard input, and lives */
    BP_REPLY_CLOSED_OUT, /* ... its standard output */
    BP_REPLY_NO_MEMORY
};

/* Splits a command into words at blanks, with '...', "..." and \. words[n] is NULL;
 * release with bp_mem_free() (one block). BP_EINPUT: no word, or a quote that is
 * not closed. BP_ENOMEM. */
enum bp_status bp_process_split(const char *command, char ***words, size_t *n,
                                struct bp_error *error);

/* Starts words[0] ... in the environment plus BACKPROBE=1. BP_ESUBJECT: it cannot
 * be started, and why. */
enum bp_status bp_process_start(struct bp_process *process, char *const *words, FILE *echo,
                                struct bp_error *error);

/* The same with a function of ours, which reads descriptor in and writes out; what
 * it returns is the exit status. Call it before threads are started. */
enum bp_status bp_process_start_function(struct bp_process *process,
                                         int (*run)(void *self, int in, int out), void *self,
                                         FILE *echo, struct bp_error *error);

/* Sends n bytes and waits up to seconds for a line of up to limit bytes. *line is
 * good until the next call, without its end. */
enum bp_reply bp_process_ask(struct bp_process *process, const char *bytes, size_t n,
                             double seconds, size_t limit, const char **line, size_t *length);

/* Bytes that came without an end of line, for BP_REPLY_HALF and _FLOOD. */
const char *bp_process_rest(const struct bp_process *process, size_t *n);

/* "exited with status 3", "was killed by signal 11 (Segmentation fault)" */
void bp_process_end_text(const struct bp_process *process, char *text, size_t size);

/* The last lines of its standard error in one line: "a | b"; "" where there are none. */
void bp_process_tail_text(const struct bp_process *process, size_t lines, char *text, size_t size);

/* Closes its standard input, gives it patience seconds to exit, then terminates,
 * then kills it. Accepts one that was never started. */
void bp_process_stop(struct bp_process *process, double patience);

#endif
