/* record.h -- everything that one experiment showed: what the report, the figures
 * and the page are made from.
 *
 * Filled by whoever ran it (scenarios/), read by whoever shows it (plots/, main.c).
 * All of it is data; nothing here runs anything.
 */
#ifndef BP_RECORD_H
#define BP_RECORD_H

#include "core/dataset_open.h"
#include "core/init.h"
#include "core/sgd.h"
#include "diag/course.h"
#include "diag/finding.h"
#include "diag/gradcheck.h"
#include "diag/rate.h"
#include "diag/symmetry.h"

enum { BP_RECORD_SETTINGS = 24, BP_RECORD_CURVES = 6, BP_RECORD_LINE = 400, BP_RECORD_KEY = 24 };

/* "rate" and "0.5". */
struct bp_record_setting {
    char key[BP_RECORD_KEY];
    char value[BP_RECORD_LINE];
};

/* Where the gradient was checked. */
enum bp_record_point {
    BP_POINT_START,
    BP_POINT_DRAWN, /* at the start too little could be told */
    BP_POINT_END    /* theta as trained */
};

/* "the start", "a drawn point", "the end". */
const char *bp_record_point_text(enum bp_record_point point);

/* The loss (and accuracy) of one run by epoch; arrays owned. */
struct bp_curve {
    char name[80]; /* "as given", "with the stage put back" */
    size_t n;
    double *epoch, *loss, *accuracy; /* epochs count from 1; accuracy NaN without classes */
    double end_loss;                 /* per sample over the training data, no regulariser */
    double end_accuracy;             /* share of the training data; NaN */
    bool done;                       /* see bp_health_reached() */
    bool minimum;                    /* at rest in a minimum that is not the best one */
};

struct bp_record {
    char name[64], title[200];
    bool attached; /* a program that was checked: net is as it is described, with the right
                      backpropagation, or empty */
    size_t n_settings;
    struct bp_record_setting setting[BP_RECORD_SETTINGS];

    struct bp_dataset_pair data;
    struct bp_mlp net; /* as trained, with what was planted in its stages */
    double *start;     /* theta before the first step; as theta */
    struct bp_init init;
    struct bp_train train;

    bool checked; /* the gradient, at check_at */
    enum bp_record_point check_at;
    struct bp_gradcheck check; /* its net is the record's */
    bool checked_end;          /* at the end too */
    struct bp_gradcheck check_end;

    struct bp_symmetry symmetry; /* of the start, over the training data */

    bool trained;
    struct bp_course course;
    double loss, accuracy; /* at the end, over the training data */
    double tested;         /* accuracy on other data; NaN where there is none */
    size_t steps, epochs;

    struct bp_findings findings;
    bool rate_tried;
    struct bp_rate rate;
    size_t n_curves; /* 0: the run as given; then counterfactuals */
    struct bp_curve curve[BP_RECORD_CURVES];
    char repaired[BP_RECORD_LINE]; /* what the counterfactual, curve 1, changed */
    size_t proof_layer;            /* whose neurons were copies at the start; 0: none were */
    size_t proof_width[2];      /* its distinct neurons: as given, and after the counterfactual */
    size_t starts, starts_done; /* where it did not get to its end: other starts that were tried
                                   with the same repair, and how many did; curve 2 is the first */

    char *worksheet; /* owned text: the forward pass of one sample, to check by hand; or NULL */

    size_t runs, reached; /* seeds tried, and how many reached the goal */
    bool has_goal, goal_met;
    bool expects, as_expected;
    char missing[BP_RECORD_LINE], unexpected[BP_RECORD_LINE]; /* keys, or empty */
    double seconds;                                           /* wall clock, for progress only */
};

void bp_record_release(struct bp_record *record);

/* Adds a line of settings; what does not fit is dropped. */
void bp_record_set(struct bp_record *record, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What the counterfactual did, beside the run as given: "the same run with ...: loss 0.02
 * in place of 0.41", and what that proves; empty where there is none. */
void bp_record_proof(const struct bp_record *record, char *text, size_t size);

/* Room for n points. BP_ENOMEM. */
enum bp_status bp_curve_init(struct bp_curve *curve, const char *name, size_t n);
void bp_curve_release(struct bp_curve *curve);

/* Copies the losses by epoch that a course kept. BP_ENOMEM. */
enum bp_status bp_curve_from(struct bp_curve *curve, const char *name,
                             const struct bp_course *course);

/* Loss per sample (no regulariser) and share right of net over data. BP_ENOMEM. */
enum bp_status bp_record_score(const struct bp_mlp *net, const struct bp_dataset *data,
                               double *loss, double *accuracy);

#endif
