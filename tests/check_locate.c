/* check_locate.c -- wrong entries are found by calling the loss alone, in few
 * evaluations; right gradients raise no alarm. BACKPROBE_LARGE=1 adds ten million
 * parameters.
 */
#include "diag/locate.h"

#include "core/fmath.h"
#include "core/init.h"
#include "core/mem.h"
#include "small.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char LARGE[] = "784-128-10 sigmoid squared-error";
static const char SMALL[] = "9-8-6-3 tanh squared-error";

/* ---- a network, a batch, a claimed gradient ------------------------------------ */

struct world {
    struct bp_mlp net;
    struct bp_core_subject core;
    struct bp_view view;
    double *x, *t, *g;
    struct bp_batch batch;
    struct bp_claim claim;
    struct bp_locate locate;
    size_t calls;
    bool narrow;
};

static void world_init(struct world *world, const char *network, size_t n, uint64_t seed)
{
    struct bp_spec spec;
    struct bp_pass pass;
    struct bp_rng rng;
    *world = (struct world){0};
    ck_assert_int_eq(bp_spec_parse(&spec, network, NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&world->net, &spec), BP_OK);
    const size_t in = n * spec.layer[0].width, out = n * spec.layer[spec.layers].width;
    bp_spec_release(&spec);
    const struct bp_init init = {.weights = {.scheme = BP_INIT_GLOROT},
                                 .biases = {.scheme = BP_INIT_NORMAL, .sd = 0.1},
                                 .seed = seed};
    bp_init_run(&init, &world->net);
    world->x = bp_mem_new(in + out + world->net.n_theta, sizeof(double));
    world->t = world->x + in;
    world->g = world->t + out;
    bp_rng_seed(&rng, seed + 100);
    for (size_t k = 0; k < in; k++)
        world->x[k] = bp_rng_normal(&rng);
    for (size_t k = 0; k < out; k++)
        world->t[k] = bp_rng_unit(&rng);
    world->batch = (struct bp_batch){n, world->x, world->t};
    ck_assert_int_eq(bp_core_subject_init(&world->core, &world->net, n), BP_OK);
    ck_assert_int_eq(bp_view_open(&world->view, &world->core.subject, NULL), BP_OK);
    ck_assert_int_eq(bp_pass_init(&pass, &world->net, n), BP_OK);
    bp_pass_forward(&pass, n, world->x);
    bp_pass_backward(&pass, world->t);
    memcpy(world->g, world->net.grad, world->net.n_theta * sizeof(double));
    bp_pass_release(&pass);
    world->claim = (struct bp_claim){.g = world->g, .precision = 0x1p-53};
}

static void world_release(struct world *world)
{
    bp_locate_release(&world->locate);
    bp_view_close(&world->view);
    bp_core_subject_release(&world->core);
    bp_mlp_release(&world->net);
    bp_mem_free(world->x);
}

/* With the network at hand. */
static void look(struct world *world, const struct bp_locate_options *options)
{
    const struct bp_loss_at at = {
        .net = &world->net, .n = world->batch.n, .x = world->x, .t = world->t};
    bp_locate_release(&world->locate);
    ck_assert_int_eq(bp_locate_run(&world->locate, &at, &world->net, &world->claim, options, NULL),
                     BP_OK);
}

static enum bp_status call(void *self, const double *theta, double *loss, struct bp_error *error)
{
    struct world *world = self;
    world->calls++;
    const enum bp_status status = bp_view_loss(&world->view, theta, &world->batch, loss, error);
    if (world->narrow)
        *loss = (double)(float)*loss;
    return status;
}

/* With nothing but a function; described: shapes are known. */
static void look_blindly(struct world *world, bool described,
                         const struct bp_locate_options *options)
{
    const struct bp_loss_at at = {.call = call,
                                  .self = world,
                                  .n = world->batch.n,
                                  .n_theta = world->net.n_theta,
                                  .epsilon = world->narrow ? 0x1p-24 : 0x1p-53,
                                  .theta = world->net.theta};
    bp_locate_release(&world->locate);
    world->calls = 0;
    ck_assert_int_eq(bp_locate_run(&world->locate, &at, described ? &world->net : NULL,
                                   &world->claim, options, NULL),
                     BP_OK);
    ck_assert_uint_eq(world->calls, bp_locate_evaluations(&world->locate));
}

