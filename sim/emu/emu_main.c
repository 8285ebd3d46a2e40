#include "sim/emu/emu_main.h"

#include "sim/emu/control.h"
#include "sim/emu/emulator.h"
#include "sim/provision.h"
#include "sim/unix_socket.h"

#include "libs/proto/can.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	EXIT_USAGE = 2,
	BATCH_MS = 1,  /* the bus is heard and real time followed in steps of this */
	SLIP_MS = 500, /* further behind than this: time is let go, and counted */
	LAG_WARN_MS = 100,
	TERMINALS_MAX = 250,
};

static volatile sig_atomic_t asked_to_end;

static void on_signal(int number)
{
	(void)number;
	asked_to_end = 1;
}

static int64_t host_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static double cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

/* ---- hub ------------------------------------------------------------------------------------ */

static void hub_disconnect(struct emulator *e)
{
	fprintf(stderr, "hub %s: connection lost\n", e->hub_path);
	close(e->hub);
	e->hub = -1;
	world_gateway_connect(e->world, false);
}

static void to_hub(void *ctx, const struct can_frame *frame)
{
	struct emulator *e = ctx;

	if (e->hub < 0)
		return;
	if (send(e->hub, frame, sizeof *frame, MSG_NOSIGNAL | MSG_DONTWAIT) !=
	    (ssize_t)sizeof *frame)
		e->hub_lost++;
}

static void read_hub(struct emulator *e)
{
	struct can_frame frame;

	while (e->hub >= 0 && e->world->head - e->world->tail < WORLD_QUEUE) {
		ssize_t n = recv(e->hub, &frame, sizeof frame, MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0)
			hub_disconnect(e);
		else if (n == (ssize_t)sizeof frame && frame.len <= 8)
			(void)world_from_hub(e->world, &frame,
			                     0); /* there is room: the loop asked */
	}
}

static enum err connect_hub(struct emulator *e)
{
	enum err err = unix_connect(&e->hub, e->hub_path, SOCK_SEQPACKET);

	if (err == ERR_NONE)
		world_gateway_connect(e->world, true);
	return err;
}

/* ---- time ----------------------------------------------------------------------------------- */

void emulator_step(struct emulator *e, uint64_t ms)
{
	vtime end = e->world->now + ms * VTIME_PER_MS;

	while (e->world->now < end) {
		read_hub(e);
		world_run(e->world, vtime_min(e->world->now + BATCH_MS * VTIME_PER_MS, end));
	}
}

static vtime host_time(const struct emulator *e)
{
	return (vtime)(host_ns() - e->origin_ns) * VTIME_PER_US / 1000;
}

/* An emulator that cannot keep up says so: lag now, the worst, and the time given up. */
static void note_lag(struct emulator *e)
{
	int64_t lag = (int64_t)(host_time(e) - e->world->now) / (int64_t)VTIME_PER_MS;

	e->lag_ms = lag > BATCH_MS ? lag : 0;
	if (e->lag_ms > e->lag_max_ms) {
		if (e->lag_ms > LAG_WARN_MS && e->lag_max_ms <= LAG_WARN_MS)
			fprintf(stderr, "warning: %lld ms behind real time\n",
			        (long long)e->lag_ms);
		e->lag_max_ms = e->lag_ms;
	}
	if (e->lag_ms > SLIP_MS) {
		e->slipped_ms += e->lag_ms;
		e->origin_ns += e->lag_ms * 1000000;
		fprintf(stderr, "warning: too slow, %lld ms of real time skipped\n",
		        (long long)e->lag_ms);
	}
}

static void wait_for_host(struct emulator *e, int timeout_ms)
{
	struct pollfd fds[LINE_SERVER_CLIENTS + 2];
	nfds_t n = line_server_poll(&e->control, fds);

	if (e->hub >= 0)
		fds[n++] = (struct pollfd){.fd = e->hub, .events = POLLIN};
	poll(fds, n, timeout_ms);
}

static void run_real(struct emulator *e)
{
	vtime target = host_time(e);

	if (target > e->world->now + BATCH_MS * VTIME_PER_MS)
		world_run(e->world,
		          vtime_min(target, e->world->now + 20 * BATCH_MS * VTIME_PER_MS));
	note_lag(e);
	target = host_time(e);
	wait_for_host(e, target > e->world->now + BATCH_MS * VTIME_PER_MS ? 0 : BATCH_MS);
}

static void run_once(struct emulator *e)
{
	switch (e->pace) {
	case PACE_REAL:
		run_real(e);
		break;
	case PACE_FAST:
		world_run(e->world, vtime_min(e->world->now + 10 * VTIME_PER_MS, e->seconds_limit));
		wait_for_host(e, 0);
		break;
	case PACE_STEP:
		wait_for_host(e, 100);
		break;
	}
	read_hub(e);
	line_server_run(&e->control);
	if (e->hub < 0 && e->hub_path && e->pace != PACE_STEP)
		(void)connect_hub(e); /* a hub that comes back is found again */
}

