/* page_check.c -- every derivative beside its numeric one: a summary by tensor,
 * the worst entries as they are, and all of them, up to KEPT, for the page's script.
 */
#include "plots/page_parts.h"

#include "core/mem.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { WORST = 20, KEPT = 40000 /* a place among them fits two bytes */ };

/* How bad a verdict is: 0 nothing, 1 not known, 2 wrong, 3 no number. */
static int badness(int verdict)
{
    static const int BADNESS[BP_VERDICTS] = {
        [BP_UNDECIDED] = 1, [BP_KINK] = 1, [BP_DISAGREE] = 2, [BP_NOT_FINITE] = 3};
    return BADNESS[verdict];
}

/* All entries in one row: the parameters, then the deltas where they were seen. */
static size_t entries(const struct bp_gradcheck *check)
{
    return check->n_theta + (check->delta == NULL ? 0 : check->n * check->n_units);
}

static size_t first_of(const struct bp_gradcheck *check, const struct bp_tensor_check *tensor)
{
    return tensor->first + (tensor->is_delta ? check->n_theta : 0);
}

static size_t tensors(const struct bp_gradcheck *check)
{
    return check->n_tensors + (check->delta == NULL ? 0 : check->n_deltas);
}

/* The tensor that holds entry k; the tensors cover all of them. */
static const struct bp_tensor_check *tensor_of(const struct bp_gradcheck *check, size_t k)
{
    size_t i = 0;
    while (i + 1 < tensors(check) &&
           k >= first_of(check, &check->tensor[i]) + check->tensor[i].count)
        i++;
    return &check->tensor[i];
}

static struct bp_entry entry_at(const struct bp_gradcheck *check, size_t k)
{
    const struct bp_tensor_check *tensor = tensor_of(check, k);
    return bp_gradcheck_entry(check, tensor, k - first_of(check, tensor));
}

static void put_name(struct bp_buffer *to, const struct bp_gradcheck *check, size_t k)
{
    char name[BP_NAME_MAX];
    const struct bp_tensor_check *tensor = tensor_of(check, k);
    bp_gradcheck_name(check, tensor, k - first_of(check, tensor), name);
    bp_buffer_escape(to, name);
}

/* Columns of its names: 0 for those with one index ("b1[3]"). */
static size_t columns_of(const struct bp_gradcheck *check, const struct bp_tensor_check *tensor)
{
    char name[BP_NAME_MAX];
    bp_gradcheck_name(check, tensor, 0, name);
    return strchr(name, ',') == NULL ? 0 : tensor->cols;
}

/* ---- the worst, as they are ------------------------------------------------- */

static double relative(const struct bp_entry *entry)
{
    const double a = fabs(entry->backprop), n = fabs(entry->numeric);
    const double size = a > n ? a : n, apart = fabs(entry->backprop - entry->numeric);
    return size > 0.0 ? apart / size : 0.0;
}

/* An entry's place among the others: the gravest first, as in the text report. */
struct rank {
    double gravity;
    size_t k, place; /* the script is told it, so that it need not weigh again */
};

static struct rank rank_of(const struct bp_gradcheck *check, size_t k)
{
    const struct bp_entry entry = entry_at(check, k);
    return (struct rank){bp_gradcheck_gravity(tensor_of(check, k), &entry), k, 0};
}

static int by_rank(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    if (x->gravity != y->gravity)
        return x->gravity < y->gravity ? 1 : -1;
    return (x->k > y->k) - (x->k < y->k);
}

static int by_entry(const void *a, const void *b)
{
    const struct rank *x = a, *y = b;
    return (x->k > y->k) - (x->k < y->k);
}

static void put_row(struct bp_buffer *to, const struct bp_gradcheck *check, size_t k)
{
    const struct bp_entry entry = entry_at(check, k);
    const struct {
        double value;
        int digits;
    } cell[] = {{entry.backprop, 17},
                {entry.numeric, 17},
                {relative(&entry), 3},
                {entry.backprop - entry.numeric, 4},
                {entry.error, 2}};
    bp_buffer_put(to, "<tr><th scope=\"row\">");
    put_name(to, check, k);
    bp_buffer_print(to, "</th><td%s>%s</td>",
                    badness((int)entry.verdict) >= 2 ? " class=\"bad\"" : "",
                    bp_verdict_text(entry.verdict));
    for (size_t i = 0; i < sizeof cell / sizeof cell[0]; i++) {
        bp_buffer_put(to, i == 4 ? "<td>&plusmn; " : "<td>");
        bp_part_number(to, cell[i].value, cell[i].digits);
        bp_buffer_put(to, "</td>");
    }
    bp_buffer_put(to, "</tr>\n");
}

