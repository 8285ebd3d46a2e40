"""Builds the test programs of tests/emu/fw and runs them on the emulator."""
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
FW = os.path.join(HERE, "fw")
OUT = os.path.join(ROOT, "build", "emu-tests")
SIM = os.environ.get("WATTLE_SIM", os.path.join(ROOT, "build", "host", "bin", "wattle-sim"))
FLAGS = ("-mcpu=cortex-m3 -mthumb -Os -g -std=gnu11 -ffreestanding -Wall -Wextra "
         "-nostdlib -nostartfiles").split()
DATA = os.path.join(ROOT, "data", "household-45d.csv")
BOARDS = {"can_pair": ["--boards", "3"], "can_errors": ["--boards", "2"], "can_stuck": ["--stuck-bus"], "relay": ["--terminal", DATA]}


def build(program, mutant=None):
    """The path of the ELF; raises with the compiler's words."""
    os.makedirs(OUT, exist_ok=True)
    elf = os.path.join(OUT, program + ("-" + mutant if mutant else "") + ".elf")
    command = ["arm-none-eabi-gcc", *FLAGS, "-T", "link.ld", "startup.c", program + ".c", "-lgcc", "-o", elf]
    if mutant:
        command[1:1] = ["-DMUTANT_" + mutant, "-Wno-unused"]
    done = subprocess.run(command, cwd=FW, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{program} {mutant or ''}: {done.stderr}")
    return elf


def run(program, elf, seconds="3"):
    """The lines that the program printed, and whether it came to its end."""
    done = subprocess.run([SIM, "elf", *BOARDS.get(program, []), "--seconds", seconds, elf],
                          capture_output=True, text=True, timeout=120)
    if done.returncode not in (0, 3):
        raise RuntimeError(f"{elf}: exit {done.returncode}: {done.stderr}")
    return done.stdout.split("\n"), done.returncode == 0


def passed(lines):
    return {line[5:] for line in lines if line.startswith("PASS ")}
