/* kernel_lanes.h -- a vector of doubles: one set of names, three instruction sets.
 *
 * Private to the files that include kernel_body.h. Each of them is compiled
 * with its own -m flags and picks its section by what the compiler then
 * defines. The arithmetic operators work on a vec as they stand (a language
 * extension of gcc and clang); what has no operator is named here:
 *
 *     vec_fma(a, b, c)      a b + c, rounded once, in each lane
 *     vec_fnma(a, b, c)     -a b + c, rounded once
 *     vec_at_least(x, b)    the larger of x and b; a NaN in x stays
 *     vec_less(a, b)        a < b in each lane, false for a NaN
 *     vec_select(m, a, b)   a where m holds, else b
 *     vec_is_nan(x)         x is a NaN
 *     mask_or, mask_any     of masks; whether m holds in any lane
 *     vec_load_part(p, n)   the first n lanes, the others 0
 *     lanes_transpose()     a square of LANES x LANES numbers: column c of row[r] goes to
 *                           to[c * to_row + r]
 *
 * The width is the instruction set's own: wider vectors are split by gcc 12
 * into code several times slower than narrower ones.
 */
#ifndef BP_KERNEL_LANES_H
#define BP_KERNEL_LANES_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline, unused))

#if defined(__AVX512F__) && defined(__AVX512DQ__) && defined(__AVX512VL__)

#include <immintrin.h>

enum { LANES = 8, TILE_ROWS = 5, TILE_VECS = 4 };
typedef __m512d vec;
typedef uint64_t ivec __attribute__((vector_size(64)));
typedef __mmask8 mask;

INLINE vec vec_set(double x)
{
    return _mm512_set1_pd(x);
}

INLINE ivec ivec_set(uint64_t x)
{
    return (ivec)_mm512_set1_epi64((int64_t)x);
}

INLINE vec vec_fma(vec a, vec b, vec c)
{
    return _mm512_fmadd_pd(a, b, c);
}

INLINE vec vec_fnma(vec a, vec b, vec c)
{
    return _mm512_fnmadd_pd(a, b, c);
}

INLINE vec vec_at_least(vec x, vec bound)
{
    return _mm512_max_pd(bound, x);
}

INLINE vec vec_at_most(vec x, vec bound)
{
    return _mm512_min_pd(bound, x);
}

INLINE mask vec_less(vec a, vec b)
{
    return _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ);
}

INLINE vec vec_select(mask m, vec a, vec b)
{
    return _mm512_mask_blend_pd(m, b, a);
}

INLINE mask vec_is_nan(vec x)
{
    return _mm512_cmp_pd_mask(x, x, _CMP_UNORD_Q);
}

INLINE mask mask_or(mask a, mask b)
{
    return (mask)(a | b);
}

INLINE bool mask_any(mask m)
{
    return m != 0;
}

INLINE vec vec_load_part(const double *p, size_t n)
{
    return _mm512_maskz_loadu_pd((mask)((1U << n) - 1U), p);
}

INLINE void vec_store_part(double *p, size_t n, vec v)
{
    _mm512_mask_storeu_pd(p, (mask)((1U << n) - 1U), v);
}

/* Halves of rows are put together while they are loaded, which leaves less to shuffle. */
INLINE vec halves(const double *low, const double *high)
{
    return _mm512_insertf64x4(_mm512_castpd256_pd512(_mm256_loadu_pd(low)), _mm256_loadu_pd(high),
                              1);
}

INLINE void lanes_transpose(const double *const row[8], double *to, size_t to_row)
{
    for (size_t c = 0; c < 8; c += 4) {
        const vec a = halves(row[0] + c, row[2] + c), b = halves(row[1] + c, row[3] + c);
        const vec d = halves(row[4] + c, row[6] + c), e = halves(row[5] + c, row[7] + c);
        const vec p = _mm512_unpacklo_pd(a, b), q = _mm512_unpacklo_pd(d, e);
        const vec r = _mm512_unpackhi_pd(a, b), s = _mm512_unpackhi_pd(d, e);
        double *at = to + c * to_row;
        _mm512_storeu_pd(at, _mm512_shuffle_f64x2(p, q, 0x88));
        _mm512_storeu_pd(at + to_row, _mm512_shuffle_f64x2(r, s, 0x88));
        _mm512_storeu_pd(at + 2 * to_row, _mm512_shuffle_f64x2(p, q, 0xdd));
        _mm512_storeu_pd(at + 3 * to_row, _mm512_shuffle_f64x2(r, s, 0xdd));
    }
}

#elif defined(__AVX2__) && defined(__FMA__)

#include <immintrin.h>

enum { LANES = 4, TILE_ROWS = 5, TILE_VECS = 2 };
typedef __m256d vec;
typedef uint64_t ivec __attribute__((vector_size(32)));
typedef __m256d mask;

INLINE vec vec_set(double x)
{
    return _mm256_set1_pd(x);
}

INLINE ivec ivec_set(uint64_t x)
{
    return (ivec)_mm256_set1_epi64x((int64_t)x);
}

INLINE vec vec_fma(vec a, vec b, vec c)
{
    return _mm256_fmadd_pd(a, b, c);
}

