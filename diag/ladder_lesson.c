/* ladder_lesson.c -- the looks of a rung that train: by the numeric gradient alone, beside
 * the analytic one, by the subject's own means (see ladder.h).
 */
#include "core/digits.h"
#include "core/mem.h"
#include "diag/ladder_climb.h"
#include "diag/symmetry.h"

#include <math.h>
#include <string.h>

/* "2-3-1" of "2-3-1 sigmoid squared-error mean". */
static int widths_of(const struct bp_climb *climb)
{
    return (int)strcspn(climb->view->subject->network, " ");
}

enum {
    HALF = 12,
    NUMERIC_MOST = 200
}; /* parameters that training by the numeric gradient may have */

struct tally {
    size_t starts, learned, latest; /* latest epoch at which one learned */
    size_t as_twin;                 /* starts from which the right program fails as well */
    size_t failed;                  /* the first start that counts against it, or starts */
    struct bp_outcome_of_training last;
};

/* Does the right gradient learn from this start, at this rate? A start from which it
 * does not is a local minimum, or worse, and no fault of the program. */
static enum bp_status try_twin(struct bp_climb *climb, const struct bp_lesson *lesson, size_t start,
                               double *theta, bool *learns)
{
    struct bp_lesson right = *lesson;
    struct bp_outcome_of_training outcome;
    right.by = BP_BY_TWIN;
    bp_climb_start(climb, start, theta);
    const enum bp_status status = bp_climb_train(climb, &right, theta, &outcome);
    *learns = outcome.learned;
    return status;
}

static enum bp_status teach_one(struct bp_climb *climb, const struct bp_lesson *lesson,
                                size_t start, double *theta, struct tally *tally)
{
    struct bp_outcome_of_training outcome;
    bp_climb_start(climb, start, theta);
    enum bp_status status = bp_climb_train(climb, lesson, theta, &outcome);
    if (status != BP_OK)
        return status;
    if (outcome.learned) {
        tally->learned++;
        tally->latest = outcome.epoch > tally->latest ? outcome.epoch : tally->latest;
        return BP_OK;
    }
    bool learns = false;
    status = try_twin(climb, lesson, start, theta, &learns);
    if (tally->failed == tally->starts ||
        (learns && tally->failed < start && tally->as_twin == start - tally->learned)) {
        tally->failed = start;
        tally->last = outcome;
    }
    tally->as_twin += !learns;
    return status;
}

static enum bp_status teach(struct bp_climb *climb, const struct bp_lesson *lesson,
                            struct tally *tally)
{
    double *theta = bp_mem_new(climb->view->n_theta, sizeof *theta);
    if (theta == NULL)
        return BP_ENOMEM;
    *tally = (struct tally){.starts = climb->options.starts, .failed = climb->options.starts};
    enum bp_status status = BP_OK;
    for (size_t k = 0; k < tally->starts && status == BP_OK; k++)
        status = teach_one(climb, lesson, k, theta, tally);
    bp_mem_free(theta);
    return status;
}

enum judgement { JUDGED_FINE, JUDGED_AS_TWIN, JUDGED_WRONG };

/* Fine: it learned from at least so many of 24 (of a few starts: from one), and failed
 * only where the right program does. Where that is not much, it says little. */
static enum judgement judge(const struct bp_climb *climb, const struct tally *tally, size_t least)
{
    const bool share = 24 * tally->learned >= least * tally->starts;
    const bool few = tally->starts < 12 && tally->learned > 0;
    if (tally->learned + tally->as_twin < tally->starts)
        return JUDGED_WRONG;
    if (share || few)
        return JUDGED_FINE;
    return climb->rate_given ? JUDGED_WRONG : JUDGED_AS_TWIN;
}

/* Does the start that failed learn at a tenth, a hundredth or a thousandth of the rate?
 * cured: that rate, or 0. */
