/* kernel_avx512.c -- the kernels for x86-64 with AVX512; the Makefile adds
 * -mavx512f -mavx512dq -mavx512vl -mfma. Empty elsewhere. */
#include "core/kernel_table.h"

#if defined(__x86_64__)
#include "core/kernel_body.h"

const struct bp_kernel_table bp_kernel_avx512 = BP_KERNEL_TABLE("avx512");
#endif
