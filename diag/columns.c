/* columns.c -- see columns.h. */
#include "diag/columns.h"

#include "core/mem.h"
#include "diag/columns_fit.h"
#include "diag/faults/fault.h"

#include <math.h>

/* ---- words ----------------------------------------------------------------------- */

static struct bp_finding *add(struct bp_findings *findings, const char *name)
{
    const struct bp_fault *fault = bp_fault_find(name);
    struct bp_finding *finding = bp_findings_add(findings, BP_LOOK_CHECK, name);
    if (finding == NULL)
        return NULL;
    finding->certainty = BP_CERTAIN;
    bp_finding_title(finding, "%s", fault->title);
    bp_finding_help(finding, "%s", fault->help);
    return finding;
}

/* Entry k as "W1[0,1]: numeric 0.31, right 0.29". */
static void show_worst(const struct bp_columns_work *work, double factor,
                       struct bp_finding *finding)
{
    char name[BP_NAME_MAX];
    size_t worst = 0;
    double most = -1.0;
    for (size_t k = 0; k < work->count; k++) {
        const double apart = fabs(work->columns->numeric[k] - factor * work->g[k]);
        if (apart > most) {
            most = apart;
            worst = k;
        }
    }
    bp_mlp_name(work->columns->net, worst, name);
    bp_finding_because(finding, "%s: the numeric column says %.6g, right is %.6g", name,
                       work->columns->numeric[worst], factor * work->g[worst]);
}

/* ---- the numeric column ------------------------------------------------------------- */

struct account {
    struct bp_columns_work *work;
    struct bp_findings *findings;
    bool explained; /* the numeric column is understood */
    bool scaled;    /* and factor is its multiple of g */
    double factor;
    enum bp_status status;
};

static struct bp_finding *found(struct account *account, const char *name)
{
    struct bp_finding *finding = add(account->findings, name);
    account->explained = true;
    if (finding == NULL)
        account->status = BP_ENOMEM;
    return finding;
}

/* |g|, where g has both signs. */
static bool without_signs(struct account *account)
{
    const struct bp_columns_work *work = account->work;
    size_t negative = 0;
    double off;
    for (size_t k = 0; k < work->count; k++) {
        if (work->columns->numeric[k] < 0.0)
            return false;
        work->tried[k] = fabs(work->g[k]);
        negative += work->g[k] < 0.0 && work->columns->numeric[k] > 0.0;
    }
    account->factor = bp_columns_factor(work->count, work->tried, work->columns->numeric, &off);
    if (negative == 0 || !(off <= work->tol))
        return false;
    struct bp_finding *finding = found(account, "check-compares-magnitudes");
    if (finding != NULL)
        bp_finding_because(finding,
                           "no number of the numeric column is negative; the right gradient's "
                           "have these sizes, and %zu of %zu are negative",
                           negative, work->count);
    account->scaled = true;
    return true;
}

static bool a_multiple(struct account *account)
{
    const struct bp_columns_work *work = account->work;
    double off;
    account->factor = bp_columns_factor(work->count, work->g, work->columns->numeric, &off);
    account->explained = account->scaled = off <= work->tol;
    return account->explained;
}

/* What the regulariser adds to the gradient's entry k. */
static double decay_at(const struct bp_columns_work *work, size_t k)
{
    const struct bp_mlp *net = work->columns->net;
    return bp_mlp_tensor_of(net, k)->role == BP_WEIGHTS ? net->spec.l2 * net->theta[k] : 0.0;
}

/* The part of the data, one number times too large, and the regulariser's once: a cost
 * that is summed where the gradient is averaged. */
