/* unseen.c -- faults that a gradient check cannot see: is each named? And runs with
 * nothing wrong: is every rule silent? */
#include "measure.h"

#include "../unseen_trial.h"

enum { TRIES = 4 }; /* settings drawn for one that counts */

struct tally {
    size_t result[UNSEEN_NO_TRIAL + 1];
};

static bool counted(enum unseen_result result)
{
    return result == UNSEEN_NAMED || result == UNSEEN_BENEATH || result == UNSEEN_MISSED;
}

/* Settings of one variant until enough count, or too many were drawn. */
static void try_variant(const struct plan *plan, const struct bp_hypothesis *h, uint64_t seed,
                        struct tally *tally)
{
    size_t n = 0;
    for (size_t i = 0; i < TRIES * plan->unseen && n < plan->unseen; i++) {
        struct unseen_outcome outcome;
        unseen_try(h, seed + i, &outcome);
        n += counted(outcome.result);
        tally->result[outcome.result]++;
        if (!plan->verbose || (outcome.result != UNSEEN_MISSED && outcome.result != UNSEEN_BENEATH))
            continue;
#pragma omp critical
        fprintf(plan->out, "    %s/%d %s: %s %s (%llu):%s\n", h->fault->name, h->variant,
                outcome.result == UNSEEN_MISSED ? "not named" : "beneath", outcome.network,
                outcome.data, (unsigned long long)(seed + i), outcome.said);
    }
}

static void print_row(const struct plan *plan, const struct bp_fault *fault, const char *variant,
                      const struct tally *tally)
{
    const size_t *n = tally->result;
    fprintf(plan->out, "  %-30s %5zu %5zu %5zu %5zu  %s\n", fault->name, n[UNSEEN_NAMED],
            n[UNSEEN_BENEATH], n[UNSEEN_MISSED], n[UNSEEN_HARMLESS], variant);
}

enum { ENTRIES_MAX = 256 };

static size_t list_entries(struct bp_hypothesis *entry)
{
    size_t tables, n = 0;
    const struct bp_fault_table *const *table = bp_fault_tables(&tables);
    for (size_t i = 0; i < tables; i++)
        for (size_t k = 0; k < table[i]->n; k++) {
            const struct bp_fault *fault = &table[i]->fault[k];
            for (int v = 0; unseen_counts(fault) && v < fault->variants && n < ENTRIES_MAX; v++)
                entry[n++] = (struct bp_hypothesis){
                    .fault = fault, .variant = v, .neuron = BP_NO_NEURON, .factor = 1.0};
        }
    return n;
}

void measure_unseen(const struct plan *plan)
{
    struct bp_hypothesis entry[ENTRIES_MAX];
    struct tally tally[ENTRIES_MAX] = {{{0}}};
    const size_t n = list_entries(entry);
    size_t named = 0, all = 0;
#pragma omp parallel for schedule(dynamic, 1)
    for (size_t i = 0; i < n; i++)
        try_variant(plan, &entry[i], plan->seed * 5000011 + 1000 * i, &tally[i]);
    fprintf(plan->out, "\nfaults that a gradient check cannot see\n"
                       "  name                           named under   not  mute\n");
    for (size_t i = 0; i < n; i++) {
        const size_t *r = tally[i].result;
        print_row(plan, entry[i].fault,
                  entry[i].fault->variant == NULL ? "" : entry[i].fault->variant[entry[i].variant],
                  &tally[i]);
        named += r[UNSEEN_NAMED] + r[UNSEEN_BENEATH];
        all += r[UNSEEN_NAMED] + r[UNSEEN_BENEATH] + r[UNSEEN_MISSED];
    }
    fprintf(plan->out,
            "  %zu of %zu settings named (under: as what follows from another cause;\n"
            "  mute, not counted: no harm was done, or nothing says what was meant)\n",
            named, all);
    report_goal(plan, "unseen_named", all == 0 ? 0.0 : (double)named / (double)all, ">=", 0.95);
}

void measure_healthy_runs(const struct plan *plan)
{
    size_t alarms = 0, arrived = 0;
#pragma omp parallel for schedule(dynamic, 4)
    for (size_t i = 0; i < plan->healthy_runs; i++) {
        struct unseen_outcome outcome;
        const size_t n = unseen_healthy(plan->seed * 6000011 + i, &outcome);
#pragma omp critical
        {
            alarms += n > 0;
            arrived += outcome.result == UNSEEN_HARMLESS;
            if (n > 0)
                fprintf(plan->out, "    alarm: %s %s (%zu):%s\n", outcome.network, outcome.data, i,
                        outcome.said);
        }
    }
    fprintf(plan->out, "\nhealthy runs: %zu, of which %zu reached their end\n", plan->healthy_runs,
            arrived);
    report_goal(plan, "health_false_alarms", (double)alarms, "<=", 0.0);
}
