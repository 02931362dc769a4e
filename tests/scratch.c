/* scratch.c -- see scratch.h. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "scratch.h"

#include "core/mem.h"

#include <check.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static char folder[64];

void scratch_open(void)
{
    strcpy(folder, "/tmp/backprobe-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static int drop(const char *path, const struct stat *about, int type, struct FTW *where)
{
    (void)about;
    (void)type;
    (void)where;
    return remove(path);
}

void scratch_close(void)
{
    nftw(folder, drop, 8, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_path(const char *name)
{
    static char path[8][256];
    static int turn;
    turn = (turn + 1) % 8;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

const char *scratch_write(const char *name, const void *bytes, size_t n)
{
    const char *path = scratch_path(name);
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes, 1, n, file), n);
    ck_assert_int_eq(fclose(file), 0);
    return path;
}

const char *scratch_gzip(const char *name, const void *bytes, size_t n)
{
    const char *path = scratch_path(name);
    gzFile file = gzopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(gzwrite(file, bytes, (unsigned)n), (int)n);
    ck_assert_int_eq(gzclose(file), Z_OK);
    return path;
}

const char *scratch_text(const char *name, const char *text)
{
    return scratch_write(name, text, strlen(text));
}

size_t scratch_fail_every(enum bp_status (*run)(void *self, struct bp_error *error), void *self)
{
    const size_t held = bp_mem_held();
    for (size_t n = 1;; n++) {
        struct bp_error error = {""};
        bp_mem_fail_at(n);
        const enum bp_status status = run(self, &error);
        const size_t tried = bp_mem_tried();
        bp_mem_fail_at(0);
        ck_assert_uint_eq(bp_mem_held(), held);
        if (status == BP_OK) {
            ck_assert_uint_lt(tried, n);
            return n - 1;
        }
        ck_assert_int_eq(status, BP_ENOMEM);
        ck_assert_msg(error.text[0] != '\0', "allocation %zu failed without a line", n);
    }
}
