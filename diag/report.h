/* report.h -- findings as words (and as TSV and JSON): the one place that does it.
 *
 *     cause: missing-activation-derivative in layer 1 (certain)
 *       shows: the hidden delta is not multiplied by the slope of its activation
 *       because: layer 1 is wrong while layer 2, which feeds it, is right
 *       help: multiply the hidden delta by a * (1 - a)
 *       follows: vanishing-deltas in layer 1 (likely) since step 12
 *         mean |delta| 3.1e-09, beside 0.11 in layer 2
 *
 * Lower case, no full stop. Consequences stand beneath their cause,
 * with their first line of evidence. Text lines
 * fit 80 columns, the summary is always one; colour comes only when asked for. TSV and JSON hold
 * everything in full; JSON has no NaN, so numbers that are not finite are "nan", "inf" and
 * "-inf". Control characters in a text from outside are shown as '?'.
 */
#ifndef BP_REPORT_H
#define BP_REPORT_H

#include "core/input.h"
#include "core/status.h"
#include "diag/finding.h"

#include <jansson.h>
#include <stdio.h>

enum { BP_REPORT_WIDTH = 80 };

/* All findings, causes first; nothing when there are none. */
void bp_report_text(FILE *out, const struct bp_findings *findings, bool colour);

/* "summary: xor: zero-weights (certain), 2 follow from it", or "healthy". */
void bp_report_summary(FILE *out, const char *name, const struct bp_findings *findings,
                       bool colour);

/* The words after "summary: NAME: ", for a table; cut to size. */
void bp_report_verdict(const struct bp_findings *findings, char *text, size_t size);

/* One row a finding, with a header; evidence in one field, joined by "; ". */
void bp_report_tsv(FILE *out, const struct bp_findings *findings);

/* An array of objects; NULL when there is no memory. */
json_t *bp_report_json(const struct bp_findings *findings);

/* Whether to use colour on this stream: a terminal, and no NO_COLOR in the
 * environment (https://no-color.org). */
bool bp_report_colour(FILE *stream);

/* ---- for other writers ------------------------------------------------------ */

/* Text wrapped to 80 columns: label at indent, later lines beneath the first
 * word after it. */
void bp_report_wrap(FILE *out, int indent, const char *label, const char *text);

/* Colours of a terminal, for those who were told to use them. */
#define BP_HUE_BOLD "\033[1m"
#define BP_HUE_RED "\033[1;31m"
#define BP_HUE_YELLOW "\033[33m"
#define BP_HUE_GREEN "\033[32m"
#define BP_HUE_PLAIN "\033[0m"

/* Adds to a text in a buffer of size bytes; what does not fit is cut. */
void bp_report_add(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A derivative with its sign: "+0.003640", "-5.9873e-04", "0", "nan", "+inf". */
void bp_report_signed(double value, char text[24]);

/* A field of a TSV row: tabs, newlines and control characters become spaces. */
void bp_report_field(FILE *out, const char *text);

/* A number that JSON can hold, 17 digits; strings for those that it cannot. */
json_t *bp_report_number(double value);

/* A text from outside, which may be no UTF-8: then '?' for every byte above ASCII. NULL
 * when there is no memory. */
json_t *bp_report_json_text(const char *text);

/* Writes object and a line's end, and lets go of it (it may be NULL). BP_ENOMEM. */
enum bp_status bp_report_json_write(FILE *out, json_t *object);

/* Flags for json_dumpf(): 17 digits, keys in the order of their making. */
size_t bp_report_json_flags(void);

/* ---- files ------------------------------------------------------------------ */

/* A file that is whole or not there: written as path.tmp and renamed. What is there
 * already and is no plain file (a device, a pipe) is written to as it is. */
struct bp_output {
    FILE *file; /* NULL when not open */
    char path[BP_PATH_MAX];
    char beside[BP_PATH_MAX + 8]; /* what is written: path itself where it is no plain file */
};

/* BP_EFILE with one line: the path and the reason. */
enum bp_status bp_output_open(struct bp_output *output, const char *path, struct bp_error *error);

/* Closes and renames; BP_EFILE when anything was lost (a full disk), and then the
 * old file stays. */
enum bp_status bp_output_keep(struct bp_output *output, struct bp_error *error);

/* Closes and removes what was written; accepts one that is not open. */
void bp_output_drop(struct bp_output *output);

#endif
