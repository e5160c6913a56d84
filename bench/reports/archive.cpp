#include "reports/archive.hpp"

#include <fmt/format.h>
#include <link.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <span>
#include <sstream>
#include <stdexcept>

#include "tapedeck/core/random.hpp"

namespace tapedeck::reports {
namespace {

constexpr std::string_view head = "tapedeck trial 1\n";

std::string content_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// Of the library as it is linked, in a shared object or in the program, and of the sources here that train.
std::uint64_t hash_of_code() {
  static const std::uint64_t hash = [] {
    std::string library = "/proc/self/exe";
    dl_iterate_phdr(
        [](dl_phdr_info* object, std::size_t, void* found) {
          const std::string path = object->dlpi_name;
          if (path.find("/libtapedeck.so") != std::string::npos) *static_cast<std::string*>(found) = path;
          return 0;
        },
        &library);
    return join_hashes(hash_of(content_of(library)), hash_of(TAPEDECK_TRIAL_SOURCES));
  }();
  return hash;
}

// A trial is one row of doubles, in the order in which it is read.

using Numbers = std::vector<double>;

void put(Numbers& row, const Matrix<double>& m) {
  row.insert(row.end(), {static_cast<double>(m.n_rows), static_cast<double>(m.n_cols)});
  row.insert(row.end(), m.begin(), m.end());
}

void put(Numbers& row, const Picture& picture) {
  put(row, picture.grid);
  put(row, picture.wrong);
}

void put(Numbers& row, const Sight& sight) {
  put(row, sight.input);
  put(row, sight.gradient);
}

template <class T>
void put(Numbers& row, const std::optional<T>& part) {
  row.push_back(part ? 1 : 0);
  if (part) put(row, *part);
}

Numbers as_numbers(const Trial& trial) {
  Numbers row = {trial.diverged ? 1.0 : 0.0, trial.seconds, static_cast<double>(trial.measured.size())};
  for (const Measures& m : trial.measured) row.insert(row.end(), m.begin(), m.end());
  put(row, trial.picture);
  put(row, trial.before);
  put(row, trial.after);
  return row;
}

/// Takes from the front. std::out_of_range if there is not enough.
class Reader {
 public:
  explicit Reader(std::span<const double> row) : left_(row) {}

  double number() { return numbers(1)[0]; }
  std::size_t count() { return static_cast<std::size_t>(number()); }
  std::span<const double> numbers(std::size_t n) {
    if (n > left_.size()) throw std::out_of_range("a trial that is too short");
    const auto taken = left_.first(n);
    left_ = left_.subspan(n);
    return taken;
  }
  Matrix<double> matrix() {
    const std::size_t rows = count();
    const std::size_t cols = count();
    const auto elements = numbers(rows * cols);
    return Matrix<double>(elements.data(), rows, cols);
  }
  Picture picture() {
    Matrix<double> grid = matrix();
    return {.grid = std::move(grid), .wrong = matrix()};
  }
  Sight sight() {
    Matrix<double> input = matrix();
    return {.input = std::move(input), .gradient = matrix()};
  }

 private:
  std::span<const double> left_;
};

Trial as_trial(std::span<const double> row) {
  Reader reader(row);
  Trial trial;
  trial.diverged = reader.number() != 0;
  trial.seconds = reader.number();
  trial.measured.resize(reader.count());
  for (Measures& m : trial.measured) {
    const auto numbers = reader.numbers(m.size());
    std::copy(numbers.begin(), numbers.end(), m.begin());
  }
  if (reader.number() != 0) trial.picture = reader.picture();
  if (reader.number() != 0) trial.before = reader.sight();
  if (reader.number() != 0) trial.after = reader.sight();
  return trial;
}

template <class T>
std::string bytes_of(std::span<const T> numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes()};
}

}  // namespace

void write_file(const std::filesystem::path& path, const std::string& content) {
  const std::filesystem::path temporary = fmt::format("{}.{}.new", path.string(), getpid());
  std::ofstream file(temporary, std::ios::binary);
  file << content << std::flush;
  file.close();
  std::error_code failed;
  if (file) std::filesystem::rename(temporary, path, failed);
  if (!file || failed) {
    std::filesystem::remove(temporary, failed);
    throw std::runtime_error("cannot write " + path.string());
  }
}

Archive::Archive(std::filesystem::path folder) : folder_(std::move(folder)) {
  std::filesystem::create_directories(folder_);
}

std::filesystem::path Archive::file_of(const std::string& key) const {
  const std::uint64_t code = hash_of_code();
  return folder_ / fmt::format("{:016x}{:016x}.trial", join_hashes(code, hash_of(key)),
                               join_hashes(hash_of(key + "second"), code));
}

std::optional<Trial> Archive::find(const std::string& key) const {
  const std::string content = content_of(file_of(key));
  constexpr std::size_t overhead = head.size() + sizeof(std::uint64_t);
  if (content.size() < overhead || !content.starts_with(head) ||
      (content.size() - overhead) % sizeof(double) != 0) {
    return std::nullopt;
  }
  const std::string numbers = content.substr(overhead);
  std::uint64_t hash = 0;
  std::memcpy(&hash, content.data() + head.size(), sizeof hash);
  if (hash != hash_of(numbers)) return std::nullopt;
  Numbers row(numbers.size() / sizeof(double));
  std::memcpy(row.data(), numbers.data(), numbers.size());
  return as_trial(row);
}

void Archive::keep(const std::string& key, const Trial& trial) const {
  const Numbers row = as_numbers(trial);
  const std::string numbers = bytes_of(std::span<const double>(row));
  const std::uint64_t hash = hash_of(numbers);
  write_file(file_of(key), std::string(head) + bytes_of(std::span(&hash, 1)) + numbers);
}

}  // namespace tapedeck::reports
