#include <cstdlib>

#include "state.h"

using namespace fake;

/** Runs the nodes in an order of chance that their dependencies allow. */
static Result runNodes(const std::vector<Node> &nodes) {
  static thread_local unsigned seed = unsigned(now());
  std::vector<int> waiting(nodes.size()), ready;
  std::vector<std::vector<int>> before(nodes.size());
  for (size_t at = 0; at < nodes.size(); at++) {
    waiting[at] = int(nodes[at].after.size());
    for (int earlier : nodes[at].after) before[earlier].push_back(int(at));
    if (waiting[at] == 0) ready.push_back(int(at));
  }
  while (!ready.empty()) {
    size_t chosen = size_t(rand_r(&seed)) % ready.size();
    int at = ready[chosen];
    ready.erase(ready.begin() + long(chosen));
    if (nodes[at].run)
      if (Result code = nodes[at].run()) return code;
    for (int later : before[at])
      if (--waiting[later] == 0) ready.push_back(later);
  }
  return SUCCESS;
}

static void endCapture(Capture &capture) {
  for (Stream *member : capture.members) {
    member->capture = nullptr;
    member->frontier.clear();
  }
  capture.origin->context->captures--;
  capture.origin = nullptr;
}

extern "C" {

Result cuStreamBeginCapture_v2(Handle handle, int mode) {
  return api("cuStreamBeginCapture_v2", LIVE, {word(handle), unsigned(mode)}, [&](Context *context, Lock &) -> Result {
    if (mode < 0 || mode > 2) return INVALID_VALUE;
    Result code;
    Stream *stream = streamFor(context, handle, code);
    if (stream == nullptr) return code;
    if (stream->legacy) return CAPTURE_UNSUPPORTED;
    if (stream->capture) return INVALID_VALUE;
    stream->capture = std::make_shared<Capture>();
    stream->capture->origin = stream;
    stream->capture->mode = mode;
    stream->capture->thread = (unsigned long long)pthread_self();
    stream->capture->members = {stream};
    stream->frontier.clear();
    context->captures++;
    return SUCCESS;
  });
}

Result cuStreamIsCapturing(Handle handle, int *status) {
  return api("cuStreamIsCapturing", LIVE, {word(handle)}, [&](Context *, Lock &) -> Result {
    auto found = state().streams.find(handle);
    if (found == state().streams.end()) return INVALID_HANDLE;
    auto &capture = found->second->capture;
    *status = !capture ? 0 : capture->invalidated ? 2 : 1;
    return SUCCESS;
  });
}

/** A failure that a test asks for comes after the fact: the capture has ended. */
Result cuStreamEndCapture(Handle handle, Handle *out) {
  Result late = injectedLate("cuStreamEndCapture");
  return api("cuStreamEndCapture", LIVE, {word(handle)}, [&](Context *context, Lock &) -> Result {
    auto found = state().streams.find(handle);
    if (found == state().streams.end() || found->second->context != context) return INVALID_HANDLE;
    if (out == nullptr) return INVALID_VALUE;
    *out = nullptr;
    Stream *stream = found->second;
    auto capture = stream->capture;
    if (!capture) return INVALID_VALUE;
    if (capture->origin != stream) return CAPTURE_UNMATCHED;
    if (capture->mode != 2 && capture->thread != (unsigned long long)pthread_self()) return CAPTURE_WRONG_THREAD;
    std::set<int> joined;
    std::vector<int> open = stream->frontier;
    while (!open.empty()) {
      int node = open.back();
      open.pop_back();
      if (!joined.insert(node).second) continue;
      for (int earlier : capture->nodes[node].after) open.push_back(earlier);
    }
    bool invalidated = capture->invalidated;
    bool unjoined = joined.size() != capture->nodes.size();
    endCapture(*capture);
    if (invalidated) return CAPTURE_INVALIDATED;
    if (unjoined) return CAPTURE_UNJOINED;
    auto graph = std::make_shared<Graph>();
    graph->handle = state().handle();
    graph->context = context;
    graph->nodes = std::make_shared<std::vector<Node>>(capture->nodes);
    if (late != SUCCESS) {
      if (isSticky(late)) fail(context, late, "cuStreamEndCapture: injected");
      return late;
    }
    state().graphs[graph->handle] = graph;
    *out = graph->handle;
    return SUCCESS;
  });
}

static Result instantiate(const char *name, Handle *out, Handle handle, unsigned long long flags) {
  return api(name, LIVE, {word(handle), flags}, [&](Context *context, Lock &) -> Result {
    auto found = state().graphs.find(handle);
    if (found == state().graphs.end()) return INVALID_HANDLE;
    if (out == nullptr) return INVALID_VALUE;
    auto made = std::make_shared<Graph>();
    made->handle = state().handle();
    made->context = context;
    made->nodes = std::make_shared<std::vector<Node>>(*found->second->nodes);
    state().executables[made->handle] = made;
    *out = made->handle;
    return SUCCESS;
  });
}

Result cuGraphInstantiateWithFlags(Handle *out, Handle graph, unsigned long long flags) {
  return instantiate("cuGraphInstantiateWithFlags", out, graph, flags);
}

Result cuGraphUpload(Handle handle, Handle streamHandle) {
  return api("cuGraphUpload", LIVE, {word(handle), word(streamHandle)}, [&](Context *context, Lock &) -> Result {
    Result code;
    if (state().executables.count(handle) == 0) return INVALID_HANDLE;
    return streamFor(context, streamHandle, code) == nullptr ? code : SUCCESS;
  });
}

Result cuGraphLaunch(Handle handle, Handle streamHandle) {
  return api("cuGraphLaunch", LIVE, {word(handle), word(streamHandle)}, [&](Context *context, Lock &) -> Result {
    auto found = state().executables.find(handle);
    if (found == state().executables.end() || found->second->context != context) return INVALID_HANDLE;
    Result code;
    Stream *stream = streamFor(context, streamHandle, code);
    if (stream == nullptr) return code;
    state().stats.graphLaunches++;
    auto nodes = found->second->nodes;
    Accesses accesses;
    for (const Node &node : *nodes) accesses.insert(accesses.end(), node.accesses.begin(), node.accesses.end());
    enqueue(stream, [nodes] { return runNodes(*nodes); }, accesses);
    return SUCCESS;
  });
}

Result cuGraphExecDestroy(Handle handle) {
  return api("cuGraphExecDestroy", CONTEXT, {word(handle)}, [&](Context *, Lock &) -> Result {
    return state().executables.erase(handle) == 1 ? SUCCESS : INVALID_HANDLE;
  });
}

Result cuGraphDestroy(Handle handle) {
  return api("cuGraphDestroy", CONTEXT, {word(handle)}, [&](Context *, Lock &) -> Result {
    return state().graphs.erase(handle) == 1 ? SUCCESS : INVALID_HANDLE;
  });
}
}
