/* check_scenario.c -- a scenario is read as written, or refused as a whole with the place. */
#include "core/input.h"
#include "core/mem.h"
#include "scenarios/scenario.h"
#include "scratch.h"

#include <check.h>
#include <glob.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char XOR[] = "data = \"xor\";\n"
                          "network = { widths = [2, 2, 1]; };\n"
                          "train = { rate = 1; epochs = 10; };\n";

/* The line behind the folder of the scratch file. */
static const char *behind_folder(const struct bp_error *error)
{
    const char *name = strstr(error->text, "/t.conf");
    ck_assert_msg(name != NULL, "no file in: %s", error->text);
    return name + 1;
}

static void expect_bytes_refused(const char *text, size_t n, const char *line)
{
    struct bp_scenario scenario;
    struct bp_error error = {""};
    const size_t held = bp_mem_held();
    ck_assert_int_eq(bp_scenario_read(&scenario, scratch_write("t.conf", text, n), &error),
                     BP_EINPUT);
    ck_assert_str_eq(behind_folder(&error), line);
    ck_assert_uint_eq(bp_mem_held(), held);
    ck_assert(!scenario.has_data && !scenario.trains && scenario.network.layer == NULL);
}

static void expect_refused(const char *text, const char *line)
{
    expect_bytes_refused(text, strlen(text), line);
}

/* XOR's three lines, and then one more, which is line 4. */
static void expect_fourth_refused(const char *fourth, const char *line)
{
    char text[1000];
    snprintf(text, sizeof text, "%s%s\n", XOR, fourth);
    expect_refused(text, line);
}

/* XOR with its training line, which is line 3, replaced. */
static void expect_train_refused(const char *train, const char *line)
{
    char text[1000];
    snprintf(text, sizeof text, "data = \"xor\";\nnetwork = { widths = [2, 2, 1]; };\n%s\n", train);
    expect_refused(text, line);
}

static void expect_network_refused(const char *network, const char *line)
{
    char text[1000];
    snprintf(text, sizeof text, "data = \"xor\";\n%s\n", network);
    expect_refused(text, line);
}

static void read_ok(struct bp_scenario *scenario, const char *text)
{
    struct bp_error error = {""};
    ck_assert_msg(bp_scenario_read(scenario, scratch_text("t.conf", text), &error) == BP_OK, "%s",
                  error.text);
}

/* ---- what is right ----------------------------------------------------------- */

