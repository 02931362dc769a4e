/* gradcheck.c -- verdicts on the entries, and what they say of a tensor. Where the
 * two sides come from is in gradcheck_sides.c. See gradcheck.h. */
#include "diag/gradcheck.h"

#include "core/mem.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---------------------------------------------------------------- */

#define TEXT_OF(function, type, LIST)                                                              \
    const char *function(enum type value)                                                          \
    {                                                                                              \
        static const char *const TEXT[] = {LIST(AS_TEXT)};                                         \
        assert((size_t)value < sizeof TEXT / sizeof TEXT[0]);                                      \
        return TEXT[value];                                                                        \
    }
#define AS_TEXT(name, text) text,
TEXT_OF(bp_verdict_text, bp_verdict, BP_VERDICT_LIST)
TEXT_OF(bp_outcome_text, bp_outcome, BP_OUTCOME_LIST)
TEXT_OF(bp_numeric_text, bp_numeric_of, BP_NUMERIC_LIST)

void bp_gradcheck_name(const struct bp_gradcheck *check, const struct bp_tensor_check *tensor,
                       size_t i, char name[BP_NAME_MAX])
{
    if (tensor->is_delta)
        snprintf(name, BP_NAME_MAX, "%.16s[%zu,%zu]", tensor->name, i / tensor->cols,
                 i % tensor->cols);
    else if (check->net != NULL)
        bp_mlp_name(check->net, tensor->first + i, name);
    else
        snprintf(name, BP_NAME_MAX, "theta[%zu]", i);
}

/* ---- one entry ------------------------------------------------------------ */

/* The two sides of a tensor's entries. */
struct sides {
    const double *a, *n, *e;
    const double *r; /* or NULL: the tensor's */
    const unsigned char *flags;
    unsigned char *verdict;
    double factor, noise;
};

static struct sides sides_of(const struct bp_gradcheck *check, const struct bp_tensor_check *tensor)
{
    const struct bp_numdiff *d = &check->numeric;
    const size_t at = tensor->first;
    const double *r = check->rounding;
    if (tensor->is_delta)
        return (struct sides){.a = check->delta + at,
                              .n = d->delta + at,
                              .e = d->delta_error + at,
                              .r = r == NULL ? NULL : r + check->n_theta + at,
                              .flags = d->delta_flags + at,
                              .verdict = check->delta_verdict + at,
                              .factor = check->delta_factor};
    return (struct sides){.a = check->backprop + at,
                          .n = d->value + at,
                          .e = d->error + at,
                          .r = r == NULL ? NULL : r + at,
                          .flags = d->flags + at,
                          .verdict = check->verdict + at,
                          .factor = check->factor,
                          .noise = check->noise};
}

static double rounding_of(const struct bp_gradcheck *check, const struct bp_tensor_check *tensor,
                          const struct sides *sides, size_t i)
{
    const double r = sides->r == NULL ? check->rtol * tensor->largest : sides->factor * sides->r[i];
    /* what is 2^-100 of the largest has underflowed on its way */
    return r + sides->noise + 0x1p-100 * tensor->largest;
}

static struct bp_entry entry_of(const struct bp_gradcheck *check,
                                const struct bp_tensor_check *tensor, const struct sides *sides,
                                size_t i)
{
    struct bp_entry entry = {.backprop = sides->a[i],
                             .numeric = sides->factor * sides->n[i],
                             .error = sides->factor * sides->e[i],
                             .rounding = rounding_of(check, tensor, sides, i),
                             .verdict = (enum bp_verdict)sides->verdict[i]};
    entry.tolerance = 10.0 * entry.error +
                      check->rtol * fmax(fabs(entry.backprop), fabs(entry.numeric)) +
                      entry.rounding;
    return entry;
}

struct bp_entry bp_gradcheck_entry(const struct bp_gradcheck *check,
                                   const struct bp_tensor_check *tensor, size_t i)
{
    assert(i < tensor->count);
    const struct sides sides = sides_of(check, tensor);
    return entry_of(check, tensor, &sides, i);
}

