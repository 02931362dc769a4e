/* symmetry.c -- one look at a network: classes of copies, and the numbers of each
 * layer. See symmetry.h. */
#include "diag/symmetry.h"

#include "core/mem.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A network after one forward and one backward pass over the samples. */
struct scene {
    const struct bp_mlp *net;
    struct bp_pass pass;
    double *x, *t, *grad; /* one block, owned */
    size_t n;
};

/* ---- the scene -------------------------------------------------------------- */

static enum bp_status set_scene(struct scene *scene, const struct bp_mlp *net, size_t n,
                                const double *x, const double *t)
{
    const size_t in = net->spec.layer[0].width, out = net->spec.layer[net->spec.layers].width;
    const size_t taken = n < BP_SYMMETRY_SAMPLES ? n : BP_SYMMETRY_SAMPLES;
    *scene = (struct scene){.net = net, .n = taken};
    scene->x = bp_mem_new(taken * (in + out) + net->n_theta, sizeof(double));
    if (scene->x == NULL || bp_pass_init(&scene->pass, net, taken) != BP_OK) {
        bp_mem_free(scene->x);
        return BP_ENOMEM;
    }
    scene->t = scene->x + taken * in;
    scene->grad = scene->t + taken * out;
    for (size_t s = 0; s < taken; s++) {
        const size_t from = s * n / taken;
        memcpy(scene->x + s * in, x + from * in, in * sizeof *x);
        memcpy(scene->t + s * out, t + from * out, out * sizeof *t);
    }
    scene->pass.grad = scene->grad;
    bp_pass_forward(&scene->pass, taken, scene->x);
    bp_pass_backward(&scene->pass, scene->t);
    return BP_OK;
}

static void strike_scene(struct scene *scene)
{
    bp_pass_release(&scene->pass);
    bp_mem_free(scene->x);
}

/* ---- a neuron as lists of numbers ------------------------------------------- */

/* Numbers k * stride, k = 0 .. n - 1. */
struct strand {
    const double *at;
    size_t n, stride;
};

/* What makes a neuron: its answers, its blame, its parameters. */
struct neuron {
    struct strand a, delta, row, bias, out;
};

static struct neuron neuron_of(const struct scene *scene, size_t l, size_t i)
{
    const struct bp_mlp *net = scene->net;
    const size_t width = net->spec.layer[l].width;
    const struct bp_tensor *w = bp_mlp_weights(net, l);
    const struct bp_tensor *b = bp_mlp_biases(net, l);
    struct neuron neuron = {{scene->pass.a[l] + i, scene->n, width},
                            {scene->pass.delta[l] + i, scene->n, width},
                            {net->theta + w->offset + i * w->cols, w->cols, 1},
                            {net->theta, 0, 1},
                            {net->theta, 0, 1}};
    if (b != NULL)
        neuron.bias = (struct strand){net->theta + b->offset + i, 1, 1};
    if (l < net->spec.layers) {
        const struct bp_tensor *next = bp_mlp_weights(net, l + 1);
        neuron.out = (struct strand){net->theta + next->offset + i, next->rows, next->cols};
    }
    return neuron;
}

static bool all_zero(struct strand s)
{
    for (size_t k = 0; k < s.n; k++)
        if (s.at[k * s.stride] != 0.0)
            return false;
    return true;
}

/* Of the first number that is not 0. */
static double sign_of(struct strand s)
{
    for (size_t k = 0; k < s.n; k++)
        if (s.at[k * s.stride] != 0.0)
            return s.at[k * s.stride] < 0.0 ? -1.0 : 1.0;
    return 1.0;
}

static uint64_t hash_strand(uint64_t hash, struct strand s, double sign)
{
    for (size_t k = 0; k < s.n; k++) {
        const double value = sign * s.at[k * s.stride] + 0.0; /* -0 becomes 0 */
        uint64_t bits;
        memcpy(&bits, &value, sizeof bits);
        hash = (hash ^ bits) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 31;
    }
    return hash;
}

static bool same_strand(struct strand x, struct strand y, double sign)
{
    for (size_t k = 0; k < x.n; k++)
        if (!(x.at[k * x.stride] == sign * y.at[k * y.stride]))
            return false;
    return true;
}

/* ---- exact classes ---------------------------------------------------------- */

struct card {
    uint64_t hash;
    double along; /* the place along the random direction */
    double sign;  /* the neuron times this is in standard form */
    size_t neuron, leader;
    bool exact;
};

static bool is_odd(enum bp_activation f)
{
    return f == BP_TANH || f == BP_IDENTITY;
}

