/* check_page.c -- pages are whole, carry every number, load nothing, and text
 * from outside stays text; in a browser they sort, filter and answer to keys.
 */
#include "core/mem.h"
#include "plots/page_parts.h"
#include "tests/page_samples.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static struct bp_error note;

static void enter(void)
{
    snprintf(folder, sizeof folder, "/tmp/backprobe-page-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void leave(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* The text of a file; the caller frees it. */
static char *read_page(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s is not there", path);
    const size_t room = 8 << 20;
    char *text = calloc(room, 1);
    const size_t n = fread(text, 1, room - 1, file);
    ck_assert_uint_gt(n, 0);
    fclose(file);
    return text;
}

/* Sanitizers and valgrind leave the large network out. */
static bool small_only(void)
{
    const char *small = getenv("BACKPROBE_SMALL");
    return small != NULL && small[0] != '\0';
}

static size_t count(const char *text, const char *word)
{
    size_t n = 0;
    for (; (text = strstr(text, word)) != NULL; text += strlen(word))
        n++;
    return n;
}

START_TEST(hostile_text_stays_text)
{
    struct page_sample sample;
    page_sample_init(&sample, "2-4-1 sigmoid squared-error", true, 3);
    ck_assert_int_eq(bp_page_write(&sample.page, folder, &note), BP_OK);
    char *text = read_page("report.html");
    ck_assert_uint_eq(count(text, "<script"), 2); /* the data and ours */
    ck_assert_ptr_null(strstr(text, "<b>bold"));
    ck_assert_ptr_null(strstr(text, "<i>first"));
    ck_assert_ptr_nonnull(strstr(text, "&lt;script&gt;alert(1)&lt;/script&gt;"));
    free(text);
    page_sample_release(&sample);
}
END_TEST

START_TEST(a_page_loads_nothing)
{
    struct page_sample sample;
    page_sample_init(&sample, "2-4-1 sigmoid squared-error", true, 3);
    ck_assert_int_eq(bp_page_write(&sample.page, folder, &note), BP_OK);
    char *text = read_page("report.html");
    ck_assert_ptr_nonnull(strstr(text, "default-src 'none'"));
    ck_assert_ptr_null(strstr(text, "src=\"http"));
    ck_assert_ptr_null(strstr(text, "@import"));
    ck_assert_ptr_null(strstr(text, "url(http"));
    ck_assert_uint_eq(count(text, "http"),
                      count(text, "http://www.w3.org/") + count(text, "http-equiv"));
    free(text);
    page_sample_release(&sample);
}
END_TEST

START_TEST(verdict_and_cause_come_before_everything_else)
{
    struct page_sample sample;
    page_sample_init(&sample, "2-4-1 sigmoid squared-error", true, 3);
    ck_assert_int_eq(bp_page_write(&sample.page, folder, &note), BP_OK);
    char *text = read_page("report.html");
    const char *const order[] = {"<strong>ill</strong>",
                                 "../explain/missing-activation-derivative.html",
                                 "all 17 derivatives agree",
                                 "what to do: multiply the output delta",
                                 "from this follows",
                                 "since step 120",
                                 ">note</span>",
                                 "id=\"run\"",
                                 "id=\"figures\"",
                                 "id=\"check\"",
                                 "id=\"trace\"",
                                 "id=\"worksheet\""};
    const char *at = text;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        const char *next = strstr(at, order[i]);
        ck_assert_msg(next != NULL, "%s is not there, or too early", order[i]);
        at = next;
    }
    free(text);
    page_sample_release(&sample);
}
END_TEST

START_TEST(the_worst_entries_are_there_without_a_script)
{
    struct page_sample sample;
    char number[40];
    page_sample_init(&sample, "2-4-1 sigmoid squared-error", true, 3);
    ck_assert_int_eq(bp_page_write(&sample.page, folder, &note), BP_OK);
    char *text = read_page("report.html");
    const struct bp_tensor_check *b2 = &sample.check.tensor[3];
    ck_assert_str_eq(b2->name, "b2");
    snprintf(number, sizeof number, "<td>%.17g</td>",
             bp_gradcheck_entry(&sample.check, b2, 0).backprop);
    const char *worst = strstr(text, "aria-label=\"the worst entries\"");
    ck_assert_ptr_nonnull(worst);
    ck_assert_ptr_nonnull(strstr(worst, number)); /* in full */
    ck_assert_ptr_nonnull(strstr(worst, "<td class=\"bad\">disagree</td>"));
    free(text);
    page_sample_release(&sample);
}
END_TEST

START_TEST(a_small_trace_shows_every_neuron)
{
    struct page_sample sample;
    page_sample_init(&sample, "2-4-1 sigmoid squared-error", true, 3);
    ck_assert_int_eq(bp_page_write(&sample.page, folder, &note), BP_OK);
    char *text = read_page("report.html");
    ck_assert_uint_eq(count(text, "role=\"img\" data-neuron="), 7);
    ck_assert_uint_eq(count(text, "<g tabindex=\"0\" role=\"img\""),
                      1); /* one stop of the tab key */
    ck_assert_uint_eq(count(text, "class=\"edge "), 12);
    char words[160];
    snprintf(words, sizeof words, "aria-label=\"neuron 1:3: z = %.6g, a = %.6g, delta = %.6g\"",
             sample.pass.z[1][3], sample.pass.a[1][3], sample.pass.delta[1][3]);
    ck_assert_ptr_nonnull(strstr(text, words));
    free(text);
    page_sample_release(&sample);
}
END_TEST

START_TEST(the_index_has_cause_since_when_and_what_to_do)
{
    static const char *const WORDS[] = {
        "<a href=\"small/report.html\">small</a> <span class=\"tag\">ill</span>",
        "<a href=\"explain/missing-activation-derivative.html\">missing-activation-derivative</a> "
        "in "
        "layer 2</b>, since the start",
        "<p>the output delta is e, not e * f&#39;(z)</p>",
        "what to do: multiply the output delta by a * (1 - a)",
        "from this follows: loss-stuck, since step 120 of 2000</p>"};
    page_samples_write(folder, false);
    char *text = read_page("index.html");
    const char *at = text;
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
        at = strstr(at, WORDS[i]);
        ck_assert_msg(at != NULL, "%s is not there, or too early", WORDS[i]);
    }
    ck_assert_ptr_null(strstr(text, "not shown"));
    free(text);
}
END_TEST

