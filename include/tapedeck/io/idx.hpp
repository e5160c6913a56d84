#pragma once

/// @file
/// IDX, the format of MNIST and its successors: arrays of numbers behind a short header, plain or compressed.

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "tapedeck/data/dataset.hpp"

namespace tapedeck {

/// The elements of an IDX file. Signed bytes come as 16 bits, as Armadillo has no matrix of them.
using IdxMatrix = std::variant<Matrix<std::uint8_t>, Matrix<std::int16_t>, Matrix<std::int32_t>,
                               Matrix<float>, Matrix<double>>;

/// What is in an IDX file.
struct IdxTensor {
  std::vector<Index> dimensions;  ///< 1 to 4, none of them 0; the first one counts samples
  /// features x samples: one column holds a sample's elements in the order of the file, the last dimension
  /// fastest. With one dimension, 1 x samples.
  IdxMatrix values;
};

/// What becomes of images and labels.
struct IdxOptions {
  double scale = 1;     ///< what the images' elements are multiplied by, in double; 1.0 / 255 for [0, 1]
  Scalar scalar = f32;  ///< what x then holds
  Index classes = 0;    ///< labels must be less than that; 0: any will do
};

/// Reads an IDX file, or one compressed by gzip: its first bytes tell, not its name. The file must hold
/// exactly what its header says, which is looked at before memory is asked for: that for the result, and a
/// few hundred kilobytes.
///
/// FileError if the file cannot be read (folders, pipes and devices are refused), is no IDX file, is cut off,
/// damaged or continued, has an element of unknown type, a dimension of 0 or more dimensions than 4.
TAPEDECK_API IdxTensor read_idx(const std::string& path);

/// Reads images and their labels. x is features x samples; y are class labels, 1 x samples. Images are of any
/// type, labels of one dimension and an integer type. No second copy of the images is made.
///
///     const td::Dataset train = td::read_idx("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz",
///                                            {.scale = 1.0 / 255, .classes = 10});
///
/// FileError as above, and if labels are of another type, have more dimensions or are not as many as the
/// images; LabelError if a label is negative or not less than `classes`; OptionError if the scale is not
/// finite.
TAPEDECK_API Dataset read_idx(const std::string& images, const std::string& labels,
                              const IdxOptions& options = {});

}  // namespace tapedeck
