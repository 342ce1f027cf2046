#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "state.h"

using namespace fake;

fake::Module::~Module() {
  if (library != nullptr) dlclose(library);
}

namespace {

/** "cubin": a header and a shared object. "PTX": text with the same in hexadecimal digits, which any architecture from its own up takes. */
Result unpack(const char *image, const Device &device, std::string &bytes, Image &header) {
  int driver = int(state().config.number("driver", 13000));
  std::string decoded;
  const char *payload = image + sizeof header;
  bool ptx = strncmp(image, "//", 2) == 0;
  if (ptx) {
    int major = 0, minor = 0;
    const char *version = strstr(image, ".version ");
    const char *digits = strstr(image, "//data ");
    if (version == nullptr || digits == nullptr || sscanf(version, ".version %d.%d", &major, &minor) != 2) return 218;
    for (const char *at = digits + 7; at[0] && at[0] != '\n' && at[1]; at += 2) {
      unsigned byte;
      if (sscanf(at, "%2x", &byte) != 1) return 218;
      decoded += char(byte);
    }
    if (decoded.size() < sizeof header) return 218;
    image = decoded.data();
    payload = image + sizeof header;
  }
  memcpy(&header, image, sizeof header);
  if (memcmp(header.magic, imageMagic, sizeof imageMagic) != 0) return INVALID_IMAGE;
  if (digestOf(payload, header.length) != header.digest) return INVALID_IMAGE;
  int architecture = device.major * 10 + device.minor;
  if (ptx) {
    if (int(header.toolkit) > driver) return UNSUPPORTED_PTX_VERSION;
    if (int(header.architecture) > architecture) return NO_BINARY_FOR_GPU;
  } else {
    if (int(header.toolkit) / 1000 > driver / 1000) return INVALID_IMAGE;
    if (int(header.architecture) / 10 != device.major || int(header.architecture) > architecture) return NO_BINARY_FOR_GPU;
  }
  bytes.assign(payload, header.length);
  return SUCCESS;
}

/** A file of its own for every load, so that no two modules share variables. */
void *open(const std::string &bytes) {
  int file = memfd_create("fake-cubin", MFD_CLOEXEC);
  if (file < 0) return nullptr;
  for (size_t at = 0; at < bytes.size();) {
    ssize_t written = write(file, bytes.data() + at, bytes.size() - at);
    if (written <= 0) break;
    at += size_t(written);
  }
  // The loader takes a path that it knows for the library it knows, and numbers of files come again.
  static unsigned opened = 0;
  std::string path = "/proc/self/fd/";
  for (unsigned rest = ++opened; rest > 0; rest /= 2) path += rest % 2 ? "./" : "/";
  path += std::to_string(file);
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) fprintf(stderr, "fake CUDA driver: %s\n", dlerror());
  close(file);
  return library;
}

/** What the driver's own compiler says, where the caller gave it room. */
void explain(Result code, unsigned count, const int *options, void **values) {
  constexpr int errorLog = 5, errorLogBytes = 6;
  char *text = nullptr;
  size_t room = 0;
  for (unsigned at = 0; at < count; at++) {
    if (options[at] == errorLog) text = static_cast<char *>(values[at]);
    if (options[at] == errorLogBytes) room = size_t(word(values[at]));
  }
  if (text != nullptr && room > 0) snprintf(text, room, "ptxas fatal: refused with status %d", code);
}

struct Launch {
  std::shared_ptr<KernelFunction> function;
  Dim grid, block;
  std::string bytes;
  std::vector<size_t> offsets;

  Result run() {
    {
      Lock lock(state().mutex);
      if (Result code = injected("execute")) return code;
    }
    std::vector<void *> arguments;
    for (size_t offset : offsets) arguments.push_back(&bytes[offset]);
    std::string why;
    Result code = execute(*function->module, *function->kernel, grid, block, arguments.data(), why);
    if (code != SUCCESS) {
      Lock lock(state().mutex);
      state().faults.push_back(std::string(function->kernel->name) + ": " + why);
    }
    return code;
  }
};

std::string describe(const Launch &launch) {
  char text[160];
  snprintf(text, sizeof text, "%s, grid %u %u %u, block %u %u %u, arguments", launch.function->kernel->name, launch.grid.x,
           launch.grid.y, launch.grid.z, launch.block.x, launch.block.y, launch.block.z);
  std::string all = text;
  const Kernel &kernel = *launch.function->kernel;
  for (unsigned at = 0; at < kernel.parameters; at++) {
    unsigned long long value = 0;
    memcpy(&value, &launch.bytes[launch.offsets[at]], std::min<size_t>(8, kernel.sizes[at]));
    all += " " + hex(value) + ":" + std::to_string(kernel.sizes[at]);
  }
  return all;
}

}

