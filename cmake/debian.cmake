# Toolchain of another Debian architecture: Debian's cross compiler, and headers and libraries of that
# architecture from build/sysroot/<name>, which tools/sysroot fills. The presets arm64, armhf and amd64 set
# WATTLE_ARCH.
set(WATTLE_ARCH "" CACHE STRING "Debian's name of the architecture")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES WATTLE_ARCH)
set(triplets amd64 x86_64-linux-gnu arm64 aarch64-linux-gnu armhf arm-linux-gnueabihf)
list(FIND triplets "${WATTLE_ARCH}" at)
if(at EQUAL -1)
	message(FATAL_ERROR "WATTLE_ARCH is ${WATTLE_ARCH}; known are amd64, arm64, armhf")
endif()
math(EXPR at "${at} + 1")
list(GET triplets ${at} triplet)
string(REGEX MATCH "^[^-]*" CMAKE_SYSTEM_PROCESSOR ${triplet})

set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${triplet}-gcc)
set(CMAKE_LIBRARY_ARCHITECTURE ${triplet})
get_filename_component(root ${CMAKE_CURRENT_LIST_DIR} DIRECTORY)
set(CMAKE_SYSROOT ${root}/build/sysroot/${WATTLE_ARCH})

# Programs (protoc, ccache) are this machine's, everything else is the other's.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_LIBDIR} ${CMAKE_SYSROOT}/usr/lib/${triplet}/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
