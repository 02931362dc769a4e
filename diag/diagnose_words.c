/* diagnose_words.c -- see diagnose_words.h. */
#include "diag/diagnose_words.h"

#include "diag/faults/explain.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- one fault ------------------------------------------------------------- */

/* " in every layer": nothing where a fault, or the network, has one place only. */
static const char *everywhere(const struct bp_hypothesis *h, size_t layers)
{
    const unsigned extent = h->fault->extent;
    if (h->layer == BP_HIDDEN_LAYERS)
        return " in every hidden layer";
    if (layers < 2 || (extent & (BP_AT_ANY | BP_AT_HIDDEN)) == 0)
        return "";
    return (extent & (BP_AT_ANY | BP_AT_OUTPUT)) == 0 ? " in every hidden layer"
                                                      : " in every layer";
}

void bp_say_hypothesis(const struct bp_hypothesis *h, size_t layers, char *text, size_t size)
{
    const struct bp_fault *fault = h->fault;
    int n = snprintf(text, size, "%s", fault->name);
    if (h->layer == BP_HIDDEN_LAYERS || h->layer == BP_ALL_LAYERS)
        n += snprintf(text + n, size - (size_t)n, "%s", everywhere(h, layers));
    else
        n += snprintf(text + n, size - (size_t)n, " in layer %zu", h->layer);
    if (h->neuron != BP_NO_NEURON && (size_t)n < size)
        n += snprintf(text + n, size - (size_t)n, ", neuron %zu", h->neuron);
    if (fault->solved && (size_t)n < size)
        n += snprintf(text + n, size - (size_t)n, ", %.6g", h->factor);
    if (fault->variants > 1 && fault->variant != NULL && (size_t)n < size)
        snprintf(text + n, size - (size_t)n, " (%s)", fault->variant[h->variant]);
}

void bp_say_help(struct bp_finding *finding, const struct bp_hypothesis *h)
{
    char text[BP_FINDING_LINE_MAX];
    bp_fault_help(h, text, sizeof text);
    bp_finding_help(finding, "%s", text);
}

/* Whether this fault, if it is alone, makes the right gradient of another loss. */
static bool other_loss(const struct bp_account *account, const struct bp_hypothesis *h,
                       enum bp_loss *loss)
{
    const struct bp_fault *fault = h->fault;
    const size_t layers = account->inquiry->net->spec.layers;
    const bool at_output = h->layer == layers || (h->layer == BP_ALL_LAYERS && layers == 1);
    const bool alone = account->diagnosis == NULL || account->diagnosis->dictionary.n > 0;
    return fault->of_loss != NULL && at_output && alone &&
           fault->of_loss(&account->inquiry->setting, h->variant, loss);
}

/* A program that only steps, and whose steps are right but for their sign everywhere,
 * goes uphill; whether its error or its step has the sign cannot be told. */
static bool is_uphill(const struct bp_account *account, const struct bp_hypothesis *h,
                      const struct bp_findings *out)
{
    if (account->inquiry->view->subject->gradient != NULL)
        return false;
    if (h->fault->solved && h->layer == BP_ALL_LAYERS && fabs(h->factor + 1.0) <= 1e-6)
        return true;
    bool climbs = false; /* by its steps */
    for (size_t k = 0; k < out->n; k++)
        climbs = climbs || strcmp(out->item[k].name, "update-uphill") == 0;
    return climbs && strcmp(h->fault->name, "sign-flipped") == 0;
}

static struct bp_finding *add_named(const char *name, enum bp_look look, struct bp_findings *out)
{
    const struct bp_fault *fault = bp_fault_find(name);
    struct bp_finding *finding = bp_findings_add(out, look, name);
    if (finding != NULL && fault != NULL) {
        bp_finding_title(finding, "%s", fault->title);
        bp_say_help(finding, &(struct bp_hypothesis){.fault = fault, .layer = BP_ALL_LAYERS});
    }
    return finding;
}

