/* gradreport.c -- the words; the files are in gradreport_files.c. See gradreport.h. */
#include "diag/gradreport.h"

#include "core/mem.h"
#include "diag/report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INDENT = 12, LINE = 400, WORST = 5, SHOWN = 3 };

static size_t all_tensors(const struct bp_gradcheck *check)
{
    return check->n_tensors + check->n_deltas;
}

/* ---- the headline ----------------------------------------------------------- */

static size_t total(const size_t verdicts[BP_VERDICTS])
{
    size_t n = 0;
    for (int v = 0; v < BP_VERDICTS; v++)
        n += v == BP_LEFT_OUT ? 0 : verdicts[v];
    return n;
}

/* Whether some tensor of this layer has this outcome. */
static bool layer_has(const struct bp_gradcheck *check, size_t layer, enum bp_outcome outcome)
{
    for (size_t k = 0; k < all_tensors(check); k++)
        if (check->tensor[k].layer == layer && check->tensor[k].outcome == outcome)
            return true;
    return false;
}

/* ", all in layer 1", ", in layers 1 and 3", ", in every layer"; nothing when there
 * are no layers or only one. */
static void add_layers(const struct bp_gradcheck *check, enum bp_outcome outcome, char *text,
                       size_t size)
{
    const size_t layers = check->net == NULL ? 0 : check->net->spec.layers;
    size_t n = 0, seen = 0;
    for (size_t l = 1; l <= layers; l++)
        n += layer_has(check, l, outcome);
    if (layers < 2 || n == 0)
        return;
    if (n == layers) {
        bp_report_add(text, size, ", in every layer");
        return;
    }
    bp_report_add(text, size, n == 1 ? ", all in layer" : ", in layers");
    for (size_t l = 1; l <= layers; l++)
        if (layer_has(check, l, outcome)) {
            bp_report_add(text, size, "%s %zu", seen == 0 ? "" : seen + 1 == n ? " and" : ",", l);
            seen++;
        }
}

/* The largest difference, beside its tensor's largest derivative. */
static double agrees_to(const struct bp_gradcheck *check, size_t layer)
{
    double top = 0.0;
    for (size_t k = 0; k < all_tensors(check); k++)
        if ((layer == 0 || check->tensor[k].layer == layer) && check->tensor[k].scaled > top)
            top = check->tensor[k].scaled;
    return top;
}

/* Derivatives that agree in tensors where that says something. */
static size_t tested_and_right(const struct bp_gradcheck *check)
{
    size_t n = 0;
    for (size_t k = 0; k < check->n_tensors; k++)
        if (check->tensor[k].outcome != BP_OUTCOME_NOT_TESTED)
            n += check->tensor[k].verdicts[BP_AGREE];
    return n;
}

static void add_aside(const struct bp_gradcheck *check, char *text, size_t size)
{
    const size_t kinks = check->verdicts[BP_KINK];
    const size_t undecided = check->verdicts[BP_UNDECIDED];
    if (kinks > 0)
        bp_report_add(text, size, "; %zu at a kink", kinks);
    if (undecided > 0 && bp_gradcheck_untested(check) < check->n_tensors)
        bp_report_add(text, size, "; %zu undecided", undecided);
    if (check->verdicts[BP_LEFT_OUT] > 0)
        bp_report_add(text, size, "; %zu left out", check->verdicts[BP_LEFT_OUT]);
}

static void headline_of_wrong(const struct bp_gradcheck *check, enum bp_verdict verdict, char *text,
                              size_t size)
{
    const bool deltas = check->verdicts[verdict] == 0;
    const size_t *verdicts = deltas ? check->delta_verdicts : check->verdicts;
    const bool one = verdicts[verdict] == 1;
    const char *verb = verdict == BP_DISAGREE ? one ? "disagrees" : "disagree"
                       : one                  ? "is not finite"
                                              : "are not finite";
    bp_report_add(text, size, "%zu of %zu %s %s", verdicts[verdict], total(verdicts),
                  deltas ? "deltas" : "derivatives", verb);
}

