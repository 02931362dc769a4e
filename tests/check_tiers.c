/* check_tiers.c -- the fast ways to differentiate say the same as the slow ones, for every
 * activation, loss and depth, and notice when what they assume does not hold. */
#include "core/changes.h"
#include "core/kernel.h"
#include "core/mem.h"
#include "core/rng.h"
#include "diag/numdiff.h"
#include "diag/numdiff_inputs.h"
#include "diag/numdiff_node.h"
#include "diag/numdiff_spot.h"
#include "diag/numdiff_tiers.h"
#include "diag/ripple.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N_MOST = 20, WIDE = 12 };

/* A network, a batch, and what goes with it. */
struct bench {
    struct bp_mlp net;
    struct bp_pass pass;
    size_t n;
    double x[N_MOST * WIDE], t[N_MOST * WIDE], mask[N_MOST * WIDE];
    const double *masks[8];
    struct bp_loss_at at;
};

static void fill_targets(struct bench *b, struct bp_rng *rng)
{
    const struct bp_spec *spec = &b->net.spec;
    const size_t out = spec->layer[spec->layers].width;
    memset(b->t, 0, sizeof b->t);
    for (size_t s = 0; s < b->n; s++)
        b->t[s * out + bp_rng_below(rng, out)] = 1.0;
}

static void set_up(struct bench *b, const char *text, size_t n, double sd, uint64_t seed)
{
    struct bp_spec spec;
    struct bp_rng rng;
    struct bp_error error;
    memset(b, 0, sizeof *b);
    ck_assert_msg(bp_spec_parse(&spec, text, &error) == BP_OK, "%s: %s", text, error.text);
    ck_assert_int_eq(bp_mlp_init(&b->net, &spec), BP_OK);
    bp_spec_release(&spec);
    bp_rng_seed(&rng, seed);
    b->n = n;
    for (size_t k = 0; k < b->net.n_theta; k++)
        b->net.theta[k] = sd * bp_rng_normal(&rng);
    for (size_t k = 0; k < N_MOST * WIDE; k++) {
        b->x[k] = bp_rng_unit(&rng) < 0.4 ? 0.0 : bp_rng_normal(&rng);
        b->mask[k] = bp_rng_unit(&rng) < 0.3 ? 0.0 : 1.0 / 0.7;
    }
    fill_targets(b, &rng);
    ck_assert_int_eq(bp_pass_init(&b->pass, &b->net, n), BP_OK);
    b->at = (struct bp_loss_at){.net = &b->net, .n = n, .x = b->x, .t = b->t};
}

/* Dropout on layer 1, where it is hidden. */
static void put_mask(struct bench *b)
{
    if (b->net.spec.layers < 2)
        return;
    b->masks[1] = b->mask;
    b->at.mask = b->masks;
    b->pass.mask[1] = b->mask;
}

static void backprop(struct bench *b)
{
    bp_pass_forward(&b->pass, b->n, b->x);
    bp_pass_backward(&b->pass, b->t);
}

static void tear_down(struct bench *b)
{
    bp_pass_release(&b->pass);
    bp_mlp_release(&b->net);
}

static struct bp_numdiff run(const struct bench *b, enum bp_tier_id tier, int threads)
{
    struct bp_numdiff d;
    struct bp_error error = {{0}};
    const struct bp_numdiff_options options = {.tier = tier, .threads = threads};
    ck_assert_msg(bp_numdiff_run(&d, &b->at, &options, &error) == BP_OK, "%s", error.text);
    return d;
}

static const enum bp_tier_id FAST[] = {BP_TIER_STRUCTURED, BP_TIER_DELTA_FORM, BP_TIER_NODE};
enum { N_FAST = 3 };

/* ---- agreement ------------------------------------------------------------ */

static double largest(size_t n, const double *x)
{
    double top = 0.0;
    for (size_t k = 0; k < n; k++)
        top = fmax(top, fabs(x[k]));
    return top;
}

static void agree(const char *what, size_t n, const double *a, const double *a_error,
                  const double *b, const double *b_error)
{
    const double top = fmax(largest(n, b), 1e-300);
    for (size_t k = 0; k < n; k++) {
        const double allowed = 10.0 * (a_error[k] + b_error[k]) + 0x1p-50 * top;
        ck_assert_msg(fabs(a[k] - b[k]) <= allowed, "%s, number %zu: %.17g, not %.17g; allowed %g",
                      what, k, a[k], b[k], allowed);
    }
}

/* What is said to be wrong must not be so large that anything would agree. */
static void errors_are_small(const char *what, size_t n, const double *value, const double *error,
                             double most)
{
    const double top = fmax(largest(n, value), 1e-3);
    for (size_t k = 0; k < n; k++)
        ck_assert_msg(error[k] <= most * top, "%s, number %zu: error %g beside %g", what, k,
                      error[k], top);
}

