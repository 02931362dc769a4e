/* kernel.c -- see kernel.h. The loops are in kernel_body.h; here the instruction
 * set is chosen, and the products are put in its terms. */
#include "core/kernel.h"

#include "core/kernel_table.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Best first. */
static const struct bp_kernel_table *const ALL[] = {
#if defined(__x86_64__)
    &bp_kernel_avx512,
    &bp_kernel_avx2,
#endif
    &bp_kernel_plain,
};
enum { ALL_COUNT = sizeof ALL / sizeof ALL[0] };

static _Atomic(const struct bp_kernel_table *) chosen;

static bool is_supported(const struct bp_kernel_table *table)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (table == &bp_kernel_avx2)
        return avx2;
    if (table == &bp_kernel_avx512)
        return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
#endif
    return table == &bp_kernel_plain;
}

bool bp_kernel_choose(const char *name)
{
    for (size_t k = 0; k < ALL_COUNT; k++)
        if ((name == NULL || strcmp(name, ALL[k]->name) == 0) && is_supported(ALL[k])) {
            atomic_store_explicit(&chosen, ALL[k], memory_order_relaxed);
            return true;
        }
    return false;
}

/* The choice is the same for whoever makes it first, so threads may race to. */
const struct bp_kernel_table *bp_kernel_chosen(void)
{
    const struct bp_kernel_table *table = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (table == NULL) {
        const char *wanted = getenv("BACKPROBE_KERNEL");
        if (wanted == NULL || !bp_kernel_choose(wanted))
            (void)bp_kernel_choose(NULL);
        table = atomic_load_explicit(&chosen, memory_order_relaxed);
    }
    return table;
}

const char *bp_kernel_name(void)
{
    return bp_kernel_chosen()->name;
}

void bp_kernel_affine(size_t n, size_t in, size_t out, const double *a, const double *w,
                      const double *b, double *z)
{
    const struct bp_product p = {.rows = n,
                                 .depth = in,
                                 .cols = out,
                                 .a = a,
                                 .a_row = in,
                                 .a_step = 1,
                                 .b = w,
                                 .b_step = in,
                                 .b_is_transposed = true,
                                 .start_cols = b,
                                 .c = z,
                                 .c_row = out};
    bp_kernel_chosen()->product(&p);
}

void bp_kernel_propagate(size_t n, size_t in, size_t out, const double *d, const double *w,
                         double *e)
{
    const struct bp_product p = {.rows = n,
                                 .depth = out,
                                 .cols = in,
                                 .a = d,
                                 .a_row = out,
                                 .a_step = 1,
                                 .b = w,
                                 .b_step = in,
                                 .c = e,
                                 .c_row = in};
    bp_kernel_chosen()->product(&p);
}

static void outer(size_t n, size_t in, size_t out, const double *d, const double *a, double *c,
                  const struct bp_descent *descent)
{
    const struct bp_product p = {.rows = out,
                                 .depth = n,
                                 .cols = in,
                                 .a = d,
                                 .a_row = 1,
                                 .a_step = out,
                                 .b = a,
                                 .b_step = in,
                                 .c = c,
                                 .c_row = in,
                                 .descent = descent};
    bp_kernel_chosen()->product(&p);
}

void bp_kernel_outer(size_t n, size_t in, size_t out, const double *d, const double *a, double *g)
{
    outer(n, in, out, d, a, g, NULL);
}

void bp_kernel_descend(size_t n, size_t in, size_t out, const double *d, const double *a,
                       const struct bp_descent *how, double *next)
{
    outer(n, in, out, d, a, next, how);
}

void bp_kernel_transform(size_t in, size_t out, size_t cols, const double *w, const double *a,
                         const double *b, double *z)
{
    const struct bp_product p = {.rows = out,
                                 .depth = in,
                                 .cols = cols,
                                 .a = w,
                                 .a_row = in,
                                 .a_step = 1,
                                 .b = a,
                                 .b_step = cols,
                                 .start_rows = b,
                                 .c = z,
                                 .c_row = cols};
    bp_kernel_chosen()->product(&p);
}

void bp_kernel_column_sum(size_t n, size_t out, const double *d, double *s)
{
    bp_kernel_chosen()->column_sum(n, out, d, s);
}

void bp_kernel_column_squares(size_t n, size_t out, const double *d, double *s)
{
    bp_kernel_chosen()->column_squares(n, out, d, s);
}

void bp_kernel_column_tally(size_t n, size_t out, const double *x, double *sum, double *size,
                            double *top, double *zeros)
{
    bp_kernel_chosen()->column_tally(n, out, x, sum, size, top, zeros);
}

void bp_kernel_divide(size_t count, const double *x, double n, double *y)
{
    bp_kernel_chosen()->divide(count, x, n, y);
}

void bp_kernel_scaled(size_t count, const double *x, double c, double *y)
{
    bp_kernel_chosen()->scaled(count, x, c, y);
}

void bp_kernel_step(size_t count, const double *theta, double rate, const double *d, double *out)
{
    bp_kernel_chosen()->step(count, theta, rate, d, out);
}

#define EACH(name)                                                                                 \
    void bp_kernel_##name(size_t count, const double *x, double *y)                                \
    {                                                                                              \
        bp_kernel_chosen()->name(count, x, y);                                                     \
    }
EACH(exp)
EACH(expm1)
EACH(log)
EACH(log1p)
EACH(tanh)
EACH(sigmoid)
