#pragma once

/// @file
/// Internal: the tables behind a tape: its entries (values and their cotangents) and its records (what was
/// applied to what). Users of the library and authors of layers need not read this; `tape.hpp` and `op.hpp`
/// are theirs.

#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/tape/arena.hpp"
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
  Element element;
  bool wanted;           ///< some parameter or variable that wants a cotangent lies behind it
  std::uint8_t written;  ///< the cotangent holds a contribution
  bool variable;         ///< a leaf: its cotangent is kept for the user
  bool input;            ///< put on the tape by its user
  bool owned;            ///< its memory is the pass's, and may be released
  bool released;         ///< its memory went back to the arena

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
  ParameterStore& store() const { return *store_; }
  Scalar scalar() const { return scalar_; }
  Mode mode() const { return settings_.mode; }
  bool check_finite() const { return settings_.check_finite; }
  std::uint64_t step() const { return settings_.step; }
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
                        static_cast<std::uint32_t>(shape.cols), element, wanted, 0, false, false, false,
                        false});
    return entry;
  }
  /// Makes a record in the records' arena and puts it at the end of the tape.
  template <class R, class O>
  R& append_record(const O& op) {
    static_assert(alignof(R) <= Arena::alignment);
    R* record = new (records_.allocate(sizeof(R))) R(op);
    record->previous = last_;
    record->place = place_;
    last_ = record;
    return *record;
  }
  /// Nanoseconds on some clock.
  static double now();
  void add_time(const Record& record, double start) { times_.push_back({&record, now() - start, 0}); }
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
    const void* shared = entries_[kept].data;
    for (Entry& e : std::span(entries_).subspan(first)) {
      if (e.released || !e.owned || e.data == shared) continue;
      data_.release(e.data, e.bytes());
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
  /// into their entries if it is null.
  void play(Gradients* gradients);
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
    std::uint64_t step = 0;
    Index first_column = 0;
    std::uint32_t poison = 0;  ///< the word that memory holds until it is set; 0: what was left in it
    // For the gradient checker.
    bool inline_recomputations = false;  ///< recompute calls its function and keeps all that it records
    SurrogateOutputs* surrogates = nullptr;
  };
  /// Those of the open tape, for changes before anything is put on it.
  Settings& settings() { return settings_; }
  void begin(Tape& tape, ParameterStore& store, const Settings& settings);
  void end();
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
  friend class Rerun;
  void sow(const Seed& seed);
  void play_records(bool timed);
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
  Scalar scalar_ = f32;
  Settings settings_;
  bool played_ = false;
  const Record* last_ = nullptr;
  const Place* place_ = nullptr;
  Arena data_;
  Arena records_;
  Tape* tape_ = nullptr;
  ParameterStore* store_ = nullptr;
  Gradients* gradients_ = nullptr;
  std::byte* gradient_memory_ = nullptr;  // where gradients_ keeps its elements, and which where
  const Extents::Extent* gradient_slots_ = nullptr;
  Random random_{0};
  std::vector<Use> uses_;
  std::vector<Statistic> statistics_;
  std::vector<Seed> seeds_;
  std::vector<RecordTime> times_;            // of all records in order, if they are traced
  Recomputation* recomputations_ = nullptr;  // the last one; they hold functions, to be destroyed at the end
};

}  // namespace detail

inline Tape& Value::tape() const { return detail::Pass::of(*this).tape(); }

}  // namespace tapedeck
