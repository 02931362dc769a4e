/* process.c -- see process.h. Splitting a command is in command.c. */
#define _GNU_SOURCE /* pipe2 */
#include "diag/process.h"

#include "core/mem.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 1 << 16 };

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void nap(double seconds)
{
    const struct timespec time = {0, (long)(seconds * 1e9)};
    nanosleep(&time, NULL);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* ---- starting ------------------------------------------------------------------ */

/* Four pipes, [0] to read and [1] to write; the last says whether exec failed. */
enum { IN, OUT, ERR, EXEC, PIPES };

static void close_pipes(int pipes[PIPES][2])
{
    for (int k = 0; k < PIPES; k++) {
        close_fd(&pipes[k][0]);
        close_fd(&pipes[k][1]);
    }
}

static bool open_pipes(int pipes[PIPES][2])
{
    memset(pipes, -1, PIPES * sizeof *pipes);
    for (int k = 0; k < PIPES; k++)
        if (pipe2(pipes[k], O_CLOEXEC) != 0)
            return false;
    return true;
}

/* Signals as a new program expects them: none of our caller's handlers. */
static void reset_signals(void)
{
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child: becomes the program, or says why not. */
static _Noreturn void become(char *const *words, int pipes[PIPES][2])
{
    dup2(pipes[IN][0], STDIN_FILENO);
    dup2(pipes[OUT][1], STDOUT_FILENO);
    dup2(pipes[ERR][1], STDERR_FILENO);
    reset_signals();
    setenv("BACKPROBE", "1", 1);
    execvp(words[0], words);
    const int why = errno;
    if (write(pipes[EXEC][1], &why, sizeof why) != sizeof why)
        _exit(126);
    _exit(127);
}

/* In the child: our own function, with in and out to itself; what it prints goes to
 * standard error. */
static _Noreturn void become_function(int (*run)(void *self, int in, int out), void *self,
                                      int pipes[PIPES][2])
{
    const int nothing = open("/dev/null", O_RDONLY);
    dup2(nothing, STDIN_FILENO);
    dup2(pipes[ERR][1], STDOUT_FILENO);
    dup2(pipes[ERR][1], STDERR_FILENO);
    close_fd(&pipes[IN][1]);
    close_fd(&pipes[OUT][0]);
    close_fd(&pipes[EXEC][0]);
    close_fd(&pipes[EXEC][1]);
    reset_signals();
    const int result = run(self, pipes[IN][0], pipes[OUT][1]);
    fflush(NULL);
    _exit(result);
}

/* The errno of a failed exec, 0 when it became the program. */
static int exec_failure(int fd)
{
    int why = 0;
    ssize_t n;
    do {
        n = read(fd, &why, sizeof why);
    } while (n < 0 && errno == EINTR);
    return n == sizeof why ? why : 0;
}

static enum bp_status start(struct bp_process *process, char *const *words,
                            int (*run)(void *self, int in, int out), void *self, FILE *echo,
                            struct bp_error *error)
{
    *process = (struct bp_process){.to = -1, .from = -1, .chat = -1, .echo = echo};
    int pipes[PIPES][2];
    const char *name = words != NULL ? words[0] : "subject";
    if (!open_pipes(pipes)) {
        close_pipes(pipes);
        return bp_error_set(error, BP_ESUBJECT, "%s: cannot be started: no pipe", name);
    }
    fflush(NULL); /* what we hold unprinted is not the child's to print */
    const pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        if (words != NULL)
            become(words, pipes);
        assert(run != NULL);
        become_function(run, self, pipes);
    }
    close_fd(&pipes[EXEC][1]);
    const int why = pid < 0 ? errno : exec_failure(pipes[EXEC][0]);
    if (pid < 0 || why != 0) {
        if (pid > 0)
            waitpid(pid, NULL, 0);
        close_pipes(pipes);
        return bp_error_set(error, BP_ESUBJECT, "%s: cannot be started: %s", name, strerror(why));
    }
    process->pid = pid;
    process->to = pipes[IN][1];
    process->from = pipes[OUT][0];
    process->chat = pipes[ERR][0];
    pipes[IN][1] = pipes[OUT][0] = pipes[ERR][0] = -1;
    close_pipes(pipes);
    fcntl(process->to, F_SETFL, O_NONBLOCK);
    fcntl(process->from, F_SETFL, O_NONBLOCK);
    fcntl(process->chat, F_SETFL, O_NONBLOCK);
    return BP_OK;
}

enum bp_status bp_process_start(struct bp_process *process, char *const *words, FILE *echo,
                                struct bp_error *error)
{
    return start(process, words, NULL, NULL, echo, error);
}

enum bp_status bp_process_start_function(struct bp_process *process,
                                         int (*run)(void *self, int in, int out), void *self,
                                         FILE *echo, struct bp_error *error)
{
    return start(process, NULL, run, self, echo, error);
}

/* ---- its standard error ----------------------------------------------------------- */

static void keep_tail(struct bp_process *process, const char *bytes, size_t n)
{
    if (n > BP_PROCESS_TAIL) {
        bytes += n - BP_PROCESS_TAIL;
        n = BP_PROCESS_TAIL;
    }
    const size_t over =
        process->n_tail + n > BP_PROCESS_TAIL ? process->n_tail + n - BP_PROCESS_TAIL : 0;
    memmove(process->tail, process->tail + over, process->n_tail - over);
    process->n_tail -= over;
    memcpy(process->tail + process->n_tail, bytes, n);
    process->n_tail += n;
}

/* Reads what there is, but not for ever. */
static void listen_to_chat(struct bp_process *process)
{
    char bytes[4096];
    for (int k = 0; process->chat >= 0 && k < 64; k++) {
        const ssize_t n = read(process->chat, bytes, sizeof bytes);
        if (n <= 0) {
            if (n == 0 || (errno != EAGAIN && errno != EINTR))
                close_fd(&process->chat);
            return;
        }
        keep_tail(process, bytes, (size_t)n);
        if (process->echo != NULL) {
            fwrite(bytes, 1, (size_t)n, process->echo);
            fflush(process->echo);
        }
    }
}

void bp_process_tail_text(const struct bp_process *process, size_t lines, char *text, size_t size)
{
    size_t end = process->n_tail;
    while (end > 0 && process->tail[end - 1] == '\n')
        end--;
    size_t start = end;
    while (start > 0 && (process->tail[start - 1] != '\n' || --lines > 0))
        start--;
    size_t used = 0;
    for (size_t k = start; k < end && used + 4 < size; k++) {
        const char c = process->tail[k];
        if (c == '\n') {
            memcpy(text + used, " | ", 3);
            used += 3;
        } else if (c != '\r') {
            text[used++] = c;
        }
    }
    text[used] = '\0';
}

/* ---- its end ---------------------------------------------------------------------- */

static bool has_ended(struct bp_process *process)
{
    if (!process->ended && process->pid > 0 &&
        waitpid(process->pid, &process->result, WNOHANG) == process->pid)
        process->ended = true;
    return process->ended;
}

/* Waits up to seconds for its end, reading its standard error. */
static bool wait_for_end(struct bp_process *process, double seconds)
{
    const double end = now() + seconds;
    double pause = 1e-4;
    while (!has_ended(process) && now() < end) {
        listen_to_chat(process);
        nap(pause);
        pause = pause < 0.01 ? 2.0 * pause : pause;
    }
    listen_to_chat(process);
    return process->ended;
}

void bp_process_end_text(const struct bp_process *process, char *text, size_t size)
{
    if (WIFSIGNALED(process->result))
        snprintf(text, size, "was killed by signal %d (%s)", WTERMSIG(process->result),
                 strsignal(WTERMSIG(process->result)));
    else
        snprintf(text, size, "exited with status %d", WEXITSTATUS(process->result));
}

void bp_process_stop(struct bp_process *process, double patience)
{
    if (process->pid == 0)
        return;
    close_fd(&process->to);
    close_fd(&process->from);
    if (!wait_for_end(process, patience)) {
        kill(-process->pid, SIGTERM);
        if (!wait_for_end(process, 0.3)) {
            kill(-process->pid, SIGKILL);
            wait_for_end(process, 10.0);
        }
    }
    close_fd(&process->chat);
    bp_mem_free(process->buffer);
    *process = (struct bp_process){.to = -1, .from = -1, .chat = -1};
}

/* ---- asking ----------------------------------------------------------------------- */

/* write() without SIGPIPE, whatever the caller does with that signal. */
static ssize_t write_quietly(int fd, const char *bytes, size_t n)
{
    sigset_t pipe_only, old, pending;
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&pending);
    const bool was_pending = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_only, &old);
    const ssize_t written = write(fd, bytes, n);
    const int why = errno;
    const struct timespec at_once = {0, 0};
    if (written < 0 && why == EPIPE && !was_pending)
        sigtimedwait(&pipe_only, NULL, &at_once);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    errno = why;
    return written;
}

