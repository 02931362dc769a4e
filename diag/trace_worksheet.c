/* trace_worksheet.c -- the passes of one sample, sum by sum, to check by hand. */
#include "diag/trace.h"

#include "core/loss.h"
#include "core/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TERMS = 8, TEXT = 24 };

/* A product in a sum: what comes in, times a weight. */
struct term {
    double in, weight;
    size_t at;
};

static double weight_of(const struct term *term)
{
    const double size = fabs(term->in * term->weight);
    return isnan(size) ? INFINITY : size;
}

static int by_size(const void *a, const void *b)
{
    const struct term *x = a, *y = b;
    const double dx = weight_of(x), dy = weight_of(y);
    if (dx != dy)
        return dx < dy ? 1 : -1;
    return (x->at > y->at) - (x->at < y->at);
}

static int by_place(const void *a, const void *b)
{
    const struct term *x = a, *y = b;
    return (x->at > y->at) - (x->at < y->at);
}

/* Words that wrap at 80 columns, beneath the first. */
struct line {
    FILE *out;
    int at, hang;
};

static void put(struct line *line, const char *text)
{
    const int wide = (int)strcspn(text, "\n");
    if (line->at + wide > BP_REPORT_WIDTH && line->at > line->hang) {
        fprintf(line->out, "\n%*s", line->hang, "");
        line->at = line->hang;
        text += strspn(text, " ");
    }
    fputs(text, line->out);
    line->at += (int)strlen(text);
}

static void put_term(struct line *line, bool first, double in, double weight)
{
    char text[3 * TEXT];
    snprintf(text, sizeof text, "%s%.6g*%.6g", first ? "" : " + ", in, weight);
    put(line, text);
}

/* "1*0.31 + 0*-0.22", or the largest terms and how many there are more. */
static void put_terms(struct line *line, struct term *term, size_t n)
{
    char text[64];
    const size_t shown = n > TERMS ? TERMS : n;
    if (n > TERMS)
        qsort(term, n, sizeof *term, by_size);
    qsort(term, shown, sizeof *term, by_place);
    for (size_t k = 0; k < shown; k++)
        put_term(line, k == 0, term[k].in, term[k].weight);
    if (shown < n) {
        double rest = 0.0;
        for (size_t k = shown; k < n; k++)
            rest += term[k].in * term[k].weight;
        snprintf(text, sizeof text, " + %.6g (%zu smaller terms)", rest, n - shown);
        put(line, text);
    }
}

struct sheet {
    FILE *out;
    const struct bp_mlp *net;
    const struct bp_pass *pass;
    const double *t;
    struct term *term; /* room for the longest sum */
    size_t most;       /* neurons of a layer */
};

static struct line begin_line(const struct sheet *sheet, const char *label)
{
    struct line line = {sheet->out, (int)strlen(label), 0};
    fputs(label, sheet->out);
    line.hang = line.at;
    return line;
}

static double slope_at(const struct bp_layer *layer, double z, double a)
{
    return bp_activation_slope(layer->activation, layer->slope, z, a);
}

/* "z = 1*0.31 + 0*-0.22 + 0.1 = 0.41, a = sigmoid(0.41) = 0.601088" */
static void forward_line(const struct sheet *sheet, size_t l, size_t i)
{
    char text[96];
    const struct bp_tensor *w = bp_mlp_weights(sheet->net, l);
    const struct bp_tensor *b = bp_mlp_biases(sheet->net, l);
    const double *theta = sheet->net->theta;
    const double z = sheet->pass->z[l][i], a = sheet->pass->a[l][i];
    for (size_t j = 0; j < w->cols; j++)
        sheet->term[j] =
            (struct term){sheet->pass->a[l - 1][j], theta[w->offset + i * w->cols + j], j};
    snprintf(text, sizeof text, "  neuron %zu:%zu  z = ", l, i);
    struct line line = begin_line(sheet, text);
    put_terms(&line, sheet->term, w->cols);
    if (b != NULL) {
        snprintf(text, sizeof text, " + %.6g", theta[b->offset + i]);
        put(&line, text);
    }
    snprintf(text, sizeof text, " = %.8g,", z);
    put(&line, text);
    const char *name = bp_activation_name(sheet->net->spec.layer[l].activation);
    if (sheet->net->spec.layer[l].activation == BP_SOFTMAX)
        snprintf(text, sizeof text, " a = e^z / sum of the layer's e^z = %.8g\n", a);
    else
        snprintf(text, sizeof text, " a = %s(%.8g) = %.8g\n", name, z, a);
    put(&line, text);
}

