// Finds work on different streams that uses the same memory in no certain order.
#include "state.h"

namespace fake {

void join(Clock &clock, const Clock &other) {
  for (auto &[stream, issued] : other) {
    auto &known = clock[stream];
    if (known < issued) known = issued;
  }
}

static bool isBefore(const Recent &recent, const Clock &clock) {
  auto found = clock.find(recent.stream);
  return found != clock.end() && found->second >= recent.issued;
}

static bool conflict(const Access &a, const Access &b) {
  return (a.writes || b.writes) && a.address < b.address + b.bytes && b.address < a.address + a.bytes;
}

void seen(const Clock &clock) {
  State &all = state();
  join(all.seenByHost, clock);
  std::deque<Recent> left;
  for (const Recent &recent : all.recent)
    if (!isBefore(recent, all.seenByHost)) left.push_back(recent);
  all.recent.swap(left);
}

void order(Stream *stream, Point &point, const Accesses &accesses) {
  State &all = state();
  join(stream->before, all.seenByHost);
  for (const Access &access : accesses)
    for (const Recent &recent : all.recent) {
      if (recent.stream == stream->number || isBefore(recent, stream->before) || !conflict(access, recent.access)) continue;
      if (all.races.size() < 20)
        all.races.push_back("stream " + std::to_string(stream->number) + (access.writes ? " writes " : " reads ") + hex(access.address) + "+" +
                            std::to_string(access.bytes) + ", stream " + std::to_string(recent.stream) +
                            (recent.access.writes ? " writes " : " reads ") + hex(recent.access.address) + "+" + std::to_string(recent.access.bytes));
    }
  stream->before[stream->number] = ++stream->issued;
  for (const Access &access : accesses) all.recent.push_back(Recent{access, stream->number, stream->issued});
  if (all.recent.size() > 4096) all.recent.pop_front();
  point.before = stream->before;
}

void forgetAccesses(Pointer base, size_t bytes) {
  std::deque<Recent> left;
  for (const Recent &recent : state().recent)
    if (!conflict(Access{base, bytes, true}, recent.access)) left.push_back(recent);
  state().recent.swap(left);
}

}
