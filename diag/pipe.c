/* pipe.c -- see pipe.h. The first exchange is in hello.c. */
#include "diag/pipe.h"

#include "core/mem.h"
#include "core/spec.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool bp_pipe_complain(struct bp_pipe *pipe, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(pipe->complaint, sizeof pipe->complaint, format, args);
    va_end(args);
    return false;
}

/* ---- what went wrong ------------------------------------------------------------ */

/* The program is given up. Adds to the complaint which request that was, and the end
 * of its standard error. */
static bool give_up(struct bp_pipe *pipe)
{
    char tail[480];
    bp_process_tail_text(&pipe->process, 3, tail, sizeof tail);
    const size_t used = strlen(pipe->complaint);
    snprintf(pipe->complaint + used, sizeof pipe->complaint - used, " (request %lu)%s%s", pipe->id,
             tail[0] == '\0' ? "" : "; the end of its standard error: ", tail);
    pipe->broken = true;
    return false;
}

/* The first bytes of a text that is not ours to trust. */
static void excerpt(const char *bytes, size_t n, char text[120])
{
    size_t used = 0;
    for (size_t k = 0; k < n && used < 100; k++)
        text[used++] = (unsigned char)bytes[k] < 0x20 || bytes[k] == 0x7f ? ' ' : bytes[k];
    snprintf(text + used, 120 - used, "%s", n > used ? "..." : "");
}

static bool no_answer(struct bp_pipe *pipe, enum bp_reply reply, double seconds)
{
    char text[120];
    size_t n = 0;
    const char *rest = bp_process_rest(&pipe->process, &n);
    excerpt(rest, n, text);
    switch (reply) {
    case BP_REPLY_SILENCE:
        bp_pipe_complain(pipe, "no answer within %g s", seconds);
        break;
    case BP_REPLY_HALF:
        bp_pipe_complain(pipe, "half a line within %g s: %zu bytes and no newline: %s", seconds, n,
                         text);
        break;
    case BP_REPLY_FLOOD:
        bp_pipe_complain(pipe,
                         "it wrote %zu bytes without a newline, more than an answer can have: %s",
                         n, text);
        break;
    case BP_REPLY_EXIT:
        bp_process_end_text(&pipe->process, text, sizeof text);
        bp_pipe_complain(pipe, "it %s%s", text, n > 0 ? " in the middle of a line" : "");
        break;
    case BP_REPLY_CLOSED_IN:
        bp_pipe_complain(pipe, "it closed its standard input");
        break;
    case BP_REPLY_CLOSED_OUT:
        bp_pipe_complain(pipe, "it closed its standard output");
        break;
    default:
        bp_pipe_complain(pipe, "out of memory");
    }
    return give_up(pipe);
}

/* Where a word starts outside of strings; NULL. */
static const char *bare_word(const char *line, size_t n, const char *word)
{
    bool quoted = false;
    const size_t length = strlen(word);
    for (size_t k = 0; k + length <= n; k++) {
        if (line[k] == '\\' && quoted)
            k++;
        else if (line[k] == '"')
            quoted = !quoted;
        else if (!quoted && memcmp(line + k, word, length) == 0)
            return line + k;
    }
    return NULL;
}

/* A line that is no answer: a print, a bare NaN, or broken JSON. */
static bool not_json(struct bp_pipe *pipe, const char *line, size_t n, const json_error_t *why)
{
    static const char *const words[] = {"NaN", "nan", "Infinity", "inf"};
    char text[120];
    excerpt(line, n, text);
    size_t start = 0;
    while (start < n && (line[start] == ' ' || line[start] == '\t'))
        start++;
    if (start == n || line[start] != '{') {
        bp_pipe_complain(pipe,
                         "it printed a line that is no answer: '%s': what a program prints for "
                         "people belongs on standard error",
                         text);
        return give_up(pipe);
    }
    for (size_t k = 0; k < sizeof words / sizeof *words; k++)
        if (bare_word(line, n, words[k]) != NULL) {
            bp_pipe_complain(pipe,
                             "it wrote a bare %s, which is not JSON: non-finite numbers travel as "
                             "\"nan\", \"inf\", \"-inf\"",
                             words[k]);
            return give_up(pipe);
        }
    bp_pipe_complain(pipe, "it wrote a line that is not JSON (%s at byte %d): '%s'", why->text,
                     why->position, text);
    return give_up(pipe);
}

/* ---- a request and its answer ------------------------------------------------------ */

