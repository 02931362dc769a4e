/* hello.c -- what a program says of itself in the first exchange (docs/protocol.md)
 * becomes a struct bp_subject. */
#include "diag/pipe.h"

#include "core/mem.h"
#include "core/spec.h"
#include "diag/layout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The value of word among words, -1 when it is none. */
static int choice(const json_t *value, const char *const *words, int n)
{
    for (int k = 0; json_is_string(value) && k < n; k++)
        if (strcmp(json_string_value(value), words[k]) == 0)
            return k;
    return -1;
}

/* The words of a choice: "a, b or c". */
static void list_words(const char *const *words, int n, char text[128])
{
    text[0] = '\0';
    for (int k = 0; k < n; k++) {
        const size_t used = strlen(text);
        snprintf(text + used, 128 - used, "%s%s",
                 k == 0      ? ""
                 : k + 1 < n ? ", "
                             : " or ",
                 words[k]);
    }
}

/* What a value looks like, for a complaint. */
static void show(const json_t *value, char text[64])
{
    char *dump = value == NULL ? NULL : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    snprintf(text, 64, "%s", dump == NULL ? "nothing" : dump);
    free(dump);
}

/* Reads a choice; a field that is not there leaves *at as it is. */
static bool take_choice(struct bp_pipe *pipe, const json_t *object, const char *field,
                        const char *const *words, int n, int *at)
{
    const json_t *value = json_object_get(object, field);
    if (value == NULL)
        return true;
    const int k = choice(value, words, n);
    if (k >= 0) {
        *at = k;
        return true;
    }
    char given[64], expected[128];
    show(value, given);
    list_words(words, n, expected);
    return bp_pipe_complain(pipe, "'%s' is %s, expected %s", field, given, expected);
}

static bool take_size(struct bp_pipe *pipe, const json_t *object, const char *field, size_t *size)
{
    const json_t *value = json_object_get(object, field);
    if (value == NULL)
        return true;
    const double number = json_number_value(value);
    if (!json_is_number(value) || !(number >= 1.0 && number <= 1e9) || number != floor(number)) {
        char given[64];
        show(value, given);
        return bp_pipe_complain(pipe, "'%s' is %s, expected a whole number from 1", field, given);
    }
    *size = (size_t)number;
    return true;
}

static bool take_flag(struct bp_pipe *pipe, const json_t *object, const char *field, int *flag)
{
    const json_t *value = json_object_get(object, field);
    if (value != NULL && !json_is_boolean(value)) {
        char given[64];
        show(value, given);
        return bp_pipe_complain(pipe, "'%s' is %s, expected true or false", field, given);
    }
    *flag = json_is_true(value);
    return true;
}

/* A copy of a string field; NULL when it is not there. */
static bool take_text(struct bp_pipe *pipe, const json_t *object, const char *field, char **text)
{
    const json_t *value = json_object_get(object, field);
    if (value == NULL)
        return true;
    if (!json_is_string(value))
        return bp_pipe_complain(pipe, "'%s' is not a string", field);
    bp_mem_free(*text);
    *text = bp_mem_text(json_string_value(value));
    return *text != NULL || bp_pipe_complain(pipe, "out of memory");
}

/* Numbers of a field that must hold n; *numbers is new. */
static bool take_numbers(struct bp_pipe *pipe, const json_t *value, const char *field, size_t n,
                         double **numbers)
{
    size_t found;
    if (!bp_wire_count(value, &found))
        return bp_pipe_complain(pipe, "'%s' is not an array of numbers", field);
    if (found != n)
        return bp_pipe_complain(pipe, "'%s' holds %zu numbers, expected %zu", field, found, n);
    *numbers = bp_mem_new(n, sizeof **numbers);
    if (*numbers == NULL)
        return bp_pipe_complain(pipe, "out of memory");
    return bp_wire_read(value, *numbers) || bp_pipe_complain(pipe, "'%s' is not base64", field);
}

/* ---- what it is ---------------------------------------------------------------- */

