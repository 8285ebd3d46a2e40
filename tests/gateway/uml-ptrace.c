/* For linux.uml of Debian 12 on processors with AMX: there the host takes the state of the vector registers only as
 * a whole (some 11 KB), and that kernel has room for its first 2.7 KB. What it does not know stays as it is. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/uio.h>

#define WHOLE_MAX 65536

typedef long (*ptrace_fn)(enum __ptrace_request, pid_t, void *, void *);

static long set_whole(ptrace_fn real, pid_t pid, void *type, const struct iovec *part)
{
	static __thread unsigned char bytes[WHOLE_MAX];
	struct iovec whole = {bytes, sizeof bytes};

	if (real(PTRACE_GETREGSET, pid, type, &whole) != 0 || part->iov_len > whole.iov_len)
		return real(PTRACE_SETREGSET, pid, type, (void *)part);
	memcpy(bytes, part->iov_base, part->iov_len);
	return real(PTRACE_SETREGSET, pid, type, &whole);
}

long ptrace(enum __ptrace_request request, ...)
{
	ptrace_fn real = (ptrace_fn)dlsym(RTLD_NEXT, "ptrace");
	va_list args;
	pid_t pid;
	void *addr, *data;

	va_start(args, request);
	pid = va_arg(args, pid_t);
	addr = va_arg(args, void *);
	data = va_arg(args, void *);
	va_end(args);
	if (request == PTRACE_SETREGSET && addr == (void *)NT_X86_XSTATE)
		return set_whole(real, pid, addr, data);
	return real(request, pid, addr, data);
}
