#include "support/mutants.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <utility>

#include "support/op_tests.hpp"
#include "support/references.hpp"
#include "tapedeck/ops/affine.hpp"
#include "tapedeck/ops/dropout.hpp"
#include "tapedeck/tape/sink.hpp"
#include "tapedeck/tape/tape.hpp"

namespace test {

namespace {

using td::detail::Entry;
using td::detail::Pass;
using td::detail::Record;

std::size_t input_count(const Record& record) { return record.input_count; }

// At which input a record takes an entry first; the number of its inputs if at none.
std::size_t first_of(const Record& record, std::uint32_t entry) {
  const auto* end = record.inputs + input_count(record);
  return static_cast<std::size_t>(std::find(record.inputs, end, entry) - record.inputs);
}

// The entry of a record's matrix: its inputs, then its outputs and what it saved, which follow one another.
std::uint32_t entry_of(const Record& record, std::size_t matrix) {
  const std::size_t inputs = input_count(record);
  return matrix < inputs ? record.inputs[matrix]
                         : record.first_output + static_cast<std::uint32_t>(matrix - inputs);
}

const td::Signature::Operand& operand_of(const Record& record, std::size_t matrix) {
  const td::Signature& s = *record.type->signature;
  if (matrix < s.inputs.size) return s.inputs[matrix];
  matrix -= s.inputs.size;
  return matrix < s.outputs.size ? s.outputs[matrix] : s.saved[matrix - s.outputs.size];
}

// The records that a function makes, in order.
struct Run {
  td::Value output;
  Pass& pass;
  std::vector<const Record*> records;
};
Run run(const Function& function, td::Tape& tape, const std::vector<td::Value>& inputs) {
  Pass& pass = Pass::of(inputs.front());
  const Record* before = pass.records.last();
  Run run{function(tape, inputs), pass, {}};
  for (const Record* r = pass.records.last(); r != before; r = r->previous) run.records.push_back(r);
  std::reverse(run.records.begin(), run.records.end());
  return run;
}

// A copy, not a view.
template <class T>
td::Matrix<T> elements(const void* data, td::Shape shape) {
  return {static_cast<const T*>(data), shape.rows, shape.cols};
}

bool is_mask(const td::Matrix<double>& m) {
  const double most = m.max();
  return m.min() == 0 && most > 0 &&
         std::all_of(m.begin(), m.end(), [=](double x) { return x == 0 || x == most; });
}

template <class T>
td::Matrix<T> first_column_only(td::Matrix<T> m) {
  if (m.n_cols > 1) m.tail_cols(m.n_cols - 1).zeros();
  return m;
}

// Samples are columns, so a batch is as wide as the widest input.
td::Index batch_of(const std::vector<td::Value>& inputs) {
  td::Index most = 0;
  for (const td::Value& input : inputs) most = std::max(most, input.cols());
  return most;
}

}  // namespace

const char* name_of(Mutation mutation) {
  switch (mutation) {
    case Mutation::none:
      return "none";
    case Mutation::sign_flipped:
      return "sign flipped";
    case Mutation::doubled:
      return "doubled";
    case Mutation::times_batch:
      return "times batch";
    case Mutation::over_batch:
      return "over batch";
    case Mutation::lost:
      return "lost";
    case Mutation::last_lost:
      return "last element lost";
    case Mutation::transposed:
      return "transposed";
    case Mutation::other_axis:
      return "other axis";
    case Mutation::first_sample:
      return "first sample";
    case Mutation::overwriting:
      return "overwriting";
    case Mutation::stale:
      return "stale";
    case Mutation::redrawn:
      return "redrawn";
    case Mutation::garbled:
      return "garbled";
  }
  return "";
}

double factor(Mutation mutation, td::Index batch) {
  switch (mutation) {
    case Mutation::sign_flipped:
      return -1;
    case Mutation::doubled:
      return 2;
    case Mutation::times_batch:
      return static_cast<double>(batch);
    case Mutation::over_batch:
      return 1 / static_cast<double>(batch);
    case Mutation::lost:
      return 0;
    default:
      return std::nan("");
  }
}

std::vector<Site> sites(const Function& function, td::Tape& tape, const std::vector<td::Value>& inputs) {
  const Run made = run(function, tape, inputs);
  const auto uses = [&](std::uint32_t entry, std::size_t first) {
    return std::count_if(made.records.begin() + static_cast<std::ptrdiff_t>(first), made.records.end(),
                         [=](const Record* r) { return first_of(*r, entry) < input_count(*r); });
  };
  std::vector<Site> all;
  for (std::size_t k = 0; k < made.records.size(); ++k) {
    const Record& record = *made.records[k];
    const std::size_t inputs_of_record = input_count(record);
    const td::Signature& signature = *record.type->signature;
    const std::size_t matrices = inputs_of_record + signature.outputs.size + signature.saved.size;
    for (std::size_t m = 0; m < matrices; ++m) {
      const std::uint32_t entry = entry_of(record, m);
      const bool input = m < inputs_of_record;
      if (input && first_of(record, entry) < m) continue;
      const Entry& e = made.pass.entry(entry);
      const td::Signature::Operand& operand = operand_of(record, m);
      all.push_back({.record = k,
                     .matrix = m,
                     .op = record.type->name,
                     .operand = std::string(operand.name),
                     .wanted = input && e.wanted,
                     .variable = e.variable,
                     .parameter = made.pass.values.is_parameter(entry),
                     .uses = static_cast<int>(uses(entry, 0)),
                     .last_use = uses(entry, k + 1) == 0,
                     .kept = operand.kept,
                     .mask = m >= inputs_of_record + signature.outputs.size &&
                             is_mask(elements<double>(e.data, e.shape()))});
    }
  }
  return all;
}

Mutant::Mutant(Function function, const Site& site, Mutation mutation)
    : function_(std::move(function)), site_(site), mutation_(mutation) {}

td::Value Mutant::operator()(td::Tape& tape, const std::vector<td::Value>& inputs) {
  const Run made = run(function_, tape, inputs);
  const Record& record = *made.records.at(site_.record);
  td::with_scalar(tape.scalar(), [&]<class T>(T) {
    Type& type = std::is_same_v<T, float> ? float_type_ : double_type_;
    static_cast<td::detail::RecordType&>(type) = *record.type;
    type.original = record.type->replay;
    type.mutant = this;
    type.replay = [](Pass& pass, const Record& r) {
      static_cast<const Type&>(*r.type).mutant->replay<T>(pass, r);
    };
    const_cast<Record&>(record).type = &type;
  });

  batch_ = batch_of(inputs);
  const Entry& e = made.pass.entry(entry_of(record, site_.matrix));
  const auto* bytes = static_cast<const std::byte*>(e.data);
  latest_.assign(bytes, bytes + e.bytes());
  return made.output;
}

template <class T>
void Mutant::replay(Pass& pass, const Record& record) {
  const Entry& e = pass.entry(entry_of(record, site_.matrix));
  switch (mutation_) {
    case Mutation::stale:
      if (latest_.size() != e.bytes())
        throw std::logic_error("the latest forward had samples of another shape");
      return replay_reading(latest_.data(), pass, record);
    case Mutation::redrawn: {
      const auto mask = elements<T>(e.data, e.shape());
      td::Matrix<T> other = mask;
      const auto order = td::Random(7).permutation(mask.n_elem);
      for (td::Index i = 0; i < mask.n_elem; ++i) other[i] = mask[order[i]];
      return replay_reading(other.memptr(), pass, record);
    }
    case Mutation::garbled: {
      std::vector<T> garbage(e.shape().size(), std::numeric_limits<T>::quiet_NaN());
      const td::IndexMatrix zeros(e.rows, e.cols);
      const bool index = e.element == td::Element::index;
      return replay_reading(index ? static_cast<const void*>(zeros.memptr()) : garbage.data(), pass, record);
    }
    default:
      return replay_contributing<T>(pass, record);
  }
}

// With another matrix at the site.
void Mutant::replay_reading(const void* data, Pass& pass, const Record& record) const {
  const Type& type = static_cast<const Type&>(*record.type);
  Entry& e = pass.entry(entry_of(record, site_.matrix));
  void* right = std::exchange(e.data, const_cast<void*>(data));
  type.original(pass, record);
  e.data = right;
}

template <class T>
void Mutant::replay_contributing(Pass& pass, const Record& record) {
  const Type& type = static_cast<const Type&>(*record.type);
  const std::uint32_t entry = entry_of(record, site_.matrix);
  Entry& e = pass.entry(entry);
  if (!e.wanted) return type.original(pass, record);  // tape.vjp was asked about other inputs

  // All other operands first.
  e.wanted = false;
  type.original(pass, record);
  e.wanted = true;

  // Then this one alone, with nothing contributed before.
  std::vector<Entry*> others;
  for (std::size_t i = 0; i < input_count(record); ++i) {
    Entry& other = pass.entry(record.inputs[i]);
    if (other.wanted && &other != &e) others.push_back(&other);
  }
  for (Entry* other : others) other->wanted = false;
  const td::detail::Target sum = pass.contribute(entry);
  const bool written = *sum.written != 0;
  const auto before = written ? elements<T>(sum.data, e.shape()) : td::Matrix<T>();
  *sum.written = 0;
  Entry& output = pass.entry(record.first_output);
  const auto dy = elements<T>(pass.read_cotangent(record.first_output), output.shape());
  // A gradient without a column for each sample sums over samples in products with the cotangent of the
  // output.
  const bool cut = mutation_ == Mutation::first_sample && e.cols != batch_;
  if (cut) std::memcpy(output.cotangent, first_column_only(dy).memptr(), output.bytes());
  type.original(pass, record);
  if (cut) std::memcpy(output.cotangent, dy.memptr(), output.bytes());
  const bool contributed = *sum.written != 0;
  const auto g = contributed ? elements<T>(sum.data, e.shape()) : td::Matrix<T>();
  if (written) std::memcpy(sum.data, before.memptr(), e.bytes());
  *sum.written = written ? 1 : 0;
  for (Entry* other : others) other->wanted = true;

  if (!contributed) return;
  contribution_ = in_double(g);
  output_cotangent_ = in_double(dy);
  if (mutation_ == Mutation::lost) return;
  if (mutation_ == Mutation::overwriting) *sum.written = 0;
  td::Sink<T>(pass, entry, "x") += mutated(g, dy);
}

template <class T>
td::Matrix<T> Mutant::mutated(const td::Matrix<T>& g, const td::Matrix<T>& output_cotangent) const {
  if (mutation_ == Mutation::transposed) return arma::reshape(g.t(), g.n_rows, g.n_cols);
  if (mutation_ == Mutation::other_axis) return arma::sum(output_cotangent, 0).t();
  if (mutation_ == Mutation::first_sample && g.n_cols == batch_) return first_column_only(g);
  if (mutation_ == Mutation::last_lost) {
    td::Matrix<T> most = g;
    const arma::uvec there = arma::find(most);
    if (!there.is_empty()) most[there.back()] = 0;
    return most;
  }
  const double by = factor(mutation_, batch_);
  return std::isnan(by) ? g : td::Matrix<T>(static_cast<T>(by) * g);
}

}  // namespace test

