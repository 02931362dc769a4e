/* kernel_avx2.c -- the kernels for x86-64 with AVX2; the Makefile adds
 * -mavx2 -mfma. Empty elsewhere. */
#include "core/kernel_table.h"

#if defined(__x86_64__)
#include "core/kernel_body.h"

const struct bp_kernel_table bp_kernel_avx2 = BP_KERNEL_TABLE("avx2");
#endif
