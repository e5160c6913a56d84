#include "tapedeck/tape/detail/recomputation.hpp"

#include <algorithm>
#include <cstring>
#include <span>

#include "tapedeck/core/error.hpp"
#include "tapedeck/tape/detail/errors.hpp"
#include "tapedeck/tape/detail/replay.hpp"

namespace tapedeck::detail {

/// Replaces all records that its function made. Its inputs are the entries from before that the function
/// used: x, parameters, captured Values.
struct Recomputation : Record {
  std::function<Value(const Value&)> function;
  Value x;
  std::span<RandomStreams::Use> uses;  ///< of random streams, before the function ran
  double flops;
  Recomputation* earlier;
};

namespace {

using Uses = std::span<RandomStreams::Use>;

Uses copy_of_uses(Pass& pass) {
  const std::vector<RandomStreams::Use>& uses = pass.random.uses();
  auto* copy =
      static_cast<RandomStreams::Use*>(pass.records.allocate(uses.size() * sizeof(RandomStreams::Use)));
  std::copy(uses.begin(), uses.end(), copy);
  return {copy, uses.size()};
}

// Puts a pass back to where a function is about to be run again, and undoes it.
class Rerun {
 public:
  Rerun(Pass& pass, const Recomputation& record)
      : pass_(pass),
        phase_(pass.phase()),
        last_(pass.records.last()),
        place_(pass.records.place()),
        uses_(copy_of_uses(pass)),
        first_entry_(pass.values.size()),
        statistics_(pass.statistics.all().size()),
        times_(pass.records.times().size()),
        kept_(record.first_output) {
    pass.random.restore(record.uses.data(),
                        record.uses.size());  // allocates nothing: there are fewer than now
    pass.set_phase(Phase::recomputing);
    pass.records.set_last(nullptr);
    pass.records.leave(record.place);
  }
  Rerun(const Rerun&) = delete;
  Rerun& operator=(const Rerun&) = delete;
  ~Rerun() {  // allocates nothing
    pass_.set_phase(phase_);
    pass_.records.set_last(last_);
    pass_.records.leave(place_);
    pass_.random.restore(uses_.data(), uses_.size());
    pass_.statistics.all().resize(statistics_);  // they were recorded the first time
    pass_.records.times().resize(times_);
    pass_.values.release(first_entry_, kept_);
  }

 private:
  Pass& pass_;
  Phase phase_;
  const Record* last_;
  const Place* place_;
  Uses uses_;
  std::uint32_t first_entry_;
  std::size_t statistics_;
  std::size_t times_;
  std::uint32_t kept_;
};

void replay_recomputation(Pass& pass, const Record& base) {
  const auto& record = static_cast<const Recomputation&>(base);
  if (!pass.reached(record, 1)) return;
  const Rerun rerun(pass, record);
  const std::uint32_t again = pass.resolve(record.function(record.x));
  const Entry& first = pass.entry(record.first_output);
  Entry& second = pass.entry(again);
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
  pass.set_phase(Phase::replaying);
  second.cotangent = pass.values.allocate_scratch(second.bytes());
  second.written = 1;
  if (second.bytes() > 0) std::memcpy(second.cotangent, first.cotangent, second.bytes());
  replay_records(pass, false);
}

constexpr Signature signature = "x(f,b) -> y(m,n)";
constexpr RecordType type{
    "recompute", &signature, true, replay_recomputation,
    [](const Pass&, const Record& r) { return static_cast<const Recomputation&>(r).flops; }};

// The inputs of the records behind `before` that were there before `first_entry`, each once.
std::span<std::uint32_t> inputs_from_before(Pass& pass, const Record* before, std::uint32_t first_entry) {
  std::size_t operands = 0;
  for (const Record* r = pass.records.last(); r != before; r = r->previous) operands += r->input_count;
  auto* inputs = static_cast<std::uint32_t*>(pass.records.allocate(operands * sizeof(std::uint32_t)));
  std::uint32_t* end = inputs;
  for (const Record* r = pass.records.last(); r != before; r = r->previous) {
    for (std::uint32_t i = 0; i < r->input_count; ++i) {
      const std::uint32_t input = r->inputs[i];
      if (input < first_entry && std::find(inputs, end, input) == end) *end++ = input;
    }
  }
  return {inputs, end};
}

// Copies statistics from the `first` on out of memory that is about to be released.
void keep_statistics(Pass& pass, std::size_t first, std::size_t element_size) {
  for (BatchStatistics::Statistic& s : std::span(pass.statistics.all()).subspan(first)) {
    const std::size_t bytes = s.size * element_size;
    void* copy = pass.values.allocate_scratch(bytes);
    if (bytes > 0) std::memcpy(copy, s.values, bytes);
    s.values = copy;
  }
}

}  // namespace

Value recompute(Pass& pass, const std::function<Value(const Value&)>& function, const Value& x) {
  pass.begin_record("tape.recompute");
  pass.resolve(x);
  if (pass.settings().inline_recomputations) return function(x);
  const double start = pass.traced() ? Records::now() : 0;
  const std::uint32_t first_entry = pass.values.size();
  const Record* const before = pass.records.last();
  const std::size_t statistics = pass.statistics.all().size();
  std::vector<RecordTime>& times = pass.records.times();
  const std::size_t first_time = times.size();
  const Uses uses = copy_of_uses(pass);

  const Value y = function(x);
  const std::uint32_t result = pass.resolve(y);
  if (result < first_entry || !pass.entry(result).wanted) {  // no record is needed for backward
    pass.values.release(first_entry, result);
    return y;
  }

  auto& made = *new (pass.records.allocate(sizeof(Recomputation))) Recomputation{};
  made.earlier = pass.recomputations;
  pass.recomputations = &made;
  made.function = function;
  made.x = x;
  made.uses = uses;
  made.type = &type;
  made.previous = before;
  made.place = pass.records.place();
  made.first_output = result;
  for (const Record* r = pass.records.last(); r != before; r = r->previous)
    made.flops += r->type->flops(pass, *r);
  const std::span<std::uint32_t> inputs = inputs_from_before(pass, before, first_entry);
  made.inputs = inputs.data();
  made.input_count = static_cast<std::uint32_t>(inputs.size());

  keep_statistics(pass, statistics, size_in_bytes(pass.entry(result).element));
  if (pass.check_finite()) note_checksums(pass, made);
  if (pass.traced()) {  // one time in place of those of the records that are released
    times.reserve(first_time + 1);
    times.resize(first_time);
    times.push_back({&made, Records::now() - start, 0});
  }
  pass.values.release(first_entry, result);
  pass.records.set_last(&made);
  return y;
}

void destroy_recomputations(Pass& pass) {
  while (pass.recomputations != nullptr) {
    Recomputation* const last = pass.recomputations;
    pass.recomputations = last->earlier;
    last->~Recomputation();
  }
}

}  // namespace tapedeck::detail
