/* save.c -- write beside, then rename. */
#include "plots/save.h"

#include "plots/buffer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* 0, or the errno of what went wrong. */
static int write_bytes(const char *path, const char *bytes, size_t n)
{
    errno = 0;
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        return errno;
    int failed = fwrite(bytes, 1, n, file) == n ? 0 : errno;
    if (fclose(file) != 0 && failed == 0)
        failed = errno;
    return failed;
}

enum bp_status bp_save_file(const char *base, const char *ending, const char *bytes, size_t n,
                            struct bp_error *error)
{
    struct bp_buffer path = {0}, beside = {0};
    bp_buffer_print(&path, "%s%s", base, ending);
    bp_buffer_print(&beside, "%s%s.tmp", base, ending);
    enum bp_status status = path.status == BP_OK ? beside.status : path.status;
    if (status != BP_OK) {
        bp_error_set(error, status, "%s", bp_status_text(status));
    } else {
        int failed = write_bytes(beside.text, bytes, n);
        if (failed == 0 && rename(beside.text, path.text) != 0)
            failed = errno;
        if (failed != 0) {
            remove(beside.text);
            status = bp_error_set(error, BP_EFILE, "%s: cannot be written: %s", path.text,
                                  strerror(failed));
        }
    }
    bp_buffer_release(&path);
    bp_buffer_release(&beside);
    return status;
}