/* What a variant holds besides its own fault are findings too. */
static enum bp_status add_also(const struct bp_hypothesis *h, enum bp_certainty certainty,
                               struct bp_findings *out)
{
    const char *names = h->fault->also == NULL ? NULL : h->fault->also[h->variant];
    while (names != NULL && *names != '\0') {
        char name[BP_FINDING_NAME_MAX];
        const size_t n = strcspn(names, " ");
        snprintf(name, sizeof name, "%.*s", (int)n, names);
        names += n + strspn(names + n, " ");
        struct bp_finding *finding = add_named(name, BP_LOOK_GRADIENT, out);
        if (finding == NULL)
            return BP_ENOMEM;
        finding->certainty = certainty;
        finding->layer =
            h->layer == BP_ALL_LAYERS || h->layer == BP_HIDDEN_LAYERS ? 0 : (int)h->layer;
        bp_say_help(finding,
                    &(struct bp_hypothesis){.fault = bp_fault_find(name), .layer = h->layer});
        bp_finding_because(finding, "it is in the same line as %s: %s", h->fault->name,
                           h->fault->variant[h->variant]);
    }
    return BP_OK;
}

static struct bp_finding *add_fault(const struct bp_account *account, const struct bp_hypothesis *h,
                                    enum bp_look look, struct bp_findings *out)
{
    if (is_uphill(account, h, out)) {
        struct bp_finding *uphill = add_named("update-uphill", look, out);
        if (uphill != NULL)
            uphill->layer = 0;
        return uphill;
    }
    struct bp_finding *finding = bp_findings_add(out, look, h->fault->name);
    if (finding == NULL)
        return NULL;
    const bool place = h->layer != BP_ALL_LAYERS && h->layer != BP_HIDDEN_LAYERS;
    finding->layer = place ? (int)h->layer : 0;
    if (h->neuron != BP_NO_NEURON)
        finding->neuron = (int)h->neuron;
    enum bp_loss loss;
    if (other_loss(account, h, &loss)) {
        bp_finding_title(finding, "this is the gradient of %s; the loss here is %s",
                         bp_loss_name(loss), bp_loss_name(account->inquiry->net->spec.loss));
        char help[BP_FINDING_LINE_MAX];
        bp_fault_help(h, help, sizeof help);
        bp_finding_help(finding, "use the loss whose gradient it is, or: %s", help);
    } else {
        bp_finding_title(finding, "%s", h->fault->title);
        bp_say_help(finding, h);
    }
    if (h->fault->solved)
        finding->number = h->factor;
    return finding;
}

static void say_what(struct bp_finding *finding, const struct bp_hypothesis *h,
                     const struct bp_spec *spec)
{
    if (h->layer == BP_HIDDEN_LAYERS)
        bp_finding_because(finding, "it is so in every hidden layer");
    if (h->fault->solved)
        bp_finding_because(finding, "the number is %.9g", h->factor);
    /* without an L2 term all there is comes from the data */
    const char *way = h->fault->variant == NULL ? "" : h->fault->variant[h->variant];
    const bool of_data = strstr(way, "the data") != NULL && spec->l2 == 0.0;
    if (h->fault->variants > 1 && way[0] != '\0' && !of_data)
        bp_finding_because(finding, "in this way: %s", way);
}

/* ---- what agrees and what does not ------------------------------------------ */

/* The largest distance of tensor i of the right gradient from the claims. */
static double tensor_distance(const struct bp_account *account, size_t i)
{
    const struct bp_predictor *p = account->p;
    double worst = 0.0;
    for (size_t k = 0; k < p->n; k++)
        worst = fmax(worst, bp_predictor_between(p, k, i, p->right[k], p->probe[k].g));
    return worst;
}

static void append(char *text, size_t size, const char *word)
{
    const size_t n = strlen(text);
    snprintf(text + n, size - n, "%s%s", n == 0 ? "" : ", ", word);
}

/* "to 2e-16", or "exactly". */
static const char *closeness(double distance, char text[16])
{
    if (distance == 0.0)
        snprintf(text, 16, "exactly");
    else
        snprintf(text, 16, "to %.0e", distance);
    return text;
}

