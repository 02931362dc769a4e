/* Attaches net.c:   cc check.c net.c $(pkg-config --cflags --libs backprobe) -lm */
#include "net.h"

#include <backprobe.h>

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    for (size_t s = 0; s < batch->n; s++)
        forward(batch->x + s * IN, y + s * OUT);
    return 0;
}

static int gradient(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    backward((int)batch->n, batch->x, batch->t);
    return 0;
}

int main(int argc, char **argv)
{
    const struct bp_array arrays[] = {{1, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, w1, dw1},
                                      {1, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, b1, db1},
                                      {2, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, w2, dw2},
                                      {2, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, b2, db2},
                                      {3, BP_ARRAY_WEIGHTS, BP_OUT_IN, BP_DOUBLE, w3, dw3},
                                      {3, BP_ARRAY_BIASES, BP_OUT_IN, BP_DOUBLE, b3, db3}};
    const struct bp_subject net = {.abi = BACKPROBE_ABI,
                                   .name = "net.c",
                                   .network = "3-5-4-2 tanh,sigmoid squared-error",
                                   .arrays = arrays,
                                   .n_arrays = 6,
                                   .predict = predict,
                                   .gradient = gradient};
    return backprobe_main(&net, argc, argv);
}
