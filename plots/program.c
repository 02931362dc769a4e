/* program.c -- a program on a socket and two pipes, with a time limit. */
#define _GNU_SOURCE /* pipe2 */
#include "plots/program.h"

#include "core/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { OURS, THEIRS }; /* the two ends */
enum { FIRST_ROOM = 1 << 16 };

struct ends {
    int in[2], out[2], err[2];
};

static long long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_side(struct ends *ends, int side)
{
    close_end(&ends->in[side]);
    close_end(&ends->out[side]);
    close_end(&ends->err[side]);
}

/* A pipe that is read at OURS; both ends close when another program starts. */
static bool make_pipe(int end[2])
{
    int fd[2];
    if (pipe2(fd, O_CLOEXEC) != 0)
        return false;
    end[OURS] = fd[0];
    end[THEIRS] = fd[1];
    return fcntl(end[OURS], F_SETFL, O_NONBLOCK) == 0;
}

static bool make_ends(struct ends *ends, bool silent)
{
    *ends = (struct ends){{-1, -1}, {-1, -1}, {-1, -1}};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends->in) != 0)
        return false;
    if (!silent)
        return make_pipe(ends->out) && make_pipe(ends->err);
    ends->out[THEIRS] = open("/dev/null", O_WRONLY | O_CLOEXEC);
    ends->err[THEIRS] = open("/dev/null", O_WRONLY | O_CLOEXEC);
    return ends->out[THEIRS] >= 0 && ends->err[THEIRS] >= 0;
}

/* Starts argv with its three streams on THEIR ends; returns 0 or an errno. */
static int spawn(pid_t *pid, const struct ends *ends, const char *const argv[])
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    if (posix_spawn_file_actions_init(&files) != 0)
        return ENOMEM;
    if (posix_spawnattr_init(&attributes) != 0) {
        posix_spawn_file_actions_destroy(&files);
        return ENOMEM;
    }
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    int failed = posix_spawn_file_actions_adddup2(&files, ends->in[THEIRS], 0);
    failed |= posix_spawn_file_actions_adddup2(&files, ends->out[THEIRS], 1);
    failed |= posix_spawn_file_actions_adddup2(&files, ends->err[THEIRS], 2);
    if (!failed) {
        union { /* posix_spawnp() leaves argv as it is, but its type does not say so */
            const char *const *given;
            char *const *wanted;
        } words = {argv};
        failed = posix_spawnp(pid, argv[0], &files, &attributes, words.wanted, environ);
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return failed;
}

static enum bp_status start(pid_t *pid, struct ends *ends, const char *const argv[], bool silent,
                            struct bp_error *error)
{
    const int failed = make_ends(ends, silent) ? spawn(pid, ends, argv) : errno;
    close_side(ends, THEIRS);
    if (failed == 0)
        return BP_OK;
    close_side(ends, OURS);
    return bp_error_set(error, BP_EFILE, "%s: cannot be started: %s", argv[0], strerror(failed));
}

