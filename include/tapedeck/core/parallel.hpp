#pragma once

/// @file
/// Independent pieces of work, spread over the library's threads.

#include "tapedeck/core/threads.hpp"

namespace tapedeck {
namespace detail {

/// A reference to a function of a task's number.
struct TaskRef {
  const void* function;
  void (*call)(const void* function, Index task);
};
TAPEDECK_API void run_tasks(Index count, TaskRef task);

}  // namespace detail

/// Calls task(0), task(1), ..., task(count - 1), each once, in any order and at once on up to threads()
/// threads, this one among them; returns when all have been called. For the same bits at any number of
/// threads, cut the work by its shape and let no task read what another writes.
///
/// Inside of a task of several, and while another thread of the program is at it, the tasks run one after
/// another. If tasks throw, the others still run, and the exception of the lowest number is thrown on. Never
/// allocates but for threads that are made.
template <class F>
void parallel(Index count, const F& task) {
  if (count == 1) return task(Index{0});
  detail::run_tasks(count, {&task, [](const void* f, Index i) { (*static_cast<const F*>(f))(i); }});
}

/// Cuts 0, ..., size - 1 into pieces of `grain`, at least 1 (the last piece may be smaller), and calls
/// f(begin, end) for each, as parallel() does; f(0, 0) if size is 0.
template <class F>
void parallel_ranges(Index size, Index grain, const F& f) {
  if (size <= grain) return f(Index{0}, size);
  parallel((size + grain - 1) / grain, [&](Index i) {
    const Index begin = i * grain;
    f(begin, size - begin < grain ? size : begin + grain);
  });
}

}  // namespace tapedeck