START_TEST(what_is_not_as_expected_comes_first)
{
    page_samples_write(folder, false);
    char *text = read_page("index.html");
    const char *failed = strstr(text, "<section id=\"failed\">");
    const char *odd = strstr(text, "<section id=\"odd\">");
    const char *ill = strstr(text, "<section id=\"ill\">");
    ck_assert(failed != NULL && odd != NULL && ill != NULL && failed < odd && odd < ill);
    ck_assert_ptr_nonnull(strstr(odd, "not as its file expects: missing zero-weights &lt;b&gt;"));
    ck_assert_ptr_nonnull(strstr(odd, "in layer 2</b> <span")); /* no run, no since */
    ck_assert_ptr_nonnull(strstr(text, "2 of 4 ill, 1 healthy, 1 did not run; 1 not as its file"));
    free(text);
}
END_TEST

START_TEST(a_card_is_read_as_it_was_written)
{
    static const enum bp_page_state STATE[] = {BP_PAGE_HEALTHY, BP_PAGE_ILL};
    for (size_t k = 0; k < 4; k++) {
        const struct bp_page_item item = {.name = "a", .state = STATE[k % 2], .odd = k > 1};
        struct bp_page_card card, again;
        ck_assert_int_eq(bp_page_card_make(&card, &item), BP_OK);
        ck_assert(bp_page_card_read(&again, card.text));
        ck_assert_int_eq(again.state, item.state);
        ck_assert(again.odd == item.odd);
        card.text[strlen(card.text) - 2] = '\0'; /* half a card */
        ck_assert(!bp_page_card_read(&again, card.text));
        bp_page_card_release(&card);
    }
}
END_TEST

