#include "tapedeck/tape/pass.hpp"

#include <chrono>
#include <cmath>
#include <mutex>
#include <optional>

#include "tapedeck/core/error.hpp"

namespace tapedeck::detail {
namespace {

struct Pool {
  std::mutex mutex;
  std::vector<Pass*> idle;
};

// Never destroyed: a Value in a static may ask its pass after main has returned.
Pool& pool() {
  static Pool& p = *new Pool;
  return p;
}

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
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  if (p.idle.empty()) {
    p.idle.reserve(p.idle.capacity() + 1);  // so that recycling, in a destructor, cannot fail
    return *new Pass;
  }
  Pass& pass = *p.idle.back();
  p.idle.pop_back();
  return pass;
}

void Pass::recycle(Pass& pass) {
  if (pass.busy()) pass.end();
  pass.data_ = Arena{};
  pass.records_ = Arena{};
  std::vector<Entry>{}.swap(pass.entries_);
  Pool& p = pool();
  const std::lock_guard lock(p.mutex);
  p.idle.push_back(&pass);
}

void Pass::begin(Tape& tape, ParameterStore& store, const Settings& settings) {
  store.seal();
  tape_ = &tape;
  store_ = &store;
  family_ = store.family();
  scalar_ = store.scalar();
  settings_ = settings;
  random_ = Random{store.seed()}.stream(settings.step);
  played_ = false;
  last_ = nullptr;
  place_ = nullptr;
  with_scalar(scalar_, [&]<class T>(T) {
    const auto add_all = [&](FlatBuffer& flat, const std::uint8_t* frozen) {
      T* data = flat.data<T>();
      for (const auto& slot : flat.extents().slots) {
        const bool wanted = settings.mode == train && frozen != nullptr && *frozen++ == 0;
        append_view(element_of<T>, slot.shape, data + slot.offset, wanted);
      }
    };
    add_all(store.values(), store.frozen().data());
    parameter_count_ = entry_count();
    add_all(store.buffers(), nullptr);
  });
}

void Pass::end() {
  if (recomputations_ != nullptr) forget_recomputations();
  base_ += entries_.size();
  entries_.clear();
  data_.rewind();
  records_.rewind();
  uses_.clear();
  statistics_.clear();
  seeds_.clear();
  times_.clear();
  last_ = nullptr;
  place_ = nullptr;
  store_ = nullptr;
  tape_ = nullptr;
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
  throw ShapeError({.who = store_->layout().buffers[buffer.slot()].name,
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
  for (const Record* record = last_; record != nullptr; record = record->previous) {
    const double start = timed ? now() : 0;
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
  if (is_parameter(entry)) return store_->layout().parameters[entry].name;
  const auto& buffers = store_->layout().buffers;
  return entry - parameter_count_ < buffers.size() ? buffers[entry - parameter_count_].name : "";
}

std::string Pass::describe(std::string_view name, std::uint32_t entry) const {
  std::string text(name);
  if (is_parameter(entry)) text += " \"" + store_->layout().parameters[entry].name + "\"";
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
