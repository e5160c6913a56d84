#pragma once

/// @file
/// A model applied to data, without a tape in sight.

#include "tapedeck/layers/layer.hpp"
#include "tapedeck/param/parameter_store.hpp"

namespace tapedeck {

/// The model's outputs, outputs x samples, for all columns of x, features x samples; float or double,
/// computed in evaluate mode in the store's scalar. Runs in batches of 1024 columns, so that memory stays
/// small, and spreads them over the library's threads: for more columns the model is called by several at
/// once. The same bits for any number of threads. Without samples it gives a matrix without columns. Seals
/// the store. ShapeError unless the model gives one column a sample, and as many rows for each batch;
/// HandleError if it gives no Value of its tape; and what the model throws.
template <class T>
TAPEDECK_API Matrix<T> predict(ParameterStore& store, const Layer& model, const Matrix<T>& x);

extern template TAPEDECK_API Matrix<float> predict(ParameterStore&, const Layer&, const Matrix<float>&);
extern template TAPEDECK_API Matrix<double> predict(ParameterStore&, const Layer&, const Matrix<double>&);

}  // namespace tapedeck
