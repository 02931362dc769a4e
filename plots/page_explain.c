/* page_explain.c -- a page on one cause. The catalogue writes its own; a health
 * rule has its threshold and where that comes from.
 */
#include "plots/page.h"

#include "diag/faults/explain.h"
#include "diag/health.h"
#include "plots/page_parts.h"

#include <stdlib.h>
#include <string.h>

static const struct bp_rule *find_rule(const char *name)
{
    size_t tables;
    const struct bp_rule_table *table = bp_health_rules(&tables);
    for (size_t i = 0; i < tables; i++)
        for (size_t k = 0; k < table[i].n; k++)
            if (strcmp(table[i].rule[k].name, name) == 0)
                return &table[i].rule[k];
    return NULL;
}

static void put_term(struct bp_buffer *to, const char *name, const char *text)
{
    if (text == NULL || text[0] == '\0')
        return;
    bp_part_text(to, "dt", "", name);
    bp_part_text(to, "dd", "", text);
}

/* advised: the page has said what to do. */
static void put_rule(struct bp_buffer *to, const struct bp_rule *rule, bool advised)
{
    static const char *const RANK[] = {"the examples", "the network", "the starting weights",
                                       "the run"};
    bp_buffer_put(to, "<section><dl>\n");
    put_term(to, "the rule looks at", RANK[rule->rank]);
    bp_buffer_print(to, "<dt>threshold</dt><dd>%g (", rule->threshold);
    bp_buffer_escape(to, rule->source);
    bp_buffer_put(to, ")</dd>\n");
    put_term(to, "help", advised ? NULL : rule->help);
    bp_buffer_put(to, "</dl></section>\n");
}

static void put_finding(struct bp_buffer *to, const char *name, const struct bp_finding *finding)
{
    bp_part_text(to, "h2", "", name);
    if (finding == NULL)
        return;
    bp_part_text(to, "p", "", finding->title);
    bp_buffer_put(to, "<dl>\n");
    put_term(to, "found by", bp_look_text(finding->look));
    put_term(to, "help", finding->help);
    bp_buffer_put(to, "</dl>\n");
}

/* The catalogue prints to a file: one in memory. */
static void put_fault(struct bp_buffer *to, const struct bp_fault *fault)
{
    char *text = NULL;
    size_t n = 0;
    FILE *file = open_memstream(&text, &n);
    if (file != NULL)
        bp_fault_explain_html(fault, file);
    if (file == NULL || ferror(file) || fclose(file) != 0)
        to->status = BP_ENOMEM;
    else
        bp_buffer_add(to, text, n);
    free(text); /* the stream's own */
}

enum bp_status bp_page_explain_write(const char *name, const struct bp_finding *finding,
                                     const char *folder, struct bp_error *error)
{
    struct bp_buffer out = {0}, file = {0};
    const struct bp_fault *fault = bp_fault_find(name);
    const struct bp_rule *rule = find_rule(name);
    bp_part_head(&out, name);
    bp_buffer_put(&out,
                  "<nav aria-label=\"contents\"><a href=\"../index.html\">all reports</a>"
                  "</nav>\n<main id=\"main\" class=\"explain\">\n<h1>a cause, explained</h1>\n");
    if (fault != NULL)
        put_fault(&out, fault);
    else
        put_finding(&out, name, finding);
    if (rule != NULL)
        put_rule(&out, rule, fault != NULL);
    bp_buffer_put(&out, "</main>\n");
    bp_part_foot(&out, false);
    bp_part_address(&file, name);
    if (file.status != BP_OK)
        out.status = file.status;
    const enum bp_status status =
        bp_part_save(&out, folder, file.n == 0 ? "unnamed" : file.text, error);
    bp_buffer_release(&file);
    return status;
}
