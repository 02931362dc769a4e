/* check_cli.c -- the program itself, as it is started: bad input, full disks, closed
 * streams, a gnuplot that is not there, a kill half-way. One line says what went wrong,
 * the exit status says that it did, and what was there before is still whole.
 */
#define _GNU_SOURCE
#include "tests/scratch.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_MOST = 1 << 18, WORDS_MOST = 16 };

static const char AND[] = "title = \"one neuron\";\n"
                          "data = \"and\";\n"
                          "network = { widths = [2, 1]; hidden = \"sigmoid\"; output = \"sigmoid\";"
                          " loss = \"squared-error\"; };\n"
                          "init = { scheme = \"normal\"; sd = 1.0; seed = 1; };\n"
                          "train = { rate = 5.0; batch = 4; epochs = 3000; };\n"
                          "goal = { accuracy = 1.0; };\n"
                          "expect = [];\n";

/* How it is started, and what came of it. */
struct cli {
    const char *out;      /* standard output goes there in place of out_text */
    const char *variable; /* NAME=VALUE of the environment */
    bool closed;          /* standard output is not open at all */
    rlim_t largest;       /* of a file in bytes; 0: any */
    int status;           /* the exit status, -1 when a signal ended it */
    char out_text[TEXT_MOST], err_text[TEXT_MOST];
};

