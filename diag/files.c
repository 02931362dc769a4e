/* files.c -- see files.h. */
#include "diag/files.h"

#include "core/csv.h"
#include "core/mem.h"
#include "diag/arrayfile.h"
#include "diag/layout.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATHS_MAX = 4096 };

/* ---- the layout in words ------------------------------------------------------------ */

struct words {
    struct bp_array *arrays;
    bool *said; /* [array]: its order was said */
    size_t n;
};

/* "W1", "b1", "W1+b", "b+W1"; rest is what follows. */
static bool take_role(const char *word, struct bp_array *array, const char **rest)
{
    const bool first = strncmp(word, "b+", 2) == 0;
    const char *c = first ? word + 2 : word;
    char *end;
    if (*c != 'W' && !(*c == 'b' && !first))
        return false;
    array->role = *c == 'b' ? BP_ARRAY_BIASES : first ? BP_ARRAY_BIAS_FIRST : BP_ARRAY_WEIGHTS;
    const long layer = c[1] >= '1' && c[1] <= '9' ? strtol(c + 1, &end, 10) : 0;
    if (layer < 1 || layer > BP_LAYERS_MAX)
        return false;
    array->layer = (int)layer;
    if (strncmp(end, "+b", 2) == 0 && array->role == BP_ARRAY_WEIGHTS) {
        array->role = BP_ARRAY_BIAS_LAST;
        end += 2;
    }
    *rest = end;
    return true;
}

static enum bp_status take_word(struct words *words, const char *word, struct bp_error *error)
{
    struct bp_array *array = &words->arrays[words->n];
    const char *rest = "";
    const bool fine = take_role(word, array, &rest);
    const bool in_out = strcmp(rest, ":in-out") == 0;
    if (!fine || (rest[0] != '\0' && !in_out && strcmp(rest, ":out-in") != 0))
        return bp_error_set(
            error, BP_EINPUT,
            "layout: '%.40s': expected W1, b1, W1+b or b+W1 (any layer), with :in-out "
            "or :out-in",
            word);
    array->order = in_out ? BP_IN_OUT : BP_OUT_IN;
    words->said[words->n++] = rest[0] != '\0';
    return BP_OK;
}

static enum bp_status take_layout(struct words *words, const char *text, struct bp_error *error)
{
    char *copy = bp_mem_text(text);
    if (copy == NULL)
        return bp_error_set(error, BP_ENOMEM, "layout: out of memory");
    enum bp_status status = BP_OK;
    char *next = NULL;
    for (char *word = strtok_r(copy, " \t", &next); word != NULL && status == BP_OK;
         word = strtok_r(NULL, " \t", &next))
        status =
            words->n == 2 * BP_LAYERS_MAX
                ? bp_error_set(error, BP_EINPUT, "layout: more than %d arrays", 2 * BP_LAYERS_MAX)
                : take_word(words, word, error);
    bp_mem_free(copy);
    return status;
}

/* W1 b1 W2 b2 ... */
static void usual_layout(struct words *words, const struct bp_spec *spec)
{
    for (size_t l = 1; l <= spec->layers; l++) {
        words->arrays[words->n++] =
            (struct bp_array){.layer = (int)l, .role = BP_ARRAY_WEIGHTS, .order = BP_OUT_IN};
        if (spec->layer[l].has_bias)
            words->arrays[words->n++] = (struct bp_array){.layer = (int)l, .role = BP_ARRAY_BIASES};
    }
}

/* ---- files of parameters --------------------------------------------------------------- */

/* The shape without its 1s. */
static size_t squeezed(const struct bp_arrayfile *file, size_t shape[BP_ARRAYFILE_DIMS])
{
    size_t n = 0;
    for (size_t k = 0; k < file->dims; k++)
        if (file->shape[k] != 1)
            shape[n++] = file->shape[k];
    return n;
}

/* Whether a matrix in a file of its own can be this array; where only the other order
 * fits, and none was said, it is that. */
static enum bp_status fit_shape(const struct bp_spec *spec, struct bp_array *array, bool said,
                                const struct bp_arrayfile *file, const char *path,
                                struct bp_error *error)
{
    size_t shape[BP_ARRAYFILE_DIMS];
    const size_t dims = squeezed(file, shape);
    if (array->role == BP_ARRAY_BIASES || dims < 2)
        return BP_OK;
    const size_t out = spec->layer[array->layer].width;
    const size_t in = bp_layout_count(spec, array) / out;
    const bool out_in = dims == 2 && shape[0] == out && shape[1] == in;
    const bool in_out = dims == 2 && shape[0] == in && shape[1] == out;
    if (!said && !out_in && in_out)
        array->order = BP_IN_OUT;
    if (array->order == BP_OUT_IN ? out_in : in_out)
        return BP_OK;
    char text[80];
    bp_arrayfile_shape_text(file, text, sizeof text);
    return bp_error_set(error, BP_EINPUT, "%s: shape %s, expected (%zu, %zu): %s of layer %d", path,
                        text, array->order == BP_OUT_IN ? out : in,
                        array->order == BP_OUT_IN ? in : out, bp_layout_text(array), array->layer);
}

