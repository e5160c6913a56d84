# TAPEDECK_SANITIZE, for everything that is built: a report by one of them ends the program.
if(TAPEDECK_SANITIZE)
  add_compile_options(-fsanitize=${TAPEDECK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -O1 -g1)
  add_compile_definitions(_GLIBCXX_ASSERTIONS TAPEDECK_POISON)  # POISON: what a tape hands out unset is NaN
  add_link_options(-fsanitize=${TAPEDECK_SANITIZE})
  # Kernels for one kind of vectors and for none: for each further one it would take minutes more to compile them.
  add_compile_definitions("HWY_DISABLED_TARGETS=(HWY_AVX3_DL|HWY_AVX3|HWY_SSE4|HWY_SSSE3)")
  if(NOT TAPEDECK_SANITIZE MATCHES thread)
    # Its unrolled tiles, instrumented, take GCC half an hour. Pages that nobody may touch watch over it in its tests.
    set_source_files_properties(lib/kernels/small_product.cpp PROPERTIES COMPILE_OPTIONS -fno-sanitize=all)
  endif()
endif()
