/* check_mlp.c -- the stages of backpropagation: right together, replaceable alone. */
#include "core/fmath.h"
#include "core/init.h"
#include "core/mem.h"
#include "core/mlp.h"
#include "core/rng.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SAMPLES = 3 };

/* A network with a normal start, and a batch drawn to go with its loss. */
struct bench {
    struct bp_mlp net;
    struct bp_pass pass;
    double x[SAMPLES * 16], t[SAMPLES * 16];
};

static void set_up(struct bench *b, const char *text, uint64_t seed)
{
    struct bp_spec spec;
    ck_assert_int_eq(bp_spec_parse(&spec, text, NULL), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&b->net, &spec), BP_OK);
    bp_spec_release(&spec);
    const struct bp_fill fill = {.scheme = BP_INIT_NORMAL, .mean = 0.0, .sd = 0.7};
    const struct bp_init init = {.weights = fill, .biases = fill, .seed = seed};
    bp_init_run(&init, &b->net);
    ck_assert_int_eq(bp_pass_init(&b->pass, &b->net, SAMPLES), BP_OK);
    const size_t n_in = b->net.spec.layer[0].width;
    const size_t n_out = b->net.spec.layer[b->net.spec.layers].width;
    struct bp_rng rng;
    bp_rng_seed(&rng, seed + 1);
    for (size_t k = 0; k < SAMPLES * n_in; k++)
        b->x[k] = bp_rng_normal(&rng);
    for (size_t s = 0; s < SAMPLES; s++)
        for (size_t k = 0; k < n_out; k++)
            b->t[s * n_out + k] = b->net.spec.loss == BP_SQUARED_ERROR
                                      ? bp_rng_unit(&rng)
                                      : (k == s % n_out ? 1.0 : 0.0);
}

static void tear_down(struct bench *b)
{
    bp_pass_release(&b->pass);
    bp_mlp_release(&b->net);
}

static void both_ways(struct bench *b)
{
    bp_pass_forward(&b->pass, SAMPLES, b->x);
    bp_pass_backward(&b->pass, b->t);
}

static double loss_at(struct bench *b, size_t k, double value)
{
    const double held = b->net.theta[k];
    b->net.theta[k] = value;
    bp_pass_forward(&b->pass, SAMPLES, b->x);
    const double loss = bp_pass_loss(&b->pass, b->t);
    b->net.theta[k] = held;
    return loss;
}

static const char *const SPECS[] = {
    "2-1 sigmoid squared-error",
    "3-4-2 tanh,identity squared-error sum factor=2",
    "3-4-2 sigmoid,softmax softmax-cross-entropy l2=0.05",
    "3-4-2 sigmoid,softmax squared-error",
    "4-5-3-2 leaky-relu,tanh,sigmoid binary-cross-entropy slope=0.2",
    "3-3-3-3 relu,relu,identity squared-error l2=0.1 sum",
    "3-4-2 tanh,sigmoid softmax-cross-entropy",
    "3-4-2 sigmoid squared-error no-bias",
};
enum { N_SPECS = sizeof SPECS / sizeof SPECS[0] };

/* A central difference here, by hand: h = 1e-5 leaves about 1e-10 of truncation
 * and 1e-11 of rounding at values of order 1. */
START_TEST(backward_is_the_gradient_of_the_loss)
{
    struct bench b;
    set_up(&b, SPECS[_i], 5);
    both_ways(&b);
    double grad[256];
    ck_assert_uint_le(b.net.n_theta, 256);
    memcpy(grad, b.pass.grad, b.net.n_theta * sizeof *grad);
    for (size_t k = 0; k < b.net.n_theta; k++) {
        const double h = 1e-5;
        const double theta = b.net.theta[k];
        const double numeric = (loss_at(&b, k, theta + h) - loss_at(&b, k, theta - h)) / (2 * h);
        char name[BP_NAME_MAX];
        bp_mlp_name(&b.net, k, name);
        ck_assert_msg(fabs(grad[k] - numeric) <= 1e-8 * (1.0 + fabs(numeric)),
                      "%s: %s: backprop %.12g numeric %.12g", SPECS[_i], name, grad[k], numeric);
    }
    tear_down(&b);
}
END_TEST

