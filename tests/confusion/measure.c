/* measure.c -- see measure.h: one trial, what is kept of it, and a row of the table. */
#include "measure.h"

#include "diag/report.h"
#include "diag/shard_part.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- what is kept ------------------------------------------------------------ */

size_t one_outcome(const struct plan *plan)
{
    (void)plan;
    return 1;
}

static bool put(json_t *object, bool there, const char *key, json_t *value)
{
    if (there)
        return json_object_set_new(object, key, value) == 0;
    json_decref(value);
    return true;
}

json_t *outcome_json(const struct outcome *o)
{
    json_t *object = json_object();
    bool ok = object != NULL;
#define PUT(name) ok = ok && put(object, o->name, #name, json_true());
    OUTCOME_FLAGS(PUT)
#undef PUT
#define PUT(name) ok = ok && put(object, o->name != 0, #name, json_integer((json_int_t)o->name));
    OUTCOME_COUNTS(PUT)
#undef PUT
#define PUT(name, size) ok = ok && put(object, o->name[0] != '\0', #name, json_string(o->name));
    OUTCOME_TEXTS(PUT)
#undef PUT
    ok = ok && put(object, o->seconds > 0.0, "seconds", bp_report_number(o->seconds));
    if (ok)
        return object;
    json_decref(object);
    return NULL;
}

bool outcome_read(const json_t *from, struct outcome *o)
{
    if (!json_is_object(from))
        return false;
    *o = (struct outcome){0};
#define GET(name) o->name = json_is_true(json_object_get(from, #name));
    OUTCOME_FLAGS(GET)
#undef GET
#define GET(name) (void)bp_shard_part_size(from, #name, &o->name);
    OUTCOME_COUNTS(GET)
#undef GET
#define GET(name, size) bp_shard_part_text(from, #name, o->name, sizeof o->name);
    OUTCOME_TEXTS(GET)
#undef GET
    if (!bp_shard_part_number(from, "seconds", &o->seconds))
        o->seconds = 0.0;
    return true;
}

/* ---- one trial ----------------------------------------------------------------- */

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

static void add_key(char *text, size_t size, const struct bp_hypothesis *h)
{
    char key[BP_HYPOTHESIS_TEXT_MAX];
    bp_fault_key(h, key, sizeof key);
    bp_report_add(text, size, "%s%s", text[0] == '\0' ? "" : " + ", key);
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
        add_key(outcome->said, sizeof outcome->said, bp_diagnosis_fault(diagnosis, i));
    for (size_t j = 0; j < trial->n_planted; j++) {
        bool found = false;
        for (size_t i = 0; i < n; i++)
            found = found || same_place(bp_diagnosis_fault(diagnosis, i), &trial->planted[j]);
        outcome->named += found;
        add_key(outcome->planted, sizeof outcome->planted, &trial->planted[j]);
    }
    compare_class(trial, diagnosis, outcome);
    outcome->proven = diagnosis->proven;
    outcome->unexplained =
        !diagnosis->healthy && (n == 0 || (story != NULL && story->n_unexplained > 0));
    if (outcome->unexplained && story != NULL && story->n_unexplained > 0)
        outcome->right_layer = is_planted_at(trial, story->unexplained_layer[0]);
    outcome->evaluations = diagnosis->evaluations;
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
    bp_spec_text(&trial->net.spec, outcome->network, sizeof outcome->network);
    compare(trial, &diagnosis, outcome);
    bp_diagnosis_release(&diagnosis);
}
