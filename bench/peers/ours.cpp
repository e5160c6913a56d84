#include "peers/ours.hpp"

#include <cblas.h>

#include <algorithm>
#include <string>

namespace tapedeck::peers {
namespace {

Sequential network(ParameterStore& store, const Workload& workload) {
  std::vector<Sequential::Item> layers;
  const std::size_t count = workload.widths.size() - 1;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(i + 1);
    const Index width = workload.widths[i + 1];
    layers.emplace_back(Linear{store.scope("fc_" + number), workload.widths[i], width});
    if (i + 1 == count) break;
    if (workload.activation == Activation::relu) layers.emplace_back(ReLU{});
    if (workload.activation == Activation::tanh) layers.emplace_back(Tanh{});
    if (workload.batch_norm) {
      layers.emplace_back(BatchNorm{
          store.scope("norm_" + number), width, {.epsilon = norm_epsilon, .momentum = norm_momentum}});
    }
  }
  return Sequential{layers};
}

std::unique_ptr<Optimizer> optimizer_of(ParameterStore& store, const Problem& problem) {
  const double rate = problem.learning_rate;
  switch (problem.workload.rule) {
    case Rule::sgd:
      return std::make_unique<SGD>(store, SGD::Options{.learning_rate = rate});
    case Rule::momentum:
      return std::make_unique<SGD>(store, SGD::Options{.learning_rate = rate, .momentum = momentum_factor});
    case Rule::adam:
      break;
  }
  return std::make_unique<Adam>(
      store,
      Adam::Options{.learning_rate = rate, .beta_1 = beta_1, .beta_2 = beta_2, .epsilon = adam_epsilon});
}

Dataset data_of(const Problem& problem) {
  const Index samples = problem.samples();
  Matrix<float> x(problem.inputs.data(), problem.in(), samples);
  if (problem.workload.loss == Loss::mse) {
    return {std::move(x), Matrix<float>(problem.targets.data(), problem.out(), samples)};
  }
  IndexMatrix labels(1, samples);
  std::copy(problem.labels.begin(), problem.labels.end(), labels.begin());
  return {std::move(x), std::move(labels)};
}

template <class T>
void append(std::vector<float>& all, const Matrix<T>& values) {
  all.insert(all.end(), values.begin(), values.end());
}

}  // namespace

Ours::Ours(const Problem& problem)
    : workload_(problem.workload),
      data_(data_of(problem)),
      batches_(batches(data_, {.size = workload_.batch})),
      model_(network(store_, workload_)),
      optimizer_(optimizer_of(store_, problem)) {
  for (std::size_t i = 0; i < problem.initial.size(); ++i) {
    const LayerValues& from = problem.initial[i];
    const std::string name = "fc_" + std::to_string(i + 1);
    std::copy(from.weight.begin(), from.weight.end(),
              store_.parameter(name + ".weight").value<float>().begin());
    std::copy(from.bias.begin(), from.bias.end(), store_.parameter(name + ".bias").value<float>().begin());
  }
}

unsigned Ours::take_threads() {
  openblas_set_num_threads(1);
  set_threads(workload_.threads);
  return workload_.threads;
}

void Ours::run(std::size_t steps) {
  for (std::size_t i = 0; i < steps; ++i) {
    const Batch batch = batches_[next_];
    next_ = next_ + 1 == batches_.size() ? 0 : next_ + 1;
    if (workload_.pass == Pass::forward) {
      forward(batch);
    } else {
      Tape tape{store_, memory_};
      record_and_play(tape, batch);
      optimizer_->step();
    }
  }
}

void Ours::record_and_play(Tape& tape, const Batch& batch) {
  const Value y = model_(tape.gather(batch.x));
  const Value loss =
      workload_.loss == Loss::mse ? mse(y, batch.y, element_mean) : cross_entropy(y, batch.y, batch_mean);
  store_.zero_grad();
  tape.backward(loss);
}

void Ours::forward(const Batch& batch) {
  Tape tape{store_, memory_, evaluate};
  const Matrix<float>& y = model_(tape.gather(batch.x)).matrix<float>();
  outputs_.assign(y.begin(), y.end());
}

std::size_t Ours::tape_bytes() {
  Tape tape{store_, memory_};
  record_and_play(tape, batches_[0]);
  return tape.bytes_used();
}

std::vector<float> Ours::results() const { return workload_.pass == Pass::forward ? outputs_ : parameters(); }

std::vector<float> Ours::parameters() const {
  std::vector<float> all;
  for (std::size_t i = 1; i < workload_.widths.size(); ++i) {
    const std::string name = "fc_" + std::to_string(i);
    append(all, store_.parameter(name + ".weight").value<float>());
    append(all, store_.parameter(name + ".bias").value<float>());
  }
  for (std::size_t i = 1; workload_.batch_norm && i + 1 < workload_.widths.size(); ++i) {
    const std::string name = "norm_" + std::to_string(i);
    append(all, store_.parameter(name + ".weight").value<float>());
    append(all, store_.parameter(name + ".bias").value<float>());
    append(all, store_.buffer<float>(name + ".running_mean"));
    append(all, store_.buffer<float>(name + ".running_var"));
  }
  return all;
}

std::unique_ptr<Contender> make_ours(const Problem& problem) { return std::make_unique<Ours>(problem); }

}  // namespace tapedeck::peers
