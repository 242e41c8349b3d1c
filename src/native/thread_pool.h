#pragma once

#include <cstdint>

namespace hypermorph {

// A task of a parallel loop: `task` in [0, tasks) and `worker` in [0, threadCount()).
using TaskFunction = void (*)(const void* context, int64_t task, int worker);

// Number of threads a parallel loop uses, the calling one included: setThreadCount(), else HYPERMORPH_THREADS, else the
// processors.
int threadCount() noexcept;
void setThreadCount(int count) noexcept;

// Run function(context, t, worker) for every t in [0, tasks). Which worker runs a task is not defined, so a task must
// write only its own results: then the same bits come out for every thread count. Sums over tasks are the caller's, in
// task order.
void runParallel(int64_t tasks, TaskFunction function, const void* context) noexcept;

}  // namespace hypermorph
