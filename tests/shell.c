/* shell.c -- see shell.h. */
#include "shell.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

static char folder[256];

void shell_open(void)
{
    ck_assert_ptr_nonnull(getenv("BACKPROBE"));
    snprintf(folder, sizeof folder, "/tmp/backprobe-shell-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

void shell_close(void)
{
    char command[400];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

int shell(const char *line)
{
    char command[2000];
    snprintf(command, sizeof command,
             "cd %s && export B=\"$BACKPROBE\" C=\"${BACKPROBE%%/*}/tests/confusion/run\"; %s",
             folder, line);
    const int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
