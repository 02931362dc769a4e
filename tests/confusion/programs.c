/* programs.c -- the programs of tests/subjects, each asked as a user would ask it;
 * then, and only then, marked against causes.tsv.
 *
 * A cause counts as named when a finding is of its stage and of one of its layers
 * (a finding of the whole network is of all). A program counts when all its causes
 * are named; a healthy one when nothing is said.
 */
#include "measure.h"

#include "diag/checkup.h"
#include "diag/diagnose.h"
#include "diag/pipe.h"
#include "diag/report.h"
#include "diag/sharedobject.h"

#include <stdlib.h>
#include <string.h>

enum { CAUSES_MAX = 4, LINE_MAX_ = 4096, FIELDS_MAX = 4 + 4 * CAUSES_MAX };

struct cause {
    const char *name, *stage, *layers;
};

struct program {
    char line[LINE_MAX_];
    const char *name, *language;
    bool broken;
    size_t n_causes;
    struct cause cause[CAUSES_MAX];
};

/* ---- the list -------------------------------------------------------------- */

static size_t split(char *line, char **field, size_t room)
{
    size_t n = 0;
    line[strcspn(line, "\r\n")] = '\0';
    for (char *at = line; at != NULL && n < room; n++) {
        field[n] = at;
        at = strchr(at, '\t');
        if (at != NULL)
            *at++ = '\0';
    }
    return n;
}

static bool read_program(FILE *file, struct program *program)
{
    char *field[FIELDS_MAX] = {NULL};
    if (fgets(program->line, sizeof program->line, file) == NULL)
        return false;
    const size_t n = split(program->line, field, FIELDS_MAX);
    program->name = field[0];
    program->language = n > 1 ? field[1] : "";
    program->broken = n > 2 && strcmp(field[2], "broken") == 0;
    program->n_causes = 0;
    for (size_t i = 4; i + 2 < n && program->n_causes < CAUSES_MAX; i += 4)
        program->cause[program->n_causes++] = (struct cause){field[i], field[i + 1], field[i + 2]};
    return true;
}

/* ---- asking ---------------------------------------------------------------- */

static enum bp_status open_program(struct bp_pipe *pipe, const struct program *program,
                                   struct bp_error *error)
{
    char command[512];
    if (strcmp(program->language, "c") == 0) {
        snprintf(command, sizeof command,
                 "cc -O1 -DBACKPROBE -shared -fPIC -Wl,-Bsymbolic -I. -o out/subjects/%s.so "
                 "tests/subjects/%s.c -lm",
                 program->name, program->name);
        if (system(command) != 0)
            return bp_error_set(error, BP_EFILE, "%s does not compile", program->name);
        snprintf(command, sizeof command, "out/subjects/%s.so", program->name);
        return bp_sharedobject_open(pipe, command, 20.0, NULL, error);
    }
    snprintf(command, sizeof command, "%s tests/subjects/%s.py",
             system("python3 -c 'import numpy' 2>/dev/null") == 0 ? "python3" : "/usr/bin/python3",
             program->name);
    return bp_pipe_open(pipe, command, 20.0, NULL, error);
}

static enum bp_status ask(const struct program *program, struct bp_findings *findings,
                          struct bp_error *error)
{
    struct bp_pipe pipe;
    struct bp_view view;
    enum bp_status status = open_program(&pipe, program, error);
    if (status != BP_OK)
        return status;
    status = bp_view_open(&view, &pipe.subject, error);
    if (status == BP_OK) {
        struct bp_checkup checkup = {0};
        status = bp_checkup_run(&checkup, &view, NULL, error);
        *findings = checkup.findings;
        checkup.findings = (struct bp_findings){0};
        bp_checkup_release(&checkup);
        bp_view_close(&view);
    }
    bp_pipe_close(&pipe);
    return status;
}

/* ---- marking --------------------------------------------------------------- */

/* The stage of causes.tsv that a fault is of. */
static const char *stage_of(const struct bp_fault *fault)
{
    switch (fault->kind) {
    case BP_KIND_UPDATE:
        return "update";
    case BP_KIND_START:
        return "start";
    case BP_KIND_DATA:
        return "data";
    case BP_KIND_CALL:
        return "scale";
    case BP_KIND_NETWORK:
        return "loss";
    default:
        break;
    }
    switch (fault->slot) {
    case BP_LOSS_GRADIENT:
    case BP_OUTPUT_DELTA:
        return "output-delta";
    case BP_PROPAGATE:
        return "propagate";
    case BP_DERIVATIVE:
        return "derivative";
    case BP_OUTER_PRODUCT:
        return "outer-product";
    case BP_BIAS_SUM:
        return "bias";
    case BP_SCALE:
        return "scale";
    case BP_REGULARISE:
        return "regulariser";
    case BP_UPDATE:
        return "update";
    default:
        return "forward";
    }
}

static bool has_layer(const char *layers, int layer)
{
    for (const char *c = layers; *c != '\0'; c++)
        if (*c >= '0' && *c <= '9' && *c - '0' == layer)
            return true;
    return layer <= 0 || strcmp(layers, "-") == 0;
}

/* What is the same under two stages: an update before backprop is planted as a way
 * down, the derivative of an output is a derivative, targets that are read wrongly
 * are wrong errors, a rate that is applied twice is a scale, targets out of the
 * output's range do not belong to its loss. */
