/* dossier.c -- from a record to its page, and a card of it for the index. */
#include "plots/dossier.h"

#include "core/mem.h"
#include "diag/gradreport.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    SAMPLES_LOOKED_AT = 256, /* for the one whose trace is shown */
    UNITS_SHOWN_TWICE = 64   /* up to this size also as it was at the start */
};

/* ---- words ---------------------------------------------------------------------- */

static enum bp_page_state state_of(const struct bp_record *record)
{
    const bool ill =
        bp_findings_count(&record->findings) > 0 || (record->has_goal && !record->goal_met);
    return ill ? BP_PAGE_ILL : BP_PAGE_HEALTHY;
}

/* For a run without findings: the others have their causes. */
static const char *verdict_of(const struct bp_record *record)
{
    if (record->has_goal && !record->goal_met)
        return "nothing found, and yet the goal was not reached";
    return "nothing found";
}

static void expected_of(const struct bp_record *record, char *text, size_t size)
{
    text[0] = '\0';
    if (!record->expects)
        return;
    if (record->as_expected) {
        snprintf(text, size, "as its file expects");
        return;
    }
    snprintf(text, size, "not as its file expects%s%s%s%s",
             record->missing[0] == '\0' ? "" : ": missing ", record->missing,
             record->unexpected[0] == '\0' ? "" : "; unexpected ", record->unexpected);
}

/* "loss 0.155 to 0.25, accuracy 50.0 %, 10000 epochs; 35 of 48 starts reached the goal" */
static void outcome_of(const struct bp_record *record, char *text, size_t size)
{
    const struct bp_curve *curve = &record->curve[0];
    text[0] = '\0';
    if (!record->trained)
        return;
    size_t n = 0;
    if (record->n_curves > 0 && curve->n > 0)
        n += (size_t)snprintf(text, size, "loss %.3g to %.3g", curve->loss[0], record->loss);
    else
        n += (size_t)snprintf(text, size, "loss %.3g", record->loss);
    if (!isnan(record->accuracy))
        n += (size_t)snprintf(text + n, size - n, ", accuracy %.1f %%", 100.0 * record->accuracy);
    n += (size_t)snprintf(text + n, size - n, ", %zu epoch%s", record->epochs,
                          record->epochs == 1 ? "" : "s");
    if (record->runs > 1)
        snprintf(text + n, size - n, "; %zu of %zu starts reached the goal", record->reached,
                 record->runs);
}

/* "at the start; at the end all 17 derivatives agree, to 2e-12" */
static void where_of(const struct bp_record *record, char *text, size_t size)
{
    char end[BP_RECORD_LINE / 2];
    snprintf(text, size, "at %s%s", bp_record_point_text(record->check_at),
             record->check_at == BP_POINT_DRAWN && !record->attached
                 ? ", as too little could be told at the start"
                 : "");
    if (!record->checked_end)
        return;
    const size_t n = strlen(text);
    bp_gradreport_headline(&record->check_end, end, sizeof end);
    snprintf(text + n, size - n, "; at the end %s", end);
}

/* A repair proves its cause where the run then arrives, and did not before. */
static const char *proves(const struct bp_record *record)
{
    const bool before = record->n_curves > 0 && record->curve[0].done;
    const bool after = record->n_curves > 0 && record->curve[record->n_curves - 1].done;
    return after && !before ? "proof" : "put right, to compare";
}

/* ---- the index's cards ----------------------------------------------------------- */

static struct bp_dossier_item *new_item(struct bp_dossier *dossier, const char *name)
{
    struct bp_dossier_item *items =
        bp_mem_grow(dossier->item, dossier->n, dossier->n + 1, sizeof *items);
    if (items == NULL)
        return NULL;
    dossier->item = items;
    struct bp_dossier_item *item = &items[dossier->n++];
    *item = (struct bp_dossier_item){0};
    snprintf(item->name, sizeof item->name, "%s", name);
    return item;
}

static enum bp_status make_card(struct bp_page_card *card, const struct bp_record *record)
{
    char expected[2 * BP_RECORD_LINE + 64], outcome[BP_RECORD_LINE];
    const struct bp_curve *curve = record->n_curves > 0 ? &record->curve[0] : NULL;
    expected_of(record, expected, sizeof expected);
    outcome_of(record, outcome, sizeof outcome);
    const struct bp_page_item item = {.name = record->name,
                                      .title = record->title,
                                      .state = state_of(record),
                                      .odd = record->expects && !record->as_expected,
                                      .program = record->attached,
                                      .verdict = verdict_of(record),
                                      .outcome = outcome[0] == '\0' ? NULL : outcome,
                                      .expected = expected[0] == '\0' ? NULL : expected,
                                      .findings = &record->findings,
                                      .steps = record->steps,
                                      .n = curve == NULL ? 0 : curve->n,
                                      .loss = curve == NULL ? NULL : curve->loss};
    return bp_page_card_make(card, &item);
}

