/* command.c -- a command in words, without a shell (see process.h). */
#include "diag/process.h"

#include "core/mem.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* Copies one word to *to (with its 0) and moves both on; false: a quote is open. */
static bool take_word(const char **from, char **to)
{
    char quote = '\0';
    const char *c = *from;
    for (; *c != '\0' && (quote != '\0' || !is_blank(*c)); c++) {
        if (*c == quote)
            quote = '\0';
        else if (quote == '\0' && (*c == '\'' || *c == '"'))
            quote = *c;
        else if (*c == '\\' && quote != '\'' && c[1] != '\0')
            *(*to)++ = *++c;
        else
            *(*to)++ = *c;
    }
    *(*to)++ = '\0';
    *from = c;
    return quote == '\0';
}

enum bp_status bp_process_split(const char *command, char ***words, size_t *n,
                                struct bp_error *error)
{
    /* at most a word every two bytes; the words and their text in one block */
    const size_t length = strlen(command);
    const size_t slots = length / 2 + 2;
    char **list = bp_mem_new(slots * sizeof *list + length + 1, 1);
    if (list == NULL)
        return bp_error_set(error, BP_ENOMEM, "subject: out of memory");
    char *text = (char *)(list + slots);
    const char *c = command;
    *n = 0;
    for (;;) {
        while (is_blank(*c))
            c++;
        if (*c == '\0')
            break;
        list[(*n)++] = text;
        if (!take_word(&c, &text)) {
            bp_mem_free(list);
            return bp_error_set(error, BP_EINPUT, "subject: '%.200s': a quote is not closed",
                                command);
        }
    }
    if (*n == 0 || list[0][0] == '\0') {
        bp_mem_free(list);
        return bp_error_set(error, BP_EINPUT, "subject: '%.200s': expected a program", command);
    }
    *words = list;
    return BP_OK;
}
