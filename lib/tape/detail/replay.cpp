#include "tapedeck/tape/detail/replay.hpp"

#include "tapedeck/tape/detail/finite.hpp"

namespace tapedeck::detail {

void replay_from_seeds(Pass& pass, Gradients* gradients) {
  struct Replaying {
    explicit Replaying(Pass& p) : pass(p) { pass.set_phase(Phase::replaying); }
    Replaying(const Replaying&) = delete;
    Replaying& operator=(const Replaying&) = delete;
    ~Replaying() { pass.set_phase(Phase::recording); }
    Pass& pass;
  };
  const Replaying replaying(pass);
  pass.cotangents.fill(gradients);
  const float one = 1;
  const double one_in_double = 1;
  const void* const unit = pass.scalar() == f32 ? static_cast<const void*>(&one) : &one_in_double;
  for (const Seed& seed : pass.seeds) {
    if (!pass.entry(seed.entry).wanted) continue;
    pass.cotangents.add(pass.values, seed.entry, pass.scalar(),
                        seed.cotangent == nullptr ? unit : seed.cotangent);
  }
  replay_records(pass, pass.traced());
}

void replay_records(Pass& pass, bool timed) {
  std::vector<RecordTime>& times = pass.records.times();
  std::size_t time = times.size();
  const ParameterStore& store = pass.store();
  // A tape that checks compares every record's values: they may have been written to without the store's
  // knowledge.
  const std::uint64_t known = pass.check_finite() ? Changes::no_count : pass.changes.first_count();
  for (const Record* record = pass.records.last(); record != nullptr; record = record->previous) {
    const double start = timed ? Records::now() : 0;
    if (store.internals().change_count() != known) require_same_values(pass, *record);
    record->type->replay(pass, *record);
    if (timed) times[--time].backward = Records::now() - start;
    if (pass.check_finite()) require_finite_cotangents(pass, *record);
    for (std::size_t j = 0; j < record->type->signature->outputs.size; ++j) {
      Entry& e = pass.entry(record->first_output + static_cast<std::uint32_t>(j));
      if (e.cotangent == nullptr || e.variable) continue;
      pass.values.give_back(e.cotangent, e.bytes());
      e.cotangent = nullptr;
      e.written = 0;
    }
  }
}

}  // namespace tapedeck::detail
