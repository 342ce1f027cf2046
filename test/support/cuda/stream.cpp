#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "state.h"

namespace fake {

Stream *newStream(Context *context, bool blocking, bool legacy) {
  auto *stream = new Stream();
  stream->handle = state().handle();
  stream->context = context;
  stream->blocking = blocking;
  stream->legacy = legacy;
  stream->number = ++state().streamsMade;
  state().streams[stream->handle] = stream;
  return stream;
}

static Stream *findStream(Context *context, Handle handle) {
  if (handle == nullptr || word(handle) == 1) return context->legacy;
  auto found = state().streams.find(handle);
  return found == state().streams.end() || found->second->legacy ? nullptr : found->second;
}

Stream *streamFor(Context *context, Handle handle, Result &code) {
  Stream *stream = findStream(context, handle);
  code = SUCCESS;
  if (stream == nullptr || stream->context != context) code = INVALID_HANDLE;
  else if (stream->legacy && context->captures > 0) code = CAPTURE_IMPLICIT;
  else if (stream->capture && stream->capture->invalidated) code = CAPTURE_INVALIDATED;
  return code == SUCCESS ? stream : nullptr;
}

static void pause() {
  long long most = state().config.number("jitter", 0);
  if (most <= 0) return;
  static thread_local unsigned seed = unsigned(now());
  usleep(unsigned(rand_r(&seed) % most));
}

static void work(Stream *stream) {
  State &all = state();
  Lock lock(all.mutex);
  for (;;) {
    stream->wake.wait(lock, [&] { return !stream->queue.empty() || stream->destroyed; });
    if (stream->queue.empty()) break;
    Operation operation = std::move(stream->queue.front());
    stream->queue.pop_front();
    Context *context = stream->context;
    stream->busy = true;
    if (operation.after)
      all.changed.wait(lock, [&] { return operation.after->done || context->failure != SUCCESS; });
    if (operation.run && context->failure == SUCCESS) {
      lock.unlock();
      pause();
      std::string why;
      Result code = guarded(operation.run, why);
      operation.run = nullptr;
      lock.lock();
      if (code != SUCCESS) fail(context, code, why);
    }
    operation.point->done = true;
    operation.point->nanoseconds = now();
    stream->busy = false;
    all.changed.notify_all();
  }
  lock.unlock();
  delete stream;
}

static void push(Stream *stream, Operation operation) {
  stream->last = operation.point;
  stream->queue.push_back(std::move(operation));
  if (!stream->started) {
    stream->started = true;
    std::thread(work, stream).detach();
  }
  stream->wake.notify_one();
}

static bool idle(const Stream *stream) { return !stream->last || stream->last->done; }

std::shared_ptr<Point> enqueue(Stream *stream, std::function<Result()> run, Accesses accesses, std::shared_ptr<Point> after) {
  if (stream->capture) {
    auto &nodes = stream->capture->nodes;
    nodes.push_back(Node{std::move(run), std::move(accesses), stream->frontier});
    stream->frontier = {int(nodes.size()) - 1};
    return nullptr;
  }
  for (auto &[handle, other] : state().streams) {
    if (other->context != stream->context || other == stream || idle(other)) continue;
    if ((stream->legacy && other->blocking) || (stream->blocking && other->legacy)) {
      join(stream->before, other->before);
      push(stream, Operation{nullptr, other->last, std::make_shared<Point>()});
    }
  }
  auto point = std::make_shared<Point>();
  if (after) join(stream->before, after->before);
  order(stream, *point, accesses);
  push(stream, Operation{std::move(run), std::move(after), point});
  return point;
}

void waitFor(Lock &lock, std::shared_ptr<Point> point) {
  if (!point) return;
  state().changed.wait(lock, [&] { return point->done; });
  seen(point->before);
}

bool isIdle(const Context *context) {
  for (auto &[handle, stream] : state().streams)
    if (stream->context == context && !idle(stream)) return false;
  return true;
}

void waitForContext(Lock &lock, Context *context) {
  state().changed.wait(lock, [&] { return isIdle(context); });
  for (auto &[handle, stream] : state().streams)
    if (stream->context == context) seen(stream->before);
}

void fail(Context *context, Result code, const std::string &why) {
  if (!why.empty()) state().faults.push_back(why);
  if (context->failure == SUCCESS) context->failure = code;
  state().changed.notify_all();
}

static void destroy(Stream *stream) {
  state().streams.erase(stream->handle);
  if (stream->capture) {
    stream->capture->invalidated = true;
    stream->capture->members.erase(stream);
  }
  stream->destroyed = true;
  if (stream->started) stream->wake.notify_one();
  else delete stream;
}

void destroyStreams(Lock &, Context *context) {
  std::vector<Stream *> owned;
  for (auto &[handle, stream] : state().streams)
    if (stream->context == context) owned.push_back(stream);
  for (Stream *stream : owned) destroy(stream);
}

Result unsafeInCapture(Context *context) {
  if (context->captures == 0) return SUCCESS;
  auto thread = (unsigned long long)pthread_self();
  bool found = false;
  for (auto &[handle, stream] : state().streams) {
    auto &capture = stream->capture;
    if (stream->context != context || !capture || capture->mode == 2) continue;
    if (capture->mode == 1 && capture->thread != thread) continue;
    capture->invalidated = found = true;
  }
  return found ? CAPTURE_UNSUPPORTED : SUCCESS;
}

}

