#pragma once

/// @file
/// Copies between files, where elements lie row by row, and matrices, where they lie column by column.

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <type_traits>

#include "tapedeck/core/matrix.hpp"
#include "tapedeck/core/parallel.hpp"

namespace tapedeck::io {

/// Whole rows of a matrix, or a piece of one row.
struct Block {
  Index row;   ///< the first one
  Index col;   ///< the first one
  Index rows;  ///< how many
  Index cols;  ///< how many

  /// How many elements.
  Index size() const { return rows * cols; }
  /// Where its first element lies in a column-major matrix of that many rows.
  Index offset(Index matrix_rows) const { return row + col * matrix_rows; }
};

/// Cuts a matrix into blocks of at most `most` elements, which follow each other in a file, and calls
/// `visit(block)` for each.
template <class Visit>
void for_each_block(Shape shape, Index most, const Visit& visit) {
  if (shape.size() == 0) return;
  const Index rows = std::max<Index>(1, most / shape.cols);
  const Index cols = std::min(shape.cols, most);
  for (Index row = 0; row < shape.rows; row += rows) {
    for (Index col = 0; col < shape.cols; col += cols) {
      visit(Block{row, col, std::min(rows, shape.rows - row), std::min(cols, shape.cols - col)});
    }
  }
}

/// Rows and columns of a tile: a row of floats is one line of the cache. A copy in tiles touches each line of
/// both sides once; element by element, one side misses the cache at every element (4 times as slow).
inline constexpr Index tile_size = 16;
/// Tiles below each other that are copied before those beside them: each column of the matrix is a page of
/// its own, whose address has to be found.
inline constexpr Index tiles_in_column = 8;

/// Elements that one thread copies at a time: enough to be worth waking another.
inline constexpr Index copied_at_once = 1 << 17;

/// Calls `copy(row, col, rows, cols)` for each tile of a matrix, on several threads if it is large; rows and
/// cols are constants for whole tiles, so that their loops become vectors.
template <class Copy>
void for_each_tile(Index rows, Index cols, const Copy& copy) {
  constexpr std::integral_constant<Index, tile_size> whole;
  constexpr Index most_rows = tile_size * tiles_in_column;
  if (rows == 0) return;
  const Index tiles = std::max<Index>(1, copied_at_once / rows / tile_size);
  parallel_ranges(cols, tiles * tile_size, [&](Index begin, Index end) {
    for (Index top = 0; top < rows; top += most_rows) {
      const Index bottom = std::min(rows, top + most_rows);
      for (Index col = begin; col < end; col += tile_size) {
        for (Index row = top; row < bottom; row += tile_size) {
          if (rows - row >= tile_size && end - col >= tile_size) {
            copy(row, col, whole, whole);
          } else {
            copy(row, col, std::min(tile_size, rows - row), std::min(tile_size, end - col));
          }
        }
      }
    }
  });
}

/// Copies rows x cols elements of type Stored from `bytes`, where they lie row by row, to `to`, whose columns
/// begin `stride` elements apart; `convert(Stored)` gives what is put there.
template <class Stored, class T, class Convert>
void from_row_major(const std::byte* bytes, Index rows, Index cols, T* to, Index stride,
                    const Convert& convert) {
  for_each_tile(rows, cols, [&](Index row, Index col, auto height, auto width) {
    Stored tile[tile_size][tile_size];
    T column[tile_size];
    for (Index r = 0; r < height; ++r) {
      std::memcpy(tile[r], bytes + ((row + r) * cols + col) * sizeof(Stored), width * sizeof(Stored));
    }
    for (Index c = 0; c < width; ++c) {
      for (Index r = 0; r < height; ++r) column[r] = convert(tile[r][c]);
      std::memcpy(to + (col + c) * stride + row, column, height * sizeof(T));
    }
  });
}

/// Copies rows x cols elements from `from`, whose columns begin `stride` elements apart, to `bytes`, row by
/// row.
template <class T>
void to_row_major(const T* from, Index stride, Index rows, Index cols, std::byte* bytes) {
  for_each_tile(rows, cols, [&](Index row, Index col, auto height, auto width) {
    T tile[tile_size][tile_size];
    T line[tile_size];
    for (Index c = 0; c < width; ++c) {
      std::memcpy(tile[c], from + (col + c) * stride + row, height * sizeof(T));
    }
    for (Index r = 0; r < height; ++r) {
      for (Index c = 0; c < width; ++c) line[c] = tile[c][r];
      std::memcpy(bytes + ((row + r) * cols + col) * sizeof(T), line, width * sizeof(T));
    }
  });
}

}  // namespace tapedeck::io
