// The arithmetic of CUDA that kernels may use.
#pragma once

#define FAKE_1(name) \
  extern "C" double name(double); \
  extern "C" float name##f(float); \
  static inline float name(float x) { return name##f(x); }
#define FAKE_2(name) \
  extern "C" double name(double, double); \
  extern "C" float name##f(float, float); \
  static inline float name(float x, float y) { return name##f(x, y); }

FAKE_1(sin) FAKE_1(cos) FAKE_1(tan) FAKE_1(asin) FAKE_1(acos) FAKE_1(atan)
FAKE_1(sinh) FAKE_1(cosh) FAKE_1(tanh) FAKE_1(asinh) FAKE_1(acosh) FAKE_1(atanh)
FAKE_1(exp) FAKE_1(exp2) FAKE_1(expm1) FAKE_1(log) FAKE_1(log2) FAKE_1(log10) FAKE_1(log1p)
FAKE_1(sqrt) FAKE_1(cbrt) FAKE_1(floor) FAKE_1(ceil) FAKE_1(trunc) FAKE_1(round) FAKE_1(rint) FAKE_1(nearbyint)
FAKE_1(fabs) FAKE_1(erf) FAKE_1(erfc) FAKE_1(lgamma) FAKE_1(tgamma) FAKE_1(logb)
FAKE_2(pow) FAKE_2(atan2) FAKE_2(fmod) FAKE_2(remainder) FAKE_2(fmin) FAKE_2(fmax) FAKE_2(copysign) FAKE_2(hypot)
FAKE_2(nextafter) FAKE_2(fdim)

extern "C" double fma(double, double, double);
extern "C" float fmaf(float, float, float);
static inline float fma(float a, float b, float c) { return fmaf(a, b, c); }
extern "C" double ldexp(double, int);
extern "C" float ldexpf(float, int);
static inline float ldexp(float x, int n) { return ldexpf(x, n); }
extern "C" double scalbn(double, int);
extern "C" float scalbnf(float, int);
extern "C" double frexp(double, int *);
extern "C" float frexpf(float, int *);
static inline float frexp(float x, int *n) { return frexpf(x, n); }
extern "C" double modf(double, double *);
extern "C" float modff(float, float *);
static inline float modf(float x, float *whole) { return modff(x, whole); }
extern "C" int ilogbf(float);
extern "C" int ilogb(double);
extern "C" int abs(int);
extern "C" long labs(long);
extern "C" long long llabs(long long);
static inline long abs(long x) { return x < 0 ? -x : x; }
static inline long long abs(long long x) { return x < 0 ? -x : x; }
static inline float abs(float x) { return fabsf(x); }
static inline double abs(double x) { return fabs(x); }
static inline bool isnan(float x) { return __builtin_isnan(x); }
static inline bool isnan(double x) { return __builtin_isnan(x); }
static inline bool isinf(float x) { return __builtin_isinf(x); }
static inline bool isinf(double x) { return __builtin_isinf(x); }
static inline bool isfinite(float x) { return __builtin_isfinite(x); }
static inline bool isfinite(double x) { return __builtin_isfinite(x); }
static inline bool signbit(float x) { return __builtin_signbit(x); }
static inline bool signbit(double x) { return __builtin_signbit(x); }
static inline float rsqrtf(float x) { return float(1.0 / __builtin_sqrt(double(x))); }
static inline double rsqrt(double x) { return 1.0 / sqrt(x); }
static inline float rsqrt(float x) { return rsqrtf(x); }
static inline float exp10f(float x) { return powf(10.0f, x); }
static inline float __saturatef(float x) { return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f; }
static inline float __expf(float x) { return expf(x); }
static inline float __logf(float x) { return logf(x); }
static inline float __log2f(float x) { return log2f(x); }
static inline float __sinf(float x) { return sinf(x); }
static inline float __cosf(float x) { return cosf(x); }
static inline float __powf(float x, float y) { return powf(x, y); }
static inline float __fdividef(float x, float y) { return x / y; }
static inline void sincosf(float x, float *s, float *c) { *s = sinf(x); *c = cosf(x); }
static inline void sincos(double x, double *s, double *c) { *s = sin(x); *c = cos(x); }

#define FAKE_ORDER(type) \
  static inline type min(type a, type b) { return b < a ? b : a; } \
  static inline type max(type a, type b) { return a < b ? b : a; }
FAKE_ORDER(int) FAKE_ORDER(unsigned) FAKE_ORDER(long) FAKE_ORDER(unsigned long) FAKE_ORDER(long long) FAKE_ORDER(unsigned long long)
static inline unsigned min(int a, unsigned b) { return min(unsigned(a), b); }
static inline unsigned min(unsigned a, int b) { return min(a, unsigned(b)); }
static inline unsigned max(int a, unsigned b) { return max(unsigned(a), b); }
static inline unsigned max(unsigned a, int b) { return max(a, unsigned(b)); }
static inline float min(float a, float b) { return fminf(a, b); }
static inline float max(float a, float b) { return fmaxf(a, b); }
static inline double min(double a, double b) { return fmin(a, b); }
static inline double max(double a, double b) { return fmax(a, b); }

static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
static inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(unsigned(x)); }
static inline int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll((unsigned long long)x); }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __ffsll(long long x) { return __builtin_ffsll(x); }
static inline unsigned long long __brevll(unsigned long long x) {
  x = __builtin_bswap64(x);
  x = (x & 0x0f0f0f0f0f0f0f0full) << 4 | (x >> 4 & 0x0f0f0f0f0f0f0f0full);
  x = (x & 0x3333333333333333ull) << 2 | (x >> 2 & 0x3333333333333333ull);
  return (x & 0x5555555555555555ull) << 1 | (x >> 1 & 0x5555555555555555ull);
}
static inline unsigned __brev(unsigned x) { return unsigned(__brevll(x) >> 32); }
static inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned((unsigned long long)a * b >> 32); }
static inline int __mulhi(int a, int b) { return int((long long)a * b >> 32); }
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) { return (unsigned long long)((unsigned __int128)a * b >> 64); }
static inline long long __mul64hi(long long a, long long b) { return (long long)((__int128)a * b >> 64); }
static inline unsigned __funnelshift_l(unsigned low, unsigned high, unsigned by) {
  return unsigned((((unsigned long long)high << 32 | low) << (by & 31)) >> 32);
}
static inline unsigned __funnelshift_r(unsigned low, unsigned high, unsigned by) {
  return unsigned(((unsigned long long)high << 32 | low) >> (by & 31));
}
static inline unsigned __byte_perm(unsigned a, unsigned b, unsigned selector) {
  unsigned long long bytes = (unsigned long long)b << 32 | a;
  unsigned out = 0;
  for (int at = 0; at < 4; at++) {
    unsigned which = selector >> (4 * at) & 15;
    unsigned byte = bytes >> (8 * (which & 7)) & 255;
    if (which & 8) byte = byte & 128 ? 255 : 0;
    out |= byte << (8 * at);
  }
  return out;
}
template <class T> static inline T __ldg(const T *at) { return *at; }

