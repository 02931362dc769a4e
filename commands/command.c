/* command.c -- what the commands have in common. */
#include "commands/command.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

int bp_command_failed(const struct bp_error *error)
{
    fprintf(stderr, "backprobe: %s\n", error->text);
    return BP_EXIT_FAILED;
}

int bp_command_misused(const struct bp_command *command, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "backprobe %s: ", command->name);
    vfprintf(stderr, format, args);
    fprintf(stderr, "; see backprobe %s --help\n", command->name);
    va_end(args);
    return BP_EXIT_FAILED;
}

bool bp_command_term(const char *value, struct bp_error *error)
{
    if (strcmp(value, "dumb") == 0)
        return true;
    bp_error_set(error, BP_EINPUT, "--term '%.40s': expected dumb", value);
    return false;
}

void bp_command_progress(FILE *terminal, const char *format, ...)
{
    char line[256];
    struct winsize size;
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    const bool known = ioctl(fileno(terminal), TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    fprintf(terminal, "\r\033[K%.*s", known ? size.ws_col - 1 : 79, line);
    fflush(terminal);
}

enum bp_status bp_command_join(char path[BP_PATH_MAX], const char *folder, const char *file,
                               struct bp_error *error)
{
    if (folder[0] == '\0')
        return bp_error_set(error, BP_EFILE, "'': expected the name of a folder");
    const int n = snprintf(path, BP_PATH_MAX, "%s/%s", folder, file);
    if (n < 0 || n >= BP_PATH_MAX)
        return bp_error_set(error, BP_EFILE, "%.200s...: the path is too long", folder);
    return BP_OK;
}

enum bp_status bp_command_folder(const char *path, struct bp_error *error)
{
    char part[BP_PATH_MAX];
    if (path[0] == '\0')
        return bp_error_set(error, BP_EFILE, "'': expected the name of a folder");
    const int n = snprintf(part, sizeof part, "%s", path);
    if (n < 0 || (size_t)n >= sizeof part)
        return bp_error_set(error, BP_EFILE, "%.200s: the path is too long", path);
    for (char *c = part + 1; n > 0; c++) {
        const char held = *c;
        if (held != '/' && held != '\0')
            continue;
        *c = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return bp_error_set(error, BP_EFILE, "%s: cannot make this folder: %s", part,
                                strerror(errno));
        if (held == '\0')
            break;
        *c = held;
    }
    struct stat found;
    if (stat(path, &found) != 0 || !S_ISDIR(found.st_mode))
        return bp_error_set(error, BP_EFILE, "%s: expected a folder", path);
    return BP_OK;
}
