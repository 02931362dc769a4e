/* columns.h -- somebody's own gradient check printed two columns: is the check wrong?
 *
 *     backprop   what they compute, or think that they print
 *     numeric    (L(theta + h) - L(theta - h)) / (2 h), or what became of it
 *
 * The right gradient g at that theta is known here, so the numeric column can be
 * judged on its own, in this order:
 *
 *     |g|, without signs                      check-compares-magnitudes
 *     c g for one c                           right, on its own scale
 *     sum of w_s g_s, samples weighted        check-on-other-data
 *       unequally (least squares)
 *     multiples of ulp(L) / h                 check-step-too-small, or, where ulp is
 *                                             float's, check-drowns-in-rounding
 *     (L(theta + h) - L(theta)) / h, h found  check-one-sided
 *     as above, h large                       check-step-too-large, or check-crosses-kink
 *                                             where a relu changed sides within h
 *     as above, theta + h not put back        check-does-not-restore
 *
 * and then the other one: theta (check-prints-weights), or c' g with another c'
 * (check-on-other-scale). A backprop column that is none of these is a matter of the
 * gradient check. Cost: two losses a parameter for each of some hundred steps tried.
 */
#ifndef BP_COLUMNS_H
#define BP_COLUMNS_H

#include "core/mlp.h"
#include "diag/finding.h"

/* All borrowed; in core's order, at net->theta (whose stages are right). */
struct bp_columns {
    const struct bp_mlp *net;
    size_t n;
    const double *x, *t;
    const double *backprop; /* NULL: not shown */
    const double *numeric;
};

/* Adds what is wrong with the check; nothing where it is right, or where nothing known
 * explains it (*explained is then false). explained may be NULL. BP_ENOMEM. */
enum bp_status bp_columns_run(const struct bp_columns *columns, struct bp_findings *findings,
                              bool *explained);

#endif