static void agree_with_complex(struct bench *b, const char *text)
{
    char what[400];
    struct bp_numdiff right = run(b, BP_TIER_COMPLEX, 1);
    for (size_t k = 0; k < N_FAST; k++) {
        struct bp_numdiff fast = run(b, FAST[k], 1);
        const double most = FAST[k] == BP_TIER_STRUCTURED ? 1e-8 : 1e-9;
        snprintf(what, sizeof what, "%s, %s, n %zu", text, fast.tier->name, b->n);
        agree(what, right.n_theta, fast.value, fast.error, right.value, right.error);
        agree(what, b->n * right.n_units, fast.delta, fast.delta_error, right.delta,
              right.delta_error);
        errors_are_small(what, right.n_theta, fast.value, fast.error, most);
        errors_are_small(what, b->n * right.n_units, fast.delta, fast.delta_error, most);
        bp_numdiff_release(&fast);
    }
    bp_numdiff_release(&right);
}

static const char *const HIDDEN[] = {"identity", "sigmoid",    "tanh",
                                     "relu",     "leaky-relu", "softmax"};
static const char *const OUTPUT[] = {"identity squared-error",
                                     "sigmoid squared-error sum factor=2",
                                     "tanh squared-error l2=0.01",
                                     "softmax squared-error",
                                     "relu squared-error",
                                     "sigmoid binary-cross-entropy",
                                     "softmax softmax-cross-entropy l2=0.001",
                                     "sigmoid softmax-cross-entropy sum",
                                     "softmax binary-cross-entropy no-bias"};
static const char *const SHAPE[] = {"7-4-3", "5-6-3", "4-9-5-2", "6-5-4-3-4", "3-11-2"};
enum { N_HIDDEN = 5, N_OUTPUT = 9, N_SHAPES = 5 };

START_TEST(fast_tiers_agree_with_the_complex_step_on_every_kind_of_network)
{
    char text[200];
    struct bench b;
    for (size_t h = 0; h < N_HIDDEN; h++)
        for (size_t s = 0; s < N_SHAPES; s++) {
            snprintf(text, sizeof text, "%s %s,%s", SHAPE[s], HIDDEN[h], OUTPUT[_i]);
            set_up(&b, text, 1 + (h + 2 * s) % 6, 0.7, 100 * h + s);
            if ((h + s) % 3 == 0)
                put_mask(&b);
            agree_with_complex(&b, text);
            tear_down(&b);
        }
}
END_TEST

START_TEST(exact_tiers_are_right_to_the_last_places)
{
    struct bench b;
    set_up(&b, "8-6-4 sigmoid squared-error", 20, 1.0, 3);
    backprop(&b);
    const double top = largest(b.net.n_theta, b.net.grad);
    for (size_t k = 0; k < N_FAST; k++) {
        struct bp_numdiff d = run(&b, FAST[k], 1);
        const double most = FAST[k] == BP_TIER_STRUCTURED ? 1e-11 : 2e-15;
        for (size_t j = 0; j < d.n_theta; j++)
            ck_assert_double_le(fabs(d.value[j] - b.net.grad[j]), most * top);
        bp_numdiff_release(&d);
    }
    tear_down(&b);
}
END_TEST

START_TEST(tiny_and_huge_scales_do_not_matter)
{
    static const double SCALE[] = {1e-8, 1e-4, 1e4, 1e8};
    struct bench b;
    set_up(&b, "5-6-3 tanh,identity squared-error", 6, 0.7, 5);
    for (size_t k = 0; k < N_MOST * WIDE; k++)
        b.x[k] *= SCALE[_i];
    const struct bp_tensor *w = bp_mlp_weights(&b.net, 1);
    for (size_t k = 0; k < w->count; k++)
        b.net.theta[w->offset + k] /= SCALE[_i];
    backprop(&b);
    for (size_t k = 0; k < N_FAST; k++) {
        struct bp_numdiff d = run(&b, FAST[k], 1);
        const double top = largest(w->count, b.net.grad + w->offset);
        for (size_t j = w->offset; j < w->offset + w->count; j++)
            ck_assert_double_le(fabs(d.value[j] - b.net.grad[j]), 1e-10 * top);
        bp_numdiff_release(&d);
    }
    tear_down(&b);
}
END_TEST

/* A wrong entry must stand out of the errors that the tiers state. */
START_TEST(a_wrong_derivative_is_seen)
{
    struct bench b;
    set_up(&b, "8-6-4 sigmoid squared-error", 6, 1.0, 4);
    backprop(&b);
    for (size_t k = 0; k < N_FAST; k++) {
        struct bp_numdiff d = run(&b, FAST[k], 1);
        for (size_t j = 0; j < d.n_theta; j++)
            if ((d.flags[j] & BP_NUM_SKIPPED) == 0)
                ck_assert_double_gt(fabs(1.001 * b.net.grad[j] - d.value[j]), 10.0 * d.error[j]);
        bp_numdiff_release(&d);
    }
    tear_down(&b);
}
END_TEST

/* ---- corners, zeros, ranges ----------------------------------------------- */

/* Neuron 0 of layer 1 has z = gap in every sample, and only its bias. */
static void near_corner(struct bench *b, double gap)
{
    set_up(b, "4-5-2 relu,identity squared-error", 4, 1.0, 8);
    const struct bp_tensor *w = bp_mlp_weights(&b->net, 1);
    for (size_t j = 0; j < w->cols; j++)
        b->net.theta[w->offset + j] = 0.0;
    b->net.theta[bp_mlp_biases(&b->net, 1)->offset] = gap;
    backprop(b);
}

