/* locate_text.c -- the words (see locate.h). */
#include "diag/locate.h"
#include "diag/report.h"

#include <math.h>
#include <string.h>

enum { INDENT = 12, LINE = 400 };

/* 101,770 */
static const char *grouped(size_t n, char text[32])
{
    char digits[24];
    const int count = snprintf(digits, sizeof digits, "%zu", n);
    int to = 0;
    for (int k = 0; k < count; k++) {
        if (k > 0 && (count - k) % 3 == 0)
            text[to++] = ',';
        text[to++] = digits[k];
    }
    text[to] = '\0';
    return text;
}

/* ---- blocks ----------------------------------------------------------------- */

static void vector_text(const struct bp_located_tensor *tensor, const struct bp_wrong_block *block,
                        char *text, size_t size)
{
    char count[32];
    const size_t first = tensor->first + block->col;
    if (block->cols == tensor->cols)
        snprintf(text, size, "all of %s (%s entries)", tensor->name, grouped(block->cols, count));
    else
        snprintf(text, size, "theta[%zu..%zu]", first, first + block->cols - 1);
}

void bp_locate_block_text(const struct bp_locate *locate, const struct bp_wrong_block *block,
                          char *text, size_t size)
{
    const struct bp_located_tensor *tensor = &locate->tensor[block->tensor];
    const size_t row = block->row, col = block->col;
    char count[32];
    grouped(block->rows * block->cols, count);
    if (locate->net == NULL)
        vector_text(tensor, block, text, size);
    else if (block->rows == tensor->rows && block->cols == tensor->cols)
        snprintf(text, size, "all of %s (%s entries)", tensor->name, count);
    else if (block->rows == 1 && block->cols == tensor->cols)
        snprintf(text, size, "row %zu of %s (neuron %zu, %s entries)", row, tensor->name, row,
                 count);
    else if (block->cols == 1 && block->rows == tensor->rows)
        snprintf(text, size, "column %zu of %s (input %zu, %s entries)", col, tensor->name, col,
                 count);
    else if (tensor->cols == 1)
        snprintf(text, size, "%s[%zu..%zu]", tensor->name, row, row + block->rows - 1);
    else
        snprintf(text, size, "%s[%zu..%zu,%zu..%zu]", tensor->name, row, row + block->rows - 1, col,
                 col + block->cols - 1);
}

static size_t blocks_that(const struct bp_locate *locate, bool more)
{
    size_t n = 0;
    for (size_t k = 0; k < locate->n_blocks; k++)
        n += locate->block[k].more == more;
    return n;
}

/* ---- the headline ----------------------------------------------------------- */

static size_t untested(const struct bp_locate *locate)
{
    size_t n = 0;
    for (size_t k = 0; k < locate->n_tensors; k++)
        n += locate->tensor[k].outcome == BP_OUTCOME_NOT_TESTED;
    return n;
}

static void add_untested(const struct bp_locate *locate, char *text, size_t size)
{
    const size_t n = untested(locate);
    size_t shown = 0;
    if (n == 0 || n == locate->n_tensors)
        return;
    bp_report_add(text, size, "; not tested:");
    for (size_t k = 0; k < locate->n_tensors && shown < 6; k++)
        if (locate->tensor[k].outcome == BP_OUTCOME_NOT_TESTED) {
            bp_report_add(text, size, " %s", locate->tensor[k].name);
            shown++;
        }
}

static void headline_of_wrong(const struct bp_locate *locate, char *text, size_t size)
{
    char total[32];
    const size_t blocks = blocks_that(locate, false);
    grouped(locate->n_theta, total);
    if (locate->n_wrong > 0)
        bp_report_add(text, size, "%s%zu of %s derivatives %s wrong",
                      locate->exhausted ? "at least " : "", locate->n_wrong, total,
                      locate->n_wrong == 1 ? "is" : "are");
    if (blocks > 0)
        bp_report_add(text, size, "%s%zu block%s of derivatives %s wrong",
                      locate->n_wrong > 0 ? ", and " : "", blocks, blocks == 1 ? "" : "s",
                      blocks == 1 ? "is" : "are");
}

void bp_locate_headline(const struct bp_locate *locate, char *text, size_t size)
{
    char total[32];
    text[0] = '\0';
    grouped(locate->n_theta, total);
    switch (locate->outcome) {
    case BP_OUTCOME_NOT_FINITE:
        bp_report_add(text, size, "the gradient is not finite");
        for (size_t k = 0; k < locate->n_tensors; k++)
            if (locate->tensor[k].outcome == BP_OUTCOME_NOT_FINITE)
                bp_report_add(text, size, ", first in %s at entry %zu", locate->tensor[k].name,
                              locate->tensor[k].not_finite_at);
        break;
    case BP_OUTCOME_DISAGREES:
        headline_of_wrong(locate, text, size);
        break;
    case BP_OUTCOME_NOT_TESTED:
        if (untested(locate) == locate->n_tensors) {
            bp_report_add(text, size, "not tested: no slope stands out of the noise at this point");
            break;
        }
        /* fall through */
    default:
        bp_report_add(text, size, "%s derivatives agree along a random direction in each tensor",
                      total);
    }
    add_untested(locate, text, size);
}

