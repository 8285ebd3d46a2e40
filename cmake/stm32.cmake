# Toolchain of the terminal: Debian's arm-none-eabi-gcc, no C library start-up files.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR cortex-m3)
set(CMAKE_C_COMPILER arm-none-eabi-gcc)
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
# Our assert.h stands before the C library's; the call graph with stack use is what
# firmware/tools/stack.py proves the stack with. Optimised at link time: 2 KB of 28.
set(CMAKE_C_FLAGS_INIT "-mcpu=cortex-m3 -mthumb -ffreestanding -ffunction-sections -fno-common \
-isystem ${CMAKE_CURRENT_LIST_DIR}/../firmware/board/stm32f103c8/include -fcallgraph-info=su -flto")
# Objects of -flto are read by gcc's own archiver only.
set(CMAKE_AR arm-none-eabi-gcc-ar)
set(CMAKE_RANLIB arm-none-eabi-gcc-ranlib)
set(CMAKE_C_FLAGS_MINSIZEREL "-Os -g")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-nostartfiles --specs=nano.specs -Wl,--gc-sections")
