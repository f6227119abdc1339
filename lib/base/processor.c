/* What the processor can do, by its own instruction (Intel SDM, vol. 1, sec. 14.3 and 14.7.1). The compiler's
 * __builtin_cpu_supports() would bring the names of all processors along, which is 5 kB. */
#include "base/processor.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <stdatomic.h>

enum { KEPT = 6 }; /* the registers of 128 bits, and their upper halves */

static bool ask(void)
{
    unsigned a, b, c, d, low, high;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE))
        return false;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (low & KEPT) == KEPT && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_AVX2);
}

bool processor_has_avx2(void)
{
    static atomic_int known; /* 0: not asked yet; a virtual machine takes long to answer */
    int answer = atomic_load_explicit(&known, memory_order_relaxed);
    if (!answer) {
        answer = ask() ? 1 : -1;
        atomic_store_explicit(&known, answer, memory_order_relaxed);
    }
    return answer > 0;
}
#else
bool processor_has_avx2(void)
{
    return false;
}
#endif
