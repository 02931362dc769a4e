/* explain.c -- see explain.h. */
#include "diag/faults/explain.h"

#include <string.h>

/* ---- text in columns ------------------------------------------------------- */

/* Words of text from column indent on, broken before BP_PAGE_COLUMNS. at: the
 * column reached so far. */
static void wrapped(FILE *out, size_t at, size_t indent, const char *text)
{
    bool first = true;
    while (*text != '\0') {
        const size_t word = strcspn(text, " \n");
        if (!first && at + 1 + word > BP_PAGE_COLUMNS) {
            fprintf(out, "\n%*s", (int)indent, "");
            at = indent;
            first = true;
        }
        fprintf(out, "%s%.*s", first ? "" : " ", (int)word, text);
        at += word + !first;
        first = false;
        text += word;
        if (*text == '\n') {
            fprintf(out, "\n%*s", (int)indent, "");
            at = indent;
            first = true;
        }
        text += *text != '\0';
    }
    fputc('\n', out);
}

enum { LABEL = 11 };

/* "  right    delta = e * f'(z)" */
static void labelled(FILE *out, const char *label, const char *text)
{
    if (text == NULL)
        return;
    fprintf(out, "  %-*s", LABEL - 2, label);
    wrapped(out, LABEL, LABEL, text);
}

/* Each line of code behind a mark. */
static void marked(FILE *out, char mark, const char *code)
{
    while (code != NULL && *code != '\0') {
        const size_t line = strcspn(code, "\n");
        fprintf(out, "    %c %.*s\n", mark, (int)line, code);
        code += line + (code[line] == '\n');
    }
}

static void code_of(FILE *out, const char *language, const char *wrong, const char *right)
{
    if (wrong == NULL && right == NULL)
        return;
    fprintf(out, "\n  in %s\n", language);
    marked(out, '-', wrong);
    marked(out, '+', right);
}

/* ---- where ----------------------------------------------------------------- */

const char *bp_fault_extent(const struct bp_fault *fault)
{
    const unsigned at = fault->extent;
    if ((at & BP_AT_NEURON) != 0)
        return "one neuron of a layer";
    if (at == BP_AT_OUTPUT)
        return "the output layer";
    if (at == BP_AT_ALL)
        return "the whole network";
    if (at == BP_AT_HIDDEN)
        return "a hidden layer";
    if (at == (BP_AT_HIDDEN | BP_AT_ALL))
        return "a hidden layer, or all of them";
    if (at == BP_AT_ANY)
        return "a layer";
    return at == 0 ? "the network as a whole" : "a layer, or all of them";
}

static bool is_hidden(const struct bp_hypothesis *h)
{
    return h->layer == BP_HIDDEN_LAYERS ||
           (h->layer == BP_ALL_LAYERS && (h->fault->extent & (BP_AT_ANY | BP_AT_OUTPUT)) == 0 &&
            (h->fault->extent & BP_AT_HIDDEN) != 0);
}

void bp_fault_help(const struct bp_hypothesis *h, char *text, size_t size)
{
    static const char MARK[] = "layer {l}";
    const char *help = h->fault->help;
    const char *mark = strstr(help, MARK);
    char place[32] = "each layer";
    if (is_hidden(h))
        snprintf(place, sizeof place, "each hidden layer");
    else if (h->layer != BP_ALL_LAYERS)
        snprintf(place, sizeof place, "layer %zu", h->layer);
    if (mark == NULL)
        snprintf(text, size, "%s", help);
    else
        snprintf(text, size, "%.*s%s%s", (int)(mark - help), help, place, mark + strlen(MARK));
}

/* ---- the page -------------------------------------------------------------- */

static void variants(const struct bp_fault *fault, FILE *out)
{
    if (fault->variant == NULL)
        return;
    fprintf(out, "\n  variants\n");
    for (int v = 0; v < fault->variants; v++)
        fprintf(out, "    /%-2d %s\n", v, fault->variant[v]);
}

/* A command that is too long is broken before its last option, so that it can be
 * pasted. */
static void try_it(const struct bp_fault *fault, FILE *out)
{
    char command[BP_ERROR_MAX];
    if (!bp_fault_example(fault, command, sizeof command))
        return;
    const char *option = strstr(command, " --plant ");
    fprintf(out, "\n  try it\n    ");
    if (4 + strlen(command) > BP_PAGE_COLUMNS && option != NULL)
        fprintf(out, "%.*s \\\n        %s\n", (int)(option - command), command, option + 1);
    else
        fprintf(out, "%s\n", command);
}

