/* diagnose_match.h -- from claims at probes to the faults that explain them, as
 * data: no words yet.
 *
 *     the right stages predict the claims          healthy
 *     one fault does (dictionary.h)                its class: all that do
 *     several do together (peel.h)                 stories, the cheapest first
 *     none                                         where agreement ends
 *
 * Then the proof: what was matched must predict a probe drawn after the match.
 * Whatever passes both is the same mathematics here, and one class.
 */
#ifndef BP_DIAGNOSE_MATCH_H
#define BP_DIAGNOSE_MATCH_H

#include "diag/dictionary.h"
#include "diag/peel.h"

struct bp_diagnosis {
    bool healthy;
    bool finite;                /* every claim is */
    size_t bad_probe, bad_at;   /* not finite: the first entry that is not */
    struct bp_hypothesis *list; /* owned: everything that was tried */
    size_t n_list;
    struct bp_dictionary dictionary; /* owned; its matches are the class */
    bool peeled;
    struct bp_peeling peeling; /* where no single fault matched */
    bool proven;               /* the first of the class, or the first story, passed the proof */
    size_t evaluations;        /* backward passes made */
    size_t witnesses;
};

struct bp_match_options {
    bool single_only;                      /* do not look for several faults together */
    const struct bp_fault *const *without; /* faults that are not to be tried; [n_without] */
    size_t n_without;
};

/* options: NULL for all defaults. BP_ENOMEM. */
enum bp_status bp_diagnosis_match(struct bp_diagnosis *diagnosis, struct bp_predictor *p,
                                  const struct bp_setting *setting,
                                  const struct bp_match_options *options);
void bp_diagnosis_release(struct bp_diagnosis *diagnosis);

/* fresh: a predictor on probes drawn after the match. Matches and stories that do
 * not predict them are dropped. BP_ENOMEM. */
enum bp_status bp_diagnosis_prove(struct bp_diagnosis *diagnosis, struct bp_predictor *fresh,
                                  const struct bp_setting *setting);

/* Of a class of several, those that a probe with large errors excludes are dropped, where
 * it does not exclude all. BP_ENOMEM. */
enum bp_status bp_diagnosis_part(struct bp_diagnosis *diagnosis, struct bp_predictor *far,
                                 const struct bp_setting *setting);

/* How many faults it names: 1, those of the first story, or 0. */
size_t bp_diagnosis_count(const struct bp_diagnosis *diagnosis);

/* The i-th of them. */
const struct bp_hypothesis *bp_diagnosis_fault(const struct bp_diagnosis *diagnosis, size_t i);

#endif
