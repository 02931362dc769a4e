/* page_samples.c -- pages from networks that were really checked. */
#include "tests/page_samples.h"

#include "core/init.h"
#include "core/mem.h"
#include "core/rng.h"
#include "plots/gnuplot.h"
#include "tests/figure_samples.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The derivative of the output's activation, forgotten. */
static void forget(const struct bp_pass *pass, size_t l, const struct bp_stage *self, double *out)
{
    (void)self;
    memcpy(out, pass->e[l], pass->n * pass->net->spec.layer[l].width * sizeof *out);
}

static void make_network(struct page_sample *sample, const char *text, bool ill)
{
    struct bp_spec spec;
    struct bp_error error;
    const struct bp_init init = {.weights = {.scheme = BP_INIT_GLOROT},
                                 .biases = {.scheme = BP_INIT_NORMAL, .sd = 0.3},
                                 .seed = 5};
    ck_assert_int_eq(bp_spec_parse(&spec, text, &error), BP_OK);
    ck_assert_int_eq(bp_mlp_init(&sample->net, &spec), BP_OK);
    bp_init_run(&init, &sample->net);
    if (ill)
        sample->net.ops[spec.layers].stage[BP_OUTPUT_DELTA].run = forget;
    bp_spec_release(&spec);
}

static void add_findings(struct bp_findings *findings)
{
    struct bp_finding *f =
        bp_findings_add(findings, BP_LOOK_GRADIENT, "missing-activation-derivative");
    f->layer = 2;
    f->certainty = BP_CERTAIN;
    bp_finding_title(f, "the output delta is e, not e * f'(z)");
    bp_finding_because(f, "with a * (1 - a) put back, all 17 derivatives agree, to 4e-13");
    bp_finding_because(f, "layer 2 is wrong in W2 and b2 by the same factor for each sample");
    bp_finding_help(f, "multiply the output delta by a * (1 - a)");
    f = bp_findings_add(findings, BP_LOOK_HEALTH, "loss-stuck");
    f->step = 120;
    f->follows = 0;
    bp_finding_title(f, "the loss has not fallen for 1,880 steps: 0.1254 <b>bold</b>");
    f = bp_findings_add(findings, BP_LOOK_DATA, "few-samples");
    f->note = true;
    bp_finding_title(f, "4 samples only");
}

static void add_figures(struct page_sample *sample, size_t n)
{
    struct bp_error note = {{0}};
    for (size_t i = 0; i < n; i++) {
        struct bp_script script;
        struct bp_gnuplot_picture picture;
        bp_script_init(&script, false);
        FIGURE_SAMPLE[i].draw(&script, "</title><script>alert(1)</script>");
        if (bp_gnuplot_draw(&picture, &script, BP_GNUPLOT_SVG, FIGURE_SAMPLE[i].name, 60000,
                            &note) == BP_OK)
            sample->svg[i] = picture.svg;
        sample->figure[i] = (struct bp_page_figure){FIGURE_SAMPLE[i].name, sample->svg[i],
                                                    "not drawn: no gnuplot", "what it shows"};
        bp_script_release(&script);
    }
    sample->page.figure = sample->figure;
    sample->page.figures = n;
}

static void check_and_trace(struct page_sample *sample, size_t n)
{
    struct bp_error error;
    struct bp_rng rng;
    const size_t n_in = sample->net.spec.layer[0].width;
    const size_t n_out = sample->net.spec.layer[sample->net.spec.layers].width;
    double *x = bp_mem_new(n * (n_in + n_out), sizeof *x), *t = x + n * n_in;
    bp_rng_seed(&rng, 3);
    for (size_t i = 0; i < n * n_in; i++)
        x[i] = bp_rng_unit(&rng) < 0.2 ? 0.0 : bp_rng_unit(&rng);
    for (size_t s = 0; s < n; s++)
        t[s * n_out + s % n_out] = 1.0;
    const bool many = sample->net.n_theta > 30000;
    const struct bp_gradcheck_options options = {
        .numeric = {.tier = many ? BP_TIER_STRUCTURED : BP_TIER_CENTRAL}};
    ck_assert_int_eq(bp_gradcheck_run(&sample->check, &sample->net, n, x, t, &options, &error),
                     BP_OK);
    ck_assert_int_eq(bp_pass_init(&sample->pass, &sample->net, n), BP_OK);
    bp_pass_forward(&sample->pass, n, x);
    bp_pass_backward(&sample->pass, t);
    sample->trace[0] = (struct bp_page_trace){&sample->pass, 0, "sample 0 <i>first</i>"};
    sample->page.trace = sample->trace;
    sample->page.traces = 1;
}

