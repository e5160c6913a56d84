#pragma once

/// @file
/// Internal: the tables behind a tape: its entries (values and their cotangents) and its records (what was
/// applied to what). Users of the library and authors of layers need not read this; `tape.hpp` and `op.hpp`
/// are theirs.

#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/tape/detail/arena.hpp"
#include "tapedeck/tape/mode.hpp"
#include "tapedeck/tape/operand.hpp"
#include "tapedeck/tape/signature.hpp"
#include "tapedeck/tape/value.hpp"

namespace tapedeck {
namespace detail {

/// One matrix that a pass knows: a parameter, a buffer, an input, or what an op gave or saved.
struct Entry {
  void* data;
  void* cotangent;  ///< null until something is contributed to it
  std::uint32_t rows, cols;
  std::uint32_t root;  ///< the entry whose memory this one shares; itself if none
  Element element;
  bool wanted;           ///< some parameter or variable that wants a cotangent lies behind it
  std::uint8_t written;  ///< the cotangent holds a contribution
  bool variable : 1;     ///< a leaf: its cotangent is kept for the user
  bool input : 1;        ///< put on the tape by its user
  bool owned : 1;        ///< its memory, or that of its root, is the pass's, and may be released
  bool released : 1;     ///< its memory went back to the arena

  Shape shape() const { return {rows, cols}; }
  std::size_t bytes() const { return shape().size() * size_in_bytes(element); }
};

/// Which layer a record belongs to: names from the outermost Sequential inwards.
struct Place {
  const Place* outer;
  std::uint64_t hash;
  const char* name;
};

class Pass;
struct Record;

/// What the records of one op and scalar share.
struct RecordType {
  const char* name;
  const Signature* signature;
  bool keeps_all;  ///< all inputs count as kept, not only those that the signature marks
  void (*replay)(Pass&, const Record&);
  double (*flops)(const Pass&, const Record&);  ///< of the forward
};

/// One application of an op. Its outputs are consecutive entries, followed by what it saved.
struct Record {
  const RecordType* type;
  const Record* previous;
  const Place* place;
  const std::uint32_t* inputs;
  std::uint32_t input_count;
  std::uint32_t first_output;

  /// Whether going back reads input i.
  bool keeps(std::uint32_t i) const { return type->keeps_all || type->signature->inputs[i].kept; }
};

/// How long a record took, in nanoseconds.
struct RecordTime {
  const Record* record;
  double forward;
  double backward;
};

struct Recomputation;

/// Decides what an op with a surrogate gives. Only passes of the gradient checker have one.
class SurrogateOutputs {
 public:
  virtual ~SurrogateOutputs() = default;
  /// Replaces what an op's forward left in `count` entries, the first of which is `output`; what its
  /// surrogate gives for them is in the entries from `surrogate` on.
  virtual void replace(Pass& pass, const char* op, std::uint32_t output, std::uint32_t surrogate,
                       std::size_t count) = 0;
};

/// The state of one recorded pass over a store. Passes are pooled and never freed, so that a Value of any age
/// can ask its pass whether it still means something.
class TAPEDECK_API Pass {
 public:
  // Taking part: from handles to entries.

  std::uint32_t resolve(const Value& value) const {
    const std::uint64_t entry = value.number_ - base_;
    if (value.pass_ != this || entry >= entries_.size()) refuse(value);
    if (entries_[entry].released) refuse_released(entry);
    return static_cast<std::uint32_t>(entry);
  }
  std::uint32_t resolve(const Parameter& parameter) const {
    if (parameter.family() != family_) refuse(parameter);
    return parameter.slot();
  }
  std::uint32_t resolve(const Buffer& buffer) const {
    if (buffer.family() != family_) refuse(buffer);
    return parameter_count_ + buffer.slot();
  }
  std::uint32_t resolve(const Operand& operand) const {
    if (const auto* value = std::get_if<Value>(&operand.what_)) return resolve(*value);
    if (const auto* parameter = std::get_if<Parameter>(&operand.what_)) return resolve(*parameter);
    return resolve(operand.on(*tape_));
  }
  /// The pass that a Value belongs to; HandleError for an empty or stale one.
  static Pass& of(const Value& value) {
    if (value.pass_ == nullptr) refuse_empty();
    if (value.number_ - value.pass_->base_ >= value.pass_->entries_.size()) value.pass_->refuse(value);
    return *value.pass_;
  }
  /// That of an open tape; UsageError for one whose Memory was destroyed.
  static Pass& of(const Tape& tape);

  Value value(std::uint32_t entry) { return {*this, base_ + entry}; }
  Entry& entry(std::uint32_t i) { return entries_[i]; }
  const Entry& entry(std::uint32_t i) const { return entries_[i]; }
  std::uint32_t entry_count() const { return static_cast<std::uint32_t>(entries_.size()); }
  bool is_parameter(std::uint32_t entry) const { return entry < parameter_count_; }

