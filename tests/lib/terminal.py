#!/usr/bin/env python3
"""A program in a terminal of its own: terminal.py ROWS COLUMNS PROGRAM [ARG …].

What it prints goes to standard output as it is. Lines on standard input act: `keys HEX` types bytes,
`size ROWS COLUMNS` changes the window. SIGTERM is passed on. Ends with the program's exit code."""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios


def set_size(fd, rows, columns):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def act(fd, line):
    word, *rest = line.split()
    if word == "keys":
        os.write(fd, bytes.fromhex(rest[0]))
    elif word == "size":
        set_size(fd, int(rest[0]), int(rest[1]))


def main():
    rows, columns, program, *args = sys.argv[1:]
    child, fd = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm"
        set_size(0, int(rows), int(columns))
        os.execv(program, [program, *args])
    signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGTERM))
    told, listening = b"", [fd, 0]
    while True:
        try:
            ready, _, _ = select.select(listening, [], [])
            if fd in ready:
                data = os.read(fd, 65536)
                if not data:
                    break
                os.write(1, data)
            if 0 in ready:
                data = os.read(0, 65536)
                if not data:
                    listening.remove(0)
                *lines, told = (told + data).split(b"\n")
                for line in lines:
                    act(fd, line.decode())
        except OSError:
            break  # the program has ended
    _, status = os.waitpid(child, 0)
    sys.exit(os.waitstatus_to_exitcode(status) & 0xff)


main()
