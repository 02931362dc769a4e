/* locate_search.c -- which entries of this tensor are wrong? Decode, bisect, name the
 * block (see locate.h).
 */
#include "diag/locate_probe.h"

#include <math.h>
#include <string.h>

enum { STACK = 256, DIGITS = 64, ROUNDS = 4, TRIED = 4, DENSE_QUARTERS = 2, DENSE_HALVES = 3 };

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

/* What the entries that are named already leave along the current direction. */
static double known_in(const struct search *s, const struct bp_region *region,
                       struct bp_digit digit)
{
    double sum = 0.0;
    for (size_t w = 0; w < s->locate->n_wrong; w++) {
        const struct bp_wrong_entry *wrong = &s->locate->wrong[w];
        const size_t i = wrong->k - s->tensor->first;
        if (wrong->tensor == s->at && contains(region, i / s->tensor->cols, i % s->tensor->cols))
            sum += (wrong->backprop - wrong->numeric) * bp_prober_direction(s->p, wrong->k) *
                   bp_digit_weight(digit, i);
    }
    return sum;
}

static bool is_named(const struct search *s, size_t k)
{
    for (size_t w = 0; w < s->locate->n_wrong; w++)
        if (s->locate->wrong[w].k == k)
            return true;
    return false;
}

/* ---- confirm ---------------------------------------------------------------- */

static struct bp_region entry_region(const struct search *s, size_t i)
{
    return (struct bp_region){s->at, i / s->tensor->cols, 1, i % s->tensor->cols, 1};
}

static double entry_step(const struct search *s, const struct bp_region *region)
{
    if (s->p->eval.at->net != NULL)
        return bp_probe_first(s->p, region);
    int exponent;
    frexp(s->like.step * sqrt((double)s->tensor->cols), &exponent);
    return ldexp(1.0, exponent - 1);
}

/* Entry i by itself. */
static enum bp_status try_entry(struct search *s, size_t i, struct bp_wrong_entry *entry,
                                bool *wrong, struct bp_error *error)
{
    const struct bp_region region = entry_region(s, i);
    struct bp_residual r;
    s->p->spent = &s->locate->confirming;
    const enum bp_status status = bp_probe_settle(s->p, &region, entry_step(s, &region), &r, error);
    s->p->spent = &s->locate->locating;
    if (status != BP_OK)
        return status;
    const size_t k = s->tensor->first + i;
    const double d = bp_prober_direction(s->p, k);
    *entry = (struct bp_wrong_entry){.k = k,
                                     .tensor = s->at,
                                     .backprop = s->p->scale * s->p->g[k],
                                     .error = r.error / fabs(d),
                                     .tolerance = r.tolerance / fabs(d)};
    entry->numeric = entry->backprop - r.value / d;
    *wrong = !r.kink && bp_residual_fails(&r);
    return BP_OK;
}

static void name_entry(const struct search *s, struct bp_wrong_entry *entry)
{
    if (s->locate->net != NULL)
        bp_mlp_name(s->locate->net, entry->k, entry->name);
    else
        snprintf(entry->name, sizeof entry->name, "theta[%zu]", entry->k);
}

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

/* Whether it was wrong, and is on the list now (or was there, or there is no room). */
static enum bp_status confirm(struct search *s, size_t i, bool *wrong, struct bp_error *error)
{
    struct bp_wrong_entry entry;
    *wrong = is_named(s, s->tensor->first + i);
    if (*wrong)
        return BP_OK;
    const enum bp_status status = try_entry(s, i, &entry, wrong, error);
    if (status != BP_OK || !*wrong)
        return status;
    name_entry(s, &entry);
    if (s->locate->n_wrong < BP_LOCATE_MOST)
        s->locate->wrong[s->locate->n_wrong++] = entry;
    else
        s->locate->exhausted = true;
    return BP_OK;
}

/* ---- which step ------------------------------------------------------------- */

/* With fewer step sizes than it was settled with, a smaller h is better: truncation goes
 * as h^2 (one), h^4 (two), rounding as 1/h. What the second difference holds beyond
 * both counts as rounding. */
static struct bp_residual tuned(const struct search *s, int levels)
{
    const struct bp_residual *like = &s->like;
    const double noise = like->error - like->truncation[1];
    struct bp_residual best = *like;
    best.rounding = fmax(noise, like->rounding);
    for (int j = 1; j <= 6; j++) {
        struct bp_residual r = best;
        r.step = ldexp(like->step, -j);
        r.rounding = ldexp(fmax(noise, like->rounding), j);
        for (int k = 0; k < 3; k++)
            r.truncation[k] = ldexp(like->truncation[k], -2 * j * (k + 1));
        if (bp_residual_error(&r, levels) < bp_residual_error(&best, levels))
            best = r;
    }
    return best;
}

/* ---- decode ----------------------------------------------------------------- */

struct plan {
    int levels;
    size_t n, base;
    struct bp_digit digit[DIGITS];
};

static size_t digits_of(size_t size, size_t base)
{
    size_t n = 0;
    for (size_t reach = 1; reach<size; reach = reach> size / base + 1 ? size : reach * base)
        n++;
    return n;
}