  Tape& tape() const { return *tape_; }
  ParameterStore& store() const { return *store_.load(std::memory_order_relaxed); }
  Scalar scalar() const { return scalar_; }
  Mode mode() const { return settings_.mode; }
  bool check_finite() const { return settings_.check_finite; }
  std::uint64_t step() const { return *settings_.step; }
  /// Whether everything that is applied gets a record, and every record its times.
  bool traced() const { return settings_.trace; }
  Index first_column() const { return settings_.first_column; }
  SurrogateOutputs* surrogates() const { return settings_.surrogates; }

  // Recording.

  /// ShapeError for what an entry cannot hold.
  static void require_size(Shape shape) {
    if ((((shape.rows | shape.cols) >> 32U) | (shape.size() >> 44U)) != 0) refuse_size(shape);
  }
  /// Appends an entry with memory of its own, its elements not set.
  std::uint32_t append(Element element, Shape shape, bool wanted) {
    require_size(shape);
    void* data = allocate_elements(shape.size() * size_in_bytes(element));
    const std::uint32_t entry = append_view(element, shape, data, wanted);
    entries_[entry].owned = true;
    return entry;
  }
  /// Appends an entry on memory that somebody else keeps alive.
  std::uint32_t append_view(Element element, Shape shape, void* data, bool wanted) {
    const auto entry = static_cast<std::uint32_t>(entries_.size());
    entries_.push_back({data, nullptr, static_cast<std::uint32_t>(shape.rows),
                        static_cast<std::uint32_t>(shape.cols), entry, element, wanted, 0, false, false,
                        false, false});
    return entry;
  }
  /// Appends an entry that shares the memory of another; nothing flows back through it.
  std::uint32_t append_alias(std::uint32_t of);
  /// Appends an entry on the user's memory, which may be that of a parameter or buffer.
  std::uint32_t append_borrowed(Element element, Shape shape, void* data) {
    require_size(shape);
    const std::uint32_t entry = append_view(element, shape, data, false);
    if (values_.holds(data) || buffers_.holds(data)) entries_[entry].root = stored_at(data);
    return entry;
  }
  /// UsageError while the tape goes back: its tables may not grow then. `who` names the call.
  void require_recording(const char* who) const {
    if (phase_ == Phase::replaying) refuse_recording(who);
  }
  /// Takes note of changes of the store, for the record that follows. UsageError while the tape goes back.
  void begin_record(const char* op) {
    if (store().internals().change_count() != change_count_) note_changes(op);
  }
  /// Takes note of what a record keeps that is not the pass's memory, to see later whether it was written to.
  void note_checksums(const Record& record);
  /// Makes a record in the records' arena and puts it at the end of the tape. `start` counts if it is timed.
  template <class R, class O>
  R& append_record(const O& op, double start) {
    static_assert(alignof(R) <= Arena::alignment);
    R* record = new (records_.allocate(sizeof(R))) R(op);
    record->previous = last_;
    record->place = place_;
    if (traced()) times_.push_back({record, now() - start, 0});  // before it counts: this may fail
    last_ = record;
    return *record;
  }
  /// Nanoseconds on some clock.
  static double now();
  std::span<const RecordTime> times() const { return times_; }
  void require_statistic(const Buffer& buffer, Shape statistic) const;
  void keep_statistic(Index buffer_slot, const void* values, Index size, double momentum);

  /// Names the layer that is at work; `leave` with what `enter` returned.
  const Place* enter(std::string_view name, std::uint64_t hash) {
    const Place* outer = place_;
    auto* memory = static_cast<std::byte*>(records_.allocate(sizeof(Place) + name.size() + 1));
    auto* text = reinterpret_cast<char*>(memory + sizeof(Place));
    std::memcpy(text, name.data(), name.size());
    text[name.size()] = '\0';
    place_ = new (memory) Place{outer, outer == nullptr ? hash : join_hashes(outer->hash, hash), text};
    return outer;
  }
  void leave(const Place* outer) { place_ = outer; }
  const Place* place() const { return place_; }
  /// The stream for the next use of randomness by the layer at work.
  Random next_random();
  /// How often a layer has asked for one.
  struct Use {
    std::uint64_t layer;
    std::uint64_t count;
  };
  /// Runs a function whose random streams are drawn again by what comes next.
  template <class F>
  void without_drawing(const F& f) {
    const std::vector<Use> before = uses_;
    f();
    uses_ = before;
  }

