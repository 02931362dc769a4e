/* dossier.c -- from a record to its page, and a line of it for the index. */
#include "plots/dossier.h"

#include "core/mem.h"
#include "diag/report.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    SAMPLES_LOOKED_AT = 256, /* for the one whose trace is shown */
    UNITS_SHOWN_TWICE = 64,  /* up to this size also as it was at the start */
    CURVE_POINTS = 200
};

/* ---- words ---------------------------------------------------------------------- */

static enum bp_page_state state_of(const struct bp_record *record)
{
    const bool ill =
        bp_findings_count(&record->findings) > 0 || (record->has_goal && !record->goal_met);
    return ill ? BP_PAGE_ILL : BP_PAGE_HEALTHY;
}

static void verdict_of(const struct bp_record *record, char *text, size_t size)
{
    if (bp_findings_count(&record->findings) > 0)
        bp_report_verdict(&record->findings, text, size);
    else if (record->trained && isnan(record->accuracy))
        snprintf(text, size, "nothing found; loss %.3g after %zu epochs", record->loss,
                 record->epochs);
    else if (record->trained)
        snprintf(text, size, "nothing found; loss %.3g, accuracy %.1f %% after %zu epochs",
                 record->loss, 100.0 * record->accuracy, record->epochs);
    else
        snprintf(text, size, "nothing found");
    const size_t n = strlen(text);
    if (record->runs > 1)
        snprintf(text + n, size - n, "; %zu of %zu starts reached the goal%s", record->reached,
                 record->runs, record->goal_met ? "" : ", which is not what is asked");
    else if (record->has_goal && !record->goal_met)
        snprintf(text + n, size - n, "; the goal was not reached");
}

static void expected_of(const struct bp_record *record, char *text, size_t size)
{
    text[0] = '\0';
    if (!record->expects)
        return;
    if (record->as_expected) {
        snprintf(text, size, "as expected");
        return;
    }
    snprintf(text, size, "not as expected%s%s%s%s", record->missing[0] == '\0' ? "" : ": missing ",
             record->missing, record->unexpected[0] == '\0' ? "" : "; unexpected ",
             record->unexpected);
}

/* The first finding that is no note and follows from nothing. */
static const struct bp_finding *root_of(const struct bp_findings *findings)
{
    for (size_t i = 0; i < findings->n; i++)
        if (!findings->item[i].note && findings->item[i].follows < 0)
            return &findings->item[i];
    return NULL;
}

static void since_of(const struct bp_finding *finding, char *text, size_t size)
{
    if (finding->step > 0)
        snprintf(text, size, "step %ld", finding->step);
    else if (finding->step == 0 || finding->look != BP_LOOK_HEALTH)
        snprintf(text, size, "the start");
}

/* ---- the index's line ------------------------------------------------------------ */

static struct bp_dossier_item *new_item(struct bp_dossier *dossier, const char *name)
{
    struct bp_dossier_item **items =
        bp_mem_grow(dossier->item, dossier->n, dossier->n + 1, sizeof *items);
    if (items == NULL)
        return NULL;
    dossier->item = items;
    struct bp_dossier_item *item = bp_mem_new(1, sizeof *item);
    if (item == NULL)
        return NULL;
    snprintf(item->name, sizeof item->name, "%s", name);
    item->line =
        (struct bp_page_item){.name = item->name, .title = item->title, .verdict = item->verdict};
    dossier->item[dossier->n++] = item;
    return item;
}

/* The loss, thinned. */
static enum bp_status keep_curve(struct bp_dossier_item *item, const struct bp_record *record)
{
    if (record->n_curves == 0 || record->curve[0].n == 0)
        return BP_OK;
    const struct bp_curve *curve = &record->curve[0];
    const size_t n = curve->n < CURVE_POINTS ? curve->n : CURVE_POINTS;
    item->loss = bp_mem_new(n, sizeof *item->loss);
    if (item->loss == NULL)
        return BP_ENOMEM;
    for (size_t i = 0; i < n; i++)
        item->loss[i] = curve->loss[n == 1 ? 0 : i * (curve->n - 1) / (n - 1)];
    item->line.n = n;
    item->line.loss = item->loss;
    return BP_OK;
}

