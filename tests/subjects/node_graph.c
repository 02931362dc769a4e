/* Nodes and links, as a graph. Four layers of links: 3-5-4-4-2. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct node;
struct link { struct node *from, *to; double w; struct link *next_in, *next_out; };
struct node { double bias, out, delta; struct link *in, *outgoing; };

static const int count[5] = {3, 5, 4, 4, 2};
static struct node node[5][5];

static void connect(struct node *from, struct node *to)
{
    struct link *k = malloc(sizeof *k), **p;
    k->from = from;
    k->to = to;
    k->w = 3.0 * rand() / RAND_MAX - 1.5;
    k->next_in = k->next_out = NULL;
    for (p = &to->in; *p; p = &(*p)->next_in)
        ;
    *p = k;
    k->next_out = from->outgoing;
    from->outgoing = k;
}

void make_graph(void)
{
    for (int l = 1; l < 5; l++)
        for (int i = 0; i < count[l]; i++) {
            node[l][i].bias = 1.0 * rand() / RAND_MAX - 0.5;
            for (int j = 0; j < count[l - 1]; j++)
                connect(&node[l - 1][j], &node[l][i]);
        }
}

void fire(const double *x)
{
    for (int i = 0; i < count[0]; i++)
        node[0][i].out = x[i];
    for (int l = 1; l < 5; l++)
        for (int i = 0; i < count[l]; i++) {
            struct node *n = &node[l][i];
            double net = n->bias;
            for (struct link *k = n->in; k; k = k->next_in)
                net += k->w * k->from->out;
            n->out = 1 / (1 + exp(-net));
        }
}

void teach(const double *x, const double *t, double eta)
{
    fire(x);
    for (int l = 4; l >= 1; l--)
        for (int i = 0; i < count[l]; i++) {
            struct node *n = &node[l][i];
            double e = 0;
            if (l == 4)
                e = t[i] - n->out;
            for (struct link *k = n->outgoing; k; k = k->next_out)
                e += k->w * k->to->delta;
            n->delta = e * n->out * (1 - n->out);
        }
    for (int l = 1; l < 5; l++)
        for (int i = 0; i < count[l]; i++) {
            struct node *n = &node[l][i];
            n->bias += eta * n->delta;
            for (struct link *k = n->in; k; k = k->next_in)
                k->w += eta * n->delta * k->from->out;
        }
}

int main(void)
{
    double e = 0;
    srand(18);
    make_graph();
    for (int n = 1; n <= 40000; n++) {
        int p = rand() % 8;
        double x[3] = {p & 1, p >> 1 & 1, p >> 2};
        double t[2] = {(p & 1) | (p >> 2), (p >> 1 & 1) & !(p & 1)};
        teach(x, t, 0.7);
        e += pow(t[0] - node[4][0].out, 2) + pow(t[1] - node[4][1].out, 2);
        if (n % 10000 == 0) {
            printf("%d %.4f\n", n, e / 20000);
            e = 0;
        }
    }
    return 0;
}

#ifdef BACKPROBE
#include "backprobe.h"

static void move(double *theta, int out)
{
    for (int l = 1; l < 5; l++) {
        for (int i = 0; i < count[l]; i++)
            for (struct link *k = node[l][i].in; k; k = k->next_in, theta++)
                if (out) *theta = k->w; else k->w = *theta;
        for (int i = 0; i < count[l]; i++, theta++)
            if (out) *theta = node[l][i].bias; else node[l][i].bias = *theta;
    }
}

static int predict(void *self, const double *theta, const struct bp_batch *b, double *y)
{
    move((double *)theta, 0);
    for (size_t s = 0; s < b->n; s++) {
        fire(b->x + 3 * s);
        y[2 * s] = node[4][0].out;
        y[2 * s + 1] = node[4][1].out;
    }
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *b, double rate, double *next)
{
    move((double *)theta, 0);
    teach(b->x, b->t, rate);
    move(next, 1);
    return 0;
}

int backprobe_subject(struct bp_subject *s)
{
    static struct bp_array arrays[8];
    make_graph();
    for (int k = 0; k < 8; k++) {
        arrays[k].layer = k / 2 + 1;
        arrays[k].role = k & 1 ? BP_ARRAY_BIASES : BP_ARRAY_WEIGHTS;
        arrays[k].order = BP_OUT_IN;
    }
    s->abi = BACKPROBE_ABI;
    s->name = "node_graph";
    s->network = "3-5-4-4-2 sigmoid squared-error";
    s->arrays = arrays;
    s->n_arrays = 8;
    s->predict = predict;
    s->step = step;
    s->rate_kind = BP_RATE_GIVEN;
    s->step_kind = BP_STEP_SAMPLE;
    return 0;
}
#endif