template <class To, class From> static inline To fake_bits(From from) {
  static_assert(sizeof(To) == sizeof(From), "sizes differ");
  To to;
  __builtin_memcpy(&to, &from, sizeof to);
  return to;
}
static inline int __float_as_int(float x) { return fake_bits<int>(x); }
static inline unsigned __float_as_uint(float x) { return fake_bits<unsigned>(x); }
static inline float __int_as_float(int x) { return fake_bits<float>(x); }
static inline float __uint_as_float(unsigned x) { return fake_bits<float>(x); }
static inline long long __double_as_longlong(double x) { return fake_bits<long long>(x); }
static inline double __longlong_as_double(long long x) { return fake_bits<double>(x); }
static inline int __double2loint(double x) { return int(__double_as_longlong(x)); }
static inline int __double2hiint(double x) { return int(__double_as_longlong(x) >> 32); }
static inline double __hiloint2double(int high, int low) {
  return __longlong_as_double((long long)((unsigned long long)unsigned(high) << 32 | unsigned(low)));
}

/** As PTX's cvt: towards zero, saturating, NaN is 0 (for 64 bits the smallest negative or the largest). */
#define FAKE_CONVERT(name, to, from, low, high, least, most, nan) \
  static inline to name(from x) { return x != x ? (to)(nan) : x <= (low) ? (to)(least) : x >= (high) ? (to)(most) : (to)x; }