static enum bp_status add_card(struct bp_dossier *dossier, const struct bp_record *record,
                               const char *folder, struct bp_error *error)
{
    struct bp_dossier_item *item = new_item(dossier, record->name);
    enum bp_status status = item == NULL ? BP_ENOMEM : make_card(&item->card, record);
    if (status != BP_OK) {
        dossier->n -= item != NULL;
        return bp_error_set(error, status, "%s: %s", record->name, bp_status_text(status));
    }
    return bp_page_card_write(&item->card, folder, error);
}

enum bp_status bp_dossier_fail(struct bp_dossier *dossier, const char *name, const char *why)
{
    const struct bp_page_item failed = {.name = name, .state = BP_PAGE_FAILED, .verdict = why};
    struct bp_dossier_item *item = new_item(dossier, name);
    const enum bp_status status =
        item == NULL ? BP_ENOMEM : bp_page_card_make(&item->card, &failed);
    dossier->n -= item != NULL && status != BP_OK;
    return status;
}

void bp_dossier_release(struct bp_dossier *dossier)
{
    for (size_t i = 0; i < dossier->n; i++)
        bp_page_card_release(&dossier->item[i].card);
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
              record->trained    ? "at the end: the one with the largest loss"
              : record->attached ? "as the description has it, with the right deltas"
                                 : "as it stands");
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
    char outcome[BP_RECORD_LINE], where[BP_RECORD_LINE], proof[2 * BP_RECORD_LINE],
        expected[2 * BP_RECORD_LINE + 64];
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
    outcome_of(record, parts->outcome, sizeof parts->outcome);
    where_of(record, parts->where, sizeof parts->where);
    expected_of(record, parts->expected, sizeof parts->expected);
    bp_record_proof(record, parts->proof, sizeof parts->proof);
    parts->page = (struct bp_page){.name = record->name,
                                   .title = record->title,
                                   .state = state_of(record),
                                   .verdict = verdict_of(record),
                                   .outcome = parts->outcome[0] == '\0' ? NULL : parts->outcome,
                                   .proof = parts->proof,
                                   .proves = proves(record),
                                   .expected = parts->expected[0] == '\0' ? NULL : parts->expected,
                                   .findings = &record->findings,
                                   .steps = record->steps,
                                   .check = record->checked ? &record->check : NULL,
                                   .where = parts->where,
                                   .table = "gradients.tsv",
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
    return status == BP_OK ? add_card(dossier, record, folder, error) : status;
}

/* ---- the index, with what earlier runs left ----------------------------------------- */

enum { CARD_MAX = 1 << 16 };

static bool is_in(const struct bp_dossier *dossier, const char *name)
{
    for (size_t i = 0; i < dossier->n; i++)
        if (strcmp(dossier->item[i].name, name) == 0)
            return true;
    return false;
}

/* The card of an earlier run; false when there is none that is whole. */
static bool read_card(struct bp_page_card *card, const char *out, const char *name)
{
    char path[BP_PATH_MAX + 64];
    const int length = snprintf(path, sizeof path, "%s/%s/card.html", out, name);
    FILE *file = length < (int)sizeof path ? fopen(path, "r") : NULL;
    if (file == NULL)
        return false;
    char *text = bp_mem_new(CARD_MAX, 1);
    const size_t n = text == NULL ? 0 : fread(text, 1, CARD_MAX - 1, file);
    fclose(file);
    if (n > 0 && bp_page_card_read(card, text))
        return true;
    bp_mem_free(text);
    return false;
}

static int is_run(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* The cards of this dossier (borrowed), then those of other runs in out, by name. */
static struct bp_page_card *gather(const struct bp_dossier *dossier, const char *out, size_t *n)
{
    struct dirent **entry = NULL;
    const int entries = scandir(out, &entry, is_run, alphasort);
    const size_t others = entries < 0 ? 0 : (size_t)entries;
    struct bp_page_card *card = bp_mem_new(dossier->n + others, sizeof *card);
    *n = 0;
    for (size_t i = 0; card != NULL && i < dossier->n; i++)
        card[(*n)++] = dossier->item[i].card;
    for (size_t i = 0; i < others; i++) {
        if (card != NULL && !is_in(dossier, entry[i]->d_name))
            *n += read_card(&card[*n], out, entry[i]->d_name);
        free(entry[i]); /* scandir's own */
    }
    free(entry);
    return card;
}

enum bp_status bp_dossier_close(const struct bp_dossier *dossier, const char *out,
                                struct bp_error *error)
{
    char title[60];
    size_t n;
    struct bp_page_card *card = gather(dossier, out, &n);
    if (card == NULL)
        return bp_error_set(error, BP_ENOMEM, "%s", bp_status_text(BP_ENOMEM));
    snprintf(title, sizeof title, "backprobe: %zu report%s", n, n == 1 ? "" : "s");
    const enum bp_status status = bp_page_index_write(title, n, card, out, error);
    for (size_t i = dossier->n; i < n; i++)
        bp_page_card_release(&card[i]);
    bp_mem_free(card);
    return status;
}
