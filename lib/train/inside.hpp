#pragma once

/// @file
/// Which Trainers' models and losses a thread is running.

#include "tapedeck/train/trainer.hpp"

namespace tapedeck {

/// Marks, as long as it lives, that this thread runs a Trainer's model or loss. It belongs to the thread, not
/// to the Trainer, so that other threads may predict at the same time.
class Trainer::Inside {
 public:
  explicit Inside(const Trainer& trainer) : trainer_(trainer), outer_(innermost) { innermost = this; }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;
  ~Inside() { innermost = outer_; }

  static bool of(const Trainer& trainer) {
    for (const Inside* i = innermost; i != nullptr; i = i->outer_) {
      if (&i->trainer_ == &trainer) return true;
    }
    return false;
  }

 private:
  static constinit thread_local const Inside* innermost;

  const Trainer& trainer_;
  const Inside* outer_;
};

}  // namespace tapedeck
