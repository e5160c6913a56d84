#pragma once

/// @file
/// How fast a layer or an op is, forward and backward apart. One line makes a benchmark of it:
///
///     #include "tapedeck/bench/op_benchmark.hpp"
///
///     // a layer, made for inputs of shape x
///     const auto make = [](const td::Scope& scope, td::Shape x) { return Scale{scope, x.rows}; };
///     static const auto scale_timed = td::benchmark("scale", make, {{3, 50}, {25, 50}});
///     // a function of one to four Values
///     static const auto cube_timed = td::benchmark("cube", cube, {{25, 50}, {256, 256}});
///
/// That, linked with `tapedeck::tapedeck` and `benchmark::benchmark_main` (Google Benchmark; Debian:
/// libbenchmark-dev), is a program, whose `--help` tells how to choose and what to write. It times
/// forward/cube/25x50/f32, backward/cube/25x50/f32, the same in f64, and so on for every size. No other
/// header of the library needs Google Benchmark.
///
/// What is timed:
///   - forward: the function on a tape in train mode, recording included;
///   - backward: the replay of its records alone: the cotangents of its output are there already, and the
///     memory that those of its inputs are written to. All inputs given by shape and all parameters want one.
///
/// A tape's opening, putting inputs on it and reading the clock cost about as much as a small op and are no
/// part of it. So several applications lie side by side on one tape, as many as what they touch fits into 128
/// KB (a small part of a second-level cache) and at most 64, and the clock is read around all of them. Each
/// has inputs and parameters of its own, so that every contribution to a cotangent is the first one, which
/// writes, as in most of a training step. Inputs differ from pass to pass: of numbers that repeat, a
/// processor learns the branches by heart, and leaky_relu at 25x50 seems ten times as fast as in training.
/// The tape ends and a new one begins, in the same memory, outside of what is timed; after a pass that is not
/// timed nothing is allocated any more. The clock is that on the wall, so other programs on the machine show.
///
/// What the rates count:
///   - items: the elements of the size in the name (so 1e9 / items_per_second is nanoseconds an element of
///     the input, for losses and sums too);
///   - bytes: what must be read and written at least, record by record as the signatures say. Forward: all
///     inputs, outputs and what is saved. Backward: the outputs' cotangents, what is kept, and those of the
///     inputs' cotangents that are wanted.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "tapedeck/core/error.hpp"
#include "tapedeck/core/matrix.hpp"
#include "tapedeck/core/random.hpp"
#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/tape/detail/replay.hpp"
#include "tapedeck/tape/detail/values_taken.hpp"
#include "tapedeck/tape/memory.hpp"
#include "tapedeck/tape/tape.hpp"
#include "tapedeck/tape/value.hpp"

namespace tapedeck {

/// What is put into the function that is timed: a Shape stands for numbers of magnitude 0.1 to 1.1 whose
/// cotangent is wanted; a matrix is data or labels, which nothing flows back to.
using BenchmarkInput = std::variant<Shape, Matrix<double>, IndexMatrix>;

/// The inputs of a function at a size.
using BenchmarkInputs = std::function<std::vector<BenchmarkInput>(Shape)>;

namespace detail {

// What an application calls; adds its parameters to the scope, if it has any.
using BenchmarkedFunction =
    std::function<void(const std::vector<Value>& inputs, std::vector<Value>& outputs)>;
using MakeBenchmarked = std::function<BenchmarkedFunction(const Scope&, Shape)>;

struct Benchmarked {
  std::string name;
  MakeBenchmarked make;
  std::size_t input_count;
  BenchmarkInputs inputs;
};

template <class T>
Matrix<T> ordinary_numbers(Shape shape, std::uint64_t seed) {
  const Random random(seed);
  Matrix<T> m(shape.rows, shape.cols);
  for (Index i = 0; i < m.n_elem; ++i) {
    const double x = 2 * random.uniform(i) - 1;
    m[i] = static_cast<T>(x < 0 ? x - 0.1 : x + 0.1);
  }
  return m;
}

// Equal applications of a function, side by side on one tape.
template <class T>
class Applications {
 public:
  Applications(const Benchmarked& what, Shape size, Index count)
      : store_({.seed = 1, .scalar = scalar_of<T>}) {
    for (Index i = 0; i < count; ++i) {
      functions_.push_back(what.make(store_.scope("application_" + std::to_string(i)), size));
    }
    const std::vector<BenchmarkInput> inputs = what.inputs(size);
    if (inputs.size() != what.input_count) {
      throw OptionError(
          {.who = what.name,
           .given = std::to_string(inputs.size()) + " inputs",
           .wanted = std::to_string(what.input_count) + ", as many Values as the function takes"});
    }
    for (const BenchmarkInput& input : inputs) {
      if (const auto* shape = std::get_if<Shape>(&input)) {
        data_.push_back(Drawn{*shape, ordinary_numbers<T>({shape->size() + fresh, 1}, data_.size())});
      } else if (const auto* matrix = std::get_if<Matrix<double>>(&input)) {
        data_.push_back(Matrix<T>(arma::conv_to<Matrix<T>>::from(*matrix)));
      } else {
        data_.push_back(std::get<IndexMatrix>(input));
      }
    }
    inputs_.assign(count, std::vector<Value>(inputs.size()));
  }