static enum bp_status try_smaller(struct bp_climb *climb, const struct bp_lesson *lesson,
                                  size_t start, double *cured)
{
    struct bp_lesson gentle = *lesson;
    struct bp_outcome_of_training outcome = {0};
    double *theta = bp_mem_new(climb->view->n_theta, sizeof *theta);
    enum bp_status status = theta == NULL ? BP_ENOMEM : BP_OK;
    *cured = 0.0;
    for (int turn = 0; turn < 3 && status == BP_OK && *cured == 0.0; turn++) {
        gentle.rate *= 0.1;
        bp_climb_start(climb, start, theta);
        status = bp_climb_train(climb, &gentle, theta, &outcome);
        if (outcome.learned)
            *cured = gentle.rate;
    }
    bp_mem_free(theta);
    return status;
}

static enum bp_status name_it(struct bp_climb *climb, const char *name,
                              const struct bp_rung_look *look, double rate)
{
    struct bp_finding *finding = bp_findings_add(&climb->ladder->findings, BP_LOOK_HEALTH, name);
    if (finding == NULL)
        return BP_ENOMEM;
    finding->certainty = BP_LIKELY;
    finding->number = rate;
    bp_finding_title(finding, "%s", climb->rung->means);
    bp_finding_because(finding, "%s: %s", look->what, look->seen);
    bp_finding_help(finding, "%s", climb->rung->next);
    return BP_OK;
}

/* Copies among the neurons of the start that failed, and other things wrong with it. */
static enum bp_status blame_start(struct bp_climb *climb, size_t start)
{
    struct bp_mlp *twin = &climb->view->twin;
    struct bp_symmetry symmetry;
    double *theta = bp_mem_new(climb->view->n_theta, sizeof *theta);
    if (theta == NULL)
        return BP_ENOMEM;
    bp_climb_start(climb, start, theta);
    memcpy(twin->theta, theta, twin->n_theta * sizeof *theta);
    bp_mem_free(theta);
    enum bp_status status =
        bp_symmetry_look(&symmetry, twin, climb->data->n, climb->data->x, climb->data->t);
    if (status != BP_OK)
        return status;
    status = bp_symmetry_findings(&symmetry, twin, NULL, &climb->ladder->findings);
    bp_symmetry_release(&symmetry);
    return status;
}

/* The start, where it explains why nothing was learned; else that. */
static enum bp_status name_start_or(struct bp_climb *climb, const char *name,
                                    const struct bp_rung_look *look, const struct tally *tally,
                                    double rate)
{
    const size_t before = bp_findings_count(&climb->ladder->findings);
    const enum bp_status status = blame_start(climb, tally->failed);
    if (status != BP_OK || bp_findings_count(&climb->ladder->findings) > before)
        return status;
    return name_it(climb, name, look, rate);
}

static void say_tally(struct bp_rung_look *look, const struct tally *tally, size_t samples,
                      enum judgement judged)
{
    if (tally->learned == tally->starts)
        bp_rung_see(look, BP_RUNG_PASSED, "learned from %zu of %zu starts, by epoch %zu",
                    tally->learned, tally->starts, tally->latest);
    else if (judged == JUDGED_FINE)
        bp_rung_see(look, BP_RUNG_PASSED,
                    "learned from %zu of %zu starts, by epoch %zu; the right program fails from "
                    "the other %zu too (a local minimum): no fault",
                    tally->learned, tally->starts, tally->latest, tally->as_twin);
    else if (judged == JUDGED_AS_TWIN)
        bp_rung_see(look, BP_RUNG_LEFT_OUT,
                    "learned from %zu of %zu starts, just as the right program: it says little",
                    tally->learned, tally->starts);
    else
        bp_rung_see(look, BP_RUNG_BROKE,
                    "learned from %zu of %zu starts; start %zu ends at loss %.4g, %zu of %zu right",
                    tally->learned, tally->starts, tally->failed, tally->last.loss,
                    tally->last.right, samples);
}

/* The last word: where the right program fails too, is it the start? */
static enum bp_status conclude(struct bp_climb *climb, struct bp_rung_look *look,
                               const struct tally *tally, size_t least, enum judgement *judged)
{
    *judged = judge(climb, tally, least);
    if (*judged == JUDGED_AS_TWIN) {
        const size_t before = bp_findings_count(&climb->ladder->findings);
        const enum bp_status status = blame_start(climb, tally->failed);
        if (status != BP_OK)
            return status;
        if (bp_findings_count(&climb->ladder->findings) > before)
            *judged = JUDGED_WRONG;
    }
    say_tally(look, tally, climb->data->n, *judged);
    return BP_OK;
}