static bool take_array(struct bp_pipe *pipe, const json_t *entry, size_t at)
{
    static const char *const roles[] = {"weights",       "biases",     "bias-first",
                                        "bias-last",     "thresholds", "threshold-first",
                                        "threshold-last"};
    static const char *const orders[] = {"out-in", "in-out"};
    static const char *const types[] = {"double", "float"};
    if (!json_is_object(entry))
        return bp_pipe_complain(pipe, "'arrays'[%zu] is not an object", at);
    size_t layer = 0;
    int role = -1;
    int order = BP_OUT_IN;
    int type = (int)pipe->subject.precision;
    if (!take_size(pipe, entry, "layer", &layer) ||
        !take_choice(pipe, entry, "role", roles, 7, &role) ||
        !take_choice(pipe, entry, "order", orders, 2, &order) ||
        !take_choice(pipe, entry, "type", types, 2, &type))
        return false;
    if (layer == 0 || role < 0)
        return bp_pipe_complain(pipe, "'arrays'[%zu] has no '%s'", at, role < 0 ? "role" : "layer");
    pipe->arrays[at] = (struct bp_array){.layer = (int)layer,
                                         .role = (enum bp_array_role)role,
                                         .order = (enum bp_array_order)order,
                                         .type = (enum bp_array_type)type};
    return true;
}

/* Sizes from the description, which must be a possible one. */
static bool take_description(struct bp_pipe *pipe)
{
    struct bp_error error;
    struct bp_spec spec;
    if (bp_spec_parse(&spec, pipe->network, &error) != BP_OK)
        return bp_pipe_complain(pipe, "%s", error.text);
    bool fine = bp_layout_check(&pipe->subject, &spec, &error) == BP_OK ||
                bp_pipe_complain(pipe, "%s", error.text);
    const size_t sizes[] = {bp_spec_parameters(&spec), spec.layer[0].width,
                            spec.layer[spec.layers].width};
    size_t *given[] = {&pipe->subject.n_theta, &pipe->subject.n_in, &pipe->subject.n_out};
    static const char *const names[] = {"n_theta", "n_in", "n_out"};
    for (int k = 0; fine && k < 3; k++) {
        if (*given[k] != 0 && *given[k] != sizes[k])
            fine = bp_pipe_complain(pipe, "'%s' is %zu, but network and arrays have %zu", names[k],
                                    *given[k], sizes[k]);
        *given[k] = sizes[k];
    }
    bp_spec_release(&spec);
    return fine;
}

static bool take_arrays(struct bp_pipe *pipe, const json_t *answer)
{
    struct bp_subject *subject = &pipe->subject;
    const json_t *list = json_object_get(answer, "arrays");
    if (list == NULL && pipe->network == NULL)
        return (subject->n_theta > 0 && subject->n_in > 0 && subject->n_out > 0) ||
               bp_pipe_complain(pipe, "neither 'network' and 'arrays' nor 'n_theta', 'n_in' and "
                                      "'n_out' are given");
    if (!json_is_array(list) || pipe->network == NULL || json_array_size(list) == 0 ||
        json_array_size(list) > 4 * (size_t)BP_LAYERS_MAX)
        return bp_pipe_complain(pipe, "'network' and 'arrays' go together: expected a line of text "
                                      "and a list");
    subject->n_arrays = json_array_size(list);
    pipe->arrays = bp_mem_new(subject->n_arrays, sizeof *pipe->arrays);
    if (pipe->arrays == NULL)
        return bp_pipe_complain(pipe, "out of memory");
    subject->arrays = pipe->arrays;
    for (size_t k = 0; k < subject->n_arrays; k++)
        if (!take_array(pipe, json_array_get(list, k), k))
            return false;
    return take_description(pipe);
}

/* ---- what it can do -------------------------------------------------------------- */

