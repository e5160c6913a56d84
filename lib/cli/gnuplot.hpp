#pragma once

/// @file
/// Pictures by gnuplot, as SVG.

#include <string>

namespace tapedeck::gnuplot {

/// Throws std::runtime_error that names the package if gnuplot cannot be run.
void require();

/// What gnuplot makes of a script: an <svg> element to stand inside a page, which takes the width that it is
/// given. `name` tells the ids in it from those of the page's other pictures, `title` is for those who cannot
/// see it. The height is for a width of 400. std::runtime_error if gnuplot fails.
std::string draw(const std::string& name, const std::string& title, int height, const std::string& script);

/// Data for a script to plot as $name; lines are of numbers.
std::string block(const std::string& name, const std::string& lines);

/// Text as HTML and XML want it.
std::string escaped(const std::string& text);

/// A string for a script, "\n" within it a new line.
std::string quoted(const std::string& text);

// Of Okabe and Ito's colours, which colour-blind readers can tell apart, those that white lets be seen.
inline constexpr const char* colours[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                          "#E69F00", "#000000", "#56B4E9"};
inline constexpr const char* blue = colours[0];
inline constexpr const char* vermillion = colours[1];

/// Thin axes, a legend above the picture.
extern const char* const quiet_axes;
/// Lines across, for values.
extern const char* const grid;
inline constexpr const char* grey_text = "textcolor '#333333'";

}  // namespace tapedeck::gnuplot
