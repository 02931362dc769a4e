/* kernel_body.h -- the loops of kernel.h, compiled once for each instruction set.
 *
 * A product is cut into panels of TILE_VECS vectors of columns, and these into
 * tiles of TILE_ROWS rows, whose sums stay in registers for the whole of a
 * block of the depth:
 *
 *              depth            panel
 *            +-------+        +-------+
 *     rows   |   a   |   x    |   b   |  depth       a[r,k] is broadcast, b[k,:]
 *            +-------+        +-------+              is a vector: one fma each
 *
 * Each sum runs over k = 0, 1, 2, ... whatever the widths: tiles and blocks
 * change which sums are made side by side, never the order within one.
 *
 * A panel is copied to a small buffer on the stack first when b is transposed,
 * when its last vector is not full, or when its rows lie a multiple of 4 KB
 * apart and would push each other out of the cache.
 */
#ifndef BP_KERNEL_BODY_H
#define BP_KERNEL_BODY_H

#include "core/changes_body.h"
#include "core/fmath_body.h"
#include "core/kernel_lanes.h"
#include "core/kernel_table.h"

enum { PANEL = LANES * TILE_VECS, DEPTH_BLOCK = 64, PAGE = 4096, LINE = 8 };

#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

INLINE size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* acc[r][v] += sum_k a[r,k] b[k,v], with rows and vecs known to the compiler. */
INLINE void tile_sum(size_t rows, size_t vecs, size_t depth, const double *a, size_t a_row,
                     size_t a_step, const double *b, size_t b_step, vec acc[TILE_ROWS][TILE_VECS])
{
    for (size_t k = 0; k < depth; k++, a += a_step, b += b_step) {
        vec x[TILE_VECS];
        UNROLL for (size_t v = 0; v < vecs; v++) x[v] = vec_load(b + v * LANES);
        UNROLL for (size_t r = 0; r < rows; r++)
        {
            const vec y = vec_set(a[r * a_row]);
            UNROLL for (size_t v = 0; v < vecs; v++) acc[r][v] = vec_fma(y, x[v], acc[r][v]);
        }
    }
}

/* One block of the depth of one panel: where it starts and how wide it is. */
struct panel {
    size_t cols, depth, from; /* from: the first k of the block */
    size_t col;               /* the first column */
    const double *b;
    size_t b_step;
};

/* What a tile is made of, where the compiler can know it: so many rows, so many vectors of
 * which the last has so many columns, and whether its sums are a step. */
struct tile {
    size_t rows, vecs, last;
    bool descends;
};

INLINE vec tile_load(struct tile t, size_t v, const double *from)
{
    const bool part = v + 1 == t.vecs && t.last < LANES;
    return part ? vec_load_part(from + v * LANES, t.last) : vec_load(from + v * LANES);
}

INLINE void tile_store(struct tile t, size_t v, double *to, vec x)
{
    if (v + 1 == t.vecs && t.last < LANES)
        vec_store_part(to + v * LANES, t.last, x);
    else
        vec_store(to + v * LANES, x);
}

INLINE vec tile_start(struct tile t, const struct bp_product *p, const struct panel *q, size_t row,
                      size_t v)
{
    if (q->from > 0)
        return tile_load(t, v, p->c + row * p->c_row + q->col);
    if (p->start_cols != NULL)
        return tile_load(t, v, p->start_cols + q->col);
    return vec_set(p->start_rows == NULL ? 0.0 : p->start_rows[row]);
}

/* The quotient by a correctly rounded 1 / n, put right by its exact remainder, is the
 * correctly rounded one (Markstein 1990), in a fraction of a division's time. Where it
 * overflows it becomes a NaN. */
INLINE vec finite_quotient(vec x, vec n, vec inverse)
{
    const vec q = x * inverse;
    return vec_fma(vec_fnma(q, n, x), inverse, q);
}