static enum bp_status keep_line(struct bp_dossier *dossier, const struct bp_record *record)
{
    struct bp_dossier_item *item = new_item(dossier, record->name);
    const struct bp_finding *root = root_of(&record->findings);
    if (item == NULL)
        return BP_ENOMEM;
    snprintf(item->title, sizeof item->title, "%s", record->title);
    verdict_of(record, item->verdict, sizeof item->verdict);
    expected_of(record, item->expected, sizeof item->expected);
    item->line.state = state_of(record);
    item->line.expected = item->expected[0] == '\0' ? NULL : item->expected;
    if (root != NULL) {
        snprintf(item->cause, sizeof item->cause, "%s", root->name);
        snprintf(item->help, sizeof item->help, "%s", root->help);
        since_of(root, item->since, sizeof item->since);
        item->line.cause = item->cause;
        item->line.help = item->help[0] == '\0' ? NULL : item->help;
        item->line.since = item->since[0] == '\0' ? NULL : item->since;
    }
    return keep_curve(item, record);
}

enum bp_status bp_dossier_fail(struct bp_dossier *dossier, const char *name, const char *why)
{
    struct bp_dossier_item *item = new_item(dossier, name);
    if (item == NULL)
        return BP_ENOMEM;
    snprintf(item->verdict, sizeof item->verdict, "%s", why);
    item->line.state = BP_PAGE_FAILED;
    return BP_OK;
}

void bp_dossier_release(struct bp_dossier *dossier)
{
    for (size_t i = 0; i < dossier->n; i++) {
        bp_mem_free(dossier->item[i]->loss);
        bp_mem_free(dossier->item[i]);
    }
    bp_mem_free(dossier->item);
    *dossier = (struct bp_dossier){0};
}

/* ---- one sample's trace ------------------------------------------------------------ */

struct traces {
    struct bp_pass start, end; /* of one sample */
    double *grad;              /* theirs, so that the network's stays as it is; owned */
    struct bp_page_trace trace[2];
    char name[2][120];
    size_t n;
};

/* The sample with the largest loss among the first ones; NaN counts as largest. */
static size_t worst_sample(const struct bp_record *record, struct bp_pass *pass)
{
    const struct bp_dataset *data = &record->data.train;
    size_t worst = 0;
    double most = -1.0;
    for (size_t s = 0; s < data->n && s < SAMPLES_LOOKED_AT; s++) {
        bp_pass_forward(pass, 1, data->x + s * data->n_in);
        const double loss = bp_pass_sample_loss(pass, data->t + s * data->n_out, 0);
        if (isnan(loss))
            return s;
        if (loss > most) {
            most = loss;
            worst = s;
        }
    }
    return worst;
}

static void add_trace(struct traces *traces, struct bp_pass *pass, const struct bp_dataset *data,
                      size_t sample, const char *when)
{
    char *name = traces->name[traces->n];
    bp_pass_forward(pass, 1, data->x + sample * data->n_in);
    bp_pass_backward(pass, data->t + sample * data->n_out);
    snprintf(name, sizeof traces->name[0], "sample %zu, %s", sample, when);
    traces->trace[traces->n++] = (struct bp_page_trace){pass, 0, name};
}