/* To three digits, on a grid whose edges no simple number stands on: what two methods
 * differ by must not decide. */
static double coarse(double x)
{
    int power;
    const double part = frexp(1.2371 * x, &power);
    return ldexp(floor(997.13 * part), power);
}

double bp_gradcheck_gravity(const struct bp_tensor_check *tensor, const struct bp_entry *entry)
{
    static const double CLASS[BP_VERDICTS] = {
        [BP_AGREE] = 1.0, [BP_KINK] = 2.0, [BP_UNDECIDED] = 3.0, [BP_DISAGREE] = 4.0};
    const double unit = tensor->largest > 0.0 ? tensor->largest : 1.0;
    const double size = /* a numeric derivative on a kink is nobody's */
        entry->verdict == BP_KINK ? fabs(entry->backprop)
                                  : fmax(fabs(entry->backprop), fabs(entry->numeric));
    const double off = fabs(entry->backprop - entry->numeric);
    if (entry->verdict == BP_NOT_FINITE)
        return INFINITY;
    if (entry->verdict == BP_DISAGREE)
        return CLASS[BP_DISAGREE] + coarse(off / unit);
    return CLASS[entry->verdict] + fmin(coarse(size / unit) / 2048.0, 0.999);
}

/* Written so that a NaN anywhere never agrees. */
static enum bp_verdict judge(const struct bp_entry *entry, unsigned char flags, double largest)
{
    const double size = fmax(fabs(entry->backprop), fabs(entry->numeric));
    if ((flags & BP_NUM_LEFT_OUT) != 0)
        return BP_LEFT_OUT;
    if (!isfinite(entry->backprop) || !isfinite(entry->numeric))
        return BP_NOT_FINITE;
    if ((flags & BP_NUM_KINK) != 0)
        return BP_KINK;
    if (!isfinite(entry->error))
        return BP_UNDECIDED;
    if (!(fabs(entry->backprop - entry->numeric) <= entry->tolerance))
        return BP_DISAGREE;
    if (!(10.0 * entry->error + entry->rounding <= 0.1 * size) && !(size <= 1e-3 * largest))
        return BP_UNDECIDED;
    return BP_AGREE;
}

/* ---- a tensor ------------------------------------------------------------- */

static bool is_seen(const struct sides *sides, size_t i)
{
    return (sides->flags[i] & (BP_NUM_LEFT_OUT | BP_NUM_KINK)) == 0 && isfinite(sides->n[i]) &&
           isfinite(sides->e[i]);
}

/* Some numeric derivative stands out of its noise. */
static bool is_tested(const struct bp_tensor_check *tensor, const struct sides *sides)
{
    for (size_t i = 0; i < tensor->count; i++)
        if (is_seen(sides, i) && fabs(sides->n[i]) > 10.0 * sides->e[i])
            return true;
    return false;
}

static void judge_entries(struct bp_gradcheck *check, struct bp_tensor_check *tensor,
                          const struct sides *sides)
{
    tensor->largest = 0.0;
    for (size_t i = 0; i < tensor->count; i++)
        if (is_seen(sides, i))
            tensor->largest = fmax(tensor->largest, fabs(sides->factor * sides->n[i]));
    tensor->not_finite_at = tensor->count;
    for (size_t i = 0; i < tensor->count; i++) {
        const struct bp_entry entry = entry_of(check, tensor, sides, i);
        const enum bp_verdict verdict = judge(&entry, sides->flags[i], tensor->largest);
        tensor->rounding = fmax(tensor->rounding, entry.rounding);
        sides->verdict[i] = (unsigned char)verdict;
        tensor->verdicts[verdict]++;
        if (verdict == BP_NOT_FINITE && tensor->not_finite_at == tensor->count)
            tensor->not_finite_at = i;
    }
}

static enum bp_outcome outcome_of(const struct bp_tensor_check *tensor, bool tested)
{
    if (tensor->verdicts[BP_NOT_FINITE] > 0)
        return BP_OUTCOME_NOT_FINITE;
    if (tensor->verdicts[BP_DISAGREE] > 0)
        return BP_OUTCOME_DISAGREES;
    return tested && tensor->verdicts[BP_AGREE] > 0 ? BP_OUTCOME_AGREES : BP_OUTCOME_NOT_TESTED;
}

