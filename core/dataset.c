/* dataset.c -- see dataset.h. */
#include "core/dataset.h"

#include "core/mem.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum bp_status bp_dataset_init(struct bp_dataset *data, size_t n, size_t n_in, size_t n_out)
{
    assert(n > 0 && n_in > 0 && n_out > 0);
    *data = (struct bp_dataset){.n = n, .n_in = n_in, .n_out = n_out};
    data->x = bp_mem_new(n, n_in * sizeof *data->x);
    data->t = bp_mem_new(n, n_out * sizeof *data->t);
    if (data->x != NULL && data->t != NULL)
        return BP_OK;
    bp_dataset_release(data);
    return BP_ENOMEM;
}

enum bp_status bp_dataset_copy(struct bp_dataset *data, size_t n, size_t n_in, size_t n_out,
                               const double *x, const double *t)
{
    const enum bp_status status = bp_dataset_init(data, n, n_in, n_out);
    if (status != BP_OK)
        return status;
    memcpy(data->x, x, n * n_in * sizeof *x);
    memcpy(data->t, t, n * n_out * sizeof *t);
    bp_dataset_find_classes(data);
    return BP_OK;
}

void bp_dataset_release(struct bp_dataset *data)
{
    bp_mem_free(data->x);
    bp_mem_free(data->t);
    *data = (struct bp_dataset){0};
}

enum bp_status bp_dataset_resize(struct bp_dataset *data, size_t n)
{
    const size_t kept = n < data->n ? n : data->n;
    double *x = bp_mem_new(n, data->n_in * sizeof *x);
    double *t = bp_mem_new(n, data->n_out * sizeof *t);
    if (x == NULL || t == NULL) {
        bp_mem_free(x);
        bp_mem_free(t);
        return BP_ENOMEM;
    }
    memcpy(x, data->x, kept * data->n_in * sizeof *x);
    memcpy(t, data->t, kept * data->n_out * sizeof *t);
    bp_mem_free(data->x);
    bp_mem_free(data->t);
    data->x = x;
    data->t = t;
    data->n = n;
    return BP_OK;
}

static void copy_row(struct bp_dataset *to, size_t i, const struct bp_dataset *from, size_t j)
{
    memcpy(to->x + i * to->n_in, from->x + j * from->n_in, to->n_in * sizeof *to->x);
    memcpy(to->t + i * to->n_out, from->t + j * from->n_out, to->n_out * sizeof *to->t);
}

/* n rows shaped and named like from's, still to be filled. */
static enum bp_status init_like(struct bp_dataset *data, const struct bp_dataset *from, size_t n)
{
    const enum bp_status status = bp_dataset_init(data, n, from->n_in, from->n_out);
    if (status != BP_OK)
        return status;
    data->classes = from->classes;
    data->coding = from->coding;
    memcpy(data->title, from->title, sizeof data->title);
    memcpy(data->source, from->source, sizeof data->source);
    return BP_OK;
}

enum bp_status bp_dataset_subset(struct bp_dataset *data, const struct bp_dataset *from, size_t n,
                                 const size_t *pick)
{
    const enum bp_status status = init_like(data, from, n);
    for (size_t i = 0; status == BP_OK && i < n; i++) {
        assert(pick[i] < from->n);
        copy_row(data, i, from, pick[i]);
    }
    return status;
}

enum bp_status bp_dataset_slice(struct bp_dataset *data, const struct bp_dataset *from,
                                size_t first, size_t n)
{
    assert(first + n <= from->n);
    const enum bp_status status = init_like(data, from, n);
    for (size_t i = 0; status == BP_OK && i < n; i++)
        copy_row(data, i, from, first + i);
    return status;
}

enum bp_status bp_dataset_split(const struct bp_dataset *from, size_t n_first,
                                struct bp_dataset *first, struct bp_dataset *rest)
{
    *first = *rest = (struct bp_dataset){0};
    if (n_first < 1 || n_first >= from->n)
        return BP_ESHAPE;
    enum bp_status status = bp_dataset_slice(first, from, 0, n_first);
    if (status == BP_OK)
        status = bp_dataset_slice(rest, from, n_first, from->n - n_first);
    if (status != BP_OK)
        bp_dataset_release(first);
    return status;
}

static void swap_numbers(double *a, double *b, size_t n)
{
    for (size_t k = 0; k < n; k++) {
        const double held = a[k];
        a[k] = b[k];
        b[k] = held;
    }
}

/* Places 0 .. i - 1 are done when place i is reached; the row that was wanted
 * there may have been swapped away from them, each time to where order says. */
void bp_dataset_reorder(struct bp_dataset *data, const size_t *order)
{
    for (size_t i = 0; i < data->n; i++) {
        size_t j = order[i];
        while (j < i)
            j = order[j];
        if (j == i)
            continue;
        swap_numbers(data->x + i * data->n_in, data->x + j * data->n_in, data->n_in);
        swap_numbers(data->t + i * data->n_out, data->t + j * data->n_out, data->n_out);
    }
}

enum bp_status bp_dataset_shuffle(struct bp_dataset *data, struct bp_rng *rng)
{
    size_t *order = bp_mem_new(data->n, sizeof *order);
    if (order == NULL)
        return BP_ENOMEM;
    bp_rng_permutation(rng, data->n, order);
    bp_dataset_reorder(data, order);
    bp_mem_free(order);
    return BP_OK;
}