  struct Bytes {
    Index forward = 0;
    Index backward = 0;
  };
  // Of all applications together.
  Bytes bytes() {
    Tape tape(store_, memory_);
    put_inputs(tape);
    apply();
    Bytes bytes;
    const Pass& pass = Pass::of(outputs_.front());
    for (const Record* record = pass.records.last(); record != nullptr; record = record->previous) {
      const Signature& s = *record->type->signature;
      std::uint32_t made = record->first_output;
      for (std::size_t i = 0; i < s.inputs.size; ++i) {
        const Entry& e = pass.entry(record->inputs[i]);
        bytes.forward += e.bytes();
        bytes.backward += e.bytes() * ((s.inputs[i].kept ? 1U : 0U) + (e.wanted ? 1U : 0U));
      }
      for (std::size_t j = 0; j < s.outputs.size; ++j) {
        const Index size = pass.entry(made++).bytes();
        bytes.forward += size;
        bytes.backward += size * (s.outputs[j].kept ? 2U : 1U);
      }
      for (std::size_t k = 0; k < s.saved.size; ++k) {
        const Index size = pass.entry(made++).bytes();
        bytes.forward += size;
        bytes.backward += size;
      }
    }
    return bytes;
  }

  // The seconds that the forwards of all applications take.
  double forward() {
    Tape tape(store_, memory_);
    put_inputs(tape);
    return seconds([this] { apply(); });
  }

  // The seconds that the replay of all applications takes.
  double backward() {
    Tape tape(store_, memory_);
    put_inputs(tape);
    apply();
    Pass& pass = Pass::of(outputs_.front());
    for (const Value& output : outputs_) {
      const std::uint32_t entry = pass.resolve(output);
      const Entry& e = pass.entry(entry);
      if (!e.wanted) {
        throw UsageError({.who = "backward",
                          .given = "an output that depends on nothing that wants a cotangent",
                          .wanted = "an input given by shape, or a parameter, behind it"});
      }
      if (shape_of(cotangent_) != e.shape()) cotangent_ = ordinary_numbers<T>(e.shape(), 99);
      const Target target = pass.contribute(entry);
      if (e.bytes() > 0) std::memcpy(target.data, cotangent_.memptr(), e.bytes());
      *target.written = 1;
    }
    for (const std::vector<Value>& values : inputs_) {
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (std::holds_alternative<Drawn>(data_[i])) pass.contribute(pass.resolve(values[i]));
      }
    }
    store_.zero_grad();
    return seconds([&] { replay_from_seeds(pass, &store_.gradients()); });
  }

 private:
  // Every application of every pass sees other numbers: a window of those drawn, whose begin moves on.
  static constexpr Index fresh = Index{1} << 16U;
  static constexpr Index stride = 9973;
  struct Drawn {
    Shape shape;
    Matrix<T> numbers;
  };