START_TEST(every_key_goes_where_it_belongs)
{
    struct bp_scenario s;
    read_ok(&s,
            "title = \"a title with \\\"quotes\\\", `backquotes` and system(\\\"date\\\")\";\n"
            "data = { name = \"sign\"; train = 50; test = 60; seed = 7; targets = \"+-1\"; };\n"
            "network = { widths = [1, 3, 4, 1]; hidden = [\"relu\", \"tanh\"];\n"
            "            output = \"identity\"; loss = \"squared-error\"; reduction = \"sum\";\n"
            "            factor = 2; l2 = 0.25; slope = 0.5; bias = false; };\n"
            "init = { scheme = \"uniform\"; low = -1; high = 0.5; seed = 3;\n"
            "         bias = { scheme = \"normal\"; mean = 1; sd = 2.5; }; };\n"
            "train = { rate = 5; batch = 10; epochs = 100; momentum = 0.9;\n"
            "          weight-decay = 1e-4; shuffle = false; seed = 4; };\n"
            "check = { at = \"start\"; method = \"complex\"; samples = 5; seed = 9; };\n"
            "trace = { samples = [0, 3]; steps = [0, 1, 10]; };\n"
            "fault = \"sign-flipped:2\";\n"
            "subject = \"case-a\";\n"
            "goal = { accuracy = 0.9; loss = 0.1; least = 2; most = 4; };\n"
            "runs = 5;\n"
            "expect = [\"symmetric-weights\", \"dead-units:1:3\"];\n");
    ck_assert_str_eq(s.name, "t");
    ck_assert_str_eq(s.title, "a title with \"quotes\", `backquotes` and system(\"date\")");
    ck_assert(s.has_data && s.data.seeded);
    ck_assert_str_eq(s.data.name, "sign");
    ck_assert(s.data.train == 50 && s.data.test == 60 && s.data.seed == 7);
    ck_assert_int_eq(s.data.targets, BP_TARGETS_PM1);
    char text[BP_SPEC_TEXT_MAX];
    bp_spec_text(&s.network, text, sizeof text);
    ck_assert_str_eq(text, "1-3-4-1 relu,tanh,identity squared-error sum factor=2 l2=0.25 no-bias");
    ck_assert_double_eq(s.network.layer[1].slope, 0.5);
    ck_assert(s.init.weights.scheme == BP_INIT_UNIFORM && s.init.biases.scheme == BP_INIT_NORMAL);
    ck_assert(s.init.weights.low == -1.0 && s.init.weights.high == 0.5 && s.init.seed == 3);
    ck_assert(s.init.biases.mean == 1.0 && s.init.biases.sd == 2.5);
    ck_assert(s.trains && s.train.rate == 5.0 && s.train.batch == 10 && s.train.epochs == 100);
    ck_assert(s.train.momentum == 0.9 && s.train.weight_decay == 1e-4);
    ck_assert(!s.train.shuffle && s.train.seed == 4);
    ck_assert(s.check.at == BP_CHECK_START && s.check.samples == 5 && s.check.seed == 9);
    ck_assert_int_eq(s.check.method, BP_TIER_COMPLEX);
    ck_assert(s.trace.samples.n == 2 && s.trace.samples.value[1] == 3);
    ck_assert(s.trace.steps.n == 3 && s.trace.steps.value[2] == 10);
    ck_assert(s.fault.n == 1 && strcmp(s.fault.text[0], "sign-flipped:2") == 0);
    ck_assert_str_eq(s.subject, "case-a");
    ck_assert(s.goal.accuracy == 0.9 && s.goal.loss == 0.1);
    ck_assert(s.goal.least == 2 && s.goal.most == 4 && s.runs == 5);
    ck_assert(s.expects && s.expect.n == 2 && strcmp(s.expect.text[1], "dead-units:1:3") == 0);
    bp_scenario_release(&s);
}
END_TEST

START_TEST(what_is_not_said_has_the_usual_value)
{
    struct bp_scenario s;
    read_ok(&s, XOR);
    char text[BP_SPEC_TEXT_MAX];
    bp_spec_text(&s.network, text, sizeof text);
    ck_assert_str_eq(text, "2-2-1 sigmoid squared-error mean");
    ck_assert_str_eq(s.title, "t");
    ck_assert(s.init.weights.scheme == BP_INIT_GLOROT && s.init.biases.scheme == BP_INIT_ZERO);
    ck_assert(s.init.seed == 1 && s.train.seed == 1 && s.train.shuffle && s.train.batch == 0);
    ck_assert(s.train.momentum == 0.0 && s.train.weight_decay == 0.0);
    ck_assert(s.check.at == BP_CHECK_START && s.check.samples == 0 && s.runs == 1);
    ck_assert(isnan(s.goal.accuracy) && isnan(s.goal.loss));
    ck_assert(s.goal.least == 1 && s.goal.most == 1);
    ck_assert(!s.expects && s.expect.n == 0 && s.fault.n == 0 && s.subject[0] == '\0');
    bp_scenario_release(&s);
}
END_TEST

START_TEST(whole_number_will_do_for_a_real_one)
{
    struct bp_scenario s;
    read_ok(&s, XOR);
    ck_assert_double_eq(s.train.rate, 1.0);
    bp_scenario_release(&s);
}
END_TEST

START_TEST(empty_expect_list_expects_nothing)
{
    struct bp_scenario s;
    char text[500];
    snprintf(text, sizeof text, "%sexpect = ();\n", XOR);
    read_ok(&s, text);
    ck_assert(s.expects && s.expect.n == 0);
    bp_scenario_release(&s);
}
END_TEST

START_TEST(text_stands_for_the_main_key_of_a_group)
{
    struct bp_scenario s;
    char text[500];
    snprintf(text, sizeof text, "%sinit = \"he\";\n", XOR);
    read_ok(&s, text);
    ck_assert_str_eq(s.data.name, "xor");
    ck_assert_int_eq(s.init.weights.scheme, BP_INIT_HE);
    bp_scenario_release(&s);
}
END_TEST

