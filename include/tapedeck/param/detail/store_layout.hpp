#pragma once

/// @file
/// Internal: the names of a store, and where its matrices lie.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tapedeck/core/api.hpp"
#include "tapedeck/core/matrix.hpp"
#include "tapedeck/param/flat_buffer.hpp"
#include "tapedeck/param/parameter.hpp"
#include "tapedeck/param/parameter_options.hpp"

namespace tapedeck::detail {

/// Returns 1, 2, ...: a number that nothing else in this process has.
TAPEDECK_API std::uint64_t unique_number();

/// Everything that a store and its copies agree upon: names, shapes, groups, where each matrix lies. It does
/// not change once the store is sealed.
struct TAPEDECK_API StoreLayout {
  /// A parameter.
  struct Slot {
    std::string name;          ///< in full
    Shape shape;               ///< of value and gradient
    ParameterOptions options;  ///< its fans filled in
  };
  /// A buffer.
  struct BufferSlot {
    std::string name;  ///< in full
    Shape shape;       ///< of its matrix
    double initial;    ///< what every element is at first
  };
  using SlotNumbers = std::map<std::string, std::uint32_t, std::less<>>;

  /// Of no other store, and empty.
  StoreLayout();

  /// NameError of `who` for an ill-formed name or group; `kind` says which it is.
  static void require_well_formed(const std::string& who, const char* kind, std::string_view name);
  /// NameError for a name or group that is ill-formed or taken, ShapeError for one matrix too many.
  void require_possible(const Slot& slot) const;
  /// The same for a buffer.
  void require_possible(const BufferSlot& slot) const;
  /// Adds a parameter that is possible, or nothing if memory runs out. Returns its slot number.
  std::uint32_t add(Slot slot);
  /// The same for a buffer.
  std::uint32_t add(BufferSlot slot);
  /// Finds the groups, the order of parameters in memory, and where each matrix lies.
  void lay_out();

  /// The slot of a parameter or buffer of this name. NameError if there is none, with the nearest name.
  std::uint32_t parameter_slot(std::string_view name) const;
  std::uint32_t buffer_slot(std::string_view name) const;
  /// The slot that a handle means. HandleError if it is of another family, or of a slot that does not exist.
  std::uint32_t slot_of(Parameter parameter) const;
  std::uint32_t slot_of(Buffer buffer) const;
  /// The slots of the selected parameters, in the order of addition. NameError of `who` if there are none.
  std::vector<std::uint32_t> select(const Selection& selection, const char* who) const;

  std::uint64_t family;                              ///< see Handle
  std::vector<Slot> parameters;                      ///< in the order of addition: that of slot numbers
  std::vector<BufferSlot> buffers;                   ///< likewise
  SlotNumbers parameter_slots;                       ///< by name
  SlotNumbers buffer_slots;                          ///< by name
  Index parameter_elements = 0;                      ///< of all parameters together, without padding
  Index buffer_elements = 0;                         ///< of all buffers together
  std::vector<std::string> group_names;              ///< in the order of their runs
  std::vector<std::uint32_t> groups;                 ///< by slot: which of the group names
  std::vector<std::uint32_t> flat_order;             ///< slots as they lie in memory: group by group
  std::shared_ptr<const Extents> parameter_extents;  ///< where values and gradients lie, once sealed
  std::shared_ptr<const Extents> buffer_extents;     ///< where buffers lie, once sealed

 private:
  void require_new_name(const std::string& name) const;
};

}  // namespace tapedeck::detail