  /// Gives back the memory of entries first, first + 1, ... except `kept` and what shares its memory.
  void release(std::uint32_t first, std::uint32_t kept) {
    const std::uint32_t shared = entries_[kept].root;
    for (std::uint32_t i = first; i < entry_count(); ++i) {
      Entry& e = entries_[i];
      if (e.released || !e.owned || e.root == shared || e.root < first) continue;
      if (e.root == i) data_.release(e.data, e.bytes());
      e.released = true;
    }
  }
  /// Runs a function and keeps only its result; when the result's cotangent is known, runs it again.
  Value recompute(const std::function<Value(const Value&)>& function, const Value& x);

  // Playing.

  /// Where a cotangent starts.
  struct Seed {
    std::uint32_t entry;
    const void* cotangent;  ///< null: the number one
  };
  /// The roots of the next `play`.
  std::vector<Seed>& seeds() { return seeds_; }
  /// Contributes the seeds, then replays all records in reverse. Parameters' cotangents go to `gradients`, or
  /// into their entries if it is null. UsageError for a parameter or buffer that a reached record keeps, and
  /// that has changed since.
  void play(Gradients* gradients);
  /// UsageError unless the tape is free to go back. `who` names the call.
  void require_not_playing(const char* who) const;
  /// Whether any output of a record holds a contribution.
  bool reached(const Record& record, std::size_t outputs) const {
    for (std::size_t i = 0; i < outputs; ++i) {
      if (entries_[record.first_output + i].written != 0) return true;
    }
    return false;
  }
  /// The cotangent of an entry for reading: zeros if nothing contributed to it.
  const void* read_cotangent(std::uint32_t i) {
    Entry& e = entries_[i];
    if (e.written == 0) zero_cotangent(e);
    return e.cotangent;
  }
  /// The cotangent of an entry for contributing, and the flag that says whether it has been written.
  struct Target {
    void* data;
    std::uint8_t* written;
  };
  Target contribute(std::uint32_t i) {
    if (is_parameter(i) && gradients_ != nullptr) {
      return {gradient_memory_ + gradient_slots_[i].offset * size_in_bytes(real_element(scalar_)),
              gradients_->touch(i)};
    }
    Entry& e = entries_[i];
    if (e.cotangent == nullptr) e.cotangent = allocate_elements(e.bytes());
    return {e.cotangent, &e.written};
  }
  void* borrow_scratch(std::size_t bytes) { return data_.allocate(bytes); }
  void return_scratch(void* scratch, std::size_t bytes) { data_.release(scratch, bytes); }
  /// Memory that lives until the tape ends.
  void* allocate(std::size_t bytes) { return data_.allocate(bytes); }

  const Record* last_record() const { return last_; }
  std::span<Entry> entries() { return entries_; }
  std::span<const Entry> entries() const { return entries_; }
  /// What this pass has taken from its Memory: its peak, as what is released is only handed out again.
  std::size_t bytes_used() const { return data_.used() + records_.used(); }
  bool played() const { return played_; }
  void set_played() { played_ = true; }
  void hand_over_statistics(Gradients& gradients);

  // Complaining.

  /// "encoder.fc_1 (affine)", for the record that is being made.
  std::string who(const char* op) const { return who(op, place_); }
  static std::string who(const char* op, const Place* place);
  /// "encoder.fc_1"; empty outside of all layers.
  static std::string path(const Place* place);
  /// The name of the parameter or buffer that an entry is; empty for others.
  std::string stored_name(std::uint32_t entry) const;
  /// "x is 5x2", or "weight "fc_1.weight" is 25x2".
  std::string describe(std::string_view name, std::uint32_t entry) const;
  [[noreturn]] void refuse_shape(const char* op, const Signature& signature, const std::uint32_t* inputs,
                                 std::size_t operand, const std::uint32_t* sizes, const bool* bound) const;
  [[noreturn]] void refuse_element(const char* op, const Signature& signature, const std::uint32_t* inputs,
                                   std::size_t operand) const;
  [[noreturn]] static void refuse_shapes(const char* op, const Place* place, const std::string& given);
  /// Throws what was just caught from an op's forward or vjp, told with the op's name and place. What
  /// Armadillo throws means that a shape was wrong.
  [[noreturn]] static void rethrow_from(const char* op, const Place* place);
  [[noreturn]] void refuse_vjp(const Record& record, std::size_t input, const char* given, const char* wanted,
                               const char* hint) const;
  /// For a vjp that said none() for an input whose cotangent is wanted: names a parameter behind it.
  [[noreturn]] void refuse_none(const Record& record, std::size_t input) const;
  /// Throws NonFiniteError if an output just computed holds NaN or Inf, or if the forward left an element of
  /// what it saves unset, and says which operand was not finite first.
  void require_finite(const char* op, const Signature& signature, const std::uint32_t* inputs,
                      std::uint32_t first_output) const;

