// A wire that can be cut: forwards TCP to a port until told otherwise.
import net from "node:net";
import { once } from "node:events";

export class Proxy {
	static async open(to_port, port) {
		const proxy = new Proxy();
		proxy.pairs = new Set();
		proxy.cut_now = false;
		proxy.server = net.createServer((near) => proxy.accept(near, to_port));
		proxy.server.listen(port, "127.0.0.1");
		await once(proxy.server, "listening");
		proxy.port = proxy.server.address().port;
		return proxy;
	}

	accept(near, to_port) {
		if (this.cut_now) return near.destroy();
		const far = net.createConnection(to_port, "127.0.0.1");
		const pair = { near, far };
		this.pairs.add(pair);
		const end = () => {
			near.destroy();
			far.destroy();
			this.pairs.delete(pair);
		};
		for (const [from, to] of [[near, far], [far, near]]) {
			from.on("error", end).on("close", end);
			from.on("data", (data) => this.frozen || to.write(data));
		}
	}

	// Both ends see their connection break, and no new one comes through.
	cut() {
		this.cut_now = true;
		for (const { near, far } of this.pairs) {
			near.destroy();
			far.destroy();
		}
	}

	// Bytes vanish, connections stay: a dead line that nobody notices at first.
	freeze() {
		this.frozen = true;
	}

	heal() {
		this.cut_now = this.frozen = false;
	}

	close() {
		this.cut();
		this.server.close();
	}
}
