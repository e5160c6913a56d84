#pragma once

#include <string>

namespace test {

/// What the E says that `action` throws. Any other exception passes through and fails the test.
template <class E, class Action>
std::string complaint(const Action& action) {
  try {
    action();
  } catch (const E& error) {
    return error.what();
  }
  return "nothing was thrown";
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace test
