/* page_index.c -- every scenario at a glance: ill ones first, each with its
 * cause, since when, and what to do.
 */
#include "plots/page.h"

#include "plots/axis.h"
#include "plots/page_parts.h"

#include <math.h>
#include <string.h>

enum { SPARK_POINTS = 60, SPARK_WIDE = 140, SPARK_TALL = 40 };

/* The loss as a small curve, logarithmic where it spans a factor of 20. */
static void put_spark(struct bp_buffer *to, const struct bp_page_item *item)
{
    struct bp_axis axis = {0};
    const size_t points = item->n < SPARK_POINTS ? item->n : SPARK_POINTS;
    bp_axis_see(&axis, item->n, item->loss);
    if (axis.seen < 2)
        return;
    bp_axis_fit(&axis, true);
    bp_buffer_print(to,
                    "<svg class=\"spark\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" "
                    "role=\"img\" aria-label=\"loss from %.2g to %.2g\"><path d=\"",
                    SPARK_WIDE, SPARK_TALL, item->loss[0], item->loss[item->n - 1]);
    bool drawing = false;
    for (size_t i = 0; i < points; i++) {
        const double y = item->loss[points < 2 ? 0 : i * (item->n - 1) / (points - 1)];
        if (isfinite(y))
            bp_buffer_print(to, "%c%.1f %.1f", drawing ? 'L' : 'M',
                            (double)i * SPARK_WIDE / (double)(points - 1),
                            2.0 + (1.0 - bp_axis_place(&axis, y)) * (SPARK_TALL - 4));
        drawing = isfinite(y);
    }
    bp_buffer_put(to, "\"/></svg>\n");
}

static void put_item(struct bp_buffer *to, const struct bp_page_item *item)
{
    const bool page = item->state != BP_PAGE_FAILED; /* what did not run has none */
    bp_buffer_print(to, "<li class=\"card %s\">\n<h3>", bp_part_class(item->state));
    if (page) {
        bp_buffer_put(to, "<a href=\"");
        bp_part_address(to, item->name);
        bp_buffer_put(to, "/report.html\">");
    }
    bp_buffer_escape(to, item->name);
    bp_buffer_print(to, "%s <span class=\"tag\">%s</span></h3>\n", page ? "</a>" : "",
                    bp_part_state(item->state));
    bp_part_text(to, "p", "", item->title);
    put_spark(to, item);
    bp_part_text(to, "p", "", item->verdict);
    if (item->expected != NULL)
        bp_part_text(to, "p", " class=\"soft\"", item->expected);
    if (item->cause != NULL) {
        bp_buffer_put(to, "<p>cause: <a href=\"explain/");
        bp_part_address(to, item->cause);
        bp_buffer_put(to, ".html\">");
        bp_buffer_escape(to, item->cause);
        bp_buffer_put(to, "</a>");
        if (item->since != NULL) {
            bp_buffer_put(to, ", since ");
            bp_buffer_escape(to, item->since);
        }
        bp_buffer_put(to, "</p>\n");
    }
    if (item->help != NULL) {
        bp_buffer_put(to, "<p class=\"help\">what to do: ");
        bp_buffer_escape(to, item->help);
        bp_buffer_put(to, "</p>\n");
    }
    bp_buffer_put(to, "</li>\n");
}

static const char CARD_START[] = "<li class=\"card ", CARD_END[] = "</li>\n";

enum bp_status bp_page_card_write(const struct bp_page_item *item, const char *folder,
                                  struct bp_error *error)
{
    struct bp_buffer out = {0};
    put_item(&out, item);
    return bp_part_save(&out, folder, "card", error);
}

bool bp_page_card_check(const char *text, enum bp_page_state *state)
{
    const size_t n = strlen(text), start = sizeof CARD_START - 1, end = sizeof CARD_END - 1;
    if (n < start + end || strncmp(text, CARD_START, start) != 0 ||
        strcmp(text + n - end, CARD_END) != 0 || strstr(text, "<script") != NULL)
        return false;
    *state = strncmp(text + start, "well", 4) == 0 ? BP_PAGE_HEALTHY : BP_PAGE_ILL;
    return true;
}

static size_t count_of(size_t n, const struct bp_page_item *item, enum bp_page_state state)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += item[i].state == state;
    return count;
}

static void put_group(struct bp_buffer *to, size_t n, const struct bp_page_item *item,
                      enum bp_page_state state, const char *heading)
{
    const size_t count = count_of(n, item, state);
    if (count == 0)
        return;
    bp_buffer_print(to, "<section>\n<h2>%s (%zu)</h2>\n<ul class=\"cards\">\n", heading, count);
    for (size_t i = 0; i < n; i++)
        if (item[i].state == state && item[i].card != NULL)
            bp_buffer_put(to, item[i].card);
        else if (item[i].state == state)
            put_item(to, &item[i]);
    bp_buffer_put(to, "</ul>\n</section>\n");
}

static void put_summary(struct bp_buffer *to, size_t n, const struct bp_page_item *item)
{
    const size_t ill = count_of(n, item, BP_PAGE_ILL), failed = count_of(n, item, BP_PAGE_FAILED);
    bp_buffer_print(to, "<p class=\"verdict %s\">%zu of %zu ill, %zu healthy",
                    ill + failed > 0 ? "ill" : "well", ill, n, count_of(n, item, BP_PAGE_HEALTHY));
    if (failed > 0)
        bp_buffer_print(to, ", %zu did not run", failed);
    bp_buffer_put(
        to, "</p>\n<p class=\"soft\">Each scenario was trained, watched and diagnosed. Ill: a "
            "cause was found. As expected: it is what the scenario was made to "
            "show.</p>\n");
}

enum bp_status bp_page_index_write(const char *title, size_t n, const struct bp_page_item *item,
                                   const char *folder, struct bp_error *error)
{
    struct bp_buffer out = {0};
    bp_part_head(&out, title);
    bp_buffer_put(&out, "<main id=\"main\">\n");
    bp_part_text(&out, "h1", "", title);
    if (n == 0)
        bp_buffer_put(&out, "<p>No scenario was run.</p>\n");
    else
        put_summary(&out, n, item);
    put_group(&out, n, item, BP_PAGE_FAILED, "Did not run");
    put_group(&out, n, item, BP_PAGE_ILL, "Ill");
    put_group(&out, n, item, BP_PAGE_HEALTHY, "Healthy");
    bp_buffer_put(&out, "</main>\n");
    bp_part_foot(&out, false);
    return bp_part_save(&out, folder, "index", error);
}
