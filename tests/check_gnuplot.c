/* check_gnuplot.c -- gnuplot gets text that is never a command, and whatever it
 * does (missing, dying, hanging, half a picture) costs a figure and no more.
 */
#include "core/mem.h"
#include "plots/gnuplot.h"
#include "plots/live.h"
#include "plots/svg.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], before[512];
static struct bp_error note;

/* Every test runs in a folder of its own: what it leaves there is looked at. */
static void enter(void)
{
    snprintf(folder, sizeof folder, "/tmp/backprobe-gnuplot-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_ptr_nonnull(getcwd(before, sizeof before));
    ck_assert_int_eq(chdir(folder), 0);
    note.text[0] = '\0';
}

static void leave(void)
{
    char command[128];
    unsetenv("BACKPROBE_GNUPLOT");
    ck_assert_int_eq(chdir(before), 0);
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* A gnuplot of our own: a shell script. */
static void pretend(const char *script)
{
    char path[96];
    snprintf(path, sizeof path, "%s/gnuplot", folder);
    FILE *file = fopen(path, "w");
    fprintf(file, "#!/bin/sh\n%s\n", script);
    fclose(file);
    ck_assert_int_eq(chmod(path, 0755), 0);
    setenv("BACKPROBE_GNUPLOT", path, 1);
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static enum bp_status draw(struct bp_gnuplot_picture *picture, const char *title, unsigned forms,
                           int limit_ms)
{
    struct bp_script script;
    bp_script_init(&script, false);
    bp_buffer_put(&script.title, title);
    bp_buffer_put(&script.alt, "a line");
    bp_script_print(&script, "set title ");
    bp_script_text(&script, title, 200);
    bp_script_print(&script, " noenhanced\nplot x notitle\n");
    const enum bp_status status =
        bp_gnuplot_draw(picture, &script, forms, "sample", limit_ms, &note);
    bp_script_release(&script);
    return status;
}

static bool have_gnuplot(void)
{
    struct bp_gnuplot_picture picture;
    const bool have = draw(&picture, "", BP_GNUPLOT_SVG, 20000) == BP_OK;
    bp_gnuplot_picture_release(&picture);
    if (!have)
        printf("note: skipped, no gnuplot here: %s\n", note.text);
    return have;
}

START_TEST(outside_text_is_one_string_without_a_live_byte)
{
    struct bp_script script;
    bp_script_init(&script, false);
    bp_script_text(&script, "a\"b'c`d\ne$f@g{h}i#j\\k%\xc3\xa9\xff\x80", 100);
    ck_assert_str_eq(script.words.text, "\"a\\042b\\047c\\140d?e\\044f\\100g\\173h\\175i\\043j"
                                        "\\134k\\045\\303\\251??\"");
    bp_script_release(&script);
}
END_TEST

START_TEST(long_text_is_cut_by_letters_not_bytes)
{
    struct bp_script script;
    bp_script_init(&script, false);
    bp_script_text(&script, "abcdefgh", 8);
    bp_script_text(&script, "abcdefghi", 8);
    bp_script_text(&script, NULL, 8);
    ck_assert_str_eq(script.words.text, "\"abcdefgh\"\"abcde...\"\"\"");
    bp_script_release(&script);
}
END_TEST

START_TEST(no_number_is_written_that_gnuplot_cannot_read)
{
    struct bp_script script;
    bp_script_init(&script, false);
    const double value[] = {1.5, -0.0, 1e300 * 1e300, 0.0 / 0.0 * -1.0};
    for (int i = 0; i < 4; i++) {
        bp_script_number(&script, value[i]);
        bp_script_print(&script, " ");
    }
    ck_assert_str_eq(script.words.text, "1.5 -0 NaN NaN ");
    bp_script_release(&script);
}
END_TEST

static const char *const HOSTILE[] = {
    "\"\nsystem(\"touch broken\")\nset title \"",
    "'\nsystem('touch broken')\nset title '",
    "`touch broken`",
    "$(touch broken) @broken {/Symbol a} ^_{}",
    "\\\"; system(\"touch broken\"); \\\"",
    "x\" ; ! touch broken #",
    "\n!touch broken\n",
    "\nEOD\nsystem(\"touch broken\")\n",
    "</text><script>alert(1)</script>",
    "</title></svg><script>alert(1)</script>",
    "%s%n%s%n \\001 \\n \\",
};

START_TEST(hostile_titles_stay_text)
{
    struct bp_gnuplot_picture picture = {0};
    if (have_gnuplot()) {
        ck_assert_msg(draw(&picture, HOSTILE[_i], BP_GNUPLOT_SVG, 20000) == BP_OK, "%s", note.text);
        ck_assert_ptr_null(strstr(picture.svg, "<script"));
        ck_assert_ptr_nonnull(strstr(picture.svg, "</svg>"));
    }
    ck_assert(!exists("broken"));
    bp_gnuplot_picture_release(&picture);
}
END_TEST

START_TEST(the_guard_sees_a_command_that_is_let_through)
{
    struct bp_script script;
    struct bp_gnuplot_picture picture = {0};
    bp_script_init(&script, false);
    bp_script_print(&script, "set title \"\nsystem(\"touch broken\")\nplot x\n");
    if (have_gnuplot()) {
        bp_gnuplot_draw(&picture, &script, BP_GNUPLOT_SVG, "x", 20000, &note);
        ck_assert(exists("broken"));
    }
    bp_gnuplot_picture_release(&picture);
    bp_script_release(&script);
}
END_TEST

START_TEST(one_gnuplot_gives_both_forms)
{
    struct bp_gnuplot_picture picture = {0};
    if (have_gnuplot()) {
        ck_assert_int_eq(draw(&picture, "both", BP_GNUPLOT_SVG | BP_GNUPLOT_PNG, 20000), BP_OK);
        ck_assert_uint_gt(picture.png_n, 1000);
        ck_assert_int_eq(bp_gnuplot_save(&picture, "both", &note), BP_OK);
        ck_assert(exists("both.svg") && exists("both.png"));
        ck_assert(!exists("both.svg.tmp") && !exists("both.png.tmp"));
    }
    bp_gnuplot_picture_release(&picture);
}
END_TEST

static const struct {
    const char *script; /* NULL: no such program */
    const char *note;   /* what the note must say */
    int limit_ms;
} BAD[] = {
    {NULL, "cannot be started: no figures; \"make setup\" installs gnuplot", 20000},
    {"exit 3", "gnuplot ended with status 3: no figure", 20000},
    {"head -c 30 >/dev/null; echo '  line 0: oh' >&2; exit 1",
     "gnuplot ended with status 1: line 0: oh: no figure", 20000},
    {"head -c 30 >/dev/null; kill -9 $$", "gnuplot was killed by signal 9: no figure", 20000},
    {"cat >/dev/null", "gnuplot gave no whole svg picture: no figure", 20000},
    {"cat >/dev/null; echo '<svg viewBox=\"0 0 1 1\"><desc></desc>'",
     "gnuplot gave no whole svg picture: no figure", 20000},
    {"sleep 1000", "gnuplot did not end within 0.2 s and was stopped: no figure", 200},
    {"cat >/dev/null; sleep 1000", "gnuplot did not end within 0.2 s and was stopped: no figure",
     200},
};

START_TEST(a_bad_gnuplot_is_a_note)
{
    struct bp_gnuplot_picture picture;
    if (BAD[_i].script == NULL)
        setenv("BACKPROBE_GNUPLOT", "/nowhere/gnuplot", 1);
    else
        pretend(BAD[_i].script);
    const size_t held = bp_mem_held();
    ck_assert_int_eq(draw(&picture, "x", BP_GNUPLOT_SVG, BAD[_i].limit_ms), BP_EUNSUPPORTED);
    ck_assert_msg(strstr(note.text, BAD[_i].note) != NULL, "%s", note.text);
    ck_assert_ptr_null(picture.svg);
    ck_assert_uint_eq(bp_mem_held(), held);
}
END_TEST

START_TEST(a_long_script_to_one_that_does_not_read_ends_no_process)
{
    struct bp_script script;
    struct bp_gnuplot_picture picture;
    bp_script_init(&script, false);
    for (int i = 0; i < 200000; i++)
        bp_script_print(&script, "# a line that nobody reads\n");
    pretend("exit 0");
    ck_assert_int_eq(bp_gnuplot_draw(&picture, &script, BP_GNUPLOT_SVG, "x", 20000, &note),
                     BP_EUNSUPPORTED);
    bp_script_release(&script);
}
END_TEST

START_TEST(half_a_png_is_no_picture)
{
    struct bp_gnuplot_picture picture;
    pretend("cat >/dev/null; printf '\\211PNG\\r\\n\\032\\n half'");
    ck_assert_int_eq(draw(&picture, "x", BP_GNUPLOT_PNG, 20000), BP_EUNSUPPORTED);
    ck_assert_str_eq(note.text, "gnuplot gave no whole png picture: no figure");
}
END_TEST

START_TEST(an_error_in_a_script_is_told_in_gnuplots_words)
{
    struct bp_script script;
    struct bp_gnuplot_picture picture;
    bp_script_init(&script, false);
    bp_script_print(&script, "plot nothing_of_this_name\n");
    if (have_gnuplot()) {
        ck_assert_int_eq(bp_gnuplot_draw(&picture, &script, BP_GNUPLOT_SVG, "x", 20000, &note),
                         BP_EUNSUPPORTED);
        ck_assert_ptr_nonnull(strstr(note.text, "undefined variable: nothing_of_this_name"));
    }
    bp_script_release(&script);
}
END_TEST

static const char CANNED[] =
    "cat >/dev/null; echo '<svg viewBox=\"0 0 9 9\"><desc>d</desc><g color=\"black\" id=\"gpPt0\" "
    "stroke=\"black\"/></svg>'";

START_TEST(every_failed_allocation_is_said_and_nothing_is_held)
{
    struct bp_gnuplot_picture picture;
    pretend(CANNED);
    const size_t held = bp_mem_held();
    enum bp_status status = BP_ENOMEM;
    for (size_t n = 1; status != BP_OK; n++) {
        bp_mem_fail_at(n);
        status = draw(&picture, "x", BP_GNUPLOT_SVG, 20000);
        bp_mem_fail_at(0);
        if (status == BP_OK)
            bp_gnuplot_picture_release(&picture);
        else
            ck_assert_int_eq(status, BP_ENOMEM);
        ck_assert_uint_eq(bp_mem_held(), held);
        ck_assert_uint_lt(n, 100);
    }
}
END_TEST

START_TEST(a_tidy_picture_takes_the_pages_colour_and_names_of_its_own)
{
    char *tidy;
    ck_assert_int_eq(bp_svg_tidy(&tidy,
                                 "<svg width=\"9\" viewBox=\"0 0 9 9\"><desc>d</desc><g "
                                 "color=\"black\" stroke=\"black\"><path id='gpPt0'/><use "
                                 "xlink:href='#gpPt0' fill=\"black\"/></g></svg>",
                                 "a b", "<t>", "\"d\"", &note),
                     BP_OK);
    ck_assert_ptr_nonnull(strstr(tidy, "<g stroke=\"currentColor\"><path id='a-b-gpPt0'/><use "
                                       "xlink:href='#a-b-gpPt0' fill=\"currentColor\"/></g>"));
    ck_assert_ptr_nonnull(strstr(tidy, ">&lt;t&gt;</title>"));
    ck_assert_ptr_nonnull(strstr(tidy, ">&quot;d&quot;</desc>"));
    ck_assert_ptr_null(strstr(tidy, "width="));
    bp_mem_free(tidy);
}
END_TEST

START_TEST(a_picture_with_a_script_is_refused)
{
    char *tidy;
    ck_assert_int_eq(bp_svg_tidy(&tidy,
                                 "<svg viewBox=\"0 0 9 9\"><desc>d</desc>"
                                 "<script>alert(1)</script></svg>",
                                 "a", "", "", &note),
                     BP_EINPUT);
    ck_assert_ptr_null(tidy);
}
END_TEST

START_TEST(a_figure_that_cannot_be_written_is_named_and_the_old_one_stays)
{
    char old[] = "old", new[] = "new", text[4] = {0};
    const struct bp_gnuplot_picture first = {.svg = old}, second = {.svg = new};
    ck_assert_int_eq(bp_gnuplot_save(&first, "kept", &note), BP_OK);
    ck_assert_int_eq(mkdir("kept.svg.tmp", 0755), 0); /* in the way, also for root */
    ck_assert_int_eq(bp_gnuplot_save(&second, "kept", &note), BP_EFILE);
    ck_assert_str_eq(note.text, "kept.svg: cannot be written: Is a directory");
    FILE *file = fopen("kept.svg", "r");
    ck_assert_uint_eq(fread(text, 1, 3, file), 3);
    fclose(file);
    ck_assert_str_eq(text, "old");
    ck_assert_int_eq(bp_gnuplot_save(&second, "nowhere/x", &note), BP_EFILE);
    ck_assert_str_eq(note.text, "nowhere/x.svg: cannot be written: No such file or directory");
}
END_TEST

START_TEST(no_display_no_window)
{
    char name[BP_GNUPLOT_NAME_MAX];
    unsetenv("DISPLAY");
    unsetenv("WAYLAND_DISPLAY");
    ck_assert_int_eq(bp_gnuplot_window(name, 20000, &note), BP_EUNSUPPORTED);
    ck_assert_str_eq(note.text, "no display (DISPLAY is not set): no window");
}
END_TEST

START_TEST(a_gnuplot_without_windows_says_so)
{
    char name[BP_GNUPLOT_NAME_MAX];
    setenv("DISPLAY", ":7", 1);
    pretend("cat >/dev/null; echo ' dumb svg unknown xterm x11ish '");
    ck_assert_int_eq(bp_gnuplot_window(name, 20000, &note), BP_EUNSUPPORTED);
    ck_assert_str_eq(note.text, "this gnuplot has no windows (gnuplot-qt has)");
    pretend("cat >/dev/null; echo ' dumb qt svg x11 '");
    ck_assert_int_eq(bp_gnuplot_window(name, 20000, &note), BP_OK);
    ck_assert_str_eq(name, "qt");
    unsetenv("DISPLAY");
}
END_TEST

static const double EPOCH[] = {1, 2, 3}, LOSS[] = {3, 2, 1};
static const double *const DELTA[] = {LOSS};
static const struct bp_figure_live LIVE = {"live", 0, 3, EPOCH, LOSS, NULL, 3, EPOCH, 1, DELTA};

START_TEST(live_figures_reach_the_window)
{
    struct bp_live live;
    setenv("DISPLAY", ":7", 1);
    pretend("tee -a sent | grep -q GPVAL && echo ' qt '; exit 0");
    ck_assert_msg(bp_live_open(&live, NULL, false, &note) == BP_OK, "%s", note.text);
    ck_assert_int_eq(bp_live_update(&live, &LIVE, true, &note), BP_OK);
    ck_assert_int_eq(bp_live_update(&live, &LIVE, true, &note), BP_OK);
    bp_live_close(&live, &note);
    ck_assert_int_eq(system("grep -c 'set terminal qt' sent > count"), 0);
    ck_assert_int_eq(system("test \"$(cat count)\" -ge 1"), 0);
    unsetenv("DISPLAY");
}
END_TEST

START_TEST(a_window_that_is_closed_ends_the_drawing_not_the_run)
{
    struct bp_live live;
    enum bp_status status = BP_OK;
    setenv("DISPLAY", ":7", 1);
    pretend("if test -e asked; then exit 0; fi; touch asked; cat >/dev/null; echo ' qt '");
    ck_assert_msg(bp_live_open(&live, NULL, false, &note) == BP_OK, "%s", note.text);
    for (int i = 0; i < 1000 && status == BP_OK; i++) {
        status = bp_live_update(&live, &LIVE, true, &note);
        usleep(1000);
    }
    ck_assert_int_eq(status, BP_EUNSUPPORTED);
    ck_assert_str_eq(note.text, "the window was closed, or gnuplot ended: no more live figures");
    ck_assert_int_eq(bp_live_update(&live, &LIVE, true, &note), BP_OK); /* said once */
    bp_live_close(&live, &note);
    unsetenv("DISPLAY");
}
END_TEST

START_TEST(a_window_that_was_never_there_is_said_at_the_end)
{
    struct bp_live live;
    setenv("DISPLAY", ":7", 1);
    pretend("if test -e asked; then cat >/dev/null; exit 1; fi; touch asked; cat >/dev/null; "
            "echo ' qt '");
    ck_assert_int_eq(bp_live_open(&live, NULL, false, &note), BP_OK);
    ck_assert_int_eq(bp_live_update(&live, &LIVE, true, &note), BP_OK);
    ck_assert_int_eq(bp_live_close(&live, &note), BP_EUNSUPPORTED);
    ck_assert_str_eq(note.text, "gnuplot ended with status 1: no live figure; is DISPLAY right?");
    ck_assert_int_eq(bp_live_close(&live, &note), BP_OK); /* nothing is open */
    unsetenv("DISPLAY");
}
END_TEST

START_TEST(a_gnuplot_that_is_busy_is_left_alone)
{
    struct bp_live live;
    setenv("DISPLAY", ":7", 1);
    pretend("if test -e asked; then sleep 1; cat > sent; exit 0; fi; touch asked; cat >/dev/null; "
            "echo ' qt '");
    ck_assert_int_eq(bp_live_open(&live, NULL, false, &note), BP_OK);
    ck_assert_int_eq(bp_live_update(&live, &LIVE, true, &note), BP_OK);
    for (int i = 0; i < 3; i++) {
        live.last_ms = 0; /* long ago */
        ck_assert_int_eq(bp_live_update(&live, &LIVE, false, &note), BP_OK);
    }
    ck_assert_int_eq(bp_live_update(&live, &LIVE, true, &note), BP_OK); /* the last is sent */
    ck_assert_int_eq(bp_live_close(&live, &note), BP_OK);
    ck_assert_int_eq(system("test $(grep -c '^set multiplot' sent) = 2"), 0);
    ck_assert_int_eq(system("test $(grep -c '^set terminal qt' sent) = 1"), 0);
    unsetenv("DISPLAY");
}
END_TEST

START_TEST(without_a_display_live_figures_are_letters)
{
    struct bp_live live;
    unsetenv("DISPLAY");
    unsetenv("WAYLAND_DISPLAY");
    ck_assert_int_eq(bp_live_open(&live, NULL, false, &note), BP_EUNSUPPORTED);
    if (!have_gnuplot())
        return;
    FILE *terminal = fopen("terminal", "w");
    ck_assert_int_eq(bp_live_open(&live, terminal, false, &note), BP_OK);
    ck_assert_int_eq(bp_live_update(&live, &LIVE, true, &note), BP_OK);
    const size_t lines = live.lines;
    ck_assert_int_eq(bp_live_update(&live, &LIVE, true, &note), BP_OK);
    ck_assert_uint_eq(live.lines, lines); /* the second one stands over the first */
    bp_live_close(&live, &note);
    fclose(terminal);
    ck_assert_int_eq(system("grep -q \"\033\\[[0-9]*A\" terminal"), 0);
    ck_assert_int_eq(system("grep -q 'layer 1' terminal && grep -q '|delta|' terminal"), 0);
    ck_assert_int_eq(system("grep -q 'no display (DISPLAY is not set): no window; letters in its "
                            "place' terminal"),
                     0);
}
END_TEST

Suite *gnuplot_suite(void);

Suite *gnuplot_suite(void)
{
    Suite *suite = suite_create("gnuplot");
    TCase *tcase = tcase_create("gnuplot");
    tcase_add_checked_fixture(tcase, enter, leave);
    tcase_set_timeout(tcase, 60);
    tcase_add_test(tcase, outside_text_is_one_string_without_a_live_byte);
    tcase_add_test(tcase, long_text_is_cut_by_letters_not_bytes);
    tcase_add_test(tcase, no_number_is_written_that_gnuplot_cannot_read);
    tcase_add_loop_test(tcase, hostile_titles_stay_text, 0,
                        (int)(sizeof HOSTILE / sizeof HOSTILE[0]));
    tcase_add_test(tcase, the_guard_sees_a_command_that_is_let_through);
    tcase_add_test(tcase, one_gnuplot_gives_both_forms);
    tcase_add_loop_test(tcase, a_bad_gnuplot_is_a_note, 0, (int)(sizeof BAD / sizeof BAD[0]));
    tcase_add_test(tcase, a_long_script_to_one_that_does_not_read_ends_no_process);
    tcase_add_test(tcase, half_a_png_is_no_picture);
    tcase_add_test(tcase, an_error_in_a_script_is_told_in_gnuplots_words);
    tcase_add_test(tcase, every_failed_allocation_is_said_and_nothing_is_held);
    tcase_add_test(tcase, a_tidy_picture_takes_the_pages_colour_and_names_of_its_own);
    tcase_add_test(tcase, a_picture_with_a_script_is_refused);
    tcase_add_test(tcase, a_figure_that_cannot_be_written_is_named_and_the_old_one_stays);
    tcase_add_test(tcase, no_display_no_window);
    tcase_add_test(tcase, a_gnuplot_without_windows_says_so);
    tcase_add_test(tcase, live_figures_reach_the_window);
    tcase_add_test(tcase, a_window_that_is_closed_ends_the_drawing_not_the_run);
    tcase_add_test(tcase, a_window_that_was_never_there_is_said_at_the_end);
    tcase_add_test(tcase, a_gnuplot_that_is_busy_is_left_alone);
    tcase_add_test(tcase, without_a_display_live_figures_are_letters);
    suite_add_tcase(suite, tcase);
    return suite;
}