static enum bp_status break_at_start(struct bp_climb *climb)
{
    bp_climb_break(climb,
                   "forward pass, gradient and step are right; the right program does not learn "
                   "from this start either: the start is at fault",
                   "draw the weights at random, both signs, normal(0, 1) for a small network");
    return BP_OK;
}

/* ---- the rate --------------------------------------------------------------- */

static bool reaches(const struct bp_outcome_of_training *outcome, size_t samples)
{
    return outcome->finite && 10 * outcome->right >= 8 * samples;
}

/* From how many of the first few starts the right program learns it at this rate (or
 * gets 8 of 10 right, where it goes on to the end). */
static enum bp_status try_rate(struct bp_climb *climb, const struct bp_lesson *like, double rate,
                               size_t starts, double *theta, size_t *learned)
{
    struct bp_lesson lesson = *like;
    enum bp_status status = BP_OK;
    lesson.by = BP_BY_TWIN;
    lesson.rate = rate;
    *learned = 0;
    for (size_t k = 0; k < starts && status == BP_OK; k++) {
        struct bp_outcome_of_training outcome = {0};
        bp_climb_start(climb, k, theta);
        status = bp_climb_train(climb, &lesson, theta, &outcome);
        *learned += lesson.to_the_end ? reaches(&outcome, climb->data->n) : outcome.learned;
    }
    return status;
}

/* The rate that was asked for; else 1, or the first of 0.3, 0.1, ... at which the right
 * program learns from half of its starts. */
static enum bp_status choose_rate(struct bp_climb *climb, const struct bp_lesson *like,
                                  double *rate)
{
    static const double RATES[] = {1.0, 0.3, 0.1, 0.03, 0.01};
    const size_t starts = like->to_the_end ? 1 : climb->options.starts;
    double *theta = bp_mem_new(climb->view->n_theta, sizeof *theta);
    enum bp_status status = theta == NULL ? BP_ENOMEM : BP_OK;
    size_t most = 0;
    *rate = climb->options.rate;
    for (size_t k = 0; !climb->rate_given && k < sizeof RATES / sizeof RATES[0]; k++) {
        size_t learned = 0;
        if (status == BP_OK)
            status = try_rate(climb, like, RATES[k], starts, theta, &learned);
        if (learned > most) {
            most = learned;
            *rate = RATES[k];
        }
        if (2 * learned >= starts)
            break;
    }
    bp_mem_free(theta);
    return status;
}

/* ---- by the numeric gradient ------------------------------------------------ */

static enum bp_status blame_training(struct bp_climb *climb, struct bp_rung_look *look,
                                     const struct bp_lesson *lesson, const struct tally *tally)
{
    double cured = 0.0;
    char means[BP_RUNG_LINE];
    const enum bp_status status = try_smaller(climb, lesson, tally->failed, &cured);
    if (status != BP_OK)
        return status;
    snprintf(means, sizeof means,
             "the forward pass and its numeric gradient are right, and the same start learns at "
             "rate %g: the rate is too large",
             cured);
    if (cured > 0.0)
        bp_climb_break(climb, means, "lower the rate until the loss falls at every step");
    else
        bp_climb_break(climb,
                       "backpropagation had no part in this: the loss, the start or the network "
                       "keeps it from learning, or the numeric gradient is wrong",
                       "work out (f(w + h) - f(w - h)) / 2h by hand for one weight; then look at "
                       "the start (all alike? all zero?), the targets and the rate");
    if (cured > 0.0)
        return name_it(climb, "rate-too-large", look, lesson->rate);
    return name_start_or(climb, "loss-stuck", look, tally, lesson->rate);
}

static const char NUMBERS[] =
    "its outputs are by numbers that its description does not have: small differences are no fault";

static const char *why_not_numeric(const struct bp_climb *climb)
{
    if (!climb->view->can_lose)
        return "it does not say its loss";
    if (climb->decides && climb->view->subject->loss == NULL)
        return "its outputs are decisions: their numeric derivatives are 0";
    if (climb->view->n_theta > NUMERIC_MOST)
        return "too many parameters: each step takes two evaluations for each of them";
    if (climb->data->classes == 0)
        return "its targets are no classes: what it should reach is not known";
    return NULL;
}