/* Its own sign, taken from the answers, or from the weights where those are 0. */
static double standard_sign(const struct neuron *neuron)
{
    return all_zero(neuron->a) ? sign_of(neuron->row) : sign_of(neuron->a);
}

static uint64_t hash_neuron(const struct neuron *neuron, double sign)
{
    uint64_t hash = hash_strand(hash_strand(1, neuron->a, sign), neuron->delta, sign);
    if (all_zero(neuron->delta))
        hash = hash_strand(hash_strand(hash, neuron->row, sign), neuron->bias, sign);
    return hash;
}

static bool same_neuron(const struct neuron *x, const struct neuron *y, double sign)
{
    if (!same_strand(x->a, y->a, sign) || !same_strand(x->delta, y->delta, sign))
        return false;
    return !all_zero(x->delta) ||
           (same_strand(x->row, y->row, sign) && same_strand(x->bias, y->bias, sign));
}

static int by_hash(const void *a, const void *b)
{
    const struct card *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->neuron > y->neuron) - (x->neuron < y->neuron);
}

/* The first card from .. k - 1 that leads and is the same neuron; k when none is. */
static size_t find_leader(const struct scene *scene, size_t l, const struct card *card, size_t from,
                          size_t k)
{
    const struct neuron x = neuron_of(scene, l, card[k].neuron);
    for (size_t j = from; j < k; j++) {
        if (card[j].leader != card[j].neuron)
            continue;
        const struct neuron y = neuron_of(scene, l, card[j].neuron);
        if (same_neuron(&x, &y, card[k].sign * card[j].sign))
            return j;
    }
    return k;
}

/* Cards in the order of their hashes; each gets the first card like it as leader.
 * Cards of one hash are almost always one class, so its first card is it. */
static void lead_exact(const struct scene *scene, size_t l, struct card *card, size_t n)
{
    size_t from = 0;
    qsort(card, n, sizeof *card, by_hash);
    for (size_t k = 0; k < n; k++) {
        if (card[k].hash != card[from].hash)
            from = k;
        const size_t leader = find_leader(scene, l, card, from, k);
        card[k].leader = card[leader].neuron;
        if (leader != k)
            card[k].exact = card[leader].exact = true;
    }
}

/* ---- near classes ----------------------------------------------------------- */

