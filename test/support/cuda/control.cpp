// What tests call, beside the driver's own functions.
#include <cstring>

#include "state.h"

using namespace fake;

static const char *keep(const std::string &text) {
  static thread_local std::string *kept = new std::string();
  *kept = text;
  return kept->c_str();
}

static std::string list(const std::vector<std::string> &lines) {
  std::string text = "[";
  for (const std::string &line : lines) {
    text += text.size() > 1 ? ",\"" : "\"";
    for (char letter : line)
      if (letter == '"' || letter == '\\') text += std::string("\\") + letter;
      else if ((unsigned char)letter >= 32) text += letter;
    text += "\"";
  }
  return text + "]";
}

extern "C" {

/** "key=value;key=value"; some only count before cuInit. */
void fake_configure(const char *text) {
  Lock lock(state().mutex);
  configure(text);
}

/** Makes the n-th call from now of a function give `code`. "execute" and "copy" fail when a stream runs them. */
void fake_fail(const char *name, int nth, int code) {
  Lock lock(state().mutex);
  if (nth <= 0) state().injections.erase(name);
  else state().injections[name] = Injection{nth, code};
}

const char *fake_log() {
  Lock lock(state().mutex);
  return keep(list(state().log));
}

void fake_clear() {
  Lock lock(state().mutex);
  state().log.clear();
  state().faults.clear();
  state().races.clear();
  state().injections.clear();
  state().stats = Stats();
}

const char *fake_stats() {
  Lock lock(state().mutex);
  State &all = state();
  size_t streams = 0, bytes = 0, pinnedBytes = 0, pending = 0;
  for (auto &[handle, stream] : all.streams) {
    if (!stream->legacy) streams++;
    if (stream->last && !stream->last->done) pending++;
  }
  for (auto &[base, allocation] : all.memory) bytes += allocation.bytes;
  for (auto &[base, allocation] : all.pinned) pinnedBytes += allocation.bytes;
  std::string text = "{";
  auto put = [&](const char *name, long long value) {
    text += (text.size() > 1 ? ",\"" : "\"") + std::string(name) + "\":" + std::to_string(value);
  };
  put("contexts", (long long)all.contexts.size());
  put("streams", (long long)streams);
  put("events", (long long)all.events.size());
  put("modules", (long long)all.modules.size());
  put("graphs", (long long)all.graphs.size());
  put("executables", (long long)all.executables.size());
  put("allocations", (long long)all.memory.size());
  put("bytes", (long long)bytes);
  put("pinned", (long long)all.pinned.size());
  put("pinnedBytes", (long long)pinnedBytes);
  put("pending", (long long)pending);
  put("launches", all.stats.launches);
  put("graphLaunches", all.stats.graphLaunches);
  put("blockedCopies", all.stats.blockedCopies);
  put("implicitWaits", all.stats.implicitWaits);
  put("calls", all.stats.calls);
  put("longestMicroseconds", all.stats.longestNanoseconds / 1000);
  text += std::string(",\"longest\":\"") + all.stats.longest + "\"";
  return keep(text + ",\"faults\":" + list(all.faults) + ",\"races\":" + list(all.races) + "}");
}

/** For the fake cuBLAS: adds work to a stream of the current context. Ranges are address, bytes, whether written; 0 bytes end them. */
int fake_enqueue(void *stream, int (*run)(void *), void *argument, void (*drop)(void *), const unsigned long long *ranges) {
  return api("fake_enqueue", LIVE, {word(stream)}, [&](Context *context, Lock &) -> Result {
    std::shared_ptr<void> owned(argument, drop);
    Accesses accesses;
    for (; ranges[1] != 0; ranges += 3) accesses.push_back(Access{ranges[0], ranges[1], ranges[2] != 0});
    Result code;
    Stream *found = streamFor(context, stream, code);
    if (found == nullptr) return code;
    enqueue(found, [run, owned]() -> Result { return run(owned.get()); }, accesses);
    return SUCCESS;
  });
}

/** For the fake cuBLAS: whether `bytes` from `address` are memory that the current context may use. */
int fake_holds(unsigned long long address, unsigned long long bytes) {
  Lock lock(state().mutex);
  const Allocation *found = holding(state().memory, address, bytes);
  return found != nullptr && found->context == currentContext();
}
}
