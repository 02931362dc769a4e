/* trace.c -- backprobe trace FILE: rows of a trace, by neuron, kind and step. */
#include "commands/command.h"

#include "diag/public.h"
#include "diag/trace.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum { OPT_NEURON = 256, OPT_KIND, OPT_SPAN, OPT_SAMPLE, OPT_FROM, OPT_TO };

static const struct option LONG[] = {{"neuron", required_argument, NULL, OPT_NEURON},
                                     {"kind", required_argument, NULL, OPT_KIND},
                                     {"span", required_argument, NULL, OPT_SPAN},
                                     {"sample", required_argument, NULL, OPT_SAMPLE},
                                     {"from", required_argument, NULL, OPT_FROM},
                                     {"to", required_argument, NULL, OPT_TO},
                                     {NULL, 0, NULL, 0}};

static bool whole(const char *text, long *value)
{
    char *end = NULL;
    *value = strtol(text, &end, 10);
    return end != text && *end == '\0' && *value >= 0 && *value < 1L << 53;
}

static bool kind_of(const char *text, unsigned *bits)
{
    for (unsigned k = 0; k < BP_TRACE_KINDS; k++)
        if (strcmp(text, bp_trace_kind_text((enum bp_trace_kind)k)) == 0) {
            *bits |= BP_TRACE_BIT(k);
            return true;
        }
    return false;
}

static bool span_of(const char *text, unsigned *bits)
{
    for (unsigned k = 0; k < BP_SPANS; k++)
        if (strcmp(text, bp_trace_span_text((enum bp_trace_span)k)) == 0) {
            *bits |= 1u << k;
            return true;
        }
    return false;
}

/* false with a line in error. */
static bool take(struct bp_trace_filter *filter, int option, const char *value,
                 struct bp_error *error)
{
    const char *expected = "a whole number, 0 or more";
    bool ok = false;
    switch (option) {
    case OPT_NEURON:
        return bp_trace_filter_neuron(filter, value, error) == BP_OK;
    case OPT_KIND:
        ok = kind_of(value, &filter->kinds);
        expected = "z, a, delta, loss or accuracy";
        break;
    case OPT_SPAN:
        ok = span_of(value, &filter->spans);
        expected = "step, epoch or sample";
        break;
    case OPT_SAMPLE:
        ok = whole(value, &filter->sample);
        break;
    case OPT_FROM:
        ok = whole(value, &filter->from);
        break;
    case OPT_TO:
        ok = whole(value, &filter->to);
        break;
    default:
        break;
    }
    if (!ok)
        bp_error_set(error, BP_EINPUT, "--%s '%.40s': expected %s", bp_option_name(LONG, option),
                     value, expected);
    return ok;
}

static int run(int argc, char **argv)
{
    struct bp_trace_filter filter = {.neuron = -1, .sample = -1, .from = -1, .to = -1};
    struct bp_error error = {""};
    size_t n = 0;
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "", LONG, NULL)) != -1) {
        if (option == '?') {
            bp_option_unread(argv, &error);
            return bp_command_misused(&bp_command_trace, "%s", error.text);
        }
        if (!take(&filter, option, optarg, &error))
            return bp_command_failed(&error);
    }
    if (optind + 1 != argc)
        return bp_command_misused(&bp_command_trace,
                                  "expected one file, such as out/xor/trace.tsv");
    if (bp_trace_print(stdout, argv[optind], &filter, &n, &error) != BP_OK)
        return bp_command_failed(&error);
    if (n == 0)
        fprintf(stderr, "backprobe: note: %s: no row fits\n", argv[optind]);
    return BP_EXIT_HEALTHY;
}

const struct bp_command bp_command_trace = {
    .name = "trace",
    .usage = "FILE [--neuron LAYER[:NEURON]]\n"
             "       [--kind z|a|delta|loss|accuracy]\n"
             "       [--span step|epoch|sample] [--sample N] [--from STEP] [--to STEP]",
    .about = "rows of a trace: one neuron, some steps",
    .options = "  --neuron L:N   layers count from 1, neurons from 0\n"
               "  --kind K       pre-activations, activations, deltas, or the course\n"
               "  --span S       rows of a step, an epoch or a sample\n"
               "  --sample N     of this sample; --from, --to: of these steps\n",
    .run = run,
};
