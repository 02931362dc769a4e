/* measure.c -- see measure.h: one trial, and a row of the table. */
#include "measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void report_goal(const struct plan *plan, const char *name, double value, const char *relation,
                 double goal)
{
    const bool met = relation[0] == '>' ? value >= goal : value <= goal;
    fprintf(plan->out, "  %-34s %8.4g   %s %-8.4g %s\n", name, value, relation, goal,
            met ? "met" : "NOT MET");
    if (plan->table != NULL)
        fprintf(plan->table, "%s\t%.6g\t%s\t%.6g\n", name, value, relation, goal);
    fflush(plan->out);
}

bool same_place(const struct bp_hypothesis *a, const struct bp_hypothesis *b)
{
    return a->fault == b->fault && a->layer == b->layer && a->neuron == b->neuron;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void add_key(char *text, const struct bp_hypothesis *h)
{
    char key[BP_HYPOTHESIS_TEXT_MAX];
    bp_fault_key(h, key, sizeof key);
    const size_t n = strlen(text);
    snprintf(text + n, SAID_MAX - n, "%s%s", n == 0 ? "" : " + ", key);
}

static void compare_class(const struct trial *trial, const struct bp_diagnosis *diagnosis,
                          struct outcome *outcome)
{
    const struct bp_dictionary *dictionary = &diagnosis->dictionary;
    outcome->class_size = dictionary->n;
    for (size_t i = 0; i < dictionary->n; i++) {
        if (!same_place(&dictionary->match[i].h, &trial->planted[0]))
            continue;
        outcome->first = outcome->first || i == 0;
        outcome->top3 = outcome->top3 || i < 3;
        outcome->in_class = true;
    }
}

/* Whether layer l is one that a planted fault touches. */
static bool is_planted_at(const struct trial *trial, size_t l)
{
    for (size_t i = 0; i < trial->n_planted; i++)
        if (bp_fault_applies(&trial->planted[i], &trial->setting, l))
            return true;
    return false;
}

static void compare(const struct trial *trial, const struct bp_diagnosis *diagnosis,
                    struct outcome *outcome)
{
    const size_t n = bp_diagnosis_count(diagnosis);
    const struct bp_story *story =
        diagnosis->peeled && diagnosis->peeling.n > 0 ? &diagnosis->peeling.story[0] : NULL;
    for (size_t i = 0; i < n; i++)
        add_key(outcome->said, bp_diagnosis_fault(diagnosis, i));
    for (size_t j = 0; j < trial->n_planted; j++) {
        bool found = false;
        for (size_t i = 0; i < n; i++)
            found = found || same_place(bp_diagnosis_fault(diagnosis, i), &trial->planted[j]);
        outcome->named += found;
        add_key(outcome->planted, &trial->planted[j]);
    }
    compare_class(trial, diagnosis, outcome);
    outcome->proven = diagnosis->proven;
    outcome->silent = diagnosis->healthy;
    outcome->unexplained =
        !diagnosis->healthy && (n == 0 || (story != NULL && story->n_unexplained > 0));
    if (outcome->unexplained && story != NULL && story->n_unexplained > 0)
        outcome->right_layer = is_planted_at(trial, story->unexplained_layer[0]);
    outcome->evaluations = diagnosis->evaluations;
    outcome->witnesses = diagnosis->witnesses;
}

void run_trial(struct trial *trial, const struct bp_match_options *options, struct outcome *outcome)
{
    struct bp_diagnosis diagnosis;
    trial_ask(trial);
    if (!trial_shows(trial))
        return;
    const double start = now();
    trial_diagnose(trial, options, &diagnosis);
    outcome->seconds = now() - start;
    outcome->done = true;
    outcome->n_planted = trial->n_planted;
    outcome->fault = trial->planted[0].fault;
    bp_spec_text(&trial->net.spec, outcome->network, sizeof outcome->network);
    compare(trial, &diagnosis, outcome);
    bp_diagnosis_release(&diagnosis);
}
