/* expect.c -- see expect.h. */
#include "scenarios/expect.h"

#include <stdio.h>
#include <string.h>

/* "name" fits every place of it; "name:layer" every neuron there. */
static bool fits(const char *expected, const char *key)
{
    const size_t n = strlen(expected);
    return strncmp(expected, key, n) == 0 && (key[n] == '\0' || key[n] == ':');
}

static bool is_cause(const struct bp_finding *finding)
{
    return !finding->note && finding->follows < 0;
}

static bool is_found(const struct bp_findings *findings, const char *expected)
{
    for (size_t k = 0; k < findings->n; k++) {
        char key[BP_FINDING_NAME_MAX + 32];
        bp_finding_key(&findings->item[k], key, sizeof key);
        if (is_cause(&findings->item[k]) && fits(expected, key))
            return true;
    }
    return false;
}

static bool is_expected(const struct bp_scenario *scenario, const char *key)
{
    for (size_t k = 0; k < scenario->expect.n; k++)
        if (fits(scenario->expect.text[k], key))
            return true;
    return false;
}

static void list(char *text, size_t size, const char *word)
{
    const size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%s", used == 0 ? "" : ", ", word);
}

void bp_expect_judge(struct bp_record *record, const struct bp_scenario *scenario)
{
    record->expects = scenario->expects;
    for (size_t k = 0; k < scenario->expect.n; k++)
        if (!is_found(&record->findings, scenario->expect.text[k]))
            list(record->missing, sizeof record->missing, scenario->expect.text[k]);
    for (size_t k = 0; k < record->findings.n; k++) {
        char key[BP_FINDING_NAME_MAX + 32];
        bp_finding_key(&record->findings.item[k], key, sizeof key);
        if (is_cause(&record->findings.item[k]) && !is_expected(scenario, key))
            list(record->unexpected, sizeof record->unexpected, key);
    }
    record->as_expected = record->expects && record->missing[0] == '\0' &&
                          record->unexpected[0] == '\0' && (!record->has_goal || record->goal_met);
}
