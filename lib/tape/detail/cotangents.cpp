#include "tapedeck/tape/detail/cotangents.hpp"

#include <cstring>

namespace tapedeck::detail {

void Cotangents::fill(Gradients* gradients) {
  gradients_ = gradients;
  if (gradients == nullptr) return;
  FlatBuffer& flat = gradients->flat();
  with_scalar(flat.scalar(), [&]<class T>(T) {
    gradient_memory_ = reinterpret_cast<std::byte*>(flat.data<T>());
    gradient_size_ = sizeof(T);
  });
  gradient_slots_ = flat.extents().slots.data();
}

void Cotangents::add(Values& values, std::uint32_t i, Scalar scalar, const void* cotangent) {
  const Target to = target(values, i);
  const Entry& e = values[i];
  if (*to.written != 0) {
    with_scalar(scalar, [&]<class T>(T) {
      for (Index k = 0; k < e.shape().size(); ++k)
        static_cast<T*>(to.data)[k] += static_cast<const T*>(cotangent)[k];
    });
  } else if (e.bytes() > 0) {
    std::memcpy(to.data, cotangent, e.bytes());
  }
  *to.written = 1;
}

const void* Cotangents::read(Values& values, std::uint32_t i) {
  Entry& e = values[i];
  if (e.written != 0) return e.cotangent;
  if (e.cotangent == nullptr) e.cotangent = values.allocate_scratch(e.bytes());
  if (e.bytes() > 0) std::memset(e.cotangent, 0, e.bytes());
  return e.cotangent;
}

const void* Cotangents::contributed(const Values& values, std::uint32_t i) const {
  if (gradients_ == nullptr || !values.is_parameter(i)) {
    return values[i].written != 0 ? values[i].cotangent : nullptr;
  }
  if (gradients_->touched_slots()[i] == 0) return nullptr;
  return gradient_memory_ + gradient_slots_[i].offset * gradient_size_;
}

}  // namespace tapedeck::detail
