/* diagnose_words.h -- a diagnosis as findings: name, place, certainty, and the
 * numbers that prove it. */
#ifndef BP_DIAGNOSE_WORDS_H
#define BP_DIAGNOSE_WORDS_H

#include "diag/diagnose_forward.h"

/* What a diagnosis saw, for the words. */
struct bp_account {
    const struct bp_inquiry *inquiry;     /* borrowed */
    const struct bp_predictor *p;         /* borrowed: on the probes */
    const struct bp_diagnosis *diagnosis; /* borrowed */
    const struct bp_forward *forward;     /* borrowed */
};

/* BP_ENOMEM. */
enum bp_status bp_say_forward(const struct bp_account *account, struct bp_findings *out);
enum bp_status bp_say_layout(const struct bp_layout_fit *fit, double distance,
                             struct bp_findings *out);
enum bp_status bp_say_not_finite(const struct bp_account *account, struct bp_findings *out);
enum bp_status bp_say_unsteady(struct bp_findings *out);

/* One fault, several, or what is not explained. */
enum bp_status bp_say_diagnosis(const struct bp_account *account, struct bp_findings *out);

/* "sign-flipped in layer 2", "in every layer" of a network of several, with the variant's
 * own words where there are some; cut to size. */
void bp_say_hypothesis(const struct bp_hypothesis *h, size_t layers, char *text, size_t size);

/* The help of the hypothesis's fault, with its place. */
void bp_say_help(struct bp_finding *finding, const struct bp_hypothesis *h);

#endif
