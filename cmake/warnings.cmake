# tapedeck_warnings(TARGET): what our own code is compiled with. Armadillo lies in a system folder and stays silent.
function(tapedeck_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wconversion -Wnon-virtual-dtor
    $<$<BOOL:${TAPEDECK_WERROR}>:-Werror>)
endfunction()
