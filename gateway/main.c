/* wattle-gateway: from the CAN bus of a building to the broker, and back.
 *
 * A tour: core/core.c decides; meter/ knows terminals and commands; bus/ carries frames; spool/ keeps
 * batches; link/ speaks MQTT. This file opens them, hands events to the core, and closes them. */
#include "gateway/bus/bus.h"
#include "gateway/clock.h"
#include "gateway/config.h"
#include "gateway/core/core.h"
#include "gateway/dump.h"
#include "gateway/link/link.h"
#include "gateway/log.h"
#include "gateway/spool/spool.h"
#include "gateway/spool/statefile.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define BUS_RETRY_MS  1000
#define FRAMES_A_TURN 256 /* then others have their turn */
#define FAREWELL_MS   1000
#define SEGMENT_BYTES (1024 * 1024)
#define RESERVE_BYTES (2 * 1024 * 1024)
#define DAY_S         86400
#define STOP_WORD     24

static const char stop_file[] = "last-stop.tab";

struct gateway {
	struct config config;
	struct disk disk;
	struct spool *spool;
	struct core *core;
	struct bus *bus;
	struct link *link;
	uint64_t boot;
	char last_stop[STOP_WORD];
	char will[128];
	int signals, clock_socket;
	int64_t bus_retry_ms;
	bool bus_up, bus_told;
	bool stopping;
};

/* --- effects of the core --- */

static void can_out(void *ctx, const struct can_msg *msg)
{
	struct gateway *g = ctx;

	(void)bus_send(g->bus, msg); /* a full queue is counted there */
}

static void publish_out(void *ctx, enum core_topic topic, const uint8_t *bytes, size_t len)
{
	static const enum link_out topics[] = {
	        [CORE_UP] = LINK_UP, [CORE_NOW] = LINK_NOW, [CORE_STATE] = LINK_STATE};
	struct gateway *g = ctx;

	link_publish(g->link, topics[topic], bytes, len);
}

static void log_out(void *ctx, enum core_level level, const char *text)
{
	static const enum log_level levels[] = {[CORE_LOG_ERROR] = LOG_ERROR,
	                                        [CORE_LOG_WARN] = LOG_WARN,
	                                        [CORE_LOG_INFO] = LOG_INFO};

	(void)ctx;
	log_line(levels[level], "%s", text);
}

/* --- events of the link --- */

static void link_is_up(void *ctx)
{
	struct gateway *g = ctx;
	struct moment now = clock_now();

	log_line(LOG_INFO, "link: connected to %s:%d", g->config.broker_host,
	         (int)g->config.broker_port);
	core_link(g->core, NULL, &now);
}

static void link_is_down(void *ctx, const char *why)
{
	struct gateway *g = ctx;
	struct moment now = clock_now();

	log_line(LOG_WARN, "link: no connection to %s:%d: %s", g->config.broker_host,
	         (int)g->config.broker_port, why);
	core_link(g->core, why, &now);
}

static void link_message(void *ctx, enum link_in topic, const uint8_t *bytes, size_t len,
                         bool retained)
{
	static const enum core_input inputs[] = {[LINK_ACK] = CORE_ACK, [LINK_DOWN] = CORE_DOWN};
	struct gateway *g = ctx;
	struct moment now = clock_now();

	core_message(g->core, inputs[topic], bytes, len, retained, &now);
}

/* --- the bus --- */

static void bus_tell(struct gateway *g)
{
	struct moment now = clock_now();
	struct core_bus state = {.kind = bus_kind(g->bus), .up = g->bus_up};
	struct bus_stats stats;

	bus_stats(g->bus, &stats);
	state.errors = stats.errors;
	state.dropped = stats.dropped;
	core_bus(g->core, &state, &now);
}

static void bus_lost(struct gateway *g, enum err err)
{
	if (g->bus_up || !g->bus_told)
		log_line(LOG_WARN, "bus: %s: %s; trying again each second", g->config.bus,
		         err_text(err));
	g->bus_told = true;
	bus_close(g->bus);
	g->bus_up = false;
	g->bus_retry_ms = clock_now().mono_ms + BUS_RETRY_MS;
}

static void bus_tick(struct gateway *g)
{
	enum err err;

	if (!g->bus_up && clock_now().mono_ms >= g->bus_retry_ms) {
		err = bus_open(g->bus);
		if (err) {
			bus_lost(g, err);
		} else {
			g->bus_up = true;
			log_line(LOG_INFO, "bus: %s is open", g->config.bus);
		}
	}
	bus_tell(g);
}

static void bus_read(struct gateway *g)
{
	enum err err = ERR_NONE;

	for (int n = 0; n < FRAMES_A_TURN && !err; n++) {
		struct moment now = clock_now();
		struct can_msg msg;

		err = bus_receive(g->bus, &msg);
		if (!err)
			core_frame(g->core, &msg, &now);
	}
	if (err == ERR_CLOSED)
		bus_lost(g, err);
}

