#include "tapedeck/tape/inspect.hpp"

#include <algorithm>
#include <map>
#include <ostream>
#include <sstream>

#include "core/text.hpp"
#include "core/text_table.hpp"
#include "tapedeck/tape/detail/errors.hpp"

namespace tapedeck {
namespace {

using Named = InspectedRecord::Operand;

using detail::Pass;
using detail::Record;

Named operand(const Pass& pass, std::string_view name, std::uint32_t entry) {
  return {std::string(name), entry, pass.entry(entry).shape(), detail::stored_name(pass, entry)};
}

// "cell.gate" for a record that uses "cell.gate.weight": where a layer is used outside of all Sequentials.
std::string scope_of_first_parameter(const Pass& pass, const Record& record) {
  for (std::uint32_t i = 0; i < record.input_count; ++i) {
    const std::string name = detail::stored_name(pass, record.inputs[i]);
    if (const std::size_t dot = name.rfind('.'); dot != std::string::npos) return name.substr(0, dot);
  }
  return {};
}

InspectedRecord inspect_record(const Pass& pass, const Record& record) {
  const Signature& signature = *record.type->signature;
  InspectedRecord info;
  info.op = record.type->name;
  info.layer = record.place != nullptr ? detail::path(record.place) : scope_of_first_parameter(pass, record);
  info.flops = record.type->flops(pass, record);
  for (std::uint32_t i = 0; i < record.input_count; ++i) {
    const bool named = i < signature.inputs.size;
    info.inputs.push_back(operand(pass, named ? signature.inputs[i].name : "", record.inputs[i]));
  }
  std::uint32_t entry = record.first_output;
  const auto add_all = [&](const auto& list, std::vector<Named>& to) {
    for (std::size_t j = 0; j < list.size; ++j, ++entry) {
      to.push_back(operand(pass, list[j].name, entry));
      info.bytes += pass.entry(entry).bytes();
    }
  };
  add_all(signature.outputs, info.outputs);
  add_all(signature.saved, info.saved);
  return info;
}

std::string shapes(const std::vector<Named>& operands) {
  std::string text;
  for (const Named& o : operands) {
    if (!text.empty()) text += ' ';
    text += to_string(o.shape);
  }
  return text;
}

// A string of the dot language.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    if (c == '\n') {
      result += "\\n";
    } else {
      result += c;
    }
  }
  return result + '"';
}

}  // namespace

Inspection inspect(const Tape& tape) {
  const Pass& pass = detail::pass_of(tape);
  Inspection inspection;
  inspection.peak_bytes = tape.bytes_used();
  if (pass.traced()) {
    for (const detail::RecordTime& time : pass.records.times()) {
      inspection.records.push_back(inspect_record(pass, *time.record));
      inspection.records.back().forward = time.forward * 1e-9;
      inspection.records.back().backward = time.backward * 1e-9;
    }
    return inspection;
  }
  for (const Record* r = pass.records.last(); r != nullptr; r = r->previous)
    inspection.records.push_back(inspect_record(pass, *r));
  std::reverse(inspection.records.begin(), inspection.records.end());
  return inspection;
}

std::ostream& operator<<(std::ostream& out, const Inspection& inspection) {
  using enum TextTable::Align;
  const bool timed = !inspection.records.empty() && inspection.records.front().forward;
  std::vector<TextTable::Column> columns{{"layer", left}, {"op", left}, {"inputs", left}, {"outputs", left},
                                         {"saved", left}, {"bytes"},    {"flops"}};
  if (timed) columns.insert(columns.end(), {{"forward us"}, {"backward us"}});
  TextTable table(std::move(columns));
  const auto add = [&](std::vector<std::string> cells, std::size_t bytes, double flops, double forward,
                       double backward) {
    cells.insert(cells.end(), {std::to_string(bytes), to_fixed(flops, 0)});
    if (timed) cells.insert(cells.end(), {to_fixed(forward * 1e6, 2), to_fixed(backward * 1e6, 2)});
    table.add(std::move(cells));
  };
  std::size_t bytes = 0;
  double flops = 0;
  double forward = 0;
  double backward = 0;
  for (const InspectedRecord& r : inspection.records) {
    add({r.layer, r.op, shapes(r.inputs), shapes(r.outputs), shapes(r.saved)}, r.bytes, r.flops,
        r.forward.value_or(0), r.backward.value_or(0));
    bytes += r.bytes;
    flops += r.flops;
    forward += r.forward.value_or(0);
    backward += r.backward.value_or(0);
  }
  add({"", std::to_string(inspection.records.size()) + " records", "", "", ""}, bytes, flops, forward,
      backward);
  return out << table.text() << "peak memory of the tape: " << std::to_string(inspection.peak_bytes)
             << " bytes\n";
}

std::string Inspection::graphviz() const {
  std::ostringstream out;
  out << "digraph tape {\n  node [shape=box, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\"];\n";
  std::map<std::uint32_t, std::string> maker;  // of an entry: the node
  for (std::size_t i = 0; i < records.size(); ++i) {
    const InspectedRecord& r = records[i];
    const std::string node = "record_" + std::to_string(i);
    for (const Named& o : r.inputs) {
      if (!maker.contains(o.entry)) {
        const std::string leaf = "entry_" + std::to_string(o.entry);
        maker[o.entry] = leaf;
        out << "  " << leaf
            << " [label=" << quoted((o.stored.empty() ? "input" : o.stored) + "\n" + to_string(o.shape))
            << (o.stored.empty() ? ", shape=ellipse" : ", shape=ellipse, style=filled, fillcolor=lightgrey")
            << "];\n";
      }
    }
    out << "  " << node << " [label=" << quoted(r.layer.empty() ? r.op : r.layer + "\n" + r.op) << "];\n";
    for (const Named& o : r.inputs) {
      const std::string& from = maker[o.entry];
      out << "  " << from << " -> " << node;
      if (from.starts_with("record"))
        out << " [label=" << quoted(to_string(o.shape)) << ']';  // leaves show it
      out << ";\n";
    }
    for (const Named& o : r.outputs) maker[o.entry] = node;
  }
  out << "}\n";
  return out.str();
}

}  // namespace tapedeck