enum bp_status bp_rung_numeric(struct bp_climb *climb, size_t budget)
{
    struct bp_lesson lesson = {.by = BP_BY_NUMERIC, .budget = budget};
    struct tally tally;
    if (why_not_numeric(climb) != NULL) {
        bp_rung_see(bp_climb_look(climb, "training by the numeric gradient alone"),
                    BP_RUNG_LEFT_OUT, "%s", why_not_numeric(climb));
        return BP_OK;
    }
    enum bp_status status = choose_rate(climb, &lesson, &lesson.rate);
    if (status != BP_OK)
        return status;
    struct bp_rung_look *look =
        bp_climb_look(climb, "by the numeric gradient alone, %s: rate %g, up to %zu epochs",
                      bp_climb_title(climb), lesson.rate, budget);
    status = teach(climb, &lesson, &tally);
    if (status != BP_OK)
        return status;
    enum judgement judged;
    status = conclude(climb, look, &tally, HALF, &judged);
    if (status != BP_OK || judged != JUDGED_WRONG)
        return status;
    if (bp_findings_count(&climb->ladder->findings) > 0)
        return break_at_start(climb);
    return blame_training(climb, look, &lesson, &tally);
}

/* ---- the two side by side --------------------------------------------------- */

static bool has_corners(const struct bp_mlp *net)
{
    for (size_t l = 1; l <= net->spec.layers; l++)
        if (bp_activation_has_kink(net->spec.layer[l].activation))
            return true;
    return false;
}

/* How far apart the parameters may end: an error of eps^(2/3) in each difference, for
 * some hundred steps. */
static double may_part(const struct bp_view *view)
{
    return view->narrow ? 2e-2 : 1e-7;
}

/* How far apart the same start ends when it is trained by this and by the numeric
 * gradient; and the loss there. */
static enum bp_status end_apart(struct bp_climb *climb, const struct bp_lesson *like,
                                enum bp_trainer by, double *apart, double *loss)
{
    const size_t n = climb->view->n_theta;
    struct bp_lesson lesson = *like;
    struct bp_outcome_of_training outcome = {0};
    double *theta = bp_mem_new(2 * n, sizeof *theta);
    if (theta == NULL)
        return BP_ENOMEM;
    bp_climb_start(climb, 0, theta);
    memcpy(theta + n, theta, n * sizeof *theta);
    lesson.by = BP_BY_NUMERIC;
    enum bp_status status = bp_climb_train(climb, &lesson, theta, &outcome);
    lesson.by = by;
    if (status == BP_OK)
        status = bp_climb_train(climb, &lesson, theta + n, &outcome);
    *apart = 0.0;
    for (size_t k = 0; k < n && status == BP_OK; k++) {
        const double off = fabs(theta[k] - theta[n + k]);
        *apart = off <= *apart ? *apart : off; /* a NaN stays */
    }
    *loss = outcome.loss;
    bp_mem_free(theta);
    return status;
}

/* Steps that hold a part of those before them: along the gradient at best. */
static bool remembers(const struct bp_view *view)
{
    return view->echoes || view->decays || view->carries || view->signs;
}

static bool size_is_unknown(const struct bp_view *view)
{
    const struct bp_subject *subject = view->subject;
    return !view->can_differ || subject->constant_undeclared || remembers(view) ||
           subject->step_kind == BP_STEP_EPOCH || subject->rate_kind == BP_RATE_UNKNOWN;
}

static const char *why_not_beside(const struct bp_climb *climb)
{
    if (has_corners(&climb->view->twin))
        return "near a corner the numeric gradient is another: they may part without a fault";
    if (why_not_numeric(climb) != NULL)
        return why_not_numeric(climb);
    if (climb->has_numbers)
        return NUMBERS;
    if (size_is_unknown(climb->view))
        return "the size of its gradient is not known";
    return NULL;
}