/* ---- classes --------------------------------------------------------------- */

#define BP_TARGETS_TEXT(name, text) text,
static const char *const TARGETS[] = {BP_TARGETS_LIST(BP_TARGETS_TEXT)};
#undef BP_TARGETS_TEXT

const char *bp_targets_name(enum bp_targets coding)
{
    assert((unsigned)coding < BP_TARGETS_COUNT);
    return TARGETS[coding];
}

bool bp_targets_parse(const char *text, enum bp_targets *coding)
{
    for (unsigned i = 0; i < BP_TARGETS_COUNT; i++)
        if (strcmp(text, TARGETS[i]) == 0) {
            *coding = (enum bp_targets)i;
            return true;
        }
    return false;
}

double bp_targets_off(enum bp_targets coding)
{
    return coding == BP_TARGETS_PM1 ? -1.0 : 0.0;
}

double bp_targets_on(enum bp_targets coding)
{
    (void)coding;
    return 1.0;
}

void bp_dataset_label_set(struct bp_dataset *data, size_t i, size_t label)
{
    double *t = data->t + i * data->n_out;
    const double off = bp_targets_off(data->coding);
    const double on = bp_targets_on(data->coding);
    assert(i < data->n && label < data->classes);
    if (data->n_out == 1) {
        t[0] = label == 0 ? off : on;
        return;
    }
    for (size_t k = 0; k < data->n_out; k++)
        t[k] = k == label ? on : off;
}

size_t bp_dataset_class(const struct bp_dataset *data, const double *values)
{
    for (size_t k = 0; k < data->n_out; k++)
        if (isnan(values[k]))
            return data->classes;
    if (data->n_out == 1)
        return values[0] > (bp_targets_off(data->coding) + bp_targets_on(data->coding)) / 2.0;
    size_t best = 0;
    for (size_t k = 1; k < data->n_out; k++)
        if (values[k] > values[best])
            best = k;
    return best;
}

size_t bp_dataset_label(const struct bp_dataset *data, size_t i)
{
    assert(i < data->n);
    return bp_dataset_class(data, data->t + i * data->n_out);
}

/* Every target is off or on, and where there are several columns exactly one is on. */
static bool is_coded(const struct bp_dataset *data, enum bp_targets coding)
{
    const double off = bp_targets_off(coding);
    const double on = bp_targets_on(coding);
    for (size_t i = 0; i < data->n; i++) {
        const double *t = data->t + i * data->n_out;
        size_t lit = 0;
        for (size_t k = 0; k < data->n_out; k++) {
            if (t[k] != off && t[k] != on)
                return false;
            lit += t[k] == on;
        }
        if (data->n_out > 1 && lit != 1)
            return false;
    }
    return true;
}

void bp_dataset_find_classes(struct bp_dataset *data)
{
    data->classes = 0;
    for (unsigned coding = 0; data->classes == 0 && coding < BP_TARGETS_COUNT; coding++)
        if (is_coded(data, (enum bp_targets)coding)) {
            data->coding = (enum bp_targets)coding;
            data->classes = data->n_out == 1 ? 2 : data->n_out;
        }
}

/* ---- sets that need no file ---------------------------------------------- */

enum bp_status bp_dataset_gate(struct bp_dataset *data, enum bp_gate gate, enum bp_targets coding)
{
    static const size_t OUT[][4] = {
        [BP_AND] = {0, 0, 0, 1}, [BP_OR] = {0, 1, 1, 1}, [BP_XOR] = {0, 1, 1, 0}};
    static const char *const TITLE[] = {[BP_AND] = "and", [BP_OR] = "or", [BP_XOR] = "xor"};
    const enum bp_status status = bp_dataset_init(data, 4, 2, 1);
    if (status != BP_OK)
        return status;
    data->classes = 2;
    data->coding = coding;
    snprintf(data->title, sizeof data->title, "%s", TITLE[gate]);
    snprintf(data->source, sizeof data->source, "the four rows of the truth table of %s",
             TITLE[gate]);
    for (size_t i = 0; i < 4; i++) {
        data->x[2 * i] = (double)(i / 2);
        data->x[2 * i + 1] = (double)(i % 2);
        bp_dataset_label_set(data, i, OUT[gate][i]);
    }
    return BP_OK;
}

enum bp_status bp_dataset_sign(struct bp_dataset *data, size_t n, uint64_t seed,
                               enum bp_targets coding)
{
    const enum bp_status status = bp_dataset_init(data, n, 1, 1);
    if (status != BP_OK)
        return status;
    data->classes = 2;
    data->coding = coding;
    snprintf(data->title, sizeof data->title, "sign");
    snprintf(data->source, sizeof data->source, "%zu numbers from [-1, 1], seed %llu", n,
             (unsigned long long)seed);
    struct bp_rng rng;
    bp_rng_seed(&rng, seed);
    for (size_t i = 0; i < n; i++) {
        do
            data->x[i] = bp_rng_uniform(&rng, -1.0, 1.0);
        while (data->x[i] == 0.0);
        bp_dataset_label_set(data, i, data->x[i] > 0.0);
    }
    return BP_OK;
}
