/* locate_probe.c -- see locate_probe.h. */
#include "diag/locate_probe.h"

#include "core/mem.h"

#include <math.h>
#include <string.h>

enum { TRIES = 12 };

/* ---- directions ------------------------------------------------------------- */

/* splitmix64 (Steele, Lea and Flood 2014) of a number: no state, so that any part of a
 * direction can be drawn again. */
static uint64_t scramble(uint64_t seed, uint64_t k)
{
    uint64_t bits = (seed << 40) + (k + 1) * UINT64_C(0x9e3779b97f4a7c15);
    bits = (bits ^ (bits >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ (bits >> 27)) * UINT64_C(0x94d049bb133111eb);
    return bits ^ (bits >> 31);
}

static double draw(const struct bp_prober *prober, size_t k)
{
    const uint64_t bits = scramble(prober->seed, k);
    const double size = 0.5 + (double)(bits >> 32) * 0x1p-32;
    return bits & 1 ? size : -size;
}

static double unit_of(const struct bp_prober *prober, size_t k)
{
    size_t t = 0;
    while (t + 1 < prober->n_tensors && k >= prober->tensor[t + 1].first)
        t++;
    return prober->unit[t];
}

double bp_prober_direction(const struct bp_prober *prober, size_t tensor, size_t k)
{
    return tensor < prober->n_tensors ? draw(prober, k) : unit_of(prober, k) * draw(prober, k);
}

double bp_digit_weight(struct bp_digit digit, size_t i)
{
    if (digit.radix == 0)
        return 1.0;
    const size_t value = i % digit.modulo / digit.divisor % digit.radix;
    return (double)(2 * value + 1) / (double)digit.radix - 1.0;
}

/* ---- one end ---------------------------------------------------------------- */

/* A sum that keeps what a plain one drops (Neumaier 1974). */
struct sum {
    double high, low;
};

struct end {
    double f;
    double slope;   /* g.(point - theta) */
    double squares; /* |g d|^2 */
    double length;  /* |d|^2 */
    bool crossed;
    struct sum sum; /* of slope */
};

static void add(struct sum *sum, double value)
{
    const double high = sum->high + value;
    sum->low +=
        fabs(sum->high) >= fabs(value) ? (sum->high - high) + value : (value - high) + sum->high;
    sum->high = high;
}

/* Entries i and on of a tensor that starts at first, as many as count. */
static void move_some(struct bp_prober *p, size_t first, size_t i, size_t count, double unit,
                      struct bp_digit digit, double h, struct end *end)
{
    for (const size_t last = i + count; i < last; i++) {
        const size_t k = first + i;
        const double d = unit * draw(p, k) * bp_digit_weight(digit, i);
        const double to = p->theta[k] + h * d;
        p->eval.theta[k] = p->narrow ? (double)(float)to : to;
        const double gd = p->scale * p->g[k] * d;
        add(&end->sum, p->scale * p->g[k] * (p->eval.theta[k] - p->theta[k]));
        end->squares += gd * gd;
        end->length += d * d;
    }
}

/* Moves the copy of theta by h d in the region, and sums up what g says of it. */
static void move(struct bp_prober *p, const struct bp_region *region, struct bp_digit digit,
                 double h, struct end *end)
{
    const struct bp_located_tensor *tensor = &p->tensor[region->tensor];
    if (region->tensor == p->n_tensors)
        for (size_t t = 0; t < p->n_tensors; t++)
            move_some(p, 0, p->tensor[t].first, p->tensor[t].rows * p->tensor[t].cols, p->unit[t],
                      digit, h, end);
    else
        for (size_t r = region->row; r < region->row + region->rows; r++)
            move_some(p, tensor->first, r * tensor->cols + region->col, region->cols, 1.0, digit, h,
                      end);
    end->slope = end->sum.high + end->sum.low;
}

static void put_back(struct bp_prober *p, const struct bp_region *region)
{
    const struct bp_located_tensor *tensor = &p->tensor[region->tensor];
    for (size_t r = region->row; r < region->row + region->rows; r++) {
        const size_t k = tensor->first + r * tensor->cols + region->col;
        memcpy(p->eval.theta + k, p->theta + k, region->cols * sizeof *p->theta);
    }
}

static enum bp_status look(struct bp_prober *p, const struct bp_region *region,
                           struct bp_digit digit, double h, struct end *end, struct bp_error *error)
{
    *end = (struct end){0};
    move(p, region, digit, h, end);
    const enum bp_status status = bp_eval_loss(&p->eval, &end->f, error);
    if (p->spent != NULL)
        (*p->spent)++;
    if (status == BP_OK && p->side != NULL) {
        bp_eval_sides(&p->eval, p->side);
        end->crossed = bp_eval_all_sides(p->side, p->eval.at->n) != p->side0;
    }
    put_back(p, region);
    return status;
}

/* ---- a probe ---------------------------------------------------------------- */

struct pair {
    double residual, slope; /* R(h), g.d */
    double bend;            /* (f(h) - 2 f(0) + f(-h)) / h */
    double noise;           /* of f at the ends */
    double size;            /* |g d| */
    double may_round;
    bool crossed;
};

static enum bp_status look_both(struct bp_prober *p, const struct bp_region *region,
                                struct bp_digit digit, double h, struct pair *pair,
                                struct bp_error *error)
{
    struct end up, down;
    enum bp_status status = look(p, region, digit, h, &up, error);
    if (status == BP_OK)
        status = look(p, region, digit, -h, &down, error);
    if (status != BP_OK)
        return status;
    const double top = fmax(fabs(p->eval.loss), fmax(fabs(up.f), fabs(down.f)));
    pair->slope = (up.slope - down.slope) / (2.0 * h);
    pair->residual = ((up.slope - down.slope) - (up.f - down.f)) / (2.0 * h);
    pair->bend = ((up.f - p->eval.loss) + (down.f - p->eval.loss)) / h;
    pair->noise = fmax(p->eval.noise, ldexp(top, -p->eval.bits));
    pair->size = sqrt(up.squares);
    pair->may_round = p->claim_rtol * pair->size + p->claim_noise * sqrt(up.length);
    pair->crossed = up.crossed || down.crossed;
    return BP_OK;
}

double bp_residual_error(const struct bp_residual *r, int levels)
{
    return r->truncation[levels - 1] + r->rounding;
}

/* The error that two extrapolations leave is guessed from how much better the second
 * was than the first. */
static double third_error(double first, double second)
{
    const double gain = first > 0.0 ? 4.0 * second / first : 1.0;
    return second * fmin(1.0, fmax(gain, 1.0 / 64.0));
}

/* Differences that cancel by chance say too little: with (h/L)^2 = first / |g d|, the
 * second is about (h/L)^4 |g d|. */
static double second_at_least(const struct bp_residual *r)
{
    return r->size > 0.0 ? r->truncation[0] * r->truncation[0] / r->size : 0.0;
}

/* What a corner leaves in the second difference, which a smooth function halves. */
static double corner_of(const struct bp_prober *p, const struct pair *pair, int levels)
{
    double corner = 0.0;
    if (p->side != NULL || !p->has_corners)
        return 0.0;
    for (int j = 0; j + 1 < levels; j++)
        corner = fmax(corner, fabs(2.0 * pair[j].bend - pair[j + 1].bend));
    return corner;
}

/* The same with the next term of a smooth function taken out too. */
static double crease_of(const struct bp_prober *p, const struct pair *pair)
{
    if (!p->has_corners)
        return 0.0;
    const double near = 2.0 * pair[0].bend - pair[1].bend;
    const double far = 2.0 * pair[1].bend - pair[2].bend;
    return fabs(8.0 * near - far) / 7.0;
}

static void extrapolate(const struct bp_prober *p, const struct pair *pair, int levels, double h,
                        const struct bp_residual *like, struct bp_residual *r)
{
    const double noise = pair[levels - 1].noise / h;
    *r = (struct bp_residual){
        .slope = pair[0].slope, .size = pair[0].size, .step = h, .rounding = 2.0 * noise};
    if (like != NULL)
        memcpy(r->truncation, like->truncation, sizeof r->truncation);
    r->value = pair[0].residual;
    const double a = levels > 1 ? (4.0 * pair[0].residual - pair[1].residual) / 3.0 : r->value;
    if (levels > 1) {
        r->truncation[0] = fmax(fabs(pair[1].residual - pair[0].residual) / 3.0, r->truncation[0]);
        r->value = a;
    }
    if (levels > 2) {
        const double b = (4.0 * pair[1].residual - pair[2].residual) / 3.0;
        r->truncation[0] = fabs(pair[1].residual - pair[0].residual) / 3.0;
        r->truncation[1] = fmax(fabs(a - b) / 15.0, second_at_least(r));
        r->truncation[2] = third_error(r->truncation[0], r->truncation[1]);
        r->value = a + (a - b) / 15.0;
        r->crease = crease_of(p, pair);
    }
    const int trusted = levels == 3 ? 2 : levels;
    r->error = bp_residual_error(r, trusted) + corner_of(p, pair, levels);
    r->tolerance = 10.0 * r->error + pair[0].may_round;
}

static enum bp_status probe(struct bp_prober *p, const struct bp_region *region,
                            struct bp_digit digit, double h, int levels,
                            const struct bp_residual *like, struct bp_residual *r,
                            struct bp_error *error)
{
    struct pair pair[3] = {{0}};
    bool crossed = false;
    for (int j = 0; j < levels; j++) {
        const enum bp_status status = look_both(p, region, digit, ldexp(h, j), &pair[j], error);
        if (status != BP_OK)
            return status;
        crossed = crossed || pair[j].crossed;
    }
    extrapolate(p, pair, levels, h, like, r);
    r->kink = crossed;
    return BP_OK;
}

enum bp_status bp_probe_at(struct bp_prober *prober, const struct bp_region *region,
                           struct bp_digit digit, const struct bp_residual *like, int levels,
                           struct bp_residual *r, struct bp_error *error)
{
    double h = like->step;
    for (int turn = 0; turn < TRIES; turn++, h *= 0.5) {
        const enum bp_status status = probe(prober, region, digit, h, levels, like, r, error);
        if (status != BP_OK || !r->kink)
            return status;
    }
    return BP_OK;
}

/* ---- the step --------------------------------------------------------------- */

enum bp_status bp_probe_three(struct bp_prober *prober, const struct bp_region *region, double h,
                              struct bp_residual *r, struct bp_error *error)
{
    const struct bp_digit none = {1, 1, 0};
    return probe(prober, region, none, h, 3, NULL, r, error);
}

/* By how much h should change so that truncation, as h^4, meets rounding, as 1/h. */
double bp_residual_better_by(const struct bp_residual *r)
{
    const double ratio = r->truncation[1] > 0.0 ? r->rounding / r->truncation[1] : 0x1p30;
    int exponent;
    frexp(ratio, &exponent);
    return ldexp(1.0, exponent < -20 ? -4 : exponent > 20 ? 4 : exponent / 5);
}

/* Precise enough to decode an average entry that is wrong by 1/1000, its row and column
 * with two step sizes each; or more precise than g. */
static bool is_plenty(const struct bp_residual *r, const struct bp_region *region)
{
    const double average = r->size / sqrt((double)region->rows * (double)region->cols);
    const size_t longer = region->rows > region->cols ? region->rows : region->cols;
    const double need = longer <= 4096 ? 2.5e-5 / (double)longer : 2.5e-7;
    return r->error <= fmin(2.5e-7, need) * average || r->error <= r->tolerance - 10.0 * r->error;
}

/* Where truncation seems to meet rounding it may be noise that was taken for truncation:
 * a larger step shows. */
static double next_step(const struct bp_residual *r, bool shrunk)
{
    const double corner = r->error - bp_residual_error(r, 2);
    if (corner > 4.0 * r->rounding && corner > 4.0 * r->truncation[1])
        return 0.25;
    const double by = bp_residual_better_by(r);
    return by == 1.0 && !shrunk ? 8.0 : by;
}

/* The way to a better step: on while it gets better, then once the other way from the
 * best. A corner and the noise of f(0) look alike, but for which way makes them smaller. */
struct climb {
    bool down, up; /* ways tried, or known not to lead anywhere */
    int last;      /* -1 down, 1 up, 0 not moved yet */
};

/* h after this one; 0 to stop. */
static double another(struct climb *climb, const struct bp_residual *best, bool better)
{
    double by = next_step(best, climb->up);
    if (!better) {
        if (climb->down && climb->up)
            return 0.0;
        by = climb->down ? 8.0 : 0.25;
    } else if (climb->last > 0 && by <= 1.0)
        by = 8.0;
    else if (climb->last < 0 && by >= 1.0)
        by = 0.25;
    if (by == 1.0)
        return 0.0;
    climb->last = by < 1.0 ? -1 : 1;
    *(by < 1.0 ? &climb->down : &climb->up) = true;
    return best->step * by;
}

bool bp_residual_is_blind(const struct bp_residual *r, const struct bp_region *region)
{
    const double average = r->size / sqrt((double)region->rows * (double)region->cols);
    return !(r->tolerance <= 0.5 * average);
}

enum bp_status bp_probe_settle(struct bp_prober *prober, const struct bp_region *region,
                               double first, struct bp_residual *best, struct bp_error *error)
{
    struct climb climb = {0};
    bool found = false;
    double h = first, least = first;
    for (int turn = 0; turn < TRIES && h > 0.0; turn++) {
        struct bp_residual r;
        const enum bp_status status = bp_probe_three(prober, region, h, &r, error);
        if (status != BP_OK)
            return status;
        const bool better = !r.kink && (!found || !(best->error <= r.error));
        if (better || turn == 0 || (!found && r.kink))
            *best = r;
        if (better && is_plenty(&r, region))
            break;
        found = found || better;
        climb.up = climb.up || r.kink;
        least = fmin(least, h);
        h = r.kink && !found ? 0.25 * h : another(&climb, best, better);
        /* among many corners smaller steps may do worse before they do better */
        if (h == 0.0 && bp_residual_is_blind(best, region))
            h = 0.25 * least;
    }
    return BP_OK;
}

/* The rms of the parameters in the region, or 1. */
static double usual(const struct bp_prober *p, const struct bp_region *region)
{
    const struct bp_located_tensor *tensor = &p->tensor[region->tensor];
    double squares = 0.0;
    for (size_t r = region->row; r < region->row + region->rows; r++)
        for (size_t c = region->col; c < region->col + region->cols; c++) {
            const double value = p->theta[tensor->first + r * tensor->cols + c];
            squares += value * value;
        }
    const double size = sqrt(squares / ((double)region->rows * (double)region->cols));
    return size > 0.0 && isfinite(size) ? size : 1.0;
}

/* The largest length of the rows of n x width numbers. */
static double longest(const double *a, size_t n, size_t width)
{
    double top = 0.0;
    for (size_t s = 0; s < n; s++) {
        double squares = 0.0;
        for (size_t j = 0; j < width; j++)
            squares += a[s * width + j] * a[s * width + j];
        top = fmax(top, squares);
    }
    return sqrt(top);
}

double bp_probe_first(const struct bp_prober *prober, const struct bp_region *region)
{
    const struct bp_located_tensor *tensor = &prober->tensor[region->tensor];
    const struct bp_mlp *net = prober->eval.at->net;
    double unit = 1.0;
    if (net == NULL || tensor->layer == 0)
        unit = usual(prober, region) / sqrt((double)region->cols);
    else {
        const size_t l = tensor->layer;
        const double share = sqrt((double)region->cols / (double)tensor->cols);
        const double a = tensor->cols == 1 && tensor->name[0] == 'b'
                             ? 1.0
                             : share * longest(prober->eval.pass.a[l - 1], prober->eval.at->n,
                                               net->spec.layer[l - 1].width);
        unit = a > 0.0 && isfinite(a) ? 1.0 / a : 1.0;
        if (l < net->spec.layers) {
            const struct bp_tensor *next = bp_mlp_weights(net, l + 1);
            unit /= fmax(1.0, longest(prober->theta + next->offset, next->rows, next->cols));
        }
    }
    int exponent;
    frexp(unit, &exponent);
    const int power = exponent - 1 - (prober->narrow ? 3 : 7);
    return ldexp(1.0, power < -900 ? -900 : power > 900 ? 900 : power);
}

enum bp_status bp_probe_remainder(struct bp_prober *prober, const struct bp_region *region,
                                  double h, double *remainder, double *size, struct bp_error *error)
{
    const struct bp_digit none = {1, 1, 0};
    struct pair pair;
    const enum bp_status status = look_both(prober, region, none, h, &pair, error);
    if (status != BP_OK)
        return status;
    *remainder = fabs(2.0 * h * pair.residual);
    *size = pair.noise;
    return BP_OK;
}

/* ---- opening ---------------------------------------------------------------- */

static double largest_fan_in(const struct bp_prober *p, const struct bp_mlp *net)
{
    size_t fan = net == NULL ? p->eval.n_theta : 1;
    for (size_t l = 0; net != NULL && l < net->spec.layers; l++)
        fan = net->spec.layer[l].width > fan ? net->spec.layer[l].width : fan;
    return (double)fan;
}

enum bp_status bp_prober_init(struct bp_prober *prober, const struct bp_loss_at *at,
                              const struct bp_located_tensor *tensor, size_t n_tensors,
                              const struct bp_claim *claim, bool narrow, struct bp_error *error)
{
    *prober = (struct bp_prober){.tensor = tensor,
                                 .n_tensors = n_tensors,
                                 .theta = at->theta != NULL ? at->theta : at->net->theta,
                                 .g = claim->g,
                                 .scale = 1.0,
                                 .claim_noise = claim->noise,
                                 .has_corners = true,
                                 .narrow = narrow};
    const enum bp_status status = bp_eval_init(&prober->eval, at, error);
    if (status != BP_OK)
        return status;
    const double n = at->n > 0 ? (double)at->n : 1.0;
    prober->claim_rtol =
        16.0 * claim->precision * sqrt(n + fmin(largest_fan_in(prober, at->net), 1e4));
    if (at->net == NULL)
        return BP_OK;
    prober->has_corners = prober->eval.side != NULL;
    if (prober->eval.side != NULL) {
        prober->side0 = bp_eval_all_sides(prober->eval.side, at->n);
        prober->side = bp_mem_new(at->n, sizeof *prober->side);
        if (prober->side == NULL) {
            bp_prober_release(prober);
            return BP_ENOMEM;
        }
    }
    return BP_OK;
}

void bp_prober_release(struct bp_prober *prober)
{
    bp_eval_release(&prober->eval);
    bp_mem_free(prober->side);
    *prober = (struct bp_prober){0};
}
