/* page_findings.c -- each cause with its place, since when, its evidence and what to
 * do; beneath it, in a line each, what follows from it: that goes when the cause does,
 * so nothing is said of what to do about it.
 */
#include "plots/page_parts.h"

#include <stdio.h>

enum { DEEPEST = 8 };

bool bp_part_is_root(const struct bp_findings *findings, size_t which)
{
    const struct bp_finding *finding = &findings->item[which];
    return !finding->note && (finding->follows < 0 || (size_t)finding->follows >= findings->n);
}

/* What is in the program, the data or the network is there from the first step; a rule
 * over the run that names no step looked at all of it. Nothing is said where there was
 * no run. */
void bp_part_since(struct bp_buffer *to, const struct bp_finding *finding, size_t steps)
{
    if (steps == 0 && finding->step <= 0)
        return;
    if (finding->step > 0 && steps > 0)
        bp_buffer_print(to, ", since step %ld of %zu", finding->step, steps);
    else if (finding->step > 0)
        bp_buffer_print(to, ", since step %ld", finding->step);
    else if (finding->step == 0 || finding->look != BP_LOOK_HEALTH)
        bp_buffer_put(to, ", since the start");
    else if (!finding->note)
        bp_buffer_put(to, ", over the whole run");
}

void bp_part_cause(struct bp_buffer *to, const struct bp_finding *finding, const char *folder)
{
    bp_buffer_print(to, "<a href=\"%s/", folder);
    bp_part_address(to, finding->name);
    bp_buffer_put(to, ".html\">");
    bp_buffer_escape(to, finding->name);
    bp_buffer_put(to, "</a>");
    if (finding->layer > 0)
        bp_buffer_print(to, " in layer %d", finding->layer);
    if (finding->layer > 0 && finding->neuron >= 0)
        bp_buffer_print(to, ", neuron %d", finding->neuron);
}

/* ---- in the verdict's box ---------------------------------------------------- */

static void put_brief(struct bp_buffer *to, const struct bp_page *page, size_t which)
{
    const struct bp_finding *finding = &page->findings->item[which];
    char name[2 * BP_FINDING_NAME_MAX];
    bp_finding_text(finding, name, sizeof name);
    bp_buffer_print(to, "<li><a href=\"#finding-%zu\">", which);
    bp_buffer_escape(to, name);
    bp_buffer_print(to, "</a> (%s)", bp_certainty_text(finding->certainty));
    bp_part_since(to, finding, page->steps);
    if (finding->help[0] != '\0') {
        bp_buffer_put(to, "<br>what to do: ");
        bp_part_words(to, finding->help);
    }
    bp_buffer_put(to, "</li>\n");
}

static size_t count_roots(const struct bp_findings *findings)
{
    size_t roots = 0;
    for (size_t i = 0; findings != NULL && i < findings->n; i++)
        roots += bp_part_is_root(findings, i);
    return roots;
}

void bp_part_causes(struct bp_buffer *to, const struct bp_page *page)
{
    const size_t roots = count_roots(page->findings);
    if (roots == 0) {
        bp_part_words(to, page->verdict);
        bp_buffer_put(to, "</p>\n");
        return;
    }
    const size_t follow = bp_findings_count(page->findings) - roots;
    bp_buffer_print(to, "%zu cause%s", roots, roots == 1 ? "" : "s");
    if (follow > 0)
        bp_buffer_print(to, "; %zu more finding%s follow%s from %s", follow, follow == 1 ? "" : "s",
                        follow == 1 ? "s" : "", roots == 1 ? "it" : "them");
    bp_buffer_put(to, "</p>\n<ol class=\"brief\">\n");
    for (size_t i = 0; i < page->findings->n; i++)
        if (bp_part_is_root(page->findings, i))
            put_brief(to, page, i);
    bp_buffer_put(to, "</ol>\n");
}

/* ---- one by one ---------------------------------------------------------------- */

