// nginx as deploy/nginx has it, on free ports, with certificates of a test authority. Only what the operator
// edits is replaced (name, ports, certificate, wattled's port), and the folders of an installation.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import tls from "node:tls";
import { Daemon, free_port, root, run_ok, until } from "./process.mjs";

export const NAME = "wattle.test";

// An authority, and a certificate for NAME; returns their paths and Chromium's idea of the key.
export async function certificates(dir) {
	mkdirSync(dir, { recursive: true });
	const at = (name) => path.join(dir, name);
	const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
	await run_ok("openssl", ["req", "-x509", ...key, "-keyout", at("ca.key"), "-out", at("ca.crt"), "-subj", "/CN=Test authority", "-days", "2"]);
	await run_ok("openssl", ["req", ...key, "-keyout", at("privkey.pem"), "-out", at("request.pem"), "-subj", `/CN=${NAME}`]);
	writeFileSync(at("names"), `subjectAltName=DNS:${NAME}\n`);
	await run_ok("openssl", ["x509", "-req", "-in", at("request.pem"), "-CA", at("ca.crt"), "-CAkey", at("ca.key"), "-out", at("fullchain.pem"), "-days", "2", "-extfile", at("names")]);
	const { out } = await run_ok("sh", ["-c", `openssl x509 -in ${at("fullchain.pem")} -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64`]);
	return { dir, ca: readFileSync(at("ca.crt")), ca_file: at("ca.crt"), spki: out.trim() };
}

// The site as the operator would edit it. Every replacement must find its place.
export function edit_site(text, { https, http, wattled, pki, name = NAME }) {
	for (const [from, to] of [
		[/\b443 ssl/g, `${https} ssl`], [/listen( \[::\]:| )80;/g, `listen$1${http};`], [/wattle\.example\.cn/g, name],
		[/127\.0\.0\.1:8080/g, `127.0.0.1:${wattled}`], [/\/etc\/ssl\/wattle/g, pki],
	]) {
		if (!from.test(text)) throw new Error(`deploy/nginx/site.conf has no ${from}`);
		text = text.replace(from, to);
	}
	return text;
}

export class Nginx {
	// edit: [file, from, to] of what a test wants otherwise.
	static async start(dir, { wattled, console_dir = path.join(root, "web/console/dist"), certs, edit = [] }) {
		const nginx = new Nginx();
		Object.assign(nginx, { dir, certs, https: await free_port(), http: await free_port() });
		for (const sub of ["conf", "log", "body", "proxy", "acme/.well-known/acme-challenge"]) mkdirSync(path.join(dir, sub), { recursive: true });
		const folders = [["/usr/share/wattle/nginx", path.join(dir, "conf")], ["/usr/share/wattle/console", console_dir], ["/var/log/nginx", path.join(dir, "log")],
			["/var/www/html", path.join(dir, "acme")]];
		for (const name of ["site", "connection", "http", "server", "proxy", "headers"]) {
			let text = readFileSync(path.join(root, `deploy/nginx/${name}.conf`), "utf8");
			if (name === "site") text = edit_site(text, { ...nginx, wattled, pki: certs.dir });
			for (const [file, from, to] of edit)
				if (file === name) {
					if (!text.includes(from)) throw new Error(`deploy/nginx/${name}.conf has no ${from}`);
					text = text.replace(from, to);
				}
			for (const [from, to] of folders) text = text.replaceAll(from, to);
			writeFileSync(path.join(dir, "conf", `${name}.conf`), text);
		}
		// What Debian's own nginx.conf says around a site, as far as it matters.
		writeFileSync(path.join(dir, "nginx.conf"), [
			process.getuid() === 0 ? "user root;" : "", `pid ${dir}/pid;`, "daemon off;", "worker_processes 1;", `error_log ${dir}/log/error.log info;`,
			"events { worker_connections 768; }", "http {", "sendfile on; tcp_nopush on; types_hash_max_size 2048;",
			"include /etc/nginx/mime.types; default_type application/octet-stream;", "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3; ssl_prefer_server_ciphers on; gzip on;",
			`client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy;`, ...["fastcgi", "uwsgi", "scgi"].map((kind) => `${kind}_temp_path ${dir}/${kind};`),
			`include ${dir}/conf/site.conf;`, "}"].join("\n"));
		nginx.args = ["-p", dir, "-e", path.join(dir, "log/start.log"), "-c", path.join(dir, "nginx.conf")];
		nginx.check = await run_ok("/usr/sbin/nginx", [...nginx.args, "-t"]);
		nginx.daemon = new Daemon("nginx", "/usr/sbin/nginx", nginx.args, { log: path.join(dir, "log/stdout.log") }).start();
		await until("nginx", () => nginx.socket().then((socket) => socket.end()));
		return nginx;
	}

	get origin() {
		return `https://${NAME}:${this.https}`;
	}

	// A TLS connection, for whoever speaks to it byte by byte.
	socket({ alpn = ["http/1.1"], servername = NAME, from = "127.0.0.1", ...more } = {}) {
		return new Promise((done, fail) => {
			const socket = tls.connect({ host: "127.0.0.1", port: this.https, localAddress: from, servername, ca: this.certs.ca, ALPNProtocols: alpn, ...more }, () => done(socket)).on("error", fail);
		});
	}

	stop() {
		return this.daemon.stop();
	}
}
