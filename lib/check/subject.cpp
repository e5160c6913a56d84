#include "check/subject.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "tape/returned.hpp"

namespace tapedeck::detail {
namespace {

template <class To, class From>
std::vector<Matrix<To>> converted(const std::vector<Matrix<From>>& all) {
  std::vector<Matrix<To>> out;
  out.reserve(all.size());
  for (const auto& m : all) out.push_back(arma::conv_to<Matrix<To>>::from(m));
  return out;
}

template <class T>
Matrices matrices_of(const std::vector<Value>& values) {
  std::vector<Matrix<T>> all;
  all.reserve(values.size());
  for (const Value& value : values) all.push_back(value.matrix<T>());
  return converted<double>(all);
}

template <class T>
Matrices collected(const Subject& subject, const Subject::Use& use, const Gradients& gradients) {
  std::vector<Matrix<T>> all;
  for (const Leaf& leaf : subject.leaves()) {
    all.push_back(leaf.parameter ? gradients.of<T>(*leaf.parameter) : use.inputs[leaf.input].cotangent<T>());
  }
  return converted<double>(all);
}

}  // namespace

std::vector<ParameterView> parameters_under(ParameterStore& store, const std::string& name) {
  if (name.empty()) return store.parameters();
  try {
    return store.parameters({.under = name});
  } catch (NameError& error) {
    error.set_who("check_gradient");
    throw;
  }
}

std::string Leaf::place(Index element, Index rows) const {
  return name + (parameter ? "(" : " (") + std::to_string(element % rows) + "," +
         std::to_string(element / rows) + ")";
}

Subject::Subject(ParameterStore& store, const CheckedFunction& function, const std::vector<CheckInput>& kinds,
                 std::vector<Elements> inputs, const GradientCheckOptions& options)
    : store_(store), function_(function), kinds_(kinds), inputs_(std::move(inputs)), options_(options) {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (!kinds_[i].differentiated()) continue;
    leaves_.push_back(
        {"input " + std::to_string(i), std::get_if<Matrix<double>>(&inputs_[i]), std::nullopt, i});
  }
  for (const ParameterView& p : parameters_under(store, options.under)) {
    if (p.frozen()) continue;
    leaves_.push_back({p.name(), store.scalar() == f64 ? &p.value<double>() : nullptr, p.handle()});
  }
}

Subject::Use::Use(const Subject& subject, Memory& memory, const Settings& settings)
    : tape(subject.store_, memory, {.trace = settings.all_records, .step = subject.options_.seed}) {
  configure(tape, settings);
  inputs = subject.put(tape, subject.inputs_);
  outputs = subject.apply(tape, inputs);
}

std::vector<const Record*> Subject::Use::records() const {
  std::vector<const Record*> all;
  for (const Record* r = pass_of(tape).records.last(); r != nullptr; r = r->previous) all.push_back(r);
  std::reverse(all.begin(), all.end());
  return all;
}

void Subject::configure(Tape& tape, const Settings& settings) {
  pass_of(tape).configure(settings.poison, settings.all_records, settings.surrogates);
}

Gradients Subject::no_gradients(ParameterStore& store) {
  Gradients gradients(store);
  with_scalar(store.scalar(), [&]<class T>(T) {
    for (Index slot = 0; slot < store.size(); ++slot)
      gradients.flat().matrix<T>(slot).fill(std::numeric_limits<T>::quiet_NaN());
  });
  return gradients;
}

std::vector<Value> Subject::put(Tape& tape, const std::vector<Elements>& inputs) const {
  std::vector<Value> values;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const auto* numbers = std::get_if<Matrix<double>>(&inputs[i]);
    if (numbers != nullptr && kinds_[i].differentiated()) {
      values.push_back(tape.variable(*numbers));
    } else {
      values.push_back(std::visit([&](const auto& m) { return tape.input(m); }, inputs[i]));
    }
  }
  return values;
}

std::vector<Value> Subject::apply(Tape& tape, const std::vector<Value>& inputs) const {
  std::vector<Value> outputs = function_(tape, inputs);
  if (outputs.empty()) {
    throw OptionError(
        {.who = "check_gradient", .given = "a function that gives no Value", .wanted = "at least one"});
  }
  for (const Value& output : outputs) {
    require_returned("check_gradient: the function", output, tape,
                     "use the Tape& that the function is given, or input.tape()");
  }
  return outputs;
}

Matrices Subject::evaluate() {
  const Use use(*this, memory_);
  return matrices_of<double>(use.outputs);
}

Matrices Subject::evaluate_at_sample() {
  surrogates_.keep_next_pass();
  const Use use(*this, memory_, {.surrogates = &surrogates_});
  return matrices_of<double>(use.outputs);
}

Matrices Subject::evaluate_for_differences() {
  const Use use(*this, memory_, settings_for_differences(/*all_records=*/false));
  return matrices_of<double>(use.outputs);
}

Subject::Settings Subject::settings_for_differences(bool all_records) {
  surrogates_.replace_in_next_pass();
  return {.all_records = all_records, .surrogates = &surrogates_};
}

Matrices Subject::collect(const Use& use, const Gradients& gradients) const {
  return with_scalar(store_.scalar(), [&]<class T>(T) { return collected<T>(*this, use, gradients); });
}

Subject::Result Subject::gradient(const Matrices& cotangents) {
  Use use(*this, memory_);
  Gradients gradients = no_gradients(store_);
  return with_scalar(store_.scalar(), [&]<class T>(T) -> Result {
    const auto v = converted<T>(cotangents);
    use.tape.backward(roots_of(use.outputs, v), gradients);
    return {matrices_of<T>(use.outputs), collect(use, gradients), gradients.touched_slots()};
  });
}

Subject::Result Subject::gradient_in(ParameterStore& store, const Matrices& cotangents) const {
  std::vector<Elements> rounded;
  for (const Elements& input : inputs_) rounded.push_back(rounded_to_float(input));
  return Subject(store, function_, kinds_, rounded, options_).gradient(cotangents);
}

}  // namespace tapedeck::detail