/* The entry of a tensor whose |g| is nearest to size times its mean |g|. */
static size_t entry_of_size(const struct world *world, size_t tensor, double size)
{
    const struct bp_tensor *t = &world->net.tensor[tensor];
    double mean = 0.0, best = INFINITY;
    size_t at = 0;
    for (size_t i = 0; i < t->count; i++)
        mean += fabs(world->g[t->offset + i]) / (double)t->count;
    for (size_t i = 0; i < t->count; i++) {
        const double off = fabs(fabs(world->g[t->offset + i]) - size * mean);
        if (off < best) {
            best = off;
            at = t->offset + i;
        }
    }
    return at;
}

static double median_size(const struct world *world, size_t tensor)
{
    const struct bp_tensor *t = &world->net.tensor[tensor];
    double mean = 0.0, low = 0.0, high = 0.0;
    for (size_t i = 0; i < t->count; i++) {
        mean += fabs(world->g[t->offset + i]) / (double)t->count;
        high = fmax(high, fabs(world->g[t->offset + i]));
    }
    for (int turn = 0; turn < 50; turn++) {
        const double middle = 0.5 * (low + high);
        size_t below = 0;
        for (size_t i = 0; i < t->count; i++)
            below += fabs(world->g[t->offset + i]) < middle;
        *(2 * below < t->count ? &low : &high) = middle;
    }
    return low / mean;
}

static void assert_only(const struct world *world, size_t k)
{
    ck_assert_int_eq(world->locate.outcome, BP_OUTCOME_DISAGREES);
    ck_assert_uint_eq(world->locate.n_blocks, 0);
    ck_assert_uint_eq(world->locate.n_wrong, 1);
    ck_assert_uint_eq(world->locate.wrong[0].k, k);
}

/* ---- one wrong entry ------------------------------------------------------------- */

START_TEST(an_average_entry_among_100000_costs_8_evaluations)
{
    if (small_only())
        return;
    struct world world;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        world_init(&world, LARGE, 10, seed);
        const size_t bad = entry_of_size(&world, 0, 1.0);
        const double right = world.g[bad];
        world.g[bad] *= 1.001;
        look(&world, NULL);
        assert_only(&world, bad);
        ck_assert_uint_le(world.locate.locating, 8);
        ck_assert_double_eq_tol(world.locate.wrong[0].numeric, right, 1e-6 * fabs(right));
        world_release(&world);
    }
}
END_TEST

START_TEST(a_median_entry_among_100000_costs_16_evaluations)
{
    if (small_only())
        return;
    struct world world;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        world_init(&world, LARGE, 10, seed);
        const size_t bad = entry_of_size(&world, 0, median_size(&world, 0));
        world.g[bad] *= 1.001;
        look_blindly(&world, true, NULL);
        assert_only(&world, bad);
        ck_assert_uint_le(world.locate.locating, 16);
        world_release(&world);
    }
}
END_TEST

/* By a loss that can be called and no more: shapes known, and not known. */
START_TEST(one_entry_of_any_tensor_is_detected_located_and_confirmed_in_50_evaluations)
{
    struct world world;
    world_init(&world, small_only() ? SMALL : LARGE, small_only() ? 7 : 10, 23);
    const size_t turns = small_only() ? 1 : 5;
    for (size_t turn = 0; turn < turns * world.net.n_tensors; turn++) {
        const size_t bad = entry_of_size(&world, turn % world.net.n_tensors, 1.0);
        const double right = world.g[bad];
        const struct bp_locate_options options = {.seed = turn + 1};
        world.g[bad] *= 1.001;
        look(&world, &options);
        assert_only(&world, bad);
        ck_assert_uint_le(bp_locate_evaluations(&world.locate), 50);
        for (int described = 0; described < 2; described++) {
            look_blindly(&world, described == 1, &options);
            assert_only(&world, bad);
            ck_assert_uint_le(bp_locate_evaluations(&world.locate), 50);
        }
        world.g[bad] = right;
    }
    world_release(&world);
}
END_TEST

