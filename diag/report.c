/* report.c -- see report.h. */
#include "diag/report.h"

#include "core/mem.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

/* ---- text ------------------------------------------------------------------ */

static const char *paint(bool colour, const char *code)
{
    return colour ? code : "";
}

void bp_report_add(char *text, size_t size, const char *format, ...)
{
    const size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + used, size - used, format, args);
    va_end(args);
}

void bp_report_signed(double value, char text[24])
{
    const double size = fabs(value);
    if (!isfinite(value))
        snprintf(text, 24, "%s", isnan(value) ? "nan" : value > 0.0 ? "+inf" : "-inf");
    else if (size == 0.0)
        snprintf(text, 24, "0");
    else if (size >= 1e-3 && size < 1e4)
        snprintf(text, 24, "%+.6f", value);
    else
        snprintf(text, 24, "%+.4e", value);
}

/* Columns that a text takes: bytes that do not continue a UTF-8 character. */
static int columns(const char *text, size_t bytes)
{
    int n = 0;
    for (size_t k = 0; k < bytes; k++)
        n += ((unsigned char)text[k] & 0xc0) != 0x80;
    return n;
}

static void put_clean(FILE *out, const char *text, size_t bytes)
{
    for (size_t k = 0; k < bytes; k++) {
        const unsigned char c = (unsigned char)text[k];
        fputc(c < 0x20 || c == 0x7f ? '?' : c, out);
    }
}

void bp_report_wrap(FILE *out, int indent, const char *label, const char *text)
{
    fprintf(out, "%*s%s", indent, "", label);
    const int hang = indent + columns(label, strlen(label));
    int at = hang;
    while (*text == ' ')
        text++;
    for (bool first = true; *text != '\0'; first = false) {
        const size_t word = strcspn(text, " ");
        const int wide = columns(text, word);
        if (!first && at + 1 + wide > BP_REPORT_WIDTH) {
            fprintf(out, "\n%*s", hang, "");
            at = hang;
        } else if (!first) {
            fputc(' ', out);
            at++;
        }
        put_clean(out, text, word);
        at += wide;
        text += word + strspn(text + word, " ");
    }
    fputc('\n', out);
}

static const char *label_of(const struct bp_finding *finding, int depth)
{
    if (depth > 0)
        return "follows: ";
    return finding->note ? "note: " : "cause: ";
}

static void print_heading(FILE *out, const struct bp_finding *finding, int depth, bool colour)
{
    char text[2 * BP_FINDING_NAME_MAX];
    const char *hue = finding->note                      ? BP_HUE_BOLD
                      : finding->certainty == BP_CERTAIN ? BP_HUE_RED
                                                         : BP_HUE_YELLOW;
    bp_finding_text(finding, text, sizeof text);
    fprintf(out, "%*s%s%s", 2 * depth, "", label_of(finding, depth), paint(colour, hue));
    put_clean(out, text, strlen(text));
    fputs(paint(colour, BP_HUE_PLAIN), out);
    if (!finding->note)
        fprintf(out, " (%s)", bp_certainty_text(finding->certainty));
    if (finding->step > 0)
        fprintf(out, " since step %ld", finding->step);
    else if (finding->step == 0)
        fputs(" from the start", out);
    fputc('\n', out);
}

static void print_one(FILE *out, const struct bp_finding *finding, int depth, bool colour)
{
    const int indent = 2 * depth + 2;
    print_heading(out, finding, depth, colour);
    if (depth > 0) { /* a consequence: its number, and no more */
        const char *text = finding->n_because > 0 ? finding->because[0] : finding->title;
        if (text[0] != '\0')
            bp_report_wrap(out, indent, "", text);
        return;
    }
    if (finding->title[0] != '\0')
        bp_report_wrap(out, indent, "shows: ", finding->title);
    for (size_t k = 0; k < finding->n_because; k++)
        bp_report_wrap(out, indent, "because: ", finding->because[k]);
    if (finding->help[0] == '\0')
        return;
    fputs(paint(colour, BP_HUE_GREEN), out);
    bp_report_wrap(out, indent, "help: ", finding->help);
    fputs(paint(colour, BP_HUE_PLAIN), out);
}

