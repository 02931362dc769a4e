/* page_parts.h -- the parts that pages are made of; each adds HTML to a buffer.
 * Text of ours goes in by bp_buffer_print(), text from outside by
 * bp_buffer_escape() only.
 */
#ifndef BP_PAGE_PARTS_H
#define BP_PAGE_PARTS_H

#include "plots/buffer.h"
#include "plots/page.h"

/* From <!doctype> to <main>'s start: title from outside. */
void bp_part_head(struct bp_buffer *to, const char *title);
/* The script, where one is wanted, and the end. */
void bp_part_foot(struct bp_buffer *to, bool script);

/* "healthy", "ill", "failed": the word, and the style's class. */
const char *bp_part_state(enum bp_page_state state);
const char *bp_part_class(enum bp_page_state state);

/* Text from outside, escaped; "50.0 %" stays on one line. */
void bp_part_words(struct bp_buffer *to, const char *text);

/* <tag>text from outside</tag>; attributes is ours, with its leading blank, or "". */
void bp_part_text(struct bp_buffer *to, const char *tag, const char *attributes, const char *text);

/* Letters, digits and '-' of a name: what a cause's page is called. */
void bp_part_address(struct bp_buffer *to, const char *name);

/* A folder's name as it stands in an address: all but letters, digits and "-._" as %20. */
void bp_part_folder(struct bp_buffer *to, const char *name);

/* A number in a cell: 17 digits at most, "nan" and "inf" as words. */
void bp_part_number(struct bp_buffer *to, double value, int digits);

/* Is it a cause, one that follows from nothing else? Notes are none. */
bool bp_part_is_root(const struct bp_findings *findings, size_t which);

/* ", since the start", ", since step 120 of 4000", or nothing where it is not told. */
void bp_part_since(struct bp_buffer *to, const struct bp_finding *finding, size_t steps);

/* The name as a link to its page in folder ("../explain"), and " in layer 2, neuron 3". */
void bp_part_cause(struct bp_buffer *to, const struct bp_finding *finding, const char *folder);

/* The verdict, or where there are causes the sum of them: ends the paragraph that it is in. */
void bp_part_causes(struct bp_buffer *to, const struct bp_page *page);
void bp_part_findings(struct bp_buffer *to, const struct bp_page *page);
void bp_part_figures(struct bp_buffer *to, const struct bp_page *page);
void bp_part_check(struct bp_buffer *to, const struct bp_page *page);
void bp_part_trace(struct bp_buffer *to, const struct bp_page_trace *trace, size_t which);

/* Saves a page, or says why not. Takes the buffer's text. */
enum bp_status bp_part_save(struct bp_buffer *page, const char *folder, const char *name,
                            struct bp_error *error);

#endif
