# tapedeck::armadillo: Armadillo's headers, calling OpenBLAS itself. The build and the installed package both read
# this file, so that the library and its users compile Armadillo alike.
#
# OpenBLAS is asked for by its own name: Armadillo's wrapper, and libblas.so, stand for whatever the system's
# alternatives point at. LAPACK's routines are in OpenBLAS too.

find_path(TAPEDECK_ARMADILLO_INCLUDE_DIR armadillo)
find_library(TAPEDECK_OPENBLAS_LIBRARY openblas)
mark_as_advanced(TAPEDECK_ARMADILLO_INCLUDE_DIR TAPEDECK_OPENBLAS_LIBRARY)

if(NOT TAPEDECK_ARMADILLO_INCLUDE_DIR OR NOT TAPEDECK_OPENBLAS_LIBRARY)
  set(TAPEDECK_ARMADILLO_MISSING "tapedeck needs Armadillo and OpenBLAS (Debian: libarmadillo-dev libopenblas-dev)")
elseif(NOT TARGET tapedeck::armadillo)
  add_library(tapedeck::armadillo INTERFACE IMPORTED)
  target_include_directories(tapedeck::armadillo INTERFACE ${TAPEDECK_ARMADILLO_INCLUDE_DIR})
  target_link_libraries(tapedeck::armadillo INTERFACE ${TAPEDECK_OPENBLAS_LIBRARY})
  target_compile_definitions(tapedeck::armadillo INTERFACE
    ARMA_DONT_USE_WRAPPER ARMA_DONT_USE_OPENMP ARMA_DONT_USE_HDF5 ARMA_DONT_USE_ARPACK ARMA_DONT_USE_SUPERLU)
endif()