static void put_heading(struct bp_buffer *to, const struct bp_page *page,
                        const struct bp_finding *finding)
{
    bp_buffer_put(to, "<h3>");
    bp_part_cause(to, finding, "../explain");
    bp_part_since(to, finding, page->steps);
    bp_buffer_print(to, " <span class=\"tag\">%s</span> <span class=\"tag\">found by %s</span>",
                    bp_certainty_text(finding->certainty), bp_look_text(finding->look));
    if (finding->note)
        bp_buffer_put(to, " <span class=\"tag\">note</span>");
    bp_buffer_put(to, "</h3>\n");
}

static void put_help(struct bp_buffer *to, const struct bp_finding *finding)
{
    if (finding->help[0] == '\0')
        return;
    bp_buffer_put(to, "<p class=\"help\">what to do: ");
    bp_part_words(to, finding->help);
    bp_buffer_put(to, "</p>\n");
}

static void put_becauses(struct bp_buffer *to, const struct bp_finding *finding)
{
    if (finding->n_because == 0)
        return;
    bp_buffer_put(to, "<p class=\"soft\">because</p>\n<ul>\n");
    for (size_t i = 0; i < finding->n_because; i++)
        bp_part_text(to, "li", "", finding->because[i]);
    bp_buffer_put(to, "</ul>\n");
}

static void put_followers(struct bp_buffer *to, const struct bp_page *page, size_t which,
                          int depth);

static void put_follower(struct bp_buffer *to, const struct bp_page *page, size_t which, int depth)
{
    const struct bp_finding *finding = &page->findings->item[which];
    bp_buffer_put(to, "<li>");
    bp_part_cause(to, finding, "../explain");
    bp_part_since(to, finding, page->steps);
    bp_buffer_put(to, ": ");
    bp_part_words(to, finding->title);
    for (size_t i = 0; i < finding->n_because; i++) {
        bp_buffer_put(to, i == 0 ? "<br><span class=\"soft\">" : "; ");
        bp_part_words(to, finding->because[i]);
    }
    bp_buffer_put(to, finding->n_because > 0 ? "</span>" : "");
    put_followers(to, page, which, depth + 1);
    bp_buffer_put(to, "</li>\n");
}

static void put_followers(struct bp_buffer *to, const struct bp_page *page, size_t which, int depth)
{
    const struct bp_findings *findings = page->findings;
    bool any = false;
    for (size_t i = 0; i < findings->n && depth < DEEPEST; i++) {
        if (findings->item[i].follows != (int)which || i == which)
            continue;
        if (!any && depth == 0)
            bp_buffer_put(to, "<p class=\"soft\">from this follows, and goes with it</p>\n");
        bp_buffer_put(to, any ? "" : "<ul class=\"follows\">\n");
        any = true;
        put_follower(to, page, i, depth);
    }
    bp_buffer_put(to, any ? "</ul>\n" : "");
}

static void put_finding(struct bp_buffer *to, const struct bp_page *page, size_t which)
{
    const struct bp_finding *finding = &page->findings->item[which];
    bp_buffer_print(to, "<article class=\"finding\" id=\"finding-%zu\">\n", which);
    put_heading(to, page, finding);
    bp_part_text(to, "p", "", finding->title);
    put_becauses(to, finding);
    put_help(to, finding);
    put_followers(to, page, which, 0);
    bp_buffer_put(to, "</article>\n");
}

static void put_roots(struct bp_buffer *to, const struct bp_page *page, bool notes)
{
    for (size_t i = 0; i < page->findings->n; i++) {
        const int follows = page->findings->item[i].follows;
        const bool root = follows < 0 || (size_t)follows >= page->findings->n;
        if (root && page->findings->item[i].note == notes)
            put_finding(to, page, i);
    }
}

void bp_part_findings(struct bp_buffer *to, const struct bp_page *page)
{
    bp_buffer_put(to, "<section id=\"findings\">\n<h2>What was found</h2>\n");
    if (page->findings == NULL || bp_findings_count(page->findings) == 0)
        bp_buffer_put(to, "<p>Nothing that is wrong.</p>\n");
    if (page->findings != NULL) {
        put_roots(to, page, false);
        put_roots(to, page, true);
    }
    bp_buffer_put(to, "</section>\n");
}