static void headline_of_untested(const struct bp_gradcheck *check, char *text, size_t size)
{
    const size_t n = bp_gradcheck_untested(check);
    if (n == check->n_tensors)
        bp_report_add(text, size,
                      "not tested: no derivative stands out of the noise at this point");
    else if (n == 0)
        bp_report_add(text, size, "all %zu derivatives agree; some deltas are not tested",
                      check->verdicts[BP_AGREE]);
    else {
        size_t shown = 0;
        bp_report_add(text, size,
                      "%zu of %zu derivatives agree; not tested:", tested_and_right(check),
                      total(check->verdicts));
        for (size_t k = 0; k < check->n_tensors; k++)
            if (check->tensor[k].outcome == BP_OUTCOME_NOT_TESTED && shown++ < 8)
                bp_report_add(text, size, " %s", check->tensor[k].name);
    }
}

void bp_gradreport_headline(const struct bp_gradcheck *check, char *text, size_t size)
{
    text[0] = '\0';
    switch (check->outcome) {
    case BP_OUTCOME_NOT_FINITE:
        headline_of_wrong(check, BP_NOT_FINITE, text, size);
        add_layers(check, BP_OUTCOME_NOT_FINITE, text, size);
        break;
    case BP_OUTCOME_DISAGREES:
        headline_of_wrong(check, BP_DISAGREE, text, size);
        add_layers(check, BP_OUTCOME_DISAGREES, text, size);
        break;
    case BP_OUTCOME_NOT_TESTED:
        headline_of_untested(check, text, size);
        break;
    default:
        bp_report_add(text, size, "%s%zu derivatives agree",
                      check->verdicts[BP_AGREE] == total(check->verdicts) ? "all " : "",
                      check->verdicts[BP_AGREE]);
        if (check->n_deltas > 0)
            bp_report_add(text, size, ", and %zu deltas", check->delta_verdicts[BP_AGREE]);
        bp_report_add(text, size, ", to %.1e", agrees_to(check, 0));
    }
    add_aside(check, text, size);
}

/* ---- numbers ---------------------------------------------------------------- */

/* Seven places where they say enough, powers of ten where not. */
static void ratio_text(const struct bp_entry *entry, int digits, char text[24])
{
    const double ratio = entry->backprop / entry->numeric;
    if (!isfinite(ratio))
        snprintf(text, 24, "-");
    else
        snprintf(text, 24, "%.*g", digits, ratio == 0.0 ? 0.0 : ratio);
}

/* ---- the evidence ----------------------------------------------------------- */

struct evidence {
    char name[BP_NAME_MAX], backprop[24], numeric[24], ratio[24];
    double error;
};

static struct evidence evidence_of(const struct bp_gradcheck *check,
                                   const struct bp_tensor_check *tensor)
{
    const struct bp_entry entry = bp_gradcheck_entry(check, tensor, tensor->worst);
    struct evidence row = {.error = entry.error};
    bp_gradcheck_name(check, tensor, tensor->worst, row.name);
    bp_report_signed(entry.backprop, row.backprop);
    bp_report_signed(entry.numeric, row.numeric);
    ratio_text(&entry, 3, row.ratio);
    return row;
}

static int wider(int width, const char *text)
{
    const int n = (int)strlen(text);
    return n > width ? n : width;
}

/* "W1[0,0]  backprop +0.003640  numeric +0.000853 ± 2e-13  ratio 4.27", one below the
 * other; long ones move to the left together to fit. */
