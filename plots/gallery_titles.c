/* gallery_titles.c -- what each figure of a run shows, in one line: its finding. */
#include "plots/gallery_rows.h"
#include "plots/ink.h"
#include "plots/taylor.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- loss ------------------------------------------------------------------------- */

/* The run came to nothing else that is finite: from which epoch on? */
static bool say_not_finite(const struct bp_curve *curve, char *title, size_t size)
{
    size_t n = curve->n;
    while (n > 0 && !isfinite(curve->loss[n - 1]))
        n--;
    if (n == curve->n)
        return false;
    snprintf(title, size, "loss not finite from epoch %g on", curve->epoch[n]);
    return true;
}

void bp_gallery_say_loss(const struct bp_record *record, char *title, size_t size)
{
    char given[BP_INK_SHORT_MAX], other[BP_INK_SHORT_MAX];
    const struct bp_curve *last = &record->curve[record->n_curves > 1];
    bp_ink_short(given, record->loss);
    bp_ink_short(other, last->end_loss);
    if (say_not_finite(&record->curve[0], title, size))
        return;
    if (record->starts > 0)
        snprintf(title, size, "loss %s; put right, %zu of %zu starts arrive", given,
                 record->starts_done, record->starts);
    else if (record->n_curves > 1)
        snprintf(title, size, "loss %s as given, %s put right", given, other);
    else if (isfinite(record->accuracy))
        snprintf(title, size, "loss %s, %.3g %% right after %zu epoch%s", given,
                 100.0 * record->accuracy, record->epochs, record->epochs == 1 ? "" : "s");
    else
        snprintf(title, size, "loss %s after %zu epoch%s", given, record->epochs,
                 record->epochs == 1 ? "" : "s");
}

/* ---- gradients and slope ------------------------------------------------------------ */

void bp_gallery_say_gradients(const struct bp_record *record, char *title, size_t size)
{
    const struct bp_gradcheck *check = &record->check;
    size_t wrong = 0, agree = 0;
    for (size_t k = 0; k < check->n_theta; k++) {
        wrong += check->verdict[k] == BP_DISAGREE || check->verdict[k] == BP_NOT_FINITE;
        agree += check->verdict[k] == BP_AGREE;
    }
    if (wrong > 0)
        snprintf(title, size, "%zu of %zu derivatives wrong", wrong, check->n_theta);
    else if (agree == check->n_theta)
        snprintf(title, size, "all %zu derivatives right", agree);
    else
        snprintf(title, size, "%zu of %zu derivatives right, none wrong", agree, check->n_theta);
}

static bool has_kinks(const struct bp_spec *spec)
{
    for (size_t l = 1; l <= spec->layers; l++)
        if (spec->layer[l].activation == BP_RELU || spec->layer[l].activation == BP_LEAKY_RELU)
            return true;
    return false;
}

void bp_gallery_say_slope(const struct bp_record *record, char *title, size_t size)
{
    char list[60] = "";
    size_t wrong = 0;
    for (size_t l = 1; l <= record->net.spec.layers; l++)
        if (!bp_gallery_layer_right(&record->check, l)) {
            const size_t n = strlen(list);
            snprintf(list + n, sizeof list - n, "%s%zu", wrong++ == 0 ? "" : ", ", l);
        }
    if (wrong > 0)
        snprintf(title, size, "gradient of layer%s %s wrong: falls as h", wrong == 1 ? "" : "s",
                 list);
    else if (has_kinks(&record->net.spec))
        snprintf(title, size, "gradient right: as h^3 below relu's kinks");
    else
        snprintf(title, size, "gradient right in %s layer%s: as h^3",
                 record->net.spec.layers > BP_TAYLOR_LAYERS ? "the first" : "every",
                 record->net.spec.layers > BP_TAYLOR_LAYERS ? "s" : "");
}

/* ---- delta --------------------------------------------------------------------------- */

