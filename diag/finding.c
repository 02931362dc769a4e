/* finding.c -- see finding.h. */
#include "diag/finding.h"

#include "core/mem.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void bp_findings_release(struct bp_findings *findings)
{
    bp_mem_free(findings->item);
    *findings = (struct bp_findings){0};
}

struct bp_finding *bp_findings_add(struct bp_findings *findings, enum bp_look look,
                                   const char *name)
{
    if (findings->n == findings->room) {
        const size_t room = findings->room == 0 ? 8 : 2 * findings->room;
        void *grown = bp_mem_grow(findings->item, findings->n, room, sizeof *findings->item);
        if (grown == NULL)
            return NULL;
        findings->item = grown;
        findings->room = room;
    }
    struct bp_finding *finding = &findings->item[findings->n++];
    *finding = (struct bp_finding){.look = look,
                                   .layer = BP_FINDING_NOWHERE,
                                   .neuron = BP_FINDING_NOWHERE,
                                   .step = -1,
                                   .number = NAN,
                                   .threshold = NAN,
                                   .follows = -1};
    snprintf(finding->name, sizeof finding->name, "%s", name);
    return finding;
}

void bp_finding_because(struct bp_finding *finding, const char *format, ...)
{
    if (finding->n_because == BP_FINDING_LINES)
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(finding->because[finding->n_because++], BP_FINDING_LINE_MAX, format, args);
    va_end(args);
}

void bp_finding_title(struct bp_finding *finding, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(finding->title, sizeof finding->title, format, args);
    va_end(args);
}

void bp_finding_help(struct bp_finding *finding, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(finding->help, sizeof finding->help, format, args);
    va_end(args);
}

void bp_finding_text(const struct bp_finding *finding, char *text, size_t size)
{
    if (finding->layer > 0 && finding->neuron >= 0)
        snprintf(text, size, "%s in layer %d, neuron %d", finding->name, finding->layer,
                 finding->neuron);
    else if (finding->layer > 0)
        snprintf(text, size, "%s in layer %d", finding->name, finding->layer);
    else
        snprintf(text, size, "%s", finding->name);
}

void bp_finding_key(const struct bp_finding *finding, char *text, size_t size)
{
    if (finding->layer > 0 && finding->neuron >= 0)
        snprintf(text, size, "%s:%d:%d", finding->name, finding->layer, finding->neuron);
    else if (finding->layer > 0)
        snprintf(text, size, "%s:%d", finding->name, finding->layer);
    else
        snprintf(text, size, "%s", finding->name);
}

size_t bp_findings_count(const struct bp_findings *findings)
{
    size_t n = 0;
    for (size_t k = 0; k < findings->n; k++)
        n += !findings->item[k].note;
    return n;
}

const char *bp_certainty_text(enum bp_certainty certainty)
{
    static const char *const TEXT[] = {"possible", "likely", "certain"};
    assert((unsigned)certainty < 3);
    return TEXT[certainty];
}

const char *bp_look_text(enum bp_look look)
{
#define BP_LOOK_TEXT(name, text) text,
    static const char *const TEXT[] = {BP_LOOK_LIST(BP_LOOK_TEXT)};
#undef BP_LOOK_TEXT
    assert((unsigned)look < BP_LOOKS);
    return TEXT[look];
}
