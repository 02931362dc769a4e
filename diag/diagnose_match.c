/* diagnose_match.c -- see diagnose_match.h. */
#include "diag/diagnose_match.h"

#include "core/mem.h"

#include <math.h>
#include <string.h>

static bool claims_finite(struct bp_diagnosis *diagnosis, const struct bp_predictor *p)
{
    for (size_t k = 0; k < p->n; k++)
        for (size_t j = 0; j < p->net->n_theta; j++)
            if (!isfinite(p->probe[k].g[j])) {
                diagnosis->bad_probe = k;
                diagnosis->bad_at = j;
                return false;
            }
    return true;
}

static double distance_of_right(const struct bp_predictor *p)
{
    double worst = 0.0;
    for (size_t k = 0; k < p->n; k++)
        for (size_t i = 0; i < p->net->n_tensors; i++) {
            const double d = bp_predictor_between(p, k, i, p->right[k], p->probe[k].g);
            worst = d > worst ? d : worst;
        }
    return worst;
}

/* Whether the first match says more than "times some number". */
static bool is_named(const struct bp_dictionary *dictionary)
{
    return dictionary->n > 0 && !(dictionary->match[0].h.fault->solved &&
                                  dictionary->match[0].h.fault->slot == BP_SCALE);
}

static bool has_any_factor(const struct bp_story *story)
{
    for (size_t i = 0; i < story->n_factors; i++)
        if (story->free_factor[i])
            return true;
    return false;
}

/* Several faults; where a constant factor alone would do, only those of known
 * size. */
static enum bp_status peel(struct bp_diagnosis *diagnosis, struct bp_predictor *p,
                           const struct bp_setting *setting)
{
    const enum bp_status status =
        bp_peel_run(&diagnosis->peeling, p, setting, diagnosis->list, diagnosis->n_list);
    const struct bp_story *first = &diagnosis->peeling.story[0];
    diagnosis->witnesses = diagnosis->peeling.witnesses;
    diagnosis->peeled = diagnosis->dictionary.n == 0 ||
                        (diagnosis->peeling.n > 0 && first->n_unexplained == 0 && first->n == 2 &&
                         !has_any_factor(first) && first->world.fault == NULL);
    if (diagnosis->peeled)
        diagnosis->dictionary.n = 0;
    return status;
}

/* Everything that applies, but for what is not to be tried. */
static enum bp_status list_hypotheses(struct bp_diagnosis *diagnosis,
                                      const struct bp_setting *setting,
                                      const struct bp_match_options *options)
{
    const enum bp_status status =
        bp_fault_hypotheses(setting, true, &diagnosis->list, &diagnosis->n_list);
    size_t kept = 0;
    for (size_t i = 0; status == BP_OK && i < diagnosis->n_list; i++) {
        bool out = false;
        for (size_t j = 0; j < options->n_without; j++)
            out = out || diagnosis->list[i].fault == options->without[j];
        if (!out)
            diagnosis->list[kept++] = diagnosis->list[i];
    }
    diagnosis->n_list = kept;
    return status;
}

enum bp_status bp_diagnosis_match(struct bp_diagnosis *diagnosis, struct bp_predictor *p,
                                  const struct bp_setting *setting,
                                  const struct bp_match_options *options)
{
    static const struct bp_match_options DEFAULT = {0};
    if (options == NULL)
        options = &DEFAULT;
    *diagnosis = (struct bp_diagnosis){0};
    diagnosis->finite = claims_finite(diagnosis, p);
    if (!diagnosis->finite)
        return BP_OK;
    diagnosis->dictionary.right = distance_of_right(p);
    diagnosis->healthy = diagnosis->dictionary.right <= p->tol;
    if (diagnosis->healthy)
        return BP_OK;
    const size_t before = p->backwards;
    enum bp_status status = list_hypotheses(diagnosis, setting, options);
    if (status == BP_OK)
        status = bp_dictionary_search(&diagnosis->dictionary, p, setting, diagnosis->list,
                                      diagnosis->n_list);
    if (status == BP_OK && !is_named(&diagnosis->dictionary) && !options->single_only)
        status = peel(diagnosis, p, setting);
    diagnosis->evaluations = p->backwards - before;
    if (status != BP_OK)
        bp_diagnosis_release(diagnosis);
    return status;
}

