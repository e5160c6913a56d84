#include "tapedeck/tape/operand.hpp"

#include "tapedeck/tape/detail/input.hpp"
#include "tapedeck/tape/tape.hpp"

namespace tapedeck {

Value Operand::on(Tape& tape) const {
  if (const auto* value = std::get_if<Value>(&what_)) return *value;
  detail::Pass& pass = detail::pass_of(tape);
  return pass.value(entry_on(pass));
}

std::uint32_t Operand::append_to(detail::Pass& pass) const {
  const auto copy = copied_ ? detail::Copy::always : detail::Copy::if_needed;
  return detail::append_input(pass, std::get<Columns>(what_), copy, /*variable=*/false);
}

}  // namespace tapedeck