static void start_request(struct bp_pipe *pipe, const char *call)
{
    pipe->id++;
    pipe->request.n = 0;
    pipe->request.failed = false;
    bp_message_format(&pipe->request, "{\"id\":%lu,\"call\":\"%s\"", pipe->id, call);
}

static void add_numbers(struct bp_pipe *pipe, const char *field, const double *numbers, size_t n)
{
    bp_message_format(&pipe->request, ",\"%s\":", field);
    bp_message_numbers(&pipe->request, numbers, n, pipe->base64);
}

/* The id must be the request's. */
static bool check_answer(struct bp_pipe *pipe, const json_t *answer)
{
    if (!json_is_object(answer)) {
        bp_pipe_complain(pipe, "its answer is not a JSON object");
        return give_up(pipe);
    }
    const json_t *id = json_object_get(answer, "id");
    if (!json_is_number(id)) {
        bp_pipe_complain(pipe, "its answer has no 'id', expected %lu", pipe->id);
        return give_up(pipe);
    }
    if (json_number_value(id) != (double)pipe->id) {
        bp_pipe_complain(pipe, "its answer has id %g, expected %lu", json_number_value(id),
                         pipe->id);
        return give_up(pipe);
    }
    const json_t *error = json_object_get(answer, "error");
    if (error == NULL)
        return true;
    char text[320];
    snprintf(text, sizeof text, "%s", json_is_string(error) ? json_string_value(error) : "error");
    bp_pipe_complain(pipe, "it says: %s", text);
    pipe->broken = false;
    const bool result = give_up(pipe);
    pipe->broken = false; /* it answered, and can be asked again */
    return result;
}

/* Sends the request and takes its answer (to be released with json_decref()); NULL
 * leaves words in complaint. */
static json_t *ask(struct bp_pipe *pipe, double seconds, size_t limit)
{
    bp_message_add(&pipe->request, "}\n", 2);
    if (pipe->request.failed) {
        bp_pipe_complain(pipe, "out of memory");
        return NULL;
    }
    const char *line;
    size_t n;
    const enum bp_reply reply = bp_process_ask(&pipe->process, pipe->request.text, pipe->request.n,
                                               seconds, limit, &line, &n);
    if (reply != BP_REPLY_LINE) {
        no_answer(pipe, reply, seconds);
        return NULL;
    }
    json_error_t why;
    json_t *answer = json_loadb(line, n, JSON_DECODE_INT_AS_REAL | JSON_DECODE_ANY, &why);
    if (answer == NULL || !json_is_object(answer)) {
        not_json(pipe, line, n, &why);
        json_decref(answer);
        return NULL;
    }
    if (!check_answer(pipe, answer)) {
        json_decref(answer);
        return NULL;
    }
    if (pipe->watch != NULL)
        pipe->watch(pipe->watcher, pipe->id);
    return answer;
}

/* As long as an answer of n numbers can be, with room to spare. */
static size_t answer_limit(size_t n)
{
    return ((size_t)1 << 20) + 64 * n;
}

/* A field of n numbers out of an answer. */
static bool take_field(struct bp_pipe *pipe, const json_t *answer, const char *field, size_t n,
                       double *numbers)
{
    const json_t *value = json_object_get(answer, field);
    size_t found;
    if (value == NULL)
        bp_pipe_complain(pipe, "its answer has no '%s'", field);
    else if (!bp_wire_count(value, &found))
        bp_pipe_complain(pipe, "'%s' is not an array of numbers", field);
    else if (found != n)
        bp_pipe_complain(pipe, "'%s' holds %zu numbers, expected %zu", field, found, n);
    else if (!bp_wire_read(value, numbers))
        bp_pipe_complain(pipe, "'%s' is not base64", field);
    else
        return true;
    return give_up(pipe);
}

/* ---- the calls of the subject -------------------------------------------------------- */

static void start_call(struct bp_pipe *pipe, const char *call, const double *theta,
                       const struct bp_batch *batch)
{
    start_request(pipe, call);
    add_numbers(pipe, "theta", theta, pipe->subject.n_theta);
    bp_message_format(&pipe->request, ",\"n\":%zu", batch->n);
    add_numbers(pipe, "x", batch->x, batch->n * pipe->subject.n_in);
    add_numbers(pipe, "t", batch->t, batch->n * pipe->subject.n_out);
}

/* Parameters that the call changed, where the program says so: they are put where
 * it was told to find them. The buffer belongs to the view that looks (subject.c),
 * which compares it afterwards. */
