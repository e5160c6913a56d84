# How the libraries and programs of this project are compiled and installed.
include(GNUInstallDirs)
include(${CMAKE_CURRENT_LIST_DIR}/warnings.cmake)

# tapedeck_compile(TARGET): equal options for all, so that they share one precompiled Armadillo, which takes 10 s to make
# and saves four fifths of the time of a small source.
function(tapedeck_compile target)
  set_target_properties(${target} PROPERTIES
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON
    POSITION_INDEPENDENT_CODE ON
    DEFINE_SYMBOL "")
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/lib)
  target_compile_options(${target} PRIVATE
    -fno-math-errno     # nobody reads errno, and loops with sqrt become vectors
    -ffp-contract=off)  # kernels fuse by name: the place of a value in a vector does not matter
  target_compile_definitions(${target} PRIVATE $<TARGET_PROPERTY:hwy::hwy,INTERFACE_COMPILE_DEFINITIONS>)
  if(target STREQUAL tapedeck)
    target_precompile_headers(tapedeck PRIVATE <armadillo>)
  else()
    target_precompile_headers(${target} REUSE_FROM tapedeck)
  endif()
  tapedeck_warnings(${target})
endfunction()

# tapedeck_library(TARGET NAME): a library that is installed; users link tapedeck::NAME.
function(tapedeck_library target name)
  add_library(tapedeck::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES
    EXPORT_NAME ${name}
    VERSION ${PROJECT_VERSION}
    SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
  tapedeck_compile(${target})
  tapedeck_run_path(${target} ${CMAKE_INSTALL_LIBDIR})
endfunction()

# tapedeck_run_path(TARGET DIRECTORY): what is installed in DIRECTORY finds the installed libraries wherever the whole
# prefix is moved to, and libraries outside of it, such as an OpenBLAS of one's own, where the build found them.
function(tapedeck_run_path target directory)
  file(RELATIVE_PATH libraries ${CMAKE_INSTALL_PREFIX}/${directory} ${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_LIBDIR})
  set_target_properties(${target} PROPERTIES
    INSTALL_RPATH $<IF:$<PLATFORM_ID:Darwin>,@loader_path,$ORIGIN>/${libraries}
    INSTALL_RPATH_USE_LINK_PATH ON)
endfunction()
