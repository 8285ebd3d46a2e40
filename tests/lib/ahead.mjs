// A machine whose clock is wrong: environment for a program that shall see the wall clock that many milliseconds ahead.
import { writeFileSync } from "node:fs";
import path from "node:path";
import { run_ok } from "./process.mjs";

export async function ahead(dir, ms) {
	const shim = path.join(dir, "ahead.so"), source = path.join(dir, "ahead.c");
	writeFileSync(source, `#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <stdlib.h>\n#include <time.h>
int clock_gettime(clockid_t id, struct timespec *ts) {
	int (*real)(clockid_t, struct timespec *) = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	int rc = real(id, ts);
	if (id == CLOCK_REALTIME) ts->tv_sec += atoll(getenv("AHEAD_S"));
	return rc;
}`);
	await run_ok("cc", ["-shared", "-fPIC", "-o", shim, source, "-ldl"]);
	return { LD_PRELOAD: shim, AHEAD_S: String(Math.round(ms / 1000)) };
}
