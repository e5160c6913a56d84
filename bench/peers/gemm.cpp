#include <cblas.h>

#include "peers/contender.hpp"

namespace tapedeck::peers {
namespace {

// A layer's operands, column-major: w and dw out x in, x and dx in x batch, y and dy out x batch. What lies
// in y, dy and dx is never looked at, but must be ordinary numbers: on denormals and NaN some processors are
// slow.
struct Products {
  int in, out;
  std::vector<float> w, dw, y, dy, dx;
};

class Gemm final : public Contender {
 public:
  explicit Gemm(const Problem& problem)
      : workload_(problem.workload), batch_(static_cast<int>(problem.workload.batch)), problem_(problem) {
    for (const LayerValues& layer : problem.initial) {
      const std::size_t ins = layer.in * workload_.batch;
      const std::size_t outs = layer.out * workload_.batch;
      layers_.push_back({.in = static_cast<int>(layer.in),
                         .out = static_cast<int>(layer.out),
                         .w = layer.weight,
                         .dw = std::vector<float>(layer.weight.size()),
                         .y = std::vector<float>(outs),
                         .dy = std::vector<float>(outs, 0.5F),
                         .dx = std::vector<float>(ins)});
    }
  }

  unsigned take_threads() override {
    const int threads = static_cast<int>(workload_.threads);
    openblas_set_num_threads(threads);
    return workload_.threads;
  }

  void run(std::size_t steps) override {
    for (std::size_t i = 0; i < steps; ++i) {
      forward(problem_.input(next_));
      if (workload_.pass == Pass::step) backward(problem_.input(next_));
      next_ = next_ + 1 == problem_.ring ? 0 : next_ + 1;
    }
  }

  std::vector<float> results() const override { return {}; }

 private:
  // Y = W X
  void forward(const float* x) {
    for (Products& p : layers_) {
      cblas_sgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, p.out, batch_, p.in, 1, p.w.data(), p.out, x,
                  p.in, 0, p.y.data(), p.out);
      x = p.y.data();
    }
  }

  // dW = dY X'     dX = W' dY, which nobody wants of the first layer
  void backward(const float* first_x) {
    for (std::size_t i = layers_.size(); i-- > 0;) {
      Products& p = layers_[i];
      const float* x = i == 0 ? first_x : layers_[i - 1].y.data();
      cblas_sgemm(CblasColMajor, CblasNoTrans, CblasTrans, p.out, p.in, batch_, 1, p.dy.data(), p.out, x,
                  p.in, 0, p.dw.data(), p.out);
      if (i == 0) return;
      cblas_sgemm(CblasColMajor, CblasTrans, CblasNoTrans, p.in, batch_, p.out, 1, p.w.data(), p.out,
                  p.dy.data(), p.out, 0, p.dx.data(), p.in);
    }
  }

  Workload workload_;
  int batch_;
  const Problem& problem_;
  std::vector<Products> layers_;
  std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<Contender> make_gemm(const Problem& problem) { return std::make_unique<Gemm>(problem); }

}  // namespace tapedeck::peers
