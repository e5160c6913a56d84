#pragma once

/// @file
/// Tapedeck as a contender, with what only it is asked for.

#include "peers/contender.hpp"
#include "tapedeck/tapedeck.hpp"

namespace tapedeck::peers {

class Ours final : public Contender {
 public:
  explicit Ours(const Problem& problem);

  unsigned take_threads() override;
  void run(std::size_t steps) override;
  std::vector<float> results() const override;

  /// What a step's tape takes from its memory at its peak, in bytes. It is a step without its update.
  std::size_t tape_bytes();
  /// What its parameters take, in bytes, padding included; their gradients and a velocity take as much each.
  std::size_t parameter_bytes() { return store_.values().size() * sizeof(float); }

 private:
  void record_and_play(Tape& tape, const Batch& batch);
  void forward(const Batch& batch);
  std::vector<float> parameters() const;

  Workload workload_;
  Dataset data_;
  Batches batches_;
  mutable ParameterStore store_;  // mutable: it gives views that could be written to
  Sequential model_;
  std::unique_ptr<Optimizer> optimizer_;
  Memory memory_;
  Index next_ = 0;
  std::vector<float> outputs_;
};

}  // namespace tapedeck::peers
