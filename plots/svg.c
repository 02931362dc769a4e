/* svg.c -- one pass over gnuplot's picture, with a table of what becomes what. */
#include "plots/svg.h"

#include "plots/buffer.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* Every rewriting but that of ids and of the head. A text inside a picture
 * cannot be hit: gnuplot writes its < as an entity, and attributes are matched
 * with the blank before them. */
static const struct {
    const char *from, *to;
} REWRITE[] = {
    {" stroke='black'", " stroke='currentColor'"},
    {" stroke=\"black\"", " stroke=\"currentColor\""},
    {" fill=\"black\"", " fill=\"currentColor\""},
    {" stroke='rgb(  0,   0,   0)'", " stroke='currentColor'"},
    {" stroke=\"rgb(  0,   0,   0)\"", " stroke=\"currentColor\""},
    {" fill=\"rgb(0,0,0)\"", " fill=\"currentColor\""},
    {" color=\"black\"", ""},
    {" color=\"white\"", ""},
    {" font-family=\"sans\"", ""},
    {" stroke-linecap=\"butt\" stroke-linejoin=\"miter\"", ""},
    {"<image ", "<image style='image-rendering:pixelated' "},
    {"<title>gnuplot_plot_", NULL}, /* tooltips that say nothing: dropped to </title> */
};

/* Blue is dark on a dark page: there it becomes the palette's sky. */
static const char STYLE[] = "<style>svg:root{color:#1b1b1b;font-family:system-ui,sans-serif}"
                            "@media (prefers-color-scheme:dark){svg:root{color:#e8e8e8;"
                            "background:#16181c}"
                            "svg:root [fill='rgb(0,114,178)']{fill:#56b4e9}"
                            "svg:root [stroke='rgb( 0, 114, 178)']{stroke:#56b4e9}"
                            "svg:root [color='rgb( 0, 114, 178)']{color:#56b4e9}}</style>";

/* Where ids are made or used; the new ones start with the prefix. */
static const char *const ID[] = {" id='gp",        " id=\"gp",      "href='#gp",     "href=\"#gp",
                                 " id=\"gnuplot_", " id='textbox'", " id='greybox'", "url(#"};

static void add_prefix(struct bp_buffer *out, const char *prefix)
{
    for (; *prefix != '\0'; prefix++)
        if (isalnum((unsigned char)*prefix) || *prefix == '-')
            bp_buffer_add(out, prefix, 1);
        else
            bp_buffer_put(out, "-");
    bp_buffer_put(out, "-");
}

/* Copies one rewriting if s starts with one; returns how much of s it took. */
static size_t rewrite(struct bp_buffer *out, const char *s)
{
    for (size_t i = 0; i < sizeof REWRITE / sizeof REWRITE[0]; i++) {
        const size_t n = strlen(REWRITE[i].from);
        if (strncmp(s, REWRITE[i].from, n) != 0)
            continue;
        if (REWRITE[i].to != NULL) {
            bp_buffer_put(out, REWRITE[i].to);
            return n;
        }
        const char *end = strstr(s, "</title>");
        return end == NULL ? n : (size_t)(end - s) + strlen("</title>");
    }
    return 0;
}

/* The same for an id. */
static size_t rename_id(struct bp_buffer *out, const char *s, const char *prefix)
{
    for (size_t i = 0; i < sizeof ID / sizeof ID[0]; i++) {
        if (strncmp(s, ID[i], strlen(ID[i])) != 0)
            continue;
        const size_t n = strcspn(s, "'\"#(") + 1;      /* to the quote, # or ( */
        const size_t hash = n + (s[n] == '#' ? 1 : 0); /* href='#..., url(#... */
        bp_buffer_add(out, s, hash);
        add_prefix(out, prefix);
        return hash;
    }
    return 0;
}

/* The opening <svg ...>, with the picture's own text. */
static void put_head(struct bp_buffer *out, const char *box, size_t box_n, const char *prefix,
                     const char *title, const char *text)
{
    bp_buffer_put(out, "<svg xmlns=\"http://www.w3.org/2000/svg\" "
                       "xmlns:xlink=\"http://www.w3.org/1999/xlink\" role=\"img\" ");
    bp_buffer_add(out, box, box_n);
    bp_buffer_put(out, " aria-labelledby=\"");
    add_prefix(out, prefix);
    bp_buffer_put(out, "title ");
    add_prefix(out, prefix);
    bp_buffer_put(out, "desc\">\n<title id=\"");
    add_prefix(out, prefix);
    bp_buffer_put(out, "title\">");
    bp_buffer_escape(out, title);
    bp_buffer_put(out, "</title>\n<desc id=\"");
    add_prefix(out, prefix);
    bp_buffer_put(out, "desc\">");
    bp_buffer_escape(out, text);
    bp_buffer_print(out, "</desc>\n%s\n", STYLE);
}

static enum bp_status bad_picture(struct bp_error *error, const char *why)
{
    return bp_error_set(error, BP_EINPUT, "gnuplot's picture: %s", why);
}

/* The body, from after gnuplot's own <desc> to the end. */
static void put_body(struct bp_buffer *out, const char *s, const char *prefix)
{
    while (*s != '\0') {
        const bool space = isspace((unsigned char)*s) && isspace((unsigned char)s[1]);
        if (space) {
            s++;
            continue;
        }
        size_t taken = rewrite(out, s);
        if (taken == 0)
            taken = rename_id(out, s, prefix);
        if (taken == 0) {
            bp_buffer_add(out, s, 1);
            taken = 1;
        }
        s += taken;
    }
}

enum bp_status bp_svg_tidy(char **tidy, const char *svg, const char *prefix, const char *title,
                           const char *text, struct bp_error *error)
{
    *tidy = NULL;
    const char *box = strstr(svg, "viewBox=\"");
    const char *desc = strstr(svg, "</desc>");
    const char *end = strstr(svg, "</svg>");
    if (box == NULL || desc == NULL || box > desc || end == NULL)
        return bad_picture(error, "not a whole svg file");
    if (strstr(svg, "<script") != NULL || strstr(svg, "<foreignObject") != NULL)
        return bad_picture(error, "it has a script in it");
    struct bp_buffer out = {0};
    put_head(&out, box, strcspn(box + 9, "\"") + 10, prefix, title, text);
    put_body(&out, desc + strlen("</desc>"), prefix);
    if (out.status != BP_OK) {
        bp_buffer_release(&out);
        return bp_error_set(error, BP_ENOMEM, "%s", bp_status_text(BP_ENOMEM));
    }
    *tidy = out.text;
    return BP_OK;
}