static void print_rows(FILE *out, const struct evidence *row, size_t n)
{
    char line[SHOWN][LINE] = {""};
    int name = 7, backprop = 0, numeric = 0, longest = 0;
    for (size_t k = 0; k < n; k++) {
        name = wider(name, row[k].name);
        backprop = wider(backprop, row[k].backprop);
        numeric = wider(numeric, row[k].numeric);
    }
    for (size_t k = 0; k < n; k++) {
        bp_report_add(line[k], LINE, "%-*s  backprop %*s  numeric %*s ± %.0e  ratio %s", name,
                      row[k].name, backprop, row[k].backprop, numeric, row[k].numeric, row[k].error,
                      row[k].ratio);
        longest = wider(longest, line[k]);
    }
    const int room = BP_REPORT_WIDTH + 1 - longest; /* ± takes two bytes */
    for (size_t k = 0; k < n; k++)
        fprintf(out, "%*s%s\n", room < INDENT ? room < 2 ? 2 : room : INDENT, "", line[k]);
}

/* ---- the worst entries ------------------------------------------------------ */

struct candidate {
    const struct bp_tensor_check *tensor;
    size_t at;
    double gravity;
    size_t order;
};

static int by_gravity(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->gravity != y->gravity)
        return x->gravity < y->gravity ? 1 : -1;
    return (x->order > y->order) - (x->order < y->order);
}

/* Keeps the gravest room of them, in order; n is how many there are. */
static void keep(struct candidate *list, size_t room, size_t *n, struct candidate new)
{
    if (*n == room && by_gravity(&new, &list[room - 1]) >= 0)
        return;
    size_t at = *n < room ? (*n)++ : room - 1;
    for (; at > 0 && by_gravity(&new, &list[at - 1]) < 0; at--)
        list[at] = list[at - 1];
    list[at] = new;
}

/* deltas: of those, else of the parameters. only: of this verdict or graver. */
static size_t find_worst(const struct bp_gradcheck *check, bool deltas, struct candidate *list,
                         size_t room)
{
    size_t n = 0, order = 0;
    for (size_t k = 0; k < all_tensors(check); k++) {
        const struct bp_tensor_check *tensor = &check->tensor[k];
        if (tensor->is_delta != deltas)
            continue;
        for (size_t i = 0; i < tensor->count; i++, order++) {
            const struct bp_entry entry = bp_gradcheck_entry(check, tensor, i);
            if (entry.verdict != BP_LEFT_OUT)
                keep(list, room, &n,
                     (struct candidate){tensor, i, bp_gradcheck_gravity(tensor, &entry), order});
        }
    }
    return n;
}

/* ---- the tables ------------------------------------------------------------- */

/* The median, and the range where there is one: in 20 columns. */
static void print_ratio(FILE *out, const struct bp_tensor_check *tensor)
{
    const double spread = tensor->ratio_high - tensor->ratio_low;
    char text[64];
    if (tensor->ratios == 0)
        snprintf(text, sizeof text, "-");
    else if (spread <= 1e-4 * fabs(tensor->ratio_median))
        snprintf(text, sizeof text, "%.4g", tensor->ratio_median + 0.0); /* -0 is 0 */
    else if (snprintf(text, sizeof text, "%.2g (%.2g to %.2g)", tensor->ratio_median,
                      tensor->ratio_low, tensor->ratio_high) > 20)
        snprintf(text, sizeof text, "%.2g to %.2g", tensor->ratio_low, tensor->ratio_high);
    fprintf(out, "  %s", text);
}

static void print_tensor(FILE *out, const struct bp_tensor_check *tensor, bool colour)
{
    const size_t *v = tensor->verdicts;
    const char *hue = tensor->outcome == BP_OUTCOME_AGREES       ? BP_HUE_GREEN
                      : tensor->outcome == BP_OUTCOME_NOT_TESTED ? BP_HUE_YELLOW
                                                                 : BP_HUE_RED;
    char off[24] = "-", cosine[24] = "-";
    if (tensor->outcome == BP_OUTCOME_NOT_TESTED) {
        fprintf(out, "  %s%-8s%s  not tested, %zu in all\n", colour ? hue : "", tensor->name,
                colour ? BP_HUE_PLAIN : "", tensor->count);
        return;
    }
    if (isfinite(tensor->relative))
        snprintf(off, sizeof off, "%.1e", tensor->relative);
    if (isfinite(tensor->cosine))
        snprintf(cosine, sizeof cosine, "%.4f", tensor->cosine);
    fprintf(out, "  %s%-8s%s%7zu%9zu%6zu%10zu%8s%8s", colour ? hue : "", tensor->name,
            colour ? BP_HUE_PLAIN : "", v[BP_AGREE], v[BP_DISAGREE] + v[BP_NOT_FINITE], v[BP_KINK],
            v[BP_UNDECIDED], off, cosine);
    print_ratio(out, tensor);
    fputc('\n', out);
}

