/* figure_samples.c -- made-up data for every figure. */
#include "tests/figure_samples.h"

#include "core/fmath.h"
#include "core/rng.h"
#include "plots/figure.h"
#include "plots/live.h"

#include <math.h>

enum { EPOCHS = 2000, TIMES = 300 };

static double epoch[EPOCHS], loss[4][EPOCHS], accuracy[4][EPOCHS];

static void make_runs(void)
{
    struct bp_rng rng;
    bp_rng_seed(&rng, 1);
    for (int i = 0; i < EPOCHS; i++) {
        const double t = i / 200.0;
        epoch[i] = i + 1;
        loss[0][i] = 0.125 + 0.005 * bp_exp(-t) + 1e-5 * bp_rng_normal(&rng);
        loss[1][i] = 0.13 / (1.0 + bp_exp(2.0 * (t - 3.0))) + 2e-4 / (1 + t);
        accuracy[0][i] = 0.5;
        accuracy[1][i] = t > 3.0 ? 1.0 : t > 2.0 ? 0.75 : 0.5;
        loss[2][i] = i < 700 ? 0.2 * bp_exp(t / 2) : i < 900 ? INFINITY : NAN;
        accuracy[2][i] = i < 700 ? 0.5 : NAN;
    }
}

static void draw_training(struct bp_script *to, const char *title)
{
    make_runs();
    const struct bp_figure_run run[] = {{"as given", EPOCHS, epoch, loss[0], accuracy[0], 0.5},
                                        {"repaired", EPOCHS, epoch, loss[1], accuracy[1], 1.0}};
    const struct bp_figure_mark mark[] = {{400, "layer 1 all saturated"}};
    const struct bp_figure_training figure = {title, "1/2 squared error", 100, 2, run, 1, mark,
                                              NULL};
    bp_figure_training(to, &figure);
}

static void empty_training(struct bp_script *to, const char *title)
{
    const struct bp_figure_run run = {0};
    const struct bp_figure_training figure = {.title = title, .runs = 1, .run = &run};
    bp_figure_training(to, &figure);
}

static void ill_training(struct bp_script *to, const char *title)
{
    make_runs();
    const struct bp_figure_run run = {NULL, EPOCHS, epoch, loss[2], accuracy[2], 0.5};
    const struct bp_figure_training figure = {title, "nats", 0, 1, &run, 0, NULL, NULL};
    bp_figure_training(to, &figure);
}

static void delta_figure(struct bp_script *to, const char *title, bool ill)
{
    static double mean[2][TIMES * 30];
    struct bp_rng rng;
    double scale[30];
    bp_rng_seed(&rng, 2);
    make_runs();
    for (int n = 0; n < 30; n++)
        scale[n] = bp_exp(bp_rng_normal(&rng));
    for (int t = 0; t < TIMES; t++) {
        for (int n = 0; n < 30; n++)
            mean[0][t * 30 + n] = n == 7 && t > 90 ? 0.0
                                                   : 1e-3 * scale[n] * bp_exp(-t / 60.0) *
                                                         (1 + 0.1 * bp_rng_normal(&rng));
        for (int n = 0; n < 10; n++)
            mean[1][t * 10 + n] = 5e-2 * bp_exp(-t / 90.0) * (1 + 0.1 * bp_rng_normal(&rng));
    }
    if (ill)
        for (int i = TIMES * 15; i < TIMES * 30; i++)
            mean[0][i] = NAN;
    const struct bp_figure_delta_layer layer[] = {{30, mean[0]}, {10, mean[1]}};
    const struct bp_figure_delta figure = {title, TIMES, epoch, 2, layer, NULL};
    bp_figure_delta(to, &figure);
}

static void draw_delta(struct bp_script *to, const char *title)
{
    delta_figure(to, title, false);
}

static void ill_delta(struct bp_script *to, const char *title)
{
    delta_figure(to, title, true);
}

