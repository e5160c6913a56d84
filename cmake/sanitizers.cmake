# TAPEDECK_SANITIZE, for everything that is built: a report by one of them ends the program.
if(TAPEDECK_SANITIZE)
  add_compile_options(-fsanitize=${TAPEDECK_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g1)
  add_compile_definitions(_GLIBCXX_ASSERTIONS TAPEDECK_POISON)  # POISON: what a tape hands out unset is NaN
  add_link_options(-fsanitize=${TAPEDECK_SANITIZE})
  # Kernels for one kind of vectors and for none: for each further one it would take minutes more to compile them.
  add_compile_definitions("HWY_DISABLED_TARGETS=(HWY_AVX3_DL|HWY_AVX3|HWY_SSE4|HWY_SSSE3)")

  # Without optimisation all compiles in a third of the time; but loops of vectors and random numbers would be slower by a
  # factor of a hundred. In loops of vectors Clang takes minutes over UBSan's checks of pointers: AddressSanitizer finds
  # those that are wrong, with checks that are calls. Highway's emulated vectors convert NaN and discard the result.
  file(GLOB kernels CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/lib/kernels/*.cpp)
  set(options -O1)
  if(CMAKE_CXX_COMPILER_ID MATCHES Clang AND TAPEDECK_SANITIZE MATCHES undefined)
    list(APPEND options -fno-sanitize=null,alignment,object-size,pointer-overflow,float-cast-overflow
      -mllvm -asan-instrumentation-with-call-threshold=0)
  endif()
  set_source_files_properties(${kernels} PROPERTIES COMPILE_OPTIONS "${options}" SKIP_PRECOMPILE_HEADERS ON)
  set_source_files_properties(lib/core/random.cpp lib/core/product.cpp lib/param/initializer.cpp
    PROPERTIES COMPILE_OPTIONS -O1 SKIP_PRECOMPILE_HEADERS ON)
endif()
