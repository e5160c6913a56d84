#include "tapedeck/io/idx.hpp"

#include <type_traits>
#include <utility>

#include "core/ranges.hpp"
#include "io/idx_reader.hpp"
#include "tapedeck/core/error.hpp"

namespace tapedeck {
namespace detail {
namespace {

AnyMatrix scaled_images(IdxReader& images, const IdxOptions& options) {
  return with_idx_type(images.type(), [&]<class T>(T) {
    return with_scalar(options.scalar, [&]<class S>(S) -> AnyMatrix {
      Matrix<S> x(images.shape().rows, images.shape().cols, arma::fill::none);
      S* next = x.memptr();
      images.read<T>([&](T value) { *next++ = static_cast<S>(static_cast<double>(value) * options.scale); });
      return x;
    });
  });
}

template <class T>
Index label(const IdxReader& file, T value, Index sample, Index classes) {
  if (value < 0) {
    throw LabelError({.who = file.name(),
                      .given = "label " + std::to_string(value) + " of sample " + std::to_string(sample),
                      .wanted = "at least 0"});
  }
  const auto number = static_cast<Index>(value);
  if (classes != 0) ranges::require_label(file.name(), "label", number, sample, classes);
  return number;
}

IndexMatrix labels_in(IdxReader& file, Index classes) {
  IndexMatrix y(1, file.samples(), arma::fill::none);
  with_idx_type(file.type(), [&]<class T>(T) {
    if constexpr (std::is_integral_v<T>) {
      Index sample = 0;
      file.read<T>([&](T value) {
        y(0, sample) = label(file, value, sample, classes);
        ++sample;
      });
    }
  });
  return y;
}

void require_labels(const IdxReader& labels, const IdxReader& images) {
  const auto refuse = [&](const std::string& given, const std::string& wanted) {
    throw FileError({.who = labels.name(), .given = given, .wanted = wanted});
  };
  if (labels.dimensions().size() != 1) {
    refuse("labels of " + std::to_string(labels.dimensions().size()) + " dimensions", "1");
  }
  if (!with_idx_type(labels.type(), []<class T>(T) { return std::is_integral_v<T>; })) {
    refuse("labels that are not integers", "a file of integers");
  }
  if (labels.samples() != images.samples()) {
    refuse(std::to_string(labels.samples()) + " labels",
           std::to_string(images.samples()) + ", as many as images in " + images.name());
  }
}

}  // namespace

IdxTensor parse_idx(Source& source, std::uint64_t size, const std::string& name) {
  IdxReader file(source, size, name);
  IdxMatrix values = with_idx_type(file.type(), [&]<class T>(T) -> IdxMatrix {
    using Element = std::conditional_t<std::is_same_v<T, std::int8_t>, std::int16_t, T>;
    Matrix<Element> all(file.shape().rows, file.shape().cols, arma::fill::none);
    Element* next = all.memptr();
    file.read<T>([&](T value) { *next++ = value; });
    return all;
  });
  return {file.dimensions(), std::move(values)};
}

Dataset idx_dataset(IdxReader& images, IdxReader& labels, const IdxOptions& options) {
  require_labels(labels, images);
  IndexMatrix y = labels_in(labels, options.classes);
  return {scaled_images(images, options), std::move(y)};
}

}  // namespace detail

IdxTensor read_idx(const std::string& path) {
  detail::FileSource source(path);
  return detail::parse_idx(source, source.size(), path);
}

Dataset read_idx(const std::string& images, const std::string& labels, const IdxOptions& options) {
  ranges::require_finite("read_idx", "scale", options.scale);
  detail::FileSource image_source(images);
  detail::FileSource label_source(labels);
  detail::IdxReader image_reader(image_source, image_source.size(), images);
  detail::IdxReader label_reader(label_source, label_source.size(), labels);
  return detail::idx_dataset(image_reader, label_reader, options);
}

}  // namespace tapedeck
