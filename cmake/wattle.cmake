# Flags, and the few words in which the other CMake files are written.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
option(WATTLE_WERROR "warnings are errors (CI; off for users)" OFF)
option(WATTLE_SANITIZE "address and undefined-behaviour sanitizers; libFuzzer targets" OFF)
option(WATTLE_COVERAGE "branch coverage" OFF)

find_program(CCACHE ccache)
# Not for the terminal: ccache does not bring back the call graph files (firmware/tools/stack.py).
if(CCACHE AND NOT CMAKE_SYSTEM_NAME STREQUAL "Generic")
	set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE})
endif()

# Assertions stay on in release: a broken promise stops the process before it costs money.
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELWITHDEBINFO "${CMAKE_C_FLAGS_RELWITHDEBINFO}")
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_MINSIZEREL "${CMAKE_C_FLAGS_MINSIZEREL}")

# A gateway on 32-bit ARM outlives 2038, and its spool may outgrow 2 GiB.
if(CMAKE_SIZEOF_VOID_P EQUAL 4 AND NOT CMAKE_SYSTEM_NAME STREQUAL "Generic")
	add_compile_definitions(_FILE_OFFSET_BITS=64 _TIME_BITS=64)
endif()

# What Debian builds its daemons with, so that the packages hold the very files that the tests ran; and
# no folder of the building machine in them, so that anybody's build gives the same bytes.
if(CMAKE_BUILD_TYPE STREQUAL "RelWithDebInfo" AND NOT CMAKE_SYSTEM_NAME STREQUAL "Generic")
	add_compile_options(-fstack-protector-strong -D_FORTIFY_SOURCE=2 -ffile-prefix-map=${CMAKE_BINARY_DIR}/=
		-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
	add_link_options(-Wl,-z,relro,-z,now -Wl,--as-needed)
endif()

add_library(wattle_warnings INTERFACE)
target_include_directories(wattle_warnings INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(wattle_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
	-Wsign-conversion -Wundef -Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum -Wvla
	-Wwrite-strings -Wcast-align -Wdouble-promotion -Wformat=2 -Wnull-dereference
	$<$<BOOL:${WATTLE_WERROR}>:-Werror>)
if(WATTLE_SANITIZE)
	# fuzzer-no-link: the fuzzers see which branches of the libraries they reach.
	add_compile_options(-fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
	add_link_options(-fsanitize=address,undefined)
endif()
if(WATTLE_COVERAGE)
	add_compile_options(--coverage -O0)
	add_link_options(--coverage)
endif()

# wattle_library(name SOURCES … LIBS … [POSIX]): a static library of ours. LIBS are public: who
# links a library sees what that one links. POSIX switches the C dialect for daemons.
function(wattle_library name)
	cmake_parse_arguments(A "POSIX" "" "SOURCES;LIBS" ${ARGN})
	add_library(${name} STATIC ${A_SOURCES})
	target_link_libraries(${name} PUBLIC ${A_LIBS} PRIVATE wattle_warnings)
	target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
	if(A_POSIX)
		target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
	endif()
endfunction()

# wattle_program(name SOURCES … LIBS …): a daemon or tool for Linux.
function(wattle_program name)
	cmake_parse_arguments(A "" "" "SOURCES;LIBS" ${ARGN})
	add_executable(${name} ${A_SOURCES})
	target_link_libraries(${name} PRIVATE ${A_LIBS} wattle_warnings)
	target_compile_definitions(${name} PRIVATE _GNU_SOURCE WATTLE_VERSION="${PROJECT_VERSION}")
	set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()

# wattle_test(name SOURCES … LIBS …): a cmocka program, ctest label `unit`; `store` as well when it has a main store, and
# so runs on PostgreSQL too.
function(wattle_test name)
	if(CMAKE_SYSTEM_NAME STREQUAL "Generic")
		return()
	endif()
	cmake_parse_arguments(A "" "" "SOURCES;LIBS" ${ARGN})
	add_executable(${name} ${A_SOURCES})
	target_link_libraries(${name} PRIVATE ${A_LIBS} wattle_warnings cmocka)
	target_compile_definitions(${name} PRIVATE _GNU_SOURCE SOURCE_DIR="${CMAKE_CURRENT_SOURCE_DIR}")
	add_test(NAME ${name} COMMAND ${name})
	set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 300)
	set(libraries ${A_LIBS})
	foreach(library ${A_LIBS})
		if(TARGET ${library})
			get_target_property(beneath ${library} INTERFACE_LINK_LIBRARIES)
			list(APPEND libraries ${beneath})
		endif()
	endforeach()
	if("wattle_lab" IN_LIST libraries OR "wattle_fresh_store" IN_LIST libraries)
		set_tests_properties(${name} PROPERTIES LABELS "unit;store")
	endif()
endfunction()

# wattle_fuzz(name SOURCES … LIBS …): `fuzz_x` with LLVMFuzzerTestOneInput. In the asan preset it
# is a libFuzzer program; everywhere else cmake/fuzz_replay.c runs it over the corpus
# test/corpus/<x>/ as a test (label `fuzz`).
function(wattle_fuzz name)
	if(CMAKE_SYSTEM_NAME STREQUAL "Generic")
		return()
	endif()
	cmake_parse_arguments(A "" "" "SOURCES;LIBS" ${ARGN})
	string(REGEX REPLACE "^fuzz_" "" subject ${name})
	add_executable(${name} ${A_SOURCES})
	target_link_libraries(${name} PRIVATE ${A_LIBS} wattle_warnings)
	target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
	if(WATTLE_SANITIZE)
		target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
		target_link_options(${name} PRIVATE -fsanitize=fuzzer)
		set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
		add_test(NAME ${name} COMMAND ${name} -runs=0 ${CMAKE_CURRENT_SOURCE_DIR}/test/corpus/${subject})
	else()
		target_sources(${name} PRIVATE ${CMAKE_SOURCE_DIR}/cmake/fuzz_replay.c)
		add_test(NAME ${name} COMMAND ${name} ${CMAKE_CURRENT_SOURCE_DIR}/test/corpus/${subject})
	endif()
	set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT 300)
	set_property(GLOBAL APPEND PROPERTY WATTLE_FUZZERS ${name}:${CMAKE_CURRENT_SOURCE_DIR}/test/corpus/${subject})
endfunction()
