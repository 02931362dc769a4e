/* small.h -- under sanitizers and valgrind (BACKPROBE_SMALL=1) the tests leave out
 * networks of more than 1,000 parameters and long trainings. */
#ifndef BP_TESTS_SMALL_H
#define BP_TESTS_SMALL_H

#include <stdbool.h>
#include <stdlib.h>

static inline bool small_only(void)
{
    const char *set = getenv("BACKPROBE_SMALL");
    return set != NULL && set[0] == '1';
}

#endif
