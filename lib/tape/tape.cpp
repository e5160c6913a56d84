#include "tapedeck/tape/tape.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "tapedeck/core/error.hpp"
#include "tapedeck/tape/detail/input.hpp"
#include "tapedeck/tape/detail/recomputation.hpp"
#include "tapedeck/tape/detail/replay.hpp"

namespace tapedeck {
namespace {

using detail::Entry;
using detail::Pass;
using detail::Record;

// Puts a pass back as it was: vjp plays on the same tables with other wishes.
class Restore {
 public:
  explicit Restore(Pass& pass) : pass_(pass), entries_(pass.values.all().begin(), pass.values.all().end()) {}
  Restore(const Restore&) = delete;
  Restore& operator=(const Restore&) = delete;
  ~Restore() { std::copy(entries_.begin(), entries_.end(), pass_.values.all().begin()); }

 private:
  Pass& pass_;
  std::vector<Entry> entries_;
};

}  // namespace

Tape::Tape(ParameterStore& store, Memory& memory, const TapeOptions& options) : pass_(memory.pass_) {
  if (pass_->busy()) {
    throw UsageError({.who = "Tape",
                      .given = "a Memory that another open tape writes into",
                      .wanted = "one Memory for each tape that is open at a time"});
  }
  pass_->begin(*this, pass_, store,
               {options.mode, options.check_finite, options.trace, options.step, options.first_column,
                options.check_finite ? detail::Arena::poison : 0});
}

Tape::~Tape() {
  if (pass_ != nullptr) pass_->end();
}

void Tape::refuse_ended() {
  throw UsageError({.who = "Tape",
                    .given = "a tape whose Memory or store was destroyed",
                    .wanted = "a Memory and a store that outlive it"});
}

Value Tape::put(const Columns& columns, detail::Copy copy, bool variable) {
  return pass().value(detail::append_input(pass(), columns, copy, variable));
}

Value Tape::zeros(Shape shape) {
  Pass& p = pass();
  p.require_recording("tape.zeros");
  const std::uint32_t entry = p.values.append(real_element(scalar()), shape, false);
  if (const std::size_t bytes = p.entry(entry).bytes(); bytes > 0) std::memset(p.entry(entry).data, 0, bytes);
  p.entry(entry).input = true;
  return p.value(entry);
}

Value Tape::parameter(Parameter parameter) { return pass().value(pass().resolve(parameter)); }

Value Tape::buffer(Buffer buffer) { return pass().value(pass().resolve(buffer)); }

Value Tape::carry(const Value& other) {
  const Pass& from = Pass::of(other);
  const Entry& e = from.entry(from.resolve(other));
  Columns columns;
  columns.element = e.element;
  columns.data = e.data;
  columns.rows = e.rows;
  columns.count = e.cols;
  return copy(columns);
}

void Tape::seed(std::span<const Root> roots, const char* who) {
  Pass& p = pass();
  if (roots.empty()) {
    throw UsageError({.who = who, .given = "no root", .wanted = "at least one, such as the loss"});
  }
  p.seeds.clear();
  for (const Root& root : roots) {
    const std::uint32_t entry = p.resolve(root.value_);
    const Entry& e = p.entry(entry);
    if (!root.cotangent_ && e.shape() != Shape{1, 1}) {
      throw ShapeError({.who = who,
                        .given = "a root of " + to_string(e.shape()) + " without a cotangent",
                        .wanted = "1x1, or a cotangent of its shape",
                        .hint = "tape.backward({value, cotangent})"});
    }
    if (root.cotangent_ && root.cotangent_->shape() != e.shape()) {
      throw ShapeError({.who = who,
                        .given = "a cotangent of " + to_string(root.cotangent_->shape()),
                        .wanted = to_string(e.shape()),
                        .hint = "a cotangent has the shape of its root"});
    }
    if (root.cotangent_ && root.cotangent_->element != e.element) {
      throw ScalarError({.who = who,
                         .given = std::string("a cotangent of ") + name_of(root.cotangent_->element),
                         .wanted = name_of(e.element)});
    }
    p.seeds.push_back({entry, root.cotangent_ ? root.cotangent_->data : nullptr});
  }
}

void Tape::backward(std::span<const Root> roots, Gradients& gradients) {
  Pass& p = pass();
  p.require_not_replaying("tape.backward");
  if (mode() == evaluate) {
    throw UsageError({.who = "tape.backward",
                      .given = "a tape in evaluate mode",
                      .wanted = "one in train mode",
                      .hint = "an evaluate tape records nothing to play back"});
  }
  if (p.replayed()) {
    throw UsageError({.who = "tape.backward",
                      .given = "backward was already called on this tape",
                      .wanted = "a new tape for each backward",
                      .hint = "several roots go into one call: tape.backward({{a, da}, {b, db}})"});
  }
  if (gradients.family() != store().internals().family() || gradients.flat().scalar() != scalar()) {
    throw UsageError(
        {.who = "tape.backward", .given = "gradients of another store", .wanted = "those of the tape's"});
  }
  seed(roots, "tape.backward");
  for (const detail::Seed& s : p.seeds) {
    if (!p.entry(s.entry).wanted) {
      throw UsageError({.who = "tape.backward",
                        .given = "a root that depends on no parameter and no variable that wants a cotangent",
                        .wanted = "one that does",
                        .hint = "is everything frozen, or detached?"});
    }
  }
  p.set_replayed();
  Gradients::Backward backward(gradients);
  replay_from_seeds(p, &gradients);
  p.statistics.move_to(gradients, scalar());
  backward.succeed();
}

template <class T>
std::vector<Matrix<T>> Tape::vjp(std::span<const Root> roots, std::span<const Value> inputs) {
  Pass& p = pass();
  p.require_not_replaying("tape.vjp");
  if (scalar_of<T> != scalar()) {
    throw ScalarError({.who = "tape.vjp",
                       .given = std::string("cotangents asked for as ") + name_of(scalar_of<T>),
                       .wanted = name_of(scalar())});
  }
  seed(roots, "tape.vjp");
  std::vector<std::uint32_t> sought;
  for (const Value& input : inputs) {
    sought.push_back(p.resolve(input));
    if (!p.entry(sought.back()).wanted) {
      throw UsageError({.who = "tape.vjp",
                        .given = "an input whose cotangent was not wanted when it was recorded",
                        .wanted = "a variable, a parameter, or what depends on one, on a tape in train mode",
                        .hint = "tape.variable(x) instead of tape.input(x)"});
    }
  }
  std::vector<const Record*> records;
  for (const Record* r = p.records.last(); r != nullptr; r = r->previous) records.push_back(r);

  const Restore restore(p);
  for (Entry& e : p.values.all()) {
    e.wanted = e.variable = false;
    e.cotangent = nullptr;
    e.written = 0;
  }
  for (const std::uint32_t entry : sought) p.entry(entry).wanted = p.entry(entry).variable = true;
  std::for_each(records.rbegin(), records.rend(), [&](const Record* r) {  // wanted: what depends on an input
    const Signature& signature = *r->type->signature;
    bool depends = false;
    for (std::size_t i = 0; i < r->input_count; ++i) {
      depends |= p.entry(r->inputs[i]).wanted && !(i < signature.inputs.size && signature.inputs[i].zero);
    }
    for (std::size_t j = 0; j < signature.outputs.size; ++j) {
      Entry& out = p.entry(r->first_output + static_cast<std::uint32_t>(j));
      out.wanted = out.wanted || depends;
    }
  });
  replay_from_seeds(p, nullptr);

  std::vector<Matrix<T>> cotangents;
  for (const std::uint32_t entry : sought) {
    const Shape shape = p.entry(entry).shape();
    cotangents.push_back(view(static_cast<const T*>(p.read_cotangent(entry)), shape));
  }
  for (const std::uint32_t entry : sought) {
    Entry& e = p.entry(entry);
    if (e.cotangent != nullptr) p.values.give_back(std::exchange(e.cotangent, nullptr), e.bytes());
  }
  return cotangents;
}

template std::vector<Matrix<float>> Tape::vjp(std::span<const Root>, std::span<const Value>);
template std::vector<Matrix<double>> Tape::vjp(std::span<const Root>, std::span<const Value>);

Tape::At::At(const Tape& tape, std::string_view name) : At(tape, name, hash_of(name)) {}

Value Tape::recompute_later(const std::function<Value(const Value&)>& function, const Value& x) {
  if (!function) {
    throw UsageError({.who = "tape.recompute", .given = "an empty function", .wanted = "one to call"});
  }
  return detail::recompute(pass(), function, x);
}

Value detach(const Value& value) {
  Pass& p = Pass::of(value);
  p.require_recording("detach");
  return p.value(p.values.append_alias(p.resolve(value)));
}

}  // namespace tapedeck