/* What the quick way leaves behind is as if each tensor had been probed. */
START_TEST(the_other_tensors_of_a_wrong_entry_are_judged_too)
{
    struct world world;
    world_init(&world, SMALL, 7, 24);
    const size_t bad = entry_of_size(&world, 2, 1.0);
    world.g[bad] *= 1.001;
    look(&world, NULL);
    assert_only(&world, bad);
    ck_assert_uint_lt(world.locate.detecting, 9 + 6 * world.net.n_tensors);
    for (size_t k = 0; k < world.net.n_tensors; k++) {
        const struct bp_located_tensor *tensor = &world.locate.tensor[k];
        ck_assert_int_eq(tensor->outcome, k == 2 ? BP_OUTCOME_DISAGREES : BP_OUTCOME_AGREES);
        ck_assert_uint_eq(tensor->not_finite_at, tensor->rows * tensor->cols);
        ck_assert_double_gt(tensor->step, 0.0);
    }
    world_release(&world);
}
END_TEST

/* Nothing but zeros at the input: no entry of W1 can be seen, alone or together. */
START_TEST(a_tensor_that_does_nothing_does_not_count_as_right)
{
    struct world world;
    world_init(&world, SMALL, 7, 25);
    memset(world.x, 0, 7 * 9 * sizeof(double));
    struct bp_pass pass;
    ck_assert_int_eq(bp_pass_init(&pass, &world.net, 7), BP_OK);
    bp_pass_forward(&pass, 7, world.x);
    bp_pass_backward(&pass, world.t);
    memcpy(world.g, world.net.grad, world.net.n_theta * sizeof(double));
    bp_pass_release(&pass);
    const size_t bad = entry_of_size(&world, 2, 1.0);
    world.g[bad] *= 1.01;
    for (int turn = 0; turn < 2; turn++) {
        if (turn == 0)
            look(&world, NULL);
        else
            look_blindly(&world, true, NULL);
        assert_only(&world, bad);
        ck_assert_int_eq(world.locate.tensor[0].outcome, BP_OUTCOME_NOT_TESTED);
        ck_assert_int_eq(world.locate.tensor[1].outcome, BP_OUTCOME_AGREES);
    }
    world_release(&world);
}
END_TEST

/* One is a thousand times the other: decoded first, it does not explain all. */
START_TEST(a_small_error_beside_a_large_one_in_another_tensor_is_found)
{
    struct world world;
    world_init(&world, SMALL, 7, 26);
    const size_t large = entry_of_size(&world, 4, 1.0), small = entry_of_size(&world, 0, 1.0);
    world.g[large] *= 2.0;
    world.g[small] *= 1.001;
    look(&world, NULL);
    ck_assert_uint_eq(world.locate.n_wrong, 2);
    ck_assert_uint_eq(world.locate.n_blocks, 0);
    ck_assert(world.locate.wrong[0].k == small || world.locate.wrong[1].k == small);
    ck_assert(world.locate.wrong[0].k == large || world.locate.wrong[1].k == large);
    world_release(&world);
}
END_TEST

START_TEST(a_wrong_entry_of_any_tensor_is_named)
{
    struct world world;
    world_init(&world, SMALL, 7, 5);
    for (size_t tensor = 0; tensor < world.net.n_tensors; tensor++) {
        const size_t bad = entry_of_size(&world, tensor, 1.0);
        const double right = world.g[bad];
        world.g[bad] = -right;
        look(&world, NULL);
        assert_only(&world, bad);
        char name[BP_NAME_MAX];
        bp_mlp_name(&world.net, bad, name);
        ck_assert_str_eq(world.locate.wrong[0].name, name);
        ck_assert_int_eq(world.locate.tensor[tensor].outcome, BP_OUTCOME_DISAGREES);
        look_blindly(&world, true, NULL);
        assert_only(&world, bad);
        world.g[bad] = right;
    }
    world_release(&world);
}
END_TEST

START_TEST(a_vector_without_a_description_is_searched_too)
{
    struct world world;
    world_init(&world, SMALL, 7, 6);
    const size_t bad = entry_of_size(&world, 2, 1.0);
    world.g[bad] *= 1.01;
    look_blindly(&world, false, NULL);
    assert_only(&world, bad);
    ck_assert_str_eq(world.locate.tensor[0].name, "theta");
    world_release(&world);
}
END_TEST

START_TEST(bisection_alone_finds_it_as_well)
{
    struct world world;
    const struct bp_locate_options options = {.no_decode = true};
    world_init(&world, SMALL, 7, 7);
    const size_t bad = entry_of_size(&world, 0, 1.0);
    world.g[bad] *= 1.001;
    look(&world, &options);
    assert_only(&world, bad);
    ck_assert_uint_gt(world.locate.locating, 8);
    world_release(&world);
}
END_TEST

