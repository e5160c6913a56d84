#include "tapedeck/tape/inspect.hpp"

#include <iomanip>
#include <map>
#include <ostream>
#include <sstream>

#include "core/text_table.hpp"
#include "tapedeck/tape/pass.hpp"

namespace tapedeck {
namespace {

using detail::Pass;
using detail::Record;
using Operand = InspectedRecord::Operand;

Operand operand(const Pass& pass, std::string_view name, std::uint32_t entry) {
  return {std::string(name), entry, pass.entry(entry).shape(), pass.stored_name(entry)};
}

InspectedRecord inspect_record(const Pass& pass, const Record& record) {
  const Signature& signature = *record.type->signature;
  InspectedRecord info;
  info.op = record.type->name;
  info.layer = Pass::path(record.place);
  info.flops = record.type->flops(pass, record);
  for (std::uint32_t i = 0; i < record.input_count; ++i) {
    const bool named = i < signature.inputs.size;
    info.inputs.push_back(operand(pass, named ? signature.inputs[i].name : "", record.inputs[i]));
  }
  std::uint32_t entry = record.first_output;
  const auto add_all = [&](const auto& list, std::vector<Operand>& to) {
    for (std::size_t j = 0; j < list.size; ++j, ++entry) {
      to.push_back(operand(pass, list[j].name, entry));
      info.bytes += pass.entry(entry).bytes();
    }
  };
  add_all(signature.outputs, info.outputs);
  add_all(signature.saved, info.saved);
  return info;
}

std::string shapes(const std::vector<Operand>& operands) {
  std::string text;
  for (const Operand& o : operands) {
    if (!text.empty()) text += ' ';
    text += to_string(o.shape);
  }
  return text;
}

std::string fixed(double x, int digits) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << x;
  return text.str();
}

std::string microseconds(const std::optional<double>& seconds) {
  return seconds ? fixed(*seconds * 1e6, 2) : "";
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
  const Pass& pass = Pass::of(tape);
  Inspection inspection;
  inspection.peak_bytes = tape.bytes_used();
  if (pass.traced()) {
    for (const detail::RecordTime& time : pass.times()) {
      inspection.records.push_back(inspect_record(pass, *time.record));
      inspection.records.back().forward = time.forward * 1e-9;
      inspection.records.back().backward = time.backward * 1e-9;
    }
    return inspection;
  }
  for (const Record* r = pass.last_record(); r != nullptr; r = r->previous)
    inspection.records.insert(inspection.records.begin(), inspect_record(pass, *r));
  return inspection;
}

std::ostream& operator<<(std::ostream& out, const Inspection& inspection) {
  using enum TextTable::Align;
  TextTable table({{"layer", left},
                   {"op", left},
                   {"inputs", left},
                   {"outputs", left},
                   {"saved", left},
                   {"bytes"},
                   {"flops"},
                   {"forward us"},
                   {"backward us"}});
  std::size_t bytes = 0;
  double flops = 0;
  std::optional<double> forward;
  std::optional<double> backward;
  for (const InspectedRecord& r : inspection.records) {
    table.add({r.layer, r.op, shapes(r.inputs), shapes(r.outputs), shapes(r.saved), std::to_string(r.bytes),
               fixed(r.flops, 0), microseconds(r.forward), microseconds(r.backward)});
    bytes += r.bytes;
    flops += r.flops;
    if (r.forward) forward = forward.value_or(0) + *r.forward;
    if (r.backward) backward = backward.value_or(0) + *r.backward;
  }
  table.add({"", std::to_string(inspection.records.size()) + " records", "", "", "", std::to_string(bytes),
             fixed(flops, 0), microseconds(forward), microseconds(backward)});
  return out << table.text() << "peak memory of the tape: " << inspection.peak_bytes << " bytes\n";
}

std::string Inspection::graphviz() const {
  std::ostringstream out;
  out << "digraph tape {\n  node [shape=box, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\"];\n";
  std::map<std::uint32_t, std::string> maker;  // of an entry: the node
  for (std::size_t i = 0; i < records.size(); ++i) {
    const InspectedRecord& r = records[i];
    const std::string node = "record_" + std::to_string(i);
    for (const Operand& o : r.inputs) {
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
    for (const Operand& o : r.inputs) {
      out << "  " << maker[o.entry] << " -> " << node << " [label=" << quoted(to_string(o.shape)) << "];\n";
    }
    for (const Operand& o : r.outputs) maker[o.entry] = node;
  }
  out << "}\n";
  return out.str();
}

}  // namespace tapedeck