static bool is_above_noise(const struct bp_entry *entry)
{
    return fabs(entry->numeric) > 100.0 * entry->error + 10.0 * entry->rounding;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *numbers, size_t n)
{
    if (n == 0)
        return NAN;
    qsort(numbers, n, sizeof *numbers, by_value);
    return n % 2 == 1 ? numbers[n / 2] : 0.5 * (numbers[n / 2 - 1] + numbers[n / 2]);
}

static void see_ratios(struct bp_tensor_check *tensor, double *ratio)
{
    tensor->ratio_median = median(ratio, tensor->ratios);
    tensor->ratio_low = tensor->ratios == 0 ? NAN : ratio[0];
    tensor->ratio_high = tensor->ratios == 0 ? NAN : ratio[tensor->ratios - 1];
}

static void see_zeros(struct bp_tensor_check *tensor, const struct bp_entry *entry)
{
    tensor->zeros_backprop += entry->backprop == 0.0;
    tensor->zeros_numeric += fabs(entry->numeric) <= entry->error;
    tensor->zeros_wrong += entry->backprop == 0.0 && is_above_noise(entry);
}

/* Sums of a n, a a and n n, each entry divided by the largest of its side first, so
 * that they neither overflow nor vanish. */
struct products {
    double an, aa, nn;
};

static void see_errors(struct bp_tensor_check *tensor, const struct bp_entry *entry, size_t i,
                       double *gravest)
{
    const double off = fabs(entry->backprop - entry->numeric);
    const double relative = off / fmax(fabs(entry->backprop), fabs(entry->numeric));
    const double gravity = bp_gradcheck_gravity(tensor, entry);
    if (is_above_noise(entry) && !(relative <= tensor->relative)) {
        tensor->relative = relative;
        tensor->relative_at = i;
    }
    if (gravity > *gravest) {
        *gravest = gravity;
        tensor->worst = i;
    }
    if (tensor->largest > 0.0)
        tensor->scaled = fmax(tensor->scaled, off / tensor->largest);
}

static double largest_backprop(const struct bp_tensor_check *tensor, const struct sides *sides)
{
    double top = 0.0;
    for (size_t i = 0; i < tensor->count; i++)
        if (isfinite(sides->a[i]))
            top = fmax(top, fabs(sides->a[i]));
    return top > 0.0 ? top : 1.0;
}

/* ratio: room for as many numbers as the tensor has. */
static void measure(struct bp_gradcheck *check, struct bp_tensor_check *tensor,
                    const struct sides *sides, double *ratio)
{
    const double top_a = largest_backprop(tensor, sides);
    const double top_n = tensor->largest > 0.0 ? tensor->largest : 1.0;
    struct products sum = {0.0, 0.0, 0.0};
    double gravest = 0.0;
    tensor->relative = tensor->scaled = NAN;
    for (size_t i = 0; i < tensor->count; i++) {
        if (!is_seen(sides, i) || !isfinite(sides->a[i]))
            continue;
        const struct bp_entry entry = entry_of(check, tensor, sides, i);
        const double a = entry.backprop / top_a, n = entry.numeric / top_n;
        sum = (struct products){sum.an + a * n, sum.aa + a * a, sum.nn + n * n};
        see_zeros(tensor, &entry);
        see_errors(tensor, &entry, i, &gravest);
        if (is_above_noise(&entry))
            ratio[tensor->ratios++] = entry.backprop / entry.numeric;
    }
    see_ratios(tensor, ratio);
    tensor->cosine = sum.an / sqrt(sum.aa * sum.nn);
    if (tensor->not_finite_at < tensor->count)
        tensor->worst = tensor->not_finite_at;
}