START_TEST(a_loss_of_floats_is_enough_for_a_gross_error)
{
    struct world world;
    world_init(&world, "9-8-6-3 sigmoid squared-error sum factor=2", 7, 8);
    world.narrow = true;
    const struct bp_locate_options options = {.narrow = true};
    for (size_t k = 0; k < world.net.n_theta; k++)
        world.net.theta[k] = (double)(float)world.net.theta[k];
    struct bp_pass pass;
    ck_assert_int_eq(bp_pass_init(&pass, &world.net, 7), BP_OK);
    bp_pass_forward(&pass, 7, world.x);
    bp_pass_backward(&pass, world.t);
    memcpy(world.g, world.net.grad, world.net.n_theta * sizeof(double));
    bp_pass_release(&pass);
    world.claim.precision = 0x1p-24;
    look_blindly(&world, true, &options);
    ck_assert_int_eq(world.locate.outcome, BP_OUTCOME_AGREES);
    const size_t bad = entry_of_size(&world, 4, 1.0);
    world.g[bad] = -world.g[bad];
    look_blindly(&world, true, &options);
    assert_only(&world, bad);
    world_release(&world);
}
END_TEST

/* ---- several ----------------------------------------------------------------------- */

START_TEST(several_wrong_entries_are_all_named)
{
    struct world world;
    world_init(&world, "30-20-4 tanh squared-error", 7, 9);
    const struct bp_tensor *w1 = &world.net.tensor[0];
    const size_t bad[] = {3, 77, 78, 300, 599};
    for (size_t k = 0; k < 5; k++)
        world.g[w1->offset + bad[k]] += 0.01;
    look(&world, NULL);
    ck_assert_uint_eq(world.locate.n_wrong, 5);
    ck_assert_uint_eq(world.locate.n_blocks, 0);
    for (size_t k = 0; k < 5; k++) {
        bool named = false;
        for (size_t w = 0; w < 5; w++)
            named = named || world.locate.wrong[w].k == w1->offset + bad[k];
        ck_assert_msg(named, "entry %zu is not named", bad[k]);
    }
    world_release(&world);
}
END_TEST

START_TEST(two_equal_and_opposite_errors_do_not_hide_each_other)
{
    struct world world;
    world_init(&world, SMALL, 7, 10);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        const struct bp_locate_options options = {.seed = seed};
        world.g[5] += 0.01;
        world.g[40] -= 0.01;
        look(&world, &options);
        ck_assert_uint_eq(world.locate.n_wrong, 2);
        world.g[5] -= 0.01;
        world.g[40] += 0.01;
    }
    world_release(&world);
}
END_TEST

/* ---- blocks ------------------------------------------------------------------------ */

static void assert_block(const struct world *world, size_t tensor, const char *words)
{
    char text[200];
    ck_assert_int_eq(world->locate.outcome, BP_OUTCOME_DISAGREES);
    ck_assert_uint_eq(world->locate.n_blocks, 1);
    ck_assert_uint_eq(world->locate.block[0].tensor, tensor);
    bp_locate_block_text(&world->locate, &world->locate.block[0], text, sizeof text);
    ck_assert_str_eq(text, words);
}

START_TEST(a_whole_tensor_a_row_and_a_column_are_named_as_blocks)
{
    struct world world;
    world_init(&world, "32-20-4 tanh squared-error", 7, 11);
    double *w1 = world.g + world.net.tensor[0].offset;
    double right[20 * 32];
    memcpy(right, w1, sizeof right);
    for (size_t k = 0; k < 20 * 32; k++)
        w1[k] *= 0.5;
    look(&world, NULL);
    assert_block(&world, 0, "all of W1 (640 entries)");
    ck_assert_double_eq_tol(world.locate.block[0].ratio_low, 0.5, 1e-6);
    ck_assert_double_eq_tol(world.locate.block[0].ratio_high, 0.5, 1e-6);
    memcpy(w1, right, sizeof right);
    for (size_t c = 0; c < 32; c++)
        w1[13 * 32 + c] *= 0.5;
    look(&world, NULL);
    assert_block(&world, 0, "row 13 of W1 (neuron 13, 32 entries)");
    memcpy(w1, right, sizeof right);
    for (size_t r = 0; r < 20; r++)
        w1[r * 32 + 9] *= 0.5;
    look(&world, NULL);
    assert_block(&world, 0, "column 9 of W1 (input 9, 20 entries)");
    world_release(&world);
}
END_TEST