static bool is_root(const struct bp_findings *findings, size_t k)
{
    const int cause = findings->item[k].follows;
    return cause < 0 || (size_t)cause >= findings->n || (size_t)cause == k;
}

/* How many causes stand above k; findings->n + 1 when they go in a circle. */
static size_t depth_of(const struct bp_findings *findings, size_t k)
{
    size_t depth = 0;
    while (!is_root(findings, k) && depth <= findings->n) {
        k = (size_t)findings->item[k].follows;
        depth++;
    }
    return depth;
}

static void print_tree(FILE *out, const struct bp_findings *findings, size_t k, int depth,
                       bool colour)
{
    print_one(out, &findings->item[k], depth, colour);
    for (size_t child = 0; child < findings->n; child++)
        if (!is_root(findings, child) && (size_t)findings->item[child].follows == k)
            print_tree(out, findings, child, depth + 1, colour);
}

void bp_report_text(FILE *out, const struct bp_findings *findings, bool colour)
{
    for (int notes = 0; notes < 2; notes++)
        for (size_t k = 0; k < findings->n; k++) {
            const size_t depth = depth_of(findings, k);
            if (findings->item[k].note != (notes == 1) && depth == 0)
                continue;
            if (depth == 0)
                print_tree(out, findings, k, 0, colour);
            else if (depth > findings->n && notes == 0) /* a circle: nobody is first */
                print_one(out, &findings->item[k], 0, colour);
        }
}

/* ---- the summary ------------------------------------------------------------ */

/* Appends what fits. */
static void add_text(char *text, size_t size, const char *more)
{
    const size_t used = strlen(text);
    snprintf(text + used, size - used, "%s", more);
}

/* A gradient that could not be looked at is not a right one. */
static bool is_untested(const struct bp_finding *finding)
{
    return finding->note && (strcmp(finding->name, "gradient-not-matched") == 0 ||
                             strcmp(finding->name, "epoch-not-tested") == 0);
}

void bp_report_verdict(const struct bp_findings *findings, char *text, size_t size)
{
    size_t causes = 0, follow = 0;
    bool untested = false;
    text[0] = '\0';
    for (size_t k = 0; k < findings->n; k++) {
        const struct bp_finding *finding = &findings->item[k];
        char name[2 * BP_FINDING_NAME_MAX];
        untested = untested || is_untested(finding);
        if (finding->note)
            continue;
        if (!is_root(findings, k)) {
            follow++;
            continue;
        }
        bp_finding_text(finding, name, sizeof name);
        add_text(text, size, causes++ == 0 ? "" : ", ");
        add_text(text, size, name);
        add_text(text, size, " (");
        add_text(text, size, bp_certainty_text(finding->certainty));
        add_text(text, size, ")");
    }
    if (causes + follow == 0)
        add_text(text, size,
                 untested ? "nothing found; its gradient could not be tested" : "healthy");
    if (follow > 0) {
        char more[64];
        snprintf(more, sizeof more, "%s%zu follow%s from %s", causes > 0 ? "; " : "", follow,
                 follow == 1 ? "s" : "", causes > 1 ? "them" : "it");
        add_text(text, size, more);
    }
}

void bp_report_summary(FILE *out, const char *name, const struct bp_findings *findings, bool colour)
{
    char verdict[1024];
    bp_report_verdict(findings, verdict, sizeof verdict);
    fputs(paint(colour, bp_findings_count(findings) == 0 ? BP_HUE_GREEN : BP_HUE_RED), out);
    fputs("summary: ", out);
    put_clean(out, name, strlen(name));
    fputs(": ", out);
    put_clean(out, verdict, strlen(verdict));
    fprintf(out, "%s\n", paint(colour, BP_HUE_PLAIN));
}

/* ---- TSV -------------------------------------------------------------------- */

