#include "tapedeck/param/gradients.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <utility>

#include "core/denormal.hpp"
#include "core/kernel_map.hpp"
#include "core/ranges.hpp"
#include "kernels/flat.hpp"
#include "param/visit_matrices.hpp"
#include "tapedeck/param/parameter_store.hpp"

namespace tapedeck {
namespace {

// A sum of many is one of chunks of this length, each summed by itself, in their order.
constexpr Index chunk = 1 << 15;

// Makes space for so many more elements; if there is none, at least doubles it, as push_back does.
template <class T>
void reserve_more(std::vector<T>& all, std::size_t count) {
  if (all.capacity() - all.size() < count) all.reserve(std::max(all.size() + count, 2 * all.capacity()));
}

}  // namespace

Gradients::Gradients(ParameterStore& store)
    : Gradients((store.seal(), store.internals().shared_layout()), store.scalar()) {}

Gradients::Gradients(std::shared_ptr<const detail::StoreLayout> layout, Scalar scalar)
    : layout_(std::move(layout)),
      flat_(scalar, layout_->parameter_extents),
      touched_(layout_->parameters.size(), 0) {}

std::uint64_t Gradients::family() const { return layout_->family; }

void Gradients::refuse_within_backward(const char* who) {
  throw UsageError({.who = who,
                    .given = "a call while a backward adds to these gradients",
                    .wanted = "one after tape.backward has returned"});
}

void Gradients::zero() {
  require_no_backward("zero_grad");
  backwards_.failed = false;
  touched_.assign(touched_.size(), 0);
  statistics_.clear();
  statistic_values_.clear();
}

bool Gradients::empty() const {
  return statistics_.empty() && std::all_of(touched_.begin(), touched_.end(), [](auto t) { return t == 0; });
}

std::uint32_t Gradients::checked(Parameter parameter) const {
  if (parameter.family() != layout_->family) {
    throw HandleError({.who = "gradients",
                       .given = "a parameter of another store",
                       .wanted = "one of the store they were made for"});
  }
  if (parameter.slot() >= touched_.size()) {
    throw HandleError({.who = "gradients",
                       .given = "a parameter of slot " + std::to_string(parameter.slot()),
                       .wanted = "one of the " + std::to_string(touched_.size()) + " that there are"});
  }
  return parameter.slot();
}

template <class T>
const Matrix<T>& Gradients::read(Index slot) const {
  Matrix<T>& gradient = flat_.matrix<T>(slot);
  if (touched_[slot] == 0) gradient.zeros();
  return gradient;
}

template <class T>
void Gradients::assign(Index slot, const Matrix<T>& gradient) {
  require_no_backward("gradients.set");
  Matrix<T>& target = flat_.matrix<T>(slot);
  if (shape_of(gradient) != shape_of(target)) {
    throw ShapeError({.who = layout_->parameters[slot].name,
                      .given = "a gradient of " + to_string(shape_of(gradient)),
                      .wanted = to_string(shape_of(target))});
  }
  target = gradient;
  touched_[slot] = 1;
}

template <class F>
void Gradients::for_each_stretch(const F& f) const {
  const std::vector<Extents::Extent>& slots = flat_.extents().slots;
  const std::vector<std::uint32_t>& order = layout_->flat_order;
  const auto touched = [&](Index place) { return touched_[order[place]] != 0; };
  for (Index place = 0; place < order.size(); ++place) {
    if (!touched(place)) continue;
    const Index begin = slots[order[place]].offset;
    while (++place < order.size() && touched(place)) continue;
    f(begin, (place < order.size() ? slots[order[place]].offset : flat_.size()) - begin);
  }
}

Gradients& Gradients::operator+=(const Gradients& other) {
  if (&other == this) return *this += Gradients(other);  // what is walked over must not grow
  if (other.layout_ != layout_) {
    throw UsageError(
        {.who = "gradients", .given = "gradients of another store", .wanted = "those of the same one"});
  }
  require_no_backward("gradients +=");
  reserve_more(statistics_, other.statistics_.size());  // what can fail comes first
  reserve_more(statistic_values_, other.statistic_values_.size());
  with_scalar(flat_.scalar(), [&]<class T>(T) {
    for (Index slot = 0; slot < touched_.size(); ++slot) {
      if (other.touched_[slot] == 0) continue;
      const Matrix<T>& term = other.flat_.matrix<T>(slot);
      if (touched_[slot] == 0) {
        assign(slot, term);
      } else {
        kernels::map(kernels::scale, term).with(1).onto(flat_.matrix<T>(slot));
      }
    }
  });
  for (Statistic s : other.statistics_) {
    s.begin += statistic_values_.size();
    statistics_.push_back(s);
  }
  statistic_values_.insert(statistic_values_.end(), other.statistic_values_.begin(),
                           other.statistic_values_.end());
  backwards_.failed = backwards_.failed || other.incomplete() || other.backwards_.running > 0;
  return *this;
}

Gradients& Gradients::operator*=(double factor) {
  require_no_backward("gradients *=");
  ranges::require_finite("gradients", "factor", factor);
  with_scalar(flat_.scalar(), [&]<class T>(T) {
    T* g = flat_.data<T>();
    for_each_stretch([&](Index begin, Index n) {
      kernels::run(kernels::scale,
                   kernels::Call<T>{{g + begin, false}, n, 1, g + begin, nullptr, static_cast<T>(factor), 0});
    });
  });
  return *this;
}

double Gradients::norm() const {
  const auto sum_over = [&](const auto& f) {
    double sum = 0;
    with_scalar(flat_.scalar(), [&]<class T>(T) {
      const T* g = flat_.data<T>();
      for_each_stretch([&](Index begin, Index n) {
        for (Index i = 0; i < n; i += chunk) sum += f(g + begin + i, std::min(chunk, n - i));
      });
    });
    return sum;
  };
  const double sum = sum_over([](const auto* g, Index n) { return kernels::sum_of_squares(g, n); });
  if (sum > 1e-280 && std::isfinite(sum)) return std::sqrt(sum);
  // Squares may have overflowed or vanished; those of ratios to the largest element do not.
  double largest = 0;
  sum_over([&](const auto* g, Index n) {
    for (Index i = 0; i < n; ++i) largest = std::max(largest, std::abs(static_cast<double>(g[i])));
    return 0;
  });
  if (largest == 0 || std::isinf(largest)) return std::sqrt(sum);
  const double ratios = sum_over([&](const auto* g, Index n) {
    return std::accumulate(g, g + n, 0.0,
                           [&](double total, double x) { return total + (x / largest) * (x / largest); });
  });
  return largest * std::sqrt(ratios);
}

bool Gradients::all_finite() const {
  bool finite = true;
  with_scalar(flat_.scalar(), [&]<class T>(T) {
    const T* g = flat_.data<T>();
    for_each_stretch([&](Index begin, Index n) { finite = finite && kernels::all_finite(g + begin, n); });
  });
  return finite;
}

template <class T>
void Gradients::record_statistic(Index buffer_slot, const Matrix<T>& statistic, double momentum) {
  if (buffer_slot >= layout_->buffers.size()) {
    throw HandleError(
        {.who = "gradients",
         .given = "a statistic for a buffer of slot " + std::to_string(buffer_slot),
         .wanted = "one of the " + std::to_string(layout_->buffers.size()) + " that there are"});
  }
  const auto& buffer = layout_->buffers[buffer_slot];
  if (statistic.n_elem != buffer.shape.size()) {
    throw ShapeError({.who = buffer.name,
                      .given = "a statistic of " + to_string(shape_of(statistic)),
                      .wanted = to_string(buffer.shape)});
  }
  ranges::require_fraction(buffer.name, "momentum", momentum);
  const Index begin = statistic_values_.size();
  reserve_more(statistics_, 1);  // both lists grow, or neither
  statistic_values_.insert(statistic_values_.end(), statistic.begin(), statistic.end());
  statistics_.push_back({buffer_slot, momentum, begin, statistic.n_elem});
}

void Gradients::commit_statistics(FlatBuffer& buffers) {
  require_no_backward("gradients");
  if (&buffers.extents() != layout_->buffer_extents.get()) {
    throw UsageError({.who = "gradients",
                      .given = "buffers of another store",
                      .wanted = "those of the one they were made for, or of a copy of it"});
  }
  with_scalar(buffers.scalar(), [&]<class T>(T) {
    for (const Statistic& s : statistics_) {
      Matrix<T>& running = buffers.matrix<T>(s.buffer_slot);
      for (Index i = 0; i < s.size; ++i) {
        const double statistic = statistic_values_[s.begin + i];
        const T mixed =
            static_cast<T>((1 - s.momentum) * static_cast<double>(running[i]) + s.momentum * statistic);
        running[i] = s.momentum > 0 && statistic == 0 ? without_denormal(mixed) : mixed;
      }
    }
  });
  statistics_.clear();
  statistic_values_.clear();
}

void Gradients::visit_state(StateVisitor& visitor) {
  require_no_backward("gradients");
  const StateVisitor::Scope scope(visitor, "gradients");
  if (visitor.taking() && incomplete()) zero();  // no step could use them
  visitor.counts("touched", touched_, 1);
  const auto is_touched = [](auto flag) { return flag != 0; };
  bool any = false;
  if (visitor.taking()) {
    any = std::any_of(touched_.begin(), touched_.end(), is_touched);
    with_scalar(flat_.scalar(), [&]<class T>(T) {
      for (Index slot = 0; slot < touched_.size(); ++slot) read<T>(slot);  // what means nothing becomes zero
    });
  } else {
    const auto touched = visitor.given<Index>("touched", touched_.size());
    any = std::any_of(touched.begin(), touched.end(), is_touched);
  }
  if (any) visit_matrices(visitor, "", flat_, layout_->parameters);
  visit_statistics(visitor);
  if (!visitor.taking()) visitor.at_commit([this] { backwards_.failed = false; });
}

void Gradients::visit_statistics(StateVisitor& visitor) {
  const StateVisitor::Scope scope(visitor, "statistics");
  if (visitor.taking()) {
    std::vector<Index> buffers;
    std::vector<double> momenta;
    for (const Statistic& s : statistics_) {
      buffers.push_back(s.buffer_slot);
      momenta.push_back(s.momentum);
    }
    visitor.take("buffers", buffers);
    visitor.take("momenta", momenta);
    return visitor.take("values", statistic_values_);
  }
  const auto buffers = visitor.given<Index>("buffers");
  const auto momenta = visitor.given<double>("momenta", buffers.size());
  visitor.require("momenta", momenta, ranges::fraction);
  std::vector<Statistic> given;
  Index size = 0;
  for (Index i = 0; i < std::min(buffers.size(), momenta.size()); ++i) {
    if (buffers[i] >= layout_->buffers.size()) {
      return visitor.fault("buffers", "of a buffer that there is not, number " + std::to_string(buffers[i]));
    }
    given.push_back({buffers[i], momenta[i], size, layout_->buffers[buffers[i]].shape.size()});
    size += given.back().size;
  }
  auto values = visitor.given<double>("values", size);
  visitor.at_commit([this, given = std::move(given), values = std::move(values)]() mutable {
    statistics_.swap(given);
    statistic_values_.swap(values);
  });
}

template const Matrix<float>& Gradients::read(Index) const;
template const Matrix<double>& Gradients::read(Index) const;
template void Gradients::assign(Index, const Matrix<float>&);
template void Gradients::assign(Index, const Matrix<double>&);
template void Gradients::record_statistic(Index, const Matrix<float>&, double);
template void Gradients::record_statistic(Index, const Matrix<double>&, double);

}  // namespace tapedeck
