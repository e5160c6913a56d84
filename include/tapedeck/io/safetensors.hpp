#pragma once

/// @file
/// Named matrices in files that Python reads as well: safetensors. Link tapedeck::io.
///
/// A file is `u64 little-endian N | N bytes of JSON in UTF-8 | the elements`. The JSON says of each tensor
/// `"name":{"dtype":"F32","shape":[out,in],"data_offsets":[begin,end]}`; the elements lie row by row, so that
/// the weight of a Linear, which is out x in, is [out, in] in Python.
///
///   - A matrix of float, double or Index is a tensor of F32, F64 or I64, whose shape are the dimensions of
///   the
///     entry. Bits stay as they are: NaNs keep their payloads, and an Index of 2^63 or more is a negative
///     I64.
///   - Words are the file's `__metadata__`. There is one more in it, "sha256": the SHA-256 of the whole
///     file, in lower-case hexadecimal, with its own 64 digits taken as '0'.
///
/// A file that is not exactly of this kind is refused: every FileError names it, the tensor, and what was
/// expected. Saving and loading take less memory than twice the file and 16 MB, the state included, whatever
/// a file claims; but integers of fewer than 64 bits and halves become larger, U8 by 8 times; a tensor takes
/// some 500 bytes however small it is, and words take up to 6 times their size. See weights.hpp for less.

#include <string>

#include "tapedeck/core/api.hpp"
#include "tapedeck/state/state_dict.hpp"

namespace tapedeck {

/// Writes a state into a file. Who reads the path finds the old file or the new one, whole, at every instant
/// and after every crash: it is written under another name in the same folder, brought to disk, and renamed.
/// A file that is replaced leaves its permissions to the new one. A symbolic link stays one: the file that it
/// points at is replaced, or made if there is none. A process that is killed leaves its unfinished file,
/// ".tapedeck-*.tmp", which the next save into the same folder removes.
///
/// FileError if that fails, and the old file is untouched then (but where the sentence says otherwise); or if
/// a name or words are not UTF-8, a matrix is named "__metadata__" or words "sha256".
TAPEDECK_API void write_safetensors(const std::string& path, const StateDict& state);

/// Reads a file that `write_safetensors` wrote, of this version or an earlier one, which wrote U64 for Index;
/// with its matrices in the order in which they lie in it: those of 8 bytes an element first, then by name.
///
/// FileError if it cannot be read, if it is not such a file, or if it does not have the checksum that it
/// says.
TAPEDECK_API StateDict read_safetensors(const std::string& path);

/// Reads a file that others wrote, with a checksum or without. F32, F16 and BF16 become float, F64 double;
/// BOOL and integers of 8 to 64 bits, with a sign or without, become Index. A tensor of up to eight
/// dimensions [a, b, c, ...] becomes a matrix a x (b c ...), in which the last index runs fastest along a
/// row; see matrix_shape(). What no matrix can hold is in StateDict::left_out(): integers of which one is
/// negative, complex numbers, and numbers of 8 bits and fewer.
///
/// FileError if it cannot be read or is not such a file; if there is a "sha256" in its metadata, that must be
/// right.
TAPEDECK_API StateDict import_safetensors(const std::string& path);

}  // namespace tapedeck