/* ---- each stage replaced ---------------------------------------------------- */

static size_t out_count(const struct bp_pass *pass, size_t l, enum bp_slot slot)
{
    size_t block;
    bp_mlp_block(pass->net, l, &block);
    switch (slot) {
    case BP_OUTER_PRODUCT:
        return bp_mlp_weights(pass->net, l)->count;
    case BP_BIAS_SUM:
        return bp_mlp_biases(pass->net, l)->count;
    case BP_SCALE:
    case BP_REGULARISE:
    case BP_UPDATE:
        return block;
    default:
        return pass->n * pass->net->spec.layer[l].width;
    }
}

/* The right stage's array, plus 1 everywhere. */
static void plus_one(const struct bp_pass *pass, size_t l, const struct bp_stage *self, double *out)
{
    const enum bp_slot slot = *(const enum bp_slot *)self->params;
    self->right->run(pass, l, self->right, out);
    for (size_t k = 0; k < out_count(pass, l, slot); k++)
        out[k] += 1.0;
}

/* Every array of a pass, copied. */
struct shot {
    double *z[8], *a[8], *e[8], *delta[8], *sum[8], *scaled[8], *grad[8], *next[8];
};

static double *copy_of(const double *from, size_t count)
{
    double *copy = bp_mem_new(count, sizeof *copy);
    memcpy(copy, from, count * sizeof *copy);
    return copy;
}

static void take(struct shot *shot, const struct bp_pass *pass)
{
    for (size_t l = 1; l <= pass->net->spec.layers; l++) {
        const size_t n = pass->n * pass->net->spec.layer[l].width;
        size_t count;
        const size_t block = bp_mlp_block(pass->net, l, &count);
        shot->z[l] = copy_of(pass->z[l], n);
        shot->a[l] = copy_of(pass->a[l], n);
        shot->e[l] = copy_of(pass->e[l], n);
        shot->delta[l] = copy_of(pass->delta[l], n);
        shot->sum[l] = copy_of(pass->sum + block, count);
        shot->scaled[l] = copy_of(pass->scaled + block, count);
        shot->grad[l] = copy_of(pass->grad + block, count);
        shot->next[l] = copy_of(pass->next + block, count);
    }
}

static void drop(struct shot *shot, size_t layers)
{
    double **all[] = {shot->z,   shot->a,      shot->e,    shot->delta,
                      shot->sum, shot->scaled, shot->grad, shot->next};
    for (size_t k = 0; k < 8; k++)
        for (size_t l = 1; l <= layers; l++)
            bp_mem_free(all[k][l]);
}

static bool differ(const double *p, const double *q, size_t count)
{
    return memcmp(p, q, count * sizeof *p) != 0;
}

/* What must change when a slot of layer m is replaced: everything computed from
 * its array, and nothing else. */
static bool follows(enum bp_slot slot, size_t m, char array, size_t l, size_t layers)
{
    const bool forward = slot == BP_AFFINE || slot == BP_ACTIVATE;
    switch (array) {
    case 'z':
        return (slot == BP_AFFINE && l >= m) || (slot == BP_ACTIVATE && l > m);
    case 'a':
        return forward && l >= m;
    case 'e':
        if (forward)
            return true;
        return slot == BP_LOSS_GRADIENT || (slot == BP_OUTPUT_DELTA && l < layers) ||
               (slot == BP_PROPAGATE && l <= m) || (slot == BP_DERIVATIVE && l < m);
    case 'd':
        if (forward)
            return true;
        return slot == BP_LOSS_GRADIENT || slot == BP_OUTPUT_DELTA ||
               ((slot == BP_PROPAGATE || slot == BP_DERIVATIVE) && l <= m);
    case 's':
        return follows(slot, m, 'd', l, layers) ||
               ((slot == BP_OUTER_PRODUCT || slot == BP_BIAS_SUM) && l == m);
    case 'c':
        return follows(slot, m, 's', l, layers) || (slot == BP_SCALE && l == m);
    case 'g':
        return follows(slot, m, 'c', l, layers) || (slot == BP_REGULARISE && l == m);
    default: /* next */
        return follows(slot, m, 'g', l, layers) || (slot == BP_UPDATE && l == m);
    }
}

