/* main.c -- the command line: picks the command, closes the streams, gives the exit
 * status. What each command does is in commands/, one file each. */
#include "commands/command.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BP_VERSION "0.1.0"

/* clang-format off */
static const struct bp_command *const COMMANDS[] = {
    &bp_command_run,
    &bp_command_check,
    &bp_command_plot,
    &bp_command_ladder,
    &bp_command_compare,
    &bp_command_trace,
    &bp_command_merge,
    &bp_command_faults,
    &bp_command_explain,
};
/* clang-format on */
enum { N_COMMANDS = sizeof COMMANDS / sizeof COMMANDS[0] };

static void help(FILE *out)
{
    fputs("backprobe -- why does this backpropagation not train?\n\n", out);
    for (size_t k = 0; k < N_COMMANDS; k++)
        fprintf(out, "  backprobe %-8s %s\n", COMMANDS[k]->name, COMMANDS[k]->about);
    fputs("\n  backprobe COMMAND --help, backprobe --version\n\n"
          "exit status: 0 healthy (or as the scenario expects), 1 findings, 2 could not run\n",
          out);
}

static int command_help(const struct bp_command *command)
{
    printf("usage: backprobe %s%s%s\n%s\n", command->name, command->usage[0] == '\0' ? "" : " ",
           command->usage, command->about);
    if (command->options != NULL)
        printf("\n%s", command->options);
    return BP_EXIT_HEALTHY;
}

static int dispatch(int argc, char **argv)
{
    opterr = 0; /* bp_option_unread() says it */
    if (argc < 2) {
        help(stderr);
        return BP_EXIT_FAILED;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        help(stdout);
        return BP_EXIT_HEALTHY;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("backprobe " BP_VERSION);
        return BP_EXIT_HEALTHY;
    }
    for (size_t k = 0; k < N_COMMANDS; k++) {
        if (strcmp(argv[1], COMMANDS[k]->name) != 0)
            continue;
        for (int word = 2; word < argc; word++)
            if (strcmp(argv[word], "--help") == 0)
                return command_help(COMMANDS[k]);
        return COMMANDS[k]->run(argc - 1, argv + 1);
    }
    fprintf(stderr, "backprobe: no command '%.60s'; see backprobe --help\n", argv[1]);
    return BP_EXIT_FAILED;
}

/* A file opened later must not get the number of a standard stream that is closed. */
static void hold_closed_streams(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/* "backprobe ... | head -1": who reads has seen enough. */
static bool reader_is_gone(void)
{
    struct pollfd output = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&output, 1, 0) == 1 && (output.revents & (POLLERR | POLLHUP)) != 0;
}

int main(int argc, char **argv)
{
    hold_closed_streams();
    signal(SIGPIPE, SIG_IGN); /* files are still written, programs still ended */
    const int status = dispatch(argc, argv);
    /* what could not be written (a full disk) was not said */
    if ((fflush(stdout) != 0 || ferror(stdout)) && !reader_is_gone()) {
        fputs("backprobe: standard output could not be written\n", stderr);
        return BP_EXIT_FAILED;
    }
    return status;
}