struct reading {
    const struct bp_spec *spec;
    struct words *words;
    bool infer; /* the first files read decide on orders that were not said */
    bool narrow;
    struct bp_error *error;
};

static enum bp_status read_one(struct reading *reading, size_t at, const char *path, double *to)
{
    struct bp_array *array = &reading->words->arrays[at];
    const size_t expected = bp_layout_count(reading->spec, array);
    struct bp_arrayfile file;
    enum bp_status status = bp_arrayfile_read(&file, path, reading->error);
    if (status != BP_OK)
        return status;
    if (file.n != expected)
        status =
            bp_error_set(reading->error, BP_EINPUT, "%s: %zu numbers, expected %zu: %s of layer %d",
                         path, file.n, expected, bp_layout_text(array), array->layer);
    else
        status = fit_shape(reading->spec, array, !reading->infer || reading->words->said[at], &file,
                           path, reading->error);
    if (status == BP_OK) {
        memcpy(to, file.numbers, expected * sizeof *to);
        if (reading->infer)
            array->type = file.narrow ? BP_FLOAT : BP_DOUBLE;
        reading->narrow = reading->narrow || file.narrow;
    }
    bp_arrayfile_release(&file);
    return status;
}

/* All parameters in one file. */
static enum bp_status read_whole(struct reading *reading, const char *path, size_t n, double *to)
{
    struct bp_arrayfile file;
    enum bp_status status = bp_arrayfile_read(&file, path, reading->error);
    if (status != BP_OK)
        return status;
    if (file.n != n)
        status = bp_error_set(reading->error, BP_EINPUT,
                              "%s: %zu numbers, expected %zu, the network's parameters", path,
                              file.n, n);
    else
        memcpy(to, file.numbers, n * sizeof *to);
    for (size_t k = 0; reading->infer && k < reading->words->n; k++)
        reading->words->arrays[k].type = file.narrow ? BP_FLOAT : BP_DOUBLE;
    reading->narrow = reading->narrow || file.narrow;
    bp_arrayfile_release(&file);
    return status;
}

static enum bp_status read_list(struct reading *reading, const char *list, char *copy, size_t n,
                                double *to)
{
    size_t paths = 1, at = 0;
    for (const char *c = list; *c != '\0'; c++)
        paths += *c == ',' ? 1 : 0;
    if (paths == 1)
        return read_whole(reading, list, n, to);
    if (paths != reading->words->n)
        return bp_error_set(reading->error, BP_EINPUT,
                            "'%.200s': %zu files, expected 1, or %zu: one for each array", list,
                            paths, reading->words->n);
    char *next = NULL;
    for (char *path = strtok_r(copy, ",", &next); path != NULL && at < paths;
         path = strtok_r(NULL, ",", &next), at++) {
        const enum bp_status status = read_one(reading, at, path, to);
        if (status != BP_OK)
            return status;
        to += bp_layout_count(reading->spec, &reading->words->arrays[at]);
    }
    return at == paths
               ? BP_OK
               : bp_error_set(reading->error, BP_EINPUT, "'%.200s': an empty file name", list);
}

/* Reads a list of files into new numbers. */
static enum bp_status read_parameters(struct reading *reading, const char *list, double **numbers)
{
    const size_t n = bp_spec_parameters(reading->spec);
    char *copy = bp_mem_text(list);
    *numbers = bp_mem_new(n, sizeof **numbers);
    enum bp_status status = BP_ENOMEM;
    if (copy == NULL || *numbers == NULL)
        bp_error_set(reading->error, BP_ENOMEM, "files: out of memory");
    else
        status = read_list(reading, list, copy, n, *numbers);
    bp_mem_free(copy);
    return status;
}

/* There is no loss where a parameter is not finite. (A gradient that is not is a finding.) */
static enum bp_status theta_is_finite(const struct reading *reading, const char *list,
                                      const double *theta)
{
    const size_t n = bp_spec_parameters(reading->spec);
    for (size_t k = 0; k < n; k++)
        if (!isfinite(theta[k]))
            return bp_error_set(reading->error, BP_EINPUT,
                                "%.200s: parameter %zu of %zu is %g, expected finite numbers", list,
                                k + 1, n, theta[k]);
    return BP_OK;
}

