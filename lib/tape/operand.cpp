#include "tapedeck/tape/operand.hpp"

#include "tapedeck/tape/tape.hpp"

namespace tapedeck {

Value Operand::on(Tape& tape) const {
  struct Put {
    Tape& tape;
    bool copied;
    Value operator()(const Value& value) const { return value; }
    Value operator()(const Parameter& parameter) const { return tape.parameter(parameter); }
    Value operator()(const Buffer& buffer) const { return tape.buffer(buffer); }
    Value operator()(const Columns& data) const { return copied ? tape.copy(data) : tape.gather(data); }
  };
  return std::visit(Put{tape, copied_}, what_);
}

}  // namespace tapedeck
