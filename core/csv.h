/* csv.h -- which examples does a table of numbers hold?
 *
 * One example a line, its inputs first and then its targets, separated by
 * commas:
 *
 *     height,weight,adult       a line of names may come first
 *     0.52,0.31,0
 *     1.74,0.70,1
 *
 * A number is written as in C without hexadecimal, and must be finite. Lines
 * end with LF or CRLF; the last one need not. Empty lines are accepted at the
 * end only. Whatever is wrong is refused with its place, FILE:LINE:COLUMN,
 * counted in bytes from 1.
 */
#ifndef BP_CSV_H
#define BP_CSV_H

#include "core/dataset.h"

/* Limits: bytes in a file, and in one number. */
enum { BP_CSV_BYTES_MAX = 1 << 30, BP_CSV_NUMBER_MAX = 400 };

/* Reads n_in inputs and n_out targets from each line. BP_EFILE, BP_EINPUT,
 * BP_ENOMEM with one line in error. */
enum bp_status bp_csv_read(struct bp_dataset *data, const char *path, size_t n_in, size_t n_out,
                           struct bp_error *error);

#endif
