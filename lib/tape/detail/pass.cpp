#include "tapedeck/tape/detail/pass.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <limits>
#include <mutex>
#include <optional>

#include "core/locks.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/tape/tape.hpp"

namespace tapedeck::detail {
namespace {

// All passes, and those that no Memory has; under Lock::passes. Never freed: a Value in a static may ask its
// pass after main has returned.
constinit Pass* first_pass = nullptr;
constinit Pass* first_idle = nullptr;

// A count of changes that no store reaches.
constexpr std::uint64_t no_change = std::numeric_limits<std::uint64_t>::max();

std::string position(Index element, Shape shape) {
  return " at (" + std::to_string(element % shape.rows) + "," + std::to_string(element / shape.rows) + ")";
}

// The first NaN or Inf of a matrix, as "nan at (2,0)".
std::optional<std::string> first_non_finite(Element element, Shape shape, const void* data) {
  const auto search = [&]<class T>(const T* x) -> std::optional<std::string> {
    for (Index i = 0; i < shape.size(); ++i) {
      if (std::isfinite(x[i])) continue;
      const std::string number = std::isnan(x[i]) ? "nan"
                                 : x[i] > 0       ? "inf"
                                                  : "-inf";  // a NaN's sign says nothing
      return number + position(i, shape);
    }
    return std::nullopt;
  };
  if (element == Element::real32) return search(static_cast<const float*>(data));
  if (element == Element::real64) return search(static_cast<const double*>(data));
  return std::nullopt;
}

// The first element that still holds what memory is filled with before a forward sets it, as " at (2,0)".
std::optional<std::string> first_unset(const Entry& e, std::uint32_t poison) {
  const std::size_t size = size_in_bytes(e.element);
  std::uint64_t unset = 0;
  Arena::fill(&unset, size, poison);
  for (Index i = 0; i < e.shape().size(); ++i) {
    if (std::memcmp(static_cast<const std::byte*>(e.data) + i * size, &unset, size) == 0)
      return position(i, e.shape());
  }
  return std::nullopt;
}

std::string size_text(const Signature& signature, Signature::Size size, const std::uint32_t* sizes,
                      const bool* bound) {
  if (!size.word) return std::to_string(size.number);
  if (bound[size.number]) return std::to_string(sizes[size.number]);
  return std::string(signature.words[size.number]);
}

template <class T>
void accumulate(void* sum, const void* term, Index n) {
  for (Index i = 0; i < n; ++i) static_cast<T*>(sum)[i] += static_cast<const T*>(term)[i];
}

}  // namespace

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
  if (pass.busy()) pass.end();
  pass.data_ = Arena{};
  pass.records_ = Arena{};
  const auto free = []<class... T>(std::vector<T>&... vectors) { (std::vector<T>{}.swap(vectors), ...); };
  free(pass.entries_, pass.uses_, pass.statistics_, pass.seeds_, pass.times_, pass.seen_, pass.checksums_);
  const std::lock_guard guard(lock(Lock::passes));
  pass.next_idle_ = first_idle;
  first_idle = &pass;
}

void Pass::end_all_on(ParameterStore& store) {
  const auto next = [&]() -> Pass* {
    const std::lock_guard guard(lock(Lock::passes));
    for (Pass* pass = first_pass; pass != nullptr; pass = pass->next_) {
      if (pass->store_.load(std::memory_order_relaxed) == &store) return pass;
    }
    return nullptr;
  };
  while (Pass* pass = next()) {  // without the lock: this may destroy functions of the user
    pass->tape_->pass_ = nullptr;
    pass->end();
  }
}

void Pass::begin(Tape& tape, ParameterStore& store, const Settings& settings) {
  store.seal();
  family_ = store.internals().family();
  scalar_ = store.scalar();
  settings_ = settings;
  try {
    append_stored(store);
    change_count_ = store.internals().change_count();
    seen_.push_back({0, change_count_});
  } catch (...) {
    end();
    throw;
  }
  if (!settings_.step) settings_.step = settings.mode == train ? store.internals().next_pass() : 0;
  random_ = Random{store.seed()}.stream(step());
  played_ = false;
  tape_ = &tape;
  store_ = &store;
}