/* The help as it stands for any layer. */
static void any_help(const struct bp_fault *fault, char *text, size_t size)
{
    const struct bp_hypothesis h = {.fault = fault, .layer = BP_ALL_LAYERS};
    bp_fault_help(&h, text, size);
}

void bp_fault_explain(const struct bp_fault *fault, FILE *out)
{
    const struct bp_page_text *page = &fault->page;
    char help[BP_ERROR_MAX];
    any_help(fault, help, sizeof help);
    fprintf(out, "%s\n  ", fault->name);
    wrapped(out, 2, 2, fault->title);
    fprintf(out, "\n");
    labelled(out, "right", page->right);
    labelled(out, "wrong", page->wrong);
    fprintf(out, "\n");
    labelled(out, "where", bp_fault_extent(fault));
    labelled(out, "seen in", bp_kind_evidence(fault->kind));
    labelled(out, "shows", page->shows);
    code_of(out, "C", page->c_wrong, page->c_right);
    code_of(out, "numpy", page->py_wrong, page->py_right);
    variants(fault, out);
    fprintf(out, "\n");
    fprintf(out, "  not to be confused with\n    ");
    wrapped(out, 4, 4, page->confused == NULL ? "" : page->confused);
    fprintf(out, "\n");
    labelled(out, "help", help);
    try_it(fault, out);
}

/* ---- the same for a browser ------------------------------------------------ */

static void safe(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*text, out);
        }
}

static void element(FILE *out, const char *open, const char *text, const char *close)
{
    if (text == NULL)
        return;
    fputs(open, out);
    safe(out, text);
    fputs(close, out);
}

static void term(FILE *out, const char *name, const char *open, const char *text, const char *close)
{
    if (text == NULL)
        return;
    fprintf(out, "<dt>%s</dt><dd>", name);
    element(out, open, text, close);
    fputs("</dd>\n", out);
}

static void code_html(FILE *out, const char *language, const char *wrong, const char *right)
{
    if (wrong == NULL && right == NULL)
        return;
    fprintf(out, "<dt>in %s</dt><dd>", language);
    element(out, "<pre class=\"wrong\">", wrong, "</pre>");
    element(out, "<pre class=\"right\">", right, "</pre>");
    fputs("</dd>\n", out);
}

void bp_fault_explain_html(const struct bp_fault *fault, FILE *out)
{
    const struct bp_page_text *page = &fault->page;
    char help[BP_ERROR_MAX];
    any_help(fault, help, sizeof help);
    element(out, "<section id=\"", fault->name, "\">\n");
    element(out, "<h2>", fault->name, "</h2>\n");
    element(out, "<p>", fault->title, "</p>\n<dl>\n");
    term(out, "right", "<code>", page->right, "</code>");
    term(out, "wrong", "<code>", page->wrong, "</code>");
    term(out, "where", "", bp_fault_extent(fault), "");
    term(out, "seen in", "", bp_kind_evidence(fault->kind), "");
    term(out, "shows", "", page->shows, "");
    code_html(out, "C", page->c_wrong, page->c_right);
    code_html(out, "numpy", page->py_wrong, page->py_right);
    for (int v = 0; fault->variant != NULL && v < fault->variants; v++)
        term(out, v == 0 ? "variants" : "", "", fault->variant[v], "");
    term(out, "not to be confused with", "", page->confused, "");
    term(out, "help", "", help, "");
    fputs("</dl>\n</section>\n", out);
}

/* ---- the list -------------------------------------------------------------- */

enum { NAME_COLUMN = 34 };

void bp_fault_list(FILE *out)
{
    size_t tables;
    const struct bp_fault_table *const *table = bp_fault_tables(&tables);
    for (size_t i = 0; i < tables; i++) {
        fprintf(out, "%s%s\n", i == 0 ? "" : "\n", table[i]->title);
        for (size_t k = 0; k < table[i]->n; k++) {
            const struct bp_fault *fault = &table[i]->fault[k];
            fprintf(out, "  %-*s", NAME_COLUMN - 2, fault->name);
            if (strlen(fault->name) > NAME_COLUMN - 4) /* a long name has a line for itself */
                fprintf(out, "\n%*s", NAME_COLUMN, "");
            wrapped(out, NAME_COLUMN, NAME_COLUMN, fault->title);
        }
    }
}