static void print_tensor_note(FILE *out, const struct bp_gradcheck *check,
                              const struct bp_tensor_check *tensor)
{
    char text[LINE] = "", name[BP_NAME_MAX], label[BP_NAME_MAX + 4];
    if (tensor->verdicts[BP_NOT_FINITE] > 0) {
        bp_gradcheck_name(check, tensor, tensor->not_finite_at, name);
        bp_report_add(text, sizeof text, "%s%zu not finite, the first is %s",
                      text[0] == '\0' ? "" : "; ", tensor->verdicts[BP_NOT_FINITE], name);
    }
    if (tensor->zeros_wrong > 0)
        bp_report_add(text, sizeof text, "%s%zu of %zu are exactly 0 in backprop where %s not 0",
                      text[0] == '\0' ? "" : "; ", tensor->zeros_wrong, tensor->count,
                      tensor->zeros_wrong == 1 ? "the numeric one is" : "the numeric ones are");
    if (text[0] == '\0')
        return;
    snprintf(label, sizeof label, "%s: ", tensor->name);
    bp_report_wrap(out, 2, label, text);
}

/* The tensors on which the check says nothing, in one line. */
static void print_untested(FILE *out, const struct bp_gradcheck *check)
{
    char text[LINE] = "";
    for (size_t k = 0; k < all_tensors(check); k++)
        if (check->tensor[k].outcome == BP_OUTCOME_NOT_TESTED && strlen(text) < LINE / 2)
            bp_report_add(text, sizeof text, "%s%s", text[0] == '\0' ? "" : ", ",
                          check->tensor[k].name);
    if (text[0] == '\0')
        return;
    bp_report_add(
        text, sizeof text,
        ": no numeric derivative stands out of its noise here, so that a wrong one would agree "
        "too");
    bp_report_wrap(out, 2, "not tested: ", text);
}

static void print_tensors(FILE *out, const struct bp_gradcheck *check, bool colour)
{
    fprintf(out, "\n  tensor    agree disagree  kink undecided  off by  cosine  ratio\n");
    for (size_t k = 0; k < check->n_deltas; k++)
        print_tensor(out, &check->tensor[check->n_tensors + k], colour);
    for (size_t k = 0; k < check->n_tensors; k++)
        print_tensor(out, &check->tensor[k], colour);
    for (size_t k = 0; k < check->n_deltas; k++)
        print_tensor_note(out, check, &check->tensor[check->n_tensors + k]);
    for (size_t k = 0; k < check->n_tensors; k++)
        print_tensor_note(out, check, &check->tensor[k]);
    print_untested(out, check);
}

static void print_row(FILE *out, const struct bp_gradcheck *check,
                      const struct bp_tensor_check *tensor, size_t i)
{
    const struct bp_entry entry = bp_gradcheck_entry(check, tensor, i);
    char name[BP_NAME_MAX], backprop[24], numeric[24], ratio[24];
    bp_gradcheck_name(check, tensor, i, name);
    bp_report_signed(entry.backprop, backprop);
    bp_report_signed(entry.numeric, numeric);
    ratio_text(&entry, 4, ratio);
    fprintf(out, "  %-15s%12s%12s%8.0e%9.0e%8s  %s\n", name, backprop, numeric, entry.error,
            entry.tolerance, ratio, bp_verdict_text(entry.verdict));
}