static void empty_delta(struct bp_script *to, const char *title)
{
    const struct bp_figure_delta figure = {.title = title};
    bp_figure_delta(to, &figure);
}

static void draw_gradients(struct bp_script *to, const char *title)
{
    enum { N = 4000 };
    static double backprop[N], numeric[N];
    static unsigned char verdict[N];
    static const char *name[N];
    struct bp_rng rng;
    bp_rng_seed(&rng, 3);
    for (int i = 0; i < N; i++) {
        numeric[i] = bp_rng_normal(&rng) * bp_exp(2.5 * bp_rng_normal(&rng)) * 1e-3;
        backprop[i] = numeric[i] * (1 + 1e-9 * bp_rng_normal(&rng));
        verdict[i] = BP_FIGURE_AGREES;
        name[i] = NULL;
        if (i % 250 == 7) {
            backprop[i] *= 1.0 + 5.0 * bp_rng_unit(&rng);
            verdict[i] = BP_FIGURE_DISAGREES;
            name[i] = "W1[0,3]";
        } else if (i % 500 == 9) {
            backprop[i] *= -1.0;
            verdict[i] = BP_FIGURE_DISAGREES;
            name[i] = "b2[0]";
        } else if (fabs(numeric[i]) < 1e-6) {
            verdict[i] = BP_FIGURE_UNDECIDED;
        }
    }
    const struct bp_figure_gradients figure = {title, N, backprop, numeric, verdict, name, {0}};
    bp_figure_gradients(to, &figure);
}

static void ill_gradients(struct bp_script *to, const char *title)
{
    static const double backprop[] = {0.003640, 0.0, NAN, INFINITY, 0.01, 0.02, -0.03, 0.0};
    static const double numeric[] = {0.000853, 0.002, 0.01, 0.02, 0.01, 0.02, 0.03, 0.0};
    static const unsigned char verdict[] = {1, 1, 1, 1, 0, 0, 1, 0};
    static const char *const name[] = {"W1[0,0]", "W1[0,1]", "W1[1,0]", "W1[1,1]",
                                       "W2[0,0]", "W2[0,1]", "b1[0]",   NULL};
    const struct bp_figure_gradients figure = {title, 8, backprop, numeric, verdict, name, {0}};
    bp_figure_gradients(to, &figure);
}

static void empty_gradients(struct bp_script *to, const char *title)
{
    const struct bp_figure_gradients figure = {.title = title};
    bp_figure_gradients(to, &figure);
}

static void draw_weights(struct bp_script *to, const char *title)
{
    enum { ROWS = 8, COLUMNS = 12 };
    static const size_t copy[ROWS] = {0, 1, 0, 3, 4, 1, 0, 7};
    static double weight[ROWS][COLUMNS], bias[ROWS];
    struct bp_rng rng;
    bp_rng_seed(&rng, 4);
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < COLUMNS; c++)
            weight[r][c] = bp_rng_normal(&rng);
    for (int r = 0; r < ROWS; r++)
        for (int c = 0; c < COLUMNS; c++)
            weight[r][c] = weight[copy[r]][c];
    for (int r = 0; r < ROWS; r++)
        bias[r] = 0.2 * (double)copy[r] - 0.6;
    const struct bp_figure_weights figure = {title, ROWS, COLUMNS, &weight[0][0], bias, copy};
    bp_figure_weights(to, &figure);
}

static void ill_weights(struct bp_script *to, const char *title)
{
    static const double weight[] = {0.0, NAN, 0.0, -INFINITY};
    const struct bp_figure_weights figure = {title, 2, 2, weight, NULL, NULL};
    bp_figure_weights(to, &figure);
}

static void empty_weights(struct bp_script *to, const char *title)
{
    const struct bp_figure_weights figure = {.title = title};
    bp_figure_weights(to, &figure);
}

