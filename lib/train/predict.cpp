#include "tapedeck/train/predict.hpp"

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

#include "tape/returned.hpp"
#include "tapedeck/tape/tape.hpp"
#include "train/parallel_batches.hpp"

namespace tapedeck {
namespace {

// The model's outputs for some columns.
template <class T>
Matrix<T> outputs_for(const Columns& columns, ParameterStore& store, const Layer& model, Memory& memory) {
  Tape tape(store, memory, evaluate);
  const Value output = model(tape.gather(columns));
  require_returned("predict: the model", output, tape);
  if (output.cols() != columns.count) {
    throw ShapeError({.who = "predict",
                      .given = "outputs of " + to_string(output.shape()) + " for " +
                               std::to_string(columns.count) + " samples",
                      .wanted = "one column a sample"});
  }
  return with_scalar(tape.scalar(),
                     [&]<class S>(S) { return arma::conv_to<Matrix<T>>::from(output.matrix<S>()); });
}

}  // namespace

template <class T>
Matrix<T> predict(ParameterStore& store, const Layer& model, const Matrix<T>& x) {
  // At least one batch: the outputs of no samples have rows as well.
  const Index batches = std::max<Index>(1, (x.n_cols + evaluation_batch - 1) / evaluation_batch);
  Matrix<T> outputs;
  std::once_flag sized;  // by whoever comes first
  std::vector<Index> rows(batches);
  parallel_batches(batches, workers_for(batches), [&](Index, Index begin, Index end) {
    Memory memory;
    for (Index i = begin; i < end; ++i) {
      const Index first = i * evaluation_batch;
      const Index count = std::min(evaluation_batch, x.n_cols - first);
      const Matrix<T> part = outputs_for<T>(Columns(x).part(first, count), store, model, memory);
      std::call_once(sized, [&] { outputs.set_size(part.n_rows, x.n_cols); });
      rows[i] = part.n_rows;
      if (part.n_rows == outputs.n_rows && count > 0) outputs.cols(first, first + count - 1) = part;
    }
  });
  for (Index i = 1; i < batches; ++i) {
    if (rows[i] == rows[0]) continue;
    throw ShapeError({.who = "predict",
                      .given = "outputs of " + std::to_string(rows[i]) + " rows from column " +
                               std::to_string(i * evaluation_batch) + " on",
                      .wanted = std::to_string(rows[0]) + ", as before"});
  }
  return outputs;
}

template Matrix<float> predict(ParameterStore&, const Layer&, const Matrix<float>&);
template Matrix<double> predict(ParameterStore&, const Layer&, const Matrix<double>&);

}  // namespace tapedeck
