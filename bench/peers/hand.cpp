#include <algorithm>
#include <bit>
#include <cmath>

#include "peers/contender.hpp"

// What a patient programmer would write for one network of known sizes: loops that the compiler makes vectors
// of, no BLAS, no graph. A sample's features lie in a row, with zeros up to a whole number of vectors, so
// that all loops over features are of known length. Single precision throughout.

namespace tapedeck::peers {
namespace {

constexpr std::size_t vector_floats = 16;
constexpr std::size_t padded(std::size_t features) {
  return (features + vector_floats - 1) / vector_floats * vector_floats;
}

// Floats that start where a vector may start; zero at first.
class Floats {
 public:
  Floats() = default;
  explicit Floats(std::size_t count) : vectors_(padded(count) / vector_floats) {}
  float* data() { return static_cast<float*>(static_cast<void*>(vectors_.data())); }
  const float* data() const { return static_cast<const float*>(static_cast<const void*>(vectors_.data())); }
  std::size_t size() const { return vectors_.size() * vector_floats; }

 private:
  struct alignas(64) Vector {
    float lanes[vector_floats] = {};
  };
  std::vector<Vector> vectors_;
};

// exp(x) for x <= 0: x = n log 2 + r, |r| <= log(2) / 2; Taylor's series to r^7, whose rest is below 5e-9.
inline float exponential(float x) {
  x = x < -87.0F ? -87.0F : x;
  const float n = std::floor(x * 1.44269504F + 0.5F);
  const float r =
      (x - n * 0.693359375F) + n * 2.12194440e-4F;  // log 2 in two parts; the first times n is exact
  float p = 1.0F / 5040;
  p = p * r + 1.0F / 720;
  p = p * r + 1.0F / 120;
  p = p * r + 1.0F / 24;
  p = p * r + 1.0F / 6;
  p = p * r + 0.5F;
  p = p * r + 1.0F;
  p = p * r + 1.0F;
  return p * std::bit_cast<float>((static_cast<std::int32_t>(n) + 127) << 23);
}

// Values, their gradients and what the rule remembers.
struct Parameters {
  Parameters(std::size_t count, Rule rule)
      : value(count),
        gradient(count),
        first(rule == Rule::sgd ? 0 : count),
        second(rule == Rule::adam ? count : 0) {}

  void update(Rule rule, double learning_rate, std::size_t step) {
    float* __restrict w = value.data();
    const float* __restrict g = gradient.data();
    float* __restrict m = first.data();
    float* __restrict v = second.data();
    const std::size_t n = value.size();
    const auto rate = static_cast<float>(learning_rate);
    if (rule == Rule::sgd) {
      for (std::size_t i = 0; i < n; ++i) w[i] -= rate * g[i];
    } else if (rule == Rule::momentum) {
      for (std::size_t i = 0; i < n; ++i) {
        m[i] = static_cast<float>(momentum_factor) * m[i] + g[i];
        w[i] -= rate * m[i];
      }
    } else {
      const auto t = static_cast<double>(step);
      const auto corrected = static_cast<float>(learning_rate / (1 - std::pow(beta_1, t)));
      const auto root_scale = static_cast<float>(1 / std::sqrt(1 - std::pow(beta_2, t)));
      for (std::size_t i = 0; i < n; ++i) {
        m[i] = static_cast<float>(beta_1) * m[i] + static_cast<float>(1 - beta_1) * g[i];
        v[i] = static_cast<float>(beta_2) * v[i] + static_cast<float>(1 - beta_2) * g[i] * g[i];
        w[i] -= corrected * m[i] / (std::sqrt(v[i]) * root_scale + static_cast<float>(adam_epsilon));
      }
    }
  }

  Floats value, gradient, first, second;
};

class Layer {
 public:
  Layer(std::size_t inputs, std::size_t outputs, Rule rule)
      : in(inputs), out(outputs), parameters((inputs + 1) * padded(outputs), rule) {}
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;
  virtual ~Layer() = default;