/* ---- command line --------------------------------------------------------------------------- */

struct arguments {
	struct world_config world;
	const char *hub, *control, *load;
	enum emulator_pace pace;
	double seconds;
};

static const struct option options[] = {
        {"hub",       required_argument, NULL, 'h'},
        {"terminals", required_argument, NULL, 'n'},
        {"first",     required_argument, NULL, 'k'},
        {"loader",    required_argument, NULL, 'l'},
        {"app",       required_argument, NULL, 'a'},
        {"state",     required_argument, NULL, 's'},
        {"load",      required_argument, NULL, 'd'},
        {"control",   required_argument, NULL, 'c'},
        {"seconds",   required_argument, NULL, 't'},
        {"fast",      no_argument,       NULL, 'f'},
        {"step",      no_argument,       NULL, 'p'},
        {NULL,        0,                 NULL, 0  },
};

static bool take_option(struct arguments *a, int option, const char *value)
{
	switch (option) {
	case 'h':
		a->hub = value;
		return true;
	case 'n':
		a->world.count = (unsigned)strtoul(value, NULL, 10);
		return true;
	case 'k':
		a->world.first = (unsigned)strtoul(value, NULL, 10);
		return true;
	case 'l':
		a->world.loader = value;
		return true;
	case 'a':
		a->world.app = value;
		return true;
	case 's':
		a->world.state_dir = value;
		return true;
	case 'd':
		a->load = value;
		return true;
	case 'c':
		a->control = value;
		return true;
	case 't':
		a->seconds = strtod(value, NULL);
		return true;
	case 'f':
		a->pace = PACE_FAST;
		return true;
	case 'p':
		a->pace = PACE_STEP;
		return true;
	default:
		return false;
	}
}

static bool parse(struct arguments *a, int argc, char **argv)
{
	int option;

	*a = (struct arguments){
	        .world = {.count = 1, .first = 1},
                  .pace = PACE_REAL
        };
	optind = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (!take_option(a, option, optarg))
			return false;
	return optind == argc && a->load && a->world.count >= 1 &&
	       a->world.count <= TERMINALS_MAX && a->world.first >= 1;
}

static int complain(const char *what, enum err err)
{
	fprintf(stderr, "wattle-sim: %s: %s\n", what, err_text(err));
	return 1;
}

static int usage(void)
{
	fprintf(stderr,
	        "usage: wattle-sim emu --load DATA.csv [--hub PATH] [--terminals N] [--first K]\n"
	        "         [--loader loader.elf] [--app terminal.elf] [--state DIR] [--control PATH]\n"
	        "         [--fast | --step] [--seconds S]\n"
	        "       wattle-sim bench --load DATA.csv --app terminal.elf [--loader …] [--terminals N] [--seconds S]\n");
	return EXIT_USAGE;
}

static char *answer(void *ctx, const char *line)
{
	return control_answer(ctx, line);
}

static int run(struct emulator *e, const struct arguments *a)
{
	enum err err = line_server_open(&e->control, a->control, answer, e);

	if (err != ERR_NONE)
		return complain(a->control, err);
	if (e->hub_path && (err = connect_hub(e)) != ERR_NONE)
		return complain(e->hub_path, err);
	e->world->to_hub = to_hub;
	e->world->to_hub_ctx = e;
	e->origin_ns = host_ns();
	e->seconds_limit = a->seconds > 0 ? (vtime)(a->seconds * (double)VTIME_PER_S) : VTIME_NEVER;
	while (!e->quit && !asked_to_end && e->world->now < e->seconds_limit)
		run_once(e);
	line_server_close(&e->control);
	if (e->hub >= 0)
		close(e->hub);
	return 0;
}

int emu_main(int argc, char **argv)
{
	static struct emulator e = {.hub = -1};
	struct arguments a;
	struct load_data load;
	enum err err;
	int status;

	if (!parse(&a, argc, argv))
		return usage();
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	err = load_data_read(&load, a.load);
	if (err != ERR_NONE)
		return complain(a.load, err);
	a.world.load = &load;
	e.pace = a.pace;
	e.hub_path = a.hub;
	err = world_new(&e.world, &a.world);
	status = err == ERR_NONE ? run(&e, &a) : complain("terminals", err);
	if (err == ERR_NONE)
		world_free(e.world);
	load_data_free(&load);
	return status;
}

/* ---- bench ---------------------------------------------------------------------------------- */

enum { BENCH_WARM_UP_S = 6 };

/* In the place of a gateway: gives each terminal that claims an address. */
struct addressing {
	struct world *world;
	struct can_claim_join join[TERMINALS_MAX];
	uint32_t hash[TERMINALS_MAX];
	unsigned used;
};

