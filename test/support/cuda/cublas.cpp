// Matrix products with cuBLAS's functions: a plain column-major loop on a stream of the fake driver.
#include <dlfcn.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

/** The driver's functions, from the library beside this one. */
struct Driver {
  int (*current)(void **);
  int (*enqueue)(void *stream, int (*run)(void *), void *argument, void (*drop)(void *), const unsigned long long *ranges);
  int (*holds)(unsigned long long address, unsigned long long bytes);

  Driver() {
    void *library = dlopen(FAKE_FOLDER "/libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    current = reinterpret_cast<decltype(current)>(dlsym(library, "cuCtxGetCurrent"));
    enqueue = reinterpret_cast<decltype(enqueue)>(dlsym(library, "fake_enqueue"));
    holds = reinterpret_cast<decltype(holds)>(dlsym(library, "fake_holds"));
  }
};

static const Driver &driver() {
  static const Driver *loaded = new Driver();
  return *loaded;
}

namespace {

enum { SUCCESS = 0, NOT_INITIALIZED = 1, ALLOC_FAILED = 3, INVALID_VALUE = 7, EXECUTION_FAILED = 13, NOT_SUPPORTED = 15 };
enum Type { F32 = 0, F64 = 1, F16 = 2, BF16 = 14 };
enum Compute { C16F = 64, C32F = 68, C32F_PEDANTIC = 69, C64F = 70, C64F_PEDANTIC = 71, C32F_FAST_16F = 74, C32F_FAST_16BF = 75, C32F_FAST_TF32 = 77 };

struct Blas {
  void *context;
  void *stream = nullptr;
  int math = 0;
};

struct All {
  std::mutex mutex;
  std::set<Blas *> handles;
  std::map<std::string, std::pair<int, int>> injections;
  std::vector<std::string> calls;
};

All &all() {
  static All *made = new All();
  return *made;
}

int injected(const char *name) {
  auto &table = all().injections;
  auto found = table.find(name);
  if (found == table.end() || --found->second.first > 0) return SUCCESS;
  int code = found->second.second;
  table.erase(found);
  return code;
}

int admit(const char *name, Blas *blas) {
  if (int code = injected(name)) return code;
  return all().handles.count(blas) == 1 ? SUCCESS : NOT_INITIALIZED;
}

size_t bytesOf(int type) { return type == F64 ? 8 : type == F32 ? 4 : 2; }

float bitsToFloat(uint32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

uint32_t floatToBits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return bits;
}

float fromHalf(uint16_t half) {
  int exponent = half >> 10 & 31, fraction = half & 1023;
  float value = exponent == 31 ? (fraction ? NAN : INFINITY) : exponent ? ldexpf(float(1024 + fraction), exponent - 25) : ldexpf(float(fraction), -24);
  return half & 0x8000 ? -value : value;
}

uint16_t toHalf(float value) {
  uint16_t sign = floatToBits(value) >> 16 & 0x8000;
  float size = fabsf(value);
  if (std::isnan(value)) return 0x7e00;
  if (size >= 65520.0f) return sign | 0x7c00;
  if (size < 6.103515625e-05f) return sign | uint16_t(nearbyintf(size * 16777216.0f));
  int exponent;
  float fraction = frexpf(size, &exponent);
  return sign | uint16_t((exponent + 13) * 1024 + int(nearbyintf(fraction * 2048.0f)));
}

float roundTo(float value, int keptBits) {
  if (!std::isfinite(value)) return value;
  uint32_t bits = floatToBits(value), dropped = 23 - keptBits, half = 1u << (dropped - 1);
  bits += half - 1 + (bits >> dropped & 1);
  return bitsToFloat(bits >> dropped << dropped);
}

double load(const char *base, int64_t at, int type) {
  const char *from = base + at * int64_t(bytesOf(type));
  if (type == F64) { double value; memcpy(&value, from, 8); return value; }
  if (type == F32) { float value; memcpy(&value, from, 4); return value; }
  uint16_t bits;
  memcpy(&bits, from, 2);
  return type == F16 ? fromHalf(bits) : bitsToFloat(uint32_t(bits) << 16);
}

void store(char *base, int64_t at, int type, double value) {
  char *to = base + at * int64_t(bytesOf(type));
  if (type == F64) { memcpy(to, &value, 8); return; }
  float narrow = float(value);
  if (type == F32) { memcpy(to, &narrow, 4); return; }
  uint16_t bits = type == F16 ? toHalf(narrow) : uint16_t(floatToBits(roundTo(narrow, 7)) >> 16);
  memcpy(to, &bits, 2);
}

struct Product {
  bool transposeA, transposeB;
  int m, n, k, lda, ldb, ldc, batch, typeA, typeB, typeC, compute;
  int64_t strideA, strideB, strideC;
  double alpha, beta;
  const char *a, *b;
  char *c;
};

template <class Sum> void multiply(const Product &p) {
  auto read = [&](const char *base, int64_t at, int type) {
    double value = load(base, at, type);
    return p.compute == C32F_FAST_TF32 ? double(roundTo(float(value), 10)) : value;
  };
  std::vector<Sum> column(p.k), left(int64_t(p.m) * p.k);
  for (int item = 0; item < p.batch; item++) {
    const int64_t fromA = item * p.strideA, fromB = item * p.strideB, fromC = item * p.strideC;
    for (int i = 0; i < p.m; i++)
      for (int l = 0; l < p.k; l++)
        left[int64_t(i) * p.k + l] = Sum(read(p.a, fromA + (p.transposeA ? l + int64_t(i) * p.lda : i + int64_t(l) * p.lda), p.typeA));
    for (int j = 0; j < p.n; j++) {
      for (int l = 0; l < p.k; l++)
        column[l] = Sum(read(p.b, fromB + (p.transposeB ? j + int64_t(l) * p.ldb : l + int64_t(j) * p.ldb), p.typeB));
      for (int i = 0; i < p.m; i++) {
        Sum sum = 0;
        const Sum *row = &left[int64_t(i) * p.k];
        for (int l = 0; l < p.k; l++) sum += row[l] * column[l];
        int64_t at = fromC + i + int64_t(j) * p.ldc;
        Sum result = Sum(p.alpha) * sum;
        if (p.beta != 0) result += Sum(p.beta) * Sum(load(p.c, at, p.typeC));
        store(p.c, at, p.typeC, double(result));
      }
    }
  }
}

int runProduct(void *argument) {
  const auto &product = *static_cast<Product *>(argument);
  if (product.typeC == F64) multiply<double>(product);
  else multiply<float>(product);
  return 0;
}

void dropProduct(void *argument) { delete static_cast<Product *>(argument); }

bool supported(int compute, int a, int b, int c) {
  switch (compute) {
  case C16F: return a == F16 && b == F16 && c == F16;
  case C64F: case C64F_PEDANTIC: return a == F64 && b == F64 && c == F64;
  case C32F_FAST_TF32: case C32F_FAST_16F: case C32F_FAST_16BF: return a == F32 && b == F32 && c == F32;
  case C32F: case C32F_PEDANTIC: return a == b && (a == F32 || a == F16 || a == BF16) && (c == a || c == F32);
  default: return false;
  }
}

/** Bytes from the first element of the first matrix to the last of the last. */
unsigned long long extent(int rows, int columns, int ld, int64_t stride, int batch, int type) {
  if (rows == 0 || columns == 0 || batch == 0) return 0;
  return (uint64_t(stride) * (batch - 1) + uint64_t(ld) * (columns - 1) + rows) * bytesOf(type);
}

}

extern "C" {

/** Makes the n-th call from now of a function give `code`. */
void fake_blas_fail(const char *name, int nth, int code) {
  std::lock_guard<std::mutex> lock(all().mutex);
  if (nth <= 0) all().injections.erase(name);
  else all().injections[name] = {nth, code};
}

int fake_blas_handles() {
  std::lock_guard<std::mutex> lock(all().mutex);
  return int(all().handles.size());
}

int cublasCreate_v2(Blas **out) {
  std::lock_guard<std::mutex> lock(all().mutex);
  if (int code = injected("cublasCreate_v2")) return code;
  if (out == nullptr) return INVALID_VALUE;
  void *context = nullptr;
  if (driver().current(&context) != 0 || context == nullptr) return NOT_INITIALIZED;
  *out = new Blas{context};
  all().handles.insert(*out);
  return SUCCESS;
}

int cublasDestroy_v2(Blas *blas) {
  std::lock_guard<std::mutex> lock(all().mutex);
  if (int code = admit("cublasDestroy_v2", blas)) return code;
  all().handles.erase(blas);
  delete blas;
  return SUCCESS;
}

int cublasGetVersion_v2(Blas *blas, int *version) {
  std::lock_guard<std::mutex> lock(all().mutex);
  if (int code = admit("cublasGetVersion_v2", blas)) return code;
  const char *text = getenv("FAKE_CUBLAS_VERSION");
  *version = text == nullptr ? 130000 : atoi(text);
  return SUCCESS;
}

int cublasSetStream_v2(Blas *blas, void *stream) {
  std::lock_guard<std::mutex> lock(all().mutex);
  if (int code = admit("cublasSetStream_v2", blas)) return code;
  blas->stream = stream;
  return SUCCESS;
}

int cublasSetWorkspace_v2(Blas *blas, void *workspace, size_t bytes) {
  std::lock_guard<std::mutex> lock(all().mutex);
  if (int code = admit("cublasSetWorkspace_v2", blas)) return code;
  if (bytes == 0) return SUCCESS;
  auto address = reinterpret_cast<unsigned long long>(workspace);
  return address % 256 == 0 && driver().holds(address, bytes) ? SUCCESS : INVALID_VALUE;
}

int cublasSetMathMode(Blas *blas, int mode) {
  std::lock_guard<std::mutex> lock(all().mutex);
  if (int code = admit("cublasSetMathMode", blas)) return code;
  if ((mode & 15) > 3) return INVALID_VALUE;
  blas->math = mode;
  return SUCCESS;
}

int cublasGetMathMode(Blas *blas, int *mode) {
  std::lock_guard<std::mutex> lock(all().mutex);
  if (int code = admit("cublasGetMathMode", blas)) return code;
  *mode = blas->math;
  return SUCCESS;
}

const char *cublasGetStatusString(int code) {
  switch (code) {
  case 0: return "the cuBLAS operation completed successfully";
  case 1: return "the library was not initialized";
  case 3: return "the resource allocation failed";
  case 7: return "an invalid value was used as a parameter";
  case 13: return "the function failed to launch on the GPU";
  case 15: return "the requested functionality is not supported";
  default: return "unknown";
  }
}

int cublasGemmStridedBatchedEx(Blas *blas, int transA, int transB, int m, int n, int k, const void *alpha, const void *a, int typeA,
                               int lda, long long strideA, const void *b, int typeB, int ldb, long long strideB, const void *beta,
                               void *c, int typeC, int ldc, long long strideC, int batch, int compute, int algorithm) {
  std::lock_guard<std::mutex> lock(all().mutex);
  if (int code = admit("cublasGemmStridedBatchedEx", blas)) return code;
  void *context = nullptr;
  if (driver().current(&context) != 0 || context != blas->context) return EXECUTION_FAILED;
  if (transA < 0 || transA > 2 || transB < 0 || transB > 2 || m < 0 || n < 0 || k < 0 || batch < 0) return INVALID_VALUE;
  int rowsA = transA ? k : m, columnsA = transA ? m : k, rowsB = transB ? n : k, columnsB = transB ? k : n;
  if (lda < std::max(1, rowsA) || ldb < std::max(1, rowsB) || ldc < std::max(1, m)) return INVALID_VALUE;
  if (alpha == nullptr || beta == nullptr || strideA < 0 || strideB < 0 || strideC < 0) return INVALID_VALUE;
  if (algorithm < -1 || (algorithm > 23 && algorithm != 99 && (algorithm < 100 || algorithm > 115))) return INVALID_VALUE;
  if (!supported(compute, typeA, typeB, typeC)) return NOT_SUPPORTED;
  if (m == 0 || n == 0 || batch == 0) return SUCCESS;
  if (batch > 1 && strideC < int64_t(ldc) * (n - 1) + m) return INVALID_VALUE;
  auto inside = [](const void *base, unsigned long long bytes) {
    auto address = reinterpret_cast<unsigned long long>(base);
    return bytes == 0 || driver().holds(address, bytes);
  };
  const unsigned long long bytesA = extent(rowsA, columnsA, lda, strideA, batch, typeA);
  const unsigned long long bytesB = extent(rowsB, columnsB, ldb, strideB, batch, typeB);
  const unsigned long long bytesC = extent(m, n, ldc, strideC, batch, typeC);
  if (!inside(a, bytesA) || !inside(b, bytesB) || !inside(c, bytesC)) return EXECUTION_FAILED;
  std::vector<unsigned long long> ranges;
  auto use = [&](const void *base, unsigned long long bytes, bool writes) {
    if (bytes > 0) ranges.insert(ranges.end(), {reinterpret_cast<unsigned long long>(base), bytes, writes});
  };
  use(a, bytesA, false);
  use(b, bytesB, false);
  use(c, bytesC, true);
  ranges.insert(ranges.end(), {0, 0, 0});
  auto scale = [&](const void *at) {
    return compute == C64F || compute == C64F_PEDANTIC ? *static_cast<const double *>(at)
           : compute == C16F                           ? double(fromHalf(*static_cast<const uint16_t *>(at)))
                                                       : double(*static_cast<const float *>(at));
  };
  auto *product = new Product{transA != 0, transB != 0, m, n, k, lda, ldb, ldc, batch, typeA, typeB, typeC, compute,
                              strideA, strideB, strideC, scale(alpha), scale(beta), static_cast<const char *>(a),
                              static_cast<const char *>(b), static_cast<char *>(c)};
  return driver().enqueue(blas->stream, runProduct, product, dropProduct, ranges.data()) == 0 ? SUCCESS : EXECUTION_FAILED;
}
}
