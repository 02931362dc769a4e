/* page_samples.h -- pages of a small and of a large network, made from real
 * checks, for tests in C and in a browser.
 */
#ifndef PAGE_SAMPLES_H
#define PAGE_SAMPLES_H

#include "plots/page.h"

struct page_sample {
    struct bp_page page;
    struct bp_mlp net;
    struct bp_pass pass;
    struct bp_gradcheck check;
    struct bp_findings findings;
    struct bp_page_figure figure[10];
    struct bp_page_trace trace[2];
    char *svg[10];
};

/* spec: "2-4-1 sigmoid squared-error"; the output layer's derivative is left out
 * where ill. n samples of random data. */
void page_sample_init(struct page_sample *sample, const char *spec, bool ill, size_t n);
void page_sample_release(struct page_sample *sample);

/* Writes a folder of pages: index.html, small/, explain/; large: also large/, of
 * 784-30-10, and huge/, of 784-60-10, whose entries are not all carried. */
void page_samples_write(const char *folder, bool large);

#endif
