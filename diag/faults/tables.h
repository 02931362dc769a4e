/* tables.h -- the tables of the catalogue, one a file of this folder. A new file
 * is named here, once. Only the files of this folder include it.
 */
#ifndef BP_FAULT_TABLES_H
#define BP_FAULT_TABLES_H

#include "diag/faults/fault.h"

/* in the order of the stages */
#define BP_FAULT_TABLES(X)                                                                         \
    X(bp_faults_forward)                                                                           \
    X(bp_faults_forward_part)                                                                      \
    X(bp_faults_output_error)                                                                      \
    X(bp_faults_output_cancel)                                                                     \
    X(bp_faults_propagate)                                                                         \
    X(bp_faults_propagate_sum)                                                                     \
    X(bp_faults_derivative)                                                                        \
    X(bp_faults_derivative_relu)                                                                   \
    X(bp_faults_derivative_input)                                                                  \
    X(bp_faults_outer_product)                                                                     \
    X(bp_faults_outer_part)                                                                        \
    X(bp_faults_bias)                                                                              \
    X(bp_faults_loops)                                                                             \
    X(bp_faults_scale)                                                                             \
    X(bp_faults_regulariser)                                                                       \
    X(bp_faults_neuron)                                                                            \
    X(bp_faults_whole)                                                                             \
    X(bp_faults_store)                                                                             \
    X(bp_faults_update)                                                                            \
    X(bp_faults_call)                                                                              \
    X(bp_faults_check)                                                                             \
    X(bp_faults_start)                                                                             \
    X(bp_faults_data)                                                                              \
    X(bp_faults_budget)                                                                            \
    X(bp_faults_network)                                                                           \
    X(bp_faults_symptoms)                                                                          \
    X(bp_faults_remarks)                                                                           \
    X(bp_faults_notes)

#define BP_FAULT_TABLE_EXTERN(name) extern const struct bp_fault_table name;
BP_FAULT_TABLES(BP_FAULT_TABLE_EXTERN)
#undef BP_FAULT_TABLE_EXTERN

#endif
