/* Lanes: several layouts at once. A formula written with lanes reads like one
 * written with doubles, and every lane gives the bits that a double would. */
#ifndef BASE_LANES_H
#define BASE_LANES_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

/* Files pass layouts to each other in blocks. The arithmetic for registers of 16 bytes takes a block by halves
 * (KERNEL_NARROW, see estimate/kernel.c): of vectors wider than a register compilers make two to three times the code. */
enum { BLOCK = 4 };
#ifdef KERNEL_NARROW
enum { LANES = 2 };
#define lanes_of(x) ((lanes){(x), (x)})
#else
enum { LANES = BLOCK };
#define lanes_of(x) ((lanes){(x), (x), (x), (x)})
#endif

typedef double lane_block __attribute__((vector_size(BLOCK * sizeof(double)), aligned(16)));
typedef int64_t block_mask __attribute__((vector_size(BLOCK * sizeof(int64_t)), aligned(16)));
typedef double lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(16)));
typedef int64_t lane_mask __attribute__((vector_size(LANES * sizeof(int64_t)), aligned(16)));

#define lanes_select(mask, yes, no) ((lanes)(((mask) & (lane_mask)(yes)) | (~(mask) & (lane_mask)(no))))

/* The arithmetic is compiled once more for other registers, with names of its own. */
#ifdef KERNEL_WIDE
#define KERNEL_NAME(name) name##_wide
#elif defined KERNEL_NARROW
#define KERNEL_NAME(name) name##_narrow
#endif

/* The lesser and the greater; the second where neither is, which is what x86's instructions give. */
#if defined KERNEL_WIDE && defined __AVX__
#define lanes_min(a, b) ((lanes)_mm256_min_pd((__m256d)(a), (__m256d)(b)))
#define lanes_max(a, b) ((lanes)_mm256_max_pd((__m256d)(a), (__m256d)(b)))
#elif defined KERNEL_NARROW && defined __SSE2__
#define lanes_min(a, b) ((lanes)_mm_min_pd((__m128d)(a), (__m128d)(b)))
#define lanes_max(a, b) ((lanes)_mm_max_pd((__m128d)(a), (__m128d)(b)))
#else
#define lanes_min(a, b) lanes_select((a) < (b), (a), (b))
#define lanes_max(a, b) lanes_select((b) < (a), (a), (b))
#endif

#define LANES_EACH(result, call)                 \
    do {                                         \
        for (int lane_ = 0; lane_ < LANES; lane_++) \
            (result)[lane_] = (call);            \
    } while (0)

static inline bool lanes_all(lane_mask mask)
{
    bool all = true;
    for (int i = 0; i < LANES; i++)
        all &= mask[i] != 0;
    return all;
}

/* Square roots; exactly rounded, so the same everywhere. */
static inline lanes lanes_root(lanes x)
{
    LANES_EACH(x, sqrt(x[lane_]));
    return x;
}

/* Whole numbers of values from 0 to 2^51, by the rounding of an addition. */
static inline lanes lanes_floor(lanes x)
{
    const lanes large = lanes_of(4503599627370496.0);
    lanes nearest = (x + large) - large;
    return nearest - lanes_select(nearest > x, lanes_of(1.0), lanes_of(0.0));
}

static inline lanes lanes_ceil(lanes x)
{
    const lanes large = lanes_of(4503599627370496.0);
    lanes nearest = (x + large) - large;
    return nearest + lanes_select(nearest < x, lanes_of(1.0), lanes_of(0.0));
}

#endif