/* Advice on what only follows leads away from the cause. */
START_TEST(only_causes_have_advice)
{
    struct page_sample sample;
    page_sample_init(&sample, "2-4-1 sigmoid squared-error", true, 3);
    bp_finding_help(&sample.findings.item[1], "look elsewhere");
    ck_assert_int_eq(bp_page_write(&sample.page, folder, &note), BP_OK);
    char *text = read_page("report.html");
    ck_assert_ptr_null(strstr(text, "look elsewhere"));
    ck_assert_uint_eq(count(text, "what to do: multiply the output delta"), 2); /* on top, too */
    ck_assert_ptr_nonnull(strstr(text, "loss-stuck</a>, since step 120 of 2000: the loss has"));
    free(text);
    page_sample_release(&sample);
}
END_TEST

START_TEST(of_very_many_entries_the_worst_are_carried)
{
    if (small_only())
        return;
    struct page_sample sample;
    char words[80];
    page_sample_init(&sample, "784-60-10 sigmoid squared-error", true, 1);
    const size_t all = sample.check.n_theta + sample.check.n * sample.check.n_units;
    ck_assert_int_eq(bp_page_write(&sample.page, folder, &note), BP_OK);
    char *text = read_page("report.html");
    ck_assert_uint_lt(strlen(text), 2000000);
    snprintf(words, sizeof words, "Here are the worst 40000 of %zu entries", all);
    ck_assert_ptr_nonnull(strstr(text, words));
    ck_assert_ptr_nonnull(strstr(text, "<a href=\"gradients.tsv\">gradients.tsv</a>"));
    ck_assert_ptr_nonnull(strstr(text, "\"entry\": \""));
    free(text);
    page_sample_release(&sample);
}
END_TEST

START_TEST(a_percent_sign_stays_with_its_number)
{
    struct bp_buffer out = {0};
    bp_part_words(&out, "50.0 % of <b> % and \xc3\xa4 %, 7 %");
    ck_assert_str_eq(out.text, "50.0&#160;% of &lt;b&gt; % and \xc3\xa4 %, 7&#160;%");
    bp_buffer_release(&out);
    char text[600], wanted[600];
    for (size_t at = 250; at < 260; at++) { /* a letter of two bytes where a piece ends */
        memset(text, 'x', at);
        strcpy(text + at, "\xc3\xa4"
                          "1 %");
        memset(wanted, 'x', at);
        strcpy(wanted + at, "\xc3\xa4"
                            "1&#160;%");
        out = (struct bp_buffer){0};
        bp_part_words(&out, text);
        ck_assert_str_eq(out.text, wanted);
        bp_buffer_release(&out);
    }
}
END_TEST

START_TEST(of_a_program_no_index_says_that_it_was_made_to_show_a_cause)
{
    struct bp_page_card card[2];
    const struct bp_page_item item = {.name = "x", .title = "x", .verdict = "", .program = true};
    const struct bp_page_item run = {.name = "y", .title = "y", .verdict = ""};
    ck_assert_int_eq(bp_page_card_make(&card[0], &item), BP_OK);
    ck_assert_int_eq(bp_page_card_make(&card[1], &run), BP_OK);
    for (size_t n = 1; n <= 2; n++) {
        ck_assert_int_eq(bp_page_index_write("x", n, card, folder, &note), BP_OK);
        char *text = read_page("index.html");
        ck_assert((strstr(text, "Many scenarios were made") != NULL) == (n == 2));
        free(text);
    }
    struct bp_page_card read;
    ck_assert(bp_page_card_read(&read, card[0].text) && read.program && !read.odd);
    ck_assert(bp_page_card_read(&read, card[1].text) && !read.program);
    bp_page_card_release(&card[0]);
    bp_page_card_release(&card[1]);
}
END_TEST

