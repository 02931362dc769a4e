/* stepper_look.h -- between the files of the step checks: the steps that were made, and
 * room for them.
 */
#ifndef BP_STEPPER_LOOK_H
#define BP_STEPPER_LOOK_H

#include "diag/stepper.h"

struct bp_step_look {
    struct bp_view *view; /* borrowed, as are: */
    const struct bp_batch *batch;
    struct bp_stepper *stepper;
    struct bp_findings *findings;
    struct bp_error *error;
    double *theta;     /* rounded to what the subject can hold */
    double *g;         /* the right gradient: the subject's own, or the twin's; see has_g */
    double *a, *b, *c; /* G at three rates, or after three steps */
    double *next;
    double rate;
    double noise; /* absolute, of an entry of G(rate) */
    bool has_g, own_g;
    double g_error; /* of g, relative to its largest */
};

/* S / rate of one step at rate; keep: without a reset() before it. */
enum bp_status bp_step_take(struct bp_step_look *look, double rate, bool keep, double *g);

/* A finding with the catalogue's words; NULL without memory. */
struct bp_finding *bp_step_add(struct bp_step_look *look, const char *name);

/* The factor f for which a = f b fits best, and the largest |a - f b|. */
double bp_step_factor(const double *a, const double *b, size_t n, double *off);

double bp_step_largest(const double *numbers, size_t n);

/* The gradient of the twin, or of the subject itself, at theta. */
enum bp_status bp_step_reference(struct bp_step_look *look);

/* Whether the twin, with its layers updated one by one from the output down, makes
 * the step a at look->rate. */
enum bp_status bp_step_is_early(struct bp_step_look *look, const double *a, bool *early);

/* The parts. Each adds its findings. */
enum bp_status bp_step_sizes(struct bp_step_look *look);
enum bp_status bp_step_rates(struct bp_step_look *look);
enum bp_status bp_step_velocity(struct bp_step_look *look);
enum bp_status bp_step_beside_gradient(struct bp_step_look *look);

#endif
