/* rate.c -- see rate.h. */
#include "diag/rate.h"

#include "core/mem.h"
#include "diag/health.h"

#include <math.h>
#include <string.h>

/* Multiply-adds that all trials together may take: a second or two. */
#define WORK 4e9

static const double FACTOR[BP_TRIALS] = {1e-3, 1e-2, 1e-1, 0.3, 1.0, 10.0, 1e2, 1e3, 1e4};
enum { GIVEN = 4 };

/* A copy of the network, with its stages, at the start. */
static enum bp_status copy_network(struct bp_mlp *copy, const struct bp_mlp *net,
                                   const double *start)
{
    const enum bp_status status = bp_mlp_init(copy, &net->spec);
    if (status != BP_OK)
        return status;
    memcpy(copy->theta, start, net->n_theta * sizeof *start);
    memcpy(copy->ops, net->ops, (net->spec.layers + 1) * sizeof *net->ops);
    return BP_OK;
}

static double squared(const double *v, size_t n)
{
    double sum = 0.0;
    for (size_t k = 0; k < n; k++)
        sum += v[k] * v[k];
    return sum;
}

/* lambda = g'Hg / g'g at the start, with H g from gradients at theta and at
 * theta - h g; h moves theta by a 1e-5th of its size. */
static double curvature_along_step(struct bp_mlp *net, struct bp_pass *pass, double *scratch,
                                   const struct bp_dataset *data)
{
    const size_t p = net->n_theta;
    double *g = scratch;
    double *theta = scratch + p;
    bp_pass_forward(pass, data->n, data->x);
    bp_pass_backward(pass, data->t);
    memcpy(g, pass->grad, p * sizeof *g);
    const double gg = squared(g, p);
    const double h = 1e-5 * sqrt((squared(net->theta, p) + 1e-300) / gg);
    if (!(gg > 0.0 && isfinite(h)))
        return NAN;
    for (size_t k = 0; k < p; k++)
        theta[k] = net->theta[k] - h * g[k];
    pass->theta = theta;
    bp_pass_forward(pass, data->n, data->x);
    bp_pass_backward(pass, data->t);
    double gHg = 0.0;
    for (size_t k = 0; k < p; k++)
        gHg += g[k] * (g[k] - pass->grad[k]) / h;
    pass->theta = net->theta;
    return gHg / gg;
}

static enum bp_status measure_curvature(struct bp_rate *rate, const struct bp_mlp *net,
                                        const double *start, const struct bp_dataset *data)
{
    struct bp_mlp copy = {0};
    struct bp_pass pass = {0};
    struct bp_dataset view = *data;
    enum { MOST = 500 };
    view.n = data->n < MOST ? data->n : MOST;
    double *scratch = bp_mem_new(2 * net->n_theta, sizeof *scratch);
    enum bp_status status = scratch == NULL ? BP_ENOMEM : copy_network(&copy, net, start);
    if (status == BP_OK)
        status = bp_pass_init(&pass, &copy, view.n);
    if (status == BP_OK)
        rate->curvature = curvature_along_step(&copy, &pass, scratch, &view);
    bp_pass_release(&pass);
    bp_mlp_release(&copy);
    bp_mem_free(scratch);
    return status;
}

/* Loss per sample and share right over the data, in chunks of a pass's room. */
static void judge(struct bp_trial *trial, struct bp_pass *pass, const struct bp_dataset *data,
                  double baseline)
{
    const double *a = pass->a[pass->net->spec.layers];
    double loss = 0.0;
    size_t right = 0;
    for (size_t first = 0; first < data->n; first += pass->capacity) {
        const size_t n = data->n - first < pass->capacity ? data->n - first : pass->capacity;
        bp_pass_forward(pass, n, data->x + first * data->n_in);
        for (size_t s = 0; s < n; s++) {
            const double *t = data->t + (first + s) * data->n_out;
            loss += bp_pass_sample_loss(pass, data->t + first * data->n_out, s);
            right += data->classes > 0 &&
                     bp_dataset_class(data, a + s * data->n_out) == bp_dataset_class(data, t);
        }
    }
    trial->loss = isnan(loss) ? NAN : loss / (double)data->n; /* a NaN's sign means nothing */
    const double accuracy = data->classes > 0 ? (double)right / (double)data->n : NAN;
    trial->done = bp_health_reached(trial->loss, accuracy, baseline);
}

/* The run with trial->rate, for so many epochs. */
static enum bp_status try_run(struct bp_trial *trial, size_t epochs, const struct bp_mlp *net,
                              const double *start, const struct bp_dataset *data,
                              const struct bp_train *train, double baseline,
                              const struct bp_observer *observer)
{
    struct bp_mlp copy;
    struct bp_sgd sgd = {0};
    struct bp_train other = *train;
    other.rate = trial->rate;
    other.epochs = epochs;
    enum bp_status status = copy_network(&copy, net, start);
    if (status == BP_OK)
        status = bp_sgd_init(&sgd, &copy, &other, data->n, data->x, data->t);
    if (status == BP_OK) {
        bp_sgd_run(&sgd, observer);
        judge(trial, &sgd.pass, data, baseline);
    }
    bp_sgd_release(&sgd);
    bp_mlp_release(&copy);
    return status;
}

/* A run that ended worse than a constant answer overshot: of two cures the smaller rate. */
static bool is_overshot(const struct bp_rate *rate)
{
    return !(rate->trial[rate->given].loss <= 2.0 * rate->baseline);
}

/* Another rate is better when it gets done and the given one does not, with less than
 * half of its loss. Beside a run that overshot it is enough to be on the way: trials may
 * be too short to get done. */