static bool take_rate(struct bp_pipe *pipe, const json_t *answer)
{
    static const char *const words[] = {"given", "a number", "unknown"};
    const json_t *value = json_object_get(answer, "rate");
    if (json_is_number(value)) {
        pipe->subject.rate_kind = BP_RATE_FIXED;
        pipe->subject.rate = json_number_value(value);
        return pipe->subject.rate != 0.0 || bp_pipe_complain(pipe, "'rate' is 0");
    }
    int kind = BP_RATE_GIVEN;
    if (!take_choice(pipe, answer, "rate", words, 3, &kind))
        return false;
    pipe->subject.rate_kind = (enum bp_rate_kind)kind;
    return kind != BP_RATE_FIXED || bp_pipe_complain(pipe, "'rate' is the words 'a number'");
}

static bool take_data(struct bp_pipe *pipe, const json_t *answer)
{
    const json_t *data = json_object_get(answer, "data");
    if (data == NULL)
        return true;
    if (!json_is_object(data))
        return bp_pipe_complain(pipe, "'data' is not an object");
    size_t n = 0;
    if (!take_size(pipe, data, "n", &n))
        return false;
    if (n == 0)
        return bp_pipe_complain(pipe, "'data' has no 'n'");
    if (!take_numbers(pipe, json_object_get(data, "x"), "x", n * pipe->subject.n_in, &pipe->x) ||
        !take_numbers(pipe, json_object_get(data, "t"), "t", n * pipe->subject.n_out, &pipe->t))
        return false;
    pipe->data = (struct bp_batch){n, pipe->x, pipe->t};
    pipe->subject.data = &pipe->data;
    return true;
}

static bool take_theta(struct bp_pipe *pipe, const json_t *answer)
{
    const json_t *theta = json_object_get(answer, "theta");
    if (theta != NULL && !take_numbers(pipe, theta, "theta", pipe->subject.n_theta, &pipe->theta))
        return false;
    pipe->subject.theta = pipe->theta;
    if (!take_flag(pipe, answer, "theta_fixed", &pipe->subject.theta_fixed))
        return false;
    return pipe->theta != NULL || !pipe->subject.theta_fixed ||
           bp_pipe_complain(pipe, "'theta_fixed' is true, but there is no 'theta'");
}

static bool take_words(struct bp_pipe *pipe, const json_t *answer)
{
    static const char *const precisions[] = {"double", "float"};
    static const char *const constants[] = {"declared", "undeclared"};
    static const char *const encodings[] = {"json", "base64"};
    static const char *const steps[] = {"batch", "sample", "epoch"};
    struct bp_subject *subject = &pipe->subject;
    int precision = 0, encoding = 0, step = 0, fill = 0;
    if (!take_choice(pipe, answer, "precision", precisions, 2, &precision) ||
        !take_choice(pipe, answer, "constant", constants, 2, &subject->constant_undeclared) ||
        !take_choice(pipe, answer, "encoding", encodings, 2, &encoding) ||
        !take_choice(pipe, answer, "step", steps, 3, &step) ||
        !take_flag(pipe, answer, "shuffles", &subject->shuffles) ||
        !take_flag(pipe, answer, "fill", &fill) || !take_rate(pipe, answer))
        return false;
    subject->precision = (enum bp_array_type)precision;
    subject->step_kind = (enum bp_step_kind)step;
    pipe->base64 = encoding == 1;
    pipe->fills = fill != 0;
    return take_text(pipe, answer, "name", &pipe->name) &&
           take_text(pipe, answer, "network", &pipe->network) &&
           take_size(pipe, answer, "n_theta", &subject->n_theta) &&
           take_size(pipe, answer, "n_in", &subject->n_in) &&
           take_size(pipe, answer, "n_out", &subject->n_out);
}

bool bp_pipe_take_hello(struct bp_pipe *pipe, const json_t *answer)
{
    const json_t *version = json_object_get(answer, "backprobe");
    if (!json_is_number(version) || json_number_value(version) != 1.0) {
        char given[64];
        show(version, given);
        return bp_pipe_complain(pipe, "'backprobe' is %s, expected 1, the version of the protocol",
                                given);
    }
    if (!take_words(pipe, answer) || !take_arrays(pipe, answer) || !take_data(pipe, answer) ||
        !take_theta(pipe, answer))
        return false;
    pipe->subject.name = pipe->name;
    pipe->subject.network = pipe->network;
    return true;
}