/* A random sign for place k, always the same. */
static double coin(size_t k)
{
    uint64_t z = (k + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z >> 63 ? 1.0 : -1.0;
}

static double along(struct strand s, size_t from)
{
    double sum = 0.0;
    for (size_t k = 0; k < s.n; k++)
        sum += coin(from + k) * s.at[k * s.stride];
    return sum;
}

static double place(const struct neuron *neuron)
{
    const size_t in = neuron->row.n;
    return along(neuron->row, 0) + along(neuron->bias, in) + along(neuron->out, in + 1);
}

static double squares(struct strand s)
{
    double sum = 0.0;
    for (size_t k = 0; k < s.n; k++)
        sum += s.at[k * s.stride] * s.at[k * s.stride];
    return sum;
}

static double norm(const struct neuron *neuron)
{
    return sqrt(squares(neuron->row) + squares(neuron->bias) + squares(neuron->out));
}

static double gap(struct strand x, struct strand y, double sign)
{
    double sum = 0.0;
    for (size_t k = 0; k < x.n; k++) {
        const double d = x.at[k * x.stride] - sign * y.at[k * y.stride];
        sum += d * d;
    }
    return sum;
}

static double distance(const struct neuron *x, const struct neuron *y, double sign)
{
    return sqrt(gap(x->row, y->row, sign) + gap(x->bias, y->bias, sign) +
                gap(x->out, y->out, sign));
}

static int by_place(const void *a, const void *b)
{
    const struct card *x = a, *y = b;
    if (x->along != y->along)
        return x->along < y->along ? -1 : 1;
    return (x->neuron > y->neuron) - (x->neuron < y->neuron);
}

static size_t parameters_of(const struct neuron *neuron)
{
    return neuron->row.n + neuron->bias.n + neuron->out.n;
}

enum { RECENT = 64 }; /* leaders that a card is compared with, at most */

/* The last leader within reach that x is near to, or NULL. */
static struct card *near_leader(const struct scene *scene, size_t l, const struct card *x,
                                struct card **recent, size_t n)
{
    const struct neuron neuron = neuron_of(scene, l, x->neuron);
    const double allowed = BP_NEAR_EQUAL * norm(&neuron);
    const double reach = 2.0 * allowed * sqrt((double)parameters_of(&neuron));
    const size_t first = n > RECENT ? n - RECENT : 0;
    for (size_t j = n; j-- > first;) {
        struct card *leader = recent[j % RECENT];
        if (!(x->along - leader->along <= reach))
            return NULL;
        const struct neuron other = neuron_of(scene, l, leader->neuron);
        if (distance(&neuron, &other, x->sign * leader->sign) <= allowed)
            return leader;
    }
    return NULL;
}

/* Leaders that are near an earlier leader give way to it. Neighbours along a random
 * direction are compared, and of a class only its leader. */
static void lead_near(const struct scene *scene, size_t l, struct card *card, size_t n)
{
    struct card *recent[RECENT];
    size_t leaders = 0;
    qsort(card, n, sizeof *card, by_place);
    for (size_t k = 0; k < n; k++) {
        if (card[k].leader != card[k].neuron)
            continue;
        struct card *leader = near_leader(scene, l, &card[k], recent, leaders);
        if (leader == NULL) {
            recent[leaders++ % RECENT] = &card[k];
            continue;
        }
        card[k].leader = leader->neuron;
        card[k].exact = leader->exact = false;
    }
}

/* ---- classes ---------------------------------------------------------------- */

static int by_leader(const void *a, const void *b)
{
    const struct card *x = a, *y = b;
    if (x->leader != y->leader)
        return x->leader < y->leader ? -1 : 1;
    return (x->neuron > y->neuron) - (x->neuron < y->neuron);
}

/* A leader's leader is the leader of its class. */
static void settle_leaders(struct card *card, size_t n, size_t *leader_of)
{
    for (size_t k = 0; k < n; k++)
        leader_of[card[k].neuron] = card[k].leader;
    for (size_t k = 0; k < n; k++) {
        size_t top = card[k].leader;
        while (leader_of[top] != top)
            top = leader_of[top];
        card[k].leader = top;
    }
    qsort(card, n, sizeof *card, by_leader);
}

static void add_class(struct bp_layer_look *look, const struct card *card, size_t from, size_t to)
{
    struct bp_copies *class = &look->copies[look->n_copies];
    look->distinct++;
    if (to - from < 2)
        return;
    *class = (struct bp_copies){.first = from, .count = to - from, .exact = true};
    for (size_t k = from; k < to; k++) {
        class->exact = class->exact && card[k].exact;
        class->flipped = class->flipped || card[k].sign != card[from].sign;
    }
    look->n_copies++;
}

static void gather_classes(struct bp_layer_look *look, struct card *card)
{
    const size_t n = look->width;
    settle_leaders(card, n, look->member);
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && card[to].leader == card[from].leader;)
            to++;
        add_class(look, card, from, to);
    }
    for (size_t k = 0; k < n; k++)
        look->member[k] = card[k].neuron;
}

static enum bp_status find_classes(const struct scene *scene, size_t l, struct bp_layer_look *look)
{
    const size_t n = look->width;
    struct card *card = bp_mem_new(n, sizeof *card);
    look->member = bp_mem_new(n, sizeof *look->member);
    look->copies = bp_mem_new(n / 2 + 1, sizeof *look->copies);
    if (card == NULL || look->member == NULL || look->copies == NULL) {
        bp_mem_free(card);
        return BP_ENOMEM;
    }
    const bool odd = is_odd(scene->net->spec.layer[l].activation);
    for (size_t i = 0; i < n; i++) {
        const struct neuron neuron = neuron_of(scene, l, i);
        const double sign = odd ? standard_sign(&neuron) : 1.0;
        card[i] = (struct card){.hash = hash_neuron(&neuron, sign),
                                .along = sign * place(&neuron),
                                .sign = sign,
                                .neuron = i};
    }
    lead_exact(scene, l, card, n);
    lead_near(scene, l, card, n);
    gather_classes(look, card);
    bp_mem_free(card);
    return BP_OK;
}

/* ---- the numbers of a layer ------------------------------------------------- */

static struct bp_tensor_look look_at_tensor(const struct bp_mlp *net,
                                            const struct bp_tensor *tensor)
{
    struct bp_tensor_look look = {true, true, 0.0, 0};
    if (tensor == NULL)
        return look;
    const double *entry = net->theta + tensor->offset;
    bool above = true, below = true;
    look.value = entry[0];
    for (size_t k = 0; k < tensor->count; k++) {
        look.zero = look.zero && entry[k] == 0.0;
        look.constant = look.constant && entry[k] == entry[0];
        above = above && entry[k] > 0.0;
        below = below && entry[k] < 0.0;
    }
    look.sign = above ? 1 : below ? -1 : 0;
    return look;
}