static void put_columns(struct bp_buffer *to, bool sortable)
{
    static const char *const COLUMN[][2] = {
        {"entry", "entry"},          {"verdict", "verdict"},   {"backprop", "backprop"},
        {"numeric", "numeric"},      {"relative", "relative"}, {"difference", "difference"},
        {"error", "numeric's error"}};
    bp_buffer_put(to, "<thead><tr>");
    for (size_t i = 0; i < sizeof COLUMN / sizeof COLUMN[0]; i++)
        if (sortable)
            bp_buffer_print(to,
                            "<th scope=\"col\" data-sort=\"%s\"><button type=\"button\">%s"
                            "</button></th>",
                            COLUMN[i][0], COLUMN[i][1]);
        else
            bp_buffer_print(to, "<th scope=\"col\">%s</th>", COLUMN[i][1]);
    bp_buffer_put(to, "</tr></thead>\n");
}

static void put_worst(struct bp_buffer *to, const struct bp_gradcheck *check,
                      const struct rank *rank)
{
    const size_t n = entries(check) < WORST ? entries(check) : WORST;
    bp_buffer_put(to, "<div class=\"scroll paper\" tabindex=\"0\" role=\"region\" "
                      "aria-label=\"the worst entries\">\n<table>");
    bp_buffer_print(to, "<caption>the worst %zu of %zu entries</caption>\n", n, entries(check));
    put_columns(to, false);
    bp_buffer_put(to, "<tbody>\n");
    for (size_t i = 0; i < n; i++)
        put_row(to, check, rank[i].k);
    bp_buffer_put(to, "</tbody></table></div>\n");
}

/* ---- by tensor ---------------------------------------------------------------- */

static void put_count(struct bp_buffer *to, size_t count, bool bad)
{
    bp_buffer_print(to, "<td%s>%zu</td>", bad && count > 0 ? " class=\"bad\"" : "", count);
}

static void put_tensor(struct bp_buffer *to, const struct bp_tensor_check *tensor)
{
    const bool bad =
        tensor->outcome == BP_OUTCOME_DISAGREES || tensor->outcome == BP_OUTCOME_NOT_FINITE;
    bp_buffer_put(to, "<tr><th scope=\"row\">");
    bp_buffer_escape(to, tensor->name);
    bp_buffer_print(to, "</th><td%s>%s</td>", bad ? " class=\"bad\"" : "",
                    bp_outcome_text(tensor->outcome));
    put_count(to, tensor->count, false);
    put_count(to, tensor->verdicts[BP_DISAGREE] + tensor->verdicts[BP_NOT_FINITE], true);
    put_count(to, tensor->verdicts[BP_UNDECIDED] + tensor->verdicts[BP_KINK], false);
    const double value[] = {tensor->relative, tensor->ratio_median, tensor->cosine};
    for (size_t i = 0; i < sizeof value / sizeof value[0]; i++) {
        bp_buffer_put(to, "<td>");
        if (isnan(value[i]))
            bp_buffer_put(to, "&ndash;");
        else
            bp_part_number(to, value[i], i == 0 ? 2 : 4);
        bp_buffer_put(to, "</td>");
    }
    put_count(to, tensor->zeros_wrong, true);
    bp_buffer_put(to, "</tr>\n");
}