static bool hear_theta(struct bp_pipe *pipe, const json_t *answer, const double *theta)
{
    if (json_object_get(answer, "theta") == NULL)
        return true;
    return take_field(pipe, answer, "theta", pipe->subject.n_theta, (double *)(uintptr_t)theta);
}

/* Asks for one array of n numbers. */
static int ask_numbers(struct bp_pipe *pipe, const double *theta, const char *field, size_t n,
                       double *numbers)
{
    json_t *answer = ask(pipe, pipe->timeout, answer_limit(n + pipe->subject.n_theta));
    if (answer == NULL)
        return 1;
    const bool fine = take_field(pipe, answer, field, n, numbers) &&
                      (theta == NULL || hear_theta(pipe, answer, theta));
    json_decref(answer);
    return fine ? 0 : 1;
}

static int call_loss(void *self, const double *theta, const struct bp_batch *batch, double *loss)
{
    struct bp_pipe *pipe = self;
    if (pipe->broken)
        return 1;
    start_call(pipe, "loss", theta, batch);
    return ask_numbers(pipe, theta, "loss", 1, loss);
}

static int call_predict(void *self, const double *theta, const struct bp_batch *batch, double *y)
{
    struct bp_pipe *pipe = self;
    if (pipe->broken)
        return 1;
    start_call(pipe, "predict", theta, batch);
    return ask_numbers(pipe, theta, "y", batch->n * pipe->subject.n_out, y);
}

/* Whether all n numbers are the same, bit for bit: gradient buffers are then meant
 * to be filled with it. */
static bool all_equal(const double *numbers, size_t n)
{
    return memcmp(numbers, numbers + 1, (n - 1) * sizeof *numbers) == 0;
}

static int call_gradient(void *self, const double *theta, const struct bp_batch *batch, double *g)
{
    struct bp_pipe *pipe = self;
    if (pipe->broken)
        return 1;
    start_call(pipe, "gradient", theta, batch);
    if (pipe->fills && all_equal(g, pipe->subject.n_theta)) {
        bp_message_format(&pipe->request, ",\"fill\":");
        bp_message_number(&pipe->request, g[0]);
    }
    return ask_numbers(pipe, theta, "g", pipe->subject.n_theta, g);
}

static int call_step(void *self, const double *theta, const struct bp_batch *batch, double rate,
                     double *next)
{
    struct bp_pipe *pipe = self;
    if (pipe->broken)
        return 1;
    start_call(pipe, "step", theta, batch);
    bp_message_format(&pipe->request, ",\"rate\":");
    bp_message_number(&pipe->request, rate);
    return ask_numbers(pipe, NULL, "next", pipe->subject.n_theta, next);
}

static size_t units_of(const char *network)
{
    struct bp_spec spec;
    if (network == NULL || bp_spec_parse(&spec, network, NULL) != BP_OK)
        return 0;
    const size_t units = bp_spec_units(&spec);
    bp_spec_release(&spec);
    return units;
}

static int call_trace(void *self, const double *theta, const struct bp_batch *batch, double *z,
                      double *a, double *delta)
{
    struct bp_pipe *pipe = self;
    if (pipe->broken)
        return 1;
    const size_t n = batch->n * units_of(pipe->subject.network);
    start_call(pipe, "trace", theta, batch);
    json_t *answer = ask(pipe, pipe->timeout, answer_limit(3 * n + pipe->subject.n_theta));
    if (answer == NULL)
        return 1;
    static const char *const fields[] = {"z", "a", "delta"};
    double *arrays[] = {z, a, delta};
    bool fine = true;
    for (int k = 0; fine && k < 3; k++)
        if (arrays[k] != NULL && json_object_get(answer, fields[k]) != NULL)
            fine = take_field(pipe, answer, fields[k], n, arrays[k]);
    json_decref(answer);
    return fine ? 0 : 1;
}

static int call_reset(void *self)
{
    struct bp_pipe *pipe = self;
    if (pipe->broken)
        return 1;
    start_request(pipe, "reset");
    json_t *answer = ask(pipe, pipe->timeout, answer_limit(0));
    json_decref(answer);
    return answer == NULL ? 1 : 0;
}

static const char *complaint(void *self)
{
    return ((struct bp_pipe *)self)->complaint;
}

/* ---- opening --------------------------------------------------------------------------- */

