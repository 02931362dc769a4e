/* health.c -- runs the rules, and puts consequences under their causes. */
#include "diag/health.h"

#include "core/fmath.h"
#include "core/mem.h"
#include "diag/health_rules.h"

#include <math.h>

/* ---- where a run stands -------------------------------------------------------- */

/* -p ln p, 0 at 0. */
static double entropy_term(double p)
{
    return p <= 0.0 ? 0.0 : -p * bp_log(p);
}

double bp_health_baseline(const struct bp_mlp *net, const struct bp_dataset *data)
{
    double total = 0.0;
    for (size_t k = 0; k < data->n_out; k++) {
        double sum = 0.0, squares = 0.0;
        for (size_t s = 0; s < data->n; s++) {
            const double t = data->t[s * data->n_out + k];
            sum += t;
            squares += t * t;
        }
        const double mean = sum / (double)data->n;
        switch (net->spec.loss) {
        case BP_SQUARED_ERROR:
            total += 0.5 * (squares / (double)data->n - mean * mean);
            break;
        case BP_BINARY_CROSS_ENTROPY:
            total += entropy_term(mean) + entropy_term(1.0 - mean);
            break;
        case BP_SOFTMAX_CROSS_ENTROPY:
            total += entropy_term(mean);
            break;
        case BP_LOSS_COUNT:
            break;
        }
    }
    return net->spec.factor * total;
}

const struct bp_checkpoint *bp_health_first(const struct bp_health *health)
{
    return &health->course->point[0];
}

const struct bp_checkpoint *bp_health_last(const struct bp_health *health)
{
    return &health->course->point[health->course->n_points - 1];
}

bool bp_health_reached(double loss, double accuracy, double baseline)
{
    return loss <= 0.1 * baseline || (accuracy >= 0.95 && loss <= 0.5 * baseline);
}

/* The last half of the epochs took less than 1 % off the loss. */
static bool is_stalled(const struct bp_health *health)
{
    const struct bp_course *course = health->course;
    const struct bp_checkpoint *last = bp_health_last(health);
    if (course->not_finite || !isfinite(last->loss))
        return true;
    if (course->n_losses < 2)
        return false;
    const double middle = course->losses[course->n_losses / 2];
    const double end = course->losses[course->n_losses - 1];
    return !(end < middle - 0.01 * fabs(middle));
}

bool bp_health_failing(const struct bp_health *health)
{
    return health->course != NULL && !health->done && health->stalled;
}

long bp_health_since(const struct bp_health *health, size_t l,
                     bool (*holds)(const struct bp_health *, size_t point, size_t l,
                                   double threshold),
                     double threshold)
{
    long since = -1;
    for (size_t p = health->course->n_points; p-- > 0;) {
        if (!holds(health, p, l, threshold))
            break;
        since = (long)health->course->point[p].step;
    }
    return since;
}

/* ---- the rules ------------------------------------------------------------------ */

const struct bp_rule_table *bp_health_rules(size_t *n)
{
    static struct bp_rule_table table[3];
    table[0] = bp_health_data_rules;
    table[1] = bp_health_network_rules;
    table[2] = bp_health_run_rules;
    *n = 3;
    return table;
}

/* The first finding that can be a cause of something in this rank. A wrong
 * gradient or update, and a start found by another look, come before the run. */
static int cause_before(const struct bp_findings *findings, size_t n_causes, enum bp_rank rank)
{
    for (size_t k = 0; k < n_causes; k++) {
        const struct bp_finding *finding = &findings->item[k];
        const bool earlier = rank == BP_RANK_RUN || finding->look == BP_LOOK_DATA ||
                             finding->look == BP_LOOK_NETWORK || finding->look == BP_LOOK_SYMMETRY;
        /* what is wrong with somebody's check is not felt by the run */
        if (!finding->note && finding->follows < 0 && earlier && finding->look != BP_LOOK_CHECK)
            return (int)k;
    }
    return -1;
}

static enum bp_status apply(const struct bp_health *health, const struct bp_rule *rule,
                            struct bp_findings *findings, size_t n_causes)
{
    struct bp_finding *finding = bp_findings_add(findings, rule->look, rule->name);
    if (finding == NULL)
        return BP_ENOMEM;
    finding->certainty = BP_CERTAIN;
    finding->threshold = rule->threshold;
    bp_finding_title(finding, "%s", rule->title);
    bp_finding_help(finding, "%s", rule->help);
    if (!rule->holds(health, rule, finding)) {
        findings->n--;
        return BP_OK;
    }
    if (rule->rank < BP_RANK_RUN && finding->step < 0)
        finding->step = 0; /* examples, network and start are there before the first step */
    if (rule->rank >= BP_RANK_START && !finding->note)
        finding->follows = cause_before(findings, n_causes, rule->rank);
    return BP_OK;
}

enum bp_status bp_health_run(struct bp_health *health, struct bp_findings *findings)
{
    size_t n_tables;
    const struct bp_rule_table *table = bp_health_rules(&n_tables);
    health->baseline = bp_health_baseline(health->net, health->data);
    health->done = health->course != NULL &&
                   bp_health_reached(bp_health_last(health)->loss, bp_health_last(health)->accuracy,
                                     health->baseline);
    health->stalled = health->course != NULL && is_stalled(health);
    const size_t n = health->data->n + health->data->n_in + 1;
    health->scratch =
        bp_mem_new(n, sizeof(double) > sizeof(size_t) ? sizeof(double) : sizeof(size_t));
    enum bp_status status = health->scratch == NULL ? BP_ENOMEM : BP_OK;
    for (size_t i = 0; i < n_tables && status == BP_OK; i++) {
        health->explained = cause_before(findings, findings->n, BP_RANK_RUN) >= 0;
        for (size_t k = 0; k < table[i].n && status == BP_OK; k++)
            status = apply(health, &table[i].rule[k], findings, findings->n);
    }
    bp_mem_free(health->scratch);
    health->scratch = NULL;
    return status;
}
