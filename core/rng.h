/* rng.h -- random numbers that repeat: everything comes from a seed that the
 * report prints, and the state is in a struct.
 *
 * Generator: xoshiro256** 1.0 (Blackman and Vigna 2018), filled from the seed
 * by splitmix64 (Steele, Lea and Flood 2014). Normal: Marsaglia's polar method
 * (1964) on our own logarithm, so that the numbers are the same on every
 * machine.
 */
#ifndef BP_RNG_H
#define BP_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bp_rng {
    uint64_t state[4];
    double spare; /* the second number of a polar pair */
    bool has_spare;
};

void bp_rng_seed(struct bp_rng *rng, uint64_t seed);

uint64_t bp_rng_next(struct bp_rng *rng);

/* Uniform in [0, 1), 53 bits. */
double bp_rng_unit(struct bp_rng *rng);

/* Uniform in [low, high). */
double bp_rng_uniform(struct bp_rng *rng, double low, double high);

/* Mean 0, standard deviation 1. */
double bp_rng_normal(struct bp_rng *rng);

/* Uniform in 0 .. n - 1, unbiased (draws below 2^64 mod n are rejected); n > 0. */
size_t bp_rng_below(struct bp_rng *rng, size_t n);

/* A random order of 0 .. n - 1 (Fisher and Yates). */
void bp_rng_permutation(struct bp_rng *rng, size_t n, size_t *order);

#endif
