/* sharedobject.h -- a shared object that exports
 *
 *     int backprobe_subject(struct bp_subject *subject);
 *
 * as a subject. It is loaded in a child process, which answers the pipe protocol
 * in its stead: when it crashes or hangs, that is described, not shared.
 */
#ifndef BP_SHAREDOBJECT_H
#define BP_SHAREDOBJECT_H

#include "diag/pipe.h"

/* Whether this names a shared object rather than a program: it ends in ".so" (or
 * ".so.1" ...), and has no blank before that. */
bool bp_sharedobject_is(const char *subject);

/* As bp_pipe_open(); close with bp_pipe_close(). */
enum bp_status bp_sharedobject_open(struct bp_pipe *pipe, const char *path, double timeout,
                                    FILE *echo, struct bp_error *error);

#endif
