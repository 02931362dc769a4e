/* check_dictionary.c -- single faults are found, and nothing is found in what is right;
 * the loops run over networks and over the whole catalogue. */
#include "confusion_trial.h"
#include "core/mem.h"

#include <check.h>
#include <string.h>

enum { NETWORKS = 40 };

static void open_trial(struct trial *trial, uint64_t seed)
{
    const struct trial_wish wish = {.scale = 1.0};
    trial_open(trial, seed, &wish);
}

START_TEST(a_right_network_is_healthy)
{
    struct trial trial;
    struct bp_diagnosis diagnosis;
    open_trial(&trial, 100 + (uint64_t)_i);
    trial_ask(&trial);
    trial_diagnose(&trial, NULL, &diagnosis);
    ck_assert(diagnosis.healthy);
    ck_assert_uint_eq(bp_diagnosis_count(&diagnosis), 0);
    bp_diagnosis_release(&diagnosis);
    trial_close(&trial);
}
END_TEST

static bool holds(const struct bp_dictionary *dictionary, const struct bp_hypothesis *h)
{
    for (size_t i = 0; i < dictionary->n; i++)
        if (dictionary->match[i].h.fault == h->fault && dictionary->match[i].h.layer == h->layer &&
            dictionary->match[i].h.neuron == h->neuron)
            return true;
    return false;
}

/* One in seven of all hypotheses of a random network. */
START_TEST(a_planted_fault_is_among_those_that_match)
{
    struct trial trial;
    struct bp_hypothesis *list;
    size_t n;
    open_trial(&trial, 200 + (uint64_t)_i);
    ck_assert_int_eq(bp_fault_hypotheses(&trial.setting, true, &list, &n), BP_OK);
    for (size_t i = (size_t)_i % 7; i < n; i += 7) {
        struct bp_diagnosis diagnosis;
        struct bp_hypothesis h = list[i];
        if (h.fault->solved)
            h.factor = 0.3;
        trial_uproot(&trial);
        ck_assert(trial_plant(&trial, &h));
        trial_ask(&trial);
        if (!trial_shows(&trial))
            continue;
        trial_diagnose(&trial, NULL, &diagnosis);
        ck_assert_msg(holds(&diagnosis.dictionary, &h), "%s is not found", h.fault->name);
        ck_assert(diagnosis.proven);
        bp_diagnosis_release(&diagnosis);
    }
    bp_mem_free(list);
    trial_close(&trial);
}
END_TEST

static struct bp_hypothesis parse(const struct trial *trial, const char *key)
{
    struct bp_hypothesis h;
    struct bp_error error = {""};
    ck_assert_msg(bp_fault_parse(key, &trial->setting, &h, &error) == BP_OK, "%s", error.text);
    return h;
}

START_TEST(a_factor_is_solved_for)
{
    struct trial trial;
    struct bp_diagnosis diagnosis;
    open_trial(&trial, 3);
    const struct bp_hypothesis h = parse(&trial, "constant-factor=0.37");
    ck_assert(trial_plant(&trial, &h));
    trial_ask(&trial);
    trial_diagnose(&trial, NULL, &diagnosis);
    ck_assert_uint_eq(bp_diagnosis_count(&diagnosis), 1);
    ck_assert_str_eq(bp_diagnosis_fault(&diagnosis, 0)->fault->name, "constant-factor");
    ck_assert_double_eq_tol(bp_diagnosis_fault(&diagnosis, 0)->factor, 0.37, 1e-9);
    bp_diagnosis_release(&diagnosis);
    trial_close(&trial);
}
END_TEST

/* A fault that is left out of the catalogue is not named. */
START_TEST(what_is_not_in_the_catalogue_is_not_found)
{
    struct trial trial;
    struct bp_diagnosis diagnosis;
    open_trial(&trial, 8);
    const struct bp_hypothesis h = parse(&trial, "squared-error-as-error");
    const struct bp_match_options options = {
        .single_only = true, .without = &h.fault, .n_without = 1};
    ck_assert(trial_plant(&trial, &h));
    trial_ask(&trial);
    ck_assert(trial_shows(&trial));
    trial_diagnose(&trial, &options, &diagnosis);
    ck_assert(!diagnosis.healthy);
    ck_assert_uint_eq(diagnosis.dictionary.n, 0);
    ck_assert(diagnosis.dictionary.has_next);
    ck_assert_double_gt(diagnosis.dictionary.next.distance, 1e-6);
    bp_diagnosis_release(&diagnosis);
    trial_close(&trial);
}
END_TEST

/* The proof drops what fits the probes by chance. */
START_TEST(a_match_that_fails_at_the_fresh_probe_is_dropped)
{
    struct trial trial;
    struct bp_diagnosis diagnosis;
    open_trial(&trial, 3);
    const struct bp_hypothesis h = parse(&trial, "sign-flipped");
    ck_assert(trial_plant(&trial, &h));
    trial_ask(&trial);
    for (size_t k = 0; k < trial.net.n_theta; k++)
        trial.probe[TRIAL_PROBES].g[k] *= 1.01;
    trial_diagnose(&trial, NULL, &diagnosis);
    ck_assert(!diagnosis.proven);
    ck_assert_uint_eq(diagnosis.dictionary.n, 0);
    bp_diagnosis_release(&diagnosis);
    trial_close(&trial);
}
END_TEST

START_TEST(without_memory_nothing_is_kept)
{
    struct trial trial;
    struct bp_predictor p;
    open_trial(&trial, 5);
    const struct bp_hypothesis h = parse(&trial, "sign-flipped");
    ck_assert(trial_plant(&trial, &h));
    trial_ask(&trial);
    ck_assert_int_eq(bp_predictor_init(&p, &trial.net, trial.net.ops, trial.probe, 2), BP_OK);
    const size_t held = bp_mem_held();
    for (size_t n = 1;; n++) {
        struct bp_diagnosis diagnosis;
        bp_mem_fail_at(n);
        const enum bp_status status = bp_diagnosis_match(&diagnosis, &p, &trial.setting, NULL);
        const bool failed = bp_mem_tried() >= n;
        bp_mem_fail_at(0);
        bp_diagnosis_release(&diagnosis);
        ck_assert_uint_eq(bp_mem_held(), held);
        ck_assert_int_eq(status, failed ? BP_ENOMEM : BP_OK);
        if (!failed)
            break;
    }
    bp_predictor_release(&p);
    trial_close(&trial);
}
END_TEST

Suite *dictionary_suite(void);

Suite *dictionary_suite(void)
{
    Suite *suite = suite_create("dictionary");
    TCase *tcase = tcase_create("dictionary");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, a_right_network_is_healthy, 0, NETWORKS);
    tcase_add_loop_test(tcase, a_planted_fault_is_among_those_that_match, 0, NETWORKS / 2);
    tcase_add_test(tcase, a_factor_is_solved_for);
    tcase_add_test(tcase, what_is_not_in_the_catalogue_is_not_found);
    tcase_add_test(tcase, a_match_that_fails_at_the_fresh_probe_is_dropped);
    tcase_add_test(tcase, without_memory_nothing_is_kept);
    suite_add_tcase(suite, tcase);
    return suite;
}