START_TEST(a_block_of_a_vector_is_named_by_its_ends)
{
    struct world world;
    world_init(&world, "32-20-4 tanh squared-error", 7, 12);
    const struct bp_tensor *w2 = &world.net.tensor[2];
    for (size_t k = 0; k < w2->count; k++)
        world.g[w2->offset + k] += 0.1;
    look_blindly(&world, false, NULL);
    ck_assert_uint_gt(world.locate.n_blocks + world.locate.n_wrong, 0);
    for (size_t b = 0; b < world.locate.n_blocks; b++) {
        const struct bp_wrong_block *block = &world.locate.block[b];
        ck_assert_uint_ge(block->col + block->cols, w2->offset);
        ck_assert_uint_le(block->col, w2->offset + w2->count);
    }
    world_release(&world);
}
END_TEST

START_TEST(the_budget_ends_a_search_and_says_so)
{
    struct world world;
    const struct bp_locate_options options = {.budget = 60};
    world_init(&world, "30-20-4 tanh squared-error", 7, 13);
    for (size_t k = 0; k < 600; k += 37)
        world.g[k] += 0.01;
    look(&world, &options);
    ck_assert(world.locate.exhausted);
    ck_assert_uint_lt(bp_locate_evaluations(&world.locate), 120);
    ck_assert_uint_gt(world.locate.n_blocks, 0);
    ck_assert(world.locate.block[world.locate.n_blocks - 1].more);
    world_release(&world);
}
END_TEST

/* ---- right gradients ----------------------------------------------------------------- */

static const char *const HEALTHY[] = {
    "9-8-6-3 tanh squared-error", "12-10-2 sigmoid binary-cross-entropy sum",
    "9-8-6-3 relu,softmax softmax-cross-entropy", "15-20-20-1 relu,identity squared-error",
    "9-8-6-3 leaky-relu,identity squared-error l2=0.01"};
enum { HEALTHY_COUNT = sizeof HEALTHY / sizeof HEALTHY[0] };

START_TEST(right_gradients_raise_no_alarm)
{
    struct world world;
    const uint64_t most = small_only() ? 3 : 60;
    for (uint64_t seed = 1; seed <= most; seed++) {
        world_init(&world, HEALTHY[_i], seed % 3 == 0 ? 1 : 7, seed);
        const struct bp_locate_options options = {.seed = seed};
        look(&world, &options);
        ck_assert_msg(world.locate.outcome <= BP_OUTCOME_NOT_TESTED, "seed %u", (unsigned)seed);
        ck_assert_uint_eq(world.locate.n_wrong + world.locate.n_blocks, 0);
        look_blindly(&world, true, &options);
        ck_assert_msg(world.locate.outcome <= BP_OUTCOME_NOT_TESTED, "blind, seed %u",
                      (unsigned)seed);
        look_blindly(&world, false, &options);
        ck_assert_msg(world.locate.outcome <= BP_OUTCOME_NOT_TESTED, "vector, seed %u",
                      (unsigned)seed);
        world_release(&world);
    }
}
END_TEST

START_TEST(a_wrong_entry_of_a_relu_network_is_found_blindly)
{
    struct world world;
    size_t found = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        world_init(&world, "15-20-20-1 relu,identity squared-error", 7, seed);
        const size_t bad = entry_of_size(&world, 2, 1.0);
        world.g[bad] *= 1.01;
        look_blindly(&world, true, NULL);
        found += world.locate.n_wrong == 1 && world.locate.wrong[0].k == bad;
        ck_assert_uint_le(world.locate.n_wrong, 1);
        world_release(&world);
    }
    ck_assert_uint_ge(found, 18);
}
END_TEST

START_TEST(theta_is_left_as_it_was)
{
    struct world world;
    double before[200];
    world_init(&world, SMALL, 7, 14);
    ck_assert_uint_lt(world.net.n_theta, 200);
    memcpy(before, world.net.theta, world.net.n_theta * sizeof(double));
    world.g[3] += 0.1;
    look(&world, NULL);
    ck_assert_mem_eq(before, world.net.theta, world.net.n_theta * sizeof(double));
    world_release(&world);
}
END_TEST

