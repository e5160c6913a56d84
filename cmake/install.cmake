# What users of an installed tapedeck find it with: a CMake package, a pkg-config file, a Debian package.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/tapedeck)
set(package_build_dir ${CMAKE_CURRENT_BINARY_DIR}/package)

install(TARGETS tapedeck EXPORT tapedeck INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
if(TARGET tapedeck_io)
  install(TARGETS tapedeck_io EXPORT tapedeck-io INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT tapedeck-io NAMESPACE tapedeck:: FILE tapedeck-io-targets.cmake DESTINATION ${package_dir})
endif()
if(TARGET tapedeck_cli)
  install(TARGETS tapedeck_cli)
endif()
install(DIRECTORY include/tapedeck ${CMAKE_CURRENT_BINARY_DIR}/generated/include/tapedeck
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.hpp)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)

# --- CMake: find_package(tapedeck) gives tapedeck::tapedeck, and tapedeck::io
install(EXPORT tapedeck NAMESPACE tapedeck:: FILE tapedeck-targets.cmake DESTINATION ${package_dir})
configure_package_config_file(cmake/tapedeck-config.cmake.in ${package_build_dir}/tapedeck-config.cmake
  INSTALL_DESTINATION ${package_dir} NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(${package_build_dir}/tapedeck-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES cmake/armadillo.cmake ${package_build_dir}/tapedeck-config.cmake
  ${package_build_dir}/tapedeck-config-version.cmake DESTINATION ${package_dir})

# --- pkg-config: tapedeck, and tapedeck_io where it was built; each once for the installed library and once for the one in
#     the build tree, which pkg-config prefers where its name ends in -uninstalled
get_target_property(definitions tapedeck::armadillo INTERFACE_COMPILE_DEFINITIONS)
list(TRANSFORM definitions PREPEND -D)
list(JOIN definitions " " PC_DEFINITIONS)
set(modules tapedeck)
if(TARGET tapedeck_io)
  list(APPEND modules tapedeck_io)
endif()

function(pkg_config_files directory ending)
  foreach(module IN LISTS modules)
    configure_file(cmake/${module}.pc.in ${directory}/${module}${ending}.pc @ONLY)
  endforeach()
endfunction()

file(RELATIVE_PATH PC_PREFIX ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
set(PC_PREFIX "\${pcfiledir}/${PC_PREFIX}")
set(PC_INCLUDES "-I\${prefix}/${CMAKE_INSTALL_INCLUDEDIR}")
set(PC_LIBDIR "\${prefix}/${CMAKE_INSTALL_LIBDIR}")
pkg_config_files(${package_build_dir}/pkgconfig "")
install(DIRECTORY ${package_build_dir}/pkgconfig DESTINATION ${CMAKE_INSTALL_LIBDIR})

set(PC_PREFIX ${CMAKE_CURRENT_BINARY_DIR})
set(PC_INCLUDES "-I${CMAKE_CURRENT_SOURCE_DIR}/include -I\${prefix}/generated/include")
set(PC_LIBDIR "\${prefix}")
pkg_config_files(${CMAKE_CURRENT_BINARY_DIR} -uninstalled)

# --- Debian: cpack -G DEB
if(PROJECT_IS_TOP_LEVEL)
  set(CPACK_PACKAGE_NAME libtapedeck-dev)
  set(CPACK_PACKAGE_VENDOR "the Tapedeck authors")
  set(CPACK_PACKAGE_CONTACT "the Tapedeck authors <tapedeck@localhost>")
  set(CPACK_RESOURCE_FILE_LICENSE ${CMAKE_CURRENT_SOURCE_DIR}/LICENSE)
  set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
  set(CPACK_STRIP_FILES ON)
  set(CPACK_GENERATOR DEB)
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
  set(CPACK_DEBIAN_PACKAGE_DEPENDS "libarmadillo-dev, libopenblas-dev")  # users' code includes and calls them
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
  include(CPack)
endif()
