#include <sys/mman.h>

#include <cstring>

#include "state.h"

namespace fake {

constexpr size_t pageBytes = 4096;
/** What is left unmapped on both sides: strays end here, not in other memory. */
constexpr size_t marginBytes = 16 << 20;
constexpr size_t alignment = 256;
constexpr unsigned char poison = 0xcd;
constexpr size_t quarantined = 2048;

/** Pages of its own, ending at one that cannot be touched; what is there is not zero. */
Result allocate(Context *context, std::map<Pointer, Allocation> &table, size_t bytes, Pointer *out) {
  size_t padded = (bytes + alignment - 1) / alignment * alignment;
  size_t body = (padded + pageBytes - 1) / pageBytes * pageBytes;
  size_t whole = body + 2 * marginBytes;
  void *mapped = mmap(nullptr, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) return OUT_OF_MEMORY;
  char *mapping = static_cast<char *>(mapped);
  if (mprotect(mapping + marginBytes, body, PROT_READ | PROT_WRITE) != 0) {
    munmap(mapped, whole);
    return OUT_OF_MEMORY;
  }
  char *start = mapping + marginBytes + (body - padded);
  memset(start, poison, padded);
  Pointer base = word(start);
  table[base] = Allocation{context, base, bytes, mapping, whole};
  *out = base;
  return SUCCESS;
}

static void discard(const Allocation &allocation) {
  auto &quarantine = state().quarantine;
  mmap(allocation.mapping, allocation.mappingBytes, PROT_NONE,
       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  quarantine.push_back(allocation);
  if (quarantine.size() <= quarantined) return;
  munmap(quarantine.front().mapping, quarantine.front().mappingBytes);
  quarantine.pop_front();
}

void release(std::map<Pointer, Allocation> &table, Pointer base) {
  auto found = table.find(base);
  if (&table == &state().memory) found->second.context->device->usedBytes -= found->second.bytes;
  forgetAccesses(found->second.base, found->second.bytes);
  discard(found->second);
  table.erase(found);
}

void releaseMemory(Context *context) {
  for (auto *table : {&state().memory, &state().pinned}) {
    std::vector<Pointer> owned;
    for (auto &[base, allocation] : *table)
      if (allocation.context == context) owned.push_back(base);
    for (Pointer base : owned) release(*table, base);
  }
}

const Allocation *holding(const std::map<Pointer, Allocation> &table, Pointer address, size_t bytes) {
  auto after = table.upper_bound(address);
  if (after == table.begin()) return nullptr;
  const Allocation &allocation = std::prev(after)->second;
  return address + bytes <= allocation.base + allocation.bytes ? &allocation : nullptr;
}

/** Device memory or mapped page-locked memory that this context may use. */
static bool isDevice(Context *context, Pointer address, size_t bytes) {
  const Allocation *found = holding(state().memory, address, bytes);
  if (found != nullptr) return found->context == context;
  return holding(state().pinned, address, bytes) != nullptr;
}

enum class Host { PAGEABLE, PINNED, WRONG };

static Host hostKind(Pointer address, size_t bytes) {
  if (holding(state().pinned, address, bytes) != nullptr) return Host::PINNED;
  if (holding(state().pinned, address, 1) != nullptr || holding(state().memory, address, 1) != nullptr) return Host::WRONG;
  return Host::PAGEABLE;
}

static std::function<Result()> copy(Pointer to, Pointer from, size_t bytes) {
  return [=]() -> Result {
    {
      Lock lock(state().mutex);
      if (Result code = injected("copy")) return code;
    }
    memmove(reinterpret_cast<void *>(to), reinterpret_cast<const void *>(from), bytes);
    return SUCCESS;
  };
}

static bool overlap(Pointer a, Pointer b, size_t bytes) { return a < b + bytes && b < a + bytes; }

}

using namespace fake;

extern "C" {

Result cuMemGetInfo_v2(size_t *free, size_t *total) {
  return api("cuMemGetInfo_v2", LIVE, {}, [&](Context *context, Lock &) -> Result {
    const Device &device = *context->device;
    size_t taken = size_t(state().config.number("taken", 0)) + device.usedBytes;
    if (free != nullptr) *free = taken > device.totalBytes ? 0 : device.totalBytes - taken;
    if (total != nullptr) *total = device.totalBytes;
    return SUCCESS;
  });
}

Result cuMemAlloc_v2(Pointer *out, size_t bytes) {
  return api("cuMemAlloc_v2", LIVE, {bytes}, [&](Context *context, Lock &) -> Result {
    if (out == nullptr || bytes == 0) return INVALID_VALUE;
    if (Result code = unsafeInCapture(context)) return code;
    Device &device = *context->device;
    size_t taken = size_t(state().config.number("taken", 0)) + device.usedBytes;
    if (taken > device.totalBytes || bytes > device.totalBytes - taken) return OUT_OF_MEMORY;
    if (Result code = allocate(context, state().memory, bytes, out)) return code;
    device.usedBytes += bytes;
    return SUCCESS;
  });
}

/** As the real one, waits for the context's work: freed memory may still be in use by it. */
static Result freeMemory(const char *name, std::map<Pointer, Allocation> &table, Pointer base) {
  return api(name, LIVE, {base}, [&](Context *context, Lock &lock) -> Result {
    if (base == 0) return &table == &state().memory ? SUCCESS : INVALID_VALUE;
    auto found = table.find(base);
    if (found == table.end() || found->second.context != context) return INVALID_VALUE;
    if (Result code = unsafeInCapture(context)) return code;
    if (!isIdle(context)) state().stats.implicitWaits++;
    waitForContext(lock, context);
    if (table.count(base) == 0) return INVALID_VALUE;
    release(table, base);
    return context->failure;
  });
}

Result cuMemFree_v2(Pointer base) { return freeMemory("cuMemFree_v2", state().memory, base); }

Result cuMemFreeHost(void *base) { return freeMemory("cuMemFreeHost", state().pinned, word(base)); }

Result cuMemHostAlloc(void **out, size_t bytes, unsigned flags) {
  return api("cuMemHostAlloc", LIVE, {bytes, flags}, [&](Context *context, Lock &) -> Result {
    if (out == nullptr || bytes == 0 || flags > 7) return INVALID_VALUE;
    if (Result code = unsafeInCapture(context)) return code;
    Pointer base = 0;
    Result code = allocate(context, state().pinned, bytes, &base);
    *out = reinterpret_cast<void *>(base);
    return code;
  });
}

Result cuMemHostGetDevicePointer_v2(Pointer *out, void *host, unsigned flags) {
  return api("cuMemHostGetDevicePointer_v2", LIVE, {word(host), flags}, [&](Context *, Lock &) -> Result {
    if (out == nullptr || flags != 0 || holding(state().pinned, word(host), 1) == nullptr) return INVALID_VALUE;
    *out = word(host);
    return SUCCESS;
  });
}

Result cuMemcpyHtoDAsync_v2(Pointer to, const void *from, size_t bytes, Handle handle) {
  return api("cuMemcpyHtoDAsync_v2", LIVE, {to, word(from), bytes, word(handle)}, [&](Context *context, Lock &) -> Result {
    Result code;
    Stream *stream = streamFor(context, handle, code);
    if (stream == nullptr) return code;
    if (bytes == 0) return SUCCESS;
    Host kind = hostKind(word(from), bytes);
    if (from == nullptr || kind == Host::WRONG || !isDevice(context, to, bytes)) return INVALID_VALUE;
    if (kind == Host::PINNED || stream->capture) {
      enqueue(stream, copy(to, word(from), bytes), {{to, bytes, true}, {word(from), bytes, false}});
      return SUCCESS;
    }
    auto staged = std::make_shared<std::string>(static_cast<const char *>(from), bytes);
    auto upload = copy(to, word(staged->data()), bytes);
    enqueue(stream, [staged, upload] { return upload(); }, {{to, bytes, true}});
    return SUCCESS;
  });
}

Result cuMemcpyDtoHAsync_v2(void *to, Pointer from, size_t bytes, Handle handle) {
  return api("cuMemcpyDtoHAsync_v2", LIVE, {word(to), from, bytes, word(handle)}, [&](Context *context, Lock &lock) -> Result {
    Result code;
    Stream *stream = streamFor(context, handle, code);
    if (stream == nullptr) return code;
    if (bytes == 0) return SUCCESS;
    Host kind = hostKind(word(to), bytes);
    if (to == nullptr || kind == Host::WRONG || !isDevice(context, from, bytes)) return INVALID_VALUE;
    auto point = enqueue(stream, copy(word(to), from, bytes), {{word(to), bytes, true}, {from, bytes, false}});
    if (kind == Host::PINNED || !point) return SUCCESS;
    state().stats.blockedCopies++;
    waitFor(lock, point);
    return context->failure;
  });
}

Result cuMemcpyDtoDAsync_v2(Pointer to, Pointer from, size_t bytes, Handle handle) {
  return api("cuMemcpyDtoDAsync_v2", LIVE, {to, from, bytes, word(handle)}, [&](Context *context, Lock &) -> Result {
    Result code;
    Stream *stream = streamFor(context, handle, code);
    if (stream == nullptr) return code;
    if (bytes == 0) return SUCCESS;
    if (!isDevice(context, to, bytes) || !isDevice(context, from, bytes) || overlap(to, from, bytes)) return INVALID_VALUE;
    enqueue(stream, copy(to, from, bytes), {{to, bytes, true}, {from, bytes, false}});
    return SUCCESS;
  });
}

Result cuMemsetD8Async(Pointer to, unsigned char value, size_t bytes, Handle handle) {
  return api("cuMemsetD8Async", LIVE, {to, value, bytes, word(handle)}, [&](Context *context, Lock &) -> Result {
    Result code;
    Stream *stream = streamFor(context, handle, code);
    if (stream == nullptr) return code;
    if (bytes == 0) return SUCCESS;
    if (!isDevice(context, to, bytes)) return INVALID_VALUE;
    auto fill = [=]() -> Result {
      memset(reinterpret_cast<void *>(to), value, bytes);
      return SUCCESS;
    };
    enqueue(stream, fill, {{to, bytes, true}});
    return SUCCESS;
  });
}

Result cuMemsetD32Async(Pointer to, unsigned value, size_t count, Handle handle) {
  return api("cuMemsetD32Async", LIVE, {to, value, count, word(handle)}, [&](Context *context, Lock &) -> Result {
    Result code;
    Stream *stream = streamFor(context, handle, code);
    if (stream == nullptr) return code;
    if (count == 0) return SUCCESS;
    if (to % 4 != 0 || count > SIZE_MAX / 4 || !isDevice(context, to, count * 4)) return INVALID_VALUE;
    auto fill = [=]() -> Result {
      auto *words = reinterpret_cast<unsigned *>(to);
      for (size_t at = 0; at < count; at++) words[at] = value;
      return SUCCESS;
    };
    enqueue(stream, fill, {{to, count * 4, true}});
    return SUCCESS;
  });
}
}
