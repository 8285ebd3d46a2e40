// Certificates that `wattle` would not make, signed with the installation's own authority or another one.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { run_ok } from "./process.mjs";

// Files in `dir`: {cert, key}. `ca`: path of .crt and .key without ending; `extensions`: lines of openssl's configuration.
export async function certificate(dir, name, { cn = name, ca, from = "20200101000000Z", to = "20400101000000Z", extensions = [] }) {
	mkdirSync(dir, { recursive: true });
	const file = (ending) => path.join(dir, name + ending);
	await run_ok("openssl", ["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", file(".key"), "-out", file(".csr"), "-subj", `/CN=${cn}`]);
	writeFileSync(file(".conf"), `[ca]\ndefault_ca=c\n[c]\nnew_certs_dir=${dir}\ndatabase=${file(".db")}\nserial=${file(".srl")}\npolicy=p\ndefault_md=sha256\n[p]\ncommonName=supplied\n[x]\n${extensions.join("\n")}\n`);
	writeFileSync(file(".db"), "");
	writeFileSync(file(".srl"), "77\n");
	await run_ok("openssl", ["ca", "-batch", "-config", file(".conf"), "-cert", ca + ".crt", "-keyfile", ca + ".key", "-in", file(".csr"), "-out", file(".crt"), "-notext",
		"-startdate", from, "-enddate", to, ...(extensions.length ? ["-extensions", "x"] : [])]);
	return { cert: file(".crt"), key: file(".key") };
}

// A self-signed authority of somebody else: path without ending.
export async function authority(base) {
	await run_ok("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", base + ".key", "-out", base + ".crt", "-days", "100", "-subj", "/CN=Wattle"]);
	return base;
}
