#include "tapedeck/tape/black_box.hpp"

#include <string>
#include <utility>

#include "tape/entry_copy.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/state/state_visitor.hpp"
#include "tapedeck/tape/detail/pass.hpp"

namespace tapedeck {
namespace {

constexpr const char* scope_name = "pass";

std::string input_name(Index i) { return "inputs/" + std::to_string(i); }

}  // namespace

// Of the inputs it only looks whether they are there: they stay in the state.
void BlackBox::Setup::visit_state(StateVisitor& visitor) {
  const StateVisitor::Scope scope(visitor, scope_name);
  visitor.kind("tapedeck black box 1");
  visitor.count("seed", store.seed);
  visitor.choice("scalar", store.scalar, 2);
  visitor.choice("mode", tape.mode, 2);
  visitor.count("step", *tape.step);
  visitor.count("first_column", tape.first_column);
  if (visitor.taking()) return visitor.take("variables", variables);

  std::vector<Index> given = visitor.given<Index>("variables");
  visitor.require("variables", given, 1);
  for (Index i = 0; i < given.size(); ++i) {
    const AnyMatrix* input = visitor.given_matrix(input_name(i));
    if (input != nullptr && given[i] == 1 && std::holds_alternative<IndexMatrix>(*input)) {
      visitor.fault(input_name(i), "of index, but a variable");
    }
  }
  visitor.at_commit([this, given = std::move(given)]() mutable { variables.swap(given); });
}

BlackBox::BlackBox(const Tape& tape) {
  const detail::Pass& pass = detail::pass_of(tape);
  ParameterStore& store = pass.store();
  setup_.store = {.seed = store.seed(), .scalar = store.scalar()};
  setup_.tape.mode = pass.mode();
  setup_.tape.step = pass.step();
  setup_.tape.first_column = pass.first_column();
  StateVisitor visitor(state_);
  store.visit_weights(visitor);
  for (const detail::Entry& e : pass.values.all()) {
    if (!e.input || e.released) continue;
    const StateVisitor::Scope scope(visitor, scope_name);
    visitor.take(input_name(setup_.variables.size()), detail::any_copy_of(e));
    setup_.variables.push_back(e.variable ? 1 : 0);
  }
  setup_.visit_state(visitor);
}

BlackBox::BlackBox(StateDict state) : state_(std::move(state)) {
  StateVisitor visitor(std::as_const(state_));
  setup_.visit_state(visitor);
  visitor.require_fit(false, "BlackBox");
  visitor.commit();
}

void BlackBox::restore(ParameterStore& store) const {
  if (store.seed() != setup_.store.seed) {
    throw UsageError({.who = "BlackBox",
                      .given = "a store of seed " + std::to_string(store.seed()),
                      .wanted = std::to_string(setup_.store.seed),
                      .hint = "td::ParameterStore store{box.store_options()}"});
  }
  if (store.scalar() != setup_.store.scalar) {
    throw ScalarError({.who = "BlackBox",
                       .given = std::string("a store of ") + name_of(store.scalar()),
                       .wanted = name_of(setup_.store.scalar),
                       .hint = "td::ParameterStore store{box.store_options()}"});
  }
  Setup seen;  // so that only what is neither of the pass nor of the store is left over
  StateVisitor visitor(state_);
  seen.visit_state(visitor);
  store.visit_weights(visitor);
  visitor.require_fit(true, "BlackBox");
  visitor.commit();
}

std::vector<Value> BlackBox::inputs(Tape& tape) const {
  std::vector<Value> values;
  for (Index i = 0; i < setup_.variables.size(); ++i) {
    const std::string name = std::string(scope_name) + "/" + input_name(i);
    values.push_back(
        std::visit([&](const auto& m) { return setup_.variables[i] == 1 ? tape.variable(m) : tape.input(m); },
                   state_.find(name)->value));
  }
  return values;
}

}  // namespace tapedeck
