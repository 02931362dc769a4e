/* scenario_report.h -- what one scenario showed, in words on one screen:
 *
 *     xor: XOR, four hidden units
 *       network   2-4-1 sigmoid squared-error mean, 17 parameters
 *       ...
 *     gradcheck   all 17 derivatives agree, to 4e-10
 *     training    loss 0.0002, accuracy 100 % after 10000 epochs
 *     summary: xor: healthy, as expected
 *
 * and one line of a table for many.
 */
#ifndef BP_SCENARIO_REPORT_H
#define BP_SCENARIO_REPORT_H

#include "diag/record.h"

#include <stdio.h>

struct bp_scenario_style {
    bool all;    /* every entry of the gradient check */
    bool colour; /* on a terminal */
};

/* BP_ENOMEM. */
enum bp_status bp_scenario_report(FILE *out, const struct bp_record *record,
                                  const struct bp_scenario_style *style);

/* The table: its head, and a row a scenario. */
void bp_scenario_table_head(FILE *out);
void bp_scenario_table_row(FILE *out, const struct bp_record *record, bool colour);

/* Everything as one JSON object / findings and curves as TSV, for other programs.
 * BP_ENOMEM. */
enum bp_status bp_scenario_json(FILE *out, const struct bp_record *record);
void bp_scenario_losses(FILE *out, const struct bp_record *record);

#endif