static struct can_claim_join *join_of(struct addressing *a, uint32_t hash, unsigned *address)
{
	unsigned i = 0;

	while (i < a->used && a->hash[i] != hash)
		i++;
	if (i == TERMINALS_MAX)
		return NULL;
	a->hash[i] = hash;
	if (i == a->used)
		a->used++;
	*address = i + 1;
	return &a->join[i];
}

static void give_addresses(void *ctx, const struct can_frame *frame)
{
	struct addressing *a = ctx;
	struct can_msg msg = {.id = frame->id & CAN_FRAME_ID_MASK, .len = frame->len};
	struct can_assign assign;
	struct can_id id;
	struct can_claim_join *join;
	struct can_frame answer = {.len = 8};
	unsigned address;

	memcpy(msg.data, frame->data, sizeof msg.data);
	if (can_id_decode(msg.id, &id) != ERR_NONE || id.type != CAN_CLAIM)
		return;
	join = join_of(a, id.hash20, &address);
	if (!join || can_claim_take(join, &msg) != ERR_NONE)
		return;
	assign = (struct can_assign){.hash20 = id.hash20, .address = (uint16_t)address};
	can_fingerprint(join->claim.chip, assign.fingerprint);
	can_assign_encode(&assign, &msg);
	answer.id = msg.id | CAN_FRAME_EFF;
	memcpy(answer.data, msg.data, sizeof answer.data);
	/* A terminal that has just claimed goes through initialisation (NART off) and is deaf for
	 * some bits; no gateway is faster than this. */
	(void)world_from_hub(a->world, &answer, 2 * VTIME_PER_MS);
}

struct figures {
	uint64_t instructions, exceptions, frames;
	vtime busy;
	double host_s, cpu_s;
};

static struct figures figures_now(const struct world *w)
{
	struct figures f = {.frames = w->segment.frames,
	                    .busy = w->segment.busy_ticks,
	                    .host_s = (double)host_ns() * 1e-9,
	                    .cpu_s = cpu_seconds()};

	for (unsigned i = 0; i < w->count; i++) {
		f.instructions += w->terminal[i]->mcu->counters.instructions;
		f.exceptions += w->terminal[i]->mcu->counters.exceptions;
	}
	return f;
}

static void print_figures(const struct world *w, double seconds, struct figures from,
                          struct figures to)
{
	double cpu_s = to.cpu_s - from.cpu_s;
	double share = 1 / (seconds * w->count);

	printf("terminals %u: %.1f s of virtual time in %.2f s, CPU share of one core in real time %.1f %%, "
	       "real-time factor %.2f, terminals per core %.0f\n",
	       w->count, seconds, to.host_s - from.host_s, 100 * cpu_s / seconds, seconds / cpu_s,
	       w->count * seconds / cpu_s);
	printf("per terminal and second: %.0f instructions, %.0f exceptions; bus: %.0f frames/s, load %.1f %%, errors %llu\n",
	       (double)(to.instructions - from.instructions) * share,
	       (double)(to.exceptions - from.exceptions) * share,
	       (double)(to.frames - from.frames) / seconds,
	       100.0 * (double)(to.busy - from.busy) / (seconds * (double)VTIME_PER_S),
	       (unsigned long long)w->segment.errors);
}

/* Terminals without files get an identity here: one without a key takes no address. */
static void identify(struct world *w)
{
	static const uint8_t key[PROVISION_KEY_BYTES] = {1};

	for (unsigned i = 0; i < w->count; i++) {
		struct terminal *t = w->terminal[i];

		terminal_power(t, false, 0);
		provision_identity(t->flash, key);
		terminal_power(t, true, 0);
		world_touch(w, t);
	}
}

static void run_bench(struct world *w, double seconds)
{
	static struct addressing addressing;
	struct figures from;

	addressing.world = w;
	w->to_hub = give_addresses;
	w->to_hub_ctx = &addressing;
	world_gateway_connect(w, true);
	world_run(w, BENCH_WARM_UP_S * VTIME_PER_S);
	from = figures_now(w);
	world_run(w, (vtime)((BENCH_WARM_UP_S + seconds) * (double)VTIME_PER_S));
	print_figures(w, seconds, from, figures_now(w));
}

int emu_bench_main(int argc, char **argv)
{
	struct arguments a;
	struct load_data load;
	struct world *w;
	enum err err;

	if (!parse(&a, argc, argv) || !a.world.app)
		return usage();
	err = load_data_read(&load, a.load);
	if (err != ERR_NONE)
		return complain(a.load, err);
	a.world.load = &load;
	if (a.seconds <= 0)
		a.seconds = 20;
	err = world_new(&w, &a.world);
	if (err != ERR_NONE)
		return complain("terminals", err);
	if (!a.world.state_dir)
		identify(w);
	run_bench(w, a.seconds);
	world_free(w);
	load_data_free(&load);
	return 0;
}