static void compare(const struct shot *before, const struct shot *after, const struct bp_pass *pass,
                    enum bp_slot slot, size_t m)
{
    const size_t layers = pass->net->spec.layers;
    for (size_t l = 1; l <= layers; l++) {
        const size_t n = pass->n * pass->net->spec.layer[l].width;
        size_t count;
        bp_mlp_block(pass->net, l, &count);
        const struct {
            char array;
            const double *p, *q;
            size_t count;
        } ROW[] = {{'z', before->z[l], after->z[l], n},
                   {'a', before->a[l], after->a[l], n},
                   {'e', before->e[l], after->e[l], n},
                   {'d', before->delta[l], after->delta[l], n},
                   {'s', before->sum[l], after->sum[l], count},
                   {'c', before->scaled[l], after->scaled[l], count},
                   {'g', before->grad[l], after->grad[l], count},
                   {'n', before->next[l], after->next[l], count}};
        for (size_t k = 0; k < sizeof ROW / sizeof ROW[0]; k++)
            ck_assert_msg(differ(ROW[k].p, ROW[k].q, ROW[k].count) ==
                              follows(slot, m, ROW[k].array, l, layers),
                          "%s of layer %zu replaced: array %c of layer %zu", bp_slot_name(slot), m,
                          ROW[k].array, l);
    }
}

static bool has_stage(enum bp_slot slot, size_t l, size_t layers)
{
    if (slot == BP_LOSS_GRADIENT || slot == BP_OUTPUT_DELTA)
        return l == layers;
    if (slot == BP_PROPAGATE || slot == BP_DERIVATIVE)
        return l < layers;
    return true;
}

START_TEST(a_replaced_stage_changes_what_follows_and_nothing_else)
{
    const enum bp_slot slot = (enum bp_slot)_i;
    struct bench b;
    /* squared error through tanh: delta_L does use e_L */
    set_up(&b, "3-4-3-2 tanh squared-error l2=0.1", 9);
    both_ways(&b);
    bp_pass_update(&b.pass, 0.5);
    struct shot right;
    take(&right, &b.pass);
    for (size_t m = 1; m <= 3; m++) {
        if (!has_stage(slot, m, 3))
            continue;
        b.net.ops[m].stage[slot] = (struct bp_stage){plus_one, &slot, &bp_ops_right()->stage[slot]};
        ck_assert(!bp_ops_is_right(b.net.ops, m, slot));
        both_ways(&b);
        bp_pass_update(&b.pass, 0.5);
        struct shot wrong;
        take(&wrong, &b.pass);
        compare(&right, &wrong, &b.pass, slot, m);
        drop(&wrong, 3);
        bp_mlp_restore(&b.net);
        both_ways(&b);
        bp_pass_update(&b.pass, 0.5);
        struct shot again;
        take(&again, &b.pass);
        for (size_t l = 1; l <= 3; l++) {
            size_t count;
            bp_mlp_block(&b.net, l, &count);
            ck_assert(!differ(right.next[l], again.next[l], count));
        }
        drop(&again, 3);
    }
    drop(&right, 3);
    tear_down(&b);
}
END_TEST

/* ---- in one go --------------------------------------------------------------- */

static void fill(double *x, size_t count, double with)
{
    for (size_t k = 0; k < count; k++)
        x[k] = with;
}

static void same_in_one_go(const struct shot *parts, const struct shot *whole,
                           const struct bp_pass *pass)
{
    for (size_t l = 1; l <= pass->net->spec.layers; l++) {
        const size_t n = pass->n * pass->net->spec.layer[l].width;
        size_t count;
        bp_mlp_block(pass->net, l, &count);
        ck_assert(!differ(parts->e[l], whole->e[l], n));
        ck_assert(!differ(parts->delta[l], whole->delta[l], n));
        ck_assert(!differ(parts->next[l], whole->next[l], count));
    }
}