static void put_tensors(struct bp_buffer *to, const struct bp_gradcheck *check)
{
    bp_buffer_put(to, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"by "
                      "tensor\">\n<table><caption>by tensor</caption>\n<thead><tr>"
                      "<th scope=\"col\">tensor</th><th scope=\"col\">outcome</th>"
                      "<th scope=\"col\">entries</th><th scope=\"col\">disagree</th>"
                      "<th scope=\"col\">undecided, kink</th>"
                      "<th scope=\"col\">largest relative</th>"
                      "<th scope=\"col\">backprop / numeric</th><th scope=\"col\">cosine</th>"
                      "<th scope=\"col\">0 for non-zero</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < tensors(check); i++)
        put_tensor(to, &check->tensor[i]);
    bp_buffer_put(to, "</tbody></table></div>\n");
}

/* ---- all, for the script -------------------------------------------------------- */

/* Base64 of the bytes, a piece at a time: n is a multiple of 3 but for the last. */
static void put_base64(struct bp_buffer *to, const unsigned char *byte, size_t n)
{
    static const char DIGIT[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        const unsigned b = (unsigned)byte[i] << 16 | (i + 1 < n ? (unsigned)byte[i + 1] << 8 : 0) |
                           (i + 2 < n ? byte[i + 2] : 0);
        const char four[4] = {DIGIT[b >> 18], DIGIT[b >> 12 & 63],
                              i + 1 < n ? DIGIT[b >> 6 & 63] : '=',
                              i + 2 < n ? DIGIT[b & 63] : '='};
        bp_buffer_add(to, four, 4);
    }
}

/* The entries that the script gets, in their order: all, or the worst. */
struct kept {
    size_t n;
    const struct rank *rank;
};

enum column { ENTRY, PLACE, BACKPROP, NUMERIC, ERROR, VERDICT };

/* An entry's bytes in a column, least first: 8 (double), 4 (float, index), 2 or 1. */
static size_t bytes_of(const struct bp_gradcheck *check, const struct rank *rank,
                       enum column column, unsigned char byte[8])
{
    static const size_t SIZE[] = {
        [ENTRY] = 4, [PLACE] = 2, [BACKPROP] = 8, [NUMERIC] = 8, [ERROR] = 4, [VERDICT] = 1};
    const struct bp_entry entry = entry_at(check, rank->k);
    const double value = column == BACKPROP ? entry.backprop : entry.numeric;
    const float error = (float)entry.error;
    uint64_t bits = column == ENTRY   ? rank->k
                    : column == PLACE ? rank->place
                                      : (uint64_t)entry.verdict;
    uint32_t short_bits;
    memcpy(&short_bits, &error, sizeof short_bits);
    if (column == ERROR)
        bits = short_bits;
    else if (column == BACKPROP || column == NUMERIC)
        memcpy(&bits, &value, sizeof bits);
    for (size_t i = 0; i < SIZE[column]; i++)
        byte[i] = (unsigned char)(bits >> (8 * i));
    return SIZE[column];
}

static void put_column(struct bp_buffer *to, const struct bp_gradcheck *check,
                       const struct kept *kept, const char *name, enum column column)
{
    unsigned char piece[24 * 16 + 8];
    size_t n = 0;
    bp_buffer_print(to, ",\n\"%s\": \"", name);
    for (size_t i = 0; i < kept->n; i++) {
        n += bytes_of(check, &kept->rank[i], column, piece + n);
        if (n >= 24 * 16) {
            put_base64(to, piece, 24 * 16);
            n -= 24 * 16;
            memmove(piece, piece + 24 * 16, n);
        }
    }
    put_base64(to, piece, n);
    bp_buffer_put(to, "\"");
}

/* A string in JSON inside a script element: nothing in it can end either. */
static void put_string(struct bp_buffer *to, const char *text)
{
    bp_buffer_put(to, "\"");
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || strchr("\"\\<>&", *text) != NULL)
            bp_buffer_print(to, "\\u%04x", (unsigned char)*text);
        else
            bp_buffer_add(to, text, 1);
    bp_buffer_put(to, "\"");
}

static void put_data(struct bp_buffer *to, const struct bp_gradcheck *check,
                     const struct kept *kept)
{
    bp_buffer_put(to, "<script type=\"application/json\" id=\"check-data\">\n{\"tensors\": [");
    for (size_t i = 0; i < tensors(check); i++) {
        const struct bp_tensor_check *tensor = &check->tensor[i];
        bp_buffer_put(to, i == 0 ? "{\"name\": " : ",\n{\"name\": ");
        put_string(to, tensor->name);
        bp_buffer_print(to, ", \"layer\": %zu, \"first\": %zu, \"count\": %zu, \"cols\": %zu}",
                        tensor->layer, first_of(check, tensor), tensor->count,
                        columns_of(check, tensor));
    }
    bp_buffer_put(to, "],\n\"verdicts\": [");
    for (int v = 0; v < BP_VERDICTS; v++)
        bp_buffer_print(to, "%s\"%s\"", v == 0 ? "" : ", ", bp_verdict_text((enum bp_verdict)v));
    bp_buffer_put(to, "],\n\"badness\": [");
    for (int v = 0; v < BP_VERDICTS; v++)
        bp_buffer_print(to, "%s%d", v == 0 ? "" : ", ", badness(v));
    bp_buffer_print(to, "],\n\"all\": %zu", entries(check));
    if (kept->n < entries(check))
        put_column(to, check, kept, "entry", ENTRY);
    put_column(to, check, kept, "place", PLACE);
    put_column(to, check, kept, "backprop", BACKPROP);
    put_column(to, check, kept, "numeric", NUMERIC);
    put_column(to, check, kept, "error", ERROR);
    put_column(to, check, kept, "verdict", VERDICT);
    bp_buffer_put(to, "}\n</script>\n");
}

/* ---- the tools -------------------------------------------------------------------- */