START_TEST(the_worst_entries_are_those_of_the_text_report)
{
    struct page_sample sample;
    page_sample_init(&sample, "2-4-1 sigmoid squared-error", true, 3);
    ck_assert_int_eq(bp_page_write(&sample.page, folder, &note), BP_OK);
    const struct bp_gradcheck *check = sample.page.check;
    char *text = read_page("report.html"), *row = strstr(text, "the worst entries");
    double last = INFINITY;
    for (size_t i = 0; i < 5; i++) {
        row = strstr(row, "<tr><th scope=\"row\">") + strlen("<tr><th scope=\"row\">");
        bool found = false;
        for (size_t t = 0; t < check->n_tensors + check->n_deltas && !found; t++)
            for (size_t k = 0; k < check->tensor[t].count && !found; k++) {
                char name[BP_NAME_MAX];
                const struct bp_entry entry = bp_gradcheck_entry(check, &check->tensor[t], k);
                bp_gradcheck_name(check, &check->tensor[t], k, name);
                if (strncmp(row, name, strlen(name)) != 0 || row[strlen(name)] != '<')
                    continue;
                const double gravity = bp_gradcheck_gravity(&check->tensor[t], &entry);
                ck_assert_double_le(gravity, last);
                last = gravity;
                found = true;
            }
        ck_assert(found);
    }
    free(text);
    page_sample_release(&sample);
}
END_TEST

START_TEST(nothing_to_show_is_a_page_too)
{
    const struct bp_page page = {.name = "x", .title = NULL, .state = BP_PAGE_FAILED};
    ck_assert_int_eq(bp_page_write(&page, folder, &note), BP_OK);
    ck_assert_int_eq(bp_page_index_write("none", 0, NULL, folder, &note), BP_OK);
    char *text = read_page("index.html");
    ck_assert_ptr_nonnull(strstr(text, "There is no report."));
    free(text);
    text = read_page("report.html");
    ck_assert_ptr_nonnull(strstr(text, "did not run"));
    free(text);
}
END_TEST

START_TEST(an_address_is_letters_digits_and_dashes)
{
    struct bp_buffer out = {0};
    bp_part_address(&out, "../a b\"<c>?d-1");
    ck_assert_str_eq(out.text, "abcd-1");
    bp_buffer_release(&out);
}
END_TEST

START_TEST(a_folder_is_found_whatever_its_name)
{
    struct bp_buffer out = {0};
    bp_part_folder(&out, "my xor_2.py#1\"<\xc3\xa4");
    ck_assert_str_eq(out.text, "my%20xor_2.py%231%22%3C%C3%A4");
    bp_buffer_release(&out);
}
END_TEST

START_TEST(a_folder_that_is_not_there_is_named)
{
    const struct bp_page page = {.name = "x", .title = "x"};
    ck_assert_int_eq(bp_page_write(&page, "/nowhere/x", &note), BP_EFILE);
    ck_assert_str_eq(note.text,
                     "/nowhere/x/report.html: cannot be written: No such file or directory");
}
END_TEST

START_TEST(a_cause_is_explained_from_the_catalogue_the_rules_or_the_finding)
{
    char inside[96];
    page_samples_write(folder, false);
    snprintf(inside, sizeof inside, "explain/missing-activation-derivative.html");
    char *text = read_page(inside);
    ck_assert_ptr_nonnull(strstr(text, "<pre class=\"wrong\">"));
    free(text);
    text = read_page("explain/loss-stuck.html");
    ck_assert_ptr_nonnull(strstr(text, "<dt>threshold</dt>"));
    free(text);
    text = read_page("explain/of-its-own.html");
    ck_assert_ptr_nonnull(strstr(text, "a &lt;b&gt;title&lt;/b&gt;"));
    free(text);
}
END_TEST