using namespace fake;

static Result createStream(Handle *out, unsigned flags, int priority) {
  return api("cuStreamCreate", LIVE, {flags, unsigned(priority)}, [&](Context *context, Lock &) -> Result {
    if (out == nullptr || flags > 1) return INVALID_VALUE;
    Stream *stream = newStream(context, flags == 0, false);
    stream->priority = priority;
    *out = stream->handle;
    return SUCCESS;
  });
}

extern "C" {

Result cuStreamCreate(Handle *out, unsigned flags) { return createStream(out, flags, 0); }

Result cuStreamCreateWithPriority(Handle *out, unsigned flags, int priority) {
  if (Result code = [] { Lock lock(state().mutex); return injected("cuStreamCreateWithPriority"); }()) return code;
  return createStream(out, flags, priority);
}

Result cuStreamDestroy_v2(Handle handle) {
  return api("cuStreamDestroy_v2", CONTEXT, {word(handle)}, [&](Context *context, Lock &) -> Result {
    auto found = state().streams.find(handle);
    if (found == state().streams.end() || found->second->legacy) return INVALID_HANDLE;
    if (found->second->context != context) return INVALID_HANDLE;
    destroy(found->second);
    return SUCCESS;
  });
}

Result cuStreamQuery(Handle handle) {
  return api("cuStreamQuery", LIVE, {word(handle)}, [&](Context *context, Lock &) -> Result {
    Stream *stream = findStream(context, handle);
    if (stream == nullptr) return INVALID_HANDLE;
    if (stream->capture) {
      stream->capture->invalidated = true;
      return CAPTURE_UNSUPPORTED;
    }
    if (!idle(stream)) return NOT_READY;
    seen(stream->before);
    return SUCCESS;
  });
}

Result cuStreamSynchronize(Handle handle) {
  return api("cuStreamSynchronize", LIVE, {word(handle)}, [&](Context *context, Lock &lock) -> Result {
    Stream *stream = findStream(context, handle);
    if (stream == nullptr) return INVALID_HANDLE;
    if (stream->capture) {
      stream->capture->invalidated = true;
      return CAPTURE_UNSUPPORTED;
    }
    Context *owner = stream->context;
    waitFor(lock, stream->last);
    return owner->failure;
  });
}

Result cuEventCreate(Handle *out, unsigned flags) {
  return api("cuEventCreate", LIVE, {flags}, [&](Context *context, Lock &) -> Result {
    if (out == nullptr || (flags & ~7u) != 0 || ((flags & 4) && !(flags & 2))) return INVALID_VALUE;
    auto event = std::make_shared<Event>();
    event->handle = state().handle();
    event->context = context;
    event->flags = flags;
    state().events[event->handle] = event;
    *out = event->handle;
    return SUCCESS;
  });
}

static std::shared_ptr<Event> findEvent(Handle handle) {
  auto found = state().events.find(handle);
  return found == state().events.end() ? nullptr : found->second;
}

Result cuEventDestroy_v2(Handle handle) {
  return api("cuEventDestroy_v2", CONTEXT, {word(handle)}, [&](Context *, Lock &) -> Result {
    return state().events.erase(handle) == 1 ? SUCCESS : INVALID_HANDLE;
  });
}

Result cuEventRecord(Handle handle, Handle streamHandle) {
  return api("cuEventRecord", LIVE, {word(handle), word(streamHandle)}, [&](Context *context, Lock &) -> Result {
    auto event = findEvent(handle);
    if (!event || event->context != context) return INVALID_HANDLE;
    Result code;
    Stream *stream = streamFor(context, streamHandle, code);
    if (stream == nullptr) return code;
    if (stream->capture) {
      event->capture = stream->capture;
      event->frontier = stream->frontier;
      event->point = nullptr;
      return SUCCESS;
    }
    event->capture = nullptr;
    event->point = enqueue(stream, nullptr, {});
    return SUCCESS;
  });
}

Result cuStreamWaitEvent(Handle streamHandle, Handle handle, unsigned flags) {
  return api("cuStreamWaitEvent", LIVE, {word(streamHandle), word(handle), flags}, [&](Context *context, Lock &) -> Result {
    auto event = findEvent(handle);
    if (!event) return INVALID_HANDLE;
    Result code;
    Stream *stream = streamFor(context, streamHandle, code);
    if (stream == nullptr) return code;
    if (flags > 1) return INVALID_VALUE;
    if (event->capture) {
      auto &capture = event->capture;
      if (capture->origin == nullptr) return CAPTURED_EVENT;
      if (stream->legacy || (stream->capture && stream->capture != capture)) return CAPTURE_ISOLATION;
      if (!stream->capture) {
        stream->capture = capture;
        capture->members.insert(stream);
        stream->frontier.clear();
      }
      auto &frontier = stream->frontier;
      for (int node : event->frontier)
        if (std::find(frontier.begin(), frontier.end(), node) == frontier.end()) frontier.push_back(node);
      return SUCCESS;
    }
    if (stream->capture) {
      stream->capture->invalidated = true;
      return CAPTURE_ISOLATION;
    }
    if (event->point && !event->point->done) enqueue(stream, nullptr, {}, event->point);
    else if (event->point) join(stream->before, event->point->before);
    return SUCCESS;
  });
}

Result cuEventQuery(Handle handle) {
  return api("cuEventQuery", LIVE, {word(handle)}, [&](Context *context, Lock &) -> Result {
    auto event = findEvent(handle);
    if (!event) return INVALID_HANDLE;
    if (event->capture) return CAPTURED_EVENT;
    if (Result code = unsafeInCapture(context)) return code;
    if (event->point && !event->point->done) return NOT_READY;
    if (event->point) seen(event->point->before);
    return SUCCESS;
  });
}

Result cuEventSynchronize(Handle handle) {
  return api("cuEventSynchronize", LIVE, {word(handle)}, [&](Context *context, Lock &lock) -> Result {
    auto event = findEvent(handle);
    if (!event) return INVALID_HANDLE;
    if (event->capture) return CAPTURED_EVENT;
    if (Result code = unsafeInCapture(context)) return code;
    Context *owner = event->context;
    waitFor(lock, event->point);
    return owner->failure;
  });
}

static Result elapsed(const char *name, float *milliseconds, Handle start, Handle end) {
  return api(name, LIVE, {word(start), word(end)}, [&](Context *, Lock &) -> Result {
    auto from = findEvent(start), to = findEvent(end);
    if (!from || !to || ((from->flags | to->flags) & 2)) return INVALID_HANDLE;
    if (milliseconds == nullptr) return INVALID_VALUE;
    if (from->capture || to->capture || !from->point || !to->point) return INVALID_HANDLE;
    if (!from->point->done || !to->point->done) return NOT_READY;
    *milliseconds = float(to->point->nanoseconds - from->point->nanoseconds) / 1e6f;
    return SUCCESS;
  });
}

Result cuEventElapsedTime(float *milliseconds, Handle start, Handle end) {
  return elapsed("cuEventElapsedTime", milliseconds, start, end);
}

Result cuEventElapsedTime_v2(float *milliseconds, Handle start, Handle end) {
  return elapsed("cuEventElapsedTime_v2", milliseconds, start, end);
}
}