static void print_table_head(FILE *out, const char *what)
{
    fprintf(out, "\n  %-15s%12s%12s%8s%9s%8s  verdict\n", what, "backprop", "numeric", "error",
            "allowed", "ratio");
}

static enum bp_status print_worst(FILE *out, const struct bp_gradcheck *check, bool deltas,
                                  size_t room)
{
    struct candidate *list = bp_mem_new(room, sizeof *list);
    if (list == NULL)
        return BP_ENOMEM;
    const size_t n = find_worst(check, deltas, list, room);
    print_table_head(out, deltas ? "worst deltas" : "worst entries");
    for (size_t k = 0; k < n; k++)
        print_row(out, check, list[k].tensor, list[k].at);
    bp_mem_free(list);
    return BP_OK;
}

static void print_all(FILE *out, const struct bp_gradcheck *check)
{
    print_table_head(out, "every entry");
    for (size_t k = 0; k < check->n_deltas; k++)
        for (size_t i = 0; i < check->tensor[check->n_tensors + k].count; i++)
            print_row(out, check, &check->tensor[check->n_tensors + k], i);
    for (size_t k = 0; k < check->n_tensors; k++)
        for (size_t i = 0; i < check->tensor[k].count; i++)
            print_row(out, check, &check->tensor[k], i);
}

static bool is_wrong(enum bp_outcome outcome)
{
    return outcome == BP_OUTCOME_DISAGREES || outcome == BP_OUTCOME_NOT_FINITE;
}

static enum bp_status print_entries(FILE *out, const struct bp_gradcheck *check,
                                    const struct bp_gradreport_style *style)
{
    const size_t usual = check->outcome == BP_OUTCOME_AGREES ? SHOWN : WORST;
    const size_t room = style->worst > 0 ? style->worst : usual;
    if (style->all) {
        print_all(out, check);
        return BP_OK;
    }
    enum bp_status status = BP_OK;
    const size_t wrong_deltas =
        check->delta_verdicts[BP_DISAGREE] + check->delta_verdicts[BP_NOT_FINITE];
    if (wrong_deltas > 0)
        status = print_worst(out, check, true, room);
    if (status == BP_OK && (check->outcome == BP_OUTCOME_AGREES || is_wrong(check->outcome)))
        status = print_worst(out, check, false, room);
    return status;
}

/* ---- the page --------------------------------------------------------------- */

static bool layer_is_right(const struct bp_gradcheck *check, size_t layer)
{
    return layer_has(check, layer, BP_OUTCOME_AGREES) &&
           !layer_has(check, layer, BP_OUTCOME_DISAGREES) &&
           !layer_has(check, layer, BP_OUTCOME_NOT_FINITE);
}

/* "layer 2 agrees to 4e-10", "layers 2, 3 agree to 4e-10" */
static void print_right_layers(FILE *out, const struct bp_gradcheck *check)
{
    const size_t layers = check->net == NULL ? 0 : check->net->spec.layers;
    char text[LINE] = "";
    size_t right = 0;
    double to = 0.0;
    for (size_t l = 1; l <= layers; l++)
        if (layer_is_right(check, l)) {
            bp_report_add(text, sizeof text, "%s%zu", right++ == 0 ? "" : ", ", l);
            to = fmax(to, agrees_to(check, l));
        }
    if (right == 0)
        return;
    bp_report_add(text, sizeof text, " %s to %.1e", right == 1 ? "agrees" : "agree", to);
    bp_report_wrap(out, INDENT, right == 1 ? "layer " : "layers ", text);
}

/* The worst entry of each wrong tensor of parameters, or of deltas where those
 * alone are wrong; then what is right. */