START_TEST(full_batch_can_be_said_in_a_word)
{
    struct bp_scenario s;
    read_ok(&s, "data = \"xor\"; network = { widths = [2, 1]; };"
                "train = { rate = 1; epochs = 1; batch = \"full\"; };");
    ck_assert_uint_eq(s.train.batch, 0);
    bp_scenario_release(&s);
}
END_TEST

START_TEST(table_is_looked_for_beside_the_scenario)
{
    struct bp_scenario s;
    char beside[300];
    read_ok(&s, "data = \"points.csv\"; network = { widths = [3, 2]; };");
    snprintf(beside, sizeof beside, "%s", scratch_path("points.csv"));
    ck_assert_str_eq(s.data.name, beside);
    ck_assert(s.data.n_in == 3 && s.data.n_out == 2);
    bp_scenario_release(&s);
    read_ok(&s, "data = \"/there/points.csv\"; network = { widths = [3, 2]; };");
    ck_assert_str_eq(s.data.name, "/there/points.csv");
    bp_scenario_release(&s);
}
END_TEST

START_TEST(crlf_and_a_byte_order_mark_are_accepted)
{
    struct bp_scenario s;
    read_ok(&s,
            "\xef\xbb\xbf# a comment\r\ndata = \"and\";\r\nnetwork = { widths = [2, 1]; };\r\n");
    ck_assert_str_eq(s.data.name, "and");
    bp_scenario_release(&s);
}
END_TEST

START_TEST(at_sign_in_comments_and_texts_is_no_include)
{
    struct bp_scenario s;
    char text[500];
    snprintf(text, sizeof text, "# @include \"x\"\n/* @include\n*/ title = \"a @include b\";\n%s",
             XOR);
    read_ok(&s, text);
    ck_assert_str_eq(s.title, "a @include b");
    bp_scenario_release(&s);
}
END_TEST

/* ---- what is wrong with the text --------------------------------------------- */

START_TEST(include_is_refused)
{
    expect_fourth_refused("@include \"/etc/passwd\"",
                          "t.conf:4: @include and the like are not accepted: expected one file");
    expect_refused("  @include \"t.conf\"\n",
                   "t.conf:1: @include and the like are not accepted: expected one file");
}
END_TEST

START_TEST(integers_beyond_32_bits_are_refused)
{
    static const char *const NUMBER[] = {"4294967298",  "3000000000", "-2147483649",
                                         "2147483648L", "0xffffffff", "99999999999999999999999"};
    for (size_t i = 0; i < sizeof NUMBER / sizeof *NUMBER; i++) {
        char train[200], line[200];
        snprintf(train, sizeof train, "train = { rate = 1; epochs = %s; };", NUMBER[i]);
        snprintf(line, sizeof line,
                 "t.conf:3: '%s': out of range, expected -2147483648 to 2147483647", NUMBER[i]);
        expect_train_refused(train, line);
    }
}
END_TEST

START_TEST(four_hundred_thousand_brackets_are_refused)
{
    enum { N = 400000 };
    static char text[2 * N + 2];
    memcpy(text, "a=", 2);
    memset(text + 2, '(', N);
    memset(text + 2 + N, ')', N);
    expect_bytes_refused(text, sizeof text,
                         "t.conf:1: more than 16 brackets open at once, expected fewer");
}
END_TEST

START_TEST(too_many_settings_are_refused)
{
    static char text[40000];
    for (int i = 0; i < 1001; i++)
        sprintf(text + strlen(text), "a%d = %d;\n", i, i);
    expect_refused(text, "t.conf:1001: more than 1000 settings, expected fewer");
}
END_TEST

START_TEST(file_that_is_too_large_is_refused)
{
    enum { N = BP_SCENARIO_BYTES_MAX + 1 };
    char *text = malloc(N);
    memset(text, '#', N);
    expect_bytes_refused(text, N, "t.conf: 1048577 bytes long, expected at most 1048576");
    free(text);
}
END_TEST