START_TEST(a_corner_nearby_is_stepped_past)
{
    static const double GAP[] = {1e-3, -1e-3, 1e-14, -1e-20};
    struct bench b;
    for (size_t g = 0; g < 4; g++) {
        near_corner(&b, GAP[g]);
        const size_t k = bp_mlp_biases(&b.net, 1)->offset;
        const bool reached = fabs(GAP[g]) >= 1e-10 || FAST[_i] != BP_TIER_STRUCTURED;
        struct bp_numdiff d = run(&b, FAST[_i], 1);
        ck_assert_uint_eq(d.flags[k] & BP_NUM_KINK, reached ? 0 : BP_NUM_KINK);
        if (reached)
            ck_assert_double_le(fabs(d.value[k] - b.net.grad[k]), 1e-9);
        bp_numdiff_release(&d);
        tear_down(&b);
    }
}
END_TEST

START_TEST(on_a_corner_all_tiers_mark_the_same_parameters)
{
    struct bench b;
    near_corner(&b, 0.0);
    struct bp_numdiff naive = run(&b, BP_TIER_RICHARDSON, 1);
    struct bp_numdiff fast = run(&b, FAST[_i], 1);
    size_t kinks = 0;
    for (size_t k = 0; k < naive.n_theta; k++) {
        const struct bp_tensor *tensor = bp_mlp_tensor_of(&b.net, k);
        if ((fast.flags[k] & BP_NUM_SKIPPED) != 0)
            continue;
        ck_assert_msg((fast.flags[k] & BP_NUM_KINK) == (naive.flags[k] & BP_NUM_KINK),
                      "%s: parameter %zu of layer %zu", fast.tier->name, k, tensor->layer);
        kinks += (fast.flags[k] & BP_NUM_KINK) != 0;
    }
    ck_assert_uint_ge(kinks, 2);
    for (size_t k = 0; k < b.n * b.net.n_units; k++)
        ck_assert_uint_eq(fast.delta_flags[k] & BP_NUM_KINK, naive.delta_flags[k] & BP_NUM_KINK);
    bp_numdiff_release(&naive);
    bp_numdiff_release(&fast);
    tear_down(&b);
}
END_TEST

/* z of neuron 0 of this layer is exactly 0, in every second sample (layer 1) or in all of
 * them, and moves with what is below: two equal inputs, one taken from the other. */
static void put_on_corner(struct bench *b, size_t layer)
{
    const struct bp_tensor *w = bp_mlp_weights(&b->net, layer);
    double *theta = b->net.theta;
    for (size_t j = 0; j < w->cols; j++)
        theta[w->offset + j] = j == 0 ? 1.0 : j == 1 ? -1.0 : 0.0;
    if (bp_mlp_biases(&b->net, layer) != NULL)
        theta[bp_mlp_biases(&b->net, layer)->offset] = 0.0;
    for (size_t s = 0; layer == 1 && s < b->n; s += 2)
        b->x[s * w->cols] = b->x[s * w->cols + 1] = 0.5 + (double)s;
    if (layer == 1)
        return;
    const struct bp_tensor *below = bp_mlp_weights(&b->net, layer - 1);
    const struct bp_tensor *bias = bp_mlp_biases(&b->net, layer - 1);
    memcpy(theta + below->offset + below->cols, theta + below->offset, below->cols * sizeof *theta);
    if (bias != NULL)
        theta[bias->offset + 1] = theta[bias->offset];
}

/* The same kinks; and the same numbers, within what both say, where there is none. */
static size_t same_kinks(const char *what, size_t n, const double *a, const double *a_error,
                         const unsigned char *a_flags, const double *b, const double *b_error,
                         const unsigned char *b_flags)
{
    const double top = fmax(largest(n, b), 1e-3);
    size_t kinks = 0;
    for (size_t k = 0; k < n; k++) {
        if ((a_flags[k] & BP_NUM_SKIPPED) != 0)
            continue;
        ck_assert_msg((a_flags[k] & BP_NUM_KINK) == (b_flags[k] & BP_NUM_KINK),
                      "%s, number %zu: flags %u, not %u", what, k, a_flags[k], b_flags[k]);
        kinks += (a_flags[k] & BP_NUM_KINK) != 0;
        ck_assert_msg((a_flags[k] & BP_NUM_KINK) != 0 ||
                          fabs(a[k] - b[k]) <= 10.0 * (a_error[k] + b_error[k]) + 0x1p-50 * top,
                      "%s, number %zu: %.17g, not %.17g", what, k, a[k], b[k]);
    }
    return kinks;
}