/* Sends what fits. false: nobody reads any more. */
static bool send_some(struct bp_process *process, const char *bytes, size_t n, size_t *sent)
{
    const ssize_t written = write_quietly(process->to, bytes + *sent, n - *sent);
    if (written > 0)
        *sent += (size_t)written;
    return written > 0 || errno == EAGAIN || errno == EINTR;
}

static bool make_room(struct bp_process *process)
{
    if (process->taken > 0) {
        memmove(process->buffer, process->buffer + process->taken, process->n - process->taken);
        process->n -= process->taken;
        process->searched -= process->taken;
        process->taken = 0;
    }
    if (process->room - process->n >= CHUNK)
        return true;
    const size_t room = 2 * process->room + 2 * CHUNK;
    char *buffer = bp_mem_grow(process->buffer, process->room, room, 1);
    if (buffer == NULL)
        return false;
    process->buffer = buffer;
    process->room = room;
    return true;
}

/* Reads what there is; at its end closes from. */
static bool receive_some(struct bp_process *process)
{
    if (!make_room(process))
        return false;
    const ssize_t n = read(process->from, process->buffer + process->n, CHUNK);
    if (n > 0)
        process->n += (size_t)n;
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        close_fd(&process->from);
    return true;
}

/* Takes a line off the buffer. */
static bool take_line(struct bp_process *process, const char **line, size_t *length)
{
    if (process->n == process->searched)
        return false;
    const char *start = process->buffer + process->taken;
    const char *from = process->buffer + process->searched;
    const char *end = memchr(from, '\n', process->n - process->searched);
    process->searched = process->n;
    if (end == NULL)
        return false;
    *line = start;
    *length = (size_t)(end - start);
    process->taken = process->searched = (size_t)(end + 1 - process->buffer);
    return true;
}