static void bus_write(struct gateway *g)
{
	if (g->bus_up && bus_flush(g->bus))
		bus_lost(g, ERR_CLOSED);
}

/* --- the loop --- */

enum { ON_SIGNAL, ON_BUS, ON_LINK, ON_CLOCK };

/* Descriptors come and go with their connections: the set is made anew for each wait. */
static void watch(int epoll, int fd, bool write, uint32_t what)
{
	struct epoll_event event = {.events = EPOLLIN | (write ? (uint32_t)EPOLLOUT : 0)};

	event.data.u32 = what;
	if (fd >= 0)
		(void)epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static int wait_events(struct gateway *g, struct epoll_event *events, int most)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int n;

	watch(epoll, g->signals, false, ON_SIGNAL);
	watch(epoll, g->clock_socket, false, ON_CLOCK);
	watch(epoll, bus_fd(g->bus), bus_wants_write(g->bus), ON_BUS);
	watch(epoll, link_fd(g->link), link_wants_write(g->link), ON_LINK);
	n = epoll_wait(epoll, events, most, clock_wait_ms(CORE_TICK_MS));
	close(epoll);
	return n;
}

static void on_signal(struct gateway *g)
{
	struct signalfd_siginfo info;

	if (read(g->signals, &info, sizeof info) == sizeof info) {
		log_line(LOG_INFO, "signal %u: stopping", info.ssi_signo);
		g->stopping = true;
	}
}

static void dispatch(struct gateway *g, uint32_t what)
{
	switch (what) {
	case ON_SIGNAL:
		on_signal(g);
		break;
	case ON_BUS:
		bus_read(g);
		break;
	case ON_LINK:
		link_io(g->link);
		break;
	case ON_CLOCK:
		clock_test_serve(g->clock_socket);
		break;
	}
}

static void tick(struct gateway *g, int64_t *tick_ms)
{
	struct moment now = clock_now();

	if (now.mono_ms < *tick_ms)
		return;
	*tick_ms = now.mono_ms + CORE_TICK_MS;
	bus_tick(g);
	link_tick(g->link, now.mono_ms);
	core_tick(g->core, &now);
}

static enum err loop(struct gateway *g)
{
	struct epoll_event events[8];
	int64_t tick_ms = 0;
	enum err err = ERR_NONE;

	while (!g->stopping && !err) {
		struct moment now;
		int n = wait_events(g, events, (int)ARRAY_SIZE(events));

		for (int i = 0; i < n; i++)
			dispatch(g, events[i].data.u32);
		tick(g, &tick_ms);
		/* Frames do not wait for the disk; those that must follow it come out of the settling. */
		bus_write(g);
		now = clock_now();
		err = core_settle(g->core, &now);
		bus_write(g);
	}
	return err;
}

/* --- start and stop --- */

/* While the process runs the file says "killed": that is what the next start finds if nobody
 * wrote something better. */
static void stop_note(struct gateway *g, const char *word)
{
	if (statefile_save(&g->disk, stop_file, (const uint8_t *)word, strlen(word)))
		log_line(LOG_WARN, "spool: cannot note the reason of the stop");
}

static void stop_recall(struct gateway *g)
{
	size_t len;

	if (statefile_load(&g->disk, stop_file, (uint8_t *)g->last_stop, STOP_WORD - 1, &len))
		len = 0;
	g->last_stop[len] = 0;
	for (size_t i = 0; i < len; i++)
		if ((g->last_stop[i] < 'a' || g->last_stop[i] > 'z') && g->last_stop[i] != '-')
			g->last_stop[i] = '-';
	if (len == 0)
		memcpy(g->last_stop, "first-start", sizeof "first-start");
	stop_note(g, "killed");
}

static enum err boot_draw(uint64_t *boot)
{
	do {
		if (getrandom(boot, sizeof *boot, 0) != sizeof *boot)
			return ERR_IO;
	} while (*boot == 0);
	return ERR_NONE;
}

/* Two gateways on one spool would each forget what the other keeps. */
static enum err folder_lock(const char *folder)
{
	char path[CONFIG_TEXT_SIZE + 16];
	FILE *file;

	snprintf(path, sizeof path, "%s/.lock", folder);
	file = fopen(path, "we");
	if (!file)
		return ERR_IO;
	return flock(fileno(file), LOCK_EX | LOCK_NB) ? ERR_BUSY : ERR_NONE;
}

static enum err spool_start(struct gateway *g)
{
	const struct spool_options options = {.most_bytes = g->config.spool_mb * 1024 * 1024,
	                                      .reserve_bytes = RESERVE_BYTES,
	                                      .segment_bytes = SEGMENT_BYTES,
	                                      .keep_s = g->config.spool_days * DAY_S};
	enum err err;

	err = disk_posix_open(&g->disk, g->config.data);
	if (!err)
		err = folder_lock(g->config.data);
	if (!err)
		err = spool_open(&g->spool, &g->disk, &options);
	if (err)
		log_line(LOG_ERROR, "spool: %s: %s", g->config.data,
		         err == ERR_BUSY ? "another gateway uses it" : err_text(err));
	else
		stop_recall(g);
	return err;
}

