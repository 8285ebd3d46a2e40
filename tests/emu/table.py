#!/usr/bin/python3
"""Proves the table of docs/design/emulator.md: each row's test passes, and its mutant turns it red; every
register of the models stands in a row, or in the list of those that need none."""
import concurrent.futures
import glob
import os
import re
import sys

import firmware

ROW = re.compile(r"^\| (.+?) \| (.+?) \| `(\w+)/(\w+)` \| `(\w+)` \|$")
NEEDS_NONE = re.compile(r"^- `([A-Z]+) (\w+)`: .+$")
MODELS = os.path.join(firmware.ROOT, "sim", "emu")

# Where a model's first enum has other words than the manual. None: no register.
UNITS = {"rcc": "RCC", "flash": "FLASH", "iwdg": "IWDG", "gpio": "GPIO", "usart": "USART", "bxcan": "CAN",
         "can_filter": "CAN", "systick": "SYST", "nvic": "NVIC", "backup": None, "mcu_bus": "AFIO"}
WORDS = {("gpio", "CRL"): "CRx", ("gpio", "CRH"): "CRx", ("bxcan", "MAILBOX"): "TIxR", ("bxcan", "FIFO"): "RIR",
         ("bxcan", "FIFO_END"): None, ("can_filter", "BANKS"): "FiRx", ("nvic", "SET_ENABLE"): "ISER",
         ("nvic", "CLEAR_ENABLE"): "ICER", ("nvic", "SET_PENDING"): "ISPR", ("nvic", "CLEAR_PENDING"): "ICPR",
         ("nvic", "ACTIVE"): "IABR", ("nvic", "PRIORITY"): "IPR", ("nvic", "SHPR1"): "SHPR", ("nvic", "BANK"): None,
         ("mcu_bus", "PERIPHERALS"): None, ("mcu_bus", "PERIPHERALS_BYTES"): None, ("mcu_bus", "AFIO_MAPR"): "MAPR"}


def page():
    with open(os.path.join(firmware.ROOT, "docs", "design", "emulator.md"), encoding="utf-8") as text:
        return text.read().split("\n")


def rows():
    return [m.groups()[2:] for m in map(ROW.match, page()) if m]


def modelled_registers():
    """(unit, register) of every register that a model in sim/emu answers for."""
    for model, unit in UNITS.items():
        with open(os.path.join(MODELS, model + ".c"), encoding="utf-8") as source:
            first_enum = re.search(r"^enum \{(.*?)\};", source.read(), re.S | re.M).group(1)
        names = re.findall(r"\b([A-Z]\w*) = 0x[0-9A-F]+", first_enum)
        if not names:
            raise RuntimeError(f"{model}.c: no register found")
        for name in names:
            word = WORDS.get((model, name), name)
            if word and unit:
                yield unit, word
            elif word:  # RTC_CNTH: unit, register, half of it
                own_unit, word = name.split("_")
                yield own_unit, re.sub(r"(?<=PRL|DIV|CNT|ALR)[HL]$", "", word)


def complaints_about_registers():
    words = [set(re.findall(r"\w+", m.group(1))) for m in map(ROW.match, page()) if m]
    listed = {m.groups() for m in map(NEEDS_NONE.match, page()) if m}
    modelled = set(modelled_registers())

    def in_a_row(unit, word):
        return any(word in row and (unit in row or unit == "NVIC") for row in words)
    for unit, word in sorted(modelled):
        if in_a_row(unit, word) == ((unit, word) in listed):
            yield f"{unit} {word}: " + ("in a row and in the list" if (unit, word) in listed else "modelled without a row")
    yield from (f"{unit} {word}: listed, but not modelled" for unit, word in sorted(listed - modelled))


def in_sources():
    """All (program, case) and (program, mutant) that the test programs hold."""
    cases, mutants = set(), set()
    for path in glob.glob(os.path.join(firmware.FW, "*.c")):
        program = os.path.basename(path)[:-2]
        with open(path, encoding="utf-8") as source:
            text = source.read()
        cases |= {(program, name) for name in re.findall(r"^CASE\((\w+)\)", text, re.M)}
        mutants |= {(program, name) for name in re.findall(r"MUTANT_(\w+)", text)}
    return cases, mutants


def complaints_about_completeness(table):
    cases, mutants = in_sources()
    listed_cases = {(p, c) for p, c, _ in table}
    listed_mutants = {(p, m) for p, _, m in table}
    yield from (f"{p}/{c}: no such test" for p, c in sorted(listed_cases - cases))
    yield from (f"{p}/{c}: test without a row" for p, c in sorted(cases - listed_cases))
    yield from (f"{p} {m}: no such mutant" for p, m in sorted(listed_mutants - mutants))
    yield from (f"{p} {m}: mutant without a row" for p, m in sorted(mutants - listed_mutants))


def check_program(program):
    """The cases that pass in the sound program."""
    lines, ended = firmware.run(program, firmware.build(program), "10")
    return program, firmware.passed(lines) if ended else set()


def check_mutant(row):
    program, case, mutant = row
    lines, _ = firmware.run(program, firmware.build(program, mutant))
    return row, case not in firmware.passed(lines)


def main():
    table = rows()
    failures = 0
    for complaint in [*complaints_about_completeness(table), *complaints_about_registers()]:
        print("not ok table", complaint, flush=True)
        failures += 1
    if not table:
        print("not ok table no rows")
        return 1
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        good = dict(pool.map(check_program, sorted({p for p, _, _ in table})))
        for row, red in pool.map(check_mutant, table):
            program, case, mutant = row
            name = f"{program}/{case} {mutant}"
            if case not in good[program]:
                print("not ok", name, "the test fails without the mutant", flush=True)
            elif not red:
                print("not ok", name, "the mutant stays green", flush=True)
            else:
                print("ok", name, flush=True)
                continue
            failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