/* ---- what cannot be judged -------------------------------------------------------------- */

START_TEST(a_gradient_that_is_not_finite_is_said_to_be_so)
{
    struct world world;
    world_init(&world, SMALL, 7, 15);
    world.g[world.net.tensor[2].offset + 4] = NAN;
    look(&world, NULL);
    ck_assert_int_eq(world.locate.outcome, BP_OUTCOME_NOT_FINITE);
    ck_assert_uint_eq(world.locate.tensor[2].not_finite_at, 4);
    ck_assert_int_eq(world.locate.tensor[0].outcome, BP_OUTCOME_AGREES);
    world_release(&world);
}
END_TEST

START_TEST(where_nothing_depends_on_theta_nothing_is_tested)
{
    struct world world;
    world_init(&world, SMALL, 7, 16);
    memset(world.net.theta, 0, world.net.n_theta * sizeof(double));
    for (size_t k = 0; k < world.net.n_theta; k++)
        world.g[k] = 0.0;
    for (size_t k = 0; k < 7 * 3; k++)
        world.t[k] = 0.0;
    look(&world, NULL);
    ck_assert_int_eq(world.locate.outcome, BP_OUTCOME_NOT_TESTED);
    world_release(&world);
}
END_TEST

START_TEST(a_gradient_of_unknown_size_is_compared_by_its_tensors)
{
    struct world world;
    world_init(&world, SMALL, 7, 17);
    world.claim.any_factor = true;
    for (size_t k = 0; k < world.net.n_theta; k++)
        world.g[k] *= 7.0;
    look(&world, NULL);
    ck_assert_int_eq(world.locate.outcome, BP_OUTCOME_AGREES);
    ck_assert_double_eq_tol(world.locate.factor, 7.0, 1e-7);
    const size_t bad = entry_of_size(&world, 0, 1.0);
    world.g[bad] *= 1.5;
    look(&world, NULL);
    assert_only(&world, bad);
    world_release(&world);
}
END_TEST

/* ---- the slope test ---------------------------------------------------------------------- */

START_TEST(what_is_left_over_falls_as_h_cubed_or_as_h)
{
    struct world world;
    const struct bp_locate_options options = {.slopes = true};
    world_init(&world, SMALL, 7, 18);
    const size_t bad = entry_of_size(&world, 0, 1.0);
    world.g[bad] *= 1.1;
    look(&world, &options);
    ck_assert_uint_eq(world.locate.n_lines, world.net.n_tensors);
    ck_assert(!world.locate.line[0].right);
    ck_assert_double_eq_tol(world.locate.line[0].order, 1.0, 0.1);
    for (size_t k = 1; k < world.locate.n_lines; k++) {
        ck_assert(world.locate.line[k].right);
        ck_assert_double_eq_tol(world.locate.line[k].order, 3.0, 0.2);
    }
    world_release(&world);
}
END_TEST

/* ---- subjects ------------------------------------------------------------------------------ */

static void half(const struct bp_pass *pass, size_t l, const struct bp_stage *self, double *out)
{
    self->right->run(pass, l, self->right, out);
    for (size_t k = 0; k < bp_mlp_weights(pass->net, l)->count; k++)
        out[k] *= 0.5;
}

START_TEST(a_subject_is_searched_through_its_twin_or_its_own_loss)
{
    struct world world;
    world_init(&world, "32-20-4 tanh squared-error", 7, 19);
    world.net.ops[2].stage[BP_OUTER_PRODUCT] =
        (struct bp_stage){.run = half, .right = &bp_ops_right()->stage[BP_OUTER_PRODUCT]};
    const struct bp_locate_options own = {.own_loss = true};
    for (int turn = 0; turn < 2; turn++) {
        bp_locate_release(&world.locate);
        ck_assert_int_eq(bp_locate_view(&world.locate, &world.view, world.net.theta, &world.batch,
                                        turn == 0 ? NULL : &own, NULL),
                         BP_OK);
        ck_assert_int_eq(world.locate.twin, turn == 0);
        assert_block(&world, 2, "all of W2 (80 entries)");
    }
    world_release(&world);
}
END_TEST