/* "wrong: W1, b1, by up to 0.83 of their size; right: W2, b2, to 2e-16". */
static void say_tensors(const struct bp_account *account, struct bp_finding *finding)
{
    const struct bp_mlp *net = account->p->net;
    char wrong[160] = "";
    char right[160] = "";
    char close[16];
    double off = 0.0;
    double agree = 0.0;
    for (size_t i = 0; i < net->n_tensors; i++) {
        char name[BP_NAME_MAX];
        bp_tensor_name(&net->tensor[i], name);
        const double d = tensor_distance(account, i);
        const bool good = d <= account->p->tol;
        append(good ? right : wrong, good ? sizeof right : sizeof wrong, name);
        if (good)
            agree = fmax(agree, d);
        else
            off = fmax(off, d);
    }
    if (right[0] == '\0')
        bp_finding_because(finding, "%s: all wrong, by up to %.3g of their size", wrong, off);
    else
        bp_finding_because(finding, "wrong: %s, by up to %.3g of %s size; right: %s, %s", wrong,
                           off, strchr(wrong, ',') == NULL ? "its" : "their", right,
                           closeness(agree, close));
}

/* The first wrong layer counted from the output, and the one above that is right. */
static void say_first_wrong(const struct bp_account *account, struct bp_finding *finding)
{
    const struct bp_mlp *net = account->p->net;
    size_t first = 0;
    for (size_t i = net->n_tensors; i-- > 0 && first == 0;)
        if (tensor_distance(account, i) > account->p->tol)
            first = net->tensor[i].layer;
    if (first != 0 && first < net->spec.layers)
        bp_finding_because(finding,
                           "layer %zu is the first wrong one from the output down; layer %zu, "
                           "which its delta comes from, is right",
                           first, first + 1);
}

/* What proves it. */
static void say_proof(const struct bp_account *account, double distance, struct bp_finding *finding)
{
    const struct bp_inquiry *q = account->inquiry;
    const size_t tensors = q->net->n_tensors;
    char close[16];
    if (account->diagnosis->proven && q->fresh.n != 0)
        bp_finding_because(finding,
                           "a right network with this in it claims the same: all %zu tensors at "
                           "%zu probes, %s, and at one drawn after the match",
                           tensors, q->n, closeness(distance, close));
    else
        bp_finding_because(finding,
                           "a right network with this in it claims the same: all %zu tensors at "
                           "%zu probe%s, %s",
                           tensors, q->n, q->n == 1 ? "" : "s", closeness(distance, close));
}

/* ---- a single fault -------------------------------------------------------- */

/* A probe that would part what cannot be told apart. */
static const char *parting(const struct bp_account *account)
{
    const struct bp_inquiry *q = account->inquiry;
    const struct bp_spec *spec = &q->net->spec;
    bool identity = false;
    bool square = false;
    for (size_t l = 1; l <= spec->layers; l++) {
        identity = identity || spec->layer[l].activation == BP_IDENTITY;
        square = square || spec->layer[l].width == spec->layer[l - 1].width;
    }
    if (q->setting.n == 1)
        return "a batch of two or more samples would part them";
    if (q->view->subject->theta_fixed)
        return "other parameters would part them";
    if (spec->layers == 1)
        return "a second layer would part them";
    if (spec->layer[spec->layers].width == 1)
        return "a second output may part them";
    if (identity)
        return "an activation that is not the identity may part them";
    if (square)
        return "layers of different widths may part them";
    return "in this network they are the same mathematics";
}

/* How many of the class are faults of their own: a fault whose factor was solved for
 * says again what a named one says. */
static size_t count_class(const struct bp_dictionary *dictionary)
{
    size_t n = 0;
    for (size_t i = 0; i < dictionary->n; i++)
        n += i == 0 || !dictionary->match[i].h.fault->solved;
    return n;
}