void page_sample_init(struct page_sample *sample, const char *spec, bool ill, size_t n)
{
    static const struct bp_page_fact fact[] = {{"network", "2-4-1 sigmoid squared-error"},
                                               {"start", "normal(0, 1), seed 1"},
                                               {"training", "rate 5, full batch, 2000 epochs"}};
    *sample = (struct page_sample){
        .page = {.name = "small",
                 .title = "XOR \"quoted\" <script>alert(1)</script> & `date`",
                 .state = ill ? BP_PAGE_ILL : BP_PAGE_HEALTHY,
                 .verdict = "gradient agrees, nothing found",
                 .outcome = "loss 0.1301 to 0.1254 <i>, accuracy 50.0 %",
                 .proof = ill ? "the same run with a * (1 - a): loss 0.001" : NULL,
                 .proves = "proof",
                 .expected = "as its file expects",
                 .steps = 2000,
                 .where = "at the <b>start</b>",
                 .table = "gradients.tsv",
                 .facts = 3,
                 .fact = fact,
                 .worksheet = "z = 1*0.31 + 0*-0.22 + 0.10 = 0.41\na = sigmoid(0.41) = 0.601 <&>\n",
                 .report = "gradcheck   all agree\n"}};
    make_network(sample, spec, ill);
    check_and_trace(sample, n);
    if (ill)
        add_findings(&sample->findings);
    add_figures(sample, FIGURE_SAMPLES - 1);
    sample->page.check = &sample->check;
    sample->page.findings = &sample->findings;
}

void page_sample_release(struct page_sample *sample)
{
    for (size_t i = 0; i < 10; i++)
        bp_mem_free(sample->svg[i]);
    bp_mem_free((void *)sample->pass.x); /* x and t are one block of ours */
    bp_pass_release(&sample->pass);
    bp_gradcheck_release(&sample->check);
    bp_findings_release(&sample->findings);
    bp_mlp_release(&sample->net);
}

static void write_one(const char *folder, const char *name, const char *spec, bool ill)
{
    struct page_sample sample;
    struct bp_error error;
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    mkdir(path, 0755);
    page_sample_init(&sample, spec, ill, 1);
    sample.page.name = name;
    ck_assert_msg(bp_page_write(&sample.page, path, &error) == BP_OK, "%s", error.text);
    page_sample_release(&sample);
}

static void write_explained(const char *folder)
{
    static const struct bp_finding own = {.name = "of-its-own", .title = "a <b>title</b>"};
    char path[256];
    struct bp_error error;
    snprintf(path, sizeof path, "%s/explain", folder);
    mkdir(path, 0755);
    const char *const name[] = {"missing-activation-derivative", "loss-stuck"};
    for (size_t i = 0; i < 2; i++)
        ck_assert_int_eq(bp_page_explain_write(name[i], NULL, path, &error), BP_OK);
    ck_assert_int_eq(bp_page_explain_write(own.name, &own, path, &error), BP_OK);
}

void page_samples_write(const char *folder, bool large)
{
    double loss[400];
    struct bp_error error;
    for (int i = 0; i < 400; i++)
        loss[i] = 0.13 / (1 + i * i / 100.0);
    struct bp_findings findings = {0};
    add_findings(&findings);
    const struct bp_page_item item[] = {
        {.name = "large",
         .title = "Digits, 784-30-10",
         .verdict = "nothing found",
         .outcome = "loss 0.13 to 8e-05, accuracy 97.0 %, 400 epochs",
         .n = 400,
         .loss = loss},
        {.name = "small",
         .title = "XOR <script>alert(1)</script>",
         .state = BP_PAGE_ILL,
         .verdict = "not shown: there are findings",
         .expected = "as its file expects",
         .findings = &findings,
         .steps = 2000,
         .n = 5,
         .loss = loss},
        {.name = "other",
         .title = "XOR",
         .state = BP_PAGE_ILL,
         .odd = true,
         .expected = "not as its file expects: missing zero-weights <b>",
         .findings = &findings},
        {.name = "gone",
         .title = "A file that is not there",
         .state = BP_PAGE_FAILED,
         .verdict = "gone.conf: cannot be read"}};
    struct bp_page_card card[4];
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(bp_page_card_make(&card[i], &item[i]), BP_OK);
    write_one(folder, "small", "2-4-1 sigmoid squared-error", true);
    if (large)
        write_one(folder, "large", "784-30-10 sigmoid squared-error", false);
    if (large)
        write_one(folder, "huge", "784-60-10 sigmoid squared-error", true);
    write_explained(folder);
    ck_assert_int_eq(bp_page_index_write("backprobe: 4 scenarios", 4, card, folder, &error), BP_OK);
    for (size_t i = 0; i < 4; i++)
        bp_page_card_release(&card[i]);
    bp_findings_release(&findings);
}
