/* pipe.h -- a program in any language as a subject: one line of JSON in, one line
 * out, on its standard input and output (docs/protocol.md).
 *
 * Cost beside the program's own: one line each way, numbers as base64 where the
 * program takes it. Every call has a time limit. When a call fails, complaint()
 * says what the program did, which request it was answering, and its last lines
 * on standard error; the program is then given up, and every later call fails with
 * the same words.
 */
#ifndef BP_PIPE_H
#define BP_PIPE_H

#include "backprobe.h"
#include "core/status.h"
#include "diag/process.h"
#include "diag/wire.h"

#define BP_PIPE_TIMEOUT                                                                            \
    10.0 /* seconds a call; the first one, with the start of an interpreter,                       \
            gets three times that */

struct bp_pipe {
    struct bp_subject subject; /* what it says it is; self points here: do not move */
    struct bp_process process;
    double timeout;
    bool base64;      /* it wants arrays so */
    bool fills;       /* it has gradient arrays in place: send it 'fill' */
    bool broken;      /* given up; complaint says why */
    unsigned long id; /* of the last request */
    struct bp_message request;
    char *name; /* owned, as are: */
    char *network;
    struct bp_array *arrays;
    double *theta;
    double *x, *t;
    struct bp_batch data;
    char complaint[BP_ERROR_MAX];
    /* called after each answer; NULL: nobody looks on */
    void (*watch)(void *watcher, unsigned long calls);
    void *watcher; /* borrowed */
};

/* Starts the command and shakes hands. timeout 0: BP_PIPE_TIMEOUT. echo: where its
 * standard error goes, or NULL. BP_ESUBJECT says what went wrong; pipe is then
 * empty. */
enum bp_status bp_pipe_open(struct bp_pipe *pipe, const char *command, double timeout, FILE *echo,
                            struct bp_error *error);

/* The same with a function of ours in a child process (bp_process_start_function). */
enum bp_status bp_pipe_open_function(struct bp_pipe *pipe, const char *name,
                                     int (*run)(void *self, int in, int out), void *self,
                                     double timeout, FILE *echo, struct bp_error *error);

/* Accepts an empty one. */
void bp_pipe_close(struct bp_pipe *pipe);

/* ---- between pipe.c and hello.c ------------------------------------------------- */

/* Fills subject from the answer to hello; false leaves words in complaint. */
bool bp_pipe_take_hello(struct bp_pipe *pipe, const json_t *answer);
/* Writes complaint and returns false. */
bool bp_pipe_complain(struct bp_pipe *pipe, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
