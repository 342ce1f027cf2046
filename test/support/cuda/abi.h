// What the driver and a kernel compiled by the fake NVRTC know of each other.
#pragma once

namespace fake {

struct Dim {
  unsigned x, y, z;
};

/** Given by the driver to a kernel at load. */
struct Runtime {
  void (*barrier)(unsigned site);
  /** Posts a value and waits for the lanes of `mask`; returns the 32 values posted, and in `present` whose they are. */
  const unsigned long long *(*exchange)(unsigned site, unsigned mask, unsigned long long value, unsigned *present);
  /** The lanes of this warp that arrive together where this is called. */
  unsigned (*converged)();
};

struct Kernel {
  const char *name;
  /** Runs one thread, as a fiber: kernels with barriers or warp operations. */
  void (*thread)(void **arguments);
  /** Runs a whole block, one thread after the other: all others. */
  void (*block)(void **arguments);
  unsigned parameters;
  const unsigned *sizes;
  /** Which parameters are pointers through which the kernel may write, and which it only reads through. */
  const char *pointers;
  unsigned maxThreads;
};

struct Object {
  Dim *thread, *block, *blockSize, *gridSize;
  char *sharedStart, *sharedEnd;
  const Kernel *kernels;
  unsigned kernelCount;
  Runtime *runtime;
};

/** Precedes the shared object's bytes in a "cubin". */
struct Image {
  char magic[8];
  unsigned toolkit;
  unsigned architecture;
  /** What all functions together put on the stack: no thread needs more, because none recurses. */
  unsigned long long stackBytes;
  unsigned long long length;
  unsigned long long digest;
};

constexpr char imageMagic[8] = {'F', 'A', 'K', 'E', 'C', 'U', 'B', '1'};

inline unsigned long long digestOf(const char *bytes, unsigned long long length) {
  unsigned long long digest = 0xcbf29ce484222325ull;
  for (unsigned long long at = 0; at < length; at++) digest = (digest ^ (unsigned char)bytes[at]) * 0x100000001b3ull;
  return digest;
}

}
