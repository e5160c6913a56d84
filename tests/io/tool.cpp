// What repository/python_safetensors compares with Python.
//
//   tapedeck_io_tool write FILE      writes the state that the comparison knows
//   tapedeck_io_tool print FILE      prints what a file holds: a line for each matrix, in the order of names,
//                                    NAME TYPE [SIZES] BITS...     row by row, in hexadecimal; one for each
//                                    of the words, NAME = WORDS; and one for each tensor that was left out,
//                                    NAME is WHAT
//   tapedeck_io_tool sha256 FILE     prints the digests of its first 0, 1, 2, ... bytes, a line each
//   tapedeck_io_tool train SCALAR FILE
//                                    trains the network that the comparison knows, and writes its weights
//   tapedeck_io_tool predict SCALAR FILE INPUTS OUTPUTS
//                                    reads its weights, from us or from PyTorch, and "x" from INPUTS, samples
//                                    x features as PyTorch has them; writes its answers as "y"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <exception>
#include <map>
#include <string>
#include <vector>

#include "io/sha256.hpp"
#include "io/state_files.hpp"
#include "tapedeck/io/safetensors.hpp"
#include "tapedeck/io/weights.hpp"
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

namespace {

using Arguments = std::vector<std::string>;  // behind the action's name

// Their elements count on in the order of memory.
template <class T>
td::Matrix<T> counted(td::Index rows, td::Index cols, T first, T step) {
  td::Matrix<T> m(rows, cols);
  for (td::Index i = 0; i < m.n_elem; ++i) m[i] = first + step * static_cast<T>(i);
  return m;
}

void write(const Arguments& arguments) {
  td::StateDict state;
  state.add({"fc.weight", counted<float>(2, 3, 0.5F, 0.25F)});
  state.add({"fc.bias", counted<float>(2, 1, -1, 3), td::Dimensions{2}});
  state.add({"double", counted<double>(3, 2, 1e-300, 1e300)});
  state.add({"steps", counted<td::Index>(1, 4, 0xffffffff00000000, 1)});
  state.add({"kernel", counted<float>(2, 12, 0, 1), td::Dimensions{2, 3, 2, 2}});
  state.add({"number", counted<double>(1, 1, 2.5, 0), td::Dimensions{}});
  state.add({"empty", td::Matrix<double>(0, 7)});
  state.add({"large", counted<float>(1021, 1031, 0, 1)});
  state.add({"namé \"quoted\"", counted<double>(1, 1, -0.0, 0)});
  state.add_words("optimizer", "Adam ü \"\\\n");
  td::write_safetensors(arguments[0], state);
}

template <class T>
unsigned long bits(T x) {
  if constexpr (sizeof(T) == 4) return std::bit_cast<std::uint32_t>(x);
  if constexpr (sizeof(T) == 8) return std::bit_cast<std::uint64_t>(x);
}

void print(const Arguments& arguments) {
  const td::StateDict state = td::import_safetensors(arguments[0]);
  std::map<std::string, const td::StateDict::Entry*> entries;
  for (const auto& entry : state.entries()) entries.emplace(entry.name, &entry);
  for (const auto& [name, entry] : entries) {
    std::visit(
        [&, e = entry, n = name]<class T>(const td::Matrix<T>& m) {
          std::printf("%s %s %s", n.c_str(), td::name_of(td::element_of<T>),
                      td::to_string(*e->dimensions).c_str());
          for (td::Index r = 0; r < m.n_rows; ++r) {
            for (td::Index c = 0; c < m.n_cols; ++c) std::printf(" %lx", bits(m(r, c)));
          }
          std::printf("\n");
        },
        entry->value);
  }
  for (const auto& [name, words] : state.words()) std::printf("%s = %s\n", name.c_str(), words.c_str());
  for (const auto& [name, what] : state.left_out()) std::printf("%s is %s\n", name.c_str(), what.c_str());
}

void print_digests(const Arguments& arguments) {
  const std::string bytes = test::bytes_of(arguments[0]);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    td::io::Sha256 hash;
    hash.add(std::as_bytes(std::span(bytes).first(size)));
    std::printf("%s\n", hash.hex().c_str());
  }
}

// A network with every layer that has weights; python_interop.py has it in PyTorch.
class Network {
 public:
  explicit Network(const std::string& scalar)
      : store_({.seed = 1, .scalar = scalar == "double" ? td::f64 : td::f32}),
        model_{td::Linear{store_.scope("fc_1"), 3, 5}, td::BatchNorm{store_.scope("bn"), 5}, td::Tanh{},
               td::Linear{store_.scope("fc_2"), 5, 4}, td::LayerNorm{store_.scope("ln"), 4}, td::ReLU{},
               td::Linear{store_.scope("fc_3"), 4, 2}} {}

  void train() {
    const td::Random random(2);
    td::Matrix<double> x(3, 64);
    for (td::Index i = 0; i < x.n_elem; ++i) x[i] = random.normal(i);
    const td::Matrix<double> y = arma::square(x.rows(0, 1)) + x.rows(1, 2);
    td::Adam optimizer{store_, {.learning_rate = 0.01}};
    td::Trainer trainer{store_, model_, optimizer, td::MSELoss{td::batch_mean}};
    trainer.fit(td::Dataset(x, y).converted(store_.scalar()), {.epochs = 10, .batch_size = 16});
  }

  td::Matrix<double> predict(const td::Matrix<double>& x) {
    return td::with_scalar(store_.scalar(), [&]<class T>(T) -> td::Matrix<double> {
      return arma::conv_to<td::Matrix<double>>::from(
          td::predict(store_, model_, td::Matrix<T>(arma::conv_to<td::Matrix<T>>::from(x))));
    });
  }

  td::ParameterStore& store() { return store_; }

 private:
  td::ParameterStore store_;
  td::Sequential model_;
};

void train(const Arguments& arguments) {
  Network network(arguments[0]);
  network.train();
  td::save_weights(arguments[1], network.store());
}

void predict(const Arguments& arguments) {
  Network network(arguments[0]);
  td::load_weights(arguments[1], network.store(), {.ignore_left_over = true});  // num_batches_tracked
  const td::StateDict inputs = td::import_safetensors(arguments[2]);
  const auto& x = std::get<td::Matrix<double>>(inputs.find("x")->value);
  td::StateDict outputs;
  outputs.add({"y", td::Matrix<double>(network.predict(x.t()).t())});
  td::write_safetensors(arguments[3], outputs);
}

struct Action {
  void (*run)(const Arguments&);
  std::size_t arguments;
};

}  // namespace

int main(int count, char** words) {
  const std::map<std::string, Action> actions{{"write", {write, 1}},
                                              {"print", {print, 1}},
                                              {"sha256", {print_digests, 1}},
                                              {"train", {train, 2}},
                                              {"predict", {predict, 4}}};
  const Arguments arguments(words + std::min(count, 2), words + count);
  const auto action = count < 2 ? actions.end() : actions.find(words[1]);
  if (action == actions.end() || action->second.arguments != arguments.size()) {
    std::fprintf(stderr, "usage: tapedeck_io_tool write|print|sha256|train|predict ...\n");
    return 2;
  }
  try {
    action->second.run(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
