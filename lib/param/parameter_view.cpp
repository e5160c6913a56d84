#include "tapedeck/param/parameter_view.hpp"

#include "tapedeck/param/parameter_store.hpp"

namespace tapedeck {
namespace {

const detail::StoreLayout::Slot& slot_in(const ParameterStore& store, std::uint32_t slot) {
  return store.internals().layout().parameters[slot];
}

}  // namespace

const std::string& ParameterView::name() const { return slot_in(*store_, slot_).name; }
const std::string& ParameterView::group() const { return slot_in(*store_, slot_).options.group; }
Shape ParameterView::shape() const { return slot_in(*store_, slot_).shape; }
Parameter ParameterView::handle() const { return {store_->internals().family(), slot_}; }
void ParameterView::reset() const {
  with_scalar(store_->scalar(), [&]<class T>(T) {
    Matrix<T>& values = value<T>();
    const Matrix<T> drawn = store_->drawn<T>(slot_, store_->rules_[slot_], store_->seed());  // may throw
    store_->gradients().require_no_backward("reset");
    values = drawn;
  });
  store_->internals_.note_change(slot_, store_->internals_.next_change("reset"));
  *store_->gradients().touch(slot_) = 0;
}
bool ParameterView::frozen() const { return store_->internals_.frozen_[slot_] != 0; }
void ParameterView::freeze() const { store_->internals_.frozen_[slot_] = 1; }
void ParameterView::unfreeze() const { store_->internals_.frozen_[slot_] = 0; }

}  // namespace tapedeck
