/* sharedobject.c -- see sharedobject.h. */
#define _GNU_SOURCE /* RTLD_DEEPBIND */
#include "diag/sharedobject.h"

#include "diag/serve.h"

#include <dlfcn.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* A program's y1, index or step must be its own, not the C library's. (The address
 * sanitizer cannot load an object that way.) */
#if defined RTLD_DEEPBIND && !defined __SANITIZE_ADDRESS__
enum { OWN_NAMES = RTLD_DEEPBIND };
#else
enum { OWN_NAMES = 0 };
#endif

bool bp_sharedobject_is(const char *subject)
{
    const char *end = strstr(subject, ".so");
    return end != NULL && strcspn(subject, " \t") == strlen(subject) &&
           (end[3] == '\0' || (end[3] == '.' && end[4] >= '0' && end[4] <= '9'));
}

/* Answers everything with the reason why it cannot be loaded. */
static int refuse(const char *why, int in, int out)
{
    static struct bp_error reason;
    bp_error_set(&reason, BP_ESUBJECT, "%s", why);
    char request;
    struct bp_message answer = {0};
    while (read(in, &request, 1) == 1 && request != '\n') {
    }
    bp_message_format(&answer, "{\"id\":0,\"error\":");
    bp_message_string(&answer, reason.text);
    bp_message_format(&answer, "}\n");
    const bool fine = !answer.failed && write(out, answer.text, answer.n) == (ssize_t)answer.n;
    bp_message_release(&answer);
    return fine ? 0 : 2;
}

/* In the child. */
static int run(void *self, int in, int out)
{
    const char *path = self;
    char text[BP_ERROR_MAX];
    /* without a slash, dlopen() would look in the system's folders only */
    snprintf(text, sizeof text, "%s%s", strchr(path, '/') == NULL ? "./" : "", path);
    void *object = dlopen(text, RTLD_NOW | RTLD_LOCAL | OWN_NAMES);
    if (object == NULL)
        return refuse(dlerror(), in, out);
    void *symbol = dlsym(object, "backprobe_subject");
    if (symbol == NULL)
        return refuse("it does not export int backprobe_subject(struct bp_subject *)", in, out);
    int (*fill)(struct bp_subject * subject);
    memcpy(&fill, &symbol, sizeof fill); /* ISO C has no cast from object to function */
    struct bp_subject subject = {.abi = BACKPROBE_ABI};
    const int result = fill(&subject);
    if (result != 0) {
        snprintf(text, sizeof text, "backprobe_subject() returned %d, expected 0", result);
        return refuse(text, in, out);
    }
    return bp_serve(&subject, in, out);
}

enum bp_status bp_sharedobject_open(struct bp_pipe *pipe, const char *path, double timeout,
                                    FILE *echo, struct bp_error *error)
{
    return bp_pipe_open_function(pipe, path, run, (void *)(uintptr_t)path, timeout, echo, error);
}
