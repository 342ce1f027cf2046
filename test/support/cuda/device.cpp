#include <cstdio>
#include <cstring>

#include "state.h"

using namespace fake;

namespace {

const std::map<Result, const char *> &errorNames() {
  static const auto *names = new std::map<Result, const char *>{
      {0, "CUDA_SUCCESS"},
      {1, "CUDA_ERROR_INVALID_VALUE"},
      {2, "CUDA_ERROR_OUT_OF_MEMORY"},
      {3, "CUDA_ERROR_NOT_INITIALIZED"},
      {4, "CUDA_ERROR_DEINITIALIZED"},
      {34, "CUDA_ERROR_STUB_LIBRARY"},
      {46, "CUDA_ERROR_DEVICE_UNAVAILABLE"},
      {100, "CUDA_ERROR_NO_DEVICE"},
      {101, "CUDA_ERROR_INVALID_DEVICE"},
      {200, "CUDA_ERROR_INVALID_IMAGE"},
      {201, "CUDA_ERROR_INVALID_CONTEXT"},
      {209, "CUDA_ERROR_NO_BINARY_FOR_GPU"},
      {214, "CUDA_ERROR_ECC_UNCORRECTABLE"},
      {218, "CUDA_ERROR_INVALID_PTX"},
      {222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"},
      {304, "CUDA_ERROR_OPERATING_SYSTEM"},
      {400, "CUDA_ERROR_INVALID_HANDLE"},
      {500, "CUDA_ERROR_NOT_FOUND"},
      {600, "CUDA_ERROR_NOT_READY"},
      {700, "CUDA_ERROR_ILLEGAL_ADDRESS"},
      {701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"},
      {702, "CUDA_ERROR_LAUNCH_TIMEOUT"},
      {709, "CUDA_ERROR_CONTEXT_IS_DESTROYED"},
      {715, "CUDA_ERROR_ILLEGAL_INSTRUCTION"},
      {716, "CUDA_ERROR_MISALIGNED_ADDRESS"},
      {719, "CUDA_ERROR_LAUNCH_FAILED"},
      {800, "CUDA_ERROR_NOT_PERMITTED"},
      {801, "CUDA_ERROR_NOT_SUPPORTED"},
      {802, "CUDA_ERROR_SYSTEM_NOT_READY"},
      {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"},
      {900, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"},
      {901, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED"},
      {903, "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED"},
      {904, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED"},
      {905, "CUDA_ERROR_STREAM_CAPTURE_ISOLATION"},
      {907, "CUDA_ERROR_CAPTURED_EVENT"},
      {908, "CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD"},
      {999, "CUDA_ERROR_UNKNOWN"},
  };
  return *names;
}

Device *deviceAt(int index) {
  auto &devices = state().devices;
  return index < 0 || index >= int(devices.size()) ? nullptr : devices[index].get();
}

/** As the driver reads CUDA_VISIBLE_DEVICES: indices up to the first that is none. */
std::vector<int> visible(int count) {
  std::vector<int> shown;
  const char *text = getenv("CUDA_VISIBLE_DEVICES");
  for (int index = 0; text == nullptr && index < count; index++) shown.push_back(index);
  for (const char *at = text; at != nullptr && *at;) {
    char *end;
    long index = strtol(at, &end, 10);
    if (end == at || index < 0 || index >= count) break;
    shown.push_back(int(index));
    at = *end == ',' ? end + 1 : end + strlen(end);
  }
  return shown;
}

int attribute(const Device &device, int which) {
  switch (which) {
  case 1: case 2: case 3: return 1024;
  case 4: return 64;
  case 5: return 2147483647;
  case 6: case 7: return 65535;
  case 8: return 49152;
  case 9: return 65536;
  case 10: return 32;
  case 11: return 2147483647;
  case 12: case 82: return 65536;
  case 13: return 1500000;
  case 14: return 512;
  case 15: case 19: case 31: case 41: case 78: case 83: case 89: case 90: return 1;
  case 16: return 4;
  case 20: return int(state().config.number("computeMode", 0));
  case 33: return device.index + 1;
  case 36: return 2600000;
  case 37: return 4096;
  case 38: return 50 << 20;
  case 39: return 2048;
  case 40: return int(state().config.number("copyEngines", 2));
  case 75: return device.major;
  case 76: return device.minor;
  case 81: case 97: return 232448;
  case 106: return 32;
  case 115: return int(state().config.number("pools", 1));
  default: return 0;
  }
}

}

extern "C" {

Result cuInit(unsigned flags) {
  return api("cuInit", NOTHING, {flags}, [&](Context *, Lock &) -> Result {
    State &all = state();
    if (flags != 0) return INVALID_VALUE;
    if (Result code = Result(all.config.number("init", 0))) return code;
    if (all.initialized) return SUCCESS;
    std::string capability = all.config.text("capability", "9.0");
    int major = 9, minor = 0;
    sscanf(capability.c_str(), "%d.%d", &major, &minor);
    auto shown = visible(int(all.config.number("devices", 1)));
    if (shown.empty()) return NO_DEVICE;
    for (int physical : shown) {
      std::string key = "name" + std::to_string(physical);
      std::string name = all.config.text(key.c_str(), all.config.text("name", "Fake GPU").c_str());
      int index = int(all.devices.size());
      all.devices.push_back(std::unique_ptr<Device>(
          new Device{index, name, major, minor, size_t(all.config.number("memory", 256 << 20))}));
    }
    all.initialized = true;
    return SUCCESS;
  });
}

Result cuDriverGetVersion(int *version) {
  return api("cuDriverGetVersion", NOTHING, {}, [&](Context *, Lock &) -> Result {
    if (version == nullptr) return INVALID_VALUE;
    *version = int(state().config.number("driver", 13000));
    return SUCCESS;
  });
}

Result cuDeviceGetCount(int *count) {
  return api("cuDeviceGetCount", DRIVER, {}, [&](Context *, Lock &) -> Result {
    if (count == nullptr) return INVALID_VALUE;
    *count = int(state().devices.size());
    return SUCCESS;
  });
}

Result cuDeviceGet(int *device, int ordinal) {
  return api("cuDeviceGet", DRIVER, {unsigned(ordinal)}, [&](Context *, Lock &) -> Result {
    if (device == nullptr) return INVALID_VALUE;
    if (deviceAt(ordinal) == nullptr) return INVALID_DEVICE;
    *device = ordinal;
    return SUCCESS;
  });
}

Result cuDeviceGetName(char *name, int length, int index) {
  return api("cuDeviceGetName", DRIVER, {unsigned(index)}, [&](Context *, Lock &) -> Result {
    Device *device = deviceAt(index);
    if (device == nullptr) return INVALID_DEVICE;
    if (name == nullptr || length < 1) return INVALID_VALUE;
    snprintf(name, size_t(length), "%s", device->name.c_str());
    return SUCCESS;
  });
}

Result cuDeviceGetAttribute(int *value, int which, int index) {
  return api("cuDeviceGetAttribute", DRIVER, {unsigned(which), unsigned(index)}, [&](Context *, Lock &) -> Result {
    Device *device = deviceAt(index);
    if (device == nullptr) return INVALID_DEVICE;
    if (value == nullptr || which < 1 || which > 160) return INVALID_VALUE;
    *value = attribute(*device, which);
    return SUCCESS;
  });
}

Result cuDeviceTotalMem_v2(size_t *bytes, int index) {
  return api("cuDeviceTotalMem_v2", DRIVER, {unsigned(index)}, [&](Context *, Lock &) -> Result {
    Device *device = deviceAt(index);
    if (device == nullptr) return INVALID_DEVICE;
    if (bytes == nullptr) return INVALID_VALUE;
    *bytes = device->totalBytes;
    return SUCCESS;
  });
}

Result cuDeviceGetUuid_v2(unsigned char *uuid, int index) {
  return api("cuDeviceGetUuid_v2", DRIVER, {unsigned(index)}, [&](Context *, Lock &) -> Result {
    if (deviceAt(index) == nullptr) return INVALID_DEVICE;
    if (uuid == nullptr) return INVALID_VALUE;
    for (int at = 0; at < 16; at++) uuid[at] = (unsigned char)(16 * index + at);
    return SUCCESS;
  });
}

Result cuDeviceGetPCIBusId(char *text, int length, int index) {
  return api("cuDeviceGetPCIBusId", DRIVER, {unsigned(index)}, [&](Context *, Lock &) -> Result {
    if (deviceAt(index) == nullptr) return INVALID_DEVICE;
    if (text == nullptr || length < 13) return INVALID_VALUE;
    snprintf(text, size_t(length), "0000:%02x:00.0", index + 1);
    return SUCCESS;
  });
}

Result cuGetErrorName(Result code, const char **name) {
  auto found = errorNames().find(code);
  *name = found == errorNames().end() ? nullptr : found->second;
  return *name == nullptr ? INVALID_VALUE : SUCCESS;
}

Result cuGetErrorString(Result code, const char **text) {
  return cuGetErrorName(code, text);
}

Result cuCtxCreate_v2(Handle *out, unsigned flags, int index) {
  return api("cuCtxCreate_v2", DRIVER, {flags, unsigned(index)}, [&](Context *, Lock &) -> Result {
    Device *device = deviceAt(index);
    if (device == nullptr) return INVALID_DEVICE;
    if (out == nullptr || (flags & ~0xffu) != 0 || (flags & 7u) == 3u) return INVALID_VALUE;
    if (state().config.number("computeMode", 0) == 2) return INVALID_DEVICE;
    size_t own = size_t(state().config.number("contextBytes", 1 << 20));
    size_t taken = size_t(state().config.number("taken", 0));
    if (device->usedBytes + taken + own > device->totalBytes) return OUT_OF_MEMORY;
    auto *context = new Context();
    context->handle = state().handle();
    context->device = device;
    context->flags = flags;
    context->legacy = newStream(context, true, true);
    state().contexts[context->handle] = context;
    currentStack().push_back(context->handle);
    *out = context->handle;
    return SUCCESS;
  });
}

/** A failure that a test asks for comes after the fact: the context is gone. */
Result cuCtxDestroy_v2(Handle handle) {
  Result late = injectedLate("cuCtxDestroy_v2");
  Result result = api("cuCtxDestroy_v2", DRIVER, {word(handle)}, [&](Context *, Lock &lock) -> Result {
    State &all = state();
    auto found = all.contexts.find(handle);
    if (found == all.contexts.end()) return INVALID_CONTEXT;
    Context *context = found->second;
    if (!isIdle(context)) all.stats.implicitWaits++;
    waitForContext(lock, context);
    if (all.contexts.count(handle) == 0) return INVALID_CONTEXT;
    all.contexts.erase(handle);
    context->destroyed = true;
    destroyStreams(lock, context);
    auto drop = [&](auto &table) {
      for (auto at = table.begin(); at != table.end();)
        at = at->second->context == context ? table.erase(at) : std::next(at);
    };
    drop(all.events);
    drop(all.graphs);
    drop(all.executables);
    for (auto at = all.functions.begin(); at != all.functions.end();)
      at = at->second->module->context == context ? all.functions.erase(at) : std::next(at);
    drop(all.modules);
    releaseMemory(context);
    auto &stack = currentStack();
    if (!stack.empty() && stack.back() == handle) stack.pop_back();
    return SUCCESS;
  });
  return result == SUCCESS ? late : result;
}

Result cuCtxSetCurrent(Handle handle) {
  return api("cuCtxSetCurrent", DRIVER, {word(handle)}, [&](Context *, Lock &) -> Result {
    auto &stack = currentStack();
    if (handle == nullptr) {
      if (!stack.empty()) stack.pop_back();
      return SUCCESS;
    }
    if (state().contexts.count(handle) == 0) return INVALID_CONTEXT;
    if (stack.empty()) stack.push_back(handle);
    else stack.back() = handle;
    return SUCCESS;
  });
}

Result cuCtxPushCurrent_v2(Handle handle) {
  return api("cuCtxPushCurrent_v2", DRIVER, {word(handle)}, [&](Context *, Lock &) -> Result {
    if (state().contexts.count(handle) == 0) return INVALID_CONTEXT;
    currentStack().push_back(handle);
    return SUCCESS;
  });
}

Result cuCtxPopCurrent_v2(Handle *out) {
  return api("cuCtxPopCurrent_v2", DRIVER, {}, [&](Context *, Lock &) -> Result {
    auto &stack = currentStack();
    if (stack.empty()) return INVALID_CONTEXT;
    if (out != nullptr) *out = stack.back();
    stack.pop_back();
    return SUCCESS;
  });
}

Result cuCtxGetCurrent(Handle *out) {
  return api("cuCtxGetCurrent", DRIVER, {}, [&](Context *context, Lock &) -> Result {
    if (out == nullptr) return INVALID_VALUE;
    *out = context == nullptr ? nullptr : context->handle;
    return SUCCESS;
  });
}

Result cuCtxGetDevice(int *device) {
  return api("cuCtxGetDevice", CONTEXT, {}, [&](Context *context, Lock &) -> Result {
    if (device == nullptr) return INVALID_VALUE;
    *device = context->device->index;
    return SUCCESS;
  });
}

Result cuCtxSynchronize() {
  return api("cuCtxSynchronize", LIVE, {}, [&](Context *context, Lock &lock) -> Result {
    if (Result code = unsafeInCapture(context)) return code;
    waitForContext(lock, context);
    return context->failure;
  });
}

Result cuCtxGetStreamPriorityRange(int *least, int *greatest) {
  return api("cuCtxGetStreamPriorityRange", CONTEXT, {}, [&](Context *, Lock &) -> Result {
    if (least != nullptr) *least = 0;
    if (greatest != nullptr) *greatest = -5;
    return SUCCESS;
  });
}
}