  virtual void forward(const float* x, float* y, std::size_t batch) const = 0;
  // Sets the gradients, and dx unless it is null.
  virtual void backward(const float* x, const float* dy, float* dx, std::size_t batch) = 0;

  std::size_t in, out;
  Parameters parameters;  // of each input its weights to all outputs, then the bias
};

// y_t = start + sum over k of b(t, k) a_k, for `count` vectors y_t and `terms` vectors a_k of Rows features;
// b(t, k) = b[t over + k down]. Four at a time, so that additions need not wait for each other.
template <std::size_t Rows>
void combine(const float* __restrict start, const float* __restrict a, std::size_t terms,
             const float* __restrict b, std::size_t over, std::size_t down, float* __restrict y,
             std::size_t count) {
  const std::size_t fours = count / 4 * 4;
  for (std::size_t t = 0; t < fours; t += 4) {
    float sum_0[Rows], sum_1[Rows], sum_2[Rows], sum_3[Rows];
    for (std::size_t i = 0; i < Rows; ++i) sum_0[i] = sum_1[i] = sum_2[i] = sum_3[i] = start[i];
    for (std::size_t k = 0; k < terms; ++k) {
      const float* factor = b + t * over + k * down;
      const float b_0 = factor[0];
      const float b_1 = factor[over];
      const float b_2 = factor[2 * over];
      const float b_3 = factor[3 * over];
      for (std::size_t i = 0; i < Rows; ++i) {
        sum_0[i] += a[k * Rows + i] * b_0;
        sum_1[i] += a[k * Rows + i] * b_1;
        sum_2[i] += a[k * Rows + i] * b_2;
        sum_3[i] += a[k * Rows + i] * b_3;
      }
    }
    float* to = y + t * Rows;
    for (std::size_t i = 0; i < Rows; ++i) to[i] = sum_0[i];
    for (std::size_t i = 0; i < Rows; ++i) to[Rows + i] = sum_1[i];
    for (std::size_t i = 0; i < Rows; ++i) to[2 * Rows + i] = sum_2[i];
    for (std::size_t i = 0; i < Rows; ++i) to[3 * Rows + i] = sum_3[i];
  }
  for (std::size_t t = fours; t < count; ++t) {
    float sum[Rows];
    for (std::size_t i = 0; i < Rows; ++i) sum[i] = start[i];
    for (std::size_t k = 0; k < terms; ++k) {
      const float factor = b[t * over + k * down];
      for (std::size_t i = 0; i < Rows; ++i) sum[i] += a[k * Rows + i] * factor;
    }
    for (std::size_t i = 0; i < Rows; ++i) y[t * Rows + i] = sum[i];
  }
}

// x is in a sample apart where it is data, padded(in) where it is what another layer made.
template <std::size_t In, std::size_t Out, std::size_t Stride = padded(In)>
class Dense final : public Layer {
 public:
  explicit Dense(Rule rule)
      : Layer(In, Out, rule), zeros_(std::max(rows, columns)), transposed_(Out * columns) {}

  void forward(const float* x, float* y, std::size_t batch) const override {
    const float* w = parameters.value.data();
    combine<rows>(w + In * rows, w, In, x, Stride, 1, y, batch);
  }

  void backward(const float* x, const float* dy, float* dx, std::size_t batch) override {
    float* dw = parameters.gradient.data();
    combine<rows>(zeros_.data(), dy, batch, x, 1, Stride, dw, In);
    float sum[rows] = {};
    for (std::size_t c = 0; c < batch; ++c) {
      for (std::size_t i = 0; i < rows; ++i) sum[i] += dy[c * rows + i];
    }
    std::copy_n(sum, rows, dw + In * rows);
    if (dx == nullptr) return;
    if (batch < 4) {
      pull_back(dy, dx, batch);
    } else {
      transpose();
      combine<columns>(zeros_.data(), transposed_.data(), Out, dy, rows, 1, dx, batch);
    }
  }

 private:
  static constexpr std::size_t rows = padded(Out);
  static constexpr std::size_t columns = padded(In);

