/* report_file.c -- files that are whole or not there, and whether a stream takes
 * colour. See report.h. */
#include "diag/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A terminal, a pipe or /dev/null: a file put in its place would be the end of it. */
static bool takes_no_place(const char *path)
{
    struct stat there;
    return stat(path, &there) == 0 && !S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode);
}

enum bp_status bp_output_open(struct bp_output *output, const char *path, struct bp_error *error)
{
    output->file = NULL;
    if (strlen(path) >= sizeof output->path)
        return bp_error_set(error, BP_EFILE, "%.60s...: the path is too long", path);
    const bool straight = takes_no_place(path);
    snprintf(output->path, sizeof output->path, "%s", path);
    snprintf(output->beside, sizeof output->beside, "%s%s", path, straight ? "" : ".tmp");
    output->file = fopen(output->beside, "w");
    if (output->file == NULL)
        return bp_error_set(error, BP_EFILE, "%s: cannot be written: %s", path, strerror(errno));
    return BP_OK;
}

static bool is_beside(const struct bp_output *output)
{
    return strcmp(output->beside, output->path) != 0;
}

static enum bp_status lost(struct bp_output *output, int reason, struct bp_error *error)
{
    if (is_beside(output))
        unlink(output->beside);
    return bp_error_set(error, BP_EFILE, "%s: cannot be written: %s", output->path,
                        reason != 0 ? strerror(reason) : "unknown reason");
}

enum bp_status bp_output_keep(struct bp_output *output, struct bp_error *error)
{
    errno = 0;
    FILE *file = output->file;
    output->file = NULL;
    bool whole = fflush(file) == 0 && ferror(file) == 0;
    int reason = errno;
    if (fclose(file) != 0 && whole) {
        whole = false;
        reason = errno;
    }
    if (!whole)
        return lost(output, reason, error);
    if (is_beside(output) && rename(output->beside, output->path) != 0)
        return lost(output, errno, error);
    return BP_OK;
}

void bp_output_drop(struct bp_output *output)
{
    if (output->file == NULL)
        return;
    fclose(output->file);
    if (is_beside(output))
        unlink(output->beside);
    output->file = NULL;
}

bool bp_report_colour(FILE *stream)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return (no_colour == NULL || no_colour[0] == '\0') && isatty(fileno(stream)) &&
           (term == NULL || strcmp(term, "dumb") != 0);
}
