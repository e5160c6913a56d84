#include <cblas.h>
#include <torch/torch.h>

#include <algorithm>
#include <array>

#include "peers/contender.hpp"

namespace tapedeck::peers {
namespace {

// The bytes of a column-major matrix, columns samples, are those of a row-major one, rows samples.
torch::Tensor samples_of(const std::vector<float>& values, std::size_t features) {
  const auto rows = static_cast<std::int64_t>(values.size() / features);
  return torch::tensor(values).view({rows, static_cast<std::int64_t>(features)});
}

void append(std::vector<float>& all, const torch::Tensor& tensor) {
  const torch::Tensor flat = tensor.detach().contiguous().view(-1);
  all.insert(all.end(), flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel());
}

class LibTorch final : public Contender {
 public:
  explicit LibTorch(const Problem& problem) : workload_(problem.workload), ring_(problem.ring) {
    for (std::size_t i = 0; i < problem.initial.size(); ++i)
      add_layer(problem.initial[i], i + 1 < problem.initial.size());
    const torch::Tensor x = samples_of(problem.inputs, problem.in());
    const torch::Tensor y =
        workload_.loss == Loss::mse
            ? samples_of(problem.targets, problem.out())
            : torch::tensor(std::vector<std::int64_t>(problem.labels.begin(), problem.labels.end()));
    const auto batch = static_cast<std::int64_t>(workload_.batch);
    inputs_ = x.split(batch);
    targets_ = y.split(batch);
    if (workload_.pass == Pass::forward) model_->eval();
    optimizer_ = optimizer_of(problem);
  }

  // Its products are OpenBLAS's, whose threads it does not set.
  unsigned take_threads() override {
    at::set_num_threads(static_cast<int>(workload_.threads));
    openblas_set_num_threads(static_cast<int>(workload_.threads));
    return workload_.threads;
  }

  void run(std::size_t steps) override {
    for (std::size_t i = 0; i < steps; ++i) {
      if (workload_.pass == Pass::forward) {
        forward();
      } else {
        step();
      }
      next_ = next_ + 1 == ring_ ? 0 : next_ + 1;
    }
  }

  std::vector<float> results() const override {
    std::vector<float> all;
    if (workload_.pass == Pass::forward) {
      append(all, outputs_);
      return all;
    }
    for (const torch::nn::Linear& layer : linears_) {
      append(all, layer->weight.t());
      append(all, layer->bias);
    }
    for (const torch::nn::BatchNorm1d& norm : norms_) {
      for (const torch::Tensor& one : {norm->weight, norm->bias, norm->running_mean, norm->running_var}) {
        append(all, one);
      }
    }
    return all;
  }

 private:
  void add_layer(const LayerValues& values, bool hidden) {
    const auto in = static_cast<std::int64_t>(values.in);
    const auto out = static_cast<std::int64_t>(values.out);
    torch::nn::Linear linear(in, out);
    {
      const torch::NoGradGuard guard;
      linear->weight.copy_(torch::tensor(values.weight).view({in, out}).t());
      linear->bias.copy_(torch::tensor(values.bias));
    }
    model_->push_back(linear);
    linears_.push_back(linear);
    if (!hidden) return;
    if (workload_.activation == Activation::relu)
      model_->push_back(torch::nn::ReLU(torch::nn::ReLUOptions(true)));
    if (workload_.activation == Activation::tanh) model_->push_back(torch::nn::Tanh());
    if (workload_.batch_norm) {
      torch::nn::BatchNorm1d norm(torch::nn::BatchNormOptions(out).eps(norm_epsilon).momentum(norm_momentum));
      model_->push_back(norm);
      norms_.push_back(norm);
    }
  }

  std::unique_ptr<torch::optim::Optimizer> optimizer_of(const Problem& problem) {
    const double rate = problem.learning_rate;
    switch (workload_.rule) {
      case Rule::sgd:
        return std::make_unique<torch::optim::SGD>(model_->parameters(), rate);
      case Rule::momentum:
        return std::make_unique<torch::optim::SGD>(model_->parameters(),
                                                   torch::optim::SGDOptions(rate).momentum(momentum_factor));
      case Rule::adam:
        break;
    }
    return std::make_unique<torch::optim::Adam>(
        model_->parameters(), torch::optim::AdamOptions(rate).betas({beta_1, beta_2}).eps(adam_epsilon));
  }

  void step() {
    const torch::Tensor y = model_->forward(inputs_[next_]);
    const torch::Tensor loss = workload_.loss == Loss::mse ? torch::mse_loss(y, targets_[next_])
                                                           : torch::cross_entropy_loss(y, targets_[next_]);
    model_->zero_grad(/*set_to_none=*/true);
    loss.backward();
    optimizer_->step();
  }

  void forward() {
    const torch::InferenceMode guard;
    outputs_ = model_->forward(inputs_[next_]);
  }

  Workload workload_;
  std::size_t ring_;
  torch::nn::Sequential model_;
  std::vector<torch::nn::Linear> linears_;
  std::vector<torch::nn::BatchNorm1d> norms_;
  std::vector<torch::Tensor> inputs_, targets_;
  std::unique_ptr<torch::optim::Optimizer> optimizer_;
  std::size_t next_ = 0;
  torch::Tensor outputs_;
};

}  // namespace

std::unique_ptr<Contender> make_torch(const Problem& problem) { return std::make_unique<LibTorch>(problem); }

std::string torch_settings() {
  return "libtorch " TORCH_VERSION
         ": nn::Sequential, ReLU in place, zero_grad(set_to_none), the graph freed by backward, "
         "InferenceMode "
         "for forwards,\n  optimizers of its C++ interface (which has no foreach form), the row's threads "
         "for it "
         "and for its OpenBLAS, OMP_WAIT_POLICY=passive";
}

}  // namespace tapedeck::peers