  // dx = W' dy, by inner products: W' need not be written out for a few samples.
  void pull_back(const float* __restrict dy, float* __restrict dx, std::size_t batch) const {
    const float* __restrict w = parameters.value.data();
    for (std::size_t c = 0; c < batch; ++c) {
      for (std::size_t k = 0; k < In; ++k) {
        float sum = 0;
#pragma omp simd reduction(+ : sum)
        for (std::size_t i = 0; i < rows; ++i) sum += w[k * rows + i] * dy[c * rows + i];
        dx[c * columns + k] = sum;
      }
    }
  }

  void transpose() {
    const float* __restrict w = parameters.value.data();
    float* __restrict t = transposed_.data();
    for (std::size_t i = 0; i < Out; ++i) {
      for (std::size_t k = 0; k < In; ++k) t[i * columns + k] = w[k * rows + i];
    }
  }

  Floats zeros_;
  Floats transposed_;
};

// y = gain h + bias, h = (x - mean) / sqrt(variance + epsilon), over the batch.
template <std::size_t Features>
class Norm {
 public:
  static constexpr std::size_t rows = padded(Features);

  Norm(std::size_t batch, Rule rule) : parameters(2 * rows, rule), running(2 * rows), h_(batch * rows) {
    std::fill_n(parameters.value.data(), Features, 1.0F);
    std::fill_n(running.data() + rows, Features, 1.0F);
  }

  void forward(const float* __restrict x, float* __restrict y, std::size_t batch) {
    const float* __restrict gain = parameters.value.data();
    const float* __restrict bias = gain + rows;
    float* __restrict h = h_.data();
    const float share = 1 / static_cast<float>(batch);
    float mean[rows] = {};
    float variance[rows] = {};
    for (std::size_t c = 0; c < batch; ++c) {
      for (std::size_t i = 0; i < rows; ++i) mean[i] += x[c * rows + i];
    }
    for (std::size_t i = 0; i < rows; ++i) mean[i] *= share;
    for (std::size_t c = 0; c < batch; ++c) {
      for (std::size_t i = 0; i < rows; ++i) {
        variance[i] += (x[c * rows + i] - mean[i]) * (x[c * rows + i] - mean[i]);
      }
    }
    const auto kept = static_cast<float>(1 - norm_momentum);
    const auto taken = static_cast<float>(norm_momentum);
    const float unbiased = 1 / static_cast<float>(batch - 1);
    float* __restrict run = running.data();
    for (std::size_t i = 0; i < rows; ++i) {
      run[i] = kept * run[i] + taken * mean[i];
      run[rows + i] = kept * run[rows + i] + taken * variance[i] * unbiased;
      scale_[i] = 1 / std::sqrt(variance[i] * share + static_cast<float>(norm_epsilon));
    }
    for (std::size_t c = 0; c < batch; ++c) {
      for (std::size_t i = 0; i < rows; ++i) {
        h[c * rows + i] = (x[c * rows + i] - mean[i]) * scale_[i];
        y[c * rows + i] = gain[i] * h[c * rows + i] + bias[i];
      }
    }
  }

  // dx = gain scale (dy - mean(dy) - h mean(dy h)), in place.
  void backward(float* __restrict dy, std::size_t batch) {
    const float* __restrict gain = parameters.value.data();
    const float* __restrict h = h_.data();
    float sum[rows] = {};
    float sum_h[rows] = {};
    for (std::size_t c = 0; c < batch; ++c) {
      for (std::size_t i = 0; i < rows; ++i) {
        sum[i] += dy[c * rows + i];
        sum_h[i] += dy[c * rows + i] * h[c * rows + i];
      }
    }
    const float share = 1 / static_cast<float>(batch);
    for (std::size_t c = 0; c < batch; ++c) {
      for (std::size_t i = 0; i < rows; ++i) {
        const float centred = dy[c * rows + i] - share * sum[i] - share * sum_h[i] * h[c * rows + i];
        dy[c * rows + i] = gain[i] * scale_[i] * centred;
      }
    }
    std::copy_n(sum_h, rows, parameters.gradient.data());
    std::copy_n(sum, rows, parameters.gradient.data() + rows);
  }

