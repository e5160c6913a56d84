#pragma once

/// @file
/// Internal: the state of one recorded pass. Users of the library and authors of layers need not read this;
/// `tape.hpp` and `op.hpp` are theirs.

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/tape/detail/batch_statistics.hpp"
#include "tapedeck/tape/detail/changes.hpp"
#include "tapedeck/tape/detail/cotangents.hpp"
#include "tapedeck/tape/detail/random_streams.hpp"
#include "tapedeck/tape/detail/records.hpp"
#include "tapedeck/tape/detail/values.hpp"
#include "tapedeck/tape/mode.hpp"
#include "tapedeck/tape/value.hpp"

namespace tapedeck::detail {

struct Recomputation;

/// Decides what an op with a surrogate gives. Only passes of the gradient checker have one.
class SurrogateOutputs {
 public:
  virtual ~SurrogateOutputs() = default;
  /// Replaces the outputs of an op's forward in `count` entries, the first of which is `output`; its
  /// surrogate's outputs are in the entries from `surrogate` on.
  virtual void replace(Pass& pass, const char* op, std::uint32_t output, std::uint32_t surrogate,
                       std::size_t count) = 0;
};

/// A root of backward, and its cotangent.
struct Seed {
  std::uint32_t entry;
  const void* cotangent;  ///< null: the number one
};

/// What a pass is doing. Within a vjp nothing can be recorded; a recomputation records while the tape
/// replays.
enum class Phase : std::uint8_t { recording, replaying, recomputing };

/// The state of one recorded pass over a store, in parts of one subject each. What is done with it are
/// functions beside it: replay.hpp, recomputation.hpp, input.hpp, finite.hpp, errors.hpp. A pass knows
/// nothing of Tape and Operand, which are built on it.
///
/// Passes are pooled and never freed, so that a Value of any age can ask its pass whether it is still valid.
class TAPEDECK_API Pass {
 public:
  struct Settings {
    Mode mode = train;
    bool check_finite = false;
    bool trace = false;
    std::optional<std::uint64_t> step = std::nullopt;  ///< by default the store's next
    Index first_column = 0;
    std::uint32_t poison = 0;  ///< the word that memory holds until it is set; 0: what was left in it
    // For the gradient checker.
    bool inline_recomputations = false;  ///< recompute calls its function and keeps all that it records
    SurrogateOutputs* surrogates = nullptr;
  };

  Values values;
  Records records;
  RandomStreams random;
  BatchStatistics statistics;
  Changes changes;
  Cotangents cotangents;
  std::vector<Seed> seeds;                  ///< the roots of the next replay
  Recomputation* recomputations = nullptr;  ///< the last one; they hold functions, to be destroyed at the end

  // From handles to entries, and back. HandleError for handles of other tapes and stores.

  std::uint32_t resolve(const Value& value) const {
    const std::uint64_t i = values.find(value.number_);
    if (value.pass_ != this || i >= values.size()) refuse(value);
    if (values[static_cast<std::uint32_t>(i)].released) refuse_released(static_cast<std::uint32_t>(i));
    return static_cast<std::uint32_t>(i);
  }
  std::uint32_t resolve(const Parameter& parameter) const {
    if (parameter.family() != family_) refuse(parameter);
    return parameter.slot();
  }
  std::uint32_t resolve(const Buffer& buffer) const {
    if (buffer.family() != family_) refuse(buffer);
    return values.parameter_count() + buffer.slot();
  }
  /// Returns the pass of a Value. HandleError for an empty or stale one.
  static Pass& of(const Value& value) {
    if (value.pass_ == nullptr) refuse_empty();
    if (!value.pass_->contains(value)) value.pass_->refuse(value);
    return *value.pass_;
  }
  Value value(std::uint32_t i) { return {*this, values.number_of(i)}; }
  Entry& entry(std::uint32_t i) { return values[i]; }
  const Entry& entry(std::uint32_t i) const { return values[i]; }

  // What it was begun with.