static bool is_cure(const struct bp_rate *rate, size_t k)
{
    const struct bp_trial *given = &rate->trial[rate->given], *other = &rate->trial[k];
    const bool on_the_way = is_overshot(rate) && other->loss < 0.5 * rate->baseline;
    return (other->done || on_the_way) && !given->done && !(other->loss >= 0.5 * given->loss);
}

static void prefer_smaller(struct bp_rate *rate)
{
    size_t best = rate->given;
    for (size_t k = 0; k < rate->given; k++)
        if (is_cure(rate, k) &&
            (best == rate->given || rate->trial[k].loss < rate->trial[best].loss))
            best = k;
    rate->best = best != rate->given ? best : rate->best;
}

static void conclude(struct bp_rate *rate)
{
    rate->best = rate->given;
    rate->verdict = BP_RATE_NEITHER;
    for (size_t k = 0; k < rate->n; k++)
        if (rate->trial[k].loss < rate->trial[rate->best].loss ||
            !isfinite(rate->trial[rate->best].loss))
            rate->best = k;
    if (is_overshot(rate))
        prefer_smaller(rate);
    if (rate->best != rate->given && is_cure(rate, rate->best))
        rate->verdict = rate->best > rate->given ? BP_RATE_TOO_SMALL : BP_RATE_TOO_LARGE;
}

/* Ten times the epochs, and a hundred times, as far as the work allows. */
static enum bp_status try_longer(struct bp_rate *rate, const struct bp_mlp *net,
                                 const double *start, const struct bp_dataset *data,
                                 const struct bp_train *train, double most,
                                 const struct bp_observer *observer)
{
    enum bp_status status = BP_OK;
    if (rate->trial[rate->given].done || rate->epochs < train->epochs)
        return BP_OK;
    for (size_t times = 10; times <= 100 && rate->enough == 0 && status == BP_OK; times *= 10) {
        struct bp_trial trial = {.rate = train->rate};
        if (!((double)times * (double)train->epochs <= most))
            return BP_OK;
        status = try_run(&trial, times * train->epochs, net, start, data, train, rate->baseline,
                         observer);
        if (trial.done)
            rate->enough = times * train->epochs;
    }
    return status;
}

enum bp_status bp_rate_run(struct bp_rate *rate, const struct bp_mlp *net, const double *start,
                           const struct bp_dataset *data, const struct bp_train *train,
                           const struct bp_observer *observer)
{
    *rate = (struct bp_rate){.n = BP_TRIALS, .given = GIVEN, .curvature = NAN};
    const double epoch = 6.0 * (double)net->n_theta * (double)data->n;
    const double most = WORK / BP_TRIALS / epoch;
    rate->epochs = most < 1.0 ? 1 : most < (double)train->epochs ? (size_t)most : train->epochs;
    rate->baseline = bp_health_baseline(net, data);
    enum bp_status status = measure_curvature(rate, net, start, data);
    for (size_t k = 0; k < rate->n && status == BP_OK; k++) {
        rate->trial[k].rate = FACTOR[k] * train->rate;
        status = try_run(&rate->trial[k], rate->epochs, net, start, data, train, rate->baseline,
                         observer);
    }
    if (status == BP_OK)
        conclude(rate);
    if (status == BP_OK)
        status = try_longer(rate, net, start, data, train, most, observer);
    return status;
}

static enum bp_status note_epochs(const struct bp_rate *rate, struct bp_findings *findings)
{
    if (rate->enough == 0)
        return BP_OK;
    struct bp_finding *finding = bp_findings_add(findings, BP_LOOK_HEALTH, "too-few-epochs");
    if (finding == NULL)
        return BP_ENOMEM;
    finding->note = true;
    finding->certainty = BP_CERTAIN;
    finding->number = (double)rate->epochs;
    bp_finding_title(finding, "the run is over before it is done");
    bp_finding_because(finding,
                       "from the same start, at the same rate: %zu epochs end at loss %.4g",
                       rate->epochs, rate->trial[rate->given].loss);
    bp_finding_because(finding, "%zu epochs get it done", rate->enough);
    bp_finding_help(finding, "train for %zu epochs, or look at the rate", rate->enough);
    return BP_OK;
}

enum bp_status bp_rate_findings(const struct bp_rate *rate, struct bp_findings *findings)
{
    if (rate->verdict == BP_RATE_NEITHER)
        return note_epochs(rate, findings);
    const bool small = rate->verdict == BP_RATE_TOO_SMALL;
    const struct bp_trial *given = &rate->trial[rate->given];
    const struct bp_trial *best = &rate->trial[rate->best];
    struct bp_finding *finding =
        bp_findings_add(findings, BP_LOOK_HEALTH, small ? "rate-too-small" : "rate-too-large");
    if (finding == NULL)
        return BP_ENOMEM;
    finding->certainty = BP_CERTAIN;
    finding->number = given->rate;
    finding->step = 0;
    bp_finding_title(finding, small ? "the rate is too small for the epochs given"
                                    : "the rate is too large for this loss");
    bp_finding_because(finding, "from the same start, %zu epoch%s: rate %.3g ends at loss %.4g",
                       rate->epochs, rate->epochs == 1 ? "" : "s", given->rate, given->loss);
    bp_finding_because(finding, "rate %.3g ends at %.4g (a constant answer has %.4g)", best->rate,
                       best->loss, rate->baseline);
    if (rate->curvature > 0.0)
        bp_finding_because(finding,
                           "curvature along the first step is %.3g: stable below rate %.3g",
                           rate->curvature, 2.0 / rate->curvature);
    bp_finding_help(finding, "try rate %.3g", best->rate);
    return note_epochs(rate, findings);
}
