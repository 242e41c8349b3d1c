// While a kernel computes, JavaScript waits, and so do its listeners for signals.

#if !defined(_WIN32)
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>
#endif

#include <atomic>

#include "bindings/napi_support.h"

namespace hypermorph::bindings {
namespace {

#if !defined(_WIN32)
constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};
constexpr suseconds_t kGraceMicroseconds = 200'000;

// The listeners of Node.js.
struct sigaction earlier[NSIG];
std::atomic<int> received{0};
std::atomic<int> exit_code{1};
static_assert(std::atomic<int>::is_always_lock_free, "a handler of signals may not wait");

void exitNow(int) { _exit(exit_code.load()); }

void countSignal(int number) {
  if (received.fetch_add(1) >= 1) {
    // JavaScript ends the program better, where it is not waiting: it removes what is half written.
    const struct itimerval grace = {.it_interval = {0, 0}, .it_value = {0, kGraceMicroseconds}};
    setitimer(ITIMER_REAL, &grace, nullptr);
  }
  earlier[number].sa_handler(number);
}

void guard(int number) {
  struct sigaction action = {};
  if (sigaction(number, nullptr, &action) != 0 || (action.sa_flags & SA_SIGINFO) != 0) return;
  if (action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN || action.sa_handler == countSignal) return;
  earlier[number] = action;
  action.sa_handler = countSignal;
  sigaction(number, &action, nullptr);
}
#endif

// exitOnSecondSignal(exitCode, received): of those for which Node.js listens; `received` of them have come already.
napi_value exitOnSecondSignal(napi_env env, napi_callback_info info) {
  Arguments<2> args;
  double code = 0;
  double count = 0;
  if (!readArguments(env, info, &args) || !readNumber(env, args.values[0], "exitCode", &code) ||
      !readNumber(env, args.values[1], "received", &count)) {
    return nullptr;
  }
#if !defined(_WIN32)
  exit_code = static_cast<int>(code);
  received = static_cast<int>(count);
  struct sigaction action = {};
  action.sa_handler = exitNow;
  sigaction(SIGALRM, &action, nullptr);
  for (const int number : kSignals) guard(number);
#endif
  return nullptr;
}

}  // namespace

bool registerSignals(napi_env env, napi_value exports) {
  return addFunction(env, exports, "exitOnSecondSignal", exitOnSecondSignal);
}

}  // namespace hypermorph::bindings