INLINE vec vec_fnma(vec a, vec b, vec c)
{
    return _mm256_fnmadd_pd(a, b, c);
}

INLINE vec vec_at_least(vec x, vec bound)
{
    return _mm256_max_pd(bound, x);
}

INLINE vec vec_at_most(vec x, vec bound)
{
    return _mm256_min_pd(bound, x);
}

INLINE mask vec_less(vec a, vec b)
{
    return _mm256_cmp_pd(a, b, _CMP_LT_OQ);
}

INLINE vec vec_select(mask m, vec a, vec b)
{
    return _mm256_blendv_pd(b, a, m);
}

INLINE mask vec_is_nan(vec x)
{
    return _mm256_cmp_pd(x, x, _CMP_UNORD_Q);
}

INLINE mask mask_or(mask a, mask b)
{
    return _mm256_or_pd(a, b);
}

INLINE bool mask_any(mask m)
{
    return _mm256_movemask_pd(m) != 0;
}

INLINE __m256i lanes_below(size_t n)
{
    return _mm256_cmpgt_epi64(_mm256_set1_epi64x((int64_t)n), _mm256_setr_epi64x(0, 1, 2, 3));
}

INLINE vec vec_load_part(const double *p, size_t n)
{
    return _mm256_maskload_pd(p, lanes_below(n));
}

INLINE void vec_store_part(double *p, size_t n, vec v)
{
    _mm256_maskstore_pd(p, lanes_below(n), v);
}

INLINE void lanes_transpose(const double *const row[4], double *to, size_t to_row)
{
    const vec r0 = _mm256_loadu_pd(row[0]), r1 = _mm256_loadu_pd(row[1]);
    const vec r2 = _mm256_loadu_pd(row[2]), r3 = _mm256_loadu_pd(row[3]);
    const vec a = _mm256_unpacklo_pd(r0, r1), b = _mm256_unpackhi_pd(r0, r1);
    const vec c = _mm256_unpacklo_pd(r2, r3), d = _mm256_unpackhi_pd(r2, r3);
    _mm256_storeu_pd(to, _mm256_permute2f128_pd(a, c, 0x20));
    _mm256_storeu_pd(to + to_row, _mm256_permute2f128_pd(b, d, 0x20));
    _mm256_storeu_pd(to + 2 * to_row, _mm256_permute2f128_pd(a, c, 0x31));
    _mm256_storeu_pd(to + 3 * to_row, _mm256_permute2f128_pd(b, d, 0x31));
}

#else /* any processor: two lanes, fma a lane at a time */

enum { LANES = 2, TILE_ROWS = 2, TILE_VECS = 2 };
typedef double vec __attribute__((vector_size(16)));
typedef uint64_t ivec __attribute__((vector_size(16)));
typedef ivec mask;

INLINE vec vec_set(double x)
{
    return (vec){x, x};
}

INLINE ivec ivec_set(uint64_t x)
{
    return (ivec){x, x};
}

INLINE vec vec_fma(vec a, vec b, vec c)
{
    return (vec){fma(a[0], b[0], c[0]), fma(a[1], b[1], c[1])};
}

INLINE mask vec_less(vec a, vec b)
{
    return (mask)(a < b);
}

INLINE vec vec_select(mask m, vec a, vec b)
{
    return (vec)(((ivec)a & m) | ((ivec)b & ~m));
}

INLINE vec vec_fnma(vec a, vec b, vec c)
{
    return vec_fma(-a, b, c);
}

INLINE vec vec_at_least(vec x, vec bound)
{
    return vec_select(vec_less(x, bound), bound, x);
}

INLINE vec vec_at_most(vec x, vec bound)
{
    return vec_select(vec_less(bound, x), bound, x);
}

INLINE mask vec_is_nan(vec x)
{
    return (mask)(x != x);
}

INLINE mask mask_or(mask a, mask b)
{
    return a | b;
}

INLINE bool mask_any(mask m)
{
    return (m[0] | m[1]) != 0;
}

INLINE vec vec_load_part(const double *p, size_t n)
{
    return (vec){n > 0 ? p[0] : 0.0, n > 1 ? p[1] : 0.0};
}

INLINE void vec_store_part(double *p, size_t n, vec v)
{
    for (size_t k = 0; k < n; k++)
        p[k] = v[k];
}

INLINE void lanes_transpose(const double *const row[2], double *to, size_t to_row)
{
    for (size_t r = 0; r < 2; r++)
        for (size_t k = 0; k < 2; k++)
            to[k * to_row + r] = row[r][k];
}

#endif

INLINE vec vec_load(const double *p)
{
    vec v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void vec_store(double *p, vec v)
{
    memcpy(p, &v, sizeof v);
}

INLINE vec vec_abs(vec x)
{
    return (vec)((ivec)x & ivec_set(UINT64_MAX >> 1));
}

INLINE vec vec_minus_abs(vec x)
{
    return (vec)((ivec)x | ivec_set(UINT64_C(1) << 63));
}

/* The sign of s on x, whose own sign is clear. */
INLINE vec vec_sign(vec x, vec s)
{
    return (vec)((ivec)x | ((ivec)s & ivec_set(UINT64_C(1) << 63)));
}

#endif