static void put_in_place(const struct cli *cli, const char *out, const char *err)
{
    const int input = open("/dev/null", O_RDONLY);
    const int output = open(cli->out != NULL ? cli->out : out, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    const int error = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    dup2(input, STDIN_FILENO);
    dup2(output, STDOUT_FILENO);
    dup2(error, STDERR_FILENO);
    for (int fd = STDERR_FILENO + 1; fd < 64; fd++)
        close(fd);
    if (cli->closed)
        close(STDOUT_FILENO);
    if (cli->largest > 0) {
        const struct rlimit limit = {cli->largest, cli->largest};
        signal(SIGXFSZ, SIG_IGN);
        setrlimit(RLIMIT_FSIZE, &limit);
    }
}

/* Starts it in the scratch folder, with its output in files there. */
static pid_t start(const struct cli *cli, const char *const *words)
{
    char *argv[WORDS_MOST + 1] = {getenv("BACKPROBE")};
    char out[256], err[256], folder[256];
    for (size_t k = 0; k + 1 < WORDS_MOST && words[k] != NULL; k++)
        argv[k + 1] = (char *)words[k];
    snprintf(folder, sizeof folder, "%s", scratch_path(""));
    snprintf(out, sizeof out, "%s", scratch_path("stdout"));
    snprintf(err, sizeof err, "%s", scratch_path("stderr"));
    const pid_t pid = fork();
    if (pid == 0) {
        put_in_place(cli, out, err);
        if (cli->variable != NULL)
            putenv((char *)cli->variable);
        if (chdir(folder) == 0)
            execv(argv[0], argv);
        _exit(126);
    }
    ck_assert_int_gt(pid, 0);
    return pid;
}

static void read_text(char text[TEXT_MOST], const char *name)
{
    FILE *file = fopen(scratch_path(name), "rb");
    text[0] = '\0';
    if (file == NULL)
        return;
    text[fread(text, 1, TEXT_MOST - 1, file)] = '\0';
    fclose(file);
}

static void finish(struct cli *cli, pid_t pid)
{
    int status;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    cli->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    read_text(cli->out_text, "stdout");
    read_text(cli->err_text, "stderr");
}

/* run(&cli, "run", "and.conf", NULL as the last) */
#define run(cli, ...) finish((cli), start((cli), (const char *const[]){__VA_ARGS__, NULL}))

static bool there_is(const char *name)
{
    struct stat about;
    return stat(scratch_path(name), &about) == 0;
}

/* One line on standard error, with these words, and status 2. */
static void assert_refused(const struct cli *cli, const char *words)
{
    const char *end = strchr(cli->err_text, '\n');
    ck_assert_msg(cli->status == 2, "status %d: %s", cli->status, cli->err_text);
    ck_assert_msg(strncmp(cli->err_text, "backprobe", 9) == 0, "%s", cli->err_text);
    ck_assert_msg(end != NULL && end[1] == '\0', "not one line: %s", cli->err_text);
    ck_assert_msg(strstr(cli->err_text, words) != NULL, "no '%s' in: %s", words, cli->err_text);
}

static void assert_misused(const struct cli *cli, const char *words)
{
    ck_assert_msg(cli->status == 2, "status %d: %s", cli->status, cli->err_text);
    ck_assert_msg(strstr(cli->err_text, words) != NULL, "no '%s' in: %s", words, cli->err_text);
    const char *end = strchr(cli->err_text, '\n');
    ck_assert_msg(end != NULL && end[1] == '\0', "not one line: %s", cli->err_text);
    ck_assert_str_eq(cli->out_text, "");
}

/* ---- what can be wrong with the words ------------------------------------------------------- */

START_TEST(words_that_mean_nothing_are_refused)
{
    static struct cli cli;
    run(&cli, "dance");
    assert_misused(&cli, "no command 'dance'");
    run(&cli, "run");
    assert_misused(&cli, "run: expected a scenario file; see backprobe run --help");
    run(&cli, "run", "--wings", "and.conf");
    assert_misused(&cli, "'--wings': no such option; see backprobe run --help");
    run(&cli, "run", "-w", "and.conf");
    assert_misused(&cli, "'-w': no such option");
    run(&cli, "run", "and.conf", "--out");
    assert_misused(&cli, "'--out': expected a value");
    run(&cli, "run", "--all=3", "and.conf");
    assert_misused(&cli, "'--all=3': expected no value");
    run(&cli, "run", "--format", "xml", "and.conf");
    assert_misused(&cli, "--format 'xml': expected text, json or tsv");
    run(&cli, "compare", "--term", "smart", "a", "b");
    assert_misused(&cli, "--term 'smart': expected dumb");
    run(&cli, "ladder", "--jobs", "none");
    assert_refused(&cli, "--jobs 'none': expected a whole number above 0");
    run(&cli, "faults", "all");
    assert_misused(&cli, "faults: expected no words");
    run(&cli, "explain", "sign-fliped");
    assert_refused(&cli, "did you mean 'sign-flipped'");
}
END_TEST

static void assert_narrow(const char *text)
{
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
        ck_assert_msg(strcspn(line, "\n") <= 80, "over 80 columns: %.100s", line);
}

START_TEST(numbers_out_of_range_and_folders_without_a_name_are_refused)
{
    static struct cli cli;
    run(&cli, "ladder", "--starts", "nan");
    assert_refused(&cli, "--starts 'nan': expected a whole number from 1 to 1000");
    run(&cli, "trace", "--sample", "-1", "t.tsv");
    assert_refused(&cli, "--sample '-1': expected a whole number, 0 or more");
    run(&cli, "check", "--seed", "1e99");
    assert_refused(&cli, "--seed '1e99': expected a whole number above 0");
    run(&cli, "check", "--page", "");
    ck_assert_int_eq(cli.status, 2);
    ck_assert_str_eq(cli.err_text, "backprobe: '': expected the name of a folder\n");
}
END_TEST

START_TEST(every_command_has_help)
{
    static const char *const COMMAND[] = {"run",    "check",   "faults", "explain", "plot",
                                          "ladder", "compare", "trace",  "merge"};
    static struct cli cli;
    run(&cli, "--help");
    ck_assert_int_eq(cli.status, 0);
    assert_narrow(cli.out_text);
    for (size_t k = 0; k < sizeof COMMAND / sizeof COMMAND[0]; k++) {
        char name[64], usage[64];
        snprintf(name, sizeof name, "backprobe %s ", COMMAND[k]);
        snprintf(usage, sizeof usage, "usage: backprobe %s", COMMAND[k]);
        run(&cli, "--help");
        ck_assert_msg(strstr(cli.out_text, name) != NULL, "no %s", name);
        run(&cli, COMMAND[k], "--help");
        ck_assert_int_eq(cli.status, 0);
        ck_assert_int_eq(strncmp(cli.out_text, usage, strlen(usage)), 0);
        assert_narrow(cli.out_text);
        ck_assert_str_eq(cli.err_text, "");
    }
}
END_TEST

/* ---- what can be wrong with the files ------------------------------------------------------- */

START_TEST(a_scenario_that_is_not_there_is_one_line)
{
    static struct cli cli;
    run(&cli, "run", "nowhere.conf");
    assert_refused(&cli, "nowhere.conf");
    run(&cli, "run", "/");
    assert_refused(&cli, "/");
    ck_assert(!there_is("out"));
}
END_TEST

START_TEST(an_unknown_key_is_one_line_with_its_place)
{
    static struct cli cli;
    scratch_text("bad.conf", "data = \"and\";\ntitel = \"one\";\n");
    run(&cli, "run", "bad.conf");
    assert_refused(&cli, "bad.conf:2");
    ck_assert_ptr_nonnull(strstr(cli.err_text, "title"));
    ck_assert(!there_is("out"));
}
END_TEST

START_TEST(a_bad_scenario_does_not_stop_the_others)
{
    static struct cli cli;
    scratch_text("and.conf", AND);
    run(&cli, "run", "nowhere.conf", "and.conf");
    assert_refused(&cli, "nowhere.conf");
    ck_assert(there_is("out/and/report.txt"));
}
END_TEST

START_TEST(a_file_where_the_folder_should_be_is_one_line)
{
    static struct cli cli;
    scratch_text("and.conf", AND);
    scratch_text("taken", "not a folder");
    run(&cli, "run", "--out", "taken", "and.conf");
    assert_refused(&cli, "taken");
    run(&cli, "run", "--out", "taken/deeper", "and.conf");
    assert_refused(&cli, "taken");
}
END_TEST

/* ---- traces --------------------------------------------------------------------------------- */

/* One linear neuron that trains, and says its z, a and delta. */
static const char TRAINS[] =
    "import sys; sys.path.insert(0, sys.argv[1])\n"
    "import backprobe\n"
    "w, b = [[0.5]], [0.25]\n"
    "def y(x): return [[w[0][0] * r[0] + b[0]] for r in x]\n"
    "def delta(x, t): return [[o[0] - u[0]] for o, u in zip(y(x), t)]\n"
    "def step(x, t, rate):\n"
    "    d = delta(x, t)[0][0]\n"
    "    w[0][0] -= rate * d * x[0][0]; b[0] -= rate * d\n"
    "probe = backprobe.Probe('1-1 identity squared-error', data=([[3.0]], [[1.0]]))\n"
    "probe.weights(1, globals(), 'w')\n"
    "probe.biases(1, globals(), 'b')\n"
    "probe.predict, probe.step = y, step\n"
    "probe.trace = lambda x, t: (y(x), y(x), delta(x, t))\n"
    "probe.serve()\n";

/* d = 1.75 - 1; each step takes rate * d * (3 * 3 + 1) off y: at rate 0.05, half of d. */
START_TEST(a_program_is_traced_and_its_trace_read)
{
    static struct cli cli;
    char here[400], subject[500];
    if (system("python3 --version > /dev/null 2>&1") != 0) {
        fputs("check_cli: skipped: no python3\n", stderr);
        return;
    }
    scratch_text("it.py", TRAINS);
    ck_assert_ptr_nonnull(getcwd(here, sizeof here));
    snprintf(subject, sizeof subject, "python3 it.py '%s/examples'", here);
    run(&cli, "check", "--subject", subject, "--trace", "it.tsv", "--steps", "12", "--rate",
        "0.05");
    ck_assert_msg(cli.status == 0, "%s%s", cli.out_text, cli.err_text);
    ck_assert_msg(strstr(cli.out_text, "trace       12 steps at rate 0.05 on its own data: z, a, "
                                       "delta in it.tsv;") == cli.out_text,
                  "%s", cli.out_text);
    run(&cli, "trace", "it.tsv", "--neuron", "1:0", "--kind", "delta", "--from", "0", "--to", "2");
    ck_assert_int_eq(cli.status, 0);
    ck_assert_str_eq(strchr(cli.out_text, '\n') + 1,
                     "step         0  delta 1:0                0.75       0.75       0.75      0%"
                     "    0\n"
                     "step         1  delta 1:0               0.375      0.375      0.375      0%"
                     "    0\n"
                     "step         2  delta 1:0               0.188      0.188      0.188      0%"
                     "    0\n");
    run(&cli, "check", "--trace", "core.tsv", "--format", "json");
    ck_assert_int_eq(cli.status, 0);
    ck_assert_int_eq(cli.out_text[0], '{'); /* the line is of the text alone */
    ck_assert(there_is("core.tsv"));
}
END_TEST

START_TEST(a_trace_is_plotted_beside_it)
{
    static struct cli cli, none = {.variable = "BACKPROBE_GNUPLOT=/nonexistent/gnuplot"};
    run(&cli, "check", "--trace", "net.tsv", "--quiet");
    run(&none, "plot", "net.tsv");
    ck_assert_int_eq(none.status, 0);
    ck_assert_int_eq(strncmp(none.err_text, "backprobe: note: ", 17), 0);
    ck_assert(!there_is("net-loss.svg"));
    run(&cli, "plot", "net.tsv");
    ck_assert_msg(cli.status == 0, "%s", cli.err_text);
    ck_assert(there_is("net-loss.svg") || strstr(cli.err_text, "gnuplot") != NULL);
    ck_assert(there_is("net-delta.png") == there_is("net-loss.svg"));
    run(&cli, "plot", "net.tsv", "--figure", "weights");
    assert_refused(&cli, "figure 'weights': a trace has loss and delta");
    run(&cli, "plot", "nothing.tsv");
    assert_refused(&cli, "nothing.tsv: cannot be read");
    scratch_text("other.tsv", "a\tb\n");
    run(&cli, "plot", "other.tsv");
    assert_refused(&cli, "other.tsv:1: not a trace: expected the columns");
}
END_TEST

START_TEST(a_trace_that_cannot_be_is_one_line)
{
    static struct cli cli;
    run(&cli, "check", "--trace", "nowhere/t.tsv");
    assert_refused(&cli, "nowhere/t.tsv: cannot be written");
    ck_assert_str_eq(cli.out_text, "");
    run(&cli, "check", "--steps", "5");
    assert_refused(&cli, "--steps is of --trace FILE, which is missing");
    run(&cli, "check", "--trace", "t.tsv", "--steps", "some");
    assert_refused(&cli, "--steps 'some': expected a whole number above 0");
    run(&cli, "check", "--trace", "t.tsv", "--shard", "1/2", "--out", "p.json");
    assert_refused(&cli, "--trace does not go with --shard");
    if (symlink("/dev/full", scratch_path("full.tsv.tmp")) == 0) {
        run(&cli, "check", "--trace", "full.tsv");
        assert_refused(&cli, "full.tsv: cannot be written: No space left on device");
    }
}
END_TEST

/* ---- exit status ---------------------------------------------------------------------------- */

START_TEST(status_is_0_for_healthy_1_for_findings)
{
    static struct cli cli;
    scratch_text("and.conf", AND);
    run(&cli, "run", "and.conf");
    ck_assert_msg(cli.status == 0, "%s%s", cli.out_text, cli.err_text);
    ck_assert_str_eq(cli.err_text, "");
    run(&cli, "run", "--plant", "sign-flipped", "and.conf");
    ck_assert_int_eq(cli.status, 1);
    ck_assert_ptr_nonnull(strstr(cli.out_text, "sign-flipped"));
    run(&cli, "check");
    ck_assert_int_eq(cli.status, 0);
    run(&cli, "check", "--plant", "missing-activation-derivative:1");
    ck_assert_int_eq(cli.status, 1);
}
END_TEST

START_TEST(status_is_1_where_the_expected_is_not_found)
{
    static struct cli cli;
    static char text[sizeof AND + 64];
    snprintf(text, sizeof text, "%.*sexpect = [\"sign-flipped\"];\n",
             (int)(strstr(AND, "expect") - AND), AND);
    scratch_text("and.conf", text);
    run(&cli, "run", "and.conf");
    ck_assert_int_eq(cli.status, 1);
}
END_TEST

/* ---- streams -------------------------------------------------------------------------------- */

START_TEST(output_that_cannot_be_written_is_said)
{
    static struct cli cli = {.out = "/dev/full"};
    scratch_text("and.conf", AND);
    if (access("/dev/full", W_OK) != 0)
        return;
    run(&cli, "run", "and.conf");
    assert_refused(&cli, "standard output could not be written");
    run(&cli, "faults");
    assert_refused(&cli, "standard output could not be written");
}
END_TEST

/* A file opened next would get the number of the closed stream, and the report's text
 * with it. */
START_TEST(closed_output_spoils_no_file)
{
    static struct cli whole, cli = {.closed = true};
    static char before[TEXT_MOST], after[TEXT_MOST];
    scratch_text("and.conf", AND);
    run(&whole, "run", "and.conf");
    read_text(before, "out/and/report.txt");
    run(&cli, "run", "and.conf");
    assert_refused(&cli, "standard output could not be written");
    read_text(after, "out/and/report.txt");
    ck_assert_str_eq(before, after);
}
END_TEST

/* "backprobe WORDS | READER": its status, and standard error. */
static void run_piped(struct cli *cli, const char *words, const char *reader)
{
    char command[1024], status[16] = "";
    const char *folder = scratch_path("");
    snprintf(command, sizeof command,
             "cd '%s' && { sleep 0.05; '%s' %s; echo $? >status; } 2>stderr | %s >stdout", folder,
             getenv("BACKPROBE"), words, reader);
    ck_assert_int_eq(system(command), 0);
    read_text(cli->err_text, "status");
    snprintf(status, sizeof status, "%.15s", cli->err_text);
    cli->status = atoi(status);
    read_text(cli->out_text, "stdout");
    read_text(cli->err_text, "stderr");
}

static void write_long_trace(void)
{
    FILE *file = fopen(scratch_path("long.tsv"), "w");
    fputs("span\tkind\tepoch\tstep\tlayer\tneuron\tsample\tmean\tmean_abs\tmax\tzeros\tflips\n",
          file);
    for (int step = 0; step < 20000; step++)
        fprintf(file, "step\tdelta\t0\t%d\t1\t0\t-\t0.5\t0.5\t0.5\t0\t0\n", step);
    fputs("what nobody comes to read", file);
    fclose(file);
}

/* Who reads may stop when they have seen enough: that is no error, and work goes on. */
START_TEST(a_reader_that_leaves_is_no_error)
{
    static const char *const READER[] = {"head -1", "true"};
    static const char *const WORDS[] = {"trace long.tsv",        "faults",
                                        "explain sign-flipped",  "check --all",
                                        "run and.conf and.conf", "--help"};
    static struct cli cli;
    scratch_text("and.conf", AND);
    write_long_trace();
    for (size_t k = 0; k < sizeof WORDS / sizeof WORDS[0]; k++) {
        run_piped(&cli, WORDS[k], READER[_i]);
        ck_assert_msg(cli.status == 0, "%s: status %d: %s", WORDS[k], cli.status, cli.err_text);
        ck_assert_str_eq(cli.err_text, "");
        ck_assert(_i == 1 || strchr(cli.out_text, '\n') != NULL);
    }
    ck_assert(there_is("out/and/report.txt"));
}
END_TEST

/* The last line of the file is bad: it is seen only by who reads that far. */
START_TEST(a_trace_is_read_no_further_than_it_is_looked_at)
{
    static struct cli cli;
    write_long_trace();
    run(&cli, "trace", "long.tsv");
    assert_refused(&cli, "long.tsv:20002: the line is cut short: the trace was not finished");
    run(&cli, "trace", "long.tsv", "--from", "19999", "--to", "5");
    assert_refused(&cli, "long.tsv:20002: ");
    run_piped(&cli, "trace long.tsv", "head -1");
    ck_assert_int_eq(cli.status, 0);
}
END_TEST

START_TEST(a_home_that_is_not_there_is_not_missed)
{
    static struct cli cli = {.variable = "HOME=/nonexistent"}, none = {.variable = "HOME="};
    static char before[TEXT_MOST];
    scratch_text("and.conf", AND);
    run(&cli, "run", "--plots", "and.conf");
    ck_assert_int_eq(cli.status, 0);
    ck_assert(strcmp(cli.err_text, "") == 0 || strstr(cli.err_text, "gnuplot") != NULL);
    read_text(before, "stdout");
    run(&none, "run", "--plots", "and.conf");
    ck_assert_int_eq(none.status, 0);
    ck_assert_str_eq(none.out_text, before);
}
END_TEST

START_TEST(a_path_without_programs_is_one_line)
{
    static struct cli cli = {.variable = "PATH=/nonexistent"};
    run(&cli, "check", "--subject", "python3 mine.py");
    assert_refused(&cli, "python3");
    run(&cli, "check", "--subject", "mpirun -n 2 mine");
    assert_refused(&cli, "mpirun");
    run(&cli, "check");
    ck_assert_int_eq(cli.status, 0);
}
END_TEST

START_TEST(no_colour_in_a_pipe_or_a_file)
{
    static struct cli cli = {.variable = "TERM=xterm-256color"};
    scratch_text("and.conf", AND);
    run(&cli, "run", "--plant", "sign-flipped", "and.conf");
    ck_assert_ptr_null(strchr(cli.out_text, '\x1b'));
    ck_assert_ptr_null(strchr(cli.err_text, '\x1b'));
    ck_assert_ptr_null(strchr(cli.err_text, '\r'));
}
END_TEST

/* On a terminal: with colour, and without when NO_COLOR says so. */
static bool coloured_on_a_terminal(const char *variable)
{
    static char text[TEXT_MOST];
    struct cli cli = {.variable = variable};
    const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0 || grantpt(terminal) != 0 || unlockpt(terminal) != 0)
        return variable[0] != 'N'; /* no terminal to be had here */
    char name[64];
    snprintf(name, sizeof name, "%s", ptsname(terminal));
    const int held = open(name, O_RDWR | O_NOCTTY);
    cli.out = name;
    const pid_t pid = start(
        &cli, (const char *const[]){"check", "--plant", "missing-activation-derivative:1", NULL});
    close(held);
    size_t n = 0;
    for (ssize_t got; (got = read(terminal, text + n, TEXT_MOST - 1 - n)) > 0;)
        n += (size_t)got;
    text[n] = '\0';
    finish(&cli, pid);
    close(terminal);
    ck_assert_ptr_nonnull(strstr(text, "missing-activation-derivative"));
    return strchr(text, '\x1b') != NULL;
}