static double spread_of(const double *a, size_t n, size_t width)
{
    double apart = 0.0, size = 0.0;
    for (size_t s = 0; s < n; s++) {
        const double *row = a + s * width;
        double mean = 0.0;
        for (size_t i = 0; i < width; i++)
            mean += row[i] / (double)width;
        for (size_t i = 0; i < width; i++) {
            apart += (row[i] - mean) * (row[i] - mean);
            size += row[i] * row[i];
        }
    }
    return size > 0.0 ? sqrt(apart / size) : 0.0;
}

/* Only activations that flatten out at the ends can saturate. */
static double saturated_share(const struct scene *scene, size_t l)
{
    const struct bp_layer *layer = &scene->net->spec.layer[l];
    const double steepest = layer->activation == BP_SIGMOID ? 0.25
                            : layer->activation == BP_TANH  ? 1.0
                                                            : 0.0;
    const size_t count = scene->n * layer->width;
    size_t flat = 0;
    if (steepest == 0.0)
        return 0.0;
    for (size_t k = 0; k < count; k++) {
        const double slope = bp_activation_slope(layer->activation, layer->slope,
                                                 scene->pass.z[l][k], scene->pass.a[l][k]);
        flat += !(slope >= BP_FLAT_SLOPE * steepest);
    }
    return (double)flat / (double)count;
}

/* m: samples x min(width, BP_RANK_MAX). */
static void sketch(const double *a, size_t n, size_t width, double *m)
{
    const size_t cols = width < BP_RANK_MAX ? width : BP_RANK_MAX;
    if (cols == width) {
        memcpy(m, a, n * width * sizeof *m);
        return;
    }
    memset(m, 0, n * cols * sizeof *m);
    for (size_t s = 0; s < n; s++)
        for (size_t i = 0; i < width; i++)
            for (size_t c = 0; c < cols; c++)
                m[s * cols + c] += coin(i * cols + c) * a[s * width + i];
}

static enum bp_status measure_rank(const struct scene *scene, size_t l, struct bp_layer_look *look)
{
    const size_t cols = look->width < BP_RANK_MAX ? look->width : BP_RANK_MAX;
    double *m = bp_mem_new(scene->n * cols, sizeof *m);
    if (m == NULL)
        return BP_ENOMEM;
    sketch(scene->pass.a[l], scene->n, look->width, m);
    look->rank = bp_numeric_rank(scene->n, cols, m, &look->effective);
    bp_mem_free(m);
    return BP_OK;
}

static enum bp_status look_at_layer(const struct scene *scene, size_t l, struct bp_layer_look *look)
{
    const struct bp_mlp *net = scene->net;
    const size_t width = net->spec.layer[l].width;
    const size_t count = scene->n * width;
    *look = (struct bp_layer_look){.width = width, .hidden = l < net->spec.layers};
    look->weights = look_at_tensor(net, bp_mlp_weights(net, l));
    look->biases = look_at_tensor(net, bp_mlp_biases(net, l));
    look->spread = spread_of(scene->pass.a[l], scene->n, width);
    look->saturated = saturated_share(scene, l);
    look->silent = all_zero((struct strand){scene->pass.a[l], count, 1});
    look->blameless = all_zero((struct strand){scene->pass.delta[l], count, 1});
    if (measure_rank(scene, l, look) != BP_OK)
        return BP_ENOMEM;
    return find_classes(scene, l, look);
}

enum bp_status bp_symmetry_look(struct bp_symmetry *symmetry, const struct bp_mlp *net, size_t n,
                                const double *x, const double *t)
{
    struct scene scene;
    *symmetry = (struct bp_symmetry){.layers = net->spec.layers};
    assert(n > 0);
    symmetry->layer = bp_mem_new(net->spec.layers + 1, sizeof *symmetry->layer);
    if (symmetry->layer == NULL || set_scene(&scene, net, n, x, t) != BP_OK) {
        bp_symmetry_release(symmetry);
        return BP_ENOMEM;
    }
    symmetry->samples = scene.n;
    enum bp_status status = BP_OK;
    for (size_t l = 1; l <= net->spec.layers && status == BP_OK; l++)
        status = look_at_layer(&scene, l, &symmetry->layer[l]);
    strike_scene(&scene);
    if (status != BP_OK)
        bp_symmetry_release(symmetry);
    return status;
}

void bp_symmetry_release(struct bp_symmetry *symmetry)
{
    for (size_t l = 1; symmetry->layer != NULL && l <= symmetry->layers; l++) {
        bp_mem_free(symmetry->layer[l].copies);
        bp_mem_free(symmetry->layer[l].member);
    }
    bp_mem_free(symmetry->layer);
    *symmetry = (struct bp_symmetry){0};
}
