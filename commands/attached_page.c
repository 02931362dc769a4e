/* attached_page.c -- see attached_page.h. What a check saw is put into a record, and that
 * into the pages, as a run's is. */
#include "commands/attached_page.h"

#include "commands/command.h"
#include "core/mem.h"
#include "diag/trace.h"
#include "plots/dossier.h"

#include <stdlib.h>
#include <string.h>

void bp_attached_folder(const char *name, char folder[64])
{
    size_t n = 0;
    for (; n < 63 && name[n] != '\0'; n++) {
        const char c = name[n];
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '_' || (c == '.' && n > 0);
        folder[n] = plain ? c : '-';
    }
    folder[n] = '\0';
    if (n == 0)
        snprintf(folder, 64, "subject");
}

/* ---- the record ----------------------------------------------------------------- */

static void set_facts(struct bp_record *record, const struct bp_checkup *checkup,
                      const struct bp_view *view)
{
    const struct bp_subject *subject = view->subject;
    record->n_settings = 0;
    bp_record_set(record, "program", "%s", subject->name == NULL ? "subject" : subject->name);
    if (subject->network != NULL)
        bp_record_set(record, "network", "%s", subject->network);
    bp_record_set(record, "parameters", "%zu%s", view->n_theta,
                  view->described ? "" : ", not described");
    bp_record_set(record, "data", "%zu sample%s, %s", checkup->n, checkup->n == 1 ? "" : "s",
                  subject->data != NULL ? "its own" : "drawn");
    bp_record_set(record, "parameters at", "%s",
                  checkup->drawn ? "a drawn point" : "its own start");
    bp_record_set(record, "precision", "%s", view->narrow ? "float" : "double");
    bp_record_set(record, "calls", "%zu", checkup->calls);
    bp_record_set(record, "contract", "%s", checkup->contract_text);
}

/* All of it is borrowed, but for the worksheet. */
static void fill(struct bp_record *record, const struct bp_checkup *checkup,
                 const struct bp_view *view)
{
    const char *name = view->subject->name == NULL ? "subject" : view->subject->name;
    bp_attached_folder(name, record->name);
    snprintf(record->title, sizeof record->title, "%.80s: %.100s", name,
             view->described ? view->subject->network : "a program that is not described");
    record->attached = true;
    record->findings = checkup->findings;
    record->checked = checkup->checked;
    record->check = checkup->check;
    record->check_at = checkup->drawn ? BP_POINT_DRAWN : BP_POINT_START;
    record->start = checkup->theta;
    if (view->described) {
        record->net = view->twin;
        record->net.theta = checkup->theta;
    }
    record->data.train = (struct bp_dataset){.n = checkup->n,
                                             .n_in = view->n_in,
                                             .n_out = view->n_out,
                                             .x = checkup->x,
                                             .t = checkup->t};
    set_facts(record, checkup, view);
}

/* ---- the page ------------------------------------------------------------------- */

static enum bp_status report_of(const struct bp_checkup *checkup, const char *name, char **report)
{
    const struct bp_checkup_style style = {.name = name};
    size_t size = 0;
    FILE *out = open_memstream(report, &size);
    if (out == NULL)
        return BP_ENOMEM;
    const enum bp_status status = bp_checkup_text(out, checkup, &style);
    return fclose(out) == 0 ? status : BP_ENOMEM;
}

static enum bp_status write_pages(const struct bp_record *record, const char *report,
                                  const char *out, struct bp_error *error)
{
    struct bp_dossier dossier = {0};
    struct bp_gallery gallery = {0};
    struct bp_error note = {"figures need a description of the network"};
    enum bp_status status = BP_OK;
    if (record->net.n_theta > 0) {
        note.text[0] = '\0';
        status = bp_gallery_draw(&gallery, record, BP_GNUPLOT_SVG, &note);
    }
    if (status == BP_OK)
        status = bp_dossier_add(&dossier, record, &gallery, note.text, report, out, error);
    if (status == BP_OK)
        status = bp_dossier_close(&dossier, out, error);
    bp_gallery_release(&gallery);
    bp_dossier_release(&dossier);
    return status;
}

static enum bp_status make_folder(const struct bp_record *record, const char *out,
                                  char path[BP_PATH_MAX], struct bp_error *error)
{
    char folder[BP_PATH_MAX];
    enum bp_status status = bp_command_join(folder, out, record->name, error);
    if (status == BP_OK)
        status = bp_command_folder(folder, error);
    return status == BP_OK ? bp_command_join(path, folder, "report.html", error) : status;
}

enum bp_status bp_attached_page(const char *out, const struct bp_checkup *checkup,
                                const struct bp_view *view, char path[BP_PATH_MAX],
                                struct bp_error *error)
{
    char *report = NULL;
    struct bp_record *record = bp_mem_new(1, sizeof *record);
    if (record == NULL)
        return bp_error_set(error, BP_ENOMEM, "--page: %s", bp_status_text(BP_ENOMEM));
    fill(record, checkup, view);
    error->text[0] = '\0';
    enum bp_status status = make_folder(record, out, path, error);
    if (status == BP_OK && record->net.n_theta > 0)
        status = bp_worksheet_text(&record->net, record->data.train.x, record->data.train.t,
                                   BP_WORKSHEET_NEURONS, &record->worksheet);
    if (status == BP_OK)
        status = report_of(checkup, record->setting[0].value, &report);
    if (status == BP_OK)
        status = write_pages(record, report, out, error);
    if (status != BP_OK && error->text[0] == '\0')
        bp_error_set(error, status, "--page: %s", bp_status_text(status));
    free(report);
    bp_mem_free(record->worksheet);
    bp_mem_free(record);
    return status;
}
