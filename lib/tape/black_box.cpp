#include "tapedeck/tape/black_box.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <unordered_map>

#include "tapedeck/core/error.hpp"
#include "tapedeck/tape/detail/pass.hpp"

namespace tapedeck {
namespace {

constexpr std::string_view title = "tapedeck black box 1";

// --- Numbers as text

template <class T>
void append_number(std::string& text, T x) {
  char digits[64];
  std::to_chars_result end{};
  if constexpr (std::is_floating_point_v<T>) {
    end = std::to_chars(digits, std::end(digits), x, std::chars_format::hex);
  } else {
    end = std::to_chars(digits, std::end(digits), x);
  }
  text.append(digits, end.ptr);
}

template <class T>
bool parse_number(std::string_view text, T& x) {
  const char* const last = text.data() + text.size();
  std::from_chars_result end{};
  if constexpr (std::is_floating_point_v<T>) {
    end = std::from_chars(text.data(), last, x, std::chars_format::hex);
  } else {
    end = std::from_chars(text.data(), last, x);
  }
  return end.ec == std::errc() && end.ptr == last;
}

// "float 2 3", and then a line for each column.
void append_matrix(std::string& text, const AnyMatrix& matrix) {
  std::visit(
      [&]<class T>(const Matrix<T>& m) {
        text += std::string(name_of(element_of<T>)) + ' ' + std::to_string(m.n_rows) + ' ' +
                std::to_string(m.n_cols) + '\n';
        for (Index c = 0; c < m.n_cols; ++c) {
          for (Index r = 0; r < m.n_rows; ++r) {
            append_number(text, m(r, c));
            text += r + 1 < m.n_rows ? ' ' : '\n';
          }
        }
      },
      matrix);
}

template <class T>
AnyMatrix copy_of(const void* data, Shape shape) {
  return Matrix<T>(static_cast<const T*>(data), shape.rows, shape.cols);
}

AnyMatrix copy_of(const detail::Entry& e) {
  switch (e.element) {
    case Element::real32:
      return copy_of<float>(e.data, e.shape());
    case Element::real64:
      return copy_of<double>(e.data, e.shape());
    case Element::index:
      break;
  }
  return copy_of<Index>(e.data, e.shape());
}

Shape shape_of_any(const AnyMatrix& matrix) {
  return std::visit([](const auto& m) { return shape_of(m); }, matrix);
}

[[noreturn]] void refuse_file(const std::string& file, const std::string& given, const std::string& wanted) {
  throw FileError({.who = file, .given = given, .wanted = wanted});
}

// Whether a store has exactly these matrices, by name and shape.
template <class Slots, class Stored>
void require_same(const Slots& slots, const std::vector<Stored>& stored, const char* kind) {
  std::unordered_map<std::string_view, const AnyMatrix*> missing;  // what is stored and has no slot so far
  for (const auto& one : stored) missing.emplace(one.name, &one.values);
  for (const auto& slot : slots) {
    const auto it = missing.find(slot.name);
    if (it == missing.end()) {
      throw NameError({.who = "BlackBox",
                       .given = std::string("a store with the ") + kind + " \"" + slot.name + "\"",
                       .wanted = "only what the box has",
                       .hint = "make the same model as in the pass"});
    }
    const Shape shape = shape_of_any(*it->second);
    if (shape != slot.shape) {
      throw ShapeError({.who = "BlackBox",
                        .given = std::string(kind) + " \"" + slot.name + "\" is " + to_string(slot.shape),
                        .wanted = to_string(shape) + " as in the box"});
    }
    missing.erase(it);
  }
  for (const auto& one : stored) {
    if (!missing.contains(one.name)) continue;
    throw NameError({.who = "BlackBox",
                     .given = std::string("a store without the ") + kind + " \"" + one.name + "\"",
                     .wanted = "all that the box has",
                     .hint = "make the same model as in the pass"});
  }
}

}  // namespace

// --- Out of a tape, and back

BlackBox::BlackBox(const Tape& tape) {
  const detail::Pass& pass = detail::Pass::of(tape);
  const ParameterStore& store = pass.store();
  store_options_ = {.seed = store.seed(), .scalar = store.scalar()};
  tape_options_ = {
      .mode = pass.mode(), .check_finite = true, .step = pass.step(), .first_column = pass.first_column()};
  const StoreLayout& layout = store.layout();
  std::uint32_t entry = 0;
  for (const auto& slot : layout.parameters) parameters_.push_back({slot.name, copy_of(pass.entry(entry++))});
  for (const auto& slot : layout.buffers) buffers_.push_back({slot.name, copy_of(pass.entry(entry++))});
  for (const detail::Entry& e : pass.entries()) {
    if (e.input && !e.released) inputs_.push_back({e.variable, copy_of(e)});
  }
}

void BlackBox::restore(ParameterStore& store) const {
  if (store.seed() != store_options_.seed) {
    throw UsageError({.who = "BlackBox",
                      .given = "a store of seed " + std::to_string(store.seed()),
                      .wanted = std::to_string(store_options_.seed),
                      .hint = "td::ParameterStore store{box.store_options()}"});
  }
  if (store.scalar() != store_options_.scalar) {
    throw ScalarError({.who = "BlackBox",
                       .given = std::string("a store of ") + name_of(store.scalar()),
                       .wanted = name_of(store_options_.scalar),
                       .hint = "td::ParameterStore store{box.store_options()}"});
  }
  require_same(store.layout().parameters, parameters_, "parameter");
  require_same(store.layout().buffers, buffers_, "buffer");
  with_scalar(store.scalar(), [&]<class T>(T) {
    for (const Stored& p : parameters_) store.parameter(p.name).value<T>() = std::get<Matrix<T>>(p.values);
    for (const Stored& b : buffers_) store.buffer<T>(b.name) = std::get<Matrix<T>>(b.values);
  });
}

std::vector<Value> BlackBox::inputs(Tape& tape) const {
  std::vector<Value> values;
  for (const Input& input : inputs_) {
    values.push_back(std::visit(
        [&](const auto& m) { return input.variable ? tape.variable(m) : tape.input(m); }, input.values));
  }
  return values;
}

// --- Into a file, and out of it

void BlackBox::write(const std::string& file) const {
  std::string text(title);
  text += "\nseed " + std::to_string(store_options_.seed) + "\nscalar " + name_of(store_options_.scalar) +
          "\nmode " + (tape_options_.mode == train ? "train" : "evaluate") + "\nstep " +
          std::to_string(tape_options_.step.value_or(0)) + "\nfirst_column " +
          std::to_string(tape_options_.first_column) + '\n';
  for (const Stored& p : parameters_) {
    text += "parameter " + p.name + ' ';
    append_matrix(text, p.values);
  }
  for (const Stored& b : buffers_) {
    text += "buffer " + b.name + ' ';
    append_matrix(text, b.values);
  }
  for (const Input& i : inputs_) {
    text += i.variable ? "variable " : "input ";
    append_matrix(text, i.values);
  }
  text += "end\n";

  const std::string part = file + ".part";
  std::ofstream out(part, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(part, file, error);
  if (out && !error) return;
  const std::string reason = error ? error.message() : "writing " + part + " failed";
  std::filesystem::remove(part, error);
  refuse_file(file, reason, "a folder that can be written to, and room on the disk");
}

/// Reads the file's words one after another.
class BlackBox::Reader {
 public:
  Reader(const std::string& file, std::string_view text) : file_(file), rest_(text) {}

  std::string_view word(const char* wanted) {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\n')) {
      if (rest_.front() == '\n') ++line_;
      rest_.remove_prefix(1);
    }
    const std::string_view found = rest_.substr(0, rest_.find_first_of(" \n"));
    if (found.empty()) refuse("the end of the file", wanted);
    rest_.remove_prefix(found.size());
    return found;
  }
  void expect(const char* wanted) {
    const std::string_view found = word(wanted);
    if (found != wanted) refuse(found, wanted);
  }
  /// One of two words: whether it is the second.
  bool either(const char* first, const char* second) {
    const std::string wanted = std::string(first) + " or " + second;
    const std::string_view found = word(wanted.c_str());
    if (found != first && found != second) refuse(found, wanted);
    return found == second;
  }
  template <class T>
  T number(const char* wanted) {
    const std::string_view found = word(wanted);
    T x{};
    if (!parse_number(found, x)) refuse(found, wanted);
    return x;
  }
  AnyMatrix matrix() {
    const std::string_view element = word("float, double or index");
    if (element == name_of(Element::real32)) return elements<float>();
    if (element == name_of(Element::real64)) return elements<double>();
    if (element == name_of(Element::index)) return elements<Index>();
    refuse(element, "float, double or index");
  }
  /// One that holds the store's scalar.
  AnyMatrix matrix(Scalar scalar) {
    const bool is_double = either("float", "double");
    if (is_double != (scalar == f64)) refuse(is_double ? "double" : "float", name_of(scalar));
    return is_double ? elements<double>() : elements<float>();
  }
  [[noreturn]] void refuse(std::string_view given, const std::string& wanted) const {
    refuse_file(file_, "line " + std::to_string(line_) + ": \"" + std::string(given.substr(0, 40)) + "\"",
                wanted);
  }

 private:
  template <class T>
  AnyMatrix elements() {
    const auto rows = number<Index>("a number of rows");
    const auto cols = number<Index>("a number of columns");
    // Each element takes two characters at least, so an absurd size is found out before memory is asked for.
    if (rows >> 32U != 0 || cols >> 32U != 0 || rows * cols > rest_.size() / 2)
      refuse(std::to_string(rows) + " " + std::to_string(cols), "as many elements as follow");
    Matrix<T> m(rows, cols);
    for (T& x : m) x = number<T>("an element of the matrix");
    return m;
  }

  const std::string& file_;
  std::string_view rest_;
  std::size_t line_ = 1;
};

BlackBox BlackBox::read(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  if (!in.is_open() || in.fail()) refuse_file(file, "no file that can be read", "a black box");
  const std::string text = bytes.str();
  if (!text.starts_with(title))
    refuse_file(file, "another kind of file", "one that begins \"" + std::string(title) + "\"");

  Reader reader(file, std::string_view(text));
  for (const char* word : {"tapedeck", "black", "box", "1", "seed"}) reader.expect(word);
  BlackBox box;
  box.store_options_.seed = reader.number<std::uint64_t>("a seed");
  reader.expect("scalar");
  box.store_options_.scalar = reader.either("float", "double") ? f64 : f32;
  reader.expect("mode");
  box.tape_options_.mode = reader.either("train", "evaluate") ? evaluate : train;
  reader.expect("step");
  box.tape_options_.step = reader.number<std::uint64_t>("a step");
  reader.expect("first_column");
  box.tape_options_.first_column = reader.number<Index>("a column");
  box.tape_options_.check_finite = true;
  for (;;) {
    const char* const wanted = "parameter, buffer, input, variable or end";
    const std::string_view kind = reader.word(wanted);
    if (kind == "end") return box;
    if (kind == "parameter" || kind == "buffer") {
      const std::string name(reader.word("a name"));
      (kind == "buffer" ? box.buffers_ : box.parameters_)
          .push_back({name, reader.matrix(box.store_options_.scalar)});
    } else if (kind == "input" || kind == "variable") {
      const bool variable = kind == "variable";
      box.inputs_.push_back(
          {variable, variable ? reader.matrix(box.store_options_.scalar) : reader.matrix()});
    } else {
      reader.refuse(kind, wanted);
    }
  }
}

}  // namespace tapedeck