void bp_report_field(FILE *out, const char *text)
{
    for (; *text != '\0'; text++)
        fputc((unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text, out);
}

static void tsv_row(FILE *out, const struct bp_finding *finding)
{
    bp_report_field(out, finding->name);
    fprintf(out, "\t%s\t%s\t%d\t%d\t%ld\t%.17g\t%.17g\t%s\t%d\t", bp_look_text(finding->look),
            bp_certainty_text(finding->certainty), finding->layer, finding->neuron, finding->step,
            finding->number, finding->threshold, finding->note ? "note" : "finding",
            finding->follows);
    bp_report_field(out, finding->title);
    fputc('\t', out);
    for (size_t k = 0; k < finding->n_because; k++) {
        fputs(k == 0 ? "" : "; ", out);
        bp_report_field(out, finding->because[k]);
    }
    fputc('\t', out);
    bp_report_field(out, finding->help);
    fputc('\n', out);
}

void bp_report_tsv(FILE *out, const struct bp_findings *findings)
{
    fputs("name\tlook\tcertainty\tlayer\tneuron\tstep\tnumber\tthreshold\tkind\tfollows\t"
          "shows\tbecause\thelp\n",
          out);
    for (size_t k = 0; k < findings->n; k++)
        tsv_row(out, &findings->item[k]);
}

/* ---- JSON ------------------------------------------------------------------- */

json_t *bp_report_number(double value)
{
    if (isfinite(value))
        return json_real(value);
    return json_string(isnan(value) ? "nan" : value > 0.0 ? "inf" : "-inf");
}

size_t bp_report_json_flags(void)
{
    return JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(17);
}

json_t *bp_report_json_text(const char *text)
{
    json_t *string = json_string(text);
    if (string != NULL)
        return string;
    char *copy = bp_mem_text(text);
    if (copy == NULL)
        return NULL;
    for (char *c = copy; *c != '\0'; c++)
        *c = (unsigned char)*c < 0x80 ? *c : '?';
    string = json_string(copy);
    bp_mem_free(copy);
    return string;
}

enum bp_status bp_report_json_write(FILE *out, json_t *object)
{
    if (object == NULL)
        return BP_ENOMEM;
    const int failed = json_dumpf(object, out, bp_report_json_flags());
    json_decref(object);
    fputc('\n', out);
    return failed == 0 ? BP_OK : BP_ENOMEM;
}

static json_t *json_because(const struct bp_finding *finding)
{
    json_t *lines = json_array();
    for (size_t k = 0; lines != NULL && k < finding->n_because; k++)
        if (json_array_append_new(lines, bp_report_json_text(finding->because[k])) != 0) {
            json_decref(lines);
            return NULL;
        }
    return lines;
}

static json_t *json_finding(const struct bp_finding *finding)
{
    json_t *object = json_object();
    int bad = object == NULL;
    bad |= json_object_set_new(object, "name", bp_report_json_text(finding->name));
    bad |= json_object_set_new(object, "look", json_string(bp_look_text(finding->look)));
    bad |= json_object_set_new(object, "certainty",
                               json_string(bp_certainty_text(finding->certainty)));
    bad |= json_object_set_new(object, "layer", json_integer(finding->layer));
    bad |= json_object_set_new(object, "neuron", json_integer(finding->neuron));
    bad |= json_object_set_new(object, "step", json_integer(finding->step));
    bad |= json_object_set_new(object, "number", bp_report_number(finding->number));
    bad |= json_object_set_new(object, "threshold", bp_report_number(finding->threshold));
    bad |= json_object_set_new(object, "note", json_boolean(finding->note));
    bad |= json_object_set_new(object, "follows", json_integer(finding->follows));
    bad |= json_object_set_new(object, "shows", bp_report_json_text(finding->title));
    bad |= json_object_set_new(object, "because", json_because(finding));
    bad |= json_object_set_new(object, "help", bp_report_json_text(finding->help));
    if (bad == 0)
        return object;
    json_decref(object);
    return NULL;
}

json_t *bp_report_json(const struct bp_findings *findings)
{
    json_t *list = json_array();
    for (size_t k = 0; list != NULL && k < findings->n; k++)
        if (json_array_append_new(list, json_finding(&findings->item[k])) != 0) {
            json_decref(list);
            return NULL;
        }
    return list;
}