/* Every tier beside the naive one, on a corner of each hidden layer in turn. */
START_TEST(on_a_corner_all_tiers_agree_on_every_kind_of_network)
{
    static const char *const CORNERED[] = {"relu", "leaky-relu"};
    static const enum bp_tier_id TIER[] = {BP_TIER_CENTRAL, BP_TIER_STRUCTURED, BP_TIER_DELTA_FORM,
                                           BP_TIER_NODE};
    char text[200], what[300];
    struct bench b;
    size_t kinks = 0;
    for (size_t h = 0; h < 2; h++)
        for (size_t shape = 0; shape < N_SHAPES; shape++) {
            snprintf(text, sizeof text, "%s %s,%s", SHAPE[shape], CORNERED[h], OUTPUT[_i]);
            set_up(&b, text, 4, 0.7, 7 * h + shape);
            put_on_corner(&b, 1 + (h + shape) % (b.net.spec.layers - 1));
            struct bp_numdiff naive = run(&b, BP_TIER_RICHARDSON, 1);
            for (size_t k = 0; k < 4; k++) {
                struct bp_numdiff d = run(&b, TIER[k], 1);
                snprintf(what, sizeof what, "%s, %s", text, d.tier->name);
                kinks += same_kinks(what, d.n_theta, d.value, d.error, d.flags, naive.value,
                                    naive.error, naive.flags);
                kinks += same_kinks(what, b.n * d.n_units, d.delta, d.delta_error, d.delta_flags,
                                    naive.delta, naive.delta_error, naive.delta_flags);
                bp_numdiff_release(&d);
            }
            bp_numdiff_release(&naive);
            tear_down(&b);
        }
    ck_assert_uint_ge(kinks, 100);
}
END_TEST

START_TEST(an_input_that_is_always_0_is_known_and_counted)
{
    struct bench b;
    set_up(&b, "6-4-2 sigmoid squared-error l2=0.5", 5, 1.0, 9);
    for (size_t s = 0; s < b.n; s++)
        b.x[s * 6 + 2] = 0.0;
    struct bp_numdiff d = run(&b, FAST[_i], 1);
    for (size_t i = 0; i < 4; i++) {
        const size_t k = bp_mlp_weights(&b.net, 1)->offset + i * 6 + 2;
        ck_assert_uint_eq(d.flags[k], BP_NUM_SKIPPED);
        ck_assert_double_eq_tol(d.value[k], 0.5 * b.net.theta[k], 1e-15);
        ck_assert_uint_eq(d.flags[k + 1] & (BP_NUM_SKIPPED | BP_NUM_LEFT_OUT), 0);
    }
    bp_numdiff_release(&d);
    tear_down(&b);
}
END_TEST

START_TEST(a_range_has_the_values_of_the_whole)
{
    struct bench b;
    set_up(&b, "6-4-3 tanh squared-error", 5, 1.0, 10);
    struct bp_numdiff all = run(&b, FAST[_i], 1), part;
    for (size_t first = 0; first < all.n_theta; first += 5) {
        const struct bp_numdiff_options options = {.tier = FAST[_i], .first = first, .count = 7};
        ck_assert_int_eq(bp_numdiff_run(&part, &b.at, &options, NULL), BP_OK);
        for (size_t k = 0; k < all.n_theta; k++) {
            const bool inside = k >= first && k < first + 7;
            ck_assert_uint_eq(part.flags[k] == BP_NUM_LEFT_OUT, !inside);
            if (inside)
                ck_assert_double_eq(part.value[k], all.value[k]);
        }
        bp_numdiff_release(&part);
    }
    bp_numdiff_release(&all);
    tear_down(&b);
}
END_TEST

/* Of a few levels, as a picture's: many weights of a neuron change z by the same. */
static void make_pixels(struct bench *b)
{
    static const double LEVEL[] = {0.0, 0.25, 0.5, 1.0, 1.0};
    struct bp_rng rng;
    bp_rng_seed(&rng, 6);
    for (size_t k = 0; k < N_MOST * WIDE; k++)
        b->x[k] = LEVEL[bp_rng_below(&rng, 5)];
}

/* Alone, a weight has nobody to share its evaluations with. */
START_TEST(inputs_that_are_the_same_share_without_a_trace)
{
    static const char *const TEXT[] = {"12-5-3 sigmoid squared-error",
                                       "12-5-4-3 relu,softmax softmax-cross-entropy l2=0.01"};
    struct bench b;
    set_up(&b, TEXT[_i], 6, 1.0, 10);
    make_pixels(&b);
    struct bp_numdiff all = run(&b, BP_TIER_STRUCTURED, 1), alone;
    for (size_t k = 0; k < all.n_theta; k++) {
        const struct bp_numdiff_options options = {
            .tier = BP_TIER_STRUCTURED, .first = k, .count = 1, .no_deltas = true};
        ck_assert_int_eq(bp_numdiff_run(&alone, &b.at, &options, NULL), BP_OK);
        ck_assert_mem_eq(&alone.value[k], &all.value[k], sizeof(double));
        ck_assert_mem_eq(&alone.error[k], &all.error[k], sizeof(double));
        ck_assert_uint_eq(alone.flags[k], all.flags[k]);
        bp_numdiff_release(&alone);
    }
    bp_numdiff_release(&all);
    agree_with_complex(&b, TEXT[_i]);
    tear_down(&b);
}
END_TEST