/* The digits of a number below size, the most even ones with no base above most. */
static void add_digits(struct plan *plan, size_t modulo, size_t unit, size_t size, size_t most)
{
    const size_t n = digits_of(size, most);
    size_t base = most;
    while (base > 2 && digits_of(size, base - 1) == n)
        base--;
    size_t divisor = unit;
    for (size_t d = 0; d < n && plan->n < DIGITS; d++, divisor *= base)
        plan->digit[plan->n++] = (struct bp_digit){modulo, divisor, base};
}

/* The largest base that the noise allows at so many step sizes. */
static size_t base_for(const struct search *s, double value, int levels)
{
    const struct bp_residual like = tuned(s, levels);
    /* truncation is that of another direction than the one it was seen in; with one step
     * size it is most of the error */
    const double margin = levels == 1 ? 0.01 : 0.1;
    const double base = margin * fabs(value) / bp_residual_error(&like, levels);
    return base >= 4096.0 ? 4096 : base >= 2.0 ? (size_t)base : 0;
}

/* The cheapest way to ask for row and column, with so many step sizes at least; false
 * where noise allows none. */
static bool make_plan(const struct search *s, const struct node *node, int least, struct plan *plan)
{
    const size_t rows = s->tensor->rows, cols = s->tensor->cols;
    size_t cost = SIZE_MAX;
    int levels = 0;
    for (int l = least; l <= 3; l++) {
        const size_t base = base_for(s, node->value, l);
        if (base < 2)
            continue;
        const size_t n = digits_of(cols, base) + digits_of(rows, base);
        if (2 * (size_t)l * n < cost && n <= DIGITS) {
            cost = 2 * (size_t)l * n;
            levels = l;
        }
    }
    if (levels == 0)
        return false;
    *plan = (struct plan){.levels = levels, .base = base_for(s, node->value, levels)};
    add_digits(plan, cols, 1, cols, plan->base);
    add_digits(plan, rows * cols, cols, rows, plan->base);
    return true;
}

/* One digit; -1 when it is none. */
static enum bp_status ask_digit(struct search *s, const struct node *node, struct bp_digit digit,
                                int levels, long *value, struct bp_error *error)
{
    const struct bp_residual like = tuned(s, levels);
    struct bp_residual r;
    const enum bp_status status = bp_probe_at(s->p, &node->region, digit, &like, levels, &r, error);
    if (status != BP_OK)
        return status;
    const double ratio = (r.value - known_in(s, &node->region, digit)) / node->value;
    const double radix = (double)digit.radix;
    const double exact = 0.5 * ((ratio + 1.0) * radix - 1.0);
    const double nearest = floor(exact + 0.5);
    const double apart = fabs(exact - nearest);
    const double noise = radix * bp_residual_error(&like, levels) / fabs(node->value);
    *value = -1;
    if (!r.kink && apart <= fmin(0.3, 0.1 + 3.0 * noise) && nearest >= 0.0 && nearest < radix)
        *value = (long)nearest;
    return BP_OK;
}

/* The entry that the digits spell; found is false when they spell none. */
static enum bp_status spell(struct search *s, const struct node *node, const struct plan *plan,
                            size_t *entry, bool *found, struct bp_error *error)
{
    size_t i = 0;
    *found = false;
    for (size_t d = 0; d < plan->n; d++) {
        long value;
        const enum bp_status status =
            ask_digit(s, node, plan->digit[d], plan->levels, &value, error);
        if (status != BP_OK || value < 0)
            return status;
        i += (size_t)value * plan->digit[d].divisor;
    }
    *entry = i;
    *found = i < s->tensor->rows * s->tensor->cols &&
             contains(&node->region, i / s->tensor->cols, i % s->tensor->cols) &&
             !is_named(s, s->tensor->first + i);
    return BP_OK;
}

/* If one entry of the node is wrong, this finds and confirms it; value then becomes
 * what is left. Digits that are none are asked for once more, with three step sizes. */
static enum bp_status decode(struct search *s, struct node *node, bool *found,
                             struct bp_error *error)
{
    struct plan plan;
    size_t i = 0;
    *found = false;
    if (!s->decode || !make_plan(s, node, 1, &plan))
        return BP_OK;
    enum bp_status status = spell(s, node, &plan, &i, found, error);
    if (status == BP_OK && !*found && plan.levels < 3 && node->streak == 0 &&
        make_plan(s, node, 3, &plan))
        status = spell(s, node, &plan, &i, found, error);
    if (status != BP_OK || !*found)
        return status;
    status = confirm(s, i, found, error);
    if (status == BP_OK && *found && s->locate->n_wrong > 0) {
        const struct bp_wrong_entry *wrong = &s->locate->wrong[s->locate->n_wrong - 1];
        const double d = bp_prober_direction(s->p, wrong->k);
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
    struct bp_residual r, like = tuned(s, 1);
    int levels = 1;
    while (levels < 3 && !(40.0 * bp_residual_error(&like, levels) <= fabs(parent)))
        like = tuned(s, ++levels);
    const enum bp_status status = bp_probe_at(s->p, &node->region, none, &like, levels, &r, error);
    node->value = r.value - known_in(s, &node->region, none);
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
        const enum bp_status status = try_entry(
            s,
            (region->row + in / region->cols) * s->tensor->cols + region->col + in % region->cols,
            &entry, &wrong, error);
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
        return confirm(s, region->row * s->tensor->cols + region->col, &found, error);
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
        root.value = again.value - known_in(&s, &all, none);
        root.tolerance = again.tolerance;
        s.like = again;
    }
    prober->seed = seed;
    return status;
}
