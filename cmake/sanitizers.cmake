# TAPEDECK_SANITIZE, for everything that is built: a report by one of them ends the program.
if(TAPEDECK_SANITIZE)
  add_compile_options(-fsanitize=${TAPEDECK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g1)
  add_compile_definitions(_GLIBCXX_ASSERTIONS TAPEDECK_POISON)  # POISON: what a tape hands out unset is NaN
  add_link_options(-fsanitize=${TAPEDECK_SANITIZE})
endif()
