/* page_findings.c -- verdict, cause and proof: each finding with its place, its
 * evidence and what to do, and beneath it what follows from it.
 */
#include "plots/page_parts.h"

#include <stdio.h>

static void put_place(struct bp_buffer *to, const struct bp_finding *finding)
{
    if (finding->layer > 0)
        bp_buffer_print(to, " in layer %d", finding->layer);
    if (finding->layer > 0 && finding->neuron >= 0)
        bp_buffer_print(to, ", neuron %d", finding->neuron);
}

static void put_heading(struct bp_buffer *to, const struct bp_finding *finding)
{
    bp_buffer_put(to, "<h3><a href=\"../explain/");
    bp_part_address(to, finding->name);
    bp_buffer_put(to, ".html\">");
    bp_buffer_escape(to, finding->name);
    bp_buffer_put(to, "</a>");
    put_place(to, finding);
    bp_buffer_print(to, " <span class=\"tag\">%s</span> <span class=\"tag\">found by %s</span>",
                    bp_certainty_text(finding->certainty), bp_look_text(finding->look));
    if (finding->note)
        bp_buffer_put(to, " <span class=\"tag\">note</span>");
    if (finding->step == 0)
        bp_buffer_put(to, " <span class=\"tag\">from the start</span>");
    if (finding->step > 0)
        bp_buffer_print(to, " <span class=\"tag\">since step %ld</span>", finding->step);
    bp_buffer_put(to, "</h3>\n");
}

/* One finding; those that follow from it are put inside. */
static void put_finding(struct bp_buffer *to, const struct bp_findings *findings, size_t which,
                        int depth)
{
    const struct bp_finding *finding = &findings->item[which];
    bp_buffer_put(to, "<article class=\"finding\">\n");
    put_heading(to, finding);
    bp_part_text(to, "p", "", finding->title);
    if (finding->n_because > 0) {
        bp_buffer_put(to, "<p class=\"soft\">because</p>\n<ul>\n");
        for (size_t i = 0; i < finding->n_because; i++)
            bp_part_text(to, "li", "", finding->because[i]);
        bp_buffer_put(to, "</ul>\n");
    }
    if (finding->help[0] != '\0') {
        bp_buffer_put(to, "<p class=\"help\">what to do: ");
        bp_buffer_escape(to, finding->help);
        bp_buffer_put(to, "</p>\n");
    }
    bool first = true;
    for (size_t i = 0; i < findings->n && depth < 8; i++) {
        if (findings->item[i].follows != (int)which || i == which)
            continue;
        if (first)
            bp_buffer_put(to, "<p class=\"soft\">from this follows</p>\n");
        first = false;
        put_finding(to, findings, i, depth + 1);
    }
    bp_buffer_put(to, "</article>\n");
}

static void put_roots(struct bp_buffer *to, const struct bp_findings *findings, bool notes)
{
    for (size_t i = 0; i < findings->n; i++) {
        const int follows = findings->item[i].follows;
        const bool root = follows < 0 || (size_t)follows >= findings->n;
        if (root && findings->item[i].note == notes)
            put_finding(to, findings, i, 0);
    }
}

void bp_part_findings(struct bp_buffer *to, const struct bp_findings *findings)
{
    bp_buffer_put(to, "<section id=\"findings\">\n<h2>What was found</h2>\n");
    if (findings == NULL || bp_findings_count(findings) == 0)
        bp_buffer_put(to, "<p>Nothing that is wrong.</p>\n");
    if (findings != NULL) {
        put_roots(to, findings, false);
        put_roots(to, findings, true);
    }
    bp_buffer_put(to, "</section>\n");
}
