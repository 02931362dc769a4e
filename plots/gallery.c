/* gallery.c -- draws the figures that apply, saves them, shows one of them. */
#include "plots/gallery.h"

#include "core/mem.h"
#include "diag/report.h"
#include "plots/gallery_rows.h"

#include <stdio.h>
#include <string.h>

/* "xor: all 17 derivatives agree" */
static bool draw_titled(size_t k, const struct bp_record *record, struct bp_script *script)
{
    char said[100], title[160];
    BP_GALLERY_ROW[k].say(record, said, sizeof said);
    snprintf(title, sizeof title, "%.24s: %s", record->name, said);
    return BP_GALLERY_ROW[k].draw(record, title, script);
}

/* The figures that apply, before and after gnuplot has drawn them. */
struct drafts {
    size_t n;
    size_t row[BP_GALLERY_MAX]; /* of BP_GALLERY_ROW */
    char id[BP_GALLERY_MAX][BP_GNUPLOT_NAME_MAX + 64];
    const char *name[BP_GALLERY_MAX];
    struct bp_script script[BP_GALLERY_MAX];
    struct bp_gnuplot_picture picture[BP_GALLERY_MAX];
};

static enum bp_status make_drafts(struct drafts *drafts, const struct bp_record *record)
{
    drafts->n = 0;
    for (size_t k = 0; k < BP_GALLERY_ROWS; k++) {
        if (!BP_GALLERY_ROW[k].applies(record))
            continue;
        const size_t i = drafts->n++;
        drafts->row[i] = k;
        drafts->picture[i] = (struct bp_gnuplot_picture){0};
        bp_script_init(&drafts->script[i], false);
        snprintf(drafts->id[i], sizeof drafts->id[i], "%s-%s", record->name,
                 BP_GALLERY_ROW[k].name);
        drafts->name[i] = drafts->id[i];
        if (!draw_titled(k, record, &drafts->script[i]))
            return BP_ENOMEM;
    }
    return BP_OK;
}

/* Figures first .. end - 1 in one gnuplot; where that fails one by one, so that a
 * single bad one does not take the others with it. */
static enum bp_status draw_some(struct drafts *drafts, size_t first, size_t end, unsigned forms,
                                struct bp_error *note)
{
    const size_t n = end - first;
    enum bp_status status =
        n == 0 ? BP_OK
               : bp_gnuplot_draw_all(drafts->picture + first, drafts->script + first,
                                     drafts->name + first, n, forms, BP_GNUPLOT_LIMIT_MS, note);
    if (status == BP_OK || status == BP_ENOMEM || n == 1)
        return status;
    size_t failed = 0;
    for (size_t k = first; k < end; k++) {
        status = bp_gnuplot_draw(&drafts->picture[k], &drafts->script[k], forms, drafts->name[k],
                                 BP_GNUPLOT_LIMIT_MS, note);
        if (status == BP_ENOMEM)
            return status;
        failed += status != BP_OK;
        if (failed == 2 && k == first + 1) /* no gnuplot, or one that always fails */
            return BP_OK;
    }
    return BP_OK;
}

/* In two halves, each a gnuplot of its own, at the same time. */
static enum bp_status draw_drafts(struct drafts *drafts, unsigned forms, struct bp_error *note)
{
    enum bp_status status[2];
    struct bp_error said[2] = {{""}, {""}};
#pragma omp parallel for num_threads(2)
    for (int half = 0; half < 2; half++) {
        const size_t middle = drafts->n / 2;
        status[half] = draw_some(drafts, half == 0 ? 0 : middle, half == 0 ? middle : drafts->n,
                                 forms, &said[half]);
    }
    for (int half = 0; half < 2; half++)
        if (said[half].text[0] != '\0')
            *note = said[half];
    return status[0] == BP_ENOMEM || status[1] == BP_ENOMEM ? BP_ENOMEM : BP_OK;
}

static const char *caption_of(const struct bp_gallery_row *row, const struct bp_record *record)
{
    return record->n_curves < 2 && row->alone != NULL ? row->alone : row->caption;
}

/* Moves what was drawn into the gallery. */
static enum bp_status hang(struct bp_gallery *gallery, struct drafts *drafts,
                           const struct bp_record *record)
{
    for (size_t i = 0; i < drafts->n; i++) {
        if (drafts->picture[i].svg == NULL && drafts->picture[i].png == NULL)
            continue;
        struct bp_gallery_figure *figure = &gallery->figure[gallery->n++];
        const struct bp_gallery_row *row = &BP_GALLERY_ROW[drafts->row[i]];
        const char *alt = drafts->script[i].alt.text;
        *figure = (struct bp_gallery_figure){.name = row->name,
                                             .caption = caption_of(row, record),
                                             .alt = bp_mem_text(alt == NULL ? "" : alt),
                                             .picture = drafts->picture[i]};
        drafts->picture[i] = (struct bp_gnuplot_picture){0};
        if (figure->alt == NULL)
            return BP_ENOMEM;
    }
    return BP_OK;
}