INLINE vec quotient_by(vec x, vec n, vec inverse)
{
    const vec q = x * inverse;
    return vec_select(vec_less(vec_abs(q), vec_set((double)INFINITY)),
                      finite_quotient(x, n, inverse), q);
}

/* The step along a tile of sums. False, and to be done again with the careful quotient,
 * when one of the others is a NaN or infinite: 0 times that is what is seen of it. */
INLINE bool tile_descend(struct tile t, bool careful, const struct bp_product *p,
                         const struct panel *q, size_t row, vec acc[TILE_ROWS][TILE_VECS])
{
    const vec by = vec_set(p->descent->by), inverse = vec_set(1.0 / p->descent->by);
    const vec rate = vec_set(p->descent->rate), none = vec_set(0.0);
    vec seen[2] = {none, none};
    UNROLL for (size_t r = 0; r < t.rows; r++)
    {
        const size_t at = (row + r) * p->c_row + q->col;
        UNROLL for (size_t v = 0; v < t.vecs; v++)
        {
            const vec g = careful ? quotient_by(acc[r][v], by, inverse)
                                  : finite_quotient(acc[r][v], by, inverse);
            seen[v % 2] = vec_fma(g, none, seen[v % 2]);
            tile_store(t, v, p->c + at, tile_load(t, v, p->descent->w + at) - rate * g);
        }
    }
    return careful || !mask_any(vec_is_nan(seen[0] + seen[1]));
}

/* The tile's share of the rows ahead, in its panel's columns: a few lines at a time come in
 * beside the sums, where all at once would be waited for. */
INLINE void fetch_ahead(struct tile t, const struct bp_product *p, const struct panel *q,
                        size_t row)
{
    const size_t end = (row + t.rows) * p->descent->n_ahead / p->rows;
    for (size_t r = row * p->descent->n_ahead / p->rows; r < end; r++)
        for (size_t k = 0; k < q->cols; k += LINE)
            __builtin_prefetch(p->descent->ahead[r] + q->col + k, 0, 2);
}

INLINE void tile(struct tile t, const struct bp_product *p, const struct panel *q, size_t row)
{
    vec acc[TILE_ROWS][TILE_VECS];
    if (t.descends)
        fetch_ahead(t, p, q, row);
    UNROLL for (size_t r = 0; r < t.rows; r++) UNROLL for (size_t v = 0; v < t.vecs; v++)
        acc[r][v] = tile_start(t, p, q, row + r, v);
    tile_sum(t.rows, t.vecs, q->depth, p->a + row * p->a_row + q->from * p->a_step, p->a_row,
             p->a_step, q->b, q->b_step, acc);
    if (t.descends) {
        if (!tile_descend(t, false, p, q, row, acc))
            (void)tile_descend(t, true, p, q, row, acc);
        return;
    }
    UNROLL for (size_t r = 0; r < t.rows; r++) UNROLL for (size_t v = 0; v < t.vecs; v++)
        tile_store(t, v, p->c + (row + r) * p->c_row + q->col, acc[r][v]);
}

/* All rows of a panel. */
INLINE void panel_rows(bool descends, size_t vecs, size_t last, const struct bp_product *p,
                       const struct panel *q)
{
    size_t row = 0;
    for (; row + TILE_ROWS <= p->rows; row += TILE_ROWS)
        tile((struct tile){TILE_ROWS, vecs, last, descends}, p, q, row);
    for (; row + 2 <= p->rows; row += 2)
        tile((struct tile){2, vecs, last, descends}, p, q, row);
    if (row < p->rows)
        tile((struct tile){1, vecs, last, descends}, p, q, row);
}

INLINE void panel_any(bool descends, const struct bp_product *p, const struct panel *q)
{
    const size_t vecs = (q->cols + LANES - 1) / LANES, last = q->cols - (vecs - 1) * LANES;
    if (q->cols == PANEL)
        panel_rows(descends, TILE_VECS, LANES, p, q);
    else if (vecs == 1)
        panel_rows(descends, 1, last, p, q);
    else if (vecs == 2)
        panel_rows(descends, 2, last, p, q);
    else if (vecs == 3)
        panel_rows(descends, TILE_VECS < 3 ? TILE_VECS : 3, last, p, q);
    else
        panel_rows(descends, TILE_VECS, last, p, q);
}