// --- What mutants are

BOOST_AUTO_TEST_SUITE(support)
BOOST_AUTO_TEST_SUITE(mutants)

namespace {

namespace td = tapedeck;
using test::Mutant;
using test::Mutation;
using test::Site;

const test::Function product = [](td::Tape&, const std::vector<td::Value>& in) {
  return td::product(in[0], in[1]);
};
const Site factor_a{.record = 0, .matrix = 0, .wanted = true};
const Site factor_x{.record = 0, .matrix = 1, .wanted = true};
const auto a = test::normal({4, 3}, 1);
const auto x = test::normal({3, 4}, 2);
const auto other_x = test::normal({3, 4}, 3);
const auto v = test::normal({4, 4}, 4);
const auto there = test::normal({3, 4}, 5);

struct Cotangents {
  td::Matrix<double> of_a;
  td::Matrix<double> of_x;
};

// What a mutant of y = A x gives with `there` in dx beforehand, and another forward before the backward.
Cotangents mutated(const Site& site, Mutation mutation, const test::Function& function = product) {
  td::ParameterStore store({.seed = 0, .scalar = td::f64});
  td::Memory memory;
  td::Memory other_memory;
  td::Tape tape(store, memory);
  td::Tape other_tape(store, other_memory);
  Mutant mutant(function, site, mutation);
  const std::vector<td::Value> in{tape.variable(a), tape.variable(x)};
  const td::Value y = mutant(tape, in);
  mutant(other_tape, {other_tape.variable(a), other_tape.variable(other_x)});
  tape.backward({{y, test::normal(y.shape(), 4)}, {in[1], there}});
  return {in[0].cotangent<double>(), in[1].cotangent<double>()};
}

bool close(const td::Matrix<double>& got, const td::Matrix<double>& wanted) {
  return test::difference(got, wanted) < 1e-14;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_mutation_does_what_it_says_to_one_operand) {
  const td::Matrix<double> da = v * x.t();
  const td::Matrix<double> dx = a.t() * v;
  const auto without_last = [](td::Matrix<double> m) {
    m[m.n_elem - 1] = 0;
    return m;
  };
  td::Matrix<double> first_dx = dx;
  first_dx.tail_cols(3).zeros();
  const td::Matrix<double> first_da = v.col(0) * x.col(0).t();
  const td::Matrix<double> nothing(4, 3);
  const std::vector<std::tuple<Mutation, td::Matrix<double>, td::Matrix<double>>> all{
      {Mutation::none, da, dx + there},
      {Mutation::sign_flipped, -da, -dx + there},
      {Mutation::doubled, 2 * da, 2 * dx + there},
      {Mutation::times_batch, 4 * da, 4 * dx + there},
      {Mutation::over_batch, da / 4, dx / 4 + there},
      {Mutation::lost, nothing, there},
      {Mutation::last_lost, without_last(da), without_last(dx) + there},
      {Mutation::transposed, arma::reshape(da.t(), 4, 3), arma::reshape(dx.t(), 3, 4) + there},
      {Mutation::first_sample, first_da, first_dx + there},
      {Mutation::overwriting, da, dx},
  };
  for (const auto& [mutation, wanted_da, wanted_dx] : all) {
    const Cotangents in_a = mutated(factor_a, mutation);
    BOOST_TEST(close(in_a.of_a, wanted_da), test::name_of(mutation));
    BOOST_TEST(close(in_a.of_x, dx + there), test::name_of(mutation) << ", of the other operand");
    const Cotangents in_x = mutated(factor_x, mutation);
    BOOST_TEST(close(in_x.of_a, da), test::name_of(mutation) << ", of the other operand");
    BOOST_TEST(close(in_x.of_x, wanted_dx), test::name_of(mutation));
  }
}

BOOST_AUTO_TEST_CASE(a_stale_matrix_is_that_of_the_latest_forward) {
  const Cotangents stale = mutated(factor_x, Mutation::stale);
  BOOST_TEST(close(stale.of_a, v * other_x.t()));
  BOOST_TEST(close(stale.of_x, a.t() * v + there));
  BOOST_TEST(mutated(factor_x, Mutation::garbled).of_a.has_nan());
}

BOOST_AUTO_TEST_CASE(a_mask_drawn_anew_has_as_many_zeros) {
  const auto dropped = [](td::Tape&, const std::vector<td::Value>& in) { return td::dropout(in[1], 0.4); };
  const Site mask{.record = 0, .matrix = 2};
  const td::Matrix<double> right = mutated(mask, Mutation::none, dropped).of_x;
  const td::Matrix<double> wrong = mutated(mask, Mutation::redrawn, dropped).of_x;
  const auto zeros = [](const td::Matrix<double>& m) { return arma::accu(m == there); };
  BOOST_TEST(zeros(right) > 0U);
  BOOST_TEST(zeros(wrong) == zeros(right));
  BOOST_TEST(!close(wrong, right));
}

BOOST_AUTO_TEST_SUITE_END()
BOOST_AUTO_TEST_SUITE_END()
