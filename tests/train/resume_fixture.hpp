#pragma once

/// @file
/// What a training is resumed with: objects whose states are taken and put back together, and comparisons.

#include <algorithm>
#include <functional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "param/support.hpp"
#include "tapedeck/tapedeck.hpp"

namespace test {

namespace td = tapedeck;

/// A training in which everything has a state: running statistics, random masks, an optimizer's memory. Its
/// store, optimizer and trainer are one state, with whatever else is added to it.
struct Resumable {
  td::ParameterStore store{{.seed = 3}};
  td::Sequential model{td::Linear{store.scope("fc_1"), 2, 8}, td::BatchNorm{store.scope("bn"), 8}, td::ReLU{},
                       td::Dropout{{.probability = 0.3}}, td::Linear{store.scope("fc_2"), 8, 2}};
  td::Adam optimizer{store, {.learning_rate = 0.02}};
  td::Trainer trainer{store, model, optimizer, td::CrossEntropyLoss{td::batch_mean}};

  Resumable() { add("optimizer", optimizer).add("trainer", trainer); }
  Resumable(const Resumable&) = delete;
  Resumable& operator=(const Resumable&) = delete;
  ~Resumable() = default;

  /// The object must live as long as this.
  template <td::Stateful T>
  Resumable& add(std::string name, T& object) {
    parts_.emplace_back(std::move(name),
                        [&object](td::StateVisitor& visitor) { object.visit_state(visitor); });
    return *this;
  }
  void visit_state(td::StateVisitor& visitor) {
    store.visit_state(visitor);
    for (const auto& [name, visit] : parts_) {
      const td::StateVisitor::Scope scope(visitor, name);
      visit(visitor);
    }
  }

 private:
  std::vector<std::pair<std::string, std::function<void(td::StateVisitor&)>>> parts_;
};

/// All of the reports but for the time that epochs took.
inline bool same_reports(const std::vector<td::EpochReport>& a, const std::vector<td::EpochReport>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& left, const auto& right) {
    return left.epoch == right.epoch && left.epochs == right.epochs && left.loss == right.loss &&
           left.validation_loss == right.validation_loss && left.learning_rate == right.learning_rate &&
           left.stop == right.stop;
  });
}

/// The same names in the same order, and the same bits.
inline bool same_entries(const td::StateDict& a, const td::StateDict& b) {
  const auto same_entry = [](const td::StateDict::Entry& left, const td::StateDict::Entry& right) {
    const auto same_as_right = [&]<class T>(const td::Matrix<T>& m) {
      const auto* other = std::get_if<td::Matrix<T>>(&right.value);
      return other != nullptr && same_bits(m, *other);
    };
    return left.name == right.name && std::visit(same_as_right, left.value);
  };
  return std::equal(a.entries().begin(), a.entries().end(), b.entries().begin(), b.entries().end(),
                    same_entry);
}

}  // namespace test
