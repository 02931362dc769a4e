/* page_topic.c -- a page on one cause: the formula right and wrong, how it
 * shows, the mistake and its correction in C and numpy, what it is confused with.
 */
#include "plots/page.h"

#include "plots/page_parts.h"

/* Two pieces beside each other, where there is room. */
static void put_pair(struct bp_buffer *to, const char *heading, const char *wrong,
                     const char *right)
{
    if (wrong == NULL && right == NULL)
        return;
    bp_buffer_print(to, "<h2>%s</h2>\n<div class=\"two\">\n", heading);
    const char *const text[] = {wrong, right}, *const name[] = {"wrong", "right"};
    for (int i = 0; i < 2; i++) {
        if (text[i] == NULL)
            continue;
        bp_buffer_print(to, "<div><h3>%s</h3>\n<pre tabindex=\"0\">", name[i]);
        bp_buffer_escape(to, text[i]);
        bp_buffer_put(to, "</pre></div>\n");
    }
    bp_buffer_put(to, "</div>\n");
}

static void put_words(struct bp_buffer *to, const char *heading, const char *text)
{
    if (text == NULL)
        return;
    bp_buffer_print(to, "<h2>%s</h2>\n", heading);
    bp_part_text(to, "p", "", text);
}

enum bp_status bp_page_topic_write(const struct bp_page_topic *topic, const char *folder,
                                   struct bp_error *error)
{
    struct bp_buffer out = {0}, name = {0};
    bp_part_head(&out, topic->name);
    bp_buffer_put(&out, "<nav aria-label=\"contents\"><a href=\"../index.html\">all scenarios</a>"
                        "</nav>\n<main id=\"main\">\n");
    bp_part_text(&out, "h1", "", topic->name);
    bp_part_text(&out, "p", " class=\"verdict\"", topic->title);
    put_words(&out, "What to do", topic->help);
    put_pair(&out, "The formula", topic->wrong, topic->right);
    put_words(&out, "How it shows", topic->shows);
    put_pair(&out, "In C", topic->c_wrong, topic->c_right);
    put_pair(&out, "In numpy", topic->py_wrong, topic->py_right);
    put_words(&out, "What it is confused with", topic->confused);
    put_words(&out, "Where the threshold comes from", topic->source);
    bp_buffer_put(&out, "</main>\n");
    bp_part_foot(&out, false);
    bp_part_address(&name, topic->name);
    if (name.status != BP_OK)
        out.status = name.status;
    const enum bp_status status =
        bp_part_save(&out, folder, name.n == 0 ? "topic" : name.text, error);
    bp_buffer_release(&name);
    return status;
}