  Tape& tape() const { return *tape_; }
  ParameterStore& store() const { return *store_.load(std::memory_order_relaxed); }
  Scalar scalar() const { return scalar_; }
  const Settings& settings() const { return settings_; }
  /// Changes what the gradient checker asks for, before anything is put on the tape.
  void configure(std::uint32_t poison, bool inline_recomputations, SurrogateOutputs* surrogates) {
    settings_.poison = poison;
    settings_.inline_recomputations = inline_recomputations;
    settings_.surrogates = surrogates;
    values.set_poison(poison);
  }
  Mode mode() const { return settings_.mode; }
  bool check_finite() const { return settings_.check_finite; }
  std::uint64_t step() const { return *settings_.step; }
  /// True if every op that is applied gets a record, and every record its times.
  bool traced() const { return settings_.trace; }
  Index first_column() const { return settings_.first_column; }

  // What it is doing.

  Phase phase() const { return phase_; }
  void set_phase(Phase phase) {
    phase_ = phase;
    if (phase == Phase::replaying) {
      changes.close_recording();
    } else {
      changes.open_recording();
    }
  }
  /// Throws UsageError while the tape replays: its tables may not grow then. `who` names the call.
  void require_recording(const char* who) const {
    if (phase_ == Phase::replaying) refuse_recording(who);
  }
  /// Throws UsageError unless the tape may be replayed. `who` names the call.
  void require_not_replaying(const char* who) const {
    if (phase_ != Phase::recording) refuse_replaying(who);
  }
  /// Notes changes of the store, for the record that follows. UsageError while the tape replays.
  void begin_record(const char* op) {
    if (!changes.is_current(store().internals().change_count())) note_changes(op);
  }
  bool replayed() const { return replayed_; }
  void set_replayed() { replayed_ = true; }
  /// Returns true if any output of a record has a contribution.
  bool reached(const Record& record, std::size_t outputs) const {
    for (std::size_t i = 0; i < outputs; ++i) {
      if (values[record.first_output + static_cast<std::uint32_t>(i)].written != 0) return true;
    }
    return false;
  }
  /// Returns where a contribution to the cotangent of an entry goes.
  Target contribute(std::uint32_t i) { return cotangents.target(values, i); }
  /// Returns the cotangent of an entry: zeros if nothing contributed to it.
  const void* read_cotangent(std::uint32_t i) { return Cotangents::read(values, i); }

  // Its life.

  static Pass& acquire();
  static void recycle(Pass& pass);
  /// Begins the pass of a tape. `handle` is the tape's pointer to this pass, which becomes null if the store
  /// or the memory is destroyed before the tape. If it throws, the pass is as idle as before.
  void begin(Tape& tape, Pass*& handle, ParameterStore& store, const Settings& settings);
  void end() noexcept;
  bool busy() const { return tape_ != nullptr; }
  /// What it has taken from its memory at its peak, as released memory is only handed out again.
  std::size_t bytes_used() const { return values.bytes_used() + records.bytes_used(); }
  std::size_t capacity() const { return values.capacity() + records.capacity(); }

 private:
  bool contains(const Value& value) const { return values.find(value.number_) < values.size(); }
  void note_changes(const char* op);
  /// Ends the pass before its tape.
  void abandon();
  static void end_all_on(ParameterStore& store);

  [[noreturn]] static void refuse_empty();
  [[noreturn]] void refuse(const Value& value) const;
  [[noreturn]] void refuse(const Parameter& parameter) const;
  [[noreturn]] void refuse(const Buffer& buffer) const;
  [[noreturn]] void refuse_released(std::uint32_t i) const;
  [[noreturn]] void refuse_recording(const char* who) const;
  [[noreturn]] static void refuse_replaying(const char* who);

  Tape* tape_ = nullptr;
  Pass** handle_ = nullptr;                       // the tape's
  std::atomic<ParameterStore*> store_ = nullptr;  // other threads look here when they destroy another store
  std::uint64_t family_ = 0;
  Scalar scalar_ = f32;
  Settings settings_;
  Phase phase_ = Phase::recording;
  bool replayed_ = false;
  Pass* next_ = nullptr;       // of all passes
  Pass* next_idle_ = nullptr;  // of those that no Memory has
};

}  // namespace tapedeck::detail

inline tapedeck::Tape& tapedeck::Value::tape() const { return detail::Pass::of(*this).tape(); }