static void say_class(const struct bp_account *account, struct bp_finding *finding)
{
    const struct bp_dictionary *dictionary = &account->diagnosis->dictionary;
    if (count_class(dictionary) < 2)
        return;
    char list[BP_FINDING_LINE_MAX] = "";
    size_t said = 0;
    for (size_t i = 1; i < dictionary->n && said < 3; i++, said++) {
        char one[BP_HYPOTHESIS_TEXT_MAX];
        bp_say_hypothesis(&dictionary->match[i].h, account->p->net->spec.layers, one, sizeof one);
        append(list, sizeof list - 80, one);
    }
    if (dictionary->n - 1 > said)
        bp_finding_because(finding, "cannot be told from: %s, and %zu more", list,
                           dictionary->n - 1 - said);
    else
        bp_finding_because(finding, "cannot be told from: %s", list);
    bp_finding_because(finding, "%s", parting(account));
}

static void say_next(const struct bp_account *account, struct bp_finding *finding)
{
    const struct bp_dictionary *dictionary = &account->diagnosis->dictionary;
    if (!dictionary->has_next)
        return;
    char next[BP_HYPOTHESIS_TEXT_MAX];
    bp_say_hypothesis(&dictionary->next.h, account->p->net->spec.layers, next, sizeof next);
    bp_finding_because(finding, "the nearest of the other %zu, %s, is off by %.3g",
                       dictionary->tried - dictionary->n, next,
                       fmax(dictionary->next.distance, dictionary->next.forward));
}

static enum bp_certainty certainty_of(const struct bp_diagnosis *diagnosis, size_t n_same)
{
    if (diagnosis->proven && n_same <= 1)
        return BP_CERTAIN;
    if (diagnosis->proven || n_same <= 1)
        return BP_LIKELY;
    return BP_POSSIBLE;
}

static enum bp_status say_single(const struct bp_account *account, struct bp_findings *out)
{
    const struct bp_dictionary *dictionary = &account->diagnosis->dictionary;
    const struct bp_match *match = &dictionary->match[0];
    struct bp_finding *finding = add_fault(account, &match->h, BP_LOOK_GRADIENT, out);
    if (finding == NULL)
        return BP_ENOMEM;
    finding->certainty = certainty_of(account->diagnosis, count_class(dictionary));
    say_what(finding, &match->h, &account->inquiry->net->spec);
    say_tensors(account, finding);
    say_first_wrong(account, finding);
    say_proof(account, match->distance, finding);
    say_next(account, finding);
    say_class(account, finding);
    return add_also(&match->h, finding->certainty, out);
}

/* ---- several --------------------------------------------------------------- */

/* From the output down; what is everywhere first. */
static size_t place_rank(const struct bp_hypothesis *h, size_t layers)
{
    if (h->layer == BP_ALL_LAYERS)
        return 0;
    return h->layer == BP_HIDDEN_LAYERS ? 2 : 1 + 2 * (layers - h->layer);
}