enum bp_status bp_gallery_draw(struct bp_gallery *gallery, const struct bp_record *record,
                               unsigned forms, struct bp_error *note)
{
    struct drafts drafts;
    *gallery = (struct bp_gallery){0};
    enum bp_status status = make_drafts(&drafts, record);
    if (status == BP_OK)
        status = draw_drafts(&drafts, forms, note);
    if (status == BP_OK)
        status = hang(gallery, &drafts, record);
    for (size_t i = 0; i < drafts.n; i++) {
        bp_script_release(&drafts.script[i]);
        bp_gnuplot_picture_release(&drafts.picture[i]);
    }
    if (status != BP_OK)
        bp_gallery_release(gallery);
    return status;
}

enum bp_status bp_gallery_save(const struct bp_gallery *gallery, const char *folder,
                               struct bp_error *error)
{
    for (size_t k = 0; k < gallery->n; k++) {
        char base[BP_PATH_MAX];
        snprintf(base, sizeof base, "%s/%s", folder, gallery->figure[k].name);
        const enum bp_status status = bp_gnuplot_save(&gallery->figure[k].picture, base, error);
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

enum bp_status bp_gallery_known(const char *name, struct bp_error *error)
{
    char names[200] = "";
    for (size_t k = 0; k < BP_GALLERY_ROWS; k++) {
        if (strcmp(name, BP_GALLERY_ROW[k].name) == 0)
            return BP_OK;
        bp_report_add(names, sizeof names, "%s%s", k == 0 ? "" : ", ", BP_GALLERY_ROW[k].name);
    }
    return bp_error_set(error, BP_EINPUT, "figure '%.40s': expected one of %s", name, names);
}

static void figure_release(struct bp_gallery_figure *figure)
{
    bp_mem_free(figure->alt);
    bp_gnuplot_picture_release(&figure->picture);
}

enum bp_status bp_gallery_keep(struct bp_gallery *gallery, const char *name, struct bp_error *error)
{
    char names[200] = "";
    struct bp_gallery only = {0};
    for (size_t k = 0; k < gallery->n; k++) {
        struct bp_gallery_figure *figure = &gallery->figure[k];
        bp_report_add(names, sizeof names, "%s%s", k == 0 ? "" : ", ", figure->name);
        if (only.n == 0 && strcmp(name, figure->name) == 0)
            only.figure[only.n++] = *figure;
        else
            figure_release(figure);
    }
    *gallery = only;
    if (only.n == 1)
        return BP_OK;
    return bp_error_set(error, BP_EINPUT, "figure '%.40s': this run has %s", name,
                        names[0] == '\0' ? "none" : names);
}

/* The script of one figure by name, as letters to a stream or (NULL) not; BP_EINPUT names those
 * there are. */
static enum bp_status script_of(struct bp_script *script, const struct bp_record *record,
                                const char *name, FILE *letters, struct bp_error *note)
{
    char names[200] = "";
    for (size_t k = 0; k < BP_GALLERY_ROWS; k++) {
        if (!BP_GALLERY_ROW[k].applies(record))
            continue;
        if (strcmp(name, BP_GALLERY_ROW[k].name) == 0) {
            bp_script_init(script, letters != NULL);
            const enum bp_status status =
                letters == NULL ? BP_OK : bp_gnuplot_fit(script, letters, 1, note);
            if (status != BP_OK)
                return status;
            if (draw_titled(k, record, script))
                return BP_OK;
            bp_script_release(script);
            return bp_error_set(note, BP_ENOMEM, "figure: %s", bp_status_text(BP_ENOMEM));
        }
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s",
                 names[0] == '\0' ? "" : ", ", BP_GALLERY_ROW[k].name);
    }
    return bp_error_set(note, BP_EINPUT, "figure '%.40s': expected one of %s", name, names);
}

enum bp_status bp_gallery_print(const struct bp_record *record, const char *name, FILE *to,
                                struct bp_error *note)
{
    struct bp_script script;
    enum bp_status status = script_of(&script, record, name, to, note);
    if (status != BP_OK)
        return status;
    status = bp_gnuplot_print(&script, to, BP_GNUPLOT_LIMIT_MS, note);
    bp_script_release(&script);
    return status;
}

enum bp_status bp_gallery_show(const struct bp_record *record, const char *name,
                               struct bp_error *note)
{
    char window[BP_GNUPLOT_NAME_MAX];
    struct bp_script script;
    enum bp_status status = script_of(&script, record, name, NULL, note);
    if (status != BP_OK)
        return status;
    struct bp_error why = {""};
    status = bp_gnuplot_window(window, BP_GNUPLOT_LIMIT_MS, &why);
    if (status != BP_OK)
        bp_error_set(note, status, "%.200s; try --term dumb", why.text);
    else
        status = bp_gnuplot_show(&script, window, BP_GNUPLOT_LIMIT_MS, note);
    bp_script_release(&script);
    return status;
}

void bp_gallery_release(struct bp_gallery *gallery)
{
    for (size_t k = 0; k < gallery->n; k++)
        figure_release(&gallery->figure[k]);
    *gallery = (struct bp_gallery){0};
}
