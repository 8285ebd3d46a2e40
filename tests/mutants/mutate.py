#!/usr/bin/env python3
"""Changes one thing at a time in the code that decides about money, and asks whether a unit test notices.

    tests/mutants/mutate.py [--per-file N] [--seed S] [--only PART]

In a copy of the tree under build/mutants, without optimisation. Of each change only its own object is compiled; the unit
programs of the file are linked with it one after the other until a test fails, on a /tmp in memory where the system lets
us. What is alive then is asked again with each statement and each piece of memory failing once (WATTLE_SHAKE).

A change that does not compile is no mutant. A survivor is either a missing test, or stands with its reason in
tests/mutants/survivors.txt (FILE or FILE:FUNCTION, TAB, the line as it is, TAB, the change, TAB, why)."""

import argparse
import filecmp
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
COPY = os.path.join(ROOT, "build", "mutants")
TREE, BUILD = os.path.join(COPY, "tree"), os.path.join(COPY, "build")
SOURCE, OBJECT, PROGRAM = (os.path.join(COPY, name) for name in ("mutant.c", "mutant.o", "program"))

# What is changed, and the tests that must notice.
SUBJECTS = [line.split() for line in open(os.path.join(ROOT, "tests/mutants/subjects.txt"), encoding="utf-8")
            if line.strip() and not line.startswith("#")]

SWAPS = [  # operator as clang-format writes it, what it becomes
    (r" < ", " <= "), (r" <= ", " < "), (r" > ", " >= "), (r" >= ", " > "), (r" == ", " != "), (r" != ", " == "),
    (r" && ", " || "), (r" \|\| ", " && "), (r" \+ ", " - "), (r" - ", " + "), (r" \* ", " / "), (r" / ", " * "),
    (r" % ", " / "), (r" \+= ", " -= "), (r" -= ", " += "), (r"\+\+", "--"), (r"--", "++"), (r"\btrue\b", "false"),
    (r"\bfalse\b", "true"), (r"!(?=[a-z(])", ""), (r"\bERR_NONE\b", "ERR_INTERNAL"),
]
HEAD = re.compile(r"^(?:[a-z][\w *]*[ *])?(\w+)\(")
NUMBER = re.compile(r"(?<![\w.])(\d+)(?=[^\w.x]|$)")
CALL = re.compile(r"^\t+[a-z]\w*(?:->\w+|\.\w+)*(?:\(| [-+]?= |\+\+|--).*;$")


def body_lines(text):
    """Numbers of lines inside functions that hold code alone: no comment, preprocessor line or declaration; and of which
    function."""
    depth, comment, function = 0, False, ""
    for n, line in enumerate(text):
        bare = line.strip()
        if depth == 0 and HEAD.match(line):
            function = HEAD.match(line).group(1)
        if bare.startswith("/*"):
            comment = True
        if not comment and depth > 0 and not bare.startswith("#") and not bare.startswith("assert("):
            yield n, function
        if "*/" in bare:
            comment = False
        if line.startswith("{"):
            depth += 1
        if line.startswith("}"):
            depth = 0


def outside_strings(line, at):
    """Nor in a comment at the end of the line."""
    return line[:at].count('"') % 2 == 0 and line[:at].count("'") % 2 == 0 and "/*" not in line[:at]