static bool other_scale(struct account *account)
{
    const struct bp_columns_work *work = account->work;
    const double *numeric = work->columns->numeric;
    double product = 0.0, square = 0.0, off = 0.0, most = 0.0;
    for (size_t k = 0; k < work->count; k++) {
        const double part = work->g[k] - decay_at(work, k);
        product += (numeric[k] - decay_at(work, k)) * part;
        square += part * part;
    }
    const double factor = product / square;
    for (size_t k = 0; k < work->count; k++) {
        const double decay = decay_at(work, k);
        off = fmax(off, fabs(numeric[k] - decay - factor * (work->g[k] - decay)));
        most = fmax(most, fabs(numeric[k]));
    }
    if (work->columns->net->spec.l2 == 0.0 || !(off <= work->tol * most))
        return false;
    struct bp_finding *finding = found(account, "check-on-other-scale");
    if (finding == NULL)
        return true;
    finding->number = factor;
    bp_finding_because(finding,
                       "the data's part of numeric is %.6g times the right one, the regulariser's "
                       "part is right",
                       factor);
    return true;
}

/* Weights of samples that are not one number. */
static bool other_samples(struct account *account)
{
    struct bp_columns_work *work = account->work;
    const size_t n = work->columns->n;
    double *weight = work->system + (n > 256 ? 0 : n * (n + 1));
    size_t absent = 0;
    double most = 0.0;
    if (other_scale(account))
        return true;
    if (!bp_columns_samples(work, weight))
        return false;
    for (size_t s = 0; s < n; s++)
        most = fmax(most, fabs(weight[s]));
    for (size_t s = 0; s < n; s++)
        absent += fabs(weight[s]) <= 1e-3 * most;
    struct bp_finding *finding = found(account, "check-on-other-data");
    if (finding == NULL)
        return true;
    bp_finding_because(finding,
                       "the numeric column is a sum of the samples' gradients in which %zu of %zu "
                       "samples have no part",
                       absent, n);
    for (size_t s = 0; s < n && s < 8; s++)
        bp_finding_because(finding, "sample %zu counts %.4g times", s, weight[s]);
    return true;
}

static bool whole_digits(struct account *account)
{
    double step, quantum;
    const bool tiny = bp_columns_quantum(account->work, false, &step, &quantum);
    if (!tiny && !bp_columns_quantum(account->work, true, &step, &quantum))
        return false;
    struct bp_finding *finding =
        found(account, tiny ? "check-step-too-small" : "check-drowns-in-rounding");
    if (finding != NULL)
        bp_finding_because(finding,
                           "every number of the numeric column is a whole multiple of %.6g, the "
                           "last digit of a loss of %.4g in %s over a step of about %.0e",
                           quantum, account->work->loss, tiny ? "double" : "float32", step);
    return true;
}

/* Differences as some habit makes them; the commonest habit first. */
static bool some_habit(struct account *account)
{
    static const struct {
        const char *name;
        struct bp_usercheck habit;
        const char *says;
    } HABIT[] = {{"check-one-sided", {.one_sided = true}, "(L(theta + h) - L(theta)) / h"},
                 {"check-step-too-large", {.step = 0.0}, "(L(theta + h) - L(theta - h)) / (2 h)"},
                 {"check-does-not-restore",
                  {.keeps_moved = true},
                  "(L(theta + h) - L(theta - h)) / (2 h) with theta + h left in place"},
                 {"check-does-not-restore",
                  {.keeps_moved = true, .one_sided = true},
                  "(L(theta + h) - L(theta)) / h with theta + h left in place"}};
    struct bp_columns_work *work = account->work;
    for (size_t k = 0; k < sizeof HABIT / sizeof HABIT[0]; k++) {
        struct bp_usercheck habit = HABIT[k].habit;
        if (!bp_columns_step(work, &habit, &account->factor))
            continue;
        bool others = false;
        const bool central = !habit.one_sided && !habit.keeps_moved;
        const size_t crossed =
            central ? bp_columns_crossed(work, habit.step, account->factor, &others) : 0;
        const bool kink = crossed > 0 && others;
        struct bp_finding *finding = found(account, kink ? "check-crosses-kink" : HABIT[k].name);
        account->scaled = true;
        if (finding == NULL)
            return true;
        bp_finding_because(finding, "the numeric column is %s, h = %.4g", HABIT[k].says,
                           habit.step);
        if (kink)
            bp_finding_because(finding,
                               "at %zu of %zu entries a unit changes sides within that step; all "
                               "others agree",
                               crossed, work->count);
        show_worst(work, account->factor, finding);
        return true;
    }
    return false;
}

