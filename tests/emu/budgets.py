#!/usr/bin/python3
"""Budgets and the stack proof of the terminal's build say no when they should: firmware/tools/stack.py."""
import os
import subprocess
import sys
import tempfile

import firmware

STACK = os.path.join(firmware.ROOT, "firmware", "tools", "stack.py")
BUILD = os.path.join(firmware.ROOT, "build", "firmware")
ELF = os.path.join(BUILD, "bin", "terminal.elf")

# A program of the same shape as the terminal: an interrupt, a table of functions, a main program.
SHAPE = """
volatile int sink;
{body}
static void plain(void) {{ sink++; }}
void (*const table[])(void) = {{plain}};
void systick_handler(void) {{ sink = 2; }}
void fault_handler(void) {{ for (;;) ; }}
__attribute__((section(".vectors"), used)) void (*const vectors[])(void) = {{systick_handler, fault_handler}};
void reset_handler(void) {{ work(sink); table[sink & 0](); for (;;) ; }}
"""
WORK = {"plain": "__attribute__((noinline)) void work(int n) { volatile char a[100]; a[n & 63] = 1; }",
        "recursion": "__attribute__((noinline)) void work(int n) { volatile char a[8]; a[n & 7] = 1; if (n) work(n - 1); a[0] = 2; }",
        "a stack of unknown size": "__attribute__((noinline)) void work(int n) { volatile char a[n + 1]; a[n] = 1; }"}


def judge(elf, folder, flash, ram):
    done = subprocess.run([sys.executable, STACK, elf, folder, "--flash-budget", str(flash), "--ram-budget", str(ram)],
                          capture_output=True, text=True)
    return done.returncode == 0, done.stdout + done.stderr


def sizes():
    symbols = subprocess.run(["arm-none-eabi-nm", ELF], capture_output=True, text=True, check=True).stdout.split("\n")
    value = {line.split()[2]: int(line.split()[0], 16) for line in symbols if len(line.split()) == 3}
    return value["app_used"], value["ram_used"]


def planted(folder, body, stack):
    """The verdict about a small program with this work and so much stack."""
    source, elf = os.path.join(folder, "planted.c"), os.path.join(folder, "planted.elf")
    with open(source, "w", encoding="ascii") as out:
        out.write(SHAPE.format(body=WORK[body]))
    flags = ["-mcpu=cortex-m3", "-mthumb", "-Os", "-ffreestanding", "-nostdlib", "-fno-optimize-sibling-calls", "-fcallgraph-info=su"]
    subprocess.run(["arm-none-eabi-gcc", *flags, "-c", source, "-o", os.path.join(folder, "planted.o")], check=True, cwd=folder)
    symbols = [f"-Wl,--defsym={name}={value}" for name, value in (("stack_size", stack), ("app_used", 100), ("ram_used", 100))]
    subprocess.run(["arm-none-eabi-gcc", *flags, *symbols, "-Wl,-Ttext=0x08000000", "-Wl,-ereset_handler",
                    os.path.join(folder, "planted.o"), "-o", elf], check=True, cwd=folder, stderr=subprocess.DEVNULL)
    return judge(elf, folder, 1000, 1000)


def cases():
    flash, ram = sizes()
    yield "the terminal is inside its budgets", judge(ELF, BUILD, flash, ram), True, "stack at worst"
    yield "one byte of flash too many", judge(ELF, BUILD, flash - 1, ram), False, "over budget"
    yield "one byte of RAM too many", judge(ELF, BUILD, flash, ram - 1), False, "over budget"
    for body, stack, good, words in [("plain", 500, True, "stack at worst"), ("plain", 184, True, "stack at worst"), ("plain", 183, False, "can overflow"),
                                     ("recursion", 500, False, "recursion"), ("a stack of unknown size", 500, False, "no fixed size")]:
        with tempfile.TemporaryDirectory(prefix="wattle-stack-") as folder:
            yield f"{body}, {stack} B of stack", planted(folder, body, stack), good, words


def main():
    failures = 0
    for name, (passed, text), good, words in cases():
        right = passed == good and words in text
        failures += not right
        print(("ok" if right else "not ok") + " budget " + name + ("" if right else ": " + text.strip().replace("\n", " / ")), flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