START_TEST(a_step_in_one_go_has_the_bits_of_its_stages)
{
    struct bench b;
    struct shot parts, whole;
    set_up(&b, SPECS[_i], 11);
    const size_t layers = b.net.spec.layers;
    both_ways(&b);
    bp_pass_update(&b.pass, 0.5);
    take(&parts, &b.pass);
    fill(b.pass.sum, b.net.n_theta, 77.0);
    fill(b.pass.scaled, b.net.n_theta, 77.0);
    fill(b.pass.grad, b.net.n_theta, 77.0);
    fill(b.pass.next, b.net.n_theta, 77.0);
    const bool went = bp_pass_descend(&b.pass, b.t, 0.5);
    ck_assert_int_eq(went, b.net.spec.l2 == 0.0);
    if (went) {
        take(&whole, &b.pass);
        same_in_one_go(&parts, &whole, &b.pass);
        drop(&whole, layers);
    } else {
        ck_assert(b.pass.next[0] == 77.0);
    }
    bp_pass_gradient(&b.pass);
    take(&whole, &b.pass);
    for (size_t l = 1; l <= layers; l++) {
        size_t count;
        bp_mlp_block(&b.net, l, &count);
        ck_assert(!differ(parts.sum[l], whole.sum[l], count));
        ck_assert(!differ(parts.scaled[l], whole.scaled[l], count));
        ck_assert(!differ(parts.grad[l], whole.grad[l], count));
    }
    drop(&whole, layers);
    drop(&parts, layers);
    tear_down(&b);
}
END_TEST

START_TEST(no_step_in_one_go_where_anything_was_replaced)
{
    const enum bp_slot slot = (enum bp_slot)_i;
    struct bench b;
    set_up(&b, "3-4-2 tanh squared-error", 12);
    both_ways(&b);
    ck_assert(bp_pass_descend(&b.pass, b.t, 0.5));
    fill(b.pass.next, b.net.n_theta, 77.0);
    for (size_t l = 1; l <= 2; l++) {
        b.net.ops[l].stage[slot] = (struct bp_stage){plus_one, &slot, &bp_ops_right()->stage[slot]};
        ck_assert(!bp_pass_descend(&b.pass, b.t, 0.5));
        bp_mlp_restore(&b.net);
    }
    b.pass.decay = 0.1;
    ck_assert(!bp_pass_descend(&b.pass, b.t, 0.5));
    b.pass.decay = 0.0;
    b.pass.direction = b.pass.sum;
    ck_assert(!bp_pass_descend(&b.pass, b.t, 0.5));
    for (size_t k = 0; k < b.net.n_theta; k++)
        ck_assert(b.pass.next[k] == 77.0);
    tear_down(&b);
}
END_TEST

/* ---- forward, by hand -------------------------------------------------------- */

START_TEST(forward_pass_checked_by_hand)
{
    struct bp_spec spec;
    struct bp_mlp net;
    struct bp_pass pass;
    bp_spec_parse(&spec, "2-1 sigmoid squared-error", NULL);
    ck_assert_int_eq(bp_mlp_init(&net, &spec), BP_OK);
    bp_spec_release(&spec);
    const double theta[] = {0.5, -0.25, 0.1};
    const double x[] = {0, 0, 0, 1, 1, 0, 1, 1};
    const double a[] = {0.52497918747894, 0.46257015465625, 0.6456563062257954, 0.5866175789173301};
    memcpy(net.theta, theta, sizeof theta);
    ck_assert_int_eq(bp_pass_init(&pass, &net, 4), BP_OK);
    bp_pass_forward(&pass, 4, x);
    for (int k = 0; k < 4; k++)
        ck_assert_double_eq_tol(pass.a[1][k], a[k], 1e-14);
    bp_pass_release(&pass);
    bp_mlp_release(&net);
}
END_TEST

