/* arrayfile.c -- see arrayfile.h. The header of .npy is a Python dictionary:
 *
 *     \x93NUMPY 1 0 <2 bytes: length> {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
 *
 * (NumPy, "NPY format".) */
#include "diag/arrayfile.h"

#include "core/input.h"
#include "core/mem.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bp_arrayfile_release(struct bp_arrayfile *array)
{
    bp_mem_free(array->numbers);
    *array = (struct bp_arrayfile){0};
}

void bp_arrayfile_shape_text(const struct bp_arrayfile *array, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "(");
    for (size_t k = 0; k < array->dims && used < size; k++)
        used += (size_t)snprintf(text + used, size - used, "%s%zu", k == 0 ? "" : ", ",
                                 array->shape[k]);
    if (used < size)
        snprintf(text + used, size - used, ")");
}

/* ---- the header ------------------------------------------------------------------ */

struct header {
    const char *path;
    const char *at, *end; /* what is left of it */
    char kind;            /* f, i, u or b */
    size_t size;          /* bytes a number */
    bool big;             /* highest byte first */
    bool fortran;
    bool has_descr, has_order, has_shape;
    struct bp_error *error;
};

static enum bp_status bad(const struct header *header, const char *expected)
{
    return bp_error_set(header->error, BP_EINPUT, "%s: header: expected %s", header->path,
                        expected);
}

static void skip_blanks(struct header *header)
{
    while (header->at < header->end && strchr(" \t\n", *header->at) != NULL && *header->at != '\0')
        header->at++;
}

static bool take(struct header *header, const char *text)
{
    const size_t n = strlen(text);
    skip_blanks(header);
    if ((size_t)(header->end - header->at) < n || memcmp(header->at, text, n) != 0)
        return false;
    header->at += n;
    return true;
}

/* 'text' or "text" */
static bool take_string(struct header *header, char text[32])
{
    skip_blanks(header);
    if (header->at == header->end || (*header->at != '\'' && *header->at != '"'))
        return false;
    const char quote = *header->at++;
    size_t n = 0;
    while (header->at < header->end && *header->at != quote && n < 31)
        text[n++] = *header->at++;
    text[n] = '\0';
    if (header->at == header->end || *header->at != quote)
        return false;
    header->at++;
    return true;
}

static bool take_whole(struct header *header, size_t *value)
{
    skip_blanks(header);
    const char *start = header->at;
    *value = 0;
    for (; header->at < header->end && *header->at >= '0' && *header->at <= '9'; header->at++) {
        if (*value > (SIZE_MAX - 9) / 10)
            return false;
        *value = *value * 10 + (size_t)(*header->at - '0');
    }
    return header->at > start;
}

static enum bp_status take_descr(struct header *header)
{
    char text[32];
    if (!take_string(header, text))
        return bad(header, "a plain type such as '<f8' (structured types are not read)");
    const char *kind = text + (strchr("<>|=", text[0]) != NULL && text[0] != '\0' ? 1 : 0);
    header->big = text[0] == '>';
    header->kind = kind[0];
    header->size = (size_t)strtoul(kind[0] == '\0' ? kind : kind + 1, NULL, 10);
    const size_t size = header->size;
    const bool fits = (header->kind == 'f' && (size == 2 || size == 4 || size == 8)) ||
                      (header->kind == 'b' && size == 1) ||
                      ((header->kind == 'i' || header->kind == 'u') &&
                       (size == 1 || size == 2 || size == 4 || size == 8));
    if (!fits)
        return bp_error_set(
            header->error, BP_EINPUT,
            "%s: numbers of type '%s', expected floats or integers of up to 8 bytes", header->path,
            text);
    header->has_descr = true;
    return BP_OK;
}

static enum bp_status take_shape(struct header *header, struct bp_arrayfile *array)
{
    if (!take(header, "("))
        return bad(header, "a shape such as (3, 4)");
    array->n = 1;
    while (!take(header, ")")) {
        size_t *width = &array->shape[array->dims];
        if (array->dims == BP_ARRAYFILE_DIMS || !take_whole(header, width))
            return bad(header, "a shape of up to 8 whole numbers");
        if (*width != 0 && array->n > (size_t)BP_ARRAYFILE_BYTES_MAX / *width)
            return bad(header, "a shape that fits the file");
        array->n *= *width;
        array->dims++;
        if (!take(header, ",")) {
            if (!take(header, ")"))
                return bad(header, "a comma or ) in the shape");
            break;
        }
    }
    header->has_shape = true;
    return BP_OK;
}