/* Writes what the socket takes now; false when nobody reads any more. */
static bool feed(int fd, const char *input, size_t n, size_t *sent)
{
    const ssize_t done = send(fd, input + *sent, n - *sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (done >= 0) {
        *sent += (size_t)done;
        return true;
    }
    return errno == EAGAIN || errno == EINTR;
}

struct talk {
    struct ends ends;
    pid_t pid;
    const char *input;
    size_t n, sent, errors_n;
    struct bp_program_answer *answer;
    size_t room; /* of answer->output */
    enum bp_status status;
};

/* Reads what is there, at most sizeof bytes: the count, 0 at the end, -1 for "not now". */
static ssize_t take(int fd, char bytes[16384])
{
    const ssize_t got = read(fd, bytes, 16384);
    return got >= 0 ? got : errno == EAGAIN || errno == EINTR ? -1 : 0;
}

static void keep_output(struct talk *talk, const char *bytes, size_t n)
{
    struct bp_program_answer *answer = talk->answer;
    if (answer->output_n + n >= talk->room) {
        const size_t room = 2 * talk->room;
        char *grown = room > BP_PROGRAM_OUTPUT_MAX
                          ? NULL
                          : bp_mem_grow(answer->output, answer->output_n, room, 1);
        if (grown == NULL) {
            talk->status = BP_ENOMEM;
            return;
        }
        answer->output = grown;
        talk->room = room;
    }
    memcpy(answer->output + answer->output_n, bytes, n);
    answer->output_n += n;
    answer->output[answer->output_n] = '\0';
}

static void keep_errors(struct talk *talk, const char *bytes, size_t n)
{
    const size_t left = BP_PROGRAM_ERRORS_MAX - 1 - talk->errors_n;
    const size_t kept = n < left ? n : left;
    memcpy(talk->answer->errors + talk->errors_n, bytes, kept);
    talk->errors_n += kept;
}

/* Reads one of its two outputs; closes it at its end. */
static void listen_to(struct talk *talk, int *fd,
                      void (*keep)(struct talk *talk, const char *bytes, size_t n))
{
    char bytes[16384];
    const ssize_t got = take(*fd, bytes);
    if (got > 0)
        keep(talk, bytes, (size_t)got);
    else if (got == 0)
        close_end(fd);
}

/* One round of the loop: waits up to wait_ms for a stream, and serves it. */
static void serve(struct talk *talk, int wait_ms)
{
    struct ends *ends = &talk->ends;
    struct pollfd fds[3] = {
        {ends->in[OURS], POLLOUT, 0}, {ends->out[OURS], POLLIN, 0}, {ends->err[OURS], POLLIN, 0}};
    if (poll(fds, 3, wait_ms) <= 0)
        return;
    if (fds[0].revents != 0 &&
        (!feed(fds[0].fd, talk->input, talk->n, &talk->sent) || talk->sent == talk->n))
        close_end(&ends->in[OURS]);
    if (fds[1].revents != 0)
        listen_to(talk, &ends->out[OURS], keep_output);
    if (fds[2].revents != 0)
        listen_to(talk, &ends->err[OURS], keep_errors);
}

/* Until the program ends. It is looked for every 20 ms, since a window that it
 * leaves behind would keep its streams open for ever. */
static void converse(struct talk *talk, int limit_ms)
{
    const long long until = now_ms() + limit_ms;
    struct bp_program_answer *answer = talk->answer;
    for (;;) {
        const bool silent = talk->ends.out[OURS] < 0 && talk->ends.err[OURS] < 0;
        serve(talk, silent ? 1 : 20);
        if (waitpid(talk->pid, &answer->status, WNOHANG) == talk->pid)
            break;
        if (now_ms() > until) {
            answer->hung = true;
            kill(-talk->pid, SIGKILL);
            waitpid(talk->pid, &answer->status, 0);
            break;
        }
    }
    size_t before;
    do { /* what is still in the pipes */
        before = answer->output_n + talk->errors_n;
        serve(talk, 0);
    } while (answer->output_n + talk->errors_n != before && talk->status == BP_OK);
}

enum bp_status bp_program_run(struct bp_program_answer *answer, const char *const argv[],
                              const char *input, size_t n, int limit_ms, struct bp_error *error)
{
    *answer = (struct bp_program_answer){.output = bp_mem_new(FIRST_ROOM, 1)};
    if (answer->output == NULL)
        return bp_error_set(error, BP_ENOMEM, "%s: %s", argv[0], bp_status_text(BP_ENOMEM));
    struct talk talk = {.input = input, .n = n, .answer = answer, .room = FIRST_ROOM};
    enum bp_status status = start(&talk.pid, &talk.ends, argv, false, error);
    if (status != BP_OK) {
        bp_program_answer_release(answer);
        return status;
    }
    if (n == 0)
        close_end(&talk.ends.in[OURS]);
    converse(&talk, limit_ms);
    close_side(&talk.ends, OURS);
    if (talk.status == BP_OK)
        return BP_OK;
    bp_program_answer_release(answer);
    return bp_error_set(error, talk.status, "%s: its output does not fit the memory", argv[0]);
}

void bp_program_answer_release(struct bp_program_answer *answer)
{
    bp_mem_free(answer->output);
    *answer = (struct bp_program_answer){0};
}

enum bp_status bp_program_open(struct bp_program *to, const char *const argv[],
                               struct bp_error *error)
{
    struct ends ends;
    *to = (struct bp_program){0};
    const enum bp_status status = start(&to->pid, &ends, argv, true, error);
    if (status == BP_OK)
        to->in = ends.in[OURS];
    return status;
}

enum bp_status bp_program_send(struct bp_program *to, const char *input, size_t n, int limit_ms)
{
    const long long until = now_ms() + limit_ms;
    size_t sent = 0;
    while (sent < n) {
        const long long left = until - now_ms();
        struct pollfd fd = {to->in, POLLOUT, 0};
        if (left < 0 || poll(&fd, 1, (int)left) == 0 || !feed(to->in, input, n, &sent))
            return BP_EFILE;
    }
    return BP_OK;
}

bool bp_program_busy(const struct bp_program *to)
{
    int unread = 0;
    return to->pid != 0 && ioctl(to->in, SIOCOUTQ, &unread) == 0 && unread > 0;
}

int bp_program_close(struct bp_program *to, int limit_ms)
{
    if (to->pid == 0)
        return 0;
    close(to->in);
    const long long until = now_ms() + limit_ms;
    int status = 0;
    while (waitpid(to->pid, &status, WNOHANG) == 0) {
        if (now_ms() > until) {
            kill(-to->pid, SIGKILL);
            waitpid(to->pid, &status, 0);
            break;
        }
        poll(NULL, 0, 5);
    }
    *to = (struct bp_program){0};
    return status;
}