void Pass::append_stored(ParameterStore& store) {
  with_scalar(scalar_, [&]<class T>(T) {
    const bool training = mode() == train;
    const auto add_all = [&](FlatBuffer& flat, const std::uint8_t* frozen, Range& range) {
      T* const data = flat.data<T>();
      range = {reinterpret_cast<const std::byte*>(data), flat.size() * sizeof(T)};
      const auto& slots = flat.extents().slots;
      std::uint32_t number = entry_count();
      entries_.resize(number + slots.size());
      Entry* entry = entries_.data() + number;
      for (const auto& [offset, shape] : slots) {
        entry->data = data + offset;
        entry->rows = static_cast<std::uint32_t>(shape.rows);
        entry->cols = static_cast<std::uint32_t>(shape.cols);
        entry->root = number++;
        entry->element = element_of<T>;
        entry++->wanted = training && frozen != nullptr && *frozen++ == 0;
      }
    };
    add_all(store.values(), store.internals().frozen().data(), values_);
    parameter_count_ = entry_count();
    add_all(store.buffers(), nullptr, buffers_);
    stored_count_ = entry_count();
  });
}

void Pass::end() noexcept {
  if (recomputations_ != nullptr) forget_recomputations();
  base_ += entries_.size();
  entries_.clear();
  data_.rewind();
  records_.rewind();
  uses_.clear();
  statistics_.clear();
  seeds_.clear();
  times_.clear();
  seen_.clear();
  checksums_.clear();
  phase_ = Phase::recording;
  last_ = nullptr;
  place_ = nullptr;
  store_ = nullptr;
  tape_ = nullptr;
}

std::uint32_t Pass::append_alias(std::uint32_t of) {
  const Entry e = entries_[of];
  const std::uint32_t entry = append_view(e.element, e.shape(), e.data, false);
  entries_[entry].root = e.root;
  entries_[entry].owned = e.owned;
  return entry;
}

// The parameter or buffer that an address within the store's memory lies in. Padding belongs to none, and
// nobody can borrow it.
std::uint32_t Pass::stored_at(const void* data) const {
  std::uint32_t entry = 0;
  while (entry + 1 < stored_count_ &&
         !Range{static_cast<const std::byte*>(entries_[entry].data), entries_[entry].bytes()}.holds(data))
    ++entry;
  return entry;
}

void Pass::set_phase(Phase phase) {
  phase_ = phase;
  change_count_ = phase == Phase::replaying ? no_change : seen_.back().change_count;
}

void Pass::note_changes(const char* op) {
  require_recording(op);
  seen_.push_back({entry_count(), store().internals().change_count()});
  change_count_ = store().internals().change_count();
}

void Pass::require_same_values(const Record& record) const {
  if (!reached(record, record.type->signature->outputs.size)) return;
  require_unchanged(record);
  if (settings_.check_finite) require_same_checksums(record);
}

void Pass::require_unchanged(const Record& record) const {
  const auto after =
      std::upper_bound(seen_.begin(), seen_.end(), record.first_output,
                       [](std::uint32_t entry, const Seen& s) { return entry < s.first_entry; });
  const std::uint64_t known = std::prev(after)->change_count;
  for (std::uint32_t i = 0; i < record.input_count; ++i) {
    const std::uint32_t root = entries_[record.inputs[i]].root;
    if (!record.keeps(i) || root >= stored_count_) continue;
    const Change& last = store().internals().last_change(root);
    if (last.number <= known) continue;
    throw UsageError({.who = who(record.type->name, record.place),
                      .given = "\"" + stored_name(root) + "\" was changed by " + last.by +
                               " after the forward pass used it",
                      .wanted = "the values of the forward pass",
                      .hint = "go back before changing it, or record a new tape after"});
  }
}

std::uint64_t Pass::checksum(std::uint32_t entry) const {  // FNV-1a over words of 32 bits
  const Entry& e = entries_[entry];
  const auto* words = static_cast<const std::byte*>(e.data);
  std::uint64_t sum = 0xcbf29ce484222325;
  for (std::size_t i = 0; i < e.bytes(); i += sizeof(std::uint32_t)) {
    std::uint32_t word = 0;
    std::memcpy(&word, words + i, sizeof word);
    sum = (sum ^ word) * 0x100000001b3;
  }
  return sum;
}

void Pass::note_checksums(const Record& record) {
  for (std::uint32_t i = 0; i < record.input_count; ++i) {
    const std::uint32_t input = record.inputs[i];
    if (!record.keeps(i) || entries_[input].owned) continue;
    checksums_.push_back({record.first_output, i, checksum(input)});
  }
}

