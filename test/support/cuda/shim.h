// CUDA C++ as g++ can compile it: put before a kernel's text by the fake NVRTC. No header of the system is included,
// because reading them takes longer than compiling a kernel.
#pragma once
#include "abi.h"

#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __launch_bounds__(...)
#define __align__(n) __attribute__((aligned(n)))
#define __shared__ static __attribute__((section("fake_shared")))
// g++ takes the standard form only at the start of a declaration, which __shared__ is.
#define alignas(...) __attribute__((aligned(__VA_ARGS__)))
#define __CUDACC__ 1
#define __CUDACC_RTC__ 1
#ifndef __restrict__
#define __restrict__ __restrict
#endif

typedef __SIZE_TYPE__ size_t;
typedef __PTRDIFF_TYPE__ ptrdiff_t;
typedef fake::Dim uint3;
struct dim3 : fake::Dim {
  dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : fake::Dim{a, b, c} {}
};

static fake::Dim threadIdx, blockIdx, blockDim, gridDim;
constexpr int warpSize = 32;
static fake::Runtime fake_runtime;
__attribute__((section("fake_shared"), used)) static char fake_shared_start_marker[16] = {1};
extern "C" char __start_fake_shared[] __attribute__((visibility("hidden")));
extern "C" char __stop_fake_shared[] __attribute__((visibility("hidden")));

#define FAKE_SITE (unsigned(__LINE__) << 8 | (__COUNTER__ & 255))
#define __syncthreads() fake_runtime.barrier(FAKE_SITE)
#define __syncwarp(...) fake_lanes(FAKE_SITE, fake_mask(__VA_ARGS__), 0)
#define __activemask() fake_runtime.converged()
#define __threadfence() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define __threadfence_block() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define __threadfence_system() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define __trap() __builtin_trap()

struct FakeLanes {
  unsigned long long value[32];
  unsigned present;
};

static inline unsigned fake_mask(unsigned mask = 0xffffffffu) { return mask; }

static inline unsigned fake_lane() {
  return (threadIdx.x + blockDim.x * (threadIdx.y + blockDim.y * threadIdx.z)) % 32;
}

static inline FakeLanes fake_lanes(unsigned site, unsigned mask, unsigned long long posted) {
  FakeLanes lanes;
  const unsigned long long *values = fake_runtime.exchange(site, mask, posted, &lanes.present);
  __builtin_memcpy(lanes.value, values, sizeof lanes.value);
  return lanes;
}

template <class T> static inline unsigned long long fake_post(T value) {
  static_assert(sizeof(T) <= 8, "warp operations take up to 8 bytes");
  unsigned long long bits = 0;
  __builtin_memcpy(&bits, &value, sizeof(T));
  return bits;
}

/** What lanes that are not there give is not defined. */
template <class T> static inline T fake_take(const FakeLanes &lanes, unsigned lane) {
  unsigned long long bits = lanes.present >> lane & 1 ? lanes.value[lane] : 0xdeadbeefdeadbeefull;
  T value;
  __builtin_memcpy(&value, &bits, sizeof(T));
  return value;
}

enum FakeShuffle { FAKE_INDEX, FAKE_UP, FAKE_DOWN, FAKE_XOR };

template <class T> static inline T fake_shuffle(unsigned site, FakeShuffle kind, unsigned mask, T value, unsigned by, int width = 32) {
  FakeLanes lanes = fake_lanes(site, mask, fake_post(value));
  unsigned lane = fake_lane(), first = lane / width * width, last = first + width - 1;
  unsigned from = kind == FAKE_INDEX ? first + by % width : kind == FAKE_UP ? lane - by : kind == FAKE_DOWN ? lane + by : lane ^ by;
  if (kind == FAKE_UP ? by > lane - first : from > last) from = lane;
  return fake_take<T>(lanes, from);
}

#define __shfl_sync(mask, ...) fake_shuffle(FAKE_SITE, FAKE_INDEX, mask, __VA_ARGS__)
#define __shfl_up_sync(mask, ...) fake_shuffle(FAKE_SITE, FAKE_UP, mask, __VA_ARGS__)
#define __shfl_down_sync(mask, ...) fake_shuffle(FAKE_SITE, FAKE_DOWN, mask, __VA_ARGS__)
#define __shfl_xor_sync(mask, ...) fake_shuffle(FAKE_SITE, FAKE_XOR, mask, __VA_ARGS__)

static inline unsigned fake_ballot(const FakeLanes &lanes) {
  unsigned set = 0;
  for (int lane = 0; lane < 32; lane++)
    if ((lanes.present >> lane & 1) && lanes.value[lane] != 0) set |= 1u << lane;
  return set;
}

#define __ballot_sync(mask, value) fake_ballot(fake_lanes(FAKE_SITE, mask, (value) ? 1 : 0))
static inline int fake_any(const FakeLanes &lanes) { return fake_ballot(lanes) != 0; }
static inline int fake_all(const FakeLanes &lanes) { return fake_ballot(lanes) == lanes.present; }
#define __any_sync(mask, value) fake_any(fake_lanes(FAKE_SITE, mask, (value) ? 1 : 0))
#define __all_sync(mask, value) fake_all(fake_lanes(FAKE_SITE, mask, (value) ? 1 : 0))

template <class T, class F> static inline T fake_reduce(const FakeLanes &lanes, T, F combine) {
  bool first = true;
  T total{};
  for (int lane = 0; lane < 32; lane++) {
    if (!(lanes.present >> lane & 1)) continue;
    T value = fake_take<T>(lanes, lane);
    total = first ? value : combine(total, value);
    first = false;
  }
  return total;
}

