/* gnuplot.c -- one gnuplot a figure; its pictures come back on its output. */
#include "plots/gnuplot.h"

#include "core/mem.h"
#include "diag/report.h"
#include "plots/svg.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LEAST_WIDE = 40, LEAST_TALL = 12 }; /* of a figure in letters */

static const char PNG_START[] = "\x89PNG\r\n\x1a\n";
static const char SVG_END[] = "</svg>";
static const char PNG_END[] = "IEND\xae\x42\x60\x82";

static const char *program(void)
{
    const char *other = getenv("BACKPROBE_GNUPLOT");
    return other != NULL && other[0] != '\0' ? other : "gnuplot";
}

/* The first line of what gnuplot complained of, without its blanks and control characters. */
static const char *complaint(char *errors)
{
    char *start = errors + strspn(errors, " \t\r\n");
    start[strcspn(start, "\r\n")] = '\0';
    return start;
}

/* Turns a bad end into a note. */
static enum bp_status judge(struct bp_program_answer *answer, int limit_ms, struct bp_error *note)
{
    if (answer->hung)
        return bp_error_set(note, BP_EUNSUPPORTED,
                            "gnuplot did not end within %g s and was stopped: no figure",
                            limit_ms / 1000.0);
    if (WIFSIGNALED(answer->status))
        return bp_error_set(note, BP_EUNSUPPORTED, "gnuplot was killed by signal %d: no figure",
                            WTERMSIG(answer->status));
    if (WEXITSTATUS(answer->status) == 0)
        return BP_OK;
    const char *said = complaint(answer->errors);
    return bp_error_set(note, BP_EUNSUPPORTED, "gnuplot ended with status %d%s%.200s: no figure",
                        WEXITSTATUS(answer->status), said[0] == '\0' ? "" : ": ", said);
}

static enum bp_status not_there(struct bp_error *note)
{
    return bp_error_set(note, BP_EUNSUPPORTED,
                        "%.200s cannot be started: no figures; \"make setup\" installs gnuplot",
                        program());
}

/* Runs gnuplot on a text; BP_OK means that it ended well and answer is to be released.
 * Where starting a program cannot tell that there is none, the child ends with 127. */
static enum bp_status run(struct bp_program_answer *answer, const struct bp_buffer *text,
                          bool persist, int limit_ms, struct bp_error *note)
{
    if (text->status != BP_OK)
        return bp_error_set(note, text->status, "figure: %s", bp_status_text(text->status));
    const char *const argv[] = {program(), "-d", persist ? "-p" : NULL, NULL};
    enum bp_status status = bp_program_run(answer, argv, text->text, text->n, limit_ms, note);
    if (status == BP_EFILE)
        return not_there(note);
    if (status != BP_OK)
        return status;
    status = judge(answer, limit_ms, note);
    if (!answer->hung && WIFEXITED(answer->status) && WEXITSTATUS(answer->status) == 127)
        status = not_there(note);
    if (status != BP_OK)
        bp_program_answer_release(answer);
    return status;
}

static void add_script(struct bp_buffer *to, const struct bp_script *script)
{
    if (script->words.status != BP_OK)
        to->status = script->words.status;
    if (script->words.n > 0)
        bp_buffer_add(to, script->words.text, script->words.n);
    bp_buffer_put(to, "\n");
}

static void add_drawing(struct bp_buffer *to, const struct bp_script *script, unsigned form)
{
    if (form == BP_GNUPLOT_SVG)
        bp_buffer_print(to, "set terminal svg size %d,%d font \"sans,14\" noenhanced\n",
                        script->width, script->height);
    else
        bp_buffer_print(to,
                        "set terminal pngcairo size %d,%d font \"sans,14\" fontscale 1.6 "
                        "linewidth 2 pointscale 1.6 background \"#ffffff\" noenhanced\n",
                        2 * script->width, 2 * script->height);
    add_script(to, script);
    bp_buffer_put(to, "reset session\n");
}

/* Where needle starts in n bytes, or n. */
static size_t find(const char *bytes, size_t n, const char *needle, size_t needle_n)
{
    for (size_t i = 0; i + needle_n <= n; i++)
        if (bytes[i] == needle[0] && memcmp(bytes + i, needle, needle_n) == 0)
            return i;
    return n;
}

static enum bp_status half(struct bp_error *note, const char *form)
{
    return bp_error_set(note, BP_EUNSUPPORTED, "gnuplot gave no whole %s picture: no figure", form);
}

/* What is still to be read of gnuplot's output. */
struct stream {
    char *at;
    size_t n;
};

