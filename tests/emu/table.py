#!/usr/bin/python3
"""Proves the table of docs/design/emulator.md: each row's test passes, and its mutant turns it red."""
import concurrent.futures
import glob
import os
import re
import sys

import firmware

ROW = re.compile(r"^\| (.+?) \| (.+?) \| `(\w+)/(\w+)` \| `(\w+)` \|$")


def rows():
    path = os.path.join(firmware.ROOT, "docs", "design", "emulator.md")
    with open(path, encoding="utf-8") as page:
        return [m.groups()[2:] for m in map(ROW.match, page.read().split("\n")) if m]


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
    for complaint in complaints_about_completeness(table):
        print("not ok table", complaint)
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
                print("not ok", name, "the test fails without the mutant")
            elif not red:
                print("not ok", name, "the mutant stays green")
            else:
                print("ok", name)
                continue
            failures += 1
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