/* Which calls it answers. */
static bool take_can(struct bp_pipe *pipe, const json_t *answer)
{
    struct bp_subject *subject = &pipe->subject;
    const json_t *can = json_object_get(answer, "can");
    if (!json_is_array(can) || json_array_size(can) == 0)
        return bp_pipe_complain(pipe, "'can' is no list of the calls that it answers");
    for (size_t k = 0; k < json_array_size(can); k++) {
        const char *word = json_string_value(json_array_get(can, k));
        if (word == NULL)
            return bp_pipe_complain(pipe, "'can' holds something that is no word");
        if (strcmp(word, "loss") == 0)
            subject->loss = call_loss;
        else if (strcmp(word, "predict") == 0)
            subject->predict = call_predict;
        else if (strcmp(word, "gradient") == 0)
            subject->gradient = call_gradient;
        else if (strcmp(word, "step") == 0)
            subject->step = call_step;
        else if (strcmp(word, "trace") == 0)
            subject->trace = call_trace;
        else if (strcmp(word, "reset") == 0)
            subject->reset = call_reset;
        else
            return bp_pipe_complain(pipe,
                                    "'can' holds '%.40s', expected loss, predict, gradient, "
                                    "step, trace or reset",
                                    word);
    }
    return true;
}

static bool shake_hands(struct bp_pipe *pipe)
{
    bp_message_format(&pipe->request, "{\"id\":0,\"call\":\"hello\",\"backprobe\":1,"
                                      "\"encodings\":[\"json\",\"base64\"]");
    json_t *answer = ask(pipe, 3.0 * pipe->timeout, (size_t)1 << 30);
    if (answer == NULL)
        return false;
    const bool fine = (bp_pipe_take_hello(pipe, answer) && take_can(pipe, answer)) || give_up(pipe);
    json_decref(answer);
    return fine;
}

static enum bp_status greet(struct bp_pipe *pipe, struct bp_error *error)
{
    if (!shake_hands(pipe)) {
        bp_error_set(error, BP_ESUBJECT, "%s: hello: %s", pipe->name, pipe->complaint);
        bp_process_stop(&pipe->process, 0.0);
        bp_pipe_close(pipe);
        return BP_ESUBJECT;
    }
    return BP_OK;
}

/* Everything but the process; name is what it is called until it says so itself. */
static enum bp_status prepare(struct bp_pipe *pipe, const char *name, double timeout,
                              struct bp_error *error)
{
    *pipe = (struct bp_pipe){.timeout = timeout > 0.0 ? timeout : BP_PIPE_TIMEOUT};
    pipe->name = bp_mem_text(name);
    if (pipe->name == NULL)
        return bp_error_set(error, BP_ENOMEM, "subject: out of memory");
    pipe->subject = (struct bp_subject){
        .abi = BACKPROBE_ABI, .name = pipe->name, .self = pipe, .complaint = complaint};
    return BP_OK;
}

enum bp_status bp_pipe_open(struct bp_pipe *pipe, const char *command, double timeout, FILE *echo,
                            struct bp_error *error)
{
    char **words;
    size_t n;
    enum bp_status status = prepare(pipe, command, timeout, error);
    if (status != BP_OK)
        return status;
    status = bp_process_split(command, &words, &n, error);
    if (status == BP_OK) {
        status = bp_process_start(&pipe->process, words, echo, error);
        bp_mem_free(words);
    }
    if (status == BP_OK)
        return greet(pipe, error);
    bp_pipe_close(pipe);
    return status;
}

enum bp_status bp_pipe_open_function(struct bp_pipe *pipe, const char *name,
                                     int (*run)(void *self, int in, int out), void *self,
                                     double timeout, FILE *echo, struct bp_error *error)
{
    enum bp_status status = prepare(pipe, name, timeout, error);
    if (status == BP_OK)
        status = bp_process_start_function(&pipe->process, run, self, echo, error);
    if (status == BP_OK)
        return greet(pipe, error);
    bp_pipe_close(pipe);
    return status;
}

void bp_pipe_close(struct bp_pipe *pipe)
{
    bp_process_stop(&pipe->process, pipe->broken ? 0.0 : 1.0);
    bp_message_release(&pipe->request);
    bp_mem_free(pipe->name);
    bp_mem_free(pipe->network);
    bp_mem_free(pipe->arrays);
    bp_mem_free(pipe->theta);
    bp_mem_free(pipe->x);
    bp_mem_free(pipe->t);
    *pipe = (struct bp_pipe){0};
}