void Pass::require_same_checksums(const Record& record) const {
  const auto before = [](const Checksum& c, std::uint32_t first_output) {
    return c.first_output < first_output;
  };
  for (auto c = std::lower_bound(checksums_.begin(), checksums_.end(), record.first_output, before);
       c != checksums_.end() && c->first_output == record.first_output; ++c) {
    if (checksum(record.inputs[c->input]) == c->sum) continue;
    const auto& inputs = record.type->signature->inputs;
    const std::string_view name = record.type->keeps_all ? "an operand" : inputs[c->input].name;
    throw UsageError({.who = who(record.type->name, record.place),
                      .given = describe(name, record.inputs[c->input]) +
                               " and was written to after the forward pass used it",
                      .wanted = "the values of the forward pass",
                      .hint = "go back before changing it, or record a new tape after"});
  }
}

void Pass::refuse_recording(const char* who) const {
  throw UsageError({.who = place_ == nullptr ? who : path(place_) + " (" + who + ")",
                    .given = "a call from within a vjp of the same tape",
                    .wanted = "one before or after backward",
                    .hint = "within a vjp, compute with matrices, or on another tape"});
}

void Pass::require_not_playing(const char* who) const {
  if (phase_ == Phase::recording) return;
  throw UsageError({.who = who,
                    .given = "a call while the same tape goes back",
                    .wanted = "one after backward or vjp has returned"});
}