static enum bp_status blame_state(struct bp_climb *climb, struct bp_rung_look *look,
                                  const struct bp_lesson *lesson, double apart)
{
    double right = 0.0, loss;
    const enum bp_status status = end_apart(climb, lesson, BP_BY_TWIN, &right, &loss);
    if (status != BP_OK)
        return status;
    if (!(right <= may_part(climb->view))) {
        bp_rung_see(look, BP_RUNG_LEFT_OUT,
                    "parameters end %.0e apart; so do those of the right program: from here, small "
                    "differences grow",
                    apart);
        return BP_OK;
    }
    bp_rung_see(look, BP_RUNG_BROKE, "parameters end %.1e apart", apart);
    bp_climb_break(climb,
                   "the gradients agree where they were compared, and part while training: "
                   "something depends on the calls before",
                   "look for what is kept between calls: accumulators, activations, a velocity");
    return name_it(climb, "calls-differ", look, lesson->rate);
}

enum bp_status bp_rung_beside(struct bp_climb *climb, size_t epochs)
{
    const struct bp_lesson lesson = {
        .rate = climb->options.rate, .budget = epochs, .to_the_end = true};
    struct bp_rung_look *look = bp_climb_look(
        climb, "the same start by each gradient: rate %g, %zu epochs", lesson.rate, epochs);
    double apart = 0.0, loss = 0.0;
    if (why_not_beside(climb) != NULL) {
        bp_rung_see(look, BP_RUNG_LEFT_OUT, "%s", why_not_beside(climb));
        return BP_OK;
    }
    const enum bp_status status = end_apart(climb, &lesson, BP_BY_GRADIENT, &apart, &loss);
    if (status != BP_OK)
        return status;
    if (!(apart <= may_part(climb->view)))
        return blame_state(climb, look, &lesson, apart);
    bp_rung_see(look, BP_RUNG_PASSED, "no parameter ends more than %.0e apart; loss %.4g", apart,
                loss);
    return BP_OK;
}

/* ---- by its own means ------------------------------------------------------- */

static enum bp_trainer own_means(const struct bp_view *view)
{
    return view->can_step && view->subject->rate_kind == BP_RATE_GIVEN &&
                   view->subject->step_kind == BP_STEP_BATCH
               ? BP_BY_STEP
               : BP_BY_GRADIENT;
}

enum bp_status bp_rung_learns(struct bp_climb *climb, size_t budget, size_t least)
{
    struct bp_lesson lesson = {.by = own_means(climb->view), .budget = budget};
    struct tally tally;
    if (!climb->view->can_differ) {
        bp_rung_see(bp_climb_look(climb, "training by its own means"), BP_RUNG_LEFT_OUT,
                    "it has neither a gradient nor a step");
        return BP_OK;
    }
    if (lesson.by == BP_BY_GRADIENT && remembers(climb->view)) {
        bp_rung_see(bp_climb_look(climb, "training by its own means"), BP_RUNG_LEFT_OUT,
                    "its steps hold a part of those before: the size of its gradient is not known");
        return BP_OK;
    }
    enum bp_status status = choose_rate(climb, &lesson, &lesson.rate);
    if (status != BP_OK)
        return status;
    struct bp_rung_look *look =
        bp_climb_look(climb, "by its own %s, %s with %.*s: rate %g, up to %zu epochs",
                      lesson.by == BP_BY_STEP ? "steps" : "gradient", bp_climb_title(climb),
                      widths_of(climb), climb->view->subject->network, lesson.rate, budget);
    status = teach(climb, &lesson, &tally);
    if (status != BP_OK)
        return status;
    enum judgement judged;
    status = conclude(climb, look, &tally, least, &judged);
    if (status != BP_OK || judged != JUDGED_WRONG)
        return status;
    if (bp_findings_count(&climb->ladder->findings) > 0)
        return break_at_start(climb);
    bp_climb_break(climb,
                   "its gradient and its step were right at every point that was compared, and it "
                   "does not learn: start, rate, budget or data, not backpropagation",
                   "run it as a scenario: backprobe run names what is unhealthy while training");
    return name_start_or(climb, "loss-stuck", look, &tally, lesson.rate);
}

/* ---- on its own data -------------------------------------------------------- */