#define FAKE_CONVERTS(prefix, from) \
  FAKE_CONVERT(prefix##2int_rz, int, from, (from)-2147483648.0, (from)2147483648.0, -2147483647 - 1, 2147483647, 0) \
  FAKE_CONVERT(prefix##2uint_rz, unsigned, from, (from)0, (from)4294967296.0, 0, 4294967295u, 0) \
  FAKE_CONVERT(prefix##2ll_rz, long long, from, (from)-9223372036854775808.0, (from)9223372036854775808.0, -9223372036854775807ll - 1, \
               9223372036854775807ll, -9223372036854775807ll - 1) \
  FAKE_CONVERT(prefix##2ull_rz, unsigned long long, from, (from)0, (from)18446744073709551616.0, 0, 18446744073709551615ull, \
               9223372036854775808ull)
FAKE_CONVERTS(__float, float)
FAKE_CONVERTS(__double, double)
static inline int __float2int_rn(float x) { return __float2int_rz(rintf(x)); }
static inline float __int2float_rn(int x) { return float(x); }
static inline float __uint2float_rn(unsigned x) { return float(x); }
static inline float __ll2float_rn(long long x) { return float(x); }
static inline float __ull2float_rn(unsigned long long x) { return float(x); }
static inline double __int2double_rn(int x) { return double(x); }
static inline double __uint2double_rn(unsigned x) { return double(x); }
static inline double __ll2double_rn(long long x) { return double(x); }
static inline double __ull2double_rn(unsigned long long x) { return double(x); }
static inline float __double2float_rn(double x) { return float(x); }

#define FAKE_ROUNDED(prefix, type, multiply) \
  static inline type prefix##add_rn(type a, type b) { volatile type sum = a + b; return sum; } \
  static inline type prefix##sub_rn(type a, type b) { volatile type difference = a - b; return difference; } \
  static inline type prefix##mul_rn(type a, type b) { volatile type product = a * b; return product; } \
  static inline type prefix##div_rn(type a, type b) { return a / b; } \
  static inline type prefix##sqrt_rn(type a) { return sqrt(a); } \
  static inline type prefix##rcp_rn(type a) { return 1 / a; } \
  static inline type multiply(type a, type b, type c) { return fma(a, b, c); }
FAKE_ROUNDED(__f, float, __fmaf_rn)
FAKE_ROUNDED(__d, double, __fma_rn)

#define FAKE_VECTORS(type, name, pair, quad) \
  struct __attribute__((aligned(pair))) name##2 { type x, y; }; \
  struct name##3 { type x, y, z; }; \
  struct __attribute__((aligned(quad))) name##4 { type x, y, z, w; }; \
  static inline name##2 make_##name##2(type x, type y) { return {x, y}; } \
  static inline name##3 make_##name##3(type x, type y, type z) { return {x, y, z}; } \
  static inline name##4 make_##name##4(type x, type y, type z, type w) { return {x, y, z, w}; }
#define uint3 fake_uint3
FAKE_VECTORS(float, float, 8, 16)
FAKE_VECTORS(double, double, 16, 16)
FAKE_VECTORS(int, int, 8, 16)
FAKE_VECTORS(long long, longlong, 16, 16)
FAKE_VECTORS(unsigned long long, ulonglong, 16, 16)
FAKE_VECTORS(unsigned char, uchar, 2, 4)
FAKE_VECTORS(unsigned short, ushort, 4, 8)
#undef uint3
struct __attribute__((aligned(8))) uint2 { unsigned x, y; };
struct __attribute__((aligned(16))) uint4 { unsigned x, y, z, w; };
static inline uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
static inline fake::Dim make_uint3(unsigned x, unsigned y, unsigned z) { return {x, y, z}; }
static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }
