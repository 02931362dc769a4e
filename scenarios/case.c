/* case.c -- the list of the cases, and what opening one has in common. */
#include "scenarios/case.h"

#include <assert.h>
#include <string.h>

static const struct bp_case *const CASES[] = {&bp_case_a, &bp_case_b, &bp_case_c,
                                              &bp_case_c_rewritten, &bp_case_d};

const struct bp_case *bp_case_find(const char *name)
{
    if (strncmp(name, "case-", 5) == 0)
        name += 5;
    for (size_t k = 0; k < sizeof CASES / sizeof CASES[0]; k++)
        if (strcmp(name, CASES[k]->name) == 0)
            return CASES[k];
    return NULL;
}

unsigned bp_case_fault_bit(const struct bp_case *which, const char *name)
{
    for (size_t k = 0; k < which->n_faults; k++)
        if (strcmp(name, which->fault[k].name) == 0)
            return 1u << k;
    return 0;
}

void bp_case_array(struct bp_case_program *program, size_t layer, enum bp_array_role role,
                   enum bp_array_order order, double *values)
{
    assert(program->subject.n_arrays < BP_CASE_ARRAYS);
    program->array[program->subject.n_arrays++] = (struct bp_array){
        .layer = (int)layer, .role = role, .order = order, .type = BP_DOUBLE, .values = values};
}

enum bp_status bp_case_open(struct bp_case_program *program, const struct bp_case *which,
                            const struct bp_spec *spec, unsigned repaired, struct bp_error *error)
{
    *program = (struct bp_case_program){.repaired = repaired};
    program->subject = (struct bp_subject){.abi = BACKPROBE_ABI,
                                           .name = which->title,
                                           .arrays = program->array,
                                           .network = program->network};
    if (2 * spec->layers > BP_CASE_ARRAYS)
        return bp_error_set(error, BP_EINPUT, "case-%s: %zu layers, expected at most %d",
                            which->name, spec->layers, BP_CASE_ARRAYS / 2);
    const enum bp_status status = which->open(program, spec, error);
    if (status != BP_OK)
        bp_case_close(program);
    return status;
}

void bp_case_close(struct bp_case_program *program)
{
    if (program->release != NULL)
        program->release(program->self);
    *program = (struct bp_case_program){0};
}
