"""A publisher of MQTT 3.1.1 over TLS that keeps its connection: a program of mosquitto's own for each acknowledgement
costs so much that a busy machine falls behind."""
import random
import socket
import ssl
import struct
import threading

CONNECT, CONNACK, PUBLISH_QOS1, RETAIN, PUBACK = 0x10, 0x20, 0x32, 0x01, 0x40
PATIENCE_S = 20


def text(value):
    return struct.pack(">H", len(value)) + value.encode()


def packet(kind, body):
    size, length = b"", len(body)
    while True:
        size += bytes([length & 127 | (128 if length > 127 else 0)])
        length >>= 7
        if not length:
            return bytes([kind]) + size + body


class Publisher:
    def __init__(self, port, pki, name):
        self.port, self.socket, self.number, self.lock = port, None, 0, threading.Lock()
        self.id = f"platform-pub-{random.randrange(1 << 30)}"
        self.tls = ssl.create_default_context(cafile=f"{pki}/ca.crt")
        self.tls.load_cert_chain(f"{pki}/{name}.crt", f"{pki}/{name}.key")

    def connect(self):
        plain = socket.create_connection(("127.0.0.1", self.port), PATIENCE_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = self.tls.wrap_socket(plain, server_hostname="127.0.0.1")
        # Protocol level 4, a clean session, no keep-alive.
        self.socket.sendall(packet(CONNECT, text("MQTT") + b"\x04\x02\0\0" + text(self.id)))
        if self.receive(4) != bytes([CONNACK, 2, 0, 0]):
            raise ConnectionError("the broker refuses the connection")

    def receive(self, size):
        data = b""
        while len(data) < size:
            part = self.socket.recv(size - len(data))
            if not part:
                raise ConnectionError("the broker closed the connection")
            data += part
        return data

    def send(self, topic, payload, retain):
        if not self.socket:
            self.connect()
        self.number = self.number % 65535 + 1
        number = struct.pack(">H", self.number)
        self.socket.sendall(packet(PUBLISH_QOS1 | (RETAIN if retain else 0), text(topic) + number + payload))
        if self.receive(4) != bytes([PUBACK, 2]) + number:
            raise ConnectionError("another answer than PUBACK")

    def publish(self, topic, payload, retain=False):
        """Returns when the broker has it; OSError: perhaps it has not."""
        with self.lock:
            kept = self.socket is not None
            try:
                self.send(topic, payload, retain)
            except OSError:
                self.close()
                if not kept:
                    raise
                self.send(topic, payload, retain)  # the broker was another one when the last message went

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None
