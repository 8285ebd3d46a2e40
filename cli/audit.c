/* `wattle audit …`: is the audit as it was written, and what does it say. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "libs/base/bytes.h"
#include "libs/base/time.h"
#include "libs/base/utf8.h"
#include "platform/store/audit.h"
#include "platform/store/place.h"
#include "platform/store/store.h"

struct chain {
	int64_t property_id, group_id;
};

struct verify {
	struct db *db;
	struct chain chain[1024];
	size_t count;
	bool only; /* one chain is asked for */
	struct chain wanted;
};

static void take_chain(void *arg, int64_t property_id, int64_t group_id)
{
	struct verify *verify = arg;

	if (verify->only &&
	    (verify->wanted.property_id != property_id || verify->wanted.group_id != group_id))
		return;
	if (verify->count < ARRAY_SIZE(verify->chain))
		verify->chain[verify->count++] = (struct chain){property_id, group_id};
}

static void chain_name(struct db *db, const struct chain *chain, char name[64])
{
	struct property_row property;

	if (chain->property_id && property_get(db, chain->property_id, &property) == ERR_NONE)
		snprintf(name, 64, "property %s", property.slug);
	else if (chain->property_id)
		snprintf(name, 64, "property number %" PRId64, chain->property_id);
	else if (chain->group_id)
		snprintf(name, 64, "group %" PRId64, chain->group_id);
	else
		snprintf(name, 64, "installation");
}

/* --property ID, --group N or --installation; none of them: every chain. */
static int read_chain(struct db *db, int *argc, char **argv, struct verify *verify)
{
	const char *slug = option(argc, argv, "--property"), *group = option(argc, argv, "--group");
	struct property_row property;

	verify->only = flag(argc, argv, "--installation") || slug || group;
	if (!number_option(group, 1, INT64_MAX, &verify->wanted.group_id))
		return EXIT_USAGE;
	if (slug && property_by_slug(db, slug, &property))
		return fail("%s: no such property", slug);
	if (slug)
		verify->wanted.property_id = property.property_id;
	return EXIT_GOOD;
}

static int audit_check(struct db *db, int argc, char **argv)
{
	static struct verify verify;
	int code = read_chain(db, &argc, argv, &verify);

	if (code)
		return code;
	if (!options_done(argc, argv) || argc != 1)
		return usage("audit verify [--property ID | --group N | --installation]");
	if (audit_chains(db, take_chain, &verify))
		return fail("the audit cannot be read");
	for (size_t i = 0; i < verify.count; i++) {
		struct audit_proof proof;
		char name[64], hash[2 * AUDIT_HASH_SIZE + 1];
		enum err err = audit_verify(db, verify.chain[i].property_id,
		                            verify.chain[i].group_id, &proof);

		chain_name(db, &verify.chain[i], name);
		hex_encode(proof.hash, sizeof proof.hash, hash);
		if (err == ERR_DAMAGED)
			code = fail("%s: line %" PRId64 " is not as it was written", name,
			            proof.bad_id);
		else if (err)
			return fail("%s: %s", name, err_text(err));
		else
			printf("%s: %" PRId64 " lines, last hash %s\n", name, proof.lines, hash);
	}
	return code;
}

/* ---- reading ---- */

struct reading {
	int64_t left;
};

static bool print_line(void *arg, const struct audit_row *row)
{
	struct reading *reading = arg;
	char at[RFC3339_MS_SIZE];

	if (rfc3339_format_ms(row->at_ms, at))
		at[0] = '\0';
	printf("%" PRId64 "\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", row->audit_id, at, row->who,
	       row->origin, row->action, row->object, row->result, row->reason, row->detail);
	if (row->before)
		printf("\tbefore\t%s\n", row->before);
	if (row->after)
		printf("\tafter\t%s\n", row->after);
	return --reading->left > 0;
}

static void take_option(int *argc, char **argv, const char *name, char *to, size_t size)
{
	const char *text = option(argc, argv, name);

	utf8_copy(to, size, text ? text : "");
}

static int audit_print(struct db *db, int argc, char **argv)
{
	static struct verify chain;
	struct audit_filter filter = {0};
	struct reading reading = {.left = 50};
	int code = read_chain(db, &argc, argv, &chain);
	enum err err = ERR_NONE;

	if (code || !number_option(option(&argc, argv, "--lines"), 1, INT64_MAX, &reading.left))
		return code ? code : EXIT_USAGE;
	take_option(&argc, argv, "--who", filter.who, sizeof filter.who);
	take_option(&argc, argv, "--action", filter.action, sizeof filter.action);
	take_option(&argc, argv, "--object", filter.object, sizeof filter.object);
	take_option(&argc, argv, "--text", filter.text, sizeof filter.text);
	if (!options_done(argc, argv) || argc != 1)
		return usage("audit list [--property ID | --group N | --installation] [--who NAME] "
		             "[--action WORD] [--object TEXT] [--text TEXT] [--lines N]");
	filter.property_id = chain.wanted.property_id;
	filter.group_id = chain.wanted.group_id;
	do {
		err = audit_search(db, &filter, print_line, &reading, &filter.before);
	} while (!err && filter.before);
	return err ? fail("audit: %s", err_text(err)) : EXIT_GOOD;
}

int cmd_audit(const struct cli *cli, int argc, char **argv)
{
	struct settings settings;
	const char *what = argc > 1 ? argv[1] : "";
	struct db *db = open_store(cli, &settings);
	int code;

	if (!db)
		return EXIT_FAILED;
	if (strcmp(what, "verify") == 0)
		code = audit_check(db, argc - 1, argv + 1);
	else if (strcmp(what, "list") == 0)
		code = audit_print(db, argc - 1, argv + 1);
	else
		code = usage("audit verify|list …");
	db_close(db);
	return code;
}
