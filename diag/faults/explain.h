/* explain.h -- the catalogue in words: a page on one fault, and the list of all.
 *
 * Text is ASCII, at most BP_PAGE_COLUMNS wide (lines of code are never broken, and
 * are kept that short where they are written). The HTML variant holds the same,
 * with &, <, > and " made safe.
 */
#ifndef BP_EXPLAIN_H
#define BP_EXPLAIN_H

#include "diag/faults/fault.h"

#include <stdio.h>

enum { BP_PAGE_COLUMNS = 80 };

/* The page of "backprobe explain NAME". */
void bp_fault_explain(const struct bp_fault *fault, FILE *out);

/* The same as a <section id="NAME">, without head or style. */
void bp_fault_explain_html(const struct bp_fault *fault, FILE *out);

/* "backprobe faults": every name with its title, by table. */
void bp_fault_list(FILE *out);

/* The fault's help with its layer filled in: "layer {l}" becomes "layer 2", "each
 * layer" or "each hidden layer". */
void bp_fault_help(const struct bp_hypothesis *h, char *text, size_t size);

/* A command that shows it, where one can: false otherwise (and without memory). */
bool bp_fault_example(const struct bp_fault *fault, char *text, size_t size);

/* Where it can be, in words: "a hidden layer, or all of them". */
const char *bp_fault_extent(const struct bp_fault *fault);

#endif