/* "delta = e * f' = 0.39 * 0.24 = 0.0936" for the output. */
static void output_line(const struct sheet *sheet, size_t l, size_t i)
{
    const struct bp_spec *spec = &sheet->net->spec;
    const double a = sheet->pass->a[l][i], e = sheet->pass->e[l][i];
    char text[128];
    snprintf(text, sizeof text, "  neuron %zu:%zu  ", l, i);
    struct line line = begin_line(sheet, text);
    snprintf(text, sizeof text, "a = %.6g, target %.6g, dL/da = %.6g,", a, sheet->t[i], e);
    put(&line, text);
    const double delta = sheet->pass->delta[l][i];
    if (bp_loss_is_matched(spec->loss, spec->layer[l].activation))
        snprintf(text, sizeof text, " delta = a - target = %.8g\n", delta);
    else if (spec->layer[l].activation == BP_SOFTMAX)
        snprintf(text, sizeof text, " delta = a (e - sum of e a) = %.8g\n", delta);
    else
        snprintf(text, sizeof text, " delta = %.6g*%.6g = %.8g\n", e,
                 slope_at(&spec->layer[l], sheet->pass->z[l][i], a), delta);
    put(&line, text);
}

/* "e = 0.0936*0.5 + ... = 0.0468, f' = 0.24, delta = 0.0468*0.24 = 0.0112" */
static void hidden_line(const struct sheet *sheet, size_t l, size_t i)
{
    char text[128];
    const struct bp_tensor *next = bp_mlp_weights(sheet->net, l + 1);
    const double *theta = sheet->net->theta + next->offset;
    for (size_t k = 0; k < next->rows; k++)
        sheet->term[k] = (struct term){sheet->pass->delta[l + 1][k], theta[k * next->cols + i], k};
    snprintf(text, sizeof text, "  neuron %zu:%zu  e = ", l, i);
    struct line line = begin_line(sheet, text);
    put_terms(&line, sheet->term, next->rows);
    const double e = sheet->pass->e[l][i];
    snprintf(text, sizeof text, " = %.6g,", e);
    put(&line, text);
    snprintf(text, sizeof text, " delta = %.6g*%.6g = %.8g\n", e,
             slope_at(&sheet->net->spec.layer[l], sheet->pass->z[l][i], sheet->pass->a[l][i]),
             sheet->pass->delta[l][i]);
    put(&line, text);
}

/* The neurons of a layer, and how many more there are. */
static void print_layer(const struct sheet *sheet, size_t l,
                        void (*line)(const struct sheet *sheet, size_t l, size_t i))
{
    const size_t width = sheet->net->spec.layer[l].width;
    for (size_t i = 0; i < width && i < sheet->most; i++)
        line(sheet, l, i);
    if (width > sheet->most)
        fprintf(sheet->out, "  and %zu more neuron%s of layer %zu\n", width - sheet->most,
                width - sheet->most == 1 ? "" : "s", l);
}

static void print_sheet(const struct sheet *sheet)
{
    const struct bp_spec *spec = &sheet->net->spec;
    fputs("forward: z = sum of input*weight + bias, a = f(z)\n", sheet->out);
    for (size_t l = 1; l <= spec->layers; l++)
        print_layer(sheet, l, forward_line);
    if (sheet->t == NULL)
        return;
    fprintf(sheet->out, "loss (%s): %.8g\n", bp_loss_name(spec->loss),
            bp_pass_sample_loss(sheet->pass, sheet->t, 0));
    fputs("backward: delta = e*f'(z), e = sum of delta*weight of the layer above\n", sheet->out);
    print_layer(sheet, spec->layers, output_line);
    for (size_t l = spec->layers - 1; l >= 1; l--)
        print_layer(sheet, l, hidden_line);
}

static size_t longest_sum(const struct bp_mlp *net)
{
    size_t n = 1;
    for (size_t l = 0; l <= net->spec.layers; l++)
        n = net->spec.layer[l].width > n ? net->spec.layer[l].width : n;
    return n;
}

enum bp_status bp_worksheet_print(FILE *out, const struct bp_mlp *net, const double *x,
                                  const double *t, size_t most)
{
    struct bp_pass pass;
    struct sheet sheet = {out, net, &pass, t, NULL, most};
    if (bp_pass_init(&pass, net, 1) != BP_OK)
        return BP_ENOMEM;
    sheet.term = bp_mem_new(longest_sum(net), sizeof *sheet.term);
    double *grad = bp_mem_new(net->n_theta, sizeof *grad);
    if (sheet.term != NULL && grad != NULL) {
        pass.grad = grad;
        bp_pass_forward(&pass, 1, x);
        if (t != NULL)
            bp_pass_backward(&pass, t);
        print_sheet(&sheet);
    }
    const bool done = sheet.term != NULL && grad != NULL;
    bp_mem_free(grad);
    bp_mem_free(sheet.term);
    bp_pass_release(&pass);
    return done ? BP_OK : BP_ENOMEM;
}

enum bp_status bp_worksheet_text(const struct bp_mlp *net, const double *x, const double *t,
                                 size_t most, char **text)
{
    char *bytes = NULL;
    size_t size = 0;
    *text = NULL;
    FILE *out = open_memstream(&bytes, &size);
    if (out == NULL)
        return BP_ENOMEM;
    enum bp_status status = bp_worksheet_print(out, net, x, t, most);
    if (fclose(out) != 0)
        status = BP_ENOMEM;
    if (status == BP_OK) {
        *text = bp_mem_text(bytes);
        status = *text == NULL ? BP_ENOMEM : BP_OK;
    }
    free(bytes);
    return status;
}