static void panel_sum(const struct bp_product *p, const struct panel *q)
{
    panel_any(false, p, q);
}

static void panel_descend(const struct bp_product *p, const struct panel *q)
{
    panel_any(true, p, q);
}

/* The block of b, transposed into rows of PANEL numbers. Where columns are missing the
 * last one stands in for them: their sums go nowhere. */
static void pack_transposed(const struct bp_product *p, const struct panel *q, double *to)
{
    for (size_t v = 0; v < q->cols; v += LANES, to += LANES) {
        const double *row[LANES];
        for (size_t c = 0; c < LANES; c++)
            row[c] = p->b + (q->col + least(v + c, q->cols - 1)) * p->b_step + q->from;
        size_t k = 0;
        for (; k + LANES <= q->depth; k += LANES) {
            lanes_transpose(row, to + k * PANEL, PANEL);
            for (size_t c = 0; c < LANES; c++)
                row[c] += LANES;
        }
        for (; k < q->depth; k++)
            for (size_t c = 0; c < LANES; c++)
                to[k * PANEL + c] = *row[c]++;
    }
}

static void pack(const struct bp_product *p, const struct panel *q, double *to)
{
    const double *from = p->b + q->from * p->b_step + q->col;
    for (size_t k = 0; k < q->depth; k++, from += p->b_step, to += PANEL)
        for (size_t v = 0; v < q->cols; v += LANES)
            vec_store(to + v, q->cols - v < LANES ? vec_load_part(from + v, q->cols - v)
                                                  : vec_load(from + v));
}

static bool wants_copy(const struct bp_product *p, const struct panel *q)
{
    const bool far_apart = p->b_step * sizeof(double) % PAGE == 0 && p->rows > TILE_ROWS;
    return p->b_is_transposed || q->cols % LANES != 0 || far_apart;
}

static void panel_block(const struct bp_product *p, struct panel *q)
{
    double copy[DEPTH_BLOCK * PANEL] __attribute__((aligned(64)));
    if (wants_copy(p, q)) {
        (p->b_is_transposed ? pack_transposed : pack)(p, q, copy);
        q->b = copy;
        q->b_step = PANEL;
    } else {
        q->b = p->b + q->from * p->b_step + q->col;
        q->b_step = p->b_step;
    }
    if (p->descent != NULL && q->from + q->depth == p->depth)
        panel_descend(p, q);
    else
        panel_sum(p, q);
}

static void product(const struct bp_product *p)
{
    for (size_t col = 0; col < p->cols; col += PANEL) {
        struct panel q = {.col = col, .cols = least(PANEL, p->cols - col)};
        do {
            q.depth = least(DEPTH_BLOCK, p->depth - q.from);
            panel_block(p, &q);
            q.from += q.depth;
        } while (q.from < p->depth);
    }
}

static void column_sum(size_t n, size_t out, const double *d, double *s)
{
    for (size_t i = 0; i < out; i++)
        s[i] = 0.0;
    for (size_t r = 0; r < n; r++, d += out)
        for (size_t i = 0; i < out; i++)
            s[i] += d[i];
}

/* Whole vectors of columns, then what is left. */
static void column_squares(size_t n, size_t out, const double *d, double *s)
{
    size_t i = 0;
    for (; i + LANES <= out; i += LANES) {
        vec sum = vec_set(0.0);
        for (size_t r = 0; r < n; r++) {
            const vec x = vec_load(d + r * out + i);
            sum = vec_fma(x, x, sum);
        }
        vec_store(s + i, sum);
    }
    for (; i < out; i++) {
        s[i] = 0.0;
        for (size_t r = 0; r < n; r++)
            s[i] = fma(d[r * out + i], d[r * out + i], s[i]);
    }
}

