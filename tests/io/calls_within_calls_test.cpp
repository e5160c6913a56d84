// Public calls from within functions that the library calls: an op's forward and vjp, a function under
// recompute, a state visitor, a callback. Each pair works, or is refused with a UsageError; a table says
// which.

#include <array>
#include <boost/test/unit_test.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "support/evidence.hpp"
#include "support/temporary_folder.hpp"
#include "tapedeck/io/checkpoint.hpp"
#include "tapedeck/tapedeck.hpp"

namespace td = tapedeck;

BOOST_AUTO_TEST_SUITE(io)

namespace {

// The identity, which calls a function while it runs.
struct CallingOp {
  static constexpr auto name = "calling";
  static constexpr td::Signature signature = "x(f,b) -> y(f,b)";
  const std::function<void()>* in_forward;
  const std::function<void()>* in_vjp;
  void forward(auto& y, const auto& x) const {
    y = x;
    if (*in_forward) (*in_forward)();
  }
  void vjp(auto& dx, const auto& dy) const {
    if (*in_vjp) (*in_vjp)();
    dx += dy;
  }
};

// An object of the user's with a state.
struct CallingObject {
  std::function<void()> call;
  double number = 0;
  void visit_state(td::StateVisitor& visitor) {
    visitor.number("number", number);
    if (call) call();
  }
};

// What the calls are made on: a model in training, on an open tape.
struct Objects {
  test::TemporaryFolder folder;
  std::string path = folder.path / "checkpoint.safetensors";
  td::ParameterStore store{{.seed = 1, .scalar = td::f64}};
  td::Linear a{store.scope("a"), 2, 3};
  td::BatchNorm norm{store.scope("norm"), 3};
  td::Linear b{store.scope("b"), 3, 2};
  td::Adam optimizer{store};
  td::StepDecay scheduler{optimizer, {.every = 1, .factor = 0.5}};
  CallingObject object;
  td::Checkpoint checkpoint{store};
  td::StateDict state = td::state_of(store);
  td::ParameterStore copy = store.copy();
  td::Memory memory;
  td::Memory other_memory;
  std::function<void()> in_forward;
  std::function<void()> in_vjp;
  const arma::mat x = arma::reshape(arma::linspace(-1, 1, 8), 2, 4);
  std::optional<td::Tape> tape;
  td::Value first;  // recorded on the tape before the call
  std::uint32_t mark = 0;