static void put_layers(struct bp_buffer *to, const struct bp_gradcheck *check)
{
    size_t last = 0;
    bp_buffer_put(to, "<label>layer<select id=\"layer\"><option value=\"\">all</option>");
    for (size_t i = 0; i < tensors(check); i++)
        if (check->tensor[i].layer > last) {
            last = check->tensor[i].layer;
            bp_buffer_print(to, "<option value=\"%zu\">%zu</option>", last, last);
        }
    bp_buffer_put(to, "</select></label>\n");
}

static void put_verdicts(struct bp_buffer *to)
{
    bp_buffer_put(to, "<label>verdict<select id=\"verdict\"><option value=\"\">all</option>"
                      "<option value=\"bad\">disagree or not finite</option>");
    for (int v = 0; v < BP_VERDICTS; v++)
        bp_buffer_print(to, "<option value=\"%d\">%s</option>", v,
                        bp_verdict_text((enum bp_verdict)v));
    bp_buffer_put(to, "</select></label>\n");
}

static void put_tools(struct bp_buffer *to, const struct bp_gradcheck *check)
{
    bp_buffer_put(to, "<div class=\"screen\" hidden>\n<div class=\"tools\">\n");
    put_layers(to, check);
    put_verdicts(to);
    bp_buffer_put(
        to, "<label>entry starts with<input id=\"find\" size=\"10\" placeholder=\"W1[0,\" "
            "autocomplete=\"off\" spellcheck=\"false\"></label>\n"
            "<button type=\"button\" id=\"worst\">worst first</button>\n</div>\n"
            "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"derivatives\">\n"
            "<table id=\"entries\"><caption>backprop beside numeric; a heading sorts"
            "</caption>\n");
    put_columns(to, true);
    bp_buffer_put(to, "<tbody id=\"rows\"></tbody></table></div>\n<div class=\"tools\">"
                      "<button type=\"button\" id=\"back\">back</button> "
                      "<button type=\"button\" id=\"forward\">forward</button> "
                      "<span id=\"count\" role=\"status\"></span></div>\n</div>\n");
}

/* What the numbers are, and when two of them disagree. */
static void put_words(struct bp_buffer *to, const struct bp_page *page)
{
    const struct bp_gradcheck *check = page->check;
    bp_buffer_print(to, "<p>%zu derivatives of the loss%s", entries(check),
                    check->delta == NULL ? "" : ", and of every neuron's delta");
    if (page->where != NULL) {
        bp_buffer_put(to, ", taken ");
        bp_buffer_escape(to, page->where);
    }
    bp_buffer_print(to,
                    ". Numeric: by the %s tier, of %s. An entry disagrees when the difference is "
                    "more than ten times the numeric one's own error and the rounding allowed "
                    "(rtol ",
                    check->numeric.tier == NULL ? "given" : check->numeric.tier->name,
                    check->of == BP_NUMERIC_TWIN ? "the twin (the same network, built in here)"
                                                 : bp_numeric_text(check->of));
    bp_part_number(to, check->rtol, 2);
    bp_buffer_put(to, ").</p>\n");
}

static void put_left_out(struct bp_buffer *to, const struct bp_page *page)
{
    if (entries(page->check) <= KEPT)
        return;
    bp_buffer_print(to, "<p>Here are the worst %d of %zu entries", KEPT, entries(page->check));
    if (page->table != NULL) {
        bp_buffer_put(to, "; all of them are in <a href=\"");
        bp_buffer_escape(to, page->table);
        bp_buffer_put(to, "\">");
        bp_buffer_escape(to, page->table);
        bp_buffer_put(to, "</a>, beside this page");
    }
    bp_buffer_put(to, ".</p>\n");
}

void bp_part_check(struct bp_buffer *to, const struct bp_page *page)
{
    const struct bp_gradcheck *check = page->check;
    const size_t n = entries(check);
    struct rank *rank = bp_mem_new(n > 0 ? n : 1, sizeof *rank);
    if (rank == NULL) {
        to->status = BP_ENOMEM;
        return;
    }
    for (size_t k = 0; k < n; k++)
        rank[k] = rank_of(check, k);
    qsort(rank, n, sizeof *rank, by_rank);
    for (size_t i = 0; i < n; i++)
        rank[i].place = i;
    bp_buffer_put(to, "<section id=\"check\" class=\"check\">\n<h2>Backprop beside numeric</h2>\n");
    put_words(to, page);
    put_tensors(to, check);
    put_left_out(to, page);
    put_tools(to, check);
    put_worst(to, check, rank);
    const struct kept kept = {n < KEPT ? n : KEPT, rank};
    qsort(rank, kept.n, sizeof *rank, by_entry);
    put_data(to, check, &kept);
    bp_buffer_put(to, "</section>\n");
    bp_mem_free(rank);
}