/* ---- the rest --------------------------------------------------------------- */

static void print_line(FILE *out, const char *text)
{
    bp_report_wrap(out, 0, "            ", text);
}

static void print_entry(FILE *out, const struct bp_wrong_entry *entry)
{
    char backprop[24], numeric[24], line[LINE] = "";
    const double ratio = entry->backprop / entry->numeric;
    bp_report_signed(entry->backprop, backprop);
    bp_report_signed(entry->numeric, numeric);
    bp_report_add(line, sizeof line, "%-8s  backprop %s  numeric %s ± %.0e", entry->name, backprop,
                  numeric, entry->error);
    if (isfinite(ratio))
        bp_report_add(line, sizeof line, "  ratio %.4g", ratio == 0.0 ? 0.0 : ratio);
    const int room = BP_REPORT_WIDTH + 1 - (int)strlen(line); /* ± takes two bytes */
    fprintf(out, "%*s%s\n", room < INDENT ? room < 2 ? 2 : room : INDENT, "", line);
}

static void print_block(FILE *out, const struct bp_locate *locate,
                        const struct bp_wrong_block *block)
{
    char text[LINE], line[2 * LINE];
    bp_locate_block_text(locate, block, text, sizeof text);
    if (block->more) {
        snprintf(line, sizeof line, "%s: wrong somewhere, not looked into", text);
        print_line(out, line);
        return;
    }
    snprintf(line, sizeof line, "%s", text);
    print_line(out, line);
    if (isnan(block->ratio_low))
        snprintf(line, sizeof line, "  %zu of %zu entries tried there are wrong", block->wrong,
                 block->tried);
    else if (block->ratio_high - block->ratio_low <= 1e-4 * fabs(block->ratio_low))
        snprintf(line, sizeof line,
                 "  %zu of %zu entries tried there are wrong, all with ratio %.4g", block->wrong,
                 block->tried, block->ratio_low);
    else
        snprintf(line, sizeof line,
                 "  %zu of %zu entries tried there are wrong, ratios %.3g to %.3g", block->wrong,
                 block->tried, block->ratio_low, block->ratio_high);
    print_line(out, line);
}

static void print_costs(FILE *out, const struct bp_locate *locate)
{
    char text[LINE] = "", all[32];
    const size_t spent = bp_locate_evaluations(locate);
    bp_report_add(text, sizeof text, "%s evaluations of the %s: %zu to detect", grouped(spent, all),
                  locate->twin ? "twin's loss" : "loss", locate->detecting);
    if (locate->locating > 0)
        bp_report_add(text, sizeof text, ", %zu to locate", locate->locating);
    if (locate->confirming > 0)
        bp_report_add(text, sizeof text, ", %zu to confirm", locate->confirming);
    if (locate->sloping > 0)
        bp_report_add(text, sizeof text, ", %zu for slopes", locate->sloping);
    print_line(out, text);
    text[0] = '\0';
    bp_report_add(text, sizeof text, "one by one it would be %s or more",
                  grouped(2 * locate->n_theta, all));
    if (spent < 2 * locate->n_theta)
        print_line(out, text);
}

static void print_slopes(FILE *out, const struct bp_locate *locate)
{
    for (size_t k = 0; k < locate->n_lines; k++) {
        const struct bp_slope_line *line = &locate->line[k];
        if (isnan(line->order))
            fprintf(out, "%*sslope test of %s: nothing but rounding is left over\n", INDENT, "",
                    line->name);
        else
            fprintf(out, "%*sslope test of %s: what is left over falls as h^%.1f: %s\n", INDENT, "",
                    line->name, line->order, line->right ? "right" : "wrong");
    }
}

void bp_locate_text(FILE *out, const struct bp_locate *locate, bool colour)
{
    const char *hue = locate->outcome == BP_OUTCOME_AGREES       ? BP_HUE_GREEN
                      : locate->outcome == BP_OUTCOME_NOT_TESTED ? BP_HUE_YELLOW
                                                                 : BP_HUE_RED;
    char headline[LINE], label[64];
    bp_locate_headline(locate, headline, sizeof headline);
    snprintf(label, sizeof label, "%s%-*s%s", colour ? hue : "", INDENT, "locate",
             colour ? BP_HUE_PLAIN : "");
    if (colour)
        fprintf(out, "%s%s\n", label, headline);
    else
        bp_report_wrap(out, 0, label, headline);
    for (size_t k = 0; k < locate->n_wrong; k++)
        print_entry(out, &locate->wrong[k]);
    for (size_t k = 0; k < locate->n_blocks; k++)
        print_block(out, locate, &locate->block[k]);
    if (locate->factor != 1.0) {
        char text[LINE];
        snprintf(text, sizeof text, "the size of the gradient is a convention: divided by %.6g",
                 locate->factor);
        print_line(out, text);
    }
    print_slopes(out, locate);
    print_costs(out, locate);
}
