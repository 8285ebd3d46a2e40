#!/usr/bin/env python3
"""Changes one thing at a time in the code that decides about money, and asks whether a unit test notices.

    tests/mutants/mutate.py [--per-file N] [--seed S] [--only PART]

In a copy of the tree under build/mutants. A change that does not compile is no mutant. A survivor is either a missing
test, or stands with its reason in tests/mutants/survivors.txt (FILE, TAB, the line as it is, TAB, the change, TAB, why)."""

import argparse
import os
import random
import re
import signal
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COPY = os.path.join(ROOT, "build", "mutants")
TREE, BUILD = os.path.join(COPY, "tree"), os.path.join(COPY, "build")

# What is changed, and the tests that must notice.
SUBJECTS = [line.split() for line in open(os.path.join(ROOT, "tests/mutants/subjects.txt"), encoding="utf-8")
            if line.strip() and not line.startswith("#")]

SWAPS = [  # operator as clang-format writes it, what it becomes
    (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "), (r" == ", " != "), (r" != ", " == "),
    (r" && ", " || "), (r" \|\| ", " && "), (r" \+ ", " - "), (r" - ", " + "), (r" \* ", " / "), (r" / ", " * "),
    (r" % ", " / "), (r" \+= ", " -= "), (r" -= ", " += "), (r"\+\+", "--"), (r"--", "++"), (r"\btrue\b", "false"),
    (r"\bfalse\b", "true"), (r"!(?=[a-z(])", ""), (r"\bERR_NONE\b", "ERR_INTERNAL"),
]
NUMBER = re.compile(r"(?<![\w.])(\d+)(?=[^\w.x]|$)")
CALL = re.compile(r"^\t+[a-z]\w*(?:->\w+|\.\w+)*(?:\(| [-+]?= |\+\+|--).*;$")


def body_lines(text):
    """Numbers of lines inside functions that hold code alone: no comment, preprocessor line or declaration."""
    depth, comment = 0, False
    for n, line in enumerate(text):
        bare = line.strip()
        if bare.startswith("/*"):
            comment = True
        if not comment and depth > 0 and not bare.startswith("#") and not bare.startswith("assert("):
            yield n
        if "*/" in bare:
            comment = False
        if line.startswith("{"):
            depth += 1
        if line.startswith("}"):
            depth = 0


def outside_strings(line, at):
    return line[:at].count('"') % 2 == 0 and line[:at].count("'") % 2 == 0


def mutants(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        text = f.read().split("\n")
    for n in body_lines(text):
        line = text[n]
        for pattern, other in SWAPS:
            for m in re.finditer(pattern, line):
                if outside_strings(line, m.start()):
                    yield n, line, line[:m.start()] + other + line[m.end():]
        for m in NUMBER.finditer(line):
            if outside_strings(line, m.start()):
                yield n, line, line[:m.start()] + str(int(m.group(1)) + 1) + line[m.end():]
        if CALL.match(line) and line.count("(") == line.count(")"):
            yield n, line, re.match(r"\t+", line).group() + ";"


def run(argv, timeout=None):
    """Its exit status; what runs longer is killed with all that it started."""
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as child:
        try:
            return child.wait(timeout)
        finally:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)


def prepare():
    os.makedirs(TREE, exist_ok=True)
    subprocess.run(f"git ls-files -coz --exclude-standard | xargs -0 cp --parents -p -t '{TREE}'", shell=True, cwd=ROOT, check=True)
    for path, *_ in SUBJECTS:
        os.utime(os.path.join(TREE, path))  # what an earlier run left built may be a mutant
    subprocess.run(["cmake", "-S", TREE, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DWATTLE_WERROR=OFF"],
                   check=True, stdout=subprocess.DEVNULL)


def notices(tests):
    """The word for what became of a change: killed, stillborn or alive."""
    try:
        if run(["ninja", "-C", BUILD, *tests]):
            return "stillborn"
        for test in tests:
            if run(["ctest", "--test-dir", BUILD, "-R", f"^{test}$"], timeout=60):
                return "killed"
    except subprocess.TimeoutExpired:
        return "killed"
    return "alive"


def explained():
    with open(os.path.join(ROOT, "tests/mutants/survivors.txt"), encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f if line.strip() and not line.startswith("#")]
    return {(path, before.strip(), after.strip()) for path, before, after, why in rows if why}


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--per-file", type=int, default=60)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--only", default="")
    ask = ask.parse_args()
    known, total, killed, alive = explained(), 0, 0, 0
    prepare()
    for path, *tests in SUBJECTS:
        if ask.only not in path:
            continue
        chosen = list(mutants(path))
        random.Random(f"{ask.seed} {path}").shuffle(chosen)
        if notices(tests) != "alive":
            sys.exit(f"{path}: {' '.join(tests)} fail without any change")
        count = dead = 0
        with open(os.path.join(ROOT, path), encoding="utf-8") as f:
            whole = f.read().split("\n")
        for n, before, after in chosen:
            if count == ask.per_file:
                break
            if (path, before.strip(), after.strip()) in known:
                continue
            changed = whole[:n] + [after] + whole[n + 1:]
            with open(os.path.join(TREE, path), "w", encoding="utf-8") as f:
                f.write("\n".join(changed))
            end = notices(tests)
            if end == "stillborn":
                continue
            count += 1
            dead += end == "killed"
            if end == "alive":
                print(f"alive  {path}:{n + 1}\t{before.strip()}\t{after.strip()}", flush=True)
        with open(os.path.join(TREE, path), "w", encoding="utf-8") as f:
            f.write("\n".join(whole))
        print(f"{path}: {dead} of {count} killed", flush=True)
        total, killed, alive = total + count, killed + dead, alive + count - dead
    share = 100 * killed / total if total else 0
    print(f"{killed} of {total} mutants killed ({share:.1f} %), {alive} alive, {len(known)} survivors explained")
    return 0 if total and share >= 95 else 1


if __name__ == "__main__":
    sys.exit(main())