START_TEST(numbers_that_are_not_finite_are_refused)
{
    static const char WORD[] =
        "t.conf:3: '%s': expected a number, \"text\" in quotes, true, false, [ ], ( ) or { }";
    static const char *const CASE[][2] = {
        {"1e999", "t.conf:3: '1e999': too large for a double, expected a finite number"},
        {"-1e999", "t.conf:3: '-1e999': too large for a double, expected a finite number"},
        {"nan", WORD},
        {"inf", WORD},
        {"-nan", "t.conf:3: '-nan': expected a number"},
        {"1.2.3", "t.conf:3: '1.2.3': expected a number"},
        {"1,5", "t.conf:3: syntax error, expected NAME = VALUE; in this line or the one before"}};
    for (size_t i = 0; i < sizeof CASE / sizeof *CASE; i++) {
        char train[200], line[300];
        snprintf(train, sizeof train, "train = { rate = %s; epochs = 1; };", CASE[i][0]);
        snprintf(line, sizeof line, "%s", CASE[i][1]);
        if (CASE[i][1] == WORD)
            snprintf(line, sizeof line, WORD, CASE[i][0]);
        expect_train_refused(train, line);
    }
}
END_TEST

START_TEST(text_without_quotes_is_refused)
{
    expect_refused("data = xor;\n", "t.conf:1: 'xor': expected a number, \"text\" in quotes, true, "
                                    "false, [ ], ( ) or { }");
    expect_refused(
        "expect = [zero-weights];\n",
        "t.conf:1: 'zero-weights': expected a number, \"text\" in quotes, true, false, [ "
        "], ( ) or { }");
}
END_TEST

START_TEST(text_or_comment_without_its_end_is_refused)
{
    expect_fourth_refused("title = \"XOR;",
                          "t.conf:4: a text begins in this line and has no end in "
                          "it, expected a closing \"");
    expect_fourth_refused("/* and so on",
                          "t.conf:4: a comment begins here and has no end, expected */");
}
END_TEST

START_TEST(zero_bytes_and_binary_are_refused)
{
    expect_bytes_refused("data\0 = 1;", 10,
                         "t.conf:1: a byte 0x00 outside a text, expected NAME = VALUE");
    expect_refused("\x7f"
                   "ELF",
                   "t.conf:1: a byte 0x7f outside a text, expected NAME = VALUE");
    expect_bytes_refused("title = \"a\0b\";", 14,
                         "t.conf:1: a control character in a text, expected printable ones");
}
END_TEST

START_TEST(syntax_errors_are_named_with_their_line)
{
    expect_fourth_refused("runs { }",
                          "t.conf:4: syntax error, expected NAME = VALUE; in this line or the one "
                          "before");
    expect_fourth_refused("data = \"and\";",
                          "t.conf:4: duplicate setting name, expected each name once");
    expect_fourth_refused("runs = [1, \"two\"];", "t.conf:4: mismatched element type in array");
}
END_TEST

START_TEST(control_characters_in_a_title_are_refused)
{
    static const char LINE[] = "t.conf:4: title: control characters or bytes that are no UTF-8, "
                               "expected one line of text";
    expect_fourth_refused("title = \"a\\nb\";", LINE);
    expect_fourth_refused("title = \"a\\x1b[2Jb\";", LINE);
    expect_fourth_refused("title = \"a\xff\xfe\";", LINE);
    expect_fourth_refused("title = \"a\xc2\x9b\";", LINE);
    expect_fourth_refused("title = \"\";", "t.conf:4: title: 0 bytes long, expected 1 to 199");
}
END_TEST

/* ---- what is wrong with a key ------------------------------------------------- */

START_TEST(unknown_keys_are_refused_with_the_nearest)
{
    expect_train_refused("train = { rate = 1; epcohs = 10; };",
                         "t.conf:3: train.epcohs: no such key, did you mean 'epochs'?");
    expect_fourth_refused("trian = { };", "t.conf:4: trian: no such key, did you mean 'train'?");
    expect_fourth_refused("init = { bias = { shceme = \"zero\"; }; };",
                          "t.conf:4: init.bias.shceme: no such key, did you mean 'scheme'?");
    expect_fourth_refused("goal = { glory = 1; };",
                          "t.conf:4: goal.glory: no such key, expected one "
                          "of accuracy loss least most");
    expect_fourth_refused("check = { weight-decay = 1; };",
                          "t.conf:4: check.weight-decay: no such key, expected one of at method "
                          "samples seed");
}
END_TEST