def mutants(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        text = f.read().split("\n")
    for n, function in body_lines(text):
        line = text[n]
        for pattern, other in SWAPS:
            for m in re.finditer(pattern, line):
                if outside_strings(line, m.start()):
                    yield n, function, line[:m.start()] + other + line[m.end():]
        for m in NUMBER.finditer(line):
            if outside_strings(line, m.start()):
                yield n, function, line[:m.start()] + str(int(m.group(1)) + 1) + line[m.end():]
        if CALL.match(line) and line.count("(") == line.count(")"):
            yield n, function, re.match(r"\t+", line).group() + ";"


def quiet(command):
    """Whether it went well, in the build folder."""
    return subprocess.run(command, shell=True, cwd=BUILD, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def prepare(subjects):
    """What differs is copied and is new then, whenever it was changed: an object made of it before is made again."""
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True)
    for path in filter(None, listed.stdout.split("\0")):
        source, copy = os.path.join(ROOT, path), os.path.join(TREE, path)
        if os.path.exists(source) and not (os.path.exists(copy) and filecmp.cmp(source, copy, shallow=False)):
            os.makedirs(os.path.dirname(copy), exist_ok=True)
            shutil.copyfile(source, copy)
            shutil.copymode(source, copy)
    subprocess.run(["cmake", "-S", TREE, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DWATTLE_WERROR=OFF",
                    "-DCMAKE_C_FLAGS_DEBUG=-O0", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON"], check=True, stdout=subprocess.DEVNULL)
    tests = sorted({test for _, *tests in subjects for test in tests})
    if subprocess.run(["ninja", "-C", BUILD, *tests], stdout=subprocess.DEVNULL).returncode:
        sys.exit(f"{BUILD} cannot be built")


def compiler(path):
    """The command that compiles SOURCE to OBJECT as the build compiles the file."""
    with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as f:
        command = next(c["command"] for c in json.load(f) if c["file"] == os.path.join(TREE, path))
    return re.sub(r" -o \S+ -c \S+$", f" -o '{OBJECT}' -c '{SOURCE}'", command)


def linker(test):
    """The command that links PROGRAM as the build links a test, with OBJECT before what the libraries hold."""
    lines = subprocess.run(["ninja", "-C", BUILD, "-t", "commands", test], check=True, capture_output=True, text=True).stdout
    command = lines.strip().split("\n")[-1]
    assert f"/{test} " in command, command
    return re.sub(r" -o \S+ ", f" -o '{PROGRAM}' '{OBJECT}' ", command, count=1)


IN_MEMORY = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", 'mount -t tmpfs none /tmp && exec "$0"']
if subprocess.run(IN_MEMORY + ["true"], stderr=subprocess.DEVNULL).returncode:
    IN_MEMORY = []


def fails(shaken, seconds):
    """Whether PROGRAM ends badly, says that a test failed, or never ends."""
    environment = {name: value for name, value in os.environ.items() if name != "WATTLE_SHAKE"}
    if shaken:
        environment["WATTLE_SHAKE"] = "1"
    with subprocess.Popen(IN_MEMORY + [PROGRAM], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment,
                          start_new_session=True, text=True, errors="replace") as child:
        def end():
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
        patience = threading.Timer(seconds, end)
        patience.start()
        try:
            for line in child.stderr:
                if "[  FAILED  ]" in line:
                    end()
            return child.wait() != 0
        finally:
            patience.cancel()
            end()


class Subject:
    def __init__(self, path, tests):
        self.path = path
        self.compile = compiler(path)
        self.links = [linker(test) for test in tests]
        self.rounds = [(link, shaken) for shaken in (False, True) for link in self.links]
        self.seconds = {}
        with open(os.path.join(ROOT, path), encoding="utf-8") as f:
            self.text = f.read().split("\n")
        for number, (link, shaken) in enumerate(self.rounds):
            begun = time.monotonic()
            if self.fate(self.text, [(link, shaken)]) != "alive":
                sys.exit(f"{path}: {tests[number % len(tests)]} fails without any change")
            self.seconds[link, shaken] = 20 + 10 * (time.monotonic() - begun)

    def fate(self, text, rounds=None):
        """What becomes of a text of the file: killed, stillborn or alive."""
        with open(SOURCE, "w", encoding="utf-8") as f:
            f.write("\n".join(text))
        if not quiet(self.compile):
            return "stillborn"
        linked = None
        for link, shaken in rounds or self.rounds:
            if linked != link and not quiet(link):
                return "stillborn"
            linked = link
            if fails(shaken, self.seconds.get((link, shaken), 300)):
                return "killed"
        return "alive"


def explained():
    with open(os.path.join(ROOT, "tests/mutants/survivors.txt"), encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f if line.strip() and not line.startswith("#")]
    for where, before, *_ in rows:
        path = where.split(":")[0]
        with open(os.path.join(ROOT, path), encoding="utf-8") as f:
            if before.strip() not in {line.strip() for line in f}:
                sys.exit(f"tests/mutants/survivors.txt: {path} has no line any more that is: {before}")
    return {(where, before.strip(), after.strip()) for where, before, after, why in rows if why}


def main():
    ask = argparse.ArgumentParser()
    ask.add_argument("--per-file", type=int, default=60)
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--only", default="")
    ask = ask.parse_args()
    known, total, killed = explained(), 0, 0
    subjects = [subject for subject in SUBJECTS if ask.only in subject[0]]
    prepare(subjects)
    for path, *tests in subjects:
        chosen = list(mutants(path))
        random.Random(f"{ask.seed} {path}").shuffle(chosen)
        subject = Subject(path, tests)
        count = dead = 0
        for n, function, after in chosen:
            before = subject.text[n].strip()
            if count == ask.per_file:
                break
            if {(path, before, after.strip()), (f"{path}:{function}", before, after.strip())} & known:
                continue
            fate = subject.fate(subject.text[:n] + [after] + subject.text[n + 1:])
            if fate == "stillborn":
                continue
            count += 1
            dead += fate == "killed"
            if fate == "alive":
                print(f"alive  {path}:{n + 1} {function}\t{before}\t{after.strip()}", flush=True)
        print(f"{path}: {dead} of {count} killed", flush=True)
        total, killed = total + count, killed + dead
    share = 100 * killed / total if total else 0
    print(f"{killed} of {total} mutants killed ({share:.1f} %), {total - killed} alive, {len(known)} survivors explained")
    return 0 if total and share >= 95 else 1


if __name__ == "__main__":
    sys.exit(main())
