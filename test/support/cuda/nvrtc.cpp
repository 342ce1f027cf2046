// A runtime compiler with NVRTC's functions: the system's g++ behind a shim.
#include <dlfcn.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <unordered_map>
#include <vector>

#include "abi.h"

extern char **environ;

namespace {

enum { SUCCESS = 0, PROGRAM_CREATION_FAILURE = 2, INVALID_INPUT = 3, INVALID_PROGRAM = 4, INVALID_OPTION = 5, COMPILATION = 6 };

struct Compiled {
  std::string object;
  unsigned long long stackBytes = 0;
};

struct Program {
  std::string source, name, log, cubin, ptx;
  bool compiled = false;
};

struct All {
  std::mutex mutex;
  std::set<Program *> programs;
  std::unordered_map<std::string, std::pair<int, int>> injections;
};

All &all() {
  static All *made = new All();
  return *made;
}

/** As the file's name says, so that copies under other names are other versions: libnvrtc.so.12.8.93 is 12.8. */
int version() {
  Dl_info info;
  int major = 13, minor = 0;
  if (dladdr(reinterpret_cast<void *>(version), &info) == 0) return 13000;
  const char *name = strrchr(info.dli_fname, '/');
  sscanf(name == nullptr ? info.dli_fname : name + 1, "libnvrtc.so.%d.%d", &major, &minor);
  return major * 1000 + minor * 10;
}

const std::vector<int> &architectures() {
  static const std::vector<int> thirteen = {75, 80, 86, 87, 88, 89, 90, 100, 103, 110, 120, 121};
  static const std::vector<int> twelve = {50, 52, 53, 60, 61, 62, 70, 72, 75, 80, 86, 87, 89, 90};
  return version() >= 13000 ? thirteen : twelve;
}

int injected(const char *name) {
  auto &table = all().injections;
  auto found = table.find(name);
  if (found == table.end() || --found->second.first > 0) return SUCCESS;
  int code = found->second.second;
  table.erase(found);
  return code;
}

bool begins(const std::string &text, const char *with) { return text.compare(0, strlen(with), with) == 0; }

struct Options {
  int architecture = 52;
  bool real = false;
  bool contract = true;
  std::vector<std::string> defines;
};

bool parseOption(const std::string &text, Options &options) {
  static const char *accepted[] = {"--std=c++", "-std=c++", "--restrict", "-restrict", "--device-as-default-execution-space",
                                   "-default-device", "--ftz=", "-ftz=", "--prec-", "-prec-", "--use_fast_math", "-use_fast_math",
                                   "--extra-device-vectorization", "-lineinfo", "--generate-line-info", "-w", "--disable-warnings",
                                   "--maxrregcount=", "--minimal", "--no-source-include", "--split-compile", "--dopt", "-G",
                                   "--display-error-number", "-no-display-error-number", "--diag-", "-diag-"};
  for (const char *prefix : {"--gpu-architecture=", "-arch="})
    if (begins(text, prefix)) {
      std::string value = text.substr(strlen(prefix));
      options.real = begins(value, "sm_");
      if (!options.real && !begins(value, "compute_")) return false;
      options.architecture = atoi(value.c_str() + (options.real ? 3 : 8));
      for (int known : architectures())
        if (known == options.architecture) return true;
      return false;
    }
  for (const char *prefix : {"--fmad=", "-fmad="})
    if (begins(text, prefix)) {
      std::string value = text.substr(strlen(prefix));
      options.contract = value == "true";
      return value == "true" || value == "false";
    }
  if (begins(text, "-D")) {
    options.defines.push_back(text);
    return true;
  }
  for (const char *prefix : accepted)
    if (begins(text, prefix)) return true;
  return false;
}

bool isName(char letter) { return isalnum((unsigned char)letter) || letter == '_'; }

/** The code without comments, so that words in them do not count. */
std::string withoutComments(const std::string &text) {
  std::string code;
  for (size_t at = 0; at < text.size();) {
    if (text.compare(at, 2, "//") == 0) {
      while (at < text.size() && text[at] != '\n') at++;
    } else if (text.compare(at, 2, "/*") == 0) {
      size_t end = text.find("*/", at + 2);
      at = end == std::string::npos ? text.size() : end + 2;
    } else {
      code += text[at++];
    }
  }
  return code;
}

/** One line a kernel for the table at the end of the translation unit. */
std::string table(const std::string &text) {
  std::string code = withoutComments(text);
  bool fibers = code.find("__syncthreads") != std::string::npos || code.find("_sync(") != std::string::npos ||
                code.find("__activemask") != std::string::npos || code.find("__syncwarp") != std::string::npos;
  std::string lines;
  for (size_t at = code.find("namespace "); at != std::string::npos; at = code.find("namespace ", at + 1)) {
    size_t end = at + strlen("namespace ");
    while (end < code.size() && isName(code[end])) end++;
    lines += "using " + code.substr(at, end - at) + ";\n";
  }
  lines += "FAKE_TABLE_BEGIN\n";
  for (size_t at = code.find("__global__"); at != std::string::npos; at = code.find("__global__", at)) {
    std::string word, threads = "1024";
    for (at += strlen("__global__"); at < code.size();) {
      if (isName(code[at])) {
        size_t end = at;
        while (end < code.size() && isName(code[end])) end++;
        word = code.substr(at, end - at);
        at = end;
        continue;
      }
      if (code[at] == '(') {
        if (word != "__launch_bounds__" && word != "__attribute__") break;
        size_t end = at;
        int depth = 0;
        do {
          if (code[end] == '(') depth++;
          if (code[end] == ')') depth--;
          end++;
        } while (depth > 0 && end < code.size());
        if (word == "__launch_bounds__") {
          threads = code.substr(at + 1, end - at - 2);
          threads = threads.substr(0, threads.find(','));
        }
        at = end;
        continue;
      }
      at++;
    }
    lines += std::string(fibers ? "FAKE_FIBERS(" : "FAKE_PLAIN(") + word + ", " + threads + ")\n";
  }
  return lines;
}

std::string readFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

int run(const std::vector<std::string> &command, const std::string &errors) {
  std::vector<char *> words;
  for (const std::string &word : command) words.push_back(const_cast<char *>(word.c_str()));
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, 1, errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t child;
  int failed = posix_spawnp(&child, words[0], &actions, nullptr, words.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return -1;
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/** The sum over a report of -fstack-usage: name, bytes, kind. */
unsigned long long stackIn(const std::string &report) {
  unsigned long long sum = 1;
  std::stringstream lines(report);
  for (std::string line; std::getline(lines, line);) {
    size_t tab = line.find('\t');
    if (tab != std::string::npos) sum += strtoull(line.c_str() + tab, nullptr, 10);
  }
  return sum;
}

/** A shared object for the text, from the folder of earlier ones where it is there. */
int compile(const std::string &source, const std::string &name, const Options &options, Compiled &compiled, std::string &log) {
  std::string unit = "#include \"" FAKE_FOLDER "/shim.h\"\n#line 1 \"" + name + "\"\n" + source + "\n" +
                     table(source) + "FAKE_TABLE_END\n";
  const char *extra = getenv("FAKE_NVRTC_FLAGS");
  std::vector<std::string> command = {FAKE_COMPILER, "-x", "c++", "-std=c++17", "-O1", "-fPIC", "-shared", "-w", "-fno-exceptions",
                                      "-fno-rtti", "-fno-math-errno", "-fvisibility=hidden", "-fmax-errors=20",
                                      options.contract ? "-ffp-contract=fast" : "-ffp-contract=off"};
#if __GNUC__ >= 12
  command.push_back("-ftrivial-auto-var-init=pattern");
#endif
  std::stringstream words(extra == nullptr ? "" : extra);
  for (std::string word; words >> word;) command.push_back(word);
  for (const std::string &define : options.defines) command.push_back(define);
  std::string key = unit;
  for (const std::string &word : command) key += "\n" + word;
  char digest[40];
  snprintf(digest, sizeof digest, "%016llx%08zx", fake::digestOf(key.data(), key.size()), key.size());
  std::string base = std::string(FAKE_FOLDER "/kernels/") + digest;
  compiled.object = readFile(base + ".so");
  compiled.stackBytes = stackIn(readFile(base + ".su"));
  if (!compiled.object.empty()) return SUCCESS;
  mkdir(FAKE_FOLDER "/kernels", 0700);
  static std::mutex numbering;
  static int made = 0;
  std::string own;
  {
    std::lock_guard<std::mutex> one(numbering);
    own = base + "." + std::to_string(getpid()) + "." + std::to_string(made++);
  }
  std::ofstream(own + ".cpp") << unit;
  for (const std::string &word : {std::string("-fstack-usage"), std::string("-dumpdir"), own + ".", std::string("-o")})
    command.push_back(word);
  command.push_back(own + ".so");
  command.push_back(own + ".cpp");
  for (const char *word : {"-x", "none", "-Wl,--as-needed", "-lm"}) command.push_back(word);
  int status = run(command, own + ".log");
  log = readFile(own + ".log");
  std::string report = own + own.substr(own.rfind('/')).replace(0, 1, ".") + ".su";
  if (status == 0) {
    compiled = {readFile(own + ".so"), stackIn(readFile(report))};
    rename(report.c_str(), (base + ".su").c_str());
    rename((own + ".so").c_str(), (base + ".so").c_str());
  }
  for (const std::string &left : {own + ".cpp", own + ".so", own + ".log", report}) unlink(left.c_str());
  if (status == -1) log = "fake NVRTC: cannot run " FAKE_COMPILER;
  return status == 0 ? SUCCESS : COMPILATION;
}

std::string cubinOf(const Compiled &compiled, int architecture) {
  const std::string &object = compiled.object;
  fake::Image header;
  header.stackBytes = compiled.stackBytes;
  memcpy(header.magic, fake::imageMagic, sizeof header.magic);
  header.toolkit = unsigned(version());
  header.architecture = unsigned(architecture);
  header.length = object.size();
  header.digest = fake::digestOf(object.data(), object.size());
  return std::string(reinterpret_cast<const char *>(&header), sizeof header) + object;
}

std::string ptxOf(const std::string &cubin, int architecture) {
  static const char digits[] = "0123456789abcdef";
  char head[160];
  int release = version();
  snprintf(head, sizeof head, "//\n// Fake PTX\n//\n.version %d.%d\n.target sm_%d\n.address_size 64\n//data ",
           release >= 13000 ? 9 : 8, release / 10 % 100, architecture);
  std::string text = head;
  for (unsigned char byte : cubin) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text + "\n";
}

bool known(Program *program) { return all().programs.count(program) == 1; }

int give(const char *name, Program *program, const std::string Program::*member, size_t *size, char *out, bool text) {
  std::lock_guard<std::mutex> lock(all().mutex);
  if (int code = injected(name)) return code;
  if (!known(program)) return INVALID_PROGRAM;
  const std::string &bytes = program->*member;
  if (size != nullptr) *size = bytes.empty() && !text ? 0 : bytes.size() + (text ? 1 : 0);
  if (out != nullptr) memcpy(out, bytes.c_str(), bytes.size() + (text ? 1 : 0));
  return size == nullptr && out == nullptr ? INVALID_INPUT : SUCCESS;
}

}

extern "C" {

/** Makes the n-th call from now of a function give `code`. */
void fake_nvrtc_fail(const char *name, int nth, int code) {
  std::lock_guard<std::mutex> lock(all().mutex);
  if (nth <= 0) all().injections.erase(name);
  else all().injections[name] = {nth, code};
}

int fake_nvrtc_programs() {
  std::lock_guard<std::mutex> lock(all().mutex);
  return int(all().programs.size());
}

const char *nvrtcGetErrorString(int code) {
  switch (code) {
  case 0: return "NVRTC_SUCCESS";
  case 1: return "NVRTC_ERROR_OUT_OF_MEMORY";
  case 2: return "NVRTC_ERROR_PROGRAM_CREATION_FAILURE";
  case 3: return "NVRTC_ERROR_INVALID_INPUT";
  case 4: return "NVRTC_ERROR_INVALID_PROGRAM";
  case 5: return "NVRTC_ERROR_INVALID_OPTION";
  case 6: return "NVRTC_ERROR_COMPILATION";
  case 7: return "NVRTC_ERROR_BUILTIN_OPERATION_FAILURE";
  case 11: return "NVRTC_ERROR_INTERNAL_ERROR";
  default: return "NVRTC_ERROR unknown";
  }
}

int nvrtcVersion(int *major, int *minor) {
  if (int code = injected("nvrtcVersion")) return code;
  if (major == nullptr || minor == nullptr) return INVALID_INPUT;
  *major = version() / 1000;
  *minor = version() / 10 % 100;
  return SUCCESS;
}

int nvrtcGetNumSupportedArchs(int *count) {
  if (int code = injected("nvrtcGetNumSupportedArchs")) return code;
  *count = int(architectures().size());
  return SUCCESS;
}

int nvrtcGetSupportedArchs(int *out) {
  if (int code = injected("nvrtcGetSupportedArchs")) return code;
  memcpy(out, architectures().data(), architectures().size() * sizeof(int));
  return SUCCESS;
}

int nvrtcCreateProgram(Program **out, const char *source, const char *name, int headers, const char *const *, const char *const *) {
  std::lock_guard<std::mutex> lock(all().mutex);
  if (int code = injected("nvrtcCreateProgram")) return code;
  if (out == nullptr || source == nullptr || headers < 0) return INVALID_INPUT;
  auto *program = new Program();
  program->source = source;
  program->name = name == nullptr ? "default_program" : name;
  all().programs.insert(program);
  *out = program;
  return SUCCESS;
}

int nvrtcDestroyProgram(Program **program) {
  std::lock_guard<std::mutex> lock(all().mutex);
  if (int code = injected("nvrtcDestroyProgram")) return code;
  if (program == nullptr || !known(*program)) return INVALID_PROGRAM;
  all().programs.erase(*program);
  delete *program;
  *program = nullptr;
  return SUCCESS;
}

int nvrtcCompileProgram(Program *program, int count, const char *const *texts) {
  Options options;
  {
    std::lock_guard<std::mutex> lock(all().mutex);
    if (int code = injected("nvrtcCompileProgram")) return code;
    if (!known(program)) return INVALID_PROGRAM;
    for (int at = 0; at < count; at++)
      if (!parseOption(texts[at], options)) {
        program->log = std::string("nvrtc: error: invalid value or unrecognized option ") + texts[at];
        return INVALID_OPTION;
      }
  }
  Compiled compiled;
  int code = compile(program->source, program->name, options, compiled, program->log);
  if (code != SUCCESS) return code;
  std::string cubin = cubinOf(compiled, options.architecture);
  program->ptx = ptxOf(cubin, options.architecture);
  if (options.real) program->cubin = cubin;
  return SUCCESS;
}

int nvrtcGetProgramLogSize(Program *program, size_t *size) { return give("nvrtcGetProgramLogSize", program, &Program::log, size, nullptr, true); }
int nvrtcGetProgramLog(Program *program, char *out) { return give("nvrtcGetProgramLog", program, &Program::log, nullptr, out, true); }
int nvrtcGetPTXSize(Program *program, size_t *size) { return give("nvrtcGetPTXSize", program, &Program::ptx, size, nullptr, true); }
int nvrtcGetPTX(Program *program, char *out) { return give("nvrtcGetPTX", program, &Program::ptx, nullptr, out, true); }
int nvrtcGetCUBINSize(Program *program, size_t *size) { return give("nvrtcGetCUBINSize", program, &Program::cubin, size, nullptr, false); }
int nvrtcGetCUBIN(Program *program, char *out) { return give("nvrtcGetCUBIN", program, &Program::cubin, nullptr, out, false); }
}