START_TEST(wrong_types_are_refused)
{
    expect_train_refused("train = { rate = \"fast\"; epochs = 1; };",
                         "t.conf:3: train.rate: a text, expected a number above 0");
    expect_train_refused("train = { rate = 1; epochs = 10.5; };",
                         "t.conf:3: train.epochs: a number with a point, expected a whole number "
                         "from 1 to 100000000");
    expect_train_refused("train = { rate = 1; epochs = true; };",
                         "t.conf:3: train.epochs: true or false, expected a whole number from 1 to "
                         "100000000");
    expect_train_refused("train = [1, 2];", "t.conf:3: train: a list, expected { }");
    expect_train_refused("train = 5;", "t.conf:3: train: a whole number, expected { }");
    expect_train_refused("train = { rate = 1; epochs = 1; batch = \"all\"; };",
                         "t.conf:3: train.batch: a text, expected a whole number from 0 to "
                         "2147483647, or \"full\"");
    expect_fourth_refused("title = 5;",
                          "t.conf:4: title: a whole number, expected a text in quotes");
    expect_fourth_refused("expect = [1];", "t.conf:4: expect: a whole number, expected a text in "
                                           "quotes, or a list [ ] of texts");
    expect_refused("data = 5;", "t.conf:1: data: a whole number, expected { } or a text in quotes");
}
END_TEST

START_TEST(numbers_out_of_range_are_refused)
{
    expect_network_refused(
        "network = { widths = [2, -3, 1]; };",
        "t.conf:2: network.widths: -3, expected a list [ ] of whole numbers from "
        "1 to 1048576");
    expect_network_refused(
        "network = { widths = [2, 0, 1]; };",
        "t.conf:2: network.widths: 0, expected a list [ ] of whole numbers from 1 "
        "to 1048576");
    expect_train_refused("train = { rate = 1; epochs = 0; };",
                         "t.conf:3: train.epochs: 0, expected a whole number from 1 to 100000000");
    expect_train_refused("train = { rate = 0; epochs = 1; };",
                         "t.conf:3: train.rate: 0, expected a number above 0");
    expect_train_refused("train = { rate = -0.5; epochs = 1; };",
                         "t.conf:3: train.rate: -0.5, expected a number above 0");
    expect_train_refused("train = { rate = 1; epochs = 1; momentum = 1.5; };",
                         "t.conf:3: train.momentum: 1.5, expected a number from 0 to 0.999999");
    expect_fourth_refused("goal = { accuracy = 90; };",
                          "t.conf:4: goal.accuracy: 90, expected a number from 0 to 1");
    expect_fourth_refused("init = { scheme = \"normal\"; sd = -1; };",
                          "t.conf:4: init.sd: -1, expected a number, 0 or more");
}
END_TEST

START_TEST(unknown_words_are_refused_with_the_nearest)
{
    expect_network_refused("network = { widths = [2, 1]; output = \"sigmod\"; };",
                           "t.conf:2: network.output: 'sigmod' is not an activation, did you mean "
                           "'sigmoid'?");
    expect_network_refused("network = { widths = [2, 1]; loss = \"hinge\"; };",
                           "t.conf:2: network.loss: 'hinge' is not a loss, expected squared-error, "
                           "binary-cross-entropy or softmax-cross-entropy");
    expect_fourth_refused(
        "init = { scheme = \"xavier\"; };",
        "t.conf:4: init.scheme: 'xavier' is not a scheme, expected zero, constant, "
        "uniform, normal, glorot or he");
    expect_fourth_refused("check = { method = \"richard\"; };",
                          "t.conf:4: check.method: 'richard' is not a method, did you mean "
                          "'richardson'?");
    expect_refused("data = \"xro\"; network = { widths = [2, 1]; };",
                   "t.conf:1: data.name: 'xro' is no data set, did you mean 'xor'?");
}
END_TEST

START_TEST(missing_keys_are_refused)
{
    expect_refused("", "t.conf: data: missing, expected data = \"xor\"; or the like");
    expect_refused("data = \"xor\";", "t.conf: network: missing, expected network = { widths = [2, "
                                      "2, 1]; }; or the like");
    expect_network_refused("network = { };",
                           "t.conf:2: network.widths: missing, expected it in network");
    expect_train_refused("train = { rate = 1; };",
                         "t.conf:3: train.epochs: missing, expected it in train");
    expect_fourth_refused("init = { scheme = \"constant\"; };",
                          "t.conf:4: init.value: missing, scheme constant needs it");
}
END_TEST

