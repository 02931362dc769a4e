/* keys.c -- see keys.h. */
#include "scenarios/keys.h"

#include "core/nearest.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

enum { PATH_SIZE = 128, RANGE_SIZE = 400 };

/* ---- lines ------------------------------------------------------------------- */

/* Row with this path of n bytes, or NULL. */
static const struct bp_key *find(const struct bp_keys *keys, const char *path, size_t n)
{
    for (size_t i = 0; i < keys->n; i++)
        if (strlen(keys->key[i].path) == n && memcmp(keys->key[i].path, path, n) == 0)
            return &keys->key[i];
    return NULL;
}

unsigned bp_keys_line(const struct bp_keys *keys, const char *path)
{
    const struct bp_key *key = find(keys, path, strlen(path));
    assert(key != NULL);
    return keys->line[key - keys->key];
}

/* The line of the key, or of the innermost group around it that is there. */
static unsigned nearest_line(const struct bp_keys *keys, const char *path)
{
    for (size_t n = strlen(path); n > 0; n--) {
        if (path[n] != '\0' && path[n] != '.')
            continue;
        const struct bp_key *key = find(keys, path, n);
        if (key != NULL && keys->line[key - keys->key] != 0)
            return keys->line[key - keys->key];
    }
    return 0;
}

static enum bp_status refuse_at(const struct bp_keys *keys, unsigned line, const char *path,
                                const char *why)
{
    if (line == 0)
        return bp_error_set(keys->error, BP_EINPUT, "%.300s: %s: %s", keys->path, path, why);
    return bp_error_set(keys->error, BP_EINPUT, "%.300s:%u: %s: %s", keys->path, line, path, why);
}

