/* data.c -- examples that no network could learn from, or hardly. */
#include "diag/faults/stage.h"
#include "diag/faults/tables.h"

#include <math.h>
#include <string.h>

#define PLANT_DATA(name) static void name(const struct bp_hypothesis *h, struct bp_dataset *data)

/* As if pixels, 0 .. 255, had not been divided. */
PLANT_DATA(unscaled)
{
    (void)h;
    for (size_t k = 0; k < data->n * data->n_in; k++)
        data->x[k] *= 255.0;
}

PLANT_DATA(constant)
{
    (void)h;
    for (size_t s = 1; s < data->n; s++)
        data->x[s * data->n_in] = data->x[0];
}

/* The last column is the first again. */
PLANT_DATA(duplicated)
{
    (void)h;
    for (size_t s = 0; s < data->n; s++)
        data->x[s * data->n_in + data->n_in - 1] = data->x[s * data->n_in];
}

static void swap_targets(struct bp_dataset *data, size_t i, size_t j)
{
    for (size_t k = 0; k < data->n_out; k++) {
        const double t = data->t[i * data->n_out + k];
        data->t[i * data->n_out + k] = data->t[j * data->n_out + k];
        data->t[j * data->n_out + k] = t;
    }
}

/* Targets are shuffled (Fisher and Yates), inputs stay. */
PLANT_DATA(shuffled)
{
    struct bp_rng rng;
    (void)h;
    bp_rng_seed(&rng, 1);
    for (size_t s = data->n; s > 1; s--)
        swap_targets(data, s - 1, bp_rng_below(&rng, s));
}

/* 0 and 1 become -1 and 3, beyond any squashing output. */
PLANT_DATA(out_of_range)
{
    (void)h;
    for (size_t k = 0; k < data->n * data->n_out; k++)
        data->t[k] = 4.0 * data->t[k] - 1.0;
}

PLANT_DATA(not_finite)
{
    (void)h;
    data->x[0] = (double)NAN;
}

/* All but the last row have the first row's target. */
PLANT_DATA(imbalanced)
{
    (void)h;
    for (size_t s = 1; s + 1 < data->n; s++)
        memcpy(data->t + s * data->n_out, data->t, data->n_out * sizeof *data->t);
}

/* Every second row has the inputs of the row before it, and its own target. */
PLANT_DATA(contradicting)
{
    (void)h;
    for (size_t s = 1; s < data->n; s += 2)
        memcpy(data->x + s * data->n_in, data->x + (s - 1) * data->n_in,
               data->n_in * sizeof *data->x);
}

/* ---- the table ------------------------------------------------------------- */