START_TEST(keys_that_contradict_each_other_are_refused)
{
    expect_fourth_refused(
        "init = { scheme = \"zero\"; value = 0.5; };",
        "t.conf:4: init.value: belongs to scheme constant, and the scheme is zero");
    expect_fourth_refused("init = { scheme = \"uniform\"; low = 1; high = 1; };",
                          "t.conf:4: init.high: 1, expected above low, which is 1");
    expect_fourth_refused("goal = { least = 2; };", "t.conf:4: goal.least: 2, expected at most 1");
    expect_fourth_refused("expect = [\"a\", \"a\"];",
                          "t.conf:4: expect: 'a' twice, expected each once");
    expect_fourth_refused("expect = [\"Zero Weights\"];",
                          "t.conf:4: expect: 'Zero Weights', expected NAME, NAME:LAYER or "
                          "NAME:LAYER:NEURON in small letters");
    expect_fourth_refused("fault = \"sign-flipped:\";",
                          "t.conf:4: fault: 'sign-flipped:', expected NAME, NAME:LAYER or "
                          "NAME:LAYER:NEURON in small letters");
}
END_TEST

START_TEST(network_that_does_not_fit_is_refused)
{
    expect_network_refused(
        "network = { widths = [3, 2, 1]; };",
        "t.conf:2: network.widths: the first is 3, expected 2: the inputs of xor");
    expect_network_refused("network = { widths = [2, 2, 10]; };",
                           "t.conf:2: network.widths: the last is 10, expected 1: the outputs of "
                           "xor");
    expect_network_refused("network = { widths = [2]; };",
                           "t.conf:2: network.widths: 1 widths, expected 2 or more: inputs, hidden "
                           "layers, outputs");
    expect_network_refused(
        "network = { widths = [2, 2, 1];\n hidden = [\"tanh\", \"relu\"]; };",
        "t.conf:3: network.hidden: 2 activations, expected 1 or as many as hidden "
        "layers, 1");
    expect_network_refused("network = { widths = [2, 2, 1]; hidden = \"softmax\"; };",
                           "t.conf:2: network.hidden: 'softmax' is for the output only, expected "
                           "another activation");
}
END_TEST

START_TEST(missing_file_is_refused)
{
    struct bp_scenario s;
    struct bp_error error;
    ck_assert_int_eq(bp_scenario_read(&s, "no/such.conf", &error), BP_EFILE);
    ck_assert_str_eq(error.text, "no/such.conf: cannot be read: No such file or directory");
    ck_assert_int_eq(bp_scenario_read(&s, "/tmp", &error), BP_EFILE);
}
END_TEST

/* Any prefix of a file is read or refused with its name, and nothing is kept. */
START_TEST(truncation_anywhere_leaves_a_line_and_nothing_else)
{
    const size_t held = bp_mem_held();
    size_t refused = 0;
    for (size_t n = 0; n < sizeof XOR - 1; n++) {
        struct bp_scenario s;
        struct bp_error error = {""};
        const enum bp_status status = bp_scenario_read(&s, scratch_write("t.conf", XOR, n), &error);
        ck_assert(status == BP_OK || status == BP_EINPUT);
        if (status == BP_EINPUT) {
            ck_assert_int_eq(strncmp(behind_folder(&error), "t.conf:", 7), 0);
            refused++;
        }
        bp_scenario_release(&s);
        ck_assert_uint_eq(bp_mem_held(), held);
    }
    ck_assert_uint_gt(refused, sizeof XOR / 2);
}
END_TEST

static enum bp_status read_it(void *self, struct bp_error *error)
{
    struct bp_scenario s;
    const enum bp_status status = bp_scenario_read(&s, self, error);
    bp_scenario_release(&s);
    return status;
}

START_TEST(every_failed_allocation_is_reported_and_nothing_is_kept)
{
    /* the file, the draft, the layers */
    ck_assert_uint_eq(scratch_fail_every(read_it, (void *)scratch_text("t.conf", XOR)), 3);
}
END_TEST

/* ---- the scenarios that come along --------------------------------------------- */

/* Every .conf of the folder is read, says what it expects, and opens with a
 * comment. */
