/* page_index.c -- every scenario at a glance: ill ones first, each with its causes,
 * since when, and what to do.
 */
#include "plots/page.h"

#include "core/mem.h"
#include "plots/axis.h"
#include "plots/page_parts.h"

#include <math.h>
#include <string.h>

enum { SPARK_POINTS = 60, SPARK_WIDE = 140, SPARK_TALL = 40, FOLLOWERS = 4 };

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

/* ---- a card ----------------------------------------------------------------------- */

static void put_name(struct bp_buffer *to, const struct bp_page_item *item)
{
    const bool page = item->state != BP_PAGE_FAILED; /* what did not run has none */
    bp_buffer_put(to, "<div class=\"who\">\n");
    put_spark(to, item);
    bp_buffer_put(to, "<h3>");
    if (page) {
        bp_buffer_put(to, "<a href=\"");
        bp_part_folder(to, item->name);
        bp_buffer_put(to, "/report.html\">");
    }
    bp_buffer_escape(to, item->name);
    bp_buffer_print(to, "%s <span class=\"tag\">%s</span></h3>\n", page ? "</a>" : "",
                    bp_part_state(item->state));
    if (item->title != NULL && item->title[0] != '\0')
        bp_part_text(to, "p", "", item->title);
    if (item->outcome != NULL)
        bp_part_text(to, "p", " class=\"soft\"", item->outcome);
    if (item->odd && item->expected != NULL)
        bp_part_text(to, "p", " class=\"odd\"", item->expected);
    bp_buffer_put(to, "</div>\n");
}

static void put_cause(struct bp_buffer *to, const struct bp_finding *finding, size_t steps)
{
    bp_buffer_put(to, "<li><p><b>");
    bp_part_cause(to, finding, "explain");
    bp_buffer_put(to, "</b>");
    bp_part_since(to, finding, steps);
    bp_buffer_print(to, " <span class=\"tag\">%s</span></p>\n",
                    bp_certainty_text(finding->certainty));
    bp_part_text(to, "p", "", finding->title);
    if (finding->help[0] != '\0') {
        bp_buffer_put(to, "<p class=\"help\">what to do: ");
        bp_part_words(to, finding->help);
        bp_buffer_put(to, "</p>\n");
    }
    bp_buffer_put(to, "</li>\n");
}

/* "from this follows: loss-rising, since step 120 of 4000; ... and 2 more". */
static void put_followers(struct bp_buffer *to, const struct bp_page_item *item, size_t roots)
{
    const struct bp_findings *findings = item->findings;
    size_t n = 0;
    for (size_t i = 0; i < findings->n; i++) {
        const struct bp_finding *finding = &findings->item[i];
        char name[2 * BP_FINDING_NAME_MAX];
        if (finding->note || bp_part_is_root(findings, i) || n++ >= FOLLOWERS)
            continue;
        bp_finding_text(finding, name, sizeof name);
        if (n == 1)
            bp_buffer_print(to,
                            "<p class=\"soft\">from %s follows: ", roots > 1 ? "these" : "this");
        bp_buffer_put(to, n == 1 ? "" : "; ");
        bp_buffer_escape(to, name);
        if (finding->step > 0)
            bp_part_since(to, finding, item->steps);
    }
    if (n > FOLLOWERS)
        bp_buffer_print(to, "; and %zu more", n - FOLLOWERS);
    bp_buffer_put(to, n > 0 ? "</p>\n" : "");
}

/* The first note, for a run in which nothing is wrong and which yet did not arrive. */
static void put_note(struct bp_buffer *to, const struct bp_findings *findings)
{
    for (size_t i = 0; i < findings->n; i++) {
        const struct bp_finding *finding = &findings->item[i];
        if (!finding->note)
            continue;
        bp_buffer_put(to, "<p>note: ");
        bp_part_cause(to, finding, "explain");
        bp_buffer_put(to, ": ");
        bp_part_words(to, finding->title);
        bp_buffer_put(to, finding->help[0] == '\0' ? "" : "; what to do: ");
        bp_part_words(to, finding->help);
        bp_buffer_put(to, "</p>\n");
        return;
    }
}

static void put_causes(struct bp_buffer *to, const struct bp_page_item *item)
{
    static const struct bp_findings none = {0};
    const struct bp_findings *findings = item->findings == NULL ? &none : item->findings;
    size_t roots = 0;
    bp_buffer_put(to, "<div class=\"what\">\n");
    for (size_t i = 0; i < findings->n; i++) {
        if (!bp_part_is_root(findings, i))
            continue;
        bp_buffer_put(to, roots++ == 0 ? "<ol class=\"causes\">\n" : "");
        put_cause(to, &findings->item[i], item->steps);
    }
    bp_buffer_put(to, roots > 0 ? "</ol>\n" : "");
    if (roots > 0)
        put_followers(to, item, roots);
    else
        bp_part_text(to, "p", "", item->verdict);
    if (roots == 0)
        put_note(to, findings);
    bp_buffer_put(to, "</div>\n");
}

/* The card's first line says its class, which is all that is read of it later. */
static const char CARD_START[] = "<li class=\"card ", CARD_END[] = "</li>\n";

enum bp_status bp_page_card_make(struct bp_page_card *card, const struct bp_page_item *item)
{
    struct bp_buffer out = {0};
    bp_buffer_print(&out, "%s%s%s%s\">\n", CARD_START, bp_part_class(item->state),
                    item->odd ? " odd" : "", item->program ? " program" : "");
    put_name(&out, item);
    put_causes(&out, item);
    bp_buffer_put(&out, CARD_END);
    *card = (struct bp_page_card){.state = item->state, .odd = item->odd, .program = item->program};
    if (out.status == BP_OK)
        card->text = out.text;
    else
        bp_buffer_release(&out);
    return card->text == NULL ? BP_ENOMEM : BP_OK;
}

