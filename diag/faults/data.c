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
     .plant_data = unscaled},
    {.name = "inputs-constant",
     .title = "an input is the same in every example",
     .help = "check how the column is read; leave it out if it is meant",
     .kind = BP_KIND_DATA,
     .variants = 1,
     .plant_data = constant},
    {.name = "inputs-duplicated",
     .title = "two inputs are the same in every example",
     .help = "check how the columns are read; leave one out if it is meant",
     .kind = BP_KIND_DATA,
     .variants = 1,
     .plant_data = duplicated},
    {.name = "labels-shuffled",
     .title = "targets do not belong to the inputs beside them",
     .help = "shuffle inputs and targets by one and the same order",
     .kind = BP_KIND_DATA,
     .variants = 1,
     .plant_data = shuffled},
    {.name = "targets-out-of-range",
     .title = "targets lie where the output activation cannot reach",
     .help = "scale the targets into the activation's range, or change the output activation",
     .kind = BP_KIND_DATA,
     .variants = 1,
     .plant_data = out_of_range},
    {.name = "data-not-finite",
     .title = "the data holds NaN or infinity",
     .help = "find the cell in the source; fill or drop it before training",
     .kind = BP_KIND_DATA,
     .variants = 1,
     .plant_data = not_finite},
    {.name = "classes-imbalanced",
     .title = "almost all examples are of one class",
     .help = "draw classes evenly, or weight their losses; judge by class, not by accuracy",
     .kind = BP_KIND_DATA,
     .variants = 1,
     .plant_data = imbalanced},
    {.name = "targets-contradict",
     .title = "equal inputs have different targets",
     .help = "find what tells these examples apart, and make it an input",
     .kind = BP_KIND_DATA,
     .variants = 1,
     .plant_data = contradicting},
};

const struct bp_fault_table bp_faults_data = {.title = "data", .n = COUNT(FAULT), .fault = FAULT};
