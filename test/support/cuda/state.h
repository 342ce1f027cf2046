#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "abi.h"

namespace fake {

using Result = int;
using Pointer = unsigned long long;
using Handle = void *;

enum : Result {
  SUCCESS = 0,
  INVALID_VALUE = 1,
  OUT_OF_MEMORY = 2,
  NOT_INITIALIZED = 3,
  NO_DEVICE = 100,
  INVALID_DEVICE = 101,
  INVALID_IMAGE = 200,
  INVALID_CONTEXT = 201,
  NO_BINARY_FOR_GPU = 209,
  UNSUPPORTED_PTX_VERSION = 222,
  INVALID_HANDLE = 400,
  NOT_FOUND = 500,
  NOT_READY = 600,
  ILLEGAL_ADDRESS = 700,
  LAUNCH_OUT_OF_RESOURCES = 701,
  CONTEXT_IS_DESTROYED = 709,
  LAUNCH_FAILED = 719,
  CAPTURE_UNSUPPORTED = 900,
  CAPTURE_INVALIDATED = 901,
  CAPTURE_UNMATCHED = 903,
  CAPTURE_UNJOINED = 904,
  CAPTURE_ISOLATION = 905,
  CAPTURE_IMPLICIT = 906,
  CAPTURED_EVENT = 907,
  CAPTURE_WRONG_THREAD = 908,
};

bool isSticky(Result code);

struct Context;
struct Stream;
struct Capture;

/** Memory that a piece of work reads or writes; of a kernel's arguments only the first byte is known. */
struct Access {
  Pointer address;
  size_t bytes;
  bool writes;
};

using Accesses = std::vector<Access>;

/** What came before, by stream: a vector clock. */
using Clock = std::map<unsigned, unsigned long long>;

/** A place in the order of a stream. */
struct Point {
  Clock before;
  bool done = false;
  long long nanoseconds = 0;
};

struct Operation {
  std::function<Result()> run;
  std::shared_ptr<Point> after;
  std::shared_ptr<Point> point;
};

struct Allocation {
  Context *context;
  Pointer base;
  size_t bytes;
  char *mapping;
  size_t mappingBytes;
};

struct Node {
  std::function<Result()> run;
  Accesses accesses;
  std::vector<int> after;
};

struct Capture {
  Stream *origin;
  int mode;
  unsigned long long thread;
  bool invalidated = false;
  std::vector<Node> nodes;
  std::set<Stream *> members;
};

struct Stream {
  Handle handle;
  Context *context;
  bool blocking;
  bool legacy;
  int priority = 0;
  unsigned number = 0;
  unsigned long long issued = 0;
  Clock before;
  std::deque<Operation> queue;
  std::shared_ptr<Point> last;
  bool destroyed = false;
  bool started = false;
  bool busy = false;
  std::condition_variable wake;
  std::shared_ptr<Capture> capture;
  std::vector<int> frontier;
};

struct Event {
  Handle handle;
  Context *context;
  unsigned flags;
  std::shared_ptr<Point> point;
  std::shared_ptr<Capture> capture;
  std::vector<int> frontier;
};

struct Module {
  Handle handle;
  Context *context;
  void *library = nullptr;
  const Object *object = nullptr;
  size_t stackBytes = 0;
  std::mutex running;
  ~Module();
};

struct KernelFunction {
  Handle handle;
  std::shared_ptr<Module> module;
  const Kernel *kernel;
};

struct Graph {
  Handle handle;
  Context *context;
  std::shared_ptr<std::vector<Node>> nodes;
};

struct Device {
  int index;
  std::string name;
  int major, minor;
  size_t totalBytes;
  size_t usedBytes = 0;
};

struct Context {
  Handle handle;
  Device *device;
  unsigned flags = 0;
  bool destroyed = false;
  Result failure = SUCCESS;
  Stream *legacy = nullptr;
  int captures = 0;
};

struct Injection {
  int calls;
  Result code;
};

/** An access that not everything that follows is known to come after. */
struct Recent {
  Access access;
  unsigned stream;
  unsigned long long issued;
};

struct Stats {
  long long launches = 0, graphLaunches = 0, blockedCopies = 0, implicitWaits = 0, calls = 0;
  /** Of calls by the process's first thread. */
  long long longestNanoseconds = 0;
  const char *longest = "";
};

struct Config {
  std::map<std::string, std::string> values;
  long long number(const char *key, long long otherwise) const;
  std::string text(const char *key, const char *otherwise) const;
};

/** Everything, under one lock. Never destroyed: streams' threads outlive main(). */
struct State {
  std::mutex mutex;
  std::condition_variable changed;
  Config config;
  bool initialized = false;
  std::vector<std::unique_ptr<Device>> devices;
  unsigned long long nextHandle = 0x10000;
  std::unordered_map<Handle, Context *> contexts;
  std::unordered_map<Handle, Stream *> streams;
  std::unordered_map<Handle, std::shared_ptr<Event>> events;
  std::unordered_map<Handle, std::shared_ptr<Module>> modules;
  std::unordered_map<Handle, std::shared_ptr<KernelFunction>> functions;
  std::unordered_map<Handle, std::shared_ptr<Graph>> graphs;
  std::unordered_map<Handle, std::shared_ptr<Graph>> executables;
  std::map<Pointer, Allocation> memory;
  std::map<Pointer, Allocation> pinned;
  std::deque<Allocation> quarantine;
  std::map<std::string, Injection> injections;
  std::vector<std::string> log;
  std::vector<std::string> faults;
  std::vector<std::string> races;
  std::deque<Recent> recent;
  Clock seenByHost;
  unsigned streamsMade = 0;
  Stats stats;
  Handle handle() { return reinterpret_cast<Handle>(nextHandle += 16); }
};

using Lock = std::unique_lock<std::mutex>;

State &state();
void configure(const std::string &text);
/** The result to give instead, where a test asked for one. */
Result injected(const std::string &name);
/** The same for what takes effect although it fails. */
Result injectedLate(const std::string &name);
void note(const char *name, const std::string &arguments, Result result, long long started);
std::string hex(unsigned long long value);
long long now();

std::vector<Handle> &currentStack();
Context *currentContext();

enum Needs { NOTHING, DRIVER, CONTEXT, LIVE };

Result admit(const char *name, Needs needs, Context *&context);

/** Every driver function: injected failures, initialisation, context, sticky failures; then its body, under the lock. */
template <class Body>
Result api(const char *name, Needs needs, std::initializer_list<unsigned long long> arguments, Body body) {
  long long started = now();
  Lock lock(state().mutex);
  Context *context = nullptr;
  Result result = admit(name, needs, context);
  if (result == SUCCESS) result = body(context, lock);
  std::string text;
  for (unsigned long long argument : arguments) text += (text.empty() ? "" : ", ") + hex(argument);
  note(name, text, result, started);
  return result;
}

template <class T> unsigned long long word(T *pointer) { return reinterpret_cast<unsigned long long>(pointer); }
inline unsigned long long word(unsigned long long value) { return value; }

/** The stream for new work; `code` says why there is none. */
Stream *streamFor(Context *context, Handle handle, Result &code);
/** Adds work to a stream, or to the graph that it is captured into. Returns its place, or nothing when captured. */
std::shared_ptr<Point> enqueue(Stream *stream, std::function<Result()> run, Accesses accesses,
                               std::shared_ptr<Point> after = nullptr);
/** Gives work its place in the order of things, and finds what it races with. */
void order(Stream *stream, Point &point, const Accesses &accesses);
void join(Clock &clock, const Clock &other);
/** The host knows that this is done: what it does from now on comes after. */
void seen(const Clock &clock);
void forgetAccesses(Pointer base, size_t bytes);
void waitFor(Lock &lock, std::shared_ptr<Point> point);
void waitForContext(Lock &lock, Context *context);
bool isIdle(const Context *context);
void fail(Context *context, Result code, const std::string &why);
void destroyStreams(Lock &lock, Context *context);
Stream *newStream(Context *context, bool blocking, bool legacy);
/** Calls that a capture in strict mode forbids. */
Result unsafeInCapture(Context *context);

Result allocate(Context *context, std::map<Pointer, Allocation> &table, size_t bytes, Pointer *out);
void release(std::map<Pointer, Allocation> &table, Pointer base);
void releaseMemory(Context *context);
const Allocation *holding(const std::map<Pointer, Allocation> &table, Pointer address, size_t bytes);

/** Runs work; a fault of the processor becomes a result and a reason. */
Result guarded(const std::function<Result()> &run, std::string &why);
Result execute(Module &module, const Kernel &kernel, Dim grid, Dim block, void **arguments, std::string &why);

}
