#include "tapedeck/io/weights.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/text.hpp"
#include "io/huge_pages.hpp"
#include "io/row_major.hpp"
#include "io/safetensors_elements.hpp"
#include "io/safetensors_reader.hpp"
#include "io/safetensors_write.hpp"
#include "param/weight_dimensions.hpp"
#include "state/misfits.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck {
namespace {

// Calls visit(slot's description, flat buffer, number of the slot) for each parameter, then each buffer.
template <class Visit>
void for_each_weight(ParameterStore& store, const Visit& visit) {
  FlatBuffer& values = store.values();
  FlatBuffer& buffers = store.buffers();
  const detail::StoreLayout& layout = store.internals().layout();
  for (Index i = 0; i < layout.parameters.size(); ++i) visit(layout.parameters[i], values, i);
  for (Index i = 0; i < layout.buffers.size(); ++i) visit(layout.buffers[i], buffers, i);
}

// Where a tensor goes.
struct Place {
  std::string_view name;
  Shape shape;
  FlatBuffer* buffer;
  Index slot;
  const io::Tensor* tensor = nullptr;  // that goes there, if one fits
  const std::byte* bytes = nullptr;    // of it, as in the file
};

// Says why a tensor cannot go there; empty if it can. A vector goes to a column or to a row.
std::string misfit(const io::Tensor& t, const Place& place) {
  const auto is_real = [](auto zero) { return !std::is_same_v<decltype(io::decoded(zero)), Index>; };
  if (!io::is_readable(t.dtype) || !io::with_stored(t.dtype, is_real)) {
    return std::string("of ") + io::name_of(t.dtype) + " instead of " + name_of(place.buffer->scalar());
  }
  const Shape shape = t.shape();
  const bool row = t.sizes.size() == 1 && place.shape == Shape{1, shape.rows};
  return row || shape == place.shape ? "" : to_string(shape) + " instead of " + to_string(place.shape);
}

// Says which number the store's scalar cannot hold; empty if there is none. Only a double can be too large
// for a float: it is, where it would be rounded to infinity.
std::string overflow(const Place& place) {
  if (place.tensor->dtype != io::Dtype::f64 || place.buffer->scalar() != Scalar::f32) return "";
  constexpr double too_large = 0x1.ffffffp127;  // halfway from the largest float to 2^128
  for (Index i = 0; i < place.shape.size(); ++i) {
    double x = 0;
    std::memcpy(&x, place.bytes + i * sizeof x, sizeof x);
    if (!std::isfinite(x) || std::abs(x) < too_large) continue;
    return to_text(x) + " at its element " + std::to_string(i) + ", too large for a float";
  }
  return "";
}

void put(const Place& place) {
  with_scalar(place.buffer->scalar(), [&]<class T>(T) {
    io::with_stored(place.tensor->dtype, [&]<class Stored>(Stored) {
      io::from_row_major<Stored>(place.bytes, place.shape.rows, place.shape.cols,
                                 place.buffer->matrix<T>(place.slot).memptr(), place.shape.rows,
                                 [](Stored x) { return static_cast<T>(io::decoded(x)); });
    });
  });
}

// The tensors of a file that have a place in a store. What they are in the file is kept until all is known to
// be right: nothing else takes memory.
class Loading {
 public:
  Loading(io::Reader& reader, ParameterStore& store) : reader_(reader), store_(store) {
    for_each_weight(store, [&](const auto& slot, FlatBuffer& buffer, Index number) {
      places_.push_back({slot.name, slot.shape, &buffer, number});
    });
    for (Place& place : places_) by_name_.emplace(place.name, &place);
    find_tensors();
  }

  // Reads all of the file.
  void read() {
    std::uint64_t size = 0;
    for (const Place& place : places_) size += bytes_of(place);
    memory_ = std::make_unique_for_overwrite<std::byte[]>(size);
    detail::prefer_huge_pages(memory_.get(), size);
    std::byte* next = memory_.get();
    for (const io::Tensor& t : reader_.header().tensors) {
      const auto place = by_name_.find(t.name);
      if (place == by_name_.end() || place->second->tensor != &t) {
        reader_.skip(t.end - t.begin);
        continue;
      }
      reader_.read({next, t.end - t.begin});
      place->second->bytes = next;
      next += t.end - t.begin;
    }
  }

  // StateError of `who` unless all that was read fits.
  void require_fit(bool complete, const std::string& who) {
    for (const Place& place : places_) {
      if (place.tensor == nullptr) continue;
      const std::string what = overflow(place);
      if (!what.empty()) misfits_.push_back(in_quotes(place.name) + " is " + what);
    }
    if (complete) misfits_.insert(misfits_.end(), left_over_.begin(), left_over_.end());
    require_no_misfits(misfits_, who);
  }

  // Puts it into the store.
  void commit() {
    for (const Place& place : places_) put(place);
    store_.internals().note_change("a state that was restored");
  }

 private:
  static std::uint64_t bytes_of(const Place& place) {
    return place.tensor == nullptr ? 0 : place.tensor->end - place.tensor->begin;
  }

  void find_tensors() {
    std::unordered_map<std::string_view, const io::Tensor*> tensors;
    for (const io::Tensor& t : reader_.header().tensors) {
      tensors.emplace(t.name, &t);
      if (!by_name_.contains(t.name)) left_over_.push_back(in_quotes(t.name) + " is left over");
    }
    for (Place& place : places_) {
      const auto found = tensors.find(place.name);
      const std::string what = found == tensors.end() ? "missing" : misfit(*found->second, place);
      if (what.empty()) {
        place.tensor = found->second;
      } else {
        misfits_.push_back(in_quotes(place.name) + " is " + what);
      }
    }
  }

  io::Reader& reader_;
  ParameterStore& store_;
  std::vector<Place> places_;
  std::unordered_map<std::string_view, Place*> by_name_;
  std::vector<std::string> misfits_;
  std::vector<std::string> left_over_;
  std::unique_ptr<std::byte[]> memory_;
};

}  // namespace

void save_weights(const std::string& path, ParameterStore& store) {
  std::vector<io::Item> items;
  for_each_weight(store, [&](const auto& slot, FlatBuffer& buffer, Index number) {
    with_scalar(buffer.scalar(), [&]<class T>(T) {
      items.push_back({slot.name, &buffer.matrix<T>(number), dimensions_of(slot)});
    });
  });
  io::write_safetensors(path, items, {});
}

void load_weights(const std::string& path, ParameterStore& store, LoadOptions options) {
  const io::FileBytes file(path);
  io::Reader reader(file, io::Checksum::if_present, path);
  Loading loading(reader, store);
  loading.read();
  reader.require_checksum();
  file.require_same_size();
  loading.require_fit(!options.ignore_left_over, path);
  loading.commit();
}

}  // namespace tapedeck
