#!/usr/bin/env python3
"""Sizes of a terminal image, and the proof that its stack is deep enough.

usage: stack.py ELF CI_FOLDER --flash-budget BYTES --ram-budget BYTES

The stack use of our functions comes from gcc (-fcallgraph-info=su: one .ci file for each object, one for all that is
optimised at link time), that of library functions and of what the link renamed from the disassembly. An indirect call is taken to reach every function whose
address stands anywhere in the image, so no table can be forgotten. Interrupts of ours share one
priority and do not nest; one of them, and a core fault on top of it, may come at the deepest point of
the main program. Recursion, a stack of unknown size or a budget exceeded fail the build."""
import argparse
import glob
import os
import re
import struct
import subprocess
import sys

INDIRECT = "__indirect_call"
EXCEPTION_FRAME = 36  # eight registers and the alignment word (PM0056 §2.3.7)
FAULTS = ("fault_handler", "nmi_handler", "core_fault")
ROOT = "reset_handler"


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def fail(text):
    sys.exit(f"stack.py: {text}")


def symbols(elf):
    """{name: (address, size)} of functions, {name: value} of all."""
    functions, values = {}, {}
    for line in run("arm-none-eabi-readelf", "-sW", elf).splitlines():
        words = line.split()
        if len(words) < 8 or not words[0].rstrip(":").isdigit():
            continue
        value, kind, name = int(words[1], 16), words[3], words[7]
        values[name] = value
        if kind == "FUNC":
            functions[name] = (value & ~1, int(words[2], 0))
    return functions, values


def read_ci(folder):
    """Stack use and calls of the functions that gcc compiled; static ones may share a name."""
    use, calls = {}, {}
    for path in glob.glob(os.path.join(folder, "**", "*.ci"), recursive=True):
        with open(path) as file:
            text = file.read()
        for title, label in re.findall(r'node: \{ title: "([^"]*)" label: "([^"]*)"', text):
            size = re.search(r"\\n(\d+) bytes \(([^)]*)\)", label)
            if not size:
                continue
            name = title.rsplit(":", 1)[-1]
            if size.group(2) not in ("static", "dynamic,bounded"):
                fail(f"{name}: its stack has no fixed size ({size.group(2)})")
            use[name] = max(use.get(name, 0), int(size.group(1)))
            calls.setdefault(name, set())
        for source, target in re.findall(r'edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"', text):
            calls.setdefault(source.rsplit(":", 1)[-1], set()).add(target.rsplit(":", 1)[-1])
    return use, calls


def disassembly(elf):
    """Calls and stack use of every function as the image has it, for what gcc did not tell."""
    use, calls, name = {}, {}, None
    for line in run("arm-none-eabi-objdump", "-d", "--no-show-raw-insn", elf).splitlines():
        head = re.match(r"[0-9a-f]+ <([^>]+)>:", line)
        if head:
            name = head.group(1)
            use[name], calls[name] = 0, set()
            continue
        if not name:
            continue
        push = re.search(r"\t(?:push|stmdb|vpush)(?:\.w)?\t(?:sp!, )?\{([^}]*)\}", line)
        if push:
            use[name] += 4 * sum(registers(part) for part in push.group(1).split(","))
        elif re.search(r"\tstr(?:\.w|d)?\t.*\[sp, #-(\d+)\]!", line):
            use[name] += int(re.search(r"\[sp, #-(\d+)\]!", line).group(1))
        elif re.search(r"\tsub(?:\.w|w)?\tsp, (?:sp, )?#(\d+)", line):
            use[name] += int(re.search(r"#(\d+)", line).group(1))
        if re.search(r"\t(?:blx|bx)(?:eq|ne|cs|cc|mi|pl|hi|ls|ge|lt|gt|le)?\t(?!lr)\w+$", line):
            calls[name].add(INDIRECT)
        jump = re.search(r"\t(?:bl?(?:eq|ne|cs|cc|mi|pl|hi|ls|ge|lt|gt|le)?(?:\.[nw])?)\t[0-9a-f]+ <([^>+]+)>", line)
        if jump and jump.group(1) != name:
            calls[name].add(jump.group(1))
    return use, calls