/* ---- data -------------------------------------------------------------------------------- */

static enum bp_status take_columns(const struct bp_arrayfile *file, const char *path, size_t width,
                                   size_t *n, struct bp_error *error)
{
    *n = file->n / width;
    if (file->n == 0 || file->n % width != 0 ||
        (file->dims == 2 && file->shape[1] != width && width > 1)) {
        char text[80];
        bp_arrayfile_shape_text(file, text, sizeof text);
        return bp_error_set(error, BP_EINPUT, "%s: shape %s, expected a row of %zu a sample", path,
                            text, width);
    }
    return BP_OK;
}

static enum bp_status put_together(struct bp_dataset *data, const struct bp_arrayfile *x,
                                   const struct bp_arrayfile *t, const char *const paths[2],
                                   size_t n_in, size_t n_out, struct bp_error *error)
{
    size_t n, n_t;
    enum bp_status status = take_columns(x, paths[0], n_in, &n, error);
    if (status == BP_OK)
        status = take_columns(t, paths[1], n_out, &n_t, error);
    if (status == BP_OK && n != n_t)
        status = bp_error_set(error, BP_EINPUT, "%s: %zu samples, but %s has %zu", paths[1], n_t,
                              paths[0], n);
    if (status == BP_OK) {
        status = bp_dataset_init(data, n, n_in, n_out);
        if (status != BP_OK)
            return bp_error_set(error, status, "files: out of memory");
        memcpy(data->x, x->numbers, x->n * sizeof *data->x);
        memcpy(data->t, t->numbers, t->n * sizeof *data->t);
    }
    return status;
}

static enum bp_status read_pair(struct bp_dataset *data, const char *list, size_t n_in,
                                size_t n_out, struct bp_error *error)
{
    char first[PATHS_MAX];
    const size_t comma = strcspn(list, ",");
    if (comma >= sizeof first)
        return bp_error_set(error, BP_EINPUT, "data: the file name is too long");
    snprintf(first, sizeof first, "%.*s", (int)comma, list);
    const char *const paths[] = {first, list + comma + 1};
    struct bp_arrayfile x = {0}, t = {0};
    enum bp_status status = bp_arrayfile_read(&x, paths[0], error);
    if (status == BP_OK)
        status = bp_arrayfile_read(&t, paths[1], error);
    if (status == BP_OK)
        status = put_together(data, &x, &t, paths, n_in, n_out, error);
    bp_arrayfile_release(&x);
    bp_arrayfile_release(&t);
    return status;
}

static enum bp_status read_data(struct bp_files *files, const char *list, size_t n_in, size_t n_out,
                                struct bp_error *error)
{
    const enum bp_status status = strchr(list, ',') != NULL
                                      ? read_pair(&files->data, list, n_in, n_out, error)
                                      : bp_csv_read(&files->data, list, n_in, n_out, error);
    files->batch = (struct bp_batch){files->data.n, files->data.x, files->data.t};
    return status;
}

static enum bp_status read_outputs(struct bp_files *files, const char *path, size_t n_out,
                                   struct bp_error *error)
{
    struct bp_arrayfile file;
    enum bp_status status = bp_arrayfile_read(&file, path, error);
    if (status != BP_OK)
        return status;
    const size_t n = files->batch.n * n_out;
    if (file.n != n)
        status = bp_error_set(error, BP_EINPUT,
                              "%s: %zu numbers, expected %zu: %zu outputs of %zu samples", path,
                              file.n, n, n_out, files->batch.n);
    else
        files->y = bp_mem_new(n, sizeof *files->y);
    if (files->y != NULL)
        memcpy(files->y, file.numbers, n * sizeof *files->y);
    else if (status == BP_OK)
        status = bp_error_set(error, BP_ENOMEM, "files: out of memory");
    bp_arrayfile_release(&file);
    return status;
}

/* ---- the calls ----------------------------------------------------------------------------- */

static int gradient(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    const struct bp_files *files = self;
    (void)theta, (void)batch;
    memcpy(g, files->g, files->subject.n_theta * sizeof *g);
    return 0;
}

static int step(void *self, const double *theta, const struct bp_batch *batch, double rate,
                double *next)
{
    const struct bp_files *files = self;
    (void)theta, (void)batch, (void)rate;
    memcpy(next, files->next, files->subject.n_theta * sizeof *next);
    return 0;
}

static int predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    const struct bp_files *files = self;
    (void)theta;
    memcpy(y, files->y, batch->n * files->subject.n_out * sizeof *y);
    return 0;
}

/* ---- opening --------------------------------------------------------------------------------- */

