/* compare.c -- backprobe compare A B: what differs between two runs, and from which
 * step on? Both are made again; the parameters before each step are compared to the
 * bit, as a hash of theta, and where they part the parameters themselves. */
#include "commands/command.h"
#include "commands/origin.h"

#include "core/mem.h"
#include "diag/public.h"
#include "diag/report.h"
#include "plots/figure.h"
#include "plots/gnuplot.h"

#include <getopt.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { OPT_OUT = 256, OPT_TERM };

static const struct option LONG[] = {{"out", required_argument, NULL, OPT_OUT},
                                     {"term", required_argument, NULL, OPT_TERM},
                                     {NULL, 0, NULL, 0}};

static const size_t NEVER = (size_t)-1;

/* ---- where they part ---------------------------------------------------------------- */

struct comparison {
    uint64_t *hash; /* of the first run's theta before each step; owned */
    size_t n, room;
    size_t seen;              /* steps of the second run */
    size_t parted;            /* NEVER, or the step before which theta differs */
    double *first, *second;   /* theta there; owned */
    size_t n_first, n_second; /* its length; 0 where not seen */
    bool no_memory;
};

static uint64_t hash_of(const double *theta, size_t n)
{
    uint64_t h = 0x9e3779b97f4a7c15u;
    for (size_t k = 0; k < n; k++) {
        uint64_t bits;
        memcpy(&bits, &theta[k], sizeof bits);
        h = (h ^ bits) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    return h;
}

static void keep_hash(void *self, const struct bp_step_view *view)
{
    struct comparison *c = self;
    if (c->n == c->room) {
        uint64_t *grown = bp_mem_grow(c->hash, c->n, 2 * c->room + 1024, sizeof *grown);
        if (grown == NULL) {
            c->no_memory = true;
            return;
        }
        c->hash = grown;
        c->room = 2 * c->room + 1024;
    }
    c->hash[c->n++] = hash_of(view->pass->theta, view->net->n_theta);
}

static void keep_theta(struct comparison *c, double **theta, size_t *n,
                       const struct bp_step_view *view)
{
    *theta = bp_mem_new(view->net->n_theta, sizeof **theta);
    if (*theta == NULL) {
        c->no_memory = true;
        return;
    }
    memcpy(*theta, view->pass->theta, view->net->n_theta * sizeof **theta);
    *n = view->net->n_theta;
}

static void match_hash(void *self, const struct bp_step_view *view)
{
    struct comparison *c = self;
    const size_t step = c->seen++;
    if (c->parted != NEVER || step >= c->n ||
        c->hash[step] == hash_of(view->pass->theta, view->net->n_theta))
        return;
    c->parted = step;
    keep_theta(c, &c->second, &c->n_second, view);
}

static void catch_first(void *self, const struct bp_step_view *view)
{
    struct comparison *c = self;
    if (view->step == c->parted)
        keep_theta(c, &c->first, &c->n_first, view);
}

static enum bp_status run_both(struct comparison *c, const struct bp_origin origin[2],
                               struct bp_record record[2], struct bp_error *error)
{
    void (*const step[3])(void *, const struct bp_step_view *) = {keep_hash, match_hash,
                                                                  catch_first};
    enum bp_status status = BP_OK;
    for (int k = 0; k < 3 && status == BP_OK; k++) {
        const struct bp_runner_options options = {.step = step[k], .self = c};
        struct bp_record again = {0};
        if (k == 2 && c->parted == NEVER)
            break;
        status = bp_origin_run(&origin[k % 2], &options, k < 2 ? &record[k] : &again, error);
        bp_record_release(&again);
        if (status == BP_OK && c->no_memory)
            status = bp_error_set(error, BP_ENOMEM, "compare: %s", bp_status_text(BP_ENOMEM));
    }
    return status;
}

/* ---- words ---------------------------------------------------------------------------- */

static const char *setting(const struct bp_record *record, const char *key)
{
    for (size_t i = 0; i < record->n_settings; i++)
        if (strcmp(record->setting[i].key, key) == 0)
            return record->setting[i].value;
    return "-";
}

/* Every key of either that differs; each side on a line of its own. */
static size_t print_settings(const struct bp_record record[2])
{
    size_t differ = 0;
    for (int side = 0; side < 2; side++)
        for (size_t i = 0; i < record[side].n_settings; i++) {
            const char *key = record[side].setting[i].key;
            const char *a = setting(&record[0], key), *b = setting(&record[1], key);
            if (strcmp(a, b) == 0 || (side == 1 && strcmp(a, "-") != 0))
                continue;
            printf("  %-11s a: %s\n  %-11s b: %s\n", key, a, "", b);
            differ++;
        }
    if (differ == 0)
        puts("  settings    the same");
    return differ;
}

/* How many parameters differ, and which the most. */
static void print_parameters(const struct comparison *c, const struct bp_mlp *net)
{
    char name[BP_NAME_MAX];
    size_t differ = 0, most = 0;
    if (c->n_first != c->n_second || c->n_first != net->n_theta) {
        printf("              the networks are of different sizes: %zu and %zu parameters\n",
               c->n_first, c->n_second);
        return;
    }
    for (size_t k = 0; k < c->n_first; k++) {
        if (memcmp(&c->first[k], &c->second[k], sizeof(double)) == 0)
            continue;
        if (differ == 0 ||
            fabs(c->first[k] - c->second[k]) > fabs(c->first[most] - c->second[most]))
            most = k;
        differ++;
    }
    bp_mlp_name(net, most, name);
    printf("              %zu of %zu parameters differ, most: %s\n"
           "              a %.17g, b %.17g\n",
           differ, c->n_first, name, c->first[most], c->second[most]);
}

static void print_parting(const struct comparison *c, const struct bp_record record[2])
{
    const size_t both = c->n < c->seen ? c->n : c->seen;
    if (c->parted == 0)
        puts("  parted      at the start");
    else if (c->parted != NEVER)
        printf("  parted      at step %zu: the parameters were the same, to the bit, before\n",
               c->parted);
    else if (c->n != c->seen)
        printf("  parted      never while both ran (%zu steps), to the bit; a ran %zu, b %zu\n",
               both, c->n, c->seen);
    else
        printf("  parted      never: all %zu steps are the same, to the bit\n", both);
    if (c->parted != NEVER)
        print_parameters(c, &record[0].net);
}

static void print_ends(const struct bp_record record[2])
{
    char verdict[400];
    for (int side = 0; side < 2; side++) {
        const struct bp_record *r = &record[side];
        bp_report_verdict(&r->findings, verdict, sizeof verdict);
        printf("  %-11s %c: loss %.6g", side == 0 ? "end" : "", 'a' + side, r->loss);
        if (!isnan(r->accuracy))
            printf(", accuracy %.1f %%", 100.0 * r->accuracy);
        printf(" after %zu epochs\n", r->epochs);
        bp_report_wrap(stdout, 14, "", verdict);
    }
}

/* ---- the figure ------------------------------------------------------------------------- */

/* What the figure shows: its title. */
static void say_parting(const struct comparison *c, char title[80])
{
    const size_t both = c->n < c->seen ? c->n : c->seen;
    if (c->parted == 0)
        snprintf(title, 80, "two runs that start apart");
    else if (c->parted != NEVER)
        snprintf(title, 80, "two runs, the same up to step %zu", c->parted);
    else if (c->n == c->seen)
        snprintf(title, 80, "two runs, the same to the bit");
    else
        snprintf(title, 80, "two runs, the same for the %zu steps of the shorter", both);
}

static const char *unit_of(const struct bp_record *record)
{
    return record->net.spec.loss == BP_SQUARED_ERROR ? "squared error" : "nats";
}

static void fill_figure(struct bp_script *script, const struct comparison *c,
                        const struct bp_record record[2])
{
    struct bp_figure_run run[2];
    char name[2][80], title[80];
    say_parting(c, title);
    const double per =
        record[0].epochs > 0 ? (double)record[0].steps / (double)record[0].epochs : 1.0;
    const struct bp_figure_mark mark = {(double)c->parted / per, "parted here"};
    for (int side = 0; side < 2; side++) {
        const struct bp_curve *curve = &record[side].curve[0];
        const bool classes = record[side].data.train.classes > 0;
        snprintf(name[side], sizeof name[side], "%c: %.60s", 'a' + side, record[side].name);
        run[side] = (struct bp_figure_run){.name = name[side]};
        if (record[side].n_curves > 0)
            run[side] = (struct bp_figure_run){.name = name[side],
                                               .n = curve->n,
                                               .epoch = curve->epoch,
                                               .loss = curve->loss,
                                               .accuracy = classes ? curve->accuracy : NULL,
                                               .end = classes ? curve->end_accuracy : 0.0};
    }
    const struct bp_figure_training figure = {
        .title = title,
        .loss_unit =
            strcmp(unit_of(&record[0]), unit_of(&record[1])) == 0 ? unit_of(&record[0]) : NULL,
        .runs = 2,
        .run = run,
        .marks = c->parted == NEVER || c->parted == 0 ? 0 : 1,
        .mark = &mark};
    bp_figure_training(script, &figure);
}

static enum bp_status save_figure(const struct bp_script *script, const char *out,
                                  struct bp_error *error)
{
    char base[BP_PATH_MAX];
    struct bp_gnuplot_picture picture;
    enum bp_status status = bp_command_folder(out, error);
    if (status == BP_OK)
        status = bp_command_join(base, out, "compare", error);
    if (status != BP_OK)
        return status;
    status = bp_gnuplot_draw(&picture, script, BP_GNUPLOT_SVG | BP_GNUPLOT_PNG, "compare",
                             BP_GNUPLOT_LIMIT_MS, error);
    if (status != BP_OK)
        return status;
    status = bp_gnuplot_save(&picture, base, error);
    bp_gnuplot_picture_release(&picture);
    if (status == BP_OK)
        printf("  figure      %s.svg\n", base);
    return status;
}

static enum bp_status draw(const struct comparison *c, const struct bp_record record[2],
                           const char *out, bool letters, struct bp_error *error)
{
    struct bp_script script;
    bp_script_init(&script, letters);
    fill_figure(&script, c, record);
    enum bp_status status = letters ? bp_gnuplot_print(&script, stdout, BP_GNUPLOT_LIMIT_MS, error)
                                    : save_figure(&script, out, error);
    bp_script_release(&script);
    if (status != BP_EUNSUPPORTED)
        return status;
    fprintf(stderr, "backprobe: note: %s\n", error->text);
    return BP_OK;
}

/* ---- the command -------------------------------------------------------------------------- */

static int compare_two(char *const path[2], const char *out, bool letters)
{
    struct bp_origin origin[2] = {{0}, {0}};
    struct bp_record record[2] = {{.runs = 0}, {.runs = 0}};
    struct comparison c = {.parted = NEVER};
    struct bp_error error = {""};
    size_t differ = 0;
    enum bp_status status = BP_OK;
    for (int side = 0; side < 2 && status == BP_OK; side++)
        status = bp_origin_find(&origin[side], path[side], &error);
    if (status == BP_OK)
        status = run_both(&c, origin, record, &error);
    if (status == BP_OK) {
        printf("compare: a %s, b %s\n", path[0], path[1]);
        differ = print_settings(record);
        print_parting(&c, record);
        print_ends(record);
        status = draw(&c, record, out, letters, &error);
    }
    const bool same = differ == 0 && c.parted == NEVER && c.n == c.seen;
    for (int side = 0; side < 2; side++) {
        bp_record_release(&record[side]);
        bp_origin_release(&origin[side]);
    }
    bp_mem_free(c.hash);
    bp_mem_free(c.first);
    bp_mem_free(c.second);
    if (status != BP_OK)
        return bp_command_failed(&error);
    return same ? BP_EXIT_HEALTHY : BP_EXIT_FINDINGS;
}

static int compare(int argc, char **argv)
{
    const char *out = "out";
    bool letters = false;
    struct bp_error error = {""};
    int c;
    optind = 1;
    while ((c = getopt_long(argc, argv, "", LONG, NULL)) != -1)
        if (c == OPT_OUT)
            out = optarg;
        else if (c == OPT_TERM && bp_command_term(optarg, &error))
            letters = true;
        else {
            if (c == '?')
                bp_option_unread(argv, &error);
            return bp_command_misused(&bp_command_compare, "%s", error.text);
        }
    if (argc - optind != 2)
        return bp_command_misused(&bp_command_compare, "expected two runs");
    return compare_two(argv + optind, out, letters);
}

const struct bp_command bp_command_compare = {
    .name = "compare",
    .usage = "[--out DIR] [--term dumb]\n       FOLDER|SCENARIO FOLDER|SCENARIO",
    .about = "what differs between two runs; the step at which they part",
    .options = "  --out DIR    where the figure goes (out); --term dumb: print it as letters\n",
    .run = compare};
