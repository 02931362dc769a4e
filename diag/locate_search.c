/* locate_search.c -- which entries of this tensor are wrong? Decode, bisect, name the
 * block (see locate.h).
 */
#include "diag/locate_search.h"

#include <math.h>
#include <string.h>

enum { STACK = 256, ROUNDS = 4, TRIED = 4, DENSE_QUARTERS = 2, DENSE_HALVES = 3 };

/* Part of the tensor, and what is left over along the current direction there. */
struct node {
    struct bp_region region;
    double value, tolerance;
    int streak;           /* so many times in a row every piece of it failed, */
    struct bp_region top; /* since this one */
};

struct search {
    struct bp_locate *locate;
    struct bp_prober *p;
    const struct bp_located_tensor *tensor;
    size_t at; /* its number */
    struct bp_residual like;
    size_t budget;
    bool decode;
    size_t n;
    struct node stack[STACK];
};

static size_t count_of(const struct bp_region *region)
{
    return region->rows * region->cols;
}

static bool contains(const struct bp_region *region, size_t row, size_t col)
{
    return row - region->row < region->rows && col - region->col < region->cols;
}

static bool is_within(const struct bp_region *inner, const struct bp_region *outer)
{
    return contains(outer, inner->row, inner->col) &&
           contains(outer, inner->row + inner->rows - 1, inner->col + inner->cols - 1);
}

static bool fails(double value, double tolerance)
{
    return !(value <= tolerance && -value <= tolerance);
}

/* ---- blocks ----------------------------------------------------------------- */

static void note_block(struct search *s, const struct bp_wrong_block *block)
{
    if (s->locate->n_blocks < BP_LOCATE_MOST)
        s->locate->block[s->locate->n_blocks++] = *block;
}

static struct bp_wrong_block block_of(const struct search *s, const struct bp_region *region)
{
    return (struct bp_wrong_block){.tensor = s->at,
                                   .row = region->row,
                                   .rows = region->rows,
                                   .col = region->col,
                                   .cols = region->cols,
                                   .ratio_low = NAN,
                                   .ratio_high = NAN};
}

/* ---- decode ----------------------------------------------------------------- */

/* If one entry of the node is wrong, this finds and confirms it; value then becomes
 * what is left. Digits that are none are asked for once more, with three step sizes. */
static enum bp_status decode(struct search *s, struct node *node, bool *found,
                             struct bp_error *error)
{
    const struct bp_decode asked = {s->locate, s->p, node->region, node->value, &s->like};
    size_t i = 0, cost;
    *found = false;
    if (!s->decode)
        return BP_OK;
    enum bp_status status = bp_decode_run(&asked, 1, &i, found, error);
    if (status == BP_OK && !*found && node->streak == 0 &&
        bp_decode_levels(&asked, 1, &cost) < bp_decode_levels(&asked, 3, &cost))
        status = bp_decode_run(&asked, 3, &i, found, error);
    if (status != BP_OK || !*found)
        return status;
    status = bp_entry_confirm(s->locate, s->p, s->at, i, s->like.step, found, error);
    if (status == BP_OK && *found && s->locate->n_wrong > 0) {
        const struct bp_wrong_entry *wrong = &s->locate->wrong[s->locate->n_wrong - 1];
        const double d = bp_prober_direction(s->p, s->at, wrong->k);
        node->value -= (wrong->backprop - wrong->numeric) * d;
        node->tolerance += wrong->tolerance * fabs(d);
    }
    return status;
}

/* ---- bisect ----------------------------------------------------------------- */

static struct node piece(const struct node *node, bool lower, bool right, bool by_row, bool by_col)
{
    struct node half = *node;
    const size_t rows = node->region.rows / 2, cols = node->region.cols / 2;
    if (by_row) {
        half.region.row += lower ? rows : 0;
        half.region.rows = lower ? node->region.rows - rows : rows;
    }
    if (by_col) {
        half.region.col += right ? cols : 0;
        half.region.cols = right ? node->region.cols - cols : cols;
    }
    return half;
}

