# What Doxygen reads instead of a header, line for line:
#   - the comment of `@file` becomes a page, listed under the header's room (see rooms.dox), and all that the header
#     declares stands there;
#   - what every layer offers is told here, once, where the layer has no more to say;
#   - explicit instantiations, which Doxygen takes for functions, are left out.

function tell(text) { if (!commented) $0 = $0 "  ///< " text }

BEGIN {
  close_ = "/** @} */ "
  kind = "What Sequential names such layers by: \"relu\" gives relu_1, relu_2, ..."
  name = "That of its scope, such as \"encoder.fc_1\"; Sequential takes its last part over."
  describe = "One readable line, such as \"Linear(2 -> 25)\"."
  parameters = "Its parameters, and what it calls them."
  call = "What the layer makes of x."
  reduction = "The reduction has no default."
}

FNR == 1 {
  parts = split(FILENAME, path, "/")
  header = path[parts]
  room = path[parts - 1]
  page = room "_" header
  gsub(/[^a-z]/, "_", page)
  umbrella = room == "tapedeck"
  open = " /** @addtogroup " page " */ /** @{ */ "
  layers = room == "layers"
}

# The room is open around the page's definition, which makes it a page of that room; the page around what is declared,
# but not around the namespace, which would else be listed on every page.
/^#pragma once/ { print umbrella ? "" : "/** @addtogroup " room " */ /** @{ */"; next }
/^\/\/\/ @file/ { print "/// @defgroup " page " " (umbrella ? "" : room "/") header; begun = 1; next }
begun == 1 && !/^\/\/\// { $0 = (umbrella ? "" : close_) open $0; begun = 2 }
/^namespace tapedeck {/ { $0 = close_ $0 open }
/^}  \/\/ namespace tapedeck$/ { $0 = close_ $0; begun = 3 }
/^extern template/ { left_out = 1 }
left_out { left_out = !/;/; print ""; next }

layers && /^  static constexpr const char\* kind = / { tell(kind) }
layers && /^  const std::string& name\(\) const/ { tell(name) }
layers && /^  (TAPEDECK_API )?std::string describe\(\) const/ { tell(describe) }
layers && /^  std::vector<NamedParameter> parameters\(\) const/ { tell(parameters) }
layers && /^  Value operator\(\)\(const Value& [a-z]+(, const Operand& [a-z]+)?\) const/ { tell(call) }
layers && /^  explicit [A-Za-z0-9]+Loss\(Reduction/ { tell(reduction) }

{ commented = /^ *\/\/\//; print }

END { if (begun == 2) print close_ }