START_TEST(colour_on_a_terminal_unless_told_not_to)
{
    unsetenv("NO_COLOR");
    ck_assert(coloured_on_a_terminal("TERM=xterm"));
    setenv("TERM", "xterm", 1);
    ck_assert(!coloured_on_a_terminal("NO_COLOR=1"));
}
END_TEST

/* ---- a run that does not get to its end ----------------------------------------------------- */

START_TEST(a_full_disk_leaves_the_last_report_whole)
{
    static struct cli whole, cli = {.largest = 256};
    static char before[TEXT_MOST], after[TEXT_MOST];
    scratch_text("and.conf", AND);
    run(&whole, "run", "and.conf");
    ck_assert_int_eq(whole.status, 0);
    read_text(before, "out/and/report.txt");
    ck_assert_uint_gt(strlen(before), 256);
    cli.out = "/dev/null";
    run(&cli, "run", "and.conf");
    assert_refused(&cli, "out/and/");
    read_text(after, "out/and/report.txt");
    ck_assert_str_eq(before, after);
    ck_assert(!there_is("out/and/report.txt.tmp"));
}
END_TEST

START_TEST(a_kill_leaves_the_last_report_whole)
{
    static struct cli cli;
    static char before[TEXT_MOST], after[TEXT_MOST], text[sizeof AND + 8];
    scratch_text("and.conf", AND);
    run(&cli, "run", "and.conf");
    read_text(before, "out/and/report.txt");
    ck_assert_str_ne(before, "");
    snprintf(text, sizeof text, "%s", AND);
    const char *epochs = strstr(AND, "3000");
    snprintf(text + (epochs - AND), sizeof text - (size_t)(epochs - AND), "99999999%s", epochs + 4);
    scratch_text("and.conf", text); /* it would go on for minutes */
    const pid_t pid = start(&cli, (const char *const[]){"run", "and.conf", NULL});
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    kill(pid, SIGKILL);
    finish(&cli, pid);
    ck_assert_int_eq(cli.status, -1);
    read_text(after, "out/and/report.txt");
    ck_assert_str_eq(before, after);
}
END_TEST

