# What Doxygen reads instead of a header, line for line:
#   - the comment of `@file` becomes a page, listed under the header's module (see modules.dox), and all that the header
#     declares stands there;
#   - what every layer offers is told here, once, where the layer has no more to say;
#   - headers that the umbrella's guide names become links;
#   - explicit instantiations and the bodies of member templates, which Doxygen takes for functions of their own, are
#     left out.

function page_of(module, header) { gsub(/[^a-z]/, "_", header); return module "_" header }

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
  module = path[parts - 1]
  page = page_of(module, header)
  umbrella = module == "tapedeck"
  open = " /** @addtogroup " page " */ /** @{ */ "
  layers = module == "layers"
}

# The module is open around the page's definition, which makes it a page of that module; the page around what is declared,
# but not around the namespace, which would else be listed on every page.
/^#pragma once/ { print umbrella ? "" : "/** @addtogroup " module " */ /** @{ */"; next }
/^\/\/\/ @file/ { print "/// @defgroup " page " " (umbrella ? "" : module "/") header; begun = 1; next }
begun == 1 && !/^\/\/\// { $0 = (umbrella ? "" : close_) open $0; begun = 2 }

umbrella && /^\/\/\/   - [a-z]+\// { split($0, part, /[- \/]+/) }
umbrella && /^\/\/\/   / {
  for (before = ""; match($0, /[a-z_]+\.hpp/); $0 = substr($0, RSTART + RLENGTH)) {
    name = substr($0, RSTART, RLENGTH)
    before = before substr($0, 1, RSTART - 1) "@ref " page_of(part[2], name) " \"" name "\""
  }
  $0 = before $0
}

/^namespace tapedeck(::detail)? {/ { $0 = close_ $0 open }
/^}  \/\/ namespace tapedeck(::detail)?$/ { $0 = close_ $0; begun = 3 }

/^extern template/ { left_out = ";" }
/^template </ { held = $0; next }
held && /^[A-Za-z][^(]* [^ (]*[A-Za-z]::[a-z_]+\(/ { left_out = "^}"; print ""; held = "" }
held { print held; held = "" }
left_out { if ($0 ~ left_out) left_out = ""; print ""; next }

layers && /^  static constexpr const char\* kind = / { tell(kind) }
layers && /^  const std::string& name\(\) const/ { tell(name) }
layers && /^  (TAPEDECK_API )?std::string describe\(\) const/ { tell(describe) }
layers && /^  std::vector<NamedParameter> parameters\(\) const/ { tell(parameters) }
layers && /^  Value operator\(\)\(const Value& [a-z]+(, const Operand& [a-z]+)?\) const/ { tell(call) }
layers && /^  explicit [A-Za-z0-9]+Loss\(Reduction/ { tell(reduction) }

{ commented = /^ *\/\/\//; print }

END { if (begun == 2) print close_ }
