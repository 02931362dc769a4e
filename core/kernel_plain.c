/* kernel_plain.c -- the kernels for any processor: compiled without -m flags. */
#include "core/kernel_body.h"

const struct bp_kernel_table bp_kernel_plain = BP_KERNEL_TABLE("plain");