  // The life of a pass.

  static Pass& acquire();
  static void recycle(Pass& pass);
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
  /// Those of the open tape, for changes before anything is put on it.
  Settings& settings() { return settings_; }
  /// If it throws, the pass is as idle as before.
  void begin(Tape& tape, ParameterStore& store, const Settings& settings);
  void end() noexcept;
  /// Ends all passes over a store, and with them their tapes.
  static void end_all_on(ParameterStore& store);
  bool busy() const { return tape_ != nullptr; }
  std::size_t capacity() const {
    return data_.capacity() + records_.capacity() + entries_.capacity() * sizeof(Entry);
  }

 private:
  struct Statistic {
    Index buffer_slot;
    const void* values;
    Index size;
    double momentum;
  };
  /// What the tape is doing. Within a vjp nothing can be recorded; `recompute` records while it goes back.
  enum class Phase : std::uint8_t { recording, replaying, recomputing };
  void* allocate_elements(std::size_t bytes) {
    void* data = data_.allocate(bytes);
    if (settings_.poison != 0) Arena::fill(data, bytes, settings_.poison);
    return data;
  }
  [[noreturn]] static void refuse_empty();
  [[noreturn]] void refuse(const Value& value) const;
  [[noreturn]] void refuse(const Parameter& parameter) const;
  [[noreturn]] void refuse(const Buffer& buffer) const;
  [[noreturn]] void refuse_released(std::uint64_t entry) const;
  [[noreturn]] static void refuse_size(Shape shape);
  [[noreturn]] void refuse_recording(const char* who) const;
  friend class Rerun;
  void append_stored(ParameterStore& store);
  void sow(const Seed& seed);
  void play_records(bool timed);
  void set_phase(Phase phase);
  void note_changes(const char* op);
  std::uint64_t checksum(std::uint32_t entry) const;
  std::uint32_t stored_at(const void* data) const;
  void require_same_values(const Record& record) const;
  void require_unchanged(const Record& record) const;
  void require_same_checksums(const Record& record) const;
  void replay_recomputation(const Recomputation& record);
  std::span<Use> copy_of_uses();
  void forget_recomputations();
  void zero_cotangent(Entry& e);
  void require_finite_cotangents(const Record& record) const;

  std::uint64_t base_ =
      0;  // the number of entry 0; never falls, so numbers of earlier passes are out of range
  std::vector<Entry> entries_;
  std::uint64_t family_ = 0;
  std::uint32_t parameter_count_ = 0;
  /// Where the store keeps its values, or its buffers.
  struct Range {
    const std::byte* begin = nullptr;
    std::size_t bytes = 0;
    bool holds(const void* address) const {
      return reinterpret_cast<std::uintptr_t>(address) - reinterpret_cast<std::uintptr_t>(begin) < bytes;
    }
  };
  Range values_;
  Range buffers_;
  std::uint32_t stored_count_ = 0;  // parameters and buffers: the first entries
  Scalar scalar_ = f32;
  Settings settings_;
  bool played_ = false;
  Phase phase_ = Phase::recording;
  /// The store's count of changes when a first entry was made, and until the next one of these.
  struct Seen {
    std::uint32_t first_entry;
    std::uint64_t change_count;
  };
  std::vector<Seen> seen_;
  std::uint64_t change_count_ = 0;  // of the last of them; while replaying, one that no store has
  /// Of memory that is not the pass's, as a record saw it that keeps it; only on tapes that check.
  struct Checksum {
    std::uint32_t first_output;  ///< of the record
    std::uint32_t input;
    std::uint64_t sum;
  };
  std::vector<Checksum> checksums_;  // in the order of records
  const Record* last_ = nullptr;
  const Place* place_ = nullptr;
  Arena data_;
  Arena records_;
  Tape* tape_ = nullptr;
  std::atomic<ParameterStore*> store_ = nullptr;  // other threads look here when they destroy another store
  Gradients* gradients_ = nullptr;
  std::byte* gradient_memory_ = nullptr;  // where gradients_ keeps its elements, and which where
  const Extents::Extent* gradient_slots_ = nullptr;
  Random random_{0};
  std::vector<Use> uses_;
  std::vector<Statistic> statistics_;
  std::vector<Seed> seeds_;
  std::vector<RecordTime> times_;            // of all records in order, if they are traced
  Recomputation* recomputations_ = nullptr;  // the last one; they hold functions, to be destroyed at the end
  Pass* next_ = nullptr;                     // of all passes
  Pass* next_idle_ = nullptr;                // of those that no Memory has
};

}  // namespace detail

inline Tape& Value::tape() const { return detail::Pass::of(*this).tape(); }

}  // namespace tapedeck
