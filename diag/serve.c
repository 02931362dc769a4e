/* serve.c -- see serve.h. */
#include "diag/serve.h"

#include "core/mem.h"
#include "diag/subject.h"
#include "diag/wire.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct server {
    const struct bp_subject *subject; /* borrowed */
    struct bp_view view;              /* puts theta into the arrays, and reads them */
    struct bp_message answer;
    struct bp_error error;
    double *theta, *out; /* n_theta each, in core's order */
    double *own;         /* n_theta, in the subject's order */
    int to;
};

/* ---- orders ---------------------------------------------------------------------- */

static void add_own_order(struct server *server, const char *field, const double *numbers)
{
    bp_view_to_own(&server->view, numbers, server->own);
    bp_message_format(&server->answer, ",\"%s\":", field);
    bp_message_numbers(&server->answer, server->own, server->view.n_theta, true);
}

/* ---- hello ----------------------------------------------------------------------- */

static void add_arrays(struct server *server)
{
    static const char *const roles[] = {"weights",       "biases",     "bias-first",
                                        "bias-last",     "thresholds", "threshold-first",
                                        "threshold-last"};
    static const char *const orders[] = {"out-in", "in-out"};
    static const char *const types[] = {"double", "float"};
    struct bp_message *answer = &server->answer;
    bp_message_format(answer, ",\"network\":");
    bp_message_string(answer, server->subject->network);
    bp_message_format(answer, ",\"arrays\":[");
    for (size_t k = 0; k < server->subject->n_arrays; k++) {
        const struct bp_array *array = &server->subject->arrays[k];
        bp_message_format(answer,
                          "%s{\"layer\":%d,\"role\":\"%s\",\"order\":\"%s\",\"type\":\"%s\"}",
                          k == 0 ? "" : ",", array->layer, roles[array->role], orders[array->order],
                          types[array->type]);
    }
    bp_message_format(answer, "]");
}

static void add_can(struct server *server)
{
    const struct bp_subject *subject = server->subject;
    const struct {
        bool can;
        const char *word;
    } calls[] = {{subject->loss != NULL, "loss"},         {subject->predict != NULL, "predict"},
                 {subject->gradient != NULL, "gradient"}, {subject->step != NULL, "step"},
                 {subject->trace != NULL, "trace"},       {subject->reset != NULL, "reset"}};
    const char *before = "";
    bp_message_format(&server->answer, ",\"can\":[");
    for (size_t k = 0; k < sizeof calls / sizeof *calls; k++)
        if (calls[k].can) {
            bp_message_format(&server->answer, "%s\"%s\"", before, calls[k].word);
            before = ",";
        }
    bp_message_format(&server->answer, "]");
}

static void add_settings(struct server *server)
{
    static const char *const steps[] = {"batch", "sample", "epoch"};
    const struct bp_subject *subject = server->subject;
    struct bp_message *answer = &server->answer;
    bp_message_format(answer, ",\"precision\":\"%s\",\"constant\":\"%s\",\"step\":\"%s\"",
                      subject->precision == BP_FLOAT ? "float" : "double",
                      subject->constant_undeclared ? "undeclared" : "declared",
                      steps[subject->step_kind]);
    bp_message_format(answer, ",\"shuffles\":%s,\"theta_fixed\":%s",
                      subject->shuffles ? "true" : "false",
                      subject->theta_fixed ? "true" : "false");
    bp_message_format(answer, ",\"rate\":");
    if (subject->rate_kind == BP_RATE_FIXED)
        bp_message_number(answer, subject->rate);
    else
        bp_message_string(answer, subject->rate_kind == BP_RATE_UNKNOWN ? "unknown" : "given");
}

static void add_data(struct server *server)
{
    const struct bp_batch *data = server->subject->data;
    struct bp_message *answer = &server->answer;
    if (data != NULL) {
        bp_message_format(answer, ",\"data\":{\"n\":%zu,\"x\":", data->n);
        bp_message_numbers(answer, data->x, data->n * server->view.n_in, true);
        bp_message_format(answer, ",\"t\":");
        bp_message_numbers(answer, data->t, data->n * server->view.n_out, true);
        bp_message_format(answer, "}");
    }
    if (bp_view_start(&server->view, server->out))
        add_own_order(server, "theta", server->out);
}

