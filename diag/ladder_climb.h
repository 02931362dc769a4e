/* ladder_climb.h -- what a rung is made of: looks at one subject. Shared by the files of
 * ladder.h.
 */
#ifndef BP_LADDER_CLIMB_H
#define BP_LADDER_CLIMB_H

#include "diag/ladder.h"

enum { BP_CLIMB_FAULTS = 8 };

struct bp_hypothesis;

/* A climb: the state that goes from rung to rung. */
struct bp_climb {
    struct bp_ladder *ladder;
    struct bp_ladder_options options;
    bool rate_given;                   /* else one is chosen at which the right program learns */
    const struct bp_maker *maker;      /* NULL: the subject is fixed */
    struct bp_spec like;               /* activations and loss for what is made */
    const struct bp_hypothesis *fault; /* of the core: for starts and rates; may be NULL */
    size_t n_faults;
    struct bp_rung *rung; /* the current one */
    struct bp_view *view; /* what is looked at now; borrowed */
    const struct bp_dataset *data;
    bool one_hot;     /* targets are drawn so: it refused others, as a program that takes labels */
    bool has_numbers; /* its outputs are by numbers that are in no description (forward_fit.h):
                         what its twin comes to is no measure */
    bool decides;     /* so are they, and decisions: their numeric derivatives are 0 */
    struct bp_error *error;
};

/* ---- a climb (ladder.c) ------------------------------------------------------------ */

/* Epochs: two to five times what the slowest of 24 right starts took. */
enum { AND_BUDGET = 2000, XOR_BUDGET = 5000, SIGN_BUDGET = 2000, BESIDE = 500, BESIDE_TWIN = 100 };
/* so many of 24 starts must learn it; a relu that is dead at the start never does */
enum { AND_LEAST = 12, XOR_LEAST = 6, SIGN_LEAST = 6 };

void bp_climb_begin(struct bp_climb *climb, struct bp_ladder *ladder, const char *name,
                    const struct bp_ladder_options *options, struct bp_error *error);
enum bp_status bp_climb_like(struct bp_spec *spec, const struct bp_spec *like);

/* All rungs, of a subject that can be any network. */
enum bp_status bp_climb_all(struct bp_climb *climb);

/* After a rung: passed, unless it broke; left out, when no look of it was possible. */
void bp_climb_end_rung(struct bp_climb *climb);

/* Releases what the climb holds, and the ladder too where status is not BP_OK; returns
 * it. */
enum bp_status bp_climb_finish(struct bp_climb *climb, enum bp_status status);

/* A look that this subject does not allow is left out with its own words. */
enum bp_status bp_climb_pardon(struct bp_climb *climb, enum bp_status status);

/* Runs a look; returns when it failed, or when the rung broke. */
#define LOOK(call)                                                                                 \
    do {                                                                                           \
        const enum bp_status status_ = bp_climb_pardon(climb, call);                               \
        if (status_ != BP_OK || bp_climb_broke(climb))                                             \
            return status_;                                                                        \
    } while (0)

/* How targets are written for this output. */
enum bp_targets bp_climb_coding(const struct bp_spec *spec);

/* Samples for looks that need no task: any will do, they draw their own. */
enum bp_status bp_climb_no_task(struct bp_dataset *data, const struct bp_spec *spec);

/* ---- looks (ladder_look.c, ladder_step.c) ------------------------------------------------------
 */

/* Each adds one or more looks to climb->rung, and sets its outcome when it breaks. */
enum bp_status bp_rung_contract(struct bp_climb *climb);
enum bp_status bp_rung_separable(struct bp_climb *climb);
enum bp_status bp_rung_forward(struct bp_climb *climb, const double *theta);
enum bp_status bp_rung_numeric(struct bp_climb *climb, size_t budget);
enum bp_status bp_rung_gradient(struct bp_climb *climb);
enum bp_status bp_rung_beside(struct bp_climb *climb, size_t epochs);
enum bp_status bp_rung_step(struct bp_climb *climb);
/* least: so many of 24 starts must learn it. */
enum bp_status bp_rung_learns(struct bp_climb *climb, size_t budget, size_t least);
enum bp_status bp_rung_as_twin(struct bp_climb *climb, size_t epochs);
enum bp_status bp_rung_digits(struct bp_climb *climb);

/* "AND": of the data. */
const char *bp_climb_title(const struct bp_climb *climb);

bool bp_climb_broke(const struct bp_climb *climb);

/* A new look; NULL when there is no room. */
struct bp_rung_look *bp_climb_look(struct bp_climb *climb, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void bp_rung_see(struct bp_rung_look *look, enum bp_rung_outcome outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* More words behind those of the look. */
void bp_rung_see_more(struct bp_rung_look *look, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The rung broke: what that means, and what to do next. */
void bp_climb_break(struct bp_climb *climb, const char *means, const char *next);

/* Where nothing was named: what was seen is the finding. BP_ENOMEM. */
enum bp_status bp_climb_name_at_least(struct bp_climb *climb, enum bp_look look, const char *name,
                                      const char *seen);

/* n samples in which nothing is equal, zero or balanced; or the subject's own, all of them,
 * where it takes no other. */
enum bp_status bp_climb_draw(const struct bp_climb *climb, size_t n, struct bp_dataset *data);

/* Keeps the worksheet of this point. BP_ENOMEM. */
enum bp_status bp_climb_worksheet(struct bp_climb *climb, const double *theta);

/* ---- training (ladder_train.c) ------------------------------------------------------ */

enum bp_trainer { BP_BY_NUMERIC, BP_BY_GRADIENT, BP_BY_STEP, BP_BY_TWIN };

struct bp_lesson {
    enum bp_trainer by;
    double rate;
    size_t budget, batch; /* epochs at most; samples a step, 0: all */
    bool to_the_end;      /* do not stop when all is classified right */
};

struct bp_outcome_of_training {
    bool learned; /* every sample on the right side */
    size_t epoch; /* at which it was so first; or the budget */
    double loss;  /* at the end */
    size_t right; /* samples on the right side at the end */
    bool finite;
};

/* A start: by the climb's seed and start's number. */
void bp_climb_start(const struct bp_climb *climb, size_t start, double *theta);

/* A point to compare at: milder than a start, so that nothing saturates, and without
 * what was planted in starts. */
void bp_climb_point(const struct bp_climb *climb, size_t k, double *theta);

/* Trains theta in place. */
enum bp_status bp_climb_train(struct bp_climb *climb, const struct bp_lesson *lesson, double *theta,
                              struct bp_outcome_of_training *outcome);

/* The numeric gradient, by central differences of the subject's own loss. */
enum bp_status bp_climb_numeric(struct bp_climb *climb, const double *theta,
                                const struct bp_batch *batch, double *g);

#endif
