#pragma once

/// @file
/// Mutants: functions on a tape with one mistake planted in the vjp of one of their records. The mistake is
/// made at run time, on records of the very ops that are released: a mutant runs the record's own vjp, takes
/// what it contributed to one operand, and passes on something else.

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "tapedeck/tape/detail/pass.hpp"
#include "tapedeck/tape/tape.hpp"

namespace test {

namespace td = tapedeck;

/// A function of the inputs on a tape.
using Function = std::function<td::Value(td::Tape& tape, const std::vector<td::Value>& inputs)>;

/// What is done to the contribution g of one record to one operand, or to one matrix that its vjp reads.
enum class Mutation {
  none,          ///< g, in isolation and then passed on: to see that this alone changes nothing
  sign_flipped,  ///< -g
  doubled,       ///< 2 g
  times_batch,   ///< g times the number of samples
  over_batch,    ///< g divided by it
  lost,          ///< nothing
  last_lost,     ///< g without its last element that is not zero: a loop that ends too early
  transposed,    ///< the elements of g', poured into the shape of g
  other_axis,    ///< for the sum of the output's cotangent over its columns: that over its rows
  first_sample,  ///< what comes of the first sample alone
  overwriting,   ///< g in place of all that was contributed before
  stale,         ///< the matrix is that of the latest forward, on any tape: state kept in the op
  redrawn,       ///< the matrix has its elements shuffled: a mask drawn anew
  garbled,       ///< the matrix is NaN, or labels 0, to see whether the vjp reads it at all
};
const char* name_of(Mutation mutation);
/// By how much a gradient is multiplied: by -1, 2, the batch, its inverse or 0. NaN for the other mutations.
double factor(Mutation mutation, td::Index batch);

/// A matrix that a record of a function reads or contributes to.
struct Site {
  std::size_t record = 0;    ///< which record, in the order they are made
  std::size_t matrix = 0;    ///< which of the record's inputs, outputs and saved matrices, in this order
  std::string op = {};       ///< the record's name
  std::string operand = {};  ///< the matrix's name in the op's signature
  bool wanted = false;       ///< the vjp contributes to it
  bool variable = false;     ///< it is a variable of the tape
  bool parameter = false;
  int uses = 0;           ///< by how many of the function's records
  bool last_use = false;  ///< by none of the function's later records
  bool kept = false;      ///< the vjp is given it
  bool mask = false;      ///< saved, and zero or one other number throughout
};

/// The sites of a function, from a pass in double with these inputs. A matrix that a record takes twice is
/// one site.
std::vector<Site> sites(const Function& function, td::Tape& tape, const std::vector<td::Value>& inputs);

/// A function with one mutation at one site. It must outlive the tapes that it is used on.
class Mutant {
 public:
  Mutant(Function function, const Site& site, Mutation mutation);
  Mutant(const Mutant&) = delete;
  Mutant& operator=(const Mutant&) = delete;

  td::Value operator()(td::Tape& tape, const std::vector<td::Value>& inputs);
  Function function() {
    return [this](td::Tape& tape, const std::vector<td::Value>& inputs) { return (*this)(tape, inputs); };
  }

  /// What the vjp contributed when it was last played, before the mutation; empty if it never was.
  const td::Matrix<double>& contribution() const { return contribution_; }
  /// The cotangent of the record's first output then.
  const td::Matrix<double>& output_cotangent() const { return output_cotangent_; }

 private:
  using Pass = td::detail::Pass;
  using Record = td::detail::Record;
  // A mutant's records have this type in place of their own.
  struct Type : td::detail::RecordType {
    void (*original)(Pass&, const Record&) = nullptr;
    Mutant* mutant = nullptr;
  };

  template <class T>
  void replay(Pass& pass, const Record& record);
  void replay_reading(const void* data, Pass& pass, const Record& record) const;
  template <class T>
  void replay_contributing(Pass& pass, const Record& record);
  template <class T>
  td::Matrix<T> mutated(const td::Matrix<T>& g, const td::Matrix<T>& output_cotangent) const;

  Function function_;
  Site site_;
  Mutation mutation_;
  Type float_type_, double_type_;
  td::Index batch_ = 0;
  std::vector<std::byte> latest_;  // the site's matrix at the latest forward
  td::Matrix<double> contribution_;
  td::Matrix<double> output_cotangent_;
};

}  // namespace test
