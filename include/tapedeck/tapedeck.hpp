#pragma once

/// @file
/// Everything, for users. Start here.
///
///   - core/: matrices, errors, random numbers (matrix.hpp, error.hpp)
///   - state/: what objects remember, taken and put back by name (state_visitor.hpp)
///   - param/: what is trained: values, gradients, initial values (parameter_store.hpp)
///   - tape/: recording and playing back; how an op is written (tape.hpp, op.hpp); what is on a tape, in a
///     table or a drawing (inspect.hpp); a pass, kept to be repeated in a debugger (black_box.hpp)
///   - ops/: mathematics: a forward and its vector-Jacobian product each (affine.hpp, loss.hpp)
///   - layers/: ops with parameters, and Sequential (linear.hpp, sequential.hpp)
///   - optim/: optimizers, schedulers, clipping (optimizer.hpp)
///   - data/: data sets, batches, made-up data, standardisation (dataset.hpp)
///   - train/: a training loop for those who want none (trainer.hpp)
///
/// Three rooms are not in here. Tests and benchmarks include two of them:
///
///   - check/: is my vjp right? (gradient_check.hpp)
///   - bench/: how fast is my op? (op_benchmark.hpp)
///
/// and programs the third, which is a library of its own, tapedeck::io:
///
///   - io/: files in and out (csv.hpp, idx.hpp, checkpoint.hpp)

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/columns.hpp"
#include "tapedeck/core/error.hpp"
#include "tapedeck/core/map.hpp"
#include "tapedeck/core/matrix.hpp"
#include "tapedeck/core/parallel.hpp"
#include "tapedeck/core/product.hpp"
#include "tapedeck/core/random.hpp"
#include "tapedeck/core/shape.hpp"
#include "tapedeck/core/threads.hpp"
#include "tapedeck/core/version.hpp"
#include "tapedeck/data/batches.hpp"
#include "tapedeck/data/dataset.hpp"
#include "tapedeck/data/split.hpp"
#include "tapedeck/data/standardize.hpp"
#include "tapedeck/data/synthetic.hpp"
#include "tapedeck/data/targets.hpp"
#include "tapedeck/layers/activation.hpp"
#include "tapedeck/layers/dropout.hpp"
#include "tapedeck/layers/layer.hpp"
#include "tapedeck/layers/linear.hpp"
#include "tapedeck/layers/loss.hpp"
#include "tapedeck/layers/normalization.hpp"
#include "tapedeck/layers/residual.hpp"
#include "tapedeck/layers/sequential.hpp"
#include "tapedeck/ops/activation.hpp"
#include "tapedeck/ops/affine.hpp"
#include "tapedeck/ops/arithmetic.hpp"
#include "tapedeck/ops/dropout.hpp"
#include "tapedeck/ops/loss.hpp"
#include "tapedeck/ops/normalization.hpp"
#include "tapedeck/ops/reduction.hpp"
#include "tapedeck/ops/shape.hpp"
#include "tapedeck/ops/softmax.hpp"
#include "tapedeck/optim/adagrad.hpp"
#include "tapedeck/optim/adam.hpp"
#include "tapedeck/optim/clipping.hpp"
#include "tapedeck/optim/cosine_with_warmup.hpp"
#include "tapedeck/optim/elementwise_optimizer.hpp"
#include "tapedeck/optim/exponential_decay.hpp"
#include "tapedeck/optim/matrix_optimizer.hpp"
#include "tapedeck/optim/one_cycle.hpp"
#include "tapedeck/optim/optimizer.hpp"
#include "tapedeck/optim/piecewise_schedules.hpp"
#include "tapedeck/optim/reduce_on_plateau.hpp"
#include "tapedeck/optim/rmsprop.hpp"
#include "tapedeck/optim/scheduler.hpp"
#include "tapedeck/optim/sgd.hpp"
#include "tapedeck/param/flat_buffer.hpp"
#include "tapedeck/param/gradients.hpp"
#include "tapedeck/param/initializer.hpp"
#include "tapedeck/param/parameter.hpp"
#include "tapedeck/param/parameter_options.hpp"
#include "tapedeck/param/parameter_state.hpp"
#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/param/parameter_view.hpp"
#include "tapedeck/param/scope.hpp"
#include "tapedeck/state/state_dict.hpp"
#include "tapedeck/state/state_visitor.hpp"
#include "tapedeck/tape/black_box.hpp"
#include "tapedeck/tape/context.hpp"
#include "tapedeck/tape/inspect.hpp"
#include "tapedeck/tape/memory.hpp"
#include "tapedeck/tape/mode.hpp"
#include "tapedeck/tape/op.hpp"
#include "tapedeck/tape/operand.hpp"
#include "tapedeck/tape/signature.hpp"
#include "tapedeck/tape/sink.hpp"
#include "tapedeck/tape/tape.hpp"
#include "tapedeck/tape/value.hpp"
#include "tapedeck/train/callbacks.hpp"
#include "tapedeck/train/metrics.hpp"
#include "tapedeck/train/predict.hpp"
#include "tapedeck/train/trainer.hpp"
#include "tapedeck/train/trainer_loss.hpp"
