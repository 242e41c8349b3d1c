#include "thread_pool.h"

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <system_error>
#include <thread>

namespace hypermorph {
namespace {

constexpr int kMaxThreads = 256;
constexpr int kSpins = 2000;  // tens of microseconds: kernels of one network follow each other closely

struct Job {
  TaskFunction function = nullptr;
  const void* context = nullptr;
  int64_t tasks = 0;
  int helpers = 0;  // workers beyond the caller that may take part
};

class ThreadPool {
 public:
  int threads() noexcept {
    if (threads_ == 0) threads_ = defaultThreads();
    return threads_;
  }

  void setThreads(int count) noexcept {
    const std::lock_guard<std::mutex> guard(run_mutex_);
    threads_ = count < 1 ? defaultThreads() : (count > kMaxThreads ? kMaxThreads : count);
  }

  void run(int64_t tasks, TaskFunction function, const void* context) noexcept {
    const std::lock_guard<std::mutex> guard(run_mutex_);
    const int64_t wanted = tasks < threads() ? tasks : threads();
    const int helpers = startWorkers(static_cast<int>(wanted) - 1);
    if (helpers <= 0) {
      for (int64_t task = 0; task < tasks; ++task) function(context, task, 0);
      return;
    }
    {
      const std::lock_guard<std::mutex> lock(job_mutex_);
      job_ = Job{function, context, tasks, helpers};
      next_.store(0, std::memory_order_relaxed);
      busy_.store(helpers, std::memory_order_relaxed);
      generation_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    work(job_, 0);
    for (int spin = 0; busy_.load(std::memory_order_acquire) != 0; ++spin) {
      if (spin > kSpins) std::this_thread::yield();
    }
  }

 private:
  static int defaultThreads() noexcept {
    if (const char* text = std::getenv("HYPERMORPH_THREADS")) {
      const int count = std::atoi(text);
      if (count >= 1) return count > kMaxThreads ? kMaxThreads : count;
    }
    const int count = static_cast<int>(std::thread::hardware_concurrency());
    return count < 1 ? 1 : (count > kMaxThreads ? kMaxThreads : count);
  }

  // Number of helpers that exist, at most `wanted`: a system that refuses a thread makes us slower, not wrong.
  int startWorkers(int wanted) noexcept {
    while (workers_ < wanted) {
      try {
        std::thread(&ThreadPool::serve, this, workers_ + 1).detach();
      } catch (const std::system_error&) {
        break;
      }
      ++workers_;
    }
    return workers_ < wanted ? workers_ : wanted;
  }

  void serve(int worker) noexcept {
    uint64_t seen = 0;
    for (;;) {
      for (int spin = 0; spin < kSpins && generation_.load(std::memory_order_acquire) == seen; ++spin) {
      }
      Job job;
      {
        std::unique_lock<std::mutex> lock(job_mutex_);
        wake_.wait(lock, [&] { return generation_.load(std::memory_order_relaxed) != seen; });
        seen = generation_.load(std::memory_order_relaxed);
        job = job_;
      }
      if (worker > job.helpers) continue;
      work(job, worker);
      busy_.fetch_sub(1, std::memory_order_release);
    }
  }

  void work(const Job& job, int worker) noexcept {
    for (;;) {
      const int64_t task = next_.fetch_add(1, std::memory_order_relaxed);
      if (task >= job.tasks) return;
      job.function(job.context, task, worker);
    }
  }

  std::mutex run_mutex_;  // one loop at a time, also from several JavaScript threads
  std::mutex job_mutex_;
  std::condition_variable wake_;
  Job job_;
  std::atomic<uint64_t> generation_{0};
  std::atomic<int64_t> next_{0};
  std::atomic<int> busy_{0};
  int workers_ = 0;
  int threads_ = 0;
};

// Never destroyed: its detached workers sleep on it until the process ends.
ThreadPool& pool() noexcept {
  static ThreadPool* const instance = new ThreadPool();
  return *instance;
}

}  // namespace

int threadCount() noexcept { return pool().threads(); }
void setThreadCount(int count) noexcept { pool().setThreads(count); }
void runParallel(int64_t tasks, TaskFunction function, const void* context) noexcept {
  if (tasks > 0) pool().run(tasks, function, context);
}

}  // namespace hypermorph