double Pass::now() {
  using Nanoseconds = std::chrono::duration<double, std::nano>;
  return Nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Random Pass::next_random() {
  const std::uint64_t layer = place_ == nullptr ? 0 : place_->hash;
  for (Use& use : uses_) {
    if (use.layer == layer) return random_.stream(layer).stream(use.count++);
  }
  uses_.push_back({layer, 1});
  return random_.stream(layer).stream(0);
}

void Pass::require_statistic(const Buffer& buffer, Shape statistic) const {
  const Shape wanted = entries_[resolve(buffer)].shape();
  if (statistic == wanted) return;
  throw ShapeError({.who = store().internals().layout().buffers[buffer.slot()].name,
                    .given = "a statistic of " + to_string(statistic),
                    .wanted = to_string(wanted)});
}

void Pass::keep_statistic(Index buffer_slot, const void* values, Index size, double momentum) {
  statistics_.push_back({buffer_slot, values, size, momentum});
}

void Pass::hand_over_statistics(Gradients& gradients) {
  with_scalar(scalar_, [&]<class T>(T) {
    for (const Statistic& s : statistics_) {
      gradients.hand_over(s.buffer_slot, view(static_cast<const T*>(s.values), {s.size, 1}), s.momentum);
    }
  });
}

void Pass::zero_cotangent(Entry& e) {
  if (e.cotangent == nullptr) e.cotangent = data_.allocate(e.bytes());
  if (e.bytes() > 0) std::memset(e.cotangent, 0, e.bytes());
}

void Pass::sow(const Seed& seed) {
  const Entry& e = entries_[seed.entry];
  const Target target = contribute(seed.entry);
  with_scalar(scalar_, [&]<class T>(T) {
    const T one = 1;
    const void* cotangent = seed.cotangent == nullptr ? &one : seed.cotangent;
    if (*target.written != 0) {
      accumulate<T>(target.data, cotangent, e.shape().size());
    } else if (e.bytes() > 0) {
      std::memcpy(target.data, cotangent, e.bytes());
    }
  });
  *target.written = 1;
}

void Pass::play(Gradients* gradients) {
  struct Replaying {
    explicit Replaying(Pass& pass) : pass_(pass) { pass_.set_phase(Phase::replaying); }
    Replaying(const Replaying&) = delete;
    Replaying& operator=(const Replaying&) = delete;
    ~Replaying() { pass_.set_phase(Phase::recording); }
    Pass& pass_;
  };
  const Replaying replaying(*this);
  gradients_ = gradients;
  if (gradients != nullptr) {
    FlatBuffer& flat = gradients->flat();
    with_scalar(scalar_,
                [&]<class T>(T) { gradient_memory_ = reinterpret_cast<std::byte*>(flat.data<T>()); });
    gradient_slots_ = flat.extents().slots.data();
  }
  for (const Seed& seed : seeds_) {
    if (entries_[seed.entry].wanted) sow(seed);
  }
  play_records(settings_.trace);
}

void Pass::play_records(bool timed) {
  std::size_t time = times_.size();
  const ParameterStore& parameters = store();
  const std::uint64_t known = settings_.check_finite ? no_change : seen_.front().change_count;
  for (const Record* record = last_; record != nullptr; record = record->previous) {
    const double start = timed ? now() : 0;
    if (parameters.internals().change_count() != known) require_same_values(*record);
    record->type->replay(*this, *record);
    if (timed) times_[--time].backward = now() - start;
    if (settings_.check_finite) require_finite_cotangents(*record);
    for (std::size_t j = 0; j < record->type->signature->outputs.size; ++j) {
      Entry& e = entries_[record->first_output + j];
      if (e.cotangent == nullptr || e.variable) continue;
      data_.release(e.cotangent, e.bytes());
      e.cotangent = nullptr;
      e.written = 0;
    }
  }
}

std::string Pass::who(const char* op, const Place* place) {
  return place == nullptr ? op : path(place) + " (" + op + ")";
}

std::string Pass::path(const Place* place) {
  std::string path;
  for (; place != nullptr; place = place->outer) path = place->name + (path.empty() ? "" : "." + path);
  return path;
}

std::string Pass::stored_name(std::uint32_t entry) const {
  if (is_parameter(entry)) return store().internals().layout().parameters[entry].name;
  const auto& buffers = store().internals().layout().buffers;
  return entry - parameter_count_ < buffers.size() ? buffers[entry - parameter_count_].name : "";
}

std::string Pass::describe(std::string_view name, std::uint32_t entry) const {
  std::string text(name);
  if (is_parameter(entry)) text += " \"" + store().internals().layout().parameters[entry].name + "\"";
  return text + " is " + to_string(entries_[entry].shape());
}

void Pass::refuse_shape(const char* op, const Signature& signature, const std::uint32_t* inputs,
                        std::size_t operand, const std::uint32_t* sizes, const bool* bound) const {
  const Signature::Operand& wrong = signature.inputs[operand];
  std::string given = describe(wrong.name, inputs[operand]);
  for (std::size_t i = 0; i < signature.inputs.size; ++i) {
    if (i != operand) given += ", " + describe(signature.inputs[i].name, inputs[i]);
  }
  throw ShapeError({.who = who(op),
                    .given = given,
                    .wanted = std::string(wrong.name) + " to be " +
                              size_text(signature, wrong.rows, sizes, bound) + "x" +
                              size_text(signature, wrong.cols, sizes, bound),
                    .hint = "one column is one sample"});
}

void Pass::refuse_element(const char* op, const Signature& signature, const std::uint32_t* inputs,
                          std::size_t operand) const {
  const Signature::Operand& wrong = signature.inputs[operand];
  throw ScalarError(
      {.who = who(op),
       .given = std::string(wrong.name) + " holds " + name_of(entries_[inputs[operand]].element),
       .wanted = wrong.index ? "index" : name_of(scalar_),
       .hint = wrong.index ? "class labels are an arma::umat, put on the tape with tape.input"
                           : "tape.input converts numbers to the store's scalar; labels are no numbers"});
}

void Pass::refuse_shapes(const char* op, const Place* place, const std::string& given) {
  throw ContractError({.who = who(op, place),
                       .given = given,
                       .wanted = "outputs and cotangents of the shapes that the signature says"});
}

void Pass::rethrow_from(const char* op, const Place* place) {
  try {
    throw;
  } catch (Error& error) {
    error.set_who(who(op, place));
    throw;
  } catch (const std::logic_error& error) {
    throw ContractError(
        {.who = who(op, place),
         .given = std::string("Armadillo refused: ") + error.what(),
         .wanted = "outputs, cotangents and indices that fit the shapes that the signature says"});
  }
}

void Pass::refuse_vjp(const Record& record, std::size_t input, const char* given, const char* wanted,
                      const char* hint) const {
  throw ContractError({.who = who(record.type->name, record.place),
                       .given = "d" + std::string(record.type->signature->inputs[input].name) + " " + given,
                       .wanted = wanted,
                       .hint = hint});
}

void Pass::refuse_none(const Record& record, std::size_t input) const {
  // Back along what is wanted, to the first parameter, or else to a variable.
  std::uint32_t entry = record.inputs[input];
  const Record* r = &record;
  while (!is_parameter(entry) && !entries_[entry].variable) {
    const auto makes = [&] {
      return entry >= r->first_output && entry < r->first_output + r->type->signature->outputs.size;
    };
    while (r != nullptr && !makes()) r = r->previous;
    if (r == nullptr) break;
    const std::span inputs(r->inputs, r->input_count);
    const auto wanted = [this](std::uint32_t i) { return entries_[i].wanted; };
    const auto parameter = std::find_if(inputs.begin(), inputs.end(),
                                        [&](std::uint32_t i) { return is_parameter(i) && wanted(i); });
    entry = *(parameter != inputs.end() ? parameter : std::find_if(inputs.begin(), inputs.end(), wanted));
  }
  const std::string_view name = record.type->signature->inputs[input].name;
  throw ContractError({.who = who(record.type->name, record.place),
                       .given = "d" + std::string(name) + ".none() for an input that " +
                                (is_parameter(entry) ? "\"" + stored_name(entry) + "\"" : "a variable") +
                                " is trained through",
                       .wanted = "a contribution to d" + std::string(name),
                       .hint = "if its derivative is zero by design, mark it in the signature: " +
                               std::string(name) + "(...):zero"});
}

void Pass::require_finite(const char* op, const Signature& signature, const std::uint32_t* inputs,
                          std::uint32_t first_output) const {
  const auto require_set = [&](const Signature::Operand& operand, const Entry& e) {
    if (e.element == Element::index) return;  // the word may be an index that means "none"
    if (const auto where = first_unset(e, settings_.poison)) {
      throw NonFiniteError({.who = who(op),
                            .given = std::string(operand.name) + " is unset" + *where,
                            .wanted = "a forward that sets every element of its outputs and of what it "
                                      "saves, and reads none before"});
    }
  };
  for (std::size_t j = 0; j < signature.outputs.size; ++j) {
    const Entry& out = entries_[first_output + j];
    const auto bad = first_non_finite(out.element, out.shape(), out.data);
    if (!bad) continue;
    bool operands_are_finite = true;
    std::string origin = "all its operands are finite";
    for (std::size_t i = 0; i < signature.inputs.size; ++i) {
      const Entry& in = entries_[inputs[i]];
      if (const auto source = first_non_finite(in.element, in.shape(), in.data)) {
        origin = "its operand " + describe(signature.inputs[i].name, inputs[i]) + " with " + *source;
        operands_are_finite = false;
        break;
      }
    }
    if (operands_are_finite) require_set(signature.outputs[j], out);
    throw NonFiniteError({.who = who(op),
                          .given = std::string(signature.outputs[j].name) + " is " + *bad + ", " + origin,
                          .wanted = "finite numbers"});
  }
  for (std::size_t k = 0; k < signature.saved.size; ++k)
    require_set(signature.saved[k], entries_[first_output + signature.outputs.size + k]);
}

void Pass::require_finite_cotangents(const Record& record) const {
  const auto& inputs = record.type->signature->inputs;
  for (std::size_t i = 0; i < record.input_count; ++i) {
    const std::uint32_t input = record.inputs[i];
    const Entry& e = entries_[input];
    if (!e.wanted) continue;
    const void* cotangent = e.written != 0 ? e.cotangent : nullptr;
    if (is_parameter(input) && gradients_ != nullptr) {
      if (gradients_->touched_slots()[input] == 0) continue;
      cotangent = with_scalar(
          scalar_, [&]<class T>(T) -> const void* { return gradients_->flat().matrix<T>(input).memptr(); });
    }
    if (cotangent == nullptr) continue;
    if (const auto bad = first_non_finite(e.element, e.shape(), cotangent)) {
      throw NonFiniteError({.who = who(record.type->name, record.place),
                            .given = "going back, the cotangent of " +
                                     describe(i < inputs.size ? inputs[i].name : "operand", input) +
                                     " with " + *bad,
                            .wanted = "finite numbers"});
    }
  }
}

void Pass::refuse_empty() {
  throw HandleError({.who = "Value", .given = "an empty one", .wanted = "one that was recorded on a tape"});
}

void Pass::refuse(const Value& value) const {
  const bool alive =
      value.pass_ != nullptr && value.number_ - value.pass_->base_ < value.pass_->entries_.size();
  if (alive) {
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

void Pass::refuse_released(std::uint64_t entry) const {
  throw HandleError(
      {.who = "Value",
       .given = "a " + to_string(entries_[entry].shape()) + " one that was released",
       .wanted = "one that still has its memory",
       .hint = "in evaluate mode Sequential releases what its layers made, and tape.recompute what its "
               "function made, except what they return"});
}

void Pass::refuse(const Parameter& parameter) const {
  throw HandleError({.who = who("parameter"),
                     .given = parameter.family() == 0 ? "an empty Parameter" : "a Parameter of another store",
                     .wanted = "one of the store that the tape is on, or of the store it was copied from"});
}

void Pass::refuse(const Buffer& buffer) const {
  throw HandleError({.who = who("buffer"),
                     .given = buffer.family() == 0 ? "an empty Buffer" : "a Buffer of another store",
                     .wanted = "one of the store that the tape is on, or of the store it was copied from"});
}

void Pass::refuse_size(Shape shape) {
  throw ShapeError({.who = "tape",
                    .given = to_string(shape),
                    .wanted = "fewer than 2^32 rows and columns, and 2^44 elements"});
}

}  // namespace tapedeck::detail
