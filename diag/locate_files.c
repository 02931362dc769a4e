/* locate_files.c -- a search in full, for other programs; the fields are those of
 * docs/formats.md. */
#include "diag/locate.h"
#include "diag/report.h"

#include <math.h>

/* ---- TSV -------------------------------------------------------------------- */

static void tsv_head(FILE *out, const char *kind, const char *name,
                     const struct bp_located_tensor *tensor, const struct bp_wrong_block *part)
{
    fprintf(out, "%s\t", kind);
    bp_report_field(out, name);
    fprintf(out, "\t%s\t%zu\t%zu\t%zu\t%zu\t%zu\t", tensor->name, tensor->layer, part->row,
            part->rows, part->col, part->cols);
}

static void tsv_tensor(FILE *out, const struct bp_located_tensor *t)
{
    const struct bp_wrong_block all = {.rows = t->rows, .cols = t->cols};
    tsv_head(out, "tensor", t->name, t, &all);
    fprintf(out, "%.17g\t%.17g\t%.17g\t%.17g\t%s\n", t->slope, t->slope - t->residual, t->error,
            t->tolerance, bp_outcome_text(t->outcome));
}

static void tsv_entry(FILE *out, const struct bp_locate *locate, const struct bp_wrong_entry *e)
{
    const struct bp_located_tensor *tensor = &locate->tensor[e->tensor];
    const size_t i = e->k - tensor->first;
    const struct bp_wrong_block at = {
        .row = i / tensor->cols, .rows = 1, .col = i % tensor->cols, .cols = 1};
    tsv_head(out, "entry", e->name, tensor, &at);
    fprintf(out, "%.17g\t%.17g\t%.17g\t%.17g\t%s\n", e->backprop, e->numeric, e->error,
            e->tolerance, bp_outcome_text(BP_OUTCOME_DISAGREES));
}

static void tsv_block(FILE *out, const struct bp_locate *locate, const struct bp_wrong_block *block)
{
    char text[200];
    bp_locate_block_text(locate, block, text, sizeof text);
    tsv_head(out, "block", text, &locate->tensor[block->tensor], block);
    fprintf(out, "\t\t\t\t%s\n",
            bp_outcome_text(block->more ? BP_OUTCOME_NOT_TESTED : BP_OUTCOME_DISAGREES));
}

void bp_locate_tsv(FILE *out, const struct bp_locate *locate)
{
    fputs("kind\tname\ttensor\tlayer\trow\trows\tcol\tcols\tbackprop\tnumeric\terror\tallowed\t"
          "outcome\n",
          out);
    for (size_t k = 0; k < locate->n_tensors; k++)
        tsv_tensor(out, &locate->tensor[k]);
    for (size_t k = 0; k < locate->n_wrong; k++)
        tsv_entry(out, locate, &locate->wrong[k]);
    for (size_t k = 0; k < locate->n_blocks; k++)
        tsv_block(out, locate, &locate->block[k]);
}

/* ---- JSON ------------------------------------------------------------------- */

static json_t *count(size_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *tensor_object(const struct bp_located_tensor *t)
{
    const bool finite = t->not_finite_at >= t->rows * t->cols;
    return json_pack("{s:s, s:o, s:o, s:o, s:s, s:b, s:o, s:o, s:o, s:o, s:o, s:o}", "name",
                     t->name, "layer", count(t->layer), "rows", count(t->rows), "cols",
                     count(t->cols), "outcome", bp_outcome_text(t->outcome), "kink", t->kink,
                     "slope", bp_report_number(t->slope), "residual", bp_report_number(t->residual),
                     "error", bp_report_number(t->error), "allowed", bp_report_number(t->tolerance),
                     "step", bp_report_number(t->step), "not_finite_at",
                     finite ? json_null() : count(t->not_finite_at));
}

static json_t *entry_object(const struct bp_locate *locate, const struct bp_wrong_entry *e)
{
    const struct bp_located_tensor *tensor = &locate->tensor[e->tensor];
    const size_t i = e->k - tensor->first;
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "name", e->name, "tensor",
                     tensor->name, "row", count(i / tensor->cols), "col", count(i % tensor->cols),
                     "backprop", bp_report_number(e->backprop), "numeric",
                     bp_report_number(e->numeric), "error", bp_report_number(e->error), "allowed",
                     bp_report_number(e->tolerance));
}

static json_t *block_object(const struct bp_locate *locate, const struct bp_wrong_block *b)
{
    char text[200];
    bp_locate_block_text(locate, b, text, sizeof text);
    return json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "name", text,
                     "tensor", locate->tensor[b->tensor].name, "row", count(b->row), "rows",
                     count(b->rows), "col", count(b->col), "cols", count(b->cols), "tried",
                     count(b->tried), "wrong", count(b->wrong), "ratio_low",
                     bp_report_number(b->ratio_low), "ratio_high", bp_report_number(b->ratio_high),
                     "looked_into", !b->more);
}

static json_t *slope_object(const struct bp_slope_line *line)
{
    json_t *h = json_array(), *residual = json_array();
    for (size_t k = 0; k < line->n; k++) {
        json_array_append_new(h, bp_report_number(line->h[k]));
        json_array_append_new(residual, bp_report_number(line->residual[k]));
    }
    return json_pack("{s:s, s:o, s:b, s:o, s:o}", "tensor", line->name, "order",
                     bp_report_number(line->order), "right", line->right, "h", h, "residual",
                     residual);
}

/* NULL, with the list gone, when an item is NULL. */
static json_t *push(json_t *list, json_t *item)
{
    if (list != NULL && json_array_append_new(list, item) == 0)
        return list;
    json_decref(list);
    return NULL;
}

static json_t *evaluations_object(const struct bp_locate *locate)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "detecting", count(locate->detecting), "locating",
                     count(locate->locating), "confirming", count(locate->confirming), "slopes",
                     count(locate->sloping), "all", count(bp_locate_evaluations(locate)));
}

json_t *bp_locate_json(const struct bp_locate *locate)
{
    json_t *tensors = json_array(), *wrong = json_array(), *blocks = json_array(),
           *slopes = json_array();
    char headline[400];
    bp_locate_headline(locate, headline, sizeof headline);
    for (size_t k = 0; k < locate->n_tensors; k++)
        tensors = push(tensors, tensor_object(&locate->tensor[k]));
    for (size_t k = 0; k < locate->n_wrong; k++)
        wrong = push(wrong, entry_object(locate, &locate->wrong[k]));
    for (size_t k = 0; k < locate->n_blocks; k++)
        blocks = push(blocks, block_object(locate, &locate->block[k]));
    for (size_t k = 0; k < locate->n_lines; k++)
        slopes = push(slopes, slope_object(&locate->line[k]));
    return json_pack("{s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:b, s:o, s:o, s:o, s:o, s:o}",
                     "headline", headline, "outcome", bp_outcome_text(locate->outcome),
                     "derivatives", count(locate->n_theta), "loss_of",
                     locate->twin ? "twin" : "subject", "factor", bp_report_number(locate->factor),
                     "loss_noise", bp_report_number(locate->noise), "seed", count(locate->seed),
                     "budget_used_up", locate->exhausted, "evaluations", evaluations_object(locate),
                     "tensors", tensors, "wrong", wrong, "blocks", blocks, "slopes", slopes);
}
