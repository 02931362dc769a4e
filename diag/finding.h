/* finding.h -- what was found wrong, as data: report.c makes words of it.
 *
 * A finding has the name of its cause (named after what is wrong, never after
 * the fix), a place, how sure it is, the evidence in lines with numbers, and
 * what to change. A finding can follow from an earlier one, and is then listed
 * beneath it.
 */
#ifndef BP_FINDING_H
#define BP_FINDING_H

#include "core/status.h"

#include <stdbool.h>
#include <stddef.h>

/* certain   it predicts the gradient at a probe drawn after the match, to the
 *           subject's precision, no inequivalent hypothesis does, and where the
 *           subject can be repaired everything then agrees; or, for what needs no
 *           matching, it was seen bit for bit
 * likely    it alone matches the probes seen so far
 * possible  not excluded */
enum bp_certainty { BP_POSSIBLE, BP_LIKELY, BP_CERTAIN };

enum {
    BP_FINDING_NAME_MAX = 64,
    BP_FINDING_LINES = 12,
    BP_FINDING_LINE_MAX = 240,
    BP_FINDING_NOWHERE = -1
};

/* Which look found it; also the order in which looks are reported. */
#define BP_LOOK_LIST(X)                                                                            \
    X(BP_LOOK_CONTRACT, "contract")                                                                \
    X(BP_LOOK_FORWARD, "forward")                                                                  \
    X(BP_LOOK_GRADIENT, "gradcheck")                                                               \
    X(BP_LOOK_UPDATE, "update")                                                                    \
    X(BP_LOOK_CHECK, "check")                                                                      \
    X(BP_LOOK_SYMMETRY, "symmetry")                                                                \
    X(BP_LOOK_DATA, "data")                                                                        \
    X(BP_LOOK_NETWORK, "network")                                                                  \
    X(BP_LOOK_HEALTH, "health")

#define BP_LOOK_ENUM(name, text) name,
enum bp_look { BP_LOOK_LIST(BP_LOOK_ENUM) BP_LOOKS };
#undef BP_LOOK_ENUM

struct bp_finding {
    char name[BP_FINDING_NAME_MAX]; /* "missing-activation-derivative" */
    enum bp_look look;
    enum bp_certainty certainty;
    int layer;                       /* 1 .. L; 0: the whole network; BP_FINDING_NOWHERE */
    int neuron;                      /* 0 ..; BP_FINDING_NOWHERE */
    long step;                       /* at which it first held, or -1 */
    double number, threshold;        /* of a rule; NaN where there is none */
    char title[BP_FINDING_LINE_MAX]; /* one line: what is wrong */
    size_t n_because;
    char because[BP_FINDING_LINES][BP_FINDING_LINE_MAX]; /* evidence, with numbers */
    char help[BP_FINDING_LINE_MAX];                      /* what to change */
    int follows; /* index of the finding that it follows from, or -1 */
    bool note;   /* for the reader, not a finding: does not count for the exit status */
};

/* A list of findings; owned. */
struct bp_findings {
    size_t n, room;
    struct bp_finding *item;
};

void bp_findings_release(struct bp_findings *findings);

/* Adds one with everything empty; NULL when there is no memory. The pointer is
 * good until the next call. */
struct bp_finding *bp_findings_add(struct bp_findings *findings, enum bp_look look,
                                   const char *name);

/* A line of evidence; what is beyond BP_FINDING_LINES is dropped. */
void bp_finding_because(struct bp_finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void bp_finding_title(struct bp_finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void bp_finding_help(struct bp_finding *finding, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* "sign-flipped in layer 2, neuron 3"; cut to size. */
void bp_finding_text(const struct bp_finding *finding, char *text, size_t size);

/* "sign-flipped", "sign-flipped:2" or "sign-flipped:2:3": the key that an expect
 * list and --plant use; whole-network findings have no place. */
void bp_finding_key(const struct bp_finding *finding, char *text, size_t size);

/* Findings that are no notes. */
size_t bp_findings_count(const struct bp_findings *findings);

const char *bp_certainty_text(enum bp_certainty certainty);
const char *bp_look_text(enum bp_look look);

#endif