  Objects() {
    checkpoint.add("optimizer", optimizer).add("object", object);
    checkpoint.save(path);
  }
  td::Value model(const td::Value& in) const {
    const td::Value h = norm(td::apply(CallingOp{&in_forward, &in_vjp}, a(in)));
    return b(td::tanh(h));
  }
  // One training step, on the tape that the calls see.
  void train(bool recomputed = false) {
    tape.emplace(store, memory);
    first = tape->variable(x);
    mark = tape->mark();
    const td::Value in = tape->variable(x);
    const td::Value y =
        recomputed ? tape->recompute([this](const td::Value& v) { return model(v); }, in) : model(in);
    store.zero_grad();
    tape->backward(td::sum(td::tanh(y)));
    optimizer.step();
    tape.reset();
  }
};

enum class Place { forward, vjp, recompute, recompute_again, visitor, on_step };
constexpr std::array<const char*, 6> places{"forward",         "vjp",         "recompute",
                                            "recompute again", "visit_state", "on_step"};

struct Call {
  const char* name;
  std::function<void(Objects&)> make;
  /// For each place: w if it works, r if it is refused, o if it works and what stands around it is refused.
  const char* wanted;
};

// Makes a call at a place; r, w or o.
char outcome_of(const Call& call, Place place) {
  Objects o;
  char outcome = '-';
  const auto make = [&] {
    if (outcome != '-') return;
    outcome = 'w';
    try {
      call.make(o);
    } catch (const td::UsageError&) {
      outcome = 'r';
    }
  };
  int runs = 0;
  try {
    switch (place) {
      case Place::forward:
        o.in_forward = make;
        o.train();
        break;
      case Place::vjp:
        o.in_vjp = make;
        o.train();
        break;
      case Place::recompute:
        o.in_forward = [&] { ++runs == 1 ? make() : void(); };
        o.train(true);
        break;
      case Place::recompute_again:
        o.in_forward = [&] { ++runs == 2 ? make() : void(); };
        o.train(true);
        break;
      case Place::visitor:
        o.tape.emplace(o.store, o.memory);
        o.first = o.tape->variable(o.x);
        o.mark = o.tape->mark();
        o.object.call = make;
        o.checkpoint.save(o.path);
        o.tape.reset();
        break;
      case Place::on_step: {
        td::Trainer trainer(o.store, td::Sequential{o.a, td::Tanh{}}, o.optimizer,
                            td::CrossEntropyLoss{td::batch_mean});
        td::Callback callback;
        callback.on_step = [&](const td::StepReport&) {
          o.tape.emplace(o.store, o.memory);
          o.first = o.tape->variable(o.x);
          o.mark = o.tape->mark();
          make();
          o.tape.reset();
        };
        trainer.fit(td::disk(8, 1), {.epochs = 1, .batch_size = 4, .callbacks = {callback}});
        break;
      }
    }
  } catch (const td::UsageError&) {
    outcome = 'o';
  } catch (const td::ContractError&) {  // of a recomputation that gave another result
    outcome = 'o';
  }
  // The objects go on to work.
  o.in_forward = {};
  o.in_vjp = {};
  o.object.call = {};
  o.tape.reset();
  o.train();
  o.checkpoint.save(o.path);
  o.checkpoint.load(o.path);
  return outcome;
}

std::vector<Call> calls() {
  return {
      {"tape.input", [](Objects& o) { o.tape->input(o.x); }, "wrwwww"},
      {"tape.borrow", [](Objects& o) { o.tape->borrow(o.x); }, "wrwwww"},
      {"tape.variable", [](Objects& o) { o.tape->variable(o.x); }, "wrwwww"},
      {"tape.zeros",
       [](Objects& o) {
         o.tape->zeros({2, 2});
       },
       "wrwwww"},
      {"tape.carry", [](Objects& o) { o.tape->carry(o.first); }, "wrwwww"},
      {"tape.parameter", [](Objects& o) { o.tape->parameter(o.a.weight()); }, "wwwwww"},
      {"detach", [](Objects& o) { td::detach(o.first); }, "wrwwww"},
      {"value.matrix", [](Objects& o) { o.first.matrix<double>(); }, "wwwwww"},
      {"apply", [](Objects& o) { td::tanh(o.first); }, "wrwwww"},
      {"tape.recompute",
       [](Objects& o) { o.tape->recompute([](const td::Value& v) { return td::tanh(v); }, o.first); },
       "wrwwww"},
      {"tape.release_since", [](Objects& o) { o.tape->release_since(o.mark, o.first); }, "wwwwww"},
      {"inspect", [](Objects& o) { td::inspect(*o.tape); }, "wwwwww"},
      {"tape.backward", [](Objects& o) { o.tape->backward(td::sum(td::tanh(o.first))); }, "ororww"},
      {"tape.vjp",
       [](Objects& o) {
         const td::Value y = o.tape->recompute([](const td::Value& v) { return td::sum(v); }, o.first);
         o.tape->vjp<double>({y}, {o.first});
       },
       "wrwrww"},
      {"another Tape on the memory", [](Objects& o) { td::Tape(o.store, o.memory); }, "rrrrrr"},
      {"another tape's backward",
       [](Objects& o) {
         td::Tape other(o.store, o.other_memory);
         other.backward(td::sum(o.b(td::tanh(o.a(other.input(o.x))))));
       },
       "wwwwww"},
      {"store.add",
       [](Objects& o) {
         o.store.add("c", {1, 1}, td::zeros);
       },
       "rrrrrr"},
      {"store.copy", [](Objects& o) { o.store.copy(); }, "wwwwww"},
      {"store.zero_grad", [](Objects& o) { o.store.zero_grad(); }, "wrwrww"},
      {"gradients().of", [](Objects& o) { o.store.gradients().of<double>(o.a.weight()); }, "wwwwww"},
      {"gradients().set", [](Objects& o) { o.store.gradients().set(o.b.bias(), arma::mat(2, 1)); }, "wrwrww"},
      {"gradients() *=", [](Objects& o) { o.store.gradients() *= 2; }, "wrwrww"},
      {"store.reset", [](Objects& o) { o.store.reset(); }, "orwrww"},
      {"store.initialize", [](Objects& o) { o.store.initialize(td::normal(1)); }, "ooooww"},
      {"store.blend", [](Objects& o) { o.store.blend(o.copy, 0.5); }, "oowoww"},
      {"store.freeze",
       [](Objects& o) {
         o.store.freeze("a");
         o.store.unfreeze("a");
       },
       "wwwwww"},
      {"optimizer.step", [](Objects& o) { o.optimizer.step(); }, "rrrrrw"},
      {"optimizer.set_learning_rate", [](Objects& o) { o.optimizer.set_learning_rate(0.5); }, "wwwwww"},
      {"optimizer.group", [](Objects& o) { o.optimizer.group(td::groups::biases, {}); }, "wwwwww"},
      {"state_of(optimizer)", [](Objects& o) { td::state_of(o.optimizer); }, "wwwwww"},
      {"scheduler.step", [](Objects& o) { o.scheduler.step(); }, "wwwwww"},
      {"state_of(store)", [](Objects& o) { td::state_of(o.store); }, "wrwrww"},
      {"restore(store)", [](Objects& o) { td::restore(o.store, o.state); }, "orwrww"},
      {"checkpoint.save", [](Objects& o) { o.checkpoint.save(o.path); }, "wrwrrw"},
      {"checkpoint.load", [](Objects& o) { o.checkpoint.load(o.path); }, "orwrrw"},
      {"checkpoint.add", [](Objects& o) { o.checkpoint.add("more", o.scheduler); }, "wwwwrw"},
      {"checkpoint.set_words", [](Objects& o) { o.checkpoint.set_words("note", "words"); }, "wwwwww"},
  };
}

}  // namespace

BOOST_AUTO_TEST_CASE(calls_within_calls_work_or_are_refused) {
  for (std::size_t p = 0; p < places.size(); ++p) {
    test::Evidence evidence(test::Promise::faults, std::string("public calls from within ") + places[p]);
    for (const Call& call : calls()) {
      const char outcome = outcome_of(call, static_cast<Place>(p));
      BOOST_TEST(outcome == call.wanted[p], call.name << " from within " << places[p] << ": " << outcome
                                                      << " instead of " << call.wanted[p]);
      evidence.tried();
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
