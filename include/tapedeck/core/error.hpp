#pragma once

/// @file
/// The errors that the library throws. It never prints and never exits.

#include <stdexcept>
#include <string>

#include "tapedeck/core/api.hpp"

namespace tapedeck {

/// What every error says: who complains, what was given, what was wanted, and a hint where there is one.
struct Complaint {
  std::string who;          ///< a layer, a function, an option's owner: "fc_2 (affine)"
  std::string given;        ///< "x is 783x64"
  std::string wanted = {};  ///< "784 rows", or empty
  std::string hint = {};    ///< "one column is one sample", or empty
};

/// Base of all errors. `what()` reads "who: given; expected wanted (hint)". Besides these
/// come out of the library only std::bad_alloc, Armadillo's std::logic_error where a view is resized, and
/// what the user's own functions throw.
class TAPEDECK_API Error : public std::runtime_error {
 public:
  /// Takes the complaint over; every kind of error is made in this way.
  explicit Error(Complaint complaint);
  ~Error() override;

  /// The complaint in one sentence.
  const char* what() const noexcept override { return sentence_.c_str(); }

  /// Who complains.
  const std::string& who() const noexcept { return complaint_.who; }
  /// What was given.
  const std::string& given() const noexcept { return complaint_.given; }
  /// What was wanted; may be empty.
  const std::string& wanted() const noexcept { return complaint_.wanted; }
  /// What to look at; may be empty.
  const std::string& hint() const noexcept { return complaint_.hint; }

  /// Says more exactly who complains: what is thrown inside an op does not know which layer the op works for.
  void set_who(std::string who);

 private:
  Complaint complaint_;
  std::string sentence_;
};

/// A matrix has the wrong shape for its place.
struct TAPEDECK_API ShapeError : Error {
  using Error::Error;
};
/// A matrix holds float where double was asked for, or an index where a number was, and so on.
struct TAPEDECK_API ScalarError : Error {
  using Error::Error;
};
/// A name is unknown, empty, ill-formed or taken.
struct TAPEDECK_API NameError : Error {
  using Error::Error;
};
/// An option or an argument lies outside its range.
struct TAPEDECK_API OptionError : Error {
  using Error::Error;
};
/// A class label lies outside the classes.
struct TAPEDECK_API LabelError : Error {
  using Error::Error;
};
/// A Value, Parameter or Buffer is stale, released, or belongs elsewhere.
struct TAPEDECK_API HandleError : Error {
  using Error::Error;
};
/// A call came at the wrong time: a tape played twice, a sealed store added to, training without a loss.
struct TAPEDECK_API UsageError : Error {
  using Error::Error;
};
/// An op broke its contract: its vjp left a wanted cotangent untouched, or Armadillo refused a shape in its
/// forward or vjp.
struct TAPEDECK_API ContractError : Error {
  using Error::Error;
};
/// A file cannot be read or written, or does not hold what it should.
struct TAPEDECK_API FileError : Error {
  using Error::Error;
};
/// What was saved does not fit what it is to be put back into.
struct TAPEDECK_API StateError : Error {
  using Error::Error;
};
/// The memory or address space left is too small for what a library needs that cannot report it.
struct TAPEDECK_API MemoryError : Error {
  using Error::Error;
};
/// NaN or Inf where finite numbers were asked for.
struct TAPEDECK_API NonFiniteError : Error {
  using Error::Error;
};

}  // namespace tapedeck
