#include "tapedeck/tape/detail/errors.hpp"

#include <algorithm>
#include <span>

#include "tapedeck/core/error.hpp"

namespace tapedeck::detail {
namespace {

std::string size_text(const Signature& signature, Signature::Size size, const std::uint32_t* sizes,
                      const bool* bound) {
  if (!size.word) return std::to_string(size.number);
  if (bound[size.number]) return std::to_string(sizes[size.number]);
  return std::string(signature.words[size.number]);
}

}  // namespace

std::string who(const char* op, const Place* place) {
  return place == nullptr ? op : path(place) + " (" + op + ")";
}

std::string path(const Place* place) {
  std::string path;
  for (; place != nullptr; place = place->outer) path = place->name + (path.empty() ? "" : "." + path);
  return path;
}

std::string stored_name(const Pass& pass, std::uint32_t entry) {
  if (pass.values.is_parameter(entry)) return pass.store().internals().layout().parameters[entry].name;
  const auto& buffers = pass.store().internals().layout().buffers;
  return entry - pass.values.parameter_count() < buffers.size()
             ? buffers[entry - pass.values.parameter_count()].name
             : "";
}

std::string describe(const Pass& pass, std::string_view name, std::uint32_t entry) {
  std::string text(name);
  if (pass.values.is_parameter(entry))
    text += " \"" + pass.store().internals().layout().parameters[entry].name + "\"";
  return text + " is " + to_string(pass.entry(entry).shape());
}

void refuse_shape(const Pass& pass, const char* op, const Signature& signature, const std::uint32_t* inputs,
                  std::size_t operand, const std::uint32_t* sizes, const bool* bound) {
  const Signature::Operand& wrong = signature.inputs[operand];
  std::string given = describe(pass, wrong.name, inputs[operand]);
  for (std::size_t i = 0; i < signature.inputs.size; ++i) {
    if (i != operand) given += ", " + describe(pass, signature.inputs[i].name, inputs[i]);
  }
  throw ShapeError({.who = who(op, pass.records.place()),
                    .given = given,
                    .wanted = std::string(wrong.name) + " to be " +
                              size_text(signature, wrong.rows, sizes, bound) + "x" +
                              size_text(signature, wrong.cols, sizes, bound),
                    .hint = "one column is one sample"});
}

void refuse_element(const Pass& pass, const char* op, const Signature& signature, const std::uint32_t* inputs,
                    std::size_t operand) {
  const Signature::Operand& wrong = signature.inputs[operand];
  throw ScalarError(
      {.who = who(op, pass.records.place()),
       .given = std::string(wrong.name) + " holds " + name_of(pass.entry(inputs[operand]).element),
       .wanted = wrong.index ? "index" : name_of(pass.scalar()),
       .hint = wrong.index ? "class labels are an arma::umat, put on the tape with tape.input"
                           : "tape.input converts numbers to the store's scalar; labels are no numbers"});
}

void refuse_shapes(const char* op, const Place* place, const std::string& given) {
  throw ContractError({.who = who(op, place),
                       .given = given,
                       .wanted = "outputs and cotangents of the shapes that the signature says"});
}

void rethrow_from(const char* op, const Place* place) {
  try {
    throw;
  } catch (Error& error) {
    error.set_who(who(op, place));
    throw;
  } catch (const std::logic_error& error) {
    throw ContractError(
        {.who = who(op, place),
         .given = std::string("Armadillo refused: ") + error.what(),
         .wanted = "outputs, cotangents and indices that fit the shapes that the signature says"});
  }
}

void refuse_vjp(const Record& record, std::size_t input, const char* given, const char* wanted,
                const char* hint) {
  throw ContractError({.who = who(record.type->name, record.place),
                       .given = "d" + std::string(record.type->signature->inputs[input].name) + " " + given,
                       .wanted = wanted,
                       .hint = hint});
}

void refuse_none(const Pass& pass, const Record& record, std::size_t input) {
  // Back along what is wanted, to the first parameter, or else to a variable.
  std::uint32_t entry = record.inputs[input];
  const Record* r = &record;
  while (!pass.values.is_parameter(entry) && !pass.entry(entry).variable) {
    const auto makes = [&] {
      return entry >= r->first_output && entry < r->first_output + r->type->signature->outputs.size;
    };
    while (r != nullptr && !makes()) r = r->previous;
    if (r == nullptr) break;
    const std::span inputs(r->inputs, r->input_count);
    const auto wanted = [&](std::uint32_t i) { return pass.entry(i).wanted; };
    const auto parameter = std::find_if(inputs.begin(), inputs.end(), [&](std::uint32_t i) {
      return pass.values.is_parameter(i) && wanted(i);
    });
    entry = *(parameter != inputs.end() ? parameter : std::find_if(inputs.begin(), inputs.end(), wanted));
  }
  const std::string_view name = record.type->signature->inputs[input].name;
  throw ContractError(
      {.who = who(record.type->name, record.place),
       .given = "d" + std::string(name) + ".none() for an input that " +
                (pass.values.is_parameter(entry) ? "\"" + stored_name(pass, entry) + "\"" : "a variable") +
                " is trained through",
       .wanted = "a contribution to d" + std::string(name),
       .hint = "if its derivative is zero by design, mark it in the signature: " + std::string(name) +
               "(...):zero"});
}

void require_statistic(const Pass& pass, const Buffer& buffer, Shape statistic) {
  const Shape wanted = pass.entry(pass.resolve(buffer)).shape();
  if (statistic == wanted) return;
  throw ShapeError({.who = pass.store().internals().layout().buffers[buffer.slot()].name,
                    .given = "a statistic of " + to_string(statistic),
                    .wanted = to_string(wanted)});
}

}  // namespace tapedeck::detail
