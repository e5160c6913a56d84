#pragma once

/// @file
/// What an op takes and gives, read at compile time from one line of text.

#include <array>
#include <cstdint>
#include <string_view>

namespace tapedeck {

/// The signature of an op, such as
///
///     "w(m,n)* b(m,1) x(n,b)* -> y(m,b)"          an affine map
///     "x(f,b) -> y(f,b)*"                         tanh: the vjp needs the output
///     "x(f,b) -> y(f,b) | mask(f,b)"              dropout: the forward saves a mask for the vjp
///     "z(c,b)* t(1,b):index -> l(1,1) | p(c,b)"   a loss on class labels
///
/// Inputs, `->`, outputs, and after `|` what the forward saves for the vjp besides. Each operand has a name
/// and (rows, columns): a word stands for the same size wherever it occurs, a number for itself. `*` keeps an
/// input or an output for the vjp; `:index` marks integers, which get no cotangent.
class Signature {
 public:
  struct Size {
    bool word = false;
    std::uint32_t number = 0;  ///< the word's number, or the size itself
  };
  struct Operand {
    std::string_view name;
    Size rows, cols;
    bool kept = false;
    bool index = false;
  };
  template <std::size_t Capacity>
  struct List {
    std::array<Operand, Capacity> items{};
    std::size_t size = 0;
    constexpr const Operand& operator[](std::size_t i) const { return items[i]; }
  };
  static constexpr std::size_t max_words = 8;

 private:  // ahead of the constructor: Clang 14 evaluates only what stands before
  static consteval bool letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  }
  static consteval bool digit(char c) { return c >= '0' && c <= '9'; }

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
    if (!skip(token))
      throw "a signature reads: name(rows,cols) ... -> name(rows,cols) ... | name(rows,cols) ...";
  }
  consteval std::string_view word() {
    skip_spaces();
    std::size_t n = 0;
    while (n < rest_.size() && (letter(rest_[n]) || (n > 0 && digit(rest_[n])))) ++n;
    if (n == 0) throw "a signature needs a name here";
    const std::string_view found = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return found;
  }
  consteval Size size() {
    skip_spaces();
    if (!rest_.empty() && digit(rest_.front())) {
      std::uint32_t number = 0;
      while (!rest_.empty() && digit(rest_.front())) {
        number = 10 * number + static_cast<std::uint32_t>(rest_.front() - '0');
        rest_.remove_prefix(1);
      }
      return {.word = false, .number = number};
    }
    const std::string_view name = word();
    for (std::uint32_t i = 0; i < word_count; ++i) {
      if (words[i] == name) return {.word = true, .number = i};
    }
    if (word_count == max_words) throw "a signature has too many sizes";
    words[word_count] = name;
    return {.word = true, .number = static_cast<std::uint32_t>(word_count++)};
  }
  template <std::size_t Capacity>
  consteval void add(List<Capacity>& list) {
    if (list.size == Capacity) throw "a signature has too many operands";
    Operand& operand = list.items[list.size++];
    operand.name = word();
    expect("(");
    operand.rows = size();
    expect(",");
    operand.cols = size();
    expect(")");
    if (skip(":index")) operand.index = true;
    if (skip("*")) operand.kept = true;
    skip_spaces();
  }

 public:
  // NOLINTNEXTLINE(google-explicit-constructor): a literal is to become a Signature
  consteval Signature(const char* text) : rest_(text) {
    while (!skip("->")) add(inputs);
    while (!rest_.empty() && !skip("|")) add(outputs);
    while (!rest_.empty()) add(saved);
    if (outputs.size == 0) throw "a signature needs an output after ->";
    for (std::size_t i = 0; i < saved.size; ++i) saved.items[i].kept = true;
  }

  List<8> inputs;
  List<4> outputs;
  List<4> saved;
  std::array<std::string_view, max_words> words{};
  std::size_t word_count = 0;

 private:
  std::string_view rest_;
};

}  // namespace tapedeck
