#include "state.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace fake {

static void parse(const std::string &text, std::map<std::string, std::string> &values) {
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find(';', at);
    if (end == std::string::npos) end = text.size();
    std::string line = text.substr(at, end - at);
    size_t equals = line.find('=');
    if (equals != std::string::npos) values[line.substr(0, equals)] = line.substr(equals + 1);
    at = end + 1;
  }
}

State &state() {
  static State *all = [] {
    auto *made = new State();
    if (const char *text = getenv("FAKE_CUDA")) parse(text, made->config.values);
    return made;
  }();
  return *all;
}

void configure(const std::string &text) { parse(text, state().config.values); }

long long Config::number(const char *key, long long otherwise) const {
  auto found = values.find(key);
  return found == values.end() ? otherwise : strtoll(found->second.c_str(), nullptr, 0);
}

std::string Config::text(const char *key, const char *otherwise) const {
  auto found = values.find(key);
  return found == values.end() ? otherwise : found->second;
}

bool isSticky(Result code) {
  return code == 214 || code == 220 || code == 226 || code == ILLEGAL_ADDRESS || code == 702 || (code >= 714 && code <= 719) || code == 721;
}

std::string hex(unsigned long long value) {
  char text[24];
  snprintf(text, sizeof text, value < 10 ? "%llu" : "0x%llx", value);
  return text;
}

long long now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ll + time.tv_nsec;
}

Result injected(const std::string &name) {
  auto &table = state().injections;
  auto found = table.find(name);
  if (found == table.end() || --found->second.calls > 0) return SUCCESS;
  Result code = found->second.code;
  table.erase(found);
  return code;
}

static bool takesEffect(const std::string &name) { return name == "cuCtxDestroy_v2" || name == "cuStreamEndCapture"; }

Result injectedLate(const std::string &name) {
  Lock lock(state().mutex);
  return injected(name);
}

void note(const char *name, const std::string &arguments, Result result, long long started) {
  State &all = state();
  all.stats.calls++;
  long long took = now() - started;
  if (took > all.stats.longestNanoseconds && gettid() == getpid()) {
    all.stats.longestNanoseconds = took;
    all.stats.longest = name;
  }
  if (all.config.number("log", 0) == 0 || all.log.size() >= 200000) return;
  all.log.push_back(std::string(name) + "(" + arguments + ")" + (result == SUCCESS ? "" : " = " + std::to_string(result)));
}

std::vector<Handle> &currentStack() {
  static thread_local std::vector<Handle> stack;
  return stack;
}

Context *currentContext() {
  auto &stack = currentStack();
  if (stack.empty() || stack.back() == nullptr) return nullptr;
  auto found = state().contexts.find(stack.back());
  return found == state().contexts.end() ? nullptr : found->second;
}

Result admit(const char *name, Needs needs, Context *&context) {
  Result code = takesEffect(name) ? SUCCESS : injected(name);
  if (needs != NOTHING && !state().initialized) return NOT_INITIALIZED;
  context = currentContext();
  if (code != SUCCESS) {
    if (context != nullptr && isSticky(code)) fail(context, code, std::string(name) + ": injected");
    return code;
  }
  if (needs < CONTEXT) return SUCCESS;
  auto &stack = currentStack();
  if (context == nullptr) return stack.empty() || stack.back() == nullptr ? INVALID_CONTEXT : CONTEXT_IS_DESTROYED;
  return needs == LIVE ? context->failure : SUCCESS;
}

}
