// Loaded with --require: the name of the test's certificate is this machine.
const dns = require("node:dns");
const { lookup } = dns;
dns.lookup = (name, options, done) => {
	if (name !== process.env.WATTLE_HOST) return lookup(name, options, done);
	return options.all ? done(null, [{ address: "127.0.0.1", family: 4 }]) : done(null, "127.0.0.1", 4);
};
