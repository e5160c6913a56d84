#pragma once

/// @file
/// Training that goes on after a crash. Link tapedeck::io.

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tapedeck/core/api.hpp"
#include "tapedeck/param/parameter_store.hpp"
#include "tapedeck/state/state_visitor.hpp"

namespace tapedeck {

/// Objects that are saved together and put back together, or not at all.
///
///     td::Checkpoint checkpoint{store};
///     checkpoint.add("optimizer", optimizer).add("scheduler", scheduler).add("trainer", trainer);
///     if (std::filesystem::exists("run.safetensors")) checkpoint.load("run.safetensors");
///     td::Callback saver;
///     saver.on_batch = [&] { checkpoint.save("run.safetensors"); };
///     trainer.fit(data, {.epochs = 100, .callbacks = {saver}});
///
/// What is put back is what was saved, bit for bit, and training goes on from there as if it had never
/// stopped. A file is a safetensors file (see safetensors.hpp) in which parameters and running statistics
/// have their own names, so that it is a file of weights for Python too; what the others remember is named
/// "optimizer/...". The store and the objects must outlive the Checkpoint. While an object's state is
/// visited, `add`, `save` and `load` throw UsageError.
class TAPEDECK_API Checkpoint {
 public:
  /// Everything that the store remembers.
  explicit Checkpoint(ParameterStore& store) : store_(store) {}

  /// And what this object remembers, under a name of letters, digits, '_' and '-'. NameError for another, for
  /// "store", and for one that is taken.
  template <Stateful T>
  Checkpoint& add(std::string name, T& object) {
    return add_part({std::move(name), [&object](StateVisitor& visitor) { object.visit_state(visitor); }});
  }
  /// Words to keep beside, from the next `save` on: how the model is made, what its classes are called. They
  /// are not put back; a reader finds them with `read_safetensors(path).find_words(name)`. Another call with
  /// the same name replaces them. NameError for the names "format", "tapedeck" and "fingerprint".
  Checkpoint& set_words(const std::string& name, std::string words);

  /// Writes all of it, so that a file of this name is there and whole at every instant. What was there before
  /// keeps a second name, `previous(path)`, once the new file is on the disk; where the file system has no
  /// links, it has that name alone for an instant. A symbolic link stays one, see write_safetensors().
  /// FileError if it cannot; nothing is lost then.
  void save(const std::string& path);
  /// Puts all of it back. FileError if the file cannot be read, is damaged (its checksum is verified before
  /// anything else), or is of a later kind; StateError if it is one of other objects: it names what is
  /// missing, left over or of another shape, and what its objects could not have: a learning rate of NaN, a
  /// decay rate of 1.5, a flag of 7. Nothing is changed then.
  void load(const std::string& path);

  /// Where `save` leaves the file that it replaces: path + ".previous", or beside the file that a symbolic
  /// link points at.
  static std::string previous(const std::string& path);

 private:
  struct Part {
    std::string name;
    std::function<void(StateVisitor&)> visit;
  };
  Checkpoint& add_part(Part part);
  void visit(StateVisitor& visitor);
  void require_no_visit() const;

  ParameterStore& store_;
  std::vector<Part> parts_;
  std::map<std::string, std::string> words_;
  bool visiting_ = false;
};

}  // namespace tapedeck
