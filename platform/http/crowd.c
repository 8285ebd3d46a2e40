#include "platform/http/crowd.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024

struct group {
	struct group *next;
	uint64_t client;
	unsigned count;
};

/* Whoever chooses addresses that fall into one bucket pays for each with an address of his own. */
struct crowd {
	struct group *bucket[BUCKETS];
};

struct crowd *crowd_new(void)
{
	return calloc(1, sizeof(struct crowd));
}

void crowd_free(struct crowd *crowd)
{
	if (!crowd)
		return;
	for (unsigned i = 0; i < BUCKETS; i++)
		while (crowd->bucket[i]) {
			struct group *group = crowd->bucket[i];

			crowd->bucket[i] = group->next;
			free(group);
		}
	free(crowd);
}

/* In the prefix of IPv4-mapped IPv6, which is nobody's /64. */
static uint64_t client_v4(uint32_t address)
{
	return address == INADDR_LOOPBACK ? CROWD_PROXY : UINT64_C(0xffff00000000) | address;
}

static uint64_t client_v6(const struct in6_addr *address)
{
	uint64_t client = 0;

	if (IN6_IS_ADDR_LOOPBACK(address))
		return CROWD_PROXY;
	if (IN6_IS_ADDR_V4MAPPED(address)) {
		uint32_t v4;

		memcpy(&v4, address->s6_addr + 12, sizeof v4);
		return client_v4(ntohl(v4));
	}
	for (unsigned i = 0; i < 8; i++)
		client = client << 8 | address->s6_addr[i];
	return client ? client : 1;
}

uint64_t crowd_client(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET)
		return client_v4(ntohl(
		        ((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr));
	if (address->sa_family == AF_INET6)
		return client_v6(&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
	return CROWD_PROXY;
}

static size_t bucket_of(uint64_t client)
{
	return (size_t)(client * UINT64_C(0x9e3779b97f4a7c15) >> 54);
}

/* The link to its group, or the one at the end of its bucket. */
static struct group **find(struct crowd *crowd, uint64_t client)
{
	struct group **link = &crowd->bucket[bucket_of(client)];

	while (*link && (*link)->client != client)
		link = &(*link)->next;
	return link;
}

unsigned crowd_count(const struct crowd *crowd, uint64_t client)
{
	const struct group *group = crowd->bucket[bucket_of(client)];

	while (group && group->client != client)
		group = group->next;
	return group ? group->count : 0;
}

bool crowd_enter(struct crowd *crowd, uint64_t client)
{
	struct group **link = find(crowd, client);

	if (client == CROWD_PROXY)
		return true;
	if (!*link) {
		*link = calloc(1, sizeof **link);
		if (!*link)
			return false;
		(*link)->client = client;
	}
	(*link)->count++;
	return true;
}

void crowd_leave(struct crowd *crowd, uint64_t client)
{
	struct group **link = find(crowd, client), *group = *link;

	if (client == CROWD_PROXY)
		return;
	assert(group && group->count > 0);
	if (--group->count > 0)
		return;
	*link = group->next;
	free(group);
}