/* Takes the next png off the stream. */
static enum bp_status take_png(struct bp_gnuplot_picture *picture, struct stream *stream,
                               struct bp_error *note)
{
    const size_t head = sizeof PNG_START - 1, tail = sizeof PNG_END - 1;
    const size_t start = find(stream->at, stream->n, PNG_START, head);
    const size_t end = start + find(stream->at + start, stream->n - start, PNG_END, tail);
    if (end == stream->n)
        return half(note, "png");
    picture->png_n = end + tail - start;
    picture->png = bp_mem_new(picture->png_n, 1);
    if (picture->png == NULL)
        return bp_error_set(note, BP_ENOMEM, "figure: %s", bp_status_text(BP_ENOMEM));
    memcpy(picture->png, stream->at + start, picture->png_n);
    *stream = (struct stream){stream->at + end + tail, stream->n - end - tail};
    return BP_OK;
}

/* Takes the next svg off the stream: one that a png before it does not hide. */
static enum bp_status take_svg(struct bp_gnuplot_picture *picture, struct stream *stream,
                               const struct bp_script *script, const char *name,
                               struct bp_error *note)
{
    const size_t png = find(stream->at, stream->n, PNG_START, sizeof PNG_START - 1);
    const size_t end = find(stream->at, png, SVG_END, sizeof SVG_END - 1);
    if (end == png)
        return half(note, "svg");
    const size_t next = end + sizeof SVG_END - 1;
    const char after = stream->at[next];
    stream->at[next] = '\0';
    const enum bp_status status =
        bp_svg_tidy(&picture->svg, stream->at, name, script->title.text, script->alt.text, note);
    stream->at[next] = after;
    *stream = (struct stream){stream->at + next, stream->n - next};
    return status == BP_EINPUT ? half(note, "svg") : status;
}

static enum bp_status take_all(struct bp_gnuplot_picture *picture, struct bp_program_answer *answer,
                               const struct bp_script *script, const char *const *name, size_t n,
                               unsigned forms, struct bp_error *note)
{
    struct stream stream = {answer->output, answer->output_n};
    enum bp_status status = BP_OK;
    for (size_t i = 0; i < n && status == BP_OK; i++) {
        if (forms & BP_GNUPLOT_SVG)
            status = take_svg(&picture[i], &stream, &script[i], name[i], note);
        if (status == BP_OK && forms & BP_GNUPLOT_PNG)
            status = take_png(&picture[i], &stream, note);
    }
    return status;
}

enum bp_status bp_gnuplot_draw_all(struct bp_gnuplot_picture *picture,
                                   const struct bp_script *script, const char *const *name,
                                   size_t n, unsigned forms, int limit_ms, struct bp_error *note)
{
    struct bp_buffer input = {0};
    struct bp_program_answer answer = {0};
    for (size_t i = 0; i < n; i++) {
        picture[i] = (struct bp_gnuplot_picture){0};
        if (forms & BP_GNUPLOT_SVG)
            add_drawing(&input, &script[i], BP_GNUPLOT_SVG);
        if (forms & BP_GNUPLOT_PNG)
            add_drawing(&input, &script[i], BP_GNUPLOT_PNG);
    }
    enum bp_status status = run(&answer, &input, false, limit_ms, note);
    bp_buffer_release(&input);
    if (status != BP_OK)
        return status;
    status = take_all(picture, &answer, script, name, n, forms, note);
    bp_program_answer_release(&answer);
    for (size_t i = 0; i < n && status != BP_OK; i++)
        bp_gnuplot_picture_release(&picture[i]);
    return status;
}

enum bp_status bp_gnuplot_draw(struct bp_gnuplot_picture *picture, const struct bp_script *script,
                               unsigned forms, const char *name, int limit_ms,
                               struct bp_error *note)
{
    return bp_gnuplot_draw_all(picture, script, &name, 1, forms, limit_ms, note);
}

void bp_gnuplot_picture_release(struct bp_gnuplot_picture *picture)
{
    bp_mem_free(picture->svg);
    bp_mem_free(picture->png);
    *picture = (struct bp_gnuplot_picture){0};
}

static enum bp_status save(const char *base, const char *ending, const char *bytes, size_t n,
                           struct bp_error *error)
{
    struct bp_output output;
    char path[BP_PATH_MAX];
    snprintf(path, sizeof path, "%s%s", base, ending);
    const enum bp_status status = bp_output_open(&output, path, error);
    if (status != BP_OK)
        return status;
    fwrite(bytes, 1, n, output.file); /* a short one is seen by bp_output_keep() */
    return bp_output_keep(&output, error);
}

enum bp_status bp_gnuplot_save(const struct bp_gnuplot_picture *picture, const char *base,
                               struct bp_error *error)
{
    enum bp_status status = BP_OK;
    if (picture->svg != NULL)
        status = save(base, ".svg", picture->svg, strlen(picture->svg), error);
    if (status == BP_OK && picture->png != NULL)
        status = save(base, ".png", picture->png, picture->png_n, error);
    return status;
}