static enum bp_status make_traces(struct traces *traces, const struct bp_record *record)
{
    const struct bp_dataset *data = &record->data.train;
    if (data->n == 0 || record->net.n_theta == 0)
        return BP_OK;
    traces->grad = bp_mem_new(record->net.n_theta, sizeof *traces->grad);
    if (traces->grad == NULL || bp_pass_init(&traces->start, &record->net, 1) != BP_OK ||
        bp_pass_init(&traces->end, &record->net, 1) != BP_OK)
        return BP_ENOMEM;
    traces->start.grad = traces->end.grad = traces->grad;
    const size_t sample = worst_sample(record, &traces->end);
    const bool twice =
        record->trained && record->start != NULL && record->net.n_units <= UNITS_SHOWN_TWICE;
    if (twice) {
        traces->start.theta = record->start;
        add_trace(traces, &traces->start, data, sample, "at the start");
    }
    add_trace(traces, &traces->end, data, sample,
              record->trained ? "at the end: the one with the largest loss" : "as it stands");
    return BP_OK;
}

static void release_traces(struct traces *traces)
{
    bp_pass_release(&traces->start);
    bp_pass_release(&traces->end);
    bp_mem_free(traces->grad);
}

/* ---- the page ------------------------------------------------------------------------ */

struct parts {
    struct bp_page page;
    struct bp_page_fact fact[BP_RECORD_SETTINGS];
    struct bp_page_figure figure[BP_GALLERY_MAX];
    struct traces traces;
    char verdict[BP_RECORD_LINE], proof[2 * BP_RECORD_LINE], expected[2 * BP_RECORD_LINE + 64];
};

static void add_facts(struct parts *parts, const struct bp_record *record)
{
    for (size_t i = 0; i < record->n_settings; i++)
        parts->fact[i] = (struct bp_page_fact){record->setting[i].key, record->setting[i].value};
    parts->page.fact = parts->fact;
    parts->page.facts = record->n_settings;
}

static void add_figures(struct parts *parts, const struct bp_gallery *gallery, const char *note)
{
    const size_t n = gallery == NULL ? 0 : gallery->n;
    for (size_t i = 0; i < n; i++)
        parts->figure[i] = (struct bp_page_figure){.title = gallery->figure[i].caption,
                                                   .svg = gallery->figure[i].picture.svg,
                                                   .text = gallery->figure[i].alt};
    parts->page.figure = parts->figure;
    parts->page.figures = n;
    if (n == 0 && note != NULL && note[0] != '\0')
        parts->figure[parts->page.figures++] =
            (struct bp_page_figure){.title = "no figures", .note = note};
}

static enum bp_status make_parts(struct parts *parts, const struct bp_record *record,
                                 const struct bp_gallery *gallery, const char *note,
                                 const char *report)
{
    verdict_of(record, parts->verdict, sizeof parts->verdict);
    expected_of(record, parts->expected, sizeof parts->expected);
    bp_record_proof(record, parts->proof, sizeof parts->proof);
    parts->page = (struct bp_page){.name = record->name,
                                   .title = record->title,
                                   .state = state_of(record),
                                   .verdict = parts->verdict,
                                   .proof = parts->proof,
                                   .expected = parts->expected[0] == '\0' ? NULL : parts->expected,
                                   .findings = &record->findings,
                                   .check = record->checked ? &record->check : NULL,
                                   .worksheet = record->worksheet,
                                   .report = report};
    add_facts(parts, record);
    add_figures(parts, gallery, note);
    const enum bp_status status = make_traces(&parts->traces, record);
    parts->page.traces = parts->traces.n;
    parts->page.trace = parts->traces.trace;
    return status;
}

