/* page_parts.c -- head and foot, text, addresses and numbers. */
#include "plots/page_parts.h"

#include "diag/report.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

static const char *const CSS[] = {
#include "plots/page_css.h"
};

static const char *const JS[] = {
#include "plots/page_js.h"
};

/* Nothing is loaded: not by a page of ours, and not by one that somebody broke. */
static const char POLICY[] = "default-src 'none'; style-src 'unsafe-inline'; "
                             "script-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
                             "form-action 'none'";

void bp_part_head(struct bp_buffer *to, const char *title)
{
    bp_buffer_print(to,
                    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                    "<link rel=\"icon\" href=\"data:,\">\n",
                    POLICY);
    bp_part_text(to, "title", "", title);
    bp_buffer_put(to, "<style>\n");
    for (size_t i = 0; i < sizeof CSS / sizeof CSS[0]; i++)
        bp_buffer_put(to, CSS[i]);
    bp_buffer_put(to, "</style>\n<body>\n<a class=\"skip\" href=\"#main\">to the content</a>\n");
}

void bp_part_foot(struct bp_buffer *to, bool script)
{
    if (script) {
        bp_buffer_put(to, "<script>\n");
        for (size_t i = 0; i < sizeof JS / sizeof JS[0]; i++)
            bp_buffer_put(to, JS[i]);
        bp_buffer_put(to, "</script>\n");
    }
    bp_buffer_put(to, "</body>\n</html>\n");
}

const char *bp_part_state(enum bp_page_state state)
{
    return state == BP_PAGE_HEALTHY ? "healthy" : state == BP_PAGE_ILL ? "ill" : "did not run";
}

const char *bp_part_class(enum bp_page_state state)
{
    return state == BP_PAGE_HEALTHY ? "well" : state == BP_PAGE_ILL ? "ill" : "failed";
}

void bp_part_words(struct bp_buffer *to, const char *text)
{
    char piece[256];
    const char *s = text == NULL ? "" : text;
    for (const char *at; (at = strstr(s, " %")) != NULL; s = at + 1) {
        for (size_t n; s < at; s += n) {
            n = (size_t)(at - s) < sizeof piece ? (size_t)(at - s) : sizeof piece - 1;
            while (n < (size_t)(at - s) && n > 1 && ((unsigned char)s[n] & 0xc0) == 0x80)
                n--; /* not within a letter */
            memcpy(piece, s, n);
            piece[n] = '\0';
            bp_buffer_escape(to, piece);
        }
        bp_buffer_put(to, at > text && isdigit((unsigned char)at[-1]) ? "&#160;" : " ");
    }
    bp_buffer_escape(to, s);
}

void bp_part_text(struct bp_buffer *to, const char *tag, const char *attributes, const char *text)
{
    bp_buffer_print(to, "<%s%s>", tag, attributes);
    bp_part_words(to, text);
    bp_buffer_print(to, "</%s>\n", tag);
}

void bp_part_address(struct bp_buffer *to, const char *name)
{
    for (; *name != '\0'; name++)
        if (isalnum((unsigned char)*name) || *name == '-')
            bp_buffer_add(to, name, 1);
}

void bp_part_folder(struct bp_buffer *to, const char *name)
{
    for (; *name != '\0'; name++)
        if (isalnum((unsigned char)*name) || strchr("-._", *name) != NULL)
            bp_buffer_add(to, name, 1);
        else
            bp_buffer_print(to, "%%%02X", (unsigned)(unsigned char)*name);
}

void bp_part_number(struct bp_buffer *to, double value, int digits)
{
    if (isnan(value))
        bp_buffer_put(to, "nan");
    else if (isinf(value))
        bp_buffer_put(to, value < 0.0 ? "-inf" : "inf");
    else
        bp_buffer_print(to, "%.*g", digits, value);
}

enum bp_status bp_part_save(struct bp_buffer *page, const char *folder, const char *name,
                            struct bp_error *error)
{
    struct bp_output output;
    char path[BP_PATH_MAX];
    enum bp_status status = page->status;
    snprintf(path, sizeof path, "%s/%s.html", folder, name);
    if (status != BP_OK)
        bp_error_set(error, status, "%s: %s", path, bp_status_text(status));
    else
        status = bp_output_open(&output, path, error);
    if (status == BP_OK) {
        fwrite(page->text, 1, page->n, output.file); /* a short one is seen here: */
        status = bp_output_keep(&output, error);
    }
    bp_buffer_release(page);
    return status;
}
