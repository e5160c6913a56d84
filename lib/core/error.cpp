#include "tapedeck/core/error.hpp"

#include <utility>

namespace tapedeck {
namespace {

std::string sentence(const Complaint& c) {
  std::string text = c.who + ": " + c.given;
  if (!c.wanted.empty()) text += "; expected " + c.wanted;
  if (!c.hint.empty()) text += " (" + c.hint + ")";
  return text;
}

}  // namespace

Error::Error(Complaint complaint)
    : std::runtime_error("tapedeck::Error"),
      complaint_(std::move(complaint)),
      sentence_(sentence(complaint_)) {}
Error::~Error() = default;

void Error::set_who(std::string who) {
  complaint_.who = std::move(who);
  sentence_ = sentence(complaint_);
}

}  // namespace tapedeck