static void say_hello(struct server *server)
{
    const struct bp_subject *subject = server->subject;
    bp_message_format(
        &server->answer,
        ",\"backprobe\":1,\"encoding\":\"base64\",\"fill\":true,\"n_theta\":%zu,\"n_in\":%zu,"
        "\"n_out\":%zu",
        server->view.n_theta, server->view.n_in, server->view.n_out);
    if (subject->name != NULL) {
        bp_message_format(&server->answer, ",\"name\":");
        bp_message_string(&server->answer, subject->name);
    }
    if (server->view.described)
        add_arrays(server);
    add_can(server);
    add_settings(server);
    add_data(server);
}

/* ---- the calls --------------------------------------------------------------------- */

/* One field of n numbers into a new block; NULL. */
static double *take_numbers(const json_t *request, const char *field, size_t n)
{
    const json_t *value = json_object_get(request, field);
    size_t found;
    if (value == NULL || !bp_wire_count(value, &found) || found != n)
        return NULL;
    double *numbers = bp_mem_new(n, sizeof *numbers);
    if (numbers != NULL && !bp_wire_read(value, numbers)) {
        bp_mem_free(numbers);
        return NULL;
    }
    return numbers;
}

static bool take_theta(struct server *server, const json_t *request)
{
    double *own = take_numbers(request, "theta", server->view.n_theta);
    if (own != NULL)
        bp_view_from_own(&server->view, own, server->theta);
    bp_mem_free(own);
    return own != NULL;
}

/* Gradient buffers are filled only when that is asked for: what the subject forgets to
 * clear must show. */
static void take_fill(struct server *server, const json_t *request)
{
    const json_t *fill = json_object_get(request, "fill");
    size_t n;
    server->view.keep_gradient = fill == NULL || !bp_wire_count(fill, &n) || n != 1;
    if (!server->view.keep_gradient)
        bp_wire_read(fill, &server->view.fill);
}

static enum bp_status answer_predict(struct server *server, const struct bp_batch *batch)
{
    const size_t n = batch->n * server->view.n_out;
    double *y = bp_mem_new(n, sizeof *y);
    if (y == NULL)
        return bp_error_set(&server->error, BP_ENOMEM, "out of memory");
    const enum bp_status status =
        bp_view_predict(&server->view, server->theta, batch, y, &server->error);
    bp_message_format(&server->answer, ",\"y\":");
    bp_message_numbers(&server->answer, y, n, true);
    bp_mem_free(y);
    return status;
}

static enum bp_status answer_loss(struct server *server, const struct bp_batch *batch)
{
    double loss;
    const enum bp_status status =
        bp_view_loss(&server->view, server->theta, batch, &loss, &server->error);
    bp_message_format(&server->answer, ",\"loss\":");
    bp_message_number(&server->answer, loss);
    return status;
}

static enum bp_status answer_gradient(struct server *server, const json_t *request,
                                      const struct bp_batch *batch)
{
    take_fill(server, request);
    const enum bp_status status =
        bp_view_own_gradient(&server->view, server->theta, batch, server->out, &server->error);
    add_own_order(server, "g", server->out);
    return status;
}

static enum bp_status answer_step(struct server *server, const json_t *request,
                                  const struct bp_batch *batch)
{
    const double rate = json_number_value(json_object_get(request, "rate"));
    const enum bp_status status =
        bp_view_step(&server->view, server->theta, batch, rate, server->out, &server->error);
    add_own_order(server, "next", server->out);
    return status;
}

static enum bp_status answer_trace(struct server *server, const struct bp_batch *batch)
{
    static const char *const names[] = {"z", "a", "delta"};
    const size_t n = batch->n * server->view.twin.n_units;
    double *arrays = bp_mem_new(3 * n, sizeof *arrays);
    if (arrays == NULL)
        return bp_error_set(&server->error, BP_ENOMEM, "out of memory");
    const enum bp_status status = bp_view_trace(&server->view, server->theta, batch, arrays,
                                                arrays + n, arrays + 2 * n, &server->error);
    for (size_t k = 0; k < 3; k++) {
        if (!bp_view_is_given(arrays + k * n, n))
            continue;
        bp_message_format(&server->answer, ",\"%s\":", names[k]);
        bp_message_numbers(&server->answer, arrays + k * n, n, true);
    }
    bp_mem_free(arrays);
    return status;
}

/* After a call that should leave theta alone and did not: what it is now. */
static void add_changes(struct server *server)
{
    if (server->view.changed == 0)
        return;
    bp_view_now(&server->view, server->out);
    add_own_order(server, "theta", server->out);
    server->view.changed = 0;
}