static void print_evidence(FILE *out, const struct bp_gradcheck *check)
{
    const bool deltas = check->verdicts[BP_DISAGREE] + check->verdicts[BP_NOT_FINITE] == 0;
    struct evidence row[SHOWN];
    size_t shown = 0;
    for (size_t k = 0; k < all_tensors(check) && shown < SHOWN; k++) {
        const struct bp_tensor_check *tensor = &check->tensor[k];
        if (tensor->is_delta == deltas && is_wrong(tensor->outcome))
            row[shown++] = evidence_of(check, tensor);
    }
    print_rows(out, row, shown);
    if (shown > 0)
        print_right_layers(out, check);
}

static void print_method(FILE *out, const struct bp_gradcheck *check)
{
    char text[LINE] = "";
    const struct bp_numdiff *d = &check->numeric;
    bp_report_add(text, sizeof text, "%s on %s, %zu evaluations; assumes that %s", d->tier->name,
                  bp_numeric_text(check->of), d->evaluations, d->tier->assumes);
    fputc('\n', out);
    bp_report_wrap(out, 2, "numeric: ", text);
    text[0] = '\0';
    bp_report_add(text, sizeof text, "10 times the error, %.1e of the larger of the two, and %s",
                  check->rtol,
                  check->rounding != NULL ? "what rounding does to a right one"
                                          : "the same of the tensor's largest");
    if (check->noise > 0.0)
        bp_report_add(text, sizeof text, ", and %.1e for the rounding of the step", check->noise);
    bp_report_wrap(out, 2, "allowed: ", text);
    if (check->factor != 1.0) {
        text[0] = '\0';
        bp_report_add(text, sizeof text,
                      "its size is a convention here; numeric was multiplied by %.6g",
                      check->factor);
        bp_report_wrap(out, 2, "scale:   ", text);
    }
}

static void print_twin(FILE *out, const struct bp_gradcheck *check)
{
    char text[LINE] = "";
    if (check->of == BP_NUMERIC_CORE)
        return;
    if (isfinite(check->apart))
        bp_report_add(text, sizeof text,
                      check->apart == 0.0 ? "predictions are the same"
                                          : "predictions differ by %.1e",
                      check->apart);
    if (isfinite(check->loss_apart) && check->loss_apart > 0.0)
        bp_report_add(text, sizeof text, "%sloss by %.1e", text[0] == '\0' ? "" : ", ",
                      check->loss_apart);
    if (check->slopes > 0)
        bp_report_add(text, sizeof text,
                      "%sslopes along %zu random directions agree to %.2g of their error",
                      text[0] == '\0' ? "" : ", ", check->slopes, check->slope_apart);
    if (text[0] != '\0')
        bp_report_wrap(out, 2, "twin:    ", text);
}

static const struct bp_gradreport_style USUAL = {0};

void bp_gradreport_brief(FILE *out, const struct bp_gradcheck *check,
                         const struct bp_gradreport_style *style)
{
    char headline[LINE];
    const bool colour = style != NULL && style->colour;
    bp_gradreport_headline(check, headline, sizeof headline);
    const char *hue = check->outcome == BP_OUTCOME_AGREES       ? BP_HUE_GREEN
                      : check->outcome == BP_OUTCOME_NOT_TESTED ? BP_HUE_YELLOW
                                                                : BP_HUE_RED;
    fputs(colour ? hue : "", out);
    bp_report_wrap(out, 0, "gradcheck   ", headline);
    fputs(colour ? BP_HUE_PLAIN : "", out);
    print_evidence(out, check);
}

enum bp_status bp_gradreport_details(FILE *out, const struct bp_gradcheck *check,
                                     const struct bp_gradreport_style *style)
{
    style = style == NULL ? &USUAL : style;
    print_tensors(out, check, style->colour);
    const enum bp_status status = print_entries(out, check, style);
    print_method(out, check);
    print_twin(out, check);
    return status;
}

enum bp_status bp_gradreport_text(FILE *out, const struct bp_gradcheck *check,
                                  const struct bp_gradreport_style *style)
{
    bp_gradreport_brief(out, check, style);
    return bp_gradreport_details(out, check, style);
}
