# What Doxygen reads instead of README.md: without the links to guides, which are no pages of the reference.
s/\[([^]]*)\]\([^):]*\.md[^)]*\)/\1/g