  void put_inputs(Tape& tape) {
    for (std::vector<Value>& values : inputs_) {
      offset_ = (offset_ + stride) % fresh;
      for (std::size_t i = 0; i < values.size(); ++i) {
        values[i] = std::visit([&](const auto& data) { return put(tape, data); }, data_[i]);
      }
    }
  }
  Value put(Tape& tape, const Drawn& drawn) const {
    return tape.variable(view(drawn.numbers.memptr() + offset_, drawn.shape));
  }
  template <class E>
  static Value put(Tape& tape, const Matrix<E>& data) {
    return tape.input(data);
  }
  void apply() {
    outputs_.clear();
    for (std::size_t i = 0; i < functions_.size(); ++i) functions_[i](inputs_[i], outputs_);
  }
  template <class F>
  static double seconds(const F& f) {
    const auto start = std::chrono::steady_clock::now();
    f();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  ParameterStore store_;
  std::vector<BenchmarkedFunction> functions_;
  std::vector<std::variant<Drawn, Matrix<T>, IndexMatrix>> data_;
  Index offset_ = 0;
  Memory memory_;
  std::vector<std::vector<Value>> inputs_;
  std::vector<Value> outputs_;
  Matrix<T> cotangent_;
};

template <class T>
void run_benchmark(::benchmark::State& state, const Benchmarked& what, Shape size,
                   double (Applications<T>::*pass)()) {
  try {
    const auto bytes = Applications<T>(what, size, 1).bytes();
    const Index count =
        std::clamp<Index>((Index{128} << 10U) / std::max<Index>(bytes.forward + bytes.backward, 1), 1, 64);
    Applications<T> applications(what, size, count);
    (applications.*pass)();
    while (state.KeepRunningBatch(static_cast<::benchmark::IterationCount>(count))) {
      state.SetIterationTime((applications.*pass)());
    }
    const bool forward = pass == &Applications<T>::forward;
    const auto times = [&](Index n) { return state.iterations() * static_cast<std::int64_t>(n); };
    state.SetItemsProcessed(times(size.size()));
    state.SetBytesProcessed(times(forward ? bytes.forward : bytes.backward));
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
  }
}

template <class T>
void register_benchmarks(const Benchmarked& what, Shape size, const std::string& suffix) {
  const auto add = [&](const char* direction, double (Applications<T>::*pass)()) {
    const std::string name = std::string(direction) + "/" + what.name + "/" + to_string(size) + "/" + suffix;
    ::benchmark::RegisterBenchmark(name.c_str(), [=](::benchmark::State& state) {
      run_benchmark<T>(state, what, size, pass);
    })->UseManualTime();
  };
  add("forward", &Applications<T>::forward);
  add("backward", &Applications<T>::backward);
}

}  // namespace detail

/// Registers forward/NAME/SIZE/SCALAR and backward/NAME/SIZE/SCALAR for every size in float and in double, to
/// be run by Google Benchmark's main.
///
/// `function` takes one to four Values and gives one, or an array or vector of them; or it takes a Scope and
/// a Shape and gives such a function, such as a layer, which adds its parameters to the scope. `inputs` makes
/// what it is called with at a size; by default numbers of that shape for each Value. What the function
/// throws, or a count of inputs that is not its own, becomes the error of the benchmark.
///
/// The result is true; it lets the call stand at namespace scope.
template <class F>
bool benchmark(const std::string& name, const F& function, const std::vector<Shape>& sizes,
               const BenchmarkInputs& inputs = {}) {
  detail::Benchmarked what{.name = name, .make = {}, .input_count = 0, .inputs = inputs};
  const auto bound = [](const auto& f) {
    return [f](const std::vector<Value>& values, std::vector<Value>& outputs) {
      detail::call(f, values, outputs);
    };
  };
  if constexpr (std::is_invocable_v<const F&, const Scope&, Shape>) {
    using Made = std::invoke_result_t<const F&, const Scope&, Shape>;
    static_assert(
        detail::values_taken<Made>() > 0,
        "benchmark: what is made for a Scope and a Shape takes one to four Values and gives a Value, or "
        "an array or vector of them");
    what.input_count = detail::values_taken<Made>();
    what.make = [=](const Scope& scope, Shape size) { return bound(function(scope, size)); };
  } else {
    static_assert(
        detail::values_taken<F>() > 0,
        "benchmark: the function takes one to four Values and gives a Value, or an array or vector of "
        "them, or it takes "
        "(const Scope&, Shape) and gives such a function");
    what.input_count = detail::values_taken<F>();
    what.make = [=](const Scope&, Shape) { return bound(function); };
  }
  if (!what.inputs) {
    what.inputs = [count = what.input_count](Shape size) { return std::vector<BenchmarkInput>(count, size); };
  }
  for (const Shape size : sizes) {
    detail::register_benchmarks<float>(what, size, "f32");
    detail::register_benchmarks<double>(what, size, "f64");
  }
  return true;
}

}  // namespace tapedeck