START_TEST(every_failed_allocation_leaves_no_page_and_nothing_held)
{
    struct page_sample sample;
    page_sample_init(&sample, "2-2-1 sigmoid squared-error", true, 1);
    const size_t held = bp_mem_held();
    enum bp_status status = BP_ENOMEM;
    for (size_t n = 1; status != BP_OK; n++) {
        bp_mem_fail_at(n);
        status = bp_page_write(&sample.page, folder, &note);
        bp_mem_fail_at(0);
        ck_assert(status == BP_OK || status == BP_ENOMEM);
        ck_assert_uint_eq(bp_mem_held(), held);
        ck_assert_uint_lt(n, 100);
        char path[128];
        snprintf(path, sizeof path, "%s/report.html", folder);
        ck_assert_int_eq(access(path, F_OK) == 0, status == BP_OK);
    }
    page_sample_release(&sample);
}
END_TEST

START_TEST(a_page_of_23860_entries_is_under_2_megabytes)
{
    if (small_only())
        return;
    struct stat info;
    char path[128];
    page_samples_write(folder, true);
    snprintf(path, sizeof path, "%s/large/report.html", folder);
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_int_lt((int)info.st_size, 2000000);
}
END_TEST

/* tests/page/browser.py drives a headless Chromium; it ends with 77 where there is
 * none, and says so. */
START_TEST(pages_work_in_a_browser)
{
    if (small_only())
        return;
    char command[256];
    page_samples_write(folder, true);
    snprintf(command, sizeof command, "python3 tests/page/browser.py %s", folder);
    const int status = system(command);
    ck_assert_msg(status == 0 || WEXITSTATUS(status) == 77 || WEXITSTATUS(status) == 127,
                  "the browser's tests failed");
    if (WEXITSTATUS(status) == 127)
        printf("note: skipped: no python3 to drive a browser\n");
}
END_TEST

Suite *page_suite(void);

Suite *page_suite(void)
{
    Suite *suite = suite_create("page");
    TCase *tcase = tcase_create("page");
    tcase_add_checked_fixture(tcase, enter, leave);
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, hostile_text_stays_text);
    tcase_add_test(tcase, a_page_loads_nothing);
    tcase_add_test(tcase, verdict_and_cause_come_before_everything_else);
    tcase_add_test(tcase, the_worst_entries_are_there_without_a_script);
    tcase_add_test(tcase, a_small_trace_shows_every_neuron);
    tcase_add_test(tcase, the_index_has_cause_since_when_and_what_to_do);
    tcase_add_test(tcase, what_is_not_as_expected_comes_first);
    tcase_add_test(tcase, a_card_is_read_as_it_was_written);
    tcase_add_test(tcase, only_causes_have_advice);
    tcase_add_test(tcase, of_very_many_entries_the_worst_are_carried);
    tcase_add_test(tcase, a_percent_sign_stays_with_its_number);
    tcase_add_test(tcase, of_a_program_no_index_says_that_it_was_made_to_show_a_cause);
    tcase_add_test(tcase, the_worst_entries_are_those_of_the_text_report);
    tcase_add_test(tcase, nothing_to_show_is_a_page_too);
    tcase_add_test(tcase, an_address_is_letters_digits_and_dashes);
    tcase_add_test(tcase, a_folder_is_found_whatever_its_name);
    tcase_add_test(tcase, a_folder_that_is_not_there_is_named);
    tcase_add_test(tcase, a_cause_is_explained_from_the_catalogue_the_rules_or_the_finding);
    tcase_add_test(tcase, every_failed_allocation_leaves_no_page_and_nothing_held);
    tcase_add_test(tcase, a_page_of_23860_entries_is_under_2_megabytes);
    tcase_add_test(tcase, pages_work_in_a_browser);
    suite_add_tcase(suite, tcase);
    return suite;
}