static bool same_stage(const struct bp_finding *finding, const struct bp_fault *fault,
                       const char *stage)
{
    if (strcmp(stage_of(fault), stage) == 0)
        return true;
    if (strcmp(stage, "update") == 0)
        return strcmp(finding->name, "update-before-backprop") == 0 ||
               strcmp(finding->name, "step-stored-for-parameters") == 0;
    if (strcmp(stage, "scale") == 0)
        return strcmp(finding->name, "rate-misapplied") == 0;
    if (strcmp(stage, "data") == 0)
        return strstr(finding->name, "targets") != NULL || strstr(finding->name, "labels") != NULL;
    if (strcmp(stage, "loss") == 0)
        return strcmp(finding->name, "targets-out-of-range") == 0;
    return strcmp(stage, "output-delta") == 0 && fault->slot == BP_DERIVATIVE;
}

static bool is_named(const struct cause *cause, const struct bp_findings *findings)
{
    for (size_t i = 0; i < findings->n; i++) {
        const struct bp_finding *finding = &findings->item[i];
        const struct bp_fault *fault = bp_fault_find(finding->name);
        if (!finding->note && fault != NULL && strncmp(finding->name, "unexplained", 11) != 0 &&
            same_stage(finding, fault, cause->stage) && has_layer(cause->layers, finding->layer))
            return true;
    }
    return false;
}

static void keep(const struct program *program, const struct bp_findings *findings,
                 struct outcome *outcome)
{
    outcome->done = true;
    outcome->alarms = program->broken ? 0 : bp_findings_count(findings);
    snprintf(outcome->network, sizeof outcome->network, "%-22s %-6s", program->name,
             program->language);
    for (size_t i = 0; i < program->n_causes; i++) {
        bp_report_add(outcome->planted, sizeof outcome->planted, "%s %s", i == 0 ? "" : ",",
                      program->cause[i].name);
        outcome->named += is_named(&program->cause[i], findings);
    }
    for (size_t i = 0; i < findings->n; i++) {
        char key[BP_FINDING_LINE_MAX];
        if (findings->item[i].note)
            continue;
        bp_finding_key(&findings->item[i], key, sizeof key);
        bp_report_add(outcome->said, sizeof outcome->said, " %s", key);
    }
}

/* ---- all of them ----------------------------------------------------------- */

static FILE *open_list(struct program *program)
{
    FILE *file = fopen("tests/subjects/causes.tsv", "r");
    if (file != NULL)
        (void)read_program(file, program); /* the header */
    return file;
}

static size_t count_programs(const struct plan *plan)
{
    struct program program;
    size_t n = 0;
    FILE *file = open_list(&program);
    (void)plan;
    while (file != NULL && read_program(file, &program))
        n++;
    if (file == NULL || fclose(file) != 0 || n == 0) {
        fputs("confusion: tests/subjects/causes.tsv cannot be read\n", stderr);
        exit(2);
    }
    return n;
}

static void try_program(const struct plan *plan, size_t item, struct outcome *outcome)
{
    struct program program;
    struct bp_findings findings = {0};
    struct bp_error error = {""};
    FILE *file = open_list(&program);
    (void)plan;
    for (size_t i = 0; i <= item; i++)
        if (file == NULL || !read_program(file, &program))
            abort();
    fclose(file);
    outcome->broken = program.broken;
    outcome->n_planted = program.n_causes;
    if (system("mkdir -p out/subjects") == 0 && ask(&program, &findings, &error) == BP_OK)
        keep(&program, &findings, outcome);
    else
        bp_report_add(outcome->said, sizeof outcome->said, "%s: %s", program.name, error.text);
    bp_findings_release(&findings);
}

static void print_program(const struct plan *plan, const struct outcome *outcome)
{
    if (!outcome->done)
        fprintf(plan->out, "  %s\n", outcome->said);
    else if (outcome->broken)
        fprintf(plan->out, "  %s %zu of %zu:%s ->%s\n", outcome->network, outcome->named,
                outcome->n_planted, outcome->planted, outcome->said);
    else
        fprintf(plan->out, "  %s healthy:%s ->%s\n", outcome->network, outcome->planted,
                outcome->said);
}

static void print_programs(const struct plan *plan, const struct outcome *outcome, size_t n)
{
    size_t broken = 0;
    size_t all_named = 0;
    size_t healthy = 0;
    size_t alarms = 0;
    fprintf(plan->out, "\nprograms by hand\n");
    for (size_t i = 0; i < n; i++) {
        const struct outcome *o = &outcome[i];
        print_program(plan, o);
        broken += o->broken;
        healthy += !o->broken;
        all_named += o->broken && o->named == o->n_planted;
        alarms += o->alarms > 0;
    }
    fprintf(plan->out, "  %zu broken, all causes named in %zu; %zu healthy, %zu alarms\n", broken,
            all_named, healthy, alarms);
    report_goal(plan, "programs_all_causes_named",
                broken == 0 ? 0.0 : (double)all_named / (double)broken, ">=", 0.90);
    report_goal(plan, "false_alarms_healthy_programs", (double)alarms, "<=", 0.0);
}

const struct measure measure_programs = {.name = "programs",
                                         .alone = true,
                                         .items = count_programs,
                                         .most = one_outcome,
                                         .run = try_program,
                                         .print = print_programs};