/* What a column has so far, and its next number. */
struct tally {
    vec sum, size, top, zeros;
};

INLINE struct tally tally_add(struct tally t, vec x)
{
    const vec size = vec_abs(x), one = vec_set(1.0), none = vec_set(0.0);
    t.sum += x;
    t.size += size;
    t.top = vec_select(vec_less(t.top, size), size, t.top);
    t.zeros += vec_select(vec_less(size, vec_set(0x1p-1074)), one, none);
    return t;
}

/* used lanes of the columns from x on. */
INLINE void tally_columns(size_t n, size_t row, size_t used, const double *x, double *const at[4])
{
    struct tally t = {vec_load_part(at[0], used), vec_load_part(at[1], used),
                      vec_load_part(at[2], used), vec_load_part(at[3], used)};
    for (size_t r = 0; r < n; r++)
        t = tally_add(t, vec_load_part(x + r * row, used));
    vec_store_part(at[0], used, t.sum);
    vec_store_part(at[1], used, t.size);
    vec_store_part(at[2], used, t.top);
    vec_store_part(at[3], used, t.zeros);
}

static void column_tally(size_t n, size_t out, const double *x, double *sum, double *size,
                         double *top, double *zeros)
{
    for (size_t i = 0; i < out; i += LANES) {
        double *const at[4] = {sum + i, size + i, top + i, zeros + i};
        tally_columns(n, out, least(LANES, out - i), x + i, at);
    }
}

static void divide(size_t count, const double *x, double n, double *y)
{
    const vec by = vec_set(n), inverse = vec_set(1.0 / n);
    size_t k = 0;
    for (; k + LANES <= count; k += LANES)
        vec_store(y + k, quotient_by(vec_load(x + k), by, inverse));
    if (k < count)
        vec_store_part(y + k, count - k, quotient_by(vec_load_part(x + k, count - k), by, inverse));
}

static void scaled(size_t count, const double *x, double c, double *y)
{
    const vec by = vec_set(c);
    size_t k = 0;
    for (; k + LANES <= count; k += LANES)
        vec_store(y + k, by * vec_load(x + k));
    if (k < count)
        vec_store_part(y + k, count - k, by * vec_load_part(x + k, count - k));
}

static void step(size_t count, const double *theta, double rate, const double *d, double *out)
{
    const vec by = vec_set(rate);
    size_t k = 0;
    for (; k + LANES <= count; k += LANES)
        vec_store(out + k, vec_load(theta + k) - by * vec_load(d + k));
    if (k < count)
        vec_store_part(out + k, count - k,
                       vec_load_part(theta + k, count - k) - by * vec_load_part(d + k, count - k));
}

#define EACH(name)                                                                                 \
    static void each_##name(size_t count, const double *x, double *y)                              \
    {                                                                                              \
        size_t k = 0;                                                                              \
        for (; k + LANES <= count; k += LANES)                                                     \
            vec_store(y + k, vec_##name(vec_load(x + k)));                                         \
        if (k < count)                                                                             \
            vec_store_part(y + k, count - k, vec_##name(vec_load_part(x + k, count - k)));         \
    }
EACH(exp)
EACH(expm1)
EACH(log)
EACH(log1p)
EACH(tanh)
EACH(sigmoid)

#define BP_KERNEL_TABLE(isa)                                                                       \
    {                                                                                              \
        .name = isa, .product = product, .column_sum = column_sum,                                 \
        .column_squares = column_squares, .column_tally = column_tally, .divide = divide,          \
        .scaled = scaled, .step = step, .exp = each_exp, .expm1 = each_expm1, .log = each_log,     \
        .log1p = each_log1p, .tanh = each_tanh, .sigmoid = each_sigmoid, .spread = columns_spread, \
        .spread_each = columns_spread_each, .softmax = columns_softmax, .loss = columns_loss,      \
        .change = columns_change, .sides = columns_sides, .loss_change = columns_loss_change,      \
        .scale = columns_scale                                                                     \
    }

#endif