extern "C" {

Result cuModuleLoadDataEx(Handle *out, const void *image, unsigned count, int *options, void **values) {
  return api("cuModuleLoadDataEx", LIVE, {count}, [&](Context *context, Lock &) -> Result {
    if (out == nullptr || image == nullptr) return INVALID_VALUE;
    if (Result code = unsafeInCapture(context)) return code;
    std::string bytes;
    Image header;
    if (Result code = unpack(static_cast<const char *>(image), *context->device, bytes, header)) {
      explain(code, count, options, values);
      return code;
    }
    auto module = std::make_shared<Module>();
    module->library = open(bytes);
    if (module->library == nullptr) return INVALID_IMAGE;
    module->object = static_cast<const Object *>(dlsym(module->library, "fake_object"));
    if (module->object == nullptr) return INVALID_IMAGE;
    module->stackBytes = header.stackBytes;
    module->handle = state().handle();
    module->context = context;
    state().modules[module->handle] = module;
    *out = module->handle;
    return SUCCESS;
  });
}

Result cuModuleLoadData(Handle *out, const void *image) { return cuModuleLoadDataEx(out, image, 0, nullptr, nullptr); }

Result cuModuleUnload(Handle handle) {
  return api("cuModuleUnload", LIVE, {word(handle)}, [&](Context *context, Lock &lock) -> Result {
    auto found = state().modules.find(handle);
    if (found == state().modules.end() || found->second->context != context) return INVALID_HANDLE;
    if (Result code = unsafeInCapture(context)) return code;
    auto module = found->second;
    if (!isIdle(context)) state().stats.implicitWaits++;
    waitForContext(lock, context);
    if (state().modules.erase(handle) == 0) return INVALID_HANDLE;
    auto &functions = state().functions;
    for (auto at = functions.begin(); at != functions.end();)
      at = at->second->module == module ? functions.erase(at) : std::next(at);
    return SUCCESS;
  });
}

Result cuModuleGetFunction(Handle *out, Handle handle, const char *name) {
  return api("cuModuleGetFunction", LIVE, {word(handle)}, [&](Context *, Lock &) -> Result {
    auto found = state().modules.find(handle);
    if (found == state().modules.end()) return INVALID_HANDLE;
    if (out == nullptr || name == nullptr) return INVALID_VALUE;
    const Object &object = *found->second->object;
    for (unsigned at = 0; at < object.kernelCount; at++) {
      if (strcmp(object.kernels[at].name, name) != 0) continue;
      auto function = std::make_shared<KernelFunction>();
      function->handle = state().handle();
      function->module = found->second;
      function->kernel = &object.kernels[at];
      state().functions[function->handle] = function;
      *out = function->handle;
      return SUCCESS;
    }
    return NOT_FOUND;
  });
}

Result cuFuncGetAttribute(int *value, int attribute, Handle handle) {
  return api("cuFuncGetAttribute", LIVE, {unsigned(attribute), word(handle)}, [&](Context *, Lock &) -> Result {
    auto found = state().functions.find(handle);
    if (found == state().functions.end()) return INVALID_HANDLE;
    if (value == nullptr || attribute < 0 || attribute > 16) return INVALID_VALUE;
    const KernelFunction &function = *found->second;
    const Object &object = *function.module->object;
    long long most = state().config.number("maxThreads", function.kernel->maxThreads);
    *value = attribute == 0 ? int(most) : attribute == 1 ? int(object.sharedEnd - object.sharedStart - 16) : attribute == 4 ? 32 : 0;
    return SUCCESS;
  });
}

Result cuLaunchKernel(Handle handle, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY,
                      unsigned blockZ, unsigned sharedBytes, Handle streamHandle, void **parameters, void **extra) {
  auto launch = std::make_shared<Launch>();
  launch->grid = Dim{gridX, gridY, gridZ};
  launch->block = Dim{blockX, blockY, blockZ};
  Result result = api("cuLaunchKernel", LIVE, {word(handle), word(streamHandle)}, [&](Context *context, Lock &) -> Result {
    auto found = state().functions.find(handle);
    if (found == state().functions.end() || found->second->module->context != context) return INVALID_HANDLE;
    Result code;
    Stream *stream = streamFor(context, streamHandle, code);
    if (stream == nullptr) return code;
    launch->function = found->second;
    const Kernel &kernel = *found->second->kernel;
    unsigned long long threads = 1ull * blockX * blockY * blockZ;
    if (gridX == 0 || gridY == 0 || gridZ == 0 || threads == 0) return INVALID_VALUE;
    if (gridX > 2147483647u || gridY > 65535 || gridZ > 65535) return INVALID_VALUE;
    if (blockX > 1024 || blockY > 1024 || blockZ > 64 || threads > 1024 || sharedBytes > 49152) return INVALID_VALUE;
    if (threads > kernel.maxThreads) return INVALID_VALUE;
    if (threads > (unsigned long long)state().config.number("maxThreads", 1024)) return LAUNCH_OUT_OF_RESOURCES;
    if (extra != nullptr || (parameters == nullptr && kernel.parameters > 0)) return INVALID_VALUE;
    for (unsigned at = 0; at < kernel.parameters; at++) {
      if (parameters[at] == nullptr) return INVALID_VALUE;
      launch->bytes.resize((launch->bytes.size() + 15) / 16 * 16);
      launch->offsets.push_back(launch->bytes.size());
      launch->bytes.append(static_cast<const char *>(parameters[at]), kernel.sizes[at]);
    }
    state().stats.launches++;
    if (state().config.number("log", 0) != 0) state().log.push_back("launch " + describe(*launch));
    Accesses accesses;
    for (unsigned at = 0; at < kernel.parameters; at++) {
      Pointer address = 0;
      if (kernel.pointers[at] == '.') continue;
      memcpy(&address, &launch->bytes[launch->offsets[at]], sizeof address);
      if (holding(state().memory, address, 1) != nullptr) accesses.push_back(Access{address, 1, kernel.pointers[at] == 'w'});
    }
    enqueue(stream, [launch] { return launch->run(); }, accesses);
    return SUCCESS;
  });
  return result;
}
}
