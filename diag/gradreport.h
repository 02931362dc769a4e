/* gradreport.h -- a gradient check in words, and in full as TSV and JSON.
 *
 *     gradcheck   6 of 9 derivatives disagree, all in layer 1
 *                 W1[0,0]  backprop +0.003640  numeric +0.000853 ± 2e-13  ratio 4.27
 *                 layer 2 agrees to 4e-10
 *
 * then a table of the tensors, each neuron's delta first and the weights after,
 * and one of the worst entries, all within 80 columns.
 */
#ifndef BP_GRADREPORT_H
#define BP_GRADREPORT_H

#include "diag/gradcheck.h"

#include <jansson.h>
#include <stdio.h>

struct bp_gradreport_style {
    bool all;     /* every entry in the table, not the worst only */
    size_t worst; /* entries in the table otherwise; 0: 5, or 3 when all agree */
    bool colour;
};

/* The headline with its evidence, and the tables with the method; between them there
 * is room for the cause. style may be NULL. BP_ENOMEM. */
void bp_gradreport_brief(FILE *out, const struct bp_gradcheck *check,
                         const struct bp_gradreport_style *style);
enum bp_status bp_gradreport_details(FILE *out, const struct bp_gradcheck *check,
                                     const struct bp_gradreport_style *style);

/* Both. */
enum bp_status bp_gradreport_text(FILE *out, const struct bp_gradcheck *check,
                                  const struct bp_gradreport_style *style);

/* The headline alone, without "gradcheck": "all 9 derivatives agree, to 4e-10". */
void bp_gradreport_headline(const struct bp_gradcheck *check, char *text, size_t size);

/* Every entry, one a row, with a header; numbers with 17 digits. */
void bp_gradreport_tsv(FILE *out, const struct bp_gradcheck *check);

/* Everything: the check's own numbers, the tensors, every entry. Written as it is
 * made, not held. BP_ENOMEM. */
enum bp_status bp_gradreport_json(FILE *out, const struct bp_gradcheck *check);

/* The same to files that are whole or not there; the line is in error. */
enum bp_status bp_gradreport_save(const struct bp_gradcheck *check, const char *tsv_path,
                                  const char *json_path, struct bp_error *error);

#endif