START_TEST(a_nan_weight_makes_its_derivatives_nan)
{
    struct bench b;
    set_up(&b, "3-4-2 sigmoid squared-error", 3, 1.0, 11);
    b.net.theta[bp_mlp_weights(&b.net, 2)->offset] = NAN; /* W2[0,0] */
    struct bp_numdiff d;
    const struct bp_numdiff_options options = {.tier = FAST[_i]};
    ck_assert_int_eq(bp_numdiff_run(&d, &b.at, &options, NULL), BP_OK);
    ck_assert(isnan(d.value[bp_mlp_biases(&b.net, 1)->offset]));
    ck_assert(isnan(d.value[bp_mlp_biases(&b.net, 2)->offset]));
    bp_numdiff_release(&d);
    tear_down(&b);
}
END_TEST

/* ---- the same bits -------------------------------------------------------- */

static void same_bits(const struct bp_numdiff *a, const struct bp_numdiff *b, size_t n)
{
    ck_assert_mem_eq(a->value, b->value, a->n_theta * sizeof(double));
    ck_assert_mem_eq(a->error, b->error, a->n_theta * sizeof(double));
    ck_assert_mem_eq(a->flags, b->flags, a->n_theta);
    ck_assert_mem_eq(a->delta, b->delta, n * a->n_units * sizeof(double));
    ck_assert_mem_eq(a->delta_error, b->delta_error, n * a->n_units * sizeof(double));
    ck_assert_uint_eq(a->evaluations, b->evaluations);
}

static const char *const SAMPLES_OF[] = {
    "11-9-4 sigmoid squared-error", "11-9-7-4 tanh,softmax softmax-cross-entropy l2=0.01",
    "11-9-7-4 relu,sigmoid binary-cross-entropy", "12-5 softmax softmax-cross-entropy"};
enum { N_SAMPLES_OF = 4 };

START_TEST(threads_and_instruction_sets_do_not_change_a_bit)
{
    static const char *const ISA[] = {"plain", "avx2", "avx512"};
    const enum bp_tier_id tier = FAST[_i % N_FAST];
    struct bench b;
    set_up(&b, SAMPLES_OF[_i / N_FAST], 7, 1.0, 12);
    ck_assert(bp_kernel_choose("plain"));
    struct bp_numdiff right = run(&b, tier, 1);
    for (size_t isa = 0; isa < 3; isa++) {
        if (!bp_kernel_choose(ISA[isa]))
            continue;
        struct bp_numdiff own = run(&b, tier, isa % 2 == 0 ? 2 : 1);
        same_bits(&right, &own, b.n);
        bp_numdiff_release(&own);
    }
    (void)bp_kernel_choose(NULL);
    bp_numdiff_release(&right);
    tear_down(&b);
}
END_TEST

START_TEST(there_are_never_more_threads_than_processors)
{
    ck_assert_uint_eq(bp_threads(0), 1);
    ck_assert_uint_eq(bp_threads(-3), 1);
    ck_assert_uint_eq(bp_threads(1), 1);
    ck_assert_uint_le(bp_threads(1000000), 4096);
    ck_assert_uint_eq(bp_threads(1000000), bp_threads(1000001));
}
END_TEST

/* ---- what is assumed ------------------------------------------------------ */

/* z = (W^2) a + b, entry by entry: not affine in W, though nothing looks strange. */
static void squared_affine(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                           double *out)
{
    const struct bp_tensor *w = bp_mlp_weights(pass->net, l);
    (void)self;
    for (size_t s = 0; s < pass->n; s++)
        for (size_t i = 0; i < w->rows; i++) {
            double sum = 0.0;
            for (size_t j = 0; j < w->cols; j++) {
                const double v = pass->theta[w->offset + i * w->cols + j];
                sum += v * v * pass->a[l - 1][s * w->cols + j];
            }
            out[s * w->rows + i] = sum;
        }
}

static void damped_activate(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                            double *out)
{
    self->right->run(pass, l, self->right, out);
    for (size_t k = 0; k < pass->n * pass->net->spec.layer[l].width; k++)
        out[k] *= 0.9;
}

static void plant(struct bench *b, size_t layer, enum bp_slot slot,
                  void (*f)(const struct bp_pass *, size_t, const struct bp_stage *, double *))
{
    struct bp_stage *stage = &b->net.ops[layer].stage[slot];
    *stage = (struct bp_stage){f, NULL, stage->right};
}

START_TEST(a_planted_forward_stage_leaves_only_the_slow_tiers)
{
    struct bench b;
    struct bp_error error;
    set_up(&b, "5-4-3 sigmoid squared-error", 4, 1.0, 13);
    plant(&b, 1, BP_AFFINE, squared_affine);
    for (size_t k = 0; k < N_FAST; k++) {
        struct bp_numdiff d;
        const struct bp_numdiff_options options = {.tier = FAST[k]};
        ck_assert_int_eq(bp_numdiff_run(&d, &b.at, &options, &error), BP_EUNSUPPORTED);
        ck_assert_ptr_nonnull(strstr(error.text, "cannot be used here: the forward pass"));
    }
    struct bp_numdiff d = run(&b, BP_TIER_AUTO, 1);
    ck_assert_int_eq(d.tier->id, BP_TIER_RICHARDSON);
    bp_numdiff_release(&d);
    tear_down(&b);
}
END_TEST

