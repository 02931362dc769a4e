/* figure_samples.h -- one made-up but realistic figure of each kind, for tests
 * that go over all of them.
 */
#ifndef FIGURE_SAMPLES_H
#define FIGURE_SAMPLES_H

#include "plots/script.h"

struct figure_sample {
    const char *name;
    void (*draw)(struct bp_script *to, const char *title);  /* data as in a real run */
    void (*empty)(struct bp_script *to, const char *title); /* no data at all */
    void (*ill)(struct bp_script *to, const char *title);   /* NaN, infinity, zeros */
};

extern const struct figure_sample FIGURE_SAMPLE[];
extern const size_t FIGURE_SAMPLES;

#endif
