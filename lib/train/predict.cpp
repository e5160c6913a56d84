#include "tapedeck/train/predict.hpp"

#include <algorithm>

#include "layers/returned.hpp"
#include "tapedeck/tape/tape.hpp"

namespace tapedeck {
namespace {

constexpr Index batch_size = 1024;

// The elements of a Value, converted.
template <class T>
Matrix<T> elements(const Value& value) {
  return with_scalar(value.tape().scalar(),
                     [&]<class S>(S) { return arma::conv_to<Matrix<T>>::from(value.matrix<S>()); });
}

}  // namespace

template <class T>
Matrix<T> predict(ParameterStore& store, const Layer& model, const Matrix<T>& x) {
  Memory memory;
  Matrix<T> outputs;
  Index first = 0;
  do {  // at least once: the outputs of no samples have rows as well
    Columns batch(x);
    batch.data = x.memptr() + first * x.n_rows;
    batch.count = std::min(batch_size, x.n_cols - first);
    Tape tape(store, memory, evaluate);
    const Value output = model(tape.gather(batch));
    require_returned("predict: the model", output, tape);
    const Matrix<T> part = elements<T>(output);
    if (part.n_cols != batch.count) {
      throw ShapeError({.who = "predict",
                        .given = "outputs of " + to_string(shape_of(part)) + " for " +
                                 std::to_string(batch.count) + " samples",
                        .wanted = "one column a sample"});
    }
    if (first == 0) outputs.set_size(part.n_rows, x.n_cols);
    if (part.n_rows != outputs.n_rows) {
      throw ShapeError({.who = "predict",
                        .given = "outputs of " + std::to_string(part.n_rows) + " rows from column " +
                                 std::to_string(first) + " on",
                        .wanted = std::to_string(outputs.n_rows) + ", as before"});
    }
    if (batch.count > 0) outputs.cols(first, first + batch.count - 1) = part;
    first += batch.count;
  } while (first < x.n_cols);
  return outputs;
}

template Matrix<float> predict(ParameterStore&, const Layer&, const Matrix<float>&);
template Matrix<double> predict(ParameterStore&, const Layer&, const Matrix<double>&);

}  // namespace tapedeck