static enum err core_start(struct gateway *g)
{
	const struct core_out effects = {g, can_out, publish_out, log_out};
	struct core_options options = {.version = WATTLE_VERSION, .last_stop = g->last_stop};
	struct moment now = clock_now();
	enum err err = boot_draw(&g->boot);

	options.boot = g->boot;
	if (!err)
		err = core_new(&g->core, &options, &effects, &g->disk, g->spool, &now);
	if (err)
		log_line(LOG_ERROR, "spool: %s: tables: %s", g->config.data, err_text(err));
	return err;
}

static enum err bus_start(struct gateway *g)
{
	enum err err = bus_new(&g->bus, g->config.bus);

	if (err)
		log_line(LOG_ERROR,
		         "[bus] uri: %s is none of socketcan:NAME, unix:/path, "
		         "slcan:/dev/ttyX[@baud]",
		         g->config.bus);
	return err;
}

static enum err link_start(struct gateway *g)
{
	const struct config *c = &g->config;
	const struct link_config config = {.id = c->id,
	                                   .property = c->property,
	                                   .host = c->broker_host,
	                                   .port = (int)c->broker_port,
	                                   .keepalive_s = (int)c->keepalive_s,
	                                   .ca = c->ca,
	                                   .certificate = c->certificate,
	                                   .key = c->key,
	                                   .will = g->will};
	const struct link_events events = {g, link_is_up, link_is_down, link_message};
	char why[CONFIG_TEXT_SIZE * 4];
	enum err err;

	snprintf(g->will, sizeof g->will, "{\"online\":false,\"boot\":\"%016" PRIx64 "\"}",
	         g->boot);
	err = link_new(&g->link, &config, &events, why, sizeof why);
	if (err)
		log_line(LOG_ERROR, "link: %s", why);
	return err;
}

static void signals_start(struct gateway *g)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	g->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static const char *stop_word(enum err err)
{
	return err == ERR_NONE ? "clean" : err == ERR_IO ? "disk-failed" : "error";
}

static void stop(struct gateway *g, enum err why)
{
	char json[CORE_STATE_SIZE];
	struct moment now = clock_now();
	size_t len;

	if (!why)
		why = core_stop(g->core, &now);
	if (why)
		log_line(LOG_ERROR, "spool: %s: %s; stopping", g->config.data, err_text(why));
	len = core_farewell(g->core, stop_word(why), json, sizeof json);
	link_farewell(g->link, (const uint8_t *)json, len, FAREWELL_MS);
	stop_note(g, stop_word(why));
}

static enum err run(struct gateway *g)
{
	enum err err;

	signals_start(g);
	err = spool_start(g);
	if (!err)
		err = core_start(g);
	if (!err)
		err = bus_start(g);
	if (!err)
		err = link_start(g);
	if (err)
		return err;
	log_line(LOG_INFO, "gateway %s of %s: boot %016" PRIx64 ", last stop: %s", g->config.id,
	         g->config.property, g->boot, g->last_stop);
	err = loop(g);
	stop(g, err);
	link_free(g->link);
	bus_free(g->bus);
	core_free(g->core);
	spool_close(g->spool);
	disk_posix_close(&g->disk);
	return err;
}

static void help(FILE *out)
{
	fputs("wattle-gateway [--test-clock SOCKET] CONFIG.ini   run (运行网关)\n"
	      "wattle-gateway --check CONFIG.ini                  check the settings (检查配置)\n"
	      "wattle-gateway --settings-reference                all settings (配置说明)\n"
	      "wattle-gateway --dump-spool DIR                    print what is spooled as JSON lines "
	      "(打印待发队列)\n",
	      out);
}

static int usage(void)
{
	help(stderr);
	return 2;
}

static int settings_load(struct gateway *g, const char *path)
{
	char why[CONFIG_TEXT_SIZE * 2];

	if (!config_load(&g->config, path, why, sizeof why) &&
	    !config_check_files(&g->config, why, sizeof why))
		return 0;
	log_line(LOG_ERROR, "%s", why);
	return 2;
}

int main(int argc, char **argv)
{
	static struct gateway g = {.signals = -1, .clock_socket = -1};

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		help(stdout);
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "--dump-spool") == 0)
		return dump_spool(argv[2]);
	if (argc == 3 && strcmp(argv[1], "--check") == 0)
		return settings_load(&g, argv[2]);
	if (argc == 2 && strcmp(argv[1], "--settings-reference") == 0) {
		config_reference(stdout);
		return 0;
	}
	if (argc == 4 && strcmp(argv[1], "--test-clock") == 0) {
		if (clock_test_open(argv[2], &g.clock_socket))
			return usage();
		argv += 2;
		argc -= 2;
	}
	if (argc != 2 || argv[1][0] == '-')
		return usage();
	if (settings_load(&g, argv[1]))
		return 2;
	return run(&g) ? 1 : 0;
}