static enum bp_status take_field(struct header *header, struct bp_arrayfile *array)
{
    char key[32];
    if (!take_string(header, key) || !take(header, ":"))
        return bad(header, "a dictionary of 'descr', 'fortran_order' and 'shape'");
    if (strcmp(key, "descr") == 0 && !header->has_descr)
        return take_descr(header);
    if (strcmp(key, "shape") == 0 && !header->has_shape)
        return take_shape(header, array);
    if (strcmp(key, "fortran_order") == 0 && !header->has_order) {
        header->has_order = true;
        header->fortran = take(header, "True");
        return header->fortran || take(header, "False") ? BP_OK : bad(header, "True or False");
    }
    return bad(header, "'descr', 'fortran_order' and 'shape', each once");
}

static enum bp_status take_header(struct header *header, struct bp_arrayfile *array)
{
    if (!take(header, "{"))
        return bad(header, "a dictionary");
    while (!take(header, "}")) {
        const enum bp_status status = take_field(header, array);
        if (status != BP_OK)
            return status;
        take(header, ",");
    }
    if (!header->has_descr || !header->has_order || !header->has_shape)
        return bad(header, "'descr', 'fortran_order' and 'shape'");
    return BP_OK;
}

/* ---- the numbers ------------------------------------------------------------------- */

/* Half precision (IEEE 754-2008, binary16). */
static double from_half(uint64_t bits)
{
    const int exponent = (int)(bits >> 10 & 31);
    const double fraction = (double)(bits & 1023);
    const double sign = bits >> 15 != 0 ? -1.0 : 1.0;
    if (exponent == 31)
        return fraction == 0.0 ? sign * (double)INFINITY : (double)NAN;
    return exponent == 0 ? sign * ldexp(fraction, -24)
                         : sign * ldexp(1024.0 + fraction, exponent - 25);
}

