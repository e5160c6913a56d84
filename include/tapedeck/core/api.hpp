#pragma once

/// @file
/// What the shared library exports.

/// Marks what the shared library exports; everything else is hidden.
#define TAPEDECK_API __attribute__((visibility("default")))
