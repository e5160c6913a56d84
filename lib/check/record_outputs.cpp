#include "check/record_outputs.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace tapedeck::detail {
namespace {

double norm(const Matrix<double>& m) { return std::sqrt(arma::accu(m % m)); }

// Moves a leaf, and puts it back where it was.
class MovedLeaf {
 public:
  MovedLeaf(const VanishingLeaf& at, double step) : values_(*at.leaf.values), there_(values_) {
    values_ += step * at.direction;
  }
  MovedLeaf(const MovedLeaf&) = delete;
  MovedLeaf& operator=(const MovedLeaf&) = delete;
  ~MovedLeaf() { values_ = there_; }

 private:
  Matrix<double>& values_;
  const Matrix<double> there_;
};

// What the outputs of the records that use a leaf are where the leaf is moved; as at the samples for other
// records, and for those that another control flow does not make.
Matrices beside(Subject& subject, const VanishingLeaf& at, double step,
                const std::vector<RecordOutput>& outputs, Memory& memory) {
  const MovedLeaf moved(at, step);
  const Subject::Use use(subject, memory, subject.settings_for_differences(/*all_records=*/true));
  const Pass& pass = pass_of(use.tape);
  const std::uint32_t leaf =
      at.leaf.parameter ? pass.resolve(*at.leaf.parameter) : pass.resolve(use.inputs[at.leaf.input]);
  const auto records = use.records();
  Matrices all;
  for (const RecordOutput& o : outputs) {
    all.push_back(o.values);
    if (o.record >= records.size()) continue;
    if (std::find(o.inputs.begin(), o.inputs.end(), leaf) == o.inputs.end()) continue;
    const Entry& e = pass.entry(records[o.record]->first_output + o.number);
    if (e.shape() == tapedeck::shape_of(o.values)) all.back() = copy_of<double>(e);
  }
  return all;
}

}  // namespace

std::vector<RecordOutput> record_outputs(const Subject& subject, const Matrices& cotangents, Memory& memory) {
  Subject::Use use(subject, memory, {.all_records = true});
  Pass& pass = pass_of(use.tape);
  const auto records = use.records();
  std::vector<RecordOutput> all;
  std::vector<Value> values;
  for (std::size_t k = 0; k < records.size(); ++k) {
    const Record& r = *records[k];
    for (std::uint32_t j = 0; j < r.type->signature->outputs.size; ++j) {
      const Entry& e = pass.entry(r.first_output + j);
      if (!e.wanted) continue;
      all.push_back(
          {who(r.type->name, r.place), k, j, {r.inputs, r.inputs + r.input_count}, copy_of<double>(e), {}});
      values.push_back(pass.value(r.first_output + j));
    }
  }
  if (all.empty()) return all;
  const Matrices found = use.tape.vjp<double>(roots_of(use.outputs, cotangents), values);
  for (std::size_t k = 0; k < all.size(); ++k) all[k].cotangent = found[k];
  return all;
}

double rounding(const std::vector<RecordOutput>& outputs) {
  double sum = 0;
  for (const RecordOutput& o : outputs) {
    const double here = arma::accu(arma::abs(o.cotangent % o.values));
    if (std::isfinite(here)) sum += here;
  }
  return 16 * std::numeric_limits<double>::epsilon() * sum;
}

std::string record_that_passes_on(Subject& subject, const VanishingLeaf& at,
                                  const std::vector<RecordOutput>& outputs, Memory& memory) {
  // With the cotangent c of its output y, a record adds <c, dy> to what the leaf's motion does to the
  // function's outputs, which is at most |c| |dy|. That does not cancel, and is zero but for rounding if c or
  // dy is.
  const Matrices right = beside(subject, at, at.step, outputs, memory);
  const Matrices left = beside(subject, at, -at.step, outputs, memory);
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    if (norm(outputs[k].cotangent) * norm(right[k] - left[k]) > 2 * at.rounding) return outputs[k].name;
  }
  return "";
}

}  // namespace tapedeck::detail
