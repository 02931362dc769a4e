/* peer.c -- other programs to be measured beside ours, each in a process of its own. */
#include "bench/bench.h"

#include "core/kernel.h"

#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* An OpenBLAS older than the processor takes the slowest path unless it is told. */
static const char *blas_core(void)
{
    if (strcmp(bp_kernel_name(), "avx512") == 0)
        return "SkylakeX";
    return strcmp(bp_kernel_name(), "avx2") == 0 ? "Haswell" : NULL;
}

/* One thread each, as we have. */
static void run_command(const char *const *command, int in, int out)
{
    dup2(in, 0);
    dup2(out, 1);
    setenv("OMP_NUM_THREADS", "1", 1);
    setenv("OPENBLAS_NUM_THREADS", "1", 1);
    if (blas_core() != NULL)
        setenv("OPENBLAS_CORETYPE", blas_core(), 0);
    FILE *quiet = freopen("/dev/null", "w", stderr);
    (void)quiet;
    execvp(command[0], (char *const *)(void *)command);
    _exit(127);
}

static bool start(struct bench_peer *peer, const char *const *command)
{
    int to[2], from[2];
    if (pipe(to) != 0 || pipe(from) != 0)
        return false;
    peer->pid = fork();
    if (peer->pid == 0) {
        close(to[1]);
        close(from[0]);
        run_command(command, to[0], from[1]);
    }
    close(to[0]);
    close(from[1]);
    peer->to = fdopen(to[1], "w");
    peer->from = fdopen(from[0], "r");
    return peer->pid > 0 && peer->to != NULL && peer->from != NULL;
}

static bool answers(struct bench_peer *peer, const char *const *command)
{
    *peer = (struct bench_peer){0};
    signal(SIGPIPE, SIG_IGN);
    if (start(peer, command) &&
        fgets(peer->version, (int)sizeof peer->version, peer->from) != NULL) {
        peer->version[strcspn(peer->version, "\n")] = '\0';
        bench_note("beside %s", peer->version);
        return true;
    }
    bench_peer_close(peer);
    return false;
}

bool bench_peer_open(struct bench_peer *peer, const char *what, const char *const *command)
{
    if (answers(peer, command))
        return true;
    bench_note("%s is not installed: its rows are left out", what);
    return false;
}

void bench_peer_close(struct bench_peer *peer)
{
    if (peer->to != NULL)
        fclose(peer->to);
    if (peer->from != NULL)
        fclose(peer->from);
    if (peer->pid > 0)
        waitpid(peer->pid, NULL, 0);
    *peer = (struct bench_peer){0};
}

double bench_ask(void *self)
{
    const struct bench_asked *asked = self;
    char line[128];
    fprintf(asked->peer->to, "%s\n", asked->question);
    fflush(asked->peer->to);
    if (fgets(line, (int)sizeof line, asked->peer->from) == NULL)
        return -1.0;
    return strtod(line, NULL);
}

bool bench_open_python(struct bench_peer *peer, const char *what, const char *script)
{
    const char *named = getenv("PYTHON");
    const char *const first[] = {named != NULL ? named : "python3", script, NULL};
    const char *const second[] = {"/usr/bin/python3", script, NULL};
    if (answers(peer, first) || (named == NULL && answers(peer, second)))
        return true;
    bench_note("%s is not installed for %s: its rows are left out", what, first[0]);
    return false;
}

bool bench_open_built(struct bench_peer *peer, const char *what, const char *name)
{
    char path[PATH_MAX], whole[PATH_MAX + 64];
    const ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    snprintf(whole, sizeof whole, "%s/%s", dirname(path), name);
    const char *const command[] = {whole, NULL};
    return bench_peer_open(peer, what, command);
}
