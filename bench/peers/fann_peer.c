/* fann_peer.c -- FANN (Nissen 2003), measured: answers "epoch in hidden out batch n" with
 * the seconds of one epoch of incremental training in double, its nearest to
 * mini-batches (a step a sample). */
#include <doublefann.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void fill(struct fann_train_data *data, unsigned in, unsigned out, unsigned n)
{
    for (unsigned s = 0; s < n; s++) {
        for (unsigned j = 0; j < in; j++)
            data->input[s][j] = rand() % 5 == 0 ? (double)rand() / RAND_MAX : 0.0;
        for (unsigned k = 0; k < out; k++)
            data->output[s][k] = 0.0;
        data->output[s][(unsigned)rand() % out] = 1.0;
    }
}

static double epoch(unsigned in, unsigned hidden, unsigned out, unsigned n)
{
    struct fann *net = fann_create_standard(3, in, hidden, out);
    struct fann_train_data *data = fann_create_train(n, in, out);
    fill(data, in, out, n);
    fann_set_training_algorithm(net, FANN_TRAIN_INCREMENTAL);
    fann_set_learning_rate(net, 0.05f);
    const double start = now();
    (void)fann_train_epoch(net, data);
    const double seconds = now() - start;
    fann_destroy_train(data);
    fann_destroy(net);
    return seconds;
}

int main(void)
{
    char line[256];
    unsigned in, hidden, out, batch, n;
    printf("fann %s\n", FANN_VERSION);
    fflush(stdout);
    while (fgets(line, (int)sizeof line, stdin) != NULL) {
        if (sscanf(line, "epoch %u %u %u %u %u", &in, &hidden, &out, &batch, &n) == 5)
            printf("%.9g\n", epoch(in, hidden, out, n));
        else
            printf("-1\n");
        fflush(stdout);
    }
    return 0;
}