static void check_tensor(struct bp_gradcheck *check, struct bp_tensor_check *tensor, double *ratio)
{
    const struct sides sides = sides_of(check, tensor);
    judge_entries(check, tensor, &sides);
    tensor->outcome = outcome_of(tensor, is_tested(tensor, &sides));
    measure(check, tensor, &sides, ratio);
    size_t *total = tensor->is_delta ? check->delta_verdicts : check->verdicts;
    for (int v = 0; v < BP_VERDICTS; v++)
        total[v] += tensor->verdicts[v];
    /* the gravest tensor is the outcome of the whole */
    if (tensor->outcome > check->outcome)
        check->outcome = tensor->outcome;
}

/* ---- the whole ------------------------------------------------------------ */

static void list_tensors(struct bp_gradcheck *check)
{
    const struct bp_mlp *net = check->net;
    struct bp_tensor_check *tensor = check->tensor;
    if (net == NULL)
        tensor[0] = (struct bp_tensor_check){.name = "theta", .count = check->n_theta, .cols = 1};
    for (size_t k = 0; net != NULL && k < check->n_tensors; k++) {
        const struct bp_tensor *from = &net->tensor[k];
        tensor[k] = (struct bp_tensor_check){
            .layer = from->layer, .first = from->offset, .count = from->count, .cols = from->cols};
        bp_tensor_name(from, tensor[k].name);
    }
    for (size_t l = 1; l <= check->n_deltas; l++) {
        struct bp_tensor_check *delta = &tensor[check->n_tensors + l - 1];
        const size_t width = net->spec.layer[l].width;
        *delta = (struct bp_tensor_check){.is_delta = true,
                                          .layer = l,
                                          .first = check->n * net->unit[l],
                                          .count = check->n * width,
                                          .cols = width};
        snprintf(delta->name, sizeof delta->name, "delta%zu", l);
    }
}

static enum bp_status make_room(struct bp_gradcheck *check, bool deltas, bool rounding)
{
    const struct bp_mlp *net = check->net;
    check->n_tensors = net != NULL ? net->n_tensors : 1;
    check->n_deltas = deltas ? net->spec.layers : 0;
    check->tensor = bp_mem_new(check->n_tensors + check->n_deltas, sizeof *check->tensor);
    check->backprop = bp_mem_new(check->n_theta, sizeof *check->backprop);
    check->verdict = bp_mem_new(check->n_theta, 1);
    if (rounding) {
        check->rounding = bp_mem_new(check->n_theta + check->n * check->n_units, sizeof(double));
        if (check->rounding == NULL)
            return BP_ENOMEM;
    }
    if (check->tensor == NULL || check->backprop == NULL || check->verdict == NULL)
        return BP_ENOMEM;
    if (!deltas)
        return BP_OK;
    const size_t count = check->n * check->n_units;
    check->delta = bp_mem_new(count, sizeof *check->delta);
    check->delta_verdict = bp_mem_new(count, 1);
    return check->delta == NULL || check->delta_verdict == NULL ? BP_ENOMEM : BP_OK;
}

enum { FACTORS = 16 }; /* tensors whose factor is tried, from the output down */

/* The median of a / n over what stands out of its noise in a tensor. */
static double tensor_factor(const struct sides *sides, size_t count, double *ratio)
{
    size_t ratios = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(sides->a[i]) && isfinite(sides->e[i]) &&
            fabs(sides->n[i]) > 100.0 * sides->e[i])
            ratio[ratios++] = sides->a[i] / sides->n[i];
    return median(ratio, ratios);
}

/* How many entries this factor explains. */
static size_t explained(const struct bp_gradcheck *check, bool deltas, double factor)
{
    size_t n = 0;
    for (size_t k = 0; k < check->n_tensors + check->n_deltas; k++) {
        const struct bp_tensor_check *tensor = &check->tensor[k];
        const struct sides sides = sides_of(check, tensor);
        for (size_t i = 0; tensor->is_delta == deltas && i < tensor->count; i++) {
            const double numeric = factor * sides.n[i];
            n += fabs(numeric) > 0.0 &&
                 fabs(sides.a[i] - numeric) <= 1e-3 * fabs(numeric) + 10.0 * factor * sides.e[i];
        }
    }
    return n;
}