static int no_loss(void *self, const double *theta, const struct bp_batch *batch, double *loss)
{
    (void)self, (void)theta, (void)batch, (void)loss;
    return 3;
}

START_TEST(a_subject_that_cannot_say_its_loss_is_quoted)
{
    struct world world;
    struct bp_error error;
    const struct bp_locate_options own = {.own_loss = true};
    world_init(&world, SMALL, 7, 20);
    world.core.subject.loss = no_loss;
    world.core.subject.complaint = NULL;
    ck_assert_int_eq(
        bp_locate_view(&world.locate, &world.view, world.net.theta, &world.batch, &own, &error),
        BP_ESUBJECT);
    ck_assert_str_eq(error.text, "built-in network: loss() returned 3, expected 0");
    world_release(&world);
}
END_TEST

START_TEST(every_failed_allocation_is_reported_and_nothing_is_lost)
{
    struct world world;
    struct bp_error error;
    world_init(&world, "4-3-2 relu,sigmoid squared-error", 2, 21);
    const struct bp_locate_options options = {.slopes = true};
    world.g[2] += 0.1;
    bp_mem_fail_at(0);
    ck_assert_int_eq(
        bp_locate_view(&world.locate, &world.view, world.net.theta, &world.batch, &options, &error),
        BP_OK);
    const size_t tried = bp_mem_tried();
    bp_locate_release(&world.locate);
    const size_t held = bp_mem_held();
    for (size_t n = 1; n <= tried; n++) {
        bp_mem_fail_at(n);
        ck_assert_int_eq(bp_locate_view(&world.locate, &world.view, world.net.theta, &world.batch,
                                        &options, &error),
                         BP_ENOMEM);
        ck_assert_uint_eq(bp_mem_held(), held);
    }
    bp_mem_fail_at(0);
    world_release(&world);
}
END_TEST

/* ---- words ------------------------------------------------------------------------------------
 */

static char *text_of(const struct bp_locate *locate)
{
    static char text[4096];
    FILE *out = fmemopen(text, sizeof text, "w");
    bp_locate_text(out, locate, false);
    fclose(out);
    return text;
}

START_TEST(the_report_names_the_entry_and_counts_what_it_cost)
{
    struct world world;
    world_init(&world, SMALL, 7, 22);
    world.g[3] *= 1.5;
    look(&world, NULL);
    const char *text = text_of(&world.locate);
    ck_assert_ptr_nonnull(strstr(text, "locate      1 of 155 derivatives is wrong\n"));
    ck_assert_ptr_nonnull(strstr(text, "W1[0,3]"));
    ck_assert_ptr_nonnull(strstr(text, "ratio 1.5\n"));
    ck_assert_ptr_nonnull(strstr(text, "evaluations of the loss: "));
    size_t column = 0;
    for (const char *c = text; *c != '\0'; c++) {
        column = *c == '\n' ? 0 : column + (((unsigned char)*c & 0xc0) != 0x80);
        ck_assert_uint_le(column, 80);
    }
    world_release(&world);
}
END_TEST

/* ---- ten million --------------------------------------------------------------------------------
 */

/* f = ln(1 + exp(theta.x)) - t theta.x, x_k = +-1 by a hash: nothing but theta is held. */
static struct {
    size_t n;
    double *theta, *g;
} all;

static double feature(size_t k)
{
    return (k * UINT64_C(0x9e3779b97f4a7c15)) >> 63 ? 1.0 : -1.0;
}

static double many_z(const double *theta)
{
    double z = 0.0;
    for (size_t k = 0; k < all.n; k++)
        z += theta[k] * feature(k);
    return z;
}

static enum bp_status many_loss(void *self, const double *theta, double *loss,
                                struct bp_error *error)
{
    (void)self, (void)error;
    const double z = many_z(theta);
    *loss = bp_log1p(bp_exp(z)) - 0.3 * z;
    return BP_OK;
}