static enum bp_status answer_batch(struct server *server, const char *call, const json_t *request)
{
    const double n = json_number_value(json_object_get(request, "n"));
    struct bp_batch batch = {.n = n >= 1.0 && n <= 1e9 ? (size_t)n : 0};
    double *x = take_numbers(request, "x", batch.n * server->view.n_in);
    double *t = take_numbers(request, "t", batch.n * server->view.n_out);
    batch.x = x;
    batch.t = t;
    enum bp_status status = BP_EINPUT;
    if (batch.n == 0 || x == NULL || t == NULL || !take_theta(server, request))
        bp_error_set(&server->error, BP_EINPUT, "theta, n, x or t is missing or of another length");
    else if (strcmp(call, "predict") == 0)
        status = answer_predict(server, &batch);
    else if (strcmp(call, "loss") == 0)
        status = answer_loss(server, &batch);
    else if (strcmp(call, "gradient") == 0)
        status = answer_gradient(server, request, &batch);
    else if (strcmp(call, "step") == 0)
        status = answer_step(server, request, &batch);
    else if (strcmp(call, "trace") == 0)
        status = answer_trace(server, &batch);
    else
        bp_error_set(&server->error, BP_EINPUT, "no such call: %.40s", call);
    if (status == BP_OK)
        add_changes(server);
    bp_mem_free(x);
    bp_mem_free(t);
    return status;
}

static enum bp_status answer_reset(struct server *server)
{
    const struct bp_subject *subject = server->subject;
    if (subject->reset != NULL && subject->reset(subject->self) == 0)
        return BP_OK;
    return bp_error_set(&server->error, BP_ESUBJECT, "reset() failed");
}

/* ---- the loop ------------------------------------------------------------------------ */

static bool send(struct server *server)
{
    bp_message_format(&server->answer, "}\n");
    if (server->answer.failed)
        return false;
    for (size_t sent = 0; sent < server->answer.n;) {
        const ssize_t n = write(server->to, server->answer.text + sent, server->answer.n - sent);
        if (n <= 0)
            return false;
        sent += (size_t)n;
    }
    return true;
}

static void start_answer(struct server *server, double id)
{
    server->answer.n = 0;
    bp_message_format(&server->answer, "{\"id\":%.0f", id);
}

static bool answer(struct server *server, const char *line, size_t n)
{
    json_t *request = json_loadb(line, n, JSON_DECODE_INT_AS_REAL, NULL);
    const double id = json_number_value(json_object_get(request, "id"));
    const char *call = json_string_value(json_object_get(request, "call"));
    enum bp_status status = BP_OK;
    start_answer(server, id);
    if (call == NULL)
        status = bp_error_set(&server->error, BP_EINPUT, "a request without a call");
    else if (strcmp(call, "hello") == 0)
        say_hello(server);
    else if (strcmp(call, "reset") == 0)
        status = answer_reset(server);
    else
        status = answer_batch(server, call, request);
    if (status != BP_OK) {
        start_answer(server, id);
        bp_message_format(&server->answer, ",\"error\":");
        bp_message_string(&server->answer, server->error.text);
    }
    json_decref(request);
    return send(server);
}

static enum bp_status open_server(struct server *server)
{
    const enum bp_status status = bp_view_open(&server->view, server->subject, &server->error);
    if (status != BP_OK)
        return status;
    server->view.keep = true; /* reset() is a call of its own */
    server->view.watch = true;
    server->theta = bp_mem_new(3 * server->view.n_theta, sizeof *server->theta);
    if (server->theta == NULL)
        return bp_error_set(&server->error, BP_ENOMEM, "out of memory");
    server->out = server->theta + server->view.n_theta;
    server->own = server->out + server->view.n_theta;
    return BP_OK;
}

int bp_serve(const struct bp_subject *subject, int in, int out)
{
    struct server server = {.subject = subject, .to = out};
    const enum bp_status status = open_server(&server);
    FILE *stream = fdopen(in, "rb");
    char *line = NULL;
    size_t room = 0;
    bool fine = stream != NULL;
    ssize_t n;
    while (fine && (n = getline(&line, &room, stream)) > 0) {
        if (status == BP_OK) {
            fine = answer(&server, line, (size_t)n);
            continue;
        }
        start_answer(&server, 0.0);
        bp_message_format(&server.answer, ",\"error\":");
        bp_message_string(&server.answer, server.error.text);
        fine = send(&server);
    }
    free(line);
    if (stream != NULL)
        fclose(stream);
    bp_message_release(&server.answer);
    bp_mem_free(server.theta);
    bp_view_close(&server.view);
    return fine ? 0 : 2;
}
