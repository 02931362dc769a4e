/* serve.h -- a subject of C callbacks answers the pipe protocol (docs/protocol.md),
 * as a program over a pipe would.
 */
#ifndef BP_SERVE_H
#define BP_SERVE_H

#include "backprobe.h"

/* Reads requests from descriptor in and writes answers to out until in ends. Returns
 * the exit status: 0 at the end, 2 when out cannot be written or there is no memory. */
int bp_serve(const struct bp_subject *subject, int in, int out);

#endif