/* ---- the other column, and both ------------------------------------------------------------- */

static bool shows_theta(struct account *account)
{
    const struct bp_columns *columns = account->work->columns;
    double off;
    if (columns->backprop == NULL)
        return false;
    const double factor =
        bp_columns_factor(account->work->count, columns->net->theta, columns->backprop, &off);
    if (!(off <= BP_COLUMNS_TOL) || !(fabs(factor - 1.0) <= BP_COLUMNS_TOL))
        return false;
    struct bp_finding *finding = add(account->findings, "check-prints-weights");
    if (finding == NULL)
        account->status = BP_ENOMEM;
    else
        bp_finding_because(finding, "the column equals the %zu parameters, to %.1g",
                           account->work->count, off);
    return true;
}

/* The multiple of g that the backprop column is; 1 where it is not shown, or theta. */
static bool backprop_factor(struct account *account, bool theta, double *factor)
{
    double off = 0.0;
    const struct bp_columns *columns = account->work->columns;
    *factor = 1.0;
    if (columns->backprop == NULL || theta)
        return true;
    *factor = bp_columns_factor(account->work->count, account->work->g, columns->backprop, &off);
    return off <= BP_COLUMNS_TOL;
}

static void compare_scales(struct account *account, bool theta)
{
    double factor;
    if (!account->scaled || !backprop_factor(account, theta, &factor))
        return;
    const double ratio = account->factor / factor;
    const double n = (double)account->work->columns->n;
    if (fabs(ratio - 1.0) <= fmax(1e-4, 10.0 * account->work->tol))
        return;
    struct bp_finding *finding = add(account->findings, "check-on-other-scale");
    if (finding == NULL) {
        account->status = BP_ENOMEM;
        return;
    }
    finding->number = ratio;
    bp_finding_because(finding, "numeric is %.6g times the right gradient in every entry",
                       account->factor);
    if (fabs(ratio - n) <= 1e-4 * n)
        bp_finding_because(finding, "that is the number of samples: the cost is a sum, the "
                                    "gradient a mean");
    else if (fabs(ratio * n - 1.0) <= 1e-4)
        bp_finding_because(finding, "that is one over the number of samples: the cost is a mean, "
                                    "the gradient a sum");
}

static bool has_gradient(const struct bp_columns_work *work)
{
    for (size_t k = 0; k < work->count; k++)
        if (fabs(work->g[k]) > 1e-14)
            return true;
    return false;
}

static void look(struct account *account)
{
    if (!has_gradient(account->work)) {
        struct bp_finding *finding = found(account, "check-is-vacuous");
        if (finding != NULL)
            bp_finding_because(finding, "all %zu derivatives are 0 at these parameters",
                               account->work->count);
        return;
    }
    const bool theta = shows_theta(account);
    if (!without_signs(account) && !a_multiple(account) && !whole_digits(account) &&
        !other_samples(account))
        some_habit(account);
    if (account->status == BP_OK)
        compare_scales(account, theta);
}

enum bp_status bp_columns_run(const struct bp_columns *columns, struct bp_findings *findings,
                              bool *explained)
{
    struct bp_columns_work work;
    enum bp_status status = bp_columns_open(&work, columns);
    if (status != BP_OK)
        return status;
    struct account account = {.work = &work, .findings = findings};
    look(&account);
    status = work.status != BP_OK ? work.status : account.status;
    if (explained != NULL)
        *explained = account.explained;
    bp_columns_close(&work);
    return status;
}
