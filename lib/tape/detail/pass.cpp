#include "tapedeck/tape/detail/pass.hpp"

#include <mutex>
#include <string>

#include "core/locks.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/tape/detail/errors.hpp"
#include "tapedeck/tape/detail/recomputation.hpp"

namespace tapedeck::detail {
namespace {

// All passes, and those that no Memory has; under Lock::passes. Never freed: a Value in a static may ask its
// pass after main has returned.
constinit Pass* first_pass = nullptr;
constinit Pass* first_idle = nullptr;

}  // namespace

// --- Its life

Pass& Pass::acquire() {
  const std::lock_guard guard(lock(Lock::passes));
  store_ends = &end_all_on;
  if (Pass* pass = first_idle) {
    first_idle = pass->next_idle_;
    return *pass;
  }
  auto* made = new Pass;
  made->next_ = first_pass;
  first_pass = made;
  return *made;
}

void Pass::recycle(Pass& pass) {
  if (pass.busy()) pass.abandon();
  pass.values.clear();
  pass.records.clear();
  pass.random.clear();
  pass.statistics.clear();
  pass.changes.clear();
  std::vector<Seed>{}.swap(pass.seeds);
  const std::lock_guard guard(lock(Lock::passes));
  pass.next_idle_ = first_idle;
  first_idle = &pass;
}

void Pass::abandon() {
  *handle_ = nullptr;
  end();
}

// Ends all passes over a store, and with them their tapes.
void Pass::end_all_on(ParameterStore& store) {
  const auto next = [&]() -> Pass* {
    const std::lock_guard guard(lock(Lock::passes));
    for (Pass* pass = first_pass; pass != nullptr; pass = pass->next_) {
      if (pass->store_.load(std::memory_order_relaxed) == &store) return pass;
    }
    return nullptr;
  };
  while (Pass* pass = next()) pass->abandon();  // without the lock: this may destroy functions of the user
}

void Pass::begin(Tape& tape, Pass*& handle, ParameterStore& store, const Settings& settings) {
  store.seal();
  values.begin(store, settings.mode == train);
  values.set_poison(settings.poison);
  try {
    changes.note(0, store.internals().change_count());
  } catch (...) {
    values.end();
    throw;
  }
  settings_ = settings;
  if (!settings_.step) settings_.step = settings.mode == train ? store.internals().next_pass() : 0;
  random.begin(store.seed(), step());
  records.begin(settings.trace);
  family_ = store.internals().family();
  scalar_ = store.scalar();
  replayed_ = false;
  phase_ = Phase::recording;
  tape_ = &tape;
  handle_ = &handle;
  store_ = &store;
}

void Pass::end() noexcept {
  destroy_recomputations(*this);
  values.end();
  records.end();
  random.end();
  statistics.end();
  changes.end();
  cotangents.fill(nullptr);
  seeds.clear();
  store_ = nullptr;
  tape_ = nullptr;
}

void Pass::note_changes(const char* op) {
  require_recording(op);
  changes.note(values.size(), store().internals().change_count());
}

// --- Errors of handles and of calls at the wrong time

void Pass::refuse_recording(const char* who) const {
  throw UsageError({.who = records.place() == nullptr ? who : path(records.place()) + " (" + who + ")",
                    .given = "a call from within a vjp of the same tape",
                    .wanted = "one before or after backward",
                    .hint = "within a vjp, compute with matrices, or on another tape"});
}

void Pass::refuse_replaying(const char* who) {
  throw UsageError({.who = who,
                    .given = "a call while the same tape goes back",
                    .wanted = "one after backward or vjp has returned"});
}

void Pass::refuse_empty() {
  throw HandleError({.who = "Value", .given = "an empty one", .wanted = "one that was recorded on a tape"});
}

void Pass::refuse(const Value& value) const {
  if (value.pass_ != nullptr && value.pass_->contains(value)) {
    throw HandleError({.who = "Value",
                       .given = "one of another tape",
                       .wanted = "Values of one tape only",
                       .hint = "tape.carry(value) takes its elements over"});
  }
  throw HandleError(
      {.who = "Value",
       .given = "a stale one: its tape has ended",
       .wanted = "a Value of an open tape",
       .hint = "a Value ends with its tape; copy what you need out of value.matrix<T>() before"});
}

void Pass::refuse_released(std::uint32_t i) const {
  throw HandleError(
      {.who = "Value",
       .given = "a " + to_string(values[i].shape()) + " one that was released",
       .wanted = "one that still has its memory",
       .hint = "in evaluate mode Sequential releases what its layers made, and tape.recompute what its "
               "function made, except what they return"});
}

void Pass::refuse(const Parameter& parameter) const {
  throw HandleError({.who = who("parameter", records.place()),
                     .given = parameter.family() == 0 ? "an empty Parameter" : "a Parameter of another store",
                     .wanted = "one of the store that the tape is on, or of the store it was copied from"});
}

void Pass::refuse(const Buffer& buffer) const {
  throw HandleError({.who = who("buffer", records.place()),
                     .given = buffer.family() == 0 ? "an empty Buffer" : "a Buffer of another store",
                     .wanted = "one of the store that the tape is on, or of the store it was copied from"});
}

}  // namespace tapedeck::detail