/* ---- gnuplot -------------------------------------------------------------------------------- */

/* A note in place of the figures; the report and the page are there. */
static void assert_noted(const struct cli *cli)
{
    ck_assert_msg(cli->status == 0, "status %d: %s", cli->status, cli->err_text);
    ck_assert_msg(strncmp(cli->err_text, "backprobe: note: ", 17) == 0, "%s", cli->err_text);
    ck_assert_ptr_nonnull(strstr(cli->err_text, "gnuplot"));
    ck_assert(there_is("out/and/report.txt"));
    ck_assert(there_is("out/and/report.html"));
}

START_TEST(without_gnuplot_there_is_a_note)
{
    static struct cli named = {.variable = "BACKPROBE_GNUPLOT=/nonexistent/gnuplot"};
    static struct cli cli = {.variable = "PATH=/nonexistent"};
    scratch_text("and.conf", AND);
    run(&named, "run", "--plots", "and.conf");
    assert_noted(&named);
    unsetenv("BACKPROBE_GNUPLOT");
    run(&cli, "run", "--plots", "and.conf");
    assert_noted(&cli);
}
END_TEST

START_TEST(a_figure_that_there_is_not_is_one_line)
{
    static struct cli cli;
    scratch_text("and.conf", AND);
    run(&cli, "plot", "--figure", "zzz", "and.conf");
    assert_refused(&cli, "figure 'zzz': expected one of loss, ");
    run(&cli, "plot", "--figure", "zzz", "--term", "dumb", "and.conf");
    assert_refused(&cli, "figure 'zzz': expected one of loss, ");
    ck_assert(!there_is("out"));
}
END_TEST