#define FAKE_REDUCE(mask, value, expression) \
  fake_reduce(fake_lanes(FAKE_SITE, mask, fake_post(value)), value, [](auto a, auto b) { return decltype(a)(expression); })
#define __reduce_add_sync(mask, value) FAKE_REDUCE(mask, value, (unsigned)a + (unsigned)b)
#define __reduce_min_sync(mask, value) FAKE_REDUCE(mask, value, a < b ? a : b)
#define __reduce_max_sync(mask, value) FAKE_REDUCE(mask, value, a > b ? a : b)
#define __reduce_and_sync(mask, value) FAKE_REDUCE(mask, value, a & b)
#define __reduce_or_sync(mask, value) FAKE_REDUCE(mask, value, a | b)
#define __reduce_xor_sync(mask, value) FAKE_REDUCE(mask, value, a ^ b)

template <class T> struct FakeSame { typedef T type; };

#define FAKE_ATOMIC(name, expression) \
  template <class T> static inline T name(T *at, typename FakeSame<T>::type b) { \
    T a = __atomic_load_n(at, __ATOMIC_RELAXED); \
    while (!__atomic_compare_exchange_n(at, &a, (T)(expression), false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {} \
    return a; \
  }
template <class T> static inline T atomicAdd(T *at, typename FakeSame<T>::type b) { return __atomic_fetch_add(at, b, __ATOMIC_RELAXED); }
template <class T> static inline T atomicSub(T *at, typename FakeSame<T>::type b) { return __atomic_fetch_sub(at, b, __ATOMIC_RELAXED); }
template <class T> static inline T atomicAnd(T *at, typename FakeSame<T>::type b) { return __atomic_fetch_and(at, b, __ATOMIC_RELAXED); }
template <class T> static inline T atomicOr(T *at, typename FakeSame<T>::type b) { return __atomic_fetch_or(at, b, __ATOMIC_RELAXED); }
template <class T> static inline T atomicXor(T *at, typename FakeSame<T>::type b) { return __atomic_fetch_xor(at, b, __ATOMIC_RELAXED); }
template <class T> static inline T atomicExch(T *at, typename FakeSame<T>::type b) { return __atomic_exchange_n(at, b, __ATOMIC_RELAXED); }
FAKE_ATOMIC(atomicMin, b < a ? b : a)
FAKE_ATOMIC(atomicMax, b > a ? b : a)
template <class T> static inline T atomicCAS(T *at, typename FakeSame<T>::type expected, typename FakeSame<T>::type desired) {
  T seen = expected;
  __atomic_compare_exchange_n(at, &seen, desired, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  return seen;
}

#include "shim-math.h"


template <unsigned... I> struct FakeIndices {};
template <unsigned N, unsigned... I> struct FakeCount : FakeCount<N - 1, N - 1, I...> {};
template <unsigned... I> struct FakeCount<0, I...> { typedef FakeIndices<I...> type; };

template <class T> struct FakePointer { static constexpr char kind = '.'; };
template <class T> struct FakePointer<T *> { static constexpr char kind = 'w'; };
template <class T> struct FakePointer<const T *> { static constexpr char kind = 'r'; };
template <class T> struct FakePointer<T *__restrict> : FakePointer<T *> {};
template <class T> struct FakePointer<T *const> : FakePointer<T *> {};
template <class T> struct FakePointer<T *const __restrict> : FakePointer<T *> {};

template <auto F> struct FakeKernel;
template <class... P, void (*F)(P...)> struct FakeKernel<F> {
  static constexpr unsigned count = sizeof...(P);
  static constexpr unsigned sizes[sizeof...(P) + 1] = {sizeof(P)..., 0};
  static constexpr char pointers[sizeof...(P) + 1] = {FakePointer<P>::kind..., 0};
  template <unsigned... I> static inline void call(void **arguments, FakeIndices<I...>) {
    (void)arguments;
    F(*static_cast<P *>(arguments[I])...);
  }
  static void thread(void **arguments) { call(arguments, typename FakeCount<sizeof...(P)>::type()); }
  static void block(void **arguments) {
    __builtin_memset(__start_fake_shared, 0xcd, __stop_fake_shared - __start_fake_shared);
    for (threadIdx.z = 0; threadIdx.z < blockDim.z; threadIdx.z++)
      for (threadIdx.y = 0; threadIdx.y < blockDim.y; threadIdx.y++)
        for (threadIdx.x = 0; threadIdx.x < blockDim.x; threadIdx.x++) thread(arguments);
  }
};

#define FAKE_TABLE_BEGIN static const fake::Kernel fake_kernels[] = {
#define FAKE_FIBERS(name, threads) {#name, FakeKernel<&name>::thread, nullptr, FakeKernel<&name>::count, FakeKernel<&name>::sizes, FakeKernel<&name>::pointers, threads},
#define FAKE_PLAIN(name, threads) {#name, nullptr, FakeKernel<&name>::block, FakeKernel<&name>::count, FakeKernel<&name>::sizes, FakeKernel<&name>::pointers, threads},
#define FAKE_TABLE_END {nullptr, nullptr, nullptr, 0, nullptr, nullptr, 0}}; \
  extern "C" __attribute__((visibility("default"))) const fake::Object fake_object = { \
    &threadIdx, &blockIdx, &blockDim, &gridDim, __start_fake_shared, __stop_fake_shared, \
    fake_kernels, sizeof fake_kernels / sizeof *fake_kernels - 1, &fake_runtime};