static const struct bp_fault FAULT[] = {
    {.name = "inputs-unscaled",
     .title = "inputs are far from the range of about -1 to 1",
     .help = "divide by the largest value, or take off the mean and divide by the spread",
     .kind = BP_KIND_DATA,
     .variants = 1,
     .plant_data = unscaled,
     .page = {.right = "inputs about -1 .. 1",
              .wrong = "pixels 0 .. 255, prices in thousands",
              .shows =
                  "z is hundreds: units saturate at once, or the loss overflows. The gradient is "
                  "right. A rate that is small enough for this input is too small for the rest.",
              .c_wrong = "x[k] = pixel[k];",
              .c_right = "x[k] = pixel[k] / 255.0;",
              .py_wrong = "X = images.reshape(-1, 784)",
              .py_right = "X = images.reshape(-1, 784) / 255",
              .confused = "start-badly-scaled; rate-too-large."}},
    {.name = "inputs-constant",
     .title = "an input is the same in every example",
     .help = "check how the column is read; leave it out if it is meant",
     .kind = BP_KIND_DATA,
     .variants = 1,
     .plant_data = constant,
     .page = {.right = "an input that varies",
              .wrong = "one that is the same in every example",
              .shows = "Its weights act as a second bias and learn nothing else. Often a column "
                       "that was read wrongly.",
              .c_wrong = "x[n][0] = row[0];     /* the header's, each time */",
              .c_right = "x[n][0] = row[n][0];",
              .py_wrong = "X = table[:, 0:2]      # column 0 is a constant",
              .py_right = "X = table[:, 1:3]",
              .confused = "column-never-filled, where the input varies and its weights stand "
                          "still; image borders, always 0, are harmless."}},
    {.name = "inputs-duplicated",
     .title = "two inputs are the same in every example",
     .help = "check how the columns are read; leave one out if it is meant",
     .kind = BP_KIND_DATA,
     .variants = 1,
     .plant_data = duplicated,
     .page = {.right = "inputs that differ",
              .wrong = "the same column twice",
              .shows = "The two weights share one input: their gradients are equal, only their sum "
                       "matters. Harmless by itself, but a column that was meant is missing.",
              .c_wrong = "x[n][1] = row[n][0];",
              .c_right = "x[n][1] = row[n][1];",
              .py_wrong = "X = np.column_stack([a, a])",
              .py_right = "X = np.column_stack([a, b])",
              .confused = "inputs-constant; symmetric-weights, which is about neurons."}},
    {.name = "labels-shuffled",
     .title = "targets do not belong to the inputs beside them",
     .help = "shuffle inputs and targets by one and the same order",
     .kind = BP_KIND_DATA,
     .variants = 1,
     .plant_data = shuffled,
     .example = "",
     .page = {.right = "x_n with t_n",
              .wrong = "x and t shuffled by two orders",
              .shows = "Training accuracy stays near chance, or the network learns by heart and "
                       "fails on other data; the gradient is right. A nearest neighbour does not "
                       "do better than chance either.",
              .c_wrong = "shuffle(x); shuffle(t);",
              .c_right = "shuffle_both(x, t, order);",
              .py_wrong = "rng.shuffle(X); rng.shuffle(t)",
              .py_right = "order = rng.permutation(len(X)); X, t = X[order], t[order]",
              .confused = "labels-shifted-by-one in the error, which a gradient check sees."}},
    {.name = "targets-out-of-range",
     .title = "targets lie where the output activation cannot reach",
     .help = "scale the targets into the activation's range, or change the output activation",
     .kind = BP_KIND_DATA,
     .variants = 1,
     .plant_data = out_of_range,
     .page = {.right = "targets within the activation's range",
              .wrong = "sigmoid with targets -1 and 1, tanh with 5",
              .shows = "The loss has a floor that no weights get below (10.5 of 23 in one case), "
                       "outputs press against their end, units saturate.",
              .c_wrong = "t = x > 0 ? 1.0 : -1.0;          /* sigmoid gives 0 .. 1 */",
              .c_right = "t = x > 0 ? 1.0 : 0.0;           /* or tanh at the output */",
              .py_wrong = "t = np.sign(x)",
              .py_right = "t = (x > 0).astype(float)",
              .confused = "loss-stuck, which follows from it."}},
    {.name = "data-not-finite",
     .title = "the data holds NaN or infinity",
     .help = "find the cell in the source; fill or drop it before training",
     .kind = BP_KIND_DATA,
     .variants = 1,
     .plant_data = not_finite,
     .page = {.right = "finite numbers",
              .wrong = "NaN or infinity in a cell",
              .shows =
                  "The loss is NaN from the first batch that holds it; after that every weight is.",
              .c_wrong = "x = atof(cell);",
              .c_right = "if (!parse_number(cell, &x) || !isfinite(x)) reject(row);",
              .py_wrong = "X = np.genfromtxt(path, delimiter=\",\")",
              .py_right = "X = np.genfromtxt(path, delimiter=\",\"); assert np.isfinite(X).all()",
              .confused =
                  "loss-not-finite from a rate too large, which begins with finite losses."}},
    {.name = "classes-imbalanced",
     .title = "almost all examples are of one class",
     .help = "draw classes evenly, or weight their losses; judge by class, not by accuracy",
     .kind = BP_KIND_DATA,
     .variants = 1,
     .plant_data = imbalanced,
     .example = "backprobe run scenarios/digits.conf --plant classes-imbalanced",
     .page = {.right = "classes of about the same size",
              .wrong = "99 of 100 examples of one class",
              .shows = "Accuracy is 0.99 at once, and every prediction is that class. The loss "
                       "settles at the base rate.",
              .c_wrong = "accuracy = hits / n;",
              .c_right = "recall[c] = hits[c] / n_of[c];",
              .py_wrong = "print((y == t).mean())",
              .py_right = "print([(y[t == c] == c).mean() for c in classes])",
              .confused = "one-class-predicted, which follows from it."}},
    {.name = "targets-contradict",
     .title = "equal inputs have different targets",
     .help = "find what tells these examples apart, and make it an input",
     .kind = BP_KIND_DATA,
     .variants = 1,
     .plant_data = contradicting,
     .page = {.right = "equal inputs, equal targets",
              .wrong = "equal inputs, different targets",
              .shows = "No function fits: the loss has a floor above 0, and the output for those "
                       "inputs goes to the mean of their targets.",
              .c_wrong = "x[n] = row[n];         /* the column that differs was cut off */",
              .c_right = "x[n] = wider_row[n];",
              .py_wrong = "X = table[:, :2]",
              .py_right = "X = table[:, :3]",
              .confused = "too-few-hidden-units, where a larger network would fit."}},
};

const struct bp_fault_table bp_faults_data = {.title = "data", .n = COUNT(FAULT), .fault = FAULT};