  Parameters parameters;  // gain, bias
  Floats running;         // mean, variance

 private:
  Floats h_;
  float scale_[rows] = {};
};

using Layers = std::vector<std::unique_ptr<Layer>>;

template <std::size_t... Widths>
struct Network {
  static constexpr std::size_t widths[] = {Widths...};

  static bool fits(const Workload& workload) { return std::ranges::equal(workload.widths, widths); }
  static Layers layers(Rule rule) {
    return [rule]<std::size_t... I>(std::index_sequence<I...>) {
      Layers all;
      (all.push_back(
           std::make_unique<Dense<widths[I], widths[I + 1], I == 0 ? widths[0] : padded(widths[I])>>(rule)),
       ...);
      return all;
    }
    (std::make_index_sequence<sizeof...(Widths) - 1>());
  }
};

template <class... Networks>
Layers layers_of(const Workload& workload) {
  Layers layers;
  ((Networks::fits(workload) ? void(layers = Networks::layers(workload.rule)) : void()), ...);
  return layers;
}

class Hand final : public Contender {
 public:
  Hand(const Problem& problem, Layers layers)
      : problem_(problem), workload_(problem.workload), layers_(std::move(layers)) {
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const std::size_t rows = padded(layers_[l]->out);
      outputs_.emplace_back(rows * workload_.batch);
      cotangents_.emplace_back(rows * workload_.batch);
      const bool normalised = workload_.batch_norm && l + 1 < layers_.size();
      normalised_.emplace_back(normalised ? rows * workload_.batch : 0);
      if (normalised) norms_.push_back(std::make_unique<Norm<25>>(workload_.batch, workload_.rule));
      float* w = layers_[l]->parameters.value.data();
      const LayerValues& from = problem.initial[l];
      for (std::size_t k = 0; k < from.in; ++k)
        std::copy_n(&from.weight[k * from.out], from.out, w + k * rows);
      std::copy_n(from.bias.data(), from.out, w + from.in * rows);
    }
  }

  unsigned take_threads() override { return 1; }

  void run(std::size_t steps) override {
    for (std::size_t i = 0; i < steps; ++i) {
      forward();
      if (workload_.pass == Pass::step) {
        start_cotangent();
        backward();
        update();
      }
      next_ = next_ + 1 == problem_.ring ? 0 : next_ + 1;
    }
  }

  std::vector<float> results() const override {
    std::vector<float> all;
    const auto append = [&](const float* from, std::size_t count) {
      all.insert(all.end(), from, from + count);
    };
    if (workload_.pass == Pass::forward) {
      const std::size_t out = layers_.back()->out;
      for (std::size_t c = 0; c < workload_.batch; ++c) append(outputs_.back().data() + c * padded(out), out);
      return all;
    }
    for (const auto& layer : layers_) {
      for (std::size_t k = 0; k <= layer->in; ++k) {
        append(layer->parameters.value.data() + k * padded(layer->out), layer->out);
      }
    }
    for (const auto& norm : norms_) {
      for (const Floats* pair : {&norm->parameters.value, &norm->running}) {
        append(pair->data(), 25);
        append(pair->data() + norm->rows, 25);
      }
    }
    return all;
  }

 private:
  // What layer l reads.
  const float* input(std::size_t l) const {
    if (l == 0) return problem_.input(next_);
    return workload_.batch_norm ? normalised_[l - 1].data() : outputs_[l - 1].data();
  }

  void forward() {
    const std::size_t batch = workload_.batch;
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      float* __restrict y = outputs_[l].data();
      layers_[l]->forward(input(l), y, batch);
      if (l + 1 == layers_.size()) break;
      const std::size_t count = outputs_[l].size();
      if (workload_.activation == Activation::relu) {
        for (std::size_t i = 0; i < count; ++i) y[i] = y[i] > 0 ? y[i] : 0;
      } else {
        for (std::size_t i = 0; i < count; ++i) {
          const float e = exponential(-2 * std::abs(y[i]));
          y[i] = std::copysign((1 - e) / (1 + e), y[i]);
        }
      }
      if (workload_.batch_norm) norms_[l]->forward(y, normalised_[l].data(), batch);
    }
  }