/* The node tier is forced on a network for which it is wrong. */
START_TEST(the_node_tier_notices_a_forward_pass_that_is_not_affine)
{
    struct bench b;
    struct bp_error error;
    const size_t layer = 1 + (size_t)_i % 2;
    set_up(&b, "5-4-3 sigmoid squared-error", 6, 1.0, 14);
    struct bp_numdiff d = run(&b, BP_TIER_NODE, 1); /* nothing is wrong yet */
    ck_assert_uint_ge(d.spots, 4);
    if (_i < 2)
        plant(&b, layer, BP_AFFINE, squared_affine);
    else
        plant(&b, layer, BP_ACTIVATE, damped_activate);
    const struct bp_numdiff_options options = {.tier = BP_TIER_NODE};
    ck_assert_int_eq(bp_tier_node.run(&d, &b.at, &options, &error), BP_EUNSUPPORTED);
    char tensor[32];
    snprintf(tensor, sizeof tensor, "is z affine in W%zu?", layer);
    ck_assert_msg(strstr(error.text, tensor) != NULL, "%s", error.text);
    bp_numdiff_release(&d);
    tear_down(&b);
}
END_TEST

/* One weight of all counts otherwise: W[1,2] is bent by a hundredth of its square. */
static void bent_weight(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                        double *out)
{
    const struct bp_tensor *w = bp_mlp_weights(pass->net, l);
    const double v = pass->theta[w->offset + 1 * w->cols + 2];
    self->right->run(pass, l, self->right, out);
    for (size_t s = 0; s < pass->n; s++)
        out[s * w->rows + 1] += 0.01 * v * v * pass->a[l - 1][s * w->cols + 2];
}

/* z = W a: the bias is kept, but not in it. */
static void without_bias(const struct bp_pass *pass, size_t l, const struct bp_stage *self,
                         double *out)
{
    const struct bp_tensor *b = bp_mlp_biases(pass->net, l);
    self->right->run(pass, l, self->right, out);
    for (size_t k = 0; k < pass->n * b->rows; k++)
        out[k] -= pass->theta[b->offset + k % b->rows];
}

START_TEST(the_node_tier_notices_one_weight_or_a_bias_that_is_not_in_z)
{
    static const char *const SAYS[] = {"is z affine in W1?", "is z affine in W2?",
                                       "is z affine in b1?", "is z affine in b2?"};
    struct bench b;
    struct bp_error error;
    set_up(&b, "12-9-4 sigmoid squared-error", 6, 1.0, 14);
    struct bp_numdiff d = run(&b, BP_TIER_NODE, 1);
    plant(&b, 1 + (size_t)_i % 2, BP_AFFINE, _i < 2 ? bent_weight : without_bias);
    const struct bp_numdiff_options options = {.tier = BP_TIER_NODE};
    ck_assert_int_eq(bp_tier_node.run(&d, &b.at, &options, &error), BP_EUNSUPPORTED);
    ck_assert_msg(strstr(error.text, SAYS[_i]) != NULL, "%s", error.text);
    bp_numdiff_release(&d);
    tear_down(&b);
}
END_TEST

/* The deltas are not trusted, either: each of a sample's is made wrong by a hundredth of
 * the largest. */
START_TEST(a_wrong_delta_is_noticed)
{
    struct bench b;
    struct bp_node node;
    struct bp_spot spot;
    struct bp_error error;
    double theta[200];
    set_up(&b, "7-5-4-3 tanh,sigmoid squared-error", 6, 1.0, 15);
    struct bp_numdiff d = run(&b, BP_TIER_NODE, 1);
    ck_assert_int_eq(bp_node_init(&node, &b.at, &d, 1), BP_OK);
    bp_node_run(&node);
    ck_assert_int_eq(bp_spot_run(&spot, &node.exact, theta, &error), BP_OK);
    ck_assert_uint_eq(spot.tried, b.net.n_tensors + 3 * (BP_SPOT_WEIGHTS + 1));
    ck_assert_double_le(spot.farthest, 0.1);
    for (size_t l = 1; l <= 3; l++)
        for (size_t i = 0; i < b.net.spec.layer[l].width; i++) {
            double *row = &node.exact.delta[b.n * b.net.unit[l]], *delta = row + i; /* sample 0 */
            const double right = *delta;
            *delta += 0.01 * largest(b.net.spec.layer[l].width, row);
            ck_assert_int_eq(bp_spot_run(&spot, &node.exact, theta, &error), BP_EUNSUPPORTED);
            ck_assert_ptr_nonnull(strstr(error.text, "node cannot be used here"));
            *delta = right;
        }
    bp_node_release(&node);
    bp_numdiff_release(&d);
    tear_down(&b);
}
END_TEST

/* At a minimum slopes are small beside curvatures: one step forward says little. */
START_TEST(the_spot_checks_hold_where_training_ends)
{
    struct bench b;
    struct bp_error error = {{0}};
    set_up(&b, "6-8-3 tanh,identity squared-error", 6, 0.5, 16);
    bp_pass_forward(&b.pass, b.n, b.x);
    for (size_t k = 0; k < b.n * 3; k++)
        b.t[k] = b.pass.a[2][k] + 1e-6 * (double)(k % 5);
    struct bp_numdiff d;
    const struct bp_numdiff_options options = {.tier = BP_TIER_NODE};
    ck_assert_msg(bp_numdiff_run(&d, &b.at, &options, &error) == BP_OK, "%s", error.text);
    ck_assert_uint_ge(d.spots, 4);
    bp_numdiff_release(&d);
    plant(&b, 1, BP_AFFINE, bent_weight);
    d = run(&b, BP_TIER_RICHARDSON, 1);
    ck_assert_int_eq(bp_tier_node.run(&d, &b.at, &options, &error), BP_EUNSUPPORTED);
    bp_numdiff_release(&d);
    tear_down(&b);
}
END_TEST

