#include "tapedeck/param/flat_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <string>
#include <utility>

namespace tapedeck {
namespace {

constexpr std::align_val_t alignment{64};

}  // namespace

FlatBuffer::FlatBuffer(Scalar scalar, std::shared_ptr<const Extents> extents)
    : scalar_(scalar), extents_(std::move(extents)) {
  const Index bytes = size() * size_in_bytes(scalar_);
  memory_.reset(static_cast<std::byte*>(::operator new(bytes, alignment)),
                [](std::byte* memory) { ::operator delete(memory, alignment); });
  std::memset(memory_.get(), 0, bytes);
  const auto make_views = [&]<class T>(std::vector<Matrix<T>>& views) {
    views.reserve(extents_->slots.size());  // once: a relocated view would be copied into memory of its own
    for (const auto& [offset, shape] : extents_->slots) {
      views.emplace_back(data<T>() + offset, shape.rows, shape.cols, false, true);
      pin(views.back());
    }
  };
  if (scalar_ == Scalar::f32) {
    make_views(floats_);
  } else {
    make_views(doubles_);
  }
}

FlatBuffer::FlatBuffer(FlatBuffer&&) noexcept = default;
FlatBuffer& FlatBuffer::operator=(FlatBuffer&&) noexcept = default;
FlatBuffer::~FlatBuffer() = default;

FlatBuffer::FlatBuffer(const FlatBuffer& other) : FlatBuffer(other.scalar_, other.extents_) { assign(other); }

void FlatBuffer::zero() { std::memset(memory_.get(), 0, size() * size_in_bytes(scalar_)); }

void FlatBuffer::assign(const FlatBuffer& other) {
  if (other.extents_ != extents_) {
    throw UsageError({.who = "FlatBuffer::assign",
                      .given = "a buffer of another layout",
                      .wanted = "one of the same store or of a copy of it"});
  }
  if (&other == this) return;
  if (other.scalar_ == scalar_) {
    std::memcpy(memory_.get(), other.memory_.get(), size() * size_in_bytes(scalar_));
    return;
  }
  with_scalar(other.scalar_, [&]<class From>(From) {
    with_scalar(scalar_, [&]<class To>(To) {
      std::transform(other.data<From>(), other.data<From>() + size(), data<To>(),
                     [](From x) { return static_cast<To>(x); });
    });
  });
}

void FlatBuffer::refuse(Scalar asked) const {
  throw ScalarError({.who = "store",
                     .given = std::string("values asked for as ") + name_of(asked),
                     .wanted = name_of(scalar_),
                     .hint = "a store's scalar is chosen when it is made: {.scalar = td::f64}"});
}

void FlatBuffer::refuse_slot(Index slot) const {
  throw HandleError({.who = "FlatBuffer::matrix",
                     .given = "slot " + std::to_string(slot),
                     .wanted = "one of its " + std::to_string(extents_->slots.size())});
}

}  // namespace tapedeck