  // The loss, and its cotangent to the network's output.
  void start_cotangent() {
    const std::size_t out = layers_.back()->out;
    const std::size_t rows = padded(out);
    const float* y = outputs_.back().data();
    float* dy = cotangents_.back().data();
    double sum = 0;
    if (workload_.loss == Loss::mse) {
      const float* target = problem_.target(next_);
      const float share = 1 / static_cast<float>(out * workload_.batch);
      for (std::size_t c = 0; c < workload_.batch; ++c) {
        for (std::size_t i = 0; i < out; ++i) {
          const float difference = y[c * rows + i] - target[c * out + i];
          sum += static_cast<double>(difference * difference);
          dy[c * rows + i] = 2 * share * difference;
        }
      }
      loss_ = sum / static_cast<double>(out * workload_.batch);
      return;
    }
    const std::size_t* label = problem_.label(next_);
    const float share = 1 / static_cast<float>(workload_.batch);
    for (std::size_t c = 0; c < workload_.batch; ++c) {
      const float* z = y + c * rows;
      float* dz = dy + c * rows;
      const float largest = *std::max_element(z, z + out);
      float total = 0;
      for (std::size_t i = 0; i < out; ++i) total += dz[i] = exponential(z[i] - largest);
      for (std::size_t i = 0; i < out; ++i) dz[i] *= share / total;
      dz[label[c]] -= share;
      sum += static_cast<double>(largest - z[label[c]] + std::log(total));
    }
    loss_ = sum / static_cast<double>(workload_.batch);
  }

  void backward() {
    for (std::size_t l = layers_.size(); l-- > 0;) {
      float* __restrict dy = cotangents_[l].data();
      if (l + 1 < layers_.size()) {
        if (workload_.batch_norm) norms_[l]->backward(dy, workload_.batch);
        const float* __restrict y = outputs_[l].data();
        const std::size_t count = outputs_[l].size();
        if (workload_.activation == Activation::relu) {
          for (std::size_t i = 0; i < count; ++i) dy[i] = y[i] > 0 ? dy[i] : 0;
        } else {
          for (std::size_t i = 0; i < count; ++i) dy[i] *= 1 - y[i] * y[i];
        }
      }
      layers_[l]->backward(input(l), dy, l == 0 ? nullptr : cotangents_[l - 1].data(), workload_.batch);
    }
  }

  void update() {
    ++steps_;
    for (const auto& layer : layers_)
      layer->parameters.update(workload_.rule, problem_.learning_rate, steps_);
    for (const auto& norm : norms_) norm->parameters.update(workload_.rule, problem_.learning_rate, steps_);
  }

  const Problem& problem_;
  Workload workload_;
  Layers layers_;
  std::vector<std::unique_ptr<Norm<25>>> norms_;           // after each layer but the last, or none
  std::vector<Floats> outputs_, normalised_, cotangents_;  // by layer; outputs are those of the activations
  std::size_t next_ = 0, steps_ = 0;
  volatile double loss_ = 0;  // computed although nobody looks
};

}  // namespace

std::unique_ptr<Contender> make_hand(const Problem& problem) {
  if (problem.workload.threads > 1) return nullptr;
  Layers layers =
      layers_of<Network<2, 25, 25, 25, 2>, Network<784, 512, 512, 10>, Network<1024, 4096, 4096, 1024>,
                Network<2, 8, 1>, Network<3, 19, 37, 11, 4>, Network<13, 64, 64, 1>,
                Network<28, 300, 300, 300, 300, 300, 1>>(problem.workload);
  if (layers.empty()) return nullptr;
  return std::make_unique<Hand>(problem, std::move(layers));
}

}  // namespace tapedeck::peers