void bp_gallery_say_delta(const struct bp_record *record, char *title, size_t size)
{
    const struct bp_course *course = &record->course;
    const size_t end = course->n_points - 1, layers = record->net.spec.layers;
    char from[BP_INK_SHORT_MAX], to[BP_INK_SHORT_MAX];
    for (size_t l = layers; l-- > 1;)
        if (bp_course_at(course, end, l)->delta == 0.0) {
            snprintf(title, size, "no signal reaches layer %zu: delta is 0", l);
            return;
        }
    const double first = bp_course_at(course, end, 1)->delta;
    const double last = bp_course_at(course, end, layers)->delta;
    bp_ink_short(from, bp_course_at(course, 0, layers)->delta);
    bp_ink_short(to, layers > 1 && last > 0.0 ? first / last : last);
    if (layers > 1 && last > 0.0)
        snprintf(title, size, "layer 1's delta ends at %s of layer %zu's", to, layers);
    else
        snprintf(title, size, "mean |delta| from %s to %s", from, to);
}

/* ---- what was learned ------------------------------------------------------------------ */

void bp_gallery_say_surface(const struct bp_record *record, char *title, size_t size)
{
    const struct bp_course *course = &record->course;
    const double spread = course->n_points > 0 ? course->point[course->n_points - 1].spread : NAN;
    if (spread < 1e-6)
        snprintf(title, size, "the same output for every example");
    else if (spread < 0.05)
        snprintf(title, size, "outputs no more than %.1g apart", spread);
    else if (isfinite(record->accuracy))
        snprintf(title, size, "%.0f of %zu examples on the right side",
                 record->accuracy * (double)record->data.train.n, record->data.train.n);
    else
        snprintf(title, size, "outputs %.2g apart over the data", spread);
}

void bp_gallery_say_weights(const struct bp_record *record, char *title, size_t size)
{
    const struct bp_tensor *weights = bp_mlp_weights(&record->net, 1);
    const double *w = record->net.theta + weights->offset;
    size_t copies = 0, zeros = 0, finite = 0;
    for (size_t i = 0; i < weights->rows; i++)
        copies += bp_gallery_copy_of(&record->net, i) != i;
    for (size_t k = 0; k < weights->count; k++) {
        zeros += w[k] == 0.0;
        finite += isfinite(w[k]) != 0;
    }
    if (finite < weights->count)
        snprintf(title, size, "%zu of %zu weights into layer 1 not finite", weights->count - finite,
                 weights->count);
    else if (zeros == weights->count)
        snprintf(title, size, "every weight into layer 1 is 0");
    else if (copies > 0)
        snprintf(title, size, "%zu neurons in layer 1 act as %zu", weights->rows,
                 weights->rows - copies);
    else if (weights->rows > 1)
        snprintf(title, size, "no two neurons of layer 1 alike");
    else
        snprintf(title, size, "weights of the one neuron in layer 1");
}

void bp_gallery_say_images(const struct bp_record *record, char *title, size_t size)
{
    const struct bp_tensor *weights = bp_mlp_weights(&record->net, 1);
    const size_t row = weights->cols * sizeof(double);
    size_t still = 0;
    for (size_t i = 0; record->start != NULL && i < weights->rows; i++) {
        const size_t at = weights->offset + i * weights->cols;
        still += memcmp(record->net.theta + at, record->start + at, row) == 0;
    }
    if (still == weights->rows)
        snprintf(title, size, "layer 1 has learned nothing: as it started");
    else if (still > 0)
        snprintf(title, size, "%zu of %zu neurons still as they started", still, weights->rows);
    else
        snprintf(title, size, "what each neuron of layer 1 looks for");
}

/* ---- rate ----------------------------------------------------------------------------- */

void bp_gallery_say_rate(const struct bp_record *record, char *title, size_t size)
{
    const struct bp_rate *rate = &record->rate;
    const double used = rate->trial[rate->given].rate, best = rate->trial[rate->best].rate;
    char loss[BP_INK_SHORT_MAX];
    bp_ink_short(loss, rate->trial[rate->best].loss);
    if (rate->verdict == BP_RATE_NEITHER)
        snprintf(title, size, "no rate cures it: %.3g is not the cause", used);
    else
        snprintf(title, size, "rate %.3g too %s; %.3g comes to %s", used,
                 rate->verdict == BP_RATE_TOO_SMALL ? "small" : "large", best, loss);
}
