#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cstring>

#include "state.h"

namespace fake {

constexpr size_t hugePageBytes = 2 << 20;
/** For the functions of the system's library and for the switch. */
constexpr size_t spareStackBytes = 4096;
constexpr unsigned warpSize = 32;

static thread_local sigjmp_buf *landing = nullptr;
static struct sigaction previous[32];

static void onFault(int signal, siginfo_t *info, void *context) {
  if (landing != nullptr) siglongjmp(*landing, signal);
  const struct sigaction &old = previous[signal];
  if ((old.sa_flags & SA_SIGINFO) && old.sa_sigaction != nullptr) old.sa_sigaction(signal, info, context);
  else if (old.sa_handler != SIG_DFL && old.sa_handler != SIG_IGN) old.sa_handler(signal);
  else sigaction(signal, &old, nullptr);
}

static void prepareThread() {
  static std::once_flag once;
  std::call_once(once, [] {
    for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
      struct sigaction action;
      memset(&action, 0, sizeof action);
      action.sa_sigaction = onFault;
      action.sa_flags = SA_SIGINFO | SA_ONSTACK;
      sigaction(signal, &action, &previous[signal]);
    }
  });
  static thread_local bool prepared = false;
  if (prepared) return;
  prepared = true;
  stack_t own;
  memset(&own, 0, sizeof own);
  own.ss_size = 64 << 10;
  own.ss_sp = mmap(nullptr, own.ss_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  sigaltstack(&own, nullptr);
}

Result guarded(const std::function<Result()> &run, std::string &why) {
  prepareThread();
  sigjmp_buf here;
  sigjmp_buf *outer = landing;
  int signal = sigsetjmp(here, 1);
  if (signal != 0) {
    landing = outer;
    why = signal == SIGFPE ? "integer division by zero" : signal == SIGILL ? "trap" : "illegal address";
    return signal == SIGSEGV || signal == SIGBUS ? ILLEGAL_ADDRESS : LAUNCH_FAILED;
  }
  landing = &here;
  Result code = run();
  landing = outer;
  return code;
}

namespace {

enum class Wait { READY, BARRIER, EXCHANGE, CONVERGE, DONE };

struct Fiber {
  void *stackPointer;
  Dim index;
  Wait wait;
  unsigned site, mask, present;
  unsigned long long posted;
  unsigned long long values[warpSize];
#if !defined(__x86_64__)
  ucontext_t context;
#endif
};

/** The fibers of one thread of the processor: one block at a time. */
struct Block {
  std::vector<Fiber> fibers;
  char *stacks = nullptr;
  size_t stackBytes = 0, mappedBytes = 0;
  Fiber *running = nullptr;
  void *mainStackPointer = nullptr;
#if !defined(__x86_64__)
  ucontext_t main;
#endif
  const Kernel *kernel = nullptr;
  void **arguments = nullptr;
};

__attribute__((tls_model("initial-exec"))) thread_local Block *block = nullptr;

#if defined(__x86_64__)
extern "C" void fake_switch(void **save, void *load);
// Not by ret: the processor would predict that it goes back to where it was called.
asm(R"(
.text
.globl fake_switch
.hidden fake_switch
.type fake_switch,@function
fake_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  popq %rcx
  jmp *%rcx
.size fake_switch,.-fake_switch
)");

void leave() { fake_switch(&block->running->stackPointer, block->mainStackPointer); }
void enter(Fiber &fiber) {
  block->running = &fiber;
  fake_switch(&block->mainStackPointer, fiber.stackPointer);
}
#else
void leave() { swapcontext(&block->running->context, &block->main); }
void enter(Fiber &fiber) {
  block->running = &fiber;
  swapcontext(&block->main, &fiber.context);
}
#endif

void threadMain() {
  block->kernel->thread(block->arguments);
  block->running->wait = Wait::DONE;
  leave();
  __builtin_trap();
}

void start(Fiber &fiber, char *stack, size_t number) {
#if defined(__x86_64__)
  // Tops are staggered, or every fiber's frame would fall on the same cache lines.
  auto *top = reinterpret_cast<void **>(stack + block->stackBytes - 64 * (number % 16));
  *--top = nullptr;
  *--top = reinterpret_cast<void *>(threadMain);
  for (int saved = 0; saved < 6; saved++) *--top = nullptr;
  fiber.stackPointer = top;
#else
  (void)number;
  getcontext(&fiber.context);
  fiber.context.uc_stack.ss_sp = stack;
  fiber.context.uc_stack.ss_size = block->stackBytes;
  makecontext(&fiber.context, threadMain, 0);
#endif
  fiber.wait = Wait::READY;
}

/** Stacks side by side in huge pages: with one page each, most of the time went into the translation of addresses. */
void prepareStacks(size_t count, size_t needed) {
  size_t stackBytes = 8 << 10;
  while (stackBytes < needed + spareStackBytes) stackBytes *= 2;
  if (count * stackBytes > block->mappedBytes) {
    // The old ones stay: there are few, and addresses are plenty.
    block->mappedBytes = (count * stackBytes + hugePageBytes - 1) / hugePageBytes * hugePageBytes;
    void *mapped = mmap(nullptr, block->mappedBytes + hugePageBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    size_t aligned = (reinterpret_cast<size_t>(mapped) + hugePageBytes - 1) / hugePageBytes * hugePageBytes;
    block->stacks = reinterpret_cast<char *>(aligned);
    madvise(block->stacks, block->mappedBytes, MADV_HUGEPAGE);
  }
  block->stackBytes = stackBytes;
  if (block->fibers.size() != count) block->fibers = std::vector<Fiber>(count);
}

void barrier(unsigned site) {
  block->running->wait = Wait::BARRIER;
  block->running->site = site;
  leave();
}

const unsigned long long *exchange(unsigned site, unsigned mask, unsigned long long value, unsigned *present) {
  Fiber &fiber = *block->running;
  fiber.wait = Wait::EXCHANGE;
  fiber.site = site;
  fiber.mask = mask;
  fiber.posted = value;
  leave();
  *present = fiber.present;
  return fiber.values;
}

__attribute__((noinline)) unsigned converged() {
  Fiber &fiber = *block->running;
  fiber.wait = Wait::CONVERGE;
  // Kernels call it through functions that are inlined: only the address tells two places apart.
  fiber.site = unsigned(reinterpret_cast<unsigned long long>(__builtin_return_address(0)));
  leave();
  return fiber.present;
}

Runtime runtime = {barrier, exchange, converged};

unsigned alive(size_t first, size_t end) {
  unsigned lanes = 0;
  for (size_t at = first; at < end; at++)
    if (block->fibers[at].wait != Wait::DONE) lanes |= 1u << (at - first);
  return lanes;
}

/** Lets groups of one warp go on that are complete; with `converge`, also those that only chance completes. */
bool releaseWarp(size_t first, size_t end, bool converge) {
  auto &fibers = block->fibers;
  unsigned living = alive(first, end);
  bool released = false;
  for (size_t at = first; at < end; at++) {
    Fiber &leader = fibers[at];
    if (leader.wait != (converge ? Wait::CONVERGE : Wait::EXCHANGE)) continue;
    unsigned group = 0;
    for (size_t other = at; other < end; other++) {
      const Fiber &fiber = fibers[other];
      if (fiber.wait == leader.wait && fiber.site == leader.site && (converge || fiber.mask == leader.mask))
        group |= 1u << (other - first);
    }
    if (!converge && group != (living & leader.mask)) continue;
    unsigned long long values[warpSize] = {};
    for (size_t from = first; from < end; from++) values[from - first] = fibers[from].posted;
    for (size_t to = at; to < end; to++) {
      if (!(group >> (to - first) & 1)) continue;
      memcpy(fibers[to].values, values, sizeof values);
      fibers[to].present = group;
      fibers[to].wait = Wait::READY;
    }
    released = true;
  }
  return released;
}

bool releaseWarps(bool converge) {
  bool released = false;
  size_t count = block->fibers.size();
  for (size_t first = 0; first < count; first += warpSize)
    if (releaseWarp(first, std::min(first + warpSize, count), converge)) released = true;
  return released;
}

std::string runBlock(Dim *thread, Dim size) {
  auto &fibers = block->fibers;
  for (size_t at = 0; at < fibers.size(); at++) {
    unsigned linear = unsigned(at);
    fibers[at].index = Dim{linear % size.x, linear / size.x % size.y, linear / size.x / size.y};
    start(fibers[at], block->stacks + at * block->stackBytes, at);
  }
  for (;;) {
    size_t done = 0, waiting = 0;
    unsigned site = 0;
    bool together = true;
    for (Fiber &fiber : fibers) {
      if (fiber.wait == Wait::READY) {
        *thread = fiber.index;
        enter(fiber);
      }
      if (fiber.wait == Wait::BARRIER) {
        if (waiting++ == 0) site = fiber.site;
        else if (fiber.site != site) together = false;
      } else if (fiber.wait == Wait::DONE) {
        done++;
      }
    }
    if (done == fibers.size()) return "";
    if (waiting == fibers.size() && together) {
      for (Fiber &fiber : fibers) fiber.wait = Wait::READY;
      continue;
    }
    if (releaseWarps(false) || releaseWarps(true)) continue;
    if (waiting + done < fibers.size()) return "threads of a warp wait for lanes that do not come";
    if (done > 0) return "barrier at line " + std::to_string(site >> 8) + ": some threads of the block ended";
    return "threads of a block wait at different barriers";
  }
}

}

Result execute(Module &module, const Kernel &kernel, Dim grid, Dim size, void **arguments, std::string &why) {
  if (block == nullptr) block = new Block();
  const Object &object = *module.object;
  std::lock_guard<std::mutex> one(module.running);
  *object.runtime = runtime;
  *object.blockSize = size;
  *object.gridSize = grid;
  block->kernel = &kernel;
  block->arguments = arguments;
  if (kernel.thread != nullptr) prepareStacks(size_t(size.x) * size.y * size.z, module.stackBytes);
  return guarded(
      [&]() -> Result {
        for (unsigned z = 0; z < grid.z; z++)
          for (unsigned y = 0; y < grid.y; y++)
            for (unsigned x = 0; x < grid.x; x++) {
              *object.block = Dim{x, y, z};
              if (kernel.thread == nullptr) {
                kernel.block(arguments);
                continue;
              }
              memset(object.sharedStart, 0xcd, size_t(object.sharedEnd - object.sharedStart));
              why = runBlock(object.thread, size);
              if (!why.empty()) return LAUNCH_FAILED;
            }
        return SUCCESS;
      },
      why);
}

}