/* With as few step sizes as tell a failure from noise. */
static enum bp_status measure(struct search *s, struct node *node, double parent,
                              struct bp_error *error)
{
    const struct bp_digit none = {1, 1, 0};
    struct bp_residual r, like = bp_residual_tuned(&s->like, 1);
    int levels = 1;
    while (levels < 3 && !(40.0 * bp_residual_error(&like, levels) <= fabs(parent)))
        like = bp_residual_tuned(&s->like, ++levels);
    const enum bp_status status = bp_probe_at(s->p, &node->region, none, &like, levels, &r, error);
    node->value = r.value - bp_decode_known(s->locate, s->p, &node->region, none);
    node->tolerance =
        fmin(r.tolerance, 10.0 * bp_residual_error(&like, levels) + (r.tolerance - 10.0 * r.error));
    return status;
}

static void subtract(struct node *rest, const struct node *whole, const struct node *part)
{
    rest->value = whole->value - part->value;
    rest->tolerance = whole->tolerance + part->tolerance;
}

static bool node_fails(const struct node *node)
{
    return fails(node->value, node->tolerance);
}

static void push(struct search *s, struct node node)
{
    if (s->n < STACK)
        s->stack[s->n++] = node;
    else
        s->locate->exhausted = true;
}

/* Two halves of a node, one probed and the other by difference. */
static enum bp_status halve(struct search *s, const struct node *node, bool by_row,
                            struct node half[2], struct bp_error *error)
{
    half[0] = piece(node, false, false, by_row, !by_row);
    half[1] = piece(node, true, true, by_row, !by_row);
    const enum bp_status status = measure(s, &half[0], node->value, error);
    subtract(&half[1], node, &half[0]);
    return status;
}

/* Is all of it wrong? A few entries, each alone, say. */
static enum bp_status try_block(struct search *s, const struct bp_region *region, bool *dense,
                                struct bp_error *error)
{
    struct bp_wrong_block block = block_of(s, region);
    const size_t count = count_of(region);
    for (size_t t = 0; t < TRIED && t < count; t++) {
        const size_t in = count <= TRIED ? t : (2 * t + 1) * count / (2 * TRIED);
        struct bp_wrong_entry entry;
        bool wrong;
        const enum bp_status status = bp_entry_try(
            s->locate, s->p, s->at,
            (region->row + in / region->cols) * s->tensor->cols + region->col + in % region->cols,
            s->like.step, &entry, &wrong, error);
        if (status != BP_OK)
            return status;
        const double ratio = entry.backprop / entry.numeric;
        block.tried++;
        block.wrong += wrong;
        if (wrong && isfinite(ratio)) {
            block.ratio_low = fmin(block.ratio_low, ratio);
            block.ratio_high = fmax(block.ratio_high, ratio);
        }
    }
    *dense = 2 * block.wrong > block.tried;
    if (*dense)
        note_block(s, &block);
    return BP_OK;
}

static void drop_within(struct search *s, const struct bp_region *region)
{
    size_t kept = 0;
    for (size_t k = 0; k < s->n; k++)
        if (!is_within(&s->stack[k].region, region))
            s->stack[kept++] = s->stack[k];
    s->n = kept;
}

/* All pieces of a node failed: one more in a row. */
static enum bp_status push_all(struct search *s, const struct node *node, struct node *pieces,
                               int n, int limit, struct bp_error *error)
{
    const struct bp_region top = node->streak > 0 ? node->top : node->region;
    bool dense = false;
    if (node->streak + 1 >= limit) {
        const enum bp_status status = try_block(s, &top, &dense, error);
        if (status != BP_OK)
            return status;
        if (dense) {
            drop_within(s, &top);
            return BP_OK;
        }
    }
    for (int k = 0; k < n; k++) {
        pieces[k].streak = node->streak + 1 >= limit ? 0 : node->streak + 1;
        pieces[k].top = top;
        push(s, pieces[k]);
    }
    return BP_OK;
}

/* Pushes the pieces that fail. */
static size_t push_failing(struct search *s, struct node *pieces, int n)
{
    size_t failing = 0;
    for (int k = 0; k < n; k++)
        failing += node_fails(&pieces[k]);
    for (int k = 0; k < n && failing < (size_t)n; k++)
        if (node_fails(&pieces[k])) {
            pieces[k].streak = 0;
            push(s, pieces[k]);
        }
    return failing;
}

