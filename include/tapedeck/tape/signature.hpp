#pragma once

/// @file
/// What an op takes and gives, read at compile time from one line of text.

#include <array>
#include <cstdint>
#include <string_view>

namespace tapedeck {

/// The signature of an op, a literal text:
///
///     "w(m,n)* b(m,1) x(n,b)* -> y(m,b)"          an affine map
///     "x(f,b) -> y(f,b)*"                         tanh: the vjp needs the output
///     "x(f,b) -> y(f,b) | mask(f,b)"              dropout: the forward saves a mask for the vjp
///     "z(c,b)* t(1,b):index -> l(1,1) | p(c,b)"   a loss on class labels
///     "x(f,b):zero -> y(f,b)"                     sign
///
/// Inputs, `->`, outputs, and after `|` what the forward saves for the vjp besides. Each operand has a name
/// and (rows, columns): a word stands for the same size wherever it occurs, a number for itself. `*` keeps an
/// input or an output for the vjp; `:index` marks integers, which get no cotangent; `:zero` marks an input
/// whose derivative is zero by design, as of sign and argmax: vjp gets no sink for it, and nothing flows
/// back.
///
/// A text that cannot be read gives a Signature with a fault, and an op that cannot be applied: it does not
/// compile.
class Signature {
 public:
  /// Why a text cannot be read.
  enum class Fault : std::uint8_t {
    none,               ///< it can be read
    no_arrow,           ///< there is no `->`
    no_input,           ///< nothing stands before `->`
    no_output,          ///< nothing stands after `->`
    malformed_operand,  ///< an operand is not name(rows,columns), then :index or :zero, then *
    malformed_size,     ///< a size is neither a word nor a number below 2^32
    name_twice,         ///< two operands have one name
    too_many_sizes,     ///< more than 8 different words
    too_many_operands,  ///< more than 8 inputs, 4 outputs or 4 saved matrices
  };
  /// A number of rows or columns.
  struct Size {
    bool word = false;         ///< a word, to be bound when the op is applied; or else a number
    std::uint32_t number = 0;  ///< the word's number, or the size itself
  };
  /// One matrix that an op takes, gives or saves.
  struct Operand {
    std::string_view name;  ///< as errors and tables call it
    Size rows;              ///< features, mostly
    Size cols;              ///< samples, mostly
    bool kept = false;      ///< for the vjp: it is marked `*`, or saved
    bool index = false;     ///< it holds integers: it is marked `:index`
    bool zero = false;      ///< an input whose derivative is zero by design: it is marked `:zero`
    /// Whether vjp gets a sink for it, if it is an input.
    constexpr bool differentiated() const { return !index && !zero; }
  };
  /// Operands in their order, at most `Capacity` of them.
  template <std::size_t Capacity>
  struct List {
    std::array<Operand, Capacity> items{};  ///< the first `size` count
    std::size_t size = 0;                   ///< how many there are
    /// Operand i, which is not checked to be below `size`.
    constexpr const Operand& operator[](std::size_t i) const { return items[i]; }
  };
  /// How many different words a signature may have for its sizes.
  static constexpr std::size_t max_words = 8;

 private:  // ahead of the constructor: Clang 14 evaluates only what stands before
  static consteval bool letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }
  static consteval bool digit(char c) { return c >= '0' && c <= '9'; }

  // Ends the reading; the first fault counts.
  consteval void fail(Fault why) {
    if (fault == Fault::none) {
      fault = why;
      unread = rest_;
    }
    rest_ = {};
  }
  consteval void skip_spaces() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
  }
  consteval bool skip(std::string_view token) {
    skip_spaces();
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    skip_spaces();
    return true;
  }
  consteval void expect(std::string_view token) {
    if (!skip(token)) fail(Fault::malformed_operand);
  }
  // Empty if there is none.
  consteval std::string_view word() {
    std::size_t n = 0;
    while (n < rest_.size() && (letter(rest_[n]) || (n > 0 && digit(rest_[n])))) ++n;
    const std::string_view found = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return found;
  }
  consteval Size number() {
    std::uint64_t n = 0;
    while (!rest_.empty() && digit(rest_.front())) {
      n = 10 * n + static_cast<std::uint64_t>(rest_.front() - '0');
      rest_.remove_prefix(1);
      if (n >> 32U != 0) fail(Fault::malformed_size);
    }
    return {.word = false, .number = static_cast<std::uint32_t>(n)};
  }
  consteval Size size() {
    if (!rest_.empty() && digit(rest_.front())) return number();
    const std::string_view name = word();
    if (name.empty()) fail(Fault::malformed_size);
    for (std::uint32_t i = 0; i < word_count; ++i) {
      if (words[i] == name) return {.word = true, .number = i};
    }
    if (word_count == max_words) {
      fail(Fault::too_many_sizes);
      return {};
    }
    words[word_count] = name;
    return {.word = true, .number = static_cast<std::uint32_t>(word_count++)};
  }
  consteval bool has(std::string_view name) const {
    const auto in = [name](const auto& list) {
      for (std::size_t i = 0; i < list.size; ++i) {
        if (list[i].name == name) return true;
      }
      return false;
    };
    return in(inputs) || in(outputs) || in(saved);
  }
  template <std::size_t Capacity>
  consteval void add(List<Capacity>& list, bool input = false) {
    if (list.size == Capacity) return fail(Fault::too_many_operands);
    Operand operand;
    operand.name = word();
    if (operand.name.empty()) return fail(Fault::malformed_operand);
    if (has(operand.name)) return fail(Fault::name_twice);
    expect("(");
    operand.rows = size();
    expect(",");
    operand.cols = size();
    expect(")");
    if (skip(":index")) operand.index = true;
    if (input && skip(":zero")) operand.zero = true;
    if (skip("*")) operand.kept = true;
    skip_spaces();
    list.items[list.size++] = operand;
  }

 public:
  /// Reads the text at compile time; `fault` tells whether it could.
  // NOLINTNEXTLINE(google-explicit-constructor): a literal is to become a Signature
  consteval Signature(const char* text) : rest_(text) {
    skip_spaces();
    while (!rest_.empty() && !rest_.starts_with("->")) add(inputs, true);
    if (!skip("->")) fail(Fault::no_arrow);
    if (inputs.size == 0) fail(Fault::no_input);
    while (!rest_.empty() && !skip("|")) add(outputs);
    if (outputs.size == 0) fail(Fault::no_output);
    while (!rest_.empty()) add(saved);
    for (std::size_t i = 0; i < saved.size; ++i) saved.items[i].kept = true;
  }

  List<8> inputs;                                   ///< before `->`
  List<4> outputs;                                  ///< after `->`
  List<4> saved;                                    ///< after `|`; all of them are kept
  std::array<std::string_view, max_words> words{};  ///< those of sizes, in the order of first occurrence
  std::size_t word_count = 0;                       ///< how many of `words` there are
  Fault fault = Fault::none;                        ///< the first that was found
  std::string_view unread;                          ///< the text from the fault on; empty if there is none

 private:
  std::string_view rest_;
};

}  // namespace tapedeck