static void search_many(size_t n, const struct bp_locate_options *options, size_t most)
{
    struct bp_locate locate;
    struct bp_rng rng;
    const size_t bad = n / 7 * 3;
    all.n = n;
    all.theta = bp_mem_new(2 * n, sizeof(double));
    all.g = all.theta + n;
    bp_rng_seed(&rng, 1);
    for (size_t k = 0; k < n; k++)
        all.theta[k] = bp_rng_uniform(&rng, -1.0, 1.0) / sqrt((double)n);
    const double error = bp_sigmoid(many_z(all.theta)) - 0.3;
    for (size_t k = 0; k < n; k++)
        all.g[k] = error * feature(k);
    all.g[bad] *= 1.001;
    const struct bp_loss_at at = {.call = many_loss, .n_theta = n, .n = 1, .theta = all.theta};
    const struct bp_claim claim = {.g = all.g, .precision = 0x1p-53};
    ck_assert_int_eq(bp_locate_run(&locate, &at, NULL, &claim, options, NULL), BP_OK);
    ck_assert_uint_eq(locate.n_wrong, 1);
    ck_assert_uint_eq(locate.wrong[0].k, bad);
    ck_assert_uint_le(locate.locating, most);
    bp_locate_release(&locate);
    bp_mem_free(all.theta);
}

START_TEST(ten_million_parameters_take_50_evaluations)
{
    const struct bp_locate_options bisect = {.no_decode = true};
    const bool large = getenv("BACKPROBE_LARGE") != NULL;
    const size_t n = small_only() ? 1000 : large ? 10000000 : 100000;
    search_many(n, NULL, 50);
    search_many(n, &bisect, 50);
}
END_TEST

Suite *locate_suite(void);

Suite *locate_suite(void)
{
    Suite *suite = suite_create("locate");
    TCase *one = tcase_create("one wrong entry");
    tcase_set_timeout(one, 60);
    tcase_add_test(one, an_average_entry_among_100000_costs_8_evaluations);
    tcase_add_test(one, a_median_entry_among_100000_costs_16_evaluations);
    tcase_add_test(one,
                   one_entry_of_any_tensor_is_detected_located_and_confirmed_in_50_evaluations);
    tcase_add_test(one, the_other_tensors_of_a_wrong_entry_are_judged_too);
    tcase_add_test(one, a_tensor_that_does_nothing_does_not_count_as_right);
    tcase_add_test(one, a_small_error_beside_a_large_one_in_another_tensor_is_found);
    tcase_add_test(one, a_wrong_entry_of_any_tensor_is_named);
    tcase_add_test(one, a_vector_without_a_description_is_searched_too);
    tcase_add_test(one, bisection_alone_finds_it_as_well);
    tcase_add_test(one, a_loss_of_floats_is_enough_for_a_gross_error);
    tcase_add_test(one, a_wrong_entry_of_a_relu_network_is_found_blindly);
    suite_add_tcase(suite, one);
    TCase *many = tcase_create("ten million");
    tcase_set_timeout(many, 600);
    tcase_add_test(many, ten_million_parameters_take_50_evaluations);
    suite_add_tcase(suite, many);
    TCase *more = tcase_create("several, and blocks");
    tcase_add_test(more, several_wrong_entries_are_all_named);
    tcase_add_test(more, two_equal_and_opposite_errors_do_not_hide_each_other);
    tcase_add_test(more, a_whole_tensor_a_row_and_a_column_are_named_as_blocks);
    tcase_add_test(more, a_block_of_a_vector_is_named_by_its_ends);
    tcase_add_test(more, the_budget_ends_a_search_and_says_so);
    suite_add_tcase(suite, more);
    TCase *right = tcase_create("right gradients");
    tcase_set_timeout(right, 60);
    tcase_add_loop_test(right, right_gradients_raise_no_alarm, 0, HEALTHY_COUNT);
    tcase_add_test(right, theta_is_left_as_it_was);
    tcase_add_test(right, a_gradient_that_is_not_finite_is_said_to_be_so);
    tcase_add_test(right, where_nothing_depends_on_theta_nothing_is_tested);
    tcase_add_test(right, a_gradient_of_unknown_size_is_compared_by_its_tensors);
    tcase_add_test(right, what_is_left_over_falls_as_h_cubed_or_as_h);
    suite_add_tcase(suite, right);
    TCase *subjects = tcase_create("subjects and words");
    tcase_add_test(subjects, a_subject_is_searched_through_its_twin_or_its_own_loss);
    tcase_add_test(subjects, a_subject_that_cannot_say_its_loss_is_quoted);
    tcase_add_test(subjects, every_failed_allocation_is_reported_and_nothing_is_lost);
    tcase_add_test(subjects, the_report_names_the_entry_and_counts_what_it_cost);
    suite_add_tcase(suite, subjects);
    return suite;
}
