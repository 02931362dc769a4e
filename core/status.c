/* status.c -- the texts of the statuses, and the one line of an error. */
#include "core/status.h"

#include <stdarg.h>
#include <stdio.h>

const char *bp_status_text(enum bp_status status)
{
#define BP_STATUS_TEXT(name, text) text,
    static const char *const TEXT[] = {BP_STATUS_LIST(BP_STATUS_TEXT)};
#undef BP_STATUS_TEXT
    if ((unsigned)status >= BP_STATUS_COUNT)
        return "unknown status";
    return TEXT[status];
}

enum bp_status bp_error_set(struct bp_error *error, enum bp_status status, const char *format, ...)
{
    if (error == NULL)
        return status;
    va_list args;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    for (char *c = error->text; *c != '\0'; c++) {
        const unsigned char byte = (unsigned char)*c;
        if (byte < 0x20 || byte == 0x7f)
            *c = '?';
    }
    return status;
}