enum bp_status bp_keys_refuse(const struct bp_keys *keys, const char *path, const char *format, ...)
{
    char why[BP_ERROR_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    return refuse_at(keys, nearest_line(keys, path), path, why);
}

/* ---- what a key accepts, in words -------------------------------------------- */

static void range_text(const struct bp_key *key, const char *noun, char *text, size_t size)
{
    if (key->above)
        snprintf(text, size, "%s above %.10g", noun, key->low);
    else if (key->low == -HUGE_VAL && key->high == HUGE_VAL)
        snprintf(text, size, "%s", noun);
    else if (key->high == HUGE_VAL)
        snprintf(text, size, "%s, %.10g or more", noun, key->low);
    else
        snprintf(text, size, "%s from %.10g to %.10g", noun, key->low, key->high);
}

static void append(char *text, size_t size, const char *more)
{
    const size_t n = strlen(text);
    snprintf(text + n, size - n, "%s", more);
}

static void words_text(const struct bp_words *words, char *text, size_t size)
{
    text[0] = '\0';
    for (unsigned i = 0; words->name(i) != NULL; i++) {
        if (i > 0)
            append(text, size, words->name(i + 1) == NULL ? " or " : ", ");
        append(text, size, words->name(i));
    }
}

static void accepted_text(const struct bp_key *key, char *text, size_t size)
{
    text[0] = '\0';
    switch (key->type) {
    case BP_KEY_GROUP:
        snprintf(text, size, "{ }%s", key->shorthand == NULL ? "" : " or a text in quotes");
        break;
    case BP_KEY_TEXT:
        snprintf(text, size, "a text in quotes");
        break;
    case BP_KEY_REAL:
        range_text(key, "a number", text, size);
        break;
    case BP_KEY_COUNT:
    case BP_KEY_SEED:
        range_text(key, "a whole number", text, size);
        if (key->zero != NULL)
            snprintf(text + strlen(text), size - strlen(text), ", or \"%s\"", key->zero);
        break;
    case BP_KEY_FLAG:
        snprintf(text, size, "true or false");
        break;
    case BP_KEY_WORD:
    case BP_KEY_WORDS:
        words_text(key->words, text, size);
        if (key->type == BP_KEY_WORDS)
            append(text, size, "; or a list of these");
        break;
    case BP_KEY_COUNTS:
        append(text, size, "a list [ ] of ");
        range_text(key, "whole numbers", text + strlen(text), size - strlen(text));
        break;
    case BP_KEY_REALS:
        append(text, size, "a list [ ] of ");
        range_text(key, "numbers", text + strlen(text), size - strlen(text));
        break;
    case BP_KEY_TEXTS:
        snprintf(text, size, "a text in quotes, or a list [ ] of texts");
        break;
    }
}

static const char *type_text(const config_setting_t *setting)
{
    switch (config_setting_type(setting)) {
    case CONFIG_TYPE_GROUP:
        return "a group { }";
    case CONFIG_TYPE_INT:
    case CONFIG_TYPE_INT64:
        return "a whole number";
    case CONFIG_TYPE_FLOAT:
        return "a number with a point";
    case CONFIG_TYPE_STRING:
        return "a text";
    case CONFIG_TYPE_BOOL:
        return "true or false";
    default:
        return "a list";
    }
}

/* ---- one value ----------------------------------------------------------------- */

static enum bp_status refuse_type(const struct bp_keys *keys, const struct bp_key *key,
                                  const config_setting_t *setting)
{
    char expected[RANGE_SIZE];
    accepted_text(key, expected, sizeof expected);
    return bp_keys_refuse(keys, key->path, "%s, expected %s", type_text(setting), expected);
}

static enum bp_status refuse_number(const struct bp_keys *keys, const struct bp_key *key,
                                    double value)
{
    char expected[RANGE_SIZE];
    accepted_text(key, expected, sizeof expected);
    return bp_keys_refuse(keys, key->path, "%.10g, expected %s", value, expected);
}

/* Whole numbers of either width; those of 32 bits are all that the guard lets in. */
static bool is_whole(const config_setting_t *setting)
{
    const int type = config_setting_type(setting);
    return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
}

/* Written so that NaN is out of range. */
static bool in_range(const struct bp_key *key, double value)
{
    return (key->above ? value > key->low : value >= key->low) && value <= key->high &&
           isfinite(value);
}

static enum bp_status read_real(const struct bp_keys *keys, const struct bp_key *key,
                                const config_setting_t *setting, double *to)
{
    double value;
    if (is_whole(setting))
        value = (double)config_setting_get_int64(setting);
    else if (config_setting_type(setting) == CONFIG_TYPE_FLOAT)
        value = config_setting_get_float(setting);
    else
        return refuse_type(keys, key, setting);
    if (!in_range(key, value))
        return refuse_number(keys, key, value);
    *to = value;
    return BP_OK;
}

static enum bp_status read_count(const struct bp_keys *keys, const struct bp_key *key,
                                 const config_setting_t *setting, size_t *to)
{
    const char *text = config_setting_get_string(setting);
    if (key->zero != NULL && text != NULL && strcmp(text, key->zero) == 0) {
        *to = 0;
        return BP_OK;
    }
    if (!is_whole(setting))
        return refuse_type(keys, key, setting);
    const double value = (double)config_setting_get_int64(setting);
    if (!in_range(key, value))
        return refuse_number(keys, key, value);
    *to = (size_t)value;
    return BP_OK;
}

/* Length of the UTF-8 sequence that begins here (RFC 3629), 0 when there is none. */
static size_t utf8_length(const unsigned char *c)
{
    if (c[0] < 0x80)
        return 1;
    const size_t n = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    if (c[0] < 0xc2 || c[0] > 0xf4)
        return 0;
    for (size_t i = 1; i < n; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    const bool overlong = (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
    const bool beyond = (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf4 && c[1] > 0x8f);
    return overlong || beyond ? 0 : n;
}

/* One line of UTF-8, without control characters. */
static bool is_clean(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    while (*c != '\0') {
        const size_t n = utf8_length(c);
        const bool control = c[0] < 0x20 || c[0] == 0x7f || (c[0] == 0xc2 && c[1] < 0xa0);
        if (n == 0 || control)
            return false;
        c += n;
    }
    return true;
}

static enum bp_status read_text(const struct bp_keys *keys, const struct bp_key *key,
                                const config_setting_t *setting, char *to, size_t size)
{
    const char *text = config_setting_get_string(setting);
    if (text == NULL)
        return refuse_type(keys, key, setting);
    if (!is_clean(text))
        return bp_keys_refuse(keys, key->path,
                              "control characters or bytes that are no UTF-8, "
                              "expected one line of text");
    if (text[0] == '\0' || strlen(text) >= size)
        return bp_keys_refuse(keys, key->path, "%zu bytes long, expected 1 to %zu", strlen(text),
                              size - 1);
    memcpy(to, text, strlen(text) + 1);
    return BP_OK;
}

static enum bp_status refuse_word(const struct bp_keys *keys, const struct bp_key *key,
                                  const char *text)
{
    char expected[RANGE_SIZE];
    struct bp_nearest nearest;
    bp_nearest_begin(&nearest, text);
    for (unsigned i = 0; key->words->name(i) != NULL; i++)
        bp_nearest_offer(&nearest, key->words->name(i));
    if (bp_nearest_name(&nearest) != NULL)
        return bp_keys_refuse(keys, key->path, "'%.40s' is not %s, did you mean '%s'?", text,
                              key->words->noun, bp_nearest_name(&nearest));
    words_text(key->words, expected, sizeof expected);
    return bp_keys_refuse(keys, key->path, "'%.40s' is not %s, expected %s", text, key->words->noun,
                          expected);
}

static enum bp_status read_word(const struct bp_keys *keys, const struct bp_key *key,
                                const config_setting_t *setting, unsigned *to)
{
    const char *text = config_setting_get_string(setting);
    if (text == NULL)
        return refuse_type(keys, key, setting);
    if (!key->words->parse(text, to))
        return refuse_word(keys, key, text);
    return BP_OK;
}

/* ---- lists --------------------------------------------------------------------- */

static enum bp_status read_element(const struct bp_keys *keys, const struct bp_key *key,
                                   const config_setting_t *setting, size_t i, void *to)
{
    struct bp_key_numbers *numbers = to;
    struct bp_key_reals *reals = to;
    struct bp_key_texts *texts = to;
    unsigned word = 0;
    enum bp_status status;
    if (key->type == BP_KEY_COUNTS)
        return read_count(keys, key, setting, &numbers->value[i]);
    if (key->type == BP_KEY_REALS)
        return read_real(keys, key, setting, &reals->value[i]);
    if (key->type == BP_KEY_TEXTS)
        return read_text(keys, key, setting, texts->text[i], sizeof texts->text[i]);
    status = read_word(keys, key, setting, &word);
    numbers->value[i] = word;
    return status;
}

static enum bp_status read_list(const struct bp_keys *keys, const struct bp_key *key,
                                const config_setting_t *setting, void *to)
{
    const bool several = config_setting_is_array(setting) || config_setting_is_list(setting);
    const size_t n = several ? (size_t)config_setting_length(setting) : 1;
    const size_t most = key->type == BP_KEY_TEXTS ? BP_KEY_TEXTS_MAX : BP_KEY_NUMBERS;
    if (!several && (key->type == BP_KEY_COUNTS || key->type == BP_KEY_REALS))
        return refuse_type(keys, key, setting);
    if (n > most)
        return bp_keys_refuse(keys, key->path, "%zu elements, expected at most %zu", n, most);
    for (size_t i = 0; i < n; i++) {
        const config_setting_t *element =
            several ? config_setting_get_elem(setting, (unsigned)i) : setting;
        const enum bp_status status = read_element(keys, key, element, i, to);
        if (status != BP_OK)
            return status;
    }
    memcpy(to, &n, sizeof n); /* every kind of list begins with it */
    return BP_OK;
}

/* ---- groups -------------------------------------------------------------------- */

static enum bp_status read_group(const struct bp_keys *keys, const char *prefix,
                                 const config_setting_t *group);

/* A text where { } belongs, for a group that has a key for it. */
static enum bp_status read_shorthand(const struct bp_keys *keys, const struct bp_key *group,
                                     const config_setting_t *setting);

static enum bp_status read_value(const struct bp_keys *keys, const struct bp_key *key,
                                 const config_setting_t *setting)
{
    void *to = (char *)keys->target + key->at;
    keys->line[key - keys->key] = config_setting_source_line(setting);
    switch (key->type) {
    case BP_KEY_GROUP:
        if (config_setting_is_group(setting))
            return read_group(keys, key->path, setting);
        return read_shorthand(keys, key, setting);
    case BP_KEY_TEXT:
        return read_text(keys, key, setting, to, key->size);
    case BP_KEY_REAL:
        return read_real(keys, key, setting, to);
    case BP_KEY_COUNT:
        return read_count(keys, key, setting, to);
    case BP_KEY_SEED: {
        size_t seed = 0;
        const enum bp_status status = read_count(keys, key, setting, &seed);
        *(uint64_t *)to = seed;
        return status;
    }
    case BP_KEY_FLAG:
        if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
            return refuse_type(keys, key, setting);
        *(bool *)to = config_setting_get_bool(setting);
        return BP_OK;
    case BP_KEY_WORD:
        return read_word(keys, key, setting, to);
    default:
        return read_list(keys, key, setting, to);
    }
}

static enum bp_status read_shorthand(const struct bp_keys *keys, const struct bp_key *group,
                                     const config_setting_t *setting)
{
    if (group->shorthand == NULL || config_setting_type(setting) != CONFIG_TYPE_STRING)
        return refuse_type(keys, group, setting);
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s.%s", group->path, group->shorthand);
    const struct bp_key *key = find(keys, path, strlen(path));
    assert(key != NULL && key->type != BP_KEY_GROUP);
    return read_value(keys, key, setting);
}

/* The key's own name, when it belongs to the group prefix; else NULL. */
static const char *name_in(const struct bp_key *key, const char *prefix)
{
    const size_t n = strlen(prefix);
    const char *name = key->path;
    if (n > 0 && (strncmp(name, prefix, n) != 0 || name[n] != '.'))
        return NULL;
    name += n > 0 ? n + 1 : 0;
    return strchr(name, '.') == NULL ? name : NULL;
}

static enum bp_status refuse_unknown(const struct bp_keys *keys, const char *prefix,
                                     const char *name, unsigned line)
{
    char path[PATH_SIZE], why[RANGE_SIZE];
    struct bp_nearest nearest;
    snprintf(path, sizeof path, "%s%s%.60s", prefix, prefix[0] == '\0' ? "" : ".", name);
    bp_nearest_begin(&nearest, name);
    snprintf(why, sizeof why, "no such key, expected one of");
    for (size_t i = 0; i < keys->n; i++) {
        const char *known = name_in(&keys->key[i], prefix);
        if (known == NULL)
            continue;
        bp_nearest_offer(&nearest, known);
        append(why, sizeof why, " ");
        append(why, sizeof why, known);
    }
    if (bp_nearest_name(&nearest) != NULL)
        snprintf(why, sizeof why, "no such key, did you mean '%s'?", bp_nearest_name(&nearest));
    return refuse_at(keys, line, path, why);
}

static enum bp_status read_group(const struct bp_keys *keys, const char *prefix,
                                 const config_setting_t *group)
{
    const unsigned n = (unsigned)config_setting_length(group);
    for (unsigned i = 0; i < n; i++) {
        const config_setting_t *setting = config_setting_get_elem(group, i);
        const char *name = config_setting_name(setting);
        char path[PATH_SIZE];
        const int length =
            snprintf(path, sizeof path, "%s%s%s", prefix, prefix[0] == '\0' ? "" : ".", name);
        const struct bp_key *key =
            strchr(name, '.') == NULL ? find(keys, path, (size_t)length) : NULL;
        const enum bp_status status =
            key == NULL ? refuse_unknown(keys, prefix, name, config_setting_source_line(setting))
                        : read_value(keys, key, setting);
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

enum bp_status bp_keys_read(const struct bp_keys *keys, const config_setting_t *root)
{
    memset(keys->line, 0, keys->n * sizeof *keys->line);
    return read_group(keys, "", root);
}

void bp_keys_print(const struct bp_key *key, size_t n, FILE *out)
{
    for (size_t i = 0; i < n; i++) {
        char accepted[RANGE_SIZE];
        accepted_text(&key[i], accepted, sizeof accepted);
        fprintf(out, "%-22s %s\n", key[i].path, key[i].about);
        if (key[i].shorthand != NULL)
            fprintf(out, "%22s { }, or a text in quotes for %s.%s\n", "", key[i].path,
                    key[i].shorthand);
        else if (key[i].type != BP_KEY_GROUP)
            fprintf(out, "%22s %s\n", "", accepted);
    }
}