void bp_diagnosis_release(struct bp_diagnosis *diagnosis)
{
    bp_mem_free(diagnosis->list);
    bp_dictionary_release(&diagnosis->dictionary);
    *diagnosis = (struct bp_diagnosis){0};
}

/* ---- proof ----------------------------------------------------------------- */

static enum bp_status prove_matches(struct bp_diagnosis *diagnosis, struct bp_predictor *fresh,
                                    const struct bp_setting *setting)
{
    struct bp_dictionary *dictionary = &diagnosis->dictionary;
    size_t kept = 0;
    for (size_t i = 0; i < dictionary->n; i++) {
        double distance;
        const enum bp_status status =
            bp_dictionary_distance(fresh, setting, &dictionary->match[i].h, &distance);
        if (status != BP_OK)
            return status;
        if (distance <= 4.0 * fresh->tol)
            dictionary->match[kept++] = dictionary->match[i];
    }
    dictionary->n = kept;
    diagnosis->proven = kept > 0;
    return BP_OK;
}

enum bp_status bp_diagnosis_part(struct bp_diagnosis *diagnosis, struct bp_predictor *far,
                                 const struct bp_setting *setting)
{
    struct bp_dictionary *dictionary = &diagnosis->dictionary;
    size_t kept = 0;
    for (int keep = 0; keep < 2; keep++) { /* first whether any holds, then which */
        const size_t n = dictionary->n;
        for (size_t i = 0; i < n; i++) {
            double distance;
            const enum bp_status status =
                bp_dictionary_distance(far, setting, &dictionary->match[i].h, &distance);
            if (status != BP_OK)
                return status;
            if (!(distance <= 4.0 * far->tol))
                continue;
            if (keep == 1)
                dictionary->match[kept] = dictionary->match[i];
            kept++;
        }
        if (kept == 0)
            return BP_OK;
        dictionary->n = keep == 1 ? kept : n;
        kept = 0;
    }
    return BP_OK;
}

static enum bp_status prove_stories(struct bp_diagnosis *diagnosis, struct bp_predictor *fresh,
                                    const struct bp_setting *setting)
{
    struct bp_peeling *peeling = &diagnosis->peeling;
    size_t kept = 0;
    for (size_t i = 0; i < peeling->n; i++) {
        double distance = 0.0;
        if (peeling->story[i].n_unexplained == 0) {
            const enum bp_status status =
                bp_story_distance(&peeling->story[i], fresh, setting, &distance);
            if (status != BP_OK)
                return status;
        }
        if (distance <= 64.0 * fresh->tol)
            peeling->story[kept++] = peeling->story[i];
    }
    peeling->n = kept;
    diagnosis->proven = kept > 0 && peeling->story[0].n_unexplained == 0;
    return BP_OK;
}

enum bp_status bp_diagnosis_prove(struct bp_diagnosis *diagnosis, struct bp_predictor *fresh,
                                  const struct bp_setting *setting)
{
    if (diagnosis->healthy || !diagnosis->finite)
        return BP_OK;
    return diagnosis->peeled ? prove_stories(diagnosis, fresh, setting)
                             : prove_matches(diagnosis, fresh, setting);
}

size_t bp_diagnosis_count(const struct bp_diagnosis *diagnosis)
{
    if (diagnosis->dictionary.n > 0)
        return 1;
    return diagnosis->peeling.n > 0 ? diagnosis->peeling.story[0].n : 0;
}

const struct bp_hypothesis *bp_diagnosis_fault(const struct bp_diagnosis *diagnosis, size_t i)
{
    return diagnosis->dictionary.n > 0 ? &diagnosis->dictionary.match[0].h
                                       : &diagnosis->peeling.story[0].h[i];
}
