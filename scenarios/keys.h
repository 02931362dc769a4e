/* keys.h -- which value goes where, and is it one that can be?
 *
 * A settings file is read by a table: one row a key, with its type, its range,
 * its place in a struct and a line for the reader. A key that has no row is
 * refused with the nearest one that has; so are a wrong type and a number out of
 * range, each with file, line and what was expected:
 *
 *     xor.conf:5: train.epcohs: no such key, did you mean 'epochs'?
 *     xor.conf:5: train.epochs: 0, expected a whole number from 1 to 10000000
 *
 * A new key is a new row.
 */
#ifndef BP_KEYS_H
#define BP_KEYS_H

#include "core/status.h"

#include <libconfig.h>
#include <stdbool.h>
#include <stdio.h>

enum bp_key_type {
    BP_KEY_GROUP,  /* { } with keys of its own */
    BP_KEY_TEXT,   /* char[size] */
    BP_KEY_REAL,   /* double; a whole number will do */
    BP_KEY_COUNT,  /* size_t */
    BP_KEY_SEED,   /* uint64_t */
    BP_KEY_FLAG,   /* bool */
    BP_KEY_WORD,   /* unsigned: one of words */
    BP_KEY_WORDS,  /* struct bp_key_numbers: one of words, or several */
    BP_KEY_COUNTS, /* struct bp_key_numbers */
    BP_KEY_REALS,  /* struct bp_key_reals */
    BP_KEY_TEXTS   /* struct bp_key_texts: one text, or several */
};

enum { BP_KEY_NUMBERS = 256, BP_KEY_TEXTS_MAX = 32, BP_KEY_TEXT_MAX = 96 };

struct bp_key_numbers {
    size_t n;
    size_t value[BP_KEY_NUMBERS];
};

struct bp_key_reals {
    size_t n;
    double value[BP_KEY_NUMBERS];
};

struct bp_key_texts {
    size_t n;
    char text[BP_KEY_TEXTS_MAX][BP_KEY_TEXT_MAX];
};

/* The words that a key accepts. name() gives them in order, NULL behind the
 * last; parse() may know other names for them. */
struct bp_words {
    const char *noun; /* "an activation" */
    const char *(*name)(unsigned i);
    bool (*parse)(const char *text, unsigned *value);
};

struct bp_key {
    const char *path; /* "train.rate" */
    enum bp_key_type type;
    size_t at, size;       /* of its place in the target */
    double low, high;      /* numbers: the range */
    bool above;            /* ... without low itself */
    const char *zero;      /* counts: a word that means 0, or NULL */
    const char *shorthand; /* groups: a text in place of { } is this key of it */
    const struct bp_words *words;
    const char *about; /* one line for a list of keys */
};

struct bp_keys {
    const char *path;         /* borrowed: the file, for the line */
    const struct bp_key *key; /* borrowed: [n] */
    size_t n;
    void *target;           /* borrowed: what the values go to */
    unsigned *line;         /* borrowed: [n], where each key was seen; 0: not */
    struct bp_error *error; /* borrowed */
};

/* Reads all settings below root. BP_EINPUT with the line. */
enum bp_status bp_keys_read(const struct bp_keys *keys, const config_setting_t *root);

/* The line of a key, 0 when the file has not got it. path must be in the table. */
unsigned bp_keys_line(const struct bp_keys *keys, const char *path);

/* "FILE:LINE: PATH: ..."; the line is that of the key, of the group around it,
 * or left out. Returns BP_EINPUT. */
enum bp_status bp_keys_refuse(const struct bp_keys *keys, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The table for a reader: key, what it accepts, what it is. */
void bp_keys_print(const struct bp_key *key, size_t n, FILE *out);

#endif