def registers(part):
    ends = part.strip().split("-")
    number = lambda r: {"sl": 10, "fp": 11, "ip": 12, "sp": 13, "lr": 14, "pc": 15}.get(r) or int(r[1:] or 0)
    return number(ends[1]) - number(ends[0]) + 1 if len(ends) == 2 else 1


def addresses_taken(elf, functions):
    """Functions whose address (with the Thumb bit) is a word of the flashed image."""
    entry = {address | 1: name for name, (address, _) in functions.items()}
    image = elf + ".bin"
    run("arm-none-eabi-objcopy", "-O", "binary", elf, image)
    with open(image, "rb") as file:
        data = file.read()
    os.remove(image)
    words = struct.unpack(f"<{len(data) // 4}I", data[:len(data) // 4 * 4])
    return {entry[word] for word in words if word in entry}


class Graph:
    def __init__(self, use, calls, indirect):
        self.use, self.calls, self.indirect, self.known = use, calls, indirect, {}

    def deepest(self, name, path=()):
        """(bytes, path) of the deepest chain of calls from here."""
        if name in path:
            fail("recursion: " + " > ".join(path[path.index(name):] + (name,)))
        if name in self.known:
            return self.known[name]
        if name != INDIRECT and name not in self.use:
            fail(f"{name}: called, but neither compiled by us nor in the image")
        targets = self.indirect if name == INDIRECT else self.calls.get(name, ())
        best = max((self.deepest(t, path + (name,)) for t in sorted(targets)), default=(0, []))
        own = 0 if name == INDIRECT else self.use[name]
        self.known[name] = (own + best[0], [f"{name} {own}"] + best[1])
        return self.known[name]


def build_graph(elf, folder):
    functions, values = symbols(elf)
    use, calls = read_ci(folder)
    image_use, image_calls = disassembly(elf)
    for name in functions:
        # Both witnesses: gcc knows of indirect calls, the image of clones and helper routines.
        use[name] = max(use.get(name, 0), image_use.get(name, 0))
        calls[name] = calls.get(name, set()) | image_calls.get(name, set())
    for name in list(calls):
        # What the linker threw away, or gcc put in line, is not there to be called.
        calls[name] = {t for t in calls[name] if t == INDIRECT or t in functions}
    taken = addresses_taken(elf, functions)
    vectors = {n for n in taken if n.endswith("_handler")}
    return Graph(use, calls, taken - vectors), vectors, values


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("elf")
    parser.add_argument("folder")
    parser.add_argument("--flash-budget", type=int, required=True)
    parser.add_argument("--ram-budget", type=int, required=True)
    options = parser.parse_args()
    graph, vectors, values = build_graph(options.elf, options.folder)

    program, path = graph.deepest(ROOT)
    interrupts = sorted(vectors - set(FAULTS) - {ROOT})
    if not interrupts or not graph.indirect:
        fail("found no interrupt handler or no function table: the analysis is blind")
    interrupt = max(graph.deepest(name)[0] for name in interrupts)
    fault = max(graph.deepest(name)[0] for name in FAULTS if name in graph.use)
    worst = program + EXCEPTION_FRAME + interrupt + EXCEPTION_FRAME + fault

    stack, flash, ram = values["stack_size"], values["app_used"], values["ram_used"]
    print(f"terminal: flash {flash} B of {options.flash_budget}, RAM {ram} B of {options.ram_budget} "
          f"with {stack} B of stack")
    print(f"terminal: stack at worst {worst} B: program {program}, interrupt {interrupt} + frame, "
          f"fault {fault} + frame")
    print("terminal: deepest path: " + " > ".join(path))
    if worst > stack:
        fail(f"the stack of {stack} B can overflow: {worst} B")
    if flash > options.flash_budget or ram > options.ram_budget:
        fail("over budget")


main()
