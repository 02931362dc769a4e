/* unseen.c -- faults that a gradient check cannot see: is each named? And runs with
 * nothing wrong: is every rule silent? */
#include "measure.h"

#include "../unseen_trial.h"

#include "diag/report.h"

enum { TRIES = 4 }; /* settings drawn for one that counts */

static bool counted(enum unseen_result result)
{
    return result == UNSEEN_NAMED || result == UNSEEN_BENEATH || result == UNSEEN_MISSED;
}

static void keep(const struct unseen_outcome *from, struct outcome *outcome)
{
    outcome->done = true;
    outcome->result = from->result;
    bp_report_add(outcome->network, sizeof outcome->network, "%s %s", from->network, from->data);
    bp_report_add(outcome->said, sizeof outcome->said, "%s", from->said);
}

/* ---- faults ------------------------------------------------------------------ */

static void print_row(const struct plan *plan, const struct bp_fault *fault, const char *variant,
                      const size_t n[UNSEEN_NO_TRIAL + 1])
{
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

static uint64_t seed_of(const struct plan *plan, size_t item)
{
    return plan->seed * 5000011 + 1000 * item;
}

/* Settings of one variant until enough count, or too many were drawn. */
static void try_variant(const struct plan *plan, size_t item, struct outcome *outcome)
{
    struct bp_hypothesis entry[ENTRIES_MAX];
    size_t n = 0;
    list_entries(entry);
    for (size_t i = 0; i < TRIES * plan->unseen && n < plan->unseen; i++) {
        struct unseen_outcome tried;
        unseen_try(&entry[item], seed_of(plan, item) + i, &tried);
        n += counted(tried.result);
        keep(&tried, &outcome[i]);
    }
}

static void print_missed(const struct plan *plan, const struct bp_hypothesis *h, uint64_t seed,
                         const struct outcome *outcome)
{
    if (outcome->result == UNSEEN_MISSED || outcome->result == UNSEEN_BENEATH)
        fprintf(plan->out, "    %s/%d %s: %s (%llu):%s\n", h->fault->name, h->variant,
                outcome->result == UNSEEN_MISSED ? "not named" : "beneath", outcome->network,
                (unsigned long long)seed, outcome->said);
}

static void print_unseen(const struct plan *plan, const struct outcome *outcome, size_t items)
{
    struct bp_hypothesis entry[ENTRIES_MAX];
    const size_t most = TRIES * plan->unseen;
    size_t named = 0, all = 0;
    list_entries(entry);
    fprintf(plan->out, "\nfaults that a gradient check cannot see\n"
                       "  name                           named under   not  mute\n");
    for (size_t i = 0; i < items; i++) {
        const struct bp_fault *fault = entry[i].fault;
        size_t r[UNSEEN_NO_TRIAL + 1] = {0};
        for (size_t k = 0; k < most && outcome[i * most + k].done; k++) {
            const struct outcome *o = &outcome[i * most + k];
            r[o->result <= UNSEEN_NO_TRIAL ? o->result : UNSEEN_NO_TRIAL]++;
            if (plan->verbose)
                print_missed(plan, &entry[i], seed_of(plan, i) + k, o);
        }
        print_row(plan, fault, fault->variant == NULL ? "" : fault->variant[entry[i].variant], r);
        named += r[UNSEEN_NAMED] + r[UNSEEN_BENEATH];
        all += r[UNSEEN_NAMED] + r[UNSEEN_BENEATH] + r[UNSEEN_MISSED];
    }
    fprintf(plan->out,
            "  %zu of %zu settings named (under: as what follows from another cause;\n"
            "  mute, not counted: no harm was done, or nothing says what was meant)\n",
            named, all);
    report_goal(plan, "unseen_named", all == 0 ? 0.0 : (double)named / (double)all, ">=", 0.95);
}

static size_t count_entries(const struct plan *plan)
{
    struct bp_hypothesis entry[ENTRIES_MAX];
    (void)plan;
    return list_entries(entry);
}

static size_t tries(const struct plan *plan)
{
    return TRIES * plan->unseen;
}

const struct measure measure_unseen = {.name = "unseen",
                                       .items = count_entries,
                                       .most = tries,
                                       .run = try_variant,
                                       .print = print_unseen};

/* ---- runs with nothing wrong -------------------------------------------------- */

static void try_run(const struct plan *plan, size_t item, struct outcome *outcome)
{
    struct unseen_outcome run;
    outcome->alarms = unseen_healthy(plan->seed * 6000011 + item, &run);
    outcome->arrived = run.result == UNSEEN_HARMLESS;
    keep(&run, outcome);
}

static void print_runs(const struct plan *plan, const struct outcome *outcome, size_t n)
{
    size_t alarms = 0, arrived = 0;
    for (size_t i = 0; i < n; i++) {
        alarms += outcome[i].alarms > 0;
        arrived += outcome[i].arrived;
        if (outcome[i].alarms > 0)
            fprintf(plan->out, "    alarm: %s (%zu):%s\n", outcome[i].network, i, outcome[i].said);
    }
    fprintf(plan->out, "\nhealthy runs: %zu, of which %zu reached their end\n", n, arrived);
    report_goal(plan, "health_false_alarms", (double)alarms, "<=", 0.0);
}

static size_t count_runs(const struct plan *plan)
{
    return plan->healthy_runs;
}

const struct measure measure_healthy_runs = {.name = "healthy-runs",
                                             .items = count_runs,
                                             .most = one_outcome,
                                             .run = try_run,
                                             .print = print_runs};