static void order_story(const struct bp_story *story, size_t layers, size_t *order)
{
    for (size_t i = 0; i < story->n; i++) {
        size_t at = i;
        while (at > 0 &&
               place_rank(&story->h[order[at - 1]], layers) > place_rank(&story->h[i], layers)) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
}

static enum bp_status say_story(const struct bp_account *account, const struct bp_story *story,
                                struct bp_findings *out)
{
    size_t order[BP_STORY_MAX];
    order_story(story, account->p->net->spec.layers, order);
    for (size_t i = 0; i < story->n; i++) {
        const struct bp_hypothesis *h = &story->h[order[i]];
        struct bp_finding *finding = add_fault(account, h, BP_LOOK_GRADIENT, out);
        if (finding == NULL)
            return BP_ENOMEM;
        finding->certainty =
            story->n_unexplained == 0 ? certainty_of(account->diagnosis, 1) : BP_POSSIBLE;
        say_what(finding, h, &account->inquiry->net->spec);
        if (i == 0)
            say_tensors(account, finding);
        if (i == 0 && story->n_unexplained == 0 && story->n > 1)
            bp_finding_because(finding,
                               "%zu together: no single fault of %zu fits, the nearest is off by "
                               "%.3g",
                               story->n, account->diagnosis->dictionary.tried,
                               account->diagnosis->dictionary.next.distance);
        if (i == 0 && story->n_unexplained == 0)
            say_proof(account, story->distance, finding);
        const enum bp_status status = add_also(h, finding->certainty, out);
        if (status != BP_OK)
            return status;
    }
    return BP_OK;
}

/* ---- the unexplained ------------------------------------------------------- */

static const char *unexplained_text(enum bp_unexplained kind)
{
    switch (kind) {
    case BP_DELTA_UNEXPLAINED:
        return "dW and db fit one delta, but it comes about in no way that is known";
    case BP_WEIGHTS_UNEXPLAINED:
        return "db fits its delta, dW does not";
    case BP_SIZE_UNEXPLAINED:
        return "dW and db are multiples of the right ones, by no factor that is known";
    case BP_BIASES_UNEXPLAINED:
        return "dW fits its delta, db does not";
    default:
        return "neither dW nor db fits any delta that is known";
    }
}

/* Where to look: what was found to be right need not be gone through. */
static const char *unexplained_help(enum bp_unexplained kind)
{
    switch (kind) {
    case BP_WEIGHTS_UNEXPLAINED:
        return "delta is right here: look at the lines that make dW of it and of the layer's "
               "inputs";
    case BP_BIASES_UNEXPLAINED:
        return "delta is right here: look at the lines that make db of it, the sum over the batch";
    case BP_SIZE_UNEXPLAINED:
        return "look at every constant that the gradient is multiplied with or divided by";
    default:
        return "compare delta and the activations of this layer with a calculation by hand, for "
               "one "
               "sample";
    }
}

static enum bp_status say_unexplained(const struct bp_account *account,
                                      const struct bp_story *story, struct bp_findings *out)
{
    const struct bp_dictionary *dictionary = &account->diagnosis->dictionary;
    struct bp_finding *finding = bp_findings_add(out, BP_LOOK_GRADIENT, "unexplained-gradient");
    if (finding == NULL)
        return BP_ENOMEM;
    finding->certainty = BP_CERTAIN;
    bp_finding_title(finding, "the gradient is wrong, and no known fault explains it");
    bp_finding_help(finding, "%s", unexplained_help(BP_DELTA_UNEXPLAINED));
    if (story != NULL && story->n_unexplained > 0) {
        bp_finding_help(finding, "%s", unexplained_help(story->unexplained[0]));
        finding->layer = (int)story->unexplained_layer[0];
        bp_finding_because(finding, "agreement ends at layer %zu: %s", story->unexplained_layer[0],
                           unexplained_text(story->unexplained[0]));
        for (size_t i = 1; i < story->n_unexplained; i++)
            bp_finding_because(finding, "layer %zu, given that: %s", story->unexplained_layer[i],
                               unexplained_text(story->unexplained[i]));
    }
    say_tensors(account, finding);
    if (story == NULL)
        say_first_wrong(account, finding);
    if (dictionary->has_next) {
        char next[BP_HYPOTHESIS_TEXT_MAX];
        bp_say_hypothesis(&dictionary->next.h, account->p->net->spec.layers, next, sizeof next);
        bp_finding_because(finding,
                           "ruled out: %zu single faults (the nearest, %s, is off by %.3g)%s",
                           dictionary->tried, next, dictionary->next.distance,
                           account->diagnosis->peeled ? ", and two or three together" : "");
    }
    return BP_OK;
}

enum bp_status bp_say_diagnosis(const struct bp_account *account, struct bp_findings *out)
{
    const struct bp_diagnosis *diagnosis = account->diagnosis;
    if (diagnosis->healthy)
        return BP_OK;
    if (diagnosis->dictionary.n > 0)
        return say_single(account, out);
    const struct bp_story *story = diagnosis->peeling.n > 0 ? &diagnosis->peeling.story[0] : NULL;
    enum bp_status status = BP_OK;
    if (story != NULL && story->n > 0)
        status = say_story(account, story, out);
    if (status == BP_OK && (story == NULL || story->n_unexplained > 0))
        status = say_unexplained(account, story, out);
    return status;
}