/* Why there is no more to come, once from or to is closed. */
static enum bp_reply why_closed(struct bp_process *process, enum bp_reply otherwise)
{
    return wait_for_end(process, 0.5) ? BP_REPLY_EXIT : otherwise;
}

/* Nobody is left to read what is sent. */
static bool is_deaf(const struct bp_process *process)
{
    struct pollfd fd = {process->to, POLLOUT, 0};
    return process->to < 0 || (poll(&fd, 1, 0) > 0 && (fd.revents & POLLERR) != 0);
}

static enum bp_reply why_late(struct bp_process *process)
{
    listen_to_chat(process);
    if (has_ended(process))
        return BP_REPLY_EXIT;
    if (is_deaf(process))
        return BP_REPLY_CLOSED_IN;
    return process->n > process->taken ? BP_REPLY_HALF : BP_REPLY_SILENCE;
}

/* Waits until something can be read or sent, or the time is over (false). */
static bool wait_for_traffic(struct bp_process *process, bool sending, double until)
{
    struct pollfd fds[] = {{process->from, POLLIN, 0},
                           {process->chat, POLLIN, 0},
                           {sending ? process->to : -1, POLLOUT, 0}};
    const double left = until - now();
    const int ready = left > 0.0 ? poll(fds, 3, (int)(left * 1e3) + 1) : 0;
    if (ready > 0 && fds[1].revents != 0)
        listen_to_chat(process);
    return ready != 0;
}

enum bp_reply bp_process_ask(struct bp_process *process, const char *bytes, size_t n,
                             double seconds, size_t limit, const char **line, size_t *length)
{
    const double until = now() + seconds;
    size_t sent = 0;
    while (!take_line(process, line, length)) {
        if (process->n - process->taken > limit)
            return BP_REPLY_FLOOD;
        if (process->from < 0)
            return why_closed(process, BP_REPLY_CLOSED_OUT);
        if (sent < n && !send_some(process, bytes, n, &sent)) {
            close_fd(&process->to);
            return why_closed(process, BP_REPLY_CLOSED_IN);
        }
        if (!wait_for_traffic(process, sent < n, until))
            return why_late(process);
        if (!receive_some(process))
            return BP_REPLY_NO_MEMORY;
    }
    return BP_REPLY_LINE;
}

const char *bp_process_rest(const struct bp_process *process, size_t *n)
{
    *n = process->n - process->taken;
    return process->buffer + process->taken;
}