static enum bp_status split_line(struct search *s, const struct node *node, bool by_row,
                                 struct bp_error *error)
{
    struct node half[2];
    enum bp_status status = halve(s, node, by_row, half, error);
    if (status == BP_OK && push_failing(s, half, 2) == 2)
        status = push_all(s, node, half, 2, DENSE_HALVES, error);
    return status;
}

static enum bp_status split_square(struct search *s, const struct node *node,
                                   struct bp_error *error)
{
    struct node rows[2], cols[2], quarter[4];
    const bool rows_first = node->region.rows >= node->region.cols;
    enum bp_status status = halve(s, node, rows_first, rows_first ? rows : cols, error);
    if (status != BP_OK || push_failing(s, rows_first ? rows : cols, 2) < 2)
        return status;
    status = halve(s, node, !rows_first, rows_first ? cols : rows, error);
    if (status != BP_OK || push_failing(s, rows_first ? cols : rows, 2) < 2)
        return status;
    for (int k = 0; k < 4; k++)
        quarter[k] = piece(node, k / 2 == 1, k % 2 == 1, true, true);
    status = measure(s, &quarter[0], node->value, error);
    if (status != BP_OK)
        return status;
    subtract(&quarter[1], &rows[0], &quarter[0]);
    subtract(&quarter[2], &cols[0], &quarter[0]);
    subtract(&quarter[3], &rows[1], &quarter[2]);
    if (push_failing(s, quarter, 4) == 4)
        return push_all(s, node, quarter, 4, DENSE_QUARTERS, error);
    return BP_OK;
}

static enum bp_status take(struct search *s, struct node *node, struct bp_error *error)
{
    bool found;
    const struct bp_region *region = &node->region;
    if (count_of(region) == 1)
        return bp_entry_confirm(s->locate, s->p, s->at, region->row * s->tensor->cols + region->col,
                                s->like.step, &found, error);
    if (node->streak == 0 || s->n == 0) {
        const enum bp_status status = decode(s, node, &found, error);
        if (status != BP_OK || (found && !node_fails(node)))
            return status;
    }
    if (region->rows == 1 || region->cols == 1)
        return split_line(s, node, region->cols == 1, error);
    return split_square(s, node, error);
}

static enum bp_status bisect(struct search *s, struct bp_error *error)
{
    while (s->n > 0) {
        struct node node = s->stack[--s->n];
        if (bp_locate_evaluations(s->locate) >= s->budget || s->locate->exhausted) {
            struct bp_wrong_block block = block_of(s, &node.region);
            block.more = true;
            note_block(s, &block);
            s->locate->exhausted = true;
            continue;
        }
        const enum bp_status status = take(s, &node, error);
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

/* Whether the named blocks cover all that is still wrong there cannot be told from
 * sums: a tensor with a block is not looked at again. */
static bool has_block(const struct search *s)
{
    for (size_t k = 0; k < s->locate->n_blocks; k++)
        if (s->locate->block[k].tensor == s->at)
            return true;
    return false;
}

enum bp_status bp_locate_search(struct bp_locate *locate, struct bp_prober *prober, size_t tensor,
                                const struct bp_residual *seen,
                                const struct bp_locate_options *options, struct bp_error *error)
{
    struct search s = {.locate = locate,
                       .p = prober,
                       .tensor = &locate->tensor[tensor],
                       .at = tensor,
                       .like = *seen,
                       .budget = options->budget,
                       .decode = !options->no_decode};
    const struct bp_region all = {tensor, 0, s.tensor->rows, 0, s.tensor->cols};
    const struct bp_digit none = {1, 1, 0};
    const uint64_t seed = prober->seed;
    struct node root = {.region = all, .value = seen->value, .tolerance = seen->tolerance};
    enum bp_status status = BP_OK;
    for (uint64_t round = 1; round <= ROUNDS && node_fails(&root); round++) {
        push(&s, root);
        prober->spent = &locate->locating;
        status = bisect(&s, error);
        if (status != BP_OK || has_block(&s) || locate->exhausted)
            break;
        struct bp_residual again;
        prober->seed = seed + round;
        prober->spent = &locate->confirming;
        status = bp_probe_at(prober, &all, none, seen, 3, &again, error);
        if (status != BP_OK || again.kink)
            break;
        root.value = again.value - bp_decode_known(locate, prober, &all, none);
        root.tolerance = again.tolerance;
        s.like = again;
    }
    prober->seed = seed;
    return status;
}
