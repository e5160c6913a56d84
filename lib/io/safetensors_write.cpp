#include "io/safetensors_write.hpp"

#include <algorithm>
#include <bit>
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
#include "tapedeck/core/parallel.hpp"
#include "tapedeck/io/safetensors.hpp"

namespace tapedeck {
namespace io {
namespace {

static_assert(std::endian::native == std::endian::little, "what lies in memory is copied as it is");

constexpr Index chunk_size = 1 << 21;  // rows that are longer than a sixteenth of it are slow to transpose

void require_name(std::string_view name, std::string_view taken, const std::string& what,
                  const std::string& path) {
  if (name == taken) {
    throw FileError({.who = path,
                     .given = what + " of the name " + in_quotes(name),
                     .wanted = "another name",
                     .hint = "files have it for something else"});
  }
  if (name.size() > longest_name) {
    throw NameError({.who = path,
                     .given = what + " of the name " + in_quotes(name),
                     .wanted = "a name of 512 bytes at most"});
  }
  if (is_utf8(name)) return;
  throw FileError(
      {.who = path, .given = what + " of the name " + in_quotes(name), .wanted = "a name in UTF-8"});
}

Tensor tensor_of(const Item& item) {
  return std::visit(
      [&]<class T>(const Matrix<T>* m) {
        constexpr Dtype dtype = element_of<T> == Element::real32   ? Dtype::f32
                                : element_of<T> == Element::real64 ? Dtype::f64
                                                                   : Dtype::i64;
        return Tensor{.name = std::string(item.name),
                      .dtype = dtype,
                      .sizes = item.dimensions,
                      .end = m->n_elem * sizeof(T)};
      },
      item.value);
}

// One tensor after the other, as the header is to describe them.
struct Plan {
  std::vector<const Item*> items;
  Header header;
};

Plan plan(const std::vector<Item>& items, const std::map<std::string, std::string>& words,
          const std::string& path) {
  std::vector<std::pair<Tensor, const Item*>> tensors;
  for (const Item& item : items) {
    require_name(item.name, words_key, "a matrix", path);
    tensors.emplace_back(tensor_of(item), &item);
  }
  std::sort(tensors.begin(), tensors.end(), [](const auto& a, const auto& b) {
    const Index size_a = size_in_bits(a.first.dtype);
    const Index size_b = size_in_bits(b.first.dtype);
    return size_a != size_b ? size_a > size_b : a.first.name < b.first.name;
  });
  Plan plan;
  std::uint64_t place = 0;
  for (auto& [tensor, item] : tensors) {
    tensor.begin = std::exchange(place, place + tensor.end);
    tensor.end = place;
    plan.header.tensors.push_back(std::move(tensor));
    plan.items.push_back(item);
  }
  for (const auto& [name, text] : words) {
    require_name(name, checksum_key, "words", path);
    if (!is_utf8(text)) {
      throw FileError(
          {.who = path, .given = "words " + in_quotes(name) + " not in UTF-8", .wanted = "text in UTF-8"});
    }
  }
  plan.header.words = words;
  return plan;
}

class Writer {
 public:
  explicit Writer(const std::string& path) : file_(path) {}

  // Hashes and writes at the same time: each takes about as long.
  void add(std::span<const std::byte> bytes) {
    parallel(2, [&](Index task) {
      if (task == 0) hash_.add(bytes);
      if (task == 1) file_.write(place_, bytes);
    });
    place_ += bytes.size();
  }

  template <class T>
  void add_matrix(const Matrix<T>& m) {
    chunk_.resize(std::max<Index>(chunk_.size(), std::min(chunk_size, m.n_elem * sizeof(T))));
    for_each_block(shape_of(m), chunk_size / sizeof(T), [&](const Block& block) {
      const auto bytes = std::span(chunk_).first(block.size() * sizeof(T));
      to_row_major(m.memptr() + block.offset(m.n_rows), m.n_rows, block.rows, block.cols, bytes.data());
      add(bytes);
    });
  }

  // The digits take the place of the zeros that they were hashed as.
  void finish(std::uint64_t digits_place, const std::string& ending) {
    const std::string digits = hash_.hex();
    file_.write(digits_place, std::as_bytes(std::span(digits)));
    file_.commit(ending);
  }

 private:
  DurableFile file_;
  std::vector<std::byte> chunk_;
  std::uint64_t place_ = 0;
  Sha256 hash_;
};

}  // namespace

std::vector<Item> items_of(const StateDict& state) {
  std::vector<Item> items;
  items.reserve(state.entries().size());
  for (const StateDict::Entry& entry : state.entries()) {
    std::visit([&](const auto& m) { items.push_back({entry.name, &m, *entry.dimensions}); }, entry.value);
  }
  return items;
}

void write_safetensors(const std::string& path, const std::vector<Item>& items,
                       const std::map<std::string, std::string>& words, const std::string& ending) {
  const Plan plan = io::plan(items, words, path);
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
  for (const Item* item : plan.items) {
    std::visit([&](const auto* m) { writer.add_matrix(*m); }, item->value);
  }
  writer.finish(sizeof size + digits_at, ending);
}

}  // namespace io

void write_safetensors(const std::string& path, const StateDict& state) {
  io::write_safetensors(path, io::items_of(state), state.words());
}

}  // namespace tapedeck
