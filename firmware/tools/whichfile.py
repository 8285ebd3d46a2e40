#!/usr/bin/env python3
"""Names the source files that the `detail` of an assert event can mean (docs: faults.h).

usage: whichfile.py DETAIL"""
import glob
import os
import sys
import zlib

if len(sys.argv) != 2:
    sys.exit(__doc__)
wanted = int(sys.argv[1], 0)
if wanted in (0, 1):
    print("core fault: the value is its address" if wanted == 0 else "the crystal failed")
root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
for folder in ("libs/base", "libs/credit", "libs/proto", "firmware/app", "firmware/drivers", "firmware/board/stm32f103c8"):
    for path in sorted(glob.glob(os.path.join(root, folder, "*.[ch]"))):
        if zlib.crc32(os.path.basename(path).encode()) & 0xFF == wanted:
            print(os.path.relpath(path, root))
