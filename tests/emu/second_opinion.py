#!/usr/bin/python3
"""The core self-test on qemu-system-arm (Cortex-M3 of stm32vldiscovery) prints what it prints here."""
import subprocess
import sys
import tempfile
import threading

import firmware

QEMU = ["qemu-system-arm", "-M", "stm32vldiscovery", "-nographic", "-monitor", "none", "-serial", "stdio", "-kernel"]


def on_qemu(elf):
    """Lines up to DONE; QEMU itself never ends."""
    with tempfile.TemporaryFile("w+") as errors:
        qemu = subprocess.Popen([*QEMU, elf], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True)
        watchdog = threading.Timer(60, qemu.kill)
        watchdog.start()
        lines = []
        for line in qemu.stdout:
            if line.strip() == "DONE":
                break
            lines.append(line.strip())
        watchdog.cancel()
        qemu.kill()
        qemu.wait()
    return lines


def main():
    elf = firmware.build("core")
    ours, ended = firmware.run("core", elf)
    ours = [line for line in ours if line]
    theirs = on_qemu(elf)
    same = ended and ours == theirs and len(ours) >= 15 and all(line.startswith("PASS ") for line in ours)
    print("ok core self-test equals QEMU" if same else f"not ok core self-test equals QEMU ours {ours} theirs {theirs}", flush=True)
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
