#include "pendulum/simulation.hpp"

#include <cmath>

#include "tapedeck/core/random.hpp"

namespace pendulum {
namespace {

constexpr double stiffness = 4;        // gravity / length, in 1 / s^2
constexpr double damping = 0.1;        // in 1 / s
constexpr double longest_step = 0.01;  // of the integration, in s

struct State {
  double angle = 0;
  double velocity = 0;

  State after(double time, const State& rate) const {
    return {angle + time * rate.angle, velocity + time * rate.velocity};
  }
  State rate() const { return {velocity, -stiffness * std::sin(angle) - damping * velocity}; }
};

// The classical method of fourth order.
State advance(State state, double time) {
  const int steps = static_cast<int>(std::ceil(time / longest_step));
  const double h = time / steps;
  for (int i = 0; i < steps; ++i) {
    const State k_1 = state.rate();
    const State k_2 = state.after(h / 2, k_1).rate();
    const State k_3 = state.after(h / 2, k_2).rate();
    const State k_4 = state.after(h, k_3).rate();
    state = state.after(h / 6, k_1).after(h / 3, k_2).after(h / 3, k_3).after(h / 6, k_4);
  }
  return state;
}

}  // namespace

td::Dataset swings(td::Index samples, std::uint64_t seed, const Observation& observation) {
  const td::Random starts = td::Random{seed}.stream("starts");
  const td::Random noise = td::Random{seed}.stream("noise");

  td::Matrix<double> x(observation.times, samples);
  td::Matrix<double> y(1, samples);
  for (td::Index c = 0; c < samples; ++c) {
    State state{.angle = 5.6 * starts.uniform(0, c) - 2.8};
    state = advance(state, 2 * starts.uniform(1, c));
    for (td::Index r = 0; r < observation.times; ++r) {
      if (r > 0) state = advance(state, observation.interval);
      x(r, c) = state.angle + observation.noise * noise.normal(r, c);
    }
    y(0, c) = advance(state, observation.ahead).angle;
  }
  return {std::move(x), std::move(y)};
}

}  // namespace pendulum