static void surface_figure(struct bp_script *to, const char *title, int ill)
{
    enum { SIDE = 60 };
    static double output[SIDE][SIDE];
    static const double x[] = {0, 0, 1, 1}, y[] = {0, 1, 0, 1}, target[] = {0, 1, 1, 0};
    for (int r = 0; r < SIDE; r++)
        for (int c = 0; c < SIDE; c++) {
            const double u = -0.3 + 1.6 * c / (SIDE - 1), v = -0.3 + 1.6 * r / (SIDE - 1);
            const double a = bp_sigmoid(9 * (u + v - 0.45)), b = bp_sigmoid(9 * (u + v - 1.45));
            output[r][c] = bp_sigmoid(10 * (a - b - 0.5));
            if (ill == 2 || (ill == 1 && r > c + 20))
                output[r][c] = NAN;
        }
    const struct bp_figure_surface figure = {title,         SIDE, SIDE, -0.3, 1.3, -0.3, 1.3,
                                             &output[0][0], 0.0,  1.0,  4,    x,   y,    target};
    bp_figure_surface(to, &figure);
}

static void draw_surface(struct bp_script *to, const char *title)
{
    surface_figure(to, title, 0);
}

static void ill_surface(struct bp_script *to, const char *title)
{
    surface_figure(to, title, 1);
}

static void empty_surface(struct bp_script *to, const char *title)
{
    surface_figure(to, title, 2);
}

static void draw_images(struct bp_script *to, const char *title)
{
    enum { N = 30, SIDE = 28 };
    static double weight[N][SIDE][SIDE];
    struct bp_rng rng;
    bp_rng_seed(&rng, 5);
    for (int k = 0; k < N; k++) {
        const double cx = 8 + 12 * bp_rng_unit(&rng), cy = 8 + 12 * bp_rng_unit(&rng);
        const double way = k % 2 ? 1.0 : -1.0;
        for (int i = 0; i < SIDE; i++)
            for (int j = 0; j < SIDE; j++) {
                const double d = (i - cy) * (i - cy) + (j - cx) * (j - cx);
                weight[k][i][j] = k == 11 ? 0.0
                                          : way * bp_exp(-d / 30) - 0.7 * way * bp_exp(-d / 120) +
                                                0.06 * bp_rng_normal(&rng);
            }
    }
    const struct bp_figure_images figure = {title, N, SIDE, SIDE, &weight[0][0][0]};
    bp_figure_images(to, &figure);
}

static void ill_images(struct bp_script *to, const char *title)
{
    static const double weight[8] = {NAN, 1, 0, INFINITY};
    const struct bp_figure_images figure = {title, 2, 2, 2, weight};
    bp_figure_images(to, &figure);
}

static void empty_images(struct bp_script *to, const char *title)
{
    const struct bp_figure_images figure = {.title = title};
    bp_figure_images(to, &figure);
}

static void draw_rate(struct bp_script *to, const char *title)
{
    static const double rate[] = {1e-4, 1e-3, 1e-2, 0.1, 0.3, 1, 3, 10, 30, 100};
    static const double after[] = {0.124,  0.123, 0.118, 0.09,     0.04,
                                   0.0085, 0.002, 0.06,  INFINITY, NAN};
    const struct bp_figure_rate figure = {title, 10, rate, after, 0.124, 0.01, 3, 200, "nats"};
    bp_figure_rate(to, &figure);
}

static void ill_rate(struct bp_script *to, const char *title)
{
    static const double rate[] = {0.1, 1, 10};
    static const double after[] = {NAN, INFINITY, 1e300};
    const struct bp_figure_rate figure = {title, 3, rate, after, 0.7, 0, 0, 50, NULL};
    bp_figure_rate(to, &figure);
}

static void empty_rate(struct bp_script *to, const char *title)
{
    const struct bp_figure_rate figure = {.title = title};
    bp_figure_rate(to, &figure);
}

