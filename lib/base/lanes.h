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

enum { LANES = 4 };

typedef double lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(16)));
typedef int64_t lane_mask __attribute__((vector_size(LANES * sizeof(int64_t)), aligned(16)));

#define lanes_of(x) ((lanes){(x), (x), (x), (x)})
#define lanes_select(mask, yes, no) ((lanes)(((mask) & (lane_mask)(yes)) | (~(mask) & (lane_mask)(no))))

#ifdef KERNEL_WIDE
#define lanes_less(a, b) ((lane_mask)((a) < (b)))
#else
/* Registers of 16 bytes: compilers compare wider vectors lane by lane, which takes thrice the code. */
typedef double half_lanes __attribute__((vector_size(2 * sizeof(double))));
typedef int64_t half_mask __attribute__((vector_size(2 * sizeof(int64_t))));

static inline __attribute__((always_inline)) lane_mask lanes_less(lanes a, lanes b)
{
    half_mask low = __builtin_shufflevector(a, a, 0, 1) < __builtin_shufflevector(b, b, 0, 1);
    half_mask high = __builtin_shufflevector(a, a, 2, 3) < __builtin_shufflevector(b, b, 2, 3);
    return __builtin_shufflevector(low, high, 0, 1, 2, 3);
}
#endif

/* The lesser and the greater; the second where neither is, which is what x86's instructions give. */
#ifdef __AVX__
#define lanes_min(a, b) ((lanes)_mm256_min_pd((__m256d)(a), (__m256d)(b)))
#define lanes_max(a, b) ((lanes)_mm256_max_pd((__m256d)(a), (__m256d)(b)))
#elif defined __SSE2__
#define LANES_BY_HALVES(name, instruction)                                                                       \
    static inline __attribute__((always_inline)) lanes name(lanes a, lanes b)                                     \
    {                                                                                                             \
        half_lanes low = (half_lanes)instruction((__m128d)__builtin_shufflevector(a, a, 0, 1),                    \
                                                 (__m128d)__builtin_shufflevector(b, b, 0, 1));                   \
        half_lanes high = (half_lanes)instruction((__m128d)__builtin_shufflevector(a, a, 2, 3),                   \
                                                  (__m128d)__builtin_shufflevector(b, b, 2, 3));                  \
        return __builtin_shufflevector(low, high, 0, 1, 2, 3);                                                    \
    }
LANES_BY_HALVES(lanes_min, _mm_min_pd)
LANES_BY_HALVES(lanes_max, _mm_max_pd)
#else
#define lanes_min(a, b) lanes_select(lanes_less(a, b), (a), (b))
#define lanes_max(a, b) lanes_select(lanes_less(b, a), (a), (b))
#endif

#define LANES_EACH(result, call)                 \
    do {                                         \
        for (int lane_ = 0; lane_ < LANES; lane_++) \
            (result)[lane_] = (call);            \
    } while (0)

static inline bool lanes_all(lane_mask mask)
{
    return mask[0] & mask[1] & mask[2] & mask[3];
}

/* Square roots; exactly rounded, so the same everywhere. */
static inline lanes lanes_root(lanes x)
{
    return (lanes){sqrt(x[0]), sqrt(x[1]), sqrt(x[2]), sqrt(x[3])};
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