static double number_at(const struct header *header, const unsigned char *bytes)
{
    uint64_t bits = 0;
    for (size_t k = 0; k < header->size; k++)
        bits |= (uint64_t)bytes[k] << 8 * (header->big ? header->size - 1 - k : k);
    if (header->kind == 'f' && header->size == 8) {
        double value;
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    if (header->kind == 'f' && header->size == 4) {
        const uint32_t low = (uint32_t)bits;
        float value;
        memcpy(&value, &low, sizeof value);
        return (double)value;
    }
    if (header->kind == 'f')
        return from_half(bits);
    const unsigned unused = (unsigned)(64 - 8 * header->size);
    if (header->kind == 'i')
        return (double)((int64_t)(bits << unused) >> unused);
    return (double)bits;
}

/* Where number k of the file lies in C order, when the file is in Fortran order: the first
 * index runs fastest. */
static size_t c_place(const struct bp_arrayfile *array, size_t k)
{
    size_t index[BP_ARRAYFILE_DIMS];
    for (size_t d = 0; d < array->dims; d++) {
        index[d] = k % array->shape[d];
        k /= array->shape[d];
    }
    size_t place = 0;
    for (size_t d = 0; d < array->dims; d++)
        place = place * array->shape[d] + index[d];
    return place;
}

/* Finds the header, and moves header.at and end to it; *start is the first byte after. */
static enum bp_status find_header(struct header *header, const struct bp_input *input,
                                  size_t *start)
{
    const unsigned char *bytes = (const unsigned char *)input->bytes;
    const unsigned major = input->n > 8 ? bytes[6] : 0;
    const size_t prefix = major == 1 ? 10 : 12;
    if (major < 1 || major > 3 || input->n < prefix)
        return bp_error_set(header->error, BP_EINPUT, "%s: expected .npy of format 1.0, 2.0 or 3.0",
                            header->path);
    size_t length = bytes[8] | (size_t)bytes[9] << 8;
    if (major > 1)
        length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    if (length > input->n - prefix)
        return bp_error_set(header->error, BP_EINPUT, "%s: the header ends after the file",
                            header->path);
    *start = prefix + length;
    header->at = input->bytes + prefix;
    header->end = input->bytes + *start;
    return BP_OK;
}

static enum bp_status read_npy(struct bp_arrayfile *array, const struct bp_input *input,
                               const char *path, struct bp_error *error)
{
    struct header header = {.path = path, .error = error};
    size_t start = 0;
    enum bp_status status = find_header(&header, input, &start);
    if (status == BP_OK)
        status = take_header(&header, array);
    if (status != BP_OK)
        return status;
    if (array->n * header.size != input->n - start)
        return bp_error_set(error, BP_EINPUT, "%s: %zu bytes of numbers, expected %zu", path,
                            input->n - start, array->n * header.size);
    array->narrow = header.kind == 'f' && header.size < 8;
    array->numbers = bp_mem_new(array->n, sizeof *array->numbers);
    if (array->numbers == NULL)
        return bp_error_set(error, BP_ENOMEM, "%s: out of memory", path);
    const unsigned char *from = (const unsigned char *)input->bytes + start;
    for (size_t k = 0; k < array->n; k++)
        array->numbers[header.fortran ? c_place(array, k) : k] =
            number_at(&header, from + k * header.size);
    return BP_OK;
}

/* ---- text ---------------------------------------------------------------------------- */

struct text {
    const char *path;
    const char *at, *end;
    size_t line, column; /* numbers of this line so far */
    size_t room;
    struct bp_error *error;
};

static enum bp_status add_number(struct text *text, struct bp_arrayfile *array, double value)
{
    if (array->n == text->room) {
        const size_t room = 2 * text->room + 64;
        double *numbers = bp_mem_grow(array->numbers, text->room, room, sizeof *numbers);
        if (numbers == NULL)
            return bp_error_set(text->error, BP_ENOMEM, "%s: out of memory", text->path);
        array->numbers = numbers;
        text->room = room;
    }
    array->numbers[array->n++] = value;
    text->column++;
    return BP_OK;
}

/* One word, which must be a number as C writes it, not in hexadecimal. */
static enum bp_status take_number(struct text *text, struct bp_arrayfile *array)
{
    const size_t n = strcspn(text->at, ", \t\r\n;#");
    char word[64];
    snprintf(word, sizeof word, "%.*s", (int)(n < 60 ? n : 60), text->at);
    char *end;
    const double value = strtod(word, &end);
    if (n == 0 || n >= 60 || *end != '\0' || strpbrk(word, "xXpP") != NULL)
        return bp_error_set(text->error, BP_EINPUT, "%s:%zu: '%.40s': expected a number",
                            text->path, text->line, word);
    text->at += n;
    return add_number(text, array, value);
}

/* The end of a line: all lines that hold numbers must hold as many. */
static enum bp_status end_line(struct text *text, struct bp_arrayfile *array)
{
    if (text->column > 0) {
        if (array->shape[0] > 0 && array->shape[1] != text->column)
            return bp_error_set(text->error, BP_EINPUT,
                                "%s:%zu: %zu numbers, expected %zu as above", text->path,
                                text->line, text->column, array->shape[1]);
        array->shape[1] = text->column;
        array->shape[0]++;
    }
    text->column = 0;
    text->line++;
    return BP_OK;
}

static enum bp_status take_text(struct text *text, struct bp_arrayfile *array)
{
    enum bp_status status = BP_OK;
    bool comma = false; /* one was taken since the last number */
    while (status == BP_OK && text->at < text->end) {
        const char c = *text->at;
        if (c == '\n') {
            status = end_line(text, array);
            comma = false;
            text->at++;
        } else if (c == '#') {
            text->at += strcspn(text->at, "\n");
        } else if (c == ' ' || c == '\t' || c == '\r') {
            text->at++;
        } else if (c == ',' && text->column > 0 && !comma) {
            comma = true;
            text->at++;
        } else {
            status = take_number(text, array);
            comma = false;
        }
    }
    return status != BP_OK ? status : end_line(text, array);
}

static enum bp_status read_text(struct bp_arrayfile *array, const struct bp_input *input,
                                const char *path, struct bp_error *error)
{
    struct text text = {.path = path,
                        .at = input->bytes,
                        .end = input->bytes + input->n,
                        .line = 1,
                        .error = error};
    if (memchr(input->bytes, '\0', input->n) != NULL)
        return bp_error_set(error, BP_EINPUT, "%s: neither .npy nor text: expected numbers", path);
    array->dims = 2;
    const enum bp_status status = take_text(&text, array);
    if (status == BP_OK && array->n == 0)
        return bp_error_set(error, BP_EINPUT, "%s: no numbers in it: expected at least one", path);
    return status;
}

enum bp_status bp_arrayfile_read(struct bp_arrayfile *array, const char *path,
                                 struct bp_error *error)
{
    static const char magic[] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};
    *array = (struct bp_arrayfile){0};
    struct bp_input input;
    enum bp_status status = bp_input_read(&input, path, BP_ARRAYFILE_BYTES_MAX, error);
    if (status != BP_OK)
        return status;
    const bool npy = input.n >= sizeof magic && memcmp(input.bytes, magic, sizeof magic) == 0;
    status = npy ? read_npy(array, &input, path, error) : read_text(array, &input, path, error);
    bp_input_release(&input);
    if (status != BP_OK)
        bp_arrayfile_release(array);
    return status;
}
