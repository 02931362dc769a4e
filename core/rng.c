/* rng.c -- xoshiro256**, uniform, normal, permutation. */
#include "core/rng.h"

#include "core/fmath.h"

#include <assert.h>
#include <math.h>

static uint64_t rotate_left(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

void bp_rng_seed(struct bp_rng *rng, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        seed += 0x9e3779b97f4a7c15u;
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        rng->state[i] = z ^ (z >> 31);
    }
    rng->has_spare = false;
    rng->spare = 0.0;
}

uint64_t bp_rng_next(struct bp_rng *rng)
{
    uint64_t *s = rng->state;
    const uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    const uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

double bp_rng_unit(struct bp_rng *rng)
{
    return (double)(bp_rng_next(rng) >> 11) * 0x1p-53;
}

double bp_rng_uniform(struct bp_rng *rng, double low, double high)
{
    return low + (high - low) * bp_rng_unit(rng);
}

double bp_rng_normal(struct bp_rng *rng)
{
    if (rng->has_spare) {
        rng->has_spare = false;
        return rng->spare;
    }
    double u, v, s;
    do {
        u = 2.0 * bp_rng_unit(rng) - 1.0;
        v = 2.0 * bp_rng_unit(rng) - 1.0;
        s = u * u + v * v;
    } while (s >= 1.0 || s == 0.0);
    const double r = sqrt(-2.0 * bp_log(s) / s);
    rng->spare = v * r;
    rng->has_spare = true;
    return u * r;
}

size_t bp_rng_below(struct bp_rng *rng, size_t n)
{
    assert(n > 0);
    const uint64_t bound = n;
    const uint64_t reject = (0 - bound) % bound;
    for (;;) {
        const uint64_t x = bp_rng_next(rng);
        if (x >= reject)
            return (size_t)(x % bound);
    }
}

void bp_rng_permutation(struct bp_rng *rng, size_t n, size_t *order)
{
    for (size_t i = 0; i < n; i++)
        order[i] = i;
    for (size_t i = n; i > 1; i--) {
        const size_t j = bp_rng_below(rng, i);
        const size_t held = order[i - 1];
        order[i - 1] = order[j];
        order[j] = held;
    }
}
