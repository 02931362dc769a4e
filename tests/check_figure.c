/* check_figure.c -- every figure is drawn from real, empty and sick data, says
 * what it shows in words, and points at what matters.
 */
#include "core/mem.h"
#include "plots/axis.h"
#include "plots/gnuplot.h"
#include "tests/figure_samples.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct bp_error note;

typedef void draw_function(struct bp_script *to, const char *title);

static draw_function *sample(int i)
{
    const struct figure_sample *s = &FIGURE_SAMPLE[i / 3];
    return i % 3 == 0 ? s->draw : i % 3 == 1 ? s->empty : s->ill;
}

/* BP_OK, or BP_EUNSUPPORTED where there is no gnuplot, which is said. */
static enum bp_status picture_of(struct bp_gnuplot_picture *picture, const struct bp_script *script)
{
    const enum bp_status status =
        bp_gnuplot_draw(picture, script, BP_GNUPLOT_SVG, "x", 60000, &note);
    if (status == BP_EUNSUPPORTED && strstr(note.text, "cannot be started") != NULL)
        printf("note: skipped: %s\n", note.text);
    else
        ck_assert_msg(status == BP_OK, "%s", note.text);
    return status;
}

START_TEST(every_figure_is_drawn)
{
    struct bp_script script;
    struct bp_gnuplot_picture picture = {0};
    bp_script_init(&script, false);
    sample(_i)(&script, "a title of `its` \"own\"");
    ck_assert_int_eq(script.words.status, BP_OK);
    ck_assert_str_eq(script.title.text, "a title of `its` \"own\"");
    ck_assert_ptr_nonnull(script.alt.text); /* a text alternative */
    if (picture_of(&picture, &script) == BP_OK)
        ck_assert_ptr_nonnull(strstr(picture.svg, "<text>a title of `its` \"own\"</text>"));
    bp_gnuplot_picture_release(&picture);
    bp_script_release(&script);
}
END_TEST

START_TEST(every_figure_is_drawn_in_letters)
{
    struct bp_script script;
    bp_script_init(&script, true);
    sample(_i)(&script, "title");
    FILE *file = tmpfile();
    const enum bp_status status = bp_gnuplot_print(&script, file, 60000, &note);
    if (status == BP_OK) {
        char line[512];
        int lines = 0;
        for (rewind(file); fgets(line, sizeof line, file) != NULL; lines++)
            ck_assert_uint_le(strlen(line), 80);
        ck_assert_int_ge(lines, 20);
        ck_assert_int_le(lines, 26);
    } else {
        ck_assert_msg(strstr(note.text, "cannot be started") != NULL, "%s", note.text);
        printf("note: skipped: %s\n", note.text);
    }
    fclose(file);
    bp_script_release(&script);
}
END_TEST

/* The words of a figure, with and without its outcome of gnuplot. */
static void expect_words(draw_function *function, const char *in_script, const char *in_alt)
{
    struct bp_script script;
    bp_script_init(&script, false);
    function(&script, "t");
    ck_assert_msg(strstr(script.words.text, in_script) != NULL, "not in the script: %s", in_script);
    ck_assert_msg(strstr(script.alt.text, in_alt) != NULL, "not in: %s", script.alt.text);
    bp_script_release(&script);
}

static const struct figure_sample *named(const char *name)
{
    for (size_t i = 0; i < FIGURE_SAMPLES; i++)
        if (strcmp(FIGURE_SAMPLE[i].name, name) == 0)
            return &FIGURE_SAMPLE[i];
    ck_abort_msg("no sample %s", name);
}

START_TEST(loss_that_is_not_finite_is_marked_where_it_starts)
{
    expect_words(named("training")->ill, "\"loss is infinite from 701 on\"",
                 "loss is not finite from 701 on");
    expect_words(named("training")->ill, "\"accuracy is nan from 701 on\"", "accuracy");
}
END_TEST

START_TEST(loss_that_falls_far_has_a_logarithmic_axis)
{
    expect_words(named("training")->draw, "set logscale y", "repaired: loss from 0.13 to 1.83e-05");
}
END_TEST

START_TEST(the_worst_entries_are_named)
{
    expect_words(named("gradients")->ill, "\"W1[0,0]\"",
                 "W1[0,0]: backprop 0.00364, numeric 0.000853");
    expect_words(named("gradients")->ill, "\"on an edge: exactly 0\"", "2 not finite, not drawn");
    expect_words(named("gradients")->ill, "\"wrong sign\"", "1 wrong sign");
}
END_TEST

START_TEST(copies_stand_together)
{
    expect_words(named("weights")->draw,
                 "\"0\" 0, \"2\" 1, \"6\" 2, \"1\" 3, \"5\" 4, \"3\" 5, \"4\" 6, \"7\" 7",
                 "neurons 0, 2, 6 are copies. neurons 1, 5 are copies");
}
END_TEST