static enum bp_status check_options(const struct bp_files_options *options, struct bp_error *error)
{
    const char *missing = options->network == NULL ? "--network"
                          : options->theta == NULL ? "--theta"
                          : options->data == NULL  ? "--data"
                                                   : NULL;
    if (missing != NULL)
        return bp_error_set(error, BP_EINPUT,
                            "a check of files needs --network, --theta, --data, and --gradient or "
                            "--theta-after with --rate: %s is missing",
                            missing);
    if ((options->gradient == NULL) == (options->after == NULL))
        return bp_error_set(
            error, BP_EINPUT,
            "a check of files needs either --gradient or --theta-after with --rate");
    if (options->after != NULL && !(isfinite(options->rate) && options->rate != 0.0))
        return bp_error_set(error, BP_EINPUT, "--theta-after needs --rate, the step's");
    return BP_OK;
}

static enum bp_status find_layout(struct bp_files *files, struct words *words, struct bp_spec *spec,
                                  const char *layout, struct bp_error *error)
{
    enum bp_status status = BP_OK;
    if (layout != NULL)
        status = take_layout(words, layout, error);
    else
        usual_layout(words, spec);
    files->subject.arrays = files->arrays;
    files->subject.n_arrays = words->n;
    return status == BP_OK ? bp_layout_check(&files->subject, spec, error) : status;
}

static enum bp_status read_all(struct bp_files *files, const struct bp_files_options *options,
                               struct bp_spec *spec, struct words *words, struct bp_error *error)
{
    struct reading reading = {.spec = spec, .words = words, .infer = true, .error = error};
    const size_t n_in = spec->layer[0].width, n_out = spec->layer[spec->layers].width;
    enum bp_status status = find_layout(files, words, spec, options->layout, error);
    if (status == BP_OK)
        status = read_parameters(&reading, options->theta, &files->theta);
    if (status == BP_OK)
        status = theta_is_finite(&reading, options->theta, files->theta);
    reading.infer = false;
    if (status == BP_OK && options->gradient != NULL)
        status = read_parameters(&reading, options->gradient, &files->g);
    if (status == BP_OK && options->after != NULL)
        status = read_parameters(&reading, options->after, &files->next);
    if (status == BP_OK && options->numeric != NULL)
        status = read_parameters(&reading, options->numeric, &files->numeric);
    if (status == BP_OK)
        status = read_data(files, options->data, n_in, n_out, error);
    if (status == BP_OK && options->outputs != NULL)
        status = read_outputs(files, options->outputs, n_out, error);
    files->subject.precision = reading.narrow ? BP_FLOAT : BP_DOUBLE;
    files->subject.n_theta = bp_spec_parameters(spec);
    files->subject.n_in = n_in;
    files->subject.n_out = n_out;
    return status;
}

static void fill_subject(struct bp_files *files, const struct bp_files_options *options)
{
    struct bp_subject *subject = &files->subject;
    subject->abi = BACKPROBE_ABI;
    subject->name = "files";
    subject->network = options->network;
    subject->self = files;
    subject->gradient = files->g != NULL ? gradient : NULL;
    subject->step = files->next != NULL ? step : NULL;
    subject->predict = files->y != NULL ? predict : NULL;
    subject->rate_kind = BP_RATE_FIXED;
    subject->rate = files->next != NULL ? options->rate : 1.0;
    subject->data = &files->batch;
    subject->theta = files->theta;
    subject->theta_fixed = 1;
}

enum bp_status bp_files_open(struct bp_files *files, const struct bp_files_options *options,
                             struct bp_error *error)
{
    *files = (struct bp_files){0};
    struct bp_spec spec;
    enum bp_status status = check_options(options, error);
    if (status == BP_OK)
        status = bp_spec_parse(&spec, options->network, error);
    if (status != BP_OK)
        return status;
    files->arrays = bp_mem_new(2 * BP_LAYERS_MAX, sizeof *files->arrays);
    struct words words = {.arrays = files->arrays,
                          .said = bp_mem_new(2 * BP_LAYERS_MAX, sizeof *words.said)};
    if (words.arrays == NULL || words.said == NULL)
        status = bp_error_set(error, BP_ENOMEM, "files: out of memory");
    else
        status = read_all(files, options, &spec, &words, error);
    if (status == BP_OK)
        fill_subject(files, options);
    bp_mem_free(words.said);
    bp_spec_release(&spec);
    if (status != BP_OK)
        bp_files_close(files);
    return status;
}

void bp_files_close(struct bp_files *files)
{
    bp_mem_free(files->arrays);
    bp_mem_free(files->theta);
    bp_mem_free(files->g);
    bp_mem_free(files->next);
    bp_mem_free(files->y);
    bp_mem_free(files->numeric);
    bp_dataset_release(&files->data);
    *files = (struct bp_files){0};
}
