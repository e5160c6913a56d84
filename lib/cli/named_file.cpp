#include "cli/named_file.hpp"

#include <filesystem>
#include <system_error>

#include "core/text.hpp"
#include "io/durable_file.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck::cli {
namespace {

namespace fs = std::filesystem;

// Returns where a write to the path ends up. The file need not exist: a link may point to a file to be made.
fs::path resolved(const std::string& path) {
  std::error_code error;
  const fs::path target = io::target_of(path).value_or(path);
  const fs::path whole = fs::weakly_canonical(fs::absolute(target, error), error);
  return error ? target : whole;
}

bool same_file(const std::string& a, const std::string& b) {
  std::error_code error;
  if (fs::is_character_file(a, error)) return false;
  if (fs::equivalent(a, b, error)) return true;  // hard links too
  return resolved(a) == resolved(b);
}

[[noreturn]] void refuse(const NamedFile& output, const NamedFile& other) {
  throw OptionError({.who = output.option,
                     .given = in_quotes(output.path) + " is the file of " + other.option,
                     .wanted = "a file of its own",
                     .hint = "it would be overwritten"});
}

}  // namespace

bool is_standard_output(const std::string& path) {
  return path == "-" || path == "/dev/stdout" || path == "/dev/fd/1" || path == "/proc/self/fd/1";
}

void require_file(const std::string& option, const std::string& path) {
  if (is_standard_output(path))
    throw OptionError({.who = option, .given = "standard output", .wanted = "the name of a file"});
}

void require_distinct(const std::vector<NamedFile>& inputs, const std::vector<NamedFile>& outputs) {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const NamedFile& output = outputs[i];
    if (output.path.empty()) continue;
    for (std::size_t j = 0; j < i; ++j) {
      if (outputs[j].option == output.option) continue;
      const bool both_standard = is_standard_output(output.path) && is_standard_output(outputs[j].path);
      if (both_standard || (!outputs[j].path.empty() && same_file(output.path, outputs[j].path)))
        refuse(output, outputs[j]);
    }
    if (is_standard_output(output.path)) continue;
    for (const NamedFile& input : inputs) {
      if (!input.path.empty() && input.path != "-" && same_file(output.path, input.path))
        refuse(output, input);
    }
  }
}

}  // namespace tapedeck::cli
