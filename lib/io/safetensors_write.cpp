#include "io/safetensors_write.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>
#include <variant>
#include <vector>

#include "core/text.hpp"
#include "io/durable_file.hpp"
#include "io/row_major.hpp"
#include "io/safetensors_header.hpp"
#include "io/sha256.hpp"
#include "io/utf8.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck {
namespace io {
namespace {

static_assert(std::endian::native == std::endian::little, "what lies in memory is copied as it is");

constexpr std::size_t chunk_size = 1 << 20;

void require_name(const std::string& name, std::string_view taken, const std::string& what,
                  const std::string& path) {
  if (name == taken) {
    throw FileError({.who = path,
                     .given = what + " of the name " + in_quotes(name),
                     .wanted = "another name",
                     .hint = "files have it for something else"});
  }
  if (is_utf8(name)) return;
  throw FileError(
      {.who = path, .given = what + " of the name " + in_quotes(name), .wanted = "a name in UTF-8"});
}

Tensor tensor_of(const StateDict::Entry& entry) {
  return std::visit(
      [&]<class T>(const Matrix<T>& m) {
        constexpr Dtype dtype = element_of<T> == Element::real32   ? Dtype::f32
                                : element_of<T> == Element::real64 ? Dtype::f64
                                                                   : Dtype::u64;
        Tensor t{.name = entry.name, .dtype = dtype, .sizes = {m.n_rows}, .end = m.n_elem * sizeof(T)};
        if (!entry.vector) t.sizes.push_back(m.n_cols);
        return t;
      },
      entry.value);
}

// One tensor after the other, as the header is to describe them.
struct Plan {
  std::vector<const StateDict::Entry*> entries;
  Header header;
};

Plan plan(const StateDict& state, const std::string& path) {
  std::vector<std::pair<Tensor, const StateDict::Entry*>> tensors;
  for (const auto& entry : state.entries()) {
    require_name(entry.name, words_key, "a matrix", path);
    tensors.emplace_back(tensor_of(entry), &entry);
  }
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) {
    const Index size_a = size_in_bytes(a.first.dtype);
    const Index size_b = size_in_bytes(b.first.dtype);
    return size_a != size_b ? size_a > size_b : a.first.name < b.first.name;
  });
  Plan plan;
  std::uint64_t place = 0;
  for (auto& [tensor, entry] : tensors) {
    tensor.begin = std::exchange(place, place + tensor.end);
    tensor.end = place;
    plan.header.tensors.push_back(std::move(tensor));
    plan.entries.push_back(entry);
  }
  for (const auto& [name, words] : state.words()) {
    require_name(name, checksum_key, "words", path);
    if (!is_utf8(words)) {
      throw FileError(
          {.who = path, .given = "words " + in_quotes(name) + " not in UTF-8", .wanted = "text in UTF-8"});
    }
  }
  plan.header.words = state.words();
  return plan;
}

class Writer {
 public:
  explicit Writer(const std::string& path) : file_(path), chunk_(chunk_size) {}

  void add(std::span<const std::byte> bytes) {
    hash_.add(bytes);
    file_.write(place_, bytes);
    place_ += bytes.size();
  }

  template <class T>
  void add_matrix(const Matrix<T>& m) {
    RowMajor places(shape_of(m));
    for (Index left = m.n_elem; left > 0;) {
      const Index count = std::min<Index>(left, chunk_size / sizeof(T));
      for (Index i = 0; i < count; ++i) {
        std::memcpy(chunk_.data() + i * sizeof(T), m.memptr() + places.next(), sizeof(T));
      }
      add(std::span(chunk_).first(count * sizeof(T)));
      left -= count;
    }
  }

  // The digits take the place of the zeros that they were hashed as.
  void finish(std::uint64_t digits_place, const std::string& second_name) {
    const std::string digits = hash_.hex();
    file_.write(digits_place, std::as_bytes(std::span(digits)));
    file_.commit(second_name);
  }

 private:
  DurableFile file_;
  std::vector<std::byte> chunk_;
  std::uint64_t place_ = 0;
  Sha256 hash_;
};

}  // namespace

void write_safetensors(const std::string& path, const StateDict& state, const std::string& second_name) {
  const Plan plan = io::plan(state, path);
  const std::string json = compose_header(plan.header);
  const std::uint64_t size = json.size();
  if (size > longest_header) {
    throw FileError({.who = path,
                     .given = "a header of " + std::to_string(size) + " bytes",
                     .wanted = "100000000 at most",
                     .hint = "there are too many names or words"});
  }
  Writer writer(path);
  writer.add(std::as_bytes(std::span(&size, 1)));
  writer.add(std::as_bytes(std::span(json)));
  for (const StateDict::Entry* entry : plan.entries) {
    std::visit([&](const auto& m) { writer.add_matrix(m); }, entry->value);
  }
  writer.finish(sizeof size + digits_at, second_name);
}

}  // namespace io

void write_safetensors(const std::string& path, const StateDict& state) {
  io::write_safetensors(path, state, "");
}

}  // namespace tapedeck