enum bp_status bp_page_card_write(const struct bp_page_card *card, const char *folder,
                                  struct bp_error *error)
{
    struct bp_buffer out = {0};
    bp_buffer_put(&out, card->text);
    return bp_part_save(&out, folder, "card", error);
}

/* Whether a word is among the classes, before their closing quote. */
static bool has_class(const char *classes, const char *word)
{
    const char *at = strstr(classes, word);
    return at != NULL && at < classes + strcspn(classes, "\"");
}

bool bp_page_card_read(struct bp_page_card *card, char *text)
{
    const size_t n = strlen(text), start = sizeof CARD_START - 1, end = sizeof CARD_END - 1;
    if (n < start + end || strncmp(text, CARD_START, start) != 0 ||
        strcmp(text + n - end, CARD_END) != 0 || strstr(text, "<script") != NULL)
        return false;
    const char *class = text + start;
    const bool well = strncmp(class, "well", 4) == 0;
    *card = (struct bp_page_card){.state = well ? BP_PAGE_HEALTHY : BP_PAGE_ILL, .text = text};
    card->odd = has_class(class, " odd");
    card->program = has_class(class, " program");
    return true;
}

void bp_page_card_release(struct bp_page_card *card)
{
    bp_mem_free(card->text);
    *card = (struct bp_page_card){0};
}

/* ---- the index ---------------------------------------------------------------------- */

/* The groups in their order: what did not run, what is not as expected, the rest. */
static const struct group {
    const char *id, *heading;
    enum bp_page_state state;
    bool odd;
} GROUP[] = {{"failed", "Did not run", BP_PAGE_FAILED, false},
             {"odd", "Ill, and not as expected", BP_PAGE_ILL, true},
             {"recovered", "Healthy, and not as expected", BP_PAGE_HEALTHY, true},
             {"ill", "Ill", BP_PAGE_ILL, false},
             {"healthy", "Healthy", BP_PAGE_HEALTHY, false}};

enum { GROUPS = sizeof GROUP / sizeof GROUP[0] };

static bool is_in(const struct group *group, const struct bp_page_card *card)
{
    return card->state == group->state &&
           (card->odd == group->odd || card->state == BP_PAGE_FAILED);
}

static size_t count_of(const struct group *group, size_t n, const struct bp_page_card *card)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += is_in(group, &card[i]);
    return count;
}

static void put_group(struct bp_buffer *to, const struct group *group, size_t n,
                      const struct bp_page_card *card)
{
    const size_t count = count_of(group, n, card);
    if (count == 0)
        return;
    bp_buffer_print(to, "<section id=\"%s\">\n<h2>%s (%zu)</h2>\n<ul class=\"cards\">\n", group->id,
                    group->heading, count);
    for (size_t i = 0; i < n; i++)
        if (is_in(group, &card[i]))
            bp_buffer_put(to, card[i].text);
    bp_buffer_put(to, "</ul>\n</section>\n");
}

static void put_contents(struct bp_buffer *to, size_t n, const struct bp_page_card *card)
{
    bp_buffer_put(to, "<nav aria-label=\"contents\">");
    for (size_t g = 0; g < GROUPS; g++) {
        const size_t count = count_of(&GROUP[g], n, card);
        if (count > 0)
            bp_buffer_print(to, "<a href=\"#%s\">%s (%zu)</a>", GROUP[g].id, GROUP[g].heading,
                            count);
    }
    bp_buffer_put(to, "</nav>\n");
}

static void put_summary(struct bp_buffer *to, size_t n, const struct bp_page_card *card)
{
    size_t count[3] = {0}, odd = 0, programs = 0;
    for (size_t i = 0; i < n; i++) {
        count[card[i].state]++;
        odd += card[i].odd;
        programs += card[i].program;
    }
    const size_t failed = count[BP_PAGE_FAILED];
    bp_buffer_print(to, "<p class=\"verdict %s\">%zu of %zu ill, %zu healthy",
                    count[BP_PAGE_ILL] + failed > 0 ? "ill" : "well", count[BP_PAGE_ILL], n,
                    count[BP_PAGE_HEALTHY]);
    if (failed > 0)
        bp_buffer_print(to, ", %zu did not run", failed);
    if (odd > 0)
        bp_buffer_print(to, "; %zu not as %s expect%s", odd, odd == 1 ? "its file" : "their files",
                        odd == 1 ? "s" : "");
    bp_buffer_put(
        to, "</p>\n<p class=\"soft\">Ill: a cause was found. A report's name leads to all that was "
            "seen, a cause's name to a page that explains it.");
    if (programs < n)
        bp_buffer_put(to, " Many scenarios were made to show one cause, and their files expect it; "
                          "what is not as its file expects comes first.");
    bp_buffer_put(to, "</p>\n");
}

enum bp_status bp_page_index_write(const char *title, size_t n, const struct bp_page_card *card,
                                   const char *folder, struct bp_error *error)
{
    struct bp_buffer out = {0};
    bp_part_head(&out, title);
    put_contents(&out, n, card);
    bp_buffer_put(&out, "<main id=\"main\">\n");
    bp_part_text(&out, "h1", "", title);
    if (n == 0)
        bp_buffer_put(&out, "<p>There is no report.</p>\n");
    else
        put_summary(&out, n, card);
    for (size_t g = 0; g < GROUPS; g++)
        put_group(&out, &GROUP[g], n, card);
    bp_buffer_put(&out, "</main>\n");
    bp_part_foot(&out, false);
    return bp_part_save(&out, folder, "index", error);
}