START_TEST(every_scenario_file_is_read)
{
    glob_t found;
    ck_assert_int_eq(glob("scenarios/*.conf", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        struct bp_scenario s;
        struct bp_error error = {""};
        ck_assert_msg(bp_scenario_read(&s, found.gl_pathv[i], &error) == BP_OK, "%s", error.text);
        ck_assert_msg(s.expects, "%s has no expect", found.gl_pathv[i]);
        ck_assert_msg(strcmp(s.title, s.name) != 0, "%s has no title", found.gl_pathv[i]);
        FILE *file = fopen(found.gl_pathv[i], "r");
        ck_assert_int_eq(fgetc(file), '#');
        fclose(file);
        bp_scenario_release(&s);
    }
    ck_assert_uint_ge(found.gl_pathc, 16);
    globfree(&found);
}
END_TEST

START_TEST(all_keys_can_be_printed)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    bp_scenario_keys_print(out);
    fclose(out);
    ck_assert_ptr_nonnull(strstr(text, "train.rate "));
    ck_assert_ptr_nonnull(strstr(text, "a number above 0"));
    ck_assert_ptr_nonnull(strstr(text, "zero, constant, uniform, normal, glorot or he"));
    free(text);
}
END_TEST

START_TEST(readme_lists_the_keys_as_they_are)
{
    struct bp_input readme;
    char *keys = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&keys, &n);
    bp_scenario_keys_print(out);
    fclose(out);
    ck_assert_int_eq(bp_input_read(&readme, "scenarios/README.md", 1 << 20, NULL), BP_OK);
    ck_assert_msg(strstr(readme.bytes, keys) != NULL, "scenarios/README.md should hold:\n%s", keys);
    bp_input_release(&readme);
    free(keys);
}
END_TEST

Suite *scenario_suite(void);
Suite *scenario_suite(void)
{
    Suite *suite = suite_create("scenario");
    TCase *tcase = tcase_create("scenario");
    tcase_add_checked_fixture(tcase, scratch_open, scratch_close);
    tcase_add_test(tcase, every_key_goes_where_it_belongs);
    tcase_add_test(tcase, what_is_not_said_has_the_usual_value);
    tcase_add_test(tcase, whole_number_will_do_for_a_real_one);
    tcase_add_test(tcase, empty_expect_list_expects_nothing);
    tcase_add_test(tcase, text_stands_for_the_main_key_of_a_group);
    tcase_add_test(tcase, full_batch_can_be_said_in_a_word);
    tcase_add_test(tcase, table_is_looked_for_beside_the_scenario);
    tcase_add_test(tcase, crlf_and_a_byte_order_mark_are_accepted);
    tcase_add_test(tcase, at_sign_in_comments_and_texts_is_no_include);
    tcase_add_test(tcase, include_is_refused);
    tcase_add_test(tcase, integers_beyond_32_bits_are_refused);
    tcase_add_test(tcase, four_hundred_thousand_brackets_are_refused);
    tcase_add_test(tcase, too_many_settings_are_refused);
    tcase_add_test(tcase, file_that_is_too_large_is_refused);
    tcase_add_test(tcase, numbers_that_are_not_finite_are_refused);
    tcase_add_test(tcase, text_without_quotes_is_refused);
    tcase_add_test(tcase, text_or_comment_without_its_end_is_refused);
    tcase_add_test(tcase, zero_bytes_and_binary_are_refused);
    tcase_add_test(tcase, syntax_errors_are_named_with_their_line);
    tcase_add_test(tcase, control_characters_in_a_title_are_refused);
    tcase_add_test(tcase, unknown_keys_are_refused_with_the_nearest);
    tcase_add_test(tcase, wrong_types_are_refused);
    tcase_add_test(tcase, numbers_out_of_range_are_refused);
    tcase_add_test(tcase, unknown_words_are_refused_with_the_nearest);
    tcase_add_test(tcase, missing_keys_are_refused);
    tcase_add_test(tcase, keys_that_contradict_each_other_are_refused);
    tcase_add_test(tcase, network_that_does_not_fit_is_refused);
    tcase_add_test(tcase, missing_file_is_refused);
    tcase_add_test(tcase, truncation_anywhere_leaves_a_line_and_nothing_else);
    tcase_add_test(tcase, every_failed_allocation_is_reported_and_nothing_is_kept);
    tcase_add_test(tcase, every_scenario_file_is_read);
    tcase_add_test(tcase, all_keys_can_be_printed);
    tcase_add_test(tcase, readme_lists_the_keys_as_they_are);
    suite_add_tcase(suite, tcase);
    return suite;
}
