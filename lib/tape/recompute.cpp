#include <algorithm>
#include <cstring>

#include "tapedeck/core/error.hpp"
#include "tapedeck/tape/detail/pass.hpp"

namespace tapedeck::detail {

/// Stands on the tape for all records that its function made. Its inputs are all that the function used of
/// what was there before: x, parameters, captured Values.
struct Recomputation : Record {
  std::function<Value(const Value&)> function;
  Value x;
  std::span<Pass::Use> uses;  ///< of random streams, before the function ran
  double flops;
  Recomputation* earlier;
};

/// Puts a pass back to where a function is about to be run again, and undoes it.
class Rerun {
 public:
  Rerun(Pass& pass, const Recomputation& record)
      : pass_(pass),
        phase_(pass.phase_),
        last_(pass.last_),
        place_(pass.place_),
        uses_(pass.copy_of_uses()),
        first_entry_(pass.entry_count()),
        statistics_(pass.statistics_.size()),
        times_(pass.times_.size()),
        kept_(record.first_output) {
    pass.uses_.assign(record.uses.begin(),
                      record.uses.end());  // has room: there are no more of them than now
    pass.set_phase(Pass::Phase::recomputing);
    pass.last_ = nullptr;
    pass.place_ = record.place;
  }
  Rerun(const Rerun&) = delete;
  Rerun& operator=(const Rerun&) = delete;
  ~Rerun() {  // allocates nothing
    pass_.set_phase(phase_);
    pass_.last_ = last_;
    pass_.place_ = place_;
    pass_.uses_.assign(uses_.begin(), uses_.end());
    pass_.statistics_.resize(statistics_);  // they were handed in the first time
    pass_.times_.resize(times_);
    pass_.release(first_entry_, kept_);
  }

 private:
  Pass& pass_;
  Pass::Phase phase_;
  const Record* last_;
  const Place* place_;
  std::span<Pass::Use> uses_;
  std::uint32_t first_entry_;
  std::size_t statistics_;
  std::size_t times_;
  std::uint32_t kept_;
};

namespace {

constexpr Signature signature = "x(f,b) -> y(m,n)";

}  // namespace

std::span<Pass::Use> Pass::copy_of_uses() {
  auto* copy = static_cast<Use*>(records_.allocate(uses_.size() * sizeof(Use)));
  std::copy(uses_.begin(), uses_.end(), copy);
  return {copy, uses_.size()};
}

Value Pass::recompute(const std::function<Value(const Value&)>& function, const Value& x) {
  static constexpr RecordType type{
      "recompute", &signature, true,
      [](Pass& pass, const Record& r) { pass.replay_recomputation(static_cast<const Recomputation&>(r)); },
      [](const Pass&, const Record& r) { return static_cast<const Recomputation&>(r).flops; }};
  begin_record("tape.recompute");
  resolve(x);
  if (settings_.inline_recomputations) return function(x);
  const double start = traced() ? now() : 0;
  const std::uint32_t first_entry = entry_count();
  const Record* const before = last_;
  const std::size_t statistics = statistics_.size();
  const std::size_t times = times_.size();
  const std::span<Use> uses = copy_of_uses();

  const Value y = function(x);
  const std::uint32_t result = resolve(y);
  if (result < first_entry || !entries_[result].wanted) {  // nothing flows back through what was recorded
    release(first_entry, result);
    return y;
  }

  auto& made = *new (records_.allocate(sizeof(Recomputation))) Recomputation{};
  made.earlier = recomputations_;
  recomputations_ = &made;
  made.function = function;
  made.x = x;
  made.uses = uses;
  made.type = &type;
  made.previous = before;
  made.place = place_;
  made.first_output = result;

  std::size_t operands = 0;
  for (const Record* r = last_; r != before; r = r->previous) {
    operands += r->input_count;
    made.flops += r->type->flops(*this, *r);
  }
  auto* inputs = static_cast<std::uint32_t*>(records_.allocate(operands * sizeof(std::uint32_t)));
  std::uint32_t* end = inputs;
  for (const Record* r = last_; r != before; r = r->previous) {
    for (std::uint32_t i = 0; i < r->input_count; ++i) {
      const std::uint32_t input = r->inputs[i];
      if (input < first_entry && std::find(inputs, end, input) == end) *end++ = input;
    }
  }
  made.inputs = inputs;
  made.input_count = static_cast<std::uint32_t>(end - inputs);

  for (std::size_t i = statistics; i < statistics_.size(); ++i) {  // they lie in what is to be released
    Statistic& s = statistics_[i];
    const std::size_t bytes = s.size * size_in_bytes(entries_[result].element);
    void* copy = data_.allocate(bytes);
    if (bytes > 0) std::memcpy(copy, s.values, bytes);
    s.values = copy;
  }
  if (check_finite()) note_checksums(made);
  if (traced()) {  // one time in place of those of the records that are released
    times_.reserve(times + 1);
    times_.resize(times);
    times_.push_back({&made, now() - start, 0});
  }
  release(first_entry, result);
  last_ = &made;
  return y;
}

void Pass::replay_recomputation(const Recomputation& record) {
  if (!reached(record, 1)) return;
  const Rerun rerun(*this, record);
  const std::uint32_t again = resolve(record.function(record.x));
  const Entry& first = entries_[record.first_output];
  Entry& second = entries_[again];
  const bool same = first.shape() == second.shape() &&
                    (first.bytes() == 0 || std::memcmp(first.data, second.data, first.bytes()) == 0);
  if (!same) {
    throw ContractError({.who = who(record.type->name, record.place),
                         .given = "a function that gave another result when it was run again",
                         .wanted = "the same, bit for bit",
                         .hint = "it may depend on its argument, parameters and the tape's random streams; "
                                 "nothing of that may change before backward"});
  }
  if (!second.wanted) return;
  set_phase(Phase::replaying);
  second.cotangent = data_.allocate(second.bytes());
  second.written = 1;
  if (second.bytes() > 0) std::memcpy(second.cotangent, first.cotangent, second.bytes());
  play_records(false);
}

void Pass::forget_recomputations() {
  while (recomputations_ != nullptr) {
    Recomputation* const last = recomputations_;
    recomputations_ = last->earlier;
    last->~Recomputation();
  }
}

}  // namespace tapedeck::detail
