/* guard.c -- see guard.h. */
#include "scenarios/guard.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct scan {
    const char *path; /* borrowed */
    const char *at, *end;
    size_t line;
    size_t settings;
    char open[BP_GUARD_DEPTH]; /* the brackets that are open */
    size_t depth;
    bool value; /* behind = or :, where a value belongs */
    struct bp_error *error;
};

enum { TOKEN_MAX = 100 };

static enum bp_status refuse(const struct scan *s, size_t line, const char *what, const char *why)
{
    return bp_error_set(s->error, BP_EINPUT, "%.300s:%zu: %s%s", s->path, line, what, why);
}

static enum bp_status refuse_word(const struct scan *s, const char *word, const char *why)
{
    return bp_error_set(s->error, BP_EINPUT, "%.300s:%zu: '%.40s'%s: %s", s->path, s->line, word,
                        strlen(word) > 40 ? "..." : "", why);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_number_byte(char c)
{
    return is_digit(c) || is_letter(c) || (c != '\0' && strchr("+-._", c) != NULL);
}

static bool is_name_byte(char c)
{
    return is_digit(c) || is_letter(c) || (c != '\0' && strchr("-_*", c) != NULL);
}

/* Copies the token, cut to TOKEN_MAX bytes, and steps over it. */
static void take(struct scan *s, bool (*belongs)(char), char word[TOKEN_MAX + 1])
{
    size_t n = 0;
    for (; s->at < s->end && belongs(*s->at); s->at++)
        if (n < TOKEN_MAX)
            word[n++] = *s->at;
    word[n] = '\0';
}

/* ---- comments and texts ------------------------------------------------------ */

static void skip_line(struct scan *s)
{
    while (s->at < s->end && *s->at != '\n')
        s->at++;
}

static enum bp_status skip_comment(struct scan *s)
{
    const size_t line = s->line;
    for (s->at += 2; s->at + 1 < s->end; s->at++) {
        if (s->at[0] == '*' && s->at[1] == '/') {
            s->at += 2;
            return BP_OK;
        }
        s->line += *s->at == '\n';
    }
    return refuse(s, line, "a comment begins here and has no end", ", expected */");
}

static enum bp_status skip_text(struct scan *s)
{
    for (s->at++; s->at < s->end && *s->at != '"'; s->at++) {
        const unsigned char byte = (unsigned char)*s->at;
        if (byte == '\n' || byte == '\r')
            break;
        if (byte < 0x20 || byte == 0x7f)
            return refuse(s, s->line, "a control character in a text", ", expected printable ones");
        if (byte == '\\' && s->at + 1 < s->end && s->at[1] != '\n')
            s->at++;
    }
    if (s->at == s->end || *s->at != '"')
        return refuse(s, s->line, "a text begins in this line and has no end in it",
                      ", expected a closing \"");
    s->at++;
    s->value = false;
    return BP_OK;
}

/* ---- numbers and words ------------------------------------------------------- */

/* Whole numbers as libconfig writes them: digits or 0x and digits, with or
 * without L or LL. */
static bool is_whole(const char *word)
{
    const bool hex = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
    word += hex ? 2 : (word[0] == '+' || word[0] == '-');
    const size_t n = strspn(word, hex ? "0123456789abcdefABCDEF" : "0123456789");
    const char *rest = word + n;
    return n > 0 && (*rest == '\0' || strcmp(rest, "L") == 0 || strcmp(rest, "LL") == 0);
}

static enum bp_status check_whole(const struct scan *s, const char *word)
{
    errno = 0;
    const bool hex = word[0] == '0' && (word[1] == 'x' || word[1] == 'X');
    const long long value = strtoll(word, NULL, hex ? 16 : 10);
    if (errno != 0 || value < INT32_MIN || value > INT32_MAX || strlen(word) >= TOKEN_MAX)
        return refuse_word(s, word, "out of range, expected -2147483648 to 2147483647");
    return BP_OK;
}

static enum bp_status check_number(struct scan *s)
{
    char word[TOKEN_MAX + 1];
    take(s, is_number_byte, word);
    s->value = false;
    if (is_whole(word))
        return check_whole(s, word);
    char *rest = NULL;
    const double value = strtod(word, &rest);
    const bool decimal = word[strspn(word, "0123456789+-.eE")] == '\0' &&
                         strpbrk(word, "0123456789") != NULL && strlen(word) < TOKEN_MAX;
    if (!decimal || *rest != '\0')
        return refuse_word(s, word, "expected a number");
    if (!isfinite(value))
        return refuse_word(s, word, "too large for a double, expected a finite number");
    return BP_OK;
}

static bool is_truth(const char *word)
{
    static const char *const TRUTH[] = {"true", "false"};
    for (int i = 0; i < 2; i++) {
        size_t k = 0;
        while (word[k] != '\0' && (word[k] | 0x20) == TRUTH[i][k])
            k++;
        if (word[k] == '\0' && TRUTH[i][k] == '\0')
            return true;
    }
    return false;
}

static enum bp_status check_word(struct scan *s)
{
    char word[TOKEN_MAX + 1];
    take(s, is_name_byte, word);
    const bool value = s->value || (s->depth > 0 && s->open[s->depth - 1] != '{');
    s->value = false;
    if (value && !is_truth(word))
        return refuse_word(s, word,
                           "expected a number, \"text\" in quotes, true, false, [ ], ( ) or { }");
    return BP_OK;
}

/* ---- brackets and the rest --------------------------------------------------- */

static enum bp_status check_open(struct scan *s)
{
    if (s->depth == BP_GUARD_DEPTH)
        return bp_error_set(s->error, BP_EINPUT,
                            "%.300s:%zu: more than %d brackets open at once, expected fewer",
                            s->path, s->line, BP_GUARD_DEPTH);
    s->open[s->depth++] = *s->at++;
    s->value = false;
    return BP_OK;
}

static enum bp_status check_sign(struct scan *s)
{
    const char c = *s->at;
    const unsigned char byte = (unsigned char)c;
    if (c == '@')
        return refuse(s, s->line, "@include", " and the like are not accepted: expected one file");
    if (c == '[' || c == '(' || c == '{')
        return check_open(s);
    if (c == ']' || c == ')' || c == '}')
        s->depth -= s->depth > 0;
    else if ((byte < 0x20 && strchr("\n\r\t\f", c) == NULL) || c == '\0' || byte >= 0x7f)
        return bp_error_set(s->error, BP_EINPUT,
                            "%.300s:%zu: a byte 0x%02x outside a text, expected "
                            "NAME = VALUE",
                            s->path, s->line, byte);
    if (c == '=' || c == ':') {
        s->value = true;
        if (++s->settings > BP_GUARD_SETTINGS)
            return bp_error_set(s->error, BP_EINPUT,
                                "%.300s:%zu: more than %d settings, expected "
                                "fewer",
                                s->path, s->line, BP_GUARD_SETTINGS);
    }
    if (c == ';')
        s->value = false;
    s->line += c == '\n';
    s->at++;
    return BP_OK;
}

static enum bp_status check_token(struct scan *s)
{
    const char c = *s->at;
    const char next = s->at + 1 < s->end ? s->at[1] : '\0';
    if (c == '#' || (c == '/' && next == '/')) {
        skip_line(s);
        return BP_OK;
    }
    if (c == '/' && next == '*')
        return skip_comment(s);
    if (c == '"')
        return skip_text(s);
    if (is_digit(c) || c == '+' || c == '-' || c == '.')
        return check_number(s);
    if (is_letter(c) || c == '*')
        return check_word(s);
    return check_sign(s);
}

enum bp_status bp_guard_check(const char *path, const char *text, size_t n, struct bp_error *error)
{
    struct scan s = {.path = path, .at = text, .end = text + n, .line = 1, .error = error};
    while (s.at < s.end) {
        const enum bp_status status = check_token(&s);
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}