/* Of the tensors' own factors, the one that explains most; 1 where none is positive.
 * Layers near the output come first: what is right above a fault has the factor. */
static double common_factor(const struct bp_gradcheck *check, bool deltas, double *work)
{
    double best = 1.0;
    size_t most = 0, tried = 0;
    for (size_t k = check->n_tensors + check->n_deltas; k-- > 0 && tried < FACTORS;) {
        const struct bp_tensor_check *tensor = &check->tensor[k];
        if (tensor->is_delta != deltas)
            continue;
        const struct sides sides = sides_of(check, tensor);
        const double factor = tensor_factor(&sides, tensor->count, work);
        tried++;
        if (!(factor > 0.0 && isfinite(factor)))
            continue;
        const size_t n = explained(check, deltas, factor);
        if (n > most) {
            most = n;
            best = factor;
        }
    }
    return best;
}

static void set_tolerances(struct bp_gradcheck *check, const struct bp_claim *claim,
                           const struct bp_gradcheck_options *options, double *work)
{
    check->precision = claim->precision;
    check->noise = claim->noise;
    check->rtol = options != NULL && options->rtol > 0.0 ? options->rtol : 16.0 * claim->precision;
    check->factor = check->delta_factor = 1.0;
    check->any_factor = claim->any_factor;
    if (!claim->any_factor)
        return;
    check->factor = common_factor(check, false, work);
    if (check->delta != NULL)
        check->delta_factor = common_factor(check, true, work);
}

static size_t most_entries(const struct bp_gradcheck *check)
{
    const size_t deltas = check->delta != NULL ? check->n * check->n_units : 0;
    return deltas > check->n_theta ? deltas : check->n_theta;
}

enum bp_status bp_gradcheck_compare(struct bp_gradcheck *check, const struct bp_mlp *net,
                                    struct bp_numdiff *numeric, const struct bp_claim *claim,
                                    const double *delta, const double *rounding,
                                    const struct bp_gradcheck_options *options)
{
    *check = (struct bp_gradcheck){.net = net,
                                   .n_theta = numeric->n_theta,
                                   .n = numeric->n,
                                   .n_units = numeric->n_units,
                                   .apart = NAN,
                                   .loss_apart = NAN,
                                   .slope_apart = NAN};
    const bool deltas = net != NULL && delta != NULL && numeric->delta != NULL;
    enum bp_status status = make_room(check, deltas, rounding != NULL);
    double *work = status == BP_OK ? bp_mem_new(most_entries(check), sizeof *work) : NULL;
    check->numeric = *numeric;
    *numeric = (struct bp_numdiff){0};
    if (work == NULL) {
        bp_gradcheck_release(check);
        return BP_ENOMEM;
    }
    memcpy(check->backprop, claim->g, check->n_theta * sizeof *claim->g);
    if (deltas)
        memcpy(check->delta, delta, check->n * check->n_units * sizeof *delta);
    if (rounding != NULL)
        memcpy(check->rounding, rounding,
               (check->n_theta + check->n * check->n_units) * sizeof *rounding);
    list_tensors(check);
    set_tolerances(check, claim, options, work);
    for (size_t k = 0; k < check->n_tensors + check->n_deltas; k++)
        check_tensor(check, &check->tensor[k], work);
    bp_mem_free(work);
    return BP_OK;
}

size_t bp_gradcheck_untested(const struct bp_gradcheck *check)
{
    size_t n = 0;
    for (size_t k = 0; k < check->n_tensors; k++)
        n += check->tensor[k].outcome == BP_OUTCOME_NOT_TESTED;
    return n;
}

void bp_gradcheck_release(struct bp_gradcheck *check)
{
    bp_numdiff_release(&check->numeric);
    bp_mem_free(check->backprop);
    bp_mem_free(check->delta);
    bp_mem_free(check->rounding);
    bp_mem_free(check->verdict);
    bp_mem_free(check->delta_verdict);
    bp_mem_free(check->tensor);
    *check = (struct bp_gradcheck){0};
}