/* A cross-entropy of an output near the smallest double: what is carried up has few places
 * left, and says so. */
START_TEST(an_output_that_has_all_but_vanished_has_a_larger_error)
{
    struct bench b;
    set_up(&b, "3-2 softmax softmax-cross-entropy", 1, 0.0, 17);
    const struct bp_tensor *bias = bp_mlp_biases(&b.net, 1);
    b.t[0] = 1.0;
    b.t[1] = 0.0;
    b.net.theta[bias->offset + 1] = 707.0; /* a of the target: 8.6e-308 */
    backprop(&b);
    struct bp_numdiff d = run(&b, BP_TIER_NODE, 1);
    for (size_t i = 0; i < 2; i++) {
        const double off = fabs(d.delta[i] - b.pass.delta[1][i]);
        ck_assert_double_gt(off, 1e-9);
        ck_assert_double_le(off, d.delta_error[i]);
    }
    bp_numdiff_release(&d);
    tear_down(&b);
}
END_TEST

/* Nothing to round, and nothing but curvature: a step forward is not exactly 0. */
START_TEST(where_nothing_is_left_to_learn_the_error_covers_the_step)
{
    struct bench b;
    set_up(&b, "3-4-2 tanh,identity squared-error factor=3", 2, 0.0, 18);
    memset(b.t, 0, sizeof b.t); /* theta is 0, so a = t = 0 */
    for (size_t k = 0; k < N_FAST; k++) {
        struct bp_numdiff d = run(&b, FAST[k], 1);
        for (size_t i = 0; i < b.n * d.n_units; i++)
            ck_assert_double_le(fabs(d.delta[i]), d.delta_error[i]);
        for (size_t i = 0; i < d.n_theta; i++) {
            ck_assert_double_le(fabs(d.value[i]), d.error[i]);
            ck_assert_double_le(d.error[i], 1e-12);
        }
        bp_numdiff_release(&d);
    }
    tear_down(&b);
}
END_TEST

START_TEST(the_spot_checks_do_not_cry_wolf)
{
    static const char *const TEXT[] = {
        "6-8-4-2 relu,identity squared-error", "6-8-4-3 leaky-relu,softmax softmax-cross-entropy",
        "6-8-4-2 tanh squared-error", "6-8-2 sigmoid binary-cross-entropy"};
    static const double SD[] = {1e-8, 1e-3, 0.5, 3.0, 1e4};
    for (uint64_t seed = 0; seed < 100; seed++) {
        struct bench b;
        set_up(&b, TEXT[_i], 1 + seed % 9, SD[seed % 5], seed);
        struct bp_numdiff d;
        struct bp_error error = {{0}};
        const struct bp_numdiff_options options = {.tier = BP_TIER_NODE};
        ck_assert_msg(bp_numdiff_run(&d, &b.at, &options, &error) == BP_OK, "seed %d: %s",
                      (int)seed, error.text);
        bp_numdiff_release(&d);
        tear_down(&b);
    }
}
END_TEST

START_TEST(the_default_is_structured_while_it_is_cheap)
{
    struct bench b;
    set_up(&b, "12-9-4 sigmoid squared-error", 5, 1.0, 15);
    struct bp_numdiff d = run(&b, BP_TIER_AUTO, 1);
    ck_assert_int_eq(d.tier->id, BP_TIER_STRUCTURED);
    bp_numdiff_release(&d);
    struct bp_loss_at many = b.at;
    many.n = 1000000; /* never run: only asked which */
    ck_assert_int_eq(bp_tier_find(BP_TIER_AUTO, &many)->id, BP_TIER_NODE);
    tear_down(&b);
}
END_TEST

/* ---- one change ----------------------------------------------------------- */

/* What a change d of one z does to a sample's loss, by two forward passes. */
static double by_hand(struct bench *b, size_t l, size_t s, size_t i, double d)
{
    const size_t at = s * b->net.spec.layer[l].width + i;
    const struct bp_stage *activate = &b->pass.ops[l].stage[BP_ACTIVATE];
    bp_pass_forward(&b->pass, b->n, b->x);
    const double before = bp_pass_sample_loss(&b->pass, b->t, s);
    b->pass.z[l][at] += d;
    activate->run(&b->pass, l, activate, b->pass.a[l]);
    if (l < b->net.spec.layers)
        bp_pass_forward_from(&b->pass, l + 1);
    const double after = bp_pass_sample_loss(&b->pass, b->t, s);
    bp_pass_forward(&b->pass, b->n, b->x);
    return after - before;
}