START_TEST(a_figure_by_name_is_drawn_alone)
{
    static struct cli cli;
    if (system("command -v gnuplot > /dev/null") != 0) {
        puts("cli: gnuplot is not installed, left out");
        return;
    }
    scratch_text("and.conf", AND);
    run(&cli, "plot", "--figure", "delta", "and.conf");
    ck_assert_msg(cli.status == 0, "%s", cli.err_text);
    ck_assert_str_eq(cli.out_text, "and: 1 figure in out/and\n");
    ck_assert(there_is("out/and/delta.svg") && !there_is("out/and/loss.svg"));
    run(&cli, "plot", "--figure", "images", "and.conf");
    assert_refused(&cli, "figure 'images': this run has loss, gradients, ");
}
END_TEST

START_TEST(plots_of_no_run_are_one_line)
{
    const char *line = scratch_path("line");
    char command[600];
    snprintf(command, sizeof command,
             "env -u MAKEFLAGS -u MAKELEVEL make -n RUNS= plots > %s && "
             "grep -q 'no run in out/ yet: make scenarios' %s && ! grep -q 'backprobe plot' %s",
             line, line, line);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(a_gnuplot_that_dies_half_way_is_a_note)
{
    static struct cli cli;
    static char variable[300];
    scratch_text("and.conf", AND);
    const char *path = scratch_text("dies", "#!/bin/sh\nhead -c 300 >/dev/null\nkill -9 $$\n");
    ck_assert_int_eq(chmod(path, 0755), 0);
    snprintf(variable, sizeof variable, "BACKPROBE_GNUPLOT=%s", path);
    cli.variable = variable;
    run(&cli, "run", "--plots", "and.conf");
    assert_noted(&cli);
}
END_TEST

START_TEST(nothing_in_a_title_is_run)
{
    static const char *const TITLE[] = {
        "`touch spoilt`",  "'; system('touch spoilt'); '",  "\\\"; system(\\\"touch spoilt\\\") #",
        "$(touch spoilt)", "@system(\\\"touch spoilt\\\")", "%s%n%s \\\\",
        "|touch spoilt",   "<script>alert(1)</script>"};
    static struct cli cli;
    static char text[sizeof AND + 128];
    for (size_t k = 0; k < sizeof TITLE / sizeof TITLE[0]; k++) {
        snprintf(text, sizeof text, "title = \"%s\";\n%s", TITLE[k], strchr(AND, '\n') + 1);
        scratch_text("and.conf", text);
        run(&cli, "run", "--plots", "and.conf");
        ck_assert_msg(cli.status == 0, "%s: %s", TITLE[k], cli.err_text);
        ck_assert_msg(!there_is("spoilt"), "%s was run", TITLE[k]);
    }
    static char page[TEXT_MOST];
    read_text(page, "out/and/report.html");
    ck_assert_ptr_nonnull(strstr(page, "&lt;script&gt;alert(1)"));
    ck_assert_ptr_null(strstr(page, "<script>alert(1)"));
}
END_TEST

START_TEST(a_title_of_two_lines_is_refused)
{
    static struct cli cli;
    scratch_text("two.conf", "title = \"one\ntwo\";\ndata = \"and\";\n");
    run(&cli, "run", "two.conf");
    assert_refused(&cli, "two.conf");
}
END_TEST

Suite *cli_suite(void);
Suite *cli_suite(void)
{
    Suite *suite = suite_create("cli");
    TCase *tcase = tcase_create("cli");
    tcase_set_timeout(tcase, 60);
    tcase_add_checked_fixture(tcase, scratch_open, scratch_close);
    suite_add_tcase(suite, tcase);
    if (getenv("BACKPROBE") == NULL) {
        fputs("check_cli: skipped: BACKPROBE does not name the program\n", stderr);
        return suite;
    }
    tcase_add_test(tcase, words_that_mean_nothing_are_refused);
    tcase_add_test(tcase, every_command_has_help);
    tcase_add_test(tcase, numbers_out_of_range_and_folders_without_a_name_are_refused);
    tcase_add_test(tcase, a_scenario_that_is_not_there_is_one_line);
    tcase_add_test(tcase, an_unknown_key_is_one_line_with_its_place);
    tcase_add_test(tcase, a_bad_scenario_does_not_stop_the_others);
    tcase_add_test(tcase, a_file_where_the_folder_should_be_is_one_line);
    tcase_add_test(tcase, a_program_is_traced_and_its_trace_read);
    tcase_add_test(tcase, a_trace_is_plotted_beside_it);
    tcase_add_test(tcase, a_trace_that_cannot_be_is_one_line);
    tcase_add_test(tcase, status_is_0_for_healthy_1_for_findings);
    tcase_add_test(tcase, status_is_1_where_the_expected_is_not_found);
    tcase_add_test(tcase, output_that_cannot_be_written_is_said);
    tcase_add_test(tcase, closed_output_spoils_no_file);
    tcase_add_loop_test(tcase, a_reader_that_leaves_is_no_error, 0, 2);
    tcase_add_test(tcase, a_trace_is_read_no_further_than_it_is_looked_at);
    tcase_add_test(tcase, a_home_that_is_not_there_is_not_missed);
    tcase_add_test(tcase, a_path_without_programs_is_one_line);
    tcase_add_test(tcase, no_colour_in_a_pipe_or_a_file);
    tcase_add_test(tcase, colour_on_a_terminal_unless_told_not_to);
    tcase_add_test(tcase, a_full_disk_leaves_the_last_report_whole);
    tcase_add_test(tcase, a_kill_leaves_the_last_report_whole);
    tcase_add_test(tcase, without_gnuplot_there_is_a_note);
    tcase_add_test(tcase, a_figure_that_there_is_not_is_one_line);
    tcase_add_test(tcase, a_figure_by_name_is_drawn_alone);
    tcase_add_test(tcase, plots_of_no_run_are_one_line);
    tcase_add_test(tcase, a_gnuplot_that_dies_half_way_is_a_note);
    tcase_add_test(tcase, nothing_in_a_title_is_run);
    tcase_add_test(tcase, a_title_of_two_lines_is_refused);
    return suite;
}
