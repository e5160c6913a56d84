#include "tapedeck/tape/detail/finite.hpp"

#include <cmath>
#include <cstring>
#include <optional>
#include <string>

#include "tapedeck/core/error.hpp"
#include "tapedeck/tape/detail/errors.hpp"

namespace tapedeck::detail {
namespace {

std::string position(Index element, Shape shape) {
  return " at (" + std::to_string(element % shape.rows) + "," + std::to_string(element / shape.rows) + ")";
}

// The first NaN or Inf of a matrix, as "nan at (2,0)".
std::optional<std::string> first_non_finite(Element element, Shape shape, const void* data) {
  const auto search = [&]<class T>(const T* x) -> std::optional<std::string> {
    for (Index i = 0; i < shape.size(); ++i) {
      if (std::isfinite(x[i])) continue;
      const std::string number = std::isnan(x[i]) ? "nan"
                                 : x[i] > 0       ? "inf"
                                                  : "-inf";  // a NaN's sign says nothing
      return number + position(i, shape);
    }
    return std::nullopt;
  };
  if (element == Element::real32) return search(static_cast<const float*>(data));
  if (element == Element::real64) return search(static_cast<const double*>(data));
  return std::nullopt;
}

// Throws for the first element that still holds the word that its memory was filled with.
void require_set(const Pass& pass, const char* op, const Signature::Operand& operand, const Entry& e) {
  if (e.element == Element::index) return;  // the word may be an index that means "none"
  for (Index i = 0; i < e.shape().size(); ++i) {
    if (!holds(e, i, pass.settings().poison)) continue;
    throw NonFiniteError({.who = who(op, pass.records.place()),
                          .given = std::string(operand.name) + " is unset" + position(i, e.shape()),
                          .wanted = "a forward that sets every element of its outputs and of what it "
                                    "saves, and reads none before"});
  }
}

}  // namespace

bool holds(const Entry& e, Index element, std::uint32_t word) {
  const std::size_t size = size_in_bytes(e.element);
  std::uint64_t wanted = 0;
  Arena::fill(&wanted, size, word);
  return std::memcmp(static_cast<const std::byte*>(e.data) + element * size, &wanted, size) == 0;
}

void require_finite(const Pass& pass, const char* op, const Signature& signature, const std::uint32_t* inputs,
                    std::uint32_t first_output) {
  for (std::size_t j = 0; j < signature.outputs.size; ++j) {
    const Entry& out = pass.entry(first_output + static_cast<std::uint32_t>(j));
    const auto bad = first_non_finite(out.element, out.shape(), out.data);
    if (!bad) continue;
    std::optional<std::string> origin;
    for (std::size_t i = 0; i < signature.inputs.size && !origin; ++i) {
      const Entry& in = pass.entry(inputs[i]);
      if (const auto source = first_non_finite(in.element, in.shape(), in.data))
        origin = "its operand " + describe(pass, signature.inputs[i].name, inputs[i]) + " with " + *source;
    }
    if (!origin) require_set(pass, op, signature.outputs[j], out);
    throw NonFiniteError({.who = who(op, pass.records.place()),
                          .given = std::string(signature.outputs[j].name) + " is " + *bad + ", " +
                                   origin.value_or("all its operands are finite"),
                          .wanted = "finite numbers"});
  }
  for (std::size_t k = 0; k < signature.saved.size; ++k) {
    const auto i = static_cast<std::uint32_t>(first_output + signature.outputs.size + k);
    require_set(pass, op, signature.saved[k], pass.entry(i));
  }
}

void require_finite_cotangents(const Pass& pass, const Record& record) {
  const auto& inputs = record.type->signature->inputs;
  for (std::size_t i = 0; i < record.input_count; ++i) {
    const std::uint32_t input = record.inputs[i];
    const Entry& e = pass.entry(input);
    const void* cotangent = e.wanted ? pass.cotangents.contributed(pass.values, input) : nullptr;
    if (cotangent == nullptr) continue;
    if (const auto bad = first_non_finite(e.element, e.shape(), cotangent)) {
      throw NonFiniteError({.who = who(record.type->name, record.place),
                            .given = "going back, the cotangent of " +
                                     describe(pass, i < inputs.size ? inputs[i].name : "operand", input) +
                                     " with " + *bad,
                            .wanted = "finite numbers"});
    }
  }
}

}  // namespace tapedeck::detail
