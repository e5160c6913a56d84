#pragma once

/// @file
/// Internal: the texts of errors about ops, their operands and their vjps.

#include <string>
#include <string_view>

#include "tapedeck/tape/detail/pass.hpp"

namespace tapedeck::detail {

/// Returns "encoder.fc_1 (affine)" for an op of the layer `place`.
TAPEDECK_API std::string who(const char* op, const Place* place);
/// Returns "encoder.fc_1"; empty outside of all layers.
TAPEDECK_API std::string path(const Place* place);
/// Returns the name of the parameter or buffer that an entry is; empty for others.
TAPEDECK_API std::string stored_name(const Pass& pass, std::uint32_t entry);
/// Returns "x is 5x2", or "weight "fc_1.weight" is 25x2".
std::string describe(const Pass& pass, std::string_view name, std::uint32_t entry);

/// Throws ShapeError for an operand that does not fit its signature. `sizes` are those of the signature's
/// words, where `bound` says that they are known.
[[noreturn]] TAPEDECK_API void refuse_shape(const Pass& pass, const char* op, const Signature& signature,
                                            const std::uint32_t* inputs, std::size_t operand,
                                            const std::uint32_t* sizes, const bool* bound);
/// Throws ScalarError for an operand of the wrong element type.
[[noreturn]] TAPEDECK_API void refuse_element(const Pass& pass, const char* op, const Signature& signature,
                                              const std::uint32_t* inputs, std::size_t operand);
/// Throws ContractError for shapes that an op computed and that its signature does not allow.
[[noreturn]] TAPEDECK_API void refuse_shapes(const char* op, const Place* place, const std::string& given);
/// Throws again what was just caught from a forward or vjp, with the op's name and place. An exception of
/// Armadillo's becomes ContractError: it means that a shape was wrong.
[[noreturn]] TAPEDECK_API void rethrow_from(const char* op, const Place* place);
/// Throws ContractError for the contribution of a vjp to an input.
[[noreturn]] TAPEDECK_API void refuse_vjp(const Record& record, std::size_t input, const char* given,
                                          const char* wanted, const char* hint);
/// Throws ContractError for a vjp that said none() for an input whose cotangent is wanted; names a parameter
/// that would not be trained.
[[noreturn]] TAPEDECK_API void refuse_none(const Pass& pass, const Record& record, std::size_t input);
/// Throws ShapeError unless a statistic has the shape of its buffer.
TAPEDECK_API void require_statistic(const Pass& pass, const Buffer& buffer, Shape statistic);

}  // namespace tapedeck::detail
