# The API reference, built when it is asked for: cmake --build build --target tapedeck_docs gives
# build/docs/html/index.html. It needs doxygen, and fails if a public name has no comment.
configure_file(cmake/docs/Doxyfile.in docs/Doxyfile @ONLY)
add_custom_target(tapedeck_docs
  COMMAND ${CMAKE_COMMAND} -E rm -rf docs/html
  COMMAND doxygen docs/Doxyfile
  WORKING_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}
  COMMENT "docs/html/index.html"
  VERBATIM)