START_TEST(a_neuron_without_any_signal_is_said)
{
    expect_words(named("delta")->draw, "\"orange: exactly 0\"", "1 of 30 neurons exactly 0");
    expect_words(named("delta")->ill, "\"green: not finite\"", "layer 2");
}
END_TEST

START_TEST(trials_that_diverge_are_counted)
{
    expect_words(named("rate")->draw, "\"2 diverged\"", "2 trials diverged. used 0.01. better 3");
    expect_words(named("rate")->ill, "\"3 diverged\"", "3 trials diverged");
}
END_TEST

START_TEST(empty_data_is_said_in_the_figure)
{
    expect_words(named("training")->empty, "\"loss: nothing was recorded\"", "nothing");
    expect_words(named("slope")->empty, "\"no step was tried\"", "no step was tried");
    expect_words(named("surface")->empty, "\"the output is not finite anywhere\"", "not finite");
}
END_TEST

START_TEST(every_failed_allocation_ends_in_the_scripts_status)
{
    const size_t held = bp_mem_held();
    enum bp_status status = BP_ENOMEM;
    for (size_t n = 1; status != BP_OK; n++) {
        struct bp_script script;
        bp_mem_fail_at(n);
        bp_script_init(&script, false);
        sample(_i)(&script, "t");
        bp_mem_fail_at(0);
        status = script.words.status;
        if (status == BP_OK)
            status = script.title.status == BP_OK ? script.alt.status : script.title.status;
        ck_assert(status == BP_OK || status == BP_ENOMEM);
        bp_script_release(&script);
        ck_assert_uint_eq(bp_mem_held(), held);
        ck_assert_uint_lt(n, 100);
    }
}
END_TEST

START_TEST(an_axis_is_logarithmic_only_over_a_factor_of_20)
{
    const double wide[] = {1e-3, 1.0}, narrow[] = {1.0, 19.0}, zero[] = {0.0, 1e-8, 1.0};
    struct bp_axis a = {0}, b = {0}, c = {0};
    bp_axis_see(&a, 2, wide);
    bp_axis_fit(&a, true);
    ck_assert(a.log);
    ck_assert_double_eq_tol(a.lo, 1e-3, 1e-12);
    bp_axis_see(&b, 2, narrow);
    bp_axis_fit(&b, true);
    ck_assert(!b.log);
    bp_axis_see(&c, 3, zero);
    bp_axis_fit(&c, true);
    ck_assert(c.log && c.lo > 0.0);
    ck_assert_double_eq(bp_axis_place(&c, 0.0), 0.0);
}
END_TEST

START_TEST(an_axis_takes_any_values)
{
    static const double odd[][2] = {{0, 0},          {-1, -1},        {1e308, -1e308}, {5e-324, 1},
                                    {NAN, INFINITY}, {1e-300, 1e300}, {1e308, 1e-308}, {7, NAN}};
    struct bp_axis axis = {0};
    bp_axis_see(&axis, 2, odd[_i]);
    bp_axis_fit(&axis, true);
    ck_assert(axis.hi > axis.lo);
    for (int i = 0; i < 2; i++) {
        const double place = bp_axis_place(&axis, odd[_i][i]);
        ck_assert(place >= 0.0 && place <= 1.0);
    }
}
END_TEST

START_TEST(names_at_one_height_are_moved_apart)
{
    double place[] = {0.5, 0.5, 1.0, 0.99};
    bp_axis_spread(place, 4, 0.1);
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < i; j++)
            ck_assert(fabs(place[i] - place[j]) > 0.0999);
    ck_assert_double_le(place[2], 1.0);
}
END_TEST

Suite *figure_suite(void);

Suite *figure_suite(void)
{
    Suite *suite = suite_create("figure");
    TCase *tcase = tcase_create("figure");
    const int samples = 3 * (int)FIGURE_SAMPLES;
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, every_figure_is_drawn, 0, samples);
    tcase_add_loop_test(tcase, every_figure_is_drawn_in_letters, 0, samples);
    tcase_add_loop_test(tcase, every_failed_allocation_ends_in_the_scripts_status, 0, samples);
    tcase_add_test(tcase, loss_that_is_not_finite_is_marked_where_it_starts);
    tcase_add_test(tcase, loss_that_falls_far_has_a_logarithmic_axis);
    tcase_add_test(tcase, the_worst_entries_are_named);
    tcase_add_test(tcase, copies_stand_together);
    tcase_add_test(tcase, a_neuron_without_any_signal_is_said);
    tcase_add_test(tcase, trials_that_diverge_are_counted);
    tcase_add_test(tcase, empty_data_is_said_in_the_figure);
    tcase_add_test(tcase, an_axis_is_logarithmic_only_over_a_factor_of_20);
    tcase_add_loop_test(tcase, an_axis_takes_any_values, 0, 8);
    tcase_add_test(tcase, names_at_one_height_are_moved_apart);
    suite_add_tcase(suite, tcase);
    return suite;
}