static void changes_of(struct bench *b, bool exact, const char *text)
{
    static const double D[BP_CHANGES_STEP] = {0.0, 1.5, -1.5, 0.01, -1e-4, 1e-7, 1e-9, -1e-9};
    struct bp_ripple ripple;
    double loss[N_MOST], change[BP_CHANGES_STEP], crossed[BP_CHANGES_STEP] = {0.0};
    bp_pass_forward(&b->pass, b->n, b->x);
    for (size_t s = 0; s < b->n; s++)
        loss[s] = bp_pass_sample_loss(&b->pass, b->t, s);
    ck_assert_int_eq(bp_ripple_init(&ripple, &b->pass, b->t, loss, exact), BP_OK);
    for (size_t l = 1; l <= b->net.spec.layers; l++)
        for (size_t i = 0; i < b->net.spec.layer[l].width; i++) {
            const struct bp_ripple_at at = {
                .layer = l, .sample = i % b->n, .neuron = i, .cols = BP_CHANGES_STEP};
            bp_ripple_run(&ripple, &at, D, change, crossed);
            for (size_t c = 0; c < BP_CHANGES_STEP; c++) {
                const double right = by_hand(b, l, at.sample, i, D[c]);
                const bool loose = exact && fabs(D[c]) > 1e-6; /* its identities are for small d */
                const double allowed = (loose ? 1e-9 : 1e-13) * fmax(1.0, fabs(loss[at.sample]));
                ck_assert_msg(fabs(change[c] - right) <= allowed,
                              "%s, layer %zu neuron %zu, by %g: %.17g, not %.17g", text, l, i, D[c],
                              change[c], right);
            }
            ck_assert_double_eq(change[0], 0.0);
        }
    bp_ripple_release(&ripple);
}

START_TEST(a_change_is_what_two_forward_passes_differ_by)
{
    char text[200];
    struct bench b;
    for (size_t h = 0; h < N_HIDDEN; h++) {
        snprintf(text, sizeof text, "%s %s,%s", SHAPE[_i % N_SHAPES], HIDDEN[h],
                 OUTPUT[_i / N_SHAPES]);
        set_up(&b, text, 4, 0.7, 40 + h);
        if (h % 2 == 0)
            put_mask(&b);
        changes_of(&b, false, text);
        changes_of(&b, true, text);
        tear_down(&b);
    }
}
END_TEST

Suite *tiers_suite(void);
Suite *tiers_suite(void)
{
    Suite *suite = suite_create("tiers");
    TCase *agree_case = tcase_create("agreement");
    tcase_add_loop_test(agree_case, fast_tiers_agree_with_the_complex_step_on_every_kind_of_network,
                        0, N_OUTPUT);
    tcase_add_test(agree_case, exact_tiers_are_right_to_the_last_places);
    tcase_add_loop_test(agree_case, tiny_and_huge_scales_do_not_matter, 0, 4);
    tcase_add_test(agree_case, a_wrong_derivative_is_seen);
    tcase_add_loop_test(agree_case, a_change_is_what_two_forward_passes_differ_by, 0,
                        N_SHAPES * N_OUTPUT);
    suite_add_tcase(suite, agree_case);
    TCase *edges = tcase_create("edges");
    tcase_add_loop_test(edges, a_corner_nearby_is_stepped_past, 0, N_FAST);
    tcase_add_loop_test(edges, on_a_corner_all_tiers_mark_the_same_parameters, 0, N_FAST);
    tcase_add_loop_test(edges, on_a_corner_all_tiers_agree_on_every_kind_of_network, 0, N_OUTPUT);
    tcase_add_loop_test(edges, an_input_that_is_always_0_is_known_and_counted, 0, N_FAST);
    tcase_add_loop_test(edges, a_range_has_the_values_of_the_whole, 0, N_FAST);
    tcase_add_loop_test(edges, inputs_that_are_the_same_share_without_a_trace, 0, 2);
    tcase_add_loop_test(edges, a_nan_weight_makes_its_derivatives_nan, 0, N_FAST);
    tcase_add_loop_test(edges, threads_and_instruction_sets_do_not_change_a_bit, 0,
                        N_FAST * N_SAMPLES_OF);
    tcase_add_test(edges, there_are_never_more_threads_than_processors);
    suite_add_tcase(suite, edges);
    TCase *assumed = tcase_create("assumptions");
    tcase_add_test(assumed, a_planted_forward_stage_leaves_only_the_slow_tiers);
    tcase_add_loop_test(assumed, the_node_tier_notices_a_forward_pass_that_is_not_affine, 0, 3);
    tcase_add_loop_test(assumed, the_node_tier_notices_one_weight_or_a_bias_that_is_not_in_z, 0, 4);
    tcase_add_test(assumed, a_wrong_delta_is_noticed);
    tcase_add_test(assumed, the_spot_checks_hold_where_training_ends);
    tcase_add_test(assumed, an_output_that_has_all_but_vanished_has_a_larger_error);
    tcase_add_test(assumed, where_nothing_is_left_to_learn_the_error_covers_the_step);
    tcase_add_loop_test(assumed, the_spot_checks_do_not_cry_wolf, 0, 4);
    tcase_add_test(assumed, the_default_is_structured_while_it_is_cheap);
    suite_add_tcase(suite, assumed);
    return suite;
}