START_TEST(names_and_tensors_cover_theta_once)
{
    struct bench b;
    set_up(&b, "3-4-2 tanh squared-error", 1);
    char name[BP_NAME_MAX];
    bp_mlp_name(&b.net, 0, name);
    ck_assert_str_eq(name, "W1[0,0]");
    bp_mlp_name(&b.net, 3 * 4 - 1, name);
    ck_assert_str_eq(name, "W1[3,2]");
    bp_mlp_name(&b.net, 3 * 4 + 2, name);
    ck_assert_str_eq(name, "b1[2]");
    bp_mlp_name(&b.net, b.net.n_theta - 1, name);
    ck_assert_str_eq(name, "b2[1]");
    size_t at = 0;
    for (size_t i = 0; i < b.net.n_tensors; i++) {
        ck_assert_uint_eq(b.net.tensor[i].offset, at);
        at += b.net.tensor[i].count;
    }
    ck_assert_uint_eq(at, b.net.n_theta);
    tear_down(&b);
}
END_TEST

/* A mask multiplies activations, and the gradient is that of the masked network. */
START_TEST(masked_backward_is_the_gradient_of_the_masked_loss)
{
    struct bench b;
    set_up(&b, "3-4-2 tanh squared-error", 2);
    double mask[SAMPLES * 4];
    for (int k = 0; k < SAMPLES * 4; k++)
        mask[k] = k % 3 == 0 ? 0.0 : 1.5;
    b.pass.mask[1] = mask;
    both_ways(&b);
    double grad[64];
    memcpy(grad, b.pass.grad, b.net.n_theta * sizeof *grad);
    for (size_t k = 0; k < b.net.n_theta; k++) {
        const double h = 1e-5;
        const double numeric =
            (loss_at(&b, k, b.net.theta[k] + h) - loss_at(&b, k, b.net.theta[k] - h)) / (2 * h);
        ck_assert_double_eq_tol(grad[k], numeric, 1e-8);
    }
    tear_down(&b);
}
END_TEST

START_TEST(every_failed_allocation_is_a_status_and_leaks_nothing)
{
    struct bp_spec spec;
    ck_assert_int_eq(bp_spec_parse(&spec, "3-4-2 tanh squared-error", NULL), BP_OK);
    const size_t held = bp_mem_held();
    bool done = false;
    for (size_t n = 1; !done; n++) {
        struct bp_mlp net;
        struct bp_pass pass = {0};
        bp_mem_fail_at(n);
        enum bp_status status = bp_mlp_init(&net, &spec);
        if (status == BP_OK)
            status = bp_pass_init(&pass, &net, 4);
        done = bp_mem_tried() < n;
        bp_mem_fail_at(0);
        ck_assert_int_eq(status, done ? BP_OK : BP_ENOMEM);
        bp_pass_release(&pass);
        bp_mlp_release(&net);
        ck_assert_uint_eq(bp_mem_held(), held);
    }
    bp_spec_release(&spec);
}
END_TEST

Suite *mlp_suite(void);
Suite *mlp_suite(void)
{
    Suite *suite = suite_create("mlp");
    TCase *tcase = tcase_create("mlp");
    tcase_add_loop_test(tcase, backward_is_the_gradient_of_the_loss, 0, N_SPECS);
    tcase_add_loop_test(tcase, a_replaced_stage_changes_what_follows_and_nothing_else, 0, BP_SLOTS);
    tcase_add_loop_test(tcase, a_step_in_one_go_has_the_bits_of_its_stages, 0, N_SPECS);
    tcase_add_loop_test(tcase, no_step_in_one_go_where_anything_was_replaced, 0, BP_SLOTS);
    tcase_add_test(tcase, forward_pass_checked_by_hand);
    tcase_add_test(tcase, names_and_tensors_cover_theta_once);
    tcase_add_test(tcase, masked_backward_is_the_gradient_of_the_masked_loss);
    tcase_add_test(tcase, every_failed_allocation_is_a_status_and_leaks_nothing);
    suite_add_tcase(suite, tcase);
    return suite;
}
