/* `wattle gateway …`: a gateway's certificate, its row in the store and its rights at the broker.
 * Order of adding: row, certificate, right. Order of revoking: right first, since that is what
 * cuts it off. Each part may be repeated after a failure. */
#include "cli/broker.h"
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "deploy/broker/pki.h"
#include "platform/core/clock.h"
#include "platform/store/place.h"
#include "platform/store/store.h"

#define GATEWAY_DAYS 1095

static int issue(const struct cli *cli, const char *id, const char *property, bool keep_old)
{
	struct pki_request request = {PKI_CLIENT, id, NULL, clock_wall_ms() / 1000, GATEWAY_DAYS};
	struct pki_certificate issued;
	struct client_change change = {ROLE_GATEWAY, id, property, issued.serial, keep_old};
	char dir[PATH_MAX], file[SLUG_SIZE + 16];
	enum err err;

	snprintf(file, sizeof file, "gateways/%s", id);
	err = pki_issue(data_path(cli, dir, "pki"), file, &request, &issued);
	if (err)
		return fail("%s/%s: %s", dir, file, err_text(err));
	if (broker_change_client(cli, &change))
		return EXIT_FAILED;
	printf("%s/ca.crt\n%s/%s.crt\n%s/%s.key\n", dir, dir, file, dir, file);
	return EXIT_GOOD;
}

static bool request_for(struct gateway_request *request, const char *id, const char *why)
{
	if (!slug_valid(id)) {
		fail("%s: a gateway's id is 1 to 32 of a-z, 0-9 and -, and not `live`", id);
		return false;
	}
	memset(request, 0, sizeof *request);
	actor_here(&request->actor, why);
	snprintf(request->name, sizeof request->name, "%s", id);
	return true;
}

static int property_slug(struct db *db, const struct gateway_row *row, char slug[SLUG_SIZE])
{
	struct property_row property;
	enum err err = property_get(db, row->property_id, &property);

	if (err)
		return fail("property of gateway %s: %s", row->name, err_text(err));
	snprintf(slug, SLUG_SIZE, "%s", property.slug);
	return EXIT_GOOD;
}

static int gateway_add(const struct cli *cli, struct db *db, int argc, char **argv)
{
	struct gateway_request request;
	const char *property = option(&argc, argv, "--property"),
	           *label = option(&argc, argv, "--label");
	char slug[SLUG_SIZE];
	enum err err;

	if (!options_done(argc, argv) || argc != 2)
		return usage("gateway add ID [--property ID] [--label TEXT]");
	if (!request_for(&request, argv[1], "gateway add"))
		return EXIT_FAILED;
	snprintf(request.property, sizeof request.property, "%s", property ? property : "");
	snprintf(request.label, sizeof request.label, "%s", label ? label : argv[1]);
	err = step_run(db, NULL, gateway_add_step, &request, clock_wall_ms(), NULL);
	if (err == ERR_DUP)
		return fail(
		        "gateway %s exists; `wattle gateway renew %s` gives it a new certificate",
		        argv[1], argv[1]);
	if (err)
		return fail("gateway %s: %s", argv[1],
		            err == ERR_REFUSED ? "the property is archived" : err_text(err));
	if (property_slug(db, &request.row, slug))
		return EXIT_FAILED;
	return issue(cli, argv[1], slug, false);
}

static int gateway_renew(const struct cli *cli, struct db *db, int argc, char **argv)
{
	struct gateway_request request;
	char slug[SLUG_SIZE];
	bool now = argc == 3 && strcmp(argv[2], "--now") == 0;
	enum err err;

	if (argc != 2 && !now)
		return usage("gateway renew ID [--now]");
	if (!request_for(&request, argv[1], "gateway renew"))
		return EXIT_FAILED;
	err = step_run(db, NULL, gateway_renew_step, &request, clock_wall_ms(), NULL);
	if (err)
		return fail("gateway %s: %s", argv[1], err_text(err));
	if (property_slug(db, &request.row, slug))
		return EXIT_FAILED;
	return issue(cli, argv[1], slug, !now);
}

static int gateway_revoke(const struct cli *cli, struct db *db, int argc, char **argv)
{
	struct gateway_request request;
	struct client_change change = {ROLE_GATEWAY, NULL, NULL, NULL, false};
	enum err err;

	if (argc != 2)
		return usage("gateway revoke ID");
	if (!request_for(&request, argv[1], "gateway revoke"))
		return EXIT_FAILED;
	change.id = argv[1];
	if (broker_change_client(cli, &change))
		return EXIT_FAILED;
	err = step_run(db, NULL, gateway_revoke_step, &request, clock_wall_ms(), NULL);
	if (err)
		return fail("gateway %s: %s", argv[1], err_text(err));
	printf("gateway %s is revoked; the broker cuts it off within seconds\n", argv[1]);
	return EXIT_GOOD;
}

int cmd_gateway(const struct cli *cli, int argc, char **argv)
{
	struct settings settings;
	const char *what = argc > 1 ? argv[1] : "";
	struct db *db = open_store(cli, &settings);
	int code;

	if (!db)
		return EXIT_FAILED;
	if (strcmp(what, "add") == 0)
		code = gateway_add(cli, db, argc - 1, argv + 1);
	else if (strcmp(what, "renew") == 0)
		code = gateway_renew(cli, db, argc - 1, argv + 1);
	else if (strcmp(what, "revoke") == 0)
		code = gateway_revoke(cli, db, argc - 1, argv + 1);
	else if (strcmp(what, "list") == 0)
		code = gateway_health(cli, db);
	else
		code = usage("gateway add|renew|revoke|list …");
	db_close(db);
	return code;
}
