/* origin.c -- reads where a run came from, and makes it again. */
#include "commands/origin.h"

#include "commands/command.h"
#include "core/mem.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { TEXT_MAX = BP_PATH_MAX + BP_ORIGIN_PLANTS * 128 };

/* Lines without control characters, so that a broken file's never reach a terminal. */
static bool is_text(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)text[i] < 0x20 && text[i] != '\n') || text[i] == 0x7f)
            return false;
    return n > 0 && text[0] != '\n';
}

static enum bp_status read_text(struct bp_origin *origin, const char *folder, const char *file,
                                struct bp_error *error)
{
    FILE *in = fopen(file, "r");
    if (in == NULL)
        return bp_error_set(error, BP_EFILE, "%s: expected the folder of a run (there is no %s)",
                            folder, file);
    origin->text = bp_mem_new(TEXT_MAX, 1);
    const size_t n = origin->text == NULL ? 0 : fread(origin->text, 1, TEXT_MAX - 1, in);
    fclose(in);
    if (origin->text == NULL)
        return bp_error_set(error, BP_ENOMEM, "%s: %s", file, bp_status_text(BP_ENOMEM));
    if (is_text(origin->text, n))
        return BP_OK;
    return bp_error_set(error, BP_EINPUT, "%s: expected the path of a scenario in its first line",
                        file);
}

enum bp_status bp_origin_find(struct bp_origin *origin, const char *path, struct bp_error *error)
{
    struct stat info;
    char file[BP_PATH_MAX];
    *origin = (struct bp_origin){.path = path, .folder = path};
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode))
        return BP_OK;
    enum bp_status status = bp_command_join(file, path, BP_RUN_ORIGIN, error);
    if (status == BP_OK)
        status = read_text(origin, path, file, error);
    if (status != BP_OK)
        return status;
    char *rest = origin->text;
    origin->path = strsep(&rest, "\n");
    for (char *line; origin->n < BP_ORIGIN_PLANTS && (line = strsep(&rest, "\n")) != NULL;)
        if (line[0] != '\0')
            origin->plant[origin->n++] = line;
    return BP_OK;
}

void bp_origin_release(struct bp_origin *origin)
{
    bp_mem_free(origin->text);
    *origin = (struct bp_origin){0};
}

enum bp_status bp_origin_run(const struct bp_origin *origin,
                             const struct bp_runner_options *options, struct bp_record *record,
                             struct bp_error *error)
{
    struct bp_scenario scenario;
    struct bp_runner_options own = {0};
    if (options != NULL)
        own = *options;
    own.plant = origin->plant;
    own.n_plant = origin->n;
    struct bp_error said = {""};
    enum bp_status status = bp_scenario_read(&scenario, origin->path, &said);
    if (status != BP_OK && origin->text != NULL)
        return bp_error_set(error, status, "%.200s/%s names what cannot be run again: %s",
                            origin->folder, BP_RUN_ORIGIN, said.text);
    if (status != BP_OK)
        return bp_error_set(error, status, "%s", said.text);
    status = bp_runner_run(record, &scenario, &own, error);
    bp_scenario_release(&scenario);
    return status;
}