enum bp_status bp_gnuplot_fit(struct bp_script *script, FILE *to, int lines, struct bp_error *note)
{
    struct winsize size;
    if (!isatty(fileno(to)) || ioctl(fileno(to), TIOCGWINSZ, &size) != 0 || size.ws_col == 0 ||
        size.ws_row == 0)
        return BP_OK;
    const int wide = size.ws_col - 1, tall = size.ws_row - lines;
    if (wide < LEAST_WIDE || tall < LEAST_TALL)
        return bp_error_set(note, BP_EUNSUPPORTED,
                            "a terminal of %d x %d is too small for a figure of %d x %d: none",
                            size.ws_col, size.ws_row, LEAST_WIDE, LEAST_TALL);
    script->width = wide < script->width ? wide : script->width;
    script->height = tall < script->height ? tall : script->height;
    return BP_OK;
}

enum bp_status bp_gnuplot_print(const struct bp_script *script, FILE *to, int limit_ms,
                                struct bp_error *note)
{
    struct bp_buffer input = {0};
    bp_buffer_print(&input, "set terminal dumb size %d,%d noenhanced mono\n", script->width,
                    script->height);
    add_script(&input, script);
    struct bp_program_answer answer = {0};
    const enum bp_status status = run(&answer, &input, false, limit_ms, note);
    bp_buffer_release(&input);
    if (status != BP_OK)
        return status;
    for (size_t i = 0; i < answer.output_n; i++)
        if (answer.output[i] != '\f') /* dumb starts each figure with one */
            putc(answer.output[i], to);
    bp_program_answer_release(&answer);
    return ferror(to) ? bp_error_set(note, BP_EFILE, "figure: %s", bp_status_text(BP_EFILE))
                      : BP_OK;
}

static bool has_word(const char *list, const char *word)
{
    const size_t n = strlen(word);
    for (const char *s = list; (s = strstr(s, word)) != NULL; s += n)
        if ((s == list || s[-1] == ' ') && (s[n] == ' ' || s[n] == '\n' || s[n] == '\0'))
            return true;
    return false;
}

static bool is_set(const char *variable)
{
    const char *value = getenv(variable);
    return value != NULL && value[0] != '\0';
}

enum bp_status bp_gnuplot_window(char name[BP_GNUPLOT_NAME_MAX], int limit_ms,
                                 struct bp_error *note)
{
    static const char *const WINDOWS[] = {"qt", "wxt", "x11"};
    if (!is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY"))
        return bp_error_set(note, BP_EUNSUPPORTED, "no display (DISPLAY is not set): no window");
    struct bp_buffer input = {0};
    struct bp_program_answer answer = {0};
    bp_buffer_put(&input, "set print \"-\"\nprint GPVAL_TERMINALS\n");
    enum bp_status status = run(&answer, &input, false, limit_ms, note);
    bp_buffer_release(&input);
    if (status != BP_OK)
        return status;
    status = BP_EUNSUPPORTED;
    for (size_t i = 0; i < sizeof WINDOWS / sizeof WINDOWS[0] && status != BP_OK; i++)
        if (has_word(answer.output, WINDOWS[i])) {
            snprintf(name, BP_GNUPLOT_NAME_MAX, "%s", WINDOWS[i]);
            status = BP_OK;
        }
    bp_program_answer_release(&answer);
    if (status == BP_OK)
        return BP_OK;
    return bp_error_set(note, status, "this gnuplot has no windows (gnuplot-qt has)");
}

void bp_gnuplot_window_line(struct bp_buffer *to, const struct bp_script *script,
                            const char *window)
{
    bp_buffer_print(to,
                    "set terminal %s size %d,%d font \"sans,12\" noenhanced title \"backprobe\" "
                    "noraise\nbind \"Close\" \"exit gnuplot\"\n",
                    window, 3 * script->width / 2, 3 * script->height / 2);
}

enum bp_status bp_gnuplot_show(const struct bp_script *script, const char *window, int limit_ms,
                               struct bp_error *note)
{
    struct bp_buffer input = {0};
    struct bp_program_answer answer = {0};
    bp_gnuplot_window_line(&input, script, window);
    add_script(&input, script);
    const enum bp_status status = run(&answer, &input, true, limit_ms, note);
    bp_buffer_release(&input);
    if (status == BP_OK)
        bp_program_answer_release(&answer);
    return status;
}

enum bp_status bp_gnuplot_open(struct bp_program *to, struct bp_error *note)
{
    const char *const argv[] = {program(), "-d", "-p", NULL}; /* the last figure stays */
    if (bp_program_open(to, argv, NULL) == BP_OK)
        return BP_OK;
    return not_there(note);
}