static enum bp_status explain_all(const struct bp_findings *findings, const char *out,
                                  struct bp_error *error)
{
    char folder[BP_PATH_MAX];
    snprintf(folder, sizeof folder, "%s/explain", out);
    if (findings->n > 0 && mkdir(folder, 0777) != 0 && errno != EEXIST)
        return bp_error_set(error, BP_EFILE, "%s: cannot be made: %s", folder, strerror(errno));
    for (size_t i = 0; i < findings->n; i++) {
        const struct bp_finding *finding = &findings->item[i];
        const enum bp_status status = bp_page_explain_write(finding->name, finding, folder, error);
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

enum bp_status bp_dossier_add(struct bp_dossier *dossier, const struct bp_record *record,
                              const struct bp_gallery *gallery, const char *note,
                              const char *report, const char *out, struct bp_error *error)
{
    char folder[BP_PATH_MAX];
    struct parts *parts = bp_mem_new(1, sizeof *parts);
    if (parts == NULL)
        return bp_error_set(error, BP_ENOMEM, "%s: %s", record->name, bp_status_text(BP_ENOMEM));
    snprintf(folder, sizeof folder, "%s/%s", out, record->name);
    enum bp_status status = make_parts(parts, record, gallery, note, report);
    if (status == BP_OK)
        status = bp_page_write(&parts->page, folder, error);
    else
        bp_error_set(error, status, "%s: %s", record->name, bp_status_text(status));
    release_traces(&parts->traces);
    bp_mem_free(parts);
    if (status == BP_OK)
        status = explain_all(&record->findings, out, error);
    if (status == BP_OK && (status = keep_line(dossier, record)) != BP_OK)
        bp_error_set(error, status, "%s: %s", record->name, bp_status_text(status));
    if (status == BP_OK)
        status = bp_page_card_write(&dossier->item[dossier->n - 1]->line, folder, error);
    return status;
}

/* ---- the index, with what earlier runs left ----------------------------------------- */

enum { CARD_MAX = 1 << 16 };

static bool is_in(const struct bp_dossier *dossier, const char *name)
{
    for (size_t i = 0; i < dossier->n; i++)
        if (strcmp(dossier->item[i]->name, name) == 0)
            return true;
    return false;
}

/* The card of an earlier run, owned; NULL when there is none that is whole. */
static char *read_card(const char *out, const char *name, enum bp_page_state *state)
{
    struct bp_buffer path = {0};
    bp_buffer_print(&path, "%s/%s/card.html", out, name);
    FILE *file = path.status == BP_OK ? fopen(path.text, "r") : NULL;
    bp_buffer_release(&path);
    if (file == NULL)
        return NULL;
    char *text = bp_mem_new(CARD_MAX, 1);
    const size_t n = text == NULL ? 0 : fread(text, 1, CARD_MAX - 1, file);
    fclose(file);
    if (n > 0 && bp_page_card_check(text, state))
        return text;
    bp_mem_free(text);
    return NULL;
}

static int is_run(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* The lines of this dossier, then the cards of other runs in out, by name. */
static struct bp_page_item *gather(const struct bp_dossier *dossier, const char *out, size_t *n)
{
    struct dirent **entry = NULL;
    const int entries = scandir(out, &entry, is_run, alphasort);
    const size_t others = entries < 0 ? 0 : (size_t)entries;
    struct bp_page_item *line = bp_mem_new(dossier->n + others, sizeof *line);
    *n = 0;
    for (size_t i = 0; line != NULL && i < dossier->n; i++)
        line[(*n)++] = dossier->item[i]->line;
    for (size_t i = 0; i < others; i++) {
        enum bp_page_state state;
        char *card = line == NULL || is_in(dossier, entry[i]->d_name)
                         ? NULL
                         : read_card(out, entry[i]->d_name, &state);
        if (card != NULL)
            line[(*n)++] = (struct bp_page_item){.state = state, .card = card};
        free(entry[i]); /* scandir's own */
    }
    free(entry);
    return line;
}

enum bp_status bp_dossier_close(const struct bp_dossier *dossier, const char *out,
                                struct bp_error *error)
{
    char title[60];
    size_t n;
    struct bp_page_item *line = gather(dossier, out, &n);
    if (line == NULL)
        return bp_error_set(error, BP_ENOMEM, "%s", bp_status_text(BP_ENOMEM));
    snprintf(title, sizeof title, "backprobe: %zu scenario%s", n, n == 1 ? "" : "s");
    const enum bp_status status = bp_page_index_write(title, n, line, out, error);
    for (size_t i = dossier->n; i < n; i++)
        bp_mem_free((void *)line[i].card); /* made by read_card() */
    bp_mem_free(line);
    return status;
}