static void draw_slope(struct bp_script *to, const char *title)
{
    enum { N = 13 };
    static double h[N], right[N], wrong[N];
    struct bp_rng rng;
    bp_rng_seed(&rng, 6);
    for (int i = 0; i < N; i++) {
        h[i] = i == 0 ? 1e-6 : h[i - 1] * 2.5;
        right[i] = 0.02 * h[i] * h[i] * h[i] + 2e-17 * (1 + bp_rng_unit(&rng));
        wrong[i] = 0.01 * h[i] + 0.02 * h[i] * h[i] * h[i];
    }
    const struct bp_figure_slope_line line[] = {{"layer 2", right, true},
                                                {"layer 1", wrong, false}};
    const struct bp_figure_slope figure = {title, N, h, 2, line};
    bp_figure_slope(to, &figure);
}

static void ill_slope(struct bp_script *to, const char *title)
{
    static const double h[] = {1e-3, 1e-2, 1e-1};
    static const double residual[] = {0.0, NAN, INFINITY};
    const struct bp_figure_slope_line line = {"all", residual, false};
    const struct bp_figure_slope figure = {title, 3, h, 1, &line};
    bp_figure_slope(to, &figure);
}

static void empty_slope(struct bp_script *to, const char *title)
{
    const struct bp_figure_slope figure = {.title = title};
    bp_figure_slope(to, &figure);
}

static void draw_ratios(struct bp_script *to, const char *title)
{
    static const struct bp_figure_ratio ratio[] = {{"training, torch.nn", 11.5, 10.8, 12.1, 8},
                                                   {"training, numpy", 3.7, 3.5, 4.0, 3},
                                                   {"training, FANN", 24, 22, 26, 10},
                                                   {"check, torch full", 850, 800, 910, 500},
                                                   {"trace in memory", 1.01, 1.0, 1.03, 1.03}};
    const struct bp_figure_ratios figure = {title, "time, as multiples of ours", 5, ratio};
    bp_figure_ratios(to, &figure);
}

static void ill_ratios(struct bp_script *to, const char *title)
{
    static const struct bp_figure_ratio ratio[] = {{"not there", NAN, NAN, NAN, 0},
                                                   {"there", 2, 1, INFINITY, 0}};
    const struct bp_figure_ratios figure = {title, "ratio", 2, ratio};
    bp_figure_ratios(to, &figure);
}

static void empty_ratios(struct bp_script *to, const char *title)
{
    const struct bp_figure_ratios figure = {.title = title};
    bp_figure_ratios(to, &figure);
}

static void draw_live(struct bp_script *to, const char *title)
{
    make_runs();
    const double *const delta[] = {loss[1], accuracy[1]};
    const struct bp_figure_live figure = {title,       0,      EPOCHS, epoch, loss[1],
                                          accuracy[1], EPOCHS, epoch,  2,     delta};
    bp_figure_live(to, &figure);
}

static void ill_live(struct bp_script *to, const char *title)
{
    make_runs();
    const double *const delta[] = {loss[2], loss[2]};
    const struct bp_figure_live figure = {title, 0,      EPOCHS, epoch, loss[2],
                                          NULL,  EPOCHS, epoch,  2,     delta};
    bp_figure_live(to, &figure);
}

static void empty_live(struct bp_script *to, const char *title)
{
    const struct bp_figure_live figure = {.title = title};
    bp_figure_live(to, &figure);
}

#define SAMPLE(name)                                                                               \
    {                                                                                              \
#name, draw_##name, empty_##name, ill_##name                                               \
    }

const struct figure_sample FIGURE_SAMPLE[] = {
    SAMPLE(training), SAMPLE(delta), SAMPLE(gradients), SAMPLE(weights), SAMPLE(surface),
    SAMPLE(images),   SAMPLE(rate),  SAMPLE(slope),     SAMPLE(ratios),  SAMPLE(live),
};
const size_t FIGURE_SAMPLES = sizeof FIGURE_SAMPLE / sizeof FIGURE_SAMPLE[0];
