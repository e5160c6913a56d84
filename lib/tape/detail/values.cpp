#include "tapedeck/tape/detail/values.hpp"

#include "tapedeck/core/error.hpp"

namespace tapedeck::detail {

std::uint32_t Values::append_alias(std::uint32_t of) {
  const Entry e = entries_[of];
  const std::uint32_t i = append_view(e.element, e.shape(), e.data, false);
  entries_[i].root = e.root;
  entries_[i].owned = e.owned;
  return i;
}

// Finds the parameter or buffer that an address within the store's memory lies in. Padding belongs to none,
// and nobody can borrow it.
std::uint32_t Values::stored_at(const void* data) const {
  std::uint32_t i = 0;
  while (i + 1 < stored_count_ &&
         !Range{static_cast<const std::byte*>(entries_[i].data), entries_[i].bytes()}.holds(data))
    ++i;
  return i;
}

void Values::begin(ParameterStore& store, bool train) {
  if (!lists(store, train)) list(store, train);
}

bool Values::lists(const ParameterStore& store, bool train) const {
  return listed_.store == store.internals().number() && listed_.train == train &&
         listed_.frozen == store.internals().frozen();
}

void Values::list(ParameterStore& store, bool train) {
  listed_.store = 0;
  entries_.clear();
  with_scalar(store.scalar(), [&]<class T>(T) {
    const auto append_all = [&](FlatBuffer& flat, const std::uint8_t* frozen, Range& range) {
      T* const data = flat.data<T>();
      range = {reinterpret_cast<const std::byte*>(data), flat.size() * sizeof(T)};
      for (const auto& [offset, shape] : flat.extents().slots) {
        const bool wanted = train && frozen != nullptr && *frozen++ == 0;
        append_view(element_of<T>, shape, data + offset, wanted);
      }
    };
    append_all(store.values(), store.internals().frozen().data(), parameters_);
    parameter_count_ = size();
    append_all(store.buffers(), nullptr, buffers_);
    stored_count_ = size();
  });
  listed_.frozen = store.internals().frozen();
  listed_.train = train;
  listed_.store = store.internals().number();  // last: all that is above may throw
}

void Values::end() noexcept {
  base_ += entries_.size();
  if (entries_.size() > stored_count_) entries_.resize(stored_count_);
  memory_.rewind();
}

void Values::clear() {
  base_ += entries_.size();
  std::vector<Entry>{}.swap(entries_);
  listed_ = {};
  parameter_count_ = stored_count_ = 0;
  parameters_ = buffers_ = {};
  memory_ = Arena{};
}

void Values::refuse_size(Shape shape) {
  throw ShapeError({.who = "tape",
                    .given = to_string(shape),
                    .wanted = "fewer than 2^32 rows and columns, and 2^44 elements"});
}

}  // namespace tapedeck::detail