enum bp_status bp_rung_as_twin(struct bp_climb *climb, size_t epochs)
{
    struct bp_view *view = climb->view;
    struct bp_lesson lesson = {
        .by = BP_BY_GRADIENT, .rate = climb->options.rate, .budget = epochs, .to_the_end = true};
    struct bp_rung_look *look = bp_climb_look(
        climb, "%zu epochs on %s, by its gradient and by the right one of its twin: rate %g",
        epochs, bp_climb_title(climb), lesson.rate);
    struct bp_outcome_of_training own, twin;
    if (size_is_unknown(view) || climb->has_numbers) {
        bp_rung_see(look, BP_RUNG_LEFT_OUT, "%s",
                    climb->has_numbers ? NUMBERS : "the size of its gradient is not known");
        return BP_OK;
    }
    double *theta = bp_mem_new(view->n_theta, sizeof *theta);
    if (theta == NULL)
        return BP_ENOMEM;
    bp_climb_start(climb, 0, theta);
    enum bp_status status = bp_climb_train(climb, &lesson, theta, &own);
    lesson.by = BP_BY_TWIN;
    bp_climb_start(climb, 0, theta);
    if (status == BP_OK)
        status = bp_climb_train(climb, &lesson, theta, &twin);
    bp_mem_free(theta);
    if (status != BP_OK)
        return status;
    if (fabs(own.loss - twin.loss) <= (view->narrow ? 1e-2 : 1e-6) * fmax(1e-3, fabs(twin.loss))) {
        bp_rung_see(look, BP_RUNG_PASSED, "loss %.6g at the end of both", twin.loss);
        return BP_OK;
    }
    bp_rung_see(look, BP_RUNG_BROKE, "loss %.6g at the end, with the right gradient %.6g", own.loss,
                twin.loss);
    bp_climb_break(climb, "training by its gradient does not end where the right one does",
                   "compare its gradient along the way: backprobe check at the theta it ends at");
    return name_it(climb, "unexplained-gradient", look, lesson.rate);
}

/* ---- digits ----------------------------------------------------------------- */

static enum bp_status judge_digits(struct bp_climb *climb, struct bp_rung_look *look,
                                   const struct bp_lesson *lesson,
                                   const struct bp_outcome_of_training *outcome, double *theta)
{
    const double right = (double)outcome->right / (double)climb->data->n;
    if (reaches(outcome, climb->data->n)) {
        bp_rung_see(look, BP_RUNG_PASSED, "%.0f %% of them right at the end", 100.0 * right);
        return BP_OK;
    }
    size_t twin = 0;
    const enum bp_status status = try_rate(climb, lesson, lesson->rate, 1, theta, &twin);
    if (status != BP_OK || (twin == 0 && !climb->rate_given)) {
        bp_rung_see(look, BP_RUNG_LEFT_OUT,
                    "%.0f %% of them right at the end; the right program does not reach 80 %% "
                    "either: it says little",
                    100.0 * right);
        return status;
    }
    bp_rung_see(look, BP_RUNG_BROKE, "%.0f %% of them right at the end, 80 %% expected",
                100.0 * right);
    bp_climb_break(climb,
                   "everything small is right, and the large network does not learn: start, rate "
                   "or scale of the inputs, not backpropagation",
                   "run it as a scenario: backprobe run names what is unhealthy while training");
    return name_it(climb, "loss-stuck", look, lesson->rate);
}

enum bp_status bp_rung_digits(struct bp_climb *climb)
{
    struct bp_lesson lesson = {
        .by = own_means(climb->view), .budget = 30, .batch = 10, .to_the_end = true};
    struct bp_outcome_of_training outcome;
    enum bp_status status = choose_rate(climb, &lesson, &lesson.rate);
    if (status != BP_OK)
        return status;
    struct bp_rung_look *look = bp_climb_look(
        climb, "%zu drawn digits with %.*s: rate %g, batch 10, %zu epochs", climb->data->n,
        widths_of(climb), climb->view->subject->network, lesson.rate, lesson.budget);
    double *theta = bp_mem_new(climb->view->n_theta, sizeof *theta);
    if (theta == NULL)
        return BP_ENOMEM;
    bp_climb_start(climb, 0, theta);
    status = bp_climb_train(climb, &lesson, theta, &outcome);
    if (status == BP_OK)
        status = judge_digits(climb, look, &lesson, &outcome, theta);
    bp_mem_free(theta);
    return status;
}
