/* page.c -- the page of one scenario, from the verdict down to the raw report. */
#include "plots/page.h"

#include "plots/page_parts.h"

enum { LINES_SHOWN = 40 };

static void put_contents(struct bp_buffer *to, const struct bp_page *page)
{
    bp_buffer_put(to, "<nav aria-label=\"contents\"><a href=\"../index.html\">all reports</a>"
                      "<a href=\"#findings\">findings</a>");
    if (page->figures > 0)
        bp_buffer_put(to, "<a href=\"#figures\">figures</a>");
    if (page->check != NULL)
        bp_buffer_put(to, "<a href=\"#check\">derivatives</a>");
    if (page->traces > 0)
        bp_buffer_put(to, "<a href=\"#trace\">trace</a>");
    if (page->worksheet != NULL)
        bp_buffer_put(to, "<a href=\"#worksheet\">worksheet</a>");
    if (page->report != NULL)
        bp_buffer_put(to, "<a href=\"#report\">report</a>");
    bp_buffer_put(to, "</nav>\n");
}

static void put_verdict(struct bp_buffer *to, const struct bp_page *page)
{
    bp_part_text(to, "h1", "", page->title);
    bp_buffer_print(to, "<div class=\"verdict %s\">\n<p><strong>%s</strong> ",
                    bp_part_class(page->state), bp_part_state(page->state));
    bp_part_causes(to, page);
    if (page->outcome != NULL)
        bp_part_text(to, "p", "", page->outcome);
    if (page->proof != NULL && page->proof[0] != '\0') {
        bp_buffer_put(to, "<p>");
        bp_buffer_escape(to, page->proves);
        bp_buffer_put(to, ": ");
        bp_part_words(to, page->proof);
        bp_buffer_put(to, "</p>\n");
    }
    if (page->expected != NULL)
        bp_part_text(to, "p", " class=\"soft\"", page->expected);
    bp_buffer_put(to, "</div>\n");
}

static void put_facts(struct bp_buffer *to, const struct bp_page *page)
{
    if (page->facts == 0)
        return;
    bp_buffer_put(to, "<section id=\"run\">\n<h2>What was run</h2>\n<dl class=\"facts\">\n");
    for (size_t i = 0; i < page->facts; i++) {
        bp_part_text(to, "dt", "", page->fact[i].name);
        bp_part_text(to, "dd", "", page->fact[i].value);
    }
    bp_buffer_put(to, "</dl>\n</section>\n");
}

static void put_figure(struct bp_buffer *to, const struct bp_page_figure *figure)
{
    bp_buffer_put(to, "<figure>\n");
    if (figure->svg != NULL) {
        bp_buffer_put(to, "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"");
        bp_buffer_escape(to, figure->title);
        bp_buffer_put(to, "\">\n");
        bp_buffer_put(to, figure->svg);
        bp_buffer_put(to, "</div>\n");
    }
    bp_buffer_put(to, "<figcaption><b>");
    bp_part_words(to, figure->title);
    bp_buffer_put(to, "</b> ");
    bp_part_words(to, figure->svg == NULL ? figure->note : figure->text);
    bp_buffer_put(to, "</figcaption>\n</figure>\n");
}

void bp_part_figures(struct bp_buffer *to, const struct bp_page *page)
{
    if (page->figures == 0)
        return;
    bp_buffer_put(to, "<section id=\"figures\">\n<h2>Figures</h2>\n<div class=\"figures\">\n");
    for (size_t i = 0; i < page->figures; i++)
        put_figure(to, &page->figure[i]);
    bp_buffer_put(to, "</div>\n</section>\n");
}

static void put_traces(struct bp_buffer *to, const struct bp_page *page)
{
    if (page->traces == 0)
        return;
    bp_buffer_put(to, "<section id=\"trace\">\n<h2>A sample's way through the network</h2>\n"
                      "<p class=\"soft\">A circle is a neuron, with its a inside and its delta "
                      "beneath; a line is a weight: thick is large, blue is negative, orange is "
                      "positive. Of a wide layer the neurons with the largest |delta| are drawn, "
                      "of the inputs the largest.</p>\n");
    for (size_t i = 0; i < page->traces; i++)
        bp_part_trace(to, &page->trace[i], i);
    bp_buffer_put(to, "</section>\n");
}

static size_t lines_of(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

/* Folded away where it is long, or where the page says the same; then it stays so on
 * paper. */
static void put_plain(struct bp_buffer *to, const char *id, const char *heading, const char *text,
                      bool page_is_enough)
{
    if (text == NULL)
        return;
    const size_t lines = lines_of(text);
    const bool folded = page_is_enough || lines > LINES_SHOWN;
    bp_buffer_print(to,
                    "<section id=\"%s\">\n<h2>%s</h2>\n<details%s><summary>%zu lines of text"
                    "</summary>\n<pre tabindex=\"0\" role=\"region\" aria-label=\"%s\">",
                    id, heading, folded ? " class=\"long\"" : " open", lines, heading);
    bp_buffer_escape(to, text);
    bp_buffer_put(to, "</pre></details>\n</section>\n");
}

enum bp_status bp_page_write(const struct bp_page *page, const char *folder, struct bp_error *error)
{
    struct bp_buffer out = {0};
    bp_part_head(&out, page->title);
    put_contents(&out, page);
    bp_buffer_put(&out, "<main id=\"main\">\n");
    put_verdict(&out, page);
    bp_part_findings(&out, page);
    put_facts(&out, page);
    bp_part_figures(&out, page);
    if (page->check != NULL)
        bp_part_check(&out, page);
    put_traces(&out, page);
    put_plain(&out, "worksheet", "Worksheet: both passes of a sample, to check by hand",
              page->worksheet, false);
    put_plain(&out, "report", "All of it, as the terminal shows it", page->report, true);
    bp_buffer_put(&out, "</main>\n");
    bp_part_foot(&out, true);
    return bp_part_save(&out, folder, "report", error);
}
